//! The epoll of a worker's connections, as one event source of the tokio runtime. An idle connection therefore needs no
//! task.
//!
//! mio returns the descriptor of a `Poll` only as a number. Registering this number needs `unsafe`.

use mio::Poll;
use std::cell::RefCell;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::rc::Rc;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A `Poll`, which is kept alive while its descriptor is registered.
pub struct NestedPoll(Rc<RefCell<Poll>>);

impl AsRawFd for NestedPoll {
    fn as_raw_fd(&self) -> RawFd {
        self.0.borrow().as_raw_fd()
    }
}

/// Registers a `Poll` with the runtime, so that the caller can wait for its events.
pub fn watch(poll: &Rc<RefCell<Poll>>) -> io::Result<AsyncFd<NestedPoll>> {
    let nested = NestedPoll(Rc::clone(poll));
    // SAFETY: the descriptor must stay open and the same until the `AsyncFd` is dropped. The `AsyncFd` owns
    // `nested`, which owns an `Rc` of the `Poll`; and no `Poll` is ever replaced in its cell: its only
    // mutable use is `Poll::poll`.
    #[allow(unsafe_code)]
    let watched = unsafe { AsyncFd::register_with_interest(nested, Interest::READABLE) };
    watched.map_err(Into::into)
}
