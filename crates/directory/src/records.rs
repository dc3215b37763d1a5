//! Lists of the records of one app in pages, for operators and for deleting an app.

use lamplight_core::Presence;
use lamplight_model::{AppId, Platform, StatusType, User, UserId};
use std::fmt;
use std::str::FromStr;

/// The condition by which records are selected for a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecordFilter {
    /// All records.
    All,
    /// The records of users who are ONLINE.
    Online {
        /// The platform on which a device of the user must be connected; `None` for any platform.
        on: Option<Platform>,
    },
    /// The records of users whose status is hidden from somebody, and of deleted accounts. After the loss of a node,
    /// they are compared with the facts.
    RestrictedOrDeleted,
}

impl RecordFilter {
    /// Returns `true` if a record matches the filter.
    pub fn takes(self, presence: &Presence) -> bool {
        match self {
            Self::All => true,
            Self::RestrictedOrDeleted => {
                presence.is_deleted() || presence.restrictions().is_some_and(|it| !it.is_open())
            }
            Self::Online { on: None } => presence.status_type() == StatusType::Online,
            Self::Online { on: Some(platform) } => {
                presence.status_type() == StatusType::Online
                    && presence.present_platforms().any(|present| present == platform)
            }
        }
    }
}

/// The position after which a page of a list of records begins. It is valid for one run of the directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordCursor {
    /// The part of the directory in which the page begins. Each adapter divides its records into parts.
    pub(crate) part: u64,
    /// The last listed user of that part; `None` if no user of that part was listed yet.
    pub(crate) after: Option<UserId>,
}

/// The error for a text that is not a cursor of a list of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a cursor of a list of users")]
pub struct InvalidRecordCursor;

impl RecordCursor {
    /// Creates a cursor from the number of a part and the last listed user of that part. `after` is `None` if no user
    /// was listed yet.
    pub fn new(part: u64, after: Option<UserId>) -> Self {
        Self { part, after }
    }

    /// Returns the number of the part of the directory in which the page begins.
    pub fn part(&self) -> u64 {
        self.part
    }

    /// Returns the last listed user of that part; `None` if no user of that part was listed yet.
    pub fn after(&self) -> Option<&UserId> {
        self.after.as_ref()
    }
}

impl fmt::Display for RecordCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.part)?;
        self.after.iter().try_for_each(|after| write!(f, ".{after}"))
    }
}

impl FromStr for RecordCursor {
    type Err = InvalidRecordCursor;

    fn from_str(text: &str) -> Result<Self, InvalidRecordCursor> {
        let (part, after) = match text.split_once('.') {
            Some((part, after)) => (part, Some(UserId::new(after).map_err(|_| InvalidRecordCursor)?)),
            None => (text, None),
        };
        if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidRecordCursor);
        }
        Ok(Self { part: part.parse().map_err(|_| InvalidRecordCursor)?, after })
    }
}

/// A page of the records of an app.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RecordPage {
    /// The users of the records.
    pub users: Vec<User>,
    /// The position of the next page; `None` if this is the last page.
    pub next: Option<RecordCursor>,
}

/// Returns up to `room` users of an app whose records match the filter. They are in ascending order of their ids, and
/// begin after `after`. The second value is `true` if there are more.
pub(crate) fn pick<'a>(
    records: impl Iterator<Item = (&'a User, &'a Presence)>,
    app: AppId,
    filter: RecordFilter,
    after: Option<&UserId>,
    room: usize,
) -> (Vec<User>, bool) {
    let of_app = records.filter(|(user, _)| user.app == app && after.is_none_or(|after| user.id > *after));
    let mut found: Vec<&User> =
        of_app.filter(|(_, presence)| filter.takes(presence)).map(|(user, _)| user).collect();
    let is_cut = found.len() > room;
    if is_cut {
        // Only the returned users are sorted.
        found.select_nth_unstable(room);
        found.truncate(room);
    }
    found.sort_unstable();
    (found.into_iter().cloned().collect(), is_cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_from_its_text_and_nothing_else_is_one() {
        for (part, after) in [(0, None), (255, Some("alice")), (u64::MAX, Some("a.b c"))] {
            let cursor = RecordCursor::new(part, after.map(|id| UserId::new(id).unwrap()));
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        for text in ["", ".", ".a", "1.", "-1", "+1", "x", "1 ", "99999999999999999999", "1.\u{e9}"] {
            assert_eq!(text.parse::<RecordCursor>(), Err(InvalidRecordCursor), "{text:?}");
        }
    }
}
