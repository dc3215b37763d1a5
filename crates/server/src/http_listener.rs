//! The listener of the HTTP port: how many connections there may be, and how long each may keep us waiting.

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower_service::Service;

/// What is allowed.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Connections at a time; the next one waits until one of them ends.
    pub connections: usize,
    /// From one answer, or from the beginning, to the end of the next head. Also how long an idle connection is kept.
    pub head: Duration,
}

/// Enough for a fleet of backends and some consoles, and far from what a process may have open.
pub const BOUNDS: Bounds = Bounds { connections: 1_024, head: Duration::from_secs(75) };

/// How long to wait after the system would give us no connection: it has none left at the moment.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until it is dropped.
pub async fn serve(listener: TcpListener, router: Router, bounds: Bounds) {
    let places = Arc::new(Semaphore::new(bounds.connections));
    loop {
        let place = Arc::clone(&places).acquire_owned().await.expect("the semaphore is never closed");
        match listener.accept().await {
            Ok((stream, from)) => {
                let router = router.clone();
                tokio::spawn(async move {
                    converse(stream, from, router, bounds.head).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the HTTP port cannot take connections in");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn converse(stream: TcpStream, from: SocketAddr, router: Router, head: Duration) {
    // An answer leaves at once; that a socket would not be told so is no reason to refuse it.
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        // Who asks counts against the bounds by address.
        request.extensions_mut().insert(ConnectInfo(from));
        let answer = router.clone().call(request);
        async move { Ok::<_, Infallible>(answer.await.unwrap_or_else(|never| match never {})) }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    let connection = http.timer(TokioTimer::new()).header_read_timeout(head);
    if let Err(error) = connection.serve_connection(TokioIo::new(stream), service).with_upgrades().await {
        tracing::debug!(%error, "an HTTP connection broke");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const PATIENCE: Duration = Duration::from_secs(20);
    const ASK: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    async fn start(bounds: Bounds) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, Router::new().route("/", get(|| async { "hello" })), bounds));
        address
    }

    async fn ask(stream: &mut TcpStream) {
        stream.write_all(ASK).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"hello") {
            let read =
                tokio::time::timeout(PATIENCE, stream.read_buf(&mut answer)).await.expect("an answer comes");
            assert_ne!(read.unwrap(), 0, "{}", String::from_utf8_lossy(&answer));
        }
    }

    #[tokio::test]
    async fn one_connection_too_many_waits_until_another_ends() {
        let address = start(Bounds { connections: 2, head: PATIENCE }).await;
        let mut first = TcpStream::connect(address).await.unwrap();
        let mut second = TcpStream::connect(address).await.unwrap();
        ask(&mut first).await;
        ask(&mut second).await;
        let mut third = TcpStream::connect(address).await.unwrap();
        third.write_all(ASK).await.unwrap();
        let mut byte = [0];
        let early = tokio::time::timeout(Duration::from_millis(50), third.read(&mut byte)).await;
        assert!(early.is_err(), "there are two already");
        drop(first);
        let read = tokio::time::timeout(PATIENCE, third.read(&mut byte)).await.expect("it is its turn");
        assert_eq!(read.unwrap(), 1);
        ask(&mut second).await;
    }

    #[tokio::test]
    async fn a_head_that_does_not_come_ends_the_connection() {
        let address = start(Bounds { connections: 2, head: Duration::from_millis(50) }).await;
        for half in [&b""[..], b"GET / HTTP/1.1\r\nHo"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(half).await.unwrap();
            let mut rest = Vec::new();
            let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
            read.expect("it ends").unwrap();
        }
        // Whoever has been answered may not stay for ever either.
        let mut stream = TcpStream::connect(address).await.unwrap();
        ask(&mut stream).await;
        let mut rest = Vec::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
        read.expect("it ends").unwrap();
    }
}
