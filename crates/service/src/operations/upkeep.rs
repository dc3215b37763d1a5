//! The work that a node does without a call: deadlines and retention.

use crate::{Service, ServiceError};
use futures_util::future::{join_all, try_join_all};
use lamplight_core::{Duty, Expired};
use lamplight_model::{Now, Timestamp, User};

/// The number of partitions that are searched in one call.
const PARTITIONS_AT_ONCE: usize = 32;

const DAY_MS: u64 = 24 * 3_600_000;

/// The result of [`Service::expire_due`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Expiring {
    /// The number of records that were due.
    pub looked_at: usize,
    /// The number of due records that could not be written. They are still due.
    pub failed: usize,
}

impl Service {
    /// Returns the number of custom statuses that this node has cleared since its start because their duration had
    /// passed.
    pub fn custom_statuses_expired(&self) -> u64 {
        self.records.custom_expired()
    }

    /// Processes the deadlines of up to `limit` live records, in the partitions that are duties of this node. A record
    /// that cannot be written does not delay others. If [`Expiring::looked_at`] equals `limit`, more records may be
    /// due.
    pub async fn expire_due(&self, limit: usize, now: Now) -> Result<Expiring, ServiceError> {
        let (mut due, mut failed) = (Vec::new(), 0);
        let own = (0..self.directory.partitions()).filter(|it| self.duties.has(Duty::Partition(*it)));
        for some in own.collect::<Vec<_>>().chunks(PARTITIONS_AT_ONCE) {
            let found = some.iter().map(|it| self.directory.due(*it, now.moment, limit - due.len()));
            due.extend(try_join_all(found).await?.into_iter().flatten());
            due.truncate(limit);
            if due.len() == limit {
                break;
            }
        }
        // Another node may have created an app, and this node may not have read that yet.
        if due.iter().any(|user| self.apps.get(user.app).is_none())
            && let Err(error) = self.refresh_apps().await
        {
            tracing::warn!(%error, "cannot read the apps; records of unknown apps wait");
            due.retain(|user| self.apps.get(user.app).is_some());
            failed = 1;
        }
        // The records are processed concurrently, so that their writes to the facts share commits.
        let done = join_all(due.iter().map(|user| self.expire(user, now))).await;
        let over = due.iter().zip(&done).filter(|(_, done)| matches!(done, Ok(true)));
        let removed = self.remove_over(over.map(|(user, _)| user.clone()).collect(), now).await;
        for error in done.into_iter().filter_map(Result::err).chain(removed.err()) {
            if failed == 0 {
                tracing::warn!(%error, "cannot carry out a deadline of a user; it will be retried");
            }
            failed += 1;
        }
        Ok(Expiring { looked_at: due.len(), failed })
    }

    /// Processes the deadlines of one record. Returns whether it is the record of a deleted account that was kept long
    /// enough, and has to be removed.
    async fn expire(&self, user: &User, now: Now) -> Result<bool, ServiceError> {
        let Some(app) = self.apps.get(user.app) else {
            self.deletions.end_record_without_app(user, now).await?;
            return Ok(false);
        };
        let (mut is_custom_over, mut away_differs) = (false, false);
        let expired = self.directory.update(user, now, |presence| {
            is_custom_over = presence.is_custom_status_over(now.moment);
            let away_was = presence.away_logins();
            let expired = presence.expire(&app.settings, now);
            away_differs = presence.away_logins() != away_was;
            expired
        });
        let Some(Expired { to_settle, is_over, is_on_lists, .. }) = expired.await? else { return Ok(false) };
        self.records.count_custom_expired(is_custom_over.into());
        if is_on_lists {
            self.deleted.add_again(user);
        }
        if !to_settle.is_empty() {
            self.settle_or_retry(user, to_settle, now).await;
        }
        if away_differs {
            // The facts end the login of a user who is away.
            self.apply_or_retry(user, now).await?;
        }
        Ok(is_over)
    }

    /// Removes records of deleted accounts that were kept long enough.
    async fn remove_over(&self, over: Vec<User>, now: Now) -> Result<(), ServiceError> {
        if self.is_in_cluster() {
            // The node that has deleted an account may have ended before it took the account off all lists.
            self.forget_deleted_users(&over, now).await?;
        }
        // A record is kept if the account was created again and has had a login since.
        let is_forgettable = lamplight_core::Presence::is_forgettable;
        try_join_all(over.iter().map(|user| self.directory.remove_if(user, is_forgettable, now))).await?;
        Ok(())
    }

    /// Deletes up to `limit` messages that are older than the retention of their app, and returns their number. If this
    /// number equals `limit`, there may be more.
    ///
    /// A node without [`Duty::Whole`] deletes none. After a leap of the wall clock, no messages are deleted for a
    /// while: see [`RetentionClock`].
    ///
    /// [`RetentionClock`]: lamplight_core::RetentionClock
    pub async fn forget_messages(&self, limit: usize, now: Now) -> Result<usize, ServiceError> {
        let wall = self.retention.lock().read(now);
        let Some(wall) = wall.filter(|_| self.duties.has(Duty::Whole)) else { return Ok(0) };
        let mut forgotten = 0;
        for app in self.apps.all() {
            let days = app.settings.timing.message_retention_days;
            if days == 0 || forgotten == limit {
                continue;
            }
            let before = Timestamp(wall.0.saturating_sub(u64::from(days) * DAY_MS));
            forgotten += self.facts.forget_messages(app.id, before, limit - forgotten).await?;
        }
        Ok(forgotten)
    }

    /// Removes entries of the rate limits and of failed logins that are no longer needed. The keeper calls it every few
    /// seconds.
    pub fn sweep(&self, now: Now) {
        self.rates.sweep(now.moment);
        self.tokens.sweep(now.moment);
    }
}
