//! XMPP as a client speaks it: SASL PLAIN, one resource, presence to the contacts of the roster.

use crate::dialect::{Dialect, Heard};
use crate::names::{self, NAME_BYTES, user_name, user_of};
use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// The domain of all users.
pub const DOMAIN: &str = "localhost";
/// The password of all users.
pub const PASSWORD: &str = "correct horse";

const STREAM: &str = "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
     xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>";
const BIND: &str = "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>\
     <resource>r</resource></bind></iq>";
/// A request for the roster, the presence of the user, and a ping. The answer to the ping shows that the server has
/// handled all three.
const COME: &str = "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq><presence/>\
     <iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>";

/// The client's side of XMPP.
pub struct Xmpp;

/// The steps that a connection can be at. Each is named after the item for which the connection waits.
mod step {
    pub const MECHANISMS: u32 = 0;
    pub const SUCCESS: u32 = 1;
    pub const FEATURES: u32 = 2;
    pub const BOUND: u32 = 3;
    pub const PONG: u32 = 4;
    pub const READY: u32 = 5;
}

impl Dialect for Xmpp {
    fn open(&mut self, _: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(STREAM.as_bytes());
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
        while let Some(element) = element(&bytes[at..]) {
            let (name, head, all) = (element.name, element.head, element.all);
            match (*step, name) {
                (_, b"?xml" | b"stream:stream") => {}
                (_, b"/stream:stream") => {
                    heard.end();
                    return Ok(bytes.len());
                }
                (step::READY | step::PONG, b"presence") => told(head, all, heard)?,
                (step::MECHANISMS, b"stream:features") => {
                    let plain = BASE64.encode(format!("\0{}\0{PASSWORD}", user_name(user)));
                    let auth = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>";
                    out.extend_from_slice(format!("{auth}{plain}</auth>").as_bytes());
                    *step = step::SUCCESS;
                }
                (step::SUCCESS, b"success") => {
                    out.extend_from_slice(STREAM.as_bytes());
                    *step = step::FEATURES;
                }
                (step::FEATURES, b"stream:features") => {
                    out.extend_from_slice(BIND.as_bytes());
                    *step = step::BOUND;
                }
                (step::BOUND, b"iq") => {
                    ensure!(attribute(head, b"type") == Some(b"result"), "the server refuses a resource");
                    out.extend_from_slice(COME.as_bytes());
                    *step = step::PONG;
                }
                (step::PONG, b"iq") if attribute(head, b"id") == Some(b"p") => {
                    *step = step::READY;
                    heard.log_in();
                }
                (step::PONG | step::READY, b"iq" | b"message") => {}
                _ => bail!("a stanza that does not belong here: {}", String::from_utf8_lossy(name)),
            }
            at += element.length;
        }
        Ok(at)
    }

    fn change(&mut self, _: u32, number: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(b"<presence><status>");
        names::put_text(out, number);
        out.extend_from_slice(b"</status></presence>");
    }
}

/// Records the state in a presence stanza.
fn told(head: &[u8], all: &[u8], heard: &mut Heard<'_>) -> Result<()> {
    let from = attribute(head, b"from").context("a presence without a sender")?;
    let user = from.get(..NAME_BYTES).and_then(user_of).context("a presence of an unknown user")?;
    match attribute(head, b"type") {
        Some(b"unavailable") => heard.state(user, None),
        Some(_) => {}
        None => {
            let text = between(all, b"<status>", b"</status>").unwrap_or(names::ONLINE.as_bytes());
            heard.state(user, names::state_of(text).context("a status that the workload has not made")?);
        }
    }
    Ok(())
}

/// A part of a stream: a declaration, the head of the stream, or a stanza.
struct Element<'a> {
    name: &'a [u8],
    /// The first tag.
    head: &'a [u8],
    all: &'a [u8],
    /// The length in bytes, including the white space before the element.
    length: usize,
}

/// Returns the element at the beginning of `bytes`. Returns `None` if the element is incomplete. The parser is simple:
/// it expects that `>` is escaped in attributes, and that no stanza contains an element of its own name.
fn element(bytes: &[u8]) -> Option<Element<'_>> {
    let start = bytes.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let rest = &bytes[start..];
    let end = rest.iter().position(|byte| *byte == b'>')?;
    let head = &rest[..=end];
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/' | b'?');
    let name_end = 2 + head.get(2..)?.iter().position(is_end)?;
    let name = &head[1..name_end];
    let is_alone =
        matches!(name, b"?xml" | b"stream:stream") || matches!(head[end - 1], b'/') || head[1] == b'/';
    let length = if is_alone {
        head.len()
    } else {
        let mut from = head.len();
        loop {
            let tag = from + rest[from..].windows(2).position(|window| window == b"</")?;
            let after = rest[tag + 2..].strip_prefix(name);
            match after {
                Some([b'>', ..]) => break tag + 2 + name.len() + 1,
                Some([]) | None if rest.len() <= tag + 2 + name.len() => return None,
                _ => from = tag + 2,
            }
        }
    };
    Some(Element { name, head, all: &rest[..length], length: start + length })
}

/// Returns the value of an attribute in a tag.
fn attribute<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut at = 0;
    loop {
        at += head[at..]
            .windows(name.len() + 1)
            .position(|window| window.starts_with(name) && window[name.len()] == b'=')?;
        let quote = at + name.len() + 1;
        if at > 0 && head[at - 1].is_ascii_whitespace() {
            let mark = *head.get(quote)?;
            let value = &head[quote + 1..];
            return Some(&value[..value.iter().position(|byte| *byte == mark)?]);
        }
        at = quote;
    }
}

/// Returns the bytes between `before` and `after`.
fn between<'a>(bytes: &'a [u8], before: &[u8], after: &[u8]) -> Option<&'a [u8]> {
    let start = bytes.windows(before.len()).position(|window| window == before)? + before.len();
    let length = bytes[start..].windows(after.len()).position(|window| window == after)?;
    Some(&bytes[start..start + length])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::testing::Line;

    const HEAD: &str = "<?xml version='1.0'?><stream:stream from='localhost' id='1' version='1.0'>";

    #[test]
    fn a_login_has_its_steps() {
        let mut line = Line::open(Xmpp);
        assert!(line.take_sent().contains("to='localhost'"));
        let mechanisms = "<mechanisms><mechanism>PLAIN</mechanism></mechanisms>";
        line.hear(format!("{HEAD}<stream:features>{mechanisms}</stream:features>").as_bytes());
        let plain = BASE64.encode("\0u0000000\0correct horse");
        assert!(line.take_sent().contains(&plain));
        line.hear(b"<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
        assert_eq!(line.take_sent(), STREAM);
        line.hear(format!("{HEAD}<stream:features><bind/></stream:features>").as_bytes());
        assert_eq!(line.take_sent(), BIND);
        line.hear(b"<iq id='b' type='result'><bind><jid>u0000000@localhost/r</jid></bind></iq>\n");
        assert_eq!(line.take_sent(), COME);
        line.hear(b"<iq id='r' type='result'><query xmlns='jabber:iq:roster'><item/></query></iq>");
        line.hear(b"<presence from='u0000001@localhost/r' to='u0000000@localhost/r'/>");
        assert!(!line.logged_in);
        line.hear(b"<iq id='p' type='result' from='localhost'/>");
        assert!(line.logged_in && line.has_read_everything());
        assert_eq!(line.counts().states, 1);
        line.hear(b"<presence from=\"u0000001@localhost/r\"><x/><status>busy 0000001</status></presence>");
        line.hear(b"<presence type='unavailable' from='u0000002@localhost/r'></presence>");
        line.hear(b"<presence type='probe' from='u0000002@localhost/r'></presence>");
        assert_eq!((line.counts().delivered, line.counts().offline), (1, 1));
        line.hear(b"</stream:stream>");
        assert!(line.ended);
    }

    #[test]
    fn a_refused_login_is_an_error() {
        let mut line = Line::open(Xmpp);
        line.hear(format!("{HEAD}<stream:features></stream:features>").as_bytes());
        assert!(line.hear_at_once(b"<failure><not-authorized/></failure>").is_err());
    }

    #[test]
    fn an_attribute_is_found_by_its_whole_name() {
        let head = b"<presence xfrom='a' type=\"b\" from='c'>";
        assert_eq!(attribute(head, b"from"), Some(&b"c"[..]));
        assert_eq!(attribute(head, b"type"), Some(&b"b"[..]));
        assert_eq!(attribute(head, b"to"), None);
    }
}
