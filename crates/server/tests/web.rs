//! Tests of the web pages over a real socket: the headers of every page, and how a page finds the client port.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::TestNode;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Requests a page, and returns the complete response as text.
async fn get(node: &TestNode, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(node.node.http_address()).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: chat.example:7401\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await?;
    Ok(String::from_utf8_lossy(&response).into_owned())
}

#[tokio::test]
async fn a_page_finds_the_client_port_and_may_connect_to_it() -> io::Result<()> {
    let node = TestNode::start().await;
    let url = format!("ws://chat.example:{}", node.address().port());

    let description = get(&node, "/lamplight.json").await?;
    let body = description.rsplit("\r\n").next().unwrap_or_default();
    let body: serde_json::Value = serde_json::from_str(body)?;
    assert_eq!(body["clientUrl"], url);
    assert_eq!(body["demo"], false);

    let page = get(&node, "/").await?;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(page.contains(&format!("connect-src 'self' {url};")), "{page}");
    assert!(page.contains("x-content-type-options: nosniff"), "{page}");
    assert!(page.contains("Lamplight"), "{page}");
    Ok(())
}

#[tokio::test]
async fn what_is_not_there_is_not_a_page() -> io::Result<()> {
    let node = TestNode::start().await;
    for path in ["/gone", "/assets/gone.js", "/%2e%2e/Cargo.toml", "//", "/\u{e9}"] {
        let response = get(&node, path).await?;
        assert!(
            response.starts_with("HTTP/1.1 404") || response.starts_with("HTTP/1.1 400"),
            "{path}: {response}"
        );
    }
    assert!(get(&node, "/healthz").await?.ends_with("ok\n"));
    Ok(())
}
