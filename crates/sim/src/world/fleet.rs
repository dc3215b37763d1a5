//! Several nodes that share their stores: their leases, their clocks, and the disturbed delivery of the change log to
//! each node.
//!
//! Each worker of the world belongs to a node of its own. The clocks of the nodes are wrong by minutes. The operations
//! of the nodes nevertheless get the time of the directory.
//!
//! A killed node is silent. When the other nodes have ended its connections, another run of the node joins.

use super::Failed;
use crate::random::Random;
use crate::reference::{GRACE, LEASE};
use lamplight_core::{LeaseTimes, Membership, SharedClock};
use lamplight_directory::{
    ChangeLog, Directory, Heard, InProcessDirectory, LocalNodes, LogEntry, NodeEntry, Nodes, Partitions,
};
use lamplight_facts::Facts;
use lamplight_model::{ConnectionId, Moment, NodeId, Now, Timestamp};
use lamplight_service::{CallWindows, RecordedCursor, Service, ThrottleLimits};
use std::sync::Arc;

const TIMES: LeaseTimes = LeaseTimes { lease: LEASE, grace: GRACE };

/// The nodes of a world.
pub(super) struct Fleet {
    nodes: LocalNodes,
    members: Vec<Member>,
    limits: Arc<CallWindows>,
    random: Random,
    /// The number of runs of nodes that were started.
    runs: u64,
    ticked: Now,
    /// The worker whose node was killed and not started again; `None` if all nodes run.
    down: Option<usize>,
}

/// One run of a node.
struct Member {
    id: NodeId,
    /// The moment of the history at which the local clock started.
    origin: u64,
    /// The time in milliseconds by which the local wall clock is ahead of the correct time.
    wall_ahead: i64,
    clock: SharedClock,
}

impl Fleet {
    pub fn new(now: Now) -> Self {
        Self {
            nodes: LocalNodes::default(),
            members: Vec::new(),
            limits: Arc::default(),
            random: Random::new(now.wall.0),
            runs: 0,
            ticked: now,
            down: None,
        }
    }

    /// Whether the node of a worker is running.
    pub fn runs(&self, worker: usize) -> bool {
        self.down != Some(worker)
    }

    /// Kills the node of a worker.
    pub fn kill(&mut self, worker: usize) {
        self.down = Some(worker);
    }

    /// Starts a node for this worker.
    pub async fn start_node(
        &mut self,
        worker: usize,
        facts: &Arc<dyn Facts>,
        directory: &Arc<InProcessDirectory>,
        now: Now,
    ) -> Result<Service, Failed> {
        self.runs += 1;
        self.down = self.down.filter(|down| *down != worker);
        // The clocks of two nodes differ by many minutes, in both directions.
        let wall_ahead = (self.runs as i64 % 5 - 2) * 600_000;
        let origin = now.moment.0 - self.runs * 7_919 % 5_000;
        let id = NodeId(self.runs << 16);
        let mut member = Member { id, origin, wall_ahead, clock: SharedClock::default() };
        let entry = NodeEntry { id, ..NodeEntry::default() };
        self.nodes.join(&entry, now).await?;
        let local = member.local(now);
        member.clock.measure(local.moment, local.moment, now);
        if worker < self.members.len() {
            self.members[worker] = member;
        } else {
            self.members.push(member);
        }
        let nobody_waits = ThrottleLimits { failures_per_address: u32::MAX };
        let live = Arc::clone(directory) as Arc<dyn Directory>;
        let log = Arc::clone(directory) as Arc<dyn ChangeLog>;
        let service = Service::new(Arc::clone(facts), live, log, nobody_waits)
            .with_limits(Box::new(Arc::clone(&self.limits)))
            .in_cluster(Membership::new(id, TIMES), GRACE);
        Ok(service)
    }

    /// The time, as the node of a worker knows it.
    pub fn here(&self, worker: usize, now: Now) -> Now {
        let member = &self.members[worker];
        member.clock.at(member.local(now))
    }

    /// The id of a connection to a worker.
    pub fn connection(&self, worker: usize, connection: u64) -> ConnectionId {
        ConnectionId::new(self.members[worker].id, connection)
    }

    /// Advances the time to `now`. Meanwhile, the running nodes renew their leases and read the register.
    pub async fn pass(&mut self, services: &[Service], now: Now) -> Result<(), Failed> {
        while self.ticked.moment < now.moment {
            let step = TIMES.renew_every().min(now.moment.since(self.ticked.moment));
            self.ticked = self.ticked.after(step);
            self.tick(services, self.ticked).await?;
        }
        Ok(())
    }

    /// Makes every running node renew its lease. Then makes every running node read the register. A node that read the
    /// register before all had renewed would see their beats one tick later than the model.
    pub async fn tick(&mut self, services: &[Service], now: Now) -> Result<(), Failed> {
        let down = self.down;
        let running = |worker: &usize| down != Some(*worker);
        for member in (0..services.len()).filter(running).map(|worker| &self.members[worker]) {
            let entry = NodeEntry { id: member.id, ..NodeEntry::default() };
            let renewed = self.nodes.renew(&entry, now).await?;
            renewed.ok_or("a node that renews its lease was taken for lost")?;
        }
        let register = self.nodes.read(now).await?;
        for worker in (0..services.len()).filter(running) {
            let member = &mut self.members[worker];
            let local = member.local(now);
            member.clock.measure(local.moment, local.moment, register.at);
            services[worker].duties().observe(&register, local.moment);
        }
        Ok(())
    }

    /// Clears, in pages, the connections of nodes that a worker's node considers lost.
    pub async fn clear(&self, worker: usize, service: &Service, now: Now) -> Result<(), Failed> {
        let (here, local) = (self.here(worker, now), self.members[worker].local(now));
        for lost in service.duties().lost_nodes(local.moment) {
            let mut place = Some(RecordedCursor::default());
            while let Some(from) = place {
                let page = service.clear_lost_node(lost, from, here).await?;
                place = page.next;
            }
            if service.has_no_connections(lost.node).await? {
                self.nodes.remove_lost(lost.node, lost.beat).await?;
                service.duties().forget(lost.node);
            }
        }
        Ok(())
    }

    /// Disturbs the delivery of log entries to a node. Entries of different users change places, and some come twice.
    /// Sometimes all entries are lost; the returned [`Heard`] then says so.
    pub fn disturb(&mut self, entries: Vec<Arc<LogEntry>>, heard: Heard) -> (Vec<Arc<LogEntry>>, Heard) {
        if !entries.is_empty() && self.random.once_in(60) {
            return (Vec::new(), Heard::Missed(Partitions::Every));
        }
        let mut arrived: Vec<Arc<LogEntry>> = Vec::new();
        for entry in entries {
            let last_of_user = arrived.iter().rposition(|other| other.user == entry.user);
            let earliest = last_of_user.map_or(0, |place| place + 1);
            let place = earliest + self.random.below(arrived.len() - earliest + 1);
            if self.random.once_in(4) {
                arrived.insert(place, Arc::clone(&entry));
            }
            arrived.insert(place, entry);
        }
        (arrived, heard)
    }
}

impl Member {
    /// The time by the clocks of the node itself.
    fn local(&self, now: Now) -> Now {
        Now {
            moment: Moment(now.moment.0.saturating_sub(self.origin)),
            wall: Timestamp(now.wall.0.saturating_add_signed(self.wall_ahead)),
        }
    }
}
