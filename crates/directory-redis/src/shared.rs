//! The state that the calls of a directory and its upkeep use together: the links, and the log of each partition.

use crate::address::Address;
use crate::batch::{Delivery, Glimpse, split_message};
use crate::cache::Cache;
use crate::errors::RedisOpenError;
use crate::figures::{Counts, RedisCall, RedisFigures};
use crate::keys::Keys;
use crate::link::{Link, Run};
use crate::log_thread::LogThread;
use crate::record::{BadRecord, COUNTERS};
use crate::record_format::{FormatChoice, RecordFormat};
use crate::rests::Rests;
use crate::routes::Routes;
use crate::sequence::Sequence;
use crate::settings::RedisSettings;
use lamplight_directory::{DirectoryError, DirectoryStats, LocalLog, Partitions};
use lamplight_model::User;
use parking_lot::{Mutex, MutexGuard};
use redis::{PushKind, RedisError, RedisResult, Script};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;
use tokio::sync::Notify;

/// The number of user locks. This node changes a user only under the user's lock, so that two of its changes do not
/// conflict in Redis.
const USER_LOCKS: usize = 1024;

pub(crate) struct Scripts {
    pub(crate) update: Script,
    pub(crate) seed: Script,
    pub(crate) remove: Script,
    pub(crate) append: Script,
    begin: Script,
    pub(crate) nodes: Script,
    pub(crate) limit: Script,
    pub(crate) facts: Script,
}

pub(crate) struct Shared {
    pub(crate) settings: RedisSettings,
    pub(crate) keys: Keys,
    pub(crate) scripts: Scripts,
    pub(crate) address: Address,
    pub(crate) routes: Routes,
    /// The number of links opened so far.
    pub(crate) links: AtomicU64,
    /// The number of attempts to look up the servers.
    pub(crate) attempts: AtomicUsize,
    /// Whether the store is a single server that is not found through Sentinels.
    pub(crate) is_single: AtomicBool,
    partitions: Vec<Mutex<Partition>>,
    /// The epoch of the directory in milliseconds. Epochs of partitions are in microseconds.
    epoch: AtomicU64,
    pub(crate) stats: Mutex<DirectoryStats>,
    format: Mutex<FormatChoice>,
    pub(crate) counts: Counts,
    user_locks: Vec<tokio::sync::Mutex<()>>,
    pub(crate) cache: Cache,
    pub(crate) limit_rests: Rests,
    pub(crate) log: LocalLog,
    pub(crate) log_thread: LogThread,
    /// Notified when the feed moves.
    pub(crate) moved: Notify,
    /// Notified when the upkeep has work.
    pub(crate) wake: Notify,
}

/// The result of [`Shared::begin`].
pub(crate) struct Begun {
    /// The partitions whose epochs were taken over.
    pub(crate) partitions: Vec<u16>,
    /// The error of a partition that could not be taken over, for example because its slot is being moved.
    pub(crate) failure: Option<RedisError>,
}

#[derive(Default)]
struct Partition {
    epoch: u64,
    log: Sequence<Delivery>,
}

impl Scripts {
    pub(crate) fn all(&self) -> [&Script; 8] {
        let Self { update, seed, remove, append, begin, nodes, limit, facts } = self;
        [update, seed, remove, append, begin, nodes, limit, facts]
    }
}

impl Shared {
    pub(crate) fn new(settings: RedisSettings) -> Result<Self, RedisOpenError> {
        settings.check()?;
        let scripts = Scripts {
            update: Script::new(include_str!("scripts/update.lua")),
            seed: Script::new(include_str!("scripts/seed.lua")),
            remove: Script::new(include_str!("scripts/remove.lua")),
            append: Script::new(include_str!("scripts/append.lua")),
            begin: Script::new(include_str!("scripts/begin.lua")),
            nodes: Script::new(include_str!("scripts/nodes.lua")),
            limit: Script::new(include_str!("scripts/limit.lua")),
            facts: Script::new(include_str!("scripts/facts.lua")),
        };
        Ok(Self {
            keys: Keys::new(&settings.prefix, settings.partitions),
            scripts,
            address: Address::parse(&settings.url).map_err(RedisOpenError::BadSettings)?,
            routes: Routes::new(settings.partitions),
            links: AtomicU64::new(0),
            attempts: AtomicUsize::new(0),
            is_single: AtomicBool::new(false),
            partitions: (0..settings.partitions).map(|_| Mutex::default()).collect(),
            epoch: AtomicU64::new(0),
            stats: Mutex::default(),
            format: Mutex::default(),
            counts: Counts::default(),
            user_locks: (0..USER_LOCKS).map(|_| tokio::sync::Mutex::default()).collect(),
            cache: Cache::default(),
            limit_rests: Rests::new(settings.partitions, Instant::now()),
            log: LocalLog::default(),
            log_thread: LogThread::start().map_err(RedisOpenError::NoThread)?,
            moved: Notify::new(),
            wake: Notify::new(),
            settings,
        })
    }

    /// Ends a link. The upkeep then opens another link.
    pub(crate) fn give_up(&self, number: u64) {
        if self.routes.remove(number) {
            self.wake.notify_one();
        }
    }

    /// Takes over the epochs of these partitions over a link. Begins an epoch for a partition that has none.
    ///
    /// On a new link, also begins an epoch for a partition that another run of a server has last written. The runs in
    /// `others` are exceptions: their partitions were moved in an orderly way.
    pub(crate) async fn begin(
        &self,
        link: &Link,
        partitions: &[u16],
        is_new: bool,
        others: &[Run],
    ) -> Result<Begun, RedisError> {
        let mut connection = link.commands.clone();
        self.scripts.begin.load_async(&mut connection).await?;
        let mut pipe = redis::pipe();
        pipe.ignore_errors();
        for partition in partitions {
            let known = self.epoch_of(*partition);
            let command = pipe.cmd("EVALSHA").arg(self.scripts.begin.get_hash()).arg(3);
            command.arg(self.keys.head(*partition)).arg(&self.keys.former_logs(*partition));
            command.arg(link.run.name()).arg(known).arg(u8::from(is_new));
            others.iter().for_each(|other| _ = command.arg(other.name()));
        }
        let answers: Vec<RedisResult<(u64, u64)>> = pipe.query_async(&mut connection).await?;
        let (mut begun, mut failure) = (Vec::with_capacity(partitions.len()), None);
        for (partition, answer) in partitions.iter().zip(answers) {
            match answer {
                Ok((epoch, number)) => begun.push((*partition, epoch, number)),
                Err(error) => failure = Some(error),
            }
        }
        // The epoch of the directory is raised first. A caller who finds that a record is absent must not see the
        // former epoch.
        let highest = begun.iter().map(|(_, epoch, _)| *epoch).max().unwrap_or_default();
        let is_lost = |partition: u16, epoch: u64| ![0, epoch].contains(&self.epoch_of(partition));
        let any_lost = begun.iter().any(|(partition, epoch, _)| is_lost(*partition, *epoch));
        self.raise_epoch(highest, any_lost);
        for (partition, epoch, number) in &begun {
            self.take_over(*partition, *epoch, *number);
        }
        let partitions = begun.into_iter().map(|(partition, ..)| partition).collect();
        Ok(Begun { partitions, failure })
    }

    /// Takes over the current epochs of these partitions. Begins an epoch for a partition that has none. Makes one
    /// round trip per server.
    pub(crate) async fn renew(&self, partitions: &[u16], doing: &'static str) -> Result<(), DirectoryError> {
        let mut by_link: BTreeMap<u64, (Arc<Link>, Vec<u16>)> = BTreeMap::new();
        for partition in partitions {
            let link = self.link(*partition, doing)?;
            by_link.entry(link.number).or_insert_with(|| (link, Vec::new())).1.push(*partition);
        }
        for (link, partitions) in by_link.into_values() {
            let begun = self.begin(&link, &partitions, false, &[]).await;
            let failure = begun.map_or_else(Some, |begun| begun.failure);
            if let Some(error) = failure {
                return Err(self.failed(&link, doing, error));
            }
        }
        Ok(())
    }

    /// Raises the epoch of the directory to the highest epoch of its partitions. If `any_lost` is `true`, a partition
    /// has lost records. The epoch of the directory then rises by at least one.
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
        // Redis may have lost its data, and its clock may be behind that of the former epoch.
        let goes_back = epoch < state.epoch;
        state.epoch = epoch;
        if is_other && !is_first {
            // The batch numbers of an epoch begin at the time of the epoch. A reader gets the last entries of the
            // former epoch before it reads everything again.
            let last = match goes_back {
                true => state.log.begin_again(number),
                false => state.log.end_epoch(epoch),
            };
            self.deliver(last);
        }
        let next = match is_other {
            true => state.log.skip_to(number),
            false => state.log.compare(number),
        };
        if is_other && !is_first {
            tracing::warn!(partition, epoch, "Redis may have lost live records of a partition");
            self.counts.epochs.add(1);
            self.miss(partition);
        }
        self.deliver(next);
        if state.log.gap().is_some() {
            self.wake.notify_one();
        }
    }

    /// Handles a push that is not a log batch. `link` is the number of the link that has received it.
    pub(crate) fn hear(&self, push: &PushKind, link: u64) {
        if *push == PushKind::Disconnection {
            self.give_up(link);
        }
        // The slot of the channel has moved to another server.
        if *push == PushKind::SUnsubscribe {
            self.routes.suspect();
            self.wake.notify_one();
        }
    }

    /// Handles a pushed log batch. Returns `false` if the batch concerns no user of this node, or was already read.
    /// Such a batch needs no memory and wakes no reader.
    pub(crate) fn hear_batch(&self, channel: &[u8], message: &[u8]) -> bool {
        let Some(partition) = self.keys.partition_of_channel(channel) else { return false };
        let Some((number, batch)) = split_message(message) else { return false };
        if let Glimpse::OneUser { app, id, moves } = Glimpse::of(batch)
            && !self.log.is_wanted(app, id)
        {
            self.pass_over(partition, number, moves);
            return false;
        }
        if self.partition(partition).log.is_heard(number) {
            return false;
        }
        // A batch that cannot be decoded leaves a gap, and its partition is reported as missed.
        if let Ok(delivery) = Delivery::decode(batch) {
            self.offer(partition, number, delivery);
        }
        true
    }

    /// Counts a batch that no reader needs as delivered.
    fn pass_over(&self, partition: u16, number: u64, moves: bool) {
        let mut state = self.partition(partition);
        if state.log.is_heard(number) {
            return;
        }
        self.counts.passed_over.add(1);
        if state.log.pass_over(number) {
            self.counts.batches.add(1);
            if moves {
                self.moved.notify_waiters();
            }
            return;
        }
        drop(state);
        self.offer(partition, number, Delivery { entries: Vec::new(), moves });
    }

    /// Adds a batch to the log of a partition. Delivers every batch that is now next in order.
    pub(crate) fn offer(&self, partition: u16, number: u64, delivery: Delivery) {
        let mut state = self.partition(partition);
        let next = state.log.offer(number, delivery);
        self.deliver(next);
        if state.log.is_full()
            && let Some((_, last)) = state.log.gap()
        {
            self.miss(partition);
            let next = state.log.skip_to(last);
            self.deliver(next);
        }
        if state.log.gap().is_some() {
            self.wake.notify_one();
        }
    }

    /// Notes `number`, the highest batch number that the store has assigned in a partition. Earlier batches that have
    /// not arrived then count as a [gap](Self::gaps), except on the first call.
    pub(crate) fn compare(&self, partition: u16, number: u64) {
        let mut state = self.partition(partition);
        let next = state.log.compare(number);
        self.deliver(next);
    }

    /// The partitions with missing batches, each with the first and the last number of its gap.
    pub(crate) fn gaps(&self) -> Vec<(u16, u64, u64)> {
        let gap = |partition: u16| {
            let (first, last) = self.partition(partition).log.gap()?;
            Some((partition, first, last))
        };
        (0..self.settings.partitions).filter_map(gap).collect()
    }

    /// Gives up a gap that the kept batches cannot fill. Tells the readers that they have missed batches of the
    /// partition.
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
        self.miss(partition);
        let next = state.log.skip_to(last);
        self.deliver(next);
    }

    /// Tells the readers that they have missed batches of a partition.
    fn miss(&self, partition: u16) {
        self.counts.missed.add(1);
        self.log.miss(&Partitions::Some(BTreeSet::from([partition])));
        self.moved.notify_waiters();
    }

    /// Delivers batches to the readers. The caller must hold the lock of the partition, which keeps the batches in
    /// order.
    fn deliver(&self, next: Vec<Delivery>) {
        self.counts.batches.add(next.len() as u64);
        for delivery in next {
            for entry in &delivery.entries {
                self.log.append(entry);
            }
            if delivery.moves {
                self.moved.notify_waiters();
            }
        }
    }

    /// The epoch of a partition, as this node knows it.
    pub(crate) fn epoch_of(&self, partition: u16) -> u64 {
        self.partition(partition).epoch
    }

    /// The sum of the epochs of all partitions, which rises with each new epoch.
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

    /// Notes the lowest format number in the register; `None` for an empty register. Each node has the number of its
    /// newest format in the register.
    pub(crate) fn observe_formats(&self, lowest: Option<u8>) {
        self.format.lock().observe(lowest, Instant::now());
    }

    /// The format in which this node writes records now.
    pub(crate) fn record_format(&self) -> RecordFormat {
        self.format.lock().format(Instant::now(), self.settings.record_wait)
    }

    /// Whether every node in the register can read a record with a duration of a custom status.
    pub(crate) fn allows_durations(&self) -> bool {
        self.format.lock().allows_durations()
    }

    /// Whether every node in the register can read a record with restrictions.
    pub(crate) fn allows_restrictions(&self) -> bool {
        self.format.lock().allows_restrictions()
    }

    /// Counts and logs a record that cannot be decoded. A call about several users passes over such a record.
    pub(crate) fn pass_over_bad_record(&self, call: RedisCall, user: &User, error: &BadRecord) {
        self.counts.bad_record(call);
        tracing::debug!(%user, %error, "a live record cannot be read");
        tracing::warn!(app = %user.app, %error, "a live record cannot be read and is passed over");
    }

    /// The fields of the head that the upkeep reads.
    pub(crate) fn compared_fields() -> impl Iterator<Item = &'static str> {
        ["e", "n"].into_iter().chain(COUNTERS)
    }

    pub(crate) fn figures(&self) -> RedisFigures {
        let waiting = |partition: u16| self.partition(partition).log.waiting() as u64;
        let (waiting_entries, waiting_bytes) = self.log.waiting();
        RedisFigures {
            servers: self.routes.links().len() as u64,
            unserved: self.routes.unserved() as u64,
            waiting_batches: (0..self.settings.partitions).map(waiting).sum(),
            waiting_entries: waiting_entries as u64,
            interests: self.log.interests().len() as u64,
            waiting_bytes: waiting_bytes as u64,
            ..self.counts.read()
        }
    }

    fn partition(&self, partition: u16) -> MutexGuard<'_, Partition> {
        self.partitions[usize::from(partition)].lock()
    }
}
