//! The tokens that open a login and authorise a call: a UserSig or a JWT, and the key that verified it.

use crate::keyrings::of_source;
use crate::{AppTable, Keyrings, LoginThrottle, Port};
use lamplight_auth::{JwtKeySet, JwtRefusal, is_jwt, verify_by_key, verify_jwt};
use lamplight_model::{App, AppKey, Code, Moment, Now, Refusal, Timestamp, User};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

/// The mark of the key that verified a token. It is made from the text of the key and not from its number, since a new
/// key may get the number of a removed one. For a JWT, it stands for the key or the source of keys. It has no meaning
/// outside of this process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyMark(u32);

impl KeyMark {
    /// Returns the mark of this key.
    pub fn of(key: &AppKey) -> Self {
        let mut hasher = DefaultHasher::new();
        key.text.hash(&mut hasher);
        // Half of the hash distinguishes a few keys, and every connection stores one.
        Self(hasher.finish() as u32)
    }
}

/// A valid UserSig or JWT.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Verified {
    /// The second in which it was issued, by which a kick refuses it.
    pub(crate) issued: u64,
    /// The first moment at which it is no longer valid.
    pub(crate) expires: Timestamp,
    /// The key that verified it.
    pub(crate) key: KeyMark,
}

/// Verifies the tokens of every app: with the keys in its settings, and with those read from addresses and files.
pub struct Tokens {
    apps: Arc<AppTable>,
    keyrings: Keyrings,
    throttle: LoginThrottle,
}

impl Tokens {
    /// Creates the verification of tokens for these apps.
    pub(crate) fn new(apps: Arc<AppTable>, throttle: LoginThrottle) -> Self {
        Self { apps, keyrings: Keyrings::default(), throttle }
    }

    /// The JWT keys that are read from addresses and files.
    pub fn keyrings(&self) -> &Keyrings {
        &self.keyrings
    }

    /// Drops counts of failures whose time has passed.
    pub(crate) fn sweep(&self, now: Moment) {
        self.throttle.sweep(now);
    }

    /// Checks a UserSig or a JWT. A valid one is always accepted. An invalid one is refused with its reason, or with
    /// 70050 if this address has sent too many of them lately. A JWT with an unknown key waits once for the keys to be
    /// read again.
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
                    // The settings may have changed, or the app may have been deleted, while the keys were read.
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

    /// Checks a UserSig or a JWT with the known keys.
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

    /// Whether an app still has the key that verified a UserSig or a JWT; for a JWT by a key from an address or a file,
    /// whether it still has that source.
    pub fn has_key(&self, app: &App, key: KeyMark) -> bool {
        app.keys.iter().any(|other| KeyMark::of(other) == key)
            || self.apps.jwt_keys(app.id).is_some_and(|keys| keys.has(key.0))
            || app.settings.jwt.sources().any(|source| of_source(&source) == key.0)
    }
}

/// Whether a refused UserSig may be a guess. An expired one is not.
fn is_guess(code: Code) -> bool {
    [Code::SIG_UNREADABLE, Code::SIG_WRONG, Code::SIG_OTHER_USER, Code::SIG_OTHER_APP].contains(&code)
}
