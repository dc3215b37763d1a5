//! The rules of presence as pure functions.
//!
//! This crate has no clock, no randomness, no I/O and no `async`. The current time is an argument. The same inputs give
//! the same outputs in the same order. A transition returns what has changed, and the caller acts on it.
//!
//! Other crates handle sockets, messages and databases.

mod conflation;
mod crowd_pace;
mod custom;
mod deadlines;
mod device;
mod gathering;
mod interest;
mod key_refresh;
mod lane_leasing;
mod lists_mark;
mod login_line;
mod losses;
mod mailbox;
mod membership;
mod missed;
mod multi_device;
mod pace;
mod packed;
mod pending_events;
mod policy;
mod presence;
mod pushing;
mod quota;
mod readiness;
mod reconnect;
mod record_epoch;
mod request_pace;
mod restricted;
mod retention;
mod saved;
mod shared;
mod shared_clock;
mod signatures;
mod subscriptions;
mod thinning;
mod touched;
mod transition;
mod unsettled;
mod versioned;
mod views;
mod visibility;
mod watch_graph;
mod watch_reasons;

pub use conflation::{ConflationRate, Conflator};
pub use crowd_pace::CrowdPace;
pub use deadlines::DeadlineWheel;
pub use device::{Connect, Device, Link, LinkEnd};
pub use gathering::Gathering;
pub use interest::{InterestTable, SubjectObserver};
pub use key_refresh::{BETWEEN_DEMANDS, Demand, KEPT_FOR, KeyRefresh, RENEW_AFTER};
pub use lane_leasing::{LANE_LEASE, LANE_REQUEST, LANE_TAKE_OVER, LaneLeasing, LanePermit, LeaseCall};
pub use login_line::{
    LOGIN_LINE_PLACES, LOGIN_LINE_PLACES_PER_ADDRESS, LoginArrival, LoginLine, LoginTicket,
};
pub use losses::{Loss, Losses, first_version};
pub use mailbox::Hub;
pub use membership::{Duty, LeaseTimes, LostNode, Membership, Sighting, pause_after_ended};
pub use multi_device::{Contender, victims};
pub use pace::{MinimumRate, Pace, PaceFault, PaceLimits, PacePhase};
pub use pending_events::{MAX_PENDING_EVENTS, PendingEvents};
pub use policy::{Abilities, Call, Gate, Notifications, abilities, check_batch, check_call, notifications};
pub use presence::{
    Admission, Connected, Expired, Presence, Reassert, Reasserted, RefusedLogin, UserFacts, lacks_change,
};
pub use pushing::{PushNotice, push_notice};
pub use quota::{FailureWindow, SlidingWindow};
pub use readiness::{Course, Readiness, Sign, Verdict};
pub use reconnect::ReconnectPace;
pub use record_epoch::{RecordEpoch, is_record_lost};
pub use request_pace::{Received, RequestPace, RequestRate};
pub use retention::{RetentionClock, STEADY_FOR};
pub use saved::SavedPresence;
pub use shared::{PackedPresence, SharedPresence};
pub use shared_clock::{SharedClock, common_ahead};
pub use signatures::Signatures;
pub use subscriptions::{Subscribed, Subscriptions};
pub use thinning::{LEVELS, Level, Step, Sum, Thinning};
pub use touched::Told;
pub use transition::{EndCause, Ended, Removed, Transition};
pub use unsettled::{MAX_UNSETTLED_ENDS, UnsettledEnds};
pub use versioned::Versioned;
pub use visibility::{MOST_SHOWN_APART, Restrictions, ShownStatus, status_for};
pub use watch_graph::{Restricted, SubjectKey, WatchGraph, WatcherKey};
pub use watch_reasons::{Reasons, Why};
