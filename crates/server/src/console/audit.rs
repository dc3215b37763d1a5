//! The route that reads the audit log, and the function that records changes made in the console.

use super::Console;
use super::error::{ApiError, FromQuery};
use super::guard::Visitor;
use crate::audit::{Act, Actor, Note};
use axum::Json;
use axum::extract::State;
use lamplight_model::{AppId, AuditEntry, Code};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The number of entries in an answer if the request sets no limit.
const PAGE: usize = 50;
/// The maximum number of entries in one answer.
const MOST_AT_ONCE: usize = 500;

/// The query for a page of the audit log.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// The app whose entries are returned. If absent, entries of all apps and of the node are returned.
    #[serde(default)]
    app: Option<AppId>,
    /// The id of the last entry of the previous page; absent for the first page.
    #[serde(default)]
    before: Option<u64>,
    #[serde(default)]
    limit: Option<usize>,
}

/// A page of entries, newest first.
#[derive(Serialize)]
pub struct Entries {
    entries: Vec<AuditEntry>,
    /// Whether there are older entries.
    more: bool,
}

/// `GET audit?app=&before=&limit=`: shows a page of the audit log.
pub async fn list(
    State(console): State<Arc<Console>>,
    FromQuery(page): FromQuery<Page>,
) -> Result<Json<Entries>, ApiError> {
    let limit = page.limit.unwrap_or(PAGE);
    if !(1..=MOST_AT_ONCE).contains(&limit) {
        return Err(ApiError::invalid(format!("limit must be from 1 to {MOST_AT_ONCE}, not {limit}")));
    }
    // Reads one more entry than the page has, to find out whether there are older ones.
    let mut entries = console.audit.entries(page.app, page.before, limit + 1).await?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    Ok(Json(Entries { entries, more }))
}

impl Console {
    /// Makes an operator's change, and records it in the audit log. Both happen in a task that continues if the browser
    /// disconnects. `note` returns a text about the outcome, or `None` if nothing was changed.
    pub(super) async fn record<T: Send + 'static, N: Into<Note> + Send + 'static>(
        &self,
        visitor: Visitor,
        act: Act,
        change: impl Future<Output = Result<T, ApiError>> + Send + 'static,
        note: impl FnOnce(&T) -> Option<N> + Send + 'static,
    ) -> Result<T, ApiError> {
        let audit = self.audit.clone();
        let by = Actor::operator(visitor.name, visitor.address);
        let recorded = tokio::spawn(async move { audit.record(by, act, change, note).await });
        recorded.await.unwrap_or_else(|_| Err(Code::INTERNAL.into()))
    }
}
