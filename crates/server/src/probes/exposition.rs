//! The text of `/metrics`, of which only so many copies are in memory: a peer that does not take its copy would
//! otherwise keep it, and there may be many such peers.

use crate::locks::lock;
use crate::metrics::Metrics;
use axum::body::Bytes;
use std::fmt;
use std::sync::{Arc, Mutex};

/// Different texts at a time. Past them, who asks is given the newest one.
const MOST_TEXTS: usize = 8;

/// Makes the text, and shares it where there are too many.
pub struct Exposition {
    metrics: Arc<Metrics>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    newest: Bytes,
    /// A clone of it goes with each text, and is dropped with its last part.
    alive: Arc<()>,
}

impl Exposition {
    /// Shows these metrics.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics, state: Mutex::default() }
    }

    /// Returns the text of now, or the newest one while too many texts are on their way.
    pub fn text(&self) -> Result<Bytes, fmt::Error> {
        let mut state = lock(&self.state);
        state.next(|| self.metrics.encode())
    }
}

impl State {
    fn next(&mut self, make: impl FnOnce() -> Result<String, fmt::Error>) -> Result<Bytes, fmt::Error> {
        // One count is that of this state itself.
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
        // Texts that are taken at once are never shared.
        for number in 1..=20 {
            assert_eq!(next(&mut state), number.to_string());
        }
        let mut kept: Vec<_> = (0..MOST_TEXTS * 2).map(|_| next(&mut state)).collect();
        let last = 20 + MOST_TEXTS;
        assert_eq!(kept.last().unwrap(), &last.to_string());
        assert_eq!(kept.iter().collect::<HashSet<_>>().len(), MOST_TEXTS);
        // One of them has been sent.
        kept.remove(0);
        assert_eq!(next(&mut state), (last + 1).to_string());
    }
}
