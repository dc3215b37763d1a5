//! Limits the memory of the pages that concurrent calls read.
//!
//! A call keeps the rows of its page in memory until its answer is made. A call therefore waits until there is room for
//! its page. Small pages have room of their own, so that they never wait for large pages.

use tokio::sync::{Semaphore, SemaphorePermit};

/// The largest page that counts as small, in bytes: the statuses of 500 users, or 100 friends.
const SMALL_PAGE_BYTES: usize = 512 * 1_024;

/// The memory for all small pages together, in bytes.
const SMALL_PAGES_BYTES: usize = 2 << 20;

/// The memory for all large pages together, in bytes.
const LARGE_PAGES_BYTES: usize = 4 << 20;

/// The memory that one permit of the semaphores represents, in bytes.
const UNIT: usize = 1_024;

/// The memory for the pages of concurrent calls.
pub struct PageRoom {
    small: Semaphore,
    large: Semaphore,
}

impl Default for PageRoom {
    fn default() -> Self {
        let units = |bytes: usize| Semaphore::new(bytes / UNIT);
        Self { small: units(SMALL_PAGES_BYTES), large: units(LARGE_PAGES_BYTES) }
    }
}

impl PageRoom {
    /// Waits until there is room for a page of this many bytes, and reserves the room until the permit is dropped. A
    /// page that is larger than the whole room reserves the whole room.
    pub async fn enter(&self, bytes: usize) -> SemaphorePermit<'_> {
        let room = if bytes <= SMALL_PAGE_BYTES { &self.small } else { &self.large };
        let units =
            u32::try_from(bytes.min(LARGE_PAGES_BYTES).div_ceil(UNIT)).expect("at most LARGE_PAGES_BYTES");
        room.acquire_many(units).await.expect("the semaphores are never closed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn pages_wait_for_room_and_small_ones_not_behind_large_ones() {
        let room = PageRoom::default();
        let largest = room.enter(usize::MAX).now_or_never().expect("there is room for the largest");
        assert!(room.enter(SMALL_PAGE_BYTES + 1).now_or_never().is_none());
        let small: Vec<_> = std::iter::from_fn(|| room.enter(SMALL_PAGE_BYTES).now_or_never()).collect();
        assert_eq!(small.len(), SMALL_PAGES_BYTES / SMALL_PAGE_BYTES);
        assert!(room.enter(1).now_or_never().is_none());
        drop((largest, small));
        let half = room.enter(LARGE_PAGES_BYTES / 2).now_or_never().expect("there is room");
        let other = room.enter(LARGE_PAGES_BYTES / 2).now_or_never().expect("there is room for another");
        assert!(room.enter(usize::MAX).now_or_never().is_none());
        drop((half, other));
        assert!(room.enter(usize::MAX).now_or_never().is_some());
    }
}
