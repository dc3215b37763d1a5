//! One step of the machine: the time of its input, and its effects.

use super::Effect;
use crate::backoff::Jitter;
use crate::link::CallId;
use crate::request::Answer;
use crate::{Error, Event};
use lamplight_model::{Moment, UserId};
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Ask;

/// The time and the jitter of one step, and the effects so far.
pub(super) struct Turn {
    pub(super) now: Moment,
    pub(super) jitter: Jitter,
    pub(super) effects: Vec<Effect>,
}

impl Turn {
    pub(super) fn answer(&mut self, call: CallId, result: Result<Answer, Error>) {
        self.effects.push(Effect::Answer(call, result));
    }

    pub(super) fn emit(&mut self, event: Event) {
        self.effects.push(Effect::Emit(event));
    }

    /// Emits an event with these users. Another device or the server API has unsubscribed from them while the link was
    /// broken.
    pub(super) fn emit_unsubscribed(&mut self, unsubscribed: Vec<UserId>) {
        if !unsubscribed.is_empty() {
            self.emit(Event::SubscriptionsChanged { subscribed: Vec::new(), unsubscribed });
        }
    }

    pub(super) fn send(&mut self, id: u64, body: Ask) {
        self.effects.push(Effect::Send(v1::ClientMessage { id, body: Some(body) }));
    }
}
