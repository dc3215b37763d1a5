//! The outbox of webhooks in SQL. The head of a user's notices is the one whose column `due` is not null. Each function
//! that inserts or removes notices makes the first notice, and no other, the head.

use crate::SqliteFacts;
use crate::deletion;
use crate::rows::{change, count, json, list, millis, number, parsed, time, to_json};
use lamplight_facts::{
    Answer, DeadLetter, Enqueued, LaneState, MAX_DEAD_LETTERS, MAX_WAITING_NOTICES, NewNotice, Notice,
    Outbox, RecorderTerm, Settled, SettledAs,
};
use lamplight_model::{
    AppId, DeviceId, Hook, Lane, LaneLease, MAX_EVENTS_BETWEEN, NodeId, NoticeContent, SessionEvent,
    Timestamp, User, UserId,
};
use rusqlite::{Connection, Error, OptionalExtension, Result, Row, params};
use std::collections::HashMap;

impl Outbox for SqliteFacts {
    fn enqueue(&self, notices: Vec<NewNotice>, terms: Vec<RecorderTerm>) -> Answer<'_, Option<Enqueued>> {
        self.writer.write("storing notices", move |db| match are_last(db, &terms)? {
            true => enqueue(db, &notices).map(Some),
            false => Ok(None),
        })
    }

    fn heads(&self, lane: Lane, limit: usize) -> Answer<'_, Vec<Notice>> {
        self.readers.read("reading due notices", move |db| heads(db, lane, limit))
    }

    fn forget_taken_in(&self, users: Vec<(User, u64)>, terms: Vec<RecorderTerm>) -> Answer<'_, ()> {
        self.writer.write("forgetting stored events", move |db| match are_last(db, &terms)? {
            true => forget_taken_in(db, &users),
            false => Ok(()),
        })
    }

    fn begin_recording(&self, partitions: Vec<u16>) -> Answer<'_, u64> {
        self.writer.write("beginning a recorder's term", move |db| begin_recording(db, &partitions))
    }

    fn hand_out(&self, id: u64) -> Answer<'_, bool> {
        self.writer.write("handing a notice out", move |db| hand_out(db, id))
    }

    fn take_lease(&self, lane: Lane, node: NodeId, over: Option<u64>) -> Answer<'_, LaneLease> {
        self.writer.write("leasing a lane", move |db| take_lease(db, lane, node, over))
    }

    fn release_lease(&self, lane: Lane, beat: u64) -> Answer<'_, ()> {
        self.writer.write("releasing a lane", move |db| release_lease(db, lane, beat))
    }

    fn settle(&self, settled: Vec<Settled>, at: Timestamp) -> Answer<'_, usize> {
        self.writer.write("settling notices", move |db| settle(db, &settled, at))
    }

    fn lanes(&self) -> Answer<'_, Vec<LaneState>> {
        self.readers.read("reading the lanes of webhooks", lanes)
    }

    fn dead_letters(&self, app: AppId, after: Option<u64>, limit: usize) -> Answer<'_, Vec<DeadLetter>> {
        self.readers.read("listing dead letters", move |db| dead_letters(db, app, after, limit))
    }

    fn resend(&self, app: AppId, ids: Vec<u64>, at: Timestamp) -> Answer<'_, usize> {
        self.writer.write("resending dead letters", move |db| resend(db, app, &ids, at))
    }

    fn drop_dead_letters(&self, app: AppId, ids: Vec<u64>) -> Answer<'_, usize> {
        self.writer.write("deleting dead letters", move |db| drop_dead_letters(db, app, &ids))
    }
}

pub(crate) fn enqueue(db: &Connection, notices: &[NewNotice]) -> Result<Enqueued> {
    let mut done = Enqueued::default();
    let mut tally = Tally::default();
    let mut taken_in: HashMap<&User, u64> = HashMap::new();
    for NewNotice { user, content, at } in notices {
        let lane = Lane { app: user.app, hook: content.hook() };
        if deletion::is_deleted(db, lane.app)? {
            done.dropped += 1;
            continue;
        }
        if let NoticeContent::Session(event) = content {
            let last = match taken_in.get(user) {
                Some(last) => *last,
                None => last_taken_in(db, user)?,
            };
            taken_in.insert(user, last.max(event.ordinal));
            if event.ordinal <= last {
                done.repeated += 1;
                continue;
            }
            if take_back(db, lane, user, event, *at)? {
                done.suppressed += 1;
                tally.add(lane, -1, 0);
                continue;
            }
        }
        if tally.waiting(db, lane.app)? >= MAX_WAITING_NOTICES as i64 {
            done.dropped += 1;
        } else if put(db, lane, user, content, *at)? {
            tally.add(lane, 1, 0);
            done.added += 1;
        } else {
            done.repeated += 1;
        }
    }
    for (user, last) in taken_in {
        let sql = "INSERT OR REPLACE INTO taken_in (app, user, ordinal) VALUES (?1, ?2, ?3)";
        change(db, sql, params![user.app.0, user.id.as_str(), number(last)])?;
    }
    tally.write(db)?;
    Ok(done)
}

/// Returns the ordinal up to which the user's session events were stored in the outbox. Returns 0 if no ordinal is
/// stored. The ordinal is deleted when the caller confirms that it will not repeat events up to this ordinal.
fn last_taken_in(db: &Connection, user: &User) -> Result<u64> {
    let sql = "SELECT ordinal FROM taken_in WHERE app = ?1 AND user = ?2";
    let key = params![user.app.0, user.id.as_str()];
    Ok(db.prepare_cached(sql)?.query_row(key, |row| count(row, 0)).optional()?.unwrap_or(0))
}

fn forget_taken_in(db: &Connection, users: &[(User, u64)]) -> Result<()> {
    for (user, known) in users {
        let sql = "DELETE FROM taken_in WHERE app = ?1 AND user = ?2 AND ordinal <= ?3";
        change(db, sql, params![user.app.0, user.id.as_str(), number(*known)])?;
    }
    Ok(())
}

/// Begins a term of each partition, and returns the number of these terms. It is higher than all former numbers,
/// because no row of `recorder_terms` is ever deleted.
fn begin_recording(db: &Connection, partitions: &[u16]) -> Result<u64> {
    let sql = "SELECT coalesce(max(term), 0) + 1 FROM recorder_terms";
    let term = db.prepare_cached(sql)?.query_row((), |row| count(row, 0))?;
    for partition in partitions {
        let sql = "INSERT OR REPLACE INTO recorder_terms (partition, term) VALUES (?1, ?2)";
        change(db, sql, params![partition, number(term)])?;
    }
    Ok(term)
}

/// Returns `true` if each of these terms is the last term of its partition.
fn are_last(db: &Connection, terms: &[RecorderTerm]) -> Result<bool> {
    let mut term_of = db.prepare_cached("SELECT term FROM recorder_terms WHERE partition = ?1")?;
    for RecorderTerm { partition, term } in terms {
        let last = term_of.query_row([partition], |row| count(row, 0)).optional()?;
        if last != Some(*term) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Deletes the waiting disconnect that this login cancels, if there is one. Returns `true` if a disconnect was deleted.
/// The caller must then not store the login.
fn take_back(db: &Connection, lane: Lane, user: &User, login: &SessionEvent, at: Timestamp) -> Result<bool> {
    let Some(device) = login.device_that_is_back() else { return Ok(false) };
    let (app, hook, id) = (lane.app.0, lane.hook as u8, user.id.as_str());
    // Only a bounded number of notices is searched, to bound the time.
    let sql = "SELECT id, ordinal, content FROM
                   (SELECT id, ordinal, content, device FROM notices
                    WHERE app = ?1 AND hook = ?2 AND user = ?3 AND ordinal < ?5
                    ORDER BY ordinal DESC LIMIT ?6)
               WHERE device = ?4 ORDER BY ordinal DESC LIMIT 1";
    let most = number(MAX_EVENTS_BETWEEN + 1);
    let found = db
        .prepare_cached(sql)?
        .query_row(params![app, hook, id, device.as_str(), number(login.ordinal), most], |row| {
            Ok((row.get(0)?, row.get(1)?, json(row, 2)?))
        })
        .optional()?;
    let Some((waiting, ordinal, content)): Option<(i64, i64, NoticeContent)> = found else {
        return Ok(false);
    };
    let NoticeContent::Session(disconnect) = content else { return Ok(false) };
    let sql = "SELECT id, content FROM notices
               WHERE app = ?1 AND hook = ?2 AND user = ?3 AND ordinal > ?4
               ORDER BY ordinal LIMIT ?5";
    let bounds = params![app, hook, id, ordinal, number(MAX_EVENTS_BETWEEN + 1)];
    let behind: Vec<(i64, NoticeContent)> = list(db, sql, bounds, |row| Ok((row.get(0)?, json(row, 1)?)))?;
    let between: Vec<(i64, SessionEvent)> = behind
        .into_iter()
        .filter_map(|(id, content)| match content {
            NoticeContent::Session(event) => Some((id, event)),
            NoticeContent::Push(_) => None,
        })
        .collect();
    let is_possible = between.len() <= MAX_EVENTS_BETWEEN
        && login.takes_back(&disconnect, between.iter().map(|(_, event)| event));
    if !is_possible {
        return Ok(false);
    }
    change(db, "DELETE FROM notices WHERE id = ?1", [waiting])?;
    for (id, event) in between {
        let content = to_json(&NoticeContent::Session(SessionEvent { after: login.after, ..event }))?;
        change(db, "UPDATE notices SET content = ?2 WHERE id = ?1", params![id, content])?;
    }
    promote(db, lane, &user.id, at)?;
    Ok(true)
}

/// Records that a notice is handed out, by clearing the column `device`. By this column, a login finds the disconnect
/// that it cancels.
fn hand_out(db: &Connection, id: u64) -> Result<bool> {
    Ok(change(db, "UPDATE notices SET device = NULL WHERE id = ?1", [number(id)])? > 0)
}

/// Inserts a notice after the other notices of its user. Returns `false` for a notice that was already stored.
fn put(db: &Connection, lane: Lane, user: &User, content: &NoticeContent, at: Timestamp) -> Result<bool> {
    let (ordinal, device): (Option<u64>, Option<&DeviceId>) = match content {
        NoticeContent::Session(event) => {
            let device = event.device.as_ref().filter(|_| event.kind.is_disconnect());
            (Some(event.ordinal), device.map(|device| &device.id))
        }
        NoticeContent::Push(_) => (None, None),
    };
    // A notice without an ordinal cannot be a repetition, and becomes the last one.
    let sql = "INSERT INTO notices (app, hook, user, ordinal, device, queued, attempts, due, error, content)
               VALUES (?1, ?2, ?3,
                   coalesce(?4, (SELECT max(ordinal) + 1 FROM notices WHERE app = ?1 AND hook = ?2 AND user = ?3), 1),
                   ?5, ?6, 0,
                   iif(EXISTS (SELECT 1 FROM notices WHERE app = ?1 AND hook = ?2 AND user = ?3), NULL, ?6),
                   '', ?7)
               ON CONFLICT DO NOTHING";
    let (id, device) = (user.id.as_str(), device.map(DeviceId::as_str));
    let (ordinal, content) = (ordinal.map(number), to_json(content)?);
    let values = params![lane.app.0, lane.hook as u8, id, ordinal, device, millis(at), content];
    Ok(change(db, sql, values)? > 0)
}

/// Makes the first notice of a user the head, the only one that may be sent.
fn promote(db: &Connection, lane: Lane, user: &UserId, at: Timestamp) -> Result<()> {
    let key = params![lane.app.0, lane.hook as u8, user.as_str(), millis(at)];
    let sql = "UPDATE notices SET due = ?4 WHERE due IS NULL AND id =
                   (SELECT id FROM notices WHERE app = ?1 AND hook = ?2 AND user = ?3 ORDER BY ordinal LIMIT 1)";
    change(db, sql, key).map(drop)
}

fn heads(db: &Connection, lane: Lane, limit: usize) -> Result<Vec<Notice>> {
    let sql = "SELECT id, user, ordinal, content, queued, attempts, due, error FROM notices
               WHERE app = ?1 AND hook = ?2 AND due IS NOT NULL ORDER BY due, id LIMIT ?3";
    list(db, sql, params![lane.app.0, lane.hook as u8, number(limit)], |row| {
        Ok(Notice {
            id: count(row, 0)?,
            lane,
            user: User::new(lane.app, parsed(row, 1, UserId::new)?),
            ordinal: count(row, 2)?,
            content: json(row, 3)?,
            queued: time(row, 4)?,
            attempts: row.get(5)?,
            due: time(row, 6)?,
            error: row.get(7)?,
        })
    })
}

fn lease(db: &Connection, lane: Lane) -> Result<LaneLease> {
    let sql = "SELECT holder, coalesce(term, beat), beat FROM lane_leases WHERE app = ?1 AND hook = ?2";
    let lease = db.prepare_cached(sql)?.query_row(params![lane.app.0, lane.hook as u8], |row| {
        let holder: Option<i64> = row.get(0)?;
        let holder = holder.map(|bits| NodeId(bits.cast_unsigned()));
        Ok(LaneLease { holder, term: count(row, 1)?, beat: count(row, 2)? })
    });
    Ok(lease.optional()?.unwrap_or_default())
}

fn take_lease(db: &Connection, lane: Lane, node: NodeId, over: Option<u64>) -> Result<LaneLease> {
    if deletion::is_deleted(db, lane.app)? {
        return Ok(LaneLease::default());
    }
    let held = lease(db, lane)?;
    let is_own = held.holder == Some(node);
    if held.holder.is_some() && !is_own && over != Some(held.beat) {
        return Ok(held);
    }
    // A replaced row gets a new beat.
    let sql = "INSERT OR REPLACE INTO lane_leases (app, hook, holder, term) VALUES (?1, ?2, ?3, ?4)";
    let term = is_own.then(|| number(held.term));
    change(db, sql, params![lane.app.0, lane.hook as u8, node.0.cast_signed(), term])?;
    lease(db, lane)
}

fn release_lease(db: &Connection, lane: Lane, beat: u64) -> Result<()> {
    let held = lease(db, lane)?;
    if held.beat == beat && held.holder.is_some() {
        let sql = "INSERT OR REPLACE INTO lane_leases (app, hook, holder, term) VALUES (?1, ?2, NULL, ?3)";
        change(db, sql, params![lane.app.0, lane.hook as u8, number(held.term)])?;
    }
    Ok(())
}

/// Returns `true` if an outcome may be stored: it is from the last term of the lane, or it has no term.
fn is_current(db: &Connection, id: u64, term: Option<u64>) -> Result<bool> {
    let Some(term) = term else { return Ok(true) };
    let sql = "SELECT 1 FROM notices JOIN lane_leases AS l USING (app, hook)
               WHERE notices.id = ?1 AND coalesce(l.term, l.beat) = ?2";
    db.prepare_cached(sql)?.exists([number(id), number(term)])
}

fn settle(db: &Connection, settled: &[Settled], at: Timestamp) -> Result<usize> {
    let mut tally = Tally::default();
    for Settled { id, term, settled } in settled {
        if !is_current(db, *id, *term)? {
            continue;
        }
        match settled {
            SettledAs::Gone => {
                let sql = "DELETE FROM notices WHERE id = ?1 RETURNING app, hook, user";
                let gone = db.prepare_cached(sql)?.query_row([number(*id)], owner).optional()?;
                if let Some((lane, user)) = gone {
                    promote(db, lane, &user, at)?;
                    tally.add(lane, -1, 0);
                }
            }
            SettledAs::Again { attempts, due, error } => {
                let sql = "UPDATE notices SET attempts = ?2, error = ?4, due = iif(due IS NULL, NULL, ?3)
                           WHERE id = ?1";
                change(db, sql, params![number(*id), attempts, millis(*due), error])?;
            }
            SettledAs::Dead { attempts, error } => {
                let sql = "INSERT INTO dead_letters (app, hook, user, ordinal, queued, attempts, died, error, content)
                           SELECT app, hook, user, ordinal, queued, ?2, ?3, ?4, content FROM notices WHERE id = ?1";
                change(db, sql, params![number(*id), attempts, millis(at), error])?;
                let sql = "DELETE FROM notices WHERE id = ?1 RETURNING app, hook, user";
                let gone = db.prepare_cached(sql)?.query_row([number(*id)], owner).optional()?;
                if let Some((lane, user)) = gone {
                    promote(db, lane, &user, at)?;
                    tally.add(lane, -1, 1);
                }
            }
        }
    }
    let mut forgotten = 0;
    for app in tally.apps_with_more_dead() {
        forgotten += trim_dead_letters(db, app, &mut tally)?;
    }
    tally.write(db)?;
    Ok(forgotten)
}

/// Deletes the oldest dead letters of an app above the limit, and returns their number.
fn trim_dead_letters(db: &Connection, app: AppId, tally: &mut Tally) -> Result<usize> {
    let sql = "DELETE FROM dead_letters WHERE app = ?1 AND id <=
                   (SELECT id FROM dead_letters WHERE app = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)
               RETURNING app, hook, user";
    let gone = list(db, sql, params![app.0, number(MAX_DEAD_LETTERS)], owner)?;
    for (lane, _) in &gone {
        tally.add(*lane, 0, -1);
    }
    Ok(gone.len())
}

fn lanes(db: &Connection) -> Result<Vec<LaneState>> {
    let sql = "SELECT app, hook, waiting, dead,
                   (SELECT min(queued) FROM notices AS n
                    WHERE n.app = lanes.app AND n.hook = lanes.hook AND n.due IS NOT NULL)
               FROM lanes ORDER BY app, hook";
    list(db, sql, (), |row| {
        let oldest: Option<i64> = row.get(4)?;
        Ok(LaneState {
            lane: Lane { app: AppId(row.get(0)?), hook: hook(row, 1)? },
            waiting: count(row, 2)?,
            dead: count(row, 3)?,
            oldest: if oldest.is_some() { Some(time(row, 4)?) } else { None },
        })
    })
}

// Dead letters

fn dead_letters(db: &Connection, app: AppId, after: Option<u64>, limit: usize) -> Result<Vec<DeadLetter>> {
    let sql = "SELECT id, hook, user, ordinal, content, queued, attempts, died, error FROM dead_letters
               WHERE app = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
    list(db, sql, params![app.0, number(after.unwrap_or(0)), number(limit)], |row| {
        Ok(DeadLetter {
            id: count(row, 0)?,
            lane: Lane { app, hook: hook(row, 1)? },
            user: User::new(app, parsed(row, 2, UserId::new)?),
            ordinal: count(row, 3)?,
            content: json(row, 4)?,
            queued: time(row, 5)?,
            attempts: row.get(6)?,
            died: time(row, 7)?,
            error: row.get(8)?,
        })
    })
}

fn resend(db: &Connection, app: AppId, ids: &[u64], at: Timestamp) -> Result<usize> {
    let mut tally = Tally::default();
    let mut found = 0;
    for id in ids {
        // The notice keeps its ordinal, because the later notices of the user were not sent either. If a notice with
        // this ordinal exists, it is not inserted again.
        let sql =
            "INSERT INTO notices (app, hook, user, ordinal, device, queued, attempts, due, error, content)
                   SELECT app, hook, user, ordinal, NULL, ?3, 0, NULL, '', content FROM dead_letters
                   WHERE id = ?1 AND app = ?2 ON CONFLICT DO NOTHING";
        let put = change(db, sql, params![number(*id), app.0, millis(at)])?;
        let sql = "DELETE FROM dead_letters WHERE id = ?1 AND app = ?2 RETURNING app, hook, user";
        let owner = db.prepare_cached(sql)?.query_row(params![number(*id), app.0], owner).optional()?;
        let Some((lane, user)) = owner else { continue };
        let sql = "UPDATE notices SET due = NULL WHERE app = ?1 AND hook = ?2 AND user = ?3 AND due IS NOT NULL
                   AND ordinal > (SELECT min(ordinal) FROM notices WHERE app = ?1 AND hook = ?2 AND user = ?3)";
        change(db, sql, params![lane.app.0, lane.hook as u8, user.as_str()])?;
        promote(db, lane, &user, at)?;
        tally.add(lane, put as i64, -1);
        found += 1;
    }
    tally.write(db)?;
    Ok(found)
}

fn drop_dead_letters(db: &Connection, app: AppId, ids: &[u64]) -> Result<usize> {
    let mut tally = Tally::default();
    let mut found = 0;
    for id in ids {
        let sql = "DELETE FROM dead_letters WHERE id = ?1 AND app = ?2 RETURNING app, hook, user";
        let owner = db.prepare_cached(sql)?.query_row(params![number(*id), app.0], owner).optional()?;
        if let Some((lane, _)) = owner {
            tally.add(lane, 0, -1);
            found += 1;
        }
    }
    tally.write(db)?;
    Ok(found)
}

/// The changes of a transaction to the counters of the lanes.
#[derive(Default)]
struct Tally {
    added: HashMap<Lane, (i64, i64)>,
    /// The number of waiting notices of each app before the transaction.
    before: HashMap<AppId, i64>,
}

impl Tally {
    fn add(&mut self, lane: Lane, waiting: i64, dead: i64) {
        let added = self.added.entry(lane).or_default();
        added.0 += waiting;
        added.1 += dead;
    }

    /// Returns the number of waiting notices of an app, including the changes of this transaction.
    fn waiting(&mut self, db: &Connection, app: AppId) -> Result<i64> {
        let before = match self.before.get(&app) {
            Some(before) => *before,
            None => {
                let sql = "SELECT coalesce(sum(waiting), 0) FROM lanes WHERE app = ?1";
                let before = db.prepare_cached(sql)?.query_row([app.0], |row| row.get(0))?;
                self.before.insert(app, before);
                before
            }
        };
        let added = self.added.iter().filter(|(lane, _)| lane.app == app).map(|(_, added)| added.0);
        Ok(before + added.sum::<i64>())
    }

    fn apps_with_more_dead(&self) -> Vec<AppId> {
        let mut apps: Vec<AppId> =
            self.added.iter().filter(|(_, added)| added.1 > 0).map(|(lane, _)| lane.app).collect();
        apps.sort_unstable();
        apps.dedup();
        apps
    }

    fn write(self, db: &Connection) -> Result<()> {
        let sql = "INSERT INTO lanes (app, hook, waiting, dead) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT DO UPDATE SET waiting = waiting + excluded.waiting, dead = dead + excluded.dead";
        for (lane, (waiting, dead)) in self.added {
            change(db, sql, params![lane.app.0, lane.hook as u8, waiting, dead])?;
        }
        Ok(())
    }
}

/// Reads the lane and the user from the columns app, hook and user.
fn owner(row: &Row<'_>) -> Result<(Lane, UserId)> {
    Ok((Lane { app: AppId(row.get(0)?), hook: hook(row, 1)? }, parsed(row, 2, UserId::new)?))
}

fn hook(row: &Row<'_>, column: usize) -> Result<Hook> {
    let number: u8 = row.get(column)?;
    let hook = Hook::ALL.into_iter().find(|hook| *hook as u8 == number);
    hook.ok_or(Error::IntegralValueOutOfRange(column, number.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_of_an_earlier_version_is_read() {
        let now = r#"{"Session":{"ordinal":7,"at":8,"device":{"id":"phone","platform":"iPhone","address":null},"kind":{"Login":{"kicked":["Web"]}},"after":{"status_type":"Online","version":9,"told_always":false}}}"#;
        let earlier = now.replace(r#","after":{"status_type":"Online","version":9,"told_always":false}"#, "");
        for (stored, version) in [(now, Some(9)), (&earlier, None)] {
            let content: NoticeContent = serde_json::from_str(stored).unwrap();
            assert_eq!(serde_json::to_string(&content).unwrap(), stored);
            let NoticeContent::Session(event) = content else { panic!("it is a session event") };
            assert_eq!((event.ordinal, event.after.map(|after| after.version.0)), (7, version));
        }
    }
}
