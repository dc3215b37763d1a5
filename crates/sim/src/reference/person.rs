//! The state of one user in the model.

use crate::step::{DEVICES, Device, Who};
use lamplight_model::{Moment, Now, Reason, StatusType, Timestamp};
use std::collections::BTreeSet;

/// A user of the history, with or without an account.
#[derive(Clone, Debug)]
pub(super) struct Person {
    /// The time when the account was created; `None` if the user has none.
    pub account: Option<Timestamp>,
    /// The time of the last revocation. UserSigs that were issued in an earlier second are revoked, even if the account
    /// was created after the revocation.
    pub revoked: Option<Timestamp>,
    /// The issue times of the other revoked UserSigs, in seconds.
    pub also_revoked: BTreeSet<u64>,
    /// The issue times of the recently used UserSigs, in seconds.
    pub seen: BTreeSet<u64>,
    /// The devices whose last login is in the facts. The logins of Web devices stay there after their end.
    pub rows: BTreeSet<Device>,
    /// Whether the user has a live record. A login, a kick or a deletion creates it.
    pub is_known: bool,
    /// The time at which the live record of a deleted account is removed; `None` if the account exists.
    pub forgotten_at: Option<Moment>,
    /// The logins, in the order of their times.
    pub logins: Vec<Login>,
    pub text: String,
    /// The end of the text; `None` if it stays until it is cleared.
    pub text_end: Option<TextEnd>,
    pub since: Option<Timestamp>,
    pub reason: Reason,
    pub last_seen: Option<Timestamp>,
    /// The subscription list, in the order of the subscriptions.
    pub list: Vec<Who>,
    pub list_ends: Option<Moment>,
    pub list_lost: bool,
    pub friends: BTreeSet<Who>,
    /// The end marks of devices whose last login ended with a kick, a logout or the expiry of the UserSig.
    pub notices: Vec<Mark>,
    /// The calls that count for the rate limits, with their times.
    pub calls: Vec<(Operation, Moment)>,
    /// The number of times that the user's record was removed or lost.
    pub life: u64,
    /// The number of changes of the status type or the custom status.
    pub changes: u64,
    /// The time at which the record was last written to disk.
    pub noted: Now,
}

/// The end of a custom status: the time when it is cleared, and the time that is shown to others.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TextEnd {
    pub due: Moment,
    pub shown: Timestamp,
}

/// The end mark of a device: how its last login ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Mark {
    pub device: Device,
    /// `true` if another login has kicked the device. `false` if it logged out, its UserSig expired, or the backend
    /// kicked the user.
    pub kicked: bool,
    pub told: bool,
}

/// A login of a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Login {
    pub device: Device,
    pub at: Timestamp,
    /// The issue time of the login's UserSig, in seconds.
    pub issued: u64,
    pub link: Link,
}

/// The state of a device's link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Link {
    /// The device is connected. The value is the connection.
    On(u64),
    /// The link has ended, and the device still counts as connected because of the linger.
    Held { until: Moment, reason: Reason },
    /// The device is disconnected. Its login ends at `lapses`.
    Away { lapses: Moment },
}

/// An operation with a rate limit.
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
            text_end: None,
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

    /// The logins whose devices count as connected.
    pub fn present(&self) -> impl Iterator<Item = &Login> {
        self.logins.iter().filter(|login| matches!(login.link, Link::On(_) | Link::Held { .. }))
    }

    /// The status type (SPEC section 2).
    pub fn kind(&self) -> StatusType {
        if self.present().next().is_some() {
            StatusType::Online
        } else if self.logins.is_empty() {
            StatusType::Unlogined
        } else {
            StatusType::Offline
        }
    }

    /// Whether a UserSig with the issue time `issued`, in seconds, is revoked.
    pub fn has_revoked(&self, issued: u64) -> bool {
        self.revoked.is_some_and(|at| issued < at.as_secs()) || self.also_revoked.contains(&issued)
    }

    /// Revokes every UserSig that was issued in an earlier second than `now`, and every UserSig that was used recently.
    pub fn revoke(&mut self, now: Timestamp) {
        let used = self.logins.iter().map(|login| login.issued).chain(self.seen.iter().copied());
        let used: Vec<u64> = used.filter(|issued| *issued >= now.as_secs()).collect();
        self.also_revoked.extend(used);
        self.revoked = self.revoked.max(Some(now));
    }

    /// Records the use of a UserSig with the issue time `issued`, in seconds.
    pub fn note_sig(&mut self, issued: u64, now: Timestamp) {
        let from = now.as_secs().saturating_sub(10);
        if issued >= from && self.seen.insert(issued) {
            self.seen.retain(|seen| *seen >= from);
        }
    }

    /// Updates the time at which the user was last connected.
    pub fn note_seen(&mut self, at: Timestamp) {
        self.last_seen = self.last_seen.max(Some(at.max(self.since.unwrap_or_default())));
    }

    /// Records how the last login of a device ended.
    pub fn mark(&mut self, device: Device, kicked: bool, told: bool) {
        self.rows.remove(&device);
        self.notices.retain(|mark| mark.device != device);
        self.notices.push(Mark { device, kicked, told });
    }

    /// Disconnects a device. The login of a Web device ends. The login of a native device stays until `lapses`.
    pub fn leave(&mut self, place: usize, lapses: Moment) {
        if DEVICES[self.logins[place].device].1.is_web() {
            self.logins.remove(place);
        } else {
            self.logins[place].link = Link::Away { lapses };
        }
    }

    /// Whether the duration of the custom status has passed.
    pub fn is_text_over(&self, now: Moment) -> bool {
        self.text_end.is_some_and(|end| end.due <= now)
    }

    /// Whether a deadline of the user has passed.
    pub fn is_due(&self, now: Moment) -> bool {
        let login_is_due = |login: &Login| match login.link {
            Link::On(_) => false,
            Link::Held { until, .. } => until <= now,
            Link::Away { lapses } => lapses <= now,
        };
        let ends = [self.list_ends, self.forgotten_at];
        self.is_text_over(now)
            || self.logins.iter().any(login_is_due)
            || ends.iter().flatten().any(|end| *end <= now)
    }
}
