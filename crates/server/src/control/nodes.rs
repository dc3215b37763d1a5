//! Operations on the nodes of a cluster.

use crate::clock::Clock;
use lamplight_directory::{Nodes, RegisteredNode};
use lamplight_model::{Code, NodeId, Refusal, Timestamp};
use lamplight_service::{Duties, ServiceError};
use serde::{Deserialize, Serialize};

/// The state of a node, as seen by the node that answers the operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// The node renews its lease, and accepts clients.
    Live,
    /// The node renews its lease. An operator has requested a drain, which the node has not noticed yet.
    DrainRequested,
    /// The node renews its lease, but accepts no clients. It drains because an operator has requested it, or because it
    /// is about to stop.
    Draining,
    /// The node has not renewed its lease. Other nodes have its duties.
    Silent,
    /// The node has been silent for so long that other nodes end its connections.
    Lost,
}

/// A node of the cluster, as an operator sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ShownNode {
    /// The id of this run of the node.
    pub id: NodeId,
    /// The name of the node, from its setting `node_name`.
    pub name: String,
    /// The state of the node.
    pub state: NodeState,
    /// The address of the client port.
    pub client: String,
    /// The address of the HTTP port.
    pub http: String,
    /// The number of open connections at the last renewal.
    pub connections: u64,
    /// The time at which the node started.
    pub started: Timestamp,
    /// The version of the node's program.
    pub version: String,
}

/// Lists the nodes in the register, in ascending order of their start times.
pub(super) async fn list(
    duties: &Duties,
    nodes: Option<&dyn Nodes>,
    clock: &Clock,
) -> Result<Vec<ShownNode>, ServiceError> {
    let register = register(nodes)?.read(clock.now()).await?;
    let lost = duties.lost_nodes(clock.local());
    let shown = |RegisteredNode { entry, is_drain_requested, .. }: RegisteredNode| {
        let is_lost = lost.iter().any(|it| it.node == entry.id);
        let state = state(is_lost, duties.is_live(entry.id), entry.is_draining, is_drain_requested);
        let (client, http) = (entry.client_address, entry.http_address);
        let (id, name, connections) = (entry.id, entry.name, entry.connections);
        ShownNode {
            id,
            name,
            state,
            client,
            http,
            connections,
            started: entry.started,
            version: entry.version,
        }
    };
    Ok(register.nodes.into_iter().map(shown).collect())
}

fn state(is_lost: bool, is_live: bool, is_draining: bool, is_drain_requested: bool) -> NodeState {
    match (is_lost, is_live, is_draining) {
        (true, _, _) => NodeState::Lost,
        (false, false, _) => NodeState::Silent,
        (false, true, true) => NodeState::Draining,
        (false, true, false) if is_drain_requested => NodeState::DrainRequested,
        (false, true, false) => NodeState::Live,
    }
}

/// Requests a drain of a node. The node begins to drain when it next renews its lease. Returns `false` if the drain was
/// already requested.
pub(super) async fn request_drain(
    nodes: Option<&dyn Nodes>,
    node: NodeId,
    clock: &Clock,
) -> Result<bool, ServiceError> {
    let nodes = register(nodes)?;
    let known = nodes.read(clock.now()).await?.get(node).map(|it| it.is_drain_requested);
    if !nodes.request_drain(node).await? {
        let unknown = format!("there is no node {node} in the cluster");
        return Err(Refusal::because(Code::INVALID_PARAMETER, unknown).into());
    }
    Ok(known != Some(true))
}

fn register(nodes: Option<&dyn Nodes>) -> Result<&dyn Nodes, ServiceError> {
    nodes.ok_or_else(|| {
        let alone = "this server is not a node of a cluster; the setting `directory` would make it one";
        Refusal::because(Code::INVALID_PARAMETER, alone).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_shown_as_lost_before_silent_before_draining() {
        for (is_lost, is_live, is_draining, is_drain_requested, expected) in [
            (false, true, false, false, NodeState::Live),
            (false, true, false, true, NodeState::DrainRequested),
            (false, true, true, true, NodeState::Draining),
            (false, true, true, false, NodeState::Draining),
            (false, false, false, true, NodeState::Silent),
            (false, false, true, false, NodeState::Silent),
            (true, false, true, true, NodeState::Lost),
        ] {
            let found = state(is_lost, is_live, is_draining, is_drain_requested);
            assert_eq!(found, expected, "{is_lost} {is_live} {is_draining} {is_drain_requested}");
        }
    }
}
