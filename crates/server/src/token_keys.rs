//! Reads the keys for JWTs from the URLs and files that the settings of the apps name.
//!
//! The HTTP client of the webhooks requests the URLs, so networks that are closed to webhooks cannot be reached. If a
//! read fails, the last keys stay valid for a day (`core/src/key_refresh.rs`), also after a restart.

mod kept;

use crate::clock::Clock;
use crate::data_folder::TOKEN_KEYS;
use crate::labels::begin_at_zero;
use crate::webhooks::Poster;
use futures_util::FutureExt;
use kept::{KeptKeys, KeptText};
use lamplight_auth::JwtKeySet;
use lamplight_core::KEPT_FOR;
use lamplight_model::{App, AppId, KeySource, Now, WebhookUrl, is_key_file_name};
use lamplight_service::{Keyrings, KeysToRead, Service, SourceState};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// The folder for key files, inside the data folder.
pub const KEY_FOLDER: &str = "jwks";
/// The maximum number of bytes that are read from a source; a larger source is an error.
const MAX_BYTES: usize = 256 * 1024;
/// The time limit for one read of a source. A login that needs the keys waits for the read.
const PATIENCE: Duration = Duration::from_secs(3);
/// The interval at which the node checks which sources are due to be read.
const TICK: Duration = Duration::from_secs(1);
/// The maximum number of sources that are read at the same time.
const AT_ONCE: usize = 16;

/// The metrics of the reads of JWT keys. Clones share the same counters.
#[derive(Clone)]
pub struct TokenKeyMetrics {
    reads: Family<OutcomeLabel, Counter>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

const READ: OutcomeLabel = OutcomeLabel { outcome: "read" };
const FAILED: OutcomeLabel = OutcomeLabel { outcome: "failed" };

impl TokenKeyMetrics {
    /// Makes and registers the metrics.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self { reads: Family::default() };
        let help = "Attempts to read the keys for JWTs from a URL or a file, by outcome";
        registry.register("token_key_reads", help, metrics.reads.clone());
        begin_at_zero(&metrics.reads, [READ, FAILED]);
        metrics
    }
}

/// The task that reads each source of JWT keys when it is due.
pub struct TokenKeys {
    /// The service. It has the apps, and receives the keys.
    pub service: Arc<Service>,
    /// The HTTP client for sources that are URLs.
    pub poster: Arc<Poster>,
    /// The data folder.
    pub data_dir: PathBuf,
    /// The metrics.
    pub metrics: TokenKeyMetrics,
    /// The clock.
    pub clock: Clock,
}

impl TokenKeys {
    /// Restores the keys that an earlier run of the node has stored. Removes the stored keys of sources that no app
    /// names any more. The caller must call this before [`TokenKeys::run`], and before a client can log in.
    pub fn restore(&self, now: Now) {
        let (wanted, kept) = (Keyrings::sources(&self.service.apps().all()), self.kept());
        if let Err(error) = kept.remove_others(&wanted) {
            tracing::warn!(%error, "keys for JWTs that no app needs cannot be removed from the data folder");
        }
        for key in wanted {
            match read_kept(&kept, &key, now) {
                Ok(None) => {}
                Ok(Some((keys, age))) => self.service.tokens().keyrings().restore(key, keys, age, now.moment),
                Err(error) => tracing::warn!(
                    app = key.app.0, source = %shown(&key.source), %error,
                    "the stored keys for JWTs cannot be used; they are read from their source again"
                ),
            }
        }
    }

    fn kept(&self) -> KeptKeys {
        KeptKeys::of(self.data_dir.join(TOKEN_KEYS))
    }

    /// Reads every source when it is due. Runs until it is aborted.
    pub async fn run(self) {
        let this = Arc::new(self);
        let mut tick = tokio::time::interval(TICK);
        let mut reading = JoinSet::new();
        let mut sources = Keyrings::sources(&this.service.apps().all());
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = this.service.tokens().keyrings().are_wanted() => {}
                Some(_) = reading.join_next() => {}
            }
            let free = AT_ONCE.saturating_sub(reading.len());
            let wanted = Keyrings::sources(&this.service.apps().all());
            if wanted != sources {
                sources = wanted;
                this.forget_others(sources.clone()).await;
            }
            // The apps are read after the wait, because a login may wait for a source that was added to an app during
            // the wait.
            let apps = this.service.apps().all();
            for key in this.service.tokens().keyrings().to_read(&apps, free, this.clock.now().moment) {
                let this = Arc::clone(&this);
                reading.spawn(async move { this.read_into(&key).await });
            }
        }
    }

    /// Removes the stored keys of sources that no app names any more.
    async fn forget_others(&self, wanted: BTreeSet<KeysToRead>) {
        let kept = self.kept();
        let removed = tokio::task::spawn_blocking(move || kept.remove_others(&wanted)).await;
        if let Err(error) = removed.map_err(io::Error::other).flatten() {
            tracing::warn!(%error, "keys for JWTs that no app needs cannot be removed from the data folder");
        }
    }

    /// Stores the text of a source. After a restart, the keys of the source are restored from this text.
    async fn keep(&self, key: &KeysToRead, text: String) {
        let (kept, kept_key) = (self.kept(), key.clone());
        let text = KeptText { read: self.clock.now().wall, text };
        let written = tokio::task::spawn_blocking(move || kept.write(&kept_key, text)).await;
        if let Err(error) = written.map_err(io::Error::other).flatten() {
            tracing::warn!(
                app = key.app.0, source = %shown(&key.source), %error,
                "keys for JWTs cannot be written to the data folder; after a restart, logins fail until the source was read"
            );
        }
    }

    /// Reads a source and records the outcome. The outcome is recorded even after a panic, because logins wait for it.
    async fn read_into(&self, key: &KeysToRead) {
        let read = AssertUnwindSafe(self.read(key)).catch_unwind().await;
        let read = read.unwrap_or_else(|_| Err("a bug of this server ended the attempt".to_owned()));
        let now = self.clock.now().moment;
        let keyrings = self.service.tokens().keyrings();
        match read {
            Ok((keys, text)) => {
                self.metrics.reads.get_or_create(&READ).inc();
                tracing::debug!(app = key.app.0, source = %shown(&key.source), keys = keys.len(), "keys for JWTs read");
                if keyrings.put(key, keys, now) {
                    self.keep(key, text).await;
                }
            }
            Err(error) => {
                self.metrics.reads.get_or_create(&FAILED).inc();
                let left = keyrings.failed(key, error.clone(), now);
                let (app, source) = (key.app.0, shown(&key.source));
                if left.is_zero() {
                    tracing::warn!(app, source, %error, "keys for JWTs cannot be read, and none that were read before are still valid");
                } else {
                    let left_s = left.as_secs();
                    tracing::warn!(app, source, %error, left_s, "keys for JWTs cannot be read; those that were read before stay valid");
                }
            }
        }
    }

    async fn read(&self, key: &KeysToRead) -> Result<(JwtKeySet, String), String> {
        let text = match &key.source {
            KeySource::Url(url) => {
                let url = WebhookUrl::parse(url).map_err(|invalid| invalid.to_string())?;
                String::from_utf8(self.poster.get(&url, MAX_BYTES, PATIENCE).await?.into())
                    .map_err(|_| "not UTF-8".to_owned())?
            }
            KeySource::File(name) => {
                let (folder, name) = (self.data_dir.join(KEY_FOLDER), name.clone());
                let read = tokio::task::spawn_blocking(move || read_file(&folder, &name));
                let read = tokio::time::timeout(PATIENCE, read).await;
                read.map_err(|_| "the disk does not answer".to_owned())?
                    .map_err(|error| error.to_string())??
            }
        };
        let keys = JwtKeySet::read(&text).map_err(|invalid| invalid.to_string())?;
        Ok((keys, text))
    }
}

/// Reads the JWT keys of an app without a running node. The sources are the settings, the key file, and the text that a
/// node has last read from the URL. Also returns an error text for each source without valid keys.
pub fn token_keys_on_disk(data_dir: &Path, app: &App, now: Now) -> (Vec<JwtKeySet>, Vec<String>) {
    let (mut sets, mut missing) = (Vec::new(), Vec::new());
    match JwtKeySet::of_settings(&app.settings.jwt) {
        Ok(keys) => sets.push(keys),
        Err(invalid) => missing.push(format!("the settings: {invalid}")),
    }
    let kept = KeptKeys::of(data_dir.join(TOKEN_KEYS));
    for source in app.settings.jwt.sources() {
        let key = KeysToRead { app: app.id, source };
        let read = match &key.source {
            KeySource::File(name) => read_file(&data_dir.join(KEY_FOLDER), name)
                .and_then(|text| JwtKeySet::read(&text).map_err(|invalid| invalid.to_string())),
            KeySource::Url(_) => match read_kept(&kept, &key, now) {
                Ok(Some((keys, age))) if age < KEPT_FOR => Ok(keys),
                Ok(_) => Err("no server has read its keys in the last 24 hours".to_owned()),
                Err(error) => Err(error),
            },
        };
        match read {
            Ok(keys) => sets.push(keys),
            Err(error) => missing.push(format!("{}: {error}", shown(&key.source))),
        }
    }
    (sets, missing)
}

/// Reads the stored keys of a source, and the time since the source was read.
fn read_kept(kept: &KeptKeys, key: &KeysToRead, now: Now) -> Result<Option<(JwtKeySet, Duration)>, String> {
    let Some(KeptText { read, text }) = kept.read(key).map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    if read > now.wall {
        return Err("the time of reading is in the future".to_owned());
    }
    let keys = JwtKeySet::read(&text).map_err(|invalid| invalid.to_string())?;
    Ok(Some((keys, now.wall.since(read))))
}

/// Reads a key file: a regular file whose name has no folder in it.
fn read_file(folder: &Path, name: &str) -> Result<String, String> {
    let path = folder.join(name);
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    // A file that is not regular could block the open call for ever.
    if !is_key_file_name(name) || !std::fs::metadata(&path).map_err(failed)?.is_file() {
        return Err(format!("{}: not a file", path.display()));
    }
    let mut text = String::new();
    let most = MAX_BYTES as u64;
    File::open(&path).map_err(failed)?.take(most + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() > MAX_BYTES { Err(format!("{}: too long", path.display())) } else { Ok(text) }
}

/// A source of JWT keys, as the command line shows it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ShownKeySource {
    /// The app.
    pub app: AppId,
    /// The URL or the file name, without secret parts.
    pub source: String,
    /// The number of keys that are currently valid.
    pub keys: usize,
    /// The time, in seconds, for which the keys stay valid if every further read fails.
    pub left_s: u64,
    /// The error of the last attempt to read the source; `None` if it succeeded.
    pub error: Option<String>,
}

impl From<SourceState> for ShownKeySource {
    fn from(state: SourceState) -> Self {
        let SourceState { source, keys, left, error } = state;
        Self { app: source.app, source: shown(&source.source), keys, left_s: left.as_secs(), error }
    }
}

/// Returns the URL or file name of a source, without secret parts of a URL.
fn shown(source: &KeySource) -> String {
    match source {
        KeySource::Url(url) => crate::audit::shown_url(url),
        KeySource::File(name) => format!("{KEY_FOLDER}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_a_file_of_its_folder_within_bounds() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join(KEY_FOLDER);
        std::fs::create_dir(&folder).unwrap();
        std::fs::create_dir(folder.join("folder")).unwrap();
        std::fs::write(folder.join("good"), "{}").unwrap();
        std::fs::write(folder.join("long"), " ".repeat(MAX_BYTES + 1)).unwrap();
        std::fs::write(folder.join("bytes"), [0xff]).unwrap();
        std::fs::write(data.path().join("outside"), "secret").unwrap();
        assert_eq!(read_file(&folder, "good"), Ok("{}".to_owned()));
        for name in ["missing", "folder", "long", "bytes", "../outside", "", "."] {
            let error = read_file(&folder, name).unwrap_err();
            assert!(!error.contains("secret"), "{name}: {error}");
        }
    }
}
