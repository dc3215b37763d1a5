//! End-to-end tests of webhooks: from actions of clients to requests at a receiver on this machine. Other tests check
//! that bad receivers do not harm the server.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::log::Log;
use common::receiver::{Manner, Receiver};
use common::{PATIENCE, TestNode, Wire};
use lamplight_facts::LaneState;
use lamplight_model::{ClientMessageId, Code, Hook, Lane, Platform};
use lamplight_server::{Config, ControlClient, Operation, Outcome, WebhookOperation, WebhookOutcome};
use lamplight_service::{By, DeadLetters, ServiceError};
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Request;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// Starts a node that may send webhooks to this machine, and sends state changes to this receiver.
async fn node_for(receiver: &Receiver) -> TestNode {
    let mut node = TestNode::start_with(|config| config.webhooks.allow_private = true).await;
    let url = receiver.url();
    node.set(|settings| settings.webhooks.state_change_url = url).await;
    node
}

fn state_lane(node: &TestNode) -> Lane {
    Lane { app: node.app.id, hook: Hook::StateChange }
}

/// Moves both clocks of the node forward, and wakes the webhook dispatcher.
fn leap(node: &TestNode, time: Duration) {
    node.clock.advance(time);
    for hook in Hook::ALL {
        node.node.service().outbox().bell().ring(Lane { app: node.app.id, hook });
    }
}

async fn backlog(node: &TestNode) -> u64 {
    let lanes = node.node.service().outbox().backlog(node.app.id).await.unwrap();
    lanes.iter().map(|state: &LaneState| state.waiting).sum()
}

/// Waits until exactly this many notices are in the outbox.
async fn has_backlog(node: &TestNode, count: u64) {
    let wait = async {
        while backlog(node).await != count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("the outbox fills or empties");
}

async fn set_status(wire: &mut Wire, text: &str) {
    wire.ask(Request::SetSelfStatus(v1::SetSelfStatusRequest {
        custom_status: text.into(),
        ..Default::default()
    }))
    .await;
}

#[tokio::test]
async fn what_happens_to_a_user_is_told_in_order() {
    let receiver = Receiver::start(Manner::Answer(200)).await;
    let mut node = node_for(&receiver).await;
    node.set(|settings| settings.webhooks.token = "secret".into()).await;
    let mut phone = node.log_in("alice", "phone", Platform::IPhone).await;
    set_status(&mut phone, "busy").await;
    let mut other = node.log_in("alice", "other phone", Platform::IPhone).await;
    set_status(&mut other, "").await;
    other.ask(Request::Logout(v1::LogoutRequest {})).await;
    let tab = node.log_in("alice", "tab", Platform::Web).await;
    drop(tab);
    let received = receiver.has(7).await;
    let said: Vec<String> = received.iter().map(common::receiver::Received::said).collect();
    assert_eq!(
        said,
        [
            "alice Login/Register",
            "alice CustomStatusChange/SetCustomStatus",
            "alice Login/Register",
            "alice CustomStatusChange/SetCustomStatus",
            "alice Logout/Unregister",
            "alice Login/Register",
            "alice Disconnect/LinkClose",
        ]
    );
    assert_eq!(received[2].body["KickedDevice"], serde_json::json!([{"Platform": "iOS"}]));
    assert_eq!(received[1].body["Info"]["CustomStatus"], "busy");
    let platforms: Vec<&str> = received.iter().map(|it| it.query("OptPlatform").unwrap()).collect();
    assert_eq!(platforms, ["IOS", "IOS", "IOS", "IOS", "IOS", "Web", "Web"]);
    let mut deliveries = BTreeSet::new();
    for request in &received {
        assert!(request.target.starts_with("/hook?SdkAppid=1400000001&CallbackCommand=State.StateChange&"));
        assert_eq!(request.query("contenttype"), Some("json"));
        assert_eq!(request.query("ClientIP"), Some("127.0.0.1"));
        let time: u64 = request.query("RequestTime").unwrap().parse().unwrap();
        let sign = lamplight_auth::webhook_sign("secret", lamplight_model::Timestamp(time * 1_000));
        assert_eq!(request.query("Sign"), Some(&sign[..]));
        assert_eq!(request.header("content-type"), Some("application/json"));
        deliveries.insert(request.header("x-lamplight-delivery").unwrap().to_owned());
    }
    assert_eq!(deliveries.len(), 7, "each has a name of its own");
    assert_eq!(receiver.connections.load(Ordering::SeqCst), 1, "the connection is kept");
    has_backlog(&node, 0).await;
}

#[tokio::test]
async fn an_app_without_a_webhook_has_nothing_in_its_outbox() {
    let node = TestNode::start().await;
    let mut phone = node.log_in("alice", "phone", Platform::IPhone).await;
    set_status(&mut phone, "busy").await;
    assert_eq!(node.node.service().outbox().backlog(node.app.id).await.unwrap(), []);
}

#[tokio::test]
async fn a_receiver_that_was_dead_gets_everything_in_the_order_of_each_user() {
    let receiver = Receiver::start(Manner::Answer(200)).await;
    let address = receiver.address;
    let node = node_for(&receiver).await;
    drop(receiver);
    let names: Vec<String> = (0..20).map(|n| format!("user {n}")).collect();
    let mut wires = Vec::new();
    for name in &names {
        let mut wire = node.log_in(name, "phone", Platform::Android).await;
        for n in 0..3 {
            set_status(&mut wire, &n.to_string()).await;
        }
        wires.push(wire);
    }
    has_backlog(&node, 80).await;
    let receiver = Receiver::listen(address, Manner::Answer(200)).await;
    leap(&node, Duration::from_secs(120));
    let received = receiver.has(80).await;
    for name in &names {
        let own = received.iter().filter(|it| it.body["Info"]["To_Account"] == name.as_str());
        let said: Vec<String> =
            own.map(|it| it.body["Info"]["CustomStatus"].as_str().unwrap_or("login").to_owned()).collect();
        assert_eq!(said, ["login", "0", "1", "2"], "{name}");
    }
    has_backlog(&node, 0).await;
}

#[tokio::test]
async fn a_device_that_is_back_before_its_disconnect_was_told_was_never_away() {
    let receiver = Receiver::start(Manner::Answer(503)).await;
    let node = node_for(&receiver).await;
    let phone = node.log_in("alice", "phone", Platform::Android).await;
    let mac = node.log_in("alice", "mac", Platform::Mac).await;
    has_backlog(&node, 2).await;
    drop((phone, mac));
    node.has_connections(0).await;
    has_backlog(&node, 4).await;
    let _phone = node.log_in("alice", "phone", Platform::Android).await;
    has_backlog(&node, 3).await;
    receiver.behave(Manner::Answer(200));
    leap(&node, Duration::from_secs(120));
    let received = receiver.has(3).await;
    let said: Vec<String> = received
        .iter()
        .map(|it| {
            format!("{} {}", it.body["Info"]["Action"].as_str().unwrap(), it.query("OptPlatform").unwrap())
        })
        .collect();
    assert_eq!(said, ["Login Android", "Login Mac", "Disconnect Mac"]);
    let infos: Vec<_> = received.iter().map(|it| &it.body["Info"]).collect();
    // The phone was connected the whole time, so the user was ONLINE.
    assert!(infos.iter().all(|info| info["StatusType"] == 1), "{infos:?}");
    let versions: Vec<u64> =
        infos.iter().map(|info| info["Version"].as_str().unwrap().parse().unwrap()).collect();
    assert!(versions.is_sorted(), "{versions:?}");
    has_backlog(&node, 0).await;
}

#[tokio::test]
async fn a_restart_loses_nothing_and_tells_nothing_twice() {
    let receiver = Receiver::start(Manner::Answer(200)).await;
    let node = node_for(&receiver).await;
    let _told = node.log_in("told", "phone", Platform::Android).await;
    receiver.has(1).await;
    has_backlog(&node, 0).await;
    receiver.behave(Manner::Answer(500));
    let _untold = node.log_in("untold", "phone", Platform::Android).await;
    has_backlog(&node, 1).await;
    let node = node.stop().await.start().await;
    receiver.behave(Manner::Answer(200));
    leap(&node, Duration::from_secs(120));
    // The grace of devices that do not return is over too.
    let received = receiver.has(4).await;
    let mut said: Vec<String> = received.iter().map(common::receiver::Received::said).collect();
    said.sort();
    let expected = [
        "told Disconnect/LinkClose",
        "told Login/Register",
        "untold Disconnect/LinkClose",
        "untold Login/Register",
    ];
    assert_eq!(said, expected);
    // A second notice of one of these events would come before the user's next notice.
    let _again = (
        node.log_in("told", "phone", Platform::Android).await,
        node.log_in("untold", "phone", Platform::Android).await,
    );
    let mut said: Vec<String> =
        receiver.has(6).await[4..].iter().map(common::receiver::Received::said).collect();
    said.sort();
    assert_eq!(said, ["told Login/Register", "untold Login/Register"]);
}

#[tokio::test]
async fn a_receiver_whose_answer_never_ends_harms_nobody() {
    harm_nobody([Manner::Endless, Manner::Big, Manner::Trickle]).await;
}

#[tokio::test]
async fn a_receiver_that_refuses_harms_nobody() {
    harm_nobody([
        Manner::Answer(500),
        Manner::Answer(404),
        Manner::Reset,
        Manner::Garbage,
        Manner::EndlessHead,
    ])
    .await;
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_harms_nobody() {
    harm_nobody([Manner::Silent, Manner::Slow(Duration::from_secs(60))]).await;
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Receiver::start(Manner::Answer(200)).await;
    harm_nobody([Manner::Redirect(elsewhere.url()), Manner::Redirect("/hook".into())]).await;
    assert_eq!(elsewhere.connections.load(Ordering::SeqCst), 0);
}

/// Waits until a receiver's behaviour has an effect: three requests have failed or succeeded, or the maximum number of
/// requests is running.
async fn shows_its_manner(node: &TestNode, receiver: &Receiver) {
    let wait = async {
        loop {
            let failed = node.metric("lamplight_webhook_deliveries_total{outcome=\"failed\"}").await;
            let held = receiver.most_at_once.load(Ordering::SeqCst);
            if failed >= 3 || held >= 32 || receiver.received().len() >= 3 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("the receiver is called");
}

/// Lets a receiver behave in each of these ways, and checks that users are still served. Then lets the receiver behave
/// well, and checks that all notices arrive.
async fn harm_nobody(manners: impl IntoIterator<Item = Manner>) {
    for manner in manners {
        let receiver = Receiver::start(manner.clone()).await;
        let mut node = node_for(&receiver).await;
        // The clock leaps ahead below, which must not time out any client.
        node.set(|settings| settings.timing.heartbeat_timeout_native_ms = 3_600_000).await;
        let begun = Instant::now();
        let mut wires = Vec::new();
        for n in 0..40 {
            let mut wire = node.log_in(&format!("user {n}"), "phone", Platform::Android).await;
            set_status(&mut wire, "here").await;
            wires.push(wire);
        }
        assert!(begun.elapsed() < Duration::from_secs(4), "{manner:?}: {:?}", begun.elapsed());
        shows_its_manner(&node, &receiver).await;
        let at_once = receiver.most_at_once.load(Ordering::SeqCst);
        assert!(at_once <= 32, "{manner:?}: {at_once} requests at once");
        receiver.behave(Manner::Answer(200));
        // By then, running requests have timed out, and failed requests are due again.
        let told_twice = matches!(manner, Manner::Slow(_));
        let arrived = async {
            loop {
                leap(&node, Duration::from_secs(20));
                // The last events may still be on their way to the outbox while the outbox is empty.
                if backlog(&node).await == 0 && receiver.received().len() >= 80 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(PATIENCE, arrived).await.unwrap_or_else(|_| panic!("{manner:?}"));
        let received = receiver.received();
        let names: BTreeSet<&str> =
            received.iter().map(|it| it.header("x-lamplight-delivery").unwrap()).collect();
        assert_eq!(names.len(), 80, "{manner:?}");
        assert!(told_twice || received.len() == 80, "{manner:?}: {}", received.len());
        node.node.stop().await;
    }
}

#[tokio::test]
async fn private_addresses_are_refused_unless_they_are_allowed() {
    let receiver = Receiver::start(Manner::Answer(200)).await;
    let port = receiver.address.port();
    let mut node = TestNode::start().await;
    let mut control = ControlClient::connect(node.folder.path()).await.unwrap();
    let test = Operation::Webhooks(WebhookOperation::Test { lane: state_lane(&node) });
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "[::1]", "0x7f.1", "2130706433"] {
        let url = format!("http://{host}:{port}/hook");
        node.set(|settings| settings.webhooks.state_change_url = url).await;
        let outcome = control.ask(&test).await.unwrap();
        let Outcome::Webhooks(WebhookOutcome::Tested { status: None, error: Some(error), .. }) = outcome
        else {
            panic!("{host}: {outcome:?}")
        };
        assert!(error.contains("a loopback address"), "{host}: {error}");
    }
    let _wire = node.log_in("alice", "phone", Platform::Android).await;
    let wait = async {
        while node.metric("lamplight_webhook_deliveries_total{outcome=\"failed\"}").await == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap();
    assert_eq!(backlog(&node).await, 1);
    assert_eq!(receiver.connections.load(Ordering::SeqCst), 0);

    let allow = |config: &mut Config| config.webhooks.allow_networks = vec!["127.0.0.0/8".parse().unwrap()];
    let mut node = TestNode::start_with(allow).await;
    let url = format!("http://localhost:{port}/hook");
    node.set(|settings| settings.webhooks.state_change_url = url).await;
    let _wire = node.log_in("alice", "phone", Platform::Android).await;
    receiver.has(1).await;
    let mut control = ControlClient::connect(node.folder.path()).await.unwrap();
    let outcome = control.ask(&test).await.unwrap();
    assert!(
        matches!(outcome, Outcome::Webhooks(WebhookOutcome::Tested { status: Some(200), error: None, .. })),
        "{outcome:?}"
    );
    assert_eq!(receiver.said(), ["alice Login/Register", "Lamplight.Test"]);
}

#[tokio::test]
async fn what_is_no_url_is_refused_and_changes_nothing() {
    let node = TestNode::start().await;
    for url in ["ftp://a.example/", "a.example", "https://me:secret@a.example/", "https://a.example/a b"] {
        for hook in Hook::ALL {
            let mut app = node.app.clone();
            match hook {
                Hook::StateChange => app.settings.webhooks.state_change_url = url.into(),
                Hook::Push => app.settings.webhooks.push_url = url.into(),
            }
            let refused = node.node.service().put_app(app).await.unwrap_err();
            let ServiceError::Refused(refusal) = refused else { panic!("{refused:?}") };
            assert_eq!(refusal.code, Code::INVALID_PARAMETER);
            assert!(refusal.to_string().contains("webhooks."), "{refusal}");
        }
    }
    assert_eq!(*node.node.service().apps().get(node.app.id).unwrap(), node.app);
}

#[tokio::test]
async fn what_waits_goes_to_where_the_webhook_leads_now() {
    let old = Receiver::start(Manner::Answer(500)).await;
    let new = Receiver::start(Manner::Answer(200)).await;
    let mut node = node_for(&old).await;
    let mut wires = Vec::new();
    for name in ["alice", "bob", "carol", "dave"] {
        wires.push(node.log_in(name, "phone", Platform::Android).await);
    }
    has_backlog(&node, 4).await;
    let url = new.url();
    node.set(|settings| settings.webhooks.state_change_url = url).await;
    leap(&node, Duration::from_secs(5));
    new.has(4).await;
    assert_eq!(old.received().len(), 0);

    new.behave(Manner::Answer(500));
    set_status(&mut wires[0], "busy").await;
    has_backlog(&node, 1).await;
    node.set(|settings| settings.webhooks.state_change_url.clear()).await;
    leap(&node, Duration::from_secs(5));
    has_backlog(&node, 0).await;
}

#[tokio::test]
async fn a_dead_letter_is_kept_and_can_be_sent_again_or_dropped() {
    let log = Log::keep();
    let receiver = Receiver::start(Manner::Not("poison")).await;
    let node = node_for(&receiver).await;
    let service = node.node.service();
    let dead = async || service.outbox().dead_letters(node.app.id, None, 10).await.unwrap();
    // Waits until failing notices are too old. A user's next notice is sent only after the first one became a dead
    // letter.
    let die = async |count: usize| {
        leap(&node, Duration::from_secs(73 * 3_600));
        let wait = async {
            while dead().await.len() < count {
                tokio::time::sleep(Duration::from_millis(20)).await;
                leap(&node, Duration::from_secs(60));
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("they die");
    };
    let mut poison = node.log_in("poison", "phone", Platform::Android).await;
    set_status(&mut poison, "later").await;
    drop(poison);
    node.has_connections(0).await;
    has_backlog(&node, 3).await;
    drop(node.log_in("alice", "phone", Platform::Android).await);
    receiver.has(2).await;
    die(3).await;
    let letters = dead().await;
    assert!(
        letters
            .iter()
            .all(|letter| letter.user.id.as_str() == "poison" && letter.error.starts_with("status 500"))
    );
    assert_eq!(receiver.said(), ["alice Login/Register", "alice Disconnect/LinkClose"], "others pass");
    // The store has the last dead letter before the dispatcher logs it.
    let logged = async {
        loop {
            let told = log.lines("kept as a dead letter");
            if told.len() >= 3 {
                return told;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let told = tokio::time::timeout(PATIENCE, logged).await.expect("each is logged");
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].contains("WARN") && told[0].contains("app=1400000001") && told[0].contains("status 500"));

    receiver.behave(Manner::Answer(200));
    let now = node.clock.now();
    assert_eq!(service.outbox().resend(node.app.id, DeadLetters::All, now).await.unwrap(), 3);
    leap(&node, Duration::from_secs(60));
    receiver.has(5).await;
    has_backlog(&node, 0).await;
    let again =
        ["poison Login/Register", "poison CustomStatusChange/SetCustomStatus", "poison Disconnect/LinkClose"];
    assert_eq!(receiver.said()[2..], again);
    assert_eq!(dead().await, []);

    receiver.behave(Manner::Not("poison"));
    drop(node.log_in("poison", "phone", Platform::Android).await);
    has_backlog(&node, 2).await;
    die(2).await;
    let letters = dead().await;
    let some = DeadLetters::These(vec![letters[0].id, letters[1].id + 5]);
    assert_eq!(service.outbox().drop_dead_letters(node.app.id, some).await.unwrap(), 1);
    assert_eq!(dead().await, letters[1..]);
}

#[tokio::test]
async fn a_message_to_who_is_offline_is_pushed_and_no_other() {
    let receiver = Receiver::start(Manner::Answer(200)).await;
    let mut node = TestNode::start_with(|config| config.webhooks.allow_private = true).await;
    let url = receiver.url();
    node.set(|settings| settings.webhooks.push_url = url).await;
    let _alice = node.log_in("alice", "phone", Platform::IPhone).await;
    let _online = node.log_in("online", "phone", Platform::IPhone).await;
    let mut out = node.log_in("logged out", "phone", Platform::IPhone).await;
    out.ask(Request::Logout(v1::LogoutRequest {})).await;
    drop((
        node.log_in("offline", "phone", Platform::IPhone).await,
        node.log_in("offline", "pad", Platform::IPad).await,
        node.log_in("web only", "tab", Platform::Web).await,
        out,
    ));
    node.has_connections(2).await;
    let service = node.node.service();
    for (n, to) in ["online", "logged out", "web only", "offline", "offline", "alice"].into_iter().enumerate()
    {
        let (from, to) = (node.user("alice"), node.user(to).id);
        let client_id = ClientMessageId::new(&n.to_string()).unwrap();
        let text = format!("hello {n}");
        for _ in 0..2 {
            let by = By::App;
            service
                .send_message(&from, &to, text.as_str().into(), client_id.clone(), by, node.clock.now())
                .await
                .unwrap();
        }
    }
    let received = receiver.has(2).await;
    has_backlog(&node, 0).await;
    assert_eq!(receiver.said(), ["offline hello 3", "offline hello 4"]);
    let body = &received[1].body;
    assert_eq!(
        (&body["From_Account"], &body["MsgSeq"], &body["UnreadMsgNum"]),
        (&"alice".into(), &2.into(), &2.into())
    );
    assert_eq!(body["Devices"], serde_json::json!([{"Platform": "iOS"}, {"Platform": "iPad"}]));
    assert_eq!(received[1].query("CallbackCommand"), Some("Push.OfflineMessage"));
}

/// Starts a node with a push webhook, and creates the accounts of Alice and Bob.
async fn node_that_pushes(receiver: &Receiver) -> TestNode {
    let mut node = TestNode::start_with(|config| config.webhooks.allow_private = true).await;
    let url = receiver.url();
    node.set(|settings| {
        settings.webhooks.push_url = url;
        settings.timing.linger_native_ms = 20_000;
    })
    .await;
    for name in ["alice", "bob"] {
        node.node.service().create_account(&node.user(name), node.clock.now()).await.unwrap();
    }
    node
}

async fn say(node: &TestNode, text: &str) {
    let (from, to) = (node.user("alice"), node.user("bob").id);
    let client_id = ClientMessageId::new(text).unwrap();
    let sent =
        node.node.service().send_message(&from, &to, text.into(), client_id, By::App, node.clock.now());
    sent.await.unwrap();
}

#[tokio::test]
async fn what_was_sent_over_a_link_that_was_dead_is_pushed_when_that_is_noticed() {
    let receiver = Receiver::start(Manner::Answer(200)).await;
    let node = node_that_pushes(&receiver).await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    say(&node, "received").await;
    node.clock.advance(Duration::from_secs(60));
    // A request of Bob's shows that he has received everything before it.
    bob.status_of("bob").await;
    node.clock.advance(Duration::from_secs(60));
    say(&node, "missed").await;
    node.clock.advance(Duration::from_secs(30));
    say(&node, "missed too").await;
    assert_eq!(receiver.said(), [""; 0]);
    node.clock.advance(Duration::from_secs(320));
    receiver.has(2).await;
    node.has_connections(0).await;
    say(&node, "pushed at once").await;
    receiver.has(3).await;
    has_backlog(&node, 0).await;
    assert_eq!(receiver.said(), ["bob missed", "bob missed too", "bob pushed at once"]);
}

#[tokio::test]
async fn what_was_sent_in_a_linger_is_pushed_at_its_end_unless_the_device_is_back() {
    let receiver = Receiver::start(Manner::Answer(200)).await;
    let node = node_that_pushes(&receiver).await;
    drop(node.log_in("bob", "phone", Platform::IPhone).await);
    node.has_connections(0).await;
    node.clock.advance(Duration::from_secs(10));
    say(&node, "seen after the return").await;
    let mut bob = node.log_in("bob", "phone", Platform::IPhone).await;
    node.clock.advance(Duration::from_secs(60));
    bob.status_of("bob").await;
    drop(bob);
    node.has_connections(0).await;
    node.clock.advance(Duration::from_secs(10));
    say(&node, "missed").await;
    assert_eq!(receiver.said(), [""; 0]);
    node.clock.advance(Duration::from_secs(11));
    receiver.has(1).await;
    has_backlog(&node, 0).await;
    assert_eq!(receiver.said(), ["bob missed"]);
}

#[tokio::test]
async fn what_was_sent_in_the_grace_of_a_restart_is_pushed_at_its_end() {
    let receiver = Receiver::start(Manner::Answer(200)).await;
    let node = node_that_pushes(&receiver).await;
    let _bob = node.log_in("bob", "phone", Platform::IPhone).await;
    node.clock.advance(Duration::from_secs(60));
    let node = node.stop().await.start().await;
    node.clock.advance(Duration::from_secs(10));
    say(&node, "missed").await;
    assert_eq!(receiver.said(), [""; 0]);
    node.clock.advance(Duration::from_secs(60));
    receiver.has(1).await;
    has_backlog(&node, 0).await;
    assert_eq!(receiver.said(), ["bob missed"]);
}

#[tokio::test]
async fn what_there_is_is_measured() {
    let receiver = Receiver::start(Manner::Answer(200)).await;
    let node = node_for(&receiver).await;
    let _wire = node.log_in("alice", "phone", Platform::IPhone).await;
    receiver.has(1).await;
    has_backlog(&node, 0).await;
    assert_eq!(node.metric("lamplight_webhook_deliveries_total{outcome=\"delivered\"}").await, 1);
    assert_eq!(node.metric("lamplight_webhook_request_seconds_count").await, 1);
    assert_eq!(state_lane(&node).hook.name(), "state_change");
    // The backlog is measured every few seconds; the last measurement may have been before the delivery.
    let measured = async {
        while node.metric("lamplight_webhook_backlog{webhook=\"state_change\"}").await != 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, measured).await.expect("the backlog is measured again");
}
