//! The backlog of webhooks and their dead letters: operations of an operator or the console.
//!
//! Nothing is sent here. The [`OutboxBell`] wakes the webhook dispatcher when there are new notices.

use crate::locks::lock;
use crate::{Service, ServiceError};
use lamplight_facts::{DeadLetter, LaneState};
use lamplight_model::{AppId, Code, Lane, Now, Refusal};
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Notify;

/// The most dead letters in a page.
pub const MAX_DEAD_LETTER_PAGE: usize = 500;

/// Which dead letters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DeadLetters {
    /// All of the app.
    All,
    /// These; one that is not there is passed over.
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
    /// There is something new in this lane.
    pub fn ring(&self, lane: Lane) {
        lock(&self.lanes).insert(lane);
        self.rung.notify_one();
    }

    /// A notice found no room.
    pub(crate) fn count_dropped(&self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// How many notices of operations found no room since this was asked last.
    pub fn take_dropped(&self) -> u64 {
        self.dropped.swap(0, Ordering::Relaxed)
    }

    /// Waits for the bell, and answers with the lanes that it rang for. For one listener.
    pub async fn heard(&self) -> BTreeSet<Lane> {
        loop {
            let rung = self.rung.notified();
            let lanes = std::mem::take(&mut *lock(&self.lanes));
            if !lanes.is_empty() {
                return lanes;
            }
            rung.await;
        }
    }
}

impl Service {
    /// Rings when there is something new in the outbox.
    pub fn outbox_bell(&self) -> &OutboxBell {
        &self.outbox_bell
    }

    /// Lists the waiting notices and the dead letters of an app, by webhook. Refused with 70020.
    pub async fn webhook_backlog(&self, app: AppId) -> Result<Vec<LaneState>, ServiceError> {
        self.known_app(app)?;
        let lanes = self.facts.lanes().await?;
        Ok(lanes.into_iter().filter(|state| state.lane.app == app).collect())
    }

    /// Up to `limit` dead letters of an app after the one of this id, in the order of their death; never more than
    /// [`MAX_DEAD_LETTER_PAGE`]. Refused with 70020.
    pub async fn dead_letters(
        &self,
        app: AppId,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, ServiceError> {
        self.known_app(app)?;
        Ok(self.facts.dead_letters(app, after, limit.min(MAX_DEAD_LETTER_PAGE)).await?)
    }

    /// Sends dead letters again. Says how many of them there were. Refused with 70020.
    pub async fn resend_dead_letters(
        &self,
        app: AppId,
        which: DeadLetters,
        now: Now,
    ) -> Result<usize, ServiceError> {
        self.known_app(app)?;
        let mut done = 0;
        for ids in self.pages_of(app, which).await? {
            done += self.facts.resend(app, ids, now.wall).await?;
        }
        for hook in lamplight_model::Hook::ALL {
            self.outbox_bell.ring(Lane { app, hook });
        }
        Ok(done)
    }

    /// Forgets dead letters. Says how many of them there were. Refused with 70020.
    pub async fn drop_dead_letters(&self, app: AppId, which: DeadLetters) -> Result<usize, ServiceError> {
        self.known_app(app)?;
        let mut done = 0;
        for ids in self.pages_of(app, which).await? {
            done += self.facts.drop_dead_letters(app, ids).await?;
        }
        Ok(done)
    }

    /// The ids, in pages that keep no other write waiting for long. Those that die meanwhile are not among them.
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
