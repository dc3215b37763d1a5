//! Lamplight at its native port: logins with a UserSig, subscriptions, custom statuses.

use crate::dialect::{Dialect, Heard, LoginKind};
use crate::names::{self, number_of, user_name, user_of};
use crate::peers::{Kind, Peer, Setup, Started};
use crate::ring::Ring;
use crate::server::version_line;
use anyhow::{Context, Result, bail, ensure};
use lamplight_auth::{Claims, sign};
use lamplight_model::{AppId, AppKey, Platform, StatusType, UserId};
use lamplight_wire::v1::{client_message::Body as Request, server_message::Body as Answer};
use lamplight_wire::{Framed, MAX_SERVER_MESSAGE, NATIVE_PREAMBLE, next_frame, put_frame, v1};
use prost::Message as _;
use serde::Deserialize;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

/// The description of Lamplight with the number of workers that `--workers` gives, or with the default number.
pub const PEER: Peer = Peer {
    name: "lamplight",
    label: "Lamplight",
    program: "",
    package: "",
    kind: Kind::Ours,
    keeps_states: true,
    notes: &[
        "a login verifies a signature, writes a fact, and sends the states of the watched users and one's own",
        "a user's own connection is told of its changes too; these copies are not counted",
        "the rate limits of changes and requests are off: the other servers have none",
        "live records are journalled; the other servers keep nothing on disk",
    ],
    module: None,
    start: |setup| start(setup, setup.workers),
};

/// The description of Lamplight with one worker, for a comparison with servers that have one thread.
pub const WITH_ONE_WORKER: Peer = Peer {
    name: "lamplight-1",
    label: "Lamplight, one worker",
    notes: &[],
    start: |setup| start(setup, Some(1)),
    ..PEER
};

/// The time for which UserSigs are valid, in seconds.
const SIG_LASTS: u64 = 24 * 3_600;
/// The heartbeat timeout. It is longer than a run, because the generator sends no heartbeats.
const HEARTBEAT_TIMEOUT: &str = "3600s";

/// The output of `app create --json`.
#[derive(Deserialize)]
struct Created {
    app: CreatedApp,
    key: String,
}

#[derive(Deserialize)]
struct CreatedApp {
    #[serde(rename = "SDKAppID")]
    id: AppId,
}

fn start(setup: &Setup<'_>, workers: Option<usize>) -> Result<Started> {
    let data = setup.folder.join("data");
    let mut create = Command::new(setup.lamplight);
    create.args(["app", "create", "--json", "--heartbeat-timeout-native", HEARTBEAT_TIMEOUT, "--data-dir"]);
    let output = create
        .arg(&data)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", setup.lamplight.display()))?;
    ensure!(output.status.success(), "`app create` failed: {}", output.status);
    let created: Created =
        serde_json::from_slice(&output.stdout).context("cannot read the output of `app create`")?;
    let key = AppKey { id: 1, text: created.key };
    let issued = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let sig = |user| -> Result<String> {
        let user_id = UserId::new(&user_name(user))?;
        Ok(sign(&key, &Claims { user_id, app: created.app.id, issued, expire: SIG_LASTS, userbuf: None }))
    };
    let sigs: Result<Vec<String>> = (0..setup.ring.users()).map(sig).collect();

    let port = crate::server::free_port()?;
    let program = setup.lamplight.to_str().context("the path of lamplight is not UTF-8")?;
    let mut serve = setup.command(program)?;
    serve.arg("serve").arg("--data-dir").arg(&data);
    serve.args(["--client-listen", &format!("127.0.0.1:{port}"), "--http-listen", "127.0.0.1:0"]);
    serve.env("LAMPLIGHT_LOG", "warn");
    // All connections come from one address.
    serve.env("LAMPLIGHT_LIMITS__CONNECTIONS_PER_ADDRESS", "1000000");
    serve.env("LAMPLIGHT_LIMITS__CHANGES_TOLD_PER_SECOND", "0");
    serve.env("LAMPLIGHT_LIMITS__REQUESTS_PER_SECOND", "0");
    if let Some(workers) = workers {
        serve.env("LAMPLIGHT_WORKERS", workers.to_string());
    }
    let version = version_line(program, &["--version"]);
    let dialect = Native { ring: setup.ring, app: created.app.id, sigs: sigs?, kind: LoginKind::Start };
    setup.started(serve, port, version, Box::new(dialect))
}

/// The id of each request that needs an answer.
const REQUEST_ID: u64 = 1;

/// The protobuf keys (number << 3 | type) that this module parses itself.
const KEY_STATUS_CHANGED: u8 = 11 << 3 | 2;
const KEY_STATUSES: u64 = 1 << 3 | 2;
const KEY_SNAPSHOT_COMPLETE: u64 = 2 << 3;
const KEY_USER_ID: u64 = 1 << 3 | 2;
const KEY_STATUS_TYPE: u64 = 2 << 3;
const KEY_CUSTOM_STATUS: u64 = 3 << 3 | 2;

/// The client's side of the native protocol.
struct Native {
    ring: Ring,
    app: AppId,
    sigs: Vec<String>,
    kind: LoginKind,
}

/// The steps that a connection can be at.
mod step {
    /// The connection waits for the end of the snapshot after the login.
    pub const SNAPSHOT: u32 = 0;
    /// The connection waits for the answer to the user's first subscription.
    pub const SUBSCRIBING: u32 = 1;
    /// The login is complete.
    pub const READY: u32 = 2;
}

impl Dialect for Native {
    fn open(&mut self, user: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(NATIVE_PREAMBLE);
        let request = v1::LoginRequest {
            sdk_app_id: self.app.0,
            user_id: user_name(user),
            user_sig: self.sigs[user as usize].clone(),
            device_id: format!("bench-{user:07}"),
            platform: Platform::Linux as i32,
            resume: self.kind == LoginKind::Return,
            known: Vec::new(),
        };
        put_frame(out, &v1::ClientMessage { id: REQUEST_ID, body: Some(Request::Login(request)) });
    }

    fn read(
        &mut self,
        _: u32,
        step: &mut u32,
        bytes: &[u8],
        _: &mut Vec<u8>,
        heard: &mut Heard<'_>,
    ) -> Result<usize> {
        let mut at = 0;
        while let Framed::Frame { message, taken } = next_frame(&bytes[at..], MAX_SERVER_MESSAGE)? {
            at += taken;
            if *step == step::READY
                && let Some(statuses) = status_changed(message)
            {
                told(statuses, heard).context("a status that the workload has not made")?;
            } else {
                read_other(step, message, heard)?;
            }
        }
        Ok(at)
    }

    fn change(&mut self, _: u32, number: u32, out: &mut Vec<u8>) {
        // The message is `ClientMessage { set_self_status: SetSelfStatusRequest { custom_status } }`. It has no id, so
        // the server does not answer.
        const TEXT: u8 = names::TEXT_BYTES as u8;
        const KEY_SET_SELF_STATUS: u8 = 4 << 3 | 2;
        out.extend_from_slice(&[4 + TEXT, KEY_SET_SELF_STATUS, 2 + TEXT, 1 << 3 | 2, TEXT]);
        names::put_text(out, number);
    }

    fn subscribe(&mut self, user: u32, step: &mut u32, out: &mut Vec<u8>) -> bool {
        let user_ids = self.ring.neighbours(user).map(user_name).collect();
        let request = Request::SubscribeUserStatus(v1::SubscribeUserStatusRequest { user_ids });
        put_frame(out, &v1::ClientMessage { id: REQUEST_ID, body: Some(request) });
        *step = step::SUBSCRIBING;
        true
    }

    fn set_login(&mut self, kind: LoginKind) {
        self.kind = kind;
    }
}

fn read_other(step: &mut u32, message: &[u8], heard: &mut Heard<'_>) -> Result<()> {
    let message = v1::ServerMessage::decode(message)?;
    match message.body.context("a message without a body")? {
        Answer::Login(answer) => {
            learn(&answer.statuses, heard)?;
            if answer.snapshot_complete {
                *step = step::READY;
                heard.log_in();
            }
        }
        Answer::SubscribeUserStatus(answer) => {
            ensure!(answer.failures.is_empty(), "a subscription was refused");
            learn(&answer.statuses, heard)?;
            *step = step::READY;
            heard.log_in();
        }
        Answer::StatusChanged(changed) => {
            learn(&changed.statuses, heard)?;
            if changed.snapshot_complete && *step == step::SNAPSHOT {
                *step = step::READY;
                heard.log_in();
            }
        }
        Answer::Refusal(refusal) => bail!("Lamplight refuses: {} {}", refusal.code, refusal.message),
        Answer::ConnectionEnded(end) => bail!("Lamplight ends a connection: {}", end.message),
        Answer::SubscriptionsChanged(_) | Answer::ListsChanged(_) | Answer::AppChanged(_) => {}
        Answer::Logout(_)
        | Answer::SetSelfStatus(_)
        | Answer::GetUserStatus(_)
        | Answer::UnsubscribeUserStatus(_)
        | Answer::GetSubscriptions(_)
        | Answer::Heartbeat(_)
        | Answer::SetSelfInfo(_)
        | Answer::GetUsersInfo(_)
        | Answer::GetFriendList(_)
        | Answer::AddFriend(_)
        | Answer::DeleteFriends(_)
        | Answer::SetFriendRemark(_)
        | Answer::SendMessage(_)
        | Answer::GetHistory(_)
        | Answer::GetConversationList(_)
        | Answer::MarkRead(_)
        | Answer::PinConversation(_)
        | Answer::DeleteConversation(_)
        | Answer::SetVisibility(_)
        | Answer::GetBlockList(_)
        | Answer::BlockUsers(_)
        | Answer::UnblockUsers(_) => bail!("an answer to a request that was not made"),
    }
    Ok(())
}

/// Records statuses that `prost` has decoded.
fn learn(statuses: &[v1::UserStatus], heard: &mut Heard<'_>) -> Result<()> {
    for status in statuses {
        let online = status.status_type == StatusType::Online as i32;
        note(status.user_id.as_bytes(), online, status.custom_status.as_bytes(), heard)
            .context("a status that the workload has not made")?;
    }
    Ok(())
}

fn note(name: &[u8], online: bool, text: &[u8], heard: &mut Heard<'_>) -> Option<()> {
    let user = user_of(name)?;
    let number = if text.is_empty() { 0 } else { number_of(text)? };
    heard.state(user, online.then_some(number));
    Some(())
}

/// Records the statuses of a `status_changed` message.
pub fn read_status_changed(message: &[u8], heard: &mut Heard<'_>) -> Result<()> {
    let statuses = status_changed(message).context("a message that is not status_changed")?;
    told(statuses, heard).context("a status that the workload has not made")
}

/// Returns the encoded statuses of a `status_changed` message; `None` for any other message.
fn status_changed(message: &[u8]) -> Option<&[u8]> {
    let mut rest = message.strip_prefix(&[KEY_STATUS_CHANGED])?;
    field(&mut rest)
}

/// Records each of the encoded statuses. Returns `None` if a status cannot be parsed.
fn told(mut statuses: &[u8], heard: &mut Heard<'_>) -> Option<()> {
    while !statuses.is_empty() {
        match varint(&mut statuses)? {
            KEY_STATUSES => {
                let mut status = field(&mut statuses)?;
                let (mut name, mut text, mut online) = (&[][..], &[][..], false);
                while !status.is_empty() {
                    match varint(&mut status)? {
                        KEY_USER_ID => name = field(&mut status)?,
                        KEY_STATUS_TYPE => online = varint(&mut status)? == StatusType::Online as u64,
                        KEY_CUSTOM_STATUS => text = field(&mut status)?,
                        key if key & 7 == 0 => drop(varint(&mut status)?),
                        key if key & 7 == 2 => drop(field(&mut status)?),
                        _ => return None,
                    }
                }
                note(name, online, text, heard)?;
            }
            KEY_SNAPSHOT_COMPLETE => drop(varint(&mut statuses)?),
            _ => return None,
        }
    }
    Some(())
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for index in 0..10 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn field<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(varint(bytes)?).ok()?;
    let (field, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::testing::Line;

    fn native() -> Native {
        let ring = Ring::new(50).unwrap();
        Native { ring, app: AppId(1_400_000_001), sigs: vec!["sig".to_owned(); 50], kind: LoginKind::Start }
    }

    fn status(name: &str, text: &str, online: bool) -> v1::UserStatus {
        v1::UserStatus {
            user_id: name.to_owned(),
            status_type: if online { 1 } else { 2 },
            custom_status: text.to_owned(),
            version: 1 << 52,
            since: 1_700_000_000_000,
            online_devices: vec![6],
            ..Default::default()
        }
    }

    fn frame(body: Answer) -> Vec<u8> {
        let message = v1::ServerMessage { id: 1, body: Some(body) };
        message.encode_length_delimited_to_vec()
    }

    #[test]
    fn a_login_is_complete_with_its_snapshot_and_a_watch_list_with_its_answer() {
        let mut line = Line::open(native());
        assert!(line.take_sent().starts_with("LAMP\u{1}"));
        line.hear(&frame(Answer::Login(v1::LoginResponse::default())));
        assert!(!line.logged_in);
        let rest =
            v1::StatusChanged { statuses: vec![status("u0000001", "", true)], snapshot_complete: true };
        line.hear(&frame(Answer::StatusChanged(rest)));
        assert!(line.logged_in && line.has_read_everything());
        assert_eq!(line.counts().states, 1);

        line.logged_in = false;
        assert!(line.dialect.subscribe(0, &mut line.step, &mut line.sent));
        assert!(line.take_sent().contains("u0000049"));
        line.hear(&frame(Answer::SubscribeUserStatus(v1::SubscribeUserStatusResponse::default())));
        assert!(line.logged_in && line.step == step::READY);
    }

    #[test]
    fn the_fast_path_reads_what_prost_has_written() {
        let mut line = Line::open(native());
        line.step = step::READY;
        let statuses = vec![status("u0000001", "busy 0000001", true), status("u0000002", "", false)];
        let message = v1::ServerMessage {
            id: 0,
            body: Some(Answer::StatusChanged(v1::StatusChanged { statuses, snapshot_complete: false })),
        };
        assert!(status_changed(&message.encode_to_vec()).is_some());
        line.hear(&message.encode_length_delimited_to_vec());
        assert_eq!((line.counts().delivered, line.counts().offline), (1, 1));
    }

    #[test]
    fn a_change_is_the_frame_that_prost_writes() {
        let mut out = Vec::new();
        native().change(0, 45, &mut out);
        let request =
            v1::SetSelfStatusRequest { custom_status: "busy 0000045".to_owned(), ..Default::default() };
        let message = v1::ClientMessage { id: 0, body: Some(Request::SetSelfStatus(request)) };
        assert_eq!(out, message.encode_length_delimited_to_vec());
    }
}
