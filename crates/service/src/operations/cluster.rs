//! The work of a node as a part of its cluster: its start, lost records and connections, and changes of apps by other
//! nodes.

use crate::open_connection::OpenConnection;
use crate::operations::lost_connections::RecordedCursor;
use crate::records::Seeds;
use crate::retries::{LoginEnd, Pending};
use crate::{Service, ServiceError};
use futures_util::future::join_all;
use lamplight_core::{
    Connect, Duty, Loss, LostNode, Presence, Reassert, Reasserted, RecordEpoch, is_record_lost,
};
use lamplight_directory::{DirectoryError, DirectoryErrorKind, News};
use lamplight_model::{AppId, Lane, Moment, NodeId, Now, Timestamp, User, UserId};
use std::collections::{BTreeMap, BTreeSet};

/// The maximum number of times that a connection is put back for one logout.
const MOST_LOGOUTS: usize = 4;

/// The outcome of [`Service::put_back`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PutBack {
    /// Whether the connection was put back.
    pub outcome: Reasserted,
    /// The revision of the record, for [`Audience::entered_again`](crate::Audience::entered_again).
    pub rev: u64,
    /// The epoch of the record. Not meaningful if the connection was refused.
    pub recorded_in: RecordEpoch,
}

/// The outcome of [`Service::clear_lost_node`] or [`Service::hold_own_links`] for one page.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClearedPage {
    /// The number of connections that were ended or held.
    pub ended: usize,
    /// The number of records that could not be written. If the number is above 0, the caller must repeat the page.
    pub failed: usize,
    /// The position of the next page; `None` if this is the last page.
    pub next: Option<RecordedCursor>,
}

impl Service {
    /// Starts the node on stores that other nodes may already use. Returns the number of apps. Does not compare the
    /// live records with the facts; missing records are created from the facts when they are needed.
    pub async fn begin_in_cluster(&self) -> Result<usize, ServiceError> {
        self.records.begin_in_cluster();
        self.read_apps().await?;
        Ok(self.apps.all().len())
    }

    /// The last loss of live records. `None` if the directory has lost no records since this node, or another node of
    /// the register, began.
    pub fn records_lost(&self, now: Now) -> Option<Loss> {
        self.records.lost(now)
    }

    /// The epoch of the directory when this node began, for
    /// [`NodeEntry::epoch`](lamplight_directory::NodeEntry::epoch).
    pub fn first_epoch(&self) -> Timestamp {
        self.records.began()
    }

    /// Records the present epoch of the directory, and `now` as the time at which this node has seen it.
    ///
    /// If the clock of the store was changed, the epoch does not tell the time of the loss. The time at which the node
    /// first saw the epoch is then used. A node of a cluster therefore calls this function twice a second.
    pub fn observe_epoch(&self, now: Now) {
        self.records.observe_epoch(now);
    }

    /// Puts an open connection back into its live record. A missing record is created from the facts.
    ///
    /// The outcome is [`Reasserted::Refused`] if the login has ended or may not connect any more, or if the device has
    /// another connection.
    ///
    /// Fails while this node is [cut off](crate::Duties::is_cut_off) at the time `local` of its own clock, because
    /// other nodes would end the connection again. If the record is removed several times meanwhile, the error asks the
    /// caller to try again.
    pub async fn put_back(
        &self,
        open: &OpenConnection,
        local: Moment,
        now: Now,
    ) -> Result<PutBack, ServiceError> {
        if self.duties.is_cut_off(local) {
            let doing = "putting a connection back while this node is cut off from the register of nodes";
            return Err(DirectoryError { kind: DirectoryErrorKind::Unavailable, doing, source: None }.into());
        }
        self.put_back_now(open, now).await
    }

    pub(crate) async fn put_back_now(
        &self,
        open: &OpenConnection,
        now: Now,
    ) -> Result<PutBack, ServiceError> {
        let OpenConnection {
            user,
            connection,
            device,
            platform,
            login,
            issued,
            recorded_in,
            told,
            subscriptions,
        } = open;
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
        let mut seeds = Seeds::default();
        loop {
            let put_back = self.directory.update_logged(user, now, |presence| {
                // The call that finds the record missing may be the first that notices the loss.
                let epoch = self.directory.epoch_of(user);
                let is_lost = is_record_lost(*recorded_in, epoch);
                let connect = connect.clone();
                let open = Reassert { connect, told: told.as_ref(), subscriptions, is_lost };
                let put_back = presence.reassert(&open, &app.settings, now);
                put_back.map(|outcome| (outcome, RecordEpoch::of(epoch)))
            });
            if let Some(((outcome, recorded_in), logged)) = put_back.await? {
                return Ok(PutBack { outcome, rev: logged.rev, recorded_in });
            }
            seeds.count()?;
            match self.records.seed(user, &app, now).await {
                Ok(()) => {}
                // The account was deleted, and its logins with it.
                Err(ServiceError::Refused(_)) => {
                    let recorded_in = RecordEpoch::of(self.directory.epoch_of(user));
                    return Ok(PutBack { outcome: Reasserted::Refused, rev: 0, recorded_in });
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Logs out the device of an open connection, even if the directory has lost the record and the connection is not
    /// put back yet. `expired` says whether the UserSig has expired.
    pub async fn end_open_login(
        &self,
        open: &OpenConnection,
        expired: bool,
        now: Now,
    ) -> Result<(), ServiceError> {
        let end = if expired { LoginEnd::SigExpired } else { LoginEnd::Logout };
        let ended = self.try_end_open_login(open, end, now).await;
        if ended.is_err() && self.is_in_cluster() && !open.platform.is_web() {
            let (user, connection) = (open.user.clone(), open.connection);
            let open = Some(Box::new(open.clone()));
            self.retries.push(Pending::EndLogin { user, connection, end, open });
        }
        ended
    }

    async fn try_end_open_login(
        &self,
        open: &OpenConnection,
        end: LoginEnd,
        now: Now,
    ) -> Result<(), ServiceError> {
        for _ in 0..MOST_LOGOUTS {
            if self.end_login(&open.user, open.connection, end, now).await? {
                return Ok(());
            }
            // The facts have no Web logins. One that is in no record has ended, unless the record was just lost.
            if open.platform.is_web() && !self.records.are_restored_at(now) {
                return Ok(());
            }
            // Until the connection is put back, the facts may have a login that the record does not have.
            if !self.is_in_cluster() || self.put_back_now(open, now).await?.outcome == Reasserted::Refused {
                return Ok(());
            }
        }
        let doing = "logging out a device whose record is lost each time";
        Err(DirectoryError { kind: DirectoryErrorKind::Contended, doing, source: None }.into())
    }

    /// Ends one page of a lost node's connections in the live records. Usually reads only partitions that are duties of
    /// this node. If other nodes [may not know of the lost node](LostNode::is_everywhere), reads all partitions. The
    /// call may be repeated, also by another node.
    ///
    /// The silence of the lost node gives the last time at which it is known to have run.
    pub async fn clear_lost_node(
        &self,
        lost: LostNode,
        place: RecordedCursor,
        now: Now,
    ) -> Result<ClearedPage, ServiceError> {
        let mut place = place;
        while !lost.is_everywhere && !self.duties.has(Duty::Partition(place.partition())) {
            match place.next_partition(self.directory.partitions()) {
                Some(next) => place = next,
                None => return Ok(ClearedPage::default()),
            }
        }
        let heard = Timestamp(now.wall.0.saturating_sub(lost.unheard.as_millis() as u64));
        self.end_links(lost.node, place, now.moment, heard, now).await
    }

    /// Makes one page of this node's connections count as connected until `until`. A node calls this before it stops,
    /// because its clients then reconnect to other nodes.
    pub async fn hold_own_links(
        &self,
        node: NodeId,
        place: RecordedCursor,
        until: Moment,
        now: Now,
    ) -> Result<ClearedPage, ServiceError> {
        self.end_links(node, place, until, now.wall, now).await
    }

    async fn end_links(
        &self,
        node: NodeId,
        place: RecordedCursor,
        until: Moment,
        heard: Timestamp,
        now: Now,
    ) -> Result<ClearedPage, ServiceError> {
        let page = self.recorded_connections(node, place).await?;
        let users: BTreeSet<User> = page.connections.into_iter().map(|(user, _)| user).collect();
        let end = async |user: &User| {
            let Some(app) = self.apps.get(user.app) else { return Ok(Some(0)) };
            let lose = |presence: &mut Presence| presence.lose_node(node, until, heard, &app.settings, now);
            self.directory.update(user, now, lose).await
        };
        let mut cleared = ClearedPage { next: page.next, ..ClearedPage::default() };
        for done in join_all(users.iter().map(end)).await {
            match done {
                Ok(ended) => cleared.ended += ended.unwrap_or(0),
                Err(error) => {
                    if cleared.failed == 0 {
                        tracing::warn!(%error, "a connection of a node that is gone could not be ended; it will be retried");
                    }
                    cleared.failed += 1;
                }
            }
        }
        Ok(cleared)
    }

    /// Returns `true` if no live record has a connection of the node `node`. Reads all partitions.
    pub async fn has_no_connections(&self, node: NodeId) -> Result<bool, ServiceError> {
        let mut place = Some(RecordedCursor::default());
        while let Some(from) = place {
            let page = self.recorded_connections(node, from).await?;
            if !page.connections.is_empty() {
                return Ok(false);
            }
            place = page.next;
        }
        Ok(true)
    }

    /// Lists up to `limit` users with a login in the facts, in ascending order. If `after` is given, the list begins
    /// after this user.
    pub async fn users_logged_in(
        &self,
        after: Option<User>,
        limit: usize,
    ) -> Result<Vec<User>, ServiceError> {
        Ok(self.facts.users_logged_in(after, limit).await?)
    }

    /// Creates the missing live records of these users from their logins in the facts. Logins from after the loss are
    /// ignored, because their own operations update the live records.
    ///
    /// An existing record may have a connection of a node that this node does not know. That node is then cleared as
    /// lost, unless it joins the register.
    pub async fn restore_absent(&self, users: &[User], now: Now) -> Result<(), ServiceError> {
        let mut by_app: BTreeMap<AppId, Vec<User>> = BTreeMap::new();
        for user in users {
            by_app.entry(user.app).or_default().push(user.clone());
        }
        for (id, users) in by_app {
            let Some(app) = self.apps.get(id) else { continue };
            let nodes = self.records.restore_absent(&app, &users, now).await?;
            self.duties.suspect(nodes);
        }
        Ok(())
    }

    /// Updates this node's table of apps with the changes of other nodes, and notifies this node's clients. Returns the
    /// ids of the changed apps.
    ///
    /// For each change, this node appends an entry of its own to the log. Its workers may have read the other node's
    /// entry before this node's table had the change.
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
                self.deletions.end_of_made_again(app.id);
                changed.push(app.id);
                self.app_changed(app);
            }
        }
        Ok(changed)
    }

    /// Whether this node has the duty to send the notices of a lane.
    pub fn has_lane(&self, lane: Lane) -> bool {
        self.duties.has(Duty::Lane(lane))
    }

    /// Tells the other nodes that a lane has new notices.
    pub fn tell_notices(&self, lane: Lane) {
        self.telling.tell(&nobody(lane.app), News::Notices(lane));
    }

    pub(crate) fn tell_app(&self, id: AppId) {
        self.telling.tell(&nobody(id), News::App(id));
        // The URL to which waiting notices are sent may have changed.
        self.outbox.ring_for(id);
    }

    /// Reads the apps and the unfinished deletions of apps from the facts.
    pub(crate) async fn read_apps(&self) -> Result<(), ServiceError> {
        for app in self.facts.apps().await? {
            self.apps.put(app);
        }
        self.deletions.adopt(self.facts.deleted_apps().await?);
        Ok(())
    }
}

/// The user in log entries that are about an app as a whole.
fn nobody(app: AppId) -> User {
    User::new(app, UserId::new("*").expect("printable"))
}
