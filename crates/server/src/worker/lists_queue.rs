//! The queue of list changes that were not sent on a connection yet, in the order of their versions.
//!
//! The log may deliver two changes of a user out of order, so a later change waits for the earlier one. An empty queue
//! is one number and one empty `Option`.

use lamplight_directory::ListsNews;
use lamplight_model::{ConnectionId, Moment, Profile, UserId};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// The maximum number of bytes of queued changes for one connection; a single change may be larger. Beyond this limit,
/// the changes are dropped, and the client is asked to read its lists again.
pub const MAX_WAITING_BYTES: usize = 256 * 1024;

/// The time for which a change waits for the change before it. The earlier change may never be logged: the process that
/// made it may have run out of memory, or the store may have failed.
pub const GAP_PATIENCE: Duration = Duration::from_secs(1);

/// The unsent list changes of a connection.
#[derive(Debug, Default)]
pub struct ListsQueue {
    /// The version up to which the client has all changes. 0 means that the version is unknown; nothing is sent then.
    told: u64,
    waiting: Option<Box<Waiting>>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// The changes by version. The client has none of them yet.
    news: BTreeMap<u64, Arc<ListsNews>>,
    profiles: Vec<(UserId, Arc<Profile>)>,
    bytes: usize,
    /// `true` if the client must read its lists again; that read covers all dropped changes.
    reload: bool,
    /// The version for which an answer waits, and the signal that wakes the answer's task.
    awaited: Option<(u64, Rc<Notify>)>,
    /// The time when a missing change was first noticed; `None` if none is missing.
    stuck_since: Option<Moment>,
}

/// The next message about lists.
#[derive(PartialEq, Eq, Debug)]
pub enum Next {
    /// A change of the lists.
    News(Arc<ListsNews>),
    /// The new profile of a friend.
    FriendProfile(UserId, Arc<Profile>),
    /// A request to the client to read its lists again. The lists have at least this version.
    Reload(u64),
}

impl ListsQueue {
    /// Returns the version up to which the client has all changes.
    pub fn told(&self) -> u64 {
        self.told
    }

    /// Records that the client has, or is about to read, every change up to this version.
    pub fn tell_from(&mut self, version: u64) {
        self.told = self.told.max(version);
        let told = self.told;
        if let Some(waiting) = &mut self.waiting {
            while let Some(entry) = waiting.news.first_entry()
                && *entry.key() <= told
            {
                waiting.bytes -= entry.remove().bytes();
            }
            if let Some((_, arrived)) = &waiting.awaited {
                arrived.notify_one();
            }
        }
        self.tidy();
    }

    /// Queues a change.
    pub fn hear(&mut self, news: &Arc<ListsNews>) {
        if news.version <= self.told {
            return;
        }
        let waiting = self.waiting.get_or_insert_default();
        if waiting.reload && self.told > 0 {
            // The client will read its lists again, and that read covers this change.
            return self.tell_from(news.version);
        }
        if waiting.news.insert(news.version, Arc::clone(news)).is_none() {
            waiting.bytes += news.bytes();
        }
        if let Some((_, arrived)) = &waiting.awaited {
            arrived.notify_one();
        }
        self.bound();
    }

    /// Queues the new profile of a friend.
    pub fn hear_profile(&mut self, friend: UserId, profile: Arc<Profile>) {
        let waiting = self.waiting.get_or_insert_default();
        if waiting.reload {
            return;
        }
        waiting.bytes += profile_bytes(&profile);
        // Only the newest profile is sent.
        if let Some((_, known)) = waiting.profiles.iter_mut().find(|(of, _)| *of == friend) {
            waiting.bytes -= profile_bytes(known);
            *known = profile;
        } else {
            waiting.profiles.push((friend, profile));
        }
        self.bound();
    }

    /// Records that the client must read its lists again. The lists have at least this version.
    pub fn reload(&mut self, version: u64) {
        let waiting = self.waiting.get_or_insert_default();
        let newest = waiting.news.last_key_value().map_or(0, |(version, _)| *version);
        waiting.news.clear();
        waiting.profiles.clear();
        waiting.bytes = 0;
        waiting.reload = true;
        self.tell_from(version.max(newest));
    }

    fn bound(&mut self) {
        let Some(waiting) = &self.waiting else { return };
        if waiting.bytes > MAX_WAITING_BYTES && waiting.news.len() + waiting.profiles.len() > 1 {
            self.reload(0);
        }
    }

    /// Takes the next message for the connection `own`. Returns `None` if the queue is empty, or if an earlier change
    /// is missing. With `up_to`, leaves the changes after that version in the queue.
    pub fn next(&mut self, own: ConnectionId, up_to: Option<u64>) -> Option<Next> {
        let next = self.take_next(own, up_to);
        self.tidy();
        next
    }

    fn take_next(&mut self, own: ConnectionId, up_to: Option<u64>) -> Option<Next> {
        if self.told == 0 {
            return None;
        }
        let waiting = self.waiting.as_mut()?;
        while let Some(entry) = waiting.news.first_entry()
            && *entry.key() == self.told + 1
            && up_to.is_none_or(|up_to| *entry.key() <= up_to)
        {
            let news = entry.remove();
            self.told = news.version;
            waiting.bytes -= news.bytes();
            if news.by != Some(own) {
                return Some(Next::News(news));
            }
        }
        if up_to.is_some() {
            return None;
        }
        if let Some((friend, profile)) = waiting.profiles.pop() {
            waiting.bytes -= profile_bytes(&profile);
            return Some(Next::FriendProfile(friend, profile));
        }
        if std::mem::take(&mut waiting.reload) {
            return Some(Next::Reload(self.told));
        }
        None
    }

    /// Returns `None` if every change up to this version has arrived. Otherwise returns a signal. After the signal, the
    /// caller must call again.
    pub fn await_version(&mut self, version: u64) -> Option<Rc<Notify>> {
        let mut here = self.told;
        if let Some(waiting) = &mut self.waiting {
            waiting.awaited = None;
            for next in waiting.news.keys() {
                if *next != here + 1 {
                    break;
                }
                here = *next;
            }
        }
        if here >= version {
            self.tidy();
            return None;
        }
        let waiting = self.waiting.get_or_insert_default();
        let (_, arrived) = waiting.awaited.insert((version, Rc::default()));
        Some(Rc::clone(arrived))
    }

    /// Returns `true` if a later change, or an answer, waits for an earlier change that has not arrived.
    pub fn is_stuck(&self) -> bool {
        let Some(waiting) = &self.waiting else { return false };
        let gap = waiting.news.first_key_value().is_some_and(|(first, _)| *first > self.told + 1);
        self.told > 0 && (gap || waiting.awaited.is_some())
    }

    /// Checks whether an earlier change is still missing. Returns `true` if the caller must check again. After
    /// `GAP_PATIENCE`, the client is asked to read its lists again.
    pub fn look_for_gap(&mut self, now: Moment) -> bool {
        let stuck = self.is_stuck();
        let Some(waiting) = &mut self.waiting else { return false };
        if !stuck {
            waiting.stuck_since = None;
            return false;
        }
        let since = *waiting.stuck_since.get_or_insert(now);
        if now.since(since) < GAP_PATIENCE {
            return true;
        }
        let awaited = waiting.awaited.as_ref().map_or(0, |(version, _)| *version);
        waiting.stuck_since = None;
        self.reload(awaited);
        false
    }

    /// Frees the memory of an empty queue.
    fn tidy(&mut self) {
        if let Some(waiting) = &self.waiting
            && waiting.news.is_empty()
            && waiting.profiles.is_empty()
            && !waiting.reload
            && waiting.awaited.is_none()
        {
            self.waiting = None;
        }
    }
}

/// Returns the approximate size of a queued profile, in bytes.
fn profile_bytes(profile: &Profile) -> usize {
    size_of::<(UserId, Profile)>() + profile.nick.len() + profile.avatar_url.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_directory::ListsChange;

    const OWN: ConnectionId = ConnectionId::alone(1);

    fn news(version: u64, by: Option<ConnectionId>, text: usize) -> Arc<ListsNews> {
        let profile = Profile { nick: "x".repeat(text), ..Profile::default() };
        Arc::new(ListsNews { version, by, total_unread: 0, change: ListsChange::Profile(profile) })
    }

    fn told(queue: &mut ListsQueue) -> Vec<String> {
        let mut told = Vec::new();
        while let Some(next) = queue.next(OWN, None) {
            told.push(match next {
                Next::News(news) => news.version.to_string(),
                Next::FriendProfile(friend, profile) => format!("{friend}={}", profile.nick),
                Next::Reload(version) => format!("reload {version}"),
            });
        }
        told
    }

    /// Runs a script and compares the queue's messages. A number is a change from the log. `own n` is a change by the
    /// connection itself. `friend=nick` is a changed profile. `at n` sets the client's version, `gap` lets time pass,
    /// and `read n` requests a reload.
    fn check(script: &str, expected: &str) {
        let mut queue = ListsQueue::default();
        let mut now = Moment(0);
        let mut heard = Vec::new();
        for step in script.split(", ") {
            match step.split_once(' ').unwrap_or(("hear", step)) {
                ("hear", "gap") => {
                    queue.look_for_gap(now);
                    now = now + GAP_PATIENCE;
                    queue.look_for_gap(now);
                }
                ("hear", step) if step.contains('=') => {
                    let (friend, nick) = step.split_once('=').unwrap();
                    let profile = Profile { nick: nick.into(), ..Profile::default() };
                    queue.hear_profile(UserId::new(friend).unwrap(), Arc::new(profile));
                }
                ("hear", "tell") => heard.extend(told(&mut queue)),
                ("hear", version) => queue.hear(&news(version.parse().unwrap(), None, 0)),
                ("own", version) => queue.hear(&news(version.parse().unwrap(), Some(OWN), 0)),
                ("at", version) => queue.tell_from(version.parse().unwrap()),
                ("read", version) => queue.reload(version.parse().unwrap()),
                step => panic!("{step:?}"),
            }
        }
        heard.extend(told(&mut queue));
        assert_eq!(heard.join(", "), expected, "{script}");
        if queue.told() > 0 && !queue.is_stuck() {
            assert!(queue.waiting.is_none(), "nothing is left of {script}");
        }
    }

    #[test]
    fn changes_are_told_in_the_order_of_their_versions() {
        check("at 5, 6, 7", "6, 7");
        check("at 5, 7, 6", "6, 7");
        check("at 5, 8, 7, tell, 6", "6, 7, 8");
        check("at 5, 6, 6, 5, 4", "6");
        check("at 5, own 6, 7", "7");
        check("at 5, 7, tell, own 6", "7");
    }

    #[test]
    fn what_is_heard_before_the_version_is_known_waits_for_it() {
        check("6, 7, tell", "");
        check("6, 7, tell, at 6", "7");
        check("6, 7, at 9", "");
        check("6, gap, at 5", "6");
    }

    #[test]
    fn a_change_that_never_comes_costs_a_reload() {
        check("at 5, 7, 8, tell", "");
        check("at 5, 7, 8, gap", "reload 8");
        check("at 5, 7, gap, 6, 8", "reload 8");
        check("at 5, 7, gap, tell, 6, 8", "reload 7, 8");
    }

    #[test]
    fn a_reload_stands_for_all_that_waits() {
        check("at 5, 6, read 9, 8, 10", "reload 10");
        check("at 5, 6, bob=B, read 3", "reload 6");
        check("read 7, at 5, 8", "reload 8");
        check("read 0, 6, at 5", "6, reload 6");
    }

    #[test]
    fn of_a_friend_the_newest_profile_is_told() {
        check("at 5, bob=A, bob=B, 6", "6, bob=B");
    }

    #[test]
    fn an_answer_waits_for_what_was_committed_before() {
        let mut queue = ListsQueue::default();
        queue.tell_from(5);
        assert!(queue.await_version(5).is_none());
        assert!(queue.await_version(7).is_some());
        queue.hear(&news(7, Some(OWN), 0));
        assert!(queue.await_version(7).is_some(), "6 is not here");
        queue.hear(&news(6, None, 0));
        queue.hear(&news(8, None, 0));
        assert!(queue.await_version(7).is_none());
        let Some(Next::News(first)) = queue.next(OWN, Some(7)) else { panic!() };
        assert_eq!(first.version, 6);
        assert_eq!(queue.next(OWN, Some(7)), None, "the answer comes now");
        assert_eq!(queue.told(), 7);
        assert_eq!(told(&mut queue), ["8"]);
    }

    #[test]
    fn an_answer_does_not_wait_for_ever() {
        let mut queue = ListsQueue::default();
        queue.tell_from(5);
        assert!(queue.await_version(7).is_some());
        assert!(queue.look_for_gap(Moment(0)));
        assert!(queue.look_for_gap(Moment(0) + GAP_PATIENCE / 2));
        assert!(!queue.look_for_gap(Moment(0) + GAP_PATIENCE));
        assert!(queue.await_version(7).is_none());
        assert_eq!(told(&mut queue), ["reload 7"]);
    }

    #[test]
    fn what_waits_is_bounded_and_one_news_always_fits() {
        let mut queue = ListsQueue::default();
        queue.tell_from(1);
        queue.hear(&news(2, None, MAX_WAITING_BYTES));
        assert_eq!(told(&mut queue), ["2"], "alone");

        let one = news(0, None, 1_000).bytes() as u64;
        let fit = MAX_WAITING_BYTES as u64 / one;
        for version in 3..3 + fit {
            queue.hear(&news(version, None, 1_000));
        }
        assert_eq!(told(&mut queue).len() as u64, fit, "at the bound");
        let mut newest = 2 + fit;
        for _ in 0..=fit {
            newest += 1;
            queue.hear(&news(newest, None, 1_000));
        }
        assert_eq!(told(&mut queue), [format!("reload {newest}")], "one past it");
        queue.hear(&news(newest + 1, None, 0));
        assert_eq!(told(&mut queue), [(newest + 1).to_string()], "and on");
    }

    #[test]
    fn a_queue_without_news_is_two_words() {
        assert_eq!(size_of::<ListsQueue>(), 16);
    }
}
