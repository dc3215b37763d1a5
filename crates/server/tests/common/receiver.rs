//! A receiver of webhooks, like the backend of an app. It is an HTTP server that can also misbehave.

#![allow(dead_code, clippy::unwrap_used, missing_docs)]

use super::PATIENCE;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::AbortHandle;

/// A request that the receiver has read completely.
#[derive(Clone, Debug)]
pub struct Received {
    pub target: String,
    /// The header fields of the request, in lower case, without the request line.
    pub head: String,
    pub body: serde_json::Value,
}

impl Received {
    /// Returns a short form of the request, such as `alice Login/Register`. For a pushed message, the form is its
    /// recipient and text.
    pub fn said(&self) -> String {
        let word = |value: &serde_json::Value| value.as_str().unwrap_or("?").to_owned();
        let info = &self.body["Info"];
        match self.body["CallbackCommand"].as_str().unwrap() {
            "State.StateChange" => {
                let (action, reason) = (word(&info["Action"]), word(&info["Reason"]));
                format!("{} {action}/{reason}", word(&info["To_Account"]))
            }
            "Push.OfflineMessage" => {
                format!("{} {}", word(&self.body["To_Account"]), word(&self.body["Text"]))
            }
            other => other.to_owned(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }
}

/// The way in which the receiver reacts to requests.
#[derive(Clone, Debug)]
pub enum Manner {
    /// Answers with this status at once.
    Answer(u16),
    /// Answers with 200 after this time.
    Slow(Duration),
    /// Reads the request, and never answers.
    Silent,
    /// Answers with 200 and an endless body.
    Endless,
    /// Answers with 200 and a body of 3 MB.
    Big,
    /// Answers with 200 and a body that arrives byte by byte.
    Trickle,
    /// Answers with an endless head.
    EndlessHead,
    /// Answers with 302 to this address.
    Redirect(String),
    /// Resets the connection.
    Reset,
    /// Answers with bytes that are not HTTP.
    Garbage,
    /// Answers with 500 to notices about this user, and with 200 to all other notices.
    Not(&'static str),
}

/// A receiver on this machine.
pub struct Receiver {
    pub address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    manner: Arc<Mutex<Manner>>,
    pub connections: Arc<AtomicUsize>,
    /// The highest number of requests that were being answered at the same time.
    pub most_at_once: Arc<AtomicUsize>,
    task: AbortHandle,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    pub async fn start(manner: Manner) -> Self {
        Self::listen("127.0.0.1:0".parse().unwrap(), manner).await
    }

    pub async fn listen(address: SocketAddr, manner: Manner) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (received, manner) = (Arc::<Mutex<Vec<Received>>>::default(), Arc::new(Mutex::new(manner)));
        let (connections, most_at_once) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let now = Arc::<AtomicUsize>::default();
        let shared =
            (Arc::clone(&received), Arc::clone(&manner), Arc::clone(&connections), Arc::clone(&most_at_once));
        let task = tokio::spawn(async move {
            let (received, manner, connections, most) = shared;
            let mut tasks = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.fetch_add(1, Ordering::SeqCst);
                let (received, manner) = (Arc::clone(&received), Arc::clone(&manner));
                let (now, most) = (Arc::clone(&now), Arc::clone(&most));
                tasks.spawn(async move {
                    // A peer that disconnects is not an error.
                    drop(serve(stream, &received, &manner, &now, &most).await);
                });
            }
        });
        Self { address, received, manner, connections, most_at_once, task: task.abort_handle() }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub fn behave(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Returns the short forms of the notices that the receiver has acknowledged, in order.
    pub fn said(&self) -> Vec<String> {
        self.received().iter().map(Received::said).collect()
    }

    pub async fn has(&self, count: usize) -> Vec<Received> {
        let wait = async {
            while self.received().len() < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            panic!("{count} are awaited, and there are {:#?}", self.said());
        }
        self.received()
    }
}

async fn serve(
    mut stream: TcpStream,
    received: &Mutex<Vec<Received>>,
    manner: &Mutex<Manner>,
    now: &AtomicUsize,
    most: &AtomicUsize,
) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    loop {
        let Some(request) = read_request(&mut stream, &mut bytes).await? else { return Ok(()) };
        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let manner = manner.lock().unwrap().clone();
        // A notice counts as received if it is acknowledged.
        let counts = match &manner {
            Manner::Answer(status) => (200..300).contains(status),
            Manner::Slow(_) | Manner::Endless | Manner::Big | Manner::Trickle => true,
            Manner::Not(name) => !request.said().starts_with(name),
            Manner::Silent | Manner::EndlessHead | Manner::Redirect(_) | Manner::Reset | Manner::Garbage => {
                false
            }
        };
        if counts {
            received.lock().unwrap().push(request.clone());
        }
        let answered = answer(&mut stream, &manner, counts).await;
        now.fetch_sub(1, Ordering::SeqCst);
        if !answered? {
            return Ok(());
        }
    }
}

/// Answers a request. Returns `true` if the connection stays open.
async fn answer(stream: &mut TcpStream, manner: &Manner, counts: bool) -> std::io::Result<bool> {
    let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 59\r\n\r\n{\"ActionStatus\":\"FAIL\",\"ErrorInfo\":\"ignored\",\"ErrorCode\":9}";
    match manner {
        Manner::Answer(status) => {
            stream.write_all(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n").as_bytes()).await?;
        }
        Manner::Not(_) if counts => stream.write_all(ok).await?,
        Manner::Not(_) => stream.write_all(b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n").await?,
        Manner::Slow(pause) => {
            tokio::time::sleep(*pause).await;
            stream.write_all(ok).await?;
        }
        Manner::Silent => std::future::pending::<()>().await,
        Manner::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await?;
            let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
            loop {
                stream.write_all(chunk.as_bytes()).await?;
            }
        }
        Manner::Big => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n").await?;
            stream.write_all(&vec![b'x'; 3_000_000]).await?;
        }
        Manner::Trickle => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n").await?;
            loop {
                stream.write_all(b"x").await?;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Manner::EndlessHead => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
            loop {
                stream.write_all(b"X-Filler: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n").await?;
            }
        }
        Manner::Redirect(to) => {
            let head = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
        }
        Manner::Reset => {
            socket2::SockRef::from(&*stream).set_linger(Some(Duration::ZERO))?;
            return Ok(false);
        }
        Manner::Garbage => {
            stream.write_all(b"\x16\x03\x01 what is this\r\n\r\n").await?;
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads the next request; `None` if the peer has disconnected.
async fn read_request(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> std::io::Result<Option<Received>> {
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let (line, headers) = head.split_once("\r\n").unwrap();
            let headers = headers.to_ascii_lowercase();
            let length = headers.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.unwrap().parse().unwrap();
            if bytes.len() >= end + 4 + length {
                let body = serde_json::from_slice(&bytes[end + 4..end + 4 + length]).unwrap();
                bytes.drain(..end + 4 + length);
                let target =
                    line.strip_prefix("POST ").unwrap().strip_suffix(" HTTP/1.1").unwrap().to_owned();
                return Ok(Some(Received { target, head: headers, body }));
            }
        }
        if stream.read_buf(bytes).await? == 0 {
            return Ok(None);
        }
    }
}
