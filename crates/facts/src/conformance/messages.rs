//! The rules of the [conformance suite](super) about messages.

use super::{APP, at, id, ok, user};
use crate::{Facts, ListsState, NewMessage, Sent, StoredMessage};
use lamplight_model::{ClientMessageId, Message, User};

/// Both have it in their history and their list; who did not send it has it unread.
pub async fn a_message_is_stored_for_both(facts: &dyn Facts) {
    accounts(facts, 10, "alice bob").await;
    let stored = send(facts, "alice", "bob", "hi", 20).await;
    let message = Message { sequence: 1, ..message("alice", "bob", "hi", 20) };
    assert_eq!(stored.message, message);
    assert_eq!(stored.sender.state, ListsState { version: 11, total_unread: 0 });
    assert_eq!(stored.recipient.state, ListsState { version: 11, total_unread: 1 });
    for (owner, peer, unread) in [("alice", "bob", 0), ("bob", "alice", 1)] {
        let row = ok(facts.conversation(user(owner), id(peer))).await.expect("there is a row");
        assert_eq!((row.unread, row.read_sequence, row.pinned, row.active), (unread, 0, false, at(20)));
        assert_eq!(row.last, Some(message.clone()));
        assert_eq!(ok(facts.history(user(owner), id(peer), None, 10)).await, std::slice::from_ref(&message));
    }
}

async fn accounts(facts: &dyn Facts, when: u64, names: &str) {
    for name in names.split_whitespace() {
        ok(facts.create_account(user(name), at(when))).await;
    }
}

fn message(from: &str, to: &str, text: &str, when: u64) -> Message {
    let client_id = ClientMessageId::new(text).expect("the suite names messages rightly");
    Message { from: id(from), to: id(to), sequence: 0, at: at(when), text: text.into(), client_id }
}

async fn send(facts: &dyn Facts, from: &str, to: &str, text: &str, when: u64) -> StoredMessage {
    let Message { from, to, at, text, client_id, sequence: _ } = message(from, to, text, when);
    let new = NewMessage { from: User::new(APP, from), to, text, client_id, at };
    match ok(facts.send_message(new)).await {
        Sent::Stored(stored) => *stored,
        other @ (Sent::Repeated(_) | Sent::NoSuchSender | Sent::NoSuchRecipient) => panic!("{other:?}"),
    }
}
