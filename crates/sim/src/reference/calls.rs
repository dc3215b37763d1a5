//! The calls of section 3 of the SPEC, and their checks.

use super::Reference;
use super::person::{Operation, Person};
use crate::answer::{Answer, Shown};
use crate::step::{UNREADABLE, Who};
use lamplight_model::{Edition, Now, StatusType};
use std::time::Duration;

impl Person {
    /// Creates the account. If the record of a former account still exists, its revocations stay.
    pub fn begin_account(&mut self, now: Now) {
        self.account = Some(now.wall);
        self.forgotten_at = None;
        self.noted = now;
    }

    /// Returns the state after the removal of the record. The counted calls and the revocations stay, and `life`
    /// increases.
    pub fn forgotten(&self) -> Self {
        Self {
            calls: self.calls.clone(),
            life: self.life + 1,
            revoked: self.revoked,
            also_revoked: self.also_revoked.clone(),
            ..Self::default()
        }
    }

    /// Whether the user has an account and a live record.
    fn is_there(&self) -> bool {
        self.is_known && self.account.is_some()
    }
}

impl Reference {
    pub(super) fn query(&mut self, who: Who, users: &[Who]) -> Answer {
        if users.is_empty() || users.iter().any(|user| *user != who) {
            let batch = self.settings.limits.query_batch;
            if let Some(code) = self.refusal(who, Operation::Query, users, batch) {
                return Answer::Refused(code);
            }
        }
        let (known, unknown) = self.by_account(users);
        if known.is_empty() {
            return Answer::Refused(70107);
        }
        Answer::Statuses { found: self.with_status(known), unknown }
    }

    pub(super) fn subscribe(&mut self, who: Who, users: &[Who]) -> Answer {
        let batch = self.settings.limits.subscribe_batch;
        if let Some(code) = self.refusal(who, Operation::Subscribe, users, batch) {
            return Answer::Refused(code);
        }
        let (known, unknown) = self.by_account(users);
        let mut evicted = Vec::new();
        if !known.is_empty() {
            if !self.people[who].is_there() {
                return Answer::Refused(6014);
            }
            let limit = usize::from(self.settings.limits.subscriptions);
            let (person, now) = (&mut self.people[who], self.now);
            for user in &known {
                person.list.retain(|other| other != user);
                person.list.push(*user);
            }
            while person.list.len() > limit {
                evicted.push(person.list.remove(0));
            }
            person.list_lost = false;
            if person.kind() != StatusType::Online && !person.list.is_empty() {
                person.list_ends = Some(now.moment + self.settings.timing.subscription_retention());
            }
            person.noted = now;
        }
        let subscribed = known.into_iter().filter(|user| !evicted.contains(user)).collect();
        let let_go = self.not_watched(who, &evicted);
        Answer::Subscribed { now: self.with_status(subscribed), unknown, evicted, let_go }
    }

    pub(super) fn unsubscribe(&mut self, who: Who, users: &[Who]) -> Answer {
        let batch = self.settings.limits.unsubscribe_batch;
        if let Some(code) = self.refusal(who, Operation::Unsubscribe, users, batch) {
            return Answer::Refused(code);
        }
        let (_, mut unknown) = self.by_account(users);
        let (person, now) = (&mut self.people[who], self.now);
        if !person.is_there() {
            return Answer::Refused(6014);
        }
        let all = users.is_empty();
        let (removed, kept) = person.list.iter().partition(|user| all || users.contains(user));
        let removed: Vec<Who> = removed;
        person.list = kept;
        if !removed.is_empty() {
            person.noted = now;
        }
        if person.list.is_empty() {
            person.list_ends = None;
        }
        unknown.retain(|user| !removed.contains(user));
        let let_go = self.not_watched(who, &removed);
        Answer::Unsubscribed { removed, unknown, let_go }
    }

    pub(super) fn list_of(&mut self, who: Who) -> Answer {
        if let Some(code) = self.refusal(who, Operation::List, &[], 0) {
            return Answer::Refused(code);
        }
        if !self.people[who].is_there() {
            return Answer::Refused(6014);
        }
        Answer::List(self.people[who].list.clone(), self.settings.limits.subscriptions)
    }

    /// Checks a call of a logged-in client, in the order of the SPEC. Returns the code of the refusal. If the call is
    /// not refused, counts it for the rate limit, and returns `None`.
    fn refusal(&mut self, who: Who, operation: Operation, users: &[Who], batch: u16) -> Option<u32> {
        let may_be_empty = matches!(operation, Operation::Unsubscribe | Operation::List);
        if self.settings.edition != Edition::Flagship {
            return Some(7013);
        }
        if !self.settings.switches.user_status {
            return Some(72001);
        }
        let names_self = operation == Operation::Subscribe && users.contains(&who);
        if users.contains(&UNREADABLE) || (users.is_empty() && !may_be_empty) || names_self {
            return Some(6017);
        }
        if once(users).len() > usize::from(batch) {
            return Some(70206);
        }
        let (rate, now) = (self.settings.limits.rate, self.now.moment);
        let window = Duration::from_millis(rate.window_ms.into());
        let calls = &mut self.people[who].calls;
        let lately =
            calls.iter().filter(|(other, at)| *other == operation && now.since(*at) < window).count();
        if lately >= usize::from(rate.calls) {
            return Some(7008);
        }
        calls.push((operation, now));
        None
    }

    /// Splits the users into users with an account and users without an account. Removes duplicates, and keeps the
    /// order.
    fn by_account(&self, users: &[Who]) -> (Vec<Who>, Vec<Who>) {
        once(users).into_iter().partition(|user| self.people[*user].account.is_some())
    }

    fn not_watched(&self, who: Who, left: &[Who]) -> Vec<Who> {
        left.iter().copied().filter(|of| !self.may_watch(who, *of)).collect()
    }

    fn with_status(&self, users: Vec<Who>) -> Vec<(Who, Shown)> {
        users.into_iter().filter_map(|user| Some((user, self.status(user)?))).collect()
    }
}

/// The users without duplicates, in the same order.
fn once(users: &[Who]) -> Vec<Who> {
    let mut once = Vec::new();
    for user in users {
        if !once.contains(user) {
            once.push(*user);
        }
    }
    once
}
