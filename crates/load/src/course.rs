//! Changes under way: each is followed until all twenty copies have arrived.
//!
//! Users change their custom status. Nobody changes again while copies are still on their way, so that each
//! change is told to each watcher, none can take the place of another, and every one can be counted.

use crate::fleet::{Fleet, News};
use crate::ring::WATCHED;
use anyhow::{Result, bail};
use hdrhistogram::Histogram;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::thread;
use std::time::{Duration, Instant};

/// A copy that has not come for so long will not come any more.
const LOST_AFTER: Duration = Duration::from_secs(10);
/// How long a generator that is early for the next change sleeps at a time.
const NAP: Duration = Duration::from_micros(100);

/// A change that is on its way.
#[derive(Clone, Copy)]
struct UnderWay {
    text: u32,
    due: Instant,
    copies_left: u32,
}

/// How changes are made.
#[derive(Clone, Debug)]
pub struct CourseSettings {
    /// The users that change.
    pub users: Vec<u32>,
    /// How many of the twenty are waited for: less when some do not read.
    pub copies: u32,
    /// Connections that do not read, whose copies are not counted.
    pub silent: Vec<u32>,
    /// Ask for an answer to each change, as an SDK does.
    pub answered: bool,
}

impl CourseSettings {
    /// All of these users change, and all of their watchers read.
    pub fn new(users: Vec<u32>) -> Self {
        Self { users, copies: WATCHED as u32, silent: Vec::new(), answered: true }
    }
}

/// When the next change starts.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// When one of so many is complete.
    Outstanding(usize),
    /// So many a second, whatever happens.
    PerSecond(u32),
}

/// The result of a number of changes.
#[derive(Debug)]
pub struct Delivered {
    /// Changes made.
    pub changes: u64,
    /// Copies that arrived at watchers.
    pub copies: u64,
    /// From the moment a change was due until a copy of it arrived, in microseconds.
    pub latency: Histogram<u32>,
    /// CPU time of the server.
    pub cpu: Duration,
    /// Time by the clock.
    pub took: Duration,
    /// Notifications in one message of the server, on average.
    pub together: f64,
    /// Bytes of a notification, on average.
    pub bytes: f64,
}

impl Delivered {
    /// Delivered copies for each second of the server's CPU time.
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
    /// For the users of this fleet. The texts begin after `after`, so that no two courses use the same.
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

    /// Makes so many changes, waits for the last copy, and says what came of it and what it cost the server.
    pub fn run(&mut self, fleet: &mut Fleet, changes: u64, pace: Pace) -> Result<Delivered> {
        self.copies = 0;
        self.latency.reset();
        let (cpu, travelled, began) = (fleet.server_cpu()?, fleet.travelled(), Instant::now());
        let (mut made, mut last_news) = (0, began);
        while made < changes || self.open > 0 {
            let mut wait = Duration::from_millis(100);
            match pace {
                Pace::Outstanding(most) => {
                    // Nobody changes twice at a time, so there are no more than users.
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
                // The own echo is no delivery, and neither is what a connection reads that had stalled.
                if watcher == notice.user || self.settings.silent.contains(&watcher) {
                    return Ok(());
                }
                let place = &mut self.under_way[notice.user as usize];
                let Some(under_way) = place.as_mut().filter(|under_way| under_way.text == notice.text) else {
                    bail!("a status with the text {} arrived, which nobody waits for", notice.text);
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
