//! The control socket in the data folder. The command line uses it to send operations to a running node. Any process
//! that can open the socket may request every operation. Requests and answers are JSON objects, one per line.

mod acts;
mod client;
mod console;
mod error;
mod executor;
mod line;
mod lists;
mod nodes;
mod offline;
mod operation;
mod socket;
mod webhooks;

pub use client::ControlClient;
pub use console::{ConsoleOperation, ConsoleOutcome};
pub use error::ControlError;
pub use lists::{
    BlockFailure, CheckedBlock, ListsOperation, ListsOutcome, ShownConversation, ShownFriend, ShownMessage,
};
pub use nodes::{NodeState, ShownNode};
pub use offline::offline;
pub use operation::{Operation, Outcome, ShownAccount, ShownFound, ShownSecret};
pub use webhooks::{ShownDeadLetter, WebhookOperation, WebhookOutcome};

pub(crate) use line::socket_path;
pub(crate) use socket::serve;
