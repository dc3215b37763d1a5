//! Tests of the Rust SDK with a real node, over each transport: SPEC sections 2 to 5 from the view of an application.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::cable::Cable;
use common::{PATIENCE, TestNode, with_tls};
use lamplight_client::{
    Client, Event, Events, KickedBy, LinkEnd, LoggedIn, Platform, PlatformSet, Reason, StatusType, UserId,
    UserStatus,
};
use lamplight_service::{By, NewFriend};
use std::time::Duration;

use StatusType::{Offline, Online, Unlogined};

#[derive(Clone, Copy)]
enum Transport {
    Tcp,
    Tls,
    WebSocket,
    WebSocketInTls,
}

/// Declares each test for every transport.
macro_rules! over_every_transport {
    ($($rule:ident)*) => {
        mod tcp { $(#[tokio::test] async fn $rule() { super::$rule(super::Transport::Tcp).await })* }
        mod tls { $(#[tokio::test] async fn $rule() { super::$rule(super::Transport::Tls).await })* }
        mod ws { $(#[tokio::test] async fn $rule() { super::$rule(super::Transport::WebSocket).await })* }
        mod wss { $(#[tokio::test] async fn $rule() { super::$rule(super::Transport::WebSocketInTls).await })* }
    };
}

over_every_transport! {
    two_users_see_each_other_come_change_and_go
    a_web_user_goes_with_the_link
    another_login_kicks_and_watchers_see_no_flicker
    a_client_comes_back_by_itself_and_is_told_exactly_what_differs
    a_restart_of_the_server_is_seen_by_nobody_who_comes_back
    the_list_is_shared_by_the_devices_of_an_account
    friends_are_told_by_the_switch_and_stay_when_everybody_is_unsubscribed
    a_list_that_was_given_up_is_subscribed_to_again
    a_fresh_user_sig_prolongs_the_session_and_its_end_is_told
    a_refusal_carries_its_code_and_changes_nothing
}

/// A node, and the transport by which clients connect to it.
struct World {
    node: TestNode,
    transport: Transport,
    certificate: String,
}

/// A client on a device, with its own cable to the node.
struct Device {
    client: Client,
    events: Events,
    cable: Cable,
}

impl World {
    async fn new(transport: Transport) -> Self {
        let mut certificate = String::new();
        let node = TestNode::start_with(|config| {
            certificate = with_tls(config);
            config.reconnect_spread_ms = 100;
        });
        Self { node: node.await, transport, certificate }
    }

    async fn log_in(&self, user: &str, device: &str, platform: Platform) -> Device {
        let device = self.device(device, platform).await;
        device.log_in(user, &self.node.sig(user)).await;
        device
    }

    async fn device(&self, id: &str, platform: Platform) -> Device {
        let cable = Cable::new(self.node.address()).await;
        let port = cable.port();
        let address = match self.transport {
            Transport::Tcp => format!("tcp://127.0.0.1:{port}"),
            Transport::Tls => format!("tls://localhost:{port}"),
            Transport::WebSocket => format!("ws://127.0.0.1:{port}/any/path"),
            Transport::WebSocketInTls => format!("wss://localhost:{port}"),
        };
        let client = Client::builder(address)
            .app(self.node.app.id)
            .platform(platform)
            .device_id(id)
            .call_timeout(PATIENCE)
            .add_root_certificate_pem(self.certificate.clone())
            .build()
            .unwrap();
        let events = client.events();
        Device { client, events, cable }
    }
}

impl Device {
    async fn log_in(&self, user: &str, user_sig: &str) -> LoggedIn {
        self.client.login(user, user_sig).await.unwrap()
    }

    /// Returns all events up to and including the first one that `wanted` accepts.
    async fn events_until(&mut self, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut seen = Vec::new();
        loop {
            let next = tokio::time::timeout(PATIENCE, self.events.next()).await;
            let event = next.unwrap_or_else(|_| panic!("nothing more comes after {seen:?}")).unwrap();
            let found = wanted(&event);
            seen.push(event);
            if found {
                return seen;
            }
        }
    }

    /// Returns the next status of a user that a notification contains.
    async fn told_of(&mut self, user: &str) -> UserStatus {
        let seen = self.events_until(|event| told_of(event, user).is_some()).await;
        told_of(seen.last().unwrap(), user).unwrap().clone()
    }

    /// Waits for a notification that a user has this status type, and returns the status.
    async fn told(&mut self, user: &str, status: StatusType) -> UserStatus {
        loop {
            let told = self.told_of(user).await;
            if told.status_type == status {
                return told;
            }
        }
    }

    async fn set(&self, custom: &str) -> UserStatus {
        self.client.set_self_status(custom).await.unwrap()
    }

    async fn subscribe(&self, users: &[&str]) -> Vec<UserStatus> {
        let subscribed = self.client.subscribe_user_status(users).await.unwrap();
        assert!(subscribed.failures.is_empty(), "{subscribed:?}");
        subscribed.statuses
    }

    async fn subscriptions(&self) -> Vec<String> {
        let list = self.client.get_subscriptions().await.unwrap();
        list.users.iter().map(ToString::to_string).collect()
    }

    async fn status_of(&self, user: &str) -> UserStatus {
        self.client.get_user_status([user]).await.unwrap().statuses.remove(0)
    }

    fn cached(&self, user: &str) -> Option<UserStatus> {
        self.client.cached_status(&UserId::new(user).unwrap())
    }
}

fn told_of<'a>(event: &'a Event, user: &str) -> Option<&'a UserStatus> {
    let Event::StatusChanged(statuses) = event else { return None };
    statuses.iter().find(|status| status.user_id.as_str() == user)
}

/// Returns `true` if two statuses are equal, apart from `last_seen`, which increases while a user is connected.
fn is_same(one: &UserStatus, other: &UserStatus) -> bool {
    one == &UserStatus { last_seen: one.last_seen, ..other.clone() }
}

async fn two_users_see_each_other_come_change_and_go(transport: Transport) {
    let world = World::new(transport).await;
    let mut alice = world.device("mac", Platform::Mac).await;
    assert!(alice.log_in("alice", &world.node.sig("alice")).await.registered);
    let seen = alice.events_until(|event| matches!(event, Event::Connected { .. })).await;
    assert!(matches!(seen.last(), Some(Event::Connected { resumed: false })), "{seen:?}");
    assert_eq!(alice.told_of("alice").await.status_type, Online, "the own status needs no subscription");

    let mut bob = world.log_in("bob", "phone", Platform::IPhone).await;
    let subscribed = alice.subscribe(&["bob"]).await;
    assert_eq!((subscribed[0].status_type, subscribed[0].reason), (Online, Reason::Login));
    assert_eq!(subscribed[0].online_devices, PlatformSet::from_iter([Platform::IPhone]));
    assert!(is_same(&alice.told_of("bob").await, &subscribed[0]));
    bob.subscribe(&["alice"]).await;
    bob.told("alice", Online).await;

    let set = bob.set("听歌中 🎵").await;
    assert!(is_same(&alice.told_of("bob").await, &set));
    loop {
        // Bob, who made the change, is notified too.
        if bob.told_of("bob").await.custom_status.as_str() == "听歌中 🎵" {
            break;
        }
    }
    alice.set("hello").await;
    assert_eq!(bob.told_of("alice").await.custom_status.as_str(), "hello");

    // The link breaks, without a logout.
    drop(bob);
    let told = alice.told_of("bob").await;
    assert_eq!((told.status_type, told.reason), (Offline, Reason::LinkClosed));
    assert_eq!(told.custom_status.as_str(), "", "cleared by the same change");
    assert!(told.version > set.version && told.last_seen.is_some() && told.online_devices.is_empty());

    let bob = world.log_in("bob", "phone", Platform::IPhone).await;
    assert_eq!(alice.told_of("bob").await.status_type, Online);
    bob.client.logout().await.unwrap();
    let told = alice.told_of("bob").await;
    assert_eq!((told.status_type, told.reason), (Unlogined, Reason::Logout));
    assert_eq!(bob.client.set_self_status("x").await.unwrap_err().code(), Some(6014));
    // The same client can log in again.
    bob.log_in("bob", &world.node.sig("bob")).await;
    assert_eq!(alice.told_of("bob").await.status_type, Online);
    assert_eq!(alice.cached("bob").unwrap().version, alice.status_of("bob").await.version);
    world.node.stop().await;
}

async fn a_web_user_goes_with_the_link(transport: Transport) {
    let world = World::new(transport).await;
    let mut alice = world.log_in("alice", "mac", Platform::Mac).await;
    let tab = world.log_in("bob", "tab", Platform::Web).await;
    alice.subscribe(&["bob"]).await;
    alice.told("bob", Online).await;
    drop(tab);
    let told = alice.told_of("bob").await;
    assert_eq!((told.status_type, told.reason), (Unlogined, Reason::LinkClosed));

    // If a phone is still logged in, the user becomes OFFLINE in the end, and not UNLOGINED.
    drop(world.log_in("bob", "phone", Platform::IPhone).await);
    alice.told("bob", Offline).await;
    let tab = world.log_in("bob", "tab", Platform::Web).await;
    alice.told("bob", Online).await;
    tab.client.logout().await.unwrap();
    assert_eq!(alice.told_of("bob").await.status_type, Offline);
    world.node.stop().await;
}

async fn another_login_kicks_and_watchers_see_no_flicker(transport: Transport) {
    let world = World::new(transport).await;
    let mut alice = world.log_in("alice", "mac", Platform::Mac).await;
    let mut old = world.log_in("bob", "old phone", Platform::Android).await;
    alice.subscribe(&["bob"]).await;
    alice.told("bob", Online).await;

    let mut new = world.log_in("bob", "new phone", Platform::Android).await;
    let seen = old.events_until(Event::ends_session).await;
    let by = KickedBy::OtherLogin { platform: Some(Platform::Android) };
    assert!(matches!(seen.last(), Some(Event::KickedOffline { by: kicked }) if *kicked == by), "{seen:?}");
    assert_eq!(old.client.set_self_status("x").await.unwrap_err().code(), Some(6014));
    assert!(old.client.cached().is_empty());

    // A device is kicked while its link is down. The SDK reconnects, is told that its login has ended, and does not
    // kick the other device in return.
    new.cable.unplug();
    new.events_until(|event| matches!(event, Event::Disconnected { .. })).await;
    alice.told("bob", Offline).await;
    let third = world.log_in("bob", "third phone", Platform::Android).await;
    alice.told("bob", Online).await;
    new.cable.plug_in(world.node.address());
    new.client.network_changed().await;
    let seen = new.events_until(Event::ends_session).await;
    assert!(matches!(seen.last(), Some(Event::KickedOffline { .. })), "{seen:?}");

    let set = third.set("still here").await;
    assert!(is_same(&alice.told_of("bob").await, &set));
    world.node.stop().await;
}

async fn a_client_comes_back_by_itself_and_is_told_exactly_what_differs(transport: Transport) {
    let world = World::new(transport).await;
    let mut alice = world.log_in("alice", "mac", Platform::Mac).await;
    let bob = world.log_in("bob", "phone", Platform::IPhone).await;
    let _cat = world.log_in("cat", "phone", Platform::IPhone).await;
    alice.subscribe(&["bob", "cat"]).await;
    alice.told("cat", Online).await;

    alice.cable.unplug();
    let seen = alice.events_until(|event| matches!(event, Event::Disconnected { .. })).await;
    let Some(Event::Disconnected { why, .. }) = seen.last() else { panic!() };
    assert!(matches!(why, LinkEnd::Closed | LinkEnd::Failed(_)), "{why}");
    bob.set("one").await;
    let two = bob.set("two").await;
    // A call that is made while the link is down waits for the link.
    let waiting = tokio::spawn({
        let client = alice.client.clone();
        async move { client.get_user_status(["bob"]).await }
    });
    alice.cable.plug_in(world.node.address());

    let seen = alice.events_until(|event| told_of(event, "bob").is_some()).await;
    assert!(seen.iter().any(|event| matches!(event, Event::Connected { resumed: true })), "{seen:?}");
    assert!(is_same(told_of(seen.last().unwrap(), "bob").unwrap(), &two), "{seen:?}");
    assert!(!seen.iter().any(|event| told_of(event, "cat").is_some()), "{seen:?}");
    assert!(!seen.iter().any(|event| matches!(event, Event::NotWatched(_))), "{seen:?}");
    assert_eq!(waiting.await.unwrap().unwrap().statuses[0].version, two.version);
    assert_eq!(alice.subscriptions().await, ["bob", "cat"]);
    let three = bob.set("three").await;
    assert!(is_same(&alice.told_of("bob").await, &three));
    world.node.stop().await;
}

async fn a_restart_of_the_server_is_seen_by_nobody_who_comes_back(transport: Transport) {
    let world = World::new(transport).await;
    let mut alice = world.log_in("alice", "mac", Platform::Mac).await;
    let mut bob = world.log_in("bob", "phone", Platform::IPhone).await;
    let cat = world.log_in("cat", "tab", Platform::Web).await;
    alice.subscribe(&["bob", "cat"]).await;
    alice.told("cat", Online).await;
    let reading = bob.set("reading").await;
    alice.events_until(|event| told_of(event, "bob").is_some_and(|told| is_same(told, &reading))).await;

    let World { node, certificate, .. } = world;
    let stopped = node.stop().await;
    for device in [&alice, &bob, &cat] {
        device.cable.unplug();
    }
    let node = stopped.start().await;
    let world = World { node, transport, certificate };
    for device in [&mut alice, &mut bob] {
        device.cable.plug_in(world.node.address());
        device.client.network_changed().await;
    }
    bob.events_until(|event| matches!(event, Event::Connected { resumed: true })).await;
    let mut seen = alice.events_until(|event| matches!(event, Event::Connected { resumed: true })).await;
    let next = bob.set("writing").await;
    seen.extend(alice.events_until(|event| told_of(event, "bob").is_some()).await);
    assert!(is_same(told_of(seen.last().unwrap(), "bob").unwrap(), &next), "{seen:?}");
    seen.pop();
    let nothing = |event: &Event| !matches!(event, Event::StatusChanged(_) | Event::NotWatched(_));
    assert!(seen.iter().all(nothing), "{seen:?}");
    assert!(seen.iter().any(|event| matches!(event, Event::Disconnected { why: LinkEnd::Moved, .. })));

    // The user who does not return is shown as gone once the grace is over.
    drop(cat);
    world.node.clock.advance(Duration::from_secs(31));
    let told = alice.told_of("cat").await;
    assert_eq!((told.status_type, told.reason), (Unlogined, Reason::NodeLost));
    assert_eq!(alice.subscriptions().await, ["bob", "cat"]);
    world.node.stop().await;
}

async fn the_list_is_shared_by_the_devices_of_an_account(transport: Transport) {
    let world = World::new(transport).await;
    let mut bob = world.log_in("bob", "phone", Platform::IPhone).await;
    let mut mac = world.log_in("alice", "mac", Platform::Mac).await;
    mac.subscribe(&["bob"]).await;
    mac.told("bob", Online).await;
    bob.subscribe(&["alice"]).await;
    let before = bob.told_of("alice").await;

    // A further device does not change anything for watchers, and finds the subscription list.
    let mut tab = world.log_in("alice", "tab", Platform::Web).await;
    assert_eq!(tab.told("bob", Online).await.version, mac.cached("bob").unwrap().version);
    world.log_in("cat", "phone", Platform::IPhone).await.client.logout().await.unwrap();
    tab.subscribe(&["cat"]).await;
    let seen = mac.events_until(|event| told_of(event, "cat").is_some()).await;
    let subscribed = seen.iter().find_map(|event| match event {
        Event::SubscriptionsChanged { subscribed, unsubscribed } => Some((subscribed, unsubscribed)),
        _ => None,
    });
    assert_eq!(subscribed, Some((&vec![UserId::new("cat").unwrap()], &Vec::new())), "{seen:?}");
    assert_eq!(mac.cached("cat").unwrap().status_type, Unlogined);

    tab.client.unsubscribe_user_status(["bob"]).await.unwrap();
    let seen = mac.events_until(|event| matches!(event, Event::NotWatched(_))).await;
    assert!(matches!(seen.last(), Some(Event::NotWatched(left)) if left[0].as_str() == "bob"), "{seen:?}");
    assert_eq!((mac.cached("bob"), mac.subscriptions().await), (None, vec!["cat".to_owned()]));

    // After the logout of one device, the other device and the user stay ONLINE.
    tab.client.logout().await.unwrap();
    let set = mac.set("on the mac").await;
    let told = bob.told_of("alice").await;
    assert!(is_same(&told, &set));
    assert!(told.since == before.since && told.version > before.version);
    world.node.stop().await;
}

async fn friends_are_told_by_the_switch_and_stay_when_everybody_is_unsubscribed(transport: Transport) {
    let mut world = World::new(transport).await;
    let mut alice = world.log_in("alice", "mac", Platform::Mac).await;
    let bob = world.log_in("bob", "phone", Platform::IPhone).await;
    let cat = world.log_in("cat", "phone", Platform::IPhone).await;
    let (owner, friend) = (world.node.user("alice"), NewFriend::mutual(UserId::new("bob").unwrap()));
    world.node.node.service().add_friend(&owner, friend, By::App, world.node.clock.now()).await.unwrap();
    assert_eq!(alice.cached("bob"), None, "the switch is off");
    world.node.set(|settings| settings.switches.friend_notification = true).await;
    assert_eq!(alice.told_of("bob").await.status_type, Online);

    alice.subscribe(&["bob", "cat"]).await;
    alice.told_of("cat").await;
    let unsubscribed = alice.client.unsubscribe_all().await.unwrap();
    assert_eq!(unsubscribed.not_watched, [UserId::new("cat").unwrap()], "Bob is watched as a friend");
    assert!(alice.subscriptions().await.is_empty());
    assert!(alice.cached("bob").is_some() && alice.cached("cat").is_none());
    cat.set("unheard").await;
    let set = bob.set("heard").await;
    let seen = alice.events_until(|event| told_of(event, "bob").is_some()).await;
    assert!(is_same(told_of(seen.last().unwrap(), "bob").unwrap(), &set), "{seen:?}");
    assert!(!seen.iter().any(|event| told_of(event, "cat").is_some()), "{seen:?}");
    world.node.stop().await;
}

async fn a_list_that_was_given_up_is_subscribed_to_again(transport: Transport) {
    let mut world = World::new(transport).await;
    world.node.set(|settings| settings.timing.subscription_retention_ms = 10_000).await;
    let bob = world.log_in("bob", "phone", Platform::IPhone).await;
    let alice = world.log_in("alice", "mac", Platform::Mac).await;
    alice.subscribe(&["bob"]).await;

    // A new process of the same device logs in soon enough, so the server still has the subscription list.
    drop(alice);
    world.node.has_connections(1).await;
    let mut alice = world.log_in("alice", "mac", Platform::Mac).await;
    alice.told("bob", Online).await;

    // The process reconnects too late: the server has dropped the list, but the process still knows it.
    alice.cable.unplug();
    world.node.has_connections(1).await;
    world.node.clock.advance(Duration::from_secs(11));
    let now = world.node.clock.now();
    world.node.node.service().expire_due(100, now).await.unwrap();
    let missed = bob.set("missed").await;
    alice.cable.plug_in(world.node.address());
    alice.client.network_changed().await;
    let seen = alice.events_until(|event| told_of(event, "bob").is_some()).await;
    assert!(is_same(told_of(seen.last().unwrap(), "bob").unwrap(), &missed), "{seen:?}");
    assert!(!seen.iter().any(|event| matches!(event, Event::NotWatched(_))), "{seen:?}");
    assert_eq!(alice.subscriptions().await, ["bob"]);
    let heard = bob.set("heard").await;
    assert!(is_same(&alice.told_of("bob").await, &heard));
    world.node.stop().await;
}

async fn a_fresh_user_sig_prolongs_the_session_and_its_end_is_told(transport: Transport) {
    let world = World::new(transport).await;
    let node = &world.node;
    let mut alice = world.log_in("alice", "mac", Platform::Mac).await;
    let mut bob = world.device("phone", Platform::IPhone).await;
    bob.log_in("bob", &node.sig_for("bob", 60)).await;
    alice.subscribe(&["bob"]).await;
    alice.told("bob", Online).await;

    node.clock.advance(Duration::from_secs(40));
    assert_eq!(bob.client.update_user_sig("nonsense").await.unwrap_err().code(), Some(70003));
    bob.client.update_user_sig(&node.sig_for("bob", 60)).await.unwrap();
    node.clock.advance(Duration::from_secs(40));
    let set = bob.set("still here").await;
    assert!(is_same(&alice.told_of("bob").await, &set));

    node.clock.advance(Duration::from_secs(21));
    let seen = bob.events_until(Event::ends_session).await;
    assert!(matches!(seen.last(), Some(Event::UserSigExpired)), "{seen:?}");
    let told = alice.told_of("bob").await;
    assert_eq!((told.status_type, told.reason), (Unlogined, Reason::SigExpired));
    let expired = node.sig_for("bob", 0);
    assert_eq!(bob.client.login("bob", &expired).await.unwrap_err().code(), Some(70001));
    bob.log_in("bob", &node.sig("bob")).await;
    assert_eq!(alice.told_of("bob").await.status_type, Online);
    world.node.stop().await;
}

async fn a_refusal_carries_its_code_and_changes_nothing(transport: Transport) {
    let world = World::new(transport).await;
    let mut alice = world.device("mac", Platform::Mac).await;
    let code = |result: Result<LoggedIn, lamplight_client::Error>| result.unwrap_err().code();
    assert_eq!(code(alice.client.login("alice", "").await), Some(70002));
    assert_eq!(code(alice.client.login("alice", &world.node.sig("bob")).await), Some(70013));
    alice.log_in("alice", &world.node.sig("alice")).await;
    let bob = world.log_in("bob", "phone", Platform::IPhone).await;
    alice.subscribe(&["bob"]).await;
    alice.told("bob", Online).await;

    let client = &alice.client;
    assert_eq!(client.set_self_status(&"x".repeat(101)).await.unwrap_err().code(), Some(6017));
    assert_eq!(client.subscribe_user_status(["bob", "alice"]).await.unwrap_err().code(), Some(6017));
    assert_eq!(client.get_user_status(["nobody"]).await.unwrap_err().code(), Some(70107));
    let many: Vec<String> = (0..501).map(|n| format!("u{n}")).collect();
    assert_eq!(client.get_user_status(&many).await.unwrap_err().code(), Some(70206));
    assert_eq!(client.subscribe_user_status(&many[..101]).await.unwrap_err().code(), Some(70206));
    assert_eq!(client.unsubscribe_user_status(&many[..101]).await.unwrap_err().code(), Some(70206));
    let answer = client.get_user_status(["bob", "nobody"]).await.unwrap();
    assert_eq!((answer.statuses.len(), answer.failures[0].code), (1, 70107));

    assert_eq!(alice.subscriptions().await, ["bob"]);
    let set = bob.set("x").await;
    assert!(is_same(&alice.told_of("bob").await, &set));
    assert_eq!(alice.cached("alice").unwrap().custom_status.as_str(), "");
    world.node.stop().await;
}
