//! ejabberd, an XMPP server in Erlang, with the modules that a presence client needs.

use crate::names::user_name;
use crate::peers::xmpp::{DOMAIN, PASSWORD, Xmpp};
use crate::peers::{Kind, Peer, Setup, Started};
use crate::server::{free_port, version_line};
use anyhow::{Context, Result, ensure};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// The description of this peer.
pub const PEER: Peer = Peer {
    name: "ejabberd",
    label: "ejabberd",
    program: "ejabberdctl",
    package: "apt-get install ejabberd",
    kind: Kind::PresenceSystem,
    keeps_states: true,
    notes: &[
        "a login verifies a hashed password (SCRAM), which is a large part of its cost; TLS is off",
        "rosters and accounts are imported from a file (XEP-0227) before the measurement; the traffic shaper is off",
    ],
    module: None,
    start,
};

/// The longest wait for the import of the accounts.
const IMPORT: Duration = Duration::from_secs(600);
/// The folders that may contain the Erlang applications of ejabberd.
const LIBRARIES: [&str; 3] = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib"];

fn start(setup: &Setup<'_>) -> Result<Started> {
    let port = free_port()?;
    let folder = setup.folder;
    // The server warns in its log if the cache has no room for the rosters.
    let cache = 2 * setup.ring.edges();
    let (config, import, ready) =
        (folder.join("ejabberd.yml"), folder.join("users.xml"), folder.join("ready"));
    fs::write(
        &config,
        format!(
            "hosts:\n  - {DOMAIN}\nloglevel: warning\ncache_size: {cache}\nauth_method: internal\nauth_password_format: scram\n\
             listen:\n  -\n    port: {port}\n    ip: \"127.0.0.1\"\n    module: ejabberd_c2s\n    backlog: 4096\n\
             \x20   shaper: none\n    starttls_required: false\n\
             modules:\n  mod_blocking: {{}}\n  mod_caps: {{}}\n  mod_carboncopy: {{}}\n  mod_client_state: {{}}\n\
             \x20 mod_disco: {{}}\n  mod_last: {{}}\n  mod_offline: {{}}\n  mod_ping: {{}}\n  mod_privacy: {{}}\n\
             \x20 mod_private: {{}}\n  mod_roster:\n    versioning: true\n  mod_stream_mgmt: {{}}\n  mod_vcard: {{}}\n"
        ),
    )?;
    fs::write(&import, users(setup)?)?;
    let libraries = LIBRARIES.map(Path::new).into_iter().find(|folder| has_ejabberd(folder));
    let libraries = libraries.context("the Erlang applications of ejabberd are not found")?;
    let mut command = setup.command("erl")?;
    // Without a name, the node needs no port mapper.
    command.args(["+K", "true", "+P", "250000", "-noinput"]);
    command.args(["-mnesia", "dir", &format!("\"{}\"", folder.join("spool").display()), "-s", "ejabberd"]);
    let then = format!(
        "ok = ejabberd_piefxis:import_file(<<\"{}\">>), ok = file:write_file(\"{}\", <<>>).",
        import.display(),
        ready.display()
    );
    command.args(["-eval", &then]);
    command.env("EJABBERD_CONFIG_PATH", &config).env("EJABBERD_LOG_PATH", folder.join("ejabberd.log"));
    command.env("ERL_LIBS", libraries).env("ERL_MAX_PORTS", "32000").env("HOME", folder);
    let version = version_line("dpkg-query", &["--show", "ejabberd"]);
    let started = setup.started(command, port, version, Box::new(Xmpp))?;
    let until = Instant::now() + IMPORT;
    while !ready.is_file() {
        ensure!(Instant::now() < until, "ejabberd has not imported the accounts within {IMPORT:?}");
        ensure!(started.server.is_running(), "ejabberd has ended while it imported the accounts");
        thread::sleep(Duration::from_millis(50));
    }
    Ok(started)
}

fn has_ejabberd(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name()).any(|name| name.to_string_lossy().starts_with("ejabberd-"))
}

/// Returns the accounts and rosters in the format of XEP-0227.
fn users(setup: &Setup<'_>) -> Result<String> {
    let mut text =
        format!("<?xml version='1.0'?><server-data xmlns='urn:xmpp:pie:0'><host jid='{DOMAIN}'>\n");
    for user in 0..setup.ring.users() {
        let name = user_name(user);
        write!(text, "<user name='{name}' password='{PASSWORD}'><query xmlns='jabber:iq:roster'>")?;
        for contact in setup.ring.neighbours(user) {
            write!(text, "<item jid='{}@{DOMAIN}' subscription='both'/>", user_name(contact))?;
        }
        text += "</query></user>\n";
    }
    Ok(text + "</host></server-data>\n")
}
