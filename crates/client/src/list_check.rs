//! Decides when the client must read the subscription list because a friendship has ended. Former friends stay in the
//! cache until the list shows whether the account is subscribed to them.
//!
//! The client gets the list with the first login, and every change of the list over the link. While the link is broken,
//! another device may change the list. The answer to the next login does not contain the list. After such a login, the
//! client reads the list when a friendship ends.

use lamplight_model::{Moment, UserId};
use std::collections::BTreeSet;
use std::mem;

/// The former friends who may still be on the subscription list. They stay in the cache until the client has read the
/// list.
#[derive(Debug, Default)]
pub(crate) struct ListCheck {
    /// `true` if the client's copy of the subscription list equals the server's list.
    is_known: bool,
    former: BTreeSet<UserId>,
    is_sent: bool,
    not_before: Moment,
}

impl ListCheck {
    /// Records a login. The snapshot after the login shows the watched users, so a pending check is dropped. The answer
    /// to the first login also contains the list.
    pub(crate) fn logged_in(&mut self, is_first: bool) {
        *self = Self { is_known: is_first, ..Self::default() };
    }

    /// Returns `true` if the client's copy of the subscription list equals the server's list.
    pub(crate) fn is_known(&self) -> bool {
        self.is_known
    }

    /// Adds former friends.
    pub(crate) fn add(&mut self, former: Vec<UserId>) {
        self.former.extend(former);
    }

    /// Removes users who are watched again, as new friends or by a new subscription.
    pub(crate) fn forget<'a>(&mut self, watched: impl IntoIterator<Item = &'a UserId>) {
        watched.into_iter().for_each(|user| _ = self.former.remove(user));
    }

    /// Returns the time when the list must be read; `None` if no read is necessary or a read is in progress.
    pub(crate) fn due(&self) -> Option<Moment> {
        (!self.is_sent && !self.former.is_empty()).then_some(self.not_before)
    }

    /// Records that the list is being read.
    pub(crate) fn sent(&mut self) {
        self.is_sent = true;
    }

    /// Records that the read was refused temporarily. The list is read again at `not_before`.
    pub(crate) fn refused_until(&mut self, not_before: Moment) {
        (self.is_sent, self.not_before) = (false, not_before);
    }

    /// Records that the list was read. Returns the former friends, whom the caller must look up in the list.
    pub(crate) fn read(&mut self) -> Vec<UserId> {
        self.is_known = true;
        self.give_up()
    }

    /// Ends the check without reading the list, and returns the former friends.
    pub(crate) fn give_up(&mut self) -> Vec<UserId> {
        self.is_sent = false;
        mem::take(&mut self.former).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_read_once_for_all_former_friends_and_again_after_a_refusal() {
        let [ann, bob] = ["ann", "bob"].map(|name| UserId::new(name).unwrap());
        let mut check = ListCheck::default();
        check.logged_in(true);
        assert!(check.is_known());
        check.logged_in(false);
        assert_eq!((check.is_known(), check.due()), (false, None));
        check.add(vec![ann.clone(), bob.clone()]);
        assert_eq!(check.due(), Some(Moment(0)));
        check.sent();
        assert_eq!(check.due(), None, "it is being read");
        check.refused_until(Moment(5_000));
        assert_eq!(check.due(), Some(Moment(5_000)));
        check.forget([&bob]);
        assert_eq!((check.read(), check.is_known(), check.due()), (vec![ann], true, None));
    }
}
