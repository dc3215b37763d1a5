//! Carries out kicks and deletions of accounts that a lost node has committed to the facts, and not to the live records.
//!
//! A node first kicks or deletes a user in the facts, and then in the live record. If the node is killed between these two
//! steps and the caller does not repeat the call, the devices of the user stay connected. After a node was lost, another
//! node therefore compares the users of the last kicks and deletions with their live records.

use crate::operations::unentered::begun_since;
use crate::{Service, ServiceError};
use lamplight_core::{LostNode, Presence};
use lamplight_directory::DirectoryErrorKind;
use lamplight_model::{Now, Timestamp, User};
use std::collections::HashMap;

/// The number of revocations in the facts that a page examines.
const EXAMINED_AT_ONCE: usize = 2_000;

/// The number of users whose accounts and live records are read at once.
const READ_AT_ONCE: usize = 500;

/// The position of a page of [`Service::carry_out_revocations`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RevokedCursor {
    since: Timestamp,
    after: Option<User>,
}

impl RevokedCursor {
    /// The first page of the kicks and deletions that these lost nodes may have committed. `None` if all of the nodes
    /// [have left](LostNode::has_left), because such a node leaves no work.
    pub fn first(lost: &[LostNode], now: Now) -> Option<Self> {
        Some(Self { since: begun_since(lost, now)?, after: None })
    }
}

impl Service {
    /// Carries out the kicks and deletions of one page in the live records that lack them. Returns the next page; `None`
    /// after the last one. If the call fails, the page must be repeated.
    ///
    /// A running node may be about to carry out the same kick or deletion. The second of the two changes nothing.
    pub async fn carry_out_revocations(
        &self,
        place: RevokedCursor,
        now: Now,
    ) -> Result<Option<RevokedCursor>, ServiceError> {
        let RevokedCursor { since, after } = place;
        let page = self.facts.users_revoked(since, after, EXAMINED_AT_ONCE).await?;
        let users = page.users.into_iter().filter(|user| self.apps.get(user.app).is_some());
        for users in users.collect::<Vec<User>>().chunks(READ_AT_ONCE) {
            let accounts = self.facts.accounts(users.to_vec()).await?;
            let accounts: HashMap<&User, _> = users.iter().zip(accounts).collect();
            let lacks = |user: &User, presence: Option<&Presence>| {
                let Some(presence) = presence else { return false };
                let Some(account) = &accounts[user] else { return !presence.is_deleted() };
                let through = account.revocation.as_ref().map_or(0, |revocation| revocation.through);
                presence.devices().iter().any(|device| device.login <= through)
            };
            let lacking = self.directory.read(users, lacks).await?;
            for (user, _) in users.iter().zip(lacking).filter(|(_, lacks)| *lacks) {
                match self.agree(user, now).await {
                    // The app was deleted meanwhile.
                    Ok(()) | Err(ServiceError::Refused(_)) => {}
                    // The record would fail again at each repetition of the page, and the node would stay lost.
                    Err(ServiceError::Directory(error)) if error.kind == DirectoryErrorKind::Corrupt => {
                        tracing::warn!(%user, %error, "a kick or deletion by a lost node cannot be carried out");
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(page.next.map(|after| RevokedCursor { since, after: Some(after) }))
    }
}
