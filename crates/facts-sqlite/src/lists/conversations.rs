//! Conversation lists. Each row belongs to an owner. The first message of a conversation creates the row. After the
//! owner has deleted the row, the next message creates it again. The history of the row begins with the message that
//! has created it.

use super::count_up;
use super::message_columns::message_of;
use super::pairs::Place;
use super::profiles::profile_of;
use super::state;
use crate::rows::{change, count, list, millis, number, parsed, time};
use lamplight_facts::{ConversationSet, ListsState};
use lamplight_model::{Conversation, ConversationCursor, Message, Timestamp, User, UserId};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

/// Selects rows of the owner ?2 in the app ?1, with the columns that [`conversation_of`] reads.
macro_rules! rows {
    ($which:literal) => {
        // `CROSS JOIN` fixes the order of the joins, so that rows are read in the order of the list.
        concat!(
            "SELECT c.peer, c.unread, c.read, c.pinned, c.active, f.remark,
                 a.nick, a.avatar_url, a.allow, m.sender, m.sequence, m.at, m.client_id, m.text, m.custom
             FROM conversations AS c
             LEFT JOIN accounts AS a ON a.app = c.app AND a.id = c.peer
             LEFT JOIN friends AS f ON f.app = c.app AND f.owner = c.owner AND f.friend = c.peer
             LEFT JOIN messages AS m ON m.pair = c.pair AND m.sequence = (
                 SELECT sequence FROM messages WHERE pair = c.pair AND sequence > c.cleared
                 ORDER BY sequence DESC LIMIT 1)
             WHERE c.app = ?1 AND c.owner = ?2 AND ",
            $which
        )
    };
}

const FIRST_PAGE: &str = rows!("1 ORDER BY c.pinned DESC, c.active DESC, c.peer LIMIT ?3");

/// Selects a page after a cursor. The first condition selects the rows from the cursor's pin and time on, and can use
/// the index. Of the rows with exactly this pin and time, the second condition skips those up to the cursor's peer.
const LATER_PAGE: &str = rows!(
    "(c.pinned, c.active) <= (?3, ?4) AND NOT (c.pinned = ?3 AND c.active = ?4 AND c.peer <= ?5)
     ORDER BY c.pinned DESC, c.active DESC, c.peer LIMIT ?6"
);

pub(super) fn page(
    db: &Connection,
    owner: &User,
    after: Option<&ConversationCursor>,
    limit: usize,
) -> Result<Vec<Conversation>> {
    let (id, limit) = (owner.id.as_str(), number(limit));
    let Some(after) = after else {
        return list(db, FIRST_PAGE, params![owner.app.0, id, limit], |row| conversation_of(row, owner));
    };
    let ConversationCursor { pinned, active, peer } = after;
    let values = params![owner.app.0, id, pinned, millis(*active), peer.as_str(), limit];
    list(db, LATER_PAGE, values, |row| conversation_of(row, owner))
}

pub(super) fn row(db: &Connection, owner: &User, peer: &UserId) -> Result<Option<Conversation>> {
    let key = params![owner.app.0, owner.id.as_str(), peer.as_str()];
    db.prepare_cached(rows!("c.peer = ?3"))?.query_row(key, |row| conversation_of(row, owner)).optional()
}

fn conversation_of(row: &Row<'_>, owner: &User) -> Result<Conversation> {
    let peer = parsed(row, 0, UserId::new)?;
    let last: Option<Message> = match row.get::<_, Option<i64>>(10)? {
        Some(_) => Some(message_of(row, 9, &owner.id, &peer)?),
        None => None,
    };
    Ok(Conversation {
        peer,
        last,
        unread: row.get(1)?,
        read_sequence: count(row, 2)?,
        pinned: row.get(3)?,
        active: time(row, 4)?,
        remark: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
        profile: profile_of(row, 6)?,
    })
}

/// The result of [`touch`]: the unchanged columns of the row, and the new number of unread messages.
pub(super) struct Touched {
    pub(super) pinned: bool,
    pub(super) read_sequence: u64,
    pub(super) unread: u32,
}

/// Updates the owner's row after a message. The history of a new row begins with this message.
pub(super) fn touch(
    db: &Connection,
    owner: &User,
    peer: &UserId,
    place: &Place,
    at: Timestamp,
    unread: u32,
) -> Result<Touched> {
    let sql = "INSERT INTO conversations (app, owner, peer, pair, pinned, active, cleared, read, unread)
               VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?6, ?7)
               ON CONFLICT DO UPDATE SET active = excluded.active, unread = unread + excluded.unread";
    let before = number(place.sequence - 1);
    let (owner_id, peer) = (owner.id.as_str(), peer.as_str());
    change(db, sql, params![owner.app.0, owner_id, peer, place.pair, millis(at), before, unread])?;
    let sql = "SELECT pinned, read, unread FROM conversations WHERE app = ?1 AND owner = ?2 AND peer = ?3";
    db.prepare_cached(sql)?.query_row(params![owner.app.0, owner_id, peer], |row| {
        Ok(Touched { pinned: row.get(0)?, read_sequence: count(row, 1)?, unread: row.get(2)? })
    })
}

pub(super) fn mark_read(
    db: &Connection,
    owner: &User,
    peer: &UserId,
    sequence: Option<u64>,
) -> Result<Option<ConversationSet>> {
    let sql = "SELECT c.read, c.unread, c.pair, p.last, CASE p.high WHEN ?3 THEN p.last - p.of_low ELSE p.of_low END
               FROM conversations AS c JOIN pairs AS p ON p.id = c.pair
               WHERE c.app = ?1 AND c.owner = ?2 AND c.peer = ?3";
    let key = params![owner.app.0, owner.id.as_str(), peer.as_str()];
    let before = db.prepare_cached(sql)?.query_row(key, |row| {
        Ok(Reading {
            read: count(row, 0)?,
            unread: row.get(1)?,
            pair: row.get(2)?,
            last: count(row, 3)?,
            of_peer: count(row, 4)?,
        })
    });
    let Some(before) = before.optional()? else { return Ok(None) };
    let read = sequence.unwrap_or(before.last).min(before.last);
    if read <= before.read {
        return unchanged(db, owner, peer);
    }
    let unread = unread_after(db, &before, peer, read)?;
    let sql = "UPDATE conversations SET read = ?4, unread = ?5 WHERE app = ?1 AND owner = ?2 AND peer = ?3";
    change(db, sql, params![owner.app.0, owner.id.as_str(), peer.as_str(), number(read), unread])?;
    changed(db, owner, peer, i64::from(unread) - i64::from(before.unread))
}

/// The state of a conversation before messages are marked as read.
struct Reading {
    read: u64,
    unread: u32,
    pair: i64,
    last: u64,
    /// The number of all messages that the peer has ever sent in this conversation.
    of_peer: u64,
}

/// Returns the number of the peer's messages after the sequence `read`, at most the previous unread count.
///
/// No rows are counted: a message stores its number among its sender's messages, and sequences have no gaps. The sender
/// of a deleted message after `read` is not known, so the message counts as the peer's.
fn unread_after(db: &Connection, before: &Reading, peer: &UserId, read: u64) -> Result<u32> {
    if before.unread == 0 || read == before.last {
        return Ok(0);
    }
    let sql = "SELECT sequence, nth, sender = ?3 FROM messages WHERE pair = ?1 AND sequence > ?2
               ORDER BY sequence LIMIT 1";
    let next = db.prepare_cached(sql)?.query_row(params![before.pair, number(read), peer.as_str()], |row| {
        Ok((count(row, 0)?, count(row, 1)?, row.get::<_, bool>(2)?))
    });
    let after = match next.optional()? {
        Some((sequence, nth, of_peer)) => {
            let of_peer_before = if of_peer { nth - 1 } else { sequence - nth };
            let forgotten = sequence - 1 - read;
            before.of_peer - of_peer_before + forgotten
        }
        None => before.last - read,
    };
    Ok(u32::try_from(after).map_or(before.unread, |after| after.min(before.unread)))
}

pub(super) fn pin(
    db: &Connection,
    owner: &User,
    peer: &UserId,
    pinned: bool,
) -> Result<Option<ConversationSet>> {
    let sql = "UPDATE conversations SET pinned = ?4
               WHERE app = ?1 AND owner = ?2 AND peer = ?3 AND pinned <> ?4";
    if change(db, sql, params![owner.app.0, owner.id.as_str(), peer.as_str(), pinned])? > 0 {
        changed(db, owner, peer, 0)
    } else {
        unchanged(db, owner, peer)
    }
}

pub(super) fn delete(db: &Connection, owner: &User, peer: &UserId) -> Result<Option<ListsState>> {
    let sql = "DELETE FROM conversations WHERE app = ?1 AND owner = ?2 AND peer = ?3 RETURNING unread";
    let key = params![owner.app.0, owner.id.as_str(), peer.as_str()];
    let unread: Option<i64> = db.prepare_cached(sql)?.query_row(key, |row| row.get(0)).optional()?;
    unread.map(|unread| count_up(db, owner, -unread)).transpose()
}

fn changed(db: &Connection, owner: &User, peer: &UserId, unread: i64) -> Result<Option<ConversationSet>> {
    let state = count_up(db, owner, unread)?;
    Ok(row(db, owner, peer)?.map(|conversation| ConversationSet { conversation, changed: true, state }))
}

fn unchanged(db: &Connection, owner: &User, peer: &UserId) -> Result<Option<ConversationSet>> {
    let state = state(db, owner)?.unwrap_or_default();
    Ok(row(db, owner, peer)?.map(|conversation| ConversationSet { conversation, changed: false, state }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::open_for_writing;

    #[test]
    fn a_page_is_read_along_the_order_of_the_list() {
        let directory = tempfile::tempdir().unwrap();
        let db = open_for_writing(&directory.path().join("facts")).unwrap();
        for (sql, place) in [(FIRST_PAGE, "owner=?)"), (LATER_PAGE, "owner=? AND (pinned,active)<(?,?))")] {
            let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let mut rows = plan.raw_query();
            let mut steps: Vec<String> = Vec::new();
            while let Some(row) = rows.next().unwrap() {
                steps.push(row.get(3).unwrap());
            }
            let along = format!("SEARCH c USING INDEX conversations_in_order (app=? AND {place}");
            assert_eq!(steps[0], along, "{steps:#?}");
            // The plan must contain no sort and no full scan.
            assert!(!steps.iter().any(|step| step.contains("B-TREE") || step.contains("SCAN")), "{steps:#?}");
        }
    }
}
