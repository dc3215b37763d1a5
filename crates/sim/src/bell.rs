//! Detects that a worker was woken: the world polls the future that the worker waits for, with a waker that is a bell.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

/// Records that a worker was woken.
#[derive(Default)]
pub(crate) struct Bell(AtomicBool);

impl Bell {
    /// Polls the future, and returns whether it is ready. If it is not, it will ring this bell when it is.
    pub fn rings(self: &Arc<Self>, future: Pin<&mut impl Future<Output = ()>>) -> bool {
        future.poll(&mut Context::from_waker(&Waker::from(Arc::clone(self)))).is_ready()
    }

    /// Whether the bell has rung.
    pub fn rang(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
