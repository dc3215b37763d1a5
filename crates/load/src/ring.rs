//! The watch graph of a load. The users form a ring. Each user watches the ten nearest users on each side, and is
//! watched by the same users.

use anyhow::{Result, ensure};

/// The number of users that each user watches, which is also the number of each user's watchers.
pub const WATCHED: usize = 20;
/// The number of users whose statuses a connection receives: the watched users, and its own user.
pub const EDGES: usize = WATCHED + 1;
/// The number of users that each user watches on each side.
const REACH: u32 = 10;

/// A ring of users, numbered from 0.
#[derive(Clone, Copy, Debug)]
pub struct Ring {
    users: u32,
}

impl Ring {
    /// Creates a ring. Fails if the users are too few to have twenty different neighbours, or too many for the length
    /// of a `userID`.
    pub fn new(users: u32) -> Result<Self> {
        ensure!(
            (EDGES as u32..10_000_000).contains(&users),
            "the number of users must be from {EDGES} to 9,999,999, not {users}"
        );
        Ok(Self { users })
    }

    /// Returns the number of users.
    pub fn users(self) -> u32 {
        self.users
    }

    /// Returns the twenty users that a user watches. They are also the watchers of that user.
    pub fn neighbours(self, user: u32) -> impl Iterator<Item = u32> {
        (1..=REACH)
            .flat_map(move |step| [(user + step) % self.users, (user + self.users - step) % self.users])
    }

    /// Returns the index of a pair of a connection and a user; `None` if the connection does not receive the status of
    /// the user. The first pair of a connection is the one with its own user.
    pub fn edge(self, watcher: u32, user: u32) -> Option<usize> {
        let forwards = (user + self.users - watcher) % self.users;
        let place = if forwards <= REACH {
            forwards
        } else if self.users - forwards <= REACH {
            REACH + self.users - forwards
        } else {
            return None;
        };
        Some(watcher as usize * EDGES + place as usize)
    }

    /// Returns at most `count` users, beginning with `first`. They are so far apart that no two of them have a common
    /// neighbour.
    pub fn spread(self, first: u32, count: u32) -> Vec<u32> {
        let apart = 2 * REACH + 1;
        (0..count.min(self.users / apart)).map(|index| (first + index * apart) % self.users).collect()
    }
}

/// Returns the `userID` of a user.
pub fn user_id(user: u32) -> String {
    format!("u{user:07}")
}

/// Returns the user with a `userID`; `None` if the id is not from this load.
pub fn user_of(id: &[u8]) -> Option<u32> {
    let digits = id.strip_prefix(b"u").filter(|digits| digits.len() == 7)?;
    digits
        .iter()
        .try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn everyone_watches_twenty_others_along_edges_of_their_own() {
        for users in [21, 22, 40, 41, 100] {
            let ring = Ring::new(users).unwrap();
            let mut edges = HashSet::new();
            let mut watched_by = vec![0; users as usize];
            for watcher in 0..users {
                assert!(edges.insert(ring.edge(watcher, watcher).unwrap()));
                for user in ring.neighbours(watcher) {
                    assert!(edges.insert(ring.edge(watcher, user).unwrap()), "{users}: {watcher}, {user}");
                    watched_by[user as usize] += 1;
                }
            }
            assert_eq!(edges.len(), users as usize * EDGES);
            assert!(watched_by.iter().all(|count| *count == WATCHED));
        }
        assert_eq!(Ring::new(100).unwrap().edge(0, 11), None);
        assert!(Ring::new(20).is_err());
    }

    #[test]
    fn who_is_spread_has_no_neighbour_in_common() {
        let ring = Ring::new(100).unwrap();
        let spread = ring.spread(95, 100);
        assert_eq!(spread.len(), 4);
        let all: HashSet<u32> =
            spread.iter().flat_map(|user| ring.neighbours(*user).chain([*user])).collect();
        assert_eq!(all.len(), 4 * EDGES);
    }

    #[test]
    fn a_user_is_found_by_the_id() {
        assert_eq!(user_of(user_id(1_234).as_bytes()), Some(1_234));
        for other in ["", "u", "u123", "v0001234", "u000123x", "u00001234"] {
            assert_eq!(user_of(other.as_bytes()), None, "{other}");
        }
    }
}
