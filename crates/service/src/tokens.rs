//! The verification of tokens: UserSigs and JWTs, which authenticate a login or a call.

use crate::keyrings::{NewerKeys, of_source};
use crate::{AppTable, Keyrings, LoginThrottle, Port};
use lamplight_auth::{JwtKeySet, JwtRefusal, is_jwt, verify_by_key, verify_jwt};
use lamplight_model::{App, AppKey, Code, Moment, Now, Refusal, Timestamp, User};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;

/// Identifies the key that has verified a token, within this process. For JWT keys that were read from a source, the
/// mark identifies the source.
///
/// The mark is computed from the text of the key, because a new key may get the number of a removed one.
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

/// The maximum number of times that one token waits for newer keys.
const MOST_WAITS: usize = 3;

/// A verified UserSig or JWT.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Verified {
    /// The issue time of the token, in seconds. A kick revokes tokens by this time.
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

    /// Verifies a UserSig or a JWT. Refuses an invalid token with the reason, or with 70050 if too many tokens from the
    /// same address were wrong recently. A JWT with an unknown key waits for newer keys, at most [`MOST_WAITS`] times.
    pub(crate) async fn verify(
        &self,
        port: Port,
        user: &User,
        app: &App,
        token: &str,
        address: IpAddr,
        now: Now,
    ) -> Result<Verified, Refusal> {
        let puts = self.keyrings.puts();
        let mut verified = self.look_at(user, app, token, now);
        let mut newest: Option<Arc<App>> = None;
        for _ in 0..MOST_WAITS {
            if !matches!(verified, Err(JwtRefusal::UnknownKey)) {
                break;
            }
            let newer = self.keyrings.newer_keys(newest.as_deref().unwrap_or(app), now.moment).await;
            if newer == NewerKeys::NotNow && self.keyrings.puts() == puts {
                break;
            }
            // Meanwhile, keys may have been read, the settings may have changed, or the app may have been deleted. The
            // keys may also have been read just after the first look, so that no further read is allowed now.
            let current = self.apps.get(user.app).ok_or(Code::NO_SUCH_APP)?;
            verified = self.look_at(user, &current, token, now);
            newest = Some(current);
            if newer != NewerKeys::Removed {
                break;
            }
        }
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

    /// Whether an app still has the key that has verified a token. A JWT key that was read from a source counts as long
    /// as the app has the source.
    pub fn has_key(&self, app: &App, key: KeyMark) -> bool {
        app.keys.iter().any(|other| KeyMark::of(other) == key)
            || self.apps.jwt_keys(app.id).is_some_and(|keys| keys.has(key.0))
            || app.settings.jwt.sources().any(|source| of_source(&source) == key.0)
    }
}

/// Whether a token that was refused may be a guess. An expired or a revoked token is not: its signature is valid.
fn is_guess(code: Code) -> bool {
    [Code::SIG_UNREADABLE, Code::SIG_WRONG, Code::SIG_OTHER_USER, Code::SIG_OTHER_APP].contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use lamplight_model::{AppId, AppSettings, JwtSettings, UserId};
    use std::pin::pin;

    /// A JWT of "alice" for the app 1400000001, with an unknown key, valid at [`NOW`].
    const TOKEN: &str = concat!(
        "eyJhbGciOiJFZERTQSIsImtpZCI6ImsifQ.",
        "eyJzdWIiOiJhbGljZSIsImF1ZCI6IjE0MDAwMDAwMDEiLCJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDAwMzYwMH0.",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    );
    const NOW: Now = Now { moment: Moment(0), wall: Timestamp(1_700_000_001_000) };

    fn app_with_keys_in(file: &str) -> App {
        let jwt = JwtSettings { jwks_file: file.into(), ..JwtSettings::default() };
        let settings = AppSettings { jwt, ..AppSettings::default() };
        App { id: AppId(1_400_000_001), keys: Vec::new(), admins: Vec::new(), settings }
    }

    #[test]
    fn a_jwt_waits_for_a_source_that_the_reading_task_did_not_know_yet() {
        let apps = Arc::new(AppTable::default());
        apps.put(app_with_keys_in("old.json"));
        let before = apps.all();
        let tokens = Tokens::new(Arc::clone(&apps), LoginThrottle::default());
        apps.put(app_with_keys_in("new.json"));
        let user = User::new(AppId(1_400_000_001), UserId::new("alice").unwrap());
        let app = apps.get(user.app).unwrap();
        let address = "192.0.2.1".parse().unwrap();
        let mut login = pin!(tokens.verify(Port::Client, &user, &app, TOKEN, address, NOW));
        assert!((&mut login).now_or_never().is_none(), "it waits for the keys");
        // The task has read the table of apps just before the change.
        assert_eq!(tokens.keyrings().to_read(&before, 16, NOW.moment).len(), 1);
        assert!((&mut login).now_or_never().is_none(), "it waits for the same keys again");
        let read = tokens.keyrings().to_read(&apps.all(), 16, NOW.moment);
        let [new] = &read[..] else { panic!("{read:?}") };
        assert!(tokens.keyrings().put(new, JwtKeySet::default(), NOW.moment));
        let refused = login.now_or_never().expect("the keys were read").unwrap_err();
        assert_eq!(refused.code, Code::SIG_WRONG);
    }

    #[test]
    fn a_jwt_does_not_wait_for_a_source_that_the_app_has_no_longer() {
        let apps = Arc::new(AppTable::default());
        apps.put(app_with_keys_in("old.json"));
        let tokens = Tokens::new(Arc::clone(&apps), LoginThrottle::default());
        let user = User::new(AppId(1_400_000_001), UserId::new("alice").unwrap());
        let app = apps.get(user.app).unwrap();
        let address = "192.0.2.1".parse().unwrap();
        let mut login = pin!(tokens.verify(Port::Client, &user, &app, TOKEN, address, NOW));
        assert!((&mut login).now_or_never().is_none());
        apps.put(app_with_keys_in(""));
        assert_eq!(tokens.keyrings().to_read(&apps.all(), 16, NOW.moment), []);
        assert!(login.now_or_never().expect("there is nothing to wait for").is_err());
    }
}
