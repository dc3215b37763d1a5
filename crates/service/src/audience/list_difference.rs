//! The difference between a user's current subscription list and the list that a connection was last sent.

use hashbrown::{HashMap, HashSet};
use lamplight_model::UserId;

/// The net difference: the users who joined the subscription list and those who left it since the connection was last
/// notified. It never has more entries than the sent list and the current list together, however often the list
/// changes.
#[derive(Debug, Default)]
pub struct ListDifference {
    changed: HashMap<UserId, Change, foldhash::fast::RandomState>,
    count: u64,
}

#[derive(Clone, Copy, Debug)]
struct Change {
    joined: bool,
    /// The position in the order of the changes.
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
            // The connection was last sent this state of the user.
            Some(true) => {
                self.changed.remove(user);
            }
            // The difference contains this change already.
            Some(false) => {}
            None => {
                self.count += 1;
                self.changed.insert(user.clone(), Change { joined, at: self.count });
            }
        }
    }

    /// Notes that an answer reports to the connection whether these users are on the list.
    pub fn answered(&mut self, users: &[UserId]) {
        users.iter().for_each(|user| {
            self.changed.remove(user);
        });
    }

    /// Notes that an answer gives the connection the whole list `list`. From then on the difference is that between it
    /// and `now`, the list that the worker has. Either may be older than the other.
    pub fn answered_list<'a>(&mut self, list: &'a [UserId], now: impl Iterator<Item = &'a UserId>) {
        let mut told: HashSet<&UserId, foldhash::fast::RandomState> = list.iter().collect();
        let joined: Vec<UserId> = now.filter(|user| !told.remove(*user)).cloned().collect();
        let left: Vec<UserId> = list.iter().filter(|user| told.contains(*user)).cloned().collect();
        self.changed.clear();
        self.add(&joined, &left);
    }

    /// Whether the connection knows the list.
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty()
    }

    /// Takes the users who joined, in their order.
    pub fn take_joined(&mut self) -> Vec<UserId> {
        self.take(true)
    }

    /// Takes the users who left, in their order.
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

    /// Runs a script: `+a` joins, `-a` leaves, `=a` is answered; `abc/cd` answers with the list of a, b and c while the
    /// worker has that of c and d. Compares the users who joined and those who left.
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
        // The list was read between two changes that the worker has not heard of yet: the user leaves the list, and
        // joins it again.
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
