//! The body of a call, within its bounds.

use axum::body::{Body, Bytes};
use futures_util::StreamExt;
use lamplight_model::{Code, Refusal};
use std::time::Duration;

/// The largest body that is read, in bytes: a hundred accounts with the longest nicks and URLs, escaped as JSON
/// allows, fit in.
pub const MAX_BODY_BYTES: usize = 1 << 20;

/// The most that is read of a body only so that its sender gets to hear the answer.
const MAX_DISCARDED_BYTES: usize = 8 * MAX_BODY_BYTES;

/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads a body whole. Refused with 60002 when it is too large, too slow, or breaks off.
pub async fn read(body: Body) -> Result<Bytes, Refusal> {
    let unreadable = |why: &str| Refusal::because(Code::HTTP_UNREADABLE, why);
    let mut stream = body.into_data_stream();
    let reading = async {
        let mut first = Bytes::new();
        let mut whole = Vec::new();
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(|_| unreadable("the body breaks off"))?;
            if first.len() + whole.len() + piece.len() > MAX_BODY_BYTES {
                return Err(unreadable("the body is larger than 1 MiB"));
            }
            // Most bodies come in one piece, and are not copied then.
            if first.is_empty() && whole.is_empty() {
                first = piece;
                continue;
            }
            if whole.is_empty() {
                whole.extend_from_slice(&std::mem::take(&mut first));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(if whole.is_empty() { first } else { Bytes::from(whole) })
    };
    let read = tokio::time::timeout(PATIENCE, reading).await;
    let read = read.unwrap_or_else(|_| Err(unreadable("the body takes too long")));
    if read.is_err() {
        discard(Body::from_stream(stream)).await;
    }
    read
}

/// Reads a body without keeping it, up to a bound: a client that is still writing does not read the answer.
pub async fn discard(body: Body) {
    let mut stream = body.into_data_stream();
    let reading = async {
        let mut read = 0;
        while let Some(Ok(piece)) = stream.next().await {
            read += piece.len();
            if read > MAX_DISCARDED_BYTES {
                break;
            }
        }
    };
    // Who writes more, or slower, finds the connection closed.
    let _ = tokio::time::timeout(PATIENCE, reading).await;
}
