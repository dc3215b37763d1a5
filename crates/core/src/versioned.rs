//! The forms of a status that a mailbox can refer to.

use lamplight_model::{Reason, UserStatus, Version};

/// The form in which the hub of a worker stores a status. Statuses of one user are ordered by their versions.
pub trait Versioned {
    /// Converts `status` into this form.
    fn of(status: &UserStatus) -> Self
    where
        Self: Sized;

    /// The version of the status.
    fn version(&self) -> Version;

    /// Whether `newer` is this state after it was put back, because records were lost. `newer` then has a higher
    /// version, and a watcher sees no other difference.
    fn is_put_back_as(&self, newer: &Self) -> bool;

    /// Whether `newer` differs from this state only in the version.
    fn is_renumbered_as(&self, newer: &Self) -> bool;
}

impl Versioned for UserStatus {
    fn of(status: &UserStatus) -> Self {
        status.clone()
    }

    fn version(&self) -> Version {
        self.version
    }

    fn is_put_back_as(&self, newer: &Self) -> bool {
        // Without a loss, the reason of a change to ONLINE comes with another `since`.
        let is_rebuilt = matches!(newer.reason, Reason::None | Reason::Login);
        let Self { user_id, status_type, custom_status, custom_expires, since, last_seen, .. } = self;
        let is_same = (user_id, status_type, custom_status, custom_expires)
            == (&newer.user_id, &newer.status_type, &newer.custom_status, &newer.custom_expires)
            && (since, last_seen) == (&newer.since, &newer.last_seen);
        is_rebuilt && is_same
    }

    fn is_renumbered_as(&self, newer: &Self) -> bool {
        *self == Self { version: self.version, ..newer.clone() }
    }
}
