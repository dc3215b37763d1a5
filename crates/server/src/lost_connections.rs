//! Ends connections that live records have and no worker has. Compares the two every three minutes.
//!
//! A worker opens a connection before it is entered in a record, and ids are not reused. A recorded connection that its
//! worker lacks has therefore ended. The worker may still report the end, with the exact time of the client's last
//! data. The record is therefore changed only at the second comparison.

use crate::clock::Clock;
use crate::health::Health;
use crate::worker::{Command, worker_of};
use lamplight_core::Course;
use lamplight_model::{ConnectionId, NodeId, User};
use lamplight_service::{RecordedCursor, Service, ServiceError};
use prometheus_client::metrics::counter::Counter;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// The interval between two comparisons.
const BETWEEN_COMPARISONS: Duration = Duration::from_secs(180);
/// The interval at which the task checks whether a comparison is due.
const TICK: Duration = Duration::from_millis(500);
/// The maximum number of connections in one request to a worker.
const AT_ONCE: usize = 1_024;
/// The longest wait for a worker's answer.
const WORKER_PATIENCE: Duration = Duration::from_secs(5);

/// The periodic comparison of the live records with the workers' connections.
pub struct LostConnections {
    /// The id of this run of the node.
    pub node: NodeId,
    /// The operations on live records.
    pub service: Arc<Service>,
    /// The command channel of each worker.
    pub workers: Vec<mpsc::WeakSender<Command>>,
    /// The health of the node. A stopping node closes its sockets but leaves the connections in the records. They must
    /// then not be ended.
    pub health: Arc<Health>,
    /// The number of connections that were ended.
    pub ended: Counter,
    /// The node's clock.
    pub clock: Clock,
}

impl LostConnections {
    /// Compares the connections periodically until it is aborted.
    pub async fn run(self) {
        let mut suspected = HashSet::new();
        let mut due = self.clock.now().moment + BETWEEN_COMPARISONS;
        loop {
            tokio::time::sleep(TICK).await;
            if self.clock.now().moment < due {
                continue;
            }
            match self.compare(&mut suspected).await {
                Ok(0) => {}
                Ok(ended) => {
                    self.ended.inc_by(ended as u64);
                    tracing::warn!(ended, "live records had connections that no worker has; they were ended");
                }
                Err(error) => tracing::warn!(%error, "connections could not be compared with the records"),
            }
            due = self.clock.now().moment + BETWEEN_COMPARISONS;
        }
    }

    /// Ends the connections that are missing now and in the previous comparison. Returns their number.
    async fn compare(&self, suspected: &mut HashSet<ConnectionId>) -> Result<usize, ServiceError> {
        let (mut missing, mut ended) = (HashSet::new(), 0);
        let mut place = Some(RecordedCursor::default());
        while let Some(from) = place {
            let page = self.service.recorded_connections(self.node, from).await?;
            place = page.next;
            let mut lost = Vec::new();
            for (user, connection) in self.not_open(page.connections).await {
                if suspected.contains(&connection) {
                    lost.push((user, connection));
                } else {
                    missing.insert(connection);
                }
            }
            // A node that stops or drains says so before it closes the first socket.
            if self.health.course() > Course::Serving {
                return Ok(ended);
            }
            ended += self.service.end_lost_connections(lost, self.clock.now()).await;
        }
        *suspected = missing;
        Ok(ended)
    }

    /// Returns the recorded connections that their workers do not have.
    async fn not_open(&self, recorded: Vec<(User, ConnectionId)>) -> Vec<(User, ConnectionId)> {
        let mut by_worker: BTreeMap<usize, Vec<(User, ConnectionId)>> = BTreeMap::new();
        for (user, connection) in recorded {
            by_worker.entry(worker_of(connection)).or_default().push((user, connection));
        }
        let mut not_open = Vec::new();
        for (worker, of_worker) in by_worker {
            for some in of_worker.chunks(AT_ONCE) {
                let ids = some.iter().map(|(_, connection)| *connection).collect();
                let missing: HashSet<ConnectionId> = self.ask(worker, ids).await.into_iter().collect();
                not_open.extend(some.iter().filter(|(_, id)| missing.contains(id)).cloned());
            }
        }
        not_open
    }

    /// The connections that a worker lacks. Returns all if the worker has stopped, and none if it does not answer in
    /// time.
    async fn ask(&self, worker: usize, ids: Vec<ConnectionId>) -> Vec<ConnectionId> {
        let Some(commands) = self.workers.get(worker) else { return ids };
        let Some(commands) = commands.upgrade() else { return ids };
        let (answer, answered) = oneshot::channel();
        let asked = async {
            match commands.send(Command::NotOpen(ids.clone(), answer)).await {
                Ok(()) => answered.await.ok(),
                Err(_) => None,
            }
        };
        match tokio::time::timeout(WORKER_PATIENCE, asked).await {
            Ok(Some(missing)) => missing,
            Ok(None) => ids,
            // The worker is busy, so the next comparison asks it again.
            Err(_) => Vec::new(),
        }
    }
}
