//! The header of the PROXY protocol, version 1 (text) and 2 (binary), in which a proxy sends the address of its client.
//! It precedes everything else on a connection, including TLS.
//!
//! The caller decides which peers may send the header.

use ppp::{v1, v2};
use std::net::IpAddr;

/// The first bytes of a header of version 1.
const TEXT: &[u8] = b"PROXY ";
/// The first bytes of a header of version 2.
const BINARY: &[u8] = v2::PROTOCOL_PREFIX;
/// The longest header of version 1 in bytes, including the end of the line.
const MAX_TEXT_BYTES: usize = 107;
/// The number of bytes before the addresses in a header of version 2.
const BINARY_FIXED_BYTES: usize = 16;
/// The longest accepted header of version 2 in bytes. Addresses take up to 216 bytes; the rest are extensions, which
/// are ignored.
pub const MAX_PROXY_HEADER_BYTES: usize = 4_096;

/// The result of looking for a PROXY header at the beginning of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProxyHeader {
    /// The bytes do not begin with a header.
    Absent,
    /// More bytes are needed to decide whether there is a header, or to parse it.
    Incomplete,
    /// The bytes begin with a complete header.
    Whole {
        /// The number of bytes of the header.
        taken: usize,
        /// The address of the client. `None` if the proxy itself has opened the connection, or does not know the
        /// client.
        source: Option<IpAddr>,
    },
}

/// The error for bytes that begin like a header but have invalid syntax.
#[derive(PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProxyHeaderError {
    /// The syntax of a header of version 1 is invalid.
    #[error("PROXY header, version 1: {0}")]
    Text(String),
    /// The syntax of a header of version 2 is invalid.
    #[error("PROXY header, version 2: {0}")]
    Binary(String),
}

/// Parses a header at the beginning of `bytes`, of at most [`MAX_PROXY_HEADER_BYTES`].
pub fn read_proxy_header(bytes: &[u8]) -> Result<ProxyHeader, ProxyHeaderError> {
    if begins(bytes, TEXT) {
        read_text(bytes)
    } else if begins(bytes, BINARY) {
        read_binary(bytes)
    } else {
        Ok(ProxyHeader::Absent)
    }
}

/// Returns `true` if `bytes` begin with the complete prefix of a header.
pub(crate) fn is_proxy_header(bytes: &[u8]) -> bool {
    bytes.starts_with(TEXT) || bytes.starts_with(BINARY)
}

/// Returns `true` if `bytes` and `front` are equal up to the end of the shorter one.
fn begins(bytes: &[u8], front: &[u8]) -> bool {
    let length = bytes.len().min(front.len());
    bytes[..length] == front[..length]
}

fn read_text(bytes: &[u8]) -> Result<ProxyHeader, ProxyHeaderError> {
    let seen = &bytes[..bytes.len().min(MAX_TEXT_BYTES)];
    let Some(end) = seen.iter().position(|byte| *byte == b'\n') else {
        if seen.len() == MAX_TEXT_BYTES {
            let problem = format!("its line has no end within {MAX_TEXT_BYTES} bytes");
            return Err(ProxyHeaderError::Text(problem));
        }
        return Ok(ProxyHeader::Incomplete);
    };
    // Only a complete line is parsed, because the parser refuses incomplete ones.
    let header = v1::Header::try_from(&seen[..=end]).map_err(|e| ProxyHeaderError::Text(e.to_string()))?;
    if header.header.len() != end + 1 {
        return Err(ProxyHeaderError::Text("its line does not end with CR and LF".to_owned()));
    }
    let source = match header.addresses {
        v1::Addresses::Unknown => None,
        v1::Addresses::Tcp4(addresses) => Some(IpAddr::V4(addresses.source_address)),
        v1::Addresses::Tcp6(addresses) => Some(IpAddr::V6(addresses.source_address)),
    };
    Ok(ProxyHeader::Whole { taken: end + 1, source: source.map(|source| source.to_canonical()) })
}

fn read_binary(bytes: &[u8]) -> Result<ProxyHeader, ProxyHeaderError> {
    let Some(fixed) = bytes.get(..BINARY_FIXED_BYTES) else { return Ok(ProxyHeader::Incomplete) };
    let length = BINARY_FIXED_BYTES + usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if length > MAX_PROXY_HEADER_BYTES {
        let problem = format!("it has {length} bytes, more than {MAX_PROXY_HEADER_BYTES}");
        return Err(ProxyHeaderError::Binary(problem));
    }
    let Some(whole) = bytes.get(..length) else { return Ok(ProxyHeader::Incomplete) };
    let header = v2::Header::try_from(whole).map_err(|e| ProxyHeaderError::Binary(e.to_string()))?;
    let source = match (header.command, header.protocol, header.addresses) {
        // The proxy connects on its own behalf, for example for a health check. The addresses in the header are then
        // ignored.
        (v2::Command::Local, _, _) => None,
        (v2::Command::Proxy, v2::Protocol::Datagram, _) => {
            return Err(ProxyHeaderError::Binary("it is for a datagram".to_owned()));
        }
        (v2::Command::Proxy, v2::Protocol::Stream, v2::Addresses::IPv4(addresses)) => {
            Some(IpAddr::V4(addresses.source_address))
        }
        (v2::Command::Proxy, v2::Protocol::Stream, v2::Addresses::IPv6(addresses)) => {
            Some(IpAddr::V6(addresses.source_address))
        }
        (v2::Command::Proxy, _, _) => None,
    };
    Ok(ProxyHeader::Whole { taken: length, source: source.map(|source| source.to_canonical()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Creates a header of version 2 from the command, the address family and the other bytes.
    fn binary(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [BINARY, &[command, family], &length, rest].concat()
    }

    /// Formats the result of parsing a header. Checks that bytes after the header do not matter, and that every shorter
    /// prefix is incomplete.
    fn shown(header: &[u8]) -> String {
        let show = |bytes: &[u8]| match read_proxy_header(bytes) {
            Ok(ProxyHeader::Absent) => "absent".to_owned(),
            Ok(ProxyHeader::Incomplete) => "incomplete".to_owned(),
            Ok(ProxyHeader::Whole { taken, source: Some(source) }) => {
                assert_eq!(taken, header.len());
                source.to_string()
            }
            Ok(ProxyHeader::Whole { taken, source: None }) => {
                assert_eq!(taken, header.len());
                "itself".to_owned()
            }
            Err(error) => error.to_string(),
        };
        let whole = show(header);
        assert_eq!(show(&[header, b"LAMP\x01"].concat()), whole, "{header:?} and what follows");
        // For every prefix of the header, the result is either incomplete or that of the whole header.
        if !whole.contains("PROXY header") {
            for length in 1..header.len() {
                let part = show(&header[..length]);
                assert!(part == "incomplete" || part == whole, "{length} of {header:?}: {part}");
                assert!(whole == "absent" || part == "incomplete", "{length} of {header:?}: {part}");
            }
        }
        whole
    }

    #[test]
    fn headers_of_version_1() {
        for (header, expected) in [
            ("PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n", "192.0.2.7"),
            ("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255"),
            ("PROXY TCP4 192.0.2.7 198.51.100.1 0 0\r\n", "192.0.2.7"),
            ("PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n", "2001:db8::7"),
            ("PROXY TCP6 ::ffff:192.0.2.7 ::ffff:198.51.100.1 56324 443\r\n", "192.0.2.7"),
            ("PROXY UNKNOWN\r\n", "itself"),
            ("PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", "itself"),
            ("GET / HTTP/1.1\r\n", "absent"),
            ("LAMP", "absent"),
            ("PROXX", "absent"),
            ("proxy TCP4 1.1.1.1 2.2.2.2 1 2\r\n", "absent"),
        ] {
            assert_eq!(shown(header.as_bytes()), expected, "{header:?}");
        }
        for wrong in [
            "PROXY \r\n",
            "PROXY TCP5 192.0.2.7 198.51.100.1 56324 443\r\n",
            "PROXY TCP4\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443 \r\n",
            "PROXY TCP4 192.0.2.7  198.51.100.1 56324 443\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.1 56324 65536\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.1 056 443\r\n",
            "PROXY TCP4 192.0.2.256 198.51.100.1 56324 443\r\n",
            "PROXY TCP4 2001:db8::7 2001:db8::1 56324 443\r\n",
            "PROXY TCP6 192.0.2.7 198.51.100.1 56324 443\r\n",
            "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\n",
            "PROXY TCP4 192.0.2.7\r198.51.100.1 56324 443\r\n",
            "PROXY UNKNOWN\n",
            "PROXY \u{ff}\r\n",
        ] {
            let error = read_proxy_header(wrong.as_bytes());
            assert!(matches!(error, Err(ProxyHeaderError::Text(_))), "{wrong:?}: {error:?}");
        }
        let endless = [TEXT, &[b'x'; 200]].concat();
        assert_eq!(read_proxy_header(&endless[..MAX_TEXT_BYTES - 1]), Ok(ProxyHeader::Incomplete));
        assert_eq!(shown(&endless), "PROXY header, version 1: its line has no end within 107 bytes");
    }

    #[test]
    fn headers_of_version_2() {
        let v4 = [192, 0, 2, 7, 198, 51, 100, 1, 0xdc, 4, 1, 0xbb];
        let v6 = |source: &str| {
            let source: std::net::Ipv6Addr = source.parse().unwrap();
            [&source.octets()[..], &source.octets(), &[0xdc, 4, 1, 0xbb]].concat()
        };
        let tlv = [&v4[..], &[0x04, 0, 3, 1, 2, 3]].concat();
        let long = [&v4[..], &[0; MAX_PROXY_HEADER_BYTES - BINARY_FIXED_BYTES - 12]].concat();
        for (header, expected) in [
            (binary(0x21, 0x11, &v4), "192.0.2.7"),
            (binary(0x21, 0x11, &tlv), "192.0.2.7"),
            (binary(0x21, 0x11, &long), "192.0.2.7"),
            (binary(0x21, 0x21, &v6("2001:db8::7")), "2001:db8::7"),
            (binary(0x21, 0x21, &v6("::ffff:192.0.2.7")), "192.0.2.7"),
            (binary(0x21, 0x31, &[0; 216]), "itself"),
            (binary(0x21, 0x00, &[]), "itself"),
            (binary(0x21, 0x00, &[9; 7]), "itself"),
            (binary(0x20, 0x00, &[]), "itself"),
            (binary(0x20, 0x11, &v4), "itself"),
        ] {
            assert_eq!(shown(&header), expected, "{header:?}");
        }
        for wrong in [
            binary(0x11, 0x11, &v4),
            binary(0x22, 0x11, &v4),
            binary(0x21, 0x41, &v4),
            binary(0x21, 0x13, &v4),
            binary(0x21, 0x12, &v4),
            binary(0x21, 0x11, &v4[..11]),
            binary(0x21, 0x21, &v4),
            binary(0x21, 0x31, &[0; 215]),
            binary(0x21, 0x11, &[&long[..], &[0]].concat()),
        ] {
            let error = read_proxy_header(&wrong);
            assert!(matches!(error, Err(ProxyHeaderError::Binary(_))), "{wrong:?}: {error:?}");
        }
        // A header that is too long is refused before all of it was received.
        let front = [BINARY, &[0x21, 0x11, 0xff, 0xff]].concat();
        assert!(read_proxy_header(&front).is_err());
    }
}
