//! Pairs of users who send messages to each other. The messages of a pair have consecutive numbers. A pair also counts
//! the messages of each user.

use crate::rows::{change, count};
use lamplight_model::{User, UserId};
use rusqlite::{Connection, Result, params};

/// The numbers of a new message.
pub(super) struct Place {
    pub(super) pair: i64,
    pub(super) sequence: u64,
    /// The number of the message among its sender's messages in the pair, from 1.
    pub(super) nth: u64,
}

/// Assigns the next sequence of the pair, and creates the pair if it is missing.
pub(super) fn next_place(db: &Connection, from: &User, to: &UserId) -> Result<Place> {
    let (low, high) = in_order(&from.id, to);
    let of_low = from.id == *low;
    let sql = "INSERT INTO pairs (app, low, high, last, of_low) VALUES (?1, ?2, ?3, 1, ?4)
               ON CONFLICT DO UPDATE SET last = last + 1, of_low = of_low + excluded.of_low";
    change(db, sql, params![from.app.0, low.as_str(), high.as_str(), of_low])?;
    let sql = "SELECT id, last, of_low FROM pairs WHERE app = ?1 AND low = ?2 AND high = ?3";
    db.prepare_cached(sql)?.query_row(params![from.app.0, low.as_str(), high.as_str()], |row| {
        let (sequence, nth_of_low) = (count(row, 1)?, count(row, 2)?);
        let nth = if of_low { nth_of_low } else { sequence - nth_of_low };
        Ok(Place { pair: row.get(0)?, sequence, nth })
    })
}

/// Returns the two users in the order of the columns `low` and `high`.
pub(super) fn in_order<'a>(one: &'a UserId, other: &'a UserId) -> (&'a UserId, &'a UserId) {
    if one <= other { (one, other) } else { (other, one) }
}
