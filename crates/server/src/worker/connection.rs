//! One connection of a worker: its stream, its protocol and the state of its session.

use crate::worker::lists_queue::ListsQueue;
use crate::worker::stream::Stream;
use crate::worker::told_abilities::ToldAbilities;
use lamplight_core::{EndCause, LinkEnd, WatcherKey};
use lamplight_model::{ConnectionId, DeviceId, Moment, Platform, Timestamp, User};
use lamplight_protocol::Protocol;
use lamplight_service::{KeyMark, ListDifference, OwnListChange};
use lamplight_wire::v1::connection_ended::Cause;
use lamplight_wire::v1::{ConnectionEnded, ServerMessage, server_message::Body};
use std::net::IpAddr;
use std::time::Duration;

/// A connection of a worker.
pub struct Connection {
    pub id: ConnectionId,
    /// The client's address. Behind a trusted proxy it is the forwarded one, not that of the peer.
    pub address: IpAddr,
    pub stream: Stream,
    pub protocol: Protocol,
    pub session: Session,
    /// Received bytes that are not yet a whole message.
    pub input: Vec<u8>,
    /// Messages that wait for the end of the round.
    pub output: Vec<u8>,
    /// The time at which the last bytes arrived.
    pub heard: Moment,
    /// The request that is under way.
    pub work: Work,
    /// Whether the connection was too fast. It is then in the worker's list of such connections, and is not read from
    /// until the next window.
    pub paused: bool,
    /// Whether the socket may have unread bytes.
    pub readable: bool,
    /// Whether the peer has closed its side. The connection then ends after the unread bytes.
    pub read_closed: bool,
    /// Whether the connection is in the worker's list of connections to serve in the next round.
    pub queued: bool,
    /// Whether the connection is in the worker's list of connections with output.
    pub to_flush: bool,
    /// The time of the next check of the deadlines. Entries of the wheel cannot be removed, so an entry that fires
    /// before this time is obsolete.
    pub check_at: Moment,
    /// The connection's admission, by which it is counted.
    pub admission: Admission,
    /// The end of the connection, once it is decided; it is carried out when the request under way has ended.
    pub ending: Option<Ending>,
}

/// The admission of a connection, by which it is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admission {
    /// Admitted, and counted by its client's address.
    Counted,
    /// From a trusted proxy that has not named the client's address yet: counted only in the total, and only for a
    /// short time.
    Unnamed,
    /// Over the limits: kept open only until its protocol is known and a refusal can be sent.
    Refused,
}

/// The request that a connection is busy with. The next request stays unread meanwhile, so answers keep their order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    /// Nothing.
    Idle,
    /// A login or a logout. No notifications are sent: the answer to a login carries the statuses.
    LoggingIn,
    /// A call. Statuses are sent meanwhile, however slow the stores are; news about lists keeps its order with the
    /// answers.
    Answering,
}

/// The progress of a connection: before, during and after its login.
pub enum Session {
    /// The connection has not logged in yet.
    New {
        /// The time at which the login times out.
        deadline: Moment,
        /// Whether the connection may begin with a header of the PROXY protocol, because it comes from a trusted proxy.
        awaits_header: bool,
    },
    /// Logged in.
    LoggedIn(Box<Login>),
    /// The last message was sent. Bytes that still arrive are discarded, until the peer closes or the deadline passes.
    Closing {
        /// The time at which the connection is closed even if the peer has not closed it.
        deadline: Moment,
    },
}

/// The login of a connection. Each idle connection has one, so its size matters.
pub struct Login {
    pub user: User,
    pub device: DeviceId,
    pub platform: Platform,
    pub watcher: WatcherKey,
    pub heartbeat_timeout: Duration,
    pub sig_expires: Timestamp,
    /// The key of the app that signed the UserSig.
    pub key: KeyMark,
    /// The list changes that were not sent to the client yet.
    pub lists: ListsQueue,
    pub abilities: ToldAbilities,
    /// The number of statuses of the snapshot that did not fit into the answer and were not sent yet; `None` once the
    /// client has been notified that the snapshot is complete.
    pub snapshot_left: Option<u32>,
    /// Whether the login was answered, so that the server may send notifications.
    pub answered: bool,
    /// Whether entries of the change log were missed, which may have included the end of this connection.
    pub may_be_superseded: bool,
    /// The difference between the subscription list and the one that the client knows.
    pub list_difference: Option<Box<ListDifference>>,
    /// Changes of the subscription list by a call under way, whose answer will report them.
    pub own_changes: Box<[OwnListChange]>,
}

const _: () = assert!(size_of::<Login>() <= 184 && size_of::<Connection>() <= 240);

/// The cause of the end of a connection.
pub enum Ending {
    /// The link has broken.
    Link(LinkEnd),
    /// The server ends the connection with this last message. With a `LinkEnd`, the end is also recorded in the
    /// directory, which does not have it yet.
    Said(ConnectionEnded, Option<LinkEnd>),
}

impl Connection {
    /// The login, if there is one.
    pub fn login(&self) -> Option<&Login> {
        match &self.session {
            Session::LoggedIn(login) => Some(login),
            Session::New { .. } | Session::Closing { .. } => None,
        }
    }

    /// The login, if there is one, to be changed.
    pub fn login_mut(&mut self) -> Option<&mut Login> {
        match &mut self.session {
            Session::LoggedIn(login) => Some(login),
            Session::New { .. } | Session::Closing { .. } => None,
        }
    }

    /// Whether a header of a proxy may still come, because nothing was read yet.
    pub fn awaits_header(&self) -> bool {
        matches!(self.session, Session::New { awaits_header: true, .. })
    }

    /// Notes that a header of a proxy has come, or will not come.
    pub fn has_header(&mut self) {
        if let Session::New { awaits_header, .. } = &mut self.session {
            *awaits_header = false;
        }
    }

    /// Whether a request is under way.
    pub fn is_busy(&self) -> bool {
        self.work != Work::Idle
    }

    /// The number of bytes that wait for the peer to read them.
    pub fn unsent(&self) -> usize {
        self.output.len() + self.stream.unsent()
    }

    /// The time of the next check of the deadlines. `now` relates the wall clock of the UserSig to the monotonic clock.
    pub fn next_check(&self, now: lamplight_model::Now) -> Moment {
        match &self.session {
            Session::New { deadline, .. } | Session::Closing { deadline } => *deadline,
            Session::LoggedIn(login) => {
                let silence = self.heard + login.heartbeat_timeout;
                let signature =
                    now.moment + login.sig_expires.since(now.wall).min(Duration::from_secs(3_600));
                silence.min(signature)
            }
        }
    }
}

/// Builds the last message of the server on a connection.
pub fn last_words(cause: Cause, message: &str) -> ConnectionEnded {
    ConnectionEnded { cause: cause as i32, message: message.to_owned(), ..ConnectionEnded::default() }
}

/// Builds the last message for an end that the directory has decided.
pub fn words_of(cause: EndCause) -> ConnectionEnded {
    match cause {
        EndCause::Superseded => last_words(Cause::Superseded, "the same device has connected again"),
        EndCause::KickedByLogin { by } => ConnectionEnded {
            by_platform: by as i32,
            ..last_words(Cause::KickedByOtherLogin, "another login of this account")
        },
        EndCause::KickedByOperator => last_words(Cause::KickedByOperator, "kicked by the operator"),
        EndCause::LoggedOut => last_words(Cause::LoggedOut, "logged out"),
        EndCause::AccountDeleted => last_words(Cause::AccountDeleted, "the account was deleted"),
    }
}

/// Builds a message that the server sends without a request.
pub fn push(body: Body) -> ServerMessage {
    ServerMessage { id: 0, body: Some(body) }
}
