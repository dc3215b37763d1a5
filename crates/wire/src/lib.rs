//! The messages of `proto/lamplight/v1`, their framing and their size limits.
//!
//! This crate encodes and decodes bytes. It has no sockets, and does not define the effects of a message.

mod chat;
mod convert;
mod frame;
mod hot;
mod json_error;
mod read;

pub use frame::{
    FrameError, FrameLimits, Framed, MAX_LENGTH_PREFIX, MAX_SERVER_MESSAGE, NATIVE_PREAMBLE, next_frame,
    put_frame,
};
pub use hot::{EncodedStatus, LoginStatuses, StatusBatch, encode_status};
pub use json_error::{json_path, plain_json_error};
pub use read::{Unreadable, id_in_json, id_in_protobuf, read_json, read_protobuf};

/// The messages that `cargo xtask codegen` generates from `proto/lamplight/v1`, with protobuf's standard JSON mapping.
pub mod v1 {
    #![allow(
        missing_docs,
        clippy::all,
        clippy::pedantic,
        clippy::wildcard_enum_match_arm,
        clippy::unwrap_used
    )]
    include!("generated/lamplight.v1.rs");
    include!("generated/lamplight.v1.serde.rs");
}

/// The WebSocket subprotocol in which messages are JSON text.
pub const SUBPROTOCOL_JSON: &str = "lamplight.v1.json";

/// The WebSocket subprotocol in which messages are binary protobuf.
pub const SUBPROTOCOL_PROTOBUF: &str = "lamplight.v1.protobuf";
