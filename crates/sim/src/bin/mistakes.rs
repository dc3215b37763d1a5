//! Checks that the tests of this crate find planted mistakes.
//!
//! The program copies the tree. It changes the copy for each mistake in `mistakes/table.toml`. It then runs the test
//! suite that the table names, and expects a failure. The suites:
//!
//! - `histories`: sequential histories
//! - `overlap`: overlapping operations
//! - `hidden`: two worlds; a user hides in one, and is away in the other
//! - `facts`: the conformance suite of the facts in SQLite
//!
//! `cargo run -p lamplight-sim --bin mistakes [part of a name]`. The copy and its build are in `target/mistakes`. The
//! program does not change the tree itself.

#![allow(clippy::print_stdout, reason = "what it finds is for the terminal")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

/// The number of steps, in all seeds together, within which the suite `histories` must find a mistake.
const STEPS: &str = "60000";
/// The number of overlapping operations within which the suite `overlap` must find a mistake.
const OPERATIONS: &str = "40000";
/// The number of seeds within which the suite `hidden` must find a mistake.
const SEEDS: &str = "1000";

/// The crates that the suites need.
const CRATES: [&str; 9] =
    ["model", "core", "wire", "directory", "facts", "facts-sqlite", "auth", "service", "sim"];

#[derive(serde::Deserialize)]
struct Table {
    mistake: Vec<Mistake>,
}

#[derive(serde::Deserialize)]
struct Mistake {
    name: String,
    file: String,
    find: String,
    replace: String,
    #[serde(default)]
    suite: Suite,
}

/// A test suite of the table.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Suite {
    /// Sequential histories, compared with a model.
    #[default]
    Histories,
    /// Overlapping operations with slow and failing stores.
    Overlap,
    /// Two worlds: a user hides in one, and is away in the other.
    Hidden,
    /// The conformance suite of the facts in SQLite.
    Facts,
    /// The tests of the service about several nodes.
    Cluster,
}

impl Suite {
    fn test(self) -> &'static str {
        match self {
            Self::Histories => "histories",
            Self::Overlap => "overlap",
            Self::Hidden => "hidden",
            Self::Facts => "conformance",
            Self::Cluster => "cluster",
        }
    }

    fn package(self) -> &'static str {
        match self {
            Self::Histories | Self::Overlap | Self::Hidden => "lamplight-sim",
            Self::Facts => "lamplight-facts-sqlite",
            Self::Cluster => "lamplight-service",
        }
    }
}

/// The result of running a suite in the copy.
enum Run {
    Passed,
    Failed(String),
    NotBuilt(String),
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let copy = root.join("target/mistakes/tree");
    take_copy(&root, &copy)?;
    let table = table(&root)?;

    let mut wrong = 0;
    let chosen = || table.mistake.iter().filter(|mistake| mistake.name.contains(&wanted));
    for suite in [Suite::Histories, Suite::Overlap, Suite::Hidden, Suite::Facts, Suite::Cluster] {
        if !chosen().any(|mistake| mistake.suite == suite) {
            continue;
        }
        match run(suite, &root, &copy)? {
            Run::Passed => println!("caught  nothing where nothing was planted ({})", suite.test()),
            Run::Failed(why) | Run::NotBuilt(why) => {
                println!("The tree as it is fails ({}):\n{why}", suite.test());
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    for mistake in chosen() {
        let began = Instant::now();
        let verdict = plant(mistake, &root, &copy)?;
        wrong += usize::from(verdict.is_err());
        let seconds = began.elapsed().as_secs_f64();
        match verdict {
            Ok(how) => println!("caught  {} ({seconds:.1} s): {how}", mistake.name),
            Err(why) => println!("MISSED  {} ({seconds:.1} s): {why}", mistake.name),
        }
    }
    println!("{} mistakes, {wrong} of them not caught", table.mistake.len());
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn table(root: &Path) -> Result<Table, Box<dyn Error>> {
    Ok(toml::from_str(&fs::read_to_string(root.join("crates/sim/mistakes/table.toml"))?)?)
}

/// Plants one mistake, runs its suite, and restores the file. Returns the failure that the suite reports. If the suite
/// does not find the mistake, returns the reason.
fn plant(mistake: &Mistake, root: &Path, copy: &Path) -> Result<Result<String, String>, Box<dyn Error>> {
    let path = copy.join(&mistake.file);
    let source = fs::read_to_string(&path)?;
    let places = source.matches(&mistake.find).count();
    if places != 1 {
        return Ok(Err(format!("its snippet occurs {places} times in {}", mistake.file)));
    }
    fs::write(&path, source.replace(&mistake.find, &mistake.replace))?;
    let run = run(mistake.suite, root, copy);
    fs::write(&path, source)?;
    Ok(match run? {
        Run::Failed(how) => Ok(how),
        Run::Passed => Err(format!("{} pass", mistake.suite.test())),
        Run::NotBuilt(why) => Err(format!("it does not compile:\n{why}")),
    })
}

fn run(suite: Suite, root: &Path, copy: &Path) -> Result<Run, Box<dyn Error>> {
    let cargo = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO"));
        command
            .args(["test", "--quiet", "--offline", "-p", suite.package(), "--test", suite.test()])
            .args(more)
            .current_dir(copy)
            .env("CARGO_TARGET_DIR", root.join("target/mistakes/build"))
            .env("CARGO_PROFILE_DEV_DEBUG", "false")
            // One crate changes from build to build, also where other builds are not incremental.
            .env("CARGO_INCREMENTAL", "1")
            .env("LAMPLIGHT_SIM_STEPS", STEPS)
            .env("LAMPLIGHT_SIM_OPERATIONS", OPERATIONS)
            .env("LAMPLIGHT_SIM_SEEDS", SEEDS)
            .env_remove("LAMPLIGHT_SIM_SEED")
            .env("RUST_BACKTRACE", "0");
        command.output()
    };
    let built = cargo(&["--no-run"])?;
    if !built.status.success() {
        return Ok(Run::NotBuilt(String::from_utf8_lossy(&built.stderr).into_owned()));
    }
    let run = cargo(&[])?;
    if run.status.success() {
        return Ok(Run::Passed);
    }
    let mut output = String::from_utf8_lossy(&run.stdout).into_owned();
    output.push_str(&String::from_utf8_lossy(&run.stderr));
    let told = output.lines().find(|line| line.starts_with("LAMPLIGHT_SIM_SEED=")).unwrap_or("a panic");
    Ok(Run::Failed(told.to_owned()))
}

/// Copies the files that the suites need. Unchanged files keep their modification times, so that cargo does not rebuild
/// their crates.
fn take_copy(root: &Path, copy: &Path) -> Result<(), Box<dyn Error>> {
    let mut kept = Vec::new();
    for name in CRATES {
        copy_folder(&root.join("crates").join(name), &copy.join("crates").join(name), &mut kept)?;
    }
    remove_others(&copy.join("crates"), &kept)?;
    let mut manifest = toml::from_str::<toml::Table>(&fs::read_to_string(root.join("Cargo.toml"))?)?;
    let workspace = manifest.get_mut("workspace").and_then(toml::Value::as_table_mut);
    let members = vec![toml::Value::from("crates/*")];
    workspace.ok_or("no workspace in Cargo.toml")?.insert("members".into(), members.into());
    put(&copy.join("Cargo.toml"), toml::to_string(&manifest)?.as_bytes())?;
    // Cargo removes the packages that the copy does not need, and keeps the locked versions of the others.
    fs::copy(root.join("Cargo.lock"), copy.join("Cargo.lock"))?;
    Ok(())
}

fn copy_folder(from: &Path, to: &Path, kept: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target, kept)?;
        } else {
            put(&target, &fs::read(entry.path())?)?;
            kept.push(target);
        }
    }
    Ok(())
}

/// Removes files of an earlier copy that are no longer in the tree.
fn remove_others(folder: &Path, kept: &[PathBuf]) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_others(&entry.path(), kept)?;
        } else if !kept.contains(&entry.path()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn put(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if fs::read(path).is_ok_and(|there| there == bytes) { Ok(()) } else { fs::write(path, bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A change of the code must not leave a mistake behind that can no longer be planted.
    #[test]
    fn the_snippet_of_each_mistake_occurs_once() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for Mistake { name, file, find, .. } in table(&root).unwrap().mistake {
            let source = fs::read_to_string(root.join(&file)).unwrap();
            assert_eq!(source.matches(&find).count(), 1, "{name}: {file}");
        }
    }
}
