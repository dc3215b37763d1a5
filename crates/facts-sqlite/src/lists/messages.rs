//! Messages. Each message is a row. The pair of users and the sequence identify the row. A user's row in
//! `conversations` determines which messages the user sees.

use super::conversations::{Touched, touch};
use super::message_columns::{custom_column, message_of};
use super::pairs::{Place, in_order, next_place};
use super::profiles::profile_of;
use super::state_of;
use crate::rows::{change, count, list, millis, number, parsed, time};
use lamplight_facts::{
    ConversationSet, Enqueued, ListsState, MissedMessages, NewMessage, NewNotice, RETRY_TIME, Sent,
    StoredMessage,
};
use lamplight_model::{
    AppId, ClientMessageId, Conversation, Message, MessageBody, NoticeContent, Profile, PushContent,
    Timestamp, User, UserId,
};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

pub(super) fn send(db: &Connection, new: NewMessage) -> Result<Sent> {
    let NewMessage { from, to, body, client_id, at, push } = new;
    let recipient = User::new(from.app, to);
    let Some(sender_party) = party(db, &from, &recipient.id)? else { return Ok(Sent::NoSuchSender) };
    if let Some(message) = sent_before(db, &from, sender_party.born, &recipient.id, &client_id, &body, at)? {
        return Ok(Sent::Repeated(message));
    }
    let to_oneself = from == recipient;
    let Some(recipient_party) = party(db, &recipient, &from.id)? else { return Ok(Sent::NoSuchRecipient) };
    if recipient_party.blocks_other {
        return Ok(Sent::Blocked);
    }

    let place = next_place(db, &from, &recipient.id)?;
    let sql =
        "INSERT INTO messages (app, pair, sequence, sender, born, nth, at, client_id, text, custom, pushed)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let (sequence, id) = (number(place.sequence), from.id.as_str());
    let (born, nth, client) = (sender_party.born, number(place.nth), client_id.as_str());
    let push = push.filter(|_| !to_oneself);
    let pushed = push.as_ref().is_some_and(|devices| !devices.is_empty());
    let (app, pair) = (from.app.0, place.pair);
    let (text, custom) = (body.shown(), custom_column(&body));
    change(db, sql, params![app, pair, sequence, id, born, nth, millis(at), client, text, custom, pushed])?;
    let message = Message {
        from: from.id.clone(),
        to: recipient.id.clone(),
        sequence: place.sequence,
        at,
        body,
        client_id,
    };

    let sender = moved(db, &from, &message, &place, 0, &sender_party, &recipient_party)?;
    let received = if to_oneself {
        sender.clone()
    } else {
        moved(db, &recipient, &message, &place, 1, &recipient_party, &sender_party)?
    };
    let push = match push {
        Some(devices) => {
            let Message { from, sequence, at, ref body, .. } = message.clone();
            let text = body.shown().to_owned();
            let unread = received.state.total_unread;
            let content = NoticeContent::Push(PushContent { from, sequence, at, text, unread, devices });
            let notice = NewNotice { user: recipient, content, at };
            crate::outbox::enqueue(db, &[notice])?.added == 1
        }
        None => false,
    };
    Ok(Sent::Stored(Box::new(StoredMessage { message, sender, recipient: received, push })))
}

/// Adds notices about missed messages to the outbox. Reads only the newest messages of conversations active after
/// `since`. The duration therefore does not depend on the number of unread messages.
pub(super) fn push_missed(db: &Connection, missed: &MissedMessages) -> Result<Enqueued> {
    let MissedMessages { user, since, limit, devices, at } = missed;
    let sql = "SELECT m.pair, m.sequence, m.at, m.text, c.peer, a.unread
               FROM conversations AS c CROSS JOIN pairs AS p ON p.id = c.pair
               CROSS JOIN messages AS m ON m.pair = c.pair AND m.sequence > max(c.read, c.cleared, p.last - 100)
               CROSS JOIN accounts AS a ON a.app = c.app AND a.id = c.owner
               WHERE c.app = ?1 AND c.owner = ?2 AND c.unread > 0 AND c.active >= ?3
                   AND m.at >= ?3 AND m.pushed = 0 AND m.sender = c.peer AND c.peer <> c.owner
               ORDER BY m.at DESC, m.pair DESC, m.sequence DESC LIMIT ?4";
    let key = params![user.app.0, user.id.as_str(), millis(*since), number(*limit)];
    let mut found = list(db, sql, key, |row| {
        let content = PushContent {
            from: parsed(row, 4, UserId::new)?,
            sequence: count(row, 1)?,
            at: time(row, 2)?,
            text: row.get(3)?,
            unread: row.get(5)?,
            devices: devices.clone(),
        };
        Ok((row.get::<_, i64>(0)?, content))
    })?;
    found.reverse();
    let mut notices = Vec::with_capacity(found.len());
    for (pair, content) in found {
        let sql = "UPDATE messages SET pushed = 1 WHERE pair = ?1 AND sequence = ?2";
        change(db, sql, params![pair, number(content.sequence)])?;
        notices.push(NewNotice { user: user.clone(), content: NoticeContent::Push(content), at: *at });
    }
    crate::outbox::enqueue(db, &notices)
}

/// The stored data of one of the two users, as it was before the message.
struct Party {
    /// The creation time of the account.
    born: i64,
    state: ListsState,
    profile: Profile,
    /// The other user's remark on this user.
    remark: String,
    /// Whether this user has blocked the other user.
    blocks_other: bool,
}

fn party(db: &Connection, user: &User, other: &UserId) -> Result<Option<Party>> {
    let sql = "SELECT a.created, a.lists_version, a.unread, f.remark, a.nick, a.avatar_url, a.allow,
                   a.block_count <> 0 AND EXISTS (
                       SELECT 1 FROM blocks WHERE app = ?1 AND owner = ?2 AND blocked = ?3)
               FROM accounts AS a LEFT JOIN friends AS f ON f.app = ?1 AND f.owner = ?3 AND f.friend = ?2
               WHERE a.app = ?1 AND a.id = ?2";
    let party = |row: &Row<'_>| {
        Ok(Party {
            born: row.get(0)?,
            state: state_of(row, 1)?,
            remark: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
            profile: profile_of(row, 4)?,
            blocks_other: row.get(7)?,
        })
    };
    db.prepare_cached(sql)?.query_row(params![user.app.0, user.id.as_str(), other.as_str()], party).optional()
}

/// Returns the latest stored message that this call repeats; `None` if the call is not a retry.
fn sent_before(
    db: &Connection,
    from: &User,
    born: i64,
    to: &UserId,
    client_id: &ClientMessageId,
    body: &MessageBody,
    at: Timestamp,
) -> Result<Option<Message>> {
    let (low, high) = in_order(&from.id, to);
    let sql = "SELECT m.sequence, m.at FROM pairs AS p CROSS JOIN messages AS m
                   ON m.app = p.app AND m.sender = ?4 AND m.born = ?5 AND m.client_id = ?6 AND m.pair = p.id
               WHERE p.app = ?1 AND p.low = ?2 AND p.high = ?3 AND m.at > ?7 AND m.text = ?8 AND m.custom IS ?9
               ORDER BY m.at DESC, m.sequence DESC LIMIT 1";
    let message = |row: &Row<'_>| {
        Ok(Message {
            from: from.id.clone(),
            to: to.clone(),
            sequence: count(row, 0)?,
            at: time(row, 1)?,
            body: body.clone(),
            client_id: client_id.clone(),
        })
    };
    let too_old = millis(at) - i64::try_from(RETRY_TIME.as_millis()).expect("ten minutes");
    let (app, sender, client) = (from.app.0, from.id.as_str(), client_id.as_str());
    let key = params![
        app,
        low.as_str(),
        high.as_str(),
        sender,
        born,
        client,
        too_old,
        body.shown(),
        custom_column(body)
    ];
    db.prepare_cached(sql)?.query_row(key, message).optional()
}

/// Updates the conversation row and the account of one of the two users.
fn moved(
    db: &Connection,
    owner: &User,
    message: &Message,
    place: &Place,
    unread: u32,
    before: &Party,
    peer: &Party,
) -> Result<ConversationSet> {
    let id = message.peer_of(&owner.id).clone();
    let Touched { pinned, read_sequence, unread: unread_here } =
        touch(db, owner, &id, place, message.at, unread)?;
    let state =
        ListsState { version: before.state.version + 1, total_unread: before.state.total_unread + unread };
    let sql = "UPDATE accounts SET lists_version = ?3, unread = ?4 WHERE app = ?1 AND id = ?2";
    let (version, total) = (number(state.version), state.total_unread);
    change(db, sql, params![owner.app.0, owner.id.as_str(), version, total])?;
    let conversation = Conversation {
        peer: id,
        last: Some(message.clone()),
        unread: unread_here,
        read_sequence,
        pinned,
        active: message.at,
        profile: peer.profile.clone(),
        remark: peer.remark.clone(),
    };
    Ok(ConversationSet { conversation, changed: true, state })
}

pub(super) fn history(
    db: &Connection,
    owner: &User,
    peer: &UserId,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<Message>> {
    let sql = "SELECT m.sender, m.sequence, m.at, m.client_id, m.text, m.custom
               FROM conversations AS c CROSS JOIN messages AS m ON m.pair = c.pair AND m.sequence > c.cleared
               WHERE c.app = ?1 AND c.owner = ?2 AND c.peer = ?3 AND m.sequence < ?4
               ORDER BY m.sequence DESC LIMIT ?5";
    let before = before.map_or(i64::MAX, number);
    let values = params![owner.app.0, owner.id.as_str(), peer.as_str(), before, number(limit)];
    list(db, sql, values, |row| message_of(row, 0, &owner.id, peer))
}

pub(super) fn forget(db: &Connection, app: AppId, before: Timestamp, limit: usize) -> Result<usize> {
    let sql = "DELETE FROM messages WHERE (pair, sequence) IN (
                   SELECT pair, sequence FROM messages WHERE app = ?1 AND at < ?2
                   ORDER BY at, pair, sequence LIMIT ?3)";
    change(db, sql, params![app.0, millis(before), number(limit)])
}
