//! The directory of a single node. Its records are in this process, in shards, with a journal on disk.

mod merging;
mod opening;
mod table;

pub use opening::{Recovered, SavedRecords};

use crate::feed::{Feed, FeedCursor, FeedPage};
use crate::journal::{Begin, EntryRef, FoundRecords, Journal, JournalError, encode};
use crate::records::pick;
use crate::{
    Answer, Change, ChangeLog, ConnectionPage, Directory, DirectoryError, DirectoryStats, Interest,
    Interests, LocalLog, LogEntry, LogReader, Logged, RecordCursor, RecordFilter, RecordPage, View,
};
use futures_util::future::{BoxFuture, FutureExt, ready};
use lamplight_core::{Presence, Transition};
use lamplight_model::{AppId, FactsMark, Moment, NodeId, Now, Platform, StatusType, Timestamp, User};
use merging::first_of_all;
use parking_lot::{Mutex, MutexGuard};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use table::RecordTable;

const SHARDS: usize = FoundRecords::PARTS;

/// The number of records that are encoded while a shard is locked.
const RECORDS_AT_ONCE: usize = 64;

/// The number of examined records at which a page ends. The rest of the current shard is still examined.
const LISTED_AT_ONCE: usize = 20_000;

/// The capacity in bytes above which the encoding buffer is freed after use.
const MAX_KEPT_BUFFER: usize = 64 * 1024;

/// The number of changes of a record after which the journal writes its lists again. The mark of written lists has only
/// the low 32 bits of a revision, so this is less than 2^32.
const MOST_CHANGES_WITHOUT_LISTS: u32 = 1 << 31;

thread_local! {
    /// The buffer in which entries of the journal are encoded.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The live records of one process.
pub struct InProcessDirectory {
    shards: Vec<Mutex<Shard>>,
    hasher: foldhash::fast::RandomState,
    log: LocalLog,
    feed: Feed,
    journal: Option<Journal>,
    /// `true` if a write to the journal has failed and `maintain` has not succeeded since.
    is_failing: AtomicBool,
    /// The boot id of the machine.
    machine: String,
    counters: Counters,
    /// The highest revision of a removed record. A new record gets a higher revision.
    removed_rev: AtomicU64,
    complete_since: Timestamp,
    /// See [`Directory::told_before`].
    told_before: Timestamp,
    /// Whether the records on disk belonged to other facts when the directory was opened. Their folder was then
    /// renamed.
    set_aside: bool,
}

#[derive(Default)]
struct Shard {
    records: RecordTable,
    deadlines: BTreeSet<(Moment, User)>,
    /// The users whose records have session events that are not in the outbox yet.
    with_events: BTreeSet<User>,
}

struct Record {
    presence: Presence,
    /// The revision of the record, which each stored change increments.
    rev: u64,
    /// The user's position in the feed.
    place: u64,
}

/// The work that a shard has to do for a record.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Upkeep {
    /// The key of the record in `Shard::deadlines`; `None` if it is not there.
    due: Option<Moment>,
    /// Whether the user is in `Shard::with_events`.
    has_events: bool,
}

// The allocator adds 8 bytes, and rounds up to a multiple of 16.
const _: () = assert!(size_of::<(User, Record)>() <= 328);

#[derive(Default)]
struct Counters {
    records: AtomicU64,
    online: AtomicU64,
    restricted: AtomicU64,
    devices: [AtomicU64; Platform::ALL.len()],
}

impl InProcessDirectory {
    /// Creates a directory without a journal. Its records are lost when the process ends.
    pub fn in_memory() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: foldhash::fast::RandomState::default(),
            log: LocalLog::default(),
            feed: Feed::new(1, 0),
            journal: None,
            is_failing: AtomicBool::new(false),
            machine: String::new(),
            counters: Counters::default(),
            removed_rev: AtomicU64::new(0),
            complete_since: Timestamp(0),
            told_before: Timestamp(0),
            set_aside: false,
        }
    }

    /// Creates a directory without a journal. Like the directory of a cluster, it drops log entries that concern none
    /// of the `interests`. Readers of [`follow_as`](Self::follow_as) get the remaining entries.
    ///
    /// All revisions are above `former`. If the records of another directory were lost, `former` is the highest
    /// revision of that directory.
    pub fn in_memory_for(interests: Arc<Interests>, former: u64) -> Self {
        let (log, removed_rev) = (LocalLog::with_interests(interests), AtomicU64::new(former));
        Self { log, removed_rev, ..Self::in_memory() }
    }

    /// Creates a reader of the log for one of the interests of [`in_memory_for`](Self::in_memory_for).
    pub fn follow_as(&self, interest: Interest) -> LogReader {
        self.log.reader_of(interest)
    }

    /// Records on disk that the process is running, and writes and syncs a snapshot of all records if one is due.
    /// Blocks while it writes to the disk. Must be called every few seconds.
    ///
    /// A snapshot is due after many changes, after a change that could not be written, or after an incomplete snapshot.
    pub fn maintain(&self, now: Now) -> Result<(), JournalError> {
        let Some(journal) = &self.journal else { return Ok(()) };
        let alive = journal.alive(now.wall);
        let kept = if journal.wants_rewrite() { self.write_all_records(now) } else { alive };
        let kept = kept.and_then(|()| journal.settle());
        let was_failing = self.is_failing.swap(kept.is_err(), Ordering::Relaxed);
        if was_failing && kept.is_ok() {
            tracing::info!("live records are kept on disk again");
        }
        kept
    }

    /// Stores the mark of the facts on disk. The caller has already committed the mark to the facts.
    pub fn note_facts(&self, mark: FactsMark) -> Result<(), JournalError> {
        self.journal.as_ref().map_or(Ok(()), |journal| journal.note_facts(mark))
    }

    /// Calls [`maintain`](Self::maintain) and syncs the journal to disk, so that it survives a reboot of the machine.
    ///
    /// The caller must make no further changes. If the journal has later changes and the machine reboots, the next
    /// start treats the journal as incomplete.
    pub fn close(&self, now: Now) -> Result<(), JournalError> {
        self.maintain(now)?;
        self.journal.as_ref().map_or(Ok(()), Journal::close)
    }

    /// Returns all users with a record.
    pub fn users(&self) -> Vec<User> {
        self.shards
            .iter()
            .flat_map(|shard| shard.lock().records.users().cloned().collect::<Vec<_>>())
            .collect()
    }

    /// Writes a snapshot of all records. No record is locked during the waits for the disk.
    pub(crate) fn write_all_records(&self, now: Now) -> Result<(), JournalError> {
        let Some(journal) = &self.journal else { return Ok(()) };
        let mut snapshot = journal.rewrite(|| Begin {
            epoch: self.feed.epoch(),
            machine: self.machine.clone(),
            horizon: self.feed.horizon(),
            removed_rev: self.removed_rev.load(Ordering::Relaxed),
            complete_since: self.complete_since,
            alive: now.wall,
        })?;
        let mut entries = Vec::new();
        for shard in &self.shards {
            // A record that is added after this is in the files of changes.
            let users: Vec<User> = shard.lock().records.users().cloned().collect();
            for some in users.chunks(RECORDS_AT_ONCE) {
                entries.clear();
                {
                    let shard = shard.lock();
                    for user in some {
                        let Some(record) = shard.records.get(user) else { continue };
                        let saved = record.presence.save(now);
                        encode(&EntryRef::Put(user, &saved, record.rev, record.place), &mut entries);
                    }
                }
                snapshot.write(&entries)?;
            }
        }
        snapshot.complete()
    }

    fn shard_of(&self, user: &User) -> usize {
        FoundRecords::part_of(&self.hasher, user)
    }

    fn shard(&self, user: &User) -> MutexGuard<'_, Shard> {
        self.shards[self.shard_of(user)].lock()
    }

    /// Writes a record to the journal, without its lists if the journal has them.
    fn keep_record(&self, user: &User, record: &mut Record, now: Now) {
        if self.journal.is_none() {
            return;
        }
        let Record { rev, place, .. } = *record;
        match record.written_lists_rev() {
            Some(lists_rev) => {
                let saved = record.presence.save_without_lists(now);
                self.keep(user, &EntryRef::Change(user, &saved, rev, place, lists_rev));
            }
            None => {
                let saved = record.presence.save(now);
                if self.keep(user, &EntryRef::Put(user, &saved, rev, place)) {
                    record.mark_lists(rev);
                }
            }
        }
    }

    /// Writes an entry about a user to the journal. Returns `false` if it could not be written. The caller holds the
    /// lock of the user's shard, so nobody can read the change, or append it to the change log, before it is in the
    /// journal.
    fn keep(&self, user: &User, entry: &EntryRef<'_>) -> bool {
        let Some(journal) = &self.journal else { return false };
        let kept = BUFFER.with_borrow_mut(|buffer| {
            buffer.clear();
            encode(entry, buffer);
            let kept = journal.append(self.shard_of(user), buffer);
            if buffer.capacity() > MAX_KEPT_BUFFER {
                *buffer = Vec::new();
            }
            kept
        });
        let is_kept = kept.is_ok();
        // The service continues with a failing disk. It matters more than the changes that a crash could then lose.
        if let Err(error) = kept
            && !self.is_failing.swap(true, Ordering::Relaxed)
        {
            tracing::error!(%error, source = ?std::error::Error::source(&error), "live records are not kept on disk");
        }
        is_kept
    }

    /// Appends the log entries of a transition. The caller holds the lock of the user's shard, which keeps a user's
    /// entries in order.
    fn tell<T>(&self, user: &User, record: &Record, transition: &mut Transition<T>, now: Now) -> Logged {
        let logged = Logged::of(user, &record.presence, record.rev, transition, now);
        for entry in &logged.entries {
            self.log.append(entry);
        }
        logged
    }
}

impl Directory for InProcessDirectory {
    fn update_with<'a>(&'a self, user: &'a User, now: Now, change: Change<'a>) -> Answer<'a, Option<Logged>> {
        let mut shard = self.shard(user);
        let Some(mut record) = shard.records.get_mut(user) else { return done(None) };
        self.counters.count(&record.presence, false);
        let was_deleted = record.presence.is_deleted();
        let before = Upkeep::of(&record.presence);
        let mut transition = change(&mut record.presence);
        // Watchers do not see that an account was created again, but readers of the feed need that change.
        let moves =
            transition.visible || transition.restricted || was_deleted != record.presence.is_deleted();
        self.counters.count(&record.presence, true);
        if moves {
            record.place = self.feed.advance(user, Some(record.place));
        }
        if transition.changed {
            record.rev += 1;
            self.keep_record(user, record, now);
        }
        let after = Upkeep::of(&record.presence);
        if before != after {
            shard.note_upkeep(user, before, after);
            record = shard.records.get_mut(user).expect("found above, under the same lock");
        }
        let logged = self.tell(user, record, &mut transition, now);
        drop(shard);
        if moves {
            self.feed.announce();
        }
        done(Some(logged))
    }

    fn read_with<'a>(&'a self, users: &'a [User], view: View<'a>) -> Answer<'a, ()> {
        for (index, user) in users.iter().enumerate() {
            view(index, self.shard(user).records.get(user).map(|record| (&record.presence, record.rev)));
        }
        done(())
    }

    fn seed_read_in<'a>(
        &'a self,
        user: &'a User,
        mut presence: Presence,
        read_in: Timestamp,
        now: Now,
    ) -> Answer<'a, ()> {
        if read_in != self.epoch() {
            return Box::pin(std::future::ready(Err(DirectoryError::read_in_other_epoch())));
        }
        let mut shard = self.shard(user);
        if shard.records.get(user).is_none() {
            let place = self.feed.advance(user, None);
            let rev = self.removed_rev.load(Ordering::Relaxed) + 1;
            // The record may be a copy of one with a mark.
            presence.mark_lists(None);
            let record = shard.insert(user, presence, rev, place, &self.counters);
            self.keep_record(user, record, now);
        }
        done(())
    }

    fn remove_if<'a>(&'a self, user: &'a User, condition: fn(&Presence) -> bool, _: Now) -> Answer<'a, ()> {
        let mut shard = self.shard(user);
        if !shard.records.get(user).is_some_and(|record| condition(&record.presence)) {
            return done(());
        }
        if let Some(record) = shard.records.remove(user) {
            self.counters.count(&record.presence, false);
            self.counters.records.fetch_sub(1, Ordering::Relaxed);
            shard.note_upkeep(user, Upkeep::of(&record.presence), Upkeep::default());
            self.feed.forget(user, record.place);
            let rev = record.rev + 1;
            self.removed_rev.fetch_max(rev, Ordering::Relaxed);
            self.keep(user, &EntryRef::Remove(user, rev, record.place));
        }
        done(())
    }

    fn partitions(&self) -> u16 {
        1
    }

    fn partition_of(&self, _: &User) -> u16 {
        0
    }

    fn due(&self, partition: u16, now: Moment, limit: usize) -> Answer<'_, Vec<User>> {
        if partition != 0 {
            return done(Vec::new());
        }
        let due = first_of_all(SHARDS, limit, |shard, most, found: &mut Vec<(Moment, User)>| {
            let shard = self.shards[shard].lock();
            found.extend(shard.deadlines.iter().take_while(|(at, _)| *at <= now).take(most).cloned());
        });
        done(due.into_iter().map(|(_, user)| user).collect())
    }

    fn subscribed_to<'a>(&'a self, users: &'a [User]) -> Answer<'a, Vec<User>> {
        let mut found = Vec::new();
        let users: hashbrown::HashSet<(AppId, &str)> =
            users.iter().map(|user| (user.app, user.id.as_str())).collect();
        for shard in &self.shards {
            let shard = shard.lock();
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

    fn with_events<'a>(
        &'a self,
        partition: u16,
        after: Option<&'a User>,
        limit: usize,
    ) -> Answer<'a, Vec<User>> {
        if partition != 0 {
            return done(Vec::new());
        }
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        done(first_of_all(SHARDS, limit, |shard, most, found: &mut Vec<User>| {
            let shard = self.shards[shard].lock();
            found.extend(shard.with_events.range((start, Bound::Unbounded)).take(most).cloned());
        }))
    }

    fn connections_of(&self, node: NodeId, partition: u16, after: Option<u64>) -> Answer<'_, ConnectionPage> {
        // A page is a shard, so that each shard is locked only while its own records are read.
        let index = after.map_or(0, |last| last as usize + 1);
        if partition != 0 || index >= SHARDS {
            return done(ConnectionPage::default());
        }
        let mut connections = Vec::new();
        for (user, record) in self.shards[index].lock().records.iter() {
            let own = record.presence.connections().filter(|connection| connection.node == node);
            connections.extend(own.map(|connection| (user.clone(), connection)));
        }
        let next = (index + 1 < SHARDS).then_some(index as u64);
        done(ConnectionPage { connections, next })
    }

    fn records_of<'a>(
        &'a self,
        app: AppId,
        filter: RecordFilter,
        after: Option<&'a RecordCursor>,
        limit: usize,
    ) -> Answer<'a, RecordPage> {
        let first = after.map_or(0, |cursor| usize::try_from(cursor.part).unwrap_or(SHARDS));
        let mut after = after.and_then(|cursor| cursor.after.as_ref());
        let (mut users, mut looked_at) = (Vec::new(), 0);
        for part in first..SHARDS {
            // Each shard is locked only while its own records are read.
            let shard = self.shards[part].lock();
            let records = shard.records.iter().map(|(user, record)| (user, &record.presence));
            let (found, is_cut) = pick(records, app, filter, after.take(), limit - users.len());
            looked_at += shard.records.len();
            drop(shard);
            users.extend(found);
            let last = users.last().map(|user: &User| user.id.clone());
            let next = match is_cut {
                true => RecordCursor::new(part as u64, last),
                false => RecordCursor::new(part as u64 + 1, None),
            };
            let is_full = is_cut || users.len() >= limit || looked_at >= LISTED_AT_ONCE;
            if is_full && (is_cut || part + 1 < SHARDS) {
                return done(RecordPage { users, next: Some(next) });
            }
        }
        done(RecordPage { users, next: None })
    }

    fn feed(&self, app: AppId, after: Option<FeedCursor>, limit: usize) -> Answer<'_, FeedPage> {
        done(self.feed.page(app, after.as_ref(), limit))
    }

    fn epoch(&self) -> Timestamp {
        self.complete_since
    }

    fn told_before(&self) -> Timestamp {
        self.told_before
    }

    fn feed_moved(&self) -> BoxFuture<'_, ()> {
        self.feed.moved().boxed()
    }

    fn stats(&self) -> DirectoryStats {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        DirectoryStats {
            records: load(&self.counters.records),
            online: load(&self.counters.online),
            restricted: load(&self.counters.restricted),
            devices: std::array::from_fn(|index| load(&self.counters.devices[index])),
            journal_errors: self.journal.as_ref().map_or(0, Journal::errors),
            journal_in_doubt: self.is_failing.load(Ordering::Relaxed),
            journal_damage: self.journal.as_ref().map(Journal::damage).unwrap_or_default(),
            journal_set_aside: self.set_aside,
        }
    }
}

impl ChangeLog for InProcessDirectory {
    fn append(&self, entries: Vec<LogEntry>) -> Answer<'_, ()> {
        for entry in entries {
            self.log.append(&Arc::new(entry));
        }
        done(())
    }

    fn follow(&self) -> LogReader {
        self.log.reader()
    }

    fn follow_events(&self) -> LogReader {
        self.log.event_reader()
    }
}

impl Shard {
    fn insert(
        &mut self,
        user: &User,
        presence: Presence,
        rev: u64,
        place: u64,
        counters: &Counters,
    ) -> &mut Record {
        counters.count(&presence, true);
        counters.records.fetch_add(1, Ordering::Relaxed);
        self.note_upkeep(user, Upkeep::default(), Upkeep::of(&presence));
        self.records.insert(user, Record { presence, rev, place })
    }

    /// Adds the deadlines of users whose records were restored. No deadline was added before.
    fn restore_deadlines(&mut self, deadlines: Vec<(Moment, User)>) {
        // All deadlines at once are added much faster than one after the other.
        self.deadlines = BTreeSet::from_iter(deadlines);
    }

    /// Updates the deadlines and the users with events after a change of a record.
    fn note_upkeep(&mut self, user: &User, before: Upkeep, after: Upkeep) {
        if before.due != after.due {
            if let Some(before) = before.due {
                self.deadlines.remove(&(before, user.clone()));
            }
            if let Some(after) = after.due {
                self.deadlines.insert((after, user.clone()));
            }
        }
        match (before.has_events, after.has_events) {
            (false, true) => _ = self.with_events.insert(user.clone()),
            (true, false) => _ = self.with_events.remove(user),
            (false, false) | (true, true) => {}
        }
    }
}

impl Record {
    /// Returns the revision at which the journal has last written the current lists. Returns `None` if the record has no
    /// lists, or if the journal must write them.
    fn written_lists_rev(&self) -> Option<u64> {
        let mark = self.presence.lists_mark().filter(|_| !self.presence.has_no_lists())?;
        let passed = (self.rev as u32).wrapping_sub(mark.get());
        (passed <= MOST_CHANGES_WITHOUT_LISTS).then(|| self.rev.saturating_sub(u64::from(passed)))
    }

    /// Notes that the journal has the current lists in an entry of the revision `lists_rev`.
    fn mark_lists(&mut self, lists_rev: u64) {
        // Without a mark, the next entry has the lists too.
        self.presence.mark_lists(NonZeroU32::new(lists_rev as u32));
    }
}

impl Upkeep {
    fn of(presence: &Presence) -> Self {
        Self { due: presence.next_deadline(), has_events: presence.pending_events().is_some() }
    }
}

impl Counters {
    /// Adds a record to the counters. If `counted_in` is `false`, subtracts the record instead.
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
        if presence.restrictions().is_some_and(|restrictions| !restrictions.is_open()) {
            bump(&self.restricted);
        }
        for platform in presence.present_platforms() {
            bump(&self.devices[platform as usize - 1]);
        }
    }
}

/// Returns a future that returns `value` at once.
fn done<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, Result<T, crate::DirectoryError>> {
    ready(Ok(value)).boxed()
}
