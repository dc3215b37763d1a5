//! Reads the bodies of requests on the HTTP port. A body has limits on its size and time, and is charged to the memory
//! budget of the port.
//!
//! hyper returns a body as slices of its read buffer of 8 KiB or more. A slice of one byte keeps the whole buffer in
//! memory. This module therefore copies and drops each slice before it reads the next.

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

/// The minimum rate at which a body must arrive.
pub const RATE: MinimumRate = MinimumRate {
    grace: Duration::from_secs(3),
    bytes_per_second: 1_024,
    longest: Some(Duration::from_secs(10)),
};

/// The maximum number of bytes of a refused body that are read and dropped. The rest is read because many clients read
/// the answer only after they have written the body.
const MAX_DISCARDED_BYTES: usize = 8 << 20;

/// The first allocation for a body of unknown length, in bytes. The allocation is doubled as the body grows, up to
/// [`MOST_ALLOCATED`].
const LEAST_ROOM: usize = 1_024;

/// The largest body on the heap, in bytes. A larger body gets its own memory mapping. The mapping returns to the system
/// when the body is dropped. On the heap, the memory of a large body would stay with the thread.
const MOST_ALLOCATED: usize = 16 * 1_024;

/// The memory budget and the limits of all bodies of a port. Each request has a clone as an extension.
#[derive(Clone, Debug)]
pub struct BodyRoom {
    budget: Budget,
    rate: MinimumRate,
    metrics: HttpMetrics,
}

/// A complete body, with its share of the budget.
#[derive(Debug)]
pub struct WholeBody {
    memory: Memory,
    share: Share,
}

/// The memory for the bytes of a body.
#[derive(Debug)]
enum Memory {
    Allocated(Vec<u8>),
    Mapped { map: MmapMut, length: usize },
}

/// The reason why a body was not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BodyFault {
    /// The body is larger than the limit, in bytes.
    #[error("the body is larger than {0} bytes")]
    TooLarge(usize),
    /// The body arrives too slowly, or takes too long in total.
    #[error("the body took too long")]
    TooSlow,
    /// The connection ended before the end of the body, or the framing of the body is invalid.
    #[error("the body ended early")]
    BrokenOff,
    /// The body does not fit into the rest of the budget.
    #[error("the memory for bodies is used up; try again")]
    NoRoom,
}

impl BodyRoom {
    /// Makes the budget and the limits for the bodies of a port. Every body must arrive at least at `rate`.
    pub fn new(budget: Budget, rate: MinimumRate, metrics: HttpMetrics) -> Self {
        Self { budget, rate, metrics }
    }

    /// Reads and drops a body, up to a limit. Many clients read an answer only after they have written the body.
    pub async fn discard(&self, body: Body) {
        Arriving::new(body, self.rate).discard().await;
    }

    /// Charges an answer to the budget until the answer has been sent. Returns `None` if the answer does not fit into
    /// the budget.
    pub fn admit_answer(&self, answer: Bytes) -> Option<Bytes> {
        let admitted = self.budget.admit(answer);
        if admitted.is_none() {
            self.metrics.body_refused();
        }
        admitted
    }

    /// Charges an answer to the budget until it has been sent, even if the answer does not fit.
    pub fn charge_answer(&self, answer: Bytes) -> Bytes {
        self.budget.hold(answer)
    }

    /// Charges the memory of the value that is parsed from a body, in addition to the body itself. If the value does
    /// not fit into the budget, drops the body and fails.
    pub fn charge_value(&self, mut body: WholeBody, bytes: usize) -> Result<WholeBody, BodyFault> {
        self.charge_more(&mut body.share, bytes)?;
        Ok(body)
    }

    /// Charges more bytes to the share of a request. Fails if they do not fit into the budget.
    pub fn charge_more(&self, share: &mut Share, bytes: usize) -> Result<(), BodyFault> {
        if share.grow(bytes) {
            return Ok(());
        }
        self.metrics.body_refused();
        Err(BodyFault::NoRoom)
    }

    /// Reads a body of at most `most` bytes. If the body is too large or does not fit into the budget, reads and drops
    /// the rest, within the same time limit. Otherwise, many clients would not read the answer.
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
        // The buffer and its share of the budget are released before the rest of the body is read.
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
    /// Frees the memory of the body. Returns the share of the budget for the value that was parsed from it.
    pub fn into_share(self) -> Share {
        self.share
    }
}

/// Returns the capacity to allocate for a body that has `length` bytes so far. If the body has a `Content-Length`
/// (`told`), the capacity for the whole body is allocated at once.
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

    /// Increases the capacity to `room` bytes. Returns `false` if the system has no memory left.
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

    /// Appends bytes. The capacity must be sufficient.
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

/// Charges the bytes of an answer until they have been sent. Routes with one answer per request use this; static files
/// do not.
pub async fn charge_answer(Extension(room): Extension<BodyRoom>, request: Request, next: Next) -> Response {
    next.run(request).await.map(|body| Body::new(Charged { body, budget: room.budget }))
}

/// The body of an answer. Each piece is charged to the budget until it has been sent.
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

/// A body that is being read, with the time and the bytes since its beginning.
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

    /// Returns the next slice, or fails after the deadline. The caller must copy and drop the slice at once, because
    /// the slice keeps a whole read buffer in memory.
    async fn next(&mut self) -> Result<Option<Bytes>, BodyFault> {
        let deadline = self.rate.deadline(Moment(0), self.bytes as u64);
        let deadline = self.began + Duration::from_millis(deadline.0);
        // The deadline is checked here too, because the timer is not polled while the client always has another byte
        // ready.
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
        // If the client sends more than `MAX_DISCARDED_BYTES` or is too slow, its connection is closed.
        while self.bytes <= MAX_DISCARDED_BYTES && matches!(self.next().await, Ok(Some(_))) {}
    }
}

/// A JSON value from a request's body of at most `MOST` bytes. Replaces axum's `Json`, which collects slices of read
/// buffers.
#[derive(Debug)]
pub struct JsonBody<T, const MOST: usize>(pub T);

/// The reason why no value was extracted from a body.
#[derive(Debug)]
pub enum JsonFault {
    /// The body cannot be read.
    Body(BodyFault),
    /// The body is not JSON, or is not JSON of this type.
    Json(JsonRejection),
    /// The content type of the request is not JSON.
    ContentType,
}

impl<S: Send + Sync, T: DeserializeOwned, const MOST: usize> FromRequest<S> for JsonBody<T, MOST> {
    type Rejection = JsonFault;

    async fn from_request(request: Request, _: &S) -> Result<Self, JsonFault> {
        let (parts, body) = request.into_parts();
        let room =
            parts.extensions.get::<BodyRoom>().expect("the listener gives it to every request").clone();
        let is_json = is_json(&parts.headers);
        // The parsed head takes several times the memory of its text, so it is dropped before the body is read.
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
    /// Returns the HTTP status of the fault, and a text for the client's developer.
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

/// Returns `true` if the content type is JSON: `application/json` or `application/…+json`. Parameters do not matter.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.strip_prefix("application/").is_some_and(|kind| kind == "json" || kind.ends_with("+json"))
}

#[cfg(test)]
mod tests;
