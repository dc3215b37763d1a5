//! Sends and receives messages over a socket, and does not interpret them.

mod native;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "websocket")]
mod websocket;

#[cfg(feature = "tls")]
pub(crate) use tls::client_config;

use crate::address::{Address, Framing};
use crate::{LinkEnd, TransportError};
use futures_util::future::{self, BoxFuture};
use lamplight_wire::v1;
use prost::Message as _;
use std::future::Future;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{self, Receiver, Sender};

/// The maximum number of messages that wait to be written. The queue becomes full only if the peer has stopped reading.
const MAX_OUTGOING: usize = 4 * crate::link::MAX_IN_FLIGHT;

/// The maximum number of messages that were read from the socket and not yet taken with `next`.
const MAX_INCOMING: usize = 64;

/// The maximum number of bytes of one read.
const READ_CHUNK: usize = 4 * 1024;

/// The encryption of the connection.
#[derive(Clone)]
pub(crate) enum Security {
    /// No encryption.
    Plain,
    /// TLS, with a configuration that contains the trusted certificates.
    #[cfg(feature = "tls")]
    Tls(std::sync::Arc<rustls::ClientConfig>),
}

/// Connects to a server.
pub(crate) async fn connect(address: Address, security: Security) -> Result<Connection, TransportError> {
    let failed = |error| TransportError::new("connecting", error);
    let stream = TcpStream::connect((address.host.as_str(), address.port)).await.map_err(failed)?;
    // Messages are small and have to be sent without delay.
    stream.set_nodelay(true).map_err(failed)?;
    match security {
        Security::Plain => speak(stream, address.framing).await,
        #[cfg(feature = "tls")]
        Security::Tls(config) => {
            speak(tls::handshake(stream, config, &address.host).await?, address.framing).await
        }
    }
}

async fn speak<S>(stream: S, framing: Framing) -> Result<Connection, TransportError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    Ok(match framing {
        Framing::Native => Connection::native(stream),
        #[cfg(feature = "websocket")]
        Framing::WebSocket(uri) => {
            let socket = websocket::handshake(stream, uri).await?;
            Connection::new(|outgoing, incoming| websocket::pump(socket, outgoing, incoming))
        }
    })
}

/// A connection to a server. Dropping it closes it.
///
/// Bytes are sent and received only while [`next`](Self::next) is awaited.
pub(crate) struct Connection {
    outgoing: Sender<v1::ClientMessage>,
    incoming: Receiver<Result<v1::ServerMessage, LinkEnd>>,
    /// A future that sends and receives bytes, and never completes. The last item in `incoming` is the end of the
    /// connection.
    pump: BoxFuture<'static, ()>,
}

impl Connection {
    /// Creates a connection with the native framing over a stream.
    pub(crate) fn native<S>(stream: S) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + 'static,
    {
        Self::new(|outgoing, incoming| native::pump(stream, outgoing, incoming))
    }

    fn new<F>(pump: impl FnOnce(Receiver<v1::ClientMessage>, Incoming) -> F) -> Self
    where
        F: Future<Output = LinkEnd> + Send + 'static,
    {
        let (outgoing, to_write) = mpsc::channel(MAX_OUTGOING);
        let (read, incoming) = mpsc::channel(MAX_INCOMING);
        let pumping = pump(to_write, Incoming(read.clone()));
        let pump = Box::pin(async move {
            let end = pumping.await;
            // Sending fails only if the receiver was dropped, and then this future was dropped too.
            let _ = read.send(Err(end)).await;
            future::pending().await
        });
        Self { outgoing, incoming, pump }
    }

    /// Queues a message to be sent. Fails if the queue is full because the peer does not read.
    pub(crate) fn send(&mut self, message: v1::ClientMessage) -> Result<(), LinkEnd> {
        self.outgoing.try_send(message).map_err(|_| LinkEnd::Silent)
    }

    /// Returns the next received message, or the end of the connection. Cancel-safe: dropping the future loses no
    /// message.
    pub(crate) async fn next(&mut self) -> Result<v1::ServerMessage, LinkEnd> {
        tokio::select! {
            next = self.incoming.recv() => next.unwrap_or(Err(LinkEnd::Closed)),
            () = &mut self.pump => Err(LinkEnd::Closed),
        }
    }
}

/// The queue of received messages.
struct Incoming(Sender<Result<v1::ServerMessage, LinkEnd>>);

impl Incoming {
    async fn put(&self, message: &[u8]) -> Result<(), LinkEnd> {
        let message = v1::ServerMessage::decode(message)
            .map_err(|_| LinkEnd::Protocol("the received bytes are not a message"))?;
        self.0.send(Ok(message)).await.map_err(|_| LinkEnd::Closed)
    }
}
