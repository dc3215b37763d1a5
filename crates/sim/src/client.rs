//! The statuses that a simulated client has cached. As in every SDK, the cache has the newest version of each user.

use crate::step::{Device, Who};
use lamplight_model::{UserStatus, Version};
use std::collections::{BTreeMap, BTreeSet};

/// The state of a simulated client on one connection.
#[derive(Clone, Debug)]
pub struct Client {
    /// The user who is logged in.
    pub who: Who,
    /// The user's device.
    pub device: Device,
    /// The worker that serves the connection.
    pub worker: usize,
    /// Whether the client has stopped reading.
    pub stalled: bool,
    /// The users about whom the client may have been notified since its worker last read the whole log.
    pub allowed: BTreeSet<Who>,
    picture: BTreeMap<Who, UserStatus>,
    /// The users whose cached version may be sent once more. The reason is a change of the subscription list, or an
    /// answer with a version that the worker had not read in the log yet.
    may_repeat: BTreeSet<Who>,
    /// Whether the server may send every cached version again, until all workers have read everything. It may do so
    /// after a login at a late worker. It may also do so after a friendship that ended and began again.
    lenient: bool,
    /// The deleted users whose deletion need not be reported to the client. The record of such a user was removed
    /// before the worker read the log entry of the deletion.
    pub may_miss: BTreeSet<Who>,
    /// The subscription list according to the received messages; `None` if the messages do not determine it.
    list: Option<BTreeSet<Who>>,
}

impl Client {
    /// Creates a client. `picture` has the statuses that the device cached on its previous connection.
    pub fn new(who: Who, device: Device, worker: usize, picture: BTreeMap<Who, UserStatus>) -> Self {
        Self {
            who,
            device,
            worker,
            stalled: false,
            allowed: BTreeSet::new(),
            picture,
            may_repeat: BTreeSet::new(),
            lenient: false,
            may_miss: BTreeSet::new(),
            list: None,
        }
    }

    /// Takes a notification. Fails if its version is not newer than the cached version, unless a repeat is allowed.
    pub fn hear(&mut self, of: Who, status: UserStatus) -> Result<(), String> {
        let again = self.may_repeat.remove(&of) || self.lenient;
        if let Some(known) = self.picture.get(&of)
            && (status.version < known.version || (status.version == known.version && !again))
        {
            return Err(format!("sent version {} after {}", status.version, known.version));
        }
        self.may_miss.remove(&of);
        self.picture.insert(of, status);
        Ok(())
    }

    /// Takes the answer to a query, and updates the cache if the user is watched. If `worker_is_late`, a later
    /// notification may repeat the version once.
    pub fn fold_answer(&mut self, of: Who, status: UserStatus, worker_is_late: bool) {
        if self.allowed.contains(&of) || self.picture.contains_key(&of) {
            self.fold(of, status);
            if worker_is_late {
                self.may_repeat.insert(of);
            }
        }
    }

    /// Caches a status, unless the cached status is newer.
    pub fn fold(&mut self, of: Who, status: UserStatus) {
        if self.picture.get(&of).is_none_or(|known| known.version <= status.version) {
            self.picture.insert(of, status);
        }
    }

    /// Allows repeated notifications, because the worker has not read all changes that the client already has.
    pub fn expect_repeats(&mut self) {
        self.lenient = true;
    }

    /// Forbids repeated notifications, because all workers and clients have read everything.
    pub fn expect_no_repeats(&mut self) {
        self.lenient = false;
        self.may_repeat.clear();
    }

    /// Removes from the cache the users for whom `watched` returns `false`.
    pub fn keep_only(&mut self, watched: impl Fn(Who) -> bool) {
        self.picture.retain(|of, _| watched(*of));
    }

    /// Applies a change of the subscription list.
    pub fn change_list(&mut self, added: &[Who], left: &[Who]) {
        self.may_repeat.extend(left.iter().chain(added));
        self.allowed.extend(added);
        if let Some(list) = &mut self.list {
            list.retain(|who| !left.contains(who));
            list.extend(added);
        }
    }

    /// Sets the whole subscription list.
    pub fn set_list(&mut self, list: &[Who]) {
        self.list = Some(list.iter().copied().collect());
    }

    /// The subscription list according to the received messages; `None` if the messages do not determine it.
    pub fn list(&self) -> Option<&BTreeSet<Who>> {
        self.list.as_ref()
    }

    /// The cached statuses.
    pub fn picture(&self) -> &BTreeMap<Who, UserStatus> {
        &self.picture
    }

    /// The statuses that the device still has after the connection has ended.
    pub fn left_behind(&self) -> BTreeMap<Who, UserStatus> {
        let mut picture = self.picture.clone();
        picture.retain(|of, _| !self.may_miss.contains(of));
        picture
    }

    /// The cached versions. A client sends them when it resumes.
    pub fn known(picture: &BTreeMap<Who, UserStatus>) -> Vec<(Who, Version)> {
        picture.iter().map(|(of, status)| (*of, status.version)).collect()
    }
}
