//! Profiles, which are columns of the table `accounts`.

use super::count_up_if;
use crate::rows::{change, list, number, parsed, time};
use lamplight_facts::{NickCursor, NickFound, ProfileSet};
use lamplight_model::{AllowType, AppId, Profile, ProfileChange, ProfileFields, User, UserId, fold_nick};
use rusqlite::types::Type;
use rusqlite::{Connection, Error, OptionalExtension, Result, Row, params};

pub(super) fn profiles(db: &Connection, users: &[User]) -> Result<Vec<Option<Profile>>> {
    // Reading from one snapshot gives consistent results and needs one lock instead of many.
    let snapshot = db.unchecked_transaction()?;
    users.iter().map(|user| profile(&snapshot, user)).collect()
}

pub(super) fn set(db: &Connection, user: &User, new: &ProfileChange) -> Result<Option<ProfileSet>> {
    let Some(before) = profile(db, user)? else { return Ok(None) };
    let mut profile = before.clone();
    new.apply(&mut profile);
    let changed = profile != before;
    if changed {
        let sql = "UPDATE accounts SET nick = ?3, nick_folded = ?4, avatar_url = ?5, allow = ?6
                   WHERE app = ?1 AND id = ?2";
        let Profile { nick, avatar_url, allow } = &profile;
        let (folded, allow) = (fold_nick(nick), allow_number(*allow));
        let values = params![user.app.0, user.id.as_str(), nick, folded, avatar_url, allow];
        change(db, sql, values)?;
    }
    let state = count_up_if(changed, db, user)?;
    Ok(Some(ProfileSet { profile, changed, state }))
}

pub(super) fn fields(db: &Connection, users: &[User]) -> Result<Vec<Option<ProfileFields>>> {
    let snapshot = db.unchecked_transaction()?;
    users.iter().map(|user| fields_of(&snapshot, user)).collect()
}

/// Sets the given further fields of an existing account's profile. Other fields keep their values.
pub(super) fn set_fields(db: &Connection, user: &User, new: ProfileFields) -> Result<()> {
    let mut fields = fields_of(db, user)?.unwrap_or_default();
    fields.extend(new);
    let fields = serde_json::to_string(&fields).expect("names, texts and whole numbers are always JSON");
    let sql = "UPDATE accounts SET fields = ?3 WHERE app = ?1 AND id = ?2";
    change(db, sql, params![user.app.0, user.id.as_str(), fields]).map(drop)
}

fn fields_of(db: &Connection, user: &User) -> Result<Option<ProfileFields>> {
    let sql = "SELECT fields FROM accounts WHERE app = ?1 AND id = ?2";
    let fields = |row: &Row<'_>| {
        let text: String = row.get(0)?;
        serde_json::from_str(&text)
            .map_err(|error| Error::FromSqlConversionFailure(0, Type::Text, Box::new(error)))
    };
    db.prepare_cached(sql)?.query_row(params![user.app.0, user.id.as_str()], fields).optional()
}

pub(super) fn find(
    db: &Connection,
    app: AppId,
    prefix: &str,
    after: Option<&NickCursor>,
    limit: usize,
) -> Result<Vec<NickFound>> {
    let prefix = fold_nick(prefix);
    // A cursor before the first matching nick may belong to another search. No `userID` is empty, so the empty text
    // sorts before all ids.
    let place = after.map(|after| (fold_nick(&after.nick), after.id.as_str()));
    let (nick, id) = place.filter(|(nick, _)| *nick >= prefix).unwrap_or_else(|| (prefix.clone(), ""));
    let found = |row: &Row<'_>| {
        Ok(NickFound { id: parsed(row, 0, UserId::new)?, nick: row.get(1)?, created: time(row, 2)? })
    };
    let limit = number(limit);
    match end_of(&prefix) {
        Some(end) => list(db, FIND_BEFORE, params![app.0, nick, id, limit, end], found),
        None => list(db, FIND, params![app.0, nick, id, limit], found),
    }
}

/// In one app, selects the accounts whose nick comes after a position. The index by nick contains only accounts with a
/// nick.
const FIND: &str = "SELECT id, nick, created FROM accounts
    WHERE app = ?1 AND nick_folded <> '' AND (nick_folded, id) > (?2, ?3)
    ORDER BY nick_folded, id LIMIT ?4";
const FIND_BEFORE: &str = "SELECT id, nick, created FROM accounts
    WHERE app = ?1 AND nick_folded <> '' AND (nick_folded, id) > (?2, ?3) AND nick_folded < ?5
    ORDER BY nick_folded, id LIMIT ?4";

/// Returns the first text, in byte order, after all texts with this prefix; `None` if there is no such text.
fn end_of(prefix: &str) -> Option<String> {
    let mut chars: Vec<char> = prefix.chars().collect();
    while let Some(last) = chars.pop() {
        // The code points between U+D7FF and U+E000 are surrogates, which are not characters.
        let next = if last == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(u32::from(last) + 1) };
        if let Some(next) = next {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

fn profile(db: &Connection, user: &User) -> Result<Option<Profile>> {
    let sql = "SELECT nick, avatar_url, allow FROM accounts WHERE app = ?1 AND id = ?2";
    let key = params![user.app.0, user.id.as_str()];
    db.prepare_cached(sql)?.query_row(key, |row| profile_of(row, 0)).optional()
}

/// Reads a profile from three columns beginning at the index `first`: nick, avatar URL, rule for being added. The
/// columns are null for a user without an account; the default profile is then returned.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;

    #[test]
    fn what_begins_so_ends_before_the_next_text() {
        let table = [
            ("", None),
            ("a", Some("b")),
            ("az", Some("a{")),
            ("\u{d7ff}", Some("\u{e000}")),
            ("a\u{10ffff}", Some("b")),
            ("\u{10ffff}\u{10ffff}", None),
        ];
        for (prefix, end) in table {
            assert_eq!(end_of(prefix).as_deref(), end, "{prefix:?}");
        }
    }

    /// Checks that the cost of a search does not grow with the number of accounts that do not match.
    #[test]
    fn nicks_are_found_by_their_index() {
        let directory = tempfile::tempdir().unwrap();
        let db = schema::open_for_writing(&directory.path().join("facts")).unwrap();
        for (sql, range) in [
            (FIND, "SEARCH accounts USING INDEX accounts_by_nick (app=? AND (nick_folded,id)>(?,?))"),
            (
                FIND_BEFORE,
                "SEARCH accounts USING INDEX accounts_by_nick (app=? AND (nick_folded,id)>(?,?) AND nick_folded<?)",
            ),
        ] {
            let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let values: Vec<i64> = vec![1; plan.parameter_count()];
            let steps: Vec<String> = plan
                .query_map(rusqlite::params_from_iter(values), |row| row.get(3))
                .unwrap()
                .collect::<Result<_>>()
                .unwrap();
            assert_eq!(steps, [range]);
        }
    }
}
