//! The watchers that have something to be told, in the order in which they are served.
//!
//! A change of a user whom thousands watch costs thousands of writes. Watchers with any other news are served before
//! that crowd, and of the crowd a share at a time: one popular user delays nobody else.

use std::collections::VecDeque;

/// Users with more watchers than this, of one worker, have a crowd.
pub(crate) const CROWD: usize = 256;

/// The watchers of crowds that are served in one round: under a millisecond of writes.
const SHARE: usize = 128;

/// Where a watcher stands.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Marks {
    /// Among those who are served first.
    first: bool,
    /// In the crowd.
    crowd: bool,
}

/// The watchers that wait to be served, by their keys `K`. Each stands in each of the two queues once at most.
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
    /// Puts a watcher into a queue, because a user with so many watchers has changed. One who is to be served first needs
    /// no place in the crowd beside it.
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

    /// Moves those who are served in this round into `round`: all who are first, and a share of the crowd. `marks` changes
    /// the marks of a watcher, and says whether it is still there.
    pub fn take(&mut self, mut marks: impl FnMut(K, fn(&mut Marks)) -> bool, round: &mut Vec<K>) {
        self.first.retain(|key| marks(*key, |marks| marks.first = false));
        round.append(&mut self.first);
        let share = self.crowd.len().min(SHARE);
        round.extend(self.crowd.drain(..share).filter(|key| marks(*key, |marks| marks.crowd = false)));
        if self.crowd.is_empty() {
            self.crowd = VecDeque::new();
        }
    }

    /// Whether some of a crowd wait for the next round.
    pub fn has_crowd(&self) -> bool {
        !self.crowd.is_empty()
    }
}
