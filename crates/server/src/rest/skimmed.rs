//! JSON values of any type, of which only a small part is stored.
//!
//! A [`Skimmed`] is used for a field that may have several types, and to choose the code after a body was refused. It
//! stores a text, a number, or chosen fields of an object, and drops everything else. A `serde_json::Value` could take
//! hundreds of bytes for two bytes of JSON.

use compact_str::{CompactString, format_compact};
use lamplight_model::quoted;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// A JSON value of any type, of which only a small part is stored.
#[derive(Clone, PartialEq, Debug)]
pub enum Skimmed {
    /// A text.
    Text(String),
    /// A whole number that is not negative.
    Number(u64),
    /// `null`.
    Null,
    /// A negative or fractional number or a boolean, as the text that a refusal shows.
    Other(CompactString),
    /// A list that is empty or has only texts.
    Texts,
    /// A list with an entry that is not a text.
    List,
    /// An object with the fields that were asked for.
    Object(Vec<(&'static str, Skimmed)>),
}

impl Skimmed {
    /// Reads an object, and stores its fields with these names; `None` if the body is not an object.
    pub fn object(body: &[u8], names: &'static [&'static str]) -> Option<Self> {
        let mut json = serde_json::Deserializer::from_slice(body);
        let value = Self::keeping(names, &mut json).ok()?;
        json.end().ok()?;
        matches!(value, Self::Object(_)).then_some(value)
    }

    /// Reads a value. Of an object, stores the fields with these names.
    pub fn keeping<'de, D: Deserializer<'de>>(
        names: &'static [&'static str],
        deserializer: D,
    ) -> Result<Self, D::Error> {
        Skim { names }.deserialize(deserializer)
    }

    /// Returns a stored field of an object. If the JSON has the name several times, returns the last value.
    pub fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.iter().find(|(kept, _)| *kept == name).map(|(_, value)| value),
            Self::Text(_) | Self::Number(_) | Self::Null | Self::Other(_) | Self::Texts | Self::List => None,
        }
    }

    /// Removes and returns a stored field of an object.
    pub fn take(&mut self, name: &str) -> Option<Self> {
        match self {
            Self::Object(fields) => {
                let place = fields.iter().position(|(kept, _)| *kept == name)?;
                Some(fields.swap_remove(place).1)
            }
            Self::Text(_) | Self::Number(_) | Self::Null | Self::Other(_) | Self::Texts | Self::List => None,
        }
    }

    /// Returns `true` if the value is a text.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// Returns the value if it is a whole number that is not negative.
    pub fn number(&self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(_) | Self::Null | Self::Other(_) | Self::Texts | Self::List | Self::Object(_) => None,
        }
    }
}

/// Writes the value as a refusal shows it.
impl fmt::Display for Skimmed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Number(number) => write!(f, "{number}"),
            Self::Null => f.write_str("null"),
            Self::Other(written) => f.write_str(written),
            Self::Texts | Self::List => f.write_str("a list"),
            Self::Object(_) => f.write_str("an object"),
        }
    }
}

impl<'de> Deserialize<'de> for Skimmed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::keeping(&[], deserializer)
    }
}

/// The visitor that creates a [`Skimmed`], with the names of the fields to store.
#[derive(Clone, Copy)]
struct Skim {
    names: &'static [&'static str],
}

impl<'de> DeserializeSeed<'de> for Skim {
    type Value = Skimmed;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Skimmed, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Skim {
    type Value = Skimmed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<Skimmed, E> {
        Ok(Skimmed::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Skimmed, E> {
        Ok(Skimmed::Other(format_compact!("{value}")))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Skimmed, E> {
        Ok(Skimmed::Number(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Skimmed, E> {
        Ok(u64::try_from(value).map_or_else(|_| Skimmed::Other(format_compact!("{value}")), Skimmed::Number))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Skimmed, E> {
        // `Display` would show 1.0 as a whole number.
        Ok(Skimmed::Other(format_compact!("{value:?}")))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Skimmed, E> {
        Ok(Skimmed::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Skimmed, A::Error> {
        let mut only_texts = true;
        while let Some(entry) = list.next_element::<Skimmed>()? {
            only_texts &= entry.is_text();
        }
        Ok(if only_texts { Skimmed::Texts } else { Skimmed::List })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Skimmed, A::Error> {
        let mut kept: Vec<(&'static str, Skimmed)> = Vec::new();
        while let Some(name) = object.next_key::<CompactString>()? {
            let Some(known) = self.names.iter().find(|known| **known == name) else {
                object.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = object.next_value()?;
            match kept.iter_mut().find(|(before, _)| before == known) {
                Some((_, before)) => *before = value,
                None => kept.push((known, value)),
            }
        }
        Ok(Skimmed::Object(kept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_kept_by_its_type() {
        for (json, expected, shown) in [
            ("null", Skimmed::Null, "null"),
            ("true", Skimmed::Other("true".into()), "true"),
            ("7", Skimmed::Number(7), "7"),
            ("-7", Skimmed::Other("-7".into()), "-7"),
            ("1.5", Skimmed::Other("1.5".into()), "1.5"),
            ("1.0", Skimmed::Other("1.0".into()), "1.0"),
            ("1e300", Skimmed::Other("1e300".into()), "1e300"),
            (r#""a\"b""#, Skimmed::Text("a\"b".into()), r#""a\"b""#),
            ("[]", Skimmed::Texts, "a list"),
            (r#"["a","b"]"#, Skimmed::Texts, "a list"),
            (r#"["a",1]"#, Skimmed::List, "a list"),
            (r#"{"a":[{}]}"#, Skimmed::Object(vec![]), "an object"),
        ] {
            let read: Skimmed = serde_json::from_str(json).unwrap();
            assert_eq!((&read, &read.to_string()[..]), (&expected, shown), "{json}");
        }
    }

    #[test]
    fn of_an_object_the_named_fields_are_kept_and_of_two_the_last() {
        let mut read = Skimmed::object(br#"{"x":1,"a":2,"b":{"a":3},"a":"4"}"#, &["a", "b", "c"]).unwrap();
        assert_eq!(read.field("a"), Some(&Skimmed::Text("4".into())));
        assert_eq!(read.take("b"), Some(Skimmed::Object(vec![])));
        assert_eq!((read.field("b"), read.field("c"), read.field("x")), (None, None, None));
    }

    #[test]
    fn what_is_no_json_is_no_value_also_within_what_is_dropped() {
        for body in [&b"[1]"[..], b"{", b"{} {}", b"{\"x\":[1,]}", b"{\"a\":[1e999]}", br#"{"a":"\ud800"}"#] {
            assert_eq!(Skimmed::object(body, &["a"]), None, "{:?}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn what_is_dropped_may_be_any_json_as_where_a_request_is_read() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        for dropped in ["1e999", r#""\ud800""#, &deep] {
            let body = format!(r#"{{"x":{dropped},"a":1}}"#);
            let read = Skimmed::object(body.as_bytes(), &["a"]).unwrap();
            assert_eq!(read.field("a"), Some(&Skimmed::Number(1)), "{body}");
            assert_eq!(serde_json::from_str::<HasA>(&body).unwrap(), HasA { a: 1 });
        }
    }

    #[derive(Deserialize, PartialEq, Debug)]
    struct HasA {
        a: u8,
    }
}
