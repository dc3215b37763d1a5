//! Conversions between messages of the wire protocol and types of the model.

use crate::v1;
use lamplight_model::{
    CustomStatus, Platform, PlatformSet, Reason, Refusal, StatusType, Timestamp, UserId, UserStatus, Version,
};

impl From<&UserStatus> for v1::UserStatus {
    fn from(status: &UserStatus) -> Self {
        Self {
            user_id: status.user_id.as_str().to_owned(),
            status_type: status.status_type as i32,
            custom_status: status.custom_status.as_str().to_owned(),
            version: status.version.0,
            since: status.since.0,
            reason: status.reason as i32,
            last_seen: status.last_seen.map(|at| at.0),
            online_devices: status.online_devices.iter().map(|platform| platform as i32).collect(),
            custom_expires: status.custom_expires.map(|at| at.0),
        }
    }
}

/// The error for a received status with an invalid `userID` or custom status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message is not a valid user status")]
pub struct NotAStatus;

impl TryFrom<v1::UserStatus> for UserStatus {
    type Error = NotAStatus;

    /// Converts a status. Enum values of a newer protocol version are accepted: the status type becomes `Unknown`, the
    /// reason becomes its default, and platforms are skipped. An invalid `userID` or custom status is an error.
    fn try_from(status: v1::UserStatus) -> Result<Self, NotAStatus> {
        Ok(Self {
            user_id: UserId::new(&status.user_id).map_err(|_| NotAStatus)?,
            status_type: StatusType::from_number(status.status_type).unwrap_or(StatusType::Unknown),
            custom_status: CustomStatus::new(&status.custom_status, usize::MAX).map_err(|_| NotAStatus)?,
            custom_expires: status.custom_expires.map(Timestamp),
            version: Version(status.version),
            since: Timestamp(status.since),
            reason: Reason::from_number(status.reason).unwrap_or_default(),
            last_seen: status.last_seen.map(Timestamp),
            online_devices: status
                .online_devices
                .into_iter()
                .filter_map(Platform::from_number)
                .collect::<PlatformSet>(),
        })
    }
}

impl From<Refusal> for v1::Refusal {
    fn from(refusal: Refusal) -> Self {
        let mut message = refusal.code.english().to_owned();
        if !refusal.detail.is_empty() {
            message.push_str(": ");
            message.push_str(&refusal.detail);
        }
        Self { code: refusal.code.number(), message }
    }
}
