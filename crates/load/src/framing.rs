//! The framing of messages on the client's side: native, or WebSocket with protobuf (RFC 6455).

use anyhow::{Result, bail, ensure};
use lamplight_wire::{Framed, NATIVE_PREAMBLE, next_frame, put_frame, v1};
use prost::Message as _;

/// The request that opens a WebSocket. Its key is the example of the RFC, because a server accepts any key.
const UPGRADE: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Protocol: lamplight.v1.protobuf\r\n\r\n";

/// The end of the answer to the upgrade.
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

/// The first byte of a frame with a whole binary message. `CLOSE` is the first byte of a close frame.
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;

/// The bit of the second byte that says that a mask follows. The load masks with zeros, which change nothing.
const MASKED: u8 = 0x80;
const MASK: [u8; 4] = [0; 4];

/// The framing of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Framing {
    /// Messages preceded by their lengths.
    #[default]
    Native,
    /// WebSocket, before the answer to the upgrade.
    Upgrading,
    /// WebSocket.
    WebSocket,
}

impl Framing {
    /// Appends the bytes that a client sends first.
    pub fn open(self, output: &mut Vec<u8>) {
        output.extend_from_slice(match self {
            Self::Native => NATIVE_PREAMBLE,
            Self::Upgrading | Self::WebSocket => UPGRADE,
        });
    }

    /// Appends a message.
    pub fn put(self, message: &v1::ClientMessage, output: &mut Vec<u8>) {
        if self == Self::Native {
            return put_frame(output, message);
        }
        output.push(BINARY);
        let length = message.encoded_len();
        match u16::try_from(length) {
            Ok(length @ 0..=125) => output.push(MASKED | length as u8),
            Ok(length) => {
                output.push(MASKED | 126);
                output.extend(length.to_be_bytes());
            }
            Err(_) => {
                output.push(MASKED | 127);
                output.extend((length as u64).to_be_bytes());
            }
        }
        output.extend(MASK);
        message.encode(output).expect("a Vec grows");
    }

    /// Passes every complete message at the beginning of `bytes` to `hear`. Returns the bytes of the incomplete message
    /// at the end. A message has at most `largest` bytes.
    pub fn take<'a>(
        &mut self,
        mut bytes: &'a [u8],
        largest: usize,
        mut hear: impl FnMut(&[u8]),
    ) -> Result<&'a [u8]> {
        if *self == Self::Upgrading {
            let end = bytes.windows(END_OF_HEAD.len()).position(|window| window == END_OF_HEAD);
            let Some(end) = end else { return Ok(bytes) };
            let head = String::from_utf8_lossy(&bytes[..end]);
            ensure!(head.starts_with("HTTP/1.1 101 "), "the server refuses WebSocket: {head}");
            bytes = &bytes[end + END_OF_HEAD.len()..];
            *self = Self::WebSocket;
        }
        loop {
            let next = match self {
                Self::Native => next_frame(bytes, largest)?,
                Self::Upgrading | Self::WebSocket => next_websocket_frame(bytes, largest)?,
            };
            let Framed::Frame { message, taken } = next else { return Ok(bytes) };
            let is_close = *self == Self::WebSocket && bytes[0] == CLOSE;
            if !is_close {
                hear(message);
            }
            bytes = &bytes[taken..];
        }
    }
}

/// Parses one unmasked WebSocket frame, a binary message or a close frame.
fn next_websocket_frame(bytes: &[u8], largest: usize) -> Result<Framed<'_>> {
    let [first, second, rest @ ..] = bytes else { return Ok(Framed::Incomplete) };
    let (length, before) = match (second, rest) {
        (0..=125, _) => (u64::from(*second), 2),
        (126, [a, b, ..]) => (u64::from(u16::from_be_bytes([*a, *b])), 4),
        (127, [a, b, c, d, e, f, g, h, ..]) => (u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]), 10),
        (126 | 127, _) => return Ok(Framed::Incomplete),
        (MASKED.., _) => bail!("the server sent a masked WebSocket frame"),
    };
    ensure!(
        matches!(*first, BINARY | CLOSE),
        "the server sent a WebSocket frame that begins with {first:#x}"
    );
    ensure!(length <= largest as u64, "the server sent a larger message than a load expects");
    let taken = before + length as usize;
    Ok(match bytes.get(before..taken) {
        Some(message) => Framed::Frame { message, taken },
        None => Framed::Incomplete,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";

    /// Takes the messages from a stream that arrives in pieces of `piece` bytes.
    fn in_pieces(stream: &[u8], piece: usize) -> Result<Vec<Vec<u8>>> {
        let (mut framing, mut kept, mut heard) = (Framing::Upgrading, Vec::new(), Vec::new());
        for bytes in stream.chunks(piece) {
            kept.extend_from_slice(bytes);
            let rest = framing.take(&kept, 100_000, |message| heard.push(message.to_vec()))?;
            kept = rest.to_vec();
        }
        assert!(kept.is_empty(), "{} bytes are left", kept.len());
        Ok(heard)
    }

    #[test]
    fn websocket_messages_of_every_length_are_taken_whole() {
        let messages: Vec<Vec<u8>> =
            [0, 1, 125, 126, 300, 65_535, 65_536].map(|length| vec![7; length]).to_vec();
        let mut stream = ANSWER.to_vec();
        for message in &messages {
            stream.push(BINARY);
            match message.len() {
                length @ 0..=125 => stream.push(length as u8),
                length @ 126..=65_535 => {
                    stream.push(126);
                    stream.extend((length as u16).to_be_bytes());
                }
                length => {
                    stream.push(127);
                    stream.extend((length as u64).to_be_bytes());
                }
            }
            stream.extend(message);
        }
        stream.extend([CLOSE, 2, 3, 232]);
        for piece in [1, 7, 1_000, stream.len()] {
            assert_eq!(in_pieces(&stream, piece).unwrap(), messages, "pieces of {piece} bytes");
        }
    }

    #[test]
    fn what_a_server_must_not_send_is_refused() {
        for (bytes, because) in [
            (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "refuses WebSocket: HTTP/1.1 400"),
            (&[ANSWER, &[BINARY, MASKED | 1, 0, 0, 0, 0, 0]].concat(), "masked"),
            (&[ANSWER, &[0x81, 2, b'{', b'}']].concat(), "0x81"),
            (&[ANSWER, &[BINARY, 127, 0, 0, 0, 0, 0, 2, 0, 0]].concat(), "larger message"),
        ] {
            let error = in_pieces(bytes, bytes.len()).unwrap_err().to_string();
            assert!(error.contains(because), "{error}");
        }
    }

    #[test]
    fn a_masked_frame_has_the_message_after_its_length() {
        for (users, head) in [(1, 2 + 4), (20, 4 + 4), (20_000, 10 + 4)] {
            let user_ids = (0..users).map(crate::ring::user_id).collect();
            let request = v1::GetUserStatusRequest { user_ids };
            let body = Some(v1::client_message::Body::GetUserStatus(request));
            let message = v1::ClientMessage { id: 1, body };
            let mut frame = Vec::new();
            Framing::WebSocket.put(&message, &mut frame);
            assert_eq!(&frame[head..], message.encode_to_vec(), "{users} users");
            assert_eq!(frame[0], BINARY);
        }
    }
}
