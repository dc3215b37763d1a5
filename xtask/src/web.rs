//! The web packages: the tools that they need, and their steps of `test` and `demo`.

use crate::ground::{Ground, output, run};
use anyhow::{Context, Result, bail};
use std::fs;
use std::process::Command;

/// The folder of the web packages.
const WEB: &str = "web";

/// The oldest version of node that can build the packages, as in `engines` of `web/package.json`.
const NODE_AT_LEAST: (u32, u32) = (20, 19);

/// The files that, with the version of node, define the packages to install.
const INPUTS: [&str; 3] = ["web/package.json", "web/package-lock.json", "web/.npmrc"];

/// A file that records what was installed. It is in the folder of the installed packages, and is deleted with it.
const STAMP: &str = "web/node_modules/.lamplight-stamp";

/// Returns an npm command in the folder of the web packages. Its arguments are in `args`, separated by spaces.
pub fn npm(ground: &Ground, args: &str) -> Command {
    let mut command = ground.command("npm");
    command.current_dir(ground.path(WEB)).args(args.split(' '));
    // Colours are switched off, because their escape sequences would hide the counts of tests.
    command.env("NO_COLOR", "1").env_remove("FORCE_COLOR");
    command
}

/// Installs the npm packages, unless they are already installed with the same node.
pub fn install(ground: &Ground, may_install: bool) -> Result<()> {
    let node = output(ground.command("node").arg("--version"))?;
    if !is_recent(&node) {
        let (major, minor) = NODE_AT_LEAST;
        bail!(
            "node is {}; the web packages need {major}.{minor} or newer: https://nodejs.org, or a package of your system",
            node.trim()
        );
    }
    let mut stamp = node;
    for file in INPUTS {
        stamp += &fs::read_to_string(ground.path(file)).with_context(|| format!("cannot read {file}"))?;
    }
    if fs::read_to_string(ground.path(STAMP)).is_ok_and(|done| done == stamp) {
        println!("the npm packages are installed");
        return Ok(());
    }
    if !may_install {
        bail!("the npm packages are not installed: `npm ci` in {WEB}, or run without --no-install");
    }
    run(&mut npm(ground, "ci"))?;
    fs::write(ground.path(STAMP), stamp).with_context(|| format!("cannot write {STAMP}"))
}

/// Builds the pages into `web/dist`, from where the build of the server includes them.
pub fn build(ground: &Ground) -> Result<()> {
    run(&mut npm(ground, "run build"))
}

fn is_recent(version: &str) -> bool {
    let mut numbers =
        version.trim().trim_start_matches('v').split('.').map_while(|number| number.parse().ok());
    matches!((numbers.next(), numbers.next()), (Some(major), Some(minor)) if (major, minor) >= NODE_AT_LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_node_is_told_from_a_recent_one() {
        for (version, recent) in [
            ("v20.19.0\n", true),
            ("v20.20.2", true),
            ("v24.1.0", true),
            ("v20.18.9", false),
            ("v18.19.0", false),
            ("", false),
        ] {
            assert_eq!(is_recent(version), recent, "{version}");
        }
    }
}
