//! The errors of the client: a refusal by the server, a failed link, an invalid configuration.

use lamplight_model::Code;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// Why a call has no answer.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server said no; nothing was changed.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// There is no session: never logged in, logged out, kicked, or expired (6014).
    #[error("{}", Code::NOT_LOGGED_IN)]
    NotLoggedIn,
    /// The link broke before the answer, and the call is none that may be sent again. Whether the server has done what was
    /// asked is not known (9520).
    #[error("the connection broke before the answer")]
    Disconnected,
    /// There was no connection within the call timeout, or no room on it: the server has not been asked, and has done
    /// nothing (9508).
    #[error("not sent in time; the server has not been asked")]
    NotSent,
    /// No answer within the call timeout. Whether the server has done what was asked is not known (9520).
    #[error("no answer in time")]
    Timeout,
    /// No connection could be made for a login (9508).
    #[error(transparent)]
    Transport(#[from] TransportError),
}

impl Error {
    /// The code of the contract that says the same. Every error has one at present.
    pub fn code(&self) -> Option<u32> {
        match self {
            Self::Refused(refused) => Some(refused.code),
            Self::NotLoggedIn => Some(Code::NOT_LOGGED_IN.number()),
            Self::NotSent | Self::Transport(_) => Some(Code::NOT_CONNECTED.number()),
            Self::Disconnected | Self::Timeout => Some(Code::NO_ANSWER.number()),
        }
    }
}

/// A "no" of the server, with its code (SPEC section 7).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refused {
    /// The code. A number, because a newer server may have codes that this client has no name for.
    pub code: u32,
    /// The server's text about it, in English.
    pub message: String,
}

impl Refused {
    /// A refusal that the client makes itself, with the words of the table.
    pub(crate) fn because(code: Code, detail: &str) -> Self {
        Self { code: code.number(), message: format!("{}: {detail}", code.english()) }
    }

    /// Whether this is that refusal.
    pub fn is(&self, code: Code) -> bool {
        self.code == code.number()
    }

    /// The code with its name and texts, if this client's table has it.
    pub fn known_code(&self) -> Option<Code> {
        Code::from_number(self.code)
    }
}

/// A link that could not be made, or that failed.
#[derive(Clone, Debug)]
pub struct TransportError {
    doing: &'static str,
    source: Arc<dyn StdError + Send + Sync>,
}

impl TransportError {
    pub(crate) fn new(doing: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { doing, source: Arc::from(source.into()) }
    }

    /// The step that failed, as in "connecting".
    pub fn doing(&self) -> &'static str {
        self.doing
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.doing, self.source)
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.source)
    }
}

/// How a link, or the attempt to make one, came to its end. The session goes on.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkEnd {
    /// The server, or something between, closed it without a word.
    #[error("closed by the server")]
    Closed,
    /// Reading, writing or connecting failed.
    #[error(transparent)]
    Failed(#[from] TransportError),
    /// Nothing was heard for too long after a heartbeat or a request.
    #[error("nothing was heard from the server")]
    Silent,
    /// No connection within the time for one.
    #[error("no connection in time")]
    ConnectTimeout,
    /// No answer to the login within the time for one.
    #[error("no answer to the login in time")]
    LoginTimeout,
    /// The login was refused.
    #[error("login refused: {0}")]
    Refused(Refused),
    /// The server stops or hands over, and has asked this client to return.
    #[error("the server asked to reconnect")]
    Moved,
    /// The server has too many connections, or too many from this address.
    #[error("too many connections")]
    TooManyConnections,
    /// The server gave up on this client, in its words.
    #[error("ended by the server: {0}")]
    EndedByServer(String),
    /// The received bytes are no message of the contract.
    #[error("not understood: {0}")]
    Protocol(&'static str),
}

impl LinkEnd {
    /// The error of a login that ended so.
    pub(crate) fn into_login_error(self) -> Error {
        match self {
            Self::Failed(error) => Error::Transport(error),
            Self::Refused(refused) => Error::Refused(refused),
            Self::ConnectTimeout => Error::Transport(TransportError::new("connecting", self)),
            Self::Closed
            | Self::Silent
            | Self::LoginTimeout
            | Self::Moved
            | Self::TooManyConnections
            | Self::EndedByServer(_)
            | Self::Protocol(_) => Error::Transport(TransportError::new("logging in", self)),
        }
    }
}

/// Why a client cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The address is none.
    #[error(
        "{address:?} is no address: {why}; expected tcp://host:port, tls://host:port, ws://host[:port] or wss://host[:port]"
    )]
    Address {
        /// The address as given.
        address: String,
        /// The reason why it cannot be used.
        why: &'static str,
    },
    /// The address needs a feature of this crate that the program was compiled without.
    #[error(
        "{address:?} needs the feature `{feature}` of lamplight-client, which is not enabled in this build"
    )]
    FeatureDisabled {
        /// The address as given.
        address: String,
        /// The feature as Cargo.toml names it: `tls` or `websocket`.
        feature: &'static str,
    },
    /// No app was named.
    #[error("the app is missing: call app(AppId(…))")]
    AppMissing,
    /// The device id is none.
    #[error("the device id {0:?} is not 1 to 64 bytes of printable ASCII")]
    DeviceId(String),
    /// The file of the device id could not be read or written.
    #[error("the device id could not be kept in {path}")]
    DeviceIdFile {
        /// The file.
        path: std::path::PathBuf,
        /// The error of reading them.
        source: std::io::Error,
    },
    /// A root certificate could not be read, or none is there.
    #[error("root certificates: {0}")]
    RootCertificates(String),
}
