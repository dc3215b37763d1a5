//! Interprets the messages that one connection receives.

use crate::news::{News, Rare, Travelled};
use crate::notice::{Notice, notices, status_changed};
use crate::picture::Picture;
use lamplight_wire::v1;
use lamplight_wire::v1::server_message::Body;
use prost::Message as _;
use std::time::{Duration, Instant};

/// The parser of the messages of one connection.
pub struct Ear<'a> {
    /// The user of the connection.
    pub user: u32,
    /// Where the received statuses are recorded.
    pub picture: &'a mut Picture,
    /// The counts of notifications.
    pub travelled: &'a mut Travelled,
    /// Where the received news is recorded.
    pub news: &'a mut Vec<News>,
    /// The results besides statuses and news.
    pub heard: Heard,
}

/// The results of one read from a connection, besides statuses and news.
#[derive(Default)]
pub struct Heard {
    /// The heartbeat timeout, if the read contained the answer to a login.
    pub logged_in: Option<Duration>,
    /// The time over which clients should spread their reconnects; `None` if the server has not sent it.
    pub reconnect_spread: Option<Duration>,
    /// The time after which the client should reconnect; `None` if the server has not sent it. The server sends this
    /// time before it closes the connection.
    pub retry_after: Option<Duration>,
    /// The text of the last refusal, if there was one.
    pub refusal: Option<String>,
    /// The description of a message that cannot be handled, if there was one.
    pub fault: Option<String>,
}

impl Ear<'_> {
    /// Handles one message.
    pub fn hear(&mut self, message: &[u8]) {
        let Some(statuses) = status_changed(message) else {
            match v1::ServerMessage::decode(message) {
                Ok(message) => self.hear_other(message),
                Err(error) => self.heard.fault = Some(error.to_string()),
            }
            return;
        };
        let at = Instant::now();
        self.travelled.messages += 1;
        self.travelled.bytes += message.len() as u64;
        let watcher = self.user;
        let understood = notices(statuses, |notice| {
            self.travelled.notifications += 1;
            if let Some(before) = self.picture.told(watcher, notice) {
                self.news.push(News::Told { watcher, notice, before, at });
            }
        });
        if understood.is_none() {
            self.heard.fault = Some("a status".to_owned());
        }
    }

    fn hear_other(&mut self, message: v1::ServerMessage) {
        let user = self.user;
        match message.body {
            Some(Body::Login(login)) => {
                self.know(&login.statuses);
                self.heard.logged_in = Some(Duration::from_millis(login.heartbeat_timeout_ms.into()));
                self.heard.reconnect_spread = spread(login.reconnect_spread_ms);
                self.picture.came(user);
                self.news.push(News::LoggedIn(user));
                if !login.not_watched.is_empty() {
                    self.news.push(News::Rare(Rare::NotWatched));
                }
                if login.subscriptions_lost {
                    self.news.push(News::Rare(Rare::SubscriptionsLost(user)));
                }
            }
            Some(Body::SubscribeUserStatus(done)) => {
                self.know(&done.statuses);
                if let Some(failure) = done.failures.first() {
                    self.heard.fault =
                        Some(format!("{} cannot be watched: {}", failure.user_id, failure.code));
                }
                self.news.push(News::Answered(user));
            }
            Some(Body::SetSelfStatus(_)) => self.news.push(News::Answered(user)),
            Some(Body::SendMessage(sent)) => {
                self.news.push(News::Sent { from: user, again: sent.repeated_send });
            }
            Some(Body::ListsChanged(changed)) => {
                if changed.reload {
                    self.news.push(News::Rare(Rare::Reload));
                }
                for message in &changed.messages {
                    self.receive(message);
                }
            }
            Some(Body::GetHistory(history)) => {
                let own = crate::ring::user_id(user);
                for message in history.messages.iter().filter(|message| message.to == own) {
                    self.receive(message);
                }
                self.news.push(News::Answered(user));
            }
            Some(Body::GetUserStatus(answer)) => {
                let wrong = |status: &&v1::UserStatus| {
                    Notice::from_status(status).is_none_or(|notice| !self.picture.is_true(notice))
                };
                let wrong = answer.statuses.iter().filter(wrong).count() + answer.failures.len();
                self.news.push(News::Rare(Rare::Queried { user, wrong: wrong as u32 }));
            }
            Some(Body::Heartbeat(beat)) => self.heard.reconnect_spread = spread(beat.reconnect_spread_ms),
            Some(Body::Refusal(refusal)) => {
                self.news.push(News::Rare(Rare::Refused { user, code: refusal.code }));
                self.heard.refusal = Some(refusal.message);
            }
            Some(Body::ConnectionEnded(ended)) => {
                self.heard.retry_after = spread(ended.retry_after_ms);
                self.heard.refusal = Some(ended.message);
            }
            other => self.heard.fault = Some(format!("{other:?}")),
        }
    }

    fn receive(&mut self, message: &v1::Message) {
        match message.client_message_id.parse() {
            Ok(number) => self.news.push(News::Received { to: self.user, number }),
            Err(_) => self.heard.fault = Some(format!("{message:?}")),
        }
    }

    fn know(&mut self, statuses: &[v1::UserStatus]) {
        for status in statuses {
            match Notice::from_status(status) {
                Some(notice) => {
                    if let Some(before) = self.picture.answered(self.user, notice) {
                        let watcher = self.user;
                        self.news.push(News::Rare(Rare::Learned { watcher, notice, before }));
                    }
                }
                None => self.heard.fault = Some(format!("{status:?}")),
            }
        }
    }
}

/// Converts a duration of the wire protocol; `None` for 0.
fn spread(milliseconds: u32) -> Option<Duration> {
    (milliseconds > 0).then(|| Duration::from_millis(milliseconds.into()))
}
