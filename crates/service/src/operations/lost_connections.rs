//! Finds and ends connections that are in the live records but on no worker.
//!
//! Recording the end of a connection is retried until it succeeds. The end can nevertheless be lost when a worker
//! stops, or when more than [`MAX_RETRIES`](crate::MAX_RETRIES) operations wait. Without this module, the user would
//! then stay ONLINE forever.

use crate::retries::Pending;
use crate::{Service, ServiceError};
use lamplight_core::LinkEnd;
use lamplight_model::{ConnectionId, NodeId, Now, Timestamp, User};

/// The position of the next page of [`Service::recorded_connections`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RecordedCursor {
    partition: u16,
    after: Option<u64>,
}

impl RecordedCursor {
    /// The partition of the page.
    pub(crate) fn partition(self) -> u16 {
        self.partition
    }

    /// The position of the first page of the next partition; `None` if this is the last of the `partitions` partitions.
    pub(crate) fn next_partition(self, partitions: u16) -> Option<Self> {
        let next = self.partition + 1;
        (next < partitions).then_some(Self { partition: next, after: None })
    }
}

/// A page of the connections of a node in the live records.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RecordedConnections {
    /// The connections, in no particular order, with their users.
    pub connections: Vec<(User, ConnectionId)>,
    /// The position of the next page; `None` if this is the last page.
    pub next: Option<RecordedCursor>,
}

impl Service {
    /// Reads a page of a node's connections in the live records. The default position is the first page. If a
    /// connection exists from the read of the first page to the read of the last page, it is in one of the pages.
    pub async fn recorded_connections(
        &self,
        node: NodeId,
        place: RecordedCursor,
    ) -> Result<RecordedConnections, ServiceError> {
        let RecordedCursor { partition, after } = place;
        let page = self.directory.connections_of(node, partition, after).await?;
        let next = match page.next {
            Some(after) => Some(RecordedCursor { partition, after: Some(after) }),
            None => place.next_partition(self.directory.partitions()),
        };
        Ok(RecordedConnections { connections: page.connections, next })
    }

    /// Ends connections that are on no worker. Returns their number. The time of their last bytes is unknown, so the
    /// last-seen time becomes the time when the user became ONLINE.
    ///
    /// Skips connections with an operation in the retry list, because that operation may know the time of the last
    /// bytes.
    pub async fn end_lost_connections(&self, lost: Vec<(User, ConnectionId)>, now: Now) -> usize {
        let (end, heard) = (LinkEnd::Closed, Timestamp(0));
        let mut ended = 0;
        for (user, connection) in lost {
            if self.retries.concern(connection) {
                continue;
            }
            let Ok(app) = self.app(&user) else { continue };
            let done = self.directory.update(&user, now, |presence| {
                presence.disconnect(connection, end, heard, &app.settings, now)
            });
            match done.await {
                Ok(was_there) => ended += usize::from(was_there == Some(true)),
                Err(_) => self.retries.push(Pending::Disconnect { user, connection, end, heard }),
            }
        }
        ended
    }
}
