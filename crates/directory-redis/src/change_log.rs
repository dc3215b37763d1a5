//! The change log: appending to it, and following it on this node.

use crate::RedisDirectory;
use crate::batch::{Delivery, encode_appended};
use crate::changes::{Answered, invoke};
use crate::errors::{contended, corrupt};
use crate::figures::RedisCall;
use crate::reading::MAX_ATTEMPTS;
use crate::shared::Shared;
use futures_util::future::FutureExt;
use lamplight_directory::{Answer, ChangeLog, DirectoryError, LogEntry, LogReader};
use std::collections::BTreeMap;
use std::sync::Arc;

impl ChangeLog for RedisDirectory {
    fn append(&self, entries: Vec<LogEntry>) -> Answer<'_, ()> {
        async move {
            // The log has no order between partitions.
            let mut batches: BTreeMap<u16, Vec<LogEntry>> = BTreeMap::new();
            for entry in entries {
                batches.entry(self.shared.keys.partition_of(&entry.user)).or_default().push(entry);
            }
            for (partition, entries) in batches {
                let appending = append_batch(&self.shared, partition, entries);
                self.shared.within(RedisCall::Append, "appending to the log", appending).await?;
            }
            Ok(())
        }
        .boxed()
    }

    fn follow(&self) -> LogReader {
        self.shared.log.reader()
    }

    fn follow_interest(&self) -> LogReader {
        self.shared.log.reader_with_interest()
    }

    fn follow_events(&self) -> LogReader {
        self.shared.log.event_reader()
    }
}

async fn append_batch(shared: &Shared, partition: u16, entries: Vec<LogEntry>) -> Result<(), DirectoryError> {
    let doing = "appending to the log";
    let batch = encode_appended(entries.clone()).map_err(|error| corrupt(doing, error))?;
    for _ in 0..MAX_ATTEMPTS {
        let mut call = shared.scripts.append.prepare_invoke();
        call.key(shared.keys.head(partition));
        call.arg(shared.epoch_of(partition)).arg(&batch[..]);
        call.arg(shared.keys.channel(partition));
        match invoke(shared, partition, &call, doing).await? {
            Answered::Done(number) => {
                let entries = entries.into_iter().map(Arc::new).collect();
                shared.offer(partition, number, Delivery { entries, moves: false });
                return Ok(());
            }
            Answered::EpochEnded => shared.renew(&[partition], doing).await?,
            Answered::Again(_) | Answered::Absent => {
                return Err(corrupt(doing, "the script compared a record"));
            }
        }
    }
    Err(contended(doing))
}
