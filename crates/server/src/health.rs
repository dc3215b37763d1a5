//! The health of a node: the signs of life of its threads and tasks, and the results of database probes.
//!
//! This module collects the signs of life. [`Readiness`] decides from them whether the node is ready.

use crate::clock::Clock;
use crate::facts_store::{FactsStore, StoreState, public_cause};
use crate::live_store::LiveStore;
use lamplight_core::{Course, Readiness, Sign};
use lamplight_directory::Directory;
use lamplight_model::Moment;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::AbortHandle;

/// The time without a round of a worker's event loop after which the worker counts as stuck. An idle worker makes four
/// rounds per second.
const WORKER_PATIENCE: Duration = Duration::from_secs(5);
/// The time without a tick after which the keeper counts as stuck. A tick waits for the directory only.
const KEEPER_PATIENCE: Duration = Duration::from_secs(30);
/// The time without a run after which the chores count as stuck. A run waits for the disk, and may rewrite all live
/// records.
const CHORES_PATIENCE: Duration = Duration::from_secs(30);
/// The duration after which a running database probe counts as stuck. It includes waiting for the lock of another
/// process.
const PROBE_PATIENCE: Duration = Duration::from_secs(6);
/// The interval between probes of the database. A probe is skipped if the last commit succeeded and a new commit was
/// made since the last probe.
const PROBE_EVERY: Duration = Duration::from_secs(5);
/// The interval between checks for parts of the node that have ended.
const WATCH_EVERY: Duration = Duration::from_millis(200);

/// The last sign of life of a thread or task, and whether it has ended.
#[derive(Clone, Default)]
pub struct Pulse(Arc<PulseState>);

#[derive(Default)]
struct PulseState {
    last: AtomicU64,
    ended: AtomicBool,
}

/// A guard that a thread or task holds while it runs. Dropping the guard marks the thread or task as ended.
pub struct Beating(Pulse);

impl Pulse {
    /// Makes a pulse with a first sign of life at this time.
    pub fn starting(at: Moment) -> Self {
        let pulse = Self::default();
        pulse.beat(at);
        pulse
    }

    /// Records a sign of life.
    pub fn beat(&self, at: Moment) {
        self.0.last.store(at.0, Ordering::Relaxed);
    }

    /// Returns a guard for the thread or task. Dropping the guard, also in a panic, marks the thread or task as ended.
    pub fn hold(&self) -> Beating {
        Beating(self.clone())
    }

    fn sign(&self, patience: Duration) -> Sign {
        if self.0.ended.load(Ordering::Acquire) {
            return Sign::Ended;
        }
        Sign::Pulse { last: Moment(self.0.last.load(Ordering::Relaxed)), patience }
    }
}

impl Drop for Beating {
    fn drop(&mut self) {
        self.0.0.ended.store(true, Ordering::Release);
    }
}

/// The health of a node.
pub struct Health {
    clock: Clock,
    facts: FactsStore,
    live: LiveStore,
    /// Whether the shared directory has given no answer for a whole lease.
    cut_off: AtomicBool,
    workers: Vec<Pulse>,
    keeper: Pulse,
    chores: Pulse,
    probe: Mutex<Probe>,
    /// The text about database files that were replaced under the running server; `None` without such files.
    replaced: Mutex<Option<String>>,
    /// The tasks that the node needs, with their names. If any of these tasks ends, the node is not ready.
    tasks: Mutex<Vec<(&'static str, AbortHandle)>>,
    stopping: AtomicBool,
    draining: AtomicBool,
}

/// The running probe of the database, if any, and the result of the last finished probe.
#[derive(Default)]
struct Probe {
    /// The start of the running probe; `None` if no probe is running.
    since: Option<Moment>,
    /// The error of the last finished probe; `None` if it succeeded.
    failed: Option<String>,
}

impl Health {
    /// Makes the health of a node with this number of workers.
    pub fn new(clock: Clock, facts: FactsStore, live: LiveStore, workers: usize) -> Self {
        let now = clock.now().moment;
        Self {
            clock,
            facts,
            live,
            cut_off: AtomicBool::new(false),
            workers: (0..workers).map(|_| Pulse::starting(now)).collect(),
            keeper: Pulse::starting(now),
            chores: Pulse::starting(now),
            probe: Mutex::default(),
            replaced: Mutex::default(),
            tasks: Mutex::default(),
            stopping: AtomicBool::new(false),
            draining: AtomicBool::new(false),
        }
    }

    /// Returns the pulse of a worker.
    pub fn worker(&self, index: usize) -> Pulse {
        self.workers[index].clone()
    }

    /// Returns the pulse of the keeper.
    pub fn keeper(&self) -> Pulse {
        self.keeper.clone()
    }

    /// Returns the pulse of the keeper's chores, which wait for the disk.
    pub fn chores(&self) -> Pulse {
        self.chores.clone()
    }

    /// Adds a task that the node needs.
    pub fn watch(&self, name: &'static str, task: AbortHandle) {
        self.tasks.lock().push((name, task));
    }

    /// Marks the node as stopping.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Returns `true` if the node is stopping.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Marks the node as draining.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Returns whether the node serves clients, drains, or stops.
    pub fn course(&self) -> Course {
        match (self.is_stopping(), self.draining.load(Ordering::Relaxed)) {
            (true, _) => Course::Stopping,
            (false, true) => Course::Draining,
            (false, false) => Course::Serving,
        }
    }

    /// Sets whether the shared directory has given no answer for a whole lease.
    pub fn set_cut_off(&self, is_cut_off: bool) {
        self.cut_off.store(is_cut_off, Ordering::Relaxed);
    }

    /// Returns the readiness of the node, from the current signs of all parts. Waits for neither database nor disk.
    pub fn readiness(&self) -> Readiness {
        let mut parts = vec![("facts".to_owned(), self.facts()), self.live_records()];
        let workers = self.workers.iter().enumerate();
        parts.extend(workers.map(|(n, pulse)| (format!("worker {n}"), pulse.sign(WORKER_PATIENCE))));
        parts.push(("keeper".to_owned(), self.keeper.sign(KEEPER_PATIENCE)));
        parts.push(("chores".to_owned(), self.chores.sign(CHORES_PATIENCE)));
        let sign = |task: &AbortHandle| if task.is_finished() { Sign::Ended } else { Sign::Well };
        parts.extend(self.tasks.lock().iter().map(|(name, task)| ((*name).to_owned(), sign(task))));
        Readiness::of(self.course(), parts, self.clock.now().moment)
    }

    /// Returns `true` if the event loop of every worker still makes rounds. The state of the database and the disk does
    /// not matter, because a restart would not repair them.
    pub fn workers_turn(&self) -> bool {
        let workers = self.workers.iter().enumerate();
        let parts = workers.map(|(n, pulse)| (format!("worker {n}"), pulse.sign(WORKER_PATIENCE)));
        Readiness::of(Course::Serving, parts, self.clock.now().moment).is_ready()
    }

    /// Waits until a part of the node has ended, and returns the name of the part.
    pub async fn part_ended(&self) -> String {
        let mut watch = tokio::time::interval(WATCH_EVERY);
        loop {
            watch.tick().await;
            if let Some(name) = self.readiness().ended() {
                return name.to_owned();
            }
        }
    }

    /// Probes the database at intervals while nothing else is committed. A failure is therefore noticed before a user's
    /// request fails. Runs until aborted.
    pub async fn probe_facts(self: Arc<Self>) {
        let mut commits = self.facts.stats().commits;
        let mut tick = tokio::time::interval(PROBE_EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            self.look_at_files().await;
            let committed = std::mem::replace(&mut commits, self.facts.stats().commits) != commits;
            if committed && self.facts() == Sign::Well {
                continue;
            }
            self.probe.lock().since = Some(self.clock.now().moment);
            let done = self.facts.probe().await;
            *self.probe.lock() = Probe { since: None, failed: done.err().map(|error| public_cause(&error)) };
            commits = self.facts.stats().commits;
        }
    }

    /// Checks whether the database files on the disk are still the files that the server has open. Logs a change.
    async fn look_at_files(&self) {
        let facts = self.facts.clone();
        let looking =
            tokio::task::spawn_blocking(move || facts.replaced().map(|path| path.display().to_string()));
        // The task fails only while the runtime shuts down.
        let Ok(path) = looking.await else { return };
        let problem = path.map(|path| {
            format!(
                "{path} was replaced or deleted while this server has it open: all that is changed from then on is \
                 lost at its stop; restart it with the file that is to be used"
            )
        });
        let mut replaced = self.replaced.lock();
        match (&*replaced, &problem) {
            (None, Some(problem)) => tracing::error!("{problem}"),
            (Some(_), None) => {
                tracing::warn!("the files of the store are again those that this server has open")
            }
            (None, None) | (Some(_), Some(_)) => {}
        }
        *replaced = problem;
    }

    fn facts(&self) -> Sign {
        let (probe, replaced) = (self.probe.lock(), self.replaced.lock());
        match (self.facts.state(), &*replaced) {
            (StoreState::Ended, _) => Sign::Ended,
            (StoreState::Well | StoreState::Failing, Some(problem)) => Sign::Failing(problem.clone()),
            (StoreState::Failing, None) => {
                let cause = self.facts.failing().or_else(|| probe.failed.clone());
                Sign::Failing(cause.unwrap_or_else(|| "the last commit failed".to_owned()))
            }
            (StoreState::Well, None) => match (&probe.failed, probe.since) {
                (Some(why), _) => Sign::Failing(why.clone()),
                (None, Some(since)) => Sign::Pulse { last: since, patience: PROBE_PATIENCE },
                (None, None) => Sign::Well,
            },
        }
    }

    fn live_records(&self) -> (String, Sign) {
        let (name, is_failing, why) = match &self.live {
            LiveStore::Embedded(directory) => {
                ("journal", directory.stats().journal_in_doubt, "live records are not kept on disk")
            }
            LiveStore::Redis(_) => (
                "directory",
                self.cut_off.load(Ordering::Relaxed),
                "Redis has not answered for a whole lease",
            ),
        };
        (name.to_owned(), if is_failing { Sign::Failing(why.to_owned()) } else { Sign::Well })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_directory::InProcessDirectory;
    use lamplight_facts_sqlite::SqliteFacts;

    fn live() -> LiveStore {
        LiveStore::Embedded(Arc::new(InProcessDirectory::in_memory()))
    }

    #[test]
    fn a_thread_that_panics_or_returns_has_ended() {
        for panics in [true, false] {
            let pulse = Pulse::starting(Moment(7));
            assert_eq!(
                pulse.sign(WORKER_PATIENCE),
                Sign::Pulse { last: Moment(7), patience: WORKER_PATIENCE }
            );
            let beating = pulse.hold();
            let thread = std::thread::spawn(move || {
                let _beating = beating;
                assert!(!panics, "as planned");
            });
            assert_eq!(thread.join().is_err(), panics);
            assert_eq!(pulse.sign(WORKER_PATIENCE), Sign::Ended);
        }
    }

    #[tokio::test]
    async fn a_node_whose_store_was_replaced_is_not_ready_until_it_is_back() {
        let folder = tempfile::tempdir().unwrap();
        let (path, aside) = (folder.path().join("facts.db"), folder.path().join("aside.db"));
        let facts = FactsStore::Sqlite(Arc::new(SqliteFacts::open(&path).unwrap()));
        let health = Health::new(Clock::default(), facts, live(), 1);
        health.look_at_files().await;
        assert!(health.readiness().is_ready(), "{}", health.readiness());
        std::fs::rename(&path, &aside).unwrap();
        std::fs::copy(&aside, &path).unwrap();
        health.look_at_files().await;
        let told = health.readiness();
        assert!(!told.is_ready() && told.ended().is_none(), "{told}");
        assert!(told.to_string().contains("facts.db was replaced or deleted"), "{told}");
        std::fs::rename(&aside, &path).unwrap();
        health.look_at_files().await;
        assert!(health.readiness().is_ready(), "{}", health.readiness());
    }

    #[tokio::test]
    async fn a_node_of_which_a_task_has_ended_is_not_ready_and_says_which() {
        let folder = tempfile::tempdir().unwrap();
        let facts = Arc::new(SqliteFacts::open(&folder.path().join("facts.db")).unwrap());
        let facts = FactsStore::Sqlite(facts);
        let health = Health::new(Clock::default(), facts, live(), 2);
        let task = tokio::spawn(std::future::pending::<()>());
        health.watch("a task", task.abort_handle());
        assert!(health.readiness().is_ready(), "{}", health.readiness());
        task.abort();
        assert_eq!(health.part_ended().await, "a task");
        assert!(!health.readiness().is_ready());
    }
}
