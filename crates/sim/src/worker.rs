//! The server's worker without sockets. It reads the change log, executes effects and empties mailboxes.

use crate::answer::Cause;
use crate::step::{Who, user_of, who_is};
use lamplight_core::{EndCause, Told, WatcherKey, notifications};
use lamplight_directory::{Heard, LogEntry};
use lamplight_model::{ConnectionId, Now, User, UserId, UserStatus, Version};
use lamplight_service::{Audience, Effect, Member, OwnListChange, Service, ServiceError, Viewing};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// An event of which a worker notifies its clients.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Notice {
    /// A connection was closed. The cause is `None` if the worker has missed log entries, and then found that the
    /// device has another current connection.
    Closed(u64, Option<Cause>),
    /// Another device changed the subscription list.
    ListChanged { connection: u64, added: Vec<Who>, left: Vec<Who> },
    /// The worker missed log entries, so it read everything again from the stores.
    Missed,
}

/// A worker and its connections.
#[derive(Default)]
pub(crate) struct Worker {
    audience: Audience<UserStatus>,
    connections: BTreeMap<u64, WatcherKey>,
    /// The connections that have marks in their mailboxes, as far as the worker knows.
    ready: BTreeSet<u64>,
    /// The changes of subscription lists that were found by reading the lists again.
    list_changes: Vec<Notice>,
}

impl Worker {
    /// Adds a logged-in connection. `known` has the versions that its client has cached. Returns `false` if the device
    /// has another connection when the call ends.
    pub async fn join(
        &mut self,
        service: &Service,
        who: Who,
        connection: ConnectionId,
        known: &[(Who, Version)],
        now: Now,
    ) -> Result<bool, ServiceError> {
        let mut effects = Vec::new();
        let member = Member::new(user_of(who), connection);
        let watcher = self.audience.join(member, known.len(), &mut effects);
        self.connections.insert(connection.local, watcher);
        let is_current = self.settle(service, watcher, effects, now).await?;
        let seen: Vec<(User, Version)> = known.iter().map(|(of, version)| (user_of(*of), *version)).collect();
        self.audience.known_all(watcher, &seen);
        self.note_touched();
        Ok(is_current)
    }

    /// Removes a connection.
    pub fn leave(&mut self, connection: u64) {
        if let Some(watcher) = self.connections.remove(&connection) {
            self.audience.leave(watcher);
            self.ready.remove(&connection);
        }
    }

    /// Reads all entries of the change log. The world calls this after the worker was woken.
    pub async fn hear(
        &mut self,
        entries: &[Arc<LogEntry>],
        heard: Heard,
        service: &Service,
        now: Now,
    ) -> Result<Vec<Notice>, ServiceError> {
        let (mut effects, mut notices) = (Vec::new(), Vec::new());
        for entry in entries {
            if service.withholds(entry, now) {
                effects.push(Effect::Read(entry.user.clone()));
            } else {
                self.audience.hear(entry, now.moment, &mut effects);
            }
        }
        notices.extend(self.carry_out(service, effects, now).await?);
        match heard {
            Heard::All => {}
            Heard::Missed(_) => {
                notices.push(Notice::Missed);
                let all: Vec<_> = self.connections.iter().map(|(id, watcher)| (*id, *watcher)).collect();
                for (connection, watcher) in all {
                    // The missed entries may have included the end of this connection.
                    if !self.settle(service, watcher, Vec::new(), now).await? {
                        self.leave(connection);
                        notices.push(Notice::Closed(connection, None));
                    }
                }
                let users: Vec<User> = self.audience.users().cloned().collect();
                self.read(service, &users, now).await?;
            }
        }
        self.note_touched();
        notices.append(&mut self.list_changes);
        Ok(notices)
    }

    /// Applies a change of the subscription list that a call has made. Returns the statuses of the added users. Also
    /// returns the removed users whom the connection no longer watches.
    pub async fn change_list(
        &mut self,
        service: &Service,
        connection: u64,
        changes: &[OwnListChange],
        now: Now,
    ) -> Result<(Vec<UserStatus>, Vec<Who>), ServiceError> {
        let Some(watcher) = self.connections.get(&connection).copied() else { return Ok(Default::default()) };
        let mut effects = Vec::new();
        changes.iter().for_each(|change| self.audience.change_own_list(watcher, change, &mut effects));
        let left: Vec<UserId> =
            changes.iter().flat_map(|change| change.unsubscribed.iter().cloned()).collect();
        let let_go = self.audience.not_watched(watcher, &left);
        let app = user_of(0).app;
        let added = changes.iter().flat_map(|change| &change.subscribed);
        let added: Vec<User> = added.map(|id| User::new(app, id.clone())).collect();
        self.read(service, &added, now).await?;
        let told = added.iter().filter_map(|user| self.audience.take(watcher, user).cloned()).collect();
        self.note_touched();
        Ok((told, let_go.iter().map(who_is).collect()))
    }

    /// The connections that have marks in their mailboxes.
    pub fn ready(&self) -> Vec<u64> {
        self.ready.iter().copied().collect()
    }

    /// Removes up to `room` statuses from the mailbox of a connection, and returns them.
    pub fn write(&mut self, connection: u64, room: usize) -> Vec<UserStatus> {
        let Some(watcher) = self.connections.get(&connection).copied() else { return Vec::new() };
        let mut told = Vec::new();
        if room == 0 || !self.ready.contains(&connection) {
            return told;
        }
        let more = self.audience.drain(watcher, |status| {
            told.push(status.clone());
            if told.len() < room { Told::More } else { Told::Full }
        });
        if !more {
            self.ready.remove(&connection);
        }
        told
    }

    /// Returns the number of edges in the watch graph. An edge is a pair of a connection and a user whom the connection
    /// watches.
    pub fn edges(&self) -> usize {
        self.audience.size().1
    }

    /// Records that the client received these versions in an answer.
    pub fn answered(&mut self, connection: u64, versions: &[(Who, Version)]) {
        if let Some(watcher) = self.connections.get(&connection) {
            for (of, version) in versions {
                self.audience.seen(*watcher, &user_of(*of), *version);
            }
        }
    }

    async fn carry_out(
        &mut self,
        service: &Service,
        effects: Vec<Effect>,
        now: Now,
    ) -> Result<Vec<Notice>, ServiceError> {
        let (mut notices, mut reloads, mut unread) = (Vec::new(), Vec::new(), Vec::new());
        for effect in effects {
            match effect {
                Effect::Close { watcher, cause } => {
                    let Some(connection) = self.connection(watcher) else { continue };
                    self.leave(connection);
                    notices.push(Notice::Closed(connection, Some(cause_of(cause))));
                }
                Effect::ListChanged { watcher, subscribed, unsubscribed } => {
                    let Some(connection) = self.connection(watcher) else { continue };
                    let added = subscribed.iter().map(who_is).collect();
                    let left = unsubscribed.iter().map(who_is).collect();
                    notices.push(Notice::ListChanged { connection, added, left });
                }
                Effect::Reload(watcher) => reloads.push(watcher),
                Effect::AppChanged(app) => {
                    let Some(app) = service.apps().get(app) else { continue };
                    let (notified, mut effects) = (notifications(&app.settings), Vec::new());
                    self.audience.set_notifications(app.id, notified, &mut effects);
                    let of_app = effects.into_iter().filter_map(|effect| match effect {
                        Effect::Reload(watcher) => Some(watcher),
                        Effect::Close { .. }
                        | Effect::ListChanged { .. }
                        | Effect::AppChanged(_)
                        | Effect::Lists { .. }
                        | Effect::RereadLists(_)
                        | Effect::FriendProfile { .. }
                        | Effect::Read(_) => None,
                    });
                    reloads.extend(of_app);
                }
                // The model has only statuses. Other tests check friend lists, profiles and conversations.
                Effect::Lists { .. } | Effect::RereadLists(_) | Effect::FriendProfile { .. } => {}
                Effect::Read(user) => unread.push(user),
            }
        }
        for watcher in reloads {
            // If the connection has ended, a later entry of the change log reports the end and its cause.
            self.settle(service, watcher, Vec::new(), now).await?;
        }
        self.read(service, &unread, now).await?;
        Ok(notices)
    }

    /// Reads the watch list of a connection again. Returns whether the connection is the current one of its device.
    async fn settle(
        &mut self,
        service: &Service,
        watcher: WatcherKey,
        mut effects: Vec<Effect>,
        now: Now,
    ) -> Result<bool, ServiceError> {
        let (Some(member), Some(heard)) = (self.audience.member(watcher), self.audience.lists_heard(watcher))
        else {
            return Ok(false);
        };
        let Some(list) = service.watch_list(&member.user, member.connection).await? else {
            return Ok(false);
        };
        let is_set = self.audience.set_watch_list(watcher, &list, heard, &mut effects);
        assert!(is_set, "nothing was heard while the list was read");
        for effect in &effects {
            if let Effect::ListChanged { watcher, subscribed, unsubscribed } = effect
                && let Some(connection) = self.connection(*watcher)
            {
                let added = subscribed.iter().map(who_is).collect();
                let left = unsubscribed.iter().map(who_is).collect();
                self.list_changes.push(Notice::ListChanged { connection, added, left });
            }
        }
        self.read(service, &unread(effects), now).await?;
        Ok(true)
    }

    async fn read(&mut self, service: &Service, users: &[User], now: Now) -> Result<(), ServiceError> {
        let Some(any) = users.first() else { return Ok(()) };
        let ids: Vec<UserId> = users.iter().map(|user| user.id.clone()).collect();
        let found = service.restricted_statuses(any, &ids, Viewing::Watched, now).await?;
        for (status, restrictions) in found.into_iter().flatten() {
            let user = User::new(any.app, status.user_id.clone());
            self.audience.tell(&user, &status, restrictions.as_ref());
        }
        Ok(())
    }

    fn connection(&self, watcher: WatcherKey) -> Option<u64> {
        self.audience.member(watcher).map(|member| member.connection.local)
    }

    fn note_touched(&mut self) {
        let mut touched = Vec::new();
        self.audience.take_touched(&mut touched);
        self.ready
            .extend(touched.into_iter().filter_map(|watcher| self.connection(watcher)).collect::<Vec<_>>());
    }
}

/// The users whose statuses must be read, from effects of the kind [`Effect::Read`]. Other effects must not occur.
fn unread(effects: Vec<Effect>) -> Vec<User> {
    let read = |effect| match effect {
        Effect::Read(user) => Some(user),
        Effect::Close { .. }
        | Effect::ListChanged { .. }
        | Effect::Reload(_)
        | Effect::AppChanged(_)
        | Effect::Lists { .. }
        | Effect::RereadLists(_)
        | Effect::FriendProfile { .. } => None,
    };
    effects.into_iter().filter_map(read).collect()
}

fn cause_of(cause: EndCause) -> Cause {
    match cause {
        EndCause::Superseded => Cause::Superseded,
        EndCause::KickedByLogin { by } => Cause::KickedByLogin(by),
        EndCause::KickedByOperator => Cause::KickedByOperator,
        EndCause::AccountDeleted => Cause::Deleted,
        EndCause::LoggedOut | EndCause::NodeLost => Cause::Own,
    }
}
