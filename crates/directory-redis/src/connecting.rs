//! Connects to the servers of the directory, and takes over their partitions.

use crate::errors::RedisOpenError;
use crate::layout::Layout;
use crate::link::{Link, PushReader, Run};
use crate::log_thread::Turn;
use crate::shared::Shared;
use futures_util::future::join_all;
use redis::PushKind;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// The longest wait for the answer of another server that is asked for its present run.
const IN_USE_PATIENCE: Duration = Duration::from_secs(1);

/// A link, and the partitions that are to use it.
struct Candidate {
    link: Arc<Link>,
    partitions: Vec<u16>,
}

/// Reads the pushes that arrive on one link.
struct Reader {
    shared: Weak<Shared>,
    turn: Arc<Turn>,
    link: u64,
}

impl PushReader for Reader {
    fn batch(&self, channel: &[u8], message: &[u8]) {
        if let Some(shared) = self.shared.upgrade() {
            self.turn.count(shared.hear_batch(channel, message));
        }
    }

    fn other(&self, kind: &PushKind) {
        if let Some(shared) = self.shared.upgrade() {
            shared.hear(kind, self.link);
        }
    }
}

impl Shared {
    /// Looks up the servers, and connects to the servers that have partitions without a link. Then reads missed log
    /// batches from the batches that Redis keeps. If Redis lacks batches of a partition, notifies the readers that they
    /// have missed batches of this partition.
    ///
    /// If a server cannot be used, returns its error. The partitions of the other servers are served nevertheless.
    pub(crate) async fn connect(self: &Arc<Self>) -> Result<(), RedisOpenError> {
        let found = match self.find_layout().await {
            Ok(None) => Ok(()),
            Ok(Some(layout)) => self.take_layout(layout).await,
            Err(error) => Err(error),
        };
        self.counts.failed_connects.add(u64::from(found.is_err()));
        self.routes.renewed.notify_waiters();
        self.wake.notify_one();
        found
    }

    /// Asks one server for the layout. Successive calls ask different servers. Returns `None` if the layout cannot have
    /// changed.
    async fn find_layout(&self) -> Result<Option<Layout>, RedisOpenError> {
        let attempt = self.attempts.fetch_add(1, Ordering::Relaxed);
        let links = self.routes.links();
        if self.is_single.load(Ordering::Relaxed) && self.routes.is_complete() {
            return Ok(None);
        }
        let seeds = &self.address.seeds;
        if self.address.service.is_none() && !links.is_empty() {
            // Servers of a Redis Cluster know each other. A server that is cut off from the others may not know the
            // present layout.
            let (link, _) = &links[attempt % links.len()];
            let mut connection = link.commands.clone();
            let asked =
                Layout::ask_cluster(&self.settings, &self.address, &link.server, &mut connection, &self.keys);
            if let Ok(layout) = asked.await {
                return Ok(Some(layout));
            }
        }
        let seed = &seeds[attempt % seeds.len()];
        Layout::ask(&self.settings, &self.address, seed, &self.keys).await.map(Some)
    }

    async fn take_layout(self: &Arc<Self>, layout: Layout) -> Result<(), RedisOpenError> {
        self.is_single.store(layout.is_single, Ordering::Relaxed);
        let links = self.routes.links();
        let candidates = layout.servers.into_iter().map(|(server, (info, partitions))| {
            let known = links.iter().find(|(link, _)| link.server == server).cloned();
            async move {
                let (link, served) = match known {
                    Some(known) => known,
                    None => (Arc::new(self.open_link(info).await?), Vec::new()),
                };
                let partitions: Vec<u16> =
                    partitions.into_iter().filter(|partition| !served.contains(partition)).collect();
                link.subscribe(&self.keys, &partitions).await?;
                Ok(Candidate { link, partitions })
            }
        });
        let mut failure = None;
        // Every server is checked before the first partition is taken over: one of them has the layout of the data.
        let mut ready = Vec::new();
        for candidate in join_all(candidates).await {
            match candidate {
                Ok(candidate) => ready.push(candidate),
                Err(error @ RedisOpenError::OtherData { .. }) => return Err(error),
                Err(error) => failure = Some(error),
            }
        }
        for Candidate { link, partitions } in ready {
            if partitions.is_empty() {
                continue;
            }
            let others = self.runs_in_use(&link).await;
            let begun = self.begin(&link, &partitions, true, &others).await;
            let failed = begun.map_or_else(Some, |begun| {
                self.routes.set(&begun.partitions, &link);
                begun.failure
            });
            let failed = failed.map(RedisOpenError::while_doing("taking over the partitions"));
            failure = failed.or(failure);
        }
        failure.map_or(Ok(()), Err)
    }

    /// Asks the other servers in use for their current runs. If one of these runs was the last to write a partition,
    /// the partition was moved in an orderly way and has lost nothing.
    ///
    /// The links do not show the current runs. A link may be to a master that was cut off. A server may also have
    /// changed its replication id after the link was opened.
    async fn runs_in_use(&self, link: &Link) -> Vec<Run> {
        let patience = self.settings.timeout.min(IN_USE_PATIENCE);
        let asked = self.routes.links().into_iter().filter(|(other, _)| other.number != link.number);
        let asking = asked.map(|(other, _)| async move {
            let present = tokio::time::timeout(patience, other.present_run()).await.ok()?.ok()?;
            let is_replaced = [&present, &other.run].into_iter().any(|run| link.run.has_replaced(run));
            (present.is_same_process(&other.run) && !is_replaced).then(|| other.run.clone())
        });
        join_all(asking).await.into_iter().flatten().collect()
    }

    async fn open_link(self: &Arc<Self>, info: redis::ConnectionInfo) -> Result<Link, RedisOpenError> {
        let number = self.links.fetch_add(1, Ordering::Relaxed) + 1;
        let reader = Reader { shared: Arc::downgrade(self), turn: self.log_thread.turn(), link: number };
        let runtime = self.log_thread.runtime();
        let link = Link::open(&self.settings, info, &self.keys, number, runtime, Arc::new(reader)).await?;
        for script in self.scripts.all() {
            let loaded = script.load_async(&mut link.commands.clone()).await;
            loaded.map_err(RedisOpenError::while_doing("loading the scripts"))?;
        }
        self.counts.connects.add(1);
        Ok(link)
    }
}
