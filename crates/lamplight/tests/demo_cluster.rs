//! A test of `lamplight demo --cluster`: nodes are killed, stopped and started while the pages stay reachable.

#![allow(clippy::unwrap_used)]

mod process;

use process::Running;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, Command, Stdio};

/// Sends a request to the balancer for pages. Returns the complete response.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// A process that passes on the lines that the test types. [`Running`] gives its processes no input.
struct Keyboard {
    cat: Child,
    input: ChildStdin,
}

impl Keyboard {
    fn new() -> Self {
        let mut cat = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = cat.stdin.take().unwrap();
        Self { cat, input }
    }

    fn plug_into(&mut self, command: &mut Command) {
        command.stdin(self.cat.stdout.take().unwrap());
    }

    fn write(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        let _ = self.cat.kill();
        let _ = self.cat.wait();
    }
}

#[test]
fn nodes_of_the_demo_come_and_go_behind_its_balancer() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lamplight"));
    command.current_dir(std::env::temp_dir());
    command.args(["demo", "--cluster", "--for", "110s"]);
    command.args(["--client-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"]);
    let mut keyboard = Keyboard::new();
    keyboard.plug_into(&mut command);
    let mut demo = Running::start(command);
    demo.wait_for("to end.");
    let seen = demo.seen();
    let mut lines = seen.lines();
    let pages = lines.find(|line| line.contains("build the web pages") || line.contains("in two windows"));
    let address = pages.unwrap().split_once("http://").unwrap().1;
    let address = &address[..address.find([' ', '/']).unwrap()];

    assert!(get(address, "/lamplight.json").contains("\"demo\":true"));
    for (typed, seen) in [
        ("k 2", "node 2     running"),
        ("k 2", "node 2     down"),
        ("t 3", "node 3: ended with"),
        ("s 2", "is back after"),
        ("s 3", "is back after"),
        ("x", "`x` is no command"),
    ] {
        keyboard.write(typed);
        demo.wait_for(seen);
        assert!(get(address, "/demo/users.json").contains("\"isPlayer\""), "after `{typed}`");
    }
    keyboard.write("q");
    demo.wait_for("The demo has ended.");
    let (code, log) = demo.wait();
    assert_eq!(code, Some(0), "{log}");
}
