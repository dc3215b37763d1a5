//! Tests of the driver over an in-memory stream, with tokio's clock paused.

#[path = "../../tests/peer/mod.rs"]
mod peer;

use crate::backoff;
use crate::client::builder::start;
use crate::link::{ANSWER_PATIENCE, DOUBT_PATIENCE};
use crate::machine::Identity;
use crate::transport::Connection;
use crate::{AppId, Client, Code, DeviceId, Error, Event, Events, LinkEnd, MAX_QUEUE, Platform};
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Ask;
use lamplight_wire::v1::server_message::Body as Tell;
use peer::{Peer, status};
use std::time::Duration;
use tokio::io::DuplexStream;
use tokio::sync::mpsc;
use tokio::time::Instant;

const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// A client, and the server's side of each of its connections.
struct World {
    client: Client,
    events: Events,
    arrivals: mpsc::UnboundedReceiver<DuplexStream>,
}

impl World {
    fn new() -> Self {
        let (arrive, arrivals) = mpsc::unbounded_channel();
        let dial = move || -> futures_util::future::BoxFuture<'static, _> {
            let (here, there) = tokio::io::duplex(1024);
            arrive.send(there).unwrap();
            Box::pin(async { Ok(Connection::native(here)) })
        };
        let device = DeviceId::new("device").unwrap();
        let identity = Identity { app: AppId(1), platform: Platform::Linux, device };
        let client = start(identity, Box::new(dial), CALL_TIMEOUT);
        Self { events: client.events(), client, arrivals }
    }

    async fn accept(&mut self) -> Peer {
        Peer::native(self.arrivals.recv().await.expect("the client connects")).await
    }

    /// Creates a client with a live session of the user `me`.
    async fn live() -> (Self, Peer) {
        let mut world = Self::new();
        let client = world.client.clone();
        let login = tokio::spawn(async move { client.login("me", "sig").await });
        let mut peer = world.accept().await;
        peer.welcome(&[("me", 1)]).await;
        login.await.unwrap().unwrap();
        (world, peer)
    }

    /// Waits for the next event that reports a broken link.
    async fn disconnected(&mut self) -> LinkEnd {
        while let Some(event) = self.events.next().await {
            if let Event::Disconnected { why, .. } = event {
                return why;
            }
        }
        panic!("the events have ended")
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_given_up_and_the_client_comes_back() {
    let (mut world, _silent) = World::live().await;
    let start = Instant::now();
    assert!(matches!(world.disconnected().await, LinkEnd::Silent));
    assert_eq!(start.elapsed().as_secs(), 120 + ANSWER_PATIENCE.as_secs());

    let mut peer = world.accept().await;
    assert!(start.elapsed() <= Duration::from_secs(120) + ANSWER_PATIENCE + backoff::FIRST * 2);
    let login = peer.welcome(&[]).await;
    assert!(login.resume);
    assert_eq!(login.known, [v1::Known { user_id: "me".to_owned(), version: 1 }]);
}

#[tokio::test(start_paused = true)]
async fn a_cut_network_is_seen_within_ten_seconds_of_a_call_and_sooner_when_the_device_says_that_it_changed()
{
    let (mut world, _silent) = World::live().await;
    let start = Instant::now();
    let client = world.client.clone();
    let call = tokio::spawn(async move { client.set_self_status("hi").await });
    assert!(matches!(world.disconnected().await, LinkEnd::Silent));
    assert_eq!(start.elapsed(), ANSWER_PATIENCE);
    assert!(ANSWER_PATIENCE < CALL_TIMEOUT, "a call that may be repeated has time left on the next link");
    assert!(matches!(call.await.unwrap(), Err(Error::Disconnected)));

    let (mut world, _silent) = World::live().await;
    let start = Instant::now();
    world.client.network_changed().await;
    assert!(matches!(world.disconnected().await, LinkEnd::Silent));
    assert_eq!(start.elapsed(), DOUBT_PATIENCE);
}

#[tokio::test(start_paused = true)]
async fn heartbeats_keep_a_link_for_hours() {
    let (_world, mut peer) = World::live().await;
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(2 * 3600) {
        let message = peer.next_of_any_kind().await.expect("the link stands");
        assert!(matches!(message.body, Some(Ask::Heartbeat(_))));
        peer.tell(message.id, Tell::Heartbeat(v1::Heartbeat::default())).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_made_without_a_connection_waits_for_one() {
    let (mut world, peer) = World::live().await;
    drop(peer);
    world.disconnected().await;
    let client = world.client.clone();
    let call = tokio::spawn(async move { client.set_self_status("hi").await });
    let mut peer = world.accept().await;
    peer.welcome(&[]).await;
    let asked = peer.next().await.unwrap();
    let answer = v1::SetSelfStatusResponse { status: Some(status("me", 2)) };
    peer.tell(asked.id, Tell::SetSelfStatus(answer)).await;
    assert_eq!(call.await.unwrap().unwrap().version.0, 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_fails_when_its_time_is_over_or_the_link_breaks() {
    let (world, mut peer) = World::live().await;
    let start = Instant::now();
    let client = world.client.clone();
    let late = tokio::spawn(async move { client.get_subscriptions().await });
    tokio::time::sleep(ANSWER_PATIENCE / 2).await;
    peer.push(&[("me", 2)]).await;
    assert!(matches!(late.await.unwrap(), Err(Error::Timeout)));
    assert_eq!(start.elapsed(), CALL_TIMEOUT);

    let client = world.client.clone();
    let call = tokio::spawn(async move { client.set_self_status("hi").await });
    peer.next().await.unwrap();
    peer.next().await.unwrap();
    drop(peer);
    assert!(matches!(call.await.unwrap(), Err(Error::Disconnected)));
}

/// The server has executed the call, so the application must not take it for one that was not sent.
#[tokio::test(start_paused = true)]
async fn a_call_whose_answer_lacks_a_required_field_fails_with_9520() {
    let (world, mut peer) = World::live().await;
    let answers = [
        ("profile", Tell::SetSelfInfo(v1::SetSelfInfoResponse::default())),
        ("friend", Tell::AddFriend(v1::AddFriendResponse::default())),
        ("remark", Tell::SetFriendRemark(v1::SetFriendRemarkResponse::default())),
        ("message", Tell::SendMessage(v1::SendMessageResponse::default())),
        ("read", Tell::MarkRead(v1::MarkReadResponse::default())),
        ("pin", Tell::PinConversation(v1::PinConversationResponse::default())),
    ];
    for (what, answer) in answers {
        let client = world.client.clone();
        let call = tokio::spawn(async move {
            match what {
                "profile" => client.set_self_info(Default::default()).await.map(drop),
                "friend" => client.add_friend("ann", "").await.map(drop),
                "remark" => client.set_friend_remark("ann", "").await.map(drop),
                "message" => client.send_c2c_text_message("ann", "hi").await.map(drop),
                "read" => client.mark_read("ann", None).await.map(drop),
                _ => client.pin("ann", true).await.map(drop),
            }
        });
        let asked = peer.next().await.unwrap();
        peer.tell(asked.id, answer).await;
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(error, Error::IncompleteAnswer), "{what}: {error:?}");
        assert_eq!(error.code(), Some(Code::NO_ANSWER.number()));
    }
}

#[tokio::test(start_paused = true)]
async fn to_mark_messages_up_to_none_as_read_is_refused_and_marks_nothing() {
    let (world, mut peer) = World::live().await;
    let client = world.client.clone();
    let refused = client.mark_read("ann", Some(0)).await.unwrap_err();
    assert!(matches!(&refused, Error::Refused(why) if why.is(Code::INVALID_PARAMETER)), "{refused}");
    for (sequence, asked) in [(Some(1), 1), (None, 0)] {
        let client = world.client.clone();
        let _call = tokio::spawn(async move { client.mark_read("ann", sequence).await });
        let Some(Ask::MarkRead(read)) = peer.next().await.unwrap().body else { panic!("the first request") };
        assert_eq!(read.sequence, asked);
    }
}

#[tokio::test(start_paused = true)]
async fn calls_wait_within_their_timeout_and_those_that_find_no_place_are_refused_at_once() {
    const TOO_MANY: usize = 10;
    let (world, mut peer) = World::live().await;
    let calls: Vec<_> = (0..crate::link::MAX_IN_FLIGHT + MAX_QUEUE + TOO_MANY)
        .map(|_| {
            let client = world.client.clone();
            tokio::spawn(async move { client.get_subscriptions().await })
        })
        .collect();
    let start = Instant::now();
    tokio::time::sleep(ANSWER_PATIENCE / 2).await;
    peer.push(&[("me", 2)]).await;
    let (mut sent, mut waited, mut refused) = (0, 0, 0);
    for call in calls {
        match call.await.unwrap().unwrap_err() {
            Error::Timeout => sent += 1,
            Error::NotSent => waited += 1,
            Error::Refused(why) if why.is(Code::CALLED_TOO_OFTEN) => refused += 1,
            error @ (Error::Refused(_)
            | Error::NotLoggedIn
            | Error::Disconnected
            | Error::IncompleteAnswer
            | Error::Transport(_)) => {
                panic!("{error}")
            }
        }
    }
    assert_eq!((sent, waited, refused), (crate::link::MAX_IN_FLIGHT, MAX_QUEUE, TOO_MANY));
    assert_eq!(start.elapsed(), CALL_TIMEOUT);
}

#[tokio::test(start_paused = true)]
async fn a_list_of_one_user_is_not_completed_with_the_pages_of_the_next() {
    let (world, mut peer) = World::live().await;
    let client = world.client.clone();
    let friends = tokio::spawn(async move { client.get_friend_list().await });
    let first = peer.next().await.unwrap().id;
    let client = world.client.clone();
    let logout = tokio::spawn(async move { client.logout().await });
    let ended = peer.next().await.unwrap().id;
    // This login waits for the end of the session.
    let client = world.client.clone();
    let _login = tokio::spawn(async move { client.login("bob", "sig").await });
    tokio::time::sleep(Duration::from_millis(1)).await;

    let friend = |user: &str| v1::Friend { user_id: user.to_owned(), ..v1::Friend::default() };
    let page =
        v1::GetFriendListResponse { friends: vec![friend("ann")], ..v1::GetFriendListResponse::default() };
    peer.tell(first, Tell::GetFriendList(page)).await;
    assert!(matches!(friends.await.unwrap(), Err(Error::NotLoggedIn)));
    peer.tell(ended, Tell::Logout(v1::LogoutResponse::default())).await;
    logout.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_read_is_given_up() {
    let (mut world, _deaf) = World::live().await;
    let text = "x".repeat(5_000);
    let client = world.client.clone();
    let call = tokio::spawn(async move { client.set_self_status(&text).await });
    assert!(matches!(call.await.unwrap(), Err(Error::Disconnected)));
    assert!(matches!(world.disconnected().await, LinkEnd::Silent));
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_never_reads_ends_with_the_final_state() {
    let (mut world, mut peer) = World::live().await;
    for version in 2..2_000 {
        peer.push(&[("me", version), ("ann", version)]).await;
    }
    let asked = world.client.clone();
    let asking = tokio::spawn(async move { asked.get_subscriptions().await });
    let id = peer.next().await.unwrap().id;
    peer.tell(id, Tell::GetSubscriptions(v1::GetSubscriptionsResponse::default())).await;
    asking.await.unwrap().unwrap();

    let mut told = Vec::new();
    while told.is_empty() {
        if let Some(Event::StatusChanged(statuses)) = world.events.next().await {
            told = statuses.iter().map(|status| (status.user_id.to_string(), status.version.0)).collect();
        }
    }
    assert_eq!(told, [("ann".to_owned(), 1_999), ("me".to_owned(), 1_999)]);
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_closes_the_connection_and_ends_the_events() {
    let (world, mut peer) = World::live().await;
    let World { client, mut events, .. } = world;
    drop(client);
    assert!(peer.next().await.is_none());
    while events.next().await.is_some() {}
}

#[tokio::test(start_paused = true)]
async fn calls_without_a_session_are_refused_without_a_connection() {
    let mut world = World::new();
    assert!(matches!(world.client.set_self_status("hi").await, Err(Error::NotLoggedIn)));
    assert!(matches!(world.client.logout().await, Err(Error::NotLoggedIn)));
    assert_eq!(world.client.login("", "sig").await.unwrap_err().code(), Some(7003));
    assert!(world.arrivals.try_recv().is_err());
}
