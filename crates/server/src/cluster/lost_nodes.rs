//! The work that a lost node leaves to the others: its connections are ended, and what it has begun is completed.

use super::Cluster;
use lamplight_core::{Duty, LostNode, pause_after_ended};
use lamplight_service::{ComparedCursor, RecordedCursor, RevokedCursor, ServiceError, UnenteredCursor};
use std::sync::Arc;
use std::time::Duration;

/// The pause between two pages of records whose restrictions are compared with the facts. Other operations use the
/// stores in the pauses.
const BETWEEN_COMPARED: Duration = Duration::from_millis(5);

impl Cluster {
    /// Clears lost nodes until the task is aborted.
    pub(super) async fn clear_lost_nodes(self: Arc<Self>) {
        loop {
            self.register_read.notified().await;
            self.clear_all(self.service.duties().lost_nodes(self.clock.local())).await;
        }
    }

    /// Ends the connections of these lost nodes, one node after another, so that the limit of connections per second
    /// applies to all of them. Then [finishes](Self::finish) all nodes that have no connection any more, in one pass.
    pub(super) async fn clear_all(&self, lost: Vec<LostNode>) {
        let mut cleared = Vec::new();
        for lost in lost {
            match self.clear(lost).await {
                Ok(true) => cleared.push((lost.node, lost.beat)),
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "a lost node could not be cleared; trying again"),
            }
        }
        // Read again, because clearing may have taken long: a node may have come back, and each is silent for longer.
        let mut lost = self.service.duties().lost_nodes(self.clock.local());
        lost.retain(|it| cleared.contains(&(it.node, it.beat)));
        if let Err(error) = self.finish(&lost).await {
            tracing::warn!(%error, "the work of lost nodes could not be completed; trying again");
        }
    }

    /// Ends the connections of a lost node in the partitions of this node. Covers all partitions if
    /// [`LostNode::is_everywhere`] is `true`. Stops early if the node has come back. Returns whether this node should
    /// finish the lost node: no record of any partition has a connection of it.
    async fn clear(&self, lost: LostNode) -> Result<bool, ServiceError> {
        let mut ended = 0;
        let cleared = self.end_connections(lost, &mut ended).await;
        if ended > 0 {
            self.metrics.cluster().cleared_connections.inc_by(ended);
            tracing::warn!(node = %lost.node, ended, "a node of the cluster is lost; its connections were ended");
        }
        // Each node forgets by itself a lost node that is not in the register. For a lost node in the register, the
        // work of one node is enough, because the search reads all partitions.
        let may_be_finished = !lost.is_registered || self.service.duties().has(Duty::Whole);
        Ok(cleared? && may_be_finished && self.service.has_no_connections(lost.node).await?)
    }

    /// Adds the number of ended connections to `ended`. Returns whether all pages were read without a failure.
    async fn end_connections(&self, lost: LostNode, ended: &mut u64) -> Result<bool, ServiceError> {
        let mut failed = 0;
        let mut place = Some(RecordedCursor::default());
        while let Some(from) = place {
            // The lost node may have come back. If this node is cut off, it cannot notice that. It then counts no node
            // as lost.
            let is_lost = |it: &LostNode| (it.node, it.beat) == (lost.node, lost.beat);
            if !self.service.duties().lost_nodes(self.clock.local()).iter().any(is_lost) {
                return Ok(false);
            }
            let page = self.service.clear_lost_node(lost, from, self.clock.now()).await?;
            *ended += page.ended as u64;
            failed += page.failed;
            place = page.next;
            tokio::time::sleep(pause_after_ended(page.ended)).await;
        }
        Ok(failed == 0)
    }

    /// Completes the work of lost nodes without connections: ends the logins that they have not completed, carries out
    /// their kicks and deletions, compares the restrictions of all records with the facts, and then removes the nodes
    /// from the register. A node that the register has lost is forgotten instead (`Duties::forget`). If all of the nodes
    /// have left the register ([`LostNode::has_left`]), they are only forgotten.
    ///
    /// One comparison is enough for all of the nodes, because it does not depend on which node has made a change.
    async fn finish(&self, lost: &[LostNode]) -> Result<(), ServiceError> {
        if let Some(first) = UnenteredCursor::first(lost, self.clock.now()) {
            self.end_unentered(first).await?;
            self.carry_out_revocations(lost).await?;
            self.compare_restrictions().await?;
        }
        for lost in lost {
            match lost.is_registered {
                true => _ = self.nodes.remove_lost(lost.node, lost.beat).await?,
                false => self.service.duties().forget(lost.node),
            }
        }
        Ok(())
    }

    /// Ends the logins that lost nodes have recorded in the facts and that have not entered a live record.
    async fn end_unentered(&self, first: UnenteredCursor) -> Result<(), ServiceError> {
        let mut place = Some(first);
        let mut ended = 0;
        while let Some(from) = place {
            let page = self.service.end_unentered(from, self.clock.now()).await?;
            ended += page.ended;
            place = page.next;
            tokio::time::sleep(BETWEEN_COMPARED).await;
        }
        if ended > 0 {
            tracing::info!(ended, "logins that lost nodes have not completed were ended");
        }
        Ok(())
    }

    /// Carries out kicks and deletions of accounts that lost nodes have committed to the facts only.
    async fn carry_out_revocations(&self, lost: &[LostNode]) -> Result<(), ServiceError> {
        let mut place = RevokedCursor::first(lost, self.clock.now());
        while let Some(from) = place {
            place = self.service.carry_out_revocations(from, self.clock.now()).await?;
            tokio::time::sleep(BETWEEN_COMPARED).await;
        }
        Ok(())
    }

    /// Compares the restrictions of all live records with the facts. A lost node may have committed a change that has
    /// not reached the live record.
    async fn compare_restrictions(&self) -> Result<(), ServiceError> {
        let mut place = Some(ComparedCursor::default());
        while let Some(from) = place {
            place = self.service.compare_restrictions(from, self.clock.now()).await?;
            tokio::time::sleep(BETWEEN_COMPARED).await;
        }
        Ok(())
    }
}
