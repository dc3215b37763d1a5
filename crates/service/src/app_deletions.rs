//! The deletion of an app with all its data: at once for every caller, and then piece by piece in the stores.
//!
//! ```text
//! delete ─────▶ the app is gone, with its keys        proceed ─▶ live records, 64 a step: connected clients are sent
//!               (one commit, then the table)                     "account deleted", and the records are removed
//!                                                             ─▶ rows of the facts, 1,000 a step, one commit each
//! ```
//! The facts remember which deletions have not ended. After a crash, [`Service::recover`](crate::Service::recover)
//! drops the live records of apps that no longer exist, and the deletion of the rows continues.

use crate::outbox::Outbox;
use crate::{AppTable, ServiceError};
use lamplight_core::Presence;
use lamplight_directory::{Directory, RecordCursor, RecordFilter};
use lamplight_facts::{AppDeletion, Facts};
use lamplight_model::{App, AppId, Code, Now, Refusal, Revoked, User};
use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use tokio::sync::Notify;

/// The live records that one step ends and removes.
const RECORDS_IN_STEP: usize = 64;
/// The rows of the facts that one step deletes.
const ROWS_IN_STEP: usize = 1_000;

/// The deletions of apps that have begun and not ended.
pub struct AppDeletions {
    facts: Arc<dyn Facts>,
    directory: Arc<dyn Directory>,
    apps: Arc<AppTable>,
    outbox: Arc<Outbox>,
    state: Mutex<State>,
    begun: Notify,
}

#[derive(Default)]
struct State {
    apps: BTreeMap<AppId, Deletion>,
    /// Set when the store may have begun a deletion that is not in the list.
    is_in_doubt: bool,
}

/// A deletion under way.
#[derive(Clone)]
struct Deletion {
    /// The app as it was before its deletion. `None` after a restart, when no client is connected and nothing needs the
    /// app.
    app: Option<Arc<App>>,
    stage: Stage,
    /// Whether the live records need another pass, because one could not be removed. A step under way cannot know that.
    once_more: bool,
}

/// The progress of the deletion of an app.
#[derive(Clone)]
enum Stage {
    /// The live records of the app are being removed.
    Records {
        /// The position of the next page.
        next: Option<RecordCursor>,
        /// Whether this pass found a record. If so, another pass is needed, because a record may have been created
        /// behind this one.
        found: bool,
    },
    /// The rows of the app in the facts are being deleted.
    Rows,
}

impl Stage {
    const FIRST: Self = Self::Records { next: None, found: false };
}

impl Deletion {
    fn new(app: Option<Arc<App>>) -> Self {
        Self { app, stage: Stage::FIRST, once_more: false }
    }
}

impl State {
    /// Records the end of a step of a deletion. The deletion goes on at `next`, or is over if `next` is `None`, unless
    /// its records need another pass.
    fn advance(&mut self, id: AppId, next: Option<Stage>) {
        let Some(deletion) = self.apps.get_mut(&id) else { return };
        let next = if std::mem::take(&mut deletion.once_more) { Some(Stage::FIRST) } else { next };
        match next {
            Some(stage) => deletion.stage = stage,
            None => drop(self.apps.remove(&id)),
        }
    }

    /// Starts another pass over the records of a deleted app, because one could not be removed.
    fn begin_again(&mut self, app: &App) {
        match self.apps.entry(app.id) {
            Entry::Occupied(mut deletion) => deletion.get_mut().once_more = true,
            Entry::Vacant(place) => drop(place.insert(Deletion::new(Some(Arc::new(app.clone()))))),
        }
    }
}

impl AppDeletions {
    /// Creates an empty list of deletions. The table, the records and the rows of a deleted app are removed from these
    /// stores.
    pub(crate) fn new(
        facts: Arc<dyn Facts>,
        directory: Arc<dyn Directory>,
        apps: Arc<AppTable>,
        outbox: Arc<Outbox>,
    ) -> Self {
        Self { facts, directory, apps, outbox, state: Mutex::default(), begun: Notify::default() }
    }

    /// Each critical section leaves the map consistent, so the lock is used even if a thread has panicked while holding
    /// it.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Adds the deletions that have begun according to the facts.
    pub(crate) fn adopt(&self, apps: Vec<AppId>) {
        let mut state = self.lock();
        for app in apps {
            state.apps.entry(app).or_insert_with(|| Deletion::new(None));
        }
    }

    /// Deletes an app with all its data. When this returns, no login, key or call of the app is accepted; the stored
    /// data is deleted by [`Self::proceed`]. The last app is not deleted: the next start would create another one.
    pub async fn delete(&self, id: AppId) -> Result<AppDeletion, ServiceError> {
        let _changing = self.apps.lock_changes().await;
        let begun = self.facts.begin_app_deletion(id).await;
        let begun = begun.inspect_err(|_| {
            // The store may have begun the deletion.
            self.lock().is_in_doubt = true;
            self.begun.notify_one();
        })?;
        if begun == AppDeletion::Begun {
            let app = self.apps.remove(id);
            // The outbox drops its state of the receivers together with the app, because another app may get this
            // SDKAppID.
            self.outbox.ring_for(id);
            self.lock().apps.insert(id, Deletion::new(app));
            self.begun.notify_one();
            tracing::info!(app = id.0, "the deletion of an app has begun");
        }
        Ok(begun)
    }

    /// The apps that are being deleted, by rising id.
    pub fn under_way(&self) -> Vec<AppId> {
        self.lock().apps.keys().copied().collect()
    }

    /// Waits until there is a deletion to continue. Only one task may wait.
    pub async fn wait(&self) {
        loop {
            let begun = self.begun.notified();
            {
                let state = self.lock();
                if state.is_in_doubt || !state.apps.is_empty() {
                    return;
                }
            }
            begun.await;
        }
    }

    /// Performs one bounded step of the deletions that have begun. Returns whether more steps are needed. A step that
    /// failed may be repeated.
    pub async fn proceed(&self, now: Now) -> Result<bool, ServiceError> {
        if self.lock().is_in_doubt {
            self.settle_doubt().await?;
        }
        let first = self.lock().apps.first_key_value().map(|(id, deletion)| (*id, deletion.clone()));
        let Some((id, Deletion { app, stage, once_more: _ })) = first else { return Ok(false) };
        let next = match stage {
            Stage::Records { next, found } => {
                Some(self.end_records(id, app.as_deref(), next.as_ref(), found, now).await?)
            }
            Stage::Rows if self.facts.delete_app_rows(id, ROWS_IN_STEP).await? < ROWS_IN_STEP => None,
            Stage::Rows => Some(Stage::Rows),
        };
        let mut state = self.lock();
        state.advance(id, next);
        if !state.apps.contains_key(&id) {
            tracing::info!(app = id.0, "an app was deleted with all its data");
        }
        Ok(!state.apps.is_empty())
    }

    /// Asks the facts which deletions have begun.
    async fn settle_doubt(&self) -> Result<(), ServiceError> {
        let _changing = self.apps.lock_changes().await;
        for id in self.facts.deleted_apps().await? {
            let app = self.apps.remove(id);
            self.lock().apps.entry(id).or_insert_with(|| Deletion::new(app));
        }
        self.lock().is_in_doubt = false;
        Ok(())
    }

    /// Ends and removes some live records of a deleted app.
    async fn end_records(
        &self,
        id: AppId,
        app: Option<&App>,
        next: Option<&RecordCursor>,
        found: bool,
        now: Now,
    ) -> Result<Stage, ServiceError> {
        let page = self.directory.records_of(id, RecordFilter::All, next, RECORDS_IN_STEP).await?;
        let found = found || !page.users.is_empty();
        for user in &page.users {
            self.end_record(user, app, now).await?;
        }
        Ok(match page.next {
            Some(next) => Stage::Records { next: Some(next), found },
            None if found => Stage::FIRST,
            None => Stage::Rows,
        })
    }

    /// Ends the logins of a record of a deleted app, so that every connection of the user is closed, and removes the
    /// record.
    async fn end_record(&self, user: &User, app: Option<&App>, now: Now) -> Result<(), ServiceError> {
        if let Some(app) = app {
            let revoked = Revoked::new(now.wall, []);
            let ended = self
                .directory
                .update(user, now, |presence| presence.delete(u64::MAX, &revoked, &app.settings, now));
            ended.await?;
        }
        Ok(self.directory.remove(user, now).await?)
    }

    /// Ends a record that belongs to no app in the table.
    pub(crate) async fn end_record_without_app(&self, user: &User, now: Now) -> Result<(), ServiceError> {
        let app = self.lock().apps.get(&user.app).and_then(|deletion| deletion.app.clone());
        self.end_record(user, app.as_deref(), now).await
    }

    /// Puts a record into the directory. Refused if the app was deleted meanwhile, because the pass over the records
    /// may miss this one. A pass that begins after the app has left the table sees every record that is accepted here.
    pub(crate) async fn put_record(
        &self,
        user: &User,
        presence: Presence,
        app: &App,
        now: Now,
    ) -> Result<(), ServiceError> {
        self.directory.seed(user, presence, now).await?;
        self.check_still_there(user, app, now).await
    }

    /// Refuses a login or a record whose app was deleted while it was created, and ends the record. `app` is the app as
    /// it was then.
    pub(crate) async fn check_still_there(
        &self,
        user: &User,
        app: &App,
        now: Now,
    ) -> Result<(), ServiceError> {
        if self.apps.get(user.app).is_some() {
            return Ok(());
        }
        let ended = self.end_record(user, Some(app), now).await;
        ended.inspect_err(|_| {
            self.lock().begin_again(app);
            self.begun.notify_one();
        })?;
        Err(Code::NO_SUCH_APP.into())
    }

    /// Refuses an app that is being deleted.
    pub(crate) fn check_not_being_deleted(&self, id: AppId) -> Result<(), Refusal> {
        match self.lock().apps.contains_key(&id) {
            true => Err(Refusal::because(
                Code::INVALID_PARAMETER,
                format!("app {id} is being deleted; it can be created again once all its data is deleted"),
            )),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_model::AppSettings;

    /// Creates a record behind the step under way that cannot be removed, and then ends the step.
    #[test]
    fn a_record_that_could_not_be_removed_is_gone_through_again_whatever_a_step_says() {
        let app = App { id: AppId(1), keys: vec![], admins: vec![], settings: AppSettings::default() };
        let id = app.id;
        for ends_at in [Some(Stage::Rows), None] {
            let mut state = State::default();
            state.apps.insert(id, Deletion { stage: Stage::Rows, ..Deletion::new(None) });
            state.begin_again(&app);
            state.advance(id, ends_at);
            assert!(matches!(state.apps[&id].stage, Stage::Records { next: None, found: false }));
            state.advance(id, Some(Stage::Rows));
            assert!(matches!(state.apps[&id].stage, Stage::Rows), "one more pass is enough");
            state.advance(id, None);
            assert!(state.apps.is_empty());
        }
        let mut state = State::default();
        state.begin_again(&app);
        assert!(
            matches!(state.apps[&id].stage, Stage::Records { next: None, found: false }),
            "also after the deletion has ended"
        );
        assert!(state.apps[&id].app.is_some(), "connected clients are notified");
    }
}
