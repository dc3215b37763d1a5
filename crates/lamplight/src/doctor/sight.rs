//! The observations for `lamplight doctor`: limits, permissions, free space and ports. The observations change nothing.

use super::{Folder, Port};
use crate::time_text::present;
use lamplight_model::Timestamp;
use rustix::fs::{Access, StatVfsMountFlags, access, statvfs};
use rustix::process::{Resource, getrlimit, getuid};
use std::fs;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The time limit for an answer of the running server.
const PATIENCE: Duration = Duration::from_secs(5);

/// Returns the limit of open files of the process `pid`. Without a `pid`, returns this process's hard limit, because a
/// server raises its own limit to the hard limit.
pub fn file_limit(pid: Option<u32>) -> u64 {
    let limits = pid.and_then(|pid| fs::read_to_string(format!("/proc/{pid}/limits")).ok());
    let line = limits.as_ref().and_then(|text| text.lines().find(|line| line.starts_with("Max open files")));
    match line.and_then(|line| line.split_whitespace().nth(3)) {
        Some("unlimited") => u64::MAX,
        Some(number) => number.parse().unwrap_or(u64::MAX),
        None => getrlimit(Resource::Nofile).maximum.unwrap_or(u64::MAX),
    }
}

/// Returns the state of the data folder.
pub fn folder(path: &Path) -> Folder {
    let about = match fs::metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let parent = existing(path);
            let obstacle = access(&parent, Access::WRITE_OK | Access::EXEC_OK).err();
            let obstacle = obstacle.map(|errno| format!("{}: {}", parent.display(), io::Error::from(errno)));
            return Folder::Missing { obstacle };
        }
        Err(error) => return Folder::Unreadable(error.to_string()),
    };
    if !about.is_dir() {
        return Folder::OtherKind;
    }
    match path.join("facts.db").try_exists() {
        Ok(has_store) => Folder::There {
            mode: about.mode() & 0o7777,
            owner: about.uid(),
            own: getuid().as_raw(),
            has_store,
            writable: access(path, Access::WRITE_OK | Access::EXEC_OK).is_ok(),
        },
        Err(error) => Folder::Unreadable(error.to_string()),
    }
}

/// Returns the nearest existing ancestor of a path.
fn existing(path: &Path) -> PathBuf {
    let above = path.ancestors().skip(1).find(|it| !it.as_os_str().is_empty() && it.exists());
    above.map_or_else(|| PathBuf::from("."), Path::to_owned)
}

/// Returns the free bytes and free inodes of a path's file system, and whether the file system is read-only. The inodes
/// are `None` if the file system does not count them.
pub fn disk(path: &Path) -> io::Result<(u64, Option<u64>, bool)> {
    let about = if path.exists() { statvfs(path)? } else { statvfs(existing(path))? };
    let free = about.f_bavail.saturating_mul(about.f_frsize);
    let files = (about.f_files > 0).then_some(about.f_favail);
    Ok((free, files, about.f_flag.contains(StatVfsMountFlags::RDONLY)))
}

/// Returns the state of an address in the settings. `served` is the running server's address for the same setting, if
/// any.
pub fn port(address: SocketAddr, served: Option<SocketAddr>) -> Port {
    match served {
        Some(real) if real == address || (address.port() == 0 && real.ip() == address.ip()) => Port::Ours,
        Some(real) => Port::Elsewhere(real),
        None => match TcpListener::bind(address) {
            Ok(_) => Port::Free,
            Err(error) => Port::Refused(error.kind(), error.to_string()),
        },
    }
}

/// Returns the time of the last write to the files directly in the data folder, if there are any.
pub fn newest_file(path: &Path) -> Option<Timestamp> {
    let times = fs::read_dir(path).ok()?.filter_map(|entry| entry.ok()?.metadata().ok()?.modified().ok());
    let newest = times.max()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(Timestamp(u64::try_from(newest.as_millis()).ok()?))
}

/// Returns `true` if the clock is synchronized: systemd-timesyncd reports it, or chronyd runs. Returns `None` if
/// neither was found.
pub fn synchronized() -> Option<bool> {
    let systemd = Path::new("/run/systemd/timesync");
    if systemd.join("synchronized").exists() || Path::new("/run/chrony/chronyd.pid").exists() {
        return Some(true);
    }
    systemd.exists().then_some(false)
}

/// Returns the current time.
pub fn now() -> Timestamp {
    present()
}

/// Requests `/readyz` from the running server. Returns the HTTP status and the body of the answer.
pub async fn readyz(address: SocketAddr) -> io::Result<(u16, String)> {
    let ask = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
        let mut answer = Vec::new();
        stream.take(64 << 10).read_to_end(&mut answer).await?;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split_whitespace().nth(1).and_then(|status| status.parse().ok());
        let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.trim().to_owned()).unwrap_or_default();
        Ok((status.ok_or(ErrorKind::InvalidData)?, body))
    };
    tokio::time::timeout(PATIENCE, ask).await.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
}
