//! The status feed, which lists users in the order of their last visible change.
//!
//! The feed contains each user once, at the position of the user's last change. It has no history. A late reader
//! therefore misses no change. A reader that starts at the beginning gets a snapshot.

mod positions;

use lamplight_model::{AppId, User, UserId};
use parking_lot::{Mutex, MutexGuard};
use positions::Positions;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::BuildHasher;
use std::str::FromStr;
use tokio::sync::Notify;

/// The position of a reader in the feed. Readers must not interpret its text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeedCursor {
    /// The epoch of the directory, which changes if live records may have been lost. The statuses that were sent in an
    /// earlier epoch may be wrong.
    pub(crate) epoch: u64,
    /// The position in each partition up to which the feed was read. While a snapshot is read, the adapter may append
    /// further numbers.
    pub(crate) places: Vec<u64>,
}

/// The error for a text that is not a cursor of the status feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text is not a cursor of the status feed")]
pub struct InvalidFeedCursor;

impl FeedCursor {
    /// The maximum number of partitions in the text of a cursor. Clients send such texts, and this bounds their size.
    const MAX_PLACES: usize = 4096;

    /// Creates a cursor from the position in each of the adapter's partitions.
    pub fn new(epoch: u64, places: Vec<u64>) -> Self {
        Self { epoch, places }
    }

    /// Returns the epoch of the cursor, which changes whenever live records may have been lost.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Returns the position in each partition, followed by the numbers that the adapter has appended.
    pub fn places(&self) -> &[u64] {
        &self.places
    }
}

impl fmt::Display for FeedCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.epoch)?;
        self.places.iter().try_for_each(|place| write!(f, "-{place:x}"))
    }
}

impl FromStr for FeedCursor {
    type Err = InvalidFeedCursor;

    fn from_str(text: &str) -> Result<Self, InvalidFeedCursor> {
        let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            true => u64::from_str_radix(text, 16).map_err(|_| InvalidFeedCursor),
            false => Err(InvalidFeedCursor),
        };
        let mut numbers = text.split('-');
        let epoch = number(numbers.next().ok_or(InvalidFeedCursor)?)?;
        let places = numbers.by_ref().take(Self::MAX_PLACES).map(number).collect::<Result<Vec<_>, _>>()?;
        if places.is_empty() || numbers.next().is_some() {
            return Err(InvalidFeedCursor);
        }
        Ok(Self { epoch, places })
    }
}

/// A page of the feed: users of one app. Within a partition, they are in the order of their last visible change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeedPage {
    /// The users whose status has changed since the given cursor.
    pub users: Vec<User>,
    /// Whether the given cursor is obsolete. If so, this page begins a snapshot, which replaces the reader's data. The
    /// snapshot contains every user who is logged in.
    pub reset: bool,
    /// The cursor of the next page.
    pub cursor: FeedCursor,
    /// Whether the feed has no more users after this page at present.
    pub finished: bool,
}

/// The feed of a directory, with the users of all apps.
pub(crate) struct Feed {
    state: Mutex<FeedState>,
    moved: Notify,
}

struct FeedState {
    epoch: u64,
    last: u64,
    /// The highest position of a record that was removed before this process started. A reader whose cursor is below
    /// this position may have missed the removal.
    horizon: u64,
    /// The removals since the start, by app, because a removal affects only readers of the same app.
    removed: BTreeMap<AppId, Removed>,
    /// The stamp of an app that has had no removals since the start. It differs from process to process.
    first_stamp: u64,
    /// The users of each app by position.
    users: BTreeMap<AppId, Positions>,
}

/// The removals in one app.
struct Removed {
    /// The highest position of a removed record.
    horizon: u64,
    /// A number that changes with each removal. If it has not changed since a snapshot began, the snapshot contains no
    /// removed user.
    stamp: u64,
}

impl FeedState {
    fn remove(&mut self, app: AppId, place: u64) {
        if let Some(users) = self.users.get_mut(&app) {
            users.remove(place);
            if users.is_empty() {
                self.users.remove(&app);
            }
        }
    }
}

impl Feed {
    pub fn new(epoch: u64, horizon: u64) -> Self {
        let state = FeedState {
            epoch,
            last: horizon,
            horizon,
            removed: BTreeMap::new(),
            first_stamp: foldhash::fast::RandomState::default().hash_one(epoch),
            users: BTreeMap::new(),
        };
        Self { state: Mutex::new(state), moved: Notify::new() }
    }

    /// Adds the users whose records were read from disk, with their positions. No user of their apps is in the feed
    /// yet.
    pub fn restore(&self, places: Vec<(User, u64)>) {
        let mut users: BTreeMap<AppId, Vec<(u64, UserId)>> = BTreeMap::new();
        let mut last = 0;
        for (user, place) in places {
            last = last.max(place);
            users.entry(user.app).or_default().push((place, user.id));
        }
        let mut state = self.lock();
        state.last = state.last.max(last);
        // All users at once are added much faster than one after the other.
        state.users.extend(users.into_iter().map(|(app, places)| (app, Positions::of(places))));
    }

    /// Moves a user whose status has changed to the end of the feed. Returns the new position. `before` is the earlier
    /// position; `None` if there is none. The caller holds the lock of the user's record.
    pub fn advance(&self, user: &User, before: Option<u64>) -> u64 {
        let mut state = self.lock();
        if let Some(before) = before {
            state.remove(user.app, before);
        }
        state.last += 1;
        let place = state.last;
        state.users.entry(user.app).or_default().insert(place, user.id.clone());
        place
    }

    /// Wakes the waiting readers. After a call of [`Feed::advance`], the caller calls this as soon as the change can be
    /// read.
    pub fn announce(&self) {
        self.moved.notify_waiters();
    }

    /// Removes a user, because the user's record was removed.
    pub fn forget(&self, user: &User, place: u64) {
        let mut state = self.lock();
        state.remove(user.app, place);
        let first = Removed { horizon: 0, stamp: state.first_stamp };
        let removed = state.removed.entry(user.app).or_insert(first);
        removed.horizon = removed.horizon.max(place);
        removed.stamp = removed.stamp.wrapping_add(1);
    }

    pub fn page(&self, app: AppId, after: Option<&FeedCursor>, limit: usize) -> FeedPage {
        let state = self.lock();
        let known = after.and_then(|cursor| match cursor.places[..] {
            [place] if cursor.epoch == state.epoch => Some((place, None)),
            // This cursor is within a snapshot, and contains the stamp under which the snapshot began.
            [place, stamp] if cursor.epoch == state.epoch => Some((place, Some(stamp))),
            _ => None,
        });
        let removed = state.removed.get(&app);
        let horizon = removed.map_or(0, |removed| removed.horizon).max(state.horizon);
        let stamp = removed.map_or(state.first_stamp, |removed| removed.stamp);
        let has_missed = |place: u64, of: Option<u64>| place < horizon && of != Some(stamp);
        let known = known.filter(|(place, of)| *place <= state.last && !has_missed(*place, *of));
        let (start, of) = known.unwrap_or((0, Some(stamp)));
        let mut users = state.users.get(&app).into_iter().flat_map(|users| users.after(start));
        let page: Vec<(u64, User)> =
            users.by_ref().take(limit).map(|(place, id)| (place, User::new(app, id.clone()))).collect();
        let finished = users.next().is_none();
        let place = match page.last() {
            Some((place, _)) if !finished => *place,
            // No user of this app is between the last one read and the end.
            Some(_) | None => state.last,
        };
        FeedPage {
            users: page.into_iter().map(|(_, user)| user).collect(),
            reset: known.is_none(),
            cursor: FeedCursor {
                epoch: state.epoch,
                places: [place].into_iter().chain(of.filter(|_| !finished)).collect(),
            },
            finished,
        }
    }

    /// Resolves at the first change after the future was first polled.
    pub async fn moved(&self) {
        self.moved.notified().await;
    }

    pub fn epoch(&self) -> u64 {
        self.lock().epoch
    }

    /// Returns the highest position of a removed record in any app. The journal stores it for the next start.
    pub fn horizon(&self) -> u64 {
        let state = self.lock();
        state.removed.values().map(|removed| removed.horizon).fold(state.horizon, u64::max)
    }

    fn lock(&self) -> MutexGuard<'_, FeedState> {
        self.state.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_model::UserId;

    const APP: AppId = AppId(1);

    fn user(id: &str) -> User {
        User::new(APP, UserId::new(id).unwrap())
    }

    fn names(page: &FeedPage) -> String {
        let mut names: Vec<&str> = page.users.iter().map(|user| user.id.as_str()).collect();
        names.extend(page.reset.then_some("(reset)"));
        names.extend((!page.finished).then_some("…"));
        names.join(" ")
    }

    #[test]
    fn a_cursor_is_read_back_from_its_text_and_nothing_else_is_one() {
        for places in [vec![17], vec![0, u64::MAX, 3]] {
            let cursor = FeedCursor { epoch: u64::MAX, places };
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        let long = format!("1{}", "-1".repeat(FeedCursor::MAX_PLACES + 1));
        for text in ["", "-", "1-", "-1", "1--2", "1-+2", "g-1", "1", " 1-2", "11112222333344445-1", &long] {
            assert_eq!(text.parse::<FeedCursor>(), Err(InvalidFeedCursor), "{text:?}");
        }
    }

    #[test]
    fn each_user_stands_once_at_its_last_change() {
        let feed = Feed::new(7, 0);
        let a = feed.advance(&user("a"), None);
        let b = feed.advance(&user("b"), None);
        let first = feed.page(APP, None, 10);
        assert_eq!(names(&first), "a b (reset)");
        assert_eq!(names(&feed.page(APP, Some(&first.cursor), 10)), "");
        feed.advance(&user("a"), Some(a));
        feed.advance(&user("c"), None);
        assert_eq!(names(&feed.page(APP, Some(&first.cursor), 10)), "a c");
        assert_eq!(names(&feed.page(APP, None, 10)), "b a c (reset)");
        feed.advance(&user("b"), Some(b));
        assert_eq!(names(&feed.page(APP, None, 2)), "a c (reset) …");
    }

    #[test]
    fn pages_follow_each_other_without_a_gap_while_users_move() {
        let feed = Feed::new(7, 0);
        let places: Vec<u64> = ["a", "b", "c", "d"].iter().map(|id| feed.advance(&user(id), None)).collect();
        let first = feed.page(APP, None, 2);
        assert_eq!(names(&first), "a b (reset) …");
        feed.advance(&user("a"), Some(places[0]));
        feed.advance(&user("c"), Some(places[2]));
        let second = feed.page(APP, Some(&first.cursor), 2);
        assert_eq!(names(&second), "d a …");
        assert_eq!(names(&feed.page(APP, Some(&second.cursor), 2)), "c");
    }

    #[test]
    fn apps_have_nothing_in_common_but_the_count() {
        let feed = Feed::new(7, 0);
        let other = User::new(AppId(2), UserId::new("z").unwrap());
        feed.advance(&other, None);
        feed.advance(&user("a"), None);
        let page = feed.page(APP, None, 10);
        assert_eq!(names(&page), "a (reset)");
        let moved = feed.advance(&other, Some(1));
        assert_eq!(names(&feed.page(APP, Some(&page.cursor), 10)), "");
        feed.forget(&other, moved);
        assert_eq!(names(&feed.page(APP, Some(&page.cursor), 10)), "", "who went was of the other app");
        assert_eq!(feed.horizon(), moved);
    }

    #[test]
    fn who_cannot_have_seen_everything_begins_again() {
        let feed = Feed::new(7, 0);
        let gone = feed.advance(&user("gone"), None);
        let early = FeedCursor::new(7, vec![gone - 1]);
        let late = FeedCursor::new(7, vec![gone]);
        feed.advance(&user("a"), None);
        assert_eq!(names(&feed.page(APP, Some(&early), 10)), "gone a");
        feed.forget(&user("gone"), gone);
        assert_eq!(names(&feed.page(APP, Some(&early), 10)), "a (reset)");
        assert_eq!(names(&feed.page(APP, Some(&late), 10)), "a");
        for (epoch, places) in [(6, vec![2]), (7, vec![3]), (7, vec![2, 2, 2]), (7, vec![])] {
            let of_no_use = FeedCursor::new(epoch, places);
            assert_eq!(names(&feed.page(APP, Some(&of_no_use), 10)), "a (reset)", "{of_no_use}");
        }
    }
    #[test]
    fn a_snapshot_goes_on_after_removals_from_before_it_and_begins_again_after_later_ones() {
        let feed = Feed::new(7, 0);
        let of = |id: &str| feed.advance(&user(id), None);
        let (_, b, gone) = (of("a"), of("b"), of("gone"));
        feed.forget(&user("gone"), gone);
        let first = feed.page(APP, None, 1);
        assert_eq!(names(&first), "a (reset) …");
        let second = feed.page(APP, Some(&first.cursor), 1);
        assert_eq!(names(&second), "b");
        // The snapshot is over, so its stamp is no longer in the cursor.
        assert_eq!(second.cursor.places().len(), 1);

        feed.forget(&user("b"), b);
        assert_eq!(names(&feed.page(APP, Some(&first.cursor), 1)), "a (reset)");
        assert_eq!(names(&feed.page(APP, Some(&second.cursor), 1)), "");
        // A snapshot of an earlier run cannot be continued either, because the removals of that run are not stored.
        let next_run = Feed::new(7, gone);
        next_run.restore(vec![(user("a"), 1)]);
        assert_eq!(names(&next_run.page(APP, Some(&first.cursor), 1)), "a (reset)");
    }
}
