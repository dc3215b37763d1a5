//! The operations that an app's backend calls through the server API, for the app or on behalf of its users.
//!
//! Gates about the app and the list of users are the same as for a client's call. The rate limit of the user does not
//! apply, because the server API has rate limits of its own.

use crate::operations::status::{SubscribeDone, UnsubscribeDone};
use crate::tokens::Verified;
use crate::{By, Port, Service, ServiceError};
use lamplight_core::{Call, Link, Presence};
use lamplight_model::{
    App, AppId, Code, CustomStatus, Now, Platform, Refusal, StatusType, Timestamp, User, UserId, UserStatus,
    Visibility,
};
use smallvec::SmallVec;
use std::net::IpAddr;
use std::sync::Arc;

/// An app's backend that was authenticated with the UserSig of an admin.
#[derive(Clone, Debug)]
pub struct Backend {
    /// The app of the call.
    pub app: Arc<App>,
    /// The admin whose UserSig the backend has used.
    pub admin: User,
}

/// The parts of a user's state to read in addition to the status type.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StateParts {
    /// Whether to read the devices and the visibility.
    pub devices: bool,
    /// Whether to read the custom status.
    pub custom_status: bool,
}

/// The state of a user in an answer of the server API.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserState {
    /// ONLINE, OFFLINE or UNLOGINED.
    pub status_type: StatusType,
    /// The custom status; empty if it was not asked for.
    pub custom_status: CustomStatus,
    /// The time at which the server clears the custom status; `None` if it has no duration or was not asked for.
    pub custom_expires: Option<Timestamp>,
    /// The logins, earliest first. Each has its platform, and whether the device counts as connected. Empty if the
    /// devices were not asked for.
    pub devices: SmallVec<[(Platform, bool); 2]>,
    /// The users who may see the status; [`Visibility::Everyone`] if the devices were not asked for.
    pub visibility: Visibility,
}

impl UserState {
    fn of(presence: &Presence, parts: StateParts) -> Self {
        let status_type = presence.status_type();
        let mut state = Self {
            status_type,
            custom_status: CustomStatus::NONE,
            custom_expires: None,
            devices: SmallVec::new(),
            visibility: Visibility::Everyone,
        };
        if parts.custom_status {
            state.custom_status = presence.custom_status().clone();
            state.custom_expires = presence.custom_expires();
        }
        if parts.devices {
            state.visibility = presence.restrictions().map(|it| it.visibility()).unwrap_or_default();
            let devices = presence.devices().iter();
            state.devices =
                devices.map(|device| (device.platform, !matches!(device.link, Link::Gone { .. }))).collect();
        }
        state
    }
}

impl Service {
    /// Authenticates a backend, which sends the `userID` and a UserSig of an admin. If the admin has no account,
    /// creates one, as a first login does.
    ///
    /// Refuses with 70020, 7003, the codes of the UserSig, 70050 or 70052, and with 60010 if the user is not an admin.
    pub async fn admit_backend(
        &self,
        app: AppId,
        user_id: &str,
        user_sig: &str,
        address: IpAddr,
        now: Now,
    ) -> Result<Backend, ServiceError> {
        let app = self.apps.get(app).ok_or(Code::NO_SUCH_APP)?;
        let admin = User::new(app.id, UserId::new(user_id).map_err(Refusal::from)?);
        let Verified { issued, .. } =
            self.tokens.verify(Port::Http, &admin, &app, user_sig, address, now).await?;
        let is_admin = app.admins.contains(&admin.id);
        let look = |presence: Option<&Presence>| match presence {
            Some(presence) if !presence.is_deleted() => Some(presence.sigs().has_revoked(issued)),
            Some(_) | None => None,
        };
        let record =
            self.directory.read(std::slice::from_ref(&admin), |_, presence| look(presence)).await?.remove(0);
        let revoked = match record {
            Some(revoked) => revoked,
            // Only admins get a record here, so that unknown callers cannot fill the store.
            None if !is_admin => false,
            None => {
                self.create_account(&admin, now).await?;
                self.records.seed(&admin, &app, now).await?;
                let seeded = self.directory.read(std::slice::from_ref(&admin), |_, presence| look(presence));
                seeded.await?.remove(0).unwrap_or(false)
            }
        };
        if revoked {
            return Err(Code::SIG_REVOKED.into());
        }
        if !is_admin {
            return Err(Code::ADMIN_REQUIRED.into());
        }
        // A kick revokes all UserSigs that were issued in an earlier second. Any other UserSig has to be recorded when
        // it is used, so that a kick can revoke it individually.
        if issued >= now.wall.as_secs() {
            self.directory.update(&admin, now, |presence| presence.note_sig(None, issued, now.wall)).await?;
        }
        Ok(Backend { app, admin })
    }

    /// Reads the states of users of an app, in the order of `users`. `None` for a user without an account.
    pub async fn user_states(
        &self,
        app: &App,
        users: &[User],
        parts: StateParts,
        now: Now,
    ) -> Result<Vec<Option<UserState>>, ServiceError> {
        let view =
            |_: &User, presence: &Presence| (!presence.is_deleted()).then(|| UserState::of(presence, parts));
        self.records.see(app, users, now, view).await
    }

    /// Sets the custom status of an ONLINE user; an empty text clears it. After `expires_in` seconds, the server clears
    /// it; 0 means that it stays. Refuses with 70107, 6014 or 6017.
    pub async fn set_status_for(
        &self,
        user: &User,
        text: &str,
        expires_in: u32,
        now: Now,
    ) -> Result<UserStatus, ServiceError> {
        self.demand_account(user).await?;
        let set = self.set_custom_status(user, text, expires_in, By::App, now).await;
        set.map_err(|error| match error {
            // The text of the code addresses the user, but here the caller is the backend or an operator.
            ServiceError::Refused(refusal) if refusal.code == Code::NOT_LOGGED_IN => {
                let why = format!("{} is not ONLINE and therefore has no custom status", user.id);
                Refusal::because(Code::NOT_LOGGED_IN, why).into()
            }
            error @ (ServiceError::Refused(_) | ServiceError::Facts(_) | ServiceError::Directory(_)) => error,
        })
    }

    /// Subscribes a user to other users. Refuses as the user's own call does, but without the rate limit. A user
    /// without an account is refused with 70107.
    pub async fn subscribe_for(
        &self,
        user: &User,
        users: &[impl AsRef<str>],
        now: Now,
    ) -> Result<SubscribeDone, ServiceError> {
        let (app, users) = self.pass_gates_but_rate(user, Call::SubscribeUserStatus, users)?;
        self.demand_record(user, &app, now).await?;
        self.subscribe_to(user, &app, users, self.records.check_for_app(now), now).await
    }

    /// Unsubscribes a user from other users, or from all users if the given list is empty.
    ///
    /// Answers and refuses like [`Service::unsubscribe_user_status`], but without the rate limit. A user without an
    /// account is refused with 70107.
    pub async fn unsubscribe_for(
        &self,
        user: &User,
        users: &[impl AsRef<str>],
        now: Now,
    ) -> Result<UnsubscribeDone, ServiceError> {
        let (app, users) = self.pass_gates_but_rate(user, Call::UnsubscribeUserStatus, users)?;
        self.demand_record(user, &app, now).await?;
        self.unsubscribe_from(user, users, self.records.check_for_app(now), now).await
    }

    /// Reads the subscription list of a user, earliest first, and the limit on its length.
    pub async fn subscriptions_of(&self, user: &User, now: Now) -> Result<(Vec<UserId>, u16), ServiceError> {
        let (app, _) = self.pass_gates_but_rate(user, Call::GetSubscriptions, &[] as &[&str])?;
        self.demand_record(user, &app, now).await?;
        self.list_subscriptions(user, &app, self.records.check_for_app(now)).await
    }

    /// Returns a refusal with 70107 if the user has no account.
    async fn demand_account(&self, user: &User) -> Result<(), ServiceError> {
        let (_, unknown) = self.split_by_account(user, vec![user.id.clone()]).await?;
        match unknown.first() {
            None => Ok(()),
            Some((user, _)) => Err(Refusal::no_such_account(user).into()),
        }
    }

    /// Refuses a user without an account. Creates a missing live record.
    async fn demand_record(&self, user: &User, app: &App, now: Now) -> Result<(), ServiceError> {
        let there = self.directory.read(std::slice::from_ref(user), |_, presence| {
            presence.is_some_and(|presence| !presence.is_deleted())
        });
        if there.await? == [true] {
            return Ok(());
        }
        self.demand_account(user).await?;
        self.records.seed(user, app, now).await
    }
}
