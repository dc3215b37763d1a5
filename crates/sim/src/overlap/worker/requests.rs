//! What connections ask for.

use super::{Connection, Ending, Login, Session, Worker, slot_of, wall};
use crate::overlap::people::{
    APP, Body, DEVICES, LoginRequest, Message, NAMES, Request, Who, device_id, id_of, user_of,
};
use lamplight_auth::{Claims, sign};
use lamplight_core::{LinkEnd, Told, WatcherKey};
use lamplight_model::{Code, ConnectionId, Refusal, User, UserId};
use lamplight_service::{By, LoginCall, Member, NewFriend, ServiceError};
use std::net::{IpAddr, Ipv4Addr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

impl Worker {
    pub(super) fn look_again(self: &Rc<Self>, slot: usize) {
        let (id, number, request, login) = {
            let mut connections = self.connections.borrow_mut();
            let Some(connection) = connections.get_mut(slot) else { return };
            if connection.busy || matches!(connection.session, Session::Closing) {
                return;
            }
            let Some((number, request)) = connection.inbox.pop_front() else { return };
            connection.busy = true;
            (connection.id, number, request, connection.login().cloned())
        };
        let worker = Rc::clone(self);
        let contained = Rc::clone(self);
        let work = async move {
            match (request, login) {
                (Request::Login(request), None) => {
                    let answer = worker.try_log_in(id, request).await;
                    if let Some(attempt) = worker.shared.attempts.borrow_mut().get_mut(&id.0) {
                        let code = |error: &ServiceError| error.refusal().code;
                        attempt.outcome = Some(answer.as_ref().map(|_| ()).map_err(code));
                        attempt.has_failed |= attempt.outcome == Some(Err(Code::INTERNAL));
                    }
                    worker.answer(id, number, answer);
                }
                (Request::Logout, Some(_)) => worker.log_out(id, number).await,
                (_, None) | (Request::Login(_), Some(_)) => {
                    worker.answer(id, number, Err(Code::NOT_LOGGED_IN.into()));
                }
                (request, Some(login)) => {
                    let answer = worker.call(&login.user, id, login.watcher, request).await;
                    worker.answer(id, number, answer);
                }
            }
        };
        // A bug of ours costs the connection that met it, and no other.
        self.shared.start(async move {
            if Contained(Box::pin(work)).await.is_err() {
                contained.shared.judge.note(|| format!("  a panic in request {number}"));
                contained.abandon(slot);
            }
        });
    }

    async fn try_log_in(
        self: &Rc<Self>,
        id: ConnectionId,
        request: LoginRequest,
    ) -> Result<Body, ServiceError> {
        let LoginRequest { who, device, platform, resume, known, issued } = request;
        let slot = slot_of(id);
        let now = self.shared.now();
        let claims = Claims {
            user_id: id_of(who),
            app: APP,
            issued: wall(issued).as_secs(),
            expire: 1_000_000_000,
            userbuf: None,
        };
        self.shared.people.logins.borrow_mut().push((who, issued, resume));
        self.shared.attempts.borrow_mut().entry(id.0).or_default().outcome = None;
        let call = LoginCall {
            app: APP,
            user_id: NAMES[who],
            user_sig: &sign(&self.shared.key, &claims),
            device_id: DEVICES[device].0,
            platform,
            resume,
            connection: id,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        let done = self.shared.service.login(&call, now).await?;

        // From here on the directory knows the connection, and the audience hears what is said of it.
        let mut effects = Vec::new();
        let watcher =
            self.audience.borrow_mut().join(Member::new(done.user.clone(), id), known.len(), &mut effects);
        self.note_watcher(watcher, slot);
        if let Some(connection) = self.connections.borrow_mut().get_mut(slot) {
            let (user, device) = (done.user.clone(), device_id(device));
            connection.session = Session::LoggedIn(Login { user, device, watcher, answered: false });
        }
        let settled = self.settle(watcher, effects).await;
        let version = self.shared.service.facts().lists_states(vec![done.user.clone()]).await;
        let current = match settled.and_then(|current| Ok((current, version?))) {
            Ok((current, _)) => current,
            Err(error) => {
                self.close(slot, None, Some(LinkEnd::Closed));
                return Err(error);
            }
        };
        if !current {
            self.close_superseded(id);
            return Err(Refusal::because(Code::NOT_LOGGED_IN, "another login came at the same time").into());
        }
        let not_watched = {
            let mut audience = self.audience.borrow_mut();
            known
                .iter()
                .filter(|(of, version)| !audience.seen(watcher, &user_of(*of), *version))
                .map(|(of, _)| *of)
                .collect()
        };
        let mut statuses = Vec::new();
        self.audience.borrow_mut().drain(watcher, |status| {
            statuses.push(status.clone());
            Told::More
        });
        let subscriptions =
            (!resume).then(|| self.audience.borrow().subscriptions(watcher).cloned().collect());
        if let Some(Session::LoggedIn(login)) =
            self.connections.borrow_mut().get_mut(slot).map(|connection| &mut connection.session)
        {
            login.answered = true;
        }
        Ok(Body::LoggedIn { statuses, subscriptions, not_watched })
    }

    async fn log_out(self: &Rc<Self>, id: ConnectionId, number: u64) {
        let slot = slot_of(id);
        let who = self.connections.borrow().get(slot).and_then(Connection::login).cloned();
        let Some(login) = who else { return self.answer(id, number, Err(Code::NOT_LOGGED_IN.into())) };
        let ended = self.shared.service.logout(&login.user, id, self.shared.now()).await;
        let is_out = ended.is_ok();
        self.answer(id, number, ended.map(|()| Body::LoggedOut));
        if is_out && self.connections.borrow().get(slot).is_some_and(|connection| connection.id == id) {
            self.forget_login(slot, None);
            self.say_goodbye(slot);
        }
    }

    pub(super) fn expire_sig(self: &Rc<Self>, slot: usize) {
        let (id, login) = {
            let mut connections = self.connections.borrow_mut();
            let Some(connection) = connections.get_mut(slot) else { return };
            connection.busy = true;
            (connection.id, connection.login().cloned())
        };
        let worker = Rc::clone(self);
        self.shared.start(async move {
            if let Some(login) = login {
                let now = worker.shared.now();
                let ended = worker.shared.service.expire_sig(&login.user, id, now).await;
                if let Err(error) = ended {
                    worker.shared.judge.note(|| format!("  an expired login could not be ended: {error}"));
                }
            }
            if let Some(connection) = worker.connections.borrow_mut().get_mut(slot) {
                connection.busy = false;
            }
            // Should the directory not have taken it in, it learns at least that the link is gone.
            worker.close(slot, None, Some(LinkEnd::Closed));
        });
    }

    async fn call(
        self: &Rc<Self>,
        user: &User,
        id: ConnectionId,
        watcher: WatcherKey,
        request: Request,
    ) -> Result<Body, ServiceError> {
        let service = &self.shared.service;
        let now = self.shared.now();
        let names = |users: &[Who]| -> Vec<&str> { users.iter().map(|who| NAMES[*who]).collect() };
        match request {
            Request::Text(text) => {
                Ok(Body::Own(service.set_custom_status(user, &text, By::Client(id), now).await?))
            }
            Request::Query(users) => {
                let queried = service.get_user_status(user, &names(&users), now).await?;
                let mut audience = self.audience.borrow_mut();
                for status in &queried.statuses {
                    audience.seen(watcher, &User::new(APP, status.user_id.clone()), status.version);
                }
                Ok(Body::Statuses(queried.statuses))
            }
            Request::Subscribe(users) => {
                let done = service.subscribe_user_status(user, &names(&users), now).await?;
                let let_go = self.audience.borrow_mut().change_own_list(
                    watcher,
                    &done.subscribed,
                    &done.evicted,
                    &mut Vec::new(),
                );
                let users = done.subscribed.iter().map(|id| User::new(APP, id.clone()));
                self.read_states(users.collect()).await?;
                let mut audience = self.audience.borrow_mut();
                let taken = |id: &UserId| audience.take(watcher, &User::new(APP, id.clone())).cloned();
                let statuses = done.subscribed.iter().filter_map(taken).collect();
                Ok(Body::Subscribed { subscribed: done.subscribed, statuses, evicted: done.evicted, let_go })
            }
            Request::Unsubscribe(users) => {
                let (removed, _) = service.unsubscribe_user_status(user, &names(&users), now).await?;
                let let_go =
                    self.audience.borrow_mut().change_own_list(watcher, &[], &removed, &mut Vec::new());
                Ok(Body::Unsubscribed { removed, let_go })
            }
            Request::List => Ok(Body::List(service.get_subscriptions(user, now).await?.0)),
            Request::Befriend(friend, both) => {
                let friend = NewFriend { both, ..NewFriend::mutual(id_of(friend)) };
                service.add_friend(user, friend, By::Client(id), now).await?;
                Ok(Body::Done)
            }
            Request::Unfriend(friend, both) => {
                service.delete_friends(user, &[id_of(friend)], both, By::Client(id), now).await?;
                Ok(Body::Done)
            }
            Request::Login(_) | Request::Logout => unreachable!("handled before"),
        }
    }

    fn answer(self: &Rc<Self>, id: ConnectionId, number: u64, answer: Result<Body, ServiceError>) {
        let slot = slot_of(id);
        let (client, ending) = {
            let mut connections = self.connections.borrow_mut();
            // The server panics here, and the panic is contained.
            let Some(connection) = connections.get_mut(slot) else { return };
            connection.busy = false;
            (connection.client, connection.ending.take())
        };
        let answer = answer.map_err(|error| {
            self.shared.judge.note(|| format!("  request {number}: {error}"));
            error.refusal().code
        });
        self.shared.people.hear(client, Message::Answer { request: number, answer });
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

/// A future whose panic is an error.
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
