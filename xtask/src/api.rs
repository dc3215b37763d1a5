//! Installs schemathesis into `target/schemathesis/` for `crates/server/tests/schemathesis.rs`.
//! `tests/schemathesis/README.md` describes the same steps by hand.

use crate::ground::{Ground, output};
use crate::interop::python_packages;
use anyhow::{Context, Result, bail};
use std::fs;

const VENV: &str = "target/schemathesis/venv";
const REQUIREMENTS: &str = "tests/schemathesis/requirements.txt";

/// Installs schemathesis, unless this version is already installed with the same Python.
pub fn set_up(ground: &Ground, may_install: bool) -> Result<()> {
    let mut stamp = output(ground.command("python3").arg("--version"))?;
    stamp += &fs::read_to_string(ground.path(REQUIREMENTS))
        .with_context(|| format!("cannot read {REQUIREMENTS}"))?;
    let stamp_file = ground.path("target/schemathesis/stamp");
    if fs::read_to_string(&stamp_file).is_ok_and(|done| done == stamp) {
        println!("schemathesis is installed");
        return Ok(());
    }
    if !may_install {
        bail!("schemathesis is not installed: tests/schemathesis/README.md says how");
    }
    fs::create_dir_all(ground.path("target/schemathesis"))?;
    let _ = fs::remove_file(&stamp_file);
    python_packages(ground, VENV, REQUIREMENTS)?;
    fs::write(&stamp_file, stamp).context("cannot write target/schemathesis/stamp")
}
