//! The connections of all users, on one thread with one epoll. A received notification allocates no memory.

use crate::dialect::{Dialect, Heard, LoginKind};
use crate::ledger::Ledger;
use crate::ring::Ring;
use anyhow::{Context, Result, ensure};
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};
use std::io::{self, Read, Write};
use std::mem;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// The maximum number of bytes of one read.
const READ_BYTES: usize = 64 * 1024;
/// The largest message of a server, in bytes.
const LARGEST_MESSAGE: usize = 64 * 1024;
/// The maximum number of events that one call returns.
const EVENTS: usize = 1_024;
/// The shortest wait for which a timeout in whole milliseconds is exact enough.
const COARSE_WAIT: Duration = Duration::from_millis(20);
/// The token of the timer among the events.
const TIMER: u64 = u64::MAX;
/// The size of a small receive buffer. The kernel raises it to its minimum.
const SMALL_BUFFER: usize = 4_096;

/// The state of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// There is no connection.
    Closed,
    /// The login is not complete.
    LoggingIn,
    /// The login is complete.
    LoggedIn,
}

struct Connection {
    stage: Stage,
    socket: Option<TcpStream>,
    /// The step that the connection is at, as numbered by the dialect.
    step: u32,
    /// The bytes of an incomplete message.
    partial: Vec<u8>,
    /// Bytes that the socket has not accepted yet.
    unsent: Vec<u8>,
    /// Whether the epoll reports when the socket accepts bytes again.
    awaits_room: bool,
    /// Whether the connection reads.
    reads: bool,
}

/// The connections of all users to one server.
pub struct Generator {
    dialect: Box<dyn Dialect>,
    server: SocketAddr,
    epoll: OwnedFd,
    timer: OwnedFd,
    connections: Vec<Connection>,
    /// The changes that were made, and the notifications that have arrived.
    pub ledger: Ledger,
    began: Instant,
    events: Vec<Event>,
    scratch: Box<[u8]>,
    out: Vec<u8>,
    logged_in: Vec<u32>,
    gone: Vec<u32>,
    bytes_read: u64,
    reads: u64,
}

impl Generator {
    /// Creates the generator, with a closed connection for each user.
    pub fn new(dialect: Box<dyn Dialect>, server: SocketAddr, ring: Ring) -> Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let timer =
            timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
        epoll::add(&epoll, &timer, EventData::new_u64(TIMER), EventFlags::IN | EventFlags::ET)?;
        let connection = || Connection {
            stage: Stage::Closed,
            socket: None,
            step: 0,
            partial: Vec::new(),
            unsent: Vec::new(),
            awaits_room: false,
            reads: true,
        };
        let event = Event { flags: EventFlags::empty(), data: EventData::new_u64(0) };
        Ok(Self {
            dialect,
            server,
            epoll,
            timer,
            connections: (0..ring.users()).map(|_| connection()).collect(),
            ledger: Ledger::new(ring),
            began: Instant::now(),
            events: vec![event; EVENTS],
            scratch: vec![0; LARGEST_MESSAGE + READ_BYTES].into_boxed_slice(),
            out: Vec::with_capacity(READ_BYTES),
            logged_in: Vec::new(),
            gone: Vec::new(),
            bytes_read: 0,
            reads: 0,
        })
    }

    /// Returns the time since the generator was created, in nanoseconds.
    pub fn now(&self) -> u64 {
        self.began.elapsed().as_nanos() as u64
    }

    /// Returns the CPU time of this thread.
    pub fn cpu() -> Duration {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    }

    /// Returns the state of the user's connection.
    pub fn stage(&self, user: u32) -> Stage {
        self.connections[user as usize].stage
    }

    /// Returns the number of bytes that were read, and the number of reads.
    pub fn traffic(&self) -> (u64, u64) {
        (self.bytes_read, self.reads)
    }

    /// Sets the kind of the next logins.
    pub fn set_login(&mut self, kind: LoginKind) {
        self.dialect.set_login(kind);
    }

    /// Removes and returns the users whose logins were completed.
    pub fn take_logged_in(&mut self) -> Vec<u32> {
        mem::take(&mut self.logged_in)
    }

    /// Removes and returns the users whose connections the server has ended.
    pub fn take_gone(&mut self) -> Vec<u32> {
        mem::take(&mut self.gone)
    }

    /// Connects a user and starts the login. `small` selects the smallest receive buffer that the kernel allows.
    pub fn connect(&mut self, user: u32, small: bool) -> Result<()> {
        let socket = Socket::new(Domain::for_address(self.server), Type::STREAM, Some(Protocol::TCP))
            .context("cannot create a socket; is the limit of open files too low?")?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        if small {
            socket.set_recv_buffer_size(SMALL_BUFFER)?;
        }
        match socket.connect(&SockAddr::from(self.server)) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(Errno::INPROGRESS.raw_os_error()) => {}
            Err(error) => return Err(error).with_context(|| format!("cannot connect to {}", self.server)),
        }
        let socket = TcpStream::from(socket);
        let flags = EventFlags::IN | EventFlags::OUT;
        epoll::add(&self.epoll, &socket, EventData::new_u64(user.into()), flags)?;
        let connection = &mut self.connections[user as usize];
        connection.partial.clear();
        connection.unsent.clear();
        self.dialect.open(user, &mut connection.unsent);
        (connection.socket, connection.step) = (Some(socket), 0);
        (connection.stage, connection.awaits_room, connection.reads) = (Stage::LoggingIn, true, true);
        Ok(())
    }

    /// Sends the request that creates a user's watch list on the server. Its completion is reported like that of a
    /// login. Returns `false` if the server needs no such request.
    pub fn subscribe(&mut self, user: u32) -> Result<bool> {
        let connection = &mut self.connections[user as usize];
        let mut out = Vec::new();
        if !self.dialect.subscribe(user, &mut connection.step, &mut out) {
            return Ok(false);
        }
        connection.stage = Stage::LoggingIn;
        self.send(user, &out)?;
        Ok(true)
    }

    /// Ends the connection of a user like a broken link, with a reset.
    pub fn cut(&mut self, user: u32) {
        let connection = &mut self.connections[user as usize];
        if let Some(socket) = connection.socket.take() {
            // Without the option, the connection ends in an orderly way.
            let _ = SockRef::from(&socket).set_linger(Some(Duration::ZERO));
        }
        connection.stage = Stage::Closed;
        self.ledger.forget(user);
    }

    /// Makes a connection read, or stop reading.
    pub fn set_reads(&mut self, user: u32, reads: bool) -> Result<()> {
        self.connections[user as usize].reads = reads;
        self.watch(user)
    }

    /// Sends a change of a user. The change was due at the time `due`, in nanoseconds.
    pub fn change(&mut self, user: u32, due: u64) -> Result<()> {
        let number = self.ledger.change(user, due);
        let mut out = mem::take(&mut self.out);
        out.clear();
        self.dialect.change(user, number, &mut out);
        let sent = self.send(user, &out);
        self.out = out;
        sent
    }

    /// Waits for at most `wait`, and reads the bytes that have arrived.
    pub fn pump(&mut self, wait: Duration) -> Result<()> {
        let value = Timespec { tv_sec: wait.as_secs() as i64, tv_nsec: wait.subsec_nanos().into() };
        let timeout = if wait.is_zero() || wait >= COARSE_WAIT {
            Some(value)
        } else {
            // The timeout of the call is in whole milliseconds, the timer in nanoseconds.
            let once = Itimerspec { it_interval: Timespec::default(), it_value: value };
            timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &once)?;
            None
        };
        let count = match epoll::wait(&self.epoll, self.events.as_mut_slice(), timeout.as_ref()) {
            Ok(count) => count,
            Err(Errno::INTR) => 0,
            Err(error) => return Err(error.into()),
        };
        for index in 0..count {
            let Event { flags, data } = self.events[index];
            if data.u64() == TIMER {
                continue;
            }
            let user = data.u64() as u32;
            if flags.contains(EventFlags::OUT) {
                self.flush(user)?;
            }
            let ended = flags.intersects(EventFlags::HUP | EventFlags::ERR);
            if self.connections[user as usize].reads {
                if ended || flags.contains(EventFlags::IN) {
                    self.read(user)?;
                }
            } else if ended {
                self.end(user);
            }
        }
        Ok(())
    }

    fn read(&mut self, user: u32) -> Result<()> {
        let now = self.now();
        let connection = &mut self.connections[user as usize];
        let Some(socket) = &mut connection.socket else { return Ok(()) };
        let kept = connection.partial.len();
        self.scratch[..kept].copy_from_slice(&connection.partial);
        let length = match socket.read(&mut self.scratch[kept..kept + READ_BYTES]) {
            Ok(0) => {
                self.end(user);
                return Ok(());
            }
            Ok(length) => length,
            Err(error) if is_blocked(&error) => return Ok(()),
            Err(_) => {
                self.end(user);
                return Ok(());
            }
        };
        self.bytes_read += length as u64;
        self.reads += 1;
        let bytes = &self.scratch[..kept + length];
        self.out.clear();
        let mut heard = Heard::new(&mut self.ledger, user, now);
        let used = self
            .dialect
            .read(user, &mut connection.step, bytes, &mut self.out, &mut heard)
            .with_context(|| format!("user {user} has received {}", excerpt(bytes)))?;
        if heard.is_ended() {
            self.end(user);
            return Ok(());
        }
        if heard.is_logged_in() && connection.stage == Stage::LoggingIn {
            connection.stage = Stage::LoggedIn;
            self.logged_in.push(user);
        }
        let rest = &bytes[used..];
        ensure!(
            rest.len() <= LARGEST_MESSAGE,
            "the server sent a message of more than {LARGEST_MESSAGE} bytes"
        );
        connection.partial.clear();
        connection.partial.extend_from_slice(rest);
        if !self.out.is_empty() {
            let out = mem::take(&mut self.out);
            let sent = self.send(user, &out);
            self.out = out;
            sent?;
        }
        Ok(())
    }

    /// Sends bytes, or keeps them until the socket accepts them.
    fn send(&mut self, user: u32, bytes: &[u8]) -> Result<()> {
        let connection = &mut self.connections[user as usize];
        let Some(socket) = &mut connection.socket else { return Ok(()) };
        let mut rest = bytes;
        while connection.unsent.is_empty() && !rest.is_empty() {
            match socket.write(rest) {
                Ok(sent) => rest = &rest[sent..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_blocked(&error) => break,
                Err(_) => {
                    self.end(user);
                    return Ok(());
                }
            }
        }
        connection.unsent.extend_from_slice(rest);
        let awaits_room = !connection.unsent.is_empty();
        if awaits_room != connection.awaits_room {
            connection.awaits_room = awaits_room;
            self.watch(user)?;
        }
        Ok(())
    }

    fn flush(&mut self, user: u32) -> Result<()> {
        let unsent = mem::take(&mut self.connections[user as usize].unsent);
        self.send(user, &unsent)
    }

    /// Sets which events of a connection the epoll reports.
    fn watch(&mut self, user: u32) -> Result<()> {
        let connection = &self.connections[user as usize];
        let Some(socket) = &connection.socket else { return Ok(()) };
        let mut flags = EventFlags::empty();
        flags.set(EventFlags::IN, connection.reads);
        flags.set(EventFlags::OUT, connection.awaits_room);
        epoll::modify(&self.epoll, socket, EventData::new_u64(user.into()), flags)?;
        Ok(())
    }

    fn end(&mut self, user: u32) {
        self.connections[user as usize].socket = None;
        self.connections[user as usize].stage = Stage::Closed;
        self.ledger.forget(user);
        self.gone.push(user);
    }
}

fn is_blocked(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected | io::ErrorKind::Interrupted
    )
}

/// Returns the beginning of a message as text, for an error.
fn excerpt(bytes: &[u8]) -> String {
    const LONGEST: usize = 160;
    bytes[..bytes.len().min(LONGEST)].escape_ascii().to_string()
}
