//! The users of one app in the order of their positions in the feed.

use lamplight_model::UserId;
use std::collections::BTreeMap;

/// The maximum number of users in a run.
const RUN: usize = 32;

/// The users by position. Almost every user is added after all others, which would leave the nodes of a `BTreeMap` half
/// empty. The users are therefore stored in short sorted runs.
#[derive(Default)]
pub(super) struct Positions {
    /// The runs, by a position that is not above their first and is above the last of the run before. No run is empty.
    runs: BTreeMap<u64, Vec<(u64, UserId)>>,
}

impl Positions {
    /// Creates the positions of these users, which may be in any order. No two users have the same position.
    pub fn of(mut users: Vec<(u64, UserId)>) -> Self {
        users.sort_unstable_by_key(|(place, _)| *place);
        let mut users = users.into_iter();
        let runs = std::iter::from_fn(|| {
            let run: Vec<_> = users.by_ref().take(RUN).collect();
            run.first().map(|(first, _)| *first).map(|first| (first, run))
        });
        Self { runs: runs.collect() }
    }

    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Adds a user at a position that nobody has.
    pub fn insert(&mut self, place: u64, user: UserId) {
        let Some((_, run)) = self.runs.range_mut(..=place).next_back() else {
            self.runs.insert(place, vec![(place, user)]);
            return;
        };
        let index = run.partition_point(|(other, _)| *other < place);
        if run.len() < RUN {
            run.insert(index, (place, user));
            return;
        }
        let mut next = run.split_off(index);
        run.shrink_to_fit();
        next.insert(0, (place, user));
        self.runs.insert(place, next);
    }

    /// Removes the user at a position.
    pub fn remove(&mut self, place: u64) {
        let Some((first, run)) = self.runs.range_mut(..=place).next_back() else { return };
        let Ok(index) = run.binary_search_by_key(&place, |(place, _)| *place) else { return };
        run.remove(index);
        if run.is_empty() {
            let first = *first;
            self.runs.remove(&first);
        } else if run.len() <= run.capacity() / 2 {
            run.shrink_to_fit();
        }
    }

    /// The users after a position, with their positions.
    pub fn after(&self, place: u64) -> impl Iterator<Item = (u64, &UserId)> {
        let start = self.runs.range(..=place).next_back().map_or(0, |(first, _)| *first);
        let users = self.runs.range(start..).flat_map(|(_, run)| run);
        users.skip_while(move |(other, _)| *other <= place).map(|(place, user)| (*place, user))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares with a map, and checks the bounds of the runs.
    fn check(positions: &Positions, expected: &BTreeMap<u64, UserId>) {
        for after in [0, 1, 499, 500, 2_000, u64::MAX] {
            let found = positions.after(after).map(|(place, user)| (place, user.clone()));
            let known = expected.iter().filter(|(place, _)| **place > after);
            assert!(found.eq(known.map(|(place, user)| (*place, user.clone()))), "after {after}");
        }
        assert!(
            positions.runs.values().all(|run| !run.is_empty() && run.capacity() <= RUN.max(2 * run.len()))
        );
        assert_eq!(positions.is_empty(), expected.is_empty());
    }

    fn user(number: u64) -> UserId {
        UserId::new(&format!("u{number}")).unwrap()
    }

    #[test]
    fn users_are_in_the_order_of_their_positions_whoever_moves() {
        let (mut positions, mut expected) = (Positions::default(), BTreeMap::new());
        // As after a start: in no order.
        for number in 1..1_000 {
            let place = number * 7_919 % 1_000;
            positions.insert(place, user(place));
            expected.insert(place, user(place));
        }
        check(&positions, &expected);
        for place in 1_000..4_000 {
            let index = place as usize * 7_919 % expected.len();
            let moved = *expected.keys().nth(index).unwrap();
            positions.remove(moved);
            let of = expected.remove(&moved).unwrap();
            positions.insert(place, of.clone());
            expected.insert(place, of);
            if place % 500 == 0 {
                check(&positions, &expected);
            }
        }
        positions.remove(1);
        check(&positions, &expected);
        while let Some((place, _)) = expected.pop_first() {
            positions.remove(place);
        }
        check(&positions, &expected);
    }

    #[test]
    fn positions_that_are_created_at_once_equal_those_of_single_insertions() {
        for count in [0, 1, RUN as u64, RUN as u64 + 1, 999] {
            let places = (0..count).map(|number| 1 + number * 7_919 % 1_000);
            let expected: BTreeMap<_, _> = places.clone().map(|place| (place, user(place))).collect();
            let mut positions = Positions::of(places.map(|place| (place, user(place))).collect());
            check(&positions, &expected);
            positions.insert(2_000, user(2_000));
            assert_eq!(positions.after(0).count() as u64, count + 1);
        }
    }

    #[test]
    fn the_runs_of_users_in_their_order_are_full() {
        let mut positions = Positions::default();
        (1..=10 * RUN as u64).for_each(|place| positions.insert(place, user(place)));
        assert_eq!(positions.runs.len(), 10);
        assert!(positions.runs.values().all(|run| run.capacity() == RUN));
    }
}
