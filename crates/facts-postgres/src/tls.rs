//! TLS to PostgreSQL, with rustls. The option `sslmode` of the URL decides whether TLS is used. With TLS, the server's
//! certificate is always verified.

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

/// The error of a file of trusted certificates that cannot be read or used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[error("{file}: {error}")]
    Read { file: PathBuf, error: std::io::Error },
    #[error("{0}: the file contains no certificate")]
    Empty(PathBuf),
    #[error(transparent)]
    Rustls(#[from] rustls::Error),
}

/// Creates a connector that uses TLS.
pub(crate) fn connector(config: &Config, ca: Option<&Path>) -> Result<MakeRustlsConnect, TlsError> {
    let mut roots = RootCertStore::empty();
    if let Some(file) = ca {
        for certificate in certificates(file)? {
            roots.add(certificate)?;
        }
    } else if config.get_ssl_mode() != SslMode::Disable {
        // Unusable certificates of the system are ignored.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(client))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |error| TlsError::Read { file: file.to_owned(), error };
    let text = std::fs::read(file).map_err(failed)?;
    let found: Vec<_> = rustls_pemfile::certs(&mut &*text).collect::<Result<_, _>>().map_err(failed)?;
    if found.is_empty() { Err(TlsError::Empty(file.to_owned())) } else { Ok(found) }
}
