//! Reads a certificate and its key as the server does, and when the certificate is good.

use anyhow::Context;
use lamplight_model::Timestamp;
use lamplight_server::check_certificate;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use x509_parser::pem::Pem;

/// A certificate that fits its key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Certificate {
    /// It is good from then on.
    pub not_before: Timestamp,
    /// It is good until then: the first of its chain to expire.
    pub not_after: Timestamp,
    /// Whether others than its owner may read the key.
    pub key_is_open: bool,
}

/// Reads a chain and its key, both PEM. Fails as the start of the server would.
pub fn read_certificate(chain: &Path, key: &Path) -> anyhow::Result<Certificate> {
    check_certificate(chain, key)?;
    let text = std::fs::read(chain).with_context(|| format!("cannot read {}", chain.display()))?;
    let mut times = Vec::new();
    for block in Pem::iter_from_buffer(&text) {
        let block = block.with_context(|| format!("{} is no PEM", chain.display()))?;
        // The file may hold the key, or parameters, too.
        if block.label == "CERTIFICATE" {
            let validity =
                block.parse_x509().context("a certificate of the chain cannot be read")?.validity().clone();
            times.push((
                milliseconds(validity.not_before.timestamp()),
                milliseconds(validity.not_after.timestamp()),
            ));
        }
    }
    let not_before = times.iter().map(|(from, _)| *from).max().context("the file holds no certificate")?;
    let not_after = times.iter().map(|(_, until)| *until).min().context("the file holds no certificate")?;
    let mode = std::fs::metadata(key)
        .with_context(|| format!("cannot look at {}", key.display()))?
        .permissions()
        .mode();
    Ok(Certificate { not_before, not_after, key_is_open: mode & 0o044 != 0 })
}

/// Times before 1970 are no matter here.
fn milliseconds(seconds: i64) -> Timestamp {
    Timestamp(u64::try_from(seconds).unwrap_or(0).saturating_mul(1_000))
}
