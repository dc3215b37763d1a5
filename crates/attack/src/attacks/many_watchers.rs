//! The attack of a user who has thousands of watchers, and changes the custom status at the full speed of the socket.

use crate::line::{Way, custom, frame};
use crate::peer::{counter, drain, logged_in_at, source};
use crate::scene::{A_TURN_OF_THE_SCHEDULER, Attack, Bound, Findings, Kind, Scene};
use crate::server::Settings;
use crate::witness::Phase;
use anyhow::{Context, Result, ensure};
use futures_util::FutureExt;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Request;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The name of the user whom everybody watches.
const STAR: &str = "star";
const WATCHERS: usize = 3_000;
/// The number of rounds. Each round has three periods: without an attack, with an attack on another server, and with
/// the attack. The result is the median over the rounds.
const ROUNDS: usize = 5;
/// The length of a period. The witness makes some 600 changes in a period, so six of them are above the p99.
const PERIOD: Duration = Duration::from_secs(7);
const QUICK_PERIOD: Duration = Duration::from_secs(1);
/// The time between two periods. In this time, the server handles the remaining requests of the earlier period.
const BETWEEN: Duration = Duration::from_secs(1);
/// The least number of changes per second that the server must carry out during the attack. With fewer, the attack is
/// too weak to count. The number is slightly below `limits.requests_per_second`.
const LEAST_RATE: f64 = 1_500.0;
const REQUESTS: &str = "lamplight_requests_total";
const LOGINS_AT_ONCE: usize = 64;
/// The number of sockets that are read before a pause. Waking up for each notification would take more CPU time than
/// the server uses.
const READ_AT_ONCE: usize = 32;
/// The length of a pause between reads. A round through all sockets takes about 0.2 s.
const PAUSE: Duration = Duration::from_millis(2);
/// The custom status that is set after the attack.
const LAST: &str = "that was all of it";
/// The time within which every watcher must be notified of `LAST`.
const LAST_WITHIN: Duration = Duration::from_secs(5);

pub const BUSY: Attack = Attack {
    name: "3000-watchers",
    about: "one user with 3,000 watchers calls setSelfStatus as fast as it can",
    kind: Kind::Load {
        seconds: ROUNDS as u64 * PERIOD.as_secs(),
        bound: Bound { memory_mib: 64.0, descriptors: 64, p99_floor_ms: A_TURN_OF_THE_SCHEDULER },
        settings: Settings { app: &[], env: &[] },
        with_control: true,
        run: |scene| attack(scene).boxed(),
    },
};

async fn attack(scene: Arc<Scene>) -> Result<Findings> {
    let other = scene.other.clone().context("there is no other server")?;
    let mut attacked = Crowd::gather(&scene, scene.way.clone(), scene.health).await?;
    let mut control = Crowd::gather(&scene, other.0, other.1).await?;
    scene.start()?;
    let (rounds, time) = if scene.quick { (1, QUICK_PERIOD) } else { (ROUNDS, PERIOD) };
    let mut rates = Vec::new();
    for round in 0..rounds {
        let mut phases = [Phase::Before, Phase::Control, Phase::During];
        // Each phase comes first, second and last in turn. No phase therefore profits from times at which the machine
        // is faster.
        phases.rotate_left(round % 3);
        for phase in phases {
            if phase == Phase::Before {
                scene.period(phase, tokio::time::sleep(time)).await?;
            } else {
                let crowd = if phase == Phase::Control { &mut control } else { &mut attacked };
                rates.push(scene.period(phase, crowd.rush(time)).await??);
                crowd.calm().await?;
            }
            tokio::time::sleep(BETWEEN).await;
        }
    }
    let mut findings = Findings::default();
    let slowest = rates.iter().copied().fold(f64::INFINITY, f64::min);
    findings.note(format!(
        "with those of the witness, at least {slowest:.0} changes a second were carried out in each period of an attack"
    ));
    findings.expect(scene.quick || slowest >= LEAST_RATE, "the attack is too slow to be one");
    let Crowd { star, fans, .. } = attacked;
    let mut star = star.context("the user has left")?;
    star.write_all(&custom(LAST)).await?;
    let untold = tokio::task::spawn_blocking(move || untold_of_the_last(fans)).await?;
    findings.expect(untold == 0, format!("{untold} watchers were not told of the last change"));
    Ok(findings)
}

/// A user with thousands of watchers at one server.
struct Crowd {
    way: Way,
    health: SocketAddr,
    star: Option<TcpStream>,
    fans: Vec<std::net::TcpStream>,
}

impl Crowd {
    /// Logs the user and the watchers in.
    async fn gather(scene: &Scene, way: Way, health: SocketAddr) -> Result<Self> {
        let star = logged_in_at(&way, STAR, source(9)).await?;
        let users = v1::SubscribeUserStatusRequest { user_ids: vec![STAR.to_owned()] };
        let subscribe = frame(0, Request::SubscribeUserStatus(users));
        let logins = stream::iter(0..scene.many(WATCHERS)).map(|number| {
            let (way, subscribe) = (&way, &subscribe);
            async move {
                let mut fan = logged_in_at(way, &format!("fan {number}"), source(10 + number % 16)).await?;
                fan.write_all(subscribe).await?;
                anyhow::Ok(fan.into_std()?)
            }
        });
        let fans = logins.buffer_unordered(LOGINS_AT_ONCE).try_collect().await?;
        Ok(Self { way, health, star: Some(star), fans })
    }

    /// Lets the user change the custom status as fast as the socket accepts requests, for the given time. Returns the
    /// number of requests per second that the server has carried out.
    async fn rush(&mut self, time: Duration) -> Result<f64> {
        let (began, requests) = (Instant::now(), counter(self.health, REQUESTS).await?);
        let until = began + time;
        let mut fans = std::mem::take(&mut self.fans);
        let reading = tokio::task::spawn_blocking(move || {
            while Instant::now() < until {
                read_all(&mut fans, |_| {});
            }
            fans
        });
        let star = self.star.take().context("the user has left")?;
        // Runs as a task of its own, because the threads of tasks have the low priority of attackers.
        let mut flood = tokio::spawn(flood(star));
        let ended = timeout(until.saturating_duration_since(Instant::now()), &mut flood).await;
        ensure!(ended.is_err(), "the connection of the user ended during the attack: {ended:?}");
        let requests = counter(self.health, REQUESTS).await? - requests;
        let rate = requests as f64 / began.elapsed().as_secs_f64();
        flood.abort();
        self.fans = reading.await?;
        Ok(rate)
    }

    /// Replaces the connection of the user. The bytes that the server has not read from the former connection are
    /// discarded.
    async fn calm(&mut self) -> Result<()> {
        self.star = Some(logged_in_at(&self.way, STAR, source(9)).await?);
        Ok(())
    }
}

/// Changes the custom status as fast as the socket accepts bytes. Reads the bytes that the server sends, until the
/// connection ends.
async fn flood(star: TcpStream) {
    let (from, mut to) = star.into_split();
    let reader = tokio::spawn(drain(from));
    for number in 0_usize.. {
        let batch: Vec<u8> =
            (0..50).flat_map(|of_batch| custom(&format!("change {number} {of_batch}"))).collect();
        if to.write_all(&batch).await.is_err() {
            break;
        }
    }
    reader.abort();
}

/// Returns the number of watchers that are not notified of `LAST` within `LAST_WITHIN`.
fn untold_of_the_last(mut fans: Vec<std::net::TcpStream>) -> usize {
    let until = Instant::now() + LAST_WITHIN;
    let mut untold = fans.len();
    while untold > 0 && Instant::now() < until {
        read_all(&mut fans, |received| {
            untold -= usize::from(received.windows(LAST.len()).any(|text| text == LAST.as_bytes()));
        });
    }
    untold
}

/// Reads the bytes that have arrived on each connection, and passes them to `show`.
fn read_all(connections: &mut [std::net::TcpStream], mut show: impl FnMut(&[u8])) {
    let (mut buffer, mut received) = (vec![0; 16_384], Vec::new());
    for few in connections.chunks_mut(READ_AT_ONCE) {
        for connection in few {
            received.clear();
            // Reads until no more bytes have arrived. If the server has ended, the witness detects it.
            while let Ok(length) = connection.read(&mut buffer)
                && length > 0
            {
                received.extend_from_slice(&buffer[..length]);
                if length < buffer.len() {
                    break;
                }
            }
            if !received.is_empty() {
                show(&received);
            }
        }
        thread::sleep(PAUSE);
    }
}
