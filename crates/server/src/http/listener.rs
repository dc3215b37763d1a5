//! A listener for HTTP. It limits the number of connections, and the time and memory of each.
//!
//! A connection beyond a limit briefly gets a spare permit, if one is free. On such a connection, only requests for
//! health and metrics are served.
//!
//! A trusted proxy's connection carries the requests of many clients. The connection is therefore not counted for the
//! proxy's address. Instead, each request is counted for its client's address until the request is answered.

use super::body::BodyRoom;
use super::metrics::{ConnectionBound, HttpMetrics};
use super::paced::{Answering, ConnectionKind, PacedStream, SharedPace};
use crate::connection_limits::{ConnectionLimits, Full};
use crate::network::TrustedProxies;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use lamplight_core::{MinimumRate, PaceLimits};
use lamplight_protocol::Hops;
use socket2::SockRef;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tower_service::Service;

/// The size of a connection's read buffer, in bytes. Limits a request's head and the read-ahead.
const MAX_HEAD_BYTES: usize = 16 * 1024;
/// The maximum number of unsent bytes of a connection's answers in the kernel.
const UNSENT_BYTES: u32 = 64 * 1024;
/// The pause after `accept` has failed. The usual cause is that there are no free file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// The time limits of a regular connection. A peer that is slower loses its connection.
pub const PACE: PaceLimits = PaceLimits {
    idle: Duration::from_secs(75),
    head: Duration::from_secs(10),
    answer: MinimumRate { grace: Duration::from_secs(30), bytes_per_second: 1_024, longest: None },
};

/// The time limits of a connection with a spare permit. They allow only a small request that arrives at once.
pub const SPARE_PACE: PaceLimits = PaceLimits {
    idle: Duration::from_secs(2),
    head: Duration::from_secs(2),
    answer: MinimumRate {
        grace: Duration::from_secs(2),
        bytes_per_second: 64 * 1_024,
        longest: Some(Duration::from_secs(10)),
    },
};

/// The permits for connections of one kind, with the routes that are served on them.
pub struct Permits {
    connection_limits: ConnectionLimits,
    pace: PaceLimits,
    kind: ConnectionKind,
    router: Router,
}

/// A port: its permits, its trusted proxies, and its budget for bodies.
pub struct Port {
    /// The permits for connections within the limits.
    pub regular: Arc<Permits>,
    /// The spare permits for connections beyond a limit; `None` if such connections are closed at once.
    pub spare: Option<Arc<Permits>>,
    /// The proxies that are trusted to report a client's address.
    pub proxies: TrustedProxies,
    /// The budget and the limits for bodies.
    pub room: BodyRoom,
    /// The metrics of the port.
    pub metrics: HttpMetrics,
}

impl Permits {
    /// Makes regular permits: `most` in total, and `most_per_address` per address.
    pub fn regular(most: usize, most_per_address: u32, pace: PaceLimits, router: Router) -> Arc<Self> {
        let connection_limits = ConnectionLimits::new(most, most_per_address);
        Arc::new(Self { connection_limits, pace, kind: ConnectionKind::Regular, router })
    }

    /// Makes spare permits, for connections beyond a limit. Each allows one request.
    pub fn spare(most: usize, most_per_address: u32, pace: PaceLimits, router: Router) -> Arc<Self> {
        let connection_limits = ConnectionLimits::new(most, most_per_address);
        Arc::new(Self { connection_limits, pace, kind: ConnectionKind::Spare, router })
    }

    /// Takes a permit for a connection from `address`. `None` means a connection from a trusted proxy.
    fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Result<Permit, Full> {
        match address {
            Some(address) => self.connection_limits.admit(address)?,
            None => self.connection_limits.admit_unnamed()?,
        }
        Ok(Permit { permits: Arc::clone(self), address })
    }
}

/// A permit in use. Dropping the value frees the permit.
struct Permit {
    permits: Arc<Permits>,
    /// The address for which the connection is counted; `None` for a connection from a trusted proxy.
    address: Option<IpAddr>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        match self.address {
            Some(address) => self.permits.connection_limits.leave(address),
            None => self.permits.connection_limits.leave_unnamed(),
        }
    }
}

/// A request on a trusted proxy's connection. It is counted for its client's address until this value is dropped.
pub struct Counted {
    permits: Arc<Permits>,
    address: IpAddr,
}

impl Counted {
    fn new(permits: &Arc<Permits>, address: IpAddr) -> Result<Self, Full> {
        permits.connection_limits.count(address)?;
        Ok(Self { permits: Arc::clone(permits), address })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.permits.connection_limits.discount(self.address);
    }
}

impl Port {
    /// Accepts connections until the future is dropped.
    pub async fn serve(self, listener: TcpListener) {
        let port = Arc::new(self);
        loop {
            match listener.accept().await {
                Ok((stream, from)) => {
                    let from = SocketAddr::new(from.ip().to_canonical(), from.port());
                    if let Some(permit) = port.take(from.ip()) {
                        tokio::spawn(converse(stream, from, permit, Arc::clone(&port)));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the HTTP port cannot accept connections");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Takes a regular permit, or a spare permit if no regular one is free. Returns `None` if both kinds are used up.
    fn take(&self, address: IpAddr) -> Option<Permit> {
        let address = (!self.proxies.contains(address)).then_some(address);
        let bound = match self.regular.take(address) {
            Ok(permit) => return Some(permit),
            Err(Full::Altogether) => ConnectionBound::Port,
            Err(Full::Address) => ConnectionBound::Address,
        };
        self.metrics.refused(bound);
        self.spare.as_ref()?.take(address).ok()
    }
}

async fn converse(stream: TcpStream, from: SocketAddr, permit: Permit, port: Arc<Port>) {
    // With these options, the kernel sends an answer at once, and a slow peer takes a limited amount of kernel memory.
    // A socket without them still works, so errors are ignored.
    let _ = stream.set_nodelay(true);
    let _ = SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_BYTES);
    let permits = &permit.permits;
    let pace = SharedPace::new(permits.pace, permits.kind, port.metrics.clone());
    let paced = PacedStream::new(stream, pace.clone());
    let is_counted_by_request = permit.address.is_none() && permits.kind == ConnectionKind::Regular;
    let service = hyper::service::service_fn(|request: hyper::Request<Incoming>| {
        pace.called();
        let mut request = request.map(Body::new);
        let hops = Hops::of(request.headers());
        let client = hops.client(from.ip(), |hop| port.proxies.contains(hop));
        // The routes read the client's address from this extension for their own limits.
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(client, from.port())));
        request.extensions_mut().insert(port.room.clone());
        let counted = is_counted_by_request.then(|| Counted::new(permits, client)).transpose();
        let router = match (&counted, &port.spare) {
            (Err(_), Some(spare)) => &spare.router,
            (Err(_), None) | (Ok(_), _) => &permits.router,
        };
        if counted.is_err() {
            port.metrics.refused(ConnectionBound::Address);
        }
        let (answer, pace) = (router.clone().call(request), pace.clone());
        async move {
            let answer = answer.await.unwrap_or_else(|never| match never {});
            let counted = counted.unwrap_or_default();
            Ok::<_, Infallible>(answer.map(|body| Answering::new(body, pace, counted)))
        }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.max_buf_size(MAX_HEAD_BYTES).header_read_timeout(None);
    http.keep_alive(permits.kind == ConnectionKind::Regular);
    if let Err(error) = http.serve_connection(TokioIo::new(paced), service).await {
        tracing::debug!(%error, "an HTTP connection ended with an error");
    }
}

#[cfg(test)]
mod tests;
