//! The account of a run: the changes that were made, and the copies that have arrived at watchers. Pure; times are
//! arguments.

use crate::ring::{Ring, WATCHED};
use hdrhistogram::Histogram;

/// The mark of a user of whom a watcher has last heard that the user is offline.
const GONE: u32 = u32::MAX;

/// The unit of the latencies, in nanoseconds.
const LATENCY_UNIT: u64 = 1_000;

/// Changes and copies. A change has a number, which rises over all users; its copies are those for the twenty watchers.
pub struct Ledger {
    ring: Ring,
    /// For each edge: the number of the last change that has arrived, 0, or `GONE`.
    seen: Vec<u32>,
    /// For each user: the number of the last change that was made.
    last: Vec<u32>,
    /// The changes of the current phase; the first has the number `base + 1`.
    changes: Vec<Change>,
    base: u32,
    /// A watcher whose copies do not count.
    ignored: Option<u32>,
    completed: Vec<u32>,
    /// Changes with copies that have not arrived.
    incomplete: u64,
    /// The counts of the current phase.
    pub counts: Counts,
    /// The latencies of the copies of the current phase, in microseconds.
    pub latencies: Histogram<u64>,
}

struct Change {
    user: u32,
    /// The number of the user's change before.
    previous: u32,
    /// The time at which the change was due, in nanoseconds.
    due: u64,
    /// The number of copies that have not arrived.
    left: u8,
}

/// The counts of one phase.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Counts {
    /// Copies that have arrived.
    pub delivered: u64,
    /// Copies that a newer change of the same user has replaced before they were sent.
    pub conflated: u64,
    /// Copies that had arrived before, or arrived after a newer one.
    pub repeated: u64,
    /// Copies for somebody else, or of a change that was not made.
    pub strangers: u64,
    /// Notifications that a user is offline.
    pub offline: u64,
    /// Notifications of a state that is older than the phase, such as those of a login.
    pub states: u64,
    /// Copies that have not arrived at the end of the phase.
    pub missing: u64,
}

impl Ledger {
    /// Creates an account without changes, in which nobody has been heard of.
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

    /// Begins a phase with room for this number of changes. Copies of earlier changes count as states from now on.
    /// Copies at the watcher `ignored` do not count.
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

    /// Notes a change of a user that was due at `due` (nanoseconds). Returns its number.
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

    /// Notes that a watcher was told of a user's state at `now` (nanoseconds): the number of a change, or 0.
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

    /// Notes that a watcher was told that a user is offline.
    pub fn told_offline(&mut self, watcher: u32, user: u32) {
        match self.ring.edge(watcher, user) {
            Some(edge) => {
                self.seen[edge] = GONE;
                self.counts.offline += 1;
            }
            None => self.counts.strangers += u64::from(watcher != user),
        }
    }

    /// Returns the user of a completed change, once for each change.
    pub fn next_completed(&mut self) -> Option<u32> {
        let number = self.completed.pop()?;
        Some(self.changes[(number - self.base - 1) as usize].user)
    }

    /// Returns the number of changes of the phase.
    pub fn changes(&self) -> u64 {
        self.changes.len() as u64
    }

    /// Whether every copy of every change of the phase has arrived.
    pub fn is_complete(&self) -> bool {
        self.incomplete == 0
    }

    /// Counts the copies that have not arrived, and returns the counts of the phase.
    pub fn end(&mut self) -> Counts {
        self.counts.missing = self.changes.iter().map(|change| u64::from(change.left)).sum();
        self.counts
    }

    /// Returns the number of watched users whose newest change a watcher has not seen, among those with a change.
    pub fn stale(&self, watcher: u32) -> usize {
        let newest = |user: &u32| self.last[*user as usize] > self.base;
        let is_stale = |user: &u32| self.seen_of(watcher, *user) != self.last[*user as usize];
        self.ring.neighbours(watcher).filter(newest).filter(is_stale).count()
    }

    /// Returns the number of pairs in which a watcher sees a user as offline.
    pub fn seen_as_offline(&self) -> usize {
        self.seen.iter().filter(|seen| **seen == GONE).count()
    }

    /// Forgets all that a watcher has seen, because its connection has ended.
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
        // The ignored watcher is told, but its copies are neither expected nor counted.
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
