//! Measures webhooks: from a user's change to a receiver that answers at once.

use super::{LOGIN_WINDOW, login::milliseconds, microseconds};
use crate::fleet::{Fleet, LoginKind};
use crate::notice::number_of;
use crate::report::{Report, Target, say};
use crate::server_process::ServerSettings;
use anyhow::{Context, Result, bail, ensure};
use hdrhistogram::Histogram;
use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// The number of users. Each outstanding event belongs to a different user.
pub const USERS: u32 = 1_000;
/// The maximum number of events that are outstanding at a time.
pub const OUTSTANDING: u64 = 512;
/// The target: deliveries per second.
const TARGET: f64 = 2_000.0;
/// The time after which an event counts as lost.
const LOST_AFTER: Duration = Duration::from_secs(20);
/// The number of measured events for each event of the warm-up.
const WARM_UP: u64 = 10;

/// Returns the settings of a server whose app has this receiver as its webhook.
pub fn settings(receiver: &Receiver) -> ServerSettings {
    ServerSettings { webhook: Some(receiver.address), ..ServerSettings::default() }
}

/// Measures the deliveries. Connects all users first.
pub fn measure(fleet: &mut Fleet, receiver: &Receiver, events: u64, report: &mut Report) -> Result<()> {
    let users = fleet.ring().users();
    say(&format!("webhooks: {users} users, {events} events, {OUTSTANDING} outstanding"));
    fleet.log_in(&(0..users).collect::<Vec<_>>(), LOGIN_WINDOW, LoginKind::Start)?;
    await_deliveries(fleet, receiver, |told| told.logins >= u64::from(users))?;
    let mut text = run(fleet, receiver, events / WARM_UP, 0)?;
    fleet.quiet()?;

    receiver.told().times.reset();
    let (cpu, began) = (fleet.server_cpu()?, Instant::now());
    text = run(fleet, receiver, events, text)?;
    let took = began.elapsed();
    let cpu = fleet.server_cpu()?.saturating_sub(cpu);
    fleet.quiet()?;

    let told = receiver.told();
    ensure!(told.faults.is_empty(), "{} deliveries are wrong, such as {}", told.faults.len(), told.faults[0]);
    ensure!(told.changes >= u64::from(text), "only {} of {text} changes were delivered", told.changes);
    let per_second = events as f64 / took.as_secs_f64();
    report.note(
        "webhooks: delivered, in the order of each user",
        per_second,
        "per s",
        Some(Target::AtLeast(TARGET)),
    );
    if fleet.target().meter.is_some() {
        report.note(
            "webhooks: CPU of the server for an event",
            milliseconds(cpu) / events as f64,
            "ms",
            None,
        );
    }
    for (quantile, at) in [("p50", 0.5), ("p99", 0.99)] {
        let name = format!("webhooks, {OUTSTANDING} outstanding: {quantile} from the change to the receiver");
        report.note(name, told.times.value_at_quantile(at) as f64 / 1_000.0, "ms", None);
    }
    Ok(())
}

/// Changes the statuses of the users in turn, and waits until all events are delivered. Returns the number of the last
/// custom status that was set.
fn run(fleet: &mut Fleet, receiver: &Receiver, events: u64, after: u32) -> Result<u32> {
    let users = fleet.ring().users();
    let mut text = after;
    let last = after + u32::try_from(events).context("too many events")?;
    let mut last_progress = (receiver.told().changes, Instant::now());
    while text < last {
        let told = receiver.told().changes;
        while text < last && u64::from(text) < told + OUTSTANDING {
            text += 1;
            receiver.told().began.insert(text, Instant::now());
            fleet.change(text % users, text, false)?;
        }
        listen(fleet, Duration::from_millis(1))?;
        if told > last_progress.0 {
            last_progress = (told, Instant::now());
        }
        ensure!(
            last_progress.1.elapsed() < LOST_AFTER,
            "{} events were not delivered",
            u64::from(text) - told
        );
    }
    await_deliveries(fleet, receiver, |told| told.changes >= u64::from(text))?;
    Ok(text)
}

fn await_deliveries(fleet: &mut Fleet, receiver: &Receiver, all: impl Fn(&Told) -> bool) -> Result<()> {
    let began = Instant::now();
    while !all(&receiver.told()) {
        listen(fleet, Duration::from_millis(1))?;
        if began.elapsed() > LOST_AFTER {
            let told = receiver.told();
            bail!("only {} logins and {} changes were delivered", told.logins, told.changes);
        }
    }
    Ok(())
}

/// Reads the notifications of the connections, and does not count them. Fails if a change was refused.
fn listen(fleet: &mut Fleet, wait: Duration) -> Result<()> {
    fleet.pump(wait)?.for_each(drop);
    match fleet.take_refusal() {
        Some(refusal) => bail!("a change was refused: {refusal}"),
        None => Ok(()),
    }
}

/// A receiver of webhooks on this machine. It answers every request at once.
pub struct Receiver {
    pub address: SocketAddr,
    told: Arc<Mutex<Told>>,
}

/// The deliveries that the receiver has accepted.
struct Told {
    logins: u64,
    changes: u64,
    /// The start of each change, by the number in its custom status.
    began: HashMap<u32, Instant>,
    /// The number in the last custom status of each user that was delivered.
    last: HashMap<String, u32>,
    faults: Vec<String>,
    /// The times between a change and its delivery, in microseconds.
    times: Histogram<u32>,
}

impl Receiver {
    /// Starts a receiver at this address. Its threads run until the process ends.
    pub fn start(address: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(address).context("the receiver cannot listen")?;
        let address = listener.local_addr()?;
        let told = Told {
            logins: 0,
            changes: 0,
            began: HashMap::new(),
            last: HashMap::new(),
            faults: Vec::new(),
            times: microseconds(),
        };
        let told = Arc::new(Mutex::new(told));
        let shared = Arc::clone(&told);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let told = Arc::clone(&shared);
                // The error is ignored, because the connection breaks when the server ends.
                thread::spawn(move || drop(serve(stream, &told)));
            }
        });
        Ok(Self { address, told })
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock()
    }
}

fn serve(mut stream: TcpStream, told: &Mutex<Told>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut bytes = Vec::new();
    let mut piece = [0; 16 * 1024];
    loop {
        while let Some((body, end)) = whole(&bytes)? {
            told.lock().take(&bytes[body..end]);
            bytes.drain(..end);
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
        }
        let read = stream.read(&mut piece)?;
        if read == 0 {
            return Ok(());
        }
        bytes.extend_from_slice(&piece[..read]);
    }
}

/// Returns the start and the end of the body of the first request; `None` if the request is incomplete.
fn whole(bytes: &[u8]) -> Result<Option<(usize, usize)>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end])?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.context("the request has no Content-Length")?.parse()?;
    Ok((bytes.len() >= end + 4 + length).then_some((end + 4, end + 4 + length)))
}

impl Told {
    fn take(&mut self, body: &[u8]) {
        let now = Instant::now();
        let Ok(body) = serde_json::from_slice::<Value>(body) else {
            return self.faults.push("a body that is not JSON".to_owned());
        };
        let info = &body["Info"];
        match (info["Action"].as_str(), info["To_Account"].as_str()) {
            (Some("Login"), Some(_)) => self.logins += 1,
            (Some("CustomStatusChange"), Some(user)) => {
                let text = info["CustomStatus"].as_str().and_then(|text| number_of(text.as_bytes()));
                let last = self.last.get(user).copied().unwrap_or(0);
                match text {
                    // A repeated delivery is allowed. A delivery out of order is not.
                    Some(text) if text == last => {}
                    Some(text) if text > last => {
                        self.last.insert(user.to_owned(), text);
                        self.changes += 1;
                        if let Some(began) = self.began.remove(&text) {
                            let micros = now.duration_since(began).as_micros().max(1) as u64;
                            self.times.saturating_record(micros);
                        }
                    }
                    Some(_) | None => self.faults.push(body.to_string()),
                }
            }
            _ => self.faults.push(body.to_string()),
        }
    }
}
