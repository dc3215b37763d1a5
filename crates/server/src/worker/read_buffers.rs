//! The buffers into which a worker reads its sockets, one after another, and the conversion of received bytes to plain
//! text, through the header of a proxy and TLS.

use super::connection::Connection;
use super::stream::{ReadOutcome, StreamError, TLS_HANDSHAKE};
use lamplight_protocol::{Protocol, ProxyHeader, read_proxy_header};
use std::cell::RefCell;
use std::sync::Arc;

const SCRATCH_BYTES: usize = 64 * 1024;
/// The number of bytes read from one connection before others get their turn. A WebSocket can send a thousand control
/// frames in this many bytes. Larger frames are read further at once.
const BYTES_PER_TURN: usize = 8 * 1024;

/// The buffers of one worker. A connection has a buffer of its own only while a message is incomplete.
pub struct ReadBuffers {
    scratch: RefCell<Box<[u8]>>,
    plain: RefCell<Vec<u8>>,
}

impl Default for ReadBuffers {
    fn default() -> Self {
        Self { scratch: RefCell::new(vec![0; SCRATCH_BYTES].into_boxed_slice()), plain: RefCell::default() }
    }
}

impl ReadBuffers {
    /// Reads from the socket of a connection, at most the bytes of one turn. Returns the number of bytes in `scratch`.
    pub fn read(&self, connection: &mut Connection) -> (usize, ReadOutcome) {
        let scratch = &mut *self.scratch.borrow_mut();
        let most = if connection.input.len() < BYTES_PER_TURN { BYTES_PER_TURN } else { scratch.len() };
        connection.stream.read(&mut scratch[..most])
    }

    /// Takes the buffer for plain text, which is empty.
    pub fn take_plain(&self) -> Vec<u8> {
        let mut plain = self.plain.take();
        plain.clear();
        plain
    }

    /// Returns the buffer for plain text. One that has grown large is not kept.
    pub fn put_plain_back(&self, mut plain: Vec<u8>) {
        if plain.capacity() > 4 * SCRATCH_BYTES {
            plain = Vec::new();
        }
        *self.plain.borrow_mut() = plain;
    }

    /// Appends the plain text of the received bytes of a connection to `plain`: of those left from before, and of
    /// `fresh` bytes of the scratch. `settle_address` returns whether the connection may stay with the address that a
    /// proxy has named.
    pub fn collect(
        &self,
        connection: &mut Connection,
        fresh: Option<usize>,
        plain: &mut Vec<u8>,
        tls: Option<&Arc<rustls::ServerConfig>>,
        settle_address: impl FnOnce(&mut Connection) -> bool,
    ) -> Result<(), StreamError> {
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
            // Bytes from before can only be the beginning of a proxy header, so TLS has not seen them.
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
            if !settle_address(connection) {
                return Err(StreamError::NoRoom);
            }
        }
        if received.is_empty() {
            return Ok(());
        }
        let opening = matches!(connection.protocol, Protocol::Undecided) && plain.is_empty();
        if opening && !connection.stream.is_tls() && received[0] == TLS_HANDSHAKE {
            let Some(config) = tls else { return Err(StreamError::NoTls) };
            connection.stream.start_tls(Arc::clone(config))?;
        }
        connection.stream.decrypt(received, plain)?;
        if connection.stream.is_tls() && connection.stream.flush().is_err() {
            // The next read reports the end of the link.
            return Ok(());
        }
        Ok(())
    }
}
