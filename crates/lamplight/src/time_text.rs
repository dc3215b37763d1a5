//! Conversion of times and durations to text and back.

use lamplight_model::Timestamp;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The units of a duration in milliseconds, the largest first.
const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Returns the current time of the wall clock. A command reads it once, and passes it as an argument.
pub fn present() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(since.as_millis() as u64)
}

/// Parses a duration, such as `7d`, `400s`, `1h30m`, `250ms` or `0`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is not a duration; write it like 400s, 5m, 1h30m or 7d");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let (mut rest, mut sum) = (text, 0u64);
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        let (count, after) = rest.split_at(digits);
        let letters =
            after.len() - after.trim_start_matches(|letter: char| letter.is_ascii_lowercase()).len();
        let (unit, after) = after.split_at(letters);
        let (_, length) = UNITS.into_iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        let count: u64 = count.parse().map_err(|_| wrong())?;
        sum = count.checked_mul(length).and_then(|more| sum.checked_add(more)).ok_or_else(wrong)?;
        rest = after;
    }
    if text.is_empty() { Err(wrong()) } else { Ok(Duration::from_millis(sum)) }
}

/// Formats a duration, such as `7d`, `6m40s`, `250ms` or `0s`. [`parse_duration`] accepts the result.
pub fn duration_text(milliseconds: u64) -> String {
    let (mut left, mut text) = (milliseconds, String::new());
    for (name, length) in UNITS {
        if left >= length {
            text.push_str(&format!("{}{name}", left / length));
            left %= length;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Formats the time since `since` with one unit: `now`, `12 s`, `5 min`, `3 h`, `9 d`.
pub fn ago(since: Timestamp, now: Timestamp) -> String {
    match now.since(since).as_secs() {
        0 => "now".to_owned(),
        seconds @ 1..60 => format!("{seconds} s"),
        seconds @ 60..3_600 => format!("{} min", seconds / 60),
        seconds @ 3_600..86_400 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

/// Formats the time until `end` with one unit, rounded up: `12 s left`, `5 min left`, `3 h left`, `9 d left`.
pub fn remaining(end: Timestamp, now: Timestamp) -> String {
    match end.since(now).as_millis().div_ceil(1_000) {
        0 => "over".to_owned(),
        seconds @ 1..=60 => format!("{seconds} s left"),
        seconds @ 61..=3_600 => format!("{} min left", seconds.div_ceil(60)),
        seconds @ 3_601..=86_400 => format!("{} h left", seconds.div_ceil(3_600)),
        seconds => format!("{} d left", seconds.div_ceil(86_400)),
    }
}

/// Formats a time as `2025-11-23 17:37:02 UTC`.
pub fn utc(time: Timestamp) -> String {
    let (year, month, day) = date(time.as_secs() / 86_400);
    format!("{year:04}-{month:02}-{day:02} {} UTC", clock(time))
}

/// Formats a time as `2025-11-23T17:37:02Z` (RFC 3339).
pub fn rfc3339(time: Timestamp) -> String {
    let (year, month, day) = date(time.as_secs() / 86_400);
    format!("{year:04}-{month:02}-{day:02}T{}Z", clock(time))
}

/// Formats the time of day as `17:37:02`, in UTC.
pub fn clock(time: Timestamp) -> String {
    let seconds = time.as_secs() % 86_400;
    format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// Returns year, month and day of a day since 1970-01-01. The algorithm is from Howard Hinnant, "chrono-compatible
/// low-level date algorithms". It counts days from 0000-03-01, so that a leap day is the last day of its year.
fn date(days_since_1970: u64) -> (u64, u64, u64) {
    let days = days_since_1970 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, milliseconds) in [
            ("0", Some(0)),
            ("0s", Some(0)),
            ("250ms", Some(250)),
            ("400s", Some(400_000)),
            ("1h30m", Some(5_400_000)),
            ("7d", Some(604_800_000)),
            ("", None),
            ("400", None),
            ("s", None),
            ("-1s", None),
            ("1 s", None),
            ("1w", None),
            ("99999999999999999999d", None),
            ("300000000000d", None),
        ] {
            let expected = milliseconds.map(Duration::from_millis);
            assert_eq!(parse_duration(text).ok(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_duration_is_written_as_it_is_read() {
        for (milliseconds, text) in
            [(0, "0s"), (1, "1ms"), (400_000, "6m40s"), (604_800_000, "7d"), (5_400_250, "1h30m250ms")]
        {
            assert_eq!(duration_text(milliseconds), text);
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(milliseconds)));
        }
    }

    #[test]
    fn a_time_is_written_in_utc() {
        for (milliseconds, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399_999, "2000-02-28 23:59:59 UTC"),
            (951_782_400_000, "2000-02-29 00:00:00 UTC"),
            (1_700_000_000_000, "2023-11-14 22:13:20 UTC"),
            (1_735_689_599_000, "2024-12-31 23:59:59 UTC"),
            (4_107_542_400_000, "2100-03-01 00:00:00 UTC"),
        ] {
            assert_eq!(utc(Timestamp(milliseconds)), text);
        }
        assert_eq!(rfc3339(Timestamp(1_700_000_000_000)), "2023-11-14T22:13:20Z");
    }

    #[test]
    fn the_time_that_remains_is_rounded_up() {
        for (milliseconds, text) in [
            (0, "over"),
            (1, "1 s left"),
            (60_000, "60 s left"),
            (60_001, "2 min left"),
            (2_700_000, "45 min left"),
            (3_600_001, "2 h left"),
            (86_400_001, "2 d left"),
        ] {
            assert_eq!(remaining(Timestamp(5 + milliseconds), Timestamp(5)), text);
        }
        assert_eq!(remaining(Timestamp(5), Timestamp(9)), "over", "clocks differ");
    }

    #[test]
    fn how_long_ago_is_said_in_the_greatest_unit() {
        for (milliseconds, text) in [
            (999, "now"),
            (1_000, "1 s"),
            (59_999, "59 s"),
            (60_000, "1 min"),
            (3_600_000, "1 h"),
            (86_400_000, "1 d"),
        ] {
            assert_eq!(ago(Timestamp(5), Timestamp(5 + milliseconds)), text);
        }
        assert_eq!(ago(Timestamp(9), Timestamp(5)), "now", "clocks differ");
    }
}
