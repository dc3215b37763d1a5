//! The events that the client reports to the application.

use crate::{Abilities, ConversationInfo, FriendInfo, LinkEnd, Refused, UserInfo};
use lamplight_model::{BlockedUser, Message, Platform, UserId, UserStatus, Visibility};
use std::time::Duration;

/// An event of the client.
///
/// [`StatusChanged`](Self::StatusChanged) and [`NotWatched`](Self::NotWatched) together report all changes of the local
/// cache during a session. An event that [ends the session](Self::ends_session) empties the cache. An application that
/// applies all of these in order has the same state as [`Client::cached`](crate::Client::cached).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The client begins an attempt to connect.
    Connecting,
    /// The client is connected and logged in.
    Connected {
        /// Whether the client has reconnected by itself; `false` for a login by the application.
        resumed: bool,
    },
    /// An attempt to connect or to log in failed.
    ConnectFailed {
        /// The reason of the failure.
        why: LinkEnd,
        /// The time until the next attempt; `None` if there will be none. A call or a change of the network may begin
        /// the attempt sooner.
        retry_in: Option<Duration>,
    },
    /// The link broke. The client reconnects by itself.
    Disconnected {
        /// The reason why the link broke.
        why: LinkEnd,
        /// The time until the next attempt. A call or a change of the network may begin the attempt sooner.
        retry_in: Duration,
    },
    /// Statuses that are new or have changed, each user once. After a reconnect, only the statuses that differ are
    /// reported. If there are very many, they come in several events.
    StatusChanged(Vec<UserStatus>),
    /// Users who are no longer watched and were removed from the local cache.
    NotWatched(Vec<UserId>),
    /// Another device of this account, or the server API, has changed the subscription list.
    SubscriptionsChanged {
        /// The users who were added to the list.
        subscribed: Vec<UserId>,
        /// The users who were removed from the list.
        unsubscribed: Vec<UserId>,
    },
    /// The app's settings have changed: which calls this client may make, or the limits of the calls.
    AbilitiesChanged(Abilities),
    /// Messages that this user has received, and messages that another device of the user or the server API has sent
    /// for the user, oldest first. A message from this client is included only in one case: its call failed with
    /// [`Error::Timeout`](crate::Error::Timeout), but the server has stored it.
    MessagesReceived(Vec<Message>),
    /// Rows of the conversation list have changed: because of a message, by another device of the user, or by the
    /// server API.
    ConversationsChanged {
        /// The new and changed rows.
        changed: Vec<ConversationInfo>,
        /// The peers of removed rows.
        deleted: Vec<UserId>,
        /// The number of unread messages in all conversations; `None` if the server did not send it.
        total_unread: Option<u32>,
    },
    /// Entries of the friend list were added, changed or removed.
    FriendListChanged {
        /// The new and changed entries.
        changed: Vec<FriendInfo>,
        /// The users who were removed from the list.
        deleted: Vec<UserId>,
    },
    /// Another device of the user, or the server API, has changed the block list.
    BlockListChanged {
        /// The new entries.
        blocked: Vec<BlockedUser>,
        /// The users who were removed from the list.
        unblocked: Vec<UserId>,
    },
    /// Another device of the user, or the server API, has changed who may see the user's status.
    VisibilityChanged(Visibility),
    /// The user's own profile was changed on another device of the user, or by the server API.
    SelfInfoChanged(UserInfo),
    /// The profiles of mutual friends have changed.
    UsersInfoChanged(Vec<UserInfo>),
    /// The client may have missed changes of the user's lists. The application should read friends, conversations and
    /// the block list again.
    ListsOutdated,
    /// Another login, the server API or an operator has logged this device out. The session has ended.
    KickedOffline {
        /// The cause of the logout.
        by: KickedBy,
    },
    /// The token (UserSig or JWT) has expired, or the app no longer has the key of the token. The session has ended.
    /// The application should log in with a new token.
    UserSigExpired,
    /// The account was deleted. The session has ended.
    AccountDeleted,
    /// Another process with the same device id has connected, and continues the session. The session of this process
    /// has ended.
    Superseded,
    /// The server has refused the login of a reconnect, for a reason that has no other event. The session has ended.
    LoginRefused(Refused),
    /// The application has logged out. The session has ended.
    LoggedOut,
    /// The application has read this stream too slowly, so the oldest events were dropped. The newest status of each
    /// user is never dropped. The dropped events may include messages and changes of lists, so the application should
    /// read the lists again.
    Missed {
        /// The number of dropped events.
        events: u64,
    },
}

/// The cause of a logout that the user has not requested.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum KickedBy {
    /// Another login of the same account.
    OtherLogin {
        /// The platform of the other login; `None` if the server did not send it.
        platform: Option<Platform>,
    },
    /// The server API or an operator.
    Operator,
}

impl Event {
    /// Returns `true` if the session has ended with this event, or was never established. Calls then fail with 6014,
    /// and the cache is empty. The client does not reconnect.
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
            | Self::BlockListChanged { .. }
            | Self::VisibilityChanged(_)
            | Self::SelfInfoChanged(_)
            | Self::UsersInfoChanged(_)
            | Self::ListsOutdated
            | Self::Missed { .. } => false,
        }
    }
}
