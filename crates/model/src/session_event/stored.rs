//! The stored forms of a session event. The outbox stores JSON with field names, which people can read. The journal of
//! live records stores a form without names.
//!
//! Both stores have events of earlier versions of Lamplight, which lack the status after the event. In JSON, the field
//! is then missing. The form without names has separate variants for events with a status, after the variants of the
//! earlier versions. One decoder therefore reads all events.
//!
//! If everyone may see the status of the user, the stored form has no visibility. It is then equal to the form in
//! versions of Lamplight without visibility.

use super::{EventDevice, SessionEvent, SessionEventKind, StatusAfter};
use crate::{CustomStatus, Platform, StatusType, Timestamp, Version, Visibility};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

impl Serialize for SessionEvent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            NamedEvent::from(self.clone()).serialize(serializer)
        } else {
            StoredEvent::from(self.clone()).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for SessionEvent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            NamedEvent::deserialize(deserializer).map(Self::from)
        } else {
            StoredEvent::deserialize(deserializer).map(Self::from)
        }
    }
}

/// The form with field names.
#[derive(Serialize, Deserialize)]
struct NamedEvent {
    ordinal: u64,
    at: Timestamp,
    device: Option<EventDevice>,
    kind: SessionEventKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<NamedAfter>,
}

impl From<SessionEvent> for NamedEvent {
    fn from(SessionEvent { ordinal, at, device, kind, after }: SessionEvent) -> Self {
        let after = after.map(|after| NamedAfter { visibility: after.visibility, status: after.into() });
        Self { ordinal, at, device, kind, after }
    }
}

impl From<NamedEvent> for SessionEvent {
    fn from(NamedEvent { ordinal, at, device, kind, after }: NamedEvent) -> Self {
        let after = after.map(|NamedAfter { status, visibility }| status.seen_by(visibility));
        Self { ordinal, at, device, kind, after }
    }
}

/// The status after an event, with field names.
#[derive(Serialize, Deserialize)]
struct NamedAfter {
    #[serde(flatten)]
    status: StoredAfter,
    #[serde(default, skip_serializing_if = "is_everyone")]
    visibility: Visibility,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_everyone(visibility: &Visibility) -> bool {
    *visibility == Visibility::Everyone
}

/// The status after an event, without the visibility.
#[derive(Serialize, Deserialize)]
struct StoredAfter {
    status_type: StatusType,
    version: Version,
    told_always: bool,
}

impl From<StatusAfter> for StoredAfter {
    fn from(StatusAfter { status_type, version, told_always, visibility: _ }: StatusAfter) -> Self {
        Self { status_type, version, told_always }
    }
}

impl StoredAfter {
    fn seen_by(self, visibility: Visibility) -> StatusAfter {
        let Self { status_type, version, told_always } = self;
        StatusAfter { status_type, version, told_always, visibility }
    }
}

/// The form without field names.
#[derive(Serialize, Deserialize)]
struct StoredEvent {
    ordinal: u64,
    at: Timestamp,
    device: Option<EventDevice>,
    kind: StoredKind,
}

/// The kind of an event. The stored form has the indices of the variants, so their order must not change.
#[derive(Serialize, Deserialize)]
enum StoredKind {
    Login { kicked: Vec<Platform> },
    Logout,
    LinkClosed,
    TimedOut,
    CustomStatus(CustomStatus),
    With(StoredAfter, WithStatus),
    EndingCustomStatus { text: CustomStatus, expires: Timestamp },
    CustomStatusExpired,
    Restricted(Visibility, StoredAfter, WithStatus),
}

/// The kind of an event, with the status after it. The stored form has the indices of the variants, so their order must
/// not change.
#[derive(Serialize, Deserialize)]
enum WithStatus {
    Login { kicked: Vec<Platform> },
    Logout,
    LinkClosed,
    TimedOut,
    CustomStatus(CustomStatus),
    EndingCustomStatus { text: CustomStatus, expires: Timestamp },
    CustomStatusExpired,
}

impl From<SessionEvent> for StoredEvent {
    fn from(SessionEvent { ordinal, at, device, kind, after }: SessionEvent) -> Self {
        let kind = match kind {
            SessionEventKind::Login { kicked } => WithStatus::Login { kicked },
            SessionEventKind::Logout => WithStatus::Logout,
            SessionEventKind::LinkClosed => WithStatus::LinkClosed,
            SessionEventKind::TimedOut => WithStatus::TimedOut,
            SessionEventKind::CustomStatus(text) => WithStatus::CustomStatus(text),
            SessionEventKind::EndingCustomStatus { text, expires } => {
                WithStatus::EndingCustomStatus { text, expires }
            }
            SessionEventKind::CustomStatusExpired => WithStatus::CustomStatusExpired,
        };
        let kind = match (after, kind) {
            (Some(after), kind) if after.visibility == Visibility::Everyone => {
                StoredKind::With(after.into(), kind)
            }
            (Some(after), kind) => StoredKind::Restricted(after.visibility, after.into(), kind),
            (None, WithStatus::Login { kicked }) => StoredKind::Login { kicked },
            (None, WithStatus::Logout) => StoredKind::Logout,
            (None, WithStatus::LinkClosed) => StoredKind::LinkClosed,
            (None, WithStatus::TimedOut) => StoredKind::TimedOut,
            (None, WithStatus::CustomStatus(text)) => StoredKind::CustomStatus(text),
            (None, WithStatus::EndingCustomStatus { text, expires }) => {
                StoredKind::EndingCustomStatus { text, expires }
            }
            (None, WithStatus::CustomStatusExpired) => StoredKind::CustomStatusExpired,
        };
        Self { ordinal, at, device, kind }
    }
}

impl From<StoredEvent> for SessionEvent {
    fn from(StoredEvent { ordinal, at, device, kind }: StoredEvent) -> Self {
        let (after, kind) = match kind {
            StoredKind::With(after, kind) => (Some(after.seen_by(Visibility::Everyone)), kind),
            StoredKind::Restricted(visibility, after, kind) => (Some(after.seen_by(visibility)), kind),
            StoredKind::Login { kicked } => (None, WithStatus::Login { kicked }),
            StoredKind::Logout => (None, WithStatus::Logout),
            StoredKind::LinkClosed => (None, WithStatus::LinkClosed),
            StoredKind::TimedOut => (None, WithStatus::TimedOut),
            StoredKind::CustomStatus(text) => (None, WithStatus::CustomStatus(text)),
            StoredKind::EndingCustomStatus { text, expires } => {
                (None, WithStatus::EndingCustomStatus { text, expires })
            }
            StoredKind::CustomStatusExpired => (None, WithStatus::CustomStatusExpired),
        };
        let kind = match kind {
            WithStatus::Login { kicked } => SessionEventKind::Login { kicked },
            WithStatus::Logout => SessionEventKind::Logout,
            WithStatus::LinkClosed => SessionEventKind::LinkClosed,
            WithStatus::TimedOut => SessionEventKind::TimedOut,
            WithStatus::CustomStatus(text) => SessionEventKind::CustomStatus(text),
            WithStatus::EndingCustomStatus { text, expires } => {
                SessionEventKind::EndingCustomStatus { text, expires }
            }
            WithStatus::CustomStatusExpired => SessionEventKind::CustomStatusExpired,
        };
        Self { ordinal, at, device, kind, after }
    }
}
