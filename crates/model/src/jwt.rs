//! The settings of an app for JWTs, which clients may use in place of UserSigs (SPEC section 5, "Tokens").

use crate::AppId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The maximum length of [`JwtSettings::keys`] in bytes.
pub const MAX_JWT_KEYS_BYTES: usize = 16 * 1024;

/// The minimum length of [`JwtSettings::secret`] in bytes. A key for HMAC-SHA256 must not be shorter than the hash (RFC
/// 7518, section 3.2).
pub const MIN_JWT_SECRET_BYTES: usize = 32;

/// The keys of an app's JWTs, and the claims that a JWT must have. An app without keys accepts no JWT.
///
/// Each key is for one algorithm: a public RSA key for RS256, a P-256 key for ES256, an Ed25519 key for EdDSA, the
/// secret for HS256. A JWT with any other algorithm is refused, so there is no setting for algorithms.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JwtSettings {
    /// The URL of a JWKS, which the server reads repeatedly; empty if there is none.
    pub jwks_url: String,
    /// The name of a file in the folder `jwks` of the data folder; empty if there is none. The file is a JWKS, or
    /// public keys as PEM.
    pub jwks_file: String,
    /// A JWKS, or public keys as PEM; empty if there are none.
    pub keys: String,
    /// The secret for HS256; empty if there is none.
    pub secret: String,
    /// The required value of the claim `iss`. If it is empty, every value is accepted.
    pub issuer: String,
    /// The audience that the claim `aud` must contain. If this is empty, `aud` must contain the SDKAppID as a decimal
    /// number.
    pub audience: String,
    /// The name of the claim that contains the userID.
    pub user_claim: String,
    /// The tolerance for `exp` and `nbf` in seconds. The clocks of the issuer and the server may differ.
    pub leeway_s: u16,
}

impl Default for JwtSettings {
    fn default() -> Self {
        Self {
            jwks_url: String::new(),
            jwks_file: String::new(),
            keys: String::new(),
            secret: String::new(),
            issuer: String::new(),
            audience: String::new(),
            user_claim: "sub".to_owned(),
            leeway_s: 30,
        }
    }
}

impl JwtSettings {
    /// Whether the app accepts JWTs. It does if it has at least one source of keys.
    pub fn is_on(&self) -> bool {
        let Self { jwks_url, jwks_file, keys, secret, .. } = self;
        [jwks_url, jwks_file, keys, secret].iter().any(|source| !source.is_empty())
    }

    /// Whether `audience` is the audience that the claim `aud` must contain.
    pub fn is_audience(&self, app: AppId, audience: &str) -> bool {
        match self.audience.as_str() {
            "" => audience == app.0.to_string(),
            set => audience == set,
        }
    }

    /// The sources of keys that the server has to read repeatedly.
    pub fn sources(&self) -> impl Iterator<Item = KeySource> {
        let url = (!self.jwks_url.is_empty()).then(|| KeySource::Url(self.jwks_url.clone()));
        let file = (!self.jwks_file.is_empty()).then(|| KeySource::File(self.jwks_file.clone()));
        url.into_iter().chain(file)
    }
}

/// A source of keys that the server has to read repeatedly.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum KeySource {
    /// A JWKS at this address.
    Url(String),
    /// The file with this name in the folder `jwks` of the data folder.
    File(String),
}

/// Whether a text may be the name of a key file. Such a name has no path, so that it cannot refer to another folder.
pub fn is_key_file_name(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !text.starts_with('.') && (1..=100).contains(&text.len()) && text.bytes().all(is_plain)
}

impl fmt::Debug for JwtSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtSettings")
            .field("jwks_url", &self.jwks_url)
            .field("jwks_file", &self.jwks_file)
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("user_claim", &self.user_claim)
            .field("leeway_s", &self.leeway_s)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_audience_is_the_app_where_none_is_set() {
        let table =
            [("", "7", true), ("", "8", false), ("", "", false), ("api", "api", true), ("api", "7", false)];
        for (set, given, expected) in table {
            let settings = JwtSettings { audience: set.to_owned(), ..JwtSettings::default() };
            assert_eq!(settings.is_audience(AppId(7), given), expected, "{set:?} {given:?}");
        }
    }

    #[test]
    fn the_name_of_a_key_file_leads_nowhere_else() {
        for (name, expected) in [
            ("jwks.json", true),
            ("a_b-C.9", true),
            ("", false),
            (".", false),
            ("..", false),
            (".hidden", false),
            ("a/b", false),
            ("../facts.db", false),
            ("/etc/passwd", false),
            ("a\\b", false),
            ("a b", false),
            ("é", false),
        ] {
            assert_eq!(is_key_file_name(name), expected, "{name:?}");
        }
        assert!(!is_key_file_name(&"a".repeat(101)));
    }

    #[test]
    fn no_secret_is_shown_by_debug() {
        let settings = JwtSettings { secret: "hush".into(), keys: "hush".into(), ..JwtSettings::default() };
        assert!(!format!("{settings:?}").contains("hush"));
        assert!(settings.is_on() && !JwtSettings::default().is_on());
    }
}
