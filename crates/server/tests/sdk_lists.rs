//! Tests of profiles, friends, messages and conversations through the Rust SDK, with a real node.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::cable::Cable;
use common::{PATIENCE, TestNode};
use lamplight_client::{
    AllowType, Client, ClientMessageId, Code, CustomElement, Error, Event, Events, MessageBody, Platform,
    ProfileChange,
};

struct Device {
    client: Client,
    events: Events,
    cable: Cable,
}

impl Device {
    async fn log_in(node: &TestNode, user: &str, platform: Platform) -> Self {
        let cable = Cable::new(node.address()).await;
        let client = Client::builder(format!("tcp://127.0.0.1:{}", cable.port()))
            .app(node.app.id)
            .platform(platform)
            .device_id(format!("{user}-{platform}"))
            .call_timeout(PATIENCE)
            .build()
            .unwrap();
        let mut events = client.events();
        client.login(user, &node.sig(user)).await.unwrap();
        until(&mut events, |event| matches!(event, Event::Connected { .. })).await;
        Self { client, events, cable }
    }

    /// Returns the next event that `wanted` accepts. Skips other events.
    async fn until(&mut self, wanted: impl Fn(&Event) -> bool) -> Event {
        until(&mut self.events, wanted).await
    }
}

async fn until(events: &mut Events, wanted: impl Fn(&Event) -> bool) -> Event {
    loop {
        let event = tokio::time::timeout(PATIENCE, events.next()).await.expect("it comes").unwrap();
        if wanted(&event) {
            return event;
        }
    }
}

fn code<T: std::fmt::Debug>(answer: Result<T, Error>) -> Code {
    match answer {
        Err(Error::Refused(refused)) => refused.known_code().unwrap(),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn friends_and_profiles_are_told_to_both_sides() {
    let node = TestNode::start().await;
    let mut bob = Device::log_in(&node, "bob", Platform::Android).await;
    let alice = Device::log_in(&node, "alice", Platform::Android).await;
    assert_eq!(code(alice.client.add_friend("alice", "").await), Code::INVALID_PARAMETER);
    assert_eq!(code(alice.client.add_friend("nobody", "").await), Code::NO_SUCH_ACCOUNT);

    let entry = alice.client.add_friend("bob", "Bobby").await.unwrap();
    assert!(entry.mutual && entry.remark == "Bobby");
    let Event::FriendListChanged { changed, .. } =
        bob.until(|event| matches!(event, Event::FriendListChanged { .. })).await
    else {
        unreachable!()
    };
    assert_eq!((changed[0].user_id.as_str(), changed[0].mutual), ("alice", true));

    let change = ProfileChange {
        nick: Some("爱丽丝".into()),
        allow: Some(AllowType::DenyAny),
        ..ProfileChange::default()
    };
    assert_eq!(alice.client.set_self_info(change).await.unwrap().profile.nick, "爱丽丝");
    let told = bob.until(|event| matches!(event, Event::UsersInfoChanged(_))).await;
    assert!(matches!(&told, Event::UsersInfoChanged(users) if users[0].profile.nick == "爱丽丝"), "{told:?}");
    let listed = bob.client.get_friend_list().await.unwrap();
    assert_eq!((listed.len(), &*listed[0].profile.nick), (1, "爱丽丝"));
    let carol = Device::log_in(&node, "carol", Platform::Android).await;
    assert_eq!(code(carol.client.add_friend("alice", "").await), Code::FRIEND_DENIED);
    let info = carol.client.get_users_info(["alice", "nobody"]).await.unwrap();
    assert_eq!((info.users.len(), info.failures[0].code), (1, 70107));

    assert_eq!(alice.client.set_friend_remark("bob", "B").await.unwrap().remark, "B");
    let failures = alice.client.delete_from_friend_list(["bob", "carol"]).await.unwrap();
    assert_eq!((&*failures[0].user_id, failures[0].code), ("carol", 31704));
    let gone = bob.until(|event| matches!(event, Event::FriendListChanged { .. })).await;
    assert!(matches!(&gone, Event::FriendListChanged { deleted, .. } if deleted[0].as_str() == "alice"));
}

#[tokio::test]
async fn messages_reach_every_device_and_are_read_on_all() {
    let node = TestNode::start().await;
    let mut phone = Device::log_in(&node, "bob", Platform::Android).await;
    let mut desk = Device::log_in(&node, "bob", Platform::Mac).await;
    let alice = Device::log_in(&node, "alice", Platform::Android).await;

    let id = ClientMessageId::new("order-17").unwrap();
    let first = alice.client.send_c2c_text_message_as("bob", "first", &id).await.unwrap();
    let again = alice.client.send_c2c_text_message_as("bob", "first", &id).await.unwrap();
    assert_eq!((first.repeated, again.repeated, &again.message), (false, true, &first.message));
    assert_eq!(alice.client.send_c2c_text_message("bob", "second").await.unwrap().message.sequence, 2);

    for device in [&mut phone, &mut desk] {
        let mut texts = Vec::new();
        while texts.len() < 2 {
            let told = device.until(|event| matches!(event, Event::MessagesReceived(_))).await;
            let Event::MessagesReceived(messages) = told else { unreachable!() };
            texts.extend(messages.into_iter().map(|message| message.body.shown().to_owned()));
        }
        assert_eq!(texts, ["first", "second"]);
    }
    let page = desk.client.get_conversation_list(None, 100).await.unwrap();
    assert_eq!((page.total_unread, page.conversations[0].unread, page.next), (2, 2, None));
    assert_eq!(phone.client.mark_read("alice", Some(1)).await.unwrap().unread, 1);
    desk.until(|event| {
        matches!(event, Event::ConversationsChanged { changed, total_unread: Some(1), .. } if changed[0].unread == 1)
    })
    .await;
    assert_eq!(desk.client.mark_read("alice", None).await.unwrap().unread, 0);
    assert!(desk.client.pin("alice", true).await.unwrap().pinned);

    let history = phone.client.get_c2c_history("alice", None, 1).await.unwrap();
    assert_eq!((history.messages[0].body.shown(), history.finished), ("second", false));
    let before = Some(history.messages[0].sequence);
    let history = phone.client.get_c2c_history("alice", before, 10).await.unwrap();
    assert_eq!((history.messages[0].body.shown(), history.finished), ("first", true));
    phone.client.delete_conversation("alice").await.unwrap();
    desk.until(|event| matches!(event, Event::ConversationsChanged { deleted, .. } if !deleted.is_empty()))
        .await;
    assert_eq!(code(phone.client.mark_read("alice", None).await), Code::INVALID_PARAMETER);
    assert_eq!(code(alice.client.send_c2c_text_message("bob", "").await), Code::INVALID_PARAMETER);
    let long = "x".repeat(12_289);
    assert_eq!(code(alice.client.send_c2c_text_message("bob", &long).await), Code::MESSAGE_TOO_LONG);
    assert_eq!(code(alice.client.send_c2c_text_message("nobody", "x").await), Code::NO_SUCH_ACCOUNT);
}

#[tokio::test]
async fn who_missed_something_is_told_to_read_again_and_who_missed_nothing_is_not() {
    let node = TestNode::start().await;
    let mut bob = Device::log_in(&node, "bob", Platform::Android).await;
    let alice = Device::log_in(&node, "alice", Platform::Android).await;
    alice.client.send_c2c_text_message("bob", "heard").await.unwrap();
    bob.until(|event| matches!(event, Event::MessagesReceived(_))).await;

    bob.cable.unplug();
    bob.until(|event| matches!(event, Event::Disconnected { .. })).await;
    bob.cable.plug_in(node.address());
    bob.until(|event| matches!(event, Event::Connected { resumed: true })).await;
    bob.cable.unplug();
    // An instruction to read the lists again would have come before the link broke.
    let next = bob.until(|event| matches!(event, Event::Disconnected { .. } | Event::ListsOutdated)).await;
    assert!(matches!(next, Event::Disconnected { .. }), "{next:?}");
    alice.client.send_c2c_text_message("bob", "missed").await.unwrap();
    bob.cable.plug_in(node.address());
    bob.until(|event| matches!(event, Event::ListsOutdated)).await;
    let history = bob.client.get_c2c_history("alice", None, 10).await.unwrap();
    assert_eq!(history.messages[0].body.shown(), "missed");
}

#[tokio::test]
async fn custom_content_arrives_as_it_was_sent() {
    let node = TestNode::start().await;
    let mut bob = Device::log_in(&node, "bob", Platform::Android).await;
    let alice = Device::log_in(&node, "alice", Platform::Windows).await;
    let part = str::to_owned;
    let custom = CustomElement { data: part("{}"), description: part("a parcel"), extension: String::new() };
    let (body, id) = (MessageBody::Custom(custom.clone()), ClientMessageId::new("1").unwrap());
    let sent = alice.client.send_c2c_custom_message_as("bob", custom.clone(), &id).await.unwrap();
    let again = alice.client.send_c2c_custom_message_as("bob", custom, &id).await.unwrap();
    assert_eq!((sent.repeated, again.repeated, &again.message), (false, true, &sent.message));
    // A text message with the same words is another message.
    let text = alice.client.send_c2c_text_message_as("bob", "a parcel", &id).await.unwrap();
    assert!(!text.repeated);

    let came = bob.until(|event| matches!(event, Event::MessagesReceived(_))).await;
    let Event::MessagesReceived(messages) = came else { unreachable!() };
    assert_eq!((&messages[0].body, messages[0].sequence), (&body, 1));
    let history = bob.client.get_c2c_history("alice", None, 10).await.unwrap();
    assert_eq!(history.messages.iter().map(|it| &it.body).collect::<Vec<_>>(), [&text.message.body, &body]);
    let empty = alice.client.send_c2c_custom_message("bob", CustomElement::default()).await;
    assert_eq!(code(empty), Code::INVALID_PARAMETER);
}
