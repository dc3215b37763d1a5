//! Tests of session events in the journal.

use super::{World, finish, log_in, now, user};
use crate::Directory;
use lamplight_core::Presence;
use lamplight_model::{
    AppSettings, CustomStatus, Platform, SessionEvent, SessionEventKind, StatusAfter, StatusType, Timestamp,
    Version, Visibility,
};

#[test]
fn a_session_event_comes_back_whole_from_the_journal() {
    let (status_type, version) = (StatusType::Online, Version(u64::MAX));
    let after = |visibility| Some(StatusAfter { status_type, version, told_always: true, visibility });
    let kinds = [
        SessionEventKind::Login { kicked: vec![Platform::Web] },
        SessionEventKind::Logout,
        SessionEventKind::LinkClosed,
        SessionEventKind::TimedOut,
        SessionEventKind::CustomStatus(CustomStatus::new("busy", 100).unwrap()),
        SessionEventKind::EndingCustomStatus {
            text: CustomStatus::new("busy", 100).unwrap(),
            expires: Timestamp(9),
        },
        SessionEventKind::CustomStatusExpired,
    ];
    let afters = [None, after(Visibility::Everyone), after(Visibility::Nobody)];
    for (kind, after) in kinds.into_iter().flat_map(|kind| afters.map(|after| (kind.clone(), after))) {
        let event = SessionEvent { ordinal: 7, at: Timestamp(8), device: None, kind, after };
        let again: SessionEvent = postcard::from_bytes(&postcard::to_stdvec(&event).unwrap()).unwrap();
        assert_eq!(again, event);
    }
}

#[test]
fn users_with_session_events_are_found_again_after_a_kill() {
    let world = World::new();
    let mut settings = AppSettings::default();
    settings.webhooks.state_change_url = "https://receiver".to_owned();
    for n in 0..9 {
        log_in(&*world.directory, &user(n), "here", now(0));
        if n % 3 == 1 {
            let custom = CustomStatus::new("busy", 100).unwrap();
            let act =
                |presence: &mut Presence| presence.set_custom_status(custom.clone(), None, &settings, now(1));
            finish((&*world.directory as &dyn Directory).update(&user(n), now(1), act)).unwrap();
        }
    }
    let (directory, _) = world.killed("one", now(2));
    assert_eq!(finish(directory.with_events(0, None, 100)).unwrap(), [1, 4, 7].map(user));
}
