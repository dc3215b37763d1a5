//! The HTTP headers `X-Forwarded-For` and `Forwarded` (RFC 7239), in which a proxy sends the address of its client.
//!
//! A client can write anything into both headers, and each proxy appends an entry. The entries are therefore read from
//! the end, and only if a trusted hop has appended them. The caller decides which hops are trusted.

use std::net::{IpAddr, Ipv6Addr};
use tungstenite::http::HeaderMap;
use tungstenite::http::header::{FORWARDED, HeaderName};

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The maximum number of hops that are read, starting at the end of the header. Further hops are ignored.
const MAX_HOPS: usize = 32;

/// The hops of a request, according to its headers. Each list begins with the nearest hop. A hop is `None` if its text
/// is not an address, such as `unknown` or a name that a proxy has invented.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Hops {
    /// The hops in `X-Forwarded-For`; `None` if the request does not have the header.
    x_forwarded_for: Option<Vec<Option<IpAddr>>>,
    /// The hops in `Forwarded`; `None` if the request does not have the header.
    forwarded: Option<Vec<Option<IpAddr>>>,
}

impl Hops {
    /// Parses the headers of a request.
    pub fn of(headers: &HeaderMap) -> Self {
        Self {
            x_forwarded_for: hops(headers, &X_FORWARDED_FOR, |line| {
                line.split(',').map(address_of).collect()
            }),
            // A line with invalid syntax counts as one hop without an address, because the client may have written the
            // whole line.
            forwarded: hops(headers, &FORWARDED, |line| addresses_of(line).unwrap_or_else(|| vec![None])),
        }
    }

    /// Returns the address of the client whose request was received from `peer`. Follows the hops from `peer` to the
    /// first address that is not trusted. Stops earlier at a hop without an address; the result is then the address
    /// before this hop.
    ///
    /// A proxy appends to one of the two headers and passes the other on unchanged. If the two headers give different
    /// addresses, returns `peer`.
    pub fn client(&self, peer: IpAddr, is_trusted: impl Fn(IpAddr) -> bool) -> IpAddr {
        let follow = |hops: &[Option<IpAddr>]| {
            let mut reached = peer;
            for hop in hops {
                match hop {
                    Some(hop) if is_trusted(reached) => reached = *hop,
                    Some(_) | None => break,
                }
            }
            reached
        };
        match (&self.x_forwarded_for, &self.forwarded) {
            (None, None) => peer,
            (Some(hops), None) | (None, Some(hops)) => follow(hops),
            (Some(one), Some(other)) => {
                let (one, other) = (follow(one), follow(other));
                if one == other { one } else { peer }
            }
        }
    }
}

/// Parses all lines of a header into hops, the nearest first. Returns `None` if the header is absent.
fn hops(
    headers: &HeaderMap,
    name: &HeaderName,
    read: impl Fn(&str) -> Vec<Option<IpAddr>>,
) -> Option<Vec<Option<IpAddr>>> {
    let lines: Vec<_> = headers.get_all(name).iter().collect();
    if lines.is_empty() {
        return None;
    }
    let mut hops = Vec::new();
    for line in lines.into_iter().rev() {
        let of_line = line.to_str().map_or_else(|_| vec![None], &read);
        hops.extend(of_line.into_iter().rev());
        if hops.len() >= MAX_HOPS {
            hops.truncate(MAX_HOPS);
            break;
        }
    }
    Some(hops)
}

/// Parses the address of a hop: `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::7`, `[2001:db8::7]` or `[2001:db8::7]:4711`.
/// Returns `None` for any other text.
fn address_of(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches([' ', '\t']);
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    let address = if let Some(rest) = text.strip_prefix('[') {
        let (address, rest) = rest.split_once(']')?;
        if !rest.is_empty() && !rest.strip_prefix(':').is_some_and(is_port) {
            return None;
        }
        IpAddr::V6(address.parse::<Ipv6Addr>().ok()?)
    } else if let Ok(address) = text.parse::<IpAddr>() {
        address
    } else {
        let (address, port) = text.split_once(':')?;
        is_port(port).then_some(())?;
        IpAddr::V4(address.parse().ok()?)
    };
    Some(address.to_canonical())
}

/// Returns the addresses of the `for` parameters in one line of `Forwarded`; `None` if the syntax is invalid.
fn addresses_of(line: &str) -> Option<Vec<Option<IpAddr>>> {
    let mut addresses = Vec::new();
    for element in split(line, ',')? {
        if element.trim().is_empty() {
            continue;
        }
        let mut address = None;
        let mut has_for = false;
        for pair in split(element, ';')? {
            let pair = pair.trim();
            if pair.is_empty() {
                continue;
            }
            let (name, value) = pair.split_once('=')?;
            let value = match value.strip_prefix('"') {
                Some(quoted) => quoted.strip_suffix('"').filter(|inner| !inner.contains(['"', '\\']))?,
                None if value.contains('"') => return None,
                None => value,
            };
            if name.eq_ignore_ascii_case("for") {
                if std::mem::replace(&mut has_for, true) {
                    return None;
                }
                address = address_of(value);
            }
        }
        addresses.push(address);
    }
    Some(addresses)
}

/// Splits a text at the separators outside of quotes. Returns `None` if a quote is not closed.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped) = (false, false);
    for (at, letter) in text.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match letter {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if letter == separator && !quoted => {
                parts.push(&text[start..at]);
                start = at + letter.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    (!quoted).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the address of the client for a request from 10.0.0.1 with these header lines. 10.0.0.0/8 and fd00::/8
    /// are trusted.
    fn client(lines: &str) -> String {
        let mut headers = HeaderMap::new();
        for line in lines.lines() {
            let (name, value) = line.trim_start().split_once(": ").unwrap();
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        let is_trusted = |address: IpAddr| match address {
            IpAddr::V4(address) => address.octets()[0] == 10,
            IpAddr::V6(address) => address.octets()[0] == 0xfd,
        };
        let hops = Hops::of(&headers);
        let stranger = "203.0.113.9".parse().unwrap();
        assert_eq!(
            hops.client(stranger, is_trusted),
            stranger,
            "a peer that is not trusted is not believed: {lines}"
        );
        hops.client("10.0.0.1".parse().unwrap(), is_trusted).to_string()
    }

    #[test]
    fn the_nearest_hop_that_is_not_trusted_is_the_client() {
        for (lines, expected) in [
            ("", "10.0.0.1"),
            ("x-forwarded-for: 192.0.2.7", "192.0.2.7"),
            ("X-Forwarded-For: 6.6.6.6, 192.0.2.7", "192.0.2.7"),
            ("x-forwarded-for: 6.6.6.6, 192.0.2.7, 10.0.0.2,10.0.0.3", "192.0.2.7"),
            ("x-forwarded-for: 6.6.6.6\nx-forwarded-for: 192.0.2.7\nx-forwarded-for: 10.0.0.2", "192.0.2.7"),
            ("x-forwarded-for: 10.0.0.9, 10.0.0.2", "10.0.0.9"),
            ("x-forwarded-for: 192.0.2.7:4711", "192.0.2.7"),
            ("x-forwarded-for: 2001:db8::7", "2001:db8::7"),
            ("x-forwarded-for: [2001:db8::7]", "2001:db8::7"),
            ("x-forwarded-for: [2001:db8::7]:4711, fd00::1", "2001:db8::7"),
            ("x-forwarded-for: ::ffff:192.0.2.7", "192.0.2.7"),
            ("x-forwarded-for: 192.0.2.7, ::ffff:10.0.0.2", "192.0.2.7"),
            ("forwarded: for=192.0.2.7", "192.0.2.7"),
            ("forwarded: For=\"192.0.2.7:4711\"; proto=https;by=10.0.0.1", "192.0.2.7"),
            ("forwarded: for=6.6.6.6, for=\"[2001:db8::7]:4711\", for=10.0.0.2", "2001:db8::7"),
            ("forwarded: host=\"a,for=6.6.6.6;\";for=192.0.2.7", "192.0.2.7"),
            ("forwarded: for=6.6.6.6\nforwarded: proto=https;for=192.0.2.7", "192.0.2.7"),
            ("forwarded: for=192.0.2.7\nx-forwarded-for: 192.0.2.7", "192.0.2.7"),
        ] {
            assert_eq!(client(lines), expected, "{lines}");
        }
    }

    #[test]
    fn what_is_no_address_ends_the_way_at_the_one_who_said_it() {
        for (lines, expected) in [
            ("x-forwarded-for: unknown", "10.0.0.1"),
            ("x-forwarded-for: 6.6.6.6, unknown", "10.0.0.1"),
            ("x-forwarded-for: 6.6.6.6, garbage, 10.0.0.2", "10.0.0.2"),
            ("x-forwarded-for: 6.6.6.6,", "10.0.0.1"),
            ("x-forwarded-for: 192.0.2.7:", "10.0.0.1"),
            ("x-forwarded-for: 192.0.2.7:99999", "10.0.0.1"),
            ("x-forwarded-for: [192.0.2.7]", "10.0.0.1"),
            ("x-forwarded-for: [2001:db8::7]x", "10.0.0.1"),
            ("forwarded: for=_hidden", "10.0.0.1"),
            ("forwarded: for=6.6.6.6, proto=https", "10.0.0.1"),
            ("forwarded: for=6.6.6.6;for=7.7.7.7", "10.0.0.1"),
            ("forwarded: for", "10.0.0.1"),
        ] {
            assert_eq!(client(lines), expected, "{lines}");
        }
    }

    /// The proxy has appended the last element; the client has sent everything before it.
    #[test]
    fn a_quote_that_does_not_end_cannot_swallow_what_a_proxy_adds() {
        for lines in [
            "forwarded: for=6.6.6.6;x=\", for=192.0.2.7",
            "forwarded: for=6.6.6.6;x=\", for=\"[2001:db8::7]\"",
            "forwarded: for=6.6.6.6;x=\"\\, for=\"[2001:db8::7]\"",
            "forwarded: for=6.6.6.6;x=\"\\\", for=\"[2001:db8::7]\"",
        ] {
            assert_eq!(client(lines), "10.0.0.1", "{lines}");
        }
        assert_eq!(client("forwarded: for=6.6.6.6;x=\"\nforwarded: for=192.0.2.7"), "192.0.2.7");
    }

    #[test]
    fn where_the_two_headers_disagree_neither_is_believed() {
        assert_eq!(client("forwarded: for=6.6.6.6\nx-forwarded-for: 192.0.2.7"), "10.0.0.1");
        assert_eq!(client("forwarded: for=192.0.2.7\nx-forwarded-for: 6.6.6.6"), "10.0.0.1");
    }

    #[test]
    fn a_long_way_is_followed_for_32_hops() {
        let way = format!("x-forwarded-for: 6.6.6.6{}", ", 10.0.0.2".repeat(31));
        assert_eq!(client(&way), "6.6.6.6");
        let way = format!("x-forwarded-for: 6.6.6.6{}", ", 10.0.0.2".repeat(32));
        assert_eq!(client(&way), "10.0.0.2");
    }
}
