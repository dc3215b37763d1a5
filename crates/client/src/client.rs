//! The handle that an application holds.

pub(crate) mod builder;
mod lists;

use crate::driver::{Command, Waiter};
use crate::request::{Answer, LoggedIn, Request, Statuses, Subscribed, Subscriptions, Unsubscribed};
use crate::shared::{Events, SharedLock};
use crate::{Abilities, Error, Refused};
use builder::ClientBuilder;
use lamplight_model::{Code, DeviceId, UserId, UserStatus};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

/// The most calls of one client that may be under way. Further calls wait for a place, within their timeout.
pub const MAX_CALLS: usize = 256;

/// A client of Lamplight. Cheap to clone; all clones share one session.
///
/// After a [`login`](Self::login) it keeps the session alive by itself: it sends heartbeats, comes back after a
/// broken link, learns what has changed meanwhile, and subscribes again if the server has given the list up.
/// A call that is made while there is no connection has the client try again at once, or within a second of its
/// last attempt, and waits for the connection up to the call timeout. The session ends with [`logout`](Self::logout) or when the server ends it, of which an [`Event`](crate::Event)
/// tells; from then on calls fail with [`Error::NotLoggedIn`].
///
/// Dropping a call does not take it back: it may already be on its way. Dropping the last clone closes the
/// connection without logging out.
#[derive(Clone, Debug)]
pub struct Client {
    commands: mpsc::Sender<Command>,
    shared: SharedLock,
    places: Arc<Semaphore>,
    call_timeout: Duration,
    device: DeviceId,
}

impl Client {
    /// Begins to build a client of the server at `tcp://host:port`, `tls://host:port`, `ws://host[:port]` or
    /// `wss://host[:port]`.
    pub fn builder(address: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(address)
    }

    pub(crate) fn new(
        commands: mpsc::Sender<Command>,
        shared: SharedLock,
        device: DeviceId,
        call_timeout: Duration,
    ) -> Self {
        Self { commands, shared, places: Arc::new(Semaphore::new(MAX_CALLS)), call_timeout, device }
    }

    /// Connects and logs in: one attempt. Only after it has succeeded does the client come back on its own.
    ///
    /// The token is a UserSig or, where the app accepts them, a JWT; both are handed over alike, and refused with the same
    /// codes. When this user is logged in already, the UserSig replaces the former one. To become another user, log
    /// out first.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with the server's code; 7003 when `user_id` is none and 6017 when another user is
    /// logged in, without asking it. [`Error::Transport`] when no connection could be made.
    pub async fn login(&self, user_id: &str, user_sig: &str) -> Result<LoggedIn, Error> {
        let user = UserId::new(user_id)
            .map_err(|invalid| Refused::because(Code::BAD_USER_ID, &invalid.to_string()))?;
        let user_sig = user_sig.to_owned();
        let Answer::LoggedIn(logged_in) =
            self.ask(|waiter| Command::Login { user, user_sig, waiter }).await?
        else {
            unreachable!("a login has an answer of its kind")
        };
        Ok(logged_in)
    }

    /// Hands in a fresh UserSig before the present one expires. It is used for every login from now on, and
    /// sent at once.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`]: it is not valid, and the present one stays.
    pub async fn update_user_sig(&self, user_sig: &str) -> Result<(), Error> {
        let Answer::LoggedIn(_) =
            self.call(Request::Login { user_sig: user_sig.to_owned(), resume: true }).await?
        else {
            unreachable!("a login has an answer of its kind")
        };
        Ok(())
    }

    /// Logs this device out and closes the connection.
    ///
    /// # Errors
    ///
    /// After any error but [`Error::Refused`] the session is over here all the same; the server, if it was not
    /// reached, keeps the login until it lapses.
    pub async fn logout(&self) -> Result<(), Error> {
        self.call(Request::Logout).await.map(|_| ())
    }

    /// Sets the own custom status: UTF-8, at most 100 bytes unless the app's settings say otherwise. Empty
    /// clears it. Answers the own status.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 6017 when the text is too long.
    pub async fn set_self_status(&self, custom_status: &str) -> Result<UserStatus, Error> {
        let Answer::SelfStatus(status) = self.call(Request::SetSelfStatus(custom_status.to_owned())).await?
        else {
            unreachable!("setSelfStatus has an answer of its kind")
        };
        Ok(status)
    }

    /// Asks for the present status of users, oneself or others: at most 500. Of users that are not watched
    /// nothing is cached.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when the call as a whole was refused; users for whom alone it failed are in
    /// [`Statuses::failures`].
    pub async fn get_user_status<I>(&self, users: I) -> Result<Statuses, Error>
    where
        I: IntoIterator,
        I::Item: ToString,
    {
        let Answer::Statuses(statuses) = self.call(Request::GetUserStatus(texts(users))).await? else {
            unreachable!("getUserStatus has an answer of its kind")
        };
        Ok(statuses)
    }

    /// Subscribes to users: at most 100 in a call and 200 in the list, of which the earliest subscribed leave.
    /// The list belongs to the account, not to the device.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when the call as a whole was refused; users for whom alone it failed are in
    /// [`Subscribed::failures`].
    pub async fn subscribe_user_status<I>(&self, users: I) -> Result<Subscribed, Error>
    where
        I: IntoIterator,
        I::Item: ToString,
    {
        let Answer::Subscribed(subscribed) = self.call(Request::Subscribe(texts(users))).await? else {
            unreachable!("subscribeUserStatus has an answer of its kind")
        };
        Ok(subscribed)
    }

    /// Unsubscribes from users: at most 100 in a call. **An empty list means all of them**; so does
    /// [`unsubscribe_all`](Self::unsubscribe_all).
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when the call as a whole was refused.
    pub async fn unsubscribe_user_status<I>(&self, users: I) -> Result<Unsubscribed, Error>
    where
        I: IntoIterator,
        I::Item: ToString,
    {
        let Answer::Unsubscribed(unsubscribed) = self.call(Request::Unsubscribe(texts(users))).await? else {
            unreachable!("unsubscribeUserStatus has an answer of its kind")
        };
        Ok(unsubscribed)
    }

    /// Unsubscribes from everybody.
    ///
    /// # Errors
    ///
    /// As [`unsubscribe_user_status`](Self::unsubscribe_user_status).
    pub async fn unsubscribe_all(&self) -> Result<Unsubscribed, Error> {
        self.unsubscribe_user_status(std::iter::empty::<&str>()).await
    }

    /// Asks for the account's subscription list.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] when the edition, the switch or the rate limit says no.
    pub async fn get_subscriptions(&self) -> Result<Subscriptions, Error> {
        let Answer::Subscriptions(subscriptions) = self.call(Request::GetSubscriptions).await? else {
            unreachable!("getSubscriptions has an answer of its kind")
        };
        Ok(subscriptions)
    }

    /// The last known status of a watched user, oneself included; without asking the server. While there is no
    /// connection, what was known last. `None` for users that are not watched.
    pub fn cached_status(&self, user: &UserId) -> Option<UserStatus> {
        self.shared.lock().machine().cache().get(user).cloned()
    }

    /// The last known statuses of all watched users, oneself included, in the order of the `userID`s.
    pub fn cached(&self) -> Vec<UserStatus> {
        self.shared.lock().machine().cache().iter().cloned().collect()
    }

    /// Returns what the app's settings let this client do, as the server told it last; `None` without a session. An
    /// [`Event::AbilitiesChanged`](crate::Event::AbilitiesChanged) tells when it changes.
    pub fn abilities(&self) -> Option<Abilities> {
        self.shared.lock().machine().abilities().copied()
    }

    /// Begins to read events. Each reader gets them all, and first what is cached now. A reader that is not
    /// read costs memory bounded by what is watched.
    pub fn events(&self) -> Events {
        self.shared.events()
    }

    /// Tells that the device has changed its network, or has woken: a link is tested at once instead of at the next
    /// heartbeat, and given up when nothing is heard for 3 s; a client that waits to reconnect tries now.
    pub async fn network_changed(&self) {
        // Without a driver there is no link to test.
        let _ = self.commands.send(Command::NetworkChanged).await;
    }

    /// The id of this device.
    pub fn device_id(&self) -> &DeviceId {
        &self.device
    }

    async fn call(&self, request: Request) -> Result<Answer, Error> {
        self.ask(|waiter| Command::Call { request, waiter }).await
    }

    async fn ask(&self, command: impl FnOnce(Waiter) -> Command) -> Result<Answer, Error> {
        let deadline = Instant::now() + self.call_timeout;
        let place = timeout_at(deadline, self.places.clone().acquire_owned());
        let place = place.await.map_err(|_| Error::NotSent)?.expect("the semaphore is never closed");
        let (reply, answer) = oneshot::channel();
        let command = command(Waiter { deadline, reply, _place: place });
        // The driver is gone only when its runtime is shutting down.
        self.commands.send(command).await.map_err(|_| Error::NotSent)?;
        answer.await.unwrap_or(Err(Error::Disconnected))
    }
}

fn texts<I>(users: I) -> Vec<String>
where
    I: IntoIterator,
    I::Item: ToString,
{
    users.into_iter().map(|user| user.to_string()).collect()
}
