//! The invariants of a quiet world about the visibility of statuses.

use super::executor::block_on;
use super::judge::Name;
use super::people::{NAMES, Request, Who, id_of, label, same, shown, user_of, who_is};
use super::sight::{Asked, AskedOf, may_see, shown_to};
use super::world::World;
use lamplight_model::{StoredRestrictions, UserStatus, Visibility};
use lamplight_service::By;
use std::collections::{BTreeMap, BTreeSet};

/// The time in milliseconds within which a change of the restrictions reaches every watcher in a quiet world.
const REACHES_ALL: u64 = 1_500;

impl World {
    fn stored_restrictions(&self) -> Vec<Option<StoredRestrictions>> {
        let users = (0..NAMES.len()).map(user_of).collect();
        block_on(self.node().facts().restrictions(users)).unwrap_or_else(|_| vec![None; NAMES.len()])
    }

    /// Whether a user has no restrictions in the facts.
    pub fn is_open(&self, who: Who) -> bool {
        !self.plan.restricts
            || self.stored_restrictions()[who]
                .as_ref()
                .is_none_or(|it| it.visibility == Visibility::Everyone && it.blocked.is_empty())
    }

    /// Records which statuses a viewer may be shown at the time at which the viewer sends a request.
    pub fn note_asked(&self, number: u64, viewer: Who, request: &Request) {
        if !self.plan.restricts {
            return;
        }
        let stored = self.stored_restrictions();
        let owners = self.around.sight.owners.borrow();
        let users = stored.iter().zip(&*owners).enumerate().map(|(of, (stored, owner))| AskedOf {
            moves: owner.moves,
            is_certain: owner.under_way == 0 && owner.failed.is_none(),
            is_under_way: owner.under_way > 0,
            is_hidden: stored.as_ref().is_some_and(|it| !may_see(it, &id_of(viewer))),
            is_blocked: stored.as_ref().is_some_and(|it| it.blocked.contains(&id_of(viewer))),
            has_account: stored.is_some(),
            shown: self.node().peek(&user_of(of), |presence| {
                // The account may have been created again, which the record does not show yet.
                presence.filter(|it| !it.is_deleted()).map(|it| shown_to(it, of, viewer))
            }),
        });
        let to = if let Request::Message(to) = request { Some(*to) } else { None };
        self.around.sight.asked.borrow_mut().insert(number, Asked { viewer, users: users.collect(), to });
    }

    /// Checks in a quiet world that each live record has the restrictions of the facts.
    pub fn judge_restrictions(&self) {
        if !self.plan.restricts {
            return;
        }
        let stored = self.stored_restrictions();
        for who in self.everybody() {
            let Some(stored) = &stored[who] else { continue };
            let live = self.node().peek(&user_of(who), |presence| {
                presence.filter(|it| !it.is_deleted()).map(|it| it.restrictions().cloned())
            });
            let Some(live) = live else { continue };
            let is_open = stored.visibility == Visibility::Everyone && stored.blocked.is_empty();
            let agrees = match &live {
                None => is_open,
                Some(live) => {
                    (live.visibility(), live.blocked()) == (stored.visibility, &stored.blocked[..])
                        && (0..NAMES.len())
                            .map(id_of)
                            .filter(|viewer| *viewer != id_of(who))
                            .all(|viewer| live.may_see(&viewer) == may_see(stored, &viewer))
                }
            };
            if !is_open {
                self.judge.count("restricted in a quiet world");
            }
            if !agrees {
                let what = format!("{}: facts {stored:?}, record {live:?}", NAMES[who]);
                self.judge.found(Name::RestrictionsDiffer, what);
            }
        }
        if !self.judge.is_broken() {
            self.around.sight.owners.borrow_mut().iter_mut().for_each(|owner| owner.failed = None);
        }
    }

    /// In a quiet world, makes a user hide from everybody or from one user, and become visible again. Checks the events
    /// of all watchers.
    pub fn probe_restrictions(&mut self, phase: usize, expected: &BTreeMap<Who, BTreeSet<Who>>) {
        if !self.plan.restricts || self.judge.is_broken() {
            return;
        }
        let who = phase % self.plan.users;
        let Some(stored) = self.stored_restrictions()[who].clone() else { return };
        let other = (who + 1 + phase / self.plan.users % (self.plan.users - 1)) % self.plan.users;
        let blocks = phase.is_multiple_of(2) && !stored.blocked.contains(&id_of(other));
        let (hide, reveal) = match blocks {
            true => (Request::Block(vec![other]), Request::Unblock(vec![other])),
            false => (Request::Visible(Visibility::Nobody), Request::Visible(stored.visibility)),
        };
        for request in [hide, reveal] {
            self.restrict_in_quiet(who, &request, expected);
        }
    }

    fn restrict_in_quiet(&mut self, who: Who, request: &Request, expected: &BTreeMap<Who, BTreeSet<Who>>) {
        // What a viewer is shown of a hidden user may lapse.
        self.wait_for_deadlines();
        let before = self.shown_to_all(who);
        self.around.sight.events.replace(Some(Vec::new()));
        let (shared, user) = (&self.node().shared, user_of(who));
        let done = block_on(self.around.sight.change(&shared.service, &user, request, By::App, shared.now()));
        self.judge.note(|| format!("{}: {request:?}: {done:?}", NAMES[who]));
        if let Err(error) = done {
            // The other users may have deleted their accounts.
            self.judge.note(|| format!("{request:?}: {error}"));
        }
        self.pass(REACHES_ALL);
        let after = self.shown_to_all(who);
        let events = self.around.sight.events.take().unwrap_or_default();
        let clients = self.people.clients.borrow();
        for worker in self.nodes.iter().flat_map(|node| &node.workers) {
            for (_, number, user, _) in worker.logged_in() {
                let viewer = who_is(&user.id);
                let Some(client) =
                    clients.get(&number).filter(|_| expected[&viewer].contains(&who) || viewer == who)
                else {
                    continue;
                };
                let told: Vec<&UserStatus> = events
                    .iter()
                    .filter(|(to, it)| *to == number && who_is(&it.user_id) == who)
                    .map(|(_, it)| it)
                    .collect();
                let (Some((could, was)), Some((can, is))) = (&before[viewer], &after[viewer]) else {
                    continue;
                };
                let looks_same = same(was, is) && was.since == is.since;
                let is_right = match told[..] {
                    [] => was.version == is.version || looks_same,
                    [it] => could != can && it.version == is.version && it.version != was.version,
                    _ => false,
                };
                self.judge.count(if told.is_empty() { "hid: not told" } else { "hid: told once" });
                if !is_right {
                    let what = format!(
                        "{}: {request:?} of {}: {} then {}, told {:?}",
                        label(number, client),
                        NAMES[who],
                        shown(was),
                        shown(is),
                        told.iter().map(|it| shown(it)).collect::<Vec<_>>()
                    );
                    self.judge.found(Name::ToldTwice, what);
                }
            }
        }
    }

    /// For each viewer: whether the viewer may see the status of `who`, and the status that the viewer is shown. `None`
    /// if `who` has no record.
    fn shown_to_all(&self, who: Who) -> Vec<Option<(bool, UserStatus)>> {
        let shown = |viewer: Who| {
            self.node().peek(&user_of(who), |presence| {
                let presence = presence?;
                let can =
                    presence.restrictions().is_none_or(|it| viewer == who || it.may_see(&id_of(viewer)));
                Some((can, shown_to(presence, who, viewer)))
            })
        };
        (0..NAMES.len()).map(shown).collect()
    }
}
