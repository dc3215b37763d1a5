//! The state that the calls of a directory share with its upkeep: the session, and the state of each partition's log.

use crate::batch::{Delivery, split_message};
use crate::errors::{RedisOpenError, unavailable};
use crate::keys::Keys;
use crate::record::COUNTERS;
use crate::sequence::Sequence;
use crate::session::Session;
use crate::settings::RedisSettings;
use lamplight_directory::{DirectoryError, DirectoryStats, LocalLog, Partitions};
use lamplight_model::User;
use parking_lot::{Mutex, MutexGuard};
use redis::{FromRedisValue, Pipeline, PushInfo, PushKind, RedisError, Script, Value};
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;

/// The approximate number of batches in the stream of a partition.
pub(crate) const KEPT_BATCHES: usize = 1000;

/// The number of user locks. Changes of one user by this node wait for each other instead of contending in the store.
const USER_LOCKS: usize = 1024;

/// The scripts.
pub(crate) struct Scripts {
    pub(crate) update: Script,
    pub(crate) seed: Script,
    pub(crate) remove: Script,
    pub(crate) append: Script,
    begin: Script,
}

pub(crate) struct Shared {
    pub(crate) settings: RedisSettings,
    pub(crate) keys: Keys,
    pub(crate) scripts: Scripts,
    /// `None` while there is no connection.
    session: Mutex<Option<Session>>,
    sessions: AtomicU64,
    partitions: Vec<Mutex<Partition>>,
    /// The epoch of the directory, in milliseconds; those of partitions are in microseconds.
    epoch: AtomicU64,
    pub(crate) stats: Mutex<DirectoryStats>,
    user_locks: Vec<tokio::sync::Mutex<()>>,
    pub(crate) log: LocalLog,
    /// Notified when the feed moves.
    pub(crate) moved: Notify,
    /// Notified when the upkeep has work.
    pub(crate) wake: Notify,
}

#[derive(Default)]
struct Partition {
    epoch: u64,
    log: Sequence<Delivery>,
}

impl Shared {
    pub(crate) fn new(settings: RedisSettings) -> Result<Self, RedisOpenError> {
        if !(1..=RedisSettings::MAX_PARTITIONS).contains(&settings.partitions) {
            return Err(RedisOpenError::BadSettings("there must be 1 to 2048 partitions"));
        }
        if settings.prefix.is_empty() || settings.prefix.contains(['{', '}']) {
            return Err(RedisOpenError::BadSettings("the prefix must not be empty, nor have braces"));
        }
        if settings.timeout.is_zero() || settings.compare_every.is_zero() {
            return Err(RedisOpenError::BadSettings("a timeout or an interval must not be 0"));
        }
        let scripts = Scripts {
            update: Script::new(include_str!("scripts/update.lua")),
            seed: Script::new(include_str!("scripts/seed.lua")),
            remove: Script::new(include_str!("scripts/remove.lua")),
            append: Script::new(include_str!("scripts/append.lua")),
            begin: Script::new(include_str!("scripts/begin.lua")),
        };
        Ok(Self {
            keys: Keys::new(&settings.prefix, settings.partitions),
            scripts,
            session: Mutex::default(),
            sessions: AtomicU64::new(0),
            partitions: (0..settings.partitions).map(|_| Mutex::default()).collect(),
            epoch: AtomicU64::new(0),
            stats: Mutex::default(),
            user_locks: (0..USER_LOCKS).map(|_| tokio::sync::Mutex::default()).collect(),
            log: LocalLog::default(),
            moved: Notify::new(),
            wake: Notify::new(),
            settings,
        })
    }

    /// Opens a session in place of the current one. Batches that were not pushed meanwhile are read from the streams, or
    /// their partitions are reported as missed.
    pub(crate) async fn connect(self: &std::sync::Arc<Self>) -> Result<(), RedisOpenError> {
        let number = self.sessions.fetch_add(1, Ordering::Relaxed) + 1;
        let shared = std::sync::Arc::downgrade(self);
        let heard = move |push: PushInfo| {
            if let Some(shared) = shared.upgrade() {
                shared.hear(push, number);
            }
        };
        let mut session = Session::open(&self.settings, &self.keys, number, heard).await?;
        let scripts = [&self.scripts.update, &self.scripts.seed, &self.scripts.remove, &self.scripts.append];
        for script in scripts {
            let loaded = script.load_async(&mut session.commands).await;
            loaded.map_err(RedisOpenError::while_doing("loading the scripts"))?;
        }
        let all = 0..self.settings.partitions;
        self.begin(&session, all, true)
            .await
            .map_err(RedisOpenError::while_doing("taking up the partitions"))?;
        *self.session.lock() = Some(session);
        self.wake.notify_one();
        Ok(())
    }

    /// The current session; an error if there is no connection.
    pub(crate) fn session(&self, doing: &'static str) -> Result<Session, DirectoryError> {
        self.session.lock().clone().ok_or_else(|| unavailable(doing, "there is no connection to Redis"))
    }

    /// Whether there is a connection.
    pub(crate) fn is_connected(&self) -> bool {
        self.session.lock().is_some()
    }

    /// Ends a session, so that the upkeep opens another.
    pub(crate) fn give_up(&self, number: u64) {
        let mut session = self.session.lock();
        if session.as_ref().is_some_and(|session| session.number == number) {
            *session = None;
            self.wake.notify_one();
        }
    }

    /// Converts the error of a call. An error that means that the connection has ended, or that the server is now a
    /// replica, ends the session.
    pub(crate) fn failed(&self, session: &Session, doing: &'static str, error: RedisError) -> DirectoryError {
        let is_other_server =
            matches!(error.kind(), redis::ErrorKind::Server(redis::ServerErrorKind::ReadOnly));
        if error.is_unrecoverable_error() || error.is_connection_dropped() || is_other_server {
            self.give_up(session.number);
        }
        unavailable(doing, error)
    }

    /// Sends commands in one round trip.
    pub(crate) async fn query<T: FromRedisValue>(
        &self,
        pipe: &Pipeline,
        doing: &'static str,
    ) -> Result<T, DirectoryError> {
        let mut session = self.session(doing)?;
        let answer = pipe.query_async(&mut session.commands).await;
        answer.map_err(|error| self.failed(&session, doing, error))
    }

    /// Takes over the epochs of these partitions. A partition without an epoch begins one; on a new connection, a
    /// partition from another run of the server does too.
    async fn begin(
        &self,
        session: &Session,
        partitions: impl IntoIterator<Item = u16>,
        is_new: bool,
    ) -> Result<(), RedisError> {
        let partitions: Vec<u16> = partitions.into_iter().collect();
        let mut connection = session.commands.clone();
        self.scripts.begin.load_async(&mut connection).await?;
        let mut pipe = redis::pipe();
        for partition in &partitions {
            let known = self.epoch_of(*partition);
            pipe.cmd("EVALSHA").arg(self.scripts.begin.get_hash()).arg(1);
            pipe.arg(self.keys.head(*partition)).arg(&session.run);
            pipe.arg(known).arg(u8::from(is_new));
        }
        let begun: Vec<(u64, u64)> = pipe.query_async(&mut connection).await?;
        // The epoch of the directory rises first: a caller who finds a record absent must not see the former epoch.
        let highest = begun.iter().map(|(epoch, _)| *epoch).max().unwrap_or_default();
        let is_lost = |partition: &u16, epoch: u64| ![0, epoch].contains(&self.epoch_of(*partition));
        let any_lost =
            partitions.iter().zip(&begun).any(|(partition, (epoch, _))| is_lost(partition, *epoch));
        self.raise_epoch(highest, any_lost);
        for (partition, (epoch, number)) in partitions.into_iter().zip(begun) {
            self.take_over(partition, epoch, number);
        }
        Ok(())
    }

    /// Takes over the epoch of a partition that differs from the known one, or begins one if the partition has none.
    pub(crate) async fn renew(&self, partition: u16, doing: &'static str) -> Result<(), DirectoryError> {
        self.renew_all([partition], doing).await
    }

    /// Does the same as [`renew`](Self::renew) for several partitions.
    pub(crate) async fn renew_all(
        &self,
        partitions: impl IntoIterator<Item = u16>,
        doing: &'static str,
    ) -> Result<(), DirectoryError> {
        let session = self.session(doing)?;
        self.begin(&session, partitions, false).await.map_err(|error| self.failed(&session, doing, error))
    }

    /// Raises the epoch of the directory, which is the highest of its partitions. It also rises if a partition has lost
    /// records while another one is ahead.
    fn raise_epoch(&self, highest: u64, any_lost: bool) {
        let millis = highest.div_ceil(1000);
        let raise = |epoch: u64| Some(millis.max(epoch + u64::from(any_lost)));
        // The closure never returns `None`.
        let _ = self.epoch.fetch_update(Ordering::SeqCst, Ordering::SeqCst, raise);
    }

    fn take_over(&self, partition: u16, epoch: u64, number: u64) {
        let mut state = self.partition(partition);
        let is_other = state.epoch != epoch;
        let is_first = state.epoch == 0;
        state.epoch = epoch;
        let next = match is_other {
            true => state.log.skip_to(number),
            false => state.log.compare(number),
        };
        if is_other && !is_first {
            tracing::warn!(partition, epoch, "Redis may have lost live records of a partition");
            self.log.miss(&only(partition));
            self.moved.notify_waiters();
        }
        self.deliver(next);
        if state.log.gap().is_some() {
            self.wake.notify_one();
        }
    }

    /// Handles a push on a session.
    fn hear(&self, push: PushInfo, session: u64) {
        if push.kind == PushKind::Disconnection {
            self.give_up(session);
        }
        if push.kind != PushKind::SMessage {
            return;
        }
        let [Value::BulkString(channel), Value::BulkString(message)] = &push.data[..] else { return };
        let Some(partition) = self.keys.partition_of_channel(channel) else { return };
        let Some((number, batch)) = split_message(message) else { return };
        // A batch that cannot be decoded leaves a gap, and its partition is reported as missed.
        if let Ok(delivery) = Delivery::decode(batch) {
            self.offer(partition, number, delivery);
        }
    }

    /// Adds a batch to the log of a partition, and delivers the batches that are next.
    pub(crate) fn offer(&self, partition: u16, number: u64, delivery: Delivery) {
        let mut state = self.partition(partition);
        let next = state.log.offer(number, delivery);
        self.deliver(next);
        if state.log.is_full()
            && let Some((_, last)) = state.log.gap()
        {
            self.log.miss(&only(partition));
            let next = state.log.skip_to(last);
            self.deliver(next);
        }
        if state.log.gap().is_some() {
            self.wake.notify_one();
        }
    }

    /// Notes that the store has assigned numbers up to this one in a partition.
    pub(crate) fn compare(&self, partition: u16, number: u64) {
        let mut state = self.partition(partition);
        let next = state.log.compare(number);
        self.deliver(next);
    }

    /// The partitions with missing batches, with the first and the last number of the gap.
    pub(crate) fn gaps(&self) -> Vec<(u16, u64, u64)> {
        let gap = |partition: u16| {
            let (first, last) = self.partition(partition).log.gap()?;
            Some((partition, first, last))
        };
        (0..self.settings.partitions).filter_map(gap).collect()
    }

    /// Gives up a gap that the stream cannot fill, and reports the partition as missed.
    pub(crate) fn give_up_gap(&self, partition: u16, last: u64) {
        let mut state = self.partition(partition);
        if state.log.gap().is_none_or(|(first, _)| first > last) {
            return;
        }
        tracing::info!(
            partition,
            last,
            "log batches were lost: watched users of the partition are read again"
        );
        self.log.miss(&only(partition));
        self.moved.notify_waiters();
        let next = state.log.skip_to(last);
        self.deliver(next);
    }

    /// Delivers batches to the readers. The caller holds the lock of the partition, so they stay in order.
    fn deliver(&self, next: Vec<Delivery>) {
        for delivery in next {
            for entry in &delivery.entries {
                self.log.append(entry);
            }
            if delivery.moves {
                self.moved.notify_waiters();
            }
        }
    }

    /// The epoch of a partition that this node knows.
    pub(crate) fn epoch_of(&self, partition: u16) -> u64 {
        self.partition(partition).epoch
    }

    /// A number that rises with the epoch of any partition.
    pub(crate) fn sum_of_epochs(&self) -> u64 {
        (0..self.settings.partitions).map(|partition| self.epoch_of(partition)).sum()
    }

    /// The epoch of the directory; see [`raise_epoch`](Self::raise_epoch).
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// Locks a user for a change by this node. Unrelated users may share a lock.
    pub(crate) async fn lock_user(&self, user: &User) -> tokio::sync::MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        user.hash(&mut hasher);
        let index = hasher.finish() % USER_LOCKS as u64;
        self.user_locks[usize::try_from(index).unwrap_or_default()].lock().await
    }

    /// The fields of the head that the upkeep reads.
    pub(crate) fn compared_fields() -> impl Iterator<Item = &'static str> {
        ["e", "n"].into_iter().chain(COUNTERS)
    }

    fn partition(&self, partition: u16) -> MutexGuard<'_, Partition> {
        self.partitions[usize::from(partition)].lock()
    }
}

fn only(partition: u16) -> Partitions {
    Partitions::Some(BTreeSet::from([partition]))
}
