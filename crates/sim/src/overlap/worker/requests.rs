//! The part of a worker that processes the requests of clients.

use super::reads::{STORE_PATIENCE, too_slow};
use super::{Attempt, Ending, Login, Session, Work, Worker};
use crate::overlap::executor::wall;
use crate::overlap::judge::Name;
use crate::overlap::people::{
    APP, Body, DEVICES, LoginRequest, Message, NAMES, Request, Who, device_id, id_of, seconds_of, user_of,
    who_is,
};
use lamplight_auth::{Claims, sign};
use lamplight_core::{LinkEnd, Told, WatcherKey, notifications};
use lamplight_model::{ClientMessageId, Code, ConnectionId, MessageBody, Refusal, User, UserId, UserStatus};
use lamplight_service::{
    By, Effect, LoggedIn, LoginCall, Member, NewFriend, NotCurrent, OwnListChange, Reader, ServiceError,
    WatchList,
};
use std::net::{IpAddr, Ipv4Addr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Records the changes of a user's lists while a login is in progress.
struct ListsDuringLogin {
    worker: Rc<Worker>,
    user: User,
}

impl ListsDuringLogin {
    fn begin(worker: &Rc<Worker>, user: User) -> Self {
        worker.lists_heard.borrow_mut().begin(&user);
        Self { worker: Rc::clone(worker), user }
    }

    /// Takes the watch list from the result of a login; `None` if it must be read.
    fn watch_list(&self, done: &mut LoggedIn) -> Option<WatchList> {
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
}

impl Drop for ListsDuringLogin {
    fn drop(&mut self) {
        self.worker.lists_heard.borrow_mut().end(&self.user);
    }
}

impl Worker {
    pub(super) fn look_again(self: &Rc<Self>, slot: usize) {
        let (id, number, request, login) = {
            let mut connections = self.connections.borrow_mut();
            let Some(connection) = connections.get_mut(slot) else { return };
            if connection.is_busy() || matches!(connection.session, Session::Closing) {
                return;
            }
            let Some((number, request)) = connection.inbox.pop_front() else { return };
            connection.work = match request {
                Request::Login(_) | Request::Logout => Work::LoggingIn,
                Request::Text(_)
                | Request::Query(_)
                | Request::Subscribe(_)
                | Request::Unsubscribe(_)
                | Request::List
                | Request::Befriend(..)
                | Request::Unfriend(..)
                | Request::Visible(_)
                | Request::Block(_)
                | Request::Unblock(_)
                | Request::BlockList
                | Request::Message(_) => Work::Answering,
            };
            let login = connection.login().map(|login| (login.user.clone(), login.watcher));
            (connection.id, number, request, login)
        };
        let worker = Rc::clone(self);
        let contained = Rc::clone(self);
        let work = async move {
            match (request, login) {
                (Request::Login(request), None) => worker.log_in(id, number, request).await,
                (Request::Logout, Some(_)) => worker.log_out(id, number).await,
                (_, None) | (Request::Login(_), Some(_)) => {
                    worker.answer(id, number, Err(Code::NOT_LOGGED_IN.into()));
                }
                (request, Some((user, watcher))) => {
                    let answer = worker.in_time(worker.call(&user, id, watcher, number, request)).await;
                    if answer.is_err() {
                        let mut effects = Vec::new();
                        worker.audience.borrow_mut().release(watcher, &mut effects);
                        worker.apply(effects);
                        worker.own_list_not_answered(id, watcher);
                    }
                    worker.answer(id, number, answer);
                }
            }
        };
        // A panic ends only the connection that caused it.
        self.start_beside(async move {
            if Contained(Box::pin(work)).await.is_err() {
                contained.shared.judge.found(Name::Panic, format!("in request {number}"));
                if let Some(slot) = contained.slot(id) {
                    contained.abandon(slot);
                }
            }
        });
    }

    fn with_attempt(&self, id: ConnectionId, note: impl FnOnce(&mut Attempt)) {
        note(self.shared.attempts.borrow_mut().entry(id.local).or_default());
    }

    async fn log_in(self: &Rc<Self>, id: ConnectionId, number: u64, request: LoginRequest) {
        let deadline = self.shared.executor.clock().now() + STORE_PATIENCE;
        let lists = ListsDuringLogin::begin(self, user_of(request.who));
        let answer = match self.connect_device(id, number, &request, deadline).await {
            Ok(Some(done)) => self.finish_login(id, &request, done, lists, deadline).await,
            Ok(None) => return,
            Err(error) => Err(error),
        };
        self.with_attempt(id, |attempt| {
            let code = |error: &ServiceError| error.refusal().code;
            attempt.outcome = Some(answer.as_ref().map(|_| ()).map_err(code));
            attempt.has_failed |= attempt.outcome == Some(Err(Code::INTERNAL));
        });
        self.answer(id, number, answer);
    }

    /// Logs the device in, and records its connection. If the time limit is exceeded, answers with an error and undoes
    /// the login.
    async fn connect_device(
        self: &Rc<Self>,
        id: ConnectionId,
        number: u64,
        request: &LoginRequest,
        deadline: u64,
    ) -> Result<Option<LoggedIn>, ServiceError> {
        let LoginRequest { who, device, platform, resume, issued, .. } = *request;
        let now = self.shared.now();
        let claims = Claims {
            user_id: id_of(who),
            app: APP,
            issued: wall(issued).as_secs(),
            expire: 1_000_000_000,
            userbuf: None,
        };
        self.shared.people.logins.borrow_mut().push((who, issued, resume));
        self.with_attempt(id, |attempt| attempt.outcome = None);
        let user_sig = sign(&self.shared.key, &claims);
        let call = LoginCall {
            app: APP,
            user_id: NAMES[who],
            user_sig: &user_sig,
            device_id: DEVICES[device].0,
            platform,
            resume,
            connection: id,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        let mut login = pin!(self.shared.service.login(&call, now));
        let clock = Arc::clone(self.shared.executor.clock());
        tokio::select! {
            biased;
            done = &mut login => return done.map(Some),
            () = clock.sleep(deadline.saturating_sub(clock.now())) => {}
        }
        // The stores may still complete the login and record the connection. This task therefore awaits the result and
        // then disconnects the device.
        self.answer(id, number, Err(too_slow()));
        if let Some(slot) = self.slot(id) {
            self.close(slot, None, None);
        }
        if let Ok(done) = login.await {
            self.disconnect(&done.user, id, LinkEnd::Closed).await;
        }
        Ok(None)
    }

    /// Completes a login after the directory has recorded the connection. The connection then joins the audience, and
    /// gets later changes.
    async fn finish_login(
        self: &Rc<Self>,
        id: ConnectionId,
        request: &LoginRequest,
        mut done: LoggedIn,
        lists: ListsDuringLogin,
        deadline: u64,
    ) -> Result<Body, ServiceError> {
        let Some(slot) = self.slot(id) else {
            // The connection has ended meanwhile, and no other task knows that the directory has recorded it.
            self.disconnect(&done.user, id, LinkEnd::Closed).await;
            return Err(Code::NOT_LOGGED_IN.into());
        };
        let known = &request.known;
        let mut effects = Vec::new();
        let member = Member::new(done.user.clone(), id).entered_at(done.rev);
        let watcher = self.audience.borrow_mut().join(member, known.len(), &mut effects);
        let list = lists.watch_list(&mut done);
        drop(lists);
        self.note_watcher(watcher, slot);
        self.note_unread(watcher, effects);
        self.with_connection(id, |connection| {
            connection.session = Session::LoggedIn(Login {
                user: done.user.clone(),
                device: device_id(request.device),
                platform: request.platform,
                number: done.login,
                issued: done.issued,
                recorded_in: Some(done.recorded_in),
                watcher,
                answered: false,
                may_be_superseded: false,
                list_difference: None,
                own_changes: Vec::new(),
            });
        });
        let clock = Arc::clone(self.shared.executor.clock());
        let read = async {
            let is_current = self.settle(watcher, list).await;
            if notifications(&done.app.settings).friends && !known.is_empty() {
                // The answer lists the users who are not watched. To be complete, it must include every earlier change
                // of friendships.
                self.settled(watcher).await;
            }
            is_current
        };
        let current = tokio::select! {
            biased;
            current = read => current,
            () = clock.sleep(deadline.saturating_sub(clock.now())) => {
                if let Some(slot) = self.slot(id) {
                    self.close(slot, None, Some(LinkEnd::Closed));
                }
                return Err(too_slow());
            }
        };
        if !current {
            let is_open = self.with_connection(id, |connection| connection.ending.is_none());
            return Err(
                match NotCurrent::of_login(self.shared.service.is_in_cluster(), is_open != Some(true)) {
                    NotCurrent::Superseded => {
                        self.close_superseded(id);
                        Refusal::because(Code::NOT_LOGGED_IN, "another login came at the same time").into()
                    }
                    NotCurrent::Reconnect => {
                        if let Some(slot) = self.slot(id) {
                            self.close(slot, None, None);
                        }
                        too_slow()
                    }
                    NotCurrent::Ending => too_slow(),
                },
            );
        }
        let seen: Vec<_> = known.iter().map(|(of, version)| (user_of(*of), *version)).collect();
        let watched = self.audience.borrow_mut().known_all(watcher, &seen);
        let others = known.iter().zip(watched).filter(|(_, watched)| !watched);
        let not_watched = others.map(|((of, _), _)| *of).collect();
        let mut statuses = Vec::new();
        self.audience.borrow_mut().drain(watcher, |status| {
            statuses.push(status.clone());
            Told::More
        });
        let list = || self.audience.borrow().subscriptions(watcher).cloned().collect();
        let subscriptions = (!request.resume).then(list);
        self.with_connection(id, |connection| {
            if let Some(login) = connection.login_mut() {
                login.answered = true;
            }
        });
        Ok(Body::LoggedIn { statuses, subscriptions, not_watched })
    }

    async fn log_out(self: &Rc<Self>, id: ConnectionId, number: u64) {
        let clock = Arc::clone(self.shared.executor.clock());
        let Some(open) = self.open_connection(id) else { return };
        let mut logout = pin!(self.shared.service.end_open_login(&open, false, self.shared.now()));
        let ended = tokio::select! {
            biased;
            ended = &mut logout => ended,
            () = clock.sleep(STORE_PATIENCE) => {
                self.answer(id, number, Err(too_slow()));
                let _ = logout.await;
                if let Some(slot) = self.slot(id) {
                    self.close(slot, None, None);
                }
                return;
            }
        };
        let is_out = ended.is_ok();
        self.answer(id, number, ended.map(|()| Body::LoggedOut));
        if let Some(slot) = self.slot(id) {
            if is_out {
                self.forget_login(slot, None);
                self.say_goodbye(slot);
            } else {
                // The service retries the logout until it succeeds.
                self.close(slot, None, None);
            }
        }
    }

    pub(super) fn expire_sig(self: &Rc<Self>, slot: usize) {
        let id = {
            let mut connections = self.connections.borrow_mut();
            let Some(connection) = connections.get_mut(slot) else { return };
            connection.work = Work::LoggingIn;
            connection.id
        };
        let worker = Rc::clone(self);
        self.start_beside(async move {
            let clock = Arc::clone(worker.shared.executor.clock());
            let Some(open) = worker.open_connection(id) else { return };
            let mut ending = pin!(worker.shared.service.end_open_login(&open, true, worker.shared.now()));
            let ended = tokio::select! {
                biased;
                ended = &mut ending => Some(ended),
                () = clock.sleep(STORE_PATIENCE) => None,
            };
            worker.with_connection(id, |connection| connection.work = Work::Idle);
            if let Some(slot) = worker.slot(id) {
                // If the directory has not recorded the end of the login yet, the service retries until it has.
                worker.close(slot, None, None);
            }
            let ended = match ended {
                Some(ended) => ended,
                None => ending.await,
            };
            if let Err(error) = ended {
                worker
                    .shared
                    .judge
                    .note(|| format!("  cannot end a login whose UserSig has expired: {error}"));
            }
        });
    }

    async fn call(
        self: &Rc<Self>,
        user: &User,
        id: ConnectionId,
        watcher: WatcherKey,
        number: u64,
        request: Request,
    ) -> Result<Body, ServiceError> {
        let service = &self.shared.service;
        let now = self.shared.now();
        let names = |users: &[Who]| -> Vec<&str> { users.iter().map(|who| NAMES[*who]).collect() };
        match request {
            Request::Text(text) => {
                let status =
                    service.set_custom_status(user, &text, seconds_of(&text), By::Client(id), now).await?;
                self.audience.borrow_mut().answered_own_change(user, &status);
                Ok(Body::Own(self.newest(watcher, status)))
            }
            Request::Query(users) => {
                let queried = service.get_user_status(user, &names(&users), now).await?;
                let newest = |status| self.newest(watcher, status);
                Ok(Body::Statuses(queried.statuses.into_iter().map(newest).collect()))
            }
            Request::Subscribe(users) => {
                let done = service.subscribe_user_status(user, &names(&users), now).await?;
                self.own_list_changed(id, watcher, &done.changes);
                let users = done.subscribed.iter().map(|id| User::new(APP, id.clone()));
                self.read_states(&users.collect::<Vec<_>>(), Reader::Viewer(&user.id)).await?;
                self.know_friends(watcher, &done.evicted).await;
                self.own_list_answered(id, watcher, &done.changes);
                let mut audience = self.audience.borrow_mut();
                let let_go = audience.not_watched(watcher, &done.evicted);
                let taken = |id: &UserId| audience.take(watcher, &User::new(APP, id.clone())).cloned();
                let statuses = done.subscribed.iter().filter_map(taken).collect();
                Ok(Body::Subscribed { subscribed: done.subscribed, statuses, evicted: done.evicted, let_go })
            }
            Request::Unsubscribe(users) => {
                let done = service.unsubscribe_user_status(user, &names(&users), now).await?;
                let changes = [done.change];
                self.own_list_changed(id, watcher, &changes);
                self.know_friends(watcher, &changes[0].unsubscribed).await;
                self.own_list_answered(id, watcher, &changes);
                let [OwnListChange { unsubscribed: removed, .. }] = changes;
                let let_go = self.audience.borrow().not_watched(watcher, &removed);
                Ok(Body::Unsubscribed { removed, let_go })
            }
            Request::List => {
                let (list, _) = service.get_subscriptions(user, now).await?;
                self.list_answered(id, watcher, &list);
                Ok(Body::List(list))
            }
            Request::Befriend(friend, both) => {
                let friend = NewFriend { both, ..NewFriend::mutual(id_of(friend)) };
                let change = self.shared.sight.begin(&[who_is(&user.id), who_is(&friend.id)], false);
                let done = service.add_friend(user, friend, By::Client(id), now).await;
                change.end(&done);
                done?;
                Ok(Body::Done)
            }
            Request::Unfriend(friend, both) => {
                let change = self.shared.sight.begin(&[who_is(&user.id), friend], false);
                let done = service.delete_friends(user, &[id_of(friend)], both, By::Client(id), now).await;
                change.end(&done);
                done?;
                Ok(Body::Done)
            }
            Request::Visible(_) | Request::Block(_) | Request::Unblock(_) => {
                self.shared.sight.change(service, user, &request, By::Client(id), now).await?;
                Ok(Body::Done)
            }
            Request::BlockList => {
                service.block_list(user, By::Client(id), now).await?;
                Ok(Body::Done)
            }
            Request::Message(to) => {
                let body = MessageBody::Text("hello".to_owned());
                let client_id = ClientMessageId::new(&format!("m{number}")).expect("printable");
                service.send_message(user, &id_of(to), body, client_id, By::Client(id), now).await?;
                Ok(Body::Done)
            }
            Request::Login(_) | Request::Logout => unreachable!("handled before"),
        }
    }

    /// Compares the subscription list in an answer with the worker's list, and records the difference. Either list may
    /// be newer.
    fn list_answered(&self, id: ConnectionId, watcher: WatcherKey, list: &[UserId]) {
        let audience = self.audience.borrow();
        self.with_connection(id, |connection| {
            if let Some(login) = connection.login_mut() {
                let mut difference = login.list_difference.take().unwrap_or_default();
                difference.answered_list(list, audience.subscriptions(watcher));
                login.list_difference = (!difference.is_empty()).then_some(difference);
            }
        });
    }

    /// Returns the status for an answer: `status`, or a newer one that the worker has received since.
    fn newest(&self, watcher: WatcherKey, status: UserStatus) -> UserStatus {
        let of = User::new(APP, status.user_id.clone());
        let newer = self.audience.borrow_mut().answer(watcher, &of, status.version).cloned();
        newer.unwrap_or(status)
    }

    /// Applies the changes of the subscription list that a call of this connection has made. Keeps them until the call
    /// is answered. A successful answer contains them.
    fn own_list_changed(self: &Rc<Self>, id: ConnectionId, watcher: WatcherKey, changes: &[OwnListChange]) {
        let mut effects = Vec::new();
        for change in changes {
            self.audience.borrow_mut().change_own_list(watcher, change, &mut effects);
        }
        // The call itself reads the statuses of the added users, so only reloads remain.
        effects.retain(|effect| matches!(effect, Effect::Reload(_)));
        self.apply(effects);
        self.with_connection(id, |connection| {
            if let Some(login) = connection.login_mut() {
                login.own_changes = changes.to_vec();
            }
        });
    }

    /// Discards the connection's own changes, because an answer reports them. Another device may have undone some of
    /// them; the client is notified of that after the answer.
    fn own_list_answered(&self, id: ConnectionId, watcher: WatcherKey, changes: &[OwnListChange]) {
        let audience = self.audience.borrow();
        self.with_connection(id, |connection| {
            let Some(login) = connection.login_mut() else { return };
            login.own_changes = Vec::new();
            for change in changes {
                let (gone, back) = audience.undone(watcher, change);
                if let Some(difference) = &mut login.list_difference {
                    difference.answered(&change.subscribed);
                    difference.answered(&change.unsubscribed);
                }
                if !gone.is_empty() || !back.is_empty() {
                    login.list_difference.get_or_insert_default().add(&back, &gone);
                }
            }
        });
    }

    /// Notifies the client of its own changes of the subscription list as if another device had made them. The call is
    /// answered with an error, and an error does not report the changes.
    fn own_list_not_answered(&self, id: ConnectionId, watcher: WatcherKey) {
        let changes = self.with_connection(id, |connection| {
            connection.login_mut().map(|login| std::mem::take(&mut login.own_changes))
        });
        for change in changes.flatten().unwrap_or_default() {
            let audience = self.audience.borrow();
            let (gone, back) = audience.undone(watcher, &change);
            drop(audience);
            let still = |users: Vec<UserId>, undone: &[UserId]| -> Vec<UserId> {
                users.into_iter().filter(|user| !undone.contains(user)).collect()
            };
            let (subscribed, left) = (still(change.subscribed, &gone), still(change.unsubscribed, &back));
            self.note_list_change(watcher, &subscribed, &left);
        }
    }

    /// Waits until the user's friends are read. A user who was removed from the subscription list may still be watched
    /// as a friend.
    async fn know_friends(self: &Rc<Self>, watcher: WatcherKey, left: &[UserId]) {
        let app = self.shared.service.apps().get(APP);
        if !left.is_empty() && app.is_some_and(|app| notifications(&app.settings).friends) {
            self.settled(watcher).await;
        }
    }

    fn answer(self: &Rc<Self>, id: ConnectionId, number: u64, answer: Result<Body, ServiceError>) {
        // If the connection has ended, its slot may belong to a newer connection, which must not receive the answer.
        let taken = self.with_connection(id, |connection| {
            connection.work = Work::Idle;
            (connection.client, connection.ending.take())
        });
        let (Some((client, ending)), Some(slot)) = (taken, self.slot(id)) else { return };
        let answer = answer.map_err(|error| {
            self.shared.judge.note(|| format!("  request {number}: {error}"));
            error.refusal().code
        });
        self.judge_hidden(client, number, &answer);
        self.shared.people.hear(client, Message::Answer { request: number, answer });
        if self.shared.people.reads(client) {
            self.tell_list_difference(slot);
        }
        match ending {
            Some(Ending::Link(end)) => self.end(slot, end),
            Some(Ending::Said(cause, tell_directory)) => self.close(slot, cause, tell_directory),
            None => {
                self.deliver_all();
                self.deliver(slot);
                self.look_again(slot);
            }
        }
    }
}

/// A future that converts a panic into an error.
struct Contained(Pin<Box<dyn Future<Output = ()>>>);

impl Future for Contained {
    type Output = std::thread::Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(context))) {
            Ok(Poll::Ready(())) => Poll::Ready(Ok(())),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}
