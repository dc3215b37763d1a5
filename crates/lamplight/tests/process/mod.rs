//! Starts the program, reads what it says, and lets nothing outlive its test.

// Helpers of tests: what goes wrong here fails the test.
// Not every test needs all of them.
#![allow(clippy::unwrap_used, dead_code)]

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a line may be waited for. Long: the machine may be busy with other tests.
const PATIENCE: Duration = Duration::from_secs(30);

/// A data folder that is thrown away, and the program on it.
pub struct Folder {
    outer: tempfile::TempDir,
}

impl Folder {
    /// A folder that is not there yet.
    pub fn new() -> Self {
        Self { outer: tempfile::tempdir().unwrap() }
    }

    /// A file beside it.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.outer.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub fn path(&self) -> PathBuf {
        self.outer.path().join("data")
    }

    /// The program with these arguments, and nothing from our environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lamplight"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LAMPLIGHT_")) {
            command.env_remove(name);
        }
        command.args(arguments).arg("--data-dir").arg(self.path()).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end: exit code, stdout, stderr.
    pub fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    /// As [`Folder::run`], with a text on stdin.
    pub fn run_with(&self, arguments: &[&str], stdin: &str) -> (Option<i32>, String, String) {
        let file = self.file("stdin", stdin);
        let mut command = self.command(arguments);
        let output = command.stdin(std::fs::File::open(file).unwrap()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    /// Runs a command that must succeed, and returns its output.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let (code, output, error) = self.run(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {output}{error}");
        output
    }

    /// The JSON that a command says that goes well.
    pub fn answer(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ok(arguments)).unwrap()
    }

    /// A server that is ready.
    pub fn serve(&self, arguments: &[&str]) -> Running {
        let mut all = vec!["serve", "--http-listen", "127.0.0.1:0", "--workers", "2"];
        if !arguments.contains(&"--client-listen") {
            all.extend(["--client-listen", "127.0.0.1:0"]);
        }
        all.extend(arguments);
        let mut server = Running::start(self.command(&all));
        server.wait_for("in a third");
        server
    }

    /// A watcher that is connected.
    pub fn watch(&self, arguments: &[&str]) -> Running {
        let mut watcher = Running::start(self.command(&[&["watch", "--plain"], arguments].concat()));
        watcher.wait_for("connected");
        watcher
    }

    /// Returns the contents of `node.json`.
    pub fn node(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.path().join("node.json")).unwrap()).unwrap()
    }
}

/// A process that is killed at the latest when its test ends.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
    errors: Option<JoinHandle<String>>,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let errors = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        Self { child, lines, seen: Vec::new(), errors: Some(errors) }
    }

    /// Waits for a line with this in it; all lines up to it, from where the last call ended.
    pub fn wait_for(&mut self, part: &str) -> Vec<String> {
        let (until, from) = (Instant::now() + PATIENCE, self.seen.len());
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                // So that its log can be read to the end.
                let _ = self.child.kill();
                let log = self.errors.take().map(|errors| errors.join().unwrap());
                panic!("no line with {part:?} after\n{}\n{}", self.seen(), log.unwrap_or_default());
            };
            self.seen.push(line);
            if self.seen.last().is_some_and(|line| line.contains(part)) {
                return self.seen[from..].to_vec();
            }
        }
    }

    /// Everything that was waited for.
    pub fn seen(&self) -> String {
        self.seen.join("\n")
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        // One that is gone already cannot be signalled.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    /// Waits for the end: exit code and stderr.
    pub fn wait(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        (code, self.errors.take().unwrap().join().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that was waited for already is left alone by both.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
