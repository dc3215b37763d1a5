//! Measures the cost of a client that stops reading while the users that it watches change.

use super::{login, middle};
use crate::course::{Course, CourseSettings, Pace};
use crate::fleet::{Fleet, LoginKind, PATIENCE};
use crate::link::{Habit, ReceiveBuffer};
use crate::news::News;
use crate::process_meter::{Memory, ProcessMeter};
use crate::report::{Report, Target, say};
use crate::ring::WATCHED;
use anyhow::{Context, Result, ensure};
use std::time::{Duration, Instant};

/// The number of users.
pub const USERS: u32 = 63;
/// The user whose client stops reading.
const SLOW: u32 = 0;
const OUTSTANDING: usize = 16;
/// The number of rounds that count. One further round precedes them. In each round, the client reads in one run and
/// does not read in another.
const ROUNDS: u32 = 3;

/// Measures the memory that a client costs when it does not read. For the server, this is the growth of its memory in a
/// run without reading, minus the growth in a run with reading. For the kernel, it is the send queue of the socket.
/// Also checks that the client has the current statuses at the end.
pub fn measure(fleet: &mut Fleet, changes: u64, report: &mut Report) -> Result<()> {
    say(&format!("slow: {changes} changes among the 20 users of a client that does not read"));
    let meter = fleet.target().meter.context("memory needs the process: --pid")?;
    login::everyone(fleet)?;
    // With a small receive buffer, the server notices earlier that the client does not read.
    fleet.drop_links(&[SLOW], false);
    fleet.quiet()?;
    fleet.start_login(SLOW, LoginKind::Start, ReceiveBuffer::Small)?;
    fleet.quiet()?;

    let busy: Vec<u32> = fleet.ring().neighbours(SLOW).collect();
    let all_read = CourseSettings::new(busy);
    let one_stalls = CourseSettings { copies: WATCHED as u32 - 1, silent: vec![SLOW], ..all_read.clone() };
    let (mut text, mut grown, mut kernel, mut told) = (0, [Vec::new(), Vec::new()], Vec::new(), 0);
    let mut before = meter.memory()?;
    for round in 0..=ROUNDS {
        for (settings, grown) in [&all_read, &one_stalls].into_iter().zip(&mut grown) {
            let stalls = !settings.silent.is_empty();
            fleet.set_habit(SLOW, if stalls { Habit::Stalled } else { Habit::Alive });
            let mut course = Course::new(fleet, settings.clone(), text)?;
            course.run(fleet, changes, Pace::Outstanding(OUTSTANDING))?;
            text = course.last_text();
            let after = settled(fleet, meter)?;
            // The first round is not counted, because it allocates the memory that every round needs.
            if round > 0 {
                grown.push(after.resident as f64 - before.resident as f64);
            }
            before = after;
            if stalls {
                let port =
                    fleet.port(SLOW).context("the server has closed the connection of the slow client")?;
                kernel.push(meter.send_queue(fleet.target().address.port(), port)? as f64);
                told = read_again(fleet)?;
            }
        }
    }

    let kib = |bytes: f64| bytes / 1_024.0;
    let [read, stalled] = grown.map(middle).map(kib);
    let (process, kernel) = (stalled - read, kib(middle(kernel)));
    let target = Some(Target::AtMost(64.0));
    report.note(
        "client that does not read: memory, with the kernel's",
        process.max(0.0) + kernel,
        "KiB",
        target,
    );
    report.note("client that does not read: in the server", process, "KiB", None);
    report.note("client that does not read: waiting in the kernel", kernel, "KiB", None);
    report.note("run in which it reads: growth of the server", read, "KiB", None);
    report.note("client that did not read: told when it reads again", told as f64, "", None);
    let wrong = fleet.picture.wrong(SLOW) as f64;
    report.note("client that did not read: users it sees wrongly", wrong, "", Some(Target::AtMost(0.0)));
    Ok(())
}

/// Makes the client read again. Returns the number of notifications that it receives until it has the current statuses.
fn read_again(fleet: &mut Fleet) -> Result<u64> {
    let before = fleet.travelled().notifications;
    fleet.set_habit(SLOW, Habit::Alive);
    fleet.read(SLOW)?;
    // On a busy machine the server may pause for longer than the silence that counts as quiet.
    let until = Instant::now() + PATIENCE;
    let mut wait = Duration::ZERO;
    while wait.is_zero() || (fleet.picture.wrong(SLOW) > 0 && Instant::now() < until) {
        for news in fleet.pump(wait)? {
            ensure!(
                !matches!(news, News::Gone(SLOW)),
                "the server has closed the connection of the slow client"
            );
        }
        wait = Duration::from_millis(20);
    }
    fleet.quiet()?;
    fleet.verify();
    Ok(fleet.travelled().notifications - before)
}

/// Waits until the server is idle and has freed memory. Returns the size of its memory.
fn settled(fleet: &mut Fleet, meter: ProcessMeter) -> Result<Memory> {
    fleet.quiet()?;
    std::thread::sleep(Duration::from_millis(500));
    meter.memory()
}
