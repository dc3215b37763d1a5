//! One user with 15,000 watchers who changes ten times a second, and 15,000 users who subscribe to that user at the
//! same time. A service must bear this load; it is no attack.

use crate::line::{Way, custom, frame};
use crate::peer::{drain, logged_in_at, source};
use crate::scene::{A_TURN_OF_THE_SCHEDULER, Attack, Bound, Findings, Kind, Scene};
use crate::server::{PATIENCE, Settings};
use crate::witness::Phase;
use anyhow::{Context, Result, ensure};
use futures_util::FutureExt;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::server_message::Body;
use lamplight_wire::{Framed, MAX_SERVER_MESSAGE, next_frame, v1};
use mio::{Events, Interest, Poll, Token};
use parking_lot::Mutex;
use prost::Message as _;
use std::io::{ErrorKind, Read as _};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until, timeout};

/// The name of the user whom everybody watches.
const STAR: &str = "star";
const WATCHERS: usize = 15_000;
/// The number of watchers that log in from the same address.
const OF_AN_ADDRESS: usize = 128;
const LOGINS_AT_ONCE: usize = 64;
/// The time between two changes of the user.
const INTERVAL: Duration = Duration::from_millis(100);
/// The time over which the subscriptions are spread.
const SUBSCRIBING: Duration = Duration::from_secs(10);
/// The longest time from the first request to subscribe until the last such request is answered.
const SUBSCRIBED_WITHIN: Duration = Duration::from_secs(11);
/// The number of rounds. Each round has a period in which the user does not change, and a period in which the user
/// changes. The result is the median over the rounds.
const ROUNDS: usize = 5;
const PERIOD: Duration = Duration::from_secs(7);
const QUICK_PERIOD: Duration = Duration::from_secs(1);
/// The time after a change within which each watcher must have received that change or a later one.
const NEWEST_WITHIN: Duration = Duration::from_secs(1);
/// The time between two looks at the sockets of the watchers. If a reader waited for the sockets instead, each
/// notification would wake the reader. This would cost more CPU time than the server needs for the notification.
const LOOK: Duration = Duration::from_millis(2);
/// The time between two periods.
const BETWEEN: Duration = Duration::from_secs(2);

pub const HOT: Attack = Attack {
    name: "15000-watchers",
    about: "15,000 users subscribe to one within 10 s, who changes ten times a second",
    kind: Kind::Load {
        seconds: SUBSCRIBING.as_secs() + 2 * ROUNDS as u64 * PERIOD.as_secs(),
        bound: Bound { memory_mib: 64.0, descriptors: 64, p99_floor_ms: A_TURN_OF_THE_SCHEDULER },
        settings: Settings { app: &[], env: &[] },
        with_control: false,
        run: |scene| attack(scene).boxed(),
    },
};

async fn attack(scene: Arc<Scene>) -> Result<Findings> {
    let watchers = scene.many(WATCHERS);
    let logins = stream::iter(0..watchers).map(|number| {
        let way = &scene.way;
        async move { logged_in_at(way, &format!("fan {number}"), source(10 + number / OF_AN_ADDRESS)).await }
    });
    let fans: Vec<TcpStream> = logins.buffer_unordered(LOGINS_AT_ONCE).try_collect().await?;
    scene.start()?;
    let (rounds, period) = if scene.quick { (1, QUICK_PERIOD) } else { (ROUNDS, PERIOD) };
    let mut star = Star::log_in(&scene.way).await?;
    let heard = Arc::new(Mutex::new(Heard::default()));

    let began = Instant::now();
    let mut subscribing = JoinSet::new();
    let (read, fans_to_read) = channel();
    let reading = tokio::task::spawn_blocking({
        let heard = Arc::clone(&heard);
        move || read_all(&fans_to_read, &heard)
    });
    for (number, fan) in fans.into_iter().enumerate() {
        let due = began + SUBSCRIBING.mul_f64(number as f64 / watchers as f64);
        subscribing.spawn(subscribe(fan, due));
    }
    let (mut answered, mut slowest) = (began, Duration::ZERO);
    let all = async {
        while let Some(subscribed) = subscribing.join_next().await {
            let Subscribed { fan, after, at } = subscribed??;
            (answered, slowest) = (answered.max(at), slowest.max(after));
            heard.lock().has(0, fan.has);
            read.send(fan).context("the reader has ended")?;
        }
        anyhow::Ok(())
    };
    star.change_until(all, &heard).await??;
    let subscribed = answered.saturating_duration_since(began);
    sleep(BETWEEN).await;
    heard.lock().forget_lateness();

    for round in 0..rounds {
        let mut phases = [Phase::Before, Phase::During];
        phases.rotate_left(round % 2);
        for phase in phases {
            if phase == Phase::Before {
                scene.period(phase, sleep(period)).await?;
            } else {
                scene.period(phase, star.change_until(sleep(period), &heard)).await??;
            }
            sleep(BETWEEN).await;
        }
    }
    let until = Instant::now() + PATIENCE;
    while heard.lock().untold(watchers) > 0 && Instant::now() < until {
        sleep(Duration::from_millis(20)).await;
    }
    drop(read);
    reading.await?.context("a watcher")?;
    let heard = heard.lock();
    let [p50, p99, most] = [0.5, 0.99, 1.0].map(|part| heard.late_ms(part));
    let untold = heard.untold(watchers);
    let mut findings = Findings::default();
    findings.note(format!(
        "{watchers} subscriptions answered in {:.1} s, each within {} ms",
        subscribed.as_secs_f64(),
        slowest.as_millis()
    ));
    findings.note(format!(
        "{} changes; a watcher lacked the newest for p50 {p50}, p99 {p99}, at most {most} ms",
        heard.made.len()
    ));
    let late = u64::from(most) > NEWEST_WITHIN.as_millis() as u64;
    findings.expect(scene.quick || subscribed <= SUBSCRIBED_WITHIN, "the subscriptions took too long");
    findings.expect(scene.quick || !late, format!("a watcher lacked the newest state for {most} ms"));
    findings.expect(untold == 0, format!("{untold} watchers were not told of the last change"));
    Ok(findings)
}

/// The user whom everybody watches.
struct Star {
    to: OwnedWriteHalf,
    reading: tokio::task::JoinHandle<u64>,
}

impl Star {
    async fn log_in(way: &Way) -> Result<Self> {
        let (from, to) = logged_in_at(way, STAR, source(9)).await?.into_split();
        Ok(Self { to, reading: tokio::spawn(drain(from)) })
    }

    /// Changes the custom status ten times a second until `work` is done. Returns the result of `work`.
    async fn change_until<T>(&mut self, work: impl Future<Output = T>, heard: &Mutex<Heard>) -> Result<T> {
        let mut work = std::pin::pin!(work);
        let mut next = Instant::now();
        loop {
            let number = heard.lock().make();
            self.to.write_all(&custom(&text(number))).await?;
            ensure!(!self.reading.is_finished(), "the connection of the user has ended");
            next += INTERVAL;
            tokio::select! {
                done = &mut work => return Ok(done),
                () = sleep_until(next.into()) => {}
            }
        }
    }
}

/// Returns the custom status with this number.
fn text(number: usize) -> String {
    format!("change {number}")
}

fn number(text: &str) -> Option<usize> {
    text.strip_prefix("change ")?.parse().ok()
}

/// A watcher's subscription.
struct Subscribed {
    fan: Fan,
    /// The time from the request to the answer.
    after: Duration,
    /// The time of the answer.
    at: Instant,
}

async fn subscribe(stream: TcpStream, due: Instant) -> Result<Subscribed> {
    let mut fan = Fan { stream, unread: Vec::new(), has: 0 };
    sleep_until(due.into()).await;
    let users = v1::SubscribeUserStatusRequest { user_ids: vec![STAR.to_owned()] };
    let sent = Instant::now();
    fan.stream.write_all(&frame(7, Request::SubscribeUserStatus(users))).await?;
    let answered = async {
        loop {
            match fan.next().await?.body {
                Some(Body::SubscribeUserStatus(done)) => {
                    ensure!(done.failures.is_empty(), "a subscription failed: {:?}", done.failures);
                    return Ok(newest(&done.statuses));
                }
                Some(Body::Refusal(refusal)) => anyhow::bail!("a subscription was refused: {refusal:?}"),
                _ => {}
            }
        }
    };
    fan.has = timeout(PATIENCE, answered).await.context("a subscription has no answer")??.unwrap_or(0);
    Ok(Subscribed { fan, after: sent.elapsed(), at: Instant::now() })
}

/// Returns the number of the newest change in these statuses. Returns `None` if none of them is a status of the user
/// whom everybody watches.
fn newest(statuses: &[v1::UserStatus]) -> Option<usize> {
    statuses.iter().filter(|it| it.user_id == STAR).filter_map(|it| number(&it.custom_status)).max()
}

/// The connection of a watcher.
struct Fan {
    stream: TcpStream,
    unread: Vec<u8>,
    /// The number of the newest change that the watcher has received; 0 if none.
    has: usize,
}

impl Fan {
    async fn next(&mut self) -> Result<v1::ServerMessage> {
        loop {
            if let Some(message) = take_message(&mut self.unread)? {
                return Ok(message);
            }
            let read = self.stream.read_buf(&mut self.unread).await?;
            ensure!(read > 0, "the server has closed the connection");
        }
    }
}

/// Removes the first message from the received bytes, and returns it. Returns `None` if the message is incomplete.
fn take_message(unread: &mut Vec<u8>) -> Result<Option<v1::ServerMessage>> {
    let Framed::Frame { message, taken } = next_frame(unread, MAX_SERVER_MESSAGE)? else { return Ok(None) };
    let message = v1::ServerMessage::decode(message)?;
    unread.drain(..taken);
    Ok(Some(message))
}

/// Receives connections of watchers from `fans`, and reads them, until the sender of `fans` is dropped.
fn read_all(fans: &Receiver<Fan>, heard: &Mutex<Heard>) -> Result<()> {
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(1_024));
    let mut watchers = Vec::new();
    loop {
        loop {
            match fans.try_recv() {
                Ok(Fan { stream, unread, has }) => {
                    let mut stream = mio::net::TcpStream::from_std(stream.into_std()?);
                    poll.registry().register(&mut stream, Token(watchers.len()), Interest::READABLE)?;
                    watchers.push(Watcher { stream, unread, has });
                }
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return Ok(()),
            }
        }
        thread::sleep(LOOK);
        poll.poll(&mut events, Some(Duration::ZERO))?;
        for event in &events {
            let Token(number) = event.token();
            watchers[number].read(heard)?;
        }
    }
}

/// A watcher that has subscribed.
struct Watcher {
    stream: mio::net::TcpStream,
    unread: Vec<u8>,
    has: usize,
}

impl Watcher {
    fn read(&mut self, heard: &Mutex<Heard>) -> Result<()> {
        let mut buffer = [0; 4_096];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => anyhow::bail!("the server has closed the connection"),
                Ok(length) => self.unread.extend_from_slice(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        while let Some(message) = take_message(&mut self.unread)? {
            if let Some(Body::StatusChanged(changed)) = message.body
                && let Some(newest) = newest(&changed.statuses)
            {
                heard.lock().hear(self.has, newest);
                self.has = newest;
            }
        }
        Ok(())
    }
}

/// The changes that were made, and what watchers have received.
#[derive(Default)]
struct Heard {
    /// The time of each change. The first change has the number 1.
    made: Vec<Instant>,
    /// The number of watchers whose newest change is the last one.
    with_last: usize,
    /// For each notification, in milliseconds: how long the watcher had lacked the oldest change that it was missing
    /// when the notification arrived.
    late_ms: Vec<u32>,
}

impl Heard {
    /// Records that the next change is made now, and returns its number.
    fn make(&mut self) -> usize {
        self.made.push(Instant::now());
        self.with_last = 0;
        self.made.len()
    }

    /// Records that a watcher's newest change was `before` and is now `now`.
    fn has(&mut self, before: usize, now: usize) {
        self.with_last += usize::from(now == self.made.len() && before < now);
    }

    /// Records a notification. Until this moment, the watcher lacked the change that follows `before`.
    fn hear(&mut self, before: usize, now: usize) {
        self.has(before, now);
        if let Some(first) = self.made.get(before).filter(|_| before < now) {
            self.late_ms.push(first.elapsed().as_millis() as u32);
        }
    }

    fn forget_lateness(&mut self) {
        self.late_ms.clear();
    }

    fn untold(&self, watchers: usize) -> usize {
        watchers.saturating_sub(self.with_last)
    }

    /// Returns the lateness, in milliseconds, that the fraction `part` of the notifications does not exceed.
    fn late_ms(&self, part: f64) -> u32 {
        let mut sorted = self.late_ms.clone();
        sorted.sort_unstable();
        let index = (sorted.len() as f64 * part).ceil() as usize;
        sorted.get(index.saturating_sub(1)).copied().unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watcher_is_told_when_it_has_the_last_change() {
        let mut heard = Heard::default();
        assert_eq!((heard.make(), heard.make()), (1, 2));
        heard.hear(0, 1);
        assert_eq!(heard.untold(2), 2);
        heard.hear(1, 2);
        heard.has(0, 2);
        assert_eq!((heard.untold(2), heard.late_ms.len()), (0, 2));
        heard.make();
        assert_eq!(heard.untold(2), 2);
        heard.late_ms = vec![9, 1, 5];
        assert_eq!([0.0, 0.5, 0.99, 1.0].map(|part| heard.late_ms(part)), [1, 5, 9, 9]);
        assert_eq!(number(&text(12)), Some(12));
    }
}
