//! The bare loop: one thread with one epoll that writes the bytes of Lamplight's notifications to the watchers of each
//! change, and does nothing else. No server that sends these bytes through sockets can be much cheaper.
//!
//! Like a worker of Lamplight, the bare loop combines changes. All changes that were read in one round are sent with
//! one write for each connection.

use crate::dialect::{Dialect, Heard};
use crate::names::{self, NAME_BYTES, TEXT_BYTES};
use crate::peers::{Kind, Peer, Setup, Started};
use crate::ring::Ring;
use anyhow::{Context, Result, bail, ensure};
use lamplight_model::{CustomStatus, Platform, PlatformSet, Reason, StatusType, Timestamp, UserId};
use lamplight_model::{UserStatus, Version};
use lamplight_wire::{StatusBatch, encode_status};
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::env;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

/// The description of this peer.
pub const PEER: Peer = Peer {
    name: "bare",
    label: "bare loop",
    program: "",
    package: "",
    kind: Kind::UpperBound,
    keeps_states: false,
    notes: &["not a server but the upper bound: it writes the bytes, and knows nothing; one thread"],
    module: None,
    start,
};

fn start(setup: &Setup<'_>) -> Result<Started> {
    let port = crate::server::free_port()?;
    let program = env::current_exe()?;
    let mut command = setup.command(program.to_str().context("the path of this program is not UTF-8")?)?;
    command.args(["--bare-loop", &port.to_string(), "--users", &setup.ring.users().to_string()]);
    setup.started(command, port, String::new(), Box::new(Bare))
}

/// The number of bytes of a request: the name of the user and a text.
const REQUEST_BYTES: usize = NAME_BYTES + TEXT_BYTES;
/// The text of the request with which a user logs in.
const HELLO: &[u8; TEXT_BYTES] = b"hello       ";
/// The answer to the request [`HELLO`].
const WELCOME: &[u8] = b"\x00";

/// The client's side. Requests have a fixed length, and answers are frames of Lamplight.
struct Bare;

impl Dialect for Bare {
    fn open(&mut self, user: u32, out: &mut Vec<u8>) {
        names::put_user(out, user);
        out.extend_from_slice(HELLO);
    }

    fn read(
        &mut self,
        _: u32,
        _: &mut u32,
        bytes: &[u8],
        _: &mut Vec<u8>,
        heard: &mut Heard<'_>,
    ) -> Result<usize> {
        let mut at = 0;
        while let Some((message, taken)) = frame(&bytes[at..])? {
            at += taken;
            if message.is_empty() {
                heard.log_in();
            } else {
                super::lamplight::read_status_changed(message, heard)?;
            }
        }
        Ok(at)
    }

    fn change(&mut self, user: u32, number: u32, out: &mut Vec<u8>) {
        names::put_user(out, user);
        names::put_text(out, number);
    }
}

fn frame(bytes: &[u8]) -> Result<Option<(&[u8], usize)>> {
    use lamplight_wire::{Framed, MAX_SERVER_MESSAGE, next_frame};
    match next_frame(bytes, MAX_SERVER_MESSAGE)? {
        Framed::Frame { message, taken } => Ok(Some((message, taken))),
        Framed::Incomplete => Ok(None),
    }
}

/// The maximum number of events in one round.
const EVENTS: usize = 1_024;
/// The token of the listener among the events.
const LISTENER: u64 = u64::MAX;
/// The maximum number of bytes of one read.
const READ_BYTES: usize = 16 * 1024;

/// One user: the connection, the current status, and the watched users who have changed in one round.
#[derive(Default)]
struct Member {
    slot: Option<usize>,
    text: [u8; TEXT_BYTES],
    /// The watched users who have changed in this round.
    marks: Vec<u32>,
}

/// The server's side.
struct Loop {
    ring: Ring,
    epoll: std::os::fd::OwnedFd,
    members: Vec<Member>,
    sockets: Vec<Option<TcpStream>>,
    /// The user of each socket; `None` before the first request.
    users: Vec<Option<u32>>,
    free: Vec<usize>,
    marked: Vec<u32>,
    status: Template,
    out: Vec<u8>,
}

/// The encoding of a status in a batch, with the positions of the user's name and of the text in it.
struct Template {
    element: Vec<u8>,
    name_at: usize,
    text_at: usize,
}

/// Serves at this port until the process is killed.
pub fn serve(port: u16, ring: Ring) -> Result<()> {
    let listener = listen(port)?;
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    let member = || Member { marks: Vec::with_capacity(32), ..Member::default() };
    let mut it = Loop {
        ring,
        epoll,
        members: (0..ring.users()).map(|_| member()).collect(),
        sockets: Vec::new(),
        users: Vec::new(),
        free: Vec::new(),
        marked: Vec::new(),
        status: Template::new()?,
        out: Vec::with_capacity(READ_BYTES),
    };
    let mut events = vec![Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; EVENTS];
    let mut scratch = vec![0; READ_BYTES];
    loop {
        let count = match epoll::wait(&it.epoll, events.as_mut_slice(), None) {
            Ok(count) => count,
            Err(Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        };
        for &Event { data, .. } in &events[..count] {
            match data.u64() {
                LISTENER => it.accept(&listener)?,
                slot => it.read(slot as usize, &mut scratch)?,
            }
        }
        it.tell()?;
    }
}

fn listen(port: u16) -> Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&SockAddr::from(SocketAddr::from(([127, 0, 0, 1], port))))?;
    socket.listen(4_096)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

impl Loop {
    fn accept(&mut self, listener: &TcpListener) -> Result<()> {
        loop {
            let socket = match listener.accept() {
                Ok((socket, _)) => socket,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // The peer has reset the connection before it was accepted.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                Err(error) => return Err(error.into()),
            };
            socket.set_nonblocking(true)?;
            socket.set_nodelay(true)?;
            let slot = self.free.pop().unwrap_or_else(|| {
                self.sockets.push(None);
                self.users.push(None);
                self.sockets.len() - 1
            });
            epoll::add(&self.epoll, &socket, EventData::new_u64(slot as u64), EventFlags::IN)?;
            self.sockets[slot] = Some(socket);
        }
    }

    fn read(&mut self, slot: usize, scratch: &mut [u8]) -> Result<()> {
        let Some(socket) = &mut self.sockets[slot] else { return Ok(()) };
        let length = match socket.read(scratch) {
            Ok(0) => {
                self.close(slot);
                return Ok(());
            }
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(_) => {
                self.close(slot);
                return Ok(());
            }
        };
        let (requests, rest) = scratch[..length].as_chunks::<REQUEST_BYTES>();
        ensure!(rest.is_empty(), "a request was divided");
        for request in requests {
            let (name, text) = request.split_at(NAME_BYTES);
            let user = names::user_of(name).filter(|user| *user < self.ring.users());
            let user = user.context("a request of an unknown user")?;
            let member = &mut self.members[user as usize];
            if text == HELLO {
                member.slot = Some(slot);
                self.users[slot] = Some(user);
                self.write(slot, WELCOME)?;
            } else {
                member.text.copy_from_slice(text);
                // Like Lamplight, the bare loop also notifies the user's own connection.
                for watcher in self.ring.neighbours(user).chain([user]) {
                    let marks = &mut self.members[watcher as usize].marks;
                    if marks.is_empty() {
                        self.marked.push(watcher);
                    }
                    if !marks.contains(&user) {
                        marks.push(user);
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes one frame to each marked connection.
    fn tell(&mut self) -> Result<()> {
        let mut marked = std::mem::take(&mut self.marked);
        for watcher in marked.drain(..) {
            let mut marks = std::mem::take(&mut self.members[watcher as usize].marks);
            if let Some(slot) = self.members[watcher as usize].slot {
                let mut out = std::mem::take(&mut self.out);
                out.clear();
                begin_frame(&mut out, marks.len() * self.status.element.len());
                for user in &marks {
                    self.status.put(*user, &self.members[*user as usize].text, &mut out);
                }
                let written = self.write(slot, &out);
                self.out = out;
                written?;
            }
            marks.clear();
            self.members[watcher as usize].marks = marks;
        }
        self.marked = marked;
        Ok(())
    }

    fn write(&mut self, slot: usize, bytes: &[u8]) -> Result<()> {
        let Some(socket) = &mut self.sockets[slot] else { return Ok(()) };
        match socket.write(bytes) {
            Ok(length) if length == bytes.len() => Ok(()),
            // There is no queue: if the socket does not accept the whole frame, the connection is closed.
            Ok(_) => {
                self.close(slot);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => bail!("a write was interrupted"),
            Err(_) => {
                self.close(slot);
                Ok(())
            }
        }
    }

    fn close(&mut self, slot: usize) {
        if self.sockets[slot].take().is_some() {
            if let Some(user) = self.users[slot].take()
                && self.members[user as usize].slot == Some(slot)
            {
                self.members[user as usize].slot = None;
            }
            self.free.push(slot);
        }
    }
}

impl Template {
    fn new() -> Result<Self> {
        let now = Timestamp(1_800_000_000_000);
        let (name, mut text) = (names::user_name(1_234_567), Vec::new());
        names::put_text(&mut text, 7_654_321);
        let status = UserStatus {
            user_id: UserId::new(&name)?,
            status_type: StatusType::Online,
            custom_status: CustomStatus::new(std::str::from_utf8(&text)?, 100)?,
            custom_expires: None,
            version: Version(now.0 << 12),
            since: now,
            reason: Reason::Custom,
            last_seen: None,
            online_devices: [Platform::Linux].into_iter().collect::<PlatformSet>(),
        };
        let mut batch = StatusBatch::default();
        batch.push_protobuf(&encode_status(&status));
        let mut frame = Vec::new();
        batch.put_native(&mut frame);
        let (message, _) = self::frame(&frame)?.context("a frame is complete")?;
        // The header of a message with one status has two bytes: a key and a length.
        let element = message.get(2..).context("a message has a header")?.to_vec();
        let find = |part: &[u8]| element.windows(part.len()).position(|window| window == part);
        let name_at = find(name.as_bytes()).context("a status has a name")?;
        let text_at = find(&text).context("a status has a text")?;
        Ok(Self { element, name_at, text_at })
    }

    fn put(&self, user: u32, text: &[u8; TEXT_BYTES], out: &mut Vec<u8>) {
        out.extend_from_slice(&self.element[..self.name_at]);
        names::put_user(out, user);
        out.extend_from_slice(&self.element[self.name_at + NAME_BYTES..self.text_at]);
        out.extend_from_slice(text);
        out.extend_from_slice(&self.element[self.text_at + TEXT_BYTES..]);
    }
}

/// Appends the beginning of a frame: everything up to its statuses. The caller appends the statuses, which have
/// `length` bytes.
fn begin_frame(out: &mut Vec<u8>, length: usize) {
    const KEY_STATUS_CHANGED: u8 = 11 << 3 | 2;
    let put = |out: &mut Vec<u8>, mut value: usize| {
        while value >= 0x80 {
            out.push(value as u8 | 0x80);
            value >>= 7;
        }
        out.push(value as u8);
    };
    let length_bytes = if length < 0x80 {
        1
    } else if length < 0x4000 {
        2
    } else {
        3
    };
    put(out, 1 + length_bytes + length);
    out.push(KEY_STATUS_CHANGED);
    put(out, length);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::testing::Line;

    #[test]
    fn a_frame_is_that_of_lamplight() {
        let template = Template::new().unwrap();
        for count in [1, 2, 20] {
            let mut out = Vec::new();
            begin_frame(&mut out, count * template.element.len());
            for _ in 0..count {
                template.put(1, b"busy 0000001", &mut out);
            }
            let mut line = Line::open(Bare);
            line.hear(WELCOME);
            assert!(line.logged_in);
            line.hear(&out);
            assert!(line.has_read_everything());
            assert_eq!((line.counts().delivered, line.counts().repeated), (1, count as u64 - 1));
        }
    }

    #[test]
    fn requests_have_a_fixed_length() {
        let (mut open, mut change) = (Vec::new(), Vec::new());
        Bare.open(7, &mut open);
        Bare.change(7, 9, &mut change);
        assert_eq!((open.len(), change.len()), (REQUEST_BYTES, REQUEST_BYTES));
    }
}
