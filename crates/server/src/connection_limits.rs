//! Limits on open connections: in total, and per client address. An IPv6 network /64 counts as one address.
//!
//! A trusted proxy sends the client's address after it has connected. Until then, the connection is counted only in the
//! total.

use lamplight_service::network;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the open connections of all workers, and admits new connections within the limits.
pub struct ConnectionLimits {
    most: usize,
    most_per_address: u32,
    most_unnamed: usize,
    open: AtomicUsize,
    /// The number of open connections whose client address is not known yet.
    unnamed: AtomicUsize,
    /// The number of connections that were open before the workers began to close them. It is 0 until a worker calls
    /// [`Self::open_at_closing`].
    at_closing: AtomicUsize,
    by_address: Mutex<HashMap<IpAddr, u32>>,
}

/// The limit that a refused connection would exceed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Full {
    /// The limit on the total number of connections.
    Altogether,
    /// The limit on connections from one address.
    Address,
}

impl ConnectionLimits {
    /// Makes limits of `most` connections in total and `most_per_address` connections from one address.
    pub fn new(most: usize, most_per_address: u32) -> Self {
        Self {
            most,
            most_per_address,
            most_unnamed: most,
            open: AtomicUsize::new(0),
            unnamed: AtomicUsize::new(0),
            at_closing: AtomicUsize::new(0),
            by_address: Mutex::default(),
        }
    }

    /// Returns these limits, with a limit on connections whose client address is not known yet.
    pub fn with_most_unnamed(self, most_unnamed: usize) -> Self {
        Self { most_unnamed, ..self }
    }

    /// Returns the number of open connections.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Returns the number of connections that were open before the workers began to close them. Each worker calls this
    /// before it closes its first connection.
    pub fn open_at_closing(&self) -> usize {
        let open = self.open();
        self.at_closing.fetch_max(open, Ordering::AcqRel).max(open)
    }

    /// Admits and counts a connection if the limits allow it. Returns `false` if a limit is reached.
    pub fn enter(&self, address: IpAddr) -> bool {
        self.admit(address).is_ok()
    }

    /// Admits and counts a connection, or returns the limit that it would exceed.
    pub fn admit(&self, address: IpAddr) -> Result<(), Full> {
        if !take_one(&self.open, self.most) {
            return Err(Full::Altogether);
        }
        self.count(address).inspect_err(|_| give_one_back(&self.open))
    }

    /// Admits and counts a connection from a trusted proxy. Its client address is not known yet.
    pub fn admit_unnamed(&self) -> Result<(), Full> {
        if !take_one(&self.open, self.most) {
            return Err(Full::Altogether);
        }
        if !take_one(&self.unnamed, self.most_unnamed) {
            give_one_back(&self.open);
            return Err(Full::Altogether);
        }
        Ok(())
    }

    /// Counts a proxy's connection for its client's address, which is now known. If the address is at its limit, fails
    /// and removes the connection from the total. The caller must then not call [`Self::leave`].
    pub fn name(&self, address: IpAddr) -> Result<(), Full> {
        give_one_back(&self.unnamed);
        self.count(address).inspect_err(|_| give_one_back(&self.open))
    }

    /// Counts a connection for an address, but not in the total. Fails at the limit of the address.
    pub fn count(&self, address: IpAddr) -> Result<(), Full> {
        let mut by_address = self.by_address.lock();
        let count = by_address.entry(network(address)).or_default();
        if *count >= self.most_per_address {
            return Err(Full::Address);
        }
        *count += 1;
        Ok(())
    }

    /// Decrements the count of an address: the opposite of [`Self::count`].
    pub fn discount(&self, address: IpAddr) {
        let mut by_address = self.by_address.lock();
        let source = network(address);
        if let Some(count) = by_address.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(&source);
            }
        }
    }

    /// Removes an ended connection from the counts.
    pub fn leave(&self, address: IpAddr) {
        give_one_back(&self.open);
        self.discount(address);
    }

    /// Removes a connection from the counts if it ends before its client address is known.
    pub fn leave_unnamed(&self) {
        give_one_back(&self.unnamed);
        give_one_back(&self.open);
    }
}

fn take_one(count: &AtomicUsize, most: usize) -> bool {
    let is_room = count.fetch_add(1, Ordering::Relaxed) < most;
    if !is_room {
        give_one_back(count);
    }
    is_room
}

fn give_one_back(count: &AtomicUsize) {
    count.fetch_sub(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Opens (`+address`) and closes (`-address`) connections, at most two per address. Asserts which connections were
    /// admitted.
    fn check(script: &str, expected: &str) {
        let limits = ConnectionLimits::new(100, 2);
        let mut told = Vec::new();
        for word in script.split_whitespace() {
            let (sign, address) = word.split_at(1);
            let address = address.parse().unwrap();
            match sign {
                "+" => told.push(if limits.enter(address) { "in" } else { "out" }),
                _ => limits.leave(address),
            }
        }
        assert_eq!(told.join(" "), expected, "{script}");
    }

    #[test]
    fn each_worker_that_closes_its_connections_counts_those_that_others_have_closed_before() {
        let limits = ConnectionLimits::new(100, 100);
        let address = "10.0.0.1".parse().unwrap();
        (0..4).for_each(|_| assert!(limits.enter(address)));
        assert_eq!((limits.open(), limits.open_at_closing()), (4, 4));
        (0..3).for_each(|_| limits.leave(address));
        assert_eq!((limits.open(), limits.open_at_closing()), (1, 4));
    }

    #[test]
    fn an_ipv6_host_is_counted_by_its_slash_64() {
        check("+2001:db8::1 +2001:db8::2 +2001:db8::3 +2001:db8:0:1::1", "in in out in");
        check("+2001:db8::1 +2001:db8::2 -2001:db8::1 +2001:db8::3 +2001:db8::4", "in in in out");
    }

    #[test]
    fn an_ipv4_host_is_itself_also_when_it_is_mapped_into_ipv6() {
        check("+10.0.0.1 +::ffff:10.0.0.1 +::ffff:10.0.0.1 +10.0.0.2", "in in out in");
        check("+10.0.0.1 +10.0.0.1 -::ffff:10.0.0.1 +10.0.0.1", "in in in");
    }

    #[test]
    fn a_connection_of_a_proxy_is_counted_by_its_address_once_that_is_known() {
        let limits = ConnectionLimits::new(4, 1).with_most_unnamed(2);
        let [one, other] = ["192.0.2.7", "192.0.2.8"].map(|address| address.parse().unwrap());
        assert_eq!((limits.admit_unnamed(), limits.admit_unnamed()), (Ok(()), Ok(())));
        assert_eq!(limits.admit_unnamed(), Err(Full::Altogether), "at most two may be unnamed");
        assert_eq!(limits.name(one), Ok(()));
        assert_eq!(limits.name(one), Err(Full::Address));
        assert_eq!(limits.open(), 1, "a refused connection is not counted");
        assert_eq!(limits.admit(one), Err(Full::Address), "from a proxy or not");
        assert_eq!((limits.admit_unnamed(), limits.name(other)), (Ok(()), Ok(())));
        limits.leave(one);
        assert_eq!((limits.admit_unnamed(), limits.name(one)), (Ok(()), Ok(())));
        assert_eq!((limits.admit_unnamed(), limits.admit_unnamed()), (Ok(()), Ok(())), "four in total");
        assert_eq!(limits.admit("192.0.2.9".parse().unwrap()), Err(Full::Altogether));
        limits.leave_unnamed();
        limits.leave_unnamed();
        limits.leave(one);
        limits.leave(other);
        assert_eq!(limits.open(), 0);
        assert_eq!(
            (limits.admit_unnamed(), limits.admit_unnamed()),
            (Ok(()), Ok(())),
            "no connection is still counted"
        );
    }
}
