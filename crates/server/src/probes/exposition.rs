//! The text of `/metrics`. Only a bounded number of copies is in memory, because a peer that does not read
//! its copy keeps it, and there may be many such peers.

use crate::metrics::Metrics;
use axum::body::Bytes;
use parking_lot::Mutex;
use std::fmt;
use std::sync::Arc;

/// The most texts that exist at a time. Beyond that, requests share the newest one.
const MOST_TEXTS: usize = 8;

/// Creates the text, or shares the newest one when there are too many.
pub struct Exposition {
    metrics: Arc<Metrics>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    newest: Bytes,
    /// Each text holds a clone, which is dropped with the last part of the text.
    alive: Arc<()>,
}

impl Exposition {
    /// The exposition of these metrics.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, state: Mutex::default() }
    }

    /// The present text, or the newest one while too many texts are being sent.
    pub fn text(&self) -> Result<Bytes, fmt::Error> {
        let mut state = self.state.lock();
        state.next(|| self.metrics.encode())
    }
}

impl State {
    fn next(&mut self, make: impl FnOnce() -> Result<String, fmt::Error>) -> Result<Bytes, fmt::Error> {
        // One of the counted references is this state's own.
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
        // Texts that are sent at once are never shared.
        for number in 1..=20 {
            assert_eq!(next(&mut state), number.to_string());
        }
        let mut kept: Vec<_> = (0..MOST_TEXTS * 2).map(|_| next(&mut state)).collect();
        let last = 20 + MOST_TEXTS;
        assert_eq!(kept.last().unwrap(), &last.to_string());
        assert_eq!(kept.iter().collect::<HashSet<_>>().len(), MOST_TEXTS);
        // One of the texts has been sent.
        kept.remove(0);
        assert_eq!(next(&mut state), (last + 1).to_string());
    }
}
