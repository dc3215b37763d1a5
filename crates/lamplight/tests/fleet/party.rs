//! The clients of two servers, and calls that return the code of a refusal, such as [`TRY_AGAIN`].

use super::{Client, Device, Server, statuses};
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::server_message::Body;
use lamplight_wire::v1::{Platform, StatusType, UserStatus};
use std::time::{Duration, Instant};

/// The code that asks for another attempt.
pub const TRY_AGAIN: u32 = 70_500;

/// The clients of a small party. Bob, at the second server, watches everybody else.
pub struct Party {
    pub alices: Client,
    pub doras: Client,
    pub alice: Device,
    pub wendy: Device,
    pub bob: Device,
    pub carol: Device,
    pub dora: Device,
}

impl Party {
    /// Logs in alice, wendy (in a browser) and dora at `a`, and bob and carol at `b`.
    pub fn of(a: &Server, b: &Server) -> Self {
        let [alices, bobs, carols, doras] = a.create_accounts(["alice", "bob", "carol", "dora"]);
        let wendys = web(a, "wendy");
        a.folder.ok(&["account", "create", "wendy"]);
        let (mut alice, mut wendy) = (alices.log_in(a), wendys.log_in(a));
        let (mut bob, mut carol, mut dora) = (bobs.log_in(b), carols.log_in(b), doras.log_in(a));
        alice.set_custom("busy");
        wendy.set_custom("in a tab");
        bob.subscribe(&["alice", "carol", "wendy", "dora"]);
        alice.subscribe(&["carol", "bob"]);
        carol.set_custom("here");
        alice.told("carol", "here", |it| it.custom_status == "here");
        bob.told("carol", "here", |it| it.custom_status == "here");
        for device in [&mut alice, &mut wendy, &mut bob, &mut carol, &mut dora] {
            // The notification of the device's own change arrives before this answer.
            assert!(device.is_alive());
            device.pushes.clear();
        }
        Self { alices, doras, alice, wendy, bob, carol, dora }
    }

    /// Returns the statuses of alice, carol and wendy in the answer to a query by bob; `None` if the query is refused.
    pub fn picture(&mut self) -> Option<Vec<UserStatus>> {
        query(&mut self.bob, &["alice", "carol", "wendy"]).ok()
    }

    /// Checks that no client was notified of the status of any user.
    pub fn nobody_was_told_anything(&mut self) {
        for device in [&mut self.alice, &mut self.wendy, &mut self.bob, &mut self.carol, &mut self.dora] {
            assert!(device.is_alive());
            let told = device.pushes.iter().find(|body| matches!(body, Body::StatusChanged(_)));
            assert!(told.is_none(), "{told:?}");
        }
    }

    /// Checks that all clients are connected as before, and that none was notified that another user is not ONLINE.
    pub fn nobody_was_away(&mut self) {
        for device in [&mut self.alice, &mut self.wendy, &mut self.bob, &mut self.carol, &mut self.dora] {
            is_connected(device);
        }
        told_only_online(&self.bob, &["alice", "carol", "wendy", "dora"]);
        told_only_online(&self.alice, &["carol", "bob"]);
    }
}

/// Checks that the connection is open, and that the server has not announced its end.
pub fn is_connected(device: &mut Device) {
    assert!(device.is_alive());
    let ended = device.pushes.iter().find(|body| matches!(body, Body::ConnectionEnded(_)));
    assert!(ended.is_none(), "{ended:?}");
}

/// Checks that the device has received only ONLINE statuses of these users.
pub fn told_only_online(device: &Device, users: &[&str]) {
    for user in users {
        let told = device.pushes.iter().flat_map(|body| statuses(body, user));
        let away: Vec<_> = told.filter(|it| it.status_type() != StatusType::Online).collect();
        assert!(away.is_empty(), "{away:?}");
    }
}

pub fn web(server: &Server, user: &str) -> Client {
    let mut client = server.client(user, &format!("tab of {user}"));
    client.0.platform = Platform::Web as i32;
    client
}

pub fn is_ready(server: &Server) -> bool {
    server.page("/readyz").starts_with("HTTP/1.1 200")
}

pub fn query(device: &mut Device, users: &[&str]) -> Result<Vec<UserStatus>, u32> {
    let user_ids = users.iter().map(|user| (*user).to_owned()).collect();
    match device.ask(Request::GetUserStatus(v1::GetUserStatusRequest { user_ids })) {
        Body::GetUserStatus(answer) => Ok(answer.statuses),
        Body::Refusal(refusal) => Err(refusal.code),
        other => panic!("{other:?}"),
    }
}

pub fn try_custom(device: &mut Device, text: &str) -> Result<(), u32> {
    match device.ask(Request::SetSelfStatus(v1::SetSelfStatusRequest {
        custom_status: text.to_owned(),
        ..Default::default()
    })) {
        Body::SetSelfStatus(_) => Ok(()),
        Body::Refusal(refusal) => Err(refusal.code),
        other => panic!("{other:?}"),
    }
}

pub fn try_subscribe(device: &mut Device, user: &str) -> Result<(), u32> {
    let request = v1::SubscribeUserStatusRequest { user_ids: vec![user.to_owned()] };
    match device.ask(Request::SubscribeUserStatus(request)) {
        Body::SubscribeUserStatus(_) => Ok(()),
        Body::Refusal(refusal) => Err(refusal.code),
        other => panic!("{other:?}"),
    }
}

pub fn subscriptions(device: &mut Device) -> Result<Vec<String>, u32> {
    match device.ask(Request::GetSubscriptions(v1::GetSubscriptionsRequest {})) {
        Body::GetSubscriptions(answer) => Ok(answer.user_ids),
        Body::Refusal(refusal) => Err(refusal.code),
        other => panic!("{other:?}"),
    }
}

pub fn log_out(device: &mut Device) -> Result<(), u32> {
    match device.ask(Request::Logout(v1::LogoutRequest {})) {
        Body::Logout(_) => Ok(()),
        Body::Refusal(refusal) => Err(refusal.code),
        other => panic!("{other:?}"),
    }
}

/// Measures a call, which must not take longer than `most`.
pub fn within<T>(most: Duration, what: &str, call: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = call();
    assert!(began.elapsed() < most, "{what} took {:?}", began.elapsed());
    println!("{what} took {:?}", began.elapsed());
    done
}

pub fn custom<'a>(picture: &'a [UserStatus], user: &str) -> &'a UserStatus {
    picture.iter().find(|status| status.user_id == user).unwrap()
}

/// Sends a message, with its text as its id.
pub fn send(device: &mut Device, to: &str, text: &str) -> Result<(), u32> {
    let request = v1::SendMessageRequest {
        to: to.to_owned(),
        text: text.to_owned(),
        client_message_id: text.to_owned(),
        ..v1::SendMessageRequest::default()
    };
    match device.ask(Request::SendMessage(request)) {
        Body::SendMessage(_) => Ok(()),
        Body::Refusal(refusal) => Err(refusal.code),
        other => panic!("{other:?}"),
    }
}

/// Returns the texts of the messages between the device's user and a peer, newest first.
pub fn messages(device: &mut Device, peer: &str) -> Vec<String> {
    let request = v1::GetHistoryRequest { peer: peer.to_owned(), before: 0, limit: 100 };
    match device.ask(Request::GetHistory(request)) {
        Body::GetHistory(answer) => answer.messages.into_iter().map(|message| message.text).collect(),
        other => panic!("{other:?}"),
    }
}
