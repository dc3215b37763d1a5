//! Checks the Rust SDK as other projects use it. Its crates are linted with each reduced set of features, and packed. A
//! program in a separate workspace is compiled and tested with the packed crates.

use crate::ground::{Ground, run};
use anyhow::{Context, Result, ensure};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The crates of which the SDK consists. Each crate depends only on earlier crates.
const CRATES: [&str; 3] = ["lamplight-model", "lamplight-wire", "lamplight-client"];

/// The files that every crate must contain in addition to its source.
const IN_EVERY_CRATE: [&str; 4] = ["Cargo.toml", "README.md", "LICENSE-APACHE", "LICENSE-MIT"];

/// The folder in which the crates are packed and unpacked.
const OUTSIDE: &str = "target/outside";

/// A cargo workspace outside the repository's own workspace, with a program that uses the SDK, and the unpacked SDK in
/// `crates`. It shares the repository's `target`, where most dependencies are already compiled.
const WORKSPACE: &str = "target/outside/workspace";

/// The folder of the program in the repository.
const PROGRAM: &str = "tests/outside";

/// The sets of features other than the default, as arguments of cargo.
const REDUCED: [&str; 3] = [
    "--no-default-features",
    "--no-default-features --features tls",
    "--no-default-features --features websocket",
];

/// A function that runs a command, and counts the tests that the command reports.
pub type Hear<'a> = dyn FnMut(&mut Command) -> Result<()> + 'a;

/// Lints the SDK with each reduced set of features. The step `clippy` lints the default set.
pub fn features(ground: &Ground) -> Result<()> {
    for features in REDUCED {
        let words = "clippy --locked --package lamplight-client --lib --tests --examples";
        run(&mut ground.cargo(&format!("{words} {features} -- -D warnings")))?;
    }
    Ok(())
}

/// Packs the SDK. Checks that a program which uses only the packages compiles, and that it works with the server
/// `server`.
pub fn check(ground: &Ground, server: &str, hear: &mut Hear<'_>) -> Result<()> {
    let mut words = format!("package --locked --offline --allow-dirty --no-verify --target-dir {OUTSIDE}");
    for name in CRATES {
        words += &format!(" --package {name}");
    }
    run(&mut ground.cargo(&words))?;
    let workspace = ground.path(WORKSPACE);
    for name in CRATES {
        let unpacked = unpack(ground, name)?;
        whole(ground, &unpacked)?;
        mirror(&unpacked, &workspace.join("crates").join(name))?;
    }
    mirror(&ground.path(PROGRAM).join("src"), &workspace.join("src"))?;
    copy(&ground.path(PROGRAM).join("Cargo.toml"), &workspace.join("Cargo.toml"))?;
    // The program gets the same versions of dependencies as the repository. cargo removes the entries that the program
    // does not need.
    copy(&ground.path("Cargo.lock"), &workspace.join("Cargo.lock"))?;
    let cargo = |words: &str| {
        let mut command = ground.cargo(&format!("{words} --offline"));
        command.current_dir(&workspace);
        command.env("CARGO_TARGET_DIR", ground.path("target"));
        command.env("OUTSIDE_SERVER", ground.path(server));
        command
    };
    // The tests and examples of a package must not need files outside the package.
    run(&mut cargo("check --package lamplight-client --all-targets"))?;
    hear(&mut cargo("test --package outside"))?;
    hear(&mut cargo("test --package outside --no-default-features"))
}

/// Unpacks the crate with this name. Returns its folder.
fn unpack(ground: &Ground, name: &str) -> Result<PathBuf> {
    let package = format!("{name}-{}", env!("CARGO_PKG_VERSION"));
    let into = ground.path(OUTSIDE).join("unpacked");
    let folder = into.join(&package);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(&into)?;
    let archive = ground.path(OUTSIDE).join("package").join(format!("{package}.crate"));
    run(ground.command("tar").arg("-xzf").arg(&archive).arg("-C").arg(&into))?;
    // This file contains the id of the commit. With it, the crate would be compiled again after each commit.
    fs::remove_file(folder.join(".cargo_vcs_info.json"))?;
    Ok(folder)
}

/// Fails if an unpacked crate lacks one of the files that every crate must contain.
fn whole(ground: &Ground, folder: &Path) -> Result<()> {
    for file in IN_EVERY_CRATE {
        let text = fs::read_to_string(folder.join(file));
        let text = text.with_context(|| format!("{} lacks {file}", folder.display()))?;
        ensure!(
            !file.starts_with("LICENSE") || text == fs::read_to_string(ground.path(file))?,
            "{file} in {} is not that of the tree",
            folder.display()
        );
    }
    Ok(())
}

/// Makes one folder equal to another. Equal files keep their times, so that cargo does not recompile them.
fn mirror(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    let (wanted, present) = (names(from)?, names(to)?);
    for stale in present.difference(&wanted).map(|name| to.join(name)) {
        if stale.is_dir() { fs::remove_dir_all(&stale)? } else { fs::remove_file(&stale)? }
    }
    for name in &wanted {
        let (from, to) = (from.join(name), to.join(name));
        if from.is_dir() {
            mirror(&from, &to)?;
        } else {
            copy(&from, &to)?;
        }
    }
    Ok(())
}

fn names(folder: &Path) -> Result<BTreeSet<OsString>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    entries.map(|entry| Ok(entry?.file_name())).collect()
}

/// Copies a file, if the target does not have the same bytes.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let bytes = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    if fs::read(to).ok().as_ref() != Some(&bytes) {
        fs::write(to, bytes).with_context(|| format!("cannot write {}", to.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    #[test]
    fn a_mirrored_folder_has_what_the_other_has_and_touches_nothing_that_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let write = |path: &Path, text: &str| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        for (name, text) in [("same", "1"), ("other", "2"), ("src/new", "3")] {
            write(&from.join(name), text);
        }
        for (name, text) in [("same", "1"), ("other", "1"), ("stale", "4"), ("old/stale", "5")] {
            write(&to.join(name), text);
        }
        fs::File::open(to.join("same")).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        mirror(&from, &to).unwrap();
        assert_eq!(names(&to).unwrap(), names(&from).unwrap());
        assert_eq!(fs::read_to_string(to.join("other")).unwrap(), "2");
        assert_eq!(fs::read_to_string(to.join("src/new")).unwrap(), "3");
        assert_eq!(fs::metadata(to.join("same")).unwrap().modified().unwrap(), SystemTime::UNIX_EPOCH);
    }
}
