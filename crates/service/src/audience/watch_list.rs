//! The watch list of a connection, and the changes that the connection's own calls make.

use lamplight_core::{Notifications, RecordEpoch};
use lamplight_directory::{Logged, News};
use lamplight_model::{UserId, Version};

/// The users that a user's connections watch besides their own user, and the notifications that the app allows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct WatchList {
    /// The revision of the record that the subscriptions were read from; 0 if it is unknown.
    pub rev: u64,
    /// The version of the user's own status in that record.
    pub version: Version,
    /// The users on the subscription list.
    pub subscriptions: Vec<UserId>,
    /// The mutual friends; empty unless the app's settings notify friends.
    pub friends: Vec<UserId>,
    /// The notifications that the app allows.
    pub notified: Notifications,
    /// An epoch in which the record of the revision `rev` had the connection; `None` if no such epoch is known.
    pub recorded_in: Option<RecordEpoch>,
}

/// A change of the subscription list by a call, for the connection that made the call.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OwnListChange {
    /// The revision of the record after the change.
    pub rev: u64,
    /// Whether the change log has an entry for the change, with the revision `rev`. `false` if the call added and
    /// removed no user.
    pub in_log: bool,
    /// Users that the call added, or moved to the end of the list.
    pub subscribed: Vec<UserId>,
    /// Users who were removed from the list.
    pub unsubscribed: Vec<UserId>,
}

impl OwnListChange {
    pub(crate) fn new(logged: &Logged, subscribed: Vec<UserId>, unsubscribed: Vec<UserId>) -> Self {
        let in_log = logged.entries.iter().any(|entry| matches!(entry.news, News::Subscriptions { .. }));
        Self { rev: logged.rev, in_log, subscribed, unsubscribed }
    }
}
