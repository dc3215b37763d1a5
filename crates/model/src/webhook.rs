//! Webhooks, which notify an app's backend of events (SPEC sections 6 and 9), and the notices that are sent to them.

use crate::{AppId, AppSettings, NodeId, Platform, SessionEvent, SessionEventKind, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The kind of a webhook. Each kind has its own URL.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Hook {
    /// `State.StateChange`, which receives session events.
    StateChange = 1,
    /// `Push.OfflineMessage`, which receives messages to OFFLINE users.
    Push = 2,
}

/// The notices of one webhook of one app. Notices of different lanes do not wait for each other.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Lane {
    /// The id of the app.
    pub app: AppId,
    /// The kind of the webhook.
    pub hook: Hook,
}

/// The lease of a lane. If several nodes share an outbox, only the holder of the lease sends the notices of the lane.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LaneLease {
    /// The node that has the lease; `None` if no node has it.
    pub holder: Option<NodeId>,
    /// The number of the holder's term. A node that takes the lease gets a higher term. A renewal does not change the
    /// term.
    pub term: u64,
    /// A number that changes when the lease is taken, renewed or released. No value is used twice.
    pub beat: u64,
}

/// The content of a notice to a webhook.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum NoticeContent {
    /// A session event of a user.
    Session(SessionEvent),
    /// A message to an OFFLINE user.
    Push(PushContent),
}

/// A notice about a message to an OFFLINE user.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PushContent {
    /// The sender.
    pub from: UserId,
    /// The number of the message in the conversation of the two users.
    pub sequence: u64,
    /// The time at which the message was stored.
    pub at: Timestamp,
    /// The text of the message, or the description of custom content.
    pub text: String,
    /// The number of the recipient's unread messages in all conversations, including this one.
    pub unread: u32,
    /// The platforms of the devices on which the recipient is logged in. Empty if the notice is
    /// [undecided](NoticeContent::is_undecided).
    pub devices: Vec<Platform>,
}

impl Hook {
    /// All kinds of webhooks.
    pub const ALL: [Self; 2] = [Self::StateChange, Self::Push];

    /// The name of the webhook in commands and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::StateChange => "state_change",
            Self::Push => "push",
        }
    }

    /// The URL of this webhook in the settings of an app; empty if the app has not set it.
    pub fn url(self, settings: &AppSettings) -> &str {
        match self {
            Self::StateChange => &settings.webhooks.state_change_url,
            Self::Push => &settings.webhooks.push_url,
        }
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Hook {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::ALL.into_iter().find(|hook| hook.name() == text);
        named.ok_or_else(|| format!("unknown webhook {text:?}; one of state_change, push"))
    }
}

impl NoticeContent {
    /// The kind of webhook that receives the notice.
    pub fn hook(&self) -> Hook {
        match self {
            Self::Session(_) => Hook::StateChange,
            Self::Push(_) => Hook::Push,
        }
    }

    /// Whether the notice is undecided. Such a notice is never sent. When it is due, the message is pushed with another
    /// notice if the recipient is OFFLINE then.
    pub fn is_undecided(&self) -> bool {
        match self {
            Self::Session(_) => false,
            Self::Push(push) => push.devices.is_empty(),
        }
    }

    /// A short description of the notice, for lists.
    pub fn summary(&self) -> String {
        match self {
            Self::Session(event) => match &event.kind {
                SessionEventKind::Login { .. } => "Login/Register".to_owned(),
                SessionEventKind::Logout => "Logout/Unregister".to_owned(),
                SessionEventKind::LinkClosed => "Disconnect/LinkClose".to_owned(),
                SessionEventKind::TimedOut => "Disconnect/TimeOut".to_owned(),
                SessionEventKind::CustomStatus(_) | SessionEventKind::EndingCustomStatus { .. } => {
                    "CustomStatusChange/SetCustomStatus".to_owned()
                }
                SessionEventKind::CustomStatusExpired => "CustomStatusChange/CustomStatusExpired".to_owned(),
            },
            Self::Push(push) => format!("message {} from {}", push.sequence, push.from),
        }
    }
}
