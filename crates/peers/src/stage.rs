//! One server under the generator, and the measurements that all phases share.

use crate::figures::{Figure, Phase, Row, Run};
use crate::generator::{Generator, Stage as ConnectionStage};
use crate::peers::{Peer, Setup};
use crate::random::Random;
use crate::ring::Ring;
use crate::server::Server;
use anyhow::{Result, ensure};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The longest time without any progress. After a storm, a server may first notify all watchers of all ended
/// connections.
const PATIENCE: Duration = Duration::from_secs(180);
/// The longest wait until the server is quiet.
const LONGEST_UNREST: Duration = Duration::from_secs(120);
/// The time without notifications after which the server is quiet.
const SILENCE: Duration = Duration::from_millis(300);
/// The maximum fraction of one core that a quiet server may use.
const IDLE_SHARE: f64 = 0.05;
/// The maximum fraction of the time for which the generator may work. Above it, the generator limits the figure.
const BUSY_GENERATOR: f64 = 0.95;
/// The longest wait of the generator in one call.
const LONGEST_WAIT: Duration = Duration::from_millis(20);
/// The percentiles of latencies in the raw output.
const PERCENTILES: [f64; 6] = [0.5, 0.9, 0.99, 0.999, 0.9999, 1.0];

/// A server with the connections of all users.
pub struct Stage {
    /// Whether the server stores the states of users, so that a watcher gets them at its login.
    pub keeps_states: bool,
    /// The users, and who watches whom.
    pub ring: Ring,
    /// The connections.
    pub generator: Generator,
    /// The server.
    pub server: Server,
    /// The random numbers that choose users.
    pub random: Random,
    /// The results of the run.
    pub run: Run,
}

/// The readings at the beginning of a measurement.
pub struct Mark {
    at: Instant,
    server_cpu: Duration,
    generator_cpu: Duration,
    traffic: (u64, u64),
}

/// The result of a measurement.
#[derive(Clone, Copy)]
pub struct Measured {
    /// The duration in seconds.
    pub seconds: f64,
    /// The CPU time of the server in seconds.
    pub server_cpu: f64,
    /// The fraction of the time in which the generator has worked.
    pub generator_share: f64,
}

impl Stage {
    /// Starts the server of a peer.
    pub fn new(peer: &Peer, setup: &Setup<'_>, round: u32) -> Result<Self> {
        let started = (peer.start)(setup)?;
        let server = started.server;
        let run = Run {
            peer: peer.name,
            version: server.version.clone(),
            round,
            figures: Vec::new(),
            phases: Vec::new(),
            error: None,
        };
        let generator = Generator::new(started.dialect, server.address, setup.ring)?;
        Ok(Self {
            keeps_states: peer.keeps_states,
            ring: setup.ring,
            generator,
            server,
            random: Random::new(u64::from(round)),
            run,
        })
    }

    /// Prints a figure, and adds it to the results.
    pub fn note(&mut self, row: Row, value: f64, remark: Option<String>) {
        let remark_text = remark.as_ref().map(|remark| format!(" ({remark})")).unwrap_or_default();
        crate::say(&format!("    {:<48} {}{remark_text}", row.text(), crate::figures::number(value)));
        self.run.figures.push(Figure { row, value, remark });
    }

    /// Reads the clocks and counters at the beginning of a measurement.
    pub fn mark(&self) -> Result<Mark> {
        Ok(Mark {
            server_cpu: self.server.cpu()?,
            generator_cpu: Generator::cpu(),
            traffic: self.generator.traffic(),
            at: Instant::now(),
        })
    }

    /// Reads the clocks and counters at the end of a measurement, and adds the phase to the results.
    pub fn measured(&mut self, name: &str, mark: &Mark) -> Result<Measured> {
        let seconds = mark.at.elapsed().as_secs_f64();
        let server_cpu = self.server.cpu()?.saturating_sub(mark.server_cpu).as_secs_f64();
        let generator_cpu = Generator::cpu().saturating_sub(mark.generator_cpu).as_secs_f64();
        let (bytes, reads) = self.generator.traffic();
        let ledger = &self.generator.ledger;
        let latency = |part: &f64| (format!("p{}", part * 100.0), ledger.latencies.value_at_quantile(*part));
        self.run.phases.push(Phase {
            name: name.to_owned(),
            seconds,
            server_cpu,
            generator_cpu,
            resident: self.server.resident()?,
            changes: ledger.changes(),
            counts: ledger.counts,
            reads: reads - mark.traffic.1,
            bytes: bytes - mark.traffic.0,
            latency_us: PERCENTILES.iter().map(latency).collect::<BTreeMap<_, _>>(),
        });
        Ok(Measured { seconds, server_cpu, generator_share: generator_cpu / seconds })
    }

    /// Waits for at most `wait`, and reads the bytes that have arrived. Fails if the server has ended a connection.
    pub fn pump(&mut self, wait: Duration) -> Result<()> {
        self.generator.pump(wait.min(LONGEST_WAIT))?;
        let gone = self.generator.take_gone();
        ensure!(
            gone.is_empty(),
            "the server has ended {} connections, the first that of user {}",
            gone.len(),
            gone[0]
        );
        Ok(())
    }

    /// Logs all users in, `window` at a time. If a connection ends before its login is complete, tries again.
    pub fn log_in_all(&mut self, window: usize) -> Result<()> {
        self.for_all(window, |generator, user| {
            generator.connect(user, false)?;
            Ok(true)
        })
    }

    /// Logs one user in, and reads until the server is quiet. `small` selects the smallest receive buffer that the
    /// kernel allows.
    pub fn log_in(&mut self, user: u32, small: bool) -> Result<()> {
        self.generator.connect(user, small)?;
        let until = Instant::now() + PATIENCE;
        while !self.is_logged_in(user) {
            self.pump(LONGEST_WAIT)?;
            ensure!(Instant::now() < until, "the login of user {user} is not answered");
        }
        self.generator.take_logged_in();
        self.quiet()
    }

    /// Creates the watch lists of all users on the server, `window` at a time, if the server needs the request.
    pub fn subscribe_all(&mut self, window: usize) -> Result<()> {
        self.for_all(window, Generator::subscribe)
    }

    /// Calls `begin` for every user, and waits until all of the begun requests are complete. `begin` returns `false` if
    /// there is no request to wait for.
    fn for_all(
        &mut self,
        window: usize,
        mut begin: impl FnMut(&mut Generator, u32) -> Result<bool>,
    ) -> Result<()> {
        let users = self.ring.users();
        let (mut next, mut under_way, mut done) = (0, 0, 0);
        let mut again: Vec<u32> = Vec::new();
        let mut waits = vec![false; users as usize];
        let mut last_news = Instant::now();
        while done < users {
            while under_way < window {
                let user = match again.pop() {
                    Some(user) => user,
                    None if next < users => {
                        next += 1;
                        next - 1
                    }
                    None => break,
                };
                waits[user as usize] = begin(&mut self.generator, user)?;
                if waits[user as usize] {
                    under_way += 1;
                } else {
                    done += 1;
                }
            }
            if under_way == 0 {
                continue;
            }
            self.generator.pump(LONGEST_WAIT)?;
            let ready = self.generator.take_logged_in();
            if !ready.is_empty() {
                last_news = Instant::now();
            }
            done += ready.len() as u32;
            under_way -= ready.len();
            for user in ready {
                waits[user as usize] = false;
            }
            for user in self.generator.take_gone() {
                ensure!(
                    waits[user as usize],
                    "the server has ended the connection of user {user} after its login"
                );
                under_way -= 1;
                again.push(user);
            }
            ensure!(last_news.elapsed() < PATIENCE, "{} logins are not answered", users - done);
        }
        Ok(())
    }

    /// Ends all connections at once, like broken links.
    pub fn cut_all(&mut self) {
        for user in 0..self.ring.users() {
            self.generator.cut(user);
        }
        // Logins and ends of the former connections do not matter any more.
        self.generator.take_gone();
        self.generator.take_logged_in();
    }

    /// Reads until nothing arrives any more and the server is idle.
    pub fn quiet(&mut self) -> Result<()> {
        let until = Instant::now() + LONGEST_UNREST;
        loop {
            let (begun, cpu, (bytes, _)) = (Instant::now(), self.server.cpu()?, self.generator.traffic());
            while begun.elapsed() < SILENCE {
                self.pump(SILENCE)?;
            }
            let busy = (self.server.cpu()?.saturating_sub(cpu)).as_secs_f64();
            let is_idle = busy < IDLE_SHARE * begun.elapsed().as_secs_f64();
            if is_idle && self.generator.traffic().0 == bytes {
                return Ok(());
            }
            ensure!(Instant::now() < until, "the server does not come to rest");
        }
    }

    /// Fails if a watcher has last seen a user as offline. Does not check servers that store no states.
    pub fn check_all_online(&self) -> Result<()> {
        let offline = self.generator.ledger.seen_as_offline();
        ensure!(!self.keeps_states || offline == 0, "{offline} watched users are not seen as online");
        Ok(())
    }

    /// Whether a user's login is complete.
    pub fn is_logged_in(&self, user: u32) -> bool {
        self.generator.stage(user) == ConnectionStage::LoggedIn
    }
}

impl Measured {
    /// Returns a remark if the generator has limited the figure.
    pub fn remark(&self) -> Option<String> {
        (self.generator_share > BUSY_GENERATOR).then(|| "the generator was the limit".to_owned())
    }
}
