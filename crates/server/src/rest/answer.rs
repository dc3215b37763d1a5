//! The answer to a call: the fields of every answer, followed by those of the command.

use super::family::Family;
use crate::causes::WithCauses;
use crate::http::BodyRoom;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use lamplight_model::{Code, Refusal};
use lamplight_service::ServiceError;
use serde::Serialize;
use std::borrow::Cow;

/// The answer to a call.
pub struct Answer {
    /// The `ErrorCode` of the answer.
    pub code: Code,
    json: Bytes,
    /// Whether the JSON was already charged to the memory budget of the HTTP port.
    is_charged: bool,
}

/// The outcome of a command that has run.
pub struct Reply<T> {
    /// `OK`, or the reason if the command failed for every user in the call.
    pub code: Code,
    /// Details that are appended to `ErrorInfo`; may be empty.
    pub detail: String,
    /// The answer fields of this command.
    pub fields: T,
}

impl<T> From<T> for Reply<T> {
    fn from(fields: T) -> Self {
        Self { code: Code::OK, detail: String::new(), fields }
    }
}

/// The JSON of an answer: the fields of every answer, then those of the command.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope<'a, T> {
    action_status: &'static str,
    error_info: &'a str,
    error_code: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_display: Option<&'a str>,
    #[serde(flatten)]
    fields: &'a T,
}

#[derive(Serialize)]
struct Nothing {}

impl Answer {
    /// Creates the answer of a command that has run.
    pub fn reply<T: Serialize>(family: Family, reply: &Reply<T>) -> Self {
        Self::write(family, reply.code, &text(reply.code, &reply.detail), &reply.fields)
    }

    /// Creates the answer to a refused call.
    pub fn refused(family: Family, refusal: &Refusal) -> Self {
        let refusal = family.translate(refusal);
        Self::write(family, refusal.code, &text(refusal.code, &refusal.detail), &Nothing {})
    }

    /// Creates the answer to a call that ended with an error. An internal error is logged, and the answer does not
    /// contain its details.
    pub fn error(family: Family, error: &ServiceError) -> Self {
        if !matches!(error, ServiceError::Refused(_)) {
            tracing::error!(error = %WithCauses(error), "a call of the server API failed");
        }
        Self::refused(family, &error.refusal())
    }

    fn write<T: Serialize>(family: Family, code: Code, info: &str, fields: &T) -> Self {
        let envelope = Envelope {
            action_status: if code == Code::OK { "OK" } else { "FAIL" },
            error_info: info,
            error_code: code.number(),
            error_display: family.has_error_display().then_some(info),
            fields,
        };
        let mut json = serde_json::to_vec(&envelope).expect("names, texts and whole numbers are always JSON");
        // The budget is charged with the length, but the capacity may be twice as large.
        json.shrink_to_fit();
        Self { code, json: json.into(), is_charged: false }
    }

    /// Charges the answer of a read-only call to the memory budget of the HTTP port. If the budget has no room, returns
    /// a refusal instead; the caller may repeat the call.
    pub fn admitted(self, family: Family, room: &BodyRoom) -> Self {
        match room.admit_answer(self.json) {
            Some(json) => Self { json, is_charged: true, ..self },
            None => {
                let detail = "there is no room for the answer; try again";
                Self::refused(family, &Refusal::because(Code::SERVICE_BUSY, detail))
            }
        }
    }

    /// Creates the HTTP response, with the status 200. The answer is charged to the memory budget until it has been
    /// sent.
    pub fn into_response(self, room: &BodyRoom) -> Response {
        let json = if self.is_charged { self.json } else { room.charge_answer(self.json) };
        let mut response = Response::new(Body::from(json));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // An answer may contain personal data, so a cache between the backend and this server must not keep it.
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.code == Code::TOO_MANY_FAILURES {
            // A client that guesses UserSigs has to open a new connection for each further guess.
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// Returns the `ResultCode` of one list entry. An internal error is returned as an error, because it fails the whole
/// call.
pub fn item_code(family: Family, done: Result<(), ServiceError>) -> Result<Code, ServiceError> {
    match done {
        Ok(()) => Ok(Code::OK),
        Err(ServiceError::Refused(refusal)) => Ok(family.translate(&refusal).code),
        Err(fault) => Err(fault),
    }
}

/// Returns the `ResultCode` and the `ResultInfo` of one list entry, with the details of a refusal. An internal error is
/// returned as an error, because it fails the whole call.
pub fn outcome(
    family: Family,
    done: Result<(), ServiceError>,
) -> Result<(Code, Cow<'static, str>), ServiceError> {
    match done {
        Ok(()) => Ok((Code::OK, Cow::Borrowed(""))),
        Err(ServiceError::Refused(refusal)) => {
            let Refusal { code, detail } = family.translate(&refusal);
            let info = if detail.is_empty() { info(code).into() } else { text(code, &detail).into() };
            Ok((code, info))
        }
        Err(fault) => Err(fault),
    }
}

/// Returns the English text of a code, followed by the details if there are any. For `OK`, returns only the details.
fn text(code: Code, detail: &str) -> String {
    match (code == Code::OK, detail) {
        (true, _) => detail.to_owned(),
        (false, "") => code.english().to_owned(),
        (false, _) => format!("{}: {detail}", code.english()),
    }
}

/// Returns the `ResultInfo` of a code: empty for `OK`, otherwise the code's English text.
pub fn info(code: Code) -> &'static str {
    if code == Code::OK { "" } else { code.english() }
}
