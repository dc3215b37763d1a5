//! Actions that an audience requests from its caller.

use lamplight_core::{EndCause, WatcherKey};
use lamplight_directory::ListsNews;
use lamplight_model::{AppId, Profile, User, UserId};
use std::sync::Arc;

/// An action that the caller has to execute after a call of the audience.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Close a connection and send the cause.
    Close {
        /// The connection.
        watcher: WatcherKey,
        /// The cause that is sent.
        cause: EndCause,
    },
    /// Notify a connection that another device has changed the subscription list.
    ListChanged {
        /// The connection.
        watcher: WatcherKey,
        /// Users who are new on the list.
        subscribed: Vec<UserId>,
        /// Users who were removed from the list.
        unsubscribed: Vec<UserId>,
    },
    /// Read the changed settings of an app, and pass them to
    /// [`Audience::set_notifications`](super::Audience::set_notifications).
    AppChanged(AppId),
    /// Notify a connection of a change of its user's lists. If the connection itself requested the change, its answer
    /// contains the lists version.
    Lists {
        /// The connection.
        watcher: WatcherKey,
        /// The change.
        news: Arc<ListsNews>,
    },
    /// Read the lists version of a connection's user. Then notify the client that it must read its lists again.
    RereadLists(WatcherKey),
    /// Notify a connection of the new profile of a friend.
    FriendProfile {
        /// The connection.
        watcher: WatcherKey,
        /// The friend with the new profile.
        friend: UserId,
        /// The friend's new profile.
        profile: Arc<Profile>,
    },
    /// Read the watch list of a connection again, and pass it to
    /// [`Audience::set_watch_list`](super::Audience::set_watch_list).
    Reload(WatcherKey),
    /// Read the status of a user, and pass it to [`Audience::tell`](super::Audience::tell).
    Read(User),
}
