//! The rules of the [conformance suite](super) about conversation lists.

use super::{APP, NOTHING_REVOKED, at, befriend, history, id, make_accounts, ok, rows, send, state, user};
use crate::{ConversationSet, Facts, ListsState};
use lamplight_model::{Conversation, ConversationCursor, Profile, ProfileChange};

/// Reading messages reduces the unread count by their number. Each call that changes something increments the version.
pub async fn reading_counts_down_what_was_read(facts: &dyn Facts) {
    make_accounts(facts).await;
    // Bob has sent messages 1, 3, 4 and 6.
    for (n, from) in ["bob", "alice", "bob", "bob", "alice", "bob"].into_iter().enumerate() {
        let to = if from == "bob" { "alice" } else { "bob" };
        send(facts, from, to, &n.to_string(), 20).await;
    }
    send(facts, "carol", "alice", "c", 20).await;
    let mut version = state(facts, "alice").await.version;
    let reads = [(0, 4, 0), (1, 3, 1), (1, 3, 1), (2, 3, 2), (4, 1, 4), (3, 1, 4), (5, 1, 5), (6, 0, 6)];
    let mut last_read = 0;
    for (sequence, unread, read) in reads {
        let set = mark_read(facts, "alice", "bob", Some(sequence)).await;
        assert_eq!((set.conversation.unread, set.conversation.read_sequence), (unread, read), "{sequence}");
        assert_eq!(set.changed, read != last_read);
        version += u64::from(set.changed);
        last_read = read;
        assert_eq!(set.state, ListsState { version, total_unread: unread + 1 });
        assert_eq!(state(facts, "alice").await, set.state);
        assert_eq!(ok(facts.conversation(user("alice"), id("bob"))).await, Some(set.conversation));
    }
    // Bob has marked nothing as read.
    assert_eq!(state(facts, "bob").await.total_unread, 2);
}

/// After a user has marked messages as read, exactly the later messages of the peer are unread. This holds for any
/// number of marked messages.
pub async fn what_is_unread_are_the_later_messages_of_the_other(facts: &dyn Facts) {
    let senders = [true, false, true, true, false, false, false, true, false];
    for read in 0..=senders.len() {
        let [low, high] = ["low", "mid"].map(|name| format!("{name} {read}"));
        for name in [&low, &high] {
            ok(facts.create_account(user(name), at(1))).await;
        }
        for (n, of_low) in senders.into_iter().enumerate() {
            let (from, to) = if of_low { (&low, &high) } else { (&high, &low) };
            send(facts, from, to, &n.to_string(), 20).await;
        }
        let later = |of_low| senders[read..].iter().filter(|it| **it == of_low).count() as u32;
        for (owner, peer, unread) in [(&low, &high, later(false)), (&high, &low, later(true))] {
            let set = mark_read(facts, owner, peer, Some(read as u64)).await;
            let counted = (set.conversation.unread, set.state.total_unread);
            assert_eq!(counted, (unread, unread), "{owner} reads {read}");
        }
    }
}

/// If a call names no sequence, all existing messages are marked as read. A sequence that does not exist yet has the
/// same effect. Messages that are sent later are unread.
pub async fn reading_beyond_the_end_reads_what_there_is(facts: &dyn Facts) {
    make_accounts(facts).await;
    let mut sent = 0;
    for sequence in [None, Some(u64::MAX), Some(1_000)] {
        for _ in 0..2 {
            sent += 1;
            send(facts, "bob", "alice", &sent.to_string(), 20).await;
        }
        let set = mark_read(facts, "alice", "bob", sequence).await;
        assert_eq!((set.conversation.unread, set.conversation.read_sequence, set.changed), (0, sent, true));
        assert!(!mark_read(facts, "alice", "bob", sequence).await.changed);
        sent += 1;
        let next = send(facts, "bob", "alice", &sent.to_string(), 20).await;
        assert_eq!(next.recipient.conversation.unread, 1);
    }
}

/// Calls about a missing row change nothing, and increment no version.
pub async fn what_is_not_in_the_list_cannot_be_changed(facts: &dyn Facts) {
    make_accounts(facts).await;
    send(facts, "bob", "carol", "1", 20).await;
    for (owner, peer) in [("alice", "bob"), ("alice", "nobody"), ("nobody", "alice"), ("alice", "alice")] {
        assert_eq!(ok(facts.mark_read(user(owner), id(peer), None)).await, None);
        assert_eq!(ok(facts.pin_conversation(user(owner), id(peer), true)).await, None);
        assert_eq!(ok(facts.delete_conversation(user(owner), id(peer))).await, None);
        assert_eq!(ok(facts.conversation(user(owner), id(peer))).await, None);
    }
    assert_eq!(state(facts, "alice").await, ListsState { version: 1, total_unread: 0 });
    assert_eq!(rows(facts, "alice").await, [""; 0]);
}

/// Pinned rows come first. Messages and reading do not unpin a row, and pinning a pinned row changes nothing.
pub async fn a_conversation_is_pinned_and_let_go(facts: &dyn Facts) {
    make_accounts(facts).await;
    send(facts, "alice", "bob", "1", 20).await;
    send(facts, "alice", "carol", "2", 21).await;
    let pin = |pinned| facts.pin_conversation(user("alice"), id("bob"), pinned);
    for (pinned, changed, version) in [(false, false, 3), (true, true, 4), (true, false, 4)] {
        let set = ok(pin(pinned)).await.expect("there is a row");
        assert_eq!((set.conversation.pinned, set.changed, set.state.version), (pinned, changed, version));
        assert_eq!(state(facts, "alice").await, set.state);
    }
    send(facts, "alice", "carol", "3", 22).await;
    assert_eq!(rows(facts, "alice").await, ["bob, pinned: 1 (alice, 20)", "carol: 3 (alice, 22)"]);
    let stored = send(facts, "bob", "alice", "4", 23).await;
    assert!(stored.recipient.conversation.pinned && !stored.sender.conversation.pinned);
    mark_read(facts, "alice", "bob", None).await;
    send(facts, "alice", "carol", "5", 24).await;
    assert_eq!(rows(facts, "alice").await, ["bob, pinned: 4 (bob, 23)", "carol: 5 (alice, 24)"]);
    assert!(ok(pin(false)).await.expect("there is a row").changed);
    assert_eq!(rows(facts, "alice").await, ["carol: 5 (alice, 24)", "bob: 4 (bob, 23)"]);
}

/// Rows are sorted by pin, then by last activity in descending order, then by id in ascending order. The pages together
/// are the list.
pub async fn conversations_are_listed_in_pages_by_their_places(facts: &dyn Facts) {
    ok(facts.create_account(user("owner"), at(1))).await;
    let rows = [("b", 20), ("B", 20), ("a", 20), (" ", 21), ("a b", 20), ("z", 19), ("p", 5), ("o", 5)];
    for (peer, when) in rows {
        ok(facts.create_account(user(peer), at(1))).await;
        send(facts, peer, "owner", "1", when).await;
    }
    // Conversations between other users, and other users' rows about the owner, are not in the list.
    send(facts, "a", "b", "2", 20).await;
    for peer in ["p", "o", "z"] {
        ok(facts.pin_conversation(user("owner"), id(peer), true)).await;
    }
    let expected = ["z", "o", "p", " ", "B", "a", "a b", "b"];
    let whole = ok(facts.conversations(user("owner"), None, usize::MAX)).await;
    assert_eq!(peers(&whole), expected);
    for limit in 1..=9 {
        let mut walked: Vec<Conversation> = Vec::new();
        loop {
            let after = walked.last().map(Conversation::cursor);
            let page = ok(facts.conversations(user("owner"), after, limit)).await;
            if page.is_empty() {
                break;
            }
            assert!(page.len() <= limit);
            walked.extend(page);
        }
        assert_eq!(walked, whole, "in pages of {limit}");
    }
    // A cursor is valid even if no row is at its position.
    let place = |pinned, when, peer| Some(ConversationCursor { pinned, active: at(when), peer: id(peer) });
    let cases = [
        (place(true, 5, "oo"), "p, ,B,a,a b,b"),
        (place(true, 4, "z"), " ,B,a,a b,b"),
        (place(false, 30, "z"), " ,B,a,a b,b"),
        (place(false, 20, "a a"), "a b,b"),
        (place(false, 19, "a"), ""),
        (place(true, u64::MAX, "a"), "z,o,p, ,B,a,a b,b"),
        (None, "z,o,p, ,B,a,a b,b"),
    ];
    for (after, expected) in cases {
        let page = ok(facts.conversations(user("owner"), after.clone(), 100)).await;
        assert_eq!(peers(&page).join(","), expected, "after {after:?}");
    }
    assert_eq!(ok(facts.conversations(user("owner"), None, 0)).await, []);
}

/// The row is removed with its unread count, its history and its pin. The peer's row and history do not change.
pub async fn a_deleted_conversation_is_gone_for_its_owner(facts: &dyn Facts) {
    make_accounts(facts).await;
    for n in 1..=3 {
        send(facts, "bob", "alice", &n.to_string(), 20).await;
    }
    send(facts, "carol", "alice", "c", 20).await;
    ok(facts.pin_conversation(user("alice"), id("bob"), true)).await;
    let before = state(facts, "bob").await;
    let after = ok(facts.delete_conversation(user("alice"), id("bob"))).await;
    assert_eq!(after, Some(ListsState { version: 7, total_unread: 1 }));
    assert_eq!(Some(state(facts, "alice").await), after);
    assert_eq!(ok(facts.delete_conversation(user("alice"), id("bob"))).await, None);
    assert_eq!(rows(facts, "alice").await, ["carol: c (carol, 20), 1 unread"]);
    assert_eq!(history(facts, "alice", "bob").await, [""; 0]);
    assert_eq!(ok(facts.mark_read(user("alice"), id("bob"), None)).await, None);
    assert_eq!(state(facts, "bob").await, before);
    assert_eq!(history(facts, "bob", "alice").await, ["3 bob: 3", "2 bob: 2", "1 bob: 1"]);
}

/// A message after the deletion of a row creates the row again. The new history begins with that message. Earlier
/// messages are not in the history and do not count as unread.
pub async fn a_new_message_brings_a_deleted_conversation_back(facts: &dyn Facts) {
    make_accounts(facts).await;
    send(facts, "bob", "alice", "1", 20).await;
    send(facts, "bob", "alice", "2", 21).await;
    ok(facts.delete_conversation(user("alice"), id("bob"))).await;
    let stored = send(facts, "bob", "alice", "3", 22).await;
    let row = stored.recipient.conversation;
    assert_eq!((row.unread, row.read_sequence, row.pinned), (1, 2, false));
    assert_eq!(history(facts, "alice", "bob").await, ["3 bob: 3"]);
    assert_eq!(state(facts, "alice").await.total_unread, 1);
    mark_read(facts, "alice", "bob", None).await;
    ok(facts.delete_conversation(user("alice"), id("bob"))).await;
    send(facts, "alice", "bob", "4", 23).await;
    send(facts, "bob", "alice", "5", 24).await;
    assert_eq!(rows(facts, "alice").await, ["bob: 5 (bob, 24), 1 unread"]);
    assert_eq!(history(facts, "alice", "bob").await, ["5 bob: 5", "4 alice: 4"]);
    // When the later messages are deleted, the message that the owner has deleted does not become the last one of the
    // row.
    send(facts, "alice", "bob", "6", 1).await;
    ok(facts.delete_conversation(user("alice"), id("bob"))).await;
    send(facts, "alice", "bob", "7", 0).await;
    ok(facts.forget_messages(APP, at(1), 10)).await;
    assert_eq!(rows(facts, "alice").await, ["bob: none (0)"]);
}

/// A row contains the peer's current profile and the owner's current remark.
pub async fn a_row_shows_the_peer_as_the_peer_is_now(facts: &dyn Facts) {
    make_accounts(facts).await;
    send(facts, "bob", "alice", "1", 20).await;
    let nick = ProfileChange { nick: Some("B".into()), ..ProfileChange::default() };
    ok(facts.set_profile(user("bob"), nick)).await;
    befriend(facts, user("alice"), id("bob"), false, "Bobby".into()).await;
    befriend(facts, user("bob"), id("alice"), false, "not hers".into()).await;
    let bob = Profile { nick: "B".into(), ..Profile::default() };
    let expected = |row: Conversation| assert_eq!((row.profile, row.remark), (bob.clone(), "Bobby".into()));
    expected(ok(facts.conversation(user("alice"), id("bob"))).await.expect("there is a row"));
    expected(ok(facts.conversations(user("alice"), None, 10)).await.remove(0));
    expected(mark_read(facts, "alice", "bob", None).await.conversation);
    expected(send(facts, "alice", "bob", "2", 20).await.sender.conversation);
    expected(send(facts, "bob", "alice", "3", 20).await.recipient.conversation);
}

/// The conversation list of the account is deleted. The peers of the account keep their rows, with a default profile.
/// They can read and delete these rows.
pub async fn deleting_an_account_leaves_the_conversations_of_its_peers(facts: &dyn Facts) {
    make_accounts(facts).await;
    let nick = ProfileChange { nick: Some("A".into()), ..ProfileChange::default() };
    ok(facts.set_profile(user("alice"), nick)).await;
    send(facts, "alice", "bob", "1", 20).await;
    send(facts, "alice", "bob", "2", 21).await;
    send(facts, "carol", "alice", "3", 22).await;
    let before = state(facts, "bob").await;
    ok(facts.delete_account(user("alice"), NOTHING_REVOKED)).await;
    assert_eq!(rows(facts, "alice").await, [""; 0]);
    assert_eq!(history(facts, "alice", "bob").await, [""; 0]);
    assert_eq!(state(facts, "bob").await, before);
    let row = ok(facts.conversation(user("bob"), id("alice"))).await.expect("there is a row");
    assert_eq!((row.unread, row.profile), (2, Profile::default()));
    assert_eq!(history(facts, "bob", "alice").await, ["2 alice: 2", "1 alice: 1"]);
    let set = mark_read(facts, "bob", "alice", Some(1)).await;
    assert_eq!((set.conversation.unread, set.state.total_unread), (1, 1));
    assert!(ok(facts.pin_conversation(user("bob"), id("alice"), true)).await.is_some());
    let after = ok(facts.delete_conversation(user("bob"), id("alice"))).await;
    assert_eq!(after.map(|state| state.total_unread), Some(0));
}

fn peers(rows: &[Conversation]) -> Vec<&str> {
    rows.iter().map(|row| row.peer.as_str()).collect()
}

async fn mark_read(facts: &dyn Facts, owner: &str, peer: &str, sequence: Option<u64>) -> ConversationSet {
    ok(facts.mark_read(user(owner), id(peer), sequence)).await.expect("there is a row")
}
