//! A backend that calls the server API. It writes HTTP/1.1 directly, so that a test can send any bytes.

use super::{PATIENCE, TestNode};
use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The admin of the first app.
pub const ADMIN: &str = "administrator";

/// A connection to the HTTP port.
pub struct Api {
    stream: TcpStream,
    /// The query string for calls as an admin, with the UserSig.
    pub query: String,
}

/// An answer of the server.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }
}

impl Api {
    pub async fn connect(node: &TestNode) -> Self {
        Self::at(node.node.http_address(), query(node, ADMIN, &node.sig(ADMIN))).await
    }

    /// Connects to a node by its address, for tests in which the backend runs in another task.
    pub async fn at(address: SocketAddr, query: String) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, query }
    }

    /// Calls a command as the admin. Returns the JSON of the answer, even of a refusal.
    pub async fn call(&mut self, command: &str, body: &Value) -> Value {
        let target = format!("/v4/{command}?{}", self.query);
        let reply = self.send("POST", &target, body.to_string().as_bytes()).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    /// Calls a command as the admin; panics if it does not succeed.
    pub async fn done(&mut self, command: &str, body: &Value) -> Value {
        let answer = self.call(command, body).await;
        assert_eq!(answer["ErrorCode"], 0, "{command} {body}: {answer}");
        assert_eq!(answer["ActionStatus"], "OK");
        assert_eq!(answer["ErrorInfo"], "");
        answer
    }

    /// Calls a command with these bytes as the body; returns the code of the answer.
    pub async fn code(&mut self, command: &str, body: &[u8]) -> u64 {
        let target = format!("/v4/{command}?{}", self.query);
        self.code_at(&target, body).await
    }

    /// Sends these bytes to the given path and query; returns the code of the answer.
    pub async fn code_at(&mut self, target: &str, body: &[u8]) -> u64 {
        let reply = self.send("POST", target, body).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        code(&reply.json())
    }

    /// Sends a request and reads the answer.
    pub async fn send(&mut self, method: &str, target: &str, body: &[u8]) -> Reply {
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: lamplight\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
        self.read(method == "HEAD").await
    }

    /// Writes bytes to the connection.
    pub async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Reads one answer; `headless` is `true` for the answer to `HEAD`, which has no body.
    pub async fn read(&mut self, headless: bool) -> Reply {
        tokio::time::timeout(PATIENCE, self.read_patiently(headless)).await.expect("an answer comes")
    }

    /// Waits until the server closes the connection.
    pub async fn closed(&mut self) {
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(PATIENCE, self.stream.read_to_end(&mut rest)).await;
        closed.expect("the server closes").unwrap();
        assert!(rest.is_empty(), "more than an answer");
    }

    async fn read_patiently(&mut self, without_body: bool) -> Reply {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            assert_ne!(self.stream.read_buf(&mut bytes).await.unwrap(), 0, "closed before an answer");
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_ascii_lowercase();
        let mut body = bytes[end..].to_vec();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = if without_body { 0 } else { length.unwrap_or("0").parse().unwrap() };
        while body.len() < length {
            assert_ne!(self.stream.read_buf(&mut body).await.unwrap(), 0, "closed within an answer");
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Reply { status, head, body }
    }
}

/// Returns the code of an answer. Checks that `ActionStatus` and `ErrorInfo` agree with the code.
pub fn code(answer: &Value) -> u64 {
    let code = answer["ErrorCode"].as_u64().unwrap();
    assert_eq!(answer["ActionStatus"], if code == 0 { "OK" } else { "FAIL" }, "{answer}");
    assert_eq!(answer["ErrorInfo"].as_str().unwrap().is_empty(), code == 0, "{answer}");
    code
}

/// Makes the query string of a call.
pub fn query(node: &TestNode, identifier: &str, sig: &str) -> String {
    format!("sdkappid={}&identifier={identifier}&usersig={sig}&random=1&contenttype=json", node.app.id)
}
