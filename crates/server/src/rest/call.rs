//! A call and its gates: method, app, caller, signature, admin, rate. The first that fails answers.

use super::Shared;
use super::command::Entry;
use crate::clock::Clock;
use axum::http::Method;
use lamplight_model::{App, AppId, Code, Now, Refusal, User, UserId};
use lamplight_service::{Backend, Service, ServiceError};
use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

/// A call that has passed its gates.
pub struct Call<'a> {
    /// The operations.
    pub service: &'a Arc<Service>,
    /// The app that calls.
    pub app: Arc<App>,
    /// The admin in whose name it calls.
    pub admin: User,
    /// The present.
    pub now: Now,
    /// For what has to be waited for before the answer.
    pub clock: &'a Clock,
    query: &'a str,
}

impl Call<'_> {
    /// A user of the app.
    pub fn user(&self, id: UserId) -> User {
        User::new(self.app.id, id)
    }

    /// A parameter of the query string.
    pub fn parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        parameter(self.query, name)
    }
}

/// The inputs of the checks that every call has to pass.
pub struct Gate<'a> {
    pub shared: &'a Shared,
    pub entry: &'static Entry,
    pub address: IpAddr,
    pub now: Now,
}

impl<'a> Gate<'a> {
    /// Lets a call through, or says the first gate that it failed at.
    pub async fn pass(&self, method: &Method, query: &'a str) -> Result<Call<'a>, ServiceError> {
        // Some client libraries read by GET, with a body.
        if *method != Method::POST && !(*method == Method::GET && self.entry.is_reading()) {
            let expected = if self.entry.is_reading() { "GET or POST" } else { "POST" };
            return Err(
                Refusal::because(Code::HTTP_UNREADABLE, format!("the method must be {expected}")).into()
            );
        }
        let app = match parameter(query, "sdkappid").as_deref() {
            None | Some("") => return Err(Code::APP_ID_MISSING.into()),
            Some(text) => AppId(text.parse().map_err(|_| ServiceError::from(Code::APP_ID_INVALID))?),
        };
        let identifier = match parameter(query, "identifier") {
            None => return Err(Refusal::because(Code::WRONG_CREDENTIALS, "the identifier is missing").into()),
            Some(text) => text,
        };
        let user_sig = parameter(query, "usersig").unwrap_or_default();
        let service = &self.shared.service;
        let admitted = service.admit_backend(app, &identifier, &user_sig, self.address, self.now).await;
        let Backend { app, admin } = match admitted {
            Err(ServiceError::Refused(Refusal { code: Code::BAD_USER_ID, .. })) => {
                return Err(Refusal::because(Code::WRONG_CREDENTIALS, "the identifier is no userID").into());
            }
            outcome => outcome?,
        };
        let limit = app.settings.limits.api_rate;
        if !self.shared.rates.take(app.id, self.entry.index(), limit, self.now.moment) {
            let detail = format!("at most {} calls in {} ms", limit.calls, limit.window_ms);
            return Err(Refusal::because(Code::API_RATE, detail).into());
        }
        Ok(Call { service, app, admin, now: self.now, clock: &self.shared.clock, query })
    }
}

/// The first value of a parameter of the query string.
fn parameter<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_their_names_are_case_sensitive() {
        let query = "sdkappid=1&identifier=a%20b+c&usersig=eJw*-_&x";
        assert_eq!(parameter(query, "sdkappid").as_deref(), Some("1"));
        assert_eq!(parameter(query, "identifier").as_deref(), Some("a b c"));
        assert_eq!(parameter(query, "usersig").as_deref(), Some("eJw*-_"));
        assert_eq!(parameter(query, "x").as_deref(), Some(""));
        assert_eq!(parameter(query, "SdkAppId"), None);
    }
}
