//! The reads of the stores that a worker has requested, the tasks that wait for them, and the uses of their results.
//!
//! Nothing is read here: `reads.rs` carries the reads out, and [`Reads`] decides which one is next.

use lamplight_core::WatcherKey;
use lamplight_model::{Moment, User};
use lamplight_service::{ReadCall, ReadOutcome, Reads, Urgency};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::collections::HashMap;
use tokio::sync::oneshot;

/// The requested reads of one worker.
#[derive(Default)]
pub struct StoreReads {
    wanted: RefCell<Reads>,
    /// The tasks that wait for a watch list, by its watcher. Each is sent whether its connection is still that of the
    /// device.
    settled: RefCell<HashMap<WatcherKey, SmallVec<[oneshot::Sender<bool>; 1]>>>,
    /// The users whose status is still to be read with a watch list, by its watcher.
    unread: RefCell<HashMap<WatcherKey, Vec<User>>>,
    lists: RefCell<HashMap<User, WantedLists>>,
    /// Tasks that wait until the worker has read the change log.
    heard: RefCell<Vec<oneshot::Sender<()>>>,
}

/// The uses of the lists version of a user that is being read.
#[derive(Default)]
pub struct WantedLists {
    /// Logins that need the version.
    pub logins: SmallVec<[oneshot::Sender<u64>; 1]>,
    /// Whether the connections of the user are to read their lists again.
    pub reload: bool,
}

impl StoreReads {
    /// The next read to begin, if another may be under way. [`Self::ended`] must follow.
    pub fn next(&self, now: Moment) -> Option<ReadCall> {
        self.wanted.borrow_mut().next(now)
    }

    /// Notes that a read has ended.
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

    /// Whether the watch list of a connection is requested or being read.
    pub fn wants_watch_list(&self, watcher: WatcherKey) -> bool {
        self.wanted.borrow().wants_watch_list(watcher)
    }

    /// Makes a requested watch list urgent.
    pub fn hurry(&self, watcher: WatcherKey) {
        self.wanted.borrow_mut().hurry(watcher);
    }

    /// Returns a receiver that resolves when the watch list of a connection is set, to whether the connection is still
    /// that of its device.
    pub fn wait_for_watch_list(&self, watcher: WatcherKey) -> oneshot::Receiver<bool> {
        let (settled, waiting) = oneshot::channel();
        self.settled.borrow_mut().entry(watcher).or_default().push(settled);
        waiting
    }

    /// Wakes the tasks that wait for the watch list of a connection.
    pub fn watch_list_is_settled(&self, watcher: WatcherKey, is_current: bool) {
        for waiting in self.settled.borrow_mut().remove(&watcher).into_iter().flatten() {
            // The waiting task may have ended.
            let _ = waiting.send(is_current);
        }
    }

    /// Records users whose status is to be read with the watch list of a connection.
    pub fn note_unread(&self, watcher: WatcherKey, users: Vec<User>) {
        self.unread.borrow_mut().entry(watcher).or_default().extend(users);
    }

    /// Takes the users whose status is to be read with the watch list of a connection.
    pub fn take_unread(&self, watcher: WatcherKey) -> Vec<User> {
        self.unread.borrow_mut().remove(&watcher).unwrap_or_default()
    }

    /// Drops the reads that were requested for a connection that is gone, and their waiting tasks.
    pub fn forget(&self, watcher: WatcherKey) {
        self.wanted.borrow_mut().forget(watcher);
        self.settled.borrow_mut().remove(&watcher);
        self.unread.borrow_mut().remove(&watcher);
    }

    /// Returns a receiver that resolves when the worker has read the change log.
    pub fn wait_for_log(&self) -> oneshot::Receiver<()> {
        let (heard, waiting) = oneshot::channel();
        self.heard.borrow_mut().push(heard);
        waiting
    }

    /// Wakes the tasks that wait until the worker has read everything in the change log.
    pub fn all_heard(&self) {
        for waiting in self.heard.take() {
            // The waiting task may have ended.
            let _ = waiting.send(());
        }
    }

    /// Requests the lists version of a user for a login.
    pub fn want_lists_version(&self, user: &User) -> oneshot::Receiver<u64> {
        let (answer, answered) = oneshot::channel();
        self.lists.borrow_mut().entry(user.clone()).or_default().logins.push(answer);
        self.wanted.borrow_mut().want_lists_state(user.clone(), Urgency::Waited);
        answered
    }

    /// Requests the lists version of a user, with which the user's connections are asked to read the lists again,
    /// because the changes themselves are not known.
    pub fn reread_lists(&self, user: &User) {
        self.lists.borrow_mut().entry(user.clone()).or_default().reload = true;
        self.wanted.borrow_mut().want_lists_state(user.clone(), Urgency::Background);
    }

    /// Takes the uses of the lists versions of these users. Tasks that ask after this need a newer result than that of
    /// the read that begins now.
    pub fn take_wanted_lists(&self, users: &[User]) -> Vec<(User, WantedLists)> {
        let mut lists = self.lists.borrow_mut();
        users.iter().filter_map(|user| lists.remove_entry(user)).collect()
    }

    /// Puts back the uses of lists versions that could not be read.
    pub fn put_wanted_lists_back(&self, wanted: Vec<(User, WantedLists)>) {
        let mut lists = self.lists.borrow_mut();
        for (user, was) in wanted {
            let now = lists.entry(user).or_default();
            now.logins.extend(was.logins);
            now.reload |= was.reload;
        }
    }
}
