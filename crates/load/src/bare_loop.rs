//! The bare loop: a thread that only writes the bytes of notifications to sockets. Its cost is compared with that of
//! the server.
//!
//! No program that makes a separate write for each watcher can be cheaper than the bare loop. The server's cost for the
//! same notifications, minus the cost of the bare loop, is therefore the most that the server could save.

use crate::notice::text_of;
use crate::process_meter::cpu_of_this_thread;
use crate::ring::{Ring, WATCHED, user_id};
use anyhow::{Context, Result, anyhow, ensure};
use lamplight_model::{CustomStatus, Platform, PlatformSet, Reason, StatusType, Timestamp, UserId};
use lamplight_model::{UserStatus, Version};
use lamplight_wire::{StatusBatch, encode_status};
use mio::net::TcpStream as Receiver;
use mio::{Events, Interest, Poll, Token};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The longest time without progress after which the loop fails.
const PATIENCE: Duration = Duration::from_secs(10);
/// The maximum number of sockets that are connected and not accepted yet. It is lower than the backlog of any system.
const AT_ONCE: usize = 64;

/// A request to the writing thread.
enum Work {
    /// Write a notification to the watchers of this user.
    Tell(u32),
    /// Return the CPU time that the thread has used.
    Clock(mpsc::Sender<Result<Duration>>),
}

/// The cost of the bare loop.
#[derive(Clone, Copy, Debug)]
pub struct BareCost {
    /// The number of written notifications.
    pub notifications: u64,
    /// The CPU time of the writing thread.
    pub cpu: Duration,
}

impl BareCost {
    /// Returns the number of notifications per second of CPU time.
    pub fn per_cpu_second(self) -> f64 {
        self.notifications as f64 / self.cpu.as_secs_f64().max(f64::EPSILON)
    }
}

/// One socket for each user of the ring, and the thread that writes to the sockets.
pub struct BareLoop {
    ring: Ring,
    poll: Poll,
    receivers: Vec<Receiver>,
    work: mpsc::Sender<Work>,
    writer: Option<JoinHandle<Result<()>>>,
    /// The length of a frame in bytes, indexed by the number of its notifications.
    lengths: Vec<usize>,
    split: Split,
}

/// A division of the notifications of each change among writes. A write has a given number of notifications on average.
/// A fraction of a notification is carried over to the next write.
#[derive(Clone, Copy)]
struct Split {
    together: f64,
    owed: f64,
}

impl Split {
    /// Returns the number of notifications in each write of the next change.
    fn next(&mut self) -> impl Iterator<Item = usize> {
        let mut left = WATCHED;
        std::iter::from_fn(move || {
            if left == 0 {
                return None;
            }
            self.owed += self.together;
            let count = (self.owed as usize).min(left);
            self.owed -= count as f64;
            left -= count;
            Some(count)
        })
    }
}

impl BareLoop {
    /// Connects the sockets. `together` is the average number of notifications in a write.
    pub fn new(ring: Ring, together: f64) -> Result<Self> {
        ensure!(
            (1.0..=WATCHED as f64).contains(&together),
            "the average number of notifications in a write must be from 1 to {WATCHED}, not {together}"
        );
        let poll = Poll::new()?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (mut receivers, mut senders) = (Vec::new(), Vec::new());
        while senders.len() < ring.users() as usize {
            while receivers.len() < (senders.len() + AT_ONCE).min(ring.users() as usize) {
                let mut receiver = Receiver::connect(address)?;
                poll.registry().register(&mut receiver, Token(receivers.len()), Interest::READABLE)?;
                receivers.push(receiver);
            }
            let (sender, _) = listener.accept()?;
            sender.set_nodelay(true)?;
            senders.push(sender);
        }
        let frames: Vec<Vec<u8>> = (0..=WATCHED).map(frame_of).collect();
        let lengths = frames.iter().map(Vec::len).collect();
        let split = Split { together, owed: 0.0 };
        let (work, asked) = mpsc::channel();
        let writer = thread::Builder::new().name("bare-loop".to_owned());
        let writer = writer.spawn(move || write_all(&asked, senders, &frames, ring, split))?;
        Ok(Self { ring, poll, receivers, work, writer: Some(writer), lengths, split })
    }

    /// Makes `changes` changes of random users, and notifies their watchers of each. Starts the next change when fewer
    /// than `outstanding` changes are incomplete.
    pub fn run(&mut self, changes: u64, outstanding: usize) -> Result<BareCost> {
        let mut random = StdRng::seed_from_u64(7);
        let mut events = Events::with_capacity(1_024);
        let mut scratch = vec![0; 64 * 1024];
        let before = self.cpu()?;
        // For each outstanding change, the number of bytes from all sockets after which the change is complete.
        let mut ends = VecDeque::new();
        let (mut asked, mut end, mut received, mut last_news) = (0, 0, 0, Instant::now());
        loop {
            while ends.front().is_some_and(|end| *end <= received) {
                ends.pop_front();
            }
            if asked == changes && ends.is_empty() {
                break;
            }
            while asked < changes && ends.len() < outstanding {
                end += self.split.next().map(|count| self.lengths[count]).sum::<usize>();
                ends.push_back(end);
                let user = random.random_range(0..self.ring.users());
                self.work.send(Work::Tell(user)).map_err(|_| anyhow!("the bare loop has ended"))?;
                asked += 1;
            }
            self.poll.poll(&mut events, Some(Duration::from_millis(20)))?;
            for event in events.iter() {
                let receiver = &mut self.receivers[event.token().0];
                loop {
                    match receiver.read(&mut scratch) {
                        Ok(0) => return Err(anyhow!("the bare loop has ended")),
                        Ok(length) => {
                            received += length;
                            last_news = Instant::now();
                            if length < scratch.len() {
                                break;
                            }
                        }
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        Err(error) => return Err(error.into()),
                    }
                }
            }
            ensure!(last_news.elapsed() < PATIENCE, "the bare loop makes no progress");
        }
        let cpu = self.cpu()? - before;
        Ok(BareCost { notifications: changes * WATCHED as u64, cpu })
    }

    fn cpu(&self) -> Result<Duration> {
        let (answer, cpu) = mpsc::channel();
        self.work.send(Work::Clock(answer)).map_err(|_| anyhow!("the bare loop has ended"))?;
        cpu.recv().context("the bare loop has ended")?
    }
}

impl Drop for BareLoop {
    fn drop(&mut self) {
        // The thread ends when its channel is closed.
        (self.work, _) = mpsc::channel();
        if let Some(writer) = self.writer.take() {
            // The result is ignored: if the thread has failed, the loop has already reported that it makes no progress.
            let _ = writer.join();
        }
    }
}

fn write_all(
    asked: &mpsc::Receiver<Work>,
    mut senders: Vec<TcpStream>,
    frames: &[Vec<u8>],
    ring: Ring,
    mut split: Split,
) -> Result<()> {
    while let Ok(work) = asked.recv() {
        match work {
            Work::Tell(user) => {
                for (watcher, count) in ring.neighbours(user).zip(split.next()) {
                    senders[watcher as usize].write_all(&frames[count])?;
                }
            }
            // The requesting thread may no longer wait for the answer.
            Work::Clock(answer) => drop(answer.send(cpu_of_this_thread())),
        }
    }
    Ok(())
}

/// Returns the frame that the server would send with this number of notifications.
fn frame_of(count: usize) -> Vec<u8> {
    let now = Timestamp(1_800_000_000_000);
    let status = UserStatus {
        user_id: UserId::new(&user_id(1_234)).expect("printable"),
        status_type: StatusType::Online,
        custom_status: CustomStatus::new(&text_of(1_234_567), 100).expect("short"),
        custom_expires: None,
        version: Version(now.0 << 12),
        since: now,
        reason: Reason::Custom,
        last_seen: Some(now),
        online_devices: [Platform::Linux].into_iter().collect::<PlatformSet>(),
    };
    let status = encode_status(&status);
    let mut batch = StatusBatch::default();
    for _ in 0..count {
        batch.push_protobuf(&status);
    }
    let mut frame = Vec::new();
    if count > 0 {
        batch.put_native(&mut frame);
    }
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notification_of_the_bare_loop_arrives() {
        for together in [1.0, 2.5] {
            let mut bare = BareLoop::new(Ring::new(50).unwrap(), together).unwrap();
            let cost = bare.run(40, 8).unwrap();
            assert_eq!(cost.notifications, 800);
            assert!(cost.cpu > Duration::ZERO);
        }
    }
}
