//! The lease and the clocks of a simulated node in a cluster, and the delivery of the change log to the node.

use super::executor::Clock;
use super::stores::{Live, directory_error};
use super::weather::{Failure, Kind, Weather};
use crate::random::Random;
use lamplight_core::{LeaseTimes, SharedClock, common_ahead};
use lamplight_directory::{
    DirectoryError, Heard, Interest, LocalNodes, LogEntry, LogReader, NodeEntry, Nodes, Partitions, Register,
};
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{Moment, NodeId, Now, Timestamp};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// The time for which users still count as connected after their process crashed or their node was lost.
pub(crate) const GRACE: Duration = Duration::from_secs(5);

/// The lease and the grace of the nodes.
pub(crate) const TIMES: LeaseTimes = LeaseTimes { lease: Duration::from_secs(3), grace: GRACE };

/// The pause after a failed call to a store, in milliseconds.
pub(crate) const PAUSE: u64 = 300;
/// The maximum delay of a change log entry on its way to a node, in milliseconds.
const LATEST_ENTRY: usize = 400;
/// The maximum time, in milliseconds, until a node learns that the directory has lost its records.
const LATEST_LOSS: usize = 1_500;

/// The stores that all nodes share.
pub(crate) struct Stores {
    pub live: Arc<Live>,
    pub facts: Arc<SqliteFacts>,
    pub register: Arc<LocalNodes>,
}

/// The membership of a node, and its clocks.
pub(crate) struct Lease {
    pub register: Arc<LocalNodes>,
    weather: Arc<Weather>,
    pub started: Timestamp,
    /// The time in milliseconds by which the local wall clock is ahead of the correct time.
    wall_ahead: i64,
    pub clock: RefCell<SharedClock>,
    /// The virtual time until which the node cannot reach the register.
    cut_off_until: Cell<u64>,
    /// Notified when the log reports a changed app.
    pub app_news: Notify,
    pub is_draining: Cell<bool>,
    /// Whether the node has asked to be removed from the register.
    pub leaves: Cell<bool>,
    /// Whether the node has left the cluster.
    pub has_left: Cell<bool>,
}

impl Lease {
    /// Enters a node in the register, and measures the clock of the register. Meanwhile, the stores must have no delays
    /// and failures.
    pub async fn begin(
        stores: &Stores,
        weather: &Arc<Weather>,
        node: NodeId,
        local: Moment,
        now: Now,
        random: &mut Random,
    ) -> Result<(Self, Register), DirectoryError> {
        let lease = Self {
            register: Arc::clone(&stores.register),
            weather: Arc::clone(weather),
            started: now.wall,
            // The clocks of nodes are wrong by up to ten minutes.
            wall_ahead: random.below(1_200_000) as i64 - 600_000,
            clock: RefCell::default(),
            cut_off_until: Cell::new(0),
            app_news: Notify::new(),
            is_draining: Cell::new(false),
            leaves: Cell::new(false),
            has_left: Cell::new(false),
        };
        {
            let (register, mut clock) = (lease.register.read(now).await?, lease.clock.borrow_mut());
            clock.measure(local, local, register.at);
            let of_all = || common_ahead(register.nodes.iter().map(|node| node.entry.clock_ahead));
            clock.begin_ahead(register.common_ahead(TIMES.lease).unwrap_or_else(of_all), local);
        }
        let epoch = Some(stores.live.epoch());
        let clock_ahead = lease.clock.borrow().ahead_of_directory(local);
        let clock = now.wall;
        let entry =
            NodeEntry { id: node, started: now.wall, epoch, clock_ahead, clock, ..NodeEntry::default() };
        let register = lease.register.join(&entry, now).await?;
        Ok((lease, register))
    }

    /// The time of the directory, as the node knows it. `local` is the correct time; the error of the node's wall clock
    /// is added here.
    pub fn time(&self, local: Now) -> Now {
        let wall = Timestamp(local.wall.0.saturating_add_signed(self.wall_ahead));
        self.clock.borrow().at(Now { wall, ..local })
    }

    /// Makes the register unreachable for the node for this time in milliseconds. Its lease may expire meanwhile.
    pub fn cut_off(&self, now: u64, millis: u64) {
        self.cut_off_until.set(now + millis);
    }

    /// Calls the register, with delays and failures.
    pub async fn call<T>(
        &self,
        clock: &Arc<Clock>,
        call: impl Future<Output = Result<T, DirectoryError>>,
    ) -> Result<T, DirectoryError> {
        if clock.now() < self.cut_off_until.get() {
            clock.sleep(PAUSE).await;
            return Err(directory_error(Failure::Lost));
        }
        let trip = self.weather.trip(Kind::DirectoryWrite, None);
        trip.go(call, directory_error).await
    }
}

/// The change log as one worker reads it. In a cluster, an entry may arrive late, twice or not at all. Entries of
/// different users may arrive out of order.
pub(crate) struct Log {
    reader: LogReader,
    interest: Option<Interest>,
    live: Arc<Live>,
    clock: Arc<Clock>,
    travel: Option<Travel>,
}

/// Entries that are being delivered to a node of a cluster.
struct Travel {
    random: Random,
    /// Pairs of an arrival time and an entry.
    entries: VecDeque<(u64, Arc<LogEntry>)>,
    losses: u64,
    /// The time at which the node learns that it has missed entries; `None` if it has missed none.
    missed_at: Option<u64>,
}

impl Log {
    /// Creates a reader of the log of a node's stores, from now on. `travel` is the seed of the disturbed delivery;
    /// `None` for a single process.
    pub fn new(live: &Arc<Live>, clock: &Arc<Clock>, travel: Option<u64>) -> Self {
        let travel = travel.map(|seed| Travel {
            random: Random::new(seed),
            entries: VecDeque::new(),
            losses: live.losses(),
            missed_at: None,
        });
        let interest = live.interest();
        let reader = live.follow(interest.as_ref());
        Self { reader, interest, live: Arc::clone(live), clock: Arc::clone(clock), travel }
    }

    /// The users about whom the worker gets entries; `None` if it gets all entries.
    pub fn interest(&self) -> Option<Interest> {
        self.interest.clone()
    }

    /// Waits until there are entries to take.
    pub async fn ready(&self) {
        let Some(travel) = &self.travel else { return self.reader.ready().await };
        if travel.losses < self.live.losses() && travel.missed_at.is_none() {
            return;
        }
        let first = travel.entries.front().map(|(due, _)| *due);
        match first.into_iter().chain(travel.missed_at).min() {
            Some(due) => {
                let wait = due.saturating_sub(self.clock.now());
                tokio::select! {
                    biased;
                    () = self.clock.sleep(wait) => {}
                    () = self.reader.ready() => {}
                }
            }
            None => self.reader.ready().await,
        }
    }

    /// Moves the entries that have arrived into `arrived`.
    pub fn take(&mut self, arrived: &mut Vec<Arc<LogEntry>>) -> Heard {
        let Some(travel) = &mut self.travel else { return self.reader.take(arrived) };
        let now = self.clock.now();
        let losses = self.live.losses();
        if travel.losses < losses {
            travel.losses = losses;
            self.reader = self.live.follow(self.interest.as_ref());
            travel.missed_at = Some(now + travel.random.below(LATEST_LOSS) as u64);
        }
        let mut entries = Vec::new();
        if self.reader.take(&mut entries) != Heard::All || !entries.is_empty() && travel.random.once_in(80) {
            entries.clear();
            travel.entries.clear();
            travel.missed_at = Some(now + travel.random.below(LATEST_ENTRY) as u64);
        }
        for entry in entries {
            // Entries about one user stay in order.
            let earliest = travel.entries.iter().filter(|(_, other)| other.user == entry.user);
            let earliest = earliest.map(|(due, _)| *due).max().unwrap_or(now);
            let delay = match travel.random.below(8) {
                0..5 => 0,
                5..7 => travel.random.below(30),
                _ => travel.random.below(LATEST_ENTRY),
            };
            let due = earliest.max(now + delay as u64);
            for _ in 0..1 + usize::from(travel.random.once_in(8)) {
                let place = travel.entries.partition_point(|(other, _)| *other <= due);
                travel.entries.insert(place, (due, Arc::clone(&entry)));
            }
        }
        while travel.entries.front().is_some_and(|(due, _)| *due <= now) {
            arrived.extend(travel.entries.pop_front().map(|(_, entry)| entry));
        }
        if travel.missed_at.is_some_and(|at| at <= now) {
            travel.missed_at = None;
            // Entries that come later are not older than the missed ones.
            travel.entries.clear();
            return Heard::Missed(Partitions::Every);
        }
        Heard::All
    }
}
