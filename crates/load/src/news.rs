//! The events of a fleet's connections.

use crate::notice::Notice;
use crate::picture::Shown;
use std::time::Instant;

/// A message that was received on a connection, or the end of a connection.
#[derive(Clone, Copy, Debug)]
pub enum News {
    /// The connection is logged in.
    LoggedIn(u32),
    /// A request of this connection was answered.
    Answered(u32),
    /// A message of this user was committed.
    Sent {
        /// The sender.
        from: u32,
        /// `true` if the request was a retry of a committed message.
        again: bool,
    },
    /// The connection has received a text message.
    Received {
        /// The recipient's connection.
        to: u32,
        /// The number that the sender gave to the message.
        number: u32,
    },
    /// The connection was notified of a newer status of a user.
    Told {
        /// The watcher's connection.
        watcher: u32,
        /// The notification.
        notice: Notice,
        /// The status that the connection had received before.
        before: Shown,
        /// The time when the bytes were read.
        at: Instant,
    },
    /// The server has closed the connection.
    Gone(u32),
    /// An event of failing servers or stores, or an event that only measurements of a cluster cause.
    Rare(Rare),
}

/// An event that does not happen while a single server runs without a fault.
#[derive(Clone, Copy, Debug)]
pub enum Rare {
    /// A request of this connection was refused.
    Refused {
        /// The connection.
        user: u32,
        /// The code of the refusal.
        code: u32,
    },
    /// The server has dropped notifications of a user's lists. The user must read the lists again.
    Reload,
    /// An answer had a newer status than the connection had.
    Learned {
        /// The watcher's connection.
        watcher: u32,
        /// The status in the answer.
        notice: Notice,
        /// The status that the connection had received before.
        before: Shown,
    },
    /// A query was answered.
    Queried {
        /// The connection.
        user: u32,
        /// The number of queried users whose status in the answer is wrong.
        wrong: u32,
    },
    /// The answer to a resumed login shows that the user no longer watches some users.
    NotWatched,
    /// The server has dropped the subscription list of this user.
    SubscriptionsLost(u32),
}

/// The totals of the received notifications.
#[derive(Clone, Copy, Default, Debug)]
pub struct Travelled {
    /// The number of messages that contained notifications.
    pub messages: u64,
    /// The number of notifications in these messages.
    pub notifications: u64,
    /// The size of these messages in bytes.
    pub bytes: u64,
}
