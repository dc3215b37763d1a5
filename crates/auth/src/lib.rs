//! The tokens of a login: a UserSig, which the backend of an app signs (the public TLSSigAPIv2 scheme), or a JWT, which
//! an identity provider signs. Also the signature of the requests to webhooks.
//!
//! This crate makes and verifies tokens. It has no clock, no random numbers and no store. The current time, the random
//! bytes of a new key, and the app with its keys are arguments. The code that stores the logins checks whether a valid
//! token was revoked.

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
