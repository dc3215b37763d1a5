//! The picture that a client makes of the statuses it is told: a fold by version, as every SDK does it.

use crate::step::{Device, Who};
use lamplight_model::{UserStatus, Version};
use std::collections::{BTreeMap, BTreeSet};

/// A connection, seen from its client.
#[derive(Clone, Debug)]
pub struct Client {
    /// The user of the client.
    pub who: Who,
    /// On which device.
    pub device: Device,
    /// The worker that it is connected to.
    pub worker: usize,
    /// It does not read.
    pub stalled: bool,
    /// The users that it may be told of, by the rules when its worker last heard everything.
    pub allowed: BTreeSet<Who>,
    picture: BTreeMap<Who, UserStatus>,
    /// Users who may be told once more, at the same version, as they are known: they left the list or are new on it, or
    /// the client had them from an answer while its worker was late to hear of the same change.
    may_repeat: BTreeSet<Who>,
    /// Until everybody has heard everything, all may be told once more: the worker was late when the client came,
    /// or when a friendship ended and began anew.
    lenient: bool,
    /// Deleted accounts that were forgotten while the worker was late.
    pub may_miss: BTreeSet<Who>,
    /// The subscription list, as far as the client was told; `None` when it cannot know.
    list: Option<BTreeSet<Who>>,
}

impl Client {
    /// A client that knows this much from the connection before.
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

    /// An event. Wrong when it tells nothing new.
    pub fn hear(&mut self, of: Who, status: UserStatus) -> Result<(), String> {
        let again = self.may_repeat.remove(&of) || self.lenient;
        if let Some(known) = self.picture.get(&of)
            && (status.version < known.version || (status.version == known.version && !again))
        {
            return Err(format!("told version {} after {}", status.version, known.version));
        }
        self.may_miss.remove(&of);
        self.picture.insert(of, status);
        Ok(())
    }

    /// The answer of a query. It counts as told for those who are watched; a worker that was late will hear of
    /// the same change once more.
    pub fn fold_answer(&mut self, of: Who, status: UserStatus, worker_is_late: bool) {
        if self.allowed.contains(&of) || self.picture.contains_key(&of) {
            self.fold(of, status);
            if worker_is_late {
                self.may_repeat.insert(of);
            }
        }
    }

    /// The answer of a subscription, which may tell what is known.
    pub fn fold(&mut self, of: Who, status: UserStatus) {
        if self.picture.get(&of).is_none_or(|known| known.version <= status.version) {
            self.picture.insert(of, status);
        }
    }

    /// The worker is late, and has yet to hear of what the client has been brought up to date with.
    pub fn expect_repeats(&mut self) {
        self.lenient = true;
    }

    /// Everybody has heard and read everything.
    pub fn expect_no_repeats(&mut self) {
        self.lenient = false;
        self.may_repeat.clear();
    }

    /// Lets go of those who are not watched any longer.
    pub fn keep_only(&mut self, watched: impl Fn(Who) -> bool) {
        self.picture.retain(|of, _| watched(*of));
    }

    /// The subscription list has changed.
    pub fn change_list(&mut self, added: &[Who], left: &[Who]) {
        self.may_repeat.extend(left.iter().chain(added));
        self.allowed.extend(added);
        if let Some(list) = &mut self.list {
            list.retain(|who| !left.contains(who));
            list.extend(added);
        }
    }

    /// The subscription list as a whole.
    pub fn set_list(&mut self, list: &[Who]) {
        self.list = Some(list.iter().copied().collect());
    }

    /// The subscription list, as far as the client was told.
    pub fn list(&self) -> Option<&BTreeSet<Who>> {
        self.list.as_ref()
    }

    /// The picture that the client shows.
    pub fn picture(&self) -> &BTreeMap<Who, UserStatus> {
        &self.picture
    }

    /// The picture that the device still has when its connection is gone.
    pub fn left_behind(&self) -> BTreeMap<Who, UserStatus> {
        let mut picture = self.picture.clone();
        picture.retain(|of, _| !self.may_miss.contains(of));
        picture
    }

    /// The versions that a client sends on resume.
    pub fn known(picture: &BTreeMap<Who, UserStatus>) -> Vec<(Who, Version)> {
        picture.iter().map(|(of, status)| (*of, status.version)).collect()
    }
}
