//! A server process that can be killed, and the login of a device to it.

// Helpers of tests may panic.
#![allow(clippy::unwrap_used)]

use lamplight_auth::{Claims, sign};
use lamplight_model::{App, UserId};
use lamplight_server::ControlClient;
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::server_message::Body;
use lamplight_wire::{Framed, NATIVE_PREAMBLE, next_frame, put_frame, v1};
use prost::Message as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The longest wait for any condition.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A server process. Dropping it kills the process by its pid.
pub struct Server(Child);

impl Server {
    /// Starts a server on this data folder with this environment. Returns when the server is ready.
    pub async fn start(folder: &Path, environment: &[(&str, &str)]) -> (Self, ControlClient, SocketAddr) {
        // Removes the node file of a killed server, because the file has the former address.
        let _ = std::fs::remove_file(folder.join("node.json"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_lamplight"));
        command.arg("serve").arg("--data-dir").arg(folder);
        command.args(["--client-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"]);
        command.envs(environment.iter().copied());
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let server = Self(child);
        let address = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(address) = client_address(folder) {
                    break address;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        let address = address.await.expect("the server starts");
        (server, ControlClient::connect(folder).await.unwrap(), address)
    }

    pub fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn client_address(folder: &Path) -> Option<SocketAddr> {
    let text = std::fs::read_to_string(folder.join("node.json")).ok()?;
    let node: serde_json::Value = serde_json::from_str(&text).ok()?;
    node["client"].as_str()?.parse().ok()
}

/// Logs a device in, or reconnects it with `resume`. Returns the connection if the login was acknowledged.
pub async fn log_in(address: SocketAddr, app: &App, user: &str, resume: bool) -> Option<TcpStream> {
    let issued = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let user_id = UserId::new(user).unwrap();
    let claims = Claims { user_id, app: app.id, issued, expire: 3_600, userbuf: None };
    let login = v1::LoginRequest {
        sdk_app_id: app.id.0,
        user_id: user.to_owned(),
        user_sig: sign(app.keys.last().unwrap(), &claims),
        device_id: format!("phone of {user}"),
        platform: v1::Platform::Iphone as i32,
        resume,
        ..v1::LoginRequest::default()
    };
    let mut bytes = NATIVE_PREAMBLE.to_vec();
    put_frame(&mut bytes, &v1::ClientMessage { id: 1, body: Some(Request::Login(login)) });
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(&bytes).await.ok()?;
    let mut received = Vec::new();
    loop {
        if stream.read_buf(&mut received).await.ok()? == 0 {
            return None;
        }
        if let Framed::Frame { message, .. } = next_frame(&received, usize::MAX).unwrap() {
            let answer = v1::ServerMessage::decode(message).unwrap();
            assert!(matches!(answer.body, Some(Body::Login(_))), "{answer:?}");
            return Some(stream);
        }
    }
}
