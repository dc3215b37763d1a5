//! Tests with public client libraries of the cloud's server API, from PyPI, against a node. Also tests the import
//! program of `docs/migrate/cloud.md`. `tests/interop/README.md` says how to install the libraries.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, missing_docs)]

mod common;

use common::TestNode;
use common::api::ADMIN;
use lamplight_model::Platform;
use lamplight_wire::v1;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// A Python process that uses the libraries.
struct Backend {
    stdin: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    // The process, which is killed at the end of the test.
    _child: Child,
}

impl Backend {
    fn start(node: &TestNode) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let python = std::env::var_os("LAMPLIGHT_INTEROP_PYTHON")
            .map_or_else(|| root.join("target/interop/venv/bin/python"), PathBuf::from);
        assert!(
            python.exists(),
            "{} is missing: `cargo xtask test` sets it up, tests/interop/README.md says how to by hand",
            python.display()
        );
        let base = format!("http://{}/v4", node.node.http_address());
        let key = &node.app.keys.last().unwrap().text;
        let mut child = Command::new(python)
            .arg(root.join("tests/interop/backend.py"))
            .args([&base, &node.app.id.to_string(), key, ADMIN])
            // The requests go directly to the node, even if this machine uses a proxy.
            .env("NO_PROXY", "*")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { stdin: child.stdin.take().unwrap(), answers, _child: child }
    }

    async fn ask(&mut self, what: Value) -> Value {
        self.stdin.write_all(format!("{what}\n").as_bytes()).await.unwrap();
        let line = tokio::time::timeout(common::PATIENCE, self.answers.next_line()).await.unwrap().unwrap();
        let line = line.unwrap_or_else(|| panic!("the backend ended at {what}"));
        serde_json::from_str(&line).unwrap()
    }

    async fn done(&mut self, what: Value) -> Value {
        let answer = self.ask(what.clone()).await;
        assert_eq!(
            (&answer["ActionStatus"], &answer["ErrorCode"]),
            (&json!("OK"), &json!(0)),
            "{what}: {answer}"
        );
        answer
    }
}

fn codes(answer: &Value) -> Vec<u64> {
    answer["ResultItem"].as_array().unwrap().iter().map(|item| item["ResultCode"].as_u64().unwrap()).collect()
}

fn tag<'a>(item: &'a Value, tag: &str) -> &'a Value {
    let values = item["ValueItem"].as_array().unwrap();
    &values.iter().find(|value| value["Tag"] == tag).unwrap()["Value"]
}

#[tokio::test]
async fn client_libraries_of_others_import_befriend_query_send_and_kick() {
    let node = TestNode::start().await;
    let mut backend = Backend::start(&node);

    // Accounts, with the newer and the older field names.
    let face = "https://example.com/alice.png";
    backend.done(json!({"do": "import", "user": "alice", "nick": "爱丽丝", "face": face})).await;
    backend.done(json!({"do": "older_import", "user": "bob"})).await;
    let answer = backend.done(json!({"do": "import_many", "users": ["carol", "dave", "é"]})).await;
    assert_eq!(answer["FailAccounts"], json!(["é"]));
    for check in ["check", "older_check"] {
        let answer = backend.done(json!({"do": check, "users": ["alice", "nobody"]})).await;
        assert_eq!(answer["ResultItem"][0]["AccountStatus"], "Imported");
        assert_eq!(answer["ResultItem"][1]["AccountStatus"], "NotImported");
    }
    let answer = backend.done(json!({"do": "profile", "users": ["alice"]})).await;
    assert_eq!(
        answer["UserProfileItem"][0]["ProfileItem"],
        json!([{"Tag": "Tag_Profile_IM_Nick", "Value": "爱丽丝"}, {"Tag": "Tag_Profile_IM_Image", "Value": face}])
    );
    let items = json!([{"Tag": "Tag_Profile_IM_Nick", "Value": "Bob"}]);
    backend.done(json!({"do": "set_profile", "user": "bob", "items": items})).await;

    // Friends.
    let friends = json!(["bob", "carol", "nobody"]);
    let answer = backend.done(json!({"do": "add_friends", "user": "alice", "friends": friends})).await;
    assert_eq!(codes(&answer), [0, 0, 30003]);
    assert_eq!(answer["Fail_Account"], json!(["nobody"]));
    backend.done(json!({"do": "older_add_friends", "user": "alice", "friends": ["dave"]})).await;
    let renamed = json!({"do": "rename_friend", "user": "alice", "friend": "bob", "remark": "Bobby"});
    assert_eq!(codes(&backend.done(renamed).await), [0]);
    let answer = backend.done(json!({"do": "friends", "user": "alice"})).await;
    let listed = answer["UserDataItem"].as_array().unwrap();
    let names: Vec<&str> = listed.iter().map(|item| item["To_Account"].as_str().unwrap()).collect();
    assert_eq!(names, ["bob", "carol", "dave"]);
    assert_eq!((&answer["FriendNum"], &answer["CompleteFlag"]), (&json!(3), &json!(1)));
    assert_eq!(tag(&listed[0], "Tag_SNS_IM_Remark"), "Bobby");
    assert_eq!(tag(&listed[0], "Tag_Profile_IM_Nick"), "Bob");
    assert_eq!(tag(&listed[1], "Tag_SNS_IM_Remark"), "my carol");
    assert_eq!(tag(&listed[1], "Tag_SNS_IM_AddSource"), "AddSource_Type_test");
    // By default, the lists of both users are changed.
    let answer = backend.done(json!({"do": "older_friends", "user": "dave"})).await;
    assert_eq!(answer["UserDataItem"][0]["To_Account"], "alice");
    let answer =
        backend.done(json!({"do": "delete_friends", "user": "alice", "friends": ["carol", "eve"]})).await;
    assert_eq!(codes(&answer), [0, 31704]);

    // Block lists.
    let answer = backend.done(json!({"do": "block", "user": "carol", "users": ["dave", "nobody"]})).await;
    assert_eq!((codes(&answer), &answer["Fail_Account"]), (vec![0, 30003], &json!(["nobody"])));
    let answer = backend.done(json!({"do": "blocked", "user": "carol"})).await;
    assert_eq!(answer["BlackListItem"][0]["To_Account"], "dave");
    assert_eq!((&answer["StartIndex"], answer["CurruentSequence"].is_u64()), (&json!(0), true));
    let answer = backend.done(json!({"do": "check_blocks", "user": "dave", "users": ["carol"]})).await;
    assert_eq!(answer["BlackListCheckItem"][0]["Relation"], "BlackCheckResult_Type_BWithA");
    let answer =
        backend.ask(json!({"do": "older_send", "from": "dave", "to": "carol", "text": "hello"})).await;
    assert_eq!(answer["ErrorCode"], 20007);
    let answer = backend.done(json!({"do": "unblock", "user": "carol", "users": ["dave", "bob"]})).await;
    assert_eq!(codes(&answer), [0, 31503]);

    // Presence.
    let first_login = node.login("alice", "phone", Platform::IPhone);
    let mut alice = node.connect().await;
    alice.ask(first_login.clone()).await;
    drop(node.log_in("bob", "tablet", Platform::IPad).await);
    node.has_connections(1).await;
    let users = json!(["alice", "bob", "carol", "nobody"]);
    let answer = backend.done(json!({"do": "query", "users": users})).await;
    assert_eq!(
        answer["QueryResult"],
        json!([
            {"To_Account": "alice", "Status": "Online", "Detail": [{"Platform": "iPhone", "Status": "Online"}]},
            {"To_Account": "bob", "Status": "PushOnline", "Detail": [{"Platform": "iPad", "Status": "PushOnline"}]},
            {"To_Account": "carol", "Status": "Offline", "Detail": []},
        ])
    );
    assert_eq!(answer["ErrorList"], json!([{"To_Account": "nobody", "ErrorCode": 70107}]));
    let answer = backend.done(json!({"do": "older_query", "users": ["alice"]})).await;
    assert_eq!(answer["QueryResult"], json!([{"To_Account": "alice", "Status": "Online"}]));

    // Messages.
    for send in ["send", "older_send"] {
        let answer = backend.done(json!({"do": send, "from": "bob", "to": "alice", "text": "hello"})).await;
        assert!(answer["MsgTime"].as_u64().unwrap() > 0 && answer["MsgKey"].is_string());
    }
    // Many messages in a row, to several users: none counts as a retry, whatever `MsgRandom` the library chooses.
    for n in 0..20 {
        for to in ["alice", "carol"] {
            backend.done(json!({"do": "send", "from": "bob", "to": to, "text": format!("notice {n}")})).await;
        }
    }
    for (to, count) in [("alice", 22), ("carol", 20)] {
        let facts = node.facts();
        let history = facts.history(node.user(to), node.user("bob").id, None, 100).await.unwrap();
        assert_eq!(history.len(), count, "{to}");
    }

    // After a kick, the login has ended, and the former UserSig is no longer valid.
    backend.done(json!({"do": "kick", "user": "alice"})).await;
    assert_eq!(alice.last_words().await.cause, v1::connection_ended::Cause::KickedByOperator as i32);
    let mut again = node.connect().await;
    assert_eq!(again.refused(first_login).await, 70052);
    node.clock.advance(Duration::from_secs(2));
    node.log_in("alice", "phone", Platform::IPhone).await;
    backend.done(json!({"do": "older_kick", "user": "alice"})).await;

    let answer = backend.done(json!({"do": "delete", "users": ["dave", "nobody"]})).await;
    assert_eq!(codes(&answer), [0, 70107]);
    assert!(!node.has_account("dave").await);
    let answer = backend.ask(json!({"do": "kick", "user": "dave"})).await;
    assert_eq!((&answer["ActionStatus"], &answer["ErrorCode"]), (&json!("FAIL"), &json!(70107)));
}

/// Returns the text of the program in `docs/migrate/cloud.md`.
fn import_program() -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/migrate/cloud.md");
    let page = std::fs::read_to_string(page).unwrap();
    let mut programs = page.split("```python\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    programs.find(|program| program.starts_with("import http.client")).unwrap().to_owned()
}

#[tokio::test]
async fn the_import_program_of_the_page_moves_users_and_says_what_is_refused() {
    let node = TestNode::start().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("import.py"), import_program()).unwrap();
    let users = [
        json!({"id": "alice", "nick": "爱丽丝", "picture": "https://example.com/alice.png",
            "profile": {"Tag_Profile_IM_AllowType": "AllowType_Type_NeedConfirm"},
            "friends": [{"id": "bob", "remark": "Bobby", "since": 1_500_000_000}, {"id": "eve"}]}),
        json!({"id": "bob"}),
        json!({"id": "eve", "picture": "eve.png"}),
    ];
    let lines: Vec<_> = users.iter().map(Value::to_string).collect();
    std::fs::write(folder.path().join("users.jsonl"), lines.join("\n")).unwrap();

    let output = Command::new("python3")
        .args(["import.py", "users.jsonl"])
        .current_dir(folder.path())
        .env("BASE", format!("http://{}/v4", node.node.http_address()))
        .env("APP", node.app.id.to_string())
        .env("SIG", node.sig(ADMIN))
        .env("PYTHONIOENCODING", "utf-8")
        .output()
        .await
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let refused: Vec<&str> = said.lines().collect();
    assert_eq!(output.status.code(), Some(1), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(refused[0].starts_with("account eve: 70402 "), "{said}");
    assert!(refused[1].starts_with("friend alice eve: 30003 "), "{said}");
    assert_eq!(refused[2..], ["3 users, 2 refused"]);

    let facts = node.facts();
    let friends = facts.friend_page(node.user("alice"), None, 10).await.unwrap();
    let friends: Vec<_> = friends.iter().map(|it| (it.id.as_str(), it.remark.as_str(), it.mutual)).collect();
    assert_eq!(friends, [("bob", "Bobby", false)]);
    assert!(node.has_account("bob").await && !node.has_account("eve").await);
}
