//! The one way in which the HTTP port reads the body of a request: within a size, a time and the budget of the port,
//! and copied.
//!
//! hyper hands a body over as slices of its read buffer, of 8 KiB and more, and a slice of one byte keeps the whole
//! buffer. Whatever collects slices can be made to hold thousands of times the bytes that were sent. Here a slice is
//! copied and dropped before the next one is read.

use super::budget::{Budget, Share};
use super::metrics::{HttpMetrics, TimeLimit};
use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use futures_util::StreamExt;
use hyper::body::{Frame, SizeHint};
use lamplight_core::MinimumRate;
use lamplight_model::Moment;
use memmap2::MmapMut;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Instant;

/// How fast a body has to come.
pub const RATE: MinimumRate = MinimumRate {
    grace: Duration::from_secs(3),
    bytes_per_second: 1_024,
    longest: Some(Duration::from_secs(10)),
};

/// The most bytes that are read of a refused body, so that its sender receives the answer.
const MAX_DISCARDED_BYTES: usize = 8 << 20;

/// The first piece of memory for a body whose length is not told; every further one doubles it.
const LEAST_ROOM: usize = 1_024;

/// The largest body that is kept in memory of the allocator. A larger one has a memory mapping of its own, which is
/// returned to the system with the body: the allocator would keep pieces of this size in the heap of the thread that
/// allocated them, and a port with several threads would come to hold several times its budget.
const MOST_ALLOCATED: usize = 16 * 1_024;

/// The budget and the limits that all bodies of a port share. It travels with each request, as an extension.
#[derive(Clone, Debug)]
pub struct BodyRoom {
    budget: Budget,
    rate: MinimumRate,
    metrics: HttpMetrics,
}

/// A body that was read whole, and its share of the budget.
#[derive(Debug)]
pub struct WholeBody {
    memory: Memory,
    share: Share,
}

/// The memory of a body.
#[derive(Debug)]
enum Memory {
    Allocated(Vec<u8>),
    Mapped { map: MmapMut, length: usize },
}

/// A body that is not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BodyFault {
    /// The body is larger than its bound.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// The body comes too slowly, or takes too long.
    #[error("the body takes too long")]
    TooSlow,
    /// The connection, or the framing of the body, breaks off.
    #[error("the body breaks off")]
    BrokenOff,
    /// The bodies that are being read and answered take all the memory there is for them.
    #[error("the server is reading as many bodies as it can hold; try again")]
    NoRoom,
}

impl BodyRoom {
    /// Makes the room of a port, for bodies that come as fast as `rate` says.
    pub fn new(budget: Budget, rate: MinimumRate, metrics: HttpMetrics) -> Self {
        Self { budget, rate, metrics }
    }

    /// Reads a body without keeping it, up to a bound: a client that is still writing does not read the answer.
    pub async fn discard(&self, body: Body) {
        Arriving::new(body, self.rate).discard().await;
    }

    /// Takes room for an answer until it has been sent; `None` when there is none.
    pub fn admit_answer(&self, answer: Bytes) -> Option<Bytes> {
        let admitted = self.budget.admit(answer);
        if admitted.is_none() {
            self.metrics.body_refused();
        }
        admitted
    }

    /// Charges an answer until it has been sent, also where there is no room.
    pub fn charge_answer(&self, answer: Bytes) -> Bytes {
        self.budget.hold(answer)
    }

    /// Charges what a body is going to be read into, beside the body; gives the body up where there is no room.
    pub fn charge_value(&self, mut body: WholeBody, bytes: usize) -> Result<WholeBody, BodyFault> {
        if body.share.grow(bytes) {
            return Ok(body);
        }
        self.metrics.body_refused();
        Err(BodyFault::NoRoom)
    }

    /// Reads the body of a request whole. When it cannot be read, its rest is read and dropped, within the same time,
    /// so that its sender gets to hear the answer.
    pub async fn read(&self, body: Body, most: usize) -> Result<WholeBody, BodyFault> {
        let told = body.size_hint().exact().and_then(|told| usize::try_from(told).ok());
        let mut arriving = Arriving::new(body, self.rate);
        let mut whole = WholeBody { memory: Memory::Allocated(Vec::new()), share: self.budget.share() };
        let fault = loop {
            match arriving.next().await {
                Ok(None) => return Ok(whole),
                Ok(Some(piece)) => {
                    let (length, capacity) = (whole.len() + piece.len(), whole.memory.capacity());
                    if length > most || told.is_some_and(|told| told > most) {
                        break BodyFault::TooLarge(most);
                    }
                    if length > capacity {
                        let room = room_for(length, capacity, told, most);
                        if !whole.share.grow(room - capacity) || !whole.memory.grow(room) {
                            break BodyFault::NoRoom;
                        }
                    }
                    whole.memory.append(&piece);
                }
                Err(fault) => break fault,
            }
        };
        // The buffer and its share of the budget are released before the rest of the body is awaited.
        drop(whole);
        match fault {
            BodyFault::TooLarge(_) | BodyFault::NoRoom => arriving.discard().await,
            BodyFault::TooSlow | BodyFault::BrokenOff => {}
        }
        match fault {
            BodyFault::NoRoom => self.metrics.body_refused(),
            BodyFault::TooSlow => self.metrics.timed_out(TimeLimit::Body),
            BodyFault::TooLarge(_) | BodyFault::BrokenOff => {}
        }
        Err(fault)
    }
}

impl WholeBody {
    /// Gives the memory of the body back, and keeps what is charged for it, for what it was read into.
    pub fn into_share(self) -> Share {
        self.share
    }
}

/// Returns the capacity for a body that has this length so far. A `Content-Length` is reserved whole.
fn room_for(length: usize, capacity: usize, told: Option<usize>, most: usize) -> usize {
    match told {
        Some(told) => told.clamp(length, most),
        None if length > MOST_ALLOCATED => most,
        None => {
            let most = most.min(MOST_ALLOCATED);
            length.max(2 * capacity).clamp(LEAST_ROOM.min(most), most)
        }
    }
}

impl Memory {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Allocated(bytes) => bytes,
            Self::Mapped { map, length } => &map[..*length],
        }
    }

    fn capacity(&self) -> usize {
        match self {
            Self::Allocated(bytes) => bytes.capacity(),
            Self::Mapped { map, .. } => map.len(),
        }
    }

    /// Grows the capacity to `room` bytes; `false` when the system has no memory.
    fn grow(&mut self, room: usize) -> bool {
        match self {
            Self::Allocated(bytes) if room <= MOST_ALLOCATED => {
                bytes.reserve_exact(room - bytes.len());
                true
            }
            Self::Allocated(_) | Self::Mapped { .. } => {
                let Ok(mut map) = MmapMut::map_anon(room) else { return false };
                let length = self.bytes().len();
                map[..length].copy_from_slice(self.bytes());
                *self = Self::Mapped { map, length };
                true
            }
        }
    }

    /// Appends bytes for which there is room.
    fn append(&mut self, piece: &[u8]) {
        match self {
            Self::Allocated(bytes) => bytes.extend_from_slice(piece),
            Self::Mapped { map, length } => {
                map[*length..*length + piece.len()].copy_from_slice(piece);
                *length += piece.len();
            }
        }
    }
}

impl Deref for WholeBody {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.memory.bytes()
    }
}

/// Charges the bytes of an answer until they have been sent. For routes whose answers are made for each request.
pub async fn charge_answer(Extension(room): Extension<BodyRoom>, request: Request, next: Next) -> Response {
    next.run(request).await.map(|body| Body::new(Charged { body, budget: room.budget }))
}

/// The body of an answer that is charged.
struct Charged {
    body: Body,
    budget: Budget,
}

impl HttpBody for Charged {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        Poll::Ready(frame.map(|frame| Ok(frame?.map_data(|data| self.budget.hold(data)))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A body on its way in, with its deadline.
struct Arriving {
    stream: BodyDataStream,
    rate: MinimumRate,
    began: Instant,
    bytes: usize,
}

impl Arriving {
    fn new(body: Body, rate: MinimumRate) -> Self {
        Self { stream: body.into_data_stream(), rate, began: Instant::now(), bytes: 0 }
    }

    /// Returns the next piece in time. It is a slice of a buffer: keep a copy, not the slice.
    async fn next(&mut self) -> Result<Option<Bytes>, BodyFault> {
        let deadline = self.rate.deadline(Moment(0), self.bytes as u64);
        let deadline = self.began + Duration::from_millis(deadline.0);
        // A sender that always has one more byte ready never lets the timer be looked at.
        if Instant::now() >= deadline {
            return Err(BodyFault::TooSlow);
        }
        match tokio::time::timeout_at(deadline, self.stream.next()).await {
            Ok(Some(Ok(piece))) => {
                self.bytes += piece.len();
                Ok(Some(piece))
            }
            Ok(Some(Err(_))) => Err(BodyFault::BrokenOff),
            Ok(None) => Ok(None),
            Err(_) => Err(BodyFault::TooSlow),
        }
    }

    async fn discard(&mut self) {
        // A sender that sends more, or more slowly, finds the connection closed.
        while self.bytes <= MAX_DISCARDED_BYTES && matches!(self.next().await, Ok(Some(_))) {}
    }
}

/// A value of at most `MOST` bytes of JSON in the body of a request.
///
/// It takes the place of axum's `Json`, which collects slices.
#[derive(Debug)]
pub struct JsonBody<T, const MOST: usize>(pub T);

/// A body that is no such value.
#[derive(Debug)]
pub enum JsonFault {
    /// The body cannot be read.
    Body(BodyFault),
    /// The body is not JSON, or not JSON of this type.
    Json(JsonRejection),
    /// The request does not declare its body as JSON.
    ContentType,
}

impl<S: Send + Sync, T: DeserializeOwned, const MOST: usize> FromRequest<S> for JsonBody<T, MOST> {
    type Rejection = JsonFault;

    async fn from_request(request: Request, _: &S) -> Result<Self, JsonFault> {
        let (parts, body) = request.into_parts();
        let room =
            parts.extensions.get::<BodyRoom>().expect("the listener gives it to every request").clone();
        let is_json = is_json(&parts.headers);
        // A head takes several times its bytes: it is not kept while the body is awaited.
        drop(parts);
        if !is_json {
            room.discard(body).await;
            return Err(JsonFault::ContentType);
        }
        let body = room.read(body, MOST).await.map_err(JsonFault::Body)?;
        let Json(value) = Json::from_bytes(&body).map_err(JsonFault::Json)?;
        Ok(Self(value))
    }
}

impl JsonFault {
    /// Returns the HTTP status of the fault, and words for people.
    pub fn told(&self) -> (StatusCode, String) {
        match self {
            Self::Body(fault @ BodyFault::TooLarge(_)) => (StatusCode::PAYLOAD_TOO_LARGE, fault.to_string()),
            Self::Body(fault @ BodyFault::TooSlow) => (StatusCode::REQUEST_TIMEOUT, fault.to_string()),
            Self::Body(fault @ BodyFault::BrokenOff) => (StatusCode::BAD_REQUEST, fault.to_string()),
            Self::Body(fault @ BodyFault::NoRoom) => (StatusCode::SERVICE_UNAVAILABLE, fault.to_string()),
            Self::Json(rejection) => (rejection.status(), rejection.body_text()),
            Self::ContentType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "the content type must be application/json".to_owned())
            }
        }
    }
}

impl IntoResponse for JsonFault {
    fn into_response(self) -> Response {
        let (status, message) = self.told();
        (status, Json(json!({ "message": message }))).into_response()
    }
}

/// Whether the body is said to be JSON: `application/json` or `application/…+json`, with parameters or without.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.strip_prefix("application/").is_some_and(|kind| kind == "json" || kind.ends_with("+json"))
}

#[cfg(test)]
mod tests;
