//! An app, its keys, its admins and its settings. An app is a tenant of the server.

use crate::jwt::{JwtSettings, MAX_JWT_KEYS_BYTES};
use crate::{AppId, UserId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// An app with its keys, admins and settings.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct App {
    /// The `SDKAppID`.
    pub id: AppId,
    /// The keys of the app, oldest first. New UserSigs are signed with the last key. UserSigs that were signed with any
    /// of the keys are accepted.
    pub keys: Vec<AppKey>,
    /// The accounts whose UserSigs may authenticate calls of the server API.
    pub admins: Vec<UserId>,
    /// The settings. An operator may change them.
    pub settings: AppSettings,
}

/// A secret key of an app.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppKey {
    /// The number of the key within its app, from 1.
    pub id: u32,
    /// The text of the key. Its bytes are the HMAC key (SPEC section 5).
    pub text: String,
}

/// The maximum number of keys of one app. A rotation needs two keys.
pub const MOST_KEYS: usize = 8;

/// The shortest allowed text of a key, in bytes.
pub const MIN_KEY_BYTES: usize = 16;

/// The longest allowed text of a key, in bytes.
pub const MAX_KEY_BYTES: usize = 256;

/// The reason why a key is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyRefused {
    /// The text is too short or too long. The value is its length in bytes.
    #[error("a key must have {MIN_KEY_BYTES} to {MAX_KEY_BYTES} bytes, and this one has {0}")]
    Length(usize),
    /// The text contains characters other than printable ASCII.
    #[error("a key must consist of printable ASCII characters without spaces; check how it was copied")]
    Unprintable,
    /// The app already has this key. The value is the number of the key.
    #[error("the app has this key already, as key {0}")]
    Known(u32),
    /// The app already has [`MOST_KEYS`] keys.
    #[error("an app has at most {MOST_KEYS} keys; remove one first")]
    TooMany,
    /// A key of the app already has the highest possible number, so no number is left for a new key.
    #[error("key {max} has the highest possible number; remove it first", max = u32::MAX)]
    NoNumber,
}

impl App {
    /// Adds a key and returns it. New UserSigs are signed with this key. If the key comes from another system, the
    /// server also accepts the UserSigs of that system.
    pub fn add_key(&mut self, text: String) -> Result<&AppKey, KeyRefused> {
        if !(MIN_KEY_BYTES..=MAX_KEY_BYTES).contains(&text.len()) {
            return Err(KeyRefused::Length(text.len()));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(KeyRefused::Unprintable);
        }
        if let Some(known) = self.keys.iter().find(|key| key.text == text) {
            return Err(KeyRefused::Known(known.id));
        }
        if self.keys.len() >= MOST_KEYS {
            return Err(KeyRefused::TooMany);
        }
        let highest = self.keys.iter().map(|key| key.id).max().unwrap_or_default();
        let id = highest.checked_add(1).ok_or(KeyRefused::NoNumber)?;
        Ok(self.keys.push_mut(AppKey { id, text }))
    }
}

impl fmt::Debug for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppKey({}, …)", self.id)
    }
}

/// The settings of an app, which an operator may change. The defaults are those of the SPEC.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AppSettings {
    /// The name of the app. Operators see it; the server does not use it.
    pub name: String,
    /// The edition, which decides the calls that clients may make.
    pub edition: Edition,
    /// The feature switches of the console.
    pub switches: Switches,
    /// The rules for several logins of one account at the same time.
    pub multi_device: MultiDevicePolicy,
    /// The limits on numbers, sizes and rates.
    pub limits: Limits,
    /// The timeouts and retentions.
    pub timing: Timing,
    /// The webhooks of the app's backend.
    pub webhooks: WebhookSettings,
    /// The keys and claims for JWTs, which a client may use in place of a UserSig.
    pub jwt: JwtSettings,
}

/// The webhooks of an app, which notify its backend of events (SPEC sections 6 and 9).
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookSettings {
    /// The URL that receives `State.StateChange`; empty if there is none.
    pub state_change_url: String,
    /// The URL that receives each message to an OFFLINE user; empty if there is none. The backend can then push the
    /// message.
    pub push_url: String,
    /// The token with which every request is signed: `Sign = hex(sha256(Token + RequestTime))`. Without a token,
    /// requests are not signed.
    pub token: String,
}

impl fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookSettings({:?}, {:?}, …)", self.state_change_url, self.push_url)
    }
}

/// The edition of an app. A self-hosted app has `flagship` unless its edition is set (SPEC section 7).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Edition {
    /// Clients may not query, subscribe to or watch the statuses of other users (7013). They may make all other calls.
    Trial,
    /// The same as [`Edition::Trial`].
    Standard,
    /// Clients may make all calls.
    #[default]
    Flagship,
}

impl FromStr for Edition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "trial" => Ok(Self::Trial),
            "standard" => Ok(Self::Standard),
            "flagship" => Ok(Self::Flagship),
            other => Err(format!("unknown edition {other:?}; one of trial, standard, flagship")),
        }
    }
}

/// The feature switches of the console.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    /// *User status query and change notification*. If it is off, clients' calls about the status of other users are
    /// refused with 72001, and clients are not notified of other users.
    pub user_status: bool,
    /// *Friend status notification*. If it is on, users are notified about their mutual friends without a subscription.
    /// It has no effect while `user_status` is off.
    pub friend_notification: bool,
}

impl Default for Switches {
    fn default() -> Self {
        Self { user_status: true, friend_notification: false }
    }
}

/// The rules for several logins of one account at the same time (SPEC section 5).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MultiDevicePolicy {
    /// The platforms that may be logged in at the same time.
    pub mode: MultiDeviceMode,
    /// The number of Web logins that one account may have at the same time, 1–10.
    pub web_instances: u8,
    /// The number of logins on each other platform that one account may have at the same time, 1–3.
    pub native_instances: u8,
}

impl Default for MultiDevicePolicy {
    fn default() -> Self {
        Self { mode: MultiDeviceMode::default(), web_instances: 1, native_instances: 1 }
    }
}

/// The platforms that may be logged in at the same time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MultiDeviceMode {
    /// One platform.
    Single,
    /// One native platform, and Web.
    Dual,
    /// One of Android, iPhone, iPad; one of Windows, Mac, Linux; and Web.
    Triple,
    /// All platforms.
    #[default]
    Multi,
}

impl FromStr for MultiDeviceMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "single" => Ok(Self::Single),
            "dual" => Ok(Self::Dual),
            "triple" => Ok(Self::Triple),
            "multi" => Ok(Self::Multi),
            other => Err(format!("unknown multi-device mode {other:?}; one of single, dual, triple, multi")),
        }
    }
}

/// A rate limit: a maximum number of calls in a sliding window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// The maximum number of calls in any window, at least 1.
    pub calls: u16,
    /// The length of the window in milliseconds.
    pub window_ms: u32,
}

/// The limits on numbers, sizes and rates (SPEC section 3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The maximum number of users on a subscription list, 1–10,000. A new subscription removes the earliest one of a
    /// full list.
    pub subscriptions: u16,
    /// The maximum number of users in one `getUserStatus`, 1–10,000.
    pub query_batch: u16,
    /// The maximum number of users in one `subscribeUserStatus`, 1–10,000.
    pub subscribe_batch: u16,
    /// The maximum number of users in one `unsubscribeUserStatus`, 1–10,000.
    pub unsubscribe_batch: u16,
    /// The longest custom status in bytes, 0–1,000.
    pub custom_status_bytes: u16,
    /// The rate limit that one user has for each kind of call, except `sendMessage` and `markRead`. `setSelfStatus` and
    /// queries that name only the user itself have no limit.
    pub rate: RateLimit,
    /// The rate limit that one user has for `sendMessage`. The `markRead` calls have the same limit, and are counted
    /// separately.
    pub message_rate: RateLimit,
    /// The rate limit that one app has for each command of the server API (SPEC section 8).
    pub api_rate: RateLimit,
    /// The maximum number of friends on one friend list, 1–10,000.
    pub friends: u16,
    /// The longest message in bytes, 1–65,535. All parts of custom content count together.
    pub message_bytes: u16,
}

impl Limits {
    /// The highest value of [`Limits::subscriptions`].
    pub const MAX_SUBSCRIPTIONS: u16 = 10_000;
    /// The highest value of [`Limits::friends`].
    pub const MAX_FRIENDS: u16 = 10_000;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            subscriptions: 200,
            query_batch: 500,
            subscribe_batch: 100,
            unsubscribe_batch: 100,
            custom_status_bytes: 100,
            rate: RateLimit { calls: 20, window_ms: 5_000 },
            message_rate: RateLimit { calls: 100, window_ms: 5_000 },
            api_rate: RateLimit { calls: 200, window_ms: 1_000 },
            friends: 3_000,
            message_bytes: 12_288,
        }
    }
}

/// The timeouts and retentions (SPEC sections 2, 3 and 10). The name of each field contains its unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timing {
    /// The heartbeat timeout of native clients, 1 s – 1 h. The server closes a connection that sends nothing for this
    /// time.
    pub heartbeat_timeout_native_ms: u32,
    /// The heartbeat timeout of Web clients, 1 s – 1 h. The server closes a connection that sends nothing for this
    /// time.
    pub heartbeat_timeout_web_ms: u32,
    /// The time for which a native client still counts as connected after its connection broke. At most 10 min.
    pub linger_native_ms: u32,
    /// The time for which a Web client still counts as connected after its connection broke. At most 10 min.
    pub linger_web_ms: u32,
    /// The time after which a device without a connection is logged out. 1 min – 49 days.
    pub login_retention_ms: u32,
    /// The time for which the subscription list is kept after the user is no longer ONLINE. At most 49 days.
    pub subscription_retention_ms: u32,
    /// The number of days for which messages are kept, at most 3,650; 0 means forever.
    pub message_retention_days: u16,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            heartbeat_timeout_native_ms: 400_000,
            heartbeat_timeout_web_ms: 60_000,
            linger_native_ms: 0,
            linger_web_ms: 0,
            login_retention_ms: 7 * 24 * 3_600_000,
            subscription_retention_ms: 600_000,
            message_retention_days: 365,
        }
    }
}

impl Timing {
    /// The heartbeat timeout of Web clients, or of native clients if `web` is `false`.
    pub fn heartbeat_timeout(&self, web: bool) -> Duration {
        Duration::from_millis(u64::from(if web {
            self.heartbeat_timeout_web_ms
        } else {
            self.heartbeat_timeout_native_ms
        }))
    }

    /// The time for which a client still counts as connected after its connection broke. `web` selects the time of Web
    /// clients; otherwise, the time of native clients is returned.
    pub fn linger(&self, web: bool) -> Duration {
        Duration::from_millis(u64::from(if web { self.linger_web_ms } else { self.linger_native_ms }))
    }

    /// The time after which a device without a connection is logged out.
    pub fn login_retention(&self) -> Duration {
        Duration::from_millis(u64::from(self.login_retention_ms))
    }

    /// The time for which the subscription list is kept after the user is no longer ONLINE.
    pub fn subscription_retention(&self) -> Duration {
        Duration::from_millis(u64::from(self.subscription_retention_ms))
    }
}

/// The error of a setting that is out of its bounds.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{setting} must be from {least} to {most}, not {given}")]
pub struct InvalidSettings {
    /// The path of the setting, such as `limits.subscriptions`.
    pub setting: &'static str,
    /// The lowest allowed value.
    pub least: u64,
    /// The highest allowed value.
    pub most: u64,
    /// The refused value.
    pub given: u64,
}

/// The Web linger of a new app, in milliseconds. It is long enough to reload a page, even on a slow phone.
const LINGER_WEB_OF_A_NEW_APP_MS: u32 = 5_000;

impl AppSettings {
    /// The settings of a new app: the defaults, and a Web linger. The linger lets a user reload a page without losing
    /// the custom status, and watchers see no change.
    ///
    /// The linger is not one of the defaults, because an older app whose stored settings lack the field must still have
    /// no linger.
    pub fn of_a_new_app() -> Self {
        let mut settings = Self::default();
        settings.timing.linger_web_ms = LINGER_WEB_OF_A_NEW_APP_MS;
        settings
    }

    /// Checks that every setting is within its bounds. The error names the first setting that is out of its bounds.
    pub fn validate(&self) -> Result<(), InvalidSettings> {
        for (setting, given, least, most) in self.measured() {
            if !(least..=most).contains(&given) {
                return Err(InvalidSettings { setting, least, most, given });
            }
        }
        Ok(())
    }

    /// Returns each setting that has bounds: its path, its lowest value and its highest value.
    pub fn bounds() -> impl Iterator<Item = (&'static str, u64, u64)> {
        Self::default().measured().into_iter().map(|(setting, _, least, most)| (setting, least, most))
    }

    /// Returns each setting that has bounds: its path, its present value, its lowest value and its highest value.
    fn measured(&self) -> [(&'static str, u64, u64, u64); 34] {
        const HOUR: u64 = 3_600_000;
        const TEN_MINUTES: u64 = 600_000;
        let (limits, timing, policy) = (&self.limits, &self.timing, &self.multi_device);
        let jwt = &self.jwt;
        [
            ("name", self.name.len() as u64, 0, 200),
            ("multi_device.web_instances", policy.web_instances.into(), 1, 10),
            ("multi_device.native_instances", policy.native_instances.into(), 1, 3),
            ("limits.subscriptions", limits.subscriptions.into(), 1, Limits::MAX_SUBSCRIPTIONS.into()),
            ("limits.query_batch", limits.query_batch.into(), 1, 10_000),
            ("limits.subscribe_batch", limits.subscribe_batch.into(), 1, 10_000),
            ("limits.unsubscribe_batch", limits.unsubscribe_batch.into(), 1, 10_000),
            ("limits.custom_status_bytes", limits.custom_status_bytes.into(), 0, 1_000),
            ("limits.rate.calls", limits.rate.calls.into(), 1, 1_000),
            ("limits.rate.window_ms", limits.rate.window_ms.into(), 1, HOUR),
            ("timing.heartbeat_timeout_native_ms", timing.heartbeat_timeout_native_ms.into(), 1_000, HOUR),
            ("timing.heartbeat_timeout_web_ms", timing.heartbeat_timeout_web_ms.into(), 1_000, HOUR),
            ("timing.linger_native_ms", timing.linger_native_ms.into(), 0, TEN_MINUTES),
            ("timing.linger_web_ms", timing.linger_web_ms.into(), 0, TEN_MINUTES),
            ("timing.login_retention_ms", timing.login_retention_ms.into(), 60_000, u32::MAX.into()),
            ("timing.subscription_retention_ms", timing.subscription_retention_ms.into(), 0, u32::MAX.into()),
            ("timing.message_retention_days", timing.message_retention_days.into(), 0, 3_650),
            ("limits.message_rate.calls", limits.message_rate.calls.into(), 1, 10_000),
            ("limits.message_rate.window_ms", limits.message_rate.window_ms.into(), 1, HOUR),
            ("limits.api_rate.calls", limits.api_rate.calls.into(), 1, 60_000),
            ("limits.api_rate.window_ms", limits.api_rate.window_ms.into(), 1, HOUR),
            ("limits.friends", limits.friends.into(), 1, Limits::MAX_FRIENDS.into()),
            ("limits.message_bytes", limits.message_bytes.into(), 1, 65_535),
            ("webhooks.state_change_url (bytes)", self.webhooks.state_change_url.len() as u64, 0, 2_000),
            ("webhooks.push_url (bytes)", self.webhooks.push_url.len() as u64, 0, 2_000),
            ("webhooks.token (bytes)", self.webhooks.token.len() as u64, 0, 200),
            ("jwt.jwks_url (bytes)", jwt.jwks_url.len() as u64, 0, 2_000),
            ("jwt.jwks_file (bytes)", jwt.jwks_file.len() as u64, 0, 100),
            ("jwt.keys (bytes)", jwt.keys.len() as u64, 0, MAX_JWT_KEYS_BYTES as u64),
            ("jwt.secret (bytes)", jwt.secret.len() as u64, 0, 1_024),
            ("jwt.issuer (bytes)", jwt.issuer.len() as u64, 0, 500),
            ("jwt.audience (bytes)", jwt.audience.len() as u64, 0, 500),
            ("jwt.user_claim (bytes)", jwt.user_claim.len() as u64, 1, 200),
            ("jwt.leeway_s", jwt.leeway_s.into(), 0, 300),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_from_elsewhere_is_taken_where_it_can_be_one_and_none_twice() {
        let mut app =
            App { id: AppId(1), keys: Vec::new(), admins: Vec::new(), settings: AppSettings::default() };
        let refused = [
            (String::new(), KeyRefused::Length(0)),
            ("x".repeat(15), KeyRefused::Length(15)),
            ("x".repeat(257), KeyRefused::Length(257)),
            ("0123456789abcde f".to_owned(), KeyRefused::Unprintable),
            ("0123456789abcdeé".to_owned(), KeyRefused::Unprintable),
        ];
        for (text, why) in refused {
            assert_eq!(app.add_key(text.clone()), Err(why), "{text}");
        }
        let text = |n: usize| format!("{n:016}");
        for n in 1..=MOST_KEYS {
            assert_eq!(app.add_key(text(n)).unwrap().id, n as u32);
        }
        assert_eq!(app.add_key(text(3)), Err(KeyRefused::Known(3)));
        assert_eq!(app.add_key(text(99)), Err(KeyRefused::TooMany));
        // The number of a removed key is not used again while later keys exist.
        app.keys.remove(1);
        assert_eq!(app.add_key(text(99)).unwrap().id, MOST_KEYS as u32 + 1);
        // The highest number is not used twice either.
        app.keys = vec![AppKey { id: u32::MAX - 1, text: text(1) }];
        assert_eq!(app.add_key(text(2)).unwrap().id, u32::MAX);
        assert_eq!(app.add_key(text(3)), Err(KeyRefused::NoNumber));
        assert_eq!(app.keys.len(), 2);
    }

    #[test]
    fn the_defaults_are_those_of_the_spec_and_valid() {
        let settings = AppSettings::default();
        assert_eq!(settings.validate(), Ok(()));
        assert_eq!(settings.edition, Edition::Flagship);
        assert!(settings.switches.user_status && !settings.switches.friend_notification);
        assert_eq!(settings.limits.rate, RateLimit { calls: 20, window_ms: 5_000 });
        assert_eq!(settings.timing.heartbeat_timeout(false), Duration::from_secs(400));
        assert_eq!(settings.timing.heartbeat_timeout(true), Duration::from_secs(60));
    }

    #[test]
    fn only_an_app_that_is_made_now_has_a_web_linger() {
        let new = AppSettings::of_a_new_app();
        assert_eq!(new.validate(), Ok(()));
        assert_eq!(new.timing.linger(true), Duration::from_secs(5));
        let mut without = new.clone();
        without.timing.linger_web_ms = 0;
        assert_eq!(without, AppSettings::default(), "nothing else differs");
    }

    #[test]
    fn a_setting_outside_its_bounds_is_named() {
        let mut settings = AppSettings::default();
        settings.limits.subscriptions = 10_001;
        assert_eq!(
            settings.validate().unwrap_err().to_string(),
            "limits.subscriptions must be from 1 to 10000, not 10001"
        );
    }
}
