//! Finds messages that may have reached no device, because the device's connection was already dead (SPEC section 6).
//!
//! Only bytes from a device prove that the device has got the messages that were sent to it before these bytes.
//! Messages that were sent after the last bytes from the user's connections may have reached no device. When the user
//! becomes OFFLINE, the record therefore stores the time since which messages may have been missed. The record drops
//! this time when the messages were handed to the push webhook.

use lamplight_model::{AppSettings, StatusType, Timestamp};
use std::time::Duration;

/// The maximum time for which received bytes may have been on the way. A message that was sent during this time may
/// have been missed.
const ON_THE_WAY: Duration = Duration::from_secs(5);

/// The time since which messages may have been missed. `None` if the user does not change from ONLINE to OFFLINE, or
/// the app has no push webhook.
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
            // No messages are pushed to a user who has logged out. If a user was already OFFLINE, each message was
            // pushed when it was sent.
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
