//! The used and the revoked UserSigs of a user (SPEC section 5, "Revoking is exact").
//!
//! A kick revokes every UserSig that was used, and every UserSig that was issued in an earlier second than the kick. It
//! must not revoke an unused UserSig from the second of the kick, or from a later second. The record therefore stores
//! when the recently used UserSigs were issued.

use lamplight_model::{MAX_REVOKED_ONE_BY_ONE, Revoked, Timestamp};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// The time in seconds for which the use of a UserSig is remembered, in case the wall clock is set back before a kick.
const REMEMBERED_FOR: u64 = 10;

/// The UserSigs of a user. A UserSig is identified by its issue time in seconds.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Signatures {
    /// The issue times in seconds of the UserSigs that were used, in ascending order. Only the latest
    /// [`MAX_REVOKED_ONE_BY_ONE`] are stored.
    seen: SmallVec<[u64; 1]>,
    revoked: Option<Box<Revoked>>,
}

impl Signatures {
    /// Creates the value for a user from the revocation in the facts. No UserSig counts as used.
    pub fn of_facts(revoked: Option<Revoked>) -> Self {
        Self { seen: SmallVec::new(), revoked: revoked.map(Box::new) }
    }

    /// Whether a UserSig with the issue time `issued`, in seconds, was revoked.
    pub fn has_revoked(&self, issued: u64) -> bool {
        self.revoked.as_ref().is_some_and(|revoked| revoked.refuses(issued))
    }

    /// The revocation; `None` if there was none.
    pub fn revoked(&self) -> Option<&Revoked> {
        self.revoked.as_deref()
    }

    /// Records that the user has used a UserSig with the issue time `issued`, in seconds. Returns whether the record
    /// has changed. The use is not recorded if the issue time is more than ten seconds ago.
    pub fn note(&mut self, issued: u64, now: Timestamp) -> bool {
        let from = now.as_secs().saturating_sub(REMEMBERED_FOR);
        if issued < from {
            return false;
        }
        let Err(place) = self.seen.binary_search(&issued) else { return false };
        self.seen.insert(place, issued);
        self.seen.retain(|seen| *seen >= from);
        if self.seen.len() > MAX_REVOKED_ONE_BY_ONE {
            self.seen.remove(0);
        }
        self.seen.shrink_to_fit();
        true
    }

    /// The issue times, in seconds, of the used UserSigs that a revocation at the time `at` has to name individually.
    /// No issue time is in an earlier second than `at`.
    pub fn seen_since(&self, at: Timestamp) -> impl Iterator<Item = u64> {
        self.seen.iter().copied().filter(move |issued| *issued >= at.as_secs())
    }

    /// Whether [`Signatures::revoke`] with this revocation would change the value.
    pub fn lacks(&self, revoked: &Revoked) -> bool {
        self.revoked.as_ref().is_none_or(|known| known.clone().merge(revoked))
    }

    /// Adds a revocation. Returns whether it refuses more UserSigs than before.
    pub fn revoke(&mut self, revoked: &Revoked) -> bool {
        match &mut self.revoked {
            Some(known) => known.merge(revoked),
            None => {
                self.revoked = Some(Box::new(revoked.clone()));
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_is_remembered_while_a_kick_could_meet_it() {
        let mut sigs = Signatures::default();
        assert!(sigs.note(1_000, Timestamp(1_000_000)));
        assert!(!sigs.note(1_000, Timestamp(1_000_500)));
        assert!(sigs.note(4_600, Timestamp(1_001_000)), "dated an hour ahead");
        assert!(!sigs.note(500, Timestamp(1_001_000)), "any kick from now on refuses it by its date");
        assert_eq!(sigs.seen_since(Timestamp(1_000_999)).collect::<Vec<_>>(), [1_000, 4_600]);
        assert_eq!(sigs.seen_since(Timestamp(1_001_000)).collect::<Vec<_>>(), [4_600]);
        assert!(sigs.note(1_100, Timestamp(1_100_000)));
        assert_eq!(sigs.seen_since(Timestamp(0)).collect::<Vec<_>>(), [1_100, 4_600]);
    }

    #[test]
    fn the_bound_of_what_is_remembered_keeps_the_latest() {
        let mut sigs = Signatures::default();
        for issued in 0..100 {
            sigs.note(1_000 + issued, Timestamp(1_000_000));
        }
        let seen: Vec<u64> = sigs.seen_since(Timestamp(0)).collect();
        assert_eq!((seen.len(), seen[0]), (MAX_REVOKED_ONE_BY_ONE, 1_100 - MAX_REVOKED_ONE_BY_ONE as u64));
    }

    #[test]
    fn a_revocation_counts_from_when_it_is_taken_in() {
        let mut sigs = Signatures::of_facts(None);
        sigs.note(1_000, Timestamp(1_000_000));
        assert!(!sigs.has_revoked(1_000));
        let revoked = Revoked::new(Timestamp(1_000_700), sigs.seen_since(Timestamp(1_000_700)));
        assert!(sigs.revoke(&revoked));
        assert!(!sigs.revoke(&revoked));
        assert!(sigs.has_revoked(1_000) && sigs.has_revoked(999) && !sigs.has_revoked(1_001));
    }
}
