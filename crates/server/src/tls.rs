//! TLS on the client port. The certificate is read again when its file changes.

use parking_lot::RwLock;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// The reason why a certificate and its key cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the certificate {certificate} with the key {key}: {problem}")]
pub struct TlsError {
    certificate: PathBuf,
    key: PathBuf,
    problem: String,
}

/// The certificate in use, with the paths of its files.
#[derive(Debug)]
pub struct Certificate {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<(Arc<CertifiedKey>, Option<SystemTime>)>,
}

impl Certificate {
    /// Reads a certificate chain and its key, both in PEM.
    pub fn load(certificate: PathBuf, key: PathBuf) -> Result<Arc<Self>, TlsError> {
        let read = read(&certificate, &key);
        let current = read.map_err(|problem| TlsError {
            certificate: certificate.clone(),
            key: key.clone(),
            problem: problem.to_string(),
        })?;
        let changed = modified(&certificate);
        Ok(Arc::new(Self { certificate, key, current: RwLock::new((Arc::new(current), changed)) }))
    }

    /// Reads the files again if the certificate file has changed. If the new certificate cannot be used, logs an error
    /// and keeps the old certificate.
    pub fn refresh(&self) {
        let changed = modified(&self.certificate);
        if changed == self.current.read().1 {
            return;
        }
        match read(&self.certificate, &self.key) {
            Ok(fresh) => {
                tracing::info!(certificate = %self.certificate.display(), "the certificate was read again");
                *self.current.write() = (Arc::new(fresh), changed);
            }
            Err(error) => {
                tracing::warn!(certificate = %self.certificate.display(), %error, "the changed certificate cannot be used; the old one stays in use");
            }
        }
    }

    /// Makes the TLS configuration of the client port. It uses the current certificate for each new connection.
    pub fn server_config(self: &Arc<Self>) -> Arc<ServerConfig> {
        let provider = Arc::new(ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has cipher suites for TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_cert_resolver(Arc::<Self>::clone(self));
        config.send_tls13_tickets = 1;
        Arc::new(config)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().0))
    }
}

/// Checks a certificate chain and its key, both in PEM, like the start of a node.
pub fn check_certificate(certificate: &Path, key: &Path) -> Result<(), TlsError> {
    Certificate::load(certificate.to_owned(), key.to_owned()).map(drop)
}

fn modified(path: &PathBuf) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

fn read(certificate: &PathBuf, key: &PathBuf) -> Result<CertifiedKey, Box<dyn std::error::Error>> {
    let chain = rustls_pemfile::certs(&mut &fs::read(certificate)?[..])
        .collect::<io::Result<Vec<CertificateDer<'_>>>>()?;
    let key: PrivateKeyDer<'_> =
        rustls_pemfile::private_key(&mut &fs::read(key)?[..])?.ok_or("the key file holds no private key")?;
    if chain.is_empty() {
        return Err("the certificate file contains no certificate".into());
    }
    Ok(CertifiedKey::from_der(chain, key, &ring::default_provider())?)
}
