//! The tokens that open a login: a UserSig, signed by the backend of an app (the public TLSSigAPIv2 scheme), or a JWT,
//! signed by an identity provider. Also the signature of the requests that Lamplight sends to webhooks.
//!
//! This crate makes and verifies tokens. It has no clock, no randomness and no store: the current time, the random
//! bytes of a new key and the app with its keys are arguments. Whether a valid token has been revoked is checked
//! elsewhere, by the code that keeps the logins.

mod jwt;
mod key;
mod user_sig;
mod webhook_sign;

pub use jwt::{InvalidKeys, JwtClaims, JwtKeySet, JwtRefusal, MAX_JWT_BYTES, MAX_KEYS, is_jwt, verify_jwt};
pub use key::generate_key;
pub use user_sig::{
    Claims, MAX_DOCUMENT_BYTES, MAX_TOKEN_BYTES, MAX_USERBUF_BYTES, sign, verify, verify_by_key,
};
pub use webhook_sign::webhook_sign;
