//! What messages and conversation lists say in SQL. A writing function runs inside a savepoint.
//!
//! A message is stored once, under the pair of the two who have it. What each of them has of the conversation (read,
//! deleted, pinned) is a row of its own. Unread messages are counted in that row, and their sum in the account.

use crate::profiles::{count_up, lists_state, profile};
use crate::statements::{change, list, millis, parsed, time};
use lamplight_facts::{ConversationSet, ListsState, NewMessage, Sent, StoredMessage};
use lamplight_model::{
    AppId, ClientMessageId, Conversation, ConversationPlace, Message, Timestamp, User, UserId,
};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

/// A row of a conversation list with its newest message and what the peer shows. `?1` the app, `?2` the owner.
const ROW: &str = "SELECT mine.peer, mine.unread, mine.read_seq, mine.pinned, mine.active, friends.remark,
        accounts.nick, accounts.avatar_url, accounts.allow,
        last.seq, last.sender, last.at, last.client_id, last.text
    FROM conversations AS mine
    LEFT JOIN accounts ON accounts.app = mine.app AND accounts.id = mine.peer
    LEFT JOIN friends
        ON friends.app = mine.app AND friends.owner = mine.owner AND friends.friend = mine.peer
    LEFT JOIN messages AS last ON last.pair = mine.pair AND last.seq = (
        SELECT max(seq) FROM messages WHERE messages.pair = mine.pair AND messages.seq > mine.cleared)
    WHERE mine.app = ?1 AND mine.owner = ?2 AND mine.listed = 1";

/// Where a message is in the table.
const MESSAGE: &str = "seq, sender, at, client_id, text";

/// The two of a conversation.
struct Pair {
    id: i64,
    last_seq: i64,
}

/// What one of the two has of the conversation.
struct Mine {
    pair: i64,
    listed: bool,
    cleared: i64,
    read_seq: i64,
    unread: i64,
    pinned: bool,
}

pub(crate) fn send(db: &Connection, new: &NewMessage) -> Result<Sent> {
    let (app, from, to) = (new.from.app, &new.from.id, &new.to);
    if let Some(message) = sent_before(db, new)? {
        return Ok(Sent::Repeated(message));
    }
    if lists_state(db, app, from)?.is_none() {
        return Ok(Sent::NoSuchSender);
    }
    if from != to && lists_state(db, app, to)?.is_none() {
        return Ok(Sent::NoSuchRecipient);
    }
    let (low, high) = if from <= to { (from, to) } else { (to, from) };
    let next = "INSERT INTO pairs (app, low, high, last_seq) VALUES (?1, ?2, ?3, 1)
                ON CONFLICT (app, low, high) DO UPDATE SET last_seq = last_seq + 1 RETURNING id, last_seq";
    let pair = db.prepare_cached(next)?.query_row(params![app.0, low.as_str(), high.as_str()], pair)?;
    let put = "INSERT INTO messages (pair, seq, app, sender, at, client_id, text)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let (sender, client_id) = (from.as_str(), new.client_id.as_str());
    change(db, put, params![pair.id, pair.last_seq, app.0, sender, millis(new.at), client_id, new.text])?;
    let message = Message {
        from: from.clone(),
        to: to.clone(),
        sequence: pair.last_seq.unsigned_abs(),
        at: new.at,
        text: new.text.clone(),
        client_id: new.client_id.clone(),
    };
    let sender = move_up(db, &new.from, to, &pair, new.at, false)?;
    let recipient = if from == to {
        sender.clone()
    } else {
        move_up(db, &User::new(app, to.clone()), from, &pair, new.at, true)?
    };
    Ok(Sent::Stored(Box::new(StoredMessage { message, sender, recipient })))
}

/// The conversation of `owner` with `peer` got the newest message of the pair.
fn move_up(
    db: &Connection,
    owner: &User,
    peer: &UserId,
    pair: &Pair,
    at: Timestamp,
    unread: bool,
) -> Result<ConversationSet> {
    let (app, id) = (owner.app.0, owner.id.as_str());
    // A new row begins here: an account that was made again does not see what a former one had.
    let sql = "INSERT INTO conversations
                   (app, owner, peer, pair, listed, cleared, read_seq, unread, pinned, active)
               VALUES (?1, ?2, ?3, ?4, 1, ?5, ?5, ?6, 0, ?7)
               ON CONFLICT DO UPDATE SET listed = 1, unread = unread + excluded.unread,
                   active = max(active, excluded.active)";
    let unread = i64::from(unread);
    change(db, sql, params![app, id, peer.as_str(), pair.id, pair.last_seq - 1, unread, millis(at)])?;
    let state = count_up(db, owner.app, &owner.id, unread)?.unwrap_or_default();
    let conversation = conversation(db, owner, peer)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    Ok(ConversationSet { conversation, changed: true, state })
}

fn sent_before(db: &Connection, new: &NewMessage) -> Result<Option<Message>> {
    let sql = format!(
        "SELECT {MESSAGE}, low, high FROM messages JOIN pairs ON pairs.id = messages.pair
         WHERE messages.app = ?1 AND sender = ?2 AND client_id = ?3"
    );
    let key = params![new.from.app.0, new.from.id.as_str(), new.client_id.as_str()];
    let found = |row: &Row<'_>| {
        let (low, high) = (parsed(row, 5, UserId::new)?, parsed(row, 6, UserId::new)?);
        let to = if low == new.from.id { high } else { low };
        message(row, 0, &new.from.id, &to)
    };
    db.prepare_cached(&sql)?.query_row(key, found).optional()
}

pub(crate) fn history(
    db: &Connection,
    owner: &User,
    peer: &UserId,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<Message>> {
    let Some(mine) = mine(db, owner, peer)? else { return Ok(Vec::new()) };
    let sql = format!(
        "SELECT {MESSAGE} FROM messages WHERE pair = ?1 AND seq > ?2 AND seq < ?3 ORDER BY seq DESC LIMIT ?4"
    );
    let before = before.map_or(i64::MAX, |before| i64::try_from(before).unwrap_or(i64::MAX));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    list(db, &sql, params![mine.pair, mine.cleared, before, limit], |row| message(row, 0, &owner.id, peer))
}

pub(crate) fn conversations(
    db: &Connection,
    owner: &User,
    after: Option<&ConversationPlace>,
    limit: usize,
) -> Result<Vec<Conversation>> {
    let (app, id, limit) = (owner.app.0, owner.id.as_str(), i64::try_from(limit).unwrap_or(i64::MAX));
    let order = "ORDER BY mine.pinned DESC, mine.active DESC, mine.peer LIMIT ?3";
    match after {
        None => list(db, &format!("{ROW} {order}"), params![app, id, limit], |row| listed(row, &owner.id)),
        Some(place) => {
            let sql = format!(
                "{ROW} AND (mine.pinned < ?4 OR (mine.pinned = ?4
                     AND (mine.active < ?5 OR (mine.active = ?5 AND mine.peer > ?6)))) {order}"
            );
            let values = params![app, id, limit, place.pinned, millis(place.active), place.peer.as_str()];
            list(db, &sql, values, |row| listed(row, &owner.id))
        }
    }
}

pub(crate) fn conversation(db: &Connection, owner: &User, peer: &UserId) -> Result<Option<Conversation>> {
    let sql = format!("{ROW} AND mine.peer = ?3");
    let key = params![owner.app.0, owner.id.as_str(), peer.as_str()];
    db.prepare_cached(&sql)?.query_row(key, |row| listed(row, &owner.id)).optional()
}

pub(crate) fn mark_read(
    db: &Connection,
    owner: &User,
    peer: &UserId,
    sequence: Option<u64>,
) -> Result<Option<ConversationSet>> {
    let Some(mine) = mine(db, owner, peer)?.filter(|mine| mine.listed) else { return Ok(None) };
    let last = "SELECT id, last_seq FROM pairs WHERE id = ?1";
    let last_seq = db.prepare_cached(last)?.query_row(params![mine.pair], pair)?.last_seq;
    let asked = sequence.map_or(last_seq, |sequence| i64::try_from(sequence).unwrap_or(i64::MAX));
    let read = asked.min(last_seq).max(mine.read_seq);
    // What has gone by retention is read with what came after it.
    let count = "SELECT count(*) FROM messages WHERE pair = ?1 AND seq > ?2 AND sender = ?3";
    let from = read.max(mine.cleared);
    let unread: i64 = if from >= last_seq {
        0
    } else {
        let key = params![mine.pair, from, peer.as_str()];
        db.prepare_cached(count)?.query_row(key, |row| row.get(0))?
    };
    // A message to oneself was never unread.
    let unread = if *peer == owner.id { 0 } else { unread.min(mine.unread) };
    let changed = read != mine.read_seq || unread != mine.unread;
    if changed {
        let sql = "UPDATE conversations SET read_seq = ?4, unread = ?5
                   WHERE app = ?1 AND owner = ?2 AND peer = ?3";
        change(db, sql, params![owner.app.0, owner.id.as_str(), peer.as_str(), read, unread])?;
    }
    set(db, owner, peer, changed, unread - mine.unread)
}

pub(crate) fn pin(
    db: &Connection,
    owner: &User,
    peer: &UserId,
    pinned: bool,
) -> Result<Option<ConversationSet>> {
    let Some(mine) = mine(db, owner, peer)?.filter(|mine| mine.listed) else { return Ok(None) };
    let changed = mine.pinned != pinned;
    if changed {
        let sql = "UPDATE conversations SET pinned = ?4 WHERE app = ?1 AND owner = ?2 AND peer = ?3";
        change(db, sql, params![owner.app.0, owner.id.as_str(), peer.as_str(), pinned])?;
    }
    set(db, owner, peer, changed, 0)
}

pub(crate) fn delete(db: &Connection, owner: &User, peer: &UserId) -> Result<Option<ListsState>> {
    let Some(mine) = mine(db, owner, peer)?.filter(|mine| mine.listed) else { return Ok(None) };
    let sql = "UPDATE conversations SET listed = 0, pinned = 0, unread = 0,
                   cleared = (SELECT last_seq FROM pairs WHERE id = pair),
                   read_seq = (SELECT last_seq FROM pairs WHERE id = pair)
               WHERE app = ?1 AND owner = ?2 AND peer = ?3";
    change(db, sql, params![owner.app.0, owner.id.as_str(), peer.as_str()])?;
    count_up(db, owner.app, &owner.id, -mine.unread)
}

pub(crate) fn forget(db: &Connection, app: AppId, before: Timestamp, limit: usize) -> Result<usize> {
    let sql = "DELETE FROM messages WHERE (pair, seq) IN (
                   SELECT pair, seq FROM messages WHERE app = ?1 AND at < ?2 ORDER BY at LIMIT ?3)";
    change(db, sql, params![app.0, millis(before), i64::try_from(limit).unwrap_or(i64::MAX)])
}

/// The row after a change of it.
fn set(
    db: &Connection,
    owner: &User,
    peer: &UserId,
    changed: bool,
    unread: i64,
) -> Result<Option<ConversationSet>> {
    let state = if changed {
        count_up(db, owner.app, &owner.id, unread)?
    } else {
        lists_state(db, owner.app, &owner.id)?
    };
    let state = state.unwrap_or_default();
    let conversation = conversation(db, owner, peer)?;
    Ok(conversation.map(|conversation| ConversationSet { conversation, changed, state }))
}

fn mine(db: &Connection, owner: &User, peer: &UserId) -> Result<Option<Mine>> {
    let sql = "SELECT pair, listed, cleared, read_seq, unread, pinned FROM conversations
               WHERE app = ?1 AND owner = ?2 AND peer = ?3";
    let key = params![owner.app.0, owner.id.as_str(), peer.as_str()];
    let mine = |row: &Row<'_>| {
        Ok(Mine {
            pair: row.get(0)?,
            listed: row.get(1)?,
            cleared: row.get(2)?,
            read_seq: row.get(3)?,
            unread: row.get(4)?,
            pinned: row.get(5)?,
        })
    };
    db.prepare_cached(sql)?.query_row(key, mine).optional()
}

fn pair(row: &Row<'_>) -> Result<Pair> {
    Ok(Pair { id: row.get(0)?, last_seq: row.get(1)? })
}

/// The columns of [`ROW`].
fn listed(row: &Row<'_>, owner: &UserId) -> Result<Conversation> {
    let peer = parsed(row, 0, UserId::new)?;
    let has_last = row.get::<_, Option<i64>>(9)?.is_some();
    Ok(Conversation {
        unread: row.get(1)?,
        read_sequence: row.get::<_, i64>(2)?.unsigned_abs(),
        pinned: row.get(3)?,
        active: time(row, 4)?,
        remark: row.get::<_, Option<String>>(5)?.unwrap_or_default(),
        profile: profile(row, 6)?,
        last: if has_last { Some(message(row, 9, owner, &peer)?) } else { None },
        peer,
    })
}

/// The columns of [`MESSAGE`] from `first`: a message between these two.
fn message(row: &Row<'_>, first: usize, one: &UserId, other: &UserId) -> Result<Message> {
    let from = parsed(row, first + 1, UserId::new)?;
    let to = if from == *one { other.clone() } else { one.clone() };
    Ok(Message {
        from,
        to,
        sequence: row.get::<_, i64>(first)?.unsigned_abs(),
        at: time(row, first + 2)?,
        client_id: parsed(row, first + 3, ClientMessageId::new)?,
        text: row.get(first + 4)?,
    })
}
