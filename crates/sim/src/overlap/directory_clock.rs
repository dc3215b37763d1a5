//! The clock of the simulated directory, and the time of the nodes, which follows it.

use lamplight_core::SharedClock;
use lamplight_model::{Moment, Now, Timestamp};
use parking_lot::Mutex;

/// The clock of the directory. It may be ahead of the virtual time, and it may jump, as when the directory moves to
/// another machine.
#[derive(Default)]
pub(crate) struct DirectoryClock(Mutex<State>);

#[derive(Default)]
struct State {
    /// The time in milliseconds by which the directory is ahead of the virtual time.
    ahead: i64,
    /// The time of a node that notices each jump at once. Without any jump, it is the virtual time.
    nodes: SharedClock,
}

impl DirectoryClock {
    /// Moves the clock forwards or backwards by `millis` at the virtual time `now`. The first move is also applied to
    /// the time of the nodes at once. The directory is never behind the virtual time.
    pub fn jump(&self, millis: i64, now: u64) {
        let mut state = self.0.lock();
        state.ahead = state.ahead.saturating_add(millis).max(0);
        let directory = at(now.saturating_add_signed(state.ahead));
        state.nodes.measure(Moment(now), Moment(now), directory);
    }

    /// The time of the directory in milliseconds.
    pub fn directory(&self, now: u64) -> u64 {
        now.saturating_add_signed(self.0.lock().ahead)
    }

    /// The time of the nodes in milliseconds. That of each node differs from it by less than
    /// a second.
    pub fn of_nodes(&self, now: u64) -> u64 {
        self.0.lock().nodes.at(at(now)).moment.0
    }
}

fn at(millis: u64) -> Now {
    Now { moment: Moment(millis), wall: Timestamp(millis) }
}
