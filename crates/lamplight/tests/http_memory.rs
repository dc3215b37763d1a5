//! Tests of the memory that malicious peers of the HTTP port can make the server use, measured from outside.
//!
//! An unauthenticated peer may cost at most 64 KiB; the whole port, at most 64 MiB.

#![allow(clippy::unwrap_used)]

mod process;

use process::{Folder, Running};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const KIB: u64 = 1024;
/// The maximum memory that one peer may cost.
const PER_PEER: u64 = 64 * KIB;
/// The maximum memory that the whole port may cost.
const PER_PORT: u64 = 64 * KIB * KIB;
/// The memory that the server may use for other work during a measurement.
const NOISE: u64 = 1536 * KIB;
/// The longest wait for the server to handle the sent bytes.
const PATIENCE: Duration = Duration::from_secs(60);

struct Target {
    folder: Folder,
    server: Running,
    http: String,
    password: String,
}

impl Target {
    fn start() -> Self {
        let files = getrlimit(Resource::Nofile).maximum;
        setrlimit(Resource::Nofile, Rlimit { current: files, maximum: files }).unwrap();
        let folder = Folder::new();
        let config = folder.file("lamplight.toml", "[limits]\nhttp_connections_per_address = 1024\n");
        let server = folder.serve(&["--config", &config]);
        let http = folder.node()["http"].as_str().unwrap().to_owned();
        let seen = server.seen();
        let (_, password) = seen.split_once("(password ").unwrap();
        let password = password.split(',').next().unwrap().to_owned();
        let target = Self { folder, server, http, password };
        // The first call of each kind makes permanent allocations, which must not be counted as a peer's cost.
        for path in ["/metrics", "/v4/openapi.json", "/v4/docs/", "/console/api/v1/session", "/v4/x/y"] {
            target.get(path);
        }
        target
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.http).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
        stream
    }

    fn ask(&self, request: &str) -> String {
        ask(&self.http, request)
    }

    fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
    }

    /// Returns the HTTP status of a login with this password.
    fn log_in(&self, password: &str) -> String {
        let body = format!("{{\"password\":\"{password}\"}}");
        let answer = self.ask(&format!("{}{}\r\nConnection: close\r\n\r\n{body}", login_head(), body.len()));
        answer.split(' ').nth(1).unwrap().to_owned()
    }

    /// Logs in with the right password, with retries while too many logins wait. Returns the HTTP status.
    fn log_in_when_none_waits(&self) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let status = self.log_in(&self.password);
            if status != "503" || Instant::now() > until {
                return status;
            }
        }
    }

    /// Returns the value of a line of `/proc/…/status`, in bytes.
    fn status(&self, line: &str) -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.server.id())).unwrap();
        let value = text.lines().find_map(|shown| shown.strip_prefix(line)).unwrap();
        value.trim_matches(|letter: char| !letter.is_ascii_digit()).parse::<u64>().unwrap() * KIB
    }

    /// Returns the size of the anonymous memory, which is not backed by files.
    fn memory(&self) -> u64 {
        self.status("RssAnon:")
    }

    /// Returns the number of bytes of bodies in the server's memory.
    fn body_bytes(&self) -> u64 {
        let page = self.get("/metrics");
        let value = page.lines().find_map(|line| line.strip_prefix("lamplight_http_body_bytes ")).unwrap();
        value.parse().unwrap()
    }

    fn wait_until(&self, what: &str, mut condition: impl FnMut() -> bool) {
        let until = Instant::now() + PATIENCE;
        while !condition() {
            assert!(Instant::now() < until, "not within {PATIENCE:?}: {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the server's memory has not grown for 0.2 s. Returns its maximum.
    fn settled(&self) -> u64 {
        let until = Instant::now() + PATIENCE;
        let (mut most, mut same) = (0, 0);
        while same < 10 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
            let now = self.memory();
            same = if now > most { 0 } else { same + 1 };
            most = most.max(now);
        }
        most
    }
}

fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn login_head() -> &'static str {
    "POST /console/api/v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
}

/// Sends the bytes in segments of this size, unless the server closes the connection first.
fn drip(stream: &mut TcpStream, bytes: &[u8], segment: usize) {
    for segment in bytes.chunks(segment) {
        if stream.write_all(segment).is_err() {
            return;
        }
    }
}

/// The peers of an attack. Each of `peers` peers sends `head` at once and then `body` in segments of `segment` bytes.
/// No peer reads.
struct Attack {
    name: &'static str,
    peers: usize,
    head: String,
    body: Vec<u8>,
    segment: usize,
}

const DEAREST: &str = "many headers, and a login";

fn attacks() -> Vec<Attack> {
    let attack = |name, peers, head: &str, body: &[u8], segment| Attack {
        name,
        peers,
        head: head.to_owned(),
        body: body.to_vec(),
        segment,
    };
    let many_headers: String = (0..97).map(|n| format!("x-{n}: {}\r\n", "y".repeat(140))).collect();
    let login = |length: &str| format!("{}{length}\r\n\r\n", login_head());
    let chunked = login_head().replace("Content-Length: ", "Transfer-Encoding: chunked\r\n\r\n");
    let asks = |path: &str, times| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").repeat(times);
    let trailers = [&b"1\r\nx\r\n0\r\n"[..], &b"x: yyyyyyyy\r\n".repeat(1_200)].concat();
    let call = "POST /v4/openim/querystate?sdkappid=1400000001&identifier=administrator&usersig=x HTTP/1.1\r\n\
                Host: x\r\nContent-Length: 1048576\r\n\r\n";
    vec![
        attack("a login in one-byte segments", 64, &login("2048"), &[b'x'; 2_047], 1),
        attack("a login past its bound in one-byte segments", 64, &login("65536"), &[b'x'; 10_000], 1),
        attack("a login in one-byte chunks", 64, &chunked, &b"1\r\nx\r\n".repeat(2_000), 600),
        attack("trailers without an end", 64, &chunked, &trailers, 100),
        attack("a chunk extension without an end", 64, &format!("{chunked}1;"), &[b'x'; 15_000], 100),
        attack("a call without a right UserSig", 64, call, &[b'x'; 100_000], 100),
        attack("a long head in one-byte segments", 64, "GET / HTTP/1.1\r\nx: ", &[b'x'; 15_000], 1),
        attack("a long head", 200, "GET / HTTP/1.1\r\nx: ", &[b'x'; 16_000], 1_000),
        attack(
            DEAREST,
            200,
            &login_head().replace("Content-Length: ", &format!("{many_headers}Content-Length: 2048\r\n\r\n")),
            &[b'x'; 2_047],
            23,
        ),
        attack("pipelined requests", 200, "", asks("/healthz", 2_000).as_bytes(), 8_000),
        attack("metrics that nobody takes", 200, "", asks("/metrics", 200).as_bytes(), 8_000),
        attack(
            "a script that nobody takes",
            200,
            "",
            asks("/v4/docs/swagger-ui-bundle.js", 9).as_bytes(),
            8_000,
        ),
        attack("a document that nobody takes", 200, "", asks("/v4/openapi.json", 99).as_bytes(), 8_000),
        attack(
            "HTTP/2",
            200,
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            &[0, 0, 0, 4, 0, 0, 0, 0, 0].repeat(1_000),
            900,
        ),
        attack(
            "an upgrade",
            200,
            "GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
            &[b'x'; 16_000],
            1_000,
        ),
    ]
}

#[test]
fn an_unauthenticated_peer_costs_64_kib_whatever_it_sends_and_however() {
    let mut failed = Vec::new();
    for Attack { name, peers, head, body, segment } in attacks() {
        let target = Target::start();
        let before = target.settled();
        let mut streams: Vec<_> = (0..peers).map(|_| target.connect()).collect();
        for stream in &mut streams {
            // The error is ignored: a connection that the server has closed costs no more memory.
            let _ = stream.write_all(head.as_bytes());
            drip(stream, &body, segment);
        }
        let cost = target.settled().saturating_sub(before);
        println!("{name}: {peers} peers cost {} KiB, {} each", cost / KIB, cost / KIB / peers as u64);
        if cost > peers as u64 * PER_PEER + NOISE {
            failed.push(format!("{name}: {} KiB each", cost / KIB / peers as u64));
        }
        assert!(target.get("/readyz").contains("\r\n\r\nready\n"), "{name}: others are served");
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn the_whole_port_costs_64_mib() {
    let target = Target::start();
    let before = target.settled();
    // Half of the peers use the most expensive attack. The others use all attacks in turn.
    let attacks = attacks();
    let dearest = attacks.iter().position(|attack| attack.name == DEAREST).unwrap();
    let mut streams = Vec::new();
    for place in 0..1_000 {
        let attack = if place % 2 == 0 { &attacks[dearest] } else { &attacks[place / 2 % attacks.len()] };
        let mut stream = target.connect();
        let _ = stream.write_all(attack.head.as_bytes());
        drip(&mut stream, &attack.body, attack.segment.max(100));
        streams.push(stream);
    }
    let cost = target.settled().saturating_sub(before);
    println!("1000 peers of all kinds cost {} KiB", cost / KIB);
    assert!(cost <= PER_PORT, "{} MiB", cost / KIB / KIB);
}

#[test]
fn the_whole_port_costs_64_mib_also_when_a_backend_sends_all_that_it_may() {
    let target = Target::start();
    let before = target.settled();
    // Unauthenticated peers with the most expensive attack use the other connections of the port.
    let dearest = attacks().into_iter().find(|attack| attack.name == DEAREST).unwrap();
    let _streams: Vec<_> = (0..900)
        .map(|_| {
            let mut stream = target.connect();
            let _ = stream.write_all(dearest.head.as_bytes());
            drip(&mut stream, &dearest.body[..1_000], 500);
            stream
        })
        .collect();
    let sig = target.folder.ok(&["sig", "administrator"]);
    // `names` has more short names than a call may have. `maps` has the JSON that takes the most memory per byte when
    // it is parsed. `friends` has a long ignored list and the maximum number of friends; its call is executed without
    // waiting.
    let names = format!("{{\"To_Account\":[\"\"{}]}}", ",\"\"".repeat(340_000));
    let maps = format!(
        "{{\"To_Account\":\"nobody\",\"MsgRandom\":1,\"OfflinePushInfo\":[{{\"\":0}}{}],\
         \"MsgBody\":[{{\"MsgType\":\"TIMTextElem\",\"MsgContent\":{{\"Text\":\"x\"}}}}]}}",
        ",{\"\":0}".repeat(140_000)
    );
    let friend =
        "{\"To_Account\":\"x\",\"Remark\":\"r\",\"AddSource\":\"AddSource_Type_x\",\"AddWording\":\"w\"}";
    let friends = format!(
        "{{\"From_Account\":\"administrator\",\"more\":[[]{}],\"AddFriendItem\":[{friend}{}]}}",
        ",[]".repeat(280_000),
        format!(",{friend}").repeat(999)
    );
    target.settled();
    let of_the_others = target.body_bytes();
    // The second round must not cost more than the first, because the allocator reuses the memory.
    for (path, body, code) in [
        ("openim/querystate", &names, "90011"),
        ("openim/sendmsg", &maps, "20003"),
        ("sns/friend_import", &friends, "0"),
        ("openim/querystate", &names, "90011"),
        ("openim/sendmsg", &maps, "20003"),
        ("sns/friend_import", &friends, "0"),
    ] {
        let body = [body.as_bytes(), &b" ".repeat((1 << 20) - body.len())].concat();
        let head = format!(
            "POST /v4/{path}?sdkappid=1400000001&identifier=administrator&usersig={} HTTP/1.1\r\n\
             Host: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            sig.trim(),
            body.len()
        );
        // The memory of a call is returned shortly after its answer was sent.
        target.wait_until("the memory for bodies is returned", || target.body_bytes() <= of_the_others);
        // Seven calls reserve their memory, and keep it, because the last byte of each body is not sent yet.
        let held: Vec<_> = (0..7)
            .map(|_| {
                // In the meantime, the other peers time out, and the memory of their bodies is freed.
                let mut least = target.body_bytes();
                let call = hold_back(&target, &head, &body);
                target.wait_until("a call reserves the memory of its body", || {
                    let now = target.body_bytes();
                    least = least.min(now);
                    now >= least + body.len() as u64
                });
                call
            })
            .collect();
        let at_once: Vec<_> = (0..92).map(|_| send(&target, &head, &body)).collect();
        let mut answers: Vec<_> = at_once.into_iter().map(|call| call.join().unwrap()).collect();
        // The remaining memory is sufficient for one call at a time.
        answers.push(send(&target, &head, &body).join().unwrap());
        answers.extend(held.into_iter().map(|call| call.join().unwrap()));
        let told = |code: &str| {
            let code = format!("\"ErrorCode\":{code}");
            answers.iter().filter(|answer| answer.contains(&code)).count()
        };
        let cost = target.status("VmHWM:").saturating_sub(target.status("RssFile:") + before);
        let kept = target.memory().saturating_sub(before);
        let (no_room, timed_out) = (told("60008"), told("60002"));
        println!(
            "900 peers, and 100 calls of 1 MiB to {path}: {} KiB at most, {} KiB kept; {no_room} refused",
            cost / KIB,
            kept / KIB
        );
        let all = format!("{no_room} without room, {timed_out} timed out, {} read", told(code));
        assert!(no_room > 0 && told(code) > 0, "{all}");
        assert_eq!((timed_out, no_room + told(code)), (7, 93), "{all}");
        assert!(cost <= PER_PORT, "{} MiB", cost / KIB / KIB);
    }
}

#[test]
fn what_a_backend_reads_or_sends_to_many_at_once_keeps_to_the_bound_of_the_port() {
    let target = Target::start();
    let sig = target.folder.ok(&["sig", "administrator"]);
    let (address, sig) = (target.http.as_str(), sig.trim());
    let call = |path: &str, body: &serde_json::Value| {
        let body = body.to_string();
        let head = format!(
            "POST /v4/{path}?sdkappid=1400000001&identifier=administrator&usersig={sig} HTTP/1.1\r\n\
             Host: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        ask(address, &(head + &body))
    };
    let done = |path: &str, body: serde_json::Value| {
        let answer = call(path, &body);
        assert!(answer.contains("\"ErrorCode\":0"), "{path}: {answer}");
    };
    // Makes accounts with the largest possible profiles, and a conversation with as much text as fits into a page.
    let users: Vec<_> = (0..100).map(|user| format!("user-{user}")).collect();
    done("im_open_login_svc/multiaccount_import", json!({ "Accounts": users }));
    let tags: Vec<_> = (0..50).map(|tag| format!("Tag_Profile_Custom_{tag}")).collect();
    let items: Vec<_> = tags.iter().map(|tag| json!({ "Tag": tag, "Value": "v".repeat(500) })).collect();
    for user in &users {
        done("profile/portrait_set", json!({ "From_Account": user, "ProfileItem": items }));
    }
    let text = json!([{ "MsgType": "TIMTextElem", "MsgContent": { "Text": "t".repeat(12_000) } }]);
    for random in 0..100 {
        let (from, to) = (&users[0], &users[1]);
        done(
            "openim/sendmsg",
            json!({ "From_Account": from, "To_Account": to, "MsgRandom": random, "MsgBody": text }),
        );
    }
    let before = target.settled();
    let history = json!({ "Operator_Account": users[0], "Peer_Account": users[1], "MaxCnt": 100, "MinTime": 0,
                          "MaxTime": u32::MAX });
    let batch = json!({ "From_Account": users[0], "To_Account": users, "MsgRandom": 1_000, "MsgBody": text });
    for (path, body) in [
        ("profile/portrait_get", json!({ "To_Account": users, "TagList": tags })),
        ("profile/portrait_get", json!({ "To_Account": users, "TagList": vec!["Tag_Profile_IM_Nick"; 100] })),
        ("openim/admin_getroammsg", history),
        ("openim/batchsendmsg", batch),
    ] {
        let answers: Vec<_> = std::thread::scope(|scope| {
            let calls: Vec<_> = (0..60).map(|_| scope.spawn(|| call(path, &body))).collect();
            calls.into_iter().map(|call| call.join().unwrap()).collect()
        });
        let told = |code: &str| {
            let code = format!("\"ErrorCode\":{code}");
            answers.iter().filter(|answer| answer.contains(&code)).count()
        };
        assert!(told("0") > 0, "{path}");
        assert_eq!(told("0") + told("60008"), answers.len(), "{path}");
        let cost = target.status("VmHWM:").saturating_sub(target.status("RssFile:") + before);
        println!("60 calls of {path}: {} KiB at most, {} refused", cost / KIB, told("60008"));
        assert!(cost <= PER_PORT, "{path}: {} MiB", cost / KIB / KIB);
    }
}

/// Sends the head of a call. The returned thread sends the body without its last byte, and waits for the answer.
fn hold_back(target: &Target, head: &str, body: &[u8]) -> JoinHandle<String> {
    let mut stream = target.connect();
    stream.write_all(head.as_bytes()).unwrap();
    let body = body[..body.len() - 1].to_vec();
    std::thread::spawn(move || answer_to(stream, &body))
}

/// Sends a whole call in a thread, which returns the answer.
fn send(target: &Target, head: &str, body: &[u8]) -> JoinHandle<String> {
    let stream = target.connect();
    let call = [head.as_bytes(), body].concat();
    std::thread::spawn(move || answer_to(stream, &call))
}

/// Sends the bytes, and reads until the server closes the connection.
fn answer_to(mut stream: TcpStream, bytes: &[u8]) -> String {
    stream.set_write_timeout(None).unwrap();
    // The error is ignored, because the server may refuse a call and close the connection before the end of the body.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn logins_to_the_console_cost_one_verification_at_a_time_and_keep_nothing() {
    let target = Target::start();
    assert_eq!(target.log_in(&target.password), "200");
    let before = target.settled();
    // Sends many logins at once, and closes the connections without waiting for the answers.
    for _ in 0..10 {
        let streams: Vec<_> = (0..8)
            .map(|_| {
                let mut stream = target.connect();
                let body = format!("{{\"password\":\"{}\"}}", target.password);
                write!(stream, "{}{}\r\n\r\n{body}", login_head(), body.len()).unwrap();
                stream
            })
            .collect();
        std::thread::sleep(Duration::from_millis(5));
        drop(streams);
    }
    for _ in 0..10 {
        assert_eq!(target.log_in_when_none_waits(), "200");
    }
    let (peak, kept) = (target.status("VmHWM:"), target.memory().saturating_sub(before));
    println!("at most {} KiB, {} KiB kept", peak / KIB, kept / KIB);
    assert!(kept < 6 * KIB * KIB, "{} KiB are kept", kept / KIB);
    let resting = target.status("VmRSS:");
    assert!(peak < resting + 30 * KIB * KIB, "{} KiB at a time", (peak - resting) / KIB);
}

#[test]
fn a_wrong_password_counts_also_when_nobody_waits_for_the_answer() {
    let target = Target::start();
    for _ in 0..100 {
        let mut stream = target.connect();
        write!(stream, "{}20\r\n\r\n{{\"password\":\"wrong\"}}", login_head()).unwrap();
        // In this time, the check of the password begins, but does not end.
        std::thread::sleep(Duration::from_millis(5));
        drop(stream);
    }
    assert_eq!(target.log_in_when_none_waits(), "429", "guesses that nobody waits for are not free");
}
