//! The epoch of the live record that has a connection. It tells whether the directory has lost that record since.

use lamplight_model::Timestamp;
use std::num::NonZeroU32;

/// The epoch of a live record, in four bytes, because each connection has one.
///
/// Two epochs have the same value only if they differ by a multiple of 49.7 days.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RecordEpoch(NonZeroU32);

impl RecordEpoch {
    /// The value for an epoch of the directory.
    pub fn of(epoch: Timestamp) -> Self {
        let value = u32::try_from(epoch.0 % u64::from(u32::MAX)).unwrap_or_default();
        Self(NonZeroU32::MIN.saturating_add(value))
    }
}

/// Whether the directory may have lost a record that had a connection. `present` is the present epoch of the record.
///
/// `recorded_in` is the epoch in which the record last had the connection. `None` if other nodes have ended the
/// connection in the record since; a later loss of the record does not matter then.
pub fn is_record_lost(recorded_in: Option<RecordEpoch>, present: Timestamp) -> bool {
    recorded_in.is_some_and(|epoch| epoch != RecordEpoch::of(present))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_lost_if_another_epoch_has_begun_whichever_its_time() {
        for (name, recorded_in, present, expected) in [
            ("the same epoch", Some(1_700_000_000_000), 1_700_000_000_000, false),
            ("an epoch right after the last one", Some(1_700_000_000_000), 1_700_000_000_001, true),
            ("an epoch of a clock that has moved back", Some(1_700_000_000_000), 1_699_999_000_000, true),
            ("the first and the last value", Some(0), u64::from(u32::MAX) - 1, true),
            ("a connection that was ended before", None, 1_700_000_000_000, false),
        ] {
            let recorded_in = recorded_in.map(|epoch| RecordEpoch::of(Timestamp(epoch)));
            assert_eq!(is_record_lost(recorded_in, Timestamp(present)), expected, "{name}");
        }
    }
}
