//! Tests of the verification of UserSigs.

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

/// Returns the JSON document in the test vector. The tests change parts of it.
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
        STANDARD.encode(mac(&key(1, KEY), &signed_text(&claims)))
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
    let sig = STANDARD.encode(mac(&key(1, KEY), &signed_text(&claims)));
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
    let zlib =
        |token: &str| STANDARD.decode(token.replace('*', "+").replace('-', "/").replace('_', "=")).unwrap();
    let base64 = |zlib: &[u8]| STANDARD.encode(zlib).replace('+', "*").replace('/', "-").replace('=', "_");
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
    assert_ne!(mac(&key(1, KEY), &signed_text(&empty)), mac(&key(1, KEY), &signed_text(&claims())));
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
