//! What friend lists say in SQL. A writing function runs inside a savepoint.

use crate::profiles::{count_up, lists_state, profile, profile_of};
use crate::statements::{change, list, millis, parsed, time};
use lamplight_facts::{Befriended, Befriending, ListsState, NewFriendship, RemarkSet, Unfriended};
use lamplight_model::{AllowType, AppId, Friend, User, UserId};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

/// An entry with what the friend shows, and whether the friend has the owner too.
const ENTRY: &str = "SELECT forth.friend, forth.remark, forth.added, forth.source, forth.wording,
        back.owner IS NOT NULL, accounts.nick, accounts.avatar_url, accounts.allow
    FROM friends AS forth
    JOIN accounts ON accounts.app = forth.app AND accounts.id = forth.friend
    LEFT JOIN friends AS back
        ON back.app = forth.app AND back.owner = forth.friend AND back.friend = forth.owner
    WHERE forth.app = ?1 AND forth.owner = ?2";

pub(crate) fn befriend(db: &Connection, new: &NewFriendship) -> Result<Befriending> {
    let (app, owner, friend) = (new.owner.app, &new.owner.id, &new.friend);
    let states = |db| -> Result<(ListsState, ListsState)> {
        let state = |id| Ok::<_, rusqlite::Error>(lists_state(db, app, id)?.unwrap_or_default());
        Ok((state(owner)?, state(friend)?))
    };
    let no = |outcome| -> Result<Befriending> {
        let (owner_state, friend_state) = states(db)?;
        let (owner_changed, friend_changed) = (false, false);
        let (entry, back) = (None, None);
        Ok(Befriending { outcome, entry, back, owner_changed, friend_changed, owner_state, friend_state })
    };
    if profile_of(db, app, owner)?.is_none() {
        return no(Befriended::NoSuchOwner);
    }
    let Some(shown) = profile_of(db, app, friend)? else { return no(Befriended::NoSuchFriend) };
    let before = self::friend(db, &new.owner, friend)?;
    let other = User::new(app, friend.clone());
    let back_before = self::friend(db, &other, owner)?;
    if before.is_none() && new.ask && shown.allow == AllowType::DenyAny {
        return no(Befriended::Denied);
    }
    if before.is_none() && count_friends(db, app, owner)? >= new.limit {
        return no(Befriended::ListFull);
    }
    if new.both && back_before.is_none() && count_friends(db, app, friend)? >= new.limit {
        return no(Befriended::FriendListFull);
    }

    let put = "INSERT INTO friends (app, owner, friend, remark, added, source, wording)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
               ON CONFLICT DO UPDATE SET remark = excluded.remark, source = excluded.source,
                   wording = excluded.wording";
    let row = |from: &UserId, to: &UserId, remark: &str, source: &str, wording: &str| {
        let values = params![app.0, from.as_str(), to.as_str(), remark, millis(new.at), source, wording];
        change(db, put, values)
    };
    row(owner, friend, &new.remark, &new.source, &new.wording)?;
    if new.both && back_before.is_none() {
        row(friend, owner, "", "", "")?;
    }
    let entry = self::friend(db, &new.owner, friend)?;
    let back = self::friend(db, &other, owner)?;
    let (owner_changed, friend_changed) = (entry != before, back != back_before);
    if owner_changed {
        count_up(db, app, owner, 0)?;
    }
    if friend_changed {
        count_up(db, app, friend, 0)?;
    }
    let (owner_state, friend_state) = states(db)?;
    let outcome = Befriended::Done;
    Ok(Befriending { outcome, entry, back, owner_changed, friend_changed, owner_state, friend_state })
}

pub(crate) fn set_remark(
    db: &Connection,
    owner: &User,
    friend: &UserId,
    remark: &str,
) -> Result<Option<RemarkSet>> {
    let Some(before) = self::friend(db, owner, friend)? else { return Ok(None) };
    let changed = before.remark != remark;
    let state = if changed {
        let sql = "UPDATE friends SET remark = ?4 WHERE app = ?1 AND owner = ?2 AND friend = ?3";
        change(db, sql, params![owner.app.0, owner.id.as_str(), friend.as_str(), remark])?;
        count_up(db, owner.app, &owner.id, 0)?
    } else {
        lists_state(db, owner.app, &owner.id)?
    };
    let entry = Friend { remark: remark.to_owned(), ..before };
    Ok(Some(RemarkSet { entry, changed, state: state.unwrap_or_default() }))
}

pub(crate) fn unfriend(db: &Connection, owner: &User, friend: &UserId, both: bool) -> Result<Unfriended> {
    let other = User::new(owner.app, friend.clone());
    let had_back = self::friend(db, &other, &owner.id)?.is_some();
    let sql = "DELETE FROM friends WHERE app = ?1 AND owner = ?2 AND friend = ?3";
    let delete = |from: &UserId, to: &UserId| -> Result<bool> {
        Ok(change(db, sql, params![owner.app.0, from.as_str(), to.as_str()])? > 0)
    };
    let forth = delete(&owner.id, friend)?;
    // To oneself, forth was back too.
    let back = both && delete(friend, &owner.id)?;
    let state = |db, id: &UserId, differs: bool| -> Result<ListsState> {
        let state = if differs { count_up(db, owner.app, id, 0)? } else { lists_state(db, owner.app, id)? };
        Ok(state.unwrap_or_default())
    };
    Ok(Unfriended {
        forth,
        back,
        left: self::friend(db, &other, &owner.id)?,
        // An entry that stays is no longer mutual when the one the other way round goes.
        owner_state: state(db, &owner.id, forth || (back && self::friend(db, owner, friend)?.is_some()))?,
        friend_state: state(db, friend, back || (forth && had_back))?,
    })
}

pub(crate) fn friend(db: &Connection, owner: &User, friend: &UserId) -> Result<Option<Friend>> {
    let sql = format!("{ENTRY} AND forth.friend = ?3");
    let key = params![owner.app.0, owner.id.as_str(), friend.as_str()];
    db.prepare_cached(&sql)?.query_row(key, entry).optional()
}

pub(crate) fn friend_page(
    db: &Connection,
    owner: &User,
    after: Option<&UserId>,
    limit: usize,
) -> Result<Vec<Friend>> {
    let sql = format!("{ENTRY} AND forth.friend > ?3 ORDER BY forth.friend LIMIT ?4");
    // No `userID` is empty.
    let after = after.map_or("", UserId::as_str);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    list(db, &sql, params![owner.app.0, owner.id.as_str(), after, limit], entry)
}

pub(crate) fn count_friends(db: &Connection, app: AppId, owner: &UserId) -> Result<usize> {
    let sql = "SELECT count(*) FROM friends WHERE app = ?1 AND owner = ?2";
    let count: u32 = db.prepare_cached(sql)?.query_row(params![app.0, owner.as_str()], |row| row.get(0))?;
    Ok(count as usize)
}

pub(crate) fn mutual_friends(db: &Connection, owner: &User) -> Result<Vec<UserId>> {
    let sql = "SELECT forth.friend FROM friends AS forth
               JOIN friends AS back
                   ON back.app = forth.app AND back.owner = forth.friend AND back.friend = forth.owner
               WHERE forth.app = ?1 AND forth.owner = ?2 ORDER BY forth.friend";
    list(db, sql, params![owner.app.0, owner.id.as_str()], |row| parsed(row, 0, UserId::new))
}

/// The columns of [`ENTRY`].
fn entry(row: &Row<'_>) -> Result<Friend> {
    Ok(Friend {
        id: parsed(row, 0, UserId::new)?,
        remark: row.get(1)?,
        added: time(row, 2)?,
        source: row.get(3)?,
        wording: row.get(4)?,
        mutual: row.get(5)?,
        profile: profile(row, 6)?,
    })
}
