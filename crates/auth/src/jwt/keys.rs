//! The keys that verify JWTs: from a JWKS (RFC 7517), from public keys in PEM, or from a secret.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use lamplight_model::{JwtSettings, MIN_JWT_SECRET_BYTES};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt;

/// The maximum number of keys in one set. Identity providers usually publish two or three.
pub const MAX_KEYS: usize = 32;

/// A set of keys that verify JWTs.
#[derive(Clone, Default)]
pub struct JwtKeySet {
    keys: Vec<JwtKey>,
}

/// A key that verifies the signatures of one algorithm.
#[derive(Clone)]
pub(super) struct JwtKey {
    pub(super) kid: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
    /// A number that identifies the key, or the source that the key was read from; see [`JwtKeySet::has`].
    pub(super) mark: u32,
}

/// The reason why a text has no valid keys.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvalidKeys {
    /// The text is neither a JWKS nor PEM.
    #[error("the text is neither a JWKS nor public keys as PEM")]
    Unreadable,
    /// A block of the PEM is not a public key of a supported kind. The first block has the number 1.
    #[error("block {0} of the PEM is not a public RSA, P-256 or Ed25519 key (BEGIN PUBLIC KEY)")]
    Block(usize),
    /// The text contains a private key.
    #[error(
        "this is a private key, which a server that only verifies tokens must not have; give the public key instead"
    )]
    Private,
    /// No key of a JWKS can be used. All keys were skipped, and the value is their number.
    #[error("none of the keys of the JWKS is a public key for RS256, ES256 or EdDSA; skipped: {0}")]
    NoneUsable(usize),
    /// The set has more than [`MAX_KEYS`] keys.
    #[error("there are more than {MAX_KEYS} keys")]
    TooMany,
    /// The secret has fewer than [`MIN_JWT_SECRET_BYTES`] bytes.
    #[error("a secret must have at least {MIN_JWT_SECRET_BYTES} bytes")]
    ShortSecret,
    /// A public key, a private key or a certificate was given as the secret.
    #[error("this is a public key, a private key or a certificate, not a secret for HS256")]
    NoSecret,
}

impl JwtKeySet {
    /// Reads a JWKS, or public keys in PEM. Skips unsupported keys of a JWKS. Also skips symmetric keys, because a
    /// published key is not secret.
    pub fn read(text: &str) -> Result<Self, InvalidKeys> {
        let text = text.trim();
        if text.contains("PRIVATE KEY-----") {
            return Err(InvalidKeys::Private);
        }
        let keys = if text.starts_with('{') {
            #[derive(Deserialize)]
            struct Set {
                keys: Vec<Value>,
            }
            let set: Set = serde_json::from_str(text).map_err(|_| InvalidKeys::Unreadable)?;
            if set.keys.iter().any(|key| key.get("d").is_some()) {
                return Err(InvalidKeys::Private);
            }
            let count = set.keys.len();
            // A key that the library cannot read is skipped, so that the other keys of the set can still be used.
            let keys: Vec<_> = set.keys.into_iter().filter_map(|key| of_jwk(key).ok().flatten()).collect();
            if keys.is_empty() {
                return Err(InvalidKeys::NoneUsable(count));
            }
            keys
        } else {
            of_pem(text)?
        };
        if keys.len() > MAX_KEYS {
            return Err(InvalidKeys::TooMany);
        }
        Ok(Self { keys })
    }

    /// Reads the public keys and the secret in the settings of an app.
    pub fn of_settings(settings: &JwtSettings) -> Result<Self, InvalidKeys> {
        let mut set = if settings.keys.is_empty() { Self::default() } else { Self::read(&settings.keys)? };
        if !settings.secret.is_empty() {
            set.keys.push(of_secret(&settings.secret)?);
        }
        Ok(set)
    }

    /// Gives every key the same mark, which identifies the source of the keys. A login then stays valid even if its key
    /// is removed from the source. Identity providers remove keys with which they no longer sign.
    #[must_use]
    pub fn of_source(mut self, mark: u32) -> Self {
        self.keys.iter_mut().for_each(|key| key.mark = mark);
        self
    }

    /// Returns `true` if a key of the set has this mark, which identifies the key or its source. A verified token has
    /// the mark of its key in [`JwtClaims::key`](super::JwtClaims::key).
    pub fn has(&self, mark: u32) -> bool {
        self.keys.iter().any(|key| key.mark == mark)
    }

    /// Returns the number of keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Returns `true` if the set has no keys.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Computes the mark of a source, for [`JwtKeySet::of_source`], from a text that names the source.
    pub fn mark_of(text: &str) -> u32 {
        mark_of(text.as_bytes())
    }

    pub(super) fn keys(&self) -> &[JwtKey] {
        &self.keys
    }
}

impl fmt::Debug for JwtKeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| (&key.kid, key.algorithm))).finish()
    }
}

fn mark_of(bytes: &[u8]) -> u32 {
    let hash = Sha256::digest(bytes);
    u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
}

/// Parses a key of a JWKS. `None` if the key does not verify signatures of an accepted algorithm.
fn of_jwk(value: Value) -> Result<Option<JwtKey>, serde_json::Error> {
    let text = value.to_string();
    let jwk: Jwk = serde_json::from_value(value)?;
    let (algorithm, named) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        AlgorithmParameters::EllipticCurve(_)
        | AlgorithmParameters::OctetKeyPair(_)
        | AlgorithmParameters::OctetKey(_)
        | AlgorithmParameters::Other(_) => return Ok(None),
        // A kind of key that a newer version of the library may add.
        _ => return Ok(None),
    };
    let common = &jwk.common;
    let is_for_signatures = common.public_key_use.as_ref().is_none_or(|it| *it == PublicKeyUse::Signature)
        && common.key_operations.as_ref().is_none_or(|it| it.contains(&KeyOperations::Verify));
    if !is_for_signatures || common.key_algorithm.as_ref().is_some_and(|it| *it != named) {
        return Ok(None);
    }
    let key = DecodingKey::from_jwk(&jwk).ok().filter(|key| super::ring_provider::can_use(algorithm, key));
    let kid = common.key_id.clone();
    Ok(key.map(|key| JwtKey { kid, algorithm, key, mark: mark_of(text.as_bytes()) }))
}

fn of_pem(text: &str) -> Result<Vec<JwtKey>, InvalidKeys> {
    const BEGIN: &str = "-----BEGIN ";
    let (before, blocks) = text.split_at(text.find(BEGIN).ok_or(InvalidKeys::Unreadable)?);
    if !before.trim().is_empty() {
        return Err(InvalidKeys::Unreadable);
    }
    let blocks = blocks.split(BEGIN).skip(1).enumerate();
    let key = |(at, block): (usize, &str)| {
        let pem = format!("{BEGIN}{block}");
        type Read = fn(&[u8]) -> jsonwebtoken::errors::Result<DecodingKey>;
        let readers: [(Algorithm, Read); 3] = [
            (Algorithm::RS256, DecodingKey::from_rsa_pem),
            (Algorithm::ES256, DecodingKey::from_ec_pem),
            (Algorithm::EdDSA, DecodingKey::from_ed_pem),
        ];
        let read = readers.into_iter().find_map(|(algorithm, read)| {
            let key =
                read(pem.as_bytes()).ok().filter(|key| super::ring_provider::can_use(algorithm, key))?;
            Some(JwtKey { kid: None, algorithm, key, mark: mark_of(pem.trim().as_bytes()) })
        });
        read.ok_or(InvalidKeys::Block(at + 1))
    };
    blocks.map(key).collect()
}

fn of_secret(text: &str) -> Result<JwtKey, InvalidKeys> {
    if text.len() < MIN_JWT_SECRET_BYTES {
        return Err(InvalidKeys::ShortSecret);
    }
    // A public key or a certificate is not secret: if it were used as the secret, anybody could sign tokens.
    if text.contains("-----BEGIN") || text.trim_start().starts_with('{') {
        return Err(InvalidKeys::NoSecret);
    }
    let key = DecodingKey::from_secret(text.as_bytes()).map_err(|_| InvalidKeys::ShortSecret)?;
    Ok(JwtKey { kid: None, algorithm: Algorithm::HS256, key, mark: mark_of(text.as_bytes()) })
}
