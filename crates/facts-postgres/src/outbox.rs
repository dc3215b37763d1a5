//! The outbox of webhooks.
//!
//! A rule of the model decides whether a login cancels a waiting notice about a disconnect. A batch with such a login
//! therefore needs a transaction of several round trips. Any other batch needs one round trip.

use crate::PostgresFacts;
use crate::accounts::app_id;
use crate::rows::{
    Result, count, get, hook, json, key, list, millis, number, only, optional, parsed, text, time, to_json,
    unsigned,
};
use crate::store::{Values, Work};
use deadpool_postgres::{Object, Transaction};
use lamplight_facts::{
    Answer, DeadLetter, Enqueued, LaneState, MAX_DEAD_LETTERS, MAX_WAITING_NOTICES, NewNotice, Notice,
    Outbox, RecorderTerm, Settled, SettledAs,
};
use lamplight_model::{
    AppId, DeviceId, Hook, Lane, LaneLease, MAX_EVENTS_BETWEEN, NodeId, NoticeContent, SessionEvent,
    Timestamp, User, UserId,
};
use std::collections::BTreeMap;
use tokio_postgres::Row;

/// The webhook for messages to OFFLINE users.
pub(crate) const PUSH: Hook = Hook::Push;

const TAKE_IN: &str = "SELECT added, repeated, dropped FROM take_in($1, $2, $3, $4, $5, $6, $7, $8)";

const TAKE_IN_OF_RECORDER: &str =
    "SELECT added, repeated, dropped FROM take_in_of_recorder($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

impl Outbox for PostgresFacts {
    fn enqueue(&self, notices: Vec<NewNotice>, terms: Vec<RecorderTerm>) -> Answer<'_, Option<Enqueued>> {
        Box::pin(async move {
            const DOING: &str = "taking notices in";
            let is_simple = notices.iter().all(|notice| login_that_is_back(notice).is_none());
            let mut lanes = notices.iter().map(lane_of);
            match lanes.next() {
                Some(lane) if is_simple && lanes.all(|other| other == lane) => {
                    let run = Run::of(lane, &notices);
                    let (partitions, numbers) = columns_of(&terms);
                    let [app, hook, users, ordinals, devices, at, contents, most] = run.values();
                    let values: Values<'_> =
                        &[&partitions, &numbers, app, hook, users, ordinals, devices, at, contents, most];
                    let rows = self.store.write(DOING, TAKE_IN_OF_RECORDER, values).await?;
                    only(&rows).and_then(enqueued_if_current).map_err(|fault| fault.of(DOING))
                }
                None | Some(_) => self.store.work(DOING, &Batch { notices: &notices, terms: &terms }).await,
            }
        })
    }

    fn heads(&self, lane: Lane, limit: usize) -> Answer<'_, Vec<Notice>> {
        Box::pin(async move {
            const DOING: &str = "reading what is due";
            let sql = "SELECT id, user_id, ordinal, content, queued, attempts, due, error FROM notices
                WHERE app = $1 AND hook = $2 AND due IS NOT NULL ORDER BY due, id LIMIT $3";
            let (app, hook) = lane_key(lane);
            let rows = self.store.read(DOING, sql, &[&app, &hook, &number(limit)]).await?;
            let notice = |row: &Row| {
                Ok(Notice {
                    id: count(row, 0)?,
                    lane,
                    user: User::new(lane.app, parsed(row, 1, UserId::new)?),
                    ordinal: count(row, 2)?,
                    content: json(row, 3)?,
                    queued: time(row, 4)?,
                    attempts: unsigned(get(row, 5)?, 5)?,
                    due: time(row, 6)?,
                    error: text(row, 7)?,
                })
            };
            list(&rows, notice).map_err(|fault| fault.of(DOING))
        })
    }

    fn forget_taken_in(&self, users: Vec<(User, u64)>, terms: Vec<RecorderTerm>) -> Answer<'_, ()> {
        Box::pin(async move {
            let sql = "SELECT forget_taken_in($1, $2, $3, $4, $5)";
            let (partitions, numbers) = columns_of(&terms);
            let (apps, ids): (Vec<i64>, Vec<&str>) = users.iter().map(|(user, _)| key(user)).unzip();
            let known: Vec<i64> = users.iter().map(|(_, known)| number(*known)).collect();
            let values: Values<'_> = &[&partitions, &numbers, &apps, &ids, &known];
            self.store.write("forgetting what was taken in", sql, values).await.map(drop)
        })
    }

    fn begin_recording(&self, partitions: Vec<u16>) -> Answer<'_, u64> {
        Box::pin(async move {
            const DOING: &str = "beginning a recorder's term";
            let partitions: Vec<i64> = partitions.into_iter().map(i64::from).collect();
            let rows = self.store.write_beside(DOING, "SELECT begin_recording($1)", &[&partitions]).await?;
            only(&rows).and_then(|row| count(row, 0)).map_err(|fault| fault.of(DOING))
        })
    }

    /// Clears the column `device`, so that no login finds and cancels this notice any more.
    fn hand_out(&self, id: u64) -> Answer<'_, bool> {
        Box::pin(async move {
            let sql = "UPDATE notices SET device = NULL WHERE id = $1 RETURNING id";
            let rows = self.store.write("handing a notice out", sql, &[&number(id)]).await?;
            Ok(!rows.is_empty())
        })
    }

    fn take_lease(&self, lane: Lane, node: NodeId, over: Option<u64>) -> Answer<'_, LaneLease> {
        Box::pin(async move {
            const DOING: &str = "leasing a lane";
            let (app, hook) = lane_key(lane);
            let values: Values<'_> = &[&app, &hook, &node.0.cast_signed(), &over.map(number)];
            let sql = "SELECT holder, term, beat FROM take_lease($1, $2, $3, $4)";
            let rows = self.store.write_beside(DOING, sql, values).await?;
            let lease = |row: &Row| -> Result<LaneLease> {
                let holder: Option<i64> = get(row, 0)?;
                // All columns are NULL if the app was deleted.
                let number = |column| unsigned(get::<Option<i64>>(row, column)?.unwrap_or(0), column);
                let holder = holder.map(|bits| NodeId(bits.cast_unsigned()));
                Ok(LaneLease { holder, term: number(1)?, beat: number(2)? })
            };
            only(&rows).and_then(lease).map_err(|fault| fault.of(DOING))
        })
    }

    fn release_lease(&self, lane: Lane, beat: u64) -> Answer<'_, ()> {
        Box::pin(async move {
            let (app, hook) = lane_key(lane);
            let sql = "UPDATE lane_leases SET holder = NULL, beat = nextval('lane_beats')
                WHERE app = $1 AND hook = $2 AND beat = $3";
            self.store.write_beside("releasing a lane", sql, &[&app, &hook, &number(beat)]).await.map(drop)
        })
    }

    fn settle(&self, settled: Vec<Settled>, at: Timestamp) -> Answer<'_, usize> {
        Box::pin(async move {
            const DOING: &str = "settling notices";
            let mut ids: Vec<i64> = Vec::with_capacity(settled.len());
            let mut outcomes: Vec<i64> = Vec::with_capacity(settled.len());
            let mut tried: Vec<i64> = Vec::with_capacity(settled.len());
            let mut dues: Vec<i64> = Vec::with_capacity(settled.len());
            let mut errors: Vec<&[u8]> = Vec::with_capacity(settled.len());
            let mut terms: Vec<Option<i64>> = Vec::with_capacity(settled.len());
            for Settled { id, term, settled } in &settled {
                let (outcome, attempts, due, error) = match settled {
                    SettledAs::Gone => (0, 0, 0, ""),
                    SettledAs::Again { attempts, due, error } => (1, *attempts, millis(*due), error.as_str()),
                    SettledAs::Dead { attempts, error } => (2, *attempts, 0, error.as_str()),
                };
                ids.push(number(*id));
                terms.push(term.map(number));
                outcomes.push(outcome);
                tried.push(i64::from(attempts));
                dues.push(due);
                errors.push(error.as_bytes());
            }
            let (at, most) = (millis(at), number(MAX_DEAD_LETTERS));
            let rows = if terms.iter().all(Option::is_none) {
                let values: Values<'_> = &[&ids, &outcomes, &tried, &dues, &errors, &at, &most];
                self.store.write(DOING, "SELECT settle($1, $2, $3, $4, $5, $6, $7)", values).await?
            } else {
                let values: Values<'_> = &[&ids, &outcomes, &tried, &dues, &errors, &terms, &at, &most];
                let sql = "SELECT settle_in_terms($1, $2, $3, $4, $5, $6, $7, $8)";
                self.store.write(DOING, sql, values).await?
            };
            only(&rows).and_then(|row| unsigned(get(row, 0)?, 0)).map_err(|fault| fault.of(DOING))
        })
    }

    fn lanes(&self) -> Answer<'_, Vec<LaneState>> {
        Box::pin(async move {
            const DOING: &str = "reading the lanes of webhooks";
            let sql = "SELECT l.app, l.hook, sum(l.waiting)::bigint, sum(l.dead)::bigint,
                    (SELECT min(n.queued) FROM notices AS n
                     WHERE n.app = l.app AND n.hook = l.hook AND n.due IS NOT NULL)
                FROM lanes AS l GROUP BY l.app, l.hook ORDER BY l.app, l.hook";
            let rows = self.store.read(DOING, sql, &[]).await?;
            let lane = |row: &Row| {
                let oldest: Option<i64> = get(row, 4)?;
                Ok(LaneState {
                    lane: Lane { app: app_id(row, 0)?, hook: hook(row, 1)? },
                    waiting: count(row, 2)?,
                    dead: count(row, 3)?,
                    oldest: oldest.map(|oldest| unsigned(oldest, 4).map(Timestamp)).transpose()?,
                })
            };
            list(&rows, lane).map_err(|fault| fault.of(DOING))
        })
    }

    fn dead_letters(&self, app: AppId, after: Option<u64>, limit: usize) -> Answer<'_, Vec<DeadLetter>> {
        Box::pin(async move {
            const DOING: &str = "listing dead letters";
            let sql =
                "SELECT id, hook, user_id, ordinal, content, queued, attempts, died, error FROM dead_letters
                WHERE app = $1 AND id > $2 ORDER BY id LIMIT $3";
            let values: Values<'_> = &[&i64::from(app.0), &number(after.unwrap_or(0)), &number(limit)];
            let rows = self.store.read(DOING, sql, values).await?;
            let letter = |row: &Row| {
                Ok(DeadLetter {
                    id: count(row, 0)?,
                    lane: Lane { app, hook: hook(row, 1)? },
                    user: User::new(app, parsed(row, 2, UserId::new)?),
                    ordinal: count(row, 3)?,
                    content: json(row, 4)?,
                    queued: time(row, 5)?,
                    attempts: unsigned(get(row, 6)?, 6)?,
                    died: time(row, 7)?,
                    error: text(row, 8)?,
                })
            };
            list(&rows, letter).map_err(|fault| fault.of(DOING))
        })
    }

    fn resend(&self, app: AppId, ids: Vec<u64>, at: Timestamp) -> Answer<'_, usize> {
        Box::pin(async move {
            const DOING: &str = "putting dead letters back";
            let ids: Vec<i64> = ids.into_iter().map(number).collect();
            let values: Values<'_> = &[&i64::from(app.0), &ids, &millis(at)];
            let rows = self.store.write(DOING, "SELECT resend($1, $2, $3)", values).await?;
            only(&rows).and_then(|row| unsigned(get(row, 0)?, 0)).map_err(|fault| fault.of(DOING))
        })
    }

    fn drop_dead_letters(&self, app: AppId, ids: Vec<u64>) -> Answer<'_, usize> {
        Box::pin(async move {
            const DOING: &str = "forgetting dead letters";
            let ids: Vec<i64> = ids.into_iter().map(number).collect();
            let values: Values<'_> = &[&i64::from(app.0), &ids];
            let rows = self.store.write(DOING, "SELECT drop_dead_letters($1, $2)", values).await?;
            only(&rows).and_then(|row| unsigned(get(row, 0)?, 0)).map_err(|fault| fault.of(DOING))
        })
    }
}

fn lane_of(notice: &NewNotice) -> Lane {
    Lane { app: notice.user.app, hook: notice.content.hook() }
}

fn lane_key(lane: Lane) -> (i64, i64) {
    (i64::from(lane.app.0), lane.hook as i64)
}

/// Returns the session event and the device if the notice is about a login that may cancel a disconnect; otherwise
/// `None`.
fn login_that_is_back(notice: &NewNotice) -> Option<(&SessionEvent, &DeviceId)> {
    match &notice.content {
        NoticeContent::Session(event) => event.device_that_is_back().map(|device| (event, device)),
        NoticeContent::Push(_) => None,
    }
}

/// The partitions and the numbers of terms, as columns.
fn columns_of(terms: &[RecorderTerm]) -> (Vec<i64>, Vec<i64>) {
    terms.iter().map(|term| (i64::from(term.partition), number(term.term))).unzip()
}

/// Reads the counts of stored notices. The columns are NULL if one of the terms was not the last term of its partition.
/// The result is then `None`.
fn enqueued_if_current(row: &Row) -> Result<Option<Enqueued>> {
    match get::<Option<i64>>(row, 0)? {
        Some(_) => enqueued(row).map(Some),
        None => Ok(None),
    }
}

fn enqueued(row: &Row) -> Result<Enqueued> {
    let number = |column| unsigned(get(row, column)?, column);
    Ok(Enqueued { added: number(0)?, repeated: number(1)?, dropped: number(2)?, suppressed: 0 })
}

/// Notices of one lane, as the columns of one statement.
struct Run<'a> {
    lane: (i64, i64),
    users: Vec<&'a str>,
    ordinals: Vec<Option<i64>>,
    /// The device of each notice about a disconnect that a login may cancel; `None` for other notices.
    devices: Vec<Option<&'a str>>,
    at: Vec<i64>,
    contents: Vec<String>,
    most: i64,
}

impl<'a> Run<'a> {
    fn of(lane: Lane, notices: impl IntoIterator<Item = &'a NewNotice>) -> Self {
        let (lane, most) = (lane_key(lane), number(MAX_WAITING_NOTICES));
        let (users, ordinals, devices, at, contents) = Default::default();
        let mut run = Self { lane, users, ordinals, devices, at, contents, most };
        for NewNotice { user, content, at } in notices {
            run.push(user, content, *at);
        }
        run
    }

    fn push(&mut self, user: &'a User, content: &'a NoticeContent, at: Timestamp) {
        let (ordinal, device) = match content {
            NoticeContent::Session(event) => {
                let device = event.device.as_ref().filter(|_| event.kind.is_disconnect());
                (Some(number(event.ordinal)), device.map(|device| device.id.as_str()))
            }
            NoticeContent::Push(_) => (None, None),
        };
        self.users.push(user.id.as_str());
        self.ordinals.push(ordinal);
        self.devices.push(device);
        self.at.push(millis(at));
        self.contents.push(to_json(content));
    }

    fn values(&self) -> [&(dyn tokio_postgres::types::ToSql + Sync); 8] {
        let Self { lane: (app, hook), users, ordinals, devices, at, contents, most } = self;
        [app, hook, users, ordinals, devices, at, contents, most]
    }

    async fn take_in(&self, transaction: &Transaction<'_>) -> Result<Enqueued> {
        let statement = transaction.prepare_cached(TAKE_IN).await?;
        enqueued(only(&transaction.query(&statement, &self.values()).await?)?)
    }
}

/// Stores notices about messages to one user.
pub(crate) async fn take_in_pushes(
    transaction: &Transaction<'_>,
    user: &User,
    contents: &[NoticeContent],
    at: Timestamp,
) -> Result<Enqueued> {
    let mut run = Run::of(Lane { app: user.app, hook: PUSH }, []);
    for content in contents {
        run.push(user, content, at);
    }
    run.take_in(transaction).await
}

/// Notices of several lanes, or notices that include logins which may cancel a disconnect.
struct Batch<'a> {
    notices: &'a [NewNotice],
    terms: &'a [RecorderTerm],
}

impl Work for Batch<'_> {
    type Answer = Option<Enqueued>;

    async fn run(&self, connection: &mut Object) -> Result<Option<Enqueued>> {
        let transaction = connection.transaction().await?;
        let hold = transaction.prepare_cached("SELECT hold_recorder_terms($1, $2)").await?;
        let (partitions, numbers) = columns_of(self.terms);
        let held: bool = get(only(&transaction.query(&hold, &[&partitions, &numbers]).await?)?, 0)?;
        if !held {
            return Ok(None);
        }
        // All turns first, in one order.
        let mut users: BTreeMap<Lane, Vec<&str>> = BTreeMap::new();
        for notice in self.notices {
            users.entry(lane_of(notice)).or_default().push(notice.user.id.as_str());
        }
        let enter = transaction.prepare_cached("SELECT enter_app($1)").await?;
        let lock = transaction.prepare_cached("SELECT lock_turns($1, $2, $3)").await?;
        for (lane, users) in &users {
            let (app, hook) = lane_key(*lane);
            transaction.query(&enter, &[&app]).await?;
            transaction.query(&lock, &[&app, &hook, users]).await?;
        }
        let mut done = Enqueued::default();
        let mut rest = self.notices;
        while let Some(first) = rest.first() {
            if let Some((login, device)) = login_that_is_back(first)
                && take_back(&transaction, first, login, device).await?
            {
                done.suppressed += 1;
                rest = &rest[1..];
                continue;
            }
            // A run of notices: the first notice, and the notices after it that belong to the same lane and cannot
            // cancel a disconnect.
            let goes_along =
                |next: &&NewNotice| lane_of(next) == lane_of(first) && login_that_is_back(next).is_none();
            let length = 1 + rest[1..].iter().take_while(goes_along).count();
            let taken = Run::of(lane_of(first), &rest[..length]).take_in(&transaction).await?;
            done.added += taken.added;
            done.repeated += taken.repeated;
            done.dropped += taken.dropped;
            rest = &rest[length..];
        }
        transaction.commit().await?;
        Ok(Some(done))
    }
}

/// Deletes the waiting notice of the disconnect that this login cancels, if there is one. Returns `true` if a notice
/// was deleted. The caller must then not store the notice of the login.
async fn take_back(
    transaction: &Transaction<'_>,
    notice: &NewNotice,
    login: &SessionEvent,
    device: &DeviceId,
) -> Result<bool> {
    let (app, hook) = lane_key(lane_of(notice));
    let (user, ordinal) = (notice.user.id.as_str(), number(login.ordinal));
    // A login that was taken in before cancels no disconnect. A bounded number of notices is searched, which bounds
    // the time.
    let find = "SELECT id, ordinal, content FROM
            (SELECT id, ordinal, content, device FROM notices
             WHERE app = $1 AND hook = $2 AND user_id = $3 AND ordinal < $5
             ORDER BY ordinal DESC LIMIT $6) AS n
        WHERE device = $4 AND NOT EXISTS (
            SELECT FROM taken_in WHERE app = $1 AND user_id = $3 AND ordinal >= $5)
        ORDER BY ordinal DESC LIMIT 1";
    let most = number(MAX_EVENTS_BETWEEN + 1);
    let find = transaction.prepare_cached(find).await?;
    let rows = transaction.query(&find, &[&app, &hook, &user, &device.as_str(), &ordinal, &most]).await?;
    let found = optional(&rows, |row| Ok((get::<i64>(row, 0)?, get::<i64>(row, 1)?, json(row, 2)?)))?;
    let Some((waiting, place, NoticeContent::Session(disconnect))) = found else { return Ok(false) };
    let behind = "SELECT id, content FROM notices
        WHERE app = $1 AND hook = $2 AND user_id = $3 AND ordinal > $4 ORDER BY ordinal LIMIT $5";
    let behind = transaction.prepare_cached(behind).await?;
    let rows = transaction.query(&behind, &[&app, &hook, &user, &place, &most]).await?;
    let mut ids: Vec<i64> = Vec::new();
    let mut between: Vec<SessionEvent> = Vec::new();
    for row in &rows {
        if let NoticeContent::Session(event) = json(row, 1)? {
            ids.push(get(row, 0)?);
            between.push(event);
        }
    }
    if between.len() > MAX_EVENTS_BETWEEN || !login.takes_back(&disconnect, between.iter()) {
        return Ok(false);
    }
    let after = |event| to_json(&NoticeContent::Session(SessionEvent { after: login.after, ..event }));
    let contents: Vec<String> = between.into_iter().map(after).collect();
    let statement = transaction.prepare_cached("SELECT take_back($1, $2, $3, $4, $5)").await?;
    let values: Values<'_> = &[&waiting, &ordinal, &ids, &contents, &millis(notice.at)];
    get(only(&transaction.query(&statement, values).await?)?, 0)
}
