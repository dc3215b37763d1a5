//! Logins that the application makes during a logout. Such a login waits for the end of the session, and begins the
//! next session. Later calls wait for the next session.

use super::session::{Phase, Session};
use super::{MAX_QUEUE, Machine, Turn, too_many_calls};
use crate::link::CallId;
use crate::{Error, Refused};
use lamplight_model::{Code, Moment, UserId};

impl Machine {
    /// Stores a login until the session has ended.
    pub(super) fn login_after_logout(
        &mut self,
        call: CallId,
        deadline: Moment,
        user: UserId,
        user_sig: String,
        turn: &mut Turn,
    ) {
        match &mut self.next {
            None => self.next = Some(Session::new(user, user_sig, (call, deadline), turn.now)),
            Some(next) if next.user != user => {
                let refused =
                    Refused::because(Code::INVALID_PARAMETER, "another user is logging in; log out first");
                return turn.answer(call, Err(refused.into()));
            }
            Some(next) if next.logins.len() >= MAX_QUEUE => return turn.answer(call, Err(too_many_calls())),
            Some(next) => {
                next.user_sig = user_sig;
                next.logins.push((call, deadline));
            }
        }
        // The logout needs a link. The next attempt therefore begins at once, as after any call of `login`.
        if self.session.as_ref().is_some_and(|session| matches!(session.phase, Phase::Waiting { .. })) {
            self.connect(turn);
        }
    }

    /// Begins the stored session after the end of the former session.
    pub(super) fn begin_next(&mut self, turn: &mut Turn) {
        if let Some(next) = self.next.take() {
            self.session = Some(next);
            self.connect(turn);
        }
    }

    /// Handles a refused logout: the session goes on, unless another logout waits.
    pub(super) fn logout_refused(&mut self, error: &Error, turn: &mut Turn) {
        if self.session.as_ref().is_some_and(|session| !session.is_logging_out()) {
            self.refuse_next(error, turn);
        }
    }

    /// Ends the stored session: its logins fail with `error`, and its calls with [`Error::NotLoggedIn`].
    pub(super) fn refuse_next(&mut self, error: &Error, turn: &mut Turn) {
        let Some(next) = self.next.take() else { return };
        next.logins.into_iter().for_each(|(call, _)| turn.answer(call, Err(error.clone())));
        let calls = next.queue.into_iter().filter_map(|call| call.id);
        calls.for_each(|call| turn.answer(call, Err(Error::NotLoggedIn)));
    }

    /// Ends those logins and calls of the stored session whose deadlines have passed.
    pub(super) fn expire_next(&mut self, turn: &mut Turn) {
        let Some(next) = &mut self.next else { return };
        let now = turn.now;
        next.logins.retain(|(call, deadline)| {
            if *deadline <= now {
                turn.answer(*call, Err(Error::NotSent));
            }
            *deadline > now
        });
        next.queue.retain(|call| {
            if let (true, Some(id)) = (call.deadline <= now, call.id) {
                turn.answer(id, Err(call.overdue()));
            }
            call.deadline > now
        });
        if next.logins.is_empty() {
            self.refuse_next(&Error::NotLoggedIn, turn);
        }
    }
}
