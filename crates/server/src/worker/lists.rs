//! The lists of users on their way to the connections: what a call of the own user changed comes with its answer,
//! what others did comes on its own, and both in the order of their versions.

use super::connection::{Connection, Login, Session, push};
use super::lists_queue::{ListsQueue, Next};
use super::{Worker, slot_of};
use lamplight_core::WatcherKey;
use lamplight_directory::{ListsChange, ListsNews};
use lamplight_facts::FactsError;
use lamplight_model::{Code, ConnectionId, Moment, Profile, User, UserId};
use lamplight_service::ServiceError;
use lamplight_wire::v1;
use lamplight_wire::v1::server_message::Body;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::oneshot;

/// The most versions that are read in one call.
const READ_AT_ONCE: usize = 500;

/// Logins that wait for the lists version of their user: those of a moment share one read, whatever storm they are.
#[derive(Default)]
pub struct VersionReads {
    asked: RefCell<Vec<(User, oneshot::Sender<u64>)>>,
    reading: Cell<bool>,
}

impl Worker {
    /// The lists version of a user, as it is now. Of who has no account it is 0.
    pub(super) async fn lists_version(self: &Rc<Self>, user: &User) -> Result<u64, ServiceError> {
        let (answer, answered) = oneshot::channel();
        self.version_reads.asked.borrow_mut().push((user.clone(), answer));
        if !self.version_reads.reading.replace(true) {
            let worker = Rc::clone(self);
            self.start(async move { worker.read_versions().await });
        }
        Ok(answered.await.map_err(|_| Code::INTERNAL)?)
    }

    async fn read_versions(self: &Rc<Self>) {
        loop {
            let asked: Vec<(User, oneshot::Sender<u64>)> = {
                let mut asked = self.version_reads.asked.borrow_mut();
                let some = asked.len().min(READ_AT_ONCE);
                asked.drain(..some).collect()
            };
            if asked.is_empty() {
                return self.version_reads.reading.set(false);
            }
            let users = asked.iter().map(|(user, _)| user.clone()).collect();
            match self.shared.service.facts().lists_states(users).await {
                Ok(states) => {
                    for ((_, answer), state) in asked.into_iter().zip(states) {
                        // Who asked may have gone.
                        let _ = answer.send(state.map_or(0, |state| state.version));
                    }
                }
                // Whoever waits sees that nobody will answer.
                Err(error) => report(&error),
            }
        }
    }

    /// A connection hears of a change of its user's lists.
    pub(super) fn hear_lists(&self, watcher: WatcherKey, news: &Arc<ListsNews>) {
        self.with_lists(watcher, |lists| lists.hear(news));
    }

    /// A connection hears what a friend of its user shows now.
    pub(super) fn hear_friend_profile(&self, watcher: WatcherKey, friend: UserId, profile: Arc<Profile>) {
        self.with_lists(watcher, |lists| lists.hear_profile(friend, profile));
    }

    fn with_lists(&self, watcher: WatcherKey, change: impl FnOnce(&mut ListsQueue)) {
        let slot = self.slot_of_watcher(watcher);
        if let Some(login) = self.connections.borrow_mut().get_mut(slot).and_then(login_of) {
            change(&mut login.lists);
            if login.lists.is_stuck() {
                self.stuck_lists.borrow_mut().push(slot as u32);
            }
        }
        self.flush_later(slot);
    }

    /// Nobody can say what changed: the connection is asked to read its lists again.
    pub(super) async fn reread_lists(self: &Rc<Self>, watcher: WatcherKey) {
        let Some(member) = self.audience.borrow().member(watcher).cloned() else { return };
        match self.lists_version(&member.user).await {
            Ok(version) => self.ask_to_reload(member.connection, version),
            Err(error) => tracing::error!(%error, "a lists version could not be read"),
        }
    }

    /// Every connection is asked so.
    pub(super) async fn reread_all_lists(self: &Rc<Self>) {
        let members: Vec<(User, ConnectionId)> = {
            let audience = self.audience.borrow();
            audience.members().map(|(_, member)| (member.user.clone(), member.connection)).collect()
        };
        for some in members.chunks(READ_AT_ONCE) {
            let users = some.iter().map(|(user, _)| user.clone()).collect();
            // What cannot be read is newer than nothing: the mark matters, not the number.
            let states = self.shared.service.facts().lists_states(users).await.unwrap_or_else(|error| {
                report(&error);
                vec![None; some.len()]
            });
            for ((_, id), state) in some.iter().zip(states) {
                self.ask_to_reload(*id, state.map_or(0, |state| state.version));
            }
            self.wake.notify_one();
        }
    }

    fn ask_to_reload(&self, id: ConnectionId, version: u64) {
        let slot = slot_of(id);
        {
            let mut connections = self.connections.borrow_mut();
            let Some(connection) = connections.get_mut(slot).filter(|it| it.id == id) else { return };
            let Some(login) = login_of(connection) else { return };
            login.lists.reload(version);
        }
        self.flush_later(slot);
    }

    /// Waits until everything up to `version` is here, and says what was committed before it: what the connection is
    /// told is in the order of the versions, the answer to its own call included.
    pub(super) async fn tell_lists_before(&self, id: ConnectionId, version: u64) {
        let slot = slot_of(id);
        loop {
            let arrived = {
                let mut connections = self.connections.borrow_mut();
                let Some(login) = connections.get_mut(slot).and_then(login_of) else { return };
                let arrived = login.lists.await_version(version);
                if arrived.is_some() {
                    self.stuck_lists.borrow_mut().push(slot as u32);
                }
                arrived
            };
            match arrived {
                Some(arrived) => arrived.notified().await,
                None => break,
            }
        }
        loop {
            let changed = {
                let mut connections = self.connections.borrow_mut();
                let Some(login) = connections.get_mut(slot).and_then(login_of) else { return };
                let Some(next) = login.lists.next(id, Some(version)) else { return };
                lists_changed(&login.user.id, next)
            };
            self.put(slot, &push(Body::ListsChanged(changed)));
        }
    }

    /// Looks at the connections that miss a change. To be called at every tick.
    pub(super) fn look_for_gaps(&self, now: Moment) {
        let mut stuck = std::mem::take(&mut *self.stuck_lists.borrow_mut());
        stuck.sort_unstable();
        stuck.dedup();
        for slot in stuck {
            let slot = slot as usize;
            let again = match self.connections.borrow_mut().get_mut(slot).and_then(login_of) {
                Some(login) => login.lists.look_for_gap(now),
                None => false,
            };
            if again {
                self.stuck_lists.borrow_mut().push(slot as u32);
            } else {
                self.flush_later(slot);
            }
        }
    }
}

fn report(error: &FactsError) {
    tracing::error!(%error, source = ?std::error::Error::source(error), "lists versions could not be read");
}

fn login_of(connection: &mut Connection) -> Option<&mut Login> {
    match &mut connection.session {
        Session::LoggedIn(login) => Some(login),
        Session::New { .. } | Session::Closing { .. } => None,
    }
}

/// What a connection of `user` is told next.
pub(super) fn lists_changed(user: &UserId, next: Next) -> v1::ListsChanged {
    let changed = v1::ListsChanged::default();
    match next {
        Next::News(news) => of_news(user, &news),
        Next::FriendProfile(friend, profile) => {
            v1::ListsChanged { profiles: vec![v1::Profile::of(&friend, &profile)], ..changed }
        }
        Next::Reload(version) => v1::ListsChanged { lists_version: version, reload: true, ..changed },
    }
}

fn of_news(user: &UserId, news: &ListsNews) -> v1::ListsChanged {
    let changed = v1::ListsChanged { lists_version: news.version, ..v1::ListsChanged::default() };
    let total_unread = Some(news.total_unread);
    match &news.change {
        ListsChange::Profile(profile) => {
            v1::ListsChanged { profile: Some(v1::Profile::of(user, profile)), ..changed }
        }
        ListsChange::Friend(friend) => v1::ListsChanged { friends: vec![(&**friend).into()], ..changed },
        ListsChange::FriendGone(friend) => {
            v1::ListsChanged { deleted_friends: vec![friend.to_string()], ..changed }
        }
        ListsChange::Message(news) => {
            let message = v1::Message::from(&news.message);
            let row = v1::Conversation { last_message: Some(message.clone()), ..(&news.conversation).into() };
            v1::ListsChanged { messages: vec![message], conversations: vec![row], total_unread, ..changed }
        }
        ListsChange::Conversation(row) => {
            v1::ListsChanged { conversations: vec![(&**row).into()], total_unread, ..changed }
        }
        ListsChange::ConversationGone(peer) => {
            v1::ListsChanged { deleted_conversations: vec![peer.to_string()], total_unread, ..changed }
        }
    }
}
