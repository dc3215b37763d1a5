//! Tests that acknowledged writes survive a restart and `kill -9`, and that two processes can open the file at the same
//! time.
//!
//! A test that needs another process starts this binary again. It passes the file in the environment, and selects the
//! "test" with the code of the other process.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use lamplight_facts::conformance::all_logins;
use lamplight_facts::{Facts, Lists, NewLogin, NewMessage, Sent};
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{AppId, ClientMessageId, DeviceId, MessageBody, Platform, Timestamp, User, UserId};
use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// The environment variable with the path of the file for the child process. If it is not set, the tests for the child
/// process do nothing.
const FILE: &str = "LAMPLIGHT_DURABILITY_TEST_FILE";

/// The environment variable with the number of the child's first login.
const FIRST: &str = "LAMPLIGHT_DURABILITY_TEST_FIRST";

#[tokio::test]
async fn a_killed_store_has_every_acknowledged_login() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("facts");
    let mut acknowledged = HashSet::new();
    for first in [0, 1_000_000, 2_000_000, 3_000_000, 4_000_000] {
        let (mut child, mut lines) = start("child_that_records_logins_for_ever", &path, first);
        let enough = acknowledged.len() + 400;
        while acknowledged.len() < enough {
            let number = acknowledgement(&mut lines).expect("the child goes on until it is killed");
            acknowledged.insert(number);
        }
        child.kill().unwrap();
        // Logins that were acknowledged between the last read and the kill count too.
        acknowledged.extend(std::iter::from_fn(|| acknowledgement(&mut lines)));
        child.wait().unwrap();

        let facts = SqliteFacts::open(&path).unwrap();
        let found: HashSet<u64> = all_logins(&facts).await.into_iter().map(|(_, login)| login.at.0).collect();
        let lost: Vec<&u64> = acknowledged.difference(&found).collect();
        assert!(lost.is_empty(), "{} of {} are lost", lost.len(), acknowledged.len());
    }
}

#[tokio::test]
async fn child_that_records_logins_for_ever() {
    let Some((path, first)) = task() else { return };
    let facts = SqliteFacts::open(Path::new(&path)).unwrap();
    let record = |number: u64| {
        let written = facts.record_login(login(number));
        async move { written.await.map(|_| number) }
    };
    let mut numbers = first..;
    let mut writes: FuturesUnordered<_> = numbers.by_ref().take(64).map(record).collect();
    while let Some(recorded) = writes.next().await {
        say(recorded.unwrap());
        writes.push(record(numbers.next().unwrap()));
    }
}

/// Each client repeats its messages that were not answered. The store then has each message once.
#[tokio::test]
async fn a_killed_store_has_every_acknowledged_message_and_takes_none_twice() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("facts");
    let mut acknowledged = HashSet::new();
    let mut sent = HashSet::new();
    for first in [0, 1_000_000, 2_000_000] {
        let (mut child, mut lines) = start("child_that_sends_messages_for_ever", &path, first);
        let enough = acknowledged.len() + 400;
        while acknowledged.len() < enough {
            let number = acknowledgement(&mut lines).expect("the child goes on until it is killed");
            acknowledged.insert(number);
        }
        child.kill().unwrap();
        acknowledged.extend(std::iter::from_fn(|| acknowledgement(&mut lines)));
        child.wait().unwrap();

        let facts = SqliteFacts::open(&path).unwrap();
        let found: HashSet<u64> = messages(&facts).await.into_iter().collect();
        let lost: Vec<&u64> = acknowledged.difference(&found).collect();
        assert!(lost.is_empty(), "{} of {} are lost", lost.len(), acknowledged.len());

        // Messages whose outcome is unknown are sent again too.
        let last = acknowledged.iter().chain(&found).max().unwrap();
        for number in first..last + 64 {
            let again = facts.send_message(message(number)).await.unwrap();
            assert_eq!(matches!(again, Sent::Repeated(_)), found.contains(&number));
            sent.insert(number);
        }
        let all = messages(&facts).await;
        assert_eq!((all.len(), all.into_iter().collect::<HashSet<_>>()), (sent.len(), sent.clone()));
        let unread = facts.lists_states(vec![of_app("bob")]).await.unwrap()[0].unwrap().total_unread;
        assert_eq!(unread as usize, sent.len());
    }
}

#[tokio::test]
async fn child_that_sends_messages_for_ever() {
    let Some((path, first)) = task() else { return };
    let facts = SqliteFacts::open(Path::new(&path)).unwrap();
    for name in ["alice", "bob"] {
        facts.create_account(of_app(name), Timestamp(1)).await.unwrap();
    }
    let send = |number: u64| {
        let written = facts.send_message(message(number));
        async move { written.await.map(|_| number) }
    };
    let mut numbers = first..;
    let mut writes: FuturesUnordered<_> = numbers.by_ref().take(64).map(send).collect();
    while let Some(sent) = writes.next().await {
        say(sent.unwrap());
        writes.push(send(numbers.next().unwrap()));
    }
}

/// Returns the numbers of all messages, newest first. Checks that their sequences have no gap.
async fn messages(facts: &SqliteFacts) -> Vec<u64> {
    let history = facts.history(of_app("bob"), of_app("alice").id, None, usize::MAX).await;
    let history = history.expect("messages can be read");
    for (n, message) in history.iter().rev().enumerate() {
        assert_eq!(message.sequence, n as u64 + 1);
        assert_eq!(message.body.shown(), message.client_id.as_str());
    }
    history.into_iter().map(|message| message.at.0).collect()
}

#[tokio::test]
async fn processes_that_open_a_new_file_at_once_share_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("facts");
    let children: Vec<_> = (0..6).map(|n| start("child_that_records_a_login", &path, n)).collect();
    for (mut child, mut lines) in children {
        assert!(acknowledgement(&mut lines).is_some());
        assert!(child.wait().unwrap().success());
    }
    let facts = SqliteFacts::open(&path).unwrap();
    assert_eq!(all_logins(&facts).await.len(), 6);
}

#[tokio::test]
async fn child_that_records_a_login() {
    let Some((path, number)) = task() else { return };
    let facts = SqliteFacts::open(Path::new(&path)).unwrap();
    facts.record_login(login(number)).await.unwrap();
    say(number);
}

#[tokio::test]
async fn a_store_that_is_opened_again_has_everything() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("facts");
    for number in 0..3 {
        let facts = SqliteFacts::open(&path).unwrap();
        facts.record_login(login(number)).await.unwrap();
    }
    let facts = SqliteFacts::open(&path).unwrap();
    let mut found = all_logins(&facts).await;
    found.sort_by_key(|(_, login)| login.at);
    let found: Vec<_> = found.into_iter().map(|(user, login)| (user, login.device, login.at)).collect();
    let expected: Vec<_> = (0..3).map(login).map(|new| (new.user, new.device, new.at)).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_store_that_is_opened_again_has_the_lists() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("facts");
    let facts = SqliteFacts::open(&path).unwrap();
    for name in ["alice", "bob"] {
        facts.create_account(of_app(name), Timestamp(1)).await.unwrap();
    }
    for number in 0..3 {
        facts.send_message(message(number)).await.unwrap();
    }
    let (bob, alice) = (of_app("bob"), of_app("alice").id);
    facts.mark_read(bob.clone(), alice.clone(), Some(2)).await.unwrap();
    facts.pin_conversation(bob.clone(), alice.clone(), true).await.unwrap();
    let row = facts.conversation(bob.clone(), alice.clone()).await.unwrap();
    let state = facts.lists_states(vec![bob.clone()]).await.unwrap();
    drop(facts);

    let facts = SqliteFacts::open(&path).unwrap();
    assert!(row.as_ref().is_some_and(|row| row.pinned && row.unread == 1));
    assert_eq!(facts.conversation(bob.clone(), alice).await.unwrap(), row);
    assert_eq!(facts.lists_states(vec![bob]).await.unwrap(), state);
    let next = facts.send_message(message(3)).await.unwrap();
    assert!(matches!(next, Sent::Stored(stored) if stored.message.sequence == 4));
}

/// Makes a message from Alice to Bob at the time `number`.
fn message(number: u64) -> NewMessage {
    let text = number.to_string();
    let client_id = ClientMessageId::new(&text).expect("a number is short and ASCII");
    NewMessage {
        from: of_app("alice"),
        to: of_app("bob").id,
        body: MessageBody::Text(text),
        client_id,
        at: Timestamp(number),
        push: None,
    }
}

fn of_app(name: &str) -> User {
    User::new(AppId(1), UserId::new(name).expect("the tests name users rightly"))
}

/// Makes a login at the time `number`.
fn login(number: u64) -> NewLogin {
    let user = UserId::new(&format!("user {}", number % 100)).expect("the tests name users rightly");
    let device = DeviceId::new(&format!("device {number}")).expect("the tests name devices rightly");
    NewLogin {
        user: User::new(AppId(1), user),
        device,
        platform: Platform::Android,
        at: Timestamp(number),
        issued: number,
        durable: true,
        resume: false,
    }
}

/// Starts this binary again, as a child process that runs the test `test`.
fn start(test: &str, path: &Path, first: u64) -> (Child, BufReader<ChildStdout>) {
    let mut child = Command::new(std::env::current_exe().expect("this binary is somewhere"))
        .args(["--exact", test, "--nocapture"])
        .env(FILE, path)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this binary can be started");
    let lines = BufReader::new(child.stdout.take().expect("its output is piped"));
    (child, lines)
}

/// In the child process, returns the path of the file and the first number. In the parent process, returns `None`.
fn task() -> Option<(std::ffi::OsString, u64)> {
    let first = std::env::var(FIRST).ok()?.parse().expect("the parent gives a number");
    Some((std::env::var_os(FILE)?, first))
}

/// In the child process, acknowledges a number on stdout. The line begins with a line break, because the test harness
/// writes to stdout too.
fn say(number: u64) {
    let line = format!("\nacknowledged {number}\n");
    std::io::stdout().lock().write_all(line.as_bytes()).expect("the parent listens");
}

/// In the parent process, returns the number of the next acknowledgement; `None` at the end of the output.
fn acknowledgement(lines: &mut impl BufRead) -> Option<u64> {
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).expect("the child writes text");
        if !line.ends_with('\n') {
            return None;
        }
        if let Some(number) = line.trim_end().strip_prefix("acknowledged ") {
            return Some(number.parse().expect("the child writes numbers"));
        }
    }
}
