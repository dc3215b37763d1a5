//! The queue of logins of unknown browsers. Their passwords are checked one at a time. [`LoginLine`] decides the order.

use super::error::ApiError;
use crate::clock::Clock;
use lamplight_core::{LoginLine, LoginTicket};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// The longest time that a login waits. A proxy usually waits a little longer for an answer.
const LONGEST_WAIT: Duration = Duration::from_secs(55);

/// The queue.
pub struct LoginQueue {
    clock: Clock,
    longest_wait: Duration,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    line: LoginLine,
    /// A sender for each waiting login. It is used when the login's turn begins, and dropped when the login is refused.
    waiting: HashMap<LoginTicket, oneshot::Sender<()>>,
}

/// The place of a login in the queue, and later the login's turn. Dropping the value ends the turn, and begins the next
/// login's turn.
pub struct Turn {
    queue: Arc<LoginQueue>,
    ticket: LoginTicket,
}

impl LoginQueue {
    /// Makes an empty queue.
    pub fn new(clock: Clock) -> Arc<Self> {
        Arc::new(Self::of(clock))
    }

    fn of(clock: Clock) -> Self {
        Self { clock, longest_wait: LONGEST_WAIT, inner: Mutex::default() }
    }

    /// Waits for the turn of a login from this address. Dropping the future gives up the login's place. Refuses the
    /// login if there is no place for it, if another login displaces it, or if it has waited for 55 s.
    pub async fn turn(self: &Arc<Self>, address: IpAddr) -> Result<Turn, ApiError> {
        let (sender, begun) = oneshot::channel();
        let turn = {
            let mut inner = self.inner.lock();
            let arrival = inner.line.arrive(address, self.clock.local()).ok_or(ApiError::BUSY)?;
            if let Some(displaced) = arrival.displaced {
                inner.waiting.remove(&displaced);
            }
            inner.waiting.insert(arrival.ticket, sender);
            inner.begin_turn();
            Turn { queue: Arc::clone(self), ticket: arrival.ticket }
        };
        match tokio::time::timeout(self.longest_wait, begun).await {
            Ok(Ok(())) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(ApiError::BUSY),
        }
    }
}

impl Inner {
    fn begin_turn(&mut self) {
        if let Some(ticket) = self.line.begin_turn()
            && let Some(waiting) = self.waiting.remove(&ticket)
        {
            // If the login does not wait any longer, its `Turn` is being dropped, which begins the next turn.
            let _ = waiting.send(());
        }
    }
}

impl Turn {
    /// Records that the password was wrong.
    pub fn was_wrong(&self) {
        self.queue.inner.lock().line.was_wrong(self.queue.clock.local());
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut inner = self.queue.inner.lock();
        inner.waiting.remove(&self.ticket);
        inner.line.leave(self.ticket, self.queue.clock.local());
        inner.begin_turn();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_core::LOGIN_LINE_PLACES;
    use std::future::{Future, poll_fn};
    use std::task::Poll;
    use tokio::task::JoinHandle;

    fn from(number: usize) -> IpAddr {
        [10, (number / 250) as u8, (number % 250) as u8, 1].into()
    }

    /// Begins to wait for a turn. Returns when the login is in the queue.
    async fn waiting(queue: &Arc<LoginQueue>, address: IpAddr) -> JoinHandle<Result<Turn, ApiError>> {
        let before = queue.inner.lock().waiting.len();
        let queued = Arc::clone(queue);
        let waiting = tokio::spawn(async move { queued.turn(address).await });
        while queue.inner.lock().waiting.len() == before {
            tokio::task::yield_now().await;
        }
        waiting
    }

    #[tokio::test]
    async fn the_end_of_a_turn_begins_the_next_one() {
        let queue = LoginQueue::new(Clock::default());
        let first = queue.turn(from(0)).await.ok().unwrap();
        let second = waiting(&queue, from(250)).await;
        let third = waiting(&queue, from(500)).await;
        assert!(!second.is_finished());
        drop(first);
        let second = second.await.unwrap().ok().unwrap();
        assert!(!third.is_finished());
        drop(second);
        drop(third.await.unwrap().ok().unwrap());
        assert_eq!(queue.inner.lock().waiting.len(), 0);
    }

    #[tokio::test]
    async fn a_login_whose_browser_has_gone_has_no_turn_and_holds_up_nobody() {
        let queue = LoginQueue::new(Clock::default());
        let first = queue.turn(from(0)).await.ok().unwrap();
        let (gone, next) = (waiting(&queue, from(250)).await, waiting(&queue, from(500)).await);
        gone.abort();
        assert!(gone.await.is_err());
        // This browser disconnects at the moment at which its turn begins.
        let mut last = Box::pin(queue.turn(from(750)));
        let is_pending = poll_fn(|context| Poll::Ready(last.as_mut().poll(context).is_pending())).await;
        assert!(is_pending);
        drop(first);
        drop(next.await.unwrap().ok().unwrap());
        drop(last);
        assert!(queue.turn(from(0)).await.is_ok());
    }

    #[tokio::test]
    async fn a_login_waits_for_a_bounded_time_and_is_told_so() {
        let queue = LoginQueue { longest_wait: Duration::ZERO, ..LoginQueue::of(Clock::default()) };
        let queue = Arc::new(queue);
        let first = queue.turn(from(0)).await.ok().unwrap();
        assert_eq!(queue.turn(from(250)).await.err(), Some(ApiError::BUSY));
        drop(first);
        assert!(queue.turn(from(250)).await.is_ok());
    }

    #[tokio::test]
    async fn a_login_that_another_one_displaces_is_told_so() {
        let queue = LoginQueue::new(Clock::default());
        let first = queue.turn(from(0)).await.ok().unwrap();
        let mut crowd = Vec::new();
        for number in 1..=LOGIN_LINE_PLACES {
            crowd.push(waiting(&queue, from(number)).await);
        }
        let queued = Arc::clone(&queue);
        let operator = tokio::spawn(async move { queued.turn([192, 0, 2, 1].into()).await });
        let last = crowd.pop().unwrap();
        assert_eq!(last.await.unwrap().err(), Some(ApiError::BUSY));
        crowd.into_iter().for_each(|login| login.abort());
        drop(first);
        assert!(operator.await.unwrap().is_ok());
        assert_eq!(queue.inner.lock().waiting.len(), 0);
    }
}
