//! The custom status of a record: setting it, and clearing it when its duration has passed.

use super::Presence;
use super::events::event_device;
use crate::custom::Custom;
use crate::transition::Transition;
use lamplight_model::{
    AppSettings, Code, ConnectionId, CustomDuration, CustomStatus, Moment, Now, Reason, SessionEventKind,
    StatusType,
};

impl Presence {
    /// Sets the custom status without a duration; an empty text clears it. Refused with 6014 if the user is not ONLINE.
    ///
    /// `by` is the connection that sent the call; `None` if the server API or an operator makes the change.
    pub fn set_custom_status(
        &mut self,
        custom: CustomStatus,
        by: Option<ConnectionId>,
        settings: &AppSettings,
        now: Now,
    ) -> Transition<Result<(), Code>> {
        self.set_custom_status_for(custom, None, by, settings, now)
    }

    /// Sets the custom status as [`Presence::set_custom_status`] does. [`Presence::end_custom_status`] clears it after
    /// the duration `lasts`. Without a duration, it stays until it is cleared.
    pub fn set_custom_status_for(
        &mut self,
        custom: CustomStatus,
        lasts: Option<CustomDuration>,
        by: Option<ConnectionId>,
        settings: &AppSettings,
        now: Now,
    ) -> Transition<Result<(), Code>> {
        self.change(Reason::Custom, settings, now, |presence, _| {
            if presence.status_type() != StatusType::Online {
                return Err(Code::NOT_LOGGED_IN);
            }
            let custom = Custom::set(custom, lasts, now);
            if !presence.custom.looks_like(&custom) {
                let device = by.and_then(|connection| presence.device_of(connection)).map(event_device);
                let text = custom.text().clone();
                let kind = match custom.expires() {
                    Some(expires) => SessionEventKind::EndingCustomStatus { text, expires },
                    None => SessionEventKind::CustomStatus(text),
                };
                presence.note(kind, device, settings, now);
            }
            presence.custom = custom;
            Ok(())
        })
    }

    /// Whether the duration of the custom status has passed. If so, [`Presence::end_custom_status`] must be called
    /// before anybody is shown the status.
    pub fn is_custom_status_over(&self, now: Moment) -> bool {
        self.custom.is_over(now)
    }

    /// Clears the custom status if its duration has passed. The deadline is that of the present text, so a timer of an
    /// earlier text clears nothing.
    pub fn end_custom_status(&mut self, settings: &AppSettings, now: Now) -> Transition<()> {
        self.change(Reason::CustomExpired, settings, now, |presence, _| {
            presence.clear_if_over(settings, now);
        })
    }

    /// Clears the custom status if its duration has passed, and returns whether it did.
    pub(super) fn clear_if_over(&mut self, settings: &AppSettings, now: Now) -> bool {
        let is_over = self.custom.is_over(now.moment);
        if is_over {
            self.custom = Custom::NONE;
            self.note(SessionEventKind::CustomStatusExpired, None, settings, now);
        }
        is_over
    }
}
