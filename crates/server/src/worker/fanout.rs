//! From the change log to the sockets.

use super::connection::{Connection, Session, push, words_of};
use super::lists::lists_changed;
use super::lists_queue::Next;
use super::{Worker, slot_of};
use lamplight_core::{LinkEnd, Told, Versioned, WatcherKey};
use lamplight_directory::{Heard, LogEntry, LogReader, News};
use lamplight_model::{ConnectionId, User, UserId, Version};
use lamplight_service::{Effect, ServiceError, Viewing};
use lamplight_wire::v1::{self, server_message::Body};
use lamplight_wire::{EncodedStatus, encode_status};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// The most bytes of statuses in one message.
const MAX_BATCH_BYTES: usize = 16 * 1024;

/// The state of a user as mailboxes hold it: encoded once for all who watch.
pub struct Shown(pub EncodedStatus);

impl Versioned for Shown {
    fn version(&self) -> Version {
        self.0.version()
    }
}

impl Worker {
    /// Takes in what the log has, and does what follows from it at once.
    pub(super) fn hear(self: &Rc<Self>, log: &mut LogReader, entries: &mut Vec<Arc<LogEntry>>) {
        let heard = log.take(entries);
        let mut effects = Vec::new();
        {
            let mut audience = self.audience.borrow_mut();
            for entry in entries.iter() {
                audience.hear(entry, |status| Shown(encode_status(status)), &mut effects);
                if let News::App(app) = entry.news {
                    self.app_changed(Some(app));
                }
            }
        }
        self.metrics.changes.inc_by(entries.len() as u64);
        if let Heard::Missed(_) = heard {
            self.metrics.rereads.inc();
            let worker = Rc::clone(self);
            self.start(async move { worker.read_everything_again().await });
        }
        if !effects.is_empty() {
            self.apply(effects);
        }
    }

    /// Does what the audience asked for.
    pub(super) fn apply(self: &Rc<Self>, effects: Vec<Effect>) {
        let (mut unread, mut reloads) = (Vec::new(), Vec::new());
        for effect in effects {
            match effect {
                Effect::Close { watcher, cause } => {
                    self.close(self.slot_of_watcher(watcher), words_of(cause), None)
                }
                Effect::ListChanged { watcher, subscribed, unsubscribed, not_watched } => {
                    let ids = |users: Vec<UserId>| users.iter().map(UserId::to_string).collect();
                    let changed = v1::SubscriptionsChanged {
                        subscribed: ids(subscribed),
                        unsubscribed: ids(unsubscribed),
                        not_watched: ids(not_watched),
                    };
                    let slot = self.slot_of_watcher(watcher);
                    // A login that is not answered yet reads the list itself.
                    let answered = self
                        .connections
                        .borrow()
                        .get(slot)
                        .and_then(Connection::login)
                        .is_some_and(|login| login.answered);
                    if answered {
                        self.put(slot, &push(Body::SubscriptionsChanged(changed)));
                    }
                }
                // Once, however many reasons there are.
                Effect::Reload(watcher) => reloads.push(watcher),
                Effect::Lists { watcher, news } => self.hear_lists(watcher, &news),
                Effect::RereadLists(watcher) => {
                    let worker = Rc::clone(self);
                    self.start(async move { worker.reread_lists(watcher).await });
                }
                Effect::FriendProfile { watcher, friend, profile } => {
                    self.hear_friend_profile(watcher, friend, profile);
                }
                Effect::Read(user) => unread.push(user),
            }
        }
        reloads.sort_unstable();
        reloads.dedup();
        for watcher in reloads {
            let worker = Rc::clone(self);
            self.start(async move { worker.reload(watcher).await });
        }
        if !unread.is_empty() {
            let worker = Rc::clone(self);
            self.start(async move {
                if let Err(error) = worker.read_states(unread).await {
                    tracing::error!(%error, "statuses could not be read");
                }
            });
        }
    }

    /// Reads the statuses of users and tells whoever watches them.
    pub(super) async fn read_states(&self, users: Vec<User>) -> Result<(), ServiceError> {
        let mut by_app: HashMap<_, (User, Vec<UserId>)> = HashMap::new();
        for user in users {
            let (_, ids) = by_app.entry(user.app).or_insert_with(|| (user.clone(), Vec::new()));
            ids.push(user.id);
        }
        for (any, ids) in by_app.into_values() {
            let statuses =
                self.shared.service.statuses(&any, &ids, Viewing::Watched, self.shared.clock.now()).await?;
            let mut audience = self.audience.borrow_mut();
            for status in statuses.into_iter().flatten() {
                let user = User::new(any.app, status.user_id.clone());
                audience.tell(&user, &status, |status| Shown(encode_status(status)));
            }
        }
        Ok(())
    }

    /// Brings the watch list of a connection up to date. Says whether it still is the connection of its device.
    pub(super) async fn settle(
        &self,
        watcher: WatcherKey,
        mut effects: Vec<Effect>,
    ) -> Result<bool, ServiceError> {
        loop {
            let Some(member) = self.audience.borrow().member(watcher).cloned() else { return Ok(false) };
            let Some(heard) = self.audience.borrow().lists_heard(watcher) else { return Ok(false) };
            let list = self.shared.service.watch_list(&member.user).await?;
            if !self.shared.service.is_current(&member.user, member.connection).await? {
                return Ok(false);
            }
            if self.audience.borrow_mut().set_watch_list(watcher, &list, heard, &mut effects) {
                break;
            }
        }
        let unread = effects.into_iter().filter_map(|effect| match effect {
            Effect::Read(user) => Some(user),
            // Setting a list asks for nothing else.
            Effect::Close { .. }
            | Effect::ListChanged { .. }
            | Effect::Lists { .. }
            | Effect::RereadLists(_)
            | Effect::FriendProfile { .. }
            | Effect::Reload(_) => None,
        });
        self.read_states(unread.collect()).await?;
        Ok(true)
    }

    async fn reload(self: &Rc<Self>, watcher: WatcherKey) {
        match self.settle(watcher, Vec::new()).await {
            // That a connection has ended, and why, is in the log behind this entry.
            Ok(true | false) => {}
            Err(error) => tracing::error!(%error, "a watch list could not be read"),
        }
    }

    /// A part of the log was missed. What the directory says now is the truth.
    async fn read_everything_again(self: &Rc<Self>) {
        tracing::warn!(worker = self.index, "the change log was missed; reading everything again");
        self.app_changed(None);
        let watchers: Vec<(WatcherKey, ConnectionId)> =
            self.audience.borrow().members().map(|(watcher, member)| (watcher, member.connection)).collect();
        for (watcher, id) in watchers {
            match self.settle(watcher, Vec::new()).await {
                Ok(true) => {}
                // What was missed may have been why.
                Ok(false) => self.close_superseded(id),
                Err(error) => tracing::error!(%error, "a watch list could not be read"),
            }
        }
        let users: Vec<User> = self.audience.borrow().users().cloned().collect();
        for some in users.chunks(500) {
            if let Err(error) = self.read_states(some.to_vec()).await {
                tracing::error!(%error, "statuses could not be read");
            }
            self.wake.notify_one();
        }
        self.reread_all_lists().await;
    }

    /// The directory no longer knows a connection, and why was missed.
    pub(super) fn close_superseded(self: &Rc<Self>, id: ConnectionId) {
        let slot = slot_of(id);
        if self.connections.borrow().get(slot).is_some_and(|connection| connection.id == id) {
            self.close(slot, words_of(lamplight_core::EndCause::Superseded), None);
        }
    }

    /// Writes each connection that has something waiting, once.
    pub(super) fn deliver_all(self: &Rc<Self>) {
        let mut touched = Vec::new();
        self.audience.borrow_mut().take_touched(&mut touched);
        let to_flush = std::mem::take(&mut *self.to_flush.borrow_mut());
        let touched = touched.into_iter().map(|watcher| self.slot_of_watcher(watcher)).collect::<Vec<_>>();
        for slot in touched.into_iter().chain(to_flush.into_iter().map(|slot| slot as usize)) {
            self.contain(slot, || self.deliver(slot));
        }
    }

    /// Sends the answers of a connection and empties its mailbox, as far as the socket takes them.
    fn deliver(self: &Rc<Self>, slot: usize) {
        let sent = {
            let mut connections = self.connections.borrow_mut();
            let Some(connection) = connections.get_mut(slot) else { return };
            connection.to_flush = false;
            self.write(connection)
        };
        if sent.is_err() {
            self.end(slot, LinkEnd::Closed);
        }
    }

    fn write(&self, connection: &mut Connection) -> std::io::Result<()> {
        let watcher = connection.login().map(|login| login.watcher);
        let mut outgoing = self.outgoing.borrow_mut();
        let mut batch = self.batch.borrow_mut();
        let mut audience = self.audience.borrow_mut();
        outgoing.clear();
        outgoing.append(&mut connection.output);
        connection.output = Vec::new();
        loop {
            // A socket that takes no more gets no more: what changes meanwhile is conflated in the mailbox. While
            // a login is being answered, its answer tells.
            let may_tell = !connection.stream.is_blocked() && !connection.busy;
            let mut more = false;
            if let (Some(watcher), true) = (watcher, may_tell) {
                Self::put_abilities(connection, &mut outgoing);
                let json = connection.protocol.is_json();
                batch.clear();
                more = audience.drain(watcher, |state| {
                    if json {
                        batch.push_json(&mut state.0);
                    } else {
                        batch.push_protobuf(&state.0);
                    }
                    if batch.len() < MAX_BATCH_BYTES { Told::More } else { Told::Full }
                });
                if let Session::LoggedIn(login) = &mut connection.session
                    && let Some(left) = login.snapshot_left
                {
                    // What came later waits behind the snapshot, so counting is enough.
                    let left = left.saturating_sub(batch.count());
                    login.snapshot_left = (more && left > 0).then_some(left);
                    batch.set_snapshot_complete(login.snapshot_left.is_none());
                }
                if !batch.is_empty() {
                    connection.protocol.put_batch(&batch, &mut outgoing);
                    self.metrics.notifications.inc_by(batch.count() as u64);
                    self.metrics.writes.inc();
                }
                more |= self.put_lists(connection, &mut outgoing);
            }
            if outgoing.is_empty() {
                return Ok(());
            }
            connection.stream.send(&outgoing)?;
            outgoing.clear();
            if connection.stream.is_blocked() {
                self.metrics.stalls.inc();
                return Ok(());
            }
            if !more {
                return Ok(());
            }
        }
    }

    /// Appends what a connection is still to be told of its user's lists, some at a time. Says whether there is more.
    pub(super) fn put_lists(&self, connection: &mut Connection, outgoing: &mut Vec<u8>) -> bool {
        let Connection { id, protocol, session: Session::LoggedIn(login), .. } = connection else {
            return false;
        };
        while let Some(next) = login.lists.next(*id, None) {
            match next {
                Next::News(_) | Next::FriendProfile(..) => self.metrics.list_changes.inc(),
                Next::Reload(_) => self.metrics.list_reloads.inc(),
            };
            protocol.put(&push(Body::ListsChanged(lists_changed(&login.user.id, next))), outgoing);
            if outgoing.len() >= MAX_BATCH_BYTES {
                return true;
            }
        }
        false
    }

    /// Notes how long the changes of this round took from the log to the sockets.
    pub(super) fn measure(&self, entries: &mut Vec<Arc<LogEntry>>) {
        for entry in entries.drain(..) {
            if matches!(entry.news, News::Status(_)) {
                self.metrics.delivery_seconds.observe(entry.at.elapsed());
            }
        }
    }
}
