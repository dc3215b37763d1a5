//! The task that keeps a directory connected, fills the gaps of its log, and reads its figures.

use crate::batch::Delivery;
use crate::shared::Shared;
use lamplight_directory::{DirectoryError, DirectoryStats};
use lamplight_model::Platform;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// The time in which a missing batch may still arrive by itself: a batch of this node overtakes earlier batches of others.
const GAP_PATIENCE: Duration = Duration::from_millis(20);

/// The pause after a failed connection.
const RECONNECT_PAUSE: Duration = Duration::from_millis(200);

/// Runs until it is aborted.
pub(crate) async fn run(shared: Arc<Shared>) {
    let mut next = Instant::now();
    let mut was_connected = true;
    loop {
        if !shared.is_connected() {
            match shared.connect().await {
                Ok(()) => tracing::info!("connected to Redis again"),
                Err(error) => {
                    if was_connected {
                        let source = std::error::Error::source(&error);
                        tracing::error!(%error, ?source, "there is no connection to Redis");
                    }
                    was_connected = false;
                    sleep(RECONNECT_PAUSE).await;
                    continue;
                }
            }
            was_connected = true;
        }
        if Instant::now() >= next {
            next = Instant::now() + shared.settings.compare_every;
            check(&shared, compare(&shared).await);
        }
        if !shared.gaps().is_empty() {
            sleep(GAP_PATIENCE).await;
            check(&shared, close_gaps(&shared).await);
        }
        // The loop checks everything, whichever of the two ends the wait.
        let _ = timeout_at(next, shared.wake.notified()).await;
    }
}

/// Logs a failure and ends the session, because a server that does not answer the upkeep may be cut off.
fn check(shared: &Shared, done: Result<(), DirectoryError>) {
    if let Err(error) = done {
        tracing::warn!(%error, source = ?std::error::Error::source(&error), "Redis failed");
        if let Ok(session) = shared.session("giving up a connection") {
            shared.give_up(session.number);
        }
    }
}

/// Compares the epochs and numbers of all partitions with those that this node knows, and reads the figures.
async fn compare(shared: &Shared) -> Result<(), DirectoryError> {
    let mut pipe = redis::pipe();
    let all = 0..shared.settings.partitions;
    for partition in all.clone() {
        pipe.cmd("HMGET").arg(shared.keys.head(partition));
        Shared::compared_fields().for_each(|field| _ = pipe.arg(field));
    }
    let heads: Vec<Vec<Option<i64>>> = shared.query(&pipe, "comparing the numbers of the log").await?;
    let (mut sums, mut lost) = (vec![0; 2 + Platform::ALL.len()], Vec::new());
    for (partition, head) in all.zip(heads) {
        let number = |at: usize| head.get(at).copied().flatten().and_then(|it| u64::try_from(it).ok());
        match (number(0), number(1)) {
            (Some(epoch), Some(last)) if epoch == shared.epoch_of(partition) => {
                shared.compare(partition, last)
            }
            _ => lost.push(partition),
        }
        for (at, sum) in sums.iter_mut().enumerate() {
            *sum += number(2 + at).unwrap_or_default();
        }
    }
    *shared.stats.lock() = DirectoryStats {
        records: sums[0],
        online: sums[1],
        devices: std::array::from_fn(|at| sums[2 + at]),
        ..DirectoryStats::default()
    };
    if !lost.is_empty() {
        shared.renew_all(lost, "taking over lost partitions").await?;
    }
    Ok(())
}

/// Reads missing batches from the streams. A partition whose stream does not have them is reported as missed.
async fn close_gaps(shared: &Shared) -> Result<(), DirectoryError> {
    let doing = "reading missing log batches";
    let gaps = shared.gaps();
    if gaps.is_empty() {
        return Ok(());
    }
    let mut pipe = redis::pipe();
    for (partition, first, last) in &gaps {
        pipe.cmd("XRANGE")
            .arg(shared.keys.log(*partition))
            .arg(format!("{first}-0"))
            .arg(format!("{last}-0"));
        pipe.cmd("HGET").arg(shared.keys.head(*partition)).arg("e");
    }
    type Found = (Vec<(String, Vec<(String, Vec<u8>)>)>, Option<u64>);
    let values: Vec<redis::Value> = shared.query(&pipe, doing).await?;
    for ((partition, _, last), found) in gaps.into_iter().zip(values.chunks(2)) {
        let found = redis::Value::Array(found.to_vec());
        let (batches, epoch): Found =
            redis::from_redis_value(found).map_err(|error| crate::errors::corrupt(doing, error))?;
        if epoch != Some(shared.epoch_of(partition)) {
            shared.renew(partition, doing).await?;
            continue;
        }
        for (id, fields) in batches {
            let number = id.split('-').next().and_then(|number| number.parse().ok());
            let delivery = fields.first().and_then(|(_, batch)| Delivery::decode(batch).ok());
            if let (Some(number), Some(delivery)) = (number, delivery) {
                shared.offer(partition, number, delivery);
            }
        }
        shared.give_up_gap(partition, last);
    }
    Ok(())
}
