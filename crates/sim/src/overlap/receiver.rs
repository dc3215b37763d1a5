//! The simulated backend of the app, which remains when the server's process ends. It checks the session events that it
//! receives. Some requests or answers are lost.
//!
//! Logins and disconnects of each device must alternate. No event may have two notices. Each event must have a version
//! and a status that the user had. In a quiet world (see `quiet`), the state derived from the events must equal the
//! record.
//!
//! With several nodes, only repeated events are judged. The directory may lose its data, and session events with it.
//! The clocks of the nodes differ, so a record that is created again may give lower ordinals to its events.

use super::judge::{Judge, Name};
use super::people::{DEVICES, NAMES, Who, user_of, who_is};
use crate::random::Random;
use lamplight_model::{Platform, SessionEvent, SessionEventKind, StatusType, Timestamp, User, Version};
use parking_lot::{Mutex, MutexGuard};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// The status types that users have had, by user and version.
#[derive(Default)]
pub(crate) struct Truths(Mutex<BTreeMap<(User, Version), StatusType>>);

impl Truths {
    /// Records the status type of a user at a version.
    pub fn note(&self, user: &User, version: Version, status_type: StatusType) {
        self.seen().insert((user.clone(), version), status_type);
    }

    fn at(&self, user: &User, version: Version) -> Option<StatusType> {
        self.seen().get(&(user.clone(), version)).copied()
    }

    fn seen(&self) -> MutexGuard<'_, BTreeMap<(User, Version), StatusType>> {
        self.0.lock()
    }
}

/// The answer to a request, as the sender sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    Taken,
    /// No answer. The backend may or may not have received the request.
    None,
}

/// The simulated backend.
pub(crate) struct Receiver {
    backends: RefCell<BTreeMap<Who, Heard>>,
    pub truths: Arc<Truths>,
    random: RefCell<Random>,
    judge: Rc<Judge>,
    /// Whether several nodes send the events.
    in_cluster: bool,
}

/// The state that the backend derives from the events of one user.
#[derive(Default)]
struct Heard {
    /// For each ordinal: the id of the notice, and the received event. The id identifies repeated requests.
    events: BTreeMap<u64, (u64, SessionEvent)>,
    devices: BTreeMap<usize, (Link, Platform)>,
    /// The version and the status type in the last event; `None` before the first event.
    status: Option<(Version, StatusType)>,
    /// The last custom status; empty for a user who is not online.
    custom: String,
    /// The time at which the last custom status ends; `None` if it has no duration.
    expires: Option<Timestamp>,
}

/// The state of a device according to the events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Link {
    Connected,
    Gone,
    /// A login has kicked a device of this platform. The kicked device may have been this one.
    PerhapsKicked,
}

impl Receiver {
    /// Creates a backend that has received no events.
    pub fn new(judge: Rc<Judge>, seed: u64, in_cluster: bool) -> Self {
        let random = RefCell::new(Random::new(seed));
        Self { backends: RefCell::default(), truths: Arc::default(), random, judge, in_cluster }
    }

    /// A random delay in milliseconds, less than `most`.
    pub fn delay(&self, most: usize) -> u64 {
        self.random.borrow_mut().below(most) as u64
    }

    /// Receives the request of the notice `id`. At random, the request or its answer is lost.
    pub fn request(&self, user: &User, id: u64, event: &SessionEvent) -> Answer {
        let (lost, unanswered) = {
            let random = &mut *self.random.borrow_mut();
            (random.once_in(8), random.once_in(8))
        };
        if lost {
            return Answer::None;
        }
        self.hear(user, id, event);
        if unanswered { Answer::None } else { Answer::Taken }
    }

    fn hear(&self, user: &User, id: u64, event: &SessionEvent) {
        let who = who_is(&user.id);
        let mut backends = self.backends.borrow_mut();
        let heard = backends.entry(who).or_default();
        let last = heard.events.last_key_value().map(|(ordinal, _)| *ordinal);
        let former = heard.events.insert(event.ordinal, (id, event.clone()));
        if let Some((former, heard)) = former
            && is_same(&heard, event)
        {
            if former != id {
                self.judge.found(Name::PutBack, format!("{}: {event:?} had the notice {former}", NAMES[who]));
            }
            if last.is_some_and(|last| last > event.ordinal) {
                self.judge.found(Name::PutBack, format!("{}: {event:?} comes after {last:?}", NAMES[who]));
            }
            return;
        }
        self.judge.note(|| format!("  the backend of {} receives {event:?}", NAMES[who]));
        self.judge.count("events heard");
        if self.in_cluster {
            return;
        }
        if last.is_some_and(|last| last > event.ordinal) {
            self.unpaired(who, event, "comes after a later one");
        }
        self.hear_of_device(who, heard, event);
        self.hear_of_status(user, heard, event);
    }

    fn hear_of_device(&self, who: Who, heard: &mut Heard, event: &SessionEvent) {
        let place = event.device.as_ref().map(|device| {
            let place = DEVICES.iter().position(|(name, _)| *name == device.id.as_str());
            (place.expect("there are no other devices"), device.platform)
        });
        let link = place.and_then(|(place, _)| heard.devices.get(&place)).map(|(link, _)| *link);
        match (&event.kind, place) {
            (SessionEventKind::Login { kicked }, Some((place, platform))) => {
                if link == Some(Link::Connected) {
                    self.unpaired(who, event, "follows a login");
                }
                for (other, (link, on)) in &mut heard.devices {
                    if *other != place && *link == Link::Connected && kicked.contains(on) {
                        *link = Link::PerhapsKicked;
                    }
                }
                heard.devices.insert(place, (Link::Connected, platform));
            }
            (SessionEventKind::LinkClosed | SessionEventKind::TimedOut, Some((place, platform))) => {
                if !matches!(link, Some(Link::Connected | Link::PerhapsKicked)) {
                    self.unpaired(who, event, "follows no login");
                }
                heard.devices.insert(place, (Link::Gone, platform));
            }
            (SessionEventKind::Logout, Some((place, platform))) => {
                heard.devices.insert(place, (Link::Gone, platform));
            }
            (
                SessionEventKind::CustomStatus(_)
                | SessionEventKind::EndingCustomStatus { .. }
                | SessionEventKind::CustomStatusExpired,
                Some(_),
            ) => {
                if link == Some(Link::Gone) {
                    self.unpaired(who, event, "is of a device that is not connected");
                }
            }
            (kind, None) if kind.is_of_custom_status() => {}
            (_, None) => self.unpaired(who, event, "names no device"),
        }
    }

    fn hear_of_status(&self, user: &User, heard: &mut Heard, event: &SessionEvent) {
        let Some(after) = event.after else {
            self.judge.found(Name::EventStatus, format!("{user}: {event:?} has no status"));
            return;
        };
        let truth = self.truths.at(user, after.version);
        if truth != Some(after.status_type) {
            let what = format!("{user}: {event:?}, and that version was {truth:?}");
            self.judge.found(Name::EventStatus, what);
        }
        if let Some((version, _)) = heard.status
            && version > after.version
        {
            self.judge.found(Name::EventStatus, format!("{user}: {event:?} goes back from {version}"));
        }
        heard.status = Some((after.version, after.status_type));
        match &event.kind {
            SessionEventKind::CustomStatus(text) => {
                text.as_str().clone_into(&mut heard.custom);
                heard.expires = None;
            }
            SessionEventKind::EndingCustomStatus { text, expires } => {
                text.as_str().clone_into(&mut heard.custom);
                heard.expires = Some(*expires);
            }
            SessionEventKind::CustomStatusExpired => {
                if heard.expires.take().is_none_or(|expires| expires > event.at) {
                    let what = format!("{user}: {event:?} ends {:?}", heard.custom);
                    self.judge.found(Name::CustomExpiry, what);
                }
                heard.custom.clear();
            }
            SessionEventKind::Login { .. }
            | SessionEventKind::Logout
            | SessionEventKind::LinkClosed
            | SessionEventKind::TimedOut => {}
        }
        if after.status_type != StatusType::Online {
            heard.expires = None;
            heard.custom.clear();
        }
    }

    fn unpaired(&self, who: Who, event: &SessionEvent, why: &str) {
        self.judge.found(Name::Unpaired, format!("{}: {event:?} {why}", NAMES[who]));
    }

    /// Checks in a quiet world that the events of a user agree with the record. `connected` has the devices that are
    /// connected according to the record.
    pub fn judge_quiet(&self, who: Who, status_type: StatusType, custom: &str, connected: &BTreeSet<usize>) {
        if self.in_cluster {
            return;
        }
        let backends = self.backends.borrow();
        let none = Heard::default();
        let heard = backends.get(&who).unwrap_or(&none);
        for (place, (name, _)) in DEVICES.iter().enumerate() {
            let is_right = match heard.devices.get(&place) {
                Some((Link::Connected, _)) => connected.contains(&place),
                Some((Link::Gone, _)) | None => !connected.contains(&place),
                Some((Link::PerhapsKicked, _)) => true,
            };
            if !is_right {
                let what = format!(
                    "{}.{name}: the events say {:?}, the record {connected:?}",
                    user_of(who),
                    heard.devices
                );
                self.judge.found(Name::Unpaired, what);
            }
        }
        // The end of a login's retention causes no event, so the last event may have had the status OFFLINE.
        let heard_online = heard.status.is_some_and(|(_, status_type)| status_type == StatusType::Online);
        if heard_online != (status_type == StatusType::Online) {
            let what =
                format!("{}: the events say {:?}, the record {status_type:?}", user_of(who), heard.status);
            self.judge.found(Name::EventStatus, what);
        }
        if heard.custom != custom {
            let what = format!("{}: the events say {:?}, the record {custom:?}", user_of(who), heard.custom);
            self.judge.found(Name::EventStatus, what);
        }
    }
}

/// Whether two events with the same ordinal are the same event. Their statuses may differ, because a later login may
/// have cancelled an earlier disconnect.
fn is_same(one: &SessionEvent, other: &SessionEvent) -> bool {
    (one.at, &one.kind, &one.device) == (other.at, &other.kind, &other.device)
}
