//! How connections begin and end, and when their time is up.

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
/// Connections of one worker, beyond those for which there is room, that are kept until they can be told so. Further
/// ones are closed without a word: what refusing costs stays bounded, whoever comes.
pub(super) const MAX_REFUSING: usize = 32;
/// How long such a connection has to say how it speaks.
const REFUSING_TIME: Duration = Duration::from_secs(2);
/// How long a connection of a trusted proxy has to say for whom it is.
const NAMING_TIME: Duration = Duration::from_secs(5);
/// When a client for which there was no room may come back. At random, so that those who were refused together do not
/// come back together.
const RETRY_AFTER_REFUSAL_MS: RangeInclusive<u32> = 5_000..=10_000;
/// The wheel has no entry for a connection.
const NO_CHECK: Moment = Moment(u64::MAX);

impl Worker {
    /// Takes in who waits at the door.
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
                    // With no descriptors left, trying again at once would be a loop without end.
                    self.metrics.accept_failures.inc();
                    tracing::error!(
                        %error, worker = self.index,
                        "connections wait and cannot be taken in; the limit of open files may be too low"
                    );
                    return self.accept_later.set(true);
                }
            }
        }
        // There may be more, and the edge has been seen: ask for another, and let the others have their turn.
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

    /// How long a connection of a trusted proxy has to say for whom it is. The rest of the login's time begins then.
    fn naming_time(&self) -> Duration {
        NAMING_TIME.min(self.shared.config.login_timeout())
    }

    /// Counts a connection of a trusted proxy by the client's address, once that is known: when it is no proxy's, or at
    /// the latest when the peer `has_opened`. Says whether the connection may stay: for so long that it can be told of a
    /// refusal, at least.
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

    /// Tells a connection that there is no room for it, once it has said how it speaks. Says whether it was one.
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

    /// The link of a connection is gone.
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

    /// We end a connection and say why. With `tell_directory`, the directory learns it from us.
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

    /// Sends what is left to send and waits for the peer to go.
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
            // Bytes that have arrived must be read first, or the kernel answers them with a reset.
            self.on_readable(slot);
        }
    }

    /// The connection is no member of the audience any longer.
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
        // A socket that is closed is watched no longer, whatever epoll says of it here.
        let _ = self.poll.borrow().registry().deregister(&mut connection.stream.socket);
        match connection.place {
            Place::Refused => return self.refusing.set(self.refusing.get() - 1),
            Place::Counted => self.shared.connection_limits.leave(connection.address),
            Place::Unnamed => self.shared.connection_limits.leave_unnamed(),
        }
        self.metrics.connections.dec();
    }

    /// Asks everyone to come back, spread over the time that so many of them need, and closes. The directory is not
    /// told: whoever comes back in time was never away.
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

    /// Over how long the clients that are here now would spread their return, in milliseconds.
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

    /// Has the deadlines of a connection looked at by then, unless they are anyway.
    pub(super) fn check_by(&self, connection: &mut Connection, at: Moment) {
        if at < connection.check_at {
            connection.check_at = at;
            self.wheel.borrow_mut().schedule(connection.id.local, at);
        }
    }

    /// Looks at the real deadline of a connection.
    pub(super) fn check_deadline(self: &Rc<Self>, id: ConnectionId, now: Now) {
        enum Due {
            Later(Moment),
            LoginTimeout,
            /// Never said how it speaks, and there is no room for it.
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
