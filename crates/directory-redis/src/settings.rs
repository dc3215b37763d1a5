//! The settings of the directory in Redis.

use crate::address::{Address, Server};
use crate::errors::RedisOpenError;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use std::time::Duration;

/// The settings of the directory in Redis.
#[derive(Clone)]
pub struct RedisSettings {
    /// The address, in one of these forms. User and password are percent-encoded and optional. Port and database have
    /// the defaults of Redis.
    ///
    /// - `redis://user:password@host:port,host:port/database`: a server, or some servers of a Redis Cluster. The server
    ///   says which of the two it is. A node learns the other servers of a Redis Cluster from the given ones.
    /// - `redis+sentinel://user:password@host:port,host:port/name`: Sentinels, and the name that they have for the
    ///   server. User and password are used for the server and, if they ask for a password, for the Sentinels.
    /// - `rediss` instead of `redis`: over TLS, also to Sentinels and to all servers of a Redis Cluster.
    /// - `redis+unix:///path?user=…&pass=…`: a server on a Unix socket.
    pub url: String,
    /// The certificates for addresses with `rediss`.
    pub tls: RedisTls,
    /// The prefix of all keys and channels.
    pub prefix: String,
    /// The number of partitions, at most [`MAX_PARTITIONS`](Self::MAX_PARTITIONS). It cannot be changed after data was
    /// written.
    pub partitions: u16,
    /// The time after which a call without an answer fails.
    pub timeout: Duration,
    /// The interval of the upkeep. The upkeep compares the numbers of log batches, looks up the servers and reads the
    /// figures.
    pub compare_every: Duration,
    /// This node writes packed records only when every node in the register has been able to read them for this time.
    ///
    /// It must be longer than the interval at which nodes renew their leases. If the register was lost, all running
    /// nodes enter it again within that interval.
    pub record_wait: Duration,
}

/// The certificates for TLS, in PEM.
#[derive(Clone, Default)]
pub struct RedisTls {
    /// The certificates of the authorities that sign the certificates of servers. `None` means the authorities that the
    /// system trusts.
    pub authorities: Option<Vec<u8>>,
    /// The certificate and the private key of this node, for servers that require a client certificate.
    pub client: Option<(Vec<u8>, Vec<u8>)>,
}

impl RedisSettings {
    /// The maximum number of partitions. It bounds the length of a feed cursor, which has two numbers for each
    /// partition.
    pub const MAX_PARTITIONS: u16 = 2048;

    /// The default settings with the address `url`.
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            tls: RedisTls::default(),
            prefix: "lm".to_owned(),
            partitions: 256,
            timeout: Duration::from_secs(2),
            compare_every: Duration::from_secs(3),
            record_wait: Duration::from_secs(9),
        }
    }

    /// Returns a text that identifies this directory: its servers, its database and its prefix. The text contains no
    /// password. Fails if the address is invalid.
    pub fn place(&self) -> Result<String, RedisOpenError> {
        let address = Address::parse(&self.url).map_err(RedisOpenError::BadSettings)?;
        Ok(format!("{}/{}", address.place(), self.prefix))
    }

    /// The hosts of the address, without user and password; empty if the address is invalid.
    pub fn hosts(&self) -> String {
        let seeds = Address::parse(&self.url).map(|address| address.seeds).unwrap_or_default();
        seeds.iter().map(|seed| Server::of(seed).to_string()).collect::<Vec<_>>().join(", ")
    }

    /// Checks the settings without connecting to Redis.
    pub fn check(&self) -> Result<(), RedisOpenError> {
        if !(1..=Self::MAX_PARTITIONS).contains(&self.partitions) {
            return Err(RedisOpenError::BadSettings("there must be 1 to 2048 partitions"));
        }
        if self.prefix.is_empty() || self.prefix.contains(['{', '}']) {
            return Err(RedisOpenError::BadSettings("the prefix must not be empty, nor have braces"));
        }
        if self.timeout.is_zero() || self.compare_every.is_zero() {
            return Err(RedisOpenError::BadSettings("a timeout or an interval must not be 0"));
        }
        self.tls.check().map_err(RedisOpenError::BadSettings)?;
        Address::parse(&self.url).map(drop).map_err(RedisOpenError::BadSettings)
    }
}

impl RedisTls {
    /// Checks that the texts contain certificates and a key. The TLS library would accept a text without certificates.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let has_certificate = |pem: &[u8]| {
            let mut certificates = CertificateDer::pem_slice_iter(pem).peekable();
            certificates.peek().is_some() && certificates.all(|certificate| certificate.is_ok())
        };
        if self.authorities.as_deref().is_some_and(|pem| !has_certificate(pem)) {
            return Err("the certificates of the authorities are not PEM, or there is none");
        }
        match &self.client {
            Some((certificate, _)) if !has_certificate(certificate) => {
                Err("the certificate of the client is not PEM")
            }
            Some((_, key)) if PrivateKeyDer::from_pem_slice(key).is_err() => {
                Err("the private key of the client is not PEM")
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url: _, tls, prefix, partitions, timeout, compare_every, record_wait } = self;
        f.debug_struct("RedisSettings")
            .field("url", &"(may have a password)")
            .field("tls", tls)
            .field("prefix", prefix)
            .field("partitions", partitions)
            .field("timeout", timeout)
            .field("compare_every", compare_every)
            .field("record_wait", record_wait)
            .finish()
    }
}

impl fmt::Debug for RedisTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisTls")
            .field("authorities", &self.authorities.is_some())
            .field("client", &self.client.is_some())
            .finish()
    }
}
