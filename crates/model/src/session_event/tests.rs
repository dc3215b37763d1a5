//! Tests of the rule for when a login cancels a disconnect.

use super::*;

fn event(device: Option<(&str, Platform)>, kind: SessionEventKind) -> SessionEvent {
    let device = device.map(|(name, platform)| EventDevice {
        id: DeviceId::new(name).unwrap(),
        platform,
        address: None,
    });
    let after = StatusAfter {
        status_type: StatusType::Offline,
        version: Version(1),
        told_always: false,
        visibility: Visibility::Everyone,
    };
    SessionEvent { ordinal: 1, at: Timestamp(1), device, kind, after: Some(after) }
}

fn login(kicked: &[Platform]) -> SessionEventKind {
    SessionEventKind::Login { kicked: kicked.to_vec() }
}

fn always(event: SessionEvent) -> SessionEvent {
    let after = event.after.map(|after| StatusAfter { told_always: true, ..after });
    SessionEvent { after, ..event }
}

const PHONE: Option<(&str, Platform)> = Some(("phone", Platform::Android));
const MAC: Option<(&str, Platform)> = Some(("mac", Platform::Mac));

#[test]
fn a_login_that_kicked_nobody_takes_back_the_disconnect_of_its_device() {
    let custom = || SessionEventKind::CustomStatus(CustomStatus::NONE);
    let closed = || event(PHONE, SessionEventKind::LinkClosed);
    let back = || event(PHONE, login(&[]));
    for (name, disconnect, back, taken_back) in [
        ("closed", closed(), back(), true),
        ("timed out", event(PHONE, SessionEventKind::TimedOut), back(), true),
        ("of an earlier version", SessionEvent { after: None, ..closed() }, back(), true),
        ("logged out", event(PHONE, SessionEventKind::Logout), back(), false),
        ("of another device", event(MAC, SessionEventKind::LinkClosed), back(), false),
        ("on another platform", closed(), event(Some(("phone", Platform::Mac)), login(&[])), false),
        ("kicks", closed(), event(PHONE, login(&[Platform::Web])), false),
        ("told always", always(closed()), back(), false),
        ("no login", closed(), event(PHONE, custom()), false),
        ("another disconnect", closed(), closed(), false),
    ] {
        assert_eq!(back.takes_back(&disconnect, [].iter()), taken_back, "{name}");
    }
}

#[test]
fn only_what_says_nothing_of_the_device_may_lie_between() {
    let custom = || SessionEventKind::CustomStatus(CustomStatus::NONE);
    let ending = || SessionEventKind::EndingCustomStatus {
        text: CustomStatus::new("busy", 100).unwrap(),
        expires: Timestamp(9),
    };
    for (between, taken_back) in [
        (event(MAC, SessionEventKind::LinkClosed), true),
        (event(MAC, SessionEventKind::TimedOut), true),
        (event(MAC, SessionEventKind::Logout), true),
        (event(MAC, login(&[])), true),
        (event(MAC, custom()), true),
        (event(None, custom()), true),
        (event(None, SessionEventKind::CustomStatusExpired), true),
        (event(None, ending()), true),
        (event(PHONE, ending()), false),
        // The user was not ONLINE and lost a custom status, which is impossible if the device was connected.
        (always(event(MAC, SessionEventKind::LinkClosed)), false),
        // The event contains the platforms of kicked logins, one of which may have been the device's.
        (event(MAC, login(&[Platform::Android])), false),
        (event(PHONE, SessionEventKind::Logout), false),
        (event(PHONE, SessionEventKind::LinkClosed), false),
        (event(PHONE, login(&[])), false),
        (event(PHONE, custom()), false),
        (event(None, SessionEventKind::Logout), false),
    ] {
        let (closed, back) = (event(PHONE, SessionEventKind::LinkClosed), event(PHONE, login(&[])));
        assert_eq!(back.takes_back(&closed, [&between].into_iter()), taken_back, "{between:?}");
    }
}
