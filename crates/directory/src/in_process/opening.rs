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
    /// Records taken over.
    pub records: usize,
    /// Of what was before this time, records may be missing: what is rebuilt must have versions above it, to be
    /// above all that was told before.
    pub complete_since: Timestamp,
    /// The records may be older than what was told last: they have versions above all of it.
    pub in_doubt: bool,
    /// The damage that was found on disk.
    pub damage: JournalDamage,
}

/// Live records that were read from their folder and that no directory has taken over yet.
pub struct SavedRecords {
    disk: Arc<dyn Disk>,
    /// The run of the machine.
    machine: String,
    folder: PathBuf,
    journal: Journal,
    recovery: Recovery,
    is_set_aside: bool,
}

impl SavedRecords {
    /// Reads the folder; makes it if it is not there.
    pub fn read(folder: &Path) -> Result<Self, JournalError> {
        Self::read_on(Arc::new(RealDisk), running_machine(), folder)
    }

    fn read_on(disk: Arc<dyn Disk>, machine: String, folder: &Path) -> Result<Self, JournalError> {
        let (journal, recovery) = Journal::open(Arc::clone(&disk), folder)?;
        Ok(Self { disk, machine, folder: folder.to_owned(), journal, recovery, is_set_aside: false })
    }

    /// The mark of the facts that was noted last; `None` where none was, as in files of a former version.
    pub fn facts(&self) -> Option<FactsMark> {
        self.recovery.facts
    }

    /// Whether there is no file at all, so that nothing was noted and nothing lost.
    pub fn is_empty(&self) -> bool {
        !self.recovery.has_files
    }

    /// Gives the folder this path, in the place of one that was set aside before, and goes on without its records: in
    /// doubt, with versions and a feed above all that was told.
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

    /// Opens the directory beside facts with this mark, and takes the records over: users who were connected when the
    /// former process ended count as present for `grace`.
    ///
    /// Where the journal may lack something that was told, what it has is taken over with versions above all that may
    /// have been told, and the feed begins another epoch.
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
    /// Reads the folder and takes its records over, whatever facts they were written beside.
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

/// Names the running machine from its start to its end. Where it cannot be told, it never seems to end.
fn running_machine() -> String {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_owned()
}
