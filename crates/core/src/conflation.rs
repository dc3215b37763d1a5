//! Conflation in time: limits the rate at which a worker sends the changes of one user.
//!
//! A user may set the custom status at any rate (SPEC section 3). Each change of a user with thousands of watchers
//! causes thousands of notifications. A worker therefore limits the rate of the changes that it sends. A change above
//! the rate waits; a newer change of the same user replaces it. Changes within the rate are sent at once. The last
//! change is always sent.
//!
//! The more watchers a user has, the lower the rate. This bounds the notifications about one user. With more watchers,
//! a change waits longer, up to half a second. For the largest audiences, it waits even longer.
//!
//! The rule is a token bucket for each user. It is stored as the moment at which the bucket will be full again (the
//! generic cell rate algorithm, ITU-T I.371).

use hashbrown::HashMap;
use hashbrown::hash_map::EntryRef;
use lamplight_model::Moment;
use std::collections::BTreeSet;
use std::hash::Hash;
use std::time::Duration;

/// The rate at which the changes of one user are sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConflationRate {
    /// The limit on one user's changes per second in the long run. It is also the size of the burst after a quiet
    /// second. 0 means no limit. Values above 1,000 act like 1,000, because the clock counts milliseconds.
    pub changes_per_second: u32,
    /// The limit on notifications per second about one user, summed over all watchers. At this limit, the user's
    /// changes are sent less often. This limit makes no change wait longer than [`ConflationRate::USUAL_WAIT`]. Must be
    /// at least 1.
    pub notifications_per_second: u32,
}

impl ConflationRate {
    /// No limit: every change is sent at once.
    pub const NONE: Self = Self { changes_per_second: 0, notifications_per_second: 1 };

    /// The longest time that a change waits if the user has at most 15,000 watchers. This wait plus the time in which a
    /// crowd is served (`CrowdPace`) is at most one second.
    pub const USUAL_WAIT: Duration = Duration::from_millis(500);

    /// The longest time that a change waits, for any number of watchers.
    pub const LONGEST_WAIT: Duration = Duration::from_secs(5);

    /// The limit on notifications per second about a user with a very large audience. A notification costs about 8 µs,
    /// so this rate takes a quarter of a core.
    const MOST_NOTIFICATIONS: u64 = 30_000;

    /// The time between two notifications about a user who has `watchers` watchers and changes continuously.
    pub fn interval(self, watchers: usize) -> Duration {
        let at_rate = |notifications| {
            Duration::from_millis((watchers as u64).saturating_mul(1_000).div_ceil(notifications))
        };
        let least = Duration::from_millis(1_000 / u64::from(self.changes_per_second.clamp(1, 1_000)));
        let usual = at_rate(u64::from(self.notifications_per_second.max(1))).min(Self::USUAL_WAIT);
        let large = at_rate(Self::MOST_NOTIFICATIONS).min(Self::LONGEST_WAIT);
        least.max(usual).max(large)
    }

    /// The moment at which the bucket will be full again if a change is sent now. `full_at` is the moment at which the
    /// bucket would be full without the change. If the number of watchers has decreased, `full_at` may be too late, and
    /// is therefore limited first.
    fn full_after(self, full_at: Moment, now: Moment, watchers: usize) -> Moment {
        let interval = self.interval(watchers);
        full_at.clamp(now, now + self.burst(watchers)) + interval
    }

    /// If the bucket will be full within the returned time, a change is sent at once.
    fn burst(self, watchers: usize) -> Duration {
        let interval = self.interval(watchers);
        let in_a_second = (1_000 / interval.as_millis()) as u32;
        interval * in_a_second.min(self.changes_per_second).saturating_sub(1)
    }
}

impl Default for ConflationRate {
    /// The default limits. People do not read more than 20 changes per second. With up to 300 watchers on a worker, the
    /// limit on notifications allows this rate. 6,000 notifications per second take about a twentieth of a core.
    fn default() -> Self {
        Self { changes_per_second: 20, notifications_per_second: 6_000 }
    }
}

/// The state of one user: the token bucket, and the newest waiting change.
#[derive(Debug)]
struct Recent<V> {
    /// The moment at which the user's bucket is full again.
    full_at: Moment,
    held: Option<V>,
}

/// Limits the rate at which the changes of each user are sent. It stores the changes that wait.
///
/// It uses memory only for users whose bucket is not full. These users have changed in the last few seconds.
#[derive(Debug)]
pub struct Conflator<K, V> {
    limit: ConflationRate,
    users: HashMap<K, Recent<V>, foldhash::fast::RandomState>,
    /// The users with a waiting change, in the order in which these changes are due.
    due: BTreeSet<(Moment, K)>,
    /// The time of the next removal of entries whose bucket is full.
    sweep_at: Moment,
    replaced: u64,
}

impl<K: Clone + Ord + Hash, V> Conflator<K, V> {
    /// Creates a conflator with this rate.
    pub fn new(limit: ConflationRate) -> Self {
        let users = HashMap::default();
        Self { limit, users, due: BTreeSet::new(), sweep_at: Moment::default(), replaced: 0 }
    }

    /// Returns `true` if a change of `user` is to be sent at once. Otherwise, stores the result of `value` until it is
    /// due, in place of a value that already waits. `watchers` is the present number of the user's watchers.
    pub fn may_tell(&mut self, user: &K, watchers: usize, now: Moment, value: impl FnOnce() -> V) -> bool {
        if self.limit.changes_per_second == 0 {
            return true;
        }
        self.sweep(now);
        let mut recent = match self.users.entry_ref(user) {
            EntryRef::Occupied(recent) => recent,
            EntryRef::Vacant(place) => {
                place.insert(Recent { full_at: now + self.limit.interval(watchers), held: None });
                return true;
            }
        };
        let recent = recent.get_mut();
        if recent.held.is_some() {
            recent.held = Some(value());
            self.replaced += 1;
            return false;
        }
        let allowed_at = recent.full_at - self.limit.burst(watchers);
        if allowed_at <= now {
            recent.full_at = self.limit.full_after(recent.full_at, now, watchers);
            return true;
        }
        recent.held = Some(value());
        self.due.insert((allowed_at, user.clone()));
        false
    }

    /// The next moment at which [`Conflator::take_due`] has work: a change is due, or old entries are to be removed.
    /// `None` if no user has changed recently.
    pub fn next_due(&self) -> Option<Moment> {
        let sweep = (!self.users.is_empty()).then_some(self.sweep_at);
        self.due.first().map(|(due, _)| *due).into_iter().chain(sweep).min()
    }

    /// Removes and returns the change that has been due for the longest time, if any. `watchers` returns the number of
    /// a user's watchers.
    pub fn take_due(&mut self, now: Moment, watchers: impl FnOnce(&K) -> usize) -> Option<(K, V)> {
        self.sweep(now);
        let (due, _) = self.due.first()?;
        if *due > now {
            return None;
        }
        let (_, user) = self.due.pop_first()?;
        let recent = self.users.get_mut(&user)?;
        recent.full_at = self.limit.full_after(recent.full_at, now, watchers(&user));
        let held = recent.held.take()?;
        Some((user, held))
    }

    /// Removes and returns a waiting change, before it is due. The rate of its user stays as if it still waited.
    pub fn take_early(&mut self) -> Option<(K, V)> {
        let (_, user) = self.due.pop_first()?;
        let held = self.users.get_mut(&user)?.held.take()?;
        Some((user, held))
    }

    /// The time between two notifications about a user who has `watchers` watchers and changes continuously.
    pub fn interval(&self, watchers: usize) -> Duration {
        self.limit.interval(watchers)
    }

    /// Sets the bucket of `user` to that of the same user in `other`. A waiting change stays.
    pub fn fill_as(&mut self, other: &Self, user: &K) {
        let Some(full_at) = other.users.get(user).map(|recent| recent.full_at) else { return };
        match self.users.entry_ref(user) {
            EntryRef::Occupied(mut recent) => recent.get_mut().full_at = full_at,
            EntryRef::Vacant(place) => _ = place.insert(Recent { full_at, held: None }),
        }
    }

    /// The waiting change of a user; `None` if no change waits.
    pub fn held(&self, user: &K) -> Option<&V> {
        self.users.get(user)?.held.as_ref()
    }

    /// The number of changes that wait: at most one for each user.
    pub fn waiting(&self) -> usize {
        self.due.len()
    }

    /// The number of waiting changes that a newer change has replaced.
    pub fn replaced(&self) -> u64 {
        self.replaced
    }

    /// Removes the entries of users whose bucket is full, at most once a second.
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

    /// A rate without a limit on notifications, so that the number of watchers has no effect.
    fn rate(changes_per_second: u32) -> ConflationRate {
        ConflationRate { changes_per_second, notifications_per_second: u32::MAX }
    }

    /// Runs a script of (time, change) pairs. Returns the changes that were sent: `at:change` for a change that was
    /// sent at once, and `at>change` for a change that has waited.
    fn told(limit: u32, changes: &[(u64, char)], until: u64) -> String {
        told_to(rate(limit), |_| 1, changes, until)
    }

    /// Runs a script as `told` does, with this rate, and with a number of watchers that may depend on the time.
    fn told_to(
        rate: ConflationRate,
        watchers: impl Fn(u64) -> usize,
        changes: &[(u64, char)],
        until: u64,
    ) -> String {
        let mut conflator = Conflator::new(rate);
        let mut told = Vec::new();
        let mut changes = changes.iter().copied().peekable();
        for now in 0..=until {
            while let Some((user, value)) = conflator.take_due(Moment(now), |_| watchers(now)) {
                told.push(format!("{now}>{user}{value}"));
            }
            while let Some((at, user)) = changes.next_if(|(at, _)| *at == now) {
                if conflator.may_tell(&user, watchers(now), Moment(now), || at) {
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
    fn the_larger_the_audience_the_seldomer_a_busy_user_is_told_of() {
        let changes: Vec<(u64, char)> = (0..60_000).map(|at| (at, 'a')).collect();
        // The columns: the number of watchers, the number of changes sent at once, and the interval in ms between the
        // other changes.
        for (watchers, at_once, interval) in [
            (0, 20, 50),
            (1, 20, 50),
            (300, 20, 50),
            (301, 19, 51),
            (1_500, 4, 250),
            (3_000, 2, 500),
            (15_000, 2, 500),
            (15_001, 1, 501),
            (30_000, 1, 1_000),
            (150_000, 1, 5_000),
            (1_000_000, 1, 5_000),
            (usize::MAX, 1, 5_000),
        ] {
            let told = told_to(ConflationRate::default(), |_| watchers, &changes, 70_000);
            let told: Vec<&str> = told.split(' ').collect();
            assert_eq!(told.iter().filter(|told| told.contains(':')).count(), at_once, "{watchers}");
            let at: Vec<u64> = told.iter().filter_map(|told| told.split_once('>')?.0.parse().ok()).collect();
            assert!(at.windows(2).all(|two| two[1] - two[0] == interval), "{watchers}: {at:?}");
            assert!(
                at[0] <= interval && told.last().is_some_and(|told| told.ends_with("59999")),
                "{watchers}"
            );
        }
    }

    #[test]
    fn a_large_audience_is_told_at_once_of_a_change_now_and_then() {
        let changes = [(0, 'a'), (400, 'a'), (800, 'a'), (6_000, 'a'), (6_000, 'a'), (6_000, 'a')];
        let told = told_to(ConflationRate::default(), |_| 1_500, &changes, 7_000);
        assert_eq!(told, "0:a0 400:a400 800:a800 6000:a6000 6000:a6000 6000:a6000");
    }

    #[test]
    fn an_audience_that_comes_and_goes_is_told_within_the_longest_wait() {
        let changes: Vec<(u64, char)> = (0..30_000).map(|at| (at, 'a')).collect();
        let comes_at_10_s = |now| if (10_000..20_000).contains(&now) { 150_000 } else { 10 };
        let told = told_to(ConflationRate::default(), comes_at_10_s, &changes, 40_000);
        let at: Vec<u64> =
            told.split(' ').map(|told| told.split([':', '>']).next().unwrap().parse().unwrap()).collect();
        let longest = at.windows(2).map(|two| two[1] - two[0]).max();
        assert_eq!(longest, Some(5_000), "{at:?}");
        let while_large = at.iter().filter(|at| (10_100..20_000).contains(*at)).count();
        assert!((1..4).contains(&while_large), "{while_large} changes were told to 150,000");
        assert!(
            at.iter().filter(|at| **at >= 25_000).count() >= 95,
            "the rate comes back with the small audience"
        );
    }

    #[test]
    fn no_limit_holds_nothing() {
        let changes: Vec<(u64, char)> = vec![(7, 'a'); 100];
        assert_eq!(told(0, &changes, 10).split(' ').count(), 100);
    }

    #[test]
    fn in_the_long_run_the_rate_is_kept() {
        let changes: Vec<(u64, char)> = (0..60_000).map(|at| (at, 'a')).collect();
        // The burst, and then one change every 50 ms.
        assert_eq!(told(20, &changes, 61_000).split(' ').count(), 19 + 60_000 / 50 + 1);
    }

    #[test]
    fn what_came_late_is_told_at_once_and_then_at_the_rate() {
        let mut conflator = Conflator::new(rate(2));
        let told: Vec<bool> = (0..3).map(|value| conflator.may_tell(&'a', 1, Moment(0), || value)).collect();
        assert_eq!(told, [true, true, false]);
        // The caller asks for due changes for the first time after ten seconds.
        assert_eq!(conflator.take_due(Moment(10_000), |_| 1), Some(('a', 2)));
        assert!(conflator.may_tell(&'a', 1, Moment(10_001), || 3));
        assert!(!conflator.may_tell(&'a', 1, Moment(10_002), || 4));
    }

    #[test]
    fn quiet_users_are_forgotten_though_nobody_changes_any_longer() {
        let mut conflator = Conflator::new(ConflationRate::default());
        for user in 0..10_000_u64 {
            assert!(conflator.may_tell(&user, 1, Moment(user / 20), || ()));
        }
        let mut calls = 0;
        while let Some(due) = conflator.next_due() {
            assert_eq!(conflator.take_due(due, |_| 1), None);
            calls += 1;
        }
        assert_eq!((conflator.users.capacity(), calls), (0, 1), "one look is enough");
    }

    #[test]
    fn quiet_users_are_forgotten() {
        let mut conflator = Conflator::new(ConflationRate::default());
        for at in 0..100_000_u64 {
            assert!(conflator.may_tell(&at, 1, Moment(at), || ()));
        }
        assert!(conflator.users.len() <= 1_000 + 50, "{} users are kept", conflator.users.len());
        assert!(conflator.users.capacity() <= 8_192, "room for {} users is kept", conflator.users.capacity());
    }

    #[test]
    fn all_waiting_changes_can_be_taken_early() {
        let mut conflator = Conflator::new(rate(1));
        for user in ['a', 'b', 'c'] {
            assert!(conflator.may_tell(&user, 1, Moment(0), || 1));
            assert!(user == 'c' || !conflator.may_tell(&user, 1, Moment(0), || 2));
        }
        assert_eq!([conflator.take_early(), conflator.take_early()], [Some(('a', 2)), Some(('b', 2))]);
        assert_eq!((conflator.take_early(), conflator.waiting()), (None, 0));
        assert!(!conflator.may_tell(&'a', 1, Moment(1), || 3));
    }

    /// A bucket that begins as that of another conflator delays the same changes.
    #[test]
    fn a_bucket_is_filled_as_that_of_another_conflator() {
        let (mut own, mut shown) = (Conflator::new(rate(2)), Conflator::new(rate(2)));
        assert!(own.may_tell(&'a', 1, Moment(0), || 0));
        assert!(own.may_tell(&'a', 1, Moment(0), || 1));
        shown.fill_as(&own, &'a');
        shown.fill_as(&own, &'b');
        assert!(!shown.may_tell(&'a', 1, Moment(0), || 2));
        assert!(shown.may_tell(&'b', 1, Moment(0), || 3), "the other has no bucket of this user");
        assert_eq!(shown.take_due(Moment(500), |_| 1), Some(('a', 2)));
        assert_eq!(own.take_due(Moment(500), |_| 1), None);
    }
}
