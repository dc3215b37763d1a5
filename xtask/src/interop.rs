//! Installs the public UserSig generators and client libraries into `target/interop/`, for
//! `crates/auth/tests/interop.rs` and `crates/server/tests/backends.rs`. `tests/interop/README.md` describes these
//! steps by hand.

use crate::ground::{Ground, output, run};
use anyhow::{Context, Result, bail};
use std::fs;

/// The files that define the packages to install.
const INPUTS: [&str; 3] =
    ["tests/interop/package.json", "tests/interop/package-lock.json", "tests/interop/requirements.txt"];

/// Installs the packages, unless they are already installed with the same node and Python.
pub fn set_up(ground: &Ground, may_install: bool) -> Result<()> {
    let stamp = stamp(ground)?;
    let stamp_file = ground.path("target/interop/stamp");
    if fs::read_to_string(&stamp_file).is_ok_and(|done| done == stamp) {
        println!("the npm and PyPI packages are installed");
        return Ok(());
    }
    if !may_install {
        bail!("the public packages are not installed: tests/interop/README.md says how");
    }
    fs::create_dir_all(ground.path("target/interop"))?;
    let _ = fs::remove_file(&stamp_file);
    for file in ["package.json", "package-lock.json"] {
        fs::copy(
            ground.path(&format!("tests/interop/{file}")),
            ground.path(&format!("target/interop/{file}")),
        )
        .with_context(|| format!("cannot copy {file}"))?;
    }
    let npm = "ci --prefix target/interop --ignore-scripts --no-audit --no-fund";
    run(ground.command("npm").args(npm.split(' ')))?;
    python_packages(ground, "target/interop/venv", "tests/interop/requirements.txt")?;
    fs::write(&stamp_file, stamp).context("cannot write target/interop/stamp")
}

/// Makes a Python environment at `venv` with the packages in `requirements`. pip checks their hashes.
pub fn python_packages(ground: &Ground, venv: &str, requirements: &str) -> Result<()> {
    run(ground.command("python3").args(["-m", "venv", "--clear", venv]))?;
    let pip = "-m pip install --quiet --disable-pip-version-check --require-hashes -r";
    run(ground.command(ground.path(venv).join("bin/python")).args(pip.split(' ')).arg(requirements))
}

fn stamp(ground: &Ground) -> Result<String> {
    let mut stamp = String::new();
    for program in ["node", "python3"] {
        stamp += &output(ground.command(program).arg("--version"))?;
    }
    for file in INPUTS {
        stamp += &fs::read_to_string(ground.path(file)).with_context(|| format!("cannot read {file}"))?;
    }
    Ok(stamp)
}
