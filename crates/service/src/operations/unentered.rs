//! Ends logins that a lost node has recorded in the facts, and that have never entered a live record.
//!
//! A node records a login in the facts before the login enters the live record. If the node is killed between these two
//! steps and the client does not repeat its login, only the facts have it. After a node was lost, another node therefore
//! compares the logins of the last minutes with the live records.

use crate::records::Seeds;
use crate::{Service, ServiceError};
use lamplight_core::{Link, LostNode, Presence, RefusedLogin, Transition};
use lamplight_directory::DirectoryErrorKind;
use lamplight_facts::{Login, LoginCursor};
use lamplight_model::{Now, Timestamp, User};
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

/// The number of logins in the facts that a page examines.
const EXAMINED_AT_ONCE: usize = 2_000;

/// The number of live records that are read at once.
const READ_AT_ONCE: usize = 500;

/// The longest time for which a lost node may have retried an operation, such as to take a login back.
const LONGEST_RETRYING: Duration = Duration::from_secs(600);

/// The longest time for which a client waits for the answer to its login. A later login may still enter.
const LONGEST_LOGIN: Duration = Duration::from_secs(5);

/// The position of a page of [`Service::end_unentered`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnenteredCursor {
    times: Range<Timestamp>,
    after: Option<LoginCursor>,
}

impl UnenteredCursor {
    /// The first page of the logins that these lost nodes may have recorded. `None` if all of them
    /// [have left](LostNode::has_left), because such a node leaves no work.
    pub fn first(lost: &[LostNode], now: Now) -> Option<Self> {
        Some(Self { times: begun_since(lost, now)?..before(now, LONGEST_LOGIN), after: None })
    }
}

/// The earliest time of an operation that these lost nodes may not have completed. `None` if all of the nodes
/// [have left](LostNode::has_left).
pub(super) fn begun_since(lost: &[LostNode], now: Now) -> Option<Timestamp> {
    let unheard = lost.iter().filter(|lost| !lost.has_left).map(|lost| lost.unheard).max()?;
    Some(before(now, unheard + LONGEST_RETRYING))
}

fn before(now: Now, duration: Duration) -> Timestamp {
    Timestamp(now.wall.0.saturating_sub(duration.as_millis() as u64))
}

/// The outcome of [`Service::end_unentered`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnenteredPage {
    /// The number of logins that were ended.
    pub ended: usize,
    /// The position of the next page; `None` if this is the last page.
    pub next: Option<UnenteredCursor>,
}

impl Service {
    /// Ends the logins of one page that are in the facts and have not entered the live record. An earlier login of the
    /// same device stays, and gets the number of the later one.
    ///
    /// A login of a running node that has taken longer than five seconds is refused. Logins from before a loss of records
    /// are left as they are, because their records are made from the facts. If the call fails, the page must be repeated.
    pub async fn end_unentered(
        &self,
        place: UnenteredCursor,
        now: Now,
    ) -> Result<UnenteredPage, ServiceError> {
        let UnenteredCursor { times, after } = place;
        // Before the facts and the records are read: in a later epoch, a record may have been made from the facts.
        let read_in = self.directory.epoch();
        let page = self.facts.logins_recorded(times.clone(), after, EXAMINED_AT_ONCE).await?;
        let mut by_user: BTreeMap<User, Vec<Login>> = BTreeMap::new();
        for (user, login) in page.logins {
            if self.apps.get(user.app).is_some() && !self.records.was_lost(&login, now) {
                by_user.entry(user).or_default().push(login);
            }
        }
        let users: Vec<User> = by_user.keys().cloned().collect();
        let mut ended = 0;
        for users in users.chunks(READ_AT_ONCE) {
            let look = |user: &User, presence: Option<&Presence>| {
                let lacking = by_user[user].iter().filter(|login| is_lacking(presence, login));
                lacking.cloned().collect::<Vec<Login>>()
            };
            let lacking = self.directory.read(users, look).await?;
            for (user, logins) in users.iter().zip(lacking) {
                for login in logins {
                    match self.end_unentered_login(user, &login, read_in, now).await {
                        Ok(has_ended) => ended += usize::from(has_ended),
                        // The record would fail again at each repetition of the page, and the node would stay lost.
                        Err(ServiceError::Directory(error)) if error.kind == DirectoryErrorKind::Corrupt => {
                            tracing::warn!(%user, %error, "a login of a lost node cannot be checked");
                        }
                        Err(error) => return Err(error),
                    }
                }
            }
        }
        let next = page.next.map(|after| UnenteredCursor { times, after: Some(after) });
        Ok(UnenteredPage { ended, next })
    }

    /// Ends a login, if the live record still lacks it and has not been lost since the epoch `read_in`. Returns whether
    /// the login was ended.
    async fn end_unentered_login(
        &self,
        user: &User,
        login: &Login,
        read_in: Timestamp,
        now: Now,
    ) -> Result<bool, ServiceError> {
        let Ok(app) = self.app(user) else { return Ok(false) };
        let Login { device, platform, number, .. } = login.clone();
        // The cause of the login is unknown, so the device gets no mark and may resume.
        let refused = RefusedLogin { device, platform, login: number, connection: None, why: None };
        let (mut seeds, mut has_seeded) = (Seeds::default(), false);
        loop {
            let taken_back = self.directory.update(user, now, |presence| {
                let is_made_from_facts = || {
                    presence.devices().iter().any(|it| {
                        it.id == refused.device && it.login == number && matches!(it.link, Link::Gone { .. })
                    })
                };
                let is_there = !(is_lacking(Some(presence), login) || has_seeded && is_made_from_facts());
                if is_there || self.directory.epoch() != read_in {
                    return Transition::quiet(None);
                }
                let taken_back = presence.take_back(&refused, &app.settings, now);
                taken_back.map(|()| Some(presence.unsettled_ends().cloned().collect::<Vec<_>>()))
            });
            match taken_back.await? {
                Some(Some(unsettled)) => {
                    if !unsettled.is_empty() {
                        self.settle(user, unsettled, now).await?;
                    }
                    // The login may have created the account again.
                    self.agree(user, now).await?;
                    return Ok(true);
                }
                Some(None) => return Ok(false),
                None if self.directory.epoch() != read_in => return Ok(false),
                None => match self.seed_again(&mut seeds, user, &app, now).await {
                    Ok(()) => has_seeded = true,
                    // The account was deleted, and its logins were ended with it.
                    Err(ServiceError::Refused(_)) => return Ok(false),
                    Err(error) => return Err(error),
                },
            }
        }
    }
}

/// Whether a login of the facts has neither entered this live record nor ended in it.
fn is_lacking(presence: Option<&Presence>, login: &Login) -> bool {
    let Some(presence) = presence else { return true };
    let mut devices = presence.devices().iter();
    let has_entered = devices.any(|it| it.id == login.device && it.login >= login.number);
    let has_ended =
        presence.unsettled_ends().any(|end| end.device == login.device && end.login >= login.number);
    !has_entered && !has_ended && login.number > presence.ended_through()
}
