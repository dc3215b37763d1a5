//! Who is let in: bounds on connections altogether and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Counts who is inside, over all workers.
pub struct Doors {
    most: usize,
    most_per_address: u32,
    open: AtomicUsize,
    by_address: Mutex<HashMap<IpAddr, u32>>,
}

impl Doors {
    /// Doors for so many connections altogether and from one address.
    pub fn new(most: usize, most_per_address: u32) -> Self {
        Self { most, most_per_address, open: AtomicUsize::new(0), by_address: Mutex::default() }
    }

    /// Lets a connection in, unless there are too many.
    pub fn enter(&self, address: IpAddr) -> bool {
        if self.open.fetch_add(1, Ordering::Relaxed) >= self.most {
            self.open.fetch_sub(1, Ordering::Relaxed);
            return false;
        }
        let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        let count = by_address.entry(address).or_default();
        if *count >= self.most_per_address {
            self.open.fetch_sub(1, Ordering::Relaxed);
            return false;
        }
        *count += 1;
        true
    }

    /// A connection that was let in is gone.
    pub fn leave(&self, address: IpAddr) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = by_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                by_address.remove(&address);
            }
        }
    }
}
