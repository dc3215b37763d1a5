//! One user of the model.

use crate::step::{DEVICES, Device, Who};
use lamplight_model::{Moment, Now, Reason, StatusType, Timestamp};
use std::collections::BTreeSet;

/// A user, with or without an account.
#[derive(Clone, Debug)]
pub(super) struct Person {
    /// When the account was made.
    pub account: Option<Timestamp>,
    /// UserSigs of this second or before do not count.
    pub revoked: Option<Timestamp>,
    /// As far as the account says so; the live record outlives it.
    pub account_revoked: Option<Timestamp>,
    /// There is a live record: has logged in, and was not forgotten.
    pub is_known: bool,
    /// When the live record of a deleted account is forgotten.
    pub forgotten_at: Option<Moment>,
    /// Earliest first.
    pub logins: Vec<Login>,
    pub text: String,
    pub since: Option<Timestamp>,
    pub reason: Reason,
    pub last_seen: Option<Timestamp>,
    /// Earliest first.
    pub list: Vec<Who>,
    pub list_ends: Option<Moment>,
    pub list_lost: bool,
    pub friends: BTreeSet<Who>,
    /// Devices that were kicked, and whether they were told at once.
    pub notices: Vec<(Device, bool)>,
    /// The rated calls, by operation.
    pub calls: Vec<(Operation, Moment)>,
    /// Counts how often what was known of the user was forgotten or lost.
    pub life: u64,
    /// Counts visible changes.
    pub changes: u64,
    /// When the record went to disk last.
    pub noted: Now,
}

/// A login.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Login {
    pub device: Device,
    pub at: Timestamp,
    pub link: Link,
}

/// How the device of a login is linked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Link {
    /// By this connection.
    On(u64),
    /// No longer, and it still counts.
    Held { until: Moment, reason: Reason },
    /// Not at all.
    Away { lapses: Moment },
}

/// A call with a rate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Operation {
    Query,
    Subscribe,
    Unsubscribe,
    List,
}

impl Default for Person {
    fn default() -> Self {
        Self {
            account: None,
            revoked: None,
            account_revoked: None,
            is_known: false,
            forgotten_at: None,
            logins: Vec::new(),
            text: String::new(),
            since: None,
            reason: Reason::None,
            last_seen: None,
            list: Vec::new(),
            list_ends: None,
            list_lost: true,
            friends: BTreeSet::new(),
            notices: Vec::new(),
            calls: Vec::new(),
            life: 0,
            changes: 0,
            noted: Now::default(),
        }
    }
}

impl Person {
    pub fn is_connected(&self) -> bool {
        self.logins.iter().any(|login| matches!(login.link, Link::On(_)))
    }

    /// The logins that count as connected.
    pub fn present(&self) -> impl Iterator<Item = &Login> {
        self.logins.iter().filter(|login| matches!(login.link, Link::On(_) | Link::Held { .. }))
    }

    /// SPEC section 2.
    pub fn kind(&self) -> StatusType {
        if self.present().next().is_some() {
            StatusType::Online
        } else if self.logins.is_empty() {
            StatusType::Unlogined
        } else {
            StatusType::Offline
        }
    }

    /// The link of a login is gone: a Web login goes with it.
    pub fn leave(&mut self, place: usize, lapses: Moment) {
        if DEVICES[self.logins[place].device].1.is_web() {
            self.logins.remove(place);
        } else {
            self.logins[place].link = Link::Away { lapses };
        }
    }

    /// Whether something of the user has run out.
    pub fn is_due(&self, now: Moment) -> bool {
        let login_is_due = |login: &Login| match login.link {
            Link::On(_) => false,
            Link::Held { until, .. } => until <= now,
            Link::Away { lapses } => lapses <= now,
        };
        let ends = [self.list_ends, self.forgotten_at];
        self.logins.iter().any(login_is_due) || ends.iter().flatten().any(|end| *end <= now)
    }
}
