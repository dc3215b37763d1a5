//! The target for the bodies of the server API's commands, sent by an admin.
//!
//! Input: a byte that selects the command, the [cuts](crate::cuts), and the body.

use super::query::{COMMANDS, code};
use super::{ADMIN, Framing, at_node};
use crate::cuts;

/// Runs one input.
pub fn run(data: &[u8]) {
    let Some((command, rest)) = data.split_first() else { return };
    let (lengths, body) = cuts::split(rest);
    let command = COMMANDS[usize::from(*command) % COMMANDS.len()];
    let framing = if lengths.is_empty() { Framing::Whole } else { Framing::Chunks(lengths) };
    at_node(|node| {
        let query = format!("sdkappid={}&identifier={ADMIN}&usersig={}&random=1", node.app, node.user_sig);
        let head = format!("POST /v4/{command}?{query} HTTP/1.1\r\nHost: x\r\n");
        code(&node.ask(&head, body, framing));
    });
}
