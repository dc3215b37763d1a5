//! Measures the start of a server with many accounts and as many live records.

use super::Server;
use crate::args::StartArgs;
use crate::link::{Link, ReadOutcome, ReceiveBuffer, Stage};
use crate::report::{Report, Target, say};
use crate::ring::{Ring, WATCHED, user_id};
use crate::server_process::{self, ServerSettings};
use crate::target::Target as ServerTarget;
use crate::transport::Dialer;
use anyhow::{Context, Result, bail, ensure};
use lamplight_model::Platform;
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::server_message::Body as Answer;
use mio::{Events, Poll};
use prost::Message as _;
use std::time::{Duration, Instant};

/// The number of users who log in at a time.
const WINDOW: u32 = 256;
/// The longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// The goal for the start, in seconds.
const GOAL: f64 = 5.0;

/// Makes the accounts by logging each user in and subscribing the user to twenty others. Kills the server, and measures
/// how long a new server takes until clients can connect.
pub fn measure(args: &StartArgs, report: &mut Report) -> Result<()> {
    let settings = ServerSettings { every_change: true, ..ServerSettings::default() };
    if let Some(folder) = &args.data_dir {
        let program = super::program_or_this(args.program.clone())?;
        let (ready, resident) = server_process::measure_start(&program, folder, settings)?;
        note(ready.as_secs_f64(), resident, report);
        return Ok(());
    }
    let mut server = Server::start(args.program.clone(), settings)?;
    say(&format!("start: {} users log in, subscribe to 20 others, and leave", args.users));
    let began = Instant::now();
    populate(server.target(), Ring::new(args.users)?.users())?;
    report.note("start: time to make the users", began.elapsed().as_secs_f64(), "s", None);

    let process = server.ours().context("the server was started here")?;
    process.kill();
    let began = Instant::now();
    process.start_again()?;
    let ready = began.elapsed().as_secs_f64();
    let memory = process.target().meter.context("the process is known")?.memory()?;
    note(ready, memory.resident, report);
    Ok(())
}

fn note(ready: f64, resident: u64, report: &mut Report) {
    report.note("start: ready after", ready, "s", Some(Target::AtMost(GOAL)));
    report.note("start: memory, resident", resident as f64 / 1_048_576.0, "MiB", None);
}

/// A connection over which users log in, one after another.
struct Seat {
    link: Link,
    user: u32,
    since: Instant,
}

/// Logs `users` users in, one after another on each seat. Subscribes each user to users who have logged in before.
fn populate(target: &ServerTarget, users: u32) -> Result<()> {
    let (dialer, mut poll, mut events) =
        (Dialer::new(target.transport)?, Poll::new()?, Events::with_capacity(1_024));
    let mut scratch = vec![0; 64 * 1024];
    let (mut next, mut done) = (0, 0);
    let seat = |_| Seat { link: Link::default(), user: 0, since: Instant::now() };
    let mut seats: Vec<Seat> = (0..WINDOW.min(users)).map(seat).collect();
    for (number, seat) in seats.iter_mut().enumerate() {
        seat.sit(number as u32, &mut next, (target, &dialer), &poll)?;
    }
    while done < users {
        poll.poll(&mut events, Some(Duration::from_secs(1)))?;
        let ready: Vec<(u32, bool)> =
            events.iter().map(|event| (event.token().0 as u32, event.is_writable())).collect();
        for (number, is_writable) in ready {
            let seat = &mut seats[number as usize];
            if is_writable {
                seat.link.flush()?;
            }
            if seat.is_done(&mut scratch)? {
                done += 1;
                // A reset leaves no port in TIME_WAIT.
                seat.link.close(true);
                if next < users {
                    seat.sit(number, &mut next, (target, &dialer), &poll)?;
                }
            }
        }
        let late =
            seats.iter().find(|seat| seat.link.stage != Stage::Closed && seat.since.elapsed() > PATIENCE);
        ensure!(late.is_none(), "a login or a subscription is not answered");
    }
    Ok(())
}

impl Seat {
    /// Begins the login of the next user.
    fn sit(
        &mut self,
        number: u32,
        next: &mut u32,
        (target, dialer): (&ServerTarget, &Dialer),
        poll: &Poll,
    ) -> Result<()> {
        (self.user, self.since) = (*next, Instant::now());
        *next += 1;
        let user_id = user_id(self.user);
        let request = v1::LoginRequest {
            sdk_app_id: target.app.0,
            user_sig: target.user_sig(&user_id)?,
            user_id,
            device_id: format!("load-{:07}", self.user),
            platform: Platform::Linux as i32,
            resume: false,
            known: Vec::new(),
        };
        let message = v1::ClientMessage { id: 1, body: Some(Request::Login(request)) };
        self.link.connect(number, (dialer, target.address), ReceiveBuffer::Usual, &message, poll.registry())
    }

    /// Reads the bytes that have arrived. After the login, subscribes to users who have logged in before. Returns
    /// `true` after the answer to the subscription.
    fn is_done(&mut self, scratch: &mut [u8]) -> Result<bool> {
        loop {
            let mut answers = Vec::new();
            let outcome =
                self.link.read(scratch, |message| answers.push(v1::ServerMessage::decode(message)))?;
            for answer in answers {
                match answer?.body {
                    Some(Answer::Login(_)) => {
                        let before =
                            (0..WATCHED as u32).filter_map(|step| self.user.checked_sub(WINDOW + step));
                        let user_ids: Vec<String> = before.map(user_id).collect();
                        if user_ids.is_empty() {
                            return Ok(true);
                        }
                        let body = Request::SubscribeUserStatus(v1::SubscribeUserStatusRequest { user_ids });
                        self.link.send(&v1::ClientMessage { id: 2, body: Some(body) })?;
                    }
                    Some(Answer::SubscribeUserStatus(_)) => return Ok(true),
                    Some(Answer::Refusal(refusal)) => bail!("refused: {}", refusal.message),
                    _ => {}
                }
            }
            match outcome {
                ReadOutcome::Drained => return Ok(false),
                ReadOutcome::More => {}
                ReadOutcome::Ended => bail!("the server has closed the connection of {}", user_id(self.user)),
            }
        }
    }
}
