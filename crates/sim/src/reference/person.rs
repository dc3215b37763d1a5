//! One user of the model.

use crate::step::{DEVICES, Device, Who};
use lamplight_model::{Moment, Now, Reason, StatusType, Timestamp};
use std::collections::BTreeSet;

/// A user, with or without an account.
#[derive(Clone, Debug)]
pub(super) struct Person {
    /// When the account was made.
    pub account: Option<Timestamp>,
    /// UserSigs dated before the second of this time do not count, whatever becomes of the account.
    pub revoked: Option<Timestamp>,
    /// Nor do those dated in these seconds.
    pub also_revoked: BTreeSet<u64>,
    /// The seconds of the UserSigs that the user was seen with; not of old ones.
    pub seen: BTreeSet<u64>,
    /// The devices whose last login the facts have, ended Web ones included.
    pub rows: BTreeSet<Device>,
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
    /// Devices whose last login ended otherwise than by its link.
    pub notices: Vec<Mark>,
    /// The rated calls, by operation.
    pub calls: Vec<(Operation, Moment)>,
    /// Counts how often what was known of the user was forgotten or lost.
    pub life: u64,
    /// Counts visible changes.
    pub changes: u64,
    /// When the record went to disk last.
    pub noted: Now,
}

/// How the last login of a device ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Mark {
    pub device: Device,
    /// By another login, not by the device or an operator.
    pub kicked: bool,
    pub told: bool,
}

/// A login.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Login {
    pub device: Device,
    pub at: Timestamp,
    /// The second in which its UserSig is dated.
    pub issued: u64,
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
            also_revoked: BTreeSet::new(),
            seen: BTreeSet::new(),
            rows: BTreeSet::new(),
            is_known: false,
            forgotten_at: None,
            logins: Vec::new(),
            text: String::new(),
            since: None,
            reason: Reason::None,
            last_seen: None,
            list: Vec::new(),
            list_ends: None,
            list_lost: false,
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

    /// Whether a UserSig of this second was revoked.
    pub fn has_revoked(&self, issued: u64) -> bool {
        self.revoked.is_some_and(|at| issued < at.as_secs()) || self.also_revoked.contains(&issued)
    }

    /// Everything older, and everything seen, is revoked.
    pub fn revoke(&mut self, now: Timestamp) {
        let used = self.logins.iter().map(|login| login.issued).chain(self.seen.iter().copied());
        let used: Vec<u64> = used.filter(|issued| *issued >= now.as_secs()).collect();
        self.also_revoked.extend(used);
        self.revoked = self.revoked.max(Some(now));
    }

    /// The user is seen with a UserSig.
    pub fn note_sig(&mut self, issued: u64, now: Timestamp) {
        let from = now.as_secs().saturating_sub(10);
        if issued >= from && self.seen.insert(issued) {
            self.seen.retain(|seen| *seen >= from);
        }
    }

    /// A connection gave its last sign of life.
    pub fn note_seen(&mut self, at: Timestamp) {
        self.last_seen = self.last_seen.max(Some(at.max(self.since.unwrap_or_default())));
    }

    /// The last login of a device has ended in this way.
    pub fn mark(&mut self, device: Device, kicked: bool, told: bool) {
        self.rows.remove(&device);
        self.notices.retain(|mark| mark.device != device);
        self.notices.push(Mark { device, kicked, told });
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
