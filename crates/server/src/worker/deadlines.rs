//! The deadlines of a worker's connections.
//!
//! Each received byte moves a deadline, but an entry of the timer wheel cannot be moved. An entry therefore only
//! schedules a check; the connection stores the deadline.

use super::connection::{Admission, Connection, Session};
use super::connections::slot_of;
use lamplight_core::DeadlineWheel;
use lamplight_model::{Moment, Now};
use std::cell::RefCell;
use std::time::Duration;

/// The precision of heartbeat timeouts, in milliseconds.
pub const TICK_MS: u64 = 250;

/// The `check_at` of a connection for which no check is scheduled.
pub const NO_CHECK: Moment = Moment(u64::MAX);

/// The scheduled checks, by slots of connections. A check may meet a later connection in the slot, which has its own
/// [`Connection::check_at`].
pub struct Deadlines {
    wheel: RefCell<DeadlineWheel<u32>>,
}

/// The kind of a deadline that has passed.
pub enum Passed {
    /// The client did not log in in time.
    Login,
    /// The connection is beyond the limits, and its protocol was not known in time for a refusal.
    Refused,
    /// No bytes were received for this duration, the heartbeat timeout.
    Silent(Duration),
    /// The UserSig or JWT has expired, or the app no longer has its key.
    UserSig,
    /// The peer did not close the connection in time after the last message.
    Closing,
}

impl Deadlines {
    /// Makes an empty schedule.
    pub fn new(now: Moment) -> Self {
        Self { wheel: RefCell::new(DeadlineWheel::new(TICK_MS, now)) }
    }

    /// Returns `true` if a tick has passed since the last [`Self::advance`].
    pub fn tick_is_due(&self, now: Moment) -> bool {
        self.wheel.borrow().next_tick() <= now
    }

    /// Advances the timer wheel to the time `now`. Returns the slots of the connections to check.
    pub fn advance(&self, now: Moment) -> Vec<u32> {
        let mut due = Vec::new();
        self.wheel.borrow_mut().advance(now, &mut due);
        due
    }

    /// Schedules a check of a connection's deadlines at `at`, if no earlier check is scheduled.
    pub fn check_by(&self, connection: &mut Connection, at: Moment) {
        if at < connection.check_at {
            connection.check_at = at;
            self.wheel.borrow_mut().schedule(slot_of(connection.id) as u32, at);
        }
    }

    /// Returns a deadline that has passed, if the connection has one. If there is none, schedules the next check.
    pub fn check(&self, connection: &mut Connection, now: Now) -> Option<Passed> {
        if connection.check_at > now.moment {
            return None;
        }
        connection.check_at = NO_CHECK;
        let next = connection.next_check(now);
        match &connection.session {
            Session::New { .. } if connection.admission == Admission::Refused && next <= now.moment => {
                return Some(Passed::Refused);
            }
            Session::Closing { .. } if next <= now.moment => return Some(Passed::Closing),
            Session::New { .. } if next <= now.moment && !connection.is_busy() => {
                return Some(Passed::Login);
            }
            Session::LoggedIn(login)
                if connection.heard + login.heartbeat_timeout.into() <= now.moment
                    && connection.ending.is_none() =>
            {
                return Some(Passed::Silent(now.moment.since(connection.heard)));
            }
            Session::LoggedIn(login) if login.sig_expires.begins() <= now.wall && !connection.is_busy() => {
                return Some(Passed::UserSig);
            }
            Session::New { .. } | Session::LoggedIn(_) | Session::Closing { .. } => {}
        }
        self.check_by(connection, next);
        None
    }
}
