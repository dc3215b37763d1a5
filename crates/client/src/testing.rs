//! A short notation for statuses in tests: `ann:3` is the status of `ann` with version 3.

use lamplight_model::{
    CustomStatus, PlatformSet, Reason, StatusType, Timestamp, UserId, UserStatus, Version,
};

/// Parses statuses in the notation of this module.
pub(crate) fn statuses(words: &str) -> Vec<UserStatus> {
    words.split_whitespace().map(status).collect()
}

/// Parses one status in the notation of this module.
pub(crate) fn status(word: &str) -> UserStatus {
    let (user, version) = word.split_once(':').expect("user:version");
    UserStatus {
        user_id: UserId::new(user).unwrap(),
        status_type: StatusType::Online,
        custom_status: CustomStatus::NONE,
        custom_expires: None,
        version: Version(version.parse().unwrap()),
        since: Timestamp(0),
        reason: Reason::Login,
        last_seen: None,
        online_devices: PlatformSet::default(),
    }
}

/// Formats statuses in the notation of this module.
pub(crate) fn brief<'a>(statuses: impl IntoIterator<Item = &'a UserStatus>) -> String {
    let words: Vec<_> =
        statuses.into_iter().map(|status| format!("{}:{}", status.user_id, status.version)).collect();
    words.join(" ")
}
