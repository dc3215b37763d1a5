//! What each call of the port says in SQL. Knows tables and rows; does not know threads, queues or commits.
//!
//! A function that writes runs inside a savepoint: when it fails, what it did is undone for it.

use lamplight_facts::{Account, EndedLogin, KickMark, Login, LoginRecorded, MAX_KICK_MARKS, NewLogin};
use lamplight_model::{App, AppId, DeviceId, Platform, Timestamp, User, UserId};
use rusqlite::types::Type;
use rusqlite::{Connection, Error, OptionalExtension, Params, Result, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

// Apps

pub(crate) fn apps(db: &Connection) -> Result<Vec<App>> {
    list(db, "SELECT id, keys, admins, settings FROM apps ORDER BY id", (), |row| {
        Ok(App {
            id: AppId(row.get(0)?),
            keys: json(row, 1)?,
            admins: json(row, 2)?,
            settings: json(row, 3)?,
        })
    })
}

pub(crate) fn put_app(db: &Connection, app: &App) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO apps (id, keys, admins, settings) VALUES (?1, ?2, ?3, ?4)";
    let row = params![app.id.0, to_json(&app.keys)?, to_json(&app.admins)?, to_json(&app.settings)?];
    change(db, sql, row).map(drop)
}

// Accounts

pub(crate) fn accounts(db: &Connection, users: &[User]) -> Result<Vec<Option<Account>>> {
    // One snapshot for all of them, and one lock instead of many.
    let snapshot = db.unchecked_transaction()?;
    let sql = "SELECT created, sigs_revoked FROM accounts WHERE app = ?1 AND id = ?2";
    let mut statement = snapshot.prepare_cached(sql)?;
    users
        .iter()
        .map(|user| {
            let account = |row: &Row<'_>| {
                Ok(Account {
                    user: user.clone(),
                    created: time(row, 0)?,
                    sigs_revoked: optional_time(row, 1)?,
                })
            };
            statement.query_row(params![user.app.0, user.id.as_str()], account).optional()
        })
        .collect()
}

pub(crate) fn list_accounts(
    db: &Connection,
    app: AppId,
    after: Option<&UserId>,
    limit: usize,
) -> Result<Vec<Account>> {
    let sql =
        "SELECT id, created, sigs_revoked FROM accounts WHERE app = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
    // No `userID` is empty.
    let after = after.map_or("", UserId::as_str);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    list(db, sql, params![app.0, after, limit], |row| {
        let user = User::new(app, parsed(row, 0, UserId::new)?);
        Ok(Account { user, created: time(row, 1)?, sigs_revoked: optional_time(row, 2)? })
    })
}

pub(crate) fn create_account(db: &Connection, user: &User, at: Timestamp) -> Result<bool> {
    let sql = "INSERT INTO accounts (app, id, created, lists_version) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT DO NOTHING";
    let created = millis(at);
    Ok(change(db, sql, params![user.app.0, user.id.as_str(), created, created.min(LAST_FIRST_VERSION)])? > 0)
}

/// What names the account goes with it, by the references of the schema; its peers keep their conversations.
pub(crate) fn delete_account(db: &Connection, user: &User) -> Result<bool> {
    let key = params![user.app.0, user.id.as_str()];
    let sql = "UPDATE accounts SET lists_version = lists_version + 1
               WHERE app = ?1 AND id IN (SELECT owner FROM friends WHERE app = ?1 AND friend = ?2)";
    change(db, sql, key)?;
    Ok(change(db, "DELETE FROM accounts WHERE app = ?1 AND id = ?2", key)? > 0)
}

pub(crate) fn revoke_sigs(db: &Connection, user: &User, at: Timestamp) -> Result<bool> {
    let sql =
        "UPDATE accounts SET sigs_revoked = max(coalesce(sigs_revoked, 0), ?3) WHERE app = ?1 AND id = ?2";
    Ok(change(db, sql, params![user.app.0, user.id.as_str(), millis(at)])? > 0)
}

// Logins

pub(crate) fn record_login(db: &Connection, new: &NewLogin) -> Result<LoginRecorded> {
    let NewLogin { user, login, durable, resume } = new;
    if let Some(mark) = take_kick_mark(db, user, &login.device)?
        && (!mark.told || *resume)
    {
        return Ok(LoginRecorded::Kicked { by: mark.by });
    }
    let registered = create_account(db, user, login.at)?;
    if *durable {
        let sql = "INSERT INTO logins (app, user, device, platform, at, seq) VALUES (?1, ?2, ?3, ?4, ?5,
                       (SELECT coalesce(max(seq), 0) + 1 FROM logins WHERE app = ?1 AND user = ?2))
                   ON CONFLICT DO UPDATE SET platform = excluded.platform, at = excluded.at";
        let (user, device) = (user.id.as_str(), login.device.as_str());
        change(db, sql, params![new.user.app.0, user, device, login.platform as u8, millis(login.at)])?;
    }
    Ok(LoginRecorded::Recorded { registered })
}

pub(crate) fn end_logins(db: &Connection, user: &User, ended: &[EndedLogin]) -> Result<()> {
    let mut marked = false;
    for EndedLogin { device, mark } in ended {
        let sql = "DELETE FROM logins WHERE app = ?1 AND user = ?2 AND device = ?3";
        change(db, sql, params![user.app.0, user.id.as_str(), device.as_str()])?;
        if let Some(mark) = mark {
            put_kick_mark(db, user, device, mark)?;
            marked = true;
        }
    }
    if marked { trim_kick_marks(db, user) } else { Ok(()) }
}

pub(crate) fn logins(db: &Connection, user: &User) -> Result<Vec<Login>> {
    let sql = "SELECT device, platform, at FROM logins WHERE app = ?1 AND user = ?2 ORDER BY at, seq";
    list(db, sql, params![user.app.0, user.id.as_str()], |row| login(row, 0))
}

pub(crate) fn all_logins(db: &Connection) -> Result<Vec<(User, Login)>> {
    list(db, "SELECT app, user, device, platform, at FROM logins", (), |row| {
        let user = User::new(AppId(row.get(0)?), parsed(row, 1, UserId::new)?);
        Ok((user, login(row, 2)?))
    })
}

/// The three columns from `first`: device, platform, time.
fn login(row: &Row<'_>, first: usize) -> Result<Login> {
    Ok(Login {
        device: parsed(row, first, DeviceId::new)?,
        platform: platform(row, first + 1)?,
        at: time(row, first + 2)?,
    })
}

// Kick marks

fn take_kick_mark(db: &Connection, user: &User, device: &DeviceId) -> Result<Option<KickMark>> {
    let sql = "DELETE FROM kick_marks WHERE app = ?1 AND user = ?2 AND device = ?3
               RETURNING kicked_by, told, at";
    let mark = |row: &Row<'_>| Ok(KickMark { by: platform(row, 0)?, told: row.get(1)?, at: time(row, 2)? });
    let key = params![user.app.0, user.id.as_str(), device.as_str()];
    db.prepare_cached(sql)?.query_row(key, mark).optional()
}

/// Marks a device of an account; where there is no account there is nobody to tell.
fn put_kick_mark(db: &Connection, user: &User, device: &DeviceId, mark: &KickMark) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO kick_marks (app, user, device, kicked_by, told, at, seq)
               SELECT ?1, ?2, ?3, ?4, ?5, ?6,
                   (SELECT coalesce(max(seq), 0) + 1 FROM kick_marks WHERE app = ?1 AND user = ?2)
               WHERE EXISTS (SELECT 1 FROM accounts WHERE app = ?1 AND id = ?2)";
    let (id, device) = (user.id.as_str(), device.as_str());
    change(db, sql, params![user.app.0, id, device, mark.by as u8, mark.told, millis(mark.at)]).map(drop)
}

fn trim_kick_marks(db: &Connection, user: &User) -> Result<()> {
    let sql = "DELETE FROM kick_marks WHERE app = ?1 AND user = ?2 AND device IN (
                   SELECT device FROM kick_marks WHERE app = ?1 AND user = ?2
                   ORDER BY at DESC, seq DESC LIMIT -1 OFFSET ?3)";
    change(db, sql, params![user.app.0, user.id.as_str(), MAX_KICK_MARKS as i64]).map(drop)
}

// Statements and rows

/// The highest lists version that an account starts with, whatever the clock says: there is room to count up.
const LAST_FIRST_VERSION: i64 = i64::MAX / 2;

/// Runs a statement that changes rows, and says how many.
pub(crate) fn change(db: &Connection, sql: &str, values: impl Params) -> Result<usize> {
    db.prepare_cached(sql)?.execute(values)
}

/// All rows of a statement.
pub(crate) fn list<T>(
    db: &Connection,
    sql: &str,
    values: impl Params,
    item: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    db.prepare_cached(sql)?.query_map(values, item)?.collect()
}

/// The number of a time. SQLite's numbers end at the year 292 million, and a time after it becomes that.
pub(crate) fn millis(at: Timestamp) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

pub(crate) fn time(row: &Row<'_>, column: usize) -> Result<Timestamp> {
    Ok(optional_time(row, column)?.unwrap_or_default())
}

fn optional_time(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>> {
    let millis: Option<i64> = row.get(column)?;
    let time = |millis| u64::try_from(millis).map_err(|_| Error::IntegralValueOutOfRange(column, millis));
    millis.map(time).transpose().map(|millis| millis.map(Timestamp))
}

/// A number that is never below zero.
pub(crate) fn count(row: &Row<'_>, column: usize) -> Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| Error::IntegralValueOutOfRange(column, number))
}

/// A number for SQLite, whose numbers end earlier; what is beyond its end becomes that.
pub(crate) fn number<T>(number: T) -> i64
where
    i64: TryFrom<T>,
{
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn platform(row: &Row<'_>, column: usize) -> Result<Platform> {
    let number: i32 = row.get(column)?;
    Platform::from_number(number).ok_or(Error::IntegralValueOutOfRange(column, number.into()))
}

pub(crate) fn parsed<T, E>(
    row: &Row<'_>,
    column: usize,
    parse: impl FnOnce(&str) -> std::result::Result<T, E>,
) -> Result<T>
where
    E: std::error::Error + Send + Sync + 'static,
{
    parse(row.get_ref(column)?.as_str()?)
        .map_err(|error| Error::FromSqlConversionFailure(column, Type::Text, Box::new(error)))
}

pub(crate) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T> {
    parsed(row, column, |text| serde_json::from_str(text))
}

pub(crate) fn to_json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::ToSqlConversionFailure(Box::new(error)))
}
