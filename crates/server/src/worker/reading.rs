//! From readable sockets to messages.

use super::connection::{Connection, Session, last_words};
use super::stream::{ReadOutcome, StreamError, TLS_HANDSHAKE};
use super::{MAX_UNSENT_BYTES, SCRATCH_BYTES, Worker};
use lamplight_core::{LinkEnd, Received, RequestRate};
use lamplight_protocol::{Found, Protocol, ProxyHeader, read_proxy_header};
use lamplight_wire::v1::connection_ended::Cause;
use std::error::Error;
use std::rc::Rc;
use std::sync::Arc;

/// The bytes read from one connection before others get their turn: a WebSocket can send a thousand control frames in
/// so many. Larger frames are read further at once.
const BYTES_PER_TURN: usize = 8 * 1024;
/// The messages of one connection handled before others get their turn: half a millisecond of work.
const MESSAGES_PER_TURN: usize = 64;

impl Worker {
    pub(super) fn on_event(self: &Rc<Self>, slot: usize, readable: bool, writable: bool) {
        if writable {
            self.on_writable(slot);
        }
        if readable {
            self.on_readable(slot);
        }
    }

    /// The peer has closed its side. Bytes that it sent before may have come with the same edge, so this is remembered
    /// until they were read.
    pub(super) fn on_read_closed(self: &Rc<Self>, slot: usize) {
        if let Some(connection) = self.connections.borrow_mut().get_mut(slot) {
            connection.read_closed = true;
        }
        self.on_readable(slot);
    }

    pub(super) fn on_writable(self: &Rc<Self>, slot: usize) {
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
            // The mailbox may have waited for room in the socket, and so may requests.
            self.flush_later(slot);
            self.look_later(slot);
        }
    }

    pub(super) fn on_readable(self: &Rc<Self>, slot: usize) {
        if let Some(connection) = self.connections.borrow_mut().get_mut(slot) {
            connection.readable = true;
        }
        self.look_again(slot);
    }

    /// Reads and handles what the socket has, as far as the connection may go on.
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
                // A client that does not read its answers is not read from: without this check, its end would not be
                // noticed before its heartbeat is missed.
                let gone = connection.read_closed;
                drop(connections);
                if gone {
                    self.end(slot, LinkEnd::Closed);
                }
                return;
            }
            let scratch = &mut *self.scratch.borrow_mut();
            let most = if connection.input.len() < BYTES_PER_TURN { BYTES_PER_TURN } else { scratch.len() };
            let (length, outcome) = connection.stream.read(&mut scratch[..most]);
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
            self.look_later(slot);
        }
    }

    /// Starts a new window: reads again from the connections that were too fast.
    pub(super) fn open_window(&self) {
        for slot in self.request_windows.open(self.shared.clock.now().moment) {
            if let Some(connection) = self.connections.borrow_mut().get_mut(slot as usize) {
                connection.paused = false;
            }
            self.look_later(slot as usize);
        }
    }

    /// Handles the messages in the received bytes: those left from before, and `fresh` bytes of the scratch.
    pub(super) fn handle_received(self: &Rc<Self>, slot: usize, fresh: Option<usize>) {
        let mut plain = std::mem::take(&mut *self.plain.borrow_mut());
        plain.clear();
        match self.collect(slot, fresh, &mut plain) {
            Ok(()) => self.handle_messages(slot, &plain),
            Err(StreamError::NoRoom) => self.remove(slot),
            Err(error) => self.break_off(slot, &error),
        }
        if plain.capacity() > 4 * SCRATCH_BYTES {
            plain = Vec::new();
        }
        *self.plain.borrow_mut() = plain;
    }

    /// Puts the plain text of the received bytes into `plain`.
    pub(super) fn collect(
        &self,
        slot: usize,
        fresh: Option<usize>,
        plain: &mut Vec<u8>,
    ) -> Result<(), StreamError> {
        let mut connections = self.connections.borrow_mut();
        let Some(connection) = connections.get_mut(slot) else { return Ok(()) };
        if fresh.is_none() && connection.awaits_header() {
            return Ok(());
        }
        plain.append(&mut connection.input);
        connection.input = Vec::new();
        let Some(length) = fresh else { return Ok(()) };
        let scratch = self.scratch.borrow();
        let mut received = &scratch[..length];
        let front;
        if connection.awaits_header() {
            // Bytes that came before can only be the beginning of a proxy header: TLS has not seen them.
            if !plain.is_empty() {
                plain.extend_from_slice(received);
                front = std::mem::take(plain);
                received = &front;
            }
            let header = read_proxy_header(received);
            if header != Ok(ProxyHeader::Incomplete) {
                connection.has_header();
            }
            match header? {
                ProxyHeader::Absent => {}
                ProxyHeader::Incomplete => {
                    connection.input = received.to_vec();
                    return Ok(());
                }
                ProxyHeader::Whole { taken, source } => {
                    received = &received[taken..];
                    connection.address = source.unwrap_or(connection.address);
                }
            }
            if !self.settle_address(connection, false) {
                return Err(StreamError::NoRoom);
            }
        }
        if received.is_empty() {
            return Ok(());
        }
        let opening = matches!(connection.protocol, Protocol::Undecided) && plain.is_empty();
        if opening && !connection.stream.is_tls() && received[0] == TLS_HANDSHAKE {
            let Some(config) = &self.shared.tls else { return Err(StreamError::NoTls) };
            connection.stream.start_tls(Arc::clone(config))?;
        }
        connection.stream.decrypt(received, plain)?;
        if connection.stream.is_tls() && connection.stream.flush().is_err() {
            // The next read reports the end of the link.
            return Ok(());
        }
        Ok(())
    }

    pub(super) fn handle_messages(self: &Rc<Self>, slot: usize, plain: &[u8]) {
        let mut rest = plain;
        let rate = RequestRate { per_second: self.shared.config.limits.requests_per_second };
        let window = self.request_windows.window();
        let mut pace = self.request_windows.pace(slot);
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
                    || handled == MESSAGES_PER_TURN
                    || is_spent
                {
                    connection.input = rest.to_vec();
                    if is_spent && !std::mem::replace(&mut connection.paused, true) {
                        self.metrics.paused.inc();
                        self.request_windows.pause(slot);
                    }
                    // No other event would resume this connection, unless its socket is blocked.
                    let again = !connection.is_busy()
                        && !connection.paused
                        && connection.stream.unsent() <= MAX_UNSENT_BYTES;
                    drop(connections);
                    if again {
                        self.look_later(slot);
                    }
                    return;
                }
                let logged_in = connection.login().is_some();
                let limits = self.shared.config.frames();
                let Connection { protocol, output, .. } = connection;
                let found = protocol.next(&mut rest, output, limits, logged_in);
                let received = match &found {
                    Ok(Found::Message(_) | Found::Unreadable(_) | Found::Control) => Some(Received::Whole),
                    Ok(Found::Part) => Some(Received::Part),
                    Ok(Found::Opened(_) | Found::Incomplete | Found::Goodbye) | Err(_) => None,
                };
                if let Some(received) = received {
                    pace.note(received, window);
                    self.request_windows.set_pace(slot, pace);
                }
                if let Ok(Found::Opened(hops)) = &found {
                    let proxies = &self.shared.proxies;
                    connection.address = hops.client(connection.address, |hop| proxies.contains(hop));
                    if !self.settle_address(connection, true) {
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
                Ok(Found::Control | Found::Part | Found::Opened(_)) => self.flush_later(slot),
                Ok(Found::Incomplete) => {
                    if let Some(connection) = self.connections.borrow_mut().get_mut(slot) {
                        connection.input = rest.to_vec();
                    }
                    self.flush_later(slot);
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
    pub(super) fn break_off(self: &Rc<Self>, slot: usize, error: &dyn Error) {
        self.metrics.protocol_errors.inc();
        tracing::debug!(%error, "connection closed for what it sent");
        self.close(slot, last_words(Cause::ProtocolError, &error.to_string()), Some(LinkEnd::Closed));
    }
}
