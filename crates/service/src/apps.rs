//! The apps of a node, in memory: read by every call, changed by an operator now and then.

use lamplight_model::{App, AppId};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Every app, by its id.
#[derive(Default)]
pub struct AppTable {
    apps: RwLock<HashMap<AppId, Arc<App>>>,
}

impl AppTable {
    /// The app of this id.
    pub fn get(&self, id: AppId) -> Option<Arc<App>> {
        self.apps.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// Every app, by rising id.
    pub fn all(&self) -> Vec<Arc<App>> {
        let mut apps: Vec<Arc<App>> =
            self.apps.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        apps.sort_by_key(|app| app.id);
        apps
    }

    pub(crate) fn remove(&self, id: AppId) -> Option<Arc<App>> {
        self.apps.write().unwrap_or_else(PoisonError::into_inner).remove(&id)
    }

    pub(crate) fn put(&self, app: App) {
        self.apps.write().unwrap_or_else(PoisonError::into_inner).insert(app.id, Arc::new(app));
    }
}
