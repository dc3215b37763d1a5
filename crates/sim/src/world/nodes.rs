//! The parts of a world that depend on the number of its nodes.

use super::{Failed, World};
use crate::step::{USERS, WORKERS};
use crate::worker::Worker;
use lamplight_model::{App, ConnectionId, Now};

impl World {
    /// Does the work that is due, on every node. As in the model, all deadlines come first. Then deleted accounts are
    /// removed from subscription lists.
    ///
    /// A server has no such order. A list whose only user was deleted can therefore end by its deadline, or become
    /// empty before that.
    pub(super) fn keep(&mut self, now: Now) -> Result<(), Failed> {
        let (Some(node), runtime) = (&self.node, &self.runtime) else {
            return Err("the node is down".into());
        };
        let running = || node.services.iter().enumerate().filter(|(worker, _)| self.runs(*worker));
        for (worker, service) in running() {
            let here = self.here(worker, now);
            if let Some(fleet) = &self.fleet {
                runtime.block_on(fleet.clear(worker, service, now))?;
            }
            // The work is done in portions, as in the server, until a portion is not full.
            const LIMIT: usize = 3;
            let mut rounds = 0;
            while runtime.block_on(service.expire_due(LIMIT, here))?.looked_at == LIMIT {
                rounds += 1;
                if rounds > USERS.len() {
                    return Err("an upkeep has left due work undone".into());
                }
            }
        }
        for (worker, service) in running() {
            let here = self.here(worker, now);
            runtime.block_on(service.settle_due(here));
            if runtime.block_on(service.retry(here)) > 0 {
                return Err("an operation waits for a store that does not fail".into());
            }
            service.sweep(here);
        }
        node.directory.maintain(self.here(0, now))?;
        Ok(())
    }

    /// Stores the app on one node. The other nodes then learn of the change.
    pub(super) fn put_app(&self, app: App, worker: usize) -> Result<(), Failed> {
        let node = self.node()?;
        self.runtime.block_on(node.service(worker).put_app(app))?;
        for other in (0..node.services.len()).filter(|other| *other != worker && self.runs(*other)) {
            self.runtime.block_on(node.service(other).refresh_apps())?;
        }
        Ok(())
    }

    /// Kills the node of a worker. `now` is the end of the node's lease.
    pub(super) fn lose_node(&mut self, worker: usize, now: Now) -> Result<(), Failed> {
        let lost = self.clients.iter().filter(|(_, client)| client.worker == worker);
        for connection in lost.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.end(connection);
        }
        let (Some(node), Some(fleet)) = (&self.node, &mut self.fleet) else {
            return Err("there is only one node".into());
        };
        fleet.kill(worker);
        self.runtime.block_on(fleet.pass(&node.services, now))?;
        Ok(())
    }

    /// Starts another run of the node of a worker.
    pub(super) fn start_node(&mut self, worker: usize, now: Now) -> Result<(), Failed> {
        let (Some(node), Some(fleet)) = (&mut self.node, &mut self.fleet) else {
            return Err("there is only one node".into());
        };
        let starting = fleet.start_node(worker, &node.facts, &node.directory, now);
        node.services[worker] = self.runtime.block_on(starting)?;
        self.runtime.block_on(node.services[worker].begin_in_cluster())?;
        self.runtime.block_on(fleet.tick(&node.services, now))?;
        self.workers[worker] = Worker::default();
        Ok(())
    }

    /// Whether the process of a worker runs.
    fn runs(&self, worker: usize) -> bool {
        self.fleet.as_ref().is_none_or(|fleet| fleet.runs(worker))
    }

    /// A worker whose process is running.
    pub(super) fn any_worker(&self) -> usize {
        let worker = self.steps % WORKERS;
        if self.runs(worker) { worker } else { (worker + 1) % WORKERS }
    }

    /// The id of a connection to a worker.
    pub(super) fn connection_id(&self, worker: usize, connection: u64) -> ConnectionId {
        let alone = || ConnectionId::alone(connection);
        self.fleet.as_ref().map_or_else(alone, |fleet| fleet.connection(worker, connection))
    }
}
