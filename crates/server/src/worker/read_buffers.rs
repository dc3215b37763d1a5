//! The buffers into which a worker reads its sockets, and the decoding of received bytes: the PROXY header, then TLS.

use super::connection::Connection;
use super::stream::{ReadOutcome, StreamError, TLS_HANDSHAKE};
use lamplight_protocol::{Protocol, ProxyHeader, read_proxy_header};
use std::cell::RefCell;
use std::sync::Arc;

const SCRATCH_BYTES: usize = 64 * 1024;
/// The maximum number of bytes that are read from one connection before others are served. These bytes can be more than
/// a thousand WebSocket control frames. Incomplete larger frames are read in pieces of up to `SCRATCH_BYTES`.
const BYTES_PER_TURN: usize = 8 * 1024;

/// The read buffers of one worker. A connection has its own buffer while it has an incomplete message.
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
    /// Reads from a connection's socket into `scratch`, and returns the number of bytes. Reads at most `BYTES_PER_TURN`
    /// bytes. If the connection has a large incomplete message, reads as many bytes as fit into `scratch`.
    pub fn read(&self, connection: &mut Connection) -> (usize, ReadOutcome) {
        let scratch = &mut *self.scratch.borrow_mut();
        let most = if connection.input.len() < BYTES_PER_TURN { BYTES_PER_TURN } else { scratch.len() };
        connection.stream.read(&mut scratch[..most])
    }

    /// Takes the buffer for plain text, and empties it.
    pub fn take_plain(&self) -> Vec<u8> {
        let mut plain = self.plain.take();
        plain.clear();
        plain
    }

    /// Puts the buffer for plain text back. A buffer that has grown large is freed instead.
    pub fn put_plain_back(&self, mut plain: Vec<u8>) {
        if plain.capacity() > 4 * SCRATCH_BYTES {
            plain = Vec::new();
        }
        *self.plain.borrow_mut() = plain;
    }

    /// Appends a connection's received bytes to `plain`, as plain text: the stored bytes of an incomplete message, then
    /// the first `fresh` bytes of `scratch`. Calls `settle_address` after a PROXY header; if that call returns `false`,
    /// the connection must be closed.
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
        plain.append(&mut connection.input.take());
        let Some(length) = fresh else { return Ok(()) };
        let scratch = self.scratch.borrow();
        let mut received = &scratch[..length];
        let front;
        if connection.awaits_header() {
            // Earlier bytes can only be the first part of a PROXY header, so they have not been passed to TLS.
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
                    connection.input.set(received.to_vec());
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
            // The next read will report that the link has ended.
            return Ok(());
        }
        Ok(())
    }
}
