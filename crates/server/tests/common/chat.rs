//! Requests about lists, and a model of a client that applies every answer and notification in the order of arrival.

use super::{Wire, ids};
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::server_message::Body;

pub fn send(to: &str, text: &str, id: &str) -> Request {
    Request::SendMessage(v1::SendMessageRequest {
        to: to.to_owned(),
        text: text.to_owned(),
        client_message_id: id.to_owned(),
        custom: None,
    })
}

pub fn mark_read(peer: &str, sequence: u64) -> Request {
    Request::MarkRead(v1::MarkReadRequest { peer: peer.to_owned(), sequence })
}

pub fn conversations(cursor: &str, limit: u32) -> Request {
    Request::GetConversationList(v1::GetConversationListRequest { cursor: cursor.to_owned(), limit })
}

pub fn add_friend(user: &str, remark: &str) -> Request {
    Request::AddFriend(v1::AddFriendRequest {
        user_id: user.to_owned(),
        remark: remark.to_owned(),
        ..v1::AddFriendRequest::default()
    })
}

pub fn delete_friends(users: &[&str]) -> Request {
    Request::DeleteFriends(v1::DeleteFriendsRequest { user_ids: ids(users), single: false })
}

pub fn set_visibility(visibility: v1::Visibility) -> Request {
    Request::SetVisibility(v1::SetVisibilityRequest { visibility: visibility.into() })
}

pub fn block_list() -> Request {
    Request::GetBlockList(v1::GetBlockListRequest {})
}

pub fn block(users: &[&str]) -> Request {
    Request::BlockUsers(v1::BlockUsersRequest { user_ids: ids(users) })
}

pub fn unblock(users: &[&str]) -> Request {
    Request::UnblockUsers(v1::UnblockUsersRequest { user_ids: ids(users) })
}

/// Marks all messages from `bob` as read. Returns the conversation, or the code of the refusal.
pub async fn read(wire: &mut Wire) -> Result<v1::Conversation, u32> {
    match wire.ask(mark_read("bob", 0)).await {
        Body::MarkRead(read) => Ok(read.conversation.unwrap()),
        Body::Refusal(refusal) => Err(refusal.code),
        other => panic!("{other:?}"),
    }
}

impl Wire {
    /// Returns the next notification of changed lists. Other messages are stored in `pushed`.
    pub async fn lists_changed(&mut self) -> v1::ListsChanged {
        let is_lists = |body: &Body| matches!(body, Body::ListsChanged(_));
        let place = match self.pushed.iter().position(is_lists) {
            Some(place) => place,
            None => loop {
                let body = self.next().await.expect("still connected").body.unwrap();
                self.pushed.push(body);
                if self.pushed.last().is_some_and(is_lists) {
                    break self.pushed.len() - 1;
                }
            },
        };
        match self.pushed.remove(place) {
            Body::ListsChanged(changed) => changed,
            other => unreachable!("{other:?}"),
        }
    }
}

/// One conversation in a client that applies messages in the order of arrival.
#[derive(Debug, Default)]
pub struct Shown {
    /// The sequence of the newest message.
    pub last: u64,
    pub row: Option<v1::Conversation>,
    pub total_unread: u32,
    pub version: u64,
    pub reloads: usize,
    /// The sequences of the messages, in the order of arrival.
    pub messages: Vec<u64>,
}

impl Shown {
    pub fn take(&mut self, body: Body) {
        match body {
            Body::ListsChanged(changed) => {
                self.reloads += usize::from(changed.reload);
                self.follow(changed.lists_version);
                self.messages.extend(changed.messages.iter().map(|message| message.sequence));
                self.last = self.messages.last().copied().unwrap_or_default();
                self.row = changed.conversations.into_iter().last().or(self.row.take());
                self.total_unread = changed.total_unread.unwrap_or(self.total_unread);
            }
            Body::MarkRead(read) => {
                self.follow(read.lists_version);
                self.row = read.conversation;
                // The client has only one conversation.
                self.total_unread = self.row.as_ref().map_or(0, |row| row.unread);
            }
            Body::StatusChanged(_) => {}
            other => panic!("{other:?}"),
        }
    }

    /// Checks that a version is the previous one or its successor, so that no change was missed.
    fn follow(&mut self, version: u64) {
        let next = [self.version, self.version + 1];
        assert!(self.version == 0 || next.contains(&version), "{version} after {}", self.version);
        self.version = version;
    }
}
