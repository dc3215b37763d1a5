//! The effects of the change log that an audience cannot carry out itself.

use lamplight_core::{EndCause, WatcherKey};
use lamplight_directory::ListsNews;
use lamplight_model::{AppId, Profile, User, UserId};
use std::sync::Arc;

/// An action that the caller must take after [`Audience::hear`](super::Audience::hear).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Close a connection with a reason.
    Close {
        /// The connection.
        watcher: WatcherKey,
        /// The reason.
        cause: EndCause,
    },
    /// Notify a connection that another device has changed the subscription list.
    ListChanged {
        /// The connection.
        watcher: WatcherKey,
        /// Users who are new on the list.
        subscribed: Vec<UserId>,
        /// Users who left the list.
        unsubscribed: Vec<UserId>,
    },
    /// Read the changed settings of an app, and pass them to
    /// [`Audience::set_notifications`](super::Audience::set_notifications).
    AppChanged(AppId),
    /// Notify a connection of a change of its user's lists, in the order of the versions; the connection whose call
    /// made the change gets it with its answer.
    Lists {
        /// The connection.
        watcher: WatcherKey,
        /// The change.
        news: Arc<ListsNews>,
    },
    /// Read the lists version of a connection's user, and have the client read its lists again.
    RereadLists(WatcherKey),
    /// Notify a connection of the new profile of a friend.
    FriendProfile {
        /// The connection.
        watcher: WatcherKey,
        /// The owner of the profile.
        friend: UserId,
        /// The profile.
        profile: Arc<Profile>,
    },
    /// Read the watch list of a connection again, and pass it to
    /// [`Audience::set_watch_list`](super::Audience::set_watch_list).
    Reload(WatcherKey),
    /// Read the status of a user, and [deliver](super::Audience::tell) it.
    Read(User),
}
