//! The driver: a task that passes messages and the time to the machine, and executes the effects that the machine
//! returns. The machine makes all decisions.

#[cfg(test)]
mod tests;

use crate::backoff::Jitter;
use crate::link::CallId;
use crate::machine::{Effect, Input};
use crate::request::{Answer, Request};
use crate::shared::SharedLock;
use crate::transport::Connection;
use crate::{Error, LinkEnd, TransportError};
use futures_util::future::{self, BoxFuture};
use lamplight_model::{Moment, UserId};
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

/// The maximum number of commands in the driver's queue. The driver takes each command as soon as it has handled the
/// previous one.
pub(crate) const MAX_COMMANDS: usize = 64;

/// A function that opens a connection to the server.
pub(crate) type Dial = Box<dyn Fn() -> BoxFuture<'static, Result<Connection, TransportError>> + Send>;

/// A command of a client to the driver.
pub(crate) enum Command {
    Login { user: UserId, user_sig: String, waiter: Waiter },
    Call { request: Request, waiter: Waiter },
    NetworkChanged,
}

/// A caller who waits for the answer to a call.
pub(crate) struct Waiter {
    pub(crate) deadline: Instant,
    pub(crate) reply: oneshot::Sender<Result<Answer, Error>>,
}

/// The driver's task.
pub(crate) struct Driver {
    shared: SharedLock,
    commands: mpsc::Receiver<Command>,
    dial: Dial,
    socket: Socket,
    waiters: HashMap<CallId, Waiter>,
    last_call: u64,
    origin: Instant,
}

enum Socket {
    None,
    Opening(BoxFuture<'static, Result<Connection, TransportError>>),
    Open(Connection),
}

impl Driver {
    /// Creates a driver without a connection.
    pub(crate) fn new(shared: SharedLock, commands: mpsc::Receiver<Command>, dial: Dial) -> Self {
        let (socket, waiters) = (Socket::None, HashMap::new());
        Self { shared, commands, dial, socket, waiters, last_call: 0, origin: Instant::now() }
    }

    /// Runs until the last client was dropped.
    pub(crate) async fn run(mut self) {
        loop {
            let deadline = self.shared.lock().machine().next_deadline();
            let wake = deadline.map(|moment| self.origin + Duration::from_millis(moment.0));
            let input = tokio::select! {
                command = self.commands.recv() => match command {
                    Some(command) => self.input(command),
                    None => return,
                },
                input = self.socket.next() => input,
                () = sleep_until(wake.unwrap_or(self.origin)), if wake.is_some() => Input::Tick,
            };
            self.step(input);
        }
    }

    fn input(&mut self, command: Command) -> Input {
        match command {
            Command::Login { user, user_sig, waiter } => {
                let (call, deadline) = self.keep(waiter);
                Input::Login { call, deadline, user, user_sig }
            }
            Command::Call { request, waiter } => {
                let (call, deadline) = self.keep(waiter);
                Input::Call { call, deadline, request }
            }
            Command::NetworkChanged => Input::NetworkChanged,
        }
    }

    fn keep(&mut self, waiter: Waiter) -> (CallId, Moment) {
        self.last_call += 1;
        let (call, deadline) = (CallId(self.last_call), self.moment(waiter.deadline));
        self.waiters.insert(call, waiter);
        (call, deadline)
    }

    fn step(&mut self, input: Input) {
        let mut next = Some(input);
        while let Some(input) = next.take() {
            let now = self.moment(Instant::now());
            let effects = self.shared.lock().step(input, now, Jitter::new(rand::random()));
            for effect in effects {
                if matches!(effect, Effect::CloseLink) {
                    next = None;
                }
                if let Err(end) = self.apply(effect) {
                    next = Some(Input::LinkEnded(end));
                }
            }
        }
    }

    fn apply(&mut self, effect: Effect) -> Result<(), LinkEnd> {
        match effect {
            Effect::OpenLink => self.socket = Socket::Opening((self.dial)()),
            Effect::CloseLink => self.socket = Socket::None,
            Effect::Send(message) => {
                if let Socket::Open(connection) = &mut self.socket {
                    return connection.send(message);
                }
            }
            Effect::Answer(call, result) => {
                if let Some(waiter) = self.waiters.remove(&call) {
                    // The caller may have dropped its future.
                    let _ = waiter.reply.send(result);
                }
            }
            Effect::Emit(_) => unreachable!("the readers have it"),
        }
        Ok(())
    }

    fn moment(&self, instant: Instant) -> Moment {
        let elapsed = instant.saturating_duration_since(self.origin);
        Moment(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.shared.lock().close();
    }
}

impl Socket {
    /// Returns the next input from the socket. Cancel-safe: dropping the future loses no input.
    async fn next(&mut self) -> Input {
        match self {
            Self::None => future::pending().await,
            Self::Opening(opening) => match opening.await {
                Ok(connection) => {
                    *self = Self::Open(connection);
                    Input::LinkUp
                }
                Err(error) => {
                    *self = Self::None;
                    Input::LinkEnded(LinkEnd::Failed(error))
                }
            },
            Self::Open(connection) => match connection.next().await {
                Ok(message) => Input::Received(Box::new(message)),
                Err(end) => Input::LinkEnded(end),
            },
        }
    }
}
