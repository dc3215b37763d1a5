//! Conversation lists (SPEC section 6).

use crate::operations::lists::{By, Listed, fitting, page_size};
use crate::{Service, ServiceError};
use lamplight_core::Call;
use lamplight_directory::ListsChange;
use lamplight_facts::ConversationSet;
use lamplight_model::{Code, Conversation, ConversationCursor, Now, Refusal, Timestamp, User, UserId};

/// The maximum number of rows in a page of a conversation list. Ten thousand conversations can then be read with half
/// of the calls that one user may make in five seconds.
pub const MAX_CONVERSATION_PAGE: u32 = 1_000;

/// A page of a conversation list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConversationPage {
    /// The rows: pinned rows first, then the others. Both are sorted by the last activity, the latest first, and then
    /// by the peer.
    pub conversations: Vec<Conversation>,
    /// The cursor of the next page; `None` for the last page.
    pub next: Option<String>,
    /// The number of unread messages in all conversations.
    pub total_unread: u32,
}

impl Service {
    /// Reads one page of a conversation list. `cursor` is the `next` of the previous page, or empty for the first page.
    /// A page with long texts has fewer rows.
    ///
    /// A `limit` of 0 means [`MAX_CONVERSATION_PAGE`]. A higher `limit` or an invalid cursor is refused with 6017.
    pub async fn conversation_list(
        &self,
        owner: &User,
        cursor: &str,
        limit: u32,
        by: By,
        now: Now,
    ) -> Result<Listed<ConversationPage>, ServiceError> {
        let app = self.app(owner)?;
        let limit = page_size(limit, MAX_CONVERSATION_PAGE)?;
        let after = read_cursor(cursor)?;
        self.pass_rate(&app, owner, Call::GetConversationList, by, now).await?;
        let state = self.lists_state(owner, by).await?;
        // If there is one row more than requested, there is another page.
        let mut conversations = self.facts.conversations(owner.clone(), after, limit + 1).await?;
        let shown = limit.min(fitting(conversations.iter().map(text_bytes)));
        let more = conversations.len() > shown;
        conversations.truncate(shown);
        let next = conversations.last().filter(|_| more).map(|last| write_cursor(&last.cursor()));
        let page = ConversationPage { conversations, next, total_unread: state.total_unread };
        Ok(Listed { value: page, version: state.version })
    }

    /// Marks the messages of the peer up to `sequence` as read by the owner; `None` means all messages. The read
    /// position never moves back. Refuses with 6017 if there is no such conversation.
    pub async fn mark_read(
        &self,
        owner: &User,
        peer: &UserId,
        sequence: Option<u64>,
        by: By,
        now: Now,
    ) -> Result<Listed<Conversation>, ServiceError> {
        let app = self.app(owner)?;
        self.pass_rate(&app, owner, Call::MarkRead, by, now).await?;
        let change = self.facts.mark_read(owner.clone(), peer.clone(), sequence);
        let set = self.change_lists([owner.clone()], change).await?;
        self.tell_row(owner, peer, set, by)
    }

    /// Pins or unpins a conversation. If there is no such conversation, the call is refused with 6017.
    pub async fn pin_conversation(
        &self,
        owner: &User,
        peer: &UserId,
        pinned: bool,
        by: By,
        now: Now,
    ) -> Result<Listed<Conversation>, ServiceError> {
        let app = self.app(owner)?;
        self.pass_rate(&app, owner, Call::PinConversation, by, now).await?;
        let change = self.facts.pin_conversation(owner.clone(), peer.clone(), pinned);
        let set = self.change_lists([owner.clone()], change).await?;
        self.tell_row(owner, peer, set, by)
    }

    fn tell_row(
        &self,
        owner: &User,
        peer: &UserId,
        set: Option<ConversationSet>,
        by: By,
    ) -> Result<Listed<Conversation>, ServiceError> {
        let ConversationSet { conversation, changed, state } = set.ok_or_else(|| no_conversation(peer))?;
        if changed {
            let change = ListsChange::Conversation(Box::new(conversation.clone()));
            self.tell_lists(owner, state, by.connection(), change);
        }
        Ok(Listed { value: conversation, version: state.version })
    }

    /// Removes a conversation and its messages for the owner. The peer's list and history do not change. If there is no
    /// such conversation, the call is refused with 6017.
    pub async fn delete_conversation(
        &self,
        owner: &User,
        peer: &UserId,
        by: By,
        now: Now,
    ) -> Result<Listed<()>, ServiceError> {
        let app = self.app(owner)?;
        self.pass_rate(&app, owner, Call::DeleteConversation, by, now).await?;
        let change = self.facts.delete_conversation(owner.clone(), peer.clone());
        let state = self.change_lists([owner.clone()], change).await?.ok_or_else(|| no_conversation(peer))?;
        self.tell_lists(owner, state, by.connection(), ListsChange::ConversationGone(peer.clone()));
        Ok(Listed { value: (), version: state.version })
    }
}

/// The total length of the texts in a row, in bytes. Only texts that users have written are counted.
fn text_bytes(Conversation { last, profile, remark, .. }: &Conversation) -> usize {
    let said = last.as_ref().map_or(0, |message| message.body.bytes());
    said + profile.nick.len() + profile.avatar_url.len() + remark.len()
}

fn no_conversation(peer: &UserId) -> Refusal {
    Refusal::because(Code::INVALID_PARAMETER, format!("there is no conversation with {peer}"))
}

/// Encodes a position as `pinned:time:peer`, where `pinned` is 1 or 0.
fn write_cursor(place: &ConversationCursor) -> String {
    format!("{}:{}:{}", u8::from(place.pinned), place.active.0, place.peer)
}

fn read_cursor(cursor: &str) -> Result<Option<ConversationCursor>, Refusal> {
    if cursor.is_empty() {
        return Ok(None);
    }
    let place = || {
        // The peer comes last, because it may contain colons.
        let mut parts = cursor.splitn(3, ':');
        let pinned = match parts.next()? {
            "0" => false,
            "1" => true,
            _ => return None,
        };
        let active = Timestamp(parts.next()?.parse().ok()?);
        Some(ConversationCursor { pinned, active, peer: UserId::new(parts.next()?).ok()? })
    };
    let unreadable = || Refusal::because(Code::INVALID_PARAMETER, "the cursor cannot be read");
    Ok(Some(place().ok_or_else(unreadable)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_model::{ClientMessageId, Message, Profile};

    #[test]
    fn all_that_users_write_into_a_row_counts() {
        let peer = UserId::new("bob").unwrap();
        let last = Message {
            from: peer.clone(),
            to: UserId::new("alice").unwrap(),
            sequence: 1,
            at: Timestamp(1),
            client_id: ClientMessageId::new("1").unwrap(),
            body: "12".into(),
        };
        let profile = Profile { nick: "123".into(), avatar_url: "12345".into(), ..Profile::default() };
        let row = Conversation {
            peer,
            last: Some(last),
            unread: 0,
            read_sequence: 0,
            pinned: false,
            active: Timestamp(1),
            profile,
            remark: "1234567".into(),
        };
        assert_eq!(text_bytes(&row), 2 + 3 + 5 + 7);
        assert_eq!(text_bytes(&Conversation { last: None, ..row }), 3 + 5 + 7);
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_nothing_else_is() {
        for (pinned, active, peer) in [(true, 0, "alice"), (false, u64::MAX, "a:b: "), (false, 7, ":")] {
            let place =
                ConversationCursor { pinned, active: Timestamp(active), peer: UserId::new(peer).unwrap() };
            assert_eq!(read_cursor(&write_cursor(&place)), Ok(Some(place)));
        }
        assert_eq!(read_cursor(""), Ok(None));
        for cursor in
            ["x", "1", "1:2", "1:2:", "2:2:alice", "1:-2:alice", "1:18446744073709551616:alice", "1:2:爱"]
        {
            assert_eq!(read_cursor(cursor).unwrap_err().code, Code::INVALID_PARAMETER, "{cursor:?}");
        }
    }
}
