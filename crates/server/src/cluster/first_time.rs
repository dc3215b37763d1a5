//! The time of a node that starts.

use crate::clock::Clock;
use lamplight_core::common_ahead;
use lamplight_directory::{DirectoryError, Nodes, Register};
use lamplight_model::Timestamp;
use std::time::Duration;

/// The interval at which a starting node reads the register.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Sets the clock to the time of the directory. If the time of the nodes in the register still differs from the
/// directory's time, sets the clock to the time of the nodes.
///
/// After a failover or a loss of data, the running nodes may not have measured the clock of the new server yet, and the
/// register may have lost them. If the epoch `epoch` of the directory is younger than `lease`, this function therefore
/// waits until the register tells their time, but at most for `lease`. `is_first` tells whether this may be the first
/// node of its cluster.
pub async fn measure_clock(
    nodes: &dyn Nodes,
    clock: &Clock,
    epoch: Timestamp,
    lease: Duration,
    is_first: bool,
) -> Result<(), DirectoryError> {
    let began = clock.local();
    let mut has_waited = false;
    loop {
        let sent = clock.local();
        let register = nodes.read(clock.now()).await?;
        let answered = clock.local();
        let common = register.common_ahead(lease);
        if common.is_none()
            && may_tell_soon(&register, epoch, lease, is_first)
            && answered.since(began) < lease
        {
            if !has_waited {
                let lease_ms = lease.as_millis();
                tracing::info!(
                    lease_ms,
                    "waiting for the time of the running nodes, because Redis may have lost data"
                );
            }
            has_waited = true;
            tokio::time::sleep(BETWEEN_LOOKS).await;
            continue;
        }
        clock.measure(sent, answered, register.at);
        let of_all = || common_ahead(register.nodes.iter().map(|node| node.entry.clock_ahead));
        clock.begin_ahead(common.unwrap_or_else(of_all));
        return Ok(());
    }
}

/// Whether the register may tell the time of the running nodes soon, because the epoch has just begun.
fn may_tell_soon(register: &Register, epoch: Timestamp, lease: Duration, is_first: bool) -> bool {
    // If the clock of the store is behind the epoch, the clock has moved back.
    register.at.wall.since(epoch) < lease && !(register.nodes.is_empty() && is_first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_directory::{NodeEntry, RegisteredNode};
    use lamplight_model::{Moment, Now};

    #[test]
    fn after_the_beginning_of_an_epoch_a_node_waits_for_the_time_of_the_others() {
        let (lease, epoch) = (Duration::from_secs(9), Timestamp(1_000_000));
        for (name, at, nodes, is_first, expected) in [
            ("the first node of a cluster", 10, 0, true, false),
            ("the register was lost", 8_999, 0, false, true),
            ("nodes that have not measured the clock", 8_999, 2, true, true),
            ("the epoch has begun a lease ago", 9_000, 2, false, false),
            ("the clock has moved back", -60_000, 0, false, true),
        ] {
            let wall = Timestamp(epoch.0.saturating_add_signed(at));
            let node = RegisteredNode { entry: NodeEntry::default(), beat: 1, is_drain_requested: false };
            let register = Register { at: Now { moment: Moment(0), wall }, nodes: vec![node; nodes] };
            assert_eq!(may_tell_soon(&register, epoch, lease, is_first), expected, "{name}");
        }
    }
}
