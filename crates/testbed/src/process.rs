//! Processes that end with the thread that started them.

use anyhow::{Result, bail};
use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The longest wait for a server to start or to end.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The interval between two checks of a starting server.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// Returns a command whose process the kernel kills when the calling thread ends.
///
/// The process gets its own process group, so a keyboard interrupt does not reach it.
pub fn bound(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(program);
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Calls `look` repeatedly until it returns a value. Fails if the process ends before that, or after [`PATIENCE`].
pub(crate) fn await_start<T>(
    what: &str,
    child: &mut Child,
    mut look: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if let Some(status) = child.try_wait()? {
            bail!("{what} ended at its start: {status}");
        }
        if Instant::now() > until {
            bail!("{what} did not start within {PATIENCE:?}");
        }
        thread::sleep(BETWEEN_LOOKS);
    }
}

/// Kills a process and waits for its end.
pub(crate) fn kill(child: &mut Child) {
    // The errors are ignored, because the process may already have ended.
    let _ = child.kill();
    let _ = child.wait();
}
