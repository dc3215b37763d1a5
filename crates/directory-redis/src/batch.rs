//! Log batches. A batch has the log entries of one atomic step. It is pushed to nodes and kept in the stream.

use lamplight_directory::{LogEntry, Logged, News};
use lamplight_model::{Timestamp, User};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Instant;

/// A batch in its stored form. Nodes of two versions may run together, so new variants are added only at the end.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
enum Batch {
    /// A change of one record.
    Change { user: User, rev: u64, wall: Timestamp, moves: bool, news: Vec<News> },
    /// News that is not a change of a record.
    Appended(Vec<LogEntry>),
}

/// A batch in the form in which it is delivered to the readers of this node.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Delivery {
    pub(crate) entries: Vec<Arc<LogEntry>>,
    /// Whether the step moved a user in the feed.
    pub(crate) moves: bool,
}

/// Encodes the log entries of a change.
pub(crate) fn encode_change(
    user: &User,
    logged: &Logged,
    wall: Timestamp,
    moves: bool,
) -> Result<Vec<u8>, postcard::Error> {
    let news = logged.entries.iter().map(|entry| entry.news.clone()).collect();
    postcard::to_stdvec(&Batch::Change { user: user.clone(), rev: logged.rev, wall, moves, news })
}

/// Encodes news that is not a change of a record.
pub(crate) fn encode_appended(entries: Vec<LogEntry>) -> Result<Vec<u8>, postcard::Error> {
    postcard::to_stdvec(&Batch::Appended(entries))
}

impl Delivery {
    /// Creates the delivery of a change that this node has made itself.
    pub(crate) fn of(logged: &Logged, moves: bool) -> Self {
        Self { entries: logged.entries.to_vec(), moves }
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, postcard::Error> {
        Ok(match postcard::from_bytes(bytes)? {
            Batch::Change { user, rev, wall, moves, news } => {
                let at = Instant::now();
                let entry = |news| Arc::new(LogEntry { user: user.clone(), rev, wall: Some(wall), news, at });
                Self { entries: news.into_iter().map(entry).collect(), moves }
            }
            Batch::Appended(entries) => {
                Self { entries: entries.into_iter().map(Arc::new).collect(), moves: false }
            }
        })
    }
}

/// Splits a pushed message into the number of the batch and the bytes of the batch.
pub(crate) fn split_message(message: &[u8]) -> Option<(u64, &[u8])> {
    let colon = message.iter().position(|byte| *byte == b':')?;
    let number = std::str::from_utf8(&message[..colon]).ok()?.parse().ok()?;
    Some((number, &message[colon + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_model::{AppId, UserId};

    #[test]
    fn a_batch_is_read_back() {
        let user = User::new(AppId(1), UserId::new("a").unwrap());
        let wall = Timestamp(7);
        let entry = |news| LogEntry { rev: 9, wall: Some(wall), ..LogEntry::news(user.clone(), news) };
        let logged = Logged {
            rev: 9,
            entries: [News::Events, News::ListsUnknown]
                .map(|news| Arc::new(entry(news)))
                .into_iter()
                .collect(),
        };
        let untimed = |delivery: Delivery| -> Vec<(User, u64, Option<Timestamp>, News)> {
            let parts = |it: &Arc<LogEntry>| (it.user.clone(), it.rev, it.wall, it.news.clone());
            delivery.entries.iter().map(parts).collect()
        };
        for moves in [false, true] {
            let back = Delivery::decode(&encode_change(&user, &logged, wall, moves).unwrap()).unwrap();
            assert_eq!(back.moves, moves);
            assert_eq!(untimed(back), untimed(Delivery::of(&logged, moves)));
        }
        let news = vec![LogEntry::news(user.clone(), News::App(AppId(3)))];
        let back = Delivery::decode(&encode_appended(news).unwrap()).unwrap();
        assert_eq!(untimed(back), [(user, 0, None, News::App(AppId(3)))]);
        assert!(Delivery::decode(b"").is_err());
    }

    #[test]
    fn a_message_begins_with_its_number() {
        assert_eq!(split_message(b"17:a:b"), Some((17, &b"a:b"[..])));
        assert_eq!(split_message(b"17:"), Some((17, &b""[..])));
        for bad in ["", "17", ":a", "x:a", "-1:a"] {
            assert_eq!(split_message(bad.as_bytes()), None, "{bad}");
        }
    }
}
