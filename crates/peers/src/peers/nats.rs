//! NATS: each user has a subject, on which it publishes its state. NATS stores no state.

use crate::dialect::{Dialect, Heard};
use crate::names;
use crate::peers::{Kind, Peer, Setup, Started};
use crate::ring::Ring;
use crate::server::{free_port, version_line};
use anyhow::{Context, Result, bail};

/// The description of this peer.
pub const PEER: Peer = Peer {
    name: "nats",
    label: "NATS",
    program: "nats-server",
    package: "apt-get install nats-server",
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
    let config = setup.folder.join("nats.conf");
    std::fs::write(
        &config,
        format!("listen: 127.0.0.1:{port}\nmax_connections: {}\n", setup.ring.users() + 100),
    )?;
    let mut command = setup.command("nats-server")?;
    command.arg("-c").arg(&config);
    let version = version_line("nats-server", &["--version"]);
    setup.started(command, port, version, Box::new(Nats { ring: setup.ring }))
}

/// The client's side of the NATS protocol.
struct Nats {
    ring: Ring,
}

impl Dialect for Nats {
    fn open(&mut self, user: u32, out: &mut Vec<u8>) {
        let options = r#"{"verbose":false,"pedantic":false,"tls_required":false,"lang":"rust","version":"1","protocol":1}"#;
        out.extend_from_slice(format!("CONNECT {options}\r\n").as_bytes());
        for (number, watched) in self.ring.neighbours(user).enumerate() {
            out.extend_from_slice(format!("SUB {} {}\r\n", names::user_name(watched), number + 1).as_bytes());
        }
        out.extend_from_slice(
            format!("PUB {} 6\r\n{}\r\nPING\r\n", names::user_name(user), names::ONLINE).as_bytes(),
        );
    }

    fn read(
        &mut self,
        _: u32,
        step: &mut u32,
        bytes: &[u8],
        out: &mut Vec<u8>,
        heard: &mut Heard<'_>,
    ) -> Result<usize> {
        let mut at = 0;
        loop {
            let rest = &bytes[at..];
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else { return Ok(at) };
            let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
            let mut used = end + 1;
            match line.split(|byte| *byte == b' ').next().unwrap_or_default() {
                b"MSG" => {
                    let (user, length) = message(line).context("a message without a known subject")?;
                    let Some(text) = rest.get(used..used + length + 2) else { return Ok(at) };
                    let state =
                        names::state_of(&text[..length]).context("a text that nobody has published")?;
                    heard.state(user, state);
                    used += length + 2;
                }
                b"PONG" if *step == 0 => {
                    *step = 1;
                    heard.log_in();
                }
                b"PING" => out.extend_from_slice(b"PONG\r\n"),
                b"PONG" | b"INFO" | b"+OK" => {}
                // The end of the connection follows.
                b"-ERR" if line.ends_with(b"'Slow Consumer'") => {}
                _ => bail!("NATS says: {}", String::from_utf8_lossy(line)),
            }
            at += used;
        }
    }

    fn change(&mut self, user: u32, number: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(b"PUB ");
        names::put_user(out, user);
        out.extend_from_slice(b" 12\r\n");
        names::put_text(out, number);
        out.extend_from_slice(b"\r\n");
    }
}

/// Parses `MSG subject sid length`. Returns the user and the length of the text.
fn message(line: &[u8]) -> Option<(u32, usize)> {
    let mut words = line.split(|byte| *byte == b' ');
    let user = names::user_of(words.nth(1)?)?;
    let length = words.next_back()?;
    let length = length.iter().try_fold(0_usize, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| usize::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    });
    // A text of this workload is short.
    length.filter(|length| *length < 1_024).map(|length| (user, length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::testing::Line;

    #[test]
    fn a_login_subscribes_publishes_and_asks_for_an_answer() {
        let mut line = Line::open(Nats { ring: Ring::new(50).unwrap() });
        let sent = line.take_sent();
        assert_eq!(sent.matches("SUB u").count(), 20);
        assert!(sent.ends_with("SUB u0000040 20\r\nPUB u0000000 6\r\nonline\r\nPING\r\n"), "{sent}");
        line.hear(b"INFO {\"server_id\":\"x\"}\r\nPING\r\n");
        assert_eq!(line.take_sent(), "PONG\r\n");
        assert!(!line.logged_in);
        line.hear(b"PONG\r\n");
        assert!(line.logged_in);
        line.hear(b"MSG u0000001 1 6\r\nonline\r\nMSG u0000001 1 12\r\nbusy 0000001\r\n");
        assert_eq!((line.counts().states, line.counts().delivered), (1, 1));
        assert!(line.has_read_everything());
        assert!(line.hear_at_once(b"-ERR 'Slow Consumer'\r\n").is_ok());
        assert!(line.hear_at_once(b"-ERR 'Authorization Violation'\r\n").is_err());
        assert!(line.hear_at_once(b"MSG u0000001 1 99999999999999999999\r\n").is_err());
    }
}
