//! `cargo xtask test`: its steps in their order, and a summary of their times and results.

use crate::ground::{Ground, answers, run, run_and_hear};
use crate::tally::{Runner, Tally};
use crate::{
    api, arrows, codes, crates, dart, instructions, interop, package_check, spelling, tidy, tools, web,
};
use anyhow::{Result, bail};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// A step, which fails if `run` returns an error.
struct Step {
    name: &'static str,
    about: &'static str,
    run: fn(&mut Run) -> Result<()>,
}

/// The state that all steps of one run share.
struct Run {
    ground: Ground,
    may_install: bool,
    tally: Tally,
}

const STEPS: &[Step] = &[
    Step {
        name: "tools",
        about: "the disk has enough free space; missing tools are installed, or named",
        run: |it| tools::set_up(&it.ground, it.may_install),
    },
    Step { name: "fmt", about: "rustfmt", run: |it| run(&mut it.ground.cargo("fmt --all -- --check")) },
    Step {
        name: "npm",
        about: "the npm packages of web/ are those of the lock file",
        run: |it| web::install(&it.ground, it.may_install),
    },
    Step { name: "prettier", about: "the format of the web packages", run: |it| it.npm("run format:check") },
    Step {
        name: "generated",
        about: "the generated files of the web packages are current",
        run: |it| it.npm("run generate:check"),
    },
    Step { name: "tsc", about: "the types of the web packages", run: |it| it.npm("run typecheck") },
    Step { name: "eslint", about: "the lints of the web packages", run: |it| it.npm("run lint") },
    // This step precedes the first step that compiles the server, because the server includes the pages.
    Step { name: "web", about: "the web pages are built into web/dist", run: |it| web::build(&it.ground) },
    Step { name: "size", about: "the SDK is within its size limit", run: |it| it.npm("run size") },
    Step {
        name: "clippy",
        about: "clippy without a warning; compiles tests, examples and benches too",
        run: |it| run(&mut it.ground.cargo("clippy --workspace --all-targets --locked -- -D warnings")),
    },
    Step {
        name: "features",
        about: "the Rust SDK without TLS, without WebSocket, and without both",
        run: |it| crates::features(&it.ground),
    },
    Step { name: "deny", about: "licences, sources and bans of the dependencies", run: deny },
    Step {
        name: "arrows",
        about: "the dependencies between our crates are allowed",
        run: |it| arrows::check(&it.ground),
    },
    Step { name: "tidy", about: "rules about the text of the tree", run: |it| tidy::check(&it.ground) },
    Step { name: "spelling", about: "typos", run: |it| spelling::check(&it.ground, it.may_install) },
    Step {
        name: "codes",
        about: "docs/codes.md, the codes of the Dart SDK, docs/messages.md and the code of lamplight-wire are current",
        run: |it| codes::check(&it.ground),
    },
    Step {
        name: "interop",
        about: "the public UserSig generators and client libraries are installed",
        run: |it| interop::set_up(&it.ground, it.may_install),
    },
    Step {
        name: "api",
        about: "schemathesis, which tests the server API, is installed",
        run: |it| api::set_up(&it.ground, it.may_install),
    },
    Step { name: "tests", about: "every test of the workspace", run: tests },
    Step {
        name: "valkey",
        about: "the tests of the directory in Redis over Valkey, if it is installed",
        run: valkey,
    },
    Step {
        name: "doc-tests",
        about: "the examples in the documentation",
        run: |it| it.hear(Runner::CargoTest, "test --doc --workspace --locked --no-fail-fast"),
    },
    Step {
        name: "crates",
        about: "the crates of the Rust SDK can be packaged, and a program outside the tree can use them",
        run: sdk_crates,
    },
    Step { name: "web-tests", about: "the tests of the web packages", run: web_tests },
    Step { name: "dart", about: "the tests of the Dart SDK", run: dart_tests },
    Step { name: "browser", about: "tests with a real browser and a real server", run: browser },
    Step { name: "package", about: "the packages can be built, installed and removed", run: package },
    Step {
        name: "instructions",
        about: "no function that is counted needs more instructions than before",
        run: |it| instructions::check(&it.ground, it.may_install),
    },
    Step {
        name: "mistakes",
        about: "the simulator finds every planted mistake",
        run: |it| run(&mut it.ground.cargo(MISTAKES)),
    },
    Step {
        name: "docs",
        about: "rustdoc without a warning",
        run: |it| {
            run(it.ground.cargo("doc --workspace --no-deps --locked").env("RUSTDOCFLAGS", "-D warnings"))
        },
    },
];

/// The cargo arguments that run the planted mistakes.
pub const MISTAKES: &str = "run --locked --package lamplight-sim --bin mistakes --";

/// The cargo arguments that build the server for tests.
const SERVER: &str = "build --locked --package lamplight";

/// The server that [`SERVER`] builds.
const SERVER_PROGRAM: &str = "target/debug/lamplight";

/// `cargo xtask test [OPTIONS]`.
pub fn test(args: &[&str]) -> Result<ExitCode> {
    let mut only = Vec::new();
    let (mut keep_going, mut may_install) = (false, true);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match *arg {
            "--list" => {
                for step in STEPS {
                    println!("{:<12} {}", step.name, step.about);
                }
                return Ok(ExitCode::SUCCESS);
            }
            "--keep-going" => keep_going = true,
            "--no-install" => may_install = false,
            "--only" => match args.next().and_then(|name| STEPS.iter().find(|step| step.name == *name)) {
                Some(step) => only.push(step.name),
                None => bail!("--only takes the name of a step; --list lists them"),
            },
            other => bail!("unknown option `{other}` of `test`; see --help"),
        }
    }
    let mut run = Run { ground: Ground::find()?, may_install, tally: Tally::default() };
    let mut ended = Vec::new();
    for step in STEPS.iter().filter(|step| only.is_empty() || only.contains(&step.name)) {
        eprintln!("\n== {}: {}", step.name, step.about);
        let (began, tally) = (Instant::now(), run.tally);
        let outcome = (step.run)(&mut run);
        if let Err(error) = &outcome {
            eprintln!("{}: {error:#}", step.name);
            if run.tally.failed == tally.failed {
                run.tally.failed += 1;
            }
        }
        let ok = outcome.is_ok();
        ended.push((step.name, began.elapsed(), ok));
        if !ok && !keep_going {
            break;
        }
    }
    summarise(&ended, run.tally);
    Ok(if ended.iter().all(|(_, _, ok)| *ok) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Run {
    /// Runs tests with these cargo arguments, and counts them.
    fn hear(&mut self, runner: Runner, words: &str) -> Result<()> {
        let tally = &mut self.tally;
        run_and_hear(&mut self.ground.cargo(words), |line| tally.hear(runner, line))
    }

    /// Runs npm with these arguments in the folder of the web packages.
    fn npm(&self, words: &str) -> Result<()> {
        run(&mut web::npm(&self.ground, words))
    }

    /// Runs tests with these npm arguments, and counts them.
    fn hear_npm(&mut self, words: &str) -> Result<()> {
        let tally = &mut self.tally;
        run_and_hear(&mut web::npm(&self.ground, words), |line| tally.hear(Runner::Vitest, line))
    }
}

fn deny(it: &mut Run) -> Result<()> {
    let program = tools::cargo_deny(&it.ground, it.may_install)?;
    println!(
        "advisories are not checked here, because their database has to be fetched: `cargo deny check advisories`"
    );
    // deny.toml warns about duplicate dependencies. Without this option, each warning would be followed by a tree of
    // dependents.
    let words = "--locked --offline check --hide-inclusion-graph bans licenses sources";
    run(it.ground.command(program).args(words.split(' ')))
}

fn tests(it: &mut Run) -> Result<()> {
    if tools::has_nextest(&it.ground) {
        it.hear(Runner::Nextest, "nextest run --workspace --locked --no-fail-fast")
    } else {
        // Not with --all-targets, which would run the benchmarks of the step `instructions`.
        let targets = "--lib --bins --tests --examples";
        it.hear(Runner::CargoTest, &format!("test --workspace {targets} --locked --no-fail-fast"))
    }
}

/// Runs the tests of the directory in Redis with servers of Valkey. Debian has Valkey from version 13 on, and in the
/// backports of version 12. Valkey is therefore not among the needed tools.
fn valkey(it: &mut Run) -> Result<()> {
    if !answers(it.ground.command("valkey-server").arg("--version")) {
        println!("valkey-server is not installed: not tested with Valkey");
        return Ok(());
    }
    let mut tests =
        it.ground.cargo("test --locked --no-fail-fast --package lamplight-directory-redis --tests");
    let tally = &mut it.tally;
    run_and_hear(tests.env("LAMPLIGHT_TEST_VALKEY", "1"), |line| tally.hear(Runner::CargoTest, line))
}

/// Runs the tests of the web packages, some of which start the server.
fn web_tests(it: &mut Run) -> Result<()> {
    run(&mut it.ground.cargo(SERVER))?;
    it.hear_npm("test")
}

/// Runs the tests of the Dart SDK, some of which start the server.
fn dart_tests(it: &mut Run) -> Result<()> {
    run(&mut it.ground.cargo(SERVER))?;
    let vm = tools::dart_vm(&it.ground, it.may_install)?;
    dart::test(&it.ground, &vm, &mut it.tally)
}

fn browser(it: &mut Run) -> Result<()> {
    run(&mut it.ground.cargo(SERVER))?;
    it.hear_npm("run e2e")
}

fn sdk_crates(it: &mut Run) -> Result<()> {
    run(&mut it.ground.cargo(SERVER))?;
    let tally = &mut it.tally;
    crates::check(&it.ground, SERVER_PROGRAM, &mut |command| {
        run_and_hear(command, |line| tally.hear(Runner::CargoTest, line))
    })
}

/// Packs the server that the tests use, because the checks do not depend on its speed.
fn package(it: &mut Run) -> Result<()> {
    run(&mut it.ground.cargo(SERVER))?;
    package_check::check(&it.ground, SERVER_PROGRAM, it.may_install)
}

/// Prints a table of the steps. The last line has the counts of the tests.
fn summarise(ended: &[(&str, Duration, bool)], tally: Tally) {
    println!("\n{:<12} {:>8}", "step", "seconds");
    for (name, took, ok) in ended {
        println!("{name:<12} {:>8.1}  {}", took.as_secs_f64(), if *ok { "ok" } else { "FAILED" });
    }
    for (name, _, _) in ended.iter().filter(|(_, _, ok)| !ok) {
        println!("run this step again: cargo xtask test --only {name}");
    }
    println!("{tally}");
}
