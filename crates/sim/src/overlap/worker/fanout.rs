//! The part of a worker that sends the changes from the change log to the clients.

use super::{Connection, Work, Worker};
use crate::overlap::executor::block_on;
use crate::overlap::judge::Name;
use crate::overlap::lease::Log;
use crate::overlap::people::Message;
use lamplight_core::{EndCause, Presence, Told, WatcherKey, notifications};
use lamplight_directory::{Directory, Heard};
use lamplight_model::{ConnectionId, User, UserId};
use lamplight_service::{Effect, Urgency};
use std::rc::Rc;

impl Worker {
    pub(super) fn hear(self: &Rc<Self>, log: &mut Log) {
        let mut entries = Vec::new();
        let heard = log.take(&mut entries);
        let mut effects = Vec::new();
        {
            let time = self.shared.now();
            let now = time.moment;
            let mut audience = self.audience.borrow_mut();
            for entry in &entries {
                self.lists_heard.borrow_mut().hear(entry);
                if self.shared.service.withholds(entry, time) {
                    effects.push(Effect::Read(entry.user.clone()));
                    continue;
                }
                if !audience.hear(entry, now, &mut effects) {
                    self.note_restrictions(entry);
                }
            }
            let mut due = Vec::new();
            audience.tell_due(now, &mut due);
            due.iter().for_each(|entry| self.note_restrictions(entry));
        }
        if heard != Heard::All {
            self.read_everything_again();
        }
        if !effects.is_empty() {
            self.apply(effects);
        }
        self.all_heard();
    }

    /// Waits until a delayed change is due. Waits forever if there is none.
    pub(super) async fn change_is_due(&self) {
        let Some(due) = self.audience.borrow().next_due() else { return std::future::pending().await };
        let wait = due.since(self.shared.now().moment).as_millis() as u64;
        self.shared.executor.clock().sleep(wait).await;
    }

    pub(super) fn apply(self: &Rc<Self>, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Close { watcher, cause: EndCause::NodeLost } => self.was_taken_for_lost(watcher),
                Effect::Close { watcher, cause } => self.close_for(watcher, cause),
                Effect::ListChanged { watcher, subscribed, unsubscribed } => {
                    self.note_list_change(watcher, &subscribed, &unsubscribed);
                }
                Effect::AppChanged(app) => {
                    if let Some(lease) = &self.shared.lease {
                        lease.app_news.notify_one();
                    }
                    let Some(settings) = self.shared.service.apps().get(app) else { continue };
                    let notified = notifications(&settings.settings);
                    let mut effects = Vec::new();
                    self.audience.borrow_mut().set_notifications(app, notified, &mut effects);
                    self.apply(effects);
                }
                Effect::Reload(watcher) => {
                    self.reads.borrow_mut().want_watch_list(watcher, Urgency::Background);
                }
                // The simulation has no changes of friend lists, profiles and conversations. Other tests check them.
                Effect::Lists { .. } | Effect::RereadLists(_) | Effect::FriendProfile { .. } => {}
                Effect::Read(user) => self.reads.borrow_mut().want_status(user),
            }
        }
    }

    /// Records a change of the subscription list by another device. Changes are combined until the client can get them.
    pub(super) fn note_list_change(
        &self,
        watcher: WatcherKey,
        subscribed: &[UserId],
        unsubscribed: &[UserId],
    ) {
        let Some(slot) = self.slot_of_watcher(watcher) else { return };
        if let Some(login) = self.connections.borrow_mut().get_mut(slot).and_then(Connection::login_mut)
            // The answer to a login contains the whole list, so changes before the answer are not recorded.
            && login.answered
        {
            login.list_difference.get_or_insert_default().add(subscribed, unsubscribed);
        }
        self.to_flush.borrow_mut().push(slot);
    }

    /// Notifies the client of the recorded changes of the subscription list.
    pub(super) fn tell_list_difference(&self, slot: usize) {
        let told = {
            let mut connections = self.connections.borrow_mut();
            let Some(connection) = connections.get_mut(slot) else { return };
            let client = connection.client;
            let Some(login) = connection.login_mut() else { return };
            let Some(difference) = &mut login.list_difference else { return };
            let subscribed = difference.take_joined();
            // The notification must say whether a removed user is still watched as a friend. Removals are therefore
            // sent only after the watch list has been read.
            let settled = !self.reads.borrow().wants_watch_list(login.watcher);
            let unsubscribed = if settled { difference.take_left() } else { Vec::new() };
            if difference.is_empty() {
                login.list_difference = None;
            }
            if subscribed.is_empty() && unsubscribed.is_empty() {
                return;
            }
            let let_go = self.audience.borrow().not_watched(login.watcher, &unsubscribed);
            (client, Message::ListChanged { subscribed, unsubscribed, let_go })
        };
        self.shared.people.hear(told.0, told.1);
    }

    /// Requests a read of the watch list of a connection that other nodes have ended in the record. The read puts the
    /// connection back.
    fn was_taken_for_lost(&self, watcher: WatcherKey) {
        let id = self.audience.borrow().member(watcher).map(|member| member.connection);
        let Some(id) = id else { return };
        self.with_connection(id, |connection| {
            if let Some(login) = connection.login_mut() {
                login.recorded_in = None;
                login.may_be_superseded = true;
            }
        });
        self.reads.borrow_mut().want_watch_list(watcher, Urgency::Background);
    }

    fn close_for(self: &Rc<Self>, watcher: WatcherKey, cause: EndCause) {
        let Some(slot) = self.slot_of_watcher(watcher) else { return };
        let found =
            self.connections.borrow().get(slot).and_then(|it| Some((it.id, it.login()?.user.clone())));
        if let Some((id, user)) = found
            && self.is_current_now(&user, id)
            && !self.is_being_logged_out(id)
        {
            let what = format!("connection {} of {} ({cause:?})", id.local, user.id);
            self.shared.judge.found(Name::ClosedWhileCurrent, what);
        }
        self.close(slot, Some(cause), None);
    }

    /// Returns whether the directory has this connection as the current one of its device. Reads without delays and
    /// failures.
    fn is_current_now(&self, user: &User, id: ConnectionId) -> bool {
        let mut current = false;
        let mut look = |_: usize, record: Option<(&Presence, u64)>| {
            current = record.is_some_and(|(presence, _)| presence.device_of(id).is_some());
        };
        let live = self.shared.live.now();
        block_on(live.read_with(std::slice::from_ref(user), &mut look)).is_ok() && current
    }

    pub(super) fn close_superseded(self: &Rc<Self>, id: ConnectionId) {
        if let Some(slot) = self.slot(id) {
            self.close(slot, Some(EndCause::Superseded), None);
        }
    }

    /// Sends pending notifications to each client that has any.
    pub fn deliver_all(&self) {
        let mut touched = Vec::new();
        self.audience.borrow_mut().take_touched(&mut touched);
        let to_flush = self.to_flush.take();
        to_flush.into_iter().for_each(|slot| self.deliver(slot));
        for watcher in touched {
            if let Some(slot) = self.slot_of_watcher(watcher) {
                self.deliver(slot);
            }
        }
    }

    /// Sends the pending notifications to each client that reads. Called after a client has stopped or resumed reading.
    pub fn deliver_waiting(&self) {
        let slots: Vec<usize> = self.connections.borrow().iter().map(|(slot, _)| slot).collect();
        slots.into_iter().for_each(|slot| self.deliver(slot));
    }

    pub(super) fn deliver(&self, slot: usize) {
        let found = {
            let connections = self.connections.borrow();
            connections.get(slot).and_then(|it| {
                let login = it.login()?;
                // The answer to a login contains the statuses, so nothing is sent before it. A change of the
                // subscription list is sent after an answer in progress, because that answer may be older than the
                // change. It is sent before the statuses of the added users.
                let may_tell = match it.work {
                    Work::Idle => true,
                    Work::LoggingIn => false,
                    Work::Answering => login.list_difference.is_none(),
                };
                may_tell.then_some((it.client, login.watcher, it.work == Work::Idle))
            })
        };
        let Some((client, watcher, is_idle)) = found else { return };
        if !self.shared.people.reads(client) {
            return;
        }
        if is_idle {
            self.tell_list_difference(slot);
        }
        let mut told = Vec::new();
        self.audience.borrow_mut().drain(watcher, |status| {
            told.push(status.clone());
            Told::More
        });
        if !told.is_empty() {
            self.judge_told(watcher, client, &told);
            self.shared.people.hear(client, Message::Told(told));
        }
    }

    pub(super) fn note_watcher(&self, watcher: WatcherKey, slot: usize) {
        let mut watchers = self.watchers.borrow_mut();
        let number = watcher.slot();
        if watchers.len() <= number {
            watchers.resize(number + 1, None);
        }
        watchers[number] = Some((watcher, slot));
    }

    /// The slot of a watcher's connection; `None` if the watcher was removed.
    pub(super) fn slot_of_watcher(&self, watcher: WatcherKey) -> Option<usize> {
        let watchers = self.watchers.borrow();
        let (key, slot) = (*watchers.get(watcher.slot())?)?;
        (key == watcher).then_some(slot)
    }
}
