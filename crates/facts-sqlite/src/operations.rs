//! The audit log and the stored metrics in SQL.

use crate::SqliteFacts;
use crate::rows::{change, count, json, list, millis, number, time, to_json};
use lamplight_facts::{
    AUDIT_FORGOTTEN_AT_ONCE, AUDIT_KEPT, AUDIT_SLACK, Answer, AuditSettled, ConsoleDocument, Figure,
    FiguresRead, MAX_AUDIT_ENTRIES, Operations,
};
use lamplight_model::{AppId, AuditEntry, AuditOutcome, NewAuditEntry, Timestamp};
use rusqlite::{Connection, Result, Row, params};

impl Operations for SqliteFacts {
    fn begin_audit(&self, entry: NewAuditEntry) -> Answer<'_, u64> {
        self.writer.write("entering into the audit log", move |db| begin_audit(db, &entry))
    }

    fn settle_audit(&self, id: u64, settled: AuditSettled) -> Answer<'_, ()> {
        self.writer.write("settling an entry of the audit log", move |db| settle_audit(db, id, &settled))
    }

    fn audit_entries(
        &self,
        app: Option<AppId>,
        before: Option<u64>,
        limit: usize,
    ) -> Answer<'_, Vec<AuditEntry>> {
        self.readers.read("reading the audit log", move |db| audit_entries(db, app, before, limit))
    }

    fn put_figures(&self, figures: Vec<Figure>, forgotten: Vec<(u8, Timestamp)>) -> Answer<'_, ()> {
        self.writer.write("writing figures", move |db| put_figures(db, &figures, &forgotten))
    }

    fn figures(&self, which: FiguresRead, limit: usize) -> Answer<'_, Vec<Figure>> {
        self.readers.read("reading figures", move |db| figures(db, &which, limit))
    }

    fn console_documents(&self) -> Answer<'_, Vec<ConsoleDocument>> {
        self.readers.read("reading documents of the console", |db| {
            list(db, "SELECT name, revision, content FROM console_documents ORDER BY name", (), |row| {
                Ok(ConsoleDocument { name: row.get(0)?, revision: count(row, 1)?, content: row.get(2)? })
            })
        })
    }

    fn put_console_document(&self, name: String, was: Option<u64>, content: String) -> Answer<'_, bool> {
        self.writer.write("storing a document of the console", move |db| {
            let changed = match was {
                None => {
                    let sql = "INSERT INTO console_documents (name, revision, content) VALUES (?1, 1, ?2)
                               ON CONFLICT DO NOTHING";
                    change(db, sql, params![name, content])?
                }
                Some(was) => {
                    let sql = "UPDATE console_documents SET revision = revision + 1, content = ?3
                               WHERE name = ?1 AND revision = ?2";
                    change(db, sql, params![name, number(was), content])?
                }
            };
            Ok(changed > 0)
        })
    }
}

fn begin_audit(db: &Connection, entry: &NewAuditEntry) -> Result<u64> {
    let NewAuditEntry { at, by, address, app, action, target, changes } = entry;
    let sql = "INSERT INTO audit (at, operator, address, app, action, target, changes, outcome, note)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, '') RETURNING id";
    let row = params![
        millis(*at),
        by,
        address,
        app.map(|app| app.0),
        to_json(action)?,
        target,
        to_json(changes)?,
        to_json(&AuditOutcome::Begun)?
    ];
    let id = db.prepare_cached(sql)?.query_row(row, |row| count(row, 0))?;
    let oldest = Timestamp(at.0.saturating_sub(AUDIT_KEPT.as_millis() as u64));
    let sql = "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ?1 ORDER BY at, id LIMIT ?2)";
    change(db, sql, params![millis(oldest), number(AUDIT_FORGOTTEN_AT_ONCE)])?;
    if id.is_multiple_of(AUDIT_SLACK) {
        // The entries are counted. Their number cannot be computed from ids, because removed entries have used ids too.
        let sql = "DELETE FROM audit WHERE (at, id) <=
                       (SELECT at, id FROM audit ORDER BY at DESC, id DESC LIMIT 1 OFFSET ?1)";
        change(db, sql, params![number(MAX_AUDIT_ENTRIES)])?;
    }
    Ok(id)
}

fn settle_audit(db: &Connection, id: u64, settled: &AuditSettled) -> Result<()> {
    let (outcome, note, changes) = match settled {
        AuditSettled::Done { note, changes } => (AuditOutcome::Done, note, changes.as_ref()),
        AuditSettled::Failed { note } => (AuditOutcome::Failed, note, None),
        AuditSettled::Nothing => {
            return change(db, "DELETE FROM audit WHERE id = ?1", params![number(id)]).map(drop);
        }
    };
    let sql = "UPDATE audit SET outcome = ?2, note = ?3, changes = coalesce(?4, changes) WHERE id = ?1";
    let changes = changes.map(to_json).transpose()?;
    change(db, sql, params![number(id), to_json(&outcome)?, note, changes]).map(drop)
}

fn audit_entries(
    db: &Connection,
    app: Option<AppId>,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<AuditEntry>> {
    const COLUMNS: &str =
        "SELECT id, at, operator, address, app, action, target, changes, outcome, note FROM audit";
    let (before, limit) = (before.map_or(i64::MAX, number), number(limit));
    match app {
        Some(app) => {
            let sql = format!("{COLUMNS} WHERE app = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3");
            list(db, &sql, params![app.0, before, limit], entry)
        }
        None => {
            let sql = format!("{COLUMNS} WHERE id < ?1 ORDER BY id DESC LIMIT ?2");
            list(db, &sql, params![before, limit], entry)
        }
    }
}

fn entry(row: &Row<'_>) -> Result<AuditEntry> {
    Ok(AuditEntry {
        id: count(row, 0)?,
        at: time(row, 1)?,
        by: row.get(2)?,
        address: row.get(3)?,
        app: row.get::<_, Option<u32>>(4)?.map(AppId),
        action: json(row, 5)?,
        target: row.get(6)?,
        changes: json(row, 7)?,
        outcome: json(row, 8)?,
        note: row.get(9)?,
    })
}

fn put_figures(db: &Connection, figures: &[Figure], forgotten: &[(u8, Timestamp)]) -> Result<()> {
    for Figure { level, at, node, content } in figures {
        let sql = "INSERT OR REPLACE INTO node_figures (level, at, node, content) VALUES (?1, ?2, ?3, ?4)";
        change(db, sql, params![level, millis(*at), node, content])?;
    }
    for (level, before) in forgotten {
        change(db, "DELETE FROM node_figures WHERE level = ?1 AND at < ?2", params![level, millis(*before)])?;
    }
    Ok(())
}

fn figures(db: &Connection, which: &FiguresRead, limit: usize) -> Result<Vec<Figure>> {
    let FiguresRead { level, node, from, after } = which;
    // No time is negative.
    let (at, of) = after.as_ref().map_or((-1, ""), |(at, node)| (millis(*at), node));
    let sql = "SELECT at, node, content FROM node_figures
               WHERE level = ?1 AND at >= ?2 AND (at, node) > (?3, ?4) AND (?5 IS NULL OR node = ?5)
               ORDER BY at, node LIMIT ?6";
    list(db, sql, params![level, millis(*from).max(at), at, of, node, number(limit)], |row| {
        Ok(Figure { level: *level, at: time(row, 0)?, node: row.get(1)?, content: row.get(2)? })
    })
}
