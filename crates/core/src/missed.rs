//! Messages that may have reached no device: those sent while a connection was dead and the server did not know it
//! yet (SPEC section 6).
//!
//! Messages are delivered over connections, and only what a device sends afterwards proves that it received them.
//! Messages sent after the last bytes from the user's connections may therefore have reached no device. When the user
//! turns OFFLINE, the record keeps the time from which on this holds; the time is cleared once the messages were
//! handed to the push webhook.

use lamplight_model::{AppSettings, StatusType, Timestamp};
use std::time::Duration;

/// The longest time that bytes from a device are assumed to be on their way. A message that the server sent within
/// this time before the last bytes arrived may have reached no device.
const ON_THE_WAY: Duration = Duration::from_secs(5);

/// The time from which on messages may have reached no device, when a user's status type goes from `was` to `is`.
/// `None` if no message was missed, or if there is no push webhook.
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
            // A user who has logged out is sent no pushes; a user who was OFFLINE got a push for each message when it
            // was sent.
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
