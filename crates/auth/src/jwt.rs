//! Verifies the JWT of a login (SPEC section 5, "Tokens"; RFC 7519).
//!
//! The `jsonwebtoken` crate parses the token and chooses the verifier. The algorithms come from `ring`, which TLS also
//! needs. This module decides which key may verify a token, and which claims a token must have. The current time is an
//! argument, as in the whole crate.

mod keys;
mod ring_provider;

pub use keys::{InvalidKeys, JwtKeySet, MAX_KEYS};

use jsonwebtoken::{Algorithm, Header, Validation};
use keys::JwtKey;
use lamplight_model::{AppId, Code, JwtSettings, Refusal, Timestamp, UserId};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

/// The longest JWT that is parsed, in bytes of its text. A longer JWT is refused as unreadable.
pub const MAX_JWT_BYTES: usize = 8 * 1024;

/// The longest `kid` that a token may have, in bytes.
const MAX_KID_BYTES: usize = 256;

/// The claims of a valid JWT that Lamplight uses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JwtClaims {
    /// The claim `iat`: the time when the token was issued, in seconds since 1970-01-01 UTC. It is 0 for a token
    /// without `iat`; every kick of the user then revokes the token.
    pub issued: u64,
    /// The first time at which the token is no longer valid: `exp` plus the leeway.
    pub expires: Timestamp,
    /// The mark of the key that verified the token. It identifies the key, or the source of the key; see
    /// [`JwtKeySet::has`].
    pub key: u32,
}

/// The reason why a JWT is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum JwtRefusal {
    /// The token is invalid.
    Refused(Refusal),
    /// The token names a key (`kid`) that none of the given key sets has. A newer version of a set may have it.
    UnknownKey,
}

impl JwtRefusal {
    /// Returns the refusal for the client.
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

/// Returns `true` if a token is a JWT, and `false` if it is a UserSig. A JWT has two full stops, and a UserSig has
/// none.
pub fn is_jwt(token: &str) -> bool {
    token.contains('.')
}

/// Verifies a JWT, and checks that `user` of `app` may log in with it at `now`. The counterpart for a UserSig is
/// [`verify`](crate::verify).
///
/// The checks are made in this order. The first failed check determines the code:
///
/// 1. [`Code::SIG_UNREADABLE`], in any of these cases: the app accepts no JWTs; the text is longer than
///    [`MAX_JWT_BYTES`] or not a JWT; the algorithm is none of HS256, RS256, ES256 and EdDSA; the header has `crit`, or
///    a `kid` of more than 256 bytes; `exp` or the claim with the userID is missing; a time is not a number.
/// 2. [`Code::SIG_OTHER_APP`]: `aud` does not name the audience of the app.
/// 3. [`Code::SIG_OTHER_USER`]: the claim with the userID names another user.
/// 4. [`Code::SIG_WRONG`]: `iss` is not the issuer of the app, or no key of the app made this signature. If a newer key
///    may have made it, the refusal is [`JwtRefusal::UnknownKey`] instead.
/// 5. [`Code::SIG_EXPIRED`]: `now` is not between `nbf` and `exp`, each with the leeway.
///
/// Each key verifies only one algorithm, and only the secret verifies HS256. A token with `alg: none` is therefore
/// refused. A token is also refused if its HMAC was made with a public key as the secret. A token with a future `iat`
/// is valid, as is a UserSig with a future `TLS.time`.
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
        return Err(unreadable("the claim of the JWT with the userID is missing, or is not a text").into());
    };
    if !is_for(&claims, settings, app) {
        return Err(Refusal::because(Code::SIG_OTHER_APP, "the JWT is for another audience (aud)").into());
    }
    if claimed != user.as_str() {
        return Err(Refusal::from(Code::SIG_OTHER_USER).into());
    }
    if !settings.issuer.is_empty() && claims.get("iss").and_then(Value::as_str) != Some(&settings.issuer) {
        return Err(Refusal::because(
            Code::SIG_WRONG,
            "the JWT has another issuer (iss) than the app accepts",
        )
        .into());
    }

    let key = signer(token, &header, keys)?;
    let leeway = u64::from(settings.leeway_s);
    let seconds = |seconds: u64| Timestamp(seconds.saturating_mul(1_000));
    let expires = seconds(expires.saturating_add(leeway));
    if expires <= now {
        return Err(Refusal::from(Code::SIG_EXPIRED).into());
    }
    if seconds(not_before.saturating_sub(leeway)) > now {
        return Err(Refusal::because(Code::SIG_EXPIRED, "the JWT is not valid yet (nbf)").into());
    }
    Ok(JwtClaims { issued, expires, key: key.mark })
}

/// Parses the header and the claims of a token. Does not verify the signature.
fn read(token: &str) -> Result<(Header, Map<String, Value>), &'static str> {
    let not_a_jwt = "not a JWT that is signed with HS256, RS256, ES256 or EdDSA";
    // The library would also accept serializations other than the compact one, which has three parts.
    if token.split('.').count() != 3 {
        return Err(not_a_jwt);
    }
    let read =
        jsonwebtoken::dangerous::insecure_decode::<Map<String, Value>>(token).map_err(|_| not_a_jwt)?;
    let header = read.header;
    if header.crit.is_some() {
        return Err("the JWT has critical extensions (crit), which are not supported");
    }
    if header.kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID_BYTES) {
        return Err("the kid of the JWT is too long");
    }
    let is_accepted =
        matches!(header.alg, Algorithm::HS256 | Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA);
    if is_accepted { Ok((header, read.claims)) } else { Err(not_a_jwt) }
}

/// Returns the value of a claim that is a time in the form of RFC 7519: whole seconds since 1970-01-01 UTC. Returns
/// `None` if the claim is absent.
fn time_of(claims: &Map<String, Value>, name: &str) -> Result<Option<u64>, &'static str> {
    let invalid = "a time in the JWT is not a number of seconds";
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => match (number.as_u64(), number.as_f64()) {
            (Some(seconds), _) => Ok(Some(seconds)),
            // The cast cuts off the fraction, and replaces a number that is too large with the largest `u64`.
            (None, Some(seconds)) if seconds >= 0.0 => Ok(Some(seconds as u64)),
            (None, _) => Err(invalid),
        },
        Some(Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => {
            Err(invalid)
        }
    }
}

/// Returns `true` if `aud`, a text or a list of texts, names the audience of the app.
fn is_for(claims: &Map<String, Value>, settings: &JwtSettings, app: AppId) -> bool {
    let names = |value: &Value| value.as_str().is_some_and(|text| settings.is_audience(app, text));
    match claims.get("aud") {
        Some(Value::Array(list)) => list.iter().any(names),
        Some(value) => names(value),
        None => false,
    }
}

/// Returns the key that verifies the signature of a token. Skips keys for another algorithm. If the token has a `kid`,
/// skips keys with another `kid` too.
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
        // The library does not check the claims. `verify_jwt` checks them with the time that is passed to it.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_aud = false;
        ring_provider::install();
        if jsonwebtoken::decode::<IgnoredAny>(token, &key.key, &validation).is_ok() {
            return Ok(key);
        }
    }
    // A token without a `kid` may be signed with a key that is not in the set yet. However, anybody can make such a
    // token, so it must not cause an early read of the keys.
    match kid {
        Some(_) if !is_known && header.alg != Algorithm::HS256 => Err(JwtRefusal::UnknownKey),
        Some(_) | None => {
            let text = if keys.iter().all(|set| set.keys().is_empty()) {
                "the app has no key for JWTs"
            } else {
                "no key of the app made the signature of this JWT"
            };
            Err(Refusal::because(Code::SIG_WRONG, text).into())
        }
    }
}

#[cfg(test)]
mod tests;
