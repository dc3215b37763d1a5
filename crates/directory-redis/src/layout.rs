//! The servers of the directory, and the partitions that each server has. A node learns them from a single server, from
//! a Redis Cluster, or from Sentinels.

use crate::address::{Address, Server};
use crate::errors::RedisOpenError;
use crate::keys::Keys;
use crate::link::{Mode, connect, info_of, mode_of};
use crate::settings::RedisSettings;
use redis::aio::MultiplexedConnection;
use redis::{ConnectionInfo, ErrorKind, FromRedisValue, Value};
use std::collections::BTreeMap;

/// The servers, and the partitions of each server.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) servers: BTreeMap<Server, (ConnectionInfo, Vec<u16>)>,
    pub(crate) is_single: bool,
}

/// A range of slots of a Redis Cluster, and the server that has them.
#[derive(PartialEq, Eq, Debug)]
struct SlotRange {
    first: u16,
    last: u16,
    host: String,
    port: u16,
}

impl Layout {
    /// Asks one server of the address for the layout.
    pub(crate) async fn ask(
        settings: &RedisSettings,
        address: &Address,
        seed: &ConnectionInfo,
        keys: &Keys,
    ) -> Result<Self, RedisOpenError> {
        if let Some(service) = &address.service {
            let server = ask_sentinel(settings, address, seed, service).await?;
            return Ok(Self::of_one(server, settings));
        }
        let mut connection = connect(settings, seed.clone(), "connecting").await?;
        match mode_of(&info_of(&mut connection).await?) {
            Mode::Single => Ok(Self { is_single: true, ..Self::of_one(seed.clone(), settings) }),
            Mode::Sentinel => Err(RedisOpenError::IsSentinel),
            Mode::Cluster => {
                Self::ask_cluster(settings, address, &Server::of(seed), &mut connection, keys).await
            }
        }
    }

    fn of_one(server: ConnectionInfo, settings: &RedisSettings) -> Self {
        let partitions = (0..settings.partitions).collect();
        Self { servers: [(Server::of(&server), (server, partitions))].into(), is_single: false }
    }

    /// Asks one server of a Redis Cluster for the layout.
    pub(crate) async fn ask_cluster(
        settings: &RedisSettings,
        address: &Address,
        asked: &Server,
        connection: &mut MultiplexedConnection,
        keys: &Keys,
    ) -> Result<Self, RedisOpenError> {
        let doing = "asking for the servers of the Redis Cluster";
        let mut pipe = redis::pipe();
        pipe.cmd("CLUSTER").arg("SLOTS");
        for partition in 0..settings.partitions {
            pipe.cmd("CLUSTER").arg("KEYSLOT").arg(keys.channel(partition));
        }
        let mut answers: Vec<Value> =
            pipe.query_async(connection).await.map_err(RedisOpenError::while_doing(doing))?;
        let slots = answers.split_off(1);
        let invalid = || RedisOpenError::while_doing(doing)((ErrorKind::Parse, "invalid answer").into());
        let ranges = answers.pop().and_then(|value| slot_ranges(value, asked)).ok_or_else(invalid)?;
        let mut servers: BTreeMap<Server, (ConnectionInfo, Vec<u16>)> = BTreeMap::new();
        for (partition, slot) in (0..settings.partitions).zip(slots) {
            let slot = u16::from_redis_value(slot).map_err(|_| invalid())?;
            let range = ranges.iter().find(|range| (range.first..=range.last).contains(&slot));
            let SlotRange { host, port, .. } = range.ok_or(RedisOpenError::NoServerForSlot { slot })?;
            let info = address.of_server(host, *port);
            servers.entry(Server::of(&info)).or_insert_with(|| (info, Vec::new())).1.push(partition);
        }
        Ok(Self { servers, is_single: false })
    }
}

/// Asks a Sentinel for the address of the server.
async fn ask_sentinel(
    settings: &RedisSettings,
    address: &Address,
    sentinel: &ConnectionInfo,
    service: &str,
) -> Result<ConnectionInfo, RedisOpenError> {
    // Sentinels have no databases.
    let login = sentinel.redis_settings().clone().set_db(0);
    let with_login = sentinel.clone().set_redis_settings(login);
    let mut connection = match connect(settings, with_login, "connecting to a Sentinel").await {
        // A Sentinel often has no password, although the server has one.
        Err(RedisOpenError::WrongPassword { .. }) => {
            let without = sentinel.clone().set_redis_settings(Default::default());
            connect(settings, without, "connecting to a Sentinel").await?
        }
        connected => connected?,
    };
    let mut ask = redis::cmd("SENTINEL");
    ask.arg("GET-MASTER-ADDR-BY-NAME").arg(service);
    let found: Option<(String, u16)> = ask
        .query_async(&mut connection)
        .await
        .map_err(RedisOpenError::while_doing("asking a Sentinel for the server"))?;
    let (host, port) = found.ok_or_else(|| RedisOpenError::UnknownService { service: service.to_owned() })?;
    Ok(address.of_server(&host, port))
}

/// Parses an answer to `CLUSTER SLOTS`. The answer has ranges, each with its first and last slot, its master and its
/// replicas. An empty host stands for the server `asked`.
fn slot_ranges(value: Value, asked: &Server) -> Option<Vec<SlotRange>> {
    let Value::Array(ranges) = value else { return None };
    let range = |value| {
        let Value::Array(parts) = value else { return None };
        let mut parts = parts.into_iter();
        let first = u16::from_redis_value(parts.next()?).ok()?;
        let last = u16::from_redis_value(parts.next()?).ok()?;
        let Value::Array(master) = parts.next()? else { return None };
        let mut master = master.into_iter();
        let host = Option::<String>::from_redis_value(master.next()?).ok()?.unwrap_or_default();
        let port = u16::from_redis_value(master.next()?).ok()?;
        let host = if host.is_empty() || host == "?" { asked.host().to_owned() } else { host };
        Some(SlotRange { first, last, host, port })
    };
    ranges.into_iter().map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Value::{Array, Int, Nil};

    fn text(text: &str) -> Value {
        Value::BulkString(text.into())
    }

    #[test]
    fn an_answer_of_a_cluster_names_the_masters() {
        let asked = Server::of(&Address::parse("redis://here:1").unwrap().seeds[0]);
        let master = |host: Value, port| Array(vec![host, Int(port), text("id"), Array(vec![])]);
        let range = |first, last, masters| Array([vec![Int(first), Int(last)], masters].concat());
        let answer = Array(vec![
            range(0, 5, vec![master(text("10.0.0.1"), 7), master(text("10.0.0.9"), 8)]),
            range(6, 6, vec![master(text(""), 8)]),
            range(7, 16_383, vec![master(Nil, 9)]),
        ]);
        let of = |first, last, host: &str, port| SlotRange { first, last, host: host.into(), port };
        let expected = [of(0, 5, "10.0.0.1", 7), of(6, 6, "here", 8), of(7, 16_383, "here", 9)];
        assert_eq!(slot_ranges(answer, &asked).unwrap(), expected);
        for invalid in
            [Nil, Array(vec![Nil]), Array(vec![range(0, 70_000, vec![])]), Array(vec![range(0, 1, vec![])])]
        {
            assert_eq!(slot_ranges(invalid.clone(), &asked), None, "{invalid:?}");
        }
    }
}
