//! The periodic work of a node: deadlines, retries, retention and maintenance.

use crate::causes::WithCauses;
use crate::clock::Clock;
use crate::facts_store::FactsStore;
use crate::health::Pulse;
use crate::live_store::LiveStore;
use crate::metrics::KeeperMetrics;
use crate::tls::Certificate;
use crate::webhooks::ReceiverTls;
use lamplight_directory::InProcessDirectory;
use lamplight_model::{FactsMark, Moment};
use lamplight_service::{Expiring, Service};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// The interval between ticks. A tick handles the deadlines that have passed: the ends of lingers, of graces, and of
/// logins without a connection.
const TICK: Duration = Duration::from_millis(250);
/// The number of ticks between two runs of the maintenance: removing expired entries, compacting the journal, and
/// reading changed certificates.
const TICKS_BETWEEN_CHORES: u32 = 20;
/// The interval at which the database's mark ([`FactsMark`]) is recorded in the journal of live records.
const BETWEEN_NOTES: Duration = Duration::from_secs(1);
/// The maximum number of live records that one step checks. Between steps, other operations can use the records.
const BATCH: usize = 256;
/// The maximum number of messages that one transaction deletes. At one transaction per tick, 4,000 messages are deleted
/// per second.
const FORGET_BATCH: usize = 1_000;
/// The interval between two searches for old messages, by the monotonic clock.
const BETWEEN_FORGETTING: Duration = Duration::from_secs(60);

/// The pause between two steps of the deletion of an app. Other operations use the database and the workers in the
/// pauses.
const BETWEEN_DELETIONS: Duration = Duration::from_millis(20);

/// The pause after a step of a deletion has failed.
const DELETION_PAUSE: Duration = Duration::from_secs(1);

/// The pause after a failure to append an entry to the change log.
const PAUSE: Duration = Duration::from_millis(250);

/// Appends entries whose first append to the change log has failed. Runs until aborted.
pub async fn tell(service: Arc<Service>) {
    loop {
        service.telling().waits().await;
        if let Err(error) = service.telling().append_waiting().await {
            tracing::error!(%error, dropped = service.telling().dropped(), "news could not be appended to the change log; trying again");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Deletes the data of deleted apps. Continues after a restart of the node. Runs until aborted.
pub async fn delete_apps(service: Arc<Service>, metrics: KeeperMetrics, clock: Clock) {
    loop {
        service.deletions().wait().await;
        metrics.apps_being_deleted.set(service.deletions().under_way().len() as i64);
        let pause = match service.deletions().proceed(clock.now()).await {
            Ok(_) => BETWEEN_DELETIONS,
            Err(error) => {
                tracing::error!(%error, "the data of a deleted app could not be deleted; trying again");
                DELETION_PAUSE
            }
        };
        metrics.apps_being_deleted.set(service.deletions().under_way().len() as i64);
        tokio::time::sleep(pause).await;
    }
}

/// The metrics and the sign of life that the keeper updates.
pub struct Noted {
    pub metrics: KeeperMetrics,
    pub pulse: Pulse,
}

/// The TLS files, which are read again when they change.
#[derive(Clone)]
pub struct Certificates {
    /// The certificate of the client port; `None` without TLS.
    pub own: Option<Arc<Certificate>>,
    /// The TLS files for connections to the receivers of webhooks.
    pub receivers: Arc<ReceiverTls>,
}

impl Certificates {
    fn refresh(&self) {
        if let Some(certificate) = &self.own {
            certificate.refresh();
        }
        self.receivers.refresh();
    }
}

/// Records the database's mark ([`FactsMark`]) in the journal of live records, once per second while the database
/// changes. If a start finds an older mark in the database, the database was probably restored from a back-up. Runs
/// until aborted.
pub async fn note_facts(directory: Arc<InProcessDirectory>, facts: FactsStore) {
    let mut tick = ticks(BETWEEN_NOTES);
    let mut owed = None;
    loop {
        tick.tick().await;
        match facts.mark_changes().await {
            Ok(mark) => owed = mark.or(owed),
            // Failures of the database are reported elsewhere. The next tick tries again.
            Err(error) => tracing::debug!(%error, "the mark of the database could not be read"),
        }
        if let Some(mark) = owed
            && note_mark(&directory, mark).await
        {
            owed = None;
        }
    }
}

/// Records the last mark of the database in the journal of live records when the node stops.
pub async fn note_last_facts(directory: &Arc<InProcessDirectory>, facts: &FactsStore) {
    match facts.advance_mark(None).await {
        Ok(mark) => drop(note_mark(directory, mark).await),
        Err(error) => {
            tracing::warn!(%error, "the mark of the database could not be recorded with the live records")
        }
    }
}

/// Records a mark of the database in the journal of live records. Returns `false` after a failure. The keeper logs the
/// reason of the failure.
async fn note_mark(directory: &Arc<InProcessDirectory>, mark: FactsMark) -> bool {
    let directory = Arc::clone(directory);
    let noted = tokio::task::spawn_blocking(move || directory.note_facts(mark)).await;
    noted.is_ok_and(|noted| noted.is_ok())
}

/// Retries the operations in the retry list until none is left, for at most `patience`. Returns `false` if operations
/// may be left. Must be called after the tasks of the keeper and the workers have stopped.
pub async fn finish_retries(service: &Service, clock: &Clock, patience: Duration) -> bool {
    let finished = async {
        while service.retries().0 > 0 && service.retry(clock.now()).await > 0 {
            tokio::time::sleep(TICK).await;
        }
    };
    tokio::time::timeout(patience, finished).await.is_ok()
}

/// Handles the deadlines of live records until it is aborted. Calls only the directory: calls to the facts and to the
/// disk have tasks of their own, and delay no deadline.
pub async fn run(service: Arc<Service>, Noted { metrics, pulse }: Noted, clock: Clock) {
    let mut tick = ticks(TICK);
    for turn in 0u32.. {
        tick.tick().await;
        loop {
            pulse.beat(clock.now().moment);
            match service.expire_due(BATCH, clock.now()).await {
                // Records in this process are changed without waiting.
                Ok(Expiring { looked_at: BATCH, failed: 0 }) => tokio::task::yield_now().await,
                Ok(_) => break,
                Err(error) => {
                    tracing::error!(error = %WithCauses(&error), "expired deadlines could not be handled; trying again at the next tick");
                    break;
                }
            }
        }
        metrics.custom_expired.inc_by(service.custom_statuses_expired() - metrics.custom_expired.get());
        if turn.is_multiple_of(TICKS_BETWEEN_CHORES) {
            service.sweep(clock.now());
        }
    }
}

/// Does the due work of live records that needs the facts, until it is aborted.
pub async fn settle(service: Arc<Service>, clock: Clock) {
    loop {
        service.due_work_waits().await;
        service.settle_due(clock.now()).await;
    }
}

/// Retries the operations in the retry list until it is aborted.
pub async fn retry(service: Arc<Service>, metrics: KeeperMetrics, clock: Clock) {
    let mut tick = ticks(TICK);
    loop {
        tick.tick().await;
        service.retry(clock.now()).await;
        let (waiting, dropped) = service.retries();
        metrics.retries_waiting.set(waiting as i64);
        metrics.retries_dropped.set(dropped as i64);
    }
}

/// Deletes old messages in batches, so that users' writes are delayed only a little. Runs until it is aborted.
pub async fn forget_messages(service: Arc<Service>, clock: Clock) {
    let mut tick = ticks(TICK);
    let mut forget_at = Moment(0);
    loop {
        tick.tick().await;
        let now = clock.now();
        if now.moment < forget_at {
            continue;
        }
        let more = match service.forget_messages(FORGET_BATCH, now).await {
            Ok(forgotten) => forgotten == FORGET_BATCH,
            Err(error) => {
                tracing::error!(%error, "old messages could not be deleted; trying again");
                false
            }
        };
        if !more {
            forget_at = now.moment + BETWEEN_FORGETTING;
        }
    }
}

/// Reads changed certificates and compacts the journal from time to time, until it is aborted. A run may wait for the
/// disk, and the next run begins only after it.
pub async fn do_chores(live: LiveStore, certificates: Certificates, pulse: Pulse, clock: Clock) {
    let mut tick = ticks(TICK);
    for turn in 0u32.. {
        tick.tick().await;
        pulse.beat(clock.now().moment);
        if !turn.is_multiple_of(TICKS_BETWEEN_CHORES) {
            continue;
        }
        let (live, certificates, clock) = (live.clone(), certificates.clone(), clock.clone());
        let chores = tokio::task::spawn_blocking(move || {
            certificates.refresh();
            if let Err(error) = live.maintain(clock.now()) {
                tracing::error!(%error, "live records could not be kept on disk");
            }
        });
        if let Err(error) = chores.await {
            tracing::error!(%error, "the chores of the keeper failed");
        }
    }
}

/// An interval whose missed ticks are not made up for, if the work of a tick takes longer.
fn ticks(every: Duration) -> tokio::time::Interval {
    let mut tick = tokio::time::interval(every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use lamplight_facts::{Facts, Lists};
    use lamplight_facts_sqlite::SqliteFacts;
    use lamplight_model::{App, AppId, AppSettings, User, UserId, Visibility};
    use lamplight_service::{By, ThrottleLimits};
    use rusqlite::Connection;
    use std::path::PathBuf;
    use tempfile::TempDir;

    /// A service with one operation in the retry list: the visibility of Alice is changed in the facts and not in the
    /// live record.
    struct Stopping {
        service: Service,
        clock: Clock,
        file: PathBuf,
        _folder: TempDir,
    }

    impl Stopping {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("facts.db");
            let facts = Arc::new(SqliteFacts::open(&file).unwrap());
            let directory = Arc::new(InProcessDirectory::in_memory());
            let log = Arc::<InProcessDirectory>::clone(&directory);
            let of_service: Arc<dyn Facts> = Arc::<SqliteFacts>::clone(&facts);
            let service = Service::new(of_service, directory, log, ThrottleLimits::default());
            let (clock, settings) = (Clock::default(), AppSettings::default());
            let app = App { id: AppId(1), keys: Vec::new(), admins: Vec::new(), settings };
            service.put_app(app).await.unwrap();
            let alice = User::new(AppId(1), UserId::new("alice").unwrap());
            service.create_account(&alice, clock.now()).await.unwrap();
            let mut setting =
                Box::pin(service.set_visibility(&alice, Visibility::Nobody, By::App, clock.now()));
            assert!(setting.as_mut().now_or_never().is_none(), "it waits for the facts");
            // The caller gives the call up after the commit.
            while facts.block_list(alice.clone()).await.unwrap().unwrap().visibility != Visibility::Nobody {
                tokio::task::yield_now().await;
            }
            drop(setting);
            assert_eq!(service.retries().0, 1);
            Self { service, clock, file, _folder: folder }
        }

        /// Makes reads of the facts fail, or work again.
        fn rename(&self, from: &str, to: &str) {
            let database = Connection::open(&self.file).unwrap();
            database.execute_batch(&format!("ALTER TABLE {from} RENAME TO {to}")).unwrap();
        }

        async fn finish(&self, patience: Duration) -> bool {
            finish_retries(&self.service, &self.clock, patience).await
        }
    }

    #[tokio::test]
    async fn a_stopping_node_carries_out_what_waits() {
        let stopping = Stopping::new().await;
        assert!(stopping.finish(Duration::from_secs(60)).await);
        assert_eq!(stopping.service.retries().0, 0);
        assert!(stopping.finish(Duration::ZERO).await, "nothing waits");
    }

    #[tokio::test]
    async fn a_stopping_node_gives_up_when_its_time_is_over_and_says_so() {
        let stopping = Stopping::new().await;
        stopping.rename("accounts", "away");
        assert!(!stopping.finish(Duration::from_millis(1)).await);
        assert_eq!(stopping.service.retries().0, 1, "it still waits");
    }

    #[tokio::test]
    async fn a_stopping_node_tries_again_until_the_store_works() {
        let stopping = Stopping::new().await;
        stopping.rename("accounts", "away");
        assert!(stopping.service.retry(stopping.clock.now()).await > 0, "the first attempt fails");
        stopping.rename("away", "accounts");
        assert!(stopping.finish(Duration::from_secs(60)).await);
        assert_eq!(stopping.service.retries().0, 0);
    }
}
