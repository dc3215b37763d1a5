//! Tests that send random bytes to every port. The answers do not matter; the node must stay unharmed.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::pair::Pair;
use common::websocket::UPGRADE;
use common::{PATIENCE, TestNode, custom, get, subscribe, with_tls};
use futures_util::future::join_all;
use lamplight_model::Platform;
use lamplight_wire::{NATIVE_PREAMBLE, put_frame, v1};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// The number of concurrent connections.
const VISITORS: usize = 50;

/// Sends bytes, closes the sending side, and waits until the server closes the connection.
async fn visit(mut stream: impl AsyncRead + AsyncWrite + Unpin, bytes: Vec<u8>) {
    let visit = async {
        // The server may close at any moment.
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    };
    tokio::time::timeout(PATIENCE, visit).await.expect("the server closes");
}

async fn visit_often(node: &TestNode, times: usize, mut bytes: impl FnMut() -> Vec<u8>) {
    for _ in 0..times / VISITORS {
        let visits = (0..VISITORS).map(|_| bytes()).map(|bytes| async {
            visit(TcpStream::connect(node.address()).await.unwrap(), bytes).await;
        });
        join_all(visits.collect::<Vec<_>>()).await;
    }
}

fn random_bytes(random: &mut StdRng) -> Vec<u8> {
    let mut bytes = vec![0; random.random_range(0..300)];
    random.fill(&mut bytes[..]);
    bytes
}

/// Changes a few bytes of a valid session at random, and cuts off the end.
fn spoilt_session(node: &TestNode, random: &mut StdRng) -> Vec<u8> {
    let mut bytes = NATIVE_PREAMBLE.to_vec();
    let login = node.login("eve", "phone", Platform::IPhone);
    let calls = [login, custom("x"), get(&["bob", "eve"]), subscribe(&["bob"])];
    for (id, body) in (1..).zip(calls) {
        put_frame(&mut bytes, &v1::ClientMessage { id, body: Some(body) });
    }
    for _ in 0..random.random_range(1..4) {
        let place = random.random_range(NATIVE_PREAMBLE.len()..bytes.len());
        bytes[place] = random.random();
    }
    bytes.truncate(random.random_range(5..=bytes.len()));
    bytes
}

/// Makes WebSocket frames as a client sends them, with random content.
fn random_websocket(random: &mut StdRng) -> Vec<u8> {
    let mut bytes = UPGRADE.as_bytes().to_vec();
    if random.random_bool(0.5) {
        bytes.extend_from_slice(b"Sec-WebSocket-Protocol: lamplight.v1.protobuf\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    for _ in 0..random.random_range(1..6) {
        if random.random_bool(0.2) {
            bytes.extend(random_bytes(random));
            continue;
        }
        let payload = &random_bytes(random)[..];
        let payload = &payload[..payload.len().min(125)];
        let opcode = [0x81, 0x82, 0x80, 0x01, 0x02, 0x88, 0x89, 0x8a][random.random_range(0..8)];
        bytes.extend([opcode, 0x80 | payload.len() as u8, 0, 0, 0, 0]);
        bytes.extend_from_slice(payload);
    }
    bytes
}

#[tokio::test]
async fn random_bytes_over_tcp_harm_nobody() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let mut random = StdRng::seed_from_u64(1);
    visit_often(&node, 1_000, || random_bytes(&mut random)).await;
    visit_often(&node, 1_000, || [&NATIVE_PREAMBLE[..], &random_bytes(&mut random)].concat()).await;
    node.has_connections(2).await;
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn spoilt_sessions_harm_nobody() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let mut random = StdRng::seed_from_u64(2);
    visit_often(&node, 1_000, || spoilt_session(&node, &mut random)).await;
    node.has_connections(2).await;
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn random_bytes_over_a_websocket_harm_nobody() {
    let (node, pair) = Pair::on_a_node(|_| {}).await;
    let mut random = StdRng::seed_from_u64(3);
    visit_often(&node, 500, || [b"GET ", &random_bytes(&mut random)[..]].concat()).await;
    visit_often(&node, 2_000, || random_websocket(&mut random)).await;
    node.has_connections(2).await;
    pair.proves_unharmed().await;
}

#[tokio::test]
async fn random_bytes_instead_of_tls_and_inside_of_it_harm_nobody() {
    let mut certificate = String::new();
    let (node, pair) = Pair::on_a_node(|config| certificate = with_tls(config)).await;
    let mut random = StdRng::seed_from_u64(4);
    visit_often(&node, 1_000, || [&[0x16], &random_bytes(&mut random)[..]].concat()).await;
    // A TLS record with a valid beginning.
    visit_often(&node, 500, || {
        let inside = random_bytes(&mut random);
        let length = inside.len() as u16 + 4;
        let hello = [&[0x16, 3, 1][..], &length.to_be_bytes(), &[1, 0], &(length - 4).to_be_bytes(), &inside];
        hello.concat()
    })
    .await;

    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(client));
    for n in 0..200 {
        let stream = TcpStream::connect(node.address()).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = connector.connect(name, stream).await.unwrap();
        let bytes = match n % 4 {
            0 => random_bytes(&mut random),
            1 => [&NATIVE_PREAMBLE[..], &random_bytes(&mut random)].concat(),
            2 => spoilt_session(&node, &mut random),
            _ => random_websocket(&mut random),
        };
        if n % 8 < 4 {
            visit(stream, bytes).await;
        } else {
            // The bytes are sent in the middle of the session without TLS, so they are not a valid record.
            let _ = stream.write_all(&bytes).await;
            visit(stream.into_inner().0, random_bytes(&mut random)).await;
        }
    }
    node.has_connections(2).await;
    pair.proves_unharmed().await;
}
