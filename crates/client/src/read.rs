//! Users and statuses, converted from the messages of the wire. Items of a newer contract that this one does not know
//! are left out.

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
