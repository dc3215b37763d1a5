//! Conversions of users and statuses from the wire protocol. Invalid items, for example of a newer version, are
//! skipped.

use lamplight_model::{UserId, UserStatus};
use lamplight_wire::v1;

/// Converts statuses. Skips invalid statuses.
pub(crate) fn statuses(told: Vec<v1::UserStatus>) -> Vec<UserStatus> {
    told.into_iter().filter_map(|status| UserStatus::try_from(status).ok()).collect()
}

/// Parses `userID`s. Skips invalid ids.
pub(crate) fn users(told: &[String]) -> Vec<UserId> {
    told.iter().filter_map(|text| UserId::new(text).ok()).collect()
}
