//! Tests with clients that do not read notifications of their lists, or make forbidden requests. The memory for these
//! clients must stay bounded, and their lists must be right in the end.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::chat::{add_friend, conversations, delete_friends, mark_read, send};
use common::pair::Pair;
use common::{TestNode, Wire, ids};
use lamplight_directory::{ListsChange, ListsNews, LogEntry, News};
use lamplight_model::{ClientMessageId, Platform, Profile, RateLimit};
use lamplight_service::By;
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::server_message::Body;
use lamplight_wire::{put_frame, v1};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// Sends a message from Bob through the server API; returns its sequence.
async fn message_to(node: &TestNode, to: &str, text: &str, id: &str) -> u64 {
    message(node, "bob", to, text, id).await
}

async fn message(node: &TestNode, from: &str, to: &str, text: &str, id: &str) -> u64 {
    let (from, to, now) = (node.user(from), node.user(to), node.clock.now());
    let client_id = ClientMessageId::new(id).unwrap();
    let sent = node.node.service().send_message(&from, &to.id, text.into(), client_id, By::App, now);
    sent.await.unwrap().value.message.sequence
}

#[tokio::test]
async fn who_does_not_read_is_asked_to_read_again_and_is_told_on() {
    let (node, mut pair) = Pair::on_a_node(|_| {}).await;
    let mut eve = Wire::connect_small(node.address()).await;
    let Body::Login(login) = eve.ask(node.login("eve", "phone", Platform::IPhone)).await else { panic!() };
    let text = "x".repeat(4_000);
    const SENT: u64 = 500;
    node.node.service().create_account(&node.user("cat"), node.clock.now()).await.unwrap();
    for n in 1..=SENT {
        message(&node, "cat", "eve", &text, &format!("m{n}")).await;
    }
    // A client that reads has received the last change, so the worker has handled all changes.
    message(&node, "cat", "alice", "done", "done").await;
    assert_eq!(pair.alice.lists_changed().await.messages[0].text, "done");

    let (mut told, mut version) = (0, login.lists_version);
    let reload = loop {
        let changed = eve.lists_changed().await;
        if changed.reload {
            break changed;
        }
        assert_eq!(changed.lists_version, version + 1, "in order, up to where it broke off");
        (told, version) = (told + 1, changed.lists_version);
    };
    assert!(told < SENT / 2, "{told} of {SENT} were kept for one who did not read");
    assert!(reload.messages.is_empty() && reload.conversations.is_empty());
    assert_eq!(reload.lists_version, login.lists_version + SENT);
    let Body::GetConversationList(list) = eve.ask(conversations("", 0)).await else { panic!() };
    assert_eq!((list.lists_version, u64::from(list.total_unread)), (reload.lists_version, SENT));
    message(&node, "cat", "eve", "and on", "last").await;
    let next = eve.lists_changed().await;
    assert_eq!((next.messages[0].text.as_str(), next.lists_version), ("and on", list.lists_version + 1));
    assert!(node.metric("lamplight_list_reloads_total{worker=\"0\"}").await >= 1);
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn when_a_part_of_the_log_was_missed_everybody_reads_again() {
    let (node, mut pair) = Pair::on_a_node(|_| {}).await;
    let before = message_to(&node, "alice", "1", "m1").await;
    let told = pair.alice.lists_changed().await;
    assert_eq!((told.messages[0].sequence, told.reload), (before, false));
    // Together, the changes have more bytes than may wait in a worker's queue of the change log.
    let nick = "x".repeat(lamplight_directory::MAX_WAITING_BYTES);
    let change = ListsChange::Profile(Profile { nick, ..Profile::default() });
    let news = ListsNews { version: 1, by: None, total_unread: 0, change };
    let entry = LogEntry::news(node.user("nobody"), News::Lists(Arc::new(news)));
    node.node.service().log().append(vec![entry]).await.unwrap();
    let reload = pair.alice.lists_changed().await;
    assert_eq!((reload.reload, reload.lists_version), (true, told.lists_version));
    message_to(&node, "alice", "2", "m2").await;
    assert_eq!(pair.alice.lists_changed().await.messages[0].text, "2");
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn a_change_that_was_never_logged_costs_a_reload_and_no_more() {
    let (node, mut pair) = Pair::on_a_node(|_| {}).await;
    let alice = node.user("alice");
    // The change is written to the facts without the service, as if the service had died before it logged the change.
    let change = lamplight_model::ProfileChange { nick: Some("unsaid".into()), ..Default::default() };
    node.facts().set_profile(alice.clone(), change).await.unwrap();
    message_to(&node, "alice", "waits", "m1").await;
    // The answer to this request also waits for the missing change. Moving the node's clock ends the waiting.
    pair.alice.send(mark_read("bob", 0)).await;
    let moving = async {
        loop {
            node.clock.advance(Duration::from_millis(500));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let (answer, reload) = tokio::select! {
        told = async {
            let mut answer = None;
            loop {
                let message = pair.alice.next().await.unwrap();
                match message.body.unwrap() {
                    Body::ListsChanged(changed) => break (answer, changed),
                    Body::MarkRead(read) => answer = Some(read),
                    Body::StatusChanged(_) => {}
                    other => panic!("{other:?}"),
                }
            }
        } => told,
        () = moving => unreachable!("it goes on"),
    };
    let answer = answer.expect("the answer comes before the mark, which concerns what follows");
    assert!(reload.reload && reload.lists_version >= answer.lists_version);
    assert_eq!(answer.conversation.unwrap().unread, 0);
    message_to(&node, "alice", "on", "m2").await;
    assert_eq!(pair.alice.lists_changed().await.messages[0].text, "on");
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn at_each_bound_is_an_answer_and_past_it_a_refusal() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let mut eve = node.log_in("eve", "phone", Platform::IPhone).await;
    let many = |count: usize| (0..count).map(|n| format!("u{n}")).collect::<Vec<_>>();
    let info = |users: Vec<String>| Request::GetUsersInfo(v1::GetUsersInfoRequest { user_ids: users });
    let delete = |user_ids| Request::DeleteFriends(v1::DeleteFriendsRequest { user_ids, single: true });
    let friends = |limit| Request::GetFriendList(v1::GetFriendListRequest { after: String::new(), limit });
    let history = |limit| Request::GetHistory(v1::GetHistoryRequest { peer: "bob".into(), before: 0, limit });
    let set = |nick: String, url: &str, allow_type| {
        let (nick, avatar_url) = (Some(nick), Some(url.to_owned()));
        Request::SetSelfInfo(v1::SetSelfInfoRequest { nick, avatar_url, allow_type })
    };
    let remark = |user_id: &str, remark: String| {
        Request::SetFriendRemark(v1::SetFriendRemarkRequest { user_id: user_id.into(), remark })
    };
    let text = |length| "x".repeat(length);
    let table = [
        (send("bob", &text(12_288), "m1"), 0),
        (send("bob", &text(12_289), "m2"), 80002),
        (send("bob", "", "m2"), 6017),
        (send("bob", "x", &text(64)), 0),
        (send("bob", "x", &text(65)), 6017),
        (send("bob", "x", ""), 6017),
        (send("bob", "x", "api:7_9"), 6017),
        (send("nobody", "x", "m2"), 70107),
        (send(&text(33), "x", "m2"), 6017),
        (send("", "x", "m2"), 6017),
        (info(many(100)), 0),
        (info(many(101)), 70206),
        (info(Vec::new()), 6017),
        (info(ids(&["bob", ""])), 6017),
        (delete(many(100)), 0),
        (delete(many(101)), 70206),
        (delete(Vec::new()), 6017),
        (friends(1_000), 0),
        (friends(1_001), 6017),
        (friends(u32::MAX), 6017),
        (history(100), 0),
        (history(101), 6017),
        (conversations("", 1_000), 0),
        (conversations("", 1_001), 6017),
        (conversations("1:2", 0), 6017),
        (conversations(&text(10_000), 0), 6017),
        (set(text(500), "", 0), 0),
        (set(text(501), "", 0), 6017),
        (set("two\nlines".into(), "", 0), 6017),
        (set(text(1), "ftp://x", 0), 6017),
        (set(text(1), "", 3), 6017),
        (add_friend("bob", &text(96)), 0),
        (add_friend("bob", &text(97)), 6017),
        (add_friend("eve", ""), 6017),
        (add_friend("nobody", ""), 70107),
        (remark("bob", text(96)), 0),
        (remark("bob", text(97)), 6017),
        (remark("alice", text(1)), 31704),
        (mark_read("alice", 0), 6017),
        (mark_read("bob", u64::MAX), 0),
        (delete_friends(&["bob", "alice"]), 0),
    ];
    for (request, expected) in table {
        // The text of a long request is cut off.
        let name = format!("{request:?}").chars().take(200).collect::<String>();
        let code = match eve.ask(request).await {
            Body::Refusal(refusal) => refusal.code,
            _ => 0,
        };
        assert_eq!(code, expected, "{name}");
    }
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn nothing_of_lists_is_answered_before_the_login() {
    let node = TestNode::start().await;
    let mut eve = node.connect().await;
    for request in [send("bob", "x", "m1"), conversations("", 0), add_friend("bob", ""), mark_read("bob", 0)]
    {
        assert_eq!(eve.refused(request).await, 6014);
    }
    node.node.stop().await;
}

#[tokio::test]
async fn one_that_sends_without_end_is_told_to_wait() {
    let (_node, pair) = Pair::on_a_node(|_| {}).await;
    let mut bob = pair.bob;
    for n in 0..100 {
        let Body::SendMessage(_) = bob.ask(send("alice", "x", &format!("m{n}"))).await else { panic!("{n}") };
    }
    assert_eq!(bob.refused(send("alice", "x", "m100")).await, 7008);
    assert_eq!(bob.refused(send("alice", "", "m100")).await, 6017, "parameters come first");
    Pair { bob, ..pair }.proves_unharmed().await;
}

#[tokio::test]
async fn who_asks_without_pause_is_told_of_its_lists_between_the_answers() {
    let (mut node, mut pair) = Pair::on_a_node(|_| {}).await;
    node.set(|settings| settings.limits.rate = RateLimit { calls: 1_000, window_ms: 1 }).await;
    // Each request waits for the facts, and the next ones have already arrived.
    let more = || {
        let mut bytes = Vec::new();
        // These ids differ from those that `Wire` uses for its own requests.
        for id in 1_000_001..=1_000_200 {
            put_frame(&mut bytes, &v1::ClientMessage { id, body: Some(conversations("", 1)) });
        }
        bytes
    };
    pair.alice.stream.write_all(&[more(), more()].concat()).await.unwrap();
    let sent = message_to(&node, "alice", "x", "m1");
    tokio::pin!(sent);
    let (mut answers, mut since, mut sending) = (0, 0, true);
    let told = loop {
        let next = tokio::select! {
            _ = &mut sent, if sending => {
                sending = false;
                continue;
            }
            next = pair.alice.next() => next.unwrap().body.unwrap(),
        };
        match next {
            Body::ListsChanged(changed) => break changed,
            Body::GetConversationList(_) => {
                answers += 1;
                since += usize::from(!sending);
                // 400 answers may have been under way when the message was committed.
                assert!(since <= 500, "the answers leave no room");
                if answers % 200 == 0 {
                    pair.alice.stream.write_all(&more()).await.unwrap();
                }
            }
            Body::StatusChanged(_) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(told.messages[0].text, "x");
    pair.proves_unharmed().await;
}
