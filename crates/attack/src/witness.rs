//! Another client, which measures how long a change takes to reach a watcher, before and during an attack.

use crate::line::{Line, Way, custom};
use anyhow::{Result, anyhow};
use lamplight_wire::v1::server_message::Body;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The number of pairs of a user and a watcher. Each user changes some eight times a second, too seldom for conflation.
const PAIRS: usize = 8;
/// The time between two changes over all pairs.
const PAUSE: Duration = Duration::from_millis(15);
/// The delay that is counted for a change that does not arrive.
const LOST: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(20);

/// The phase to which the current changes belong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Phase {
    /// Changes are not counted.
    Idle,
    /// The delays without an attack.
    Before,
    /// The delays during the attack.
    During,
    /// The measurement is over.
    Over,
}

/// The times of both phases, in milliseconds.
#[derive(Default, Debug)]
pub struct Times {
    /// Before the attack.
    pub before: Vec<f64>,
    /// During the attack.
    pub during: Vec<f64>,
}

/// The value below which 99 % of the times are.
pub fn p99(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_unstable_by(f64::total_cmp);
    let place = (times.len() * 99).div_ceil(100).saturating_sub(1);
    times.get(place).copied().unwrap_or(f64::NAN)
}

/// The running witness.
pub struct Witness {
    phase: Arc<AtomicU8>,
    thread: JoinHandle<Result<Times>>,
}

impl Witness {
    /// Logs the pairs in and begins.
    pub fn start(way: &Way) -> Result<Self> {
        let mut pairs = Vec::new();
        for number in 0..PAIRS {
            let mover = Line::log_in(way, &format!("mover {number}"), PATIENCE)?;
            let mut watcher = Line::log_in(way, &format!("watcher {number}"), PATIENCE)?;
            watcher.subscribe(&format!("mover {number}"), PATIENCE)?;
            pairs.push((mover, watcher));
        }
        let phase = Arc::new(AtomicU8::new(Phase::Idle as u8));
        let shared = Arc::clone(&phase);
        let thread = thread::spawn(move || watch(&mut pairs, &shared));
        Ok(Self { phase, thread })
    }

    /// Counts the changes from now on for this phase.
    pub fn set_phase(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Relaxed);
    }

    /// Ends the measurement and returns the times.
    pub fn finish(self) -> Result<Times> {
        self.set_phase(Phase::Over);
        self.thread.join().map_err(|_| anyhow!("the witness has panicked"))?
    }
}

fn watch(pairs: &mut [(Line, Line)], phase: &AtomicU8) -> Result<Times> {
    let mut times = Times::default();
    for number in 0_u64.. {
        let now = phase.load(Ordering::Relaxed);
        if now == Phase::Over as u8 {
            break;
        }
        let (mover, watcher) = &mut pairs[number as usize % PAIRS];
        let took = change(mover, watcher, &format!("change {number}"))?;
        let millis = took.as_secs_f64() * 1_000.0;
        // A change that began before the attack does not count for it.
        if now == phase.load(Ordering::Relaxed) {
            if now == Phase::Before as u8 {
                times.before.push(millis);
            } else if now == Phase::During as u8 {
                times.during.push(millis);
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
}
