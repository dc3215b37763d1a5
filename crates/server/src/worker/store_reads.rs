//! A worker's requests for reads of the stores, with the tasks that wait for them.
//!
//! `reads.rs` executes the reads, and [`Reads`] chooses the next one.

use lamplight_core::WatcherKey;
use lamplight_model::{Moment, User};
use lamplight_service::{ReadCall, ReadOutcome, Reads, Urgency, WatchList};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::collections::HashMap;
use tokio::sync::oneshot;

/// The requested reads of one worker.
#[derive(Default)]
pub struct StoreReads {
    wanted: RefCell<Reads>,
    /// The tasks that wait for a watch list, by its watcher. Each task receives `true` if its connection is still the
    /// device's current one.
    settled: RefCell<HashMap<WatcherKey, SmallVec<[oneshot::Sender<bool>; 1]>>>,
    /// The watch lists that came with logins, by their watchers. The number beside each list is the value of
    /// `lists_heard` at the login. These lists need not be read from the stores.
    brought: RefCell<HashMap<WatcherKey, (WatchList, u32)>>,
    /// The users whose statuses are to be read together with a watch list, by the watcher of this list.
    unread: RefCell<HashMap<WatcherKey, Vec<User>>>,
    lists: RefCell<HashMap<User, WantedLists>>,
    /// The tasks that wait until the worker has read all log entries that have arrived.
    heard: RefCell<Vec<oneshot::Sender<()>>>,
}

/// The tasks and connections that wait for the lists version of one user.
#[derive(Default)]
pub struct WantedLists {
    /// The logins that wait for the version.
    pub logins: SmallVec<[oneshot::Sender<u64>; 1]>,
    /// `true` if the user's connections will be asked to read their lists again.
    pub reload: bool,
}

impl StoreReads {
    /// Returns the next read to start. `None` if no read waits, or if too many are in progress. After the read, the
    /// caller must call [`Self::ended`].
    pub fn next(&self, now: Moment) -> Option<ReadCall> {
        self.wanted.borrow_mut().next(now)
    }

    /// Schedules another read of these users after a pause. The caller has already removed the users from the call that
    /// starts now.
    pub fn put_off(&self, users: &[User], now: Moment) {
        self.wanted.borrow_mut().put_off(users, now);
    }

    /// Records that a read has ended.
    pub fn ended(&self, call: &ReadCall, outcome: ReadOutcome, now: Moment) {
        self.wanted.borrow_mut().ended(call, outcome, now);
    }

    /// Requests the status of a user.
    pub fn want_status(&self, user: User) {
        self.wanted.borrow_mut().want_status(user);
    }

    /// Requests the watch list of a connection.
    pub fn want_watch_list(&self, watcher: WatcherKey, urgency: Urgency) {
        self.wanted.borrow_mut().want_watch_list(watcher, urgency);
    }

    /// Returns `true` if the watch list of a connection is requested or being read.
    pub fn wants_watch_list(&self, watcher: WatcherKey) -> bool {
        self.wanted.borrow().wants_watch_list(watcher)
    }

    /// Makes a requested watch list urgent.
    pub fn hurry(&self, watcher: WatcherKey) {
        self.wanted.borrow_mut().hurry(watcher);
    }

    /// Returns a receiver that waits until the watch list of a connection is set. The receiver gets `true` if the
    /// connection is still its device's current one.
    pub fn wait_for_watch_list(&self, watcher: WatcherKey) -> oneshot::Receiver<bool> {
        let (settled, waiting) = oneshot::channel();
        self.settled.borrow_mut().entry(watcher).or_default().push(settled);
        waiting
    }

    /// Notifies the tasks that wait for the watch list of a connection.
    pub fn watch_list_is_settled(&self, watcher: WatcherKey, is_current: bool) {
        for waiting in self.settled.borrow_mut().remove(&watcher).into_iter().flatten() {
            // The waiting task may have ended.
            let _ = waiting.send(is_current);
        }
    }

    /// Stores the watch list that came with a login. `heard` is the watcher's value of
    /// [`lists_heard`](lamplight_service::Audience::lists_heard) at the login.
    pub fn bring_watch_list(&self, watcher: WatcherKey, list: WatchList, heard: u32) {
        self.brought.borrow_mut().insert(watcher, (list, heard));
    }

    /// Takes the watch list that came with a login.
    pub fn take_brought(&self, watcher: WatcherKey) -> Option<(WatchList, u32)> {
        self.brought.borrow_mut().remove(&watcher)
    }

    /// Records users whose statuses are to be read with the watch list of a connection.
    pub fn note_unread(&self, watcher: WatcherKey, users: Vec<User>) {
        self.unread.borrow_mut().entry(watcher).or_default().extend(users);
    }

    /// Takes the users whose statuses are to be read with the watch list of a connection.
    pub fn take_unread(&self, watcher: WatcherKey) -> Vec<User> {
        self.unread.borrow_mut().remove(&watcher).unwrap_or_default()
    }

    /// Drops the requested reads of a connection that has ended, and cancels the tasks that wait for them.
    pub fn forget(&self, watcher: WatcherKey) {
        self.wanted.borrow_mut().forget(watcher);
        self.settled.borrow_mut().remove(&watcher);
        self.brought.borrow_mut().remove(&watcher);
        self.unread.borrow_mut().remove(&watcher);
    }

    /// Returns a receiver that is notified once the worker has read all log entries that have arrived.
    pub fn wait_for_log(&self) -> oneshot::Receiver<()> {
        let (heard, waiting) = oneshot::channel();
        self.heard.borrow_mut().push(heard);
        waiting
    }

    /// Notifies the tasks that wait until the worker has read all log entries that have arrived.
    pub fn all_heard(&self) {
        for waiting in self.heard.take() {
            // The waiting task may have ended.
            let _ = waiting.send(());
        }
    }

    /// Requests the version of a user's lists, for a login.
    pub fn want_lists_version(&self, user: &User) -> oneshot::Receiver<u64> {
        let (answer, answered) = oneshot::channel();
        self.lists.borrow_mut().entry(user.clone()).or_default().logins.push(answer);
        self.wanted.borrow_mut().want_lists_state(user.clone(), Urgency::Waited);
        answered
    }

    /// Requests the version of a user's lists, because changes were missed. The user's connections are then asked to
    /// read their lists again.
    pub fn reread_lists(&self, user: &User) {
        self.lists.borrow_mut().entry(user.clone()).or_default().reload = true;
        self.wanted.borrow_mut().want_lists_state(user.clone(), Urgency::Background);
    }

    /// Takes the tasks and connections that wait for these users' lists versions, because a read of these versions
    /// starts now. Requests after this call wait for another read.
    pub fn take_wanted_lists(&self, users: &[User]) -> Vec<(User, WantedLists)> {
        let mut lists = self.lists.borrow_mut();
        users.iter().filter_map(|user| lists.remove_entry(user)).collect()
    }

    /// Puts back the tasks and connections that wait for lists versions, because the versions could not be read.
    pub fn put_wanted_lists_back(&self, wanted: Vec<(User, WantedLists)>) {
        let mut lists = self.lists.borrow_mut();
        for (user, was) in wanted {
            let now = lists.entry(user).or_default();
            now.logins.extend(was.logins);
            now.reload |= was.reload;
        }
    }
}
