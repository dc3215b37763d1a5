//! What a profile, and how far the lists of a user are, say in SQL. Knows columns; a writing function runs inside a
//! savepoint.

use crate::statements::change;
use lamplight_facts::{ListsState, ProfileSet};
use lamplight_model::{AllowType, AppId, Profile, ProfileChange, User, UserId};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

pub(crate) fn lists_states(db: &Connection, users: &[User]) -> Result<Vec<Option<ListsState>>> {
    let snapshot = db.unchecked_transaction()?;
    users.iter().map(|user| lists_state(&snapshot, user.app, &user.id)).collect()
}

/// How far the lists of a user are; `None` where there is no account.
pub(crate) fn lists_state(db: &Connection, app: AppId, id: &UserId) -> Result<Option<ListsState>> {
    let sql = "SELECT lists_version, unread FROM accounts WHERE app = ?1 AND id = ?2";
    db.prepare_cached(sql)?.query_row(params![app.0, id.as_str()], |row| state(row, 0)).optional()
}

/// Counts the lists of a user up by one, and the unread messages by so many; `None` where there is no account.
pub(crate) fn count_up(db: &Connection, app: AppId, id: &UserId, unread: i64) -> Result<Option<ListsState>> {
    let sql = "UPDATE accounts SET lists_version = lists_version + 1, unread = max(unread + ?3, 0)
               WHERE app = ?1 AND id = ?2 RETURNING lists_version, unread";
    let values = params![app.0, id.as_str(), unread];
    db.prepare_cached(sql)?.query_row(values, |row| state(row, 0)).optional()
}

pub(crate) fn profiles(db: &Connection, users: &[User]) -> Result<Vec<Option<Profile>>> {
    let snapshot = db.unchecked_transaction()?;
    users.iter().map(|user| profile_of(&snapshot, user.app, &user.id)).collect()
}

pub(crate) fn profile_of(db: &Connection, app: AppId, id: &UserId) -> Result<Option<Profile>> {
    let sql = "SELECT nick, avatar_url, allow FROM accounts WHERE app = ?1 AND id = ?2";
    db.prepare_cached(sql)?.query_row(params![app.0, id.as_str()], |row| profile(row, 0)).optional()
}

pub(crate) fn set_profile(db: &Connection, user: &User, new: &ProfileChange) -> Result<Option<ProfileSet>> {
    let Some(before) = profile_of(db, user.app, &user.id)? else { return Ok(None) };
    let mut profile = before.clone();
    new.apply(&mut profile);
    let changed = profile != before;
    let state = if changed {
        let sql = "UPDATE accounts SET nick = ?3, avatar_url = ?4, allow = ?5 WHERE app = ?1 AND id = ?2";
        let denies = profile.allow == AllowType::DenyAny;
        let (id, nick, avatar) = (user.id.as_str(), &profile.nick, &profile.avatar_url);
        change(db, sql, params![user.app.0, id, nick, avatar, denies])?;
        count_up(db, user.app, &user.id, 0)?
    } else {
        lists_state(db, user.app, &user.id)?
    };
    Ok(Some(ProfileSet { profile, changed, state: state.unwrap_or_default() }))
}

/// The two columns from `first`: version, unread.
fn state(row: &Row<'_>, first: usize) -> Result<ListsState> {
    Ok(ListsState { version: row.get::<_, i64>(first)?.unsigned_abs(), total_unread: row.get(first + 1)? })
}

/// The three columns from `first`: nick, avatar, allow; the default where they are of nobody.
pub(crate) fn profile(row: &Row<'_>, first: usize) -> Result<Profile> {
    let denies: Option<bool> = row.get(first + 2)?;
    Ok(Profile {
        nick: row.get::<_, Option<String>>(first)?.unwrap_or_default(),
        avatar_url: row.get::<_, Option<String>>(first + 1)?.unwrap_or_default(),
        allow: if denies == Some(true) { AllowType::DenyAny } else { AllowType::AllowAny },
    })
}
