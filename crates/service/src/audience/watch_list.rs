//! The watch list of a connection, and its changes by the connection's own calls, as they are handed to an audience.

use lamplight_core::Notifications;
use lamplight_directory::{Logged, News};
use lamplight_model::UserId;

/// The users that the connections of a user watch, besides the user, and whether they are told of them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct WatchList {
    /// The revision of the record from which the subscriptions are; 0 where it is not known.
    pub rev: u64,
    /// By subscription.
    pub subscriptions: Vec<UserId>,
    /// By mutual friendship, if the app has switched that on.
    pub friends: Vec<UserId>,
    /// The notifications that the app allows.
    pub notified: Notifications,
}

/// A change of a subscription list by a call, as the connection that called hears of it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct OwnListChange {
    /// The revision of the record with which it was made.
    pub rev: u64,
    /// The log tells of it under this revision, too. Otherwise the list was so already.
    pub in_log: bool,
    /// Users who were put on the list by it, new or renewed.
    pub subscribed: Vec<UserId>,
    /// Users who left the list.
    pub unsubscribed: Vec<UserId>,
}

impl OwnListChange {
    pub(crate) fn new(logged: &Logged, subscribed: Vec<UserId>, unsubscribed: Vec<UserId>) -> Self {
        let in_log = logged.entries.iter().any(|entry| matches!(entry.news, News::Subscriptions { .. }));
        Self { rev: logged.rev, in_log, subscribed, unsubscribed }
    }
}
