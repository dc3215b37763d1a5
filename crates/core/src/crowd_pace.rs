//! The pace at which a crowd is notified of a change that conflation has delayed.
//!
//! The watchers of a user with thousands of them are served in shares. The shares of an occasional change follow each
//! other without pauses. A change that conflation has delayed belongs to a user who changes often. Its shares have
//! pauses between them, in which the processor can do other work.

use lamplight_model::Moment;
use std::time::Duration;

/// The time at which the next share of a crowd is served.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct CrowdPace {
    /// The time of the next share; `None` without pauses.
    next_share: Option<Moment>,
}

impl CrowdPace {
    /// The pause between two shares. A timer adds up to a millisecond, so at least 16,000 watchers are served in a
    /// second. Conflation allows fewer notifications about one user in a second.
    pub const PAUSE: Duration = Duration::from_millis(1);

    /// Notes that a change is sent to a crowd without having waited. There are no pauses until the whole crowd is
    /// served.
    pub fn tell_at_once(&mut self) {
        self.next_share = None;
    }

    /// Notes that a delayed change is sent to a crowd. `has_crowd` is `true` if a part of a crowd still waits for an
    /// earlier change. If the earlier change is sent without pauses, the delayed change is sent without pauses too.
    pub fn tell_late(&mut self, has_crowd: bool, now: Moment) {
        if !has_crowd {
            self.next_share = Some(now);
        }
    }

    /// Whether a share may be served now.
    pub fn is_due(&self, now: Moment) -> bool {
        self.next_share.is_none_or(|next| next <= now)
    }

    /// Notes that a share was served. `has_crowd` is `true` if a part of the crowd still waits.
    pub fn served(&mut self, has_crowd: bool, now: Moment) {
        self.next_share = self.next_share.filter(|_| has_crowd).map(|_| now + Self::PAUSE);
    }

    /// The time of the next share; `None` if it may be served at any time.
    pub fn next_share(&self) -> Option<Moment> {
        self.next_share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Serves crowds, and returns the number of shares served in each millisecond. A crowd is its time `at`, `!` (told
    /// at once) or `~` (told late), and its number of shares.
    fn shares(crowds: &[(u64, char, usize)], until: u64) -> Vec<usize> {
        let (mut pace, mut waiting) = (CrowdPace::default(), 0);
        let mut served = vec![0; until as usize];
        for at in 0..until {
            let now = Moment(at);
            for (_, how, shares) in crowds.iter().filter(|(comes, ..)| *comes == at) {
                match how {
                    '!' => pace.tell_at_once(),
                    _ => pace.tell_late(waiting > 0, now),
                }
                waiting = waiting.max(*shares);
            }
            for _round in 0..10 {
                if waiting > 0 && pace.is_due(now) {
                    waiting -= 1;
                    served[at as usize] += 1;
                    pace.served(waiting > 0, now);
                }
            }
        }
        assert_eq!(waiting, 0, "a part of a crowd waits for ever");
        assert_eq!(pace.next_share(), None, "a crowd that is gone leaves a pace behind");
        served
    }

    #[test]
    fn only_what_has_waited_is_told_with_pauses() {
        for (crowds, served) in [
            (vec![(0, '!', 4)], vec![4, 0, 0, 0, 0, 0]),
            (vec![(0, '~', 4)], vec![1, 1, 1, 1, 0, 0]),
            (vec![(1, '~', 1), (3, '~', 2)], vec![0, 1, 0, 1, 1, 0]),
            // Another user, who has a crowd too and does not change all the time, is not told late.
            (vec![(0, '~', 9), (2, '!', 9)], vec![1, 1, 9, 0, 0, 0]),
            (vec![(0, '!', 12), (1, '~', 9)], vec![10, 9, 0, 0, 0, 0]),
            // After that one, the pauses come back.
            (vec![(0, '!', 2), (1, '~', 3)], vec![2, 1, 1, 1, 0, 0]),
        ] {
            assert_eq!(shares(&crowds, 6), served, "{crowds:?}");
        }
    }
}
