//! The address of PostgreSQL, and the limits of its use.

use crate::claim::ClusterIdentity;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// The URL of a PostgreSQL database. The URL is a secret, because it contains the password. `Display` and `Debug` show
/// only the hosts and the name of the database.
#[derive(Clone, PartialEq)]
pub struct PostgresUrl {
    config: Config,
}

impl Eq for PostgresUrl {}

/// The error of a text that is not the URL of a PostgreSQL database. It names the invalid part, but repeats nothing of
/// the text, because any part may belong to the password.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvalidUrl {
    /// The text does not begin with the scheme of a PostgreSQL URL.
    #[error("must begin with postgres://, as in postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=require")]
    Scheme,
    /// The text has several `@`.
    #[error(
        "has more than one @: in the user and the password, every character except letters, digits and -._~ is written \
         as % with two hexadecimal digits, so that @ is %40"
    )]
    Credentials,
    /// A port is not a number.
    #[error(
        "has a port that is not a number from 0 to 65535; a / or @ in the password must be written as %2F or %40, \
         because the password would otherwise end there"
    )]
    Port,
    /// The host is neither a name nor an address.
    #[error("has an invalid host; an IPv6 address is written in brackets, as [::1]")]
    Host,
    /// An option has an invalid value.
    #[error("has an invalid value for the option `{0}`")]
    OptionValue(&'static str),
    /// An option does not exist.
    #[error("has an unknown option after the ?; the known options are {}", OPTIONS.join(", "))]
    UnknownOption,
    /// An option has no value.
    #[error("has an option without a value after the ?; options are written as NAME=VALUE, separated by &")]
    OptionWithoutValue,
    /// The percent-encoding of a part is not UTF-8.
    #[error("has a % that does not begin the percent-encoding of a character in UTF-8")]
    Encoding,
    /// The text is not a URL of PostgreSQL for another reason.
    #[error("must be postgres://USER:PASSWORD@HOST:PORT/DATABASE, with options such as ?sslmode=require")]
    Unreadable,
    /// The host is missing.
    #[error("names no host")]
    NoHost,
    /// The user is missing.
    #[error("names no user")]
    NoUser,
    /// The database is missing.
    #[error("names no database")]
    NoDatabase,
}

/// The options that a URL can have.
const OPTIONS: [&str; 19] = [
    "application_name",
    "channel_binding",
    "connect_timeout",
    "dbname",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "load_balance_hosts",
    "options",
    "password",
    "port",
    "sslmode",
    "sslnegotiation",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

impl InvalidUrl {
    /// Finds the invalid part of a URL. The errors of the library differ only in their texts.
    fn of(error: &tokio_postgres::Error) -> Self {
        let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        if let Some(option) = cause.strip_prefix("invalid value for option `") {
            let option = OPTIONS.into_iter().find(|known| option.strip_suffix('`') == Some(known));
            return match option {
                Some("port") => Self::Port,
                Some("host") => Self::Host,
                Some(option) => Self::OptionValue(option),
                None => Self::Unreadable,
            };
        }
        match cause.as_str() {
            "unterminated parameter" => Self::OptionWithoutValue,
            cause if cause.starts_with("unknown option") => Self::UnknownOption,
            cause if cause.contains("utf-8") => Self::Encoding,
            _ => Self::Unreadable,
        }
    }
}

impl PostgresUrl {
    /// Parses a URL such as `postgres://user:password@host:port/database?sslmode=require`. The URL may name several
    /// hosts. With `target_session_attrs=read-write`, the host that accepts writes is used, also after a failover.
    pub fn new(text: &str) -> Result<Self, InvalidUrl> {
        if !["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
            return Err(InvalidUrl::Scheme);
        }
        // If the password had an unescaped `@`, its rest would be parsed as the host, and shown.
        if text.matches('@').count() > 1 {
            return Err(InvalidUrl::Credentials);
        }
        // A certificate is always verified. These modes of other clients are therefore the same as `require`.
        let text = ["verify-full", "verify-ca"]
            .iter()
            .fold(text.to_owned(), |text, mode| text.replace(&format!("sslmode={mode}"), "sslmode=require"));
        let config: Config = text.parse().map_err(|error| InvalidUrl::of(&error))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            Err(InvalidUrl::NoHost)
        } else if config.get_user().is_none_or(str::is_empty) {
            Err(InvalidUrl::NoUser)
        } else if config.get_dbname().is_none_or(str::is_empty) {
            Err(InvalidUrl::NoDatabase)
        } else {
            Ok(Self { config })
        }
    }
}

/// Writes the hosts and the database, such as `db.example:5432/lamplight`.
impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hosts, ports) = (self.config.get_hosts(), self.config.get_ports());
        for (n, host) in hosts.iter().enumerate() {
            f.write_str(if n > 0 { "," } else { "" })?;
            match host {
                Host::Tcp(name) => f.write_str(name)?,
                Host::Unix(path) => write!(f, "{}", path.display())?,
            }
            if let Some(port) = ports.get(n).or(ports.first()) {
                write!(f, ":{port}")?;
            }
        }
        if hosts.is_empty() {
            let addresses: Vec<String> =
                self.config.get_hostaddrs().iter().map(ToString::to_string).collect();
            f.write_str(&addresses.join(","))?;
        }
        write!(f, "/{}", self.config.get_dbname().unwrap_or_default())
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresUrl({self})")
    }
}

/// The address of PostgreSQL, and the limits of its use by one node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PostgresSettings {
    /// The URL.
    pub url: PostgresUrl,
    /// A file of certificates in PEM. One of them must have signed the certificate of PostgreSQL. `None` means the
    /// certificates that the system trusts.
    pub ca: Option<PathBuf>,
    /// The cluster whose nodes share the database; `None` if this program uses the database alone.
    pub sharing: Option<ClusterIdentity>,
    /// The longest time for which a start waits for the end of programs that exclude this one.
    pub patience: Duration,
    /// The maximum number of connections for calls. One more connection is always open for the claim to the database.
    pub connections: usize,
    /// The maximum number of calls that wait for a connection. A further call fails with `Overloaded`.
    pub waiting: usize,
    /// The longest time that opening a connection may take.
    pub connect_timeout: Duration,
    /// The longest time that a statement may run. After this time, PostgreSQL ends the statement.
    pub statement_timeout: Duration,
    /// The maximum time of a call, including the wait for a connection and repeated attempts.
    pub call_timeout: Duration,
}

impl PostgresSettings {
    /// The settings for a URL, with the default limits.
    pub fn new(url: PostgresUrl) -> Self {
        Self {
            url,
            ca: None,
            sharing: None,
            patience: Duration::from_secs(5),
            connections: 16,
            waiting: 4_096,
            connect_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(5),
            call_timeout: Duration::from_secs(6),
        }
    }

    /// The configuration of a connection, for the PostgreSQL library.
    pub(crate) fn config(&self) -> Config {
        let mut config = self.url.config.clone();
        config.connect_timeout(self.connect_timeout);
        // Keepalives detect a server that is cut off, even on an idle connection.
        config.keepalives_idle(Duration::from_secs(30));
        config.keepalives_interval(Duration::from_secs(5));
        config.keepalives_retries(3);
        config.tcp_user_timeout(self.call_timeout);
        if config.get_application_name().is_none() {
            config.application_name("lamplight");
        }
        let millis = self.statement_timeout.as_millis();
        // PostgreSQL notices within a minute that the machine of this program is gone, and then frees its locks. The
        // limit for a lock is shorter than the limit for a statement. A statement that fails at the limit for a lock
        // has changed nothing, and its error says so.
        let lock_millis = millis * 3 / 4;
        let bounds = format!(
            "-c statement_timeout={millis} -c lock_timeout={lock_millis} \
             -c idle_in_transaction_session_timeout={millis} \
             -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3 \
             -c default_transaction_isolation=read\\ committed -c default_transaction_read_only=off",
        );
        let options = match config.get_options() {
            // A later option replaces an earlier one, so the options of the operator take precedence.
            Some(own) => format!("{bounds} {own}"),
            None => bounds,
        };
        config.options(options);
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The connection that claims the database is idle. If this machine is lost, PostgreSQL must notice it.
    #[test]
    fn every_connection_is_probed_by_the_server_too() {
        let url =
            PostgresUrl::new("postgres://app:secret@db.example/chat?options=-c%20work_mem%3D1MB").unwrap();
        let config = PostgresSettings::new(url).config();
        let options = config.get_options().unwrap();
        for option in ["tcp_keepalives_idle=30", "tcp_keepalives_interval=10", "tcp_keepalives_count=3"] {
            assert!(options.contains(&format!("-c {option} ")), "{options}");
        }
        assert!(options.ends_with("-c work_mem=1MB"), "{options}");
    }

    #[test]
    fn a_url_is_read_or_refused_without_repeating_any_part_of_it() {
        let table = [
            ("postgres://app:secret@db.example:5433/chat?sslmode=require", Ok("db.example:5433/chat")),
            ("postgresql://app:se%2Fcret@db.example/chat?sslmode=verify-full", Ok("db.example:5432/chat")),
            ("postgres:///chat?user=app&host=/run/postgresql", Ok("/run/postgresql/chat")),
            ("postgres://app:secret@a:1,b:2/chat?target_session_attrs=read-write", Ok("a:1,b:2/chat")),
            ("mysql://app:secret@db.example/chat", Err(InvalidUrl::Scheme)),
            ("host=db.example user=app password=secret dbname=chat", Err(InvalidUrl::Scheme)),
            ("postgres://app:secret@db.example:54a2/chat", Err(InvalidUrl::Port)),
            ("postgres://app:secret@db.example:99999/chat", Err(InvalidUrl::Port)),
            ("postgres://app:secret", Err(InvalidUrl::Port)),
            ("postgres://app:sec/ret@[::1/chat", Err(InvalidUrl::Host)),
            ("postgres://%ffapp:secret@db.example/chat", Err(InvalidUrl::Encoding)),
            ("postgres://db.example/chat?user=app&password=a&secret=b", Err(InvalidUrl::UnknownOption)),
            ("postgres://app@db.example/chat?password=a&secret", Err(InvalidUrl::OptionWithoutValue)),
            (
                "postgres://app:secret@db.example/chat?connect_timeout=secret",
                Err(InvalidUrl::OptionValue("connect_timeout")),
            ),
            ("postgres://app:sec/ret@db.example/chat", Ok("db.example:5432/chat")),
            ("postgres://app:secret@secret@db.example/chat", Err(InvalidUrl::Credentials)),
            ("postgres://app:secret@db.example/chat?sslmode=secret", Err(InvalidUrl::OptionValue("sslmode"))),
            ("postgres://app:secret@/chat", Err(InvalidUrl::NoHost)),
            ("postgres://db.example/chat", Err(InvalidUrl::NoUser)),
            ("postgres://app:secret@db.example", Err(InvalidUrl::NoDatabase)),
        ];
        for (text, expected) in table {
            let read = PostgresUrl::new(text);
            let told = match &read {
                Ok(url) => format!("{url} {url:?} {:?}", PostgresSettings::new(url.clone())),
                Err(invalid) => format!("{invalid} {invalid:?}"),
            };
            assert_eq!(read.map(|url| url.to_string()), expected.map(str::to_owned), "{text}");
            assert!(!told.contains("secret") && !told.contains("cret"), "{told}");
        }
    }
}
