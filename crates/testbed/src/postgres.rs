//! A PostgreSQL server with one empty database.

use crate::process::PATIENCE;
use anyhow::{Context, Result, bail, ensure};
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The user and the database of the server.
const NAME: &str = "lamplight";

/// A running PostgreSQL server with a socket in its folder. When this value is dropped or this process ends, the server
/// is ended and its folder removed.
pub struct Postgres {
    directory: PathBuf,
    /// A shell that ends the server when its input ends.
    shell: Child,
    bin: PathBuf,
}

impl Postgres {
    /// Starts a server with these options (`name=value`), and creates its database. The server writes its log to `log`.
    pub fn start(log: &Path, options: &[&str]) -> Result<Self> {
        const SCRIPT: &str = r#"
            program=$1 directory=$2
            shift 2
            "$program" -D "$directory/data" -k "$directory" "$@" &
            server=$!
            cat >/dev/null
            kill -INT $server 2>/dev/null
            wait $server
            rm -rf "$directory"
        "#;
        let bin = newest()?;
        let directory = tempfile::Builder::new().prefix("lamplight-postgres-").tempdir()?.keep();
        give_away(&directory)?;
        let mut initdb = as_owner(&bin.join("initdb"), &directory)?;
        initdb.args(["--auth=trust", "--username", NAME, "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"]);
        let made = initdb.arg("-D").arg(directory.join("data")).output().context("cannot start initdb")?;
        ensure!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));

        let log = File::options().create(true).append(true).open(log)?;
        let mut shell = as_owner(Path::new("/bin/sh"), &directory)?;
        shell.args(["-c", SCRIPT, "sh"]).arg(bin.join("postgres")).arg(&directory);
        shell.args(["-c", "listen_addresses=", "-c", "max_connections=300"]);
        for option in options {
            shell.args(["-c", option]);
        }
        shell.process_group(0).stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
        let shell = shell.spawn().context("cannot start /bin/sh")?;
        let server = Self { directory, shell, bin };
        let until = Instant::now() + PATIENCE;
        while let Err(error) = server.ask_in("postgres", "SELECT 1") {
            if Instant::now() > until {
                bail!("PostgreSQL did not start within {PATIENCE:?}: {error:#}");
            }
            thread::sleep(Duration::from_millis(50));
        }
        server.ask_in("postgres", &format!("CREATE DATABASE {NAME}"))?;
        Ok(server)
    }

    /// Returns the URL of the database.
    pub fn url(&self) -> String {
        self.url_of(NAME)
    }

    /// Runs a statement in the database. Returns the rows as lines, with `|` between the columns.
    pub fn ask(&self, sql: &str) -> Result<String> {
        self.ask_in(NAME, sql)
    }

    /// Returns the ids of the server's processes.
    pub fn processes(&self) -> Result<Vec<u32>> {
        let data = self.directory.join("data");
        let processes = fs::read_dir("/proc").context("cannot read /proc")?.flatten();
        let of_server = processes
            .filter(|process| fs::read_link(process.path().join("cwd")).is_ok_and(|folder| folder == data));
        Ok(of_server.filter_map(|process| process.file_name().to_str()?.parse().ok()).collect())
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres:///{database}?user={NAME}&host={}&port=5432", self.directory.display())
    }

    fn ask_in(&self, database: &str, sql: &str) -> Result<String> {
        let mut psql = Command::new(self.bin.join("psql"));
        psql.args(["--no-psqlrc", "--no-align", "--tuples-only", "--quiet", "--set=ON_ERROR_STOP=1"]);
        psql.arg("-h").arg(&self.directory).args(["-U", NAME, "-d", database, "-c", sql]);
        let output = psql.stdin(Stdio::null()).output().context("cannot start psql")?;
        ensure!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // An error is ignored, because nothing can be done if waiting for the shell fails.
        let _ = self.shell.wait();
    }
}

/// Returns a command that runs as the owner of the directory, because PostgreSQL refuses to run as root.
fn as_owner(program: &Path, directory: &Path) -> Result<Command> {
    let mut command = Command::new(program);
    command.current_dir(directory);
    let owner = fs::metadata(directory)?;
    if owner.uid() != rustix::process::getuid().as_raw() {
        command.uid(owner.uid()).gid(owner.gid());
    }
    Ok(command)
}

/// Changes the owner of a directory from root to the user of Debian's package.
fn give_away(directory: &Path) -> Result<()> {
    if fs::metadata(directory)?.uid() != 0 {
        return Ok(());
    }
    let users = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
    let entry = users.lines().find(|line| line.starts_with("postgres:"));
    let mut numbers = entry.context(NOT_INSTALLED)?.split(':').skip(2).map(|number| number.parse().ok());
    let (user, group) = (numbers.next().flatten(), numbers.next().flatten());
    chown(directory, user, group).context("cannot give a folder to the user of PostgreSQL")
}

const NOT_INSTALLED: &str = "PostgreSQL is not installed; it is in Debian's package `postgresql`";

/// Returns the folder with the programs of the newest installed PostgreSQL.
fn newest() -> Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path())))
        .max();
    Ok(newest.context(NOT_INSTALLED)?.1.join("bin"))
}
