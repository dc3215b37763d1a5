//! The state of `watch`: the watched users, their newest statuses, and the state of the connection.
//!
//! Pure: events and their times are arguments; there is no terminal and no socket.

use lamplight_client::{Event, KickedBy, LinkEnd};
use lamplight_model::{Code, Reason, StatusType, Timestamp, UserId, UserStatus};
use std::collections::VecDeque;
use std::time::Duration;

/// The maximum number of event lines that are kept.
const MAX_NEWS: usize = 200;

/// The state that `watch` shows.
#[derive(Debug)]
pub struct Roster {
    /// The user who watches.
    pub me: UserId,
    /// The state of the connection.
    pub connection: Connection,
    /// The watched users: the watcher first, then the others in the order in which they were added.
    pub people: Vec<Person>,
    /// The lines about the latest events, the newest one last.
    pub news: VecDeque<News>,
}

/// The state of the connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Connection {
    /// A connection attempt is in progress.
    Connecting,
    /// Connected; the statuses are current.
    Connected,
    /// The link has broken. The statuses are those that were received before the link broke.
    Waiting {
        /// The reason why the link broke, or why the last attempt failed.
        why: String,
        /// The time of the next attempt.
        until: Timestamp,
    },
    /// The session has ended, and there will be no further attempt.
    Ended {
        /// The reason.
        why: String,
    },
}

/// A watched user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Person {
    /// The `userID`.
    pub id: UserId,
    /// The newest status, or the reason why there is none.
    pub known: Known,
}

/// The newest status of a watched user, or the reason why there is none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Known {
    /// No status has been received yet.
    Nothing,
    /// The account does not exist. The session repeats the subscribe call at intervals.
    NoAccount,
    /// The newest status that was received.
    Status(UserStatus),
}

/// A line about an event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct News {
    /// The time of the event.
    pub at: Timestamp,
    /// The text of the line.
    pub text: String,
}

impl Roster {
    /// Makes a roster with the watcher and the users to watch.
    pub fn new(me: UserId, wanted: &[UserId]) -> Self {
        let mut roster = Self {
            me: me.clone(),
            connection: Connection::Connecting,
            people: Vec::new(),
            news: VecDeque::new(),
        };
        roster.want(&me);
        wanted.iter().for_each(|user| roster.want(user));
        roster
    }

    /// Adds a user.
    pub fn want(&mut self, user: &UserId) {
        if self.find(user).is_none() {
            self.people.push(Person { id: user.clone(), known: Known::Nothing });
        }
    }

    /// Removes a user.
    pub fn forget(&mut self, user: &UserId) {
        self.people.retain(|person| person.id != *user || *user == self.me);
    }

    /// Records that the account does not exist. Keeps a status that was already received.
    pub fn no_account(&mut self, user: &UserId) {
        let person = self.people.iter_mut().find(|person| person.id == *user);
        if let Some(person) = person.filter(|person| person.known == Known::Nothing) {
            person.known = Known::NoAccount;
        }
    }

    /// Returns the users who had no account at the last subscribe call.
    pub fn without_account(&self) -> Vec<UserId> {
        let missing = self.people.iter().filter(|person| person.known == Known::NoAccount);
        missing.map(|person| person.id.clone()).collect()
    }

    /// Returns the entry of a user; `None` if the user is not watched.
    pub fn find(&self, user: &UserId) -> Option<&Person> {
        self.people.iter().find(|person| person.id == *user)
    }

    /// Returns the watcher's own status; `None` before the first status is received.
    pub fn own(&self) -> Option<&UserStatus> {
        match &self.find(&self.me)?.known {
            Known::Status(status) => Some(status),
            Known::Nothing | Known::NoAccount => None,
        }
    }

    /// Adds a line about an event.
    pub fn say(&mut self, at: Timestamp, text: impl Into<String>) {
        self.news.push_back(News { at, text: text.into() });
        if self.news.len() > MAX_NEWS {
            self.news.pop_front();
        }
    }

    /// Applies an event of the SDK.
    pub fn apply(&mut self, event: &Event, now: Timestamp) {
        match event {
            Event::StatusChanged(statuses) => {
                for status in statuses {
                    let text = change_text(self.status_of(&status.user_id), status);
                    self.want(&status.user_id);
                    if let Some(person) = self.people.iter_mut().find(|person| person.id == status.user_id) {
                        person.known = Known::Status(status.clone());
                    }
                    self.say(now, text);
                }
            }
            Event::NotWatched(users) => {
                for user in users {
                    self.forget(user);
                    self.say(now, format!("{user} is no longer watched"));
                }
            }
            Event::Connecting => self.connection = Connection::Connecting,
            Event::Connected { resumed } => {
                self.connection = Connection::Connected;
                self.say(now, if *resumed { "connected again" } else { "connected" });
            }
            Event::Disconnected { why, retry_in } => self.waits(why, *retry_in, now),
            Event::ConnectFailed { why, retry_in } => match retry_in {
                Some(retry_in) => self.waits(why, *retry_in, now),
                None => self.end(now, why.to_string()),
            },
            Event::SubscriptionsChanged { subscribed, unsubscribed } => {
                subscribed.iter().for_each(|user| self.want(user));
                for user in subscribed {
                    self.say(now, format!("another device has subscribed to {user}"));
                }
                for user in unsubscribed {
                    self.say(now, format!("another device has unsubscribed from {user}"));
                }
            }
            // The screen shows statuses only.
            Event::MessagesReceived(_)
            | Event::ConversationsChanged { .. }
            | Event::FriendListChanged { .. }
            | Event::BlockListChanged { .. }
            | Event::VisibilityChanged(_)
            | Event::SelfInfoChanged(_)
            | Event::UsersInfoChanged(_)
            | Event::AbilitiesChanged(_)
            | Event::ListsOutdated => {}
            Event::KickedOffline { .. }
            | Event::UserSigExpired
            | Event::AccountDeleted
            | Event::Superseded
            | Event::LoginRefused(_)
            | Event::LoggedOut => self.end(now, ending_text(event)),
            Event::Missed { events } => self.say(now, format!("{events} events were not shown")),
            // Events that a later version of the SDK may add.
            _ => {}
        }
    }

    fn status_of(&self, user: &UserId) -> Option<&UserStatus> {
        match self.find(user).map(|person| &person.known) {
            Some(Known::Status(status)) => Some(status),
            Some(Known::Nothing | Known::NoAccount) | None => None,
        }
    }

    fn waits(&mut self, why: &LinkEnd, retry_in: Duration, now: Timestamp) {
        let until = Timestamp(now.0 + retry_in.as_millis() as u64);
        self.connection = Connection::Waiting { why: why.to_string(), until };
        self.say(now, format!("{why}; trying again in {:.1} s", retry_in.as_secs_f32()));
    }

    fn end(&mut self, now: Timestamp, why: String) {
        self.say(now, why.clone());
        self.connection = Connection::Ended { why };
    }
}

/// Describes a change of a status in words.
fn change_text(before: Option<&UserStatus>, after: &UserStatus) -> String {
    let user = &after.user_id;
    let custom = after.custom_status.as_str();
    let same_type = before.is_some_and(|before| before.status_type == after.status_type);
    if same_type {
        return if custom.is_empty() && after.reason == Reason::CustomExpired {
            format!("the custom status of {user} has run out")
        } else if custom.is_empty() {
            format!("{user} no longer has a custom status")
        } else {
            format!("{user} says: {custom}")
        };
    }
    let is = match after.status_type {
        StatusType::Unknown => "is unknown",
        StatusType::Online => "is online",
        StatusType::Offline => "is offline",
        StatusType::Unlogined => "is not logged in",
    };
    let said = if custom.is_empty() { String::new() } else { format!(", and says: {custom}") };
    match before {
        Some(_) => format!("{user} {is} ({}){said}", after.reason),
        None => format!("{user} {is}{said}"),
    }
}

/// Returns the reason why the session has ended.
pub fn ending_text(event: &Event) -> String {
    match event {
        Event::KickedOffline { by: KickedBy::OtherLogin { platform: Some(platform) } } => {
            format!("kicked by another login, on {platform}")
        }
        Event::KickedOffline { by: KickedBy::OtherLogin { platform: None } } => {
            "kicked by another login".to_owned()
        }
        Event::KickedOffline { by: KickedBy::Operator } => "kicked by an operator".to_owned(),
        Event::KickedOffline { .. } => "kicked".to_owned(),
        Event::UserSigExpired => Code::LOGIN_SIG_EXPIRED.to_string(),
        Event::AccountDeleted => "the account was deleted".to_owned(),
        Event::Superseded => "this device has connected again elsewhere".to_owned(),
        Event::LoginRefused(refused) => format!("the server refused the login: {refused}"),
        Event::LoggedOut => "logged out".to_owned(),
        Event::ConnectFailed { why, .. } | Event::Disconnected { why, .. } => why.to_string(),
        Event::Connecting
        | Event::Connected { .. }
        | Event::StatusChanged(_)
        | Event::NotWatched(_)
        | Event::SubscriptionsChanged { .. }
        | Event::MessagesReceived(_)
        | Event::ConversationsChanged { .. }
        | Event::FriendListChanged { .. }
        | Event::BlockListChanged { .. }
        | Event::VisibilityChanged(_)
        | Event::SelfInfoChanged(_)
        | Event::UsersInfoChanged(_)
        | Event::AbilitiesChanged(_)
        | Event::ListsOutdated
        | Event::Missed { .. } => "the session goes on".to_owned(),
        // Events that a later version of the SDK may add.
        _ => "the session has ended".to_owned(),
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use lamplight_model::{CustomStatus, Platform, Reason, Version};

    /// Makes a status for tests. The status began at second 1000.
    pub fn status(user: &str, kind: StatusType, reason: Reason, custom: &str, on: &[Platform]) -> UserStatus {
        UserStatus {
            user_id: UserId::new(user).unwrap(),
            status_type: kind,
            custom_status: CustomStatus::new(custom, 100).unwrap(),
            custom_expires: None,
            version: Version(1),
            since: Timestamp(1_000_000),
            reason,
            last_seen: None,
            online_devices: on.iter().copied().collect(),
        }
    }

    pub fn user(id: &str) -> UserId {
        UserId::new(id).unwrap()
    }

    #[test]
    fn news_say_what_changed() {
        use StatusType::{Offline, Online, Unlogined};
        let now = Timestamp(5);
        let mut roster = Roster::new(user("me"), &[user("bob")]);
        let mut tell = |status: UserStatus| {
            roster.apply(&Event::StatusChanged(vec![status]), now);
            roster.news.back().unwrap().text.clone()
        };
        assert_eq!(tell(status("bob", Unlogined, Reason::None, "", &[])), "bob is not logged in");
        assert_eq!(tell(status("bob", Online, Reason::Login, "", &[])), "bob is online (login)");
        assert_eq!(tell(status("bob", Online, Reason::Custom, "听歌", &[])), "bob says: 听歌");
        assert_eq!(tell(status("bob", Online, Reason::Custom, "", &[])), "bob no longer has a custom status");
        assert_eq!(tell(status("bob", Offline, Reason::Timeout, "", &[])), "bob is offline (timeout)");
        assert_eq!(tell(status("ann", Online, Reason::Login, "hi", &[])), "ann is online, and says: hi");
        let order: Vec<_> = roster.people.iter().map(|person| person.id.as_str()).collect();
        assert_eq!(order, ["me", "bob", "ann"], "the watcher, the wanted user, the user who came later");
    }

    #[test]
    fn who_is_not_watched_any_longer_leaves_and_oneself_stays() {
        let mut roster = Roster::new(user("me"), &[user("bob")]);
        roster.apply(&Event::NotWatched(vec![user("bob"), user("me")]), Timestamp(0));
        assert_eq!(roster.people.len(), 1);
        assert_eq!(roster.people[0].id, user("me"));
    }

    #[test]
    fn who_has_no_account_is_remembered_until_there_is_one() {
        let mut roster = Roster::new(user("me"), &[user("bob")]);
        roster.no_account(&user("bob"));
        assert_eq!(roster.without_account(), [user("bob")]);
        let online = status("bob", StatusType::Online, Reason::Login, "", &[]);
        roster.apply(&Event::StatusChanged(vec![online]), Timestamp(0));
        assert_eq!(roster.without_account(), []);
    }

    #[test]
    fn the_news_are_bounded() {
        let mut roster = Roster::new(user("me"), &[]);
        (0..300).for_each(|n| roster.say(Timestamp(n), "news"));
        assert_eq!(roster.news.len(), MAX_NEWS);
        assert_eq!(roster.news.back().map(|news| news.at), Some(Timestamp(299)));
    }
}
