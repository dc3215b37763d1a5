//! The rules of presence as scripts: SPEC section 2, the devices of section 5, and how long a subscription list
//! lasts (section 3). The name of a test is the rule.
//!
//! A line is `action => what comes of it`: first what watchers see (`-` for nothing, or the status type, the
//! custom status and the reason), then which clients are told why their connection ends, and who enters (`+`)
//! or leaves (`-`) the subscription list. An action without `=>` sets the scene. `phone#1` is the first
//! connection of the phone, `phone` its newest. [`world::World::act`] is the list of all actions and questions.

// clippy.toml lets `#[test]` functions unwrap, but not what they call.
#![allow(clippy::unwrap_used)]

mod devices;
#[path = "../laws/mod.rs"]
mod laws;
mod links;
mod logins;
mod session_events;
mod status;
mod subscription_list;
mod world;
