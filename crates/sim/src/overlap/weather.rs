//! The delays and failures of the stores, chosen at random for every call.

use super::executor::{Clock, block_on};
use crate::random::Random;
use lamplight_model::User;
use parking_lot::{Mutex, MutexGuard};
use std::sync::Arc;

/// The current delays and failure rates of the stores.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Climate {
    /// The usual maximum of the waits before and after the effect of a call, in milliseconds; 0 for no waits.
    pub delay: usize,
    /// One call to the facts in this many fails; 0 for none.
    pub facts_fail: usize,
    /// One read of the facts in this many fails; 0 for none.
    pub reads_fail: usize,
    /// One call to the directory in this many fails; 0 for none.
    pub directory_fails: usize,
    /// A user for whom writes of facts always fail.
    pub cursed: Option<User>,
    /// A user for whom changes of the live record always fail.
    pub cursed_live: Option<User>,
}

/// The kind of a call.
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
    /// The call fails at once, because too many calls wait.
    Overloaded,
    /// The call has no effect, although the caller cannot know that.
    Lost,
    /// The call fails after its effect.
    Unanswered,
}

/// The delays and failures that the stores of a run share.
pub(crate) struct Weather {
    clock: Arc<Clock>,
    state: Mutex<(Climate, Random)>,
}

/// The delays and the failure of one call.
pub(crate) struct Trip {
    out: u64,
    back: u64,
    pub failure: Option<Failure>,
    clock: Arc<Clock>,
}

impl Weather {
    /// Creates a weather without delays and failures, until they are [set](Weather::set).
    pub fn new(clock: Arc<Clock>, seed: u64) -> Self {
        Self { clock, state: Mutex::new((Climate::default(), Random::new(seed))) }
    }

    /// Sets the delays and failure rates.
    pub fn set(&self, climate: Climate) {
        self.state().0 = climate;
    }

    /// Whether a change first runs on a copy.
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

    fn state(&self) -> MutexGuard<'_, (Climate, Random)> {
        self.state.lock()
    }
}

impl Trip {
    /// Waits, runs `effect` in one moment, waits again, and returns its result or the failure of the call.
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
