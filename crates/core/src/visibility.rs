//! Decides which viewers may see the status of a user, and which status is shown to the other viewers (SPEC section 6).
//! No other module decides this.
//!
//! A viewer who may not see the status is shown a [`ShownStatus`]. It is the status that the viewer would see if all
//! connections of the user had closed at the moment of hiding. The moment of hiding is when the status was hidden from
//! this viewer. The shown status stays the same while the status is hidden, whatever the user does. There is one
//! exception: it becomes UNLOGINED when the logins of a user who is away would lapse. A hidden user therefore looks like
//! a user who is away.
//!
//! The stored data comes from the facts, with the version of the snapshot. Data of an older snapshot never replaces
//! data of a newer one, so operations that overlap may apply their data in any order.

use lamplight_model::{
    CustomStatus, ExtendedOption, Moment, Now, PlatformSet, Reason, StatusType, StoredRestrictions,
    Timestamp, UserId, UserStatus, Version, Visibility,
};
use serde::{Deserialize, Serialize};

/// The maximum number of viewers who are shown a status of their own. It does not bound the blocked users of a user
/// whose visibility is [`Visibility::Everyone`]. Viewers with a status of their own were blocked, or stopped being
/// friends, after the user had set the visibility.
///
/// Beyond this number, the own statuses with the lowest versions are dropped. Their viewers are then shown the status
/// of all other viewers. That status is replaced by the newest status that was dropped, as if the user had been away
/// since the moment of the dropped status.
pub const MOST_SHOWN_APART: usize = 4_000;

/// The status shown to a viewer who may not see the user's status.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(from = "StoredShown", into = "StoredShown")]
pub struct ShownStatus {
    /// OFFLINE or UNLOGINED.
    pub status_type: StatusType,
    /// The version of the status.
    pub version: Version,
    /// The time at which the status type last changed.
    pub since: Timestamp,
    /// The cause of the last change.
    pub reason: Reason,
    /// The time when the user was last connected, as it is shown to the viewer; `None` if the user was never connected.
    pub last_seen: Option<Timestamp>,
    /// The deadline at which the last login would lapse, if the user had been away since the status was hidden. `None`
    /// for UNLOGINED.
    pub lapses: Option<Moment>,
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
        let (last_seen, lapses) = last_seen.split();
        Self { status_type, version, since, reason, last_seen, lapses: lapses.map(Moment) }
    }
}

impl From<ShownStatus> for StoredShown {
    fn from(shown: ShownStatus) -> Self {
        let ShownStatus { status_type, version, since, reason, last_seen, lapses } = shown;
        let last_seen = ExtendedOption::new(last_seen, lapses.map(|lapses| lapses.0));
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
        let StoredRestrictions { version, visibility, friends, blocked } = stored;
        let mut after = Self {
            version: *version,
            visibility: *visibility,
            friends: friends.clone(),
            blocked: blocked.clone(),
            shown: None,
            apart: Vec::new(),
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

    /// The restrictions after the account was deleted. Viewers who may not see the status are shown the deletion of a
    /// user who was away.
    pub(crate) fn deleted(&self, now: Now) -> Self {
        self.map_shown(|shown| match shown.status_type {
            StatusType::Unlogined | StatusType::Unknown => shown,
            StatusType::Online | StatusType::Offline => ShownStatus {
                status_type: StatusType::Unlogined,
                version: shown.version.next(now.wall),
                since: now.wall,
                reason: Reason::Deleted,
                last_seen: shown.last_seen,
                lapses: None,
            },
        })
    }

    /// The restrictions of an account that was deleted and exists again: nothing is hidden. The version is kept, so that
    /// late data of the deleted account is recognised as older.
    pub fn lifted(&self) -> Self {
        let (friends, blocked, apart) = Default::default();
        Self { version: self.version, visibility: Visibility::Everyone, friends, blocked, shown: None, apart }
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
        self.visibility
    }

    /// The blocked users, in ascending order of their ids.
    pub fn blocked(&self) -> &[UserId] {
        &self.blocked
    }

    /// The lists version of the snapshot that the data was read from.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Whether these are the restrictions in `stored`. The statuses shown to viewers are not compared.
    pub fn are_as(&self, stored: &StoredRestrictions) -> bool {
        let StoredRestrictions { version: _, visibility, friends, blocked } = stored;
        (&self.visibility, &self.friends, &self.blocked) == (visibility, friends, blocked)
    }

    /// Whether every viewer may see the status.
    pub fn is_open(&self) -> bool {
        self.visibility == Visibility::Everyone && self.blocked.is_empty()
    }

    /// Whether a viewer may see the user's status. The viewer is not the user.
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

    /// Of the statuses that viewers are shown, the one with the highest version; `None` if there is none.
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

    /// The deadline at which a shown status becomes UNLOGINED next; `None` if there is none.
    pub(crate) fn next_lapse(&self) -> Option<Moment> {
        self.all_shown().filter_map(|shown| shown.lapses).min()
    }

    /// The number of shown statuses that become UNLOGINED later. It only decreases while the stored data stays the same.
    pub(crate) fn lapses_left(&self) -> usize {
        self.all_shown().filter(|shown| shown.lapses.is_some()).count()
    }

    /// Changes each shown status to UNLOGINED if its deadline has passed. Returns the restrictions with the changed
    /// statuses, which have a new version. If no deadline has passed, returns `None`.
    pub(crate) fn lapsed(&self, now: Now) -> Option<Self> {
        let is_over = |shown: ShownStatus| shown.lapses.is_some_and(|lapses| lapses <= now.moment);
        let lapsed = |shown: ShownStatus| match is_over(shown) {
            true => ShownStatus {
                status_type: StatusType::Unlogined,
                version: shown.version.next(now.wall),
                since: now.wall,
                reason: Reason::Lapsed,
                last_seen: shown.last_seen,
                lapses: None,
            },
            false => shown,
        };
        self.all_shown().any(is_over).then(|| self.map_shown(lapsed))
    }

    /// The restrictions with other deadlines of the shown statuses.
    pub(crate) fn with_lapses(&self, change: impl Fn(Moment) -> Moment) -> Self {
        self.map_shown(|shown| ShownStatus { lapses: shown.lapses.map(&change), ..shown })
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
        Self { lapses: None, ..self } == Self { lapses: None, ..other }
    }

    /// Converts this status into the status of `user`, as it is shown to a viewer.
    pub fn of(self, user: &UserId) -> UserStatus {
        let Self { status_type, version, since, reason, last_seen, lapses: _ } = self;
        UserStatus {
            user_id: user.clone(),
            status_type,
            custom_status: CustomStatus::default(),
            custom_expires: None,
            version,
            since,
            reason,
            last_seen,
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
