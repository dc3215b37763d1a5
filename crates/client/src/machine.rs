//! The session as a state machine, which decides about messages, reconnects and events.
//!
//! The machine has no sockets, clock or randomness. The driver passes each input with the time and a [`Jitter`], and
//! executes the [`Effect`]s in order. The same inputs give the same effects.
//!
//! ```text
//!            login            link up            answer
//!   (ended) ───────► Connecting ─────► LoggingIn ──────► Live
//!      ▲                 ▲  │ failed       │ failed        │ link broke
//!      │                 │  ▼              ▼               ▼
//!      │                 └─────────────── Waiting ◄────────┘
//!      │            back-off over
//!      └── from everywhere: logout, kicked, expired, refused; and the first login failing
//! ```

mod answers;
mod next;
mod retry;
mod session;
mod snapshot;
#[cfg(test)]
mod tests;
mod turn;

use crate::backoff::{self, Jitter};
use crate::cache::Cache;
use crate::link::{Call, CallId, InFlight, WAKE_SPREAD};
use crate::request::{self, Answer, FRAME_SLACK, Request};
use crate::{Abilities, Error, Event, LinkEnd, Refused, read};
use lamplight_model::{AppId, Code, DeviceId, Moment, Platform, UserId};
use lamplight_wire::v1::client_message::Body as Ask;
use lamplight_wire::{FrameLimits, v1};
use prost::Message as _;
use retry::Retry;
use session::{Phase, Session};
use std::mem;
use std::time::Duration;
use turn::Turn;

/// The time limit of an attempt to connect, including name resolution and TLS.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The time limit for the answer to a login.
pub(crate) const LOGIN_TIMEOUT: Duration = Duration::from_secs(10);

/// The maximum number of calls of a session that wait to be sent. Separately, also the maximum number of logins that
/// wait for one attempt to connect. Further calls and logins are refused at once with 7008. One logout is allowed
/// beyond the maximum, so that the session can be ended.
pub const MAX_QUEUE: usize = 1_000;

/// If a deadline is processed with a longer delay than this, the device or the process has slept.
pub(crate) const SLEEP: Duration = Duration::from_secs(5);

/// The identity of this client, which is the same for every user who logs in.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) app: AppId,
    pub(crate) platform: Platform,
    pub(crate) device: DeviceId,
}

/// An event that the driver passes to the machine.
#[derive(Debug)]
pub(crate) enum Input {
    /// The application logs in.
    Login { call: CallId, deadline: Moment, user: UserId, user_sig: String },
    /// The application makes a call, which needs a session.
    Call { call: CallId, deadline: Moment, request: Request },
    /// The link is open.
    LinkUp,
    /// The link, or the attempt to open one, has ended.
    LinkEnded(LinkEnd),
    /// A message was received.
    Received(Box<v1::ServerMessage>),
    /// The device has changed its network.
    NetworkChanged,
    /// A deadline has passed.
    Tick,
}

/// An effect that the driver executes.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Open a link. There is no link at this time.
    OpenLink,
    /// Close the link if there is one, or abort the attempt to open one.
    CloseLink,
    /// Send a message over the link.
    Send(v1::ClientMessage),
    /// Answer a call. Every call is answered exactly once.
    Answer(CallId, Result<Answer, Error>),
    /// Pass an event to the application.
    Emit(Event),
}

/// The state of a client, with or without a session.
#[derive(Debug)]
pub(crate) struct Machine {
    identity: Identity,
    last_id: u64,
    cache: Cache,
    session: Option<Session>,
    /// The session that begins after the logout that is in progress.
    next: Option<Session>,
}

impl Machine {
    /// Creates a client without a session.
    pub(crate) fn new(identity: Identity) -> Self {
        Self { identity, last_id: 0, cache: Cache::default(), session: None, next: None }
    }

    /// Returns the cached statuses of the watched users.
    pub(crate) fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Returns the abilities of this client, as last sent by the server; `None` without a session.
    pub(crate) fn abilities(&self) -> Option<&Abilities> {
        self.session.as_ref()?.abilities.as_ref()
    }

    /// Returns the login that began the session to which a call that is made now belongs; `None` without a session.
    pub(crate) fn session_of_calls(&self) -> Option<CallId> {
        self.next.as_ref().or(self.session.as_ref()).map(|session| session.id)
    }

    /// Returns the time when [`Input::Tick`] must be passed to [`step`](Self::step), if no other input comes before.
    pub(crate) fn next_deadline(&self) -> Option<Moment> {
        let session = self.session.as_ref()?;
        let callers = session.call_deadlines().chain(self.next.iter().flat_map(Session::call_deadlines));
        let phase = match &session.phase {
            Phase::Connecting { deadline } | Phase::LoggingIn { deadline, .. } => Some(*deadline),
            Phase::Waiting { until, .. } => Some(*until),
            Phase::Live(link) => {
                let sent_later = [session.restore_due(link), session.list_check_due(link)];
                let optional = [link.given_up_at(), link.next_call_deadline()].into_iter().chain(sent_later);
                optional.flatten().chain([link.heartbeat_due(session.path)]).min()
            }
        };
        callers.chain(phase).min()
    }

    /// Processes everything that is due at `now`, and then the input. Returns the effects in order.
    pub(crate) fn step(&mut self, input: Input, now: Moment, jitter: Jitter) -> Vec<Effect> {
        let mut turn = Turn { now, jitter, effects: Vec::new() };
        let turn = &mut turn;
        let has_slept = self.next_deadline().is_some_and(|due| due + SLEEP <= now);
        self.expire_calls(turn);
        if has_slept {
            self.wake(turn);
        }
        self.expire_phase(turn);
        match input {
            Input::Login { call, deadline, user, user_sig } => {
                self.login(call, deadline, user, user_sig, turn);
            }
            Input::Call { call, deadline, request } => self.call(call, deadline, request, turn),
            Input::LinkUp => self.link_up(turn),
            Input::LinkEnded(why) => self.link_cut(why, turn),
            Input::Received(message) => self.received(*message, turn),
            Input::NetworkChanged => self.network_changed(turn),
            Input::Tick => {}
        }
        self.send_what_waits(turn);
        mem::take(&mut turn.effects)
    }

    // Inputs from the application

    fn login(&mut self, call: CallId, deadline: Moment, user: UserId, user_sig: String, turn: &mut Turn) {
        if self.login_message(&user, &user_sig, false).encoded_len() + FRAME_SLACK
            > FrameLimits::default().before_login
        {
            let refused = Refused::because(Code::SIG_UNREADABLE, "it is too long");
            return turn.answer(call, Err(refused.into()));
        }
        let Some(session) = &mut self.session else {
            self.session = Some(Session::new(user, user_sig, (call, deadline), turn.now));
            return self.connect(turn);
        };
        if session.is_logging_out() {
            return self.login_after_logout(call, deadline, user, user_sig, turn);
        }
        if session.user != user {
            let refused =
                Refused::because(Code::INVALID_PARAMETER, "another user is logged in; log out first");
            return turn.answer(call, Err(refused.into()));
        }
        let waiting = match session.phase {
            Phase::Live(_) => session.queue.len(),
            Phase::Connecting { .. } | Phase::LoggingIn { .. } | Phase::Waiting { .. } => {
                session.logins.len()
            }
        };
        if waiting >= MAX_QUEUE {
            return turn.answer(call, Err(too_many_calls()));
        }
        let is_newer = session.user_sig != user_sig;
        session.user_sig.clone_from(&user_sig);
        match session.phase {
            Phase::Live(_) => {
                let request = Request::Login { user_sig, resume: false };
                session.queue.push_back(Call::new(call, deadline, request));
            }
            Phase::Connecting { .. } => session.logins.push((call, deadline)),
            Phase::LoggingIn { resume, .. } => {
                session.logins.push((call, deadline));
                if resume || is_newer {
                    self.begin_anew(turn);
                }
            }
            Phase::Waiting { .. } => {
                session.logins.push((call, deadline));
                self.connect(turn);
            }
        }
    }

    fn call(&mut self, call: CallId, deadline: Moment, request: Request, turn: &mut Turn) {
        if request == Request::Logout {
            self.refuse_next(&Error::NotLoggedIn, turn);
        }
        // A call after a login belongs to the session of that login.
        let is_for_next = self.next.is_some();
        let Some(session) = self.next.as_mut().or(self.session.as_mut()) else {
            return turn.answer(call, Err(Error::NotLoggedIn));
        };
        if let Err(refused) = request::check(&request) {
            return turn.answer(call, Err(refused.into()));
        }
        if request == Request::Logout && session.ends_with_its_link(self.identity.platform) {
            return self.log_out_without_link(call, turn);
        }
        if session.queue.len() >= MAX_QUEUE + usize::from(request == Request::Logout) {
            return turn.answer(call, Err(too_many_calls()));
        }
        let mut is_overtaken = false;
        if let Request::Login { user_sig, .. } = &request {
            is_overtaken = matches!(session.phase, Phase::LoggingIn { .. }) && session.user_sig != *user_sig;
            session.user_sig.clone_from(user_sig);
        }
        session.queue.push_back(Call::new(call, deadline, request));
        if is_overtaken {
            return self.begin_anew(turn);
        }
        if is_for_next {
            return;
        }
        if let Phase::Waiting { until, at_call } = &mut session.phase {
            *until = (*until).min(*at_call);
            if *until <= turn.now {
                self.connect(turn);
            }
        }
    }

    /// Logs out without a message to the server. Either the device was not logged in, or the end of the link has logged
    /// it out.
    fn log_out_without_link(&mut self, call: CallId, turn: &mut Turn) {
        turn.answer(call, Ok(Answer::LoggedOut));
        let is_established = self.session.as_ref().is_some_and(|session| session.established);
        self.end(
            if is_established {
                Event::LoggedOut
            } else {
                let why = LinkEnd::Refused(Refused::because(Code::NOT_LOGGED_IN, "logged out"));
                Event::ConnectFailed { why, retry_in: None }
            },
            turn,
        );
    }

    fn network_changed(&mut self, turn: &mut Turn) {
        let Some(session) = &mut self.session else { return };
        match &mut session.phase {
            Phase::Connecting { .. } | Phase::LoggingIn { .. } => {}
            Phase::Waiting { .. } => self.connect(turn),
            Phase::Live(_) => {
                self.send_heartbeat(turn);
                if let Some(Session { phase: Phase::Live(link), .. }) = &mut self.session {
                    link.doubt(turn.now);
                }
            }
        }
    }

    // Inputs from the clock

    /// Handles a sleep of the device or process. The sleep has probably broken the link, or the attempt to open a link.
    fn wake(&mut self, turn: &mut Turn) {
        let Some(session) = &mut self.session else { return };
        match &mut session.phase {
            Phase::Connecting { .. } | Phase::LoggingIn { .. } => self.begin_anew(turn),
            // There is no link to test, and the wait is over.
            Phase::Waiting { .. } => self.connect(turn),
            Phase::Live(_) => {
                self.send_heartbeat(turn);
                if let Some(Session { phase: Phase::Live(link), .. }) = &mut self.session {
                    link.wake(turn.now);
                }
            }
        }
    }

    fn expire_calls(&mut self, turn: &mut Turn) {
        self.expire_next(turn);
        let Some(session) = &mut self.session else { return };
        let now = turn.now;
        let mut logout_expired = false;
        let is_asked = matches!(session.phase, Phase::LoggingIn { .. });
        session.logins.retain(|(call, deadline)| {
            if *deadline <= now {
                turn.answer(*call, Err(if is_asked { Error::Timeout } else { Error::NotSent }));
            }
            *deadline > now
        });
        session.queue.retain(|call| {
            if call.deadline <= now {
                logout_expired |= call.request == Request::Logout;
                call.id.into_iter().for_each(|id| turn.answer(id, Err(call.overdue())));
            }
            call.deadline > now
        });
        if let Phase::Live(link) = &mut session.phase {
            for call in link.calls().filter(|call| call.deadline <= now) {
                logout_expired |= call.request == Request::Logout;
                call.id.take().into_iter().for_each(|id| turn.answer(id, Err(Error::Timeout)));
            }
        }
        if logout_expired {
            self.end(Event::LoggedOut, turn);
        } else if !session.established && session.logins.is_empty() {
            let why = match session.phase {
                Phase::LoggingIn { .. } => LinkEnd::LoginTimeout,
                Phase::Connecting { .. } | Phase::Waiting { .. } | Phase::Live(_) => LinkEnd::ConnectTimeout,
            };
            self.end(Event::ConnectFailed { why, retry_in: None }, turn);
        }
    }

    fn expire_phase(&mut self, turn: &mut Turn) {
        let Some(session) = &mut self.session else { return };
        match &session.phase {
            Phase::Connecting { deadline } if *deadline <= turn.now => {
                self.link_ended(LinkEnd::ConnectTimeout, Retry::BackOff, turn);
            }
            Phase::LoggingIn { deadline, .. } if *deadline <= turn.now => {
                self.link_ended(LinkEnd::LoginTimeout, Retry::BackOff, turn);
            }
            Phase::Waiting { until, .. } if *until <= turn.now => self.connect(turn),
            Phase::Live(link) if link.given_up_at().is_some_and(|at| at <= turn.now) => {
                self.link_cut(LinkEnd::Silent, turn);
            }
            Phase::Live(link) if link.heartbeat_due(session.path) <= turn.now => self.send_heartbeat(turn),
            Phase::Connecting { .. } | Phase::LoggingIn { .. } | Phase::Waiting { .. } | Phase::Live(_) => {}
        }
    }

    // Inputs from the link

    fn connect(&mut self, turn: &mut Turn) {
        let Some(session) = &mut self.session else { return };
        session.phase = Phase::Connecting { deadline: turn.now + CONNECT_TIMEOUT };
        turn.emit(Event::Connecting);
        turn.effects.push(Effect::OpenLink);
    }

    /// Replaces the current attempt to connect with a new one, after a sleep or for a new login. The old attempt may
    /// have sent a login with an older token, which the server may refuse.
    fn begin_anew(&mut self, turn: &mut Turn) {
        turn.effects.push(Effect::CloseLink);
        self.connect(turn);
    }

    fn link_up(&mut self, turn: &mut Turn) {
        let Some(session) = &self.session else { return };
        let resume = session.established && session.logins.is_empty();
        let request = self.login_message(&session.user, &session.user_sig, resume);
        let named = request.known.iter().filter_map(|known| UserId::new(&known.user_id).ok()).collect();
        let bytes = request.encoded_len();
        let id = self.new_id();
        turn.send(id, Ask::Login(request));
        if let Some(session) = &mut self.session {
            let deadline = turn.now + LOGIN_TIMEOUT;
            session.phase = Phase::LoggingIn { id, deadline, resume, bytes, named, early: Vec::new() };
        }
    }

    /// Handles the end of a link, or of an attempt to open one, without a final message of the server. If the link was
    /// live, records its time without traffic, because the path may cut idle links. After a sleep, records nothing.
    fn link_cut(&mut self, why: LinkEnd, turn: &mut Turn) {
        if let Some(Session { phase: Phase::Live(link), path, .. }) = &mut self.session
            && !link.is_woken()
        {
            path.cut(link.usual_heartbeat(), link.silence(turn.now));
        }
        self.link_ended(why, Retry::BackOff, turn);
    }

    /// Handles the end of a link. Unanswered calls that may be repeated are queued again; the others fail. The session
    /// then waits for the next attempt. If no login has succeeded yet, the session ends.
    fn link_ended(&mut self, why: LinkEnd, retry: Retry, turn: &mut Turn) {
        let is_web = self.identity.platform.is_web();
        let Some(session) = &mut self.session else { return };
        for (call, _) in session.logins.drain(..) {
            turn.answer(call, Err(why.clone().into_login_error()));
        }
        if !session.established {
            return self.end(Event::ConnectFailed { why, retry_in: None }, turn);
        }
        turn.effects.push(Effect::CloseLink);
        session.snapshot = None;
        let waiting = Phase::Waiting { until: turn.now, at_call: turn.now };
        let phase = mem::replace(&mut session.phase, waiting);
        let mut retry = retry;
        let was_live = match phase {
            Phase::Live(mut link) => {
                let mut logging_out = false;
                // Repeatable calls are returned to the front of the queue first, because answering the other calls may
                // end the session.
                for call in link.take_repeatable().into_iter().rev() {
                    session.queue.push_front(call);
                }
                for call in link.calls() {
                    let is_logout = call.request == Request::Logout;
                    logging_out |= is_logout;
                    // The end of the link logs a Web client out, but not a native client.
                    let result =
                        if is_logout && is_web { Ok(Answer::LoggedOut) } else { Err(Error::Disconnected) };
                    call.id.take().into_iter().for_each(|id| turn.answer(id, result.clone()));
                }
                if logging_out {
                    return self.end(Event::LoggedOut, turn);
                }
                if link.age(turn.now) >= backoff::STABLE_AFTER {
                    session.failures = 0;
                }
                if link.is_woken() && matches!(retry, Retry::BackOff) {
                    // The link broke because the device was asleep, not because the server was down, so the back-off
                    // does not apply.
                    retry = Retry::After(turn.jitter.of(WAKE_SPREAD));
                }
                session.restore.put_back();
                session.take_waiting_logins();
                true
            }
            Phase::Connecting { .. } | Phase::LoggingIn { .. } | Phase::Waiting { .. } => false,
        };
        let wait = retry.wait(session.spread, session.failures, turn.jitter);
        // If a call waits, the back-off is short. A wait that the server has requested is not shortened.
        let with_calls = session.failures.min(backoff::MOST_FAILURES_WITH_CALLS);
        let wait_with_calls = retry.wait(session.spread, with_calls, turn.jitter);
        let is_awaited = !session.logins.is_empty() || session.queue.iter().any(|call| call.id.is_some());
        let retry_in = if is_awaited { wait_with_calls } else { wait };
        let at_call = turn.now + wait_with_calls;
        session.failures = session.failures.saturating_add(1);
        session.phase = Phase::Waiting { until: turn.now + retry_in, at_call };
        turn.emit(if was_live {
            Event::Disconnected { why, retry_in }
        } else {
            Event::ConnectFailed { why, retry_in: Some(retry_in) }
        });
    }

    /// Ends the session: answers waiting calls with an error and drops the state.
    fn end(&mut self, event: Event, turn: &mut Turn) {
        let Some(session) = self.session.take() else { return };
        turn.effects.push(Effect::CloseLink);
        let mut calls: Vec<CallId> = session.logins.into_iter().map(|(call, _)| call).collect();
        if let Phase::Live(mut link) = session.phase {
            calls.extend(link.calls().filter_map(|call| call.id.take()));
        }
        calls.extend(session.queue.into_iter().filter_map(|call| call.id));
        calls.into_iter().for_each(|call| turn.answer(call, Err(Error::NotLoggedIn)));
        self.cache.clear();
        turn.emit(event);
        self.begin_next(turn);
    }

    // Sending

    /// Sends waiting calls while the link has room, and then the next batch of a restore.
    fn send_what_waits(&mut self, turn: &mut Turn) {
        while let Some(session) = &mut self.session
            && let Phase::Live(link) = &mut session.phase
            && link.has_room()
            && let Some(mut call) = session.queue.pop_front()
        {
            call.sent = true;
            if let Request::Unsubscribe(users) = &call.request {
                // The users are removed from the restore before the call is sent. Otherwise, a later batch would
                // subscribe to them again.
                let lost = if users.is_empty() {
                    session.restore.give_up()
                } else {
                    session.restore.forget(&read::users(users).into_iter().collect())
                };
                // The answer does not contain these users, because they are not on the list.
                self.not_watched(&lost.not_watched, turn);
            }
            let body = match &call.request {
                Request::Login { user_sig, resume } => {
                    Ask::Login(self.login_message_of_session(user_sig, *resume))
                }
                Request::Logout
                | Request::SetSelfStatus { .. }
                | Request::GetUserStatus(_)
                | Request::Subscribe(_)
                | Request::Unsubscribe(_)
                | Request::GetSubscriptions
                | Request::Lists(_) => {
                    request::operation(&call.request).expect("every request except a login is an operation")
                }
            };
            self.send_request(InFlight::Call(call), body, turn);
        }
        if let Some(session) = &mut self.session
            && let Phase::Live(link) = &session.phase
            && session.restore_due(link).is_some()
            && let Some(users) = session.restore.next_batch(turn.now)
        {
            let user_ids = users.iter().map(|user| user.as_str().to_owned()).collect();
            let body = Ask::SubscribeUserStatus(v1::SubscribeUserStatusRequest { user_ids });
            self.send_request(InFlight::Restore, body, turn);
        }
        if let Some(session) = &mut self.session
            && let Phase::Live(link) = &session.phase
            && session.list_check_due(link).is_some_and(|due| due <= turn.now)
        {
            session.list_check.sent();
            let body = Ask::GetSubscriptions(v1::GetSubscriptionsRequest {});
            self.send_request(InFlight::ListCheck, body, turn);
        }
    }

    fn send_heartbeat(&mut self, turn: &mut Turn) {
        let Some(Session { phase: Phase::Live(link), .. }) = &mut self.session else { return };
        if link.heartbeat_in_flight() {
            // The last heartbeat has no answer yet, but the server must receive bytes within its timeout.
            link.sent_unasking(turn.now);
            turn.send(0, Ask::Heartbeat(v1::Heartbeat::default()));
        } else {
            self.send_request(InFlight::Heartbeat, Ask::Heartbeat(v1::Heartbeat::default()), turn);
        }
    }

    fn send_request(&mut self, request: InFlight, body: Ask, turn: &mut Turn) {
        let id = self.new_id();
        let Some(Session { phase: Phase::Live(link), .. }) = &mut self.session else { return };
        link.sent(id, request, turn.now);
        turn.send(id, body);
    }

    fn login_message_of_session(&self, user_sig: &str, resume: bool) -> v1::LoginRequest {
        let user = &self.session.as_ref().expect("only a session logs in").user;
        self.login_message(user, user_sig, resume)
    }

    /// Makes a login request with the versions of cached statuses, as many as fit into the frame.
    fn login_message(&self, user: &UserId, user_sig: &str, resume: bool) -> v1::LoginRequest {
        let mut request = v1::LoginRequest {
            sdk_app_id: self.identity.app.0,
            user_id: user.as_str().to_owned(),
            user_sig: user_sig.to_owned(),
            device_id: self.identity.device.as_str().to_owned(),
            platform: self.identity.platform as i32,
            resume,
            known: Vec::new(),
        };
        let taken = request.encoded_len() + FRAME_SLACK;
        let limit =
            self.session.as_ref().map_or(FrameLimits::default().before_login, |session| session.login_limit);
        request.known = self.cache.known(limit.saturating_sub(taken));
        request
    }

    fn new_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}

fn too_many_calls() -> Error {
    Refused::because(Code::CALLED_TOO_OFTEN, "too many calls wait for the connection").into()
}
