//! Runs the tests of the Dart SDK. The Dart VM is on the path, or is installed from an npm package into
//! `target/tools/dart`.

use crate::ground::{Ground, output, run, run_and_hear};
use crate::tally::{Runner, Tally};
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// The oldest Dart version that is accepted on the path, as in `dart/lamplight/pubspec.yaml`.
const AT_LEAST: (u32, u32) = (3, 3);

/// The folder of the installed VM.
const OURS: &str = "target/tools/dart";
/// The folder of the files that pin the VM's npm package by a hash.
const PINNED: &str = "xtask/dart-vm";

/// The VM in the npm package: a 32-bit program for Linux on x86.
const PROGRAM: &str = "target/tools/dart/node_modules/sass-embedded-linux-ia32/dart-sass/src/dart";

/// The Dart package configuration. Normally, `pub` writes it, but the npm package does not contain `pub`.
const PACKAGES: &str = "target/tools/dart/package_config.json";

/// The Dart program that runs all tests.
const TESTS: &str = "dart/lamplight/test/run.dart";

/// Runs and counts the tests of the Dart SDK. Some of them start the server.
pub fn test(ground: &Ground, program: &Path, tally: &mut Tally) -> Result<()> {
    let packages = ground.path(PACKAGES);
    fs::create_dir_all(ground.path(OURS))?;
    fs::write(&packages, package_config(ground)).with_context(|| format!("cannot write {PACKAGES}"))?;
    let mut command = ground.command(program);
    command.arg("--enable-asserts").arg(format!("--packages={}", packages.display())).arg(TESTS);
    // The output has the format of `cargo test`.
    run_and_hear(&mut command, |line| tally.hear(Runner::CargoTest, line))
}

/// Returns the VM on the path if it is recent enough, or else the installed VM. Installs the VM first if that is
/// necessary. Returns `None` if the installed VM does not run, because 32-bit system libraries are missing.
pub fn vm(ground: &Ground, may_install: bool) -> Result<Option<PathBuf>> {
    let version_of = |program: &OsStr| output(ground.command(program).arg("--version")).unwrap_or_default();
    if is_recent(&version_of("dart".as_ref())) {
        return Ok(Some("dart".into()));
    }
    let ours = ground.path(PROGRAM);
    if !is_current(ground) {
        if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
            bail!("dart is missing: install a Dart SDK, 3.3 or newer; npm has one for Linux on x86 only");
        }
        if !may_install {
            bail!("dart is missing: install a Dart SDK, 3.3 or newer, or run without --no-install");
        }
        install(ground)?;
    }
    Ok(is_recent(&version_of(ours.as_os_str())).then_some(ours))
}

/// Installs the npm package. `--force` is needed, because npm refuses packages for another processor.
fn install(ground: &Ground) -> Result<()> {
    fs::create_dir_all(ground.path(OURS))?;
    let npm = format!("ci --prefix {OURS} --force --ignore-scripts --no-audit --no-fund");
    for file in FILES {
        fs::copy(ground.path(PINNED).join(file), ground.path(OURS).join(file))
            .with_context(|| format!("cannot copy {file}"))?;
    }
    run(ground.command("npm").args(npm.split(' ')))
}

/// Returns `true` if the installed VM is from the pinned package.
fn is_current(ground: &Ground) -> bool {
    let text = |folder: &str, file: &str| fs::read_to_string(ground.path(folder).join(file)).ok();
    ground.path(PROGRAM).exists() && FILES.iter().all(|file| text(OURS, file) == text(PINNED, file))
}

const FILES: [&str; 2] = ["package.json", "package-lock.json"];

/// Returns the package configuration for the SDK. The SDK has no dependencies.
fn package_config(ground: &Ground) -> String {
    let root = ground.path("dart/lamplight");
    format!(
        r#"{{"configVersion": 2, "packages": [{{"name": "lamplight", "rootUri": "file://{}", "packageUri": "lib/", "languageVersion": "{}.{}"}}]}}"#,
        root.display(),
        AT_LEAST.0,
        AT_LEAST.1
    )
}

/// Returns `true` if this output of `--version` has a version that is recent enough.
fn is_recent(answer: &str) -> bool {
    let version = answer.split_once("version: ").map_or("", |(_, version)| version);
    let mut numbers = version.split('.').map_while(|number| number.parse().ok());
    matches!((numbers.next(), numbers.next()), (Some(major), Some(minor)) if (major, minor) >= AT_LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_or_absent_dart_is_not_used() {
        for (answer, recent) in [
            ("Dart SDK version: 3.7.3 (stable) (Wed Apr 16 14:06:32 2025 -0700) on \"linux_ia32\"\n", true),
            ("Dart SDK version: 3.3.0 (stable)", true),
            ("Dart SDK version: 4.0.0-1.dev", true),
            ("Dart SDK version: 2.19.6 (stable)", false),
            ("", false),
        ] {
            assert_eq!(is_recent(answer), recent, "{answer}");
        }
    }

    #[test]
    fn the_language_version_is_that_of_the_package() {
        let pubspec = include_str!("../../dart/lamplight/pubspec.yaml");
        assert!(pubspec.contains(&format!("sdk: ^{}.{}.0\n", AT_LEAST.0, AT_LEAST.1)), "{pubspec}");
    }
}
