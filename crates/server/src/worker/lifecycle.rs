//! The start and the end of connections, and their deadlines.

use super::Worker;
use super::admission::AdmissionControl;
use super::connection::{self, Connection, Ending, Session, Work, last_words, words_of};
use super::deadlines::{NO_CHECK, Passed};
use super::login::LoginTask;
use super::rare_bytes::RareBytes;
use super::stream::Stream;
use lamplight_core::{EndCause, LinkEnd, ReconnectPace};
use lamplight_model::{ConnectionId, Now, Timestamp, User};
use lamplight_protocol::Protocol;
use lamplight_wire::v1::connection_ended::Cause;
use lamplight_wire::v1::{ConnectionEnded, server_message::Body};
use mio::net::TcpStream;
use mio::{Interest, Token};
use rand::Rng;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::Duration;

/// The range of the time after which a refused client may reconnect, in milliseconds. The time is chosen at random, so
/// that refused clients do not return together.
const RETRY_AFTER_REFUSAL_MS: RangeInclusive<u32> = 5_000..=10_000;
/// The longest time that a peer may take to close the connection after the last message.
const CLOSING_TIME: Duration = Duration::from_secs(2);

impl Worker {
    /// Accepts the connections that are waiting at the listener.
    pub(super) fn accept(&self) {
        let poll = self.poll.borrow();
        let take_in = |socket, address| self.take_in(socket, address);
        if let Err(error) = self.acceptor.accept(poll.registry(), take_in) {
            self.metrics.accept_failures.inc();
            tracing::error!(
                %error, worker = self.index,
                "cannot accept the waiting connections; the limit of open files may be too low"
            );
        }
    }

    fn take_in(&self, mut socket: TcpStream, address: IpAddr) {
        let address = address.to_canonical();
        let from_proxy = self.shared.proxies.contains(address);
        let Some(admission) = self.admission.admit(address, from_proxy) else { return };
        let now = self.shared.clock.now();
        let added = self.connections.add(|slot, id| {
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll.borrow().registry().register(&mut socket, Token(slot), interest)?;
            let deadline = now.moment + self.admission.patience(admission);
            let mut connection = Connection {
                id,
                address,
                stream: Stream::new(socket),
                protocol: Protocol::Undecided,
                session: Session::New { deadline, awaits_header: from_proxy },
                input: RareBytes::default(),
                output: RareBytes::default(),
                heard: now.moment,
                work: Work::Idle,
                paused: false,
                readable: false,
                read_closed: false,
                queued: false,
                to_flush: false,
                check_at: NO_CHECK,
                admission,
                ending: None,
            };
            self.deadlines.check_by(&mut connection, deadline);
            Ok::<_, std::io::Error>(connection)
        });
        match added {
            Ok(_) => self.admission.count(admission),
            Err(error) => {
                tracing::warn!(%error, "cannot register a new connection with epoll; it is closed");
                self.admission.give_up(admission, address);
            }
        }
    }

    /// Refuses a connection in excess of the limits, once its protocol is known. Returns whether the connection was
    /// refused.
    pub(super) fn turn_away(self: &Rc<Self>, slot: usize) -> bool {
        let is_to_go = self.connections.borrow().get(slot).is_some_and(AdmissionControl::is_to_refuse);
        if is_to_go {
            let words = ConnectionEnded {
                retry_after_ms: rand::rng().random_range(RETRY_AFTER_REFUSAL_MS),
                ..last_words(
                    Cause::TooManyConnections,
                    "too many connections to this server or from this address",
                )
            };
            self.close(slot, words, None);
        }
        is_to_go
    }

    /// Removes a connection whose link is broken. If a request is being processed, first waits for its end.
    pub(super) fn end(self: &Rc<Self>, slot: usize, end: LinkEnd) {
        let mut connections = self.connections.borrow_mut();
        let Some(connection) = connections.get_mut(slot) else { return };
        if connection.is_busy() {
            connection.ending.get_or_insert_with(|| Box::new(Ending::Link(end)));
            return;
        }
        drop(connections);
        self.forget_login(slot, Some(end));
        self.remove(slot);
    }

    /// Closes a connection with a last message. With `tell_directory`, the end is also recorded in the directory.
    pub(super) fn close(
        self: &Rc<Self>,
        slot: usize,
        words: ConnectionEnded,
        tell_directory: Option<LinkEnd>,
    ) {
        {
            let mut connections = self.connections.borrow_mut();
            let Some(connection) = connections.get_mut(slot) else { return };
            if connection.is_busy() {
                connection.ending = Some(Box::new(Ending::Said(words, tell_directory)));
                return;
            }
            if matches!(connection.session, Session::Closing { .. }) {
                return;
            }
            let Connection { protocol, output, .. } = connection;
            output.change(|output| protocol.put(&connection::push(Body::ConnectionEnded(words)), output));
        }
        self.forget_login(slot, tell_directory);
        self.say_goodbye(slot);
    }

    /// Closes a connection that the directory no longer has. The worker missed the log entry with the reason. The last
    /// message therefore says that another connection has replaced this one.
    pub(super) fn close_superseded(self: &Rc<Self>, id: ConnectionId) {
        if let Some(slot) = self.connections.slot(id) {
            self.close(slot, words_of(EndCause::Superseded), None);
        }
    }

    /// Asks a client to reconnect, because the directory does not have the client's connection. Closes the connection.
    pub(super) fn ask_to_reconnect(self: &Rc<Self>, id: ConnectionId) {
        if let Some(slot) = self.connections.slot(id) {
            let words = ConnectionEnded {
                retry_after_ms: rand::rng().random_range(0..=self.reconnect_spread_ms()),
                ..last_words(Cause::Reconnect, "the server has lost this connection")
            };
            self.close(slot, words, None);
        }
    }

    /// Ends the connections of deleted apps. Called after entries of the change log were missed, because these entries
    /// may have reported deletions of apps.
    pub(super) fn end_without_app(self: &Rc<Self>) {
        let apps = self.shared.service.apps();
        let is_without = |connection: &Connection| {
            connection.login().is_some_and(|it| apps.get(it.abilities.app()).is_none())
        };
        let connections = self.connections.borrow();
        let without = connections.iter().filter(|(_, connection)| is_without(connection));
        let slots: Vec<usize> = without.map(|(slot, _)| slot).collect();
        drop(connections);
        for slot in slots {
            self.close(slot, words_of(EndCause::AccountDeleted), Some(LinkEnd::Closed));
        }
    }

    /// Sends the remaining output, shuts down the stream, and waits for the peer to close.
    pub(super) fn say_goodbye(self: &Rc<Self>, slot: usize) {
        let now = self.shared.clock.now();
        let mut connections = self.connections.borrow_mut();
        let connection = &mut connections[slot];
        let mut output = connection.output.take();
        connection.protocol.put_goodbye(&mut output);
        let sent = connection.stream.send(&output);
        connection.stream.shut_down();
        let deadline = now.moment + CLOSING_TIME;
        connection.session = Session::Closing { deadline };
        connection.input.take();
        self.deadlines.check_by(connection, deadline);
        drop(connections);
        if sent.is_err() {
            self.remove(slot);
        } else {
            // Bytes that have arrived must be read first. Otherwise, the kernel answers them with a reset.
            self.on_readable(slot);
        }
    }

    /// Ends the login of a connection in this worker. The connection then watches nobody. With `tell_directory`, the
    /// directory records the end too.
    pub(super) fn forget_login(self: &Rc<Self>, slot: usize, tell_directory: Option<LinkEnd>) {
        let mut connections = self.connections.borrow_mut();
        let connection = &mut connections[slot];
        let deadline = self.shared.clock.now().moment;
        let session =
            std::mem::replace(&mut connection.session, Session::New { deadline, awaits_header: false });
        let (id, silent_since) = (connection.id, connection.heard);
        drop(connections);
        match session {
            Session::LoggedIn(login) => {
                let user = self.audience.borrow().user_of(login.watcher).cloned();
                self.audience.borrow_mut().leave(login.watcher);
                self.reads.forget(login.watcher);
                if let Some((user, end)) = user.zip(tell_directory) {
                    let worker = Rc::clone(self);
                    self.start(async move {
                        let now = worker.shared.clock.now();
                        let silence = now.moment.since(silent_since).as_millis() as u64;
                        let heard = Timestamp(now.wall.0.saturating_sub(silence));
                        worker.disconnect(&user, id, end, heard).await;
                    });
                }
            }
            Session::New { .. } | Session::Closing { .. } => {}
        }
    }

    /// Records the end of a connection in the directory.
    pub(super) async fn disconnect(&self, user: &User, id: ConnectionId, end: LinkEnd, heard: Timestamp) {
        let now = self.shared.clock.now();
        if let Err(error) = self.shared.service.disconnect(user, id, end, heard, now).await {
            tracing::warn!(error = %crate::causes::WithCauses(&error), "cannot record the end of a connection; it will be retried");
        }
    }

    pub(super) fn remove(&self, slot: usize) {
        let mut connections = self.connections.borrow_mut();
        let Some(mut connection) = connections.try_remove(slot) else { return };
        // Closing a socket removes it from the epoll, so an error of this call does not matter.
        let _ = self.poll.borrow().registry().deregister(&mut connection.stream.socket);
        self.admission.release(&connection);
    }

    /// Asks all clients to reconnect, spread over a time that depends on their number, and closes their connections.
    ///
    /// The directory keeps the connections. A client that reconnects within `node_loss_grace_ms` counts as always
    /// connected.
    pub(super) fn drain(self: &Rc<Self>) {
        self.acceptor.close(self.poll.borrow().registry());
        let spread =
            spread_ms(self.shared.config.reconnect_pace(), self.shared.connection_limits.open_at_closing());
        let slots: Vec<usize> = self.connections.borrow().iter().map(|(slot, _)| slot).collect();
        for slot in slots {
            let words = ConnectionEnded {
                retry_after_ms: rand::rng().random_range(0..=spread),
                ..last_words(Cause::Reconnect, "the server is stopping or handing over to another process")
            };
            self.close(slot, words, None);
        }
    }

    /// Returns the time over which the clients that are connected now would spread their reconnections, in
    /// milliseconds.
    pub(super) fn reconnect_spread_ms(&self) -> u32 {
        spread_ms(self.shared.config.reconnect_pace(), self.shared.connection_limits.open())
    }

    /// Does the work of a tick, and checks the deadlines that are due.
    pub(super) fn tick(self: &Rc<Self>) {
        let now = self.shared.clock.now();
        if !self.deadlines.tick_is_due(now.moment) {
            return;
        }
        if self.acceptor.take_failure() {
            self.accept();
        }
        self.lists.look_for_gaps(&self.connections, now.moment);
        for slot in self.deadlines.advance(now.moment) {
            self.check_deadlines(slot as usize, now);
        }
    }

    fn check_deadlines(self: &Rc<Self>, slot: usize, now: Now) {
        let (id, passed) = {
            let mut connections = self.connections.borrow_mut();
            let Some(connection) = connections.get_mut(slot) else { return };
            let Some(passed) = self.deadlines.check(connection, now) else { return };
            (connection.id, passed)
        };
        match passed {
            Passed::Login => {
                self.metrics.protocol_errors.inc();
                self.close(slot, last_words(Cause::LoginTimeout, "the client did not log in in time"), None);
            }
            Passed::Silent(since) => {
                self.metrics.timeouts.inc();
                self.metrics.detection_seconds.observe(since);
                let words = last_words(Cause::Timeout, "nothing was received for the heartbeat timeout");
                self.close(slot, words, Some(LinkEnd::TimedOut));
            }
            Passed::UserSig => {
                self.connections.with(id, |connection| connection.work = Work::LoggingIn);
                self.start(LoginTask { worker: Rc::clone(self), id }.expire_sig());
            }
            Passed::Refused | Passed::Closing => self.remove(slot),
        }
    }
}

fn spread_ms(pace: ReconnectPace, clients: usize) -> u32 {
    u32::try_from(pace.spread(clients).as_millis()).unwrap_or(u32::MAX)
}
