//! The environment of an attack, its bounds, and the measurement of its cost.

use crate::line::Way;
use crate::server::{Folder, Server, Settings};
use crate::witness::{Phase, Times, Witness};
use anyhow::{Context, Result, anyhow};
use futures_util::future::BoxFuture;
use lamplight_load::ProcessMeter;
use parking_lot::Mutex;
use serde::Serialize;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The factor by which an attack lasts longer than the measurement before it.
const BEFORE_PART: u64 = 2;
const BEFORE_QUICK: Duration = Duration::from_secs(1);
/// The interval at which the descriptors are counted.
const LOOK: Duration = Duration::from_millis(100);
/// A p99 of the witness, in milliseconds. Most attacks may raise the p99 to this value, even if it was much lower
/// before the attack. It is the target of docs/performance.md under a steady load.
pub const EVEN_LOAD: f64 = 20.0;
/// The p99 of the witness, in milliseconds, that the scheduler alone can cause. A thread may wait for the next tick,
/// usually for 4 ms. This p99 is allowed even for an attack that may only double the p99.
pub const A_TURN_OF_THE_SCHEDULER: f64 = 4.0;
/// The priority of the attackers' threads, as the argument of `nice`.
const LOWEST_PRIORITY: i32 = 19;
/// The factor by which the witness's p99 may grow.
const P99_FACTOR: f64 = 2.0;

/// The settings of a run of attacks.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// `true` for small and short attacks.
    pub quick: bool,
    /// Whether the witness uses another server, which nobody attacks.
    pub control: bool,
}

/// The bounds of an attack.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// The allowed growth of resident memory during the attack, in MiB.
    pub memory_mib: f64,
    /// The allowed growth of the number of descriptors during the attack.
    pub descriptors: u64,
    /// The lowest bound of the witness's p99, in milliseconds. If twice the p99 before the attack is higher, that value
    /// is the bound instead.
    pub p99_floor_ms: f64,
}

impl Bound {
    /// Returns the limit for the p99 of the witness during the attack, in milliseconds. `before` is the measured p99
    /// before the attack.
    fn p99_ms(&self, before: f64) -> f64 {
        (before * P99_FACTOR).max(self.p99_floor_ms)
    }
}

/// One attack.
pub struct Attack {
    /// The name of the attack, as `--only` takes it.
    pub name: &'static str,
    /// A description in one line.
    pub about: &'static str,
    /// The kind of attack.
    pub kind: Kind,
}

/// The kinds of attacks.
pub enum Kind {
    /// The attack is load on a server that other clients use.
    Load {
        /// The duration of the attack in seconds.
        seconds: u64,
        /// The bounds of the attack's cost.
        bound: Bound,
        /// The settings of the server, as far as they differ from the defaults.
        settings: Settings,
        /// `true` if the attack needs [`Scene::other`], a second server that it attacks in control periods.
        with_control: bool,
        /// The function that prepares the attack, calls [`Scene::begin`], attacks while [`Scene::goes_on`] returns
        /// `true`, and returns the findings.
        run: fn(Arc<Scene>) -> BoxFuture<'static, Result<Findings>>,
    },
    /// A mishap of operation. The function starts its own servers.
    Mishap(fn(&Path) -> Result<Findings>),
}

/// The results of an attack besides its cost: the expectations that did not hold, and notes.
#[derive(Default, Debug)]
pub struct Findings {
    /// The expectations that did not hold.
    pub broken: Vec<String>,
    /// The figures of the attack itself.
    pub notes: Vec<String>,
}

impl Findings {
    /// Records the expectation as broken if `holds` is `false`.
    pub fn expect(&mut self, holds: bool, else_what: impl Into<String>) {
        if !holds {
            self.broken.push(else_what.into());
        }
    }

    /// Adds a note.
    pub fn note(&mut self, what: impl Into<String>) {
        self.notes.push(what.into());
    }
}

/// The server under attack, as an attack uses it.
pub struct Scene {
    /// The server's client port, and the credentials with which users log in.
    pub way: Way,
    /// The HTTP port.
    pub http: SocketAddr,
    /// The address of health and metrics.
    pub health: SocketAddr,
    /// Another server on the same machine, which the witness does not use. The values are its client port with the
    /// credentials, and its address of health and metrics.
    pub other: Option<(Way, SocketAddr)>,
    /// Whether the run is quick, with smaller numbers.
    pub quick: bool,
    seconds: u64,
    meter: ProcessMeter,
    witness: Mutex<Option<Witness>>,
    started: Mutex<Option<Started>>,
    /// The CPU time and the duration of the attack; `None` if the attack does not come in periods.
    attacked: Mutex<Option<(Duration, Duration)>>,
}

/// The measurements at the beginning of the attack.
#[derive(Clone, Copy)]
struct Started {
    at: Instant,
    resident: u64,
    descriptors: u64,
    cpu: Duration,
    own_cpu: Duration,
}

/// The cost of an attack.
#[derive(Serialize, Debug)]
pub struct Outcome {
    /// The attack.
    pub name: &'static str,
    /// `true` if all expectations held.
    pub held: bool,
    /// The expectations that did not hold.
    pub broken: Vec<String>,
    /// The figures of the attack itself.
    pub notes: Vec<String>,
    /// The measured costs; `None` for a mishap.
    pub cost: Option<Cost>,
}

/// The figures of an attack.
#[derive(Serialize, Debug)]
pub struct Cost {
    /// The maximum growth of resident memory, in MiB.
    pub memory_mib: f64,
    /// The allowed maximum of `memory_mib`.
    pub memory_bound_mib: f64,
    /// The CPU time of the server in seconds.
    pub cpu_seconds: f64,
    /// The duration in seconds.
    pub seconds: f64,
    /// The maximum growth of the number of descriptors.
    pub descriptors: u64,
    /// The allowed maximum of `descriptors`.
    pub descriptors_bound: u64,
    /// The witness's p99 without an attack, in milliseconds. If the attack comes in periods, this value and the two
    /// values below are medians over the periods.
    pub p99_before_ms: f64,
    /// The witness's p99, in milliseconds, during the same attack on another server of the same machine; `None` if
    /// there was no such attack.
    pub p99_control_ms: Option<f64>,
    /// The witness's p99 during the attack, in milliseconds.
    pub p99_during_ms: f64,
    /// The allowed maximum of `p99_during_ms`.
    pub p99_bound_ms: f64,
}

impl Scene {
    /// Measures the state before the attack, and then begins the attack.
    pub async fn begin(&self) -> Result<()> {
        self.set_phase(Phase::Before);
        let before = Duration::from_secs(self.seconds / BEFORE_PART);
        tokio::time::sleep(if self.quick { BEFORE_QUICK } else { before }).await;
        self.start()?;
        self.set_phase(Phase::During);
        Ok(())
    }

    /// Begins the measurement of memory and descriptors. An attack that comes in periods calls this instead of
    /// [`Scene::begin`].
    pub fn start(&self) -> Result<()> {
        self.meter.reset_peak()?;
        let started = Started {
            at: Instant::now(),
            resident: self.meter.memory()?.resident,
            descriptors: self.meter.descriptors()?,
            cpu: self.meter.cpu()?,
            own_cpu: ProcessMeter::new(std::process::id()).cpu()?,
        };
        *self.started.lock() = Some(started);
        Ok(())
    }

    /// Measures a period of this phase. The period lasts until `work` is done.
    pub async fn period<T>(&self, phase: Phase, work: impl Future<Output = T>) -> Result<T> {
        let (cpu, began) = (self.meter.cpu()?, Instant::now());
        self.set_phase(phase);
        let done = work.await;
        self.set_phase(Phase::Idle);
        if phase == Phase::During {
            let mut attacked = self.attacked.lock();
            let (all_cpu, all_time) = attacked.get_or_insert_default();
            *all_cpu += self.meter.cpu()?.saturating_sub(cpu);
            *all_time += began.elapsed();
        }
        Ok(done)
    }

    /// Returns `true` while the attack lasts.
    pub fn goes_on(&self) -> bool {
        !self.left().is_zero()
    }

    /// Returns the time until the end of the attack.
    pub fn left(&self) -> Duration {
        let started = self.started.lock();
        started.map_or(Duration::ZERO, |started| {
            Duration::from_secs(self.seconds).saturating_sub(started.at.elapsed())
        })
    }

    /// Returns `usual`; in a quick run, returns a fraction of it.
    pub fn many(&self, usual: usize) -> usize {
        if self.quick { usual.div_ceil(8) } else { usual }
    }

    /// Runs a blocking function on its own thread.
    pub async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        act: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T> {
        let scene = Arc::clone(self);
        Ok(tokio::task::spawn_blocking(move || act(&scene)).await?)
    }

    fn set_phase(&self, phase: Phase) {
        if let Some(witness) = &*self.witness.lock() {
            witness.set_phase(phase);
        }
    }
}

impl Attack {
    /// Runs the attack.
    pub fn run(&self, program: &Path, how: Run) -> Outcome {
        let outcome = match &self.kind {
            Kind::Load { seconds, bound, settings, with_control, run } => {
                let seconds = if how.quick { 2 } else { *seconds };
                load(program, how, seconds, *bound, *settings, *with_control, *run)
            }
            Kind::Mishap(run) => run(program).map(|findings| (findings, None)),
        };
        let (findings, cost) = outcome.unwrap_or_else(|error| {
            (Findings { broken: vec![format!("{error:#}")], notes: Vec::new() }, None)
        });
        let Findings { broken, notes } = findings;
        Outcome { name: self.name, held: broken.is_empty(), broken, notes, cost }
    }
}

fn load(
    program: &Path,
    Run { quick, control }: Run,
    seconds: u64,
    bound: Bound,
    settings: Settings,
    with_control: bool,
    run: fn(Arc<Scene>) -> BoxFuture<'static, Result<Findings>>,
) -> Result<(Findings, Option<Cost>)> {
    let mut server: Server = Folder::make(program, settings.app)?.start(settings.env)?;
    let way = server.way();
    let meter = ProcessMeter::new(server.pid());
    let second = || Folder::make(program, settings.app)?.start(settings.env);
    let other = (control || with_control).then(second).transpose()?;
    let elsewhere = other.as_ref().filter(|_| !with_control);
    let witness = Witness::start(&elsewhere.map_or_else(|| way.clone(), Server::way))?;
    let scene = Arc::new(Scene {
        way,
        http: server.http,
        health: server.health,
        other: other.as_ref().map(|other| (other.way(), other.health)),
        quick,
        seconds,
        meter,
        witness: Mutex::new(Some(witness)),
        started: Mutex::new(None),
        attacked: Mutex::new(None),
    });
    let descriptors = Descriptors::watch(meter);
    let runtime = attackers()?;
    let ran = runtime.block_on(run(Arc::clone(&scene)));
    // The descriptors are measured while the attackers still hold their connections, which are part of the cost.
    let (peak_memory, cpu) = (meter.peak_memory(), meter.cpu());
    let own_cpu = ProcessMeter::new(std::process::id()).cpu()?;
    runtime.shutdown_background();
    let peak_descriptors = descriptors.finish();
    let witness = scene.witness.lock().take();
    let times = witness.context("the attack has begun without a witness")?.finish();
    let alive = server.is_alive();
    let mut findings = ran?;
    findings.expect(alive, "the server has ended");
    let log = server.kill().log();
    findings.expect(!log.contains("panicked"), "something in the server panicked");

    let started = scene.started.lock().take();
    let started = started.context("the attack has ended before it began")?;
    let times = times.map_err(|error| anyhow!("the connection of an uninvolved client broke: {error:#}"))?;
    let mib = |bytes: u64| bytes as f64 / 1_048_576.0;
    let own_cpu = own_cpu.saturating_sub(started.own_cpu).as_secs_f64();
    findings.note(format!("attackers and witness used {own_cpu:.1} s of CPU"));
    if with_control {
        findings.note(in_periods(&times));
    }
    let p99_before_ms = times.p99(Phase::Before);
    let whole = (cpu?.saturating_sub(started.cpu), started.at.elapsed());
    let (cpu, time) = scene.attacked.lock().unwrap_or(whole);
    let cost = Cost {
        memory_mib: mib(peak_memory?.saturating_sub(started.resident)),
        memory_bound_mib: bound.memory_mib,
        cpu_seconds: cpu.as_secs_f64(),
        seconds: time.as_secs_f64(),
        descriptors: peak_descriptors.saturating_sub(started.descriptors),
        descriptors_bound: bound.descriptors,
        p99_before_ms,
        p99_control_ms: with_control.then(|| times.p99(Phase::Control)),
        p99_during_ms: times.p99(Phase::During),
        p99_bound_ms: bound.p99_ms(p99_before_ms),
    };
    cost.judge(quick, &mut findings);
    Ok((findings, Some(cost)))
}

/// Describes the p99 of each period, and how the medians relate to each other.
fn in_periods(times: &Times) -> String {
    let each = |phase| {
        let p99s: Vec<String> = times.p99s(phase).iter().map(|p99| format!("{p99:.2}")).collect();
        p99s.join(" ")
    };
    let [quiet, control, attack] =
        [Phase::Before, Phase::Control, Phase::During].map(|phase| times.p99(phase));
    format!(
        "others' p99 in ms in each period: quiet {}; control {}; attack {}\n  medians: quiet {quiet:.2}, control \
         {control:.2}, attack {attack:.2}; attack to quiet {:.2}, attack to control {:.2}",
        each(Phase::Before),
        each(Phase::Control),
        each(Phase::During),
        attack / quiet,
        attack / control,
    )
}

impl Cost {
    /// Compares the measurements with the bounds. In a quick run, times are not compared.
    fn judge(&self, quick: bool, findings: &mut Findings) {
        let Self { memory_mib, memory_bound_mib, descriptors, descriptors_bound, .. } = self;
        findings.expect(
            memory_mib <= memory_bound_mib,
            format!("{memory_mib:.0} MiB of memory, more than {memory_bound_mib:.0}"),
        );
        findings.expect(
            descriptors <= descriptors_bound,
            format!("{descriptors} descriptors, more than {descriptors_bound}"),
        );
        let (during, allowed) = (self.p99_during_ms, self.p99_bound_ms);
        // Without a measured time, the expectation counts as broken.
        findings.expect(
            quick || during <= allowed,
            format!("others' p99 is {during:.1} ms, more than {allowed:.1}"),
        );
    }
}

/// A repeated count of the open descriptors of a process.
struct Descriptors {
    over: Arc<AtomicBool>,
    peak: Arc<AtomicU64>,
    thread: thread::JoinHandle<()>,
}

impl Descriptors {
    fn watch(meter: ProcessMeter) -> Self {
        let (over, peak) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (seen, highest) = (Arc::clone(&over), Arc::clone(&peak));
        let thread = thread::spawn(move || {
            while !seen.load(Ordering::Relaxed) {
                // A process that has ended has no descriptors.
                highest.fetch_max(meter.descriptors().unwrap_or(0), Ordering::Relaxed);
                thread::sleep(LOOK);
            }
        });
        Self { over, peak, thread }
    }

    fn finish(self) -> u64 {
        self.over.store(true, Ordering::Relaxed);
        // The thread does nothing that can fail.
        let _ = self.thread.join();
        self.peak.load(Ordering::Relaxed)
    }
}

/// Makes the attackers' runtime. Its threads have the lowest priority, as if they ran on another machine.
fn attackers() -> Result<tokio::runtime::Runtime> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .on_thread_start(|| {
            // Each thread has its own priority. Any user may lower the priority of a thread.
            let _ = rustix::process::nice(LOWEST_PRIORITY);
        })
        .build();
    runtime.context("no runtime")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(memory_mib: f64, descriptors: u64, before: f64, during: f64, p99_floor_ms: f64) -> Cost {
        let bound = Bound { memory_mib: 64.0, descriptors: 100, p99_floor_ms };
        Cost {
            memory_mib,
            memory_bound_mib: bound.memory_mib,
            cpu_seconds: 1.0,
            seconds: 8.0,
            descriptors,
            descriptors_bound: bound.descriptors,
            p99_before_ms: before,
            p99_control_ms: None,
            p99_during_ms: during,
            p99_bound_ms: bound.p99_ms(before),
        }
    }

    #[test]
    fn what_costs_more_than_its_bound_does_not_hold() {
        for (cost, broken) in [
            (cost(64.0, 100, 1.0, 20.0, EVEN_LOAD), 0),
            (cost(65.0, 100, 1.0, 1.0, EVEN_LOAD), 1),
            (cost(1.0, 101, 1.0, 1.0, EVEN_LOAD), 1),
            (cost(1.0, 1, 1.0, 20.1, EVEN_LOAD), 1),
            (cost(1.0, 1, 30.0, 60.0, EVEN_LOAD), 0),
            (cost(1.0, 1, 30.0, f64::NAN, EVEN_LOAD), 1),
            (cost(99.0, 999, 1.0, 99.0, EVEN_LOAD), 3),
            (cost(1.0, 1, 5.4, 10.8, A_TURN_OF_THE_SCHEDULER), 0),
            (cost(1.0, 1, 5.4, 12.2, A_TURN_OF_THE_SCHEDULER), 1),
            (cost(1.0, 1, 0.4, 4.0, A_TURN_OF_THE_SCHEDULER), 0),
            (cost(1.0, 1, 0.4, 4.1, A_TURN_OF_THE_SCHEDULER), 1),
        ] {
            let mut findings = Findings::default();
            cost.judge(false, &mut findings);
            assert_eq!(findings.broken.len(), broken, "{cost:?}: {findings:?}");
        }
    }
}
