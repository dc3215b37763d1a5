//! The error texts for wrong settings. A text names the setting, the file or variable, the value found, and the kind of
//! value that is expected.

use figment::error::{Actual, Kind};
use figment::{Error, Metadata, Source};

/// The words that figment puts into the name of a layer of environment variables.
const ENVIRONMENT: &str = "environment variable";

/// The minimum Jaro-Winkler similarity, from 0 to 1, of a name and its misspelling.
const ALIKE: f64 = 0.8;

/// The settings whose values are secrets. Errors show no part of them.
const SECRETS: [&str; 2] = ["facts", "directory"];

/// Returns the text for an error of the figment library. `variables` are the names of the environment variables that
/// were read.
pub fn text(error: &Error, variables: &[String]) -> String {
    let setting = error.path.join(".");
    let place = place(error.metadata.as_ref(), &error.path, variables);
    let is_variable = error.metadata.as_ref().is_some_and(is_environment);
    match &error.kind {
        Kind::UnknownField(field, known) => {
            let section = setting.rsplit_once('.').map_or("", |(section, _)| section);
            let full = if setting.ends_with(field.as_str()) {
                setting.clone()
            } else {
                format!("{setting}.{field}")
            };
            let within = if section.is_empty() { String::new() } else { format!(" in {section}") };
            let (meant, those) = match nearest(field, known) {
                Some(name) if section.is_empty() => (format!("did you mean {name}? "), "Those"),
                Some(name) => (format!("did you mean {section}.{name}? "), "Those"),
                None => (String::new(), "those"),
            };
            format!(
                "{full}{place}: there is no such setting; {meant}{those}{within} are {}",
                known.join(", ")
            )
        }
        Kind::InvalidType(found, expected) | Kind::InvalidValue(found, expected) => {
            let (example, found) = match SECRETS.contains(&setting.as_str()) {
                true => (String::new(), kind_of(found).to_owned()),
                false => (example(expected, found, is_variable), told(found)),
            };
            format!("{setting}{place}: must be {}{example}, not {found}", wanted(&setting, expected))
        }
        Kind::ISizeOutOfRange(number) => {
            format!("{setting}{place}: the number {number} is too small or too large")
        }
        Kind::USizeOutOfRange(number) => format!("{setting}{place}: the number {number} is too large"),
        Kind::Message(message) if setting.is_empty() => {
            format!("{}{}", prefix(&place), without_excerpt(message))
        }
        Kind::Message(message) => format!("{setting}{place}: {message}"),
        other @ (Kind::InvalidLength(..)
        | Kind::UnknownVariant(..)
        | Kind::MissingField(_)
        | Kind::DuplicateField(_)
        | Kind::Unsupported(_)
        | Kind::UnsupportedKey(..)) => format!("{setting}{place}: {other}"),
    }
}

/// Returns the text of a syntax error without the quoted lines of the file. Any quoted line may contain a secret,
/// because a syntax error leaves it uncertain to which setting a line belongs.
fn without_excerpt(message: &str) -> String {
    let is_excerpt = |line: &str| {
        line.trim_start_matches([' ', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']).starts_with('|')
    };
    let mut lines: Vec<&str> = message.trim_end().lines().collect();
    // A line after the excerpt is a part of the error; the excerpt itself may have several lines.
    if let (Some(first), Some(last)) =
        (lines.iter().position(|line| is_excerpt(line)), lines.iter().rposition(|line| is_excerpt(line)))
    {
        lines.drain(first..=last);
    }
    lines.join(": ")
}

/// Returns the kind of a value, without the value.
fn kind_of(found: &Actual) -> &'static str {
    match found {
        Actual::Str(_) | Actual::Char(_) => "this text",
        Actual::Bool(_) => "true or false",
        Actual::Unsigned(_) | Actual::Signed(_) | Actual::Float(_) => "a number",
        Actual::Seq => "a list",
        Actual::Map => "a section",
        Actual::Unit | Actual::Option => "nothing",
        Actual::Bytes(_)
        | Actual::NewtypeStruct
        | Actual::Enum
        | Actual::UnitVariant
        | Actual::NewtypeVariant
        | Actual::TupleVariant
        | Actual::StructVariant
        | Actual::Other(_) => "another value",
    }
}

fn prefix(place: &str) -> String {
    let place = place.trim().trim_start_matches('(').trim_end_matches(')');
    if place.is_empty() { String::new() } else { format!("{place}: ") }
}

fn is_environment(metadata: &Metadata) -> bool {
    metadata.name.contains(ENVIRONMENT)
}

/// Returns the name in `known` that is most similar to `name`. Returns `None` if no name is similar enough for a
/// misspelling.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let likeness = |other: &str| strsim::jaro_winkler(name, other);
    let nearest = known.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    nearest.filter(|other| likeness(other) >= ALIKE)
}

/// Returns the file or variable with the wrong value, in brackets. Returns an empty text for a flag, because the path
/// names the flag.
fn place(metadata: Option<&Metadata>, path: &[String], variables: &[String]) -> String {
    match metadata {
        Some(metadata) if is_environment(metadata) => {
            format!(" (environment variable {})", variable(path, variables))
        }
        Some(Metadata { source: Some(Source::File(file)), .. }) => format!(" (file {})", file.display()),
        Some(_) | None => String::new(),
    }
}

/// Returns the name of the environment variable that has set the value at a path. The variable may have set a section
/// or list that contains the value. If no such variable exists, returns the variable of a setting inside the section at
/// the path.
fn variable(path: &[String], variables: &[String]) -> String {
    let name_of = |path: &[String]| format!("LAMPLIGHT_{}", path.join("__")).to_uppercase();
    let around = (1..=path.len()).rev().map(|length| name_of(&path[..length]));
    let named = around.filter_map(|name| variables.iter().find(|it| it.eq_ignore_ascii_case(&name))).next();
    let inside = format!("{}__", name_of(path));
    let within = || variables.iter().find(|it| it.to_uppercase().starts_with(&inside));
    named.or_else(within).cloned().unwrap_or_else(|| name_of(path))
}

/// Returns words for the expected value that an operator understands. `expected` is serde's description, which names
/// Rust types.
fn wanted(setting: &str, expected: &str) -> String {
    let is_number = |name: &str| matches!(name, "u8" | "u16" | "u32" | "u64" | "u128" | "usize");
    match expected {
        name if is_number(name) && setting.ends_with("_ms") => {
            "a whole number of milliseconds, as 30000".to_owned()
        }
        name if is_number(name) && setting.ends_with("_bytes") => "a whole number of bytes".to_owned(),
        name if is_number(name) => "a whole number from 0".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" | "path string" | "a path" => "a text".to_owned(),
        "a sequence" => "a list".to_owned(),
        "socket address" => "an IP address and a port, as 127.0.0.1:7400".to_owned(),
        name if name.starts_with("struct ") => "a section of settings".to_owned(),
        other => other.to_owned(),
    }
}

/// Returns an example of the value if its form is not obvious. There are examples for lists and sections in variables,
/// and for texts that need quotes.
fn example(expected: &str, found: &Actual, is_variable: bool) -> String {
    let is_bare =
        matches!(found, Actual::Bool(_) | Actual::Unsigned(_) | Actual::Signed(_) | Actual::Float(_));
    match expected {
        "a string" | "path string" | "a path" if is_bare => match is_variable {
            true => format!(", as '\"{}\"'", told(found)),
            false => format!(", as \"{}\"", told(found)),
        },
        "a sequence" if is_variable => ", as '[\"10.0.0.0/8\"]'".to_owned(),
        name if name.starts_with("struct ") && is_variable => ", as '{name=value}'".to_owned(),
        _ => String::new(),
    }
}

fn told(found: &Actual) -> String {
    match found {
        Actual::Bool(value) => value.to_string(),
        Actual::Unsigned(number) => number.to_string(),
        Actual::Signed(number) => number.to_string(),
        Actual::Float(number) => number.to_string(),
        Actual::Char(letter) => format!("{letter:?}"),
        Actual::Str(text) => format!("{text:?}"),
        Actual::Seq => "a list".to_owned(),
        Actual::Map => "a section".to_owned(),
        Actual::Unit | Actual::Option => "nothing".to_owned(),
        other @ (Actual::Bytes(_)
        | Actual::NewtypeStruct
        | Actual::Enum
        | Actual::UnitVariant
        | Actual::NewtypeVariant
        | Actual::TupleVariant
        | Actual::StructVariant
        | Actual::Other(_)) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syntax_error_is_told_without_the_line() {
        let table = [
            (
                "TOML parse error at line 1, column 9\n  |\n1 | facts = \"s3cret\n  |         ^\ninvalid basic string\n",
                "TOML parse error at line 1, column 9: invalid basic string",
            ),
            (
                "TOML parse error at line 10, column 1\n   |\n10 | a | s3cret\n11 | s3cret\n   | ^^^\nodd\nexpected `=`",
                "TOML parse error at line 10, column 1: odd: expected `=`",
            ),
            ("duplicate key", "duplicate key"),
        ];
        for (message, expected) in table {
            assert_eq!(without_excerpt(message), expected);
        }
    }
}
