//! The effects of the change log that an audience cannot see to itself.

use lamplight_core::{EndCause, WatcherKey};
use lamplight_directory::ListsNews;
use lamplight_model::{AppId, Profile, User, UserId};
use std::sync::Arc;

/// An action that the caller must take after [`Audience::hear`](super::Audience::hear).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Close a connection and tell it why.
    Close {
        /// Which one.
        watcher: WatcherKey,
        /// Why.
        cause: EndCause,
    },
    /// Tell a connection that another device has changed the subscription list.
    ListChanged {
        /// Which one.
        watcher: WatcherKey,
        /// Users who are new on the list.
        subscribed: Vec<UserId>,
        /// Users who left the list.
        unsubscribed: Vec<UserId>,
    },
    /// The settings of an app have changed: look what it allows, and hand it to [`Audience::set_notifications`](super::Audience::set_notifications).
    AppChanged(AppId),
    /// Tell a connection of a change of its user's lists, in the order of the versions; the one whose call did it
    /// is told by its answer.
    Lists {
        /// Which one.
        watcher: WatcherKey,
        /// The change.
        news: Arc<ListsNews>,
    },
    /// Find out how far the lists of a connection's user are, and have them read again.
    RereadLists(WatcherKey),
    /// Tell a connection what a friend shows now.
    FriendProfile {
        /// Which one.
        watcher: WatcherKey,
        /// The owner of the profile.
        friend: UserId,
        /// The profile.
        profile: Arc<Profile>,
    },
    /// Read the watch list of a connection again, and hand it to [`Audience::set_watch_list`](super::Audience::set_watch_list).
    Reload(WatcherKey),
    /// Read the status of a user, and [tell](super::Audience::tell) it.
    Read(User),
}
