//! The data types of Lamplight. A value is parsed and checked once, when it is received; after that, its type shows
//! that it is valid.
//!
//! This crate has no clock, no randomness and no I/O.

mod app;
mod audit;
mod code;
mod conversation;
mod custom_status;
mod device;
mod extended;
mod facts_mark;
mod friend;
mod jwt;
mod login;
mod message;
mod moment;
mod profile;
mod session_event;
mod status;
mod user;
mod visibility;
mod webhook;
mod webhook_url;

pub use app::{
    App, AppKey, AppSettings, Edition, InvalidSettings, KeyRefused, Limits, MAX_KEY_BYTES, MIN_KEY_BYTES,
    MOST_KEYS, MultiDeviceMode, MultiDevicePolicy, RateLimit, Switches, Timing, WebhookSettings,
};
pub use audit::{AuditAction, AuditChange, AuditEntry, AuditOutcome, COMMAND_LINE, NewAuditEntry};
pub use code::{Code, Refusal};
pub use conversation::{Conversation, ConversationCursor};
pub use custom_status::{CustomDuration, CustomStatus, InvalidCustomDuration, InvalidCustomStatus};
pub use device::{ConnectionId, DeviceId, InvalidDeviceId, NodeId, Platform, PlatformSet, UnknownPlatform};
pub use extended::ExtendedOption;
pub use facts_mark::FactsMark;
pub use friend::Friend;
pub use jwt::{JwtSettings, KeySource, MAX_JWT_KEYS_BYTES, MIN_JWT_SECRET_BYTES, is_key_file_name};
pub use login::{EndMark, EndWhy, EndedLogin, MAX_REVOKED_ONE_BY_ONE, Revoked};
pub use message::{ClientMessageId, CustomElement, InvalidClientMessageId, Message, MessageBody};
pub use moment::{Instant, Moment, Now, Optional, Timestamp};
pub use profile::{
    AllowType, FieldValue, InvalidText, MAX_ADD_TEXT_BYTES, MAX_PROFILE_BYTES, MAX_PROFILE_FIELDS,
    MAX_REMARK_BYTES, Profile, ProfileChange, ProfileFields, check_text, fold_nick,
};
pub use session_event::{EventDevice, MAX_EVENTS_BETWEEN, SessionEvent, SessionEventKind, StatusAfter};
pub use status::{Reason, StatusType, UserStatus, Version};
pub use user::{AppId, InvalidUserId, User, UserId, quoted};
pub use visibility::{
    AwayLogins, BlockedUser, InvalidVisibility, MAX_BLOCKED, StoredRestrictions, Visibility,
};
pub use webhook::{Hook, Lane, LaneLease, NoticeContent, PushContent};
pub use webhook_url::{InvalidWebhookUrl, WebhookUrl};
