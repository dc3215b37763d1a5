//! The loss of one of several nodes that share their stores (SPEC section 10).

use super::person::{Link, Login};
use super::{GRACE, LEASE, Reference};
use crate::answer::Cause;
use crate::step::WORKERS;
use lamplight_model::{Now, Reason};
use std::collections::BTreeMap;

/// A node that was killed.
#[derive(Debug)]
pub(super) struct Down {
    worker: usize,
    lost: Now,
    /// Whether other nodes have ended the connections of this node.
    is_cleared: bool,
}

impl Reference {
    /// Whether the node of a worker was killed.
    pub fn is_down(&self, worker: usize) -> bool {
        self.down.as_ref().is_some_and(|down| down.worker == worker % WORKERS)
    }

    /// Whether a node can be killed: all nodes are running, so two remain.
    pub fn can_lose(&self) -> bool {
        self.down.is_none()
    }

    /// Whether the node of a worker can be started again.
    pub fn can_start(&self, worker: usize) -> bool {
        self.is_down(worker) && self.down.as_ref().is_some_and(|down| down.is_cleared)
    }

    /// Kills the node of a worker. Its connections count as connected until other nodes end them.
    pub(super) fn lose_node(&mut self, worker: usize) {
        let lost = self.now;
        for connection in self.connections() {
            if self.workers.get(&connection) == Some(&worker) {
                self.ended.insert(connection, Cause::Own);
                self.ghosts.insert(connection, lost);
            }
        }
        self.down = Some(Down { worker, lost, is_cleared: false });
        // Until its lease is over, no node has its duties.
        self.now = self.now.after(LEASE);
    }

    /// Ends the connections of lost nodes.
    pub(super) fn clear_ghosts(&mut self) {
        let now = self.now.moment;
        if let Some(down) = self.down.as_mut().filter(|down| down.lost.moment + LEASE + GRACE <= now) {
            down.is_cleared = true;
        }
        let over: BTreeMap<u64, Now> =
            self.ghosts.extract_if(.., |_, lost| lost.moment + LEASE + GRACE <= now).collect();
        for who in 0..self.people.len() {
            let lost = |login: &Login| match login.link {
                Link::On(connection) => over.get(&connection).copied(),
                Link::Held { .. } | Link::Away { .. } => None,
            };
            if !self.people[who].logins.iter().any(|login| lost(login).is_some()) {
                continue;
            }
            self.alter(who, Reason::NodeLost, |all, person| {
                for place in (0..person.logins.len()).rev() {
                    if let Some(lost) = lost(&person.logins[place]) {
                        person.note_seen(lost.wall);
                        person.leave(place, now + all.settings.timing.login_retention());
                    }
                }
            });
        }
    }
}
