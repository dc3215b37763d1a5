//! The form in which a session event is written: to the journal of live records by position, to the outbox as JSON.
//!
//! Both hold events that earlier versions wrote, without the status after the event. An event with one is of a kind of
//! its own, behind those that there were, so that one reader reads both.

use super::{EventDevice, SessionEvent, SessionEventKind, StatusAfter};
use crate::{CustomStatus, Platform, Timestamp};
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct StoredEvent {
    ordinal: u64,
    at: Timestamp,
    device: Option<EventDevice>,
    kind: StoredKind,
}

/// The order of the variants is part of the form.
#[derive(Clone, Serialize, Deserialize)]
enum StoredKind {
    Login { kicked: Vec<Platform> },
    Logout,
    LinkClosed,
    TimedOut,
    CustomStatus(CustomStatus),
    With(StatusAfter, WithStatus),
}

/// The kind of an event of which the status after it is known. The order of the variants is part of the form.
#[derive(Clone, Serialize, Deserialize)]
enum WithStatus {
    Login { kicked: Vec<Platform> },
    Logout,
    LinkClosed,
    TimedOut,
    CustomStatus(CustomStatus),
}

impl From<SessionEvent> for StoredEvent {
    fn from(SessionEvent { ordinal, at, device, kind, after }: SessionEvent) -> Self {
        let kind = match kind {
            SessionEventKind::Login { kicked } => WithStatus::Login { kicked },
            SessionEventKind::Logout => WithStatus::Logout,
            SessionEventKind::LinkClosed => WithStatus::LinkClosed,
            SessionEventKind::TimedOut => WithStatus::TimedOut,
            SessionEventKind::CustomStatus(text) => WithStatus::CustomStatus(text),
        };
        let kind = match (after, kind) {
            (Some(after), kind) => StoredKind::With(after, kind),
            (None, WithStatus::Login { kicked }) => StoredKind::Login { kicked },
            (None, WithStatus::Logout) => StoredKind::Logout,
            (None, WithStatus::LinkClosed) => StoredKind::LinkClosed,
            (None, WithStatus::TimedOut) => StoredKind::TimedOut,
            (None, WithStatus::CustomStatus(text)) => StoredKind::CustomStatus(text),
        };
        Self { ordinal, at, device, kind }
    }
}

impl From<StoredEvent> for SessionEvent {
    fn from(StoredEvent { ordinal, at, device, kind }: StoredEvent) -> Self {
        let (after, kind) = match kind {
            StoredKind::With(after, kind) => (Some(after), kind),
            StoredKind::Login { kicked } => (None, WithStatus::Login { kicked }),
            StoredKind::Logout => (None, WithStatus::Logout),
            StoredKind::LinkClosed => (None, WithStatus::LinkClosed),
            StoredKind::TimedOut => (None, WithStatus::TimedOut),
            StoredKind::CustomStatus(text) => (None, WithStatus::CustomStatus(text)),
        };
        let kind = match kind {
            WithStatus::Login { kicked } => SessionEventKind::Login { kicked },
            WithStatus::Logout => SessionEventKind::Logout,
            WithStatus::LinkClosed => SessionEventKind::LinkClosed,
            WithStatus::TimedOut => SessionEventKind::TimedOut,
            WithStatus::CustomStatus(text) => SessionEventKind::CustomStatus(text),
        };
        Self { ordinal, at, device, kind, after }
    }
}
