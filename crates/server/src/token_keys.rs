//! Reads the keys for JWTs from the addresses and files that apps name.
//!
//! An address is reached by the client of the webhooks, so that it leads nowhere else than a webhook may. What cannot be
//! read is told in the log; the keys that were read before count on for a day (`core/src/key_refresh.rs`).

use crate::clock::Clock;
use crate::labels::begin_at_zero;
use crate::webhooks::Poster;
use futures_util::FutureExt;
use lamplight_auth::JwtKeySet;
use lamplight_model::{KeySource, WebhookUrl, is_key_file_name};
use lamplight_service::{KeysToRead, Service};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;
use std::fs::File;
use std::io::Read;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// The folder in the data folder from which key files are read.
pub const KEY_FOLDER: &str = "jwks";
/// The longest text of a source, in bytes.
const MAX_BYTES: usize = 256 * 1024;
/// From the beginning of a request to the end of its answer: a login that waits for it has more time than that.
const PATIENCE: Duration = Duration::from_secs(3);
/// How late keys may be read again.
const TICK: Duration = Duration::from_secs(1);
/// The most sources that are read at a time.
const AT_ONCE: usize = 16;

/// The metrics of reading keys. Clones count together.
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
    /// Registers them.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self { reads: Family::default() };
        let help = "Attempts to read the keys for JWTs from an address or a file, by what came of them";
        registry.register("token_key_reads", help, metrics.reads.clone());
        begin_at_zero(&metrics.reads, [READ, FAILED]);
        metrics
    }
}

/// Reads keys when they are due.
pub struct TokenKeys {
    /// The apps, and where the keys go.
    pub service: Arc<Service>,
    /// The client for addresses.
    pub poster: Arc<Poster>,
    /// The folder of the files.
    pub folder: PathBuf,
    /// The metrics.
    pub metrics: TokenKeyMetrics,
    /// The clock.
    pub clock: Clock,
}

impl TokenKeys {
    /// Runs until it is aborted.
    pub async fn run(self) {
        let this = Arc::new(self);
        let mut tick = tokio::time::interval(TICK);
        let mut reading = JoinSet::new();
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                () = this.service.keyrings().are_wanted() => {}
                Some(_) = reading.join_next() => {}
            }
            let free = AT_ONCE.saturating_sub(reading.len());
            let apps = this.service.apps().all();
            for key in this.service.keyrings().to_read(&apps, free, this.clock.now().moment) {
                let this = Arc::clone(&this);
                reading.spawn(async move { this.read_into(&key).await });
            }
        }
    }

    /// Reads a source and ends the attempt, with a panic too: logins wait for that.
    async fn read_into(&self, key: &KeysToRead) {
        let read = AssertUnwindSafe(self.read(key)).catch_unwind().await;
        let read = read.unwrap_or_else(|_| Err("reading it failed in this server".to_owned()));
        let now = self.clock.now().moment;
        let keyrings = self.service.keyrings();
        match read {
            Ok(keys) => {
                self.metrics.reads.get_or_create(&READ).inc();
                tracing::debug!(app = key.app.0, source = %shown(&key.source), keys = keys.len(), "keys for JWTs read");
                keyrings.put(key, keys, now);
            }
            Err(error) => {
                self.metrics.reads.get_or_create(&FAILED).inc();
                tracing::warn!(
                    app = key.app.0, source = %shown(&key.source), %error,
                    "keys for JWTs cannot be read; those read before count on for a day"
                );
                keyrings.failed(key, now);
            }
        }
    }

    async fn read(&self, key: &KeysToRead) -> Result<JwtKeySet, String> {
        let text = match &key.source {
            KeySource::Url(url) => {
                let url = WebhookUrl::parse(url).map_err(|invalid| invalid.to_string())?;
                String::from_utf8(self.poster.get(&url, MAX_BYTES, PATIENCE).await?.into())
                    .map_err(|_| "not UTF-8".to_owned())?
            }
            KeySource::File(name) => {
                let (folder, name) = (self.folder.clone(), name.clone());
                let read = tokio::task::spawn_blocking(move || read_file(&folder, &name));
                let read = tokio::time::timeout(PATIENCE, read).await;
                read.map_err(|_| "the disk does not answer".to_owned())?
                    .map_err(|error| error.to_string())??
            }
        };
        JwtKeySet::read(&text).map_err(|invalid| invalid.to_string())
    }
}

/// The text of a key file, which has a plain name and is a file.
fn read_file(folder: &Path, name: &str) -> Result<String, String> {
    let path = folder.join(name);
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    // Opening something else could wait for ever.
    if !is_key_file_name(name) || !std::fs::metadata(&path).map_err(failed)?.is_file() {
        return Err(format!("{}: not a file", path.display()));
    }
    let mut text = String::new();
    let most = MAX_BYTES as u64;
    File::open(&path).map_err(failed)?.take(most + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() > MAX_BYTES { Err(format!("{}: too long", path.display())) } else { Ok(text) }
}

/// A source without what may be a secret in it.
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
