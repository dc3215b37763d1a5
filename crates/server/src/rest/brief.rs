//! A deserializer whose error messages quote at most the beginning of a string.
//!
//! If a string is in the place of another type, `serde` quotes the whole string in its message, with escapes. A body of
//! 1 MiB could then cause an answer of 7 MiB. This deserializer therefore gives visitors its own error type.

use lamplight_model::quoted;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, Error, Expected, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::{Deserializer, forward_to_deserialize_any};
use std::fmt::{self, Display, Write};

/// The maximum length in bytes of an error message that quotes a string.
const MAX_ERROR: usize = 400;

/// A wrapper of a deserializer, a visitor or a seed. Its error messages quote at most the beginning of a string. An
/// enum is read from a string only, not from an object.
pub struct Brief<D>(pub D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Brief<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(Brief(visitor))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_option(Brief(visitor))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_newtype_struct(name, Brief(visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(Word { words, visitor })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_ignored_any(visitor)
    }

    // All types are read with `deserialize_any`. If the inner deserializer were asked for a particular type, it would
    // itself make the error about a value of another type.
    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Brief<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<V::Value, E> {
        self.0.visit_bool(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<V::Value, E> {
        self.0.visit_i64(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<V::Value, E> {
        self.0.visit_u64(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<V::Value, E> {
        self.0.visit_f64(value)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        self.0.visit_str::<BriefError>(text).map_err(E::custom)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<V::Value, E> {
        self.0.visit_borrowed_str::<BriefError>(text).map_err(E::custom)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(Brief(deserializer))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(Brief(deserializer))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(Brief(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Brief(object))
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Brief<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Brief(deserializer))
    }
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Brief<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Brief(seed))
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Brief<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(Brief(seed))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(Brief(seed))
    }
}

/// A visitor that reads an enum from the name of a variant. `words` has the names of all variants.
struct Word<V> {
    words: &'static [&'static str],
    visitor: V,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Word<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        one_of(f, self.words)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<V::Value, E> {
        let word: StrDeserializer<'_, BriefError> = text.into_deserializer();
        self.visitor.visit_enum(WordAccess(word)).map_err(E::custom)
    }
}

/// Gives the name of a variant to the visitor of an enum.
struct WordAccess<'a>(StrDeserializer<'a, BriefError>);

impl<'de, 'a> EnumAccess<'de> for WordAccess<'a> {
    type Error = BriefError;
    type Variant = <StrDeserializer<'a, BriefError> as EnumAccess<'de>>::Variant;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), BriefError> {
        EnumAccess::variant_seed(self.0, seed)
    }
}

fn one_of(f: &mut impl Write, words: &[&str]) -> fmt::Result {
    f.write_str("one of ")?;
    words.iter().enumerate().try_for_each(|(place, word)| {
        let separator = if place == 0 { "" } else { ", " };
        write!(f, "{separator}{word}")
    })
}

/// An error whose message quotes at most the beginning of a string.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct BriefError(String);

impl Error for BriefError {
    fn custom<T: Display>(message: T) -> Self {
        let mut words = AtMost(String::new());
        // If the message is too long, `write!` fails; the part that was written is used.
        let _ = write!(words, "{message}");
        Self(words.0)
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        if let Unexpected::Str(text) = unexpected {
            Self(format!("invalid type: string {}, expected {expected}", quoted(text)))
        } else {
            Self::custom(format_args!("invalid type: {unexpected}, expected {expected}"))
        }
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        if let Unexpected::Str(text) = unexpected {
            Self(format!("invalid value: string {}, expected {expected}", quoted(text)))
        } else {
            Self::custom(format_args!("invalid value: {unexpected}, expected {expected}"))
        }
    }

    fn unknown_variant(word: &str, words: &'static [&'static str]) -> Self {
        let mut expected = String::new();
        one_of(&mut expected, words).expect("a String takes all text");
        Self(format!("{} is not {expected}", quoted(word)))
    }
}

/// A string of at most [`MAX_ERROR`] bytes. A write that would exceed the limit is cut off and fails.
struct AtMost(String);

impl Write for AtMost {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        for letter in more.chars() {
            if self.0.len() + letter.len_utf8() > MAX_ERROR {
                self.0.push('…');
                return Err(fmt::Error);
            }
            self.0.push(letter);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde::de::DeserializeOwned;

    #[derive(Deserialize, PartialEq, Debug)]
    enum Way {
        #[serde(rename = "Way_One")]
        One,
        #[serde(rename = "Way_Both")]
        Both,
    }

    #[derive(Deserialize, PartialEq, Debug)]
    struct Everything {
        number: Option<u32>,
        list: Option<Vec<u8>>,
        way: Option<Way>,
        text: Option<String>,
        truth: Option<bool>,
    }

    fn read<T: DeserializeOwned>(json: &str) -> Result<T, String> {
        let read = T::deserialize(Brief(&mut serde_json::Deserializer::from_str(json)));
        read.map_err(|error| {
            assert!(error.is_data(), "{error}");
            error.to_string()
        })
    }

    #[test]
    fn values_are_read_as_without_it() {
        let all = r#"{"number":7,"x":[{}],"list":[1,2],"way":"Way_\u0042oth","text":"a\nb","truth":true}"#;
        let expected = Everything {
            number: Some(7),
            list: Some(vec![1, 2]),
            way: Some(Way::Both),
            text: Some("a\nb".into()),
            truth: Some(true),
        };
        assert_eq!(read(all), Ok(expected));
        assert_eq!(read::<Everything>(all), serde_json::from_str(all).map_err(|error| error.to_string()));
        let nothing = r#"{"number":null,"list":null,"way":null,"text":null,"truth":null}"#;
        assert_eq!(
            read::<Everything>(nothing),
            serde_json::from_str(nothing).map_err(|error| error.to_string())
        );
    }

    #[test]
    fn an_error_quotes_the_beginning_of_a_text() {
        let long = "\u{7f}".repeat(100_000);
        for (json, told) in [
            (r#"{"number":"1"}"#.to_owned(), r#"invalid type: string "1", expected u32"#),
            (r#"{"number":-1}"#.to_owned(), "invalid value: integer `-1`, expected u32"),
            (r#"{"number":[]}"#.to_owned(), "invalid type: sequence, expected u32"),
            (r#"{"list":"x"}"#.to_owned(), r#"invalid type: string "x", expected a sequence"#),
            (r#"{"list":[""]}"#.to_owned(), r#"invalid type: string "", expected u8"#),
            (r#"{"way":"x"}"#.to_owned(), r#""x" is not one of Way_One, Way_Both"#),
            (r#"{"way":1}"#.to_owned(), "invalid type: integer `1`, expected one of Way_One, Way_Both"),
            (
                r#"{"way":{"Way_One":null}}"#.to_owned(),
                "invalid type: map, expected one of Way_One, Way_Both",
            ),
            (r#""x""#.to_owned(), r#"invalid type: string "x", expected struct Everything"#),
            (format!(r#"{{"number":"{long}"}}"#), "…\", expected u32"),
            (format!(r#"{{"list":"{long}"}}"#), "…\", expected a sequence"),
            (format!(r#"{{"list":["{long}"]}}"#), "…\", expected u8"),
            (format!(r#"{{"truth":"{long}"}}"#), "…\", expected a boolean"),
            (format!(r#"{{"way":"{long}"}}"#), "…\" is not one of Way_One, Way_Both"),
            (format!(r#""{long}""#), "…\", expected struct Everything"),
        ] {
            let error = read::<Everything>(&json).unwrap_err();
            assert!(error.contains(told), "{error}");
            assert!(error.len() < MAX_ERROR, "{} bytes", error.len());
        }
    }

    #[test]
    fn any_other_error_about_a_text_has_a_bound() {
        #[derive(Debug)]
        struct Picky;

        impl<'de> Deserialize<'de> for Picky {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct PickyVisitor;

                impl Visitor<'_> for PickyVisitor {
                    type Value = Picky;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("nothing")
                    }

                    fn visit_str<E: Error>(self, text: &str) -> Result<Picky, E> {
                        Err(E::custom(format_args!("it does not like {text:?}")))
                    }
                }

                deserializer.deserialize_str(PickyVisitor)
            }
        }

        let error = read::<Picky>(&format!("\"{}\"", "ä".repeat(10_000))).unwrap_err();
        assert!(error.starts_with("it does not like \"ää"), "{error}");
        assert!((MAX_ERROR - 2..MAX_ERROR + 40).contains(&error.len()), "{} bytes", error.len());
    }
}
