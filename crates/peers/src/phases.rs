//! The phases of the workload, in the order in which a server meets them.

use crate::dialect::LoginKind;
use crate::figures::Row;
use crate::ring::WATCHED;
use crate::stage::Stage;
use anyhow::{Result, ensure};
use std::time::{Duration, Instant};

/// The number of logins in progress at a time in the phase `login`.
const LOGIN_WINDOW: usize = 64;
/// The number of logins in progress at a time in the phase `storm`.
const STORM_WINDOW: usize = 256;
/// The duration of the warm-up before a measured load, as a fraction of the measured time.
const WARM_UP: f64 = 0.2;
/// The number of times that each outstanding change must be replaced on average. If this takes longer than the measured
/// time, the load is extended, up to [`LONGEST_LOAD`].
const TURNS: u64 = 5;
/// The longest duration of a load, as a multiple of the measured time.
const LONGEST_LOAD: u32 = 6;
/// The highest fixed rate, as a fraction of the measured capacity. Above it, changes are made at half of the capacity.
const BEARABLE: f64 = 0.9;
/// The maximum number of changes that are sent before the generator reads again.
const BURST: u32 = 64;
/// The longest time without a notification while notifications are expected.
const STALLED: Duration = Duration::from_secs(20);
/// The longest time after an overload until all newest states have arrived.
const LONGEST_SETTLING: Duration = Duration::from_secs(120);
/// The user whose client does not read.
const SLOW: u32 = 0;
/// The number of outstanding changes while a client does not read.
const SLOW_OUTSTANDING: usize = 16;
/// The number of changes per second for which the ledger reserves room.
const ROOM: usize = 50_000;

/// The lengths of the phases.
#[derive(Clone, Copy)]
pub struct Lengths {
    /// The time for which a load is measured.
    pub load: Duration,
    /// The time for which one client does not read.
    pub slow: Duration,
    /// The time that a server gets after the logins before its memory is read.
    pub settling: Duration,
}

/// The users of a load, and the number of its outstanding changes.
struct ClosedLoad {
    users: Vec<u32>,
    outstanding: usize,
    /// The watcher that does not read, if there is one.
    ignored: Option<u32>,
}

/// Runs all phases.
pub fn run(stage: &mut Stage, lengths: Lengths) -> Result<()> {
    login(stage, lengths.settling)?;
    // This phase precedes the loads. After a load, the server has free memory, which would hide the growth.
    slow(stage, lengths.slow)?;
    let all: Vec<u32> = (0..stage.ring.users()).collect();
    let narrow = ClosedLoad { users: all.clone(), outstanding: 32, ignored: None };
    closed(
        stage,
        "closed 32",
        &narrow,
        lengths.load,
        [Row::Closed32, Row::Closed32Rate, Row::Closed32Generator],
    )?;
    let wide = ClosedLoad { users: all, outstanding: 512, ignored: None };
    let capacity = closed(
        stage,
        "closed 512",
        &wide,
        lengths.load,
        [Row::Closed512, Row::Closed512Rate, Row::Closed512Generator],
    )?;
    for (rate, rows) in
        [(500.0, [Row::Open500Median, Row::Open500P99]), (5_000.0, [Row::Open5000Median, Row::Open5000P99])]
    {
        open(stage, rate, capacity, lengths.load, rows)?;
    }
    saturated(stage, 2.0 * capacity, lengths.load)?;
    storm(stage)
}

/// Measures the memory of all connections. Then ends all connections, and measures the logins of the same users.
fn login(stage: &mut Stage, settling: Duration) -> Result<()> {
    let users = f64::from(stage.ring.users());
    let empty = served_once(stage)?;
    stage.generator.ledger.begin(0, None);
    stage.log_in_all(LOGIN_WINDOW)?;
    stage.subscribe_all(LOGIN_WINDOW)?;
    stage.quiet()?;
    stage.check_all_online()?;
    let until = Instant::now() + settling;
    while Instant::now() < until {
        stage.pump(Duration::from_millis(20))?;
    }
    let resident = stage.server.resident()?;
    stage.note(Row::IdleBytes, (resident as f64 - empty as f64) / users, None);

    stage.cut_all();
    stage.quiet()?;
    stage.generator.ledger.begin(0, None);
    let mark = stage.mark()?;
    stage.log_in_all(LOGIN_WINDOW)?;
    let took = mark_seconds(stage, "login, until all are in", &mark)?;
    // The work for the last logins may still be under way.
    stage.quiet()?;
    let measured = stage.measured("login", &mark)?;
    stage.check_all_online()?;
    stage.note(Row::LoginCpu, measured.server_cpu * 1_000.0 / users, None);
    stage.note(Row::LoginTime, took, None);
    Ok(())
}

/// Logs one user in, makes one change, and ends the connection. Afterwards, the server has loaded the parts of its
/// program that it needs. Returns its resident memory in bytes.
fn served_once(stage: &mut Stage) -> Result<u64> {
    const FIRST: u32 = 0;
    stage.generator.ledger.begin(1, None);
    stage.log_in(FIRST, false)?;
    let due = stage.generator.now();
    stage.generator.change(FIRST, due)?;
    stage.quiet()?;
    stage.generator.cut(FIRST);
    stage.generator.take_gone();
    stage.quiet()?;
    stage.server.resident()
}

fn mark_seconds(stage: &mut Stage, name: &str, mark: &crate::stage::Mark) -> Result<f64> {
    Ok(stage.measured(name, mark)?.seconds)
}

/// Measures a load in which each completed change starts the next one. No user has two outstanding changes. Returns the
/// number of changes per second.
fn closed(
    stage: &mut Stage,
    name: &str,
    load: &ClosedLoad,
    time: Duration,
    [per_cpu, per_second, generator]: [Row; 3],
) -> Result<f64> {
    stage.quiet()?;
    stage.generator.ledger.begin(ROOM * time.as_secs() as usize, load.ignored);
    let mut is_busy = vec![false; stage.ring.users() as usize];
    let mut under_way = 0;
    drive(stage, load, &mut is_busy, &mut under_way, time.mul_f64(WARM_UP))?;
    stage.generator.ledger.begin_counting();
    let mark = stage.mark()?;
    // A slow server sends the notifications of all outstanding changes in one burst. The load therefore lasts for
    // several bursts.
    let enough = TURNS * load.outstanding as u64 * WATCHED as u64;
    for _ in 0..LONGEST_LOAD {
        drive(stage, load, &mut is_busy, &mut under_way, time)?;
        if stage.generator.ledger.counts.delivered >= enough {
            break;
        }
    }
    let measured = stage.measured(name, &mark)?;
    let delivered = stage.generator.ledger.counts.delivered as f64;
    await_copies(stage, STALLED)?;
    check_counts(stage, true)?;
    stage.note(per_cpu, delivered / measured.server_cpu, measured.remark());
    stage.note(per_second, delivered / measured.seconds, measured.remark());
    stage.note(generator, measured.generator_share * 100.0, None);
    Ok(delivered / WATCHED as f64 / measured.seconds)
}

/// Keeps `load.outstanding` changes outstanding for some time.
fn drive(
    stage: &mut Stage,
    load: &ClosedLoad,
    is_busy: &mut [bool],
    under_way: &mut usize,
    time: Duration,
) -> Result<()> {
    let outstanding = load.outstanding.min(load.users.len() / 2);
    let until = Instant::now() + time;
    let (mut last_news, mut copies) = (Instant::now(), 0);
    loop {
        let now = Instant::now();
        if now >= until {
            return Ok(());
        }
        while let Some(user) = stage.generator.ledger.next_completed() {
            is_busy[user as usize] = false;
            *under_way -= 1;
        }
        while *under_way < outstanding {
            let user = load.users[stage.random.below(load.users.len() as u32) as usize];
            if !is_busy[user as usize] {
                is_busy[user as usize] = true;
                *under_way += 1;
                let due = stage.generator.now();
                stage.generator.change(user, due)?;
            }
        }
        stage.pump(Duration::from_millis(20))?;
        let delivered = stage.generator.ledger.counts.delivered;
        if delivered != copies {
            (last_news, copies) = (now, delivered);
        }
        ensure!(
            last_news.elapsed() < STALLED,
            "no notification for {STALLED:?}, and {under_way} changes are not told"
        );
    }
}

/// Measures the latency of changes at a fixed rate. If the rate is too high for the server, changes are made at half of
/// the server's capacity.
fn open(stage: &mut Stage, rate: f64, capacity: f64, time: Duration, [median, p99]: [Row; 2]) -> Result<()> {
    let bearable = rate <= BEARABLE * capacity;
    let rate_used = if bearable { rate } else { (capacity / 2.0).max(1.0).round() };
    let remark = (!bearable).then(|| format!("at {rate_used:.0} changes/s"));
    stage.quiet()?;
    stage.generator.ledger.begin((rate_used * 2.0 * time.as_secs_f64()) as usize, None);
    at_rate(stage, rate_used, time.mul_f64(WARM_UP))?;
    await_copies(stage, STALLED)?;
    stage.generator.ledger.begin((rate_used * 2.0 * time.as_secs_f64()) as usize, None);
    let mark = stage.mark()?;
    at_rate(stage, rate_used, time)?;
    await_copies(stage, STALLED)?;
    stage.measured(&format!("open {rate_used:.0}"), &mark)?;
    check_counts(stage, true)?;
    let latencies = &stage.generator.ledger.latencies;
    let [p50_ms, p99_ms] = [0.5, 0.99].map(|part| latencies.value_at_quantile(part) as f64 / 1_000.0);
    stage.note(median, p50_ms, remark.clone());
    stage.note(p99, p99_ms, remark);
    Ok(())
}

/// Makes changes of random users at a fixed rate for some time, without waiting for notifications. If the generator is
/// too slow for the rate, stops after 1.5 times `time`.
fn at_rate(stage: &mut Stage, rate: f64, time: Duration) -> Result<()> {
    let (began, users) = (stage.generator.now(), stage.ring.users());
    let changes = (rate * time.as_secs_f64()) as u64;
    let due_of = |change: u64| began + (change as f64 * 1e9 / rate) as u64;
    let latest = began + time.mul_f64(1.5).as_nanos() as u64;
    let mut made = 0;
    while made < changes {
        let now = stage.generator.now();
        if now > latest {
            break;
        }
        let mut burst = 0;
        while made < changes && due_of(made) <= now && burst < BURST {
            let user = stage.random.below(users);
            stage.generator.change(user, due_of(made))?;
            (made, burst) = (made + 1, burst + 1);
        }
        let wait = if made < changes { due_of(made).saturating_sub(stage.generator.now()) } else { 0 };
        stage.pump(Duration::from_nanos(wait))?;
    }
    Ok(())
}

/// Measures changes at `rate`, which is twice the capacity of the server.
fn saturated(stage: &mut Stage, rate: f64, time: Duration) -> Result<()> {
    stage.quiet()?;
    stage.generator.ledger.begin((rate * 2.0 * time.as_secs_f64()) as usize, None);
    let before = stage.server.resident()?;
    stage.server.reset_peak()?;
    let mark = stage.mark()?;
    at_rate(stage, rate, time)?;
    let measured = stage.measured("overload", &mark)?;
    let counts = stage.generator.ledger.counts;
    let grown = stage.server.peak()?.saturating_sub(before);
    let ended = Instant::now();
    await_copies(stage, STALLED)?;
    let settling = ended.elapsed();
    let missing = check_counts(stage, false)?;
    let oldest = stage.generator.ledger.latencies.max() as f64 / 1_000.0;
    let share = counts.conflated as f64 / (counts.delivered + counts.conflated).max(1) as f64;
    let mut remarks: Vec<String> = measured.remark().into_iter().collect();
    let offered = stage.generator.ledger.changes() as f64 / (rate * time.as_secs_f64());
    if offered < 0.99 || measured.seconds > 1.05 * time.as_secs_f64() {
        let reached = stage.generator.ledger.changes() as f64 / measured.seconds / (rate / 2.0);
        remarks.push(format!("offered {reached:.2} times the highest rate"));
    }
    if counts.conflated > 0 {
        remarks.push(format!("{:.0} % replaced by newer ones", share * 100.0));
    }
    let remark = (!remarks.is_empty()).then(|| remarks.join("; "));
    stage.note(Row::SaturatedRate, counts.delivered as f64 / measured.seconds, remark);
    stage.note(Row::SaturatedAge, oldest, None);
    let lost = (missing > 0).then(|| format!("{missing} copies never came"));
    stage.note(Row::SaturatedSettling, settling.as_secs_f64(), lost);
    stage.note(Row::SaturatedGrowth, grown as f64 / f64::from(1 << 20), None);
    Ok(())
}

/// Reads until every copy has arrived, or nothing has arrived for `patience`.
fn await_copies(stage: &mut Stage, patience: Duration) -> Result<()> {
    let until = Instant::now() + LONGEST_SETTLING;
    let (mut last_news, mut bytes) = (Instant::now(), stage.generator.traffic().0);
    while !stage.generator.ledger.is_complete() && last_news.elapsed() < patience && Instant::now() < until {
        stage.pump(Duration::from_millis(20))?;
        if stage.generator.traffic().0 != bytes {
            (last_news, bytes) = (Instant::now(), stage.generator.traffic().0);
        }
    }
    Ok(())
}

/// Fails if a copy was repeated, or arrived at a connection that does not watch the user. With `all`, also fails if a
/// copy is missing. Returns the number of missing copies.
fn check_counts(stage: &mut Stage, all: bool) -> Result<u64> {
    let counts = stage.generator.ledger.end();
    if let Some(phase) = stage.run.phases.last_mut() {
        phase.counts = counts;
    }
    ensure!(counts.repeated == 0 && counts.strangers == 0, "wrong notifications: {counts:?}");
    ensure!(!all || counts.missing == 0, "notifications did not arrive: {counts:?}");
    Ok(counts.missing)
}

/// Drops all connections at once, and measures the time until all users are logged in again.
fn storm(stage: &mut Stage) -> Result<()> {
    stage.quiet()?;
    stage.generator.set_login(LoginKind::Return);
    stage.generator.ledger.begin(0, None);
    let mark = stage.mark()?;
    stage.cut_all();
    stage.log_in_all(STORM_WINDOW)?;
    let took = mark_seconds(stage, "storm, until all are back", &mark)?;
    stage.quiet()?;
    let measured = stage.measured("storm", &mark)?;
    stage.generator.set_login(LoginKind::Start);
    stage.check_all_online()?;
    stage.note(Row::StormTime, took, None);
    let users = f64::from(stage.ring.users());
    stage.note(Row::StormCpu, measured.server_cpu * 1_000.0 / users, None);
    Ok(())
}

/// Makes one client stop reading while the users that it watches change continuously. Then makes the client read again.
fn slow(stage: &mut Stage, time: Duration) -> Result<()> {
    stage.generator.cut(SLOW);
    stage.quiet()?;
    stage.log_in(SLOW, true)?;
    let load = ClosedLoad {
        users: stage.ring.neighbours(SLOW).collect(),
        outstanding: SLOW_OUTSTANDING,
        ignored: Some(SLOW),
    };
    // With few users, all users are watchers of these users. The warm-up fills the buffers that their connections need.
    stage.generator.ledger.begin(ROOM * time.as_secs() as usize, None);
    let (mut is_busy, mut under_way) = (vec![false; stage.ring.users() as usize], 0);
    drive(
        stage,
        &ClosedLoad { ignored: None, ..load_of(&load) },
        &mut is_busy,
        &mut under_way,
        time.mul_f64(WARM_UP),
    )?;
    await_copies(stage, STALLED)?;
    stage.quiet()?;

    stage.generator.set_reads(SLOW, false)?;
    stage.generator.ledger.begin(ROOM * time.as_secs() as usize, load.ignored);
    let before = stage.server.resident()?;
    stage.server.reset_peak()?;
    let mark = stage.mark()?;
    (is_busy, under_way) = (vec![false; stage.ring.users() as usize], 0);
    let cut = drive_with_a_loss(stage, &load, &mut is_busy, &mut under_way, time)?;
    stage.measured("stalled reader", &mark)?;
    // If the server has closed the connection, it has already freed the memory, so the peak is used.
    let grown = stage.server.peak()?.saturating_sub(before);
    let changes = stage.generator.ledger.changes();

    if !cut {
        stage.generator.set_reads(SLOW, true)?;
    }
    let until = Instant::now() + LONGEST_SETTLING;
    let (mut last_news, mut bytes, mut ended) = (Instant::now(), 0, cut);
    while last_news.elapsed() < STALLED && Instant::now() < until {
        stage.generator.pump(Duration::from_millis(20))?;
        ended |= stage.generator.take_gone().contains(&SLOW);
        let read = stage.generator.traffic().0;
        if read != bytes {
            (last_news, bytes) = (Instant::now(), read);
        }
        if ended || stage.generator.ledger.stale(SLOW) == 0 {
            break;
        }
    }
    let stale = stage.generator.ledger.stale(SLOW);
    let remark = format!("{changes} changes");
    stage.note(Row::SlowGrowth, grown as f64 / f64::from(1 << 20), Some(remark));
    stage.note(Row::SlowStale, stale as f64, ended.then(|| "the server has cut it".to_owned()));
    // In the next phases, all users are connected again, with buffers of the usual size.
    stage.generator.cut(SLOW);
    stage.generator.take_gone();
    stage.quiet()?;
    stage.log_in(SLOW, false)
}

fn load_of(load: &ClosedLoad) -> ClosedLoad {
    ClosedLoad { users: load.users.clone(), outstanding: load.outstanding, ignored: load.ignored }
}

/// Keeps changes outstanding, although the server may end the connection of the user [`SLOW`]. Returns whether the
/// server has ended it.
fn drive_with_a_loss(
    stage: &mut Stage,
    load: &ClosedLoad,
    is_busy: &mut [bool],
    under_way: &mut usize,
    time: Duration,
) -> Result<bool> {
    let until = Instant::now() + time;
    let mut cut = false;
    while Instant::now() < until {
        match drive(stage, load, is_busy, under_way, until.saturating_duration_since(Instant::now())) {
            Ok(()) => {}
            Err(_) if !cut && !stage.is_logged_in(SLOW) => cut = true,
            Err(error) => return Err(error),
        }
    }
    Ok(cut)
}
