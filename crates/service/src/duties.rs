//! The duties of this node, by its view of the nodes of its cluster.

use lamplight_core::{Duty, LostNode, Membership};
use lamplight_directory::Register;
use lamplight_model::Moment;
use parking_lot::Mutex;

/// The duties of this node. A node without a cluster has every duty.
#[derive(Default)]
pub struct Duties(Option<Mutex<Membership>>);

impl Duties {
    /// The duties of a node among others.
    pub fn among(membership: Membership) -> Self {
        Self(Some(Mutex::new(membership)))
    }

    /// Takes in the register of nodes, as it was read at `now` by this node's own clock.
    pub fn observe(&self, register: &Register, now: Moment) {
        if let Some(membership) = &self.0 {
            membership.lock().observe(register.sightings(), now);
        }
    }

    /// Whether this node does a duty now.
    pub fn has(&self, duty: Duty) -> bool {
        self.0.as_ref().is_none_or(|membership| membership.lock().has_duty(duty))
    }

    /// A number that changes when nodes come or go, and duties may have passed to others.
    pub fn generation(&self) -> u64 {
        let live = self.0.as_ref().map(|membership| membership.lock().live()).unwrap_or_default();
        // The sum of ids that are all different changes with the set, but for a chance that does no harm.
        live.into_iter().fold(0, |sum, node| sum.wrapping_add(node.0))
    }

    /// The nodes that are lost, and whose connections have to be cleared.
    pub fn lost_nodes(&self) -> Vec<LostNode> {
        self.0.as_ref().map(|membership| membership.lock().lost()).unwrap_or_default()
    }

    /// Whether this node has not reached the directory for the length of a lease.
    pub fn is_cut_off(&self, now: Moment) -> bool {
        self.0.as_ref().is_some_and(|membership| membership.lock().is_cut_off(now))
    }

    /// The number of nodes that are not silent, this one included.
    pub fn live_nodes(&self) -> usize {
        self.0.as_ref().map_or(1, |membership| membership.lock().live().len())
    }
}
