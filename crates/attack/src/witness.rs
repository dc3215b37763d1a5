//! The witness, which measures how long a change takes to reach a watcher, before and during an attack. Its clients are
//! not part of the attack.

use crate::line::{Line, Way, custom};
use anyhow::{Result, anyhow};
use lamplight_wire::v1::server_message::Body;
use parking_lot::Mutex;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The number of (user, watcher) pairs. Each user changes some twelve times per second, which is below the conflation
/// rate.
const PAIRS: usize = 8;
/// The time between two changes of the witness. The pairs take turns.
const PAUSE: Duration = Duration::from_millis(10);
/// The delay that is recorded for a change that does not arrive.
const LOST: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(20);

/// The phase of the measurement to which a change belongs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// The changes of this phase are not counted.
    Idle,
    /// No server is attacked.
    Before,
    /// Another server on the same machine is attacked.
    Control,
    /// The server of the witness is attacked.
    During,
    /// The measurement is over.
    Over,
}

/// The times of all periods, in milliseconds. A phase may have several periods.
#[derive(Default, Debug)]
pub struct Times {
    periods: Vec<(Phase, Vec<f64>)>,
}

impl Times {
    /// Returns the p99 of each period of a phase.
    pub fn p99s(&self, phase: Phase) -> Vec<f64> {
        let of_phase = self.periods.iter().filter(|(of, times)| *of == phase && !times.is_empty());
        of_phase.map(|(_, times)| p99(times)).collect()
    }

    /// Returns the median p99 over all periods of a phase; NaN if the phase has no period.
    pub fn p99(&self, phase: Phase) -> f64 {
        let mut p99s = self.p99s(phase);
        p99s.sort_unstable_by(f64::total_cmp);
        p99s.get(p99s.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

/// Returns the value below which 99 % of the times are.
fn p99(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_unstable_by(f64::total_cmp);
    let place = (times.len() * 99).div_ceil(100).saturating_sub(1);
    times.get(place).copied().unwrap_or(f64::NAN)
}

/// A phase, and the number of times that the phase was changed.
type Period = Arc<Mutex<(Phase, usize)>>;

/// The running witness.
pub struct Witness {
    period: Period,
    thread: JoinHandle<Result<Times>>,
}

impl Witness {
    /// Logs the pairs in, and begins to make changes.
    pub fn start(way: &Way) -> Result<Self> {
        let mut pairs = Vec::new();
        for number in 0..PAIRS {
            let mover = Line::log_in(way, &format!("mover {number}"), PATIENCE)?;
            let mut watcher = Line::log_in(way, &format!("watcher {number}"), PATIENCE)?;
            watcher.subscribe(&format!("mover {number}"), PATIENCE)?;
            pairs.push((mover, watcher));
        }
        let period = Arc::new(Mutex::new((Phase::Idle, 0)));
        let shared = Arc::clone(&period);
        let thread = thread::spawn(move || watch(&mut pairs, &shared));
        Ok(Self { period, thread })
    }

    /// Begins a period. From now on, changes belong to this phase.
    pub fn set_phase(&self, phase: Phase) {
        let mut period = self.period.lock();
        *period = (phase, period.1 + 1);
    }

    /// Ends the measurement and returns the times.
    pub fn finish(self) -> Result<Times> {
        self.set_phase(Phase::Over);
        self.thread.join().map_err(|_| anyhow!("the witness has panicked"))?
    }
}

fn watch(pairs: &mut [(Line, Line)], period: &Period) -> Result<Times> {
    let mut times = Times::default();
    let mut counted = 0;
    for number in 0_u64.. {
        let now = *period.lock();
        if now.0 == Phase::Over {
            break;
        }
        let (mover, watcher) = &mut pairs[number as usize % PAIRS];
        let took = change(mover, watcher, &format!("change {number}"))?;
        // A change that began before a period does not count for it.
        if now == *period.lock() && now.0 != Phase::Idle {
            if now.1 != counted {
                counted = now.1;
                times.periods.push((now.0, Vec::new()));
            }
            if let Some((_, of_period)) = times.periods.last_mut() {
                of_period.push(took.as_secs_f64() * 1_000.0);
            }
        }
        thread::sleep(PAUSE);
    }
    Ok(times)
}

/// Makes one change, and returns the time until the watcher was notified.
fn change(mover: &mut Line, watcher: &mut Line, text: &str) -> Result<Duration> {
    let began = Instant::now();
    mover.send(&custom(text))?;
    let told = watcher.await_message(LOST, |message| {
        let Some(Body::StatusChanged(changed)) = &message.body else { return None };
        changed.statuses.iter().any(|status| status.custom_status == text).then_some(())
    })?;
    let took = if told.is_some() { began.elapsed() } else { LOST };
    mover.drain()?;
    Ok(took)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_99_in_a_hundred_is_found() {
        let times: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        assert_eq!(p99(&times), 198.0);
        assert_eq!(p99(&[7.0]), 7.0);
        assert!(p99(&[]).is_nan());
    }

    #[test]
    fn of_several_periods_the_one_in_the_middle_counts() {
        let (quiet, attacked) = (Phase::Before, Phase::During);
        let periods = vec![
            (quiet, vec![0.5]),
            (attacked, vec![9.0]),
            (quiet, vec![7.0]),
            (attacked, vec![0.8, 0.7]),
            (quiet, vec![0.4]),
            (attacked, vec![]),
            (attacked, vec![0.9]),
        ];
        let times = Times { periods };
        assert_eq!((times.p99(quiet), times.p99(attacked)), (0.5, 0.9));
        assert_eq!(times.p99s(attacked), [9.0, 0.8, 0.9]);
        assert!(times.p99(Phase::Control).is_nan());
    }
}
