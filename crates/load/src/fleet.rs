//! The connections of a load, all on one thread: they log in, send requests and read.
//!
//! The fleet records the received statuses, and passes each received message to the measurement as [`News`].

use crate::ear::{Ear, Heard};
use crate::link::{Habit, Link, ReadOutcome, ReceiveBuffer, Stage};
use crate::news::{News, Travelled};
use crate::notice::text_of;
use crate::picture::Picture;
use crate::ring::{Ring, user_id};
use crate::target::Target;
use crate::transport::Dialer;
use anyhow::{Context, Result, bail, ensure};
use lamplight_model::Platform;
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Request;
use mio::{Events, Poll};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The longest wait for an expected answer or notification.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// The time without messages after which the fleet is quiet.
const SILENCE: Duration = Duration::from_millis(300);
const SCRATCH_BYTES: usize = 512 * 1024;
/// The number of heartbeats that a connection sends during its heartbeat timeout.
const BEATS: u32 = 4;
/// The maximum number of heartbeats in one round. Without it, all heartbeats that are due would be sent at once.
const BEATS_AT_ONCE: u32 = 32;
/// The id of every request that has an answer. One id is enough, because a connection has at most one such request at a
/// time.
const REQUEST_ID: u64 = 1;

/// The kind of login that connections make.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoginKind {
    /// The login of an application that starts. The server sends all statuses.
    Start,
    /// The login of an SDK after a broken link. The request has the versions that the client knows, and the server
    /// sends newer statuses only.
    Resume,
}

/// The connections to a server or to the nodes of a cluster, one connection for each user of the ring.
pub struct Fleet {
    target: Target,
    dialer: Dialer,
    /// The addresses of the nodes' client ports; a single address for a single server.
    nodes: Vec<SocketAddr>,
    /// The node of each user's last connection, as an index into `nodes`.
    node_of: Vec<u16>,
    ring: Ring,
    poll: Poll,
    events: Events,
    links: Vec<Link>,
    sigs: Vec<String>,
    scratch: Box<[u8]>,
    news: Vec<News>,
    /// The statuses that each user has received.
    pub picture: Picture,
    travelled: Travelled,
    heartbeat_timeout: Duration,
    /// The last reconnect spread that the server has sent: the time over which clients spread their reconnects.
    reconnect_spread: Duration,
    /// The time after which a client should reconnect, by the user. Only users whose connection the server has closed
    /// with such a time have an entry.
    retry_after: HashMap<u32, Duration>,
    /// The number of connections whose heartbeat was sent or skipped in the current round.
    beaten: u32,
    beating_since: Instant,
    /// The last refusal by the server, for error texts.
    refusal: Option<String>,
}

impl Fleet {
    /// Creates a fleet with one connection for each user of the ring. The connections are not open yet.
    pub fn new(target: Target, ring: Ring) -> Result<Self> {
        raise_file_limit();
        let sigs: Result<_> = (0..ring.users()).map(|user| target.user_sig(&user_id(user))).collect();
        Ok(Self {
            nodes: vec![target.address],
            node_of: vec![0; ring.users() as usize],
            dialer: Dialer::new(target.transport)?,
            target,
            ring,
            poll: Poll::new()?,
            events: Events::with_capacity(1_024),
            links: (0..ring.users()).map(|_| Link::default()).collect(),
            sigs: sigs?,
            scratch: vec![0; SCRATCH_BYTES].into_boxed_slice(),
            news: Vec::new(),
            picture: Picture::new(ring),
            travelled: Travelled::default(),
            heartbeat_timeout: Duration::MAX,
            reconnect_spread: Duration::from_secs(1),
            retry_after: HashMap::new(),
            beaten: 0,
            beating_since: Instant::now(),
            refusal: None,
        })
    }

    /// Returns the ring of the users. The ring says who watches whom.
    pub fn ring(&self) -> Ring {
        self.ring
    }

    /// Returns the server that the load uses.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Sets the address and the process of the server after a restart of the server.
    pub fn set_target(&mut self, target: Target) {
        self.nodes = vec![target.address];
        self.target = target;
    }

    /// Sets the addresses of the nodes of a cluster.
    pub fn set_nodes(&mut self, nodes: Vec<SocketAddr>) {
        self.nodes = nodes;
    }

    /// Returns the node of the user's last connection, as an index into the nodes' addresses.
    pub fn node_of(&self, user: u32) -> usize {
        self.node_of[user as usize].into()
    }

    /// Returns the state of the user's connection.
    pub fn stage(&self, user: u32) -> Stage {
        self.links[user as usize].stage
    }

    /// Returns the last reconnect spread that the server has sent; 1 s if the server has sent none.
    pub fn reconnect_spread(&self) -> Duration {
        self.reconnect_spread
    }

    /// Removes and returns the time after which a connection should reconnect, if the server has sent one.
    pub fn take_retry_after(&mut self, user: u32) -> Option<Duration> {
        self.retry_after.remove(&user)
    }

    /// Returns the total numbers of notifications and of their messages and bytes.
    pub fn travelled(&self) -> Travelled {
        self.travelled
    }

    /// Returns the heartbeat timeout that the server sent at the last login.
    pub fn heartbeat_timeout(&self) -> Duration {
        self.heartbeat_timeout
    }

    /// Returns the CPU time of the server; zero if its process is unknown.
    pub fn server_cpu(&self) -> Result<Duration> {
        self.target.meter.map_or(Ok(Duration::ZERO), |meter| meter.cpu())
    }

    /// Removes and returns the text of the last refusal.
    pub fn take_refusal(&mut self) -> Option<String> {
        self.refusal.take()
    }

    // Connecting and disconnecting

    /// Logs users in, `window` users at a time. Returns the duration of each login.
    pub fn log_in(&mut self, users: &[u32], window: usize, kind: LoginKind) -> Result<Vec<Duration>> {
        let mut began = vec![None; self.links.len()];
        let mut took = Vec::with_capacity(users.len());
        let mut started = 0;
        let until = Instant::now() + PATIENCE + Duration::from_millis(20) * users.len() as u32;
        while took.len() < users.len() {
            while started < users.len() && started - took.len() < window {
                let user = users[started];
                began[user as usize] = Some(Instant::now());
                self.start_login(user, kind, ReceiveBuffer::Usual)?;
                started += 1;
            }
            for news in self.pump(Duration::from_millis(50))? {
                match news {
                    News::LoggedIn(user) => {
                        took.push(
                            began[user as usize]
                                .context("a login was answered that was not requested")?
                                .elapsed(),
                        );
                    }
                    News::Gone(user) => bail!("the server has closed the connection of {}", user_id(user)),
                    News::Answered(_)
                    | News::Sent { .. }
                    | News::Received { .. }
                    | News::Told { .. }
                    | News::Rare(_) => {}
                }
            }
            if let Some(refusal) = self.refusal.take() {
                bail!("a login was refused: {refusal}");
            }
            ensure!(Instant::now() < until, "{} logins are not answered", users.len() - took.len());
        }
        Ok(took)
    }

    /// Starts a login of a user at the first node. The answer arrives as [`News::LoggedIn`].
    pub fn start_login(&mut self, user: u32, kind: LoginKind, buffer: ReceiveBuffer) -> Result<()> {
        self.start_login_at(user, 0, kind, buffer)
    }

    /// Starts a login of a user at the node with this index.
    pub fn start_login_at(
        &mut self,
        user: u32,
        node: usize,
        kind: LoginKind,
        buffer: ReceiveBuffer,
    ) -> Result<()> {
        let resume = kind == LoginKind::Resume;
        let request = v1::LoginRequest {
            sdk_app_id: self.target.app.0,
            user_id: user_id(user),
            user_sig: self.sigs[user as usize].clone(),
            device_id: format!("load-{user:07}"),
            platform: Platform::Linux as i32,
            resume,
            known: if resume { self.picture.known(user) } else { Vec::new() },
        };
        let message = v1::ClientMessage { id: REQUEST_ID, body: Some(Request::Login(request)) };
        self.node_of[user as usize] = node as u16;
        let link = &mut self.links[user as usize];
        link.connect(user, (&self.dialer, self.nodes[node]), buffer, &message, self.poll.registry())
    }

    /// Subscribes each of these users to its neighbours, `window` users at a time. A user without neighbours is left
    /// out.
    pub fn subscribe(&mut self, users: &[u32], window: usize) -> Result<()> {
        let ring = self.ring;
        let watching: Vec<u32> =
            users.iter().copied().filter(|user| ring.neighbours(*user).next().is_some()).collect();
        self.subscribe_to(&watching, window, |user| ring.neighbours(user).collect())
    }

    /// Subscribes each of these users to the users that `whom` returns, `window` users at a time. Users beyond the ring
    /// are accounts without a connection.
    pub fn subscribe_to(
        &mut self,
        users: &[u32],
        window: usize,
        whom: impl Fn(u32) -> Vec<u32>,
    ) -> Result<()> {
        let (mut asked, mut answered) = (0, 0);
        let until = Instant::now() + PATIENCE + Duration::from_millis(20) * users.len() as u32;
        while answered < users.len() {
            while asked < users.len() && asked - answered < window {
                let user = users[asked];
                self.ask_to_subscribe(user, whom(user))?;
                asked += 1;
            }
            answered += self
                .pump(Duration::from_millis(50))?
                .filter(|news| matches!(news, News::Answered(_)))
                .count();
            if let Some(refusal) = self.refusal.take() {
                bail!("a subscription was refused: {refusal}");
            }
            ensure!(Instant::now() < until, "{} subscriptions are not answered", users.len() - answered);
        }
        Ok(())
    }

    /// Subscribes a user to its neighbours. The answer arrives as [`News::Answered`].
    pub fn start_subscribing(&mut self, user: u32) -> Result<()> {
        self.ask_to_subscribe(user, self.ring.neighbours(user).collect())
    }

    fn ask_to_subscribe(&mut self, user: u32, whom: Vec<u32>) -> Result<()> {
        let request = v1::SubscribeUserStatusRequest { user_ids: whom.into_iter().map(user_id).collect() };
        self.ask(user, REQUEST_ID, Request::SubscribeUserStatus(request))
    }

    /// Closes connections. With `reset`, they end like broken links; otherwise, they end in an orderly way.
    pub fn drop_links(&mut self, users: &[u32], reset: bool) {
        for user in users {
            self.links[*user as usize].close(reset);
            self.picture.went(*user);
        }
    }

    /// Closes a connection like a broken link. The user still counts as online in the expected statuses.
    pub fn cut(&mut self, user: u32) {
        self.links[user as usize].close(true);
    }

    /// Sets the behaviour of a connection.
    pub fn set_habit(&mut self, user: u32, habit: Habit) {
        self.links[user as usize].habit = habit;
    }

    /// Returns the local port of a connection; `None` if it is closed.
    pub fn port(&self, user: u32) -> Option<u16> {
        self.links[user as usize].port()
    }

    // Sending and receiving

    /// Sets the custom status of a user to the text with this number. Requests an answer if `answered`.
    pub fn change(&mut self, user: u32, text: u32, answered: bool) -> Result<()> {
        self.picture.set_text(user, text);
        let id = if answered { REQUEST_ID } else { 0 };
        let request = v1::SetSelfStatusRequest { custom_status: text_of(text), ..Default::default() };
        self.ask(user, id, Request::SetSelfStatus(request))
    }

    /// Sends a text message. `number` determines its text and its client message id.
    pub fn send_message(&mut self, from: u32, to: u32, number: u32) -> Result<()> {
        let text = message_text(number);
        let client_message_id = number.to_string();
        let request = v1::SendMessageRequest { to: user_id(to), text, client_message_id, custom: None };
        self.ask(from, REQUEST_ID, Request::SendMessage(request))
    }

    /// Queries the statuses of a user's neighbours. The answer arrives as [`Rare::Queried`].
    pub fn query(&mut self, user: u32) -> Result<()> {
        let user_ids = self.ring.neighbours(user).map(user_id).collect();
        self.ask(user, REQUEST_ID, Request::GetUserStatus(v1::GetUserStatusRequest { user_ids }))
    }

    /// Reads the newest messages of a conversation, at most 100. Each message of the peer arrives as
    /// [`News::Received`], and then the answer as [`News::Answered`].
    pub fn read_history(&mut self, user: u32, peer: u32) -> Result<()> {
        let request = v1::GetHistoryRequest { peer: user_id(peer), before: 0, limit: 100 };
        self.ask(user, REQUEST_ID, Request::GetHistory(request))
    }

    /// Sends the heartbeats that are due. They are spread evenly over the interval.
    fn beat(&mut self) -> Result<()> {
        let users = self.ring.users();
        let every = self.heartbeat_timeout / BEATS;
        let due = users as f64 * self.beating_since.elapsed().as_secs_f64() / every.as_secs_f64();
        for _ in 0..BEATS_AT_ONCE {
            if f64::from(self.beaten) >= due {
                break;
            }
            let user = self.beaten;
            let link = &self.links[user as usize];
            if link.stage == Stage::LoggedIn && link.habit != Habit::Silent {
                self.ask(user, 0, Request::Heartbeat(v1::Heartbeat::default()))?;
            }
            self.beaten += 1;
            if self.beaten == users {
                (self.beaten, self.beating_since) = (0, Instant::now());
                break;
            }
        }
        Ok(())
    }

    /// Sends the last heartbeat of a connection. The connection then stays silent, as if its network were gone.
    pub fn last_sign(&mut self, user: u32) -> Result<()> {
        self.ask(user, 0, Request::Heartbeat(v1::Heartbeat::default()))?;
        self.links[user as usize].habit = Habit::Silent;
        Ok(())
    }

    fn ask(&mut self, user: u32, id: u64, request: Request) -> Result<()> {
        let message = v1::ClientMessage { id, body: Some(request) };
        // A broken connection arrives as `News::Gone` at the next read.
        if self.links[user as usize].send(&message).is_err() {
            self.gone(user);
        }
        Ok(())
    }

    /// Waits for data for at most `wait`, and reads what has arrived. A wait of less than a millisecond counts as zero.
    pub fn pump(&mut self, wait: Duration) -> Result<impl Iterator<Item = News> + use<>> {
        self.beat()?;
        // The kernel counts milliseconds and rounds up, so the wait is rounded down here.
        let wait = Duration::from_millis(wait.as_millis() as u64);
        match self.poll.poll(&mut self.events, Some(wait)) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
        let ready: Vec<(u32, bool, bool)> = self
            .events
            .iter()
            .map(|event| (event.token().0 as u32, event.is_writable(), event.is_read_closed()))
            .collect();
        for (user, writable, closed) in ready {
            if writable && self.links[user as usize].flush().is_err() {
                self.gone(user);
            }
            if self.links[user as usize].habit == Habit::Alive {
                self.read(user)?;
                // If the end arrives together with the last bytes, there is only one event. A further read detects the
                // end.
                if closed {
                    self.read(user)?;
                }
            }
        }
        Ok(std::mem::take(&mut self.news).into_iter())
    }

    /// Reads the bytes that have arrived on a connection. The next [`pump`](Self::pump) returns their messages.
    pub fn read(&mut self, user: u32) -> Result<()> {
        loop {
            let Self { links, scratch, picture, travelled, news, .. } = self;
            let link = &mut links[user as usize];
            let mut ear = Ear { user, picture, travelled, news, heard: Heard::default() };
            let outcome = link.read(scratch, |message| ear.hear(message))?;
            let heard = ear.heard;
            if let Some(fault) = heard.fault {
                bail!("the server sent {} a message that cannot be handled: {fault}", user_id(user));
            }
            if let Some(timeout) = heard.logged_in {
                self.heartbeat_timeout = timeout;
                link.stage = Stage::LoggedIn;
            }
            if let Some(spread) = heard.reconnect_spread {
                self.reconnect_spread = spread;
            }
            if let Some(after) = heard.retry_after {
                self.retry_after.insert(user, after);
            }
            if heard.refusal.is_some() {
                self.refusal = heard.refusal;
            }
            match outcome {
                ReadOutcome::Drained => return Ok(()),
                ReadOutcome::More => {}
                ReadOutcome::Ended => {
                    self.gone(user);
                    return Ok(());
                }
            }
        }
    }

    fn gone(&mut self, user: u32) {
        let link = &mut self.links[user as usize];
        if link.stage != Stage::Closed {
            link.close(false);
            self.news.push(News::Gone(user));
        }
    }

    /// Reads until no more messages arrive, and the server is idle.
    pub fn quiet(&mut self) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        let (mut since, mut cpu) = (Instant::now(), self.server_cpu()?);
        while since.elapsed() < SILENCE {
            let heard = self.pump(Duration::from_millis(20))?.count();
            let now = self.server_cpu()?;
            // A little work of the server, such as a tick, still counts as idle.
            if heard > 0 || now > cpu + Duration::from_millis(10) {
                (since, cpu) = (Instant::now(), now);
            }
            ensure!(Instant::now() < until, "the server does not come to rest");
        }
        Ok(())
    }

    /// For each logged-in connection that reads, compares the last received statuses with the true statuses. A
    /// difference counts as a missing notification.
    pub fn verify(&mut self) {
        for user in 0..self.ring.users() {
            let link = &self.links[user as usize];
            if link.stage == Stage::LoggedIn && link.habit == Habit::Alive {
                let wrong = self.picture.wrong(user);
                self.picture.miss(wrong);
            }
        }
    }
}

/// Returns the text of a message: about forty bytes, a typical length.
fn message_text(number: u32) -> String {
    format!("{number}: shall we meet at the lamp post?")
}

/// Raises this process's limit of open files to its maximum.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    // If the limit cannot be raised, the load continues with the current one.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
}
