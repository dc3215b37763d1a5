//! Checks the packages. They are built twice, unpacked, installed into a folder, and removed again.

use crate::ground::{Ground, output, run};
use crate::package::{self, Compression};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder in which the packages are tried.
const TRIED: &str = "target/package/tried";

/// Builds the packages of this program twice, and checks them.
pub fn check(ground: &Ground, program: &str, may_install: bool) -> Result<()> {
    let make = || package::make(ground, &ground.path(program), Compression::Quick, may_install);
    let read = |packages: &package::Packages| -> Result<Vec<Vec<u8>>> {
        packages.summed().into_iter().map(|path| Ok(fs::read(path)?)).collect()
    };
    let before = read(&make()?)?;
    let made = make()?;
    for ((path, first), second) in made.summed().into_iter().zip(&before).zip(&read(&made)?) {
        ensure!(first == second, "building {} twice gave different bytes", path.display());
    }
    run(ground
        .command("sha256sum")
        .args(["--check", "--strict"])
        .arg(&made.sums)
        .current_dir(folder(&made.sums)?))?;
    fs::create_dir_all(ground.path(TRIED))?;
    archive(ground, &made.archive)?;
    deb(ground, &made.deb)?;
    bill(ground, &made.bill)
}

fn folder(path: &Path) -> Result<&Path> {
    path.parent().context("the path of a package has no folder")
}

/// Checks that the archive contains all files that its user needs, nothing specific to this machine, and a program that
/// runs.
fn archive(ground: &Ground, archive: &Path) -> Result<()> {
    let listing = output(
        ground.command("tar").args(["--list", "--verbose", "--numeric-owner", "--file"]).arg(archive),
    )?;
    let mut names = Vec::new();
    for line in listing.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [mode, owner, .., name] = fields[..] else { continue };
        ensure!(owner == "0/0", "{name} belongs to {owner} in the archive");
        ensure!(
            ["drwxr-xr-x", "-rwxr-xr-x", "-rw-r--r--"].contains(&mode),
            "{name} has the mode {mode} in the archive"
        );
        names.push(name);
    }
    ensure!(names.is_sorted(), "the archive is not sorted by name: {names:?}");
    let root = names.first().context("the archive is empty")?.trim_end_matches('/').to_owned();
    for expected in [
        "lamplight",
        "README.md",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "lamplight.service",
        "completions/lamplight.bash",
        "completions/_lamplight",
        "completions/lamplight.fish",
        "man/lamplight.1",
        "man/lamplight-app-create.1",
        "proto/lamplight/v1/client.proto",
        "npm/lamplight-chat-0.1.0.tgz",
        "npm/lamplight-uikit-0.1.0.tgz",
        "examples/lamplight-cluster.conf",
        "examples/grafana/lamplight.json",
    ] {
        let path = format!("{root}/{expected}");
        ensure!(names.contains(&path.as_str()), "the archive has no {path}");
    }
    let into = ground.path(TRIED);
    run(ground.command("tar").arg("--extract").arg("--file").arg(archive).arg("--directory").arg(&into))?;
    let root = into.join(root);
    for package in ["chat", "uikit"] {
        let packed = root.join(format!("npm/lamplight-{package}-0.1.0.tgz"));
        let listing = output(ground.command("tar").args(["--list", "--file"]).arg(packed))?;
        for file in [
            "package/package.json",
            "package/dist/index.js",
            "package/dist/index.d.ts",
            "package/LICENSE-MIT",
        ] {
            ensure!(listing.lines().any(|line| line == file), "the npm package of {package} has no {file}");
        }
    }
    run(ground.command(root.join("lamplight")).arg("--version"))
}

/// Checks that the `.deb` can be installed, and keeps the operator's settings. A purge must leave only the server's
/// data.
fn deb(ground: &Ground, deb: &Path) -> Result<()> {
    let root = ground.path(TRIED).join("root");
    let admin = root.join("var/lib/dpkg");
    fs::create_dir_all(admin.join("updates"))?;
    fs::create_dir_all(admin.join("info"))?;
    fs::write(admin.join("status"), "")?;
    // With these replacements in the path, the scripts of the package cannot reach the services of this machine.
    let shield = ground.path(TRIED).join("shield");
    fs::create_dir_all(&shield)?;
    for program in ["systemctl", "deb-systemd-invoke"] {
        std::os::unix::fs::symlink("/bin/true", shield.join(program))?;
    }
    let path = format!("{}:{}", shield.display(), std::env::var("PATH").unwrap_or_default());
    let dpkg = |words: &[&str]| -> Command {
        let mut command = ground.command("fakeroot");
        // Dependencies are ignored, because the packages that the `.deb` depends on are not installed in the folder.
        command.args([
            "dpkg",
            "--force-depends",
            "--force-script-chrootless",
            "--force-confdef",
            "--force-confold",
        ]);
        command.arg(format!("--root={}", root.display())).args(words).env("PATH", &path);
        command
    };
    let deb = deb.to_str().context("the path of the package is not UTF-8")?;
    let [program, unit, settings, page, sdk, messages, example]: [PathBuf; 7] = [
        "usr/bin/lamplight",
        "usr/lib/systemd/system/lamplight.service",
        "etc/default/lamplight",
        "usr/share/man/man1/lamplight.1.gz",
        "usr/share/lamplight/npm/lamplight-chat-0.1.0.tgz",
        "usr/share/lamplight/proto/lamplight/v1/client.proto",
        "usr/share/doc/lamplight/examples/grafana/lamplight.json",
    ]
    .map(|path| root.join(path));
    run(&mut dpkg(&["--install", deb]))?;
    for path in [&program, &unit, &settings, &page, &sdk, &messages, &example] {
        ensure!(path.exists(), "the package does not install {}", path.display());
    }
    run(ground.command(&program).arg("--version"))?;
    let depends = output(ground.command("dpkg-deb").args(["--field", deb, "Depends"]))?;
    ensure!(depends.contains("libc6"), "the package does not depend on a C library: `{depends}`");
    let text = fs::read_to_string(&unit)?;
    ensure!(
        text.contains("ExecStart=/usr/bin/lamplight "),
        "the unit starts a program that the package does not have"
    );
    let wants = root.join("etc/systemd/system/multi-user.target.wants/lamplight.service");
    ensure!(!wants.is_symlink(), "the package enables the service on its own");

    let state = root.join("var/lib/lamplight/data");
    fs::create_dir_all(&state)?;
    fs::write(state.join("facts.db"), "")?;
    fs::write(&settings, "LAMPLIGHT_CLIENT_LISTEN=127.0.0.1:7400\n")?;
    run(&mut dpkg(&["--install", deb]))?;
    ensure!(fs::read_to_string(&settings)?.contains("127.0.0.1"), "an update has overwritten the settings");
    run(&mut dpkg(&["--remove", "lamplight"]))?;
    ensure!(
        !program.exists() && !unit.exists() && !sdk.exists(),
        "removing the package left the program or the SDK"
    );
    ensure!(settings.exists(), "removing the package removed the settings");
    run(&mut dpkg(&["--purge", "lamplight"]))?;
    ensure!(!settings.exists(), "purging the package left the settings");
    ensure!(state.join("facts.db").exists(), "purging the package removed the state of the server");
    Ok(())
}

/// Checks that the bill of materials contains the crates of the program, and no path of this machine.
fn bill(ground: &Ground, bill: &Path) -> Result<()> {
    let text = fs::read_to_string(bill)?;
    let root = ground.path("");
    let root = root.to_str().context("the path of the repository is not UTF-8")?.trim_end_matches('/');
    ensure!(!text.contains(root), "{} contains the local path {root}", bill.display());
    let bill: Value = serde_json::from_str(&text).context("the bill of materials is not JSON")?;
    ensure!(bill["bomFormat"] == "CycloneDX", "the bill of materials is not CycloneDX");
    ensure!(bill["metadata"]["component"]["name"] == "lamplight", "the bill is of another program");
    let components = bill["components"].as_array().context("the bill has components")?;
    let named = |name: &str| components.iter().find(|component| component["name"] == name);
    for name in ["rusqlite", "rustls", "tokio", "lamplight-server"] {
        let component = named(name).with_context(|| format!("the bill does not name {name}"))?;
        ensure!(component["version"].is_string(), "the bill names {name} without a version");
    }
    ensure!(named("proptest").is_none(), "the bill names a crate that only tests use");
    Ok(())
}
