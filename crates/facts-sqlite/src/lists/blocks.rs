//! The entries of block lists.

use lamplight_model::{User, UserId};
use rusqlite::{Connection, Result};

/// Returns `true` if `user` is on the block list of `owner`.
pub(super) fn has_blocked(db: &Connection, owner: &User, user: &UserId) -> Result<bool> {
    let sql = "SELECT 1 FROM blocks WHERE app = ?1 AND owner = ?2 AND blocked = ?3";
    db.prepare_cached(sql)?.exists(key_of(owner, user))
}

/// The key of the entry of `user` on the block list of `owner`.
pub(super) fn key_of<'a>(owner: &'a User, user: &'a UserId) -> (u32, &'a str, &'a str) {
    (owner.app.0, owner.id.as_str(), user.as_str())
}
