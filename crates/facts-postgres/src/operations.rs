//! The audit log and the figures of the past.

use crate::PostgresFacts;
use crate::rows::{
    Result, count, get, json, list, millis, number, only, text, time, to_json, unsigned, utf8,
};
use crate::store::Values;
use lamplight_facts::{
    AUDIT_FORGOTTEN_AT_ONCE, AUDIT_KEPT, AUDIT_SLACK, Answer, AuditSettled, ConsoleDocument, Figure,
    FiguresRead, MAX_AUDIT_ENTRIES, Operations,
};
use lamplight_model::{AppId, AuditEntry, AuditOutcome, NewAuditEntry, Timestamp};
use tokio_postgres::Row;

impl Operations for PostgresFacts {
    fn begin_audit(&self, entry: NewAuditEntry) -> Answer<'_, u64> {
        Box::pin(async move {
            const DOING: &str = "entering into the audit log";
            let sql = "SELECT begin_audit($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
            let NewAuditEntry { at, by, address, app, action, target, changes } = &entry;
            let oldest = Timestamp(at.0.saturating_sub(AUDIT_KEPT.as_millis() as u64));
            let values: Values<'_> = &[
                &millis(*at),
                &by.as_bytes(),
                &address.as_deref().map(str::as_bytes),
                &app.map(|app| i64::from(app.0)),
                &to_json(action),
                &target.as_bytes(),
                &to_json(changes),
                &to_json(&AuditOutcome::Begun),
                &millis(oldest),
                &number(AUDIT_FORGOTTEN_AT_ONCE),
                &number(MAX_AUDIT_ENTRIES),
                &number(AUDIT_SLACK),
            ];
            let rows = self.store.write(DOING, sql, values).await?;
            only(&rows).and_then(|row| unsigned(get(row, 0)?, 0)).map_err(|fault| fault.of(DOING))
        })
    }

    fn settle_audit(&self, id: u64, settled: AuditSettled) -> Answer<'_, ()> {
        Box::pin(async move {
            const DOING: &str = "settling an entry of the audit log";
            let (outcome, note, changes) = match &settled {
                AuditSettled::Done { note, changes } => (AuditOutcome::Done, note, changes.as_ref()),
                AuditSettled::Failed { note } => (AuditOutcome::Failed, note, None),
                AuditSettled::Nothing => {
                    let sql = "DELETE FROM audit WHERE id = $1";
                    return self.store.write(DOING, sql, &[&number(id)]).await.map(drop);
                }
            };
            let sql =
                "UPDATE audit SET outcome = $2, note = $3, changes = coalesce($4, changes) WHERE id = $1";
            let values: Values<'_> =
                &[&number(id), &to_json(&outcome), &note.as_bytes(), &changes.map(to_json)];
            self.store.write(DOING, sql, values).await.map(drop)
        })
    }

    fn audit_entries(
        &self,
        app: Option<AppId>,
        before: Option<u64>,
        limit: usize,
    ) -> Answer<'_, Vec<AuditEntry>> {
        Box::pin(async move {
            const DOING: &str = "reading the audit log";
            let (before, limit) = (before.map_or(i64::MAX, number), number(limit));
            let rows = match app {
                Some(app) => {
                    let sql = "SELECT id, at, operator, address, app, action, target, changes, outcome, note FROM audit
                        WHERE id < $1 AND app = $3 ORDER BY id DESC LIMIT $2";
                    self.store.read(DOING, sql, &[&before, &limit, &i64::from(app.0)]).await?
                }
                None => {
                    let sql = "SELECT id, at, operator, address, app, action, target, changes, outcome, note FROM audit
                        WHERE id < $1 ORDER BY id DESC LIMIT $2";
                    self.store.read(DOING, sql, &[&before, &limit]).await?
                }
            };
            list(&rows, entry).map_err(|fault| fault.of(DOING))
        })
    }

    fn put_figures(&self, figures: Vec<Figure>, forgotten: Vec<(u8, Timestamp)>) -> Answer<'_, ()> {
        Box::pin(async move {
            let sql = "SELECT put_node_figures($1, $2, $3, $4, $5, $6)";
            let levels: Vec<i64> = figures.iter().map(|figure| figure.level.into()).collect();
            let at: Vec<i64> = figures.iter().map(|figure| millis(figure.at)).collect();
            let nodes: Vec<&[u8]> = figures.iter().map(|figure| figure.node.as_bytes()).collect();
            let contents: Vec<&[u8]> = figures.iter().map(|figure| figure.content.as_bytes()).collect();
            let (of, before): (Vec<i64>, Vec<i64>) =
                forgotten.into_iter().map(|(level, before)| (i64::from(level), millis(before))).unzip();
            let values: Values<'_> = &[&levels, &at, &nodes, &contents, &of, &before];
            self.store.write("writing figures", sql, values).await.map(drop)
        })
    }

    fn figures(&self, which: FiguresRead, limit: usize) -> Answer<'_, Vec<Figure>> {
        Box::pin(async move {
            const DOING: &str = "reading figures";
            let FiguresRead { level, node, from, after } = which;
            // No time is negative.
            let (at, of) = after.map_or((-1, String::new()), |(at, node)| (millis(at), node));
            let sql = "SELECT at, node, content FROM node_figures
                WHERE level = $1 AND at >= $2 AND (at, node) > ($3, $4) AND ($5::bytea IS NULL OR node = $5)
                ORDER BY at, node LIMIT $6";
            let node = node.as_ref().map(String::as_bytes);
            let from = millis(from).max(at);
            let values: Values<'_> = &[&i64::from(level), &from, &at, &of.as_bytes(), &node, &number(limit)];
            let rows = self.store.read(DOING, sql, values).await?;
            let figure = |row: &Row| {
                Ok(Figure { level, at: time(row, 0)?, node: text(row, 1)?, content: text(row, 2)? })
            };
            list(&rows, figure).map_err(|fault| fault.of(DOING))
        })
    }

    fn console_documents(&self) -> Answer<'_, Vec<ConsoleDocument>> {
        Box::pin(async move {
            const DOING: &str = "reading documents of the console";
            let sql = "SELECT name, revision, content FROM console_documents ORDER BY name";
            let rows = self.store.read(DOING, sql, &[]).await?;
            let document = |row: &Row| {
                Ok(ConsoleDocument { name: get(row, 0)?, revision: count(row, 1)?, content: text(row, 2)? })
            };
            list(&rows, document).map_err(|fault| fault.of(DOING))
        })
    }

    fn put_console_document(&self, name: String, was: Option<u64>, content: String) -> Answer<'_, bool> {
        Box::pin(async move {
            const DOING: &str = "storing a document of the console";
            let content = content.as_bytes();
            let rows = match was {
                None => {
                    let sql = "INSERT INTO console_documents (name, revision, content) VALUES ($1, 1, $2)
                        ON CONFLICT DO NOTHING RETURNING revision";
                    self.store.write_beside(DOING, sql, &[&name, &content]).await?
                }
                Some(was) => {
                    let sql = "UPDATE console_documents SET revision = revision + 1, content = $3
                        WHERE name = $1 AND revision = $2 RETURNING revision";
                    self.store.write_beside(DOING, sql, &[&name, &number(was), &content]).await?
                }
            };
            Ok(!rows.is_empty())
        })
    }
}

fn entry(row: &Row) -> Result<AuditEntry> {
    Ok(AuditEntry {
        id: unsigned(get(row, 0)?, 0)?,
        at: time(row, 1)?,
        by: text(row, 2)?,
        address: get::<Option<&[u8]>>(row, 3)?.map(|address| utf8(address, 3)).transpose()?,
        app: get::<Option<i64>>(row, 4)?.map(|app| unsigned(app, 4).map(AppId)).transpose()?,
        action: json(row, 5)?,
        target: text(row, 6)?,
        changes: json(row, 7)?,
        outcome: json(row, 8)?,
        note: text(row, 9)?,
    })
}
