//! Users and statuses, read from the messages of the wire. An item that a newer contract has and this one does not know
//! is left out, and the rest is read.

use lamplight_model::{UserId, UserStatus};
use lamplight_wire::v1;

/// Reads statuses; those that cannot be read are left out.
pub(crate) fn statuses(told: Vec<v1::UserStatus>) -> Vec<UserStatus> {
    told.into_iter().filter_map(|status| UserStatus::try_from(status).ok()).collect()
}

/// Reads `userID`s; those that are not valid are left out.
pub(crate) fn users(told: &[String]) -> Vec<UserId> {
    told.iter().filter_map(|text| UserId::new(text).ok()).collect()
}
