//! Who is logged in to the console. Pure: the present and the random bytes are arguments.

use super::password::StoredPassword;
use lamplight_model::Moment;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::time::Duration;

/// The most sessions at a time. One more ends the one that was used least lately.
pub const MOST_SESSIONS: usize = 64;
/// A session that nobody uses ends after this.
pub const IDLE: Duration = Duration::from_secs(60 * 60);
/// A session ends after this, however much it is used.
pub const LIFETIME: Duration = Duration::from_secs(12 * 60 * 60);

/// Bytes of a token.
pub const TOKEN_BYTES: usize = 32;

/// The sessions, by the hash of their token: who could read our memory still would not have the tokens.
#[derive(Default)]
pub struct Sessions {
    open: HashMap<[u8; 32], Session>,
}

struct Session {
    csrf_token: String,
    /// The password that it was opened with: another one ends it.
    password: StoredPassword,
    opened: Moment,
    used: Moment,
}

/// A session as it is handed to whoever opened it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Opened {
    /// For the cookie.
    pub token: String,
    /// For the header of every request that changes something.
    pub csrf_token: String,
}

/// Why a session is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    /// A person does something: the session lives on.
    Person,
    /// A page refreshes itself: nobody may be there.
    Background,
}

impl Sessions {
    /// Opens a session for whoever knew the password.
    pub fn open(
        &mut self,
        token: [u8; TOKEN_BYTES],
        csrf_token: [u8; TOKEN_BYTES],
        password: StoredPassword,
        now: Moment,
    ) -> Opened {
        self.open.retain(|_, session| session.is_open(now));
        if self.open.len() >= MOST_SESSIONS
            && let Some(oldest) = self.open.iter().min_by_key(|(_, session)| session.used)
        {
            let oldest = *oldest.0;
            self.open.remove(&oldest);
        }
        let opened = Opened { token: hex(&token), csrf_token: hex(&csrf_token) };
        let csrf_token = opened.csrf_token.clone();
        self.open.insert(hash(&opened.token), Session { csrf_token, password, opened: now, used: now });
        opened
    }

    /// The CSRF token of the session that this token opens, if it is one and not over.
    pub fn enter(&mut self, token: &str, password: &StoredPassword, by: Use, now: Moment) -> Option<String> {
        let key = hash(token);
        let session = self.open.get_mut(&key)?;
        if !session.is_open(now) || session.password != *password {
            self.open.remove(&key);
            return None;
        }
        match by {
            Use::Person => session.used = now,
            Use::Background => {}
        }
        Some(session.csrf_token.clone())
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

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Bytes as hexadecimal digits.
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
    use crate::console::PasswordFile;

    fn password() -> StoredPassword {
        let folder = tempfile::tempdir().unwrap();
        let file = PasswordFile::of(folder.path());
        file.make().unwrap();
        file.read().unwrap().unwrap()
    }

    fn seconds(seconds: u64) -> Moment {
        Moment(seconds * 1_000)
    }

    #[test]
    fn a_session_ends_when_it_is_not_used_and_in_the_end_anyway() {
        let password = password();
        let (idle, lifetime) = (IDLE.as_secs(), LIFETIME.as_secs());
        let mut sessions = Sessions::default();
        let opened = sessions.open([1; 32], [2; 32], password.clone(), seconds(0));
        let mut enter = |by, at| sessions.enter(&opened.token, &password, by, seconds(at));
        assert_eq!(enter(Use::Person, idle - 1), Some("02".repeat(32)));
        // What a page does by itself does not count.
        assert!(enter(Use::Background, idle + 100).is_some());
        assert!(enter(Use::Background, 2 * idle - 2).is_some());
        assert!(enter(Use::Background, 2 * idle - 1).is_none());
        assert!(enter(Use::Person, 0).is_none(), "what is over does not come back");

        let opened = sessions.open([1; 32], [2; 32], password.clone(), seconds(0));
        let mut enter = |at| sessions.enter(&opened.token, &password, Use::Person, seconds(at));
        (0..lifetime).step_by(600).for_each(|at| assert!(enter(at).is_some(), "at {at}"));
        assert!(enter(lifetime).is_none());
    }

    #[test]
    fn another_password_ends_the_session() {
        let (one, other) = (password(), password());
        let mut sessions = Sessions::default();
        let opened = sessions.open([1; 32], [2; 32], one.clone(), seconds(0));
        assert!(sessions.enter(&opened.token, &one, Use::Person, seconds(1)).is_some());
        assert!(sessions.enter(&opened.token, &other, Use::Person, seconds(1)).is_none());
        assert!(sessions.enter(&opened.token, &one, Use::Person, seconds(1)).is_none());
    }

    #[test]
    fn a_token_that_is_none_opens_nothing_and_a_closed_one_neither() {
        let password = password();
        let mut sessions = Sessions::default();
        let opened = sessions.open([1; 32], [2; 32], password.clone(), seconds(0));
        for token in ["", "01", &opened.csrf_token, &opened.token.to_uppercase()[..63]] {
            assert_eq!(sessions.enter(token, &password, Use::Person, seconds(1)), None, "{token}");
        }
        sessions.close(&opened.token);
        assert_eq!(sessions.enter(&opened.token, &password, Use::Person, seconds(1)), None);
    }

    #[test]
    fn one_session_too_many_ends_the_one_that_was_used_least_lately() {
        let password = password();
        let mut sessions = Sessions::default();
        let opened: Vec<Opened> = (0..MOST_SESSIONS)
            .map(|n| sessions.open([n as u8; 32], [0; 32], password.clone(), seconds(n as u64)))
            .collect();
        let enter = |n: usize, sessions: &mut Sessions| {
            sessions.enter(&opened[n].token, &password, Use::Background, seconds(100)).is_some()
        };
        assert!((0..MOST_SESSIONS).all(|n| enter(n, &mut sessions)), "as many as there may be");
        sessions.enter(&opened[0].token, &password, Use::Person, seconds(100));
        sessions.open([200; 32], [0; 32], password.clone(), seconds(101));
        assert_eq!(sessions.open.len(), MOST_SESSIONS);
        assert!(enter(0, &mut sessions) && !enter(1, &mut sessions) && enter(2, &mut sessions));
    }
}
