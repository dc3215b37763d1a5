//! A small TCP balancer. It passes each connection to the next server that accepts it.

use parking_lot::Mutex;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// The maximum number of connections at a time. Further connections wait in the queue of the kernel.
const MAX_CONNECTIONS: usize = 1_000;

/// The longest wait for a server to accept a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(1);

/// The wait after a failed accept, for example because of too many open files.
const AFTER_FAILURE: Duration = Duration::from_millis(100);

/// The servers behind a balancer.
#[derive(Clone, Default)]
pub struct Backends(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    servers: Vec<Backend>,
    next: usize,
}

struct Backend {
    address: SocketAddr,
    is_accepting: bool,
    connections: usize,
}

impl Backends {
    /// Sets the addresses of the servers. All of them get connections.
    pub fn set(&self, addresses: impl IntoIterator<Item = SocketAddr>) {
        let backend = |address| Backend { address, is_accepting: true, connections: 0 };
        self.0.lock().servers = addresses.into_iter().map(backend).collect();
    }

    /// Sets whether a server gets new connections.
    pub fn set_accepting(&self, server: usize, is_accepting: bool) {
        if let Some(backend) = self.0.lock().servers.get_mut(server) {
            backend.is_accepting = is_accepting;
        }
    }

    /// Returns the number of connections that the balancer passes to a server.
    pub fn connections(&self, server: usize) -> usize {
        self.0.lock().servers.get(server).map_or(0, |backend| backend.connections)
    }

    /// Returns the servers in the order in which the next connection tries them.
    fn order(&self) -> Vec<(usize, SocketAddr)> {
        let mut inner = self.0.lock();
        let count = inner.servers.len();
        let first = inner.next;
        inner.next = (first + 1) % count.max(1);
        let servers = (0..count).map(|step| (first + step) % count);
        let accepting = servers.filter(|server| inner.servers[*server].is_accepting);
        accepting.map(|server| (server, inner.servers[server].address)).collect()
    }

    fn count(&self, server: usize, change: isize) {
        if let Some(backend) = self.0.lock().servers.get_mut(server) {
            backend.connections = backend.connections.saturating_add_signed(change);
        }
    }
}

/// Accepts connections until the task is aborted. Passes each connection to a server.
pub async fn balance(listener: TcpListener, backends: Backends) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        let Ok((client, _)) = listener.accept().await else {
            tokio::time::sleep(AFTER_FAILURE).await;
            continue;
        };
        let backends = backends.clone();
        tokio::spawn(async move {
            pass(client, &backends).await;
            drop(permit);
        });
    }
}

/// Passes the bytes of a connection in both directions, until one end closes it.
async fn pass(mut client: TcpStream, backends: &Backends) {
    for (server, address) in backends.order() {
        let Ok(Ok(mut stream)) = timeout(CONNECT_WITHIN, TcpStream::connect(address)).await else { continue };
        // Without the option, small messages wait longer.
        let _ = (client.set_nodelay(true), stream.set_nodelay(true));
        backends.count(server, 1);
        // An error means that one end has broken the connection. Dropping both sockets closes the other end.
        let _ = copy_bidirectional(&mut client, &mut stream).await;
        backends.count(server, -1);
        return;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    /// Starts a server that sends `letter` to each connection, and then waits for the end of the connection.
    async fn server(letter: u8) -> (SocketAddr, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut open = Vec::new();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                stream.write_all(&[letter]).await.unwrap();
                open.push(stream);
            }
        });
        (address, task)
    }

    #[tokio::test]
    async fn connections_go_to_the_servers_that_accept_them() {
        let ((one, first), (two, _second)) = (server(b'1').await, server(b'2').await);
        let (listener, backends) = (TcpListener::bind("127.0.0.1:0").await.unwrap(), Backends::default());
        backends.set([one, two]);
        let address = listener.local_addr().unwrap();
        tokio::spawn(balance(listener, backends.clone()));
        let connect = || async {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let letter = stream.read_u8().await.unwrap();
            (stream, letter)
        };
        let ((mut to_one, letter), (_to_two, other)) = (connect().await, connect().await);
        assert_eq!((letter, other), (b'1', b'2'));
        assert_eq!((backends.connections(0), backends.connections(1)), (1, 1));

        backends.set_accepting(1, false);
        assert_eq!(connect().await.1, b'1');
        backends.set_accepting(1, true);

        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        assert_eq!(to_one.read(&mut [0]).await.unwrap_or(0), 0, "the connection ends with its server");
        assert_eq!((connect().await.1, connect().await.1), (b'2', b'2'));
    }
}
