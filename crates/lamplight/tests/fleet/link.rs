//! A link between a server and a store, which a test can cut, delay and restore. The link is a TCP port or a Unix
//! socket of this machine. It passes the bytes of its connections to and from the Unix socket of the store.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// A link to a store. Dropping it ends its connections.
pub struct Link {
    /// The TCP port; 0 for a link with a Unix socket.
    port: u16,
    folder: tempfile::TempDir,
    shared: Arc<Shared>,
}

struct Shared {
    store: PathBuf,
    state: Mutex<State>,
    changed: Condvar,
    is_over: AtomicBool,
}

#[derive(Default)]
struct State {
    is_silent: bool,
    is_closed: bool,
    delay: Duration,
    /// The functions that close the open connections.
    open: Vec<Box<dyn Fn() + Send>>,
}

/// A connection of a server.
trait Socket: Read + Write + Send + Sized + 'static {
    fn again(&self) -> Self;
    fn shut(&self, how: Shutdown);
}

impl Socket for TcpStream {
    fn again(&self) -> Self {
        self.try_clone().unwrap()
    }

    fn shut(&self, how: Shutdown) {
        // It may be closed already.
        let _ = self.shutdown(how);
    }
}

impl Socket for UnixStream {
    fn again(&self) -> Self {
        self.try_clone().unwrap()
    }

    fn shut(&self, how: Shutdown) {
        // It may be closed already.
        let _ = self.shutdown(how);
    }
}

impl Link {
    /// Makes a link with a TCP port to the store with this Unix socket.
    pub fn by_port(store: impl AsRef<Path>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let link = Self::to(store, listener.local_addr().unwrap().port());
        let shared = Arc::clone(&link.shared);
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                client.set_nodelay(true).unwrap();
                if !shared.accept(client) {
                    return;
                }
            }
        });
        link
    }

    /// Makes a link with the Unix socket `redis.sock` in the folder of the link.
    pub fn by_socket(store: impl AsRef<Path>) -> Self {
        let link = Self::to(store, 0);
        let listener = UnixListener::bind(link.folder().join("redis.sock")).unwrap();
        let shared = Arc::clone(&link.shared);
        thread::spawn(move || {
            listener.incoming().find(|client| !shared.accept(client.as_ref().unwrap().again()))
        });
        link
    }

    fn to(store: impl AsRef<Path>, port: u16) -> Self {
        let store = store.as_ref().to_owned();
        let (state, changed, is_over) = Default::default();
        let shared = Arc::new(Shared { store, state, changed, is_over });
        Self { port, folder: tempfile::tempdir().unwrap(), shared }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Holds back all bytes from now on, and closes no connection, like a broken network.
    pub fn silence(&self) {
        self.set(|state| state.is_silent = true);
    }

    /// Closes all connections. Also closes every new connection at once.
    pub fn close(&self) {
        self.set(|state| {
            state.is_closed = true;
            state.open.drain(..).for_each(|close| close());
        });
    }

    /// Delays every answer of the store by this time.
    pub fn delay(&self, delay: Duration) {
        self.set(|state| state.delay = delay);
    }

    /// Passes bytes again without a delay, beginning with those that were held back.
    pub fn restore(&self) {
        self.set(|state| *state = State { open: std::mem::take(&mut state.open), ..State::default() });
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.shared.lock());
        self.shared.changed.notify_all();
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        self.restore();
        self.close();
        // The thread that accepts connections has to notice that the link is closed.
        match self.port {
            0 => drop(UnixStream::connect(self.folder().join("redis.sock"))),
            port => drop(TcpStream::connect(("127.0.0.1", port))),
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Connects a new connection to the store. Returns `false` if the link has been dropped.
    fn accept(self: &Arc<Self>, client: impl Socket) -> bool {
        // If the link is closed or the store cannot be reached, the client is dropped, and its connection is closed.
        if !self.lock().is_closed
            && let Ok(store) = UnixStream::connect(&self.store)
        {
            self.carry(&client, &store);
        }
        !self.is_over.load(Ordering::Relaxed)
    }

    /// Passes the bytes of a connection in both directions.
    fn carry(self: &Arc<Self>, client: &impl Socket, store: &UnixStream) {
        let (to_client, from_client) = (client.again(), client.again());
        let (to_store, from_store) = (store.again(), store.again());
        let (client, store) = (client.again(), store.again());
        self.lock().open.push(Box::new(move || {
            client.shut(Shutdown::Both);
            store.shut(Shutdown::Both);
        }));
        let (asked, requests) = channel();
        let (answered, answers) = channel();
        let [up, down] = [(); 2].map(|()| Arc::clone(self));
        thread::spawn(move || read(from_client, |bytes| asked.send((Instant::now(), bytes)).is_ok()));
        thread::spawn(move || read(from_store, |bytes| answered.send((Instant::now(), bytes)).is_ok()));
        thread::spawn(move || up.write(&requests, to_store, false));
        thread::spawn(move || down.write(&answers, to_client, true));
    }

    /// Writes the bytes that were read, each piece when its delay is over.
    fn write(&self, read: &Receiver<(Instant, Vec<u8>)>, mut to: impl Socket, is_delayed: bool) {
        while let Ok((at, bytes)) = read.recv() {
            let mut state = self.lock();
            loop {
                let due = if is_delayed { at + state.delay } else { at };
                let left = due.saturating_duration_since(Instant::now());
                state = match (state.is_silent, left.is_zero()) {
                    (false, true) => break,
                    (false, false) => self.changed.wait_timeout(state, left).unwrap().0,
                    (true, _) => self.changed.wait(state).unwrap(),
                };
            }
            drop(state);
            if to.write_all(&bytes).is_err() {
                return;
            }
        }
        to.shut(Shutdown::Write);
    }
}

/// Reads until the connection ends.
fn read(mut from: impl Read, mut take: impl FnMut(Vec<u8>) -> bool) {
    let mut chunk = [0; 16_384];
    while let Ok(read @ 1..) = from.read(&mut chunk) {
        if !take(chunk[..read].to_vec()) {
            return;
        }
    }
}
