//! The work that a node does without a call: deadlines and retention.

use crate::retries::Pending;
use crate::settling::Work;
use crate::{Service, ServiceError};
use futures_util::future::{join_all, join3, try_join_all};
use lamplight_core::{Duty, Expired, Presence};
use lamplight_directory::{DirectoryError, DirectoryErrorKind};
use lamplight_model::{Now, Timestamp, User};

/// The number of partitions that are searched in one call.
const PARTITIONS_AT_ONCE: usize = 32;

const DAY_MS: u64 = 24 * 3_600_000;

/// The result of [`Service::expire_due`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Expiring {
    /// The number of records that were due. Records that wait for [`Service::settle_due`] because their app is unknown
    /// are not counted.
    pub looked_at: usize,
    /// The number of due records that could not be written, or could not be added to the work of
    /// [`Service::settle_due`]. They are still due.
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
    ///
    /// Calls only the directory. Work that needs the facts is left to [`Service::settle_due`], except the end of the
    /// logins of a hidden user who is away, which is left to [`Service::retry`].
    pub async fn expire_due(&self, limit: usize, now: Now) -> Result<Expiring, ServiceError> {
        let (mut due, mut failed) = (Vec::new(), 0);
        let waiting = self.settling.of_unknown_apps();
        let found_at_most = limit + waiting.len();
        let own = (0..self.directory.partitions()).filter(|it| self.duties.has(Duty::Partition(*it)));
        for some in own.collect::<Vec<_>>().chunks(PARTITIONS_AT_ONCE) {
            let found = some.iter().map(|it| self.directory.due(*it, now.moment, found_at_most));
            let found = try_join_all(found).await?.into_iter().flatten();
            due.extend(found.filter(|user| !waiting.contains(user)));
            due.truncate(limit);
            if due.len() == limit {
                break;
            }
        }
        // The records are processed concurrently, because the directory may be in another process.
        let done = join_all(due.iter().map(|user| self.expire(user, now))).await;
        for error in done.into_iter().filter_map(Result::err) {
            if failed == 0 {
                tracing::warn!(%error, "cannot carry out a deadline of a user; it will be retried");
            }
            failed += 1;
        }
        Ok(Expiring { looked_at: due.len(), failed })
    }

    /// Processes the deadlines of one record.
    async fn expire(&self, user: &User, now: Now) -> Result<(), ServiceError> {
        let Some(app) = self.apps.get(user.app) else {
            return match self.settling.push(user, Work::UnknownApp) {
                true => Ok(()),
                false => Err(too_many_settle()),
            };
        };
        let (mut is_custom_over, mut away_differs) = (false, false);
        let expired = self.directory.update(user, now, |presence| {
            is_custom_over = presence.is_custom_status_over(now.moment);
            let away_was = presence.away_logins();
            let expired = presence.expire(&app.settings, now);
            away_differs = presence.away_logins() != away_was;
            expired
        });
        let Some(Expired { to_settle, is_over, is_on_lists, .. }) = expired.await? else { return Ok(()) };
        self.records.count_custom_expired(is_custom_over.into());
        if is_on_lists {
            self.deleted.add_again(user);
        }
        // If the work cannot be added now, it is due again later.
        if is_over {
            // The facts have ended the logins of a deleted account. If the account exists again, the ends are due again.
            self.settling.push(user, Work::Over);
        } else if !to_settle.is_empty() {
            self.settling.push(user, Work::Ends(to_settle));
        }
        if away_differs {
            // The facts end the login of a user who is away.
            self.retries.push(Pending::Restrict { user: user.clone() });
        }
        Ok(())
    }

    /// Waits until there is work for [`Service::settle_due`].
    pub async fn due_work_waits(&self) {
        self.settling.waits().await;
    }

    /// Does due work that [`Service::expire_due`] has found and that needs the facts, for a limited number of users:
    /// stores ended logins, and removes records of deleted accounts and apps. Work that fails is due again later. If this
    /// future is dropped, the records still have the work.
    ///
    /// The call may wait for the facts. Must not be called again before it has ended.
    pub async fn settle_due(&self, now: Now) {
        let (mut ends, mut of_unknown_apps, mut over) = (Vec::new(), Vec::new(), Vec::new());
        let (work, _under_way) = self.settling.take();
        for (user, work) in work {
            match work {
                Work::Ends(ended) => ends.push((user, ended)),
                Work::UnknownApp => of_unknown_apps.push(user),
                Work::Over => over.push(user),
            }
        }
        // Concurrent writes to the facts share commits.
        let settling =
            join_all(ends.iter().map(|(user, ended)| self.settle_or_retry(user, ended.clone(), now)));
        let without_app = self.end_records_without_app(&of_unknown_apps, now);
        let (_, ended, removed) = join3(settling, without_app, self.remove_over(over, now)).await;
        if let Err(error) = ended {
            tracing::warn!(%error, "cannot remove the records of unknown apps; it will be retried");
        }
        if let Err(error) = removed {
            tracing::warn!(%error, "cannot remove the records of deleted accounts; it will be retried");
        }
    }

    /// Removes those of the records whose app was deleted.
    async fn end_records_without_app(&self, users: &[User], now: Now) -> Result<(), ServiceError> {
        if users.is_empty() {
            return Ok(());
        }
        // Another node may have created an app, and this node may not have read that yet.
        self.refresh_apps().await?;
        let unknown = users.iter().filter(|user| self.apps.get(user.app).is_none());
        let ended = join_all(unknown.map(|user| self.deletions.end_record_without_app(user, now))).await;
        ended.into_iter().collect()
    }

    /// Removes records of deleted accounts that were kept long enough.
    ///
    /// The facts may have an account again whose creation has not reached the record. Its friends already watch it and
    /// have the version of the record. Without the record, the account would have another version, of which nobody is
    /// told. The record is therefore kept as that of the account.
    async fn remove_over(&self, over: Vec<User>, now: Now) -> Result<(), ServiceError> {
        if over.is_empty() {
            return Ok(());
        }
        let accounts = self.facts.accounts(over.clone()).await?;
        let found = || over.iter().zip(&accounts);
        let gone: Vec<User> =
            found().filter(|(_, account)| account.is_none()).map(|(user, _)| user.clone()).collect();
        if self.is_in_cluster() {
            // The node that has deleted an account may have ended before it took the account off all lists.
            self.forget_deleted_users(&gone, now).await?;
        }
        let remove = |(user, account)| async move {
            if Option::is_some(account) {
                self.agree(user, now).await?;
            }
            // The record of an account that exists again is kept, also if the account was created just now.
            self.directory.remove_if(user, Presence::is_forgettable, now).await?;
            Ok(())
        };
        let removed: Vec<Result<(), ServiceError>> = join_all(found().map(remove)).await;
        removed.into_iter().collect()
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

/// The error for a record that is still due because too much work waits for the facts.
fn too_many_settle() -> ServiceError {
    let doing = "removing the record of an unknown app, while too many records wait for the facts";
    DirectoryError { kind: DirectoryErrorKind::Unavailable, doing, source: None }.into()
}
