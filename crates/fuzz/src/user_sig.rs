//! The target for UserSigs. An invalid UserSig must be refused. The claims of a valid UserSig must not depend on its
//! encoding.
//!
//! Input: a byte, and the rest. The byte selects the kind of the rest: the text of a token, its compressed data before
//! base64, its JSON document, or its claims.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use lamplight_auth::{Claims, MAX_TOKEN_BYTES, MAX_USERBUF_BYTES, sign, verify};
use lamplight_model::{App, AppId, AppKey, AppSettings, Code, Refusal, Timestamp, UserId};
use std::io::Write;

/// The time in seconds at which the tokens are verified.
const NOW: u64 = 1_700_000_100;
/// The key of the test vector in the SPEC. With it, the published tokens are valid here.
const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Runs one input.
pub fn run(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    match kind % 4 {
        0 => {
            if let Ok(token) = std::str::from_utf8(rest) {
                look_at(token);
            }
        }
        1 => look_at(&text_of(rest)),
        2 => {
            let level = Compression::new(u32::from(kind / 4 % 10));
            let mut zlib = ZlibEncoder::new(Vec::new(), level);
            zlib.write_all(rest).unwrap();
            look_at(&text_of(&zlib.finish().unwrap()));
        }
        _ => make(rest),
    }
}

/// Checks that a token is refused with a code about UserSigs, or is valid. The claims of a valid token must not change
/// when they are signed again.
fn look_at(token: &str) {
    match verify_for("alice_01", token) {
        Err(refusal) => assert!(
            [
                Code::SIG_EMPTY,
                Code::SIG_UNREADABLE,
                Code::SIG_OTHER_APP,
                Code::SIG_OTHER_USER,
                Code::SIG_WRONG,
                Code::SIG_EXPIRED
            ]
            .contains(&refusal.code),
            "{refusal}"
        ),
        Ok(claims) => {
            assert!(token.len() <= MAX_TOKEN_BYTES);
            assert!(claims.expires() > Timestamp(NOW * 1_000));
            if claims.userbuf.as_ref().is_none_or(|bytes| bytes.len() <= MAX_USERBUF_BYTES) {
                assert_eq!(verify_for("alice_01", &sign(&key(KEY), &claims)), Ok(claims));
            }
        }
    }
}

/// Signs claims. Checks that the token is valid, for its user and with its key, until it expires. A changed byte must
/// make the token invalid, or leave the claims as they are.
fn make(data: &[u8]) {
    let Some((numbers, rest)) = data.split_first_chunk::<19>() else { return };
    let number = |at: usize| {
        let bytes: [u8; 8] = numbers[at..at + 8].try_into().expect("eight of them");
        u64::from_le_bytes(bytes)
    };
    let (issued, expire, place, change) = (number(0), number(8), &numbers[16..18], numbers[18]);
    let (name, userbuf) = rest.split_at(rest.len().min(8));
    let name: String = name.iter().map(|byte| char::from(byte % 0x5f + 0x20)).collect();
    let Ok(user_id) = UserId::new(&name) else { return };
    let userbuf =
        userbuf.split_first().map(|(_, bytes)| bytes[..bytes.len().min(MAX_USERBUF_BYTES)].to_vec());
    let claims = Claims { user_id, app: AppId(1_400_000_001), issued, expire, userbuf };
    let token = sign(&key(KEY), &claims);
    match verify_for(&name, &token) {
        Ok(read) => assert!(read == claims && claims.expires() > Timestamp(NOW * 1_000)),
        Err(refusal) => {
            assert_eq!(refusal.code, Code::SIG_EXPIRED);
            assert!(claims.expires() <= Timestamp(NOW * 1_000));
        }
    }
    let other = verify_for("somebody else, of more bytes", &token);
    assert_eq!(other.map_err(|refusal| refusal.code), Err(Code::SIG_OTHER_USER));
    let forged = verify_for(&name, &sign(&key("another key"), &claims));
    assert_eq!(forged.map_err(|refusal| refusal.code), Err(Code::SIG_WRONG));

    let mut changed = token.into_bytes();
    let place = usize::from(u16::from_le_bytes([place[0], place[1]])) % changed.len();
    changed[place] ^= change & 0x7f;
    // An ASCII character was replaced by another one.
    let changed = String::from_utf8(changed).expect("ASCII");
    if let Ok(read) = verify_for(&name, &changed) {
        assert_eq!(read, claims, "a changed token vouches for something else");
    }
}

fn verify_for(user: &str, token: &str) -> Result<Claims, Refusal> {
    let app = App {
        id: AppId(1_400_000_001),
        keys: vec![key("a key that was retired last"), key(KEY)],
        admins: Vec::new(),
        settings: AppSettings::default(),
    };
    verify(token, &app, &UserId::new(user).expect("printable"), Timestamp(NOW * 1_000))
}

fn key(text: &str) -> AppKey {
    AppKey { id: 1, text: text.to_owned() }
}

/// Encodes bytes in the base64 variant of UserSigs.
fn text_of(bytes: &[u8]) -> String {
    STANDARD.encode(bytes).replace('+', "*").replace('/', "-").replace('=', "_")
}
