//! The mark of the lists of a record: its subscription list and its restrictions. A store that writes the lists only
//! when they have changed sets the mark; a change of the lists removes it.

use std::num::NonZeroU32;

/// The mark of the lists of one record. It is not a part of the state of the record, so all marks are equal.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ListsMark(Option<NonZeroU32>);

impl ListsMark {
    /// No mark.
    pub(crate) const NONE: Self = Self(None);

    /// The mark `Some(mark)`, or no mark.
    pub(crate) fn new(mark: Option<NonZeroU32>) -> Self {
        Self(mark)
    }

    /// The value that the store has set; `None` if there is no mark.
    pub(crate) fn get(self) -> Option<NonZeroU32> {
        self.0
    }
}

impl PartialEq for ListsMark {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for ListsMark {}
