//! The benchmark: all measurements, one after another, for the figures of `docs/performance.md`.

use super::{Server, changes, death, idle, login, messages, query, slow, storm, webhooks};
use crate::args::BenchArgs;
use crate::fleet::Fleet;
use crate::report::Report;
use crate::ring::Ring;
use crate::server_process::ServerSettings;
use crate::transport::Transport;
use anyhow::Result;
use std::net::SocketAddr;

/// The sizes of all measurements.
struct Sizes {
    idle_users: u32,
    users: u32,
    login_rounds: u32,
    narrow_changes: u64,
    wide_changes: u64,
    repeat: u32,
    open_rate: u32,
    open_changes: u64,
    slow_changes: u64,
    messages: u64,
    deaths: u32,
    queries: u32,
    webhooks: u64,
}

const FULL: Sizes = Sizes {
    idle_users: idle::USERS,
    users: super::USERS,
    login_rounds: 20,
    narrow_changes: 20_000,
    wide_changes: 40_000,
    repeat: 3,
    open_rate: 500,
    open_changes: 10_000,
    slow_changes: 100_000,
    messages: 50_000,
    deaths: death::ROUNDS,
    queries: 10_000,
    webhooks: 20_000,
};

const QUICK: Sizes = Sizes {
    idle_users: 300,
    users: 300,
    login_rounds: 1,
    narrow_changes: 300,
    wide_changes: 600,
    repeat: 1,
    open_rate: 200,
    open_changes: 200,
    slow_changes: 2_000,
    messages: 1_000,
    deaths: 1,
    queries: 200,
    webhooks: 500,
};

/// Runs all measurements, one after another.
pub fn run(args: &BenchArgs, report: &mut Report) -> Result<()> {
    let sizes = if args.quick { &QUICK } else { &FULL };
    let with_fleet = |users: u32, settings: ServerSettings| -> Result<(Server, Fleet)> {
        let settings = ServerSettings { workers: args.workers, ..super::for_users(users, settings) };
        let server = Server::start(args.program.clone(), settings)?;
        let fleet = Fleet::new(server.target().clone(), Ring::new(users)?)?;
        Ok((server, fleet))
    };
    let usual = ServerSettings::default();

    for transport in Transport::ALL {
        let settings = ServerSettings { transport, ..usual };
        let (server, mut fleet) = with_fleet(sizes.idle_users, settings)?;
        idle::measure(&mut fleet, report)?;
        super::end(&fleet, report);
        drop((server, fleet));
    }

    let (server, mut fleet) = with_fleet(sizes.users, usual)?;
    login::measure(&mut fleet, sizes.login_rounds, report)?;
    let mut text = 0;
    for (changes, outstanding) in
        [(sizes.narrow_changes, changes::NARROW), (sizes.wide_changes, changes::WIDE)]
    {
        let load = changes::ClosedLoad { changes, outstanding, repeat: sizes.repeat, answered: true };
        text = changes::closed(&mut fleet, &load, text, report)?;
    }
    changes::open(&mut fleet, sizes.open_changes, sizes.open_rate, text, report)?;
    storm::measure(&mut fleet, report)?;
    super::end(&fleet, report);
    drop((server, fleet));

    let (server, mut fleet) = with_fleet(slow::USERS, usual)?;
    slow::measure(&mut fleet, sizes.slow_changes, report)?;
    super::end(&fleet, report);
    drop((server, fleet));

    let (server, mut fleet) = with_fleet(messages::USERS, usual)?;
    messages::measure(&mut fleet, sizes.messages, messages::OUTSTANDING, report)?;
    super::end(&fleet, report);
    drop((server, fleet));

    let receiver = webhooks::Receiver::start(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let (server, mut fleet) = with_fleet(webhooks::USERS, webhooks::settings(&receiver))?;
    webhooks::measure(&mut fleet, &receiver, sizes.webhooks, report)?;
    super::end(&fleet, report);
    drop((server, fleet));

    let (mut server, mut fleet) = with_fleet(death::USERS, death::SETTINGS)?;
    death::measure(&mut fleet, server.ours(), sizes.deaths, report)?;
    super::end(&fleet, report);
    drop((server, fleet));

    let (server, mut fleet) = with_fleet(sizes.users, query::SETTINGS)?;
    query::everyone(&mut fleet)?;
    for detail in [false, true] {
        let load = query::QueryLoad { calls: sizes.queries, connections: 4, detail };
        query::measure(&mut fleet, load, report)?;
    }
    super::end(&fleet, report);
    drop(server);
    Ok(())
}
