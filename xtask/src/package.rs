//! `cargo xtask package`: writes the archive of a release, the `.deb`, the bill of materials and their checksums to
//! `target/package`. The same program and `SOURCE_DATE_EPOCH` give the same bytes.

use crate::ground::{Ground, output, run};
use crate::{messages, tools, web};
use anyhow::{Context, Result, bail, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The folder of the finished packages.
const OUT: &str = "target/package";
/// The folder with the contents of the archive. cargo-deb takes the program, the manual pages and the completions from
/// this folder.
const FILES: &str = "target/package/files";

/// The files of the repository that are copied into the archive.
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

/// The files in `packaging/` for clusters and for monitoring. The archive and the `.deb` have them as examples.
const EXAMPLES: [&str; 6] = [
    "lamplight-cluster.conf",
    "compose/compose.yaml",
    "compose/haproxy.cfg",
    "kubernetes/lamplight.yaml",
    "prometheus/lamplight.rules.yml",
    "grafana/lamplight.json",
];

/// The folders in `web/packages` that are packed for npm.
const NPM_PACKAGES: [&str; 2] = ["chat", "uikit"];

/// The shells, and the names of their files for completions.
const COMPLETIONS: [(&str, &str); 3] =
    [("bash", "lamplight.bash"), ("zsh", "_lamplight"), ("fish", "lamplight.fish")];

/// The version of the workspace, which is also the version of the server.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The compression of the packages: small size or short time.
#[derive(Clone, Copy)]
pub enum Compression {
    /// The smallest size, for a release.
    Small,
    /// The shortest time, for a test.
    Quick,
}

/// The paths of the packages.
pub struct Packages {
    pub archive: PathBuf,
    pub deb: PathBuf,
    pub bill: PathBuf,
    pub sums: PathBuf,
}

impl Packages {
    /// Returns the files that get a checksum.
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

/// Builds all packages of this program. Removes the packages of an earlier run first.
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
        "{} reports the version `{}`, but this is version {VERSION}",
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

/// Returns the time of all files in the packages: `SOURCE_DATE_EPOCH`, or the time of the last commit.
fn epoch(ground: &Ground) -> Result<String> {
    let epoch = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(epoch) => epoch,
        Err(_) => output(ground.command("git").args(["log", "-1", "--format=%ct"]))
            .context("cannot read the time of the commit with git; set SOURCE_DATE_EPOCH")?,
    };
    let epoch = epoch.trim().to_owned();
    ensure!(epoch.parse::<u32>().is_ok(), "SOURCE_DATE_EPOCH is `{epoch}`, not seconds since 1970");
    Ok(epoch)
}

/// Writes the contents of the archive to [`FILES`]. The program itself generates its manual pages and completions.
fn lay_out(ground: &Ground, program: &Path) -> Result<()> {
    let files = ground.path(FILES);
    fs::create_dir_all(files.join("completions"))?;
    let laid = files.join("lamplight");
    // The names of symbols are kept for backtraces; line numbers and types are removed.
    run(ground.command("strip").args(["--strip-debug", "-o"]).arg(&laid).arg(program))?;
    for (shell, name) in COMPLETIONS {
        let text = output(ground.command(&laid).args(["completions", shell]))?;
        fs::write(files.join("completions").join(name), text)?;
    }
    run(ground.command(&laid).args(["man", "--dir"]).arg(files.join("man")))?;
    for text in TEXTS {
        let name = Path::new(text).file_name().context("the path of a text has no file name")?;
        fs::copy(ground.path(text), files.join(name)).with_context(|| format!("cannot copy {text}"))?;
    }
    let proto = messages::FILES.map(|file| (messages::FOLDER, "proto", file));
    let examples = EXAMPLES.map(|file| ("packaging", "examples", file));
    for (from, into, file) in proto.into_iter().chain(examples) {
        let place = files.join(into).join(file);
        fs::create_dir_all(place.parent().context("the path of a file has no folder")?)?;
        fs::copy(ground.path(from).join(file), place).with_context(|| format!("cannot copy {file}"))?;
    }
    npm_packages(ground, &files.join("npm"))
}

/// Packs the SDK and the web components, which must have been built. npm gives all files one time, so equal contents
/// give equal bytes.
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

/// Packs [`FILES`] into the archive: sorted by name, with one time, no owner, and modes independent of the umask.
fn archive(ground: &Ground, epoch: &str, compression: Compression) -> Result<PathBuf> {
    let verbose = output(ground.command("rustc").arg("-vV"))?;
    let host = verbose
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .context("rustc does not name its host")?;
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
    // The archive must not contain the name and the time of the uncompressed file.
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
        // Without `--quiet`, cargo-deb would warn about each asset that it does not build itself.
        .args(["--locked", "--quiet", "--compress-system", "--output"])
        .arg(&folder)
        .args(compression)
        .env("SOURCE_DATE_EPOCH", epoch)
        .env("LC_ALL", "C"))?;
    let made = only_file(&folder)?;
    let place = ground.path(OUT).join(made.file_name().context("the path of the .deb has no file name")?);
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

/// Makes the bill of materials (CycloneDX) of the program: each crate with version, licence and checksum.
///
/// cargo-cyclonedx writes one file for each member of the workspace. The files of the other members are removed.
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

/// Removes the path of the repository from the URLs of Lamplight's crates. The path differs between machines.
fn without_folder(text: &str, root: &Path) -> String {
    text.replace(&format!("file://{}", root.to_string_lossy()), "file:///lamplight/")
}

/// Writes `SHA256SUMS`, which `sha256sum --check` accepts.
fn checksums(ground: &Ground, packages: &Packages) -> Result<()> {
    let names =
        packages.summed().map(|path| path.file_name().context("the path of a package has no file name"));
    let names = names.into_iter().collect::<Result<Vec<_>>>()?;
    let sums = output(ground.command("sha256sum").args(names).current_dir(ground.path(OUT)))?;
    fs::write(&packages.sums, sums).context("cannot write SHA256SUMS")
}
