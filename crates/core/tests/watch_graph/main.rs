//! The watch graph with its mailboxes: scripts of watches and changes, and random traffic against a model of plain
//! maps.
//!
//! The graph keeps the two ends of an edge in two vectors, and each end knows the place of the other. Removing
//! an edge moves the last edge of both vectors into the gap (`swap_remove`), so a place is no identity: the
//! other end of the moved edge, and its entry in the mailbox, must be told the new place. The mailbox lists
//! places in the order of their marks, and a place that changes is rewritten where it stands. So what waits
//! keeps its turn whoever else is removed; the model, which knows no places, compares the order exactly.

// clippy.toml lets `#[test]` functions unwrap, but not what they call.
#![allow(clippy::unwrap_used)]

#[path = "../quick/mod.rs"]
mod quick;
mod random;
mod scripts;

use lamplight_core::{Hub, WatcherKey, Why};
use lamplight_model::{
    AppId, CustomStatus, PlatformSet, Reason, StatusType, Timestamp, User, UserId, UserStatus, Version,
};

/// Takes a reason away from every edge that has it, as a new watch list does.
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
        version: Version(version),
        since: Timestamp(0),
        reason: Reason::Login,
        last_seen: None,
        online_devices: PlatformSet::default(),
    }
}
