//! Executes the reads that [`StoreReads`](super::store_reads::StoreReads) requests.

use super::Worker;
use super::lists_delivery::ask_to_reload;
use crate::causes::WithCauses;
use lamplight_core::WatcherKey;
use lamplight_model::{AppId, Code, ConnectionId, Refusal, User, UserId};
use lamplight_service::{Effect, ReadCall, ReadOutcome, Reader, ServiceError, Urgency, WatchList};
use smallvec::SmallVec;
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

/// The time limit for a call to the stores. After this time, the call may or may not have been carried out.
pub const STORE_PATIENCE: Duration = Duration::from_secs(5);

impl Worker {
    /// Starts the requested reads, up to the limit on concurrent reads.
    pub(super) fn read_what_is_wanted(self: &Rc<Self>) {
        loop {
            let now = self.shared.clock.now().moment;
            let Some(mut call) = self.reads.next(now) else { return };
            // If a part of the store does not answer, the users of the other parts must not wait for it.
            let later = call.split_off(|user| self.shared.service.is_connected_to(user));
            if !later.is_empty() {
                self.metrics.failed_reads.inc();
                self.reads.put_off(&later, now);
            }
            let worker = Rc::clone(self);
            self.start(async move {
                let outcome = worker.read(&call).await;
                worker.reads.ended(&call, outcome, worker.shared.clock.now().moment);
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
            ReadCall::ListsStates(users) => self.read_lists_states(users).await.map(|()| ReadOutcome::Done),
        };
        match done {
            Ok(outcome) => outcome,
            // If the app was deleted, no client is notified.
            Err(ServiceError::Refused(refusal)) if refusal.code == Code::NO_SUCH_APP => ReadOutcome::Done,
            Err(error) => {
                self.metrics.failed_reads.inc();
                tracing::warn!(error = %WithCauses(&error), "a read failed and will be retried");
                ReadOutcome::Failed
            }
        }
    }

    async fn read_watch_list(self: &Rc<Self>, watcher: WatcherKey) -> Result<ReadOutcome, ServiceError> {
        let service = &self.shared.service;
        let Some(member) = self.audience.borrow().member(watcher) else {
            return Ok(ReadOutcome::Done);
        };
        let Some(heard) = self.audience.borrow().lists_heard(watcher) else { return Ok(ReadOutcome::Done) };
        let (list, heard) = match self.reads.take_brought(watcher) {
            Some((list, heard)) => (Some(list), heard),
            None => (in_time(service.watch_list(&member.user, member.connection)).await?, heard),
        };
        let Some(list) = list else {
            if self.put_back(watcher, member.connection).await? {
                return Ok(ReadOutcome::OutOfDate);
            }
            self.found_superseded(watcher, member.connection);
            return Ok(ReadOutcome::Done);
        };
        if self.record_lacks_change(member.connection, list.version)
            && self.put_back(watcher, member.connection).await?
        {
            return Ok(ReadOutcome::OutOfDate);
        }
        let mut effects = Vec::new();
        if !self.audience.borrow_mut().set_watch_list(watcher, &list, heard, &mut effects) {
            self.note_unread(watcher, effects);
            return Ok(ReadOutcome::OutOfDate);
        }
        self.connections.with(member.connection, |connection| {
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
        let unread = self.reads.take_unread(watcher);
        let read = self.read_states(&unread, Reader::Viewer(&member.user.id)).await;
        if read.is_err() && self.audience.borrow().member(watcher).is_some() {
            self.reads.note_unread(watcher, unread);
        }
        // These users have a connection that is not put back yet, so their statuses are read again later. The watch
        // list itself is complete.
        read?.into_iter().for_each(|user| self.reads.want_status(user));
        Ok(ReadOutcome::Done)
    }

    /// Handles a connection that another connection of the device has replaced in the directory. If log entries were
    /// missed, closes the replaced connection. Otherwise a log entry reports the replacement.
    fn found_superseded(self: &Rc<Self>, watcher: WatcherKey, id: ConnectionId) {
        self.reads.watch_list_is_settled(watcher, false);
        let missed = self
            .connections
            .with(id, |connection| connection.login().is_some_and(|login| login.may_be_superseded));
        if missed != Some(true) {
            return;
        }
        match self.shared.service.is_in_cluster() {
            true => self.ask_to_reconnect(id),
            false => self.close_superseded(id),
        }
    }

    fn after_watch_list(&self, watcher: WatcherKey) {
        if self.reads.wants_watch_list(watcher) {
            return;
        }
        self.reads.watch_list_is_settled(watcher, true);
        // Changes of the subscription list may have been waiting for this read.
        if let Some(slot) = self.slot_of_watcher(watcher) {
            self.connections.flush_later(slot);
        }
    }

    /// Records the users whose statuses `effects` requests. Their statuses are read together with the watch list of the
    /// connection. Also records the changes of the connection's subscription list.
    pub(super) fn note_unread(&self, watcher: WatcherKey, effects: Vec<Effect>) {
        let mut unread = Vec::new();
        for effect in effects {
            match effect {
                Effect::Read(user) => unread.push(user),
                Effect::ListChanged { watcher, subscribed, unsubscribed } => {
                    self.note_list_change(watcher, &subscribed, &unsubscribed);
                }
                // `join` and setting a list return no other effects.
                Effect::Close { .. }
                | Effect::AppChanged(_)
                | Effect::Lists { .. }
                | Effect::RereadLists(_)
                | Effect::FriendProfile { .. }
                | Effect::Reload(_) => {}
            }
        }
        self.reads.note_unread(watcher, unread);
    }

    /// Reads the statuses of users for `reader`. Stores each newer status in the hub, and marks it for the watchers.
    /// Returns the users who must be read again, because one of their connections is not put back yet.
    pub(super) async fn read_states(
        &self,
        users: &[User],
        reader: Reader<'_>,
    ) -> Result<Vec<User>, ServiceError> {
        let is_in_cluster = self.shared.service.is_in_cluster();
        let mut unread = Vec::new();
        let mut by_app: BTreeMap<AppId, (&User, Vec<UserId>)> = BTreeMap::new();
        for user in users {
            by_app.entry(user.app).or_insert_with(|| (user, Vec::new())).1.push(user.id.clone());
        }
        for (any, ids) in by_app.into_values() {
            let now = self.shared.clock.now();
            let statuses = self.shared.service.watched_statuses(any, &ids, reader, now);
            let statuses = in_time(statuses).await?;
            let mut audience = self.audience.borrow_mut();
            for (status, restrictions) in statuses.into_iter().flatten() {
                let user = User::new(any.app, status.user_id.clone());
                if is_in_cluster && audience.is_before_put_back(&user, &status) {
                    unread.push(user);
                    continue;
                }
                audience.tell(&user, &status, restrictions.as_ref());
            }
        }
        Ok(unread)
    }

    async fn read_lists_states(self: &Rc<Self>, users: &[User]) -> Result<(), ServiceError> {
        let wanted = self.reads.take_wanted_lists(users);
        let asked = wanted.iter().map(|(user, _)| user.clone()).collect();
        let states = in_time(self.shared.service.lists_states_of(asked)).await;
        match states {
            Ok(states) => {
                for ((user, wanted), state) in wanted.into_iter().zip(states) {
                    let version = state.map_or(0, |state| state.version);
                    for login in wanted.logins {
                        // The requesting task may have ended.
                        let _ = login.send(version);
                    }
                    if wanted.reload {
                        let connections: SmallVec<[ConnectionId; 2]> =
                            self.audience.borrow().connections_of(&user).collect();
                        connections.into_iter().for_each(|id| ask_to_reload(&self.connections, id, version));
                    }
                }
                Ok(())
            }
            Err(error) => {
                self.reads.put_wanted_lists_back(wanted);
                Err(error)
            }
        }
    }

    /// Waits until the watch list of a new connection is set and its statuses are read. Returns `false` if the
    /// connection is no longer the device's current one. `list` is the watch list from the login, if there is one. The
    /// worker then reads the watch list from the stores only if `list` is out of date.
    pub(super) async fn settle(self: &Rc<Self>, watcher: WatcherKey, list: Option<WatchList>) -> bool {
        if let Some((list, heard)) = list.zip(self.audience.borrow().lists_heard(watcher)) {
            self.reads.bring_watch_list(watcher, list, heard);
        }
        let settled = self.reads.wait_for_watch_list(watcher);
        self.reads.want_watch_list(watcher, Urgency::Waited);
        self.read_what_is_wanted();
        settled.await.unwrap_or(false)
    }

    /// Waits until the connection's watch list includes every change that was made before this call.
    pub(super) async fn settled(self: &Rc<Self>, watcher: WatcherKey) {
        let waiting = self.reads.wait_for_log();
        self.wake.notify_one();
        let mut gone = waiting.await.is_err();
        while !gone && self.reads.wants_watch_list(watcher) {
            self.reads.hurry(watcher);
            let waiting = self.reads.wait_for_watch_list(watcher);
            self.read_what_is_wanted();
            gone = waiting.await.is_err();
        }
    }

    /// Reads the current version of a user's lists; 0 if there is no such account.
    pub(super) async fn lists_version(self: &Rc<Self>, user: &User) -> Result<u64, ServiceError> {
        let answered = self.reads.want_lists_version(user);
        self.read_what_is_wanted();
        Ok(answered.await.map_err(|_| Code::INTERNAL)?)
    }

    /// Requests all watched statuses and lists again, because a part of the change log was missed.
    pub(super) fn read_everything_again(&self) {
        tracing::warn!(
            worker = self.index,
            "a part of the change log was missed; reading all watched users again"
        );
        self.lists_heard.borrow_mut().miss();
        for (_, connection) in &mut *self.connections.borrow_mut() {
            if let Some(login) = connection.login_mut() {
                login.may_be_superseded = true;
            }
        }
        let members: Vec<(WatcherKey, User)> = {
            let mut audience = self.audience.borrow_mut();
            // A list that is being read now may not have the missed changes.
            audience.count_missed();
            audience.members().map(|(watcher, member)| (watcher, member.user)).collect()
        };
        for (watcher, user) in members {
            self.reads.want_watch_list(watcher, Urgency::Background);
            self.reads.reread_lists(&user);
        }
        let audience = self.audience.borrow();
        audience.users().for_each(|user| self.reads.want_status(user.clone()));
    }
}

/// Returns an error if a store call takes longer than `STORE_PATIENCE`.
pub async fn in_time<T>(call: impl Future<Output = Result<T, ServiceError>>) -> Result<T, ServiceError> {
    tokio::time::timeout(STORE_PATIENCE, call).await.unwrap_or_else(|_| Err(too_slow()))
}

/// Makes the refusal of a call that took too long.
pub fn too_slow() -> ServiceError {
    let why = "the server took too long; the call may or may not have been carried out";
    Refusal::because(Code::INTERNAL, why).into()
}
