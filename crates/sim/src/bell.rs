//! A waker that records whether it was called. The simulation polls a waiting worker with this waker, to find out
//! whether the server's worker would wake up.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

/// A waker that records whether it was called.
#[derive(Default)]
pub(crate) struct Bell(AtomicBool);

impl Bell {
    /// Polls the future with this bell as its waker. Returns `true` if the future is ready.
    pub fn rings(self: &Arc<Self>, future: Pin<&mut impl Future<Output = ()>>) -> bool {
        future.poll(&mut Context::from_waker(&Waker::from(Arc::clone(self)))).is_ready()
    }

    /// Whether the waker was called.
    pub fn rang(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}
