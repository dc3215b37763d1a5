//! The ends of logins, and the UserSigs that were revoked.

use crate::{DeviceId, Platform, Timestamp};
use serde::{Deserialize, Serialize};

/// A login that has ended. A later login of the same device has a higher number. A late report of this end therefore
/// does not affect the later login.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct EndedLogin {
    /// The device whose login ended.
    pub device: DeviceId,
    /// The number of the login, which the facts have assigned.
    pub login: u64,
    /// The end mark that the device gets; `None` if it gets none.
    pub mark: Option<EndMark>,
}

/// How the last login of a device ended. The mark is kept until the application of the device logs in again.
///
/// While the mark is kept, every attempt of the device to resume the login is refused with 6208. A device that was
/// kicked by another login ([`EndWhy::KickedBy`]) may not know it yet. Its application's next login is then also
/// refused with 6208, but only once (SPEC section 5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct EndMark {
    /// The cause of the end.
    pub why: EndWhy,
    /// Whether the device was notified of the end. It was notified if it was connected when it was kicked, or if a
    /// login was refused because of the end. Always `true` for [`EndWhy::LoggedOut`].
    pub told: bool,
    /// The time at which the login ended.
    pub at: Timestamp,
}

/// The cause for which a login ended, as stored in the end mark of the device.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum EndWhy {
    /// Another login of the account kicked the login. The value is the platform of the other login.
    KickedBy(Platform),
    /// The device logged out, its UserSig expired, or the server API or an operator kicked the user. A login that was
    /// recorded and then refused has this cause too, unless another login kicked it.
    LoggedOut,
}

/// The maximum number of UserSigs that a revocation can name individually.
pub const MAX_REVOKED_ONE_BY_ONE: usize = 64;

/// The UserSigs of a user that are refused with 70052 (SPEC section 5, "Revoking is exact"). These are all UserSigs
/// that were issued in an earlier second than the revocation, and some later UserSigs that the user has used.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Revoked {
    /// The time of the revocation. UserSigs that were issued in an earlier second are refused.
    pub at: Timestamp,
    /// The issue times of the other refused UserSigs, in seconds and in ascending order. There are at most
    /// [`MAX_REVOKED_ONE_BY_ONE`]. No issue time is in an earlier second than [`Revoked::at`].
    pub also: Vec<u64>,
}

impl Revoked {
    /// Creates a revocation at the time `at`. `seen` has the issue times, in seconds, of the UserSigs that the user has
    /// used.
    pub fn new(at: Timestamp, seen: impl IntoIterator<Item = u64>) -> Self {
        let mut revoked = Self { at, also: seen.into_iter().collect() };
        revoked.tidy();
        revoked
    }

    /// Whether a UserSig with the issue time `issued`, in seconds, is refused.
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

    /// Limits the length of `also`: removes its earliest issue times, and moves `at` past them. No revoked UserSig
    /// becomes valid.
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
        // The user has not used a UserSig of this second, so a new one of this second is accepted.
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
