//! The tokens that open a login: UserSig, by which an app's backend vouches for a user (the public TLSSigAPIv2 scheme),
//! and JWT, by which an identity provider does. And the signature by which we vouch for what a webhook is told.
//!
//! This crate knows how a token is made and what makes one good. It knows no clock, no randomness and no
//! store: the present, the bytes of a new key and the app with its keys are arguments. It does not know
//! what a login is; whether a good token has been revoked is decided by who keeps that fact.

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
