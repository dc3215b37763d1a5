//! The outbox of webhooks, for the webhook dispatcher and for operators.
//!
//! This module sends nothing. The [`OutboxBell`] wakes the webhook dispatcher when there are new notices.

use crate::{AppTable, ServiceError};
use lamplight_facts::{DeadLetter, Facts, FactsError, LaneState, Notice, Settled};
use lamplight_model::{AppId, Code, Hook, Lane, LaneLease, NodeId, Now, Refusal, Timestamp};
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;

/// The maximum number of dead letters in a page.
pub const MAX_DEAD_LETTER_PAGE: usize = 500;

/// A choice of dead letters of an app.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DeadLetters {
    /// All dead letters of the app.
    All,
    /// The dead letters with these ids. Unknown ids are ignored.
    These(Vec<u64>),
}

/// Wakes the webhook dispatcher when a lane has new notices.
#[derive(Default)]
pub struct OutboxBell {
    lanes: Mutex<BTreeSet<Lane>>,
    rung: Notify,
    dropped: AtomicU64,
}

impl OutboxBell {
    /// Adds a lane with new notices, and wakes the dispatcher.
    pub fn ring(&self, lane: Lane) {
        self.lanes.lock().insert(lane);
        self.rung.notify_one();
    }

    /// Counts a notice that was dropped because the outbox was full.
    pub(crate) fn count_dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// The number of notices that were dropped since the last call because the outbox was full.
    pub fn take_dropped(&self) -> u64 {
        self.dropped.swap(0, Ordering::Relaxed)
    }

    /// Waits until a lane was added. Then removes and returns all added lanes. Only one task may wait.
    pub async fn heard(&self) -> BTreeSet<Lane> {
        loop {
            let rung = self.rung.notified();
            let lanes = std::mem::take(&mut *self.lanes.lock());
            if !lanes.is_empty() {
                return lanes;
            }
            rung.await;
        }
    }
}

/// The outbox of all apps, with the checks and the bell that callers need.
pub struct Outbox {
    facts: Arc<dyn Facts>,
    apps: Arc<AppTable>,
    bell: OutboxBell,
}

impl Outbox {
    /// Creates the outbox on these facts.
    pub(crate) fn new(facts: Arc<dyn Facts>, apps: Arc<AppTable>) -> Self {
        Self { facts, apps, bell: OutboxBell::default() }
    }

    /// The bell that wakes the dispatcher when there are new notices.
    pub fn bell(&self) -> &OutboxBell {
        &self.bell
    }

    /// Wakes the dispatcher for the lanes of an app, whose webhooks may have new URLs.
    pub(crate) fn ring_for(&self, app: AppId) {
        Hook::ALL.into_iter().for_each(|hook| self.bell.ring(Lane { app, hook }));
    }

    /// All lanes that have or have had notices.
    pub async fn lanes(&self) -> Result<Vec<LaneState>, FactsError> {
        self.facts.lanes().await
    }

    /// Reads up to `limit` heads of a lane, in the order in which they are due. A head is the oldest unsettled notice
    /// of a user.
    pub async fn heads(&self, lane: Lane, limit: usize) -> Result<Vec<Notice>, FactsError> {
        self.facts.heads(lane, limit).await
    }

    /// Records that a notice is about to be sent, so that no login can withdraw it. Returns whether the notice exists.
    pub async fn hand_out(&self, id: u64) -> Result<bool, FactsError> {
        self.facts.hand_out(id).await
    }

    /// Takes or renews the lease of a lane for `node`. If another node has the lease, nothing changes, unless that
    /// lease has the beat `over`.
    pub async fn take_lease(
        &self,
        lane: Lane,
        node: NodeId,
        over: Option<u64>,
    ) -> Result<LaneLease, FactsError> {
        self.facts.take_lease(lane, node, over).await
    }

    /// Releases the lease of a lane if it has the beat `beat`.
    pub async fn release_lease(&self, lane: Lane, beat: u64) -> Result<(), FactsError> {
        self.facts.release_lease(lane, beat).await
    }

    /// Stores the outcomes of notices that were sent. Ignores outcomes from an earlier term of the lane. Returns the
    /// number of dead letters that were deleted because there were too many.
    pub async fn settle(&self, settled: Vec<Settled>, at: Timestamp) -> Result<usize, FactsError> {
        self.facts.settle(settled, at).await
    }

    /// Counts the waiting notices and the dead letters of an app, for each webhook. An unknown app is refused with
    /// 70020.
    pub async fn backlog(&self, app: AppId) -> Result<Vec<LaneState>, ServiceError> {
        self.known_app(app)?;
        let lanes = self.facts.lanes().await?;
        Ok(lanes.into_iter().filter(|state| state.lane.app == app).collect())
    }

    /// Reads up to `limit` dead letters of an app, at most [`MAX_DEAD_LETTER_PAGE`]. The page begins after the id
    /// `after`, in the order in which notices became dead letters. An unknown app is refused with 70020.
    pub async fn dead_letters(
        &self,
        app: AppId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, ServiceError> {
        self.known_app(app)?;
        Ok(self.facts.dead_letters(app, after, limit.min(MAX_DEAD_LETTER_PAGE)).await?)
    }

    /// Queues dead letters to be sent again. Returns how many of them existed. An unknown app is refused with 70020.
    pub async fn resend(&self, app: AppId, which: DeadLetters, now: Now) -> Result<usize, ServiceError> {
        self.known_app(app)?;
        let mut done = 0;
        for ids in self.pages_of(app, which).await? {
            done += self.facts.resend(app, ids, now.wall).await?;
        }
        self.ring_for(app);
        Ok(done)
    }

    /// Deletes dead letters. Returns how many of them existed. An unknown app is refused with 70020.
    pub async fn drop_dead_letters(&self, app: AppId, which: DeadLetters) -> Result<usize, ServiceError> {
        self.known_app(app)?;
        let mut done = 0;
        for ids in self.pages_of(app, which).await? {
            done += self.facts.drop_dead_letters(app, ids).await?;
        }
        Ok(done)
    }

    /// The ids of the chosen dead letters that exist now, in small pages, so that other writes are not delayed.
    async fn pages_of(&self, app: AppId, which: DeadLetters) -> Result<Vec<Vec<u64>>, ServiceError> {
        let ids = match which {
            DeadLetters::These(ids) => ids,
            DeadLetters::All => {
                let letters = self.facts.dead_letters(app, None, lamplight_facts::MAX_DEAD_LETTERS).await?;
                letters.into_iter().map(|letter| letter.id).collect()
            }
        };
        if ids.len() > lamplight_facts::MAX_DEAD_LETTERS {
            let why = format!("{} ids, at most {} are allowed", ids.len(), lamplight_facts::MAX_DEAD_LETTERS);
            return Err(Refusal::because(Code::INVALID_PARAMETER, why).into());
        }
        Ok(ids.chunks(MAX_DEAD_LETTER_PAGE).map(<[u64]>::to_vec).collect())
    }

    fn known_app(&self, app: AppId) -> Result<(), ServiceError> {
        self.apps.get(app).map(drop).ok_or_else(|| Code::NO_SUCH_APP.into())
    }
}
