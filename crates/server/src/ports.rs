//! The ports of a node. A start binds the ports first. If a port is taken, the start fails before it has created a data
//! folder, a database or a password.

use crate::config::Config;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};

/// The size of the kernel's send buffer of one connection, in bytes. It can be small, because statuses for a stalled
/// client are conflated in its mailbox.
const SEND_BUFFER_BYTES: usize = 32 * 1024;
const BACKLOG: i32 = 4096;
const HTTP_BACKLOG: i32 = 1024;

/// The reason why the node cannot listen on an address.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} ({setting}): {source}")]
pub struct PortError {
    /// The setting that names the address.
    pub setting: &'static str,
    /// The address.
    pub address: SocketAddr,
    /// The cause.
    pub source: io::Error,
}

/// The listeners of a node. The kernel queues their connections until a worker or the HTTP server accepts them.
#[derive(Debug)]
pub(crate) struct Ports {
    /// The listeners of the client port, one per worker, at one address. The kernel distributes the connections.
    pub(crate) clients: Vec<TcpListener>,
    /// The bound address of the client port.
    pub(crate) client_address: SocketAddr,
    /// The listener of the HTTP port.
    pub(crate) http: TcpListener,
    /// The listener of the health port; `None` if the settings have none.
    pub(crate) health: Option<TcpListener>,
}

impl Ports {
    /// Binds all ports of the settings.
    pub(crate) fn bind(config: &Config, workers: usize) -> Result<Self, PortError> {
        let Config { client_listen, http_listen, health_listen, .. } = config;
        let failed = |setting, address: &SocketAddr| {
            let address = *address;
            move |source| PortError { setting, address, source }
        };
        let (clients, client_address) =
            listen_for_clients(*client_listen, workers).map_err(failed("client_listen", client_listen))?;
        let http = listen_for_http(*http_listen).map_err(failed("http_listen", http_listen))?;
        let health = health_listen
            .as_ref()
            .map(|address| listen_for_http(*address).map_err(failed("health_listen", address)));
        Ok(Self { clients, client_address, http, health: health.transpose()? })
    }
}

fn listen_for_clients(address: SocketAddr, workers: usize) -> io::Result<(Vec<TcpListener>, SocketAddr)> {
    // With `SO_REUSEPORT` alone, a second server could bind the same port, and would receive a part of the clients
    // unnoticed. A socket without that option is therefore bound first. Binding it fails if another server has the
    // port.
    drop(socket(address, false)?);
    let mut listeners = Vec::new();
    let mut bound = address;
    for _ in 0..workers {
        let listener = listen(bound)?;
        // If the port is 0, the first listener gets a free port, and the others use that port too.
        bound = listener.local_addr()?;
        listeners.push(listener);
    }
    Ok((listeners, bound))
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket(address, true)?;
    // Connections inherit these options from their listener.
    socket.set_tcp_nodelay(true)?;
    socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn listen_for_http(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket(address, false)?;
    socket.listen(HTTP_BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Binds a socket. With `shared`, other sockets can bind the same port.
fn socket(address: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_named_with_its_setting() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = taken.local_addr().unwrap();
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let elsewhere = "192.0.2.1:0".parse().unwrap();
        for (setting, client_listen, http_listen, health_listen) in [
            ("client_listen", taken, any, None),
            ("http_listen", any, taken, None),
            ("health_listen", any, any, Some(taken)),
            ("client_listen", elsewhere, any, None),
            ("http_listen", any, elsewhere, None),
        ] {
            let config = Config { client_listen, http_listen, health_listen, ..Config::default() };
            let error = Ports::bind(&config, 2).unwrap_err();
            assert_eq!(error.setting, setting, "{error}");
        }
        let ports =
            Ports::bind(&Config { client_listen: any, http_listen: any, ..Config::default() }, 3).unwrap();
        assert_eq!(ports.clients.len(), 3);
        assert!(ports.clients.iter().all(|one| one.local_addr().unwrap() == ports.client_address));
    }
}
