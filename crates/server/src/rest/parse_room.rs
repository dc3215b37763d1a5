//! A bound on the memory that the bodies of all calls take while they are parsed.
//!
//! The body of a call is parsed into the request type of its command: the lists keep no more entries than the command
//! allows ([`super::lists`]), unknown fields are ignored, and no generic JSON value is made ([`super::skimmed`]). The
//! most memory that parsing may need is therefore bounded, and is estimated from the length of the body and the number
//! of its marks (`,` `:` `[` `{` outside of texts). A call waits until there is room to parse its body, and gives the
//! room back once the body is parsed, before anything else is awaited. Small calls have separate room, so that they do
//! not wait behind large ones.

use super::MAX_BODY_BYTES;
use tokio::sync::{Semaphore, SemaphorePermit};

/// The most memory that the texts of a body take while they are parsed, as a multiple of the length of the body: a copy
/// of the texts, and the buffer for a text with escapes. When the buffer grows, the old and the new one exist together.
const TEXTS: usize = 4;

/// The most memory that one mark can cause: an entry of a list of names has 24 bytes. When the list grows, the old and
/// the new one, of twice the size, exist together. A name on the heap takes up to 24 bytes besides its text.
const BYTES_PER_MARK: usize = 96;

/// The most memory that all marks of a body can cause: that of the longest list that an app's limits can allow.
const MARKS_BYTES: usize = 1 << 20;

/// The memory that every call takes in addition, in bytes; for example, a list of one entry has capacity for four.
const BASE_BYTES: usize = 2 * 1_024;

/// The most memory that one mark still causes after the body has been parsed, in bytes.
const KEPT_PER_MARK: usize = 48;

/// The most memory that all marks still cause after the body has been parsed, in bytes.
const KEPT_BYTES: usize = MARKS_BYTES / 2;

/// The most memory that a call may take and still count as small, in bytes.
const SMALL_CALL_BYTES: usize = 256 * 1_024;

/// The memory that all small calls together may take, in bytes. Nothing is awaited while a body is parsed, so no more
/// bodies are parsed at once than the runtime has threads, which are two.
const SMALL_CALLS_BYTES: usize = 1 << 20;

/// The memory that all large calls together may take, in bytes: enough for the largest possible call.
const LARGE_CALLS_BYTES: usize = TEXTS * MAX_BODY_BYTES + MARKS_BYTES + BASE_BYTES;

/// The memory that one permit of the semaphores stands for, in bytes.
const UNIT: usize = 1_024;

/// The memory that is available for parsing the bodies of calls.
pub struct ParseRoom {
    small: Semaphore,
    large: Semaphore,
}

/// An upper estimate of the memory that parsing a body takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parsed {
    length: usize,
    marks: usize,
}

impl Parsed {
    /// Makes the estimate for a body, without parsing it.
    pub fn of(body: &[u8]) -> Self {
        Self { length: body.len(), marks: marks(body) }
    }

    /// The most memory that is needed while the body is parsed, besides the body itself.
    fn most(self) -> usize {
        let of_marks = self.marks.saturating_mul(BYTES_PER_MARK).min(MARKS_BYTES);
        TEXTS * self.length.min(MAX_BODY_BYTES) + of_marks + BASE_BYTES
    }

    /// The most memory of the request besides its texts, which take no more than the body does.
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
    /// Waits for room for parsing a body, and takes it until the permit is dropped.
    pub async fn enter(&self, parsed: Parsed) -> SemaphorePermit<'_> {
        let bytes = parsed.most();
        let room = if bytes <= SMALL_CALL_BYTES { &self.small } else { &self.large };
        let units = u32::try_from(bytes.div_ceil(UNIT)).expect("at most LARGE_CALLS_BYTES");
        room.acquire_many(units).await.expect("the semaphores are never closed")
    }
}

/// Counts the marks outside of texts, each of which is followed by a value or a name. The body need not be valid JSON.
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
