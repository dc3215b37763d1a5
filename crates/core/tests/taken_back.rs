//! Tests of a login that the facts recorded and that was then refused. Taking the login back ends it by its number.

#![allow(clippy::unwrap_used)]

use MultiDeviceMode::{Dual, Multi, Single};
use lamplight_core::{Admission, Connect, LinkEnd, Presence, RefusedLogin, UserFacts};
use lamplight_model::{
    AppSettings, ConnectionId, DeviceId, EndWhy, Moment, MultiDeviceMode, MultiDevicePolicy, Now, Platform,
    Revoked, StatusType, Timestamp, Version,
};

const NOW: Now = Now { moment: Moment(1_000), wall: Timestamp(1_700_000_000_000) };

fn policy(mode: MultiDeviceMode) -> MultiDevicePolicy {
    MultiDevicePolicy { mode, ..AppSettings::default().multi_device }
}

fn device() -> DeviceId {
    DeviceId::new("phone").unwrap()
}

/// A record with a device whose login has the number 5.
fn logged_in() -> Presence {
    let settings = AppSettings::default();
    let mut presence =
        Presence::from_facts(UserFacts::default(), Version(1), NOW.wall, false, &settings, NOW.moment);
    let device = device();
    let connect = Connect {
        device: &device,
        platform: Platform::Android,
        login: 5,
        born: 4,
        issued: 1,
        connection: ConnectionId::alone(1),
        address: None,
    };
    let _ = presence.connect(&connect, &settings, NOW);
    presence
}

fn refused(login: u64, platform: Platform, connection: Option<u64>) -> RefusedLogin {
    let connection = connection.map(ConnectionId::alone);
    RefusedLogin { device: device(), platform, login, connection, why: Some(EndWhy::LoggedOut) }
}

/// Both logins were recorded, and both calls failed. Only login 5 had entered the record, over connection 1.
#[test]
fn a_login_that_got_the_number_of_another_refused_one_is_taken_back_too() {
    let settings = AppSettings::default();
    let (entered, other) = (refused(5, Platform::Android, Some(1)), refused(7, Platform::Android, Some(2)));
    for order in [[&entered, &other], [&other, &entered]] {
        let mut presence = logged_in();
        order.into_iter().for_each(|it| drop(presence.take_back(it, &settings, NOW)));
        assert!(presence.devices().is_empty(), "{order:?}");
        let ends: Vec<u64> = presence.unsettled_ends().map(|end| end.login).collect();
        assert_eq!(ends, [7], "{order:?}");
    }
}

#[test]
fn a_login_over_another_connection_stays_though_it_got_the_number_of_a_refused_one() {
    let settings = AppSettings::default();
    let mut presence = logged_in();
    drop(presence.take_back(&refused(7, Platform::Android, Some(2)), &settings, NOW));
    drop(presence.take_back(&refused(6, Platform::Android, Some(3)), &settings, NOW));
    let left: Vec<u64> = presence.devices().iter().map(|device| device.login).collect();
    assert_eq!(left, [7]);
    assert_eq!(presence.unsettled_ends().count(), 0);
}

#[test]
fn a_login_is_taken_back_by_its_number() {
    // The columns: the number and platform of the refused login; the resulting status type and the number of the
    // remaining login; the login whose end the facts are to store.
    let table = [
        ((5, Platform::Android), (StatusType::Unlogined, None), Some(5)),
        // The record has never contained the refused login. In the facts, the refused login has replaced the present
        // login, which stays.
        ((7, Platform::Android), (StatusType::Online, Some(7)), None),
        // The refused login is on another platform, so in the facts it has ended the present login.
        ((7, Platform::Web), (StatusType::Unlogined, None), Some(7)),
        // The record contains a later login.
        ((3, Platform::Android), (StatusType::Online, Some(5)), None),
    ];
    for ((login, platform), (status, left), told) in table {
        let mut presence = logged_in();
        let done = presence.take_back(&refused(login, platform, None), &AppSettings::default(), NOW);
        assert_eq!(presence.status_type(), status, "{login} {platform}");
        assert_eq!(presence.devices().first().map(|device| device.login), left, "{login} {platform}");
        assert_eq!(presence.unsettled_ends().next().map(|end| end.login), told, "{login} {platform}");
        assert_eq!(done.ended.len(), usize::from(left.is_none()), "its connection is closed");
    }
}

#[test]
fn a_login_that_was_ended_before_it_could_enter_is_not_admitted() {
    let admission = |presence: &Presence, number, there_at| {
        let recorded = Some((number, there_at));
        presence.admission(&DeviceId::new("pad").unwrap(), Platform::IPad, 1, recorded, policy(Multi))
    };
    let presence = logged_in();
    assert_eq!(admission(&presence, 6, None), Admission::Admitted(6));
    // The record contains a later login of another device, which may have kicked this one, so the facts have to decide.
    assert_eq!(admission(&presence, 4, None), Admission::MayHaveEnded(5));
    assert_eq!(admission(&presence, 4, Some(5)), Admission::Admitted(4));
    // The facts answered before the record had login 5, which may have been a login of the same device and have ended.
    assert_eq!(admission(&presence, 4, Some(3)), Admission::MayHaveEnded(5));
    assert_eq!(
        presence.admission(&device(), Platform::Android, 1, Some((4, Some(5))), policy(Multi)),
        Admission::Overtaken,
        "the same device has a later login"
    );
}

#[test]
fn a_login_that_comes_after_a_newer_one_in_its_way_has_been_kicked_by_it() {
    // The record contains an Android phone with login 5.
    let presence = logged_in();
    let admission = |platform, number, mode| {
        presence.admission(&DeviceId::new("pad").unwrap(), platform, 1, Some((number, Some(5))), policy(mode))
    };
    assert_eq!(admission(Platform::IPad, 4, Single), Admission::Beaten(Platform::Android));
    assert_eq!(admission(Platform::Web, 4, Single), Admission::Beaten(Platform::Android));
    assert_eq!(admission(Platform::Android, 4, Multi), Admission::Beaten(Platform::Android));
    assert_eq!(admission(Platform::IPad, 6, Single), Admission::Admitted(6));
    assert_eq!(admission(Platform::Web, 4, Dual), Admission::Admitted(4));
}

#[test]
fn a_device_that_comes_back_to_its_login_kicks_no_newer_one_though_the_policy_was_tightened() {
    let mut presence = logged_in();
    let settings = AppSettings { multi_device: policy(Single), ..AppSettings::default() };
    let (phone, pad) = (device(), DeviceId::new("pad").unwrap());
    let connect = |device, platform, login| Connect {
        device,
        platform,
        login,
        born: 4,
        issued: 1,
        connection: ConnectionId::alone(login),
        address: None,
    };
    let _ = presence.connect(&connect(&pad, Platform::IPad, 6), &AppSettings::default(), NOW);
    let _ = presence.connect(&connect(&phone, Platform::Android, 5), &settings, NOW);
    assert_eq!(presence.devices().len(), 2, "a resume is not newest");
    let _ = presence.connect(&connect(&pad, Platform::IPad, 6), &settings, NOW);
    assert_eq!(presence.devices().len(), 1, "the earlier one is in the way of the later");
}

#[test]
fn a_device_that_changed_its_platform_when_the_process_died_is_what_the_facts_say() {
    let mut presence = logged_in();
    let facts = UserFacts { logins: vec![(device(), Platform::IPad, 9)], born: 4, ..UserFacts::default() };
    let _ = presence.adopt_facts(&facts, &AppSettings::default(), NOW);
    let devices: Vec<_> = presence.devices().iter().map(|device| (device.platform, device.login)).collect();
    assert_eq!(devices, [(Platform::IPad, 9)]);
}

/// Two revocations overlap, and the later one ends no login. It must nevertheless report the UserSig that the earlier
/// one has revoked. The answers to both calls then wait until the second in which this UserSig was issued is over.
#[test]
fn a_revocation_tells_what_another_one_has_refused_meanwhile() {
    let settings = AppSettings::default();
    let second = NOW.wall.as_secs();
    let mut presence =
        Presence::from_facts(UserFacts::default(), Version(1), NOW.wall, false, &settings, NOW.moment);
    let device = device();
    let connect = Connect {
        device: &device,
        platform: Platform::Android,
        login: 5,
        born: 4,
        issued: second,
        connection: ConnectionId::alone(1),
        address: None,
    };
    let _ = presence.connect(&connect, &settings, NOW);
    let revoked = Revoked::new(NOW.wall, []);
    let (_, first) = presence.kick(5, &revoked, &settings, NOW).outcome;
    let (_, again) = presence.kick(6, &revoked, &settings, NOW).outcome;
    assert_eq!((first, again), (vec![second], vec![second]));
    let known = Revoked::new(NOW.wall, [second]);
    assert!(presence.kick(7, &known, &settings, NOW).outcome.1.is_empty(), "nothing besides what it names");
}

/// A crash in the middle of a login, or a stricter policy, may leave two competing logins.
#[test]
fn a_device_that_comes_back_loses_its_login_to_a_newer_one_that_is_present() {
    let mut presence = logged_in();
    let settings = AppSettings { multi_device: policy(Single), ..AppSettings::default() };
    let (phone, pad) = (device(), DeviceId::new("pad").unwrap());
    let connect = Connect {
        device: &pad,
        platform: Platform::IPad,
        login: 6,
        born: 4,
        issued: 1,
        connection: ConnectionId::alone(6),
        address: None,
    };
    let comes_back =
        |presence: &Presence| presence.admission(&phone, Platform::Android, 1, None, settings.multi_device);
    let _ = presence.connect(&connect, &AppSettings::default(), NOW);
    assert_eq!(comes_back(&presence), Admission::Beaten(Platform::IPad));
    let mut without = presence.clone();
    let _ = without.disconnect(ConnectionId::alone(6), LinkEnd::TimedOut, NOW.wall, &settings, NOW);
    assert_eq!(comes_back(&without), Admission::Admitted(5), "nobody is there whom it could lose to");

    let lost = presence.lose(&phone, Platform::IPad, &settings, NOW);
    assert_eq!(lost.ended.len(), 1, "the connection that it had is closed");
    assert!(presence.is_logged_in(&pad) && !presence.is_logged_in(&phone));
    let mark = presence.unsettled_ends().next().unwrap().mark.unwrap();
    assert!(mark.told && mark.why == EndWhy::KickedBy(Platform::IPad));
}
