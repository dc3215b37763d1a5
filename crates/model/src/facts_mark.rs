//! A position in the history of the facts, to detect facts that were restored or replaced.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A position in the history of the facts. Live records store the last position. If the facts are at an earlier
/// position, they were restored from a backup. If they have another history, the live records do not belong to them.
///
/// A position is committed to the facts before live records store it. After a crash, live records are therefore never
/// ahead of the facts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FactsMark {
    /// A random number that identifies the history. A node chooses a new one if it starts without live records, or with
    /// live records that belong to other facts. Two histories that continue from the same backup therefore differ.
    pub history: u64,
    /// The position in the history, which increases with the changes of the facts.
    pub count: u64,
}

impl FactsMark {
    /// Whether facts at this position contain everything that they contained at the position `noted`. The facts may be
    /// ahead of `noted`: a crash may come before live records store the position.
    pub fn includes(self, noted: Self) -> bool {
        self.history == noted.history && self.count >= noted.count
    }
}

/// The position and the history, as in `60 of 9477063350432358187`.
impl fmt::Display for FactsMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.count, self.history)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_may_be_ahead_of_what_was_noted_and_not_behind_or_others() {
        let mark = |history, count| FactsMark { history, count };
        for (facts, noted, includes) in [
            (mark(1, 5), mark(1, 5), true),
            (mark(1, 6), mark(1, 5), true),
            (mark(1, u64::MAX), mark(1, 0), true),
            (mark(1, 4), mark(1, 5), false),
            (mark(2, 5), mark(1, 5), false),
            (mark(2, 6), mark(1, 5), false),
        ] {
            assert_eq!(facts.includes(noted), includes, "{facts:?} {noted:?}");
        }
    }
}
