//! The delivery of list changes to connections. A change by the client's own call is in the call's answer; changes by
//! others are sent as notifications. Both are sent in the order of their versions.

use super::connection::{Connection, push};
use super::connections::{Connections, slot_of};
use super::lists_queue::{ListsQueue, Next};
use lamplight_directory::{ListsChange, ListsNews};
use lamplight_model::{ConnectionId, Moment, Profile, UserId};
use lamplight_wire::v1;
use lamplight_wire::v1::server_message::Body;
use std::cell::RefCell;
use std::sync::Arc;

/// The delivery of list changes. It queues changes for connections, and looks for stuck connections. A connection is
/// stuck if a later change or an answer waits for an earlier change that has not arrived.
#[derive(Default)]
pub struct ListsDelivery {
    /// The slots of the connections that are stuck. They are checked at the next tick.
    stuck: RefCell<Vec<u32>>,
}

impl ListsDelivery {
    /// Queues a change of the lists of a connection's user.
    pub fn hear(&self, connections: &Connections, slot: usize, news: &Arc<ListsNews>) {
        self.with_queue(connections, slot, |lists| lists.hear(news));
    }

    /// Queues the new profile of a friend of the connection's user.
    pub fn hear_friend_profile(
        &self,
        connections: &Connections,
        slot: usize,
        friend: UserId,
        profile: Arc<Profile>,
    ) {
        self.with_queue(connections, slot, |lists| lists.hear_profile(friend, profile));
    }

    fn with_queue(&self, connections: &Connections, slot: usize, change: impl FnOnce(&mut ListsQueue)) {
        if let Some(login) = connections.borrow_mut().get_mut(slot).and_then(Connection::login_mut) {
            change(&mut login.lists);
            if login.lists.is_stuck() {
                self.stuck.borrow_mut().push(slot as u32);
            }
        }
        connections.flush_later(slot);
    }

    /// Waits until all changes of the lists of `user`, the connection's user, up to `version` have arrived, and sends
    /// the changes before `version`. The answer with `version` can then be sent in order.
    pub async fn tell_before(
        &self,
        connections: &Connections,
        id: ConnectionId,
        user: &UserId,
        version: u64,
    ) {
        loop {
            let arrived = connections.with(id, |connection| {
                let arrived = connection.login_mut()?.lists.await_version(version);
                if arrived.is_some() {
                    self.stuck.borrow_mut().push(slot_of(id) as u32);
                }
                Some(arrived)
            });
            match arrived.flatten() {
                Some(Some(arrived)) => arrived.notified().await,
                Some(None) => break,
                None => return,
            }
        }
        loop {
            let changed = connections.with(id, |connection| {
                let next = connection.login_mut()?.lists.next(id, Some(version))?;
                Some(lists_changed(user, next))
            });
            let Some(changed) = changed.flatten() else { return };
            connections.put(slot_of(id), &push(Body::ListsChanged(changed)));
        }
    }

    /// Checks the stuck connections; the caller calls this at every tick. If a connection was stuck for too long, asks
    /// its client to read the lists again.
    pub fn look_for_gaps(&self, connections: &Connections, now: Moment) {
        let mut stuck = self.stuck.take();
        stuck.sort_unstable();
        stuck.dedup();
        for slot in stuck {
            let slot = slot as usize;
            let again = match connections.borrow_mut().get_mut(slot).and_then(Connection::login_mut) {
                Some(login) => login.lists.look_for_gap(now),
                None => false,
            };
            if again {
                self.stuck.borrow_mut().push(slot as u32);
            } else {
                connections.flush_later(slot);
            }
        }
    }
}

/// Asks a client to read its lists again.
pub fn ask_to_reload(connections: &Connections, id: ConnectionId, version: u64) {
    connections.with(id, |connection| {
        if let Some(login) = connection.login_mut() {
            login.lists.reload(version);
        }
    });
    if let Some(slot) = connections.slot(id) {
        connections.flush_later(slot);
    }
}

/// Makes the message with the next list change for a connection of `user`.
pub fn lists_changed(user: &UserId, next: Next) -> v1::ListsChanged {
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
        ListsChange::Blocked(blocked) => {
            v1::ListsChanged { blocked: blocked.iter().map(v1::BlockedUser::from).collect(), ..changed }
        }
        ListsChange::Unblocked(users) => {
            v1::ListsChanged { unblocked: users.iter().map(UserId::to_string).collect(), ..changed }
        }
        ListsChange::Visibility(visibility) => {
            v1::ListsChanged { visibility: v1::Visibility::from(*visibility).into(), ..changed }
        }
    }
}
