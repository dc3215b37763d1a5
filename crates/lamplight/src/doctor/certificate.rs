//! Reads a certificate and its key as the server does, and returns the certificate's validity.

use anyhow::Context;
use lamplight_model::Timestamp;
use lamplight_server::check_certificate;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use x509_parser::pem::Pem;

/// A certificate that matches its key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Certificate {
    /// The time from which all certificates of the chain are valid.
    pub not_before: Timestamp,
    /// The time when the first certificate of the chain expires.
    pub not_after: Timestamp,
    /// `true` if users other than the owner may read the key.
    pub key_is_open: bool,
}

/// Reads a certificate chain and its key, both in PEM. Fails with the error that a starting server would report.
pub fn read_certificate(chain: &Path, key: &Path) -> anyhow::Result<Certificate> {
    check_certificate(chain, key)?;
    let text = std::fs::read(chain).with_context(|| format!("cannot read {}", chain.display()))?;
    let mut times = Vec::new();
    for block in Pem::iter_from_buffer(&text) {
        let block = block.with_context(|| format!("{} is not PEM", chain.display()))?;
        // The file may also contain the key or parameters, which are skipped.
        if block.label == "CERTIFICATE" {
            let validity =
                block.parse_x509().context("a certificate of the chain cannot be read")?.validity().clone();
            times.push((
                milliseconds(validity.not_before.timestamp()),
                milliseconds(validity.not_after.timestamp()),
            ));
        }
    }
    let not_before = times.iter().map(|(from, _)| *from).max().context("the file contains no certificate")?;
    let not_after =
        times.iter().map(|(_, until)| *until).min().context("the file contains no certificate")?;
    let mode = std::fs::metadata(key)
        .with_context(|| format!("cannot read the permissions of {}", key.display()))?
        .permissions()
        .mode();
    Ok(Certificate { not_before, not_after, key_is_open: mode & 0o044 != 0 })
}

/// Converts seconds since 1970 to a time. A time before 1970 becomes the beginning of 1970.
fn milliseconds(seconds: i64) -> Timestamp {
    Timestamp(u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000))
}
