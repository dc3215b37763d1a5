//! Histories, which are sequences of steps. A history is generated from a seed, or parsed from a text. A failing
//! history is reduced to few steps.

use crate::random::Random;
use crate::reference::Reference;
use crate::step::{DEVICES, Device, End, Friends, Knob, Sig, Step, UNREADABLE, USERS, WORKERS, Who};
use crate::trial::{Fault, Trial};
use lamplight_model::StatusType;
use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The result of a history that found no fault.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// The number of executed steps.
    pub steps: usize,
    /// The number of times that each kind of outcome has occurred.
    pub tally: BTreeMap<String, usize>,
}

/// The result of a history that found a fault.
#[derive(Debug)]
pub struct Verdict {
    /// The seed; `None` for a written history.
    pub seed: Option<u64>,
    /// All steps up to and including the failing step.
    pub steps: Vec<Step>,
    /// The fault.
    pub fault: Fault,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LAST: usize = 40;
        if let Some(seed) = self.seed {
            writeln!(f, "LAMPLIGHT_SIM_SEED={seed} fails at step {}", self.steps.len())?;
        }
        if self.steps.len() > LAST {
            writeln!(f, "  … {} steps before", self.steps.len() - LAST)?;
        }
        for step in &self.steps[self.steps.len().saturating_sub(LAST)..] {
            writeln!(f, "  {step}")?;
        }
        write!(f, "{}", self.fault)
    }
}

/// The number of steps between two comparisons of the whole states. Before a comparison, all workers and clients read
/// everything.
const QUIET_EVERY: usize = 50;

/// Generates a history from a seed and runs it.
pub fn run_seed(seed: u64, steps: usize) -> Result<Report, Box<Verdict>> {
    let mut random = Random::new(seed);
    run(Trial::new, Some(seed), |trial, taken| {
        let quiet = taken % QUIET_EVERY == QUIET_EVERY - 1 || taken + 1 == steps;
        (taken < steps).then(|| if quiet { Step::Quiet } else { next(&mut random, trial) })
    })
}

/// Generates a history on several nodes from a seed and runs it. Nodes are lost during the history.
pub fn run_seed_on_nodes(seed: u64, steps: usize) -> Result<Report, Box<Verdict>> {
    let mut random = Random::new(seed);
    run(Trial::on_nodes, Some(seed), |trial, taken| {
        let quiet = taken % QUIET_EVERY == QUIET_EVERY - 1 || taken + 1 == steps;
        (taken < steps).then(|| {
            let step = next(&mut random, trial);
            let worker = random.below(WORKERS);
            let is_common = matches!(step, Step::Text { .. } | Step::Upkeep);
            if quiet {
                Step::Quiet
            } else if matches!(step, Step::Restart { .. } | Step::LoseLive) {
                Step::LoseNode { worker }
            } else if is_common && random.once_in(10) {
                Step::StartNode { worker }
            } else if matches!(step, Step::Jump { .. }) {
                // All nodes have the time of their directory, whose clock is never set.
                Step::Advance { millis: 3_000 }
            } else {
                step
            }
        })
    })
}

/// Runs a written history, and compares the whole states at its end.
pub fn replay(steps: &[Step]) -> Result<Report, Box<Verdict>> {
    replay_on(Trial::new, steps)
}

/// Runs a written history on several nodes, and compares the whole states at its end.
pub fn replay_on_nodes(steps: &[Step]) -> Result<Report, Box<Verdict>> {
    replay_on(Trial::on_nodes, steps)
}

fn replay_on(begin: impl Fn() -> Result<Trial, Fault>, steps: &[Step]) -> Result<Report, Box<Verdict>> {
    let mut steps = steps.iter().cloned().chain([Step::Quiet]);
    run(begin, None, |_, _| steps.next())
}

/// Removes steps from a failing history, as long as it still fails.
pub fn shrink(verdict: Verdict) -> Verdict {
    shrink_by(verdict, replay)
}

/// Removes steps from a failing history on several nodes, as long as it still fails.
pub fn shrink_on_nodes(verdict: Verdict) -> Verdict {
    shrink_by(verdict, replay_on_nodes)
}

fn shrink_by(verdict: Verdict, replay: impl Fn(&[Step]) -> Result<Report, Box<Verdict>>) -> Verdict {
    let mut best = verdict;
    let mut piece = best.steps.len() / 2;
    while piece > 0 {
        let mut from = 0;
        while from < best.steps.len() {
            let mut fewer = best.steps.clone();
            fewer.drain(from..(from + piece).min(fewer.len()));
            match replay(&fewer) {
                Err(wrong) if wrong.steps.len() < best.steps.len() => {
                    best = Verdict { seed: best.seed, ..*wrong };
                }
                Err(_) | Ok(_) => from += piece,
            }
        }
        piece /= 2;
    }
    best
}

fn run(
    begin: impl Fn() -> Result<Trial, Fault>,
    seed: Option<u64>,
    mut next: impl FnMut(&Trial, usize) -> Option<Step>,
) -> Result<Report, Box<Verdict>> {
    let mut steps = Vec::new();
    let failed = |fault, steps| Err(Box::new(Verdict { seed, steps, fault }));
    let mut trial = match begin() {
        Ok(trial) => trial,
        Err(fault) => return failed(fault, steps),
    };
    while let Some(step) = next(&trial, steps.len()) {
        steps.push(step.clone());
        // A panic counts as a fault, so that the steps that led to it are reported.
        match catch_unwind(AssertUnwindSafe(|| trial.step(&step))) {
            Ok(Ok(Some(_))) => {}
            Ok(Ok(None)) => drop(steps.pop()),
            Ok(Err(fault)) => return failed(fault, steps),
            Err(_) => return failed(Fault("a panic, above".into()), steps),
        }
    }
    Ok(Report { steps: steps.len(), tally: trial.tally().clone() })
}

/// Chooses the next step of a history from the current state.
fn next(random: &mut Random, trial: &Trial) -> Step {
    let reference = trial.reference();
    let who = random.below(USERS.len());
    let device = random.below(DEVICES.len());
    // Most steps are those of a connected user.
    let clients = trial.world().clients();
    let connected = if clients.is_empty() { None } else { clients.values().nth(random.below(clients.len())) };
    let (who, device) = match connected {
        Some(client) if !random.once_in(3) => (client.who, client.device),
        Some(_) | None => (who, device),
    };
    let other = random.below(USERS.len());
    let worker = random.below(WORKERS);
    match random.below(1000) {
        0..150 if random.once_in(4) => login(random, who, device, worker),
        0..150 => {
            let (who, device) = (random.below(USERS.len()), random.below(DEVICES.len()));
            login(random, who, device, worker)
        }
        150..165 => Step::Logout { who, device },
        165..210 => {
            let end = *random.pick(&[End::Closed, End::Closed, End::TimedOut, End::LateClosed]);
            Step::Close { who, device, end }
        }
        210..215 => Step::SigEnds { who, device },
        215..370 => {
            let text = *random.pick(&["", "busy", "away", "lunch", "eight888", "nine99999", "灯火"]);
            let seconds = if random.once_in(3) { *random.pick(&[1, 2, 5, 20, 61, 400]) } else { 0 };
            Step::Text { who, device, text: text.to_owned(), seconds }
        }
        370..420 => Step::Query { who, device, users: users(random, reference, who, 7) },
        420..520 => Step::Subscribe { who, device, users: users(random, reference, who, 5) },
        520..523 => Step::Unsubscribe { who, device, users: Vec::new() },
        523..555 => Step::Unsubscribe { who, device, users: users(random, reference, who, 5) },
        555..570 => Step::List { who, device },
        570..600 => Step::Stall { who, device },
        600..640 => Step::Read { who, device, statuses: 1 + random.below(3) },
        640..660 => Step::Unstall { who, device },
        660..700 => Step::Befriend { who, friend: other, lists: lists(random) },
        700..720 => Step::Unfriend { who, friend: other, lists: lists(random) },
        720..728 => Step::Create { who },
        728..731 => Step::Delete { who },
        731..735 => Step::Kick { who },
        735..760 => set(random),
        760..870 => {
            let short = [1, 7, 50, 400, 400, 400, 1_000, 1_000, 2_000, 2_000, 5_000, 5_000, 20_000];
            Step::Advance { millis: *random.pick(&short) }
        }
        870..880 => Step::Advance { millis: 61_000 },
        880..886 => {
            Step::Jump { millis: *random.pick(&[-3_600_000, -60_000, -1_000, -1, 1_000, 60_000, 3_600_000]) }
        }
        886..960 => Step::Upkeep,
        960..975 => Step::Doze { worker },
        975..988 => Step::Wake { worker },
        988..996 => {
            Step::Restart { orderly: random.once_in(2), millis: *random.pick(&[0, 10, 900, 5_000, 45_000]) }
        }
        996..997 => Step::LoseLive,
        _ if !(0..WORKERS).all(|worker| trial.world().is_awake(worker)) && random.once_in(3) => Step::Flood,
        _ => Step::Advance { millis: 310_000 },
    }
}

fn login(random: &mut Random, who: Who, device: Device, worker: usize) -> Step {
    let sig = match random.below(60) {
        0 => Sig::Expired,
        1 => Sig::Forged,
        _ => Sig::Good,
    };
    let resume = sig == Sig::Good && !random.once_in(3);
    Step::Login { who, device, worker, resume, sig }
}

fn lists(random: &mut Random) -> Friends {
    if random.once_in(3) { Friends::One } else { Friends::Both }
}

/// Returns a list of users for a call. Sometimes each user is on it twice, because the server must count duplicates
/// once.
fn users(random: &mut Random, reference: &Reference, who: Who, most: usize) -> Vec<Who> {
    if random.once_in(20) {
        return vec![who; 1 + random.below(2)];
    }
    let mut users = Vec::new();
    for _ in 0..1 + random.below(most) {
        let user = random.below(USERS.len());
        let is_interesting =
            reference.status(user).is_some_and(|status| status.kind != StatusType::Unlogined);
        if (user == who && !random.once_in(8)) || (!is_interesting && random.once_in(2)) {
            continue;
        }
        if !users.contains(&user) || random.once_in(3) {
            users.push(user);
        }
    }
    if random.once_in(30) {
        users.push(UNREADABLE);
    }
    if random.once_in(8) {
        users.extend_from_within(..);
    }
    users
}

fn set(random: &mut Random) -> Step {
    let (knob, values): (Knob, &[u32]) = match random.below(19) {
        0 => (Knob::Edition, &[0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]),
        1 | 2 => (Knob::UserStatus, &[0, 1, 1, 1]),
        3 | 4 => (Knob::FriendNotification, &[0, 1, 1]),
        5 => (Knob::Mode, &[0, 1, 2, 3]),
        6 => (Knob::WebInstances, &[0, 1, 2, 2, 2, 10]),
        7 => (Knob::NativeInstances, &[1, 2, 3]),
        8 => (Knob::LingerNative, &[0, 0, 800, 6_000]),
        9 => (Knob::LingerWeb, &[0, 0, 800, 6_000]),
        10 => (Knob::LoginRetention, &[60_000, 300_000]),
        11 => (Knob::ListRetention, &[0, 40_000, 100_000]),
        12 | 13 => (Knob::Subscriptions, &[1, 2, 3, 5]),
        14 => (Knob::QueryBatch, &[3, 5]),
        15 => (Knob::SubscribeBatch, &[3, 4]),
        16 => (Knob::UnsubscribeBatch, &[3, 4]),
        17 => (Knob::TextBytes, &[4, 8, 8]),
        _ => (Knob::RateCalls, &[1, 2, 6]),
    };
    Step::Set { knob, value: *random.pick(values) }
}
