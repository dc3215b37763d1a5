//! The users who may see the status of a user: the visibility, which is a column of the account, and the block list.
//! Each entry of a block list is a row that belongs to an owner. The owner's account contains the number of entries.

use crate::accounts::unknown;
use crate::fault::Fault;
use crate::lists_state::state_at;
use crate::rows::{Result, count, get, json, unsigned};
use lamplight_facts::{BlockList, BlockOutcome, Blocking, Unblocking, VisibilitySet};
use lamplight_model::{AwayLogins, BlockedUser, StoredRestrictions, Timestamp, UserId, Visibility};
use std::collections::HashSet;
use tokio_postgres::Row;

pub(crate) const SET_VISIBILITY: &str = "SELECT * FROM replace_visibility($1, $2, $3)";

pub(crate) const BLOCK: &str = "SELECT * FROM block_users($1, $2, $3, $4, $5)";

pub(crate) const UNBLOCK: &str = "SELECT * FROM unblock_users($1, $2, $3)";

pub(crate) const SET_AWAY_LOGINS: &str = "SELECT set_away_logins($1, $2, $3, $4)";

pub(crate) const BLOCK_LIST: &str = "SELECT a.lists_version, a.visibility,
        ARRAY(SELECT b.blocked FROM blocks AS b WHERE b.app = a.app AND b.owner = a.id ORDER BY b.blocked),
        ARRAY(SELECT b.since FROM blocks AS b WHERE b.app = a.app AND b.owner = a.id ORDER BY b.blocked)
    FROM accounts AS a WHERE a.app = $1 AND a.id = $2";

pub(crate) const BETWEEN: &str = "SELECT
        EXISTS (SELECT FROM blocks AS b WHERE b.app = $1 AND b.owner = $2 AND b.blocked = q.id),
        EXISTS (SELECT FROM blocks AS b WHERE b.app = $1 AND b.owner = q.id AND b.blocked = $2)
    FROM unnest($3::text[]) WITH ORDINALITY AS q (id, place) ORDER BY q.place";

/// Selects the restrictions of users. A list of a user is read only if the user's restrictions depend on it. For
/// `OFFSET`, see [`MUTUAL`](crate::friends::MUTUAL).
pub(crate) const RESTRICTIONS: &str = "SELECT a.lists_version, a.visibility,
        CASE WHEN a.visibility = 1 THEN ARRAY(
            SELECT f.friend FROM friends AS f
            WHERE f.app = a.app AND f.owner = a.id AND EXISTS (
                SELECT FROM friends AS b WHERE b.app = f.app AND b.owner = f.friend AND b.friend = f.owner OFFSET 0)
            ORDER BY f.friend) END,
        CASE WHEN a.block_count <> 0 THEN ARRAY(
            SELECT b.blocked FROM blocks AS b WHERE b.app = a.app AND b.owner = a.id ORDER BY b.blocked) END,
        a.away
    FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS q (app, id, place)
    LEFT JOIN accounts AS a ON a.app = q.app AND a.id = q.id
    ORDER BY q.place";

/// Selects the restricted users. Its index contains only restricted users.
pub(crate) const RESTRICTED_USERS: &str = "SELECT app, id FROM accounts
    WHERE (visibility <> 0 OR block_count <> 0) AND (app, id) > ($1, $2) ORDER BY app, id LIMIT $3";

pub(crate) fn visibility_set(row: &Row) -> Result<VisibilitySet> {
    Ok(VisibilitySet { was: visibility_at(row, 0)?, state: state_at(row, 1)? })
}

/// Converts a row of the function `block_users` to the result of the call.
pub(crate) fn blocking(row: &Row, users: &[UserId], at: Timestamp) -> Result<Blocking> {
    let outcomes: Vec<i64> = get(row, 0)?;
    let outcomes = outcomes.into_iter().map(outcome).collect::<Result<Vec<_>>>()?;
    let added = users.iter().zip(&outcomes).filter(|(_, outcome)| **outcome == BlockOutcome::Done);
    let added = added.map(|(id, _)| BlockedUser { id: id.clone(), since: at }).collect();
    Ok(Blocking { outcomes, added, state: state_at(row, 1)? })
}

fn outcome(number: i64) -> Result<BlockOutcome> {
    match number {
        0 => Ok(BlockOutcome::Done),
        1 => Ok(BlockOutcome::AlreadyBlocked),
        2 => Ok(BlockOutcome::NoSuchUser),
        3 => Ok(BlockOutcome::ListFull),
        other => Err(unknown(0, other)),
    }
}

/// Converts a row of the function `unblock_users` to the result of the call.
pub(crate) fn unblocking(row: &Row, users: &[&str]) -> Result<Unblocking> {
    let mut found: HashSet<&str> = get::<Vec<&str>>(row, 0)?.into_iter().collect();
    // If the call names a user twice, the first one was removed.
    let removed = users.iter().map(|user| found.remove(user)).collect();
    Ok(Unblocking { removed, state: state_at(row, 1)? })
}

pub(crate) fn block_list(row: &Row) -> Result<BlockList> {
    let since: Vec<i64> = get(row, 3)?;
    let entries = ids_at(row, 2)?.into_iter().zip(since);
    let entry = |(id, since)| Ok(BlockedUser { id, since: Timestamp(unsigned(since, 3)?) });
    let blocked = entries.map(entry).collect::<Result<_>>()?;
    Ok(BlockList { visibility: visibility_at(row, 1)?, blocked, version: count(row, 0)? })
}

pub(crate) fn optional_restrictions(row: &Row) -> Result<Option<StoredRestrictions>> {
    let Some(version) = get::<Option<i64>>(row, 0)? else { return Ok(None) };
    Ok(Some(StoredRestrictions {
        version: unsigned(version, 0)?,
        visibility: visibility_at(row, 1)?,
        friends: ids_at(row, 2)?,
        blocked: ids_at(row, 3)?,
        away: away_at(row, 4)?,
    }))
}

fn visibility_at(row: &Row, column: usize) -> Result<Visibility> {
    let number: i64 = get(row, column)?;
    let visibility = u8::try_from(number).ok().and_then(Visibility::from_number);
    visibility.ok_or_else(|| Fault::unreadable(column, format!("{number} is no visibility")))
}

fn away_at(row: &Row, column: usize) -> Result<AwayLogins> {
    if get::<Option<&str>>(row, column)?.is_none() { Ok(AwayLogins::default()) } else { json(row, column) }
}

/// Reads a list of ids. The column is null for an empty list.
fn ids_at(row: &Row, column: usize) -> Result<Vec<UserId>> {
    let ids: Vec<&str> = get::<Option<_>>(row, column)?.unwrap_or_default();
    let ids = ids.into_iter().map(UserId::new).collect::<std::result::Result<_, _>>();
    ids.map_err(|error| Fault::unreadable(column, error))
}
