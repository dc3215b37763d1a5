//! The watch graph of the workload: a ring of users, each watching the ten nearest on either side.

use anyhow::{Result, ensure};

/// The number of users that each user watches, and the number of each user's watchers.
pub const WATCHED: usize = 20;
/// The number of watched users on each side.
const REACH: u32 = WATCHED as u32 / 2;
/// The maximum number of users. Many systems allow only 20,000 files per process.
const MOST: u32 = 100_000;

/// A ring of users, numbered from 0.
#[derive(Clone, Copy, Debug)]
pub struct Ring {
    users: u32,
}

impl Ring {
    /// Creates a ring. Fails if the users are too few to have twenty different neighbours, or too many.
    pub fn new(users: u32) -> Result<Self> {
        ensure!(
            (2 * REACH + 1..=MOST).contains(&users),
            "the number of users must be from {} to {MOST}, not {users}",
            2 * REACH + 1
        );
        Ok(Self { users })
    }

    /// Returns the number of users.
    pub fn users(self) -> u32 {
        self.users
    }

    /// Returns the number of (watcher, watched user) pairs.
    pub fn edges(self) -> usize {
        self.users as usize * WATCHED
    }

    /// Returns the twenty users that a user watches. They are also the watchers of that user.
    pub fn neighbours(self, user: u32) -> impl Iterator<Item = u32> + Clone {
        let users = self.users;
        (1..=REACH).flat_map(move |step| [(user + step) % users, (user + users - step) % users])
    }

    /// Returns the index of a pair of a watcher and a watched user; `None` if there is no such pair.
    pub fn edge(self, watcher: u32, user: u32) -> Option<usize> {
        let ahead = if user >= watcher { user - watcher } else { user + self.users - watcher };
        let place = if (1..=REACH).contains(&ahead) {
            ahead - 1
        } else if ahead != 0 && self.users - ahead <= REACH {
            REACH + self.users - ahead - 1
        } else {
            return None;
        };
        Some(watcher as usize * WATCHED + place as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn everyone_watches_twenty_others_along_edges_of_their_own() {
        for users in [21, 22, 50, 99] {
            let ring = Ring::new(users).unwrap();
            let mut edges = HashSet::new();
            for watcher in 0..users {
                let watched: HashSet<u32> = ring.neighbours(watcher).collect();
                assert_eq!(watched.len(), WATCHED);
                assert!(watched.iter().all(|user| ring.neighbours(*user).any(|other| other == watcher)));
                for user in 0..users {
                    let edge = ring.edge(watcher, user);
                    assert_eq!(edge.is_some(), watched.contains(&user), "{users}: {watcher}, {user}");
                    assert!(edge.is_none_or(|edge| edge < ring.edges() && edges.insert(edge)));
                }
            }
            assert_eq!(edges.len(), ring.edges());
        }
        assert!(Ring::new(20).is_err());
    }
}
