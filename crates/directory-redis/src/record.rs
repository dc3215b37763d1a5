//! The stored form of a record, and the values of a record for indexes and counters.

use crate::record_format::RecordFormat;
use lamplight_core::{PackedPresence, Presence, SharedPresence};
use lamplight_model::{Moment, NodeId, Platform, StatusType};
use std::collections::BTreeSet;

/// The highest score that a sorted set stores exactly.
const MAX_SCORE: u64 = (1 << 53) - 1;

/// The error of bytes that are not a record of this format.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadRecord {
    #[error("the record has no revision")]
    NoRevision,
    #[error("the record has a format that this version does not know")]
    OtherFormat,
    #[error("the record cannot be decoded")]
    Undecodable(#[from] postcard::Error),
}

/// Encodes a record without its revision.
pub(crate) fn encode(presence: &Presence, format: RecordFormat) -> Result<Vec<u8>, BadRecord> {
    append(Vec::new(), presence, format)
}

fn append(mut start: Vec<u8>, presence: &Presence, format: RecordFormat) -> Result<Vec<u8>, BadRecord> {
    start.push(format.byte());
    Ok(match format {
        RecordFormat::First => postcard::to_extend(&<SharedPresence>::from(presence), start)?,
        RecordFormat::Packed => postcard::to_extend(&PackedPresence::from(presence), start)?,
    })
}

/// The text of a revision at the start of a stored record.
pub(crate) fn revision(rev: u64) -> String {
    format!("{rev}:")
}

/// The time from which revisions are counted, in tenths of a millisecond since 1970. A revision of today has twelve
/// digits.
const REVISIONS_FROM: u64 = 17_000_000_000_000;

/// The lowest revision of records that are written in an epoch of a partition. `epoch` is in microseconds since 1970.
///
/// The lowest revision rises by ten for each millisecond between two epochs. Revisions of a record rise more slowly,
/// because each change needs a round trip. The lowest revision is therefore above all revisions of earlier epochs.
pub(crate) fn first_revision(epoch: u64) -> u64 {
    (epoch / 100).saturating_sub(REVISIONS_FROM)
}

/// Encodes a record, beginning with its revision.
pub(crate) fn encode_at(rev: u64, presence: &Presence, format: RecordFormat) -> Result<Vec<u8>, BadRecord> {
    append(revision(rev).into_bytes(), presence, format)
}

/// Decodes a record and its revision.
pub(crate) fn decode(bytes: &[u8]) -> Result<(u64, Presence), BadRecord> {
    let colon = bytes.iter().position(|byte| *byte == b':').ok_or(BadRecord::NoRevision)?;
    let rev = std::str::from_utf8(&bytes[..colon]).ok().and_then(|text| text.parse().ok());
    let rev = rev.ok_or(BadRecord::NoRevision)?;
    let (format, body) = bytes[colon + 1..].split_first().ok_or(BadRecord::OtherFormat)?;
    let presence = match RecordFormat::of_byte(*format).ok_or(BadRecord::OtherFormat)? {
        RecordFormat::First => postcard::from_bytes::<SharedPresence>(body)?.into(),
        RecordFormat::Packed => postcard::from_bytes::<PackedPresence>(body)?.into(),
    };
    Ok((rev, presence))
}

/// The score of a time in a sorted set.
pub(crate) fn score(at: Moment) -> u64 {
    at.0.min(MAX_SCORE)
}

/// The values of a record for indexes and counters.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Indexed {
    /// Whether the record exists.
    pub(crate) is_there: bool,
    is_online: bool,
    is_restricted: bool,
    devices: [u32; Platform::ALL.len()],
    /// The score of the next deadline.
    pub(crate) due: Option<u64>,
    pub(crate) has_events: bool,
    /// The nodes to which the user is connected.
    pub(crate) nodes: BTreeSet<NodeId>,
}

impl Indexed {
    pub(crate) fn of(presence: &Presence) -> Self {
        let mut devices = [0; Platform::ALL.len()];
        for platform in presence.present_platforms() {
            devices[platform as usize - 1] += 1;
        }
        Self {
            is_there: true,
            is_online: presence.status_type() == StatusType::Online,
            is_restricted: presence.restrictions().is_some_and(|restrictions| !restrictions.is_open()),
            devices,
            due: presence.next_deadline().map(score),
            has_events: presence.pending_events().is_some(),
            nodes: presence.connections().map(|connection| connection.node).collect(),
        }
    }

    /// The counters of the partition's head that differ between `self` and `after`, each with its increment.
    pub(crate) fn counters(&self, after: &Self) -> Vec<(&'static str, i64)> {
        let counts = |shown: &Self| {
            let own = [shown.is_there, shown.is_online, shown.is_restricted].map(i64::from);
            own.into_iter().chain(shown.devices.map(i64::from)).collect::<Vec<_>>()
        };
        let (before, after) = (counts(self), counts(after));
        let changes = COUNTERS.into_iter().zip(before.into_iter().zip(after));
        changes.map(|(field, (before, after))| (field, after - before)).filter(|(_, by)| *by != 0).collect()
    }
}

/// The number of counters before the counters of the platforms.
pub(crate) const OWN_COUNTERS: usize = 3;

/// The names of the counters in a partition's head: records, ONLINE users, users with restrictions, devices by
/// platform.
pub(crate) const COUNTERS: [&str; OWN_COUNTERS + Platform::ALL.len()] = {
    let devices = ["d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8", "d9", "d10", "d11", "d12"];
    let mut fields = ["records"; OWN_COUNTERS + Platform::ALL.len()];
    fields[1] = "online";
    fields[2] = "restricted";
    let mut at = 0;
    while at < Platform::ALL.len() {
        fields[OWN_COUNTERS + at] = devices[at];
        at += 1;
    }
    fields
};

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_core::{Connect, LinkEnd, UserFacts};
    use lamplight_model::{
        AppSettings, ConnectionId, CustomDuration, CustomStatus, DeviceId, Now, StoredRestrictions,
        Timestamp, UserId, Version, Visibility,
    };

    fn blank() -> Presence {
        let settings = AppSettings::default();
        Presence::from_facts(UserFacts::default(), Version(5), Timestamp(0), false, &settings, Moment(0))
    }

    fn now(millis: u64) -> Now {
        Now { moment: Moment(millis), wall: Timestamp(1_700_000_000_000 + millis) }
    }

    const FORMATS: [RecordFormat; 2] = [RecordFormat::First, RecordFormat::Packed];
    const FIRST: &str = "373a31012430663866616435622d643963622d343639662d613136352d37303836373732383935306500010000\
        0701000080a080b4e59faf0c81d095ffbc310100000000000000000001000000";
    const PACKED: &str = "373a3201010f8fad5bd9cb469fa16570867728950e000100000701000080a080b4e59faf0c81d095ffbc310100\
        000000000000000001000000";

    #[test]
    fn revisions_rise_with_the_epochs() {
        let epoch = |millis: u64| 1_764_500_000_000_000 + millis * 1_000;
        assert_eq!(first_revision(epoch(0)), 645_000_000_000);
        assert_eq!(first_revision(epoch(60_000)) - first_revision(epoch(0)), 600_000);
        assert_eq!(first_revision(0), 0, "a partition whose epoch is not known yet");
    }

    fn watching() -> Presence {
        let (mut presence, settings) = (connected(), AppSettings::default());
        let list: Vec<UserId> =
            (0..20).map(|n| UserId::new(&format!("user_{:07}", n * 7919)).unwrap()).collect();
        let _ = presence.subscribe(&list, &settings, Moment(2));
        presence
    }

    fn connected() -> Presence {
        let device = DeviceId::new("0f8fad5b-d9cb-469f-a165-70867728950e").unwrap();
        let mut presence = blank();
        let (platform, connection) = (Platform::IPhone, ConnectionId::new(NodeId(7), 1));
        let connect =
            Connect { device: &device, platform, login: 1, born: 0, issued: 0, connection, address: None };
        let _ = presence.connect(&connect, &AppSettings::default(), now(1));
        presence
    }

    fn busy_for_a_minute() -> Presence {
        let mut presence = connected();
        let text = CustomStatus::new("busy", 100).unwrap();
        let lasts = CustomDuration::of(&text, 60).unwrap();
        let _ = presence.set_custom_status_for(text, lasts, None, &AppSettings::default(), now(2));
        presence
    }

    #[test]
    fn a_custom_status_with_a_duration_is_due_at_its_end() {
        assert_eq!(Indexed::of(&busy_for_a_minute()).due, Some(60_002));
    }

    #[test]
    fn a_record_is_read_back_with_its_revision() {
        for format in FORMATS {
            let records = [blank(), connected(), watching(), busy_for_a_minute()];
            for (rev, presence) in [1, u64::MAX, 7, 8].into_iter().zip(records) {
                let stored = encode_at(rev, &presence, format).unwrap();
                assert_eq!(decode(&stored).unwrap(), (rev, presence.clone()));
                let seeded = [revision(rev).into_bytes(), encode(&presence, format).unwrap()].concat();
                assert_eq!(seeded, stored);
            }
        }
    }

    #[test]
    fn a_packed_record_of_a_user_who_watches_twenty_takes_less_than_half() {
        let [first, packed] = FORMATS.map(|format| encode_at(7, &watching(), format).unwrap().len());
        assert!(first > 330 && packed < 150, "{first} and {packed} bytes");
    }

    #[test]
    fn the_bytes_of_each_format_stay_as_they_are() {
        // The record of a running cluster was written by another version.
        let stored = |format| {
            let bytes = encode_at(7, &connected(), format).unwrap();
            bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        assert_eq!(stored(RecordFormat::First), FIRST);
        assert_eq!(stored(RecordFormat::Packed), PACKED);
    }

    #[test]
    fn other_bytes_are_not_a_record() {
        for format in FORMATS {
            let whole = encode_at(3, &watching(), format).unwrap();
            for length in 0..whole.len() {
                assert!(decode(&whole[..length]).is_err(), "{length}");
            }
        }
        for bad in ["", "3", ":1", "x:1", "-3:1", "3:", "3:1", "3:2", "3:3", "18446744073709551616:1"] {
            assert!(decode(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn counters_have_the_differences() {
        let (none, here) = (Indexed::default(), Indexed::of(&connected()));
        assert_eq!(none.counters(&Indexed::of(&blank())), [("records", 1)]);
        assert_eq!(
            none.counters(&here),
            [("records", 1), ("online", 1), (COUNTERS[OWN_COUNTERS - 1 + Platform::IPhone as usize], 1)]
        );
        assert_eq!(here.counters(&here), []);
        assert_eq!(here.counters(&none).iter().map(|(_, by)| by).sum::<i64>(), -3);
        let stored = StoredRestrictions { version: 1, visibility: Visibility::Nobody, ..Default::default() };
        let hidden = {
            let blank = blank();
            blank.clone().restricted(&stored, false, [&blank, &blank])
        };
        assert_eq!(Indexed::of(&blank()).counters(&Indexed::of(&hidden)), [("restricted", 1)]);
    }

    #[test]
    fn a_connected_user_needs_no_deadline() {
        let settings = AppSettings::default();
        let mut presence = connected();
        let here = Indexed::of(&presence);
        assert_eq!((here.due, here.nodes), (None, BTreeSet::from([NodeId(7)])));
        let connection = ConnectionId::new(NodeId(7), 1);
        let _ = presence.disconnect(connection, LinkEnd::Closed, Timestamp(2), &settings, now(2));
        let gone = Indexed::of(&presence);
        assert_eq!(gone.due, presence.next_deadline().map(|at| at.0));
        assert!(gone.due.is_some() && gone.nodes.is_empty());
        assert_eq!(score(Moment(u64::MAX)), MAX_SCORE);
    }
}
