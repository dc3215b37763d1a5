//! A WebSocket client, and functions that send HTTP requests as text.

use super::PATIENCE;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Response};
use tokio_tungstenite::tungstenite::{Error, Message};

/// A request for a WebSocket upgrade, without the empty line at its end.
pub const UPGRADE: &str = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// Sends bytes to a server, and reads until the server closes the connection.
pub async fn converse(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // The server may close the connection before it has read everything.
    let _ = stream.write_all(bytes).await;
    rest_of(&mut stream).await
}

/// Reads until the server closes the connection.
pub async fn rest_of(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest));
    // A reset also counts as closing the connection.
    let _ = read.await.expect("the server closes");
    rest
}

/// A WebSocket connection.
pub struct Socket(pub WebSocketStream<TcpStream>);

impl Socket {
    /// Opens a connection and upgrades it to a WebSocket, offering these subprotocols.
    pub async fn connect(
        address: SocketAddr,
        offered: &[&str],
    ) -> Result<(Self, Response<Option<Vec<u8>>>), Error> {
        let mut request = format!("ws://{address}/").into_client_request().unwrap();
        if !offered.is_empty() {
            let offered = HeaderValue::from_str(&offered.join(", ")).unwrap();
            request.headers_mut().insert("Sec-WebSocket-Protocol", offered);
        }
        let stream = TcpStream::connect(address).await.unwrap();
        let (socket, response) = tokio_tungstenite::client_async(request, stream).await?;
        Ok((Self(socket), response))
    }

    pub async fn send(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    /// Returns the next message; `None` if the server has closed the connection.
    pub async fn next(&mut self) -> Option<Message> {
        let next = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("something comes");
        next.and_then(Result::ok)
    }

    pub async fn send_json(&mut self, message: Value) {
        self.send(Message::text(message.to_string())).await;
    }

    /// Returns the next JSON message; skips pings and pongs.
    pub async fn next_json(&mut self) -> Value {
        loop {
            match self.next().await.expect("still connected") {
                Message::Text(text) => return serde_json::from_str(text.as_str()).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Sends a request and returns its answer; skips notifications.
    pub async fn ask(&mut self, id: u64, name: &str, request: Value) -> Value {
        self.send_json(json!({ "id": id, name: request })).await;
        loop {
            let answer = self.next_json().await;
            if answer["id"].as_str() == Some(&id.to_string()) {
                return answer;
            }
        }
    }

    /// Returns the next notification with this name.
    pub async fn told(&mut self, name: &str) -> Value {
        loop {
            let told = self.next_json().await;
            if told["id"].is_null() && !told[name].is_null() {
                return told[name].clone();
            }
        }
    }
}
