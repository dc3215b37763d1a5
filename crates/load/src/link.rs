//! One connection of the load: a byte stream, the bytes of an incomplete frame, and the bytes that were not sent yet.

use crate::framing::Framing;
use crate::transport::{Dialer, Stream};
use anyhow::{Context, Result, ensure};
use lamplight_wire::v1;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// The number of loopback addresses from which connections are made. One address has only about 28,000 ports for
/// connections to the server.
const SOURCES: u32 = 8;

/// The state of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// There is no socket.
    Closed,
    /// The login request was sent.
    LoggingIn,
    /// Logged in.
    LoggedIn,
}

/// A connection of one user; open or closed.
pub struct Link {
    /// The state of the connection.
    pub stage: Stage,
    /// The behaviour of the connection while it is logged in.
    pub habit: Habit,
    stream: Option<Stream>,
    framing: Framing,
    /// The bytes of an incomplete frame.
    partial: Vec<u8>,
    /// Bytes that the socket has not accepted yet.
    unsent: Vec<u8>,
}

/// The behaviour of a connection that is logged in.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Habit {
    /// The connection reads and sends heartbeats.
    #[default]
    Alive,
    /// The connection sends heartbeats but does not read.
    Stalled,
    /// The connection neither reads nor sends, as if its network were gone.
    Silent,
}

/// The outcome of a read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReadOutcome {
    /// The socket has no more bytes at the moment.
    Drained,
    /// The socket may have more bytes.
    More,
    /// The server has closed the connection.
    Ended,
}

/// The size of the kernel's receive buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReceiveBuffer {
    /// The kernel's default size.
    Usual,
    /// The smallest size that the kernel allows.
    Small,
}

impl Default for Link {
    fn default() -> Self {
        let (partial, unsent, framing) = (Vec::new(), Vec::new(), Framing::default());
        Self { stage: Stage::Closed, habit: Habit::Alive, stream: None, framing, partial, unsent }
    }
}

impl Link {
    /// Connects the socket. Sends `first` as soon as the connection is established.
    pub fn connect(
        &mut self,
        number: u32,
        (dialer, server): (&Dialer, SocketAddr),
        buffer: ReceiveBuffer,
        first: &v1::ClientMessage,
        registry: &Registry,
    ) -> Result<()> {
        let socket = Socket::new(Domain::for_address(server), Type::STREAM, Some(Protocol::TCP))
            .context("cannot create a socket; is the limit of open files too low?")?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        if buffer == ReceiveBuffer::Small {
            socket.set_recv_buffer_size(4_096)?;
        }
        if server.ip().is_loopback() && server.is_ipv4() {
            let source = Ipv4Addr::from(u32::from(Ipv4Addr::LOCALHOST) + 1 + number % SOURCES);
            socket.bind(&SockAddr::from(SocketAddr::new(IpAddr::V4(source), 0)))?;
        }
        match socket.connect(&server.into()) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
            Err(error) => return Err(error).with_context(|| format!("cannot connect to {server}")),
        }
        let mut socket = TcpStream::from_std(socket.into());
        registry.register(&mut socket, Token(number as usize), Interest::READABLE | Interest::WRITABLE)?;
        self.framing = dialer.framing();
        self.unsent.clear();
        self.framing.open(&mut self.unsent);
        self.framing.put(first, &mut self.unsent);
        self.partial = Vec::new();
        self.stream = Some(dialer.stream(socket)?);
        self.stage = Stage::LoggingIn;
        Ok(())
    }

    /// Sends as many bytes of a message as the socket accepts now, and stores the remaining bytes.
    pub fn send(&mut self, message: &v1::ClientMessage) -> io::Result<()> {
        self.framing.put(message, &mut self.unsent);
        self.flush()
    }

    /// Sends the stored bytes.
    pub fn flush(&mut self) -> io::Result<()> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        loop {
            let sent = match self.unsent.is_empty() {
                true => stream.flush().map(|()| 0),
                false => stream.write(&self.unsent),
            };
            match sent {
                Ok(_) if self.unsent.is_empty() => break,
                Ok(sent) => drop(self.unsent.drain(..sent)),
                // A socket that is not connected yet counts as blocked.
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected) =>
                {
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.unsent = Vec::new();
        Ok(())
    }

    /// Reads once, and passes every complete message to `hear`.
    pub fn read(&mut self, scratch: &mut [u8], hear: impl FnMut(&[u8])) -> Result<ReadOutcome> {
        let Some(stream) = &mut self.stream else { return Ok(ReadOutcome::Drained) };
        // The bytes of the incomplete frame come first.
        let kept = self.partial.len();
        let largest = scratch.len() / 2;
        scratch[..kept].copy_from_slice(&self.partial);
        let read = stream.read(&mut scratch[kept..]);
        let is_tls = stream.is_tls();
        // The read may have completed a TLS handshake, after which the first message can be sent.
        if is_tls && self.flush().is_err() {
            return Ok(ReadOutcome::Ended);
        }
        let length = match read {
            Ok(0) => return Ok(ReadOutcome::Ended),
            Ok(length) => length,
            Err(error) => return Ok(outcome_of(&error)),
        };
        let rest = self.framing.take(&scratch[..kept + length], largest, hear)?;
        if kept > 0 || !rest.is_empty() {
            ensure!(rest.len() < largest, "the server sent a larger message than a load expects");
            self.partial = rest.to_vec();
        }
        // A read that does not fill the buffer has emptied a plain socket. Further bytes cause a new epoll event.
        Ok(if !is_tls && kept + length < scratch.len() { ReadOutcome::Drained } else { ReadOutcome::More })
    }

    /// Returns the local port; `None` if there is no socket.
    pub fn port(&self) -> Option<u16> {
        Some(self.stream.as_ref()?.socket().local_addr().ok()?.port())
    }

    /// Closes the connection: like a broken link if `reset`, otherwise in an orderly way.
    pub fn close(&mut self, reset: bool) {
        match &mut self.stream {
            Some(stream) if reset => {
                // If the option cannot be set, the connection ends in an orderly way.
                let _ = socket2::SockRef::from(stream.socket()).set_linger(Some(Duration::ZERO));
            }
            Some(stream) => stream.end(),
            None => {}
        }
        *self = Self::default();
    }
}

fn outcome_of(error: &io::Error) -> ReadOutcome {
    let kind = error.kind();
    if kind == io::ErrorKind::Interrupted {
        ReadOutcome::More
    } else if matches!(kind, io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected) {
        ReadOutcome::Drained
    } else {
        ReadOutcome::Ended
    }
}
