//! The rows of the table for which a part of the cluster fails or is replaced.

use crate::cluster::costs::milliseconds;
use crate::cluster::crowd::Rates;
use crate::cluster::rows::returns;
use crate::cluster::stage::Stage;
use crate::report::{Target, say};
use crate::ring::WATCHED;
use anyhow::{Context, Result, ensure};
use std::time::{Duration, Instant};

/// The load while something fails.
const LOAD: Rates = Rates { changes: 100, messages: 50, queries: 0 };
/// The time for which the load runs before and after a fault.
const AROUND: Duration = Duration::from_secs(3);
/// The longest wait until a node has stopped in an orderly way, or has started.
const NODE_WITHIN: Duration = Duration::from_secs(60);
/// The longest time from the end of the grace until watchers are notified that the users of a killed node are OFFLINE.
const LATE: Duration = Duration::from_secs(15);
/// The time within which returning users must be connected again after a `kill -9`.
const BACK_WITHIN: Duration = Duration::from_secs(30);
/// The goal for the time after `FLUSHALL` until every status is right.
const REPAIRED_WITHIN: Duration = Duration::from_secs(30);
/// The time for which every status must stay right after the repair.
const STAYS_RIGHT: Duration = Duration::from_secs(10);

/// Stops and starts one node after another, under load.
pub fn rolling(stage: &mut Stage) -> Result<()> {
    stage.crowd.begin();
    stage.crowd.set_load(Some(LOAD));
    stage.crowd.run_for(AROUND)?;
    let mut longest_stop = Duration::ZERO;
    for node in 0..stage.testbed.nodes.len() {
        let Stage { testbed, crowd, .. } = stage;
        // A node that is being stopped reports that it is not ready. The balancer then passes no more clients to the
        // node.
        crowd.set_accepting(node, false);
        let began = Instant::now();
        testbed.nodes[node].terminate();
        let process = &mut testbed.nodes[node];
        let mut status = None;
        crowd.run_until("a node does not stop", NODE_WITHIN, |_| {
            status = process.poll_end()?;
            Ok(status.is_some())
        })?;
        let status = status.context("the node has ended")?;
        ensure!(status.success(), "node {} has ended with {status}", node + 1);
        longest_stop = longest_stop.max(began.elapsed());
        process.start_again()?;
        crowd.run_until("a node does not start", NODE_WITHIN, |_| process.poll_ready())?;
        crowd.set_accepting(node, true);
        crowd.run_until("clients do not come back", NODE_WITHIN, |crowd| Ok(crowd.missing() == 0))?;
        crowd.run_for(AROUND)?;
    }
    let changes = finish_load(stage)?;
    // Notifications that were delayed until the end of the grace arrive now.
    let grace = stage.sizes.grace;
    stage.crowd.run_for(grace + Duration::from_secs(12))?;
    stage.crowd.look_for_messages()?;

    let row = "rolling restart";
    events(stage, row);
    let mail = stage.crowd.mail.counts();
    let report = &mut stage.report;
    report.note(format!("{row}: messages lost"), mail.lost as f64, "", Some(Target::AtMost(0.0)));
    report.note(format!("{row}: messages committed"), mail.committed as f64, "", None);
    report.note(format!("{row}: of them read in the history, not told"), mail.not_told as f64, "", None);
    report.note(format!("{row}: of these sent while the recipient was away"), mail.was_away as f64, "", None);
    report.note(format!("{row}: of them told more than once"), mail.told_again as f64, "", None);
    report.note(format!("{row}: events about changes, all right"), changes, "", None);
    report.note(format!("{row}: longest stop of a node"), milliseconds(longest_stop), "ms", None);
    returns(stage, row);
    stage.keep("rolling")
}

/// Kills one node. Most of its users return at once; the others stay away.
pub fn kill(stage: &mut Stage) -> Result<()> {
    stage.crowd.begin();
    stage.crowd.set_load(Some(LOAD));
    stage.crowd.run_for(AROUND)?;
    // No two of these users have a common watcher. The node with most of these users is killed.
    let spread = stage.crowd.fleet.ring().spread(0, u32::MAX);
    let fleet = &stage.crowd.fleet;
    let on = |node: usize| -> Vec<u32> {
        spread.iter().copied().filter(|user| fleet.node_of(*user) == node).collect()
    };
    let killed_node = (0..stage.testbed.nodes.len()).max_by_key(|node| on(*node).len()).unwrap_or_default();
    let gone = on(killed_node);
    let Stage { testbed, crowd, sizes, .. } = stage;
    let grace = sizes.grace;
    crowd.set_accepting(killed_node, false);
    testbed.nodes[killed_node].kill();
    let killed = Instant::now();
    for user in &gone {
        crowd.stay_away(*user);
    }
    crowd.run_until("clients do not come back", BACK_WITHIN, |crowd| Ok(crowd.missing() == 0))?;
    let expected = gone.len() * WATCHED;
    let at_most = grace + LATE + Duration::from_secs(30);
    // A miss is a figure, not a failure.
    let told = crowd
        .run_until("watchers are not told", at_most, |crowd| Ok(crowd.witness.absences.len() >= expected));
    if let Err(error) = told {
        say(&format!("  {error:#}"));
    }
    // Repeated notifications would arrive now.
    crowd.run_for(AROUND)?;
    finish_load(stage)?;

    let row = "kill -9 of one node";
    let absences: Vec<_> = stage.crowd.witness.absences.values().copied().collect();
    let last = absences.iter().map(|absence| absence.last.saturating_duration_since(killed)).max();
    let once = absences.iter().filter(|absence| absence.times == 1).count();
    let after_grace = last.map_or(f64::NAN, |last| last.as_secs_f64() - grace.as_secs_f64());
    events(stage, row);
    let report = &mut stage.report;
    let target = Some(Target::AtLeast(expected as f64));
    report.note(
        format!("{row}: OFFLINE told exactly once, to each watcher of who stays away"),
        once as f64,
        "",
        target,
    );
    report.note(
        format!("{row}: the last of them after the grace"),
        after_grace,
        "s",
        Some(Target::AtMost(LATE.as_secs_f64())),
    );
    report.note(format!("{row}: grace"), grace.as_secs_f64(), "s", None);
    report.note(format!("{row}: users who stay away"), gone.len() as f64, "", None);
    returns(stage, row);

    let Stage { testbed, crowd, .. } = stage;
    let process = &mut testbed.nodes[killed_node];
    process.start_again()?;
    crowd.run_until("a node does not start", NODE_WITHIN, |_| process.poll_ready())?;
    crowd.set_accepting(killed_node, true);
    for user in gone {
        crowd.call_in(user, Some(killed_node));
    }
    crowd.settle(NODE_WITHIN)?;
    let nodes = testbed.nodes.len();
    crowd.place(|user| user as usize % nodes)?;
    stage.keep("kill")
}

/// Deletes all data of Redis under load, and measures the time until every status is right again.
pub fn flush(stage: &mut Stage) -> Result<()> {
    const QUERIES: u32 = 20;
    /// The time after a change in which a watcher may still have the old status.
    const ON_ITS_WAY: Duration = Duration::from_secs(1);
    stage.crowd.begin();
    stage.crowd.set_load(Some(Rates { queries: QUERIES, ..LOAD }));
    stage.crowd.run_for(AROUND)?;
    let wrong_before = stage.crowd.queries.wrong;
    let settled = Instant::now().checked_sub(ON_ITS_WAY).context("the clock begins now")?;
    let wrong_at_first = stage.crowd.wrong_edges(settled);
    ensure!(wrong_at_first == 0, "{wrong_at_first} statuses are wrong before Redis loses its data");
    let Stage { testbed, crowd, .. } = stage;
    testbed.redis.ask_all(&["FLUSHALL"])?;
    let flushed = Instant::now();
    let (mut last_wrong, mut looked) = (flushed, flushed);
    let at_most = REPAIRED_WITHIN * 2 + STAYS_RIGHT;
    let right = crowd.run_until("the picture does not become right", at_most, |crowd| {
        if looked.elapsed() > Duration::from_millis(250) {
            looked = Instant::now();
            let before = looked.checked_sub(ON_ITS_WAY).unwrap_or(looked);
            if crowd.wrong_edges(before) > 0 || crowd.missing() > 0 {
                last_wrong = looked;
            }
        }
        let last = last_wrong.max(crowd.queries.last_wrong.unwrap_or(flushed));
        Ok(last.elapsed() > STAYS_RIGHT)
    });
    if let Err(error) = right {
        say(&format!("  {error:#}"));
    }
    let last = last_wrong.max(crowd.queries.last_wrong.unwrap_or(flushed));
    let seconds = last.duration_since(flushed).as_secs_f64();
    let queries = crowd.queries;
    finish_load(stage)?;
    // A user whose connection was not put back would become OFFLINE now.
    let grace = stage.sizes.grace;
    stage.crowd.run_for(grace + Duration::from_secs(12))?;

    let row = "FLUSHALL";
    let target = Some(Target::AtMost(REPAIRED_WITHIN.as_secs_f64()));
    stage.report.note(format!("{row}: the picture is right again after"), seconds, "s", target);
    let wrong = stage.crowd.witness.wrong.offline + stage.crowd.witness.wrong_in_answers.offline;
    stage.report.note(format!("{row}: wrong OFFLINE events"), wrong as f64, "", Some(Target::AtMost(0.0)));
    events(stage, row);
    stage.report.note(format!("{row}: queries right"), queries.right as f64, "", None);
    stage.report.note(
        format!("{row}: queries wrong or refused"),
        (queries.wrong - wrong_before) as f64,
        "",
        None,
    );
    let (lost, less) = (stage.crowd.lost_subscriptions, stage.crowd.watching_less);
    stage.report.note(format!("{row}: subscription lists dropped, and told so"), lost as f64, "", None);
    stage.report.note(format!("{row}: logins told that the user watches less"), less as f64, "", None);
    returns(stage, row);
    stage.keep("flush")
}

/// Ends the load, waits until all messages have arrived, and compares all received statuses with the true statuses.
/// Returns the number of notifications about changes.
fn finish_load(stage: &mut Stage) -> Result<f64> {
    stage.crowd.set_load(None);
    stage.crowd.settle(Duration::from_secs(60))?;
    Ok(stage.crowd.witness.right as f64)
}

/// Adds the wrong events of a row to the report.
fn events(stage: &mut Stage, row: &str) {
    let (live, answers) = (stage.crowd.witness.wrong, stage.crowd.witness.wrong_in_answers);
    let report = &mut stage.report;
    let none = Some(Target::AtMost(0.0));
    report.note(format!("{row}: wrong status events at watchers"), live.all() as f64, "", none);
    report.note(format!("{row}: wrong statuses in answers to logins"), answers.all() as f64, "", none);
    if live.all() + answers.all() > 0 {
        say(&format!("  events: {live:?}; in answers: {answers:?}"));
    }
    let wrong = stage.crowd.wrong_edges(Instant::now());
    stage.report.note(format!("{row}: statuses wrong at a watcher in the end"), wrong as f64, "", none);
    let reloads = stage.crowd.reloads as f64;
    stage.report.note(
        format!("{row}: times that a client was asked to read its lists again"),
        reloads,
        "",
        None,
    );
    // These counts are of the whole run so far. The figure of missing notifications was added above.
    let faults = stage.crowd.fleet.picture.faults();
    for (what, count) in [
        ("told twice", faults.duplicates),
        ("told in an older version", faults.backwards),
        ("told of a stranger", faults.strangers),
    ] {
        stage.report.note(format!("{row}: statuses {what}, since the start"), count as f64, "", none);
    }
    let refusals: Vec<String> =
        stage.crowd.refusals.iter().map(|(code, count)| format!("{code}: {count}")).collect();
    if !refusals.is_empty() {
        say(&format!("  refusals by code: {}", refusals.join(", ")));
    }
}
