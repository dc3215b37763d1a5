//! The calls of an application and their answers, and their conversion to and from messages of the wire protocol.

use crate::read::{statuses, users};
use crate::{Refused, lists};
use lamplight_model::{
    ClientMessageId, Code, MAX_ADD_TEXT_BYTES, MAX_REMARK_BYTES, ProfileChange, Timestamp, UserId,
    UserStatus, check_text,
};
use lamplight_wire::FrameLimits;
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Ask;
use lamplight_wire::v1::server_message::Body as Tell;
use prost::Message as _;

/// The number of bytes in a frame besides the call itself: the message's id, the call's tag, and lengths.
pub(crate) const FRAME_SLACK: usize = 32;

/// The result of a login.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoggedIn {
    /// The time by the server's clock when it sent the answer.
    pub server_time: Timestamp,
    /// Whether the account was created for this login.
    pub registered: bool,
    /// The abilities of this client; `None` if the server did not send them.
    pub abilities: Option<Abilities>,
}

/// The calls that an app's settings allow its clients, and their limits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Abilities {
    /// Whether the app allows queries, subscriptions and notifications for the statuses of other users.
    pub statuses_of_others: bool,
    /// The code with which the server refuses queries and subscriptions (7013 or 72001). `None` if they are allowed.
    pub refusal: Option<u32>,
    /// Whether the client is notified of status changes of mutual friends to whom it is not subscribed.
    pub friend_notification: bool,
    /// The largest number of users on the subscription list.
    pub subscriptions_limit: u32,
    /// The largest number of users in one query.
    pub query_batch: u32,
    /// The largest number of users in one call that subscribes.
    pub subscribe_batch: u32,
    /// The largest number of users in one call that unsubscribes.
    pub unsubscribe_batch: u32,
    /// The largest length of a custom status in bytes of UTF-8. 0 in this and the next two fields if the server is too
    /// old to send them.
    pub custom_status_bytes: u32,
    /// The largest length of a message in bytes of UTF-8.
    pub message_bytes: u32,
    /// The largest number of entries of the friend list.
    pub friends_limit: u32,
}

impl From<v1::Abilities> for Abilities {
    fn from(told: v1::Abilities) -> Self {
        Self {
            statuses_of_others: told.statuses_of_others,
            refusal: (told.refusal_code != 0).then_some(told.refusal_code),
            friend_notification: told.friend_notification,
            subscriptions_limit: told.subscriptions_limit,
            query_batch: told.query_batch,
            subscribe_batch: told.subscribe_batch,
            unsubscribe_batch: told.unsubscribe_batch,
            custom_status_bytes: told.custom_status_bytes,
            message_bytes: told.message_bytes,
            friends_limit: told.friends_limit,
        }
    }
}

/// The result of `getUserStatus`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statuses {
    /// The statuses of the users with an account, each user once, in the order of the request.
    pub statuses: Vec<UserStatus>,
    /// The users without an account (70107).
    pub failures: Vec<Failure>,
}

/// The result of `subscribeUserStatus`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subscribed {
    /// The current statuses of the users to whom the call has subscribed.
    pub statuses: Vec<UserStatus>,
    /// The users without an account (70107).
    pub failures: Vec<Failure>,
    /// The users who were evicted because the list was full, earliest first.
    pub evicted: Vec<UserId>,
    /// The evicted users who are no longer watched, because they are not mutual friends either. They were removed from
    /// the cache.
    pub not_watched: Vec<UserId>,
}

/// The result of `unsubscribeUserStatus`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unsubscribed {
    /// The users who have no account (70107) and were not on the list.
    pub failures: Vec<Failure>,
    /// The users who are no longer watched, because they are not mutual friends either. They were removed from the
    /// cache.
    pub not_watched: Vec<UserId>,
}

/// The subscription list of the account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subscriptions {
    /// The users, earliest first.
    pub users: Vec<UserId>,
    /// The largest number of users on the list.
    pub limit: u32,
}

/// A user for whom a call about several users failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The `userID` of the request.
    pub user_id: String,
    /// The code of the failure (SPEC section 7).
    pub code: u32,
}

/// A call that is sent when the link is live.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Request {
    /// A login on the live link, either with a new UserSig (`resume`) or because the application has logged in again.
    Login {
        user_sig: String,
        resume: bool,
    },
    Logout,
    SetSelfStatus {
        text: String,
        /// The number of seconds after which the server clears the text; 0 if the text stays until a call clears it.
        expires_in: u32,
    },
    GetUserStatus(Vec<String>),
    Subscribe(Vec<String>),
    Unsubscribe(Vec<String>),
    GetSubscriptions,
    /// A request about profiles, friends, messages or conversations, in the form of the wire protocol.
    Lists(Box<Ask>),
}

impl Request {
    /// Returns `true` if the request may be repeated on a new link: the request only reads, or the server detects
    /// repetitions.
    pub(crate) fn is_repeatable(&self) -> bool {
        match self {
            Self::GetUserStatus(_) | Self::GetSubscriptions => true,
            Self::Lists(ask) => matches!(
                **ask,
                Ask::GetUsersInfo(_)
                    | Ask::GetFriendList(_)
                    | Ask::GetBlockList(_)
                    | Ask::GetHistory(_)
                    | Ask::GetConversationList(_)
                    | Ask::SendMessage(_)
                    | Ask::MarkRead(_)
            ),
            Self::Login { .. }
            | Self::Logout
            | Self::SetSelfStatus { .. }
            | Self::Subscribe(_)
            | Self::Unsubscribe(_) => false,
        }
    }
}

/// The answer to a call. The machine has checked that the answer belongs to the [`Request`].
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Answer {
    LoggedIn(LoggedIn),
    LoggedOut,
    SelfStatus(UserStatus),
    Statuses(Statuses),
    Subscribed(Subscribed),
    Unsubscribed(Unsubscribed),
    Subscriptions(Subscriptions),
    Lists(Box<Tell>),
}

/// Refuses a call that exceeds a fixed limit or does not fit into a frame. The server would close the link of such a
/// call. The server checks the limits that an app can change.
pub(crate) fn check(request: &Request) -> Result<(), Refused> {
    check_size(request)?;
    match request {
        Request::GetUserStatus(users) | Request::Subscribe(users) | Request::Unsubscribe(users) => {
            users.iter().try_for_each(|user| check_user(user))
        }
        Request::Lists(ask) => check_lists(ask),
        Request::Login { .. }
        | Request::SetSelfStatus { .. }
        | Request::Logout
        | Request::GetSubscriptions => Ok(()),
    }
}

fn check_user(user: &str) -> Result<(), Refused> {
    UserId::new(user).map(drop).map_err(|invalid| invalid_parameter(&invalid))
}

fn check_lists(ask: &Ask) -> Result<(), Refused> {
    let check_text = |what, text: &str, limit| {
        check_text(what, text, limit).map_err(|invalid| invalid_parameter(&invalid))
    };
    match ask {
        Ask::SetSelfInfo(ask) => {
            let change =
                ProfileChange { nick: ask.nick.clone(), avatar_url: ask.avatar_url.clone(), allow: None };
            change.check().map_err(|invalid| invalid_parameter(&invalid))
        }
        Ask::GetUsersInfo(ask) => ask.user_ids.iter().try_for_each(|user| check_user(user)),
        Ask::AddFriend(ask) => {
            check_user(&ask.user_id)?;
            check_text("the remark", &ask.remark, MAX_REMARK_BYTES)?;
            check_text("add_source", &ask.add_source, MAX_ADD_TEXT_BYTES)?;
            check_text("add_wording", &ask.add_wording, MAX_ADD_TEXT_BYTES)
        }
        Ask::DeleteFriends(ask) => ask.user_ids.iter().try_for_each(|user| check_user(user)),
        Ask::BlockUsers(ask) => ask.user_ids.iter().try_for_each(|user| check_user(user)),
        Ask::UnblockUsers(ask) => ask.user_ids.iter().try_for_each(|user| check_user(user)),
        Ask::SetFriendRemark(ask) => {
            check_user(&ask.user_id)?;
            check_text("the remark", &ask.remark, MAX_REMARK_BYTES)
        }
        Ask::SendMessage(ask) => {
            check_user(&ask.to)?;
            ClientMessageId::of_client(&ask.client_message_id)
                .map(drop)
                .map_err(|invalid| invalid_parameter(&invalid))
        }
        Ask::GetHistory(ask) => check_user(&ask.peer),
        Ask::MarkRead(ask) => check_user(&ask.peer),
        Ask::PinConversation(ask) => check_user(&ask.peer),
        Ask::DeleteConversation(ask) => check_user(&ask.peer),
        Ask::GetFriendList(_)
        | Ask::SetVisibility(_)
        | Ask::GetBlockList(_)
        | Ask::GetConversationList(_)
        | Ask::Login(_)
        | Ask::Logout(_)
        | Ask::SetSelfStatus(_)
        | Ask::GetUserStatus(_)
        | Ask::SubscribeUserStatus(_)
        | Ask::UnsubscribeUserStatus(_)
        | Ask::GetSubscriptions(_)
        | Ask::Heartbeat(_) => Ok(()),
    }
}

fn invalid_parameter(why: &impl ToString) -> Refused {
    Refused::because(Code::INVALID_PARAMETER, &why.to_string())
}

fn check_size(request: &Request) -> Result<(), Refused> {
    let length = match request {
        Request::Login { user_sig, .. } => user_sig.len(),
        Request::SetSelfStatus { text, .. } => text.len(),
        Request::GetUserStatus(users) | Request::Subscribe(users) | Request::Unsubscribe(users) => {
            users.iter().map(|user| user.len() + 3).sum()
        }
        Request::Lists(ask) => v1::ClientMessage { id: 0, body: Some((**ask).clone()) }.encoded_len(),
        Request::Logout | Request::GetSubscriptions => 0,
    };
    let limits = FrameLimits::default();
    match request {
        Request::Login { .. } if length > limits.before_login / 2 => {
            Err(Refused::because(Code::SIG_UNREADABLE, "it is too long"))
        }
        Request::SetSelfStatus { .. } if length + FRAME_SLACK > limits.after_login => {
            Err(Refused::because(Code::INVALID_PARAMETER, "the custom status is too long"))
        }
        Request::GetUserStatus(_) | Request::Subscribe(_) | Request::Unsubscribe(_)
            if length + FRAME_SLACK > limits.after_login =>
        {
            Err(Refused::because(Code::BATCH_TOO_LARGE, "it does not fit into a frame"))
        }
        Request::Lists(_) if length + FRAME_SLACK > limits.after_login => {
            Err(Refused::because(Code::INVALID_PARAMETER, "it does not fit into a frame"))
        }
        Request::Login { .. }
        | Request::SetSelfStatus { .. }
        | Request::GetUserStatus(_)
        | Request::Subscribe(_)
        | Request::Unsubscribe(_)
        | Request::Logout
        | Request::GetSubscriptions
        | Request::Lists(_) => Ok(()),
    }
}

/// Converts a call into a message; `None` for a login. The machine itself makes the message of a login, because that
/// message contains the cached versions.
pub(crate) fn operation(request: &Request) -> Option<Ask> {
    Some(match request {
        Request::Login { .. } => return None,
        Request::Logout => Ask::Logout(v1::LogoutRequest {}),
        Request::SetSelfStatus { text, expires_in } => Ask::SetSelfStatus(v1::SetSelfStatusRequest {
            custom_status: text.clone(),
            expires_in: *expires_in,
        }),
        Request::GetUserStatus(users) => {
            Ask::GetUserStatus(v1::GetUserStatusRequest { user_ids: users.clone() })
        }
        Request::Subscribe(users) => {
            Ask::SubscribeUserStatus(v1::SubscribeUserStatusRequest { user_ids: users.clone() })
        }
        Request::Unsubscribe(users) => {
            Ask::UnsubscribeUserStatus(v1::UnsubscribeUserStatusRequest { user_ids: users.clone() })
        }
        Request::GetSubscriptions => Ask::GetSubscriptions(v1::GetSubscriptionsRequest {}),
        Request::Lists(ask) => (**ask).clone(),
    })
}

/// Converts the answer to a request; `None` if `body` does not belong to it. The machine handles most of a
/// `LoginResponse`.
pub(crate) fn answer(request: &Request, body: Tell) -> Option<Answer> {
    match (request, body) {
        (Request::Login { .. }, Tell::Login(told)) => Some(Answer::LoggedIn(logged_in(&told))),
        (Request::Logout, Tell::Logout(_)) => Some(Answer::LoggedOut),
        (Request::SetSelfStatus { .. }, Tell::SetSelfStatus(told)) => {
            told.status.and_then(|status| UserStatus::try_from(status).ok()).map(Answer::SelfStatus)
        }
        (Request::GetUserStatus(_), Tell::GetUserStatus(told)) => Some(Answer::Statuses(Statuses {
            statuses: statuses(told.statuses),
            failures: failures(told.failures),
        })),
        (Request::Subscribe(_), Tell::SubscribeUserStatus(told)) => {
            Some(Answer::Subscribed(subscribed(told)))
        }
        (Request::Unsubscribe(_), Tell::UnsubscribeUserStatus(told)) => {
            Some(Answer::Unsubscribed(Unsubscribed {
                failures: failures(told.failures),
                not_watched: users(&told.not_watched),
            }))
        }
        (Request::GetSubscriptions, Tell::GetSubscriptions(told)) => {
            Some(Answer::Subscriptions(Subscriptions { users: users(&told.user_ids), limit: told.limit }))
        }
        (Request::Lists(ask), told) if lists::answers(ask, &told) => Some(Answer::Lists(Box::new(told))),
        (
            Request::Login { .. }
            | Request::Logout
            | Request::SetSelfStatus { .. }
            | Request::GetUserStatus(_)
            | Request::Subscribe(_)
            | Request::Unsubscribe(_)
            | Request::GetSubscriptions
            | Request::Lists(_),
            _,
        ) => None,
    }
}

/// Converts the answer to a login.
pub(crate) fn logged_in(told: &v1::LoginResponse) -> LoggedIn {
    LoggedIn {
        server_time: Timestamp(told.server_time),
        registered: told.registered,
        abilities: told.abilities.map(Abilities::from),
    }
}

/// Converts the answer to a subscription.
pub(crate) fn subscribed(told: v1::SubscribeUserStatusResponse) -> Subscribed {
    Subscribed {
        statuses: statuses(told.statuses),
        failures: failures(told.failures),
        evicted: users(&told.evicted),
        not_watched: users(&told.not_watched),
    }
}

fn failures(told: Vec<v1::Failure>) -> Vec<Failure> {
    told.into_iter().map(|failure| Failure { user_id: failure.user_id, code: failure.code }).collect()
}
