//! What an application can ask of the server, and what it gets: between the calls of the SDK and the
//! messages of the wire.

use crate::{Refused, lists};
use lamplight_model::{Code, Timestamp, UserId, UserStatus};
use lamplight_wire::FrameLimits;
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Ask;
use lamplight_wire::v1::server_message::Body as Tell;
use prost::Message as _;

/// Bytes of a frame that are left free for what stands around a message: its id, key and lengths.
pub(crate) const FRAME_SLACK: usize = 32;

/// What a login has brought.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoggedIn {
    /// The server's clock.
    pub server_time: Timestamp,
    /// This login has made the account.
    pub registered: bool,
}

/// The answer to `getUserStatus`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statuses {
    /// The statuses of those that exist.
    pub statuses: Vec<UserStatus>,
    /// The others.
    pub failures: Vec<Failure>,
}

/// The answer to `subscribeUserStatus`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subscribed {
    /// The current status of every user subscribed by the call.
    pub statuses: Vec<UserStatus>,
    /// Those who could not be subscribed to.
    pub failures: Vec<Failure>,
    /// Who had to leave the full list, earliest subscribed first.
    pub evicted: Vec<UserId>,
    /// Of these, who is not watched any longer: not as a friend either. They have left the cache.
    pub not_watched: Vec<UserId>,
}

/// The answer to `unsubscribeUserStatus`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unsubscribed {
    /// Those who could not be unsubscribed from.
    pub failures: Vec<Failure>,
    /// Who is not watched any longer: not as a friend either. They have left the cache.
    pub not_watched: Vec<UserId>,
}

/// The subscription list of the account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subscriptions {
    /// Earliest subscribed first.
    pub users: Vec<UserId>,
    /// How many there may be.
    pub limit: u32,
}

/// One user of a batch for whom the call failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The user, as it was asked for; it may be no `userID` at all.
    pub user_id: String,
    /// Why (SPEC section 7).
    pub code: u32,
}

/// A call that goes to the server once the session is live.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Request {
    /// A login on the live link: by the application (`resume` not set), or to hand in a fresh UserSig.
    Login {
        user_sig: String,
        resume: bool,
    },
    Logout,
    SetSelfStatus(String),
    GetUserStatus(Vec<String>),
    Subscribe(Vec<String>),
    Unsubscribe(Vec<String>),
    GetSubscriptions,
    /// A call about profiles, friends, messages or conversations, as it goes over the wire.
    Lists(Box<Ask>),
}

impl Request {
    /// Whether asking twice is the same as asking once.
    pub(crate) fn is_repeatable(&self) -> bool {
        matches!(self, Self::Lists(ask) if matches!(**ask, Ask::SendMessage(_)))
    }
}

/// What a call is answered with. The machine keeps each in step with its [`Request`].
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

/// A request that no frame can carry would cost the link; the server's own limits are far below.
pub(crate) fn check_size(request: &Request) -> Result<(), Refused> {
    let length = match request {
        Request::Login { user_sig, .. } => user_sig.len(),
        Request::SetSelfStatus(text) => text.len(),
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
        Request::SetSelfStatus(_) if length + FRAME_SLACK > limits.after_login => {
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
        | Request::SetSelfStatus(_)
        | Request::GetUserStatus(_)
        | Request::Subscribe(_)
        | Request::Unsubscribe(_)
        | Request::Logout
        | Request::GetSubscriptions
        | Request::Lists(_) => Ok(()),
    }
}

/// The operation as a message. A login is none: the machine writes it, who knows what is cached.
pub(crate) fn operation(request: &Request) -> Option<Ask> {
    Some(match request {
        Request::Login { .. } => return None,
        Request::Logout => Ask::Logout(v1::LogoutRequest {}),
        Request::SetSelfStatus(text) => {
            Ask::SetSelfStatus(v1::SetSelfStatusRequest { custom_status: text.clone() })
        }
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

/// Reads the answer to a request; `None` when it is the answer to another one. A `LoginResponse` says more
/// than its [`Answer`]: the machine takes that out before.
pub(crate) fn answer(request: &Request, body: Tell) -> Option<Answer> {
    match (request, body) {
        (Request::Login { .. }, Tell::Login(told)) => Some(Answer::LoggedIn(logged_in(&told))),
        (Request::Logout, Tell::Logout(_)) => Some(Answer::LoggedOut),
        (Request::SetSelfStatus(_), Tell::SetSelfStatus(told)) => {
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
            | Request::SetSelfStatus(_)
            | Request::GetUserStatus(_)
            | Request::Subscribe(_)
            | Request::Unsubscribe(_)
            | Request::GetSubscriptions
            | Request::Lists(_),
            _,
        ) => None,
    }
}

/// What the application is told of a login.
pub(crate) fn logged_in(told: &v1::LoginResponse) -> LoggedIn {
    LoggedIn { server_time: Timestamp(told.server_time), registered: told.registered }
}

/// Reads the answer to a subscription.
pub(crate) fn subscribed(told: v1::SubscribeUserStatusResponse) -> Subscribed {
    Subscribed {
        statuses: statuses(told.statuses),
        failures: failures(told.failures),
        evicted: users(&told.evicted),
        not_watched: users(&told.not_watched),
    }
}

/// Reads statuses. What is none, by some newer contract, is left out.
pub(crate) fn statuses(told: Vec<v1::UserStatus>) -> Vec<UserStatus> {
    told.into_iter().filter_map(|status| UserStatus::try_from(status).ok()).collect()
}

/// Reads `userID`s. What is none is left out.
pub(crate) fn users(told: &[String]) -> Vec<UserId> {
    told.iter().filter_map(|text| UserId::new(text).ok()).collect()
}

fn failures(told: Vec<v1::Failure>) -> Vec<Failure> {
    told.into_iter().map(|failure| Failure { user_id: failure.user_id, code: failure.code }).collect()
}
