//! The connections of attackers, from any loopback address and with any bytes.

use crate::line::Way;
use crate::scene::Scene;
use crate::server::PATIENCE;
use anyhow::{Context, Result, bail, ensure};
use lamplight_wire::v1::server_message::Body;
use lamplight_wire::{Framed, MAX_SERVER_MESSAGE, next_frame, v1};
use prost::Message as _;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// Returns one of 65,536 loopback addresses. The witness uses none of them.
pub fn source(number: usize) -> Ipv4Addr {
    let [high, low] = (number as u16).to_be_bytes();
    Ipv4Addr::new(127, 7, high, low)
}

/// Connects from an address.
pub async fn connect(to: SocketAddr, from: Ipv4Addr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(from.into(), 0))?;
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Logs a user in at the server under attack.
pub async fn logged_in(scene: &Scene, user: &str, from: Ipv4Addr) -> Result<TcpStream> {
    logged_in_at(&scene.way, user, from).await
}

/// Logs a user in.
pub async fn logged_in_at(way: &Way, user: &str, from: Ipv4Addr) -> Result<TcpStream> {
    let mut stream = connect(way.client, from).await?;
    stream.write_all(&way.opening(user)?).await?;
    let answer = timeout(PATIENCE, next_message(&mut stream)).await.context("no answer")??;
    ensure!(matches!(answer.body, Some(Body::Login(_))), "the login of {user} failed: {:?}", answer.body);
    Ok(stream)
}

/// Reads one message, and discards the bytes after it.
pub async fn next_message(stream: &mut TcpStream) -> Result<v1::ServerMessage> {
    let mut held = Vec::new();
    loop {
        if let Framed::Frame { message, .. } = next_frame(&held, MAX_SERVER_MESSAGE)? {
            return Ok(v1::ServerMessage::decode(message)?);
        }
        if stream.read_buf(&mut held).await? == 0 {
            bail!("the server has closed the connection");
        }
    }
}

/// Reads and discards until the connection ends. Returns the number of bytes.
pub async fn drain(mut stream: impl AsyncReadExt + Unpin) -> u64 {
    let mut buffer = vec![0; 16_384];
    let mut all = 0;
    while let Ok(length) = stream.read(&mut buffer).await
        && length > 0
    {
        all += length as u64;
    }
    all
}

/// Sends bytes, and reads until the connection ends or this time is over.
pub async fn converse(
    to: SocketAddr,
    from: Ipv4Addr,
    bytes: &[u8],
    patience: Duration,
) -> io::Result<Vec<u8>> {
    let mut stream = connect(to, from).await?;
    let mut answer = Vec::new();
    let talk = async {
        // The server may close without reading everything.
        let _ = stream.write_all(bytes).await;
        while let Ok(length) = stream.read_buf(&mut answer).await
            && length > 0
        {}
    };
    // A timeout is not an error: the bytes that have arrived before it are the answer.
    let _ = timeout(patience, talk).await;
    Ok(answer)
}

/// Sends a `GET` for a path. Returns the status, or `None` if no answer arrives in time.
pub async fn get(to: SocketAddr, path: &str, patience: Duration) -> Option<u16> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: lamplight\r\nConnection: close\r\n\r\n");
    let from = Ipv4Addr::LOCALHOST;
    let answer = timeout(patience, converse(to, from, request.as_bytes(), patience)).await.ok()?.ok()?;
    status(&answer)
}

/// Returns the value of a counter of the server, summed over all its labels.
pub async fn counter(health: SocketAddr, name: &str) -> Result<u64> {
    let request = b"GET /metrics HTTP/1.1\r\nHost: lamplight\r\nConnection: close\r\n\r\n";
    let answer = converse(health, Ipv4Addr::LOCALHOST, request, PATIENCE).await?;
    Ok(sum_of(&String::from_utf8_lossy(&answer), name))
}

/// Adds up the samples of a metric in the text that Prometheus reads.
fn sum_of(text: &str, name: &str) -> u64 {
    let sample = |line: &str| {
        let rest = line.strip_prefix(name)?;
        rest.starts_with(['{', ' ']).then(|| rest.rsplit(' ').next()?.parse::<u64>().ok())?
    };
    text.lines().filter_map(sample).sum()
}

/// Returns the status of an HTTP answer.
pub fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\r').next()?;
    std::str::from_utf8(line).ok()?.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read() {
        assert_eq!(status(b"HTTP/1.1 503 Service Unavailable\r\n\r\n"), Some(503));
        assert_eq!(status(b"HTTP/1.1"), None);
        assert_eq!(status(b""), None);
        let page = "# TYPE a_total counter\na_total{worker=\"0\"} 3\na_total{worker=\"1\"} 4\na_total_b 9\n";
        assert_eq!((sum_of(page, "a_total"), sum_of(page, "c_total")), (7, 0));
        assert_eq!(source(258), Ipv4Addr::new(127, 7, 1, 2));
    }
}
