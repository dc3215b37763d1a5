//! Measures text messages: the time until the answer, and the time until the recipient has the message.

use super::{LOGIN_WINDOW, login::milliseconds};
use crate::fleet::{Fleet, LoginKind};
use crate::news::{News, Rare};
use crate::report::{Report, Target, say};
use anyhow::{Context, Result, bail, ensure};
use hdrhistogram::Histogram;
use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// The number of users. Each outstanding message has a different sender.
pub const USERS: u32 = 1_000;
/// The number of outstanding messages at which `TARGET` applies.
pub const OUTSTANDING: usize = 512;
/// The target for the number of committed messages per second.
const TARGET: f64 = 5_000.0;
/// The time after which a message counts as lost.
const LOST_AFTER: Duration = Duration::from_secs(10);
/// The number of measured messages for each message of the warm-up.
const WARM_UP: u64 = 10;

/// A message that was not committed yet, or was not received yet.
struct UnderWay {
    from: u32,
    to: u32,
    began: Instant,
    committed: bool,
    received: bool,
}

/// Measures text messages between connected users. Connects all users first.
pub fn measure(fleet: &mut Fleet, messages: u64, outstanding: usize, report: &mut Report) -> Result<()> {
    let users = fleet.ring().users();
    let outstanding = outstanding.min(users as usize);
    say(&format!("messages: {users} users, {messages} messages, {outstanding} outstanding"));
    fleet.log_in(&(0..users).collect::<Vec<_>>(), LOGIN_WINDOW, LoginKind::Start)?;
    fleet.quiet()?;
    let mut mail = Mail::new(users);
    mail.run(fleet, messages / WARM_UP, outstanding)?;
    fleet.quiet()?;

    let (cpu, began) = (fleet.server_cpu()?, Instant::now());
    mail.run(fleet, messages, outstanding)?;
    let took = began.elapsed();
    let cpu = fleet.server_cpu()?.saturating_sub(cpu);
    let target = (outstanding >= OUTSTANDING.min(users as usize)).then_some(Target::AtLeast(TARGET));
    let name = |what: &str| format!("{outstanding} messages outstanding: {what}");
    report.note(name("committed and received"), messages as f64 / took.as_secs_f64(), "per s", target);
    if fleet.target().meter.is_some() {
        report.note(name("CPU of the server"), milliseconds(cpu) / messages as f64, "ms", None);
    }
    for (what, quantile) in [("p50", 0.5), ("p99", 0.99)] {
        let at = |times: &Histogram<u32>| times.value_at_quantile(quantile) as f64 / 1_000.0;
        report.note(name(&format!("{what} until committed")), at(&mail.committed), "ms", None);
        report.note(name(&format!("{what} until received")), at(&mail.received), "ms", None);
    }
    Ok(())
}

/// The text messages of a run. Each message is followed until it is committed and received.
struct Mail {
    /// The users who have no outstanding message. The first of them sends the next message.
    idle: VecDeque<u32>,
    under_way: HashMap<u32, UnderWay>,
    by_sender: Vec<u32>,
    next: u32,
    committed: Histogram<u32>,
    received: Histogram<u32>,
}

impl Mail {
    fn new(users: u32) -> Self {
        // The bounds 1 and a minute, with three digits, are always valid.
        let histogram =
            || Histogram::new_with_bounds(1, 60_000_000, 3).expect("the bounds are in ascending order");
        Self {
            idle: (0..users).collect(),
            under_way: HashMap::new(),
            by_sender: vec![0; users as usize],
            next: 1,
            committed: histogram(),
            received: histogram(),
        }
    }

    fn run(&mut self, fleet: &mut Fleet, messages: u64, outstanding: usize) -> Result<()> {
        self.committed.reset();
        self.received.reset();
        let (mut sent, mut last_news) = (0, Instant::now());
        while sent < messages || !self.under_way.is_empty() {
            while sent < messages && self.under_way.len() < outstanding {
                let Some(from) = self.idle.pop_front() else { break };
                self.send(fleet, from)?;
                sent += 1;
            }
            for news in fleet.pump(Duration::from_millis(20))? {
                last_news = Instant::now();
                self.hear(news)?;
            }
            if let Some(refusal) = fleet.take_refusal() {
                bail!("a message was refused: {refusal}");
            }
            ensure!(last_news.elapsed() < LOST_AFTER, "{} messages did not arrive", self.under_way.len());
        }
        Ok(())
    }

    fn send(&mut self, fleet: &mut Fleet, from: u32) -> Result<()> {
        let users = fleet.ring().users();
        let (number, to) = (self.next, (from + 1 + self.next % 7) % users);
        self.next += 1;
        self.by_sender[from as usize] = number;
        let message = UnderWay { from, to, began: Instant::now(), committed: false, received: false };
        self.under_way.insert(number, message);
        fleet.send_message(from, to, number)
    }

    fn hear(&mut self, news: News) -> Result<()> {
        let number = match news {
            News::Sent { again: true, .. } => {
                bail!("a message was sent once, and the answer says that it was a retry")
            }
            News::Sent { from, again: false } => self.by_sender[from as usize],
            News::Received { number, .. } => number,
            News::Gone(user) => bail!("the server has closed the connection of user {user}"),
            News::Rare(Rare::Reload) => {
                bail!("the server has dropped notifications of lists, which must be read again")
            }
            News::LoggedIn(_) | News::Answered(_) | News::Told { .. } | News::Rare(_) => return Ok(()),
        };
        let message = self.under_way.get_mut(&number).context("a message arrived that is not under way")?;
        let micros = message.began.elapsed().as_micros().max(1) as u64;
        match news {
            News::Received { to, .. } => {
                ensure!(to == message.to, "user {to} got a message for another user");
                ensure!(!message.received, "a message arrived twice");
                message.received = true;
                self.received.saturating_record(micros);
            }
            News::Sent { .. }
            | News::Gone(_)
            | News::LoggedIn(_)
            | News::Answered(_)
            | News::Told { .. }
            | News::Rare(_) => {
                message.committed = true;
                self.committed.saturating_record(micros);
            }
        }
        if message.committed && message.received {
            self.idle.push_back(message.from);
            self.under_way.remove(&number);
        }
        Ok(())
    }
}
