//! How slow the stores are, and when they fail: drawn from a seed, for every call anew.

use super::executor::{Clock, block_on};
use crate::random::Random;
use lamplight_model::User;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The present state of the stores.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Climate {
    /// The most milliseconds that a call usually waits, before and after its effect each. 0: it does not wait at all.
    pub delay: usize,
    /// Of so many calls to the facts one fails. 0: none.
    pub facts_fail: usize,
    /// Of so many reads of the facts one fails. 0: none.
    pub reads_fail: usize,
    /// Of so many calls to the directory one fails. 0: none.
    pub directory_fails: usize,
    /// Writes of the facts about this user fail always.
    pub cursed: Option<User>,
    /// Changes of the live record of this user fail always.
    pub cursed_live: Option<User>,
}

/// The kind of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// It reads facts.
    FactsRead,
    /// It writes facts.
    FactsWrite,
    /// It reads live records.
    DirectoryRead,
    /// It writes a live record.
    DirectoryWrite,
}

/// How a call fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Failure {
    /// At once: too many calls wait.
    Overloaded,
    /// Without an effect, although it might have had one.
    Lost,
    /// After its effect.
    Unanswered,
}

/// The weather, shared by the stores of one run.
pub(crate) struct Weather {
    clock: Arc<Clock>,
    state: Mutex<(Climate, Random)>,
}

/// The way of one call to its store and back.
pub(crate) struct Trip {
    out: u64,
    back: u64,
    pub failure: Option<Failure>,
    clock: Arc<Clock>,
}

impl Weather {
    /// Fine weather, until it is [set](Weather::set).
    pub fn new(clock: Arc<Clock>, seed: u64) -> Self {
        Self { clock, state: Mutex::new((Climate::default(), Random::new(seed))) }
    }

    /// Changes the weather.
    pub fn set(&self, climate: Climate) {
        self.state().0 = climate;
    }

    /// Whether a change is to be run once more, first, on a copy.
    pub fn runs_twice(&self) -> bool {
        let (climate, random) = &mut *self.state();
        climate.delay > 0 && random.once_in(5)
    }

    /// Draws the way of a call.
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

    fn state(&self) -> MutexGuard<'_, (Climate, Random)> {
        // Each critical section leaves the state whole, so a panic elsewhere does not taint it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Trip {
    /// Goes to the store, lets `effect` happen there in one moment, and comes back with what it answered, or with how
    /// the call failed.
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
