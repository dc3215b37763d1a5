//! Apps, accounts and logins.

use crate::PostgresFacts;
use crate::fault::Fault;
use crate::rows::{
    Result, count, get, json, key, keys, list, millis, number, only, optional, parsed, platform, platform_of,
    time, to_json, unsigned,
};
use crate::store::Work;
use deadpool_postgres::Object;
use lamplight_facts::{
    Account, AccountDeleted, AccountMade, AccountWithLogins, Answer, AppDeletion, EndWhy, EndedLogin, Facts,
    Login, LoginCursor, LoginRecorded, LoginsRecorded, MAX_MARKS, MAX_WEB_LOGINS, NewLogin, Revocation,
    Revoked, UsersRevoked,
};
use lamplight_model::{App, AppId, DeviceId, MAX_REVOKED_ONE_BY_ONE, Timestamp, User, UserId};
use std::ops::Range;
use tokio_postgres::Row;

/// The highest lists version with which an account can start. Even if the clock is wrong, the version can still be
/// incremented.
const LAST_FIRST_VERSION: i64 = i64::MAX / 2;

impl Facts for PostgresFacts {
    fn apps(&self) -> Answer<'_, Vec<App>> {
        Box::pin(async move {
            const DOING: &str = "listing apps";
            let sql = "SELECT id, keys, admins, settings FROM apps ORDER BY id";
            let rows = self.store.read(DOING, sql, &[]).await?;
            list(&rows, app_of).map_err(|fault| fault.of(DOING))
        })
    }

    fn put_app(&self, app: App) -> Answer<'_, ()> {
        Box::pin(async move {
            const DOING: &str = "putting an app";
            let (keys, admins, settings) = (to_json(&app.keys), to_json(&app.admins), to_json(&app.settings));
            let rows = self.store.write(DOING, PUT_APP, &[&id(app.id), &keys, &admins, &settings]).await?;
            let done = only(&rows).and_then(|row| get::<bool>(row, 0)).map_err(|fault| fault.of(DOING))?;
            if done { Ok(()) } else { Err(Fault::Refused("the app is being deleted").of(DOING)) }
        })
    }

    fn replace_app(&self, was: Option<App>, app: App) -> Answer<'_, bool> {
        Box::pin(async move { self.store.work("replacing an app", &Replacement { was, app }).await })
    }

    fn begin_app_deletion(&self, app: AppId) -> Answer<'_, AppDeletion> {
        Box::pin(async move {
            const DOING: &str = "beginning the deletion of an app";
            let rows = self.store.write(DOING, "SELECT begin_app_deletion($1)", &[&id(app)]).await?;
            let outcome = only(&rows).and_then(|row| match get(row, 0)? {
                0_i64 => Ok(AppDeletion::Begun),
                1 => Ok(AppDeletion::NoSuchApp),
                2 => Ok(AppDeletion::LastApp),
                other => Err(unknown(0, other)),
            });
            outcome.map_err(|fault| fault.of(DOING))
        })
    }

    fn deleted_apps(&self) -> Answer<'_, Vec<AppId>> {
        Box::pin(async move {
            const DOING: &str = "listing deleted apps";
            let sql = "SELECT id FROM deleted_apps WHERE NOT emptied ORDER BY id";
            let rows = self.store.read(DOING, sql, &[]).await?;
            list(&rows, |row| app_id(row, 0)).map_err(|fault| fault.of(DOING))
        })
    }

    fn delete_app_rows(&self, app: AppId, limit: usize) -> Answer<'_, usize> {
        Box::pin(async move {
            const DOING: &str = "deleting rows of an app";
            let sql = "SELECT delete_app_rows($1, $2)";
            let rows = self.store.write(DOING, sql, &[&id(app), &number(limit)]).await?;
            only(&rows).and_then(|row| unsigned(get(row, 0)?, 0)).map_err(|fault| fault.of(DOING))
        })
    }

    fn accounts(&self, users: Vec<User>) -> Answer<'_, Vec<Option<Account>>> {
        Box::pin(async move {
            const DOING: &str = "reading accounts";
            let sql = "SELECT a.created, a.born, r.at, r.also, r.through,
                    a.visibility <> 0 OR a.block_count <> 0
                FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS q (app, id, place)
                LEFT JOIN accounts AS a ON a.app = q.app AND a.id = q.id
                LEFT JOIN revocations AS r ON r.app = a.app AND r.user_id = a.id
                ORDER BY q.place";
            let (apps, ids) = keys(&users);
            let rows = self.store.read(DOING, sql, &[&apps, &ids]).await?;
            in_order(&rows, users, |row, user| account(row, 0, user)).map_err(|fault| fault.of(DOING))
        })
    }

    fn accounts_with_logins(&self, users: Vec<User>) -> Answer<'_, Vec<Option<AccountWithLogins>>> {
        Box::pin(async move {
            const DOING: &str = "reading accounts and logins";
            let sql =
                "SELECT a.created, a.born, r.at, r.also, r.through, a.visibility <> 0 OR a.block_count <> 0,
                    l.device, l.platform, l.at, l.number
                FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS q (app, id, place)
                LEFT JOIN accounts AS a ON a.app = q.app AND a.id = q.id
                LEFT JOIN revocations AS r ON r.app = a.app AND r.user_id = a.id
                LEFT JOIN LATERAL (
                    SELECT array_agg(device ORDER BY number) AS device,
                           array_agg(platform ORDER BY number) AS platform,
                           array_agg(at ORDER BY number) AS at, array_agg(number ORDER BY number) AS number
                    FROM logins WHERE app = a.app AND user_id = a.id AND durable) AS l ON true
                ORDER BY q.place";
            let (apps, ids) = keys(&users);
            let rows = self.store.read(DOING, sql, &[&apps, &ids]).await?;
            let found = in_order(&rows, users, |row, user| Ok((account(row, 0, user)?, logins_of(row, 6)?)));
            found.map_err(|fault| fault.of(DOING))
        })
    }

    fn list_accounts(&self, app: AppId, after: Option<UserId>, limit: usize) -> Answer<'_, Vec<Account>> {
        Box::pin(async move {
            const DOING: &str = "listing accounts";
            let sql = "SELECT a.id, a.created, a.born, r.at, r.also, r.through,
                    a.visibility <> 0 OR a.block_count <> 0
                FROM accounts AS a
                LEFT JOIN revocations AS r ON r.app = a.app AND r.user_id = a.id
                WHERE a.app = $1 AND a.id > $2 ORDER BY a.id LIMIT $3";
            // No `userID` is empty.
            let after = after.as_ref().map_or("", UserId::as_str);
            let rows = self.store.read(DOING, sql, &[&id(app), &after, &number(limit)]).await?;
            let account = |row: &Row| account(row, 1, User::new(app, parsed(row, 0, UserId::new)?));
            list(&rows, account).map_err(|fault| fault.of(DOING))
        })
    }

    fn create_account(&self, user: User, at: Timestamp) -> Answer<'_, AccountMade> {
        Box::pin(async move {
            const DOING: &str = "making an account";
            let sql = "SELECT made, born FROM create_account($1, $2, $3, $4)";
            let (app, id) = key(&user);
            let rows = self.store.write(DOING, sql, &[&app, &id, &millis(at), &first_version(at)]).await?;
            let made =
                only(&rows).and_then(|row| Ok(AccountMade { made: get(row, 0)?, born: count(row, 1)? }));
            made.map_err(|fault| fault.of(DOING))
        })
    }

    fn delete_account(&self, user: User, revoked: Revoked) -> Answer<'_, Option<AccountDeleted>> {
        Box::pin(async move {
            const DOING: &str = "deleting an account";
            let sql = "SELECT through, created, owners, mutual FROM delete_account($1, $2, $3, $4, $5)";
            let (app, id) = key(&user);
            let (at, also) = revoked_columns(&revoked);
            let rows = self.store.write(DOING, sql, &[&app, &id, &at, &also, &MOST_REVOKED]).await?;
            let deleted = optional(&rows, |row| {
                let owners: Vec<&str> = get(row, 2)?;
                let owners = owners.into_iter().map(UserId::new).collect::<std::result::Result<Vec<_>, _>>();
                let owners = owners.map_err(|error| Fault::unreadable(2, error))?;
                let owners = owners.into_iter().zip(get::<Vec<bool>>(row, 3)?).collect();
                Ok(AccountDeleted { through: count(row, 0)?, created: time(row, 1)?, owners })
            });
            deleted.map_err(|fault| fault.of(DOING))
        })
    }

    fn kick(&self, user: User, revoked: Revoked) -> Answer<'_, Option<u64>> {
        Box::pin(async move {
            const DOING: &str = "ending every login of a user";
            let sql = "SELECT kick($1, $2, $3, $4, $5, $6)";
            let (app, id) = key(&user);
            let (at, also) = revoked_columns(&revoked);
            let values: crate::store::Values<'_> =
                &[&app, &id, &at, &also, &MOST_REVOKED, &number(MAX_MARKS)];
            let rows = self.store.write(DOING, sql, values).await?;
            let through =
                only(&rows).and_then(|row| get::<Option<i64>>(row, 0)?.map(|n| unsigned(n, 0)).transpose());
            through.map_err(|fault| fault.of(DOING))
        })
    }

    fn users_revoked(&self, since: Timestamp, after: Option<User>, limit: usize) -> Answer<'_, UsersRevoked> {
        Box::pin(async move {
            const DOING: &str = "reading the revocations since a time";
            // No app has this number, and no `userID` is empty.
            let (app, id) = after.as_ref().map_or((-1, ""), key);
            let values: crate::store::Values<'_> = &[&app, &id, &number(limit), &millis(since)];
            let rows = self.store.read(DOING, USERS_REVOKED, values).await?;
            let found = list(&rows, |row| {
                Ok((User::new(app_id(row, 0)?, parsed(row, 1, UserId::new)?), get::<bool>(row, 2)?))
            });
            let found = found.map_err(|fault| fault.of(DOING))?;
            let next = found.last().map(|(user, _)| user.clone());
            let later = found.into_iter().filter(|(_, is_later)| *is_later);
            Ok(UsersRevoked { users: later.map(|(user, _)| user).collect(), next })
        })
    }

    fn revocation(&self, user: User) -> Answer<'_, Option<Revocation>> {
        Box::pin(async move {
            const DOING: &str = "reading a revocation";
            let sql = "SELECT at, also, through FROM revocations WHERE app = $1 AND user_id = $2";
            let (app, id) = key(&user);
            let rows = self.store.read(DOING, sql, &[&app, &id]).await?;
            let found = optional(&rows, |row| revocation(row, 0)).map(Option::flatten);
            found.map_err(|fault| fault.of(DOING))
        })
    }

    fn revoke_sigs(&self, user: User, revoked: Revoked) -> Answer<'_, ()> {
        Box::pin(async move {
            let sql = "SELECT revoke_sigs($1, $2, $3, $4, $5)";
            let (app, id) = key(&user);
            let (at, also) = revoked_columns(&revoked);
            let values: crate::store::Values<'_> = &[&app, &id, &at, &also, &MOST_REVOKED];
            self.store.write("revoking UserSigs", sql, values).await.map(drop)
        })
    }

    fn record_login(&self, login: NewLogin) -> Answer<'_, LoginRecorded> {
        Box::pin(async move {
            const DOING: &str = "recording a login";
            let sql = "SELECT outcome, why, registered, number, born, lists_version
                FROM record_login($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
            let NewLogin { user, device, platform, at, issued, durable, resume } = &login;
            let (app, id) = key(user);
            let values: crate::store::Values<'_> = &[
                &app,
                &id,
                &device.as_str(),
                &(*platform as i64),
                &millis(*at),
                &first_version(*at),
                &number(*issued),
                durable,
                resume,
                &number(MAX_WEB_LOGINS),
            ];
            let rows = self.store.write(DOING, sql, values).await?;
            only(&rows).and_then(login_recorded).map_err(|fault| fault.of(DOING))
        })
    }

    fn end_logins(&self, user: User, ended: Vec<EndedLogin>) -> Answer<'_, ()> {
        Box::pin(async move {
            let sql = "SELECT end_logins($1, $2, $3, $4, $5, $6, $7, $8)";
            let (app, id) = key(&user);
            let devices: Vec<&str> = ended.iter().map(|ended| ended.device.as_str()).collect();
            let numbers: Vec<i64> = ended.iter().map(|ended| number(ended.login)).collect();
            let marks = || ended.iter().map(|ended| ended.mark.as_ref());
            let why: Vec<Option<i64>> = marks().map(|mark| Some(why_number(mark?.why))).collect();
            let told: Vec<Option<bool>> = marks().map(|mark| Some(mark?.told)).collect();
            let at: Vec<Option<i64>> = marks().map(|mark| Some(millis(mark?.at))).collect();
            let values: crate::store::Values<'_> =
                &[&app, &id, &devices, &numbers, &why, &told, &at, &number(MAX_MARKS)];
            self.store.write("ending logins", sql, values).await.map(drop)
        })
    }

    fn logins(&self, user: User) -> Answer<'_, Vec<Login>> {
        Box::pin(async move {
            const DOING: &str = "reading logins";
            let sql = "SELECT device, platform, at, number FROM logins
                WHERE app = $1 AND user_id = $2 AND durable ORDER BY number";
            let (app, id) = key(&user);
            let rows = self.store.read(DOING, sql, &[&app, &id]).await?;
            list(&rows, |row| login(row, 0)).map_err(|fault| fault.of(DOING))
        })
    }

    fn users_logged_in(&self, after: Option<User>, limit: usize) -> Answer<'_, Vec<User>> {
        Box::pin(async move {
            const DOING: &str = "reading the users who are logged in";
            // No app has this number, and no `userID` is empty.
            let (app, id) = after.as_ref().map_or((-1, ""), key);
            let rows = self.store.read(DOING, USERS_LOGGED_IN, &[&app, &id, &number(limit)]).await?;
            let user = |row: &Row| Ok(User::new(app_id(row, 0)?, parsed(row, 1, UserId::new)?));
            list(&rows, user).map_err(|fault| fault.of(DOING))
        })
    }

    fn logins_recorded(
        &self,
        times: Range<Timestamp>,
        after: Option<LoginCursor>,
        limit: usize,
    ) -> Answer<'_, LoginsRecorded> {
        Box::pin(async move {
            const DOING: &str = "reading the logins of a time";
            // No app has this number, and no `userID` is empty.
            let (app, id) = after.as_ref().map_or((-1, ""), |it| key(&it.user));
            let device = after.as_ref().map_or("", |it| it.device.as_str());
            let (from, until) = (millis(times.start), millis(times.end));
            let values: crate::store::Values<'_> = &[&app, &id, &device, &number(limit), &from, &until];
            let rows = self.store.read(DOING, LOGINS_RECORDED, values).await?;
            let found = list(&rows, |row| {
                let user = User::new(app_id(row, 0)?, parsed(row, 1, UserId::new)?);
                Ok((user, login(row, 2)?, get::<bool>(row, 6)?))
            });
            let found = found.map_err(|fault| fault.of(DOING))?;
            let last = found.last();
            let next =
                last.map(|(user, login, _)| LoginCursor { user: user.clone(), device: login.device.clone() });
            let of_times = found.into_iter().filter(|(.., is_of_times)| *is_of_times);
            Ok(LoginsRecorded { logins: of_times.map(|(user, login, _)| (user, login)).collect(), next })
        })
    }
}

/// Selects the users whose revocation is not older than `$4`, among the `$3` revocations that follow that of a given
/// user. Also selects the last of these users, whose last column is `false` if the revocation is older.
pub(crate) const USERS_REVOKED: &str = "
    WITH page AS MATERIALIZED (
        SELECT app, user_id, at >= $4 AS is_later FROM revocations
        WHERE (app, user_id) > ($1, $2) ORDER BY app, user_id LIMIT $3)
    SELECT app, user_id, is_later FROM page
    WHERE is_later OR (app, user_id) = (
        SELECT app, user_id FROM page ORDER BY app DESC, user_id DESC LIMIT 1)
    ORDER BY app, user_id";

/// Selects the users with a durable login, beginning after a given user.
pub(crate) const USERS_LOGGED_IN: &str = "SELECT DISTINCT app, user_id FROM logins
    WHERE (app, user_id) > ($1, $2) AND durable ORDER BY app, user_id LIMIT $3";

/// Selects the durable logins of an interval among the `$4` logins that follow a given one. Also selects the last of
/// these logins, whose last column is `false` if it is not in the interval.
pub(crate) const LOGINS_RECORDED: &str = "
    WITH page AS MATERIALIZED (
        SELECT app, user_id, device, platform, at, number, durable AND at >= $5 AND at < $6 AS is_of_times
        FROM logins WHERE (app, user_id, device) > ($1, $2, $3) ORDER BY app, user_id, device LIMIT $4)
    SELECT app, user_id, device, platform, at, number, is_of_times FROM page
    WHERE is_of_times OR (app, user_id, device) = (
        SELECT app, user_id, device FROM page ORDER BY app DESC, user_id DESC, device DESC LIMIT 1)
    ORDER BY app, user_id, device";

// Apps

const PUT_APP: &str = "SELECT put_app($1, $2, $3, $4)";

fn id(app: AppId) -> i64 {
    i64::from(app.0)
}

pub(crate) fn app_id(row: &Row, column: usize) -> Result<AppId> {
    unsigned(get(row, column)?, column).map(AppId)
}

fn app_of(row: &Row) -> Result<App> {
    Ok(App { id: app_id(row, 0)?, keys: json(row, 1)?, admins: json(row, 2)?, settings: json(row, 3)? })
}

/// Replaces an app, if the stored app still equals `was`.
struct Replacement {
    was: Option<App>,
    app: App,
}

impl Work for Replacement {
    type Answer = bool;

    async fn run(&self, connection: &mut Object) -> Result<bool> {
        let Self { was, app } = self;
        let transaction = connection.transaction().await?;
        let close = transaction.prepare_cached("SELECT close_app($1)").await?;
        transaction.query(&close, &[&id(app.id)]).await?;
        // The parsed settings are compared, not their text: an older program may have written fewer settings.
        let read = "SELECT id, keys, admins, settings FROM apps WHERE id = $1";
        let read = transaction.prepare_cached(read).await?;
        let found = optional(&transaction.query(&read, &[&id(app.id)]).await?, app_of)?;
        if found != *was {
            return Ok(false);
        }
        let put = transaction.prepare_cached(PUT_APP).await?;
        let (keys, admins, settings) = (to_json(&app.keys), to_json(&app.admins), to_json(&app.settings));
        let rows = transaction.query(&put, &[&id(app.id), &keys, &admins, &settings]).await?;
        let done = get(only(&rows)?, 0)?;
        transaction.commit().await?;
        Ok(done)
    }
}

// Accounts

/// Reads the accounts of `users` from `rows`, which have one row for each user. The result has `None` for a user
/// without an account.
fn in_order<T>(
    rows: &[Row],
    users: Vec<User>,
    item: impl Fn(&Row, User) -> Result<T>,
) -> Result<Vec<Option<T>>> {
    let found = rows.iter().zip(users).map(|(row, user)| match get::<Option<i64>>(row, 0)? {
        Some(_) => item(row, user).map(Some),
        None => Ok(None),
    });
    found.collect()
}

/// Reads an account from columns beginning at `first`: created, born, the columns of the revocation, and whether the
/// user is restricted.
fn account(row: &Row, first: usize, user: User) -> Result<Account> {
    let revocation = revocation(row, first + 2)?;
    let (created, born) = (time(row, first)?, count(row, first + 1)?);
    Ok(Account { user, created, born, revocation, restricted: get(row, first + 5)? })
}

/// Reads a revocation from three columns beginning at `first`: at, also, through. The columns are null if there is no
/// revocation.
fn revocation(row: &Row, first: usize) -> Result<Option<Revocation>> {
    let Some(at) = get::<Option<i64>>(row, first)? else { return Ok(None) };
    let also: Vec<i64> = get(row, first + 1)?;
    let also = also.into_iter().map(|second| unsigned(second, first + 1)).collect::<Result<Vec<u64>>>()?;
    let revoked = Revoked::new(Timestamp(unsigned(at, first)?), also);
    Ok(Some(Revocation { revoked, through: count(row, first + 2)? }))
}

const MOST_REVOKED: i64 = MAX_REVOKED_ONE_BY_ONE as i64;

fn revoked_columns(revoked: &Revoked) -> (i64, Vec<i64>) {
    (millis(revoked.at), revoked.also.iter().map(|second| number(*second)).collect())
}

fn first_version(at: Timestamp) -> i64 {
    millis(at).min(LAST_FIRST_VERSION)
}

// Logins

/// Reads a login from four columns beginning at `first`: device, platform, time, number.
fn login(row: &Row, first: usize) -> Result<Login> {
    Ok(Login {
        device: parsed(row, first, DeviceId::new)?,
        platform: platform(row, first + 1)?,
        at: time(row, first + 2)?,
        number: count(row, first + 3)?,
    })
}

/// Reads logins from four array columns beginning at `first`: devices, platforms, times, numbers. The columns are null
/// if there are no logins.
fn logins_of(row: &Row, first: usize) -> Result<Vec<Login>> {
    let Some(devices) = get::<Option<Vec<&str>>>(row, first)? else { return Ok(Vec::new()) };
    let platforms: Vec<i64> = get(row, first + 1)?;
    let times: Vec<i64> = get(row, first + 2)?;
    let numbers: Vec<i64> = get(row, first + 3)?;
    let logins = devices.into_iter().zip(platforms).zip(times).zip(numbers);
    let login = |(((device, platform), at), number)| {
        Ok(Login {
            device: DeviceId::new(device).map_err(|error| Fault::unreadable(first, error))?,
            platform: platform_of(platform, first + 1)?,
            at: Timestamp(unsigned(at, first + 2)?),
            number: unsigned(number, first + 3)?,
        })
    };
    logins.map(login).collect()
}

fn login_recorded(row: &Row) -> Result<LoginRecorded> {
    match get(row, 0)? {
        0_i64 => Ok(LoginRecorded::Revoked),
        1 => Ok(LoginRecorded::Ended(why(row, 1)?)),
        2 => Ok(LoginRecorded::NoAccount),
        3 => Ok(LoginRecorded::Recorded {
            registered: get(row, 2)?,
            number: count(row, 3)?,
            born: count(row, 4)?,
            lists_version: count(row, 5)?,
        }),
        other => Err(unknown(0, other)),
    }
}

fn why(row: &Row, column: usize) -> Result<EndWhy> {
    match get(row, column)? {
        0 => Ok(EndWhy::LoggedOut),
        number => platform_of(number, column).map(EndWhy::KickedBy),
    }
}

fn why_number(why: EndWhy) -> i64 {
    match why {
        EndWhy::LoggedOut => 0,
        EndWhy::KickedBy(platform) => platform as i64,
    }
}

/// The fault of a database function that has returned an unknown outcome.
pub(crate) fn unknown(column: usize, outcome: i64) -> Fault {
    Fault::unreadable(column, format!("{outcome} is no outcome"))
}
