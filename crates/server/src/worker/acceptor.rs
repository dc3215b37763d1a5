//! The listener of a worker. It accepts a limited number of sockets per round, so that open connections are served in
//! between.

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use std::cell::{Cell, RefCell};
use std::io;
use std::net::IpAddr;

/// The listener's token in the worker's epoll.
pub const LISTENER: Token = Token(usize::MAX);

const ACCEPTS_PER_TURN: usize = 128;

/// The listener of a worker. A stopping node closes it before clients are asked to reconnect.
pub struct Acceptor {
    listener: RefCell<Option<TcpListener>>,
    /// `true` if an attempt to accept connections has failed. The next tick tries again.
    has_failed: Cell<bool>,
}

impl Acceptor {
    /// Registers the listener with the worker's epoll.
    pub fn new(listener: std::net::TcpListener, registry: &Registry) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let mut listener = TcpListener::from_std(listener);
        registry.register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self { listener: RefCell::new(Some(listener)), has_failed: Cell::new(false) })
    }

    /// Accepts waiting connections, at most `ACCEPTS_PER_TURN`, and passes each to `take_in` with its address. After an
    /// error, [`Self::take_failure`] returns `true`.
    pub fn accept(&self, registry: &Registry, mut take_in: impl FnMut(TcpStream, IpAddr)) -> io::Result<()> {
        for _ in 0..ACCEPTS_PER_TURN {
            let accepted = match &*self.listener.borrow() {
                Some(listener) => listener.accept(),
                None => return Ok(()),
            };
            match accepted {
                Ok((socket, peer)) => take_in(socket, peer.ip()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    // The usual cause is that there are no free file descriptors, so an immediate new attempt would
                    // fail again.
                    self.has_failed.set(true);
                    return Err(error);
                }
            }
        }
        // More connections may be waiting, and epoll would not report them again. Registering again makes epoll report
        // them in the next round, after other connections were served.
        if let Some(listener) = &mut *self.listener.borrow_mut()
            && let Err(error) = registry.reregister(listener, LISTENER, Interest::READABLE)
        {
            tracing::error!(%error, "cannot register the listener with epoll; new clients may not be accepted");
        }
        Ok(())
    }

    /// Returns `true` if accepting has failed since the last call.
    pub fn take_failure(&self) -> bool {
        self.has_failed.replace(false)
    }

    /// Closes the listener.
    pub fn close(&self, registry: &Registry) {
        if let Some(mut listener) = self.listener.borrow_mut().take() {
            // Closing a socket removes it from the epoll, so an error of this call does not matter.
            let _ = registry.deregister(&mut listener);
        }
    }
}
