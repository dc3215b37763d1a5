//! The changes that were made in a run, and the notifications of them that have arrived at watchers. Pure: times are
//! arguments.
//!
//! A *copy* is the notification of one change at one watcher. Each change has twenty copies.

use crate::ring::{Ring, WATCHED};
use hdrhistogram::Histogram;

/// The value of `seen` after a notification that the user is offline.
const GONE: u32 = u32::MAX;

/// The unit of the latencies, in nanoseconds.
const LATENCY_UNIT: u64 = 1_000;

/// The changes and their copies. The changes of all users are numbered in one ascending sequence.
pub struct Ledger {
    ring: Ring,
    /// The number of a user's last change that has arrived at a watcher, by the pair of the watcher and the user. 0 if
    /// the user is online without a change. `GONE` if the user is offline, or no notification has arrived.
    seen: Vec<u32>,
    /// The number of the last change that each user has made.
    last: Vec<u32>,
    /// The changes of the current phase. The first has the number `base + 1`.
    changes: Vec<Change>,
    base: u32,
    /// The watcher whose copies are not counted; `None` to count all copies.
    ignored: Option<u32>,
    completed: Vec<u32>,
    /// The number of changes of which some copies have not arrived.
    incomplete: u64,
    /// The counts of the current phase.
    pub counts: Counts,
    /// The latencies of the copies in the current phase, in microseconds.
    pub latencies: Histogram<u64>,
}

struct Change {
    user: u32,
    /// The number of the user's previous change.
    previous: u32,
    /// The time at which the change was due, in nanoseconds.
    due: u64,
    /// The number of copies that have not arrived.
    left: u8,
}

/// The counts of one phase.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Counts {
    /// The number of copies that have arrived.
    pub delivered: u64,
    /// The number of copies that were not sent, because a newer change of the same user has replaced the change.
    pub conflated: u64,
    /// The number of copies that had arrived before, or that arrived after the copy of a newer change.
    pub repeated: u64,
    /// The number of notifications at a connection that does not watch the user, or with a change that the user has not
    /// made.
    pub strangers: u64,
    /// The number of notifications that a user is offline.
    pub offline: u64,
    /// The number of notifications of a state from before the phase, such as those after a login.
    pub states: u64,
    /// The number of copies that had not arrived at the end of the phase.
    pub missing: u64,
}

impl Ledger {
    /// Creates a ledger without changes and notifications.
    pub fn new(ring: Ring) -> Self {
        Self {
            ring,
            seen: vec![GONE; ring.edges()],
            last: vec![0; ring.users() as usize],
            changes: Vec::new(),
            base: 0,
            ignored: None,
            completed: Vec::with_capacity(4_096),
            incomplete: 0,
            counts: Counts::default(),
            latencies: Histogram::new_with_bounds(1, 600_000_000, 3)
                .expect("the bounds are in ascending order"),
        }
    }

    /// Begins a phase, with room for this number of changes. From now on, copies of earlier changes count as states.
    /// Copies at the watcher `ignored` are not counted.
    pub fn begin(&mut self, room: usize, ignored: Option<u32>) {
        self.base += self.changes.len() as u32;
        self.changes.clear();
        self.changes.reserve(room);
        self.completed.clear();
        self.incomplete = 0;
        self.ignored = ignored;
        self.begin_counting();
    }

    /// Sets the counts and latencies to zero, and keeps the changes.
    pub fn begin_counting(&mut self) {
        self.counts = Counts::default();
        self.latencies.reset();
    }

    /// Records a change of a user, and returns its number. The change was due at the time `due`, in nanoseconds.
    pub fn change(&mut self, user: u32, due: u64) -> u32 {
        let watchers = self.ring.neighbours(user).filter(|watcher| Some(*watcher) != self.ignored);
        let left = watchers.count() as u8;
        let previous = self.last[user as usize];
        self.changes.push(Change { user, previous, due, left });
        let number = self.base + self.changes.len() as u32;
        self.last[user as usize] = number;
        self.incomplete += 1;
        number
    }

    /// Records that a watcher was notified of a user's state at the time `now`, in nanoseconds. The state is the number
    /// of a change, or 0.
    pub fn told(&mut self, watcher: u32, user: u32, number: u32, now: u64) {
        let Some(edge) = self.ring.edge(watcher, user) else {
            // Some servers tell users of themselves.
            self.counts.strangers += u64::from(watcher != user);
            return;
        };
        let seen = self.seen[edge];
        if number <= self.base {
            self.seen[edge] = number;
            self.counts.states += 1;
            return;
        }
        if seen != GONE && number <= seen {
            self.counts.repeated += 1;
            return;
        }
        if !self.is_of(number, user) {
            self.counts.strangers += 1;
            return;
        }
        self.seen[edge] = number;
        if Some(watcher) == self.ignored {
            return;
        }
        let floor = if seen == GONE { self.base } else { seen.max(self.base) };
        let mut at = number;
        while at > floor {
            let change = &mut self.changes[(at - self.base - 1) as usize];
            let previous = change.previous;
            self.latencies.saturating_record((now.saturating_sub(change.due) / LATENCY_UNIT).max(1));
            change.left = change.left.saturating_sub(1);
            if change.left == 0 {
                self.completed.push(at);
                self.incomplete -= 1;
            }
            if at == number {
                self.counts.delivered += 1;
            } else {
                self.counts.conflated += 1;
            }
            at = previous;
        }
    }

    /// Records that a watcher was notified that a user is offline.
    pub fn told_offline(&mut self, watcher: u32, user: u32) {
        match self.ring.edge(watcher, user) {
            Some(edge) => {
                self.seen[edge] = GONE;
                self.counts.offline += 1;
            }
            None => self.counts.strangers += u64::from(watcher != user),
        }
    }

    /// Removes a completed change, and returns its user.
    pub fn next_completed(&mut self) -> Option<u32> {
        let number = self.completed.pop()?;
        Some(self.changes[(number - self.base - 1) as usize].user)
    }

    /// Returns the number of changes of the phase.
    pub fn changes(&self) -> u64 {
        self.changes.len() as u64
    }

    /// Returns `true` if every copy of every change of the phase has arrived.
    pub fn is_complete(&self) -> bool {
        self.incomplete == 0
    }

    /// Counts the copies that have not arrived as missing, and returns the counts of the phase.
    pub fn end(&mut self) -> Counts {
        self.counts.missing = self.changes.iter().map(|change| u64::from(change.left)).sum();
        self.counts
    }

    /// Returns the number of users whose newest change has not arrived at a watcher. Counts only watched users who have
    /// made a change.
    pub fn stale(&self, watcher: u32) -> usize {
        let newest = |user: &u32| self.last[*user as usize] > self.base;
        let is_stale = |user: &u32| self.seen_of(watcher, *user) != self.last[*user as usize];
        self.ring.neighbours(watcher).filter(newest).filter(is_stale).count()
    }

    /// Returns the number of (watcher, user) pairs in which the watcher has last seen the user as offline.
    pub fn seen_as_offline(&self) -> usize {
        self.seen.iter().filter(|seen| **seen == GONE).count()
    }

    /// Forgets the notifications of a watcher, because the watcher's connection has ended.
    pub fn forget(&mut self, watcher: u32) {
        let first = watcher as usize * WATCHED;
        self.seen[first..first + WATCHED].fill(GONE);
    }

    fn seen_of(&self, watcher: u32, user: u32) -> u32 {
        self.ring.edge(watcher, user).map_or(GONE, |edge| self.seen[edge])
    }

    fn is_of(&self, number: u32, user: u32) -> bool {
        let change = number.checked_sub(self.base + 1).and_then(|index| self.changes.get(index as usize));
        change.is_some_and(|change| change.user == user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger() -> Ledger {
        let mut ledger = Ledger::new(Ring::new(50).unwrap());
        ledger.begin(16, None);
        ledger
    }

    #[test]
    fn a_change_is_complete_when_all_twenty_copies_have_arrived() {
        let mut ledger = ledger();
        let number = ledger.change(3, 1_000_000);
        let watchers: Vec<u32> = Ring::new(50).unwrap().neighbours(3).collect();
        for (index, watcher) in watchers.iter().enumerate() {
            assert_eq!(ledger.next_completed(), None, "{index}");
            ledger.told(*watcher, 3, number, 6_000_000);
        }
        assert_eq!(ledger.next_completed(), Some(3));
        assert_eq!(ledger.next_completed(), None);
        assert!(ledger.is_complete());
        assert_eq!(ledger.end(), Counts { delivered: 20, ..Counts::default() });
        assert!(ledger.latencies.max().abs_diff(5_000) < 10);
    }

    #[test]
    fn a_newer_copy_stands_for_the_older_ones_of_the_same_user() {
        let mut ledger = ledger();
        let numbers: Vec<u32> = [3, 4, 3, 3].map(|user| ledger.change(user, 0)).to_vec();
        ledger.told(2, 3, numbers[0], 1_000);
        ledger.told(2, 3, numbers[3], 1_000);
        assert_eq!(ledger.counts, Counts { delivered: 2, conflated: 1, ..Counts::default() });
        assert_eq!(ledger.stale(2), 1);
        ledger.told(2, 4, numbers[1], 1_000);
        assert_eq!(ledger.stale(2), 0);
        assert_eq!(ledger.end().missing, 80 - 4);
    }

    #[test]
    fn what_is_wrong_is_counted_by_its_kind() {
        let mut ledger = ledger();
        let first = ledger.change(3, 0);
        let second = ledger.change(3, 0);
        ledger.told(2, 3, second, 0);
        ledger.told(2, 3, second, 0);
        ledger.told(2, 3, first, 0);
        assert_eq!(ledger.counts.repeated, 2);
        ledger.told(40, 3, second, 0);
        ledger.told(2, 4, second, 0);
        ledger.told(2, 3, second + 1, 0);
        assert_eq!(ledger.counts.strangers, 3);
        ledger.told(3, 3, second, 0);
        assert_eq!(ledger.counts.strangers, 3);
    }

    #[test]
    fn what_is_older_than_the_phase_is_a_state() {
        let mut ledger = ledger();
        let old = ledger.change(3, 0);
        ledger.begin(16, Some(2));
        ledger.told(1, 3, old, 0);
        ledger.told(1, 5, 0, 0);
        ledger.told_offline(1, 5);
        assert_eq!(ledger.counts, Counts { states: 2, offline: 1, ..Counts::default() });
        assert_eq!(ledger.seen_as_offline(), 50 * 20 - 1);
        // The ignored watcher is notified, but its copies are neither expected nor counted.
        let new = ledger.change(3, 0);
        for watcher in Ring::new(50).unwrap().neighbours(3) {
            ledger.told(watcher, 3, new, 0);
        }
        assert_eq!((ledger.counts.delivered, ledger.stale(2)), (19, 0));
        assert!(ledger.is_complete());
        ledger.forget(2);
        assert_eq!(ledger.stale(2), 1);
    }
}
