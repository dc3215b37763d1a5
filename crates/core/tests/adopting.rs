//! The comparison of a live record with the facts at a start. A record that it finds equal is not changed.

#![allow(clippy::unwrap_used, missing_docs)]

use lamplight_core::{Connect, Presence, RefusedLogin, Transition, UserFacts};
use lamplight_model::{
    AppSettings, ConnectionId, DeviceId, Moment, Now, Platform, Revoked, Timestamp, Version,
};

const NOW: Now = Now { moment: Moment(1_000), wall: Timestamp(1_700_000_000_000) };
const BORN: u64 = 3;

fn device(name: &str) -> DeviceId {
    DeviceId::new(name).unwrap()
}

fn connect(presence: &mut Presence, name: &str, platform: Platform, login: u64) {
    let (device, connection) = (device(name), ConnectionId::alone(login));
    let connect =
        Connect { device: &device, platform, login, born: BORN, issued: 1, connection, address: None };
    assert!(presence.connect(&connect, &AppSettings::default(), NOW).changed);
}

fn revoked(seconds: u64) -> Revoked {
    Revoked::new(Timestamp(seconds * 1_000), [])
}

fn facts(logins: &[(&str, Platform, u64)]) -> UserFacts {
    let logins = logins.iter().map(|(id, platform, login)| (device(id), *platform, *login)).collect();
    UserFacts { logins, revoked: Some(revoked(50)), ended_through: 2, born: BORN }
}

/// The record of a user with a phone under the login number 5, a Mac under 6 and a browser tab under 7. The facts do
/// not know the tab.
fn record() -> Presence {
    let settings = AppSettings::default();
    let known = facts(&[("phone", Platform::IPhone, 5)]);
    let mut presence =
        Presence::from_facts(known, Version::at(NOW.wall), NOW.wall, false, &settings, NOW.moment);
    connect(&mut presence, "phone", Platform::IPhone, 5);
    connect(&mut presence, "mac", Platform::Mac, 6);
    connect(&mut presence, "tab", Platform::Web, 7);
    presence
}

fn unchanged(_: &mut Presence) {}

fn delete(presence: &mut Presence) {
    assert!(presence.delete(7, &revoked(50), &AppSettings::default(), NOW).changed);
}

/// The end of a login that the facts have not stored yet.
fn end_of_pad(presence: &mut Presence) {
    let refused = RefusedLogin {
        device: device("pad"),
        platform: Platform::IPad,
        login: 8,
        connection: None,
        why: None,
    };
    assert!(presence.take_back(&refused, &AppSettings::default(), NOW).changed);
}

type Logins = &'static [(&'static str, Platform, u64)];
const SAME: Logins = &[("phone", Platform::IPhone, 5), ("mac", Platform::Mac, 6)];
const WITH_PAD: Logins =
    &[("phone", Platform::IPhone, 5), ("mac", Platform::Mac, 6), ("pad", Platform::IPad, 8)];

/// A name, a change of the record, the facts, and whether the changed record differs from them.
type Case = (&'static str, fn(&mut Presence), UserFacts, bool);

#[test]
fn a_record_is_compared_with_each_part_of_the_facts() {
    let with = |change: fn(&mut UserFacts)| {
        let mut facts = facts(SAME);
        change(&mut facts);
        facts
    };
    let table: &[Case] = &[
        ("nothing differs", unchanged, facts(SAME), false),
        ("the facts have no revocation", unchanged, with(|it| it.revoked = None), false),
        ("an earlier revocation", unchanged, with(|it| it.revoked = Some(revoked(49))), false),
        ("an earlier account and kick", unchanged, with(|it| (it.born, it.ended_through) = (1, 1)), false),
        ("a later revocation", unchanged, with(|it| it.revoked = Some(revoked(60))), true),
        ("one more UserSig", unchanged, with(|it| it.revoked.as_mut().unwrap().also.push(99)), true),
        ("a kick that ends no login", unchanged, with(|it| it.ended_through = 3), true),
        ("a kick that ends all logins", unchanged, UserFacts { ended_through: 7, ..facts(&[]) }, true),
        ("a later account", unchanged, with(|it| it.born = 4), true),
        ("a deleted account that exists again", delete, facts(&[]), true),
        ("no login of the Mac", unchanged, facts(&[("phone", Platform::IPhone, 5)]), true),
        ("no logins", unchanged, facts(&[]), true),
        (
            "a later login",
            unchanged,
            facts(&[("phone", Platform::IPhone, 9), ("mac", Platform::Mac, 6)]),
            true,
        ),
        (
            "an earlier login",
            unchanged,
            facts(&[("phone", Platform::IPhone, 4), ("mac", Platform::Mac, 6)]),
            true,
        ),
        (
            "another platform",
            unchanged,
            facts(&[("phone", Platform::Android, 5), ("mac", Platform::Mac, 6)]),
            true,
        ),
        ("a login that the record lacks", unchanged, facts(WITH_PAD), true),
        ("a login whose end is not stored in the facts yet", end_of_pad, facts(WITH_PAD), false),
        (
            "a tab that is a native device now",
            unchanged,
            facts(&[("phone", Platform::IPhone, 5), ("mac", Platform::Mac, 6), ("tab", Platform::IPad, 8)]),
            true,
        ),
    ];
    for (name, change, facts, differs) in table {
        let mut presence = record();
        change(&mut presence);
        let before = presence.clone();
        assert_eq!(presence.differs_from(facts), *differs, "{name}");
        let adopted = presence.adopt_facts(facts, &AppSettings::default(), NOW);
        assert_eq!(adopted.changed, *differs, "{name}: what adopting the facts changes");
        assert!(*differs || (presence == before && adopted == Transition::quiet(())), "{name}");
        assert!(
            !presence.differs_from(facts),
            "{name}: the record agrees with the facts that it has adopted"
        );
    }
}
