//! Limits the memory of the bodies that concurrent calls parse.
//!
//! The memory for parsing a body is bounded: lists are bounded ([`super::lists`]), unknown fields are skipped, and no
//! generic JSON value is created ([`super::skimmed`]). The bound is estimated from the length of the body and from the
//! number of its marks (`,` `:` `[` `{` outside of strings).
//!
//! A call waits until there is room to parse its body. After parsing, it releases the room. Small calls have room of
//! their own, so that they do not wait for large calls.

use super::MAX_BODY_BYTES;
use tokio::sync::{Semaphore, SemaphorePermit};

/// The memory for the strings of a body while it is parsed, as a multiple of the body's length. It includes a copy of
/// the strings, and a growing buffer for strings with escapes.
const TEXTS: usize = 4;

/// The maximum memory for one mark (`,` `:` `[` or `{`), in bytes. It includes a 24-byte entry of a growing list of
/// names, and up to 24 bytes of a name on the heap.
const BYTES_PER_MARK: usize = 96;

/// The maximum memory for all marks of a body, in bytes. It is enough for the longest list that an app's limits allow.
const MARKS_BYTES: usize = 1 << 20;

/// The memory, in bytes, that is reserved for each call on top of its strings and marks. It covers fixed overhead. For
/// example, a list with one entry is allocated with room for four.
const BASE_BYTES: usize = 2 * 1_024;

/// The maximum memory for one mark after parsing, in bytes.
const KEPT_PER_MARK: usize = 48;

/// The maximum memory for all marks after parsing, in bytes.
const KEPT_BYTES: usize = MARKS_BYTES / 2;

/// The maximum memory of a small call, in bytes. Other calls are large.
const SMALL_CALL_BYTES: usize = 256 * 1_024;

/// The memory for all small calls together, in bytes. Parsing does not await, so each thread parses at most one body at
/// a time.
const SMALL_CALLS_BYTES: usize = 1 << 20;

/// The memory for all large calls together, in bytes. It is enough for the largest possible call.
const LARGE_CALLS_BYTES: usize = TEXTS * MAX_BODY_BYTES + MARKS_BYTES + BASE_BYTES;

/// The memory that one permit of the semaphores represents, in bytes.
const UNIT: usize = 1_024;

/// The memory for parsing the bodies of concurrent calls.
pub struct ParseRoom {
    small: Semaphore,
    large: Semaphore,
}

/// The data from which the memory for parsing a body is estimated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parsed {
    length: usize,
    marks: usize,
}

impl Parsed {
    /// Creates the estimate for a body, without parsing it.
    pub fn of(body: &[u8]) -> Self {
        Self { length: body.len(), marks: marks(body) }
    }

    /// Returns the maximum memory for parsing, in bytes, without the body itself.
    fn most(self) -> usize {
        let of_marks = self.marks.saturating_mul(BYTES_PER_MARK).min(MARKS_BYTES);
        TEXTS * self.length.min(MAX_BODY_BYTES) + of_marks + BASE_BYTES
    }

    /// Returns the maximum memory of the parsed request, in bytes. The texts of the request are not included: they take
    /// at most as much memory as the body.
    pub fn kept(self) -> usize {
        self.marks.saturating_mul(KEPT_PER_MARK).min(KEPT_BYTES)
    }
}

impl Default for ParseRoom {
    fn default() -> Self {
        let units = |bytes: usize| Semaphore::new(bytes.div_ceil(UNIT));
        Self { small: units(SMALL_CALLS_BYTES), large: units(LARGE_CALLS_BYTES) }
    }
}

impl ParseRoom {
    /// Waits until there is room to parse a body, and reserves the room until the permit is dropped.
    pub async fn enter(&self, parsed: Parsed) -> SemaphorePermit<'_> {
        let bytes = parsed.most();
        let room = if bytes <= SMALL_CALL_BYTES { &self.small } else { &self.large };
        let units = u32::try_from(bytes.div_ceil(UNIT)).expect("at most LARGE_CALLS_BYTES");
        room.acquire_many(units).await.expect("the semaphores are never closed")
    }
}

/// Counts the marks (`,` `:` `[` `{` outside of strings), also in invalid JSON. A mark precedes each value and each name
/// except the outermost value, so a body has at most one more of these than marks.
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
mod tests;
