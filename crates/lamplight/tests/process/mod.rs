//! Starts the program and reads its output. Every process ends with the test that has started it.

// Helpers of tests may panic, and not every test uses all of them.
#![allow(clippy::unwrap_used, clippy::print_stderr, dead_code)]

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The longest wait for a line of output; the machine may be busy with other tests.
const PATIENCE: Duration = Duration::from_secs(30);

/// A temporary data folder, and the commands on it.
pub struct Folder {
    outer: tempfile::TempDir,
}

impl Folder {
    /// Makes the path of a data folder that does not exist yet.
    pub fn new() -> Self {
        Self { outer: tempfile::tempdir().unwrap() }
    }

    /// Writes a file next to the data folder. Returns its path.
    pub fn file(&self, name: &str, text: &str) -> String {
        let path = self.outer.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub fn path(&self) -> PathBuf {
        self.outer.path().join("data")
    }

    /// Returns the program with these arguments and `--data-dir`. It gets no `LAMPLIGHT_…` variables of the test's
    /// environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lamplight"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("LAMPLIGHT_")) {
            command.env_remove(name);
        }
        command.args(arguments).arg("--data-dir").arg(self.path()).stdin(Stdio::null());
        command
    }

    /// Runs a command until it ends. Returns the exit code, stdout and stderr.
    pub fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    /// Runs a command as [`Folder::run`] does, with a text on stdin.
    pub fn run_with(&self, arguments: &[&str], stdin: &str) -> (Option<i32>, String, String) {
        let file = self.file("stdin", stdin);
        let mut command = self.command(arguments);
        let output = command.stdin(std::fs::File::open(file).unwrap()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }

    /// Runs a command that must succeed. Returns its output.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let (code, output, error) = self.run(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {output}{error}");
        output
    }

    /// Runs a command that must succeed. Returns its output as JSON.
    pub fn answer(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ok(arguments)).unwrap()
    }

    /// Starts a server, and waits until it is ready.
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

    /// Starts `lamplight watch`, and waits until it is connected.
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

/// A running process. Dropping it kills the process.
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

    /// Waits for a line that contains this text. Returns all lines since the last call.
    pub fn wait_for(&mut self, part: &str) -> Vec<String> {
        let (until, from) = (Instant::now() + PATIENCE, self.seen.len());
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                // The process is killed, so that its log can be read to the end.
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

    /// Returns all lines that have been read.
    pub fn seen(&self) -> String {
        self.seen.join("\n")
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        // The error is ignored, because the process may already have ended.
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    /// Waits until the process ends. Returns the exit code and stderr.
    pub fn wait(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        (code, self.errors.take().unwrap().join().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both calls do nothing if the process has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(errors) = self.errors.take().filter(|_| std::thread::panicking()) {
            eprintln!("the log of process {}:\n{}", self.child.id(), errors.join().unwrap_or_default());
        }
    }
}
