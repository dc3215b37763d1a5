//! The memory that the bodies of calls become when they are read as JSON, over all calls.
//!
//! A value of a few bytes takes hundreds once it is read: 1 MiB of `[[],[],…` would be 30 MiB. So the marks of a body are
//! counted before it is read, and a call waits until there is room for the most that they may become. Small calls have a
//! room of their own, so that they do not wait behind large ones.

use super::MAX_BODY_BYTES;
use tokio::sync::{Semaphore, SemaphorePermit};

/// The most marks in a body: more than the longest lists of any call have, with all fields of each item.
pub const MAX_MARKS: usize = 20_000;

/// The most memory that one mark stands for. The dearest is `{"":0}` as a map of any JSON: three marks, and 1,000 bytes
/// in the buffer of a flattened struct and in the map that is made of it.
const BYTES_PER_MARK: usize = 400;

/// The most memory of a small call.
const SMALL_CALL_BYTES: usize = 256 * 1_024;

/// The room of all small calls.
const SMALL_CALLS_BYTES: usize = 3 << 20;

/// The room of all others: that of the largest call there can be.
const LARGE_CALLS_BYTES: usize = MAX_BODY_BYTES + MAX_MARKS * BYTES_PER_MARK;

/// The bytes of one permit of the semaphores.
const UNIT: usize = 1_024;

/// The room for what calls are read into.
pub struct ParseRoom {
    small: Semaphore,
    large: Semaphore,
}

/// The memory that a body may become.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parsed(usize);

impl Parsed {
    /// Estimates it from the body; `None` when the body has more than [`MAX_MARKS`] marks.
    pub fn of(body: &[u8]) -> Option<Self> {
        let marks = marks(body);
        // Texts are copied, and take no more than they take in the body.
        (marks <= MAX_MARKS).then_some(Self(body.len() + marks * BYTES_PER_MARK))
    }
}

impl Default for ParseRoom {
    fn default() -> Self {
        let units = |bytes: usize| Semaphore::new(bytes.div_ceil(UNIT));
        Self { small: units(SMALL_CALLS_BYTES), large: units(LARGE_CALLS_BYTES) }
    }
}

impl ParseRoom {
    /// Waits for room, and takes it until the permit is dropped.
    pub async fn enter(&self, Parsed(bytes): Parsed) -> SemaphorePermit<'_> {
        let room = if bytes <= SMALL_CALL_BYTES { &self.small } else { &self.large };
        let units =
            u32::try_from(bytes.div_ceil(UNIT)).expect("at most that of MAX_BODY_BYTES and MAX_MARKS");
        room.acquire_many(units).await.expect("the semaphores are never closed")
    }
}

/// Counts the marks of JSON outside of its texts that begin a value or a name. It need not be JSON.
fn marks(body: &[u8]) -> usize {
    let (mut marks, mut in_text, mut escaped) = (0, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b',' | b':' | b'[' | b'{' if !in_text => marks += 1,
            _ => {}
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn marks_are_counted_outside_of_texts() {
        for (body, expected) in [
            ("", 0),
            ("7", 0),
            ("[]", 1),
            ("[1,2,3]", 3),
            (r#"{"a":1,"b":[{"c":null}]}"#, 7),
            (r#"{"a,:[{":"\",:[{\\","b":2}"#, 4),
            (r#"["\\",1,"\"",2]"#, 4),
            // Where it is no JSON, there is no text that is not closed.
            (",,,[[::", 7),
            (r#"[",,,"#, 1),
        ] {
            assert_eq!(marks(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn a_body_of_more_marks_than_any_call_has_is_told_before_it_is_read() {
        let list = |values: usize| format!("[1{}]", ",1".repeat(values - 1));
        let of = |body: &str| Parsed::of(body.as_bytes());
        assert_eq!(of("[\"four\"]"), Some(Parsed(8 + BYTES_PER_MARK)));
        let fullest = list(MAX_MARKS);
        assert_eq!(of(&fullest), Some(Parsed(fullest.len() + MAX_MARKS * BYTES_PER_MARK)));
        assert_eq!(of(&list(MAX_MARKS + 1)), None);
        assert!(of(&format!("[\"{}\"]", ",".repeat(MAX_BODY_BYTES - 4))).is_some());
    }

    #[test]
    fn calls_wait_for_room_and_small_ones_not_behind_large_ones() {
        let room = ParseRoom::default();
        let largest = Parsed(LARGE_CALLS_BYTES);
        let first = room.enter(largest).now_or_never().expect("there is room for the largest");
        assert!(room.enter(Parsed(SMALL_CALL_BYTES + 1)).now_or_never().is_none());
        let small: Vec<_> =
            std::iter::from_fn(|| room.enter(Parsed(SMALL_CALL_BYTES)).now_or_never()).collect();
        assert_eq!(small.len(), SMALL_CALLS_BYTES / SMALL_CALL_BYTES);
        assert!(room.enter(Parsed(1)).now_or_never().is_none());
        drop((first, small));
        assert!(room.enter(Parsed(1)).now_or_never().is_some());
        assert!(room.enter(largest).now_or_never().is_some());
    }

    /// Calls of the longest lists, with all fields of each item, are read.
    #[test]
    fn the_longest_lists_are_within_the_bound() {
        let friend =
            r#"{"To_Account":"u","Remark":"r","AddSource":"s","AddWording":"w","AddTime":1,"RemarkTime":1}"#;
        let change = r#"{"To_Account":"u","SnsItem":[{"Tag":"Tag_SNS_IM_Remark","Value":"r"}]}"#;
        for item in [friend, change] {
            let body = format!(r#"{{"From_Account":"u","Items":[{}]}}"#, [item; 1_000].join(","));
            assert!(Parsed::of(body.as_bytes()).is_some(), "{item}: {} marks", marks(body.as_bytes()));
        }
    }
}
