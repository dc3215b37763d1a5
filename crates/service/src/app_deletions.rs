//! The deletion of an app with all its data. For callers, the app is gone at once. Its data is deleted in steps
//! afterwards.
//!
//! ```text
//! delete ─────▶ the app is gone, with its keys        proceed ─▶ live records, 64 a step: connected clients are sent
//!               (one commit, then the table)                     "account deleted", and the records are removed
//!                                                             ─▶ rows of the facts, 1,000 a step, one commit each
//! ```
//! The facts store which deletions are not complete. After a crash, [`Service::recover`](crate::Service::recover)
//! removes the live records of apps that no longer exist, and the deletion of the rows continues.

use crate::outbox::Outbox;
use crate::{AppTable, ServiceError};
use lamplight_core::Presence;
use lamplight_directory::{Directory, RecordCursor, RecordFilter};
use lamplight_facts::{AppDeletion, Facts};
use lamplight_model::{App, AppId, Code, Now, Refusal, Revoked, Timestamp, User};
use parking_lot::{Mutex, MutexGuard};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use tokio::sync::Notify;

/// The number of live records that one step removes.
const RECORDS_IN_STEP: usize = 64;
/// The number of rows in the facts that one step deletes.
const ROWS_IN_STEP: usize = 1_000;

/// The deletions of apps that are in progress.
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
    /// Whether a failed call to the store may have begun a deletion that is missing in `apps`.
    is_in_doubt: bool,
}

/// A deletion in progress.
#[derive(Clone)]
struct Deletion {
    /// The app before its deletion, which is needed to close its connections. `None` if this node did not have the app;
    /// then no client of the app is connected here.
    app: Option<Arc<App>>,
    stage: Stage,
    /// Whether another pass over the live records is needed, because a record could not be removed.
    once_more: bool,
}

/// The progress of an app's deletion.
#[derive(Clone)]
enum Stage {
    /// The live records of the app are being removed.
    Records {
        /// The position of the next page; `None` for the first page.
        next: Option<RecordCursor>,
        /// Whether this pass has found a record. If so, another pass follows, because a record may have been created in
        /// a page that this pass had already read.
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
    /// Ends a step, and begins the stage `next`; `None` completes the deletion. If `once_more` is set, another pass
    /// over the records comes first.
    fn advance(&mut self, id: AppId, next: Option<Stage>) {
        let Some(deletion) = self.apps.get_mut(&id) else { return };
        let next = if std::mem::take(&mut deletion.once_more) { Some(Stage::FIRST) } else { next };
        match next {
            Some(stage) => deletion.stage = stage,
            None => drop(self.apps.remove(&id)),
        }
    }

    /// Requests another pass over the records of a deleted app, because a record could not be removed.
    fn begin_again(&mut self, app: &App) {
        match self.apps.entry(app.id) {
            Entry::Occupied(mut deletion) => deletion.get_mut().once_more = true,
            Entry::Vacant(place) => drop(place.insert(Deletion::new(Some(Arc::new(app.clone()))))),
        }
    }
}

impl AppDeletions {
    /// Creates the list of deletions for these stores. The list is empty.
    pub(crate) fn new(
        facts: Arc<dyn Facts>,
        directory: Arc<dyn Directory>,
        apps: Arc<AppTable>,
        outbox: Arc<Outbox>,
    ) -> Self {
        Self { facts, directory, apps, outbox, state: Mutex::default(), begun: Notify::default() }
    }

    /// Locks the state. A panic in another thread leaves the map consistent.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Adds the deletions that are in progress according to the facts.
    pub(crate) fn adopt(&self, apps: Vec<AppId>) {
        let mut state = self.lock();
        for app in apps {
            state.apps.entry(app).or_insert_with(|| Deletion::new(None));
        }
    }

    /// Ends the deletion of an app that was created again. Another node has then completed the deletion.
    pub(crate) fn end_of_made_again(&self, id: AppId) {
        self.lock().apps.remove(&id);
    }

    /// Removes `app`, which another node has deleted, from the table. Begins the deletion of its live records.
    pub(crate) fn adopt_live(&self, app: &Arc<App>) {
        self.apps.remove(app.id);
        self.lock().apps.entry(app.id).or_insert_with(|| Deletion::new(Some(Arc::clone(app))));
        self.begun.notify_one();
    }

    /// Deletes an app. From now on, no login, key or call of the app is accepted. [`Self::proceed`] then deletes the
    /// stored data.
    ///
    /// An app that is the only one is not deleted, because the next start would create another app.
    pub async fn delete(&self, id: AppId) -> Result<AppDeletion, ServiceError> {
        let _changing = self.apps.lock_changes().await;
        let begun = self.facts.begin_app_deletion(id).await;
        let begun = begun.inspect_err(|_| {
            // The store may have begun the deletion although the call failed.
            self.lock().is_in_doubt = true;
            self.begun.notify_one();
        })?;
        if begun == AppDeletion::Begun {
            let app = self.apps.remove(id);
            // The outbox removes the app's lanes now, because another app may later get the same SDKAppID.
            self.outbox.ring_for(id);
            self.lock().apps.insert(id, Deletion::new(app));
            self.begun.notify_one();
            tracing::info!(app = id.0, "the deletion of an app has begun");
        }
        Ok(begun)
    }

    /// The apps that are being deleted, in ascending order of their ids.
    pub fn under_way(&self) -> Vec<AppId> {
        self.lock().apps.keys().copied().collect()
    }

    /// Waits until a deletion is in progress. Only one task may wait.
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

    /// Makes one bounded step of a deletion. Returns whether more steps are needed. A step that has failed may be
    /// repeated.
    pub async fn proceed(&self, now: Now) -> Result<bool, ServiceError> {
        if self.lock().is_in_doubt {
            self.settle_doubt().await?;
        }
        let first = self.lock().apps.first_key_value().map(|(id, deletion)| (*id, deletion.clone()));
        let Some((id, Deletion { app, stage, once_more: _ })) = first else { return Ok(false) };
        let next = match stage {
            Stage::Records { next, found } => {
                self.end_records(id, app.as_deref(), next.as_ref(), found, now).await?
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

    /// Reads from the facts which deletions are in progress, because a failed call may have begun one.
    async fn settle_doubt(&self) -> Result<(), ServiceError> {
        let _changing = self.apps.lock_changes().await;
        for id in self.facts.deleted_apps().await? {
            let app = self.apps.remove(id);
            self.lock().apps.entry(id).or_insert_with(|| Deletion::new(app));
        }
        self.lock().is_in_doubt = false;
        Ok(())
    }

    /// Removes one page of live records of a deleted app, and returns the next stage. Returns `None` if another node
    /// has completed the deletion and the app was created again meanwhile. The records are then those of the new app.
    async fn end_records(
        &self,
        id: AppId,
        app: Option<&App>,
        next: Option<&RecordCursor>,
        found: bool,
        now: Now,
    ) -> Result<Option<Stage>, ServiceError> {
        let page = self.directory.records_of(id, RecordFilter::All, next, RECORDS_IN_STEP).await?;
        // The facts are read after the page. So if they do not have the app, the page has no record of a later app.
        if !page.users.is_empty() && self.facts.apps().await?.iter().any(|app| app.id == id) {
            self.end_of_made_again(id);
            return Ok(None);
        }
        let found = found || !page.users.is_empty();
        for user in &page.users {
            self.end_record(user, app, now).await?;
        }
        Ok(Some(match page.next {
            Some(next) => Stage::Records { next: Some(next), found },
            None if found => Stage::FIRST,
            None => Stage::Rows,
        }))
    }

    /// Ends the logins of a deleted app's user, which closes the connections. Removes the record.
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

    /// Removes the record of a user whose app is not in the table.
    pub(crate) async fn end_record_without_app(&self, user: &User, now: Now) -> Result<(), ServiceError> {
        let app = self.lock().apps.get(&user.app).and_then(|deletion| deletion.app.clone());
        self.end_record(user, app.as_deref(), now).await
    }

    /// Stores a new record in the directory. The record was made of facts that were read in the epoch `read_in`.
    ///
    /// If the app was deleted meanwhile, removes the record and refuses the call, because the deletion may not find the
    /// record any more.
    pub(crate) async fn put_record(
        &self,
        user: &User,
        presence: Presence,
        read_in: Timestamp,
        app: &App,
        now: Now,
    ) -> Result<(), ServiceError> {
        self.directory.seed_read_in(user, presence, read_in, now).await?;
        self.check_still_there(user, app, now).await
    }

    /// If the app was deleted meanwhile, removes the user's new record and refuses the login. `app` is the app as it
    /// was before its deletion.
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

    /// Returns a refusal if the app is being deleted.
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

    /// The record cannot be removed. It is in a page that the current step has already read.
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
