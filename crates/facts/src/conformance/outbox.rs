//! Rules about the outbox.

use super::{APP, NOTHING_REVOKED, OTHER_APP, at, device, id, ok, user};
use crate::{
    DeadLetter, Enqueued, Facts, LaneState, MAX_DEAD_LETTERS, MAX_WAITING_NOTICES, NewNotice, Notice,
    Settled, SettledAs,
};
use lamplight_model::{
    CustomStatus, EventDevice, Hook, Lane, MAX_EVENTS_BETWEEN, NoticeContent, Platform, PushContent,
    SessionEvent, SessionEventKind, StatusAfter, StatusType, User, Version, Visibility,
};

pub(super) const STATE: Lane = Lane { app: APP, hook: Hook::StateChange };
pub(super) const PUSH: Lane = Lane { app: APP, hook: Hook::Push };
const ADDED: Enqueued = Enqueued { added: 1, repeated: 0, suppressed: 0, dropped: 0 };
const TAKEN_BACK: Enqueued = Enqueued { added: 0, suppressed: 1, ..ADDED };

/// A notice is read back unchanged, with all its fields.
pub async fn a_notice_comes_back_whole(facts: &dyn Facts) {
    let login = SessionEvent {
        ordinal: 7,
        at: at(70),
        device: Some(EventDevice {
            id: device("phone \" '"),
            platform: Platform::IPhone,
            address: Some([192, 0, 2, 1].into()),
        }),
        kind: SessionEventKind::Login { kicked: vec![Platform::Web, Platform::Mac] },
        after: Some(StatusAfter {
            status_type: StatusType::Online,
            version: Version(u64::MAX),
            told_always: false,
            visibility: Visibility::Friends,
        }),
    };
    let custom = SessionEvent {
        ordinal: 8,
        at: at(80),
        device: None,
        kind: SessionEventKind::CustomStatus(CustomStatus::new("开会 \"中\"", 100).expect("a good text")),
        after: None,
    };
    let push = NoticeContent::Push(PushContent {
        from: id("bob"),
        sequence: 3,
        at: at(90),
        text: "你好 \0 \u{1f600}".into(),
        unread: 2,
        devices: vec![Platform::Android],
    });
    let contents = [NoticeContent::Session(login), NoticeContent::Session(custom), push];
    for content in contents.clone() {
        assert_eq!(
            enqueue_all(facts, vec![NewNotice { user: user("alice"), content, at: at(100) }]).await,
            ADDED
        );
    }
    let whole = |head: &Notice, content: &NoticeContent| {
        assert_eq!((&head.user, &head.content), (&user("alice"), content));
        assert_eq!((head.queued, head.due, head.attempts, &head.error[..]), (at(100), at(100), 0, ""));
    };
    let first = ok(facts.heads(STATE, 10)).await;
    whole(&first[0], &contents[0]);
    assert_eq!((first.len(), first[0].ordinal, first[0].lane), (1, 7, STATE));
    ok(facts.settle(vec![gone(first[0].id)], at(100))).await;
    whole(&ok(facts.heads(STATE, 10)).await[0], &contents[1]);
    whole(&ok(facts.heads(PUSH, 10)).await[0], &contents[2]);
}

/// A user's next notice is offered only after the previous notice was settled.
pub async fn of_each_user_the_first_notice_is_offered(facts: &dyn Facts) {
    for ordinal in [1, 2, 3] {
        enqueue(facts, "alice", event(ordinal, "phone", SessionEventKind::Logout)).await;
    }
    enqueue(facts, "bob", event(5, "phone", SessionEventKind::Logout)).await;
    for ordinal in [1, 2, 3] {
        let heads = heads(facts, STATE).await;
        let alice: Vec<&Notice> = heads.iter().filter(|head| head.user == user("alice")).collect();
        assert_eq!(alice.iter().map(|head| head.ordinal).collect::<Vec<_>>(), [ordinal]);
        ok(facts.settle(vec![gone(alice[0].id)], at(1))).await;
    }
    assert_eq!(shown(facts, STATE).await, ["bob 5"]);
}

/// A caller that is uncertain whether a notice was stored may store the notice again.
pub async fn a_notice_is_taken_in_once(facts: &dyn Facts) {
    let logout = |ordinal| event(ordinal, "phone", SessionEventKind::Logout);
    enqueue(facts, "alice", logout(1)).await;
    let again = [logout(1), logout(2)].map(|content| new("alice", content)).to_vec();
    assert_eq!(enqueue_all(facts, again).await, Enqueued { repeated: 1, ..ADDED });
    assert_eq!(state(facts, STATE).await.waiting, 2);
    // Another user may have a notice with the same ordinal.
    assert_eq!(enqueue(facts, "bob", logout(1)).await, ADDED);
}

/// Heads are sorted by due time, then by age. Heads that are not yet due are included.
pub async fn heads_come_in_the_order_in_which_they_are_due(facts: &dyn Facts) {
    for (name, when) in [("carol", 30), ("alice", 10), ("dave", 10), ("bob", 20)] {
        let content = event(1, "phone", SessionEventKind::Logout);
        enqueue_all(facts, vec![NewNotice { user: user(name), content, at: at(when) }]).await;
    }
    assert_eq!(shown(facts, STATE).await, ["alice 1", "dave 1", "bob 1", "carol 1"]);
    let first = ok(facts.heads(STATE, 2)).await;
    assert_eq!(first.len(), 2);
    ok(facts.settle(vec![again(first[0].id, 1, 25)], at(11))).await;
    assert_eq!(shown(facts, STATE).await, ["dave 1", "bob 1", "alice 1", "carol 1"]);
}

/// A failed notice stays the first notice of its user, with the error of the failure.
pub async fn a_notice_that_failed_stays_the_first_of_its_user(facts: &dyn Facts) {
    for ordinal in [1, 2] {
        enqueue(facts, "alice", event(ordinal, "phone", SessionEventKind::Logout)).await;
    }
    let head = heads(facts, STATE).await.remove(0);
    ok(facts.settle(vec![again(head.id, 3, 500)], at(10))).await;
    let failed = Notice { attempts: 3, due: at(500), error: "503".into(), ..head };
    assert_eq!(heads(facts, STATE).await, [failed]);
}

/// Notices of different apps or different webhooks do not affect each other.
pub async fn lanes_have_nothing_in_common(facts: &dyn Facts) {
    enqueue(facts, "alice", event(1, "phone", SessionEventKind::Logout)).await;
    enqueue(facts, "alice", push(1)).await;
    let other = User::new(OTHER_APP, id("alice"));
    let content = event(1, "phone", SessionEventKind::Logout);
    assert_eq!(enqueue_all(facts, vec![NewNotice { user: other, content, at: at(1) }]).await, ADDED);
    let other = Lane { app: OTHER_APP, hook: Hook::StateChange };
    for lane in [STATE, PUSH, other] {
        assert_eq!(shown(facts, lane).await, ["alice 1"]);
        assert_eq!(state(facts, lane).await.waiting, 1);
    }
    let head = heads(facts, STATE).await.remove(0);
    ok(facts.settle(vec![dead(head.id)], at(1))).await;
    assert_eq!(ok(facts.dead_letters(OTHER_APP, None, 10)).await, []);
    let letter = ok(facts.dead_letters(APP, None, 10)).await.remove(0);
    assert_eq!(ok(facts.resend(OTHER_APP, vec![letter.id], at(1))).await, 0);
    assert_eq!(ok(facts.drop_dead_letters(OTHER_APP, vec![letter.id])).await, 0);
    assert_eq!(ok(facts.dead_letters(APP, None, 10)).await, [letter]);
}

/// Each notice without an ordinal comes after all earlier notices.
pub async fn notices_without_an_ordinal_go_last(facts: &dyn Facts) {
    for sequence in [9, 2, 5] {
        enqueue(facts, "alice", push(sequence)).await;
    }
    let mut told = Vec::new();
    while let Some(head) = heads(facts, PUSH).await.pop() {
        let NoticeContent::Push(content) = &head.content else { panic!("{head:?}") };
        told.push(content.sequence);
        ok(facts.settle(vec![gone(head.id)], at(1))).await;
    }
    assert_eq!(told, [9, 2, 5]);
}

/// If a device returns before its disconnect was sent, neither the disconnect nor the login is sent. Events between the
/// disconnect and the login report the user as ONLINE.
pub async fn a_login_takes_the_disconnect_of_its_device_away(facts: &dyn Facts) {
    enqueue(facts, "alice", event(1, "phone", SessionEventKind::LinkClosed)).await;
    enqueue(facts, "alice", event(2, "mac", SessionEventKind::TimedOut)).await;
    enqueue(facts, "bob", event(1, "phone", SessionEventKind::LinkClosed)).await;
    assert_eq!(enqueue(facts, "alice", login(4, "phone")).await, TAKEN_BACK);
    assert_eq!(shown(facts, STATE).await, ["alice 2", "bob 1"]);
    assert_eq!(state(facts, STATE).await.waiting, 2);
    let NoticeContent::Session(mac) = heads(facts, STATE).await.remove(0).content else { panic!() };
    assert_eq!((mac.kind, mac.after), (SessionEventKind::TimedOut, after(4)));

    assert_eq!(enqueue(facts, "alice", login(5, "mac")).await, TAKEN_BACK);
    assert_eq!(shown(facts, STATE).await, ["bob 1"]);
    assert_eq!(state(facts, STATE).await.waiting, 1);
    // The same applies within one transaction.
    let both = [event(6, "mac", SessionEventKind::LinkClosed), login(7, "mac")];
    let done = enqueue_all(facts, both.map(|content| new("alice", content)).to_vec()).await;
    assert_eq!(done, Enqueued { added: 1, ..TAKEN_BACK });
    assert_eq!(shown(facts, STATE).await, ["bob 1"]);
}

/// If a login does not cancel the disconnect, both are sent, because a receiver pairs disconnects with logins.
pub async fn a_login_that_says_more_than_that_its_device_is_back_is_told(facts: &dyn Facts) {
    let kicks = |kicked| SessionEventKind::Login { kicked };
    let android = vec![Platform::Android];
    let cases = [
        // The device was logged out in between, so the login is a new one.
        ("logged out", event(2, "phone", SessionEventKind::Logout), login(3, "phone")),
        ("perhaps kicked", event(2, "pad", kicks(android.clone())), login(3, "phone")),
        ("kicks", event(2, "mac", SessionEventKind::LinkClosed), event(3, "phone", kicks(android))),
        ("told always", always(event(2, "mac", SessionEventKind::LinkClosed)), login(3, "phone")),
    ];
    for (name, between, back) in cases {
        enqueue(facts, name, event(1, "phone", SessionEventKind::LinkClosed)).await;
        enqueue(facts, name, between).await;
        assert_eq!(enqueue(facts, name, back).await, ADDED, "{name}");
        assert!(shown(facts, STATE).await.contains(&format!("{name} 1")), "{name}");
    }
    assert_eq!(state(facts, STATE).await.waiting, 12);

    // The two devices were disconnected in one step, and the first event has already reported that the user is not
    // ONLINE.
    enqueue(facts, "both", event(1, "mac", SessionEventKind::LinkClosed)).await;
    enqueue(facts, "both", always(event(2, "phone", SessionEventKind::LinkClosed))).await;
    assert_eq!(enqueue(facts, "both", login(3, "phone")).await, ADDED);
}

/// If the receiver may already have the disconnect, the following login is sent.
pub async fn a_disconnect_that_was_handed_out_is_not_taken_back(facts: &dyn Facts) {
    enqueue(facts, "alice", event(1, "phone", SessionEventKind::LinkClosed)).await;
    let head = heads(facts, STATE).await.remove(0);
    assert!(ok(facts.hand_out(head.id)).await);
    assert_eq!(heads(facts, STATE).await, std::slice::from_ref(&head), "it is told, and not settled yet");
    assert_eq!(enqueue(facts, "alice", login(2, "phone")).await, ADDED);
    assert_eq!(state(facts, STATE).await.waiting, 2);
    ok(facts.settle(vec![gone(head.id)], at(1))).await;
    assert_eq!(shown(facts, STATE).await, ["alice 2"]);
    assert!(!ok(facts.hand_out(head.id)).await, "it is gone");

    enqueue(facts, "bob", event(1, "phone", SessionEventKind::LinkClosed)).await;
    let taken = heads(facts, STATE).await.pop().expect("bob's");
    assert_eq!(enqueue(facts, "bob", login(2, "phone")).await, TAKEN_BACK);
    assert!(!ok(facts.hand_out(taken.id)).await, "it was taken back before");
}

/// A login cancels a disconnect only if few events are between them.
pub async fn a_disconnect_far_behind_is_not_taken_back(facts: &dyn Facts) {
    let far = MAX_EVENTS_BETWEEN as u64 + 2;
    for (name, others) in [("near", 2..far), ("far", 2..far + 1)] {
        enqueue(facts, name, event(1, "phone", SessionEventKind::LinkClosed)).await;
        for ordinal in others {
            enqueue(facts, name, event(ordinal, "mac", SessionEventKind::Logout)).await;
        }
    }
    assert_eq!(enqueue(facts, "near", login(far + 1, "phone")).await, TAKEN_BACK);
    assert_eq!(enqueue(facts, "far", login(far + 1, "phone")).await, ADDED);
}

/// A crash may repeat a login event. The repeated event does not cancel a later disconnect.
pub async fn a_login_leaves_the_disconnect_that_came_after_it(facts: &dyn Facts) {
    let login = login(1, "phone");
    enqueue(facts, "alice", login.clone()).await;
    enqueue(facts, "alice", event(2, "phone", SessionEventKind::LinkClosed)).await;
    assert_eq!(enqueue(facts, "alice", login).await, Enqueued { repeated: 1, added: 0, ..ADDED });
    assert_eq!(state(facts, STATE).await.waiting, 2);
}

/// Events may be repeated after a crash. If a login has cancelled a disconnect, neither event is stored again. If the
/// disconnect was already sent, the repeated login is stored.
pub async fn events_that_are_said_again_after_a_crash_are_passed_over(facts: &dyn Facts) {
    let closed = |ordinal| event(ordinal, "phone", SessionEventKind::LinkClosed);
    let pair = || vec![new("alice", closed(1)), new("alice", login(2, "phone"))];
    let repeated = |repeated| Enqueued { added: 0, repeated, ..ADDED };
    assert_eq!(enqueue_all(facts, pair()).await, Enqueued { added: 1, ..TAKEN_BACK });
    assert_eq!(enqueue_all(facts, pair()).await, repeated(2));
    assert_eq!(shown(facts, STATE).await, [""; 0]);

    enqueue(facts, "bob", closed(1)).await;
    let sent = heads(facts, STATE).await.remove(0);
    assert!(ok(facts.hand_out(sent.id)).await);
    ok(facts.settle(vec![gone(sent.id)], at(2))).await;
    let both = [closed(1), login(3, "phone")].map(|content| new("bob", content)).to_vec();
    assert_eq!(enqueue_all(facts, both).await, Enqueued { repeated: 1, ..ADDED });
    assert_eq!(shown(facts, STATE).await, ["bob 3"]);
}

/// After the caller has confirmed that it will not repeat old events, the store forgets their ordinals. It then accepts
/// a new record, whose ordinals may be lower because a clock was set back.
pub async fn events_that_the_caller_knows_of_are_forgotten(facts: &dyn Facts) {
    let logout = |ordinal| event(ordinal, "phone", SessionEventKind::Logout);
    for ordinal in [5, 6] {
        enqueue(facts, "alice", logout(ordinal)).await;
    }
    ok(facts.forget_taken_in(vec![(user("alice"), 5), (user("bob"), 9)], vec![])).await;
    assert_eq!(enqueue(facts, "alice", logout(4)).await.repeated, 1, "6 is not known yet");
    ok(facts.forget_taken_in(vec![(user("alice"), 6)], vec![])).await;
    assert_eq!(enqueue(facts, "alice", logout(4)).await, ADDED);
    assert_eq!(state(facts, STATE).await.waiting, 3);
}

/// After a notice has become a dead letter, the next notice of the user is offered.
pub async fn a_dead_notice_is_kept_and_holds_nobody_up(facts: &dyn Facts) {
    for ordinal in [1, 2] {
        enqueue(facts, "alice", event(ordinal, "phone", SessionEventKind::Logout)).await;
    }
    let head = heads(facts, STATE).await.remove(0);
    ok(facts.settle(vec![dead(head.id)], at(77))).await;
    assert_eq!(shown(facts, STATE).await, ["alice 2"]);
    let letter = ok(facts.dead_letters(APP, None, 10)).await.remove(0);
    let Notice { id: _, lane, user, ordinal, content, queued, .. } = head;
    let (attempts, died, error) = (16, at(77), "500".to_owned());
    let expected = DeadLetter { id: letter.id, lane, user, ordinal, content, queued, attempts, died, error };
    assert_eq!(letter, expected);
}

/// Dead letters are listed in the order in which they became dead letters.
pub async fn dead_letters_are_listed_in_pages(facts: &dyn Facts) {
    let names = ["carol", "alice", "bob"];
    for name in names {
        enqueue(facts, name, event(1, "phone", SessionEventKind::Logout)).await;
        let heads = heads(facts, STATE).await;
        ok(facts.settle(vec![dead(heads[0].id)], at(1))).await;
    }
    let first = ok(facts.dead_letters(APP, None, 2)).await;
    let rest = ok(facts.dead_letters(APP, Some(first[1].id), 2)).await;
    let told: Vec<&str> = first.iter().chain(&rest).map(|letter| letter.user.id.as_str()).collect();
    assert_eq!(told, names);
    assert_eq!(ok(facts.dead_letters(APP, Some(rest[0].id), 2)).await, []);
}

/// A dead letter that is queued again precedes later, unsent notices of its user.
pub async fn a_dead_letter_that_is_sent_again_keeps_its_place(facts: &dyn Facts) {
    for ordinal in [1, 2] {
        enqueue(facts, "alice", event(ordinal, "phone", SessionEventKind::Logout)).await;
    }
    let head = heads(facts, STATE).await.remove(0);
    ok(facts.settle(vec![dead(head.id)], at(1))).await;
    let letter = ok(facts.dead_letters(APP, None, 10)).await.remove(0);
    assert_eq!(ok(facts.resend(APP, vec![letter.id, letter.id + 1], at(900))).await, 1);
    assert_eq!(ok(facts.resend(APP, vec![letter.id], at(900))).await, 0);
    assert_eq!(ok(facts.dead_letters(APP, None, 10)).await, []);
    let first = heads(facts, STATE).await;
    assert_eq!((first.len(), first[0].ordinal, first[0].attempts), (1, 1, 0));
    assert_eq!((first[0].queued, first[0].due), (at(900), at(900)));
    assert_ne!(first[0].id, head.id);
    let LaneState { waiting, dead, .. } = state(facts, STATE).await;
    assert_eq!((waiting, dead), (2, 0));
    ok(facts.settle(vec![gone(first[0].id)], at(901))).await;
    assert_eq!(shown(facts, STATE).await, ["alice 2"]);
}

/// Deleted dead letters cannot be queued again.
pub async fn dead_letters_are_dropped(facts: &dyn Facts) {
    for name in ["alice", "bob"] {
        enqueue(facts, name, event(1, "phone", SessionEventKind::Logout)).await;
    }
    let dying = heads(facts, STATE).await.iter().map(|head| dead(head.id)).collect();
    ok(facts.settle(dying, at(1))).await;
    let letters = ok(facts.dead_letters(APP, None, 10)).await;
    assert_eq!(ok(facts.drop_dead_letters(APP, vec![letters[0].id, 999])).await, 1);
    assert_eq!(ok(facts.dead_letters(APP, None, 10)).await, letters[1..]);
    assert_eq!(state(facts, STATE).await.dead, 1);
}

/// An outcome that is reported after its notice was removed has no effect.
pub async fn what_is_settled_late_changes_nothing(facts: &dyn Facts) {
    enqueue(facts, "alice", event(1, "phone", SessionEventKind::LinkClosed)).await;
    let head = heads(facts, STATE).await.remove(0);
    assert_eq!(enqueue(facts, "alice", login(2, "phone")).await, TAKEN_BACK);
    let before = (heads(facts, STATE).await, state(facts, STATE).await);
    for late in [gone(head.id), again(head.id, 1, 5), dead(head.id)] {
        assert_eq!(ok(facts.settle(vec![late], at(9))).await, 0);
        assert_eq!((heads(facts, STATE).await, state(facts, STATE).await), before);
        assert_eq!(ok(facts.dead_letters(APP, None, 10)).await, []);
    }
}

/// The backend still gets the notices of a deleted account.
pub async fn a_deleted_account_leaves_its_notices(facts: &dyn Facts) {
    ok(facts.create_account(user("alice"), at(1))).await;
    enqueue(facts, "alice", event(1, "phone", SessionEventKind::Logout)).await;
    assert!(ok(facts.delete_account(user("alice"), NOTHING_REVOKED)).await.is_some());
    assert_eq!(shown(facts, STATE).await, ["alice 1"]);
}

/// Waiting notices are counted for each lane. The time of the oldest head is reported too.
pub async fn what_waits_is_counted(facts: &dyn Facts) {
    assert_eq!(ok(facts.lanes()).await, []);
    for (name, ordinal, when) in [("alice", 1, 30), ("alice", 2, 40), ("bob", 1, 20)] {
        let content = event(ordinal, "phone", SessionEventKind::Logout);
        enqueue_all(facts, vec![NewNotice { user: user(name), content, at: at(when) }]).await;
    }
    let expected = LaneState { lane: STATE, waiting: 3, oldest: Some(at(20)), dead: 0 };
    assert_eq!(ok(facts.lanes()).await, [expected]);
    let bob = heads(facts, STATE).await.remove(0);
    ok(facts.settle(vec![dead(bob.id)], at(50))).await;
    let expected = LaneState { waiting: 2, oldest: Some(at(30)), dead: 1, ..expected };
    assert_eq!(ok(facts.lanes()).await, [expected]);
    for _ in 0..2 {
        let head = heads(facts, STATE).await.remove(0);
        ok(facts.settle(vec![gone(head.id)], at(60))).await;
    }
    assert_eq!(ok(facts.lanes()).await, [LaneState { waiting: 0, oldest: None, ..expected }]);
}

/// The limit of an app applies to its two webhooks together. Each app has its own limit.
pub async fn beyond_the_bound_notices_are_dropped(facts: &dyn Facts) {
    let logout = |app, ordinal: usize| NewNotice {
        user: User::new(app, id(&format!("user {}", ordinal % 100))),
        content: event(ordinal as u64, "phone", SessionEventKind::Logout),
        at: at(1),
    };
    let all: Vec<usize> = (1..=MAX_WAITING_NOTICES).collect();
    for some in all.chunks(20_000) {
        let notices = some.iter().map(|ordinal| logout(APP, *ordinal)).collect();
        let expected = Enqueued { added: some.len(), ..Enqueued::default() };
        assert_eq!(enqueue_all(facts, notices).await, expected);
    }
    let full = Enqueued { dropped: 1, ..Enqueued::default() };
    assert_eq!(enqueue_all(facts, vec![logout(APP, MAX_WAITING_NOTICES + 1)]).await, full);
    assert_eq!(enqueue(facts, "alice", push(1)).await, full);
    assert_eq!(enqueue_all(facts, vec![logout(OTHER_APP, 1)]).await, ADDED);
    let head = heads(facts, STATE).await.remove(0);
    ok(facts.settle(vec![gone(head.id)], at(2))).await;
    assert_eq!(enqueue(facts, "alice", push(1)).await, ADDED);
    assert_eq!(enqueue(facts, "alice", push(2)).await, full);
}

/// Above the limit, the newest dead letters are kept.
pub async fn beyond_the_bound_the_oldest_dead_letters_go(facts: &dyn Facts) {
    let die = async |count: usize, name: &str| -> usize {
        let notices = (0..count)
            .map(|n| new(&format!("{name} {n:05}"), event(1, "phone", SessionEventKind::Logout)))
            .collect();
        enqueue_all(facts, notices).await;
        let dying = ok(facts.heads(STATE, count)).await.iter().map(|head| dead(head.id)).collect();
        ok(facts.settle(dying, at(1))).await
    };
    assert_eq!(die(MAX_DEAD_LETTERS, "old").await, 0);
    assert_eq!(state(facts, STATE).await.dead, MAX_DEAD_LETTERS as u64);
    assert_eq!(die(2, "new").await, 2);
    assert_eq!(state(facts, STATE).await.dead, MAX_DEAD_LETTERS as u64);
    let letters = ok(facts.dead_letters(APP, None, usize::MAX)).await;
    assert_eq!(letters.len(), MAX_DEAD_LETTERS);
    assert_eq!(letters[0].user.id.as_str(), "old 00002");
    assert_eq!(letters[MAX_DEAD_LETTERS - 1].user.id.as_str(), "new 00001");
}

// Helpers of these rules

fn event(ordinal: u64, on: &str, kind: SessionEventKind) -> NoticeContent {
    let device = EventDevice { id: device(on), platform: Platform::Android, address: None };
    NoticeContent::Session(SessionEvent {
        ordinal,
        at: at(ordinal),
        device: Some(device),
        kind,
        after: after(ordinal),
    })
}

pub(super) fn logout(ordinal: u64) -> NoticeContent {
    event(ordinal, "phone", SessionEventKind::Logout)
}

pub(super) fn login(ordinal: u64, on: &str) -> NoticeContent {
    event(ordinal, on, SessionEventKind::Login { kicked: Vec::new() })
}

/// Marks the event as one that must always be sent.
fn always(content: NoticeContent) -> NoticeContent {
    let NoticeContent::Session(event) = content else { unreachable!("it is a session event") };
    let after = event.after.map(|after| StatusAfter { told_always: true, ..after });
    NoticeContent::Session(SessionEvent { after, ..event })
}

/// Makes an OFFLINE status with this version.
fn after(version: u64) -> Option<StatusAfter> {
    Some(StatusAfter {
        status_type: StatusType::Offline,
        version: Version(version),
        told_always: false,
        visibility: Visibility::Everyone,
    })
}

pub(super) fn push(sequence: u64) -> NoticeContent {
    let (text, devices) = ("hi".to_owned(), vec![Platform::Android]);
    NoticeContent::Push(PushContent { from: id("bob"), sequence, at: at(1), text, unread: 1, devices })
}

fn new(name: &str, content: NoticeContent) -> NewNotice {
    NewNotice { user: user(name), content, at: at(1) }
}

pub(super) async fn enqueue(facts: &dyn Facts, name: &str, content: NoticeContent) -> Enqueued {
    enqueue_all(facts, vec![new(name, content)]).await
}

pub(super) async fn enqueue_all(facts: &dyn Facts, notices: Vec<NewNotice>) -> Enqueued {
    ok(facts.enqueue(notices, vec![])).await.expect("no term has ended")
}

pub(super) fn gone(id: u64) -> Settled {
    Settled { id, term: None, settled: SettledAs::Gone }
}

fn again(id: u64, attempts: u32, due: u64) -> Settled {
    Settled { id, term: None, settled: SettledAs::Again { attempts, due: at(due), error: "503".into() } }
}

fn dead(id: u64) -> Settled {
    Settled { id, term: None, settled: SettledAs::Dead { attempts: 16, error: "500".into() } }
}

pub(super) async fn heads(facts: &dyn Facts, lane: Lane) -> Vec<Notice> {
    ok(facts.heads(lane, 1_000)).await
}

/// Returns the first notice of each user in a lane, as text with user and ordinal.
pub(super) async fn shown(facts: &dyn Facts, lane: Lane) -> Vec<String> {
    let show = |head: Notice| format!("{} {}", head.user.id, head.ordinal);
    heads(facts, lane).await.into_iter().map(show).collect()
}

pub(super) async fn state(facts: &dyn Facts, lane: Lane) -> LaneState {
    let lanes = ok(facts.lanes()).await;
    lanes.into_iter().find(|state| state.lane == lane).expect("something was in the lane")
}
