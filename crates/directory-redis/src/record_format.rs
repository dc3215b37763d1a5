//! The format in which this node writes records. Nodes of two versions may run side by side, so a node writes the
//! newest format that every node in the register reads.

use std::time::{Duration, Instant};

/// The format of the bytes of a record. The discriminant is the byte before the record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum RecordFormat {
    /// `SharedPresence` in postcard.
    First = b'1' as isize,
    /// `PackedPresence` in postcard.
    Packed = b'2' as isize,
}

impl RecordFormat {
    /// The number of the newest format of records that this version reads. The register has such a number for each
    /// node.
    pub(crate) const NEWEST: u8 = Self::WITH_RESTRICTIONS;

    /// The number of the format in which a record may have restrictions of the status. Its bytes are those of
    /// [`RecordFormat::Packed`]. The previous version cannot read a record with restrictions.
    const WITH_RESTRICTIONS: u8 = 4;

    /// The number of the format in which a custom status may have a duration. Its bytes are those of
    /// [`RecordFormat::Packed`]. The previous version cannot read a record with a duration.
    const WITH_DURATIONS: u8 = 3;

    /// The number of the format of [`RecordFormat::Packed`].
    const PACKED: u8 = 2;

    /// The number of the format that a node reads if its entry in the register has no number. Such a node runs an
    /// earlier version.
    pub(crate) fn first() -> u8 {
        1
    }

    pub(crate) fn byte(self) -> u8 {
        self as u8
    }

    pub(crate) fn of_byte(byte: u8) -> Option<Self> {
        [Self::First, Self::Packed].into_iter().find(|format| format.byte() == byte)
    }
}

/// Chooses the format from the format numbers in the register.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct FormatChoice {
    /// The time since which all nodes in the register have read packed records. `None` if a node in the register does
    /// not read them, or if the register is empty.
    all_read_packed_since: Option<Instant>,
    /// Whether all nodes in the register read durations. `false` for an empty register.
    all_read_durations: bool,
    /// Whether all nodes in the register read restrictions. `false` for an empty register.
    all_read_restrictions: bool,
}

impl FormatChoice {
    /// Notes the lowest format number in the register at the time `now`; `None` for an empty register. Each node has
    /// the number of its newest format in the register.
    pub(crate) fn observe(&mut self, lowest: Option<u8>, now: Instant) {
        self.all_read_packed_since = match lowest {
            Some(lowest) if lowest >= RecordFormat::PACKED => self.all_read_packed_since.or(Some(now)),
            Some(_) | None => None,
        };
        self.all_read_durations = lowest.is_some_and(|lowest| lowest >= RecordFormat::WITH_DURATIONS);
        self.all_read_restrictions = lowest.is_some_and(|lowest| lowest >= RecordFormat::WITH_RESTRICTIONS);
    }

    /// Whether every node can read a record with restrictions.
    pub(crate) fn allows_restrictions(&self) -> bool {
        self.all_read_restrictions
    }

    /// Whether every node can read a record with a duration.
    pub(crate) fn allows_durations(&self) -> bool {
        self.all_read_durations
    }

    /// The format to write at the time `now`. If the register was lost, all running nodes must enter it again in less
    /// than `wait`.
    pub(crate) fn format(&self, now: Instant, wait: Duration) -> RecordFormat {
        match self.all_read_packed_since {
            Some(since) if now.duration_since(since) >= wait => RecordFormat::Packed,
            Some(_) | None => RecordFormat::First,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_records_are_written_once_every_node_has_been_able_to_read_them_for_a_while() {
        let (began, wait) = (Instant::now(), Duration::from_secs(10));
        let mut choice = FormatChoice::default();
        assert_eq!(choice.format(began, wait), RecordFormat::First, "before the register was read");
        for (second, lowest, expected) in [
            (0, Some(1), RecordFormat::First),
            (3, Some(2), RecordFormat::First),
            (12, Some(2), RecordFormat::First),
            (13, Some(2), RecordFormat::Packed),
            (60, Some(3), RecordFormat::Packed),
            // A node of the previous version joins, and leaves.
            (63, Some(1), RecordFormat::First),
            (66, Some(2), RecordFormat::First),
            (80, Some(2), RecordFormat::Packed),
            // The register was lost.
            (83, None, RecordFormat::First),
            (86, Some(2), RecordFormat::First),
            (96, Some(2), RecordFormat::Packed),
        ] {
            let now = began + Duration::from_secs(second);
            choice.observe(lowest, now);
            assert_eq!(choice.format(now, wait), expected, "at {second} s");
        }
    }

    #[test]
    fn durations_and_restrictions_are_allowed_while_every_node_reads_them() {
        let mut choice = FormatChoice::default();
        let allowed = |choice: &FormatChoice| [choice.allows_durations(), choice.allows_restrictions()];
        assert_eq!(allowed(&choice), [false; 2], "before the register was read");
        for (lowest, expected) in [
            (Some(2), [false, false]),
            (Some(3), [true, false]),
            (Some(1), [false, false]),
            (Some(4), [true, true]),
            (Some(5), [true, true]),
            (None, [false, false]),
        ] {
            choice.observe(lowest, Instant::now());
            assert_eq!(allowed(&choice), expected, "{lowest:?}");
        }
    }

    #[test]
    fn a_format_is_read_from_its_byte() {
        for format in [RecordFormat::First, RecordFormat::Packed] {
            assert_eq!(RecordFormat::of_byte(format.byte()), Some(format));
        }
        assert_eq!(RecordFormat::of_byte(b'0' + RecordFormat::PACKED + 1), None);
        assert_eq!(RecordFormat::Packed.byte(), b'0' + RecordFormat::PACKED);
    }
}
