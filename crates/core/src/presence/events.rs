//! The session events for the app's backend that the transitions of a record produce.

use super::Presence;
use crate::device::Device;
use crate::transition::Removed;
use lamplight_model::{AppSettings, EventDevice, Now, SessionEventKind};

impl Presence {
    /// Adds a session event, if the app wants session events.
    pub(super) fn note(
        &mut self,
        kind: SessionEventKind,
        device: Option<EventDevice>,
        settings: &AppSettings,
        now: Now,
    ) {
        if wants_events(settings) {
            self.events.get_or_insert_default().push(kind, device, now.wall);
        }
    }

    /// Adds the login event of a device. The logins and disconnects of a device must alternate, so a device that was
    /// connected gets a disconnect event first. No event is added if the device was connected on the same platform and
    /// the login kicked no device.
    pub(super) fn note_login(
        &mut self,
        device: EventDevice,
        connected_before: Option<EventDevice>,
        kicked: &[Removed],
        settings: &AppSettings,
        now: Now,
    ) {
        if let Some(before) = connected_before {
            if kicked.is_empty() && before.platform == device.platform {
                return;
            }
            self.note(SessionEventKind::LinkClosed, Some(before), settings, now);
        }
        // The login event contains the platforms of the kicked devices, so these have no events of their own.
        let kicked = kicked.iter().map(|removed| removed.platform).collect();
        self.note(SessionEventKind::Login { kicked }, Some(device), settings, now);
    }

    /// Adds a logout event for each device for which `doomed` returns `true`.
    pub(super) fn note_logouts(
        &mut self,
        doomed: impl Fn(&Device) -> bool,
        settings: &AppSettings,
        now: Now,
    ) {
        let ending = self.devices.iter().filter(|device| doomed(device)).map(event_device);
        for device in ending.collect::<Vec<_>>() {
            self.note(SessionEventKind::Logout, Some(device), settings, now);
        }
    }
}

/// Whether the app wants session events. It does if it has set the URL of the state change webhook.
pub(super) fn wants_events(settings: &AppSettings) -> bool {
    !settings.webhooks.state_change_url.is_empty()
}

pub(super) fn event_device(device: &Device) -> EventDevice {
    EventDevice { id: device.id.clone(), platform: device.platform, address: device.address }
}
