//! Conversation lists. Each row belongs to one user, its owner. The first message of a conversation creates the row. If
//! the owner deletes the row, the next message creates a new one. The owner sees the message that has created the row,
//! and all later messages.

use crate::friends::remark_at;
use crate::lists_state::state_at;
use crate::messages::message_at;
use crate::profiles::profile_at;
use crate::rows::{Result, count, get, parsed, time, unsigned};
use lamplight_facts::ConversationSet;
use lamplight_model::{Conversation, UserId};
use tokio_postgres::Row;

/// The columns of [`conversation_at`].
macro_rules! rows {
    ($which:literal) => {
        concat!(
            "SELECT peer, unread, read, pinned, active, remark, nick, avatar_url, allow,
                 sender, sequence, at, client_id, text, custom
             FROM conversation_rows WHERE app = $1 AND owner = $2 AND ",
            $which
        )
    };
}

pub(crate) const ROW: &str = rows!("peer = $3");

pub(crate) const FIRST_PAGE: &str = rows!("true ORDER BY pinned DESC, active DESC, peer LIMIT $3");

/// Selects a page after a cursor. The first condition selects the rows from the cursor's pin and time on, and can use
/// the index. Of the rows with exactly this pin and time, the second condition skips those up to the cursor's peer.
pub(crate) const LATER_PAGE: &str = rows!(
    "(pinned, active) <= ($3, $4) AND NOT (pinned = $3 AND active = $4 AND peer <= $5)
     ORDER BY pinned DESC, active DESC, peer LIMIT $6"
);

pub(crate) const MARK_READ: &str = "SELECT * FROM mark_read($1, $2, $3, $4)";

pub(crate) const PIN: &str = "SELECT * FROM pin_conversation($1, $2, $3, $4)";

pub(crate) const DELETE: &str = "SELECT * FROM delete_conversation($1, $2, $3)";

/// Reads a conversation from fifteen columns beginning at `first`.
pub(crate) fn conversation_at(row: &Row, first: usize, owner: &UserId) -> Result<Conversation> {
    let peer = parsed(row, first, UserId::new)?;
    let last = match get::<Option<i64>>(row, first + 10)? {
        Some(_) => Some(message_at(row, first + 9, owner, &peer)?),
        None => None,
    };
    Ok(Conversation {
        last,
        unread: unsigned(get(row, first + 1)?, first + 1)?,
        read_sequence: count(row, first + 2)?,
        pinned: get(row, first + 3)?,
        active: time(row, first + 4)?,
        remark: remark_at(row, first + 5)?,
        profile: profile_at(row, first + 6)?,
        peer,
    })
}

pub(crate) fn conversation_set(row: &Row, owner: &UserId) -> Result<ConversationSet> {
    Ok(ConversationSet {
        changed: get(row, 0)?,
        state: state_at(row, 1)?,
        conversation: conversation_at(row, 3, owner)?,
    })
}
