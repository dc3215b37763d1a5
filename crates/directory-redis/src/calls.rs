//! Sends calls to the servers: scripts, and commands for several partitions with one round trip per server.

use crate::errors::{corrupt, is_moving, unavailable};
use crate::figures::RedisCall;
use crate::link::Link;
use crate::shared::Shared;
use futures_util::future::join_all;
use lamplight_directory::DirectoryError;
use redis::{
    Cmd, ErrorKind, FromRedisValue, RedisError, RedisResult, ScriptInvocation, ServerErrorKind, Value,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest pause before a command is repeated because its partition is being moved.
pub(crate) const MOVING_PAUSE: Duration = Duration::from_millis(20);

/// Commands, each for one partition.
#[derive(Default)]
pub(crate) struct Commands(Vec<(u16, Cmd)>);

impl Commands {
    /// Adds a command for a partition.
    pub(crate) fn add(&mut self, partition: u16, name: &str) -> &mut Cmd {
        self.0.push((partition, redis::cmd(name)));
        let (_, command) = self.0.last_mut().expect("it was pushed in the line before");
        command
    }
}

impl Shared {
    /// Runs a call with the time limit of the settings, and counts it. A call that exceeds the limit may have been
    /// executed.
    pub(crate) async fn within<T>(
        &self,
        kind: RedisCall,
        doing: &'static str,
        call: impl Future<Output = Result<T, DirectoryError>>,
    ) -> Result<T, DirectoryError> {
        let begun = Instant::now();
        let done = match tokio::time::timeout(self.settings.timeout, call).await {
            Ok(done) => done,
            Err(_) => Err(unavailable(doing, "Redis did not answer in time")),
        };
        self.counts.called(kind, begun.elapsed(), &done);
        done
    }

    /// Sends commands, with one round trip for each server that has one of their partitions. Returns the answers in the
    /// order of the commands. Waits for partitions that are being moved to another server.
    pub(crate) async fn query<T: FromRedisValue>(
        &self,
        commands: &Commands,
        doing: &'static str,
    ) -> Result<Vec<T>, DirectoryError> {
        let mut answers = self.send(commands, (0..commands.0.len()).collect(), doing).await?;
        loop {
            let moving: Vec<usize> = (0..answers.len()).filter(|index| answers[*index].is_none()).collect();
            if moving.is_empty() {
                break;
            }
            self.wait_for_routes().await;
            let sent = self.send(commands, moving, doing).await?;
            for (answer, sent) in answers.iter_mut().zip(sent) {
                *answer = sent.or(answer.take());
            }
        }
        let read = |value: Value| T::from_redis_value(value).map_err(|error| corrupt(doing, error));
        answers.into_iter().flatten().map(read).collect()
    }

    /// Like [`query`](Self::query), but does not wait for partitions that are being moved. The answers of their
    /// commands are `None`.
    pub(crate) async fn query_once<T: FromRedisValue>(
        &self,
        commands: &Commands,
        doing: &'static str,
    ) -> Result<Vec<Option<T>>, DirectoryError> {
        let sending = self.send(commands, (0..commands.0.len()).collect(), doing);
        let answers = self.within(RedisCall::Upkeep, doing, sending).await?;
        let read = |value: Value| T::from_redis_value(value).map_err(|error| corrupt(doing, error));
        answers.into_iter().map(|answer| answer.map(read).transpose()).collect()
    }

    /// Sends the commands with these indexes. Returns the answers by index. An answer is `None` if the command was not
    /// sent, or its partition is being moved.
    async fn send(
        &self,
        commands: &Commands,
        indexes: Vec<usize>,
        doing: &'static str,
    ) -> Result<Vec<Option<Value>>, DirectoryError> {
        let mut by_link: BTreeMap<u64, (Arc<Link>, Vec<usize>)> = BTreeMap::new();
        for index in indexes {
            let link = self.link(commands.0[index].0, doing)?;
            by_link.entry(link.number).or_insert_with(|| (link, Vec::new())).1.push(index);
        }
        let calls = by_link.values().map(|(link, indexes)| async move {
            let mut pipe = redis::pipe();
            pipe.ignore_errors();
            indexes.iter().for_each(|index| _ = pipe.add_command(commands.0[*index].1.clone()));
            let answered: RedisResult<Vec<RedisResult<Value>>> =
                pipe.query_async(&mut link.commands.clone()).await;
            (link, indexes, answered)
        });
        let mut answers: Vec<Option<Value>> = vec![None; commands.0.len()];
        for (link, indexes, answered) in join_all(calls).await {
            let answered = answered.map_err(|error| self.failed(link, doing, error))?;
            if answered.len() != indexes.len() {
                return Err(corrupt(doing, "an answer is missing"));
            }
            for (index, answer) in indexes.iter().zip(answered) {
                match answer {
                    Ok(value) => answers[*index] = Some(value),
                    Err(error) => {
                        let is_moving = is_moving(&error);
                        let error = self.failed(link, doing, error);
                        if !is_moving {
                            return Err(error);
                        }
                    }
                }
            }
        }
        Ok(answers)
    }

    /// Calls a script on the server that has the partition.
    pub(crate) async fn invoke<T: FromRedisValue>(
        &self,
        partition: u16,
        call: &ScriptInvocation<'_>,
        doing: &'static str,
    ) -> Result<T, DirectoryError> {
        loop {
            let link = self.link(partition, doing)?;
            match call.invoke_async(&mut link.commands.clone()).await {
                Ok(answer) => return Ok(answer),
                // A server that refuses a script because its keys have moved has not run it.
                Err(error) if is_moving(&error) => _ = self.failed(&link, doing, error),
                Err(error) => return Err(self.failed(&link, doing, error)),
            }
            self.wait_for_routes().await;
        }
    }

    /// The link of a partition. Returns an error if there is no connection.
    pub(crate) fn link(&self, partition: u16, doing: &'static str) -> Result<Arc<Link>, DirectoryError> {
        self.routes.link(partition).ok_or_else(|| unavailable(doing, "there is no connection to Redis"))
    }

    /// Converts the error of a call into an error of the port. If the connection has ended or the server has become a
    /// replica, ends the link. If the error says that partitions have moved, requests a lookup of the servers.
    pub(crate) fn failed(&self, link: &Link, doing: &'static str, error: RedisError) -> DirectoryError {
        use ServerErrorKind::{ClusterDown, Moved, ReadOnly};
        let kind = error.kind();
        self.counts.moved.add(u64::from(is_moving(&error)));
        if matches!(kind, ErrorKind::Server(Moved | ClusterDown)) {
            self.routes.suspect();
            self.wake.notify_one();
        }
        let is_replica = matches!(kind, ErrorKind::Server(ReadOnly));
        if is_replica || error.is_unrecoverable_error() || error.is_connection_dropped() {
            self.give_up(link.number);
        }
        unavailable(doing, error)
    }

    async fn wait_for_routes(&self) {
        let _ = tokio::time::timeout(MOVING_PAUSE, self.routes.renewed.notified()).await;
    }
}
