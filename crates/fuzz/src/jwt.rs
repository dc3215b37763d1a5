//! The target for JWTs and the keys that verify them. A token without a valid signature must be refused. The claims of
//! a valid token must be read correctly.
//!
//! The input is a byte and a text. The byte selects the kind of the text: a token, a header and claims to be signed
//! with the secret, or keys.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use lamplight_auth::{JwtClaims, JwtKeySet, JwtRefusal, MAX_JWT_BYTES, MAX_KEYS, is_jwt, verify_jwt};
use lamplight_model::{AppId, Code, JwtSettings, Timestamp, UserId};
use serde_json::Value;
use sha2::Sha256;

/// The time in seconds at which the tokens are verified.
const NOW: u64 = 1_700_000_100;
/// The secret of `tests/jwt/vectors.json`.
const SECRET: &str = "a secret of at least 32 bytes, for tests";
/// The test vectors, with a key for each algorithm.
const KEYS: &str = include_str!("../../../tests/jwt/vectors.json");

/// Runs one input.
pub fn run(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    match kind % 3 {
        0 => {
            if let Ok(token) = std::str::from_utf8(rest) {
                look_at(token);
            }
        }
        1 => signed(rest),
        _ => {
            if let Ok(text) = std::str::from_utf8(rest) {
                keys(text);
            }
        }
    }
}

/// Checks that a token is refused with a code about tokens, or is valid for one user until it expires. Returns the
/// claims of a valid token.
fn look_at(token: &str) -> Option<JwtClaims> {
    match verify_for("alice_01", token) {
        Err(JwtRefusal::UnknownKey) => None,
        Err(JwtRefusal::Refused(refusal)) => {
            let codes = [
                Code::SIG_UNREADABLE,
                Code::SIG_OTHER_APP,
                Code::SIG_OTHER_USER,
                Code::SIG_WRONG,
                Code::SIG_EXPIRED,
            ];
            assert!(codes.contains(&refusal.code), "{refusal}");
            None
        }
        Ok(claims) => {
            assert!(is_jwt(token) && token.len() <= MAX_JWT_BYTES);
            assert!(claims.expires > Timestamp(NOW * 1_000));
            assert!(verify_for("bob", token).is_err(), "good for two users");
            Some(claims)
        }
    }
}

/// Signs a header and claims, separated by a line feed. Checks that the token is valid with HS256 for Alice, and not
/// with a changed signature.
fn signed(data: &[u8]) {
    let Some(at) = data.iter().position(|byte| *byte == b'\n') else { return };
    let (header, claims) = (&data[..at], &data[at + 1..]);
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("HMAC takes a key of any length");
    let mut signature = mac.chain_update(&text).finalize().into_bytes().to_vec();
    let token = format!("{text}.{}", URL_SAFE_NO_PAD.encode(&signature));
    if look_at(&token).is_some() {
        let header: Value = serde_json::from_slice(header).expect("an accepted header is JSON");
        let claims: Value = serde_json::from_slice(claims).expect("accepted claims are JSON");
        assert_eq!((&header["alg"], &claims["sub"]), (&"HS256".into(), &"alice_01".into()));
        assert!(claims["exp"].as_f64().expect("a number") > 0.0);
    }
    signature[0] ^= 1;
    assert_eq!(look_at(&format!("{text}.{}", URL_SAFE_NO_PAD.encode(&signature))), None);
}

/// Checks that a text of keys is refused, or has at most the maximum number of keys. Public keys must never be accepted
/// as a secret.
fn keys(text: &str) {
    if let Ok(set) = JwtKeySet::read(text) {
        assert!((1..=MAX_KEYS).contains(&set.len()));
        let settings = JwtSettings { secret: text.trim().to_owned(), ..JwtSettings::default() };
        assert!(JwtKeySet::of_settings(&settings).is_err(), "public keys are taken for a secret");
    }
}

fn verify_for(user: &str, token: &str) -> Result<JwtClaims, JwtRefusal> {
    let vectors: Value = serde_json::from_str(KEYS).expect("the vectors are JSON");
    let settings = JwtSettings {
        keys: vectors["jwks"].to_string(),
        secret: SECRET.to_owned(),
        ..JwtSettings::default()
    };
    let keys = JwtKeySet::of_settings(&settings).expect("the keys of the vectors are valid");
    let user = UserId::new(user).expect("printable");
    verify_jwt(token, &settings, &[&keys], AppId(1_400_000_001), &user, Timestamp(NOW * 1_000))
}
