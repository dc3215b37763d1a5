//! Measures the query of the server API for the statuses of 500 users. A backend repeats this query over persistent
//! connections.

use super::{LOGIN_WINDOW, login::milliseconds, microseconds};
use crate::fleet::{Fleet, LoginKind};
use crate::report::{Report, Target, say};
use crate::ring::user_id;
use crate::server_process::ServerSettings;
use crate::transport::Transport;
use anyhow::{Context, Result, bail, ensure};
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// The maximum number of users in a call.
const BATCH: u32 = 500;
/// The target: calls per second of the server's CPU time.
const TARGET: f64 = 2_000.0;
/// The longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// The number of measured calls for each call of the warm-up.
const WARM_UP: u32 = 10;
/// The admin of every new app.
const ADMIN: &str = "administrator";

/// The settings of the server. Its rate limit for the server API is so high that it refuses no call.
pub const SETTINGS: ServerSettings = ServerSettings {
    heartbeat_timeout_s: None,
    grace_ms: None,
    workers: None,
    api_rate: Some(60_000),
    every_change: false,
    webhook: None,
    subscriptions: None,
    transport: Transport::Tcp,
};

/// The settings of the measurement.
#[derive(Clone, Copy, Debug)]
pub struct QueryLoad {
    /// The number of measured calls.
    pub calls: u32,
    /// The number of connections, each with one call at a time.
    pub connections: u32,
    /// Whether the calls also request devices and custom statuses.
    pub detail: bool,
}

/// Logs all users in.
pub fn everyone(fleet: &mut Fleet) -> Result<()> {
    let users: Vec<u32> = (0..fleet.ring().users()).collect();
    fleet.log_in(&users, LOGIN_WINDOW, LoginKind::Start)?;
    fleet.quiet()
}

/// Measures the calls. All users must be connected.
pub fn measure(fleet: &mut Fleet, load: QueryLoad, report: &mut Report) -> Result<()> {
    let users = fleet.ring().users();
    let batch = BATCH.min(users);
    let QueryLoad { calls, connections, detail } = load;
    say(&format!("query: {users} users live, {calls} calls of {batch}, {connections} connections"));
    let address = fleet.target().http.context("the address of the HTTP port is needed: --http")?;
    let sig = fleet.target().user_sig(ADMIN)?;
    let app = fleet.target().app;
    let target = format!(
        "/v4/openim/query_online_status?sdkappid={app}&identifier={ADMIN}&usersig={sig}&random=1&contenttype=json"
    );

    // Each request has different users in a different order, so that consecutive answers are not similar.
    let requests: Vec<Request> =
        (0..users.div_ceil(batch)).map(|first| Request::new(&target, users, first, batch, detail)).collect();
    ask(address, &requests, connections, calls / WARM_UP)?;
    let (cpu, began) = (fleet.server_cpu()?, Instant::now());
    let times = ask(address, &requests, connections, calls)?;
    let took = began.elapsed();
    let cpu = fleet.server_cpu()?.saturating_sub(cpu);

    let what = if detail { "with devices and custom status" } else { "status alone" };
    let name = |figure: &str| format!("query of {batch}, {what}: {figure}");
    if fleet.target().meter.is_some() && !cpu.is_zero() {
        let target = (batch == BATCH && !detail).then_some(Target::AtLeast(TARGET));
        report.note(name("calls per CPU-second"), f64::from(calls) / cpu.as_secs_f64(), "per s", target);
        report.note(name("CPU of the server"), milliseconds(cpu) / f64::from(calls), "ms", None);
    }
    report.note(name("calls"), f64::from(calls) / took.as_secs_f64(), "per s", None);
    for (quantile, at) in [("p50", 0.5), ("p99", 0.99)] {
        report.note(name(quantile), times.value_at_quantile(at) as f64 / 1_000.0, "ms", None);
    }
    Ok(())
}

/// A request, with the users that its answer must have.
struct Request {
    bytes: Vec<u8>,
    asked: Vec<String>,
}

impl Request {
    fn new(target: &str, users: u32, first: u32, batch: u32, detail: bool) -> Self {
        // With a step that is coprime to the number of users, each user is used once.
        let step = (users / 3..)
            .find(|step| *step > 0 && gcd(*step, users) == 1)
            .expect("a prime above the number of users is coprime to it");
        let user = |n: u32| {
            let place =
                (u64::from(first) * u64::from(batch) + u64::from(n)) * u64::from(step) % u64::from(users);
            user_id(u32::try_from(place).expect("the place is below the number of users"))
        };
        let asked: Vec<String> = (0..batch).map(user).collect();
        let flag = u8::from(detail);
        let body =
            json!({"To_Account": asked, "IsNeedDetail": flag, "IsReturnCustomStatus": flag}).to_string();
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        Self { bytes: [head, body].concat().into_bytes(), asked }
    }

    /// Checks that the answer contains every user of the request, in the same order.
    fn check(&self, answer: &[u8]) -> Result<()> {
        let answer: Value = serde_json::from_slice(answer).context("the answer is not JSON")?;
        let told = answer["QueryResult"].as_array().with_context(|| format!("refused: {answer}"))?;
        ensure!(
            told.len() == self.asked.len(),
            "the answer has {} of {} users",
            told.len(),
            self.asked.len()
        );
        for (told, asked) in told.iter().zip(&self.asked) {
            if told["To_Account"] != **asked || told["Status"] != "Online" {
                bail!("{asked} is ONLINE, but the answer has {told}");
            }
        }
        Ok(())
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Makes this many calls. Returns a histogram of their durations in microseconds.
fn ask(address: SocketAddr, requests: &[Request], connections: u32, calls: u32) -> Result<Histogram<u32>> {
    let connections = connections.max(1);
    let share = |index: u32| calls / connections + u32::from(index < calls % connections);
    let merged = thread::scope(|scope| {
        let threads: Vec<_> = (0..connections)
            .map(|index| {
                // The connections start with different requests.
                let from = index as usize * requests.len() / connections as usize;
                scope.spawn(move || converse(address, requests, from, share(index)))
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a backend does not panic"))
            .collect::<Result<Vec<_>>>()
    })?;
    let mut all = microseconds();
    for times in merged {
        all.add(times)?;
    }
    Ok(all)
}

fn converse(address: SocketAddr, requests: &[Request], from: usize, calls: u32) -> Result<Histogram<u32>> {
    let mut stream = TcpStream::connect(address).context("cannot connect to the HTTP port")?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut times = microseconds();
    let mut answer = Vec::new();
    for call in 0..calls as usize {
        let request = &requests[(from + call) % requests.len()];
        let began = Instant::now();
        stream.write_all(&request.bytes)?;
        let body = read_answer(&mut stream, &mut answer)?;
        times.saturating_record(u64::try_from(began.elapsed().as_micros())?);
        // The first answer to each request is checked completely. Later answers are checked only for success.
        if call < requests.len() {
            request.check(&answer[body..])?;
        } else {
            ensure!(answer[body..].starts_with(br#"{"ActionStatus":"OK""#), "a call was refused");
        }
    }
    Ok(times)
}

/// Reads one answer. Returns the position of its body.
fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> Result<usize> {
    const PIECE: usize = 64 * 1024;
    answer.clear();
    let mut whole = None;
    loop {
        let filled = answer.len();
        answer.resize(filled + PIECE, 0);
        let read = stream.read(&mut answer[filled..])?;
        answer.truncate(filled + read);
        ensure!(read > 0, "the server has closed the connection");
        if whole.is_none()
            && let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n")
        {
            let head = std::str::from_utf8(&answer[..end])?.to_ascii_lowercase();
            ensure!(head.starts_with("http/1.1 200"), "{head}");
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.context("the answer has no Content-Length")?.trim().parse()?;
            whole = Some((end + 4, end + 4 + length));
        }
        if let Some((body, end)) = whole
            && answer.len() >= end
        {
            return Ok(body);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_requests_ask_for_everybody_once() {
        for users in [1, 63, 500, 5_000] {
            let batch = BATCH.min(users);
            let asked: Vec<String> = (0..users / batch)
                .flat_map(|first| Request::new("/", users, first, batch, false).asked)
                .collect();
            assert_eq!(asked.iter().collect::<HashSet<_>>().len(), users as usize);
        }
    }

    #[test]
    fn an_answer_that_does_not_say_online_of_everybody_is_a_failure() {
        let request = Request::new("/", 2, 0, 2, false);
        let [one, other] = &request.asked[..] else { panic!("two") };
        let answer = |status: &str| {
            let told =
                json!([{"To_Account": one, "Status": "Online"}, {"To_Account": other, "Status": status}]);
            json!({"QueryResult": told}).to_string()
        };
        assert!(request.check(answer("Online").as_bytes()).is_ok());
        assert!(request.check(answer("PushOnline").as_bytes()).is_err());
        assert!(request.check(b"{\"ErrorCode\":60007}").is_err());
    }
}
