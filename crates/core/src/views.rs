//! The newest state of a watched user, in the forms that are shown to different watchers.

use crate::versioned::Versioned;
use crate::visibility::{Restrictions, ShownStatus};
use crate::watch_graph::Restricted;
use lamplight_model::{UserId, UserStatus, Version};
use std::sync::Arc;

/// The newest state of a watched user, for watchers who may see it and for watchers who may not. Each state that is
/// shown to the latter is made once, when it is first needed. A user without restrictions needs one word more than the
/// state.
pub(crate) struct Views<S> {
    state: S,
    hidden: Option<Box<HiddenViews<S>>>,
}

/// The states shown to watchers who may not see the state of the user.
struct HiddenViews<S> {
    user: UserId,
    restrictions: Arc<Restrictions>,
    /// The states that were made already.
    made: Vec<(ShownStatus, S)>,
}

/// Whether `one` shows a status that `other` does not show.
fn any_shown_is_only_in(one: Option<&Arc<Restrictions>>, other: Option<&Arc<Restrictions>>) -> bool {
    let is_in_other = |shown| other.is_some_and(|other| other.all_shown().any(|it| it == shown));
    one.is_some_and(|one| one.all_shown().any(|shown| !is_in_other(shown)))
}

impl<S: Versioned> Views<S> {
    pub fn new(status: &UserStatus, restrictions: Option<&Arc<Restrictions>>) -> Self {
        let hidden = restrictions.map(|restrictions| {
            let (user, restrictions) = (status.user_id.clone(), Arc::clone(restrictions));
            Box::new(HiddenViews { user, restrictions, made: Vec::new() })
        });
        Self { state: S::of(status), hidden }
    }

    /// The state for watchers who may see it.
    pub fn state(&self) -> &S {
        &self.state
    }

    pub fn restrictions(&self) -> Option<&Arc<Restrictions>> {
        self.hidden.as_deref().map(|hidden| &hidden.restrictions)
    }

    /// Whether this state has the restrictions `newer`.
    pub fn has_restrictions_of(&self, newer: Option<&Arc<Restrictions>>) -> bool {
        match (self.restrictions(), newer) {
            (None, None) => true,
            (Some(one), Some(other)) => Arc::ptr_eq(one, other) || one == other,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    /// Whether a status with this version and these restrictions is newer than the stored one. If the versions are
    /// equal, the status with the restrictions of the later snapshot is newer. If the snapshots are equal too, the
    /// status with fewer deadlines of shown statuses is newer.
    pub fn is_older_than(&self, version: Version, restrictions: Option<&Arc<Restrictions>>) -> bool {
        let age = |restrictions: Option<&Arc<Restrictions>>| {
            restrictions.map(|it| (it.version(), std::cmp::Reverse(it.deadlines_left())))
        };
        let own = self.state.version();
        own < version || own == version && age(self.restrictions()) < age(restrictions)
    }

    /// Whether some viewers who may not see the user's state are shown another status by `newer`: what happens to a user
    /// who is away, or the user's state.
    pub fn shows_another_in(&self, newer: Option<&Arc<Restrictions>>) -> bool {
        any_shown_is_only_in(self.restrictions(), newer)
    }

    /// Whether `newer` shows a status that is not shown now, for example because the status is hidden from more viewers.
    pub fn shows_more_in(&self, newer: Option<&Arc<Restrictions>>) -> bool {
        any_shown_is_only_in(newer, self.restrictions())
    }

    /// The status that is shown to a viewer who may not see the user's state.
    pub fn shown_to(&self, viewer: &UserId) -> Option<ShownStatus> {
        self.restrictions()?.shown_to(viewer)
    }

    /// The state that is shown to a viewer who may not see the user's state, if it was created from the facts after a loss
    /// of the record and has not changed since; otherwise `None`.
    pub fn rebuilt_for(&self, viewer: &UserId) -> Option<S> {
        let shown = self.shown_to(viewer).filter(|shown| shown.is_as_rebuilt())?;
        Some(S::of(&shown.of(&self.hidden.as_deref()?.user)))
    }

    /// The version of the state that is shown to a viewer. `hidden_from` is the viewer if the viewer may not see the
    /// user's state; otherwise `None`.
    pub fn version_for(&self, hidden_from: Option<&UserId>) -> Version {
        let shown = hidden_from.and_then(|viewer| self.shown_to(viewer));
        shown.map_or_else(|| self.state.version(), |shown| shown.version)
    }

    /// The state that is shown to a viewer. `hidden_from` is the viewer if the viewer may not see the user's state;
    /// otherwise `None`.
    pub fn view_for(&mut self, hidden_from: Option<&UserId>) -> &mut S {
        let (Some(viewer), Some(hidden)) = (hidden_from, self.hidden.as_deref_mut()) else {
            return &mut self.state;
        };
        let Some(shown) = hidden.restrictions.shown_to(viewer) else { return &mut self.state };
        let HiddenViews { user, made, .. } = hidden;
        let index = made.iter().position(|(it, _)| *it == shown).unwrap_or_else(|| {
            made.push((shown, S::of(&shown.of(user))));
            made.len() - 1
        });
        &mut made[index].1
    }
}

impl<S: Versioned> Restricted for Views<S> {
    fn is_restricted(&self) -> bool {
        self.hidden.is_some()
    }

    fn is_hidden_from(&self, viewer: &UserId) -> bool {
        let hidden = self.hidden.as_deref();
        hidden.is_some_and(|hidden| hidden.user != *viewer && !hidden.restrictions.may_see(viewer))
    }
}
