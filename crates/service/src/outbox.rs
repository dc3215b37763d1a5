//! The outbox of webhooks, as the webhook dispatcher and the operators use it.
//!
//! Nothing is sent here. The [`OutboxBell`] wakes the webhook dispatcher when there are new notices.

use crate::{AppTable, ServiceError};
use lamplight_facts::{DeadLetter, Facts, FactsError, LaneState, Notice, Settled};
use lamplight_model::{AppId, Code, Hook, Lane, Now, Refusal, Timestamp};
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;

/// The most dead letters in a page.
pub const MAX_DEAD_LETTER_PAGE: usize = 500;

/// A selection of dead letters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DeadLetters {
    /// All dead letters of the app.
    All,
    /// The dead letters with these ids; an unknown id is ignored.
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
    /// Notes that a lane has new notices, and wakes the dispatcher.
    pub fn ring(&self, lane: Lane) {
        self.lanes.lock().insert(lane);
        self.rung.notify_one();
    }

    /// Counts a notice that was dropped because the outbox was full.
    pub(crate) fn count_dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// The number of notices of operations dropped since the last call.
    pub fn take_dropped(&self) -> u64 {
        self.dropped.swap(0, Ordering::Relaxed)
    }

    /// Waits until the bell rings, and returns the lanes that have rung it. Only one task may wait.
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

/// The outbox of every app.
pub struct Outbox {
    facts: Arc<dyn Facts>,
    apps: Arc<AppTable>,
    bell: OutboxBell,
}

impl Outbox {
    /// Creates the outbox over these facts.
    pub(crate) fn new(facts: Arc<dyn Facts>, apps: Arc<AppTable>) -> Self {
        Self { facts, apps, bell: OutboxBell::default() }
    }

    /// The bell that rings when the outbox has new notices.
    pub fn bell(&self) -> &OutboxBell {
        &self.bell
    }

    /// Rings for every lane of an app, whose receivers may have changed.
    pub(crate) fn ring_for(&self, app: AppId) {
        Hook::ALL.into_iter().for_each(|hook| self.bell.ring(Lane { app, hook }));
    }

    /// Every lane that has, or had, a notice.
    pub async fn lanes(&self) -> Result<Vec<LaneState>, FactsError> {
        self.facts.lanes().await
    }

    /// Up to `limit` heads of a lane, in the order in which they are due.
    pub async fn heads(&self, lane: Lane, limit: usize) -> Result<Vec<Notice>, FactsError> {
        self.facts.heads(lane, limit).await
    }

    /// Records that a notice is about to be sent, so that no login withdraws it any longer. Returns whether it still
    /// exists.
    pub async fn hand_out(&self, id: u64) -> Result<bool, FactsError> {
        self.facts.hand_out(id).await
    }

    /// Stores the outcomes of notices. Returns how many dead letters were deleted to make room.
    pub async fn settle(&self, settled: Vec<Settled>, at: Timestamp) -> Result<usize, FactsError> {
        self.facts.settle(settled, at).await
    }

    /// Lists the waiting notices and the dead letters of an app, by webhook. Refused with 70020.
    pub async fn backlog(&self, app: AppId) -> Result<Vec<LaneState>, ServiceError> {
        self.known_app(app)?;
        let lanes = self.facts.lanes().await?;
        Ok(lanes.into_iter().filter(|state| state.lane.app == app).collect())
    }

    /// Reads up to `limit` dead letters of an app after the one with this id, in the order in which they became dead
    /// letters; never more than [`MAX_DEAD_LETTER_PAGE`]. Refused with 70020.
    pub async fn dead_letters(
        &self,
        app: AppId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, ServiceError> {
        self.known_app(app)?;
        Ok(self.facts.dead_letters(app, after, limit.min(MAX_DEAD_LETTER_PAGE)).await?)
    }

    /// Makes dead letters waiting notices again. Returns how many existed. Refused with 70020.
    pub async fn resend(&self, app: AppId, which: DeadLetters, now: Now) -> Result<usize, ServiceError> {
        self.known_app(app)?;
        let mut done = 0;
        for ids in self.pages_of(app, which).await? {
            done += self.facts.resend(app, ids, now.wall).await?;
        }
        self.ring_for(app);
        Ok(done)
    }

    /// Deletes dead letters. Returns how many existed. Refused with 70020.
    pub async fn drop_dead_letters(&self, app: AppId, which: DeadLetters) -> Result<usize, ServiceError> {
        self.known_app(app)?;
        let mut done = 0;
        for ids in self.pages_of(app, which).await? {
            done += self.facts.drop_dead_letters(app, ids).await?;
        }
        Ok(done)
    }

    /// Returns the ids of dead letters in pages that are small enough not to delay other writes for long. Notices that
    /// become dead letters meanwhile are not among them.
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
