//! Interoperability with the public generators of UserSigs, an npm package and a PyPI package. Lamplight accepts their
//! tokens, and the tokens of Lamplight contain the same document. `tests/interop/README.md` says how to install the
//! generators.

// clippy.toml allows `unwrap` in `#[test]` functions, but not in functions that they call.
#![allow(clippy::unwrap_used)]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lamplight_auth::{Claims, sign, verify};
use lamplight_model::{App, AppId, AppKey, Code, Timestamp, UserId};
use serde_json::{Value, json};
use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::SystemTime;

#[test]
fn the_npm_generator() {
    let modules = installed("LAMPLIGHT_INTEROP_NODE_MODULES", "target/interop/node_modules");
    let mut node = Command::new("node");
    node.arg(root().join("tests/interop/sign.js")).env("NODE_PATH", modules);
    check(node);
}

#[test]
fn the_pypi_generator() {
    let mut python = Command::new(installed("LAMPLIGHT_INTEROP_PYTHON", "target/interop/venv/bin/python"));
    python.arg(root().join("tests/interop/sign.py"));
    check(python);
}

/// UserIDs with every printable ASCII character. Three of them have the maximum length.
const USERS: [&str; 5] = [
    "alice_01",
    " !\"#$%&'()*+,-./0123456789:;<=>?",
    "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_",
    "`abcdefghijklmnopqrstuvwxyz{|}~ ",
    "1",
];

/// Compares the generator's tokens with Lamplight's tokens, for every user, with and without a userbuf. The generator's
/// clock first stands still, then runs.
fn check(generator: Command) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as u64;
    let app = App {
        id: AppId(1_400_000_001),
        keys: vec![AppKey { id: 1, text: "0123456789abcdef".repeat(4) }],
        admins: Vec::new(),
        settings: Default::default(),
    };
    let mut cases = Vec::new();
    for user in USERS {
        for userbuf in [None, Some(b"abc".to_vec()), Some((0..=255).collect())] {
            for stopped in [Some(1_700_000_000), None] {
                let claims = Claims {
                    user_id: UserId::new(user).unwrap(),
                    app: app.id,
                    issued: stopped.unwrap_or(now / 1000),
                    expire: 604_800,
                    userbuf: userbuf.clone(),
                };
                cases.push((claims, stopped));
            }
        }
    }
    let key = app.keys.last().unwrap();
    let requests = cases.iter().map(|(claims, stopped)| {
        json!({
            "app": claims.app,
            "key": key.text,
            "user": claims.user_id,
            "expire": claims.expire,
            "time": stopped,
            "userbuf": claims.userbuf.as_ref().map(|bytes| STANDARD.encode(bytes)),
            "ours": sign(key, claims),
        })
    });
    let answers = run(generator, requests);

    assert_eq!(answers.len(), cases.len());
    for ((claims, stopped), answer) in cases.iter().zip(answers) {
        let verify = |now| verify(answer["token"].as_str().unwrap(), &app, &claims.user_id, now);
        if stopped.is_some() {
            // The same claims have the same signature in every generator.
            assert_eq!(answer["ours"], answer["theirs"], "{claims:?}");
            assert_eq!(verify(Timestamp(claims.expires().0 - 1)).as_ref(), Ok(claims));
            assert_eq!(verify(claims.expires()).unwrap_err().code, Code::SIG_EXPIRED);
        } else {
            let theirs = verify(Timestamp(now)).unwrap();
            assert!(theirs.issued.abs_diff(claims.issued) < 300, "{theirs:?}");
            assert_eq!(&Claims { issued: claims.issued, ..theirs }, claims);
        }
    }
}

/// Runs the generator with one line of stdin for each request, and returns one line of stdout for each.
fn run(mut generator: Command, requests: impl Iterator<Item = Value>) -> Vec<Value> {
    let mut child = generator
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{generator:?} does not start: {error}. {SET_UP}"));
    let lines: String = requests.map(|request| format!("{request}\n")).collect();
    let mut stdin = child.stdin.take().unwrap();
    // A second thread writes, because a pipe that is full blocks its writer until the reader continues.
    let writer = thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let written = writer.join().unwrap();
    assert!(output.status.success(), "{generator:?} failed ({}). {SET_UP}", output.status);
    written.unwrap();
    let answers = String::from_utf8(output.stdout).unwrap();
    answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const SET_UP: &str =
    "`cargo xtask test` sets up the public generators; tests/interop/README.md says how to by hand.";

/// Returns the path of an installed generator: the value of the environment variable `variable`, or else `place` in the
/// repository.
fn installed(variable: &str, place: &str) -> PathBuf {
    let path = env::var_os(variable).map_or_else(|| root().join(place), PathBuf::from);
    assert!(path.exists(), "{} is missing. {SET_UP}", path.display());
    path
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
