//! The stored forms of a status: JSON with field names, and a form without names for the change log of a cluster.
//!
//! Nodes of two versions may run side by side, and the earlier version does not know [`UserStatus::custom_expires`]. If
//! this field is `None`, the form without names is the same as in the earlier version.

use super::{Reason, StatusType, UserStatus, Version};
use crate::{CustomStatus, ExtendedOption, PlatformSet, Timestamp, UserId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// The form with field names.
#[derive(Serialize, Deserialize)]
struct Named<'a> {
    user_id: Cow<'a, UserId>,
    status_type: StatusType,
    custom_status: Cow<'a, CustomStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    custom_expires: Option<Timestamp>,
    version: Version,
    since: Timestamp,
    reason: Reason,
    last_seen: Option<Timestamp>,
    online_devices: PlatformSet,
}

/// The form without field names.
#[derive(Serialize, Deserialize)]
struct Unnamed<'a> {
    user_id: Cow<'a, UserId>,
    status_type: StatusType,
    custom_status: Cow<'a, CustomStatus>,
    version: Version,
    since: Timestamp,
    reason: Reason,
    /// The time when the user was last connected, and the time when the custom status is cleared.
    last_seen: ExtendedOption<Timestamp, Timestamp>,
    online_devices: PlatformSet,
}

impl Serialize for UserStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (user_id, custom_status) = (Cow::Borrowed(&self.user_id), Cow::Borrowed(&self.custom_status));
        let Self { status_type, version, since, reason, last_seen, online_devices, custom_expires, .. } =
            *self;
        if serializer.is_human_readable() {
            let named = Named {
                user_id,
                status_type,
                custom_status,
                custom_expires,
                version,
                since,
                reason,
                last_seen,
                online_devices,
            };
            named.serialize(serializer)
        } else {
            let last_seen = ExtendedOption::new(last_seen, custom_expires);
            let unnamed = Unnamed {
                user_id,
                status_type,
                custom_status,
                version,
                since,
                reason,
                last_seen,
                online_devices,
            };
            unnamed.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for UserStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = if deserializer.is_human_readable() {
            Named::deserialize(deserializer)?
        } else {
            let Unnamed {
                user_id,
                status_type,
                custom_status,
                version,
                since,
                reason,
                last_seen,
                online_devices,
            } = Unnamed::deserialize(deserializer)?;
            let (last_seen, custom_expires) = last_seen.split();
            Named {
                user_id,
                status_type,
                custom_status,
                custom_expires,
                version,
                since,
                reason,
                last_seen,
                online_devices,
            }
        };
        Ok(Self {
            user_id: form.user_id.into_owned(),
            status_type: form.status_type,
            custom_status: form.custom_status.into_owned(),
            custom_expires: form.custom_expires,
            version: form.version,
            since: form.since,
            reason: form.reason,
            last_seen: form.last_seen,
            online_devices: form.online_devices,
        })
    }
}
