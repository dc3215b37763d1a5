//! A client over a blocking connection, for a user who is not part of the attack.

use anyhow::{Context, Result, bail, ensure};
use lamplight_auth::{Claims, sign};
use lamplight_model::{AppId, AppKey, Platform, UserId};
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::server_message::Body;
use lamplight_wire::{Framed, MAX_SERVER_MESSAGE, NATIVE_PREAMBLE, next_frame, put_frame, v1};
use prost::Message as _;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The server's client port, and the credentials to log in.
#[derive(Clone, Debug)]
pub struct Way {
    /// The client port.
    pub client: SocketAddr,
    /// The app.
    pub app: AppId,
    /// The key that signs UserSigs.
    pub key: AppKey,
}

impl Way {
    /// Returns a UserSig that is signed with `key`.
    pub fn user_sig(&self, user: &str, key: &AppKey) -> Result<String> {
        let issued = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let claims =
            Claims { user_id: UserId::new(user)?, app: self.app, issued, expire: 86_400, userbuf: None };
        Ok(sign(key, &claims))
    }

    /// Returns a frame with a login that has this UserSig.
    pub fn login_frame(&self, user: &str, user_sig: String) -> Vec<u8> {
        let login = v1::LoginRequest {
            sdk_app_id: self.app.0,
            user_id: user.to_owned(),
            user_sig,
            device_id: "phone".to_owned(),
            platform: Platform::IPhone as i32,
            ..v1::LoginRequest::default()
        };
        frame(1, Request::Login(login))
    }

    /// Returns the preamble, and the login of a user with a valid UserSig.
    pub fn opening(&self, user: &str) -> Result<Vec<u8>> {
        let sig = self.user_sig(user, &self.key)?;
        Ok([NATIVE_PREAMBLE.as_slice(), &self.login_frame(user, sig)].concat())
    }
}

/// Encodes a message as a frame.
pub fn frame(id: u64, body: Request) -> Vec<u8> {
    let mut frame = Vec::new();
    put_frame(&mut frame, &v1::ClientMessage { id, body: Some(body) });
    frame
}

/// Returns a frame that sets a custom status and requests no answer.
pub fn custom(text: &str) -> Vec<u8> {
    frame(
        0,
        Request::SetSelfStatus(v1::SetSelfStatusRequest {
            custom_status: text.to_owned(),
            ..Default::default()
        }),
    )
}

/// A connection of a logged-in user.
pub struct Line {
    stream: TcpStream,
    held: Vec<u8>,
}

impl Line {
    /// Connects within `patience`. Then logs in, again within `patience`.
    pub fn log_in(way: &Way, user: &str, patience: Duration) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&way.client, patience)?;
        stream.set_nodelay(true)?;
        let mut line = Self { stream, held: Vec::new() };
        line.send(&way.opening(user)?)?;
        let answer = line.answer(1, patience)?;
        ensure!(matches!(answer, Body::Login(_)), "the login of {user} failed: {answer:?}");
        Ok(line)
    }

    /// Subscribes to a user.
    pub fn subscribe(&mut self, user: &str, patience: Duration) -> Result<()> {
        let users = v1::SubscribeUserStatusRequest { user_ids: vec![user.to_owned()] };
        self.send(&frame(2, Request::SubscribeUserStatus(users)))?;
        let answer = self.answer(2, patience)?;
        let done = matches!(&answer, Body::SubscribeUserStatus(done) if done.failures.is_empty());
        ensure!(done, "the subscription failed: {answer:?}");
        Ok(())
    }

    /// Sends bytes.
    pub fn send(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(bytes)?)
    }

    /// Waits for a message for which `find` returns a value. Returns `None` after a timeout.
    pub fn await_message<T>(
        &mut self,
        patience: Duration,
        mut find: impl FnMut(&v1::ServerMessage) -> Option<T>,
    ) -> Result<Option<T>> {
        let until = Instant::now() + patience;
        loop {
            while let Framed::Frame { message, taken } = next_frame(&self.held, MAX_SERVER_MESSAGE)? {
                let message = v1::ServerMessage::decode(message)?;
                self.held.drain(..taken);
                if let Some(found) = find(&message) {
                    return Ok(Some(found));
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
            let mut buffer = [0; 16_384];
            match self.stream.read(&mut buffer) {
                Ok(0) => bail!("the server has closed the connection"),
                Ok(length) => self.held.extend_from_slice(&buffer[..length]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("the connection broke"),
            }
        }
    }

    /// Reads and discards the bytes that have arrived.
    pub fn drain(&mut self) -> Result<()> {
        self.await_message(Duration::ZERO, |_| None::<()>)?;
        self.stream.set_nonblocking(true)?;
        let mut buffer = [0; 16_384];
        let drained = loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => bail!("the server has closed the connection"),
                Ok(length) => self.held.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        self.stream.set_nonblocking(false)?;
        Ok(drained?)
    }

    fn answer(&mut self, id: u64, patience: Duration) -> Result<Body> {
        let answer = self.await_message(patience, |message| {
            let is_end = matches!(message.body, Some(Body::ConnectionEnded(_)));
            (message.id == id || is_end).then(|| message.body.clone())
        })?;
        answer.context("no answer in time")?.context("the answer has no body")
    }
}
