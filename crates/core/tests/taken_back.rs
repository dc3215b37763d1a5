//! A login that was recorded by the facts and refused in the end is taken back, by its number.

#![allow(clippy::unwrap_used)]

use lamplight_core::{Admission, Connect, Presence, UserFacts};
use lamplight_model::{
    AppSettings, ConnectionId, DeviceId, Moment, Now, Platform, StatusType, Timestamp, Version,
};

const NOW: Now = Now { moment: Moment(1_000), wall: Timestamp(1_700_000_000_000) };

fn device() -> DeviceId {
    DeviceId::new("phone").unwrap()
}

/// A record with a device that logged in under the number 5.
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

#[test]
fn a_login_is_taken_back_by_its_number() {
    // The number taken back and its platform; the status type and the number of the login that is left; the number of
    // the end that the facts are told.
    let table = [
        ((5, Platform::Android), (StatusType::Unlogined, None), Some(5)),
        // It was never here: the facts have put it in the place of the login that is, which stays.
        ((7, Platform::Android), (StatusType::Online, Some(7)), None),
        // On another platform the facts have ended the login that is here.
        ((7, Platform::Web), (StatusType::Unlogined, None), Some(7)),
        // A later one is here.
        ((3, Platform::Android), (StatusType::Online, Some(5)), None),
    ];
    for ((login, platform), (status, left), told) in table {
        let mut presence = logged_in();
        let done = presence.take_back(&device(), platform, login, true, &AppSettings::default(), NOW);
        assert_eq!(presence.status_type(), status, "{login} {platform}");
        assert_eq!(presence.devices().first().map(|device| device.login), left, "{login} {platform}");
        assert_eq!(presence.unsettled_ends().next().map(|end| end.login), told, "{login} {platform}");
        assert_eq!(done.ended.len(), usize::from(left.is_none()), "its connection is closed");
    }
}

#[test]
fn a_login_that_was_ended_before_it_could_enter_is_not_admitted() {
    let admission = |presence: &Presence, number, there_at| {
        presence.admission(&DeviceId::new("pad").unwrap(), Platform::IPad, 1, Some((number, there_at)))
    };
    let presence = logged_in();
    assert_eq!(admission(&presence, 6, None), Admission::Admitted(6));
    // A later login of another device is here, which may have kicked this one: the facts have to say.
    assert_eq!(admission(&presence, 4, None), Admission::MayHaveEnded(5));
    assert_eq!(admission(&presence, 4, Some(5)), Admission::Admitted(4));
    // They said so before the record had login 5, which may have been one of the same device that is gone again.
    assert_eq!(admission(&presence, 4, Some(3)), Admission::MayHaveEnded(5));
    assert_eq!(
        presence.admission(&device(), Platform::Android, 1, Some((4, Some(5)))),
        Admission::Overtaken,
        "of the same device there is a later login"
    );
}

#[test]
fn a_device_that_changed_its_platform_when_the_process_died_is_what_the_facts_say() {
    let mut presence = logged_in();
    let facts = UserFacts { logins: vec![(device(), Platform::IPad, 9)], born: 4, ..UserFacts::default() };
    let _ = presence.adopt_facts(&facts, &AppSettings::default(), NOW);
    let devices: Vec<_> = presence.devices().iter().map(|device| (device.platform, device.login)).collect();
    assert_eq!(devices, [(Platform::IPad, 9)]);
}
