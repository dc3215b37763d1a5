//! A connection of a worker: its stream, its protocol and its session.

use crate::worker::lists_queue::ListsQueue;
use crate::worker::rare_bytes::RareBytes;
use crate::worker::stream::Stream;
use crate::worker::told_abilities::ToldAbilities;
use lamplight_core::{EndCause, LinkEnd, RecordEpoch, WatcherKey};
use lamplight_model::{ConnectionId, DeviceId, Moment, Platform, Timestamp};
use lamplight_protocol::Protocol;
use lamplight_service::{KeyMark, ListDifference, OwnListChange};
use lamplight_wire::v1::connection_ended::Cause;
use lamplight_wire::v1::{ConnectionEnded, ServerMessage, server_message::Body};
use std::hint::black_box;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

/// A connection of a worker.
pub struct Connection {
    pub id: ConnectionId,
    /// The client's address. If the client is behind a trusted proxy, this is the address that the proxy has sent.
    pub address: IpAddr,
    pub stream: Stream,
    pub protocol: Protocol,
    pub session: Session,
    /// The received bytes of an incomplete message.
    pub input: RareBytes,
    /// The messages that are sent at the end of the round.
    pub output: RareBytes,
    /// The time when the last bytes were received.
    pub heard: Moment,
    /// The request that is being processed.
    pub work: Work,
    /// `true` if the client's requests came too fast. The connection is not read until the next window of the request
    /// limit.
    pub paused: bool,
    /// `true` if the socket may have unread bytes.
    pub readable: bool,
    /// `true` if the peer has closed its side. The connection then ends after the unread bytes.
    pub read_closed: bool,
    /// `true` if the connection is in the list of connections to serve in the next round.
    pub queued: bool,
    /// `true` if the connection is in the list of connections to flush.
    pub to_flush: bool,
    /// The time of the next check of the deadlines. The timer wheel may have earlier checks, which are ignored.
    pub check_at: Moment,
    /// The admission of the connection, which decides how it is counted.
    pub admission: Admission,
    /// The cause of the end, if the connection must end after the request that is being processed.
    pub ending: Option<Box<Ending>>,
}

/// The admission of a connection, which decides how it is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admission {
    /// Admitted, and counted for its client's address.
    Counted,
    /// The connection is from a trusted proxy that has not sent the client's address yet. It counts only in the total.
    Unnamed,
    /// The connection is beyond the limits. It stays open only until its protocol is known and a refusal is sent.
    Refused,
}

/// The kind of the request that a connection has in progress. The connection's next request is read only after this
/// one, so that answers stay in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    /// No request is being processed.
    Idle,
    /// A login or a logout is being processed. Notifications wait: the answer to a login contains the statuses.
    LoggingIn,
    /// A call is being processed. Statuses are still sent. Changes of lists wait, to stay in order with the answers.
    Answering,
}

/// The state of a connection: before its login, logged in, or closing.
pub enum Session {
    /// The connection has not logged in yet.
    New {
        /// The time at which the login times out.
        deadline: Moment,
        /// Whether a header of the PROXY protocol may come first, because the peer is a trusted proxy.
        awaits_header: bool,
    },
    /// The client has logged in.
    LoggedIn(Box<Login>),
    /// The last message has been sent. Received bytes are discarded until the peer closes, or the deadline passes.
    Closing {
        /// The time when the connection is closed if the peer has not closed it.
        deadline: Moment,
    },
}

/// The login of a connection. It is kept small, because every idle connection has one. The audience has the user
/// ([`Audience::user_of`](lamplight_service::Audience::user_of)).
pub struct Login {
    pub device: DeviceId,
    pub platform: Platform,
    /// The number of the login.
    pub number: u64,
    /// The second in which the token of the login was issued.
    pub issued: u64,
    /// As [`OpenConnection::recorded_in`](lamplight_service::OpenConnection::recorded_in).
    pub recorded_in: Option<RecordEpoch>,
    pub watcher: WatcherKey,
    pub heartbeat_timeout: ShortTime,
    /// The second at which the token of the login expires.
    pub sig_expires: Second,
    /// Identifies the key that signed the token of the login.
    pub key: KeyMark,
    /// The changes of lists that have not been sent to the client yet.
    pub lists: ListsQueue,
    /// The app of the user, and the abilities that it gives the client.
    pub abilities: ToldAbilities,
    /// The number of statuses of the snapshot that were not in the login's answer and are still to be sent. `None`
    /// after the client was told that the snapshot is complete.
    pub snapshot_left: Option<NonZeroU32>,
    /// `true` if the answer to the login has been sent, so that notifications may follow.
    pub answered: bool,
    /// `true` if the worker missed entries of the change log. A missed entry may have ended this connection.
    pub may_be_superseded: bool,
    /// The difference between the subscription list and the client's copy, if any.
    pub list_difference: Option<Box<ListDifference>>,
    /// The changes of the subscription list by the call in progress, which the call's answer will report; `None` if
    /// there are none.
    #[expect(clippy::box_collection, reason = "every connection pays for it, and usually there are none")]
    pub own_changes: Option<Box<Vec<OwnListChange>>>,
}

/// A duration of up to seven weeks, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct ShortTime(u32);

impl From<Duration> for ShortTime {
    fn from(time: Duration) -> Self {
        Self(u32::try_from(time.as_millis()).unwrap_or(u32::MAX))
    }
}

impl From<ShortTime> for Duration {
    fn from(ShortTime(ms): ShortTime) -> Self {
        Self::from_millis(ms.into())
    }
}

/// A time in whole seconds since 1970, in four bytes. Times after 2106 become the last possible second.
#[derive(Clone, Copy, Debug)]
pub struct Second(u32);

impl Second {
    /// Returns the second that contains `at`.
    pub fn of(at: Timestamp) -> Self {
        Self(u32::try_from(at.as_secs()).unwrap_or(u32::MAX))
    }

    /// Returns the beginning of the second.
    pub fn begins(self) -> Timestamp {
        Timestamp(u64::from(self.0) * 1_000)
    }
}

// Every connection has one of each. The allocator adds 8 bytes to a `Login`, and rounds up to a multiple of 16. With
// debug assertions, mio keeps a further number in each socket.
const _: () = assert!(size_of::<Login>() <= 120);
const _: () = assert!(size_of::<Connection>() <= if cfg!(debug_assertions) { 152 } else { 136 });

/// The reason why a connection ends, and the last message.
pub enum Ending {
    /// The link is broken, so there is no last message.
    Link(LinkEnd),
    /// The server ends the connection with this message. With a `LinkEnd`, the end is also recorded in the directory.
    Said(ConnectionEnded, Option<LinkEnd>),
}

impl Connection {
    /// Returns the login; `None` if the connection is not logged in.
    pub fn login(&self) -> Option<&Login> {
        match &self.session {
            Session::LoggedIn(login) => Some(login),
            Session::New { .. } | Session::Closing { .. } => None,
        }
    }

    /// Returns the login for changes; `None` if the connection is not logged in.
    pub fn login_mut(&mut self) -> Option<&mut Login> {
        match &mut self.session {
            Session::LoggedIn(login) => Some(login),
            Session::New { .. } | Session::Closing { .. } => None,
        }
    }

    /// Reads some fields of the connection and of its login, so that most of their memory is in the cache when the
    /// connection is served.
    pub fn preload(&self) {
        black_box((self.to_flush, self.unsent(), self.work));
        if let Some(login) = self.login() {
            black_box((login.list_difference.is_some(), login.snapshot_left, login.lists.told()));
        }
    }

    /// Returns `true` if a PROXY header may still come, because nothing was read yet.
    pub fn awaits_header(&self) -> bool {
        matches!(self.session, Session::New { awaits_header: true, .. })
    }

    /// Records that the PROXY header has been read, or that the connection has none.
    pub fn has_header(&mut self) {
        if let Session::New { awaits_header, .. } = &mut self.session {
            *awaits_header = false;
        }
    }

    /// Returns `true` if a request is being processed.
    pub fn is_busy(&self) -> bool {
        self.work != Work::Idle
    }

    /// Returns the number of bytes that have not been sent to the peer yet.
    pub fn unsent(&self) -> usize {
        self.output.len() + self.stream.unsent()
    }

    /// Returns the time of the next check of the deadlines. The token's expiry is converted to the monotonic clock with
    /// `now`.
    pub fn next_check(&self, now: lamplight_model::Now) -> Moment {
        match &self.session {
            Session::New { deadline, .. } | Session::Closing { deadline } => *deadline,
            Session::LoggedIn(login) => {
                let silence = self.heard + login.heartbeat_timeout.into();
                let signature =
                    now.moment + login.sig_expires.begins().since(now.wall).min(Duration::from_secs(3_600));
                silence.min(signature)
            }
        }
    }
}

/// Makes the last message that the server sends on a connection.
pub fn last_words(cause: Cause, message: &str) -> ConnectionEnded {
    ConnectionEnded { cause: cause as i32, message: message.to_owned(), ..ConnectionEnded::default() }
}

/// Makes the last message for a connection that the directory has ended.
pub fn words_of(cause: EndCause) -> ConnectionEnded {
    match cause {
        EndCause::Superseded => last_words(Cause::Superseded, "the same device has connected again"),
        EndCause::KickedByLogin { by } => ConnectionEnded {
            by_platform: by as i32,
            ..last_words(Cause::KickedByOtherLogin, "another login of this account")
        },
        EndCause::KickedByOperator => last_words(Cause::KickedByOperator, "kicked by the operator"),
        EndCause::LoggedOut => last_words(Cause::LoggedOut, "logged out"),
        EndCause::NodeLost => last_words(Cause::Reconnect, "the connection was ended by another node"),
        EndCause::AccountDeleted => last_words(Cause::AccountDeleted, "the account was deleted"),
    }
}

/// Makes a message that the server sends without a request.
pub fn push(body: Body) -> ServerMessage {
    ServerMessage { id: 0, body: Some(body) }
}
