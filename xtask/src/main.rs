//! The commands of `cargo xtask`: `demo`, `test` and some smaller commands. The README describes `demo` and `test`.
//!
//! `steps.rs` lists the steps of `test` in their order.

mod api;
mod arrows;
mod codes;
mod crates;
mod dart;
mod disk;
mod dockerfile;
mod fuzz;
mod fuzz_lock;
mod ground;
mod growth;
mod instructions;
mod interop;
mod messages;
mod package;
mod package_check;
mod spelling;
mod steps;
mod tally;
mod tidy;
mod tools;
mod web;
mod wire_code;

use anyhow::{Result, bail};
use ground::Ground;
use std::process::ExitCode;

/// A command: its name, its help texts, and a function that receives the arguments after the name.
struct Command {
    name: &'static str,
    usage: &'static str,
    about: &'static str,
    more: &'static str,
    run: fn(&[&str]) -> Result<ExitCode>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "demo",
        usage: "demo [ARGS…]",
        about: "build everything, and run the server with demo users",
        more: "Prints the addresses to open. ARGS go to `lamplight demo`: `--cluster` runs three nodes over Redis and PostgreSQL,
which are started too, and lets you kill a node and bring it back.

The web pages are built first. If that fails, the demo runs without them, and says so.",
        run: demo,
    },
    Command {
        name: "test",
        usage: "test [OPTIONS]",
        about: "install missing tools, then check and test everything",
        more: "  --only STEP    run this step alone; may be given several times
  --keep-going   do not stop at the first step that fails
  --no-install   name what is missing, but install nothing
  --list         list the steps

The last line counts the tests: `N passed, N failed`. A step that fails without a failed test counts as one failed test.",
        run: steps::test,
    },
    Command {
        name: "bench",
        usage: "bench [cluster|peers|growth|instructions] [ARGS…]",
        about: "measure what the server costs: the figures of docs/performance.md",
        more: "ARGS go to `lamplight load bench`: `--quick` for a short trial, `--out FILE` for JSON.

`bench cluster` starts a Redis Cluster, PostgreSQL and three nodes, and measures these. ARGS go to
`lamplight load cluster`: `--only ROW` for one row, `--users N` for fewer users, `--quick` for a short trial. The raw
output and the logs are in target/bench-cluster.

`bench peers` drives Lamplight and the systems that a team might choose instead with one workload: Redis pub/sub, mosquitto,
NATS, Socket.IO, Prosody and ejabberd, as far as they are installed. ARGS: `--only lamplight,redis`, `--users N`,
`--rounds N`, `--seconds N`; `--list` says what is installed. The raw output and the logs are in target/bench-peers.

`bench growth` measures how the cost of a change grows with accounts, subscriptions, connections and watchers, and the
latency of changes over a minute. It writes reports to target/bench-growth, and draws them to docs/images. ARGS go to
`lamplight load growth`: `--series NAME` for one series, `--quick` for a short trial, which is drawn to target/bench-growth.

`bench instructions` counts the instructions of single functions with callgrind, and fails if one needs more than it did
before. `--accept` writes the counts to crates/instructions/baseline.txt.",
        run: bench,
    },
    Command {
        name: "mistakes",
        usage: "mistakes [ARGS…]",
        about: "plant known mistakes in the code, and check that the simulator finds each",
        more: "ARGS go to the program `mistakes` of lamplight-sim.",
        run: |args| Ground::find()?.become_cargo(steps::MISTAKES, args),
    },
    Command {
        name: "attack",
        usage: "attack [OPTIONS]",
        about: "attack a server with default settings, and show the cost for the server and for other users",
        more: "Builds the server with optimisation, starts one for each attack, and prints a table. Fails when a bound is broken.

  --only NAME   only this attack; may be given several times
  --list        list the attacks
  --quick       small and short, for a trial: the figures mean little
  --out FILE    also write the figures to a file, as JSON",
        run: attack,
    },
    Command {
        name: "fuzz",
        usage: "fuzz [TARGET…] [OPTIONS]",
        about: "search with libFuzzer for inputs that break a guarantee: docs/how-to/fuzz.md",
        more: "Without a TARGET, all targets run, one after the other. An input that breaks a guarantee is kept in fuzz/artifacts.

  --seconds N   run each target for N seconds [default: 60]
  --keep        add interesting inputs to the corpus in the tree, which the tests replay",
        run: fuzz::fuzz,
    },
    Command {
        name: "package",
        usage: "package [--binary FILE]",
        about: "build the archive of a release, the .deb, the bill of materials and the checksums",
        more: "Builds the web pages and the server with optimisation, and writes to target/package:

  lamplight-VERSION-HOST.tar.gz   the program, completions, manual pages, the systemd unit, licences
                                  the npm packages of the web SDK and the web components, the protobuf files
  lamplight_VERSION-1_ARCH.deb    the same as a package of Debian
  lamplight-VERSION.cdx.json      the bill of materials (CycloneDX): each crate in the program
  SHA256SUMS                      for `sha256sum --check`

The same program gives the same bytes. Every file gets the time of the commit, or SOURCE_DATE_EPOCH.

  --binary FILE   pack this program instead of building one; the web packages must have been built",
        run: package::package,
    },
    Command {
        name: "codegen",
        usage: "codegen [--check]",
        about: "write the files that are generated from others",
        more: "Writes docs/codes.md (the table of codes), docs/messages.md (the messages of the client port),
crates/wire/src/generated (their code) and docs/openapi.json (the document of the server API).

  --check   write nothing; fail if one of them is not current (a test of the server checks docs/openapi.json)",
        run: codes::codegen,
    },
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<ExitCode> {
    let (name, args) = match words {
        [] | ["help" | "--help" | "-h"] => {
            print_help();
            return Ok(ExitCode::SUCCESS);
        }
        ["help", name, ..] => (*name, &["--help"][..]),
        [name, args @ ..] => (*name, args),
    };
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        bail!("unknown command `{name}`; `cargo xtask --help` lists them");
    };
    if let ["--help" | "-h", ..] = args {
        println!(
            "cargo xtask {}: {}\n\nUsage: cargo xtask {}\n\n{}",
            command.name, command.about, command.usage, command.more
        );
        return Ok(ExitCode::SUCCESS);
    }
    (command.run)(args)
}

/// Runs measurements: of one server, of a cluster, of other systems, or of single functions.
fn bench(args: &[&str]) -> Result<ExitCode> {
    if let ["instructions", args @ ..] = args {
        return instructions::bench(args);
    }
    let ground = Ground::find()?;
    if let ["cluster", args @ ..] = args {
        tools::for_cluster(&ground)?;
        return ground.become_lamplight(
            "release",
            &["load", "cluster", "--raw", "target/bench-cluster"],
            args,
        );
    }
    if let ["peers", args @ ..] = args {
        ground::run(&mut ground.cargo("build --release --locked --package lamplight"))?;
        return ground.become_cargo("run --quiet --release --locked --package lamplight-peers --", args);
    }
    if let ["growth", args @ ..] = args {
        return growth::bench(&ground, args);
    }
    ground.become_lamplight("release", &["load", "bench"], args)
}

/// Runs the demo, with the web pages if they can be built.
fn demo(args: &[&str]) -> Result<ExitCode> {
    let ground = Ground::find()?;
    if args.contains(&"--cluster") {
        tools::for_cluster(&ground)?;
    }
    if let Err(error) = tools::for_web(&ground).and_then(|()| web::build(&ground)) {
        eprintln!("\nThe web pages cannot be built, the demo goes on without them: {error:#}\n");
    }
    ground.become_lamplight("demo", &["demo"], args)
}

/// Runs the attacks, which are a separate program, against an optimised server.
fn attack(args: &[&str]) -> Result<ExitCode> {
    let ground = Ground::find()?;
    ground::run(&mut ground.cargo("build --release --locked --package lamplight"))?;
    let program = "run --quiet --locked --package lamplight-attack -- --program target/release/lamplight";
    ground.become_cargo(program, args)
}

fn print_help() {
    println!("Usage: cargo xtask COMMAND\n");
    for command in COMMANDS {
        println!("  {:<10} {}", command.name, command.about);
    }
    println!("\n`cargo xtask COMMAND --help` says more.");
}
