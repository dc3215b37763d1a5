//! Tables of observations with the expected findings.

use super::*;
use std::io::ErrorKind;

/// Returns the level of a finding. Checks that every problem has a proposed fix.
fn level(finding: &Finding) -> Level {
    assert_eq!(finding.cure.is_empty(), finding.level == Level::Ok, "{finding:?}");
    finding.level
}

#[test]
fn the_limit_of_files_has_to_hold_the_connections() {
    let limits = |connections| LimitsConfig { connections, ..LimitsConfig::default() };
    for (limit, connections, expected) in [
        (1_048_576, 0, Level::Ok),
        (292, 0, Level::Wrong),
        (300, 0, Level::Warning),
        (1_024, 0, Level::Warning),
        (1_024, 500, Level::Warning),
        (1_024, 1_000, Level::Wrong),
        (20_000, 18_720, Level::Ok),
        (20_000, 18_721, Level::Wrong),
        (u64::MAX, usize::MAX, Level::Ok),
    ] {
        assert_eq!(level(&files(limit, &limits(connections))), expected, "{limit} {connections}");
    }
}

#[test]
fn a_data_folder_is_writable_and_for_its_owner_alone() {
    let there = |mode, owner, has_store, writable| Folder::There { mode, owner, own: 7, has_store, writable };
    for (seen, expected) in [
        (there(0o700, 7, true, true), Level::Ok),
        (there(0o700, 7, false, true), Level::Ok),
        (there(0o755, 7, true, true), Level::Warning),
        (there(0o1777, 0, false, true), Level::Warning),
        (there(0o700, 0, true, true), Level::Warning),
        (there(0o700, 0, true, false), Level::Wrong),
        (Folder::Missing { obstacle: None }, Level::Ok),
        (Folder::Missing { obstacle: Some("no".into()) }, Level::Wrong),
        (Folder::OtherKind, Level::Wrong),
        (Folder::Unreadable("no".into()), Level::Wrong),
    ] {
        assert_eq!(level(&folder("data", &seen)), expected, "{seen:?}");
    }
}

#[test]
fn a_disk_has_room() {
    for (free, files, read_only, expected) in [
        (3 << 30, Some(1_000), false, Level::Ok),
        (3 << 30, None, false, Level::Ok),
        (1 << 30, None, false, Level::Warning),
        (1 << 20, None, false, Level::Wrong),
        (3 << 30, Some(0), false, Level::Wrong),
        (3 << 30, None, true, Level::Wrong),
    ] {
        assert_eq!(level(&disk(free, files, read_only)), expected, "{free} {files:?} {read_only}");
    }
}

#[test]
fn a_port_is_free_or_served_by_the_own_server() {
    let address = "127.0.0.1:7400".parse().unwrap();
    for (seen, expected) in [
        (Port::Free, Level::Ok),
        (Port::Ours, Level::Ok),
        (Port::Elsewhere("127.0.0.1:1".parse().unwrap()), Level::Warning),
        (Port::Refused(ErrorKind::AddrInUse, String::new()), Level::Wrong),
        (Port::Refused(ErrorKind::PermissionDenied, String::new()), Level::Wrong),
        (Port::Refused(ErrorKind::AddrNotAvailable, String::new()), Level::Wrong),
        (Port::Refused(ErrorKind::Other, "odd".into()), Level::Wrong),
    ] {
        assert_eq!(level(&port("client port", "client_listen", address, &seen)), expected, "{seen:?}");
    }
}

#[test]
fn two_listeners_do_not_have_one_port() {
    for (client, http, health, wrong) in [
        ("0.0.0.0:7400", "127.0.0.1:7401", "127.0.0.1:7402", 0),
        ("0.0.0.0:7400", "127.0.0.1:7400", "127.0.0.1:7402", 1),
        ("127.0.0.1:7400", "127.0.0.1:7400", "127.0.0.1:7402", 1),
        ("127.0.0.1:7400", "127.0.0.2:7400", "127.0.0.1:7402", 0),
        ("127.0.0.1:7400", "127.0.0.1:7401", "127.0.0.1:7401", 1),
        ("127.0.0.1:7400", "127.0.0.1:7401", "0.0.0.0:7400", 1),
        ("127.0.0.1:7400", "127.0.0.1:7400", "127.0.0.1:7400", 3),
        // `[::]` includes the IPv4 addresses; `0.0.0.0` includes no IPv6 address.
        ("[::]:7400", "127.0.0.1:7400", "0.0.0.0:7402", 1),
        ("[::1]:7400", "0.0.0.0:7400", "127.0.0.1:7402", 0),
        ("127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", 0),
    ] {
        let [client_listen, http_listen, health_listen] =
            [client, http, health].map(|it| it.parse().unwrap());
        let health_listen = Some(health_listen);
        let config = Config { client_listen, http_listen, health_listen, ..Config::default() };
        assert_eq!(shared_ports(&config).len(), wrong, "{client} {http} {health}");
    }
}

#[test]
fn a_certificate_is_good_now_and_for_a_while() {
    const DAY: u64 = 24 * 60 * 60 * 1_000;
    let good = |key_is_open| Certificate {
        not_before: Timestamp(100 * DAY),
        not_after: Timestamp(190 * DAY),
        key_is_open,
    };
    for (day, key_is_open, expected) in [
        (99, false, Level::Wrong),
        (100, false, Level::Ok),
        (100, true, Level::Warning),
        (176, false, Level::Ok),
        (177, false, Level::Warning),
        (191, false, Level::Wrong),
    ] {
        assert_eq!(
            level(&certificate(&good(key_is_open), Timestamp(day * DAY))),
            expected,
            "{day} {key_is_open}"
        );
    }
}

#[test]
fn tls_proxies_and_the_http_port_fit_the_reach_of_the_server() {
    let config = |client: &str, http: &str, url: Option<&str>, proxies: &[&str]| Config {
        client_listen: client.parse().unwrap(),
        http_listen: http.parse().unwrap(),
        public_client_url: url.map(str::to_owned),
        trusted_proxies: proxies.iter().map(|it| it.parse().unwrap()).collect(),
        ..Config::default()
    };
    let (everywhere, here, public) = ("0.0.0.0:7400", "127.0.0.1:7401", Some("wss://chat.example"));
    for (config, expected) in [
        (config(everywhere, here, None, &[]), [Level::Warning, Level::Ok, Level::Ok]),
        (config(here, here, None, &[]), [Level::Ok, Level::Ok, Level::Ok]),
        (config(everywhere, here, public, &[]), [Level::Ok, Level::Warning, Level::Ok]),
        (config(everywhere, here, public, &["10.0.0.0/8"]), [Level::Ok, Level::Ok, Level::Ok]),
        (config(here, everywhere, None, &[]), [Level::Ok, Level::Ok, Level::Warning]),
        (config(here, "10.0.0.1:7401", None, &[]), [Level::Ok, Level::Ok, Level::Warning]),
    ] {
        let found = [no_tls(&config), proxies(&config), http_port(&config)];
        assert_eq!(found.each_ref().map(level), expected, "{found:?}");
    }
}

#[test]
fn the_clock_is_not_before_what_has_happened() {
    let now = Timestamp(1_800_000_000_000);
    for (now, newest, synchronized, expected) in [
        (now, None, Some(true), Level::Ok),
        (now, Some(Timestamp(now.0 + 1_000)), Some(true), Level::Ok),
        (now, Some(Timestamp(now.0 + 3_600_000)), Some(true), Level::Wrong),
        (now, None, Some(false), Level::Warning),
        (now, None, None, Level::Unknown),
        (Timestamp(0), None, Some(true), Level::Wrong),
    ] {
        assert_eq!(level(&clock(now, newest, synchronized)), expected, "{now:?} {newest:?} {synchronized:?}");
    }
}

#[test]
fn a_server_that_drains_or_stops_needs_no_remedy_of_a_fault() {
    assert!(cure_of_unready("draining\nfacts: ok").contains("started again"));
    assert!(cure_of_unready("stopping\nfacts: ok").contains("wait until it has ended"));
    assert!(cure_of_unready("not ready\nfacts: failing").contains("faults.md"));
}
