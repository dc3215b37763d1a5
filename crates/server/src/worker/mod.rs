//! A worker: one thread with its own listener, connections and audience. Between a change and the sockets, it briefly
//! takes one lock that other threads use too: the lock of its queue of the change log. In a cluster, a worker also
//! takes the lock of the table of the node's interests. It does so when a user gets the first watcher on this worker,
//! or loses the last one.
//!
//! In each round, a worker reads the sockets, answers requests, and reads the change log. It then writes once to each
//! connection that has something to send, so messages of one round leave in one write. After a large delivery, it may
//! pause, and read without writing ([`Gathering`]).
//!
//! `impl Worker` has the stages of a round, one file each: `reading`, `requests`, `fanout`, `reads`, and `lifecycle`
//! for the start and end of connections. The other files do not use `Worker`, except for the tasks of requests,
//! `LoginTask` and `Caller`, which keep the worker alive.

mod abilities;
mod acceptor;
mod admission;
mod calls;
mod connection;
mod connections;
mod deadlines;
mod fanout;
mod lifecycle;
mod list_calls;
mod lists_delivery;
mod lists_queue;
mod login;
mod nested;
mod put_back;
mod rare_bytes;
mod read_buffers;
mod reading;
mod reads;
mod request_windows;
mod requests;
mod store_reads;
mod stream;
mod tls_session;
mod told_abilities;
mod watcher_slots;

use crate::clock::Clock;
use crate::config::Config;
use crate::connection_limits::ConnectionLimits;
use crate::health::Pulse;
use crate::metrics::WorkerMetrics;
use crate::network::TrustedProxies;
use acceptor::{Acceptor, LISTENER};
use admission::AdmissionControl;
use connection::Work;
use connections::Connections;
use deadlines::{Deadlines, TICK_MS};
use fanout::MailboxStatus;
use futures_util::FutureExt;
use futures_util::task::noop_waker;
use lamplight_core::{ConflationRate, Gathering, LinkEnd, WatcherKey};
use lamplight_directory::{Interest, LogReader};
use lamplight_model::{ConnectionId, NodeId, User};
use lamplight_service::{Audience, ListsHeard, Service, Watchers};
use lamplight_wire::StatusBatch;
use lists_delivery::ListsDelivery;
use mio::{Events, Poll, Token};
use read_buffers::ReadBuffers;
use request_windows::RequestWindows;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Context;
use std::time::Duration;
use store_reads::StoreReads;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{Notify, mpsc, oneshot};
use watcher_slots::WatcherSlots;

pub use connections::worker_of;

/// The maximum number of unsent bytes of a connection. At this maximum, the worker reads nothing from the connection
/// until its client has read answers.
const MAX_UNSENT_BYTES: usize = 64 * 1024;

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
    /// Notified when a worker has read the change of an app in the change log.
    pub app_news: Arc<Notify>,
    /// The number of workers of the node.
    pub workers: usize,
}

/// A command to a worker from outside its thread.
pub enum Command {
    /// Accept no more connections, and ask all clients to reconnect. Then send the answer.
    Drain(oneshot::Sender<()>),
    /// Return the number of a user's watchers, and the names of at most the given number of watchers.
    Watchers(User, usize, oneshot::Sender<Watchers>),
    /// Return the connections in this list that the worker does not have.
    NotOpen(Vec<ConnectionId>, oneshot::Sender<Vec<ConnectionId>>),
    /// Read the watch lists of all connections again, because the directory may lack the connections.
    ReadAgain,
}

/// A worker. The tasks of its requests share it.
struct Worker {
    index: usize,
    shared: Arc<Shared>,
    metrics: WorkerMetrics,
    pulse: Pulse,
    poll: Rc<RefCell<Poll>>,
    acceptor: Acceptor,
    admission: AdmissionControl,
    connections: Connections,
    deadlines: Deadlines,
    read_buffers: ReadBuffers,
    request_windows: RequestWindows,
    audience: RefCell<Audience<MailboxStatus>>,
    watcher_slots: WatcherSlots,
    /// The list changes of users whose login is in progress.
    lists_heard: RefCell<ListsHeard>,
    lists: ListsDelivery,
    reads: StoreReads,
    gathering: Cell<Gathering>,
    /// Starts a round. Notified when a task has ended, or when a task needs the log to be read.
    wake: Notify,
    outgoing: RefCell<Vec<u8>>,
    batch: RefCell<StatusBatch>,
}

/// Runs a worker until its command channel closes. Must be called on the worker's own thread.
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
        let worker = Rc::new(Worker::new(index, listener, shared, metrics, pulse, log.interest().cloned())?);
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
        interest: Option<Interest>,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        let acceptor = Acceptor::new(listener, poll.registry())?;
        let changes_per_second = shared.config.limits.changes_told_per_second;
        let rate = ConflationRate { changes_per_second, ..ConflationRate::default() };
        let lists_heard = ListsHeard::with_interest(interest.clone());
        Ok(Self {
            index,
            acceptor,
            admission: AdmissionControl::new(Arc::clone(&shared), metrics.clone()),
            connections: Connections::new(shared.node, index),
            deadlines: Deadlines::new(shared.clock.now().moment),
            read_buffers: ReadBuffers::default(),
            request_windows: RequestWindows::default(),
            audience: RefCell::new(Audience::new(rate, interest)),
            watcher_slots: WatcherSlots::default(),
            lists_heard: RefCell::new(lists_heard),
            lists: ListsDelivery::default(),
            reads: StoreReads::default(),
            gathering: Cell::new(Gathering::new(shared.workers)),
            wake: Notify::new(),
            poll: Rc::new(RefCell::new(poll)),
            shared,
            metrics,
            pulse,
            outgoing: RefCell::default(),
            batch: RefCell::default(),
        })
    }

    /// Returns the slot of a watcher's connection; `None` if the connection has ended or has logged out.
    fn slot_of_watcher(&self, watcher: WatcherKey) -> Option<usize> {
        let connections = self.connections.borrow();
        self.watcher_slots.get(watcher, |slot| Some(connections.get(slot)?.login()?.watcher))
    }

    async fn rounds(
        self: &Rc<Self>,
        mut log: LogReader,
        mut commands: mpsc::Receiver<Command>,
    ) -> io::Result<()> {
        let sockets = nested::watch(&self.poll)?;
        let mut events = Events::with_capacity(1024);
        let (mut entries, mut heard, mut late) = (Vec::new(), Vec::new(), Vec::new());
        let mut pause: Option<Duration> = None;
        let mut tick = tokio::time::interval(Duration::from_millis(TICK_MS));
        loop {
            let mut sockets_ready = None;
            let now = self.shared.clock.now().moment;
            let has_due_crowd = self.audience.borrow().has_due_crowd(now);
            if pause.is_some() || !self.connections.any_waits() && !has_due_crowd {
                tokio::select! {
                    () = tokio::time::sleep(pause.unwrap_or_default().min(Gathering::STEP)), if pause.is_some() => {}
                    ready = sockets.readable(), if pause.is_none() => sockets_ready = Some(ready?),
                    () = log.ready(), if pause.is_none() => {}
                    () = self.wake.notified() => {}
                    () = self.something_is_due(), if pause.is_none() => {}
                    _ = tick.tick() => {}
                    command = commands.recv() => match command {
                        Some(command) => self.obey(command),
                        None => return Ok(()),
                    },
                }
            } else {
                if has_due_crowd {
                    // Another worker may be waiting for this processor.
                    std::thread::yield_now();
                }
                // Tasks that wait for the stores must be polled too.
                tokio::task::yield_now().await;
                // Tasks that have ended by now are part of this round, so they must not start another one.
                self.wake.notified().now_or_never();
                // Commands are read in every round, so that the worker can be stopped even if clients never stop
                // sending.
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
            for slot in self.connections.take_to_serve() {
                let slot = slot as usize;
                self.contain(slot, || self.look_again(slot));
            }
            self.hear(&mut log, &mut entries);
            self.read_what_is_wanted();
            self.tick();
            heard.append(&mut entries);
            pause = self.pause(heard.len());
            if pause.is_none() {
                self.deliver_all();
                self.measure(&mut heard, &mut late);
            }
        }
    }

    fn obey(self: &Rc<Self>, command: Command) {
        match command {
            Command::Drain(done) => {
                self.drain();
                // The requesting task may no longer wait for the answer.
                let _ = done.send(());
            }
            Command::Watchers(user, most, answer) => {
                // The requesting task may no longer wait for the answer.
                let _ = answer.send(self.audience.borrow().watchers(&user, most));
            }
            Command::NotOpen(mut ids, answer) => {
                ids.retain(|id| self.connections.slot(*id).is_none());
                // The requesting task may no longer wait for the answer.
                let _ = answer.send(ids);
            }
            Command::ReadAgain => self.read_everything_again(),
        }
    }

    /// Runs code for one connection. If the code panics, only that connection is closed.
    fn contain(self: &Rc<Self>, slot: usize, work: impl FnOnce()) {
        if catch_unwind(AssertUnwindSafe(work)).is_err() {
            self.abandon(slot);
        }
    }

    /// Closes a connection after a panic in its handling.
    fn abandon(self: &Rc<Self>, slot: usize) {
        tracing::error!(worker = self.index, "handling a connection panicked; the connection is closed");
        if let Some(connection) = self.connections.borrow_mut().get_mut(slot) {
            connection.work = Work::Idle;
        }
        self.end(slot, LinkEnd::Closed);
    }

    /// Polls a task once. A task that is not complete after this poll continues as a local task. When the local task
    /// ends, it starts a new round.
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
}
