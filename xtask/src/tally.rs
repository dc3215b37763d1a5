//! Counts the passed and failed tests in the output of test runners.

use std::fmt;

/// The counts of one or more test runs.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Tally {
    /// The number of tests that passed.
    pub passed: u64,
    /// The number of tests that failed, timed out, or could not be started.
    pub failed: u64,
}

/// A program that runs tests and prints their counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Runner {
    /// The command `cargo nextest run`.
    Nextest,
    /// The command `cargo test`.
    CargoTest,
    /// The program vitest, which npm starts.
    Vitest,
}

impl Tally {
    /// Adds the counts in one line of a runner's output, in that runner's format. nextest also prints the output of
    /// failed tests. Counts in that output have the format of `cargo test`, and are not added.
    pub fn hear(&mut self, runner: Runner, line: &str) {
        let line = line.trim_start();
        let counts = match runner {
            Runner::Nextest => line
                .strip_prefix("Summary [")
                .and_then(|rest| rest.split_once("tests run:").or_else(|| rest.split_once("test run:")))
                .map(|(_, counts)| counts),
            Runner::CargoTest => line
                .strip_prefix("test result: ")
                .and_then(|rest| rest.split_once(". "))
                .map(|(_, counts)| counts),
            Runner::Vitest => line.strip_prefix("Tests  "),
        };
        for count in without_parentheses(counts.unwrap_or_default()).split([',', ';', '|']) {
            let Some((number, what)) = count.trim().split_once(' ') else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match what.trim_end() {
                "passed" => self.passed += number,
                "failed" | "timed out" | "exec failed" => self.failed += number,
                _ => {}
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// Removes text in parentheses, because it repeats tests that are already counted: `18 passed (1 slow, 2 leaky), 1
/// failed`.
fn without_parentheses(counts: &str) -> String {
    let mut depth = 0;
    counts
        .chars()
        .filter(|character| {
            match character {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => return depth == 0,
            }
            false
        })
        .collect::<String>()
        .replace(" ,", ",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counts_of_the_runner_are_taken_in_and_nothing_else() {
        use Runner::{CargoTest, Nextest, Vitest};
        for (runner, line, passed, failed) in [
            (Nextest, "     Summary [   1.234s] 20 tests run: 20 passed, 3 skipped", 20, 0),
            (Nextest, "     Summary [   0.004s] 1 test run: 1 passed, 0 skipped", 1, 0),
            (
                Nextest,
                "Summary [ 9.1s] 20 tests run: 16 passed (1 slow, 2 leaky), 2 failed, 1 exec failed, 1 timed out, 0 skipped",
                16,
                4,
            ),
            (Nextest, "Summary [ 9.1s] 5/20 tests run: 4 passed, 1 failed, 0 skipped", 4, 1),
            (
                CargoTest,
                "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
                3,
                0,
            ),
            (
                CargoTest,
                "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
                3,
                2,
            ),
            (Vitest, "      Tests  12 passed (12)", 12, 0),
            (Vitest, "      Tests  2 failed | 10 passed | 1 skipped (13)", 10, 2),
            (Vitest, "      Tests  no tests", 0, 0),
            (Vitest, " Test Files  1 failed | 3 passed (4)", 0, 0),
            (CargoTest, "test the_summary ... ok", 0, 0),
            (Nextest, "5 passed, 1 failed", 0, 0),
            (Nextest, "", 0, 0),
        ] {
            for heard in [Nextest, CargoTest, Vitest] {
                let mut tally = Tally::default();
                tally.hear(heard, line);
                let expected = if heard == runner { Tally { passed, failed } } else { Tally::default() };
                assert_eq!(tally, expected, "{heard:?}: {line}");
            }
        }
    }

    /// nextest prints the output of a failed test. That output ends with the counts of the test's program.
    #[test]
    fn a_test_that_failed_is_counted_once() {
        let mut tally = Tally::default();
        for line in [
            "        FAIL [   0.004s] xtask::bin/xtask tally::tests::a_wrong_one",
            "  stdout ---",
            "    running 1 test",
            "    test tally::tests::a_wrong_one ... FAILED",
            "    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 20 filtered out; finished in 0.00s",
            "     Summary [   0.010s] 3 tests run: 2 passed, 1 failed, 0 skipped",
            "        FAIL [   0.004s] xtask::bin/xtask tally::tests::a_wrong_one",
            "error: test run failed",
        ] {
            tally.hear(Runner::Nextest, line);
        }
        assert_eq!(tally, Tally { passed: 2, failed: 1 });
    }

    #[test]
    fn the_last_line_has_a_fixed_form() {
        assert_eq!(Tally { passed: 12, failed: 0 }.to_string(), "12 passed, 0 failed");
    }
}
