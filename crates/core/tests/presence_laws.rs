//! Checks the laws of `laws` and of the multi-device policy over random sequences of events of a user.

// clippy.toml allows `unwrap` in `#[test]` functions, but not in functions that they call.
#![allow(clippy::unwrap_used)]

mod laws;
mod quick;

use lamplight_core::{Device, Link, LinkEnd, UserFacts};
use lamplight_model::{
    AppSettings, ConnectionId, CustomDuration, CustomStatus, DeviceId, MultiDeviceMode, MultiDevicePolicy,
    Platform, StatusType, Timestamp, UserId,
};
use laws::Record;
use proptest::prelude::*;
use std::time::Duration;

/// An input of the test. `connection` is a number that counts all connections. The connection may have ended, or may
/// not exist yet.
#[derive(Clone, Debug)]
enum Event {
    Connect {
        device: u8,
        platform: Platform,
    },
    Disconnect {
        connection: u64,
        end: LinkEnd,
    },
    Logout {
        connection: u64,
    },
    ExpireSig {
        connection: u64,
    },
    Kick,
    Delete,
    Custom(&'static str, u32),
    Subscribe(Vec<u8>),
    Unsubscribe(Vec<u8>),
    UnsubscribeAll,
    Wait(Duration),
    /// The wall clock is set. Whether devices count as connected must not depend on it.
    SetClock(i64),
    Restart(Duration),
    AdoptLogins(Vec<(u8, Platform)>),
}

fn event() -> impl Strategy<Value = Event> {
    use Event::*;
    let connection = || 0..20_u64;
    let end = prop_oneof![Just(LinkEnd::Closed), Just(LinkEnd::TimedOut), Just(LinkEnd::NodeLost)];
    let users = || prop::collection::vec(0..6_u8, 0..5);
    let facts = prop::collection::vec((0..8_u8, platform()), 0..3);
    prop_oneof![
        6 => (0..8_u8, platform()).prop_map(|(device, platform)| Connect { device, platform }),
        6 => (connection(), end).prop_map(|(connection, end)| Disconnect { connection, end }),
        2 => connection().prop_map(|connection| Logout { connection }),
        1 => connection().prop_map(|connection| ExpireSig { connection }),
        1 => prop_oneof![3 => Just(Kick), 1 => Just(Delete)],
        3 => (prop_oneof![Just(""), Just("busy"), Just("away")], prop_oneof![Just(0), Just(5), Just(30)])
            .prop_map(|(text, seconds)| Custom(text, if text.is_empty() { 0 } else { seconds })),
        2 => users().prop_map(Subscribe),
        1 => prop_oneof![3 => users().prop_map(Unsubscribe), 1 => Just(UnsubscribeAll)],
        5 => moments().prop_map(Wait),
        1 => (-100_000..100_000_i64).prop_map(SetClock),
        1 => moments().prop_map(Restart),
        1 => facts.prop_map(AdoptLogins),
    ]
}

/// Durations close to those in the rules: lingers, graces and retentions.
fn moments() -> impl Strategy<Value = Duration> {
    let around = prop_oneof![Just(0_u64), Just(5), Just(30), Just(600), Just(604_800)];
    (around, -1..=1_i64)
        .prop_map(|(secs, slip)| Duration::from_millis((secs * 1_000).saturating_add_signed(slip)))
}

fn platform() -> impl Strategy<Value = Platform> {
    prop::sample::select(&Platform::ALL[..])
}

fn settings() -> impl Strategy<Value = AppSettings> {
    use MultiDeviceMode::{Dual, Multi, Single, Triple};
    let mode = prop::sample::select(&[Single, Dual, Triple, Multi, Multi][..]);
    let linger = || prop::sample::select(&[0_u32, 5_000][..]);
    let retention = prop::sample::select(&[0_u32, 5_000, 600_000][..]);
    (mode, 1..=3_u8, 1..=3_u8, linger(), linger(), retention, any::<bool>()).prop_map(
        |(mode, native_instances, web_instances, native, web, retention, webhook)| {
            let mut settings = AppSettings {
                multi_device: MultiDevicePolicy { mode, native_instances, web_instances },
                ..AppSettings::default()
            };
            settings.timing.linger_native_ms = native;
            settings.timing.linger_web_ms = web;
            settings.timing.subscription_retention_ms = retention;
            settings.limits.subscriptions = 4;
            if webhook {
                settings.webhooks.state_change_url = "https://receiver.example/".into();
            }
            settings
        },
    )
}

proptest! {
    #![proptest_config(quick::cases(1_500))]

    #[test]
    fn the_laws_hold_along_every_life(settings in settings(), life in prop::collection::vec(event(), 1..60)) {
        let mut record = Record::new(settings);
        let mut connections = 0;
        for event in life {
            happen(&mut record, event, &mut connections);
            let settled = record.now;
            record.wait(Duration::ZERO, |_| ());
            prop_assert_eq!(record.now, settled);
        }
        // A long time without activity ends every connection and every login.
        let begun = connections;
        for connection in 0..begun {
            happen(&mut record, Event::Disconnect { connection, end: LinkEnd::TimedOut }, &mut connections);
        }
        happen(&mut record, Event::Wait(Duration::from_secs(8 * 86_400)), &mut connections);
        prop_assert_eq!(record.presence.status_type(), StatusType::Unlogined);
        prop_assert!(record.presence.subscriptions().is_empty());
        // The record of a deleted account stays due until the caller removes it.
        prop_assert!(record.presence.next_deadline().is_none() || record.presence.is_deleted());
    }
}

fn happen(record: &mut Record, event: Event, connections: &mut u64) {
    match event {
        Event::Connect { device, platform } => connect(record, device, platform, connections),
        Event::Disconnect { connection, end } => {
            let connection = ConnectionId::alone(connection);
            let device = record.presence.device_of(connection).cloned();
            let before = record.status();
            let done =
                record.step(|me, settings, now| me.disconnect(connection, end, now.wall, settings, now));
            assert_eq!(done.outcome, device.is_some());
            let Some(device) = device else {
                assert_eq!(before, record.status(), "a late end changes nothing");
                return;
            };
            let linger = match end {
                LinkEnd::Closed => record.settings.timing.linger(device.platform.is_web()),
                LinkEnd::TimedOut | LinkEnd::NodeLost => Duration::ZERO,
            };
            let until = record.now.moment + linger;
            let login = record.presence.devices().iter().find(|login| login.id == device.id);
            match login.map(|login| login.link) {
                Some(Link::Held { until: held, end: how }) => {
                    assert!(!linger.is_zero());
                    assert_eq!((held, how), (until, end));
                }
                Some(Link::Gone { .. }) => assert!(linger.is_zero() && !device.platform.is_web()),
                None => assert!(linger.is_zero() && device.platform.is_web()),
                Some(Link::Connected(_)) => panic!("the connection is still there"),
            }
        }
        Event::Logout { connection } => {
            let connection = ConnectionId::alone(connection);
            let device = record.presence.device_of(connection).map(|device| device.id.clone());
            let done = record.step(|me, settings, now| me.logout(connection, settings, now));
            assert_eq!(done.outcome.map(|removed| removed.device), device);
            assert!(device.is_none_or(|device| !record.presence.is_logged_in(&device)));
        }
        Event::ExpireSig { connection } => {
            let connection = ConnectionId::alone(connection);
            let device = record.presence.device_of(connection).map(|device| device.id.clone());
            let done = record.step(|me, settings, now| me.expire_sig(connection, settings, now));
            assert_eq!(done.outcome.map(|removed| removed.device), device);
        }
        Event::Kick => {
            let used: Vec<u64> = record.presence.devices().iter().map(|device| device.issued).collect();
            let (through, revoked) = (record.last_login, record.revoked_now());
            let before = record.presence.sigs().clone();
            let done = record.step(|me, settings, now| me.kick(through, &revoked, settings, now));
            let is_old = |issued: &u64| before.has_revoked(*issued);
            assert!(done.outcome.1.iter().all(is_old), "what was seen was revoked");
            assert_eq!(record.presence.status_type(), StatusType::Unlogined);
            assert!(used.into_iter().all(|issued| record.presence.sigs().has_revoked(issued)));
            assert!(!record.presence.sigs().has_revoked(record.now.wall.as_secs() + 1_000_000));
        }
        Event::Delete => {
            let (through, revoked) = (record.last_login, record.revoked_now());
            let _ = record.step(|me, settings, now| me.delete(through, &revoked, settings, now));
            assert_eq!(record.presence.status_type(), StatusType::Unlogined);
            assert!(record.presence.subscriptions().is_empty());
        }
        Event::Custom(text, seconds) => {
            let custom = CustomStatus::new(text, 100).unwrap();
            let lasts = CustomDuration::of(&custom, seconds).unwrap();
            let online = record.presence.status_type() == StatusType::Online;
            let done = record.step(|me, settings, now| {
                me.set_custom_status_for(custom.clone(), lasts, None, settings, now)
            });
            assert_eq!(done.outcome.is_ok(), online);
            let due = (seconds > 0).then(|| record.now.after(Duration::from_secs(seconds.into())).wall);
            let status = record.status();
            assert!(!online || (status.custom_status, status.custom_expires) == (custom, due));
        }
        Event::Subscribe(users) => {
            let _ = record.step(|me, settings, now| me.subscribe(&ids(&users), settings, now.moment));
            assert!(record.presence.subscriptions().len() <= 4);
        }
        Event::Unsubscribe(users) => {
            let _ = record.step(|me, _, _| me.unsubscribe(Some(&ids(&users))));
        }
        Event::UnsubscribeAll => {
            let _ = record.step(|me, _, _| me.unsubscribe(None));
            assert!(record.presence.subscriptions().is_empty());
        }
        Event::Wait(time) => record.wait(time, |_| ()),
        Event::SetClock(millis) => {
            record.now.wall = Timestamp(record.now.wall.0.saturating_add_signed(millis));
        }
        Event::Restart(down) => record.restart(down),
        Event::AdoptLogins(facts) => {
            let mut facts: Vec<(DeviceId, Platform)> =
                facts.into_iter().map(|(id, platform)| (device(id), platform)).collect();
            facts.retain(|(_, platform)| !platform.is_web());
            facts.dedup_by(|one, other| one.0 == other.0);
            record.restart(Duration::ZERO);
            let logins = facts.iter().map(|(id, platform)| {
                let known = record.presence.devices().iter().find(|device| device.id == *id);
                let number = known.map_or(record.last_login + 1, |device| device.login);
                record.last_login = record.last_login.max(number);
                (id.clone(), *platform, number)
            });
            let adopted = UserFacts { logins: logins.collect(), ..UserFacts::default() };
            let _ = record.adopt(&adopted);
            assert!(!record.adopt(&adopted).changed, "a record agrees with the facts that it has adopted");
            assert!(facts.iter().all(|(device, _)| record.presence.is_logged_in(device)));
            let is_fact = |login: &Device| facts.iter().any(|(device, _)| *device == login.id);
            assert!(record.presence.devices().iter().all(|login| login.platform.is_web() || is_fact(login)));
        }
    }
}

/// Connects a device, and checks which logins ended because of it.
fn connect(record: &mut Record, id: u8, platform: Platform, connections: &mut u64) {
    let connection = ConnectionId::alone(*connections);
    *connections += 1;
    let id = device(id);
    let policy = record.settings.multi_device;
    let before: Vec<Device> = record.presence.devices().to_vec();
    let done = record.connect(&id, platform, connection);

    for old in before.iter().filter(|old| matches!(old.link, Link::Connected(_))) {
        let kept = record.presence.devices().contains(old);
        let closed = done.ended.iter().any(|ended| old.link == Link::Connected(ended.connection));
        assert!(kept != closed, "a connection goes on, or is closed: {old:?}");
    }
    let device = record.presence.device_of(connection).expect("a device that has connected is connected");
    assert_eq!((&device.id, device.platform), (&id, platform));
    let rivals = |devices: &[Device]| -> Vec<Device> {
        let in_the_way =
            |other: &&Device| other.id != id && in_one_group(policy.mode, other.platform, platform);
        devices.iter().filter(in_the_way).cloned().collect()
    };
    let left = rivals(record.presence.devices());
    let instances = if platform.is_web() { policy.web_instances } else { policy.native_instances };
    assert!(left.iter().all(|other| other.platform == platform), "one platform of a group at a time");
    assert!(left.len() < usize::from(instances), "never more instances than the policy allows");

    // Only logins above the limit end, and of those on one platform the earliest end.
    let (mine, others): (Vec<Device>, Vec<Device>) =
        rivals(&before).into_iter().partition(|other| other.platform == platform);
    let kicked = |other: &&Device| done.outcome.kicked.iter().any(|removed| removed.device == other.id);
    let surplus = (mine.len() + 1).saturating_sub(usize::from(instances));
    assert!(others.iter().all(|other| kicked(&other)));
    assert!(mine.iter().take(surplus).all(|other| kicked(&other)));
    assert_eq!(done.outcome.kicked.len(), others.len() + surplus);
    for removed in &done.outcome.kicked {
        let link = before.iter().find(|other| other.id == removed.device).map(|other| other.link);
        assert_eq!(removed.connected, matches!(link, Some(Link::Connected(_))));
    }
}

/// Whether two platforms are in one group, as SPEC section 5 defines the groups.
fn in_one_group(mode: MultiDeviceMode, one: Platform, other: Platform) -> bool {
    use Platform::{Android, IPad, IPhone, Linux, Mac, Web, Windows};
    let groups: &[&[Platform]] = match mode {
        MultiDeviceMode::Single => &[&[Android, IPhone, IPad, Windows, Mac, Linux, Web]],
        MultiDeviceMode::Dual => &[&[Android, IPhone, IPad, Windows, Mac, Linux], &[Web]],
        MultiDeviceMode::Triple => &[&[Android, IPhone, IPad], &[Windows, Mac, Linux], &[Web]],
        MultiDeviceMode::Multi => &[&[Android], &[IPhone], &[IPad], &[Windows], &[Mac], &[Linux], &[Web]],
    };
    groups.iter().any(|group| group.contains(&one) && group.contains(&other))
}

fn device(id: u8) -> DeviceId {
    DeviceId::new(&format!("device {id}")).unwrap()
}

fn ids(users: &[u8]) -> Vec<UserId> {
    users.iter().map(|user| UserId::new(&format!("user {user}")).unwrap()).collect()
}
