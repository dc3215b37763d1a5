//! Prosody, an XMPP server in Lua, with the modules that Debian's configuration enables.

use crate::names::user_name;
use crate::peers::xmpp::{DOMAIN, PASSWORD, Xmpp};
use crate::peers::{Kind, Peer, Setup, Started};
use crate::server::{free_port, version_line};
use anyhow::Result;
use std::fmt::Write as _;
use std::fs;

/// The description of this peer.
pub const PEER: Peer = Peer {
    name: "prosody",
    label: "Prosody",
    program: "prosody",
    package: "apt-get install prosody",
    kind: Kind::PresenceSystem,
    keeps_states: true,
    notes: &[
        "a login verifies a hashed password (PBKDF2), which is most of its cost; TLS is off",
        "rosters and accounts are files of the internal storage, written before the start",
        "one thread, whatever the number of cores",
    ],
    module: None,
    start,
};

fn start(setup: &Setup<'_>) -> Result<Started> {
    let port = free_port()?;
    let data = setup.folder.join("data");
    let (accounts, rosters) = (data.join(DOMAIN).join("accounts"), data.join(DOMAIN).join("roster"));
    fs::create_dir_all(&accounts)?;
    fs::create_dir_all(&rosters)?;
    for user in 0..setup.ring.users() {
        let file = format!("{}.dat", user_name(user));
        fs::write(accounts.join(&file), format!("return {{ [\"password\"] = \"{PASSWORD}\"; }};\n"))?;
        let mut roster = String::from("return { [false] = { [\"version\"] = 1; [\"pending\"] = {}; };\n");
        for contact in setup.ring.neighbours(user) {
            let jid = format!("{}@{DOMAIN}", user_name(contact));
            let item = "[\"subscription\"] = \"both\"; [\"groups\"] = {};";
            writeln!(roster, "[\"{jid}\"] = {{ [\"jid\"] = \"{jid}\"; {item} }};")?;
        }
        fs::write(rosters.join(&file), roster + "};\n")?;
    }
    let config = setup.folder.join("prosody.cfg.lua");
    fs::write(
        &config,
        format!(
            r#"run_as_root = true
data_path = "{data}"
pidfile = "{folder}/prosody.pid"
modules_enabled = {{
    "disco"; "roster"; "saslauth"; "blocklist"; "bookmarks"; "carbons"; "pep"; "private"; "smacks";
    "vcard4"; "vcard_legacy"; "csi_simple"; "ping"; "time"; "uptime"; "version"; "posix";
}}
modules_disabled = {{ "s2s"; "tls" }}
c2s_ports = {{ {port} }}
c2s_interfaces = {{ "127.0.0.1" }}
c2s_direct_tls_ports = {{ }}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
network_settings = {{ tcp_backlog = 4096; }}
authentication = "internal_hashed"
storage = "internal"
log = {{ warn = "*console" }}
VirtualHost "{DOMAIN}"
"#,
            data = data.display(),
            folder = setup.folder.display()
        ),
    )?;
    let mut command = setup.command("prosody")?;
    command.arg("-F").arg("--config").arg(&config);
    let version = version_line("dpkg-query", &["--show", "prosody"]);
    // The first login of an account hashes its password.
    setup.started(command, port, version, Box::new(Xmpp))
}
