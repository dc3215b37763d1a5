//! The settings of a node. They are read from a file, the environment and flags, in ascending order of precedence.

mod address;
mod directory;
mod facts;
mod wording;

pub use address::parse_address;
pub use directory::{DirectoryProblem, DirectoryUrl, UnreadableFile};
pub use facts::FactsUrl;

use crate::network::{Network, TrustedProxies};
use crate::web::is_client_url;
use crate::webhooks::{AllowedNetworks, WebhooksConfig};
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use lamplight_core::{ConflationRate, ReconnectPace, RequestRate};
use lamplight_service::ThrottleLimits;
use lamplight_wire::FrameLimits;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The settings of a node. `docs/configuration.md` describes each setting.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The folder for all files of the node. The node creates a missing folder.
    pub data_dir: PathBuf,
    /// The URL of the database in PostgreSQL that keeps the facts. Without the URL, the facts are kept in a SQLite file
    /// in the data folder. The URL is a secret, because it contains the password.
    pub facts: Option<FactsUrl>,
    /// A file with the certificates of the authorities that may sign the certificate of PostgreSQL, in PEM. Without the
    /// file, the authorities of the system are trusted.
    pub facts_ca: Option<PathBuf>,
    /// The maximum number of connections to PostgreSQL for calls; one more holds the claim on the database.
    pub facts_connections: usize,
    /// The URL of Redis or Valkey. If it is set, the live records are kept there. All nodes with the same directory,
    /// prefix and facts form one cluster. The URL is a secret, because it may contain a password.
    pub directory: Option<DirectoryUrl>,
    /// A file with certificates of authorities, in PEM, for the servers of the directory; see `facts_ca`.
    pub directory_ca: Option<PathBuf>,
    /// The certificate chain that this node shows to the servers of the directory, in PEM.
    pub directory_certificate: Option<PathBuf>,
    /// The private key of `directory_certificate`, in PEM.
    pub directory_key: Option<PathBuf>,
    /// The prefix of all keys in the directory. Clusters with different prefixes can share a server.
    pub directory_prefix: String,
    /// The name of this node in its cluster; `None` means the name of the machine.
    pub node_name: Option<String>,
    /// The lease, in milliseconds: the silence after which a node has no duties. All nodes must have the same lease.
    pub node_lease_ms: u32,
    /// The client port: native protocol, WebSocket and TLS.
    #[serde(deserialize_with = "address::one")]
    pub client_listen: SocketAddr,
    /// The HTTP port: server API, web pages, metrics and health checks.
    #[serde(deserialize_with = "address::one")]
    pub http_listen: SocketAddr,
    /// An additional port for metrics and health checks, with its own connection limits; `None` for no such port.
    #[serde(deserialize_with = "address::one_or_none")]
    pub health_listen: Option<SocketAddr>,
    /// The URL (`ws://…` or `wss://…`) at which browsers reach the client port, if a proxy is in front of it.
    pub public_client_url: Option<String>,
    /// The networks of proxies that are trusted to report the address of a client, such as `10.1.0.0/16`; at most 100.
    pub trusted_proxies: Vec<Network>,
    /// The number of worker threads; 0 means one for each core.
    pub workers: usize,
    /// TLS on the client port.
    pub tls: TlsConfig,
    /// The settings of outgoing webhooks.
    pub webhooks: WebhooksConfig,
    /// Limits on clients, the same for every app.
    pub limits: LimitsConfig,
    /// The grace, in milliseconds, at most 10 min: the time for which the clients of a stopped or lost node still count
    /// as connected. All nodes of a cluster must have the same grace.
    pub node_loss_grace_ms: u32,
    /// The number of clients per second that should reconnect after all clients have lost their connections.
    pub reconnects_per_second: u32,
    /// The maximum spread of reconnections, in milliseconds. At login, each client receives the spread that applies.
    pub reconnect_spread_ms: u32,
}

/// TLS on the client port. Either both files must be set, or none.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsConfig {
    /// The certificate chain, in PEM. The node reads the file again when it changes.
    pub certificate: Option<PathBuf>,
    /// The private key, in PEM.
    pub key: Option<PathBuf>,
}

/// Limits on clients, the same for every app.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// The maximum number of open client connections; 0 means as many as the process's limit on open files allows.
    pub connections: usize,
    /// The maximum number of open client connections from one address (IPv6: from one /64).
    pub connections_per_address: u32,
    /// The longest time from connecting to logging in, in milliseconds.
    pub login_timeout_ms: u32,
    /// The largest message that a client may send before its login, in bytes.
    pub frame_before_login: usize,
    /// The largest message that a client may send after its login, in bytes.
    pub frame_after_login: usize,
    /// The maximum number of invalid tokens per minute from one address on each port. A further invalid token is
    /// answered with `TOO_MANY_FAILURES`, and its connection is closed. A valid token is always accepted.
    pub login_failures_per_address: u32,
    /// The maximum number of a user's status changes per second that watchers are notified of; lower for a user with
    /// many watchers. Of faster changes, only the newest is sent. 0 means no limit.
    pub changes_told_per_second: u32,
    /// The maximum number of requests per second of one connection. Further requests are delayed. 0 means no limit.
    pub requests_per_second: u32,
    /// The maximum number of open connections to the HTTP port. One eighth of the process's limit on open files is a
    /// second upper bound.
    pub http_connections: usize,
    /// The maximum number of open connections to the HTTP port from one address (IPv6: from one /64).
    pub http_connections_per_address: u32,
    /// The maximum number of bytes that the HTTP port keeps in memory for bodies of requests, their parsed form, the
    /// copies of a message to many recipients, and answers, over all connections.
    pub http_body_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        Self {
            data_dir: PathBuf::from("lamplight-data"),
            facts: None,
            facts_ca: None,
            facts_connections: 16,
            directory: None,
            directory_ca: None,
            directory_certificate: None,
            directory_key: None,
            directory_prefix: "lm".to_owned(),
            node_name: None,
            node_lease_ms: 9_000,
            client_listen: SocketAddr::new(any, 7400),
            http_listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7401),
            health_listen: None,
            public_client_url: None,
            trusted_proxies: Vec::new(),
            workers: 0,
            tls: TlsConfig::default(),
            webhooks: WebhooksConfig::default(),
            limits: LimitsConfig::default(),
            node_loss_grace_ms: 30_000,
            reconnects_per_second: 5_000,
            reconnect_spread_ms: 20_000,
        }
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        let throttle = ThrottleLimits::default();
        let frames = FrameLimits::default();
        Self {
            connections: 0,
            connections_per_address: 1_000,
            login_timeout_ms: 10_000,
            frame_before_login: frames.before_login,
            frame_after_login: frames.after_login,
            login_failures_per_address: throttle.failures_per_address,
            changes_told_per_second: ConflationRate::default().changes_per_second,
            requests_per_second: RequestRate::default().per_second,
            http_connections: 1_024,
            http_connections_per_address: 256,
            http_body_bytes: 12 << 20,
        }
    }
}

/// An error in the settings. Its text names the setting, and the file, variable or flag.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file or environment variable cannot be read, has a value of the wrong type, or names an unknown setting.
    #[error("{0}")]
    Unreadable(String),
    /// A value is outside its bounds.
    #[error("{setting}: {problem}")]
    Invalid {
        /// The path of the setting.
        setting: &'static str,
        /// The reason why the value cannot be used.
        problem: String,
    },
}

impl Config {
    /// Reads the settings from these layers. A later layer overrides the values of earlier layers:
    ///
    /// 1. The defaults.
    /// 2. The file. If one is named, it must exist.
    /// 3. The environment variables `LAMPLIGHT_…`, with `__` between a section and its setting, as in
    ///    `LAMPLIGHT_LIMITS__CONNECTIONS`.
    /// 4. `overrides`: the flags, as `(path, value)`.
    ///
    /// An unknown setting is an error, except for variables that Kubernetes sets for a Service called `lamplight`. A
    /// wrong value is an error even if a later layer replaces it, because the settings are checked after each layer.
    pub fn load(
        file: Option<&Path>,
        overrides: Vec<(&'static str, figment::value::Value)>,
    ) -> Result<Self, ConfigError> {
        let variables: Vec<String> = std::env::vars_os()
            .filter_map(|(name, _)| name.into_string().ok())
            .filter(|name| name.to_uppercase().starts_with("LAMPLIGHT_"))
            .collect();
        let check = |figment: &Figment| check(figment, &variables);
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(file) = file {
            figment = figment.merge(Toml::file_exact(file));
            check(&figment)?;
        }
        let injected: Vec<String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, value)| is_injected(name, value))
            .filter_map(|(name, _)| Some(name.strip_prefix("LAMPLIGHT_")?.to_lowercase()))
            .collect();
        let settings = Env::prefixed("LAMPLIGHT_")
            .ignore(&["config", "log", "log_format"])
            .filter(move |name| !injected.iter().any(|injected| name.as_str().eq_ignore_ascii_case(injected)))
            .split("__");
        figment = figment.merge(settings);
        check(&figment)?;
        for (path, value) in overrides {
            figment = figment.merge((path, value));
        }
        let config = check(&figment)?;
        config.check_pairs()?;
        Ok(config)
    }

    /// Checks pairs of settings that must be set together. The two settings of a pair may come from different layers,
    /// so this check is the last.
    fn check_pairs(&self) -> Result<(), ConfigError> {
        for (setting, certificate, key) in [
            ("tls", &self.tls.certificate, &self.tls.key),
            ("webhooks.client_certificate", &self.webhooks.client_certificate, &self.webhooks.client_key),
            ("directory_certificate", &self.directory_certificate, &self.directory_key),
        ] {
            if certificate.is_some() != key.is_some() {
                let problem = "a certificate and its key must be set together; only one of them is set";
                return Err(ConfigError::Invalid { setting, problem: problem.to_owned() });
            }
        }
        if let Some(problem) = self.facts_not_shared() {
            return Err(ConfigError::Invalid { setting: "directory", problem: problem.to_owned() });
        }
        Ok(())
    }

    /// Checks each setting separately.
    fn validate(&self) -> Result<(), ConfigError> {
        let within = |setting, given: u64, least: u64, most: u64| {
            if (least..=most).contains(&given) {
                return Ok(());
            }
            let problem = format!("must be from {least} to {most}, not {given}");
            Err(ConfigError::Invalid { setting, problem })
        };
        let limits = &self.limits;
        within("webhooks.allow_networks", self.webhooks.allow_networks.len() as u64, 0, 100)?;
        within("trusted_proxies", self.trusted_proxies.len() as u64, 0, TrustedProxies::MOST as u64)?;
        if let Some(problem) = self.trusted_proxies.iter().find_map(|it| TrustedProxies::problem(*it)) {
            return Err(ConfigError::Invalid { setting: "trusted_proxies", problem });
        }
        within("facts_connections", self.facts_connections as u64, 1, 1_000)?;
        if let Some(problem) = self.facts_problem() {
            return Err(ConfigError::Invalid { setting: "facts", problem });
        }
        if let Some(problem) = self.directory_problem() {
            return Err(ConfigError::Invalid { setting: "directory", problem });
        }
        within("node_name", self.length_of_name(), 1, 64)?;
        within("node_lease_ms", self.node_lease_ms.into(), 1_000, 60_000)?;
        within("workers", self.workers as u64, 0, 256)?;
        within("node_loss_grace_ms", self.node_loss_grace_ms.into(), 0, 600_000)?;
        within("reconnects_per_second", self.reconnects_per_second.into(), 1, 1_000_000)?;
        within("reconnect_spread_ms", self.reconnect_spread_ms.into(), 0, 600_000)?;
        within("limits.connections_per_address", limits.connections_per_address.into(), 1, u32::MAX.into())?;
        within("limits.login_timeout_ms", limits.login_timeout_ms.into(), 100, 600_000)?;
        within("limits.frame_before_login", limits.frame_before_login as u64, 1_024, 16 << 20)?;
        within("limits.frame_after_login", limits.frame_after_login as u64, 1_024, 16 << 20)?;
        within(
            "limits.login_failures_per_address",
            limits.login_failures_per_address.into(),
            1,
            u32::MAX.into(),
        )?;
        within("limits.changes_told_per_second", limits.changes_told_per_second.into(), 0, 1_000)?;
        within("limits.requests_per_second", limits.requests_per_second.into(), 0, 200_000)?;
        within("limits.http_connections", limits.http_connections as u64, 1, 1 << 20)?;
        within(
            "limits.http_connections_per_address",
            limits.http_connections_per_address.into(),
            1,
            u32::MAX.into(),
        )?;
        within("limits.http_body_bytes", limits.http_body_bytes as u64, 2 << 20, 1 << 32)?;
        if let Some(url) = self.public_client_url.as_ref().filter(|url| !is_client_url(url)) {
            let problem = format!("must be the URL of a WebSocket, ws://… or wss://…, not `{url}`");
            return Err(ConfigError::Invalid { setting: "public_client_url", problem });
        }
        Ok(())
    }

    /// Returns warnings for the log about valid values that do not fit together.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let (grace, spread) = (self.node_loss_grace_ms, self.reconnect_spread_ms);
        // Without a grace, clients count as gone at once, so a long spread makes no difference.
        let is_late = grace > 0 && spread > grace;
        let late = is_late.then(|| {
            format!(
                "reconnect_spread_ms ({spread}) is longer than node_loss_grace_ms ({grace}): when many clients \
                 return to a node, those that return after the grace will have been shown as gone; raise the grace \
                 or lower the spread"
            )
        });
        late.into_iter().collect()
    }

    pub(crate) fn webhook_networks(&self) -> AllowedNetworks {
        AllowedNetworks::new(self.webhooks.allow_private, self.webhooks.allow_networks.clone())
    }

    pub(crate) fn proxies(&self) -> TrustedProxies {
        TrustedProxies::new(&self.trusted_proxies)
    }

    pub(crate) fn frames(&self) -> FrameLimits {
        FrameLimits {
            before_login: self.limits.frame_before_login,
            after_login: self.limits.frame_after_login,
        }
    }

    pub(crate) fn throttle(&self) -> ThrottleLimits {
        ThrottleLimits { failures_per_address: self.limits.login_failures_per_address }
    }

    pub(crate) fn login_timeout(&self) -> Duration {
        Duration::from_millis(self.limits.login_timeout_ms.into())
    }

    pub(crate) fn reconnect_pace(&self) -> ReconnectPace {
        ReconnectPace {
            per_second: self.reconnects_per_second,
            longest: Duration::from_millis(self.reconnect_spread_ms.into()),
        }
    }

    pub(crate) fn grace(&self) -> Duration {
        Duration::from_millis(self.node_loss_grace_ms.into())
    }
}

/// Returns `true` for a variable that Kubernetes sets (`enableServiceLinks`) for a Service whose name begins with
/// `lamplight`. Returns `false` if the value does not fit such a variable, because the name may be a misspelt setting.
fn is_injected(name: &str, value: &str) -> bool {
    let is_number = |text: &str| text.parse::<u16>().is_ok();
    let is_url = |text: &str| ["tcp://", "udp://", "sctp://"].iter().any(|scheme| text.starts_with(scheme));
    // `LAMPLIGHT_SERVICE_PORT`, or `LAMPLIGHT_SERVICE_PORT_HTTP` for a named port.
    if let Some((_, port)) = name.split_once("_SERVICE_PORT") {
        return (port.is_empty() || port.starts_with('_')) && is_number(value);
    }
    if name.ends_with("_SERVICE_HOST") {
        return value.parse::<IpAddr>().is_ok();
    }
    if name.ends_with("_PORT") && is_url(value) {
        return true;
    }
    // `LAMPLIGHT_PORT_7400_TCP`, alone or followed by `_PROTO`, `_PORT` or `_ADDR`.
    let Some((_, port)) = name.split_once("_PORT_") else { return false };
    let mut parts = port.splitn(3, '_');
    let (number, protocol, of) = (parts.next(), parts.next(), parts.next());
    if !number.is_some_and(is_number) || !protocol.is_some_and(|it| ["TCP", "UDP", "SCTP"].contains(&it)) {
        return false;
    }
    match of {
        None => is_url(value),
        Some("PROTO") => ["tcp", "udp", "sctp"].contains(&value),
        Some("PORT") => is_number(value),
        Some("ADDR") => value.parse::<IpAddr>().is_ok(),
        Some(_) => false,
    }
}

/// The removed settings of former versions, with the error text for each.
const REMOVED: [(&str, &str); 1] = [(
    "limits.login_failures_per_account",
    "this setting was removed: wrong UserSigs no longer block an account; delete it",
)];

/// Reads the settings from the layers merged so far, and checks each setting separately.
fn check(figment: &Figment, variables: &[String]) -> Result<Config, ConfigError> {
    refuse_removed(figment)?;
    let config: Config =
        figment.extract().map_err(|error| ConfigError::Unreadable(wording::text(&error, variables)))?;
    config.validate()?;
    Ok(config)
}

/// Returns an error if a removed setting is set. The error text says what to do instead.
fn refuse_removed(figment: &Figment) -> Result<(), ConfigError> {
    match REMOVED.into_iter().find(|(setting, _)| figment.find_value(setting).is_ok()) {
        Some((setting, problem)) => Err(ConfigError::Invalid { setting, problem: problem.to_owned() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_setting_is_refused_with_what_to_do() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "[limits]\nlogin_failures_per_account = 5\n").unwrap();
        let error = Config::load(Some(file.path()), Vec::new()).unwrap_err().to_string();
        assert!(error.starts_with("limits.login_failures_per_account: this setting was removed"), "{error}");
    }

    #[test]
    fn the_variables_of_kubernetes_are_no_settings_and_misspelt_settings_are_no_variables_of_kubernetes() {
        for (name, value, expected) in [
            ("LAMPLIGHT_SERVICE_HOST", "10.96.3.7", true),
            ("LAMPLIGHT_SERVICE_HOST", "fd00::7", true),
            ("LAMPLIGHT_SERVICE_HOST", "chat.example", false),
            ("LAMPLIGHT_SERVICE_PORT", "7400", true),
            ("LAMPLIGHT_SERVICE_PORT_HTTP_API", "7401", true),
            ("LAMPLIGHT_SERVICE_PORTS", "7401", false),
            ("LAMPLIGHT_PORT", "tcp://10.96.3.7:7400", true),
            ("LAMPLIGHT_PORT", "7400", false),
            ("LAMPLIGHT_PORT_7400_TCP", "tcp://10.96.3.7:7400", true),
            ("LAMPLIGHT_PORT_7400_TCP_PROTO", "tcp", true),
            ("LAMPLIGHT_PORT_7400_TCP_PORT", "7400", true),
            ("LAMPLIGHT_PORT_7400_TCP_ADDR", "10.96.3.7", true),
            ("LAMPLIGHT_PORT_7400_UDP", "udp://10.96.3.7:7400", true),
            ("LAMPLIGHT_PORT_7400_TCP_OTHER", "7", false),
            ("LAMPLIGHT_PORT_HTTP_TCP", "tcp://10.96.3.7:7400", false),
            ("LAMPLIGHT_CONSOLE_SERVICE_HOST", "10.96.3.8", true),
            ("LAMPLIGHT_CONSOLE_PORT_80_TCP", "tcp://10.96.3.8:80", true),
            ("LAMPLIGHT_CLIENT_LISTEN", "0.0.0.0:7400", false),
            ("LAMPLIGHT_WORKRS", "4", false),
        ] {
            assert_eq!(is_injected(name, value), expected, "{name}={value}");
        }
    }

    /// Checks that `is_injected` returns `false` for the variable of every setting.
    #[test]
    fn no_setting_has_a_name_that_kubernetes_makes() {
        fn check(value: &serde_json::Value, path: &str) {
            if let serde_json::Value::Object(fields) = value {
                return fields.iter().for_each(|(name, field)| check(field, &format!("{path}_{name}")));
            }
            let name = path.to_uppercase();
            for value in ["7", "10.0.0.1", "tcp://10.0.0.1:7", "tcp"] {
                assert!(!is_injected(&name, value), "{name}");
            }
        }
        check(&serde_json::to_value(Config::default()).unwrap(), "LAMPLIGHT");
    }

    #[test]
    fn an_unknown_setting_is_refused_by_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "[limits]\nconections = 5\n").unwrap();
        let error = Config::load(Some(file.path()), Vec::new()).unwrap_err().to_string();
        assert!(error.contains("conections"), "{error}");
    }

    #[test]
    fn a_wrong_value_is_told_in_the_words_of_the_file_and_not_hidden_by_a_flag() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let place = format!("(file {})", file.path().display());
        let flags = || {
            vec![
                ("data_dir", "x".into()),
                ("workers", 2usize.into()),
                ("client_listen", "127.0.0.1:9".into()),
                ("tls.certificate", "a".into()),
                ("tls.key", "b".into()),
            ]
        };
        for (text, expected) in [
            ("data_dir = 5", format!("data_dir {place}: must be a text, as \"5\", not 5")),
            ("workers = \"many\"", format!("workers {place}: must be a whole number from 0, not \"many\"")),
            ("workers = -1", format!("workers {place}: must be a whole number from 0, not -1")),
            ("workers = 257", "workers: must be from 0 to 256, not 257".to_owned()),
            ("tls = 5", format!("tls {place}: must be a section of settings, not 5")),
            (
                "trusted_proxies = \"10.0.0.0/8\"",
                format!("trusted_proxies {place}: must be a list, not \"10.0.0.0/8\""),
            ),
            (
                "client_listen = \"here\"",
                format!(
                    "client_listen {place}: must be an IP address and a port, as 127.0.0.1:7400, not \"here\""
                ),
            ),
            (
                "node_loss_grace_ms = \"30s\"",
                format!(
                    "node_loss_grace_ms {place}: must be a whole number of milliseconds, as 30000, not \"30s\""
                ),
            ),
            (
                "[webhooks]\nallow_network = []",
                format!(
                    "webhooks.allow_network {place}: there is no such setting; did you mean webhooks.allow_networks? Those in webhooks are "
                ),
            ),
            (
                "worker = 1",
                format!("worker {place}: there is no such setting; did you mean workers? Those are "),
            ),
            ("zebra = 1", format!("zebra {place}: there is no such setting; those are ")),
            ("workers = ", format!("file {}: ", file.path().display())),
        ] {
            std::fs::write(file.path(), text).unwrap();
            let error = Config::load(Some(file.path()), flags()).unwrap_err().to_string();
            assert!(error.contains(&expected), "{text}: {error}\n{expected}");
            for word in ["default.", "usize", "struct", "sequence"] {
                assert!(!error.contains(word), "{error}");
            }
        }
        // The two settings of a pair may come from different layers.
        std::fs::write(file.path(), "[tls]\nkey = \"k.pem\"").unwrap();
        Config::load(Some(file.path()), vec![("tls.certificate", "c.pem".into())]).unwrap();
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "workers = 3\nclient_listen = \"127.0.0.1:9\"\n").unwrap();
        let config = Config::load(Some(file.path()), vec![("workers", 4usize.into())]).unwrap();
        assert_eq!(config.workers, 4);
        assert_eq!(config.client_listen, "127.0.0.1:9".parse().unwrap());
        assert_eq!(config.limits, LimitsConfig::default());
    }

    #[test]
    fn a_value_outside_its_bounds_is_named() {
        let error = Config::load(None, vec![("limits.login_timeout_ms", 5u32.into())]).unwrap_err();
        assert_eq!(error.to_string(), "limits.login_timeout_ms: must be from 100 to 600000, not 5");
        let url = "https://chat.example".into();
        let error = Config::load(None, vec![("public_client_url", url)]).unwrap_err().to_string();
        assert!(error.starts_with("public_client_url: must be the URL of a WebSocket"), "{error}");
        let error = Config::load(None, vec![("tls.key", "k.pem".into())]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "tls: a certificate and its key must be set together; only one of them is set"
        );
    }

    #[test]
    fn a_spread_that_outlasts_the_grace_is_warned_of() {
        let warnings = |grace: u32, spread: u32| {
            let given = vec![("node_loss_grace_ms", grace.into()), ("reconnect_spread_ms", spread.into())];
            Config::load(None, given).unwrap().warnings()
        };
        assert!(Config::default().warnings().is_empty());
        assert!(warnings(20_000, 20_000).is_empty());
        assert!(warnings(0, 20_000).is_empty(), "without a grace, nobody is protected");
        let [warning] = &warnings(20_000, 20_001)[..] else { panic!("no warning, or several") };
        for part in ["reconnect_spread_ms (20001)", "node_loss_grace_ms (20000)", "raise the grace"] {
            assert!(warning.contains(part), "{warning}");
        }
    }

    #[test]
    fn networks_of_proxies_are_checked() {
        let load = |text: &str| {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), format!("trusted_proxies = {text}\n")).unwrap();
            Config::load(Some(file.path()), Vec::new()).map_err(|error| error.to_string())
        };
        let config = load(r#"["10.1.0.0/16", "fd00::7"]"#).unwrap();
        assert!(config.proxies().contains("10.1.2.3".parse().unwrap()));
        let many = format!("[{}]", r#""10.0.0.1","#.repeat(101));
        for (text, expected) in [
            (
                r#"["proxy.example"]"#,
                r#""proxy.example" is not a network; write it as 10.1.0.0/16 or fd00::/8"#,
            ),
            (r#"["10.0.0.0/33"]"#, r#""10.0.0.0/33" is not a network"#),
            (r#"["0.0.0.0/0"]"#, "trusted_proxies: 0.0.0.0/0 covers every address"),
            (r#"["::ffff:10.0.0.1"]"#, "trusted_proxies: ::ffff:10.0.0.1/128 is an IPv4 address"),
            (&many, "trusted_proxies: must be from 0 to 100, not 101"),
        ] {
            let error = load(text).unwrap_err();
            assert!(error.contains(expected) && error.contains("trusted_proxies"), "{error}");
        }
    }
}
