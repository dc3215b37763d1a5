//! Friend lists. Each entry is a row that belongs to an owner. Two users with entries about each other are mutual
//! friends.

use super::blocks::has_blocked;
use super::profiles::{allow_of, profile_of};
use super::{count_up_if, state};
use crate::rows::{change, count, list, millis, number, parsed, time};
use lamplight_facts::{Befriended, Befriending, NewFriendship, RemarkSet, Unfriended};
use lamplight_model::{AllowType, Friend, User, UserId};
use rusqlite::{Connection, OptionalExtension, Result, Row, params};

/// Selects entries of a friend list with the friends' profiles, in the columns that [`friend_of`] reads. ?1 is the app
/// and ?2 the owner.
macro_rules! entries {
    ($which:literal) => {
        // `CROSS JOIN` fixes the order of the join, so that rows are read in the order of the list.
        concat!(
            "SELECT f.friend, f.remark,
                 EXISTS (SELECT 1 FROM friends WHERE app = f.app AND owner = f.friend AND friend = f.owner),
                 f.added, f.source, f.wording, a.nick, a.avatar_url, a.allow
             FROM friends AS f CROSS JOIN accounts AS a ON a.app = f.app AND a.id = f.friend
             WHERE f.app = ?1 AND f.owner = ?2 AND ",
            $which
        )
    };
}

pub(super) fn befriend(db: &Connection, new: &NewFriendship) -> Result<Befriending> {
    let NewFriendship { owner, both, remark, source, wording, .. } = new;
    let friend = User::new(owner.app, new.friend.clone());
    let before = entry(db, owner, &friend.id)?;
    let had_back = has(db, &friend, &owner.id)?;
    let outcome = outcome(db, new, &friend, before.is_some(), had_back)?;
    if outcome != Befriended::Done {
        return Ok(Befriending {
            outcome,
            entry: None,
            back: entry(db, &friend, &owner.id)?,
            owner_changed: false,
            friend_changed: false,
            owner_state: state(db, owner)?.unwrap_or_default(),
            friend_state: state(db, &friend)?.unwrap_or_default(),
        });
    }

    let sql = "INSERT INTO friends (app, owner, friend, remark, added, source, wording)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
               ON CONFLICT DO UPDATE
               SET remark = coalesce(nullif(excluded.remark, ''), remark),
                   source = coalesce(nullif(excluded.source, ''), source),
                   wording = coalesce(nullif(excluded.wording, ''), wording)";
    let (own, other) = (owner.id.as_str(), friend.id.as_str());
    change(db, sql, params![owner.app.0, own, other, remark, millis(new.at), source, wording])?;
    if *both && !had_back {
        // The friend's entry has no wording, because the wording belongs to the owner's request.
        change(db, sql, params![owner.app.0, other, own, "", millis(new.at), source, ""])?;
    }
    let (after, back) = (entry(db, owner, &friend.id)?, entry(db, &friend, &owner.id)?);
    let owner_changed = before != after;
    // The texts of an existing entry are not changed here. The entry has changed if it is new or has become mutual.
    let friend_changed = back.is_some() && (!had_back || before.is_none());
    let owner_state = count_up_if(owner_changed, db, owner)?;
    let friend_state = count_up_if(friend_changed, db, &friend)?;
    Ok(Befriending { outcome, entry: after, back, owner_changed, friend_changed, owner_state, friend_state })
}

/// Decides whether the friend can be added. Returns the first reason against it, in the order of [`Befriended`].
fn outcome(
    db: &Connection,
    new: &NewFriendship,
    friend: &User,
    had: bool,
    had_back: bool,
) -> Result<Befriended> {
    let Some(_) = allows(db, &new.owner)? else { return Ok(Befriended::NoSuchOwner) };
    let Some(allow) = allows(db, friend)? else { return Ok(Befriended::NoSuchFriend) };
    let (makes, makes_back) = (!had, new.both && !had_back);
    if makes && is_full(db, &new.owner, new.limit)? {
        return Ok(Befriended::ListFull);
    }
    if makes_back && is_full(db, friend, new.limit)? {
        return Ok(Befriended::FriendListFull);
    }
    let is_asked = new.ask && (makes || makes_back);
    let denied = match allow {
        AllowType::AllowAny => is_asked && has_blocked(db, friend, &new.owner.id)?,
        AllowType::DenyAny => is_asked,
    };
    Ok(if denied { Befriended::Denied } else { Befriended::Done })
}

fn allows(db: &Connection, user: &User) -> Result<Option<AllowType>> {
    let sql = "SELECT allow FROM accounts WHERE app = ?1 AND id = ?2";
    let key = params![user.app.0, user.id.as_str()];
    db.prepare_cached(sql)?.query_row(key, |row| allow_of(row, 0)).optional()
}

fn is_full(db: &Connection, owner: &User, limit: usize) -> Result<bool> {
    // Counting stops at the limit.
    let sql = "SELECT count(*) FROM (SELECT 1 FROM friends WHERE app = ?1 AND owner = ?2 LIMIT ?3)";
    let limit = number(limit);
    let values = params![owner.app.0, owner.id.as_str(), limit];
    let entries: i64 = db.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
    Ok(entries >= limit)
}

pub(super) fn set_remark(
    db: &Connection,
    owner: &User,
    friend: &UserId,
    remark: &str,
) -> Result<Option<RemarkSet>> {
    let sql = "UPDATE friends SET remark = ?4 WHERE app = ?1 AND owner = ?2 AND friend = ?3 AND remark <> ?4";
    let changed = change(db, sql, params![owner.app.0, owner.id.as_str(), friend.as_str(), remark])? > 0;
    let Some(entry) = entry(db, owner, friend)? else { return Ok(None) };
    let state = count_up_if(changed, db, owner)?;
    Ok(Some(RemarkSet { entry, changed, state }))
}

pub(super) fn unfriend(db: &Connection, owner: &User, friend: &UserId, both: bool) -> Result<Unfriended> {
    let other = User::new(owner.app, friend.clone());
    let forth = remove(db, owner, friend)?;
    let back = both && remove(db, &other, &owner.id)?;
    let left = entry(db, &other, &owner.id)?;
    let owner_state = count_up_if(forth, db, owner)?;
    let friend_state = count_up_if(back || (forth && left.is_some()), db, &other)?;
    Ok(Unfriended { forth, back, left, owner_state, friend_state })
}

fn remove(db: &Connection, owner: &User, friend: &UserId) -> Result<bool> {
    let sql = "DELETE FROM friends WHERE app = ?1 AND owner = ?2 AND friend = ?3";
    Ok(change(db, sql, params![owner.app.0, owner.id.as_str(), friend.as_str()])? > 0)
}

fn has(db: &Connection, owner: &User, friend: &UserId) -> Result<bool> {
    let sql = "SELECT 1 FROM friends WHERE app = ?1 AND owner = ?2 AND friend = ?3";
    db.prepare_cached(sql)?.exists(params![owner.app.0, owner.id.as_str(), friend.as_str()])
}

pub(super) fn friend(db: &Connection, owner: &User, friend: &UserId) -> Result<Option<Friend>> {
    entry(db, owner, friend)
}

pub(super) fn page(
    db: &Connection,
    owner: &User,
    after: Option<&UserId>,
    limit: usize,
) -> Result<Vec<Friend>> {
    let sql = entries!("f.friend > ?3 ORDER BY f.friend LIMIT ?4");
    // No `userID` is empty, so the empty text sorts before all of them.
    let after = after.map_or("", UserId::as_str);
    list(db, sql, params![owner.app.0, owner.id.as_str(), after, number(limit)], friend_of)
}

pub(super) fn count_all(db: &Connection, owner: &User) -> Result<usize> {
    let sql = "SELECT count(*) FROM friends WHERE app = ?1 AND owner = ?2";
    let entries = |row: &Row<'_>| count(row, 0);
    let entries = db.prepare_cached(sql)?.query_row(params![owner.app.0, owner.id.as_str()], entries)?;
    Ok(usize::try_from(entries).unwrap_or(usize::MAX))
}

pub(super) fn mutual(db: &Connection, owner: &User) -> Result<Vec<UserId>> {
    let sql = "SELECT friend FROM friends AS f WHERE app = ?1 AND owner = ?2 AND EXISTS (
                   SELECT 1 FROM friends WHERE app = ?1 AND owner = f.friend AND friend = ?2)
               ORDER BY friend";
    list(db, sql, params![owner.app.0, owner.id.as_str()], |row| parsed(row, 0, UserId::new))
}

fn entry(db: &Connection, owner: &User, friend: &UserId) -> Result<Option<Friend>> {
    let key = params![owner.app.0, owner.id.as_str(), friend.as_str()];
    db.prepare_cached(entries!("f.friend = ?3"))?.query_row(key, friend_of).optional()
}

fn friend_of(row: &Row<'_>) -> Result<Friend> {
    Ok(Friend {
        id: parsed(row, 0, UserId::new)?,
        remark: row.get(1)?,
        mutual: row.get(2)?,
        added: time(row, 3)?,
        source: row.get(4)?,
        wording: row.get(5)?,
        profile: profile_of(row, 6)?,
    })
}
