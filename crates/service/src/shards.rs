//! A table that is split into parts by a hash of the user.

use lamplight_model::User;
use std::hash::BuildHasher;

/// The `N` parts of a table. The hash differs from process to process.
pub(crate) struct Shards<T, const N: usize> {
    shards: [T; N],
    hasher: foldhash::fast::RandomState,
}

impl<T: Default, const N: usize> Default for Shards<T, N> {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| T::default()), hasher: Default::default() }
    }
}

impl<T, const N: usize> Shards<T, N> {
    /// The part for this user.
    pub fn of(&self, user: &User) -> &T {
        &self.shards[self.hasher.hash_one(user) as usize % N]
    }

    /// All parts.
    pub fn all(&self) -> &[T; N] {
        &self.shards
    }
}
