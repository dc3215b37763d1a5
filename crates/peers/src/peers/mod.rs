//! The systems that are measured. Each adapter starts one server as the documentation of that server advises, and
//! implements the client's side of its protocol.

mod bare;
mod ejabberd;
mod lamplight;
mod mqtt;
mod nats;
mod prosody;
mod redis;
mod socket_io;
mod xmpp;

pub use bare::serve as serve_bare_loop;

use crate::dialect::Dialect;
use crate::ring::Ring;
use crate::server::Server;
use anyhow::{Context, Result};
use std::env;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A system that is measured.
pub struct Peer {
    /// The name for `--only`.
    pub name: &'static str,
    /// The name in the table.
    pub label: &'static str,
    /// The program of the server. If it is not installed, the peer is skipped.
    pub program: &'static str,
    /// The way to install the server.
    pub package: &'static str,
    /// The kind of the system.
    pub kind: Kind,
    /// Whether the server stores the states of users. A watcher then gets the states at its login, and is notified when
    /// users go offline.
    pub keeps_states: bool,
    /// The reasons why figures of this system are not comparable with those of the other peers.
    pub notes: &'static [&'static str],
    /// The npm package that the server needs; `None` if it needs none.
    pub module: Option<&'static str>,
    /// The function that starts the server.
    pub start: fn(&Setup<'_>) -> Result<Started>,
}

/// The kind of a system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Lamplight.
    Ours,
    /// The bare loop, which bounds the figures of all servers.
    UpperBound,
    /// A server that passes messages on, and does not know users.
    Broker,
    /// A server that knows users, contacts and presence.
    PresenceSystem,
}

impl Kind {
    /// Returns the name of the kind.
    pub fn text(self) -> &'static str {
        match self {
            Self::Ours => "Lamplight",
            Self::UpperBound => "upper bound",
            Self::Broker => "broker",
            Self::PresenceSystem => "presence system",
        }
    }
}

/// All peers, in the order of the table.
pub const PEERS: &[Peer] = &[
    lamplight::PEER,
    lamplight::WITH_ONE_WORKER,
    bare::PEER,
    redis::PEER,
    mqtt::PEER,
    nats::PEER,
    socket_io::PEER,
    prosody::PEER,
    ejabberd::PEER,
];

/// The users, folders and programs that an adapter needs to start its server.
pub struct Setup<'a> {
    /// The users, and who watches whom.
    pub ring: Ring,
    /// An empty folder for the files of the server.
    pub folder: &'a Path,
    /// A file for the output of the server.
    pub log: &'a Path,
    /// The folder whose `node_modules` has the packages of npm.
    pub modules: &'a Path,
    /// The program `lamplight`.
    pub lamplight: &'a Path,
    /// The number of worker threads of Lamplight; `None` for its default.
    pub workers: Option<usize>,
}

/// A server that accepts connections, and the client's side of its protocol.
pub struct Started {
    /// The server.
    pub server: Server,
    /// The client's side.
    pub dialect: Box<dyn Dialect>,
}

impl Setup<'_> {
    /// Returns a command whose process ends with the calling thread. The process writes its output to the log.
    pub fn command(&self, program: &str) -> Result<Command> {
        let log = File::options().create(true).append(true).open(self.log);
        let log = log.with_context(|| format!("cannot write {}", self.log.display()))?;
        let program = find(program).with_context(|| format!("{program} is not installed"))?;
        let mut command = lamplight_testbed::bound(program);
        command.current_dir(self.folder).stdout(log.try_clone()?).stderr(log);
        Ok(command)
    }

    /// Starts the server, and waits until it accepts connections.
    pub fn started(
        &self,
        command: Command,
        port: u16,
        version: String,
        dialect: Box<dyn Dialect>,
    ) -> Result<Started> {
        Ok(Started { server: Server::start(command, port, version, None)?, dialect })
    }
}

impl Peer {
    /// Returns the way to install the server; `None` if the server is installed.
    pub fn missing(&self, modules: &Path) -> Option<String> {
        if !self.program.is_empty() && find(self.program).is_none() {
            return Some(self.package.to_owned());
        }
        let module = self.module?;
        let is_there = modules.join("node_modules").join(module).is_dir();
        (!is_there).then(|| format!("npm install --prefix {} {module}", modules.display()))
    }
}

/// Returns the path of a program. If `program` is not a path itself, it is searched in `PATH` and in the folders of
/// servers.
pub fn find(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| path.is_file());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}
