//! mosquitto, an MQTT broker: each user has a topic with a retained state and a last will, QoS 0.

use crate::dialect::{Dialect, Heard};
use crate::names::{self, NAME_BYTES};
use crate::peers::{Kind, Peer, Setup, Started};
use crate::ring::Ring;
use crate::server::{free_port, version_line};
use anyhow::{Context, Result, bail, ensure};

/// The description of this peer.
pub const PEER: Peer = Peer {
    name: "mosquitto",
    label: "mosquitto",
    program: "mosquitto",
    package: "apt-get install mosquitto",
    kind: Kind::Broker,
    keeps_states: true,
    notes: &[
        "presence by retained messages and a last will, QoS 0; no authentication (anonymous clients)",
        "one thread, whatever the number of cores",
    ],
    module: None,
    start,
};

fn start(setup: &Setup<'_>) -> Result<Started> {
    let port = free_port()?;
    let config = setup.folder.join("mosquitto.conf");
    // Without `user root`, a broker that root has started could not read its folder.
    std::fs::write(
        &config,
        format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\nuser root\n\
             log_dest stderr\nlog_type error\nlog_type warning\nconnection_messages false\n"
        ),
    )?;
    let mut command = setup.command("mosquitto")?;
    command.arg("-c").arg(&config);
    let version = version_line("mosquitto", &["-h"]);
    setup.started(command, port, version, Box::new(Mqtt { ring: setup.ring }))
}

// The first bytes of packets: type << 4 | flags.
const CONNECT: u8 = 0x10;
const CONNACK: u8 = 0x20;
const PUBLISH: u8 = 0x30;
const SUBSCRIBE: u8 = 0x82;
const SUBACK: u8 = 0x90;
const PINGREQ: u8 = 0xc0;
const PINGRESP: u8 = 0xd0;

/// The flag of a retained message.
const RETAIN: u8 = 1;
/// The flags of a connection: will, retained will, clean session.
const CONNECT_FLAGS: u8 = 0x04 | 0x20 | 0x02;
/// The variable header of a connection: protocol MQTT, level 4 (version 3.1.1), flags, no keep-alive.
const CONNECT_HEADER: [u8; 10] = [0, 4, b'M', b'Q', b'T', b'T', 4, CONNECT_FLAGS, 0, 0];

/// The client's side of MQTT 3.1.1.
struct Mqtt {
    ring: Ring,
}

impl Dialect for Mqtt {
    fn open(&mut self, user: u32, out: &mut Vec<u8>) {
        let (name, will) = (names::user_name(user), names::OFFLINE);
        out.push(CONNECT);
        put_length(out, CONNECT_HEADER.len() + 2 * (2 + NAME_BYTES) + 2 + will.len());
        out.extend_from_slice(&CONNECT_HEADER);
        for text in [name.as_str(), name.as_str(), will] {
            put_string(out, text.as_bytes());
        }
        out.push(SUBSCRIBE);
        let watched = self.ring.neighbours(user);
        put_length(out, 2 + watched.clone().count() * (2 + NAME_BYTES + 1));
        out.extend_from_slice(&[0, 1]);
        for watched in watched {
            put_string(out, names::user_name(watched).as_bytes());
            out.push(0);
        }
        begin_publish(user, names::ONLINE.len(), out);
        out.extend_from_slice(names::ONLINE.as_bytes());
        // A publication of QoS 0 has no answer. The answer to a ping shows that the server has handled everything
        // before the ping.
        out.extend_from_slice(&[PINGREQ, 0]);
    }

    fn read(
        &mut self,
        _: u32,
        _: &mut u32,
        bytes: &[u8],
        _: &mut Vec<u8>,
        heard: &mut Heard<'_>,
    ) -> Result<usize> {
        let mut at = 0;
        while let Some((first, body, length)) = packet(&bytes[at..])? {
            match first & 0xf0 {
                PUBLISH => {
                    ensure!(first & 0x06 == 0, "a publication with another QoS than 0");
                    let (name, text) = publication(body).context("a publication without a topic")?;
                    let user = names::user_of(name).context("a topic that nobody has subscribed to")?;
                    heard.state(user, names::state_of(text).context("a text that nobody has published")?);
                }
                CONNACK => ensure!(body == [0, 0], "the broker refuses a connection: {body:?}"),
                SUBACK => {
                    ensure!(body.iter().skip(2).all(|code| *code == 0), "the broker refuses a subscription")
                }
                PINGRESP => heard.log_in(),
                _ => bail!("a packet that a broker does not send to such a client"),
            }
            at += length;
        }
        Ok(at)
    }

    fn change(&mut self, user: u32, number: u32, out: &mut Vec<u8>) {
        begin_publish(user, names::TEXT_BYTES, out);
        names::put_text(out, number);
    }
}

/// Appends the beginning of a retained publication: everything up to its text. The caller appends the text, which has
/// `text` bytes.
fn begin_publish(user: u32, text: usize, out: &mut Vec<u8>) {
    out.push(PUBLISH | RETAIN);
    put_length(out, 2 + NAME_BYTES + text);
    out.extend_from_slice(&(NAME_BYTES as u16).to_be_bytes());
    names::put_user(out, user);
}

fn put_string(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(&(text.len() as u16).to_be_bytes());
    out.extend_from_slice(text);
}

fn put_length(out: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
}

/// Returns the first byte, the body and the length of the packet at the beginning of `bytes`. Returns `None` if the
/// packet is incomplete.
fn packet(bytes: &[u8]) -> Result<Option<(u8, &[u8], usize)>> {
    let Some((first, rest)) = bytes.split_first() else { return Ok(None) };
    let mut length = 0;
    for index in 0..4 {
        let Some(byte) = rest.get(index) else { return Ok(None) };
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            let all = index + 1 + length;
            return Ok(rest.get(index + 1..all).map(|body| (*first, body, 1 + all)));
        }
    }
    bail!("the length of a packet has more than four bytes")
}

/// Returns the topic and the payload of a publication with QoS 0.
fn publication(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = body.split_first_chunk::<2>()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::testing::Line;

    #[test]
    fn the_packets_of_a_login_are_complete() {
        let mut line = Line::open(Mqtt { ring: Ring::new(50).unwrap() });
        let sent = std::mem::take(&mut line.sent);
        let mut kinds = Vec::new();
        let mut at = 0;
        while let Some((first, body, length)) = packet(&sent[at..]).unwrap() {
            kinds.push((first, body.len()));
            at += length;
        }
        assert_eq!(at, sent.len());
        assert_eq!(kinds, [(CONNECT, 39), (SUBSCRIBE, 222), (PUBLISH | RETAIN, 16), (PINGREQ, 0)]);
    }

    #[test]
    fn a_login_is_complete_with_the_answer_to_the_ping() {
        let mut line = Line::open(Mqtt { ring: Ring::new(50).unwrap() });
        line.hear(&[CONNACK, 2, 0, 0, SUBACK, 4, 0, 1, 0, 0]);
        line.hear(b"\x31\x10\x00\x08u0000001online\x30\x11\x00\x08u0000002offline");
        assert!(!line.logged_in);
        line.hear(&[PINGRESP, 0]);
        line.hear(b"\x30\x16\x00\x08u0000001busy 0000001");
        assert!(line.logged_in && line.has_read_everything());
        let counts = line.counts();
        assert_eq!((counts.states, counts.offline, counts.delivered), (1, 1, 1));
        assert!(line.hear_at_once(&[CONNACK, 2, 0, 5]).is_err());
        assert!(line.hear_at_once(&[PUBLISH, 0xff, 0xff, 0xff, 0xff]).is_err());
    }

    #[test]
    fn a_long_length_has_more_bytes() {
        for length in [0, 127, 128, 16_383, 16_384] {
            let mut bytes = vec![PUBLISH];
            put_length(&mut bytes, length);
            bytes.resize(bytes.len() + length, 7);
            assert_eq!(
                packet(&bytes).unwrap().map(|(_, body, all)| (body.len(), all)),
                Some((length, bytes.len()))
            );
            assert!(packet(&bytes[..bytes.len() - 1]).unwrap().is_none());
        }
    }
}
