//! Types of fields that several commands share.

use compact_str::CompactString;
use lamplight_model::{Code, Refusal, UserId, Visibility};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::marker::PhantomData;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

/// A `T` that is read from a JSON object only. Without this type, serde would also read a struct from an array of its
/// fields.
#[derive(Clone, PartialEq, Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

impl<T: PartialSchema> PartialSchema for Object<T> {
    fn schema() -> RefOr<Schema> {
        T::schema()
    }
}

impl<T: ToSchema> ToSchema for Object<T> {
    fn name() -> std::borrow::Cow<'static, str> {
        T::name()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
    }
}

/// The users who may see the status of a user. Blocked users may not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusVisibility {
    /// Every user of the app.
    Everyone,
    /// The mutual friends of the user.
    Friends,
    /// No other user.
    Nobody,
}

impl StatusVisibility {
    /// Returns the value of the answer field for a visibility. Returns `None` if everyone may see the status, so that
    /// most answers lack the field.
    pub fn shown(visibility: Visibility) -> Option<Self> {
        match visibility {
            Visibility::Everyone => None,
            Visibility::Friends => Some(Self::Friends),
            Visibility::Nobody => Some(Self::Nobody),
        }
    }
}

impl From<StatusVisibility> for Visibility {
    fn from(named: StatusVisibility) -> Self {
        match named {
            StatusVisibility::Everyone => Self::Everyone,
            StatusVisibility::Friends => Self::Friends,
            StatusVisibility::Nobody => Self::Nobody,
        }
    }
}

/// A boolean that is written as `0` (false) or `1` (true) in JSON.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Flag(pub bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u64::deserialize(deserializer)? {
            0 => Ok(Self(false)),
            1 => Ok(Self(true)),
            other => Err(D::Error::custom(format!("0 or 1, not {other}"))),
        }
    }
}

impl PartialSchema for Flag {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int32)))
            .enum_values(Some([0, 1]))
            .description(Some("0 or 1"))
            .into()
    }
}

impl ToSchema for Flag {}

/// The userID of an account. The error for an invalid userID states what is wrong.
#[derive(ToSchema)]
#[schema(example = "alice", min_length = 1, max_length = 32, pattern = "^[ -~]{1,32}$")]
#[allow(dead_code)]
pub struct AccountName(String);

/// The answer of a command that has no fields of its own.
#[derive(Serialize, ToSchema)]
pub struct NoFields {}

/// An account, named by `UserID` or by the older `Identifier`.
#[derive(Deserialize, ToSchema)]
pub struct OneUser {
    /// The account.
    #[serde(rename = "UserID")]
    #[schema(value_type = Option<AccountName>)]
    user_id: Option<CompactString>,
    /// The older name of `UserID`; one of the two must be present.
    #[serde(rename = "Identifier")]
    #[schema(value_type = Option<AccountName>)]
    identifier: Option<CompactString>,
}

impl OneUser {
    /// Returns the user that the request names.
    pub fn read(&self) -> Result<UserId, Refusal> {
        one_user([&self.user_id, &self.identifier])
    }
}

/// Returns the user that a request names by `UserID` or by other names of this field. `fields` has `UserID` first. If
/// several fields are present, they must name the same user.
pub fn one_user<'a>(fields: impl IntoIterator<Item = &'a Option<CompactString>>) -> Result<UserId, Refusal> {
    let mut named = fields.into_iter().flatten();
    let Some(text) = named.next() else {
        return Err(Refusal::because(Code::INVALID_PARAMETER, "UserID is missing"));
    };
    if named.any(|other| other != text) {
        let why = "the fields for the account name different accounts";
        return Err(Refusal::because(Code::INVALID_PARAMETER, why));
    }
    Ok(UserId::new(text)?)
}

/// Refuses a list that is empty or has more than `most` entries. The refusal names `field`.
pub fn check_batch(field: &str, given: usize, most: usize) -> Result<(), Refusal> {
    if given == 0 {
        return Err(Refusal::because(Code::INVALID_PARAMETER, format!("{field} is empty")));
    }
    if given > most {
        let detail = format!("{field} has {given} entries, at most {most} are allowed");
        return Err(Refusal::because(Code::BATCH_TOO_LARGE, detail));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, PartialEq, Debug)]
    struct Point {
        x: u8,
    }

    #[test]
    fn an_object_is_no_array_of_its_fields() {
        assert_eq!(serde_json::from_str::<Object<Point>>(r#"{"x":1}"#).unwrap(), Object(Point { x: 1 }));
        for other in ["[1]", "1", "null", r#""x""#] {
            assert!(serde_json::from_str::<Object<Point>>(other).unwrap_err().is_data(), "{other}");
        }
    }

    #[test]
    fn a_flag_is_0_or_1() {
        assert_eq!(serde_json::from_str::<Flag>("1").unwrap(), Flag(true));
        assert_eq!(serde_json::from_str::<Flag>("0").unwrap(), Flag(false));
        for other in ["2", "-1", "true", r#""1""#, "1.0", "null"] {
            assert!(serde_json::from_str::<Flag>(other).is_err(), "{other}");
        }
    }
}
