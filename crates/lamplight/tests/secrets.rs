//! Tests of secrets on the command line: how they are read, and that no output has them. Also tests the check of a JWT.

#![allow(clippy::unwrap_used)]

mod process;

use process::Folder;
use serde_json::json;

/// A public key as `openssl` writes it.
const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";

#[test]
fn a_secret_comes_from_stdin_or_the_command_line_and_is_repeated_nowhere() {
    let folder = Folder::new();
    folder.ok(&["app", "create"]);
    let set = |option, value: &str, stdin: &str| {
        let (code, output, error) = folder.run_with(&["app", "set", "1400000001", option, value], stdin);
        let told = output + &error;
        for secret in [value, stdin].iter().flat_map(|text| text.lines()).filter(|text| text.len() > 10) {
            assert!(!told.contains(secret), "{option} repeats {secret}: {told}");
        }
        (code, told)
    };
    let is_set = |section: &str, field: &str| {
        folder.answer(&["app", "show", "--json"])["settings"][section][field].clone()
    };
    let long = "0123456789".repeat(5);
    for (option, text, section, field, expected) in [
        ("--webhook-token", long.as_str(), "webhooks", "tokenSet", json!(true)),
        ("--jwt-secret", &long, "jwt", "secretSet", json!(true)),
        ("--jwt-keys", PUBLIC_KEY, "jwt", "keys", json!(PUBLIC_KEY.trim_end())),
    ] {
        let (code, told) = set(option, "-", &format!("{text}\n"));
        assert_eq!(code, Some(0), "{option} by stdin: {told}");
        assert_eq!(is_set(section, field), expected, "{option} by stdin");
        assert_eq!(set(option, "", "").0, Some(0));
        assert_ne!(is_set(section, field), expected, "{option}");
        let (code, told) = set(option, text.trim_end(), "");
        assert_eq!(code, Some(0), "{option}: {told}");
        assert_eq!(is_set(section, field), expected, "{option}");
        // The error of a refused value must not repeat the value, and nothing must be changed.
        let file = folder.file("a-file-with-a-secret", text);
        let too_long = "-----BEGIN no key".repeat(2_000);
        for (value, stdin) in
            [(&file[..], ""), (&too_long, ""), ("-", &too_long), ("-", "\n"), ("--name", "")]
        {
            let (code, told) = set(option, value, stdin);
            assert_eq!(code, Some(1), "{option}: {told}");
            assert_eq!(is_set(section, field), expected, "{option}");
        }
    }
    let file = folder.file("secret-key.txt", &long);
    let (code, _, error) = folder.run(&["app", "key", "add", "1400000001", "--key", &file]);
    assert!(code == Some(1) && error.contains("did you mean `--key - < FILE`?"), "{error}");
    let load = ["load", "login", "--server", "127.0.0.1:1", "--app", "1400000001", "--key", &file];
    let (code, _, error) = folder.run(&load);
    assert!(code == Some(1) && error.contains("did you mean `--key - < FILE`?"), "{error}");
    assert!(!error.contains(&file), "{error}");
    let both = ["app", "create", "--key", "-", "--jwt-secret", "-"];
    let (code, _, error) = folder.run_with(&both, &long);
    assert!(code == Some(1) && error.contains("cannot both be read from stdin"), "{error}");
    let token = folder.ok(&["sig", "alice"]);
    let (code, _, error) = folder.run_with(&["sig", "verify", "-", "--user", "alice"], &token);
    assert_eq!(code, Some(0), "{error}");
}

#[test]
fn a_jwt_is_checked_by_the_keys_of_the_app() {
    // A JWT with HS256 and the secret below; `aud` is 1400000001, `sub` is alice, and `exp` is after 2090.
    let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
                 eyJzdWIiOiJhbGljZSIsImF1ZCI6IjE0MDAwMDAwMDEiLCJpYXQiOjE3MDAwMDAwMDAsImV4cCI6NDAxMDIwMzA0MH0.\
                 iWhrr8h-d4SJOp5SdOXuf2JIXVjve8DSdwPP0iTXKeg";
    let folder = Folder::new();
    folder.ok(&["app", "create"]);
    let verify = |user: &str| folder.run(&["sig", "verify", token, "--user", user]);
    let (code, _, error) = verify("alice");
    assert!(code == Some(1) && error.contains("70003") && error.contains("this is a JWT"), "{error}");
    folder.ok(&["app", "set", "1400000001", "--jwks-file", "keys.json"]);
    let (code, _, error) = verify("alice");
    assert!(
        code == Some(1) && error.contains("70009") && error.contains("no keys from jwks/keys.json"),
        "{error}"
    );
    folder.ok(&["app", "set", "1400000001", "--jwt-secret", &"0123456789".repeat(4)]);
    let (code, output, error) = verify("alice");
    assert!(
        code == Some(0) && output.contains("valid: user alice, app 1400000001, by JWT"),
        "{output}{error}"
    );
    let (code, _, error) = verify("bob");
    assert!(code == Some(1) && error.contains("70013"), "{error}");
    let told = folder.answer(&["sig", "verify", token, "--user", "alice", "--json"]);
    assert_eq!((&told["issued"], &told["expires"]), (&json!(1_700_000_000), &json!(4_010_203_070_000_u64)));
}
