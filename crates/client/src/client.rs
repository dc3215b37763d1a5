//! The client, which is the main type of the SDK.

pub(crate) mod builder;
mod lists;

use crate::driver::{Command, Waiter};
use crate::request::{Answer, LoggedIn, Request, Statuses, Subscribed, Subscriptions, Unsubscribed};
use crate::shared::{Events, SharedLock};
use crate::{Abilities, Error, Refused};
use builder::ClientBuilder;
use lamplight_model::{Code, DeviceId, UserId, UserStatus};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// A client of Lamplight. Cloning is cheap, and all clones share one session.
///
/// After a [`login`](Self::login), the client keeps the session alive. It sends heartbeats, and reconnects after a
/// broken link. It then fetches the missed changes. If the server has dropped the subscription list, the client
/// subscribes again.
///
/// A call without a connection waits for one, up to the call timeout. While a call waits, the client attempts to
/// connect at short intervals, as after a first failure. At most [`MAX_QUEUE`](crate::MAX_QUEUE) calls wait, and one
/// logout beyond them; a further call is refused at once with 7008.
///
/// The session ends with [`logout`](Self::logout), or when the server ends it. An [`Event`](crate::Event) reports the
/// end. The cache is then empty, and calls other than [`login`](Self::login) fail with [`Error::NotLoggedIn`].
///
/// Dropping the future of a call does not cancel the call, because it may already have been sent. Dropping the last
/// clone closes the connection without logging out. A Web device is logged out nevertheless, because its login ends
/// with its connection.
///
/// # Errors of every call
///
/// Each method names the errors that are special to it. In addition, every call can fail with:
///
/// - [`Error::NotLoggedIn`] without a session.
/// - [`Error::NotSent`], [`Error::Disconnected`] or [`Error::Timeout`], if the link breaks or the answer is late.
/// - [`Error::Refused`] with 6017 if an argument is invalid, for example if one of several `userID`s is invalid.
/// - [`Error::Refused`] with 7008 if the user has made too many calls of this kind, or if too many calls wait.
///   [`set_self_status`](Self::set_self_status) has no rate limit.
/// - [`Error::Refused`] with 70500 if the server has failed. It may have executed the call nevertheless.
#[derive(Clone, Debug)]
pub struct Client {
    commands: mpsc::Sender<Command>,
    shared: SharedLock,
    call_timeout: Duration,
    device: DeviceId,
}

impl Client {
    /// Creates a builder for a client of the server at `tcp://host:port`, `tls://host:port`, `ws://host[:port]` or
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
        Self { commands, shared, call_timeout, device }
    }

    /// Connects and logs in. The call makes one attempt. After a success, the client reconnects by itself.
    ///
    /// The token is a UserSig or, if the app accepts them, a JWT. Both are refused with the same codes. If this user is
    /// already logged in, the new token replaces the former token. To log in as another user, log out first.
    ///
    /// # Errors
    ///
    /// - [`Error::Refused`] with the code of the server.
    /// - [`Error::Refused`] with 7003 if `user_id` is invalid, with 6017 if another user is logged in, with 70003 if
    ///   the token is too long, or with 7008 if too many logins wait. These refusals are the client's own.
    /// - [`Error::Transport`] if the link could not be opened, or ended before the answer.
    /// - [`Error::NotSent`] if no link was open at the end of the call timeout, for example because the address does
    ///   not answer. [`Error::Timeout`] if a link was open, but the answer did not come within the call timeout.
    /// - [`Error::NotLoggedIn`] if a [`logout`](Self::logout) has cancelled the login.
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

    /// Replaces the token (UserSig or JWT) before it expires. The new token is sent as soon as there is a connection,
    /// and is used for every later login.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if the new token is invalid; the client then keeps the former token. After
    /// [`Error::NotSent`], [`Error::Disconnected`] or [`Error::Timeout`], it uses the new token nevertheless.
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
    /// After [`Error::Refused`], the client keeps the session. After any other error, the session of this client has
    /// ended. If the request has not reached the server, the server keeps the login of a native device until the login
    /// lapses. The login of a Web device ends with its connection.
    pub async fn logout(&self) -> Result<(), Error> {
        self.call(Request::Logout).await.map(|_| ())
    }

    /// Sets the user's own custom status, and returns the user's own status. The text is UTF-8 of at most 100 bytes,
    /// unless the app has another limit. An empty text clears the custom status. The server also clears it when the
    /// user is no longer ONLINE.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 6017 if the text is too long.
    pub async fn set_self_status(&self, custom_status: &str) -> Result<UserStatus, Error> {
        self.set_status(custom_status, 0).await
    }

    /// Sets the user's own custom status for a duration, and returns the user's own status. After `duration`, the
    /// server clears the custom status, with the reason
    /// [`Reason::CustomExpired`](lamplight_model::Reason::CustomExpired).
    ///
    /// The duration is 1 s to 30 days, and is rounded up to whole seconds. The next custom status replaces the text and
    /// the duration. For the text, see [`set_self_status`](Self::set_self_status).
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 6017 if the text is empty or too long, or if the duration is zero or too long.
    pub async fn set_self_status_for(
        &self,
        custom_status: &str,
        duration: Duration,
    ) -> Result<UserStatus, Error> {
        let seconds = duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0));
        if seconds == 0 {
            return Err(Refused::because(Code::INVALID_PARAMETER, "the duration is zero").into());
        }
        self.set_status(custom_status, seconds.try_into().unwrap_or(u32::MAX)).await
    }

    async fn set_status(&self, custom_status: &str, expires_in: u32) -> Result<UserStatus, Error> {
        let text = custom_status.to_owned();
        let Answer::SelfStatus(status) = self.call(Request::SetSelfStatus { text, expires_in }).await? else {
            unreachable!("setSelfStatus has an answer of its kind")
        };
        Ok(status)
    }

    /// Queries the current statuses of users, which may include this client's user. One call may name at most 500
    /// users, unless the app has another limit ([`Abilities::query_batch`]). The cache stores only the statuses of
    /// watched users.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with one of these codes. A query for only this client's user is always allowed, and has no
    /// rate limit.
    ///
    /// - 7013 or 72001: the app does not allow queries ([`Abilities::refusal`]).
    /// - 70206: there are too many users.
    /// - 6017: there are no users.
    /// - 70107: none of the users has an account. If only some have none, [`Statuses::failures`] contains these.
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

    /// Subscribes to at most 100 users. The subscription list has room for 200 users. The app may have other limits
    /// ([`Abilities`]). If the list is full, the users with the earliest subscriptions are evicted. Subscribing again
    /// makes a user the newest one. The list belongs to the account, not to the device.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with one of these codes. The call has then subscribed to nobody. Users without an account are
    /// not an error: [`Subscribed::failures`] contains them.
    ///
    /// - 7013 or 72001: the app does not allow subscriptions ([`Abilities::refusal`]).
    /// - 70206: there are too many users.
    /// - 6017: there are no users, or one of them is this client's user.
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

    /// Unsubscribes from at most 100 users, unless the app has another limit. **Without users, it unsubscribes from
    /// all**, like [`unsubscribe_all`](Self::unsubscribe_all). A user who is not on the list is not an error.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 7013 or 72001 if the app does not allow subscriptions ([`Abilities::refusal`]), or with
    /// 70206 if there are too many users.
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

    /// Unsubscribes from all users.
    ///
    /// # Errors
    ///
    /// The same as for [`unsubscribe_user_status`](Self::unsubscribe_user_status).
    pub async fn unsubscribe_all(&self) -> Result<Unsubscribed, Error> {
        self.unsubscribe_user_status(std::iter::empty::<&str>()).await
    }

    /// Returns the account's subscription list.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with 7013 or 72001 if the app does not allow subscriptions ([`Abilities::refusal`]).
    pub async fn get_subscriptions(&self) -> Result<Subscriptions, Error> {
        let Answer::Subscriptions(subscriptions) = self.call(Request::GetSubscriptions).await? else {
            unreachable!("getSubscriptions has an answer of its kind")
        };
        Ok(subscriptions)
    }

    /// Returns the cached status of this client's user or of a watched user; `None` for other users. Without a
    /// connection, the cache keeps its last state. Without a session, it is empty.
    pub fn cached_status(&self, user: &UserId) -> Option<UserStatus> {
        self.shared.lock().machine().cache().get(user).cloned()
    }

    /// Returns the cached statuses of this client's user and of all watched users, in the order of the `userID`s.
    pub fn cached(&self) -> Vec<UserStatus> {
        self.shared.lock().machine().cache().iter().cloned().collect()
    }

    /// Returns the calls that the app's settings allow this client, with their limits, as last sent by the server.
    /// Returns `None` without a session, and before the first login has succeeded. An
    /// [`Event::AbilitiesChanged`](crate::Event::AbilitiesChanged) reports changes.
    pub fn abilities(&self) -> Option<Abilities> {
        self.shared.lock().machine().abilities().copied()
    }

    /// Creates a new stream of events. Each stream gets all events and begins with the cached statuses. A stream that
    /// the application does not read needs bounded memory: for one status of each watched user, and 64 other events.
    pub fn events(&self) -> Events {
        self.shared.events()
    }

    /// Reports to the client that the device has changed its network or has woken up. A client with a live link sends a
    /// heartbeat at once. If it then receives nothing for 3 s, it gives up the link. A client that waits for its next
    /// attempt connects at once.
    pub async fn network_changed(&self) {
        // Sending fails only if the driver has ended. There is then no link to test.
        let _ = self.commands.send(Command::NetworkChanged).await;
    }

    /// Returns the id of this device.
    pub fn device_id(&self) -> &DeviceId {
        &self.device
    }

    async fn call(&self, request: Request) -> Result<Answer, Error> {
        self.ask(|waiter| Command::Call { request, waiter }).await
    }

    async fn ask(&self, command: impl FnOnce(Waiter) -> Command) -> Result<Answer, Error> {
        let deadline = Instant::now() + self.call_timeout;
        let (reply, answer) = oneshot::channel();
        let command = command(Waiter { deadline, reply });
        // The driver ends before the last client only if its runtime shuts down.
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
