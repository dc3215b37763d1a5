//! A scripted server that uses the real wire protocol.

#![allow(dead_code)]

use bytes::{Buf as _, BytesMut};
use futures_util::{SinkExt as _, StreamExt as _};
use lamplight_wire::v1::client_message::Body as Ask;
use lamplight_wire::v1::server_message::Body as Tell;
use lamplight_wire::{Framed, NATIVE_PREAMBLE, next_frame, put_frame, v1};
use prost::Message as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// The heartbeat timeout that a peer sends, in milliseconds.
pub const HEARTBEAT_TIMEOUT_MS: u32 = 400_000;

/// A stream of bytes to a client.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Io for S {}

/// The server's side of one connection.
pub enum Peer {
    /// Native framing.
    Native { stream: Box<dyn Io>, bytes: BytesMut },
    /// A WebSocket connection.
    WebSocket(Box<WebSocketStream<Box<dyn Io>>>),
}

impl Peer {
    /// Accepts a native client by reading its preamble.
    pub async fn native(stream: impl Io + 'static) -> Self {
        let mut stream: Box<dyn Io> = Box::new(stream);
        let mut preamble = [0; NATIVE_PREAMBLE.len()];
        stream.read_exact(&mut preamble).await.expect("a preamble");
        assert_eq!(&preamble, NATIVE_PREAMBLE);
        Self::Native { stream, bytes: BytesMut::new() }
    }

    /// Receives the next message that is not a heartbeat; `None` if the client has closed the connection.
    pub async fn next(&mut self) -> Option<v1::ClientMessage> {
        loop {
            let message = self.next_of_any_kind().await?;
            if !matches!(message.body, Some(Ask::Heartbeat(_))) {
                return Some(message);
            }
        }
    }

    /// Receives the next message; `None` if the client has closed the connection.
    pub async fn next_of_any_kind(&mut self) -> Option<v1::ClientMessage> {
        match self {
            Self::Native { stream, bytes } => loop {
                if let Framed::Frame { message, taken } = next_frame(bytes, usize::MAX).expect("a frame") {
                    let message = v1::ClientMessage::decode(message).expect("a message");
                    bytes.advance(taken);
                    return Some(message);
                }
                if stream.read_buf(bytes).await.unwrap_or(0) == 0 {
                    return None;
                }
            },
            Self::WebSocket(socket) => {
                let message = socket.next().await?.ok()?;
                assert!(matches!(message, Message::Binary(_)), "{message:?}");
                Some(v1::ClientMessage::decode(message.into_data()).expect("a message"))
            }
        }
    }

    /// Sends a message.
    pub async fn tell(&mut self, id: u64, body: Tell) {
        let message = v1::ServerMessage { id, body: Some(body) };
        match self {
            Self::Native { stream, .. } => {
                let mut bytes = Vec::new();
                put_frame(&mut bytes, &message);
                stream.write_all(&bytes).await.expect("the client reads");
                stream.flush().await.expect("the client reads");
            }
            Self::WebSocket(socket) => {
                socket.send(Message::binary(message.encode_to_vec())).await.expect("the client reads");
            }
        }
    }

    /// Sends status changes.
    pub async fn push(&mut self, statuses: &[(&str, u64)]) {
        let statuses = statuses.iter().map(|(user, version)| status(user, *version)).collect();
        self.tell(0, Tell::StatusChanged(v1::StatusChanged { statuses, ..Default::default() })).await;
    }

    /// Sends the final message of a connection.
    pub async fn end(&mut self, cause: v1::connection_ended::Cause) {
        let ended = v1::ConnectionEnded { cause: cause as i32, ..Default::default() };
        self.tell(0, Tell::ConnectionEnded(ended)).await;
    }

    /// Receives a message, which must be a login.
    pub async fn login(&mut self) -> (u64, v1::LoginRequest) {
        let message = self.next().await.expect("a login");
        match message.body {
            Some(Ask::Login(login)) => (message.id, login),
            other => panic!("a login, not {other:?}"),
        }
    }

    /// Receives a login, and answers it with these statuses.
    pub async fn welcome(&mut self, statuses: &[(&str, u64)]) -> v1::LoginRequest {
        let (id, login) = self.login().await;
        let statuses = statuses.iter().map(|(user, version)| status(user, *version)).collect();
        let welcome = v1::LoginResponse { statuses, ..welcome() };
        self.tell(id, Tell::Login(welcome)).await;
        login
    }

    /// Receives a subscription, and answers it with version 1 of each user.
    pub async fn subscribe(&mut self) -> Vec<String> {
        let message = self.next().await.expect("a subscription");
        let Some(Ask::SubscribeUserStatus(asked)) = message.body else { panic!("{message:?}") };
        let statuses = asked.user_ids.iter().map(|user| status(user, 1)).collect();
        let answer = v1::SubscribeUserStatusResponse { statuses, ..Default::default() };
        self.tell(message.id, Tell::SubscribeUserStatus(answer)).await;
        asked.user_ids
    }
}

/// Makes an answer to a login without statuses.
pub fn welcome() -> v1::LoginResponse {
    v1::LoginResponse { heartbeat_timeout_ms: HEARTBEAT_TIMEOUT_MS, server_time: 7, ..Default::default() }
}

/// Makes a status.
pub fn status(user: &str, version: u64) -> v1::UserStatus {
    v1::UserStatus { user_id: user.to_owned(), status_type: 1, version, ..Default::default() }
}
