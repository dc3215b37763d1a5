//! Runs every measurement with small numbers against a node in this process, and checks that no notification is wrong.
//!
//! `lamplight load bench --quick` does the same with servers in processes of their own.

#![allow(clippy::unwrap_used, missing_docs)]

use lamplight_load::{
    ClosedArgs, LoadArgs, LoginArgs, MessagesArgs, OpenArgs, PartArgs, QueryArgs, ServerArgs, SlowArgs,
    Transport, WebhooksArgs, What,
};
use lamplight_server::{Clock, Config, Node};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::OnceLock;

/// A function that creates the command of a measurement from the common options.
type Choice = fn(PartArgs) -> What;

/// Returns a free address on this machine. Every call returns the same address.
fn receiver_address() -> SocketAddr {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    *ADDRESS.get_or_init(|| TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
}

/// Starts a node whose app has a short heartbeat timeout. If `tells`, the app has a webhook.
async fn start(folder: &Path, tells: bool) -> (Node, ServerArgs) {
    let here: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let mut config = Config { data_dir: folder.join("data"), client_listen: here, ..Config::default() };
    config.http_listen = here;
    config.workers = 2;
    config.limits.changes_told_per_second = 0;
    config.limits.requests_per_second = 0;
    config.webhooks.allow_private = true;
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    std::fs::write(&certificate, signed.cert.pem()).unwrap();
    std::fs::write(&key, signed.signing_key.serialize_pem()).unwrap();
    (config.tls.certificate, config.tls.key) = (Some(certificate), Some(key));
    let node = Node::start(config, Clock::default()).await.unwrap();
    let mut app = node.created().unwrap().clone();
    app.settings.timing.heartbeat_timeout_native_ms = 2_000;
    if tells {
        app.settings.webhooks.state_change_url = format!("http://{}/", receiver_address());
    }
    node.service().put_app(app.clone()).await.unwrap();
    let server = ServerArgs {
        server: Some(node.client_address()),
        http: Some(node.http_address()),
        app: Some(app.id.0),
        key: Some(app.keys[0].text.clone()),
        pid: Some(std::process::id()),
        ..ServerArgs::default()
    };
    (node, server)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_told_wrongly_in_any_part() {
    let parts: [(&str, Choice); 10] = [
        ("login", |part| What::Login(LoginArgs { part, rounds: 2 })),
        ("idle", What::Idle),
        ("open", |part| What::Open(OpenArgs { part, rate: 200, changes: 60 })),
        ("closed", |part| {
            let unanswered = false;
            What::Closed(ClosedArgs { part, outstanding: 8, changes: 100, repeat: 1, unanswered })
        }),
        ("storm", What::Storm),
        ("slow", |part| What::Slow(SlowArgs { part, changes: 400 })),
        ("query", |part| What::Query(QueryArgs { part, calls: 100, connections: 2, detail: true })),
        ("messages", |part| What::Messages(MessagesArgs { part, outstanding: 16, messages: 300 })),
        ("webhooks", |part| {
            // The receiver must listen on the address that the app has as its webhook.
            let listen = receiver_address();
            What::Webhooks(WebhooksArgs { part, events: 300, listen })
        }),
        ("death", What::Death),
    ];
    for (name, what) in parts {
        measure(name, what, Transport::Tcp).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_transport_carries_changes_and_reconnects() {
    for transport in Transport::ALL {
        let closed: Choice = |part| {
            let unanswered = false;
            What::Closed(ClosedArgs { part, outstanding: 8, changes: 100, repeat: 1, unanswered })
        };
        measure("closed", closed, transport).await;
        measure("storm", What::Storm, transport).await;
    }
}

/// Runs a measurement against a node of its own.
async fn measure(name: &str, what: Choice, transport: Transport) {
    let folder = tempfile::tempdir().unwrap();
    let (node, server) = start(folder.path(), name == "webhooks").await;
    let out = folder.path().join("figures.json");
    let part = PartArgs { server, users: Some(63), transport, out: Some(out.clone()) };
    let args = LoadArgs { what: what(part) };
    tokio::task::spawn_blocking(move || lamplight_load::run(args))
        .await
        .unwrap()
        .unwrap_or_else(|error| panic!("{name}, {transport}: {error:#}"));
    let figures: serde_json::Value = serde_json::from_slice(&std::fs::read(out).unwrap()).unwrap();
    assert!(!figures["figures"].as_array().unwrap().is_empty(), "{name}, {transport}");
    node.stop().await;
}
