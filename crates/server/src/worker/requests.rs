//! The requests of a logged-in client.

use super::connection::{Connection, Ending};
use super::{Worker, slot_of};
use crate::metrics::CodeLabel;
use futures_util::FutureExt;
use lamplight_core::WatcherKey;
use lamplight_model::{Code, ConnectionId, Refusal, User, UserId};
use lamplight_service::{By, ServiceError};
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
                    let body = Some(Body::Heartbeat(v1::Heartbeat {}));
                    self.put(slot, &v1::ServerMessage { id: request_id, body });
                }
            }
            (None, _) => {
                let why = "a request that this server does not know";
                self.refuse(slot, request_id, &Refusal::because(Code::INVALID_PARAMETER, why));
            }
            (Some(Request::Login(request)), None) => {
                self.run(slot, worker.log_in(id, request_id, request));
            }
            (Some(Request::Login(request)), Some(_)) => self.run(slot, worker.renew(id, request_id, request)),
            (Some(_), None) => self.refuse(slot, request_id, &Code::NOT_LOGGED_IN.into()),
            (Some(Request::Logout(_)), Some(_)) => self.run(slot, worker.log_out(id, request_id)),
            (Some(request), Some((user, watcher))) => {
                self.run(slot, async move {
                    let answer = worker.call(&user, id, watcher, request).await;
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
                Ok(Body::SetSelfStatus(v1::SetSelfStatusResponse { status: Some((&status).into()) }))
            }
            Request::GetUserStatus(request) => {
                let queried = service.get_user_status(user, &request.user_ids, now).await?;
                let mut audience = self.audience.borrow_mut();
                for status in &queried.statuses {
                    // An answer tells as much as a notification does.
                    audience.seen(watcher, &User::new(user.app, status.user_id.clone()), status.version);
                }
                Ok(Body::GetUserStatus(v1::GetUserStatusResponse {
                    statuses: queried.statuses.iter().map(v1::UserStatus::from).collect(),
                    failures: failures(queried.failures),
                }))
            }
            Request::SubscribeUserStatus(request) => {
                let done = service.subscribe_user_status(user, &request.user_ids, now).await?;
                let not_watched = self.audience.borrow_mut().change_own_list(
                    watcher,
                    &done.subscribed,
                    &done.evicted,
                    &mut Vec::new(),
                );
                // New or renewed, the answer carries the present of each.
                let users = done.subscribed.iter().map(|id| User::new(user.app, id.clone()));
                self.read_states(users.collect()).await?;
                let mut audience = self.audience.borrow_mut();
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
                let (removed, failed) = service.unsubscribe_user_status(user, &request.user_ids, now).await?;
                let not_watched =
                    self.audience.borrow_mut().change_own_list(watcher, &[], &removed, &mut Vec::new());
                Ok(Body::UnsubscribeUserStatus(v1::UnsubscribeUserStatusResponse {
                    failures: failures(failed),
                    not_watched: not_watched.iter().map(UserId::to_string).collect(),
                }))
            }
            Request::GetSubscriptions(_) => {
                let (list, limit) = service.get_subscriptions(user, now).await?;
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

    /// Runs the answering of a request; the connection is busy until [`Worker::answer`].
    fn run(self: &Rc<Self>, slot: usize, work: impl Future<Output = ()> + 'static) {
        self.connections.borrow_mut()[slot].busy = true;
        let worker = Rc::clone(self);
        self.start(async move {
            if AssertUnwindSafe(work).catch_unwind().await.is_err() {
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
        let slot = slot_of(id);
        self.metrics.requests.inc();
        match answer {
            Ok(body) => {
                if request_id != 0 {
                    self.put(slot, &v1::ServerMessage { id: request_id, body: Some(body) });
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
            connection.busy = false;
            if !connection.stream.is_blocked() {
                // Now, and not at the end of the round: by then the next request may be under way.
                let mut output = std::mem::take(&mut connection.output);
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

    /// Tells of a "no".
    pub(super) fn refuse(&self, slot: usize, request_id: u64, refusal: &Refusal) {
        self.metrics.refusals.get_or_create(&CodeLabel { code: refusal.code.number() }).inc();
        let body = Some(Body::Refusal(refusal.clone().into()));
        self.put(slot, &v1::ServerMessage { id: request_id, body });
    }

    /// A whole frame was no message. The next one may be one, so the connection stays.
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
