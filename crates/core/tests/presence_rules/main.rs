//! The rules of presence as scripts: SPEC section 2, the devices of section 5, and the lifetime of a subscription list
//! (section 3). The name of a test is the rule.
//!
//! A line is `action => result`. The result begins with the visible change: `-` if there is none, or the status type,
//! the custom status and the reason. Each closed connection with its cause follows. Last are the users who were added
//! to (`+`) or removed from (`-`) the subscription list. A line without `=>` is preparation, and its result is not
//! compared. `phone#1` is the first connection of the phone, and `phone` is its newest. [`world::World::act`] defines
//! all actions.

// clippy.toml allows `unwrap` in `#[test]` functions, but not in functions that they call.
#![allow(clippy::unwrap_used)]

mod devices;
mod durations;
#[path = "../laws/mod.rs"]
mod laws;
mod links;
mod logins;
mod session_events;
mod status;
mod subscription_list;
mod world;
