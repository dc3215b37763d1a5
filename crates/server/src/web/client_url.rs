//! The URL of the client port, for pages that were loaded from the HTTP port.

use std::net::SocketAddr;

/// The address of the client port. The URL for web pages is made from it.
pub struct ClientDoor {
    listens: SocketAddr,
    public: Option<String>,
}

impl ClientDoor {
    /// Describes a client port that listens on this address. `public` is its URL behind a proxy, if there is one.
    pub fn new(listens: SocketAddr, public: Option<String>) -> Self {
        Self { listens, public }
    }

    /// Returns the URL for a page that was requested with this `Host` header.
    pub fn url(&self, host: Option<&str>) -> String {
        if let Some(public) = &self.public {
            return public.clone();
        }
        let ip = self.listens.ip();
        // If the port listens on all addresses or on the loopback address, it is reachable under the host name of the
        // page.
        let name = host.map(name_of).filter(|_| ip.is_unspecified() || ip.is_loopback());
        match name {
            Some(name) if is_name(name) => format!("ws://{name}:{}", self.listens.port()),
            Some(_) | None if ip.is_unspecified() => format!("ws://localhost:{}", self.listens.port()),
            Some(_) | None => format!("ws://{}", self.listens),
        }
    }

    /// Returns the origin of the URL, as a source for a content security policy.
    pub fn origin(&self, host: Option<&str>) -> String {
        let url = self.url(host);
        let path = url.match_indices('/').nth(2).map_or(url.len(), |(at, _)| at);
        url[..path].to_owned()
    }
}

/// Returns `true` if the text is a WebSocket URL that has only characters that are safe in a header.
pub fn is_client_url(url: &str) -> bool {
    let rest = url.strip_prefix("wss://").or_else(|| url.strip_prefix("ws://")).unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-._~:/[]%?=&".contains(letter);
    !host.is_empty() && url.len() <= 2_048 && url.chars().all(plain)
}

/// Returns the value of a `Host` header without its port.
fn name_of(host: &str) -> &str {
    match host.rfind(':') {
        Some(colon) if !host[colon..].contains(']') => &host[..colon],
        Some(_) | None => host,
    }
}

/// Returns `true` if the text is a host name or an address. Other texts must not be copied into a header.
fn is_name(name: &str) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-._:[]".contains(letter);
    !name.is_empty() && name.len() <= 253 && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_connects_to_the_name_it_came_from_or_to_where_it_is_told() {
        for (listens, host, url) in [
            ("0.0.0.0:7400", Some("localhost:7401"), "ws://localhost:7400"),
            ("0.0.0.0:7400", Some("chat.example"), "ws://chat.example:7400"),
            ("127.0.0.1:7400", Some("localhost:7401"), "ws://localhost:7400"),
            ("[::]:7400", Some("[::1]:7401"), "ws://[::1]:7400"),
            ("[::]:7400", Some("[::1]"), "ws://[::1]:7400"),
            ("10.1.2.3:7400", Some("localhost:7401"), "ws://10.1.2.3:7400"),
            ("0.0.0.0:7400", Some("x; script-src *"), "ws://localhost:7400"),
            ("0.0.0.0:7400", Some(""), "ws://localhost:7400"),
            ("127.0.0.1:7400", None, "ws://127.0.0.1:7400"),
            ("0.0.0.0:7400", None, "ws://localhost:7400"),
        ] {
            let door = ClientDoor::new(listens.parse().unwrap(), None);
            assert_eq!(door.url(host), url, "{listens} {host:?}");
            assert_eq!(door.origin(host), url);
        }
        let behind_a_proxy =
            ClientDoor::new("127.0.0.1:7400".parse().unwrap(), Some("wss://chat.example/ws".into()));
        assert_eq!(behind_a_proxy.url(Some("chat.example")), "wss://chat.example/ws");
        assert_eq!(behind_a_proxy.origin(Some("chat.example")), "wss://chat.example");
    }

    #[test]
    fn a_public_url_is_one_of_a_websocket_and_plain() {
        for (url, good) in [
            ("wss://chat.example", true),
            ("ws://chat.example:8080/clients?zone=1", true),
            ("ws://[::1]:7400", true),
            ("https://chat.example", false),
            ("wss://", false),
            ("wss:///path", false),
            ("wss://a; script-src *", false),
            ("wss://a b", false),
            ("", false),
        ] {
            assert_eq!(is_client_url(url), good, "{url}");
        }
        assert!(!is_client_url(&format!("wss://{}", "a".repeat(2_048))));
    }
}
