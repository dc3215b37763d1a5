//! The target for the opening of a connection and the frames after it. The events read from a stream must not depend on
//! the pieces in which the stream is received.
//!
//! Input: a byte that selects the opening, the [cuts](crate::cuts), and the stream after the opening.

use crate::cuts;
use lamplight_protocol::{Found, Protocol};
use lamplight_wire::{FrameLimits, NATIVE_PREAMBLE, v1};

/// An upgrade request without its last lines.
const UPGRADE: &str = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const JSON: &str = "Sec-WebSocket-Protocol: lamplight.v1.json\r\n\r\n";
const PROTOBUF: &str = "Sec-WebSocket-Protocol: lamplight.v1.protobuf\r\n\r\n";

/// The size limits, which are small so that a fuzzer reaches them.
const LIMITS: FrameLimits = FrameLimits { before_login: 256, after_login: 1_024 };
/// The maximum number of bytes of an upgrade request.
const MAX_HEAD_BYTES: usize = 8 * 1_024;
/// The maximum length of a WebSocket frame's head, in bytes.
const MAX_FRAME_HEAD: usize = 14;

/// Runs one input.
pub fn run(data: &[u8]) {
    let Some((opening, rest)) = data.split_first() else { return };
    let (lengths, rest) = cuts::split(rest);
    let opening = match opening % 5 {
        // The stream is only the input, without an opening.
        0 => Vec::new(),
        1 => NATIVE_PREAMBLE.to_vec(),
        2 => format!("{UPGRADE}{JSON}").into_bytes(),
        3 => format!("{UPGRADE}{PROTOBUF}").into_bytes(),
        // The input begins within the headers of the request.
        _ => UPGRADE.as_bytes().to_vec(),
    };
    let stream = [&opening, rest].concat();
    let whole = read([&stream[..]]);
    let cut = read(cuts::pieces(&stream, lengths));
    if stream.len() <= MAX_HEAD_BYTES {
        assert_eq!(whole, cut);
    } else {
        // A head that is too long may be refused before its end was received. The error text then differs.
        let same = |one: &Event, other: &Event| match (one, other) {
            (Event::Broken(_), Event::Broken(_)) => true,
            _ => one == other,
        };
        assert_eq!(whole.events.len(), cut.events.len());
        assert!(whole.events.iter().zip(&cut.events).all(|(one, other)| same(one, other)));
    }
}

/// The result of reading a stream.
#[derive(PartialEq, Debug)]
struct Reading {
    events: Vec<Event>,
    /// The answers that the protocol itself sends.
    output: Vec<u8>,
}

#[derive(PartialEq, Debug)]
enum Event {
    Message(Box<v1::ClientMessage>),
    Unreadable(u64, String),
    Goodbye,
    Broken(String),
}

/// Reads a stream as a worker does: the unread rest of a piece precedes the next piece.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Reading {
    let (mut protocol, mut logged_in) = (Protocol::Undecided, false);
    let (mut events, mut output) = (Vec::new(), Vec::new());
    let mut held = Vec::new();
    for piece in pieces {
        held.extend_from_slice(piece);
        let mut rest = &held[..];
        loop {
            match protocol.next(&mut rest, &mut output, LIMITS, logged_in) {
                Ok(Found::Message(message)) => {
                    if matches!(message.body, Some(v1::client_message::Body::Login(_))) {
                        logged_in = true;
                        protocol.set_logged_in(LIMITS);
                    }
                    events.push(Event::Message(Box::new(message)));
                }
                Ok(Found::Unreadable(unreadable)) => {
                    events.push(Event::Unreadable(unreadable.id, unreadable.reason));
                }
                Ok(Found::Control | Found::Part | Found::Opened(_)) => {}
                Ok(Found::Incomplete) => break,
                Ok(Found::Goodbye) => {
                    events.push(Event::Goodbye);
                    return Reading { events, output };
                }
                Err(error) => {
                    events.push(Event::Broken(error.to_string()));
                    return Reading { events, output };
                }
            }
        }
        let most = match protocol {
            Protocol::Undecided => MAX_HEAD_BYTES,
            Protocol::Native | Protocol::WebSocket(_) => LIMITS.after_login + MAX_FRAME_HEAD,
        };
        assert!(rest.len() <= most, "{} bytes are held of what is not whole", rest.len());
        held = rest.to_vec();
    }
    Reading { events, output }
}
