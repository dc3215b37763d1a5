//! The connections of one worker, without sockets. The benchmarks use them to count the instructions from a change to
//! the messages of its watchers.

use crate::{status, user, watched_by};
use lamplight_core::{ConflationRate, Hub, Notifications, Told, Versioned, WatcherKey, Why};
use lamplight_directory::{Interest, LogEntry, News};
use lamplight_model::{ConnectionId, Moment, UserStatus, Version};
use lamplight_service::{Audience, Member, WatchList};
use lamplight_wire::{EncodedStatus, StatusBatch, encode_status};
use std::ops::Range;
use std::sync::Arc;

/// As `GROUP` in `server/src/worker/fanout.rs`. The benchmarks have no connections and logins to load.
const GROUP: usize = 16;

/// The newest status of a user, in the form in which a worker keeps it.
pub struct Newest(pub EncodedStatus);

impl Versioned for Newest {
    fn of(status: &UserStatus) -> Self {
        Self(encode_status(status))
    }

    fn version(&self) -> Version {
        self.0.version()
    }

    fn is_put_back_as(&self, newer: &Self) -> bool {
        self.0.is_put_back_as(&newer.0)
    }

    fn is_renumbered_as(&self, newer: &Self) -> bool {
        self.0.is_renumbered_as(&newer.0)
    }
}

/// The connections of one worker, and the memory that a worker keeps from round to round.
#[derive(Default)]
pub struct Ring<A> {
    /// The hub or the audience of the worker.
    pub all: A,
    round: Vec<WatcherKey>,
    batch: StatusBatch,
    outgoing: Vec<u8>,
}

impl<A> Ring<A> {
    fn of(all: A) -> Self {
        Self { all, round: Vec::new(), batch: StatusBatch::default(), outgoing: Vec::new() }
    }

    /// Drains the marked mailboxes into one native message for each connection, as a worker does before it writes.
    /// Returns the number of bytes.
    fn collect(
        &mut self,
        take_touched: impl Fn(&mut A, &mut Vec<WatcherKey>),
        preload: impl Fn(&A, &[WatcherKey]),
        drain: impl Fn(&mut A, WatcherKey, &mut StatusBatch),
    ) -> usize {
        let mut bytes = 0;
        loop {
            take_touched(&mut self.all, &mut self.round);
            if self.round.is_empty() {
                return bytes;
            }
            for group in self.round.chunks(GROUP) {
                preload(&self.all, group);
                for watcher in group {
                    self.batch.clear();
                    self.outgoing.clear();
                    drain(&mut self.all, *watcher, &mut self.batch);
                    self.batch.put_native(&mut self.outgoing);
                    bytes += self.outgoing.len();
                }
            }
            self.round.clear();
        }
    }
}

impl Ring<Hub<Newest>> {
    /// Stores the new status of a user, and marks the connections of the watchers.
    pub fn tell(&mut self, status: &UserStatus, user: &lamplight_model::User) {
        self.all.tell_if_new(user, status, None);
    }

    /// Encodes the statuses for all marked connections. Returns the number of bytes.
    pub fn deliver(&mut self) -> usize {
        let preload = |all: &Hub<Newest>, group: &[WatcherKey]| all.preload(group, |state| state.0.preload());
        self.collect(Hub::take_touched, preload, |hub, watcher, batch| {
            hub.drain(watcher, |state| push(state, batch));
        })
    }
}

impl Ring<Audience<Newest>> {
    /// Processes an entry of the change log at the time `at`, in milliseconds.
    pub fn hear(&mut self, entry: &Arc<LogEntry>, at: u64) {
        let delayed = self.all.hear(entry, Moment(at), &mut Vec::new());
        assert!(!delayed, "the rate allows the change");
    }

    /// Encodes the statuses for all marked connections. Returns the number of bytes.
    pub fn deliver(&mut self) -> usize {
        let preload =
            |all: &Audience<Newest>, group: &[WatcherKey]| all.preload(group, |state| state.0.preload());
        self.collect(Audience::take_touched, preload, |audience, watcher, batch| {
            audience.drain(watcher, |state| push(state, batch));
        })
    }
}

fn push(state: &Newest, batch: &mut StatusBatch) -> Told {
    batch.push_protobuf(&state.0);
    Told::More
}

/// Returns a hub with one connection for each of `users` users, who form a ring. Each connection watches its own user
/// and [`WATCHED`](crate::WATCHED) other users. All statuses are known and delivered.
pub fn ring(users: usize) -> Ring<Hub<Newest>> {
    let mut ring = Ring::of(Hub::default());
    for number in 0..users {
        let watcher = ring.all.attach(crate::WATCHED + 1);
        ring.all.watch(watcher, &user(number), Why::Own);
        for watched in watched_by(number, users) {
            ring.all.watch(watcher, &user(watched), Why::Subscribed);
        }
    }
    (0..users).for_each(|number| ring.tell(&status(number, 1), &user(number)));
    ring.deliver();
    ring
}

/// Returns a hub in which `watchers` connections watch user 0. The status of user 0 is known and delivered.
pub fn crowd(watchers: usize) -> Ring<Hub<Newest>> {
    let mut ring = Ring::of(Hub::default());
    for _ in 0..watchers {
        let watcher = ring.all.attach(1);
        ring.all.watch(watcher, &user(0), Why::Subscribed);
    }
    ring.tell(&status(0, 1), &user(0));
    ring.deliver();
    ring
}

/// Returns an audience with the default rate. It has one connection for each user in `joined`. These users are a part
/// of a ring of `users` users, as in [`ring`].
///
/// # Panics
///
/// Never: the watch lists do not change meanwhile.
pub fn joined_ring(joined: Range<usize>, users: usize, interest: Option<Interest>) -> Ring<Audience<Newest>> {
    let mut ring = Ring::of(Audience::new(ConflationRate::default(), interest));
    for number in joined {
        let mut effects = Vec::new();
        let member = Member::new(user(number), ConnectionId::alone(number as u64));
        let watcher = ring.all.join(member, crate::WATCHED, &mut effects);
        let heard = ring.all.lists_heard(watcher).expect("a member");
        let list = WatchList {
            subscriptions: watched_by(number, users).map(crate::user_id).collect(),
            notified: Notifications { others: true, friends: false },
            ..WatchList::default()
        };
        assert!(
            ring.all.set_watch_list(watcher, &list, heard, &mut effects),
            "nothing has changed meanwhile"
        );
    }
    for number in 0..users {
        ring.all.tell(&user(number), &status(number, 1), None);
    }
    ring.deliver();
    ring
}

/// Returns the log entries of changes of the users with these numbers, in the version `version`.
pub fn status_entries(users: impl Iterator<Item = usize>, version: u64) -> Vec<Arc<LogEntry>> {
    let entry = |number| LogEntry::news(user(number), News::Status(status(number, version)));
    users.map(|number| Arc::new(entry(number))).collect()
}
