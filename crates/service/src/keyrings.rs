//! The JWT keys that are read from addresses and files, and the calls that wait for them.
//!
//! This module does not read keys. The server takes the sources that are due from [`Keyrings::to_read`], reads them,
//! and passes the keys to [`Keyrings::put`]. `core/src/key_refresh.rs` decides when a source is due.

use lamplight_auth::JwtKeySet;
use lamplight_core::{Demand, KeyRefresh};
use lamplight_model::{App, AppId, KeySource, Moment};
use parking_lot::{Mutex, MutexGuard};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// The keys from all sources of all apps.
#[derive(Default)]
pub struct Keyrings {
    rings: Mutex<BTreeMap<KeysToRead, Ring>>,
    wanted: Notify,
    /// The number of times that the keys of any source were stored.
    puts: AtomicU64,
}

/// A source of keys, such as a JWKS address, in the settings of an app.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct KeysToRead {
    /// The app whose settings contain the source.
    pub app: AppId,
    /// The address or the file.
    pub source: KeySource,
}

/// The state of a source of keys, for an operator.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceState {
    /// The source of the keys.
    pub source: KeysToRead,
    /// The number of keys that are accepted now.
    pub keys: usize,
    /// The time for which the keys of the source will still be accepted.
    pub left: Duration,
    /// The error of the last attempt to read the source; `None` if the attempt succeeded, or if there was no attempt.
    pub error: Option<String>,
}

struct Ring {
    keys: Arc<JwtKeySet>,
    refresh: KeyRefresh,
    /// The error of the last attempt to read the source, if it failed.
    error: Option<String>,
    /// The number of attempts that have ended. Calls that wait for newer keys watch this number.
    attempts: watch::Sender<u64>,
}

impl Default for Ring {
    fn default() -> Self {
        Self {
            keys: Arc::default(),
            refresh: KeyRefresh::default(),
            error: None,
            attempts: watch::Sender::new(0),
        }
    }
}

/// The outcome of a request for newer keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NewerKeys {
    /// An attempt to read each source has ended.
    Read,
    /// A source was removed during the attempt, or the task that reads sources does not know the newest settings yet.
    Removed,
    /// The sources were read so recently that they may not be read again yet.
    NotNow,
}

/// The number that identifies the keys of a source.
pub(crate) fn of_source(source: &KeySource) -> u32 {
    JwtKeySet::mark_of(&match source {
        KeySource::Url(url) => format!("url {url}"),
        KeySource::File(name) => format!("file {name}"),
    })
}

impl Keyrings {
    /// The key sets of an app's sources, without the sets that are too old to be accepted at `now`.
    pub(crate) fn keys(&self, app: &App, now: Moment) -> Vec<Arc<JwtKeySet>> {
        let rings = self.rings();
        let sources = app.settings.jwt.sources().map(|source| KeysToRead { app: app.id, source });
        let rings = sources.filter_map(|key| rings.get(&key)).filter(|ring| ring.refresh.counts(now));
        rings.map(|ring| Arc::clone(&ring.keys)).collect()
    }

    /// Requests a new read of an app's sources, and waits for its end.
    pub(crate) async fn newer_keys(&self, app: &App, now: Moment) -> NewerKeys {
        let mut waits = Vec::new();
        {
            let mut rings = self.rings();
            for source in app.settings.jwt.sources() {
                let ring = rings.entry(KeysToRead { app: app.id, source }).or_default();
                if ring.refresh.demand(now) == Demand::Wait {
                    waits.push(ring.attempts.subscribe());
                }
            }
        }
        if waits.is_empty() {
            return NewerKeys::NotNow;
        }
        self.wake();
        let mut newer = NewerKeys::Read;
        for wait in &mut waits {
            if wait.changed().await.is_err() {
                newer = NewerKeys::Removed;
            }
        }
        newer
    }

    /// Returns at most `most` sources of these apps that are due. The caller must then call [`Keyrings::put`] or
    /// [`Keyrings::failed`] for each. Forgets sources that are no longer in the settings of any app.
    pub fn to_read(&self, apps: &[Arc<App>], most: usize, now: Moment) -> Vec<KeysToRead> {
        let wanted = Self::sources(apps);
        let mut rings = self.rings();
        rings.retain(|key, _| wanted.contains(key));
        let mut due = Vec::new();
        for key in wanted {
            let ring = rings.entry(key.clone()).or_default();
            if due.len() < most && ring.refresh.is_due(now) {
                ring.refresh.begun();
                due.push(key);
            }
        }
        due
    }

    /// Adds keys that an earlier process has read. `age` is the time since that read. Keys that this process has read
    /// are not replaced. A new read is due at once.
    pub fn restore(&self, key: KeysToRead, keys: JwtKeySet, age: Duration, now: Moment) {
        let mut rings = self.rings();
        if rings.contains_key(&key) {
            return;
        }
        let keys = Arc::new(keys.of_source(of_source(&key.source)));
        rings.insert(key, Ring { keys, refresh: KeyRefresh::restored(age, now), ..Ring::default() });
    }

    /// Stores the keys of a source. Returns `false` if the source is no longer in the settings of any app.
    pub fn put(&self, key: &KeysToRead, keys: JwtKeySet, now: Moment) -> bool {
        let mut rings = self.rings();
        let Some(ring) = rings.get_mut(key) else { return false };
        ring.keys = Arc::new(keys.of_source(of_source(&key.source)));
        ring.ended(None, now);
        self.puts.fetch_add(1, Ordering::Release);
        true
    }

    /// The number of times that the keys of any source were stored. This number changes after the keys have changed.
    pub(crate) fn puts(&self) -> u64 {
        self.puts.load(Ordering::Acquire)
    }

    /// Records that a source could not be read. Returns the time for which its last keys will still be accepted.
    pub fn failed(&self, key: &KeysToRead, error: String, now: Moment) -> Duration {
        let mut rings = self.rings();
        let Some(ring) = rings.get_mut(key) else { return Duration::ZERO };
        ring.ended(Some(error), now);
        ring.refresh.left(now)
    }

    /// The states of all sources.
    pub fn states(&self, now: Moment) -> Vec<SourceState> {
        let state = |(source, ring): (&KeysToRead, &Ring)| {
            let left = ring.refresh.left(now);
            let keys = if left.is_zero() { 0 } else { ring.keys.len() };
            SourceState { source: source.clone(), keys, left, error: ring.error.clone() }
        };
        self.rings().iter().map(state).collect()
    }

    /// Returns the sources of these apps.
    pub fn sources(apps: &[Arc<App>]) -> BTreeSet<KeysToRead> {
        let sources = |app: &Arc<App>| {
            let id = app.id;
            app.settings.jwt.sources().map(move |source| KeysToRead { app: id, source }).collect::<Vec<_>>()
        };
        apps.iter().flat_map(sources).collect()
    }

    /// Waits until a source may have to be read: a call needs newer keys, or an app has changed.
    pub async fn are_wanted(&self) {
        self.wanted.notified().await;
    }

    /// Wakes the task that reads the sources.
    pub(crate) fn wake(&self) {
        self.wanted.notify_one();
    }

    /// Locks the keys of all sources. A panic in another thread leaves the map consistent.
    fn rings(&self) -> MutexGuard<'_, BTreeMap<KeysToRead, Ring>> {
        self.rings.lock()
    }
}

impl Ring {
    fn ended(&mut self, error: Option<String>, now: Moment) {
        self.refresh.ended(error.is_none(), now);
        self.error = error;
        self.attempts.send_modify(|attempts| *attempts = attempts.wrapping_add(1));
    }
}
