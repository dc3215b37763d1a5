//! The calls of a logged-in client about statuses (SPEC section 3).

use crate::audience::{OwnListChange, WatchList};
use crate::reader::Reader;
use crate::records::PutBackCheck;
use crate::{By, Service, ServiceError};
use lamplight_core::{Call, Presence, RecordEpoch, Restrictions, Transition, notifications, status_for};
use lamplight_directory::{DirectoryError, DirectoryErrorKind};
use lamplight_model::{
    App, Code, ConnectionId, CustomDuration, CustomStatus, Now, Refusal, User, UserId, UserStatus,
};
use std::sync::Arc;

/// The result of `getUserStatus`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Queried {
    /// The statuses, in the order of the call, each user once.
    pub statuses: Vec<UserStatus>,
    /// Users without an account, each with the error code.
    pub failures: Vec<(UserId, Code)>,
}

/// The result of `unsubscribeUserStatus`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UnsubscribeDone {
    /// The users who were removed from the list, and the revision of the change.
    pub change: OwnListChange,
    /// Users who have no account and were not on the list, each with the error code.
    pub failures: Vec<(UserId, Code)>,
}

/// The result of `subscribeUserStatus`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SubscribeDone {
    /// Users that the call added to the list or moved to its end, each once, in the order of the call.
    pub subscribed: Vec<UserId>,
    /// Users without an account, each with the error code.
    pub failures: Vec<(UserId, Code)>,
    /// Users who were evicted because the list was full, earliest first.
    pub evicted: Vec<UserId>,
    /// The call's additions and evictions, in the form that the calling connection needs to update its watch list.
    pub changes: Vec<OwnListChange>,
}

/// The purpose for which a status is read. The purpose decides the result for a deleted account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Viewing {
    /// A query, which does not find a deleted account.
    Asked,
    /// A notification of watchers. They see a deleted account as UNLOGINED.
    Watched,
}

impl Service {
    /// Sets the caller's custom status, and returns the new status. An empty text clears it.
    pub async fn set_self_status(
        &self,
        caller: &User,
        text: &str,
        now: Now,
    ) -> Result<UserStatus, ServiceError> {
        self.set_custom_status(caller, text, 0, By::App, now).await
    }

    /// Sets a custom status as [`Service::set_self_status`] does. After `expires_in` seconds, at most
    /// [`CustomDuration::MAX_SECONDS`], it is cleared; 0 means that it has no duration. A longer duration, or a
    /// duration without a text, is refused with 6017.
    ///
    /// The session event for the app's backend contains the initiator `by`. A call with a duration fails if a node of
    /// an earlier version shares the directory, because that node could not read the duration.
    pub async fn set_custom_status(
        &self,
        caller: &User,
        text: &str,
        expires_in: u32,
        by: By,
        now: Now,
    ) -> Result<UserStatus, ServiceError> {
        let app = self.app(caller)?;
        let limit = usize::from(app.settings.limits.custom_status_bytes);
        let custom = CustomStatus::new(text, limit).map_err(Refusal::from)?;
        let lasts = CustomDuration::of(&custom, expires_in).map_err(Refusal::from)?;
        if lasts.is_some() && !self.directory.allows_durations() {
            let doing = "setting a custom status with a duration beside a node of an earlier version";
            return Err(DirectoryError { kind: DirectoryErrorKind::Unavailable, doing, source: None }.into());
        }
        let check = match by {
            By::Client(_) => self.records.check_for_client(now),
            By::App => self.records.check_for_app(now),
        };
        let set = |presence: &mut Presence| {
            if check.is_lacking(presence) {
                return Transition::quiet(None);
            }
            let (custom, by) = (custom.clone(), by.connection());
            let transition = presence.set_custom_status_for(custom, lasts, by, &app.settings, now);
            let status = presence.status(&caller.id);
            transition.map(|done| Some(done.map(|()| status)))
        };
        let outcome = self.records.update_for_good(caller, now, set).await?;
        let outcome = outcome.and_then(|(done, _)| done).ok_or_else(|| check.error(Code::NOT_LOGGED_IN))?;
        Ok(outcome?)
    }

    /// Reads the statuses of users. Fails if no user has an account.
    pub async fn get_user_status(
        &self,
        caller: &User,
        users: &[impl AsRef<str>],
        now: Now,
    ) -> Result<Queried, ServiceError> {
        let (_, users) = self.pass_gates(caller, Call::GetUserStatus, users, now).await?;
        let found =
            self.read_statuses(caller, &users, Viewing::Asked, Reader::Viewer(&caller.id), now).await?;
        let found = found.into_iter().map(|found| {
            let (status, restrictions) = found?;
            Some(status_for(status, restrictions.as_deref(), &caller.id))
        });
        let mut queried = Queried::default();
        for (user, status) in users.into_iter().zip(found) {
            match status {
                Some(status) => queried.statuses.push(status),
                None => queried.failures.push((user, Code::NO_SUCH_ACCOUNT)),
            }
        }
        if queried.statuses.is_empty() {
            return Err(Code::NO_SUCH_ACCOUNT.into());
        }
        Ok(queried)
    }

    /// Subscribes the caller's account to users.
    pub async fn subscribe_user_status(
        &self,
        caller: &User,
        users: &[impl AsRef<str>],
        now: Now,
    ) -> Result<SubscribeDone, ServiceError> {
        let (app, users) = self.pass_gates(caller, Call::SubscribeUserStatus, users, now).await?;
        self.subscribe_to(caller, &app, users, self.records.check_for_client(now), now).await
    }

    /// Subscribes an account to users. The caller has checked the gates.
    pub(crate) async fn subscribe_to(
        &self,
        caller: &User,
        app: &App,
        users: Vec<UserId>,
        check: PutBackCheck<'_>,
        now: Now,
    ) -> Result<SubscribeDone, ServiceError> {
        let (known, failures) = self.split_by_account(caller, users).await?;
        if known.is_empty() {
            return Ok(SubscribeDone { failures, ..SubscribeDone::default() });
        }
        // The account may have been deleted although the worker of this connection has not read the deletion in the log
        // yet.
        let done = self.records.update_for_good(caller, now, |presence| {
            if presence.is_deleted() || check.is_lacking(presence) {
                return Transition::quiet(Err(presence.is_deleted()));
            }
            presence.subscribe(&known, &app.settings, now.moment).map(Ok)
        });
        let (done, logged) = done.await?.ok_or_else(|| check.error(Code::NOT_LOGGED_IN))?;
        let evicted = done.map_err(|is_deleted| cannot_change(is_deleted, check))?.evicted;
        let (known, failures) = self.take_off_deleted(caller, known, failures, now).await?;
        let subscribed: Vec<UserId> = known.into_iter().filter(|user| !evicted.contains(user)).collect();
        let changes = vec![OwnListChange::new(&logged, subscribed.clone(), evicted.clone())];
        Ok(SubscribeDone { subscribed, failures, evicted, changes })
    }

    /// If accounts were deleted after the check and before they were added to the list, removes them from the list
    /// again. Returns the remaining users, and the users without an account.
    ///
    /// The removed accounts may have been on the list before the call, so the log reports their removal to all
    /// connections.
    async fn take_off_deleted(
        &self,
        caller: &User,
        known: Vec<UserId>,
        mut failures: Vec<(UserId, Code)>,
        now: Now,
    ) -> Result<(Vec<UserId>, Vec<(UserId, Code)>), ServiceError> {
        let full: Vec<User> = known.iter().map(|id| User::new(caller.app, id.clone())).collect();
        let is_deleted = |_: &User, presence: Option<&Presence>| presence.is_some_and(Presence::is_deleted);
        let deleted = self.directory.read(&full, is_deleted).await?;
        if !deleted.contains(&true) {
            return Ok((known, failures));
        }
        let (gone, left): (Vec<_>, Vec<_>) =
            known.into_iter().zip(deleted).partition(|(_, deleted)| *deleted);
        let gone: Vec<UserId> = gone.into_iter().map(|(id, _)| id).collect();
        self.directory.update(caller, now, |presence| presence.unsubscribe(Some(&gone))).await?;
        failures.extend(gone.into_iter().map(|id| (id, Code::NO_SUCH_ACCOUNT)));
        Ok((left.into_iter().map(|(id, _)| id).collect(), failures))
    }

    /// Unsubscribes the caller's account from these users, or from all users if `users` is empty.
    pub async fn unsubscribe_user_status(
        &self,
        caller: &User,
        users: &[impl AsRef<str>],
        now: Now,
    ) -> Result<UnsubscribeDone, ServiceError> {
        let (_, users) = self.pass_gates(caller, Call::UnsubscribeUserStatus, users, now).await?;
        self.unsubscribe_from(caller, users, self.records.check_for_client(now), now).await
    }

    /// Unsubscribes an account from users. The caller has checked the gates.
    pub(crate) async fn unsubscribe_from(
        &self,
        caller: &User,
        users: Vec<UserId>,
        check: PutBackCheck<'_>,
        now: Now,
    ) -> Result<UnsubscribeDone, ServiceError> {
        // The accounts are read before the list changes, so that there is no await between the change and the answer.
        let (_, mut failures) = self.split_by_account(caller, users.clone()).await?;
        let list = (!users.is_empty()).then_some(&users[..]);
        let done = self.records.update_for_good(caller, now, |presence| {
            if presence.is_deleted() || check.is_lacking(presence) {
                return Transition::quiet(Err(presence.is_deleted()));
            }
            presence.unsubscribe(list).map(Ok)
        });
        let (removed, logged) = done.await?.ok_or_else(|| check.error(Code::NOT_LOGGED_IN))?;
        let removed = removed.map_err(|is_deleted| cannot_change(is_deleted, check))?;
        failures.retain(|(user, _)| !removed.contains(user));
        Ok(UnsubscribeDone { change: OwnListChange::new(&logged, Vec::new(), removed), failures })
    }

    /// Reads the subscription list of the caller's account, earliest first, and the limit on its length.
    pub async fn get_subscriptions(
        &self,
        caller: &User,
        now: Now,
    ) -> Result<(Vec<UserId>, u16), ServiceError> {
        let (app, _) = self.pass_gates(caller, Call::GetSubscriptions, &[] as &[&str], now).await?;
        self.list_subscriptions(caller, &app, self.records.check_for_client(now)).await
    }

    /// Reads the subscription list of an account and its limit. The caller has checked the gates.
    pub(crate) async fn list_subscriptions(
        &self,
        caller: &User,
        app: &App,
        check: PutBackCheck<'_>,
    ) -> Result<(Vec<UserId>, u16), ServiceError> {
        let list = self.directory.read(std::slice::from_ref(caller), |_, presence| {
            let presence = presence.ok_or(false)?;
            if presence.is_deleted() || check.is_lacking(presence) {
                return Err(presence.is_deleted());
            }
            Ok(presence.subscriptions().iter().collect())
        });
        let list = list.await?.remove(0).map_err(|is_deleted| cannot_change(is_deleted, check))?;
        Ok((list, app.settings.limits.subscriptions))
    }

    /// Reads the watch list of a connection, with the current settings of the app. `None` if this connection is no
    /// longer the current one of any device of the user.
    pub async fn watch_list(
        &self,
        user: &User,
        connection: ConnectionId,
    ) -> Result<Option<WatchList>, ServiceError> {
        let notified = notifications(&self.app(user)?.settings);
        let friends = match notified.friends {
            true => self.facts.mutual_friends(user.clone()).await?,
            false => Vec::new(),
        };
        // Before the read: if another epoch begins meanwhile, the record may be from before.
        let recorded_in = Some(RecordEpoch::of(self.directory.epoch_of(user)));
        let found = self.directory.read_revisions(std::slice::from_ref(user), |_, record| {
            let (presence, rev) = record?;
            presence.device_of(connection)?;
            Some((rev, presence.version(), presence.subscriptions().iter().collect()))
        });
        let found = found.await?.remove(0);
        Ok(found.map(|(rev, version, subscriptions)| WatchList {
            rev,
            version,
            subscriptions,
            friends,
            notified,
            recorded_in,
        }))
    }

    /// Reads the statuses of users of an app for the app itself, so the restrictions of the users do not matter. The
    /// result is in the order of `users`, with `None` for a user without an account. `any` is any user of the app.
    pub async fn statuses(
        &self,
        any: &User,
        users: &[UserId],
        viewing: Viewing,
        now: Now,
    ) -> Result<Vec<Option<UserStatus>>, ServiceError> {
        let found = self.restricted_statuses(any, users, viewing, now).await?;
        Ok(found.into_iter().map(|found| found.map(|(status, _)| status)).collect())
    }

    /// Reads the statuses of users as [`Service::statuses`] does, and the restrictions of each user. Before the caller
    /// shows such a status to a client, it must apply [`status_for`].
    pub async fn restricted_statuses(
        &self,
        any: &User,
        users: &[UserId],
        viewing: Viewing,
        now: Now,
    ) -> Result<Vec<Option<(UserStatus, Option<Arc<Restrictions>>)>>, ServiceError> {
        self.read_statuses(any, users, viewing, Reader::App, now).await
    }

    /// Reads statuses as [`Service::restricted_statuses`] does, for the watchers of a worker. A custom status that
    /// `reader` may not see may be over. Fails as long as the status of a user is unknown for one of the watchers, because
    /// the worker tells all of them.
    pub async fn watched_statuses(
        &self,
        any: &User,
        users: &[UserId],
        reader: Reader<'_>,
        now: Now,
    ) -> Result<Vec<Option<(UserStatus, Option<Arc<Restrictions>>)>>, ServiceError> {
        self.read_statuses(any, users, Viewing::Watched, reader, now).await
    }

    async fn read_statuses(
        &self,
        any: &User,
        users: &[UserId],
        viewing: Viewing,
        reader: Reader<'_>,
        now: Now,
    ) -> Result<Vec<Option<(UserStatus, Option<Arc<Restrictions>>)>>, ServiceError> {
        let app = self.app(any)?;
        let users: Vec<User> = users.iter().map(|id| User::new(any.app, id.clone())).collect();
        let view = |user: &User, presence: &Presence| {
            let is_shown = viewing == Viewing::Watched || !presence.is_deleted();
            is_shown.then(|| (presence.status(&user.id), presence.restrictions().cloned()))
        };
        let seen_by = match (viewing, reader) {
            (Viewing::Watched, Reader::Viewer(_)) => Reader::Watchers,
            (Viewing::Watched | Viewing::Asked, reader) => reader,
        };
        self.records.see_for(&app, &users, reader, seen_by, now, view).await
    }

    /// Splits users into users with an account and users without an account.
    pub(crate) async fn split_by_account(
        &self,
        caller: &User,
        users: Vec<UserId>,
    ) -> Result<(Vec<UserId>, Vec<(UserId, Code)>), ServiceError> {
        let full: Vec<User> = users.iter().map(|id| User::new(caller.app, id.clone())).collect();
        let exists = self.records.have_accounts(&full).await?;
        let (known, unknown): (Vec<_>, Vec<_>) =
            users.into_iter().zip(exists).partition(|(_, exists)| *exists);
        Ok((
            known.into_iter().map(|(user, _)| user).collect(),
            unknown.into_iter().map(|(user, _)| (user, Code::NO_SUCH_ACCOUNT)).collect(),
        ))
    }
}

/// Returns the error of a call that cannot change a record: the account was deleted, the record is missing, or the
/// record lacks the connections of the user.
fn cannot_change(is_deleted: bool, check: PutBackCheck<'_>) -> ServiceError {
    if is_deleted { Code::NOT_LOGGED_IN.into() } else { check.error(Code::NOT_LOGGED_IN) }
}
