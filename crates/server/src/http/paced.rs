//! Applies the time limits to a connection of the HTTP port. The socket and the answers' bodies report their events to
//! the connection's [`Pace`], which decides whether the peer is too slow.
//!
//! The rules are in `core`. The socket, the timer and the metrics are here.

use super::metrics::{HttpMetrics, TimeLimit};
use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use lamplight_core::{Pace, PaceFault, PaceLimits, PacePhase};
use lamplight_model::Moment;
use parking_lot::Mutex;
use prometheus_client::metrics::gauge::Gauge;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

/// The [`Pace`] of a connection, shared by the socket and the bodies of its answers. One task polls all of them.
#[derive(Clone)]
pub struct SharedPace(Arc<State>);

struct State {
    began: Instant,
    pace: Mutex<Pace>,
    metrics: HttpMetrics,
    kind: ConnectionKind,
}

/// The kind of permit that a connection has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConnectionKind {
    /// The connection is within the limits.
    Regular,
    /// The connection is beyond a limit: only requests for health and metrics are served on it.
    Spare,
}

impl SharedPace {
    /// Makes the pace of a connection that was just accepted.
    pub fn new(limits: PaceLimits, kind: ConnectionKind, metrics: HttpMetrics) -> Self {
        let state =
            State { began: Instant::now(), pace: Mutex::new(Pace::new(limits, Moment(0))), metrics, kind };
        state.gauge(PacePhase::Idle).inc();
        Self(Arc::new(state))
    }

    /// Records that the whole head of a request has arrived.
    pub fn called(&self) {
        self.0.note(|pace, _| pace.called());
    }
}

impl State {
    /// Reports an event to the pace. If the connection's phase changes, updates the metrics.
    fn note(&self, event: impl FnOnce(&mut Pace, Moment)) {
        let now = Moment(self.began.elapsed().as_millis() as u64);
        let mut pace = self.pace.lock();
        let before = pace.phase();
        event(&mut pace, now);
        if pace.phase() != before {
            self.gauge(before).dec();
            self.gauge(pace.phase()).inc();
        }
    }

    fn deadline(&self) -> Option<(Instant, PaceFault)> {
        let pace = self.pace.lock();
        pace.deadline().map(|(at, fault)| (self.began + Duration::from_millis(at.0), fault))
    }

    fn gauge(&self, phase: PacePhase) -> &Gauge {
        match self.kind {
            ConnectionKind::Regular => self.metrics.connections(phase),
            ConnectionKind::Spare => self.metrics.spare(),
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        let phase = self.pace.get_mut().phase();
        self.gauge(phase).dec();
    }
}

/// A socket whose reads and writes fail once its peer is too slow.
pub struct PacedStream {
    stream: TcpStream,
    pace: SharedPace,
    timer: Pin<Box<Sleep>>,
    /// `true` after the peer was counted as too slow. Further polls do not count it again.
    counted: bool,
}

impl PacedStream {
    /// Makes a stream that applies the time limits of `pace` to the peer of a socket.
    pub fn new(stream: TcpStream, pace: SharedPace) -> Self {
        Self { stream, pace, timer: Box::pin(sleep_until(Instant::now())), counted: false }
    }

    /// Fails if the peer is too slow. Otherwise sets the timer to wake the task at the deadline.
    fn poll_too_slow(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        let state = &self.pace.0;
        let Some((deadline, fault)) = state.deadline() else { return Poll::Pending };
        if self.timer.deadline() != deadline {
            self.timer.as_mut().reset(deadline);
        }
        ready!(self.timer.as_mut().poll(context));
        if !std::mem::replace(&mut self.counted, true) {
            state.metrics.timed_out(TimeLimit::from(fault));
        }
        let why = match fault {
            PaceFault::Idle => "the peer sent no request in time",
            PaceFault::Head => "the head of a request took too long to arrive",
            PaceFault::Answer => "the peer reads its answer too slowly",
        };
        Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, why))
    }

    /// Reports the outcome of a write to the pace, and returns the outcome. If the write is blocked and the peer is too
    /// slow, returns an error.
    fn wrote(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => {
                self.pace.0.note(|pace, now| pace.sent(bytes, now));
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                self.pace.0.note(Pace::blocked);
                self.poll_too_slow(context).map(Err)
            }
        }
    }
}

impl AsyncRead for PacedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // The deadline is checked before each read, because a peer can be too slow even if it always has another byte
        // ready.
        if let Poll::Ready(error) = self.poll_too_slow(context) {
            return Poll::Ready(Err(error));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            self.pace.0.note(Pace::received);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for PacedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.wrote(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.pace.0.note(|pace, _| pace.flushed());
        // hyper may not read again before its task is woken, so the timer is set here to wake it at the deadline.
        match self.poll_too_slow(context) {
            Poll::Ready(error) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// The body of an answer. At its end, the body reports the end of the call to the pace. `kept` is dropped with the
/// body.
pub struct Answering<K> {
    body: Body,
    pace: SharedPace,
    _kept: K,
}

impl<K> Answering<K> {
    /// Wraps the body of an answer. `kept` is dropped with the wrapper.
    pub fn new(body: Body, pace: SharedPace, kept: K) -> Self {
        Self { body, pace, _kept: kept }
    }
}

impl<K: Unpin> HttpBody for Answering<K> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<K> Drop for Answering<K> {
    fn drop(&mut self) {
        self.pace.0.note(Pace::answered);
    }
}
