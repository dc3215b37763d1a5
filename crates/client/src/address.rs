//! The address of a server: `tcp://`, `tls://`, `ws://` or `wss://`, a host and a port.

use crate::BuildError;
use http::Uri;

/// The parsed address of a server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Address {
    /// The framing of messages on the connection.
    pub(crate) framing: Framing,
    /// Whether the connection uses TLS.
    #[cfg(feature = "tls")]
    pub(crate) tls: bool,
    /// The name or IP address of the host. An IPv6 address is without brackets.
    pub(crate) host: String,
    /// The TCP port.
    pub(crate) port: u16,
}

/// The framing of messages on a connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Framing {
    /// Each message is preceded by its length.
    Native,
    /// Each message is a WebSocket message. The value is the `ws://` or `wss://` address for the upgrade.
    #[cfg(feature = "websocket")]
    WebSocket(Uri),
}

impl Address {
    /// Parses an address.
    pub(crate) fn parse(text: &str) -> Result<Self, BuildError> {
        let wrong = |why| BuildError::Address { address: text.to_owned(), why };
        let uri: Uri = text.parse().map_err(|_| wrong("it cannot be read"))?;
        let host = uri.host().ok_or_else(|| wrong("the host is missing"))?;
        if host.is_empty() {
            return Err(wrong("the host is missing"));
        }
        if uri.port().is_none() && uri.authority().is_some_and(|authority| authority.as_str() != host) {
            return Err(wrong("the port is not valid"));
        }
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let (native, tls, usual_port) = match uri.scheme_str() {
            Some("tcp") => (true, false, None),
            Some("tls") => (true, true, None),
            Some("ws") => (false, false, Some(80)),
            Some("wss") => (false, true, Some(443)),
            Some(_) | None => return Err(wrong("the scheme is unknown")),
        };
        let port = uri.port_u16().or(usual_port).ok_or_else(|| wrong("the port is missing"))?;
        let without = |feature| BuildError::FeatureDisabled { address: text.to_owned(), feature };
        let framing = if native {
            if !matches!(uri.path(), "" | "/") {
                return Err(wrong("it must not have a path"));
            }
            Framing::Native
        } else {
            #[cfg(not(feature = "websocket"))]
            return Err(without("websocket"));
            #[cfg(feature = "websocket")]
            Framing::WebSocket(uri)
        };
        if tls && cfg!(not(feature = "tls")) {
            return Err(without("tls"));
        }
        Ok(Self {
            framing,
            #[cfg(feature = "tls")]
            tls,
            host,
            port,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_schemes_are_understood() {
        let cases = [
            ("tcp://localhost:7400", Ok("native plain localhost 7400")),
            ("tls://chat.example:7400/", Ok("native tls chat.example 7400")),
            ("tcp://[::1]:7400", Ok("native plain ::1 7400")),
            ("ws://localhost:8080/im", Ok("websocket plain localhost 8080")),
            ("ws://localhost", Ok("websocket plain localhost 80")),
            ("wss://chat.example", Ok("websocket tls chat.example 443")),
            ("tcp://localhost", Err("the port is missing")),
            ("tcp://localhost:1/path", Err("it must not have a path")),
            ("http://localhost:1", Err("the scheme is unknown")),
            ("localhost:1", Err("the scheme is unknown")),
            ("tcp://:1", Err("the host is missing")),
            ("", Err("it cannot be read")),
            ("tcp://a:99999", Err("the port is not valid")),
            ("ws://a:99999", Err("the port is not valid")),
            ("ws://user@a", Err("the port is not valid")),
        ];
        for (text, expected) in cases {
            match (Address::parse(text).map(words), expected) {
                (Err(BuildError::FeatureDisabled { address, feature }), Ok(expected)) => {
                    assert_eq!(address, text);
                    assert_eq!(Some(feature), lacking(expected), "{text}");
                }
                (_, Ok(expected)) if lacking(expected).is_some() => panic!("{text} is accepted"),
                (Ok(parsed), Ok(expected)) => assert_eq!(parsed, expected),
                (Err(BuildError::Address { why, .. }), Err(expected)) => assert_eq!(why, expected, "{text}"),
                (parsed, expected) => panic!("{text}: {parsed:?}, not {expected:?}"),
            }
        }
    }

    fn words(address: Address) -> String {
        let framing = match address.framing {
            Framing::Native => "native",
            #[cfg(feature = "websocket")]
            Framing::WebSocket(_) => "websocket",
        };
        #[cfg(feature = "tls")]
        let tls = address.tls;
        #[cfg(not(feature = "tls"))]
        let tls = false;
        let tls = if tls { "tls" } else { "plain" };
        format!("{framing} {tls} {} {}", address.host, address.port)
    }

    /// Returns the first cargo feature that an address needs and this build does not have.
    fn lacking(words: &str) -> Option<&'static str> {
        let features = [("websocket", cfg!(feature = "websocket")), ("tls", cfg!(feature = "tls"))];
        let lacking = features.into_iter().find(|(name, enabled)| words.contains(name) && !enabled);
        lacking.map(|(name, _)| name)
    }
}
