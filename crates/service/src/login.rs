//! Logging in, and every way in which a login or a connection ends.

use crate::{Service, ServiceError};
use lamplight_auth::Claims;
use lamplight_core::{Connect, Connected, LinkEnd, Presence, Transition};
use lamplight_facts::{EndedLogin, KickMark, Login, LoginRecorded, NewLogin};
use lamplight_model::{
    App, AppId, Code, ConnectionId, DeviceId, Now, Platform, Refusal, Timestamp, User, UserId,
};
use std::net::IpAddr;
use std::sync::Arc;

/// A login, as the client asked for it.
#[derive(Clone, Copy, Debug)]
pub struct LoginCall<'a> {
    /// `SDKAppID`
    pub app: AppId,
    /// `userID`, unchecked.
    pub user_id: &'a str,
    /// `UserSig`, unchecked.
    pub user_sig: &'a str,
    /// `deviceID`, unchecked.
    pub device_id: &'a str,
    /// What the device runs on.
    pub platform: Platform,
    /// The client comes back on its own; the application did not ask.
    pub resume: bool,
    /// The connection that the login is for.
    pub connection: ConnectionId,
    /// Where it comes from.
    pub address: IpAddr,
}

/// A device is logged in and connected.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    /// Who.
    pub user: User,
    /// The app, as it was at the login.
    pub app: Arc<App>,
    /// When the UserSig expires.
    pub sig_expires: Timestamp,
    /// The account was made for this login.
    pub registered: bool,
    /// The subscription list was given up since somebody last subscribed.
    pub subscriptions_lost: bool,
}

/// What the record says of a login.
enum Attempt {
    /// The device is logged in: nothing to write.
    Connected(Connected),
    /// The device is not logged in, as far as the record knows.
    NewDevice,
    /// The UserSig was revoked.
    Revoked,
}

impl Service {
    /// Logs a device in and connects it (SPEC section 5). A known device that comes back writes no fact.
    ///
    /// Refused with 70020, 70050, 7003, 6017 (bad `deviceID`), the codes of the UserSig, 70052, or with 6208
    /// once for a device that was kicked while it was away.
    pub async fn login(&self, call: &LoginCall<'_>, now: Now) -> Result<LoggedIn, ServiceError> {
        let app = self.apps.get(call.app).ok_or(Code::NO_SUCH_APP)?;
        let user = User::new(call.app, UserId::new(call.user_id).map_err(Refusal::from)?);
        let device = DeviceId::new(call.device_id)
            .map_err(|invalid| Refusal::because(Code::INVALID_PARAMETER, invalid.to_string()))?;
        let claims = self.verify_sig(&user, &app, call.user_sig, call.address, now)?;

        let connect = Connect {
            device: &device,
            platform: call.platform,
            connection: call.connection,
            address: Some(call.address),
        };
        let (registered, connected) =
            match self.try_connect(&user, &app, &connect, claims.issued, false, now).await? {
                Some(Attempt::Connected(connected)) => (false, connected),
                Some(Attempt::Revoked) => return Err(Code::SIG_REVOKED.into()),
                Some(Attempt::NewDevice) | None => {
                    self.login_new_device(&user, &app, &connect, claims.issued, call.resume, now).await?
                }
            };
        self.end_kicked(&user, &connected, call.platform, now).await?;
        Ok(LoggedIn {
            user,
            app,
            sig_expires: claims.expires(),
            registered,
            subscriptions_lost: connected.subscriptions_lost,
        })
    }

    /// Checks a fresh UserSig of somebody who is logged in already. Answers when it expires.
    pub async fn renew(
        &self,
        user: &User,
        user_sig: &str,
        address: IpAddr,
        now: Now,
    ) -> Result<Timestamp, ServiceError> {
        let app = self.app(user)?;
        let claims = self.verify_sig(user, &app, user_sig, address, now)?;
        let revoked = self.directory.read(std::slice::from_ref(user), |_, presence| {
            presence.is_some_and(|presence| presence.has_revoked(claims.issued))
        });
        if revoked.await? == [true] {
            return Err(Code::SIG_REVOKED.into());
        }
        Ok(claims.expires())
    }

    /// Checks a UserSig, unless too many were wrong lately.
    pub(crate) fn verify_sig(
        &self,
        user: &User,
        app: &App,
        user_sig: &str,
        address: IpAddr,
        now: Now,
    ) -> Result<Claims, Refusal> {
        if self.throttle.is_blocked(user, address, now.moment) {
            return Err(Code::TOO_MANY_FAILURES.into());
        }
        lamplight_auth::verify(user_sig, app, &user.id, now.wall).inspect_err(|refusal| {
            if is_guess(refusal.code) {
                self.throttle.fail(user, address, now.moment);
            }
        })
    }

    /// A device that the live record does not know: its login becomes a fact first.
    async fn login_new_device(
        &self,
        user: &User,
        app: &App,
        connect: &Connect<'_>,
        issued: u64,
        resume: bool,
        now: Now,
    ) -> Result<(bool, Connected), ServiceError> {
        let accounts = self.facts.accounts(vec![user.clone()]).await?;
        let revoked = accounts[0].as_ref().and_then(|account| account.sigs_revoked);
        if revoked.is_some_and(|revoked| issued <= revoked.as_secs()) {
            return Err(Code::SIG_REVOKED.into());
        }

        let login = Login { device: connect.device.clone(), platform: connect.platform, at: now.wall };
        let durable = !connect.platform.is_web();
        let recorded =
            self.facts.record_login(NewLogin { user: user.clone(), login, durable, resume }).await?;
        let registered = match recorded {
            LoginRecorded::Recorded { registered } => registered,
            LoginRecorded::Kicked { by } => {
                return Err(
                    Refusal::because(Code::KICKED_BY_OTHER_LOGIN, format!("by a login on {by}")).into()
                );
            }
        };
        loop {
            match self.try_connect(user, app, connect, issued, true, now).await? {
                Some(Attempt::Connected(connected)) => return Ok((registered, connected)),
                Some(Attempt::Revoked) => return Err(Code::SIG_REVOKED.into()),
                Some(Attempt::NewDevice) => unreachable!("its login was just recorded"),
                None => self.seed(user, app, now).await?,
            }
        }
    }

    /// Connects the device in the live record, if there is one; a device that is not logged in there only when
    /// its login has been `recorded`.
    async fn try_connect(
        &self,
        user: &User,
        app: &App,
        connect: &Connect<'_>,
        issued: u64,
        recorded: bool,
        now: Now,
    ) -> Result<Option<Attempt>, ServiceError> {
        let attempt = self.directory.update(user, now, |presence| {
            if presence.has_revoked(issued) {
                return Transition::quiet(Attempt::Revoked);
            }
            if !recorded && !presence.is_logged_in(connect.device) {
                return Transition::quiet(Attempt::NewDevice);
            }
            presence.connect(connect, &app.settings, now).map(Attempt::Connected)
        });
        Ok(attempt.await?)
    }

    /// Puts the record of a user into the directory, from the facts.
    pub(crate) async fn seed(&self, user: &User, app: &App, now: Now) -> Result<(), ServiceError> {
        let accounts = self.facts.accounts(vec![user.clone()]).await?;
        let account = accounts[0].as_ref().ok_or(Code::NO_SUCH_ACCOUNT)?;
        let logins = self.facts.logins(user.clone()).await?;
        let presence = self.rebuild(account, logins, app, now);
        Ok(self.directory.seed(user, presence, now).await?)
    }

    /// Ends the logins that were in the way, and leaves each device a mark that says why.
    async fn end_kicked(
        &self,
        user: &User,
        connected: &Connected,
        by: Platform,
        now: Now,
    ) -> Result<(), ServiceError> {
        if connected.kicked.is_empty() {
            return Ok(());
        }
        let ended = connected
            .kicked
            .iter()
            .map(|removed| EndedLogin {
                device: removed.device.clone(),
                mark: Some(KickMark { by, told: removed.connected, at: now.wall }),
            })
            .collect();
        Ok(self.facts.end_logins(user.clone(), ended).await?)
    }

    /// The device of this connection logs out. The connection may be gone already, which is no error.
    pub async fn logout(
        &self,
        user: &User,
        device: &DeviceId,
        connection: ConnectionId,
        now: Now,
    ) -> Result<(), ServiceError> {
        let app = self.app(user)?;
        self.end_login(user, device, connection, now, |presence| {
            presence.logout(connection, &app.settings, now).map(|_| ())
        })
        .await
    }

    /// The UserSig of this connection has expired: its device is logged out.
    pub async fn expire_sig(
        &self,
        user: &User,
        device: &DeviceId,
        connection: ConnectionId,
        now: Now,
    ) -> Result<(), ServiceError> {
        let app = self.app(user)?;
        self.end_login(user, device, connection, now, |presence| {
            presence.expire_sig(connection, &app.settings, now).map(|_| ())
        })
        .await
    }

    /// Takes a login from the facts, then from the record; but only if it is still this connection's.
    async fn end_login(
        &self,
        user: &User,
        device: &DeviceId,
        connection: ConnectionId,
        now: Now,
        transition: impl FnMut(&mut Presence) -> Transition<()> + Send,
    ) -> Result<(), ServiceError> {
        let current = self.directory.read(std::slice::from_ref(user), |_, presence| {
            presence.and_then(|presence| presence.device_of(connection)).map(|device| device.platform)
        });
        let Some(platform) = current.await?[0] else { return Ok(()) };
        if !platform.is_web() {
            let ended = EndedLogin { device: device.clone(), mark: None };
            self.facts.end_logins(user.clone(), vec![ended]).await?;
        }
        self.directory.update(user, now, transition).await?;
        Ok(())
    }

    /// A connection has ended by itself. One that was superseded or kicked before changes nothing.
    pub async fn disconnect(
        &self,
        user: &User,
        connection: ConnectionId,
        end: LinkEnd,
        now: Now,
    ) -> Result<(), ServiceError> {
        let app = self.app(user)?;
        self.directory
            .update(user, now, |presence| presence.disconnect(connection, end, &app.settings, now))
            .await?;
        Ok(())
    }
}

/// Whether a refused UserSig may be somebody's guess. One that has merely expired is not.
fn is_guess(code: Code) -> bool {
    [Code::SIG_UNREADABLE, Code::SIG_WRONG, Code::SIG_OTHER_USER, Code::SIG_OTHER_APP].contains(&code)
}
