//! The session of `watch`: logs in, subscribes, and executes commands. It prints nothing.

use super::roster::Roster;
use super::server_clock::ServerClock;
use crate::time_text::present;
use anyhow::Context;
use lamplight_client::{Client, Code, Error, Event, Events};
use lamplight_model::{Timestamp, UserId};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

/// The maximum number of users in one subscribe call, as in the default settings of an app.
const BATCH: usize = 100;

/// The interval at which the session subscribes again to users without an account.
const ASK_AGAIN: Duration = Duration::from_secs(2);

/// The longest time that quitting waits for a logout.
const FAREWELL: Duration = Duration::from_secs(2);

/// A logged-in watcher.
pub struct Session {
    /// The watched users and their newest statuses.
    pub roster: Roster,
    client: Client,
    events: Events,
    server_clock: ServerClock,
    began: Instant,
    /// The calls in progress. Without a connection they can take long, so the session does not wait for them.
    errands: JoinSet<Errand>,
    asking_again: bool,
    ask_again: Interval,
}

/// The parameters of a session.
pub struct Begin<'a> {
    /// The user to log in as.
    pub me: &'a UserId,
    /// The token for the login.
    pub user_sig: &'a str,
    /// The users to watch.
    pub people: &'a [UserId],
    /// The custom status to set for the watcher; `None` to leave it unchanged.
    pub status: Option<&'a str>,
}

/// The outcome of a call.
enum Errand {
    /// A subscribe call succeeded, but these users have no account.
    Subscribed { unknown: Vec<UserId> },
    /// A repeated subscribe call has ended; these users still have no account.
    AskedAgain { unknown: Vec<UserId> },
    /// The call succeeded. Its result arrives as an event.
    Done,
    /// The call failed.
    Failed { doing: &'static str, error: Error },
}

impl Session {
    /// Logs in and subscribes. Users without an account are no error; other refusals are errors. If another login has
    /// kicked this device, tries once more.
    pub async fn begin(client: Client, begin: Begin<'_>) -> anyhow::Result<Self> {
        let Begin { me, user_sig, people, status } = begin;
        let events = client.events();
        let (began, mut server_clock) = (Instant::now(), ServerClock::new(present()));
        let logged_in = match client.login(me.as_str(), user_sig).await {
            // A device that was kicked while it was away gets this refusal once, and may then log in again. The user
            // who has started this program wants to log in.
            Err(Error::Refused(refused)) if refused.is(Code::KICKED_BY_OTHER_LOGIN) => {
                client.login(me.as_str(), user_sig).await
            }
            result => result,
        }?;
        server_clock.told(logged_in.server_time, began.elapsed());
        let others: Vec<UserId> = people.iter().filter(|user| *user != me).cloned().collect();
        let mut roster = Roster::new(me.clone(), &others);
        for user in subscribe(&client, &others).await? {
            roster.no_account(&user);
        }
        if let Some(text) = status {
            client.set_self_status(text).await.context("cannot set the custom status")?;
        }
        let mut ask_again = interval(ASK_AGAIN);
        ask_again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let errands = JoinSet::new();
        Ok(Self { roster, client, events, server_clock, began, errands, asking_again: false, ask_again })
    }

    /// Returns the current time by the server's clock.
    pub fn now(&self) -> Timestamp {
        self.server_clock.at(self.began.elapsed())
    }

    /// Waits for the next event, and updates the roster. Returns an event of the SDK; `None` for other events. The
    /// future may be dropped at any time.
    pub async fn next(&mut self) -> Option<Event> {
        tokio::select! {
            Some(event) = self.events.next() => {
                if let Event::StatusChanged(statuses) = &event {
                    let received = self.began.elapsed();
                    statuses.iter().for_each(|status| self.server_clock.told(status.since, received));
                }
                let now = self.now();
                self.roster.apply(&event, now);
                return Some(event);
            }
            Some(errand) = self.errands.join_next() => match errand {
                Ok(errand) => self.conclude(errand),
                Err(error) => tracing::error!(%error, "a call has panicked"),
            },
            _ = self.ask_again.tick() => self.ask_again(),
        }
        None
    }

    /// Sets the watcher's own custom status.
    pub fn set_status(&mut self, text: String) {
        let client = self.client.clone();
        self.errands.spawn(async move {
            match client.set_self_status(&text).await {
                Ok(_) => Errand::Done,
                Err(error) => Errand::Failed { doing: "the custom status is not set", error },
            }
        });
    }

    /// Starts to watch another user.
    pub fn add(&mut self, user: UserId) {
        self.roster.want(&user);
        let client = self.client.clone();
        self.errands.spawn(async move {
            match subscribe(&client, &[user]).await {
                Ok(unknown) => Errand::Subscribed { unknown },
                Err(error) => Errand::Failed { doing: "not subscribed", error },
            }
        });
    }

    /// Stops watching a user. If the app notifies friends, a friend is still watched.
    pub fn remove(&mut self, user: UserId) {
        self.roster.forget(&user);
        let client = self.client.clone();
        self.errands.spawn(async move {
            match client.unsubscribe_user_status([user]).await {
                Ok(_) => Errand::Done,
                Err(error) => Errand::Failed { doing: "not unsubscribed", error },
            }
        });
    }

    /// Logs out. Gives up after [`FAREWELL`].
    pub async fn log_out(&self) {
        match timeout(FAREWELL, self.client.logout()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "not logged out"),
            Err(_) => tracing::debug!("not logged out in time"),
        }
    }

    fn conclude(&mut self, errand: Errand) {
        match errand {
            Errand::Subscribed { unknown } => {
                for user in unknown {
                    self.roster.no_account(&user);
                    let text = format!("{user} has no account yet; asking again from time to time");
                    self.roster.say(self.now(), text);
                }
            }
            Errand::AskedAgain { unknown } => {
                self.asking_again = false;
                unknown.iter().for_each(|user| self.roster.no_account(user));
            }
            Errand::Done => {}
            Errand::Failed { doing, error } => self.roster.say(self.now(), format!("{doing}: {error}")),
        }
    }

    /// Subscribes again to users without an account, because a user's first login creates one.
    fn ask_again(&mut self) {
        let missing = self.roster.without_account();
        if missing.is_empty() || self.asking_again {
            return;
        }
        self.asking_again = true;
        let client = self.client.clone();
        self.errands.spawn(async move {
            let unknown = subscribe(&client, &missing).await;
            Errand::AskedAgain { unknown: unknown.unwrap_or_default() }
        });
    }
}

/// Subscribes to users. Returns the users without an account.
async fn subscribe(client: &Client, users: &[UserId]) -> Result<Vec<UserId>, Error> {
    let mut unknown = Vec::new();
    for batch in users.chunks(BATCH) {
        match client.subscribe_user_status(batch).await {
            Ok(done) => {
                unknown.extend(done.failures.iter().filter_map(|failure| UserId::new(&failure.user_id).ok()))
            }
            Err(Error::Refused(refused)) if refused.is(Code::NO_SUCH_ACCOUNT) => {
                unknown.extend_from_slice(batch)
            }
            Err(error) => return Err(error),
        }
    }
    Ok(unknown)
}
