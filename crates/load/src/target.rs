//! The server under load, with the data that a login needs.

use crate::process_meter::ProcessMeter;
use crate::transport::Transport;
use anyhow::Result;
use lamplight_auth::{Claims, sign};
use lamplight_model::{AppId, AppKey, UserId};
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

/// The time in seconds for which the UserSigs of the load are valid.
const SIG_LASTS: u64 = 24 * 3_600;

/// A server and one of its apps.
#[derive(Clone, Debug)]
pub struct Target {
    /// The address of the client port.
    pub address: SocketAddr,
    /// The address of the HTTP port; `None` if unknown.
    pub http: Option<SocketAddr>,
    /// The app's `SDKAppID`.
    pub app: AppId,
    /// The key that signs UserSigs.
    pub key: AppKey,
    /// The meter of the server's process; `None` if the process is unknown.
    pub meter: Option<ProcessMeter>,
    /// The transport of the connections.
    pub transport: Transport,
}

impl Target {
    /// Creates a UserSig for this user.
    pub fn user_sig(&self, user_id: &str) -> Result<String> {
        let issued = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let user_id = UserId::new(user_id)?;
        Ok(sign(&self.key, &Claims { user_id, app: self.app, issued, expire: SIG_LASTS, userbuf: None }))
    }
}
