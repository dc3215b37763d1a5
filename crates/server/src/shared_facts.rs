//! Checks that a cluster's facts and its directory belong together. The directory in Redis contains the mark of the
//! facts ([`FactsMark`]) to which its live records belong.

use crate::facts_store::FactsStore;
use lamplight_directory::DirectoryError;
use lamplight_directory_redis::RedisDirectory;
use lamplight_facts::FactsError;
use lamplight_model::FactsMark;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior};

/// The interval at which the mark is advanced while the facts change. A restored back-up is noticed if it lacks the
/// changes of more than one interval.
const BETWEEN_MARKS: Duration = Duration::from_secs(1);

/// The longest time between two notes of the mark in the directory. An unchanged mark is noted again, because the
/// directory may have lost all of its data.
const BETWEEN_NOTES: Duration = Duration::from_secs(5);

/// The reason why a node must not use its database with its directory. `found` is the mark of the database, and `noted`
/// is the mark of the live records.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OtherFacts {
    /// The live records belong to another database.
    #[error(
        "the live records in Redis belong to another database than the one of `facts` (its mark is {found}, theirs is \
         {noted}): each database needs its own `directory` or `directory_prefix`; to use this Redis and prefix with \
         this database, stop all nodes, delete the keys with the prefix in Redis, and start again"
    )]
    OtherDatabase {
        /// The mark of the database.
        found: FactsMark,
        /// The mark of the live records.
        noted: FactsMark,
    },
    /// The live records belong to a later state of the database.
    #[error(
        "the database lacks changes that the live records in Redis know (its mark is {found}, theirs is {noted}), as after \
         restoring a back-up: to use this database, stop all nodes, delete the keys with the prefix in Redis, and start \
         again"
    )]
    OlderDatabase {
        /// The mark of the database.
        found: FactsMark,
        /// The mark of the live records.
        noted: FactsMark,
    },
}

/// The reason why the mark of the facts could not be compared with the directory.
#[derive(Debug, thiserror::Error)]
pub enum SharedFactsError {
    /// The facts do not belong to the directory.
    #[error(transparent)]
    Other(#[from] OtherFacts),
    /// The mark of the facts cannot be read or written.
    #[error("cannot open the database: {0}")]
    Facts(#[from] FactsError),
    /// The directory does not answer.
    #[error("cannot open the directory: {0}")]
    Directory(#[from] DirectoryError),
}

/// Compares the mark of a database with the mark that the directory has noted. Returns `true` if the directory has
/// noted an earlier or equal mark, and `false` if it has noted none. Fails if the noted mark is later, or belongs to
/// another history.
pub fn compare_facts(noted: Option<FactsMark>, found: FactsMark) -> Result<bool, OtherFacts> {
    match noted {
        None => Ok(false),
        Some(noted) if found.includes(noted) => Ok(true),
        Some(noted) if noted.history == found.history => Err(OtherFacts::OlderDatabase { found, noted }),
        Some(noted) => Err(OtherFacts::OtherDatabase { found, noted }),
    }
}

/// Advances the mark of the facts at the start of a node, and notes it in the directory. Fails and changes nothing if
/// the live records do not belong to these facts.
///
/// If the directory has no mark, the first node begins a new history. If the node later starts without a cluster, it
/// sets aside the live records in its data folder, because they are older than those of the cluster.
pub async fn begin(directory: &RedisDirectory, facts: &FactsStore) -> Result<FactsMark, SharedFactsError> {
    let noted = directory.noted_facts().await?;
    let is_known = compare_facts(noted, facts.mark().await?)?;
    let mark = facts.begin_in_cluster(rand::random(), is_known).await?;
    // A node with another database may have started at the same time.
    let noted = directory.note_facts(mark).await?;
    if noted.history != mark.history {
        return Err(OtherFacts::OtherDatabase { found: mark, noted }.into());
    }
    Ok(mark)
}

/// Advances the mark when facts have changed, and notes the mark in the directory. Runs until aborted.
pub async fn keep(directory: Arc<RedisDirectory>, facts: FactsStore, mut mark: FactsMark) {
    let mut tick = tokio::time::interval(BETWEEN_MARKS);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut noted, mut note_at) = (mark, Instant::now());
    let mut is_other = false;
    loop {
        tick.tick().await;
        match facts.mark_changes().await {
            Ok(advanced) => mark = advanced.unwrap_or(mark),
            // Failures of the database are reported elsewhere. The next tick tries again.
            Err(error) => tracing::debug!(%error, "the mark of the database could not be advanced"),
        }
        if mark == noted && Instant::now() < note_at {
            continue;
        }
        // Failures of the directory are reported elsewhere.
        let Ok(found) = directory.note_facts(mark).await else { continue };
        (noted, note_at) = (mark, Instant::now() + BETWEEN_NOTES);
        let was_other = std::mem::replace(&mut is_other, found.history != mark.history);
        if is_other && !was_other {
            let error = OtherFacts::OtherDatabase { found: mark, noted: found };
            tracing::error!(%error, "the directory was exchanged, or another cluster uses it");
        }
    }
}

/// Advances the mark for the last changes of the facts, and notes the mark in the directory. Called when the node
/// stops.
pub async fn keep_last(directory: &RedisDirectory, facts: &FactsStore) {
    let noted = async {
        let Some(mark) = facts.mark_changes().await? else { return Ok(()) };
        directory.note_facts(mark).await?;
        Ok::<_, SharedFactsError>(())
    };
    if let Err(error) = noted.await {
        tracing::warn!(%error, "the mark of the database could not be noted in the directory");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn live_records_belong_to_one_database_that_lacks_nothing_that_they_know() {
        let mark = |history, count| FactsMark { history, count };
        let (found, ahead, other) = (mark(1, 5), mark(1, 6), mark(2, 5));
        for (noted, expected) in [
            (None, Ok(false)),
            (Some(mark(1, 4)), Ok(true)),
            (Some(found), Ok(true)),
            (Some(ahead), Err(OtherFacts::OlderDatabase { found, noted: ahead })),
            (Some(other), Err(OtherFacts::OtherDatabase { found, noted: other })),
        ] {
            assert_eq!(compare_facts(noted, found), expected, "{noted:?}");
        }
    }
}
