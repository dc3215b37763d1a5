//! Redis pub/sub: each user has a channel, on which it publishes its state. Redis stores no state.
//!
//! With RESP3, a connection with subscriptions may also publish. Each user therefore has one connection.

use crate::dialect::{Dialect, Heard};
use crate::names::{self, NAME_BYTES, TEXT_BYTES};
use crate::peers::{Kind, Peer, Setup, Started};
use crate::ring::Ring;
use crate::server::{free_port, version_line};
use anyhow::{Context, Result, bail};

/// The description of this peer.
pub const PEER: Peer = Peer {
    name: "redis",
    label: "Redis pub/sub",
    program: "redis-server",
    package: "apt-get install redis-server",
    kind: Kind::Broker,
    keeps_states: false,
    notes: &[
        "no presence: no state at login, nobody is told of an end, no authentication",
        "a change is published to the subscribers and stored nowhere",
    ],
    module: None,
    start,
};

fn start(setup: &Setup<'_>) -> Result<Started> {
    let port = free_port()?;
    let config = setup.folder.join("redis.conf");
    // Redis raises its soft limit of open files by itself. Persistence is off for all peers.
    std::fs::write(
        &config,
        format!(
            "bind 127.0.0.1\nport {port}\nsave \"\"\nappendonly no\nmaxclients {}\ndir {}\ntcp-backlog 4096\n",
            setup.ring.users() + 100,
            setup.folder.display()
        ),
    )?;
    let mut command = setup.command("redis-server")?;
    command.arg(&config);
    let version = version_line("redis-server", &["--version"]);
    setup.started(command, port, version, Box::new(Resp { ring: setup.ring }))
}

/// The beginning of a notification, up to the length of its channel's name.
const MESSAGE: &[u8] = b">3\r\n$7\r\nmessage\r\n$8\r\n";
/// The bytes between the name of the channel and the text, if the text is that of a change.
const CHANGE: &[u8] = b"\r\n$12\r\n";

/// The client's side of RESP3.
struct Resp {
    ring: Ring,
}

impl Dialect for Resp {
    fn open(&mut self, user: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(b"HELLO 3\r\nSUBSCRIBE");
        for watched in self.ring.neighbours(user) {
            out.push(b' ');
            names::put_user(out, watched);
        }
        out.extend_from_slice(b"\r\n");
        publish(user, names::ONLINE.as_bytes(), out);
    }

    fn read(
        &mut self,
        _: u32,
        step: &mut u32,
        bytes: &[u8],
        _: &mut Vec<u8>,
        heard: &mut Heard<'_>,
    ) -> Result<usize> {
        let mut at = 0;
        loop {
            let rest = &bytes[at..];
            if let Some((user, number, length)) = change(rest) {
                heard.told(user, number);
                at += length;
                continue;
            }
            let Some(length) = length_of(rest)? else { return Ok(at) };
            let value = &rest[..length];
            match value[0] {
                b'-' => bail!("Redis refuses: {}", String::from_utf8_lossy(value).trim()),
                // The first answer that is a number answers the first PUBLISH.
                b':' if *step == 0 => {
                    *step = 1;
                    heard.log_in();
                }
                b'>' => told(value, heard)?,
                _ => {}
            }
            at += length;
        }
    }

    fn change(&mut self, user: u32, number: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(b"*3\r\n$7\r\nPUBLISH\r\n$8\r\n");
        names::put_user(out, user);
        out.extend_from_slice(CHANGE);
        names::put_text(out, number);
        out.extend_from_slice(b"\r\n");
    }
}

fn publish(user: u32, text: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"PUBLISH ");
    names::put_user(out, user);
    out.push(b' ');
    out.extend_from_slice(text);
    out.extend_from_slice(b"\r\n");
}

/// Parses the notification of a change at the beginning of `bytes`. Returns its user, its number and its length in
/// bytes.
fn change(bytes: &[u8]) -> Option<(u32, u32, usize)> {
    let rest = bytes.strip_prefix(MESSAGE)?;
    let (name, rest) = rest.split_at_checked(NAME_BYTES)?;
    let (text, rest) = rest.strip_prefix(CHANGE)?.split_at_checked(TEXT_BYTES)?;
    let rest = rest.strip_prefix(b"\r\n")?;
    Some((names::user_of(name)?, names::number_of(text)?, bytes.len() - rest.len()))
}

/// Records the state in a push message. Ignores push messages without a state.
fn told(push: &[u8], heard: &mut Heard<'_>) -> Result<()> {
    let text = std::str::from_utf8(push)?;
    let parts: Vec<&str> = text.split("\r\n").collect();
    if let [_, _, "message", _, name, _, text, ..] = parts[..] {
        let user = names::user_of(name.as_bytes()).context("a channel that nobody has subscribed to")?;
        let state = names::state_of(text.as_bytes()).context("a text that nobody has published")?;
        heard.state(user, state);
    }
    Ok(())
}

/// Returns the length of the value at the beginning of `bytes`. Returns `None` if the value is incomplete.
fn length_of(bytes: &[u8]) -> Result<Option<usize>> {
    let Some(end) = bytes.windows(2).position(|pair| pair == b"\r\n") else { return Ok(None) };
    let mut length = end + 2;
    let count = || -> Result<i64> {
        std::str::from_utf8(&bytes[1..end])?.parse::<i64>().context("not a length of RESP")
    };
    let values = match bytes[0] {
        b'+' | b'-' | b':' | b'_' | b'#' | b',' | b'(' => 0,
        b'$' | b'=' => {
            let text = count()?;
            if text >= 0 {
                length += text as usize + 2;
            }
            0
        }
        b'*' | b'>' | b'~' => count()?,
        b'%' => 2 * count()?,
        other => bail!("not a type of RESP: {other}"),
    };
    for _ in 0..values {
        let Some(rest) = bytes.get(length..) else { return Ok(None) };
        let Some(next) = length_of(rest)? else { return Ok(None) };
        length += next;
    }
    Ok((length <= bytes.len()).then_some(length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::testing::Line;

    const HELLO: &[u8] = b"%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:3\r\n";

    #[test]
    fn a_login_is_complete_when_the_first_publish_is_answered() {
        let mut line = Line::open(Resp { ring: Ring::new(50).unwrap() });
        let sent = line.take_sent();
        assert!(sent.starts_with("HELLO 3\r\nSUBSCRIBE u0000001 u0000049 u0000002 "), "{sent}");
        assert!(sent.ends_with(" u0000040\r\nPUBLISH u0000000 online\r\n"), "{sent}");
        line.hear(HELLO);
        line.hear(b">3\r\n$9\r\nsubscribe\r\n$8\r\nu0000001\r\n:1\r\n");
        assert!(!line.logged_in);
        line.hear(b":20\r\n");
        assert!(line.logged_in && line.has_read_everything());
    }

    #[test]
    fn states_are_read_whatever_comes_together() {
        let mut line = Line::open(Resp { ring: Ring::new(50).unwrap() });
        let mut bytes = Vec::new();
        for text in ["busy 0000001", "online"] {
            bytes.extend_from_slice(MESSAGE);
            bytes.extend_from_slice(format!("u0000001\r\n${}\r\n{text}\r\n:7\r\n", text.len()).as_bytes());
        }
        line.hear(&bytes);
        assert_eq!((line.counts().delivered, line.counts().states), (1, 1));
        assert!(line.has_read_everything());
        assert!(line.hear_at_once(b"-NOAUTH\r\n").is_err());
        assert!(line.hear_at_once(b"?\r\n").is_err());
    }

    #[test]
    fn a_change_is_a_publish() {
        let mut out = Vec::new();
        Resp { ring: Ring::new(50).unwrap() }.change(3, 45, &mut out);
        assert_eq!(out, b"*3\r\n$7\r\nPUBLISH\r\n$8\r\nu0000003\r\n$12\r\nbusy 0000045\r\n");
    }
}
