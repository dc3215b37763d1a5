//! Makes and verifies UserSigs (SPEC section 5).
//!
//! A UserSig is a JSON document with the claims and their HMAC-SHA256, which is deflated and then written in base64
//! with a special alphabet. Generators differ in the order of the claims, in white space, in JSON escapes and in the
//! compression level (the public Go generator does not compress at all). Two valid tokens with the same claims can
//! therefore differ as text, so compare claims, never token texts.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::write::ZlibEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};
use hmac::{Hmac, Mac};
use lamplight_model::{App, AppId, AppKey, Code, Refusal, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::cell::RefCell;
use std::io::Write;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// The longest token that is parsed, in bytes of its text. A longer one is refused as unreadable.
pub const MAX_TOKEN_BYTES: usize = 4 * 1024;

/// The largest JSON document that a token may inflate to, in bytes. A larger one is refused as unreadable.
pub const MAX_DOCUMENT_BYTES: usize = 8 * 1024;

/// The largest userbuf, in bytes, that fits into a token for any content. With a larger one, [`sign`] may make a token
/// that [`verify`] refuses as too long.
pub const MAX_USERBUF_BYTES: usize = 1024;

/// The signed claims of a token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claims {
    /// `TLS.identifier`: the user who may log in with the token.
    pub user_id: UserId,
    /// `TLS.sdkappid`: the app that the user belongs to.
    pub app: AppId,
    /// `TLS.time`: the time when the token was made, in seconds since 1970-01-01 UTC, by the clock of the backend that
    /// made it.
    pub issued: u64,
    /// `TLS.expire`: the time for which the token is valid, in seconds from `issued`.
    pub expire: u64,
    /// `TLS.userbuf`: additional signed bytes, which Lamplight ignores; at most [`MAX_USERBUF_BYTES`]. The signature of
    /// an empty userbuf differs from that of `None`.
    pub userbuf: Option<Vec<u8>>,
}

impl Claims {
    /// Returns the time from which [`verify`] refuses the token as expired. If the sum overflows, returns the largest
    /// [`Timestamp`].
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
        sig: STANDARD.encode(mac(key, claims)),
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
/// 2. [`Code::SIG_UNREADABLE`]: the text is not a token of this scheme; the detail says at which step reading failed.
///    This includes a text over [`MAX_TOKEN_BYTES`], a document over [`MAX_DOCUMENT_BYTES`], another `TLS.ver`, a claim
///    that is missing, given twice or of the wrong JSON type (every public generator writes numbers as numbers), and
///    a `TLS.sig` that is not the base64 of 32 bytes.
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
    let (mut signed, mut by) = (Choice::from(0), 0);
    // An empty key is skipped, because anybody could sign with it.
    for key in app.keys.iter().filter(|key| !key.text.is_empty()) {
        let is_it = mac(key, &claims).ct_eq(&signature);
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

/// The only `TLS.ver` that exists.
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

/// Computes the signature of the claims with a key.
fn mac(key: &AppKey, claims: &Claims) -> Signature {
    let Claims { user_id, app, issued, expire, userbuf } = claims;
    let mut text =
        format!("TLS.identifier:{user_id}\nTLS.sdkappid:{app}\nTLS.time:{issued}\nTLS.expire:{expire}\n");
    if let Some(bytes) = userbuf {
        text.push_str("TLS.userbuf:");
        STANDARD.encode_string(bytes, &mut text);
        text.push('\n');
    }
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
        // The state of the decompressor has about 50 KB. Allocating it for each token would take longer than inflating
        // the token.
        static INFLATE: RefCell<(Decompress, Box<[u8]>)> =
            RefCell::new((Decompress::new(true), vec![0; MAX_DOCUMENT_BYTES].into_boxed_slice()));
    }
    INFLATE.with_borrow_mut(|(inflate, json)| {
        inflate.reset(true);
        let status = inflate.decompress(&zlib, json, FlushDecompress::Finish).map_err(|_| "not zlib")?;
        let length = inflate.total_out() as usize;
        match status {
            Status::StreamEnd if inflate.total_in() == zlib.len() as u64 => Ok(json[..length].to_vec()),
            Status::StreamEnd => Err("bytes after the end of the zlib stream"),
            Status::Ok | Status::BufError if length == json.len() => Err("the document is too large"),
            Status::Ok | Status::BufError => Err("the zlib stream is cut short"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const ISSUED: u64 = 1_700_000_000;
    const EXPIRE: u64 = 604_800;
    /// A time at which the vectors are valid.
    const NOW: Timestamp = Timestamp((ISSUED + 1) * 1000);

    /// The test vector of the SPEC (section 5), compressed by Python's zlib 1.2.13.
    const PYTHON: &str = concat!(
        "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkEnMyk1PjDQxhssUp2YkFBZkpQDlDEwMIMITKpVYUZBalAmXMDEws",
        "DAygoiWZuSAxQ3Ooaph4cWY6yIISk9Jyz3QzPwNjY4NyJycnj6qCQv8K74iCYFcn-wLXPLe0KkMn7YhK78RIW6VaAKexMrM_"
    );
    /// The same vector, compressed by Node 20.
    const NODE: &str = concat!(
        "eJw1ycEKgkAUheF3udtC7uRgMdBmwCiMXNjCVjHkVS6VTDqlGb174NjZne--wHGfBS9qQMEiQJiPnwuqHZc8srnxhc4optYW",
        "V2MtF6CERD-hi*M7gRLLSdEr9ZYbAhWhXP2t5QoUOPnsdlV0wDDETmu9Hewj7ZPcZrFObVxvykHoWf5OzGkN3x8uVzFT"
    );

    fn key(id: u32, text: &str) -> AppKey {
        AppKey { id, text: text.to_owned() }
    }

    fn app(keys: &[&str]) -> App {
        App {
            id: AppId(1_400_000_001),
            keys: keys.iter().zip(1..).map(|(text, id)| key(id, text)).collect(),
            admins: Vec::new(),
            settings: Default::default(),
        }
    }

    fn alice() -> UserId {
        UserId::new("alice_01").unwrap()
    }

    fn claims() -> Claims {
        Claims { user_id: alice(), app: AppId(1_400_000_001), issued: ISSUED, expire: EXPIRE, userbuf: None }
    }

    /// The document of the vector, of which tests change a part.
    fn document() -> Value {
        json!({
            "TLS.ver": "2.0",
            "TLS.identifier": "alice_01",
            "TLS.sdkappid": 1_400_000_001,
            "TLS.expire": EXPIRE,
            "TLS.time": ISSUED,
            "TLS.sig": "t4uwIg6N0330wBBBHzpqOxKXpSEBOpEnFfz1B+XyKaY=",
        })
    }

    fn token(document: &Value) -> String {
        pack(document.to_string().as_bytes(), Compression::default())
    }

    /// Returns the outcome of a token for alice, at a time when the vectors are valid.
    fn answer(token: &str) -> Result<Claims, Code> {
        verify(token, &app(&[KEY]), &alice(), NOW).map_err(|refusal| refusal.code)
    }

    #[test]
    fn the_signatures_of_the_spec() {
        let with = |userbuf: Option<&[u8]>| {
            let claims = Claims { userbuf: userbuf.map(<[u8]>::to_vec), ..claims() };
            STANDARD.encode(mac(&key(1, KEY), &claims))
        };
        assert_eq!(with(None), "t4uwIg6N0330wBBBHzpqOxKXpSEBOpEnFfz1B+XyKaY=");
        assert_eq!(with(Some(b"abc")), "fSIXhmcptd8sLRVceIz+wOaMBDX+UEOe9Kxkf4HB8KA=");
    }

    #[test]
    fn the_tokens_of_the_facts_are_good_though_their_texts_differ() {
        let ours = sign(&key(1, KEY), &claims());
        for token in [PYTHON, NODE, &ours] {
            assert_eq!(answer(token), Ok(claims()));
        }
        assert_ne!(PYTHON, NODE);
        let json: Value = serde_json::from_slice(&unpack(&ours).unwrap()).unwrap();
        assert_eq!(json, document());
    }

    #[test]
    fn a_token_that_is_stored_and_written_by_the_go_generator_is_good() {
        // The Go generator does not compress, escapes the characters of HTML, and ends its JSON with a line break.
        let user = UserId::new("<a&b>").unwrap();
        let claims = Claims { user_id: user.clone(), ..claims() };
        let sig = STANDARD.encode(mac(&key(1, KEY), &claims));
        let json = format!(
            "{{\"TLS.ver\":\"2.0\",\"TLS.identifier\":\"\\u003ca\\u0026b\\u003e\",\"TLS.sdkappid\":1400000001,\
             \"TLS.expire\":604800,\"TLS.time\":1700000000,\"TLS.sig\":\"{sig}\"}}\n"
        );
        let token = pack(json.as_bytes(), Compression::none());
        assert_eq!(verify(&token, &app(&[KEY]), &user, NOW), Ok(claims));
    }

    #[test]
    fn every_key_of_the_app_verifies() {
        let keys = ["first", "second", "third"];
        for signer in keys {
            let token = sign(&key(9, signer), &claims());
            let answer = |keys: &[&str]| verify(&token, &app(keys), &alice(), NOW).map_err(|r| r.code);
            assert_eq!(answer(&keys), Ok(claims()));
            let others: Vec<&str> = keys.into_iter().filter(|key| *key != signer).collect();
            assert_eq!(answer(&others), Err(Code::SIG_WRONG));
            assert_eq!(answer(&[]), Err(Code::SIG_WRONG));
        }
    }

    #[test]
    fn nobody_gets_in_by_an_empty_key() {
        let token = sign(&key(1, ""), &claims());
        let refusal = verify(&token, &app(&["", KEY]), &alice(), NOW).unwrap_err();
        assert_eq!(refusal.code, Code::SIG_WRONG);
    }

    #[test]
    fn what_cannot_be_read_says_where_reading_stopped() {
        let spoilt = |name: &str, value: Value| {
            let mut document = document();
            document[name] = value;
            token(&document)
        };
        let without = |name: &str| {
            let mut document = document();
            document.as_object_mut().unwrap().remove(name);
            token(&document)
        };
        let raw = |json: &str| pack(json.as_bytes(), Compression::default());
        let zlib = |token: &str| {
            STANDARD.decode(token.replace('*', "+").replace('-', "/").replace('_', "=")).unwrap()
        };
        let base64 =
            |zlib: &[u8]| STANDARD.encode(zlib).replace('+', "*").replace('/', "-").replace('=', "_");
        let good = zlib(PYTHON);
        let cases: Vec<(&str, String)> = vec![
            ("the text is too long", "A".repeat(MAX_TOKEN_BYTES + 1)),
            ("not the base64 of a UserSig", " ".into()),
            ("not the base64 of a UserSig", "灯".into()),
            ("not the base64 of a UserSig", "A".into()),
            ("not the base64 of a UserSig", format!("{PYTHON} ")),
            ("not the base64 of a UserSig", PYTHON.replace('-', "/")),
            ("not the base64 of a UserSig", PYTHON.replace('_', "=")),
            ("not the base64 of a UserSig", PYTHON.trim_end_matches('_').into()),
            ("not zlib", "AAAA".into()),
            ("not zlib", base64(&[&good[..good.len() - 1], b"?"].concat())),
            ("the zlib stream is cut short", base64(&good[..good.len() - 1])),
            ("bytes after the end of the zlib stream", base64(&[&good[..], b"?"].concat())),
            ("the document is too large", raw(&" ".repeat(MAX_DOCUMENT_BYTES + 1))),
            ("not a JSON object", raw("")),
            ("not a JSON object", raw("null")),
            ("not a JSON object", raw(r#"["2.0","alice_01",1400000001,604800,1700000000,null,""]"#)),
            ("not the JSON", raw("{}")),
            ("not the JSON", raw(&format!("{},", document()))),
            ("not the JSON", raw(&document().to_string().replacen('{', r#"{"TLS.time":1,"#, 1))),
            ("not the JSON", raw(&format!("{{\"deep\":{}", "[".repeat(5000)))),
            ("not the JSON", without("TLS.ver")),
            ("not the JSON", without("TLS.identifier")),
            ("not the JSON", without("TLS.sdkappid")),
            ("not the JSON", without("TLS.expire")),
            ("not the JSON", without("TLS.time")),
            ("not the JSON", without("TLS.sig")),
            ("not the JSON", spoilt("TLS.sdkappid", json!("1400000001"))),
            ("not the JSON", spoilt("TLS.expire", json!("604800"))),
            ("not the JSON", spoilt("TLS.expire", json!(-1))),
            ("not the JSON", spoilt("TLS.expire", json!(604800.0))),
            ("not the JSON", spoilt("TLS.time", json!(1e30))),
            ("not the JSON", spoilt("TLS.identifier", json!(1))),
            ("not the JSON", spoilt("TLS.userbuf", json!(1))),
            ("TLS.ver is not 2.0", spoilt("TLS.ver", json!("1.0"))),
            ("TLS.userbuf is not base64", spoilt("TLS.userbuf", json!("YWJ"))),
            ("TLS.userbuf is not base64", spoilt("TLS.userbuf", json!("YWJj\n"))),
            ("TLS.sig is not the base64 of 32 bytes", spoilt("TLS.sig", json!(""))),
            ("TLS.sig is not the base64 of 32 bytes", spoilt("TLS.sig", json!("YWJj"))),
            ("TLS.sig is not the base64 of 32 bytes", spoilt("TLS.sig", json!("*"))),
        ];
        for (why, token) in cases {
            let refusal = verify(&token, &app(&[KEY]), &alice(), NOW).unwrap_err();
            assert_eq!(refusal.code, Code::SIG_UNREADABLE, "{token}");
            assert!(refusal.detail.starts_with(why), "{} for {token}", refusal.detail);
            assert_eq!(answer(PYTHON), Ok(claims()), "after {token}");
        }
    }

    #[test]
    fn a_document_of_exactly_the_bound_is_read() {
        let mut json = document().to_string();
        json.push_str(&" ".repeat(MAX_DOCUMENT_BYTES - json.len()));
        assert_eq!(answer(&pack(json.as_bytes(), Compression::default())), Ok(claims()));
    }

    #[test]
    fn a_bomb_is_refused_within_the_bound() {
        let bomb = pack(&vec![b' '; 2_500_000], Compression::best());
        assert!(bomb.len() <= MAX_TOKEN_BYTES, "{}", bomb.len());
        assert_eq!(unpack(&bomb), Err("the document is too large"));
        assert_eq!(answer(PYTHON), Ok(claims()));
    }

    #[test]
    fn the_first_check_that_fails_is_the_answer() {
        let good = claims;
        let other_user = || Claims { user_id: UserId::new("Alice_01").unwrap(), ..good() };
        let other_app = || Claims { app: AppId(1_400_000_002), ..good() };
        let stale = |claims: Claims| Claims { issued: 0, ..claims };
        let by = |text: &str, claims: Claims| sign(&key(1, text), &claims);
        let cases: &[(&str, String, Code)] = &[
            ("nothing", String::new(), Code::SIG_EMPTY),
            ("other app", by(KEY, other_app()), Code::SIG_OTHER_APP),
            (
                "app beyond any",
                token(&{
                    let mut document = document();
                    document["TLS.sdkappid"] = json!(1_400_000_001_u64 + (1 << 32));
                    document
                }),
                Code::SIG_OTHER_APP,
            ),
            (
                "other app, other user",
                by(KEY, Claims { user_id: other_user().user_id, ..other_app() }),
                Code::SIG_OTHER_APP,
            ),
            ("other app, forged, stale", by("forger", stale(other_app())), Code::SIG_OTHER_APP),
            ("other user", by(KEY, other_user()), Code::SIG_OTHER_USER),
            (
                "no user at all",
                token(&{
                    let mut document = document();
                    document["TLS.identifier"] = json!("爱丽丝\n");
                    document
                }),
                Code::SIG_OTHER_USER,
            ),
            ("other user, forged, stale", by("forger", stale(other_user())), Code::SIG_OTHER_USER),
            ("forged", by("forger", good()), Code::SIG_WRONG),
            ("forged and stale", by("forger", stale(good())), Code::SIG_WRONG),
            (
                "userbuf slipped in",
                token(&{
                    let mut document = document();
                    document["TLS.userbuf"] = json!("YWJj");
                    document
                }),
                Code::SIG_WRONG,
            ),
            ("stale", by(KEY, stale(good())), Code::SIG_EXPIRED),
        ];
        for (what, token, code) in cases {
            assert_eq!(answer(token), Err(*code), "{what}");
        }
    }

    #[test]
    fn a_token_is_good_until_its_time_plus_expire() {
        let end = (ISSUED + EXPIRE) * 1000;
        let max = u64::MAX;
        // issued, expire, now in milliseconds, good?
        let cases: &[(u64, u64, u64, bool)] = &[
            (ISSUED, EXPIRE, end - 1, true),
            (ISSUED, EXPIRE, end, false),
            (ISSUED, EXPIRE, end + 1, false),
            (ISSUED, EXPIRE, 0, true),
            (ISSUED, 0, ISSUED * 1000, false),
            (ISSUED, max, NOW.0, true),
            (max, max, NOW.0, true),
            (0, 0, 0, false),
        ];
        for &(issued, expire, now, good) in cases {
            let claims = Claims { issued, expire, ..claims() };
            let token = sign(&key(1, KEY), &claims);
            let answer = verify(&token, &app(&[KEY]), &alice(), Timestamp(now));
            let expected = if good { Ok(claims) } else { Err(Refusal::new(Code::SIG_EXPIRED)) };
            assert_eq!(answer, expected, "{issued} + {expire} at {now}");
        }
    }

    #[test]
    fn an_empty_userbuf_is_not_none() {
        let empty = Claims { userbuf: Some(Vec::new()), ..claims() };
        assert_eq!(answer(&sign(&key(1, KEY), &empty)), Ok(empty.clone()));
        assert_ne!(mac(&key(1, KEY), &empty), mac(&key(1, KEY), &claims()));
    }

    fn any_claims() -> impl Strategy<Value = Claims> {
        let userbuf = prop::option::of(prop::collection::vec(any::<u8>(), 0..=MAX_USERBUF_BYTES));
        ("[ -~]{1,32}", any::<u32>(), any::<u64>(), any::<u64>(), userbuf).prop_map(
            |(user, app, issued, expire, userbuf)| Claims {
                user_id: UserId::new(&user).unwrap(),
                app: AppId(app),
                issued,
                expire,
                userbuf,
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_signed_is_what_is_verified(claims in any_claims(), text in ".{1,100}") {
            let app = App { id: claims.app, ..app(&[KEY, &text]) };
            let token = sign(&key(1, &text), &claims);
            prop_assert!(token.len() <= MAX_TOKEN_BYTES);
            let now = Timestamp(claims.expires().0.saturating_sub(1));
            let answer = verify(&token, &app, &claims.user_id, now);
            let expected =
                if claims.expires() > now { Ok(claims) } else { Err(Refusal::new(Code::SIG_EXPIRED)) };
            prop_assert_eq!(answer, expected);
        }

        #[test]
        fn any_text_is_answered(text in any::<String>(), token in "[A-Za-z0-9*_-]{0,300}") {
            prop_assert!(answer(&text).is_err());
            prop_assert!(answer(&token).is_err());
        }

        #[test]
        fn any_document_is_answered(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(answer(&pack(&bytes, Compression::fast())), Err(Code::SIG_UNREADABLE));
        }

        #[test]
        fn a_changed_text_never_claims_something_else(
            claims in any_claims(),
            changes in prop::collection::vec((any::<prop::sample::Index>(), 0x20_u8..0x7f), 1..4),
        ) {
            let app = App { id: claims.app, ..app(&[KEY]) };
            let mut text = sign(&key(1, KEY), &claims).into_bytes();
            for (at, byte) in changes {
                let at = at.index(text.len());
                text[at] = byte;
            }
            let answer = verify(std::str::from_utf8(&text).unwrap(), &app, &claims.user_id, Timestamp(0));
            prop_assert!(answer.is_err() || answer == Ok(claims));
        }

        #[test]
        fn a_changed_document_never_claims_something_else(
            userbuf in prop::option::of(prop::collection::vec(any::<u8>(), 0..8)),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        ) {
            // Changes the document itself; base64 and the zlib checksum stay valid, as a forger would make them.
            let claims = Claims { userbuf, ..claims() };
            let mut json = unpack(&sign(&key(1, KEY), &claims)).unwrap();
            for (at, byte) in changes {
                let at = at.index(json.len());
                json[at] = byte;
            }
            let answer = answer(&pack(&json, Compression::fast()));
            prop_assert!(answer.is_err() || answer == Ok(claims));
        }
    }
}
