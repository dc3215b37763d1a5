//! Tests of a record that is restored after the process was killed.

#![allow(clippy::unwrap_used, missing_docs)]

use lamplight_core::{Connect, Presence, UserFacts};
use lamplight_model::{
    AppSettings, ConnectionId, DeviceId, Moment, Now, Platform, StatusType, Timestamp, UserId, Version,
};

fn now(millis: u64) -> Now {
    Now { moment: Moment(millis), wall: Timestamp(1_700_000_000_000 + millis) }
}

/// A process records that it is running, but only every few seconds. Watchers may have seen a login after the last of
/// these records.
#[test]
fn who_logged_in_after_the_last_sign_of_life_was_seen_at_the_login() {
    let settings = AppSettings::default();
    let mut presence =
        Presence::from_facts(UserFacts::default(), Version(1), now(0).wall, false, &settings, Moment(0));
    let device = DeviceId::new("phone").unwrap();
    let connect = Connect {
        device: &device,
        platform: Platform::Android,
        login: 1,
        born: 0,
        issued: 1,
        connection: ConnectionId::alone(1),
        address: None,
    };
    let _ = presence.connect(&connect, &settings, now(10_000));
    let lost_at = now(6_000).wall;
    let mut restored = presence.save(now(10_000)).restore(now(12_000), lost_at, Moment(42_000));
    let _ = restored.expire(&settings, now(42_000));
    let status = restored.status(&UserId::new("alice").unwrap());
    assert_eq!((status.status_type, status.last_seen), (StatusType::Offline, Some(now(10_000).wall)));
}
