//! The directory of the embedded default: records in this process, in shards, with a journal on disk.

use crate::feed::{Feed, FeedPage, FeedPlace};
use crate::journal::{Journal, JournalError, SavedFeed};
use crate::log::{ChangeLog, LogReader, News};
use crate::{Answer, Change, Directory, DirectoryStats, View};
use futures_util::future::{BoxFuture, FutureExt, ready};
use hashbrown::HashMap;
use lamplight_core::{Presence, Transition};
use lamplight_model::{AppId, Moment, Now, Platform, StatusType, Timestamp, User};
use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const SHARDS: usize = 64;

/// A file of live records is written anew when it has grown to this, and to more than twice its first size.
const COMPACT_AT_BYTES: u64 = 16 * 1024 * 1024;

/// Live records of one process.
pub struct InProcessDirectory {
    shards: Vec<Mutex<Shard>>,
    hasher: foldhash::fast::RandomState,
    log: ChangeLog,
    feed: Feed,
    journal: Option<Mutex<JournalState>>,
    counters: Counters,
}

#[derive(Default)]
struct Shard {
    records: HashMap<User, Box<Record>, foldhash::fast::RandomState>,
    deadlines: BTreeSet<(Moment, User)>,
}

struct Record {
    presence: Presence,
    /// Where the user stands in the feed.
    place: u64,
    /// The deadline under which the record stands in `Shard::deadlines`.
    scheduled: Option<Moment>,
}

struct JournalState {
    journal: Journal,
    /// The bytes of the current file when it first held every record.
    complete_at: u64,
    /// Carried from file to file, as is the next.
    complete_since: Timestamp,
    machine: String,
}

#[derive(Default)]
struct Counters {
    records: AtomicU64,
    online: AtomicU64,
    devices: [AtomicU64; Platform::ALL.len()],
    journal_errors: AtomicU64,
}

/// What a directory found on disk when it was opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recovered {
    /// Records taken over.
    pub records: usize,
    /// Of what was before this time, records may be missing: what is rebuilt must have versions above it, to be
    /// above all that was told before.
    pub complete_since: Timestamp,
}

impl InProcessDirectory {
    /// A directory without a disk: it is forgotten with its process.
    pub fn in_memory() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: foldhash::fast::RandomState::default(),
            log: ChangeLog::default(),
            feed: Feed::new(1, 0),
            journal: None,
            counters: Counters::default(),
        }
    }

    /// Opens the directory of this folder and takes over what a former process left: whoever was connected
    /// then counts as present for `grace`.
    pub fn open(folder: &Path, now: Now, grace: Duration) -> Result<(Self, Recovered), JournalError> {
        let (mut journal, recovery) = Journal::open(folder)?;
        let complete_since = recovery.complete_since.unwrap_or(now.wall);
        let recovered = Recovered { records: recovery.records.len(), complete_since };
        let mut directory = Self::in_memory();
        let machine = running_machine();
        let (epoch, horizon) = match recovery.feed {
            Some(feed) if feed.machine == machine && !recovery.damaged => (feed.epoch, feed.horizon),
            // The end of the journal may be lost, with the machine or by damage: what was told of it was not kept.
            Some(feed) => (now.wall.0.max(feed.epoch + 1), feed.horizon),
            None => (now.wall.0.max(1), 0),
        };
        directory.feed = Feed::new(epoch, horizon);
        for (user, (saved, place)) in recovery.records {
            journal.put(&user, &saved, place)?;
            let presence = saved.restore(now, recovery.alive_at, now.moment + grace);
            directory.feed.restore(&user, place);
            directory.shard(&user).insert(&user, presence, place, &directory.counters);
        }
        journal.feed(&SavedFeed { epoch, machine: machine.clone(), horizon })?;
        journal.complete_since(complete_since)?;
        journal.alive(now.wall)?;
        journal.complete()?;
        let complete_at = journal.written();
        directory.journal = Some(Mutex::new(JournalState { journal, complete_at, complete_since, machine }));
        Ok((directory, recovered))
    }

    /// Notes on disk that the process lives, and writes the records anew when their file has grown. To be
    /// called every few seconds, on a thread that may block.
    pub fn maintain(&self, now: Now) -> Result<(), JournalError> {
        let Some(state) = self.journal() else { return Ok(()) };
        let mut state = state;
        state.journal.alive(now.wall)?;
        let grown = state.journal.written();
        if grown < COMPACT_AT_BYTES.max(2 * state.complete_at) {
            return Ok(());
        }
        state.journal.rotate()?;
        let since = state.complete_since;
        state.journal.complete_since(since)?;
        let (epoch, horizon) = (self.feed.epoch(), self.feed.horizon());
        let machine = state.machine.clone();
        state.journal.feed(&SavedFeed { epoch, machine, horizon })?;
        drop(state);
        self.write_all_records(now)
    }

    /// Every user with a record.
    pub fn users(&self) -> Vec<User> {
        self.shards.iter().flat_map(|shard| lock(shard).records.keys().cloned().collect::<Vec<_>>()).collect()
    }

    fn write_all_records(&self, now: Now) -> Result<(), JournalError> {
        for shard in &self.shards {
            let shard = lock(shard);
            for (user, record) in &shard.records {
                if let Some(mut state) = self.journal() {
                    state.journal.put(user, &record.presence.save(now), record.place)?;
                }
            }
        }
        if let Some(mut state) = self.journal() {
            state.journal.complete()?;
            state.complete_at = state.journal.written();
        }
        Ok(())
    }

    fn shard(&self, user: &User) -> MutexGuard<'_, Shard> {
        lock(&self.shards[self.hasher.hash_one(user) as usize % SHARDS])
    }

    fn journal(&self) -> Option<MutexGuard<'_, JournalState>> {
        self.journal.as_ref().map(lock)
    }

    /// Writes a record to disk. The caller holds its shard, so entries of a user are in order.
    fn keep(&self, user: &User, presence: &Presence, place: u64, now: Now) {
        let Some(mut state) = self.journal() else { return };
        if let Err(error) = state.journal.put(user, &presence.save(now), place) {
            self.journal_failed(&error);
        }
    }

    /// Presence goes on without the disk: what a crash would then lose is worth less than the service.
    fn journal_failed(&self, error: &JournalError) {
        if self.counters.journal_errors.fetch_add(1, Ordering::Relaxed) == 0 {
            tracing::error!(%error, source = ?std::error::Error::source(error), "live records are not kept on disk");
        }
    }

    fn tell<T>(&self, user: &User, presence: &Presence, transition: &mut Transition<T>) {
        if transition.visible {
            self.log.append(user, News::Status(presence.status(&user.id)));
        }
        for ended in transition.ended.drain(..) {
            self.log.append(user, News::Ended(ended));
        }
        if !transition.subscribed.is_empty() || !transition.unsubscribed.is_empty() {
            let subscribed = std::mem::take(&mut transition.subscribed);
            let unsubscribed = std::mem::take(&mut transition.unsubscribed);
            self.log.append(user, News::Subscriptions { subscribed, unsubscribed });
        }
        if transition.has_events {
            self.log.append(user, News::Events);
        }
    }
}

impl Directory for InProcessDirectory {
    fn update_with<'a>(&'a self, user: &'a User, now: Now, change: Change<'a>) -> Answer<'a, bool> {
        let mut shard = self.shard(user);
        let Some(mut record) = shard.records.get_mut(user) else { return done(false) };
        self.counters.count(&record.presence, false);
        let was_deleted = record.presence.is_deleted();
        let mut transition = change(&mut record.presence);
        // That there is an account again is nothing to watchers, but a mirror holds it.
        let moves = transition.visible || was_deleted != record.presence.is_deleted();
        self.counters.count(&record.presence, true);
        if moves {
            record.place = self.feed.advance(user, Some(record.place));
        }
        if transition.changed {
            self.keep(user, &record.presence, record.place, now);
            let scheduled = record.presence.next_deadline();
            if scheduled != record.scheduled {
                let before = std::mem::replace(&mut record.scheduled, scheduled);
                shard.reschedule(user, before, scheduled);
                record = shard.records.get_mut(user).expect("found above, under the same lock");
            }
        }
        self.tell(user, &record.presence, &mut transition);
        drop(shard);
        if moves {
            self.feed.announce();
        }
        done(true)
    }

    fn read_with<'a>(&'a self, users: &'a [User], view: View<'a>) -> Answer<'a, ()> {
        for (index, user) in users.iter().enumerate() {
            view(index, self.shard(user).records.get(user).map(|record| &record.presence));
        }
        done(())
    }

    fn seed<'a>(&'a self, user: &'a User, presence: Presence, now: Now) -> Answer<'a, ()> {
        let mut shard = self.shard(user);
        if !shard.records.contains_key(user) {
            let place = self.feed.advance(user, None);
            self.keep(user, &presence, place, now);
            shard.insert(user, presence, place, &self.counters);
        }
        done(())
    }

    fn remove<'a>(&'a self, user: &'a User, _: Now) -> Answer<'a, ()> {
        let mut shard = self.shard(user);
        if let Some(record) = shard.records.remove(user) {
            self.counters.count(&record.presence, false);
            self.counters.records.fetch_sub(1, Ordering::Relaxed);
            shard.reschedule(user, record.scheduled, None);
            self.feed.forget(user, record.place);
            if let Some(mut state) = self.journal()
                && let Err(error) = state.journal.remove(user)
            {
                self.journal_failed(&error);
            }
        }
        done(())
    }

    fn due(&self, now: Moment, limit: usize) -> Answer<'_, Vec<User>> {
        let mut due: Vec<(Moment, User)> = Vec::new();
        for shard in &self.shards {
            let shard = lock(shard);
            due.extend(shard.deadlines.iter().take_while(|(at, _)| *at <= now).take(limit).cloned());
        }
        due.sort_unstable();
        due.truncate(limit);
        done(due.into_iter().map(|(_, user)| user).collect())
    }

    fn subscribed_to<'a>(&'a self, users: &'a [User]) -> Answer<'a, Vec<User>> {
        let mut found = Vec::new();
        let users: hashbrown::HashSet<(AppId, &str)> =
            users.iter().map(|user| (user.app, user.id.as_str())).collect();
        for shard in &self.shards {
            let shard = lock(shard);
            let has_one = |user: &User, record: &Record| {
                record.presence.subscriptions().any(|of| users.contains(&(user.app, of)))
            };
            found.extend(
                shard
                    .records
                    .iter()
                    .filter(|(user, record)| has_one(user, record))
                    .map(|(user, _)| user.clone()),
            );
        }
        done(found)
    }

    fn publish(&self, user: &User, news: News) {
        self.log.append(user, news);
    }

    fn log(&self) -> LogReader {
        self.log.reader()
    }

    fn event_log(&self) -> LogReader {
        self.log.event_reader()
    }

    fn with_events(&self) -> Answer<'_, Vec<User>> {
        let mut users = Vec::new();
        for shard in &self.shards {
            let shard = lock(shard);
            let has_events = |record: &Record| record.presence.pending_events().is_some();
            let found = shard.records.iter().filter(|(_, record)| has_events(record));
            users.extend(found.map(|(user, _)| user.clone()));
        }
        done(users)
    }

    fn feed(&self, app: AppId, after: Option<FeedPlace>, limit: usize) -> Answer<'_, FeedPage> {
        done(self.feed.page(app, after, limit))
    }

    fn feed_moved(&self) -> BoxFuture<'_, ()> {
        self.feed.moved().boxed()
    }

    fn stats(&self) -> DirectoryStats {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        DirectoryStats {
            records: load(&self.counters.records),
            online: load(&self.counters.online),
            devices: std::array::from_fn(|index| load(&self.counters.devices[index])),
            journal_errors: load(&self.counters.journal_errors),
        }
    }
}

impl Shard {
    fn insert(&mut self, user: &User, presence: Presence, place: u64, counters: &Counters) {
        counters.count(&presence, true);
        counters.records.fetch_add(1, Ordering::Relaxed);
        let scheduled = presence.next_deadline();
        self.reschedule(user, None, scheduled);
        self.records.insert(user.clone(), Box::new(Record { presence, place, scheduled }));
    }

    fn reschedule(&mut self, user: &User, before: Option<Moment>, after: Option<Moment>) {
        if let Some(before) = before {
            self.deadlines.remove(&(before, user.clone()));
        }
        if let Some(after) = after {
            self.deadlines.insert((after, user.clone()));
        }
    }
}

impl Counters {
    /// Counts what a record shows, in or out.
    fn count(&self, presence: &Presence, counted_in: bool) {
        let bump = |counter: &AtomicU64| {
            if counted_in {
                counter.fetch_add(1, Ordering::Relaxed);
            } else {
                counter.fetch_sub(1, Ordering::Relaxed);
            }
        };
        if presence.status_type() == StatusType::Online {
            bump(&self.online);
        }
        for platform in presence.present_platforms() {
            bump(&self.devices[platform as usize - 1]);
        }
    }
}

/// Names the running machine from its start to its end. Where it cannot be told, it never seems to end.
fn running_machine() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}

/// Each critical section leaves its shard whole, so a panic elsewhere does not taint it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Nothing here waits.
fn done<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, Result<T, crate::DirectoryError>> {
    ready(Ok(value)).boxed()
}
