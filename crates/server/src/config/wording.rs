//! The text of an error about a setting, for the person who wrote the setting. It names the path of the setting, the
//! file or variable, the value that was found, and the kind of value that is expected.

use figment::error::{Actual, Kind};
use figment::{Error, Metadata, Source};

/// The words in the name that figment gives to a layer of environment variables.
const ENVIRONMENT: &str = "environment variable";

/// Returns the text for an error of the figment library.
pub fn text(error: &Error) -> String {
    let setting = error.path.join(".");
    let place = place(error.metadata.as_ref(), &error.path);
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
            format!("{full}{place}: there is no such setting; those{within} are {}", known.join(", "))
        }
        Kind::InvalidType(found, expected) | Kind::InvalidValue(found, expected) => {
            let example = if is_variable { example(expected) } else { "" };
            format!("{setting}{place}: must be {}{example}, not {}", wanted(expected), told(found))
        }
        Kind::ISizeOutOfRange(number) => {
            format!("{setting}{place}: the number {number} is too small or too large")
        }
        Kind::USizeOutOfRange(number) => format!("{setting}{place}: the number {number} is too large"),
        Kind::Message(message) if setting.is_empty() => format!("{}{message}", prefix(&place)),
        Kind::Message(message) => format!("{setting}{place}: {message}"),
        other @ (Kind::InvalidLength(..)
        | Kind::UnknownVariant(..)
        | Kind::MissingField(_)
        | Kind::DuplicateField(_)
        | Kind::Unsupported(_)
        | Kind::UnsupportedKey(..)) => format!("{setting}{place}: {other}"),
    }
}

fn prefix(place: &str) -> String {
    let place = place.trim().trim_start_matches('(').trim_end_matches(')');
    if place.is_empty() { String::new() } else { format!("{place}: ") }
}

fn is_environment(metadata: &Metadata) -> bool {
    metadata.name.contains(ENVIRONMENT)
}

/// Returns the file or variable in which a value was written, in brackets; empty for a flag, whose name is the path.
fn place(metadata: Option<&Metadata>, path: &[String]) -> String {
    match metadata {
        Some(metadata) if is_environment(metadata) => {
            format!(" (environment variable LAMPLIGHT_{})", path.join("__").to_uppercase())
        }
        Some(Metadata { source: Some(Source::File(file)), .. }) => format!(" (file {})", file.display()),
        Some(_) | None => String::new(),
    }
}

/// Describes the expected value in plain words. `expected` is the description by serde, which names Rust types.
fn wanted(expected: &str) -> String {
    let is_number = |name: &str| matches!(name, "u8" | "u16" | "u32" | "u64" | "u128" | "usize");
    match expected {
        name if is_number(name) => "a whole number from 0".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" | "path string" | "a path" => "a text".to_owned(),
        "a sequence" => "a list".to_owned(),
        "socket address" => "an IP address and a port, as 127.0.0.1:7400".to_owned(),
        name if name.starts_with("struct ") => "a section of settings".to_owned(),
        other => other.to_owned(),
    }
}

/// Returns an example of how to write a list or a section in a variable; empty if another kind of value is expected.
fn example(expected: &str) -> &'static str {
    match expected {
        "a sequence" => ", as '[\"10.0.0.0/8\"]'",
        name if name.starts_with("struct ") => ", as '{name=value}'",
        _ => "",
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
