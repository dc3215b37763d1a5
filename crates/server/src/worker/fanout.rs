//! The delivery of changes, from the change log to the sockets.

use super::Worker;
use super::abilities::{app_changed, put_abilities};
use super::connection::{Connection, Session, Work, push, words_of};
use super::lists_delivery::lists_changed;
use super::lists_queue::Next;
use lamplight_core::{EndCause, LinkEnd, Told, Versioned, WatcherKey, notifications};
use lamplight_directory::{Heard, LogEntry, LogReader, News};
use lamplight_model::{UserId, UserStatus, Version};
use lamplight_service::{Effect, Urgency};
use lamplight_wire::v1::{self, server_message::Body};
use lamplight_wire::{EncodedStatus, encode_status};
use smallvec::SmallVec;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// The number of bytes after which a message with statuses ends. The rest goes into the next message.
const MAX_BATCH_BYTES: usize = 16 * 1024;

/// The maximum number of status changes whose delivery times are recorded late. The delivery time of a crowded user's
/// change (more than 256 watchers on this worker) is recorded only when the crowd has been served.
const MOST_LATE: usize = 1_000;

/// The number of connections that are loaded into the cache together before they are served. Each send replaces a part of
/// the cache, so what was loaded hundreds of sends before is no longer there.
const GROUP: usize = 16;

/// The newest status of a watched user, in the hub. It is encoded once for all watchers who are shown it.
pub struct MailboxStatus(pub EncodedStatus);

impl Versioned for MailboxStatus {
    fn of(status: &UserStatus) -> Self {
        Self(encode_status(status))
    }

    fn version(&self) -> Version {
        self.0.version()
    }

    fn is_put_back_as(&self, newer: &Self) -> bool {
        self.0.is_put_back_as(&newer.0)
    }

    fn is_renumbered_as(&self, newer: &Self) -> bool {
        self.0.is_renumbered_as(&newer.0)
    }
}

impl Worker {
    /// Reads the new entries of the change log, and applies them to the connections and to the audience.
    pub(super) fn hear(self: &Rc<Self>, log: &mut LogReader, entries: &mut Vec<Arc<LogEntry>>) {
        let heard = log.take(entries);
        self.metrics.changes.inc_by(entries.len() as u64);
        let mut effects = Vec::new();
        {
            let time = self.shared.clock.now();
            let now = time.moment;
            let mut audience = self.audience.borrow_mut();
            let mut lists_heard = self.lists_heard.borrow_mut();
            entries.retain(|entry| {
                if let News::App(app) = entry.news {
                    app_changed(&self.shared, &self.connections, &self.deadlines, Some(app));
                    self.shared.app_news.notify_one();
                }
                lists_heard.hear(entry);
                if self.shared.service.withholds(entry, time) {
                    effects.push(Effect::Read(entry.user.clone()));
                    return false;
                }
                !audience.hear(entry, now, &mut effects)
            });
            self.metrics.replaced.inc_by(audience.replaced() - self.metrics.replaced.get());
            audience.tell_due(now, entries);
        }
        if let Heard::Missed(_) = heard {
            self.metrics.rereads.inc();
            self.shared.app_news.notify_one();
            app_changed(&self.shared, &self.connections, &self.deadlines, None);
            self.end_without_app();
            self.read_everything_again();
        }
        if !effects.is_empty() {
            self.apply(effects);
        }
        self.reads.all_heard();
    }

    /// Carries out the requests of the audience after a change, such as closing a connection or reading a status.
    pub(super) fn apply(self: &Rc<Self>, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Close { watcher, cause: EndCause::NodeLost } => self.was_taken_for_lost(watcher),
                Effect::Close { watcher, cause } => {
                    if let Some(slot) = self.slot_of_watcher(watcher) {
                        self.close(slot, words_of(cause), None);
                    }
                }
                Effect::ListChanged { watcher, subscribed, unsubscribed } => {
                    self.note_list_change(watcher, &subscribed, &unsubscribed);
                }
                Effect::AppChanged(app) => {
                    let Some(settings) = self.shared.service.apps().get(app) else { continue };
                    let notified = notifications(&settings.settings);
                    let mut effects = Vec::new();
                    self.audience.borrow_mut().set_notifications(app, notified, &mut effects);
                    self.apply(effects);
                }
                Effect::Reload(watcher) => {
                    self.reads.want_watch_list(watcher, Urgency::Background);
                }
                Effect::Lists { watcher, news } => {
                    if let Some(slot) = self.slot_of_watcher(watcher) {
                        self.lists.hear(&self.connections, slot, &news);
                    }
                }
                Effect::RereadLists(watcher) => {
                    let user = self.audience.borrow().user_of(watcher).cloned();
                    if let Some(user) = user {
                        self.reads.reread_lists(&user);
                    }
                }
                Effect::FriendProfile { watcher, friend, profile } => {
                    if let Some(slot) = self.slot_of_watcher(watcher) {
                        self.lists.hear_friend_profile(&self.connections, slot, friend, profile);
                    }
                }
                Effect::Read(user) => self.reads.want_status(user),
            }
        }
    }

    /// Records a change of the subscription list by another device. Several changes go to the client in one message.
    pub(super) fn note_list_change(
        &self,
        watcher: WatcherKey,
        subscribed: &[UserId],
        unsubscribed: &[UserId],
    ) {
        let Some(slot) = self.slot_of_watcher(watcher) else { return };
        if let Some(login) = self.connections.borrow_mut().get_mut(slot).and_then(Connection::login_mut)
            // The answer to a login contains the list, so nothing is recorded before that answer.
            && login.answered
        {
            login.list_difference.get_or_insert_default().add(subscribed, unsubscribed);
        }
        self.connections.flush_later(slot);
    }

    /// Appends the difference of the subscription list, if there is one.
    pub(super) fn put_list_difference(&self, connection: &mut Connection, outgoing: &mut Vec<u8>) {
        let Connection { protocol, session: Session::LoggedIn(login), .. } = connection else { return };
        let Some(difference) = &mut login.list_difference else { return };
        let subscribed = difference.take_joined();
        // A user who was removed from the list may still be watched as a friend, so the friends are read before the
        // change is sent.
        let settled = !self.reads.wants_watch_list(login.watcher);
        let unsubscribed = if settled { difference.take_left() } else { Vec::new() };
        if difference.is_empty() {
            login.list_difference = None;
        }
        if subscribed.is_empty() && unsubscribed.is_empty() {
            return;
        }
        let not_watched = self.audience.borrow().not_watched(login.watcher, &unsubscribed);
        let ids = |users: Vec<UserId>| users.iter().map(UserId::to_string).collect();
        let changed = v1::SubscriptionsChanged {
            subscribed: ids(subscribed),
            unsubscribed: ids(unsubscribed),
            not_watched: ids(not_watched),
        };
        protocol.put(&push(Body::SubscriptionsChanged(changed)), outgoing);
    }

    /// Serves each connection that has output or unsent statuses. Some connections wait only for the status of a user
    /// with a crowd (more than 256 watchers on this worker). These connections are served in shares, at most one share
    /// per round.
    pub(super) fn deliver_all(self: &Rc<Self>) {
        let mut touched = Vec::new();
        self.audience.borrow_mut().take_due(self.shared.clock.now().moment, &mut touched);
        let to_flush = self.connections.take_to_flush();
        let began = self.shared.clock.now().moment;
        let mut connections = 0;
        for group in touched.chunks(GROUP) {
            let slots = self.preload(group);
            connections += slots.len();
            for slot in slots {
                self.contain(slot, || self.deliver(slot));
            }
        }
        for slot in to_flush {
            self.contain(slot as usize, || self.deliver(slot as usize));
        }
        let mut gathering = self.gathering.get();
        gathering.delivered(connections, began, self.shared.clock.now().moment);
        self.gathering.set(gathering);
    }

    /// Loads what a delivery to these watchers needs into the cache of the processor. Returns the slots of their
    /// connections.
    fn preload(&self, watchers: &[WatcherKey]) -> SmallVec<[usize; GROUP]> {
        self.audience.borrow().preload(watchers, |state| state.0.preload());
        let slots: SmallVec<_> =
            watchers.iter().filter_map(|watcher| self.slot_of_watcher(*watcher)).collect();
        self.connections.preload(&slots);
        slots
    }

    /// Returns the time for which the delivery of `changes` changes is put off after a large delivery. `None` if they
    /// must be delivered now.
    pub(super) fn pause(&self, changes: usize) -> Option<Duration> {
        let has_crowd = self.audience.borrow().has_crowd();
        self.gathering.get().pause(changes, has_crowd, self.shared.clock.now().moment)
    }

    /// Sends a connection's output and the statuses marked in its mailbox, until the socket accepts no more.
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
        outgoing.clear();
        outgoing.append(&mut connection.output.take());
        loop {
            // While a socket accepts no bytes, changes are conflated in the mailbox. During a login, no statuses are
            // sent, because the answer will contain them. A change of the subscription list must be sent after an
            // answer that may be older than the change. It must be sent before the statuses of users who joined the
            // list.
            let is_idle = connection.work == Work::Idle;
            let may_tell = match connection.work {
                Work::Idle => true,
                Work::LoggingIn => false,
                Work::Answering => connection.login().is_none_or(|login| login.list_difference.is_none()),
            };
            let mut more = false;
            if let (Some(watcher), true) = (watcher, may_tell && !connection.stream.is_blocked()) {
                if is_idle {
                    self.put_list_difference(connection, &mut outgoing);
                }
                put_abilities(connection, &mut outgoing);
                let json = connection.protocol.is_json();
                batch.clear();
                more = self.audience.borrow_mut().drain(watcher, |state| {
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
                    // Changes that come after the snapshot are sent after its statuses, so counting the sent statuses
                    // is enough.
                    let left = left.get().saturating_sub(batch.count() as u32);
                    login.snapshot_left = NonZeroU32::new(left).filter(|_| more);
                    batch.set_snapshot_complete(login.snapshot_left.is_none());
                }
                if !batch.is_empty() {
                    connection.protocol.put_batch(&batch, &mut outgoing);
                    self.metrics.notifications.inc_by(batch.count() as u64);
                    self.metrics.writes.inc();
                }
                if is_idle {
                    more |= self.put_lists(connection, &mut outgoing);
                }
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

    /// Appends unsent changes of the user's lists, up to about `MAX_BATCH_BYTES`. Returns `true` if there are more.
    pub(super) fn put_lists(&self, connection: &mut Connection, outgoing: &mut Vec<u8>) -> bool {
        let Connection { id, protocol, session: Session::LoggedIn(login), .. } = connection else {
            return false;
        };
        while let Some(next) = login.lists.next(*id, None) {
            match next {
                Next::News(_) | Next::FriendProfile(..) => self.metrics.list_changes.inc(),
                Next::Reload(_) => self.metrics.list_reloads.inc(),
            };
            let Some(user) = self.audience.borrow().user_of(login.watcher).map(|user| user.id.clone()) else {
                return false;
            };
            protocol.put(&push(Body::ListsChanged(lists_changed(&user, next))), outgoing);
            if outgoing.len() >= MAX_BATCH_BYTES {
                return true;
            }
        }
        false
    }

    /// Waits until work is due that no event starts: a conflated change, the next share of a crowd, or the requests of
    /// a paused connection. Waits forever if there is no such work.
    pub(super) async fn something_is_due(&self) {
        let now = self.shared.clock.now().moment;
        let due = self.audience.borrow().next_due().into_iter().chain(self.request_windows.next(now)).min();
        let Some(due) = due else { return std::future::pending().await };
        tokio::time::sleep(due.since(now)).await;
    }

    /// Records the delivery time of each status change of this round. While a crowd is being served, the changes of
    /// users with crowds are moved to `late` and recorded later. If `late` has `MOST_LATE` changes or more, records all
    /// of them at once.
    pub(super) fn measure(&self, entries: &mut Vec<Arc<LogEntry>>, late: &mut Vec<Arc<LogEntry>>) {
        let audience = self.audience.borrow();
        let observe = |entry: Arc<LogEntry>| self.metrics.delivery_seconds.observe(entry.at.elapsed());
        let crowd_waits = audience.has_crowd() && late.len() < MOST_LATE;
        if !crowd_waits {
            late.drain(..).for_each(observe);
        }
        for entry in entries.drain(..).filter(|entry| entry.news.status().is_some()) {
            match crowd_waits && audience.is_crowded(&entry.user) {
                true => late.push(entry),
                false => observe(entry),
            }
        }
    }
}
