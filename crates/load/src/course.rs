//! A course: a series of changes. Each change is followed until all of its notifications have arrived.
//!
//! The changes are custom statuses. A user's next change waits for all notifications of the previous one, so that no
//! change is conflated and every notification can be counted.

use crate::fleet::Fleet;
use crate::news::News;
use crate::ring::{Ring, WATCHED};
use anyhow::{Result, bail};
use hdrhistogram::Histogram;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::thread;
use std::time::{Duration, Instant};

/// The time after which a notification counts as lost.
const LOST_AFTER: Duration = Duration::from_secs(10);
/// The number of seconds of a course whose latencies are also recorded by the second.
const MOST_SECONDS: u64 = 600;
/// The time for which the load sleeps when no change is due.
const NAP: Duration = Duration::from_micros(100);

/// A change whose notifications have not all arrived yet.
#[derive(Clone, Copy)]
struct UnderWay {
    text: u32,
    due: Instant,
    copies_left: u32,
}

/// The settings of a course.
#[derive(Clone, Debug)]
pub struct CourseSettings {
    /// The users whose status is changed.
    pub users: Vec<u32>,
    /// The number of notifications that complete a change: the number of watchers, or fewer if some do not read.
    pub copies: u32,
    /// The connections that do not read. Notifications to them are not counted.
    pub silent: Vec<u32>,
    /// Whether each change requests an answer, like the changes of an SDK.
    pub answered: bool,
    /// The node of each user's connection, if only latencies between different nodes are to be recorded. `None` to
    /// record all latencies.
    pub between_nodes: Option<Vec<usize>>,
    /// Whether the users change in turn, so that the changes of each are as far apart as possible. Otherwise, the users
    /// are random.
    pub in_turn: bool,
}

impl CourseSettings {
    /// Creates the settings for changes of these users, who have twenty watchers each. All watchers read.
    pub fn new(users: Vec<u32>) -> Self {
        let copies = WATCHED as u32;
        Self { users, copies, silent: Vec::new(), answered: true, between_nodes: None, in_turn: false }
    }

    /// Creates the settings for changes of all users whom others watch. All watchers read.
    pub fn everyone(ring: Ring) -> Self {
        Self { copies: ring.watchers(), ..Self::new(ring.watched().collect()) }
    }
}

/// The pace of the changes.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// The number of changes that are outstanding at any time: when one is complete, the next starts.
    Outstanding(usize),
    /// The number of changes that start per second.
    PerSecond(u32),
}

/// The measured results of a course.
#[derive(Debug)]
pub struct Delivered {
    /// The number of changes.
    pub changes: u64,
    /// The number of notifications that have arrived at watchers.
    pub copies: u64,
    /// The latency of each notification in microseconds: the time from the moment when its change was due until its
    /// arrival.
    pub latency: Histogram<u32>,
    /// The same for each second, by the moment when the change was due. The seconds after the first ten minutes are not
    /// recorded.
    pub seconds: Vec<Histogram<u32>>,
    /// The CPU time that the server has used.
    pub cpu: Duration,
    /// The elapsed time.
    pub took: Duration,
    /// The average number of notifications in one message of the server.
    pub together: f64,
    /// The average size of a notification, in bytes.
    pub bytes: f64,
}

impl Delivered {
    /// Returns the number of notifications that were delivered per second of the server's CPU time.
    pub fn per_cpu_second(&self) -> f64 {
        self.copies as f64 / self.cpu.as_secs_f64().max(f64::EPSILON)
    }

    /// Returns a quantile of the latency, in milliseconds.
    pub fn latency_ms(&self, quantile: f64) -> f64 {
        quantile_ms(&self.latency, quantile)
    }

    /// Returns a quantile of the latency in each second, as pairs of the second and milliseconds. Seconds without a
    /// notification are left out.
    pub fn latency_by_second(&self, quantile: f64) -> Vec<(f64, f64)> {
        let seconds = self.seconds.iter().enumerate().filter(|(_, latency)| !latency.is_empty());
        seconds.map(|(second, latency)| (second as f64, quantile_ms(latency, quantile))).collect()
    }
}

/// Returns a quantile of a histogram of microseconds, in milliseconds.
fn quantile_ms(latency: &Histogram<u32>, quantile: f64) -> f64 {
    latency.value_at_quantile(quantile) as f64 / 1_000.0
}

/// A series of changes of custom statuses, with the measurement of their notifications.
pub struct Course {
    settings: CourseSettings,
    under_way: Vec<Option<UnderWay>>,
    open: usize,
    next_text: u32,
    random: StdRng,
    copies: u64,
    latency: Histogram<u32>,
    began: Instant,
    seconds: Vec<Histogram<u32>>,
}

impl Course {
    /// Creates a course for the users of this fleet. The custom statuses are numbered from `after + 1`, so that no two
    /// courses set the same text.
    pub fn new(fleet: &Fleet, settings: CourseSettings, after: u32) -> Result<Self> {
        Ok(Self {
            settings,
            under_way: vec![None; fleet.ring().users() as usize],
            open: 0,
            next_text: after + 1,
            random: StdRng::seed_from_u64(7),
            copies: 0,
            latency: Histogram::new_with_bounds(1, 60_000_000, 3)?,
            began: Instant::now(),
            seconds: Vec::new(),
        })
    }

    /// Makes this number of changes, and waits for the last notification. Returns the results, with the CPU time of the
    /// server.
    pub fn run(&mut self, fleet: &mut Fleet, changes: u64, pace: Pace) -> Result<Delivered> {
        self.copies = 0;
        self.latency.reset();
        self.seconds.clear();
        let (cpu, travelled, began) = (fleet.server_cpu()?, fleet.travelled(), Instant::now());
        let (mut made, mut last_news) = (0, began);
        self.began = began;
        while made < changes || self.open > 0 {
            let mut wait = Duration::from_millis(100);
            match pace {
                Pace::Outstanding(most) => {
                    // A user has at most one outstanding change, so there cannot be more changes than users.
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
            seconds: std::mem::take(&mut self.seconds),
            cpu: fleet.server_cpu()?.saturating_sub(cpu),
            took,
            together: notifications / (after.messages - travelled.messages).max(1) as f64,
            bytes: (after.bytes - travelled.bytes) as f64 / notifications.max(1.0),
        })
    }

    /// Returns the number of the last custom status that was set.
    pub fn last_text(&self) -> u32 {
        self.next_text - 1
    }

    fn make(&mut self, fleet: &mut Fleet, due: Instant) -> Result<()> {
        let users = &self.settings.users;
        let mut index = match self.settings.in_turn {
            true => self.next_text as usize % users.len(),
            false => self.random.random_range(0..users.len()),
        };
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
            News::Told { watcher, notice, at, .. } => {
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
                let node = |user: u32| self.settings.between_nodes.as_ref().map(|nodes| nodes[user as usize]);
                if self.settings.between_nodes.is_none() || node(watcher) != node(notice.user) {
                    let late = at.saturating_duration_since(under_way.due).as_micros().max(1) as u64;
                    self.latency.saturating_record(late);
                    let second = under_way.due.saturating_duration_since(self.began).as_secs();
                    if second < MOST_SECONDS {
                        let empty = || Histogram::new_from(&self.latency);
                        self.seconds.resize_with(self.seconds.len().max(second as usize + 1), empty);
                        self.seconds[second as usize].saturating_record(late);
                    }
                }
                self.copies += 1;
                under_way.copies_left -= 1;
                if under_way.copies_left == 0 {
                    *place = None;
                    self.open -= 1;
                }
                Ok(())
            }
            News::Gone(user) => bail!("the server has closed the connection of user {user}"),
            News::LoggedIn(_)
            | News::Answered(_)
            | News::Sent { .. }
            | News::Received { .. }
            | News::Rare(_) => Ok(()),
        }
    }

    /// Counts the missing notifications of the outstanding changes as lost.
    fn give_up(&mut self, fleet: &mut Fleet) {
        for place in &mut self.under_way {
            if let Some(lost) = place.take() {
                fleet.picture.miss(lost.copies_left.into());
            }
        }
        self.open = 0;
    }
}
