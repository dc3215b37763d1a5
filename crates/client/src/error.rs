//! The errors of the client.

use lamplight_model::Code;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// The error of a failed call.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server has refused the call and changed nothing, or the client itself has refused the call and not sent it.
    /// With 70500 (internal error), the server may have executed the call.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// There is no session (6014): no login, a logout, a kick, a deleted account, or an expired UserSig. A call that
    /// was sent before the session ended gets this error too, and the server may have executed it.
    #[error("{}", Code::NOT_LOGGED_IN)]
    NotLoggedIn,
    /// The link broke before the answer, and repeating the call is not safe (9520). The server may or may not have
    /// executed the call.
    #[error("the connection broke before the answer")]
    Disconnected,
    /// The call was not sent within the call timeout (9508), so the server has not executed it. There was no
    /// connection, or too many earlier calls had no answer yet.
    #[error("not sent in time; the server has not been asked")]
    NotSent,
    /// There was no answer within the call timeout (9520). The server may or may not have executed the call.
    #[error("no answer in time")]
    Timeout,
    /// The answer lacks a required field (9520), for example because the server is of another version. The server has
    /// executed the call.
    #[error("the answer lacks a required field")]
    IncompleteAnswer,
    /// A login failed (9508): the link could not be opened, or it ended before the answer.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

impl Error {
    /// Returns the code of this error. At present, every error has a code, so the result is never `None`.
    pub fn code(&self) -> Option<u32> {
        match self {
            Self::Refused(refused) => Some(refused.code),
            Self::NotLoggedIn => Some(Code::NOT_LOGGED_IN.number()),
            Self::NotSent | Self::Transport(_) => Some(Code::NOT_CONNECTED.number()),
            Self::Disconnected | Self::Timeout | Self::IncompleteAnswer => Some(Code::NO_ANSWER.number()),
        }
    }
}

/// A refusal by the server or by the client itself, with its code (SPEC section 7).
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refused {
    /// The code as a number, because a newer server may have codes that are unknown to this client.
    pub code: u32,
    /// The error text in English.
    pub message: String,
}

impl Refused {
    /// Creates a refusal whose text is the text of the code.
    pub(crate) fn of(code: Code) -> Self {
        Self { code: code.number(), message: code.english().to_owned() }
    }

    /// Creates a refusal by the client itself, with the text of the code and a detail.
    pub(crate) fn because(code: Code, detail: &str) -> Self {
        Self { code: code.number(), message: format!("{}: {detail}", code.english()) }
    }

    /// Returns `true` if the refusal has this code.
    pub fn is(&self, code: Code) -> bool {
        self.code == code.number()
    }

    /// Returns the code with its name and texts; `None` for a code that this client does not know.
    pub fn known_code(&self) -> Option<Code> {
        Code::from_number(self.code)
    }
}

/// The error of a link that could not be opened or has failed.
#[derive(Clone, Debug)]
pub struct TransportError {
    doing: &'static str,
    source: Arc<dyn StdError + Send + Sync>,
}

impl TransportError {
    pub(crate) fn new(doing: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { doing, source: Arc::from(source.into()) }
    }

    /// Returns the step that failed, such as "connecting".
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

/// The reason why a link has ended, or why an attempt to open a link has failed.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkEnd {
    /// The link was closed without a final message of the server.
    #[error("closed by the server")]
    Closed,
    /// Reading, writing or connecting failed.
    #[error(transparent)]
    Failed(#[from] TransportError),
    /// No bytes were received for too long: the client received none after a heartbeat or a request, or the server
    /// received none within the heartbeat timeout.
    #[error("no bytes came from the server in time")]
    Silent,
    /// The attempt to connect exceeded its time limit of 10 s, or the call timeout of a first login.
    #[error("no connection in time")]
    ConnectTimeout,
    /// The server did not answer the login within the time limit of 10 s, or within the call timeout of a first login.
    /// Or it ended a connection on which no login came in time.
    #[error("no answer to the login in time")]
    LoginTimeout,
    /// The login was refused.
    #[error("login refused: {0}")]
    Refused(Refused),
    /// The server is stopping or is being replaced, and has asked this client to reconnect.
    #[error("the server asked to reconnect")]
    Moved,
    /// The server has too many connections in total, or too many from this address.
    #[error("too many connections")]
    TooManyConnections,
    /// The server has ended the connection, with this error text.
    #[error("ended by the server: {0}")]
    EndedByServer(String),
    /// The client received bytes that are not a valid message.
    #[error("protocol error: {0}")]
    Protocol(&'static str),
}

impl LinkEnd {
    /// Converts the end of a link during a login into the error of the failed login.
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

/// The error of a client that could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The address is invalid.
    #[error(
        "{address:?} is not an address: {why}; expected tcp://host:port, tls://host:port, ws://host[:port] or wss://host[:port]"
    )]
    Address {
        /// The given address.
        address: String,
        /// The reason why the address is invalid.
        why: &'static str,
    },
    /// The address needs a feature of this crate that is not enabled.
    #[error(
        "{address:?} needs the feature `{feature}` of lamplight-client, which is not enabled in this build"
    )]
    FeatureDisabled {
        /// The given address.
        address: String,
        /// The name of the feature in Cargo.toml: `tls` or `websocket`.
        feature: &'static str,
    },
    /// The app was not set.
    #[error("the app is missing: call app(AppId(…))")]
    AppMissing,
    /// The given device id is invalid.
    #[error("the device id {0:?} is not 1 to 64 bytes of printable ASCII")]
    DeviceId(String),
    /// The file with the device id could not be read or written.
    #[error("the device id could not be stored in {path}")]
    DeviceIdFile {
        /// The path of the file.
        path: std::path::PathBuf,
        /// The error of the file system.
        source: std::io::Error,
    },
    /// A root certificate could not be parsed, or a given text contains no certificate, or neither the system nor the
    /// application has given a certificate.
    #[error("root certificates: {0}")]
    RootCertificates(String),
}
