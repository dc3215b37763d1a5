//! A worker: one thread, its own listener, its own connections, its own audience. No locks on its way from a
//! change to the sockets.
//!
//! A round: take what the sockets have, answer what can be answered, hear the change log, then write each
//! touched connection once. So what is ready together leaves together; and a worker that has nothing else to
//! do writes at once.

mod connection;
mod fanout;
mod login;
mod nested;
mod protocol;
mod requests;
mod stream;

use crate::clock::Clock;
use crate::config::Config;
use crate::metrics::WorkerMetrics;
use connection::{Connection, Ending, Session, last_words};
use fanout::Shown;
use futures_util::task::noop_waker;
use lamplight_core::{DeadlineWheel, LinkEnd, WatcherKey};
use lamplight_directory::LogReader;
use lamplight_model::{ConnectionId, Now};
use lamplight_service::{Audience, Service};
use lamplight_wire::StatusBatch;
use lamplight_wire::v1::connection_ended::Cause;
use lamplight_wire::v1::{self, ConnectionEnded, server_message::Body};
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use protocol::{Found, Protocol, ProtocolError, TLS_HANDSHAKE};
use rand::Rng;
use slab::Slab;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Context;
use std::time::Duration;
use stream::{ReadOutcome, Stream};
use tokio::sync::{Notify, mpsc, oneshot};

/// How exact heartbeat timeouts are, in milliseconds.
const TICK_MS: u64 = 250;
/// Read from one connection before the others get their turn.
const READS_PER_TURN: usize = 4;
const SCRATCH_BYTES: usize = 64 * 1024;
/// A connection with more unsent than this is not read from: it must take its answers first.
const MAX_UNSENT_BYTES: usize = 64 * 1024;
/// How long a peer may take to go after the last words.
const CLOSING_TIME: Duration = Duration::from_secs(2);
const ACCEPTS_PER_TURN: usize = 128;
const LISTENER: Token = Token(usize::MAX);

/// What all workers of a node share.
pub struct Shared {
    pub service: Arc<Service>,
    pub clock: Clock,
    pub config: Config,
    pub tls: Option<Arc<rustls::ServerConfig>>,
    pub doors: Doors,
}

/// Counts who is inside, over all workers.
pub struct Doors {
    most: usize,
    most_per_address: u32,
    open: AtomicUsize,
    by_address: Mutex<HashMap<IpAddr, u32>>,
}

impl Doors {
    pub fn new(most: usize, most_per_address: u32) -> Self {
        Self { most, most_per_address, open: AtomicUsize::new(0), by_address: Mutex::default() }
    }

    /// Lets a connection in, unless there are too many.
    fn enter(&self, address: IpAddr) -> bool {
        if self.open.fetch_add(1, Ordering::Relaxed) >= self.most {
            self.open.fetch_sub(1, Ordering::Relaxed);
            return false;
        }
        let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let count = by_address.entry(address).or_default();
        if *count >= self.most_per_address {
            self.open.fetch_sub(1, Ordering::Relaxed);
            return false;
        }
        *count += 1;
        true
    }

    fn leave(&self, address: IpAddr) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(&address);
            }
        }
    }
}

/// What a worker can be told from outside.
pub enum Command {
    /// Take nobody in any more, and ask everyone to come back elsewhere or later. Answered when all have been told.
    Drain(oneshot::Sender<()>),
}

/// The worker, shared by the requests that it is answering.
struct Worker {
    index: usize,
    shared: Arc<Shared>,
    metrics: WorkerMetrics,
    poll: Rc<RefCell<Poll>>,
    listener: RefCell<Option<TcpListener>>,
    connections: RefCell<Slab<Connection>>,
    /// Connections ever taken in; makes a `ConnectionId` unique.
    taken_in: Cell<u32>,
    audience: RefCell<Audience<Shown>>,
    /// The connection of each watcher, by the watcher's number.
    watchers: RefCell<Vec<u32>>,
    wheel: RefCell<DeadlineWheel<ConnectionId>>,
    /// Connections to look at again in the next round.
    queue: RefCell<Vec<u32>>,
    /// Connections with output.
    to_flush: RefCell<Vec<u32>>,
    /// A request that had to wait is answered: there is work.
    wake: Notify,
    scratch: RefCell<Box<[u8]>>,
    plain: RefCell<Vec<u8>>,
    outgoing: RefCell<Vec<u8>>,
    batch: RefCell<StatusBatch>,
}

/// Runs a worker until its commands end. To be called on a thread of its own.
pub fn run(
    index: usize,
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
    metrics: WorkerMetrics,
    log: LogReader,
    commands: mpsc::Receiver<Command>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    runtime.block_on(local.run_until(async move {
        let worker = Rc::new(Worker::new(index, listener, shared, metrics)?);
        worker.rounds(log, commands).await
    }))
}

impl Worker {
    fn new(
        index: usize,
        listener: std::net::TcpListener,
        shared: Arc<Shared>,
        metrics: WorkerMetrics,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        listener.set_nonblocking(true)?;
        let mut listener = TcpListener::from_std(listener);
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let wheel = DeadlineWheel::new(TICK_MS, shared.clock.now().moment);
        Ok(Self {
            index,
            shared,
            metrics,
            poll: Rc::new(RefCell::new(poll)),
            listener: RefCell::new(Some(listener)),
            connections: RefCell::default(),
            taken_in: Cell::new(0),
            audience: RefCell::default(),
            watchers: RefCell::default(),
            wheel: RefCell::new(wheel),
            queue: RefCell::default(),
            to_flush: RefCell::default(),
            wake: Notify::new(),
            scratch: RefCell::new(vec![0; SCRATCH_BYTES].into_boxed_slice()),
            plain: RefCell::default(),
            outgoing: RefCell::default(),
            batch: RefCell::default(),
        })
    }

    async fn rounds(
        self: &Rc<Self>,
        mut log: LogReader,
        mut commands: mpsc::Receiver<Command>,
    ) -> io::Result<()> {
        let sockets = nested::watch(&self.poll)?;
        let mut events = Events::with_capacity(1024);
        let mut entries = Vec::new();
        let mut tick = tokio::time::interval(Duration::from_millis(TICK_MS));
        loop {
            let mut sockets_ready = None;
            if self.queue.borrow().is_empty() && self.to_flush.borrow().is_empty() {
                tokio::select! {
                    ready = sockets.readable() => sockets_ready = Some(ready?),
                    () = log.ready() => {}
                    () = self.wake.notified() => {}
                    _ = tick.tick() => {}
                    command = commands.recv() => match command {
                        Some(Command::Drain(done)) => {
                            self.drain();
                            // Whoever asked may have stopped waiting.
                            let _ = done.send(());
                        }
                        None => return Ok(()),
                    },
                }
            } else {
                // Requests that wait for the facts get their turn too.
                tokio::task::yield_now().await;
            }

            match self.poll.borrow_mut().poll(&mut events, Some(Duration::ZERO)) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            let all_taken = events.iter().count() < events.capacity();
            if let (Some(mut ready), true) = (sockets_ready, all_taken) {
                ready.clear_ready();
            }
            for event in events.iter() {
                match event.token() {
                    LISTENER => self.accept(),
                    Token(slot) => self.on_event(slot, event.is_readable(), event.is_writable()),
                }
            }
            let queued = std::mem::take(&mut *self.queue.borrow_mut());
            for slot in queued {
                self.look_again(slot as usize);
            }
            self.hear(&mut log, &mut entries);
            self.turn_wheel();
            self.deliver_all();
            self.measure(&mut entries);
        }
    }

    // Coming and going

    fn accept(self: &Rc<Self>) {
        for _ in 0..ACCEPTS_PER_TURN {
            let accepted = match &*self.listener.borrow() {
                Some(listener) => listener.accept(),
                None => return,
            };
            match accepted {
                Ok((socket, peer)) => self.take_in(socket, peer.ip()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot take connections in; trying again");
                    break;
                }
            }
        }
        // There may be more, and the edge has been seen: come back in the next round.
        if let Some(listener) = &mut *self.listener.borrow_mut() {
            let again = self.poll.borrow().registry().reregister(listener, LISTENER, Interest::READABLE);
            if let Err(error) = again {
                tracing::error!(%error, "the listener cannot be watched");
            }
        }
    }

    fn take_in(&self, mut socket: mio::net::TcpStream, address: IpAddr) {
        if !self.shared.doors.enter(address) {
            tracing::debug!(%address, "too many connections");
            self.metrics.protocol_errors.inc();
            return;
        }
        let now = self.shared.clock.now();
        let mut connections = self.connections.borrow_mut();
        let entry = connections.vacant_entry();
        let slot = entry.key();
        let interest = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = self.poll.borrow().registry().register(&mut socket, Token(slot), interest) {
            tracing::warn!(%error, "a connection cannot be watched");
            self.shared.doors.leave(address);
            return;
        }
        self.taken_in.set(self.taken_in.get().wrapping_add(1));
        let id = connection_id(self.index, slot, self.taken_in.get());
        let deadline = now.moment + self.shared.config.login_timeout();
        entry.insert(Connection {
            id,
            address,
            stream: Stream::new(socket),
            protocol: Protocol::Undecided,
            session: Session::New { deadline },
            input: Vec::new(),
            output: Vec::new(),
            heard: now.moment,
            busy: false,
            readable: false,
            queued: false,
            to_flush: false,
            ending: None,
        });
        self.wheel.borrow_mut().schedule(id, deadline);
        self.metrics.accepted.inc();
        self.metrics.connections.inc();
    }

    /// The link of a connection is gone.
    fn end(self: &Rc<Self>, slot: usize, end: LinkEnd) {
        let mut connections = self.connections.borrow_mut();
        let Some(connection) = connections.get_mut(slot) else { return };
        if connection.busy {
            connection.ending.get_or_insert(Ending::Link(end));
            return;
        }
        drop(connections);
        self.forget_login(slot, Some(end));
        self.remove(slot);
    }

    /// We end a connection and say why. With `tell_directory`, the directory learns it from us.
    fn close(self: &Rc<Self>, slot: usize, words: ConnectionEnded, tell_directory: Option<LinkEnd>) {
        {
            let mut connections = self.connections.borrow_mut();
            let Some(connection) = connections.get_mut(slot) else { return };
            if connection.busy {
                connection.ending = Some(Ending::Said(words, tell_directory));
                return;
            }
            if matches!(connection.session, Session::Closing { .. }) {
                return;
            }
            let Connection { protocol, output, .. } = connection;
            protocol.put(&connection::push(Body::ConnectionEnded(words)), output);
        }
        self.forget_login(slot, tell_directory);
        self.say_goodbye(slot);
    }

    /// Sends what is left to send and waits for the peer to go.
    fn say_goodbye(self: &Rc<Self>, slot: usize) {
        let now = self.shared.clock.now();
        let mut connections = self.connections.borrow_mut();
        let connection = &mut connections[slot];
        let mut output = std::mem::take(&mut connection.output);
        connection.protocol.put_goodbye(&mut output);
        let sent = connection.stream.send(&output);
        connection.stream.shut_down();
        let deadline = now.moment + CLOSING_TIME;
        connection.session = Session::Closing { deadline };
        connection.input = Vec::new();
        self.wheel.borrow_mut().schedule(connection.id, deadline);
        drop(connections);
        if sent.is_err() {
            self.remove(slot);
        } else {
            // What had arrived before must be read away, or the kernel answers it with a reset.
            self.on_readable(slot);
        }
    }

    /// The connection is no member of the audience any longer.
    fn forget_login(self: &Rc<Self>, slot: usize, tell_directory: Option<LinkEnd>) {
        let mut connections = self.connections.borrow_mut();
        let connection = &mut connections[slot];
        let deadline = self.shared.clock.now().moment;
        let session = std::mem::replace(&mut connection.session, Session::New { deadline });
        let id = connection.id;
        drop(connections);
        match session {
            Session::LoggedIn(login) => {
                self.audience.borrow_mut().leave(login.watcher);
                if let Some(end) = tell_directory {
                    let worker = Rc::clone(self);
                    self.start(async move {
                        let now = worker.shared.clock.now();
                        let ended = worker.shared.service.disconnect(&login.user, id, end, now).await;
                        if let Err(error) = ended {
                            tracing::error!(%error, "the end of a connection could not be recorded");
                        }
                    });
                }
            }
            Session::New { .. } | Session::Closing { .. } => {}
        }
    }

    fn remove(&self, slot: usize) {
        let mut connections = self.connections.borrow_mut();
        let Some(mut connection) = connections.try_remove(slot) else { return };
        // A socket that is closed is watched no longer, whatever epoll says of it here.
        let _ = self.poll.borrow().registry().deregister(&mut connection.stream.socket);
        self.shared.doors.leave(connection.address);
        self.metrics.connections.dec();
    }

    /// Asks everyone to come back, spread over the time that the operator allows, and closes. The directory is
    /// not told: whoever comes back in time was never away.
    fn drain(self: &Rc<Self>) {
        if let Some(mut listener) = self.listener.borrow_mut().take() {
            let _ = self.poll.borrow().registry().deregister(&mut listener);
        }
        let slots: Vec<usize> = self.connections.borrow().iter().map(|(slot, _)| slot).collect();
        for slot in slots {
            let spread = self.shared.config.reconnect_spread_ms;
            let words = ConnectionEnded {
                retry_after_ms: rand::rng().random_range(0..=spread),
                ..last_words(Cause::Reconnect, "the server stops or hands over")
            };
            self.close(slot, words, None);
        }
    }

    // Reading

    fn on_event(self: &Rc<Self>, slot: usize, readable: bool, writable: bool) {
        if writable {
            self.on_writable(slot);
        }
        if readable {
            self.on_readable(slot);
        }
    }

    fn on_writable(self: &Rc<Self>, slot: usize) {
        let mut connections = self.connections.borrow_mut();
        let Some(connection) = connections.get_mut(slot) else { return };
        if !connection.stream.is_blocked() {
            return;
        }
        let flushed = connection.stream.flush();
        let free = !connection.stream.is_blocked();
        drop(connections);
        if flushed.is_err() {
            self.end(slot, LinkEnd::Closed);
        } else if free {
            // The mailbox has waited; and so may have requests.
            self.flush_later(slot);
            self.look_later(slot);
        }
    }

    fn on_readable(self: &Rc<Self>, slot: usize) {
        if let Some(connection) = self.connections.borrow_mut().get_mut(slot) {
            connection.readable = true;
        }
        self.look_again(slot);
    }

    /// Reads and handles what there is, as far as the connection may go on.
    fn look_again(self: &Rc<Self>, slot: usize) {
        if let Some(connection) = self.connections.borrow_mut().get_mut(slot) {
            connection.queued = false;
        }
        self.handle_received(slot, None);
        for turn in 0.. {
            let (length, outcome) = {
                let mut connections = self.connections.borrow_mut();
                let Some(connection) = connections.get_mut(slot) else { return };
                if !connection.readable || connection.busy || connection.stream.unsent() > MAX_UNSENT_BYTES {
                    return;
                }
                if turn == READS_PER_TURN {
                    drop(connections);
                    self.look_later(slot);
                    return;
                }
                let (length, outcome) = connection.stream.read(&mut self.scratch.borrow_mut());
                connection.readable = outcome == ReadOutcome::More;
                if length > 0 {
                    connection.heard = self.shared.clock.now().moment;
                }
                (length, outcome)
            };
            if length > 0 {
                self.handle_received(slot, Some(length));
            }
            if outcome == ReadOutcome::Ended {
                self.end(slot, LinkEnd::Closed);
                return;
            }
        }
    }

    /// Handles the messages in what was received: what was left before, and `fresh` bytes of the scratch.
    fn handle_received(self: &Rc<Self>, slot: usize, fresh: Option<usize>) {
        let mut plain = std::mem::take(&mut *self.plain.borrow_mut());
        plain.clear();
        if let Err(error) = self.collect(slot, fresh, &mut plain) {
            self.break_off(slot, &error);
        } else {
            self.handle_messages(slot, &plain);
        }
        if plain.capacity() > 4 * SCRATCH_BYTES {
            plain = Vec::new();
        }
        *self.plain.borrow_mut() = plain;
    }

    /// Puts the plain text of what was received into `plain`.
    fn collect(&self, slot: usize, fresh: Option<usize>, plain: &mut Vec<u8>) -> Result<(), ProtocolError> {
        let mut connections = self.connections.borrow_mut();
        let Some(connection) = connections.get_mut(slot) else { return Ok(()) };
        plain.append(&mut connection.input);
        connection.input = Vec::new();
        let Some(length) = fresh else { return Ok(()) };
        let scratch = self.scratch.borrow();
        let received = &scratch[..length];
        let opening = matches!(connection.protocol, Protocol::Undecided) && plain.is_empty();
        if opening && !connection.stream.is_tls() && received[0] == TLS_HANDSHAKE {
            let Some(config) = &self.shared.tls else { return Err(ProtocolError::NoTls) };
            connection.stream.start_tls(Arc::clone(config))?;
        }
        connection.stream.decrypt(received, plain)?;
        if connection.stream.is_tls() && connection.stream.flush().is_err() {
            // The end of the link is seen by the next read.
            return Ok(());
        }
        Ok(())
    }

    fn handle_messages(self: &Rc<Self>, slot: usize, plain: &[u8]) {
        let mut rest = plain;
        loop {
            let found = {
                let mut connections = self.connections.borrow_mut();
                let Some(connection) = connections.get_mut(slot) else { return };
                if matches!(connection.session, Session::Closing { .. }) {
                    return;
                }
                if connection.busy || connection.stream.unsent() > MAX_UNSENT_BYTES {
                    connection.input = rest.to_vec();
                    return;
                }
                let logged_in = connection.login().is_some();
                let limits = self.shared.config.frames();
                let Connection { protocol, output, .. } = connection;
                protocol.next(&mut rest, output, limits, logged_in)
            };
            match found {
                Ok(Found::Message(message)) => self.handle(slot, message),
                Ok(Found::Unreadable(why)) => self.refuse_unreadable(slot, &why),
                Ok(Found::Nothing) => self.flush_later(slot),
                Ok(Found::Incomplete) => {
                    if let Some(connection) = self.connections.borrow_mut().get_mut(slot) {
                        connection.input = rest.to_vec();
                    }
                    self.flush_later(slot);
                    return;
                }
                Ok(Found::Goodbye) => return self.end(slot, LinkEnd::Closed),
                Err(error) => return self.break_off(slot, &error),
            }
        }
    }

    /// The peer does not speak the contract.
    fn break_off(self: &Rc<Self>, slot: usize, error: &ProtocolError) {
        self.metrics.protocol_errors.inc();
        tracing::debug!(%error, "connection closed for what it sent");
        self.close(slot, last_words(Cause::ProtocolError, &error.to_string()), Some(LinkEnd::Closed));
    }

    // Later

    /// The connection is looked at again in the next round.
    fn look_later(&self, slot: usize) {
        if let Some(connection) = self.connections.borrow_mut().get_mut(slot)
            && !std::mem::replace(&mut connection.queued, true)
        {
            self.queue.borrow_mut().push(slot as u32);
        }
    }

    /// What waits for the connection is written at the end of the round.
    fn flush_later(&self, slot: usize) {
        if let Some(connection) = self.connections.borrow_mut().get_mut(slot)
            && !std::mem::replace(&mut connection.to_flush, true)
        {
            self.to_flush.borrow_mut().push(slot as u32);
        }
    }

    /// Runs what need not wait at once, and lets the rest go on beside the rounds.
    fn start(&self, work: impl Future<Output = ()> + 'static) {
        let mut work: Pin<Box<dyn Future<Output = ()>>> = Box::pin(work);
        if work.as_mut().poll(&mut Context::from_waker(&noop_waker())).is_pending() {
            tokio::task::spawn_local(work);
        }
    }

    fn turn_wheel(self: &Rc<Self>) {
        let now = self.shared.clock.now();
        let mut due = Vec::new();
        self.wheel.borrow_mut().advance(now.moment, &mut due);
        for id in due {
            self.check_deadline(id, now);
        }
    }

    /// Looks at the real deadline of a connection.
    fn check_deadline(self: &Rc<Self>, id: ConnectionId, now: Now) {
        enum Due {
            Later(lamplight_model::Moment),
            LoginTimeout,
            Silent,
            SigExpired,
            Gone,
        }
        let slot = slot_of(id);
        let due = {
            let connections = self.connections.borrow();
            let Some(connection) = connections.get(slot).filter(|connection| connection.id == id) else {
                return;
            };
            let check = connection.next_check(now);
            match &connection.session {
                Session::Closing { .. } if check <= now.moment => Due::Gone,
                Session::New { .. } if check <= now.moment && !connection.busy => Due::LoginTimeout,
                Session::LoggedIn(login) if connection.heard + login.heartbeat_timeout <= now.moment => {
                    Due::Silent
                }
                Session::LoggedIn(login) if login.sig_expires <= now.wall && !connection.busy => {
                    Due::SigExpired
                }
                Session::New { .. } | Session::LoggedIn(_) | Session::Closing { .. } => Due::Later(check),
            }
        };
        match due {
            Due::Later(at) => self.wheel.borrow_mut().schedule(id, at),
            Due::LoginTimeout => {
                self.metrics.protocol_errors.inc();
                self.close(slot, last_words(Cause::LoginTimeout, "no login in time"), None);
            }
            Due::Silent => {
                self.metrics.timeouts.inc();
                self.end(slot, LinkEnd::TimedOut);
            }
            Due::SigExpired => self.expire_sig(slot),
            Due::Gone => self.remove(slot),
        }
    }

    fn note_watcher(&self, watcher: WatcherKey, slot: usize) {
        let mut watchers = self.watchers.borrow_mut();
        let number = watcher.0 as usize;
        if watchers.len() <= number {
            watchers.resize(number + 1, u32::MAX);
        }
        watchers[number] = slot as u32;
    }

    /// The connection behind a watcher.
    fn slot_of_watcher(&self, watcher: WatcherKey) -> usize {
        self.watchers.borrow()[watcher.0 as usize] as usize
    }

    fn put(&self, slot: usize, message: &v1::ServerMessage) {
        if let Some(connection) = self.connections.borrow_mut().get_mut(slot) {
            let Connection { protocol, output, .. } = connection;
            protocol.put(message, output);
        }
        self.flush_later(slot);
    }
}

/// Worker, count and slot in one number: unique in the life of the process (the count returns after four billion
/// connections of one worker), and quick to look up.
fn connection_id(worker: usize, slot: usize, count: u32) -> ConnectionId {
    ConnectionId((worker as u64) << 56 | u64::from(count) << 24 | slot as u64)
}

fn slot_of(id: ConnectionId) -> usize {
    (id.0 & 0xff_ffff) as usize
}
