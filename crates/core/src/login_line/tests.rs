//! Tables of attempts with the order of their turns, and simulations of attackers.

use super::*;
use std::collections::VecDeque;

const VERIFICATION: Duration = Duration::from_millis(20);
/// The time after which a refused or displaced attempt is made again.
const PAUSE: Duration = Duration::from_millis(20);

/// Runs a script of steps `second step`, and compares the results with `expected`. `+address` arrives, `-address`
/// leaves the line, `turn` begins a turn, `wrong` and `right` end it.
fn check(script: &str, expected: &str) {
    let mut line = LoginLine::default();
    let mut open: Vec<(LoginTicket, String)> = Vec::new();
    let mut told = Vec::new();
    for step in script.split(", ") {
        let (second, step) = step.split_once(' ').unwrap();
        let now = Moment((second.parse::<f64>().unwrap() * 1_000.0) as u64);
        let name_of = |ticket, open: &[(LoginTicket, String)]| {
            open.iter().find(|(known, _)| *known == ticket).map(|(_, name)| name.clone()).unwrap()
        };
        match step.split_at(1) {
            ("+", address) => match line.arrive(address.parse().unwrap(), now) {
                Some(LoginArrival { ticket, displaced: None }) => open.push((ticket, address.to_owned())),
                Some(LoginArrival { displaced: Some(_), .. }) => panic!("the line is not full"),
                None => told.push(format!("no {address}")),
            },
            ("-", address) => {
                let at = open.iter().position(|(_, name)| name == address).unwrap();
                line.leave(open.remove(at).0, now);
            }
            _ if step == "turn" => match line.begin_turn() {
                Some(ticket) => told.push(name_of(ticket, &open)),
                None => told.push("none".to_owned()),
            },
            _ => {
                let (ticket, _) = line.in_turn.unwrap();
                if step == "wrong" {
                    line.was_wrong(now);
                }
                line.leave(ticket, now);
            }
        }
    }
    assert_eq!(told.join(" "), expected, "{script}");
}

#[test]
fn attempts_without_a_delay_come_in_the_order_of_their_arrival() {
    check("0 +10.1.0.1, 0 +10.2.0.1, 0 +10.3.0.1, 0 turn, 0 turn", "10.1.0.1 none");
    check("0 +10.1.0.1, 0 +10.2.0.1, 0 turn, 1 wrong, 1 turn, 2 right, 2 turn", "10.1.0.1 10.2.0.1 none");
    check("0 +10.1.0.1, 0 +10.2.0.1, 0 -10.1.0.1, 0 turn", "10.2.0.1");
}

#[test]
fn one_attempt_of_each_network_comes_before_the_second_of_any() {
    for (first, second, third) in [
        ("10.1.0.1", "10.1.0.1", "10.2.0.1"),
        ("10.1.0.1", "10.1.0.2", "10.2.0.1"),
        ("10.1.0.1", "10.1.9.9", "10.2.0.1"),
        ("10.1.0.1", "::ffff:10.1.9.9", "10.2.0.1"),
        ("2001:db8::1", "2001:db8::2", "2001:db9::"),
        ("2001:db8::1", "2001:db8:0:1::", "2001:db9::"),
        ("2001:db8::1", "2001:db8:1::", "2001:db9::"),
        // In one network, an address without an open attempt comes before an address with one.
        ("10.1.0.1", "10.1.0.1", "10.1.0.2"),
        ("10.1.0.1", "10.1.0.2", "10.1.1.1"),
        ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::"),
    ] {
        let script = format!(
            "0 +{first}, 0 +{second}, 1 +{third}, 1 turn, 1 right, 1 turn, 1 right, 1 turn, 1 right, 1 turn"
        );
        check(&script, &format!("{first} {third} {second} none"));
    }
}

#[test]
fn a_wrong_password_delays_its_address_and_its_networks_for_a_time() {
    for (late, second, is_overtaken) in [
        ("10.1.0.1", 0.0, true),
        ("10.1.0.2", 19.0, true),
        ("10.1.0.2", 21.0, false),
        ("10.1.9.9", 19.0, true),
        ("10.1.9.9", 20.0, false),
        ("10.2.0.1", 0.0, false),
        ("2001:db8::", 0.0, false),
    ] {
        let (later, early) = (second + 0.5, format!("{late} 10.9.0.1"));
        let script = format!(
            "0 +10.1.0.1, 0 turn, 0 wrong, {second} +{late}, {later} +10.9.0.1, {later} turn, {later} right, {later} turn"
        );
        let order = if is_overtaken { format!("10.9.0.1 {late}") } else { early };
        check(&script, &format!("10.1.0.1 {order}"));
    }
    // A delayed attempt is overtaken only for the time of its delay.
    check(
        "0 +10.1.0.1, 0 turn, 0 wrong, 1 +10.1.9.9, 21 +10.9.0.1, 21 turn, 21 right, 21 turn",
        "10.1.0.1 10.1.9.9 10.9.0.1",
    );
}

#[test]
fn neither_a_right_password_nor_a_client_that_leaves_delays_others() {
    for end in ["0 turn, 0 right", "0 -10.1.0.1"] {
        let told = if end.contains("turn") { "10.1.0.1 " } else { "" };
        check(&format!("0 +10.1.0.1, {end}, 0 +10.1.0.1, 1 +10.9.0.1, 1 turn"), &format!("{told}10.1.0.1"));
    }
}

#[test]
fn one_address_has_eight_places() {
    let eight = ["0 +10.1.0.1"; 8].join(", ");
    check(&format!("{eight}, 0 +10.1.0.1, 0 +10.1.0.2"), "no 10.1.0.1");
    check(&format!("{eight}, 0 -10.1.0.1, 0 +10.1.0.1, 0 +::ffff:10.1.0.1"), "no ::ffff:10.1.0.1");
}

#[test]
fn a_full_line_displaces_the_last_attempt_for_an_earlier_place_and_refuses_others() {
    let mut line = LoginLine::default();
    let numbered = |number: usize| IpAddr::from([10, (number / 250) as u8, (number % 250) as u8, 1]);
    for number in 0..LOGIN_LINE_PLACES {
        let arrival = line.arrive(numbered(number), Moment(0)).unwrap();
        assert_eq!(arrival.displaced, None);
    }
    let last = *line.waiting.last_key_value().unwrap().0;
    assert_eq!(line.arrive(numbered(LOGIN_LINE_PLACES), Moment(0)), None, "as late as the last one");
    let arrival = line.arrive("192.0.2.1".parse().unwrap(), Moment(0)).unwrap();
    assert_eq!(arrival.displaced, Some(last));
    assert_eq!(line.waiting.len(), LOGIN_LINE_PLACES);
    // All places have come due, so a new attempt is later than any.
    assert_eq!(line.arrive("192.1.2.1".parse().unwrap(), Moment(60_000)), None);
}

/// The attempts of an attacker.
#[derive(Clone, Copy)]
struct Crowd {
    /// The number of attempts of the attacker that are in the line at a time.
    connections: usize,
    /// Returns the address of the attacker's attempt with this number.
    address: fn(u32) -> IpAddr,
    /// The number of attempts that leave the line within each verification, and arrive again from other addresses.
    leaving: usize,
}

/// Returns the number of an attacker's attempts that are verified after the arrival of an operator and before the
/// operator's attempt. The attacker begins half a minute earlier. The operator's attempt is made again when it is
/// refused.
fn verified_before(operator: &str, crowd: Crowd) -> u32 {
    let operator: IpAddr = operator.parse().unwrap();
    let (mut line, mut now, mut next) = (LoginLine::default(), Moment(0), 0);
    let mut open: VecDeque<LoginTicket> = VecDeque::new();
    let mut own: Option<LoginTicket> = None;
    let mut before = 0;
    let arrives = Moment(30_000);
    while now < Moment(120_000) {
        if now >= arrives && own.is_none() {
            let arrival = line.arrive(operator, now);
            own = arrival.map(|arrival| arrival.ticket);
            let displaced = arrival.and_then(|arrival| arrival.displaced);
            open.retain(|ticket| Some(*ticket) != displaced);
        }
        for _ in 0..crowd.leaving {
            // The oldest attempts stay in the line.
            if let Some(ticket) = open.pop_back() {
                line.leave(ticket, now);
            }
        }
        for _ in open.len()..crowd.connections {
            let Some(arrival) = line.arrive((crowd.address)(next), now) else {
                next += 1;
                continue;
            };
            next += 1;
            open.push_back(arrival.ticket);
            assert!(own.is_none() || arrival.displaced != own, "an operator without a delay loses no place");
            open.retain(|ticket| Some(*ticket) != arrival.displaced);
        }
        assert!(line.waiting.len() <= LOGIN_LINE_PLACES && line.networks.len() <= MOST_NETWORKS + 3_100);
        now = now + VERIFICATION.max(PAUSE);
        let Some(ticket) = line.begin_turn() else { continue };
        if Some(ticket) == own {
            return before;
        }
        before += u32::from(now > arrives);
        line.was_wrong(now);
        line.leave(ticket, now);
        open.retain(|other| *other != ticket);
    }
    panic!("an operator was never verified");
}

#[test]
fn the_wait_of_an_operator_is_bounded_whatever_the_addresses_of_an_attacker() {
    let one_network = |n: u32| IpAddr::from([127, 7, (n >> 8) as u8, n as u8]);
    let many_networks = |n: u32| IpAddr::from([127, 8 + (n % 248) as u8, (n / 248) as u8, 1]);
    // No attempt comes from a network from which another one has come, which no attacker can do for long.
    let all_networks = |n: u32| IpAddr::V6(Ipv6Addr::from_bits(u128::from(n) << 96));
    let v6_networks = |n: u32| IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8 << 96) | (u128::from(n) << 64)));
    let crowd = |connections, address| Crowd { connections, address, leaving: 0 };
    for (what, crowd, most) in [
        ("64 connections, one network", crowd(64, one_network), 1),
        ("64 connections, 248 networks", crowd(64, many_networks), 1),
        ("64 connections, one IPv6 network of a provider", crowd(64, v6_networks), 1),
        ("64 connections, each attempt from another network", crowd(64, all_networks), 64),
        ("1,000 connections, 248 networks", crowd(1_000, many_networks), 1),
        ("2,000 connections, 248 networks", crowd(2_000, many_networks), 50),
        ("1,000 connections, each attempt from another network", crowd(1_000, all_networks), 1_000),
        ("attempts that do not wait", Crowd { leaving: 60, ..crowd(64, many_networks) }, 1),
    ] {
        let before = verified_before("192.0.2.7", crowd);
        assert!(before <= most, "{what}: {before} of at most {most}");
    }
}

#[test]
fn an_operator_in_the_network_of_an_attacker_waits_for_the_delay_and_the_line() {
    let near = |n: u32| IpAddr::from([192, 0, 2, (n % 200) as u8]);
    let crowd = Crowd { connections: 64, address: near, leaving: 0 };
    let before = verified_before("192.0.2.250", crowd);
    assert!(before <= 64, "{before}");
}
