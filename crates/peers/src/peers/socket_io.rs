//! Socket.IO over WebSocket: a room for each user, and a small server program that keeps the states.

use crate::dialect::{Dialect, Heard};
use crate::names::{self, NAME_BYTES, user_name, user_of};
use crate::peers::{Kind, Peer, Setup, Started};
use crate::ring::Ring;
use crate::server::{free_port, version_line};
use anyhow::{Context, Result, bail, ensure};
use std::fs;

/// The description of this peer.
pub const PEER: Peer = Peer {
    name: "socket.io",
    label: "Socket.IO rooms",
    program: "node",
    package: "apt-get install nodejs npm",
    kind: Kind::Broker,
    keeps_states: true,
    notes: &[
        "WebSocket transport; no authentication; the program that joins rooms and keeps the states is ours, in one \
         process",
    ],
    module: Some("socket.io"),
    start,
};

const PROGRAM: &str = include_str!("socket_io_server.mjs");

fn start(setup: &Setup<'_>) -> Result<Started> {
    let port = free_port()?;
    // A program finds the modules in a folder above its own.
    let program = setup.modules.join("socket_io_server.mjs");
    fs::write(&program, PROGRAM).with_context(|| format!("cannot write {}", program.display()))?;
    let mut command = setup.command("node")?;
    command.env("NODE_ENV", "production").arg(&program).arg(port.to_string());
    let package = fs::read_to_string(setup.modules.join("node_modules/socket.io/package.json"))?;
    let package: serde_json::Value = serde_json::from_str(&package)?;
    let version = package["version"].as_str().unwrap_or_default();
    let version = format!("Socket.IO {version}, Node.js {}", version_line("node", &["--version"]));
    setup.started(command, port, version, Box::new(SocketIo { ring: setup.ring }))
}

const UPGRADE: &str = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\n\
     Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
     Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

/// The beginning of an event with the state of a user.
const EVENT: &[u8] = br#"42["s",""#;
/// The bytes between the name of the user and the state.
const BETWEEN: &[u8] = br#"",""#;
/// The end of an event.
const END: &[u8] = br#""]"#;

/// The first byte of a WebSocket frame with a text message. `CLOSE` is the first byte of a close frame.
const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;

/// The client's side of Socket.IO.
struct SocketIo {
    ring: Ring,
}

/// The steps that a connection can be at. Each is named after the item for which the connection waits.
mod step {
    pub const UPGRADE: u32 = 0;
    pub const PACKETS: u32 = 1;
}

impl Dialect for SocketIo {
    fn open(&mut self, _: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(UPGRADE.as_bytes());
    }

    fn read(
        &mut self,
        user: u32,
        step: &mut u32,
        bytes: &[u8],
        out: &mut Vec<u8>,
        heard: &mut Heard<'_>,
    ) -> Result<usize> {
        let mut at = 0;
        if *step == step::UPGRADE {
            let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
            let Some(end) = end else { return Ok(0) };
            ensure!(bytes.starts_with(b"HTTP/1.1 101 "), "the server refuses WebSocket");
            *step = step::PACKETS;
            at = end + 4;
        }
        while let Some((first, payload, length)) = message(&bytes[at..])? {
            at += length;
            match (first, payload) {
                (TEXT, [b'4', b'2', ..]) => event(payload, heard).context("not an event of the workload")?,
                (TEXT, [b'4', b'3', b'0', snapshot @ ..]) => {
                    let states: (Vec<String>,) = serde_json::from_slice(snapshot)?;
                    for (watched, text) in self.ring.neighbours(user).zip(&states.0) {
                        let state = names::state_of(text.as_bytes());
                        heard.state(watched, state.context("a state that the workload has not made")?);
                    }
                    heard.log_in();
                }
                (TEXT, [b'4', b'0', ..]) => {
                    let watched: Vec<String> = self.ring.neighbours(user).map(user_name).collect();
                    put_message(out, &format!("420[\"watch\",{}]", serde_json::to_string(&watched)?));
                }
                (TEXT, [b'0', ..]) => put_message(out, &format!("40{{\"user\":\"{}\"}}", user_name(user))),
                (TEXT, b"2") => put_message(out, "3"),
                (CLOSE, _) => {
                    heard.end();
                    return Ok(bytes.len());
                }
                _ => bail!("an unexpected message: {}", String::from_utf8_lossy(payload)),
            }
        }
        Ok(at)
    }

    fn change(&mut self, _: u32, number: u32, out: &mut Vec<u8>) {
        const HEAD: &[u8] = br#"42["set",""#;
        begin_message(out, HEAD.len() + names::TEXT_BYTES + END.len());
        out.extend_from_slice(HEAD);
        names::put_text(out, number);
        out.extend_from_slice(END);
    }
}

fn event(packet: &[u8], heard: &mut Heard<'_>) -> Option<()> {
    let (name, rest) = packet.strip_prefix(EVENT)?.split_at_checked(NAME_BYTES)?;
    let text = rest.strip_prefix(BETWEEN)?.strip_suffix(END)?;
    heard.state(user_of(name)?, names::state_of(text)?);
    Some(())
}

/// Appends a text message. Its mask is zero, so the mask changes no byte.
fn put_message(out: &mut Vec<u8>, text: &str) {
    begin_message(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

fn begin_message(out: &mut Vec<u8>, length: usize) {
    const MASKED: u8 = 0x80;
    out.push(TEXT);
    if length < 126 {
        out.push(MASKED | length as u8);
    } else {
        out.push(MASKED | 126);
        out.extend_from_slice(&(length as u16).to_be_bytes());
    }
    out.extend_from_slice(&[0; 4]);
}

/// Returns the first byte, the payload and the length of the WebSocket message at the beginning of `bytes`. Returns
/// `None` if the message is incomplete. A server does not mask its messages, and the messages here are not fragmented.
fn message(bytes: &[u8]) -> Result<Option<(u8, &[u8], usize)>> {
    let [first, second, ..] = bytes else { return Ok(None) };
    let (start, length) = match second {
        127 => bail!("a message of more than 64 KiB"),
        126 => match bytes.get(2..4) {
            Some(length) => (4, usize::from(length[0]) << 8 | usize::from(length[1])),
            None => return Ok(None),
        },
        short => (2, usize::from(*short)),
    };
    Ok(bytes.get(start..start + length).map(|payload| (*first, payload, start + length)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::testing::Line;

    fn frame(text: &str) -> Vec<u8> {
        let mut bytes = vec![TEXT];
        if text.len() < 126 {
            bytes.push(text.len() as u8);
        } else {
            bytes.push(126);
            bytes.extend_from_slice(&(text.len() as u16).to_be_bytes());
        }
        bytes.extend_from_slice(text.as_bytes());
        bytes
    }

    #[test]
    fn a_login_upgrades_connects_and_joins() {
        let mut line = Line::open(SocketIo { ring: Ring::new(50).unwrap() });
        assert_eq!(line.take_sent(), UPGRADE);
        line.hear(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
        line.hear(&frame(r#"0{"sid":"x","upgrades":[],"pingInterval":25000}"#));
        assert!(line.take_sent().ends_with(r#"40{"user":"u0000000"}"#));
        line.hear(&frame(r#"40{"sid":"y"}"#));
        let sent = line.take_sent();
        assert!(sent.contains(r#"420["watch",["u0000001","u0000049","#), "{sent}");
        line.hear(&frame("2"));
        assert!(line.take_sent().ends_with('3') && !line.logged_in);
        let states: Vec<&str> = (0..20).map(|index| if index < 19 { "online" } else { "offline" }).collect();
        line.hear(&frame(&format!("430[{}]", serde_json::to_string(&states).unwrap())));
        assert!(line.logged_in);
        assert_eq!((line.counts().states, line.counts().offline), (19, 1));
        line.hear(&frame(r#"42["s","u0000001","busy 0000001"]"#));
        assert!(line.has_read_everything() && line.counts().delivered == 1);
        line.hear(&[CLOSE, 0]);
        assert!(line.ended);
        assert!(line.hear_at_once(&frame(r#"42["t"]"#)).is_err());
    }
}
