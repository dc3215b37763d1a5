//! The state that the driver and the clients share: the machine, and the event queues of the readers. One lock protects
//! both. A new reader therefore gets the cache and then every later change.

use crate::Event;
use crate::backoff::Jitter;
use crate::event_queue::EventQueue;
use crate::machine::{Effect, Input, Machine};
use lamplight_model::Moment;
use slab::Slab;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio_stream::Stream;

/// The lock around [`Shared`].
#[derive(Clone, Debug)]
pub(crate) struct SharedLock(Arc<Mutex<Shared>>);

/// The shared state; see the module.
#[derive(Debug)]
pub(crate) struct Shared {
    machine: Machine,
    readers: Slab<Reader>,
    /// `true` if the client was closed. There are then no more events.
    closed: bool,
}

#[derive(Debug)]
struct Reader {
    queue: EventQueue,
    waker: Option<Waker>,
}

impl SharedLock {
    pub(crate) fn new(machine: Machine) -> Self {
        Self(Arc::new(Mutex::new(Shared { machine, readers: Slab::new(), closed: false })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Shared> {
        // The lock is poisoned if a step has panicked. The panic was already reported, and the statuses can still be
        // read.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Creates a reader of events.
    pub(crate) fn events(&self) -> Events {
        let mut shared = self.lock();
        let queue = EventQueue::beginning_with(shared.machine.cache().iter());
        let key = shared.readers.insert(Reader { queue, waker: None });
        drop(shared);
        Events { shared: self.clone(), key }
    }
}

impl Shared {
    /// Returns the machine, for reading.
    pub(crate) fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Runs a step of the machine and passes its events to the readers. Returns the other effects.
    pub(crate) fn step(&mut self, input: Input, now: Moment, jitter: Jitter) -> Vec<Effect> {
        let mut effects = self.machine.step(input, now, jitter);
        for effect in effects.extract_if(.., |effect| matches!(effect, Effect::Emit(_))) {
            if let Effect::Emit(event) = effect {
                self.readers.iter_mut().for_each(|(_, reader)| reader.push(&event));
            }
        }
        effects
    }

    /// Records that there will be no more events, and wakes the readers.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.readers.iter_mut().filter_map(|(_, reader)| reader.waker.take()).for_each(Waker::wake);
    }
}

impl Reader {
    fn push(&mut self, event: &Event) {
        self.queue.push(event);
        self.waker.take().into_iter().for_each(Waker::wake);
    }
}

/// A stream of the events of a client. Created by [`Client::events`](crate::Client::events).
///
/// The stream begins with the cached statuses, so it may be created before or after the login. It ends when the last
/// [`Client`](crate::Client) was dropped.
///
/// A slow reader gets the newest status of each user, in one event. It also gets the last 64 other events. If there
/// were more, an [`Event::Missed`] comes before them.
#[derive(Debug)]
pub struct Events {
    shared: SharedLock,
    key: usize,
}

impl Events {
    /// Returns the next event; `None` after the last event.
    pub async fn next(&mut self) -> Option<Event> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        let mut shared = self.shared.lock();
        let closed = shared.closed;
        let reader = &mut shared.readers[self.key];
        match reader.queue.pop() {
            Some(event) => Poll::Ready(Some(event)),
            None if closed => Poll::Ready(None),
            None => {
                reader.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.shared.lock().readers.remove(self.key);
    }
}
