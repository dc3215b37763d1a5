//! The Rust SDK of Lamplight: who is there, in a few calls.
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
//! The [`Client`] keeps its session alive: heartbeats, reconnects, and a picture that is right again after
//! every reconnect, without the application doing anything. It comes back as soon as the server has asked its clients to, and
//! gives a link up on which a call is not answered within 8 s; an application that knows that the device has changed its
//! network or has woken says so with [`Client::network_changed`], and then 3 s are enough. What it knows of the watched users is in
//! [`Client::cached`]; whatever enters, changes in or leaves it is told by [`Client::events`].
//!
//! The features `tls` and `websocket`, both enabled by default, can be left out. An address that needs one that is not enabled is
//! refused with [`BuildError::FeatureDisabled`].
//!
//! Inside, `machine.rs` decides and `driver.rs` acts. This crate does not know the server's rules: those
//! that it must know (limits, codes) come from `lamplight-model` and `lamplight-wire`.

mod address;
mod backoff;
mod cache;
mod client;
mod driver;
mod error;
mod event;
mod event_queue;
mod link;
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

pub use client::builder::ClientBuilder;
pub use client::{Client, MAX_CALLS};
pub use error::{BuildError, Error, LinkEnd, Refused, TransportError};
pub use event::{Event, KickedBy};
pub use lists::{
    ConversationInfo, ConversationPage, FriendInfo, History, ItemFailure, SentMessage, UserInfo, UsersInfo,
};
pub use request::{Abilities, Failure, LoggedIn, Statuses, Subscribed, Subscriptions, Unsubscribed};
pub use shared::Events;

// The nouns that the calls and events are made of.
pub use lamplight_model::{
    AllowType, AppId, ClientMessageId, Code, CustomElement, CustomStatus, DeviceId, Message, MessageBody,
    Platform, PlatformSet, Profile, ProfileChange, Reason, StatusType, Timestamp, UserId, UserStatus,
    Version,
};
