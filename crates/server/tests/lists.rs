//! Tests of profiles, friends, messages and conversations over the wire protocol: which devices are notified of which
//! change, and in which order.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::chat::{Shown, add_friend, conversations, delete_friends, mark_read, read, send};
use common::websocket::Socket;
use common::{TestNode, custom};
use lamplight_model::StatusType::Online;
use lamplight_model::{ClientMessageId, Platform, ProfileChange};
use lamplight_service::By;
use lamplight_wire::SUBPROTOCOL_JSON;
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::server_message::Body;
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_message_reaches_every_device_of_both_but_the_one_that_sent_it() {
    let node = TestNode::start().await;
    let mut phone = node.log_in("alice", "phone", Platform::IPhone).await;
    let mut mac = node.log_in("alice", "mac", Platform::Mac).await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;

    let Body::SendMessage(sent) = phone.ask(send("bob", "hello", "m1")).await else { panic!() };
    let message = sent.message.unwrap();
    assert_eq!((message.from.as_str(), message.to.as_str(), message.sequence), ("alice", "bob", 1));
    assert_eq!((message.text.as_str(), sent.repeated_send), ("hello", false));

    let told = bob.lists_changed().await;
    assert_eq!(told.messages.first(), Some(&message));
    assert_eq!((told.total_unread, told.conversations[0].unread), (Some(1), 1));
    assert_eq!(told.conversations[0].last_message, Some(message.clone()));
    assert_eq!(told.conversations[0].peer, "alice");
    let told = mac.lists_changed().await;
    assert_eq!((told.messages, told.total_unread), (vec![message], Some(0)));
    assert_eq!(told.lists_version, sent.lists_version);
    // The next message to the phone is the answer, and not a notification of its own message.
    bob.ask(send("alice", "hi", "m1")).await;
    assert_eq!(phone.lists_changed().await.messages[0].text, "hi");
    assert_eq!(mac.lists_changed().await.messages[0].text, "hi");
    node.node.stop().await;
}

#[tokio::test]
async fn a_send_that_is_tried_again_is_stored_once() {
    let node = TestNode::start().await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    // The link breaks before the answer is read, several times.
    for _ in 0..5 {
        alice.send(send("bob", "hello", "m1")).await;
        drop(alice);
        alice = node.log_in("alice", "phone", Platform::IPhone).await;
    }
    let Body::SendMessage(sent) = alice.ask(send("bob", "hello", "m1")).await else { panic!() };
    assert_eq!(sent.message.as_ref().map(|message| message.sequence), Some(1));
    assert_eq!(bob.lists_changed().await.messages, [sent.message.unwrap()]);
    let Body::SendMessage(second) = alice.ask(send("bob", "more", "m2")).await else { panic!() };
    assert_eq!((second.repeated_send, second.message.unwrap().sequence), (false, 2));
    assert_eq!(bob.lists_changed().await.messages[0].text, "more", "nothing came in between");
    // Only the same text to the same user is a retry.
    let Body::SendMessage(third) = alice.ask(send("bob", "other words", "m1")).await else { panic!() };
    assert_eq!((third.repeated_send, third.message.unwrap().sequence), (false, 3));
    assert_eq!(bob.lists_changed().await.messages[0].text, "other words");
    node.node.stop().await;
}

#[tokio::test]
async fn a_login_says_whether_the_lists_are_as_they_were() {
    let node = TestNode::start().await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    let log_in = || async {
        let mut alice = node.connect().await;
        let Body::Login(login) = alice.ask(node.login("alice", "phone", Platform::IPhone)).await else {
            panic!()
        };
        (alice, login.lists_version)
    };
    let (mut alice, first) = log_in().await;
    assert!(first > 0);
    bob.ask(send("alice", "1", "m1")).await;
    assert_eq!(alice.lists_changed().await.lists_version, first + 1);
    drop(alice);
    let (alice, again) = log_in().await;
    assert_eq!(again, first + 1, "nothing was missed");
    drop(alice);
    bob.ask(send("alice", "2", "m2")).await;
    let (mut alice, missed) = log_in().await;
    assert_eq!(missed, first + 2);
    let Body::GetConversationList(list) = alice.ask(conversations("", 0)).await else { panic!() };
    assert_eq!((list.lists_version, list.total_unread), (missed, 2));
    // A renewal of the UserSig does not change the lists.
    let Body::Login(renewed) = alice.ask(node.login("alice", "phone", Platform::IPhone)).await else {
        panic!()
    };
    assert_eq!(renewed.lists_version, missed);
    node.node.stop().await;
}

#[tokio::test]
async fn no_change_is_missed_between_the_record_of_a_login_and_its_answer() {
    const LOGINS: usize = 300;
    let node = TestNode::start().await;
    drop(node.log_in("alice", "phone", Platform::IPhone).await);
    drop(node.log_in("bob", "phone", Platform::IPhone).await);
    // Changes come without pause, so that some are committed between the read and the subscription of a new
    // connection.
    let senders = ["one", "two", "three"].map(|sender| {
        let (service, clock) = (std::sync::Arc::clone(node.node.service()), node.clock.clone());
        let (bob, alice) = (node.user("bob"), node.user("alice"));
        tokio::spawn(async move {
            for n in 0.. {
                let client_id = ClientMessageId::new(&format!("{sender}{n}")).unwrap();
                let now = clock.now();
                service.send_message(&bob, &alice.id, "x".into(), client_id, By::App, now).await.unwrap();
            }
        })
    });
    for _ in 0..LOGINS {
        let mut alice = node.connect().await;
        let Body::Login(login) = alice.ask(node.login("alice", "phone", Platform::IPhone)).await else {
            panic!()
        };
        let told = alice.lists_changed().await;
        assert_eq!((told.lists_version, told.reload), (login.lists_version + 1, false));
    }
    for sender in &senders {
        sender.abort();
    }
}

#[tokio::test]
async fn every_device_counts_right_after_any_order_of_reads_and_sends() {
    const SENDS: u64 = 120;
    let mut node = TestNode::start().await;
    node.set(|settings| settings.limits.message_rate.calls = 10_000).await;
    let mut devices = Vec::new();
    for platform in [Platform::IPhone, Platform::Android, Platform::Mac, Platform::Linux] {
        devices.push(node.log_in("alice", platform.name(), platform).await);
    }
    // Bob's devices send, and so does the app on his behalf.
    let senders = ["phone", "mac"].into_iter().zip([Platform::IPhone, Platform::Mac]);
    let mut tasks = Vec::new();
    for (device, platform) in senders {
        let mut bob = node.log_in("bob", device, platform).await;
        tasks.push(tokio::spawn(async move {
            for n in 0..SENDS / 3 {
                bob.ask(send("alice", "x", &format!("{device}{n}"))).await;
            }
        }));
    }
    let (service, clock) = (std::sync::Arc::clone(node.node.service()), node.clock.clone());
    let (bob, alice) = (node.user("bob"), node.user("alice"));
    tasks.push(tokio::spawn(async move {
        for n in 0..SENDS / 3 {
            let client_id = ClientMessageId::new(&format!("app{n}")).unwrap();
            let now = clock.now();
            service.send_message(&bob, &alice.id, "x".into(), client_id, By::App, now).await.unwrap();
        }
    }));
    // Each of Alice's devices marks messages as read while they arrive, and applies every message in the order of
    // arrival.
    let reading = devices.into_iter().enumerate().map(|(n, mut wire)| {
        tokio::spawn(async move {
            let mut shown = Shown::default();
            while shown.last < SENDS {
                shown.take(wire.push().await.unwrap());
                if shown.last % 4 == n as u64 {
                    // Each device marks another position, so an older position may arrive after a newer one.
                    let read = shown.last.saturating_sub(n as u64);
                    let id = wire.send(mark_read("bob", read)).await;
                    loop {
                        let message = wire.next().await.unwrap();
                        shown.take(message.body.unwrap());
                        if message.id == id {
                            break;
                        }
                    }
                }
            }
            (wire, shown)
        })
    });
    let mut devices = Vec::new();
    for reading in reading.collect::<Vec<_>>() {
        devices.push(reading.await.unwrap());
    }
    for task in tasks {
        task.await.unwrap();
    }
    // A final message, which all devices get.
    let mut bob = node.log_in("bob", "ipad", Platform::IPad).await;
    bob.ask(send("alice", "last", "last")).await;
    for (wire, shown) in &mut devices {
        while shown.last <= SENDS {
            shown.take(wire.push().await.unwrap());
        }
    }
    let Body::GetConversationList(truth) = devices[0].0.ask(conversations("", 0)).await else { panic!() };
    let row = &truth.conversations[0];
    assert!(row.unread >= 1 && row.unread < 10, "{row:?}");
    for (_, shown) in &devices {
        assert_eq!(shown.row.as_ref(), Some(row));
        assert_eq!((shown.total_unread, shown.version), (row.unread, truth.lists_version));
        assert_eq!(shown.reloads, 0);
        assert_eq!(shown.messages, (1..=SENDS + 1).collect::<Vec<_>>(), "each once, in order");
    }
    node.node.stop().await;
}

#[tokio::test]
async fn reads_pins_and_deletions_are_seen_on_the_other_device() {
    let node = TestNode::start().await;
    let mut phone = node.log_in("alice", "phone", Platform::IPhone).await;
    let mut mac = node.log_in("alice", "mac", Platform::Mac).await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    bob.ask(send("alice", "1", "m1")).await;
    bob.ask(send("alice", "2", "m2")).await;
    for wire in [&mut phone, &mut mac] {
        wire.lists_changed().await;
        wire.lists_changed().await;
    }
    let Body::MarkRead(answer) = phone.ask(mark_read("bob", 1)).await else { panic!() };
    let told = mac.lists_changed().await;
    assert_eq!(told.conversations, [answer.conversation.unwrap()]);
    assert_eq!((told.conversations[0].unread, told.total_unread), (1, Some(1)));
    let Body::MarkRead(answer) = mac.ask(mark_read("bob", 0)).await else { panic!() };
    assert_eq!(answer.conversation.unwrap().unread, 0);
    assert_eq!(phone.lists_changed().await.total_unread, Some(0));

    let pin = v1::PinConversationRequest { peer: "bob".into(), pinned: true };
    let Body::PinConversation(answer) = phone.ask(Request::PinConversation(pin)).await else { panic!() };
    assert!(answer.conversation.unwrap().pinned);
    assert!(mac.lists_changed().await.conversations[0].pinned);

    let delete = v1::DeleteConversationRequest { peer: "bob".into() };
    let Body::DeleteConversation(answer) = mac.ask(Request::DeleteConversation(delete)).await else {
        panic!()
    };
    let told = phone.lists_changed().await;
    assert_eq!((told.deleted_conversations, told.lists_version), (vec!["bob".into()], answer.lists_version));
    let history = v1::GetHistoryRequest { peer: "bob".into(), before: 0, limit: 0 };
    let Body::GetHistory(mine) = phone.ask(Request::GetHistory(history)).await else { panic!() };
    assert!(mine.messages.is_empty() && mine.finished);
    let history = v1::GetHistoryRequest { peer: "alice".into(), before: 2, limit: 1 };
    let Body::GetHistory(theirs) = bob.ask(Request::GetHistory(history)).await else { panic!() };
    assert_eq!((theirs.messages[0].text.as_str(), theirs.finished), ("1", true));
    node.node.stop().await;
}

#[tokio::test]
async fn friends_are_made_by_a_client_and_the_watch_graph_follows_at_once() {
    let mut node = TestNode::start().await;
    node.set(|settings| settings.switches.friend_notification = true).await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let mut mac = node.log_in("alice", "mac", Platform::Mac).await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    bob.ask(custom("before")).await;

    let Body::AddFriend(added) = alice.ask(add_friend("bob", "Bobby")).await else { panic!() };
    let friend = added.friend.unwrap();
    assert_eq!((friend.user_id.as_str(), friend.remark.as_str(), friend.mutual), ("bob", "Bobby", true));
    assert_eq!(mac.lists_changed().await.friends, [friend]);
    assert_eq!(bob.lists_changed().await.friends[0].user_id, "alice");
    // From here on, all devices of both users watch the other user. First, they get the current status.
    assert_eq!(alice.told("bob", Online).await.custom_status, "before");
    assert_eq!(mac.told("bob", Online).await.custom_status, "before");
    bob.told("alice", Online).await;
    bob.ask(custom("heard")).await;
    assert_eq!(alice.told("bob", Online).await.custom_status, "heard");
    assert_eq!(mac.told("bob", Online).await.custom_status, "heard");

    let change = ProfileChange { nick: Some("Bob".into()), ..ProfileChange::default() };
    let now = node.clock.now();
    node.node.service().set_profile(&node.user("bob"), change, By::App, now).await.unwrap();
    assert_eq!(bob.lists_changed().await.profile.unwrap().nick, "Bob");
    for wire in [&mut alice, &mut mac] {
        let told = wire.lists_changed().await;
        assert_eq!((told.profiles[0].user_id.as_str(), told.profiles[0].nick.as_str()), ("bob", "Bob"));
        assert_eq!(told.lists_version, 0, "the change does not count");
    }

    // The switch off, the switch on again, and the end of the friendship all take effect at once.
    node.set(|settings| settings.switches.friend_notification = false).await;
    bob.ask(custom("the switch is off")).await;
    node.set(|settings| settings.switches.friend_notification = true).await;
    assert_eq!(
        alice.told("bob", Online).await.custom_status,
        "the switch is off",
        "shown when it is on again"
    );
    let Body::DeleteFriends(deleted) = mac.ask(delete_friends(&["bob", "nobody"])).await else { panic!() };
    assert_eq!((deleted.failures[0].user_id.as_str(), deleted.failures[0].code), ("nobody", 31704));
    assert_eq!(alice.lists_changed().await.deleted_friends, ["bob"]);
    assert_eq!(bob.lists_changed().await.deleted_friends, ["alice"]);
    bob.ask(custom("friends no longer")).await;
    alice.ask(custom("own")).await;
    alice.told("alice", Online).await;
    let told_late = |body: &Body| match body {
        Body::StatusChanged(changed) => {
            changed.statuses.iter().any(|told| told.custom_status == "friends no longer")
        }
        _ => false,
    };
    assert!(!alice.pushed.iter().any(told_late));
    node.node.stop().await;
}

#[tokio::test]
async fn a_friend_who_was_added_while_the_switch_is_off_is_watched_when_it_is_on() {
    let mut node = TestNode::start().await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    alice.ask(add_friend("bob", "")).await;
    bob.ask(custom("unheard")).await;
    bob.ask(custom("present")).await;
    node.set(|settings| settings.switches.friend_notification = true).await;
    assert_eq!(alice.told("bob", Online).await.custom_status, "present");
    node.node.stop().await;
}

#[tokio::test]
async fn who_lets_nobody_add_them_is_not_added_by_a_client() {
    let node = TestNode::start().await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    let deny = v1::SetSelfInfoRequest { allow_type: v1::AllowType::DenyAny.into(), ..Default::default() };
    let Body::SetSelfInfo(set) = bob.ask(Request::SetSelfInfo(deny)).await else { panic!() };
    assert_eq!(set.profile.unwrap().allow_type, i32::from(v1::AllowType::DenyAny));
    assert_eq!(alice.refused(add_friend("bob", "")).await, 30516);
    let info = v1::GetUsersInfoRequest { user_ids: vec!["bob".into(), "nobody".into()] };
    let Body::GetUsersInfo(info) = alice.ask(Request::GetUsersInfo(info)).await else { panic!() };
    assert_eq!((info.profiles[0].user_id.as_str(), info.failures[0].code), ("bob", 70107));
    let Body::AddFriend(_) = bob.ask(add_friend("alice", "")).await else { panic!("the other way round") };
    node.node.stop().await;
}

#[tokio::test]
async fn a_client_that_knows_json_alone_can_chat() {
    let node = TestNode::start().await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    let (mut alice, _) = Socket::connect(node.address(), &[SUBPROTOCOL_JSON]).await.unwrap();
    let login = json!({ "sdkAppId": node.app.id.0, "userId": "alice", "userSig": node.sig("alice"),
        "deviceId": "tab", "platform": "PLATFORM_WEB" });
    let answer = alice.ask(1, "login", login).await;
    assert!(answer["login"]["listsVersion"].is_string(), "{answer}");
    let text = "\"quoted\" \\ 你好 🎵\n";
    let message = json!({ "to": "bob", "text": text, "clientMessageId": "m1" });
    let answer = alice.ask(2, "sendMessage", message.clone()).await;
    assert_eq!(answer["sendMessage"]["message"]["sequence"], "1");
    assert_eq!(bob.lists_changed().await.messages[0].text, text);
    assert_eq!(alice.ask(3, "sendMessage", message).await["sendMessage"]["repeatedSend"], true);
    bob.ask(send("alice", text, "m1")).await;
    let told = alice.told("listsChanged").await;
    assert_eq!((&told["messages"][0]["text"], &told["totalUnread"]), (&json!(text), &json!(1)));
    let answer = alice.ask(4, "markRead", json!({ "peer": "bob" })).await;
    assert_eq!(answer["markRead"]["conversation"]["readSequence"], "2", "{answer}");
    let answer = alice.ask(5, "getConversationList", json!({})).await;
    assert_eq!(answer["getConversationList"]["conversations"][0]["peer"], "bob");
    node.node.stop().await;
}

#[tokio::test]
async fn old_messages_are_gone_after_their_time() {
    let node = TestNode::start().await;
    let (alice, bob) = (node.user("alice"), node.user("bob"));
    let service = node.node.service();
    for user in [&alice, &bob] {
        service.create_account(user, node.clock.now()).await.unwrap();
    }
    let client_id = ClientMessageId::new("m1").unwrap();
    service.send_message(&alice, &bob.id, "old".into(), client_id, By::App, node.clock.now()).await.unwrap();
    node.clock.advance(Duration::from_secs(366 * 24 * 3_600));
    let client_id = ClientMessageId::new("m2").unwrap();
    service.send_message(&alice, &bob.id, "new".into(), client_id, By::App, node.clock.now()).await.unwrap();
    // A node deletes old messages when it starts and once a minute, but only after its clock has run for an hour.
    let node = node.stop().await.start().await;
    let (service, now) = (node.node.service(), node.clock.now());
    let kept = || async {
        let page = service.history(&bob, &alice.id, None, 0, By::App, now).await.unwrap();
        page.messages.into_iter().map(|message| message.body.shown().to_owned()).collect::<Vec<_>>()
    };
    let forgotten = async {
        while kept().await != ["new"] {
            node.clock.advance(Duration::from_secs(60));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(common::PATIENCE, forgotten).await.expect("the old one is forgotten");
    node.node.stop().await;
}

#[tokio::test]
async fn friend_lists_come_in_pages_over_the_wire() {
    let node = TestNode::start().await;
    let mut alice = node.log_in("alice", "phone", Platform::IPhone).await;
    for friend in ["cat", "bob", "dan"] {
        node.node.service().create_account(&node.user(friend), node.clock.now()).await.unwrap();
        alice.ask(add_friend(friend, "")).await;
    }
    let mut after = String::new();
    let mut friends = Vec::new();
    loop {
        let request = v1::GetFriendListRequest { after, limit: 2 };
        let Body::GetFriendList(page) = alice.ask(Request::GetFriendList(request)).await else { panic!() };
        friends.extend(page.friends.iter().map(|friend| friend.user_id.clone()));
        after = friends.last().unwrap().clone();
        if page.finished {
            break;
        }
    }
    assert_eq!(friends, ["bob", "cat", "dan"]);
    let remark = v1::SetFriendRemarkRequest { user_id: "cat".into(), remark: "Kitty".into() };
    let Body::SetFriendRemark(set) = alice.ask(Request::SetFriendRemark(remark)).await else { panic!() };
    assert_eq!(set.friend.unwrap().remark, "Kitty");
    assert_eq!(read(&mut alice).await.unwrap_err(), 6017, "no such conversation");
    node.node.stop().await;
}
