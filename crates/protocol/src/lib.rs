//! Decodes and encodes the messages of one connection, in the WebSocket or the native framing. The first bytes of the
//! connection determine the framing.
//!
//! This crate has no sockets, TLS or sessions. It buffers only incomplete messages.

mod forwarded;
mod pipe;
mod proxy_header;

pub use forwarded::Hops;
pub use proxy_header::{MAX_PROXY_HEADER_BYTES, ProxyHeader, ProxyHeaderError, read_proxy_header};

use lamplight_wire::{
    FrameError, FrameLimits, Framed, LoginStatuses, NATIVE_PREAMBLE, SUBPROTOCOL_JSON, SUBPROTOCOL_PROTOBUF,
    StatusBatch, Unreadable, id_in_json, id_in_protobuf, next_frame, put_frame, read_json, read_protobuf, v1,
};
use pipe::Pipe;
use prost::Message as _;
use tungstenite::handshake::machine::TryParse;
use tungstenite::handshake::server::{Request, create_response, write_response};
use tungstenite::http::{HeaderValue, StatusCode, header};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::protocol::{Role, WebSocketConfig, WebSocketContext};

/// The maximum number of bytes of an HTTP upgrade request.
const MAX_UPGRADE_BYTES: usize = 8 * 1024;

/// The maximum number of bytes that one call reads from a WebSocket. The limit keeps a peer that sends endless empty
/// fragments from delaying other connections.
const BYTES_IN_ONE_LOOK: usize = 128;

/// The framing and the encoding of a connection's messages.
pub enum Protocol {
    /// Too few bytes were received to determine the framing.
    Undecided,
    /// Protobuf messages, each preceded by its length.
    Native,
    /// WebSocket messages.
    WebSocket(Box<WebSocket>),
}

/// The state of a connection that was upgraded to WebSocket.
pub struct WebSocket {
    context: WebSocketContext,
    encoding: Encoding,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Encoding {
    Json,
    Protobuf,
}

/// The item at the beginning of the received bytes.
pub enum Found {
    /// The opening of the connection: the preamble or the WebSocket upgrade. Messages follow.
    Opened(Hops),
    /// A message.
    Message(v1::ClientMessage),
    /// A complete frame without a valid message. The next frame may be valid.
    Unreadable(Unreadable),
    /// A WebSocket control frame. If it needs an answer, the answer is already in `output`.
    Control,
    /// A part of a message. The caller calls [`Protocol::next`] again for the rest.
    Part,
    /// No item, because more bytes are needed.
    Incomplete,
    /// The close frame of a WebSocket.
    Goodbye,
}

/// An error of the peer after which the connection must be closed.
#[derive(Debug, thiserror::Error)]
pub enum ProtocolError {
    /// The first bytes belong to none of the protocols.
    #[error("the connection begins with neither the preamble of the native protocol nor a WebSocket upgrade")]
    UnknownOpening,
    /// The first bytes are a PROXY header, which is not allowed here.
    #[error("a PROXY header from an address that is not in trusted_proxies, or a second PROXY header")]
    UnexpectedProxyHeader,
    /// The HTTP request is not a valid upgrade to one of Lamplight's subprotocols. The answer is already in `output`.
    #[error("the request is not a valid WebSocket upgrade: {0}")]
    NoUpgrade(String),
    /// A frame is too large, or its length is invalid.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The peer has violated the WebSocket protocol.
    #[error("WebSocket: {0}")]
    WebSocket(String),
}

impl Protocol {
    /// Removes the next item from the beginning of `input` and returns it. Answers of the WebSocket protocol itself are
    /// appended to `output`.
    pub fn next(
        &mut self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
        limits: FrameLimits,
        logged_in: bool,
    ) -> Result<Found, ProtocolError> {
        match self {
            Self::Undecided => self.decide(input, output, limits),
            Self::Native => {
                let limit = if logged_in { limits.after_login } else { limits.before_login };
                let Framed::Frame { message, taken } = next_frame(input, limit)? else {
                    return Ok(Found::Incomplete);
                };
                *input = &input[taken..];
                Ok(read_protobuf(message).map_or_else(Found::Unreadable, Found::Message))
            }
            Self::WebSocket(socket) => socket.next(input, output),
        }
    }

    /// Raises the size limits of messages, because the client has logged in.
    pub fn set_logged_in(&mut self, limits: FrameLimits) {
        match self {
            Self::WebSocket(socket) => socket.context.set_config(|config| {
                config.max_message_size = Some(limits.after_login);
                config.max_frame_size = Some(limits.after_login);
            }),
            Self::Undecided | Self::Native => {}
        }
    }

    /// Appends an encoded message to `output`.
    pub fn put(&mut self, message: &v1::ServerMessage, output: &mut Vec<u8>) {
        match self {
            // The framing is not known yet, so nothing can be sent.
            Self::Undecided => {}
            Self::Native => put_frame(output, message),
            Self::WebSocket(socket) => match socket.encoding {
                Encoding::Protobuf => {
                    put_websocket_header(Data::Binary, message.encoded_len(), output);
                    message.encode(output).expect("a Vec grows");
                }
                Encoding::Json => {
                    let text = serde_json::to_vec(message).expect("a message is JSON");
                    put_websocket_header(Data::Text, text.len(), output);
                    output.extend_from_slice(&text);
                }
            },
        }
    }

    /// Returns `true` if messages are sent as JSON on this connection.
    pub fn is_json(&self) -> bool {
        matches!(self, Self::WebSocket(socket) if socket.encoding == Encoding::Json)
    }

    /// Appends the statuses of a batch to `output` as one message.
    pub fn put_batch(&mut self, batch: &StatusBatch, output: &mut Vec<u8>) {
        match self {
            Self::Undecided => {}
            Self::Native => batch.put_native(output),
            Self::WebSocket(socket) => match socket.encoding {
                Encoding::Protobuf => {
                    put_websocket_header(Data::Binary, batch.protobuf_len(), output);
                    batch.put_protobuf(output);
                }
                Encoding::Json => {
                    put_websocket_header(Data::Text, batch.json_len(), output);
                    batch.put_json(output);
                }
            },
        }
    }

    /// Appends the answer to the login request `id` to `output`. `statuses` contains the statuses in protobuf. For a
    /// JSON peer, they must be in `response` instead.
    pub fn put_login(
        &mut self,
        id: u64,
        response: v1::LoginResponse,
        statuses: &LoginStatuses,
        output: &mut Vec<u8>,
    ) {
        if self.is_json() {
            let body = Some(v1::server_message::Body::Login(response));
            return self.put(&v1::ServerMessage { id, body }, output);
        }
        let message = statuses.message(id, &response);
        match self {
            Self::Undecided => return,
            Self::Native => prost::encode_length_delimiter(message.len(), output).expect("a Vec grows"),
            Self::WebSocket(_) => put_websocket_header(Data::Binary, message.len(), output),
        }
        output.extend_from_slice(&message);
    }

    /// Appends the close frame to `output`, if the framing has one.
    pub fn put_goodbye(&mut self, output: &mut Vec<u8>) {
        if let Self::WebSocket(socket) = self {
            let mut pipe = Pipe { input: &mut &[][..], output, readable: 0 };
            // An error does not matter, because the socket is closed in any case.
            let _ = socket.context.close(&mut pipe, None);
            let _ = socket.context.flush(&mut pipe);
        }
    }

    fn decide(
        &mut self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
        limits: FrameLimits,
    ) -> Result<Found, ProtocolError> {
        match input.first() {
            None => Ok(Found::Incomplete),
            Some(b'G') => self.upgrade(input, output, limits),
            Some(_) if proxy_header::is_proxy_header(input) => Err(ProtocolError::UnexpectedProxyHeader),
            Some(_) => {
                let length = input.len().min(NATIVE_PREAMBLE.len());
                if input[..length] != NATIVE_PREAMBLE[..length] {
                    return Err(ProtocolError::UnknownOpening);
                }
                if length < NATIVE_PREAMBLE.len() {
                    return Ok(Found::Incomplete);
                }
                *input = &input[length..];
                *self = Self::Native;
                Ok(Found::Opened(Hops::default()))
            }
        }
    }

    fn upgrade(
        &mut self,
        input: &mut &[u8],
        output: &mut Vec<u8>,
        limits: FrameLimits,
    ) -> Result<Found, ProtocolError> {
        let no = |output: &mut Vec<u8>, why: String| {
            output.extend_from_slice(
                b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain\r\n",
            );
            output.extend_from_slice(format!("Content-Length: {}\r\n\r\n{why}", why.len()).as_bytes());
            ProtocolError::NoUpgrade(why)
        };
        let (taken, request) = match Request::try_parse(input) {
            Ok(Some(parsed)) if parsed.0 <= MAX_UPGRADE_BYTES => parsed,
            Ok(None) if input.len() < MAX_UPGRADE_BYTES => return Ok(Found::Incomplete),
            Ok(Some(_) | None) => {
                return Err(no(output, format!("the request has more than {MAX_UPGRADE_BYTES} bytes")));
            }
            Err(error) => return Err(no(output, error.to_string())),
        };
        let mut response = create_response(&request).map_err(|error| no(output, error.to_string()))?;
        let offered = request.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL);
        let offered: Vec<&str> = offered
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|list| list.split(','))
            .map(str::trim)
            .collect();
        let chosen = offered.iter().find_map(|name| match *name {
            SUBPROTOCOL_JSON => Some((Encoding::Json, SUBPROTOCOL_JSON)),
            SUBPROTOCOL_PROTOBUF => Some((Encoding::Protobuf, SUBPROTOCOL_PROTOBUF)),
            _ => None,
        });
        let encoding = match chosen {
            Some((encoding, name)) => {
                response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(name));
                encoding
            }
            None if offered.is_empty() => Encoding::Json,
            None => {
                let why = format!(
                    "the client offers no known subprotocol; use {SUBPROTOCOL_JSON} or {SUBPROTOCOL_PROTOBUF}"
                );
                return Err(no(output, why));
            }
        };
        debug_assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        write_response(&mut *output, &response)
            .map_err(|error| ProtocolError::WebSocket(error.to_string()))?;
        *input = &input[taken..];
        let config = WebSocketConfig::default()
            // Every connection has this buffer, and one look does not read more.
            .read_buffer_size(BYTES_IN_ONE_LOOK)
            .write_buffer_size(0)
            .max_message_size(Some(limits.before_login))
            .max_frame_size(Some(limits.before_login));
        let context = WebSocketContext::new(Role::Server, Some(config));
        *self = Self::WebSocket(Box::new(WebSocket { context, encoding }));
        Ok(Found::Opened(Hops::of(request.headers())))
    }
}

impl WebSocket {
    fn next(&mut self, input: &mut &[u8], output: &mut Vec<u8>) -> Result<Found, ProtocolError> {
        use tungstenite::{Error, Message};
        match self.context.read(&mut Pipe { input, output, readable: BYTES_IN_ONE_LOOK }) {
            Ok(Message::Text(text)) if self.encoding == Encoding::Json => {
                Ok(read_json(&text).map_or_else(Found::Unreadable, Found::Message))
            }
            Ok(Message::Binary(bytes)) if self.encoding == Encoding::Protobuf => {
                Ok(read_protobuf(&bytes).map_or_else(Found::Unreadable, Found::Message))
            }
            Ok(Message::Text(text)) => Ok(other_encoding(id_in_json(&text))),
            Ok(Message::Binary(bytes)) => Ok(other_encoding(id_in_protobuf(&bytes))),
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => Ok(Found::Control),
            Ok(Message::Close(_)) | Err(Error::ConnectionClosed | Error::AlreadyClosed) => Ok(Found::Goodbye),
            Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::WouldBlock => {
                Ok(if input.is_empty() { Found::Incomplete } else { Found::Part })
            }
            Err(error) => Err(ProtocolError::WebSocket(error.to_string())),
        }
    }
}

/// Returns the result for a message whose encoding is not that of the negotiated subprotocol.
fn other_encoding(id: u64) -> Found {
    let reason = "text goes with the JSON subprotocol, binary with the protobuf one".to_owned();
    Found::Unreadable(Unreadable { id, reason })
}

fn put_websocket_header(kind: Data, length: usize, output: &mut Vec<u8>) {
    let header = FrameHeader { opcode: OpCode::Data(kind), ..FrameHeader::default() };
    header.format(length as u64, output).expect("a Vec grows");
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPGRADE: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    #[test]
    fn fragments_without_end_are_read_a_little_at_a_time() {
        let (first, empty) = ([0x01, 0x80, 0, 0, 0, 0], [0x00, 0x80, 0, 0, 0, 0]);
        let last = [0x80, 0x82, 0, 0, 0, 0, b'{', b'}'];
        let stream = [UPGRADE, &first, &empty.repeat(10_000), &last].concat();
        let (mut protocol, mut rest, mut output) = (Protocol::Undecided, &stream[..], Vec::new());
        let limits = FrameLimits::default();
        protocol.next(&mut rest, &mut output, limits, false).unwrap();
        loop {
            let before = rest.len();
            let found = protocol.next(&mut rest, &mut output, limits, false).unwrap();
            assert!(before - rest.len() <= BYTES_IN_ONE_LOOK, "{before} bytes before, {} after", rest.len());
            match found {
                Found::Part | Found::Opened(_) => {}
                Found::Message(message) => {
                    assert_eq!(message, v1::ClientMessage::default());
                    break;
                }
                Found::Control | Found::Unreadable(_) | Found::Incomplete | Found::Goodbye => {
                    panic!("the message is lost")
                }
            }
        }
    }
}
