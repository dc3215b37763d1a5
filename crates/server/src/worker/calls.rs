//! The calls of a logged-in client about statuses and subscriptions (SPEC section 3).

use super::Worker;
use super::reads::in_time;
use lamplight_core::{WatcherKey, notifications};
use lamplight_model::{Code, ConnectionId, User, UserId, UserStatus};
use lamplight_service::{By, Effect, OwnListChange, Reader, ServiceError};
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::server_message::Body;
use std::rc::Rc;

/// The client that makes a call. After each await, its connection may be closed.
pub struct Caller {
    pub worker: Rc<Worker>,
    pub id: ConnectionId,
    pub user: User,
    pub watcher: WatcherKey,
}

impl Caller {
    /// Executes a call, and sends the answer.
    pub async fn answer(self, request_id: u64, request: Request) {
        let answer = in_time(self.call(request)).await;
        if answer.is_err() {
            let mut effects = Vec::new();
            self.worker.audience.borrow_mut().release(self.watcher, &mut effects);
            self.worker.apply(effects);
            self.own_list_not_answered();
        }
        self.worker.answer(self.id, request_id, answer);
    }

    /// Executes a call of a logged-in user (SPEC section 3).
    async fn call(&self, request: Request) -> Result<Body, ServiceError> {
        let Self { worker, id, user, watcher } = self;
        let (id, watcher) = (*id, *watcher);
        let service = &worker.shared.service;
        let now = worker.shared.clock.now();
        match request {
            Request::SetSelfStatus(request) => {
                let v1::SetSelfStatusRequest { custom_status, expires_in } = &request;
                let by = By::Client(id);
                let status = service.set_custom_status(user, custom_status, *expires_in, by, now).await?;
                // A node without a cluster does not lose live records while it runs.
                if service.is_in_cluster() {
                    worker.audience.borrow_mut().answered_own_change(user, &status);
                }
                let status = Some(self.newest(&status));
                Ok(Body::SetSelfStatus(v1::SetSelfStatusResponse { status }))
            }
            Request::GetUserStatus(request) => {
                let queried = service.get_user_status(user, &request.user_ids, now).await?;
                let newest = |status| self.newest(status);
                Ok(Body::GetUserStatus(v1::GetUserStatusResponse {
                    statuses: queried.statuses.iter().map(newest).collect(),
                    failures: failures(queried.failures),
                }))
            }
            Request::SubscribeUserStatus(request) => {
                let done = service.subscribe_user_status(user, &request.user_ids, now).await?;
                self.own_list_changed(&done.changes);
                // The answer contains the current status of each user in the request, even of users who were already on
                // the list.
                let users = done.subscribed.iter().map(|id| User::new(user.app, id.clone()));
                worker.read_states(&users.collect::<Vec<_>>(), Reader::Viewer(&user.id)).await?;
                self.know_friends(&done.evicted).await;
                self.own_list_answered(&done.changes);
                let mut audience = worker.audience.borrow_mut();
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
                self.own_list_changed(std::slice::from_ref(&done.change));
                self.know_friends(removed).await;
                self.own_list_answered(std::slice::from_ref(&done.change));
                let not_watched = worker.audience.borrow().not_watched(watcher, removed);
                Ok(Body::UnsubscribeUserStatus(v1::UnsubscribeUserStatusResponse {
                    failures: failures(done.failures),
                    not_watched: not_watched.iter().map(UserId::to_string).collect(),
                }))
            }
            Request::GetSubscriptions(_) => {
                let (list, limit) = service.get_subscriptions(user, now).await?;
                self.list_answered(&list);
                let user_ids = list.iter().map(UserId::to_string).collect();
                Ok(Body::GetSubscriptions(v1::GetSubscriptionsResponse { user_ids, limit: limit.into() }))
            }
            request @ (Request::SetSelfInfo(_)
            | Request::GetUsersInfo(_)
            | Request::GetFriendList(_)
            | Request::AddFriend(_)
            | Request::DeleteFriends(_)
            | Request::SetFriendRemark(_)
            | Request::SetVisibility(_)
            | Request::GetBlockList(_)
            | Request::BlockUsers(_)
            | Request::UnblockUsers(_)
            | Request::SendMessage(_)
            | Request::GetHistory(_)
            | Request::GetConversationList(_)
            | Request::MarkRead(_)
            | Request::PinConversation(_)
            | Request::DeleteConversation(_)) => self.call_for_lists(request).await,
            Request::Login(_) | Request::Logout(_) | Request::Heartbeat(_) => unreachable!("handled before"),
        }
    }

    /// Records the difference between the subscription list in an answer and the worker's copy of the list. Either of
    /// them may be the newer one.
    fn list_answered(&self, list: &[UserId]) {
        let audience = self.worker.audience.borrow();
        self.worker.connections.with(self.id, |connection| {
            if let Some(login) = connection.login_mut() {
                let mut difference = login.list_difference.take().unwrap_or_default();
                difference.answered_list(list, audience.subscriptions(self.watcher));
                login.list_difference = (!difference.is_empty()).then_some(difference);
            }
        });
    }

    /// Returns the status to put into an answer. If the connection was already sent a newer status than `status`,
    /// returns the newer one.
    fn newest(&self, status: &UserStatus) -> v1::UserStatus {
        let of = User::new(self.user.app, status.user_id.clone());
        match self.worker.audience.borrow_mut().answer(self.watcher, &of, status.version) {
            Some(newer) => newer.0.message(),
            None => status.into(),
        }
    }

    /// Applies this connection's own changes of its subscription list, and stores them until an answer reports them.
    fn own_list_changed(&self, changes: &[OwnListChange]) {
        let mut effects = Vec::new();
        for change in changes {
            self.worker.audience.borrow_mut().change_own_list(self.watcher, change, &mut effects);
        }
        // No status is requested here, because the answer reads the statuses of the new users.
        effects.retain(|effect| matches!(effect, Effect::Reload(_)));
        self.worker.apply(effects);
        self.worker.connections.with(self.id, |connection| {
            if let Some(login) = connection.login_mut() {
                login.own_changes = (!changes.is_empty()).then(|| Box::new(changes.to_vec()));
            }
        });
    }

    /// Records that an answer reports the connection's own changes of its subscription list. If another device has
    /// undone one of them, the client is notified of this after the answer.
    fn own_list_answered(&self, changes: &[OwnListChange]) {
        let audience = self.worker.audience.borrow();
        self.worker.connections.with(self.id, |connection| {
            let Some(login) = connection.login_mut() else { return };
            login.own_changes = None;
            for change in changes {
                let (gone, back) = audience.undone(self.watcher, change);
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

    /// Sends the connection its own list changes as if another device had made them. The call failed after these
    /// changes, so no answer reports them.
    fn own_list_not_answered(&self) {
        let changes = self
            .worker
            .connections
            .with(self.id, |connection| connection.login_mut().map(|login| login.own_changes.take()));
        for change in changes.flatten().flatten().map(|changes| *changes).unwrap_or_default() {
            let audience = self.worker.audience.borrow();
            let (gone, back) = audience.undone(self.watcher, &change);
            drop(audience);
            let still = |users: Vec<UserId>, undone: &[UserId]| -> Vec<UserId> {
                users.into_iter().filter(|user| !undone.contains(user)).collect()
            };
            let (subscribed, left) = (still(change.subscribed, &gone), still(change.unsubscribed, &back));
            self.worker.note_list_change(self.watcher, &subscribed, &left);
        }
    }

    /// Reads the friends of the connection's user again. Call this before an answer says that users are no longer
    /// watched, because one of these users may have become a friend.
    async fn know_friends(&self, left: &[UserId]) {
        let app = self.worker.shared.service.apps().get(self.user.app);
        if !left.is_empty() && app.is_some_and(|app| notifications(&app.settings).friends) {
            self.worker.settled(self.watcher).await;
        }
    }
}

fn failures(failures: Vec<(UserId, Code)>) -> Vec<v1::Failure> {
    let failure =
        |(user, code): (UserId, Code)| v1::Failure { user_id: user.to_string(), code: code.number() };
    failures.into_iter().map(failure).collect()
}
