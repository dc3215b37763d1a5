//! The server API, which the backends of apps call over the HTTP port (SPEC sections 8 and 10).
//!
//! A well-formed call is answered with HTTP 200 and the fields `ActionStatus`, `ErrorInfo` and `ErrorCode`. The module
//! `commands` has the table of commands, from which the OpenAPI document is generated. The crate `service` has the
//! rules of the commands.

mod accounts;
mod answer;
mod block_lists;
mod brief;
mod call;
mod command;
mod commands;
mod elements;
mod family;
mod feed;
mod fields;
mod friend_lists;
mod friend_update;
mod friends;
mod gate;
mod history;
mod lists;
mod messages;
mod metrics;
mod on_behalf;
mod openapi;
mod page_room;
mod parse_room;
mod profiles;
mod recent;
mod reference;
mod skimmed;
mod states;

pub use metrics::ApiMetrics;
pub use openapi::document;

use crate::clock::Clock;
use crate::http::{BodyFault, BodyRoom};
use answer::Answer;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::response::Response;
use axum::routing::any;
use axum::{Extension, Router};
use family::Family;
use gate::Gate;
use lamplight_model::{Code, Refusal, quoted};
use lamplight_service::Service;
use page_room::PageRoom;
use parse_room::{ParseRoom, Parsed};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

/// The largest body of a call, in bytes. It has room for a hundred accounts with the longest nicks and URLs, even if
/// every character is escaped.
const MAX_BODY_BYTES: usize = 1 << 20;

/// The state that all calls of the server API share.
#[derive(Clone)]
pub struct Rest(Arc<Shared>);

struct Shared {
    service: Arc<Service>,
    clock: Clock,
    rooms: Rooms,
    metrics: ApiMetrics,
}

/// The limits on the memory that all calls together use, for parsing bodies and for pages.
#[derive(Default)]
struct Rooms {
    parse: ParseRoom,
    pages: PageRoom,
}

impl Rest {
    /// Creates the server API of a node.
    pub fn new(service: Arc<Service>, clock: Clock, metrics: ApiMetrics) -> Self {
        Self(Arc::new(Shared { service, clock, rooms: Rooms::default(), metrics }))
    }

    /// Returns the router of all paths under `/v4`.
    pub fn router(self) -> Router {
        let api = Router::new()
            .route("/v4", any(handle))
            .route("/v4/", any(handle))
            .route("/v4/{*path}", any(handle))
            .with_state(self);
        api.merge(reference::router())
    }
}

/// Handles a call to any path under `/v4`.
async fn handle(
    State(Rest(shared)): State<Rest>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    Extension(room): Extension<BodyRoom>,
    request: Request,
) -> Response {
    let began = Instant::now();
    let (parts, body) = request.into_parts();
    let found = commands::find(parts.uri.path()).ok_or_else(|| parts.uri.path().to_owned());
    let (method, query) = (parts.method, parts.uri.query().unwrap_or_default().to_owned());
    let is_encoded = is_encoded(&parts.headers);
    // The parsed head takes several times as much memory as its text, so it is freed before the body is awaited.
    drop((parts.uri, parts.headers, parts.extensions));
    let answer = match found {
        Ok(entry) => {
            let gate = Gate { shared: &shared, entry, address: from.ip(), now: shared.clock.now() };
            let answer = answer(gate, &method, &query, is_encoded, body, &room).await;
            shared.metrics.answered(entry.index(), began.elapsed());
            answer
        }
        Err(path) => {
            room.discard(body).await;
            let detail = format!("{} is not a command", quoted(&path));
            Answer::refused(Family::Accounts, &Refusal::because(Code::NO_SUCH_SERVICE, detail))
        }
    };
    if answer.code != Code::OK {
        shared.metrics.refused(answer.code);
    }
    answer.into_response(&room)
}

/// Checks the gates of a call in their order. Then reads the body and runs the command.
async fn answer(
    gate: Gate<'_>,
    method: &Method,
    query: &str,
    is_encoded: bool,
    body: Body,
    room: &BodyRoom,
) -> Answer {
    let (shared, entry) = (gate.shared, gate.entry);
    let call = match gate.pass(method, query).await {
        Ok(call) => call,
        Err(error) => {
            // The rest of the body is read and dropped. Otherwise a client that is still writing would not read the
            // answer, and closing a connection with unread bytes would reset it.
            room.discard(body).await;
            return Answer::error(entry.family(), &error);
        }
    };
    if is_encoded {
        room.discard(body).await;
        let detail = "the body has a Content-Encoding; send it as it is";
        return Answer::refused(entry.family(), &Refusal::because(Code::HTTP_UNREADABLE, detail));
    }
    let read = room.read(body, MAX_BODY_BYTES).await.and_then(|body| {
        let parsed = Parsed::of(&body);
        room.charge_value(body, parsed.kept()).map(|body| (body, parsed))
    });
    let (body, parsed) = match read {
        Ok(read) => read,
        Err(fault) => return Answer::refused(entry.family(), &refusal(fault)),
    };
    let answer = entry.run(&call, body, parsed, &shared.rooms, room).await;
    if entry.is_reading() { answer.admitted(entry.family(), room) } else { answer }
}

/// Returns `true` if the body is encoded, for example compressed. If this were not checked, the error would say that
/// the body is not JSON.
fn is_encoded(headers: &HeaderMap) -> bool {
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    encodings.any(|encoding| !encoding.is_empty() && !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Returns the refusal for a body that could not be read.
fn refusal(fault: BodyFault) -> Refusal {
    match fault {
        BodyFault::TooLarge(_) => Refusal::because(Code::HTTP_UNREADABLE, "the body is larger than 1 MiB"),
        BodyFault::TooSlow | BodyFault::BrokenOff => {
            Refusal::because(Code::HTTP_UNREADABLE, fault.to_string())
        }
        BodyFault::NoRoom => Refusal::because(Code::SERVICE_BUSY, fault.to_string()),
    }
}
