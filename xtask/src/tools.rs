//! The tools that a machine needs for the steps of `test`: they are installed, or the missing command is named.

use crate::ground::{Ground, answers, output, run};
use crate::{spelling, web};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::PathBuf;

/// A program that others install.
struct Needed {
    name: &'static str,
    because: &'static str,
    /// Succeeds when it is there.
    probe: &'static str,
    supply: Supply,
}

/// Where it comes from.
enum Supply {
    /// Packages of Debian and of what derives from it.
    Debian(&'static str),
    /// A command for the person at the keyboard.
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
        name: "a font with Chinese letters",
        because: "the pictures that the browser's are compared with",
        probe: "fc-list --quiet :family=Noto/Sans/CJK/SC",
        supply: Supply::Debian("fonts-noto-cjk fontconfig"),
    },
    Needed {
        name: "python with venv",
        because: "the public PyPI packages that are tried against the server, and the spelling checker",
        probe: "python3 -c import/venv,ensurepip",
        supply: Supply::Debian("python3 python3-venv"),
    },
];

/// The tools that build the web packages. The public npm generator of UserSigs needs them too.
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

/// The cargo-deny that is installed where none is.
const DENY: &str = "0.20.2";
/// The oldest cargo-deny that reads the metadata of today's cargo and our `deny.toml`.
const DENY_AT_LEAST: (u32, u32) = (0, 18);

/// Installs what is missing, or says what to run, and downloads the crates of the lock file.
pub fn set_up(ground: &Ground, may_install: bool) -> Result<()> {
    let needed = NEEDED.iter().chain(NEEDED_FOR_WEB);
    install(ground, may_install, &needed.filter(|needed| is_missing(ground, needed)).collect::<Vec<_>>())?;
    // Every platform's, for those who look at the whole tree without the network.
    run(&mut ground.cargo("fetch --locked"))?;
    println!("cargo-deny: {}", cargo_deny(ground, may_install)?.display());
    println!("typos: {}", spelling::typos(ground, may_install)?.display());
    if !has_nextest(ground) {
        println!(
            "cargo-nextest is not here: `cargo test` runs the tests, one binary at a time and without time limits"
        );
    }
    Ok(())
}

/// Makes sure of the tools that build the web pages: node, and the packages of the lock file.
pub fn for_web(ground: &Ground) -> Result<()> {
    let missing: Vec<_> = NEEDED_FOR_WEB.iter().filter(|needed| is_missing(ground, needed)).collect();
    install(ground, true, &missing)?;
    web::install(ground, true)
}

fn is_missing(ground: &Ground, needed: &Needed) -> bool {
    !answers(&mut probe(ground, needed.probe))
}

/// Whether cargo-nextest is installed.
pub fn has_nextest(ground: &Ground) -> bool {
    answers(&mut ground.cargo("nextest --version"))
}

/// The program: ours, or a recent one on the path, or ours installed now.
pub fn cargo_deny(ground: &Ground, may_install: bool) -> Result<PathBuf> {
    let ours = ground.path("target/tools/bin/cargo-deny");
    let version = |program: &PathBuf| output(ground.command(program).arg("--version")).unwrap_or_default();
    if ours.exists() && version(&ours).trim_end().ends_with(DENY) {
        return Ok(ours);
    }
    let on_path = PathBuf::from("cargo-deny");
    if is_recent(&version(&on_path)) {
        return Ok(on_path);
    }
    if !may_install {
        bail!("cargo-deny is missing: `cargo install cargo-deny --locked`, or run without --no-install");
    }
    // Unoptimised it is built in a fraction of the time, and needs two seconds more for a check.
    let install = "install cargo-deny --locked --debug --force --root target/tools --target-dir target/tools/build --version";
    run(ground.cargo(install).arg(DENY).env("CARGO_PROFILE_DEV_DEBUG", "0"))?;
    fs::remove_dir_all(ground.path("target/tools/build")).context("cannot remove target/tools/build")?;
    Ok(ours)
}

fn is_recent(version: &str) -> bool {
    let numbers = version.trim().strip_prefix("cargo-deny ").unwrap_or_default();
    let mut numbers = numbers.split('.').map_while(|number| number.parse().ok());
    matches!((numbers.next(), numbers.next()), (Some(major), Some(minor)) if (major, minor) >= DENY_AT_LEAST)
}

/// The words of a probe; a `/` stands for a space inside a word.
fn probe(ground: &Ground, words: &str) -> std::process::Command {
    let mut words = words.split(' ');
    let mut program = words.next().unwrap_or_default().into();
    if program == "chromium" {
        // As the tests find it.
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
            asked.push(format!("sudo {apt}    (or what your system has instead)"));
        }
    }
    if !asked.is_empty() {
        bail!("please run, then try again:\n  {}", asked.join("\n  "));
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
            ("", false),
        ] {
            assert_eq!(is_recent(version), recent, "{version}");
        }
    }
}
