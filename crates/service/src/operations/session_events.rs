//! Moves session events from the live records to the outbox, for many users in one commit.
//!
//! A record keeps its events until the outbox has stored them. If the process crashes in between, the events are moved
//! again. The outbox ignores events that it already has.
//!
//! Two nodes may move the events of one partition for a short time. A recorder therefore begins a term of the partition
//! before it reads the records. The outbox stores events only for the recorder with the last term of the partition.

use crate::{Service, ServiceError};
use lamplight_core::{Duty, Presence};
use lamplight_facts::{NewNotice, RecorderTerm};
use lamplight_model::{Hook, Lane, NoticeContent, Now, SessionEvent, Timestamp, User};
use std::collections::{BTreeMap, BTreeSet};

/// The number of users in one page.
const PAGE: usize = 512;

/// The outcome of [`Service::record_events`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct EventsRecorded {
    /// The number of events that were dropped because the outbox was full.
    pub outbox_full: u64,
    /// The number of events that were dropped earlier because a record had too many.
    pub record_full: u64,
}

/// The terms of a recorder in the partitions whose events it moves; see
/// [`begin_recording`](lamplight_facts::Outbox::begin_recording). Contains at most one term for each partition.
#[derive(Debug, Default)]
pub struct RecorderTerms(BTreeMap<u16, u64>);

impl RecorderTerms {
    /// Forgets the terms of these partitions. The recorder begins new terms before it reads the records the next time.
    fn forget(&mut self, partitions: &BTreeSet<u16>) {
        self.0.retain(|partition, _| !partitions.contains(partition));
    }

    fn of(&self, partitions: &BTreeSet<u16>) -> Vec<RecorderTerm> {
        let term =
            |partition: &u16| Some(RecorderTerm { partition: *partition, term: *self.0.get(partition)? });
        partitions.iter().filter_map(term).collect()
    }
}

/// The session events of one user, to be moved to the outbox.
struct HandOver {
    user: User,
    events: Vec<SessionEvent>,
    up_to: u64,
    dropped: u32,
    missed_since: Option<Timestamp>,
}

impl Service {
    /// The users whose records have session events that are not in the outbox yet. Reads only the partitions that are
    /// duties of this node.
    pub async fn users_with_events(&self) -> Result<Vec<User>, ServiceError> {
        let mut users = Vec::new();
        for partition in 0..self.directory.partitions() {
            if !self.duties.has(Duty::Partition(partition)) {
                continue;
            }
            let mut after = None;
            loop {
                let page = self.directory.with_events(partition, after.as_ref(), PAGE).await?;
                after = page.last().cloned();
                let is_last = page.len() < PAGE;
                users.extend(page);
                if is_last {
                    break;
                }
            }
        }
        Ok(users)
    }

    /// Whether this node has the duty to move the session events of a user.
    pub fn has_events_of(&self, user: &User) -> bool {
        self.duties.has(Duty::Partition(self.directory.partition_of(user)))
    }

    /// Moves the session events of these users to the outbox. Also adds notices about their missed messages.
    ///
    /// Returns `None` and moves nothing if another recorder has meanwhile begun a term of one of the partitions. The
    /// caller tries again with the users that are still [of this node](Service::has_events_of).
    pub async fn record_events(
        &self,
        terms: &mut RecorderTerms,
        users: &[User],
        now: Now,
    ) -> Result<Option<EventsRecorded>, ServiceError> {
        // Another node may have created an app, and this node may not have read that yet.
        if users.iter().any(|user| self.apps.get(user.app).is_none()) {
            self.refresh_apps().await?;
        }
        let is_wanted = |user: &User| {
            let app = self.apps.get(user.app);
            app.is_some_and(|app| !Hook::StateChange.url(&app.settings).is_empty())
        };
        let wanted: BTreeSet<&User> = users.iter().filter(|user| is_wanted(user)).collect();
        let partitions: BTreeSet<u16> = wanted.iter().map(|user| self.directory.partition_of(user)).collect();
        // The terms begin before the read. If a former recorder has already moved some events, they are not read again,
        // or the outbox ignores them.
        let new: Vec<u16> = partitions.iter().copied().filter(|it| !terms.0.contains_key(it)).collect();
        if !new.is_empty() {
            let term = self.facts.begin_recording(new.clone()).await?;
            terms.0.extend(new.into_iter().map(|partition| (partition, term)));
        }
        let read = |user: &User, presence: Option<&Presence>| {
            let pending = presence?.pending_events()?;
            Some(HandOver {
                user: user.clone(),
                events: pending.waiting().cloned().collect(),
                up_to: pending.last_ordinal(),
                dropped: pending.dropped(),
                missed_since: pending.missed_since(),
            })
        };
        let found: Vec<HandOver> = self.directory.read(users, read).await?.into_iter().flatten().collect();
        let at = now.wall;
        let mut lanes = BTreeSet::new();
        let mut notices = Vec::new();
        let mut recorded = EventsRecorded::default();
        for HandOver { user, events, .. } in found.iter().filter(|it| wanted.contains(&it.user)) {
            lanes.insert(Lane { app: user.app, hook: Hook::StateChange });
            notices.extend(events.iter().map(|event| NewNotice {
                user: user.clone(),
                content: NoticeContent::Session(event.clone()),
                at,
            }));
        }
        if !notices.is_empty() {
            match self.facts.enqueue(notices, terms.of(&partitions)).await {
                Ok(Some(done)) => recorded.outbox_full = done.dropped as u64,
                Ok(None) => {
                    terms.forget(&partitions);
                    return Ok(None);
                }
                Err(error) => {
                    // The call may still take effect later. A new term prevents that.
                    terms.forget(&partitions);
                    return Err(error.into());
                }
            }
        }
        for HandOver { user, missed_since, .. } in &found {
            if let Some(since) = *missed_since {
                // A user who has returned meanwhile reads the changed lists after the login.
                self.push_missed(user, since, now).await?;
                self.directory.update(user, now, |presence| presence.missed_recorded(since)).await?;
            }
        }
        for HandOver { user, up_to, dropped, .. } in &found {
            recorded.record_full += u64::from(*dropped);
            let (up_to, dropped) = (*up_to, *dropped);
            self.directory.update(user, now, |presence| presence.events_recorded(up_to, dropped)).await?;
        }
        lanes.into_iter().for_each(|lane| self.outbox.bell().ring(lane));
        let stored = |it: &HandOver| !it.events.is_empty() && wanted.contains(&it.user);
        let known: Vec<(User, u64)> =
            found.into_iter().filter(stored).map(|it| (it.user, it.up_to)).collect();
        if !known.is_empty() {
            // The records no longer contain these events, so the outbox need not detect duplicates of them. It
            // therefore forgets their ordinals. If this call fails, the outbox forgets them with the next events of the
            // same user.
            if let Err(error) = self.facts.forget_taken_in(known, terms.of(&partitions)).await {
                tracing::debug!(%error, "cannot remove the ordinals of moved session events from the outbox");
            }
        }
        Ok(Some(recorded))
    }
}
