//! Ends connections that live records have and no worker has. Compares the records with the workers every three
//! minutes. Also compares them soon after the directory has lost writes, because a replica that has taken over may lack
//! the ends of connections.
//!
//! A worker opens a connection before it is entered in a record, and ids are not reused. A recorded connection that its
//! worker lacks has therefore ended. The worker may still report the end, with the exact time of the client's last
//! data. The record is therefore changed only at the second comparison.

use crate::clock::Clock;
use crate::health::Health;
use crate::worker::{Command, worker_of};
use lamplight_core::Course;
use lamplight_model::{ConnectionId, Moment, NodeId, Timestamp, User};
use lamplight_service::{RecordedCursor, Service, ServiceError};
use prometheus_client::metrics::counter::Counter;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// The interval between two comparisons.
const BETWEEN_COMPARISONS: Duration = Duration::from_secs(180);
/// The pause before each of the two comparisons after a loss.
const AFTER_LOSS: Duration = Duration::from_secs(5);
/// The number of comparisons that are made soon after the directory has lost writes. A connection is ended at the
/// second comparison.
const COMPARISONS_AFTER_LOSS: u8 = 2;
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
    /// The health of the node. A stopping node closes its sockets but leaves the connections in the records. The
    /// comparison must not end these connections.
    pub health: Arc<Health>,
    /// The number of connections that were ended.
    pub ended: Counter,
    /// The node's clock.
    pub clock: Clock,
}

/// The times of the comparisons.
struct Schedule {
    due: Moment,
    /// The time at which the directory last lost writes, as known at the last call of `is_due`; `None` without a loss.
    lost: Option<Timestamp>,
    /// The number of comparisons still to be made at the short interval [`AFTER_LOSS`].
    soon: u8,
}

impl Schedule {
    fn new(now: Moment) -> Self {
        Self { due: now + BETWEEN_COMPARISONS, lost: None, soon: 0 }
    }

    /// Returns `true` if a comparison is due. `lost` is the time of the directory's last loss of writes since this node
    /// began.
    fn is_due(&mut self, lost: Option<Timestamp>, now: Moment) -> bool {
        if lost != self.lost {
            self.lost = lost;
            self.soon = COMPARISONS_AFTER_LOSS;
            self.due = self.due.min(now + AFTER_LOSS);
        }
        now >= self.due
    }

    /// Notes that a comparison has ended.
    fn compared(&mut self, succeeded: bool, now: Moment) {
        if succeeded {
            self.soon = self.soon.saturating_sub(1);
        }
        self.due = now + if self.soon > 0 { AFTER_LOSS } else { BETWEEN_COMPARISONS };
    }
}

impl LostConnections {
    /// Compares the connections periodically. Runs until the task is aborted.
    pub async fn run(self) {
        let mut suspected = HashSet::new();
        let mut schedule = Schedule::new(self.clock.now().moment);
        loop {
            tokio::time::sleep(TICK).await;
            let now = self.clock.now();
            let lost = self.service.records_lost(now).map(|loss| loss.at);
            if !schedule.is_due(lost, now.moment) {
                continue;
            }
            let compared = self.compare(&mut suspected).await;
            schedule.compared(compared.is_ok(), self.clock.now().moment);
            match compared {
                Ok(0) => {}
                Ok(ended) => {
                    self.ended.inc_by(ended as u64);
                    tracing::warn!(ended, "live records had connections that no worker has; they were ended");
                }
                Err(error) => tracing::warn!(%error, "connections could not be compared with the records"),
            }
        }
    }

    /// Ends the connections that no worker had in the previous comparison and that no worker has now. Returns their
    /// number.
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

    /// Returns the connections of `ids` that a worker lacks. Returns all of them if the worker has stopped, and none if
    /// the worker does not answer in time.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_compared_twice_soon_after_a_loss() {
        let at = |secs: u64| Moment(secs * 1_000);
        let mut schedule = Schedule::new(at(0));
        let mut lost = None;
        let mut compared = Vec::new();
        for second in 0..800 {
            lost = match second {
                300 => Some(Timestamp(1)),
                400 => Some(Timestamp(2)),
                _ => lost,
            };
            if schedule.is_due(lost, at(second)) {
                compared.push(second);
                // Redis is away.
                schedule.compared(second != 405, at(second));
            }
        }
        assert_eq!(compared, [180, 305, 310, 405, 410, 415, 595, 775]);
    }
}
