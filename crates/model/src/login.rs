//! The ends of logins, and the UserSigs that were revoked.

use crate::{DeviceId, Platform, Timestamp};
use serde::{Deserialize, Serialize};

/// A login that has ended, identified by its number. A login of the same device with a higher number is another login,
/// and is not affected by this end, however late it arrives or however often it is repeated.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct EndedLogin {
    /// The device whose login ended.
    pub device: DeviceId,
    /// The number of the login, assigned by the facts when it was recorded.
    pub login: u64,
    /// The end mark for the device, if the login leaves one.
    pub mark: Option<EndMark>,
}

/// Records how the last login of a device ended, until its application logs in again.
///
/// A resume of such a device is refused with 6208 every time. A login by the application is refused with 6208 once, and
/// only if the device was kicked and has not been notified of it (SPEC section 5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct EndMark {
    /// The cause of the end.
    pub why: EndWhy,
    /// Whether the device has been notified: it was connected at the time, or has tried to log in since.
    pub told: bool,
    /// The time at which the login ended.
    pub at: Timestamp,
}

/// The causes of an end that leaves a mark.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum EndWhy {
    /// Another login of the account, on this platform, has ended the login.
    KickedBy(Platform),
    /// The device logged out, its UserSig expired, or an operator or the server API ended every login of the user.
    LoggedOut,
}

/// The most UserSigs that a revocation names individually.
pub const MAX_REVOKED_ONE_BY_ONE: usize = 64;

/// The UserSigs of a user that are no longer accepted (70052): those dated before a certain second, and some later ones
/// that were seen from the user (SPEC section 5, "Revoking is exact").
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Revoked {
    /// UserSigs dated before the second of this time are not accepted.
    pub at: Timestamp,
    /// UserSigs dated in one of these seconds are not accepted either. The seconds are ascending, each at or after
    /// [`Revoked::at`], and at most [`MAX_REVOKED_ONE_BY_ONE`].
    pub also: Vec<u64>,
}

impl Revoked {
    /// Creates a revocation at this time for a user from whom UserSigs of these seconds were seen.
    pub fn new(at: Timestamp, seen: impl IntoIterator<Item = u64>) -> Self {
        let mut revoked = Self { at, also: seen.into_iter().collect() };
        revoked.tidy();
        revoked
    }

    /// Whether a UserSig dated in this second is refused.
    pub fn refuses(&self, issued: u64) -> bool {
        issued < self.at.as_secs() || self.also.binary_search(&issued).is_ok()
    }

    /// Adds another revocation of the same user. Returns whether more UserSigs are refused than before.
    pub fn merge(&mut self, other: &Self) -> bool {
        let before = self.clone();
        self.at = self.at.max(other.at);
        self.also.extend_from_slice(&other.also);
        self.tidy();
        *self != before
    }

    /// Keeps the list of seconds within its bound: if it is longer, all UserSigs up to the latest second that does not
    /// fit are revoked, which refuses more than was asked for, but never less.
    fn tidy(&mut self) {
        self.also.sort_unstable();
        self.also.dedup();
        if let Some(last_of_whole) =
            self.also.len().checked_sub(MAX_REVOKED_ONE_BY_ONE + 1).map(|index| self.also[index])
        {
            self.at = self.at.max(Timestamp((last_of_whole + 1).saturating_mul(1_000)));
        }
        let from = self.at.as_secs();
        self.also.retain(|issued| *issued >= from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revocation_refuses_what_is_older_and_what_was_seen() {
        let revoked = Revoked::new(Timestamp(100_900), [99, 100, 160]);
        let table =
            [(0, true), (99, true), (100, true), (101, false), (159, false), (160, true), (161, false)];
        for (issued, expected) in table {
            assert_eq!(revoked.refuses(issued), expected, "{issued}");
        }
        assert_eq!(revoked.also, [100, 160]);
        // No UserSig of this second was seen, so a new one of this second is accepted.
        assert!(!Revoked::new(Timestamp(100_900), []).refuses(100));
        assert!(!Revoked::default().refuses(0));
    }

    #[test]
    fn revocations_add_up() {
        let mut revoked = Revoked::new(Timestamp(100_000), [100, 160]);
        assert!(!revoked.merge(&Revoked::new(Timestamp(90_000), [160])));
        assert!(revoked.merge(&Revoked::new(Timestamp(120_000), [130])));
        assert_eq!(revoked, Revoked { at: Timestamp(120_000), also: vec![130, 160] });
    }

    #[test]
    fn past_the_bound_more_is_refused_and_not_less() {
        let seen = 100..=100 + MAX_REVOKED_ONE_BY_ONE as u64;
        let revoked = Revoked::new(Timestamp(90_000), seen.clone());
        assert_eq!(revoked.also.len(), MAX_REVOKED_ONE_BY_ONE);
        assert!(seen.into_iter().all(|issued| revoked.refuses(issued)));
        assert!(revoked.refuses(95) && !revoked.refuses(101 + MAX_REVOKED_ONE_BY_ONE as u64));
    }
}
