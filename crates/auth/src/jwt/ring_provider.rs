//! Verifies signatures for `jsonwebtoken`, with the algorithms of `ring`. It cannot sign.
//!
//! The two providers of `jsonwebtoken` itself are not used. The first builds a second C library beside `ring`. The RSA
//! implementation of the second has a known timing side channel.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind, new_error};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind};
use ring::{hmac, signature as ring_signature};
use signature::Verifier;
use std::sync::Once;

/// The shortest modulus of an RSA key, in bytes: 2,048 bits.
const MIN_RSA_BYTES: usize = 256;

/// The longest modulus of an RSA key, in bytes. Verifying with a longer modulus would take too much time.
const MAX_RSA_BYTES: usize = 1_024;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(new_error(ErrorKind::UnsupportedAlgorithm)),
    verifier_factory: |algorithm, key| Ok(Box::new(RingVerifier::new(*algorithm, key)?)),
    key_utils: KeyUtils::new_unimplemented(),
};

/// Installs this module as the provider of `jsonwebtoken` in this process. Does nothing if a provider is already
/// installed.
pub(super) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = PROVIDER.install_default();
    });
}

/// Returns `true` if a key can verify signatures of this algorithm.
pub(super) fn can_use(algorithm: Algorithm, key: &DecodingKey) -> bool {
    RingVerifier::new(algorithm, key).is_ok()
}

struct RingVerifier {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl RingVerifier {
    fn new(algorithm: Algorithm, key: &DecodingKey) -> Result<Self, Error> {
        let invalid = || new_error(ErrorKind::InvalidKeyFormat);
        let is_usable = match (algorithm, key.family(), key.kind()) {
            (Algorithm::HS256, AlgorithmFamily::Hmac, DecodingKeyKind::SecretOrDer(secret)) => {
                !secret.is_empty()
            }
            (Algorithm::ES256, AlgorithmFamily::Ec, DecodingKeyKind::SecretOrDer(point)) => {
                // An uncompressed point of P-256 has 65 bytes, and the first one is 4.
                point.len() == 65 && point[0] == 4
            }
            (Algorithm::EdDSA, AlgorithmFamily::Ed, DecodingKeyKind::SecretOrDer(point)) => point.len() == 32,
            (Algorithm::RS256, AlgorithmFamily::Rsa, DecodingKeyKind::RsaModulusExponent { n, .. }) => {
                is_rsa_length(n.iter().skip_while(|byte| **byte == 0).count())
            }
            // The DER encoding of RFC 8017 adds about 14 bytes to the modulus.
            (Algorithm::RS256, AlgorithmFamily::Rsa, DecodingKeyKind::SecretOrDer(der)) => {
                is_rsa_length(der.len().saturating_sub(14))
            }
            _ => return Err(invalid()),
        };
        if is_usable { Ok(Self { algorithm, key: key.clone() }) } else { Err(invalid()) }
    }
}

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let rsa = &ring_signature::RSA_PKCS1_2048_8192_SHA256;
        let verified = match (self.algorithm, self.key.kind()) {
            (Algorithm::HS256, DecodingKeyKind::SecretOrDer(secret)) => {
                hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret), message, signature)
            }
            (Algorithm::ES256, DecodingKeyKind::SecretOrDer(point)) => {
                ring_signature::UnparsedPublicKey::new(&ring_signature::ECDSA_P256_SHA256_FIXED, point)
                    .verify(message, signature)
            }
            (Algorithm::EdDSA, DecodingKeyKind::SecretOrDer(point)) => {
                ring_signature::UnparsedPublicKey::new(&ring_signature::ED25519, point)
                    .verify(message, signature)
            }
            (Algorithm::RS256, DecodingKeyKind::SecretOrDer(der)) => {
                ring_signature::UnparsedPublicKey::new(rsa, der).verify(message, signature)
            }
            (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => {
                ring_signature::RsaPublicKeyComponents { n: without_zeros(n), e: without_zeros(e) }
                    .verify(rsa, message, signature)
            }
            _ => return Err(signature::Error::new()),
        };
        verified.map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

/// Removes leading zeros: some identity providers write them, but `ring` does not accept them.
fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

/// Returns `true` if the modulus of an RSA key may have this many bytes.
fn is_rsa_length(bytes: usize) -> bool {
    (MIN_RSA_BYTES..=MAX_RSA_BYTES).contains(&bytes)
}
