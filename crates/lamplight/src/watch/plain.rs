//! The output of `watch` without a screen: one line for each change, for pipes, files and tests.

use super::roster::ending_text;
use super::session::Session;
use crate::output::{ShownStatus, devices, harmless, json_line, line};
use crate::time_text::rfc3339;
use anyhow::bail;
use lamplight_client::{Event, LinkEnd};
use lamplight_model::{Timestamp, UserStatus};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Prints lines until the session ends or SIGTERM arrives. SIGTERM logs out.
pub async fn run(mut session: Session, as_json: bool) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    loop {
        let event = tokio::select! {
            event = session.next() => event,
            _ = terminate.recv() => {
                session.log_out().await;
                return Ok(());
            }
        };
        if let Some(event) = event {
            show(&event, session.now(), as_json)?;
            if matches!(event, Event::Connected { resumed: false }) {
                for user in session.roster.without_account() {
                    note(
                        as_json,
                        "noAccount",
                        &format!("{user} has no account yet; asking again from time to time"),
                    )?;
                }
            }
            if event.ends_session() {
                bail!("{}", ending_text(&event));
            }
        }
    }
}

fn show(event: &Event, now: Timestamp, as_json: bool) -> anyhow::Result<()> {
    match event {
        Event::StatusChanged(statuses) => statuses.iter().try_for_each(|status| {
            if as_json { json_line(&ShownStatus::from(status)) } else { line(status_line(status, now)) }
        }),
        Event::NotWatched(users) => users
            .iter()
            .try_for_each(|user| note(as_json, "notWatched", &format!("{user} is no longer watched"))),
        // Only statuses and the state of the connection are printed.
        Event::Connecting
        | Event::MessagesReceived(_)
        | Event::ConversationsChanged { .. }
        | Event::FriendListChanged { .. }
        | Event::BlockListChanged { .. }
        | Event::VisibilityChanged(_)
        | Event::SelfInfoChanged(_)
        | Event::UsersInfoChanged(_)
        | Event::AbilitiesChanged(_)
        | Event::ListsOutdated => Ok(()),
        Event::Connected { resumed } => {
            note(as_json, "connected", if *resumed { "connected again" } else { "connected" })
        }
        Event::Disconnected { why, retry_in } => {
            note(as_json, "disconnected", &disconnected_text(why, Some(*retry_in)))
        }
        Event::ConnectFailed { why, retry_in } => {
            note(as_json, "disconnected", &disconnected_text(why, *retry_in))
        }
        Event::SubscriptionsChanged { .. } => {
            note(as_json, "subscriptionsChanged", "another device has changed the subscription list")
        }
        Event::Missed { events } => note(as_json, "missed", &format!("{events} events were not shown")),
        Event::KickedOffline { .. }
        | Event::UserSigExpired
        | Event::AccountDeleted
        | Event::Superseded
        | Event::LoginRefused(_)
        | Event::LoggedOut => note(as_json, "over", &ending_text(event)),
        // Events that a later version of the SDK may add.
        _ => Ok(()),
    }
}

/// Returns the reason for a disconnection, and the time until the next attempt, if any.
fn disconnected_text(why: &LinkEnd, retry_in: Option<Duration>) -> String {
    match retry_in {
        Some(retry_in) => format!("{why}; trying again in {:.1} s", retry_in.as_secs_f32()),
        None => why.to_string(),
    }
}

/// Returns a line such as `2025-11-23T17:37:02Z bob ONLINE "listening" custom [Linux, Web]`.
fn status_line(status: &UserStatus, now: Timestamp) -> String {
    let UserStatus { user_id, status_type, custom_status, reason, .. } = status;
    let custom = harmless(custom_status.as_str()).replace('"', "\\\"");
    let devices = if status.online_devices.is_empty() { String::new() } else { devices(status) };
    format!("{} {user_id} {status_type} \"{custom}\" {reason} [{devices}]", rfc3339(now))
}

/// Prints a line that is not about a status.
fn note(as_json: bool, event: &str, text: &str) -> anyhow::Result<()> {
    if !as_json {
        return line(format!("-- {text}"));
    }
    let note: Value = json!({ "event": event, "text": text });
    json_line(&note)
}

#[cfg(test)]
mod tests {
    use super::super::roster::tests::status;
    use super::*;
    use lamplight_model::{Platform, Reason, StatusType};

    #[test]
    fn a_status_is_one_line_whatever_is_in_it() {
        let online = status("bob b", StatusType::Online, Reason::Custom, "a \"b\"\n听", &[Platform::Web]);
        let offline = status("bob", StatusType::Offline, Reason::LinkClosed, "", &[]);
        let now = Timestamp(1_700_000_000_000);
        assert_eq!(
            status_line(&online, now),
            "2023-11-14T22:13:20Z bob b ONLINE \"a \\\"b\\\"\u{fffd}听\" custom [Web]"
        );
        assert_eq!(status_line(&offline, now), "2023-11-14T22:13:20Z bob OFFLINE \"\" link_closed []");
    }
}
