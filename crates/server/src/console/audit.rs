//! The audit log, page by page; and how everything that the console changes is entered into it.

use super::Console;
use super::error::{ApiError, FromQuery};
use super::guard::Visitor;
use crate::audit::{Act, Actor};
use axum::Json;
use axum::extract::State;
use lamplight_model::{AppId, AuditEntry, Code};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Entries in one answer, unless fewer are asked for.
const PAGE: usize = 50;
/// The most entries that may be asked for at once.
const MOST_AT_ONCE: usize = 500;

/// Which page of the audit log.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Of this app alone.
    #[serde(default)]
    app: Option<AppId>,
    /// The last one of the former page.
    #[serde(default)]
    before: Option<u64>,
    #[serde(default)]
    limit: Option<usize>,
}

/// Entries, newest first.
#[derive(Serialize)]
pub struct Entries {
    entries: Vec<AuditEntry>,
    /// Whether there are more behind the last one.
    more: bool,
}

/// `GET audit?app=&before=&limit=`
pub async fn list(
    State(console): State<Arc<Console>>,
    FromQuery(page): FromQuery<Page>,
) -> Result<Json<Entries>, ApiError> {
    let limit = page.limit.unwrap_or(PAGE);
    if !(1..=MOST_AT_ONCE).contains(&limit) {
        return Err(ApiError::invalid(format!("limit must be from 1 to {MOST_AT_ONCE}, not {limit}")));
    }
    // One more than is shown, to know whether there are more.
    let mut entries = console.audit.entries(page.app, page.before, limit + 1).await?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    Ok(Json(Entries { entries, more }))
}

impl Console {
    /// Enters what an operator does into the audit log, and does it: in a task of its own, so that it is done and settled
    /// also when the browser goes away. `note` says more about it, and `None` where there was nothing to do.
    pub(super) async fn record<T: Send + 'static>(
        &self,
        visitor: Visitor,
        act: Act,
        change: impl Future<Output = Result<T, ApiError>> + Send + 'static,
        note: impl FnOnce(&T) -> Option<String> + Send + 'static,
    ) -> Result<T, ApiError> {
        let audit = self.audit.clone();
        let by = Actor::operator(visitor.name, visitor.address);
        let recorded = tokio::spawn(async move { audit.record(by, act, change, note).await });
        recorded.await.unwrap_or_else(|_| Err(Code::INTERNAL.into()))
    }
}
