//! The statuses that each connection has received, to be compared with the true statuses.
//!
//! This module is pure: the received notifications are arguments.

use crate::notice::Notice;
use crate::ring::{EDGES, Ring};
use lamplight_wire::v1::Known;
use serde::Serialize;

/// The last status of one user that a connection has received.
#[derive(Clone, Copy, Default, Debug)]
struct Seen {
    version: u64,
    text: u32,
    online: bool,
}

/// The parts of a user's status that a load changes.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Shown {
    /// The number in the custom status; 0 if the custom status is empty.
    pub text: u32,
    /// `true` if the status type is ONLINE.
    pub online: bool,
}

/// The numbers of wrong notifications by kind.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug, Serialize)]
pub struct Faults {
    /// The number of notifications of a version that the connection already had.
    pub duplicates: u64,
    /// The number of notifications with a version that is older than the version that the connection already had.
    pub backwards: u64,
    /// The number of notifications about users that the connection does not watch.
    pub strangers: u64,
    /// The number of missing notifications. It counts each pair of a connection and a user for which the last received
    /// status differs from the true status.
    pub misses: u64,
}

impl Faults {
    /// Whether there was no wrong notification.
    pub fn none(&self) -> bool {
        *self == Self::default()
    }

    /// Adds the faults of another run.
    pub fn add(&mut self, other: Self) {
        self.duplicates += other.duplicates;
        self.backwards += other.backwards;
        self.strangers += other.strangers;
        self.misses += other.misses;
    }
}

/// The statuses that each connection has received, with the true statuses.
pub struct Picture {
    ring: Ring,
    seen: Vec<Seen>,
    truth: Vec<Shown>,
    faults: Faults,
}

impl Picture {
    /// Creates a picture in which no user is online and no notification has arrived.
    pub fn new(ring: Ring) -> Self {
        let users = ring.users() as usize;
        let seen = vec![Seen::default(); users * EDGES];
        Self { ring, seen, truth: vec![Shown::default(); users], faults: Faults::default() }
    }

    /// Records a notification. Returns the last status of the user that the connection knew, if the notification is
    /// newer; otherwise `None`.
    pub fn told(&mut self, watcher: u32, notice: Notice) -> Option<Shown> {
        let Some(edge) = self.ring.edge(watcher, notice.user) else {
            self.faults.strangers += 1;
            return None;
        };
        let seen = &mut self.seen[edge];
        if notice.version <= seen.version {
            let duplicate = notice.version == seen.version;
            *(if duplicate { &mut self.faults.duplicates } else { &mut self.faults.backwards }) += 1;
            return None;
        }
        let before = Shown { text: seen.text, online: seen.online };
        *seen = Seen { version: notice.version, text: notice.text, online: notice.online };
        Some(before)
    }

    /// Records a status in an answer, which may repeat the last status. Returns the last status of the user that the
    /// connection knew, if the status in the answer is newer; otherwise `None`. A user beyond the ring is an account
    /// without a connection, which must be offline.
    pub fn answered(&mut self, watcher: u32, notice: Notice) -> Option<Shown> {
        if notice.user >= self.ring.users() && !notice.online {
            return None;
        }
        let known = self.ring.edge(watcher, notice.user).map(|edge| self.seen[edge].version);
        if known == Some(notice.version) { None } else { self.told(watcher, notice) }
    }

    /// Records that a user has connected. If the user was online, the custom status stays. After [`went`](Self::went),
    /// it becomes the custom status that the user's own connection has received last.
    pub fn came(&mut self, user: u32) {
        let own = self.ring.edge(user, user).expect("every user has an edge to itself");
        let truth = &mut self.truth[user as usize];
        if !truth.online {
            *truth = Shown { text: self.seen[own].text, online: true };
        }
    }

    /// Records that a user has disconnected. This clears the custom status.
    pub fn went(&mut self, user: u32) {
        self.truth[user as usize] = Shown::default();
    }

    /// Records a new custom status of a user.
    pub fn set_text(&mut self, user: u32, text: u32) {
        self.truth[user as usize].text = text;
    }

    /// Returns the versions of the statuses that a client has. The client sends them when it reconnects.
    pub fn known(&self, watcher: u32) -> Vec<Known> {
        let users = self.ring.neighbours(watcher).chain([watcher]);
        let seen = users.filter_map(|user| Some((user, self.seen[self.ring.edge(watcher, user)?].version)));
        seen.filter(|(_, version)| *version > 0)
            .map(|(user, version)| Known { user_id: crate::ring::user_id(user), version })
            .collect()
    }

    /// Returns the number of users whose last status on a connection is wrong. The user of the connection is included.
    pub fn wrong(&self, watcher: u32) -> u64 {
        self.wrong_among(watcher, |_| true)
    }

    /// Counts users like [`wrong`](Self::wrong), but only users for whom `counts` returns `true`.
    pub fn wrong_among(&self, watcher: u32, counts: impl Fn(u32) -> bool) -> u64 {
        let users = self.ring.neighbours(watcher).chain([watcher]);
        let is_wrong = |user: &u32| {
            let truth = self.truth[*user as usize];
            let edge = self.ring.edge(watcher, *user).expect("they are neighbours");
            let seen = self.seen[edge];
            counts(*user) && (seen.online, seen.text) != (truth.online, truth.text)
        };
        users.filter(is_wrong).count() as u64
    }

    /// Whether the notification has the true status of its user.
    pub fn is_true(&self, notice: Notice) -> bool {
        self.truth.get(notice.user as usize) == Some(&Shown { text: notice.text, online: notice.online })
    }

    /// Counts this number of missing notifications.
    pub fn miss(&mut self, count: u64) {
        self.faults.misses += count;
    }

    /// Returns the numbers of wrong notifications so far.
    pub fn faults(&self) -> Faults {
        self.faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(user: u32, version: u64, text: u32) -> Notice {
        Notice { user, version, text, online: true }
    }

    #[test]
    fn only_a_higher_version_of_a_watched_user_is_news() {
        let mut picture = Picture::new(Ring::new(100).unwrap());
        assert_eq!(picture.told(0, notice(1, 5, 0)), Some(Shown::default()));
        picture.answered(0, notice(1, 5, 0));
        picture.answered(0, Notice { online: false, ..notice(100, 0, 0) });
        assert!(picture.faults().none());
        assert_eq!(picture.told(0, notice(1, 5, 0)), None);
        assert_eq!(picture.told(0, notice(1, 4, 0)), None);
        assert_eq!(picture.told(0, notice(50, 9, 0)), None);
        assert!(picture.told(1, notice(1, 5, 0)).is_some(), "another connection hears for itself");
        let expected = Faults { duplicates: 1, backwards: 1, strangers: 1, misses: 0 };
        assert_eq!(picture.faults(), expected);
    }

    #[test]
    fn an_edge_is_wrong_until_the_truth_has_come() {
        let mut picture = Picture::new(Ring::new(100).unwrap());
        assert_eq!(picture.wrong(0), 0);
        picture.came(3);
        picture.set_text(3, 7);
        assert_eq!((picture.wrong(0), picture.wrong(50)), (1, 0));
        picture.told(0, notice(3, 1, 6));
        assert_eq!(picture.wrong(0), 1);
        picture.told(0, notice(3, 2, 7));
        assert_eq!(picture.wrong(0), 0);
        assert_eq!(picture.known(0), [Known { user_id: "u0000003".into(), version: 2 }]);
        picture.went(3);
        assert_eq!(picture.wrong(0), 1, "the custom status goes with its user");
    }
}
