//! The clients of a cluster. After a broken link, a client connects to one of the running nodes, like an SDK behind a
//! TCP load balancer. It then repeats the request that was not answered.

use crate::cluster::mail::Mail;
use crate::cluster::witness::{Told, Witness};
use crate::fleet::{Fleet, LoginKind};
use crate::link::{ReceiveBuffer, Stage};
use crate::news::{News, Rare};
use anyhow::{Result, ensure};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::{Duration, Instant};

/// The maximum number of logins in progress at a time.
const LOGINS_AT_ONCE: usize = 256;
/// The longest wait for the answer to a login or another request.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// The mean pause between two attempts to log in, as in the SDKs.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(1_500);
/// The pause before a refused request is repeated.
const ASK_AGAIN: Duration = Duration::from_millis(250);
/// The time without messages after which the clients count as quiet.
const SILENCE: Duration = Duration::from_millis(500);
/// The interval between two checks for unanswered requests.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The state of a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    /// The client is disconnected, and does not return by itself.
    Away,
    /// The client will connect after a pause.
    Waiting,
    /// A login has been sent.
    LoggingIn,
    /// The client is logged in.
    In,
}

/// A request of a client. It is repeated until it succeeds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Job {
    Change { text: u32 },
    Send { to: u32, number: u32 },
    Subscribe,
    Query,
    ReadHistory { peer: u32 },
}

struct Client {
    phase: Phase,
    /// The time at which the phase began.
    since: Instant,
    /// The kind of the next login.
    kind: LoginKind,
    /// The node for the next login; `None` if the load balancer chooses one.
    wanted: Option<usize>,
    failures: u32,
    job: Option<Job>,
    /// The time at which the request was last sent.
    asked: Instant,
    /// The time of the last change of the status; `None` before the first change.
    changed: Option<Instant>,
    /// The time at which the last link broke; `None` once the client is back.
    broke: Option<Instant>,
}

/// The rates of a load.
#[derive(Clone, Copy, Default, Debug)]
pub struct Rates {
    /// The number of changes of custom statuses per second.
    pub changes: u32,
    /// The number of text messages per second.
    pub messages: u32,
    /// The number of queries per second.
    pub queries: u32,
}

/// A load with fixed rates.
struct Load {
    rates: Rates,
    began: Instant,
    made: [u64; 3],
}

/// The queries that were answered.
#[derive(Clone, Copy, Default, Debug)]
pub struct Queries {
    /// The number of answers without a wrong status.
    pub right: u64,
    /// The number of answers with a wrong status, and of refusals.
    pub wrong: u64,
    /// The time of the last wrong answer; `None` if there was none.
    pub last_wrong: Option<Instant>,
}

/// A fleet whose clients return after a broken link.
pub struct Crowd {
    /// The connections.
    pub fleet: Fleet,
    /// The judge of the statuses that watchers receive.
    pub witness: Witness,
    /// The text messages.
    pub mail: Mail,
    /// The queries since the last [`begin`](Self::begin).
    pub queries: Queries,
    /// The number of refusals by their code, since the last [`begin`](Self::begin).
    pub refusals: BTreeMap<u32, u64>,
    /// The durations from a broken link to the return of its client, since the last [`begin`](Self::begin).
    pub returns: Vec<Duration>,
    /// The number of subscription lists that the server has dropped, according to its messages to the clients.
    pub lost_subscriptions: u64,
    /// The number of resumed logins after which the user watches fewer users than before, according to the answer.
    pub watching_less: u64,
    /// The number of times that a client was asked to read its lists again.
    pub reloads: u64,
    /// Whether the load balancer passes new connections to a node, by the index of the node.
    accepting: Vec<bool>,
    next_node: usize,
    clients: Vec<Client>,
    returning: BinaryHeap<Reverse<(Instant, u32)>>,
    asking_again: BinaryHeap<Reverse<(Instant, u32)>>,
    logging_in: usize,
    load: Option<Load>,
    looked: Instant,
    last_news: Instant,
    next_text: u32,
    random: StdRng,
}

impl Crowd {
    /// Creates a crowd for this number of nodes. All of its clients are away.
    pub fn new(fleet: Fleet, nodes: usize) -> Self {
        let now = Instant::now();
        let client = |_| Client {
            phase: Phase::Away,
            since: now,
            kind: LoginKind::Start,
            wanted: None,
            failures: 0,
            job: None,
            asked: now,
            changed: None,
            broke: None,
        };
        Self {
            witness: Witness::default(),
            mail: Mail::default(),
            queries: Queries::default(),
            refusals: BTreeMap::new(),
            returns: Vec::new(),
            lost_subscriptions: 0,
            watching_less: 0,
            reloads: 0,
            accepting: vec![true; nodes],
            next_node: 0,
            clients: (0..fleet.ring().users()).map(client).collect(),
            returning: BinaryHeap::new(),
            asking_again: BinaryHeap::new(),
            logging_in: 0,
            load: None,
            looked: now,
            last_news: now,
            next_text: 1,
            random: StdRng::seed_from_u64(11),
            fleet,
        }
    }

    /// Begins a measurement: resets all counts.
    pub fn begin(&mut self) {
        self.witness = Witness::default();
        self.queries = Queries::default();
        self.refusals.clear();
        self.returns.clear();
        self.lost_subscriptions = 0;
        (self.watching_less, self.reloads) = (0, 0);
    }

    /// Returns the number of users.
    pub fn users(&self) -> u32 {
        self.fleet.ring().users()
    }

    // Coming and going

    /// Sets whether the load balancer passes new connections to a node.
    pub fn set_accepting(&mut self, node: usize, accepting: bool) {
        self.accepting[node] = accepting;
    }

    /// Connects a client that is away: to `node`, or to any node if `node` is `None`.
    pub fn call_in(&mut self, user: u32, node: Option<usize>) {
        let now = Instant::now();
        let client = &mut self.clients[user as usize];
        client.wanted = node;
        (client.phase, client.since) = (Phase::Waiting, now);
        self.returning.push(Reverse((now, user)));
    }

    /// Closes the connection of a client. The client then stays away.
    pub fn send_away(&mut self, user: u32) {
        self.stay_away(user);
        self.fleet.drop_links(&[user], false);
    }

    /// Makes a client stay away after its link breaks. If the link is already broken, the client stays away from now
    /// on.
    pub fn stay_away(&mut self, user: u32) {
        let client = &mut self.clients[user as usize];
        if client.phase == Phase::LoggingIn {
            self.logging_in -= 1;
        }
        (client.phase, client.broke, client.job) = (Phase::Away, None, None);
        client.kind = LoginKind::Resume;
        self.witness.expect_absence(user);
        self.fleet.picture.went(user);
    }

    /// Sets the kind of a client's next login.
    pub fn set_login(&mut self, user: u32, kind: LoginKind) {
        self.clients[user as usize].kind = kind;
    }

    /// Moves clients to the nodes that `node` returns. Each moved user is OFFLINE in between, without a custom status.
    pub fn place(&mut self, node: impl Fn(u32) -> usize) -> Result<()> {
        for user in 0..self.users() {
            if self.clients[user as usize].phase == Phase::In && self.fleet.node_of(user) != node(user) {
                self.fleet.cut(user);
                self.broken(user);
                self.fleet.picture.went(user);
                self.call_in(user, Some(node(user)));
            }
        }
        self.settle(Duration::from_secs(120))
    }

    /// Returns the number of clients that are neither away nor logged in.
    pub fn missing(&self) -> usize {
        let is_missing = |client: &&Client| !matches!(client.phase, Phase::Away | Phase::In);
        self.clients.iter().filter(is_missing).count()
    }

    /// Subscribes every client to its neighbours.
    pub fn subscribe(&mut self) -> Result<()> {
        let users: Vec<u32> = (0..self.users()).collect();
        for some in users.chunks(LOGINS_AT_ONCE) {
            for user in some {
                self.give(*user, Job::Subscribe)?;
            }
            self.settle(Duration::from_secs(60))?;
        }
        Ok(())
    }

    /// Starts a load with these rates; `None` ends the load.
    pub fn set_load(&mut self, rates: Option<Rates>) {
        let began = Instant::now();
        self.load = rates.map(|rates| Load { rates, began, made: [0; 3] });
    }

    /// Runs for this time.
    pub fn run_for(&mut self, time: Duration) -> Result<()> {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.turn()?;
        }
        Ok(())
    }

    /// Runs until `done` returns `true`. Fails after the time `at_most`.
    pub fn run_until(
        &mut self,
        what: &str,
        at_most: Duration,
        mut done: impl FnMut(&mut Self) -> Result<bool>,
    ) -> Result<()> {
        let until = Instant::now() + at_most;
        while !done(self)? {
            self.turn()?;
            ensure!(Instant::now() < until, "{what}: not within {at_most:?}; {}", self.state());
        }
        Ok(())
    }

    /// Runs until every client is logged in, every request is answered, and no more messages arrive. There must be no
    /// load.
    pub fn settle(&mut self, at_most: Duration) -> Result<()> {
        self.last_news = Instant::now();
        self.run_until("the clients do not come to rest", at_most, |it| {
            let busy = it.clients.iter().any(|client| client.job.is_some());
            Ok(!busy && it.missing() == 0 && it.last_news.elapsed() > SILENCE)
        })
    }

    /// For each committed message that the recipient has not received, reads the history of the recipient. A message
    /// that is not in the history either is lost.
    pub fn look_for_messages(&mut self) -> Result<()> {
        self.mail.read_histories(true);
        for (peer, user) in self.mail.missing() {
            self.run_until("a history is not read", ANSWER_WITHIN, |it| {
                Ok(it.clients[user as usize].job.is_none())
            })?;
            self.give(user, Job::ReadHistory { peer })?;
        }
        self.settle(Duration::from_secs(60))?;
        self.mail.read_histories(false);
        Ok(())
    }

    /// Returns the number of (connection, user) pairs in which the last status that the connection received of the user
    /// is wrong. Ignores users whose status was changed at `changed_before` or later.
    pub fn wrong_edges(&self, changed_before: Instant) -> u64 {
        let is_settled = |user: u32| {
            let client = &self.clients[user as usize];
            let is_changing = matches!(client.job, Some(Job::Change { .. }));
            !is_changing && client.changed.is_none_or(|changed| changed < changed_before)
        };
        let watchers = (0..self.users()).filter(|user| self.clients[*user as usize].phase == Phase::In);
        watchers.map(|watcher| self.fleet.picture.wrong_among(watcher, is_settled)).sum()
    }

    /// Returns the number of the last custom status that was set.
    pub fn last_text(&self) -> u32 {
        self.next_text - 1
    }

    /// Sets the number of the last custom status, after a [`Course`](crate::course::Course) has set further custom
    /// statuses.
    pub fn set_last_text(&mut self, text: u32) {
        self.next_text = text + 1;
    }

    /// Describes the state of the clients, for error texts.
    pub fn state(&self) -> String {
        let count = |phase| self.clients.iter().filter(|client| client.phase == phase).count();
        let jobs = self.clients.iter().filter(|client| client.job.is_some()).count();
        format!(
            "{} clients are logged in, {} log in, {} wait, {} are away; {jobs} requests are not answered; refusals by code: {:?}",
            count(Phase::In),
            count(Phase::LoggingIn),
            count(Phase::Waiting),
            count(Phase::Away),
            self.refusals
        )
    }

    fn turn(&mut self) -> Result<()> {
        let now = Instant::now();
        self.bring_back(now)?;
        while self.asking_again.peek().is_some_and(|Reverse((due, _))| *due <= now) {
            if let Some(Reverse((_, user))) = self.asking_again.pop() {
                self.ask(user)?;
            }
        }
        self.make_load(now)?;
        if now.duration_since(self.looked) > LOOK_EVERY {
            self.looked = now;
            self.give_up(now)?;
        }
        for news in self.fleet.pump(Duration::from_millis(2))? {
            self.last_news = now;
            self.hear(news)?;
        }
        Ok(())
    }

    /// Starts the logins that are due.
    fn bring_back(&mut self, now: Instant) -> Result<()> {
        while self.logging_in < LOGINS_AT_ONCE
            && self.returning.peek().is_some_and(|Reverse((due, _))| *due <= now)
        {
            let Some(Reverse((_, user))) = self.returning.pop() else { break };
            if self.clients[user as usize].phase != Phase::Waiting {
                continue;
            }
            let wanted = self.clients[user as usize].wanted.take();
            let Some(node) = wanted.filter(|node| self.accepting[*node]).or_else(|| self.pick_node()) else {
                self.returning.push(Reverse((now + Duration::from_millis(100), user)));
                continue;
            };
            let client = &mut self.clients[user as usize];
            (client.phase, client.since) = (Phase::LoggingIn, now);
            self.logging_in += 1;
            let kind = client.kind;
            if self.fleet.start_login_at(user, node, kind, ReceiveBuffer::Usual).is_err() {
                self.fleet.cut(user);
                self.broken(user);
            }
        }
        Ok(())
    }

    /// Returns the node to which the load balancer passes the next connection; `None` if no node accepts connections.
    fn pick_node(&mut self) -> Option<usize> {
        for _ in 0..self.accepting.len() {
            self.next_node = (self.next_node + 1) % self.accepting.len();
            if self.accepting[self.next_node] {
                return Some(self.next_node);
            }
        }
        None
    }

    /// Gives up logins and requests that were not answered in time.
    fn give_up(&mut self, now: Instant) -> Result<()> {
        for user in 0..self.users() {
            let client = &self.clients[user as usize];
            let late = match client.phase {
                Phase::LoggingIn => now.duration_since(client.since) > ANSWER_WITHIN,
                Phase::In => client.job.is_some() && now.duration_since(client.asked) > ANSWER_WITHIN,
                Phase::Away | Phase::Waiting => false,
            };
            if late {
                self.fleet.cut(user);
                self.broken(user);
            }
        }
        Ok(())
    }

    /// Schedules the return of a client whose link has broken.
    fn broken(&mut self, user: u32) {
        let now = Instant::now();
        let advice = self.fleet.take_retry_after(user);
        let client = &mut self.clients[user as usize];
        let wait = match client.phase {
            Phase::Away | Phase::Waiting => return,
            Phase::LoggingIn => {
                self.logging_in -= 1;
                client.failures += 1;
                BETWEEN_ATTEMPTS / 2 + BETWEEN_ATTEMPTS.mul_f64(self.random.random())
            }
            Phase::In => {
                client.broke = Some(now);
                advice.unwrap_or_else(|| self.fleet.reconnect_spread().mul_f64(self.random.random()))
            }
        };
        (client.phase, client.since) = (Phase::Waiting, now);
        self.returning.push(Reverse((now + advice.unwrap_or(wait), user)));
    }

    /// Starts the changes, messages and queries of the load that are due.
    fn make_load(&mut self, now: Instant) -> Result<()> {
        let Some(load) = &self.load else { return Ok(()) };
        let passed = now.duration_since(load.began).as_secs_f64();
        let Rates { changes, messages, queries } = load.rates;
        let due = [changes, messages, queries].map(|rate| (f64::from(rate) * passed) as u64);
        for (kind, due) in due.into_iter().enumerate() {
            let made = self.load.as_ref().map_or(0, |load| load.made[kind]);
            for _ in made..due {
                let Some(user) = self.idle_user() else { break };
                let job = match kind {
                    0 => {
                        self.next_text += 1;
                        Job::Change { text: self.next_text - 1 }
                    }
                    1 => {
                        let neighbours: Vec<u32> = self.fleet.ring().neighbours(user).collect();
                        let to = neighbours[self.random.random_range(0..neighbours.len())];
                        Job::Send { to, number: self.mail.write(user, to) }
                    }
                    _ => Job::Query,
                };
                self.give(user, job)?;
            }
            if let Some(load) = &mut self.load {
                // If no client was idle, the missed operations are not made up for later.
                load.made[kind] = due;
            }
        }
        Ok(())
    }

    /// Returns a random client that is logged in and has no unanswered request.
    fn idle_user(&mut self) -> Option<u32> {
        const TRIES: usize = 100;
        (0..TRIES).find_map(|_| {
            let user = self.random.random_range(0..self.users());
            let client = &self.clients[user as usize];
            (client.phase == Phase::In && client.job.is_none()).then_some(user)
        })
    }

    fn give(&mut self, user: u32, job: Job) -> Result<()> {
        self.clients[user as usize].job = Some(job);
        self.ask(user)
    }

    /// Sends the request of a client, if the client has one and is logged in.
    fn ask(&mut self, user: u32) -> Result<()> {
        let client = &mut self.clients[user as usize];
        let (Phase::In, Some(job)) = (client.phase, client.job) else { return Ok(()) };
        client.asked = Instant::now();
        match job {
            Job::Change { text } => {
                client.changed = Some(client.asked);
                self.witness.expect_text(user, text);
                self.fleet.change(user, text, true)
            }
            Job::Send { to, number } => self.fleet.send_message(user, to, number),
            Job::Subscribe => self.fleet.start_subscribing(user),
            Job::Query => self.fleet.query(user),
            Job::ReadHistory { peer } => self.fleet.read_history(user, peer),
        }
    }

    fn hear(&mut self, news: News) -> Result<()> {
        match news {
            News::LoggedIn(user) => {
                let client = &mut self.clients[user as usize];
                if client.phase == Phase::LoggingIn {
                    self.logging_in -= 1;
                }
                (client.phase, client.since) = (Phase::In, Instant::now());
                (client.failures, client.kind) = (0, LoginKind::Resume);
                if let Some(broke) = client.broke.take() {
                    self.returns.push(broke.elapsed());
                }
                self.ask(user)
            }
            News::Gone(user) => {
                self.broken(user);
                Ok(())
            }
            News::Answered(user) => {
                let client = &mut self.clients[user as usize];
                if matches!(client.job, Some(Job::Change { .. })) {
                    client.changed = Some(Instant::now());
                }
                client.job = None;
                Ok(())
            }
            News::Sent { from, .. } => {
                let sender = &mut self.clients[from as usize];
                let (asked, job) = (sender.asked, sender.job.take());
                let clients = &self.clients;
                let was_away = |user: u32| {
                    let client = &clients[user as usize];
                    client.phase != Phase::In || client.since > asked
                };
                if let Some(Job::Send { number, .. }) = job {
                    self.mail.committed(number, was_away);
                }
                Ok(())
            }
            News::Received { to, number } => self.mail.received(to, number),
            News::Told { watcher, notice, before, at } => {
                self.witness.see(Told { watcher, notice, before, at, live: true });
                Ok(())
            }
            News::Rare(rare) => self.hear_rare(rare),
        }
    }

    fn hear_rare(&mut self, rare: Rare) -> Result<()> {
        match rare {
            Rare::Refused { user, code } => {
                *self.refusals.entry(code).or_default() += 1;
                if self.clients[user as usize].job == Some(Job::Query) {
                    self.queries.wrong += 1;
                    self.queries.last_wrong = Some(Instant::now());
                    self.clients[user as usize].job = None;
                }
                if self.fleet.stage(user) == Stage::LoggingIn {
                    self.fleet.cut(user);
                    self.broken(user);
                } else {
                    self.asking_again.push(Reverse((Instant::now() + ASK_AGAIN, user)));
                }
            }
            // The histories are read at the end.
            Rare::Reload => self.reloads += 1,
            Rare::Learned { watcher, notice, before } => {
                self.witness.see(Told { watcher, notice, before, at: Instant::now(), live: false });
            }
            Rare::Queried { user, wrong } => {
                self.clients[user as usize].job = None;
                if wrong == 0 {
                    self.queries.right += 1;
                } else {
                    self.queries.wrong += 1;
                    self.queries.last_wrong = Some(Instant::now());
                }
            }
            Rare::NotWatched => self.watching_less += 1,
            Rare::SubscriptionsLost(user) => {
                self.lost_subscriptions += 1;
                ensure!(self.clients[user as usize].phase != Phase::Away, "user {user} is away");
                if self.clients[user as usize].job.is_none() {
                    self.give(user, Job::Subscribe)?;
                }
            }
        }
        Ok(())
    }
}
