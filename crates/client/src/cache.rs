//! The cache of the last status of each watched user.
//!
//! It contains nothing about other users. Its size is bounded by the number of watched users, which the server limits.

use lamplight_model::{UserId, UserStatus};
use lamplight_wire::v1;
use prost::Message as _;
use std::collections::{BTreeMap, BTreeSet};

/// The cached statuses of the watched users, by `userID`.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    statuses: BTreeMap<UserId, UserStatus>,
}

impl Cache {
    /// Adds a status if its user is not in the cache, or if the status is newer than the cached one. The statuses must
    /// belong to watched users. Returns the changed entries: each user at most once, ordered by `userID`.
    pub(crate) fn fold(&mut self, told: impl IntoIterator<Item = UserStatus>) -> Vec<UserStatus> {
        self.fold_replacing(told, |_| false)
    }

    /// Adds statuses like [`fold`](Self::fold). A status for which `replaces` returns `true` also replaces a newer
    /// status.
    pub(crate) fn fold_replacing(
        &mut self,
        told: impl IntoIterator<Item = UserStatus>,
        mut replaces: impl FnMut(&UserStatus) -> bool,
    ) -> Vec<UserStatus> {
        let mut changed = BTreeSet::new();
        for status in told {
            let replaces = replaces(&status);
            let held = self.statuses.get(&status.user_id);
            if held.is_none_or(|held| held.version < status.version || (replaces && *held != status)) {
                changed.insert(status.user_id.clone());
                self.statuses.insert(status.user_id.clone(), status);
            }
        }
        changed.iter().filter_map(|user| self.statuses.get(user).cloned()).collect()
    }

    /// Selects the statuses whose users are in the cache. An answer to a query may also contain other users.
    pub(crate) fn watched(&self, told: impl IntoIterator<Item = UserStatus>) -> Vec<UserStatus> {
        told.into_iter().filter(|status| self.statuses.contains_key(&status.user_id)).collect()
    }

    /// Removes users who are no longer watched. Returns the removed users who were in the cache.
    pub(crate) fn remove<'a>(&mut self, users: impl IntoIterator<Item = &'a UserId>) -> Vec<UserId> {
        users.into_iter().filter_map(|user| self.statuses.remove_entry(user)).map(|(user, _)| user).collect()
    }

    /// Removes all users.
    pub(crate) fn clear(&mut self) {
        self.statuses.clear();
    }

    /// Returns the cached status of a user; `None` if the user is not in the cache.
    pub(crate) fn get(&self, user: &UserId) -> Option<&UserStatus> {
        self.statuses.get(user)
    }

    /// Returns all cached statuses, in the order of the `userID`s.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &UserStatus> {
        self.statuses.values()
    }

    /// Returns the versions of cached statuses, newest first, that fit into `budget` bytes of a `LoginRequest`. The
    /// server sends the statuses of all other watched users again.
    pub(crate) fn known(&self, budget: usize) -> Vec<v1::Known> {
        let mut newest: Vec<&UserStatus> = self.statuses.values().collect();
        newest.sort_by(|one, other| other.version.cmp(&one.version).then(one.user_id.cmp(&other.user_id)));
        let mut left = budget;
        let known = newest.into_iter().map(|status| v1::Known {
            user_id: status.user_id.as_str().to_owned(),
            version: status.version.0,
        });
        known
            .take_while(|known| {
                let length = known.encoded_len();
                let element = 1 + prost::length_delimiter_len(length) + length;
                let fits = element <= left;
                left = left.saturating_sub(element);
                fits
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{brief, statuses};

    /// Adds `told` to a cache with the statuses `held`. Compares the returned changes with `differs`, and the cache
    /// with `after`. Each word is `user:version`.
    fn check(held: &str, told: &str, differs: &str, after: &str) {
        let mut cache = Cache::default();
        cache.fold(statuses(held));
        assert_eq!(brief(&cache.fold(statuses(told))), differs, "{held} + {told}");
        assert_eq!(brief(cache.iter()), after, "{held} + {told}");
    }

    #[test]
    fn the_newer_version_stays_and_only_what_differs_is_handed_back() {
        check("", "", "", "");
        check("", "bob:1 ann:2", "ann:2 bob:1", "ann:2 bob:1");
        check("ann:2", "ann:1", "", "ann:2");
        check("ann:2", "ann:2", "", "ann:2");
        check("ann:2", "ann:3", "ann:3", "ann:3");
        check("ann:2 bob:7", "ann:3 bob:6", "ann:3", "ann:3 bob:7");
        check("ann:2", "ann:3 ann:5 ann:4", "ann:5", "ann:5");
        check("", "ann:0", "ann:0", "ann:0");
    }

    #[test]
    fn a_query_refreshes_the_watched_and_keeps_nothing_of_others() {
        let mut cache = Cache::default();
        cache.fold(statuses("ann:2"));
        let told = cache.watched(statuses("ann:3 bob:9"));
        assert_eq!(brief(&cache.fold(told)), "ann:3");
        assert_eq!(brief(cache.iter()), "ann:3");
    }

    #[test]
    fn what_replaces_holds_even_where_it_is_older() {
        let mut cache = Cache::default();
        cache.fold(statuses("ann:5 bob:5 cid:5"));
        let told = statuses("ann:3 bob:4 cid:5");
        assert_eq!(brief(&cache.fold_replacing(told, |status| status.user_id.as_str() != "bob")), "ann:3");
        assert_eq!(brief(cache.iter()), "ann:3 bob:5 cid:5");
    }

    #[test]
    fn who_is_removed_is_handed_back_once() {
        let mut cache = Cache::default();
        cache.fold(statuses("ann:2 bob:1"));
        let (ann, zoe) = (UserId::new("ann").unwrap(), UserId::new("zoe").unwrap());
        assert_eq!(cache.remove([&ann, &ann, &zoe]), [ann]);
        assert_eq!(brief(cache.iter()), "bob:1");
    }

    #[test]
    fn the_newest_versions_are_known_as_far_as_the_budget_goes() {
        let mut cache = Cache::default();
        cache.fold(statuses("ann:2 bob:9 cid:5"));
        // Each entry has 2 bytes of prefix, 5 bytes for the name and 2 bytes for the version.
        let cases = [
            (0, ""),
            (8, ""),
            (9, "bob"),
            (17, "bob"),
            (18, "bob cid"),
            (27, "bob cid ann"),
            (999, "bob cid ann"),
        ];
        for (budget, expected) in cases {
            let names: Vec<_> = cache.known(budget).into_iter().map(|known| known.user_id).collect();
            assert_eq!(names.join(" "), expected, "{budget}");
        }
    }
}
