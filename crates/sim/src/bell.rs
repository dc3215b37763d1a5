//! How the world notices whether a worker is woken: it polls what the worker waits for, and listens.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

/// Remembers that a worker was woken.
#[derive(Default)]
pub(crate) struct Bell(AtomicBool);

impl Bell {
    /// Asks whether the future is ready; if not, it will ring this bell.
    pub fn rings(self: &Arc<Self>, future: Pin<&mut impl Future<Output = ()>>) -> bool {
        future.poll(&mut Context::from_waker(&Waker::from(Arc::clone(self)))).is_ready()
    }

    /// Whether it has rung.
    pub fn rang(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
