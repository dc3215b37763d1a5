//! The statuses that a client has: of each user the highest version that it was sent, as in every SDK.

use crate::step::{Device, Who};
use lamplight_model::{UserStatus, Version};
use std::collections::{BTreeMap, BTreeSet};

/// A connection as its client sees it.
#[derive(Clone, Debug)]
pub struct Client {
    /// The user of the client.
    pub who: Who,
    /// The device of the client.
    pub device: Device,
    /// The worker that it is connected to.
    pub worker: usize,
    /// Whether the client has stopped reading.
    pub stalled: bool,
    /// The users that the client may be notified of, by the rules at the last time at which its worker had read the
    /// whole log.
    pub allowed: BTreeSet<Who>,
    picture: BTreeMap<Who, UserStatus>,
    /// The users whose known version may be sent once more, because they were added to or removed from the subscription
    /// list, or because the client got the version in an answer before its worker had read the change.
    may_repeat: BTreeSet<Who>,
    /// Whether every known version may be sent once more, until all workers have read everything: the worker was late
    /// when the client came, or when a friendship ended and began again.
    lenient: bool,
    /// Deleted accounts whose records were removed while the worker was late.
    pub may_miss: BTreeSet<Who>,
    /// The subscription list as the client knows it; `None` if the client cannot know it.
    list: Option<BTreeSet<Who>>,
}

impl Client {
    /// Creates a client that kept these statuses from the connection before.
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

    /// Handles a notification. Fails if its version is not newer.
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

    /// Handles the answer to a query. For watched users it counts as a notification; a worker that has not read the
    /// change yet will send it once more.
    pub fn fold_answer(&mut self, of: Who, status: UserStatus, worker_is_late: bool) {
        if self.allowed.contains(&of) || self.picture.contains_key(&of) {
            self.fold(of, status);
            if worker_is_late {
                self.may_repeat.insert(of);
            }
        }
    }

    /// Handles the answer to a subscription, which may repeat known statuses.
    pub fn fold(&mut self, of: Who, status: UserStatus) {
        if self.picture.get(&of).is_none_or(|known| known.version <= status.version) {
            self.picture.insert(of, status);
        }
    }

    /// Allows repeated notifications, because the worker is late and has yet to read the changes that the client
    /// already has.
    pub fn expect_repeats(&mut self) {
        self.lenient = true;
    }

    /// Forbids repeated notifications, because all workers and clients have read everything.
    pub fn expect_no_repeats(&mut self) {
        self.lenient = false;
        self.may_repeat.clear();
    }

    /// Drops the users who are not watched any longer.
    pub fn keep_only(&mut self, watched: impl Fn(Who) -> bool) {
        self.picture.retain(|of, _| watched(*of));
    }

    /// Handles a change of the subscription list.
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

    /// Returns the subscription list as the client knows it.
    pub fn list(&self) -> Option<&BTreeSet<Who>> {
        self.list.as_ref()
    }

    /// The statuses that the client shows.
    pub fn picture(&self) -> &BTreeMap<Who, UserStatus> {
        &self.picture
    }

    /// The statuses that the device keeps after its connection has ended.
    pub fn left_behind(&self) -> BTreeMap<Who, UserStatus> {
        let mut picture = self.picture.clone();
        picture.retain(|of, _| !self.may_miss.contains(of));
        picture
    }

    /// The versions that a client sends with a resume.
    pub fn known(picture: &BTreeMap<Who, UserStatus>) -> Vec<(Who, Version)> {
        picture.iter().map(|(of, status)| (*of, status.version)).collect()
    }
}
