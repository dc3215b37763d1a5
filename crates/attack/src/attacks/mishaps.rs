//! The mishaps of operation: a log that cannot be written, and files that are damaged or missing.

use crate::line::{Line, Way, custom};
use crate::scene::{Attack, Findings, Kind};
use crate::server::{Folder, Server};
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(5);

pub const CLOSED_STDERR: Attack = Attack {
    name: "closed-stderr",
    about: "the log goes to a pipe whose reader has closed it",
    kind: Kind::Mishap(|program| {
        let (reader, writer) = std::io::pipe()?;
        drop(reader);
        unwritable(program, writer.into())
    }),
};

pub const FULL_STDERR: Attack = Attack {
    name: "full-stderr",
    about: "the log goes to a disk that is full",
    kind: Kind::Mishap(|program| unwritable(program, File::options().write(true).open("/dev/full")?.into())),
};

pub const CORRUPT_JOURNAL: Attack = Attack {
    name: "corrupt-journal",
    about: "a bit of the live records has flipped before the start",
    kind: Kind::Mishap(corrupt_journal),
};

pub const DELETED_LOCK: Attack = Attack {
    name: "deleted-lock",
    about: "a second server on a data folder whose lock was deleted",
    kind: Kind::Mishap(deleted_lock),
};

fn way(server: &Server) -> Way {
    Way { client: server.client, app: server.data.app, key: server.data.key.clone() }
}

/// Checks that a server whose log cannot be written serves clients, and counts the lost lines in a metric.
fn unwritable(program: &Path, log: Stdio) -> Result<Findings> {
    let folder = Folder::make::<&str>(program, &[])?;
    let mut findings = Findings::default();
    let mut server = match folder.start_logging_to(&[], log) {
        Ok(server) => server,
        Err(error) => {
            findings.expect(false, format!("it does not start: {error:#}"));
            return Ok(findings);
        }
    };
    for number in 0..10 {
        // Each wrong password makes the server write a line of the log.
        let body = r#"{"password":"a wrong password"}"#;
        let _ = ask(server.http, "POST", "/console/api/v1/session", body);
        let user = format!("user {number}");
        let logged_in = Line::log_in(&way(&server), &user, PATIENCE);
        if let Err(error) = logged_in.and_then(|mut line| line.send(&custom("here"))) {
            findings.expect(false, format!("{user} cannot log in: {error:#}"));
            break;
        }
    }
    let ready = ask(server.health, "GET", "/readyz", "").unwrap_or_default();
    findings.expect(ready.starts_with("HTTP/1.1 200"), "/readyz does not answer with 200");
    let metrics = ask(server.health, "GET", "/metrics", "").unwrap_or_default();
    let counted = metrics.lines().any(|line| {
        line.starts_with("lamplight_log_lines_dropped")
            && line.split_whitespace().last().is_some_and(|count| count != "0")
    });
    findings.expect(counted, "no metric counts the lines that were dropped");
    findings.expect(server.is_alive(), "the server has ended");
    Ok(findings)
}

/// Checks that a server with damaged live records starts, reports the damage, and keeps the damaged file.
fn corrupt_journal(program: &Path) -> Result<Findings> {
    let server = Folder::make::<&str>(program, &[])?.start(&[])?;
    let mut lines = Vec::new();
    for number in 0..20 {
        let mut line = Line::log_in(&way(&server), &format!("user {number}"), PATIENCE)?;
        line.send(&custom("something worth keeping"))?;
        lines.push(line);
    }
    std::thread::sleep(Duration::from_millis(300));
    let folder = server.kill();
    let log_before = folder.log().len();
    let live = folder.data().join("live");
    let largest = fs::read_dir(&live)?.filter_map(|entry| {
        let path = entry.ok()?.path();
        let length = fs::metadata(&path).ok()?.len();
        path.is_file().then_some((length, path))
    });
    let (length, path) = largest.max().context("the journal has files")?;
    let mut bytes = fs::read(&path)?;
    bytes[length as usize * 2 / 3] ^= 0x10;
    fs::write(&path, &bytes)?;

    let mut findings = Findings::default();
    let server = match folder.start(&[]) {
        Ok(server) => server,
        Err(error) => {
            findings.expect(false, format!("it does not start: {error:#}"));
            return Ok(findings);
        }
    };
    let log = server.data.log();
    let said = log[log_before.min(log.len())..].lines().any(|line| {
        (line.contains("WARN") || line.contains("ERROR"))
            && (line.contains("damage") || line.contains("journal"))
    });
    findings.expect(said, "the log has no warning about the damage");
    let metrics = ask(server.health, "GET", "/metrics", "")?;
    let counted = metrics.lines().any(|line| {
        line.starts_with("lamplight_journal_")
            && !line.starts_with("lamplight_journal_errors")
            && line.split_whitespace().last().is_some_and(|count| count != "0")
    });
    findings.expect(counted, "no metric counts the damage");
    findings.expect(contains(&server.data.data(), &bytes)?, "the damaged file is not kept");
    let login = Line::log_in(&way(&server), "user 0", PATIENCE);
    findings.expect(login.is_ok(), "a user cannot log in");
    Ok(findings)
}

/// Returns `true` if a file below this folder contains these bytes.
fn contains(folder: &Path, content: &[u8]) -> Result<bool> {
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if fs::read(&path).is_ok_and(|bytes| bytes == content) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn deleted_lock(program: &Path) -> Result<Findings> {
    let mut server = Folder::make::<&str>(program, &[])?.start(&[])?;
    fs::remove_file(server.data.data().join("lock"))?;
    let second = server.data.try_to_serve()?;
    let mut findings = Findings::default();
    findings
        .expect(second.is_some_and(|status| !status.success()), "a second server runs on the same folder");
    findings.expect(server.is_alive(), "the first server has ended");
    let login = Line::log_in(&way(&server), "user", PATIENCE);
    findings.expect(login.is_ok(), "a user cannot log in at the first server");
    Ok(findings)
}

/// Makes one HTTP request and returns the answer as text.
fn ask(address: SocketAddr, method: &str, path: &str, body: &str) -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
    let kind = format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(format!("{head}{kind}").as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
