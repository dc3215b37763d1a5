//! The start of a directory from its folder. The records are read first, and used only if they belong to the facts.

use super::{InProcessDirectory, Record, Upkeep};
use crate::feed::Feed;
use crate::journal::{
    Begin, Disk, Found, FoundPart, FoundRecords, Head, Journal, JournalDamage, JournalError, RealDisk,
    Recovery,
};
use lamplight_model::{FactsMark, Now, Timestamp};
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// The maximum number of threads that restore records.
const MOST_THREADS: usize = 16;

/// The longest time for which the former process may have run after its last entry on the disk. A process writes an
/// entry every few seconds, and the kernel writes data to the disk when they are some 30 s old.
const UNWRITTEN_FOR: Duration = Duration::from_secs(60);

/// The result of opening a directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recovered {
    /// The number of restored records.
    pub records: usize,
    /// The time before which records may be missing.
    pub complete_since: Timestamp,
    /// Whether the records may be older than the statuses that were sent last. If so, their versions were raised above
    /// all versions that may have been sent.
    pub in_doubt: bool,
    /// The damage of the files on disk.
    pub damage: JournalDamage,
}

/// Live records that were read from a folder, for [`SavedRecords::open`].
pub struct SavedRecords {
    disk: Arc<dyn Disk>,
    /// The boot id of the machine.
    machine: String,
    folder: PathBuf,
    journal: Journal,
    recovery: Recovery,
    is_set_aside: bool,
}

impl SavedRecords {
    /// Reads the records of a folder. Creates the folder if it is missing.
    pub fn read(folder: &Path) -> Result<Self, JournalError> {
        Self::read_on(Arc::new(RealDisk), running_machine(), folder)
    }

    fn read_on(disk: Arc<dyn Disk>, machine: String, folder: &Path) -> Result<Self, JournalError> {
        let (journal, recovery) = Journal::open(Arc::clone(&disk), folder, &machine)?;
        Ok(Self { disk, machine, folder: folder.to_owned(), journal, recovery, is_set_aside: false })
    }

    /// Returns the last stored mark of the facts. Returns `None` if no mark was stored, for example in files of an
    /// earlier format.
    pub fn facts(&self) -> Option<FactsMark> {
        self.recovery.head.facts
    }

    /// Returns `true` if the folder contains no files. There are then no records to lose.
    pub fn is_empty(&self) -> bool {
        !self.recovery.has_files
    }

    /// Renames the folder to `path`, where it replaces an existing folder. The returned value has no records, because
    /// they count as lost. New versions and feed positions are therefore above all that were sent before.
    pub fn set_aside(self, path: &Path) -> Result<Self, JournalError> {
        let Self { disk, machine, folder, journal, recovery, .. } = self;
        drop(journal);
        Journal::set_aside(&*disk, &folder, path)?;
        let saved = Self::read_on(disk, machine, &folder)?;
        let head = Head { facts: None, ..recovery.head };
        let recovery = Recovery { head, damaged: true, ..Recovery::default() };
        Ok(Self { recovery, is_set_aside: true, ..saved })
    }

    /// Opens the directory with these records, for facts with this mark. Users who were connected when the last process
    /// ended count as connected for the time `grace`.
    ///
    /// If the journal may lack changes that watchers have received, the versions of all records are raised above all
    /// versions that may have been sent. The feed then begins a new epoch.
    pub fn open(
        self,
        facts: Option<FactsMark>,
        now: Now,
        grace: Duration,
    ) -> Result<(InProcessDirectory, Recovered), JournalError> {
        let Self { machine, mut journal, recovery, is_set_aside, .. } = self;
        let is_of_another_run = recovery.head.machines.iter().any(|of| *of != machine);
        let in_doubt = recovery.damaged || is_of_another_run && !recovery.closed;
        let lost_at = recovery.head.begin.as_ref().map_or(Timestamp(0), |begin| begin.alive);
        // The clock may be behind that of the former process, for example before it is set after a boot.
        let told_until = now.wall.max(lost_at.after(UNWRITTEN_FOR));
        let machine_now = machine.clone();
        let begin = match recovery.head.begin {
            Some(found) if !in_doubt => Begin { machine, ..found },
            Some(found) => Begin {
                epoch: told_until.0.max(found.epoch.saturating_add(1)),
                complete_since: now.wall.max(found.complete_since),
                machine,
                ..found
            },
            None => Begin {
                epoch: now.wall.0.max(1),
                machine,
                horizon: 0,
                removed_rev: 0,
                complete_since: now.wall,
                alive: now.wall,
            },
        };
        // After several starts with a clock that was behind, the epoch of the feed is later than this clock.
        let told_before = begin.complete_since.max(Timestamp(begin.epoch));
        journal.start(&Begin { alive: now.wall, ..begin.clone() }, facts)?;
        let mut directory = InProcessDirectory {
            feed: Feed::new(begin.epoch, begin.horizon),
            journal: Some(journal),
            machine: machine_now,
            removed_rev: AtomicU64::new(begin.removed_rev),
            complete_since: begin.complete_since,
            told_before,
            set_aside: is_set_aside,
            ..InProcessDirectory::in_memory()
        };
        // If the files that were read have all records but those that this start changes, the next call of `maintain`
        // writes the snapshot. The files are kept until then. Another start would be in doubt about files from before a
        // boot of the machine, so they are replaced now. If the former process did not come to its snapshot either, the
        // snapshot is written now too, so that starts that fail again and again leave no more and more files.
        let leaves_snapshot = recovery.is_complete && !in_doubt && !is_of_another_run;
        let lift_to = in_doubt.then_some(told_before);
        let restoring = Restoring { lift_to, writes_changes: leaves_snapshot, lost_at, now, grace };
        let records = directory.restore_all(recovery.records, restoring);
        if !leaves_snapshot {
            // The first call of `maintain` syncs this snapshot, so that the start need not wait for the disk.
            directory.write_all_records(now)?;
        }
        let damage = directory.journal.as_ref().map(Journal::damage).unwrap_or_default();
        Ok((directory, Recovered { records, complete_since: begin.complete_since, in_doubt, damage }))
    }
}

/// The circumstances in which records are restored.
#[derive(Clone, Copy)]
struct Restoring {
    /// The time until which versions may have been sent that no restored record has; `None` if there are no such
    /// versions.
    lift_to: Option<Timestamp>,
    /// Whether the records that differ from their entries are written to the journal.
    writes_changes: bool,
    /// The last time at which the former process is known to have run.
    lost_at: Timestamp,
    now: Now,
    grace: Duration,
}

impl InProcessDirectory {
    /// Restores records, with one thread for each processor. Returns their number. The users are assigned to shards as
    /// the records are assigned to parts, so no thread waits for the lock of a shard.
    fn restore_all(&mut self, records: FoundRecords, how: Restoring) -> usize {
        let (hasher, parts) = records.into_parts();
        self.hasher = hasher;
        let found = parts.iter().flatten().filter(|(_, found)| found.presence.is_some());
        let places: Vec<_> = found.map(|(user, found)| (user.clone(), found.place)).collect();
        let count = places.len();
        let left = Mutex::new(parts.into_iter().enumerate());
        let restore_parts = || {
            let next = || left.lock().next();
            while let Some((shard, part)) = next() {
                self.restore_shard(shard, part, how);
            }
        };
        let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
        thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(restore_parts);
            }
            self.feed.restore(places);
            restore_parts();
        });
        count
    }

    /// Restores the records of a shard, which has none yet.
    fn restore_shard(&self, shard: usize, records: FoundPart, how: Restoring) {
        let mut shard = self.shards[shard].lock();
        shard.records.reserve(records.len());
        let mut deadlines = Vec::with_capacity(records.len());
        for (user, Found { rev, place, presence, lists_rev, .. }) in records {
            let Some(mut saved) = presence else { continue };
            if let Some(at) = how.lift_to {
                saved.lift_version(at);
            }
            let is_changed = saved.has_connections();
            let presence = saved.restore(how.now, how.lost_at, how.now.moment + how.grace);
            let upkeep = Upkeep::of(&presence);
            deadlines.extend(upkeep.due.map(|due| (due, user.clone())));
            if upkeep.has_events {
                shard.with_events.insert(user.clone());
            }
            self.counters.count(&presence, true);
            self.counters.records.fetch_add(1, Ordering::Relaxed);
            let record = shard.records.insert(&user, Record { presence, rev, place });
            record.mark_lists(lists_rev);
            if is_changed && how.writes_changes {
                self.keep_record(&user, record, how.now);
            }
        }
        shard.restore_deadlines(deadlines);
    }

    /// Reads the folder and opens the directory, without comparing the mark of the facts.
    pub fn open(folder: &Path, now: Now, grace: Duration) -> Result<(Self, Recovered), JournalError> {
        SavedRecords::read(folder)?.open(None, now, grace)
    }

    #[cfg(test)]
    pub(crate) fn journal(&self) -> &Journal {
        self.journal.as_ref().expect("the test has opened a folder")
    }

    #[cfg(test)]
    pub(crate) fn open_on(
        disk: Arc<dyn Disk>,
        machine: String,
        folder: &Path,
        now: Now,
        grace: Duration,
    ) -> Result<(Self, Recovered), JournalError> {
        SavedRecords::read_on(disk, machine, folder)?.open(None, now, grace)
    }
}

/// Returns an id of the machine's current boot; an empty text if it cannot be read.
fn running_machine() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}
