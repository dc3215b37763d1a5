//! The networks that webhooks may reach. A person who may set a URL of an app chooses where this server sends requests.
//! Without a limit, such requests could reach services that only this server can reach.
//!
//! The address of each new connection is checked, because a name can resolve to a different address each time.

use crate::network::{Network, in_v4, in_v6};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The addresses that webhooks may reach.
#[derive(Clone, Debug, Default)]
pub struct AllowedNetworks {
    private: bool,
    networks: Vec<Network>,
}

impl AllowedNetworks {
    /// Allows all public addresses and these networks. With `private`, allows all other addresses too.
    pub fn new(private: bool, networks: Vec<Network>) -> Self {
        Self { private, networks }
    }

    /// Checks that webhooks may reach an address. The error states why webhooks may not reach it.
    pub fn check(&self, address: IpAddr) -> Result<(), String> {
        let address = address.to_canonical();
        if self.private || self.networks.iter().any(|network| network.contains(address)) {
            return Ok(());
        }
        match why_not_public(address) {
            None => Ok(()),
            Some(why) => {
                Err(format!("leads to {address}, {why}, which webhooks.allow_networks does not allow"))
            }
        }
    }
}

/// Returns a description of an address that is not public, such as "a private address"; `None` for a public address.
fn why_not_public(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => why_not_public_v4(address),
        IpAddr::V6(address) => why_not_public_v6(address),
    }
}

/// Returns a description of a special-purpose IPv4 address, by RFC 6890 and its successors; `None` for a public
/// address.
fn why_not_public_v4(address: Ipv4Addr) -> Option<&'static str> {
    let special: [(&str, u8, &str); 15] = [
        ("0.0.0.0", 8, "an unspecified address"),
        ("10.0.0.0", 8, "a private address"),
        ("100.64.0.0", 10, "an address behind a carrier's NAT"),
        ("127.0.0.0", 8, "a loopback address"),
        ("169.254.0.0", 16, "a link-local address"),
        ("172.16.0.0", 12, "a private address"),
        ("192.0.0.0", 24, "a reserved address"),
        ("192.0.2.0", 24, "an address for documentation"),
        ("192.88.99.0", 24, "a reserved address"),
        ("192.168.0.0", 16, "a private address"),
        ("198.18.0.0", 15, "an address for benchmarks"),
        ("198.51.100.0", 24, "an address for documentation"),
        ("203.0.113.0", 24, "an address for documentation"),
        ("224.0.0.0", 4, "a multicast address"),
        ("240.0.0.0", 4, "a reserved address"),
    ];
    let hit = special.into_iter().find(|(network, bits, _)| {
        in_v4(address, network.parse().expect("the table holds addresses"), *bits)
    });
    hit.map(|(_, _, why)| why)
}

fn why_not_public_v6(address: Ipv6Addr) -> Option<&'static str> {
    let special: [(&str, u8, &str); 10] = [
        ("::", 128, "an unspecified address"),
        ("::1", 128, "a loopback address"),
        ("100::", 64, "a reserved address"),
        ("2001:db8::", 32, "an address for documentation"),
        ("2001::", 23, "a reserved address"),
        ("3fff::", 20, "an address for documentation"),
        ("fc00::", 7, "a private address"),
        ("fe80::", 10, "a link-local address"),
        ("fec0::", 10, "a private address"),
        ("ff00::", 8, "a multicast address"),
    ];
    let within =
        |network: &str, bits| in_v6(address, network.parse().expect("the table holds addresses"), bits);
    if let Some((_, _, why)) = special.into_iter().find(|(network, bits, _)| within(network, *bits)) {
        return Some(why);
    }
    // Some IPv6 addresses contain an IPv4 address to which packets may be forwarded: ::a.b.c.d, NAT64, 6to4.
    let bytes = address.octets();
    let at = |index: usize| Ipv4Addr::new(bytes[index], bytes[index + 1], bytes[index + 2], bytes[index + 3]);
    if within("::", 96) || within("::ffff:0:0", 96) || within("64:ff9b::", 96) {
        why_not_public_v4(at(12))
    } else if within("64:ff9b:1::", 48) {
        Some("an address of a local NAT64")
    } else if within("2002::", 16) {
        why_not_public_v4(at(2))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_and_special_addresses_are_refused() {
        let allowed = AllowedNetworks::default();
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "::10.1.1.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:a00:1::",
            "2002:7f00:1::1",
            "2001:0:1:2::",
            "2001:db8::1",
            "fc00::1",
            "fdff::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
        ] {
            let refused = allowed.check(address.parse().unwrap());
            assert!(refused.is_err(), "{address}");
        }
    }

    #[test]
    fn public_addresses_are_allowed() {
        let allowed = AllowedNetworks::default();
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.0.1",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.1.1",
            "192.169.1.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00::1",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::",
        ] {
            assert_eq!(allowed.check(address.parse().unwrap()), Ok(()), "{address}");
        }
    }

    #[test]
    fn an_operator_allows_networks_or_all() {
        let networks = ["10.1.0.0/16", "fd00::/8", "127.0.0.1"].map(|text| text.parse().unwrap()).to_vec();
        let some = AllowedNetworks::new(false, networks);
        for (address, is_allowed) in [
            ("10.1.2.3", true),
            ("10.2.0.1", false),
            ("fd12::1", true),
            ("fc00::1", false),
            ("127.0.0.1", true),
            ("127.0.0.2", false),
            ("::ffff:10.1.2.3", true),
            ("1.1.1.1", true),
        ] {
            assert_eq!(some.check(address.parse().unwrap()).is_ok(), is_allowed, "{address}");
        }
        let all = AllowedNetworks::new(true, Vec::new());
        assert_eq!(all.check("169.254.169.254".parse().unwrap()), Ok(()));
    }
}
