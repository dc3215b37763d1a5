//! Tests of the command line, with real processes, real sockets and a temporary folder.

mod process;

use process::{Folder, Running};
use serde_json::{Value, json};

#[test]
fn the_first_start_says_what_to_do_next_and_a_signal_stops_it_in_order() {
    let folder = Folder::new();
    let server = folder.serve(&[]);
    let told = server.seen();
    assert!(told.contains("SDKAppID   1400000001 (created just now, with a key)"), "{told}");
    assert!(told.contains("watch bob --as alice"), "{told}");
    let node = folder.node();
    assert!(told.contains(node["client"].as_str().unwrap()), "{told}");
    assert_eq!(node["pid"], server.id());

    server.signal(rustix::process::Signal::TERM);
    let (code, log) = server.wait();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("stopped"), "{log}");
    assert!(!folder.path().join("node.json").exists());

    let again = folder.serve(&[]);
    assert!(!again.seen().contains("created just now"), "{}", again.seen());
}

#[test]
fn a_second_server_on_the_same_folder_is_refused() {
    let folder = Folder::new();
    let server = folder.serve(&[]);
    let (code, _, error) = folder.run(&["serve", "--client-listen", "127.0.0.1:0"]);
    assert_eq!(code, Some(1));
    assert!(error.contains("another Lamplight server is using the data folder"), "{error}");
    assert_eq!(folder.node()["pid"], server.id(), "the first one is still the one to be found");
    assert_eq!(folder.answer(&["app", "list", "--json"])[0]["SDKAppID"], 1_400_000_001);
}

#[test]
fn a_setting_that_does_not_exist_is_refused_by_name() {
    let folder = Folder::new();
    let file = folder.file("wrong.toml", "[limits]\nconections = 5\n");
    let (code, _, error) = folder.run(&["serve", "--config", &file]);
    assert_eq!(code, Some(1));
    assert!(error.contains("conections"), "{error}");

    let command = folder.command(&["serve"]).env("LAMPLIGHT_WORKRS", "4").output().unwrap();
    let error = String::from_utf8_lossy(&command.stderr);
    assert!(!command.status.success() && error.to_lowercase().contains("workrs"), "{error}");
    let list = folder.command(&["serve"]).env("LAMPLIGHT_TRUSTED_PROXIES", "10.0.0.0/8").output().unwrap();
    let error = String::from_utf8_lossy(&list.stderr);
    assert!(
        error.contains("LAMPLIGHT_TRUSTED_PROXIES") && error.contains(r#"a list, as '["10.0.0.0/8"]'"#),
        "{error}"
    );
    let (code, _, _) = folder.run(&["serve", "--tls-key", "k.pem"]);
    assert_eq!(code, Some(2), "wrong usage");
}

/// Makes the same steps with a running server and without one.
#[test]
fn apps_keys_and_accounts_are_kept_with_and_without_a_server() {
    for running in [true, false] {
        let folder = Folder::new();
        let server = running.then(|| folder.serve(&[]));
        let made = folder.answer(&["app", "create", "--id", "7", "--name", "ours", "--json"]);
        assert_eq!(made["key"].as_str().unwrap().len(), 64);
        assert_eq!(made["app"]["settings"]["timing"]["lingerWebMs"], 5_000, "a reload is hidden");
        let (code, _, error) = folder.run(&["app", "create", "--id", "7"]);
        assert_eq!(code, Some(1), "{error}");

        let set =
            ["app", "set", "7", "--edition", "trial", "--linger-web", "7s", "--rate-calls", "3", "--json"];
        let settings = &folder.answer(&set)["settings"];
        assert_eq!(settings["edition"], "trial");
        assert_eq!(settings["timing"]["lingerWebMs"], 7_000);
        assert_eq!(settings["name"], "ours", "what is not given stays");
        let (code, _, error) = folder.run(&["app", "set", "7", "--web-instances", "11"]);
        assert!(code == Some(1) && error.contains("multi_device.web_instances"), "{error}");

        // Adds a key. The old key verifies until it is removed, and the last key cannot be removed.
        let old = folder.ok(&["sig", "alice", "--app", "7"]);
        let second = folder.answer(&["app", "key", "add", "7", "--json"]);
        assert_eq!(second["id"], 2);
        folder.ok(&["sig", "verify", old.trim(), "--user", "alice", "--app", "7"]);
        folder.ok(&["app", "key", "remove", "7", "1"]);
        let (code, _, error) = folder.run(&["sig", "verify", old.trim(), "--user", "alice", "--app", "7"]);
        assert!(code == Some(1) && error.contains("70009"), "{error}");
        let (code, _, error) = folder.run(&["app", "key", "remove", "7", "2"]);
        assert!(code == Some(1) && error.contains("add another one first"), "{error}");
        let keys = folder.ok(&["app", "key", "list", "7"]);
        assert!(!keys.contains(second["text"].as_str().unwrap()), "{keys}");
        let keys = folder.ok(&["app", "key", "list", "7", "--show"]);
        assert!(keys.contains(second["text"].as_str().unwrap()), "{keys}");
        assert!(folder.ok(&["app", "admin", "add", "7", "backend"]).contains("administrator, backend"));

        let app = ["--app", "7"];
        folder.ok(&[&["account", "create", "alice", "bob", "cid"][..], &app].concat());
        folder.ok(&[&["account", "delete", "cid"][..], &app].concat());
        let (code, _, error) = folder.run(&[&["account", "delete", "cid"][..], &app].concat());
        assert!(code == Some(1) && error.contains("70107"), "{error}");
        let accounts = folder.answer(&[&["account", "list", "--json"][..], &app].concat());
        let names: Vec<_> = accounts.as_array().unwrap().iter().map(|account| &account["userID"]).collect();
        assert_eq!(names, ["alice", "bob"]);

        folder.ok(&[&["friend", "add", "alice", "bob", "--one-way", "--remark", "Bob"][..], &app].concat());
        let list = |user| folder.answer(&[&["friend", "list", user, "--json"][..], &app].concat());
        let listed = list("alice");
        let [bob] = &listed.as_array().unwrap()[..] else { panic!("{listed}") };
        assert_eq!(
            (&bob["userID"], &bob["remark"], &bob["mutual"]),
            (&json!("bob"), &json!("Bob"), &json!(false))
        );
        assert_eq!(list("bob"), json!([]));
        folder.ok(&[&["friend", "add", "bob", "alice"][..], &app].concat());
        assert_eq!(list("bob")[0]["mutual"], true);
        folder.ok(&[&["friend", "remark", "alice", "bob", "Bobby"][..], &app].concat());
        assert_eq!(list("alice")[0]["remark"], "Bobby");
        folder.ok(&[&["friend", "delete", "bob", "alice"][..], &app].concat());
        assert_eq!(list("alice"), json!([]));
        let (code, _, error) = folder.run(&[&["friend", "remark", "alice", "bob", "x"][..], &app].concat());
        assert!(code == Some(1) && error.contains("31704"), "{error}");

        folder.ok(&[&["account", "set", "alice", "--nick", "爱丽丝", "--friends", "nobody"][..], &app].concat());
        let shown = folder.answer(&[&["account", "show", "alice", "--json"][..], &app].concat());
        assert_eq!((&shown["nick"], &shown["friends"]), (&json!("爱丽丝"), &json!("nobody")));
        let script = [&["account", "set", "alice", "--avatar", "javascript:alert(1)"][..], &app].concat();
        let (code, _, error) = folder.run(&script);
        assert!(code == Some(1) && error.contains("6017"), "{error}");

        let send = |text, id| {
            folder.answer(
                &[&["message", "send", "alice", "bob", text, "--id", id, "--json"][..], &app].concat(),
            )
        };
        assert_eq!(send("first", "1")["repeated"], false);
        assert_eq!(send("first", "1")["repeated"], true);
        assert_eq!(send("second", "2")["message"]["sequence"], 2);
        let conversations =
            || folder.answer(&[&["message", "conversations", "bob", "--json"][..], &app].concat());
        assert_eq!(conversations()["totalUnread"], 2);
        assert_eq!(conversations()["conversations"][0]["last"]["text"], "second");
        folder.ok(&[&["message", "read", "bob", "alice"][..], &app].concat());
        folder.ok(&[&["message", "pin", "bob", "alice"][..], &app].concat());
        let row = &conversations()["conversations"][0];
        assert_eq!((&row["unread"], &row["pinned"]), (&json!(0), &json!(true)));
        let history = folder
            .answer(&[&["message", "history", "bob", "alice", "--limit", "1", "--json"][..], &app].concat());
        assert_eq!((history.as_array().unwrap().len(), &history[0]["text"]), (1, &json!("second")));
        folder.ok(&[&["message", "delete", "bob", "alice"][..], &app].concat());
        assert_eq!(conversations()["conversations"], json!([]));
        let (code, _, error) = folder.run(&[&["message", "send", "alice", "nobody", "x"][..], &app].concat());
        let told = "70107: no such account — nobody; `lamplight account create nobody` creates it";
        assert!(code == Some(1) && error.contains(told), "{error}");
        for pair in [["alice", "ghost"], ["ghost", "alice"]] {
            let (code, _, error) = folder.run(&[&["friend", "add"][..], &pair, &app].concat());
            let told = "70107: no such account — ghost; `lamplight account create ghost` creates it";
            assert!(code == Some(1) && error.contains(told), "{error}");
        }

        if server.is_some() {
            for (user, code_and_text) in [
                ("alice", "6014: not logged in — alice is not ONLINE"),
                ("nobody", "70107: no such account — nobody; `lamplight account create nobody`"),
            ] {
                let (code, _, error) = folder.run(&["status", "set", user, "busy", "--app", "7"]);
                assert!(code == Some(1) && error.contains(code_and_text), "{error}");
            }
        }
        drop(server);
        let (code, _, error) = folder.run(&["status", "get", "alice", "--app", "7"]);
        assert!(code == Some(1) && error.contains("no Lamplight server is running"), "{error}");
    }
}

/// The key is the test vector of SPEC section 5. Its file has the line ends of another operating system.
#[test]
fn with_a_key_from_elsewhere_usersigs_already_issued_stay_good() {
    let folder = Folder::new();
    let key = "0123456789abcdef".repeat(4);
    let file = folder.file("secret-key.txt", &format!("{key}\r\n"));
    let create = ["app", "create", "--id", "1400000001", "--key", "-", "--json"];
    let mut command = folder.command(&create);
    let made = command.stdin(std::fs::File::open(file).unwrap()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    assert_eq!(made["key"], Value::Null, "the caller has it");
    let keys = folder.answer(&["app", "key", "list", "--show", "--json"]);
    assert_eq!(keys[0]["text"], key, "without what stands around it");

    let old = folder.ok(&["sig", "alice"]);
    let second = folder.answer(&["app", "key", "add", "1400000001", "--json"]);
    folder.ok(&["sig", "verify", old.trim(), "--user", "alice"]);
    let refused = |args: &[&str], why: &str| {
        let (code, _, error) = folder.run(args);
        assert!(code == Some(1) && error.contains(why), "{args:?}: {code:?} {error}");
    };
    let again = second["text"].as_str().unwrap();
    refused(&["app", "key", "add", "1400000001", "--key", again], "the app has this key already, as key 2");
    refused(&["app", "key", "add", "1400000001", "--key", "short"], "16 to 256 bytes");
    refused(&["app", "key", "add", "1400000001", "--key", "a key with blanks in it"], "printable ASCII");
    for _ in 3..=8 {
        folder.ok(&["app", "key", "add", "1400000001"]);
    }
    refused(&["app", "key", "add", "1400000001"], "at most 8 keys");
    let (code, _, error) = folder.run(&["app", "create", "--id", "0"]);
    assert!(code == Some(2) && error.contains("from 1 to"), "{error}");
}

#[test]
fn a_first_start_that_fails_makes_nothing_and_the_next_one_tells_the_password() {
    let folder = Folder::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let any = "127.0.0.1:0";
    let missing = folder.path().join("missing.pem");
    let ca = folder.file("ca.toml", &format!("[webhooks]\nca_file = {missing:?}\n"));
    for (client, http, rest, why) in [
        (any, &taken[..], &[][..], "http_listen"),
        (&taken, any, &[], "client_listen"),
        (any, any, &["--health-listen", &taken], "health_listen"),
        ("192.0.2.1:0", any, &[], "client_listen"),
        (any, any, &["--tls-certificate", "missing.pem", "--tls-key", "missing.pem"], "missing.pem"),
        (any, any, &["--config", &ca], "missing.pem"),
    ] {
        let flags = ["serve", "--client-listen", client, "--http-listen", http];
        let (code, _, error) = folder.run(&[&flags, rest].concat());
        assert!(code == Some(1) && error.contains(why), "{why}: {code:?} {error}");
        assert!(!folder.path().exists(), "{why}: something was made");
    }
    let long = folder.path().join("long".repeat(30));
    let flags = ["serve", "--client-listen", any, "--http-listen", any, "--data-dir", long.to_str().unwrap()];
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_lamplight")).args(flags).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("the path of the data folder is too long"), "{error}");
    assert!(!folder.path().exists(), "{error}");

    let server = folder.serve(&[]);
    assert!(server.seen().contains("(password "), "{}", server.seen());
}

#[test]
fn an_app_has_to_be_named_only_when_there_are_several() {
    let folder = Folder::new();
    let (code, _, error) = folder.run(&["sig", "alice"]);
    assert!(code == Some(1) && error.contains("there is no data folder"), "{error}");
    assert!(!folder.path().exists(), "asking makes nothing");

    folder.ok(&["app", "create"]);
    let token = folder.ok(&["sig", "alice", "--expire", "1h"]);
    folder.ok(&["sig", "verify", token.trim(), "--user", "alice"]);
    folder.ok(&["app", "create"]);
    let (code, _, error) = folder.run(&["sig", "alice"]);
    assert!(code == Some(1) && error.contains("1400000001, 1400000002"), "{error}");
    assert!(error.contains("`--app ID`"), "{error}");
    // The command in each advice must be valid.
    for (command, advice) in [
        (&["app", "show"][..], "`lamplight app show ID`"),
        (&["app", "key", "list"], "`lamplight app key list ID`"),
    ] {
        let (code, _, error) = folder.run(command);
        assert!(code == Some(1) && error.contains(advice) && !error.contains("--app"), "{error}");
    }
    folder.ok(&["app", "key", "add", "1400000001"]);
    folder.ok(&["app", "key", "remove", "1400000001", "1"]);
    let shown = folder.ok(&["app", "show", "1400000001"]);
    assert!(shown.lines().any(|line| line.starts_with("keys ") && line.ends_with("1 (number 2)")), "{shown}");
    folder.ok(&["sig", "alice", "--app", "1400000002"]);
}

#[test]
fn two_watchers_see_each_other_come_change_and_go() {
    let folder = Folder::new();
    let _server = folder.serve(&[]);
    let mut alice = folder.watch(&["bob", "--as", "alice"]);
    alice.wait_for("-- bob has no account yet");
    let mut bob = folder.watch(&["alice", "--as", "bob", "--status", "听歌", "--platform", "Web"]);
    bob.wait_for("alice ONLINE \"\" login [Linux]");
    alice.wait_for("bob ONLINE \"听歌\" custom [Web]");

    folder.ok(&["status", "set", "alice", "in a meeting"]);
    bob.wait_for("alice ONLINE \"in a meeting\" custom [Linux]");
    let status = &folder.answer(&["status", "get", "alice", "--json"])[0];
    assert_eq!(status["statusType"], 1);
    assert_eq!(status["customStatus"], "in a meeting");
    assert_eq!(status["onlineDevices"], json!(["Linux"]));
    folder.ok(&["status", "set", "alice", "at lunch", "--for", "1s"]);
    bob.wait_for("alice ONLINE \"at lunch\" custom [Linux]");
    bob.wait_for("alice ONLINE \"\" custom_expired [Linux]");

    bob.signal(rustix::process::Signal::TERM);
    alice.wait_for("bob UNLOGINED \"\" logout []");
    assert_eq!(bob.wait().0, Some(0));

    let mut bob = folder.watch(&["alice", "--as", "bob"]);
    alice.wait_for("bob ONLINE \"\" login [Linux]");
    bob.wait_for("alice ONLINE");
    bob.signal(rustix::process::Signal::KILL);
    alice.wait_for("bob OFFLINE \"\" link_closed []");

    folder.ok(&["account", "kick", "alice"]);
    let (code, error) = alice.wait();
    assert_eq!(code, Some(1));
    assert!(error.contains("kicked by an operator"), "{error}");
}

#[test]
fn friends_see_each_other_without_subscribing_when_the_app_says_so() {
    let folder = Folder::new();
    let _server = folder.serve(&[]);
    folder.ok(&["account", "create", "alice", "bob"]);
    folder.ok(&["friend", "add", "alice", "bob"]);
    folder.ok(&["app", "set", "1400000001", "--friend-notification", "on"]);
    let mut alice = folder.watch(&["--as", "alice", "--json"]);
    alice.wait_for("\"statusType\":3,\"userID\":\"bob\"");
    let _bob = folder.watch(&["--as", "bob"]);
    alice.wait_for("\"statusType\":1,\"userID\":\"bob\"");
}

#[test]
fn nobody_is_told_anything_when_the_server_is_killed_and_comes_back() {
    let folder = Folder::new();
    let server = folder.serve(&[]);
    let address = folder.node()["client"].as_str().unwrap().to_owned();
    let mut bob = folder.watch(&["--as", "bob", "--status", "here"]);
    bob.wait_for("bob ONLINE \"here\"");
    let mut alice = folder.watch(&["bob", "--as", "alice"]);
    alice.wait_for("bob ONLINE \"here\"");

    server.signal(rustix::process::Signal::KILL);
    alice.wait_for("trying again in");
    bob.wait_for("trying again in");
    let _server = folder.serve(&["--client-listen", &address]);
    let missed = [alice.wait_for("-- connected again"), bob.wait_for("-- connected again")].concat();
    // This status must be the next one that either process receives.
    folder.ok(&["status", "set", "bob", "still here"]);
    let missed = [missed, alice.wait_for("\"still here\""), bob.wait_for("\"still here\"")].concat();
    let statuses: Vec<_> = missed.iter().filter(|line| !line.starts_with("--")).collect();
    assert_eq!(statuses.len(), 2, "{missed:?}");
    assert!(statuses.iter().all(|line| line.contains("\"still here\"")), "{missed:?}");
}

#[test]
fn what_the_operator_does_while_no_server_runs_holds_at_its_start() {
    let folder = Folder::new();
    let server = folder.serve(&[]);
    let watchers = [folder.watch(&["--as", "alice"]), folder.watch(&["--as", "bob"])];
    server.signal(rustix::process::Signal::KILL);
    server.wait();
    drop(watchers);
    folder.ok(&["account", "delete", "alice"]);
    folder.ok(&["account", "kick", "bob"]);

    let _server = folder.serve(&[]);
    let answer = folder.answer(&["status", "get", "bob", "--json"]);
    assert_eq!((&answer[0]["statusType"], &answer[0]["reason"]), (&json!(3), &json!("kicked")));
    let (code, output, error) = folder.run(&["status", "get", "alice"]);
    assert!(code == Some(1) && (output + &error).contains("70107"), "an account that is gone has no status");
    let (code, output, error) = folder.run(&["status", "get", "bob", "alice", "--json"]);
    assert!(code == Some(1) && error == "error: refused: 70107: no such account — alice\n", "{error}");
    let answer: Value = serde_json::from_str(&output).unwrap_or_else(|why| panic!("{why}: {output}"));
    assert_eq!((&answer[0]["statusType"], &answer[1]["code"]), (&json!(3), &json!(70107)), "one document");
}

#[test]
fn a_second_server_on_the_same_port_is_refused_rather_than_given_half_of_the_clients() {
    let (one, other) = (Folder::new(), Folder::new());
    let _server = one.serve(&[]);
    let address = one.node()["client"].as_str().unwrap().to_owned();
    let (code, _, error) = other.run(&["serve", "--client-listen", &address, "--http-listen", "127.0.0.1:0"]);
    assert_eq!(code, Some(1));
    assert!(error.contains("cannot listen on"), "{error}");
}

#[test]
fn a_refusal_is_told_with_its_code_in_json_too() {
    let folder = Folder::new();
    let _server = folder.serve(&[]);
    let (code, output, error) = folder.run(&["account", "delete", "nobody", "--json"]);
    assert_eq!(code, Some(1));
    assert_eq!(error, "error: refused: 70107: no such account — nobody\n");
    let output: Value = serde_json::from_str(&output).unwrap();
    assert_eq!(output["error"]["code"], 70107);
    // If a list of users fails half-way, the JSON contains the users that were handled.
    folder.ok(&["account", "create", "alice"]);
    let (code, output, _) = folder.run(&["account", "delete", "alice", "nobody", "--json"]);
    let output: Value = serde_json::from_str(&output).unwrap_or_else(|why| panic!("{why}: {output}"));
    assert_eq!(
        (code, &output["error"]["code"], &output["userID"]),
        (Some(1), &json!(70107), &json!("nobody"))
    );
    assert_eq!(output["done"], json!([{ "userID": "alice", "changed": true }]));
    let (code, _, error) =
        folder.run(&["watch", "--as", "alice", "--sig", "nonsense", "--app", "1400000001"]);
    assert!(code == Some(1) && error.contains("70003"), "{error}");
}

#[test]
fn a_watcher_with_a_token_of_its_own_needs_no_app_while_there_is_only_one() {
    let folder = Folder::new();
    let _server = folder.serve(&[]);
    let sig = folder.ok(&["sig", "alice"]);
    folder.watch(&["--as", "alice", "--sig", sig.trim()]).wait_for("alice ONLINE");
    let url = format!("tcp://{}", folder.node()["client"].as_str().unwrap());
    let (code, _, error) = folder.run(&["watch", "--as", "alice", "--sig", sig.trim(), "--server", &url]);
    assert!(code == Some(1) && error.contains("name the app with --app"), "{error}");
}

#[test]
fn the_demo_is_alive_and_ends_by_itself() {
    let folder = Folder::new();
    let listen = ["--client-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"];
    let mut demo = Running::start(folder.command(&[&["demo", "--for", "4s"][..], &listen].concat()));
    demo.wait_for("watch --as you");
    let mut friend = folder.watch(&["--as", "you"]);
    friend.wait_for(" ONLINE ");
    demo.wait_for(" says: ");
    demo.wait_for("The demo has ended.");
    assert_eq!(demo.wait().0, Some(0));
}

/// The receiver is a thread that answers each request with the status in its channel.
#[test]
fn webhooks_are_listed_tried_and_mended() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let status = std::sync::Arc::new(std::sync::atomic::AtomicU16::new(200));
    let says = std::sync::Arc::clone(&status);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 4096];
            if stream.read(&mut request).is_ok_and(|read| read > 0) {
                let status = says.load(std::sync::atomic::Ordering::SeqCst);
                let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                // The error is ignored, because the caller may have disconnected.
                drop(stream.write_all(answer.as_bytes()));
            }
        }
    });
    let folder = Folder::new();
    let config = folder.file("lamplight.toml", "[webhooks]\nallow_networks = [\"127.0.0.0/8\"]\n");
    let server = folder.serve(&["--config", &config]);
    assert!(folder.ok(&["webhook", "list"]).contains("no app has a webhook"));
    let (code, _, error) = folder.run(&["webhook", "test"]);
    assert!(code == Some(1) && error.contains("6017"), "{error}");
    let (code, _, error) =
        folder.run(&["app", "set", "1400000001", "--state-change-url", "ftp://a.example/"]);
    assert!(code == Some(1) && error.contains("must begin with http:// or https://"), "{error}");
    folder.ok(&["app", "set", "1400000001", "--state-change-url", &url, "--webhook-token", "secret"]);

    let tested = folder.ok(&["webhook", "test"]);
    assert!(tested.contains("the state_change webhook answered with 200 after "), "{tested}");
    assert!(tested.contains("header x-lamplight-delivery: test-"), "{tested}");
    assert!(tested.contains("signed by Sign and RequestTime in the query"), "{tested}");
    let listed = folder.answer(&["webhook", "list", "--json"]);
    assert_eq!(listed[0]["url"], url.as_str());
    assert_eq!((&listed[0]["signed"], &listed[0]["waiting"]), (&json!(true), &json!(0)));
    status.store(404, std::sync::atomic::Ordering::SeqCst);
    let (code, output, error) = folder.run(&["webhook", "test", "--json"]);
    assert!(code == Some(1) && error.contains("404"), "{error}");
    let told: Value = serde_json::from_str(&output).unwrap();
    assert!(told["error"]["message"].as_str().unwrap().contains("404"), "{told}");

    assert_eq!(folder.answer(&["webhook", "dead", "--json"]), json!([]));
    assert_eq!(folder.answer(&["webhook", "resend", "--all", "--json"]), json!({ "count": 0 }));
    for command in ["resend", "drop"] {
        let (code, output, error) = folder.run(&["webhook", command, "5", "5", "--json"]);
        assert!(code == Some(1) && error.contains("there is no dead letter 5"), "{error}");
        let told: Value = serde_json::from_str(&output).unwrap();
        assert!(told["error"]["message"].as_str().unwrap().contains("no dead letter 5"), "{told}");
        let (code, _, error) = folder.run(&["webhook", command, "5", "6"]);
        assert!(code == Some(1) && error.contains("none of these dead letters exists"), "{error}");
    }
    let (code, _, error) = folder.run(&["webhook", "show", "5"]);
    assert!(code == Some(1) && error.contains("there is no dead letter 5"), "{error}");
    let (code, _, _) = folder.run(&["webhook", "resend"]);
    assert_eq!(code, Some(2), "which ones?");

    drop(server);
    assert_eq!(folder.answer(&["webhook", "list", "--json"])[0]["url"], url.as_str());
    let (code, _, error) = folder.run(&["webhook", "test"]);
    assert!(code == Some(1) && error.contains("no Lamplight server is running"), "{error}");
}

#[test]
fn an_app_is_deleted_when_its_id_is_typed_with_a_server_and_without_one() {
    let folder = Folder::new();
    folder.ok(&["app", "create", "--name", "first"]);
    let (code, _, error) = folder.run(&["app", "delete", "1400000001", "--yes"]);
    assert!(code == Some(1) && error.contains("this is the last app; make another one first"), "{error}");
    folder.ok(&["app", "create", "--name", "second"]);
    folder.ok(&["account", "create", "alice", "--app", "1400000002"]);
    let typed = |text: &str| {
        let mut child = folder
            .command(&["app", "delete", "1400000002"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    for wrong in ["1400000001\n", "yes\n", ""] {
        let (code, _, error) = typed(wrong);
        assert_eq!(code, Some(1));
        assert!(error.contains("(second)") && error.contains("app 1400000002 was not deleted"), "{error}");
    }
    assert!(folder.ok(&["account", "list", "--app", "1400000002"]).contains("alice"));
    let (code, output, error) = typed("1400000002\n");
    assert_eq!((code, output.trim()), (Some(0), "app 1400000002 was deleted"), "{error}");
    let (code, _, error) = folder.run(&["account", "list", "--app", "1400000002"]);
    assert!(code == Some(1) && error.contains("there is no app 1400000002"), "{error}");

    let _server = folder.serve(&[]);
    folder.ok(&["app", "create", "--id", "1400000002"]);
    assert!(folder.ok(&["account", "list", "--app", "1400000002"]).contains("has no accounts"));
    let deleted = folder.answer(&["app", "delete", "1400000002", "--yes", "--json"]);
    assert_eq!(deleted, json!({ "SDKAppID": 1_400_000_002, "deleted": true }));
}

#[test]
fn an_app_without_a_given_id_gets_one_that_is_free() {
    let folder = Folder::new();
    let make = || folder.answer(&["app", "create", "--json"])["app"]["SDKAppID"].clone();
    assert_eq!(make(), 1_400_000_001);
    // Simulates an interrupted deletion: no app has the id, but a new app must not get it yet.
    let db = rusqlite::Connection::open(folder.path().join("facts.db")).unwrap();
    db.execute("INSERT INTO deleted_apps (id, emptied) VALUES (1400000002, 0)", ()).unwrap();
    drop(db);
    assert_eq!(make(), 1_400_000_003);
    folder.ok(&["app", "create", "--id", "4294967295"]);
    let above_all = make();
    assert!(above_all == 1_400_000_002 || above_all == 1_400_000_004, "{above_all}");
}

#[test]
fn accounts_are_found_by_userid_and_by_nick() {
    let folder = Folder::new();
    folder.ok(&["app", "create"]);
    folder.ok(&["account", "create", "alice", "albert", "bob"]);
    folder.ok(&["account", "set", "bob", "--nick", "ALI Baba"]);
    let found = folder.answer(&["account", "find", "al", "--json"]);
    let ids = |found: &Value| -> Vec<String> {
        found.as_array().unwrap().iter().map(|it| it["userID"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&found), ["albert", "alice"]);
    assert_eq!(ids(&folder.answer(&["account", "find", "al", "--limit", "1", "--json"])), ["albert"]);
    let (code, output, error) = folder.run(&["account", "find", "al", "--limit", "0"]);
    assert!(
        code == Some(2) && output.is_empty() && error.contains("a limit must be a number of at least 1"),
        "{error}"
    );
    folder.ok(&["account", "set", "albert", "--nick", "İSTANBUL"]);
    for prefix in ["istanbul", "İstanbul", "ISTANBUL", "İSTANBUL", "is", "İ"] {
        let found = folder.answer(&["account", "find", "--nick", prefix, "--json"]);
        assert_eq!(ids(&found), ["albert"], "{prefix}");
    }
    let shown = folder.ok(&["account", "find", "--nick", "ali"]);
    assert!(shown.contains("bob") && shown.contains("ALI Baba") && !shown.contains("alice"), "{shown}");
    assert!(folder.ok(&["account", "find", "--nick", "zoe"]).contains("no account was found"));
}

#[test]
fn an_app_has_as_many_keys_as_in_the_console() {
    let folder = Folder::new();
    folder.ok(&["app", "create"]);
    for _ in 0..7 {
        folder.ok(&["app", "key", "add", "1400000001"]);
    }
    let (code, _, error) = folder.run(&["app", "key", "add", "1400000001"]);
    assert!(code == Some(1) && error.contains("an app has at most 8 keys; remove one first"), "{error}");
    folder.ok(&["app", "key", "remove", "1400000001", "1"]);
    folder.ok(&["app", "key", "add", "1400000001"]);
}
