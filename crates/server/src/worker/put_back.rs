//! Puts connections back into live records that no longer have them. Either the directory has lost its data, or other
//! nodes have treated this node as lost.

use super::Worker;
use super::connection::{Work, last_words};
use super::reads::{in_time, too_slow};
use lamplight_core::{LinkEnd, Reasserted, WatcherKey, lacks_change};
use lamplight_model::{ConnectionId, UserStatus, Version};
use lamplight_service::{OpenConnection, PutBack, ServiceError, Urgency};
use lamplight_wire::v1::connection_ended::Cause;
use std::rc::Rc;

impl Worker {
    /// Puts a connection back into its record, if entries of the change log were missed and other nodes share the
    /// directory. Returns whether the record has the connection now.
    pub(super) async fn put_back(
        self: &Rc<Self>,
        watcher: WatcherKey,
        id: ConnectionId,
    ) -> Result<bool, ServiceError> {
        let service = &self.shared.service;
        let missed = self.connections.with(id, |connection| {
            // A connection with an `ending` only waits for an answer before it ends. A login in progress is refused.
            let is_open = connection.ending.is_none();
            connection.login().is_some_and(|login| login.may_be_superseded && login.answered && is_open)
        });
        if !service.is_in_cluster() || missed != Some(true) {
            return Ok(false);
        }
        if self.is_being_logged_out(id) {
            return Err(too_slow());
        }
        let Some(open) = self.open_connection(id) else { return Ok(false) };
        let now = self.shared.clock.now();
        let outcome = in_time(service.put_back(&open, self.shared.clock.local(), now)).await;
        let is_open = self.connections.with(id, |connection| connection.login().is_some());
        if is_open != Some(true) || self.is_being_logged_out(id) {
            // The connection has ended during this call. Its end may have been recorded before the connection was put
            // back.
            self.disconnect(&open.user, id, LinkEnd::Closed, now.wall).await;
        }
        let PutBack { outcome, rev, recorded_in } = outcome?;
        if outcome == Reasserted::PutBack {
            self.audience.borrow_mut().entered_again(watcher, rev);
        }
        if outcome != Reasserted::Refused {
            self.connections.with(id, |connection| {
                if let Some(login) = connection.login_mut() {
                    login.recorded_in = Some(recorded_in);
                }
            });
        }
        if outcome == Reasserted::Refused
            && let Some(slot) = self.connections.slot(id)
        {
            // The refusal of the next login gives the reason for which this login has ended.
            self.close(slot, last_words(Cause::Reconnect, "log in again"), None);
        }
        Ok(outcome != Reasserted::Refused)
    }

    /// Returns `true` if a record of this version lacks a change of its user, although this worker has already sent the
    /// change to a client. Always returns `false` if no entries of the change log were missed.
    pub(super) fn record_lacks_change(&self, id: ConnectionId, recorded: Version) -> bool {
        let missed = self
            .connections
            .with(id, |connection| connection.login().is_some_and(|login| login.may_be_superseded));
        let is_open = missed == Some(true) && self.shared.service.is_in_cluster();
        let told = is_open.then(|| self.open_connection(id)).flatten().and_then(|open| open.told);
        told.is_some_and(|told| lacks_change(recorded, &told))
    }

    /// Handles a connection that other nodes have removed from its record, because they took this node for lost.
    /// Requests a read of the watch list; this read puts the connection back.
    pub(super) fn was_taken_for_lost(&self, watcher: WatcherKey) {
        let id = self.audience.borrow().member(watcher).map(|member| member.connection);
        let Some(id) = id else { return };
        self.connections.with(id, |connection| {
            if let Some(login) = connection.login_mut() {
                login.recorded_in = None;
                login.may_be_superseded = true;
            }
        });
        self.reads.want_watch_list(watcher, Urgency::Background);
    }

    /// Returns an open connection with the data that this worker has of its user; `None` if the connection is not
    /// logged in.
    pub(super) fn open_connection(&self, id: ConnectionId) -> Option<OpenConnection> {
        let audience = self.audience.borrow();
        let open = self.connections.with(id, |connection| {
            let login = connection.login()?;
            let user = audience.user_of(login.watcher)?;
            let newest = || UserStatus::try_from(audience.newest(user)?.0.message()).ok();
            let told = audience.ahead_of_newest(user).cloned().or_else(newest);
            Some(OpenConnection {
                user: user.clone(),
                connection: id,
                device: login.device.clone(),
                platform: login.platform,
                login: login.number,
                issued: login.issued,
                recorded_in: login.recorded_in,
                told,
                subscriptions: audience.subscriptions(login.watcher).cloned().collect(),
            })
        });
        open.flatten()
    }

    fn is_being_logged_out(&self, id: ConnectionId) -> bool {
        let is = self.connections.with(id, |connection| {
            connection.work == Work::LoggingIn && connection.login().is_some_and(|login| login.answered)
        });
        is == Some(true)
    }
}
