//! The reads of a worker from the stores: which call to make next, which users to read in one call, and when to retry.
//!
//! The module has no I/O: the caller makes the calls and reports their outcomes.
//!
//! A connection or a user that is requested several times is read once. The waiting reads are therefore bounded by the
//! connections and users of the worker. If a connection or user is requested while it is being read, it is read once
//! more, because the result may be too old.

use hashbrown::HashMap;
use lamplight_core::WatcherKey;
use lamplight_model::{Moment, User};
use std::collections::{BTreeSet, VecDeque};
use std::hash::Hash;
use std::time::Duration;

/// The maximum number of calls in progress at the same time.
pub const MAX_CALLS: usize = 64;
/// If this many calls are in progress, only calls for which a client waits are made, up to [`MAX_CALLS`].
pub const MAX_BACKGROUND_CALLS: usize = 48;
/// The maximum number of users in one call.
pub const MAX_USERS: usize = 500;
/// The pause before the first retry of a failed read. The pause doubles with each failure.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause before a retry.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// The maximum remaining pause of failed reads after a read of the same kind has succeeded. The store may then work
/// again.
const PAUSE_AFTER_SUCCESS: Duration = Duration::from_secs(1);

/// The urgency of a read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Urgency {
    /// No client waits for the result.
    Background,
    /// A client waits for the result.
    Waited,
}

/// A call to the stores.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ReadCall {
    /// The watch list of a connection.
    WatchList(WatcherKey),
    /// The statuses of users.
    Statuses(Vec<User>),
    /// The lists versions of users.
    ListsStates(Vec<User>),
}

/// The outcome of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReadOutcome {
    /// The call has succeeded, or its result is no longer needed.
    Done,
    /// The result was out of date. The read is repeated at once.
    OutOfDate,
    /// The store failed. The read is repeated after a pause.
    Failed,
}

/// The requested reads of a worker.
#[derive(Debug, Default)]
pub struct Reads {
    watch_lists: Wanted<WatcherKey>,
    statuses: Wanted<User>,
    lists_states: Wanted<User>,
    under_way: usize,
}

impl Reads {
    /// Requests the watch list of a connection.
    pub fn want_watch_list(&mut self, watcher: WatcherKey, urgency: Urgency) {
        self.watch_lists.want(watcher, urgency);
    }

    /// Requests the status of a user.
    pub fn want_status(&mut self, user: User) {
        self.statuses.want(user, Urgency::Background);
    }

    /// Requests the lists version of a user.
    pub fn want_lists_state(&mut self, user: User, urgency: Urgency) {
        self.lists_states.want(user, urgency);
    }

    /// Whether the watch list of a connection was requested and has not been read yet.
    pub fn wants_watch_list(&self, watcher: WatcherKey) -> bool {
        self.watch_lists.entries.contains_key(&watcher)
    }

    /// Makes the requested read of a connection's watch list urgent, because a client is now waiting for the result.
    pub fn hurry(&mut self, watcher: WatcherKey) {
        self.watch_lists.hurry(&watcher);
    }

    /// Removes the request of a connection that has ended.
    pub fn forget(&mut self, watcher: WatcherKey) {
        self.watch_lists.entries.remove(&watcher);
    }

    /// Returns the next call to make; `None` if no call may be made now. The caller repeats this until the result is
    /// `None`.
    pub fn next(&mut self, now: Moment) -> Option<ReadCall> {
        if self.under_way >= MAX_CALLS {
            return None;
        }
        let mut next = self.next_of(Urgency::Waited, now);
        if next.is_none() && self.under_way < MAX_BACKGROUND_CALLS {
            next = self.next_of(Urgency::Background, now);
        }
        self.under_way += usize::from(next.is_some());
        next
    }

    fn next_of(&mut self, urgency: Urgency, now: Moment) -> Option<ReadCall> {
        // Statuses come first, because they change most often and need few calls.
        let statuses = self.statuses.take(urgency, MAX_USERS, now);
        if !statuses.is_empty() {
            return Some(ReadCall::Statuses(statuses));
        }
        if let Some(watcher) = self.watch_lists.take(urgency, 1, now).pop() {
            return Some(ReadCall::WatchList(watcher));
        }
        let users = self.lists_states.take(urgency, MAX_USERS, now);
        (!users.is_empty()).then_some(ReadCall::ListsStates(users))
    }

    /// Schedules another read of these users' statuses, after a pause. The users were [split off](ReadCall::split_off)
    /// from a call in progress.
    pub fn put_off(&mut self, users: &[User], now: Moment) {
        users.iter().for_each(|user| self.statuses.ended(user, ReadOutcome::Failed, now));
    }

    /// Records the outcome of a call.
    pub fn ended(&mut self, call: &ReadCall, outcome: ReadOutcome, now: Moment) {
        self.under_way -= 1;
        match call {
            ReadCall::WatchList(watcher) => self.watch_lists.ended(watcher, outcome, now),
            ReadCall::Statuses(users) => {
                users.iter().for_each(|user| self.statuses.ended(user, outcome, now))
            }
            ReadCall::ListsStates(users) => {
                users.iter().for_each(|user| self.lists_states.ended(user, outcome, now));
            }
        }
    }
}

impl ReadCall {
    /// Removes and returns the users whose statuses cannot be read now, so that the reads of the other users need not
    /// wait.
    pub fn split_off(&mut self, can_be_read: impl Fn(&User) -> bool) -> Vec<User> {
        match self {
            Self::Statuses(users) => {
                let (now, later) = std::mem::take(users).into_iter().partition(|user| can_be_read(user));
                *users = now;
                later
            }
            Self::WatchList(_) | Self::ListsStates(_) => Vec::new(),
        }
    }
}

/// The requested reads of one kind, each identified by a key: a connection or a user.
#[derive(Debug)]
struct Wanted<K> {
    entries: HashMap<K, Entry, foldhash::fast::RandomState>,
    /// The keys to read for waiting clients. A key is skipped unless its state in `entries` is [`State::Queued`].
    waited: VecDeque<K>,
    background: VecDeque<K>,
    /// Keys whose read has failed, ordered by the time of the retry.
    paused: BTreeSet<(Moment, K)>,
}

#[derive(Debug)]
struct Entry {
    state: State,
    urgency: Urgency,
    failures: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Queued,
    /// The key is being read. `again` is `true` if the key was requested once more after the read began.
    UnderWay {
        again: bool,
    },
    Paused,
}

impl<K> Default for Wanted<K> {
    fn default() -> Self {
        Self {
            entries: HashMap::default(),
            waited: VecDeque::new(),
            background: VecDeque::new(),
            paused: BTreeSet::new(),
        }
    }
}

impl<K: Clone + Eq + Hash + Ord> Wanted<K> {
    fn want(&mut self, key: K, urgency: Urgency) {
        let Some(entry) = self.entries.get_mut(&key) else {
            self.entries.insert(key.clone(), Entry { state: State::Queued, urgency, failures: 0 });
            return self.queue(urgency).push_back(key);
        };
        match &mut entry.state {
            State::Queued if entry.urgency < urgency => {
                entry.urgency = urgency;
                self.queue(urgency).push_back(key);
            }
            State::UnderWay { again } => {
                *again = true;
                entry.urgency = entry.urgency.max(urgency);
            }
            State::Queued | State::Paused => entry.urgency = entry.urgency.max(urgency),
        }
    }

    fn hurry(&mut self, key: &K) {
        let Some(entry) = self.entries.get_mut(key).filter(|it| it.urgency == Urgency::Background) else {
            return;
        };
        entry.urgency = Urgency::Waited;
        if entry.state == State::Queued {
            self.waited.push_back(key.clone());
        }
    }

    /// Removes up to `most` keys from the queue, to be read in one call.
    fn take(&mut self, urgency: Urgency, most: usize, now: Moment) -> Vec<K> {
        while let Some((_, key)) = self.paused.pop_first_if_due(now) {
            if let Some(entry) = self.entries.get_mut(&key).filter(|entry| entry.state == State::Paused) {
                entry.state = State::Queued;
                let urgency = entry.urgency;
                self.queue(urgency).push_back(key);
            }
        }
        let (mut taken, mut most) = (Vec::new(), most);
        while taken.len() < most {
            let Some(key) = self.queue(urgency).pop_front() else { break };
            let Some(entry) = self.entries.get_mut(&key).filter(|entry| entry.state == State::Queued) else {
                continue;
            };
            if taken.is_empty() {
                // After a failure, fewer keys are read in one call, so that a key that always fails is soon read alone.
                most = (most >> entry.failures.min(16)).max(1);
            }
            entry.state = State::UnderWay { again: false };
            taken.push(key);
        }
        taken
    }

    fn ended(&mut self, key: &K, outcome: ReadOutcome, now: Moment) {
        if outcome != ReadOutcome::Failed {
            self.bring_forward(now + PAUSE_AFTER_SUCCESS);
        }
        // The request may have been removed.
        let Some(entry) = self.entries.get_mut(key) else { return };
        let again = entry.state == State::UnderWay { again: true };
        match outcome {
            ReadOutcome::Done if !again => {
                self.entries.remove(key);
            }
            ReadOutcome::Done | ReadOutcome::OutOfDate => {
                entry.state = State::Queued;
                entry.failures = 0;
                let urgency = entry.urgency;
                self.queue(urgency).push_back(key.clone());
            }
            ReadOutcome::Failed => {
                let pause = (FIRST_PAUSE * (1 << entry.failures.min(10))).min(LONGEST_PAUSE);
                entry.state = State::Paused;
                entry.failures += 1;
                self.paused.insert((now + pause, key.clone()));
            }
        }
    }

    /// Makes every paused read due at `latest` or earlier.
    fn bring_forward(&mut self, latest: Moment) {
        while self.paused.last().is_some_and(|(due, _)| *due > latest) {
            let (_, key) = self.paused.pop_last().expect("it has a last entry");
            self.paused.insert((latest, key));
        }
    }

    fn queue(&mut self, urgency: Urgency) -> &mut VecDeque<K> {
        match urgency {
            Urgency::Background => &mut self.background,
            Urgency::Waited => &mut self.waited,
        }
    }
}

trait PopDue<K> {
    fn pop_first_if_due(&mut self, now: Moment) -> Option<(Moment, K)>;
}

impl<K: Ord> PopDue<K> for BTreeSet<(Moment, K)> {
    fn pop_first_if_due(&mut self, now: Moment) -> Option<(Moment, K)> {
        if self.first()?.0 <= now { self.pop_first() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_core::Hub;
    use lamplight_model::{AppId, UserId, UserStatus};

    fn user(name: &str) -> User {
        User::new(AppId(1), UserId::new(name).unwrap())
    }

    /// Runs a script, and compares the calls that each `next` makes with `expected`. Users are `a`, `b`, …, connections
    /// are `1`, `2`, …, and requests are `want a`, `waited a`, `hurry 1` and `forget 1`. `next` makes every call that
    /// may be made. `done`, `old` and `fail` end the earliest call in progress, `split ab` splits users off it, and
    /// `+ms` advances the time.
    fn check(script: &str, expected: &str) {
        let mut hub = Hub::<UserStatus>::default();
        let watchers: Vec<WatcherKey> = (0..9).map(|_| hub.attach(0)).collect();
        let watcher = |name: &str| watchers[name.parse::<usize>().unwrap()];
        let (mut reads, mut now) = (Reads::default(), Moment(0));
        let mut under_way: VecDeque<ReadCall> = VecDeque::new();
        let mut begun = Vec::new();
        for step in script.split(", ") {
            let (verb, of) = step.split_once(' ').unwrap_or((step, ""));
            let urgency = if verb == "waited" { Urgency::Waited } else { Urgency::Background };
            match verb {
                "want" | "waited" if of.parse::<usize>().is_ok() => {
                    reads.want_watch_list(watcher(of), urgency)
                }
                "want" => reads.want_status(user(of)),
                "waited" => reads.want_lists_state(user(of), urgency),
                "lists" => reads.want_lists_state(user(of), urgency),
                "hurry" => reads.hurry(watcher(of)),
                "forget" => reads.forget(watcher(of)),
                // The users of the earliest call in progress that are named cannot be read.
                "split" => {
                    let call = under_way.front_mut().unwrap();
                    let later = call.split_off(|user| !of.contains(user.id.as_str()));
                    reads.put_off(&later, now);
                }
                "done" => reads.ended(&under_way.pop_front().unwrap(), ReadOutcome::Done, now),
                "old" => reads.ended(&under_way.pop_front().unwrap(), ReadOutcome::OutOfDate, now),
                "fail" => reads.ended(&under_way.pop_front().unwrap(), ReadOutcome::Failed, now),
                "next" => {
                    let mut calls = Vec::new();
                    while let Some(call) = reads.next(now) {
                        let names = |users: &[User]| {
                            users.iter().map(|user| user.id.as_str()).collect::<Vec<_>>().join("")
                        };
                        calls.push(match &call {
                            ReadCall::WatchList(key) => key.slot().to_string(),
                            ReadCall::Statuses(users) => names(users),
                            ReadCall::ListsStates(users) => format!("lists:{}", names(users)),
                        });
                        under_way.push_back(call);
                    }
                    begun.push(if calls.is_empty() { "-".to_owned() } else { calls.join(" ") });
                }
                step => now = now + Duration::from_millis(step.strip_prefix('+').unwrap().parse().unwrap()),
            }
        }
        assert_eq!(begun.join(", "), expected, "{script}");
    }

    #[test]
    fn each_is_read_once_however_often_it_is_wanted() {
        check("want a, want a, want b, next, done, next", "ab, -");
        check("want 1, want 1, want 2, next, done, done, next", "1 2, -");
        check("lists a, lists a, next", "lists:a");
    }

    #[test]
    fn what_is_wanted_while_it_is_read_is_read_again() {
        check("want a, next, want a, next, done, next, done, next", "a, -, a, -");
        check("want 1, next, want 1, want 1, done, next, done, next", "1, 1, -");
    }

    #[test]
    fn an_answer_that_is_out_of_date_is_asked_for_again_at_once() {
        check("want 1, next, old, next, done, next", "1, 1, -");
    }

    #[test]
    fn what_fails_is_asked_for_again_after_a_pause_that_doubles() {
        check("want 1, next, fail, next, +99, next, +1, next", "1, -, -, 1");
        check("want 1, next, fail, +100, next, fail, +199, next, +1, next", "1, 1, -, 1");
        check("want 1, next, fail, want 1, next, +100, next, done, next", "1, -, 1, -");
        let fails = ", fail, +30000, next".repeat(12);
        check(
            &format!("want 1, next{fails}, fail, +29999, next, +1, next"),
            &format!("1{}, -, 1", ", 1".repeat(12)),
        );
        // After a success, a read of the same kind waits at most a second longer.
        let fails = ", fail, +30000, next".repeat(9);
        check(
            &format!("want 1, next{fails}, fail, want 2, next, done, +999, next, +1, next"),
            &format!("{}, 2, -, 1", ["1"; 10].join(", ")),
        );
        // A success resets the count of failures.
        check("want 1, next, fail, +100, next, done, want 1, next, fail, +100, next", "1, 1, 1, 1");
    }

    #[test]
    fn a_batch_that_fails_is_split_until_the_one_that_fails_is_alone() {
        check("want a, want b, want c, next, fail, +100, next", "abc, abc");
        let mut reads = Reads::default();
        (0..40).for_each(|n| reads.want_status(user(&format!("u{n}"))));
        let sizes = [40, 40, 40, 40, 31, 15, 7, 3, 1];
        let mut now = Moment(0);
        for expected in sizes {
            let mut calls = Vec::new();
            while let Some(call) = reads.next(now) {
                calls.push(call);
            }
            let ReadCall::Statuses(first) = &calls[0] else { panic!() };
            assert_eq!(first.len(), expected);
            for call in calls {
                reads.ended(&call, ReadOutcome::Failed, now);
            }
            now = now + LONGEST_PAUSE;
        }
    }

    #[test]
    fn users_who_cannot_be_read_now_hold_up_nobody() {
        check("want a, want b, want c, next, split bc, done, next, +99, next, +1, next", "abc, -, -, bc");
        check("want a, want b, next, split ab, want a, done, next, +100, next", "ab, -, ab");
    }

    #[test]
    fn whoever_is_waited_for_comes_first() {
        check("want 1, lists a, waited 2, waited b, next", "2 lists:b 1 lists:a");
        check("want 1, want 2, hurry 2, next, done, done, next", "2 1, -");
        check("want 1, waited 1, next", "1");
    }

    #[test]
    fn one_that_has_gone_is_not_read() {
        check("want 1, want 2, forget 1, next", "2");
        check("want 1, next, forget 1, fail, +100, next", "1, -");
        check("want 1, next, fail, forget 1, +100, next", "1, -");
    }

    #[test]
    fn what_is_under_way_is_bounded_and_leaves_room_for_those_who_wait() {
        let mut hub = Hub::<UserStatus>::default();
        let mut reads = Reads::default();
        let now = Moment(0);
        let mut calls = Vec::new();
        (0..10_000).for_each(|_| reads.want_watch_list(hub.attach(0), Urgency::Background));
        calls.extend(std::iter::from_fn(|| reads.next(now)));
        assert_eq!(calls.len(), MAX_BACKGROUND_CALLS);
        (0..10_000).for_each(|_| reads.want_watch_list(hub.attach(0), Urgency::Waited));
        calls.extend(std::iter::from_fn(|| reads.next(now)));
        assert_eq!(calls.len(), MAX_CALLS);
        let mut read = calls.len();
        while let Some(call) = calls.pop() {
            reads.ended(&call, ReadOutcome::Done, now);
            let begun = calls.len();
            calls.extend(std::iter::from_fn(|| reads.next(now)));
            read += calls.len() - begun;
            assert!(calls.len() <= MAX_CALLS);
        }
        assert_eq!(read, 20_000, "and all are read");
    }
}
