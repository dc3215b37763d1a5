//! The hosts of a URL. A connection is opened to the first of them that can be used.
//!
//! A host may accept connections without answering, or its machine may be gone. Such a host must not use up the time
//! for connecting, because another host may have taken over.

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, LoadBalanceHosts};
use tokio_postgres::{Client, Config, Error};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The time after which the next host is tried too, if a host has not answered.
const NEXT_AFTER: Duration = Duration::from_millis(500);

/// A connection, and the task that serves it.
type Opened = (Client, JoinHandle<()>);

/// The hosts of a URL.
pub(crate) struct Hosts {
    /// A configuration for each host, in the order of the URL.
    hosts: Vec<Config>,
    tls: MakeRustlsConnect,
    /// The pause before the next host is tried.
    next_after: Duration,
    /// The index of the host to which the last connection was opened. Further connections are opened to this host while
    /// it can be used. The connections then never lead to two hosts, even if an earlier host comes back.
    last: AtomicUsize,
    is_random: bool,
}

impl Hosts {
    pub(crate) fn new(config: &Config, tls: MakeRustlsConnect) -> Self {
        let hosts = split(config);
        // Half of the time for connecting is left for the last host.
        let share = config.get_connect_timeout().map(|whole| *whole / 2 / hosts.len().max(1) as u32);
        Self {
            hosts,
            tls,
            next_after: share.map_or(NEXT_AFTER, |share| share.min(NEXT_AFTER)),
            last: AtomicUsize::new(0),
            is_random: config.get_load_balance_hosts() == LoadBalanceHosts::Random,
        }
    }

    /// Opens a connection to the host of the last connection. If that host fails, or does not answer soon, also tries
    /// the next hosts. The task that serves the connection ends when the connection is lost or the client is dropped.
    /// The time for connecting is bounded by the caller.
    pub(crate) async fn connect(&self) -> Result<Opened, Error> {
        let count = self.hosts.len();
        let first = match self.is_random {
            true => rand::random_range(0..count),
            false => self.last.load(Ordering::Relaxed),
        };
        let mut waiting = order(first, count);
        let mut attempts = FuturesUnordered::new();
        let mut failed: Option<(usize, Error)> = None;
        loop {
            if let Some(host) = waiting.next() {
                attempts.push(self.connect_to(host));
            }
            let is_last = waiting.len() == 0;
            let (host, answer) = tokio::select! {
                Some(answer) = attempts.next() => answer,
                () = tokio::time::sleep(self.next_after), if !is_last => continue,
            };
            match answer {
                Ok(connected) => {
                    self.last.store(host, Ordering::Relaxed);
                    return Ok(connected);
                }
                // The error of the last host of the URL is returned, as the library does.
                Err(error) if failed.as_ref().is_none_or(|(former, _)| *former < host) => {
                    failed = Some((host, error));
                }
                Err(_) => {}
            }
            if let Some((_, error)) = failed.take_if(|_| is_last && attempts.is_empty()) {
                return Err(error);
            }
        }
    }

    fn connect_to(&self, host: usize) -> BoxFuture<'_, (usize, Result<Opened, Error>)> {
        Box::pin(async move {
            let (client, connection) = match self.hosts[host].connect(self.tls.clone()).await {
                Ok(connected) => connected,
                Err(error) => return (host, Err(error)),
            };
            let driver = tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection to PostgreSQL was lost");
                }
            });
            (host, Ok((client, driver)))
        })
    }
}

/// Opens the connections of the pool.
impl deadpool_postgres::Connect for Hosts {
    fn connect(&self, _: &Config) -> BoxFuture<'_, Result<Opened, Error>> {
        Box::pin(Hosts::connect(self))
    }
}

/// The indexes of all hosts, beginning with `first`.
fn order(first: usize, count: usize) -> impl ExactSizeIterator<Item = usize> {
    (0..count).map(move |n| (first + n) % count)
}

/// Makes a configuration for each host. If the numbers of hosts and ports do not match, returns the unchanged
/// configuration. The library then reports the error.
fn split(config: &Config) -> Vec<Config> {
    let (hosts, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    let count = hosts.len().max(addresses.len());
    let fits = |len: usize| len == 0 || len == count;
    if count < 2 || !fits(hosts.len()) || !fits(addresses.len()) || !(fits(ports.len()) || ports.len() == 1) {
        return vec![config.clone()];
    }
    let of_host = |n: usize| {
        let mut one = without_hosts(config);
        match hosts.get(n) {
            Some(Host::Tcp(name)) => _ = one.host(name),
            Some(Host::Unix(path)) => _ = one.host_path(path),
            None => {}
        }
        if let Some(address) = addresses.get(n) {
            one.hostaddr(*address);
        }
        if let Some(port) = ports.get(n).or(ports.first()) {
            one.port(*port);
        }
        one
    };
    (0..count).map(of_host).collect()
}

/// Copies a configuration, without its hosts and ports. The library has no means to remove them.
fn without_hosts(config: &Config) -> Config {
    let mut copy = Config::new();
    if let Some(user) = config.get_user() {
        copy.user(user);
    }
    if let Some(password) = config.get_password() {
        copy.password(password);
    }
    if let Some(database) = config.get_dbname() {
        copy.dbname(database);
    }
    if let Some(options) = config.get_options() {
        copy.options(options);
    }
    if let Some(name) = config.get_application_name() {
        copy.application_name(name);
    }
    if let Some(timeout) = config.get_connect_timeout() {
        copy.connect_timeout(*timeout);
    }
    if let Some(timeout) = config.get_tcp_user_timeout() {
        copy.tcp_user_timeout(*timeout);
    }
    if let Some(interval) = config.get_keepalives_interval() {
        copy.keepalives_interval(interval);
    }
    if let Some(retries) = config.get_keepalives_retries() {
        copy.keepalives_retries(retries);
    }
    copy.keepalives(config.get_keepalives())
        .keepalives_idle(config.get_keepalives_idle())
        .ssl_mode(config.get_ssl_mode())
        .ssl_negotiation(config.get_ssl_negotiation())
        .target_session_attrs(config.get_target_session_attrs())
        .channel_binding(config.get_channel_binding())
        .load_balance_hosts(config.get_load_balance_hosts());
    copy
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PostgresSettings, PostgresUrl};

    fn config(url: &str) -> Config {
        PostgresSettings::new(PostgresUrl::new(url).unwrap()).config()
    }

    #[test]
    fn each_host_has_its_port_and_everything_else_of_the_url() {
        let options = "keepalives=0&keepalives_idle=7&sslmode=disable&sslnegotiation=direct&channel_binding=disable&\
                       application_name=shop&load_balance_hosts=random&target_session_attrs=read-write";
        let expected = |hosts: &[&str]| -> Vec<Config> {
            hosts.iter().map(|host| config(&format!("postgres://u:p%40w@{host}/d?{options}"))).collect()
        };
        for (hosts, each) in
            [("a:1,b:2", &["a:1", "b:2"][..]), ("a,b,c", &["a:5432", "b:5432", "c:5432"]), ("a:1", &["a:1"])]
        {
            assert_eq!(split(&config(&format!("postgres://u:p%40w@{hosts}/d?{options}"))), expected(each));
        }
        let sockets = config("postgres://u@%2Fone,%2Fother/d");
        let each = ["one", "other"].map(|folder| config(&format!("postgres://u@%2F{folder}/d")));
        assert_eq!(split(&sockets), each);
        let addresses = config("postgres:///d?user=u&hostaddr=127.0.0.1,127.0.0.2");
        assert_eq!(split(&addresses).len(), 2);
        let wrong = config("postgres:///d?user=u&host=a,b,c&port=1,2");
        assert_eq!(split(&wrong), std::slice::from_ref(&wrong), "the library names the error");
    }

    #[test]
    fn every_host_is_tried_once_beginning_with_the_last_one() {
        for (first, count, expected) in
            [(0, 1, vec![0]), (0, 3, vec![0, 1, 2]), (1, 3, vec![1, 2, 0]), (2, 3, vec![2, 0, 1])]
        {
            assert_eq!(order(first, count).collect::<Vec<_>>(), expected);
        }
    }
}
