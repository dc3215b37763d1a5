//! The events that the client reports to the application.

use crate::{Abilities, ConversationInfo, FriendInfo, LinkEnd, Refused, UserInfo};
use lamplight_model::{Message, Platform, UserId, UserStatus};
use std::time::Duration;

/// Something happened.
///
/// [`StatusChanged`](Self::StatusChanged) and [`NotWatched`](Self::NotWatched) together say everything that
/// enters, changes in and leaves the local cache: whoever folds them has the same picture as
/// [`Client::cached`](crate::Client::cached).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// An attempt to connect begins.
    Connecting,
    /// Connected and logged in.
    Connected {
        /// The SDK came back on its own; not set for the application's own login.
        resumed: bool,
    },
    /// An attempt to connect or to log in failed.
    ConnectFailed {
        /// Why.
        why: LinkEnd,
        /// The wait before the next attempt. Absent: there is none, the login has failed.
        retry_in: Option<Duration>,
    },
    /// The link broke. The SDK comes back on its own.
    Disconnected {
        /// Why.
        why: LinkEnd,
        /// The wait before the next attempt.
        retry_in: Duration,
    },
    /// Statuses that are new or newer, each user once. After a reconnect: what differs, in one event.
    StatusChanged(Vec<UserStatus>),
    /// These users are watched no longer and have left the local cache.
    NotWatched(Vec<UserId>),
    /// Another device of this account, or the server API, has changed the subscription list.
    SubscriptionsChanged {
        /// The users that were subscribed to.
        subscribed: Vec<UserId>,
        /// The users that were unsubscribed from.
        unsubscribed: Vec<UserId>,
    },
    /// The app's settings have changed what this client may do.
    AbilitiesChanged(Abilities),
    /// Messages were received, or sent from another own device; oldest first. Also a message that this client sent and
    /// whose answer came after [`Error::Timeout`](crate::Error::Timeout): it was stored after all.
    MessagesReceived(Vec<Message>),
    /// Rows of the conversation list changed: by a message, or by another own device.
    ConversationsChanged {
        /// As they are now.
        changed: Vec<ConversationInfo>,
        /// Those that are gone, by their peer.
        deleted: Vec<UserId>,
        /// Unread messages over all conversations, where the server told it.
        total_unread: Option<u32>,
    },
    /// Entries of the friend list are new, differ, or are gone.
    FriendListChanged {
        /// As they are now.
        changed: Vec<FriendInfo>,
        /// The users that were deleted from the list.
        deleted: Vec<UserId>,
    },
    /// The own profile was changed, here or elsewhere.
    SelfInfoChanged(UserInfo),
    /// Mutual friends show something else than before.
    UsersInfoChanged(Vec<UserInfo>),
    /// Something of the own lists changed while this client could not be told: read friends and conversations again.
    /// Never told when nothing changed.
    ListsOutdated,
    /// This device was logged out by somebody else. The session is over.
    KickedOffline {
        /// By whom.
        by: KickedBy,
    },
    /// The UserSig has expired; log in with a new one. The session is over.
    UserSigExpired,
    /// The account is gone. The session is over.
    AccountDeleted,
    /// The same device has connected elsewhere, and goes on there. The session here is over.
    Superseded,
    /// The server refused to have this client back. The session is over.
    LoginRefused(Refused),
    /// The application logged out. The session is over.
    LoggedOut,
    /// The reader of events was so slow that this many were dropped, oldest first. Never a status: those are
    /// conflated, not dropped. Messages and changes of lists may be among them: read the lists again.
    Missed {
        /// How many.
        events: u64,
    },
}

/// The cause of being logged out by somebody else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum KickedBy {
    /// Another login of the same account.
    OtherLogin {
        /// Its platform, where the server said so.
        platform: Option<Platform>,
    },
    /// The server API or an operator.
    Operator,
}

impl Event {
    /// Whether the session is over with this event, or has not come to be: calls answer 6014, the cache is empty, and the SDK does
    /// not come back on its own.
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
