//! What a node does without being asked: recovery at its start, deadlines, forgetting.

use crate::{Service, ServiceError};
use lamplight_core::Transition;
use lamplight_facts::{Account, EndedLogin, Login, NewLogin};
use lamplight_model::{DeviceId, Now, Platform, Timestamp, User};
use std::collections::HashMap;
use std::sync::atomic::Ordering;

/// How many accounts are asked for in one call.
const ACCOUNTS_AT_ONCE: usize = 500;

const DAY_MS: u64 = 24 * 3_600_000;

/// What [`Service::recover`] found.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Recovery {
    /// Apps.
    pub apps: usize,
    /// Users with a native login.
    pub users: usize,
}

impl Service {
    /// Reads the apps, and brings facts and live records into agreement after a restart. `live` are the users
    /// with a live record; of what was before `complete_since`, records may be missing.
    pub async fn recover(
        &self,
        live: Vec<User>,
        complete_since: Timestamp,
        now: Now,
    ) -> Result<Recovery, ServiceError> {
        for app in self.facts.apps().await? {
            self.apps.put(app);
        }
        self.lost_before.store(complete_since.0, Ordering::Relaxed);
        let mut facts: HashMap<User, Vec<Login>> = HashMap::new();
        for (user, login) in self.facts.all_logins().await? {
            facts.entry(user).or_default().push(login);
        }
        // A record has its logins earliest first: who is kicked depends on it.
        facts.values_mut().for_each(|logins| logins.sort_by_key(|login| login.at));
        let users = facts.len();
        for some in live.chunks(ACCOUNTS_AT_ONCE) {
            let accounts = self.facts.accounts(some.to_vec()).await?;
            for (user, account) in some.iter().zip(accounts) {
                let logins = facts.remove(user).unwrap_or_default();
                self.recover_live(user, account, logins, now).await?;
            }
        }
        for (user, logins) in facts {
            let Some(app) = self.apps.get(user.app) else { continue };
            if let [Some(account)] = &self.facts.accounts(vec![user.clone()]).await?[..] {
                self.directory.seed(&user, self.rebuild(account, logins, &app, now), now).await?;
            }
        }
        Ok(Recovery { apps: self.apps.all().len(), users })
    }

    async fn recover_live(
        &self,
        user: &User,
        account: Option<Account>,
        logins: Vec<Login>,
        now: Now,
    ) -> Result<(), ServiceError> {
        let Some(app) = self.apps.get(user.app) else {
            return Ok(self.directory.remove(user, now).await?);
        };
        let Some(account) = account else {
            // Deleted, now or while no node ran.
            self.directory
                .update(user, now, |presence| match presence.is_deleted() {
                    true => Transition::quiet(Vec::new()),
                    false => presence.delete(&app.settings, now),
                })
                .await?;
            return Ok(());
        };
        let logins: Vec<(DeviceId, Platform)> =
            logins.into_iter().map(|login| (login.device, login.platform)).collect();
        let revoked = account.sigs_revoked;
        self.directory
            .update(user, now, |presence| presence.adopt_facts(&logins, revoked, &app.settings, now))
            .await?;
        Ok(())
    }

    /// Does what is due in up to `limit` live records: lingers and graces end, logins lapse, subscription lists
    /// are given up. Says how many records it looked at; as many as `limit` means that more may be due.
    pub async fn expire_due(&self, limit: usize, now: Now) -> Result<usize, ServiceError> {
        let due = self.directory.due(now.moment, limit).await?;
        for user in &due {
            self.expire(user, now).await?;
        }
        Ok(due.len())
    }

    async fn expire(&self, user: &User, now: Now) -> Result<(), ServiceError> {
        let Some(app) = self.apps.get(user.app) else {
            return Ok(self.directory.remove(user, now).await?);
        };
        let lapsing = self.directory.read(std::slice::from_ref(user), |_, presence| {
            presence
                .map(|presence| presence.lapsing(now.moment).cloned().collect::<Vec<_>>())
                .unwrap_or_default()
        });
        let lapsing = lapsing.await?.remove(0);
        if !lapsing.is_empty() {
            let ended =
                lapsing.iter().map(|device| EndedLogin { device: device.clone(), mark: None }).collect();
            self.facts.end_logins(user.clone(), ended).await?;
        }
        let expired = self.directory.update(user, now, |presence| {
            let transition = presence.expire(&app.settings, now);
            let back: Vec<(DeviceId, Platform)> = presence
                .devices()
                .iter()
                .filter(|device| lapsing.contains(&device.id))
                .map(|device| (device.id.clone(), device.platform))
                .collect();
            transition.map(|expired| (back, expired.is_over))
        });
        // A device that came back between the two steps is logged in, and must be so in the facts.
        let (back, is_over) = expired.await?.unwrap_or_default();
        if is_over {
            self.directory.remove(user, now).await?;
        }
        for (device, platform) in back {
            let login = Login { device, platform, at: now.wall };
            let again = NewLogin { user: user.clone(), login, durable: true, resume: false };
            self.facts.record_login(again).await?;
        }
        Ok(())
    }

    /// Forgets up to `limit` messages that are older than their app keeps them. Says how many; as many as `limit`
    /// means that there may be more.
    pub async fn forget_messages(&self, limit: usize, now: Now) -> Result<usize, ServiceError> {
        let mut forgotten = 0;
        for app in self.apps.all() {
            let days = app.settings.timing.message_retention_days;
            if days == 0 || forgotten == limit {
                continue;
            }
            let before = Timestamp(now.wall.0.saturating_sub(u64::from(days) * DAY_MS));
            forgotten += self.facts.forget_messages(app.id, before, limit - forgotten).await?;
        }
        Ok(forgotten)
    }

    /// Forgets rate windows and failed logins that no longer matter. To be called every few seconds.
    pub fn sweep(&self, now: Now) {
        self.windows.sweep(now.moment);
        self.throttle.sweep(now.moment);
    }
}
