//! The parsed URL of a webhook.

use std::fmt;

/// The URL of a webhook, with the scheme `http` or `https`, and without a user, a password or a fragment.
///
/// This module does not check the addresses of the host, because the host name may resolve to other addresses later.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct WebhookUrl {
    /// Whether the scheme is `https`.
    pub https: bool,
    /// The name or the address of the host. An IPv6 address has no brackets here.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The path and the query, from the first `/`.
    pub target: String,
}

/// The error of a text that is not the URL of a webhook.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvalidWebhookUrl {
    /// The scheme is missing, or is neither `http` nor `https`.
    #[error("the URL of a webhook must begin with http:// or https://")]
    Scheme,
    /// The text contains spaces, control characters or characters outside of ASCII.
    #[error("the URL of a webhook must be printable ASCII without spaces; write other characters as %XX")]
    Characters,
    /// The text contains a user or a password.
    #[error("the URL of a webhook must not contain a user or a password")]
    UserInfo,
    /// The text contains a fragment.
    #[error("the URL of a webhook must not contain a #fragment")]
    Fragment,
    /// The host is missing or invalid.
    #[error("the URL of a webhook must name a host")]
    Host,
    /// The port is invalid.
    #[error("the port of a webhook must be a number from 1 to 65535")]
    Port,
}

impl WebhookUrl {
    /// Parses a URL.
    pub fn parse(text: &str) -> Result<Self, InvalidWebhookUrl> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidWebhookUrl::Characters);
        }
        let (scheme, rest) = text.split_once("://").ok_or(InvalidWebhookUrl::Scheme)?;
        let https = match scheme {
            _ if scheme.eq_ignore_ascii_case("https") => true,
            _ if scheme.eq_ignore_ascii_case("http") => false,
            _ => return Err(InvalidWebhookUrl::Scheme),
        };
        if rest.contains('#') {
            return Err(InvalidWebhookUrl::Fragment);
        }
        let end = rest.find(['/', '?', '\\']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        if authority.contains('@') {
            return Err(InvalidWebhookUrl::UserInfo);
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(bracketed) => {
                let (host, port) = bracketed.split_once(']').ok_or(InvalidWebhookUrl::Host)?;
                host.parse::<std::net::Ipv6Addr>().map_err(|_| InvalidWebhookUrl::Host)?;
                (
                    host,
                    if port.is_empty() {
                        None
                    } else {
                        Some(port.strip_prefix(':').ok_or(InvalidWebhookUrl::Port)?)
                    },
                )
            }
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte);
        if host.is_empty() || host.len() > 253 || !host.bytes().all(is_name) {
            return Err(InvalidWebhookUrl::Host);
        }
        let port = match port {
            None => {
                if https {
                    443
                } else {
                    80
                }
            }
            Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|port| *port > 0).ok_or(InvalidWebhookUrl::Port)?
            }
            Some(_) => return Err(InvalidWebhookUrl::Port),
        };
        let target = match rest.as_bytes().first() {
            None => "/".to_owned(),
            Some(b'/') => rest.to_owned(),
            Some(b'?') => format!("/{rest}"),
            // Browsers treat a backslash as a slash, and other parsers treat it as a part of the host, so it is
            // refused.
            Some(_) => return Err(InvalidWebhookUrl::Host),
        };
        Ok(Self { https, host: host.to_ascii_lowercase(), port, target })
    }

    /// The value of the `Host` header.
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == if self.https { 443 } else { 80 } { host } else { format!("{host}:{}", self.port) }
    }
}

impl fmt::Display for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_with_their_parts() {
        for (text, shown, host, port) in [
            ("https://a.example", "https://a.example/", "a.example", 443),
            ("HTTP://A.Example:8080/x/y?z=1", "http://a.example:8080/x/y?z=1", "a.example", 8080),
            ("http://a.example:80?q", "http://a.example/?q", "a.example", 80),
            ("https://[2001:db8::1]:8443/", "https://[2001:db8::1]:8443/", "2001:db8::1", 8443),
            ("http://10.0.0.1/", "http://10.0.0.1/", "10.0.0.1", 80),
            ("http://my_service-1/%20a@b", "http://my_service-1/%20a@b", "my_service-1", 80),
        ] {
            let url = WebhookUrl::parse(text).unwrap();
            assert_eq!(
                (url.to_string().as_str(), url.host.as_str(), url.port),
                (shown, host, port),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_url_of_a_webhook_is_refused() {
        use InvalidWebhookUrl::{Characters, Fragment, Host, Port, Scheme, UserInfo};
        for (text, why) in [
            ("", Scheme),
            ("a.example/x", Scheme),
            ("ftp://a.example", Scheme),
            ("file:///etc/passwd", Scheme),
            ("javascript:alert(1)", Scheme),
            ("gopher://a.example", Scheme),
            ("https://a.example/ b", Characters),
            ("https://a.example/\r\nHost: b", Characters),
            ("https://例子.example/", Characters),
            ("https://me@a.example/", UserInfo),
            ("https://me:pass@a.example/", UserInfo),
            ("https://a.example/#top", Fragment),
            ("https://", Host),
            ("https:///x", Host),
            ("https://?x", Host),
            ("https://a.example\\@b.example/", Host),
            ("https://a,b/", Host),
            ("https://[::1", Host),
            ("https://[a.example]/", Host),
            ("https://a.example:/", Port),
            ("https://a.example:0/", Port),
            ("https://a.example:65536/", Port),
            ("https://a.example:+80/", Port),
            ("https://[::1]x/", Port),
            ("https://::1/", Port),
        ] {
            let refused = WebhookUrl::parse(text);
            assert!(refused.is_err(), "{text:?} {refused:?}");
            if text != "https://::1/" {
                assert_eq!(refused, Err(why), "{text:?}");
            }
        }
    }
}
