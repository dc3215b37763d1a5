//! A link between a server and a store that a test can cut, delay and restore: a TCP port of this machine whose
//! connections are carried on to the Unix socket of the store.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// A link to a store. Dropping it ends its connections.
pub struct Link {
    address: SocketAddr,
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
    open: Vec<(TcpStream, UnixStream)>,
}

impl Link {
    /// Makes a link to the store with this Unix socket.
    pub fn to(store: impl AsRef<Path>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let store = store.as_ref().to_owned();
        let (state, changed, is_over) = Default::default();
        let shared = Arc::new(Shared { store, state, changed, is_over });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming() {
                if accepting.is_over.load(Ordering::Relaxed) {
                    return;
                }
                let client = client.unwrap();
                // Otherwise, or if the store is away, the client is dropped, and finds its connection closed.
                if !accepting.lock().is_closed
                    && let Ok(store) = UnixStream::connect(&accepting.store)
                {
                    accepting.carry(client, store);
                }
            }
        });
        Self { address, shared }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Carries nothing from now on, and closes no connection, as a broken network does.
    pub fn silence(&self) {
        self.set(|state| state.is_silent = true);
    }

    /// Closes all connections, and every new one at once.
    pub fn close(&self) {
        self.set(|state| {
            state.is_closed = true;
            for (client, store) in state.open.drain(..) {
                // It may be closed already.
                let _ = client.shutdown(Shutdown::Both);
                let _ = store.shutdown(Shutdown::Both);
            }
        });
    }

    /// Delays every answer of the store by this time.
    pub fn delay(&self, delay: Duration) {
        self.set(|state| state.delay = delay);
    }

    /// Carries everything again without a delay, also what was sent meanwhile.
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
        // The thread that accepts has to see that the link is over.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Carries the bytes of a connection in both directions.
    fn carry(self: &Arc<Self>, client: TcpStream, store: UnixStream) {
        client.set_nodelay(true).unwrap();
        let (to_client, from_client) = (client.try_clone().unwrap(), client.try_clone().unwrap());
        let (to_store, from_store) = (store.try_clone().unwrap(), store.try_clone().unwrap());
        self.lock().open.push((client, store));
        let (asked, requests) = channel();
        let (answered, answers) = channel();
        let shared = [(); 2].map(|()| Arc::clone(self));
        let [up, down] = shared;
        thread::spawn(move || read(from_client, |bytes| asked.send((Instant::now(), bytes)).is_ok()));
        thread::spawn(move || read(from_store, |bytes| answered.send((Instant::now(), bytes)).is_ok()));
        thread::spawn(move || {
            up.write(&requests, &to_store, false);
            let _ = to_store.shutdown(Shutdown::Write);
        });
        thread::spawn(move || {
            down.write(&answers, &to_client, true);
            let _ = to_client.shutdown(Shutdown::Write);
        });
    }

    /// Writes what was read, when its time has come.
    fn write(&self, read: &Receiver<(Instant, Vec<u8>)>, mut to: impl Write, is_delayed: bool) {
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
