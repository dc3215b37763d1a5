//! Tests of the commands for visibility and block lists, with real processes.

mod process;

use process::Folder;
use serde_json::json;

/// Makes the same steps with a running server and without one.
#[test]
fn visibility_and_block_lists_are_kept_with_and_without_a_server() {
    for running in [true, false] {
        let folder = Folder::new();
        let server = running.then(|| folder.serve(&[]));
        folder.ok(&["app", "create", "--id", "7", "--name", "ours"]);
        let app = ["--app", "7"];
        folder.ok(&[&["account", "create", "alice", "bob"][..], &app].concat());
        let visibility =
            |words: &[&str]| folder.answer(&[&["visibility"], words, &["--json"][..], &app].concat());
        assert_eq!(visibility(&["show", "alice"])["visibility"], "everyone");
        assert_eq!(visibility(&["set", "alice", "friends"])["visibility"], "friends");
        let shown = folder.ok(&[&["visibility", "show", "alice"][..], &app].concat());
        assert_eq!(shown.trim(), "the mutual friends of alice may see the status of alice");
        let block = |words: &[&str]| folder.run(&[&["block"], words, &app[..]].concat());
        let (code, output, error) = block(&["add", "alice", "bob", "ghost"]);
        assert_eq!((code, output.trim()), (Some(1), "bob is now blocked by alice"));
        assert!(error.contains("70107") && error.contains("ghost"), "{error}");
        let (code, output, _) = block(&["add", "alice", "bob"]);
        assert_eq!((code, output.trim()), (Some(0), "bob was blocked before by alice"));
        let answer = |words: &[&str]| folder.answer(&[&["block"], words, &["--json"][..], &app].concat());
        assert_eq!(answer(&["list", "alice"])[0]["userID"], "bob");
        let checked = answer(&["check", "bob", "alice"]);
        assert_eq!(
            checked,
            json!([{ "userID": "alice", "blocked": false, "blockedBy": true, "hasAccount": true }])
        );
        let (code, _, error) = folder.run(&[&["message", "send", "bob", "alice", "hi"][..], &app].concat());
        assert!(code == Some(1) && error.contains("20007"), "{error}");
        assert_eq!(answer(&["remove", "alice", "bob"])["changed"], json!(["bob"]));
        let (code, output, _) = block(&["remove", "alice", "bob"]);
        assert_eq!((code, output.trim()), (Some(0), "bob was not blocked by alice"));
        assert_eq!(answer(&["list", "alice"]), json!([]));
        let (code, output, _) = block(&["remove", "alice", "ghost"]);
        assert_eq!((code, output.trim()), (Some(0), "ghost was not blocked by alice (no such account)"));
        let (code, output, _) = block(&["check", "alice", "bob", "ghost"]);
        assert!(code == Some(0) && output.contains("ghost (no such account)"), "{output}");
        assert!(!output.contains("bob (no such account)"), "{output}");
        for (words, wrong) in [
            (&["add", "alice", "alice"][..], "6017"),
            (&["add", "ghost", "alice"], "70107"),
            (&["add", "ghost", "alice"], "account create ghost"),
            (&["list", "ghost"], "70107"),
            (&["list", "ghost"], "`lamplight account list` lists the accounts"),
            (&["remove", "ghost", "alice"], "`lamplight account list` lists the accounts"),
            (&["check", "ghost", "alice"], "`lamplight account list` lists the accounts"),
        ] {
            let (code, _, error) = block(words);
            assert!(code == Some(1) && error.contains(wrong), "{words:?}: {error}");
        }
        visibility(&["set", "alice", "everyone"]);
        let audit = folder.answer(&["audit", "--app", "7", "--json"]).to_string();
        for action in ["visibility.set", "block.add", "block.delete"] {
            assert!(audit.contains(action), "{action}: {audit}");
        }
        drop(server);
    }
}
