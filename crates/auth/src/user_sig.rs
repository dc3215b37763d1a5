//! Makes and verifies UserSigs (SPEC section 5).
//!
//! A UserSig is a JSON document with claims and their HMAC-SHA256, deflated and written in base64 with a special
//! alphabet. Generators differ in the order of claims, white space, JSON escapes and compression. Compare claims and
//! not token texts: two valid tokens with the same claims may differ.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use hmac::{Hmac, Mac};
use lamplight_model::{App, AppId, AppKey, Code, Refusal, Timestamp, UserId};
use miniz_oxide::inflate::TINFLStatus as Status;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::cell::RefCell;
use std::io::Write;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// The longest token that is parsed, in bytes of its text. A longer token is refused as unreadable.
pub const MAX_TOKEN_BYTES: usize = 4 * 1024;

/// The largest JSON document to which a token may inflate, in bytes. A larger document is refused as unreadable.
pub const MAX_DOCUMENT_BYTES: usize = 8 * 1024;

/// The largest userbuf, in bytes, that always fits into a token. If the userbuf is larger, [`verify`] may refuse a
/// token of [`sign`] as too long.
pub const MAX_USERBUF_BYTES: usize = 1024;

/// The signed claims of a token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claims {
    /// `TLS.identifier`: the user who may log in with the token.
    pub user_id: UserId,
    /// `TLS.sdkappid`: the app that the user belongs to.
    pub app: AppId,
    /// `TLS.time`: the time when the token was made, in seconds since 1970-01-01 UTC. It comes from the clock of the
    /// backend that made the token.
    pub issued: u64,
    /// `TLS.expire`: the time for which the token is valid, in seconds from `issued`.
    pub expire: u64,
    /// `TLS.userbuf`: additional signed bytes, which Lamplight ignores; at most [`MAX_USERBUF_BYTES`]. An empty userbuf
    /// and `None` give different signatures.
    pub userbuf: Option<Vec<u8>>,
}

impl Claims {
    /// Returns the first time at which [`verify`] refuses the token as expired: `issued` plus `expire`. If the sum
    /// overflows, returns the largest [`Timestamp`].
    pub fn expires(&self) -> Timestamp {
        Timestamp(self.issued.saturating_add(self.expire).saturating_mul(1000))
    }
}

/// Makes a token. Backends should use the last key of [`App::keys`].
///
/// A token that is signed with an empty key is always refused.
pub fn sign(key: &AppKey, claims: &Claims) -> String {
    let document = Document {
        ver: VERSION.to_owned(),
        identifier: claims.user_id.as_str().to_owned(),
        sdkappid: claims.app.0.into(),
        expire: claims.expire,
        time: claims.issued,
        userbuf: claims.userbuf.as_ref().map(|bytes| STANDARD.encode(bytes)),
        sig: STANDARD.encode(mac(key, &signed_text(claims))),
    };
    let json = serde_json::to_vec(&document).expect("texts and whole numbers are always JSON");
    pack(&json, Compression::default())
}

/// Verifies a token, and checks that `user` of `app` may use it at `now`.
///
/// Every key of the app is tried, even after a match, and signatures are compared in constant time. The checks are made
/// in this order. The first failed check determines the code:
///
/// 1. [`Code::SIG_EMPTY`]: the token is empty.
/// 2. [`Code::SIG_UNREADABLE`]: the text is not a token of this scheme. The detail says at which step reading failed.
///    Examples: the text is over [`MAX_TOKEN_BYTES`]; the document is over [`MAX_DOCUMENT_BYTES`]; `TLS.ver` is another
///    version; a claim is missing or given twice; a number is written as a text; `TLS.sig` is not the base64 of 32
///    bytes.
/// 3. [`Code::SIG_OTHER_APP`]: the token was made for another app.
/// 4. [`Code::SIG_OTHER_USER`]: the token was made for another user.
/// 5. [`Code::SIG_WRONG`]: no key of the app made this signature.
/// 6. [`Code::SIG_EXPIRED`]: [`Claims::expires`] is not after `now`.
///
/// The refusals of steps 1–4 reveal nothing that is not in the token. A forged token already fails at step 5, so its
/// sender learns nothing about the clock of this server. A token with a future `TLS.time` is valid, because the clock
/// of a backend may be ahead.
pub fn verify(token: &str, app: &App, user: &UserId, now: Timestamp) -> Result<Claims, Refusal> {
    verify_by_key(token, app, user, now).map(|(claims, _)| claims)
}

/// Verifies a token as [`verify`] does, and also returns the id of the app's key that signed it.
pub fn verify_by_key(
    token: &str,
    app: &App,
    user: &UserId,
    now: Timestamp,
) -> Result<(Claims, u32), Refusal> {
    if token.is_empty() {
        return Err(Code::SIG_EMPTY.into());
    }
    let unreadable = |why| Refusal::because(Code::SIG_UNREADABLE, why);
    let document = unpack(token).and_then(|json| Document::read(&json)).map_err(unreadable)?;
    let userbuf = document.userbuf().map_err(unreadable)?;
    let signature = document.signature().map_err(unreadable)?;

    if document.sdkappid != u64::from(app.id.0) {
        return Err(Code::SIG_OTHER_APP.into());
    }
    if document.identifier != user.as_str() {
        return Err(Code::SIG_OTHER_USER.into());
    }
    let claims = Claims {
        user_id: user.clone(),
        app: app.id,
        issued: document.time,
        expire: document.expire,
        userbuf,
    };
    let text = signed_text(&claims);
    let (mut signed, mut by) = (Choice::from(0), 0);
    // An empty key is skipped, because anybody could sign with it.
    for key in app.keys.iter().filter(|key| !key.text.is_empty()) {
        let is_it = mac(key, &text).ct_eq(&signature);
        signed |= is_it;
        by.conditional_assign(&key.id, is_it);
    }
    if !bool::from(signed) {
        return Err(Code::SIG_WRONG.into());
    }
    if claims.expires() <= now {
        return Err(Code::SIG_EXPIRED.into());
    }
    Ok((claims, by))
}

/// The only version (`TLS.ver`) of UserSigs that exists.
const VERSION: &str = "2.0";

/// An HMAC-SHA256.
type Signature = [u8; 32];

/// The JSON document in a token. Other members are ignored, because the signature does not cover them.
#[derive(Serialize, Deserialize)]
struct Document {
    #[serde(rename = "TLS.ver")]
    ver: String,
    #[serde(rename = "TLS.identifier")]
    identifier: String,
    #[serde(rename = "TLS.sdkappid")]
    sdkappid: u64,
    #[serde(rename = "TLS.expire")]
    expire: u64,
    #[serde(rename = "TLS.time")]
    time: u64,
    #[serde(rename = "TLS.userbuf", skip_serializing_if = "Option::is_none")]
    userbuf: Option<String>,
    #[serde(rename = "TLS.sig")]
    sig: String,
}

impl Document {
    fn read(json: &[u8]) -> Result<Self, &'static str> {
        // serde would also accept a JSON array of the claims.
        if json.trim_ascii_start().first() != Some(&b'{') {
            return Err("not a JSON object");
        }
        let document: Self =
            serde_json::from_slice(json).map_err(|_| "not the JSON object of the claims of a UserSig")?;
        if document.ver != VERSION {
            return Err("TLS.ver is not 2.0");
        }
        Ok(document)
    }

    fn userbuf(&self) -> Result<Option<Vec<u8>>, &'static str> {
        // Base64 is decoded strictly, so that encoding the bytes again returns the text that was signed.
        let bytes = self.userbuf.as_ref().map(|text| STANDARD.decode(text));
        bytes.transpose().map_err(|_| "TLS.userbuf is not base64")
    }

    fn signature(&self) -> Result<Signature, &'static str> {
        let bytes = STANDARD.decode(&self.sig).ok();
        bytes.and_then(|bytes| bytes.try_into().ok()).ok_or("TLS.sig is not the base64 of 32 bytes")
    }
}

/// Returns the text that is signed.
fn signed_text(claims: &Claims) -> String {
    let Claims { user_id, app, issued, expire, userbuf } = claims;
    let mut text =
        format!("TLS.identifier:{user_id}\nTLS.sdkappid:{app}\nTLS.time:{issued}\nTLS.expire:{expire}\n");
    if let Some(bytes) = userbuf {
        text.push_str("TLS.userbuf:");
        STANDARD.encode_string(bytes, &mut text);
        text.push('\n');
    }
    text
}

/// Computes the signature of the signed text with a key.
fn mac(key: &AppKey, text: &str) -> Signature {
    let mac = Hmac::<Sha256>::new_from_slice(key.text.as_bytes()).expect("HMAC takes a key of any length");
    mac.chain_update(text).finalize().into_bytes().into()
}

/// Deflates a document, and encodes it in the base64 of tokens.
fn pack(json: &[u8], level: Compression) -> String {
    let mut zlib = ZlibEncoder::new(Vec::new(), level);
    let zlib = zlib.write_all(json).and_then(|()| zlib.finish()).expect("memory takes every write");
    STANDARD.encode(zlib).replace('+', "*").replace('/', "-").replace('=', "_")
}

/// Decodes and inflates a token: the reverse of [`pack`]. The document has at most [`MAX_DOCUMENT_BYTES`].
fn unpack(token: &str) -> Result<Vec<u8>, &'static str> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err("the text is too long");
    }
    let mut text = token.as_bytes().to_vec();
    for byte in &mut text {
        *byte = match *byte {
            b'*' => b'+',
            b'-' => b'/',
            b'_' => b'=',
            // These characters of standard base64 are not in the alphabet of tokens.
            b'+' | b'/' | b'=' => return Err("not the base64 of a UserSig"),
            other => other,
        };
    }
    let zlib = STANDARD.decode(text).map_err(|_| "not the base64 of a UserSig")?;

    thread_local! {
        // The tables of the decompressor have about 10 KB. Making them for each token would take longer than inflating
        // the token.
        static INFLATE: RefCell<(DecompressorOxide, Box<[u8]>)> =
            RefCell::new((DecompressorOxide::new(), vec![0; MAX_DOCUMENT_BYTES].into_boxed_slice()));
    }
    INFLATE.with_borrow_mut(|(inflate, json)| {
        inflate.init();
        // The document is the window, so the 32 KB that a stream needs are neither kept nor cleared for each token.
        let flags = inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER
            | inflate_flags::TINFL_FLAG_COMPUTE_ADLER32
            | inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        let (status, read, length) = decompress(inflate, &zlib, json, 0, flags);
        if status == Status::Done && read == zlib.len() {
            Ok(json[..length].to_vec())
        } else if status == Status::Done {
            Err("bytes after the end of the zlib stream")
        } else if status == Status::HasMoreOutput {
            Err("the document is too large")
        } else if status == Status::FailedCannotMakeProgress {
            Err("the zlib stream is cut short")
        } else {
            Err("not zlib")
        }
    })
}

#[cfg(test)]
mod tests;
