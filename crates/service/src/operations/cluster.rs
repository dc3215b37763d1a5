//! The work of a node that shares its stores with others: its beginning, records and connections that were lost, and
//! changes that other nodes have made.

use crate::operations::lost_connections::RecordedCursor;
use crate::{Service, ServiceError};
use futures_util::future::join_all;
use lamplight_core::{Connect, Duty, LostNode, Reassert, Reasserted};
use lamplight_directory::News;
use lamplight_model::{AppId, ConnectionId, DeviceId, Now, Platform, Timestamp, User, UserId, UserStatus};
use std::collections::{BTreeMap, BTreeSet};

/// An open connection of this node, with what the node knows of its user.
#[derive(Clone, Debug)]
pub struct OpenConnection {
    /// The user.
    pub user: User,
    /// The connection.
    pub connection: ConnectionId,
    /// The device.
    pub device: DeviceId,
    /// The platform that the device runs on.
    pub platform: Platform,
    /// The number of its login.
    pub login: u64,
    /// The second in which its UserSig was issued.
    pub issued: u64,
    /// The newest status of the user that the node has sent to anybody, if it has sent one.
    pub told: Option<UserStatus>,
    /// The subscription list as the node knows it, earliest first.
    pub subscriptions: Vec<UserId>,
}

/// A page of [`Service::clear_lost_node`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClearedPage {
    /// The number of links that ended.
    pub ended: usize,
    /// The number of records that could not be written. The page has to be repeated.
    pub failed: usize,
    /// The position of the next page; `None` after the last.
    pub next: Option<RecordedCursor>,
}

impl Service {
    /// Begins on stores that other nodes may be using already. Their records are not compared with the facts: a record is
    /// rebuilt from the facts when it is absent.
    pub async fn begin_in_cluster(&self) -> Result<usize, ServiceError> {
        self.records.begin_in_cluster();
        self.read_apps().await?;
        Ok(self.apps.all().len())
    }

    /// The time since which the directory has its present data, if it has lost the data that this node had seen before.
    pub fn records_lost_at(&self) -> Option<Timestamp> {
        self.records.lost_at()
    }

    /// Puts an open connection back into its record, which is rebuilt from the facts if it is absent. The connection is
    /// refused if its login has ended meanwhile, or if its device has another connection.
    pub async fn put_back(&self, open: &OpenConnection, now: Now) -> Result<Reasserted, ServiceError> {
        let OpenConnection { user, connection, device, platform, login, issued, told, subscriptions } = open;
        let app = self.app(user)?;
        let connect = Connect {
            device,
            platform: *platform,
            login: *login,
            born: 0,
            issued: *issued,
            connection: *connection,
            address: None,
        };
        let open = Reassert { connect, told: told.as_ref(), subscriptions };
        loop {
            let put_back =
                self.directory.update(user, now, |presence| presence.reassert(&open, &app.settings, now));
            if let Some(outcome) = put_back.await? {
                return Ok(outcome);
            }
            match self.records.seed(user, &app, now).await {
                Ok(()) => {}
                // The account was deleted, and its logins with it.
                Err(ServiceError::Refused(_)) => return Ok(Reasserted::Refused),
                Err(error) => return Err(error),
            }
        }
    }

    /// Ends the links of a lost node, one page of its connections at a time, in the partitions that are duties of this
    /// node. Done twice, or by two nodes, it does no harm.
    ///
    /// `heard` is the last time at which the node is known to have run.
    pub async fn clear_lost_node(
        &self,
        lost: LostNode,
        place: RecordedCursor,
        heard: Timestamp,
        now: Now,
    ) -> Result<ClearedPage, ServiceError> {
        let mut place = place;
        while !self.duties.has(Duty::Partition(place.partition())) {
            match place.next_partition(self.directory.partitions()) {
                Some(next) => place = next,
                None => return Ok(ClearedPage::default()),
            }
        }
        let page = self.recorded_connections(lost.node, place).await?;
        let users: BTreeSet<User> = page.connections.into_iter().map(|(user, _)| user).collect();
        let clear = async |user: &User| {
            let Some(app) = self.apps.get(user.app) else { return Ok(Some(0)) };
            self.directory
                .update(user, now, |presence| {
                    presence.lose_node(lost.node, now.moment, heard, &app.settings, now)
                })
                .await
        };
        let mut cleared = ClearedPage { next: page.next, ..ClearedPage::default() };
        for done in join_all(users.iter().map(clear)).await {
            match done {
                Ok(ended) => cleared.ended += ended.unwrap_or(0),
                Err(error) => {
                    if cleared.failed == 0 {
                        tracing::warn!(%error, "a connection of a lost node could not be ended; it will be retried");
                    }
                    cleared.failed += 1;
                }
            }
        }
        Ok(cleared)
    }

    /// The users with a durable login in the facts, by rising id.
    pub async fn users_logged_in(&self) -> Result<Vec<User>, ServiceError> {
        let logins = self.facts.all_logins().await?;
        let users: BTreeSet<User> = logins.into_iter().map(|(user, _)| user).collect();
        Ok(users.into_iter().collect())
    }

    /// Rebuilds the absent records of these users, who have logins in the facts. Logins that are being made now are left
    /// to their operation.
    pub async fn restore_absent(&self, users: &[User], now: Now) -> Result<(), ServiceError> {
        let mut by_app: BTreeMap<AppId, Vec<User>> = BTreeMap::new();
        for user in users {
            by_app.entry(user.app).or_default().push(user.clone());
        }
        for (id, users) in by_app {
            let Some(app) = self.apps.get(id) else { continue };
            self.records.restore_absent(&app, &users, now).await?;
        }
        Ok(())
    }

    /// Takes over the changes of apps that other nodes have made, and notifies the clients here. Returns the apps that
    /// have changed.
    ///
    /// A node that takes a change over reports it once more, because the workers of a node may have heard the first report
    /// before the node knew the change. This ends when every node has it.
    pub async fn refresh_apps(&self) -> Result<Vec<AppId>, ServiceError> {
        let _changing = self.apps.lock_changes().await;
        let stored = self.facts.apps().await?;
        let deleted = self.facts.deleted_apps().await?;
        let mut changed = Vec::new();
        let is_stored = |id: AppId| stored.iter().any(|app| app.id == id);
        for gone in self.apps.all().into_iter().filter(|app| !is_stored(app.id)) {
            self.deletions.adopt_live(&gone);
            self.tell_app(gone.id);
            changed.push(gone.id);
        }
        self.deletions.adopt(deleted);
        for app in stored {
            if self.apps.get(app.id).is_none_or(|known| *known != app) {
                changed.push(app.id);
                self.app_changed(app);
            }
        }
        Ok(changed)
    }

    pub(crate) fn tell_app(&self, id: AppId) {
        let nobody = User::new(id, UserId::new("*").expect("printable"));
        self.telling.tell(&nobody, News::App(id));
        // The URL to which waiting notices are sent may have changed.
        self.outbox.ring_for(id);
    }

    /// Reads the apps from the facts.
    pub(crate) async fn read_apps(&self) -> Result<(), ServiceError> {
        for app in self.facts.apps().await? {
            self.apps.put(app);
        }
        self.deletions.adopt(self.facts.deleted_apps().await?);
        Ok(())
    }
}
