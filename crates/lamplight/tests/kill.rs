//! A server that is killed in the middle of logins loses no acknowledged fact.

#![allow(clippy::unwrap_used, missing_docs)]

use lamplight_auth::{Claims, sign};
use lamplight_model::{App, StatusType, UserId};
use lamplight_server::{ControlClient, Operation, Outcome};
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::server_message::Body;
use lamplight_wire::{Framed, NATIVE_PREAMBLE, next_frame, put_frame, v1};
use prost::Message as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(30);
const TASKS: usize = 8;
/// Killed when so many logins have been acknowledged, with others on their way.
const ENOUGH: usize = 400;

/// A server process, ended by its own pid whatever happens.
struct Server(Child);

impl Server {
    async fn start(folder: &Path) -> (Self, ControlClient, SocketAddr) {
        // The file of a server that was killed is still there, and tells where that one was.
        let _ = std::fs::remove_file(folder.join("node.json"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_lamplight"));
        command.arg("serve").arg("--data-dir").arg(folder);
        command.args(["--client-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"]);
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

    fn kill(&mut self) {
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

/// Logs a device in that was never seen before; says whether it was acknowledged.
async fn log_in(address: SocketAddr, app: &App, user: &str) -> Option<()> {
    let issued = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let user_id = UserId::new(user).unwrap();
    let claims = Claims { user_id, app: app.id, issued, expire: 3_600, userbuf: None };
    let login = v1::LoginRequest {
        sdk_app_id: app.id.0,
        user_id: user.to_owned(),
        user_sig: sign(app.keys.last().unwrap(), &claims),
        device_id: format!("phone of {user}"),
        platform: v1::Platform::Iphone as i32,
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
            return Some(());
        }
    }
}

#[tokio::test]
async fn killed_in_the_middle_of_logins_it_loses_no_acknowledged_one() {
    let folder = tempfile::tempdir().unwrap();
    let (mut server, mut control, address) = Server::start(folder.path()).await;
    let Outcome::Apps(apps) = control.ask(&Operation::ListApps).await.unwrap() else { panic!() };
    let app = apps[0].clone();

    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let (app, acknowledged) = (app.clone(), Arc::clone(&acknowledged));
            tokio::spawn(async move {
                for n in 0.. {
                    let user = format!("u{task}-{n}");
                    if log_in(address, &app, &user).await.is_none() {
                        return;
                    }
                    acknowledged.lock().unwrap().push(UserId::new(&user).unwrap());
                }
            })
        })
        .collect();
    let enough = async {
        while acknowledged.lock().unwrap().len() < ENOUGH {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, enough).await.expect("logins go through");
    server.kill();
    for task in tasks {
        task.await.unwrap();
    }

    let users = acknowledged.lock().unwrap().clone();
    let (_server, mut control, _) = Server::start(folder.path()).await;
    for some in users.chunks(500) {
        let ask = Operation::GetStatus { app: app.id, users: some.to_vec() };
        let Outcome::Statuses(statuses) = control.ask(&ask).await.unwrap() else { panic!() };
        for (user, status) in some.iter().zip(statuses) {
            let status = status.unwrap_or_else(|| panic!("the account of {user} is lost"));
            // Within the grace they count as present: nobody was seen to leave.
            assert_ne!(status.status_type, StatusType::Unlogined, "the login of {user} is lost");
        }
    }
}
