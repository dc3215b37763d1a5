//! Messages that no device may have received: those that were sent when a link was dead and nobody knew yet (SPEC
//! section 6: no message falls between).
//!
//! A device is told of a message over its connection. That it received it is known from what it says afterwards, so
//! what was sent after the last sign of life of the user's connections may have reached nobody. When the user turns
//! OFFLINE, the record keeps the time since when; handing the messages to the push webhook clears it again.

use lamplight_model::{AppSettings, StatusType, Timestamp};
use std::time::Duration;

/// The time by which a sign of life may have been on its way before a message arrived at its device.
const ON_THE_WAY: Duration = Duration::from_secs(5);

/// From which time on messages may have reached no device, when a user goes from one status type to another.
pub(crate) fn missed_since(
    was: StatusType,
    is: StatusType,
    last_seen: Option<Timestamp>,
    settings: &AppSettings,
) -> Option<Timestamp> {
    let is_wanted = !settings.webhooks.push_url.is_empty();
    if !is_wanted || was != StatusType::Online || is != StatusType::Offline {
        return None;
    }
    let on_the_way = ON_THE_WAY.as_millis() as u64;
    Some(Timestamp(last_seen.unwrap_or_default().0.saturating_sub(on_the_way)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_user_who_turns_offline_may_have_missed_messages() {
        use StatusType::{Offline, Online, Unlogined};
        let seen = Some(Timestamp(60_000));
        let table = [
            (Online, Offline, seen, "https://push", Some(55_000)),
            (Online, Offline, seen, "", None),
            (Online, Offline, None, "https://push", Some(0)),
            (Online, Online, seen, "https://push", None),
            // A user who logged out wants none; a user who was OFFLINE got a push for each when it was sent.
            (Online, Unlogined, seen, "https://push", None),
            (Unlogined, Offline, seen, "https://push", None),
            (Offline, Online, seen, "https://push", None),
            (Offline, Offline, seen, "https://push", None),
        ];
        for (was, is, last_seen, url, expected) in table {
            let mut settings = AppSettings::default();
            settings.webhooks.push_url = url.to_owned();
            let since = missed_since(was, is, last_seen, &settings);
            assert_eq!(since, expected.map(Timestamp), "{was:?} → {is:?} with {url:?}");
        }
    }
}
