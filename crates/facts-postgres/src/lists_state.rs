//! The columns with the state of a user's lists. Many statements return these columns.

use crate::rows::{Result, count, get, unsigned};
use lamplight_facts::ListsState;
use tokio_postgres::Row;

/// Reads the state of a user's lists from two columns beginning at `first`: version, unread.
pub(crate) fn state_at(row: &Row, first: usize) -> Result<ListsState> {
    let total_unread = unsigned(get(row, first + 1)?, first + 1)?;
    Ok(ListsState { version: count(row, first)?, total_unread })
}
