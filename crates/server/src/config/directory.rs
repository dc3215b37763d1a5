//! The settings of a node in a cluster: the directory that all nodes share, and the name and the lease of this node.

use super::Config;
use lamplight_core::LeaseTimes;
use lamplight_directory_redis::{RedisFound, RedisSettings, RedisTls, RedisUnfit};
use lamplight_facts_postgres::ClusterIdentity;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The URL of the directory, as text. `Debug` hides the URL, because it may contain a password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DirectoryUrl(String);

impl fmt::Debug for DirectoryUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DirectoryUrl(…)")
    }
}

/// The error for an unreadable file with certificates or a key.
#[derive(Debug, thiserror::Error)]
#[error("{setting}: cannot read {}: {source}", path.display())]
pub struct UnreadableFile {
    setting: &'static str,
    path: PathBuf,
    source: io::Error,
}

/// The reason why a node could not start with its directory. The text contains no secret.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryProblem {
    /// A file with certificates or a key cannot be read.
    #[error(transparent)]
    File(#[from] UnreadableFile),
    /// Redis cannot be used.
    #[error(transparent)]
    Redis(#[from] RedisUnfit),
}

impl Config {
    /// Examines the directory without changing it. Returns `None` if the settings name no directory. Fails if a node
    /// could not start with the directory.
    pub async fn examine_directory(&self) -> Result<Option<RedisFound>, DirectoryProblem> {
        let Some(settings) = self.directory_settings()? else { return Ok(None) };
        Ok(Some(lamplight_directory_redis::examine(&settings).await?))
    }

    /// Returns the reason why the directory cannot be used. Returns `None` if the directory can be used or is not set.
    /// The text contains no part of the URL.
    pub(super) fn directory_problem(&self) -> Option<String> {
        self.redis()?.check().err().map(|error| error.to_string())
    }

    /// Returns the reason why the directory cannot be used with the store of the facts; `None` if it can be used.
    pub(super) fn facts_not_shared(&self) -> Option<&'static str> {
        let is_alone = self.directory.is_some() && self.facts.is_none();
        is_alone.then_some(
            "the nodes of a cluster share their facts too: set facts to the URL of a database in PostgreSQL",
        )
    }

    /// Returns the length of the node's name in characters, for checking its bounds. Returns 1 if the machine's name is
    /// used.
    pub(super) fn length_of_name(&self) -> u64 {
        self.node_name.as_ref().map_or(1, |name| name.chars().count() as u64)
    }

    /// Returns the settings of the directory that all nodes share. Returns `None` if the node keeps its live records
    /// itself. Reads the files with certificates.
    pub(crate) fn directory_settings(&self) -> Result<Option<RedisSettings>, UnreadableFile> {
        let Some(redis) = self.redis() else { return Ok(None) };
        let authorities = self.directory_ca.as_deref().map(|path| read("directory_ca", path)).transpose()?;
        let client = match (&self.directory_certificate, &self.directory_key) {
            (Some(certificate), Some(key)) => {
                Some((read("directory_certificate", certificate)?, read("directory_key", key)?))
            }
            (None, _) | (_, None) => None,
        };
        Ok(Some(RedisSettings { tls: RedisTls { authorities, client }, ..redis }))
    }

    /// Returns the identity of this node's cluster; `None` without a cluster. The identity is a hash of the directory's
    /// address, the prefix, the lease and the grace.
    ///
    /// A database in PostgreSQL refuses nodes with a different identity. Otherwise, a node with a shorter lease and
    /// grace than other nodes would end the connections of nodes that still run. All versions of the program compute
    /// the same identity.
    pub(crate) fn cluster_identity(&self) -> Option<ClusterIdentity> {
        // The URL was checked when the settings were read.
        let place = self.redis()?.place().ok()?;
        let agreed = format!("{place} {} {}", self.node_lease_ms, self.node_loss_grace_ms);
        let first = Sha256::digest(agreed).into_iter().take(8);
        Some(ClusterIdentity(first.fold(0, |number, byte| number << 8 | u64::from(byte))))
    }

    fn redis(&self) -> Option<RedisSettings> {
        let DirectoryUrl(url) = self.directory.as_ref()?;
        let (prefix, record_wait) = (self.directory_prefix.clone(), self.lease_times().lease);
        Some(RedisSettings { prefix, record_wait, ..RedisSettings::at(url) })
    }

    /// Returns the name of this node in its cluster.
    pub(crate) fn name_of_node(&self) -> String {
        let of_machine = || rustix::system::uname().nodename().to_string_lossy().into_owned();
        self.node_name.clone().unwrap_or_else(of_machine)
    }

    pub(crate) fn lease_times(&self) -> LeaseTimes {
        LeaseTimes { lease: Duration::from_millis(self.node_lease_ms.into()), grace: self.grace() }
    }
}

fn read(setting: &'static str, path: &Path) -> Result<Vec<u8>, UnreadableFile> {
    std::fs::read(path).map_err(|source| UnreadableFile { setting, path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: &str = "postgres://app:s3cret@db.example/chat";

    fn load(settings: &[(&'static str, &str)]) -> Result<Config, String> {
        let given = settings.iter().map(|(path, value)| (*path, (*value).into())).collect();
        Config::load(None, given).map_err(|error| error.to_string())
    }

    #[test]
    fn the_url_of_the_directory_is_read_and_never_shown() {
        let config = load(&[("facts", FACTS), ("directory", "redis://:s3cret@redis.example")]).unwrap();
        let settings = config.directory_settings().unwrap().unwrap();
        assert_eq!((&*settings.prefix, settings.partitions), ("lm", 256));
        assert!(!format!("{config:?} {settings:?}").contains("s3cret"));
        assert!(Config::default().directory_settings().unwrap().is_none());
        assert!(!Config::default().name_of_node().is_empty());
        for text in ["s3cret", "http://:s3cret@redis.example", "redis+sentinel://:s3cret@redis.example"] {
            let error = load(&[("facts", FACTS), ("directory", text)]).unwrap_err();
            assert!(error.starts_with("directory: ") && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_directory_without_shared_facts_and_half_a_pair_are_refused() {
        let error = load(&[("directory", "redis://redis.example")]).unwrap_err();
        assert!(error.starts_with("directory: the nodes of a cluster share their facts too"), "{error}");
        let error = load(&[("directory_key", "key.pem")]).unwrap_err();
        assert!(error.starts_with("directory_certificate: a certificate and its key"), "{error}");
        let error = load(&[("facts", FACTS), ("directory", "redis://a"), ("directory_prefix", "{1}")]);
        assert!(error.unwrap_err().contains("prefix"));
        let error = load(&[("node_name", "")]).unwrap_err();
        assert_eq!(error, "node_name: must be from 1 to 64, not 0");
    }

    #[test]
    fn nodes_with_the_same_directory_are_one_cluster_whatever_their_login() {
        let identity = |directory: &str, prefix: &str| {
            let given = [("facts", FACTS), ("directory", directory), ("directory_prefix", prefix)];
            load(&given).unwrap().cluster_identity().unwrap()
        };
        let own = identity("redis://:s3cret@a,b:7", "lm");
        // Nodes of different versions have to compute the same number.
        assert_eq!(own, ClusterIdentity(11_999_523_698_846_062_791));
        assert_eq!(own, identity("rediss://me:other@b:7,a:6379/0", "lm"));
        for (directory, prefix) in
            [("redis://a,b:7", "x"), ("redis://a,b:8", "lm"), ("redis://a,b:7/1", "lm")]
        {
            assert_ne!(own, identity(directory, prefix), "{directory} {prefix}");
        }
        let alike = load(&[("facts", FACTS), ("directory", "redis://a,b:7")]).unwrap();
        for other in [
            Config { node_lease_ms: 8_000, ..alike.clone() },
            Config { node_loss_grace_ms: 8_000, ..alike.clone() },
        ] {
            assert_ne!(other.cluster_identity(), Some(own), "{other:?}");
        }
        assert_eq!(alike.cluster_identity(), Some(own));
        assert_eq!(Config::default().cluster_identity(), None);
    }

    #[test]
    fn a_missing_file_is_named_with_its_setting() {
        let given = [("facts", FACTS), ("directory", "rediss://a"), ("directory_ca", "/nowhere/ca.pem")];
        let error = load(&given).unwrap().directory_settings().unwrap_err().to_string();
        assert!(error.starts_with("directory_ca: cannot read /nowhere/ca.pem: "), "{error}");
    }
}
