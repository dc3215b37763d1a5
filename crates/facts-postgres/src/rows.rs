//! Converts between values of the port and columns. This module knows no tables.

use crate::fault::Fault;
use lamplight_model::{Hook, Platform, Timestamp, User};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

pub(crate) type Result<T> = std::result::Result<T, Fault>;

/// Reads a column whose type can be converted from a type of PostgreSQL.
pub(crate) fn get<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T> {
    row.try_get(column).map_err(|error| Fault::unreadable(column, error))
}

/// Converts a time to a signed number of PostgreSQL; a time that is too high becomes the highest number.
pub(crate) fn millis(at: Timestamp) -> i64 {
    number(at.0)
}

pub(crate) fn time(row: &Row, column: usize) -> Result<Timestamp> {
    count(row, column).map(Timestamp)
}

/// Reads a number that must not be negative.
pub(crate) fn count(row: &Row, column: usize) -> Result<u64> {
    unsigned(get(row, column)?, column)
}

/// Converts a number that must not be negative to another type.
pub(crate) fn unsigned<T: TryFrom<i64>>(number: i64, column: usize) -> Result<T> {
    T::try_from(number).map_err(|_| Fault::unreadable(column, format!("{number} is out of range")))
}

/// Converts a number of the port to a signed number of PostgreSQL; a number that is too high becomes the highest
/// number.
pub(crate) fn number<T>(number: T) -> i64
where
    i64: TryFrom<T>,
{
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn platform(row: &Row, column: usize) -> Result<Platform> {
    platform_of(get(row, column)?, column)
}

pub(crate) fn platform_of(number: i64, column: usize) -> Result<Platform> {
    let platform = i32::try_from(number).ok().and_then(Platform::from_number);
    platform.ok_or_else(|| Fault::unreadable(column, format!("no platform has the number {number}")))
}

pub(crate) fn hook(row: &Row, column: usize) -> Result<Hook> {
    let number: i64 = get(row, column)?;
    let hook = Hook::ALL.into_iter().find(|hook| i64::from(*hook as u8) == number);
    hook.ok_or_else(|| Fault::unreadable(column, format!("no webhook has the number {number}")))
}

/// Reads a text that users have written. It is stored as bytes in UTF-8.
pub(crate) fn text(row: &Row, column: usize) -> Result<String> {
    utf8(get(row, column)?, column)
}

pub(crate) fn utf8(bytes: &[u8], column: usize) -> Result<String> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|error| Fault::unreadable(column, error))
}

pub(crate) fn parsed<T, E>(
    row: &Row,
    column: usize,
    parse: impl FnOnce(&str) -> std::result::Result<T, E>,
) -> Result<T>
where
    E: std::error::Error + Send + Sync + 'static,
{
    parse(get(row, column)?).map_err(|error| Fault::unreadable(column, error))
}

pub(crate) fn json<T: DeserializeOwned>(row: &Row, column: usize) -> Result<T> {
    parsed(row, column, |text| serde_json::from_str(text))
}

/// Converts a value to JSON. The stored values are records, lists, texts and numbers, whose conversion cannot fail.
pub(crate) fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("what is stored is always JSON")
}

/// A user as a key: the app's number, and the id.
pub(crate) fn key(user: &User) -> (i64, &str) {
    (i64::from(user.app.0), user.id.as_str())
}

/// Users as two columns: the apps, and the ids.
pub(crate) fn keys(users: &[User]) -> (Vec<i64>, Vec<&str>) {
    users.iter().map(key).unzip()
}

/// The first row of an answer; an error if the answer has no row.
pub(crate) fn only(rows: &[Row]) -> Result<&Row> {
    rows.first().ok_or_else(|| Fault::unreadable(0, "the answer has no row"))
}

/// Converts each row to a value.
pub(crate) fn list<T>(rows: &[Row], item: impl FnMut(&Row) -> Result<T>) -> Result<Vec<T>> {
    rows.iter().map(item).collect()
}

/// Converts the first row to a value, if there is one.
pub(crate) fn optional<T>(rows: &[Row], item: impl FnOnce(&Row) -> Result<T>) -> Result<Option<T>> {
    rows.first().map(item).transpose()
}
