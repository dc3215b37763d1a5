//! Verifies a JWT that opens a login (SPEC section 5, "Tokens"; RFC 7519).
//!
//! The format and the choice of the verifier are those of the `jsonwebtoken` crate; the algorithms themselves are those
//! of `ring`, which TLS has brought along already. The rules are here: which key may verify a token, and what a token
//! must claim. The present is an argument, as everywhere in this crate.

mod keys;
mod ring_provider;

pub use keys::{InvalidKeys, JwtKeySet, MAX_KEYS};

use jsonwebtoken::{Algorithm, Header, Validation};
use keys::JwtKey;
use lamplight_model::{AppId, Code, JwtSettings, Refusal, Timestamp, UserId};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

/// The longest JWT that is looked at, in bytes of its text; a longer one is unreadable.
pub const MAX_JWT_BYTES: usize = 8 * 1024;

/// The longest `kid` that is looked for among the keys.
const MAX_KID_BYTES: usize = 256;

/// The claims of a good JWT that Lamplight uses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JwtClaims {
    /// `iat`: when the token was made, in seconds since 1970-01-01 UTC. 0 for a token that does not say it, so that a
    /// kick of its user refuses it for good.
    pub issued: u64,
    /// The first moment at which the token is no longer good: `exp` and the leeway.
    pub expires: Timestamp,
    /// Names the key that verified it, see [`JwtKeySet::has`].
    pub key: u32,
}

/// The reasons for which a JWT opens no login.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum JwtRefusal {
    /// The token is not good.
    Refused(Refusal),
    /// The token names a key (`kid`) that is not among these. It may be good with keys that are newer.
    UnknownKey,
}

impl JwtRefusal {
    /// The answer to the client.
    pub fn refusal(self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal,
            Self::UnknownKey => {
                Refusal::because(Code::SIG_WRONG, "no key of the app has the kid of this JWT")
            }
        }
    }
}

impl From<Refusal> for JwtRefusal {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Whether a token is a JWT, or else a UserSig: the alphabet of a UserSig has no full stop.
pub fn is_jwt(token: &str) -> bool {
    token.contains('.')
}

/// Reads a JWT and says whether `user` of `app` may log in with it at `now`, as [`verify`](crate::verify) does for a
/// UserSig.
///
/// The checks come in this order, and the first that fails is the answer:
///
/// 1. [`Code::SIG_UNREADABLE`]: the app accepts no JWTs, the text is longer than [`MAX_JWT_BYTES`] or not a JWT, or its
///    algorithm is none of HS256, RS256, ES256 and EdDSA; `exp` or the claim of the userID is missing.
/// 2. [`Code::SIG_OTHER_APP`]: `aud` does not name the audience of the app.
/// 3. [`Code::SIG_OTHER_USER`]: the claim of the userID is another one.
/// 4. [`Code::SIG_WRONG`]: `iss` is not the issuer of the app, or no key of the app made this signature; or
///    [`JwtRefusal::UnknownKey`], where it may have been made by a newer key.
/// 5. [`Code::SIG_EXPIRED`]: `now` is not between `nbf` and `exp`, each with the leeway.
///
/// A key verifies one algorithm only, and the secret alone verifies HS256: neither `alg: none` nor a public key that is
/// taken for an HMAC secret gets anywhere. A token from the future (`iat`) is good, as a UserSig is.
pub fn verify_jwt(
    token: &str,
    settings: &JwtSettings,
    keys: &[&JwtKeySet],
    app: AppId,
    user: &UserId,
    now: Timestamp,
) -> Result<JwtClaims, JwtRefusal> {
    let unreadable = |why: &str| Refusal::because(Code::SIG_UNREADABLE, why);
    if !settings.is_on() {
        return Err(unreadable("the app accepts UserSigs only, and this is a JWT").into());
    }
    if token.len() > MAX_JWT_BYTES {
        return Err(unreadable("the JWT is too long").into());
    }
    let (header, claims) = read(token).map_err(unreadable)?;

    let expires = time_of(&claims, "exp").map_err(unreadable)?;
    let expires = expires.ok_or_else(|| unreadable("the claim exp of the JWT is missing"))?;
    let not_before = time_of(&claims, "nbf").map_err(unreadable)?.unwrap_or_default();
    let issued = time_of(&claims, "iat").map_err(unreadable)?.unwrap_or_default();
    let Some(Value::String(claimed)) = claims.get(&settings.user_claim) else {
        return Err(unreadable("the claim of the userID is missing in the JWT, or is no text").into());
    };
    if !is_for(&claims, settings, app) {
        return Err(Refusal::because(Code::SIG_OTHER_APP, "the JWT is for another audience (aud)").into());
    }
    if claimed != user.as_str() {
        return Err(Refusal::from(Code::SIG_OTHER_USER).into());
    }
    if !settings.issuer.is_empty() && claims.get("iss").and_then(Value::as_str) != Some(&settings.issuer) {
        return Err(Refusal::because(Code::SIG_WRONG, "the JWT is of another issuer (iss)").into());
    }

    let key = signer(token, &header, keys)?;
    let leeway = u64::from(settings.leeway_s);
    let seconds = |seconds: u64| Timestamp(seconds.saturating_mul(1_000));
    let expires = seconds(expires.saturating_add(leeway));
    if expires <= now {
        return Err(Refusal::from(Code::SIG_EXPIRED).into());
    }
    if seconds(not_before.saturating_sub(leeway)) > now {
        return Err(Refusal::because(Code::SIG_EXPIRED, "the JWT is not good yet (nbf)").into());
    }
    Ok(JwtClaims { issued, expires, key: key.mark })
}

/// The header and the claims of a token whose signature has still to be verified.
fn read(token: &str) -> Result<(Header, Map<String, Value>), &'static str> {
    let not_a_jwt = "not a JWT that is signed with HS256, RS256, ES256 or EdDSA";
    // The library reads more forms of a token than the three parts of the compact one.
    if token.split('.').count() != 3 {
        return Err(not_a_jwt);
    }
    let read =
        jsonwebtoken::dangerous::insecure_decode::<Map<String, Value>>(token).map_err(|_| not_a_jwt)?;
    let header = read.header;
    if header.crit.is_some() {
        return Err("the JWT demands what is not understood here (crit)");
    }
    if header.kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID_BYTES) {
        return Err("the kid of the JWT is too long");
    }
    let is_accepted =
        matches!(header.alg, Algorithm::HS256 | Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA);
    if is_accepted { Ok((header, read.claims)) } else { Err(not_a_jwt) }
}

/// A time of RFC 7519: seconds since 1970-01-01 UTC, perhaps with a fraction, which is cut.
fn time_of(claims: &Map<String, Value>, name: &str) -> Result<Option<u64>, &'static str> {
    let invalid = "a time of the JWT is no number of seconds";
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => match (number.as_u64(), number.as_f64()) {
            (Some(seconds), _) => Ok(Some(seconds)),
            // A cast cuts the fraction, and keeps a number that is too large within the range.
            (None, Some(seconds)) if seconds >= 0.0 => Ok(Some(seconds as u64)),
            (None, _) => Err(invalid),
        },
        Some(Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => {
            Err(invalid)
        }
    }
}

/// Whether `aud`, a text or a list of them, names the audience of the app.
fn is_for(claims: &Map<String, Value>, settings: &JwtSettings, app: AppId) -> bool {
    let names = |value: &Value| value.as_str().is_some_and(|text| settings.is_audience(app, text));
    match claims.get("aud") {
        Some(Value::Array(list)) => list.iter().any(names),
        Some(value) => names(value),
        None => false,
    }
}

/// The key that made the signature of a token: of those for its algorithm, one that has its `kid`, or has none; for a
/// token without a `kid`, any.
fn signer<'a>(token: &str, header: &Header, keys: &[&'a JwtKeySet]) -> Result<&'a JwtKey, JwtRefusal> {
    let kid = header.kid.as_deref();
    let mut is_known = false;
    for key in keys.iter().flat_map(|set| set.keys()).filter(|key| key.algorithm == header.alg) {
        match (kid, key.kid.as_deref()) {
            (Some(wanted), Some(named)) if wanted != named => continue,
            (Some(_), Some(_)) => is_known = true,
            (Some(_), None) | (None, _) => {}
        }
        let mut validation = Validation::new(key.algorithm);
        // The claims are checked here, by the clock that is an argument.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        ring_provider::install();
        if jsonwebtoken::decode::<IgnoredAny>(token, &key.key, &validation).is_ok() {
            return Ok(key);
        }
    }
    // A token without a `kid` may be of a newer key, too, but everybody can make one: it has to wait for the renewal.
    match kid {
        Some(_) if !is_known && header.alg != Algorithm::HS256 => Err(JwtRefusal::UnknownKey),
        Some(_) | None => Err(Refusal::from(Code::SIG_WRONG).into()),
    }
}

#[cfg(test)]
mod tests;
