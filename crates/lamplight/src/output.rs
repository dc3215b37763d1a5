//! The output of commands: tables for people, JSON for programs, and errors for both.

use crate::time_text::{remaining, utc};
use lamplight_client::Error as ClientError;
use lamplight_model::{Timestamp, UserStatus};
use ratatui::text::Span;
use serde::Serialize;
use serde_json::Value;
use std::io::{self, Write};

/// A refusal by the server, which ends the command with an error.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refused {
    /// The code of the refusal.
    pub code: u32,
    /// The text of the refusal. It begins with the code.
    pub message: String,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refused {}

/// An error that is already on stdout, as a part of the command's JSON document. It is still printed to stderr, and
/// sets the exit code.
#[derive(Debug)]
pub struct Told(pub anyhow::Error);

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Told {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

/// Returns the fields of an error in JSON.
pub fn error_fields(error: &anyhow::Error) -> Value {
    serde_json::json!({ "code": code_of(error), "message": format!("{error:#}") })
}

/// Prints a line. If stdout is closed, returns an error that ends the command without a message.
pub fn line(text: impl AsRef<str>) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{}", text.as_ref())?;
    Ok(stdout.flush()?)
}

/// Prints a text without adding a line break.
pub fn text(text: &str) -> anyhow::Result<()> {
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}

/// Prints a value as indented JSON, with the field names of the command line ([`field_name`]).
pub fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string_pretty(&in_our_spelling(serde_json::to_value(value)?))?)
}

/// Prints a value as JSON on one line, with the field names of the command line ([`field_name`]).
pub fn json_line(value: &impl Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string(&in_our_spelling(serde_json::to_value(value)?))?)
}

/// Renames all fields to the spelling of the command line. Values are not changed.
fn in_our_spelling(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| {
                let is_object = value.is_object();
                (field_name(&name, is_object), in_our_spelling(value))
            });
            Value::Object(fields.collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(in_our_spelling).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

/// Returns the command line's spelling of a field: camel case, as in the JavaScript SDK, with `userID` and `SDKAppID`.
fn field_name(name: &str, is_object: bool) -> String {
    if name == "app" && !is_object {
        return "SDKAppID".to_owned();
    }
    if name.starts_with("SDKAppID") {
        return name.to_owned();
    }
    let with_first = |word: &str, first: fn(&char) -> char| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| first(&letter));
        first.into_iter().chain(letters).collect::<String>()
    };
    let mut words = name.split('_');
    let mut spelled = with_first(words.next().unwrap_or_default(), char::to_ascii_lowercase);
    for word in words {
        if word == "id" {
            spelled.push_str("ID");
        } else {
            spelled.push_str(&with_first(word, char::to_ascii_uppercase));
        }
    }
    spelled
}

/// Prints rows as a table; prints the sentence `when_empty` if there are no rows.
pub fn table(heads: &[&str], rows: &[Vec<String>], when_empty: &str) -> anyhow::Result<()> {
    if rows.is_empty() { line(when_empty) } else { line(table_text(heads, rows)) }
}

fn table_text(heads: &[&str], rows: &[Vec<String>]) -> String {
    let heads: Vec<String> = heads.iter().map(ToString::to_string).collect();
    let width = |text: &str| Span::raw(text).width();
    let widths: Vec<usize> = (0..heads.len())
        .map(|column| {
            rows.iter().chain([&heads]).map(|row| row.get(column).map_or(0, |cell| width(cell))).max()
        })
        .map(Option::unwrap_or_default)
        .collect();
    let lines = [&heads].into_iter().chain(rows).map(|row| {
        let cells =
            row.iter().zip(&widths).map(|(cell, most)| cell.clone() + &" ".repeat(most - width(cell)));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Makes a user's text safe for a terminal. Replaces characters that move the cursor, or change colours or the writing
/// direction.
pub fn harmless(text: &str) -> String {
    let steers = |letter: char| {
        letter.is_control() || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|letter| if steers(letter) { '\u{fffd}' } else { letter }).collect()
}

/// Returns a time as text; a dash for `None`.
pub fn utc_or_dash(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "-".to_owned(), utc)
}

/// Returns the platforms of the connected devices; a dash without devices.
pub fn devices(status: &UserStatus) -> String {
    let names: Vec<_> = status.online_devices.iter().map(lamplight_model::Platform::name).collect();
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}

/// Returns the custom status with the time that remains of its duration; empty if there is none.
pub fn custom(status: &UserStatus, now: Timestamp) -> String {
    let text = harmless(status.custom_status.as_str());
    match status.custom_expires {
        Some(expires) => format!("{text} ({})", remaining(expires, now)),
        None => text,
    }
}

/// A status in JSON, with the field names of the APIs.
#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub struct ShownStatus<'a> {
    #[serde(rename = "userID")]
    user_id: &'a str,
    status_type: u8,
    status_name: &'static str,
    custom_status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_expires: Option<u64>,
    version: u64,
    since: u64,
    reason: &'static str,
    last_seen: Option<u64>,
    online_devices: Vec<&'static str>,
}

impl<'a> From<&'a UserStatus> for ShownStatus<'a> {
    fn from(status: &'a UserStatus) -> Self {
        Self {
            user_id: status.user_id.as_str(),
            status_type: status.status_type as u8,
            status_name: status.status_type.name(),
            custom_status: status.custom_status.as_str(),
            custom_expires: status.custom_expires.map(|time| time.0),
            version: status.version.0,
            since: status.since.0,
            reason: status.reason.name(),
            last_seen: status.last_seen.map(|time| time.0),
            online_devices: status.online_devices.iter().map(lamplight_model::Platform::name).collect(),
        }
    }
}

/// Returns `true` if an error means that the reader of stdout has closed the pipe.
pub fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<io::Error>();
    io.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Prints an error to stderr. Each cause that adds to the text is on a further line. With `as_json`, also prints the
/// error to stdout as JSON, unless it is a [`Told`].
pub fn print_error(error: &anyhow::Error, as_json: bool) {
    let code = code_of(error);
    let refused = code.is_some() && error.source().is_none();
    let mut told = if refused { format!("refused: {error}") } else { error.to_string() };
    complain(&format!("error: {told}"));
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !told.contains(&cause) {
            complain(&format!("  caused by: {cause}"));
        }
        told = cause;
    }
    if as_json && !error.is::<Told>() {
        // The JSON of the error is on one line, because some commands print JSON lines. A failure to print is ignored,
        // because the command ends with an error anyway.
        let _ = json_line(&serde_json::json!({ "error": error_fields(error) }));
    }
}

/// Prints an error in the arguments of a command as JSON. The error has already been printed to stderr.
pub fn print_usage_error(text: &str) {
    let error = serde_json::json!({ "code": null, "message": text });
    // A failure is ignored, because the command ends with an error anyway.
    let _ = json_line(&serde_json::json!({ "error": error }));
}

/// Prints a line to stderr. Ignores a failure, which could not be reported elsewhere.
fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Returns the code of a refusal by the server; `None` for other errors.
fn code_of(error: &anyhow::Error) -> Option<u32> {
    let error = error.downcast_ref::<Told>().map_or(error, |told| &told.0);
    let refused = error.downcast_ref::<Refused>().map(|refused| refused.code);
    refused.or_else(|| error.downcast_ref::<ClientError>().and_then(ClientError::code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_for_wide_letters_too() {
        let rows =
            [vec!["alice".into(), "听歌".into(), "x".into()], vec!["bob".into(), "-".into(), "y".into()]];
        expect_test::expect![[r#"
            USER   CUSTOM  Z
            alice  听歌    x
            bob    -       y"#]]
        .assert_eq(&table_text(&["USER", "CUSTOM", "Z"], &rows));
    }

    #[test]
    fn fields_have_one_spelling() {
        let table = [
            ("user_id", "userID"),
            ("userID", "userID"),
            ("dead_letters", "deadLetters"),
            ("window_ms", "windowMs"),
            ("SDKAppID", "SDKAppID"),
            ("id", "id"),
            ("app", "SDKAppID"),
            ("Session", "session"),
        ];
        for (name, spelled) in table {
            assert_eq!(field_name(name, false), spelled, "{name}");
        }
        let value = serde_json::json!({ "app": { "user_id": "a_b" }, "all": [{ "app": 7 }] });
        let spelled = serde_json::json!({ "app": { "userID": "a_b" }, "all": [{ "SDKAppID": 7 }] });
        assert_eq!(in_our_spelling(value), spelled, "values stay as they are");
    }

    #[test]
    fn a_text_of_somebody_else_cannot_steer_the_terminal() {
        assert_eq!(harmless("a\u{1b}[31mb\n\u{202e}c 听 🎵"), "a\u{fffd}[31mb\u{fffd}\u{fffd}c 听 🎵");
    }
}
