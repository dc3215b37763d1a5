//! TLS to the receivers of webhooks: trusted certificates, the server's client certificate, and texts about failed
//! handshakes. Files that have changed are read again.

// There are many TLS errors, and only some of them get their own text.
#![allow(clippy::wildcard_enum_match_arm)]

use crate::webhooks::WebhooksConfig;
use parking_lot::RwLock;
use rustls::pki_types::CertificateDer;
use rustls::{AlertDescription, CertificateError, ClientConfig, RootCertStore};
use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// The error for a TLS file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{setting}: cannot use {path}: {problem}")]
pub struct WebhookTlsError {
    setting: &'static str,
    path: PathBuf,
    problem: String,
}

/// The current TLS settings for receivers, and the files from which they are read.
pub struct ReceiverTls {
    files: WebhooksConfig,
    current: RwLock<Arc<ClientConfig>>,
    /// The state of the files when they were last read, even if they could not be used.
    read: RwLock<Read>,
}

/// The state of the files when they were last read.
#[derive(Clone, PartialEq, Eq)]
struct Read {
    stamps: Vec<Option<Stamp>>,
    /// The reason why the files could not be used; `None` if the files are in use.
    problem: Option<String>,
}

/// Identifies a version of a file by its last modification time and its size.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
}

impl ReceiverTls {
    /// Reads the files that the settings name.
    pub fn load(config: &WebhooksConfig) -> Result<Self, WebhookTlsError> {
        let read = Read { stamps: stamps(config), problem: None };
        let current = RwLock::new(client_config(config)?);
        Ok(Self { files: config.clone(), current, read: RwLock::new(read) })
    }

    /// Returns the TLS settings for a new connection.
    pub fn current(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.current.read())
    }

    /// Reads the files again if a file has changed, or if the files could not be used before. A certificate and its key
    /// are often replaced one after the other, so the files may be unusable for a moment. In that case, logs each error
    /// once and keeps the former settings.
    pub fn refresh(&self) {
        let before = self.read.read().clone();
        // The stamps are read before the contents, so that a change in between causes another read.
        let stamps = stamps(&self.files);
        if before.problem.is_none() && stamps == before.stamps {
            return;
        }
        let problem = match client_config(&self.files) {
            Ok(fresh) => {
                tracing::info!("the certificates for webhooks were read again");
                *self.current.write() = fresh;
                None
            }
            Err(error) => Some(error.to_string()),
        };
        if let Some(problem) = problem.as_ref().filter(|problem| before.problem.as_ref() != Some(problem)) {
            tracing::warn!(
                error = problem,
                "the changed certificates for webhooks cannot be used; the old ones stay in use"
            );
        }
        *self.read.write() = Read { stamps, problem };
    }
}

fn stamps(config: &WebhooksConfig) -> Vec<Option<Stamp>> {
    let files = [&config.ca_file, &config.client_certificate, &config.client_key];
    let stamp = |path: &PathBuf| {
        let metadata = fs::metadata(path).ok()?;
        Some(Stamp { modified: metadata.modified().ok(), length: metadata.len() })
    };
    files.into_iter().flatten().map(stamp).collect()
}

/// Checks that the files for TLS to receivers can be used. A node's start makes the same checks.
pub fn check_webhook_tls(config: &WebhooksConfig) -> Result<(), WebhookTlsError> {
    client_config(config).map(drop)
}

/// Makes the TLS configuration. It trusts the certificates of the system and of `webhooks.ca_file`. It sends
/// `webhooks.client_certificate` to a receiver that requests a certificate.
fn client_config(config: &WebhooksConfig) -> Result<Arc<ClientConfig>, WebhookTlsError> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        tracing::debug!(%error, "a root certificate of the system cannot be read");
    }
    roots.add_parsable_certificates(native.certs);
    if let Some(path) = &config.ca_file {
        for certificate in certificates("webhooks.ca_file", path)? {
            roots.add(certificate).map_err(|error| failed("webhooks.ca_file", path, &error))?;
        }
    }
    if roots.is_empty() {
        tracing::warn!("the system has no root certificates: webhooks by https will fail");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has the default versions")
        .with_root_certificates(roots);
    let (Some(certificate), Some(key)) = (&config.client_certificate, &config.client_key) else {
        return Ok(Arc::new(builder.with_no_client_auth()));
    };
    let chain = certificates("webhooks.client_certificate", certificate)?;
    let bytes = fs::read(key).map_err(|error| failed("webhooks.client_key", key, &error))?;
    let private = rustls_pemfile::private_key(&mut &bytes[..])
        .map_err(|error| failed("webhooks.client_key", key, &error))?
        .ok_or_else(|| failed("webhooks.client_key", key, &"the file holds no private key"))?;
    let config = builder.with_client_auth_cert(chain, private);
    config.map(Arc::new).map_err(|error| failed("webhooks.client_certificate", certificate, &error))
}

fn certificates(setting: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, WebhookTlsError> {
    let bytes = fs::read(path).map_err(|error| failed(setting, path, &error))?;
    let all = rustls_pemfile::certs(&mut &bytes[..]).collect::<io::Result<Vec<_>>>();
    let all = all.map_err(|error| failed(setting, path, &error))?;
    if all.is_empty() { Err(failed(setting, path, &"the file contains no certificate")) } else { Ok(all) }
}

fn failed(setting: &'static str, path: &Path, problem: &dyn std::fmt::Display) -> WebhookTlsError {
    WebhookTlsError { setting, path: path.to_owned(), problem: problem.to_string() }
}

/// Returns a text about the TLS step that failed, with a remedy if one is known. Returns `None` if no cause is a TLS
/// error.
pub fn failed_step(error: &(dyn Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(step(tls));
        }
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

fn step(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(why) => {
            let hint = match why {
                CertificateError::UnknownIssuer => {
                    ": its issuer is not trusted; name a private CA in webhooks.ca_file"
                }
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    ": it is for another name"
                }
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => ": it has expired",
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                    ": it is not valid yet; is the clock right?"
                }
                _ => "",
            };
            format!("TLS, checking the receiver's certificate{hint} ({error})")
        }
        rustls::Error::AlertReceived(alert) => match alert {
            AlertDescription::CertificateRequired => {
                "TLS, showing a client certificate: the receiver demands one; set webhooks.client_certificate"
                    .to_owned()
            }
            AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError => {
                format!("TLS, showing a client certificate: the receiver refuses it ({error})")
            }
            AlertDescription::HandshakeFailure | AlertDescription::ProtocolVersion => {
                format!(
                    "TLS, agreeing on version and cipher: the receiver has none in common, or demands a client certificate ({error})"
                )
            }
            _ => format!("TLS: the receiver ended the connection ({error})"),
        },
        rustls::Error::InvalidMessage(_) => {
            format!("TLS, saying hello: the receiver does not speak TLS on this port ({error})")
        }
        _ => format!("TLS: {error}"),
    }
}
