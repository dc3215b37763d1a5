//! The operations on apps and accounts for operators and the app's backend.

use crate::deleted_accounts::Deleted;
use crate::records::Seeds;
use crate::retries::Pending;
use crate::{Service, ServiceError};
use lamplight_auth::JwtKeySet;
use lamplight_core::Presence;
use lamplight_directory::News;
use lamplight_facts::AccountDeleted;
use lamplight_model::{
    App, Code, JwtSettings, MOST_KEYS, Now, Refusal, Revoked, Timestamp, User, UserId, WebhookUrl,
    is_key_file_name,
};

use std::collections::BTreeSet;

/// The maximum number of admins of one app.
pub const MAX_ADMINS: usize = 100;

impl Service {
    /// Creates an app, or replaces it completely. Refuses an invalid setting, or an app that is being deleted, with
    /// 6017.
    pub async fn put_app(&self, app: App) -> Result<(), ServiceError> {
        check_app(&app)?;
        let _changing = self.apps.lock_changes().await;
        self.deletions.check_not_being_deleted(app.id)?;
        self.facts.put_app(app.clone()).await?;
        self.app_changed(app);
        Ok(())
    }

    /// Replaces an app if it still equals `was`; `None` means that there was no app. Otherwise returns `false` and
    /// changes nothing. The facts compare the app, so that two nodes cannot overwrite each other's changes.
    pub async fn replace_app(&self, was: Option<&App>, app: App) -> Result<bool, ServiceError> {
        check_app(&app)?;
        check_counts(was, &app)?;
        let _changing = self.apps.lock_changes().await;
        self.deletions.check_not_being_deleted(app.id)?;
        let done = self.facts.replace_app(was.cloned(), app.clone()).await?;
        if done {
            self.app_changed(app);
        }
        Ok(done)
    }

    /// Updates an app in the table after it was committed to the facts, and notifies its clients.
    pub(crate) fn app_changed(&self, app: App) {
        let id = app.id;
        self.apps.put(app);
        self.tokens.keyrings().wake();
        self.tell_app(id);
    }

    /// Creates an account, unless the account exists. Returns whether the account was created.
    pub async fn create_account(&self, user: &User, now: Now) -> Result<bool, ServiceError> {
        self.app(user)?;
        let unapplied = self.unapplied([Pending::Agree { user: user.clone() }]);
        let made = self.facts.create_account(user.clone(), now.wall).await;
        let (made, unapplied) = unapplied.unless_refused(made)?;
        if made.born == 0 {
            // The app was deleted meanwhile, and may have been created again.
            unapplied.are_applied();
            return Err(Code::NO_SUCH_APP.into());
        }
        if made.made || self.is_in_cluster() {
            self.forget_deleted_user(user, made.made.then_some(made.born), now).await?;
        }
        let restored = self.directory.update(user, now, |presence| {
            let restored = presence.restore_account(made.born);
            let keeps_restrictions = restored.changed && presence.restrictions().is_some();
            restored.map(|()| keeps_restrictions)
        });
        if restored.await? == Some(true) {
            // They may be those of the former account.
            self.apply_or_retry(user, now).await?;
        }
        unapplied.are_applied();
        Ok(made.made)
    }

    /// Deletes an account with its logins and connections, and revokes its UserSigs as a kick does. Refused with 70107
    /// if there is no such account.
    ///
    /// Notifies the watchers, and removes the user from all friend lists. The next [`Service::retry`] removes the user
    /// from all subscription lists. If this node ends first, another node does it.
    pub async fn delete_account(&self, user: &User, now: Now) -> Result<Revoking, ServiceError> {
        let app = self.app(user)?;
        let revoked = self.what_to_revoke(user, now).await?;
        // If this call is given up, nobody else knows whose records have to be compared.
        let friends = self.facts.mutual_friends(user.clone()).await?;
        let befriend = |friend| Pending::Befriend { user: User::new(user.app, friend) };
        let agree = [Pending::Agree { user: user.clone() }];
        let unapplied = self.unapplied(agree.into_iter().chain(friends.into_iter().map(befriend)));
        let deleted = self.facts.delete_account(user.clone(), revoked.clone()).await;
        let (deleted, unapplied) = unapplied.unless_refused(deleted)?;
        let Some(AccountDeleted { through, created, owners }) = deleted else {
            unapplied.are_applied();
            let is_left = |_: &User, presence: Option<&Presence>| presence.is_some_and(|it| !it.is_deleted());
            if self.directory.read(std::slice::from_ref(user), is_left).await? == [true] {
                // A node that has ended may have deleted the account in the facts only.
                self.agree(user, now).await?;
            }
            return Err(Refusal::no_such_account(&user.id).into());
        };
        let mut friends = Vec::new();
        for (owner, was_mutual) in owners {
            let other = User::new(user.app, owner);
            if was_mutual {
                self.publish_friendship(user, &other.id, false);
                friends.push(other.clone());
            }
            self.telling.tell(&other, News::ListsUnknown);
        }
        let ended = self.delete_live(user, &app, through, created, &revoked, now).await;
        if let Err(error) = self.apply_friendship(&friends, now).await {
            tracing::warn!(%error, "cannot restrict a status after a friend was deleted; it will be retried");
        }
        let revoking = self.revoke_more(user, revoked, ended?).await?;
        unapplied.are_applied();
        // Only after the watchers were notified.
        self.forget_later(user);
        Ok(revoking)
    }

    /// Ends the logins of a deleted account in its live record, which is created if it is missing. Returns the issue
    /// times, in seconds, of further UserSigs that have to be revoked.
    async fn delete_live(
        &self,
        user: &User,
        app: &App,
        through: u64,
        created: Timestamp,
        revoked: &Revoked,
        now: Now,
    ) -> Result<Vec<u64>, ServiceError> {
        let mut seeds = Seeds::default();
        loop {
            let read_in = self.directory.epoch();
            let deleted = self.directory.update(user, now, |presence| {
                presence.delete(through, revoked, &app.settings, now).map(|(_, unrefused)| unrefused)
            });
            if let Some(unrefused) = deleted.await? {
                return Ok(unrefused);
            }
            seeds.count()?;
            let version = self.records.first_version(created, true, now).next(now.wall);
            let presence = Presence::of_deleted(through, revoked, version, &app.settings, now);
            self.deletions.put_record(user, presence, read_in, app, now).await?;
        }
    }

    /// Ends all logins of a user. Revokes the UserSigs that were issued in an earlier second than `now`, and later
    /// UserSigs that the user has used. Refuses with 70107 if the account does not exist.
    pub async fn kick(&self, user: &User, now: Now) -> Result<Revoking, ServiceError> {
        let app = self.app(user)?;
        let revoked = self.what_to_revoke(user, now).await?;
        let unapplied = self.unapplied([Pending::Agree { user: user.clone() }]);
        let kicked = self.facts.kick(user.clone(), revoked.clone()).await;
        let (kicked, unapplied) = unapplied.unless_refused(kicked)?;
        let Some(through) = kicked else {
            unapplied.are_applied();
            return Err(Refusal::no_such_account(&user.id).into());
        };
        let (mut seeds, mut away_differs) = (Seeds::default(), false);
        let unrefused = loop {
            let ended = self.directory.update(user, now, |presence| {
                let away_was = presence.away_logins();
                let kicked = presence.kick(through, &revoked, &app.settings, now);
                away_differs = presence.away_logins() != away_was;
                kicked.map(|(_, unrefused)| unrefused)
            });
            match ended.await? {
                Some(unrefused) => break unrefused,
                // A record that is being created from older facts must not be stored after this kick.
                None => match self.seed_again(&mut seeds, user, &app, now).await {
                    Ok(()) => {}
                    Err(ServiceError::Refused(_)) => break Vec::new(),
                    Err(error) => return Err(error),
                },
            }
        };
        let revoking = self.revoke_more(user, revoked, unrefused).await?;
        unapplied.are_applied();
        if away_differs {
            // A failure is repeated later. The kick does not depend on it.
            let _ = self.apply_or_retry(user, now).await;
        }
        Ok(revoking)
    }

    /// Creates a missing record from the facts, and counts it in `seeds`.
    pub(crate) async fn seed_again(
        &self,
        seeds: &mut Seeds,
        user: &User,
        app: &App,
        now: Now,
    ) -> Result<(), ServiceError> {
        seeds.count()?;
        self.records.seed(user, app, now).await
    }

    /// The revocation for a kick at the time `now`.
    async fn what_to_revoke(&self, user: &User, now: Now) -> Result<Revoked, ServiceError> {
        let seen = self.directory.read(std::slice::from_ref(user), |_, presence| {
            presence.map(|presence| presence.sigs_seen_since(now.wall)).unwrap_or_default()
        });
        Ok(Revoked::new(now.wall, seen.await?.remove(0)))
    }

    /// Also revokes the UserSigs with the issue times `unrefused`, in seconds. They were used while `revoked` was being
    /// stored. Returns all UserSigs that were revoked individually.
    async fn revoke_more(
        &self,
        user: &User,
        revoked: Revoked,
        unrefused: Vec<u64>,
    ) -> Result<Revoking, ServiceError> {
        let mut revoking = Revoking { seconds: revoked.also.into_iter().collect() };
        if !unrefused.is_empty() {
            revoking.seconds.extend(&unrefused);
            self.facts.revoke_sigs(user.clone(), Revoked::new(revoked.at, unrefused)).await?;
        }
        Ok(revoking)
    }

    /// Schedules the removal of a deleted account from other users' subscription lists. The next [`Service::retry`]
    /// removes it. If a new account with the same `userID` is created before that, the creation first removes the
    /// deleted account from the lists.
    pub(crate) fn forget_later(&self, user: &User) {
        self.deleted.add(user);
    }

    /// Removes deleted accounts from the subscription lists, so that a new account with the same `userID` does not
    /// inherit watchers. A list that cannot be written does not delay other lists.
    ///
    /// After a loss of records, this waits until the grace ends. A list that is put back may contain a deleted account,
    /// even one that was removed from the list shortly before the loss.
    pub(crate) async fn forget_deleted(&self, now: Now) -> Result<(), ServiceError> {
        if self.records.are_restored_at(now) {
            self.deleted.add_taken_off();
            return Ok(());
        }
        self.deleted.forget(now.moment);
        let mut deleted = self.deleted.all();
        if self.is_in_cluster() && !deleted.is_empty() {
            // If another node has created the account again, that node has already removed the former account from
            // all lists.
            let users: Vec<User> = deleted.keys().cloned().collect();
            let made_anew =
                |_: &User, presence: Option<&Presence>| presence.is_some_and(|it| !it.is_deleted());
            let made_anew = self.directory.read(&users, made_anew).await?;
            // A loss may have taken the record of an account that was created again.
            let accounts = self.facts.accounts(users.clone()).await?;
            let made_anew = users.iter().zip(made_anew.into_iter().zip(accounts));
            let made_anew = made_anew.filter(|(_, (has_record, account))| *has_record || account.is_some());
            let done: Deleted = made_anew.filter_map(|(user, _)| deleted.remove_entry(user)).collect();
            self.deleted.remove(&done, now.moment);
        }
        self.take_off_lists(deleted, now).await
    }

    /// Does the work of [`Service::forget_deleted`] for the `userID` of an account that is being created. `made` is the
    /// number of the creation; `None` if the account existed before.
    pub(crate) async fn forget_deleted_user(
        &self,
        user: &User,
        made: Option<u64>,
        now: Now,
    ) -> Result<(), ServiceError> {
        let mut deleted = self.deleted.only(user);
        if deleted.is_empty() {
            let is_in_cluster = self.is_in_cluster();
            let is_on_lists = |_: &User, presence: Option<&Presence>| match presence {
                // The node that has deleted the account may not have taken it off the lists yet.
                Some(presence) if presence.is_deleted() => is_in_cluster,
                // The deletion has not reached the record yet.
                Some(presence) => made.is_some_and(|born| presence.is_older_than(born)),
                None => false,
            };
            if self.directory.read(std::slice::from_ref(user), is_on_lists).await? == [true] {
                deleted.insert(user.clone(), 0);
            }
        }
        self.take_off_lists(deleted, now).await
    }

    /// Does the work of [`Service::forget_deleted`] for accounts with a record that was kept long enough. One search of
    /// the subscription lists serves all of them, because a search reads all records of an app.
    pub(crate) async fn forget_deleted_users(&self, users: &[User], now: Now) -> Result<(), ServiceError> {
        if users.is_empty() {
            return Ok(());
        }
        let is_deleted = |_: &User, presence: Option<&Presence>| presence.is_some_and(Presence::is_deleted);
        let are_deleted = self.directory.read(users, is_deleted).await?;
        let known = self.deleted.all();
        let deleted = users.iter().zip(are_deleted).filter(|(_, is_deleted)| *is_deleted);
        let times = |user: &User| known.get(user).copied().unwrap_or(0);
        self.take_off_lists(deleted.map(|(user, _)| (user.clone(), times(user))).collect(), now).await
    }

    async fn take_off_lists(&self, deleted: Deleted, now: Now) -> Result<(), ServiceError> {
        if deleted.is_empty() {
            return Ok(());
        }
        let users: Vec<User> = deleted.keys().cloned().collect();
        let of_deletion =
            |_: &User, presence: Option<&Presence>| presence.and_then(Presence::may_be_on_lists);
        let deletions = self.directory.read(&users, of_deletion).await?;
        let mut failed = None;
        for subscriber in self.directory.subscribed_to(&users).await? {
            let of_app = users.iter().filter(|user| user.app == subscriber.app);
            let ids: Vec<UserId> = of_app.map(|user| user.id.clone()).collect();
            let taken_off =
                self.directory.update(&subscriber, now, |presence| presence.unsubscribe(Some(&ids)));
            failed = taken_off.await.err().or(failed);
        }
        if let Some(error) = failed {
            return Err(error.into());
        }
        for (user, through) in users.iter().zip(deletions).filter_map(|(user, it)| Some((user, it?))) {
            self.directory.update(user, now, |presence| presence.taken_off_lists(through)).await?;
        }
        self.deleted.remove(&deleted, now.moment);
        Ok(())
    }
}

/// The UserSigs that a call has revoked individually. A UserSig is identified by its issue time in seconds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[must_use]
pub struct Revoking {
    /// The issue times of the UserSigs, in seconds.
    seconds: BTreeSet<u64>,
}

impl Revoking {
    /// The wall-clock time at which the caller may be answered; `None` if the caller may be answered at once. `now` is
    /// the time when the work was done.
    ///
    /// A new UserSig from the same second as a revoked UserSig would also be refused. The answer therefore waits for
    /// the next second in which no revoked UserSig was issued.
    pub fn answer_from(&self, now: Timestamp) -> Option<Timestamp> {
        let this = now.as_secs();
        let first_free = (this..).find(|second| !self.seconds.contains(second)).unwrap_or(this);
        (first_free > this).then(|| Timestamp(first_free.saturating_mul(1_000)))
    }

    /// Adds the revocations of another call that is answered together with this call.
    pub fn add(&mut self, other: Self) {
        self.seconds.extend(other.seconds);
    }
}

/// Refuses more keys or admins than allowed, unless the app already had at least as many.
fn check_counts(was: Option<&App>, app: &App) -> Result<(), Refusal> {
    let keys = (was.map_or(0, |was| was.keys.len()), app.keys.len(), MOST_KEYS, "keys");
    let admins = (was.map_or(0, |was| was.admins.len()), app.admins.len(), MAX_ADMINS, "admins");
    for (before, count, most, what) in [keys, admins] {
        if count > most && count > before {
            let why = format!("an app has at most {most} {what}; remove one first");
            return Err(Refusal::because(Code::INVALID_PARAMETER, why));
        }
    }
    Ok(())
}

/// Refuses a number that is out of its bounds, an invalid URL, and an unusable JWT key.
fn check_app(app: &App) -> Result<(), Refusal> {
    app.settings
        .validate()
        .map_err(|invalid| Refusal::because(Code::INVALID_PARAMETER, invalid.to_string()))?;
    for (setting, url) in [
        ("webhooks.state_change_url", &app.settings.webhooks.state_change_url),
        ("webhooks.push_url", &app.settings.webhooks.push_url),
    ] {
        if !url.is_empty() {
            WebhookUrl::parse(url).map_err(|invalid| {
                Refusal::because(Code::INVALID_PARAMETER, format!("{setting}: {invalid}"))
            })?;
        }
    }
    check_jwt(&app.settings.jwt)
}

/// Refuses unusable JWT keys and unusable addresses of key sources.
fn check_jwt(jwt: &JwtSettings) -> Result<(), Refusal> {
    let refused = |setting: &str, why: &str| {
        Err(Refusal::because(Code::INVALID_PARAMETER, format!("jwt.{setting}: {why}")))
    };
    if !jwt.jwks_url.is_empty()
        && let Err(invalid) = WebhookUrl::parse(&jwt.jwks_url)
    {
        return refused("jwks_url", &invalid.to_string().replace(" of a webhook", ""));
    }
    if !jwt.jwks_file.is_empty() && !is_key_file_name(&jwt.jwks_file) {
        let why = "must be a file name in the folder jwks of the data folder: letters, digits, dot, dash, underscore";
        return refused("jwks_file", why);
    }
    let without = |keys: &str, secret: &str| JwtSettings {
        keys: keys.to_owned(),
        secret: secret.to_owned(),
        ..JwtSettings::default()
    };
    for (setting, part) in [("keys", without(&jwt.keys, "")), ("secret", without("", &jwt.secret))] {
        if let Err(invalid) = JwtKeySet::of_settings(&part) {
            return refused(setting, &invalid.to_string());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_waits_for_the_end_of_a_second_whose_usersigs_are_refused() {
        let revoking = |seconds: &[u64]| Revoking { seconds: seconds.iter().copied().collect() };
        let table: [(&[u64], u64, Option<u64>); 6] = [
            (&[], 10_500, None),
            (&[10], 10_500, Some(11_000)),
            // The kick took some time, and a UserSig was used in the second in which the kick ended.
            (&[10, 11], 11_200, Some(12_000)),
            (&[10], 11_200, None),
            // A UserSig with an issue time in the future, because of a wrong clock, delays only answers in that second.
            (&[10, 60], 10_000, Some(11_000)),
            (&[10, 11, 12, 60], 10_999, Some(13_000)),
        ];
        for (seconds, now, from) in table {
            assert_eq!(
                revoking(seconds).answer_from(Timestamp(now)),
                from.map(Timestamp),
                "{seconds:?} {now}"
            );
        }
        let mut both = revoking(&[10]);
        both.add(revoking(&[11]));
        assert_eq!(both, revoking(&[10, 11]));
    }
}
