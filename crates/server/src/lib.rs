//! The shell of a Lamplight node: workers with their sockets, the HTTP port, the control socket, the keeper.
//!
//! It moves bytes and time; what they mean is decided in `service` and `core`.

mod clock;
mod config;
mod console;
mod control;
mod doors;
mod durations;
mod http;
mod keeper;
mod lost_connections;
mod metrics;
mod node;
mod rest;
mod tls;
mod web;
mod webhooks;
mod worker;

pub use clock::Clock;
pub use config::{Config, ConfigError, LimitsConfig, TlsConfig, WebhooksConfig};
pub use console::{InvalidPassword, PasswordFile};
pub use control::{
    ControlClient, ControlError, ListsOperation, ListsOutcome, Operation, Outcome, ShownAccount,
    ShownConversation, ShownDeadLetter, ShownFriend, ShownLane, ShownMessage, WebhookOperation,
    WebhookOutcome, offline,
};
pub use http::{JsonBody, JsonFault};
pub use node::{Node, NodeError};
pub use rest::document as openapi_document;
pub use web::are_built as web_is_built;
pub use webhooks::Network;
