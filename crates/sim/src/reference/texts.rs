//! Custom statuses and their durations.

use super::Reference;
use super::person::TextEnd;
use crate::answer::Answer;
use crate::step::Who;
use lamplight_model::{Reason, StatusType};
use std::time::Duration;

impl Reference {
    pub(super) fn set_text(&mut self, who: Who, text: &str, seconds: u32) -> Answer {
        let is_too_long = text.len() > usize::from(self.settings.limits.custom_status_bytes);
        if is_too_long || seconds > 0 && text.is_empty() {
            return Answer::Refused(6017);
        }
        // The worker checks whether the device is logged in. A late worker may therefore pass on a call of a device
        // that is logged out. The server would have to clear the text of such a call at once, so it refuses the call.
        if self.people[who].kind() != StatusType::Online {
            return Answer::Refused(6014);
        }
        let end = self.now.after(Duration::from_secs(seconds.into()));
        let end = (seconds > 0).then_some(TextEnd { due: end.moment, shown: end.wall });
        self.alter(who, Reason::Custom, |_, person| {
            text.clone_into(&mut person.text);
            person.text_end = end;
        });
        Answer::Own(self.status(who).expect("who is ONLINE has an account"))
    }

    /// Whether a user has a text whose duration has passed.
    pub fn has_text_over(&self) -> bool {
        self.people.iter().any(|person| person.is_text_over(self.now.moment))
    }

    /// Clears each text whose duration has passed. Called before a status is shown to anybody.
    pub fn end_texts(&mut self) {
        (0..self.people.len()).for_each(|who| self.end_text(who));
    }

    pub(super) fn end_text(&mut self, who: Who) {
        if self.people[who].is_text_over(self.now.moment) {
            self.alter(who, Reason::CustomExpired, |_, person| {
                person.text.clear();
                person.text_end = None;
            });
        }
    }
}
