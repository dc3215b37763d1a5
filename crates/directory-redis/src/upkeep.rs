//! The task that maintains a directory: its connections, the gaps of its log, and its figures.

use crate::batch::{Delivery, split_message};
use crate::calls::Commands;
use crate::keys::{KEPT_BATCHES, slot_of};
use crate::link::Link;
use crate::record::OWN_COUNTERS;
use crate::shared::Shared;
use lamplight_directory::{DirectoryError, DirectoryStats};
use lamplight_model::Platform;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// The time within which a missing batch may still arrive. A batch of this node may be delivered before earlier batches
/// of other nodes.
const GAP_PATIENCE: Duration = Duration::from_millis(20);

/// The pause after a failed connection.
const RECONNECT_PAUSE: Duration = Duration::from_millis(200);

/// The shortest time between two lookups of the servers.
const LOOK_UP_PAUSE: Duration = Duration::from_millis(20);

/// Runs until it is aborted.
pub(crate) async fn run(shared: Arc<Shared>) {
    let mut next = Instant::now() + shared.settings.compare_every;
    let mut was_connected = true;
    loop {
        let is_time = Instant::now() >= next;
        if !shared.routes.is_complete() || shared.routes.take_suspicion() || is_time {
            match shared.connect().await {
                Ok(()) if was_connected => sleep(LOOK_UP_PAUSE).await,
                Ok(()) => {
                    was_connected = true;
                    tracing::info!("connected to Redis again");
                }
                Err(error) => {
                    if was_connected {
                        let source = std::error::Error::source(&error);
                        tracing::error!(%error, ?source, "there is no connection to Redis, or not to all of its servers");
                    }
                    was_connected = false;
                    sleep(RECONNECT_PAUSE).await;
                }
            }
        }
        if is_time {
            next = Instant::now() + shared.settings.compare_every;
            compare(&shared).await;
        }
        if !shared.gaps().is_empty() {
            sleep(GAP_PATIENCE).await;
            for (link, partitions) in shared.routes.links() {
                check(&shared, &link, close_gaps(&shared, &partitions).await);
            }
        }
        // After the wait, the loop checks everything, whichever event has ended the wait.
        let _ = timeout_at(next, shared.wake.notified()).await;
    }
}

/// Handles the result of one upkeep call to Redis. If the call has failed, logs the error and ends the link to that
/// server, because the server may be separated from the rest of its cluster.
fn check(shared: &Shared, link: &Link, done: Result<(), DirectoryError>) {
    if let Err(error) = done {
        let server = &link.server;
        tracing::warn!(%error, %server, source = ?std::error::Error::source(&error), "Redis failed");
        shared.give_up(link.number);
    }
}

/// Compares the stored epochs and batch numbers of all partitions with those of this node. Reads the figures.
async fn compare(shared: &Shared) {
    let (mut sums, mut is_whole) = (Figures::default(), true);
    for (link, partitions) in shared.routes.links() {
        let compared = compare_some(shared, &partitions).await;
        is_whole &= compared.is_ok();
        check(shared, &link, compared.map(|some| sums.iter_mut().zip(some).for_each(|(sum, n)| *sum += n)));
    }
    // If a server has not answered, the former figures are kept, because they are complete.
    if is_whole && shared.routes.is_complete() {
        *shared.stats.lock() = DirectoryStats {
            records: sums[0],
            online: sums[1],
            restricted: sums[2],
            devices: std::array::from_fn(|at| sums[OWN_COUNTERS + at]),
            ..DirectoryStats::default()
        };
    }
}

/// The values of [`COUNTERS`](crate::record::COUNTERS).
type Figures = [u64; OWN_COUNTERS + Platform::ALL.len()];

async fn compare_some(shared: &Shared, partitions: &[u16]) -> Result<Figures, DirectoryError> {
    let mut commands = Commands::default();
    for partition in partitions {
        let command = commands.add(*partition, "HMGET").arg(shared.keys.head(*partition));
        Shared::compared_fields().for_each(|field| _ = command.arg(field));
    }
    let doing = "comparing the numbers of the log";
    let heads: Vec<Option<Vec<Option<i64>>>> = shared.query_once(&commands, doing).await?;
    let (mut sums, mut lost) = (Figures::default(), Vec::new());
    for (partition, head) in partitions.iter().zip(heads) {
        let Some(head) = head else { continue };
        let number = |at: usize| head.get(at).copied().flatten().and_then(|it| u64::try_from(it).ok());
        match (number(0), number(1)) {
            (Some(epoch), Some(last)) if epoch == shared.epoch_of(*partition) => {
                shared.compare(*partition, last);
            }
            _ => lost.push(*partition),
        }
        for (at, sum) in sums.iter_mut().enumerate() {
            *sum += number(2 + at).unwrap_or_default();
        }
    }
    if !lost.is_empty() {
        shared.renew(&lost, "taking over lost partitions").await?;
    }
    Ok(sums)
}

/// Reads the missing batches of these partitions from the batches that Redis keeps. If Redis lacks batches of a
/// partition, notifies the readers that they have missed batches of this partition.
async fn close_gaps(shared: &Shared, partitions: &[u16]) -> Result<(), DirectoryError> {
    let doing = "reading missing log batches";
    let mut gaps = shared.gaps();
    gaps.retain(|(partition, ..)| partitions.contains(partition));
    let mut commands = Commands::default();
    for (partition, first, last) in &gaps {
        let fields = commands.add(*partition, "HMGET").arg(shared.keys.head(*partition)).arg("e");
        for number in (*first).max(last.saturating_sub(KEPT_BATCHES - 1))..=*last {
            fields.arg(slot_of(number));
        }
    }
    let heads: Vec<Option<Vec<Option<Vec<u8>>>>> = shared.query_once(&commands, doing).await?;
    for ((partition, first, last), head) in gaps.into_iter().zip(heads) {
        let Some(head) = head else { continue };
        let mut fields = head.into_iter();
        let epoch = fields.next().flatten();
        if epoch != Some(shared.epoch_of(partition).to_string().into_bytes()) {
            shared.renew(&[partition], doing).await?;
            continue;
        }
        shared.counts.gaps.add(1);
        for message in fields.flatten() {
            // The field may have an earlier or a later batch.
            let missing = split_message(&message).filter(|(number, _)| (first..=last).contains(number));
            if let Some((number, batch)) = missing
                && let Ok(delivery) = Delivery::decode(batch)
            {
                shared.counts.repaired.add(1);
                shared.offer(partition, number, delivery);
            }
        }
        shared.give_up_gap(partition, last);
    }
    Ok(())
}
