//! Tests of the server under a supervisor: the command line of the systemd unit, and a socket for the notifications.

mod process;

use process::{Folder, Running};
use rustix::process::Signal;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

const UNIT: &str = include_str!("../../../packaging/lamplight.service");

/// The longest wait for a notification; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// Returns the value of a key that occurs once in the unit.
fn value(key: &str) -> &'static str {
    let values: Vec<_> = UNIT.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('=')).collect();
    let [value] = values[..] else { panic!("{key} stands {} times in the unit", values.len()) };
    value
}

#[test]
fn the_command_of_the_unit_tells_that_it_is_ready_alive_and_stopping() {
    let folder = Folder::new();
    let inbox = folder.path().with_file_name("notify");
    let socket = UnixDatagram::bind(&inbox).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let next = || {
        let mut bytes = [0; 256];
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap().trim().to_owned()
    };

    let words: Vec<_> = value("ExecStart").split(' ').collect();
    let [_, serve, "--data-dir", data] = words[..] else { panic!("not the command that is tried here") };
    assert_eq!((serve, value("Type")), ("serve", "notify"));
    assert_eq!(data, format!("/var/lib/{}/data", value("StateDirectory")));
    // The test passes its own ports, and adds its data folder to every command.
    let mut command =
        folder.command(&[serve, "--client-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"]);
    command.env("NOTIFY_SOCKET", &inbox).env("WATCHDOG_USEC", "300000").env_remove("WATCHDOG_PID");
    let server = Running::start(command);

    assert_eq!(next(), "READY=1");
    assert_eq!(folder.node()["pid"], server.id(), "it was ready before it wrote its addresses");
    for _ in 0..3 {
        assert_eq!(next(), "WATCHDOG=1");
    }
    server.signal(Signal::TERM);
    let last = std::iter::repeat_with(next).find(|notice| notice != "WATCHDOG=1");
    assert_eq!(last.as_deref(), Some("STOPPING=1"));
    assert_eq!(server.wait().0, Some(0));
}

#[test]
fn a_supervisor_that_does_not_listen_harms_nobody() {
    let folder = Folder::new();
    let mut command =
        folder.command(&["serve", "--client-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"]);
    command.env("NOTIFY_SOCKET", folder.path().with_file_name("gone"));
    let mut server = Running::start(command);
    server.wait_for("SDKAppID");
    server.signal(Signal::TERM);
    let (code, log) = server.wait();
    assert_eq!(code, Some(0));
    assert!(log.contains("cannot notify the supervisor"), "{log}");
}

/// systemd's verifier, if it is installed, must print no warnings about the unit.
#[test]
fn systemd_takes_the_unit_without_a_warning() {
    let folder = Folder::new();
    let program = value("ExecStart").split(' ').next().unwrap();
    let unit = UNIT.replace(program, env!("CARGO_BIN_EXE_lamplight"));
    let file = folder.file("lamplight.service", &unit);
    match Command::new("systemd-analyze").args(["verify", &file]).output() {
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && said.is_empty(), "{said}");
        }
        Err(error) => eprintln!("systemd-analyze could not be run, so the unit was not checked: {error}"),
    }
}
