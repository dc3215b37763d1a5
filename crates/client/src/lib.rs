//! The Rust SDK of Lamplight: presence in a few calls.
//!
//! ```no_run
//! use lamplight_client::{AppId, Client, Event};
//!
//! # async fn quick_start(user_sig: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder("tcp://localhost:7400").app(AppId(1400000001)).build()?;
//! let mut events = client.events();
//!
//! client.login("alice", user_sig).await?;
//! client.set_self_status("listening").await?;
//! client.subscribe_user_status(["bob", "carol"]).await?;
//!
//! while let Some(event) = events.next().await {
//!     if let Event::StatusChanged(statuses) = event {
//!         for status in statuses {
//!             println!("{}: {} {:?}", status.user_id, status.status_type, status.custom_status);
//!         }
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The [`Client`] keeps its session alive with heartbeats and reconnects. After every reconnect, its statuses are
//! current again. It also reconnects when the server asks its clients to. While a call or a heartbeat waits for its
//! answer, the client gives up a link on which it receives nothing for 8 s. [`Client::network_changed`] reduces this
//! time to 3 s; the application calls it when the device has changed its network or has woken up. [`Client::cached`]
//! returns the statuses of the watched users, and [`Client::events`] reports their changes.
//!
//! The features `tls` and `websocket` are enabled by default. An address that needs a disabled feature is refused with
//! [`BuildError::FeatureDisabled`].
//!
//! In the source, `machine.rs` makes the decisions and `driver.rs` executes them. The limits and codes of the protocol
//! are in `lamplight-model` and `lamplight-wire`.

mod address;
mod backoff;
mod cache;
mod client;
mod driver;
mod error;
mod event;
mod event_queue;
mod link;
mod list_check;
mod lists;
mod machine;
mod path;
mod read;
mod request;
mod restore;
mod shared;
#[cfg(test)]
mod testing;
mod transport;

/// The examples of the README, compiled as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use client::Client;
pub use client::builder::ClientBuilder;
pub use error::{BuildError, Error, LinkEnd, Refused, TransportError};
pub use event::{Event, KickedBy};
pub use lists::{
    BlockListInfo, ConversationInfo, ConversationPage, FriendInfo, History, ItemFailure, SentMessage,
    UserInfo, UsersBlocked, UsersInfo,
};
pub use machine::MAX_QUEUE;
pub use request::{Abilities, Failure, LoggedIn, Statuses, Subscribed, Subscriptions, Unsubscribed};
pub use shared::Events;

// Types in the parameters and results of calls and in events.
pub use lamplight_model::{
    AllowType, AppId, BlockedUser, ClientMessageId, Code, CustomElement, CustomStatus, DeviceId, Message,
    MessageBody, Platform, PlatformSet, Profile, ProfileChange, Reason, StatusType, Timestamp, UserId,
    UserStatus, Version, Visibility,
};
