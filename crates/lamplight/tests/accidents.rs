//! Tests of failures outside the server: full disks, pipes without a reader, damaged files, folders open to others,
//! signals, and unexpected environments.

#![allow(clippy::unwrap_used)]

mod process;

use lamplight_server::{ControlClient, Operation, Outcome};
use process::{Folder, Running};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, prlimit};
use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The longest wait for an expected event.
const PATIENCE: Duration = Duration::from_secs(30);

/// Requests a page from the HTTP port of this folder's server. Returns the status and the body.
fn get(folder: &Folder, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(folder.node()["http"].as_str().unwrap()).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// Returns the value of the first metric series that begins with this text.
fn metric(folder: &Folder, series: &str) -> f64 {
    let (_, text) = get(folder, "/metrics");
    let found = text.lines().find_map(|line| line.strip_prefix(series)?.split(' ').next_back());
    found.unwrap_or_else(|| panic!("no {series}")).parse().unwrap()
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "it never happens that {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A server whose log goes to a file or pipe of the test, and whose stdout is not read.
struct Unheard(Child);

impl Unheard {
    fn start(folder: &Folder, stderr: Stdio, level: &str) -> Self {
        let listen = ["--client-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"];
        let mut command =
            folder.command(&[&["serve", "--workers", "2", "--log", level][..], &listen].concat());
        let server = Self(command.stdout(Stdio::null()).stderr(stderr).spawn().unwrap());
        wait_until("the server starts", || folder.path().join("node.json").exists());
        server
    }

    fn stop(mut self) -> Option<i32> {
        rustix::process::kill_process(Pid::from_child(&self.0), Signal::TERM).unwrap();
        self.0.wait().unwrap().code()
    }
}

impl Drop for Unheard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Makes logins, status changes and writes of facts. Each logs something at level `trace`.
fn work(folder: &Folder, round: usize) {
    let user = format!("user{round}");
    folder.ok(&["account", "create", &user]);
    let watcher = folder.watch(&["--as", &user, "--status", "here"]);
    assert_eq!(folder.answer(&["status", "get", &user, "--json"])[0]["statusType"], 1);
    drop(watcher);
}

#[test]
fn a_log_on_a_full_disk_or_a_closed_pipe_costs_lines_and_nothing_else() {
    let (reader, closed) = std::io::pipe().unwrap();
    drop(reader);
    for stderr in [Stdio::from(File::options().write(true).open("/dev/full").unwrap()), Stdio::from(closed)] {
        let folder = Folder::new();
        let server = Unheard::start(&folder, stderr, "trace");
        (0..3).for_each(|round| work(&folder, round));
        let (status, body) = get(&folder, "/readyz");
        assert_eq!(status, 200, "{body}");
        wait_until("lines are dropped", || metric(&folder, "lamplight_log_lines_dropped_total") >= 5.0);
        assert_eq!(server.stop(), Some(0));
    }
}

/// The test fills the pipe, which has no reader, and the log's queue.
#[test]
fn a_log_that_nobody_reads_holds_nobody_up() {
    let folder = Folder::new();
    let (reader, writer) = std::io::pipe().unwrap();
    let server = Unheard::start(&folder, Stdio::from(writer), "trace");
    for round in 0.. {
        work(&folder, round);
        if metric(&folder, "lamplight_log_lines_dropped_total") > 0.0 {
            break;
        }
        // Each request logs more than a hundred lines.
        (0..100).for_each(|_| drop(get(&folder, "/readyz")));
        assert!(round < 200, "nothing is dropped");
    }
    work(&folder, 1_000);
    assert_eq!(get(&folder, "/readyz").0, 200);
    assert_eq!(server.stop(), Some(0), "it does not wait for a reader for ever");
    drop(reader);
}

/// Sets whether the server can write to files, with a limit on the file size.
fn let_it_write(server: &Running, may: bool) {
    let maximum = getrlimit(Resource::Fsize).maximum;
    let current = if may { maximum } else { Some(1) };
    let pid = Pid::from_raw(i32::try_from(server.id()).unwrap());
    prlimit(pid, Resource::Fsize, Rlimit { current, maximum }).unwrap();
}

#[test]
fn a_disk_that_takes_no_writes_makes_the_node_not_ready_and_it_heals_by_itself() {
    let folder = Folder::new();
    let server = folder.serve(&[]);
    folder.ok(&["account", "create", "alice"]);
    assert_eq!(get(&folder, "/readyz").0, 200);
    let failed = metric(&folder, "lamplight_facts_failed_commits_total");

    // The server must notice the failure without a request.
    let_it_write(&server, false);
    wait_until("both are found failing", || {
        let (_, body) = get(&folder, "/readyz");
        body.contains("\nfacts: failing: ") && body.contains("\njournal: failing: ")
    });
    let (status, body) = get(&folder, "/readyz");
    assert_eq!((status, body.lines().next()), (503, Some("not ready")), "{body}");
    assert_eq!(get(&folder, "/healthz").0, 200, "it lives");
    assert_eq!(metric(&folder, "lamplight_ready"), 0.0);
    assert_eq!(metric(&folder, "lamplight_journal_in_doubt"), 1.0);
    assert!(metric(&folder, "lamplight_facts_failed_commits_total") > failed);
    let (code, _, error) = folder.run(&["account", "create", "bob"]);
    assert!(code == Some(1) && error.contains("70500"), "{error}");

    let_it_write(&server, true);
    wait_until("it is ready again", || get(&folder, "/readyz").0 == 200);
    folder.ok(&["account", "create", "bob"]);
    server.signal(Signal::TERM);
    let (code, log) = server.wait();
    assert_eq!(code, Some(0), "{log}");
    assert!(
        log.contains("live records are not kept on disk") || log.contains("could not be kept on disk"),
        "{log}"
    );
    assert!(log.contains("live records are kept on disk again"), "{log}");
    assert!(log.contains("a commit of facts failed") && log.contains("facts are committed again"), "{log}");
}

/// The test connects to the HTTP port first, because no further connection is accepted without descriptors.
#[test]
fn a_server_without_descriptors_says_so_and_takes_in_who_waits_when_it_has_some() {
    let folder = Folder::new();
    let server = folder.serve(&[]);
    let node = folder.node();
    let mut http = TcpStream::connect(node["http"].as_str().unwrap()).unwrap();
    http.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut value = |series: &str| -> f64 {
        http.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        let mut text = Vec::new();
        while !text.ends_with(b"# EOF\n") {
            let mut some = [0; 16_384];
            let read = http.read(&mut some).unwrap();
            assert_ne!(read, 0, "the connection is kept");
            text.extend_from_slice(&some[..read]);
        }
        let text = String::from_utf8(text).unwrap();
        let all = text.lines().filter(|line| line.starts_with(series));
        all.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
    };
    assert_eq!(value("lamplight_accept_failures_total"), 0.0);

    let pid = Pid::from_raw(i32::try_from(server.id()).unwrap());
    let before =
        prlimit(pid, Resource::Nofile, Rlimit { current: Some(3), ..getrlimit(Resource::Nofile) }).unwrap();
    let _client = TcpStream::connect(node["client"].as_str().unwrap()).unwrap();
    wait_until("accepting fails", || value("lamplight_accept_failures_total") >= 15.0);
    assert_eq!(value("lamplight_connections{"), 0.0);
    prlimit(pid, Resource::Nofile, before).unwrap();
    wait_until("who waits is taken in", || value("lamplight_connections{") == 1.0);
    server.signal(Signal::TERM);
    let (code, log) = server.wait();
    assert_eq!(code, Some(0), "{log}");
    let told = log.lines().filter(|line| line.contains("cannot accept the waiting connections")).count();
    assert!((1..=20).contains(&told), "{told} lines: {log}");
}

#[tokio::test]
async fn a_line_that_repeats_is_written_some_times_and_then_counted() {
    let folder = Folder::new();
    let server = folder.serve(&[]);
    let mut control = ControlClient::connect(&folder.path()).await.unwrap();
    let Outcome::Apps(apps) = control.ask(&Operation::ListApps).await.unwrap() else { panic!() };
    let_it_write(&server, false);
    for n in 0..200 {
        let id = lamplight_model::UserId::new(&format!("user{n}")).unwrap();
        let create = Operation::CreateAccount(lamplight_model::User::new(apps[0].id, id));
        assert!(matches!(control.ask(&create).await.unwrap(), Outcome::Refused { .. }));
    }
    let_it_write(&server, true);
    // The suppressed lines are counted when the period ends.
    wait_until("it is said", || metric(&folder, "lamplight_log_lines_suppressed_total") >= 300.0);
    std::thread::sleep(Duration::from_secs(12));
    server.signal(Signal::TERM);
    let (_, log) = server.wait();
    for text in ["a commit of facts failed", "an operation failed"] {
        let written = log.lines().filter(|line| line.contains(text) && !line.contains("left out")).count();
        assert!((1..=30).contains(&written), "{written} times: {text}");
        let said = log.lines().any(|line| line.contains("lines were left out") && line.contains(text));
        assert!(said, "{log}");
    }
}

#[test]
fn a_damaged_file_of_live_records_is_told_counted_and_kept() {
    let folder = Folder::new();
    let server = folder.serve(&[]);
    let watcher = folder.watch(&["--as", "alice", "--status", "here"]);
    server.signal(Signal::KILL);
    server.wait();
    drop(watcher);

    let files = || fs::read_dir(folder.path().join("live")).unwrap().map(|entry| entry.unwrap().path());
    let stripes = files().filter(|path| path.extension().is_some_and(|it| it != "base"));
    let longest = stripes.max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap();
    let mut bytes = fs::read(&longest).unwrap();
    let last = bytes.len() - 4;
    bytes[last] ^= 0x40;
    fs::write(&longest, &bytes).unwrap();

    let server = folder.serve(&[]);
    assert_eq!(metric(&folder, "lamplight_journal_damaged_files_total"), 1.0);
    assert_eq!(metric(&folder, "lamplight_journal_lost_entries_total"), 1.0);
    assert!(metric(&folder, "lamplight_journal_lost_bytes_total") > 8.0);
    let kept = folder.path().join("live/damaged").join(longest.file_name().unwrap());
    assert_eq!(fs::read(kept).unwrap(), bytes);
    assert_eq!(get(&folder, "/readyz").0, 200);
    work(&folder, 1);
    server.signal(Signal::TERM);
    let (code, log) = server.wait();
    assert_eq!(code, Some(0));
    assert!(log.contains("a file of live records is damaged"), "{log}");
    assert!(
        log.contains(longest.file_name().unwrap().to_str().unwrap()) && log.contains("entries=1"),
        "{log}"
    );
}

/// Returns the files and folders of a tree to which other users have access, with their modes. A running server may
/// delete files meanwhile, for example those that a new snapshot of the live records replaces. Deleted files are
/// skipped.
fn open_to_others(path: &Path) -> Vec<(PathBuf, u32)> {
    let about = match fs::symlink_metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == ErrorKind::NotFound => return Vec::new(),
        Err(error) => panic!("{}: {error}", path.display()),
    };
    let mode = about.permissions().mode() & 0o777;
    let mut found = if mode & 0o077 == 0 { Vec::new() } else { vec![(path.to_owned(), mode)] };
    if about.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| found.extend(open_to_others(&entry.unwrap().path())));
    }
    found
}

/// Returns a command that runs this shell script, and then the given command.
fn after(script: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(format!("{script}; exec \"$0\" \"$@\""))
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.stdin(Stdio::null());
    shell
}

const SERVE: [&str; 5] = ["serve", "--client-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"];

#[test]
fn with_any_umask_and_in_any_folder_the_data_is_for_its_owner_alone() {
    for made_before in [false, true] {
        let folder = Folder::new();
        if made_before {
            fs::create_dir(folder.path()).unwrap();
            fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
        }
        let mut server = Running::start(after("umask 0", &folder.command(&SERVE)));
        server.wait_for("in a third");
        let mut watcher =
            Running::start(after("umask 0", &folder.command(&["watch", "--plain", "--as", "alice"])));
        watcher.wait_for("connected");
        assert_eq!(open_to_others(&folder.path()), []);
        let socket = fs::metadata(folder.path().join("control.sock")).unwrap().permissions().mode();
        assert_eq!(socket & 0o777, 0o600);
        drop(watcher);
        server.signal(Signal::TERM);
        assert_eq!(server.wait().0, Some(0));
        let output = after("umask 0", &folder.command(&["console", "password"])).output().unwrap();
        assert!(output.status.success());
        assert_eq!(open_to_others(&folder.path()), []);
    }
}

/// A start must remove other users' access to the data folder and its files.
#[test]
fn what_others_may_read_is_narrowed_at_the_start() {
    fn widen(path: &Path) {
        let is_folder = fs::metadata(path).unwrap().is_dir();
        fs::set_permissions(path, Permissions::from_mode(if is_folder { 0o755 } else { 0o644 })).unwrap();
        if is_folder {
            fs::read_dir(path).unwrap().for_each(|entry| widen(&entry.unwrap().path()));
        }
    }
    let folder = Folder::new();
    let server = folder.serve(&[]);
    drop(folder.watch(&["--as", "alice"]));
    server.signal(Signal::KILL);
    server.wait();
    fs::remove_file(folder.path().join("control.sock")).unwrap();
    widen(&folder.path());
    let server = folder.serve(&[]);
    assert_eq!(open_to_others(&folder.path()), []);
    server.signal(Signal::TERM);
    let (_, log) = server.wait();
    assert!(log.contains("other users had access to the data folder"), "{log}");
}

#[test]
fn a_folder_that_belongs_to_others_too_is_refused_and_left_alone() {
    let folder = Folder::new();
    fs::create_dir(folder.path()).unwrap();
    fs::write(folder.path().join("letter.txt"), "to my aunt").unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    for arguments in [&SERVE[..], &["app", "create"]] {
        let (code, _, error) = folder.run(arguments);
        assert!(code == Some(1) && error.contains("is open to other users (mode 0755)"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(fs::metadata(folder.path()).unwrap().permissions().mode() & 0o777, 0o755);
    }
}

#[test]
fn a_second_server_is_refused_also_when_the_lock_file_is_deleted() {
    let folder = Folder::new();
    let server = folder.serve(&[]);
    fs::remove_file(folder.path().join("lock")).unwrap();
    let (code, _, error) = folder.run(&SERVE);
    assert_eq!(code, Some(1));
    assert!(error.contains("another Lamplight server is using the data folder"), "{error}");
    assert_eq!(folder.node()["pid"], server.id(), "the first one is still the one to be found");
}

#[test]
fn to_ask_makes_nothing() {
    let folder = Folder::new();
    fs::create_dir(folder.path()).unwrap();
    let asked: [&[&str]; 13] = [
        &["status", "get", "alice"],
        &["status", "set", "alice", "x"],
        &["app", "list"],
        &["app", "show"],
        &["app", "key", "list"],
        &["sig", "alice"],
        &["account", "list"],
        &["account", "create", "alice"],
        &["friend", "list", "alice"],
        &["message", "history", "alice", "bob"],
        &["webhook", "list"],
        &["console", "password"],
        &["watch", "--as", "alice", "--plain"],
    ];
    for arguments in asked {
        let (code, _, error) = folder.run(arguments);
        assert_eq!(code, Some(1), "{arguments:?}: {error}");
        let is_clear = error.contains("there is no data folder") || error.contains("no server is running");
        assert!(is_clear, "{arguments:?}: {error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{arguments:?}");
    }
}

#[test]
fn a_terminal_that_hangs_up_stops_the_server_in_order_unless_it_was_told_not_to_care() {
    let folder = Folder::new();
    let server = folder.serve(&[]);
    server.signal(Signal::HUP);
    let (code, log) = server.wait();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("stopped") && !folder.path().join("node.json").exists(), "{log}");

    let mut server = Running::start(after("trap '' HUP", &folder.command(&SERVE)));
    server.wait_for("in a third");
    server.signal(Signal::HUP);
    work(&folder, 1);
    assert_eq!(get(&folder, "/readyz").0, 200, "as under nohup");
}

#[test]
fn the_variables_of_a_kubernetes_service_called_lamplight_are_no_settings() {
    let folder = Folder::new();
    let mut command = folder.command(&SERVE);
    for (name, value) in [
        ("LAMPLIGHT_SERVICE_HOST", "10.96.3.7"),
        ("LAMPLIGHT_SERVICE_PORT", "7400"),
        ("LAMPLIGHT_SERVICE_PORT_CLIENTS", "7400"),
        ("LAMPLIGHT_PORT", "tcp://10.96.3.7:7400"),
        ("LAMPLIGHT_PORT_7400_TCP", "tcp://10.96.3.7:7400"),
        ("LAMPLIGHT_PORT_7400_TCP_PROTO", "tcp"),
        ("LAMPLIGHT_PORT_7400_TCP_PORT", "7400"),
        ("LAMPLIGHT_PORT_7400_TCP_ADDR", "10.96.3.7"),
    ] {
        command.env(name, value);
    }
    let mut server = Running::start(command);
    server.wait_for("in a third");
    drop(server);
    let refused = folder.command(&SERVE).env("LAMPLIGHT_PORT", "7400").output().unwrap();
    let error = String::from_utf8_lossy(&refused.stderr).to_lowercase();
    assert!(!refused.status.success() && error.contains("port"), "{error}");
}
