//! The beginning and the end of connections, and their deadlines.

use super::connection::{self, Connection, Ending, Place, Session, Work, last_words};
use super::stream::Stream;
use super::{CLOSING_TIME, LISTENER, Worker, local_id, slot_of};
use lamplight_core::{LinkEnd, ReconnectPace};
use lamplight_model::{ConnectionId, Moment, Now, Timestamp, User};
use lamplight_protocol::Protocol;
use lamplight_wire::v1::connection_ended::Cause;
use lamplight_wire::v1::{ConnectionEnded, server_message::Body};
use mio::{Interest, Token};
use rand::Rng;
use std::io;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::Duration;

const ACCEPTS_PER_TURN: usize = 128;
/// How many connections over the limits one worker keeps open until it can send them a refusal. Further connections are
/// closed without a message, so that the cost of refusing stays bounded.
pub(super) const MAX_REFUSING: usize = 32;
/// How long a refused connection may take to show which protocol it uses.
const REFUSING_TIME: Duration = Duration::from_secs(2);
/// How long a connection of a trusted proxy may take to name its client's address.
const NAMING_TIME: Duration = Duration::from_secs(5);
/// When a refused client may return. The delay is random, so that clients that were refused together do not return
/// together.
const RETRY_AFTER_REFUSAL_MS: RangeInclusive<u32> = 5_000..=10_000;
/// Marks a connection without an entry in the wheel.
const NO_CHECK: Moment = Moment(u64::MAX);

impl Worker {
    /// Accepts the connections that wait at the listener.
    pub(super) fn accept(self: &Rc<Self>) {
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
                    // With no descriptors left, trying again at once would loop without end.
                    self.metrics.accept_failures.inc();
                    tracing::error!(
                        %error, worker = self.index,
                        "connections wait and cannot be taken in; the limit of open files may be too low"
                    );
                    return self.accept_later.set(true);
                }
            }
        }
        // More connections may wait, and no new edge will report them: schedule another turn, and let other connections
        // have theirs.
        if let Some(listener) = &mut *self.listener.borrow_mut()
            && let Err(error) =
                self.poll.borrow().registry().reregister(listener, LISTENER, Interest::READABLE)
        {
            tracing::error!(%error, "the listener cannot be watched");
        }
    }

    pub(super) fn take_in(&self, mut socket: mio::net::TcpStream, address: IpAddr) {
        let address = address.to_canonical();
        let from_proxy = self.shared.proxies.contains(address);
        let place = match from_proxy {
            true if self.shared.connection_limits.admit_unnamed().is_ok() => Place::Unnamed,
            false if self.shared.connection_limits.enter(address) => Place::Counted,
            true | false => Place::Refused,
        };
        if place == Place::Refused {
            tracing::debug!(%address, "too many connections");
            self.metrics.protocol_errors.inc();
            if self.refusing.get() >= MAX_REFUSING {
                return;
            }
        }
        let now = self.shared.clock.now();
        let mut connections = self.connections.borrow_mut();
        let entry = connections.vacant_entry();
        let slot = entry.key();
        let interest = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = self.poll.borrow().registry().register(&mut socket, Token(slot), interest) {
            tracing::warn!(%error, "a connection cannot be watched");
            match place {
                Place::Counted => self.shared.connection_limits.leave(address),
                Place::Unnamed => self.shared.connection_limits.leave_unnamed(),
                Place::Refused => {}
            }
            return;
        }
        self.taken_in.set(self.taken_in.get().wrapping_add(1));
        let local = local_id(self.index, slot, self.taken_in.get());
        let id = ConnectionId::new(self.shared.node, local);
        let patience = match place {
            Place::Counted => self.shared.config.login_timeout(),
            Place::Unnamed => self.naming_time(),
            Place::Refused => REFUSING_TIME,
        };
        let deadline = now.moment + patience;
        entry.insert(Connection {
            id,
            address,
            stream: Stream::new(socket),
            protocol: Protocol::Undecided,
            session: Session::New { deadline, awaits_header: from_proxy },
            input: Vec::new(),
            output: Vec::new(),
            heard: now.moment,
            work: Work::Idle,
            paused: false,
            readable: false,
            read_closed: false,
            queued: false,
            to_flush: false,
            check_at: deadline,
            place,
            ending: None,
        });
        self.wheel.borrow_mut().schedule(local, deadline);
        match place {
            Place::Counted => {
                self.metrics.accepted.inc();
                self.metrics.connections.inc();
            }
            Place::Unnamed => _ = self.metrics.connections.inc(),
            Place::Refused => self.refusing.set(self.refusing.get() + 1),
        }
    }

    /// How long a connection of a trusted proxy may take to name its client's address. The login timeout begins after
    /// that.
    fn naming_time(&self) -> Duration {
        NAMING_TIME.min(self.shared.config.login_timeout())
    }

    /// Counts a connection of a trusted proxy by its client's address, once that is known: when the address is no
    /// longer that of a trusted proxy, or at the latest when the peer `has_opened`. Returns whether the connection may
    /// stay, at least until it can be sent a refusal.
    #[must_use]
    pub(super) fn settle_address(&self, connection: &mut Connection, has_opened: bool) -> bool {
        let may_change = !has_opened && self.shared.proxies.contains(connection.address);
        if connection.place != Place::Unnamed || may_change {
            return true;
        }
        if self.shared.connection_limits.name(connection.address).is_ok() {
            connection.place = Place::Counted;
            self.metrics.accepted.inc();
            if let Session::New { deadline, .. } = &mut connection.session {
                *deadline = *deadline + self.shared.config.login_timeout().saturating_sub(self.naming_time());
            }
            return true;
        }
        tracing::debug!(address = %connection.address, "too many connections");
        self.metrics.protocol_errors.inc();
        self.metrics.connections.dec();
        connection.place = Place::Refused;
        self.refusing.set(self.refusing.get() + 1);
        if let Session::New { deadline, .. } = &mut connection.session {
            *deadline = self.shared.clock.now().moment + REFUSING_TIME;
            let deadline = *deadline;
            self.check_by(connection, deadline);
        }
        self.refusing.get() <= MAX_REFUSING
    }

    /// Refuses a connection that is over the limits, once its protocol is known. Returns whether it was such a
    /// connection.
    pub(super) fn turn_away(self: &Rc<Self>, slot: usize) -> bool {
        let is_to_go = self.connections.borrow().get(slot).is_some_and(|connection| {
            connection.place == Place::Refused && !matches!(connection.protocol, Protocol::Undecided)
        });
        if is_to_go {
            let words = ConnectionEnded {
                retry_after_ms: rand::rng().random_range(RETRY_AFTER_REFUSAL_MS),
                ..last_words(Cause::TooManyConnections, "too many connections, here or from this address")
            };
            self.close(slot, words, None);
        }
        is_to_go
    }

    /// Removes a connection whose link has broken; a request under way ends first.
    pub(super) fn end(self: &Rc<Self>, slot: usize, end: LinkEnd) {
        let mut connections = self.connections.borrow_mut();
        let Some(connection) = connections.get_mut(slot) else { return };
        if connection.is_busy() {
            connection.ending.get_or_insert(Ending::Link(end));
            return;
        }
        drop(connections);
        self.forget_login(slot, Some(end));
        self.remove(slot);
    }

    /// Closes a connection with a last message that gives the reason. With `tell_directory`, the directory is told of
    /// the end too.
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

    /// Sends the remaining output, shuts the stream down and waits for the peer to close.
    pub(super) fn say_goodbye(self: &Rc<Self>, slot: usize) {
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
        self.check_by(connection, deadline);
        drop(connections);
        if sent.is_err() {
            self.remove(slot);
        } else {
            // Bytes that have arrived must be read first: otherwise the kernel responds to them with a reset.
            self.on_readable(slot);
        }
    }

    /// Ends the login of a connection in this worker: removes it from the audience, drops its reads and, with
    /// `tell_directory`, tells the directory.
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
                self.audience.borrow_mut().leave(login.watcher);
                self.forget_reads(login.watcher);
                if let Some(end) = tell_directory {
                    let worker = Rc::clone(self);
                    self.start(async move {
                        let now = worker.shared.clock.now();
                        let silence = now.moment.since(silent_since).as_millis() as u64;
                        let heard = Timestamp(now.wall.0.saturating_sub(silence));
                        worker.disconnect(&login.user, id, end, heard).await;
                    });
                }
            }
            Session::New { .. } | Session::Closing { .. } => {}
        }
    }

    /// Tells the directory of the end of a connection.
    pub(super) async fn disconnect(&self, user: &User, id: ConnectionId, end: LinkEnd, heard: Timestamp) {
        let now = self.shared.clock.now();
        if let Err(error) = self.shared.service.disconnect(user, id, end, heard, now).await {
            tracing::warn!(%error, "the end of a connection could not be recorded; trying again");
        }
    }

    pub(super) fn remove(&self, slot: usize) {
        let mut connections = self.connections.borrow_mut();
        let Some(mut connection) = connections.try_remove(slot) else { return };
        // Closing a socket removes it from the epoll, whatever the result of this call.
        let _ = self.poll.borrow().registry().deregister(&mut connection.stream.socket);
        match connection.place {
            Place::Refused => return self.refusing.set(self.refusing.get() - 1),
            Place::Counted => self.shared.connection_limits.leave(connection.address),
            Place::Unnamed => self.shared.connection_limits.leave_unnamed(),
        }
        self.metrics.connections.dec();
    }

    /// Asks all clients to reconnect, spread over the time that so many of them need, and closes their connections. The
    /// directory is not told: a client that reconnects in time was never away.
    pub(super) fn drain(self: &Rc<Self>) {
        if let Some(mut listener) = self.listener.borrow_mut().take() {
            let _ = self.poll.borrow().registry().deregister(&mut listener);
        }
        let spread =
            spread_ms(self.shared.config.reconnect_pace(), self.shared.connection_limits.open_at_closing());
        let slots: Vec<usize> = self.connections.borrow().iter().map(|(slot, _)| slot).collect();
        for slot in slots {
            let words = ConnectionEnded {
                retry_after_ms: rand::rng().random_range(0..=spread),
                ..last_words(Cause::Reconnect, "the server stops or hands over")
            };
            self.close(slot, words, None);
        }
    }

    /// The time over which the clients that are connected now would spread their reconnects, in milliseconds.
    pub(super) fn reconnect_spread_ms(&self) -> u32 {
        spread_ms(self.shared.config.reconnect_pace(), self.shared.connection_limits.open())
    }

    pub(super) fn turn_wheel(self: &Rc<Self>) {
        let now = self.shared.clock.now();
        if self.wheel.borrow().next_tick() > now.moment {
            return;
        }
        if self.accept_later.replace(false) {
            self.accept();
        }
        self.look_for_gaps(now.moment);
        let mut due = Vec::new();
        self.wheel.borrow_mut().advance(now.moment, &mut due);
        for local in due {
            self.check_deadline(ConnectionId::new(self.shared.node, local), now);
        }
    }

    /// Schedules a check of the deadlines of a connection at `at`, unless an earlier check is scheduled.
    pub(super) fn check_by(&self, connection: &mut Connection, at: Moment) {
        if at < connection.check_at {
            connection.check_at = at;
            self.wheel.borrow_mut().schedule(connection.id.local, at);
        }
    }

    /// Checks the real deadline of a connection.
    pub(super) fn check_deadline(self: &Rc<Self>, id: ConnectionId, now: Now) {
        enum Due {
            Later(Moment),
            LoginTimeout,
            /// Over the limits, and did not show its protocol in time.
            Refused,
            Silent(Duration),
            SigExpired,
            Gone,
        }
        let slot = slot_of(id);
        let due = self.with_connection(id, |connection| {
            if connection.check_at > now.moment {
                return None;
            }
            connection.check_at = NO_CHECK;
            let check = connection.next_check(now);
            Some(match &connection.session {
                Session::New { .. } if connection.place == Place::Refused && check <= now.moment => {
                    Due::Refused
                }
                Session::Closing { .. } if check <= now.moment => Due::Gone,
                Session::New { .. } if check <= now.moment && !connection.is_busy() => Due::LoginTimeout,
                Session::LoggedIn(login)
                    if connection.heard + login.heartbeat_timeout <= now.moment
                        && connection.ending.is_none() =>
                {
                    Due::Silent(now.moment.since(connection.heard))
                }
                Session::LoggedIn(login) if login.sig_expires <= now.wall && !connection.is_busy() => {
                    Due::SigExpired
                }
                Session::New { .. } | Session::LoggedIn(_) | Session::Closing { .. } => Due::Later(check),
            })
        });
        let Some(due) = due.flatten() else { return };
        match due {
            Due::Later(at) => self.check_by(&mut self.connections.borrow_mut()[slot], at),
            Due::LoginTimeout => {
                self.metrics.protocol_errors.inc();
                self.close(slot, last_words(Cause::LoginTimeout, "no login in time"), None);
            }
            Due::Silent(since) => {
                self.metrics.timeouts.inc();
                self.metrics.detection_seconds.observe(since);
                let words = last_words(Cause::Timeout, "nothing was received for the heartbeat timeout");
                self.close(slot, words, Some(LinkEnd::TimedOut));
            }
            Due::SigExpired => self.expire_sig(slot),
            Due::Refused | Due::Gone => self.remove(slot),
        }
    }
}

fn spread_ms(pace: ReconnectPace, clients: usize) -> u32 {
    u32::try_from(pace.spread(clients).as_millis()).unwrap_or(u32::MAX)
}
