//! Checks the spelling of names and prose with the program typos. `typos.toml` has the exceptions.

use crate::ground::{Ground, answers, output, run};
use crate::interop::python_packages;
use anyhow::{Result, bail};
use std::path::PathBuf;

const VENV: &str = "target/tools/typos";
const REQUIREMENTS: &str = "xtask/typos.txt";
/// The version of typos, which must be the same as in `xtask/typos.txt`.
const VERSION: &str = "1.52.0";

/// Fails if a word is misspelt.
pub fn check(ground: &Ground, may_install: bool) -> Result<()> {
    run(&mut ground.command(typos(ground, may_install)?))
}

/// Returns the program typos: the installed program of this version, or else the program on the path. If there is none,
/// installs the program, or fails if `may_install` is `false`.
pub fn typos(ground: &Ground, may_install: bool) -> Result<PathBuf> {
    let ours = ground.path(VENV).join("bin/typos");
    let is_current = |text: String| text.trim_end().ends_with(VERSION);
    if ours.exists() && output(ground.command(&ours).arg("--version")).is_ok_and(is_current) {
        return Ok(ours);
    }
    if answers(ground.command("typos").arg("--version")) {
        return Ok("typos".into());
    }
    if !may_install {
        bail!("typos is missing: `pip install -r {REQUIREMENTS}`, or run without --no-install");
    }
    python_packages(ground, VENV, REQUIREMENTS)?;
    Ok(ours)
}
