//! The requests of a logged-in client.

use super::Worker;
use super::connection::{Connection, Ending, Work};
use super::reads::in_time;
use crate::labels::CodeLabel;
use futures_util::FutureExt;
use lamplight_core::{WatcherKey, notifications};
use lamplight_model::{AppId, Code, ConnectionId, Refusal, User, UserId, UserStatus};
use lamplight_service::{By, Effect, OwnListChange, ServiceError};
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::server_message::Body;
use lamplight_wire::{Unreadable, v1};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;

impl Worker {
    /// Handles one message. The next one of the connection is read when it is answered.
    pub(super) fn handle(self: &Rc<Self>, slot: usize, message: v1::ClientMessage) {
        let request_id = message.id;
        let (id, login) = {
            let connections = self.connections.borrow();
            let connection = &connections[slot];
            (connection.id, connection.login().map(|login| (login.user.clone(), login.watcher)))
        };
        let worker = Rc::clone(self);
        match (message.body, login) {
            (Some(Request::Heartbeat(_)), _) => {
                if request_id != 0 {
                    let reconnect_spread_ms = self.reconnect_spread_ms();
                    let body = Some(Body::Heartbeat(v1::Heartbeat { reconnect_spread_ms }));
                    self.put(slot, &v1::ServerMessage { id: request_id, body });
                }
            }
            (None, _) => {
                let why = "a request that this server does not know";
                self.refuse(slot, request_id, &Refusal::because(Code::INVALID_PARAMETER, why));
            }
            (Some(Request::Login(request)), None) => {
                self.run(slot, Work::LoggingIn, worker.log_in(id, request_id, request));
            }
            (Some(Request::Login(request)), Some(_)) => {
                self.run(slot, Work::Answering, worker.renew(id, request_id, request))
            }
            (Some(_), None) => self.refuse(slot, request_id, &Code::NOT_LOGGED_IN.into()),
            (Some(Request::Logout(_)), Some(_)) => {
                self.run(slot, Work::LoggingIn, worker.log_out(id, request_id))
            }
            (Some(request), Some((user, watcher))) => {
                self.run(slot, Work::Answering, async move {
                    let answer = in_time(worker.call(&user, id, watcher, request)).await;
                    if answer.is_err() {
                        let mut effects = Vec::new();
                        worker.audience.borrow_mut().release(watcher, &mut effects);
                        worker.apply(effects);
                        worker.own_list_not_answered(id, watcher);
                    }
                    worker.answer(id, request_id, answer);
                });
            }
        }
    }

    /// The calls that a user makes while logged in (SPEC section 3).
    async fn call(
        self: &Rc<Self>,
        user: &User,
        id: ConnectionId,
        watcher: WatcherKey,
        request: Request,
    ) -> Result<Body, ServiceError> {
        let service = &self.shared.service;
        let now = self.shared.clock.now();
        match request {
            Request::SetSelfStatus(request) => {
                let (text, by) = (&request.custom_status, By::Client(id));
                let status = service.set_custom_status(user, text, by, now).await?;
                let status = Some(self.newest(watcher, user.app, &status));
                Ok(Body::SetSelfStatus(v1::SetSelfStatusResponse { status }))
            }
            Request::GetUserStatus(request) => {
                let queried = service.get_user_status(user, &request.user_ids, now).await?;
                let newest = |status| self.newest(watcher, user.app, status);
                Ok(Body::GetUserStatus(v1::GetUserStatusResponse {
                    statuses: queried.statuses.iter().map(newest).collect(),
                    failures: failures(queried.failures),
                }))
            }
            Request::SubscribeUserStatus(request) => {
                let done = service.subscribe_user_status(user, &request.user_ids, now).await?;
                self.own_list_changed(id, watcher, &done.changes);
                // The answer carries the current status of each user, whether subscribed newly or again.
                let users = done.subscribed.iter().map(|id| User::new(user.app, id.clone()));
                self.read_states(&users.collect::<Vec<_>>()).await?;
                self.know_friends(user, watcher, &done.evicted).await;
                self.own_list_answered(id, watcher, &done.changes);
                let mut audience = self.audience.borrow_mut();
                let not_watched = audience.not_watched(watcher, &done.evicted);
                let statuses = done.subscribed.iter().filter_map(|id| {
                    let state = audience.take(watcher, &User::new(user.app, id.clone()))?;
                    Some(state.0.message())
                });
                Ok(Body::SubscribeUserStatus(v1::SubscribeUserStatusResponse {
                    statuses: statuses.collect(),
                    failures: failures(done.failures),
                    evicted: done.evicted.iter().map(UserId::to_string).collect(),
                    not_watched: not_watched.iter().map(UserId::to_string).collect(),
                }))
            }
            Request::UnsubscribeUserStatus(request) => {
                let done = service.unsubscribe_user_status(user, &request.user_ids, now).await?;
                let removed = &done.change.unsubscribed;
                self.own_list_changed(id, watcher, std::slice::from_ref(&done.change));
                self.know_friends(user, watcher, removed).await;
                self.own_list_answered(id, watcher, std::slice::from_ref(&done.change));
                let not_watched = self.audience.borrow().not_watched(watcher, removed);
                Ok(Body::UnsubscribeUserStatus(v1::UnsubscribeUserStatusResponse {
                    failures: failures(done.failures),
                    not_watched: not_watched.iter().map(UserId::to_string).collect(),
                }))
            }
            Request::GetSubscriptions(_) => {
                let (list, limit) = service.get_subscriptions(user, now).await?;
                self.list_answered(id, watcher, &list);
                let user_ids = list.iter().map(UserId::to_string).collect();
                Ok(Body::GetSubscriptions(v1::GetSubscriptionsResponse { user_ids, limit: limit.into() }))
            }
            request @ (Request::SetSelfInfo(_)
            | Request::GetUsersInfo(_)
            | Request::GetFriendList(_)
            | Request::AddFriend(_)
            | Request::DeleteFriends(_)
            | Request::SetFriendRemark(_)
            | Request::SendMessage(_)
            | Request::GetHistory(_)
            | Request::GetConversationList(_)
            | Request::MarkRead(_)
            | Request::PinConversation(_)
            | Request::DeleteConversation(_)) => self.call_for_lists(user, id, request).await,
            Request::Login(_) | Request::Logout(_) | Request::Heartbeat(_) => unreachable!("handled before"),
        }
    }

    /// Records how the list that an answer returns to the client differs from the list that the worker holds, which may
    /// be older or newer.
    fn list_answered(&self, id: ConnectionId, watcher: WatcherKey, list: &[UserId]) {
        let audience = self.audience.borrow();
        self.with_connection(id, |connection| {
            if let Some(login) = connection.login_mut() {
                let mut difference = login.list_difference.take().unwrap_or_default();
                difference.answered_list(list, audience.subscriptions(watcher));
                login.list_difference = (!difference.is_empty()).then_some(difference);
            }
        });
    }

    /// The status to put into an answer: the given one, or the newer one that the connection was sent while the answer
    /// was under way.
    fn newest(&self, watcher: WatcherKey, app: AppId, status: &UserStatus) -> v1::UserStatus {
        let of = User::new(app, status.user_id.clone());
        match self.audience.borrow_mut().answer(watcher, &of, status.version) {
            Some(newer) => newer.0.message(),
            None => status.into(),
        }
    }

    /// Applies the changes that a call of the connection made to the subscription list, and keeps them until the answer
    /// has reported them.
    fn own_list_changed(self: &Rc<Self>, id: ConnectionId, watcher: WatcherKey, changes: &[OwnListChange]) {
        let mut effects = Vec::new();
        for change in changes {
            self.audience.borrow_mut().change_own_list(watcher, change, &mut effects);
        }
        // The answer reads the statuses of the new users.
        effects.retain(|effect| matches!(effect, Effect::Reload(_)));
        self.apply(effects);
        self.with_connection(id, |connection| {
            if let Some(login) = connection.login_mut() {
                login.own_changes = changes.into();
            }
        });
    }

    /// The answer to a call reports how the call changed the subscription list. Later changes of the same entries by
    /// another device are recorded, to be sent after the answer.
    fn own_list_answered(&self, id: ConnectionId, watcher: WatcherKey, changes: &[OwnListChange]) {
        let audience = self.audience.borrow();
        self.with_connection(id, |connection| {
            let Some(login) = connection.login_mut() else { return };
            login.own_changes = Box::default();
            for change in changes {
                let (gone, back) = audience.undone(watcher, change);
                if let Some(difference) = &mut login.list_difference {
                    difference.answered(&change.subscribed);
                    difference.answered(&change.unsubscribed);
                }
                if !gone.is_empty() || !back.is_empty() {
                    login.list_difference.get_or_insert_default().add(&back, &gone);
                }
            }
        });
    }

    /// The call failed, so its answer cannot report its changes to the subscription list. Sends them as if another
    /// device had made them.
    fn own_list_not_answered(&self, id: ConnectionId, watcher: WatcherKey) {
        let changes = self.with_connection(id, |connection| {
            connection.login_mut().map(|login| std::mem::take(&mut login.own_changes))
        });
        for change in changes.flatten().unwrap_or_default() {
            let audience = self.audience.borrow();
            let (gone, back) = audience.undone(watcher, &change);
            drop(audience);
            let still = |users: Vec<UserId>, undone: &[UserId]| -> Vec<UserId> {
                users.into_iter().filter(|user| !undone.contains(user)).collect()
            };
            let (subscribed, left) = (still(change.subscribed, &gone), still(change.unsubscribed, &back));
            self.note_list_change(watcher, &subscribed, &left);
        }
    }

    /// Brings the set of friends that a connection watches up to date, before an answer reports users as no longer
    /// watched: a user may have become a friend a moment ago.
    async fn know_friends(self: &Rc<Self>, user: &User, watcher: WatcherKey, left: &[UserId]) {
        let app = self.shared.service.apps().get(user.app);
        if !left.is_empty() && app.is_some_and(|app| notifications(&app.settings).friends) {
            self.settled(watcher).await;
        }
    }

    /// Runs the handling of a request; the connection is busy until [`Worker::answer`].
    fn run(self: &Rc<Self>, slot: usize, work: Work, doing: impl Future<Output = ()> + 'static) {
        let id = {
            let connection = &mut self.connections.borrow_mut()[slot];
            connection.work = work;
            connection.id
        };
        let worker = Rc::clone(self);
        self.start(async move {
            if AssertUnwindSafe(doing).catch_unwind().await.is_err()
                && let Some(slot) = worker.slot(id)
            {
                worker.abandon(slot);
            }
        });
    }

    /// Answers a request, and lets the connection go on.
    pub(super) fn answer(
        self: &Rc<Self>,
        id: ConnectionId,
        request_id: u64,
        answer: Result<Body, ServiceError>,
    ) {
        let put = |slot: usize, body| self.put(slot, &v1::ServerMessage { id: request_id, body: Some(body) });
        self.answer_by(id, request_id, answer, put);
    }

    /// Answers a request with what `put` appends to the output, and lets the connection go on.
    pub(super) fn answer_by<T>(
        self: &Rc<Self>,
        id: ConnectionId,
        request_id: u64,
        answer: Result<T, ServiceError>,
        put: impl FnOnce(usize, T),
    ) {
        self.metrics.requests.inc();
        // The slot may belong to another connection by now, which has not asked.
        let Some(slot) = self.slot(id) else { return };
        match answer {
            Ok(body) => {
                if request_id != 0 {
                    put(slot, body);
                }
            }
            Err(error) => {
                if !matches!(error, ServiceError::Refused(_)) {
                    tracing::error!(%error, source = ?std::error::Error::source(&error), "a request failed");
                }
                self.refuse(slot, request_id, &error.refusal());
            }
        }
        let ending = {
            let mut connections = self.connections.borrow_mut();
            let connection: &mut Connection = &mut connections[slot];
            connection.work = Work::Idle;
            if !connection.stream.is_blocked() {
                // Now, and not at the end of the round: by then the next request may be under way.
                let mut output = std::mem::take(&mut connection.output);
                self.put_list_difference(connection, &mut output);
                self.put_lists(connection, &mut output);
                connection.output = output;
            }
            connection.ending.take()
        };
        match ending {
            Some(Ending::Link(end)) => self.end(slot, end),
            Some(Ending::Said(words, tell_directory)) => self.close(slot, words, tell_directory),
            None => {
                self.flush_later(slot);
                self.look_later(slot);
            }
        }
    }

    /// Answers a request with a refusal, and counts it.
    pub(super) fn refuse(&self, slot: usize, request_id: u64, refusal: &Refusal) {
        self.metrics.refusals.get_or_create(&CodeLabel { code: refusal.code.number() }).inc();
        let body = Some(Body::Refusal(refusal.clone().into()));
        self.put(slot, &v1::ServerMessage { id: request_id, body });
    }

    /// Answers a whole frame that was not a message. The next frame may be one, so the connection stays.
    pub(super) fn refuse_unreadable(&self, slot: usize, message: &Unreadable) {
        tracing::debug!(reason = message.reason, "a message could not be read");
        let detail = format!("the message cannot be read: {}", message.reason);
        self.refuse(slot, message.id, &Refusal::because(Code::INVALID_PARAMETER, detail));
    }
}

fn failures(failures: Vec<(UserId, Code)>) -> Vec<v1::Failure> {
    let failure =
        |(user, code): (UserId, Code)| v1::Failure { user_id: user.to_string(), code: code.number() };
    failures.into_iter().map(failure).collect()
}
