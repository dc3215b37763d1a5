//! The protocol of a server, as a client speaks it: bytes in, bytes out. No socket and no clock.

use crate::ledger::Ledger;
use anyhow::Result;

/// The client's side of a server's protocol, for all connections of the generator.
///
/// Each connection has a `step`. It is 0 when the connection is opened. The dialect defines its other values.
pub trait Dialect {
    /// Appends the bytes that a client sends as soon as it is connected.
    fn open(&mut self, user: u32, out: &mut Vec<u8>);

    /// Reads all complete messages in `bytes`, and appends answers to `out`. Returns the number of bytes that were
    /// read. Fails if the bytes are not valid in the protocol, or if the server refuses a request.
    fn read(
        &mut self,
        user: u32,
        step: &mut u32,
        bytes: &[u8],
        out: &mut Vec<u8>,
        heard: &mut Heard<'_>,
    ) -> Result<usize>;

    /// Appends the bytes with which a user makes the change with this number.
    fn change(&mut self, user: u32, number: u32, out: &mut Vec<u8>);

    /// Appends the request with which a logged-in user creates a watch list on the server, and returns `true`. The
    /// answer to this request is reported with [`Heard::log_in`], like the answer to a login. Returns `false` if the
    /// server stores no watch lists, or already has the watch list of this user.
    fn subscribe(&mut self, _user: u32, _step: &mut u32, _out: &mut Vec<u8>) -> bool {
        false
    }

    /// Sets the kind of the next logins, for a protocol that distinguishes them.
    fn set_login(&mut self, _kind: LoginKind) {}
}

/// The kind of a login.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LoginKind {
    /// The login of an application that starts.
    Start,
    /// The login of an SDK whose connection was lost.
    Return,
}

/// Records the messages that one connection receives in the ledger.
pub struct Heard<'a> {
    ledger: &'a mut Ledger,
    watcher: u32,
    now: u64,
    logged_in: bool,
    ended: bool,
}

impl<'a> Heard<'a> {
    /// Creates a receiver for the connection of this user; `now` is in nanoseconds.
    pub fn new(ledger: &'a mut Ledger, watcher: u32, now: u64) -> Self {
        Self { ledger, watcher, now, logged_in: false, ended: false }
    }

    /// Records the state of a user: the number of a change, or 0.
    pub fn told(&mut self, user: u32, number: u32) {
        self.ledger.told(self.watcher, user, number, self.now);
    }

    /// Records the state of a user: the number of a change, 0, or `None` if the user is offline.
    pub fn state(&mut self, user: u32, state: Option<u32>) {
        match state {
            Some(number) => self.told(user, number),
            None => self.ledger.told_offline(self.watcher, user),
        }
    }

    /// Records that the login is complete.
    pub fn log_in(&mut self) {
        self.logged_in = true;
    }

    /// Whether the login was completed.
    pub fn is_logged_in(&self) -> bool {
        self.logged_in
    }

    /// Records that the server has announced the end of the connection.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Whether the server has announced the end of the connection.
    pub fn is_ended(&self) -> bool {
        self.ended
    }
}

#[cfg(test)]
pub mod testing {
    //! A connection for tests of dialects.

    use super::{Dialect, Heard};
    use crate::ledger::{Counts, Ledger};
    use crate::ring::Ring;

    /// A connection of user 0 in a ring of fifty users. In the current phase, user 1 has made the change with the
    /// number 1.
    pub struct Line<D> {
        pub dialect: D,
        pub ledger: Ledger,
        pub step: u32,
        pub sent: Vec<u8>,
        pub logged_in: bool,
        pub ended: bool,
        kept: Vec<u8>,
    }

    impl<D: Dialect> Line<D> {
        pub fn open(mut dialect: D) -> Self {
            let mut ledger = Ledger::new(Ring::new(50).unwrap());
            ledger.begin(16, None);
            ledger.change(1, 0);
            let mut sent = Vec::new();
            dialect.open(0, &mut sent);
            Self { dialect, ledger, step: 0, sent, logged_in: false, ended: false, kept: Vec::new() }
        }

        /// Receives these bytes one by one, so that every message arrives in pieces.
        pub fn hear(&mut self, bytes: &[u8]) {
            for byte in bytes {
                self.kept.push(*byte);
                let mut heard = Heard::new(&mut self.ledger, 0, 1_000);
                let (step, sent) = (&mut self.step, &mut self.sent);
                let used = self.dialect.read(0, step, &self.kept, sent, &mut heard).unwrap();
                self.logged_in |= heard.is_logged_in();
                self.ended |= heard.is_ended();
                self.kept.drain(..used);
            }
        }

        /// Receives all these bytes in one piece. Returns the number of bytes that the dialect has used.
        pub fn hear_at_once(&mut self, bytes: &[u8]) -> anyhow::Result<usize> {
            let mut heard = Heard::new(&mut self.ledger, 0, 1_000);
            let used = self.dialect.read(0, &mut self.step, bytes, &mut self.sent, &mut heard)?;
            self.logged_in |= heard.is_logged_in();
            self.ended |= heard.is_ended();
            Ok(used)
        }

        pub fn counts(&self) -> Counts {
            self.ledger.counts
        }

        /// Removes and returns the bytes that were sent.
        pub fn take_sent(&mut self) -> String {
            String::from_utf8_lossy(&std::mem::take(&mut self.sent)).into_owned()
        }

        pub fn has_read_everything(&self) -> bool {
            self.kept.is_empty()
        }
    }
}
