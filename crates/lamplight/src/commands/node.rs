//! `lamplight node`: the nodes of a cluster.

use crate::args::Common;
use crate::doctor::counted;
use crate::operator::Operator;
use crate::output::{harmless, json, line, table};
use crate::time_text::utc;
use anyhow::{bail, ensure};
use clap::Subcommand;
use lamplight_model::NodeId;
use lamplight_server::{NodeState, Operation, ShownNode};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// The interval at which `drain` looks at the node.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// Commands for the nodes of a cluster.
#[derive(Subcommand, Debug)]
pub enum NodeCommand {
    /// List the nodes of the cluster, with their state and their connections
    #[command(after_help = "\
Examples:
  lamplight node list
  lamplight node list --json

A node that is LOST is one that has not been heard of for the lease and the grace; the others end its connections.")]
    List,
    /// Move the clients and the work of a node to the others; it runs on until it is stopped
    #[command(after_help = "\
Examples:
  lamplight node drain lamplight-2
  lamplight node drain 0000019ac1d2f3a4 --wait 120

The command can be given at any node. Its /readyz says `draining`, so that a balancer sends it no new clients. A node that is drained can be stopped at any time; a start makes it a new node. SIGTERM does the same and ends the process.")]
    Drain {
        /// The name of the node, or its id, as `node list` shows them
        #[arg(value_name = "NAME|ID")]
        node: String,
        /// Seconds to wait until the node has no connections; 0 does not wait
        #[arg(long, value_name = "SECONDS", default_value_t = 60)]
        wait: u64,
    },
}

/// Runs the command.
pub async fn run(command: NodeCommand, common: &Common) -> anyhow::Result<()> {
    let mut operator = Operator::open(&common.store()?).await?;
    match command {
        NodeCommand::List => list(&operator.nodes().await?, common.json),
        NodeCommand::Drain { node, wait } => drain(&mut operator, &node, wait, common.json).await,
    }
}

fn list(nodes: &[ShownNode], as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return json(&nodes.iter().map(fields).collect::<Vec<_>>());
    }
    let row = |node: &ShownNode| {
        vec![
            harmless(&node.name),
            node.id.to_string(),
            state(node.state).to_uppercase(),
            node.connections.to_string(),
            harmless(&node.client),
            harmless(&node.http),
            utc(node.started),
            harmless(&node.version),
        ]
    };
    let rows: Vec<_> = nodes.iter().map(row).collect();
    let heads = ["NAME", "ID", "STATE", "CONNECTIONS", "CLIENTS", "HTTP", "STARTED", "VERSION"];
    table(&heads, &rows, "the cluster has no nodes")
}

/// Returns a node as the JSON output shows it. The id is a text, because JSON readers round numbers of this size.
fn fields(node: &ShownNode) -> Value {
    json!({
        "id": node.id.to_string(),
        "name": node.name,
        "state": state(node.state),
        "connections": node.connections,
        "client": node.client,
        "http": node.http,
        "started": node.started,
        "version": node.version,
    })
}

fn state(state: NodeState) -> &'static str {
    match state {
        NodeState::Live => "live",
        NodeState::DrainRequested => "drain_requested",
        NodeState::Draining => "draining",
        NodeState::Silent => "silent",
        NodeState::Lost => "lost",
    }
}

async fn drain(operator: &mut Operator, named: &str, wait: u64, as_json: bool) -> anyhow::Result<()> {
    let nodes = operator.nodes().await?;
    let node = find(&nodes, named)?.clone();
    let name = harmless(&node.name);
    ensure!(
        !is_away(&node),
        "{name} is {}: it sends no sign of life, and has no clients to drain",
        state(node.state)
    );
    let others = nodes.iter().filter(|it| it.id != node.id && it.state == NodeState::Live).count();
    ensure!(others > 0, "no other node could take the clients of {name}; start one first");
    operator.act(Operation::DrainNode { node: node.id }).await?;
    let until = Instant::now() + Duration::from_secs(wait);
    let left = loop {
        let left = left_to_drain(look(operator, node.id).await?.as_ref())?;
        match left {
            None => break None,
            Some(left) if Instant::now() >= until => break Some(left),
            Some(_) => tokio::time::sleep(BETWEEN_LOOKS).await,
        }
    };
    let id = node.id;
    match left {
        _ if as_json => json(&json!({
            "id": id.to_string(),
            "name": node.name,
            "connections": left.unwrap_or(0),
            "drained": left.is_none(),
        })),
        None => line(format!("{name} ({id}) is drained; it can be stopped")),
        Some(left) => line(format!("{name} ({id}) drains; it has {} left", counted(left, "connection"))),
    }
}

/// Returns `true` if a node no longer renews its lease.
fn is_away(node: &ShownNode) -> bool {
    matches!(node.state, NodeState::Silent | NodeState::Lost)
}

/// Returns the number of connections of a node that drains. Returns `None` if the node is drained or has left the
/// cluster.
///
/// A node that has not noticed the request does not drain yet. Such a node does not count as drained, even if it has no
/// connections.
fn left_to_drain(node: Option<&ShownNode>) -> anyhow::Result<Option<usize>> {
    match node {
        None | Some(ShownNode { state: NodeState::Draining, connections: 0, .. }) => Ok(None),
        Some(node) if is_away(node) => {
            bail!("{} sends no sign of life any longer; see its log", harmless(&node.name))
        }
        Some(node) => Ok(Some(usize::try_from(node.connections).unwrap_or(usize::MAX))),
    }
}

/// Returns the current state of a node; `None` if it has left the cluster.
async fn look(operator: &mut Operator, node: NodeId) -> anyhow::Result<Option<ShownNode>> {
    Ok(operator.nodes().await?.into_iter().find(|it| it.id == node))
}

/// Returns the node with this id or name. A node that no longer renews its lease is found by its name only if no other
/// node with this name renews its lease. If several nodes remain, fails with a text that lists their ids.
fn find<'a>(nodes: &'a [ShownNode], named: &str) -> anyhow::Result<&'a ShownNode> {
    let by_id = nodes.iter().find(|node| node.id.to_string() == named);
    let mut by_name: Vec<_> = nodes.iter().filter(|node| node.name == named).collect();
    if by_name.iter().any(|node| !is_away(node)) {
        by_name.retain(|node| !is_away(node));
    }
    match (by_id, by_name.as_slice()) {
        (Some(node), _) => Ok(node),
        (None, [node]) => Ok(*node),
        (None, []) => bail!("there is no node {}; `lamplight node list` lists them", harmless(named)),
        (None, [_, ..]) => {
            let ids: Vec<_> = by_name.iter().map(|node| node.id.to_string()).collect();
            bail!("several nodes are called {}; give the id of one: {}", harmless(named), ids.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_model::Timestamp;

    fn node(id: u64, name: &str) -> ShownNode {
        ShownNode {
            id: NodeId(id),
            name: name.to_owned(),
            state: NodeState::Live,
            client: String::new(),
            http: String::new(),
            connections: 0,
            started: Timestamp(0),
            version: String::new(),
        }
    }

    #[test]
    fn a_node_is_named_by_its_id_or_by_a_name_that_no_other_has() {
        let nodes = [node(1, "a"), node(2, "b"), node(3, "b")];
        let found =
            |named: &str| find(&nodes, named).map(|node| node.id.0).map_err(|error| error.to_string());
        assert_eq!(found("a"), Ok(1));
        assert_eq!(found("0000000000000003"), Ok(3));
        assert_eq!(found("c").unwrap_err(), "there is no node c; `lamplight node list` lists them");
        let former = ShownNode { state: NodeState::Silent, ..node(4, "d") };
        let nodes_with_former = [former.clone(), node(5, "d")];
        assert_eq!(find(&nodes_with_former, "d").unwrap().id, NodeId(5));
        assert_eq!(find(&[former], "d").unwrap().id, NodeId(4));
        let several = found("b").unwrap_err();
        assert!(several.ends_with("give the id of one: 0000000000000002, 0000000000000003"), "{several}");
    }

    #[test]
    fn a_node_is_drained_when_it_has_said_so_itself() {
        let shown = |state, connections| ShownNode { state, connections, ..node(1, "a") };
        for (seen, expected) in [
            (None, None),
            (Some(shown(NodeState::Live, 0)), Some(0)),
            (Some(shown(NodeState::DrainRequested, 0)), Some(0)),
            (Some(shown(NodeState::Draining, 2)), Some(2)),
            (Some(shown(NodeState::Draining, 0)), None),
        ] {
            assert_eq!(left_to_drain(seen.as_ref()).unwrap(), expected, "{seen:?}");
        }
        for state in [NodeState::Silent, NodeState::Lost] {
            let error = left_to_drain(Some(&shown(state, 0))).unwrap_err().to_string();
            assert_eq!(error, "a sends no sign of life any longer; see its log");
        }
    }
}
