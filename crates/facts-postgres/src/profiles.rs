//! Profiles: columns of the account.

use crate::fault::Fault;
use crate::lists_state::state_at;
use crate::rows::{Result, get, json, key, only, optional, parsed, text, time, to_json};
use crate::store::Work;
use deadpool_postgres::Object;
use lamplight_facts::{NickCursor, NickFound, ProfileSet};
use lamplight_model::{AllowType, Profile, ProfileChange, ProfileFields, User, UserId, fold_nick};
use tokio_postgres::Row;

pub(crate) const PROFILES: &str = "SELECT a.nick, a.avatar_url, a.allow
    FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS q (app, id, place)
    LEFT JOIN accounts AS a ON a.app = q.app AND a.id = q.id
    ORDER BY q.place";

pub(crate) const FIELDS: &str = "SELECT a.fields
    FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS q (app, id, place)
    LEFT JOIN accounts AS a ON a.app = q.app AND a.id = q.id
    ORDER BY q.place";

pub(crate) const SET: &str = "SELECT * FROM set_profile($1, $2, $3, $4, $5, $6)";

/// Selects accounts by nick. Uses the index of nicks, which contains only accounts with a nick.
pub(crate) const FIND: &str = "SELECT id, nick, created FROM accounts
    WHERE app = $1 AND nick_folded <> '' AND (nick_folded, id) > ($2, $3)
    ORDER BY nick_folded, id LIMIT $4";

/// Selects those accounts of [`FIND`] whose nick is before the text that [`end_of`] returns. It is a separate
/// statement, so that PostgreSQL does not read the index beyond the end.
pub(crate) const FIND_BEFORE: &str = "SELECT id, nick, created FROM accounts
    WHERE app = $1 AND nick_folded <> '' AND (nick_folded, id) > ($2, $3) AND nick_folded < $5
    ORDER BY nick_folded, id LIMIT $4";

/// The first byte string that is after all texts with this prefix, in byte order; `None` if none exists.
pub(crate) fn end_of(prefix: &str) -> Option<Vec<u8>> {
    let mut end = prefix.as_bytes().to_vec();
    let last = end.last_mut()?;
    *last = last.saturating_add(1);
    Some(end)
}

pub(crate) fn nick_found(row: &Row) -> Result<NickFound> {
    Ok(NickFound { id: parsed(row, 0, UserId::new)?, nick: text(row, 1)?, created: time(row, 2)? })
}

/// Reads a profile from three columns beginning at `first`: nick, avatar URL, rule for being added. The columns are
/// null for a user without an account; the default profile is then returned.
pub(crate) fn profile_at(row: &Row, first: usize) -> Result<Profile> {
    Ok(optional_profile_at(row, first)?.unwrap_or_default())
}

pub(crate) fn optional_profile_at(row: &Row, first: usize) -> Result<Option<Profile>> {
    let Some(allow) = get::<Option<i64>>(row, first + 2)? else { return Ok(None) };
    let allow = match allow {
        0 => AllowType::AllowAny,
        1 => AllowType::DenyAny,
        other => return Err(Fault::unreadable(first + 2, format!("{other} allows nothing known"))),
    };
    Ok(Some(Profile { nick: text(row, first)?, avatar_url: text(row, first + 1)?, allow }))
}

pub(crate) fn optional_fields(row: &Row) -> Result<Option<ProfileFields>> {
    match get::<Option<&str>>(row, 0)? {
        Some(_) => json(row, 0).map(Some),
        None => Ok(None),
    }
}

pub(crate) fn profile_set(row: &Row) -> Result<ProfileSet> {
    Ok(ProfileSet { profile: profile_at(row, 0)?, changed: get(row, 3)?, state: state_at(row, 4)? })
}

/// A change of a profile, as columns.
pub(crate) struct ChangeColumns<'a> {
    pub(crate) nick: Option<&'a [u8]>,
    pub(crate) folded: Option<Vec<u8>>,
    pub(crate) avatar_url: Option<&'a [u8]>,
    pub(crate) allow: Option<i64>,
}

impl<'a> ChangeColumns<'a> {
    pub(crate) fn of(change: &'a ProfileChange) -> Self {
        Self {
            nick: change.nick.as_deref().map(str::as_bytes),
            folded: change.nick.as_deref().map(|nick| fold_nick(nick).into_bytes()),
            avatar_url: change.avatar_url.as_deref().map(str::as_bytes),
            allow: change.allow.map(|allow| match allow {
                AllowType::AllowAny => 0,
                AllowType::DenyAny => 1,
            }),
        }
    }
}

/// Changes a profile and its further fields. Fields that are not given keep their values.
pub(crate) struct Change {
    pub(crate) user: User,
    pub(crate) change: ProfileChange,
    pub(crate) fields: ProfileFields,
}

impl Work for Change {
    type Answer = Option<ProfileSet>;

    async fn run(&self, connection: &mut Object) -> Result<Option<ProfileSet>> {
        let (app, id) = key(&self.user);
        let transaction = connection.transaction().await?;
        // It locks the account.
        let set = transaction.prepare_cached(SET).await?;
        let ChangeColumns { nick, folded, avatar_url, allow } = ChangeColumns::of(&self.change);
        let rows = transaction.query(&set, &[&app, &id, &nick, &folded, &avatar_url, &allow]).await?;
        let Some(done) = optional(&rows, profile_set)? else { return Ok(None) };
        let read =
            transaction.prepare_cached("SELECT fields FROM accounts WHERE app = $1 AND id = $2").await?;
        let rows = transaction.query(&read, &[&app, &id]).await?;
        let mut fields: ProfileFields = json(only(&rows)?, 0)?;
        fields.extend(self.fields.clone());
        let write = "UPDATE accounts SET fields = $3 WHERE app = $1 AND id = $2";
        let write = transaction.prepare_cached(write).await?;
        transaction.execute(&write, &[&app, &id, &to_json(&fields)]).await?;
        transaction.commit().await?;
        Ok(Some(done))
    }
}

/// The position after which a search continues: a folded nick and an id. If `after` is a cursor of another search, it
/// may be before the first nick with this prefix. The position is then the prefix.
pub(crate) fn place_of(prefix: &str, after: Option<&NickCursor>) -> (String, String) {
    let place = after.map(|after| (fold_nick(&after.nick), after.id.as_str().to_owned()));
    // No `userID` is empty.
    place.filter(|(nick, _)| nick.as_str() >= prefix).unwrap_or_else(|| (prefix.to_owned(), String::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_so_ends_before_the_next_text() {
        let table = [
            ("", None),
            ("a", Some(&b"b"[..])),
            ("az", Some(b"a{")),
            ("\u{10ffff}", Some(b"\xf4\x8f\xbf\xc0")),
        ];
        for (prefix, end) in table {
            assert_eq!(end_of(prefix).as_deref(), end, "{prefix:?}");
        }
    }
}
