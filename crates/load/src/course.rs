//! Makes changes, and follows each until all twenty notifications of it have arrived.
//!
//! Users change their custom status. A user does not change again while notifications of the last change are on their
//! way, so that no change is conflated and every notification can be counted.

use crate::fleet::{Fleet, News};
use crate::ring::WATCHED;
use anyhow::{Result, bail};
use hdrhistogram::Histogram;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::thread;
use std::time::{Duration, Instant};

/// The time after which a notification counts as lost.
const LOST_AFTER: Duration = Duration::from_secs(10);
/// The time for which a generator sleeps if the next change is not due yet.
const NAP: Duration = Duration::from_micros(100);

/// A change that is on its way.
#[derive(Clone, Copy)]
struct UnderWay {
    text: u32,
    due: Instant,
    copies_left: u32,
}

/// The way in which changes are made.
#[derive(Clone, Debug)]
pub struct CourseSettings {
    /// The users who change.
    pub users: Vec<u32>,
    /// The number of notifications to wait for; fewer than twenty if some watchers do not read.
    pub copies: u32,
    /// Connections that do not read; their notifications are not counted.
    pub silent: Vec<u32>,
    /// Whether each change requests an answer, as an SDK does.
    pub answered: bool,
}

impl CourseSettings {
    /// Creates settings with which all of these users change and all of their watchers read.
    pub fn new(users: Vec<u32>) -> Self {
        Self { users, copies: WATCHED as u32, silent: Vec::new(), answered: true }
    }
}

/// The pace of changes.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// This many changes are under way at a time; the next one starts when one is complete.
    Outstanding(usize),
    /// This many changes start each second.
    PerSecond(u32),
}

/// The result of a number of changes.
#[derive(Debug)]
pub struct Delivered {
    /// Changes made.
    pub changes: u64,
    /// Notifications that arrived at watchers.
    pub copies: u64,
    /// The time from the due moment of a change until a notification of it arrived, in microseconds.
    pub latency: Histogram<u32>,
    /// CPU time of the server.
    pub cpu: Duration,
    /// The elapsed time.
    pub took: Duration,
    /// The average number of notifications in a message of the server.
    pub together: f64,
    /// The average size of a notification in bytes.
    pub bytes: f64,
}

impl Delivered {
    /// Delivered notifications for each second of the server's CPU time.
    pub fn per_cpu_second(&self) -> f64 {
        self.copies as f64 / self.cpu.as_secs_f64().max(f64::EPSILON)
    }

    /// A quantile of the latency, in milliseconds.
    pub fn latency_ms(&self, quantile: f64) -> f64 {
        self.latency.value_at_quantile(quantile) as f64 / 1_000.0
    }
}

/// Makes changes and follows them.
pub struct Course {
    settings: CourseSettings,
    under_way: Vec<Option<UnderWay>>,
    open: usize,
    next_text: u32,
    random: StdRng,
    copies: u64,
    latency: Histogram<u32>,
}

impl Course {
    /// Creates a course for the users of this fleet. Texts are numbered after `after`, so that no two courses use the
    /// same.
    pub fn new(fleet: &Fleet, settings: CourseSettings, after: u32) -> Result<Self> {
        Ok(Self {
            settings,
            under_way: vec![None; fleet.ring().users() as usize],
            open: 0,
            next_text: after + 1,
            random: StdRng::seed_from_u64(7),
            copies: 0,
            latency: Histogram::new_with_bounds(1, 60_000_000, 3)?,
        })
    }

    /// Makes this many changes, waits for the last notification, and returns the result with the cost of the server.
    pub fn run(&mut self, fleet: &mut Fleet, changes: u64, pace: Pace) -> Result<Delivered> {
        self.copies = 0;
        self.latency.reset();
        let (cpu, travelled, began) = (fleet.server_cpu()?, fleet.travelled(), Instant::now());
        let (mut made, mut last_news) = (0, began);
        while made < changes || self.open > 0 {
            let mut wait = Duration::from_millis(100);
            match pace {
                Pace::Outstanding(most) => {
                    // A user has one change under way at a time, so there are at most as many changes as users.
                    let most = most.min(self.settings.users.len());
                    while made < changes && self.open < most {
                        self.make(fleet, Instant::now())?;
                        made += 1;
                    }
                }
                Pace::PerSecond(rate) if made < changes => loop {
                    let due = began + Duration::from_secs(1) * u32::try_from(made)? / rate;
                    wait = due.saturating_duration_since(Instant::now());
                    if made == changes || !wait.is_zero() || self.open == self.settings.users.len() {
                        break;
                    }
                    self.make(fleet, due)?;
                    made += 1;
                },
                Pace::PerSecond(_) => {}
            }
            let news = fleet.pump(wait)?;
            let before = self.copies;
            for news in news {
                self.hear(news)?;
            }
            if self.copies > before || self.open == 0 {
                last_news = Instant::now();
            } else if last_news.elapsed() > LOST_AFTER {
                self.give_up(fleet);
            } else if wait < Duration::from_millis(1) {
                thread::sleep(wait.min(NAP));
            }
        }
        let took = began.elapsed();
        let after = fleet.travelled();
        let notifications = (after.notifications - travelled.notifications) as f64;
        Ok(Delivered {
            changes,
            copies: self.copies,
            latency: self.latency.clone(),
            cpu: fleet.server_cpu()?.saturating_sub(cpu),
            took,
            together: notifications / (after.messages - travelled.messages).max(1) as f64,
            bytes: (after.bytes - travelled.bytes) as f64 / notifications.max(1.0),
        })
    }

    /// The last text that was used.
    pub fn last_text(&self) -> u32 {
        self.next_text - 1
    }

    fn make(&mut self, fleet: &mut Fleet, due: Instant) -> Result<()> {
        let users = &self.settings.users;
        let mut index = self.random.random_range(0..users.len());
        while self.under_way[users[index] as usize].is_some() {
            index = (index + 1) % users.len();
        }
        let user = users[index];
        let text = self.next_text;
        self.next_text += 1;
        self.under_way[user as usize] = Some(UnderWay { text, due, copies_left: self.settings.copies });
        self.open += 1;
        fleet.change(user, text, self.settings.answered)
    }

    fn hear(&mut self, news: News) -> Result<()> {
        match news {
            News::Told { watcher, notice, at } => {
                // Notifications to the user itself and to connections that do not read are not counted.
                if watcher == notice.user || self.settings.silent.contains(&watcher) {
                    return Ok(());
                }
                let place = &mut self.under_way[notice.user as usize];
                let Some(under_way) = place.as_mut().filter(|under_way| under_way.text == notice.text) else {
                    bail!(
                        "a status with the text {} arrived, which belongs to no change under way",
                        notice.text
                    );
                };
                let late = at.saturating_duration_since(under_way.due);
                self.latency.saturating_record(late.as_micros().max(1) as u64);
                self.copies += 1;
                under_way.copies_left -= 1;
                if under_way.copies_left == 0 {
                    *place = None;
                    self.open -= 1;
                }
                Ok(())
            }
            News::Gone(user) => bail!("the server has closed the connection of user {user}"),
            News::LoggedIn(_) | News::Answered | News::Sent { .. } | News::Received { .. } => Ok(()),
        }
    }

    /// Counts all changes under way as lost.
    fn give_up(&mut self, fleet: &mut Fleet) {
        for place in &mut self.under_way {
            if let Some(lost) = place.take() {
                fleet.picture.miss(lost.copies_left.into());
            }
        }
        self.open = 0;
    }
}
