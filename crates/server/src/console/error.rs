//! The errors of the console's API: an HTTP status, a code for programs and a text for people.

use super::MAX_BODY_BYTES;
use super::operators_file::OperatorsError;
use super::roles::Role;
use crate::audit::Unsuccessful;
use crate::causes::WithCauses;
use crate::http::{JsonBody, JsonFault};
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use lamplight_facts::FactsError;
use lamplight_model::{Code, KeyRefused, Refusal};
use lamplight_service::ServiceError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::time::Duration;

/// The text of the refusal to delete the last app.
pub const LAST_APP: &str = "this is the last app; make another one first";

/// An error answer. `code` is a number from the table of codes. If the table has no code for an error, `code` is the
/// HTTP status.
#[derive(Clone, PartialEq, Debug)]
pub struct ApiError {
    status: StatusCode,
    code: u32,
    message: Cow<'static, str>,
    retry_after: Option<Duration>,
    /// The minimum role for the request; `None` if the role is not the cause of the error.
    needs: Option<Role>,
    /// The cause of the error. The page uses it to distinguish errors with the same code.
    reason: Option<Reason>,
}

/// The cause of an error, as a word for the page. `web/packages/console/src/api/client.ts` must handle each variant.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Reason {
    /// The CSRF token is missing, or belongs to another session of this browser. The page then reads the session again.
    CsrfToken,
    /// The old password is wrong in a change of the operator's own password.
    OldPassword,
}

/// The JSON body of an error answer.
#[derive(Serialize)]
struct Body<'a> {
    code: u32,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    needs: Option<Role>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
}

impl ApiError {
    pub const NO_SUCH_RESOURCE: Self = Self::http(StatusCode::NOT_FOUND, "there is no such resource");
    pub const NO_SUCH_METHOD: Self =
        Self::http(StatusCode::METHOD_NOT_ALLOWED, "this resource does not support this method");
    pub const NO_SUCH_KEY: Self = Self::http(StatusCode::NOT_FOUND, "the app has no key with this number");
    pub const NO_SUCH_ADMIN: Self = Self::http(StatusCode::NOT_FOUND, "this user is not an admin of the app");
    pub const APP_EXISTS: Self =
        Self::http(StatusCode::CONFLICT, "an app with this SDKAppID exists already; choose another id");
    pub const LAST_APP: Self = Self::http(StatusCode::CONFLICT, LAST_APP);
    pub const LAST_KEY: Self =
        Self::http(StatusCode::CONFLICT, "this is the last key of the app; add another one first");
    pub const TOO_MANY_ADMINS: Self =
        Self::http(StatusCode::CONFLICT, "the app has the most admins that are allowed; remove one first");
    pub const CHANGED_MEANWHILE: Self = Self::http(
        StatusCode::PRECONDITION_FAILED,
        "the app was changed by somebody else in the meantime; look at it again before changing it",
    );
    pub const NOT_CONDITIONAL: Self = Self::http(
        StatusCode::PRECONDITION_REQUIRED,
        "a change of an app needs the header If-Match, with the state that it is based on",
    );
    pub const WRONG_PASSWORD: Self = Self::http(StatusCode::UNAUTHORIZED, "wrong password");
    /// The error for a password change with a wrong old password. The session stays valid, so the HTTP status is 403
    /// and not 401.
    pub const WRONG_OLD_PASSWORD: Self = Self::forbidden(Reason::OldPassword, "the old password is wrong");
    pub const FROM_ELSEWHERE: Self =
        Self::http(StatusCode::FORBIDDEN, "the request was sent by a page of another site");
    pub const NO_CSRF_TOKEN: Self =
        Self::forbidden(Reason::CsrfToken, "the request does not have the CSRF token of its session");
    pub const BUSY: Self = Self::http(
        StatusCode::SERVICE_UNAVAILABLE,
        "too many people are logging in at this moment; try again",
    );

    const fn http(status: StatusCode, message: &'static str) -> Self {
        let (code, message) = (status.as_u16() as u32, Cow::Borrowed(message));
        Self { status, code, message, retry_after: None, needs: None, reason: None }
    }

    const fn forbidden(reason: Reason, message: &'static str) -> Self {
        let (status, message) = (StatusCode::FORBIDDEN, Cow::Borrowed(message));
        let code = status.as_u16() as u32;
        Self { status, code, message, retry_after: None, needs: None, reason: Some(reason) }
    }

    /// Returns the error for a request that has no session, or whose session has ended.
    pub fn not_logged_in() -> Self {
        Code::NOT_LOGGED_IN.into()
    }

    /// Returns the error for a login after too many wrong passwords. `wait` is the time until the next permitted
    /// attempt.
    pub fn throttled(wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..Code::TOO_MANY_FAILURES.into() }
    }

    /// Returns the error for a request that the operator's role does not allow.
    pub fn role_too_low(role: Role, needs: Role) -> Self {
        let message = Cow::Owned(format!("this requires the role {needs}; yours is {role}"));
        Self { message, needs: Some(needs), ..Self::http(StatusCode::FORBIDDEN, "") }
    }

    /// Returns the error for a request with invalid input; `why` states the reason.
    pub fn invalid(why: impl Into<String>) -> Self {
        Refusal::because(Code::INVALID_PARAMETER, why.into()).into()
    }
}

impl From<KeyRefused> for ApiError {
    fn from(refused: KeyRefused) -> Self {
        let status = match refused {
            KeyRefused::Length(_) | KeyRefused::Unprintable => StatusCode::BAD_REQUEST,
            KeyRefused::Known(_) | KeyRefused::TooMany | KeyRefused::NoNumber => StatusCode::CONFLICT,
        };
        Self { status, ..Self::invalid(refused.to_string()) }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal.code {
            Code::NOT_LOGGED_IN => StatusCode::UNAUTHORIZED,
            Code::NO_SUCH_APP | Code::NO_SUCH_ACCOUNT => StatusCode::NOT_FOUND,
            Code::TOO_MANY_FAILURES | Code::CALLED_TOO_OFTEN => StatusCode::TOO_MANY_REQUESTS,
            Code::INTERNAL => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        };
        let (code, message) = (refusal.code.number(), Cow::Owned(refusal.to_string()));
        Self { status, code, message, retry_after: None, needs: None, reason: None }
    }
}

impl From<Code> for ApiError {
    fn from(code: Code) -> Self {
        Refusal::from(code).into()
    }
}

impl From<FactsError> for ApiError {
    fn from(error: FactsError) -> Self {
        ServiceError::from(error).into()
    }
}

impl Unsuccessful for ApiError {
    fn fault(&self) -> Option<String> {
        self.status.is_server_error().then(|| self.message.clone().into_owned())
    }
}

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        if !matches!(error, ServiceError::Refused(_)) {
            tracing::error!(error = %WithCauses(&error), "a request of the console failed");
        }
        error.refusal().into()
    }
}

impl From<OperatorsError> for ApiError {
    fn from(error: OperatorsError) -> Self {
        let told = |status| Self { message: Cow::Owned(error.to_string()), ..Self::http(status, "") };
        match &error {
            OperatorsError::NoSuch(_) => told(StatusCode::NOT_FOUND),
            OperatorsError::Exists(_)
            | OperatorsError::TooMany
            | OperatorsError::BuiltIn
            | OperatorsError::Contended
            | OperatorsError::ChangedMeanwhile(_) => told(StatusCode::CONFLICT),
            OperatorsError::Password(_) => Self::invalid(error.to_string()),
            OperatorsError::File(_) | OperatorsError::Facts(_) => {
                tracing::error!(%error, "the console failed");
                Code::INTERNAL.into()
            }
        }
    }
}

impl From<JsonFault> for ApiError {
    fn from(fault: JsonFault) -> Self {
        let (status, message) = fault.told();
        match status {
            StatusCode::SERVICE_UNAVAILABLE => Self { status, ..Code::SERVICE_BUSY.into() },
            _ => Self { status, ..Self::invalid(message) },
        }
    }
}

impl From<PathRejection> for ApiError {
    fn from(rejection: PathRejection) -> Self {
        Self { status: rejection.status(), ..Self::invalid(rejection.body_text()) }
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self { status: rejection.status(), ..Self::invalid(rejection.body_text()) }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = Body { code: self.code, message: &self.message, needs: self.needs, reason: self.reason };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(wait) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs()));
        }
        response
    }
}

/// Extracts the body of a request from JSON of at most `MOST` bytes.
pub struct FromJson<T, const MOST: usize = MAX_BODY_BYTES>(pub T);

impl<S: Send + Sync, T: DeserializeOwned, const MOST: usize> FromRequest<S> for FromJson<T, MOST> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let JsonBody(value) = JsonBody::<T, MOST>::from_request(request, state).await?;
        Ok(Self(value))
    }
}

/// Extracts the parameters in the path of a request.
pub struct FromPath<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for FromPath<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Path(value) = Path::from_request_parts(parts, state).await?;
        Ok(Self(value))
    }
}

/// Extracts the query of a request.
pub struct FromQuery<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for FromQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Query(value) = Query::from_request_parts(parts, state).await?;
        Ok(Self(value))
    }
}
