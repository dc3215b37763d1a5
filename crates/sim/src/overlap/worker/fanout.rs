//! From the change log to the clients.

use super::{Worker, slot_of};
use crate::overlap::executor::block_on;
use crate::overlap::judge::Name;
use crate::overlap::people::{APP, Message};
use lamplight_core::{EndCause, Presence, Told, WatcherKey};
use lamplight_directory::{Directory, Heard, LogReader};
use lamplight_model::{ConnectionId, User, UserId, UserStatus};
use lamplight_service::{Effect, ServiceError, Viewing};
use std::rc::Rc;

impl Worker {
    pub(super) fn hear(self: &Rc<Self>, log: &mut LogReader) {
        let mut entries = Vec::new();
        let heard = log.take(&mut entries);
        let mut effects = Vec::new();
        {
            let mut audience = self.audience.borrow_mut();
            for entry in &entries {
                audience.hear(entry, UserStatus::clone, &mut effects);
            }
        }
        if heard != Heard::All {
            let worker = Rc::clone(self);
            self.shared.start(async move { worker.read_everything_again().await });
        }
        if !effects.is_empty() {
            self.apply(effects);
        }
    }

    fn apply(self: &Rc<Self>, effects: Vec<Effect>) {
        let (mut unread, mut reloads) = (Vec::new(), Vec::new());
        for effect in effects {
            match effect {
                Effect::Close { watcher, cause } => self.close_for(watcher, cause),
                Effect::ListChanged { watcher, subscribed, unsubscribed, not_watched } => {
                    let slot = self.slot_of_watcher(watcher);
                    // A login that is not answered yet reads the list itself.
                    let client = self
                        .connections
                        .borrow()
                        .get(slot)
                        .and_then(|connection| connection.login()?.answered.then_some(connection.client));
                    if let Some(client) = client {
                        let changed = Message::ListChanged { subscribed, unsubscribed, let_go: not_watched };
                        self.shared.people.hear(client, changed);
                    }
                }
                Effect::Reload(watcher) => reloads.push(watcher),
                // Lists are facts, which conformance and the server's tests judge.
                Effect::Lists { .. } | Effect::RereadLists(_) | Effect::FriendProfile { .. } => {}
                Effect::Read(user) => unread.push(user),
            }
        }
        reloads.sort_unstable();
        reloads.dedup();
        for watcher in reloads {
            let worker = Rc::clone(self);
            self.shared.start(async move {
                if let Err(error) = worker.settle(watcher, Vec::new()).await {
                    worker.shared.judge.note(|| format!("  a watch list could not be read: {error}"));
                }
                worker.deliver_all();
            });
        }
        if !unread.is_empty() {
            let worker = Rc::clone(self);
            self.shared.start(async move {
                if let Err(error) = worker.read_states(unread).await {
                    worker.shared.judge.note(|| format!("  statuses could not be read: {error}"));
                }
                worker.deliver_all();
            });
        }
    }

    fn close_for(self: &Rc<Self>, watcher: WatcherKey, cause: EndCause) {
        let slot = self.slot_of_watcher(watcher);
        let found =
            self.connections.borrow().get(slot).and_then(|it| Some((it.id, it.login()?.user.clone())));
        if let Some((id, user)) = found
            && self.is_current_now(&user, id)
        {
            let what = format!("connection {} of {} ({cause:?})", id.0, user.id);
            self.shared.judge.found(Name::ClosedWhileCurrent, what);
        }
        self.close(slot, Some(cause), None);
    }

    /// What the directory has at this moment, whatever the weather.
    fn is_current_now(&self, user: &User, id: ConnectionId) -> bool {
        let mut current = false;
        let mut look = |_: usize, presence: Option<&Presence>| {
            current = presence.is_some_and(|presence| presence.device_of(id).is_some());
        };
        let read = self.shared.directory.read_with(std::slice::from_ref(user), &mut look);
        block_on(read).is_ok() && current
    }

    pub(super) async fn read_states(&self, users: Vec<User>) -> Result<(), ServiceError> {
        let Some(any) = users.first() else { return Ok(()) };
        let ids: Vec<UserId> = users.iter().map(|user| user.id.clone()).collect();
        let statuses = self.shared.service.statuses(any, &ids, Viewing::Watched, self.shared.now()).await?;
        let mut audience = self.audience.borrow_mut();
        for status in statuses.into_iter().flatten() {
            let user = User::new(APP, status.user_id.clone());
            audience.tell(&user, &status, UserStatus::clone);
        }
        Ok(())
    }

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

    async fn read_everything_again(self: &Rc<Self>) {
        let watchers: Vec<(WatcherKey, ConnectionId)> =
            self.audience.borrow().members().map(|(watcher, member)| (watcher, member.connection)).collect();
        for (watcher, id) in watchers {
            match self.settle(watcher, Vec::new()).await {
                Ok(true) => {}
                // What was missed may have been why.
                Ok(false) => self.close_superseded(id),
                Err(error) => {
                    self.shared.judge.note(|| format!("  a watch list could not be read: {error}"));
                }
            }
        }
        let mut users: Vec<User> = self.audience.borrow().users().cloned().collect();
        users.sort_unstable();
        if let Err(error) = self.read_states(users).await {
            self.shared.judge.note(|| format!("  statuses could not be read: {error}"));
        }
        self.deliver_all();
    }

    pub(super) fn close_superseded(self: &Rc<Self>, id: ConnectionId) {
        let slot = slot_of(id);
        if self.connections.borrow().get(slot).is_some_and(|connection| connection.id == id) {
            self.close(slot, Some(EndCause::Superseded), None);
        }
    }

    /// Writes each connection that has something waiting, once.
    pub fn deliver_all(&self) {
        let mut touched = Vec::new();
        self.audience.borrow_mut().take_touched(&mut touched);
        for watcher in touched {
            self.deliver(self.slot_of_watcher(watcher));
        }
    }

    /// Writes to those who read again.
    pub fn deliver_waiting(&self) {
        let slots: Vec<usize> = self.connections.borrow().iter().map(|(slot, _)| slot).collect();
        slots.into_iter().for_each(|slot| self.deliver(slot));
    }

    pub(super) fn deliver(&self, slot: usize) {
        let found = {
            let connections = self.connections.borrow();
            connections.get(slot).and_then(|it| Some((it.client, it.login()?.watcher, it.busy)))
        };
        // While a request is being answered, its answer tells.
        let Some((client, watcher, false)) = found else { return };
        if !self.shared.people.reads(client) {
            return;
        }
        let mut told = Vec::new();
        self.audience.borrow_mut().drain(watcher, |status| {
            told.push(status.clone());
            Told::More
        });
        if !told.is_empty() {
            self.shared.people.hear(client, Message::Told(told));
        }
    }

    pub(super) fn note_watcher(&self, watcher: WatcherKey, slot: usize) {
        let mut watchers = self.watchers.borrow_mut();
        let number = watcher.0 as usize;
        if watchers.len() <= number {
            watchers.resize(number + 1, usize::MAX);
        }
        watchers[number] = slot;
    }

    pub(super) fn slot_of_watcher(&self, watcher: WatcherKey) -> usize {
        self.watchers.borrow()[watcher.0 as usize]
    }
}
