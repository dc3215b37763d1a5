//! Due work of live records that needs the facts. [`Service::expire_due`](crate::Service::expire_due) adds the work,
//! and [`Service::settle_due`](crate::Service::settle_due) does it, so that facts that do not answer delay no deadline.
//!
//! Nothing is lost with this list: the live record of each user has the work, with the time of the next attempt.

use lamplight_model::{EndedLogin, User};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use tokio::sync::Notify;

/// The maximum number of users whose work waits. The work of further users waits in their records only.
const MOST_WAITING: usize = 1 << 16;

/// The maximum number of users whose work is done in one call.
const AT_ONCE: usize = 256;

/// Work that needs the facts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Work {
    /// These logins have ended, and the facts must store that.
    Ends(Vec<EndedLogin>),
    /// The app of the user is unknown. Either another node has created it, or it was deleted.
    UnknownApp,
    /// The record is that of a deleted account, and was kept long enough. It is removed, unless the account exists again.
    Over,
}

/// The users with due work that needs the facts.
#[derive(Default)]
pub(crate) struct Settling {
    state: Mutex<State>,
    arrived: Notify,
}

#[derive(Default)]
struct State {
    waiting: BTreeMap<User, Work>,
    /// The users of `waiting`, in the order of their arrival.
    order: VecDeque<User>,
    /// The work that is being done.
    under_way: BTreeMap<User, Work>,
}

impl Settling {
    /// Adds the work of a user, or replaces the work of the user that is already waiting. Returns `false` if work of
    /// the user is being done, or if too many users wait.
    pub fn push(&self, user: &User, work: Work) -> bool {
        let mut state = self.state.lock();
        let is_full = state.waiting.len() == MOST_WAITING && !state.waiting.contains_key(user);
        if is_full || state.under_way.contains_key(user) {
            return false;
        }
        if state.waiting.insert(user.clone(), work).is_none() {
            state.order.push_back(user.clone());
        }
        drop(state);
        self.arrived.notify_one();
        true
    }

    /// The users whose work waits or is being done because their app is unknown.
    pub fn of_unknown_apps(&self) -> BTreeSet<User> {
        let state = self.state.lock();
        let all = state.waiting.iter().chain(&state.under_way);
        all.filter(|(_, work)| **work == Work::UnknownApp).map(|(user, _)| user.clone()).collect()
    }

    /// Waits until there is work.
    pub async fn waits(&self) {
        while self.state.lock().waiting.is_empty() {
            self.arrived.notified().await;
        }
    }

    /// Takes the work of the users that have waited longest. The work is under way until the returned guard is dropped.
    pub fn take(&self) -> (Vec<(User, Work)>, UnderWay<'_>) {
        let state = &mut *self.state.lock();
        let some = state.order.len().min(AT_ONCE);
        let users = state.order.drain(..some);
        state.under_way = users.filter_map(|user| state.waiting.remove_entry(&user)).collect();
        let work = state.under_way.iter().map(|(user, work)| (user.clone(), work.clone())).collect();
        (work, UnderWay(self))
    }
}

/// Marks work as being done, until the guard is dropped. Work that has failed or was given up is added again when the
/// next attempt is due.
pub(crate) struct UnderWay<'a>(&'a Settling);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.state.lock().under_way.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_model::{AppId, DeviceId, UserId};

    fn user(n: usize) -> User {
        User::new(AppId(1), UserId::new(&format!("{n:06}")).unwrap())
    }

    fn ends(login: u64) -> Work {
        Work::Ends(vec![EndedLogin { device: DeviceId::new("phone").unwrap(), login, mark: None }])
    }

    #[test]
    fn nothing_is_done_twice_at_the_same_time() {
        let settling = Settling::default();
        assert!(settling.push(&user(1), ends(1)));
        assert!(settling.push(&user(1), ends(2)), "it replaces what waits");
        let (taken, under_way) = settling.take();
        assert_eq!(taken, [(user(1), ends(2))]);
        assert!(!settling.push(&user(1), ends(2)));
        assert!(settling.push(&user(2), Work::UnknownApp));
        assert_eq!(settling.of_unknown_apps(), BTreeSet::from([user(2)]));
        drop(under_way);
        assert!(settling.push(&user(1), ends(3)));
        let (taken, under_way) = settling.take();
        assert_eq!(taken, [(user(1), ends(3)), (user(2), Work::UnknownApp)]);
        assert_eq!(settling.of_unknown_apps(), BTreeSet::from([user(2)]));
        drop(under_way);
        assert_eq!(settling.of_unknown_apps(), BTreeSet::new());
        assert_eq!(settling.take().0, []);
    }

    #[test]
    fn the_users_are_bounded_and_those_that_wait_longest_come_first() {
        let settling = Settling::default();
        (0..MOST_WAITING).rev().for_each(|n| assert!(settling.push(&user(n), ends(1))));
        assert!(!settling.push(&user(MOST_WAITING), ends(1)));
        assert!(settling.push(&user(0), ends(2)));
        let (taken, _under_way) = settling.take();
        assert_eq!((taken.len(), &taken[0].0), (AT_ONCE, &user(MOST_WAITING - AT_ONCE)));
        assert!(settling.push(&user(MOST_WAITING), ends(1)));
    }
}
