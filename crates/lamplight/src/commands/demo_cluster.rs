//! `lamplight demo --cluster`: three nodes over a Redis Cluster and PostgreSQL, a balancer and simulated users. At a
//! prompt, a person kills nodes and starts them again.

use crate::args::Common;
use crate::commands::serve::StopSignals;
use crate::demo::actor::play;
use crate::demo::balancer::{Backends, balance};
use crate::demo::cast::{CAST, PLAYERS};
use crate::demo::stage::Stage;
use crate::output::line;
use anyhow::{Context, bail};
use lamplight_server::web_is_built;
use lamplight_testbed::{Testbed, TestbedSettings};
use std::future::pending;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// The number of nodes.
const NODES: usize = 3;

/// The number of Redis servers.
const SHARDS: usize = 3;

/// The time for which the users of a lost node still count as connected, in milliseconds.
const GRACE_MS: u32 = 10_000;

/// The lease of a node in milliseconds: the silence after which a node has no duties. It is shorter than the default,
/// so that a lost node is noticed sooner.
const LEASE_MS: u32 = 3_000;

/// The interval at which nodes that start or stop are checked.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The longest wait for the nodes to stop at the end.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// The options of the demo with a cluster.
pub struct Options {
    /// The address of the balancer for clients.
    pub client_listen: SocketAddr,
    /// The address of the balancer for pages.
    pub http_listen: SocketAddr,
    /// The time after which the demo ends; `None` for no end.
    pub for_time: Option<Duration>,
    /// The seed of the simulated users.
    pub seed: u64,
}

/// A line that a person has typed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Typed {
    Kill(usize),
    Stop(usize),
    Start(usize),
    List,
    Quit,
}

/// The state of a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Running,
    Starting(Instant),
    Stopping(Instant),
    Down,
}

/// The nodes, with the balancers in front of them.
struct Nodes {
    testbed: Testbed,
    clients: Backends,
    pages: Backends,
    states: [State; NODES],
}

/// Runs the demo until its time is over, a signal arrives, or a person types `q`.
///
/// The kernel ends the servers with the thread that started them. This function must therefore run on the main thread,
/// where `block_on` polls its future.
pub async fn run(options: Options, common: &Common) -> anyhow::Result<()> {
    let mut signals = StopSignals::listen()?;
    let (clients, pages) = (Backends::default(), Backends::default());
    let (mut tasks, mut addresses) = (JoinSet::new(), Vec::new());
    for (wanted, backends) in [(options.client_listen, &clients), (options.http_listen, &pages)] {
        let wanted = local(wanted);
        let listener =
            TcpListener::bind(wanted).await.with_context(|| format!("cannot listen on {wanted}"))?;
        addresses.push(listener.local_addr()?);
        tasks.spawn(balance(listener, backends.clone()));
    }
    let [client, http] = addresses[..] else { bail!("a balancer has no address") };

    line("Starting a Redis Cluster, PostgreSQL and three nodes.")?;
    let testbed = Testbed::start(&TestbedSettings {
        program: std::env::current_exe().context("cannot find the path of this program")?,
        nodes: NODES,
        shards: SHARDS,
        command: vec!["demo".to_owned(), "--node".to_owned()],
        environment: vec![
            ("LAMPLIGHT_PUBLIC_CLIENT_URL".to_owned(), format!("ws://{client}")),
            ("LAMPLIGHT_NODE_LOSS_GRACE_MS".to_owned(), GRACE_MS.to_string()),
            ("LAMPLIGHT_NODE_LEASE_MS".to_owned(), LEASE_MS.to_string()),
        ],
        app: Vec::new(),
        postgres: Vec::new(),
    })?;
    clients.set(testbed.nodes.iter().map(lamplight_testbed::NodeProcess::client));
    pages.set(testbed.nodes.iter().map(lamplight_testbed::NodeProcess::http));
    let first = Common {
        data_dir: Some(testbed.nodes[0].data_dir().to_owned()),
        facts: Some(testbed.postgres.url()),
        ..common.clone()
    };
    let stage = Stage::set(format!("tcp://{client}"), &format!("http://{http}"), &first.store()?).await?;
    let mut nodes = Nodes { testbed, clients, pages, states: [State::Running; NODES] };
    announce(&nodes, client, http)?;

    let mut lives = JoinSet::new();
    for (number, character) in CAST.iter().enumerate() {
        lives.spawn(play(stage.clone(), character, options.seed.wrapping_add((number as u64) << 32)));
    }
    let mut typed = typed();
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let over = async {
        match options.for_time {
            Some(time) => tokio::time::sleep(time).await,
            None => pending().await,
        }
    };
    tokio::pin!(over);
    let result = loop {
        let outcome = tokio::select! {
            _ = signals.next() => break Ok(()),
            () = &mut over => break Ok(()),
            // A simulated user ends early only if stdout cannot be written any more.
            Some(ended) = lives.join_next() => break ended.context("a simulated user has panicked").and_then(|result| result),
            Some(words) = typed.recv() => match words {
                Ok(Typed::Quit) => break Ok(()),
                Ok(typed) => nodes.obey(typed),
                Err(words) => line(format!("`{words}` is no command. {HELP}")),
            },
            _ = looks.tick() => nodes.look(),
        };
        if let Err(error) = outcome {
            break Err(error);
        }
    };
    lives.shutdown().await;
    nodes.stop().await;
    tasks.shutdown().await;
    // Ends Redis and PostgreSQL.
    drop(nodes);
    line("The demo has ended.")?;
    result
}

const HELP: &str = "Type `k 2` to kill node 2, `t 2` to stop it in order, `s 2` to start it, `n` to list the nodes, `q` to end.";

fn announce(nodes: &Nodes, client: SocketAddr, http: SocketAddr) -> anyhow::Result<()> {
    line("The demo is running.\n")?;
    line(format!("  clients    tcp://{client}, a balancer in front of all nodes"))?;
    for (index, node) in nodes.testbed.nodes.iter().enumerate() {
        line(format!("  {}, and http://{}/metrics", nodes.text(index), node.http()))?;
    }
    if web_is_built() {
        let [one, other] = PLAYERS.map(|player| player.nick);
        line(format!("\nOpen http://{http}/ in two windows of a browser:"))?;
        line(format!("  choose {one} in one and {other} in the other: each sees the other come and go"))?;
    } else {
        line(format!("\nhttp://{http}/ says how to build the web pages."))?;
    }
    line(format!(
        "Then kill a node. Its clients come back on another node, and nobody is shown to leave: only who does not come \
         back is, after {} s.\n\n{HELP}\n",
        (LEASE_MS + GRACE_MS) / 1_000
    ))
}

impl Nodes {
    fn obey(&mut self, typed: Typed) -> anyhow::Result<()> {
        match typed {
            Typed::Kill(node) if self.states[node] != State::Down => {
                let text = self.text(node);
                self.testbed.nodes[node].kill();
                self.states[node] = State::Down;
                line(format!("{text}: killed"))
            }
            Typed::Stop(node) if self.states[node] == State::Running => {
                self.pass_to(node, false);
                self.testbed.nodes[node].terminate();
                self.states[node] = State::Stopping(Instant::now());
                line(format!("{}: asked to stop", self.text(node)))
            }
            Typed::Start(node) if self.states[node] == State::Down => {
                self.testbed.nodes[node].start_again()?;
                self.states[node] = State::Starting(Instant::now());
                line(format!("node {}: starting", node + 1))
            }
            Typed::Kill(node) | Typed::Stop(node) | Typed::Start(node) => line(self.text(node)),
            Typed::List => (0..NODES).try_for_each(|node| line(self.text(node))),
            Typed::Quit => Ok(()),
        }
    }

    /// Checks the nodes that start or stop.
    fn look(&mut self) -> anyhow::Result<()> {
        for node in 0..NODES {
            let process = &mut self.testbed.nodes[node];
            match self.states[node] {
                State::Running | State::Stopping(_) => {
                    if let Some(status) = process.poll_end()? {
                        let took = match self.states[node] {
                            State::Stopping(since) => {
                                format!(" after {:.1} s", since.elapsed().as_secs_f64())
                            }
                            State::Running | State::Starting(_) | State::Down => String::new(),
                        };
                        self.states[node] = State::Down;
                        line(format!("node {}: ended with {status}{took}", node + 1))?;
                    }
                }
                State::Starting(since) => match process.poll_ready() {
                    Ok(false) => {}
                    Ok(true) => {
                        self.states[node] = State::Running;
                        self.pass_to(node, true);
                        let took = since.elapsed().as_secs_f64();
                        line(format!("node {} is back after {took:.1} s", node + 1))?;
                    }
                    Err(error) => {
                        self.states[node] = State::Down;
                        line(format!("node {}: {error:#}", node + 1))?;
                    }
                },
                State::Down => {}
            }
        }
        Ok(())
    }

    /// Sets whether the balancers pass new connections to a node. A killed node needs no such call, because it refuses
    /// connections.
    fn pass_to(&self, node: usize, is_accepting: bool) {
        self.clients.set_accepting(node, is_accepting);
        self.pages.set_accepting(node, is_accepting);
    }

    fn text(&self, node: usize) -> String {
        let number = node + 1;
        let process = &self.testbed.nodes[node];
        let state = match self.states[node] {
            State::Running => "running",
            State::Starting(_) => "starting",
            State::Stopping(_) => "stopping",
            State::Down => return format!("node {number}     down"),
        };
        let pid = process.pid().map_or_else(|| "?".to_owned(), |pid| pid.to_string());
        format!("node {number}     {state}, pid {pid}, {} clients", self.clients.connections(node))
    }

    /// Stops the nodes in an orderly way. Kills nodes that have not stopped in time.
    async fn stop(&mut self) {
        for node in &self.testbed.nodes {
            node.terminate();
        }
        let until = Instant::now() + STOP_WITHIN;
        while self.testbed.nodes.iter_mut().any(|node| matches!(node.poll_end(), Ok(None))) {
            if Instant::now() > until {
                break;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

/// Returns a receiver of the commands that a person types; `Err` for a line that is no command. The receiver ends when
/// stdin ends.
fn typed() -> mpsc::Receiver<Result<Typed, String>> {
    let (sender, receiver) = mpsc::channel(1);
    // The thread ends with the process, because nothing interrupts a read.
    std::thread::spawn(move || {
        for words in std::io::stdin().lines().map_while(Result::ok) {
            let typed = parse(&words);
            if sender.blocking_send(typed.ok_or_else(|| words.trim().to_owned())).is_err() {
                return;
            }
        }
    });
    receiver
}

fn parse(words: &str) -> Option<Typed> {
    let mut words = words.split_whitespace();
    let command = words.next()?;
    let number = words.next().map(|number| number.parse::<usize>().ok());
    let node = || number.flatten().filter(|number| (1..=NODES).contains(number)).map(|number| number - 1);
    match command {
        "k" => node().map(Typed::Kill),
        "t" => node().map(Typed::Stop),
        "s" => node().map(Typed::Start),
        "n" => Some(Typed::List),
        "q" => Some(Typed::Quit),
        _ => None,
    }
}

/// Returns the loopback address for an unspecified address; returns any other address unchanged.
fn local(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        return SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port());
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_commands_of_the_help_are_understood() {
        for (words, expected) in [
            ("k 2", Some(Typed::Kill(1))),
            ("  s 3 ", Some(Typed::Start(2))),
            ("t 1", Some(Typed::Stop(0))),
            ("n", Some(Typed::List)),
            ("q", Some(Typed::Quit)),
            ("k", None),
            ("k 0", None),
            ("k 4", None),
            ("k two", None),
            ("x 1", None),
            ("", None),
        ] {
            assert_eq!(parse(words), expected, "{words}");
        }
    }
}
