//! A worker: one thread, its own listener, its own connections, its own audience. On its way from a change to the
//! sockets it takes one short lock, that of its queue of the change log; none after it.
//!
//! A round: read the sockets, answer the requests that can be answered, take in the change log, then write each touched
//! connection once. So messages that are ready together leave together, and a worker that has nothing else to do writes
//! at once.

mod abilities;
mod coming_and_going;
mod connection;
mod fanout;
mod list_requests;
mod lists;
mod lists_queue;
mod login;
mod nested;
mod reading;
mod reads;
mod request_windows;
mod requests;
mod stream;
mod told_abilities;
mod watcher_slots;

use crate::clock::Clock;
use crate::config::Config;
use crate::connection_limits::ConnectionLimits;
use crate::health::Pulse;
use crate::metrics::WorkerMetrics;
use crate::network::TrustedProxies;
use connection::{Connection, Work};
use fanout::MailboxStatus;
use futures_util::FutureExt;
use futures_util::task::noop_waker;
use lamplight_core::{ConflationRate, DeadlineWheel, LinkEnd};
use lamplight_directory::LogReader;
use lamplight_model::{ConnectionId, NodeId, User};
use lamplight_service::{Audience, ListsHeard, Reads, Service, Watchers};
use lamplight_wire::{StatusBatch, v1};
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use request_windows::RequestWindows;
use slab::Slab;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Context;
use std::time::Duration;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{Notify, mpsc, oneshot};
use watcher_slots::WatcherSlots;

/// The precision of heartbeat timeouts, in milliseconds.
const TICK_MS: u64 = 250;
const SCRATCH_BYTES: usize = 64 * 1024;
/// A connection with more unsent bytes than this is not read from until its client has read its answers.
const MAX_UNSENT_BYTES: usize = 64 * 1024;
/// How long a peer may take to close after the last message.
const CLOSING_TIME: Duration = Duration::from_secs(2);
const LISTENER: Token = Token(usize::MAX);

/// The state that all workers of a node share.
pub struct Shared {
    /// The id of this run of the node.
    pub node: NodeId,
    pub service: Arc<Service>,
    pub clock: Clock,
    pub config: Config,
    pub tls: Option<Arc<rustls::ServerConfig>>,
    pub connection_limits: ConnectionLimits,
    pub proxies: TrustedProxies,
}

/// A command from outside to a worker.
pub enum Command {
    /// Accept no more connections, and ask all clients to reconnect elsewhere or later. Answered when all were asked.
    Drain(oneshot::Sender<()>),
    /// Report the watchers of a user, with at most so many of them by name.
    Watchers(User, usize, oneshot::Sender<Watchers>),
    /// Report which of these connections the worker does not have.
    NotOpen(Vec<ConnectionId>, oneshot::Sender<Vec<ConnectionId>>),
}

/// The worker, shared by the requests that it is answering.
struct Worker {
    index: usize,
    shared: Arc<Shared>,
    metrics: WorkerMetrics,
    pulse: Pulse,
    poll: Rc<RefCell<Poll>>,
    listener: RefCell<Option<TcpListener>>,
    connections: RefCell<Slab<Connection>>,
    /// The number of connections ever accepted; makes a `ConnectionId` unique.
    taken_in: Cell<u32>,
    audience: RefCell<Audience<MailboxStatus>>,
    watcher_slots: WatcherSlots,
    /// The deadlines of connections, by the local number of their ids.
    wheel: RefCell<DeadlineWheel<u64>>,
    /// The number of connections over the limits that wait for their refusal.
    refusing: Cell<usize>,
    /// Connections to serve in the next round.
    queue: RefCell<Vec<u32>>,
    request_windows: RequestWindows,
    /// Connections with output.
    to_flush: RefCell<Vec<u32>>,
    /// Connections that miss a change of their user's lists; checked at the next tick.
    stuck_lists: RefCell<Vec<u32>>,
    /// The list changes of users who are logging in.
    lists_heard: RefCell<ListsHeard>,
    reads: RefCell<Reads>,
    /// The tasks that wait for reads.
    waiting: reads::Waiting,
    /// Wakes the rounds when a task that had to wait is done.
    wake: Notify,
    /// Connections wait that could not be accepted; retried at the next tick.
    accept_later: Cell<bool>,
    scratch: RefCell<Box<[u8]>>,
    plain: RefCell<Vec<u8>>,
    outgoing: RefCell<Vec<u8>>,
    batch: RefCell<StatusBatch>,
}

/// Runs a worker until its command channel closes. To be called on a thread of its own.
pub fn run(
    index: usize,
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
    metrics: WorkerMetrics,
    pulse: Pulse,
    log: LogReader,
    commands: mpsc::Receiver<Command>,
) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    runtime.block_on(local.run_until(async move {
        let worker = Rc::new(Worker::new(index, listener, shared, metrics, pulse)?);
        worker.rounds(log, commands).await
    }))
}

impl Worker {
    fn new(
        index: usize,
        listener: std::net::TcpListener,
        shared: Arc<Shared>,
        metrics: WorkerMetrics,
        pulse: Pulse,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        listener.set_nonblocking(true)?;
        let mut listener = TcpListener::from_std(listener);
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let wheel = DeadlineWheel::new(TICK_MS, shared.clock.now().moment);
        let rate = ConflationRate { changes_per_second: shared.config.limits.changes_told_per_second };
        Ok(Self {
            index,
            shared,
            metrics,
            pulse,
            poll: Rc::new(RefCell::new(poll)),
            listener: RefCell::new(Some(listener)),
            connections: RefCell::default(),
            taken_in: Cell::new(0),
            audience: RefCell::new(Audience::new(rate)),
            watcher_slots: WatcherSlots::default(),
            wheel: RefCell::new(wheel),
            refusing: Cell::new(0),
            queue: RefCell::default(),
            request_windows: RequestWindows::default(),
            to_flush: RefCell::default(),
            stuck_lists: RefCell::default(),
            lists_heard: RefCell::default(),
            reads: RefCell::default(),
            waiting: reads::Waiting::default(),
            wake: Notify::new(),
            accept_later: Cell::new(false),
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
        let (mut entries, mut late) = (Vec::new(), Vec::new());
        let mut tick = tokio::time::interval(Duration::from_millis(TICK_MS));
        loop {
            let mut sockets_ready = None;
            if self.queue.borrow().is_empty()
                && self.to_flush.borrow().is_empty()
                && !self.audience.borrow().has_crowd()
            {
                tokio::select! {
                    ready = sockets.readable() => sockets_ready = Some(ready?),
                    () = log.ready() => {}
                    () = self.wake.notified() => {}
                    () = self.change_is_due() => {}
                    _ = tick.tick() => {}
                    command = commands.recv() => match command {
                        Some(command) => self.obey(command),
                        None => return Ok(()),
                    },
                }
            } else {
                // Requests that wait for the facts get their turn too.
                tokio::task::yield_now().await;
                // Tasks that are done by now belong to this round, and need no further round.
                self.wake.notified().now_or_never();
                // Clients that never stop sending must not prevent the worker from being stopped.
                match commands.try_recv() {
                    Ok(command) => self.obey(command),
                    Err(TryRecvError::Empty) => {}
                    Err(TryRecvError::Disconnected) => return Ok(()),
                }
            }

            self.pulse.beat(self.shared.clock.now().moment);
            self.open_window();
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
                    Token(slot) => {
                        let readable = event.is_readable() || event.is_read_closed() || event.is_error();
                        self.contain(slot, || self.on_event(slot, readable, event.is_writable()));
                        if event.is_read_closed() {
                            self.contain(slot, || self.on_read_closed(slot));
                        }
                    }
                }
            }
            let queued = std::mem::take(&mut *self.queue.borrow_mut());
            for slot in queued {
                let slot = slot as usize;
                self.contain(slot, || self.look_again(slot));
            }
            self.hear(&mut log, &mut entries);
            self.read_what_is_wanted();
            self.turn_wheel();
            self.deliver_all();
            self.measure(&mut entries, &mut late);
        }
    }

    fn obey(self: &Rc<Self>, command: Command) {
        match command {
            Command::Drain(done) => {
                self.drain();
                // The asking task may have stopped waiting.
                let _ = done.send(());
            }
            Command::Watchers(user, most, answer) => {
                // As above.
                let _ = answer.send(self.audience.borrow().watchers(&user, most));
            }
            Command::NotOpen(mut ids, answer) => {
                ids.retain(|id| self.slot(*id).is_none());
                // As above.
                let _ = answer.send(ids);
            }
        }
    }

    /// Runs work for one connection; a panic costs that connection, and no other.
    fn contain(self: &Rc<Self>, slot: usize, work: impl FnOnce()) {
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            self.abandon(slot);
        }
    }

    /// Gives up a connection whose handling has panicked.
    fn abandon(self: &Rc<Self>, slot: usize) {
        tracing::error!(worker = self.index, "a connection met a bug and is given up");
        if let Some(connection) = self.connections.borrow_mut().get_mut(slot) {
            connection.work = Work::Idle;
        }
        self.end(slot, LinkEnd::Closed);
    }

    /// Has the connection served in the next round.
    fn look_later(&self, slot: usize) {
        if let Some(connection) = self.connections.borrow_mut().get_mut(slot)
            && !std::mem::replace(&mut connection.queued, true)
        {
            self.queue.borrow_mut().push(slot as u32);
        }
    }

    /// Marks a connection to be flushed at the end of the round.
    fn flush_later(&self, slot: usize) {
        if let Some(connection) = self.connections.borrow_mut().get_mut(slot)
            && !std::mem::replace(&mut connection.to_flush, true)
        {
            self.to_flush.borrow_mut().push(slot as u32);
        }
    }

    /// Runs a task at once as far as it need not wait, and the rest of it beside the rounds; its end starts a new
    /// round.
    fn start(self: &Rc<Self>, work: impl Future<Output = ()> + 'static) {
        let mut work: Pin<Box<dyn Future<Output = ()>>> = Box::pin(work);
        if work.as_mut().poll(&mut Context::from_waker(&noop_waker())).is_pending() {
            let worker = Rc::clone(self);
            tokio::task::spawn_local(async move {
                work.await;
                worker.wake.notify_one();
            });
        }
    }

    /// The connection of this id, if it is still open: another one may have its slot by now. To be used after every
    /// await.
    fn with_connection<T>(&self, id: ConnectionId, act: impl FnOnce(&mut Connection) -> T) -> Option<T> {
        let mut connections = self.connections.borrow_mut();
        current(&mut connections, id, |connection| connection.id).map(act)
    }

    /// The slot of a connection, if it is still open. Valid until the next await.
    fn slot(&self, id: ConnectionId) -> Option<usize> {
        self.with_connection(id, |_| slot_of(id))
    }

    fn put(&self, slot: usize, message: &v1::ServerMessage) {
        if let Some(connection) = self.connections.borrow_mut().get_mut(slot) {
            let Connection { protocol, output, .. } = connection;
            protocol.put(message, output);
        }
        self.flush_later(slot);
    }
}

/// Worker, count and slot in one number: unique in the life of the process (the count wraps after four billion
/// connections of one worker), and quick to look up.
fn local_id(worker: usize, slot: usize, count: u32) -> u64 {
    (worker as u64) << 56 | u64::from(count) << 24 | slot as u64
}

/// The index of the worker that has, or had, a connection of this node.
pub fn worker_of(id: ConnectionId) -> usize {
    (id.local >> 56) as usize
}

fn slot_of(id: ConnectionId) -> usize {
    (id.local & 0xff_ffff) as usize
}

/// The entry of this id, if it is still there: another one may have its slot by now.
fn current<T>(entries: &mut Slab<T>, id: ConnectionId, id_of: impl Fn(&T) -> ConnectionId) -> Option<&mut T> {
    entries.get_mut(slot_of(id)).filter(|entry| id_of(entry) == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_a_slot_now_is_not_taken_for_who_had_it_before() {
        let mut entries = Slab::new();
        let mut enter = |count| {
            let id = ConnectionId::alone(local_id(3, entries.vacant_key(), count));
            (entries.insert(id), id)
        };
        let (_, beside) = enter(1);
        let (slot, gone) = enter(2);
        entries.remove(slot);
        let next = ConnectionId::alone(local_id(3, entries.vacant_key(), 3));
        assert_eq!(entries.insert(next), slot, "or this test shows nothing");
        for (id, found) in [(beside, Some(beside)), (gone, None), (next, Some(next))] {
            assert_eq!(current(&mut entries, id, |id| *id).copied(), found);
            assert_eq!((worker_of(id), slot_of(gone)), (3, slot));
        }
    }
}
