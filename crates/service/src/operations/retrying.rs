//! Executes the operations in the retry list.

use crate::records::Seeds;
use crate::retries::{LoginEnd, Pending, mark_of};
use crate::{Service, ServiceError};
use futures_util::future::join_all;
use lamplight_core::{Presence, RefusedLogin, Transition};
use lamplight_directory::News;
use lamplight_facts::{EndedLogin, Revoked};
use lamplight_model::{DeviceId, Now, Timestamp, User};

impl Service {
    /// Removes deleted accounts from the subscription lists of other users, and retries operations of the retry list.
    /// Returns the number of operations that still wait. The keeper calls this function at every tick.
    pub async fn retry(&self, now: Now) -> usize {
        if let Err(error) = self.forget_deleted(now).await {
            tracing::warn!(%error, "cannot take a deleted account off the subscription lists; it will be retried");
        }
        let operations = self.retries.take(now.moment);
        if !operations.is_empty() {
            let done = join_all(operations.iter().map(|operation| self.carry_out(operation, now))).await;
            // A refusal also completes the operation, for example because the app was deleted.
            let done: Vec<Result<(), ServiceError>> = done
                .into_iter()
                .map(|done| match done {
                    Err(ServiceError::Refused(_)) => Ok(()),
                    other => other,
                })
                .collect();
            let any_done = done.iter().any(Result::is_ok);
            let failed = operations.into_iter().zip(done).filter_map(|(operation, done)| {
                done.err().map(|error| {
                    tracing::debug!(%error, ?operation, "an operation has failed again and will be retried");
                    operation
                })
            });
            self.retries.put_back(failed.collect(), any_done, now.moment);
        }
        self.retries.count().0
    }

    /// The number of waiting operations, and the number of operations that were dropped since the start.
    pub fn retries(&self) -> (usize, u64) {
        self.retries.count()
    }

    async fn carry_out(&self, operation: &Pending, now: Now) -> Result<(), ServiceError> {
        match operation {
            Pending::Disconnect { user, connection, end, heard } => {
                self.disconnect_live(user, *connection, *end, *heard, now).await
            }
            Pending::EndLogin { user, connection, end, open } => {
                let app = self.app(user)?;
                if let Some(open) = open {
                    self.put_back_now(open, now).await?;
                }
                let expired = *end == LoginEnd::SigExpired;
                let ended = self.directory.update(user, now, |presence| {
                    let ended = presence.log_out_late(*connection, expired, &app.settings, now);
                    ended.map(|()| presence.unsettled_ends().cloned().collect::<Vec<_>>())
                });
                let unsettled = ended.await?.unwrap_or_default();
                if !unsettled.is_empty() {
                    self.settle_or_retry(user, unsettled, now).await;
                }
                Ok(())
            }
            Pending::TakeBack { user, refused } => self.take_back(user, refused, now).await,
            Pending::Unrecord { user, device, by_app, at } => {
                self.unrecord(user, device, *by_app, *at, now).await
            }
            Pending::Agree { user } => self.agree(user, now).await,
            Pending::Restrict { user } => self.apply_restrictions(user, now).await,
            Pending::Befriend { user } => {
                self.try_apply_friendship(std::slice::from_ref(user), now).await?;
                // The call that has failed may have told nobody. Connections of the user may still watch a former friend,
                // for example one whose account was deleted.
                self.telling.tell(user, News::ListsUnknown);
                Ok(())
            }
            Pending::Push { user, since } => self.push_missed(user, *since, now).await,
        }
    }

    /// Ends a login, in the live record and in the facts, because it was recorded and then refused.
    pub(crate) async fn take_back(
        &self,
        user: &User,
        refused: &RefusedLogin,
        now: Now,
    ) -> Result<(), ServiceError> {
        let app = self.app(user)?;
        let mut seeds = Seeds::default();
        let unsettled = loop {
            let unsettled = self.directory.update(user, now, |presence| {
                let taken_back = presence.take_back(refused, &app.settings, now);
                taken_back.map(|()| presence.unsettled_ends().cloned().collect::<Vec<_>>())
            });
            if let Some(unsettled) = unsettled.await? {
                break unsettled;
            }
            // A record that is being created from the current facts must not be stored after this operation.
            match self.seed_again(&mut seeds, user, &app, now).await {
                Ok(()) => {}
                // The account was deleted, and its logins were ended with it.
                Err(ServiceError::Refused(_)) => return Ok(()),
                Err(error) => return Err(error),
            }
        };
        if unsettled.is_empty() {
            return Ok(());
        }
        self.settle(user, unsettled, now).await
    }

    /// Undoes a refused login that the facts may have recorded at the time `at`. If a login of the user is in progress,
    /// the operation is retried later.
    async fn unrecord(
        &self,
        user: &User,
        device: &DeviceId,
        by_app: bool,
        at: Timestamp,
        now: Now,
    ) -> Result<(), ServiceError> {
        if self.entering.has(user) {
            self.retries.push(Pending::Unrecord { user: user.clone(), device: device.clone(), by_app, at });
            return Ok(());
        }
        let recorded = self.facts.logins(user.clone()).await?;
        // A login at another time was recorded by another call, perhaps of another node.
        let login = recorded.iter().find(|login| login.device == *device);
        if login.is_some_and(|login| login.at != at) {
            return Ok(());
        }
        let live = self.directory.read(std::slice::from_ref(user), |_, presence| {
            let devices = presence.into_iter().flat_map(Presence::devices);
            let native = devices.filter(|it| it.id == *device && !it.platform.is_web());
            native.map(|it| (it.login, it.platform)).max_by_key(|(login, _)| *login)
        });
        let live = live.await?.remove(0);
        if self.entering.has(user) {
            self.retries.push(Pending::Unrecord { user: user.clone(), device: device.clone(), by_app, at });
            return Ok(());
        }
        let refused = |login, platform| {
            let (device, why) = (device.clone(), mark_of(by_app));
            RefusedLogin { device, platform, login, connection: None, why }
        };
        match (login, live) {
            (Some(login), live) if live.is_none_or(|(live, _)| live < login.number) => {
                self.take_back(user, &refused(login.number, login.platform), now).await
            }
            // In the facts, a Web login has replaced a native login that is still in the live record.
            (None, Some((login, platform))) => self.take_back(user, &refused(login, platform), now).await,
            (Some(_) | None, _) => Ok(()),
        }
    }

    /// Updates the live record of a user to the state of the account in the facts: created, kicked or deleted. If the
    /// account was created again, the record may still have the restrictions of the former account. They are replaced.
    pub(crate) async fn agree(&self, user: &User, now: Now) -> Result<(), ServiceError> {
        self.agree_about_account(user, now).await?;
        let is_restricted = |_: &User, presence: Option<&Presence>| {
            presence.is_some_and(|it| !it.is_deleted() && it.restrictions().is_some())
        };
        if self.directory.read(std::slice::from_ref(user), is_restricted).await? == [true] {
            self.apply_restrictions(user, now).await?;
        }
        Ok(())
    }

    /// Does the work of [`Service::agree`] without the restrictions.
    pub(crate) async fn agree_about_account(&self, user: &User, now: Now) -> Result<(), ServiceError> {
        let app = self.app(user)?;
        let account = self.facts.accounts(vec![user.clone()]).await?.remove(0);
        let revocation = self.facts.revocation(user.clone()).await?;
        let is_there = account.is_some();
        let agreed = self.directory.update(user, now, |presence| {
            let mut transition = match &revocation {
                Some(it) if is_there => {
                    presence.kick(it.through, &it.revoked, &app.settings, now).map(|(_, unrefused)| unrefused)
                }
                Some(it) => presence
                    .delete(it.through, &it.revoked, &app.settings, now)
                    .map(|(_, unrefused)| unrefused),
                None => Transition::quiet(Vec::new()),
            };
            if let Some(account) = &account {
                let restored = presence.restore_account(account.born);
                transition.changed |= restored.changed;
                transition.restricted |= restored.restricted;
            }
            transition
        });
        if let (Some(unrefused), Some(it)) = (agreed.await?, revocation)
            && !unrefused.is_empty()
        {
            // The ended logins used UserSigs that are not revoked in the facts yet.
            self.facts.revoke_sigs(user.clone(), Revoked::new(it.revoked.at, unrefused)).await?;
        }
        if !is_there {
            self.forget_later(user);
        }
        Ok(())
    }

    /// Stores ended logins in the facts, and then removes them from the live record. If the operation fails,
    /// [`Service::settle_due`] retries it.
    pub(crate) async fn settle(
        &self,
        user: &User,
        ends: Vec<EndedLogin>,
        now: Now,
    ) -> Result<(), ServiceError> {
        self.facts.end_logins(user.clone(), ends.clone()).await?;
        if !self.records.are_restored_at(now) {
            self.directory.update(user, now, |presence| presence.ends_settled(&ends)).await?;
            return Ok(());
        }
        // The directory may have lost the record with these ends. Another call may be creating the record again, from
        // facts that were read before the ends were stored in them.
        let app = self.app(user)?;
        let mut seeds = Seeds::default();
        loop {
            let settled = self
                .directory
                .update(user, now, |presence| presence.ends_settled_after_loss(&ends, &app.settings, now));
            if settled.await?.is_some() {
                return Ok(());
            }
            match self.seed_again(&mut seeds, user, &app, now).await {
                Ok(()) => {}
                // The account was deleted, and its logins were ended with it.
                Err(ServiceError::Refused(_)) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    /// Settles the ends as [`Service::settle`] does, but only logs a failure. [`Service::settle_due`] retries the
    /// operation later.
    pub(crate) async fn settle_or_retry(&self, user: &User, ends: Vec<EndedLogin>, now: Now) {
        if let Err(error) = self.settle(user, ends, now).await {
            tracing::warn!(%error, "cannot store the end of a login; it will be retried");
        }
    }
}
