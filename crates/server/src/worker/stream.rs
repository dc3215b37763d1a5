//! The byte stream of a connection: a socket, with TLS if the client uses it.

use lamplight_protocol::ProxyHeaderError;
use mio::net::TcpStream;
use rustls::ServerConnection;
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
    tls: Option<Box<ServerConnection>>,
    /// `true` after the last alert of TLS was sent. Later bytes must not be passed to TLS.
    tls_over: bool,
    /// Bytes that the socket has not accepted yet. The caller limits their number.
    unsent: Vec<u8>,
    /// `true` if the writing side is to be closed once these bytes are sent.
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
        Self { socket, tls: None, tls_over: false, unsent: Vec::new(), ends: false }
    }

    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Switches the stream to TLS.
    pub fn start_tls(&mut self, config: Arc<rustls::ServerConfig>) -> Result<(), rustls::Error> {
        let mut tls = ServerConnection::new(config)?;
        tls.set_buffer_limit(Some(64 * 1024));
        self.tls = Some(Box::new(tls));
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
        if self.tls_over {
            return Ok(());
        }
        let decrypted = self.try_decrypt(received, plain);
        self.tls_over = decrypted.is_err();
        decrypted
    }

    fn try_decrypt(&mut self, mut received: &[u8], plain: &mut Vec<u8>) -> Result<(), rustls::Error> {
        let Some(tls) = &mut self.tls else {
            plain.extend_from_slice(received);
            return Ok(());
        };
        while !received.is_empty() {
            let taken =
                tls.read_tls(&mut received).map_err(|error| rustls::Error::General(error.to_string()))?;
            let state = tls.process_new_packets()?;
            if state.plaintext_bytes_to_read() > 0 {
                let start = plain.len();
                plain.resize(start + state.plaintext_bytes_to_read(), 0);
                // Reads as many bytes as rustls has just reported to be available.
                tls.reader()
                    .read_exact(&mut plain[start..])
                    .map_err(|error| rustls::Error::General(error.to_string()))?;
            }
            if taken == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Sends as many bytes as the socket accepts, and stores the rest. Fails if the link is broken.
    pub fn send(&mut self, plain: &[u8]) -> io::Result<()> {
        match &mut self.tls {
            None if self.unsent.is_empty() => {
                let sent = write_some(&mut self.socket, plain)?;
                self.unsent.extend_from_slice(&plain[sent..]);
                Ok(())
            }
            None => {
                self.unsent.extend_from_slice(plain);
                self.flush()
            }
            Some(tls) => {
                let mut rest = plain;
                while !rest.is_empty() {
                    let taken = tls.writer().write(rest)?;
                    rest = &rest[taken..];
                    while tls.wants_write() {
                        tls.write_tls(&mut self.unsent)?;
                    }
                }
                self.flush()
            }
        }
    }

    /// Sends the stored bytes, and the records that TLS itself has to send.
    pub fn flush(&mut self) -> io::Result<()> {
        if let Some(tls) = &mut self.tls {
            while tls.wants_write() {
                tls.write_tls(&mut self.unsent)?;
            }
        }
        if !self.unsent.is_empty() {
            let sent = write_some(&mut self.socket, &self.unsent)?;
            self.unsent.drain(..sent);
        }
        if self.unsent.is_empty() {
            self.unsent = Vec::new();
            if self.ends {
                // The error is ignored: if the link is already broken, nothing can be sent.
                let _ = self.socket.shutdown(std::net::Shutdown::Write);
            }
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
        if let (Some(tls), false) = (&mut self.tls, self.tls_over) {
            tls.send_close_notify();
            self.tls_over = true;
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
