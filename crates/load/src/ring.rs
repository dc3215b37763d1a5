//! The watch graph of a load. The users form a ring. Each user watches the ten nearest users on each side, and is
//! watched by the same users. A measurement of large audiences uses a crowd instead: the first users are stars, and a
//! part of the other users watches all stars.

use anyhow::{Result, ensure};

/// The number of users that each user of a ring watches, which is also the number of each user's watchers.
pub const WATCHED: usize = 20;
/// The maximum number of users whose statuses a connection receives: the watched users, and its own user.
pub const EDGES: usize = WATCHED + 1;
/// The number of users that each user watches on each side.
const REACH: u32 = 10;
/// The number of the first user that is too large for the length of a `userID`.
const END_OF_USERS: u32 = 10_000_000;

/// The users of a load, numbered from 0, with the relation who watches whom.
#[derive(Clone, Copy, Debug)]
pub struct Ring {
    users: u32,
    /// `None` in a ring.
    crowd: Option<Crowd>,
}

/// Stars, which are the users `0..stars`, and their watchers, which are the users that follow.
#[derive(Clone, Copy, Debug)]
struct Crowd {
    stars: u32,
    watchers: u32,
}

impl Ring {
    /// Creates a ring. Fails if the users are too few to have twenty different neighbours, or too many for the length
    /// of a `userID`.
    pub fn new(users: u32) -> Result<Self> {
        ensure!(
            (EDGES as u32..END_OF_USERS).contains(&users),
            "the number of users must be from {EDGES} to 9,999,999, not {users}"
        );
        Ok(Self { users, crowd: None })
    }

    /// Creates a crowd: `stars` users, each with the same `watchers`. Users beyond these neither watch nor are watched.
    /// Fails if there are no or more than twenty stars, no watchers, or too few or too many users.
    pub fn crowd(users: u32, stars: u32, watchers: u32) -> Result<Self> {
        ensure!((1..=WATCHED as u32).contains(&stars), "the number of stars must be from 1 to {WATCHED}");
        ensure!(
            watchers > 0 && users < END_OF_USERS && watchers <= users.saturating_sub(stars),
            "{users} users cannot be {stars} stars and {watchers} watchers"
        );
        Ok(Self { users, crowd: Some(Crowd { stars, watchers }) })
    }

    /// Returns the number of users.
    pub fn users(self) -> u32 {
        self.users
    }

    /// Returns the users that others watch.
    pub fn watched(self) -> std::ops::Range<u32> {
        0..self.crowd.map_or(self.users, |crowd| crowd.stars)
    }

    /// Returns the number of watchers of each user in [`watched`](Self::watched).
    pub fn watchers(self) -> u32 {
        self.crowd.map_or(WATCHED as u32, |crowd| crowd.watchers)
    }

    /// Returns the users that a user watches. In a ring, they are also the watchers of that user.
    pub fn neighbours(self, user: u32) -> impl Iterator<Item = u32> {
        let (steps, stars) = match self.crowd {
            None => (REACH, 0),
            Some(crowd) => (0, if crowd.is_watcher(user) { crowd.stars } else { 0 }),
        };
        let ring = (1..=steps)
            .flat_map(move |step| [(user + step) % self.users, (user + self.users - step) % self.users]);
        ring.chain(0..stars)
    }

    /// Returns the index of a pair of a connection and a user; `None` if the connection does not receive the status of
    /// the user. The first pair of a connection is the one with its own user.
    pub fn edge(self, watcher: u32, user: u32) -> Option<usize> {
        let place = match self.crowd {
            _ if watcher == user => 0,
            Some(crowd) => (crowd.is_watcher(watcher) && user < crowd.stars).then_some(user + 1)?,
            None => {
                let forwards = (user + self.users - watcher) % self.users;
                if forwards <= REACH {
                    forwards
                } else if self.users - forwards <= REACH {
                    REACH + self.users - forwards
                } else {
                    return None;
                }
            }
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

impl Crowd {
    fn is_watcher(self, user: u32) -> bool {
        (self.stars..self.stars + self.watchers).contains(&user)
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
    fn a_crowd_watches_the_stars_and_nobody_else_watches() {
        let crowd = Ring::crowd(12, 3, 5).unwrap();
        assert_eq!((crowd.watched(), crowd.watchers()), (0..3, 5));
        let mut edges = HashSet::new();
        for watcher in 0..12 {
            assert!(edges.insert(crowd.edge(watcher, watcher).unwrap()));
            let watched: Vec<u32> = crowd.neighbours(watcher).collect();
            assert_eq!(watched, if (3..8).contains(&watcher) { vec![0, 1, 2] } else { vec![] }, "{watcher}");
            for user in (0..12).filter(|user| *user != watcher) {
                assert_eq!(crowd.edge(watcher, user).is_some(), watched.contains(&user), "{watcher}, {user}");
                edges.extend(crowd.edge(watcher, user));
            }
        }
        assert_eq!(edges.len(), 12 + 3 * 5);
        for (users, stars, watchers) in [(12, 0, 5), (50, 21, 5), (12, 3, 0), (12, 3, 10)] {
            assert!(Ring::crowd(users, stars, watchers).is_err(), "{users}, {stars}, {watchers}");
        }
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
