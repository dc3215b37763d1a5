//! Tables of refused tokens. Some are signed by OpenSSL (`tests/jwt/vectors.json`), the others by the tests.

use super::*;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::json;

const APP: AppId = AppId(1_400_000_001);
/// A time at which the tokens of the vectors are valid.
const NOW: Timestamp = Timestamp(1_700_000_100_000);

fn vectors() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/jwt/vectors.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn alice() -> UserId {
    UserId::new("alice_01").unwrap()
}

fn settings() -> JwtSettings {
    JwtSettings { jwks_url: "https://id.example/jwks".into(), ..JwtSettings::default() }
}

/// A key pair that signs tokens and returns the JWK of its public key.
struct Signer(Ed25519KeyPair);

impl Signer {
    fn new(seed: u8) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }

    fn jwk(&self, kid: Option<&str>) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.0.public_key());
        match kid {
            Some(kid) => json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid }),
            None => json!({ "kty": "OKP", "crv": "Ed25519", "x": x }),
        }
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = signed(header, claims);
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(self.0.sign(signed.as_bytes())))
    }
}

fn signed(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

fn set(keys: &[Value]) -> JwtKeySet {
    JwtKeySet::read(&json!({ "keys": keys }).to_string()).unwrap()
}

fn claims() -> Value {
    json!({ "sub": "alice_01", "aud": "1400000001", "iat": 1_700_000_000, "exp": 1_700_003_600 })
}

/// Returns the outcome for a token: "good", "unknown key", or the code of the refusal.
fn answer(token: &str, settings: &JwtSettings, keys: &JwtKeySet, now: Timestamp) -> String {
    match verify_jwt(token, settings, &[keys], APP, &alice(), now) {
        Ok(_) => "good".to_owned(),
        Err(JwtRefusal::UnknownKey) => "unknown key".to_owned(),
        Err(JwtRefusal::Refused(refusal)) => refusal.code.number().to_string(),
    }
}

#[test]
fn tokens_of_each_algorithm_are_good_with_keys_of_either_form() {
    let vectors = vectors();
    let text = |path: &str| vectors.pointer(path).unwrap().as_str().unwrap().to_owned();
    let jwks = JwtKeySet::read(&vectors["jwks"].to_string()).unwrap();
    let pem = ["rsa", "ec", "ed"].map(|name| text(&format!("/keys_pem/{name}"))).concat();
    let pem = JwtKeySet::read(&pem).unwrap();
    assert_eq!((jwks.len(), pem.len()), (3, 3));
    let secret = JwtSettings { secret: text("/secret"), ..JwtSettings::default() };
    let secret = JwtKeySet::of_settings(&secret).unwrap();
    for (name, sets) in [
        ("RS256", vec![&jwks, &pem]),
        ("ES256", vec![&jwks, &pem]),
        ("EdDSA", vec![&jwks, &pem]),
        ("HS256", vec![&secret]),
    ] {
        let token = text(&format!("/tokens/{name}"));
        for keys in sets {
            let read = verify_jwt(&token, &settings(), &[keys], APP, &alice(), NOW).unwrap();
            assert_eq!((read.issued, read.expires), (1_700_000_000, Timestamp(1_700_003_630_000)), "{name}");
            assert!(keys.has(read.key) && !keys.has(read.key ^ 1));
            // Changes one bit of the signature, then one bit of the claims.
            for at in [token.len() - 8, token.find('.').unwrap() + 60] {
                let mut changed = token.clone().into_bytes();
                changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
                let changed = String::from_utf8(changed).unwrap();
                assert_ne!(answer(&changed, &settings(), keys, NOW), "good", "{name} {at}");
            }
        }
        let others = if name == "HS256" { &jwks } else { &secret };
        assert_ne!(answer(&token, &settings(), others, NOW), "good", "{name}");
    }
}

#[test]
fn what_a_token_claims_is_checked() {
    let signer = Signer::new(1);
    let keys = set(&[signer.jwk(Some("k"))]);
    let header = json!({ "alg": "EdDSA", "kid": "k" });
    let issuer = JwtSettings { issuer: "https://id.example/".into(), ..settings() };
    let named =
        JwtSettings { user_claim: "preferred_username".into(), audience: "chat".into(), ..settings() };
    let long = "x".repeat(MAX_JWT_BYTES);
    let table = [
        (settings(), json!({}), "good"),
        (settings(), json!({ "sub": "bob" }), "70013"),
        (settings(), json!({ "sub": null }), "70003"),
        (settings(), json!({ "sub": 7 }), "70003"),
        (settings(), json!({ "aud": ["other", "1400000001"] }), "good"),
        (settings(), json!({ "aud": ["other"] }), "70014"),
        (settings(), json!({ "aud": [] }), "70014"),
        (settings(), json!({ "aud": null }), "70014"),
        (settings(), json!({ "aud": 1_400_000_001 }), "70014"),
        (settings(), json!({ "iss": "anybody" }), "good"),
        (issuer.clone(), json!({ "iss": "https://id.example/" }), "good"),
        (issuer.clone(), json!({ "iss": "https://id.example" }), "70009"),
        (issuer, json!({}), "70009"),
        (named.clone(), json!({ "preferred_username": "alice_01", "sub": "7", "aud": "chat" }), "good"),
        (named, json!({ "aud": "chat" }), "70003"),
        (settings(), json!({ "exp": null }), "70003"),
        (settings(), json!({ "exp": "1700003600" }), "70003"),
        (settings(), json!({ "exp": -1 }), "70003"),
        (settings(), json!({ "exp": 1_700_000_070 }), "70001"),
        (settings(), json!({ "exp": 1_700_000_071 }), "good"),
        (settings(), json!({ "exp": 1_700_000_071.9 }), "good"),
        (settings(), json!({ "exp": 1e300 }), "good"),
        (settings(), json!({ "nbf": 1_700_000_130 }), "good"),
        (settings(), json!({ "nbf": 1_700_000_131 }), "70001"),
        (settings(), json!({ "nbf": "soon" }), "70003"),
        (settings(), json!({ "iat": 1_900_000_000 }), "good"),
        (settings(), json!({ "iat": "now" }), "70003"),
        (settings(), json!({ "more": long }), "70003"),
        (JwtSettings::default(), json!({}), "70003"),
    ];
    for (settings, change, expected) in table {
        let mut claims = claims();
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        assert_eq!(answer(&signer.sign(&header, &claims), &settings, &keys, NOW), expected, "{change:.100}");
    }
    for missing in ["sub", "exp", "aud"] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(missing);
        assert_ne!(answer(&signer.sign(&header, &claims), &settings(), &keys, NOW), "good", "{missing}");
    }
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove("iat");
    let read = verify_jwt(&signer.sign(&header, &claims), &settings(), &[&keys], APP, &alice(), NOW).unwrap();
    assert_eq!(read.issued, 0, "any kick refuses it");
}

#[test]
fn the_key_is_chosen_by_its_kid_and_its_algorithm() {
    let (one, two, stranger) = (Signer::new(1), Signer::new(2), Signer::new(3));
    let both = set(&[one.jwk(Some("1")), two.jwk(Some("2"))]);
    let nameless = set(&[one.jwk(None), two.jwk(None)]);
    let header = |kid: Option<&str>| match kid {
        Some(kid) => json!({ "alg": "EdDSA", "kid": kid }),
        None => json!({ "alg": "EdDSA" }),
    };
    let table = [
        (&both, &one, Some("1"), "good"),
        (&both, &two, Some("2"), "good"),
        (&both, &two, Some("1"), "70009"),
        (&both, &one, None, "good"),
        (&both, &two, None, "good"),
        (&both, &stranger, None, "70009"),
        (&both, &stranger, Some("1"), "70009"),
        (&both, &one, Some("3"), "unknown key"),
        (&both, &stranger, Some("3"), "unknown key"),
        (&nameless, &two, Some("2"), "good"),
        (&nameless, &stranger, Some("2"), "unknown key"),
        (&nameless, &stranger, None, "70009"),
    ];
    for (keys, signer, kid, expected) in table {
        let token = signer.sign(&header(kid), &claims());
        assert_eq!(answer(&token, &settings(), keys, NOW), expected, "{keys:?} {kid:?}");
    }
    let token = one.sign(&header(Some("1")), &claims());
    assert_eq!(answer(&token, &settings(), &JwtKeySet::default(), NOW), "unknown key");
    let long = one.sign(&header(Some(&"k".repeat(MAX_KID_BYTES + 1))), &claims());
    assert_eq!(answer(&long, &settings(), &both, NOW), "70003");
}

#[test]
fn a_refused_signature_says_whether_the_app_has_keys_for_jwts() {
    let stranger = Signer::new(2).sign(&json!({ "alg": "EdDSA" }), &claims());
    let text = |keys: &JwtKeySet| {
        verify_jwt(&stranger, &settings(), &[keys], APP, &alice(), NOW).unwrap_err().refusal().to_string()
    };
    assert!(text(&JwtKeySet::default()).contains("the app has no key for JWTs"));
    assert!(
        text(&set(&[Signer::new(1).jwk(None)])).contains("no key of the app made the signature of this JWT")
    );
}

#[test]
fn a_token_chooses_no_algorithm_but_that_of_its_key() {
    let vectors = vectors();
    let pem = vectors["keys_pem"]["rsa"].as_str().unwrap();
    let jwks = JwtKeySet::read(&vectors["jwks"].to_string()).unwrap();
    let public = JwtKeySet::read(pem).unwrap();
    // The public key, which everybody has, was used as the HMAC secret of this token.
    let hmac = |key: &str, header: &Value| {
        let signed = signed(header, &claims());
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key.as_bytes());
        let signature = ring::hmac::sign(&key, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    };
    for text in [pem, pem.trim(), &vectors["jwks"]["keys"][0].to_string()] {
        for header in [json!({ "alg": "HS256" }), json!({ "alg": "HS256", "kid": "r1" })] {
            for keys in [&jwks, &public] {
                assert_eq!(answer(&hmac(text, &header), &settings(), keys, NOW), "70009");
            }
        }
    }
    // Tokens without a signature, and tokens with algorithms that are not accepted.
    for alg in
        ["none", "None", "NONE", "", "HS384", "HS512", "RS384", "RS512", "PS256", "ES384", "ES256K", "ES512"]
    {
        let signed = signed(&json!({ "alg": alg }), &claims());
        for token in [format!("{signed}."), format!("{signed}.AAAA")] {
            assert_eq!(answer(&token, &settings(), &jwks, NOW), "70003", "{alg}");
        }
    }
    // The signature is correct, but the header names another algorithm.
    let signer = Signer::new(1);
    let keys = set(&[signer.jwk(Some("k"))]);
    for alg in ["HS256", "RS256", "ES256"] {
        let token = signer.sign(&json!({ "alg": alg, "kid": "k" }), &claims());
        assert_ne!(answer(&token, &settings(), &keys, NOW), "good", "{alg}");
    }
    // Tokens that contain their own key, and tokens with critical extensions that are not supported.
    let other = Signer::new(9);
    let header =
        json!({ "alg": "EdDSA", "kid": "k", "jwk": other.jwk(Some("k")), "jku": "https://evil.example/" });
    assert_eq!(answer(&other.sign(&header, &claims()), &settings(), &keys, NOW), "70009");
    let critical = json!({ "alg": "EdDSA", "kid": "k", "crit": ["exp"] });
    assert_eq!(answer(&signer.sign(&critical, &claims()), &settings(), &keys, NOW), "70003");
}

#[test]
fn what_is_no_jwt_is_unreadable() {
    let signer = Signer::new(1);
    let keys = set(&[signer.jwk(None)]);
    let good = signer.sign(&json!({ "alg": "EdDSA" }), &claims());
    assert_eq!(answer(&good, &settings(), &keys, NOW), "good");
    let parts: Vec<_> = good.split('.').collect();
    let table = [
        ".".to_owned(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        format!("{}.{}", parts[0], parts[1]),
        format!("{good}.x"),
        format!(" {good}"),
        format!("{}..{}", parts[0], parts[2]),
        format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode("[]"), parts[2]),
        format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode("[".repeat(3_000)), parts[2]),
    ];
    for token in table {
        assert!(is_jwt(&token));
        assert_eq!(answer(&token, &settings(), &keys, NOW), "70003", "{token:.60}");
    }
    assert!(!is_jwt("eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSm*-_"));
}

#[test]
fn keys_are_read_or_refused_with_the_reason() {
    let vectors = vectors();
    let rsa = vectors["jwks"]["keys"][0].clone();
    let with = |change: Value| {
        let mut key = rsa.clone();
        for (name, value) in change.as_object().unwrap() {
            key[name] = value.clone();
        }
        json!({ "keys": [key] }).to_string()
    };
    let none = |count| Err(InvalidKeys::NoneUsable(count));
    let many = json!({ "keys": vec![rsa.clone(); MAX_KEYS + 1] }).to_string();
    let oct = json!({ "keys": [{ "kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "alg": "HS256" }] });
    let pem = |name: &str| vectors["keys_pem"][name].as_str().unwrap().to_owned();
    let broken = format!("{}-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", pem("ec"));
    let table = [
        (with(json!({})), Ok(1)),
        (with(json!({ "use": "enc" })), none(1)),
        (with(json!({ "alg": "RS512" })), none(1)),
        (with(json!({ "alg": "RSA-OAEP" })), none(1)),
        (with(json!({ "key_ops": ["encrypt"] })), none(1)),
        (with(json!({ "key_ops": ["verify"] })), Ok(1)),
        (with(json!({ "n": "AQAB" })), none(1)),
        (with(json!({ "d": "AQAB" })), Err(InvalidKeys::Private)),
        (oct.to_string(), none(1)),
        (json!({ "keys": [] }).to_string(), none(0)),
        (json!({ "keys": [rsa, { "kty": "PQC" }, 7, { "kty": "EC", "crv": "P-256", "x": "AA", "y": "AA" }] }).to_string(), Ok(1)),
        (many, Err(InvalidKeys::TooMany)),
        (String::new(), Err(InvalidKeys::Unreadable)),
        ("<html>".to_owned(), Err(InvalidKeys::Unreadable)),
        ("{\"keys\": 7}".to_owned(), Err(InvalidKeys::Unreadable)),
        (pem("rsa"), Ok(1)),
        (format!("\n{}\n{}", pem("ec"), pem("ed")), Ok(2)),
        (format!("key: {}", pem("ec")), Err(InvalidKeys::Unreadable)),
        (broken, Err(InvalidKeys::Block(2))),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----".to_owned(), Err(InvalidKeys::Private)),
    ];
    for (text, expected) in table {
        assert_eq!(JwtKeySet::read(&text).map(|set| set.len()), expected, "{text:.80}");
    }
    let secret = |text: &str| {
        let settings = JwtSettings { secret: text.to_owned(), ..JwtSettings::default() };
        JwtKeySet::of_settings(&settings).map(|set| set.len())
    };
    assert_eq!(secret(&"s".repeat(31)), Err(InvalidKeys::ShortSecret));
    assert_eq!(secret(&"s".repeat(32)), Ok(1));
    assert_eq!(secret(&pem("rsa")), Err(InvalidKeys::NoSecret));
    assert_eq!(secret(&vectors["jwks"].to_string()), Err(InvalidKeys::NoSecret));
}

#[test]
fn a_fresh_es256_key_is_good() {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let pair =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
    let point = pair.public_key().as_ref();
    let [x, y] = [&point[1..33], &point[33..]].map(|half| URL_SAFE_NO_PAD.encode(half));
    let keys = set(&[json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": "e" })]);
    let signed = signed(&json!({ "alg": "ES256", "kid": "e" }), &claims());
    let signature = pair.sign(&random, signed.as_bytes()).unwrap();
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
    assert_eq!(answer(&token, &settings(), &keys, NOW), "good");
}
