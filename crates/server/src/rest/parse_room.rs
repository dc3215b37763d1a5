//! The memory that the bodies of calls need while they are read, over all calls.
//!
//! A request is a type: its lists keep no more entries than the call may have ([`super::lists`]), unknown fields are
//! ignored, and no generic JSON value is made ([`super::skimmed`]). The most memory that a body may need therefore follows
//! from its length and from its marks (`,` `:` `[` `{` outside of texts), and has a bound. A call waits until there is room
//! for reading its body, and gives the room back when the request has been read, before anything else is awaited. Small
//! calls have a room of their own, so that they do not wait behind large ones.

use super::MAX_BODY_BYTES;
use tokio::sync::{Semaphore, SemaphorePermit};

/// The most memory that the texts of a body take while they are read, in lengths of the body: a copy, and the buffer in
/// which a text with escapes is put together. The buffer doubles, and both sizes are there while it is copied.
const TEXTS: usize = 4;

/// The most memory that one mark stands for: an entry of a list of names, of 24 bytes. The list doubles, and both sizes are
/// there while it is copied. A name on the heap takes up to 24 bytes beside its text.
const BYTES_PER_MARK: usize = 96;

/// The most memory of all marks: that of the longest list that a limit of an app can allow.
const MARKS_BYTES: usize = 1 << 20;

/// The memory that every call takes besides: a list of one entry has capacity for four.
const BASE_BYTES: usize = 2 * 1_024;

/// The most memory that one mark stands for when the body has been read.
const KEPT_PER_MARK: usize = 48;

/// The most memory of all marks when the body has been read.
const KEPT_BYTES: usize = MARKS_BYTES / 2;

/// The most memory of a small call.
const SMALL_CALL_BYTES: usize = 256 * 1_024;

/// The room of all small calls. Nothing is awaited while a body is read, so that no more are read at a time than the runtime
/// has threads, which are two.
const SMALL_CALLS_BYTES: usize = 1 << 20;

/// The room of all others: that of the largest call there can be.
const LARGE_CALLS_BYTES: usize = TEXTS * MAX_BODY_BYTES + MARKS_BYTES + BASE_BYTES;

/// The bytes of one permit of the semaphores.
const UNIT: usize = 1_024;

/// The room in which calls are read.
pub struct ParseRoom {
    small: Semaphore,
    large: Semaphore,
}

/// An estimate of the memory of a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parsed {
    length: usize,
    marks: usize,
}

impl Parsed {
    /// Makes the estimate from the body.
    pub fn of(body: &[u8]) -> Self {
        Self { length: body.len(), marks: marks(body) }
    }

    /// The most memory that is needed while the body is read, besides that of the body.
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
    /// Waits for room, and takes it until the permit is dropped.
    pub async fn enter(&self, parsed: Parsed) -> SemaphorePermit<'_> {
        let bytes = parsed.most();
        let room = if bytes <= SMALL_CALL_BYTES { &self.small } else { &self.large };
        let units = u32::try_from(bytes.div_ceil(UNIT)).expect("at most LARGE_CALLS_BYTES");
        room.acquire_many(units).await.expect("the semaphores are never closed")
    }
}

/// Counts the marks of JSON outside of its texts, each of which begins a value or a name. The body may be no JSON.
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
