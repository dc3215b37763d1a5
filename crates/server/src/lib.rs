//! The outer layer of a Lamplight node: the workers with their sockets, the HTTP port, the control socket and the
//! keeper.
//!
//! This crate does the input and output and reads the clock. The rules are in the crates `service` and `core`.

mod audit;
mod causes;
mod clock;
mod cluster;
mod config;
mod connection_limits;
mod console;
mod control;
mod data_folder;
mod durations;
mod facts_copy;
mod facts_store;
mod health;
mod http;
mod keeper;
mod labels;
mod live_store;
mod log_metrics;
mod lost_connections;
mod metrics;
mod network;
mod node;
mod ports;
mod probes;
mod rest;
mod shared_facts;
mod shown_settings;
mod tls;
mod token_keys;
mod web;
mod webhooks;
mod worker;

pub use clock::Clock;
pub use config::{
    Config, ConfigError, DirectoryProblem, DirectoryUrl, FactsUrl, LimitsConfig, TlsConfig, parse_address,
};
pub use console::routes as console_routes;
pub use console::{
    InvalidName, InvalidPassword, OperatorName, Operators, OperatorsError, PasswordFile, Role, ShownOperator,
    UnknownRole,
};
pub use control::{
    BlockFailure, CheckedBlock, ConsoleOperation, ConsoleOutcome, ControlClient, ControlError,
    ListsOperation, ListsOutcome, NodeState, Operation, Outcome, ShownAccount, ShownConversation,
    ShownDeadLetter, ShownFound, ShownFriend, ShownMessage, ShownNode, ShownSecret, WebhookOperation,
    WebhookOutcome, offline,
};
pub use data_folder::{DataFolderError, IfMissing, check_data_folder, examine_data_folder};
pub use facts_copy::{Copied, CopyError, copy_facts};
pub use facts_store::{FactsSettings, StoreFound, examine_store};
pub use http::{JsonBody, JsonFault};
pub use lamplight_directory_redis::{RedisFound, RedisOpenError, RedisServerFound, RedisUnfit};
pub use log_metrics::LogMetrics;
pub use network::Network;
pub use node::{Node, NodeError, Surroundings};
pub use ports::PortError;
pub use rest::document as openapi_document;
pub use shared_facts::{OtherFacts, compare_facts};
pub use shown_settings::ShownSettings;
pub use tls::{TlsError, check_certificate};
pub use token_keys::{ShownKeySource, token_keys_on_disk};
pub use web::are_built as web_is_built;
pub use webhooks::{ShownLane, WebhookTlsError, WebhooksConfig, check_webhook_tls};
