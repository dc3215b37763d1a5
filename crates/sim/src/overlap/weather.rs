//! The random delays and failures of store calls.

use super::executor::{Clock, block_on};
use crate::random::Random;
use lamplight_model::User;
use parking_lot::{Mutex, MutexGuard};
use std::sync::Arc;

/// The delays and failure rates of the stores at the moment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Climate {
    /// The usual maximum of the delays before and after the effect of a call, in milliseconds.
    pub delay: usize,
    /// `n` if, on average, one of `n` writes to the facts fails; 0 if none fails.
    pub facts_fail: usize,
    /// `n` if, on average, one of `n` reads of the facts fails; 0 if none fails.
    pub reads_fail: usize,
    /// `n` if, on average, one of `n` calls of the directory fails; 0 if none fails.
    pub directory_fails: usize,
    /// A user for whom every write to the facts fails; `None` if there is none.
    pub cursed: Option<User>,
    /// A user for whom every change of the live record fails; `None` if there is none.
    pub cursed_live: Option<User>,
}

/// The smallest [`Climate::delay`], in milliseconds, at which calls count as slow. In a quiet world, the delay is
/// smaller.
const SLOW: usize = 10;

/// The kind of a store call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Reads facts.
    FactsRead,
    /// Writes facts.
    FactsWrite,
    /// Reads live records.
    DirectoryRead,
    /// Writes a live record.
    DirectoryWrite,
}

/// The way in which a call fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Failure {
    /// The call has no effect and fails at once, as if too many calls were waiting.
    Overloaded,
    /// The call has no effect, but its error does not say so.
    Lost,
    /// The call has its effect, and fails nevertheless.
    Unanswered,
}

/// The source of the delays and failures for all stores of a run.
pub(crate) struct Weather {
    clock: Arc<Clock>,
    state: Mutex<(Climate, Random)>,
}

/// The delays of one call, and its failure, if any.
pub(crate) struct Trip {
    out: u64,
    back: u64,
    pub failure: Option<Failure>,
    clock: Arc<Clock>,
}

impl Weather {
    /// Creates a weather in which no call is delayed or fails. [`set`](Weather::set) changes that.
    pub fn new(clock: Arc<Clock>, seed: u64) -> Self {
        Self { clock, state: Mutex::new((Climate::default(), Random::new(seed))) }
    }

    /// Sets the delays and failure rates.
    pub fn set(&self, climate: Climate) {
        self.state().0 = climate;
    }

    /// Decides at random whether a change is first run on a copy of the record.
    pub fn runs_twice(&self) -> bool {
        let (climate, random) = &mut *self.state();
        climate.delay > 0 && random.once_in(5)
    }

    /// Chooses the delays and the failure of a call.
    pub fn trip(&self, kind: Kind, user: Option<&User>) -> Trip {
        let (climate, random) = &mut *self.state();
        let mut wait = || match climate.delay {
            0 => 0,
            _ if random.once_in(4) => 0,
            _ if random.once_in(100) => random.below(2_000) as u64,
            delay => random.below(delay) as u64,
        };
        let (out, back) = (wait(), wait());
        let fails = match kind {
            Kind::FactsWrite => climate.facts_fail,
            Kind::FactsRead => climate.reads_fail,
            Kind::DirectoryRead | Kind::DirectoryWrite => climate.directory_fails,
        };
        let cursed = match kind {
            Kind::FactsWrite => climate.cursed.as_ref(),
            Kind::DirectoryWrite => climate.cursed_live.as_ref(),
            Kind::FactsRead | Kind::DirectoryRead => None,
        };
        let is_cursed = user.is_some() && cursed == user;
        let failure = if is_cursed {
            Some(Failure::Lost)
        } else if fails > 0 && random.once_in(fails) {
            Some(*random.pick(&[Failure::Overloaded, Failure::Lost, Failure::Unanswered]))
        } else {
            None
        };
        Trip { out, back, failure, clock: Arc::clone(&self.clock) }
    }

    /// Like [`trip`](Self::trip) without a user. While calls are slow, one of four calls is delayed by up to three
    /// seconds more before its effect. Another node can then do the same work in that time.
    pub fn late_trip(&self, kind: Kind) -> Trip {
        let mut trip = self.trip(kind, None);
        let (climate, random) = &mut *self.state();
        if climate.delay >= SLOW && random.once_in(4) {
            trip.out += random.below(3_000) as u64;
        }
        trip
    }

    fn state(&self) -> MutexGuard<'_, (Climate, Random)> {
        self.state.lock()
    }
}

impl Trip {
    /// Waits, runs `effect` while no virtual time passes, and waits again. Returns the result of `effect`, or the
    /// failure of the call.
    pub async fn go<T, E>(
        self,
        effect: impl Future<Output = Result<T, E>>,
        fail: impl Fn(Failure) -> E,
    ) -> Result<T, E> {
        if self.failure == Some(Failure::Overloaded) {
            return Err(fail(Failure::Overloaded));
        }
        self.wait(self.out).await;
        if self.failure == Some(Failure::Lost) {
            return Err(fail(Failure::Lost));
        }
        let done = block_on(effect);
        self.wait(self.back).await;
        if self.failure == Some(Failure::Unanswered) { Err(fail(Failure::Unanswered)) } else { done }
    }

    async fn wait(&self, millis: u64) {
        if millis > 0 {
            self.clock.sleep(millis).await;
        }
    }
}
