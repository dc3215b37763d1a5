//! The sessions of operators who are logged in to the console. Pure: the current time and the random bytes are
//! arguments. Sessions can be stored as JSON, for nodes that share sessions.

use super::operators_file::{Operator, OperatorName};
use lamplight_model::Moment;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::time::Duration;

/// The maximum number of sessions at a time. Beyond this maximum, the operator with the most sessions loses the session
/// that was least recently used.
pub const MOST_SESSIONS: usize = 64;
/// The time without use after which a session ends.
pub const IDLE: Duration = Duration::from_secs(60 * 60);
/// The time after the login at which a session ends, even if it is in use.
pub const LIFETIME: Duration = Duration::from_secs(12 * 60 * 60);

/// The number of bytes in a token.
pub const TOKEN_BYTES: usize = 32;

/// The sessions, by the hashes of their tokens. The tokens are not stored, so the memory of the process does not reveal
/// them.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Sessions {
    open: HashMap<String, Session>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Session {
    csrf_token: String,
    /// The operator, as read at the login. If the role or password changes, or the operator is removed, the session
    /// ends.
    operator: Operator,
    #[serde(with = "millis")]
    opened: Moment,
    #[serde(with = "millis")]
    used: Moment,
}

/// Stores a moment as its milliseconds.
mod millis {
    use super::Moment;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(moment: &Moment, to: S) -> Result<S::Ok, S::Error> {
        moment.0.serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Moment, D::Error> {
        u64::deserialize(from).map(Moment)
    }
}

/// The secrets of a new session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opened {
    /// The value of the session's cookie.
    pub token: String,
    /// The value of the header `x-csrf-token`. Every request that changes something must have this header.
    pub csrf_token: String,
}

/// The origin of a request: a person, or an automatic refresh of the page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    /// A person uses the page. The session stays alive.
    Person,
    /// The page refreshes itself. This does not keep the session alive.
    Background,
}

impl Sessions {
    /// Opens a session for an operator whose password has been verified.
    pub fn open(
        &mut self,
        token: [u8; TOKEN_BYTES],
        csrf_token: [u8; TOKEN_BYTES],
        operator: Operator,
        now: Moment,
    ) -> Opened {
        // Sessions that were opened before a change of the operator's password or role have ended. They are removed so
        // that they do not count towards the limit.
        self.open.retain(|_, session| {
            session.is_open(now) && (session.operator.name != operator.name || session.operator == operator)
        });
        if self.open.len() >= MOST_SESSIONS
            && let Some(ended) = self.least_missed()
        {
            self.open.remove(&ended);
        }
        let opened = Opened { token: hex(&token), csrf_token: hex(&csrf_token) };
        let csrf_token = opened.csrf_token.clone();
        self.open.insert(hash(&opened.token), Session { csrf_token, operator, opened: now, used: now });
        opened
    }

    /// Returns the session that must end when there are too many: the least recently used session of the operator with
    /// the most sessions. Repeated logins of one operator therefore do not end the sessions of others.
    fn least_missed(&self) -> Option<String> {
        let mut counts: HashMap<&OperatorName, usize> = HashMap::new();
        for session in self.open.values() {
            *counts.entry(&session.operator.name).or_default() += 1;
        }
        let most = counts.values().max().copied()?;
        let of_the_most = self.open.iter().filter(|(_, session)| counts[&session.operator.name] == most);
        of_the_most.min_by_key(|(_, session)| session.used).map(|(key, _)| key.clone())
    }

    /// Returns the CSRF token and the operator of the session with this token. Returns `None` if the session has ended.
    /// `find` reads the current state of an operator.
    pub fn enter<E>(
        &mut self,
        token: &str,
        find: impl FnOnce(&OperatorName) -> Result<Option<Operator>, E>,
        by: Use,
        now: Moment,
    ) -> Result<Option<(String, Operator)>, E> {
        let key = hash(token);
        let Some(session) = self.open.get_mut(&key) else { return Ok(None) };
        let is_same = find(&session.operator.name)?.is_some_and(|operator| operator == session.operator);
        if !session.is_open(now) || !is_same {
            self.open.remove(&key);
            return Ok(None);
        }
        match by {
            Use::Person => session.used = now,
            Use::Background => {}
        }
        Ok(Some((session.csrf_token.clone(), session.operator.clone())))
    }

    /// Returns the name of the operator of a session; `None` if the session does not exist.
    pub fn operator_of(&self, token: &str) -> Option<OperatorName> {
        self.open.get(&hash(token)).map(|session| session.operator.name.clone())
    }

    /// Returns the last use of a session by a person; `None` if the session does not exist.
    pub fn last_use(&self, token: &str) -> Option<Moment> {
        self.open.get(&hash(token)).map(|session| session.used)
    }

    /// Ends a session.
    pub fn close(&mut self, token: &str) {
        self.open.remove(&hash(token));
    }
}

impl Session {
    fn is_open(&self, now: Moment) -> bool {
        now.since(self.used) < IDLE && now.since(self.opened) < LIFETIME
    }
}

/// Returns the SHA-256 hash of a token in hexadecimal digits.
fn hash(token: &str) -> String {
    hex(&Sha256::digest(token))
}

/// Writes bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::password::StoredPassword;
    use crate::console::roles::Role;
    use std::convert::Infallible;

    fn ann(role: Role, password: &str) -> Operator {
        let (name, password) = (OperatorName::new("ann").unwrap(), StoredPassword::read(password));
        Operator { name, role, password }
    }

    /// Calls [`Sessions::enter`]. `now` is the stored operator, or `None` if the operator was removed. Returns the CSRF
    /// token; `None` if the session has ended.
    fn enter(
        sessions: &mut Sessions,
        token: &str,
        now: Option<&Operator>,
        by: Use,
        at: Moment,
    ) -> Option<String> {
        let Ok(entered) = sessions.enter(token, |_| Ok::<_, Infallible>(now.cloned()), by, at);
        entered.map(|(csrf_token, _)| csrf_token)
    }

    fn seconds(seconds: u64) -> Moment {
        Moment(seconds * 1_000)
    }

    #[test]
    fn a_session_ends_when_it_is_not_used_and_in_the_end_anyway() {
        let ann = ann(Role::Viewer, "hash");
        let (idle, lifetime) = (IDLE.as_secs(), LIFETIME.as_secs());
        let mut sessions = Sessions::default();
        let opened = sessions.open([1; 32], [2; 32], ann.clone(), seconds(0));
        let mut at = |by, at| enter(&mut sessions, &opened.token, Some(&ann), by, seconds(at));
        assert_eq!(at(Use::Person, idle - 1), Some("02".repeat(32)));
        // Automatic refreshes of a page do not keep the session alive.
        assert!(at(Use::Background, idle + 100).is_some());
        assert!(at(Use::Background, 2 * idle - 2).is_some());
        assert!(at(Use::Background, 2 * idle - 1).is_none());
        assert!(at(Use::Person, 0).is_none(), "an ended session stays ended");

        let opened = sessions.open([1; 32], [2; 32], ann.clone(), seconds(0));
        let mut at = |at| enter(&mut sessions, &opened.token, Some(&ann), Use::Person, seconds(at));
        (0..lifetime).step_by(600).for_each(|second| assert!(at(second).is_some(), "at {second}"));
        assert!(at(lifetime).is_none());
    }

    #[test]
    fn another_password_or_role_ends_the_session_and_so_does_the_end_of_the_operator() {
        let was = ann(Role::Operator, "hash");
        for now in [
            Some(ann(Role::Operator, "other")),
            Some(ann(Role::Admin, "hash")),
            Some(ann(Role::Viewer, "hash")),
            None,
        ] {
            let mut sessions = Sessions::default();
            let opened = sessions.open([1; 32], [2; 32], was.clone(), seconds(0));
            let mut as_of = |now: Option<&Operator>| {
                enter(&mut sessions, &opened.token, now, Use::Person, seconds(1)).is_some()
            };
            assert!(as_of(Some(&was)));
            assert!(!as_of(now.as_ref()), "{now:?}");
            assert!(!as_of(Some(&was)), "an ended session stays ended");
        }
    }

    #[test]
    fn operators_that_cannot_be_read_end_no_session() {
        let ann = ann(Role::Viewer, "hash");
        let mut sessions = Sessions::default();
        let opened = sessions.open([1; 32], [2; 32], ann.clone(), seconds(0));
        assert_eq!(
            sessions.enter(&opened.token, |_| Err("unreadable"), Use::Person, seconds(1)),
            Err("unreadable")
        );
        assert!(enter(&mut sessions, &opened.token, Some(&ann), Use::Person, seconds(1)).is_some());
    }

    #[test]
    fn a_token_that_is_none_opens_nothing_and_a_closed_one_neither() {
        let ann = ann(Role::Viewer, "hash");
        let mut sessions = Sessions::default();
        let opened = sessions.open([1; 32], [2; 32], ann.clone(), seconds(0));
        let now = Some(&ann);
        for token in ["", "01", &opened.csrf_token, &opened.token.to_uppercase()[..63]] {
            assert_eq!(enter(&mut sessions, token, now, Use::Person, seconds(1)), None, "{token}");
        }
        sessions.close(&opened.token);
        assert_eq!(enter(&mut sessions, &opened.token, now, Use::Person, seconds(1)), None);
    }

    #[test]
    fn one_session_too_many_ends_the_one_that_was_used_least_lately() {
        let ann = ann(Role::Viewer, "hash");
        let mut sessions = Sessions::default();
        let opened: Vec<Opened> = (0..MOST_SESSIONS)
            .map(|n| sessions.open([n as u8; 32], [0; 32], ann.clone(), seconds(n as u64)))
            .collect();
        let is_open = |n: usize, sessions: &mut Sessions| {
            enter(sessions, &opened[n].token, Some(&ann), Use::Background, seconds(100)).is_some()
        };
        assert!((0..MOST_SESSIONS).all(|n| is_open(n, &mut sessions)), "all of the most sessions allowed");
        enter(&mut sessions, &opened[0].token, Some(&ann), Use::Person, seconds(100));
        sessions.open([200; 32], [0; 32], ann.clone(), seconds(101));
        assert_eq!(sessions.open.len(), MOST_SESSIONS);
        assert!(is_open(0, &mut sessions) && !is_open(1, &mut sessions) && is_open(2, &mut sessions));
    }

    #[test]
    fn whoever_logs_in_again_and_again_ends_their_own_sessions() {
        let (ann, bob) =
            (ann(Role::Viewer, "hash"), Operator { name: OperatorName::admin(), ..ann(Role::Admin, "b") });
        let mut sessions = Sessions::default();
        let of_bob = sessions.open([250; 32], [0; 32], bob.clone(), seconds(0));
        for n in 0..2 * MOST_SESSIONS {
            sessions.open([n as u8; 32], [0; 32], ann.clone(), seconds(n as u64 + 1));
        }
        assert_eq!(sessions.open.len(), MOST_SESSIONS);
        assert!(enter(&mut sessions, &of_bob.token, Some(&bob), Use::Person, seconds(200)).is_some());
    }
}
