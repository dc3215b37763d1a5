//! The targets that send requests to the HTTP port of a node in this process.
//!
//! All inputs of a process use the same node. Its state depends on earlier inputs, so the checks must hold in every
//! state.

pub mod commands;
pub mod console;
pub mod query;

use crate::cuts;
use lamplight_auth::{Claims, sign};
use lamplight_model::{AppId, RateLimit, UserId};
use lamplight_server::{Clock, Config, Node, PasswordFile};
use parking_lot::Mutex;
use serde_json::Value;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The longest time to wait for an answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// The admin of the first app.
const ADMIN: &str = "administrator";
const PASSWORD: &str = "the password of this node";

/// A running node, and the credentials for its APIs.
pub struct Served {
    address: SocketAddr,
    app: AppId,
    user_sig: String,
    /// The headers with the session of a logged-in operator; `None` before the login.
    operator: Option<String>,
    /// An open connection for the next request; `None` if a new connection must be opened.
    connection: Option<TcpStream>,
    node: Node,
    runtime: Runtime,
    _folder: TempDir,
}

static SERVED: Mutex<Option<Served>> = Mutex::new(None);

/// Calls `act` with the node of this process. Starts the node if it is not running.
pub fn at_node<T>(act: impl FnOnce(&mut Served) -> T) -> T {
    let mut served = SERVED.lock();
    act(served.get_or_insert_with(Served::start))
}

/// Stops the node of this process and deletes its folder.
pub fn stop() {
    let served = SERVED.lock().take();
    if let Some(served) = served {
        served.runtime.block_on(served.node.stop());
    }
}

impl Served {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let here: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let mut config = Config {
            data_dir: folder.path().join("data"),
            client_listen: here,
            http_listen: here,
            workers: 1,
            ..Config::default()
        };
        // Failed logins are not limited, because a limit would make an input depend on earlier inputs.
        config.limits.login_failures_per_address = u32::MAX;
        let node = runtime.block_on(Node::start(config, Clock::default())).unwrap();
        let mut app = node.created().unwrap().clone();
        app.settings.limits.api_rate = RateLimit { calls: 60_000, window_ms: 100 };
        runtime.block_on(node.service().put_app(app.clone())).unwrap();
        PasswordFile::of(&folder.path().join("data")).set(PASSWORD).unwrap();
        let issued = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let user_id = UserId::new(ADMIN).unwrap();
        let claims = Claims { user_id, app: app.id, issued, expire: 30 * 24 * 3_600, userbuf: None };
        let user_sig = sign(app.keys.last().unwrap(), &claims);
        let (address, connection) = (node.http_address(), None);
        Self { address, app: app.id, user_sig, operator: None, connection, node, runtime, _folder: folder }
    }

    /// Sends a request and reads the answer. `head` contains neither the header for the length of the body nor the
    /// blank line.
    ///
    /// # Panics
    ///
    /// If there is no answer, if the answer is not HTTP, or if it reports an internal error.
    pub fn ask(&mut self, head: &str, body: &[u8], framing: Framing<'_>) -> Answer {
        let mut request = head.as_bytes().to_vec();
        match framing {
            Framing::Whole => {
                request.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
                request.extend_from_slice(body);
            }
            Framing::Chunks(lengths) => {
                request.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
                for piece in cuts::pieces(body, lengths) {
                    request.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
                    request.extend_from_slice(piece);
                    request.extend_from_slice(b"\r\n");
                }
                request.extend_from_slice(b"0\r\n\r\n");
            }
        }
        // The server may have closed the open connection. On a new connection, the server must answer.
        let kept = self.connection.take();
        let kept = kept.and_then(|mut stream| converse(&mut stream, &request).ok().zip(Some(stream)));
        let (answer, stream) = kept.unwrap_or_else(|| {
            let mut stream = TcpStream::connect(self.address).unwrap();
            stream.set_nodelay(true).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let answer = converse(&mut stream, &request).unwrap_or_else(|error| {
                panic!("no answer to {}: {error}", String::from_utf8_lossy(&request));
            });
            (answer, stream)
        });
        if !answer.head.contains("connection: close") {
            self.connection = Some(stream);
        }
        assert!(answer.status < 500 || answer.status == 503, "{answer:?}");
        answer
    }
}

/// An answer of the server.
#[derive(PartialEq, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The head in lower case.
    pub head: String,
    /// The body as JSON; `None` if it is not JSON.
    pub json: Option<Value>,
}

/// The ways in which a body is sent.
#[derive(Clone, Copy)]
pub enum Framing<'a> {
    /// In one piece, with its length in the head.
    Whole,
    /// In chunks whose lengths are determined as in [`cuts::pieces`].
    Chunks(&'a [u8]),
}

fn converse(stream: &mut TcpStream, request: &[u8]) -> io::Result<Answer> {
    // The server may answer and close the connection before it has read the whole request.
    let sent = stream.write_all(request);
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        read_some(stream, &mut bytes)?;
    };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let length: usize = length.unwrap_or(0);
    let mut body = bytes.split_off(end);
    while body.len() < length {
        read_some(stream, &mut body)?;
    }
    assert_eq!(body.len(), length, "more than one answer to one request: {head}");
    sent?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let json = head.contains("content-type: application/json").then(|| {
        serde_json::from_slice(&body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&body)))
    });
    // The date differs between answers, so it is removed.
    let head = head.lines().filter(|line| !line.starts_with("date: ")).collect::<Vec<_>>().join("\n");
    Ok(Answer { status, head, json })
}

fn read_some(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<()> {
    let mut buffer = [0; 4_096];
    match stream.read(&mut buffer)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        length => {
            bytes.extend_from_slice(&buffer[..length]);
            Ok(())
        }
    }
}
