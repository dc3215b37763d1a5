//! A mark of the facts. It shows whether facts were restored from a backup or replaced by others.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A position in the history of the facts. Live records store the latest position that they know. If the facts are at
/// an earlier position, they were restored from a backup. If the facts have another history than the stored position,
/// the live records do not belong to these facts.
///
/// A position is committed to the facts before live records store it. After a crash, the stored position is therefore
/// never ahead of the facts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FactsMark {
    /// A random number that identifies the history. A node begins a new history if it starts without live records, or
    /// with live records that belong to other facts. The histories of two databases that continue from the same backup
    /// are therefore different.
    pub history: u64,
    /// The position in the history. It increases after facts have changed.
    pub count: u64,
}

impl FactsMark {
    /// Whether facts at this position contain everything that facts at the position `noted` contained. The facts may be
    /// ahead of `noted`, if a crash has prevented the live records from storing the newer position.
    pub fn includes(self, noted: Self) -> bool {
        self.history == noted.history && self.count >= noted.count
    }
}

/// Writes the position and the history, such as `60 of 9477063350432358187`.
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
