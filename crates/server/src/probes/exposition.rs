//! Produces the text of `/metrics`, and limits the number of texts in memory. A text stays in memory until its peer,
//! which may be slow, has read it.

use crate::metrics::Metrics;
use axum::body::Bytes;
use parking_lot::Mutex;
use std::fmt;
use std::sync::Arc;

/// The maximum number of texts in memory. If this many are in memory, a request gets the newest text again.
const MOST_TEXTS: usize = 8;

/// Makes the texts of `/metrics`. If too many texts are in memory, returns the newest text again.
pub struct Exposition {
    metrics: Arc<Metrics>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    newest: Bytes,
    /// Counts the texts in memory: each text holds a clone, which is dropped with the last reference to the text.
    alive: Arc<()>,
}

impl Exposition {
    /// Makes an `Exposition` of these metrics.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, state: Mutex::default() }
    }

    /// Returns a text with the current values, or the newest text if too many are in memory.
    pub fn text(&self) -> Result<Bytes, fmt::Error> {
        let mut state = self.state.lock();
        state.next(|| self.metrics.encode())
    }
}

impl State {
    fn next(&mut self, make: impl FnOnce() -> Result<String, fmt::Error>) -> Result<Bytes, fmt::Error> {
        // `self.alive` itself is one of the counted references.
        if Arc::strong_count(&self.alive) <= MOST_TEXTS {
            let text = Text { text: make()?, _alive: Arc::clone(&self.alive) };
            self.newest = Bytes::from_owner(text);
        }
        Ok(self.newest.clone())
    }
}

struct Text {
    text: String,
    _alive: Arc<()>,
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_text_is_new_until_too_many_are_kept() {
        let mut state = State::default();
        let mut made = 0;
        let mut next = |state: &mut State| {
            let text = state.next(|| {
                made += 1;
                Ok(made.to_string())
            });
            text.unwrap()
        };
        // A text that is dropped at once does not count.
        for number in 1..=20 {
            assert_eq!(next(&mut state), number.to_string());
        }
        let mut kept: Vec<_> = (0..MOST_TEXTS * 2).map(|_| next(&mut state)).collect();
        let last = 20 + MOST_TEXTS;
        assert_eq!(kept.last().unwrap(), &last.to_string());
        assert_eq!(kept.iter().collect::<HashSet<_>>().len(), MOST_TEXTS);
        // One of the texts was sent, so a new one may be made.
        kept.remove(0);
        assert_eq!(next(&mut state), (last + 1).to_string());
    }
}
