//! `cargo xtask package`: the archive of a release, the `.deb`, the bill of materials and their checksums, in
//! `target/package`. The same program and the same `SOURCE_DATE_EPOCH` give the same bytes.

use crate::ground::{Ground, output, run};
use crate::{messages, tools, web};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Where the packages are made.
const OUT: &str = "target/package";
/// The files of the archive, as they lie in it. The metadata of cargo-deb in `crates/lamplight/Cargo.toml` takes the
/// program, the manual pages and the completions from here.
const FILES: &str = "target/package/files";

/// Files of the repository that go into the archive.
const TEXTS: [&str; 8] = [
    "README.md",
    "README.zh-CN.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "packaging/lamplight.service",
    "packaging/lamplight.default",
];

/// Folders of `web/packages` that are packed for npm.
const NPM_PACKAGES: [&str; 2] = ["chat", "uikit"];

/// Shells, and the file name under which each looks for completions.
const COMPLETIONS: [(&str, &str); 3] =
    [("bash", "lamplight.bash"), ("zsh", "_lamplight"), ("fish", "lamplight.fish")];

/// The version of the workspace, which is that of the server.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How much time compressing may take.
#[derive(Clone, Copy)]
pub enum Compression {
    /// As small as it gets, for a release.
    Small,
    /// For a test.
    Quick,
}

/// The paths of what was made.
pub struct Packages {
    pub archive: PathBuf,
    pub deb: PathBuf,
    pub bill: PathBuf,
    pub sums: PathBuf,
}

impl Packages {
    /// The files that have a checksum.
    pub fn summed(&self) -> [&Path; 3] {
        [&self.archive, &self.deb, &self.bill]
    }
}

/// `cargo xtask package [OPTIONS]`.
pub fn package(args: &[&str]) -> Result<ExitCode> {
    let ground = Ground::find()?;
    let program = match args {
        [] => {
            tools::for_web(&ground)?;
            web::build(&ground)?;
            run(&mut ground.cargo("build --release --locked --package lamplight"))?;
            ground.path("target/release/lamplight")
        }
        ["--binary", file] => fs::canonicalize(file).with_context(|| format!("cannot find {file}"))?,
        _ => bail!("`package` takes nothing, or `--binary FILE`; --help says more"),
    };
    let made = make(&ground, &program, Compression::Small, true)?;
    for path in made.summed().into_iter().chain([made.sums.as_path()]) {
        println!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes all packages of this program, after removing those of an earlier run.
pub fn make(
    ground: &Ground,
    program: &Path,
    compression: Compression,
    may_install: bool,
) -> Result<Packages> {
    let deb_tool = tools::cargo_tool(ground, &tools::CARGO_DEB, may_install)?;
    let bill_tool = tools::cargo_tool(ground, &tools::CARGO_CYCLONEDX, may_install)?;
    let said = output(ground.command(program).arg("--version"))?;
    ensure!(
        said.trim() == format!("lamplight {VERSION}"),
        "{} calls itself `{}`; this is version {VERSION}",
        program.display(),
        said.trim()
    );
    let epoch = epoch(ground)?;
    let out = ground.path(OUT);
    if out.exists() {
        fs::remove_dir_all(&out).with_context(|| format!("cannot remove {OUT}"))?;
    }
    lay_out(ground, program)?;
    let archive = archive(ground, &epoch, compression)?;
    let deb = deb(ground, &deb_tool, &epoch, compression)?;
    let bill = bill_of_materials(ground, &bill_tool, &epoch)?;
    let packages = Packages { archive, deb, bill, sums: out.join("SHA256SUMS") };
    checksums(ground, &packages)?;
    Ok(packages)
}

/// The time that every file of the packages gets: `SOURCE_DATE_EPOCH`, or that of the commit.
fn epoch(ground: &Ground) -> Result<String> {
    let epoch = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(epoch) => epoch,
        Err(_) => output(ground.command("git").args(["log", "-1", "--format=%ct"]))
            .context("set SOURCE_DATE_EPOCH, where there is no git")?,
    };
    let epoch = epoch.trim().to_owned();
    ensure!(epoch.parse::<u32>().is_ok(), "SOURCE_DATE_EPOCH is `{epoch}`, not seconds since 1970");
    Ok(epoch)
}

/// Lays the files of the archive out in [`FILES`]. What the program can say of itself it is asked for.
fn lay_out(ground: &Ground, program: &Path) -> Result<()> {
    let files = ground.path(FILES);
    fs::create_dir_all(files.join("completions"))?;
    let laid = files.join("lamplight");
    // The table of names stays, so that a backtrace has them; lines and types go.
    run(ground.command("strip").args(["--strip-debug", "-o"]).arg(&laid).arg(program))?;
    for (shell, name) in COMPLETIONS {
        let text = output(ground.command(&laid).args(["completions", shell]))?;
        fs::write(files.join("completions").join(name), text)?;
    }
    run(ground.command(&laid).args(["man", "--dir"]).arg(files.join("man")))?;
    for text in TEXTS {
        let name = Path::new(text).file_name().context("a text has a name")?;
        fs::copy(ground.path(text), files.join(name)).with_context(|| format!("cannot copy {text}"))?;
    }
    for file in messages::FILES {
        let place = files.join("proto").join(file);
        fs::create_dir_all(place.parent().context("a protobuf file has a folder")?)?;
        fs::copy(ground.path(messages::FOLDER).join(file), place)
            .with_context(|| format!("cannot copy {file}"))?;
    }
    npm_packages(ground, &files.join("npm"))
}

/// Packs the SDK and the web components, which must have been built. npm gives every file in them one time, so the bytes
/// are the same each time.
fn npm_packages(ground: &Ground, into: &Path) -> Result<()> {
    fs::create_dir_all(into)?;
    for package in NPM_PACKAGES {
        let folder = format!("web/packages/{package}");
        ensure!(
            ground.path(&folder).join("dist/index.js").exists(),
            "{folder} is not built: run `npm ci && npm run build` in web"
        );
        let words =
            format!("pack --silent --ignore-scripts --workspace packages/{package} --pack-destination");
        run(web::npm(ground, &words).arg(into))?;
    }
    Ok(())
}

/// Packs [`FILES`] into the archive: sorted by name, one time, no owner, modes that do not depend on the umask.
fn archive(ground: &Ground, epoch: &str, compression: Compression) -> Result<PathBuf> {
    let verbose = output(ground.command("rustc").arg("-vV"))?;
    let host =
        verbose.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names its host")?;
    let name = format!("lamplight-{VERSION}-{host}");
    let tar = ground.path(OUT).join(format!("{name}.tar"));
    run(ground
        .command("tar")
        .args(["--create", "--format=gnu", "--sort=name", "--owner=0", "--group=0", "--numeric-owner"])
        .args(["--mode=u=rwX,go=rX", &format!("--mtime=@{epoch}"), &format!("--transform=s,^files,{name},")])
        .arg("--file")
        .arg(&tar)
        .arg("--directory")
        .arg(ground.path(OUT))
        .arg("files")
        .env("LC_ALL", "C"))?;
    let level = match compression {
        Compression::Small => "--best",
        Compression::Quick => "--fast",
    };
    // Without the name and the time of the file that is compressed.
    run(ground.command("gzip").args(["--no-name", "--force", level]).arg(&tar))?;
    Ok(ground.path(OUT).join(format!("{name}.tar.gz")))
}

fn deb(ground: &Ground, tool: &Path, epoch: &str, compression: Compression) -> Result<PathBuf> {
    let folder = ground.path(OUT).join("deb");
    let compression: &[&str] = match compression {
        Compression::Small => &["--compress-type", "xz"],
        Compression::Quick => &["--compress-type", "gz", "--fast"],
    };
    run(ground
        .command(tool)
        .args(["--manifest-path", "crates/lamplight/Cargo.toml", "--no-build", "--no-strip", "--no-dbgsym"])
        // Quiet: else each asset is warned of that cargo-deb does not build itself.
        .args(["--locked", "--quiet", "--compress-system", "--output"])
        .arg(&folder)
        .args(compression)
        .env("SOURCE_DATE_EPOCH", epoch)
        .env("LC_ALL", "C"))?;
    let made = only_file(&folder)?;
    let place = ground.path(OUT).join(made.file_name().context("a file has a name")?);
    fs::rename(&made, &place)?;
    fs::remove_dir(&folder)?;
    Ok(place)
}

fn only_file(folder: &Path) -> Result<PathBuf> {
    let files: Vec<_> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    match <[PathBuf; 1]>::try_from(files) {
        Ok([file]) => Ok(file),
        Err(files) => bail!("{} has {} files, not one", folder.display(), files.len()),
    }
}

/// The bill of materials (CycloneDX) of the program: each crate in it, with version, licence and checksum.
///
/// cargo-cyclonedx writes one file for each member of the workspace, beside its manifest; those of the others are
/// removed.
fn bill_of_materials(ground: &Ground, tool: &Path, epoch: &str) -> Result<PathBuf> {
    let name = format!("lamplight-{VERSION}.cdx");
    let ran = run(ground
        .command(tool)
        .args(["cyclonedx", "--manifest-path", "crates/lamplight/Cargo.toml", "--format", "json"])
        .args(["--spec-version", "1.5", "--all", "--quiet", "--override-filename", &name])
        .env("SOURCE_DATE_EPOCH", epoch));
    let place = ground.path(OUT).join(format!("{name}.json"));
    let members = fs::read_dir(ground.path("crates"))?.map(|entry| Ok(entry?.path()));
    for member in members.chain([Ok(ground.path("xtask"))]).collect::<Result<Vec<_>>>()? {
        let bill = member.join(format!("{name}.json"));
        if bill.exists() {
            if ran.is_ok() && member == ground.path("crates/lamplight") {
                let text = fs::read_to_string(&bill)?;
                fs::write(&place, without_folder(&text, &ground.path("")))?;
            }
            fs::remove_file(&bill)?;
        }
    }
    ran?;
    ensure!(place.exists(), "cargo-cyclonedx wrote no file for crates/lamplight");
    Ok(place)
}

/// Takes the folder of the repository out of the addresses of our own crates: it differs from machine to machine.
fn without_folder(text: &str, root: &Path) -> String {
    text.replace(&format!("file://{}", root.to_string_lossy()), "file:///lamplight/")
}

/// Writes `SHA256SUMS`, which `sha256sum --check` reads.
fn checksums(ground: &Ground, packages: &Packages) -> Result<()> {
    let names = packages.summed().map(|path| path.file_name().context("a package has a name"));
    let names = names.into_iter().collect::<Result<Vec<_>>>()?;
    let sums = output(ground.command("sha256sum").args(names).current_dir(ground.path(OUT)))?;
    fs::write(&packages.sums, sums).context("cannot write SHA256SUMS")
}
