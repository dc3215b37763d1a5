//! Creates many accounts without a connection, by the command `multiaccount_import` of the server API.

use crate::ring::user_id;
use crate::target::Target;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::thread;
use std::time::Duration;

/// The number of accounts in one call, which is the limit of the server API.
const BATCH: u32 = 100;
/// The number of connections. The server commits the imports of several calls together.
const CONNECTIONS: u32 = 8;
/// The account that makes the calls.
const ADMIN: &str = "administrator";
/// The longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// The maximum size of an answer in bytes. An answer names at most the accounts of its call.
const MOST_BYTES: usize = 64 * 1024;

/// Creates the accounts of these users.
pub fn import(target: &Target, users: Range<u32>) -> Result<()> {
    let calls = (users.end - users.start).div_ceil(BATCH);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..CONNECTIONS.min(calls))
            .map(|first| {
                let firsts = (first..calls).step_by(CONNECTIONS as usize);
                let batches = firsts.map(|call| {
                    let start = users.start + call * BATCH;
                    start..(start + BATCH).min(users.end)
                });
                let batches: Vec<_> = batches.collect();
                scope.spawn(move || import_batches(target, &batches))
            })
            .collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("an import does not panic"))
    })
}

fn import_batches(target: &Target, batches: &[Range<u32>]) -> Result<()> {
    let address = target.http.context("accounts are imported over the HTTP port")?;
    let stream = TcpStream::connect(address).context("cannot connect to the HTTP port")?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let (mut writer, mut reader) = (stream.try_clone()?, BufReader::new(stream));
    let path = format!(
        "/v4/im_open_login_svc/multiaccount_import?sdkappid={}&identifier={ADMIN}&usersig={}&random=1&contenttype=json",
        target.app,
        target.user_sig(ADMIN)?
    );
    for batch in batches {
        let body = json!({"Accounts": batch.clone().map(user_id).collect::<Vec<_>>()}).to_string();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        writer.write_all([head, body].concat().as_bytes())?;
        let answer = read_answer(&mut reader)?;
        let failures = answer["FailAccounts"].as_array().map_or(0, Vec::len);
        ensure!(answer["ErrorCode"] == 0 && failures == 0, "the import failed: {answer}");
    }
    Ok(())
}

fn read_answer(reader: &mut impl BufRead) -> Result<Value> {
    let mut length = None;
    let mut line = String::new();
    loop {
        line.clear();
        let read = reader.by_ref().take(MOST_BYTES as u64).read_line(&mut line)?;
        ensure!(read > 0, "the server has closed the connection");
        let header = line.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(bytes) = header.strip_prefix("content-length:") {
            length = Some(bytes.trim().parse::<usize>()?);
        }
    }
    let length = length.context("the answer has no Content-Length")?;
    ensure!(length <= MOST_BYTES, "the answer has {length} bytes");
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    serde_json::from_slice(&body).context("the answer is not JSON")
}
