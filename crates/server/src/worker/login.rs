//! Logging in on a connection, and out of it.

use super::abilities::ToldAbilities;
use super::connection::{Login, Session, last_words};
use super::lists_queue::ListsQueue;
use super::{Worker, slot_of};
use futures_util::future::join;
use lamplight_core::LinkEnd;
use lamplight_model::{Code, ConnectionId, DeviceId, Now, Platform, Refusal, User, UserId, Version};
use lamplight_service::{LoginCall, Member, ServiceError};
use lamplight_wire::v1;
use lamplight_wire::v1::connection_ended::Cause;
use lamplight_wire::v1::server_message::Body;
use std::rc::Rc;

/// The most bytes of statuses in the answer to a login; what is more follows as notifications.
const MAX_SNAPSHOT_BYTES: usize = 128 * 1024;

impl Worker {
    /// Answers a login: `request_id` on the connection `id`.
    pub(super) async fn log_in(self: Rc<Self>, id: ConnectionId, request_id: u64, request: v1::LoginRequest) {
        let answer = self.try_log_in(id, &request).await;
        if answer.is_ok() {
            self.metrics.logins.inc();
        }
        self.end_if_past_bound(id, &answer);
        self.answer(id, request_id, answer.map(Body::Login));
    }

    async fn try_log_in(
        self: &Rc<Self>,
        id: ConnectionId,
        request: &v1::LoginRequest,
    ) -> Result<v1::LoginResponse, ServiceError> {
        let platform = Platform::from_number(request.platform)
            .ok_or_else(|| Refusal::because(Code::INVALID_PARAMETER, "unknown platform"))?;
        let slot = slot_of(id);
        let address = self.connections.borrow()[slot].address;
        let now = self.shared.clock.now();
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
        let done = self.shared.service.login(&call, now).await?;

        // From here on the directory knows the connection, and the audience hears what is said of it.
        let mut effects = Vec::new();
        let watcher = {
            let mut audience = self.audience.borrow_mut();
            audience.join(Member::new(done.user.clone(), id), request.known.len(), &mut effects)
        };
        self.note_watcher(watcher, slot);
        // The app may have changed during the login; what changes from here on is heard.
        let able = self.abilities_in(done.app.id);
        let able = able.unwrap_or_else(|| lamplight_core::abilities(&done.app.settings));
        let heartbeat_timeout = done.app.settings.timing.heartbeat_timeout(platform.is_web());
        {
            let mut connections = self.connections.borrow_mut();
            let connection = &mut connections[slot];
            let device = DeviceId::new(&request.device_id).expect("the service has read it");
            let login = Login {
                user: done.user.clone(),
                device,
                platform,
                watcher,
                heartbeat_timeout,
                sig_expires: done.sig_expires,
                lists: ListsQueue::default(),
                abilities: ToldAbilities::new(able),
                snapshot_left: None,
                answered: false,
            };
            connection.session = Session::LoggedIn(Box::new(login));
            connection.protocol.set_logged_in(self.shared.config.frames());
            let check = connection.next_check(now);
            self.check_by(connection, check);
        }
        let (settled, version) = join(self.settle(watcher, effects), self.lists_version(&done.user)).await;
        let (current, lists_version) = match settled.and_then(|current| Ok((current, version?))) {
            Ok(done) => done,
            Err(error) => {
                self.close(slot, last_words(Cause::Reconnect, "try again"), Some(LinkEnd::Closed));
                return Err(error);
            }
        };
        if !current {
            self.close_superseded(id);
            return Err(Refusal::because(Code::NOT_LOGGED_IN, "another login came at the same time").into());
        }

        let not_watched = self.forget_known(&done.user, watcher, &request.known);
        let mut statuses = Vec::new();
        let mut bytes = 0;
        self.audience.borrow_mut().drain(watcher, |state| {
            bytes += state.0.protobuf_len();
            statuses.push(state.0.message());
            if bytes < MAX_SNAPSHOT_BYTES { lamplight_core::Told::More } else { lamplight_core::Told::Full }
        });
        let subscriptions = if request.resume {
            Vec::new()
        } else {
            self.audience.borrow().subscriptions(watcher).map(ToString::to_string).collect()
        };
        let left = self.audience.borrow().pending(watcher);
        let mut abilities = None;
        if let Session::LoggedIn(login) = &mut self.connections.borrow_mut()[slot].session {
            login.lists.tell_from(lists_version);
            login.snapshot_left = (left > 0).then_some(left);
            login.answered = true;
            abilities = Some(login.abilities.tell());
        }
        Ok(v1::LoginResponse {
            heartbeat_timeout_ms: u32::try_from(heartbeat_timeout.as_millis()).unwrap_or(u32::MAX),
            server_time: now.wall.0,
            statuses,
            subscriptions,
            lists_version,
            not_watched,
            subscriptions_lost: done.subscriptions_lost,
            registered: done.registered,
            snapshot_complete: left == 0,
            abilities,
        })
    }

    /// Ends a connection that showed a wrong UserSig when too many from its address were wrong already. Called while
    /// the connection is busy, so the answer goes out first.
    fn end_if_past_bound<T>(self: &Rc<Self>, id: ConnectionId, answer: &Result<T, ServiceError>) {
        if let Err(ServiceError::Refused(Refusal { code: Code::TOO_MANY_FAILURES, .. })) = answer {
            let words = last_words(Cause::ProtocolError, "too many wrong UserSigs from this address");
            self.close(slot_of(id), words, Some(LinkEnd::Closed));
        }
    }

    /// Takes from the mailbox what the client knows already. Answers with those it does not watch.
    fn forget_known(
        &self,
        user: &User,
        watcher: lamplight_core::WatcherKey,
        known: &[v1::Known],
    ) -> Vec<String> {
        let mut audience = self.audience.borrow_mut();
        let watched = |known: &&v1::Known| match UserId::new(&known.user_id) {
            Ok(id) => audience.known(watcher, &User::new(user.app, id), Version(known.version)),
            Err(_) => false,
        };
        let (_, not_watched): (Vec<&v1::Known>, Vec<_>) = known.iter().partition(watched);
        not_watched.into_iter().map(|known| known.user_id.clone()).collect()
    }

    /// A login on a connection that is logged in: a fresh UserSig for the same user, on the same device.
    pub(super) async fn renew(self: Rc<Self>, id: ConnectionId, request_id: u64, request: v1::LoginRequest) {
        let answer = self.try_renew(id, &request).await;
        self.end_if_past_bound(id, &answer);
        self.answer(id, request_id, answer.map(Body::Login));
    }

    async fn try_renew(
        &self,
        id: ConnectionId,
        request: &v1::LoginRequest,
    ) -> Result<v1::LoginResponse, ServiceError> {
        let slot = slot_of(id);
        let now = self.shared.clock.now();
        let (user, address, heartbeat_timeout) = {
            let connections = self.connections.borrow();
            let connection = &connections[slot];
            let login = connection.login().ok_or(Code::NOT_LOGGED_IN)?;
            check_renewal(login, request)?;
            (login.user.clone(), connection.address, login.heartbeat_timeout)
        };
        let expires = self.shared.service.renew(&user, id, &request.user_sig, address, now).await?;
        let (mut lists_version, mut abilities) = (0, None);
        if let Session::LoggedIn(login) = &mut self.connections.borrow_mut()[slot].session {
            login.sig_expires = expires;
            lists_version = login.lists.told();
            abilities = Some(login.abilities.tell());
        }
        Ok(v1::LoginResponse {
            heartbeat_timeout_ms: u32::try_from(heartbeat_timeout.as_millis()).unwrap_or(u32::MAX),
            server_time: now.wall.0,
            lists_version,
            abilities,
            ..v1::LoginResponse::default()
        })
    }

    /// Logs the device of a connection out, answers, and ends the connection.
    pub(super) async fn log_out(self: Rc<Self>, id: ConnectionId, request_id: u64) {
        let slot = slot_of(id);
        let who = self.connections.borrow()[slot].login().map(|login| login.user.clone());
        let Some(user) = who else {
            return self.answer(id, request_id, Err(Code::NOT_LOGGED_IN.into()));
        };
        let ended = self.shared.service.logout(&user, id, self.shared.clock.now()).await;
        let is_out = ended.is_ok();
        self.answer(id, request_id, ended.map(|()| Body::Logout(v1::LogoutResponse {})));
        if is_out && self.connections.borrow().get(slot).is_some_and(|connection| connection.id == id) {
            self.close(slot, last_words(Cause::LoggedOut, "logged out"), None);
        }
    }

    /// The UserSig of a connection has expired: its device is logged out, and told.
    pub(super) fn expire_sig(self: &Rc<Self>, slot: usize) {
        let id = {
            let mut connections = self.connections.borrow_mut();
            connections[slot].busy = true;
            connections[slot].id
        };
        let worker = Rc::clone(self);
        self.start(async move {
            let who = worker.connections.borrow()[slot].login().map(|login| login.user.clone());
            if let Some(user) = who {
                let now: Now = worker.shared.clock.now();
                if let Err(error) = worker.shared.service.expire_sig(&user, id, now).await {
                    tracing::error!(%error, "an expired login could not be ended");
                }
            }
            worker.connections.borrow_mut()[slot].busy = false;
            // Should the directory not have taken it in, it learns at least that the link is gone.
            let words = last_words(Cause::UserSigExpired, "the UserSig expired");
            worker.close(slot, words, Some(LinkEnd::Closed));
        });
    }
}

/// A renewal is for the login that the connection has: another one needs a connection of its own.
fn check_renewal(login: &Login, request: &v1::LoginRequest) -> Result<(), Refusal> {
    let differs = if request.user_id != login.user.id.as_str() || request.sdk_app_id != login.user.app.0 {
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
