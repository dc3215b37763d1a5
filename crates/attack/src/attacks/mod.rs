//! Every attack, in the order of the table.

mod connections;
mod console_body;
mod console_login;
mod frames;
mod hot_user;
mod many_watchers;
mod mishaps;
mod slow_http;
mod slow_readers;
mod smuggling;
mod user_sigs;
mod webhooks;
mod websocket;

use crate::scene::Attack;

/// All attacks.
pub const ATTACKS: &[Attack] = &[
    console_body::EIGHT,
    console_body::TWENTY_FOUR,
    slow_http::SLOW,
    smuggling::SMUGGLING,
    smuggling::PIPELINING,
    console_login::FLOOD,
    user_sigs::FORGED,
    user_sigs::INFLATED,
    user_sigs::FOREIGN_ACCOUNT,
    frames::MALFORMED,
    frames::OVERSIZE,
    frames::UNFINISHED,
    websocket::FLOOD,
    connections::MANY,
    slow_readers::SLOW,
    many_watchers::BUSY,
    hot_user::HOT,
    webhooks::HOSTILE,
    mishaps::CLOSED_STDERR,
    mishaps::FULL_STDERR,
    mishaps::CORRUPT_JOURNAL,
    mishaps::DELETED_LOCK,
];
