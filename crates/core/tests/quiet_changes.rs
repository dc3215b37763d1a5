//! A call that changes nothing reports no change, so the record is not written to disk.

#![allow(clippy::unwrap_used, missing_docs)]

use lamplight_core::{Connect, LinkEnd, Presence, Transition, UserFacts};
use lamplight_model::{
    AppSettings, ConnectionId, CustomStatus, DeviceId, Moment, Now, Platform, Timestamp, Version,
};

const PHONE: ConnectionId = ConnectionId::alone(1);
const NOBODY: ConnectionId = ConnectionId::alone(9);

fn now(millis: u64) -> Now {
    Now { moment: Moment(millis), wall: Timestamp(1_700_000_000_000 + millis) }
}

fn connect(presence: &mut Presence, connection: ConnectionId) -> Transition<()> {
    let device = DeviceId::new("phone").unwrap();
    let connect = Connect {
        device: &device,
        platform: Platform::IPhone,
        login: 1,
        born: 0,
        issued: 1,
        connection,
        address: None,
    };
    presence.connect(&connect, &AppSettings::default(), now(1)).map(|_| ())
}

fn custom(presence: &mut Presence, text: &str) -> Transition<()> {
    let text = CustomStatus::new(text, 100).unwrap();
    presence.set_custom_status(text, None, &AppSettings::default(), now(2)).map(|_| ())
}

fn disconnect(presence: &mut Presence, connection: ConnectionId) -> Transition<()> {
    presence.disconnect(connection, LinkEnd::Closed, now(3).wall, &AppSettings::default(), now(3)).map(|_| ())
}

fn logout(presence: &mut Presence, connection: ConnectionId) -> Transition<()> {
    presence.logout(connection, &AppSettings::default(), now(3)).map(|_| ())
}

fn expire(presence: &mut Presence) -> Transition<()> {
    presence.expire(&AppSettings::default(), now(3)).map(|_| ())
}

type Act = fn(&mut Presence) -> Transition<()>;

#[test]
fn only_what_changes_the_record_is_kept() {
    let connected: &[Act] = &[|p| connect(p, PHONE), |p| custom(p, "here")];
    let gone: &[Act] = &[|p| connect(p, PHONE), |p| disconnect(p, PHONE)];
    let table: &[(&str, &[Act], Act, bool)] = &[
        ("a custom status of nobody who is there", &[], |p| custom(p, "x"), false),
        ("a custom status after the connection", gone, |p| custom(p, "x"), false),
        ("the custom status that there is", connected, |p| custom(p, "here"), false),
        ("another custom status", connected, |p| custom(p, "there"), true),
        ("the end of a superseded connection", connected, |p| disconnect(p, NOBODY), false),
        ("the end of the connection", connected, |p| disconnect(p, PHONE), true),
        ("the second end of a connection", gone, |p| disconnect(p, PHONE), false),
        ("a logout of nobody", connected, |p| logout(p, NOBODY), false),
        ("a logout", connected, |p| logout(p, PHONE), true),
        ("nothing is due", connected, expire, false),
        ("a takeover by the same device", connected, |p| connect(p, ConnectionId::alone(2)), true),
    ];
    for (name, before, act, changed) in table {
        let settings = AppSettings::default();
        let mut presence =
            Presence::from_facts(UserFacts::default(), Version(1), Timestamp(0), false, &settings, Moment(0));
        for act in *before {
            assert!(act(&mut presence).changed, "{name}");
        }
        assert_eq!(act(&mut presence).changed, *changed, "{name}");
    }
}
