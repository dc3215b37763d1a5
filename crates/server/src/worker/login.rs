//! Logins and logouts on a connection.

use super::Worker;
use super::abilities::{KEY_IS_GONE, good_until};
use super::connection::{Connection, Login, Second, Session, Work, last_words};
use super::lists_queue::ListsQueue;
use super::reads::{STORE_PATIENCE, in_time, too_slow};
use super::told_abilities::ToldAbilities;
use futures_util::future::join;
use lamplight_core::{LinkEnd, notifications};
use lamplight_model::{AppId, Code, ConnectionId, DeviceId, Platform, Refusal, User, UserId, Version};
use lamplight_service::{LoggedIn, LoginCall, Member, NotCurrent, Renewed, ServiceError, WatchList};
use lamplight_wire::v1::ConnectionEnded;
use lamplight_wire::v1::connection_ended::Cause;
use lamplight_wire::v1::server_message::Body;
use lamplight_wire::{LoginStatuses, v1};
use std::num::NonZeroU32;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// The maximum number of bytes of statuses in the answer to a login. Notifications carry the other statuses.
const MAX_SNAPSHOT_BYTES: usize = 128 * 1024;

/// A task that logs a connection in or out, or renews its login. The connection may be closed after each await.
pub struct LoginTask {
    pub worker: Rc<Worker>,
    pub id: ConnectionId,
}

impl LoginTask {
    /// Logs the client in, and sends the answer.
    pub async fn log_in(self, request_id: u64, request: v1::LoginRequest) {
        let worker = &self.worker;
        let deadline = Instant::now() + STORE_PATIENCE;
        let lists = ListsAsRecorded::begin(worker, &request);
        let answer = match self.connect_device(request_id, &request, deadline).await {
            Ok(Some(done)) => self.finish_login(&request, done, lists, deadline).await,
            Ok(None) => return,
            Err(error) => Err(error),
        };
        if answer.is_ok() {
            worker.metrics.logins.inc();
        }
        self.end_if_past_bound(&answer);
        worker.answer_by(self.id, request_id, answer, |slot, (response, statuses)| {
            if let Some(connection) = worker.connections.borrow_mut().get_mut(slot) {
                let Connection { protocol, output, .. } = connection;
                output.change(|output| protocol.put_login(request_id, response, &statuses, output));
            }
            worker.connections.flush_later(slot);
        });
    }

    /// Logs the device in, and records its connection in the directory. After a timeout, sends the error to the client
    /// and returns `None`.
    async fn connect_device(
        &self,
        request_id: u64,
        request: &v1::LoginRequest,
        deadline: Instant,
    ) -> Result<Option<LoggedIn>, ServiceError> {
        let Self { worker, id } = self;
        let id = *id;
        let platform = Platform::from_number(request.platform)
            .ok_or_else(|| Refusal::because(Code::INVALID_PARAMETER, "unknown platform"))?;
        let address =
            worker.connections.with(id, |connection| connection.address).ok_or(Code::NOT_LOGGED_IN)?;
        let now = worker.shared.clock.now();
        let call = LoginCall {
            app: lamplight_model::AppId(request.sdk_app_id),
            user_id: &request.user_id,
            user_sig: &request.user_sig,
            device_id: &request.device_id,
            platform,
            resume: request.resume,
            connection: id,
            address,
        };
        let mut login = pin!(worker.shared.service.login(&call, now));
        if let Ok(done) = timeout_at(deadline, &mut login).await {
            return done.map(Some);
        }
        // The login continues in the stores. If it succeeds late, its device must be disconnected.
        worker.answer(id, request_id, Err(too_slow()));
        if let Some(slot) = worker.connections.slot(id) {
            worker.close(slot, last_words(Cause::Reconnect, "try again"), None);
        }
        if let Ok(done) = login.await {
            worker.disconnect(&done.user, id, LinkEnd::Closed, now.wall).await;
        }
        Ok(None)
    }

    /// Adds a connection to the audience. The directory must already have recorded the device. From now on, the
    /// connection is notified of changes. Returns the response, and its encoded statuses.
    async fn finish_login(
        &self,
        request: &v1::LoginRequest,
        mut done: LoggedIn,
        lists: Option<ListsAsRecorded>,
        deadline: Instant,
    ) -> Result<(v1::LoginResponse, LoginStatuses), ServiceError> {
        let Self { worker, id } = self;
        let id = *id;
        let now = worker.shared.clock.now();
        let Some(slot) = worker.connections.slot(id) else {
            // The connection has ended during the login. No other code knows this login, so the device is disconnected
            // here.
            worker.disconnect(&done.user, id, LinkEnd::Closed, now.wall).await;
            return Err(Code::NOT_LOGGED_IN.into());
        };
        let mut effects = Vec::new();
        let watcher = {
            let mut audience = worker.audience.borrow_mut();
            audience.join(
                Member::new(done.user.clone(), id).entered_at(done.rev),
                request.known.len(),
                &mut effects,
            )
        };
        // All later changes of the lists are queued for the connection.
        let list = lists.as_ref().and_then(|lists| lists.watch_list(&mut done));
        let recorded_version = done.lists_version.filter(|_| lists.is_some_and(ListsAsRecorded::still_are));
        worker.watcher_slots.set(watcher, slot);
        worker.note_unread(watcher, effects);
        // The settings of the app may have changed during the login. Later changes arrive through the log.
        let app = worker.shared.service.apps().get(done.app.id).unwrap_or_else(|| Arc::clone(&done.app));
        let sig_expires = good_until(&worker.shared, done.app.id, done.key, done.sig_expires);
        let platform = Platform::from_number(request.platform).ok_or(Code::INVALID_PARAMETER)?;
        let device = DeviceId::new(&request.device_id).expect("the service has read it");
        let heartbeat_timeout = done.app.settings.timing.heartbeat_timeout(platform.is_web());
        {
            let mut connections = worker.connections.borrow_mut();
            let connection = &mut connections[slot];
            let login = Login {
                device,
                platform,
                number: done.login,
                issued: done.issued,
                recorded_in: Some(done.recorded_in),
                watcher,
                heartbeat_timeout: heartbeat_timeout.into(),
                sig_expires: Second::of(sig_expires),
                key: done.key,
                lists: ListsQueue::default(),
                abilities: ToldAbilities::new(app),
                snapshot_left: None,
                answered: false,
                may_be_superseded: false,
                list_difference: None,
                own_changes: None,
            };
            connection.session = Session::LoggedIn(Box::new(login));
            connection.protocol.set_logged_in(worker.shared.config.frames());
            let check = connection.next_check(now);
            worker.deadlines.check_by(connection, check);
        }
        let read = timeout_at(deadline, async {
            let version = async {
                match recorded_version {
                    Some(version) => Ok(version),
                    None => worker.lists_version(&done.user).await,
                }
            };
            let (is_current, version) = join(worker.settle(watcher, list), version).await;
            if app_watches_friends(&done) && !request.known.is_empty() {
                // The field `not_watched` of the answer must take into account every friendship that already exists.
                worker.settled(watcher).await;
            }
            Ok((is_current, version?))
        });
        let (current, lists_version) = match read.await.unwrap_or_else(|_| Err(too_slow())) {
            Ok(done) => done,
            Err(error) => {
                if let Some(slot) = worker.connections.slot(id) {
                    worker.close(slot, last_words(Cause::Reconnect, "try again"), Some(LinkEnd::Closed));
                }
                return Err(error);
            }
        };
        if !current {
            let is_open = worker.connections.with(id, |connection| connection.ending.is_none());
            return Err(
                match NotCurrent::of_login(worker.shared.service.is_in_cluster(), is_open != Some(true)) {
                    NotCurrent::Superseded => {
                        worker.close_superseded(id);
                        let why = "another login came at the same time";
                        Refusal::because(Code::NOT_LOGGED_IN, why).into()
                    }
                    NotCurrent::Reconnect => {
                        worker.ask_to_reconnect(id);
                        too_slow()
                    }
                    NotCurrent::Ending => too_slow(),
                },
            );
        }

        let not_watched = self.forget_known(&done.user, watcher, &request.known);
        let is_json =
            worker.connections.with(id, |connection| connection.protocol.is_json()).unwrap_or(false);
        let (mut statuses, mut encoded) = (Vec::new(), LoginStatuses::default());
        let mut bytes = 0;
        worker.audience.borrow_mut().drain(watcher, |state| {
            bytes += state.0.protobuf_len();
            if is_json {
                statuses.push(state.0.message());
            } else {
                encoded.push(&state.0);
            }
            if bytes < MAX_SNAPSHOT_BYTES { lamplight_core::Told::More } else { lamplight_core::Told::Full }
        });
        let subscriptions = if request.resume {
            Vec::new()
        } else {
            worker.audience.borrow().subscriptions(watcher).map(ToString::to_string).collect()
        };
        let left = worker.audience.borrow().pending(watcher);
        let abilities = worker.connections.with(id, |connection| {
            let login = connection.login_mut()?;
            login.lists.tell_from(lists_version);
            login.snapshot_left = NonZeroU32::new(left as u32);
            login.answered = true;
            Some(login.abilities.tell())
        });
        let abilities = abilities.flatten();
        let response = v1::LoginResponse {
            heartbeat_timeout_ms: u32::try_from(heartbeat_timeout.as_millis()).unwrap_or(u32::MAX),
            // The client compares this time with its clock when it receives the answer.
            server_time: worker.shared.clock.now().wall.0,
            statuses,
            subscriptions,
            lists_version,
            not_watched,
            subscriptions_lost: done.subscriptions_lost,
            registered: done.registered,
            snapshot_complete: left == 0,
            abilities,
            reconnect_spread_ms: worker.reconnect_spread_ms(),
        };
        Ok((response, encoded))
    }

    /// Ends a connection if the answer to its login or renewal says that its address has sent too many wrong tokens.
    fn end_if_past_bound<T>(&self, answer: &Result<T, ServiceError>) {
        if let Err(ServiceError::Refused(Refusal { code: Code::TOO_MANY_FAILURES, .. })) = answer {
            let words = last_words(Cause::ProtocolError, "too many wrong tokens from this address");
            if let Some(slot) = self.worker.connections.slot(self.id) {
                self.worker.close(slot, words, Some(LinkEnd::Closed));
            }
        }
    }

    /// Removes from the mailbox the marks of statuses that the client already has. Returns the users in `known` whom
    /// the client does not watch.
    fn forget_known(
        &self,
        user: &User,
        watcher: lamplight_core::WatcherKey,
        known: &[v1::Known],
    ) -> Vec<String> {
        let mut audience = self.worker.audience.borrow_mut();
        let read = |known: &v1::Known| {
            let id = UserId::new(&known.user_id).ok()?;
            Some((User::new(user.app, id), Version(known.version)))
        };
        let (users, unreadable): (Vec<_>, Vec<_>) = known
            .iter()
            .map(|known| read(known).ok_or_else(|| known.user_id.clone()))
            .partition(Result::is_ok);
        let users: Vec<(User, Version)> = users.into_iter().flatten().collect();
        let watched = audience.known_all(watcher, &users);
        let others = users.iter().zip(watched).filter(|(_, watched)| !watched);
        let others = others.map(|((user, _), _)| user.id.to_string());
        others.chain(unreadable.into_iter().filter_map(Result::err)).collect()
    }

    /// Handles a login request on a logged-in connection, with a new UserSig for the same user and device.
    pub async fn renew(self, request_id: u64, request: v1::LoginRequest) {
        let answer = self.try_renew(&request).await;
        self.end_if_past_bound(&answer);
        self.worker.answer(self.id, request_id, answer.map(Body::Login));
    }

    async fn try_renew(&self, request: &v1::LoginRequest) -> Result<v1::LoginResponse, ServiceError> {
        let Self { worker, id } = self;
        let id = *id;
        let now = worker.shared.clock.now();
        let who = worker.connections.with(id, |connection| {
            let login = connection.login().ok_or(Code::NOT_LOGGED_IN)?;
            let user = worker.audience.borrow().user_of(login.watcher).cloned().ok_or(Code::NOT_LOGGED_IN)?;
            check_renewal(login, &user, request)?;
            Ok::<_, Refusal>((user, connection.address, Duration::from(login.heartbeat_timeout)))
        });
        let (user, address, heartbeat_timeout) = who.ok_or(Code::NOT_LOGGED_IN)??;
        let renewing = worker.shared.service.renew(&user, id, &request.user_sig, address, now);
        let Renewed { sig_expires, key, issued } = in_time(renewing).await?;
        let renewed = worker.connections.with(id, |connection| {
            let login = connection.login_mut()?;
            login.sig_expires = Second::of(good_until(&worker.shared, user.app, key, sig_expires));
            (login.key, login.issued) = (key, issued);
            Some((login.lists.told(), login.abilities.tell()))
        });
        let (lists_version, abilities) = renewed.flatten().unzip();
        let lists_version = lists_version.unwrap_or(0);
        Ok(v1::LoginResponse {
            heartbeat_timeout_ms: u32::try_from(heartbeat_timeout.as_millis()).unwrap_or(u32::MAX),
            // The client compares this time with its clock when it receives the answer.
            server_time: worker.shared.clock.now().wall.0,
            lists_version,
            abilities,
            reconnect_spread_ms: worker.reconnect_spread_ms(),
            ..v1::LoginResponse::default()
        })
    }

    /// Logs the device out, sends the answer, and ends the connection.
    pub async fn log_out(self, request_id: u64) {
        let Self { worker, id } = &self;
        let id = *id;
        let Some(open) = worker.open_connection(id) else {
            return worker.answer(id, request_id, Err(Code::NOT_LOGGED_IN.into()));
        };
        let now = worker.shared.clock.now();
        let mut logout = pin!(worker.shared.service.end_open_login(&open, false, now));
        let Ok(ended) = timeout(STORE_PATIENCE, &mut logout).await else {
            worker.answer(id, request_id, Err(too_slow()));
            if let Err(error) = logout.await {
                tracing::warn!(error = %crate::causes::WithCauses(&error), "a logout has failed and will be retried");
            }
            return self.close(last_words(Cause::Reconnect, "the device is logged out"));
        };
        let words = match &ended {
            Ok(()) => last_words(Cause::LoggedOut, "logged out"),
            // The service retries the logout, so the login will end.
            Err(_) => last_words(Cause::Reconnect, "the device is being logged out"),
        };
        worker.answer(id, request_id, ended.map(|()| Body::Logout(v1::LogoutResponse {})));
        self.close(words);
    }

    /// Logs the device out because its token has expired, or because the app no longer has the token's key. The caller
    /// must mark the connection as busy first. The connection stays busy until the last message.
    pub async fn expire_sig(self) {
        let Self { worker, id } = &self;
        let id = *id;
        let Some(open) = worker.open_connection(id) else { return };
        let expires = worker
            .connections
            .with(id, |connection| connection.login().map(|login| login.sig_expires.begins()));
        let why = match expires.flatten() {
            Some(KEY_IS_GONE) => "the key of the token was taken away; log in again with a new token",
            Some(_) | None => "the UserSig or JWT expired; log in again with a new one",
        };
        let now = worker.shared.clock.now();
        let mut ending = pin!(worker.shared.service.end_open_login(&open, true, now));
        let ended = timeout(STORE_PATIENCE, &mut ending).await;
        worker.connections.with(id, |connection| connection.work = Work::Idle);
        // If the end could not be recorded in the directory, the service tries again.
        self.close(last_words(Cause::UserSigExpired, why));
        let ended = match ended {
            Ok(ended) => ended,
            Err(_) => ending.await,
        };
        if let Err(error) = ended {
            tracing::error!(%error, "cannot end a login whose UserSig has expired");
        }
    }

    /// Closes the connection with this last message, if it is open. The service records the end in the directory.
    fn close(&self, words: ConnectionEnded) {
        if let Some(slot) = self.worker.connections.slot(self.id) {
            self.worker.close(slot, words, None);
        }
    }
}

/// Detects changes of a user's lists during the user's login.
struct ListsAsRecorded {
    worker: Rc<Worker>,
    user: User,
    begun: u64,
}

impl ListsAsRecorded {
    /// Starts the detection. The caller calls this before the login is recorded. Returns `None` if the userID of the
    /// request is invalid.
    fn begin(worker: &Rc<Worker>, request: &v1::LoginRequest) -> Option<Self> {
        let user = User::new(AppId(request.sdk_app_id), UserId::new(&request.user_id).ok()?);
        let begun = worker.lists_heard.borrow_mut().begin(&user);
        Some(Self { worker: Rc::clone(worker), user, begun })
    }

    /// Takes the watch list out of a login. Returns `None` if the worker has read a later change of the list. Also
    /// returns `None` if the client watches friends, because the live record does not contain friends.
    fn watch_list(&self, done: &mut LoggedIn) -> Option<WatchList> {
        // The settings may have changed during the login. Later changes arrive through the log.
        let app = self.worker.shared.service.apps().get(done.app.id)?;
        let notified = notifications(&app.settings);
        let is_current = self.worker.lists_heard.borrow().none_after(&self.user, done.rev);
        (is_current && !notified.friends).then(|| WatchList {
            rev: done.rev,
            version: done.version,
            subscriptions: std::mem::take(&mut done.subscriptions),
            friends: Vec::new(),
            notified,
            recorded_in: Some(done.recorded_in),
        })
    }

    /// Returns `true` if the worker has read no change of the lists since [`Self::begin`].
    fn still_are(self) -> bool {
        self.worker.lists_heard.borrow().none_since(&self.user, self.begun)
    }
}

impl Drop for ListsAsRecorded {
    fn drop(&mut self) {
        self.worker.lists_heard.borrow_mut().end(&self.user);
    }
}

fn app_watches_friends(done: &LoggedIn) -> bool {
    notifications(&done.app.settings).friends
}

/// Fails unless a renewal is for the user and the device of the connection. Other logins need a new connection.
fn check_renewal(login: &Login, user: &User, request: &v1::LoginRequest) -> Result<(), Refusal> {
    let differs = if request.user_id != user.id.as_str() || request.sdk_app_id != user.app.0 {
        "another user"
    } else if request.device_id != login.device.as_str() {
        "another device"
    } else if request.platform != login.platform as i32 {
        "another platform"
    } else {
        return Ok(());
    };
    let detail = format!("{differs} is logged in on this connection; log out first");
    Err(Refusal::because(Code::INVALID_PARAMETER, detail))
}
