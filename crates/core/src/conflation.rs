//! Conflation in time: the rate at which a worker sends the changes of one user.
//!
//! Custom statuses are set without a limit (SPEC section 3), and one change of a user with thousands of watchers
//! causes thousands of notifications. Changes of a user that come faster than a rate are therefore sent at that rate,
//! and the newest change replaces the one that waits. All other changes are sent at once, and the final state is
//! always sent.
//!
//! The rule is a token bucket for each user, kept as one moment (the generic cell rate algorithm, ITU-T I.371): the
//! moment at which the bucket will be full again.

use hashbrown::HashMap;
use hashbrown::hash_map::EntryRef;
use lamplight_model::Moment;
use std::collections::BTreeSet;
use std::hash::Hash;
use std::time::Duration;

/// The rate at which the changes of one user are sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConflationRate {
    /// Changes a second in the long run, and the size of the burst after a quiet second. 0 means no limit. The clock
    /// counts milliseconds, so the rate in the long run is at most 1,000.
    pub changes_per_second: u32,
}

impl ConflationRate {
    /// Every change is sent at once.
    pub const NONE: Self = Self { changes_per_second: 0 };

    /// The time between two notifications of a user who changes continuously.
    fn interval(self) -> Duration {
        Duration::from_millis(1_000 / u64::from(self.changes_per_second.clamp(1, 1_000)))
    }

    /// A change is sent at once if the bucket is full again within this time.
    fn burst(self) -> Duration {
        self.interval() * (self.changes_per_second.max(1) - 1)
    }
}

impl Default for ConflationRate {
    /// 20 a second: faster than people read. A user with 3,000 watchers then causes at most 60,000 notifications a
    /// second, which take a fraction of one core.
    fn default() -> Self {
        Self { changes_per_second: 20 }
    }
}

/// One user: the used part of the burst, and the newest change that waits.
#[derive(Debug)]
struct Recent<V> {
    /// When the user's bucket is full again.
    full_at: Moment,
    held: Option<V>,
}

/// Conflates the changes of busy users in time: the users who changed within the last second, and the changes that
/// wait.
///
/// Memory: one entry for each user whose bucket is not full yet, so at most the users who changed in about the last
/// second.
#[derive(Debug)]
pub struct Conflator<K, V> {
    limit: ConflationRate,
    users: HashMap<K, Recent<V>, foldhash::fast::RandomState>,
    /// The users with a waiting change, by the moment at which it is due.
    due: BTreeSet<(Moment, K)>,
    /// When the entries of quiet users are next dropped.
    sweep_at: Moment,
    replaced: u64,
}

impl<K: Clone + Ord + Hash, V> Conflator<K, V> {
    /// A conflator of this rate.
    pub fn new(limit: ConflationRate) -> Self {
        let users = HashMap::default();
        Self { limit, users, due: BTreeSet::new(), sweep_at: Moment::default(), replaced: 0 }
    }

    /// Takes in a change of `user`. Returns whether it is to be sent at once; otherwise `value` is kept until it is
    /// due, replacing the one that waited before.
    pub fn may_tell(&mut self, user: &K, now: Moment, value: impl FnOnce() -> V) -> bool {
        if self.limit == ConflationRate::NONE {
            return true;
        }
        self.sweep(now);
        let mut recent = match self.users.entry_ref(user) {
            EntryRef::Occupied(recent) => recent,
            EntryRef::Vacant(place) => {
                place.insert(Recent { full_at: now + self.limit.interval(), held: None });
                return true;
            }
        };
        let recent = recent.get_mut();
        if recent.held.is_some() {
            recent.held = Some(value());
            self.replaced += 1;
            return false;
        }
        let allowed_at = recent.full_at - self.limit.burst();
        if allowed_at <= now {
            recent.full_at = recent.full_at.max(now) + self.limit.interval();
            return true;
        }
        recent.held = Some(value());
        self.due.insert((allowed_at, user.clone()));
        false
    }

    /// The moment at which [`Conflator::take_due`] is to be called next: a change is due then, or entries of quiet
    /// users are to be dropped. `None` if no user has changed lately.
    pub fn next_due(&self) -> Option<Moment> {
        let sweep = (!self.users.is_empty()).then_some(self.sweep_at);
        self.due.first().map(|(due, _)| *due).into_iter().chain(sweep).min()
    }

    /// Removes and returns a change that is due, the longest waiting first. Returns `None` if no change is due.
    pub fn take_due(&mut self, now: Moment) -> Option<(K, V)> {
        self.sweep(now);
        let (due, _) = self.due.first()?;
        if *due > now {
            return None;
        }
        let (_, user) = self.due.pop_first()?;
        let recent = self.users.get_mut(&user)?;
        recent.full_at = recent.full_at.max(now) + self.limit.interval();
        let held = recent.held.take()?;
        Some((user, held))
    }

    /// The number of changes that wait: at most one for each user.
    pub fn waiting(&self) -> usize {
        self.due.len()
    }

    /// The number of changes that were replaced by a newer one while they waited.
    pub fn replaced(&self) -> u64 {
        self.replaced
    }

    /// Drops the entries of users whose bucket is full, once a second.
    fn sweep(&mut self, now: Moment) {
        if now < self.sweep_at {
            return;
        }
        self.sweep_at = now + Duration::from_secs(1);
        self.users.retain(|_, recent| recent.held.is_some() || now < recent.full_at);
        if self.users.capacity() > 4 * self.users.len().max(256) {
            self.users.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a script of changes and lists the outcome: `at:change` was sent at once, `at>change` was sent when it was
    /// due.
    fn told(limit: u32, changes: &[(u64, char)], until: u64) -> String {
        let mut conflator = Conflator::new(ConflationRate { changes_per_second: limit });
        let mut told = Vec::new();
        let mut changes = changes.iter().copied().peekable();
        for now in 0..=until {
            while let Some((user, value)) = conflator.take_due(Moment(now)) {
                told.push(format!("{now}>{user}{value}"));
            }
            while let Some((at, user)) = changes.next_if(|(at, _)| *at == now) {
                if conflator.may_tell(&user, Moment(now), || at) {
                    told.push(format!("{now}:{user}{at}"));
                }
            }
        }
        assert_eq!(conflator.waiting(), 0, "a change waits for ever");
        assert_eq!(conflator.next_due(), None);
        told.join(" ")
    }

    #[test]
    fn a_change_now_and_then_is_told_at_once() {
        let changes = [(0, 'a'), (500, 'a'), (1_000, 'a'), (1_000, 'b'), (1_500, 'a')];
        assert_eq!(told(2, &changes, 3_000), "0:a0 500:a500 1000:a1000 1000:b1000 1500:a1500");
    }

    #[test]
    fn a_second_of_changes_may_come_at_once() {
        // The first two are sent at once and empty the bucket; the third waits half a second for the refill.
        assert_eq!(told(2, &[(0, 'a'), (1, 'a'), (2, 'a')], 3_000), "0:a0 1:a1 500>a2");
        // After a quiet second the bucket is full again.
        let changes = [(0, 'a'), (0, 'a'), (1_000, 'a'), (1_000, 'a'), (1_000, 'a')];
        assert_eq!(told(2, &changes, 3_000), "0:a0 0:a0 1000:a1000 1000:a1000 1500>a1000");
    }

    #[test]
    fn the_newest_of_what_waits_is_told() {
        let changes: Vec<(u64, char)> = (0..1_400).map(|at| (at, 'a')).collect();
        assert_eq!(told(2, &changes, 3_000), "0:a0 1:a1 500>a499 1000>a999 1500>a1399");
    }

    #[test]
    fn one_user_holds_up_no_other() {
        let changes = [(0, 'a'), (1, 'a'), (2, 'a'), (2, 'b'), (3, 'b'), (4, 'b')];
        assert_eq!(told(2, &changes, 3_000), "0:a0 1:a1 2:b2 3:b3 500>a2 502>b4");
    }

    #[test]
    fn no_limit_holds_nothing() {
        let changes: Vec<(u64, char)> = vec![(7, 'a'); 100];
        assert_eq!(told(0, &changes, 10).split(' ').count(), 100);
    }

    #[test]
    fn in_the_long_run_the_rate_is_kept() {
        let changes: Vec<(u64, char)> = (0..60_000).map(|at| (at, 'a')).collect();
        // The burst, and then one change each 50 ms.
        assert_eq!(told(20, &changes, 61_000).split(' ').count(), 19 + 60_000 / 50 + 1);
    }

    #[test]
    fn what_came_late_is_told_at_once_and_then_at_the_rate() {
        let mut conflator = Conflator::new(ConflationRate { changes_per_second: 2 });
        let told: Vec<bool> = (0..3).map(|value| conflator.may_tell(&'a', Moment(0), || value)).collect();
        assert_eq!(told, [true, true, false]);
        // The caller asks for due changes for the first time after ten seconds.
        assert_eq!(conflator.take_due(Moment(10_000)), Some(('a', 2)));
        assert!(conflator.may_tell(&'a', Moment(10_001), || 3));
        assert!(!conflator.may_tell(&'a', Moment(10_002), || 4));
    }

    #[test]
    fn quiet_users_are_forgotten_though_nobody_changes_any_longer() {
        let mut conflator = Conflator::new(ConflationRate::default());
        for user in 0..10_000_u64 {
            assert!(conflator.may_tell(&user, Moment(user / 20), || ()));
        }
        let mut calls = 0;
        while let Some(due) = conflator.next_due() {
            assert_eq!(conflator.take_due(due), None);
            calls += 1;
        }
        assert_eq!((conflator.users.capacity(), calls), (0, 1), "one look is enough");
    }

    #[test]
    fn quiet_users_are_forgotten() {
        let mut conflator = Conflator::new(ConflationRate::default());
        for at in 0..100_000_u64 {
            assert!(conflator.may_tell(&at, Moment(at), || ()));
        }
        assert!(conflator.users.len() <= 1_000 + 50, "{} users are kept", conflator.users.len());
        assert!(conflator.users.capacity() <= 8_192, "room for {} users is kept", conflator.users.capacity());
    }
}
