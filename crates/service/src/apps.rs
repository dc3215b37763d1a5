//! The apps of a node, kept in memory because every call reads them. Only operators change them.

use crate::ServiceError;
use lamplight_auth::JwtKeySet;
use lamplight_model::{App, AppId, Code, User};
use parking_lot::RwLock;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::{Mutex, MutexGuard};

/// All apps, by id.
#[derive(Default)]
pub struct AppTable {
    apps: RwLock<HashMap<AppId, Entry>>,
    changes: Mutex<()>,
}

/// An app with its parsed JWT keys.
struct Entry {
    app: Arc<App>,
    jwt_keys: Arc<JwtKeySet>,
}

impl AppTable {
    /// The app with this id; `None` if there is none.
    pub fn get(&self, id: AppId) -> Option<Arc<App>> {
        self.apps.read().get(&id).map(|it| Arc::clone(&it.app))
    }

    /// The app of a user. Refuses with 70020 if there is no such app.
    pub(crate) fn of(&self, user: &User) -> Result<Arc<App>, ServiceError> {
        self.get(user.app).ok_or_else(|| Code::NO_SUCH_APP.into())
    }

    /// Locks the table for a change. Under this lock, the caller changes an app first in the facts and then in the
    /// table. Both therefore have the changes in the same order.
    pub(crate) async fn lock_changes(&self) -> MutexGuard<'_, ()> {
        self.changes.lock().await
    }

    /// The JWT keys in the settings of an app; `None` if there is no such app.
    pub(crate) fn jwt_keys(&self, id: AppId) -> Option<Arc<JwtKeySet>> {
        let apps = self.apps.read();
        apps.get(&id).map(|it| Arc::clone(&it.jwt_keys))
    }

    /// All apps, in ascending order of their ids.
    pub fn all(&self) -> Vec<Arc<App>> {
        let mut apps: Vec<Arc<App>> = self.apps.read().values().map(|it| Arc::clone(&it.app)).collect();
        apps.sort_by_key(|app| app.id);
        apps
    }

    pub(crate) fn remove(&self, id: AppId) -> Option<Arc<App>> {
        self.apps.write().remove(&id).map(|it| it.app)
    }

    pub(crate) fn put(&self, app: App) {
        // The keys were checked when the settings were stored, so this error is unexpected.
        let jwt_keys = JwtKeySet::of_settings(&app.settings.jwt).unwrap_or_else(|error| {
            tracing::error!(app = app.id.0, %error, "the JWT keys of an app cannot be used");
            JwtKeySet::default()
        });
        let entry = Entry { app: Arc::new(app), jwt_keys: Arc::new(jwt_keys) };
        self.apps.write().insert(entry.app.id, entry);
    }
}
