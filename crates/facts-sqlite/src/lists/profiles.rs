//! Profiles: columns of the account.

use super::count_up_if;
use lamplight_facts::ProfileSet;
use lamplight_model::{AllowType, Profile, ProfileChange, User};
use rusqlite::{Connection, Error, OptionalExtension, Result, Row, params};

pub(super) fn profiles(db: &Connection, users: &[User]) -> Result<Vec<Option<Profile>>> {
    // One snapshot for all of them, and one lock instead of many.
    let snapshot = db.unchecked_transaction()?;
    users.iter().map(|user| profile(&snapshot, user)).collect()
}

pub(super) fn set(db: &Connection, user: &User, change: &ProfileChange) -> Result<Option<ProfileSet>> {
    let Some(before) = profile(db, user)? else { return Ok(None) };
    let mut profile = before.clone();
    change.apply(&mut profile);
    let changed = profile != before;
    if changed {
        let sql = "UPDATE accounts SET nick = ?3, avatar_url = ?4, allow = ?5 WHERE app = ?1 AND id = ?2";
        let Profile { nick, avatar_url, allow } = &profile;
        let values = params![user.app.0, user.id.as_str(), nick, avatar_url, allow_number(*allow)];
        crate::statements::change(db, sql, values)?;
    }
    let state = count_up_if(changed, db, user)?;
    Ok(Some(ProfileSet { profile, changed, state }))
}

fn profile(db: &Connection, user: &User) -> Result<Option<Profile>> {
    let sql = "SELECT nick, avatar_url, allow FROM accounts WHERE app = ?1 AND id = ?2";
    let key = params![user.app.0, user.id.as_str()];
    db.prepare_cached(sql)?.query_row(key, |row| profile_of(row, 0)).optional()
}

/// The three columns from `first`: nick, avatar, whom it allows. They are null where there is no account.
pub(super) fn profile_of(row: &Row<'_>, first: usize) -> Result<Profile> {
    let Some(nick) = row.get(first)? else { return Ok(Profile::default()) };
    Ok(Profile { nick, avatar_url: row.get(first + 1)?, allow: allow_of(row, first + 2)? })
}

fn allow_number(allow: AllowType) -> i64 {
    match allow {
        AllowType::AllowAny => 0,
        AllowType::DenyAny => 1,
    }
}

pub(super) fn allow_of(row: &Row<'_>, column: usize) -> Result<AllowType> {
    match row.get(column)? {
        0 => Ok(AllowType::AllowAny),
        1 => Ok(AllowType::DenyAny),
        number => Err(Error::IntegralValueOutOfRange(column, number)),
    }
}
