//! One connection of a worker: its stream, its protocol and how far its session has come.

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
    /// The client's address: where a trusted proxy has told it, not that of the peer.
    pub address: IpAddr,
    pub stream: Stream,
    pub protocol: Protocol,
    pub session: Session,
    /// Received, and not yet a whole message.
    pub input: Vec<u8>,
    /// Messages that wait for the end of the round.
    pub output: Vec<u8>,
    /// When bytes last arrived.
    pub heard: Moment,
    /// The request that is under way.
    pub work: Work,
    /// Stands in the worker's list of connections that were too fast, and is not read from until the next window.
    pub paused: bool,
    /// The socket may have bytes that were not read yet.
    pub readable: bool,
    /// The peer has closed its side: after what there is to read comes the end.
    pub read_closed: bool,
    /// Stands in the worker's list of connections to look at again.
    pub queued: bool,
    /// Stands in the worker's list of connections with output.
    pub to_flush: bool,
    /// When its deadlines are looked at next. The wheel cannot take an entry back: one that comes before has been
    /// overtaken by another.
    pub check_at: Moment,
    /// Whether there was room for it.
    pub place: Place,
    /// How the connection ends once it is no longer busy.
    pub ending: Option<Ending>,
}

/// Whether there was room for a connection, and how it is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// It is counted by its address.
    Counted,
    /// It comes from a trusted proxy that has not yet said for whom: it is counted altogether, and only for a short time.
    Unnamed,
    /// There was no room for it: it is kept only until it has said how it speaks, so that it can be told.
    Refused,
}

/// The work that a connection waits for. While a request is under way, the next one waits unread, so answers keep their
/// order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    /// Nothing.
    Idle,
    /// A login, or the end of one. Nothing is told: the answer to a login tells.
    LoggingIn,
    /// The answer to a call. Statuses are told meanwhile, however slow the stores are; what is told of lists keeps its
    /// order with the answers.
    Answering,
}

/// How far a connection has come.
pub enum Session {
    /// Not logged in yet.
    New {
        /// Until when it must be.
        deadline: Moment,
        /// It comes from a trusted proxy, and may begin with a header of the PROXY protocol.
        awaits_header: bool,
    },
    /// Logged in.
    LoggedIn(Box<Login>),
    /// The last words have been said; what the peer still sends is thrown away, until it goes or is late.
    Closing {
        /// When it is late.
        deadline: Moment,
    },
}

/// The login of a connection. There is one for each idle connection, so its size is looked after.
pub struct Login {
    pub user: User,
    pub device: DeviceId,
    pub platform: Platform,
    pub watcher: WatcherKey,
    pub heartbeat_timeout: Duration,
    pub sig_expires: Timestamp,
    /// The key of the app that signed the UserSig.
    pub key: KeyMark,
    /// The list changes that it has still to be told.
    pub lists: ListsQueue,
    pub abilities: ToldAbilities,
    /// Statuses of the snapshot that did not fit into the answer and were not told yet; `None`: the client knows that
    /// the snapshot is complete.
    pub snapshot_left: Option<u32>,
    /// The client knows of it: from here on the server may speak on its own.
    pub answered: bool,
    /// A part of the log was missed, in which the end of this connection may have been.
    pub may_be_superseded: bool,
    /// How the subscription list differs from what the client was told of it.
    pub list_difference: Option<Box<ListDifference>>,
    /// How a call under way has changed the subscription list, of which its answer will tell.
    pub own_changes: Box<[OwnListChange]>,
}

const _: () = assert!(size_of::<Login>() <= 184 && size_of::<Connection>() <= 240);

/// How a connection ends.
pub enum Ending {
    /// The link is gone.
    Link(LinkEnd),
    /// We end it, and say why. With `LinkEnd`, the directory is told: it does not know yet.
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

    /// The login, to be changed.
    pub fn login_mut(&mut self) -> Option<&mut Login> {
        match &mut self.session {
            Session::LoggedIn(login) => Some(login),
            Session::New { .. } | Session::Closing { .. } => None,
        }
    }

    /// Whether a header of a proxy may still come, and nothing else was read.
    pub fn awaits_header(&self) -> bool {
        matches!(self.session, Session::New { awaits_header: true, .. })
    }

    /// Notes that a header of a proxy has come, or will not.
    pub fn has_header(&mut self) {
        if let Session::New { awaits_header, .. } = &mut self.session {
            *awaits_header = false;
        }
    }

    /// Whether a request is under way.
    pub fn is_busy(&self) -> bool {
        self.work != Work::Idle
    }

    /// Bytes that wait for the peer to take them.
    pub fn unsent(&self) -> usize {
        self.output.len() + self.stream.unsent()
    }

    /// When its deadline must be looked at next. `now` ties the wall clock of the signature to the other one.
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

/// The last words of the server on a connection.
pub fn last_words(cause: Cause, message: &str) -> ConnectionEnded {
    ConnectionEnded { cause: cause as i32, message: message.to_owned(), ..ConnectionEnded::default() }
}

/// The last words for an end that the directory has decided.
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

/// A message of the server on its own account.
pub fn push(body: Body) -> ServerMessage {
    ServerMessage { id: 0, body: Some(body) }
}
