//! The users, their devices, and the clients of their connections.

use super::executor::wall;
use super::judge::{Judge, Name};
use lamplight_core::{EndCause, Versioned};
use lamplight_model::{
    AppId, Code, DeviceId, Platform, StatusType, User, UserId, UserStatus, Version, Visibility,
};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A user, as an index into [`NAMES`].
pub(crate) type Who = usize;

/// The ids of the users.
pub(crate) const NAMES: [&str; 7] = ["ann", "bob", "cat", "dan", "eve", "fay", "gus"];

/// The devices of each user, with their usual platforms.
pub(crate) const DEVICES: [(&str, Platform); 3] =
    [("phone", Platform::Android), ("pad", Platform::IPhone), ("tab", Platform::Web)];

/// The app to which all users belong.
pub(crate) const APP: AppId = AppId(1_400_000_001);

/// The user with this index.
pub(crate) fn user_of(who: Who) -> User {
    User::new(APP, id_of(who))
}

/// The id of a user.
pub(crate) fn id_of(who: Who) -> UserId {
    UserId::new(NAMES[who]).expect("names are ids")
}

/// The index of the user with this id.
pub(crate) fn who_is(id: &UserId) -> Who {
    NAMES.iter().position(|name| *name == id.as_str()).expect("there are no other users")
}

/// The id of a device.
pub(crate) fn device_id(device: usize) -> DeviceId {
    DeviceId::new(DEVICES[device].0).expect("names are ids")
}

/// A request of a client.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    Login(LoginRequest),
    Logout,
    Text(String),
    Query(Vec<Who>),
    Subscribe(Vec<Who>),
    Unsubscribe(Vec<Who>),
    List,
    Befriend(Who, bool),
    Unfriend(Who, bool),
    Visible(Visibility),
    Block(Vec<Who>),
    Unblock(Vec<Who>),
    BlockList,
    Message(Who),
}

/// The login request of a client.
#[derive(Clone, Debug)]
pub(crate) struct LoginRequest {
    pub who: Who,
    pub device: usize,
    pub platform: Platform,
    pub resume: bool,
    pub known: Vec<(Who, Version)>,
    /// The time at which the UserSig of the request was issued.
    pub issued: u64,
}

/// The content of a successful answer.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    LoggedIn {
        statuses: Vec<UserStatus>,
        subscriptions: Option<Vec<UserId>>,
        not_watched: Vec<Who>,
    },
    LoggedOut,
    Own(UserStatus),
    Statuses(Vec<UserStatus>),
    Subscribed {
        subscribed: Vec<UserId>,
        statuses: Vec<UserStatus>,
        evicted: Vec<UserId>,
        let_go: Vec<UserId>,
    },
    Unsubscribed {
        removed: Vec<UserId>,
        let_go: Vec<UserId>,
    },
    List(Vec<UserId>),
    Done,
}

/// A message from the server to a client.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    Answer { request: u64, answer: Result<Body, Code> },
    Told(Vec<UserStatus>),
    ListChanged { subscribed: Vec<UserId>, unsubscribed: Vec<UserId>, let_go: Vec<UserId> },
    Ended(Option<EndCause>),
}

/// The events of a user since the world was last quiet. The expected state and the name of a broken invariant depend on
/// them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Past {
    /// The kicks and deletions. A deletion also revokes UserSigs.
    pub kicks: Vec<Kick>,
    /// The latest time at which a call of the server API may have created the account; `None` if there was no such
    /// call.
    pub created: Option<u64>,
    /// The last time at which [`Past::rest`] removed kicks; `None` if it has removed none.
    pub kicked_before: Option<u64>,
    /// For each device: whether it has requested a logout or its UserSig has expired.
    pub logged_out: [bool; DEVICES.len()],
}

impl Past {
    /// Clears the events, because the world is quiet.
    pub fn rest(&mut self, now: u64) {
        let kicked_before = if self.kicks.is_empty() { self.kicked_before } else { Some(now) };
        *self = Self { kicked_before, ..Self::default() };
    }
}

/// A kick or a deletion.
#[derive(Clone, Debug)]
pub(crate) struct Kick {
    pub began: u64,
    /// The time of the successful answer; `None` if there was none. A call without a successful answer may still have
    /// had its effect.
    pub answered: Option<u64>,
    /// `true` for a deletion of the account, `false` for a kick.
    pub deletes: bool,
}

/// The progress of a client's connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Stage {
    New,
    LoggedIn,
    /// The client has received the last message of the connection, or the link broke.
    Over,
}

/// The state of a client on one connection.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub who: Who,
    pub device: usize,
    pub platform: Platform,
    pub worker: usize,
    pub stage: Stage,
    /// Whether the client reads no messages at the moment.
    pub stalled: bool,
    /// The number and the content of the unanswered request; `None` if all requests are answered.
    pub awaits: Option<(u64, Request)>,
    /// The time of the latest request, by the clock of the nodes.
    pub asked_at: u64,
    pub picture: BTreeMap<Who, UserStatus>,
    /// For each user: the version in the last notification or answer.
    pub told: BTreeMap<Who, Version>,
    pub list: Option<BTreeSet<Who>>,
    /// Changes of the subscription list that arrived while the client waited for the whole list. They are applied to
    /// the answer.
    pub list_news: Vec<(Vec<UserId>, Vec<UserId>)>,
    /// The number of the client's latest login request.
    pub login_asked: u64,
    /// Whether the latest login request was an automatic resume of a login that had ended. The server must refuse it.
    pub resumes_ended: bool,
}

/// All clients, by the numbers of their connections, and the data that remains when a connection ends.
pub(crate) struct People {
    pub clients: RefCell<BTreeMap<u64, Client>>,
    /// For each device: the statuses that its last client had cached when its connection ended.
    pub left_behind: RefCell<BTreeMap<(Who, usize), BTreeMap<Who, UserStatus>>>,
    /// For each user: the users about whom the user may be notified.
    pub allowed: RefCell<Vec<BTreeSet<Who>>>,
    /// The native devices that were kicked by another login or have logged out, and have not logged in again.
    pub ended: RefCell<BTreeSet<(Who, usize)>>,
    /// For each device: the numbers of the application's login requests that were not refused. Also the numbers of the
    /// automatic resumes that succeeded.
    pub device_logins: RefCell<BTreeMap<(Who, usize), BTreeSet<u64>>>,
    /// The attempts to log in: the user, the time at which the UserSig was issued, and whether it was a resume.
    pub logins: RefCell<Vec<(Who, u64, bool)>>,
    /// For each device: the time at which its current UserSig was issued. Refused UserSigs are removed.
    pub sigs: RefCell<BTreeMap<(Who, usize), u64>>,
    /// The events of each user since the world was last quiet.
    pub pasts: RefCell<Vec<Past>>,
    /// The users who must be shown as ONLINE without interruption at present.
    pub must_stay: RefCell<BTreeSet<Who>>,
    /// The users in `must_stay` whose status was in an answer. Between that answer and a notification, such a user may
    /// have had another status. The notification may then look like the status that the client has.
    pub asked_about: RefCell<BTreeSet<Who>>,
    /// For each user: the custom status that a client has set with its last successful call.
    pub texts_set: RefCell<BTreeMap<Who, String>>,
    /// The largest difference in milliseconds between the clock that issues UserSigs and those of the nodes.
    pub sig_error: Cell<u64>,
    judge: Rc<Judge>,
}

impl People {
    /// Creates the state before the first connection.
    pub fn new(judge: Rc<Judge>) -> Self {
        let allowed = RefCell::new(vec![BTreeSet::new(); NAMES.len()]);
        let (clients, left_behind, ended, device_logins, logins, sigs) = Default::default();
        let (must_stay, asked_about, texts_set) = Default::default();
        let pasts = RefCell::new(vec![Past::default(); NAMES.len()]);
        Self {
            clients,
            left_behind,
            allowed,
            ended,
            device_logins,
            logins,
            sigs,
            pasts,
            must_stay,
            asked_about,
            texts_set,
            sig_error: Cell::new(0),
            judge,
        }
    }

    /// Whether the client exists and reads its messages.
    pub fn reads(&self, number: u64) -> bool {
        self.clients.borrow().get(&number).is_some_and(|client| !client.stalled)
    }

    /// Processes a message that a client has received.
    pub fn hear(&self, number: u64, message: Message) {
        let mut clients = self.clients.borrow_mut();
        let Some(client) = clients.get(&number) else { return };
        let ends = match &message {
            Message::Ended(Some(EndCause::KickedByLogin { .. })) => true,
            Message::Answer { answer: Ok(Body::LoggedOut), .. } => true,
            Message::Ended(_) | Message::Answer { .. } | Message::Told(_) | Message::ListChanged { .. } => {
                false
            }
        };
        let key = (client.who, client.device);
        // If another client of the same device logs in at the same time, its login may be the later one. The device
        // then does not count as ended.
        let is_alone = clients.iter().all(|(other, it)| {
            let is_over = it.stage == Stage::Over && it.awaits.is_none();
            *other == number || (it.who, it.device) != key || is_over
        });
        // After a deletion, the user id may belong to a new account.
        let is_deleted = self.pasts.borrow()[client.who].kicks.iter().any(|kick| kick.deletes);
        // Another login of the device may have been requested after this client's login, and may have reached the
        // server before this client ended its login. This client has then ended nothing, because a connection that is
        // no longer current cannot log the device out. A resume counts if it succeeded, because the server must refuse
        // it after the end.
        let is_last = {
            let device_logins = self.device_logins.borrow();
            device_logins.get(&key).and_then(BTreeSet::last).is_none_or(|asked| *asked <= client.login_asked)
        };
        if ends && is_alone && is_last && !is_deleted && !client.platform.is_web() {
            self.ended.borrow_mut().insert(key);
        }
        let Some(client) = clients.get_mut(&number) else { return };
        self.judge.note(|| format!("  {} receives {message:?}", label(number, client)));
        match message {
            Message::Answer { request, answer } => self.hear_answer(number, client, request, answer),
            Message::Told(statuses) => {
                for status in statuses {
                    self.judge_news(number, client, &status);
                    self.hear_status(number, client, status);
                }
            }
            Message::ListChanged { subscribed, unsubscribed, let_go } => {
                if let Some(list) = &mut client.list {
                    change(list, &subscribed, &unsubscribed);
                }
                client.list_news.push((subscribed, unsubscribed));
                let_go.iter().for_each(|id| drop(client.picture.remove(&who_is(id))));
            }
            Message::Ended(cause) => {
                self.judge.count(match cause {
                    Some(EndCause::Superseded) => "closed: superseded",
                    Some(EndCause::KickedByLogin { .. }) => "closed: kicked by a login",
                    Some(EndCause::KickedByOperator) => "closed: kicked by the operator",
                    Some(EndCause::AccountDeleted) => "closed: account deleted",
                    Some(EndCause::LoggedOut) => "closed: logged out late",
                    Some(EndCause::NodeLost) | None => "closed: to come back",
                });
                client.stage = Stage::Over;
            }
        }
    }

    fn judge_news(&self, number: u64, client: &Client, status: &UserStatus) {
        let of = who_is(&status.user_id);
        let is_known = client.picture.get(&of).is_some_and(|known| known.is_put_back_as(status));
        if is_known && self.must_stay.borrow().contains(&of) && !self.asked_about.borrow().contains(&of) {
            let what = format!("{} is told again of {}: {}", label(number, client), NAMES[of], shown(status));
            self.judge.found(Name::NothingNew, what);
        }
    }

    fn hear_status(&self, number: u64, client: &mut Client, status: UserStatus) {
        let of = who_is(&status.user_id);
        self.judge.count("told");
        if status.status_type != StatusType::Online && self.must_stay.borrow().contains(&of) {
            let what = format!("{} is told {}: {}", label(number, client), NAMES[of], shown(&status));
            self.judge.found(Name::ShownToLeave, what);
        }
        if of != client.who && !self.allowed.borrow()[client.who].contains(&of) {
            let what = || format!("{} is notified of {}: {status:?}", label(number, client), NAMES[of]);
            self.judge.found(Name::Leak, what());
        }
        if let Some(told) = client.told.insert(of, status.version)
            && told > status.version
        {
            let (is, to) = (status.version, label(number, client));
            self.judge.found(Name::GoesBack, format!("{to} is sent {is} of {} after {told}", NAMES[of]));
        }
        if let Some(known) = client.picture.get(&of) {
            if known.version > status.version {
                return;
            }
            if known.version == status.version && !same(known, &status) {
                let what = format!("{}: {known:?} and {status:?}", label(number, client));
                self.judge.found(Name::TwoTruths, what);
            }
        }
        client.picture.insert(of, status);
    }

    fn hear_answer(&self, number: u64, client: &mut Client, request: u64, answer: Result<Body, Code>) {
        let asked = match client.awaits.take() {
            Some((awaited, asked)) if awaited == request => asked,
            other => {
                let what = format!("{} is answered {request}, and awaits {other:?}", label(number, client));
                self.judge.found(Name::OthersAnswer, what);
                client.awaits = other;
                return;
            }
        };
        // The answer may be older than notifications that arrived meanwhile, so the client keeps the higher version.
        fn fold(client: &mut Client, statuses: Vec<UserStatus>) {
            let picture = &mut client.picture;
            for status in statuses {
                let of = who_is(&status.user_id);
                if of != client.who {
                    let told = client.told.entry(of).or_insert(status.version);
                    *told = (*told).max(status.version);
                }
                if picture.get(&of).is_none_or(|known| known.version <= status.version) {
                    picture.insert(of, status);
                }
            }
        }
        match answer {
            Ok(Body::LoggedIn { statuses, subscriptions, not_watched }) => {
                self.judge.count("logged in");
                let key = (client.who, client.device);
                if matches!(asked, Request::Login(LoginRequest { resume: false, .. })) {
                    self.ended.borrow_mut().remove(&key);
                } else {
                    self.device_logins.borrow_mut().entry(key).or_default().insert(request);
                }
                if client.resumes_ended && self.ended.borrow().contains(&key) {
                    self.judge.found(Name::EndedResumes, label(number, client));
                }
                client.stage = Stage::LoggedIn;
                client.list = subscriptions.map(|list| list.iter().map(who_is).collect());
                for status in statuses {
                    self.hear_status(number, client, status);
                }
                not_watched.iter().for_each(|who| drop(client.picture.remove(who)));
            }
            Ok(Body::LoggedOut) => client.stage = Stage::Over,
            Ok(Body::Own(status)) => {
                self.asked_about.borrow_mut().insert(client.who);
                if let Request::Text(text) = asked {
                    self.texts_set.borrow_mut().insert(client.who, text);
                }
                fold(client, vec![status]);
            }
            Ok(Body::Statuses(statuses)) => {
                for status in &statuses {
                    self.asked_about.borrow_mut().insert(who_is(&status.user_id));
                    // The call was executed after it was sent.
                    if is_over(status, client.asked_at.saturating_sub(CLOCK_ERROR)) {
                        let (to, at) = (label(number, client), client.asked_at);
                        let what = format!("{to} asked at {at} and is answered {}", shown(status));
                        self.judge.found(Name::CustomExpiry, what);
                    }
                    let is_wrong = status.status_type != StatusType::Online;
                    if is_wrong && self.must_stay.borrow().contains(&who_is(&status.user_id)) {
                        let what = format!("{} is answered {}", label(number, client), shown(status));
                        self.judge.found(Name::ShownToLeave, what);
                    }
                }
                let mut watched = statuses;
                watched.retain(|status| {
                    let of = who_is(&status.user_id);
                    let is_listed = client.list.as_ref().is_some_and(|list| list.contains(&of));
                    is_listed || client.picture.contains_key(&of)
                });
                fold(client, watched);
            }
            Ok(Body::Subscribed { subscribed, statuses, evicted, let_go }) => {
                if let Some(list) = &mut client.list {
                    evicted.iter().for_each(|id| _ = list.remove(&who_is(id)));
                    list.extend(subscribed.iter().map(who_is));
                }
                let_go.iter().for_each(|id| drop(client.picture.remove(&who_is(id))));
                fold(client, statuses);
            }
            Ok(Body::Unsubscribed { removed, let_go }) => {
                if let Some(list) = &mut client.list {
                    removed.iter().for_each(|id| _ = list.remove(&who_is(id)));
                }
                let_go.iter().for_each(|id| drop(client.picture.remove(&who_is(id))));
            }
            Ok(Body::List(list)) => {
                let mut list = list.iter().map(who_is).collect();
                for (subscribed, unsubscribed) in &client.list_news {
                    change(&mut list, subscribed, unsubscribed);
                }
                client.list = Some(list);
            }
            Ok(Body::Done) => {}
            Err(code) => {
                self.judge.count(format!("refused {}", code.number()));
                if code == Code::NOT_LOGGED_IN && self.must_stay.borrow().contains(&client.who) {
                    let what = format!("{} is refused with 6014: {asked:?}", label(number, client));
                    self.judge.found(Name::LostByFlush, what);
                }
                if [Code::SIG_REVOKED, Code::KICKED_BY_OTHER_LOGIN].contains(&code) {
                    // A refused login was not recorded.
                    let mut device_logins = self.device_logins.borrow_mut();
                    device_logins.entry((client.who, client.device)).or_default().remove(&request);
                }
                if let (Code::SIG_REVOKED, Request::Login(LoginRequest { issued, .. })) = (code, &asked) {
                    self.judge_refused_sig(number, client, *issued);
                }
                let unknown = code == Code::INTERNAL;
                if unknown && matches!(asked, Request::Text(_)) {
                    // The text may have been the user's status until a loss.
                    self.asked_about.borrow_mut().insert(client.who);
                }
                if unknown && matches!(asked, Request::Subscribe(_) | Request::Unsubscribe(_)) {
                    // The server may or may not have executed the call, so the client must request its subscription
                    // list again.
                    client.list = None;
                }
            }
        }
    }

    /// Records a broken invariant if the refused UserSig was issued after the answers to all kicks.
    fn judge_refused_sig(&self, number: u64, client: &Client, issued: u64) {
        self.sigs.borrow_mut().remove(&(client.who, client.device));
        let pasts = self.pasts.borrow();
        let issued_from = issued.saturating_sub(self.sig_error.get());
        let before = |kick: &Kick| kick.answered.is_some_and(|answered| answered <= issued_from);
        let past = &pasts[client.who];
        if past.kicks.iter().all(before) && past.kicked_before.is_none_or(|quiet| quiet <= issued_from) {
            let what = format!("{} with a UserSig of {issued}", label(number, client));
            self.judge.found(Name::FreshSigRefused, what);
        }
    }

    /// Removes the client of an ended connection. Its device keeps the cached statuses.
    pub fn leave(&self, number: u64) {
        let Some(client) = self.clients.borrow_mut().remove(&number) else { return };
        if client.stage != Stage::New {
            self.left_behind.borrow_mut().insert((client.who, client.device), client.picture);
        }
    }
}

fn change(list: &mut BTreeSet<Who>, subscribed: &[UserId], unsubscribed: &[UserId]) {
    unsubscribed.iter().for_each(|id| _ = list.remove(&who_is(id)));
    list.extend(subscribed.iter().map(who_is));
}

/// Whether two statuses have the same status type, custom status and end of the custom status.
pub(crate) fn same(one: &UserStatus, other: &UserStatus) -> bool {
    let shown = |it: &UserStatus| (it.status_type, it.custom_expires);
    shown(one) == shown(other) && one.custom_status == other.custom_status
}

/// The name of a client in the story: user, device and connection number.
pub(crate) fn label(number: u64, client: &Client) -> String {
    format!("{}.{}#{number}", NAMES[client.who], DEVICES[client.device].0)
}

/// A status as a short text for the story.
pub(crate) fn shown(status: &UserStatus) -> String {
    let kind = match status.status_type {
        StatusType::Online => "ONLINE",
        StatusType::Offline => "OFFLINE",
        StatusType::Unlogined => "UNLOGINED",
        StatusType::Unknown => "UNKNOWN",
    };
    let until = status.custom_expires.map(|expires| format!(" until {}", expires.0 - wall(0).0));
    format!("{kind} {:?}{} {}", status.custom_status.as_str(), until.unwrap_or_default(), status.version)
}

/// The duration, in seconds, of the custom status `text`; 0 if it has none. It depends only on the text, so no random
/// number is needed. About two of five texts have a duration.
pub(crate) fn seconds_of(text: &str) -> u32 {
    match text.split_once(' ') {
        Some(("on", "the road")) => 2,
        // Ends while the world recovers from the loss or the restart that may follow, or some time after that.
        Some(("probe", phase)) => match phase.parse::<u32>().unwrap_or(0) % 4 {
            0 => 0,
            1 => 10,
            2 => 40,
            _ => 1,
        },
        Some(("moment", client)) => match client.parse::<u32>().unwrap_or(0) % 5 {
            0 => 7,
            1 => 90,
            _ => 0,
        },
        None if text == "lunch" => 7,
        None if text == "away" => 90,
        _ => 0,
    }
}

/// The largest difference in milliseconds between the wall clock of a node and that of the world.
pub(crate) const CLOCK_ERROR: u64 = 1_000;

/// Whether the duration of a custom status had passed at the virtual time `at` in milliseconds.
pub(crate) fn is_over(status: &UserStatus, at: u64) -> bool {
    status.custom_expires.is_some_and(|expires| expires <= wall(at))
}
