//! Who fails to log in too often waits a minute (70050).

use hashbrown::HashMap;
use lamplight_core::FailureWindow;
use lamplight_model::{Moment, User};
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many failed logins within a minute cost a minute's wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ThrottleLimits {
    /// Of one account, from wherever.
    pub failures_per_account: u32,
    /// Of one address (IPv6: of one /64), on whatever account.
    pub failures_per_address: u32,
}

impl Default for ThrottleLimits {
    fn default() -> Self {
        Self { failures_per_account: 10, failures_per_address: 100 }
    }
}

/// The most sources of one kind whose failures are counted at a time. Beyond, what no longer matters is
/// forgotten, and if that is not enough, half of them.
const MAX_SOURCES: usize = 100_000;

/// Counts failed logins by account and by address.
#[derive(Default)]
pub struct LoginThrottle {
    limits: ThrottleLimits,
    sources: Mutex<Sources>,
}

#[derive(Default)]
struct Sources {
    accounts: Failures<User>,
    addresses: Failures<IpAddr>,
}

impl LoginThrottle {
    /// A throttle with these limits.
    pub fn new(limits: ThrottleLimits) -> Self {
        Self { limits, sources: Mutex::default() }
    }

    /// Whether a login of this account from this address must wait.
    pub fn is_blocked(&self, user: &User, address: IpAddr, now: Moment) -> bool {
        let sources = self.lock();
        sources.accounts.is_blocked(user, now) || sources.addresses.is_blocked(&network(address), now)
    }

    /// Counts a login that failed.
    pub fn fail(&self, user: &User, address: IpAddr, now: Moment) {
        let mut sources = self.lock();
        sources.accounts.fail(user.clone(), self.limits.failures_per_account, now);
        sources.addresses.fail(network(address), self.limits.failures_per_address, now);
    }

    /// Forgets what no longer matters.
    pub fn sweep(&self, now: Moment) {
        let mut sources = self.lock();
        sources.accounts.sweep(now);
        sources.addresses.sweep(now);
    }

    fn lock(&self) -> MutexGuard<'_, Sources> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Failed attempts by source, of which at most 100,000 are counted at a time.
pub struct Failures<K> {
    windows: HashMap<K, FailureWindow, foldhash::fast::RandomState>,
}

impl<K> Default for Failures<K> {
    fn default() -> Self {
        Self { windows: HashMap::default() }
    }
}

impl<K: Eq + Hash> Failures<K> {
    /// Whether this source must wait.
    pub fn is_blocked(&self, source: &K, now: Moment) -> bool {
        self.windows.get(source).is_some_and(|window| window.is_blocked(now))
    }

    /// Counts a failure; the `limit`-th within a minute blocks the source for a minute.
    pub fn fail(&mut self, source: K, limit: u32, now: Moment) {
        if self.windows.len() >= MAX_SOURCES {
            self.sweep(now);
        }
        if self.windows.len() >= MAX_SOURCES {
            // So many at once is an attack from everywhere; nobody who matters is among any of them in particular.
            let mut seen = 0;
            self.windows.retain(|_, _| {
                seen += 1;
                seen <= MAX_SOURCES / 2
            });
        }
        self.windows.entry(source).or_default().fail(limit, now);
    }

    /// Forgets what no longer matters.
    pub fn sweep(&mut self, now: Moment) {
        self.windows.retain(|_, window| !window.is_idle(now));
    }
}

/// The source that an address belongs to: an IPv6 host has a /64 to itself, and would otherwise never run out of
/// addresses.
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
    use lamplight_model::{AppId, UserId};

    fn user(id: &str) -> User {
        User::new(AppId(1), UserId::new(id).unwrap())
    }

    #[test]
    fn failures_block_the_account_everywhere_and_the_address_for_everyone() {
        let limits = ThrottleLimits { failures_per_account: 2, failures_per_address: 3 };
        let throttle = LoginThrottle::new(limits);
        let (here, there) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        let now = Moment(5_000);
        throttle.fail(&user("a"), here, now);
        assert!(!throttle.is_blocked(&user("a"), here, now));
        throttle.fail(&user("a"), here, now);
        assert!(throttle.is_blocked(&user("a"), there, now));
        assert!(!throttle.is_blocked(&user("b"), here, now));
        throttle.fail(&user("b"), here, now);
        assert!(throttle.is_blocked(&user("c"), here, now));
        assert!(!throttle.is_blocked(&user("c"), there, now));
        assert!(!throttle.is_blocked(&user("c"), here, Moment(65_000)));
    }

    #[test]
    fn an_ipv6_host_is_its_slash_64() {
        assert_eq!(network("2001:db8::1".parse().unwrap()), network("2001:db8::ffff:1".parse().unwrap()));
        assert_ne!(network("2001:db8::1".parse().unwrap()), network("2001:db8:0:1::1".parse().unwrap()));
        assert_eq!(network("::ffff:10.0.0.1".parse().unwrap()), "10.0.0.1".parse::<IpAddr>().unwrap());
    }

    #[test]
    fn the_number_of_sources_is_bounded() {
        let throttle = LoginThrottle::new(ThrottleLimits::default());
        for n in 0..=MAX_SOURCES as u32 {
            throttle.fail(&user("a"), IpAddr::V4(n.into()), Moment(0));
        }
        assert!(throttle.lock().addresses.windows.len() <= MAX_SOURCES);
        throttle.sweep(Moment(120_000));
        assert_eq!(throttle.lock().addresses.windows.len(), 0);
    }
}
