//! Tests of JWTs in place of UserSigs (SPEC section 5, "Tokens"), with real clients and an identity provider that
//! serves its keys over HTTP.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::api::{Api, code, query};
use common::{PATIENCE, TestNode};
use lamplight_client::Client;
use lamplight_model::{JwtSettings, Platform};
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::connection_ended::Cause;
use lamplight_wire::v1::server_message::Body;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// The answer of the identity provider, and the number of requests that it has received.
#[derive(Default)]
struct Served {
    answer: String,
    asked: usize,
}

/// An identity provider that serves its keys over HTTP.
struct Provider {
    port: u16,
    served: Arc<Mutex<Served>>,
}

/// A signing key of the provider.
struct Signer {
    kid: &'static str,
    pair: Ed25519KeyPair,
}

impl Signer {
    fn new(kid: &'static str, seed: u8) -> Self {
        Self { kid, pair: Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap() }
    }

    fn jwk(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.pair.public_key());
        json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.kid, "x": x })
    }

    fn sign(&self, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&json!({ "alg": "EdDSA", "kid": self.kid })), part(claims));
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(self.pair.sign(signed.as_bytes())))
    }

    /// Makes a token for a user, issued now.
    fn token(&self, node: &TestNode, user: &str) -> String {
        self.sign(&claims(node, user))
    }
}

fn claims(node: &TestNode, user: &str) -> Value {
    let now = node.clock.now().wall.as_secs();
    json!({ "sub": user, "aud": node.app.id.0.to_string(), "iat": now, "exp": now + 3_600 })
}

impl Provider {
    async fn start(signers: &[&Signer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let served = Arc::new(Mutex::new(Served::default()));
        let serving = Arc::clone(&served);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
                        break;
                    }
                }
                assert!(request.starts_with(b"GET /jwks?x=1 HTTP/1.1\r\n"));
                serving.lock().unwrap().asked += 1;
                let answer = loop {
                    let answer = serving.lock().unwrap().answer.clone();
                    if !answer.is_empty() {
                        break answer;
                    }
                    tokio::time::sleep(Duration::from_millis(5)).await;
                };
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        let provider = Self { port, served };
        provider.serve(signers);
        provider
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/jwks?x=1", self.port)
    }

    fn serve(&self, signers: &[&Signer]) {
        let keys =
            json!({ "keys": signers.iter().map(|signer| signer.jwk()).collect::<Vec<_>>() }).to_string();
        self.answer(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{keys}", keys.len()));
    }

    /// Sets the answer to requests. While the answer is empty, requests wait.
    fn answer(&self, answer: &str) {
        answer.clone_into(&mut self.served.lock().unwrap().answer);
    }

    fn asked(&self) -> usize {
        self.served.lock().unwrap().asked
    }

    async fn is_asked(&self, times: usize) {
        let wait = async {
            while self.asked() < times {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("the provider is asked");
    }

    /// Starts a node with an app that trusts this provider.
    async fn node(&self) -> TestNode {
        let mut node = TestNode::start_with(|config| config.webhooks.allow_private = true).await;
        let jwks_url = self.url();
        node.set(|settings| settings.jwt = JwtSettings { jwks_url, leeway_s: 0, ..JwtSettings::default() })
            .await;
        node
    }
}

fn login(node: &TestNode, user: &str, token: String) -> Request {
    let Request::Login(login) = node.login(user, "d", Platform::Android) else { unreachable!() };
    Request::Login(v1::LoginRequest { user_sig: token, ..login })
}

/// Logs in with this token; returns the code of the refusal, or 0 if the login succeeds.
async fn answer(node: &TestNode, user: &str, token: String) -> u32 {
    match node.connect().await.ask(login(node, user, token)).await {
        Body::Login(_) => 0,
        Body::Refusal(refusal) => refusal.code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_client_and_a_backend_log_in_by_a_jwt() {
    let signer = Signer::new("1", 1);
    let provider = Provider::start(&[&signer]).await;
    let node = provider.node().await;
    for scheme in ["tcp", "ws"] {
        let client = Client::builder(format!("{scheme}://{}", node.address())).app(node.app.id);
        let client =
            client.platform(Platform::Linux).device_id(scheme).call_timeout(PATIENCE).build().unwrap();
        client.login("alice", &signer.token(&node, "alice")).await.unwrap();
        let status = client.set_self_status("here").await.unwrap();
        assert_eq!(status.status_type, lamplight_client::StatusType::Online);
    }
    // UserSigs still work for logins, and the server API accepts both.
    assert_eq!(answer(&node, "bob", node.sig("bob")).await, 0);
    let admin = signer.token(&node, "administrator");
    let mut api = Api::connect(&node).await;
    for (user, token, expected) in
        [("administrator", &admin, 0), ("alice", &signer.token(&node, "alice"), 90009)]
    {
        let body = json!({ "To_Account": ["alice"] });
        api.query = query(&node, user, token);
        let answer = api.call("openim/query_online_status", &body).await;
        assert_eq!(code(&answer), expected, "{answer}");
    }
    assert_eq!(provider.asked(), 1);
    assert_eq!(node.metric("lamplight_token_key_reads_total{outcome=\"read\"} ").await, 1);
}

#[tokio::test]
async fn a_bad_jwt_is_refused_with_its_reason() {
    let (signer, stranger) = (Signer::new("1", 1), Signer::new("1", 2));
    let provider = Provider::start(&[&signer]).await;
    let node = provider.node().await;
    let with = |name: &str, value: Value| {
        let mut claims = claims(&node, "alice");
        claims[name] = value;
        signer.sign(&claims)
    };
    let now = node.clock.now().wall.as_secs();
    let unsigned = |alg: &str| {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.", part(json!({ "alg": alg })), part(claims(&node, "alice")))
    };
    for (token, expected) in [
        (with("aud", json!("another")), 70014),
        (with("sub", json!("bob")), 70013),
        (with("exp", json!(now)), 70001),
        (with("nbf", json!(now + 60)), 70001),
        (with("exp", Value::Null), 70003),
        (stranger.token(&node, "alice"), 70009),
        (unsigned("none"), 70003),
        (unsigned("HS256"), 70009),
        ("..".to_owned(), 70003),
        (format!("{}.x", "y".repeat(9_000)), 70003),
    ] {
        assert_eq!(answer(&node, "alice", token.clone()).await, expected, "{token:.200}");
    }
    assert!(!node.has_account("alice").await);
    assert_eq!(answer(&node, "alice", signer.token(&node, "alice")).await, 0);
}

#[tokio::test]
async fn an_app_without_keys_takes_no_jwt() {
    let node = TestNode::start().await;
    assert_eq!(answer(&node, "alice", Signer::new("1", 1).token(&node, "alice")).await, 70003);
}

#[tokio::test]
async fn a_new_key_is_fetched_when_a_token_names_it_and_at_most_once_in_ten_seconds() {
    let (old, new, unknown) = (Signer::new("old", 1), Signer::new("new", 2), Signer::new("unknown", 3));
    let provider = Provider::start(&[&old]).await;
    let node = provider.node().await;
    assert_eq!(answer(&node, "alice", old.token(&node, "alice")).await, 0);
    provider.serve(&[&old, &new]);
    node.clock.advance(Duration::from_secs(11));
    assert_eq!(answer(&node, "alice", new.token(&node, "alice")).await, 0);
    assert_eq!(answer(&node, "alice", old.token(&node, "alice")).await, 0);
    assert_eq!(provider.asked(), 2);
    for _ in 0..20 {
        assert_eq!(answer(&node, "eve", unknown.token(&node, "eve")).await, 70009);
    }
    assert_eq!(provider.asked(), 2, "clients cannot make the server ask at will");
    node.clock.advance(Duration::from_secs(11));
    let (first, second) = (unknown.token(&node, "eve"), unknown.token(&node, "mallory"));
    let both = tokio::join!(answer(&node, "eve", first), answer(&node, "mallory", second));
    assert_eq!((both, provider.asked()), ((70009, 70009), 3));
    // The tokens of a removed key are refused after the keys have been read again, even if no token with a new key
    // arrives.
    provider.serve(&[&new]);
    node.clock.advance(Duration::from_secs(301));
    provider.is_asked(4).await;
    let refused = async {
        while answer(&node, "alice", old.token(&node, "alice")).await != 70009 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, refused).await.expect("the old key is gone");
}

#[tokio::test]
async fn keys_count_on_for_a_day_while_the_provider_is_down() {
    let signer = Signer::new("1", 1);
    let provider = Provider::start(&[&signer]).await;
    let node = provider.node().await;
    assert_eq!(answer(&node, "alice", signer.token(&node, "alice")).await, 0);
    let long = format!("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n{}", " ".repeat(300_000));
    let answers = [
        "HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 Moved\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"keys\": []}",
        &long,
        "nonsense",
        "",
    ];
    for (failures, text) in answers.iter().enumerate() {
        provider.answer(text);
        node.clock.advance(Duration::from_secs(301));
        provider.is_asked(failures + 2).await;
        assert_eq!(answer(&node, "alice", signer.token(&node, "alice")).await, 0, "{text:.40}");
    }
    assert!(node.metric("lamplight_token_key_reads_total{outcome=\"failed\"} ").await >= 5);
    node.clock.advance(Duration::from_secs(24 * 3_600));
    assert_eq!(answer(&node, "alice", signer.token(&node, "alice")).await, 70009);
    provider.serve(&[&signer]);
    node.clock.advance(Duration::from_secs(301));
    assert_eq!(answer(&node, "alice", signer.token(&node, "alice")).await, 0);
}

#[tokio::test]
async fn keys_that_were_read_survive_a_restart_within_their_day() {
    let signer = Signer::new("1", 1);
    let provider = Provider::start(&[&signer]).await;
    let node = provider.node().await;
    assert_eq!(answer(&node, "alice", signer.token(&node, "alice")).await, 0);
    provider.answer("HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n");
    let kept = node.config.data_dir.join("token-keys").join(format!("{}-url.json", node.app.id));
    let written = async {
        while !kept.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, written).await.expect("the keys are kept");

    let node = node.stop().await.start().await;
    assert_eq!(answer(&node, "alice", signer.token(&node, "alice")).await, 0, "nobody notices the restart");
    node.clock.advance(Duration::from_secs(23 * 3_600));
    let mut node = node.stop().await.start().await;
    assert_eq!(answer(&node, "bob", signer.token(&node, "bob")).await, 0);
    node.clock.advance(Duration::from_secs(3_600));
    assert_eq!(
        answer(&node, "alice", signer.token(&node, "alice")).await,
        70009,
        "the keys are valid for a day"
    );

    // A damaged file does not keep the node from starting, and its tokens are refused.
    let good = std::fs::read_to_string(&kept).unwrap();
    for bad in ["", "{}", "\u{0}", &good.replace("https", "ftp").replace("127.0.0.1", "127.0.0.2")] {
        std::fs::write(&kept, bad).unwrap();
        node = node.stop().await.start().await;
        assert_eq!(answer(&node, "alice", signer.token(&node, "alice")).await, 70009, "{bad:.20}");
    }
    provider.serve(&[&signer]);
    node.clock.advance(Duration::from_secs(301));
    assert_eq!(answer(&node, "alice", signer.token(&node, "alice")).await, 0);
    // Keys that are no longer used by any app are deleted.
    node.set(|settings| settings.jwt.jwks_url.clear()).await;
    let forgotten = async {
        while kept.exists() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, forgotten).await.expect("the file is removed");
}

#[tokio::test]
async fn a_kick_revokes_the_jwts_from_before_it() {
    let signer = Signer::new("1", 1);
    let provider = Provider::start(&[&signer]).await;
    let node = provider.node().await;
    let mut claims = claims(&node, "alice");
    let now = claims["iat"].as_u64().unwrap();
    let mut wire = node.connect().await;
    let Body::Login(_) = wire.ask(login(&node, "alice", signer.sign(&claims))).await else { panic!() };
    let before = signer.sign(&claims);
    claims["iat"] = json!(now - 100);
    let long_before = signer.sign(&claims);
    claims.as_object_mut().unwrap().remove("iat");
    let of_no_time = signer.sign(&claims);
    let revoking = node.node.service().kick(&node.user("alice"), node.clock.now()).await.unwrap();
    assert_eq!(wire.last_words().await.cause, Cause::KickedByOperator as i32);
    if let Some(from) = revoking.answer_from(node.clock.now().wall) {
        node.clock.advance(Duration::from_millis(from.0.saturating_sub(node.clock.now().wall.0)));
    }
    for token in [before, long_before, of_no_time] {
        assert_eq!(answer(&node, "alice", token).await, 70052);
    }
    let mut api = Api::connect(&node).await;
    // A device that was kicked while it was connected was notified then, so its next login succeeds.
    assert_eq!(answer(&node, "alice", signer.token(&node, "alice")).await, 0);
    let body = json!({ "To_Account": ["alice"] });
    let token = signer.token(&node, "administrator");
    api.query = query(&node, "administrator", &token);
    assert_eq!(code(&api.call("openim/query_online_status", &body).await), 0);
}

#[tokio::test]
async fn a_jwt_that_expires_ends_its_login_unless_a_fresh_one_comes() {
    let signer = Signer::new("1", 1);
    let provider = Provider::start(&[&signer]).await;
    let node = provider.node().await;
    let for_seconds = |seconds: u64| {
        let mut claims = claims(&node, "alice");
        claims["exp"] = json!(claims["iat"].as_u64().unwrap() + seconds);
        login(&node, "alice", signer.sign(&claims))
    };
    let mut wire = node.connect().await;
    let Body::Login(_) = wire.ask(for_seconds(100)).await else { panic!() };
    let Body::Login(_) = wire.ask(for_seconds(200)).await else { panic!() };
    node.clock.advance(Duration::from_secs(150));
    assert_eq!(wire.status_of("alice").await.status_type, 1);
    node.clock.advance(Duration::from_secs(60));
    let words = wire.last_words().await;
    let why = "the UserSig or JWT expired; log in again with a new one";
    assert_eq!((words.cause, words.message.as_str()), (Cause::UserSigExpired as i32, why));
    let status = node.log_in("bob", "d", Platform::Android).await.status_of("alice").await;
    assert_eq!((status.status_type, status.reason), (3, v1::Reason::SigExpired as i32));
}

#[tokio::test]
async fn whoever_logged_in_by_keys_that_the_app_has_no_longer_is_logged_out() {
    let signer = Signer::new("1", 1);
    let provider = Provider::start(&[&signer]).await;
    let mut node = provider.node().await;
    let mut by_url = node.connect().await;
    let Body::Login(_) = by_url.ask(login(&node, "alice", signer.token(&node, "alice"))).await else {
        panic!()
    };
    let mut by_sig = node.log_in("bob", "d", Platform::Android).await;
    // Changes of other settings, and a further source of keys, do not end a session.
    let keys = json!({ "keys": [Signer::new("own", 7).jwk()] }).to_string();
    node.set(|settings| settings.jwt.keys = keys).await;
    assert_eq!(by_url.status_of("alice").await.status_type, 1);
    let mut by_text = node.connect().await;
    let own = Signer::new("own", 7).token(&node, "carol");
    let Body::Login(_) = by_text.ask(login(&node, "carol", own)).await else { panic!() };
    node.set(|settings| settings.jwt.jwks_url.clear()).await;
    let words = by_url.last_words().await;
    let why = "the key of the token was taken away; log in again with a new token";
    assert_eq!((words.cause, words.message.as_str()), (Cause::UserSigExpired as i32, why));
    assert_eq!(by_text.status_of("carol").await.status_type, 1);
    node.set(|settings| settings.jwt = JwtSettings::default()).await;
    assert_eq!(by_text.last_words().await.cause, Cause::UserSigExpired as i32);
    assert_eq!(by_sig.status_of("bob").await.status_type, 1);
}

#[tokio::test]
async fn keys_are_read_from_a_file_and_not_from_where_webhooks_may_not_lead() {
    let signer = Signer::new("1", 1);
    let provider = Provider::start(&[&signer]).await;
    // An app must not make the server connect to an address of this machine.
    let mut node = TestNode::start().await;
    let jwks_url = provider.url();
    node.set(|settings| settings.jwt.jwks_url = jwks_url).await;
    assert_eq!(answer(&node, "alice", signer.token(&node, "alice")).await, 70009);
    assert_eq!(provider.asked(), 0);

    let folder = node.config.data_dir.join("jwks");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("keys.json"), json!({ "keys": [signer.jwk()] }).to_string()).unwrap();
    node.set(|settings| {
        settings.jwt = JwtSettings { jwks_file: "keys.json".into(), ..JwtSettings::default() }
    })
    .await;
    assert_eq!(answer(&node, "alice", signer.token(&node, "alice")).await, 0);
    for bad in ["../facts.db", "/etc/passwd", ".."] {
        let mut app = node.app.clone();
        app.settings.jwt.jwks_file = bad.to_owned();
        let refused = node.node.service().put_app(app).await.unwrap_err().to_string();
        assert!(refused.contains("jwt.jwks_file"), "{refused}");
    }
    for (keys, secret) in [("nonsense", ""), ("", "short"), ("", "-----BEGIN PUBLIC KEY----- of 32 bytes")] {
        let mut app = node.app.clone();
        app.settings.jwt.keys = keys.to_owned();
        app.settings.jwt.secret = secret.to_owned();
        let refused = node.node.service().put_app(app).await.unwrap_err().to_string();
        assert!(refused.contains("jwt."), "{refused}");
    }
}

/// A login that waits for newer keys is checked against the settings that apply after the wait.
#[tokio::test]
async fn a_jwt_that_waited_for_newer_keys_is_held_against_the_settings_of_then() {
    let (older, newer) = (Signer::new("1", 1), Signer::new("2", 2));
    let provider = Provider::start(&[&older]).await;
    let mut node = provider.node().await;
    assert_eq!(answer(&node, "alice", older.token(&node, "alice")).await, 0);
    node.clock.advance(Duration::from_secs(10));
    provider.answer("");
    let (mut connection, request) = (node.connect().await, login(&node, "bob", newer.token(&node, "bob")));
    let waiting = tokio::spawn(async move { connection.ask(request).await });
    provider.is_asked(2).await;
    node.set(|settings| settings.jwt.issuer = "https://another.example".to_owned()).await;
    provider.serve(&[&older, &newer]);
    let Body::Refusal(refused) = waiting.await.unwrap() else { panic!("it is refused") };
    assert_eq!(refused.code, 70009);
}
