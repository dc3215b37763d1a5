//! The tokens of a login, and the signature of the requests to webhooks. A token is a UserSig or a JWT. The backend of
//! an app signs a UserSig, with the public TLSSigAPIv2 scheme. An identity provider signs a JWT.
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
