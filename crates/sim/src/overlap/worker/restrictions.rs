//! The restrictions of statuses that a worker has received. The notifications of its clients are checked against them.

use super::Worker;
use crate::overlap::executor::block_on;
use crate::overlap::judge::Name;
use crate::overlap::people::{Body, NAMES, shown, user_of, who_is};
use crate::overlap::sight::shown_to;
use lamplight_core::{Presence, Restrictions, WatcherKey};
use lamplight_directory::{Directory, LogEntry};
use lamplight_model::{Code, User, UserId, UserStatus, Version};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

/// For each user: the version and the restrictions of the newest status that the audience was given.
pub(super) type Heard = RefCell<BTreeMap<UserId, (Version, Option<Arc<Restrictions>>)>>;

impl Worker {
    pub(super) fn note_restrictions(&self, entry: &LogEntry) {
        if let Some((status, restrictions)) = entry.news.status() {
            self.note_restrictions_of(&entry.user, status.version, restrictions);
        }
    }

    pub(super) fn note_restrictions_of(
        &self,
        user: &User,
        version: Version,
        restrictions: Option<&Arc<Restrictions>>,
    ) {
        let mut heard = self.restrictions.borrow_mut();
        // The deadline of a shown status gives it a new version, but not the status of the user.
        let newest_shown = |it: &Restrictions| {
            let shown = NAMES.iter().filter_map(|name| it.shown_to(&UserId::new(name).ok()?));
            shown.map(|shown| shown.version).max()
        };
        let is_newer = match (heard.get(&user.id), restrictions) {
            (None, _) => true,
            (Some((was, Some(known))), Some(newer)) => {
                (known.version(), *was, newest_shown(known))
                    <= (newer.version(), version, newest_shown(newer))
            }
            (Some((was, _)), _) => *was < version,
        };
        if is_newer {
            heard.insert(user.id.clone(), (version, restrictions.cloned()));
        }
    }

    /// Checks the notifications for a client. After the worker has received restrictions, a viewer who may not see a
    /// status must not be shown it.
    pub(super) fn judge_told(&self, watcher: WatcherKey, client: u64, told: &[UserStatus]) {
        let viewer = self.audience.borrow().member(watcher).map(|member| member.user.id.clone());
        told.iter().for_each(|status| self.shared.sight.hear_told(client, status));
        let Some(viewer) = viewer else { return };
        let heard = self.restrictions.borrow();
        for status in told.iter().filter(|status| status.user_id != viewer) {
            let Some((_, Some(restrictions))) = heard.get(&status.user_id) else { continue };
            let Some(hidden) = restrictions.shown_to(&viewer) else { continue };
            self.shared.judge.count("told of a hidden user");
            if !self.shared.sight.is_hidden_status(status, hidden.version) {
                let what = format!("{viewer} is told {} of {}: {hidden:?}", shown(status), status.user_id);
                self.shared.judge.found(Name::HiddenShown, what);
            }
        }
    }

    /// Checks the statuses in an answer against those that the client may be shown.
    pub(super) fn judge_hidden(&self, client: u64, number: u64, answer: &Result<Body, Code>) {
        let live = self.shared.live.now();
        self.shared.sight.judge_answer(client, number, answer, |of, viewer| {
            let mut seen = None;
            let mut look = |_: usize, record: Option<(&Presence, u64)>| {
                seen = record.map(|(presence, _)| shown_to(presence, of, viewer));
            };
            block_on(live.read_with(&[user_of(of)], &mut look)).ok()?;
            debug_assert!(seen.as_ref().is_none_or(|it| who_is(&it.user_id) == of), "{}", NAMES[of]);
            seen
        });
    }
}
