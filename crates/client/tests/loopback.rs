//! Tests of the SDK with a scripted server over real sockets: TCP, WebSocket and TLS. Every step waits for the other
//! side, and no test sleeps.

#![allow(clippy::unwrap_used)]

mod peer;

use lamplight_client::{
    AppId, Client, ClientBuilder, Error, Event, Events, KickedBy, LinkEnd, Platform, UserId,
};
#[cfg(feature = "websocket")]
use lamplight_wire::SUBPROTOCOL_PROTOBUF;
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Ask;
use lamplight_wire::v1::connection_ended::Cause;
use lamplight_wire::v1::server_message::Body as Tell;
use peer::{Peer, status, welcome};
use tokio::net::{TcpListener, TcpStream};

async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

async fn accept(listener: &TcpListener) -> TcpStream {
    listener.accept().await.unwrap().0
}

#[cfg(feature = "websocket")]
async fn upgrade(stream: impl peer::Io + 'static) -> Peer {
    use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
    let stream: Box<dyn peer::Io> = Box::new(stream);
    #[allow(clippy::result_large_err, reason = "the signature is tungstenite's")]
    let choose = |request: &Request, mut response: Response| {
        let asked = request.headers()["sec-websocket-protocol"].clone();
        assert_eq!(asked, SUBPROTOCOL_PROTOBUF);
        assert_eq!(request.uri().path(), "/im");
        response.headers_mut().insert("sec-websocket-protocol", asked);
        Ok(response)
    };
    Peer::WebSocket(Box::new(tokio_tungstenite::accept_hdr_async(stream, choose).await.unwrap()))
}

fn client(address: &str) -> ClientBuilder {
    Client::builder(address).app(AppId(7)).platform(Platform::Mac).device_id("device")
}

/// Logs in while the peer accepts the connection and answers the login.
async fn log_in(client: &Client, peer: impl Future<Output = Peer>, statuses: &[(&str, u64)]) -> Peer {
    let welcomed = async {
        let mut peer = peer.await;
        let login = peer.welcome(statuses).await;
        assert_eq!((login.sdk_app_id, login.user_id.as_str(), login.user_sig.as_str()), (7, "me", "sig"));
        assert_eq!((login.device_id.as_str(), login.platform()), ("device", v1::Platform::Mac));
        assert!(!login.resume && login.known.is_empty());
        peer
    };
    let (logged_in, peer) = tokio::join!(client.login("me", "sig"), welcomed);
    assert_eq!(logged_in.unwrap().server_time.0, 7);
    peer
}

/// Returns the next event with statuses, as words of the form `user:version`.
async fn changed(events: &mut Events) -> String {
    loop {
        if let Event::StatusChanged(statuses) = events.next().await.expect("the client lives") {
            let words: Vec<_> =
                statuses.iter().map(|status| format!("{}:{}", status.user_id, status.version)).collect();
            return words.join(" ");
        }
    }
}

/// Runs a complete session over any transport: login, call, notification, broken link, resume, logout.
async fn a_whole_session<F: Future<Output = Peer>>(client: Client, connection: impl Fn() -> F) {
    let mut events = client.events();
    let mut peer = log_in(&client, connection(), &[("me", 1), ("ann", 5)]).await;
    assert_eq!(changed(&mut events).await, "ann:5 me:1");

    let (subscribed, asked) = tokio::join!(client.subscribe_user_status(["bob"]), peer.subscribe());
    assert_eq!((subscribed.unwrap().statuses.len(), asked), (1, vec!["bob".to_owned()]));
    assert_eq!(changed(&mut events).await, "bob:1");
    peer.push(&[("ann", 6), ("bob", 1)]).await;
    assert_eq!(changed(&mut events).await, "ann:6");

    drop(peer);
    let mut peer = connection().await;
    let login = peer.welcome(&[("bob", 2), ("ann", 6)]).await;
    let known: Vec<_> =
        login.known.iter().map(|known| format!("{}:{}", known.user_id, known.version)).collect();
    assert!(login.resume);
    assert_eq!(known.join(" "), "ann:6 bob:1 me:1");
    assert_eq!(changed(&mut events).await, "bob:2");
    assert_eq!(client.cached_status(&UserId::new("bob").unwrap()).unwrap().version.0, 2);
    assert_eq!(client.cached().len(), 3);

    let goodbye = async {
        let message = peer.next().await.unwrap();
        assert!(matches!(message.body, Some(Ask::Logout(_))));
        peer.tell(message.id, Tell::Logout(v1::LogoutResponse {})).await;
        assert!(peer.next().await.is_none(), "the client hangs up");
    };
    let (logged_out, ()) = tokio::join!(client.logout(), goodbye);
    logged_out.unwrap();
    assert!(matches!(client.set_self_status("hi").await, Err(Error::NotLoggedIn)));
    assert!(client.cached().is_empty());
}

#[tokio::test]
async fn a_session_over_tcp() {
    let (listener, port) = listen().await;
    let client = client(&format!("tcp://127.0.0.1:{port}")).build().unwrap();
    a_whole_session(client, || async { Peer::native(accept(&listener).await).await }).await;
}

#[cfg(feature = "websocket")]
#[tokio::test]
async fn a_session_over_a_websocket() {
    let (listener, port) = listen().await;
    let client = client(&format!("ws://127.0.0.1:{port}/im")).build().unwrap();
    a_whole_session(client, || async { upgrade(accept(&listener).await).await }).await;
}

#[cfg(all(feature = "tls", feature = "websocket"))]
#[tokio::test]
async fn a_session_over_tls_and_over_a_websocket_in_tls() {
    let (pem, acceptor) = certificate();
    let (listener, port) = listen().await;
    let secured = || async { acceptor.accept(accept(&listener).await).await.unwrap() };
    let tls =
        client(&format!("tls://localhost:{port}")).add_root_certificate_pem(pem.clone()).build().unwrap();
    a_whole_session(tls, || async { Peer::native(secured().await).await }).await;
    let wss = client(&format!("wss://localhost:{port}/im")).add_root_certificate_pem(pem).build().unwrap();
    a_whole_session(wss, || async { upgrade(secured().await).await }).await;
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn a_server_that_nobody_vouches_for_is_not_trusted() {
    let (_, acceptor) = certificate();
    let (other_pem, _) = certificate();
    let (listener, port) = listen().await;
    let client =
        client(&format!("tls://localhost:{port}")).add_root_certificate_pem(other_pem).build().unwrap();
    let (login, _) = tokio::join!(client.login("me", "sig"), async {
        acceptor.accept(accept(&listener).await).await.map(|_| ())
    });
    let error = login.unwrap_err();
    assert!(matches!(&error, Error::Transport(error) if error.doing() == "TLS handshake"), "{error}");
}

/// Makes a self-signed certificate for localhost, and an acceptor that uses it.
#[cfg(feature = "tls")]
fn certificate() -> (String, tokio_rustls::TlsAcceptor) {
    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    use std::sync::Arc;
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (made.cert.pem(), tokio_rustls::TlsAcceptor::from(Arc::new(config)))
}

#[tokio::test]
async fn nobody_listening_is_a_transport_error() {
    let (listener, port) = listen().await;
    drop(listener);
    let client = client(&format!("tcp://127.0.0.1:{port}")).build().unwrap();
    let mut events = client.events();
    let error = client.login("me", "sig").await.unwrap_err();
    assert!(matches!(&error, Error::Transport(error) if error.doing() == "connecting"), "{error}");
    assert!(matches!(events.next().await, Some(Event::Connecting)));
    assert!(matches!(
        events.next().await,
        Some(Event::ConnectFailed { why: LinkEnd::Failed(_), retry_in: None })
    ));
}

#[tokio::test]
async fn a_kicked_device_is_told_why_and_does_not_come_back() {
    let (listener, port) = listen().await;
    let client = client(&format!("tcp://127.0.0.1:{port}")).build().unwrap();
    let mut events = client.events();
    let peer = async { Peer::native(accept(&listener).await).await };
    let mut peer = log_in(&client, peer, &[("me", 1)]).await;
    peer.push(&[("me", 2)]).await;
    peer.end(Cause::KickedByOtherLogin).await;
    drop(peer);
    let mut seen = Vec::new();
    while let Some(event) = events.next().await {
        let over = event.ends_session();
        seen.push(event);
        if over {
            break;
        }
    }
    let by = KickedBy::OtherLogin { platform: None };
    assert!(matches!(seen.last(), Some(Event::KickedOffline { by: kicked }) if *kicked == by), "{seen:?}");
    assert!(!seen.iter().any(|event| matches!(event, Event::Disconnected { .. })));
    assert_eq!(client.get_subscriptions().await.unwrap_err().code(), Some(6014));
}

#[tokio::test]
async fn a_lost_list_is_restored_without_the_application() {
    let (listener, port) = listen().await;
    let client = client(&format!("tcp://127.0.0.1:{port}")).build().unwrap();
    let mut events = client.events();
    let connection = || async { Peer::native(accept(&listener).await).await };
    let mut peer = log_in(&client, connection(), &[("me", 1)]).await;
    let users: Vec<String> = (0..100).map(|n| format!("u{n:02}")).collect();
    for batch in users.chunks(60) {
        let (subscribed, _) = tokio::join!(client.subscribe_user_status(batch), peer.subscribe());
        subscribed.unwrap();
    }
    drop(peer);

    let mut peer = connection().await;
    let (id, _) = peer.login().await;
    let lost = v1::LoginResponse { subscriptions_lost: true, not_watched: users.clone(), ..welcome() };
    peer.tell(id, Tell::Login(lost)).await;
    let message = peer.next().await.unwrap();
    let Some(Ask::SubscribeUserStatus(asked)) = message.body else { panic!("{message:?}") };
    assert_eq!(asked.user_ids, users);
    let mut statuses: Vec<_> = users.iter().map(|user| status(user, 1)).collect();
    statuses[42].version = 2;
    let answer = v1::SubscribeUserStatusResponse { statuses, ..Default::default() };
    peer.tell(message.id, Tell::SubscribeUserStatus(answer)).await;

    let mut last = String::new();
    while last != "u42:2" {
        last = changed(&mut events).await;
    }
    assert_eq!(client.cached().len(), 101);
}

#[tokio::test]
async fn what_is_no_message_costs_the_link_and_not_the_session() {
    use tokio::io::AsyncWriteExt as _;
    let (listener, port) = listen().await;
    let client = client(&format!("tcp://127.0.0.1:{port}")).build().unwrap();
    let mut events = client.events();
    let connection = || async { Peer::native(accept(&listener).await).await };
    let mut peer = log_in(&client, connection(), &[("me", 1)]).await;
    let Peer::Native { stream, .. } = &mut peer else { unreachable!("it is native") };
    stream.write_all(&[3, 0xff, 0xff, 0xff]).await.unwrap();
    loop {
        if let Event::Disconnected { why, .. } = events.next().await.unwrap() {
            assert!(matches!(why, LinkEnd::Protocol(_)), "{why}");
            break;
        }
    }
    let mut peer = connection().await;
    assert!(peer.welcome(&[]).await.resume);
}
