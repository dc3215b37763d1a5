//! The file `node.json` in the data folder. The file contains the addresses of the running server, for the other
//! commands.
//!
//! If the server was killed, the file still exists, and commands fail to connect to the server.

use anyhow::Context;
use lamplight_server::web_is_built;
use serde::{Deserialize, Serialize};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The contents of the file `node.json`.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq, Debug)]
pub struct NodeFile {
    /// The id of the server's process.
    pub pid: u32,
    /// The address of the client port.
    pub client: SocketAddr,
    /// The address of the HTTP port.
    pub http: SocketAddr,
    /// The address of the health port; `None` if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<SocketAddr>,
    /// `true` if clients may use TLS.
    pub tls: bool,
    /// The version of the server.
    pub version: String,
}

impl NodeFile {
    /// Writes the file atomically, so that a reader never sees a partial file.
    pub fn write(&self, data_dir: &Path) -> anyhow::Result<()> {
        let path = path(data_dir);
        let fresh = path.with_extension("json.new");
        let text = serde_json::to_string_pretty(self)? + "\n";
        write_for_owner(&fresh, &text)
            .and_then(|()| fs::rename(&fresh, &path))
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Reads the file; `None` if the file does not exist.
    pub fn read(data_dir: &Path) -> anyhow::Result<Option<Self>> {
        let path = path(data_dir);
        match fs::read(&path) {
            Ok(text) => {
                let file = serde_json::from_slice(&text);
                file.map(Some).with_context(|| format!("{} is damaged", path.display()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Removes the file when the server stops.
    pub fn remove(data_dir: &Path) {
        // The error is ignored, because the file may already be gone.
        let _ = fs::remove_file(path(data_dir));
    }

    /// Returns the URL of the client port for this machine. The URL is without TLS, because the bytes never leave the
    /// machine.
    pub fn client_url(&self) -> String {
        format!("tcp://{}", reachable(self.client))
    }

    /// Returns the URL of the HTTP port for this machine.
    pub fn http_url(&self) -> String {
        format!("http://{}", reachable(self.http))
    }

    /// Returns the URL of the health port for this machine; `None` if there is no such port.
    pub fn health_url(&self) -> Option<String> {
        self.health.map(|address| format!("http://{}", reachable(address)))
    }

    /// Returns the address at which programs on this machine can reach an address of the server.
    pub fn reachable(&self, address: SocketAddr) -> SocketAddr {
        reachable(address)
    }

    /// Returns the URL of the console for this machine; `None` if its pages are not built into this program.
    pub fn console_url(&self) -> Option<String> {
        web_is_built().then(|| format!("{}/console/", self.http_url()))
    }
}

/// Writes a file that only its owner can read, whatever the umask is.
fn write_for_owner(path: &Path, text: &str) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("node.json")
}

/// Replaces an unspecified address (`0.0.0.0` or `[::]`) by the loopback address, to which programs can connect.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_of_the_machine_is_reached_at_localhost() {
        for (listen, reached) in
            [("0.0.0.0:7400", "127.0.0.1:7400"), ("[::]:1", "[::1]:1"), ("10.1.2.3:5", "10.1.2.3:5")]
        {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), reached);
        }
    }

    #[test]
    fn what_was_written_is_read_and_what_was_removed_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = NodeFile {
            pid: 7,
            client: "0.0.0.0:7400".parse().unwrap(),
            http: "127.0.0.1:7401".parse().unwrap(),
            health: Some("127.0.0.1:7402".parse().unwrap()),
            tls: false,
            version: "0.1.0".to_owned(),
        };
        assert_eq!(NodeFile::read(folder.path()).unwrap(), None);
        file.write(folder.path()).unwrap();
        assert_eq!(NodeFile::read(folder.path()).unwrap(), Some(file));
        NodeFile::remove(folder.path());
        assert_eq!(NodeFile::read(folder.path()).unwrap(), None);
    }
}
