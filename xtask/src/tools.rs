//! The tools that the steps of `test` need. A missing tool is installed, or the command for it is printed.

use crate::ground::{Ground, answers, output, run};
use crate::{dart, disk, spelling, web};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::PathBuf;

/// A program that the steps need and that is not part of the repository.
struct Needed {
    name: &'static str,
    because: &'static str,
    /// A command that succeeds if the program is installed.
    probe: &'static str,
    supply: Supply,
}

/// The way to install a program.
enum Supply {
    /// The names of packages in Debian and systems that are derived from Debian.
    Debian(&'static str),
    /// A command that the user has to run.
    Ask(&'static str),
}

const NEEDED: &[Needed] = &[
    Needed {
        name: "rustfmt",
        because: "the step fmt",
        probe: "cargo fmt --version",
        supply: Supply::Ask("rustup component add rustfmt"),
    },
    Needed {
        name: "clippy",
        because: "the step clippy",
        probe: "cargo clippy --version",
        supply: Supply::Ask("rustup component add clippy"),
    },
    Needed {
        name: "a C compiler",
        because: "SQLite and ring are compiled from source",
        probe: "cc --version",
        supply: Supply::Debian("gcc libc6-dev"),
    },
    Needed {
        name: "PostgreSQL",
        because: "the tests of `lamplight-facts-postgres` start servers of their own",
        probe: "pg_lsclusters --help",
        supply: Supply::Debian("postgresql"),
    },
    Needed {
        name: "strip",
        because: "the packages",
        probe: "strip --version",
        supply: Supply::Debian("binutils"),
    },
    Needed {
        name: "dpkg-shlibdeps",
        because: "the .deb names the libraries that the program needs",
        probe: "dpkg-shlibdeps --version",
        supply: Supply::Debian("dpkg-dev"),
    },
    Needed {
        name: "fakeroot",
        because: "the .deb is installed into a folder",
        probe: "fakeroot --version",
        supply: Supply::Debian("fakeroot"),
    },
    Needed {
        name: "git",
        because: "tidy reads the files that git knows",
        probe: "git --version",
        supply: Supply::Debian("git"),
    },
    Needed {
        name: "chromium",
        because: "the tests in a real browser",
        probe: "chromium --version",
        supply: Supply::Debian("chromium"),
    },
    Needed {
        name: "nginx",
        because: "the tests of trusted proxies",
        probe: "nginx -v",
        supply: Supply::Debian("nginx-light libnginx-mod-stream"),
    },
    Needed {
        name: "haproxy",
        because: "the tests of trusted proxies",
        probe: "haproxy -v",
        supply: Supply::Debian("haproxy"),
    },
    Needed {
        name: "redis-server",
        because: "the tests of the directory in Redis, which start servers of their own",
        probe: "redis-server --version",
        supply: Supply::Debian("redis-server"),
    },
    Needed {
        name: "valgrind",
        because: "the counts of instructions",
        probe: "valgrind --version",
        supply: Supply::Debian("valgrind"),
    },
    Needed {
        name: "a font with Chinese letters",
        because: "the reference pictures for the browser tests",
        probe: "fc-list --quiet :family=Noto/Sans/CJK/SC",
        supply: Supply::Debian("fonts-noto-cjk fontconfig"),
    },
    Needed {
        name: "python with venv",
        because: "the public PyPI packages that the server is tested with, and the spelling checker",
        probe: "python3 -c import/venv,ensurepip",
        supply: Supply::Debian("python3 python3-venv"),
    },
];

/// The tools that build the web packages. The npm generator of UserSigs also needs these tools.
const NEEDED_FOR_WEB: &[Needed] = &[
    Needed {
        name: "node",
        because: "the web packages",
        probe: "node --version",
        supply: Supply::Debian("nodejs"),
    },
    Needed {
        name: "npm",
        because: "the web packages",
        probe: "npm --version",
        supply: Supply::Debian("npm"),
    },
];

/// The libraries that the Dart VM from npm needs. This VM is a 32-bit program.
const NEEDED_FOR_DART: Needed = Needed {
    name: "a C and C++ library of 32 bits",
    because: "the tests of the Dart SDK; not needed if a Dart SDK 3.3 or newer is installed",
    // The probe always fails, because this entry is only used if the VM does not start.
    probe: "false",
    supply: Supply::Debian("libc6-i386 lib32stdc++6"),
};

/// A cargo command that is built from its crate and installed into `target/tools`.
pub struct CargoTool {
    name: &'static str,
    /// The version that is installed if no other version can be used.
    version: &'static str,
    /// The oldest version that is accepted on the path, as major and minor number; `None` if only `version` is
    /// accepted.
    at_least: Option<(u32, u32)>,
    /// Additional arguments for `cargo install`.
    features: &'static str,
}

/// The tool cargo-deny. Versions older than `at_least` cannot read the metadata of the current cargo, or this
/// `deny.toml`.
const CARGO_DENY: CargoTool =
    CargoTool { name: "cargo-deny", version: "0.20.2", at_least: Some((0, 18)), features: "" };
/// The tool cargo-deb, without its own compressor: it uses the system's xz.
pub const CARGO_DEB: CargoTool = CargoTool {
    name: "cargo-deb",
    version: "3.8.0",
    at_least: Some((3, 8)),
    features: " --no-default-features --features gzip",
};
/// The tool cargo-cyclonedx. Versions older than `at_least` write a serial number even if `SOURCE_DATE_EPOCH` is set.
pub const CARGO_CYCLONEDX: CargoTool =
    CargoTool { name: "cargo-cyclonedx", version: "0.5.9", at_least: Some((0, 5)), features: "" };

/// The program that runs the benchmarks of `lamplight-instructions`. It must have the version of the crate `gungraun`.
const GUNGRAUN_RUNNER: CargoTool =
    CargoTool { name: "gungraun-runner", version: "0.20.0", at_least: None, features: "" };

/// Checks the free space of the disk. Installs missing tools, or prints the commands that install them. Also downloads
/// the crates of the lock file.
pub fn set_up(ground: &Ground, may_install: bool) -> Result<()> {
    disk::check(ground)?;
    let needed = NEEDED.iter().chain(NEEDED_FOR_WEB);
    install(ground, may_install, &needed.filter(|needed| is_missing(ground, needed)).collect::<Vec<_>>())?;
    // The crates of all platforms are downloaded, so that tools which read all dependencies work without the network.
    run(&mut ground.cargo("fetch --locked"))?;
    println!("cargo-deny: {}", cargo_deny(ground, may_install)?.display());
    for tool in [CARGO_DEB, CARGO_CYCLONEDX, GUNGRAUN_RUNNER] {
        println!("{}: {}", tool.name, cargo_tool(ground, &tool, may_install)?.display());
    }
    println!("typos: {}", spelling::typos(ground, may_install)?.display());
    println!("dart: {}", dart_vm(ground, may_install)?.display());
    if !has_nextest(ground) {
        println!(
            "cargo-nextest is not installed: `cargo test` runs the tests, one binary at a time and without time limits"
        );
    }
    Ok(())
}

/// Installs node and the packages of the lock file for the web pages, if they are missing.
pub fn for_web(ground: &Ground) -> Result<()> {
    let missing: Vec<_> = NEEDED_FOR_WEB.iter().filter(|needed| is_missing(ground, needed)).collect();
    install(ground, true, &missing)?;
    web::install(ground, true)
}

/// Installs Redis and PostgreSQL, if they are missing, for a cluster on this machine.
pub fn for_cluster(ground: &Ground) -> Result<()> {
    let needed = NEEDED.iter().filter(|needed| ["redis-server", "PostgreSQL"].contains(&needed.name));
    install(ground, true, &needed.filter(|needed| is_missing(ground, needed)).collect::<Vec<_>>())
}

/// Installs valgrind and gungraun-runner if they are missing. gungraun-runner runs the benchmarks of
/// `lamplight-instructions`. Returns the path of gungraun-runner.
pub fn for_instructions(ground: &Ground, may_install: bool) -> Result<PathBuf> {
    let needed = NEEDED.iter().filter(|needed| needed.name == "valgrind");
    install(ground, may_install, &needed.filter(|needed| is_missing(ground, needed)).collect::<Vec<_>>())?;
    cargo_tool(ground, &GUNGRAUN_RUNNER, may_install)
}

/// Returns the Dart VM that [`dart::vm`] finds. If it does not run, installs its system libraries first.
pub fn dart_vm(ground: &Ground, may_install: bool) -> Result<PathBuf> {
    if let Some(vm) = dart::vm(ground, may_install)? {
        return Ok(vm);
    }
    install(ground, may_install, &[&NEEDED_FOR_DART])?;
    dart::vm(ground, may_install)?
        .context("the Dart VM of npm does not run here: install a Dart SDK, 3.3 or newer")
}

fn is_missing(ground: &Ground, needed: &Needed) -> bool {
    !answers(&mut probe(ground, needed.probe))
}

/// Returns `true` if cargo-nextest is installed.
pub fn has_nextest(ground: &Ground) -> bool {
    answers(&mut ground.cargo("nextest --version"))
}

/// Returns cargo-deny, as [`cargo_tool`] finds it.
pub fn cargo_deny(ground: &Ground, may_install: bool) -> Result<PathBuf> {
    cargo_tool(ground, &CARGO_DENY, may_install)
}

/// Returns a cargo tool: the pinned version in `target/tools`, or else a recent enough version on the path. Without
/// such a version, installs the tool, or fails if `may_install` is `false`.
pub fn cargo_tool(ground: &Ground, tool: &CargoTool, may_install: bool) -> Result<PathBuf> {
    let CargoTool { name, version, at_least, features } = *tool;
    let ours = ground.path("target/tools/bin").join(name);
    // cargo-cyclonedx expects its own name before the arguments, as cargo passes it.
    let command = name.trim_start_matches("cargo-");
    let version_of = |program: &PathBuf| {
        let answer = |words: &[&str]| output(ground.command(program).args(words)).unwrap_or_default();
        if tool.name == CARGO_CYCLONEDX.name {
            answer(&[command, "--version"])
        } else {
            answer(&["--version"])
        }
    };
    let is_pinned = |program: &PathBuf| version_of(program).trim_end().ends_with(&format!(" {version}"));
    if ours.exists() && is_pinned(&ours) {
        return Ok(ours);
    }
    let on_path = PathBuf::from(name);
    let is_usable = match at_least {
        Some(at_least) => is_recent(&version_of(&on_path), at_least),
        None => is_pinned(&on_path),
    };
    if is_usable {
        return Ok(on_path);
    }
    if !may_install {
        bail!(
            "{name} is missing: `cargo install {name} --locked --version {version}`, or run without --no-install"
        );
    }
    // Without optimisation, the tool is built much faster and runs only a little slower.
    let install = format!(
        "install {name} --locked --debug --force --root target/tools --target-dir target/tools/build{features} --version {version}"
    );
    run(ground.cargo(&install).env("CARGO_PROFILE_DEV_DEBUG", "0"))?;
    fs::remove_dir_all(ground.path("target/tools/build")).context("cannot remove target/tools/build")?;
    Ok(ours)
}

/// Returns `true` if the last word of this output is this version or a later version.
fn is_recent(answer: &str, at_least: (u32, u32)) -> bool {
    let version = answer.split_whitespace().last().unwrap_or_default();
    let mut numbers = version.split('.').map_while(|number| number.parse().ok());
    matches!((numbers.next(), numbers.next()), (Some(major), Some(minor)) if (major, minor) >= at_least)
}

/// Makes the command of a probe. A space separates its arguments; a `/` stands for a space within an argument.
fn probe(ground: &Ground, words: &str) -> std::process::Command {
    let mut words = words.split(' ');
    let mut program = words.next().unwrap_or_default().into();
    if program == "chromium" {
        // The tests find the browser in the same way.
        program = std::env::var_os("CHROMIUM").unwrap_or(program);
    }
    let mut command = ground.command(program);
    command.args(words.map(|word| word.replace('/', " ")));
    command
}

fn install(ground: &Ground, may_install: bool, missing: &[&Needed]) -> Result<()> {
    let mut packages = Vec::new();
    let mut asked = Vec::new();
    for needed in missing {
        println!("{} is missing ({})", needed.name, needed.because);
        match needed.supply {
            Supply::Debian(names) => packages.extend(names.split(' ')),
            Supply::Ask(command) => asked.push(command.to_owned()),
        }
    }
    if !packages.is_empty() {
        let apt = format!("apt-get install --yes --no-install-recommends {}", packages.join(" "));
        if may_install && is_root(ground) && answers(ground.command("apt-get").arg("--version")) {
            run(ground.command("apt-get").arg("update"))?;
            run(ground
                .command("apt-get")
                .args(apt.split(' ').skip(1))
                .env("DEBIAN_FRONTEND", "noninteractive"))?;
        } else {
            asked.push(format!("sudo {apt}    (or the equivalent on your system)"));
        }
    }
    if !asked.is_empty() {
        bail!("please run these commands, then try again:\n  {}", asked.join("\n  "));
    }
    Ok(())
}

fn is_root(ground: &Ground) -> bool {
    output(ground.command("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_or_absent_cargo_deny_is_not_used() {
        for (version, recent) in [
            ("cargo-deny 0.20.2\n", true),
            ("cargo-deny 0.18.0", true),
            ("cargo-deny 1.0.0", true),
            ("cargo-deny 0.14.2", false),
            ("error: no such command", false),
            ("", false),
        ] {
            assert_eq!(is_recent(version, CARGO_DENY.at_least.unwrap()), recent, "{version}");
        }
    }

    #[test]
    fn the_runner_of_benchmarks_has_the_version_of_its_crate() {
        let locked = format!("name = \"gungraun\"\nversion = \"{}\"", GUNGRAUN_RUNNER.version);
        assert!(include_str!("../../Cargo.lock").contains(&locked), "{locked}");
    }
}
