//! Conversions between values of the port and columns, and helpers for running statements.

use lamplight_model::{Platform, Timestamp};
use rusqlite::types::Type;
use rusqlite::{Connection, Error, Params, Result, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Runs a statement that changes rows, and returns the number of changed rows.
///
/// Frequent writes read the new values by a second statement, and do not use RETURNING. For a statement with RETURNING,
/// SQLite opens a temporary table, which costs six times as much as the change of a row.
pub(crate) fn change(db: &Connection, sql: &str, values: impl Params) -> Result<usize> {
    db.prepare_cached(sql)?.execute(values)
}

/// Runs a query, and returns all rows converted by `item`.
pub(crate) fn list<T>(
    db: &Connection,
    sql: &str,
    values: impl Params,
    item: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    db.prepare_cached(sql)?.query_map(values, item)?.collect()
}

/// Converts a time to an SQLite integer. A time that is too large becomes the largest integer.
pub(crate) fn millis(at: Timestamp) -> i64 {
    i64::try_from(at.0).unwrap_or(i64::MAX)
}

pub(crate) fn time(row: &Row<'_>, column: usize) -> Result<Timestamp> {
    Ok(optional_time(row, column)?.unwrap_or_default())
}

pub(crate) fn optional_time(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>> {
    let millis: Option<i64> = row.get(column)?;
    let time = |millis| u64::try_from(millis).map_err(|_| Error::IntegralValueOutOfRange(column, millis));
    millis.map(time).transpose().map(|millis| millis.map(Timestamp))
}

/// Reads a column whose value must not be negative.
pub(crate) fn count(row: &Row<'_>, column: usize) -> Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| Error::IntegralValueOutOfRange(column, number))
}

/// Converts a number to an SQLite integer. A number that is too large becomes the largest integer.
pub(crate) fn number<T>(number: T) -> i64
where
    i64: TryFrom<T>,
{
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn platform(row: &Row<'_>, column: usize) -> Result<Platform> {
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
