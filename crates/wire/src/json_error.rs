//! The texts of errors about JSON, in words for people who know JSON and not Rust. Pure functions over texts.

use std::borrow::Cow;

/// Rewrites the text of an error of `serde_json` in the terms of JSON. `field` is the path of the field that has the
/// error, for example `To_Account[1]`; empty if it is not known.
///
/// A text of another kind is returned as it is, after the path.
pub fn plain_json_error(field: &str, error: &str) -> String {
    let (error, place) = split_place(error);
    let name = if field.is_empty() { "a value" } else { field };
    let told = wrong_value(error).map(|(found, expected)| {
        format!("{name} must be {}, not {}", expected_words(expected), found_words(found))
    });
    let told = told.or_else(|| {
        let missing = inner_name(error, "missing field `")?;
        Some(format!("{} is missing", joined(field, missing)))
    });
    let told = told.or_else(|| {
        let twice = inner_name(error, "duplicate field `")?;
        // The path ends with the field itself.
        Some(format!("{} is given twice", if field.is_empty() { twice } else { field }))
    });
    let told = told.or_else(|| {
        let (unknown, _) = error.strip_prefix("unknown field `")?.split_once("`, expected ")?;
        Some(format!("{unknown} is not a field here"))
    });
    match told {
        Some(told) => told + place,
        None if field.is_empty() => format!("{error}{place}"),
        None => format!("{field}: {error}{place}"),
    }
}

/// Returns the path of the value that ends at byte `end` of a JSON text, such as `subscribeUserStatus.userIds[0]`. The
/// text up to there must be valid JSON. Returns an empty path for the outermost value.
pub fn json_path(text: &str, end: usize) -> String {
    /// An open object or array, and the member or element that was reached.
    enum Open<'a> {
        Object(&'a str),
        Array(usize),
    }

    let (mut open, mut at): (Vec<Open<'_>>, usize) = (Vec::new(), 0);
    let bytes = text.as_bytes();
    while at < end.min(bytes.len()) {
        match bytes[at] {
            b'{' => open.push(Open::Object("")),
            b'[' => open.push(Open::Array(0)),
            // The brackets of a value that was read to its end belong to the path of that value.
            b'}' | b']' => drop(open.pop()),
            b',' => {
                if let Some(Open::Array(index)) = open.last_mut() {
                    *index += 1;
                }
            }
            b'"' => {
                let begin = at + 1;
                at = begin;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                let after = bytes.get(at + 1..).unwrap_or_default().trim_ascii_start();
                if let (Some(Open::Object(name)), Some(b':')) = (open.last_mut(), after.first()) {
                    *name = text.get(begin..at).unwrap_or_default();
                }
            }
            _ => {}
        }
        at += 1;
    }
    let mut path = String::new();
    for place in open {
        match place {
            Open::Object(name) => path = joined(&path, name).into_owned(),
            Open::Array(index) => path = format!("{path}[{index}]"),
        }
    }
    path
}

fn joined<'a>(path: &str, name: &'a str) -> Cow<'a, str> {
    if path.is_empty() { Cow::Borrowed(name) } else { Cow::Owned(format!("{path}.{name}")) }
}

/// Splits an error into its text and the place ` at line 1 column 5`; the place may be empty.
fn split_place(error: &str) -> (&str, &str) {
    let at = error.rfind(" at line ").filter(|at| {
        error[*at..].split(' ').skip(3).step_by(2).all(|word| word.bytes().all(|byte| byte.is_ascii_digit()))
    });
    error.split_at(at.unwrap_or(error.len()))
}

fn wrong_value(error: &str) -> Option<(&str, &str)> {
    let rest = error.strip_prefix("invalid type: ").or_else(|| error.strip_prefix("invalid value: "))?;
    // A quoted text may contain these words too.
    let at = rest.rfind(", expected ")?;
    Some((&rest[..at], &rest[at + ", expected ".len()..]))
}

fn inner_name<'a>(error: &'a str, before: &str) -> Option<&'a str> {
    error.strip_prefix(before)?.strip_suffix('`')
}

/// The value that was found, as `serde` names it, in the terms of JSON.
fn found_words(found: &str) -> Cow<'_, str> {
    let quoted = |kind: &str| Some(found.strip_prefix(kind)?.trim_matches('`'));
    if let Some(text) = found.strip_prefix("string ") {
        return Cow::Owned(format!("the text {text}"));
    }
    if let Some(number) = quoted("integer ").or_else(|| quoted("floating point ")) {
        return Cow::Owned(format!("the number {number}"));
    }
    if let Some(truth) = quoted("boolean ") {
        return Cow::Borrowed(truth);
    }
    Cow::Borrowed(match found {
        "sequence" => "an array",
        "map" => "an object",
        "null" | "unit value" | "Option value" => "null",
        other => other,
    })
}

/// The expected value, as `serde` or a Rust type names it, in the terms of JSON.
fn expected_words(expected: &str) -> Cow<'_, str> {
    Cow::Borrowed(match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" | "u128" => "a whole number that is not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" | "i128" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" | "bool" => "true or false",
        "a string" | "str" | "string" | "a borrowed string" => "a text",
        "a sequence" => "an array",
        "a map" => "an object",
        expected if expected.starts_with("struct ") => "an object",
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_in_the_terms_of_json() {
        for (field, error, expected) in [
            (
                "To_Account",
                r#"invalid type: string "x", expected a sequence"#,
                r#"To_Account must be an array, not the text "x""#,
            ),
            (
                "A[1].Time",
                "invalid value: integer `-1`, expected u32",
                "A[1].Time must be a whole number from 0 to 4294967295, not the number -1",
            ),
            (
                "A",
                "invalid type: floating point `1.5`, expected u64 at line 1 column 9",
                "A must be a whole number that is not negative, not the number 1.5 at line 1 column 9",
            ),
            ("A", "invalid type: boolean `true`, expected a string", "A must be a text, not true"),
            ("A", "invalid type: null, expected a boolean", "A must be true or false, not null"),
            (
                "A",
                "invalid type: sequence, expected struct lamplight.v1.LoginRequest",
                "A must be an object, not an array",
            ),
            (
                "A",
                "invalid type: map, expected one of Way_One, Way_Both",
                "A must be one of Way_One, Way_Both, not an object",
            ),
            (
                "A",
                r#"invalid type: string ", expected u8", expected u8"#,
                r#"A must be a whole number from 0 to 255, not the text ", expected u8""#,
            ),
            (
                "",
                "invalid type: map, expected a string at line 2 column 10",
                "a value must be a text, not an object at line 2 column 10",
            ),
            (
                "",
                "missing field `CustomStatus` at line 1 column 2",
                "CustomStatus is missing at line 1 column 2",
            ),
            ("List[0]", "missing field `To_Account`", "List[0].To_Account is missing"),
            ("List[0].A", "duplicate field `A`", "List[0].A is given twice"),
            ("x", "unknown field `x`, expected `id` or `login`", "x is not a field here"),
            ("A", r#""x" is not one of Way_One"#, r#"A: "x" is not one of Way_One"#),
            (
                "",
                "EOF while parsing a list at line 1 column 1",
                "EOF while parsing a list at line 1 column 1",
            ),
            ("", "it is at line five", "it is at line five"),
        ] {
            assert_eq!(plain_json_error(field, error), expected);
        }
    }

    #[test]
    fn the_path_of_a_value_is_found_from_its_end() {
        let text = r#"{"id":"7","a":{"b":["x\"]",{"c":1}],"d":{}}, "e" : [[1],[2,"y"]]}"#;
        for (value, path) in [
            (r#""7""#, "id"),
            (r#""x\"]""#, "a.b[0]"),
            (r#":1"#, "a.b[1].c"),
            (r#"{"c":1}"#, "a.b[1]"),
            (r#":{}"#, "a.d"),
            (r#"[[1"#, "e[0][0]"),
            (r#""y""#, "e[1][1]"),
            (r#"{"#, ""),
        ] {
            let end = text.find(value).unwrap() + value.len();
            let path_there = json_path(text, if value == "{" { 0 } else { end });
            assert_eq!(path_there, path, "{value}");
        }
    }

    #[test]
    fn no_text_and_no_place_make_it_panic() {
        for text in ["", "\"", "\"\\", "{\"a\\\"", "]}", "{\"听\":[\"听", ",,"] {
            for end in 0..=text.len() + 1 {
                let _ = json_path(text, end);
            }
        }
    }
}
