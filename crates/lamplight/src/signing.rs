//! Makes UserSigs with the keys of an app.

use anyhow::{Context, ensure};
use lamplight_auth::Claims;
use lamplight_model::{App, Timestamp, UserId};
use std::time::Duration;

/// Makes a UserSig with the newest key of the app.
pub fn sign(app: &App, user: UserId, expire: Duration, now: Timestamp) -> anyhow::Result<(String, Claims)> {
    ensure!(expire.as_secs() > 0, "a UserSig must be valid for at least one second");
    let key = app.keys.last().with_context(|| format!("app {} has no key", app.id))?;
    let claims =
        Claims { user_id: user, app: app.id, issued: now.as_secs(), expire: expire.as_secs(), userbuf: None };
    Ok((lamplight_auth::sign(key, &claims), claims))
}
