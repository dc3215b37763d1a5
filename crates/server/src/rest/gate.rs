//! The gates of a call: method, app, caller, signature, admin, rate. The first gate that fails determines the refusal.

use super::Shared;
use super::call::{Call, parameter};
use super::command::Entry;
use axum::http::Method;
use lamplight_model::{AppId, Code, Now, Refusal};
use lamplight_service::{Backend, ServiceError};
use std::net::IpAddr;

/// The input of the gates that every call has to pass.
pub struct Gate<'a> {
    pub shared: &'a Shared,
    pub entry: &'static Entry,
    pub address: IpAddr,
    pub now: Now,
}

impl<'a> Gate<'a> {
    /// Checks the gates in order. Returns the call, or the refusal of the first gate that fails.
    pub async fn pass(&self, method: &Method, query: &'a str) -> Result<Call<'a>, ServiceError> {
        // Some client libraries send read-only calls as GET requests with a body.
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
                return Err(Refusal::because(
                    Code::WRONG_CREDENTIALS,
                    "the identifier is not a valid userID",
                )
                .into());
            }
            outcome => outcome?,
        };
        service.pass_api_rate(&app, self.entry.path(), self.now).await?;
        Ok(Call { service, app, admin, now: self.now, clock: &self.shared.clock, query })
    }
}
