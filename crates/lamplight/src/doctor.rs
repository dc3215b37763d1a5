//! The rules of `lamplight doctor`. They turn observations of the machine, the settings and the server into findings.
//! Each problem gets a proposed fix. Pure: [`sight`] makes the observations, and the time is an argument.

mod certificate;
mod directory;
pub mod sight;

use crate::time_text::{duration_text, utc};
pub use certificate::{Certificate, read_certificate};
pub use directory::{directory, other_facts, unusable_directory};
use lamplight_model::{App, Timestamp};
use lamplight_server::{Config, DataFolderError, LimitsConfig, ShownKeySource, StoreFound};
use serde::Serialize;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

/// The severity of a finding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing is wrong.
    Ok,
    /// The check could not be made.
    Unknown,
    /// The server works, but something should be changed.
    Warning,
    /// The server cannot start or cannot work.
    Wrong,
}

/// The result of one check.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    /// The name of the check.
    pub check: &'static str,
    /// The severity.
    pub level: Level,
    /// The description of the finding.
    pub text: String,
    /// The proposed fix; empty if nothing has to be fixed.
    pub cure: String,
}

impl Finding {
    fn new(check: &'static str, level: Level, text: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { check, level, text: text.into(), cure: cure.into() }
    }

    /// Makes the finding of a check without a problem.
    pub fn ok(check: &'static str, text: impl Into<String>) -> Self {
        Self::new(check, Level::Ok, text, "")
    }

    /// Makes the finding of a check that could not be made. `cure` says how to make the check possible.
    pub fn unknown(check: &'static str, text: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::new(check, Level::Unknown, text, cure)
    }

    /// Makes the finding for a problem that does not stop the server.
    pub fn warning(check: &'static str, text: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::new(check, Level::Warning, text, cure)
    }

    /// Makes the finding for a problem that stops the server from working.
    pub fn wrong(check: &'static str, text: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::new(check, Level::Wrong, text, cure)
    }
}

/// The limit of open files below which there is a warning. With a lower limit, a server runs out of files before it
/// runs out of memory.
const FEW_FILES: u64 = 10_000;

/// The number of files that a server opens besides connections, with a margin.
const OTHER_FILES: u64 = 256;

/// The divisor of the file limit that gives the maximum number of connections of the HTTP port.
const HTTP_SHARE: u64 = 8;

/// Makes the finding about the limit of open files, compared with the connections in the settings.
pub fn files(limit: u64, limits: &LimitsConfig) -> Finding {
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let cure = "raise the hard limit of open files: LimitNOFILE=1048576 in the systemd unit, --ulimit nofile=… with \
        docker, /etc/security/limits.conf elsewhere";
    let asked = number(limits.connections);
    let others = OTHER_FILES + number(limits.http_connections).min(limit / HTTP_SHARE);
    if asked > 0 && asked.saturating_add(others) > limit {
        let text = format!(
            "limits.connections is {asked}; with {others} other files that is more than the {limit} that the process \
             may open"
        );
        return Finding::wrong("files", text, cure);
    }
    if others >= limit {
        let text = format!(
            "the process may open only {limit} files, and needs {others} besides the connections of clients"
        );
        return Finding::wrong("files", text, cure);
    }
    if limit < FEW_FILES {
        return Finding::warning(
            "files",
            format!("the process may open only {limit} files, one for each connection"),
            cure,
        );
    }
    Finding::ok("files", format!("the process may open {limit} files, one for each connection"))
}

/// The observed state of the data folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Folder {
    /// The folder does not exist.
    Missing {
        /// The reason why the folder cannot be created; `None` if it can be created.
        obstacle: Option<String>,
    },
    /// The folder exists.
    There {
        /// The permission bits.
        mode: u32,
        /// The id of the owner.
        owner: u32,
        /// The id of the user that this command runs as.
        own: u32,
        /// `true` if the folder contains a database.
        has_store: bool,
        /// `true` if the folder can be written to.
        writable: bool,
    },
    /// The path is not a folder.
    OtherKind,
    /// The folder cannot be read; the text is the reason.
    Unreadable(String),
}

/// Makes the finding about the data folder `path`.
pub fn folder(path: &str, folder: &Folder) -> Finding {
    let check = "data folder";
    match folder {
        Folder::Missing { obstacle: None } => {
            Finding::ok(check, format!("{path} does not exist yet; the server creates it at its first start"))
        }
        Folder::Missing { obstacle: Some(why) } => Finding::wrong(
            check,
            format!("{path} does not exist and cannot be created: {why}"),
            "create it for the user that the server runs as, with mode 0700, or choose another with --data-dir",
        ),
        Folder::OtherKind => Finding::wrong(
            check,
            format!("{path} is not a folder"),
            "name a folder with --data-dir or LAMPLIGHT_DATA_DIR, or move the file away",
        ),
        Folder::Unreadable(why) => Finding::wrong(
            check,
            format!("{path} cannot be read: {why}"),
            "run the server, and this command, as the user that the folder belongs to",
        ),
        Folder::There { owner, own, writable: false, .. } => Finding::wrong(
            check,
            format!("{path} belongs to user {owner}, and user {own} cannot write to it"),
            format!(
                "run the server, and this command, as the user that the folder belongs to; if the server always runs as \
                 user {own}, give the folder to that user, as root: `chown -R {own} {path}`"
            ),
        ),
        Folder::There { mode, has_store: false, .. } if mode & 0o077 != 0 => Finding::warning(
            check,
            format!("{path} contains no database, and other users may enter it (mode {mode:04o})"),
            format!(
                "chmod 0700 {path}, if nothing but Lamplight uses it; otherwise choose another with --data-dir"
            ),
        ),
        Folder::There { mode, .. } if mode & 0o077 != 0 => Finding::warning(
            check,
            format!("{path} contains the keys of apps, and other users may enter it (mode {mode:04o})"),
            format!("chmod 0700 {path}; the next start of the server does it too"),
        ),
        Folder::There { owner, own, .. } if owner != own => Finding::warning(
            check,
            format!("{path} belongs to user {owner}, and this command runs as user {own}"),
            "run this command as the user that the server runs as, so that this user owns the files it creates",
        ),
        Folder::There { has_store, .. } => {
            let store = if *has_store { "has a store" } else { "is empty" };
            Finding::ok(check, format!("{path} {store} and only its owner has access"))
        }
    }
}

/// Makes the finding about a data folder that a server refuses.
pub fn refused_folder(folder: &Path, error: &DataFolderError) -> Finding {
    let cure = match error {
        DataFolderError::NotAccessible { path, own, .. } if path == folder => format!(
            "run the server, and this command, as the user that the folder belongs to; if the server always runs as user \
             {own}, give the folder to that user, as root: `chown -R {own} {}`",
            path.display()
        ),
        DataFolderError::OpenToOthers { path, .. } => format!(
            "`chmod 0700 {}`, if nothing but Lamplight uses it; otherwise choose another folder with --data-dir",
            path.display()
        ),
        DataFolderError::NotAccessible { .. } => format!(
            "as root, give the files of the folder to its owner: `chown -R --reference={0} {0}`",
            folder.display()
        ),
        DataFolderError::Unusable { .. }
        | DataFolderError::NoData(_)
        | DataFolderError::Misplaced { .. }
        | DataFolderError::TooLong(_)
        | DataFolderError::InUse(_) => {
            "choose another folder with --data-dir, for the server alone".to_owned()
        }
    };
    Finding::wrong("data folder", error.to_string(), cure)
}

/// The name of the database check.
const STORE: &str = "store";

/// The number of connections that PostgreSQL needs besides the server's pool. Some are reserved for administrators, and
/// the server opens some outside the pool.
const RESERVED_CONNECTIONS: u32 = 5;

/// Makes the finding about a database that can be opened; `None` if there is no database yet.
pub fn store(found: &StoreFound) -> Option<Finding> {
    match found {
        StoreFound::NoFile => None,
        StoreFound::File => Some(Finding::ok(STORE, "facts.db can be opened, and its apps can be read")),
        StoreFound::Postgres { address, version, max_connections, connections, .. }
            if connections.saturating_add(RESERVED_CONNECTIONS) > *max_connections =>
        {
            Some(Finding::warning(
                STORE,
                format!(
                    "PostgreSQL {version} at {address} accepts {max_connections} connections, and facts_connections is \
                     {connections}"
                ),
                "raise max_connections of PostgreSQL, or lower facts_connections; every node opens up to that many",
            ))
        }
        StoreFound::Postgres { address, version, is_encrypted: false, .. } if !is_local(address) => {
            Some(Finding::warning(
                STORE,
                format!("the connection to PostgreSQL {version} at {address} is not encrypted"),
                "add ?sslmode=require to the URL of `facts`, with facts_ca if the certificate is not of a public CA; \
                 without it only on a network that nobody else can read",
            ))
        }
        StoreFound::Postgres { address, version, is_encrypted, .. } => {
            let tls = if *is_encrypted { ", over TLS" } else { "" };
            Some(Finding::ok(STORE, format!("PostgreSQL {version} at {address} can be used{tls}")))
        }
    }
}

/// Returns `true` if an address of PostgreSQL or Redis is on this machine.
fn is_local(address: &str) -> bool {
    ["/", "localhost:", "localhost/", "127.", "[::1]", "::1"].iter().any(|local| address.starts_with(local))
}

/// Makes the finding about a database that cannot be opened. `postgres` is the address of PostgreSQL; `None` means the
/// SQLite file.
pub fn unusable_store(postgres: Option<String>, error: &str) -> Finding {
    match postgres {
        None => Finding::wrong(
            STORE,
            format!("facts.db cannot be used: {error}"),
            "docs/operations/back-up.md says how to restore a back-up; a file of a newer version needs that version",
        ),
        Some(address) => Finding::wrong(
            STORE,
            format!("the database at {address} cannot be used: {error}"),
            "docs/how-to/keep-facts-in-postgresql.md says what PostgreSQL needs, and what each error means",
        ),
    }
}

/// The free space, in bytes, below which the server cannot continue to run.
const NO_ROOM: u64 = 128 << 20;
/// The free space, in bytes, below which there is a warning.
const LITTLE_ROOM: u64 = 2 << 30;

/// Makes the finding about the disk of the data folder. `files` is the number of free inodes; `None` if the file system
/// does not count them.
pub fn disk(free: u64, files: Option<u64>, read_only: bool) -> Finding {
    let check = "disk";
    let room = format!("{} MiB are free for the data folder", free >> 20);
    let cure = "free some space or move the data folder: on a full disk, calls that write fail";
    if read_only {
        let text = "the file system of the data folder is mounted read-only";
        return Finding::wrong(check, text, "mount it for writing, or choose another folder with --data-dir");
    }
    if files.is_some_and(|files| files < 64) {
        return Finding::wrong(check, "the file system of the data folder has no free inodes", cure);
    }
    match free {
        0..NO_ROOM => Finding::wrong(check, room, cure),
        NO_ROOM..LITTLE_ROOM => Finding::warning(check, room, cure),
        LITTLE_ROOM.. => Finding::ok(check, room),
    }
}

/// The observed state of an address in the settings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Port {
    /// The address is free.
    Free,
    /// The server of this data folder listens on the address.
    Ours,
    /// The server of this data folder listens on this address instead.
    Elsewhere(SocketAddr),
    /// The address cannot be listened on; the fields are the kind and the text of the error.
    Refused(std::io::ErrorKind, String),
}

/// Makes the finding about an address in the settings.
pub fn port(check: &'static str, setting: &str, address: SocketAddr, port: &Port) -> Finding {
    use std::io::ErrorKind;
    match port {
        Port::Free => Finding::ok(check, format!("{address} is free")),
        Port::Ours => Finding::ok(check, format!("the running server listens on {address}")),
        Port::Elsewhere(real) => Finding::warning(
            check,
            format!(
                "the settings that this command sees say {address}, and the running server listens on {real}"
            ),
            "run this command with the --config, environment and flags of the server; if the settings are new, \
             restart the server",
        ),
        Port::Refused(ErrorKind::AddrInUse, _) => Finding::wrong(
            check,
            format!("another program listens on {address}"),
            format!(
                "`ss -ltnp 'sport = :{}'` names it; stop it, or set {setting} to another address",
                address.port()
            ),
        ),
        Port::Refused(ErrorKind::PermissionDenied, _) => Finding::wrong(
            check,
            format!("this user may not listen on {address}"),
            format!(
                "ports below 1024 need a right: AmbientCapabilities=CAP_NET_BIND_SERVICE in the systemd unit; or set \
                 {setting} to a higher port"
            ),
        ),
        Port::Refused(ErrorKind::AddrNotAvailable, _) => Finding::wrong(
            check,
            format!("this machine does not have the address {address}"),
            format!("`ip address` lists the addresses; set {setting} to one of them, or to 0.0.0.0"),
        ),
        Port::Refused(_, why) => Finding::wrong(
            check,
            format!("cannot listen on {address}: {why}"),
            format!("set {setting} to another address"),
        ),
    }
}

/// Returns a finding for each pair of listeners that exclude each other. Both have the same port, and one address
/// includes the other.
pub fn shared_ports(config: &Config) -> Vec<Finding> {
    let Config { client_listen, http_listen, health_listen, .. } = config;
    let mut listeners = vec![("client_listen", *client_listen), ("http_listen", *http_listen)];
    listeners.extend(health_listen.map(|address| ("health_listen", address)));
    let mut findings = Vec::new();
    for (at, (setting, address)) in listeners.iter().enumerate() {
        for (other, _) in listeners[..at].iter().filter(|(_, other)| collide(*address, *other)) {
            findings.push(Finding::wrong(
                "ports",
                format!("{other} and {setting} have the same port, {}", address.port()),
                "give each its own port, such as 7400, 7401 and 7402",
            ));
        }
    }
    findings
}

/// Returns `true` if two listeners cannot have these addresses at the same time. `[::]` includes all IPv4 addresses.
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let takes_in = |wide: IpAddr, ip: IpAddr| wide.is_unspecified() && (wide.is_ipv6() || ip.is_ipv4());
    let (a, b) = (one.ip(), other.ip());
    one.port() == other.port() && one.port() != 0 && (a == b || takes_in(a, b) || takes_in(b, a))
}

/// Makes the finding about the level of the log.
pub fn log(level: &str) -> Finding {
    let cure = "set --log or LAMPLIGHT_LOG to info";
    match level {
        "off" => Finding::warning("log", "nothing is logged, so faults are not reported", cure),
        level => Finding::ok("log", format!("{level} is logged")),
    }
}

/// The remaining validity of a certificate below which there is a warning. The renewal of such a certificate has
/// probably failed.
const SOON: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Makes the finding about a certificate: its validity, and the permissions of its key.
pub fn certificate(certificate: &Certificate, now: Timestamp) -> Finding {
    let Certificate { not_before, not_after, key_is_open } = *certificate;
    let (check, cure) =
        ("TLS", "renew it, and put the new chain and key in place; the server reads them again by itself");
    if now < not_before {
        let text = format!("the certificate is not valid before {}", utc(not_before));
        return Finding::wrong(check, text, "set the clock of this machine, or use another certificate");
    }
    if now > not_after {
        return Finding::wrong(check, format!("the certificate expired at {}", utc(not_after)), cure);
    }
    if now.0.saturating_add(SOON.as_millis() as u64) > not_after.0 {
        return Finding::warning(check, format!("the certificate expires at {}", utc(not_after)), cure);
    }
    if key_is_open {
        let text = "other users may read the key of the certificate";
        return Finding::warning(check, text, "chmod 0600 the file of tls.key");
    }
    Finding::ok(check, format!("the certificate matches its key and is valid until {}", utc(not_after)))
}

/// Makes the finding about a client port without TLS.
pub fn no_tls(config: &Config) -> Finding {
    let has_proxy = !config.trusted_proxies.is_empty()
        || config.public_client_url.as_ref().is_some_and(|url| url.starts_with("wss://"));
    if config.client_listen.ip().is_loopback() || has_proxy {
        return Finding::ok(
            "TLS",
            "not enabled on the client port, which only a proxy or this machine reaches",
        );
    }
    Finding::warning(
        "TLS",
        format!(
            "clients reach {} without TLS: others can read UserSigs and messages in transit",
            config.client_listen
        ),
        "set tls.certificate and tls.key, or let a proxy end TLS and set trusted_proxies and public_client_url",
    )
}

/// Makes the finding about the trusted proxies. Without trusted proxies, all clients behind a proxy count as one
/// address.
pub fn proxies(config: &Config) -> Finding {
    let check = "proxies";
    let trusted = config.trusted_proxies.len();
    match &config.public_client_url {
        Some(url) if trusted == 0 => Finding::warning(
            check,
            format!("clients connect to {url}, and no proxy is trusted: all of them count as one address"),
            "set trusted_proxies to the networks of the proxies: limits per address then apply to each client",
        ),
        _ if trusted == 0 => {
            Finding::ok(check, "no proxy is trusted: the address of a client is that of its connection")
        }
        _ => {
            let networks: Vec<_> = config.trusted_proxies.iter().map(ToString::to_string).collect();
            Finding::ok(check, format!("trusted to report the addresses of clients: {}", networks.join(", ")))
        }
    }
}

/// Makes the finding about a source of JWT keys of the running server.
pub fn key_source(source: &ShownKeySource) -> Finding {
    let ShownKeySource { app, source, keys, left_s, error } = source;
    let check = "keys for JWTs";
    let cure = "mend what the text says, or the source with `lamplight app set`; a private address has to be allowed by \
                webhooks.allow_networks";
    match error {
        None if *keys == 0 => {
            Finding::unknown(check, format!("{source} of app {app} has not been read yet"), "run this again")
        }
        None => Finding::ok(check, format!("{source} of app {app} has {}", counted(*keys, "key"))),
        Some(error) if *keys > 0 => Finding::warning(
            check,
            format!(
                "{source} of app {app} cannot be read: {error}; the keys read earlier are valid for another {}",
                duration_text(left_s.saturating_mul(1_000))
            ),
            cure,
        ),
        Some(error) => Finding::wrong(
            check,
            format!("{source} of app {app} cannot be read, so nobody can log in with its keys: {error}"),
            cure,
        ),
    }
}

/// Makes the finding about the JWT keys in the settings of an app; `None` if there are none.
pub fn keys_in_settings(app: &App) -> Option<Finding> {
    let jwt = &app.settings.jwt;
    let sources = [("--jwt-keys", &jwt.keys), ("--jwt-secret", &jwt.secret)];
    let set: Vec<_> = sources.iter().filter(|(_, text)| !text.is_empty()).map(|(name, _)| *name).collect();
    let text = || format!("app {} has its own, by {}", app.id, set.join(" and "));
    (!set.is_empty()).then(|| Finding::ok("keys for JWTs", text()))
}

/// Makes the finding about the web pages that are built into this program.
pub fn web_pages(are_built: bool) -> Finding {
    match are_built {
        true => Finding::ok("web pages", "this program includes the demo, the console and the documentation"),
        false => Finding::warning(
            "web pages",
            "this program has no console, demo or documentation: the web pages were not built before it",
            "build them first, as docs/how-to/serve-the-web-pages.md says, or take a released program",
        ),
    }
}

/// Returns a number with its noun: `1 check`, `2 checks`.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Returns the proposed fix for a server whose `/readyz` has given this answer.
pub fn cure_of_unready(body: &str) -> &'static str {
    match body.lines().next() {
        Some("draining") => {
            "an operator has drained it (`lamplight audit`), so it takes no clients until it is started again"
        }
        Some("stopping") => "it is being stopped; wait until it has ended",
        _ => {
            "docs/operations.md and docs/operations/faults.md describe each part and the remedies; the log has the cause"
        }
    }
}

/// Makes the finding about the machines that can reach the HTTP port, with its console and server API.
pub fn http_port(config: &Config) -> Finding {
    let (check, address) = ("HTTP reach", config.http_listen);
    if address.ip().is_loopback() {
        return Finding::ok(
            check,
            format!("{address}: only this machine reaches the console, the server API and metrics"),
        );
    }
    let reach =
        if is_private(address.ip()) { "other machines of the network reach" } else { "anybody may reach" };
    Finding::warning(
        check,
        format!("{address}: {reach} the console, the server API and metrics, without TLS"),
        "set http_listen to 127.0.0.1:7401 or to an address that only the proxy reaches, and let the proxy end TLS",
    )
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// A time before the first version of this program. A clock before this time is wrong.
const BUILT_AFTER: Timestamp = Timestamp(1_735_689_600_000);

/// The time by which a file may be newer than the clock, in milliseconds. The clock is read before the files, and files
/// can change in between.
const SLACK: u64 = 60_000;

/// Makes the finding about the clock. A time before `BUILT_AFTER`, or before the newest file of the data folder, is
/// wrong. `synchronized` is the state of the time service, if there is one.
pub fn clock(now: Timestamp, newest_file: Option<Timestamp>, synchronized: Option<bool>) -> Finding {
    let (check, shown) = ("clock", utc(now));
    let cure = "set it, and keep it right with systemd-timesyncd, chrony or the time service of the host: UserSigs and \
        last-seen times depend on it";
    if now < BUILT_AFTER {
        return Finding::wrong(
            check,
            format!("it says {shown}, which is before this program was built"),
            cure,
        );
    }
    if let Some(newest) = newest_file.filter(|newest| newest.0 > now.0.saturating_add(SLACK)) {
        let text = format!("it says {shown}, and a file of the data folder was written at {}", utc(newest));
        return Finding::wrong(check, text, cure);
    }
    match synchronized {
        Some(true) => Finding::ok(check, format!("it says {shown}, and is synchronized by the time service")),
        Some(false) => {
            Finding::warning(check, format!("it says {shown}, and no time service synchronizes it"), cure)
        }
        None => Finding::unknown(
            check,
            format!("it says {shown}; this command cannot determine whether it is synchronized"),
            cure,
        ),
    }
}

#[cfg(test)]
mod tests;
