//! The byte stream of a connection: a socket, with TLS if the client uses it.

use super::rare_bytes::RareBytes;
use super::tls_session::TlsSession;
use lamplight_protocol::ProxyHeaderError;
use mio::net::TcpStream;
use std::io::{self, Read, Write};
use std::sync::Arc;

/// The first byte of a TLS handshake record (RFC 8446, section 5.1).
pub const TLS_HANDSHAKE: u8 = 0x16;

/// A protocol violation after which further bytes cannot be decoded. The connection must be closed.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The client uses TLS, but this node has no certificate.
    #[error("TLS is not set up on this server")]
    NoTls,
    /// The TLS handshake or a TLS record is invalid.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// A proxy header is malformed.
    #[error(transparent)]
    Proxy(#[from] ProxyHeaderError),
    /// The client's address has too many connections, and the limit on concurrent refusals is reached.
    #[error("too many connections")]
    NoRoom,
}

/// A socket, the bytes that it has not accepted yet, and the state of TLS if the client uses it.
pub struct Stream {
    pub socket: TcpStream,
    tls: Option<Box<TlsSession>>,
    /// The bytes that the socket has not accepted yet. The caller limits their number.
    unsent: RareBytes,
    /// `true` if the writing side is to be closed after `unsent` has been sent.
    ends: bool,
}

/// The outcome of a read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReadOutcome {
    /// The socket has no more bytes for now.
    Drained,
    /// The socket may have more bytes.
    More,
    /// The peer has closed its side, or the link is broken.
    Ended,
}

impl Stream {
    pub fn new(socket: TcpStream) -> Self {
        Self { socket, tls: None, unsent: RareBytes::default(), ends: false }
    }

    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Switches the stream to TLS.
    pub fn start_tls(&mut self, config: Arc<rustls::ServerConfig>) -> Result<(), rustls::Error> {
        self.tls = Some(Box::new(TlsSession::new(config)?));
        Ok(())
    }

    /// Reads from the socket, at most as many bytes as fit into `scratch`.
    pub fn read(&mut self, scratch: &mut [u8]) -> (usize, ReadOutcome) {
        match self.socket.read(scratch) {
            Ok(0) => (0, ReadOutcome::Ended),
            // A short read has emptied the socket. Bytes that arrive later cause a new epoll event.
            Ok(length) if length < scratch.len() => (length, ReadOutcome::Drained),
            Ok(length) => (length, ReadOutcome::More),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => (0, ReadOutcome::Drained),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => (0, ReadOutcome::More),
            Err(_) => (0, ReadOutcome::Ended),
        }
    }

    /// Decrypts received bytes if the stream uses TLS, and appends the plain text.
    pub fn decrypt(&mut self, received: &[u8], plain: &mut Vec<u8>) -> Result<(), rustls::Error> {
        let Some(tls) = &mut self.tls else {
            plain.extend_from_slice(received);
            return Ok(());
        };
        self.unsent.change(|unsent| tls.decrypt(received, plain, unsent))
    }

    /// Sends as many bytes as the socket accepts, and stores the rest. Fails if the link is broken.
    pub fn send(&mut self, plain: &[u8]) -> io::Result<()> {
        let Self { socket, tls, unsent, .. } = self;
        if tls.is_none() && unsent.is_empty() {
            let sent = write_some(socket, plain)?;
            unsent.set(plain[sent..].to_vec());
            return Ok(());
        }
        unsent.change(|unsent| match tls {
            Some(tls) => tls.encrypt(plain, unsent),
            None => {
                unsent.extend_from_slice(plain);
                Ok(())
            }
        })?;
        self.flush()
    }

    /// Sends the stored bytes.
    pub fn flush(&mut self) -> io::Result<()> {
        if !self.unsent.is_empty() {
            let mut unsent = self.unsent.take();
            let sent = write_some(&mut self.socket, &unsent)?;
            unsent.drain(..sent);
            self.unsent.set(unsent);
        }
        if self.ends && self.unsent.is_empty() {
            // The error is ignored: if the link is already broken, nothing can be sent.
            let _ = self.socket.shutdown(std::net::Shutdown::Write);
        }
        Ok(())
    }

    /// Returns `true` if the socket accepts no more bytes at the moment.
    pub fn is_blocked(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Returns the number of bytes that the socket has not accepted yet.
    pub fn unsent(&self) -> usize {
        self.unsent.len()
    }

    /// Closes the writing side as soon as the socket has accepted all stored bytes.
    pub fn shut_down(&mut self) {
        if let Some(tls) = &mut self.tls {
            self.unsent.change(|unsent| tls.close(unsent));
        }
        self.ends = true;
        // The error is ignored: if the link is already broken, nothing can be sent.
        let _ = self.flush();
    }
}

/// Writes bytes until the socket accepts no more, and returns the number of written bytes.
fn write_some(socket: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    let mut sent = 0;
    while sent < bytes.len() {
        match socket.write(&bytes[sent..]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(length) => sent += length,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}
