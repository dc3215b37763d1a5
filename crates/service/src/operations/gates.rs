//! Checks the gates of a call, in the order that `lamplight-core` gives. The last gate is the rate limit, which also
//! counts the call.

use crate::operations::lists::By;
use crate::{Service, ServiceError};
use lamplight_core::{Call, Gate, check_call};
use lamplight_directory::Limited;
use lamplight_model::{App, Code, InvalidUserId, Now, Refusal, User, UserId};
use std::collections::HashSet;
use std::sync::Arc;

impl Service {
    /// Checks all gates in their order. Returns each user of the call once, in the call's order.
    pub(crate) async fn pass_gates(
        &self,
        caller: &User,
        call: Call,
        users: &[impl AsRef<str>],
        now: Now,
    ) -> Result<(Arc<App>, Vec<UserId>), ServiceError> {
        let (app, users, gate) = self.check_gates(caller, call, users)?;
        match gate {
            Gate::Open => {}
            Gate::Rate => self.take_rate(&app, caller, call, now).await?,
        }
        Ok((app, users))
    }

    /// Checks all gates except the user's rate limit, for a call of the app's backend on behalf of a user.
    pub(crate) fn pass_gates_but_rate(
        &self,
        user: &User,
        call: Call,
        users: &[impl AsRef<str>],
    ) -> Result<(Arc<App>, Vec<UserId>), ServiceError> {
        let (app, users, _) = self.check_gates(user, call, users)?;
        Ok((app, users))
    }

    fn check_gates(
        &self,
        caller: &User,
        call: Call,
        users: &[impl AsRef<str>],
    ) -> Result<(Arc<App>, Vec<UserId>, Gate), ServiceError> {
        let app = self.app(caller)?;
        // Duplicates count once, also for the batch limit. The size of the frame bounds the length of the list.
        let mut seen = HashSet::new();
        let parsed: Result<Vec<UserId>, InvalidUserId> =
            users.iter().map(AsRef::as_ref).filter(|user| seen.insert(*user)).map(UserId::new).collect();
        let gate = check_call(call, &caller.id, parsed.as_deref(), &app.settings)?;
        Ok((app, parsed.unwrap_or_default(), gate))
    }

    /// Checks the last gate, the rate limit. Calls of the app have other limits, in the server API and the console.
    pub(crate) async fn pass_rate(
        &self,
        app: &App,
        caller: &User,
        call: Call,
        by: By,
        now: Now,
    ) -> Result<(), ServiceError> {
        match by {
            By::App => Ok(()),
            By::Client(_) => self.take_rate(app, caller, call, now).await,
        }
    }

    /// Counts a call of a user. Above the rate limit, the call is refused with 7008.
    async fn take_rate(&self, app: &App, user: &User, call: Call, now: Now) -> Result<(), ServiceError> {
        let limit = call.rate(&app.settings.limits);
        match self.rates.take(Limited::User(user, call), limit, now.moment).await {
            true => Ok(()),
            false => Err(Code::CALLED_TOO_OFTEN.into()),
        }
    }

    /// Counts a call of the server API by an app. `command` is the path of the command. Above the rate limit, the call
    /// is refused with 60007.
    pub async fn pass_api_rate(
        &self,
        app: &App,
        command: &'static str,
        now: Now,
    ) -> Result<(), ServiceError> {
        let limit = app.settings.limits.api_rate;
        match self.rates.take(Limited::App(app.id, command), limit, now.moment).await {
            true => Ok(()),
            false => {
                let detail = format!("at most {} calls in {} ms", limit.calls, limit.window_ms);
                Err(Refusal::because(Code::API_RATE, detail).into())
            }
        }
    }
}
