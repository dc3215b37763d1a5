//! The events of a fleet's connections.

use crate::notice::Notice;
use crate::picture::Shown;
use std::time::Instant;

/// A message that a connection has received, or the end of a connection.
#[derive(Clone, Copy, Debug)]
pub enum News {
    /// The connection of this user is logged in.
    LoggedIn(u32),
    /// A request of this user's connection was answered successfully.
    Answered(u32),
    /// The server has committed a text message.
    Sent {
        /// The sender.
        from: u32,
        /// Whether the request was a retry of a message that was already committed.
        again: bool,
    },
    /// The connection has received a text message.
    Received {
        /// The recipient.
        to: u32,
        /// The number that the sender has chosen for the message.
        number: u32,
    },
    /// The connection was notified of a newer status of a user.
    Told {
        /// The watcher: the user whose connection was notified.
        watcher: u32,
        /// The notification.
        notice: Notice,
        /// The last status of the user in `notice` that the connection knew before the notification.
        before: Shown,
        /// The time when the bytes were read.
        at: Instant,
    },
    /// The server has closed the connection of this user.
    Gone(u32),
    /// An event that happens only if servers or stores fail, or in the measurements of a cluster.
    Rare(Rare),
}

/// An event that does not happen with a single server that works.
#[derive(Clone, Copy, Debug)]
pub enum Rare {
    /// A request of a connection was refused.
    Refused {
        /// The user whose connection has sent the request.
        user: u32,
        /// The code of the refusal.
        code: u32,
    },
    /// The server has dropped notifications about a user's lists, so the client must read the lists again.
    Reload,
    /// An answer contained a status of a user that is newer than the last status that this connection knew.
    Learned {
        /// The watcher: the user whose connection has received the answer.
        watcher: u32,
        /// The status in the answer.
        notice: Notice,
        /// The last status of the user in `notice` that the connection knew before the answer.
        before: Shown,
    },
    /// A query was answered.
    Queried {
        /// The user whose connection has sent the query.
        user: u32,
        /// The number of queried users whose status in the answer is wrong.
        wrong: u32,
    },
    /// According to the answer to a resumed login, the user does not watch some users any more.
    NotWatched,
    /// The server has dropped the subscription list of this user.
    SubscriptionsLost(u32),
}

/// The total numbers of the received notifications.
#[derive(Clone, Copy, Default, Debug)]
pub struct Travelled {
    /// The number of messages that contained notifications.
    pub messages: u64,
    /// The number of notifications in these messages.
    pub notifications: u64,
    /// The size of these messages in bytes.
    pub bytes: u64,
}
