//! Tests with schemathesis, from PyPI, which makes valid and invalid calls from a node's OpenAPI document. No answer
//! may be an internal error. The document must contain every answer's fields and code. `cargo xtask test` installs
//! schemathesis.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::TestNode;
use common::api::{ADMIN, Api};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// The timeout for the whole run, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(100);
/// The number of generated calls for each command in each phase.
const EXAMPLES: &str = "8";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_made_from_the_document_are_answered_as_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let program = std::env::var_os("LAMPLIGHT_SCHEMATHESIS")
        .map_or_else(|| root.join("target/schemathesis/venv/bin/schemathesis"), PathBuf::from);
    assert!(
        program.exists(),
        "{} is missing: `cargo xtask test --only api` sets it up, tests/schemathesis/README.md says how to by hand",
        program.display()
    );
    // Some of the calls have a wrong UserSig, and must not block those with a valid one.
    let mut node = TestNode::start_with(|config| {
        config.limits.login_failures_per_address = u32::MAX;
    })
    .await;
    node.set(|settings| settings.limits.api_rate.calls = 60_000).await;
    let mut api = Api::connect(&node).await;
    // The account that the examples in the document name.
    api.done("im_open_login_svc/account_import", &serde_json::json!({"UserID": "alice"})).await;
    let folder = tempfile::tempdir().unwrap();
    let config = format!(
        "[parameters]\n\"query.sdkappid\" = {}\n\"query.identifier\" = {ADMIN:?}\n\"query.usersig\" = {:?}\n",
        node.app.id,
        node.sig(ADMIN)
    );
    fs::write(folder.path().join("schemathesis.toml"), config).unwrap();
    let mut child = Command::new(program);
    child
        .current_dir(folder.path())
        .args(["--config-file", "schemathesis.toml", "run"])
        .arg(format!("http://{}/v4/openapi.json", node.node.http_address()))
        .args(["--checks", "not_a_server_error,status_code_conformance,content_type_conformance"])
        .args(["--checks", "response_schema_conformance,documented_code,status_agrees"])
        .args(["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--seed", "1"])
        // Phases for which the examples do not contain enough data are not counted as failures.
        .args(["--suppress-health-check", "all", "--warnings", "off", "--no-color", "--continue-on-failure"])
        .env("SCHEMATHESIS_HOOKS", root.join("tests/schemathesis/hooks.py"))
        .env("NO_PROXY", "*")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, child.output()).await.expect("it ends").unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    let calls = node.metric("lamplight_api_requests_total{command=\"sns/friend_add\"}").await;
    assert!(calls >= 8, "only {calls} calls of a command:\n{told}");
    // The server still answers.
    api.done("openim/status_feed", &serde_json::json!({})).await;
}
