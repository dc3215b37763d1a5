//! The target for the query string of the server API.
//!
//! Input: a byte that selects the command, and the query string. In the string, `{app}` and `{sig}` are replaced by the
//! credentials of an admin. Bytes that are not allowed in a request line are escaped.

use super::{Answer, Framing, at_node};

/// The commands of the server API that are fuzzed. `status_feed` is left out, because it waits for changes.
pub const COMMANDS: &[&str] = &[
    "openim/query_online_status",
    "openim/querystate",
    "im_open_login_svc/account_import",
    "im_open_login_svc/multiaccount_import",
    "im_open_login_svc/account_check",
    "im_open_login_svc/account_delete",
    "im_open_login_svc/kick",
    "sns/friend_add",
    "sns/friend_get",
    "sns/friend_update",
    "sns/friend_delete",
    "sns/friend_check",
    "profile/portrait_set",
    "profile/portrait_get",
    "openim/sendmsg",
    "openim/set_custom_status",
    "openim/subscribe_status",
    "openim/unsubscribe_status",
    "openim/get_subscriptions",
];

/// The code of an internal error, which no input may cause.
const INTERNAL: u64 = 70_500;

/// Runs one input.
pub fn run(data: &[u8]) {
    let Some((command, rest)) = data.split_first() else { return };
    let command = COMMANDS[usize::from(*command) % COMMANDS.len()];
    let mut query = String::new();
    for byte in rest {
        match byte {
            b'!'..=b'~' if !b"\"#<>".contains(byte) => query.push(char::from(*byte)),
            _ => query.push_str(&format!("%{byte:02X}")),
        }
    }
    at_node(|node| {
        let query = query.replace("{app}", &node.app.to_string()).replace("{sig}", &node.user_sig);
        // The server refuses heads of this size.
        if query.len() > 16 * 1_024 {
            return;
        }
        let head = format!("POST /v4/{command}?{query} HTTP/1.1\r\nHost: x\r\n");
        code(&node.ask(&head, b"{}", Framing::Whole));
    });
}

/// Checks the form of an answer of the server API, and returns its code.
///
/// # Panics
///
/// If the answer has another form, or reports an internal error.
pub fn code(answer: &Answer) -> u64 {
    assert_eq!(answer.status, 200, "{answer:?}");
    let json = answer.json.as_ref().unwrap_or_else(|| panic!("no JSON: {answer:?}"));
    let code = json["ErrorCode"].as_u64().unwrap_or_else(|| panic!("no code: {answer:?}"));
    assert_ne!(code, INTERNAL, "{answer:?}");
    assert_eq!(json["ActionStatus"], if code == 0 { "OK" } else { "FAIL" }, "{answer:?}");
    assert_eq!(json["ErrorInfo"].as_str().map(str::is_empty), Some(code == 0), "{answer:?}");
    code
}
