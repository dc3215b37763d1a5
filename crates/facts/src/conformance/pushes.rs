//! Rules about the notices of messages that the app's backend may have to push.

use super::outbox::{PUSH, gone, heads, state};
use super::{at, id, make_accounts, new_message, ok, send, user};
use crate::{Enqueued, Facts, MissedMessages, NewMessage, Sent};
use lamplight_model::{NoticeContent, Platform, PushContent};

/// The message and its notice are stored in one transaction. After a crash, the store has both or neither.
pub async fn a_message_to_push_comes_with_its_notice(facts: &dyn Facts) {
    for name in ["alice", "bob"] {
        ok(facts.create_account(user(name), at(1))).await;
    }
    let devices = vec![Platform::IPhone, Platform::Android];
    let new = |n: &str, push| NewMessage { push, ..new_message("alice", "bob", n, 20) };
    let certain = Some(devices.clone());
    for (n, push, pushed) in [("1", None, false), ("2", certain.clone(), true), ("2", certain, true)] {
        let sent = ok(facts.send_message(new(n, push))).await;
        match sent {
            Sent::Stored(stored) => assert_eq!(stored.push, pushed),
            // The message was pushed when it was first sent, so the retry adds no notice.
            Sent::Repeated(_) => assert_eq!(n, "2"),
            Sent::NoSuchSender | Sent::NoSuchRecipient | Sent::Blocked => panic!("{sent:?}"),
        }
    }
    let heads = heads(facts, PUSH).await;
    let [head] = &heads[..] else { panic!("{heads:?}") };
    let text = new("2", None).body.shown().to_owned();
    let expected = PushContent { from: id("alice"), sequence: 2, at: at(20), text, unread: 2, devices };
    assert_eq!((&head.user, &head.content), (&user("bob"), &NoticeContent::Push(expected)));
    assert_eq!(state(facts, PUSH).await.waiting, 1);
}

/// An undecided notice has no devices. Its message counts as pushed only after a notice with devices was added.
pub async fn an_undecided_notice_leaves_the_message_to_be_pushed(facts: &dyn Facts) {
    make_accounts(facts).await;
    let undecided = NewMessage { push: Some(Vec::new()), ..new_message("alice", "bob", "1", 20) };
    let sent = ok(facts.send_message(undecided)).await;
    assert!(matches!(sent, Sent::Stored(stored) if stored.push));
    let head = heads(facts, PUSH).await.remove(0);
    assert!(head.content.is_undecided());
    for added in [1, 0] {
        let enqueued = ok(facts.push_missed(missed(20, 10))).await;
        assert_eq!(enqueued, Enqueued { added, ..Enqueued::default() });
    }
    ok(facts.settle(vec![gone(head.id)], at(99))).await;
    let head = heads(facts, PUSH).await.remove(0);
    assert!(!head.content.is_undecided());
    let NoticeContent::Push(PushContent { sequence, devices, .. }) = head.content else { panic!() };
    assert_eq!((sequence, devices), (1, vec![Platform::IPhone]));
    // A message to oneself has no notice of any kind.
    let note = NewMessage { push: Some(Vec::new()), ..new_message("bob", "bob", "a note", 21) };
    assert!(matches!(ok(facts.send_message(note)).await, Sent::Stored(stored) if !stored.push));
}

fn missed(since: u64, limit: usize) -> MissedMessages {
    MissedMessages { user: user("bob"), since: at(since), limit, devices: vec![Platform::IPhone], at: at(99) }
}

/// Checks that each missed message is pushed once, in the order of sending. Messages that are too old, read, deleted or
/// already pushed are not pushed, nor are the user's own messages.
pub async fn missed_messages_are_pushed_once(facts: &dyn Facts) {
    make_accounts(facts).await;
    let sends = [
        ("alice", "bob", "old", 19),
        ("alice", "bob", "read", 20),
        ("carol", "bob", "deleted", 20),
        ("carol", "alice", "for another", 20),
        ("bob", "bob", "a note", 20),
    ];
    for (from, to, text, when) in sends {
        send(facts, from, to, text, when).await;
    }
    ok(facts.mark_read(user("bob"), id("alice"), Some(2))).await;
    ok(facts.delete_conversation(user("bob"), id("carol"))).await;
    assert_eq!(ok(facts.push_missed(missed(20, 10))).await, Enqueued::default());

    let pushed = NewMessage { push: Some(vec![Platform::IPad]), ..new_message("carol", "bob", "pushed", 21) };
    ok(facts.send_message(pushed)).await;
    for (from, to, text, when) in [
        ("carol", "bob", "1", 30),
        ("alice", "bob", "2", 31),
        ("bob", "alice", "mine", 32),
        ("carol", "bob", "3", 33),
    ] {
        send(facts, from, to, text, when).await;
    }
    assert_eq!(ok(facts.push_missed(missed(30, 10))).await, Enqueued { added: 3, ..Enqueued::default() });
    assert_eq!(ok(facts.push_missed(missed(0, 10))).await, Enqueued::default());
    let mut texts = Vec::new();
    while let Some(head) = heads(facts, PUSH).await.pop() {
        let NoticeContent::Push(PushContent { text, unread, devices, .. }) = head.content else { panic!() };
        texts.push(text);
        if texts.len() > 1 {
            assert_eq!((unread, devices), (4, vec![Platform::IPhone]));
        }
        ok(facts.settle(vec![gone(head.id)], at(99))).await;
    }
    assert_eq!(texts, ["pushed", "1", "2", "3"]);
    // Messages whose notices were delivered are not pushed again.
    assert_eq!(ok(facts.push_missed(missed(0, 10))).await, Enqueued::default());
}

/// If more than `limit` messages were missed, the newest are pushed.
pub async fn of_many_missed_messages_the_newest_are_pushed(facts: &dyn Facts) {
    make_accounts(facts).await;
    for n in 0..10 {
        send(facts, ["alice", "carol"][n % 2], "bob", &n.to_string(), 20 + n as u64 / 2).await;
    }
    assert_eq!(ok(facts.push_missed(missed(0, 0))).await, Enqueued::default());
    assert_eq!(ok(facts.push_missed(missed(0, 3))).await, Enqueued { added: 3, ..Enqueued::default() });
    assert_eq!(state(facts, PUSH).await.waiting, 3);
    let heads = heads(facts, PUSH).await;
    let [head] = &heads[..] else { panic!("{heads:?}") };
    let NoticeContent::Push(PushContent { at: sent, .. }) = head.content else { panic!() };
    assert_eq!(sent, at(23));
}
