//! The users who may see the status of a user: the visibility, which is a column of the table `accounts`, and the block
//! list. Each entry of a block list is a row that belongs to an owner. The owner's account contains the number of
//! entries.

use super::blocks::{has_blocked, key_of};
use super::{count_up_if, friends, state, state_of};
use crate::rows::{change, count, json, list, millis, number, parsed, time, to_json};
use lamplight_facts::{BlockList, BlockOutcome, Blocking, ListsState, Unblocking, VisibilitySet};
use lamplight_model::{
    AppId, AwayLogins, BlockedUser, StoredRestrictions, Timestamp, User, UserId, Visibility,
};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, OptionalExtension, Result, Row, params};

pub(super) fn set_visibility(
    db: &Connection,
    user: &User,
    visibility: Visibility,
) -> Result<Option<VisibilitySet>> {
    let Some(Account { visibility: was, .. }) = account(db, user)? else { return Ok(None) };
    if was != visibility {
        let sql = "UPDATE accounts SET visibility = ?3 WHERE app = ?1 AND id = ?2";
        change(db, sql, params![user.app.0, user.id.as_str(), visibility as u8])?;
    }
    Ok(Some(VisibilitySet { was, state: count_up_if(was != visibility, db, user)? }))
}

pub(super) fn block(
    db: &Connection,
    owner: &User,
    users: &[UserId],
    at: Timestamp,
    limit: usize,
) -> Result<Option<Blocking>> {
    let sql = "SELECT block_count FROM accounts WHERE app = ?1 AND id = ?2";
    let entries = |row: &Row<'_>| row.get::<_, i64>(0);
    let key = params![owner.app.0, owner.id.as_str()];
    let Some(mut entries) = db.prepare_cached(sql)?.query_row(key, entries).optional()? else {
        return Ok(None);
    };
    let mut blocking = Blocking { outcomes: Vec::new(), added: Vec::new(), state: ListsState::default() };
    for user in users {
        let outcome = if has_blocked(db, owner, user)? {
            BlockOutcome::AlreadyBlocked
        } else if !is_account(db, owner.app, user)? {
            BlockOutcome::NoSuchUser
        } else if entries >= number(limit) {
            BlockOutcome::ListFull
        } else {
            let sql = "INSERT INTO blocks (app, owner, blocked, since) VALUES (?1, ?2, ?3, ?4)";
            change(db, sql, params![owner.app.0, owner.id.as_str(), user.as_str(), millis(at)])?;
            entries += 1;
            blocking.added.push(BlockedUser { id: user.clone(), since: at });
            BlockOutcome::Done
        };
        blocking.outcomes.push(outcome);
    }
    blocking.state = count_entries(db, owner, number(blocking.added.len()))?;
    Ok(Some(blocking))
}

pub(super) fn unblock(db: &Connection, owner: &User, users: &[UserId]) -> Result<Option<Unblocking>> {
    if state(db, owner)?.is_none() {
        return Ok(None);
    }
    let sql = "DELETE FROM blocks WHERE app = ?1 AND owner = ?2 AND blocked = ?3";
    let remove = |user: &UserId| Ok(change(db, sql, key_of(owner, user))? > 0);
    let removed: Vec<bool> = users.iter().map(remove).collect::<Result<_>>()?;
    let entries = removed.iter().filter(|removed| **removed).count();
    let state = count_entries(db, owner, -number(entries))?;
    Ok(Some(Unblocking { removed, state }))
}

/// Adds `entries` to the number of entries of the owner's block list. If the number changes, increments the lists
/// version. Returns the current state.
fn count_entries(db: &Connection, owner: &User, entries: i64) -> Result<ListsState> {
    if entries != 0 {
        let sql = "UPDATE accounts SET block_count = block_count + ?3 WHERE app = ?1 AND id = ?2";
        change(db, sql, params![owner.app.0, owner.id.as_str(), entries])?;
    }
    count_up_if(entries != 0, db, owner)
}

pub(super) fn block_list(db: &Connection, owner: &User) -> Result<Option<BlockList>> {
    let snapshot = db.unchecked_transaction()?;
    let Some(Account { state, visibility, .. }) = account(&snapshot, owner)? else { return Ok(None) };
    let sql = "SELECT blocked, since FROM blocks WHERE app = ?1 AND owner = ?2 ORDER BY blocked";
    let blocked = list(&snapshot, sql, params![owner.app.0, owner.id.as_str()], |row| {
        Ok(BlockedUser { id: parsed(row, 0, UserId::new)?, since: time(row, 1)? })
    })?;
    Ok(Some(BlockList { visibility, blocked, version: state.version }))
}

pub(super) fn between(db: &Connection, owner: &User, users: &[UserId]) -> Result<Vec<(bool, bool)>> {
    let snapshot = db.unchecked_transaction()?;
    let both = |user: &UserId| {
        let other = User::new(owner.app, user.clone());
        Ok((has_blocked(&snapshot, owner, user)?, has_blocked(&snapshot, &other, &owner.id)?))
    };
    users.iter().map(both).collect()
}

pub(super) fn restrictions(db: &Connection, users: &[User]) -> Result<Vec<Option<StoredRestrictions>>> {
    let snapshot = db.unchecked_transaction()?;
    users.iter().map(|user| restrictions_of(&snapshot, user)).collect()
}

fn restrictions_of(db: &Connection, user: &User) -> Result<Option<StoredRestrictions>> {
    let Some(Account { state, visibility, has_blocks, away }) = account(db, user)? else { return Ok(None) };
    let friends = match visibility {
        Visibility::Friends => friends::mutual(db, user)?,
        Visibility::Everyone | Visibility::Nobody => Vec::new(),
    };
    let sql = "SELECT blocked FROM blocks WHERE app = ?1 AND owner = ?2 ORDER BY blocked";
    let blocked = match has_blocks {
        true => list(db, sql, params![user.app.0, user.id.as_str()], |row| parsed(row, 0, UserId::new))?,
        false => Vec::new(),
    };
    Ok(Some(StoredRestrictions { version: state.version, visibility, friends, blocked, away }))
}

pub(super) fn set_away_logins(db: &Connection, user: &User, version: u64, away: &AwayLogins) -> Result<()> {
    let sql = "UPDATE accounts SET away_version = ?3, away = ?4
        WHERE app = ?1 AND id = ?2 AND away_version <= ?3 AND (away_version <> ?3 OR away IS NOT ?4)";
    let is_empty = *away == AwayLogins::default();
    let away = (!is_empty).then(|| to_json(away)).transpose()?;
    change(db, sql, params![user.app.0, user.id.as_str(), number(version), away])?;
    Ok(())
}

pub(super) fn restricted_users(db: &Connection, after: Option<&User>, limit: usize) -> Result<Vec<User>> {
    // No app has this number, and no `userID` is empty.
    let (app, id) = after.map_or((-1, ""), |user| (i64::from(user.app.0), user.id.as_str()));
    list(db, RESTRICTED_USERS, params![app, id, number(limit)], |row| {
        Ok(User::new(AppId(row.get(0)?), parsed(row, 1, UserId::new)?))
    })
}

/// Selects the restricted users through an index that contains no other users.
const RESTRICTED_USERS: &str = "SELECT app, id FROM accounts INDEXED BY accounts_restricted
    WHERE (visibility <> 0 OR block_count <> 0) AND (app, id) > (?1, ?2) ORDER BY app, id LIMIT ?3";

fn is_account(db: &Connection, app: AppId, id: &UserId) -> Result<bool> {
    db.prepare_cached("SELECT 1 FROM accounts WHERE app = ?1 AND id = ?2")?.exists((app.0, id.as_str()))
}

struct Account {
    state: ListsState,
    visibility: Visibility,
    has_blocks: bool,
    away: AwayLogins,
}

fn account(db: &Connection, user: &User) -> Result<Option<Account>> {
    let sql = "SELECT lists_version, unread, visibility, block_count <> 0, away FROM accounts
        WHERE app = ?1 AND id = ?2";
    let account = |row: &Row<'_>| {
        let stored = count(row, 2)?;
        let visibility = u8::try_from(stored).ok().and_then(Visibility::from_number);
        let visibility = visibility.ok_or(Error::IntegralValueOutOfRange(2, number(stored)))?;
        let is_empty = row.get_ref(4)? == ValueRef::Null;
        let away = if is_empty { AwayLogins::default() } else { json(row, 4)? };
        Ok(Account { state: state_of(row, 0)?, visibility, has_blocks: row.get(3)?, away })
    };
    db.prepare_cached(sql)?.query_row(params![user.app.0, user.id.as_str()], account).optional()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;

    /// Checks that the cost of a page does not grow with the number of users without restrictions.
    #[test]
    fn restricted_users_are_found_by_their_index() {
        let directory = tempfile::tempdir().unwrap();
        let db = schema::open_for_writing(&directory.path().join("facts")).unwrap();
        let sql = format!("EXPLAIN QUERY PLAN {RESTRICTED_USERS}");
        let steps: Vec<String> = list(&db, &sql, (1, 1, 1), |row| row.get(3)).unwrap();
        let range = "SEARCH accounts USING INDEX accounts_restricted ((app,id)>(?,?))";
        assert_eq!(steps, [range]);
    }
}
