//! The queue of the watchers that have notifications to be sent.
//!
//! A change of a user with thousands of watchers costs thousands of writes. These watchers are a crowd, which is served
//! in shares after all other watchers, so that one popular user delays nobody else.

use std::collections::VecDeque;

/// The number of watchers of one user on one worker above which they are a crowd.
pub(crate) const CROWD: usize = 256;

/// The number of watchers in crowds that are served in one round. Serving them takes about 0.2 ms, for which a new
/// request has to wait. The rest of a round costs about as much as one write.
const SHARE: usize = 32;

/// The queues that a watcher is in.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Marks {
    /// Whether the watcher is in the queue that is served first.
    first: bool,
    /// Whether the watcher is in the queue of the crowd.
    crowd: bool,
}

/// The watchers that wait to be served, as their keys `K`. Each watcher is at most once in each of the two queues.
pub(crate) struct Touched<K> {
    first: Vec<K>,
    crowd: VecDeque<K>,
}

impl<K> Default for Touched<K> {
    fn default() -> Self {
        Self { first: Vec::new(), crowd: VecDeque::new() }
    }
}

impl<K: Copy> Touched<K> {
    /// Adds a watcher to a queue, because a user with this many `watchers` has changed. A watcher that is in the first
    /// queue is not added to the crowd.
    pub fn push(&mut self, key: K, marks: &mut Marks, watchers: usize) {
        if marks.first {
            return;
        }
        if watchers <= CROWD {
            marks.first = true;
            self.first.push(key);
        } else if !marks.crowd {
            marks.crowd = true;
            self.crowd.push_back(key);
        }
    }

    /// Moves the watchers to serve in this round into `round`: the whole first queue, and a share of the crowd. `marks`
    /// changes the marks of a watcher, and returns `false` if the watcher was removed.
    pub fn take(&mut self, mut marks: impl FnMut(K, fn(&mut Marks)) -> bool, round: &mut Vec<K>) {
        self.first.retain(|key| marks(*key, |marks| marks.first = false));
        round.append(&mut self.first);
        let share = self.crowd.len().min(SHARE);
        round.extend(self.crowd.drain(..share).filter(|key| marks(*key, |marks| marks.crowd = false)));
        if self.crowd.is_empty() {
            self.crowd = VecDeque::new();
        }
    }

    /// Whether a part of a crowd waits for the next round.
    pub fn has_crowd(&self) -> bool {
        !self.crowd.is_empty()
    }
}
