//! TLS: the trusted certificates, and the handshake.

use crate::{BuildError, TransportError};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Creates a configuration that trusts the certificates of the system and those in `added_pem`.
pub(crate) fn client_config(added_pem: &[Vec<u8>]) -> Result<Arc<ClientConfig>, BuildError> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        tracing::debug!(%error, "a root certificate of the system cannot be read");
    }
    roots.add_parsable_certificates(native.certs);
    for pem in added_pem {
        let wrong = |why: String| BuildError::RootCertificates(why);
        let mut count = 0;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
            roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
            count += 1;
        }
        if count == 0 {
            return Err(wrong("the PEM text contains no certificate".to_owned()));
        }
    }
    if roots.is_empty() {
        return Err(BuildError::RootCertificates(
            "the system has no root certificates, and none were added".to_owned(),
        ));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider has the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Performs the TLS handshake on a stream, and verifies that the server is `host`.
pub(super) async fn handshake(
    stream: TcpStream,
    config: Arc<ClientConfig>,
    host: &str,
) -> Result<TlsStream<TcpStream>, TransportError> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| TransportError::new("reading the server's name", error))?;
    let connected = TlsConnector::from(config).connect(name, stream).await;
    connected.map_err(|error| TransportError::new("TLS handshake", error))
}
