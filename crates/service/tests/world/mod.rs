//! A service on real stores, and its change log as text.

#![allow(dead_code, clippy::unwrap_used, missing_docs)]

use lamplight_auth::{Claims, sign};
use lamplight_directory::{ChangeLog, InProcessDirectory, ListsChange, LogReader, News};
use lamplight_facts::Facts;
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{
    App, AppId, AppKey, AppSettings, ClientMessageId, Code, ConnectionId, Moment, Now, Platform, Timestamp,
    User, UserId,
};
use lamplight_service::{By, Listed, LoginCall, MessageSent, Service, ServiceError, ThrottleLimits};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

pub const PHONE: By = By::Client(ConnectionId::alone(1));
pub const MAC: By = By::Client(ConnectionId::alone(2));

pub struct World {
    pub service: Arc<Service>,
    pub app: App,
    pub now: Now,
    began: Timestamp,
    pub facts: Arc<dyn Facts>,
    pub directory: Arc<InProcessDirectory>,
    log: LogReader,
    _folder: TempDir,
}

impl World {
    /// Creates a service with these accounts. `change` changes the settings of their app.
    pub async fn with(accounts: &[&str], change: impl FnOnce(&mut AppSettings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let facts: Arc<dyn Facts> = Arc::new(SqliteFacts::open(&folder.path().join("facts.db")).unwrap());
        let directory = Arc::new(InProcessDirectory::in_memory());
        let log = Arc::<InProcessDirectory>::clone(&directory);
        let throttle = ThrottleLimits::default();
        let service =
            Service::new(Arc::clone(&facts), Arc::<InProcessDirectory>::clone(&directory), log, throttle);
        let service = Arc::new(service);
        let mut settings = AppSettings::default();
        change(&mut settings);
        let app = App { id: AppId(1), keys: Vec::new(), admins: Vec::new(), settings };
        service.put_app(app.clone()).await.unwrap();
        let now = Now { moment: Moment(1_000_000), wall: Timestamp(1_700_000_000_000) };
        for account in accounts {
            service.create_account(&user(account), now).await.unwrap();
        }
        let log = directory.follow();
        Self { service, app, now, facts, directory, began: now.wall, log, _folder: folder }
    }

    pub async fn of(accounts: &[&str]) -> Self {
        Self::with(accounts, |_| {}).await
    }

    /// The time at which the accounts were created.
    pub fn began(&self) -> Timestamp {
        self.began
    }

    pub fn advance(&mut self, time: Duration) {
        self.now = self.now.after(time);
    }

    /// Logs in a phone of a user.
    pub async fn log_in(&mut self, who: &str) {
        if self.app.keys.is_empty() {
            self.app.keys.push(AppKey { id: 1, text: "the key of a test".into() });
            self.service.put_app(self.app.clone()).await.unwrap();
        }
        let (user_id, issued) = (id(who), self.now.wall.as_secs());
        let claims = Claims { user_id, app: self.app.id, issued, expire: 1_000_000, userbuf: None };
        let call = LoginCall {
            app: self.app.id,
            user_id: who,
            user_sig: &sign(&self.app.keys[0], &claims),
            device_id: "phone",
            platform: Platform::IPhone,
            resume: false,
            connection: ConnectionId::alone(self.now.moment.0),
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        self.service.login(&call, self.now).await.unwrap();
    }

    pub async fn set(&mut self, change: impl FnOnce(&mut AppSettings)) {
        change(&mut self.app.settings);
        self.service.put_app(self.app.clone()).await.unwrap();
        self.news();
    }

    /// The log entries about lists and friends, one per line. Versions are counted from the creation of the account.
    pub fn news(&mut self) -> Vec<String> {
        let mut entries = Vec::new();
        self.log.take(&mut entries);
        let show = |entry: &lamplight_directory::LogEntry| {
            let of = &entry.user.id;
            Some(match &entry.news {
                News::Lists(news) => {
                    let version = news.version - self.began.0;
                    let by = news.by.map_or(String::new(), |by| format!(" by {}", by.local));
                    let unread = news.total_unread;
                    let change = match &news.change {
                        ListsChange::Profile(profile) => {
                            format!("profile {} {:?}", profile.nick, profile.allow)
                        }
                        ListsChange::Friend(friend) => {
                            let mutual = if friend.mutual { " mutual" } else { "" };
                            format!("friend {}{mutual} {:?}", friend.id, friend.remark)
                        }
                        ListsChange::FriendGone(friend) => format!("no friend {friend}"),
                        ListsChange::Message(news) => {
                            let (message, row) = (&news.message, &news.conversation);
                            assert_eq!(row.last, None, "the message is there once");
                            let unread = row.unread;
                            format!(
                                "message {} {:?} in {} unread {unread}",
                                message.sequence,
                                message.body.shown(),
                                row.peer
                            )
                        }
                        ListsChange::Conversation(row) => {
                            let pinned = if row.pinned { " pinned" } else { "" };
                            format!(
                                "row {}{pinned} unread {} read {}",
                                row.peer, row.unread, row.read_sequence
                            )
                        }
                        ListsChange::ConversationGone(peer) => format!("no row {peer}"),
                        ListsChange::Blocked(blocked) => {
                            let ids: Vec<&str> = blocked.iter().map(|entry| entry.id.as_str()).collect();
                            format!("blocked {}", ids.join(" "))
                        }
                        ListsChange::Unblocked(ids) => {
                            let ids: Vec<&str> = ids.iter().map(UserId::as_str).collect();
                            format!("unblocked {}", ids.join(" "))
                        }
                        ListsChange::Visibility(visibility) => format!("visibility {visibility}"),
                    };
                    format!("{of}+{version}{by}: {change}, {unread} in all")
                }
                News::ListsUnknown => format!("{of}: unknown"),
                News::FriendProfile(shown) => {
                    let friends: Vec<&str> = shown.friends.iter().map(UserId::as_str).collect();
                    format!("{of} shows {} to {}", shown.profile.nick, friends.join(" "))
                }
                News::Friend { friend, mutual } => format!("{of} and {friend}: {mutual}"),
                News::Restricted(of) => {
                    let visibility = of.restrictions.visibility();
                    let blocked: Vec<&str> = of.restrictions.blocked().iter().map(UserId::as_str).collect();
                    format!("{} is seen by {visibility} without {blocked:?}", of.status.user_id)
                }
                News::Status(_)
                | News::Ended(_)
                | News::Subscriptions { .. }
                | News::Events
                | News::Notices(_)
                | News::App(_) => return None,
            })
        };
        entries.iter().filter_map(|entry| show(entry)).collect()
    }

    pub async fn send(
        &self,
        from: &str,
        to: &str,
        text: &str,
        id: &str,
        by: By,
    ) -> Result<Listed<MessageSent>, ServiceError> {
        let client_id = ClientMessageId::new(id).unwrap();
        self.service.send_message(&user(from), &user(to).id, text.into(), client_id, by, self.now).await
    }
}

pub fn user(id: &str) -> User {
    User::new(AppId(1), self::id(id))
}

pub fn id(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

pub fn ids(ids: &[&str]) -> Vec<UserId> {
    ids.iter().map(|text| id(text)).collect()
}

/// The code of a refusal.
pub fn code<T: std::fmt::Debug>(answer: Result<T, ServiceError>) -> Code {
    match answer {
        Err(ServiceError::Refused(refusal)) => refusal.code,
        other => panic!("not refused: {other:?}"),
    }
}
