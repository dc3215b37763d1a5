//! `cargo xtask bench instructions`: counts the instructions of the benchmarks in `crates/instructions` with callgrind, and
//! compares them with the counts in the repository.

use crate::ground::{Ground, output};
use crate::tools;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::process::ExitCode;

/// The accepted counts.
const BASELINE: &str = "crates/instructions/baseline.txt";

/// The arguments of cargo that run the benchmarks. Each benchmark then prints one line of JSON.
const RUN: &str = "bench --locked --profile instructions --package lamplight-instructions --bench instructions -- \
                   --output-format=json";

/// The largest increase of a count, in percent, that is not a regression. The random seeds of hash tables change a
/// count by less than 1 %.
const TOLERANCE: u64 = 5;

/// The counts of all benchmarks by their names, with one toolchain.
#[derive(PartialEq, Debug)]
struct Counts {
    /// The compiler, the C library and the processor, on which the counts depend.
    toolchain: String,
    instructions: BTreeMap<String, u64>,
}

/// `cargo xtask bench instructions [--accept]`: fails if a benchmark needs more instructions than before.
pub fn bench(args: &[&str]) -> Result<ExitCode> {
    let accept = match args {
        [] => false,
        ["--accept"] => true,
        _ => bail!("`bench instructions` takes no option but --accept"),
    };
    let ground = Ground::find()?;
    if accept {
        let counts = count(&ground, true)?;
        fs::write(ground.path(BASELINE), counts.text())?;
        println!("{} benchmarks are written to {BASELINE}", counts.instructions.len());
    } else {
        check(&ground, true)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Counts the instructions, and prints the counts beside the accepted counts. Fails if a count is more than
/// [`TOLERANCE`] above the accepted count. If the accepted counts are from another toolchain, only prints the counts.
pub fn check(ground: &Ground, may_install: bool) -> Result<()> {
    let text =
        fs::read_to_string(ground.path(BASELINE)).with_context(|| format!("cannot read {BASELINE}"))?;
    let accepted = Counts::read(&text).with_context(|| format!("{BASELINE} is not a table of counts"))?;
    let counted = count(ground, may_install)?;
    let (table, regressions) = compare(&accepted, &counted);
    print!("{table}");
    if accepted.toolchain != counted.toolchain {
        println!(
            "NOT COMPARED: the accepted counts are of {}; here is {}",
            accepted.toolchain, counted.toolchain
        );
        return Ok(());
    }
    if !regressions.is_empty() {
        bail!(
            "{}\nIf the change is worth it, accept the new counts: cargo xtask bench instructions --accept",
            regressions.join("\n")
        );
    }
    Ok(())
}

fn count(ground: &Ground, may_install: bool) -> Result<Counts> {
    let runner = tools::for_instructions(ground, may_install)?;
    let lines = output(ground.cargo(RUN).env("GUNGRAUN_RUNNER", runner))?;
    let instructions = lines.lines().map(read_line).collect::<Result<_>>()?;
    Ok(Counts { toolchain: toolchain(ground)?, instructions })
}

/// Reads the name and the count of one benchmark from its summary.
fn read_line(line: &str) -> Result<(String, u64)> {
    let summary: Value = serde_json::from_str(line).with_context(|| format!("not a summary: {line}"))?;
    let part = |name: &str| summary[name].as_str().with_context(|| format!("no {name} in {line}"));
    let name = format!("{}::{}::{}", part("group")?, part("function_name")?, part("id")?);
    let count = summary["profiles"][0]["data"]["total"]["metrics"]["Ir"]["values"]["new"].as_u64();
    Ok((name, count.with_context(|| format!("no count in {line}"))?))
}

fn toolchain(ground: &Ground) -> Result<String> {
    let rustc = output(ground.command("rustc").arg("--version"))?;
    let rustc = rustc.split(' ').take(2).collect::<Vec<_>>().join(" ");
    let libc = output(ground.command("getconf").arg("GNU_LIBC_VERSION"))?;
    Ok(format!("{rustc}, {}, {}", libc.trim(), std::env::consts::ARCH))
}

/// Returns a table of all benchmarks, and a line for each benchmark that fails.
fn compare(accepted: &Counts, counted: &Counts) -> (String, Vec<String>) {
    let (mut table, mut failures) = (String::new(), Vec::new());
    let mut row = |name: &str, count: &str, change: &str| {
        let _ = writeln!(table, "{name:<58} {count:>12}  {change}");
    };
    for (name, count) in &counted.instructions {
        let Some(before) = accepted.instructions.get(name) else {
            row(name, &count.to_string(), "new");
            failures.push(format!("{name} is not in {BASELINE}"));
            continue;
        };
        let change = (*count as f64 / *before as f64 - 1.0) * 100.0;
        let is_better = count * 100 < before * (100 - TOLERANCE);
        let remark = if is_better { "  better: accept it, so that it stays" } else { "" };
        row(name, &count.to_string(), &format!("{change:+.1} %{remark}"));
        if count * 100 > before * (100 + TOLERANCE) {
            failures
                .push(format!("{name} needs {change:.1} % more instructions: {count} instead of {before}"));
        }
    }
    for name in accepted.instructions.keys().filter(|name| !counted.instructions.contains_key(*name)) {
        row(name, "", "gone");
        failures.push(format!("{name} is in {BASELINE}, and is no benchmark"));
    }
    (table, failures)
}

impl Counts {
    fn text(&self) -> String {
        let mut text = String::from(
            "# Instructions of each benchmark in benches/instructions.rs. This command writes the file:\n\
             # cargo xtask bench instructions --accept\n",
        );
        let _ = writeln!(text, "# {}", self.toolchain);
        for (name, count) in &self.instructions {
            let _ = writeln!(text, "{name:<58} {count:>12}");
        }
        text
    }

    fn read(text: &str) -> Option<Self> {
        let toolchain = text.lines().filter_map(|line| line.strip_prefix("# ")).next_back()?.to_owned();
        let counts = text.lines().filter(|line| !line.starts_with('#'));
        let instructions = counts.map(|line| {
            let (name, count) = line.split_once(' ')?;
            Some((name.to_owned(), count.trim().parse().ok().filter(|count| *count > 0)?))
        });
        Some(Self { toolchain, instructions: instructions.collect::<Option<_>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(of: &[(&str, u64)]) -> Counts {
        let instructions = of.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        Counts { toolchain: "rustc 1.0.0, glibc 2.0, riscv".to_owned(), instructions }
    }

    #[test]
    fn only_what_is_more_than_the_tolerance_above_the_baseline_fails() {
        let accepted = counts(&[("a", 1_000), ("b", 1_000), ("c", 1_000)]);
        for (counted, failures) in [
            (&[("a", 1_000), ("b", 1_050), ("c", 1)][..], &[][..]),
            (&[("a", 1_051), ("b", 1_000), ("c", 1_000)], &["a needs 5.1 % more"]),
            (&[("a", 1_000), ("b", 1_000)], &["c is in"]),
            (&[("a", 2_000), ("b", 1), ("c", 1), ("d", 1)], &["a needs 100.0 % more", "d is not in"]),
        ] {
            let (table, found) = compare(&accepted, &counts(counted));
            assert_eq!(found.len(), failures.len(), "{found:?}");
            assert!(found.iter().zip(failures).all(|(found, begin)| found.starts_with(begin)), "{found:?}");
            assert!(counted.iter().all(|(name, _)| table.contains(name)), "{table}");
        }
    }

    #[test]
    fn the_table_is_read_as_it_was_written() {
        let counts = counts(&[("group::one::times_100", 12), ("group::two::once", 34_567_890)]);
        assert_eq!(Counts::read(&counts.text()), Some(counts));
        for broken in ["", "# only this\na b", "# rustc\na 0", "a 1"] {
            assert_eq!(Counts::read(broken), None, "{broken}");
        }
    }

    #[test]
    fn the_baseline_is_a_table() {
        let counts = Counts::read(include_str!("../../crates/instructions/baseline.txt"));
        assert!(counts.is_some_and(|counts| counts.toolchain.contains("rustc")));
    }

    #[test]
    fn a_summary_has_the_name_and_the_count() {
        let line = r#"{"group":"wire","function_name":"read","id":"login","profiles":
            [{"data":{"total":{"metrics":{"Ir":{"values":{"new":7,"old":9}}}}}}]}"#;
        assert_eq!(read_line(line).unwrap(), ("wire::read::login".to_owned(), 7));
        for broken in ["", "{}", r#"{"group":"a","function_name":"b","id":"c"}"#] {
            assert!(read_line(broken).is_err(), "{broken}");
        }
    }
}
