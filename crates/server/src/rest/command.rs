//! The trait that every command implements, and the row of a command in the table of commands.

use super::answer::{Answer, Reply};
use super::brief::Brief;
use super::call::Call;
use super::family::Family;
use super::fields::Object;
use super::parse_room::Parsed;
use super::{Rooms, refusal};
use crate::http::{BodyRoom, WholeBody};
use futures_util::future::{BoxFuture, FutureExt};
use lamplight_model::{Code, Refusal};
use lamplight_service::ServiceError;
use lamplight_wire::plain_json_error;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

/// A command of the server API. Its JSON format and its entry in the OpenAPI document are derived from the types
/// `Request` and `Fields`.
pub trait Command: 'static {
    /// The path after `/v4/`, for example `sns/friend_add`.
    const PATH: &'static str;
    /// An older path for the same command; `None` if there is none.
    const OLDER_PATH: Option<&'static str> = None;
    /// The family of the command, which determines its codes and the format of its answers.
    const FAMILY: Family;
    /// A summary of the command, in one line.
    const SUMMARY: &'static str;
    /// Further text about the command for the OpenAPI document; may be empty.
    const ABOUT: &'static str;
    /// The codes of a refused call and of the entries of an answer, besides the codes that all commands of the family
    /// have.
    const CODES: &'static [Code];
    /// `true` if the command changes nothing; it may then also be called with GET.
    const READS: bool = false;
    /// `true` if Lamplight has added this command to the cloud's API.
    const OURS: bool = false;
    /// The names and descriptions of the query parameters. If a call has no body, its request is read from these
    /// parameters.
    const PARAMETERS: &'static [(&'static str, &'static str)] = &[];

    /// The type of the request, which is read from the body.
    type Request: DeserializeOwned + ToSchema + Send;
    /// The fields of the answer.
    type Fields: Serialize + ToSchema + Send + Sync;

    /// Executes the command.
    fn run<'a>(
        call: &'a Call<'a>,
        request: Self::Request,
    ) -> impl Future<Output = Result<Reply<Self::Fields>, ServiceError>> + Send;

    /// For a call without a body, creates the request from the query string. Returns `None` if the command needs a
    /// body.
    fn from_query(_: &Call<'_>) -> Option<Result<Self::Request, Refusal>> {
        None
    }

    /// Returns the maximum memory, in bytes, of the page that the call reads and of the answer. A call does not wait
    /// for memory if the value is 0.
    fn page(_call: &Call<'_>, _request: &Self::Request) -> usize {
        0
    }

    /// Returns the maximum memory, in bytes, of the copies that the command makes of the request; 0 if it is
    /// negligible.
    fn copies(_request: &Self::Request) -> usize {
        0
    }

    /// Returns the code for a body that is JSON, but not a valid request of this command.
    fn invalid(_body: &[u8]) -> Code {
        Self::FAMILY.invalid()
    }
}

/// The description of a command for the OpenAPI document.
pub struct Described {
    pub(super) summary: &'static str,
    pub(super) about: &'static str,
    pub(super) codes: &'static [Code],
    pub(super) ours: bool,
    pub(super) parameters: &'static [(&'static str, &'static str)],
    pub(super) request: (String, RefOr<Schema>),
    pub(super) fields: (String, RefOr<Schema>),
    pub(super) others: Vec<(String, RefOr<Schema>)>,
}

impl Described {
    /// Creates the description of a command for the OpenAPI document.
    pub fn of<C: Command>() -> Self {
        let mut others = Vec::new();
        C::Request::schemas(&mut others);
        C::Fields::schemas(&mut others);
        Self {
            summary: C::SUMMARY,
            about: C::ABOUT,
            codes: C::CODES,
            ours: C::OURS,
            parameters: C::PARAMETERS,
            request: (C::Request::name().into_owned(), C::Request::schema()),
            fields: (C::Fields::name().into_owned(), C::Fields::schema()),
            others,
        }
    }
}

/// A row of the table of commands, with its index.
pub struct Entry {
    pub(super) index: usize,
    row: Row,
}

/// A row of the table of commands, without its index.
#[derive(Clone, Copy)]
pub struct Row {
    pub(super) path: &'static str,
    pub(super) older_path: Option<&'static str>,
    pub(super) family: Family,
    pub(super) reads: bool,
    run: for<'a> fn(&'a Call<'a>, WholeBody, Parsed, &'a Rooms, &'a BodyRoom) -> BoxFuture<'a, Answer>,
    pub(super) describe: fn() -> Described,
}

impl Row {
    /// Creates the row of a command.
    pub const fn of<C: Command>() -> Self {
        Self {
            path: C::PATH,
            older_path: C::OLDER_PATH,
            family: C::FAMILY,
            reads: C::READS,
            run: |call, body, parsed, rooms, bodies| run::<C>(call, body, parsed, rooms, bodies).boxed(),
            describe: Described::of::<C>,
        }
    }

    /// Creates the entry for this row and its index.
    pub fn at(self, index: usize) -> Entry {
        Entry { index, row: self }
    }
}

impl Entry {
    /// Returns the index of the command in the table.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Returns the path of the command after `/v4/`.
    pub fn path(&self) -> &'static str {
        self.row.path
    }

    /// Returns an older path for the same command; `None` if there is none.
    pub fn older_path(&self) -> Option<&'static str> {
        self.row.older_path
    }

    /// Returns the family of the command, which determines its codes and the format of its answers.
    pub fn family(&self) -> Family {
        self.row.family
    }

    /// Returns `true` if the command may be called by GET.
    pub fn is_reading(&self) -> bool {
        self.row.reads
    }

    /// Returns the description of the command for the OpenAPI document.
    pub fn describe(&self) -> Described {
        (self.row.describe)()
    }

    /// Parses the request from the body and runs the command.
    pub async fn run<'a>(
        &self,
        call: &'a Call<'a>,
        body: WholeBody,
        parsed: Parsed,
        rooms: &'a Rooms,
        bodies: &'a BodyRoom,
    ) -> Answer {
        (self.row.run)(call, body, parsed, rooms, bodies).await
    }
}

async fn run<C: Command>(
    call: &Call<'_>,
    body: WholeBody,
    parsed: Parsed,
    rooms: &Rooms,
    bodies: &BodyRoom,
) -> Answer {
    // The room for parsing is released before the command runs, because a command may wait for commits or for the
    // current second to end.
    let request = {
        let _room = rooms.parse.enter(parsed).await;
        match C::from_query(call) {
            Some(request) if body.trim_ascii().is_empty() => request,
            Some(_) | None => read::<C>(&body),
        }
    };
    // Frees the body. From now on, only the memory of the request is charged to the budget.
    let mut share = body.into_share();
    let request = match request {
        Ok(request) => request,
        Err(refusal) => return Answer::refused(C::FAMILY, &refusal),
    };
    if let Err(fault) = bodies.charge_more(&mut share, C::copies(&request)) {
        return Answer::refused(C::FAMILY, &refusal(fault));
    }
    let _page = match C::page(call, &request) {
        0 => None,
        bytes => Some(rooms.pages.enter(bytes).await),
    };
    match C::run(call, request).await {
        Ok(reply) => Answer::reply(C::FAMILY, &reply),
        Err(error) => Answer::error(C::FAMILY, &error),
    }
}

/// Parses a body as the request of a command.
pub(super) fn read<C: Command>(body: &[u8]) -> Result<C::Request, Refusal> {
    // The JSON reader skips ignored fields without checking their encoding, so the whole body is checked here.
    let text = std::str::from_utf8(body).map_err(|error| {
        let detail = format!("the body is not UTF-8 from byte {} on", error.valid_up_to());
        Refusal::because(C::FAMILY.unreadable(), detail)
    })?;
    let mut json = serde_json::Deserializer::from_str(text);
    let read = Object::<C::Request>::deserialize(Brief(&mut json));
    read.and_then(|Object(request)| json.end().map(|()| request)).map_err(|error| {
        // The reader has stopped at the first value of a wrong type. The body is read again, to find out whether all of
        // it is JSON.
        let is_json = error.is_data() && serde_json::from_str::<IgnoredAny>(text).is_ok();
        if is_json {
            Refusal::because(C::invalid(body), in_field::<C>(text, error))
        } else {
            Refusal::because(C::FAMILY.unreadable(), plain_json_error("", &error.to_string()))
        }
    })
}

/// The longest path of a field that an error message contains, in bytes. A longer path is left out.
const MAX_FIELD: usize = 100;

/// Returns the text of an error in the terms of JSON, with the path of the invalid field. The path is found by parsing
/// the body a second time, which is done only for an invalid body.
fn in_field<C: Command>(text: &str, error: serde_json::Error) -> String {
    let error = error.to_string();
    // Finding the path copies each name, and the memory estimate for parsing does not include long copies.
    if has_long_name(text) {
        return plain_json_error("", &error);
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize::<_, Object<C::Request>>(Brief(&mut json));
    match read.err().map(|error| error.path().to_string()) {
        Some(field) if field == "." && error.starts_with("invalid type") => {
            plain_json_error("the body", &error)
        }
        Some(field) if field != "." && field.len() <= MAX_FIELD => plain_json_error(&field, &error),
        Some(_) | None => plain_json_error("", &error),
    }
}

/// Returns `true` if an object in a JSON text has a name of more than [`MAX_FIELD`] bytes.
fn has_long_name(text: &str) -> bool {
    let mut bytes = text.bytes().enumerate();
    let (mut begun, mut length) = (None, 0);
    while let Some((at, byte)) = bytes.next() {
        match (byte, begun) {
            (b'\\', Some(_)) => drop(bytes.next()),
            (b'"', Some(from)) => (begun, length) = (None, at - from),
            (b'"', None) => begun = Some(at),
            // Outside of strings, a colon always follows a name.
            (b':', None) if length > MAX_FIELD => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_told_from_a_long_text() {
        let long = "x".repeat(MAX_FIELD);
        for (text, expected) in [
            (format!(r#"{{"a":"{long}y","b":1}}"#), false),
            (format!(r#"{{"a":["{long}y"],"b:{{\"":1}}"#), false),
            (format!(r#"{{"{long}y":1}}"#), true),
            (format!(r#"{{"a":[{{"b\":{long}" : 1}}]}}"#), true),
        ] {
            assert_eq!(has_long_name(&text), expected, "{text}");
        }
    }
}
