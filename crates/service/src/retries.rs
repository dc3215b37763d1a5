//! The retry list: operations that have failed, or whose outcome is unknown, because a store failed.
//! `operations/retrying.rs` retries them.
//!
//! Each operation may be repeated and delayed. It names the login, the connection or the account that it concerns, and
//! does not affect later logins, connections or accounts. The list is lost when the process ends; after a restart,
//! `upkeep` makes the two stores consistent.
//!
//! Ended logins that the facts have not stored are not in this list, because the live record keeps them.

use crate::open_connection::OpenConnection;
use lamplight_core::{LinkEnd, RefusedLogin};
use lamplight_model::{ConnectionId, DeviceId, EndWhy, Moment, Timestamp, User};
use parking_lot::{Mutex, MutexGuard};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// The maximum number of waiting operations, which is higher than the number of connections that a node can have. If
/// there are more, the oldest is dropped and counted.
pub const MAX_RETRIES: usize = 1 << 17;

/// The number of operations retried at a time.
const AT_ONCE: usize = 256;

/// The longest pause. A round without success doubles the pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// An operation to be retried.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Pending {
    /// A connection has ended.
    Disconnect { user: User, connection: ConnectionId, end: LinkEnd, heard: Timestamp },
    /// The login of a connection must be ended, because an earlier attempt has failed or its outcome is unknown. In a
    /// cluster, the live record may have lost the connection meanwhile, so `open` is put back first.
    EndLogin { user: User, connection: ConnectionId, end: LoginEnd, open: Option<Box<OpenConnection>> },
    /// A login was recorded in the facts and then refused.
    TakeBack { user: User, refused: RefusedLogin },
    /// A login was refused, but may have been recorded at the time `at`. The number of the login is unknown.
    Unrecord { user: User, device: DeviceId, by_app: bool, at: Timestamp },
    /// An account was created, kicked or deleted in the facts, or may have been. The live record has not been updated
    /// yet.
    Agree { user: User },
    /// The restrictions of a user's status were changed in the facts, or may have been. The live record has not been
    /// updated yet.
    Restrict { user: User },
    /// A friendship of a user was changed in the facts, or may have been. The restrictions in the live record have not
    /// been updated yet.
    Befriend { user: User },
    /// A message to the user was stored at the time `since` or later, or may have been. It may have to be pushed.
    Push { user: User, since: Timestamp },
}

/// The reason for which a connected device is logged out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LoginEnd {
    /// The client has logged out.
    Logout,
    /// The UserSig has expired.
    SigExpired,
}

/// The cause in the end mark that is stored when a login is undone; `None` if no mark is needed. A login by the
/// application needs a mark, because it has removed the earlier mark of the device.
pub(crate) fn mark_of(by_app: bool) -> Option<EndWhy> {
    by_app.then_some(EndWhy::LoggedOut)
}

/// The waiting operations.
#[derive(Default)]
pub(crate) struct Retries(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    operations: VecDeque<Pending>,
    /// The operations that are being executed.
    under_way: Vec<Pending>,
    dropped: u64,
    /// The pause after the last round. It is zero after a round without failures, and doubled after a round without
    /// success.
    pause: Duration,
    /// The time of the next round.
    from: Moment,
}

impl Retries {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // A panic in another thread does not matter, because every critical section leaves the list consistent.
        self.0.lock()
    }

    /// Adds an operation.
    pub fn push(&self, operation: Pending) {
        let mut waiting = self.lock();
        if waiting.operations.len() == MAX_RETRIES {
            waiting.operations.pop_front();
            waiting.dropped += 1;
        }
        waiting.operations.push_back(operation);
    }

    /// Whether the list has a waiting or running operation about this connection.
    pub fn concern(&self, connection: ConnectionId) -> bool {
        let waiting = self.lock();
        let mut all = waiting.operations.iter().chain(&waiting.under_way);
        all.any(|operation| match operation {
            Pending::Disconnect { connection: other, .. } | Pending::EndLogin { connection: other, .. } => {
                *other == connection
            }
            Pending::TakeBack { refused, .. } => refused.connection == Some(connection),
            Pending::Unrecord { .. }
            | Pending::Agree { .. }
            | Pending::Restrict { .. }
            | Pending::Befriend { .. }
            | Pending::Push { .. } => false,
        })
    }

    /// The number of operations that wait or are being executed, and the number of operations that were dropped since
    /// the start.
    pub fn count(&self) -> (usize, u64) {
        let waiting = self.lock();
        (waiting.operations.len() + waiting.under_way.len(), waiting.dropped)
    }

    /// Removes and returns the operations to retry now. The caller must call [`Self::put_back`] when it has retried
    /// them. If it is stopped before, the next call returns them again.
    pub fn take(&self, now: Moment) -> Vec<Pending> {
        let mut waiting = self.lock();
        let interrupted = std::mem::take(&mut waiting.under_way);
        waiting.operations.extend(interrupted);
        if now < waiting.from {
            return Vec::new();
        }
        let some = waiting.operations.len().min(AT_ONCE);
        let taken: Vec<Pending> = waiting.operations.drain(..some).collect();
        waiting.under_way.clone_from(&taken);
        taken
    }

    /// Puts the failed operations back on the list. `any_done` says whether at least one operation has succeeded.
    pub fn put_back(&self, failed: Vec<Pending>, any_done: bool, now: Moment) {
        let mut waiting = self.lock();
        waiting.under_way = Vec::new();
        waiting.pause = match (failed.is_empty(), any_done) {
            (false, false) => (waiting.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE),
            (false, true) => FIRST_PAUSE,
            (true, _) => Duration::ZERO,
        };
        waiting.from = now + waiting.pause;
        waiting.operations.extend(failed);
    }
}

/// For each user with a login in progress, the number of such logins.
#[derive(Default)]
pub(crate) struct Entering(Mutex<HashMap<User, usize, foldhash::fast::RandomState>>);

/// Marks a login of a user as in progress until the guard is dropped.
pub(crate) struct EnteringGuard<'a> {
    entering: &'a Entering,
    user: User,
}

impl Entering {
    fn lock(&self) -> MutexGuard<'_, HashMap<User, usize, foldhash::fast::RandomState>> {
        self.0.lock()
    }

    /// Records that a login of this user is in progress, until the returned guard is dropped.
    pub fn begin(&self, user: &User) -> EnteringGuard<'_> {
        *self.lock().entry(user.clone()).or_default() += 1;
        EnteringGuard { entering: self, user: user.clone() }
    }

    /// Whether a login of this user is in progress.
    pub fn has(&self, user: &User) -> bool {
        self.lock().contains_key(user)
    }
}

impl Drop for EnteringGuard<'_> {
    fn drop(&mut self) {
        let mut entering = self.entering.lock();
        if let Some(count) = entering.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                entering.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_model::{AppId, UserId};

    fn operation(n: usize) -> Pending {
        Pending::Agree { user: User::new(AppId(1), UserId::new(&n.to_string()).unwrap()) }
    }

    #[test]
    fn the_bound_drops_the_oldest_and_counts_it() {
        let retries = Retries::default();
        (0..=MAX_RETRIES).for_each(|n| retries.push(operation(n)));
        assert_eq!(retries.count(), (MAX_RETRIES, 1));
        assert_eq!(retries.take(Moment(0))[0], operation(1));
    }

    #[test]
    fn who_fails_goes_to_the_end_and_a_store_that_takes_nothing_is_given_a_rest() {
        let retries = Retries::default();
        (0..AT_ONCE + 1).for_each(|n| retries.push(operation(n)));
        let mut now = Moment(0);
        let mut pauses = Vec::new();
        for _ in 0..7 {
            let taken = retries.take(now);
            assert_eq!(taken.len(), AT_ONCE);
            retries.put_back(taken, false, now);
            let pause = retries.lock().pause;
            assert!(retries.take(now + pause - Duration::from_millis(1)).is_empty());
            now = now + pause;
            pauses.push(pause.as_millis());
        }
        assert_eq!(pauses, [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000]);
        let taken = retries.take(now);
        retries.put_back(taken[1..].to_vec(), true, now);
        assert_eq!(retries.lock().pause, FIRST_PAUSE);
    }

    #[test]
    fn operations_whose_execution_was_interrupted_wait_again() {
        let retries = Retries::default();
        (0..2).for_each(|n| retries.push(operation(n)));
        assert_eq!(retries.take(Moment(0)).len(), 2);
        retries.push(operation(2));
        assert_eq!(retries.count(), (3, 0));
        assert_eq!(retries.take(Moment(0)), [2, 0, 1].map(operation));
        retries.put_back(Vec::new(), true, Moment(0));
        assert_eq!((retries.count(), retries.take(Moment(0))), ((0, 0), Vec::new()));
    }

    #[test]
    fn a_user_is_entering_until_the_last_login_is_done() {
        let entering = Entering::default();
        let user = User::new(AppId(1), UserId::new("a").unwrap());
        let (one, other) = (entering.begin(&user), entering.begin(&user));
        drop(one);
        assert!(entering.has(&user));
        drop(other);
        assert!(!entering.has(&user));
    }
}
