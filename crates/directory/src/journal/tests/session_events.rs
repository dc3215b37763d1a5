//! A test of the form of session events in the journal.

use lamplight_model::{
    CustomStatus, Platform, SessionEvent, SessionEventKind, StatusAfter, StatusType, Timestamp, Version,
    Visibility,
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
