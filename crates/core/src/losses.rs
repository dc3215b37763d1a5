//! The time of the last loss of live records, by the clock of this node.
//!
//! The directory reports a loss with a new *epoch*: the time of the loss, by the clock of the store. After a failover,
//! the store may have the clock of another machine. The epoch may then differ by minutes from the time of the nodes,
//! because that time adapts to a new clock slowly ([`SharedClock`](crate::SharedClock)). A node therefore notes its own
//! time when it first sees an epoch. From that time, it measures how long ago the loss was.

use lamplight_model::{Now, Timestamp, Version};
use std::time::Duration;

/// If no clock is wrong, an epoch and the node's time of the loss differ by at most this. The difference includes the
/// time until the node sees the epoch. If it is not larger, the epoch is used as the time of the loss, because all
/// nodes have the same epoch.
const AGREE_WITHIN: Duration = Duration::from_secs(3);

/// The version of a record that is created from the facts. The earlier record, if there was one, was written before
/// `written_before`. `known_until` is the time of the user's last change in the facts.
///
/// Watchers may have been shown the record without the login: a status may be shown without its record being stored,
/// and another node may have read the facts before the login. The record with the login therefore has a higher version,
/// even if `written_before` determines the versions of both, because both are created soon after a loss.
pub fn first_version(known_until: Timestamp, written_before: Timestamp, has_login: bool) -> Version {
    let Version(version) = Version::at(known_until.max(written_before));
    Version(version + u64::from(has_login))
}

/// The epoch at the start of a node, and the last epoch that the node has seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Losses {
    /// The epoch at the start of this node.
    began: Timestamp,
    /// The number of milliseconds by which the node's time was ahead of the store's clock when the node started.
    ahead: i64,
    seen: Option<Seen>,
    /// The latest time at which this node has read the epoch.
    read: Now,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    epoch: Timestamp,
    /// The time of this node when it first saw the epoch.
    at: Now,
    /// The age of the epoch at the time `at`.
    age: Duration,
}

/// A loss of live records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Loss {
    /// The time of the loss, by the clock of this node.
    pub at: Timestamp,
    /// How long ago the loss was.
    pub passed: Duration,
}

impl Losses {
    /// Creates the state of a node that starts in the epoch `epoch`. The node's time is `ahead` milliseconds ahead of
    /// the clock of the store.
    pub fn begin(epoch: Timestamp, ahead: i64) -> Self {
        Self { began: epoch, ahead, ..Self::default() }
    }

    /// The epoch at the start of this node.
    pub fn began(&self) -> Timestamp {
        self.began
    }

    /// Notes the present epoch. An epoch that is not later than the last one is ignored.
    ///
    /// If the epoch is later than the epoch at the start of this node, it counts as beginning now. Otherwise, its age
    /// is computed by the clock of the store, and is zero if that clock is behind the epoch.
    ///
    /// `now` may be the time at which an operation has begun, seconds before it read the epoch. The epoch is then first
    /// seen at the latest time of all calls.
    pub fn observe(&mut self, epoch: Timestamp, now: Now) {
        if now.moment >= self.read.moment {
            self.read = now;
        }
        if self.seen.is_some_and(|seen| epoch <= seen.epoch) {
            return;
        }
        let now = self.read;
        let store = Timestamp(now.wall.0.saturating_add_signed(self.ahead.saturating_neg()));
        let age = if epoch > self.began { Duration::ZERO } else { store.since(epoch) };
        self.seen = Some(Seen { epoch, at: now, age });
    }

    /// The loss with which the present epoch began; `None` if no epoch was observed.
    ///
    /// `is_before` tells whether another node has run before the present epoch. If it is `false`, and this node has
    /// started in the present epoch, there was no loss, and the result is `None`.
    pub fn last(&self, is_before: bool, now: Now) -> Option<Loss> {
        let seen = self.seen.filter(|seen| is_before || seen.epoch > self.began)?;
        let passed = seen.age + now.moment.since(seen.at.moment);
        Some(Loss { at: seen.loss(), passed })
    }

    /// A time after every write of a lost record. It is also after the writes of lost records that no running node has
    /// known.
    pub fn lost_before(&self) -> Timestamp {
        let Some(seen) = self.seen else { return self.began };
        // The lost records have times of the running nodes. If there were none, they have times of the store.
        let have_nodes_run = seen.epoch > self.began || self.ahead != 0;
        // Equal on all nodes if the clocks agree, because each node makes versions of it.
        let latest = if seen.clocks_agree() { seen.epoch.after(AGREE_WITHIN) } else { seen.noticed() };
        if have_nodes_run { latest } else { seen.epoch.max(latest) }
    }

    /// A time that is not before the loss, for comparisons with times that nodes have written. [`Loss::at`] may be before
    /// the loss, if the clock of the store is a few seconds behind.
    pub fn lost_by(&self) -> Timestamp {
        self.seen.map_or(self.began, |seen| seen.loss_by())
    }
}

impl Seen {
    fn loss(&self) -> Timestamp {
        if self.clocks_agree() { self.epoch } else { self.noticed() }
    }

    fn loss_by(&self) -> Timestamp {
        if self.clocks_agree() { self.epoch.max(self.noticed()) } else { self.noticed() }
    }

    /// The time at which this node has noticed the loss, or would have noticed it if it had run.
    fn noticed(&self) -> Timestamp {
        Timestamp(self.at.wall.0.saturating_sub(self.age.as_millis() as u64))
    }

    fn clocks_agree(&self) -> bool {
        let noticed = self.noticed();
        noticed.since(self.epoch).max(self.epoch.since(noticed)) <= AGREE_WITHIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_model::Moment;

    /// A time of the node. The clock of the store may show another time.
    fn now(second: u64) -> Now {
        Now { moment: Moment(second * 1_000), wall: wall(second) }
    }

    fn wall(second: u64) -> Timestamp {
        Timestamp(1_700_000_000_000 + second * 1_000)
    }

    /// Checks the loss that a node reports at second 1,000: (second of the loss, seconds since the loss). The node
    /// began in the epoch of second `began`. It has observed these epochs: (second of the epoch, second of the node).
    #[track_caller]
    fn check(began: u64, observed: &[(u64, u64)], is_before: bool, expected: Option<(u64, u64)>) {
        check_ahead(began, 0, observed, is_before, expected);
    }

    /// Like `check`, for a node whose time is ahead of the clock of the store by `ahead` seconds.
    #[track_caller]
    fn check_ahead(
        began: u64,
        ahead: i64,
        observed: &[(u64, u64)],
        is_before: bool,
        expected: Option<(u64, u64)>,
    ) {
        let mut losses = Losses::begin(wall(began), ahead * 1_000);
        for (epoch, at) in observed {
            losses.observe(wall(*epoch), now(*at));
        }
        let expected = expected.map(|(at, passed)| (wall(at), Duration::from_secs(passed)));
        let lost = losses.last(is_before, now(1_000));
        assert_eq!(lost.map(|lost| (lost.at, lost.passed)), expected);
    }

    #[test]
    fn a_loss_is_measured_by_the_clock_of_the_node() {
        // The clocks agree: all nodes use the epoch.
        check(100, &[(100, 101), (990, 990)], false, Some((990, 10)));
        check(100, &[(100, 101), (990, 992)], false, Some((990, 8)));
        check(100, &[(100, 101), (990, 987)], false, Some((990, 13)));
        // The store is now on a machine whose clock is ahead by ten minutes, or behind.
        check(100, &[(100, 101), (1_590, 990)], false, Some((990, 10)));
        check(100, &[(100, 101), (390, 990)], false, Some((990, 10)));
        // The same epoch is seen again, and an older epoch is ignored.
        check(100, &[(1_590, 990), (1_590, 995), (100, 998)], false, Some((990, 10)));
        check(100, &[(390, 980), (391, 990)], false, Some((990, 10)));
    }

    #[test]
    fn an_operation_that_began_before_a_loss_and_sees_it_first_does_not_date_it_back() {
        // The loss is at second 998. The clocks agree, the clock of the store is ten minutes ahead, or behind.
        for (epoch, expected) in [(998, (998, 1)), (1_598, (999, 1)), (398, (999, 1))] {
            check(100, &[(100, 101), (100, 999), (epoch, 993)], false, Some(expected));
            check(100, &[(100, 999), (100, 101), (epoch, 993)], true, Some(expected));
        }
        let mut losses = Losses::begin(wall(100), 0);
        losses.observe(wall(100), now(999));
        losses.observe(wall(1_000), now(993));
        assert_eq!((losses.lost_before(), losses.lost_by()), (wall(1_003), wall(1_000)));
    }

    #[test]
    fn a_loss_before_the_beginning_of_a_node_counts_if_another_node_has_run_before_it() {
        check(100, &[], true, None);
        check(990, &[(990, 995)], false, None);
        check(990, &[(990, 995)], true, Some((990, 10)));
        // The node begins long after the loss, so the age is computed by the clock of the store.
        check(100, &[(100, 995)], true, Some((100, 900)));
        // The nodes adapt to a new clock, which is ten minutes behind or ahead. A new node takes over their time.
        check_ahead(390, 600, &[(390, 995)], true, Some((990, 10)));
        check_ahead(1_590, -600, &[(1_590, 995)], true, Some((990, 10)));
        // The clock of another shard is ahead: the loss counts as of the beginning of the node.
        check(5_000, &[(5_000, 995)], true, Some((995, 5)));
    }

    /// Two nodes see an epoch of second 990 at their own times, as far apart as running nodes are. The account is
    /// older.
    #[test]
    fn a_record_with_a_login_is_above_the_record_without_it_of_another_node() {
        let version = |seen: u64, known_until: u64, has_login: bool| {
            let mut losses = Losses::begin(wall(100), 0);
            losses.observe(wall(990), now(seen));
            first_version(wall(known_until), losses.lost_before().after(Duration::from_secs(1)), has_login)
        };
        for login in [985, 990, 991, 993, 994, 995, 1_000] {
            for (here, there) in [(990, 990), (988, 991), (991, 988), (990, 993), (993, 990)] {
                let (with, without) = (version(here, login, true), version(there, 100, false));
                assert!(
                    with > without,
                    "login at {login}, nodes at {here} and {there}: {with} and {without}"
                );
                // A later status of a user without a login comes from a change of the record, so its version is above both.
                assert!(with.next(wall(990)) > with);
            }
        }
    }

    #[test]
    fn new_records_are_above_all_that_were_lost_on_whichever_clock() {
        for (epoch, at, lost_before, lost_by) in [
            (990, 991, 993, 991),
            (993, 990, 996, 993),
            // The clock of the store is behind by almost as much as a node may need to notice the loss.
            (986, 990, 990, 990),
            (1_590, 990, 990, 990),
            (390, 990, 990, 990),
        ] {
            let mut losses = Losses::begin(wall(100), 0);
            assert_eq!((losses.lost_before(), losses.lost_by()), (wall(100), wall(100)));
            losses.observe(wall(epoch), now(at));
            assert_eq!((losses.lost_before(), losses.lost_by()), (wall(lost_before), wall(lost_by)));
        }
        // A node that begins after the loss, alone or beside nodes whose time is behind the store by 600 s.
        for (ahead, lost_before) in [(0, 1_590), (-600, 990)] {
            let mut losses = Losses::begin(wall(1_590), ahead * 1_000);
            losses.observe(wall(1_590), now(995));
            assert_eq!(losses.lost_before(), wall(lost_before), "{ahead}");
        }
    }
}
