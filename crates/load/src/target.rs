//! The server that the load is for, and what it takes to log in there.

use crate::process_meter::ProcessMeter;
use anyhow::Result;
use lamplight_auth::{Claims, sign};
use lamplight_model::{AppId, AppKey, UserId};
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

/// How long the UserSigs of a load are good, in seconds.
const SIG_LASTS: u64 = 24 * 3_600;

/// A server, and an app of it.
#[derive(Clone, Debug)]
pub struct Target {
    /// The client port.
    pub address: SocketAddr,
    /// The HTTP port, where it is known.
    pub http: Option<SocketAddr>,
    /// `SDKAppID`
    pub app: AppId,
    /// The key that signs.
    pub key: AppKey,
    /// The process, where it is one of this machine.
    pub meter: Option<ProcessMeter>,
}

impl Target {
    /// Makes a UserSig.
    pub fn user_sig(&self, user_id: &str) -> Result<String> {
        let issued = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let user_id = UserId::new(user_id)?;
        Ok(sign(&self.key, &Claims { user_id, app: self.app, issued, expire: SIG_LASTS, userbuf: None }))
    }
}
