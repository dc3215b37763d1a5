//! The verification of tokens, which authenticate a login or a call: UserSigs and JWTs.

use crate::keyrings::of_source;
use crate::{AppTable, Keyrings, LoginThrottle, Port};
use lamplight_auth::{JwtKeySet, JwtRefusal, is_jwt, verify_by_key, verify_jwt};
use lamplight_model::{App, AppKey, Code, Moment, Now, Refusal, Timestamp, User};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

/// Identifies the key that verified a token, or the source of JWT keys, within this process. It is computed from the
/// text of the key, because a new key may get the number of a removed one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyMark(u32);

impl KeyMark {
    /// The mark of a key of the app.
    pub fn of(key: &AppKey) -> Self {
        let mut hasher = DefaultHasher::new();
        key.text.hash(&mut hasher);
        // Half of the hash is enough to distinguish a few keys, and saves memory in every connection.
        Self(hasher.finish() as u32)
    }
}

/// A verified UserSig or JWT.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Verified {
    /// The second in which the token was issued. A kick revokes tokens by this time.
    pub(crate) issued: u64,
    /// The first moment at which the token is no longer valid.
    pub(crate) expires: Timestamp,
    /// The key that verified the token.
    pub(crate) key: KeyMark,
}

/// Verifies the tokens of all apps, with the keys in the settings and the keys read from addresses and files.
pub struct Tokens {
    apps: Arc<AppTable>,
    keyrings: Keyrings,
    throttle: LoginThrottle,
}

impl Tokens {
    /// Creates the verification for these apps.
    pub(crate) fn new(apps: Arc<AppTable>, throttle: LoginThrottle) -> Self {
        Self { apps, keyrings: Keyrings::default(), throttle }
    }

    /// The JWT keys that are read from addresses and files.
    pub fn keyrings(&self) -> &Keyrings {
        &self.keyrings
    }

    /// Removes counts of failed attempts that are no longer needed.
    pub(crate) fn sweep(&self, now: Moment) {
        self.throttle.sweep(now);
    }

    /// Verifies a UserSig or a JWT. An invalid token is refused with the reason, or with 70050 if its address has
    /// recently sent too many. If a JWT has an unknown key, this waits once for the keys to be read again.
    pub(crate) async fn verify(
        &self,
        port: Port,
        user: &User,
        app: &App,
        token: &str,
        address: IpAddr,
        now: Now,
    ) -> Result<Verified, Refusal> {
        let verified = match self.look_at(user, app, token, now) {
            Err(JwtRefusal::UnknownKey) => {
                if self.keyrings.newer_keys(app, now.moment).await {
                    // While the keys were read, the settings may have changed or the app may have been deleted.
                    let app = self.apps.get(user.app).ok_or(Code::NO_SUCH_APP)?;
                    self.look_at(user, &app, token, now)
                } else {
                    Err(JwtRefusal::UnknownKey)
                }
            }
            verified => verified,
        };
        verified.map_err(JwtRefusal::refusal).map_err(|refusal| {
            if is_guess(refusal.code) && self.throttle.is_past_bound(port, address, now.moment) {
                return Code::TOO_MANY_FAILURES.into();
            }
            refusal
        })
    }

    /// Verifies a UserSig or a JWT with the keys that are in memory.
    fn look_at(&self, user: &User, app: &App, token: &str, now: Now) -> Result<Verified, JwtRefusal> {
        if !is_jwt(token) {
            let (claims, id) = verify_by_key(token, app, &user.id, now.wall)?;
            let key = app.keys.iter().find(|key| key.id == id).ok_or(Refusal::from(Code::SIG_WRONG))?;
            return Ok(Verified { issued: claims.issued, expires: claims.expires(), key: KeyMark::of(key) });
        }
        let own = self.apps.jwt_keys(app.id).unwrap_or_default();
        let read = self.keyrings.keys(app, now.moment);
        let keys: Vec<&JwtKeySet> = std::iter::once(&own).chain(&read).map(|set| &**set).collect();
        let claims = verify_jwt(token, &app.settings.jwt, &keys, app.id, &user.id, now.wall)?;
        Ok(Verified { issued: claims.issued, expires: claims.expires, key: KeyMark(claims.key) })
    }

    /// Whether an app still has the key that verified a token. A JWT key from an address or a file counts as long as
    /// the app has that source.
    pub fn has_key(&self, app: &App, key: KeyMark) -> bool {
        app.keys.iter().any(|other| KeyMark::of(other) == key)
            || self.apps.jwt_keys(app.id).is_some_and(|keys| keys.has(key.0))
            || app.settings.jwt.sources().any(|source| of_source(&source) == key.0)
    }
}

/// Whether a refused token may be a guess. An expired or revoked token is not, because its signature is valid.
fn is_guess(code: Code) -> bool {
    [Code::SIG_UNREADABLE, Code::SIG_WRONG, Code::SIG_OTHER_USER, Code::SIG_OTHER_APP].contains(&code)
}
