//! Friend lists. Each entry is a row that belongs to one user, its owner. If two users have entries about each other,
//! both entries are mutual.

use crate::accounts::unknown;
use crate::lists_state::state_at;
use crate::profiles::profile_at;
use crate::rows::{Result, get, parsed, text, time, utf8};
use lamplight_facts::{Befriended, Befriending, RemarkSet, Unfriended};
use lamplight_model::{Friend, UserId};
use tokio_postgres::Row;

pub(crate) const BEFRIEND: &str = "SELECT * FROM befriend($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

pub(crate) const SET_REMARK: &str = "SELECT * FROM set_remark($1, $2, $3, $4)";

pub(crate) const UNFRIEND: &str = "SELECT * FROM unfriend($1, $2, $3, $4)";

pub(crate) const FRIEND: &str =
    "SELECT friend, remark, mutual, added, source, wording, nick, avatar_url, allow
    FROM friend_entries WHERE app = $1 AND owner = $2 AND friend = $3";

pub(crate) const PAGE: &str = "SELECT friend, remark, mutual, added, source, wording, nick, avatar_url, allow
    FROM friend_entries WHERE app = $1 AND owner = $2 AND friend > $3 ORDER BY friend LIMIT $4";

pub(crate) const COUNT: &str = "SELECT count(*) FROM friends WHERE app = $1 AND owner = $2";

/// Selects the mutual friends. `OFFSET` makes PostgreSQL look up the owner in the list of each friend. Otherwise,
/// PostgreSQL may read the entries of all users who have added the owner. The number of these users has no limit.
pub(crate) const MUTUAL: &str = "SELECT f.friend FROM friends AS f
    WHERE f.app = $1 AND f.owner = $2 AND EXISTS (
        SELECT FROM friends AS b WHERE b.app = f.app AND b.owner = f.friend AND b.friend = f.owner OFFSET 0)
    ORDER BY f.friend";

/// Reads an entry from columns beginning at `first`: friend, remark, mutual, time, source, wording, profile.
pub(crate) fn friend_at(row: &Row, first: usize) -> Result<Friend> {
    Ok(Friend {
        id: parsed(row, first, UserId::new)?,
        remark: text(row, first + 1)?,
        mutual: get(row, first + 2)?,
        added: time(row, first + 3)?,
        source: text(row, first + 4)?,
        wording: text(row, first + 5)?,
        profile: profile_at(row, first + 6)?,
    })
}

/// Reads an entry like [`friend_at`]; `None` if the columns are null.
fn optional_friend_at(row: &Row, first: usize) -> Result<Option<Friend>> {
    match get::<Option<&str>>(row, first)? {
        Some(_) => friend_at(row, first).map(Some),
        None => Ok(None),
    }
}

pub(crate) fn befriending(row: &Row) -> Result<Befriending> {
    let outcome = match get(row, 0)? {
        0_i64 => Befriended::Done,
        1 => Befriended::NoSuchOwner,
        2 => Befriended::NoSuchFriend,
        3 => Befriended::ListFull,
        4 => Befriended::FriendListFull,
        5 => Befriended::Denied,
        other => return Err(unknown(0, other)),
    };
    Ok(Befriending {
        outcome,
        owner_changed: get(row, 1)?,
        friend_changed: get(row, 2)?,
        owner_state: state_at(row, 3)?,
        friend_state: state_at(row, 5)?,
        entry: optional_friend_at(row, 7)?,
        back: optional_friend_at(row, 16)?,
    })
}

pub(crate) fn remark_set(row: &Row) -> Result<RemarkSet> {
    Ok(RemarkSet { changed: get(row, 0)?, state: state_at(row, 1)?, entry: friend_at(row, 3)? })
}

pub(crate) fn unfriended(row: &Row) -> Result<Unfriended> {
    Ok(Unfriended {
        forth: get(row, 0)?,
        back: get(row, 1)?,
        owner_state: state_at(row, 2)?,
        friend_state: state_at(row, 4)?,
        left: optional_friend_at(row, 6)?,
    })
}

/// Reads the owner's remark on the peer. It is empty if there is no remark, or if the peer is not a friend.
pub(crate) fn remark_at(row: &Row, column: usize) -> Result<String> {
    get::<Option<&[u8]>>(row, column)?.map_or(Ok(String::new()), |remark| utf8(remark, column))
}
