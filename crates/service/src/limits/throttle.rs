//! Counts wrong UserSigs by address. Above the limit, a wrong UserSig is refused with the code 70050 and without a
//! reason.
//!
//! A valid UserSig is always accepted. It cannot be guessed, so a delay would protect nothing ([decision
//! 27](../../../docs/decisions/0027-a-right-signature-always-gets-in.md)).

use hashbrown::HashMap;
use lamplight_core::FailureWindow;
use lamplight_model::Moment;
use parking_lot::Mutex;
use std::hash::Hash;
use std::net::IpAddr;

/// The maximum number of wrong UserSigs per minute for which the refusal contains the reason.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ThrottleLimits {
    /// The limit for one address on one port, over all accounts. IPv6 addresses with the same /64 prefix count as one
    /// address.
    pub failures_per_address: u32,
}

impl Default for ThrottleLimits {
    fn default() -> Self {
        Self { failures_per_address: 100 }
    }
}

/// The port to which a UserSig is sent. Each port has its own counts. Clients and a backend with the same address
/// therefore do not share a limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Port {
    /// The client port, for TCP and WebSocket connections.
    Client,
    /// The HTTP port, for the server API.
    Http,
}

/// The maximum number of counted sources of each port. When it is reached, idle entries are removed, and the remaining
/// entries are reduced to half the maximum.
const MAX_SOURCES: usize = 100_000;

/// Counts wrong UserSigs by port and address.
#[derive(Default)]
pub struct LoginThrottle {
    limits: ThrottleLimits,
    client: Mutex<Failures<IpAddr>>,
    http: Mutex<Failures<IpAddr>>,
}

impl LoginThrottle {
    /// Creates a throttle with these limits and without failures.
    pub fn new(limits: ThrottleLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Counts a wrong UserSig. Returns `true` if the source has already reached the limit. In this case, the refusal
    /// must not contain the reason.
    pub fn is_past_bound(&self, port: Port, address: IpAddr, now: Moment) -> bool {
        let source = network(address);
        let mut failures = self.port(port).lock();
        let is_past = failures.is_blocked(&source, now);
        if !is_past {
            failures.fail(source, self.limits.failures_per_address, now);
        }
        is_past
    }

    /// Removes entries that are no longer needed.
    pub fn sweep(&self, now: Moment) {
        for port in [Port::Client, Port::Http] {
            self.port(port).lock().sweep(now);
        }
    }

    fn port(&self, port: Port) -> &Mutex<Failures<IpAddr>> {
        match port {
            Port::Client => &self.client,
            Port::Http => &self.http,
        }
    }
}

/// The failed attempts by source. At most 100,000 sources are counted at a time.
pub struct Failures<K> {
    windows: HashMap<K, FailureWindow, foldhash::fast::RandomState>,
}

impl<K> Default for Failures<K> {
    fn default() -> Self {
        Self { windows: HashMap::default() }
    }
}

impl<K: Eq + Hash> Failures<K> {
    /// Whether this source is blocked.
    pub fn is_blocked(&self, source: &K, now: Moment) -> bool {
        self.windows.get(source).is_some_and(|window| window.is_blocked(now))
    }

    /// Counts a failure. `limit` failures within a minute block the source for a minute.
    pub fn fail(&mut self, source: K, limit: u32, now: Moment) {
        if self.windows.len() >= MAX_SOURCES {
            // So many sources mean a distributed attack, in which no source is more important than another. Half of the
            // entries are removed. If only one were removed, every further failure would search all entries again.
            let mut kept = 0;
            self.windows.retain(|_, window| {
                kept += usize::from(!window.is_idle(now));
                !window.is_idle(now) && kept <= MAX_SOURCES / 2
            });
        }
        self.windows.entry(source).or_default().fail(limit, now);
    }

    /// Removes entries that are no longer needed.
    pub fn sweep(&mut self, now: Moment) {
        self.windows.retain(|_, window| !window.is_idle(now));
    }
}

/// The source of an address: the IPv4 address itself, or the /64 prefix of an IPv6 address. A host with a /64 network
/// could otherwise use a new address for each attempt.
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a script of wrong UserSigs. Each line has the second, the port, the address and the expected refusal.
    fn check(limit: u32, script: &str) {
        let throttle = LoginThrottle::new(ThrottleLimits { failures_per_address: limit });
        for line in script.trim().lines() {
            let words: Vec<_> = line.split_whitespace().collect();
            let [second, port, address, told] = words[..] else { panic!("{line}") };
            let port = if port == "http" { Port::Http } else { Port::Client };
            let now = Moment(second.parse::<u64>().unwrap() * 1_000);
            let is_past = throttle.is_past_bound(port, address.parse().unwrap(), now);
            assert_eq!(if is_past { "70050" } else { "reason" }, told, "{line}");
        }
    }

    #[test]
    fn past_the_bound_a_wrong_user_sig_is_not_told_its_reason_for_a_minute() {
        check(
            3,
            "
            1   client 10.0.0.1 reason
            2   client 10.0.0.1 reason
            3   client 10.0.0.1 reason
            3   client 10.0.0.1 70050
            62  client 10.0.0.1 70050
            63  client 10.0.0.1 reason
            ",
        );
    }

    #[test]
    fn failures_far_apart_do_not_add_up() {
        check(
            2,
            "
            0   client 10.0.0.1 reason
            60  client 10.0.0.1 reason
            120 client 10.0.0.1 reason
            180 client 10.0.0.1 reason
            181 client 10.0.0.1 reason
            182 client 10.0.0.1 70050
            ",
        );
    }

    #[test]
    fn each_port_and_each_address_counts_for_itself() {
        check(
            1,
            "
            0 client 10.0.0.1      reason
            0 client 10.0.0.1      70050
            0 http   10.0.0.1      reason
            0 client 10.0.0.2      reason
            0 http   10.0.0.1      70050
            0 client 2001:db8::1   reason
            0 client 2001:db8::2:1 70050
            0 client 2001:db8:0:1::1 reason
            0 client ::ffff:10.0.0.1 70050
            ",
        );
    }

    #[test]
    fn an_ipv6_host_is_its_slash_64() {
        assert_eq!(network("2001:db8::1".parse().unwrap()), network("2001:db8::ffff:1".parse().unwrap()));
        assert_ne!(network("2001:db8::1".parse().unwrap()), network("2001:db8:0:1::1".parse().unwrap()));
        assert_eq!(network("::ffff:10.0.0.1".parse().unwrap()), "10.0.0.1".parse::<IpAddr>().unwrap());
    }

    #[test]
    fn the_number_of_sources_is_bounded() {
        let mut failures = Failures::default();
        for n in 0..=MAX_SOURCES {
            failures.fail(n, 1, Moment(0));
        }
        // Half of the entries were removed, although none was idle.
        assert_eq!(failures.windows.len(), MAX_SOURCES / 2 + 1);
        failures.sweep(Moment(120_000));
        assert_eq!(failures.windows.len(), 0);
    }
}
