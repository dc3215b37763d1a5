//! The stage of a round that turns readable sockets into messages.

use super::connection::{Connection, Session, last_words};
use super::stream::{ReadOutcome, StreamError};
use super::{MAX_UNSENT_BYTES, Worker};
use lamplight_core::{LinkEnd, Received, RequestRate};
use lamplight_protocol::Found;
use lamplight_wire::v1::connection_ended::Cause;
use std::error::Error;
use std::rc::Rc;

/// The maximum number of frames that are handled for one connection before others are served.
const FRAMES_PER_TURN: usize = 64;

/// The maximum number of requests that are handled for one connection before others are served: about a quarter of a
/// millisecond of work.
const REQUESTS_PER_TURN: usize = 16;

impl Worker {
    pub(super) fn on_event(self: &Rc<Self>, slot: usize, readable: bool, writable: bool) {
        if writable {
            self.on_writable(slot);
        }
        if readable {
            self.on_readable(slot);
        }
    }

    /// Records that the peer has closed its side. The connection ends after its unread bytes are read.
    pub(super) fn on_read_closed(self: &Rc<Self>, slot: usize) {
        if let Some(connection) = self.connections.borrow_mut().get_mut(slot) {
            connection.read_closed = true;
        }
        self.on_readable(slot);
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
            // Statuses in the mailbox and unread requests may have been waiting for room in the socket.
            self.connections.flush_later(slot);
            self.connections.serve_later(slot);
        }
    }

    pub(super) fn on_readable(self: &Rc<Self>, slot: usize) {
        if let Some(connection) = self.connections.borrow_mut().get_mut(slot) {
            connection.readable = true;
        }
        self.look_again(slot);
    }

    /// Handles the received bytes of a connection, and then reads once from its socket. Does not read if the connection
    /// is busy or paused, or has too many unsent bytes. If more bytes may follow, queues the connection for the next
    /// round.
    pub(super) fn look_again(self: &Rc<Self>, slot: usize) {
        if let Some(connection) = self.connections.borrow_mut().get_mut(slot) {
            connection.queued = false;
        }
        self.handle_received(slot, None);
        let (length, outcome) = {
            let mut connections = self.connections.borrow_mut();
            let Some(connection) = connections.get_mut(slot) else { return };
            if !connection.readable || connection.is_busy() || connection.queued || connection.paused {
                return;
            }
            if connection.stream.unsent() > MAX_UNSENT_BYTES {
                // Nothing is read from a client that does not read its answers. If the client has closed its side, the
                // connection is ended here. Otherwise, the end would be noticed only at the heartbeat timeout.
                let gone = connection.read_closed;
                drop(connections);
                if gone {
                    self.end(slot, LinkEnd::Closed);
                }
                return;
            }
            let (length, outcome) = self.read_buffers.read(connection);
            connection.read_closed &= length > 0;
            connection.readable = outcome == ReadOutcome::More || connection.read_closed;
            if length > 0 {
                connection.heard = self.shared.clock.now().moment;
            }
            (length, outcome)
        };
        if length > 0 {
            self.handle_received(slot, Some(length));
        }
        if outcome == ReadOutcome::Ended {
            return self.end(slot, LinkEnd::Closed);
        }
        if self.connections.borrow().get(slot).is_some_and(|connection| connection.readable) {
            self.connections.serve_later(slot);
        }
    }

    /// Starts a new window of the request limit, if one is due. Paused connections are read again.
    pub(super) fn open_window(&self) {
        for slot in self.request_windows.open(self.shared.clock.now().moment) {
            if let Some(connection) = self.connections.borrow_mut().get_mut(slot as usize) {
                connection.paused = false;
            }
            self.connections.serve_later(slot as usize);
        }
    }

    /// Handles the messages in the received bytes. These are the stored bytes of an incomplete message, then the first
    /// `fresh` bytes of the read buffer.
    fn handle_received(self: &Rc<Self>, slot: usize, fresh: Option<usize>) {
        let mut plain = self.read_buffers.take_plain();
        match self.collect(slot, fresh, &mut plain) {
            Ok(()) => self.handle_messages(slot, &plain),
            Err(StreamError::NoRoom) => self.remove(slot),
            Err(error) => self.break_off(slot, &error),
        }
        self.read_buffers.put_plain_back(plain);
    }

    /// Appends the plain text of the received bytes to `plain`.
    fn collect(&self, slot: usize, fresh: Option<usize>, plain: &mut Vec<u8>) -> Result<(), StreamError> {
        let mut connections = self.connections.borrow_mut();
        let Some(connection) = connections.get_mut(slot) else { return Ok(()) };
        let settle =
            |connection: &mut Connection| self.admission.settle_address(connection, false, &self.deadlines);
        self.read_buffers.collect(connection, fresh, plain, self.shared.tls.as_ref(), settle)
    }

    fn handle_messages(self: &Rc<Self>, slot: usize, plain: &[u8]) {
        let mut rest = plain;
        let rate = RequestRate { per_second: self.shared.config.limits.requests_per_second };
        let window = self.request_windows.window();
        let mut pace = self.request_windows.pace(slot);
        let mut requests = 0;
        for handled in 0.. {
            let found = {
                let mut connections = self.connections.borrow_mut();
                let Some(connection) = connections.get_mut(slot) else { return };
                if matches!(connection.session, Session::Closing { .. }) || connection.awaits_header() {
                    return;
                }
                let is_spent = pace.is_spent(rate, window);
                if connection.is_busy()
                    || connection.unsent() > MAX_UNSENT_BYTES
                    || handled == FRAMES_PER_TURN
                    || requests == REQUESTS_PER_TURN
                    || is_spent
                {
                    connection.input.set(rest.to_vec());
                    if is_spent && !std::mem::replace(&mut connection.paused, true) {
                        self.metrics.paused.inc();
                        self.request_windows.pause(slot);
                    }
                    // Unless the socket is blocked, no other event would resume this connection.
                    let again = !connection.is_busy()
                        && !connection.paused
                        && connection.stream.unsent() <= MAX_UNSENT_BYTES;
                    drop(connections);
                    if again {
                        self.connections.serve_later(slot);
                    }
                    return;
                }
                let logged_in = connection.login().is_some();
                let limits = self.shared.config.frames();
                let Connection { protocol, output, .. } = connection;
                let found = output.change(|output| protocol.next(&mut rest, output, limits, logged_in));
                let received = match &found {
                    Ok(Found::Message(_) | Found::Unreadable(_) | Found::Control) => Some(Received::Whole),
                    Ok(Found::Part) => Some(Received::Part),
                    Ok(Found::Opened(_) | Found::Incomplete | Found::Goodbye) | Err(_) => None,
                };
                requests += usize::from(received == Some(Received::Whole));
                if let Some(received) = received {
                    pace.note(received, rate, window);
                    self.request_windows.set_pace(slot, pace);
                }
                if let Ok(Found::Opened(hops)) = &found {
                    let proxies = &self.shared.proxies;
                    connection.address = hops.client(connection.address, |hop| proxies.contains(hop));
                    if !self.admission.settle_address(connection, true, &self.deadlines) {
                        drop(connections);
                        return self.remove(slot);
                    }
                }
                found
            };
            if found.is_ok() && self.turn_away(slot) {
                return;
            }
            match found {
                Ok(Found::Message(message)) => self.handle(slot, message),
                Ok(Found::Unreadable(message)) => self.refuse_unreadable(slot, &message),
                Ok(Found::Control | Found::Part | Found::Opened(_)) => self.connections.flush_later(slot),
                Ok(Found::Incomplete) => {
                    if let Some(connection) = self.connections.borrow_mut().get_mut(slot) {
                        connection.input.set(rest.to_vec());
                    }
                    self.connections.flush_later(slot);
                    return;
                }
                Ok(Found::Goodbye) => {
                    self.forget_login(slot, Some(LinkEnd::Closed));
                    return self.say_goodbye(slot);
                }
                Err(error) => return self.break_off(slot, &error),
            }
        }
    }

    /// Closes the connection of a peer that violates the protocol.
    fn break_off(self: &Rc<Self>, slot: usize, error: &dyn Error) {
        self.metrics.protocol_errors.inc();
        tracing::debug!(%error, "a connection is closed because its client violated the protocol");
        self.close(slot, last_words(Cause::ProtocolError, &error.to_string()), Some(LinkEnd::Closed));
    }
}
