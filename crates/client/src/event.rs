//! The events that the client reports to the application.

use crate::{Abilities, ConversationInfo, FriendInfo, LinkEnd, Refused, UserInfo};
use lamplight_model::{Message, Platform, UserId, UserStatus};
use std::time::Duration;

/// An event of the client.
///
/// [`StatusChanged`](Self::StatusChanged) and [`NotWatched`](Self::NotWatched) together report every entry that is
/// added to the local cache, changes in it, or is removed from it: an application that applies them in order has the
/// same state as [`Client::cached`](crate::Client::cached).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// An attempt to connect begins.
    Connecting,
    /// The client is connected and logged in.
    Connected {
        /// Whether the SDK reconnected on its own; false for a login by the application.
        resumed: bool,
    },
    /// An attempt to connect or to log in failed.
    ConnectFailed {
        /// The reason.
        why: LinkEnd,
        /// The wait before the next attempt; `None` if the login has failed for good.
        retry_in: Option<Duration>,
    },
    /// The link broke. The SDK reconnects on its own.
    Disconnected {
        /// The reason.
        why: LinkEnd,
        /// The wait before the next attempt.
        retry_in: Duration,
    },
    /// Statuses that are new or newer, each user once. After a reconnect, one event has all differences.
    StatusChanged(Vec<UserStatus>),
    /// These users are not watched any longer and have left the local cache.
    NotWatched(Vec<UserId>),
    /// Another device of this account, or the server API, has changed the subscription list.
    SubscriptionsChanged {
        /// The users that were subscribed to.
        subscribed: Vec<UserId>,
        /// The users that were unsubscribed from.
        unsubscribed: Vec<UserId>,
    },
    /// The app's settings have changed the abilities of this client.
    AbilitiesChanged(Abilities),
    /// Messages that were received, or sent from another device of the user; oldest first. They include a message of
    /// this client whose answer came after [`Error::Timeout`](crate::Error::Timeout): it was stored after all.
    MessagesReceived(Vec<Message>),
    /// Rows of the conversation list have changed, by a message or by another device of the user.
    ConversationsChanged {
        /// The current rows.
        changed: Vec<ConversationInfo>,
        /// The peers of removed rows.
        deleted: Vec<UserId>,
        /// The number of unread messages over all conversations, if the server sent it.
        total_unread: Option<u32>,
    },
    /// Entries of the friend list are new, have changed, or were removed.
    FriendListChanged {
        /// The current entries.
        changed: Vec<FriendInfo>,
        /// The users that were deleted from the list.
        deleted: Vec<UserId>,
    },
    /// The user's own profile has changed, on this device or elsewhere.
    SelfInfoChanged(UserInfo),
    /// The profiles of mutual friends have changed.
    UsersInfoChanged(Vec<UserInfo>),
    /// The user's lists have changed while this client could not be notified: read friends and conversations again.
    /// Never reported if nothing has changed.
    ListsOutdated,
    /// This device was logged out by another login or by an operator. The session is over.
    KickedOffline {
        /// The cause.
        by: KickedBy,
    },
    /// The UserSig has expired; log in with a new one. The session is over.
    UserSigExpired,
    /// The account was deleted. The session is over.
    AccountDeleted,
    /// Another process with the same device id has connected and continues the session. The session here is over.
    Superseded,
    /// The server refused to let this client reconnect. The session is over.
    LoginRefused(Refused),
    /// The application logged out. The session is over.
    LoggedOut,
    /// The reader of events was so slow that events were dropped, oldest first. Statuses are never dropped, only
    /// conflated. Messages and changes of lists may be among the dropped events: read the lists again.
    Missed {
        /// The number of dropped events.
        events: u64,
    },
}

/// The cause of a logout that the user has not asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum KickedBy {
    /// Another login of the same account.
    OtherLogin {
        /// The platform of the other login, if the server sent it.
        platform: Option<Platform>,
    },
    /// The server API or an operator.
    Operator,
}

impl Event {
    /// Whether the session is over with this event, or was never established. Calls then return 6014, the cache is
    /// empty, and the SDK does not reconnect.
    pub fn ends_session(&self) -> bool {
        match self {
            Self::KickedOffline { .. }
            | Self::UserSigExpired
            | Self::AccountDeleted
            | Self::Superseded
            | Self::LoginRefused(_)
            | Self::LoggedOut
            | Self::ConnectFailed { retry_in: None, .. } => true,
            Self::Connecting
            | Self::Connected { .. }
            | Self::ConnectFailed { retry_in: Some(_), .. }
            | Self::Disconnected { .. }
            | Self::StatusChanged(_)
            | Self::NotWatched(_)
            | Self::SubscriptionsChanged { .. }
            | Self::AbilitiesChanged(_)
            | Self::MessagesReceived(_)
            | Self::ConversationsChanged { .. }
            | Self::FriendListChanged { .. }
            | Self::SelfInfoChanged(_)
            | Self::UsersInfoChanged(_)
            | Self::ListsOutdated
            | Self::Missed { .. } => false,
        }
    }
}
