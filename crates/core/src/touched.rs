//! The queues of watchers to which notifications must be sent.
//!
//! If a user with thousands of watchers changes, thousands of writes are needed. Such watchers are a crowd. Crowds are
//! served in shares, after all other watchers, so that one popular user delays nobody else.

use std::collections::VecDeque;

/// The watchers of a user are a crowd if there are more than this many of them on one worker.
pub(crate) const CROWD: usize = 256;

/// The queues that a watcher is in.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Marks {
    /// Whether the watcher is in the queue that is served first.
    first: bool,
    /// Whether the watcher is in the queue of the crowd.
    crowd: bool,
}

/// Whether a frame has room for another state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// The frame has room.
    More,
    /// The frame is full; the remaining states stay pending.
    Full,
}

/// The watchers that wait to be served, as keys of type `K`. A queue contains a watcher at most once.
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
    /// Adds a watcher to a queue, because a user with `watchers` watchers has changed. A watcher in the first queue is
    /// not added to the queue for crowds.
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

    /// Moves the first queue into `round`, except for removed watchers. `marks` applies a function to the marks of a
    /// watcher, and returns `false` if the watcher was removed.
    pub fn take_first(&mut self, mut marks: impl FnMut(K, fn(&mut Marks)) -> bool, round: &mut Vec<K>) {
        self.first.retain(|key| marks(*key, |marks| marks.first = false));
        round.append(&mut self.first);
    }

    /// Moves at most `share` watchers of the crowd into `round`; `marks` is as in [`Touched::take_first`].
    pub fn take_share(
        &mut self,
        share: usize,
        mut marks: impl FnMut(K, fn(&mut Marks)) -> bool,
        round: &mut Vec<K>,
    ) {
        let share = self.crowd.len().min(share);
        round.extend(self.crowd.drain(..share).filter(|key| marks(*key, |marks| marks.crowd = false)));
        if self.crowd.is_empty() {
            self.crowd = VecDeque::new();
        }
    }

    /// The number of watchers in crowds that wait for the next round.
    pub fn waiting_crowd(&self) -> usize {
        self.crowd.len()
    }
}
