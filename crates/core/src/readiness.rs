//! Decides whether a node is ready, from the health reports of its parts.

use lamplight_model::Moment;
use std::fmt;
use std::time::Duration;

/// The last health report of one part of a node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sign {
    /// The part works.
    Well,
    /// The part sends heartbeats. It fails if the last heartbeat is older than `patience`.
    Pulse {
        /// The time of the last heartbeat.
        last: Moment,
        /// The longest allowed time between two heartbeats.
        patience: Duration,
    },
    /// The part reports this problem. It is still running and may recover by itself.
    Failing(String),
    /// The part has ended and cannot come back in this process.
    Ended,
}

/// The assessment of one part of a node. A later variant is worse, and compares as greater.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// The part is working.
    Ok,
    /// The part has sent no heartbeat for this time.
    Late(Duration),
    /// The part reports this problem.
    Failing(String),
    /// The part has ended.
    Ended,
}

/// Whether a node serves clients, drains or stops. The variants are in the order of time: a node never goes back to an
/// earlier variant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Course {
    /// The node serves clients.
    Serving,
    /// The node accepts no clients any more, because an operator has requested that it drains. The process runs on.
    Draining,
    /// The node is being stopped. It accepts no connections.
    Stopping,
}

/// The readiness of a node, with the assessment of each part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Readiness {
    /// Whether the node serves clients, drains or stops.
    pub course: Course,
    /// The name and the assessment of each part, in the order given. Each name occurs once.
    pub parts: Vec<(String, Verdict)>,
}

impl Readiness {
    /// Assesses the parts at the time `now`. Parts with the same name count as one part, with the worst assessment.
    pub fn of(course: Course, parts: impl IntoIterator<Item = (String, Sign)>, now: Moment) -> Self {
        let mut judged: Vec<(String, Verdict)> = Vec::new();
        for (name, sign) in parts {
            let verdict = judge(sign, now);
            match judged.iter_mut().find(|(other, _)| *other == name) {
                Some((_, worst)) if *worst < verdict => *worst = verdict,
                Some(_) => {}
                None => judged.push((name, verdict)),
            }
        }
        Self { course, parts: judged }
    }

    /// Whether clients should be sent to this node.
    pub fn is_ready(&self) -> bool {
        self.course == Course::Serving && self.parts.iter().all(|(_, verdict)| *verdict == Verdict::Ok)
    }

    /// The name of the first part that has ended; `None` if all parts run. A node with an ended part cannot become
    /// ready again, and must exit.
    pub fn ended(&self) -> Option<&str> {
        let ended = self.parts.iter().find(|(_, verdict)| *verdict == Verdict::Ended);
        ended.map(|(name, _)| name.as_str())
    }
}

fn judge(sign: Sign, now: Moment) -> Verdict {
    match sign {
        Sign::Well => Verdict::Ok,
        Sign::Pulse { last, patience } => match now.since(last) {
            age if age > patience => Verdict::Late(age),
            _ => Verdict::Ok,
        },
        Sign::Failing(why) => Verdict::Failing(why),
        Sign::Ended => Verdict::Ended,
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Late(age) => write!(f, "no sign of life for {} s", age.as_secs()),
            Self::Failing(why) => write!(f, "failing: {why}"),
            Self::Ended => f.write_str("ended"),
        }
    }
}

/// Writes one line for the node, and one line for each part.
impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = match (self.course, self.is_ready()) {
            (Course::Stopping, _) => "stopping",
            (Course::Draining, _) => "draining",
            (Course::Serving, true) => "ready",
            (Course::Serving, false) => "not ready",
        };
        writeln!(f, "{all}")?;
        self.parts.iter().try_for_each(|(name, verdict)| writeln!(f, "{name}: {verdict}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    /// Assesses these parts at the tenth second.
    fn check(signs: &[Sign], expected: &str, ended: Option<&str>) {
        let named = signs.iter().enumerate().map(|(n, sign)| (format!("part {n}"), sign.clone()));
        let readiness = Readiness::of(Course::Serving, named, Moment(10_000));
        assert_eq!(readiness.to_string().trim_end().replace('\n', " | "), expected);
        assert_eq!(readiness.is_ready(), expected.starts_with("ready"));
        assert_eq!(readiness.ended(), ended);
    }

    fn pulse(last: u64) -> Sign {
        Sign::Pulse { last: Moment(last), patience: PATIENCE }
    }

    #[test]
    fn a_node_is_ready_when_every_part_is() {
        let full = || Sign::Failing("the disk is full".to_owned());
        check(&[], "ready", None);
        check(&[Sign::Well, pulse(9_900)], "ready | part 0: ok | part 1: ok", None);
        check(&[pulse(5_000)], "ready | part 0: ok", None);
        check(&[pulse(4_999)], "not ready | part 0: no sign of life for 5 s", None);
        check(&[pulse(20_000)], "ready | part 0: ok", None);
        check(&[Sign::Well, full()], "not ready | part 0: ok | part 1: failing: the disk is full", None);
        check(
            &[full(), Sign::Ended],
            "not ready | part 0: failing: the disk is full | part 1: ended",
            Some("part 1"),
        );
    }

    #[test]
    fn parts_with_one_name_are_listed_once_with_the_worst_assessment() {
        let failing = Sign::Failing("the disk is full".to_owned());
        let signs = [
            ("a", Sign::Well),
            ("b", pulse(1_000)),
            ("a", failing.clone()),
            ("a", pulse(1_000)),
            ("b", Sign::Well),
            ("c", Sign::Ended),
            ("c", failing),
        ];
        let named = signs.map(|(name, sign)| (name.to_owned(), sign));
        let readiness = Readiness::of(Course::Serving, named, Moment(10_000));
        let expected = "not ready\na: failing: the disk is full\nb: no sign of life for 9 s\nc: ended\n";
        assert_eq!(readiness.to_string(), expected);
        assert_eq!(readiness.ended(), Some("c"));
    }

    #[test]
    fn a_node_that_stops_is_not_ready_however_well_its_parts_are() {
        let readiness = Readiness::of(Course::Stopping, [("part".to_owned(), Sign::Well)], Moment(0));
        assert!(!readiness.is_ready());
        assert_eq!(readiness.to_string(), "stopping\npart: ok\n");
    }
}
