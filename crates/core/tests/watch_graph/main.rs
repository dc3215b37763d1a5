//! Tests of the watch graph with its mailboxes: scripts of watches and changes, and random operations that are compared
//! with a model of plain maps.
//!
//! The graph stores the two ends of an edge in two vectors, and the subject's end contains the index of the other. When
//! an edge is removed, the last edge of each vector moves into the gap (`swap_remove`) and gets another index. Its
//! other end, its entry in the table of a crowd, and its entry in the mailbox must then be updated.
//!
//! The mailbox lists indices in the order in which they were marked. An updated index keeps its position, so removing
//! edges does not change the order. The model has no indices, and its order is compared exactly.

// clippy.toml allows `unwrap` in `#[test]` functions, but not in functions that they call.
#![allow(clippy::unwrap_used)]

mod crowd;
#[path = "../quick/mod.rs"]
mod quick;
mod random;
mod scripts;

use lamplight_core::{Hub, WatcherKey, Why};
use lamplight_model::{
    AppId, CustomStatus, PlatformSet, Reason, StatusType, Timestamp, User, UserId, UserStatus, Version,
};

/// Removes a reason from every edge that has it, like a new watch list.
fn unwatch_all(hub: &mut Hub<UserStatus>, watcher: WatcherKey, why: Why) {
    let watched: Vec<User> = hub.watched(watcher, why).cloned().collect();
    for user in watched {
        hub.unwatch(watcher, &user, why);
    }
}

fn who(user: &str) -> User {
    User::new(AppId(1), UserId::new(user).unwrap())
}

fn state(user: &str, version: u64) -> UserStatus {
    UserStatus {
        user_id: UserId::new(user).unwrap(),
        status_type: StatusType::Online,
        custom_status: CustomStatus::NONE,
        custom_expires: None,
        version: Version(version),
        since: Timestamp(0),
        reason: Reason::Login,
        last_seen: None,
        online_devices: PlatformSet::default(),
    }
}
