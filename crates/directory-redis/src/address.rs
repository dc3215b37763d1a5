//! The address of Redis in the settings: one server, some servers of a Redis Cluster, or Sentinels.
//!
//! The address may contain a password. No error of this module therefore contains the address.

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo};
use std::fmt;

/// The servers to which a node connects first, with the user and password for them.
#[derive(Clone)]
pub(crate) struct Address {
    /// The servers in the address, each with its user, password and database. There is at least one.
    pub(crate) seeds: Vec<ConnectionInfo>,
    /// The name by which the Sentinels know the server; `None` if the seeds are not Sentinels.
    pub(crate) service: Option<String>,
}

/// The host and port, or the path, of a server.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Server(String);

impl Address {
    /// Reads the text of an address, which is documented in [`RedisSettings::url`](crate::RedisSettings::url).
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = text.split_once("://").ok_or("there is no scheme, such as redis://")?;
        let (scheme, is_sentinel) = match scheme {
            "redis" | "rediss" => (scheme, false),
            "redis+sentinel" => ("redis", true),
            "rediss+sentinel" => ("rediss", true),
            "redis+unix" | "unix" => {
                let info =
                    text.into_connection_info().map_err(|_| "the path or its parameters are invalid")?;
                return Ok(Self { seeds: vec![info], service: None });
            }
            _ => {
                return Err(
                    "the scheme is none of redis, rediss, redis+sentinel, rediss+sentinel, redis+unix",
                );
            }
        };
        if rest.contains(['?', '#']) {
            return Err("a '?' or '#' is not allowed (in a password it is written as %3F or %23)");
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, hosts) = match authority.rsplit_once('@') {
            Some((login, hosts)) => (format!("{login}@"), hosts),
            None => (String::new(), authority),
        };
        let service = match (is_sentinel, path) {
            (false, _) => None,
            (true, "") => return Err("the name of the service is missing, as in redis+sentinel://host/name"),
            (true, name) if name.contains('/') => return Err("the name of the service has a '/'"),
            (true, name) => Some(name.to_owned()),
        };
        let (path, port) = if is_sentinel { ("", ":26379") } else { (path, "") };
        let seed = |host: &str| {
            let has_port = host.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'));
            let port = if has_port { "" } else { port };
            let one = format!("{scheme}://{login}{host}{port}/{path}");
            one.into_connection_info().map_err(|_| "a host, port, user, password or database is invalid")
        };
        let seeds = hosts.split(',').map(seed).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { seeds, service })
    }

    /// A text that identifies the directory: the sorted servers, the database and the name of the service. It has no
    /// user and no password. Addresses of different directories have different texts.
    pub(crate) fn place(&self) -> String {
        let mut servers: Vec<String> = self.seeds.iter().map(|seed| Server::of(seed).to_string()).collect();
        servers.sort_unstable();
        let database = self.seeds[0].redis_settings().db();
        format!("{}/{}", servers.join(","), self.service.clone().unwrap_or_else(|| database.to_string()))
    }

    /// Returns the connection settings for another server. They have the user, the password and the TLS of the address,
    /// but `host` and `port` replace those of the address.
    pub(crate) fn of_server(&self, host: &str, port: u16) -> ConnectionInfo {
        let like = &self.seeds[0];
        let host = host.to_owned();
        let addr = if matches!(like.addr(), ConnectionAddr::TcpTls { .. }) {
            ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None }
        } else {
            ConnectionAddr::Tcp(host, port)
        };
        like.clone().set_addr(addr)
    }
}

impl Server {
    pub(crate) fn of(info: &ConnectionInfo) -> Self {
        Self(info.addr().to_string())
    }

    /// The host, without the port.
    pub(crate) fn host(&self) -> &str {
        self.0.rsplit_once(':').map_or(&self.0, |(host, _)| host)
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses an address. Returns its hosts; the user, password and database of the first host; and the name of the
    /// service.
    fn show(text: &str) -> String {
        match Address::parse(text) {
            Err(error) => {
                assert!(!error.contains("secret"), "{error}");
                error.to_owned()
            }
            Ok(Address { seeds, service }) => {
                let hosts: Vec<String> = seeds.iter().map(|seed| Server::of(seed).to_string()).collect();
                let is_tls = matches!(seeds[0].addr(), ConnectionAddr::TcpTls { .. });
                let settings = seeds[0].redis_settings();
                let (user, password) = (settings.username(), settings.password());
                format!(
                    "{}{} {:?} {:?} {} {:?}",
                    if is_tls { "tls " } else { "" },
                    hosts.join(" "),
                    user,
                    password,
                    settings.db(),
                    service
                )
            }
        }
    }

    #[test]
    fn an_address_names_servers_and_a_login() {
        for (text, expected) in [
            ("redis://host", "host:6379 None None 0 None"),
            ("redis://host:7000/3", "host:7000 None None 3 None"),
            ("redis://:secret@host/", "host:6379 None Some(\"secret\") 0 None"),
            ("redis://me:se%40cret@host", "host:6379 Some(\"me\") Some(\"se@cret\") 0 None"),
            ("rediss://me:secret@a,b:7,[::1]:8", "tls a:6379 b:7 ::1:8 Some(\"me\") Some(\"secret\") 0 None"),
            ("redis+sentinel://a,b:7,[::1]/live", "a:26379 b:7 ::1:26379 None None 0 Some(\"live\")"),
            ("rediss+sentinel://:secret@a/live", "tls a:26379 None Some(\"secret\") 0 Some(\"live\")"),
            ("redis+unix:///run/redis.sock", "/run/redis.sock None None 0 None"),
        ] {
            assert_eq!(show(text), expected, "{text}");
        }
    }

    #[test]
    fn the_place_of_an_address_has_no_login_and_no_order() {
        for (text, expected) in [
            ("redis://host", "host:6379/0"),
            ("rediss://me:secret@b,a:7/3", "a:7,b:6379/3"),
            ("redis://:secret@a:7,b/3", "a:7,b:6379/3"),
            ("redis+sentinel://:secret@b,a/live", "a:26379,b:26379/live"),
            ("redis+unix:///run/redis.sock", "/run/redis.sock/0"),
        ] {
            assert_eq!(
                Address::parse(text).map(|address| address.place()),
                Ok(expected.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn another_text_is_refused_and_not_repeated() {
        for (text, expected) in [
            ("", "there is no scheme"),
            ("secret@host", "there is no scheme"),
            ("http://secret@host", "the scheme is none of"),
            ("redis://", "is invalid"),
            ("redis://a,,b", "is invalid"),
            ("redis://:secret@host:port", "is invalid"),
            ("redis://:secret@host/x", "is invalid"),
            ("redis://:secret?@host", "not allowed"),
            ("redis://host#insecure", "not allowed"),
            ("redis+sentinel://:secret@host", "the name of the service is missing"),
            ("redis+sentinel://host/a/b", "has a '/'"),
        ] {
            let told = show(text);
            assert!(told.contains(expected), "{text}: {told}");
        }
    }
}
