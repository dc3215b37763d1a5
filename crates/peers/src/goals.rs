//! The goals of Lamplight among its peers, judged for each round. Figures of different rounds are not compared, because
//! the machine may have changed between them.

use crate::figures::{Figure, Row, Run, number};
use crate::peers::{Kind, Peer};

/// The name of the peer that has the goals.
const OURS: &str = "lamplight";

struct Goal {
    row: Row,
    against: Against,
    is_met: Bound,
}

/// The figure with which Lamplight's figure is compared.
#[derive(Clone, Copy)]
enum Against {
    /// No figure: the bound applies to Lamplight's figure itself.
    Nothing,
    /// The best figure of the peers of one kind. The bound applies to the ratio of the two figures.
    Best(Kind),
    /// The best figure of all peers except the bare loop. The bound applies to the ratio of the two figures.
    BestOfAll,
    /// Lamplight's own figure in another row. The bound applies to the ratio of the two figures.
    Own(Row),
}

#[derive(Clone, Copy)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

const GOALS: [Goal; 14] = [
    Goal { row: Row::Closed32, against: Against::Best(Kind::Broker), is_met: Bound::AtLeast(1.3) },
    Goal { row: Row::Closed32, against: Against::Best(Kind::PresenceSystem), is_met: Bound::AtLeast(10.0) },
    Goal { row: Row::Closed32, against: Against::Best(Kind::UpperBound), is_met: Bound::AtLeast(0.9) },
    Goal { row: Row::Closed512, against: Against::Best(Kind::Broker), is_met: Bound::AtLeast(1.3) },
    Goal { row: Row::Closed512, against: Against::Best(Kind::PresenceSystem), is_met: Bound::AtLeast(10.0) },
    Goal { row: Row::Closed512, against: Against::Best(Kind::UpperBound), is_met: Bound::AtLeast(0.9) },
    Goal { row: Row::Open500P99, against: Against::BestOfAll, is_met: Bound::AtMost(1.0) },
    Goal { row: Row::Open5000P99, against: Against::BestOfAll, is_met: Bound::AtMost(1.0) },
    Goal { row: Row::SaturatedRate, against: Against::Own(Row::Closed512Rate), is_met: Bound::AtLeast(0.9) },
    Goal { row: Row::SaturatedAge, against: Against::Nothing, is_met: Bound::AtMost(1_000.0) },
    Goal { row: Row::SaturatedGrowth, against: Against::Nothing, is_met: Bound::AtMost(1.0) },
    Goal { row: Row::IdleBytes, against: Against::Nothing, is_met: Bound::AtMost(2_048.0) },
    Goal { row: Row::LoginCpu, against: Against::Nothing, is_met: Bound::AtMost(0.15) },
    Goal { row: Row::SlowStale, against: Against::Nothing, is_met: Bound::AtMost(0.0) },
];

/// Returns a line for each goal for which the runs have the figures.
pub fn goals(runs: &[Run], peers: &[Peer]) -> String {
    let lines: Vec<String> = GOALS.iter().filter_map(|goal| goal.line(runs, peers)).collect();
    if lines.is_empty() { String::new() } else { format!("\nGoals:\n\n{}\n", lines.join("\n")) }
}

impl Goal {
    fn line(&self, runs: &[Run], peers: &[Peer]) -> Option<String> {
        let ours = runs.iter().filter(|run| run.peer == OURS);
        let values: Vec<f64> = ours.filter_map(|run| self.value(run, runs, peers)).collect();
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let met = values.iter().filter(|value| self.is_met.holds(**value)).count();
        let against = match self.against {
            Against::Nothing => String::new(),
            Against::Best(kind) => format!(", divided by that of the best {}", kind.text()),
            Against::BestOfAll => ", divided by that of the best peer".to_owned(),
            Against::Own(row) => format!(", divided by \"{}\"", row.text()),
        };
        let (word, bound) = match self.is_met {
            Bound::AtLeast(bound) => ("at least", bound),
            Bound::AtMost(bound) => ("at most", bound),
        };
        let range = if number(least) == number(greatest) {
            number(least)
        } else {
            format!("{} … {}", number(least), number(greatest))
        };
        let rounds = values.len();
        let text = format!(
            "- {}{against}, {word} {}: {range}, met in {met} of {rounds} rounds",
            self.row.text(),
            number(bound)
        );
        (rounds > 0).then_some(text)
    }

    /// Returns the value that is compared with the bound: the figure or the ratio of one round.
    fn value(&self, ours: &Run, runs: &[Run], peers: &[Peer]) -> Option<f64> {
        let figure = figure_of(ours, self.row)?;
        let is_chosen = |peer: &Peer| match self.against {
            Against::Nothing | Against::Own(_) => false,
            Against::Best(kind) => peer.kind == kind,
            Against::BestOfAll => !matches!(peer.kind, Kind::UpperBound | Kind::Ours),
        };
        let others = runs.iter().filter(|run| run.round == ours.round);
        let others = others.filter(|run| peers.iter().any(|peer| peer.name == run.peer && is_chosen(peer)));
        // A latency at a lower rate is no measure.
        let lowers_the_rate = matches!(self.is_met, Bound::AtMost(_));
        let values = others
            .filter_map(|run| figure_of(run, self.row))
            .filter(|other| !lowers_the_rate || other.remark == figure.remark)
            .map(|other| other.value);
        match self.against {
            Against::Nothing => Some(figure.value),
            Against::Own(row) => Some(figure.value / figure_of(ours, row)?.value),
            Against::Best(_) | Against::BestOfAll => {
                let best = match self.is_met {
                    Bound::AtLeast(_) => values.reduce(f64::max),
                    Bound::AtMost(_) => values.reduce(f64::min),
                };
                Some(figure.value / best?)
            }
        }
    }
}

impl Bound {
    fn holds(self, value: f64) -> bool {
        match self {
            Self::AtLeast(bound) => value >= bound,
            Self::AtMost(bound) => value <= bound,
        }
    }
}

fn figure_of(run: &Run, row: Row) -> Option<&Figure> {
    run.figures.iter().find(|figure| figure.row == row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::PEERS;

    fn run(peer: &'static str, round: u32, row: Row, value: f64, remark: Option<&str>) -> Run {
        let remark = remark.map(str::to_owned);
        let figures = vec![Figure { row, value, remark }];
        Run { peer, version: String::new(), round, figures, phases: Vec::new(), error: None }
    }

    #[test]
    fn a_ratio_is_that_to_the_best_peer_of_the_same_round() {
        let row = Row::Closed32;
        let runs = [
            run(OURS, 1, row, 300.0, None),
            run("redis", 1, row, 200.0, None),
            run("mosquitto", 1, row, 100.0, None),
            run(OURS, 2, row, 300.0, None),
            run("redis", 2, row, 300.0, None),
            run("bare", 2, row, 400.0, None),
        ];
        let text = goals(&runs, PEERS);
        let broker = "of the best broker, at least 1.30: 1 … 1.50, met in 1 of 2 rounds";
        assert!(text.contains(broker), "{text}");
        assert!(
            text.contains("of the best upper bound, at least 0.90: 0.75, met in 0 of 1 rounds"),
            "{text}"
        );
        assert!(!text.contains("presence system"), "{text}");
    }

    #[test]
    fn a_latency_at_a_lower_rate_is_not_compared() {
        let row = Row::Open5000P99;
        let runs = [run(OURS, 1, row, 2.0, None), run("redis", 1, row, 4.0, None)];
        assert!(goals(&runs, PEERS).contains("at most 1: 0.50, met in 1 of 1 rounds"));
        let runs = [run(OURS, 1, row, 2.0, None), run("redis", 1, row, 4.0, Some("at 900 changes/s"))];
        assert_eq!(goals(&runs, PEERS), "");
    }
}
