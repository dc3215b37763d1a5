//! The repository, and commands that run at its root. The commands do not get the variables that the outer `cargo run`
//! has set. A command does not get the stdin of this process, unless it replaces this process.

use anyhow::{Context, Result, anyhow, bail};
use std::env;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::thread;

/// The repository that contains this program.
pub struct Ground {
    root: PathBuf,
}

impl Ground {
    /// Finds the repository: the parent folder of the package that cargo runs.
    pub fn find() -> Result<Self> {
        let package = env::var_os("CARGO_MANIFEST_DIR").context("start this program as `cargo xtask`")?;
        let root =
            Path::new(&package).parent().context("the package is not in a folder of the repository")?;
        Ok(Self { root: root.to_path_buf() })
    }

    /// Returns the absolute path of a file in the repository.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Returns a command that runs a program at the root of the repository.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).stdin(Stdio::null());
        for (name, _) in env::vars_os() {
            if name.to_str().is_some_and(is_of_the_outer_cargo) {
                command.env_remove(name);
            }
        }
        command
    }

    /// Returns a cargo command with the arguments in `args`, which are separated by spaces.
    pub fn cargo(&self, args: &str) -> Command {
        let mut command = self.command("cargo");
        command.args(args.split_whitespace());
        command
    }

    /// Replaces this process with `lamplight`, built with this profile and called with these arguments. That program
    /// then receives the signals, and its exit code is the result.
    pub fn become_lamplight(&self, profile: &str, first: &[&str], args: &[&str]) -> Result<ExitCode> {
        self.become_cargo(
            &format!("run --profile {profile} --package lamplight -- {}", first.join(" ")),
            args,
        )
    }

    /// Replaces this process with cargo, called with these arguments.
    pub fn become_cargo(&self, first: &str, args: &[&str]) -> Result<ExitCode> {
        let error = self.cargo(first).args(args).stdin(Stdio::inherit()).exec();
        Err(anyhow!(error).context("cannot start cargo"))
    }
}

/// Returns `true` for a variable that cargo sets for a program that `cargo run` starts. Inner cargo processes must not
/// inherit these variables. A change of these variables would, for example, run the build script of ring again.
fn is_of_the_outer_cargo(name: &str) -> bool {
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name == "CARGO"
}

/// Runs a program with the output of this process. An error contains the command.
pub fn run(command: &mut Command) -> Result<()> {
    announce(command);
    let status = command.status().with_context(|| format!("cannot start `{}`", words(command)))?;
    if !status.success() {
        bail!("`{}`: {status}", words(command));
    }
    Ok(())
}

/// Runs a program, and returns its standard output instead of printing it.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{}`", words(command)))?;
    if !output.status.success() {
        bail!("`{}`: {}", words(command), output.status);
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("the output of `{}` is not UTF-8", words(command)))
}

/// Returns `true` if a program can be started and succeeds.
pub fn answers(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Runs a program like [`run`], and passes every line of its output to `hear`.
pub fn run_and_hear(command: &mut Command, mut hear: impl FnMut(&str)) -> Result<()> {
    announce(command);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{}`", words(command)))?;
    let (lines, heard) = mpsc::channel();
    let copies = [
        child.stdout.take().map(|pipe| copy(pipe, std::io::stdout(), lines.clone())),
        child.stderr.take().map(|pipe| copy(pipe, std::io::stderr(), lines)),
    ];
    for line in heard {
        hear(&line);
    }
    for copy in copies.into_iter().flatten() {
        copy.join().map_err(|_| anyhow!("copying the output of `{}` failed", words(command)))?;
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("`{}`: {status}", words(command));
    }
    Ok(())
}

/// Copies a pipe to stdout or stderr, line by line, in a thread.
fn copy(
    pipe: impl Read + Send + 'static,
    mut to: impl Write + Send + 'static,
    lines: mpsc::Sender<String>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            // A write error is ignored, because the lines must be counted even if nobody reads the output.
            let _ = to.write_all(&line);
            let _ = lines.send(String::from_utf8_lossy(&line).trim_end().to_owned());
            line.clear();
        }
    })
}

fn announce(command: &Command) {
    eprintln!("$ {}", words(command));
}

fn words(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy()];
    words.extend(command.get_args().map(OsStr::to_string_lossy));
    words.join(" ")
}
