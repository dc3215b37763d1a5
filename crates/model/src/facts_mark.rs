//! A mark in the history of the facts.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A position in the history of the facts. Live records note the last mark of the facts; facts with an earlier mark
/// were restored from a backup, or are other facts.
///
/// A mark is committed to the facts before live records note it, so no crash leaves live records that are ahead.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FactsMark {
    /// The number of the history. A new one is drawn when live records begin without former ones, so that two histories
    /// that continue from the same backup can be distinguished.
    pub history: u64,
    /// The position in the history, which grows with the changes of the facts.
    pub count: u64,
}

impl FactsMark {
    /// Whether facts with this mark contain everything that the facts had at the mark `noted`. Facts may be ahead of
    /// the noted mark if a crash came between their commit and the note.
    pub fn includes(self, noted: Self) -> bool {
        self.history == noted.history && self.count >= noted.count
    }
}

/// `60 of 9477063350432358187`: the position, and the history.
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
