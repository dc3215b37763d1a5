//! Conversions between a message and its columns.

use crate::rows::{count, parsed, time};
use lamplight_model::{ClientMessageId, CustomElement, Message, MessageBody, UserId};
use rusqlite::{Result, Row};

/// Reads a message from six columns beginning at the index `first`: sender, sequence, time, client id, text, custom
/// content. `one` and `other` are the users of the conversation.
pub(super) fn message_of(row: &Row<'_>, first: usize, one: &UserId, other: &UserId) -> Result<Message> {
    let from = parsed(row, first, UserId::new)?;
    Ok(Message {
        to: if from == *one { other.clone() } else { one.clone() },
        from,
        sequence: count(row, first + 1)?,
        at: time(row, first + 2)?,
        client_id: parsed(row, first + 3, ClientMessageId::new)?,
        body: body_of(row, first + 4)?,
    })
}

/// Reads a body from two columns beginning at the index `first`: text, custom content.
fn body_of(row: &Row<'_>, first: usize) -> Result<MessageBody> {
    let shown: String = row.get(first)?;
    Ok(match row.get::<_, Option<String>>(first + 1)? {
        None => MessageBody::Text(shown),
        Some(_) => {
            let [data, extension] =
                parsed(row, first + 1, |column| serde_json::from_str::<[String; 2]>(column))?;
            MessageBody::Custom(CustomElement { data, description: shown, extension })
        }
    })
}

/// Returns the value of the column `custom`: the custom content without its description. Returns `None` for a text
/// message.
pub(super) fn custom_column(body: &MessageBody) -> Option<String> {
    match body {
        MessageBody::Text(_) => None,
        MessageBody::Custom(CustomElement { data, extension, .. }) => {
            Some(serde_json::to_string(&[data, extension]).expect("texts are JSON"))
        }
    }
}
