//! The messages of `proto/lamplight/v1`, their framing and their bounds: the bytes on a socket.
//!
//! This crate knows bytes and messages. It knows neither sockets nor the effects of a message.

mod chat;
mod convert;
mod frame;
mod hot;
mod read;

pub use frame::{
    FrameError, FrameLimits, Framed, MAX_LENGTH_PREFIX, MAX_SERVER_MESSAGE, NATIVE_PREAMBLE, next_frame,
    put_frame,
};
pub use hot::{EncodedStatus, LoginStatuses, StatusBatch, encode_status};
pub use read::{Unreadable, id_in_json, id_in_protobuf, read_json, read_protobuf};

/// The messages, as `cargo xtask codegen` generates them from `proto/lamplight/v1`, with protobuf's own JSON mapping.
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

/// The WebSocket subprotocol of JSON text messages.
pub const SUBPROTOCOL_JSON: &str = "lamplight.v1.json";

/// The WebSocket subprotocol of binary protobuf messages.
pub const SUBPROTOCOL_PROTOBUF: &str = "lamplight.v1.protobuf";
