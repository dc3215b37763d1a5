//! A node as a member of its cluster: its lease, and the work that the nodes divide among themselves.
//!
//! ```text
//! start ─ measure_clock ─ join ─▶ keep_lease: renews the lease and reads the register, three times per lease
//!                              ─▶ clear_lost_nodes: ends the connections of lost nodes, a page at a time
//!                              ─▶ refresh_apps: reads the apps when another node has changed one, and every 30 s
//!                              ─▶ restore_records: rebuilds records after the directory has lost them
//! stop ── drain ─ leave: holds the links of the node for the grace, then removes the node from the register
//! ```
//! [`Duties`](lamplight_service::Duties) decides which node has which duty. Two nodes may do the same task without
//! harm.

mod first_time;
mod lost_nodes;

pub use first_time::measure_clock;

use crate::clock::Clock;
use crate::health::Health;
use crate::metrics::{ClusterMetrics, Metrics};
use crate::worker::Command;
use lamplight_core::{Course, Duty, LeaseTimes, pause_after_ended};
use lamplight_directory::{Directory, DirectoryError, NodeEntry, Nodes, Register};
use lamplight_model::{Moment, Timestamp};
use lamplight_service::{RecordedCursor, Service, ServiceError};
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::AbortHandle;

/// The interval at which the apps are read even if no change was reported, because a report may have been lost.
const BETWEEN_REFRESHES: Duration = Duration::from_secs(30);
/// The pause after a failed call to a store.
const PAUSE: Duration = Duration::from_secs(1);
/// The interval at which `restore_records` checks the epoch of the directory.
const BETWEEN_EPOCHS: Duration = Duration::from_millis(500);
/// The interval at which a draining node checks whether its last connections have ended.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// The number of users in one step of rebuilding missing records.
const RESTORED_AT_ONCE: usize = 500;
/// The number of users with restrictions in one step of rebuilding missing records. Each has up to 11,000 ids.
const RESTRICTED_AT_ONCE: usize = 100;
/// The pause between two steps of rebuilding missing records. Other operations use the stores in the pauses.
const BETWEEN_RESTORED: Duration = Duration::from_millis(5);
/// The longest time for which a stopping node tries to hold its links. Other nodes end the remaining links after the
/// lease and the grace.
const HOLD_PATIENCE: Duration = Duration::from_secs(15);
/// The longest time for which a stopping node tries to change the register. The node marks itself there as draining,
/// and at the end removes itself.
const LAST_WORDS_PATIENCE: Duration = Duration::from_secs(3);

/// A node of a cluster.
pub struct Cluster {
    /// The register of nodes.
    pub nodes: Arc<dyn Nodes>,
    /// The directory that the nodes share.
    pub directory: Arc<dyn Directory>,
    /// The operations of the service on this node.
    pub service: Arc<Service>,
    /// The lease and the grace, which are the same for all nodes.
    pub times: LeaseTimes,
    /// The description of this node at its start. A copy with the current number of connections is entered in the
    /// register.
    pub entry: NodeEntry,
    /// Notified by the workers when the change log reports that an app was changed.
    pub app_news: Arc<Notify>,
    /// Notified after each read of the register, so that the connections of lost nodes are ended at once.
    pub register_read: Notify,
    /// Notified when the register contains an operator's request to drain this node.
    pub drain_requested: Notify,
    /// The metrics of the node.
    pub metrics: Arc<Metrics>,
    /// The health of the node, which says whether it is stopping.
    pub health: Arc<Health>,
    /// The clock of the node. The node sets it to the time of the directory.
    pub clock: Clock,
}

/// A node that has joined its cluster. Dropping the value ends its tasks, but does not remove the node from the
/// register.
pub struct Joined {
    cluster: Arc<Cluster>,
    tasks: Mutex<Vec<AbortHandle>>,
}

impl Cluster {
    /// Enters the node in the register. From then on, the other nodes expect the node to do its duties. The caller must
    /// then call [`Joined::start`].
    pub async fn join(self) -> Result<Joined, DirectoryError> {
        self.enter().await?;
        let nodes = self.metrics.cluster().nodes.get();
        tracing::info!(node = %self.entry.id, name = self.entry.name, nodes, "this node has joined its cluster");
        Ok(Joined { cluster: Arc::new(self), tasks: Mutex::default() })
    }

    async fn enter(&self) -> Result<(), DirectoryError> {
        let sent = self.clock.local();
        let register = self.nodes.join(&self.current_entry(), self.clock.now()).await?;
        self.observe(sent, &register);
        Ok(())
    }

    fn current_entry(&self) -> NodeEntry {
        NodeEntry {
            connections: u64::try_from(self.metrics.connections()).unwrap_or(0),
            is_draining: self.health.course() > Course::Serving,
            clock_ahead: self.clock.ahead_of_directory(),
            clock: self.clock.of_directory(),
            ..self.entry.clone()
        }
    }

    /// Updates the clock and the duties from a register. `sent` is the local time at which the register was requested.
    fn observe(&self, sent: Moment, register: &Register) {
        let answered = self.clock.local();
        self.clock.measure(sent, answered, register.at);
        self.service.duties().observe(register, answered);
        let ClusterMetrics { nodes, live_nodes, lost_nodes, .. } = self.metrics.cluster();
        nodes.set(register.nodes.len() as i64);
        live_nodes.set(self.service.duties().live_nodes() as i64);
        let lost = self.service.duties().lost_nodes(answered);
        // A node that has left is also in `lost`, until no record has a connection of it. The metric counts only nodes
        // that are in the register.
        lost_nodes.set(lost.iter().filter(|lost| lost.is_registered).count() as i64);
        self.register_read.notify_one();
    }

    /// Renews the lease until the task is aborted.
    async fn keep_lease(self: Arc<Self>, workers: Vec<mpsc::WeakSender<Command>>) {
        let ClusterMetrics { cut_off, failed_renewals, clock_ahead, .. } = self.metrics.cluster();
        let mut pause = self.times.renew_every();
        let mut has_failed = false;
        loop {
            tokio::time::sleep(pause).await;
            let renewed = self.renew(&workers).await;
            pause = match &renewed {
                Ok(()) => self.times.renew_every(),
                Err(_) => self.times.retry_after(),
            };
            match &renewed {
                Ok(()) if has_failed => tracing::info!("the lease of this node is renewed again"),
                Err(error) if !has_failed => {
                    let source = std::error::Error::source(error);
                    tracing::error!(%error, ?source, "the lease of this node could not be renewed; trying again");
                }
                Ok(()) | Err(_) => {}
            }
            has_failed = renewed.is_err();
            failed_renewals.inc_by(u64::from(has_failed));
            let is_cut_off = self.service.duties().is_cut_off(self.clock.local());
            cut_off.set(i64::from(is_cut_off));
            self.health.set_cut_off(is_cut_off);
            clock_ahead.set(self.clock.machine_ahead_ms() as f64 / 1_000.0);
        }
    }

    async fn renew(&self, workers: &[mpsc::WeakSender<Command>]) -> Result<(), DirectoryError> {
        let sent = self.clock.local();
        match self.nodes.renew(&self.current_entry(), self.clock.now()).await? {
            Some(register) => {
                self.observe(sent, &register);
                if register.get(self.entry.id).is_some_and(|it| it.is_drain_requested) {
                    self.drain_requested.notify_one();
                }
            }
            None => {
                tracing::warn!(
                    "the register of nodes has lost this node; it joins again, and puts its connections back"
                );
                self.enter().await?;
                put_connections_back(workers);
            }
        }
        Ok(())
    }

    /// Reads the apps after another node has changed one, and at intervals, until the task is aborted.
    async fn refresh_apps(self: Arc<Self>) {
        loop {
            // Whichever comes first.
            let _ = tokio::time::timeout(BETWEEN_REFRESHES, self.app_news.notified()).await;
            match self.service.refresh_apps().await {
                Ok(changed) if changed.is_empty() => {}
                Ok(changed) => tracing::info!(?changed, "apps were changed at another node"),
                Err(error) => {
                    tracing::warn!(%error, "the apps could not be read; trying again");
                    tokio::time::sleep(PAUSE).await;
                    self.app_news.notify_one();
                }
            }
        }
    }

    /// Rebuilds the records that the directory lacks, while the node has [`Duty::Whole`]. Does so once when the node
    /// first has the duty, and again after each loss of records. Runs until the task is aborted.
    async fn restore_records(self: Arc<Self>) {
        let mut restored = Timestamp(0);
        loop {
            tokio::time::sleep(BETWEEN_EPOCHS).await;
            self.service.observe_epoch(self.clock.now());
            let epoch = self.directory.epoch();
            if epoch <= restored || !self.service.duties().has(Duty::Whole) {
                continue;
            }
            match self.restore().await {
                Ok(users) => {
                    restored = epoch;
                    tracing::info!(users, "every user with a login has a live record");
                }
                Err(error) => {
                    tracing::warn!(%error, "live records could not be rebuilt from the database; trying again");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    async fn restore(&self) -> Result<usize, ServiceError> {
        let (mut users, mut last) = (0, None);
        loop {
            let some = self.service.users_logged_in(last, RESTORED_AT_ONCE).await?;
            self.service.restore_absent(&some, self.clock.now()).await?;
            users += some.len();
            last = some.last().cloned();
            if last.is_none() {
                break;
            }
            tokio::time::sleep(BETWEEN_RESTORED).await;
        }
        // A hidden user without a login may be shown to viewers as one with a login.
        loop {
            let some = self.service.users_restricted(last, RESTRICTED_AT_ONCE).await?;
            self.service.restore_absent(&some, self.clock.now()).await?;
            last = some.last().cloned();
            if last.is_none() {
                return Ok(users);
            }
            tokio::time::sleep(BETWEEN_RESTORED).await;
        }
    }

    /// Waits until the register contains an operator's request to drain this node, and then drains the node. The
    /// clients are asked to reconnect, and other nodes take over the duties. The process goes on running until it is
    /// stopped.
    async fn drain_on_request(self: Arc<Self>, workers: Vec<mpsc::WeakSender<Command>>) {
        self.drain_requested.notified().await;
        tracing::info!("an operator has requested that this node drains; its clients are asked to reconnect");
        self.health.drain();
        self.tell_draining().await;
        for worker in workers.iter().filter_map(mpsc::WeakSender::upgrade) {
            let (done, _told) = oneshot::channel();
            // A worker that has stopped has no clients. Each worker gets the command in a separate task, so a stuck
            // worker does not keep other workers from draining.
            tokio::spawn(async move { drop(worker.send(Command::Drain(done)).await) });
        }
        while self.metrics.connections() > 0 {
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        while !self.hold_all_links().await {
            tokio::time::sleep(PAUSE).await;
        }
        tracing::info!("this node is drained: it has no clients and no duties, and can be stopped");
        std::future::pending::<()>().await;
    }

    /// Marks this node in the register as draining, so that other nodes take over its duties at once. The health of the
    /// node must already say that the node drains or stops.
    async fn tell_draining(&self) {
        let entry = self.current_entry();
        let told =
            tokio::time::timeout(LAST_WORDS_PATIENCE, self.nodes.renew(&entry, self.clock.now())).await;
        if !matches!(told, Ok(Ok(_))) {
            tracing::warn!("the other nodes could not be told that this node takes no more clients");
        }
    }

    /// Holds the links of this node for the grace. Repeats this until every link is held, or until this node is cut
    /// off. Returns whether every link is held.
    async fn hold_all_links(&self) -> bool {
        loop {
            match self.hold_links().await {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "the links of this node could not be held; trying again")
                }
            }
            if self.service.duties().is_cut_off(self.clock.local()) {
                return false;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Holds the links of this node for the grace. Returns the number of links that could not be held in one pass over
    /// all partitions.
    async fn hold_links(&self) -> Result<usize, ServiceError> {
        let until = self.clock.now().moment + self.times.grace;
        let mut failed = 0;
        let mut place = Some(RecordedCursor::default());
        while let Some(from) = place {
            let page = self.service.hold_own_links(self.entry.id, from, until, self.clock.now()).await?;
            failed += page.failed;
            place = page.next;
            tokio::time::sleep(pause_after_ended(page.ended)).await;
        }
        Ok(failed)
    }
}

/// Makes each worker read the watch lists of its connections again, and put back the connections that the records lack.
/// Does not wait for the workers, because a blocked worker could delay the renewal of the lease.
fn put_connections_back(workers: &[mpsc::WeakSender<Command>]) {
    for worker in workers.iter().filter_map(mpsc::WeakSender::upgrade) {
        // A worker that has stopped has no connections.
        tokio::spawn(async move { drop(worker.send(Command::ReadAgain).await) });
    }
}

impl Joined {
    /// Starts the tasks, and returns them with their names. `workers` are the command channels of the workers.
    pub fn start(&self, workers: Vec<mpsc::WeakSender<Command>>) -> Vec<(&'static str, AbortHandle)> {
        let cluster = || Arc::clone(&self.cluster);
        let draining = cluster().drain_on_request(workers.clone());
        let tasks = vec![
            ("draining on request", tokio::spawn(draining).abort_handle()),
            ("lease of this node", tokio::spawn(cluster().keep_lease(workers)).abort_handle()),
            ("clearing of lost nodes", tokio::spawn(cluster().clear_lost_nodes()).abort_handle()),
            ("apps of other nodes", tokio::spawn(cluster().refresh_apps()).abort_handle()),
            ("restoring of live records", tokio::spawn(cluster().restore_records()).abort_handle()),
        ];
        *self.tasks.lock() = tasks.iter().map(|(_, task)| task.clone()).collect();
        tasks
    }

    /// Marks this node in the register as draining, so that other nodes take over its duties at once. The health of the
    /// node must already say that the node drains or stops.
    pub async fn tell_draining(&self) {
        self.cluster.tell_draining().await;
    }

    /// Holds the links of this node for the grace, and removes the node from the register. Must be called after the
    /// workers have stopped, because a running worker could enter new links in the records. Gives up when the node is
    /// cut off from the directory; the other nodes then count the node as lost.
    ///
    /// If `is_settled` is `false`, the live records may differ from the facts. The node then stays in the register, and
    /// the other nodes compare the records as after the loss of a node.
    pub async fn leave(self, is_settled: bool) {
        let cluster = &self.cluster;
        if !matches!(tokio::time::timeout(HOLD_PATIENCE, cluster.hold_all_links()).await, Ok(true)) {
            tracing::error!("the links of this node could not be held; other nodes end them after the grace");
            return;
        }
        // A renewal after the departure would let the node join again.
        self.tasks.lock().iter().for_each(AbortHandle::abort);
        if !is_settled {
            return;
        }
        match tokio::time::timeout(LAST_WORDS_PATIENCE, cluster.nodes.leave(cluster.entry.id)).await {
            Ok(Ok(())) => tracing::info!("this node has left its cluster"),
            Ok(Err(error)) => {
                tracing::warn!(%error, "this node could not be taken out of the register of nodes")
            }
            Err(_) => tracing::warn!("this node could not be taken out of the register of nodes in time"),
        }
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        self.tasks.lock().iter().for_each(AbortHandle::abort);
    }
}

#[cfg(test)]
mod tests;
