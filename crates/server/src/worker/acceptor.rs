//! The listener of a worker. It accepts a bounded number of sockets at a time, so that open connections are served in
//! between.

use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use std::cell::{Cell, RefCell};
use std::io;
use std::net::IpAddr;

/// The token of the listener in the worker's epoll.
pub const LISTENER: Token = Token(usize::MAX);

const ACCEPTS_PER_TURN: usize = 128;

/// The listener, until the worker is drained.
pub struct Acceptor {
    listener: RefCell<Option<TcpListener>>,
    /// Whether an attempt to accept connections has failed; it is repeated at the next tick.
    has_failed: Cell<bool>,
}

impl Acceptor {
    /// Registers this listener with the worker's epoll.
    pub fn new(listener: std::net::TcpListener, registry: &Registry) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let mut listener = TcpListener::from_std(listener);
        registry.register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self { listener: RefCell::new(Some(listener)), has_failed: Cell::new(false) })
    }

    /// Passes the connections that wait to `take_in`, each with the address of its peer. After an error,
    /// [`Self::take_failure`] returns true, and more connections may wait.
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
                    // If no descriptor is left, a new attempt at once would loop without end.
                    self.has_failed.set(true);
                    return Err(error);
                }
            }
        }
        // More connections may wait, and no new edge will report them. Registering again schedules another turn, after
        // other connections had theirs.
        if let Some(listener) = &mut *self.listener.borrow_mut()
            && let Err(error) = registry.reregister(listener, LISTENER, Interest::READABLE)
        {
            tracing::error!(%error, "cannot register the listener with epoll; new clients may not be accepted");
        }
        Ok(())
    }

    /// Whether accepting has failed since the last call.
    pub fn take_failure(&self) -> bool {
        self.has_failed.replace(false)
    }

    /// Closes the listener.
    pub fn close(&self, registry: &Registry) {
        if let Some(mut listener) = self.listener.borrow_mut().take() {
            // Closing a socket removes it from the epoll, whatever the result of this call.
            let _ = registry.deregister(&mut listener);
        }
    }
}
