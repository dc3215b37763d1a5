//! Messages. Each message is a row. The two users of a conversation and a sequence number identify the row. The row of
//! a user in `conversations` determines which messages the user sees.

use crate::accounts::unknown;
use crate::friends::remark_at;
use crate::lists_state::state_at;
use crate::outbox::{PUSH, take_in_pushes};
use crate::profiles::profile_at;
use crate::rows::{Result, count, get, key, list, millis, number, parsed, text, time, to_json, unsigned};
use crate::store::Work;
use deadpool_postgres::Object;
use lamplight_facts::{
    ConversationSet, Enqueued, MissedMessages, NewMessage, RETRY_TIME, Sent, StoredMessage,
};
use lamplight_model::{
    ClientMessageId, Conversation, CustomElement, Message, MessageBody, NoticeContent, PushContent,
    Timestamp, UserId,
};
use tokio_postgres::Row;

pub(crate) const SEND: &str =
    "SELECT * FROM send_unless_blocked($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

/// Selects a page of a history. The inner query has the limit, so that PostgreSQL reads no index entries beyond the
/// page.
pub(crate) const HISTORY: &str = "SELECT m.sender, m.sequence, m.at, m.client_id, m.text, m.custom
    FROM conversations AS c CROSS JOIN LATERAL (
        SELECT * FROM messages AS m WHERE m.pair = c.pair AND m.sequence > c.cleared AND m.sequence < $4
        ORDER BY m.sequence DESC LIMIT $5) AS m
    WHERE c.app = $1 AND c.owner = $2 AND c.peer = $3 ORDER BY m.sequence DESC";

pub(crate) const FORGET: &str = "SELECT forget_messages($1, $2, $3)";

/// Reads a message from six columns beginning at `first`: sender, sequence, time, client id, text, custom content.
pub(crate) fn message_at(row: &Row, first: usize, one: &UserId, other: &UserId) -> Result<Message> {
    let from = parsed(row, first, UserId::new)?;
    Ok(Message {
        to: if from == *one { other.clone() } else { one.clone() },
        from,
        sequence: count(row, first + 1)?,
        at: time(row, first + 2)?,
        client_id: parsed(row, first + 3, ClientMessageId::new)?,
        body: body_at(row, first + 4)?,
    })
}

/// Reads the body of a message from two columns beginning at `first`: text, custom content.
fn body_at(row: &Row, first: usize) -> Result<MessageBody> {
    let shown = text(row, first)?;
    Ok(match get::<Option<&str>>(row, first + 1)? {
        None => MessageBody::Text(shown),
        Some(_) => {
            let [data, extension] =
                parsed(row, first + 1, |column| serde_json::from_str::<[String; 2]>(column))?;
            MessageBody::Custom(CustomElement { data, description: shown, extension })
        }
    })
}

/// The column `custom` of a message: the custom content without the description, which is in another column.
pub(crate) fn custom_column(body: &MessageBody) -> Option<String> {
    match body {
        MessageBody::Text(_) => None,
        MessageBody::Custom(CustomElement { data, extension, .. }) => Some(to_json(&[data, extension])),
    }
}

/// Returns the two users of a pair in ascending order.
pub(crate) fn in_order<'a>(one: &'a UserId, other: &'a UserId) -> (&'a UserId, &'a UserId) {
    if one <= other { (one, other) } else { (other, one) }
}

/// Returns a time in milliseconds. If a message was stored at this time or earlier, a message that is sent at `at` is
/// not a retry of it.
pub(crate) fn too_old(at: Timestamp) -> i64 {
    millis(at) - i64::try_from(RETRY_TIME.as_millis()).expect("ten minutes")
}

/// The parts of a push notice that do not depend on the stored message, each as JSON: sender, text, devices. `None` if
/// no notice is needed.
pub(crate) fn push_column(new: &NewMessage) -> Option<[String; 3]> {
    let devices = new.push.as_ref().filter(|_| new.from.id != new.to)?;
    Some([to_json(&new.from.id), to_json(&new.body.shown()), to_json(devices)])
}

/// Converts a row of the function `send_unless_blocked` to the result of the call.
pub(crate) fn sent(row: &Row, new: NewMessage) -> Result<Sent> {
    let NewMessage { from, to, body, client_id, at, push: _ } = new;
    let from = from.id;
    let message =
        |sequence, at| Message { from: from.clone(), to: to.clone(), sequence, at, body, client_id };
    match get(row, 0)? {
        0_i64 => {
            let message = message(count(row, 1)?, at);
            let sender = moved(row, 4, &message, &message.to)?;
            let recipient =
                if from == to { sender.clone() } else { moved(row, 13, &message, &message.from)? };
            let push = get(row, 3)?;
            Ok(Sent::Stored(Box::new(StoredMessage { message, sender, recipient, push })))
        }
        1 => Ok(Sent::Repeated(message(count(row, 1)?, time(row, 2)?))),
        2 => Ok(Sent::NoSuchSender),
        3 => Ok(Sent::NoSuchRecipient),
        4 => Ok(Sent::Blocked),
        other => Err(unknown(0, other)),
    }
}

/// Reads a user's lists and conversation after a message, from nine columns beginning at `first`.
fn moved(row: &Row, first: usize, message: &Message, peer: &UserId) -> Result<ConversationSet> {
    let conversation = Conversation {
        peer: peer.clone(),
        last: Some(message.clone()),
        unread: unsigned(get(row, first + 2)?, first + 2)?,
        read_sequence: count(row, first + 3)?,
        pinned: get(row, first + 4)?,
        active: message.at,
        remark: remark_at(row, first + 5)?,
        profile: profile_at(row, first + 6)?,
    };
    Ok(ConversationSet { conversation, changed: true, state: state_at(row, first)? })
}

impl Work for MissedMessages {
    type Answer = Enqueued;

    /// Reads only the newest messages of the conversations that were active since the given time. The duration
    /// therefore does not depend on the number of unread messages.
    async fn run(&self, connection: &mut Object) -> Result<Enqueued> {
        let Self { user, since, limit, devices, at } = self;
        let (app, id) = key(user);
        let transaction = connection.transaction().await?;
        let lock = transaction.prepare_cached("SELECT lock_accounts($1, $2, $2)").await?;
        transaction.query(&lock, &[&app, &id]).await?;
        let find = "SELECT m.pair, m.sequence, m.at, m.text, c.peer, a.unread
            FROM conversations AS c JOIN pairs AS p ON p.id = c.pair
            JOIN messages AS m ON m.pair = c.pair AND m.sequence > greatest(c.read, c.cleared, p.last - 100)
            JOIN accounts AS a ON a.app = c.app AND a.id = c.owner
            WHERE c.app = $1 AND c.owner = $2 AND c.unread > 0 AND c.active >= $3
                AND m.at >= $3 AND NOT m.pushed AND m.sender = c.peer AND c.peer <> c.owner
            ORDER BY m.at DESC, m.pair DESC, m.sequence DESC LIMIT $4";
        let find = transaction.prepare_cached(find).await?;
        let rows = transaction.query(&find, &[&app, &id, &millis(*since), &number(*limit)]).await?;
        let mut found = list(&rows, |row| {
            let content = PushContent {
                from: parsed(row, 4, UserId::new)?,
                sequence: count(row, 1)?,
                at: time(row, 2)?,
                text: text(row, 3)?,
                unread: unsigned(get(row, 5)?, 5)?,
                devices: devices.clone(),
            };
            Ok((get::<i64>(row, 0)?, get::<i64>(row, 1)?, NoticeContent::Push(content)))
        })?;
        if found.is_empty() {
            return Ok(Enqueued::default());
        }
        found.reverse();
        let pairs: Vec<i64> = found.iter().map(|(pair, ..)| *pair).collect();
        let sequences: Vec<i64> = found.iter().map(|(_, sequence, _)| *sequence).collect();
        let mark = "UPDATE messages AS m SET pushed = true
            FROM unnest($1::bigint[], $2::bigint[]) AS f (pair, sequence)
            WHERE m.pair = f.pair AND m.sequence = f.sequence";
        let mark = transaction.prepare_cached(mark).await?;
        transaction.execute(&mark, &[&pairs, &sequences]).await?;
        let contents: Vec<NoticeContent> = found.into_iter().map(|(.., content)| content).collect();
        let done = take_in_pushes(&transaction, user, &contents, *at).await?;
        transaction.commit().await?;
        Ok(done)
    }
}

/// The webhook number of notices about messages.
pub(crate) const PUSH_LANE: i64 = PUSH as i64;
