//! Losses of all live records, and what the node and its workers do after one.

use super::{GRACE, LiveRecords, Process, Seat, Twin, WORKERS, user_of};
use crate::forgetful::Forgetful;
use crate::plan::{HIDER, USERS};
use crate::{DEVICES, Failed};
use lamplight_core::{LeaseTimes, Membership, Reasserted, WatcherKey};
use lamplight_directory::{Directory, LocalNodes, NodeEntry, Nodes};
use lamplight_model::{ConnectionId, DeviceId, Moment, NodeId, User, UserStatus};
use lamplight_service::{Audience, OpenConnection, PutBack, Service, ThrottleLimits};
use std::sync::Arc;
use std::time::Duration;

const TIMES: LeaseTimes = LeaseTimes { lease: Duration::from_secs(9), grace: GRACE };
const HERE: NodeId = NodeId(0);

/// The interval at which a worker tries to read statuses after a loss of records, and the time for which it tries.
const RETRY_EVERY: Duration = Duration::from_millis(250);
const RETRY_FOR: Duration = Duration::from_secs(6);

impl Twin {
    pub(super) async fn start_in_cluster(&mut self) -> Result<(), Failed> {
        let directory = Arc::new(Forgetful::default());
        let nobody_waits = ThrottleLimits { failures_per_address: u32::MAX };
        let live = Arc::clone(&directory) as Arc<dyn Directory>;
        let service = Service::new(Arc::clone(&self.facts), live, directory.log(), nobody_waits)
            .in_cluster(Membership::new(HERE, TIMES), TIMES.grace);
        service.begin_in_cluster().await?;
        let rate = self.rate;
        let seat = |_| Seat { audience: Audience::new(rate, None), reader: directory.log().follow() };
        let seats = (0..WORKERS).map(seat).collect();
        self.process = Some(Process { live: LiveRecords::Outside(directory), service, seats });
        Ok(())
    }

    /// Loses all live records. The node puts its open connections back, and rebuilds the records of the other users.
    pub async fn lose(&mut self, hider_goes: bool) -> Result<(), Failed> {
        let everybody: Vec<User> = (0..USERS).map(user_of).collect();
        let LiveRecords::Outside(directory) = &self.process()?.live else {
            return Err("a process does not lose its records".into());
        };
        let directory = Arc::clone(directory);
        // A late worker reads what the log has, and what it could not read before.
        let dozing = std::mem::take(&mut self.dozing);
        self.pump().await?;
        self.dozing = dozing;
        directory.lose(&everybody, self.now.wall);
        self.lost = Some(self.now.moment);
        self.seats().iter_mut().for_each(|seat| seat.audience.count_missed());
        self.beat().await?;
        self.process()?.service.observe_epoch(self.now);
        for connection in self.links.keys().copied().collect::<Vec<_>>() {
            let of_hider = self.links.get(&connection).is_some_and(|link| link.who == HIDER);
            let goes = of_hider && hider_goes || self.is_waiting(connection);
            let is_put_back = !goes && self.put_back(connection).await?;
            if !is_put_back {
                self.note(connection, "closed".into());
                self.forget(connection);
            }
        }
        let service = &self.process()?.service;
        let logged_in = service.users_logged_in(None, 100).await?;
        service.restore_absent(&logged_in, self.now).await?;
        let restricted = service.users_restricted(None, 100).await?;
        service.restore_absent(&restricted, self.now).await?;
        for worker in 0..WORKERS {
            let audience = &self.process()?.seats[worker].audience;
            let users: Vec<User> = audience.users().cloned().collect();
            let watchers: Vec<WatcherKey> = audience.members().map(|(watcher, _)| watcher).collect();
            for watcher in watchers {
                self.settle(worker, watcher).await?;
            }
            self.read(worker, &users).await?;
        }
        Ok(())
    }

    /// Puts a connection back into the record of its user. Returns whether the record has it.
    async fn put_back(&mut self, connection: u64) -> Result<bool, Failed> {
        let Some(link) = self.links.get(&connection) else { return Ok(false) };
        let (who, worker, watcher) = (link.who, link.worker, link.watcher);
        let (login, issued, (device, platform)) = (link.login, link.issued, DEVICES[link.device]);
        let user = user_of(who);
        let audience = &self.process()?.seats[worker].audience;
        let newest = || UserStatus::try_from(audience.newest(&user)?.0.message()).ok();
        let open = OpenConnection {
            connection: ConnectionId::alone(connection),
            device: DeviceId::new(device)?,
            platform,
            login,
            issued,
            recorded_in: link.recorded_in,
            told: audience.ahead_of_newest(&user).cloned().or_else(newest),
            subscriptions: audience.subscriptions(watcher).cloned().collect(),
            user,
        };
        let PutBack { outcome, rev, recorded_in } =
            self.process()?.service.put_back(&open, self.now.moment, self.now).await?;
        if outcome == Reasserted::PutBack {
            self.seats()[worker].audience.entered_again(watcher, rev);
        }
        let is_in = outcome != Reasserted::Refused;
        if let Some(link) = self.links.get_mut(&connection).filter(|_| is_in) {
            link.recorded_in = Some(recorded_in);
        }
        Ok(is_in)
    }

    /// Renews the lease of the node, so that it has its duties.
    pub(super) async fn beat(&self) -> Result<(), Failed> {
        let nodes = LocalNodes::default();
        let register = nodes.join(&NodeEntry { id: HERE, ..NodeEntry::default() }, self.now).await?;
        self.process()?.service.duties().observe(&register, self.now.moment);
        Ok(())
    }

    /// The time of the next attempt of the workers to read statuses after a loss of records.
    pub(super) fn next_retry(&self) -> Option<Moment> {
        let passed = self.now.moment.since(self.lost?);
        let next = RETRY_EVERY * (passed.as_millis() / RETRY_EVERY.as_millis() + 1) as u32;
        (next <= RETRY_FOR).then_some(self.lost? + next)
    }
}
