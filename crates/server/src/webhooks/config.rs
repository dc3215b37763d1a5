//! The settings of webhooks: where they may lead, and TLS to their receivers.

use crate::network::Network;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Where webhooks may lead: to public addresses, and to what is named here.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhooksConfig {
    /// To private, loopback and other special addresses too. Whoever may set the webhooks of an app then reaches
    /// whatever this server reaches.
    pub allow_private: bool,
    /// To these networks, as `10.1.0.0/16`. At most 100.
    pub allow_networks: Vec<Network>,
    /// Certificates, PEM, that are trusted besides those of the system: those of a private CA.
    pub ca_file: Option<PathBuf>,
    /// The certificate chain, PEM, that a receiver is shown which asks for one.
    pub client_certificate: Option<PathBuf>,
    /// Its private key, PEM.
    pub client_key: Option<PathBuf>,
}
