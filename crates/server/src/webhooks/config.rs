//! The settings of webhooks: the networks that webhooks may reach, and TLS to their receivers.

use crate::network::Network;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The networks that webhooks may reach, and the files for TLS. Webhooks may always reach public addresses. The same
/// settings apply to the addresses from which keys for JWTs are read.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhooksConfig {
    /// Whether webhooks may reach private, loopback and other special addresses too. If so, anybody who may set the
    /// webhooks of an app can reach every address that this server reaches.
    pub allow_private: bool,
    /// Further networks that webhooks may reach, written as `10.1.0.0/16`; at most 100.
    pub allow_networks: Vec<Network>,
    /// A PEM file of certificates that are trusted besides those of the system, for a private CA.
    pub ca_file: Option<PathBuf>,
    /// A PEM file of the certificate chain for receivers that ask for a client certificate.
    pub client_certificate: Option<PathBuf>,
    /// A PEM file of the private key of `client_certificate`.
    pub client_key: Option<PathBuf>,
}
