//! Connections that the live records have, and of which nobody has the socket: how they are listed and ended.
//!
//! The end of a connection is tried again until it is recorded. It is lost all the same with a worker that stops, or
//! where more ends wait than [`MAX_RETRIES`](crate::MAX_RETRIES): then its user would stay ONLINE for ever.

use crate::retries::Pending;
use crate::{Service, ServiceError};
use lamplight_core::LinkEnd;
use lamplight_model::{ConnectionId, NodeId, Now, Timestamp, User};

/// Where the next page of [`Service::recorded_connections`] begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RecordedCursor {
    partition: u16,
    after: Option<u64>,
}

/// Connections of a node, as live records have them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RecordedConnections {
    /// The connections, in no particular order, with their users.
    pub connections: Vec<(User, ConnectionId)>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<RecordedCursor>,
}

impl Service {
    /// Some of the connections that live records have as those of a node, from the default place on. One that is there
    /// from the first page to the last is in one of them.
    pub async fn recorded_connections(
        &self,
        node: NodeId,
        place: RecordedCursor,
    ) -> Result<RecordedConnections, ServiceError> {
        let RecordedCursor { partition, after } = place;
        let page = self.directory.connections_of(node, partition, after).await?;
        let is_last = partition + 1 >= self.directory.partitions();
        let next = match page.next {
            Some(after) => Some(RecordedCursor { partition, after: Some(after) }),
            None if is_last => None,
            None => Some(RecordedCursor { partition: partition + 1, after: None }),
        };
        Ok(RecordedConnections { connections: page.connections, next })
    }

    /// Ends connections that are open nowhere. Nobody knows when they were heard last: not before their user came
    /// ONLINE. Says how many there were in the records; one whose end waits to be tried again is left to that, since
    /// it may know more.
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
