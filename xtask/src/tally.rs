//! How many tests passed and failed, read from what the test runners print.

use std::fmt;

/// The counts of one or more runs.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Tally {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed, ran out of time or could not be started.
    pub failed: u64,
}

impl Tally {
    /// Takes in one line of the output of nextest, `cargo test` or vitest; any other line counts nothing.
    pub fn hear(&mut self, line: &str) {
        let line = line.trim_start();
        let counts = if let Some(rest) = line.strip_prefix("Summary [") {
            rest.split_once("tests run:").or_else(|| rest.split_once("test run:")).map(|(_, counts)| counts)
        } else if let Some(rest) = line.strip_prefix("Tests  ") {
            Some(rest)
        } else {
            line.strip_prefix("test result: ")
                .and_then(|rest| rest.split_once(". "))
                .map(|(_, counts)| counts)
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

/// `18 passed (1 slow, 2 leaky), 1 failed` says inside the parentheses what is counted outside already.
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
    fn the_lines_of_both_runners_are_counted_and_no_others() {
        for (line, passed, failed) in [
            ("     Summary [   1.234s] 20 tests run: 20 passed, 3 skipped", 20, 0),
            ("     Summary [   0.004s] 1 test run: 1 passed, 0 skipped", 1, 0),
            (
                "Summary [ 9.1s] 20 tests run: 16 passed (1 slow, 2 leaky), 2 failed, 1 exec failed, 1 timed out, 0 skipped",
                16,
                4,
            ),
            ("Summary [ 9.1s] 5/20 tests run: 4 passed, 1 failed, 0 skipped", 4, 1),
            (
                "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
                3,
                0,
            ),
            ("test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out", 3, 2),
            ("      Tests  12 passed (12)", 12, 0),
            ("      Tests  2 failed | 10 passed | 1 skipped (13)", 10, 2),
            ("      Tests  no tests", 0, 0),
            (" Test Files  1 failed | 3 passed (4)", 0, 0),
            ("test the_summary ... ok", 0, 0),
            ("5 passed, 1 failed", 0, 0),
            ("", 0, 0),
        ] {
            let mut tally = Tally::default();
            tally.hear(line);
            assert_eq!(tally, Tally { passed, failed }, "{line}");
        }
    }

    #[test]
    fn the_last_line_has_a_fixed_form() {
        assert_eq!(Tally { passed: 12, failed: 0 }.to_string(), "12 passed, 0 failed");
    }
}
