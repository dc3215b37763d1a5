//! The watch list of a connection, and its changes by the connection's own calls, as passed to an audience.

use lamplight_core::Notifications;
use lamplight_directory::{Logged, News};
use lamplight_model::UserId;

/// The users, other than the user itself, that the connections of a user watch, and the notifications that the app
/// allows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct WatchList {
    /// The revision of the record that the subscriptions were read from; 0 if it is not known.
    pub rev: u64,
    /// The users watched by subscription.
    pub subscriptions: Vec<UserId>,
    /// The users watched by mutual friendship, if the app has enabled that.
    pub friends: Vec<UserId>,
    /// The notifications that the app allows.
    pub notified: Notifications,
}

/// A change of the subscription list by a call, as it is passed to the calling connection.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OwnListChange {
    /// The revision of the record with the change.
    pub rev: u64,
    /// Whether the log reports the change too, under this revision. If not, the list did not change.
    pub in_log: bool,
    /// Users that the call added to the list, or that were on it and moved to its end.
    pub subscribed: Vec<UserId>,
    /// Users who have left the list.
    pub unsubscribed: Vec<UserId>,
}

impl OwnListChange {
    pub(crate) fn new(logged: &Logged, subscribed: Vec<UserId>, unsubscribed: Vec<UserId>) -> Self {
        let in_log = logged.entries.iter().any(|entry| matches!(entry.news, News::Subscriptions { .. }));
        Self { rev: logged.rev, in_log, subscribed, unsubscribed }
    }
}
