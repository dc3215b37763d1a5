//! The number by which each connection of a program marks the database as used, with an advisory lock of PostgreSQL.

/// The first number of the advisory locks by which programs mark a database as used.
pub(crate) const LOCKS: i32 = 76_110;

/// A program that uses a database: a server, or a command that changes facts while no server runs. Each of its
/// connections has a shared advisory lock with this number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct DatabaseUser(pub(crate) i32);

impl DatabaseUser {
    /// Creates the value for this program, with a random number.
    pub(crate) fn new() -> Self {
        Self(rand::random::<i32>() & i32::MAX)
    }

    /// The two arguments of the lock.
    pub(crate) fn lock(self) -> String {
        format!("{LOCKS}, {}", self.0)
    }
}
