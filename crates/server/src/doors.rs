//! Admission of connections: bounds on connections altogether and from one address. The address of an IPv6 host is its
//! /64.
//!
//! A connection of a trusted proxy comes without the address of its client. It is counted altogether, and by its address
//! once that is known.

use crate::locks::lock;
use lamplight_service::network;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts who is inside, over all workers.
pub struct Doors {
    most: usize,
    most_per_address: u32,
    most_unnamed: usize,
    open: AtomicUsize,
    /// Those of `open` whose client's address is not known yet.
    unnamed: AtomicUsize,
    /// The most that were open when somebody began to close them all.
    at_closing: AtomicUsize,
    by_address: Mutex<HashMap<IpAddr, u32>>,
}

/// The bound that keeps a connection out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Full {
    /// There are as many as there may be altogether.
    Altogether,
    /// There are as many as there may be from its address.
    Address,
}

impl Doors {
    /// Doors for so many connections altogether and from one address.
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

    /// The same doors, with a bound on connections whose client's address is not known yet.
    pub fn with_most_unnamed(self, most_unnamed: usize) -> Self {
        Self { most_unnamed, ..self }
    }

    /// Counts the connections that are inside.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Counts the connections that were inside when the first worker began to close its own: each worker calls this
    /// before it closes any.
    pub fn open_at_closing(&self) -> usize {
        let open = self.open();
        self.at_closing.fetch_max(open, Ordering::AcqRel).max(open)
    }

    /// Lets a connection in, unless there are too many.
    pub fn enter(&self, address: IpAddr) -> bool {
        self.admit(address).is_ok()
    }

    /// Lets a connection in, or says which bound keeps it out.
    pub fn admit(&self, address: IpAddr) -> Result<(), Full> {
        if !take_one(&self.open, self.most) {
            return Err(Full::Altogether);
        }
        self.count(address).inspect_err(|_| give_one_back(&self.open))
    }

    /// Lets a connection of a trusted proxy in, whose client's address is not known yet.
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

    /// Counts a connection by its client's address, which has become known. Where there are too many from there, the
    /// connection is out: it must not leave again.
    pub fn name(&self, address: IpAddr) -> Result<(), Full> {
        give_one_back(&self.unnamed);
        self.count(address).inspect_err(|_| give_one_back(&self.open))
    }

    /// Counts something by its address alone, unless there are too many.
    pub fn count(&self, address: IpAddr) -> Result<(), Full> {
        let mut by_address = lock(&self.by_address);
        let count = by_address.entry(network(address)).or_default();
        if *count >= self.most_per_address {
            return Err(Full::Address);
        }
        *count += 1;
        Ok(())
    }

    /// Takes back what [`Self::count`] has counted.
    pub fn discount(&self, address: IpAddr) {
        let mut by_address = lock(&self.by_address);
        let source = network(address);
        if let Some(count) = by_address.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(&source);
            }
        }
    }

    /// A connection that was let in is gone.
    pub fn leave(&self, address: IpAddr) {
        give_one_back(&self.open);
        self.discount(address);
    }

    /// A connection that was let in is gone, before its client's address was known.
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

    /// Lets connections come (`+address`) and go (`-address`) at doors for two from one address; says which are let in.
    fn check(script: &str, expected: &str) {
        let doors = Doors::new(100, 2);
        let mut told = Vec::new();
        for word in script.split_whitespace() {
            let (sign, address) = word.split_at(1);
            let address = address.parse().unwrap();
            match sign {
                "+" => told.push(if doors.enter(address) { "in" } else { "out" }),
                _ => doors.leave(address),
            }
        }
        assert_eq!(told.join(" "), expected, "{script}");
    }

    #[test]
    fn each_worker_that_closes_its_connections_counts_those_that_others_have_closed_before() {
        let doors = Doors::new(100, 100);
        let address = "10.0.0.1".parse().unwrap();
        (0..4).for_each(|_| assert!(doors.enter(address)));
        assert_eq!((doors.open(), doors.open_at_closing()), (4, 4));
        (0..3).for_each(|_| doors.leave(address));
        assert_eq!((doors.open(), doors.open_at_closing()), (1, 4));
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
        let doors = Doors::new(4, 1).with_most_unnamed(2);
        let [one, other] = ["192.0.2.7", "192.0.2.8"].map(|address| address.parse().unwrap());
        assert_eq!((doors.admit_unnamed(), doors.admit_unnamed()), (Ok(()), Ok(())));
        assert_eq!(doors.admit_unnamed(), Err(Full::Altogether), "two may be unnamed");
        assert_eq!(doors.name(one), Ok(()));
        assert_eq!(doors.name(one), Err(Full::Address));
        assert_eq!(doors.open(), 1, "who is refused is out");
        assert_eq!(doors.admit(one), Err(Full::Address), "from a proxy or not");
        assert_eq!((doors.admit_unnamed(), doors.name(other)), (Ok(()), Ok(())));
        doors.leave(one);
        assert_eq!((doors.admit_unnamed(), doors.name(one)), (Ok(()), Ok(())));
        assert_eq!((doors.admit_unnamed(), doors.admit_unnamed()), (Ok(()), Ok(())), "four altogether");
        assert_eq!(doors.admit("192.0.2.9".parse().unwrap()), Err(Full::Altogether));
        doors.leave_unnamed();
        doors.leave_unnamed();
        doors.leave(one);
        doors.leave(other);
        assert_eq!(doors.open(), 0);
        assert_eq!((doors.admit_unnamed(), doors.admit_unnamed()), (Ok(()), Ok(())), "none is counted still");
    }
}
