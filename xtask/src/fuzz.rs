//! `cargo xtask fuzz`: builds the fuzz targets with the instrumentation for libFuzzer, and runs them.
//!
//! The build works with a stable compiler, because it names LLVM's pass that counts edges. See `docs/how-to/fuzz.md`.

use crate::ground::{Ground, output, run, run_and_hear};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The options of rustc for fuzzing. A program that is built with them counts the executions of each edge of its
/// control flow, and reports comparisons to libFuzzer.
const INSTRUMENTED: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// The folder of the built programs.
const BUILT: &str = "target/fuzz";
/// The folder of the inputs that reach new code.
const CORPUS: &str = "fuzz/corpus";
/// The folder of failing inputs.
const ARTIFACTS: &str = "fuzz/artifacts";

/// The targets that need a whole node. A build without these targets is much faster.
const NEED_A_NODE: [&str; 3] = ["console", "query", "commands"];

/// The default run time of one target, in seconds.
const SECONDS: u64 = 60;

/// The options of the command.
#[derive(PartialEq, Debug)]
struct Asked<'a> {
    targets: Vec<&'a str>,
    seconds: u64,
    keep: bool,
}

/// The figures that libFuzzer prints at the end of a run.
#[derive(Default, PartialEq, Debug)]
struct Figures {
    executions: u64,
    a_second: u64,
    edges: u64,
    features: u64,
    peak_mb: u64,
}

/// `cargo xtask fuzz [TARGET…] [--seconds N] [--keep]`.
pub fn fuzz(args: &[&str]) -> Result<ExitCode> {
    let ground = Ground::find()?;
    let known = targets(&ground)?;
    let asked = Asked::read(args, &known)?;
    let host = host(&ground)?;
    let mut build = ground.cargo("build --release --locked --manifest-path fuzz/Cargo.toml");
    build.args(["--target-dir", BUILT, "--target", &host]).env("RUSTFLAGS", INSTRUMENTED);
    if asked.targets.iter().any(|target| NEED_A_NODE.contains(target)) {
        build.args(["--features", "node"]);
    }
    for target in &asked.targets {
        build.args(["--bin", target]);
    }
    run(&mut build)?;

    let scratch = Scratch::make()?;
    let mut table = Vec::new();
    for target in &asked.targets {
        let program = ground.path(&format!("{BUILT}/{host}/release/{target}"));
        let (found, artifacts) = (format!("{BUILT}/corpus/{target}"), format!("{ARTIFACTS}/{target}/"));
        fs::create_dir_all(ground.path(&found))?;
        fs::create_dir_all(ground.path(&artifacts))?;
        let before = count(&ground.path(&artifacts));
        let mut command = ground.command(&program);
        command.env("TMPDIR", &scratch.0).args([
            &format!("-max_total_time={}", asked.seconds),
            &format!("-artifact_prefix={artifacts}"),
            "-print_final_stats=1",
            "-max_len=4096",
            "-timeout=30",
            &found,
            &format!("{CORPUS}/{target}"),
        ]);
        let mut figures = Figures::default();
        let ended = run_and_hear(&mut command, |line| figures.hear(line));
        let finds = count(&ground.path(&artifacts)).saturating_sub(before);
        if let Err(error) = ended {
            eprintln!("{target}: {error:#}; the input is in {artifacts}");
        }
        if asked.keep && finds == 0 {
            let merge = ["-merge=1", "-set_cover_merge=1", &format!("{CORPUS}/{target}"), &found];
            run(ground.command(&program).env("TMPDIR", &scratch.0).args(merge))?;
        }
        table.push((*target, figures, finds));
    }

    println!(
        "\n{:<10} {:>12} {:>9} {:>8} {:>9} {:>8} {:>6}",
        "target", "executions", "a second", "edges", "features", "peak MB", "finds"
    );
    for (target, figures, finds) in &table {
        let Figures { executions, a_second, edges, features, peak_mb } = figures;
        println!(
            "{target:<10} {executions:>12} {a_second:>9} {edges:>8} {features:>9} {peak_mb:>8} {finds:>6}"
        );
    }
    let clean = table.iter().all(|(_, figures, finds)| *finds == 0 && figures.executions > 0);
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl<'a> Asked<'a> {
    fn read(args: &[&'a str], known: &'a [String]) -> Result<Self> {
        let mut asked = Self { targets: Vec::new(), seconds: SECONDS, keep: false };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match *arg {
                "--seconds" => {
                    let number = args.next().and_then(|number| number.parse().ok());
                    asked.seconds = number.context("--seconds takes a number")?;
                }
                "--keep" => asked.keep = true,
                target if known.iter().any(|known| known == target) => asked.targets.push(target),
                other => bail!("unknown target `{other}`; the targets are {}", known.join(", ")),
            }
        }
        if asked.targets.is_empty() {
            asked.targets = known.iter().map(String::as_str).collect();
        }
        Ok(asked)
    }
}

impl Figures {
    /// Parses one line of libFuzzer's output.
    fn hear(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let after = |name: &str| {
            let at = words.iter().position(|word| *word == name)?;
            words.get(at + 1)?.parse::<u64>().ok()
        };
        for (name, figure) in [
            ("cov:", &mut self.edges),
            ("ft:", &mut self.features),
            ("stat::number_of_executed_units:", &mut self.executions),
            ("stat::average_exec_per_sec:", &mut self.a_second),
            ("stat::peak_rss_mb:", &mut self.peak_mb),
        ] {
            if let Some(number) = after(name) {
                *figure = number;
            }
        }
    }
}

/// A folder for the files of the targets, in memory if possible. Removed when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn make() -> Result<Self> {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = parent.join(format!("lamplight-fuzz-{}", std::process::id()));
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // An error is ignored, because other runs use other folders.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Returns the names of the targets.
fn targets(ground: &Ground) -> Result<Vec<String>> {
    let mut targets = Vec::new();
    for entry in fs::read_dir(ground.path("fuzz/fuzz_targets"))? {
        if let Some(name) = entry?.file_name().to_str().and_then(|name| name.strip_suffix(".rs")) {
            targets.push(name.to_owned());
        }
    }
    targets.sort();
    Ok(targets)
}

/// Returns the platform of this machine. If a build names its platform, cargo does not instrument build scripts.
fn host(ground: &Ground) -> Result<String> {
    let about = output(ground.command("rustc").arg("-vV"))?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not name its host")?.to_owned())
}

fn count(folder: &Path) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_of_libfuzzer_are_read() {
        let mut figures = Figures::default();
        for line in [
            "INFO: Seed: 1234",
            "#2\tINITED cov: 10 ft: 11 corp: 1/1b exec/s: 0 rss: 30Mb",
            "#98765\tDONE   cov: 321 ft: 1234 corp: 99/10Kb lim: 4096 exec/s: 5000 rss: 60Mb",
            "Done 98765 runs in 20 second(s)",
            "stat::number_of_executed_units: 98765",
            "stat::average_exec_per_sec:     4938",
            "stat::peak_rss_mb:              61",
        ] {
            figures.hear(line);
        }
        let expected =
            Figures { executions: 98_765, a_second: 4_938, edges: 321, features: 1_234, peak_mb: 61 };
        assert_eq!(figures, expected);
    }

    #[test]
    fn what_is_asked_for_is_a_target_or_an_option() {
        let known = ["frames".to_owned(), "json".to_owned()];
        let all = Asked { targets: vec!["frames", "json"], seconds: SECONDS, keep: false };
        assert_eq!(Asked::read(&[], &known).unwrap(), all);
        let one = Asked { targets: vec!["json"], seconds: 600, keep: true };
        assert_eq!(Asked::read(&["json", "--seconds", "600", "--keep"], &known).unwrap(), one);
        for wrong in [&["jsn"][..], &["--seconds"], &["--seconds", "x"]] {
            assert!(Asked::read(wrong, &known).is_err(), "{wrong:?}");
        }
    }
}
