//! Logins, logouts and the ends of connections.
//!
//! A login begins in the facts, which assign its number, and then enters the live record. If this second step fails,
//! the login is removed from the facts by its number. A failure after the second step does not refuse the login.

use crate::records::Seeds;
use crate::retries::{LoginEnd, Pending, mark_of};
use crate::tokens::{KeyMark, Verified};
use crate::{Port, Service, ServiceError};
use lamplight_core::{
    Admission, Connect, Connected, LinkEnd, Presence, RecordEpoch, RefusedLogin, Transition,
};
use lamplight_facts::{EndWhy, EndedLogin, FactsError, FactsErrorKind, LoginRecorded, NewLogin};
use lamplight_model::{
    App, AppId, Code, ConnectionId, DeviceId, Now, Platform, Refusal, Timestamp, User, UserId, Version,
};
use std::net::IpAddr;
use std::sync::Arc;

/// A client's request to log in.
#[derive(Clone, Copy, Debug)]
pub struct LoginCall<'a> {
    /// `SDKAppID`
    pub app: AppId,
    /// `userID`, not validated yet.
    pub user_id: &'a str,
    /// `UserSig`, not verified yet.
    pub user_sig: &'a str,
    /// `deviceID`, not validated yet.
    pub device_id: &'a str,
    /// The platform that the device runs on.
    pub platform: Platform,
    /// Whether the SDK resumes an existing login by itself; `false` if the application has logged in.
    pub resume: bool,
    /// The id of the connection over which the request came.
    pub connection: ConnectionId,
    /// The address of the client.
    pub address: IpAddr,
}

/// The result of a successful login.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    /// The user who has logged in.
    pub user: User,
    /// The app of the user at the time of the login.
    pub app: Arc<App>,
    /// The time at which the UserSig expires.
    pub sig_expires: Timestamp,
    /// The key that signed the UserSig. Once the app no longer has this key, the UserSig counts as expired.
    pub key: KeyMark,
    /// The number of the login.
    pub login: u64,
    /// The issue time of the UserSig, in seconds.
    pub issued: u64,
    /// The epoch of the live record in which the device was connected.
    pub recorded_in: RecordEpoch,
    /// Whether the account was created for this login.
    pub registered: bool,
    /// Whether the user's subscription list was dropped while the user was away. The client then has to subscribe
    /// again.
    pub subscriptions_lost: bool,
    /// The revision of the live record at which the device was connected. Log entries about this connection up to this
    /// revision belong to an earlier login.
    pub rev: u64,
    /// The version of the user's lists when the facts recorded the login; `None` for a login that was not recorded. The
    /// lists may have changed since.
    pub lists_version: Option<u64>,
    /// The version of the user's own status at the revision [`rev`](Self::rev).
    pub version: Version,
    /// The user's subscription list at the revision [`rev`](Self::rev), earliest first.
    pub subscriptions: Vec<UserId>,
}

/// A new UserSig that replaces the earlier one of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Renewed {
    /// The time at which the UserSig expires.
    pub sig_expires: Timestamp,
    /// The key that signed the UserSig.
    pub key: KeyMark,
    /// The issue time of the UserSig, in seconds.
    pub issued: u64,
}

/// A login that has entered the live record.
struct Entered {
    /// The number of the login.
    login: u64,
    connected: Connected,
    /// Ended logins that are not stored in the facts yet.
    unsettled: Vec<EndedLogin>,
    /// The epoch of the record when the device was connected.
    recorded_in: RecordEpoch,
    /// The revision of the record at which the device was connected.
    rev: u64,
    /// The version of the status at that revision.
    version: Version,
    /// The subscription list at that revision.
    subscriptions: Vec<UserId>,
    /// Whether the record has restrictions.
    is_restricted: bool,
}

/// The result of recording a login in the facts. The default is for a login that need not be recorded.
#[derive(Default)]
struct Recording {
    /// Whether the account was created for the login.
    registered: bool,
    lists_version: Option<u64>,
}

/// The result of an attempt to connect a device in the live record.
enum Attempt {
    /// The device is connected.
    Entered(Entered),
    /// The device may not connect.
    NotAdmitted(Admission),
}

/// The result of resuming a login in the live record, before anything is written to the facts.
enum FirstLook {
    /// The device has resumed its login, so nothing has to be recorded.
    Entered(Entered),
    /// The login has to be recorded in the facts, after the ended logins `unsettled`.
    Record { unsettled: Vec<EndedLogin> },
    /// The device tried to resume a login that a later login on the platform `by` has ended.
    Lost { by: Platform, unsettled: Vec<EndedLogin> },
}

impl Service {
    /// Logs a device in and connects it (SPEC section 5). A login that is resumed in the live record is not recorded in
    /// the facts.
    ///
    /// Refuses with 70020, 7003, 6017 (invalid `deviceID`), the codes of the UserSig, 70050, 70052 and 6208. Refuses
    /// with 6014 if the login is ended or replaced before it is complete.
    ///
    /// If another login has kicked the device while it was away, the device is refused with 6208 once. Each attempt to
    /// resume a login that has ended is refused with 6208.
    pub async fn login(&self, call: &LoginCall<'_>, now: Now) -> Result<LoggedIn, ServiceError> {
        let app = self.apps.get(call.app).ok_or(Code::NO_SUCH_APP)?;
        let user = User::new(call.app, UserId::new(call.user_id).map_err(Refusal::from)?);
        let device = DeviceId::new(call.device_id)
            .map_err(|invalid| Refusal::because(Code::INVALID_PARAMETER, invalid.to_string()))?;
        let Verified { issued, expires, key } =
            self.tokens.verify(Port::Client, &user, &app, call.user_sig, call.address, now).await?;

        if self.retries.concern(call.connection) {
            // An earlier operation over this connection is still being retried.
            return Err(Code::INTERNAL.into());
        }
        let _entering = self.entering.begin(&user);
        let connect = Connect {
            device: &device,
            platform: call.platform,
            login: 0,
            born: 0,
            issued,
            connection: call.connection,
            address: Some(call.address),
        };
        if self.records.are_restored_at(now) {
            // The record must not be made of facts that have this login already: it would lack an earlier login of the
            // device, which the app counts as connected.
            self.records.restore_absent(&app, std::slice::from_ref(&user), now).await?;
        }
        let resume = call.resume && !self.has_ended_in_facts(&user, &connect, now).await?;
        let (Recording { registered, lists_version }, entered) =
            match self.first_look(&user, &app, &connect, resume, now).await? {
                FirstLook::Entered(entered) => (Recording::default(), entered),
                FirstLook::Lost { by, unsettled } => {
                    self.settle_or_retry(&user, unsettled, now).await;
                    let why = format!("by a login on {by}");
                    return Err(Refusal::because(Code::KICKED_BY_OTHER_LOGIN, why).into());
                }
                FirstLook::Record { unsettled } => {
                    if !unsettled.is_empty() {
                        self.settle(&user, unsettled, now).await?;
                    }
                    self.record_and_enter(&user, &app, &connect, call.resume, now).await?
                }
            };
        let Entered { login, connected, unsettled, recorded_in, rev, version, subscriptions, is_restricted } =
            entered;
        if !unsettled.is_empty() {
            self.settle_or_retry(&user, unsettled, now).await;
        }
        // The restrictions may be those of a former account.
        if registered
            && is_restricted
            && let Err(error) = self.apply_or_retry(&user, now).await
        {
            tracing::warn!(%error, "cannot restrict the status of a new account; it will be retried");
        }
        self.deletions.check_still_there(&user, &app, now).await?;
        Ok(LoggedIn {
            user,
            sig_expires: expires,
            app,
            key,
            login,
            issued,
            recorded_in,
            registered,
            subscriptions_lost: connected.subscriptions_lost,
            rev,
            lists_version,
            version,
            subscriptions,
        })
    }

    /// Verifies a new UserSig of a logged-in user, and records that it was used.
    pub async fn renew(
        &self,
        user: &User,
        connection: ConnectionId,
        user_sig: &str,
        address: IpAddr,
        now: Now,
    ) -> Result<Renewed, ServiceError> {
        let app = self.app(user)?;
        let Verified { issued, expires, key } =
            self.tokens.verify(Port::Client, user, &app, user_sig, address, now).await?;
        let noted = self.directory.update(user, now, |presence| {
            if presence.sigs().has_revoked(issued) {
                return Transition::quiet(false);
            }
            presence.note_sig(Some(connection), issued, now.wall).map(|()| true)
        });
        match noted.await? {
            Some(true) => Ok(Renewed { sig_expires: expires, key, issued }),
            Some(false) => Err(Code::SIG_REVOKED.into()),
            None => Err(self.records.check_for_client(now).error(Code::NOT_LOGGED_IN)),
        }
    }

    /// Whether the facts no longer have the login of a device, although its live record may have it. If the device is a
    /// Web device, or if the directory has not lost writes in the last ten minutes, returns `false` without reading the
    /// facts.
    async fn has_ended_in_facts(
        &self,
        user: &User,
        connect: &Connect<'_>,
        now: Now,
    ) -> Result<bool, ServiceError> {
        // The facts have no Web logins.
        if connect.platform.is_web() || !self.records.may_lack_ends(now) {
            return Ok(false);
        }
        let logins = self.facts.logins(user.clone()).await?;
        Ok(!logins.iter().any(|login| login.device == *connect.device))
    }

    /// Connects a device that resumes its login. Any other login has to be recorded first.
    async fn first_look(
        &self,
        user: &User,
        app: &App,
        connect: &Connect<'_>,
        resume: bool,
        now: Now,
    ) -> Result<FirstLook, ServiceError> {
        let policy = app.settings.multi_device;
        let look = self.directory.update_logged(user, now, |presence| {
            let admission =
                presence.admission(connect.device, connect.platform, connect.issued, None, policy);
            match admission {
                Admission::Revoked => Transition::quiet(Err(Code::SIG_REVOKED)),
                Admission::Admitted(login) if resume => {
                    let connect = Connect { login, ..connect.clone() };
                    let entered = presence.connect(&connect, &app.settings, now);
                    let epoch = self.directory.epoch_of(user);
                    entered.map(|connected| {
                        Ok(FirstLook::Entered(entered_as(presence, login, connected, epoch)))
                    })
                }
                Admission::Beaten(by) if resume => {
                    let lost = presence.lose(connect.device, by, &app.settings, now);
                    let unsettled = presence.unsettled_ends().cloned().collect();
                    lost.map(|()| Ok(FirstLook::Lost { by, unsettled }))
                }
                Admission::Admitted(_)
                | Admission::Unknown
                | Admission::Ended
                | Admission::Overtaken
                | Admission::Beaten(_)
                | Admission::MayHaveEnded(_) => {
                    let unsettled = presence.unsettled_ends().cloned().collect();
                    Transition::quiet(Ok(FirstLook::Record { unsettled }))
                }
            }
        });
        let look = look.await.inspect_err(|_| {
            // It is unknown whether the device was connected. The client gets an error as the answer, so the connection
            // must be removed from the record.
            let (connection, end, heard) = (connect.connection, LinkEnd::Closed, now.wall);
            self.retries.push(Pending::Disconnect { user: user.clone(), connection, end, heard });
        });
        let Some((look, logged)) = look? else { return Ok(FirstLook::Record { unsettled: Vec::new() }) };
        Ok(match look? {
            FirstLook::Entered(entered) => FirstLook::Entered(Entered { rev: logged.rev, ..entered }),
            other @ (FirstLook::Record { .. } | FirstLook::Lost { .. }) => other,
        })
    }

    /// Records a login in the facts, and then connects the device in the live record under the number that the facts
    /// have assigned.
    async fn record_and_enter(
        &self,
        user: &User,
        app: &App,
        connect: &Connect<'_>,
        resume: bool,
        now: Now,
    ) -> Result<(Recording, Entered), ServiceError> {
        let durable = !connect.platform.is_web();
        let login = NewLogin {
            user: user.clone(),
            device: connect.device.clone(),
            platform: connect.platform,
            at: now.wall,
            issued: connect.issued,
            durable,
            resume,
        };
        let recorded = self.facts.record_login(login).await.inspect_err(|error| {
            if may_have_happened(error) {
                let (device, by_app) = (connect.device.clone(), !resume);
                self.retries.push(Pending::Unrecord { user: user.clone(), device, by_app, at: now.wall });
                self.retries.push(Pending::Agree { user: user.clone() });
            }
        });
        let (registered, number, born, lists_version) = match recorded? {
            LoginRecorded::Recorded { registered, number, born, lists_version } => {
                (registered, number, born, lists_version)
            }
            LoginRecorded::Revoked => return Err(Code::SIG_REVOKED.into()),
            LoginRecorded::Ended(EndWhy::KickedBy(by)) => {
                let why = format!("by a login on {by}");
                return Err(Refusal::because(Code::KICKED_BY_OTHER_LOGIN, why).into());
            }
            LoginRecorded::Ended(EndWhy::LoggedOut) | LoginRecorded::NoAccount => {
                // The account may be missing because the app was deleted.
                self.app(user)?;
                let why = "the device is not logged in any longer: log in anew";
                return Err(Refusal::because(Code::KICKED_BY_OTHER_LOGIN, why).into());
            }
        };
        let connect = Connect { login: number, born, ..connect.clone() };
        let entered = match registered {
            true => match self.forget_deleted_user(user, Some(born), now).await {
                Ok(()) => self.enter(user, app, &connect, registered, now).await,
                Err(error) => Err(error),
            },
            false => self.enter(user, app, &connect, registered, now).await,
        };
        if registered && !matches!(entered, Ok(Attempt::Entered(_))) {
            // The account exists now, even though the login failed.
            self.retries.push(Pending::Agree { user: user.clone() });
        }
        match entered {
            Ok(Attempt::Entered(entered)) => {
                Ok((Recording { registered, lists_version: Some(lists_version) }, entered))
            }
            Ok(Attempt::NotAdmitted(admission)) => {
                let mut refused = RefusedLogin { connection: None, ..refused_as(&connect, resume) };
                if let Admission::Beaten(by) = admission {
                    // The login did not enter the record. The device is nevertheless notified about the kick and may
                    // not resume. It is treated like a device whose login was in the record.
                    refused.why = Some(EndWhy::KickedBy(by));
                }
                if let Err(error) = self.take_back(user, &refused, now).await {
                    tracing::warn!(%error, "cannot remove a refused login from the facts; it will be retried");
                    self.retries.push(Pending::TakeBack { user: user.clone(), refused });
                }
                Err(match admission {
                    Admission::Beaten(by) => {
                        let why = format!("by a login on {by}");
                        Refusal::because(Code::KICKED_BY_OTHER_LOGIN, why).into()
                    }
                    Admission::Revoked => Code::SIG_REVOKED.into(),
                    Admission::Overtaken => {
                        let why = "another login of this device came at the same time";
                        Refusal::because(Code::NOT_LOGGED_IN, why).into()
                    }
                    Admission::Ended
                    | Admission::MayHaveEnded(_)
                    | Admission::Unknown
                    | Admission::Admitted(_) => {
                        let why = "the login was ended while it was made";
                        Refusal::because(Code::NOT_LOGGED_IN, why).into()
                    }
                })
            }
            Err(error) => {
                // It is unknown whether the login has entered the live record.
                self.push_take_back(user, &connect, resume);
                Err(error)
            }
        }
    }

    fn push_take_back(&self, user: &User, connect: &Connect<'_>, resume: bool) {
        self.retries.push(Pending::TakeBack { user: user.clone(), refused: refused_as(connect, resume) });
    }

    /// Connects a device in the live record, after the facts have recorded its login. Creates the record if it is
    /// missing.
    async fn enter(
        &self,
        user: &User,
        app: &App,
        connect: &Connect<'_>,
        registered: bool,
        now: Now,
    ) -> Result<Attempt, ServiceError> {
        let (mut there_at, mut has_seeded) = (None, false);
        let mut seeds = Seeds::default();
        let policy = app.settings.multi_device;
        loop {
            let attempt = self.directory.update_logged(user, now, |presence| {
                let number = Some((connect.login, there_at));
                let newest = presence.newest_login();
                // A record that was created after the login was recorded contains the login, unless the login was ended
                // meanwhile.
                let is_missing = has_seeded
                    && there_at != Some(newest)
                    && !connect.platform.is_web()
                    && !presence.is_logged_in(connect.device);
                match presence.admission(connect.device, connect.platform, connect.issued, number, policy) {
                    Admission::Admitted(_) if is_missing => {
                        Transition::quiet(Attempt::NotAdmitted(Admission::MayHaveEnded(newest)))
                    }
                    Admission::Admitted(_) => {
                        let entered = presence.connect(connect, &app.settings, now);
                        let epoch = self.directory.epoch_of(user);
                        entered.map(|connected| {
                            Attempt::Entered(entered_as(presence, connect.login, connected, epoch))
                        })
                    }
                    refused @ (Admission::Unknown
                    | Admission::Revoked
                    | Admission::Ended
                    | Admission::Overtaken
                    | Admission::Beaten(_)
                    | Admission::MayHaveEnded(_)) => Transition::quiet(Attempt::NotAdmitted(refused)),
                }
            });
            match attempt.await? {
                Some((Attempt::NotAdmitted(Admission::MayHaveEnded(newest)), _)) => {
                    let logins = self.facts.logins(user.clone()).await?;
                    let has = |login: &lamplight_facts::Login| {
                        login.number == connect.login && login.device == *connect.device
                    };
                    if !logins.iter().any(has) {
                        return Ok(Attempt::NotAdmitted(Admission::Ended));
                    }
                    there_at = Some(newest);
                }
                Some((Attempt::Entered(entered), logged)) => {
                    return Ok(Attempt::Entered(Entered { rev: logged.rev, ..entered }));
                }
                Some((refused @ Attempt::NotAdmitted(_), _)) => return Ok(refused),
                None => {
                    seeds.count()?;
                    self.records.seed_as(user, app, registered, now).await?;
                    has_seeded = true;
                }
            }
        }
    }

    /// Logs out the device of this connection. When this returns, the login has ended in the live record. If the facts
    /// cannot store the end now, the service retries it.
    ///
    /// Returns `false` and does nothing if the record does not have the connection. The reasons are that the device has
    /// another connection, its login has ended, or the directory has lost the record ([`Service::end_open_login`]).
    pub async fn logout(
        &self,
        user: &User,
        connection: ConnectionId,
        now: Now,
    ) -> Result<bool, ServiceError> {
        self.end_login(user, connection, LoginEnd::Logout, now).await
    }

    /// Logs out the device of this connection, because its UserSig has expired. Returns the same as
    /// [`Service::logout`].
    pub async fn expire_sig(
        &self,
        user: &User,
        connection: ConnectionId,
        now: Now,
    ) -> Result<bool, ServiceError> {
        self.end_login(user, connection, LoginEnd::SigExpired, now).await
    }

    pub(crate) async fn end_login(
        &self,
        user: &User,
        connection: ConnectionId,
        end: LoginEnd,
        now: Now,
    ) -> Result<bool, ServiceError> {
        let ended = self.end_live_login(user, connection, end, now).await.inspect_err(|_| {
            self.retries.push(Pending::EndLogin { user: user.clone(), connection, end, open: None });
        });
        let Some(unsettled) = ended? else { return Ok(false) };
        if !unsettled.is_empty() {
            self.settle_or_retry(user, unsettled, now).await;
        }
        Ok(true)
    }

    /// Ends the login of this connection in the live record. Returns the ended logins that the facts have not stored
    /// yet; `None` if the record does not have the connection.
    pub(crate) async fn end_live_login(
        &self,
        user: &User,
        connection: ConnectionId,
        end: LoginEnd,
        now: Now,
    ) -> Result<Option<Vec<EndedLogin>>, ServiceError> {
        let app = self.app(user)?;
        let ended = self.directory.update(user, now, |presence| {
            let ended = match end {
                LoginEnd::Logout => presence.logout(connection, &app.settings, now),
                LoginEnd::SigExpired => presence.expire_sig(connection, &app.settings, now),
            };
            ended.map(|removed| removed.map(|_| presence.unsettled_ends().cloned().collect()))
        });
        Ok(ended.await?.flatten())
    }

    /// Records that a connection has ended without a logout. `heard` is the time of its last bytes. Does nothing if the
    /// connection was superseded or kicked. If the call fails, it is retried until it succeeds.
    pub async fn disconnect(
        &self,
        user: &User,
        connection: ConnectionId,
        end: LinkEnd,
        heard: Timestamp,
        now: Now,
    ) -> Result<(), ServiceError> {
        self.disconnect_live(user, connection, end, heard, now).await.inspect_err(|_| {
            self.retries.push(Pending::Disconnect { user: user.clone(), connection, end, heard });
        })
    }

    pub(crate) async fn disconnect_live(
        &self,
        user: &User,
        connection: ConnectionId,
        end: LinkEnd,
        heard: Timestamp,
        now: Now,
    ) -> Result<(), ServiceError> {
        let app = self.app(user)?;
        let ended = self
            .directory
            .update(user, now, |presence| presence.disconnect(connection, end, heard, &app.settings, now));
        ended.await?;
        Ok(())
    }
}

/// Whether a call to the facts may have been executed, although it failed.
pub(crate) fn may_have_happened(error: &FactsError) -> bool {
    match error.kind {
        FactsErrorKind::Overloaded => false,
        FactsErrorKind::Unavailable | FactsErrorKind::Corrupt => true,
    }
}

fn refused_as(connect: &Connect<'_>, resume: bool) -> RefusedLogin {
    let (device, platform, login) = (connect.device.clone(), connect.platform, connect.login);
    RefusedLogin { device, platform, login, connection: Some(connect.connection), why: mark_of(!resume) }
}

fn entered_as(presence: &Presence, login: u64, connected: Connected, epoch: Timestamp) -> Entered {
    let unsettled = presence.unsettled_ends().cloned().collect();
    let (version, subscriptions) = (presence.version(), presence.subscriptions().iter().collect());
    let is_restricted = presence.restrictions().is_some();
    let recorded_in = RecordEpoch::of(epoch);
    Entered { login, connected, unsettled, recorded_in, rev: 0, version, subscriptions, is_restricted }
}
