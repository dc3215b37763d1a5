//! The deletion of an app: first its row in `apps`, then its rows in all other tables. Each transaction deletes a
//! bounded number of rows.

use crate::rows::{change, list};
use lamplight_facts::AppDeletion;
use lamplight_model::AppId;
use rusqlite::{Connection, OptionalExtension, Result, params};

/// The tables with rows of apps, except the audit log, and the columns that identify a row. The accounts come last:
/// deleting an account also deletes its rows in other tables, and these rows would not be counted.
const TABLES: &[(&str, &str)] = &[
    ("logins", "app, user, device"),
    ("marks", "app, user, device"),
    ("friends", "app, owner, friend"),
    ("blocks", "app, owner, blocked"),
    ("conversations", "app, owner, peer"),
    ("messages", "pair, sequence"),
    ("pairs", "id"),
    ("notices", "id"),
    ("taken_in", "app, user"),
    ("dead_letters", "id"),
    ("lanes", "app, hook"),
    ("lane_leases", "beat"),
    ("revocations", "app, user"),
    ("accounts", "app, id"),
];

pub(crate) fn begin(db: &Connection, app: AppId) -> Result<AppDeletion> {
    let is_there = db.prepare_cached("SELECT 1 FROM apps WHERE id = ?1")?.exists([app.0])?;
    if !is_there {
        return Ok(AppDeletion::NoSuchApp);
    }
    if !db.prepare_cached("SELECT 1 FROM apps WHERE id <> ?1")?.exists([app.0])? {
        return Ok(AppDeletion::LastApp);
    }
    change(db, "DELETE FROM apps WHERE id = ?1", [app.0])?;
    change(db, "INSERT OR REPLACE INTO deleted_apps (id, emptied) VALUES (?1, 0)", [app.0])?;
    Ok(AppDeletion::Begun)
}

pub(crate) fn unfinished(db: &Connection) -> Result<Vec<AppId>> {
    list(db, "SELECT id FROM deleted_apps WHERE NOT emptied ORDER BY id", (), |row| Ok(AppId(row.get(0)?)))
}

/// Returns `true` if an app was deleted and not created again since. The data of such an app must not be stored.
pub(crate) fn is_deleted(db: &Connection, app: AppId) -> Result<bool> {
    db.prepare_cached("SELECT 1 FROM deleted_apps WHERE id = ?1")?.exists([app.0])
}

/// Removes an app from the deleted apps, because it is being created again. Returns `false` while some of its rows
/// still exist.
pub(crate) fn make_again(db: &Connection, app: AppId) -> Result<bool> {
    let sql = "SELECT emptied FROM deleted_apps WHERE id = ?1";
    let emptied: Option<bool> = db.prepare_cached(sql)?.query_row([app.0], |row| row.get(0)).optional()?;
    if emptied == Some(true) {
        change(db, "DELETE FROM deleted_apps WHERE id = ?1", [app.0])?;
    }
    Ok(emptied != Some(false))
}

pub(crate) fn delete_rows(db: &Connection, app: AppId, limit: usize) -> Result<usize> {
    if !unfinished(db)?.contains(&app) {
        return Ok(0);
    }
    let mut deleted = 0;
    for (table, key) in TABLES {
        if deleted == limit {
            break;
        }
        let sql = format!(
            "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE app = ?1 LIMIT ?2)"
        );
        let room = i64::try_from(limit - deleted).unwrap_or(i64::MAX);
        deleted += change(db, &sql, params![app.0, room])?;
    }
    if deleted < limit {
        change(db, "UPDATE deleted_apps SET emptied = 1 WHERE id = ?1", [app.0])?;
    }
    Ok(deleted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;

    /// Checks that `TABLES` lists every table with rows of apps. In a table that is not listed, rows of deleted apps
    /// would stay.
    #[test]
    fn every_table_with_rows_of_apps_is_emptied() {
        let directory = tempfile::tempdir().unwrap();
        let db = schema::open_for_writing(&directory.path().join("facts")).unwrap();
        let sql = "SELECT s.name FROM sqlite_schema AS s, pragma_table_info(s.name) AS c
                   WHERE s.type = 'table' AND c.name = 'app' ORDER BY s.name";
        let with_app: Vec<String> = list(&db, sql, (), |row| row.get(0)).unwrap();
        let mut listed: Vec<&str> = TABLES.iter().map(|(table, _)| *table).collect();
        // The audit log keeps the entries of a deleted app.
        listed.push("audit");
        listed.sort_unstable();
        assert_eq!(with_app, listed);
    }

    /// Checks that the cost of a step does not grow with the size of other apps.
    #[test]
    fn the_rows_of_an_app_are_found_by_an_index() {
        let directory = tempfile::tempdir().unwrap();
        let db = schema::open_for_writing(&directory.path().join("facts")).unwrap();
        for (table, key) in TABLES {
            let sql = format!("EXPLAIN QUERY PLAN SELECT {key} FROM {table} WHERE app = ?1 LIMIT ?2");
            let plan: Vec<String> = list(&db, &sql, params![1, 1], |row| row.get(3)).unwrap();
            assert!(plan.iter().all(|step| step.starts_with("SEARCH")), "{table}: {plan:?}");
        }
    }
}
