//! The part of a worker that makes the reads that [`Reads`](lamplight_service::Reads) chooses. It also wakes the tasks
//! that wait for them.

use super::Worker;
use crate::overlap::executor::Clock;
use crate::overlap::people::APP;
use lamplight_core::{LinkEnd, Reasserted, WatcherKey};
use lamplight_model::{Code, ConnectionId, Refusal, User, UserId};
use lamplight_service::{
    Effect, OpenConnection, PutBack, ReadCall, ReadOutcome, Reader, ServiceError, Urgency, WatchList,
};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::oneshot;

/// The time limit of a call to the stores, in milliseconds.
pub(super) const STORE_PATIENCE: u64 = 5_000;

/// The tasks that wait for reads, and the users whose statuses must be read.
#[derive(Default)]
pub(super) struct Waiting {
    settled: RefCell<BTreeMap<WatcherKey, Vec<oneshot::Sender<bool>>>>,
    /// The watch lists that the answers to logins contained. They need not be read.
    brought: RefCell<BTreeMap<WatcherKey, (WatchList, u32)>>,
    unread: RefCell<BTreeMap<WatcherKey, Vec<User>>>,
    heard: RefCell<Vec<oneshot::Sender<()>>>,
}

impl Worker {
    /// Starts the requested reads, as far as the limit on concurrent reads allows.
    pub(super) fn read_what_is_wanted(self: &Rc<Self>) {
        loop {
            let Some(call) = self.reads.borrow_mut().next(self.shared.now().moment) else { return };
            let worker = Rc::clone(self);
            self.start_beside(async move {
                let outcome = worker.read(&call).await;
                worker.reads.borrow_mut().ended(&call, outcome, worker.shared.now().moment);
                if let ReadCall::WatchList(watcher) = call {
                    worker.after_watch_list(watcher);
                }
            });
        }
    }

    async fn read(self: &Rc<Self>, call: &ReadCall) -> ReadOutcome {
        let done = match call {
            ReadCall::WatchList(watcher) => self.read_watch_list(*watcher).await,
            ReadCall::Statuses(users) => {
                self.read_states(users, Reader::Watchers).await.map(|unread| match unread.is_empty() {
                    true => ReadOutcome::Done,
                    false => ReadOutcome::Failed,
                })
            }
            // The simulation has no changes of these lists. Other tests check them.
            ReadCall::ListsStates(_) => Ok(ReadOutcome::Done),
        };
        done.unwrap_or_else(|error| {
            self.shared.judge.note(|| format!("  a read failed: {error}"));
            ReadOutcome::Failed
        })
    }

    async fn read_watch_list(self: &Rc<Self>, watcher: WatcherKey) -> Result<ReadOutcome, ServiceError> {
        let service = &self.shared.service;
        let Some(member) = self.audience.borrow().member(watcher) else {
            return Ok(ReadOutcome::Done);
        };
        let Some(heard) = self.audience.borrow().lists_heard(watcher) else { return Ok(ReadOutcome::Done) };
        let brought = self.waiting.brought.borrow_mut().remove(&watcher);
        let (list, heard) = match brought {
            Some((list, heard)) => (Some(list), heard),
            None => (self.in_time(service.watch_list(&member.user, member.connection)).await?, heard),
        };
        let Some(list) = list else {
            if self.put_back(watcher, member.connection).await? {
                return Ok(ReadOutcome::OutOfDate);
            }
            self.found_superseded(watcher, member.connection);
            return Ok(ReadOutcome::Done);
        };
        let mut effects = Vec::new();
        if !self.audience.borrow_mut().set_watch_list(watcher, &list, heard, &mut effects) {
            self.note_unread(watcher, effects);
            return Ok(ReadOutcome::OutOfDate);
        }
        self.with_connection(member.connection, |connection| {
            if let Some(login) = connection.login_mut() {
                login.may_be_superseded = false;
                // A store that was restarted with its data begins an epoch too. Without an epoch, other nodes have
                // ended the connection, perhaps after this read; only a put-back sets it again.
                if login.recorded_in.is_some() && list.recorded_in.is_some() {
                    login.recorded_in = list.recorded_in;
                }
            }
        });
        self.note_unread(watcher, effects);
        let unread = self.waiting.unread.borrow_mut().remove(&watcher).unwrap_or_default();
        let read = self.read_states(&unread, Reader::Viewer(&member.user.id)).await;
        if read.is_err() && self.audience.borrow().member(watcher).is_some() {
            self.waiting.unread.borrow_mut().entry(watcher).or_default().extend(unread);
        }
        // Whoever is not put back yet is read again later. The watch list is complete.
        read?.into_iter().for_each(|user| self.reads.borrow_mut().want_status(user));
        Ok(ReadOutcome::Done)
    }

    /// Puts a connection back into its record, if log entries were missed and other nodes share the directory. Returns
    /// whether the record has the connection.
    async fn put_back(self: &Rc<Self>, watcher: WatcherKey, id: ConnectionId) -> Result<bool, ServiceError> {
        if !self.shared.service.is_in_cluster() {
            return Ok(false);
        }
        let missed = self.with_connection(id, |connection| {
            // An end that waits for an answer has been decided, and a login under way is refused.
            let is_open = connection.ending.is_none();
            connection.login().is_some_and(|login| login.may_be_superseded && login.answered && is_open)
        });
        if self.is_being_logged_out(id) {
            return Err(too_slow());
        }
        let Some(open) = self.open_connection(id).filter(|_| missed == Some(true)) else { return Ok(false) };
        let (local, now) = (self.shared.local(), self.shared.now());
        let outcome = self.in_time(self.shared.service.put_back(&open, local, now)).await;
        self.shared.judge.note(|| format!("  {} of {} is put back: {outcome:?}", id.local, open.user));
        let is_open = self.with_connection(id, |connection| connection.login().is_some());
        if is_open != Some(true) || self.is_being_logged_out(id) {
            // The connection has ended meanwhile, and its end may have come before it was put back.
            self.disconnect(&open.user, id, LinkEnd::Closed).await;
        }
        let PutBack { outcome, rev, recorded_in } = outcome?;
        if outcome == Reasserted::PutBack {
            self.audience.borrow_mut().entered_again(watcher, rev);
        }
        if outcome != Reasserted::Refused {
            self.with_connection(id, |connection| {
                if let Some(login) = connection.login_mut() {
                    login.recorded_in = Some(recorded_in);
                }
            });
        }
        self.shared.judge.count(format!("put back: {outcome:?}"));
        if outcome == Reasserted::Refused
            && let Some(slot) = self.slot(id)
        {
            // The refusal of the next login gives the reason for which this login has ended.
            self.close(slot, None, None);
        }
        Ok(outcome != Reasserted::Refused)
    }

    /// Whether the client has asked to log the device out. If so, a connection that the record has lost is put back
    /// first, so that the logout can end it.
    pub(super) fn is_being_logged_out(&self, id: ConnectionId) -> bool {
        let is = |connection: &mut super::Connection| {
            connection.work == super::Work::LoggingIn
                && connection.login().is_some_and(|login| login.answered)
        };
        self.with_connection(id, is) == Some(true)
    }

    /// Returns an open connection and what this worker knows about its user. Returns `None` if there is no such
    /// connection, or if it is not logged in.
    pub(super) fn open_connection(&self, id: ConnectionId) -> Option<OpenConnection> {
        let (connections, audience) = (self.connections.borrow(), self.audience.borrow());
        let connection = connections.get(super::slot_of(id)).filter(|connection| connection.id == id);
        let login = connection.and_then(|connection| connection.login())?;
        Some(OpenConnection {
            user: login.user.clone(),
            connection: id,
            device: login.device.clone(),
            platform: login.platform,
            login: login.number,
            issued: login.issued,
            recorded_in: login.recorded_in,
            told: audience.ahead_of_newest(&login.user).or(audience.newest(&login.user)).cloned(),
            subscriptions: audience.subscriptions(login.watcher).cloned().collect(),
        })
    }

    /// Handles a connection that, according to the directory, is not the current one of its device. If log entries were
    /// missed, closes the connection as superseded. Otherwise, a log entry will report the cause.
    fn found_superseded(self: &Rc<Self>, watcher: WatcherKey, id: ConnectionId) {
        for waiting in self.waiting.settled.borrow_mut().remove(&watcher).into_iter().flatten() {
            // The send fails if the waiting task has ended.
            let _ = waiting.send(false);
        }
        let missed = self.with_connection(id, |connection| {
            connection.login().is_some_and(|login| login.may_be_superseded)
        });
        if missed != Some(true) {
            return;
        }
        match (self.shared.service.is_in_cluster(), self.slot(id)) {
            (true, Some(slot)) => self.close(slot, None, None),
            (true, None) => {}
            (false, _) => self.close_superseded(id),
        }
    }

    fn after_watch_list(&self, watcher: WatcherKey) {
        if self.reads.borrow().wants_watch_list(watcher) {
            return;
        }
        for waiting in self.waiting.settled.borrow_mut().remove(&watcher).into_iter().flatten() {
            // The send fails if the waiting task has ended.
            let _ = waiting.send(true);
        }
        // A notification of removals from the subscription list may have waited for this read.
        if let Some(slot) = self.slot_of_watcher(watcher) {
            self.deliver(slot);
        }
    }

    /// Handles the effects of joining, or of setting a watch list. Statuses that must be read are read together with
    /// the watch list of the connection. Changes of the subscription list are recorded.
    pub(super) fn note_unread(&self, watcher: WatcherKey, effects: Vec<Effect>) {
        let mut unread = Vec::new();
        for effect in effects {
            match effect {
                Effect::Read(user) => unread.push(user),
                Effect::ListChanged { watcher, subscribed, unsubscribed } => {
                    self.note_list_change(watcher, &subscribed, &unsubscribed);
                }
                // Joining and setting a watch list cause only the two effects above.
                Effect::Close { .. }
                | Effect::AppChanged(_)
                | Effect::Lists { .. }
                | Effect::RereadLists(_)
                | Effect::FriendProfile { .. }
                | Effect::Reload(_) => {}
            }
        }
        self.waiting.unread.borrow_mut().entry(watcher).or_default().append(&mut unread);
    }

    /// Reads the statuses of users for `reader`. Stores each newer status in the hub, and marks the user in the
    /// watchers' mailboxes. Returns the users who must be read again, because a connection of theirs is not put back yet.
    pub(super) async fn read_states(
        &self,
        users: &[User],
        reader: Reader<'_>,
    ) -> Result<Vec<User>, ServiceError> {
        let Some(any) = users.first() else { return Ok(Vec::new()) };
        let ids: Vec<UserId> = users.iter().map(|user| user.id.clone()).collect();
        let now = self.shared.now();
        let statuses = self.shared.service.watched_statuses(any, &ids, reader, now);
        let statuses = self.in_time(statuses).await?;
        let mut audience = self.audience.borrow_mut();
        let mut unread = Vec::new();
        for (status, restrictions) in statuses.into_iter().flatten() {
            let user = User::new(APP, status.user_id.clone());
            if self.shared.service.is_in_cluster() && audience.is_before_put_back(&user, &status) {
                unread.push(user);
                continue;
            }
            audience.tell(&user, &status, restrictions.as_ref());
            self.note_restrictions_of(&user, status.version, restrictions.as_ref());
        }
        Ok(unread)
    }

    /// Waits until the watch list of a new connection is set and its statuses are read. Returns `false` if the device
    /// has another connection at that time.
    ///
    /// If the login has returned a watch list, it is passed as `list`, and is read again only if it is out of date.
    pub(super) async fn settle(self: &Rc<Self>, watcher: WatcherKey, list: Option<WatchList>) -> bool {
        if let Some(brought) = list.zip(self.audience.borrow().lists_heard(watcher)) {
            self.shared.judge.count("a login brought its watch list");
            self.waiting.brought.borrow_mut().insert(watcher, brought);
        }
        let settled = self.wait_for_watch_list(watcher);
        self.reads.borrow_mut().want_watch_list(watcher, Urgency::Waited);
        self.read_what_is_wanted();
        settled.await.unwrap_or(false)
    }

    fn wait_for_watch_list(&self, watcher: WatcherKey) -> oneshot::Receiver<bool> {
        let (settled, waiting) = oneshot::channel();
        self.waiting.settled.borrow_mut().entry(watcher).or_default().push(settled);
        waiting
    }

    /// Waits until the watch list of a connection includes every change that was made before this call.
    pub(super) async fn settled(self: &Rc<Self>, watcher: WatcherKey) {
        let (heard, waiting) = oneshot::channel();
        self.waiting.heard.borrow_mut().push(heard);
        self.wake.notify_one();
        let mut gone = waiting.await.is_err();
        while !gone && self.reads.borrow().wants_watch_list(watcher) {
            self.reads.borrow_mut().hurry(watcher);
            let waiting = self.wait_for_watch_list(watcher);
            self.read_what_is_wanted();
            gone = waiting.await.is_err();
        }
    }

    /// Wakes the tasks that wait until the worker has read all log entries that have arrived.
    pub(super) fn all_heard(&self) {
        for waiting in self.waiting.heard.take() {
            // The send fails if the waiting task has ended.
            let _ = waiting.send(());
        }
    }

    /// Requests a new read of everything from the stores, because log entries were missed.
    pub(in crate::overlap) fn read_everything_again(&self) {
        self.lists_heard.borrow_mut().miss();
        for (_, connection) in &mut *self.connections.borrow_mut() {
            if let Some(login) = connection.login_mut() {
                login.may_be_superseded = true;
            }
        }
        let members: Vec<WatcherKey> = {
            let mut audience = self.audience.borrow_mut();
            // A watch list whose read is in progress may be older than the missed entries.
            audience.count_missed();
            audience.members().map(|(watcher, _)| watcher).collect()
        };
        for watcher in members {
            self.reads.borrow_mut().want_watch_list(watcher, Urgency::Background);
        }
        let mut users: Vec<User> = self.audience.borrow().users().cloned().collect();
        users.sort_unstable();
        users.into_iter().for_each(|user| self.reads.borrow_mut().want_status(user));
    }

    /// Removes the requested reads of an ended connection, and the tasks that wait for these reads.
    pub(super) fn forget_reads(&self, watcher: WatcherKey) {
        self.reads.borrow_mut().forget(watcher);
        self.waiting.settled.borrow_mut().remove(&watcher);
        self.waiting.brought.borrow_mut().remove(&watcher);
        self.waiting.unread.borrow_mut().remove(&watcher);
    }

    /// Waits for a call to the stores. Returns an error after the time limit.
    pub(super) async fn in_time<T>(
        &self,
        call: impl Future<Output = Result<T, ServiceError>>,
    ) -> Result<T, ServiceError> {
        let clock: &Arc<Clock> = self.shared.executor.clock();
        tokio::select! {
            biased;
            done = call => done,
            () = clock.sleep(STORE_PATIENCE) => Err(too_slow()),
        }
    }
}

/// The error of a call that has exceeded the time limit.
pub(super) fn too_slow() -> ServiceError {
    Refusal::because(Code::INTERNAL, "the server was too slow").into()
}
