//! The order in which the login attempts of strangers are verified. A verification is expensive, so only one runs at a
//! time.
//!
//! An attacker can have many addresses. The first attempt from each address looks like an attempt of an operator. An
//! attempt is therefore not refused while other attempts are verified: it waits in a line. The line is ordered by
//! place. The place of an attempt is the time of its arrival plus a delay. The delay is zero, unless another attempt
//! from the same address or network waits, or has just had a wrong password.
//!
//! Nobody overtakes an attempt without a delay, because later attempts have later places. It waits for the attempts
//! that are in the line when it arrives. Each of these is verified at most once. An attempt with a delay can be
//! overtaken, but only for the time of its delay.
//!
//! This module does not verify passwords. The current time is an argument.

use lamplight_model::Moment;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// The maximum number of attempts that wait. It equals the default limit on connections of the HTTP port. A connection
/// has at most one attempt.
pub const LOGIN_LINE_PLACES: usize = 1_024;
/// The maximum number of attempts from one address that wait or are being verified. The addresses of an IPv6 network
/// with a prefix of 64 bits count as one address.
pub const LOGIN_LINE_PLACES_PER_ADDRESS: u32 = 8;
/// The maximum number of addresses and networks in memory. A verification takes some 20 ms, and a delay some 20 to 30
/// seconds. Wrong passwords can therefore delay some 1,500 addresses and networks at a time.
const MOST_NETWORKS: usize = 16_384;

/// The networks that contain an address, by size, from the smallest to the widest. The smallest is the IPv4 address
/// itself, or the /64 network of an IPv6 address.
const LEVELS: [Level; 3] = [
    Level { v4_bits: 32, v6_bits: 64, delay: Duration::from_secs(5) },
    Level { v4_bits: 24, v6_bits: 48, delay: Duration::from_secs(5) },
    Level { v4_bits: 16, v6_bits: 32, delay: Duration::from_secs(20) },
];

/// A size of networks.
struct Level {
    v4_bits: u8,
    v6_bits: u8,
    /// The delay of an attempt while another attempt from the same network waits, and after a wrong attempt from this
    /// network.
    delay: Duration,
}

/// An address or a network: its first address, and the length of its prefix in bits.
type Network = (IpAddr, u8);

/// The line of one server.
#[derive(Default, Debug)]
pub struct LoginLine {
    waiting: BTreeMap<LoginTicket, IpAddr>,
    /// The attempt that is being verified.
    in_turn: Option<(LoginTicket, IpAddr)>,
    networks: BTreeMap<Network, Attempts>,
    /// The number of attempts that were admitted to the line.
    admitted: u64,
}

/// The attempts from one network.
#[derive(Clone, Copy, Default, Debug)]
struct Attempts {
    /// The number of attempts that wait or are being verified.
    open: u32,
    /// The end of the delay after the last wrong password; `None` if there was none.
    delayed_until: Option<Moment>,
}

/// The place of an attempt in the line. An earlier place compares as less.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LoginTicket {
    due: Moment,
    number: u64,
}

/// An attempt that was admitted to the line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LoginArrival {
    /// The place of the attempt.
    pub ticket: LoginTicket,
    /// The attempt that was removed because the line was full and its place was the last one; `None` if no attempt was
    /// removed.
    pub displaced: Option<LoginTicket>,
}

impl LoginLine {
    /// Admits an attempt to the line. Returns `None` if [`LOGIN_LINE_PLACES_PER_ADDRESS`] attempts from the address
    /// already wait or are being verified, or if the line is full of attempts with earlier places.
    pub fn arrive(&mut self, address: IpAddr, now: Moment) -> Option<LoginArrival> {
        let networks = networks(address);
        let of = |network| self.networks.get(network).copied().unwrap_or_default();
        if of(&networks[0]).open >= LOGIN_LINE_PLACES_PER_ADDRESS {
            return None;
        }
        let delays = networks.iter().zip(&LEVELS).map(|(network, level)| of(network).delay(level, now));
        let ticket = LoginTicket { due: now + delays.sum(), number: self.admitted };
        let mut displaced = None;
        if self.waiting.len() >= LOGIN_LINE_PLACES {
            let last = self.waiting.last_key_value().map(|(last, _)| *last).filter(|last| ticket < *last)?;
            self.leave(last, now);
            displaced = Some(last);
        }
        self.admitted += 1;
        self.waiting.insert(ticket, address);
        for network in networks {
            self.networks.entry(network).or_default().open += 1;
        }
        Some(LoginArrival { ticket, displaced })
    }

    /// Begins the turn of the first attempt in the line. Returns `None` if it is another attempt's turn, or if no
    /// attempt waits. The turn lasts until [`Self::leave`].
    pub fn begin_turn(&mut self) -> Option<LoginTicket> {
        if self.in_turn.is_some() {
            return None;
        }
        self.in_turn = self.waiting.pop_first();
        self.in_turn.map(|(ticket, _)| ticket)
    }

    /// Records that the password of the attempt in turn was wrong. Later attempts from the same address and networks
    /// are delayed.
    pub fn was_wrong(&mut self, now: Moment) {
        let Some((_, address)) = self.in_turn else { return };
        if self.networks.len() >= MOST_NETWORKS {
            self.networks.retain(|_, attempts| !attempts.is_idle(now));
        }
        for (network, level) in networks(address).into_iter().zip(&LEVELS) {
            // The network has an entry, because its attempt is open.
            if let Some(attempts) = self.networks.get_mut(&network) {
                attempts.delayed_until = Some(now + level.delay);
            }
        }
    }

    /// Removes an attempt: it was verified, its client has gone, or it has waited too long.
    pub fn leave(&mut self, ticket: LoginTicket, now: Moment) {
        let address = match self.in_turn {
            Some((in_turn, address)) if in_turn == ticket => {
                self.in_turn = None;
                Some(address)
            }
            Some(_) | None => self.waiting.remove(&ticket),
        };
        let has_room = self.networks.len() <= MOST_NETWORKS;
        for network in address.into_iter().flat_map(networks) {
            let Some(attempts) = self.networks.get_mut(&network) else { continue };
            attempts.open = attempts.open.saturating_sub(1);
            if attempts.is_idle(now) || (attempts.open == 0 && !has_room) {
                self.networks.remove(&network);
            }
        }
    }
}

impl Attempts {
    fn delay(&self, level: &Level, now: Moment) -> Duration {
        let left = self.delayed_until.map_or(Duration::ZERO, |until| until.since(now));
        if self.open > 0 { level.delay } else { left }
    }

    fn is_idle(&self, now: Moment) -> bool {
        self.open == 0 && self.delayed_until.is_none_or(|until| until <= now)
    }
}

fn networks(address: IpAddr) -> [Network; LEVELS.len()] {
    LEVELS.each_ref().map(|level| match address.to_canonical() {
        IpAddr::V4(address) => {
            let kept = u32::MAX << (32 - level.v4_bits);
            (Ipv4Addr::from_bits(address.to_bits() & kept).into(), level.v4_bits)
        }
        IpAddr::V6(address) => {
            let kept = u128::MAX << (128 - level.v6_bits);
            (Ipv6Addr::from_bits(address.to_bits() & kept).into(), level.v6_bits)
        }
    })
}

#[cfg(test)]
mod tests;
