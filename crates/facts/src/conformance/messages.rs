//! The rules of the [conformance suite](super) about messages.

use super::{
    APP, NOTHING_REVOKED, OTHER_APP, at, befriend, client_id, custom, history, id, make_accounts,
    new_message, ok, rows, send, state, user,
};
use crate::{Facts, ListsState, NewMessage, RETRY_TIME, Sent};
use futures_util::future::join_all;
use lamplight_model::{Message, User};
use std::slice::from_ref;

/// The age in milliseconds at which an equal message is no longer a retry.
const RETRY: u64 = RETRY_TIME.as_secs() * 1_000;

/// The message is in the histories and conversation lists of both users. For the recipient, it is unread.
pub async fn a_message_is_stored_for_both(facts: &dyn Facts) {
    make_accounts(facts).await;
    befriend(facts, user("bob"), id("alice"), false, "A.".into()).await;
    let stored = send(facts, "alice", "bob", "hi", 20).await;
    let message = Message {
        from: id("alice"),
        to: id("bob"),
        sequence: 1,
        at: at(20),
        body: "hi".into(),
        client_id: client_id("hi"),
    };
    assert_eq!(stored.message, message);
    let ends = [("alice", "bob", 0, 2, "", stored.sender), ("bob", "alice", 1, 3, "A.", stored.recipient)];
    for (owner, peer, unread, version, remark, set) in ends {
        assert!(set.changed);
        assert_eq!(set.state, ListsState { version, total_unread: unread });
        assert_eq!(state(facts, owner).await, set.state);
        let row = set.conversation;
        assert_eq!((&row.peer, row.unread, row.read_sequence), (&id(peer), unread, 0));
        assert_eq!((row.pinned, row.active, &*row.remark), (false, at(20), remark));
        assert_eq!(row.last.as_ref(), Some(&message));
        assert_eq!(ok(facts.conversation(user(owner), id(peer))).await, Some(row.clone()));
        assert_eq!(ok(facts.conversations(user(owner), None, 10)).await, [row]);
        assert_eq!(ok(facts.history(user(owner), id(peer), None, 10)).await, from_ref(&message));
    }
    assert_eq!(rows(facts, "carol").await, [""; 0]);
}

/// If either user has no account, the message is not stored. No sequence is used, and no version is incremented.
pub async fn a_message_needs_two_accounts(facts: &dyn Facts) {
    ok(facts.create_account(user("alice"), at(1))).await;
    let nobody = ok(facts.send_message(new_message("alice", "nobody", "1", 2))).await;
    assert_eq!(nobody, Sent::NoSuchRecipient);
    let nobody = ok(facts.send_message(new_message("nobody", "alice", "1", 2))).await;
    assert_eq!(nobody, Sent::NoSuchSender);
    let nobody = ok(facts.send_message(new_message("nobody", "nobody", "1", 2))).await;
    assert_eq!(nobody, Sent::NoSuchSender);
    assert_eq!(state(facts, "alice").await, ListsState { version: 1, total_unread: 0 });
    assert_eq!(rows(facts, "alice").await, [""; 0]);
    ok(facts.create_account(user("nobody"), at(1))).await;
    assert_eq!(send(facts, "alice", "nobody", "1", 3).await.message.sequence, 1);
}

/// The messages of two users, in both directions, are numbered in one sequence. Each pair of users has its own
/// sequence.
pub async fn sequences_count_both_directions_from_1(facts: &dyn Facts) {
    make_accounts(facts).await;
    let sends = [("alice", "bob", 1), ("bob", "alice", 2), ("bob", "carol", 1), ("carol", "alice", 1)];
    for (from, to, expected) in sends {
        let text = format!("to {to}");
        assert_eq!(send(facts, from, to, &text, 5).await.message.sequence, expected, "{from} to {to}");
    }
    assert_eq!(send(facts, "alice", "bob", "next", 5).await.message.sequence, 3);
    assert_eq!(history(facts, "bob", "alice").await, ["3 alice: next", "2 bob: to alice", "1 alice: to bob"]);
}

/// Within the retry time, a retry returns the stored message and changes nothing, even if other messages were sent
/// after the stored one.
pub async fn a_retry_is_stored_once(facts: &dyn Facts) {
    make_accounts(facts).await;
    let first = send(facts, "bob", "alice", "1", 20).await;
    send(facts, "bob", "alice", "2", 21).await;
    send(facts, "alice", "bob", "1", 22).await;
    let before = [state(facts, "alice").await, state(facts, "bob").await];
    // The last of these times is in the past, as after the clock was set back.
    for when in [20, 30, 19 + RETRY, 0] {
        let again = ok(facts.send_message(new_message("bob", "alice", "1", when))).await;
        assert_eq!(again, Sent::Repeated(first.message.clone()), "at {when}");
    }
    assert_eq!([state(facts, "alice").await, state(facts, "bob").await], before);
    assert_eq!(history(facts, "alice", "bob").await, ["3 alice: 1", "2 bob: 2", "1 bob: 1"]);
}

/// A message with the same client id is new if its recipient or text differs. It is also new after the retry time.
pub async fn what_differs_from_a_message_is_no_retry_of_it(facts: &dyn Facts) {
    make_accounts(facts).await;
    send(facts, "bob", "alice", "1", 20).await;
    let again = new_message("bob", "alice", "1", 20);
    let others = [
        (NewMessage { body: "another".into(), ..again.clone() }, 2),
        (NewMessage { body: "1 ".into(), ..again.clone() }, 3),
        (NewMessage { body: "".into(), ..again.clone() }, 4),
        (NewMessage { body: custom("", "1", ""), ..again.clone() }, 5),
        (NewMessage { body: custom("1", "1", ""), ..again.clone() }, 6),
        (NewMessage { body: custom("", "1", "1"), ..again.clone() }, 7),
        (NewMessage { to: id("carol"), ..again.clone() }, 1),
        (NewMessage { to: id("bob"), ..again.clone() }, 1),
        (NewMessage { client_id: client_id("2"), ..again.clone() }, 8),
        (NewMessage { at: at(20 + RETRY), ..again.clone() }, 9),
    ];
    for (other, sequence) in others {
        let Sent::Stored(stored) = ok(facts.send_message(other.clone())).await else { panic!("{other:?}") };
        assert_eq!(stored.message.sequence, sequence, "{other:?}");
        // Each of these messages can be retried. If two stored messages match, the later one is returned.
        assert_eq!(ok(facts.send_message(other)).await, Sent::Repeated(stored.message));
    }
    let nobody = NewMessage { to: id("nobody"), ..again };
    assert_eq!(ok(facts.send_message(nobody)).await, Sent::NoSuchRecipient);
    assert_eq!(state(facts, "alice").await.total_unread, 9);
}

/// A retry is detected even after the recipient's account and the sender's conversation were deleted.
pub async fn a_retry_is_known_when_the_conversation_is_gone(facts: &dyn Facts) {
    make_accounts(facts).await;
    let first = send(facts, "alice", "bob", "1", 20).await;
    ok(facts.delete_conversation(user("alice"), id("bob"))).await;
    ok(facts.delete_account(user("bob"), NOTHING_REVOKED)).await;
    let again = ok(facts.send_message(new_message("alice", "bob", "1", 20))).await;
    assert_eq!(again, Sent::Repeated(first.message));
    assert_eq!(rows(facts, "alice").await, [""; 0]);
}

/// Client ids of different senders or apps are unrelated.
pub async fn client_ids_are_those_of_a_sender(facts: &dyn Facts) {
    make_accounts(facts).await;
    for name in ["alice", "bob"] {
        ok(facts.create_account(User::new(OTHER_APP, id(name)), at(1))).await;
    }
    send(facts, "alice", "bob", "1", 20).await;
    send(facts, "bob", "alice", "1", 20).await;
    let elsewhere =
        NewMessage { from: User::new(OTHER_APP, id("alice")), ..new_message("alice", "bob", "1", 20) };
    assert!(matches!(ok(facts.send_message(elsewhere)).await, Sent::Stored(_)));
    // Case and blanks are significant.
    for (n, text) in ["a", "A", " a", "a "].into_iter().enumerate() {
        assert_eq!(send(facts, "alice", "carol", text, 20).await.message.sequence, n as u64 + 1);
    }
}

/// An account that is created again may reuse client ids of the deleted account. It sees no messages of the deleted
/// account.
pub async fn an_account_made_again_is_another_sender(facts: &dyn Facts) {
    make_accounts(facts).await;
    send(facts, "alice", "bob", "1", 20).await;
    send(facts, "bob", "alice", "2", 21).await;
    ok(facts.delete_account(user("alice"), NOTHING_REVOKED)).await;
    ok(facts.create_account(user("alice"), at(30))).await;
    assert_eq!(rows(facts, "alice").await, [""; 0]);
    assert_eq!(history(facts, "alice", "bob").await, [""; 0]);
    assert_eq!(state(facts, "alice").await, ListsState { version: 30, total_unread: 0 });
    assert_eq!(send(facts, "alice", "bob", "1", 31).await.message.sequence, 3);
    assert_eq!(history(facts, "alice", "bob").await, ["3 alice: 1"]);
    assert_eq!(history(facts, "bob", "alice").await, ["3 alice: 1", "2 bob: 2", "1 alice: 1"]);
}

/// A message to oneself is stored once, in one row, and is not unread.
pub async fn a_message_to_oneself_is_one_and_read(facts: &dyn Facts) {
    make_accounts(facts).await;
    let stored = send(facts, "alice", "alice", "1", 20).await;
    assert_eq!(stored.sender, stored.recipient);
    assert_eq!(stored.sender.state, ListsState { version: 2, total_unread: 0 });
    send(facts, "alice", "alice", "2", 21).await;
    assert_eq!(rows(facts, "alice").await, ["alice: 2 (alice, 21)"]);
    assert_eq!(history(facts, "alice", "alice").await, ["2 alice: 2", "1 alice: 1"]);
    let read = ok(facts.mark_read(user("alice"), id("alice"), Some(1))).await.expect("there is a row");
    assert_eq!((read.conversation.unread, read.state.total_unread), (0, 0));
    ok(facts.delete_conversation(user("alice"), id("alice"))).await;
    assert_eq!(history(facts, "alice", "alice").await, [""; 0]);
}

/// A page contains up to `limit` messages before its cursor.
pub async fn a_history_comes_in_pages_newest_first(facts: &dyn Facts) {
    make_accounts(facts).await;
    for n in 1..=5 {
        let (from, to) = if n % 2 == 0 { ("alice", "bob") } else { ("bob", "alice") };
        send(facts, from, to, &n.to_string(), 20).await;
    }
    send(facts, "alice", "carol", "elsewhere", 20).await;
    let cases: [(Option<u64>, usize, &[u64]); 9] = [
        (None, 2, &[5, 4]),
        (Some(4), 2, &[3, 2]),
        (Some(2), 2, &[1]),
        (Some(1), 2, &[]),
        (Some(0), 2, &[]),
        (Some(99), 2, &[5, 4]),
        (Some(u64::MAX), 1, &[5]),
        (None, 0, &[]),
        (None, usize::MAX, &[5, 4, 3, 2, 1]),
    ];
    for (before, limit, expected) in cases {
        for (owner, peer) in [("alice", "bob"), ("bob", "alice")] {
            let page = ok(facts.history(user(owner), id(peer), before, limit)).await;
            let sequences: Vec<u64> = page.iter().map(|message| message.sequence).collect();
            assert_eq!(sequences, expected, "{limit} before {before:?}");
        }
    }
    assert_eq!(history(facts, "alice", "nobody").await, [""; 0]);
    assert_eq!(history(facts, "nobody", "alice").await, [""; 0]);
}

/// Texts are stored unchanged: they are not trimmed, folded, truncated or interpreted.
pub async fn texts_are_kept_to_the_byte(facts: &dyn Facts) {
    make_accounts(facts).await;
    let long = "长".repeat(20_000);
    let texts =
        [" ", "a\r\nb\n", "'); DROP TABLE messages; --", "007", "é", "e\u{301}", "a\0b", "NULL", "😀", &long];
    for (n, text) in texts.into_iter().enumerate() {
        let new = NewMessage { body: text.into(), ..new_message("alice", "bob", &n.to_string(), 20) };
        let Sent::Stored(stored) = ok(facts.send_message(new)).await else { panic!("it is new") };
        assert_eq!(stored.message.body, text.into());
        let history = ok(facts.history(user("bob"), id("alice"), None, 1)).await;
        assert_eq!(history, [stored.message]);
    }
    let longest = "~ \"'\\%_".repeat(10)[..64].to_owned();
    let new = NewMessage { client_id: client_id(&longest), ..new_message("bob", "alice", "x", 20) };
    assert!(matches!(ok(facts.send_message(new.clone())).await, Sent::Stored(_)));
    assert!(matches!(ok(facts.send_message(new)).await, Sent::Repeated(_)));
    let newest = ok(facts.history(user("alice"), id("bob"), None, 1)).await.remove(0);
    assert_eq!(newest.client_id.as_str(), longest);
}

/// Custom content is returned unchanged: in the result, in a history and as the last message of a conversation.
pub async fn custom_content_is_kept_to_the_byte(facts: &dyn Facts) {
    make_accounts(facts).await;
    let long = "长".repeat(20_000);
    let bodies = [
        custom("{\"answer\": 42}", "a question", ""),
        custom("", "", "a\0b'\"\\"),
        custom(&long, "[]", "NULL"),
        custom("", "only shown", ""),
    ];
    for (n, body) in bodies.into_iter().enumerate() {
        let new = NewMessage { body: body.clone(), ..new_message("alice", "bob", &n.to_string(), 20) };
        let Sent::Stored(stored) = ok(facts.send_message(new)).await else { panic!("it is new") };
        assert_eq!(stored.message.body, body);
        let page = ok(facts.conversations(user("bob"), None, 1)).await;
        assert_eq!(page[0].last.as_ref(), Some(&stored.message));
        assert_eq!(ok(facts.history(user("bob"), id("alice"), None, 1)).await, [stored.message]);
    }
}

/// Users with the same `userID` in two apps have separate messages.
pub async fn messages_stay_in_their_app(facts: &dyn Facts) {
    make_accounts(facts).await;
    let other = |name| User::new(OTHER_APP, id(name));
    for name in ["alice", "bob"] {
        ok(facts.create_account(other(name), at(1))).await;
    }
    send(facts, "alice", "bob", "1", 20).await;
    for name in ["alice", "bob"] {
        assert_eq!(ok(facts.conversations(other(name), None, 10)).await, []);
        let state = ok(facts.lists_states(vec![other(name)])).await;
        assert_eq!(state, [Some(ListsState { version: 1, total_unread: 0 })]);
    }
    let new = NewMessage { from: other("alice"), ..new_message("alice", "bob", "2", 20) };
    let Sent::Stored(stored) = ok(facts.send_message(new)).await else { panic!("it is new") };
    assert_eq!(stored.message.sequence, 1);
    assert_eq!(ok(facts.history(other("bob"), id("alice"), None, 10)).await.len(), 1);
    assert_eq!(ok(facts.mark_read(other("bob"), id("alice"), None)).await.map(|set| set.changed), Some(true));
    assert_eq!(state(facts, "bob").await.total_unread, 1);
    ok(facts.delete_conversation(other("alice"), id("bob"))).await;
    assert_eq!(rows(facts, "alice").await, ["bob: 1 (alice, 20)"]);
}

/// Many concurrent messages in both directions get sequences without gaps.
pub async fn many_senders_at_once_leave_no_gap(facts: &dyn Facts) {
    make_accounts(facts).await;
    let sends = (0..120).map(|n| {
        let (from, to) = [("alice", "bob"), ("bob", "alice"), ("carol", "bob")][n % 3];
        facts.send_message(new_message(from, to, &n.to_string(), 20))
    });
    for sent in join_all(sends).await {
        assert!(matches!(sent.expect("the store has no fault"), Sent::Stored(_)));
    }
    let table = [("alice", "bob", 80), ("bob", "alice", 80), ("bob", "carol", 40), ("carol", "bob", 40)];
    for (owner, peer, count) in table {
        let history = ok(facts.history(user(owner), id(peer), None, 1_000)).await;
        let sequences: Vec<u64> = history.iter().map(|message| message.sequence).collect();
        assert_eq!(sequences, (1..=count).rev().collect::<Vec<_>>(), "{owner} with {peer}");
    }
    assert_eq!(state(facts, "bob").await.total_unread, 80);
    assert_eq!(state(facts, "alice").await, ListsState { version: 81, total_unread: 40 });
}

/// Of many concurrent retries, one stores the message. All others return the stored message.
pub async fn a_message_sent_by_many_at_once_is_stored_once(facts: &dyn Facts) {
    make_accounts(facts).await;
    let sends = (0..50).map(|_| facts.send_message(new_message("alice", "bob", "1", 20)));
    let mut stored = 0;
    for sent in join_all(sends).await {
        match sent.expect("the store has no fault") {
            Sent::Stored(_) => stored += 1,
            Sent::Repeated(message) => assert_eq!(message.sequence, 1),
            other @ (Sent::NoSuchSender | Sent::NoSuchRecipient | Sent::Blocked) => panic!("{other:?}"),
        }
    }
    assert_eq!(stored, 1);
    assert_eq!(state(facts, "bob").await.total_unread, 1);
}

/// The oldest messages of the app are deleted first, up to the limit. A message of exactly the given time stays.
pub async fn messages_are_forgotten_oldest_first(facts: &dyn Facts) {
    make_accounts(facts).await;
    let other = |name| User::new(OTHER_APP, id(name));
    for name in ["alice", "bob"] {
        ok(facts.create_account(other(name), at(1))).await;
    }
    let elsewhere = NewMessage { from: other("alice"), ..new_message("alice", "bob", "x", 10) };
    ok(facts.send_message(elsewhere)).await;
    for (n, when) in [20, 21, 22, 23, 24].into_iter().enumerate() {
        let to = if n % 2 == 0 { "bob" } else { "carol" };
        send(facts, "alice", to, &when.to_string(), when).await;
    }
    assert_eq!(ok(facts.forget_messages(APP, at(20), 10)).await, 0);
    assert_eq!(ok(facts.forget_messages(APP, at(24), 0)).await, 0);
    assert_eq!(ok(facts.forget_messages(APP, at(24), 3)).await, 3);
    assert_eq!(history(facts, "bob", "alice").await, ["3 alice: 24"]);
    assert_eq!(history(facts, "carol", "alice").await, ["2 alice: 23"]);
    assert_eq!(ok(facts.forget_messages(APP, at(24), 3)).await, 1);
    assert_eq!(ok(facts.forget_messages(APP, at(24), 3)).await, 0);
    assert_eq!(history(facts, "bob", "alice").await, ["3 alice: 24"]);
    assert_eq!(history(facts, "carol", "alice").await, [""; 0]);
    assert_eq!(ok(facts.history(other("bob"), id("alice"), None, 10)).await.len(), 1);
}

/// The row keeps its position. If its last message was deleted, the row has no last message. Deleted messages stay
/// unread until the user marks messages as read.
pub async fn what_is_forgotten_leaves_its_row_and_stays_unread(facts: &dyn Facts) {
    make_accounts(facts).await;
    for n in 1..=4 {
        send(facts, "alice", "bob", &n.to_string(), 20 + n).await;
    }
    assert_eq!(ok(facts.forget_messages(APP, at(23), 10)).await, 2);
    assert_eq!(rows(facts, "bob").await, ["alice: 4 (alice, 24), 4 unread"]);
    // Only the first message is marked as read.
    let read = ok(facts.mark_read(user("bob"), id("alice"), Some(1))).await.expect("there is a row");
    assert_eq!((read.conversation.unread, read.state.total_unread), (3, 3));
    let before = [state(facts, "alice").await, state(facts, "bob").await];
    assert_eq!(ok(facts.forget_messages(APP, at(99), 10)).await, 2);
    assert_eq!(rows(facts, "bob").await, ["alice: none (24), 3 unread"]);
    assert_eq!(rows(facts, "alice").await, ["bob: none (24)"]);
    assert_eq!([state(facts, "alice").await, state(facts, "bob").await], before);

    send(facts, "alice", "bob", "5", 30).await;
    assert_eq!(rows(facts, "bob").await, ["alice: 5 (alice, 30), 4 unread"]);
    let read = ok(facts.mark_read(user("bob"), id("alice"), Some(4))).await.expect("there is a row");
    assert_eq!((read.conversation.unread, read.state.total_unread), (1, 1));
    let read = ok(facts.mark_read(user("bob"), id("alice"), None)).await.expect("there is a row");
    assert_eq!((read.conversation.unread, read.state.total_unread), (0, 0));
}

/// After a message was deleted, its client id can be used again.
pub async fn a_forgotten_message_can_be_sent_again(facts: &dyn Facts) {
    make_accounts(facts).await;
    send(facts, "alice", "bob", "1", 20).await;
    ok(facts.forget_messages(APP, at(99), 10)).await;
    assert_eq!(send(facts, "alice", "bob", "1", 30).await.message.sequence, 2);
}

/// No sequence is used twice, even after messages, conversations and accounts were deleted.
pub async fn a_sequence_is_not_used_again(facts: &dyn Facts) {
    make_accounts(facts).await;
    send(facts, "alice", "bob", "1", 20).await;
    ok(facts.forget_messages(APP, at(99), 10)).await;
    assert_eq!(send(facts, "bob", "alice", "2", 20).await.message.sequence, 2);
    ok(facts.delete_conversation(user("alice"), id("bob"))).await;
    ok(facts.delete_conversation(user("bob"), id("alice"))).await;
    assert_eq!(send(facts, "alice", "bob", "3", 20).await.message.sequence, 3);
    for name in ["alice", "bob"] {
        ok(facts.delete_account(user(name), NOTHING_REVOKED)).await;
        ok(facts.create_account(user(name), at(30))).await;
    }
    let stored = send(facts, "bob", "alice", "4", 20).await;
    assert_eq!(stored.message.sequence, 4);
    assert_eq!((stored.sender.conversation.read_sequence, stored.recipient.conversation.unread), (3, 1));
    assert_eq!(history(facts, "alice", "bob").await, ["4 bob: 4"]);
}
