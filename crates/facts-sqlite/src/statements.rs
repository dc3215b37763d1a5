//! The SQL of the calls for apps, accounts and logins.
//!
//! A function that writes runs inside a savepoint, which undoes its writes if it returns an error.

use crate::deletion;
use crate::rows::{
    change, count, json, list, millis, number, optional_time, parsed, platform, time, to_json,
};
use crate::schema::APPLICATION_ID;
use lamplight_facts::{
    Account, AccountDeleted, AccountMade, AccountWithLogins, EndMark, EndWhy, EndedLogin, Login, LoginCursor,
    LoginRecorded, LoginsRecorded, MAX_MARKS, MAX_WEB_LOGINS, NewLogin, Revocation, Revoked, UsersRevoked,
};
use lamplight_model::{App, AppId, DeviceId, Timestamp, User, UserId};
use rusqlite::{Connection, Error, OptionalExtension, Result, Row, Statement, params};
use std::ops::Range;

/// Writes the unchanged header of the file. Unlike an `UPDATE` that sets equal values, this makes the commit write a
/// page to the disk.
pub(crate) fn probe(db: &Connection) -> Result<()> {
    db.pragma_update(None, "application_id", APPLICATION_ID)
}

// Apps

pub(crate) fn apps(db: &Connection) -> Result<Vec<App>> {
    list(db, "SELECT id, keys, admins, settings FROM apps ORDER BY id", (), app_of)
}

fn app_of(row: &Row<'_>) -> Result<App> {
    Ok(App { id: AppId(row.get(0)?), keys: json(row, 1)?, admins: json(row, 2)?, settings: json(row, 3)? })
}

pub(crate) fn put_app(db: &Connection, app: &App) -> Result<()> {
    if !deletion::make_again(db, app.id)? {
        let constraint = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CONSTRAINT);
        return Err(Error::SqliteFailure(constraint, Some("the app is being deleted".to_owned())));
    }
    let sql = "INSERT OR REPLACE INTO apps (id, keys, admins, settings) VALUES (?1, ?2, ?3, ?4)";
    let row = params![app.id.0, to_json(&app.keys)?, to_json(&app.admins)?, to_json(&app.settings)?];
    change(db, sql, row).map(drop)
}

pub(crate) fn replace_app(db: &Connection, was: Option<&App>, app: &App) -> Result<bool> {
    // The parsed values are compared, not the stored texts, because an older program may have stored fewer settings.
    let sql = "SELECT id, keys, admins, settings FROM apps WHERE id = ?1";
    let found = db.prepare_cached(sql)?.query_row([app.id.0], app_of).optional()?;
    let may_be = found.as_ref() == was && deletion::make_again(db, app.id)?;
    if may_be {
        put_app(db, app)?;
    }
    Ok(may_be)
}

// Accounts

pub(crate) fn accounts(db: &Connection, users: &[User]) -> Result<Vec<Option<Account>>> {
    // Reading from one snapshot gives consistent results and needs one lock instead of many.
    let snapshot = db.unchecked_transaction()?;
    let mut statement = snapshot.prepare_cached(ACCOUNT)?;
    users.iter().map(|user| account_by(&mut statement, user)).collect()
}

pub(crate) fn accounts_with_logins(
    db: &Connection,
    users: &[User],
) -> Result<Vec<Option<AccountWithLogins>>> {
    let snapshot = db.unchecked_transaction()?;
    let mut statement = snapshot.prepare_cached(ACCOUNT)?;
    users
        .iter()
        .map(|user| match account_by(&mut statement, user)? {
            Some(account) => Ok(Some((account, logins(&snapshot, user)?))),
            None => Ok(None),
        })
        .collect()
}

const ACCOUNT: &str =
    "SELECT created, born, r.at, r.also, r.through, visibility <> 0 OR block_count <> 0 FROM accounts
    LEFT JOIN revocations r ON r.app = accounts.app AND r.user = accounts.id
    WHERE accounts.app = ?1 AND accounts.id = ?2";

/// Reads the account of a user with the statement [`ACCOUNT`]; `None` if there is none.
fn account_by(statement: &mut Statement<'_>, user: &User) -> Result<Option<Account>> {
    let key = params![user.app.0, user.id.as_str()];
    statement.query_row(key, |row| account(row, 0, user.clone())).optional()
}

/// Reads an account from columns beginning at the index `first`: creation time, creation number, the revocation,
/// and whether the user is restricted.
fn account(row: &Row<'_>, first: usize, user: User) -> Result<Account> {
    let revocation = match optional_time(row, first + 2)? {
        Some(at) => Some(Revocation {
            revoked: Revoked::new(at, seconds(row, first + 3)?),
            through: count(row, first + 4)?,
        }),
        None => None,
    };
    let (created, born) = (time(row, first)?, count(row, first + 1)?);
    Ok(Account { user, created, born, revocation, restricted: row.get(first + 5)? })
}

fn seconds(row: &Row<'_>, column: usize) -> Result<Vec<u64>> {
    json(row, column)
}

pub(crate) fn list_accounts(
    db: &Connection,
    app: AppId,
    after: Option<&UserId>,
    limit: usize,
) -> Result<Vec<Account>> {
    let sql =
        "SELECT accounts.id, created, born, r.at, r.also, r.through, visibility <> 0 OR block_count <> 0
         FROM accounts
         LEFT JOIN revocations r ON r.app = accounts.app AND r.user = accounts.id
         WHERE accounts.app = ?1 AND accounts.id > ?2 ORDER BY accounts.id LIMIT ?3";
    // No `userID` is empty, so the empty text sorts before all ids.
    let after = after.map_or("", UserId::as_str);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    list(db, sql, params![app.0, after, limit], |row| {
        let user = User::new(app, parsed(row, 0, UserId::new)?);
        account(row, 1, user)
    })
}

pub(crate) fn create_account(db: &Connection, user: &User, at: Timestamp) -> Result<AccountMade> {
    if let Some(born) = born(db, user)? {
        return Ok(AccountMade { made: false, born });
    }
    if deletion::is_deleted(db, user.app)? {
        return Ok(AccountMade { made: false, born: 0 });
    }
    Ok(AccountMade { made: true, born: insert_account(db, user, at)?.born })
}

fn insert_account(db: &Connection, user: &User, at: Timestamp) -> Result<Stands> {
    let born = next_number(db)?;
    let sql = "INSERT INTO accounts (app, id, created, lists_version, born) VALUES (?1, ?2, ?3, ?4, ?5)";
    let created = millis(at);
    let version = created.min(LAST_FIRST_VERSION);
    change(db, sql, params![user.app.0, user.id.as_str(), created, version, number(born)])?;
    Ok(Stands { born, lists_version: version.unsigned_abs() })
}

/// Returns the creation number of the account; `None` if there is no account.
fn born(db: &Connection, user: &User) -> Result<Option<u64>> {
    let sql = "SELECT born FROM accounts WHERE app = ?1 AND id = ?2";
    db.prepare_cached(sql)?.query_row(params![user.app.0, user.id.as_str()], |row| count(row, 0)).optional()
}

fn next_number(db: &Connection) -> Result<u64> {
    change(db, "UPDATE numbers SET last = last + 1", ())?;
    last_number(db)
}

fn last_number(db: &Connection) -> Result<u64> {
    db.prepare_cached("SELECT last FROM numbers")?.query_row((), |row| count(row, 0))
}

/// Deletes an account with the rows that refer to it. Returns `None` if there is no account. The peers of the account
/// keep their conversations.
pub(crate) fn delete_account(
    db: &Connection,
    user: &User,
    revoked: &Revoked,
) -> Result<Option<AccountDeleted>> {
    let key = params![user.app.0, user.id.as_str()];
    let sql = "SELECT created FROM accounts WHERE app = ?1 AND id = ?2";
    let created = db.prepare_cached(sql)?.query_row(key, |row| time(row, 0)).optional()?;
    let Some(created) = created else { return Ok(None) };
    let sql = "SELECT owner, EXISTS (SELECT 1 FROM friends b WHERE b.app = ?1 AND b.owner = ?2 AND b.friend = a.owner)
               FROM friends a WHERE app = ?1 AND friend = ?2 ORDER BY owner";
    let owners = list(db, sql, key, |row| Ok((parsed(row, 0, UserId::new)?, row.get(1)?)))?;
    let sql = "UPDATE accounts SET lists_version = lists_version + 1
               WHERE app = ?1 AND id IN (SELECT owner FROM friends WHERE app = ?1 AND friend = ?2)";
    change(db, sql, key)?;
    change(db, "DELETE FROM accounts WHERE app = ?1 AND id = ?2", key)?;
    let through = last_number(db)?;
    put_revocation(db, user, revoked, through)?;
    Ok(Some(AccountDeleted { through, created, owners }))
}

pub(crate) fn kick(db: &Connection, user: &User, revoked: &Revoked) -> Result<Option<u64>> {
    if born(db, user)?.is_none() {
        return Ok(None);
    }
    let key = params![user.app.0, user.id.as_str()];
    let sql = "DELETE FROM logins WHERE app = ?1 AND user = ?2 RETURNING device";
    let devices = list(db, sql, key, |row| parsed(row, 0, DeviceId::new))?;
    for device in &devices {
        put_mark(db, user, device, &EndMark { why: EndWhy::LoggedOut, told: true, at: revoked.at })?;
    }
    trim_marks(db, user)?;
    let through = last_number(db)?;
    put_revocation(db, user, revoked, through)?;
    Ok(Some(through))
}

pub(crate) fn revoke_sigs(db: &Connection, user: &User, revoked: &Revoked) -> Result<()> {
    if deletion::is_deleted(db, user.app)? {
        return Ok(());
    }
    put_revocation(db, user, revoked, 0)
}

pub(crate) fn revocation(db: &Connection, user: &User) -> Result<Option<Revocation>> {
    let sql = "SELECT at, also, through FROM revocations WHERE app = ?1 AND user = ?2";
    let found = |row: &Row<'_>| {
        Ok(Revocation { revoked: Revoked::new(time(row, 0)?, seconds(row, 1)?), through: count(row, 2)? })
    };
    db.prepare_cached(sql)?.query_row(params![user.app.0, user.id.as_str()], found).optional()
}

pub(crate) fn users_revoked(
    db: &Connection,
    since: Timestamp,
    after: Option<&User>,
    limit: usize,
) -> Result<UsersRevoked> {
    // No app has this number, and no `userID` is empty.
    let (app, id) = after.map_or((-1, ""), |user| (i64::from(user.app.0), user.id.as_str()));
    let sql =
        "SELECT app, user, at FROM revocations WHERE (app, user) > (?1, ?2) ORDER BY app, user LIMIT ?3";
    let examined = list(db, sql, params![app, id, number(limit)], |row| {
        Ok((User::new(AppId(row.get(0)?), parsed(row, 1, UserId::new)?), time(row, 2)?))
    })?;
    let next = examined.last().map(|(user, _)| user.clone());
    let later = examined.into_iter().filter(|(_, at)| *at >= since);
    Ok(UsersRevoked { users: later.map(|(user, _)| user).collect(), next })
}

fn put_revocation(db: &Connection, user: &User, revoked: &Revoked, through: u64) -> Result<()> {
    let known = revocation(db, user)?;
    let mut all = known.as_ref().map_or_else(|| revoked.clone(), |known| known.revoked.clone());
    all.merge(revoked);
    let through = known.map_or(0, |known| known.through).max(through);
    let sql = "INSERT OR REPLACE INTO revocations (app, user, at, also, through) VALUES (?1, ?2, ?3, ?4, ?5)";
    let (app, id) = (user.app.0, user.id.as_str());
    change(db, sql, params![app, id, millis(all.at), to_json(&all.also)?, number(through)]).map(drop)
}

// Logins

pub(crate) fn record_login(db: &Connection, new: &NewLogin) -> Result<LoginRecorded> {
    let NewLogin { user, device, platform, at, issued, durable, resume } = new;
    let Known { account, revoked, mark } = known(db, user, device)?;
    if revoked.is_some_and(|revoked| revoked.refuses(*issued)) {
        return Ok(LoginRecorded::Revoked);
    }
    if let Some(mark) = mark {
        let is_kick = match mark.why {
            EndWhy::KickedBy(_) => true,
            EndWhy::LoggedOut => false,
        };
        if *resume || is_kick && !mark.told {
            // The refusal notifies the device, so the mark is stored as notified.
            put_mark(db, user, device, &EndMark { told: true, ..mark })?;
            return Ok(LoginRecorded::Ended(mark.why));
        }
        let sql = "DELETE FROM marks WHERE app = ?1 AND user = ?2 AND device = ?3";
        change(db, sql, params![user.app.0, user.id.as_str(), device.as_str()])?;
    }
    let registered = account.is_none();
    let Stands { born, lists_version } = match account {
        Some(account) => account,
        None if *resume || deletion::is_deleted(db, user.app)? => return Ok(LoginRecorded::NoAccount),
        None => insert_account(db, user, *at)?,
    };
    let number = next_number(db)?;
    let sql = "INSERT INTO logins (app, user, device, platform, at, number, durable)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
               ON CONFLICT DO UPDATE SET platform = ?4, at = ?5, number = ?6, durable = ?7";
    let row = params![
        user.app.0,
        user.id.as_str(),
        device.as_str(),
        *platform as u8,
        millis(*at),
        self::number(number),
        durable
    ];
    change(db, sql, row)?;
    if !durable {
        let sql = "DELETE FROM logins WHERE app = ?1 AND user = ?2 AND device IN (
                       SELECT device FROM logins WHERE app = ?1 AND user = ?2 AND NOT durable
                       ORDER BY number DESC LIMIT -1 OFFSET ?3)";
        change(db, sql, params![user.app.0, user.id.as_str(), MAX_WEB_LOGINS as i64])?;
    }
    Ok(LoginRecorded::Recorded { registered, number, born, lists_version })
}

/// The data that is read before a login is recorded.
struct Known {
    account: Option<Stands>,
    revoked: Option<Revoked>,
    mark: Option<EndMark>,
}

/// The data of an account, for recording a login.
struct Stands {
    /// The creation number of the account.
    born: u64,
    lists_version: u64,
}

/// Reads the data for recording a login in one statement: a login is the most frequent write.
fn known(db: &Connection, user: &User, device: &DeviceId) -> Result<Known> {
    let sql = "SELECT a.born, a.lists_version, r.at, r.also, m.why, m.told, m.at FROM (SELECT 1)
               LEFT JOIN accounts a ON a.app = ?1 AND a.id = ?2
               LEFT JOIN revocations r ON r.app = ?1 AND r.user = ?2
               LEFT JOIN marks m ON m.app = ?1 AND m.user = ?2 AND m.device = ?3";
    let key = params![user.app.0, user.id.as_str(), device.as_str()];
    db.prepare_cached(sql)?.query_row(key, |row| {
        let account = match row.get::<_, Option<i64>>(0)? {
            Some(_) => Some(Stands { born: count(row, 0)?, lists_version: count(row, 1)? }),
            None => None,
        };
        let revoked = match optional_time(row, 2)? {
            Some(at) => Some(Revoked::new(at, seconds(row, 3)?)),
            None => None,
        };
        let mark = match row.get::<_, Option<i32>>(4)? {
            Some(_) => Some(mark(row, 4)?),
            None => None,
        };
        Ok(Known { account, revoked, mark })
    })
}

pub(crate) fn end_logins(db: &Connection, user: &User, ended: &[EndedLogin]) -> Result<()> {
    let mut marked = false;
    for EndedLogin { device, login, mark } in ended {
        let key = params![user.app.0, user.id.as_str(), device.as_str(), number(*login)];
        let sql = "DELETE FROM logins WHERE app = ?1 AND user = ?2 AND device = ?3 AND number <= ?4";
        change(db, sql, key)?;
        if let Some(mark) = mark {
            let sql = "SELECT 1 FROM logins WHERE app = ?1 AND user = ?2 AND device = ?3 AND number > ?4";
            // A device with a later login gets no mark.
            if db.prepare_cached(sql)?.exists(key)? {
                continue;
            }
            put_mark(db, user, device, mark)?;
            marked = true;
        }
    }
    if marked { trim_marks(db, user) } else { Ok(()) }
}

pub(crate) fn logins(db: &Connection, user: &User) -> Result<Vec<Login>> {
    let sql = "SELECT device, platform, at, number FROM logins WHERE app = ?1 AND user = ?2 AND durable
               ORDER BY number";
    list(db, sql, params![user.app.0, user.id.as_str()], |row| login(row, 0))
}

pub(crate) fn users_logged_in(db: &Connection, after: Option<&User>, limit: usize) -> Result<Vec<User>> {
    // No app has this number, and no `userID` is empty.
    let (app, id) = after.map_or((-1, ""), |user| (i64::from(user.app.0), user.id.as_str()));
    let sql = "SELECT DISTINCT app, user FROM logins WHERE (app, user) > (?1, ?2) AND durable
               ORDER BY app, user LIMIT ?3";
    list(db, sql, params![app, id, number(limit)], |row| {
        Ok(User::new(AppId(row.get(0)?), parsed(row, 1, UserId::new)?))
    })
}

pub(crate) fn logins_recorded(
    db: &Connection,
    times: &Range<Timestamp>,
    after: Option<&LoginCursor>,
    limit: usize,
) -> Result<LoginsRecorded> {
    // No app has this number, and no `userID` is empty.
    let (app, id, device) =
        after.map_or((-1, "", ""), |it| (i64::from(it.user.app.0), it.user.id.as_str(), it.device.as_str()));
    let sql = "SELECT app, user, device, platform, at, number, durable FROM logins
               WHERE (app, user, device) > (?1, ?2, ?3) ORDER BY app, user, device LIMIT ?4";
    let examined = list(db, sql, params![app, id, device, number(limit)], |row| {
        let user = User::new(AppId(row.get(0)?), parsed(row, 1, UserId::new)?);
        Ok((user, login(row, 2)?, row.get::<_, bool>(6)?))
    })?;
    let next = examined
        .last()
        .map(|(user, login, _)| LoginCursor { user: user.clone(), device: login.device.clone() });
    let of_times = examined.into_iter().filter(|(_, login, durable)| *durable && times.contains(&login.at));
    Ok(LoginsRecorded { logins: of_times.map(|(user, login, _)| (user, login)).collect(), next })
}

/// Reads a login from four columns beginning at the index `first`: device, platform, time, number.
fn login(row: &Row<'_>, first: usize) -> Result<Login> {
    Ok(Login {
        device: parsed(row, first, DeviceId::new)?,
        platform: platform(row, first + 1)?,
        at: time(row, first + 2)?,
        number: count(row, first + 3)?,
    })
}

// Marks

/// Reads an end mark from three columns beginning at the index `first`: cause, notified, time.
fn mark(row: &Row<'_>, first: usize) -> Result<EndMark> {
    let why = match row.get::<_, i32>(first)? {
        0 => EndWhy::LoggedOut,
        _ => EndWhy::KickedBy(platform(row, first)?),
    };
    Ok(EndMark { why, told: row.get(first + 1)?, at: time(row, first + 2)? })
}

/// Sets the end mark of a device. Does nothing if there is no account.
fn put_mark(db: &Connection, user: &User, device: &DeviceId, mark: &EndMark) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO marks (app, user, device, why, told, at, seq)
               SELECT ?1, ?2, ?3, ?4, ?5, ?6,
                   (SELECT coalesce(max(seq), 0) + 1 FROM marks WHERE app = ?1 AND user = ?2)
               WHERE EXISTS (SELECT 1 FROM accounts WHERE app = ?1 AND id = ?2)";
    let why = match mark.why {
        EndWhy::KickedBy(platform) => platform as u8,
        EndWhy::LoggedOut => 0,
    };
    let (id, device) = (user.id.as_str(), device.as_str());
    change(db, sql, params![user.app.0, id, device, why, mark.told, millis(mark.at)]).map(drop)
}

fn trim_marks(db: &Connection, user: &User) -> Result<()> {
    let sql = "DELETE FROM marks WHERE app = ?1 AND user = ?2 AND device IN (
                   SELECT device FROM marks WHERE app = ?1 AND user = ?2
                   ORDER BY at DESC, seq DESC LIMIT -1 OFFSET ?3)";
    change(db, sql, params![user.app.0, user.id.as_str(), MAX_MARKS as i64]).map(drop)
}

/// The highest lists version with which an account can start. Even if the clock is wrong, the version can still be
/// incremented.
const LAST_FIRST_VERSION: i64 = i64::MAX / 2;
