//! The stage of a round that turns a message into its answer: the task of a request, and the work after it.

use super::Worker;
use super::calls::Caller;
use super::connection::{Connection, Ending, Work};
use super::login::LoginTask;
use crate::causes::WithCauses;
use crate::labels::CodeLabel;
use futures_util::FutureExt;
use lamplight_model::{Code, ConnectionId, Refusal};
use lamplight_service::ServiceError;
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::server_message::Body;
use lamplight_wire::{Unreadable, v1};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;

impl Worker {
    /// Handles one message. The connection's next message is read after the answer to this one.
    pub(super) fn handle(self: &Rc<Self>, slot: usize, message: v1::ClientMessage) {
        let request_id = message.id;
        let (id, login) = {
            let connections = self.connections.borrow();
            let connection = &connections[slot];
            (connection.id, connection.login().map(|login| login.watcher))
        };
        let audience = self.audience.borrow();
        let login = login.and_then(|watcher| Some((audience.user_of(watcher)?.clone(), watcher)));
        drop(audience);
        let worker = Rc::clone(self);
        match (message.body, login) {
            (Some(Request::Heartbeat(_)), _) => {
                if request_id != 0 {
                    let reconnect_spread_ms = self.reconnect_spread_ms();
                    let body = Some(Body::Heartbeat(v1::Heartbeat { reconnect_spread_ms }));
                    self.connections.put(slot, &v1::ServerMessage { id: request_id, body });
                }
            }
            (None, _) => {
                let why = "this server does not know the request";
                self.refuse(slot, request_id, &Refusal::because(Code::INVALID_PARAMETER, why));
            }
            (Some(Request::Login(request)), None) => {
                self.run(slot, Work::LoggingIn, LoginTask { worker, id }.log_in(request_id, request));
            }
            (Some(Request::Login(request)), Some(_)) => {
                self.run(slot, Work::Answering, LoginTask { worker, id }.renew(request_id, request));
            }
            (Some(_), None) => self.refuse(slot, request_id, &Code::NOT_LOGGED_IN.into()),
            (Some(Request::Logout(_)), Some(_)) => {
                self.run(slot, Work::LoggingIn, LoginTask { worker, id }.log_out(request_id));
            }
            (Some(request), Some((user, watcher))) => {
                let caller = Caller { worker, id, user, watcher };
                self.run(slot, Work::Answering, caller.answer(request_id, request));
            }
        }
    }

    /// Runs the task of a request. The connection is busy until [`Worker::answer`] is called.
    fn run(self: &Rc<Self>, slot: usize, work: Work, doing: impl Future<Output = ()> + 'static) {
        let id = {
            let connection = &mut self.connections.borrow_mut()[slot];
            connection.work = work;
            connection.id
        };
        let worker = Rc::clone(self);
        self.start(async move {
            if AssertUnwindSafe(doing).catch_unwind().await.is_err()
                && let Some(slot) = worker.connections.slot(id)
            {
                worker.abandon(slot);
            }
        });
    }

    /// Answers a request. The connection is then no longer busy.
    pub(super) fn answer(
        self: &Rc<Self>,
        id: ConnectionId,
        request_id: u64,
        answer: Result<Body, ServiceError>,
    ) {
        let put = |slot: usize, body| {
            self.connections.put(slot, &v1::ServerMessage { id: request_id, body: Some(body) })
        };
        self.answer_by(id, request_id, answer, put);
    }

    /// Answers a request with the bytes that `put` appends to the output. Ends the busy state.
    pub(super) fn answer_by<T>(
        self: &Rc<Self>,
        id: ConnectionId,
        request_id: u64,
        answer: Result<T, ServiceError>,
        put: impl FnOnce(usize, T),
    ) {
        self.metrics.requests.inc();
        // Another connection, which has made no request, may have the slot by now.
        let Some(slot) = self.connections.slot(id) else { return };
        match answer {
            Ok(body) => {
                if request_id != 0 {
                    put(slot, body);
                }
            }
            Err(error) => {
                if !matches!(error, ServiceError::Refused(_)) {
                    tracing::error!(error = %WithCauses(&error), "a request failed");
                }
                self.refuse(slot, request_id, &error.refusal());
            }
        }
        let ending = {
            let mut connections = self.connections.borrow_mut();
            let connection: &mut Connection = &mut connections[slot];
            connection.work = Work::Idle;
            if !connection.stream.is_blocked() {
                // The changes of lists are written here and not at the end of the round, because the next request may
                // be in progress by then.
                let mut output = connection.output.take();
                self.put_list_difference(connection, &mut output);
                self.put_lists(connection, &mut output);
                connection.output.set(output);
            }
            connection.ending.take()
        };
        match ending.map(|ending| *ending) {
            Some(Ending::Link(end)) => self.end(slot, end),
            Some(Ending::Said(words, tell_directory)) => self.close(slot, words, tell_directory),
            None => {
                self.connections.flush_later(slot);
                self.connections.serve_later(slot);
            }
        }
    }

    /// Answers a request with a refusal, and counts the refusal.
    pub(super) fn refuse(&self, slot: usize, request_id: u64, refusal: &Refusal) {
        self.metrics.refusals.get_or_create(&CodeLabel { code: refusal.code.number() }).inc();
        let body = Some(Body::Refusal(refusal.clone().into()));
        self.connections.put(slot, &v1::ServerMessage { id: request_id, body });
    }

    /// Refuses a frame without a valid message. The next frame may be valid, so the connection stays open.
    pub(super) fn refuse_unreadable(&self, slot: usize, message: &Unreadable) {
        tracing::debug!(reason = message.reason, "a message could not be read");
        let detail = format!("the message cannot be read: {}", message.reason);
        self.refuse(slot, message.id, &Refusal::because(Code::INVALID_PARAMETER, detail));
    }
}
