//! The start of a directory from its folder: the records are read first, and taken over once it is known that they
//! belong to the facts.

use super::InProcessDirectory;
use crate::feed::Feed;
use crate::journal::{Begin, Disk, Journal, JournalDamage, JournalError, RealDisk, Recovery};
use lamplight_model::{FactsMark, Now, Timestamp};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// The result of reading the files of a directory when it was opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recovered {
    /// The number of records that were taken over.
    pub records: usize,
    /// The time before which records may be missing. A record that is built again must have a version above this time,
    /// which is then above all versions that were sent before.
    pub complete_since: Timestamp,
    /// Whether the records may be older than the last statuses that were sent. Their versions are then raised above all
    /// versions that may have been sent.
    pub in_doubt: bool,
    /// The damage that was found on disk.
    pub damage: JournalDamage,
}

/// Live records that were read from their folder and that no directory has taken over yet.
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
    /// Reads the folder, and creates it if it is missing.
    pub fn read(folder: &Path) -> Result<Self, JournalError> {
        Self::read_on(Arc::new(RealDisk), running_machine(), folder)
    }

    fn read_on(disk: Arc<dyn Disk>, machine: String, folder: &Path) -> Result<Self, JournalError> {
        let (journal, recovery) = Journal::open(Arc::clone(&disk), folder)?;
        Ok(Self { disk, machine, folder: folder.to_owned(), journal, recovery, is_set_aside: false })
    }

    /// The last mark of the facts that was noted. `None` if none was noted, as in files of an earlier format.
    pub fn facts(&self) -> Option<FactsMark> {
        self.recovery.facts
    }

    /// Whether the folder has no file, so that nothing was noted and nothing is lost.
    pub fn is_empty(&self) -> bool {
        !self.recovery.has_files
    }

    /// Moves the folder to this path, replacing one that was set aside before, and continues without its records. They
    /// count as in doubt, so new versions and the feed are above everything that was sent.
    pub fn set_aside(self, path: &Path) -> Result<Self, JournalError> {
        let Self { disk, machine, folder, journal, recovery, .. } = self;
        drop(journal);
        Journal::set_aside(&*disk, &folder, path)?;
        let saved = Self::read_on(disk, machine, &folder)?;
        let recovery = Recovery {
            begin: recovery.begin,
            machines: recovery.machines,
            damaged: true,
            ..Recovery::default()
        };
        Ok(Self { recovery, is_set_aside: true, ..saved })
    }

    /// Opens the directory for facts with this mark, and takes the records over. Users who were connected when the
    /// former process ended count as present for `grace`.
    ///
    /// If the journal may lack something that was sent, its records get versions above all that may have been sent, and
    /// the feed begins another epoch.
    pub fn open(
        self,
        facts: Option<FactsMark>,
        now: Now,
        grace: Duration,
    ) -> Result<(InProcessDirectory, Recovered), JournalError> {
        let Self { machine, mut journal, recovery, is_set_aside, .. } = self;
        let is_of_another_run = recovery.machines.iter().any(|of| *of != machine);
        let in_doubt = recovery.damaged || is_of_another_run && !recovery.closed;
        let lost_at = recovery.begin.as_ref().map_or(Timestamp(0), |begin| begin.alive);
        let machine_now = machine.clone();
        let begin = match recovery.begin {
            Some(found) if !in_doubt => Begin { machine, ..found },
            Some(found) => Begin {
                epoch: now.wall.0.max(found.epoch + 1),
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
        journal.start(&Begin { alive: now.wall, ..begin.clone() }, facts)?;
        let directory = InProcessDirectory {
            feed: Feed::new(begin.epoch, begin.horizon),
            journal: Some(journal),
            machine: machine_now,
            removed_rev: AtomicU64::new(begin.removed_rev),
            complete_since: begin.complete_since,
            set_aside: is_set_aside,
            ..InProcessDirectory::in_memory()
        };
        let mut records = 0;
        for (user, found) in recovery.records {
            let Some(mut saved) = found.presence else { continue };
            if in_doubt {
                saved.lift_version(now.wall);
            }
            let presence = saved.restore(now, lost_at, now.moment + grace);
            directory.feed.restore(&user, found.place);
            let mut shard = directory.shards[directory.shard_of(&user)].lock();
            shard.insert(&user, presence, found.rev, found.place, &directory.counters);
            records += 1;
        }
        directory.write_all_records(now)?;
        let damage = directory.journal.as_ref().map(Journal::damage).unwrap_or_default();
        Ok((directory, Recovered { records, complete_since: begin.complete_since, in_doubt, damage }))
    }
}

impl InProcessDirectory {
    /// Reads the folder and takes its records over without comparing the mark of the facts.
    pub fn open(folder: &Path, now: Now, grace: Duration) -> Result<(Self, Recovered), JournalError> {
        SavedRecords::read(folder)?.open(None, now, grace)
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

/// Returns an id that names the running machine from its boot to its shutdown. If the id cannot be read, all boots
/// count as the same.
fn running_machine() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}
