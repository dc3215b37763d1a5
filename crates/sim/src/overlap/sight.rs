//! The visibility of statuses: the invariants of overlapping changes of visibility, block lists and friendships.

use super::executor::Clock;
use super::judge::{Judge, Name};
use super::lease::GRACE;
use super::people::{Body, NAMES, Request, Who, id_of, same, shown, who_is};
use lamplight_core::{Presence, Restrictions, status_for};
use lamplight_model::{
    Code, Now, Reason, StatusType, StoredRestrictions, User, UserId, UserStatus, Version, Visibility,
};
use lamplight_service::{By, Service, ServiceError};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

/// The longest time, in milliseconds, from the end of the grace until a user who is away is OFFLINE.
const PATIENCE: u64 = 15_000;

/// Records the operations that change who may see the status of a user. Also records the data for the check of answers.
pub(crate) struct Sight {
    pub owners: RefCell<Vec<Owner>>,
    /// The requests without an answer, by their numbers.
    pub asked: RefCell<BTreeMap<u64, Asked>>,
    /// Pairs of a client's number and a notification that the client has received since the recording began. `None` if
    /// notifications are not recorded.
    pub events: RefCell<Option<Vec<(u64, UserStatus)>>>,
    /// The restrictions of each user in the last entry of the change log.
    logged: RefCell<BTreeMap<Who, Option<Arc<Restrictions>>>>,
    steps: Cell<u64>,
    /// The virtual time of the last loss of all records.
    lost_at: Cell<Option<u64>>,
    clock: Arc<Clock>,
    judge: Rc<Judge>,
}

/// The changes of one user's restrictions.
#[derive(Clone, Default)]
pub(crate) struct Owner {
    pub under_way: usize,
    /// The number of operations that have begun, plus the number of operations that have ended.
    pub moves: u64,
    /// The step of the last failed operation that may have changed the facts but not the record. `None` if the record
    /// agrees with the facts.
    pub failed: Option<u64>,
}

/// The restrictions of all users at the time at which a viewer sent a request.
#[derive(Default)]
pub(crate) struct Asked {
    pub viewer: Who,
    /// For each user: the state that determines the expected answer if nothing changes.
    pub users: Vec<AskedOf>,
    /// The recipient of a message.
    pub to: Option<Who>,
}

/// The status that a viewer may be shown of one user, and whether it is certain.
#[derive(Clone)]
pub(crate) struct AskedOf {
    pub moves: u64,
    /// `true` if no operation that changes the restrictions is in progress or has failed.
    pub is_certain: bool,
    pub is_under_way: bool,
    /// Whether the facts hide the status from the viewer.
    pub is_hidden: bool,
    /// Whether the user has blocked the viewer, according to the facts.
    pub is_blocked: bool,
    pub has_account: bool,
    pub shown: Option<UserStatus>,
}

/// An operation that changes the restrictions of some users. If the guard is dropped before [`end`](Self::end), the
/// operation counts as failed.
pub(crate) struct ChangeGuard {
    sight: Rc<Sight>,
    owners: Vec<Who>,
    began: u64,
    /// Whether the operation makes the records agree with the facts even if it has not changed the facts.
    applies: bool,
    outcome: Option<bool>,
}

impl ChangeGuard {
    /// Records that the operation was answered. A refused operation has changed nothing.
    pub fn end<T>(mut self, done: &Result<T, ServiceError>) {
        self.outcome = match done {
            Ok(_) => Some(self.applies),
            Err(ServiceError::Refused(_)) => Some(false),
            Err(_) => None,
        };
    }
}

impl Drop for ChangeGuard {
    fn drop(&mut self) {
        let step = self.sight.step();
        for who in &self.owners {
            let owner = &mut self.sight.owners.borrow_mut()[*who];
            owner.under_way -= 1;
            owner.moves += 1;
            match self.outcome {
                None => owner.failed = Some(step),
                Some(true) if owner.failed.is_some_and(|failed| failed < self.began) => owner.failed = None,
                Some(_) => {}
            }
        }
    }
}

impl Sight {
    pub fn new(judge: Rc<Judge>, clock: Arc<Clock>) -> Self {
        let owners = RefCell::new(vec![Owner::default(); NAMES.len()]);
        let (asked, events, logged, steps, lost_at) = Default::default();
        Self { owners, asked, events, logged, steps, lost_at, clock, judge }
    }

    /// Records that the directory loses all records.
    pub fn lose_records(&self) {
        self.lost_at.set(Some(self.clock.now()));
    }

    /// Whether a status has this version and looks like the status of a hidden user.
    pub fn is_hidden_status(&self, status: &UserStatus, version: Version) -> bool {
        self.looks_hidden(status) && status.version == version
    }

    /// Whether a status is without a text and not ONLINE. After a loss of all records, a user who may be away is ONLINE
    /// until the grace ends, with the reason `None`.
    fn looks_hidden(&self, status: &UserStatus) -> bool {
        let waits_until = self.lost_at.get().map(|lost| lost + GRACE.as_millis() as u64 + PATIENCE);
        let waits =
            status.reason == Reason::None && waits_until.is_some_and(|until| self.clock.now() < until);
        (status.status_type != StatusType::Online || waits) && status.custom_status.as_str().is_empty()
    }

    fn step(&self) -> u64 {
        self.steps.set(self.steps.get() + 1);
        self.steps.get()
    }

    /// Records that an operation begins. It may change the restrictions of these users.
    pub fn begin(self: &Rc<Self>, owners: &[Who], applies: bool) -> ChangeGuard {
        for who in owners {
            let owner = &mut self.owners.borrow_mut()[*who];
            owner.under_way += 1;
            owner.moves += 1;
        }
        let (sight, owners, began) = (Rc::clone(self), owners.to_vec(), self.step());
        ChangeGuard { sight, owners, began, applies, outcome: None }
    }

    /// Executes a request that changes who may see the status of a user.
    pub async fn change(
        self: &Rc<Self>,
        service: &Service,
        user: &User,
        request: &Request,
        by: By,
        now: Now,
    ) -> Result<(), ServiceError> {
        let change = self.begin(&[who_is(&user.id)], true);
        let ids = |users: &[Who]| users.iter().map(|who| id_of(*who)).collect::<Vec<UserId>>();
        let done = match request {
            Request::Visible(visibility) => {
                service.set_visibility(user, *visibility, by, now).await.map(drop)
            }
            Request::Block(users) => service.block_users(user, &ids(users), by, now).await.map(drop),
            Request::Unblock(users) => service.unblock_users(user, &ids(users), by, now).await.map(drop),
            Request::Login(_)
            | Request::Logout
            | Request::Text(_)
            | Request::Query(_)
            | Request::Subscribe(_)
            | Request::Unsubscribe(_)
            | Request::List
            | Request::Befriend(..)
            | Request::Unfriend(..)
            | Request::BlockList
            | Request::Message(_) => Ok(()),
        };
        change.end(&done);
        done
    }

    /// Returns whether the restrictions in an entry of the change log differ from those in the user's last entry.
    pub fn differs_in_log(&self, who: Who, restrictions: Option<&Arc<Restrictions>>) -> bool {
        let last = self.logged.borrow_mut().insert(who, restrictions.cloned()).flatten();
        last.as_ref() != restrictions
    }

    /// Records a notification that a client receives.
    pub fn hear_told(&self, number: u64, status: &UserStatus) {
        if let Some(events) = &mut *self.events.borrow_mut() {
            events.push((number, status.clone()));
        }
    }

    /// Judges the answer to a request. `shown_now(user, viewer)` returns the status of the user that the record now
    /// shows to the viewer.
    pub fn judge_answer(
        &self,
        client: u64,
        number: u64,
        answer: &Result<Body, Code>,
        shown_now: impl Fn(Who, Who) -> Option<UserStatus>,
    ) {
        let Some(asked) = self.asked.borrow_mut().remove(&number) else { return };
        let viewer = asked.viewer;
        let (statuses, is_query) = match answer {
            Ok(Body::Statuses(statuses)) => (&statuses[..], true),
            Ok(Body::Subscribed { statuses, .. }) => (&statuses[..], false),
            _ => (&[][..], false),
        };
        let is_unchanged =
            |of: Who| asked.users.get(of).filter(|it| it.moves == self.owners.borrow()[of].moves);
        for status in statuses {
            let of = who_is(&status.user_id);
            let Some(at) = is_unchanged(of).filter(|it| it.is_certain && of != viewer) else { continue };
            let looks_hidden = self.looks_hidden(status) && status.online_devices == Default::default();
            let is_same = |it: &UserStatus| it.version == status.version && same(it, status);
            let now = shown_now(of, viewer);
            let is_wrong = at.is_hidden && !looks_hidden
                || is_query && at.shown.is_some() && at.shown == now && !now.as_ref().is_some_and(is_same);
            self.judge.count(if at.is_hidden { "answered about a hidden user" } else { "answered" });
            if is_wrong {
                let what = format!(
                    "#{client} of {} is answered {} of {}, hidden {}, the record shows {:?}",
                    NAMES[viewer],
                    shown(status),
                    NAMES[of],
                    at.is_hidden,
                    now.as_ref().map(shown)
                );
                self.judge.found(Name::HiddenShown, what);
            }
        }
        let to = asked.to.and_then(|to| Some((to, is_unchanged(to).filter(|it| !it.is_under_way)?)));
        if let Some((to, at)) = to {
            let is_refused = matches!(answer, Err(code) if *code == Code::BLOCKED);
            if is_refused {
                self.judge.count("refused 20007 to a blocked sender");
            }
            if at.is_blocked && answer.is_ok() || is_refused && at.has_account && !at.is_blocked {
                let what = format!("{} to {}: {answer:?}, {}", NAMES[viewer], NAMES[to], at.is_blocked);
                self.judge.found(Name::BlockedSender, what);
            }
        }
    }
}

/// Whether `stored`, a user's data in the facts, allows the viewer to see the user's status.
pub(crate) fn may_see(stored: &StoredRestrictions, viewer: &UserId) -> bool {
    let is_allowed = match stored.visibility {
        Visibility::Everyone => true,
        Visibility::Friends => stored.friends.contains(viewer),
        Visibility::Nobody => false,
    };
    is_allowed && !stored.blocked.contains(viewer)
}

/// The status of a user that the record shows to a viewer.
pub(crate) fn shown_to(presence: &Presence, of: Who, viewer: Who) -> UserStatus {
    let restrictions = presence.restrictions().map(|restrictions| &**restrictions);
    status_for(presence.status(&id_of(of)), restrictions, &id_of(viewer))
}
