//! The apps of a node, in memory: read by every call, and seldom changed by an operator.

use crate::ServiceError;
use lamplight_auth::JwtKeySet;
use lamplight_model::{App, AppId, Code, User};
use parking_lot::RwLock;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{Mutex, MutexGuard};

/// Every app, by its id.
#[derive(Default)]
pub struct AppTable {
    apps: RwLock<HashMap<AppId, Entry>>,
    changes: Mutex<()>,
}

/// An app, with values computed once from its settings.
struct Entry {
    app: Arc<App>,
    jwt_keys: Arc<JwtKeySet>,
}

impl AppTable {
    /// The app of this id.
    pub fn get(&self, id: AppId) -> Option<Arc<App>> {
        self.apps.read().get(&id).map(|it| Arc::clone(&it.app))
    }

    /// The app of a user. Refused with 70020 if there is no such app.
    pub(crate) fn of(&self, user: &User) -> Result<Arc<App>, ServiceError> {
        self.get(user.app).ok_or_else(|| Code::NO_SUCH_APP.into())
    }

    /// Locks the table for a change. The lock is held while an app changes first in the facts and then in the table, so
    /// that the table ends with the last commit.
    pub(crate) async fn lock_changes(&self) -> MutexGuard<'_, ()> {
        self.changes.lock().await
    }

    /// The JWT keys in the settings of an app.
    pub(crate) fn jwt_keys(&self, id: AppId) -> Option<Arc<JwtKeySet>> {
        let apps = self.apps.read();
        apps.get(&id).map(|it| Arc::clone(&it.jwt_keys))
    }

    /// Every app, by rising id.
    pub fn all(&self) -> Vec<Arc<App>> {
        let mut apps: Vec<Arc<App>> = self.apps.read().values().map(|it| Arc::clone(&it.app)).collect();
        apps.sort_by_key(|app| app.id);
        apps
    }

    pub(crate) fn remove(&self, id: AppId) -> Option<Arc<App>> {
        self.apps.write().remove(&id).map(|it| it.app)
    }

    pub(crate) fn put(&self, app: App) {
        // The keys were checked before the settings were stored.
        let jwt_keys = JwtKeySet::of_settings(&app.settings.jwt).unwrap_or_else(|error| {
            tracing::error!(app = app.id.0, %error, "the JWT keys of an app cannot be used");
            JwtKeySet::default()
        });
        let entry = Entry { app: Arc::new(app), jwt_keys: Arc::new(jwt_keys) };
        self.apps.write().insert(entry.app.id, entry);
    }
}
