//! Decides which viewers may see the status of a user, and which status is shown to the other viewers (SPEC section 6).
//! No other module decides this.
//!
//! A viewer who may not see the status is shown a [`ShownStatus`]. It is the status that the viewer would see if all
//! connections of the user had closed at the moment of hiding. The moment of hiding is when the status was hidden from
//! this viewer. The shown status stays the same while the status is hidden, whatever the user does. It changes only when
//! the status of a user who is away would change: when the logins lapse, when the operator kicks the user, when the account
//! is deleted, and when the live records are lost. A hidden user therefore looks like a user who is away.
//!
//! The stored data comes from the facts, with the version of the snapshot. Data of an older snapshot never replaces
//! data of a newer one, so operations that overlap may apply their data in any order.

use lamplight_model::{
    AppSettings, AwayLogins, CustomStatus, ExtendedOption, Moment, Now, PlatformSet, Reason, StatusType,
    StoredRestrictions, Timestamp, UserId, UserStatus, Version, Visibility,
};
use serde::{Deserialize, Serialize};

/// The maximum number of viewers who are shown a status of their own. It does not bound the blocked users of a user
/// whose visibility is [`Visibility::Everyone`]. Viewers with a status of their own were blocked, or stopped being
/// friends, after the user had set the visibility.
///
/// Beyond this number, such statuses with the lowest versions are dropped. Their viewers are then shown the status
/// of all other viewers. That status is replaced by the newest status that was dropped, as if the user had been away
/// since the moment of the dropped status.
pub const MOST_SHOWN_APART: usize = 4_000;

/// The status shown to a viewer who may not see the user's status.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(from = "StoredShown", into = "StoredShown")]
pub struct ShownStatus {
    /// OFFLINE or UNLOGINED. ONLINE only after a loss of the live record, until the nodes have put back the connections
    /// that the user may have.
    pub status_type: StatusType,
    /// The version of the status.
    pub version: Version,
    /// The time at which the status type last changed.
    pub since: Timestamp,
    /// The cause of the last change.
    pub reason: Reason,
    /// The time when the user was last connected, as it is shown to the viewer; `None` if the user was never connected.
    /// It is not shown while the status is ONLINE.
    pub last_seen: Option<Timestamp>,
    /// The deadline of this status, if the user had been away since. An ONLINE status then becomes OFFLINE, and an OFFLINE
    /// status UNLOGINED. `None` for UNLOGINED.
    pub until: Option<Moment>,
}

/// The stored form of a [`ShownStatus`].
#[derive(Serialize, Deserialize)]
struct StoredShown {
    status_type: StatusType,
    version: Version,
    since: Timestamp,
    reason: Reason,
    /// The time when the user was last connected, and the deadline: a moment in a shared store, wall time on disk.
    last_seen: ExtendedOption<Timestamp, u64>,
}

impl From<StoredShown> for ShownStatus {
    fn from(stored: StoredShown) -> Self {
        let StoredShown { status_type, version, since, reason, last_seen } = stored;
        let (last_seen, until) = last_seen.split();
        Self { status_type, version, since, reason, last_seen, until: until.map(Moment) }
    }
}

impl From<ShownStatus> for StoredShown {
    fn from(shown: ShownStatus) -> Self {
        let ShownStatus { status_type, version, since, reason, last_seen, until } = shown;
        let last_seen = ExtendedOption::new(last_seen, until.map(|until| until.0));
        Self { status_type, version, since, reason, last_seen }
    }
}

/// A status that is shown to some viewers only, instead of the status of all other viewers.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
struct ShownApart {
    shown: ShownStatus,
    /// The viewers, in ascending order of their ids. Not empty.
    to: Vec<UserId>,
}

/// The restrictions of a user: the viewers who may not see the status, and the statuses that they are shown.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Restrictions {
    /// The lists version of the snapshot that the data was read from.
    version: u64,
    visibility: Visibility,
    /// The mutual friends in ascending order; only for [`Visibility::Friends`].
    friends: Vec<UserId>,
    /// The blocked users in ascending order.
    blocked: Vec<UserId>,
    /// The status for every viewer who may not see the user's status and is not in `apart`. `None` for
    /// [`Visibility::Everyone`].
    shown: Option<ShownStatus>,
    /// The statuses that are shown to some viewers only. Each viewer is in at most one entry.
    apart: Vec<ShownApart>,
    /// Whether the account was deleted and exists again. The restrictions have then ended. Viewers who could not see the
    /// status are still shown the deleted account, until the new account changes.
    has_ended: bool,
}

impl Restrictions {
    /// Returns the restrictions after the stored data has changed from that of `before` to `stored`. Viewers from whom
    /// the status is hidden from now on are shown `closed`. Viewers from whom it was already hidden keep the status
    /// that they are shown.
    ///
    /// Returns `None` if the data of `before` is at least as new as `stored`.
    pub fn changed(before: Option<&Self>, stored: &StoredRestrictions, closed: ShownStatus) -> Option<Self> {
        if before.is_some_and(|before| before.version >= stored.version) {
            return None;
        }
        if let Some(before) = before.filter(|before| before.has_ended && before.are_as(stored)) {
            // These are the data of the new account, which has no restrictions and has not changed either.
            return Some(Self { version: stored.version, ..before.clone() });
        }
        let StoredRestrictions { version, visibility, friends, blocked, away: _ } = stored;
        let mut after = Self {
            version: *version,
            visibility: *visibility,
            friends: friends.clone(),
            blocked: blocked.clone(),
            shown: None,
            apart: Vec::new(),
            has_ended: false,
        };
        if *visibility != Visibility::Everyone {
            after.shown = Some(before.and_then(|before| before.shown).unwrap_or(closed));
        }
        let mut listed: Vec<&UserId> = blocked.iter().chain(friends).collect();
        if let Some(before) = before {
            let apart = before.apart.iter().flat_map(|apart| &apart.to);
            listed.extend(before.blocked.iter().chain(&before.friends).chain(apart));
        }
        listed.sort_unstable();
        listed.dedup();
        for viewer in listed {
            if after.may_see(viewer) {
                continue;
            }
            let shown = before.and_then(|before| before.shown_to(viewer)).unwrap_or(closed);
            if after.shown != Some(shown) {
                after.show_apart(viewer, shown);
            }
        }
        after.bound();
        Some(after)
    }

    /// Returns the restrictions of a record that is created from the facts, because the earlier record was lost.
    /// Viewers who may not see the status are shown the status of a record that would be created for a user who was
    /// away: `with_login` if the facts had a login of that user, and `without_login` otherwise.
    ///
    /// [`StoredRestrictions::away`] has the viewers for whom the facts had a login. `has_login` decides for viewers
    /// whom it does not have, because the status was hidden from them only now. The facts had no login that a kick has
    /// ended: `ended_through` is the login number up to which all logins were ended.
    pub fn rebuilt(
        stored: &StoredRestrictions,
        has_login: bool,
        ended_through: u64,
        with_login: ShownStatus,
        without_login: ShownStatus,
    ) -> Self {
        let shown = |has_login: bool| if has_login { with_login } else { without_login };
        let StoredRestrictions { version, visibility, friends, blocked, away } = stored.clone();
        let is_kicked = away.ended_through < ended_through;
        let had_login = |stored: Option<bool>| stored.map_or(has_login, |had_login| had_login && !is_kicked);
        let mut rebuilt =
            Self { version, visibility, friends, blocked, shown: None, apart: Vec::new(), has_ended: false };
        if visibility != Visibility::Everyone {
            rebuilt.shown = Some(shown(had_login(away.others)));
        }
        let mut listed: Vec<&UserId> = stored.blocked.iter().chain(away.listed()).collect();
        listed.sort_unstable();
        listed.dedup();
        for viewer in listed {
            let shown = shown(had_login(away.of(viewer)));
            if !rebuilt.may_see(viewer) && rebuilt.shown != Some(shown) {
                rebuilt.show_apart(viewer, shown);
            }
        }
        rebuilt.bound();
        rebuilt
    }

    /// Returns the data that the facts must keep about the statuses that are shown to viewers who may not see the true
    /// one. `ended_through` is the login number up to which all logins were ended by a kick.
    pub fn away_logins(&self, ended_through: u64) -> AwayLogins {
        if self.has_ended || self.is_open() {
            return AwayLogins::default();
        }
        let others = self.shown.map(ShownStatus::has_login);
        let mut away = AwayLogins { others, ended_through, ..AwayLogins::default() };
        for ShownApart { shown, to } in &self.apart {
            match shown.has_login() {
                has_login if others == Some(has_login) => {}
                true => away.logged_in.extend_from_slice(to),
                false => away.logged_out.extend_from_slice(to),
            }
        }
        away.logged_in.sort_unstable();
        away.logged_out.sort_unstable();
        away
    }

    /// The restrictions after all logins of the user were ended by the deletion of the account or by a kick, which is the
    /// `reason`. Viewers who may not see the status are shown this end of the logins of a user who was away.
    pub(crate) fn ended_for(&self, reason: Reason, now: Now) -> Self {
        self.map_shown(|shown| match shown.status_type {
            StatusType::Unlogined | StatusType::Unknown => shown,
            StatusType::Online | StatusType::Offline => ShownStatus {
                status_type: StatusType::Unlogined,
                version: shown.version.next(now.wall),
                since: now.wall,
                reason,
                last_seen: shown.last_seen,
                until: None,
            },
        })
    }

    /// The restrictions of an account that was deleted and exists again. They have ended, but viewers who could not see
    /// the status are still shown the deleted account.
    pub(crate) fn ended(&self) -> Self {
        Self { has_ended: true, ..self.clone() }
    }

    /// Whether the account was deleted and exists again, and has not changed since.
    pub(crate) fn have_ended(&self) -> bool {
        self.has_ended
    }

    /// The restrictions of an account that was deleted and exists again, after its first change: nothing is hidden. The
    /// version is kept, so that late data of the deleted account is recognised as older.
    pub fn lifted(&self) -> Self {
        let (friends, blocked, apart) = Default::default();
        let (version, visibility) = (self.version, Visibility::Everyone);
        Self { version, visibility, friends, blocked, shown: None, apart, has_ended: false }
    }

    fn show_apart(&mut self, viewer: &UserId, shown: ShownStatus) {
        match self.apart.iter_mut().find(|apart| apart.shown == shown) {
            // The viewers come in ascending order.
            Some(apart) => apart.to.push(viewer.clone()),
            None => self.apart.push(ShownApart { shown, to: vec![viewer.clone()] }),
        }
    }

    /// Drops the oldest entries beyond [`MOST_SHOWN_APART`].
    fn bound(&mut self) {
        let Some(shown) = &mut self.shown else { return };
        let mut count: usize = self.apart.iter().map(|apart| apart.to.len()).sum();
        if count <= MOST_SHOWN_APART {
            return;
        }
        self.apart.sort_by_key(|apart| apart.shown.version);
        while count > MOST_SHOWN_APART {
            let oldest = self.apart.remove(0);
            count -= oldest.to.len();
            if shown.version < oldest.shown.version {
                *shown = oldest.shown;
            }
        }
        let shown = *shown;
        self.apart.retain(|apart| apart.shown.version > shown.version);
    }

    /// The visibility that the user has set.
    pub fn visibility(&self) -> Visibility {
        if self.has_ended { Visibility::Everyone } else { self.visibility }
    }

    /// The blocked users, in ascending order of their ids.
    pub fn blocked(&self) -> &[UserId] {
        if self.has_ended { &[] } else { &self.blocked }
    }

    /// The lists version of the snapshot that the data was read from.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Whether these are the restrictions in `stored`. The statuses shown to viewers are not compared.
    pub fn are_as(&self, stored: &StoredRestrictions) -> bool {
        let StoredRestrictions { version: _, visibility, friends, blocked, away: _ } = stored;
        let own_friends = if self.has_ended { &[][..] } else { &self.friends };
        (self.visibility(), own_friends, self.blocked()) == (*visibility, friends, blocked)
    }

    /// Whether every viewer may see the status.
    pub fn is_open(&self) -> bool {
        self.visibility() == Visibility::Everyone && self.blocked().is_empty()
    }

    /// Whether a viewer is shown the user's own status. The viewer is not the user. If the restrictions
    /// have ended with the account, viewers who could not see the status before are not shown it yet.
    pub fn may_see(&self, viewer: &UserId) -> bool {
        let is_allowed = match self.visibility {
            Visibility::Everyone => true,
            Visibility::Friends => self.friends.binary_search(viewer).is_ok(),
            Visibility::Nobody => false,
        };
        is_allowed && self.blocked.binary_search(viewer).is_err()
    }

    /// The status shown to a viewer who may not see the user's status; `None` if the viewer may see it.
    pub fn shown_to(&self, viewer: &UserId) -> Option<ShownStatus> {
        if self.may_see(viewer) {
            return None;
        }
        let apart = self.apart.iter().find(|apart| apart.to.binary_search(viewer).is_ok());
        let shown = apart.map(|apart| apart.shown).or(self.shown);
        Some(shown.expect("`changed` gives every viewer who may not see the status a status"))
    }

    /// The status shown to viewers who may not see the user's status and have no status of their own. `None` if the
    /// visibility is [`Visibility::Everyone`].
    pub fn shown_to_others(&self) -> Option<ShownStatus> {
        self.shown
    }

    /// Whether some viewer may not see the status with these restrictions, but may see it with the restrictions
    /// `after`.
    pub(crate) fn hides_more_than(&self, after: &Self) -> bool {
        let apart = self.apart.iter().flat_map(|apart| &apart.to);
        let mut listed = after.friends.iter().chain(&self.blocked).chain(apart);
        self.shown.is_some() && after.shown.is_none()
            || listed.any(|viewer| !self.may_see(viewer) && after.may_see(viewer))
    }

    /// The status with the highest version among those that viewers are shown; `None` if there is none.
    pub(crate) fn newest_shown(&self) -> Option<ShownStatus> {
        self.all_shown().max_by_key(|shown| shown.version)
    }

    /// The statuses that viewers are shown.
    pub(crate) fn all_shown(&self) -> impl Iterator<Item = ShownStatus> {
        self.apart.iter().map(|apart| apart.shown).chain(self.shown)
    }

    fn map_shown(&self, mut change: impl FnMut(ShownStatus) -> ShownStatus) -> Self {
        let mut changed = self.clone();
        for shown in changed.apart.iter_mut().map(|apart| &mut apart.shown).chain(&mut changed.shown) {
            *shown = change(*shown);
        }
        changed
    }

    /// The next deadline of a shown status; `None` if there is none.
    pub(crate) fn next_deadline(&self) -> Option<Moment> {
        self.all_shown().filter_map(|shown| shown.until).min()
    }

    /// The number of deadlines that the shown statuses still reach. It only decreases while the stored data stays the
    /// same.
    pub(crate) fn deadlines_left(&self) -> usize {
        self.all_shown().map(ShownStatus::deadlines_left).sum()
    }

    /// The restrictions after each shown status whose deadline has passed has changed, with a new version. `None` if
    /// there is none.
    pub(crate) fn expired(&self, settings: &AppSettings, now: Now) -> Option<Self> {
        let is_over = |shown: ShownStatus| shown.until.is_some_and(|until| until <= now.moment);
        let expired = |shown: ShownStatus| match is_over(shown) {
            true => shown.expired(settings, now),
            false => shown,
        };
        self.all_shown().any(is_over).then(|| self.map_shown(expired))
    }

    /// Whether some viewer is shown a status that was created from the facts and has not changed since.
    pub fn show_as_rebuilt(&self) -> bool {
        self.all_shown().any(ShownStatus::is_as_rebuilt)
    }

    /// Whether some viewer is shown that a kick has ended all logins, and nothing since.
    pub(crate) fn show_kick(&self) -> bool {
        self.all_shown().any(|shown| shown.reason == Reason::Kicked)
    }

    /// The restrictions with other deadlines of the shown statuses.
    pub(crate) fn with_deadlines(&self, change: impl Fn(Moment) -> Moment) -> Self {
        self.map_shown(|shown| ShownStatus { until: shown.until.map(&change), ..shown })
    }

    /// The restrictions after the version of each shown status was raised by [`Version::next`].
    pub(crate) fn with_next_versions(&self, at: Timestamp) -> Self {
        self.map_shown(|shown| ShownStatus { version: shown.version.next(at), ..shown })
    }

    /// The approximate size in bytes on the heap.
    pub fn bytes(&self) -> usize {
        let apart: usize = self.apart.iter().map(|apart| size_of::<ShownApart>() + ids(&apart.to)).sum();
        size_of::<Self>() + ids(&self.friends) + ids(&self.blocked) + apart
    }
}

fn ids(users: &[UserId]) -> usize {
    size_of_val(users)
}

impl ShownStatus {
    /// Whether a viewer sees no difference between the two statuses.
    pub(crate) fn looks_like(self, other: Self) -> bool {
        Self { until: None, ..self } == Self { until: None, ..other }
    }

    /// Whether `newer` is this status after a loss of records, and a viewer sees no difference except the version, as in
    /// [`Versioned::is_put_back_as`](crate::Versioned::is_put_back_as).
    pub(crate) fn is_put_back_as(self, newer: Self) -> bool {
        let Self { version, reason, until, .. } = newer;
        newer.is_as_rebuilt() && Self { version, reason, until, ..self }.looks_like(newer)
    }

    /// Whether the status was created from the facts and has not changed since.
    pub fn is_as_rebuilt(self) -> bool {
        self.reason == Reason::None
    }

    /// Whether the viewer is shown a user with a login.
    pub(crate) fn has_login(self) -> bool {
        matches!(self.status_type, StatusType::Online | StatusType::Offline)
    }

    fn deadlines_left(self) -> usize {
        match (self.until, self.status_type) {
            (None, _) => 0,
            (Some(_), StatusType::Online) => 2,
            (Some(_), StatusType::Offline | StatusType::Unlogined | StatusType::Unknown) => 1,
        }
    }

    /// The status after its deadline has passed, as that of a user who is away.
    fn expired(self, settings: &AppSettings, now: Now) -> Self {
        let (status_type, reason, until) = match self.status_type {
            StatusType::Online => {
                let lapses = now.moment + settings.timing.login_retention();
                (StatusType::Offline, Reason::NodeLost, Some(lapses))
            }
            StatusType::Offline | StatusType::Unlogined | StatusType::Unknown => {
                (StatusType::Unlogined, Reason::Lapsed, None)
            }
        };
        let (version, since) = (self.version.next(now.wall), now.wall);
        Self { status_type, version, since, reason, until, ..self }
    }

    /// Converts this status into the status of `user`, as it is shown to a viewer.
    pub fn of(self, user: &UserId) -> UserStatus {
        let Self { status_type, version, since, reason, last_seen, until: _ } = self;
        UserStatus {
            user_id: user.clone(),
            status_type,
            custom_status: CustomStatus::default(),
            custom_expires: None,
            version,
            since,
            reason,
            last_seen: last_seen.filter(|_| status_type != StatusType::Online),
            online_devices: PlatformSet::default(),
        }
    }
}

/// The status of a user for a viewer. It is the user's own status if the viewer is the user or may see it; otherwise,
/// it is the [`ShownStatus`] for this viewer.
pub fn status_for(status: UserStatus, restrictions: Option<&Restrictions>, viewer: &UserId) -> UserStatus {
    if status.user_id == *viewer {
        return status;
    }
    match restrictions.and_then(|restrictions| restrictions.shown_to(viewer)) {
        Some(shown) => shown.of(&status.user_id),
        None => status,
    }
}
