//! The link of each partition. A single server has all partitions. Each server of a Redis Cluster has some of them.

use crate::link::Link;
use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

/// For each partition, the link to the Redis server that has it. A partition without a connection has none.
pub(crate) struct Routes {
    by_partition: Mutex<Vec<Option<Arc<Link>>>>,
    /// Whether partitions may have moved. If so, the servers must be looked up again.
    stale: AtomicBool,
    /// Notified after each lookup of the servers.
    pub(crate) renewed: Notify,
}

impl Routes {
    pub(crate) fn new(partitions: u16) -> Self {
        Self {
            by_partition: Mutex::new(vec![None; usize::from(partitions)]),
            stale: AtomicBool::new(false),
            renewed: Notify::new(),
        }
    }

    /// The link of a partition; `None` while there is no connection.
    pub(crate) fn link(&self, partition: u16) -> Option<Arc<Link>> {
        self.lock().get(usize::from(partition)).cloned().flatten()
    }

    /// Every link with its partitions.
    pub(crate) fn links(&self) -> Vec<(Arc<Link>, Vec<u16>)> {
        let mut links: BTreeMap<u64, (Arc<Link>, Vec<u16>)> = BTreeMap::new();
        for (partition, link) in (0..).zip(self.lock().iter()) {
            if let Some(link) = link {
                let entry = links.entry(link.number).or_insert_with(|| (Arc::clone(link), Vec::new()));
                entry.1.push(partition);
            }
        }
        links.into_values().collect()
    }

    /// Whether every partition has a link.
    pub(crate) fn is_complete(&self) -> bool {
        self.unserved() == 0
    }

    /// The number of partitions without a link.
    pub(crate) fn unserved(&self) -> usize {
        self.lock().iter().filter(|link| link.is_none()).count()
    }

    /// Makes these partitions use a link.
    pub(crate) fn set(&self, partitions: &[u16], link: &Arc<Link>) {
        let mut by_partition = self.lock();
        for partition in partitions {
            by_partition[usize::from(*partition)] = Some(Arc::clone(link));
        }
    }

    /// Removes a link from its partitions. Returns whether the link had partitions.
    pub(crate) fn remove(&self, number: u64) -> bool {
        let mut was_there = false;
        for link in self.lock().iter_mut() {
            if link.as_ref().is_some_and(|link| link.number == number) {
                *link = None;
                was_there = true;
            }
        }
        was_there
    }

    /// Records that partitions may have moved.
    pub(crate) fn suspect(&self) {
        self.stale.store(true, Ordering::SeqCst);
    }

    /// Whether partitions may have moved since the last call of this function.
    pub(crate) fn take_suspicion(&self) -> bool {
        self.stale.swap(false, Ordering::SeqCst)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<Arc<Link>>>> {
        self.by_partition.lock()
    }
}
