//! Tests of `lamplight doctor` with real folders, ports, certificates and servers, and of shell completions and manual
//! pages.

#![allow(clippy::unwrap_used)]

mod process;

use process::Folder;
use serde_json::Value;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// The arguments with which a server listens on free ports.
const FREE: [&str; 4] = ["--client-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"];

/// Returns the exit code, and the findings of one check as text.
fn examined(folder: &Folder, arguments: &[&str], check: &str) -> (Option<i32>, String) {
    let (code, output, error) = folder.run(&[&["doctor", "--json"], arguments].concat());
    let answer: Value = serde_json::from_str(&output).unwrap_or_else(|why| panic!("{why}: {output}{error}"));
    assert_eq!(answer["ok"], code == Some(0), "{output}");
    let findings = answer["findings"].as_array().unwrap().iter().filter(|it| it["check"] == check);
    let texts = findings.map(|it| format!("{}: {} -> {}", it["level"], it["text"], it["cure"]));
    (code, texts.collect::<Vec<_>>().join("\n"))
}

#[test]
fn nothing_is_wrong_with_a_new_folder_and_nothing_is_made_of_it() {
    let folder = Folder::new();
    let (code, found) = examined(&folder, &FREE, "data folder");
    assert_eq!(code, Some(0), "{found}");
    assert!(found.starts_with("\"ok\"") && found.contains("does not exist yet"), "{found}");
    assert!(!folder.path().exists(), "it looks and makes nothing");
    let text = folder.ok(&[&["doctor"], &FREE[..]].concat());
    assert!(text.contains("0 wrong") && text.contains("client port"), "{text}");
    let rows: Vec<_> =
        text.lines().filter(|line| !line.starts_with(' ')).map(|line| line.get(9..22)).collect();
    let mut distinct = rows.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), rows.len(), "each check has a name of its own: {text}");
}

#[test]
fn a_port_of_another_program_is_wrong() {
    let folder = Folder::new();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let (code, found) =
        examined(&folder, &["--client-listen", &address, "--http-listen", "127.0.0.1:0"], "client port");
    assert_eq!(code, Some(1));
    assert!(found.contains("another program listens") && found.contains("ss -ltnp"), "{found}");
}

#[test]
fn a_running_server_has_its_ports_and_is_ready() {
    let folder = Folder::new();
    let server = folder.serve(&[]);
    let node = folder.node();
    let [client, http] = ["client", "http"].map(|port| node[port].as_str().unwrap());
    let all = ["--client-listen", client, "--http-listen", http];
    assert_eq!(
        examined(&folder, &all, "client port").1,
        format!("\"ok\": \"the running server listens on {client}\" -> \"\"")
    );
    let (code, found) = examined(&folder, &all, "server");
    assert_eq!(code, Some(0), "{found}");
    assert!(found.contains("is ready"), "{found}");
    // A health check needs no settings, and checks only the server.
    let (code, output, _) = folder.run(&["doctor", "--only-server", "--json"]);
    let answer: Value = serde_json::from_str(&output).unwrap();
    assert!(code == Some(0) && answer["findings"].as_array().unwrap().len() == 1, "{output}");
    // Passes settings that differ from those of the running server.
    let (code, found) =
        examined(&folder, &["--client-listen", "127.0.0.1:9", "--http-listen", http], "client port");
    assert!(code == Some(0) && found.contains("warning") && found.contains(client), "{found}");

    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let (code, found) = examined(&folder, &all, "data folder");
    assert!(
        code == Some(0) && found.contains("other users may enter") && found.contains("chmod 0700"),
        "{found}"
    );

    // A killed server leaves its node file behind.
    server.signal(rustix::process::Signal::KILL);
    server.wait();
    let (code, found) = examined(&folder, &FREE, "server");
    assert!(code == Some(0) && found.contains("without an orderly stop"), "{found}");
    let (code, found) = examined(&folder, &["--only-server"], "server");
    assert!(code == Some(1) && found.starts_with("\"wrong\": \"none runs here"), "{found}");
}

#[test]
fn a_store_that_was_replaced_under_a_running_server_is_wrong() {
    let folder = Folder::new();
    let _server = folder.serve(&[]);
    let (path, aside) = (folder.path().join("facts.db"), folder.path().join("live").join("aside"));
    fs::rename(&path, &aside).unwrap();
    fs::copy(&aside, &path).unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    let found = loop {
        let (code, found) = examined(&folder, &["--only-server"], "server");
        if code == Some(1) {
            break found;
        }
        assert!(Instant::now() < until, "{found}");
        std::thread::sleep(Duration::from_millis(100));
    };
    assert!(found.contains("facts.db was replaced or deleted while this server has it open"), "{found}");
}

#[test]
fn a_webhook_that_cannot_be_reached_is_wrong() {
    let folder = Folder::new();
    let settings = folder.file("private.toml", "[webhooks]\nallow_private = true\n");
    let _server = folder.serve(&["--config", &settings]);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    folder.ok(&["app", "set", "1400000001", "--state-change-url", &format!("http://{nobody}/")]);
    let node = folder.node();
    let [client, http] = ["client", "http"].map(|port| node[port].as_str().unwrap());
    let all = ["--client-listen", client, "--http-listen", http];
    let (code, found) = examined(&folder, &all, "webhooks");
    assert!(code == Some(1) && found.starts_with("\"wrong\"") && found.contains("1400000001"), "{found}");
    assert_eq!(
        examined(&folder, &[&all[..], &["--skip-webhooks"]].concat(), "webhooks"),
        (Some(0), String::new())
    );
}

/// The server refuses to start in each of these states.
#[test]
fn what_a_start_refuses_is_wrong() {
    let folder = Folder::new();
    let missing = folder.file("ca.toml", "[webhooks]\nca_file = \"/nowhere/ca.pem\"\n");
    let (code, found) = examined(&folder, &[&FREE[..], &["--config", &missing]].concat(), "webhook TLS");
    assert!(code == Some(1) && found.contains("/nowhere/ca.pem"), "{found}");

    let long = folder.path().join("long".repeat(30));
    let long = ["doctor", "--json", "--data-dir", long.to_str().unwrap(), FREE[0], FREE[1], FREE[2], FREE[3]];
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_lamplight")).args(long).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.code() == Some(1) && text.contains("too long"), "{text}");

    std::fs::create_dir(folder.path()).unwrap();
    for mode in [0o1777, 0o755] {
        std::fs::write(folder.path().join("of-somebody-else"), "").unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        let (code, found) = examined(&folder, &FREE, "data folder");
        assert!(code == Some(1) && found.contains("open to other users"), "{mode:o}: {code:?} {found}");
        assert!(found.contains("-> \"`chmod 0700 "), "{found}");
        let (code, _, error) = folder.run(&[&["serve"], &FREE[..]].concat());
        assert!(code == Some(1) && error.contains("open to other users"), "{error}");
    }
}

/// Returns the exit codes of the doctor and of a server with the same flags, variable and folder. A server that starts
/// is stopped, and its code is 0.
fn both(folder: &Folder, flags: &[&str], variable: Option<(&str, &str)>) -> (Option<i32>, Option<i32>) {
    let command = |name: &str| {
        let mut command = folder.command(&[&[name], flags].concat());
        command.envs(variable);
        command
    };
    let examined = command("doctor").output().unwrap();
    let mut server = command("serve").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    let served = loop {
        if let Some(ended) = server.try_wait().unwrap() {
            break ended.code();
        }
        if folder.path().join("node.json").is_file() || Instant::now() > until {
            server.kill().unwrap();
            server.wait().unwrap();
            break Some(0);
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    (examined.status.code(), served)
}

/// The doctor must report each mistake that prevents a start. It must not report a similar state that prevents no
/// start.
#[test]
fn the_doctor_and_a_start_agree() {
    type Spoil = fn(&std::path::Path);
    /// A mistake: its name, a function that damages the folder, flags, an environment variable, and the exit code.
    type Mistake<'a> = (&'a str, Spoil, Vec<&'a str>, Option<(&'a str, &'a str)>, i32);
    let nothing: Spoil = |_| {};
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let other = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let with = |more: &[&'static str]| [&FREE[..], more].concat();
    let table: Vec<Mistake<'_>> = vec![
        ("nothing", nothing, with(&[]), None, 0),
        ("a port that is taken", nothing, vec![FREE[0], &taken, FREE[2], FREE[3]], None, 1),
        ("a health port that is taken", nothing, [&FREE[..], &["--health-listen", &taken]].concat(), None, 1),
        (
            "one port for HTTP and health",
            nothing,
            vec![FREE[0], FREE[1], "--http-listen", &other, "--health-listen", &other],
            None,
            1,
        ),
        ("a level that is misspelt", nothing, with(&[]), Some(("LAMPLIGHT_LOG", "inof")), 2),
        ("a form of the log", nothing, with(&[]), Some(("LAMPLIGHT_LOG_FORMAT", "xml")), 2),
        ("a setting that is none", nothing, with(&[]), Some(("LAMPLIGHT_WORKER", "2")), 1),
        ("an empty store", |data| fs::write(data.join("facts.db"), "").unwrap(), with(&[]), None, 0),
        (
            "a store that is a text",
            |data| fs::write(data.join("facts.db"), "text").unwrap(),
            with(&[]),
            None,
            1,
        ),
        (
            "a store that is a folder",
            |data| fs::create_dir(data.join("facts.db")).unwrap(),
            with(&[]),
            None,
            1,
        ),
        (
            "a store of another program",
            |data| {
                let store = rusqlite::Connection::open(data.join("facts.db")).unwrap();
                store.execute_batch("CREATE TABLE t (x)").unwrap();
            },
            with(&[]),
            None,
            1,
        ),
        (
            "live records that are a file",
            |data| fs::write(data.join("live"), "").unwrap(),
            with(&[]),
            None,
            1,
        ),
        ("a lock that is a folder", |data| fs::create_dir(data.join("lock")).unwrap(), with(&[]), None, 1),
        (
            "a socket that is a folder",
            |data| fs::create_dir(data.join("control.sock")).unwrap(),
            with(&[]),
            None,
            1,
        ),
        (
            "a node file that is a folder",
            |data| fs::create_dir(data.join("node.json")).unwrap(),
            with(&[]),
            None,
            1,
        ),
        (
            "a link that leads nowhere",
            |data| {
                fs::remove_dir(data).unwrap();
                std::os::unix::fs::symlink("nowhere", data).unwrap();
            },
            with(&[]),
            None,
            1,
        ),
    ];
    for (name, spoil, flags, variable, expected) in table {
        let folder = Folder::new();
        fs::create_dir(folder.path()).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        spoil(&folder.path());
        assert_eq!(both(&folder, &flags, variable), (Some(expected), Some(expected)), "{name}");
    }
}

#[test]
fn a_source_of_keys_that_cannot_be_read_is_wrong() {
    let folder = Folder::new();
    let _server = folder.serve(&[]);
    let node = folder.node();
    let [client, http] = ["client", "http"].map(|port| node[port].as_str().unwrap());
    let all = ["--client-listen", client, "--http-listen", http];
    let examine = || examined(&folder, &all, "keys for JWTs");
    assert!(examine().1.contains("no app uses any"), "{:?}", examine());
    folder.ok(&["app", "set", "1400000001", "--jwt-secret", "a secret of at least 32 bytes, for HS256"]);
    let (_, found) = examine();
    assert_eq!(found, "\"ok\": \"app 1400000001 has its own, by --jwt-secret\" -> \"\"");
    folder.ok(&["app", "set", "1400000001", "--jwt-secret", ""]);
    folder.ok(&["app", "set", "1400000001", "--jwks-file", "keys.pem"]);
    let until = |level: &str| {
        let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
        loop {
            let (code, found) = examine();
            if found.starts_with(level) || std::time::Instant::now() > until {
                return (code, found);
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    };
    let (code, found) = until("\"wrong\"");
    assert!(code == Some(1) && found.contains("jwks/keys.pem of app 1400000001 cannot be read"), "{found}");

    std::fs::create_dir(folder.path().join("jwks")).unwrap();
    let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
               -----END PUBLIC KEY-----\n";
    std::fs::write(folder.path().join("jwks/keys.pem"), pem).unwrap();
    // The next read is made without a request, 5 s after the first one.
    let (code, found) = until("\"ok\"");
    assert!(code == Some(0) && found.contains("has 1 key"), "{found}");
}

#[test]
fn a_certificate_fits_its_key_and_is_good_now() {
    let folder = Folder::new();
    let made = |days: i64| {
        let mut parameters = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let now = std::time::SystemTime::now();
        let day = std::time::Duration::from_secs(24 * 60 * 60);
        parameters.not_before = (now - 10 * day).into();
        parameters.not_after = match u32::try_from(days) {
            Ok(days) => (now + days * day).into(),
            Err(_) => (now - day).into(),
        };
        let key = rcgen::KeyPair::generate().unwrap();
        (parameters.self_signed(&key).unwrap().pem(), key.serialize_pem())
    };
    let examine = |chain: &str, key: &str| {
        let (chain, key) = (folder.file("chain.pem", chain), folder.file("key.pem", key));
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
        examined(&folder, &[&FREE[..], &["--tls-certificate", &chain, "--tls-key", &key]].concat(), "TLS")
    };
    let (chain, key) = made(90);
    let (code, found) = examine(&chain, &key);
    assert!(code == Some(0) && found.starts_with("\"ok\""), "{found}");
    let (code, found) = examine(&chain, &made(90).1);
    assert!(code == Some(1) && found.starts_with("\"wrong\""), "{found}");
    let (code, found) = examine("no certificate", &key);
    assert!(code == Some(1) && found.contains("contains no certificate"), "{found}");
    let (chain, key) = made(3);
    let (code, found) = examine(&chain, &key);
    assert!(code == Some(0) && found.contains("expires at"), "{found}");
    let (chain, key) = made(-1);
    let (code, found) = examine(&chain, &key);
    assert!(code == Some(1) && found.contains("expired at"), "{found}");
}

#[test]
fn settings_that_cannot_be_used_are_a_finding() {
    let folder = Folder::new();
    let file = folder.file("wrong.toml", "[limits]\nconections = 5\n");
    let (code, found) = examined(&folder, &["--config", &file], "settings");
    assert!(code == Some(1) && found.contains("conections"), "{found}");

    let file = folder.file("broken.toml", "client_listen = \n");
    let (code, text, _) = folder.run(&["doctor", "--config", &file]);
    assert!(code == Some(1) && !text.contains('\u{fffd}'), "{text}");
    // The line itself is not shown, because it may have a secret.
    assert!(text.contains("broken.toml: TOML parse error at line 1, column 17"), "{text}");
    assert!(!text.contains("client_listen"), "{text}");
}

#[test]
fn a_file_in_the_place_of_the_folder_is_called_one() {
    let folder = Folder::new();
    fs::write(folder.path(), "").unwrap();
    let (code, found) = examined(&folder, &FREE, "data folder");
    assert!(
        code == Some(1) && found.contains("is not a folder") && found.contains("move the file away"),
        "{found}"
    );
}

#[test]
fn the_sum_counts_every_finding_that_is_not_ok() {
    let folder = Folder::new();
    let answer: Value =
        serde_json::from_str(&folder.run(&[&["doctor", "--json"], &FREE[..]].concat()).1).unwrap();
    let levels = |level: &str| {
        let findings = answer["findings"].as_array().unwrap().iter();
        findings.filter(|finding| finding["level"] == level).count()
    };
    assert!(levels("unknown") > 0, "no server runs: {answer}");
    assert_eq!(answer["unknown"], levels("unknown"), "{answer}");
    let text = folder.ok(&[&["doctor"], &FREE[..]].concat());
    let sum = text.lines().last().unwrap_or_default();
    assert!(sum.ends_with(&format!(", {} unknown (?)", levels("unknown"))), "{text}");
}

#[test]
fn a_text_of_the_store_is_told_once() {
    let folder = Folder::new();
    fs::create_dir(folder.path()).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(folder.path().join("facts.db"), "text ".repeat(100)).unwrap();
    let (code, found) = examined(&folder, &FREE, "store");
    assert_eq!(code, Some(1), "{found}");
    assert_eq!(found.matches("not a database").count(), 1, "{found}");
}

/// The folder of another user has files of root, as after a restore by root. Only root can make such files.
#[test]
fn a_store_that_belongs_to_another_user_is_named_with_its_owner() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let folder = Folder::new();
    let data = folder.path();
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    std::os::unix::fs::chown(&data, Some(65_534), Some(65_534)).unwrap();
    fs::set_permissions(data.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(data.join("facts.db"), "").unwrap();
    fs::set_permissions(data.join("facts.db"), fs::Permissions::from_mode(0o600)).unwrap();
    for (command, cure) in [("doctor", "`chown -R --reference="), ("serve", "`chown -R 65534 ")] {
        let mut command = folder.command(&[&[command], &FREE[..]].concat());
        let output = command.uid(65_534).gid(65_534).output().unwrap();
        let text = [output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap()).concat();
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains("facts.db belongs to user 0, and this program runs as user 65534"), "{text}");
        assert!(text.contains(cure), "{text}");
    }
    // The folder as `cp -rp BACKUP/. .` leaves it.
    std::os::unix::fs::chown(&data, Some(0), Some(0)).unwrap();
    let mut command = folder.command(&[&["serve"], &FREE[..]].concat());
    let error = String::from_utf8(command.uid(65_534).gid(65_534).output().unwrap().stderr).unwrap();
    assert!(error.contains("data belongs to user 0, and this program runs as user 65534"), "{error}");
    let mut command = folder.command(&[&["doctor"], &FREE[..]].concat());
    let text = String::from_utf8(command.uid(65_534).gid(65_534).output().unwrap().stdout).unwrap();
    assert!(text.contains(&format!("as root: `chown -R 65534 {}`", data.display())), "{text}");
}

#[test]
fn shells_complete_commands_and_man_has_a_page_for_each() {
    let folder = Folder::new();
    for (shell, part) in
        [("bash", "complete -F _lamplight"), ("zsh", "#compdef lamplight"), ("fish", "complete -c lamplight")]
    {
        let script = folder.ok(&["completions", shell]);
        assert!(script.contains(part) && script.contains("doctor"), "{shell}");
    }
    let (code, _, error) = folder.run(&["completions", "cmd.exe"]);
    assert!(code == Some(2) && error.contains("possible values: bash"), "{error}");

    assert!(folder.ok(&["man"]).contains(".TH lamplight 1"));
    let pages = folder.path().join("pages/man1");
    let told = folder.ok(&["man", "--dir", pages.to_str().unwrap()]);
    assert!(told.contains("pages are in"), "{told}");
    let page = std::fs::read_to_string(pages.join("lamplight-app-create.1")).unwrap();
    assert!(page.contains(".TH lamplight-app-create 1") && page.contains("SDKAppID"), "{page}");
    let file = folder.file("file", "");
    let (code, _, error) = folder.run(&["man", "--dir", &file]);
    assert!(code == Some(1) && error.contains("cannot create"), "{error}");
}
