//! The difference between a user's current subscription list and the list that was last sent to a connection.

use hashbrown::{HashMap, HashSet};
use lamplight_model::UserId;

/// The users who were added to or removed from the subscription list since the connection was last notified. Their
/// number is bounded by the lengths of the last sent list and the current list.
#[derive(Debug, Default)]
pub struct ListDifference {
    changed: HashMap<UserId, Change, foldhash::fast::RandomState>,
    count: u64,
}

#[derive(Clone, Copy, Debug)]
struct Change {
    joined: bool,
    /// The number of the change; users are returned in this order.
    at: u64,
}

impl ListDifference {
    /// Adds a change of the list to the difference.
    pub fn add(&mut self, subscribed: &[UserId], unsubscribed: &[UserId]) {
        unsubscribed.iter().for_each(|user| self.change(user, false));
        subscribed.iter().for_each(|user| self.change(user, true));
    }

    fn change(&mut self, user: &UserId, joined: bool) {
        let opposite = self.changed.get(user).map(|change| change.joined != joined);
        match opposite {
            // The opposite change is not sent yet, so both cancel each other.
            Some(true) => {
                self.changed.remove(user);
            }
            // The difference already contains this change.
            Some(false) => {}
            None => {
                self.count += 1;
                self.changed.insert(user.clone(), Change { joined, at: self.count });
            }
        }
    }

    /// Removes users from the difference, because an answer shows the connection whether they are on the list.
    pub fn answered(&mut self, users: &[UserId]) {
        users.iter().for_each(|user| {
            self.changed.remove(user);
        });
    }

    /// Records that an answer contains the whole list `list`. `now` is the list of the worker. The difference becomes
    /// the difference between these two lists. Either list may be the older one.
    pub fn answered_list<'a>(&mut self, list: &'a [UserId], now: impl Iterator<Item = &'a UserId>) {
        let mut told: HashSet<&UserId, foldhash::fast::RandomState> = list.iter().collect();
        let joined: Vec<UserId> = now.filter(|user| !told.remove(*user)).cloned().collect();
        let left: Vec<UserId> = list.iter().filter(|user| told.contains(*user)).cloned().collect();
        self.changed.clear();
        self.add(&joined, &left);
    }

    /// Whether there is no difference.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty()
    }

    /// Removes and returns the added users, in the order of the changes.
    pub fn take_joined(&mut self) -> Vec<UserId> {
        self.take(true)
    }

    /// Removes and returns the removed users, in the order of the changes.
    pub fn take_left(&mut self) -> Vec<UserId> {
        self.take(false)
    }

    fn take(&mut self, joined: bool) -> Vec<UserId> {
        let mut taken: Vec<_> = self.changed.extract_if(|_, change| change.joined == joined).collect();
        taken.sort_unstable_by_key(|(_, change)| change.at);
        taken.into_iter().map(|(user, _)| user).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a script and compares the added and the removed users. `+a` adds and `-a` removes a user; `=a` is an answer
    /// about a user. `abc/cd` is an answer with the list of a, b and c, while the worker's list is c and d.
    fn check(script: &str, joined: &str, left: &str) {
        let mut difference = ListDifference::default();
        for step in script.split(' ') {
            if let Some((list, now)) = step.split_once('/') {
                let ids = |text: &str| -> Vec<UserId> {
                    text.chars().map(|user| UserId::new(&user.to_string()).unwrap()).collect()
                };
                difference.answered_list(&ids(list), ids(now).iter());
                continue;
            }
            let user = [UserId::new(&step[1..]).unwrap()];
            match &step[..1] {
                "+" => difference.add(&user, &[]),
                "-" => difference.add(&[], &user),
                _ => difference.answered(&user),
            }
        }
        let text = |users: Vec<UserId>| users.iter().map(UserId::as_str).collect::<Vec<_>>().join(" ");
        assert_eq!(text(difference.take_joined()), joined, "{script}");
        assert_eq!(text(difference.take_left()), left, "{script}");
        assert!(difference.is_empty());
    }

    #[test]
    fn what_came_and_went_is_no_difference() {
        check("+b +a -c", "b a", "c");
        check("+a -a", "", "");
        check("-a +a", "", "");
        check("-a +a -a", "", "a");
        check("+a +a -b -b", "a", "b");
        check("+a -b =a =b +c", "c", "");
        check("-a =a -a", "", "a");
    }

    #[test]
    fn a_list_that_was_answered_is_told_on_from() {
        check("+x -y ab/ab", "", "");
        check("ab/bcd", "c d", "a");
        check("abc/", "", "a b c");
        // The list was read between two changes that the worker has not received yet: the user was removed and added
        // again.
        check("a/ab", "b", "");
        check("a/ab -b +b", "b", "");
    }

    #[test]
    fn a_list_that_changes_for_ever_makes_no_large_difference() {
        let user = |n: usize| UserId::new(&format!("u{n}")).unwrap();
        let mut difference = ListDifference::default();
        let mut list: Vec<UserId> = (0..200).map(user).collect();
        for n in 200..100_000 {
            list.push(user(n));
            let left = list.remove(0);
            difference.add(&[user(n)], &[left]);
            assert!(difference.changed.len() <= 400, "at most the sent list and the current list together");
        }
        assert_eq!(difference.take_joined(), list);
        assert_eq!(difference.take_left(), (0..200).map(user).collect::<Vec<_>>());
    }
}
