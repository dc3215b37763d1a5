//! Examines the servers of the directory, and changes nothing.

use crate::address::{Address, Server};
use crate::errors::RedisOpenError;
use crate::facts_mark;
use crate::keys::Keys;
use crate::layout::Layout;
use crate::link::{connect, field, has_meta, info_of, run_of};
use crate::settings::RedisSettings;
use lamplight_model::FactsMark;
use redis::ConnectionInfo;
use redis::aio::MultiplexedConnection;
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The maximum number of steps of the search for other prefixes on a server. A step examines about 1,000 keys.
const SEARCH_STEPS: usize = 50;

/// The results of an examination of the directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RedisFound {
    /// The servers that have partitions, in the order of their addresses.
    pub servers: Vec<RedisServerFound>,
    /// Whether the connections are encrypted.
    pub is_encrypted: bool,
    /// Whether there is data with the prefix of the settings.
    pub has_data: bool,
    /// The mark of the facts to which the data belongs; `None` if no node has noted a mark.
    pub facts: Option<FactsMark>,
    /// The prefixes of the data of other clusters. They are searched only if no server has data with this node's
    /// prefix, and if the user may use `SCAN`. The search covers the first 50,000 keys of each server.
    pub other_prefixes: BTreeSet<String>,
}

/// A server of the directory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RedisServerFound {
    /// The host and the port, or the path of the socket.
    pub address: String,
    /// The name and the version, such as `Redis 7.0.15`.
    pub version: String,
    /// The memory in use, in bytes.
    pub used_memory: u64,
    /// The limit of the memory in bytes; 0 without a limit.
    pub max_memory: u64,
    /// The number of connected replicas.
    pub replicas: u32,
    /// Whether the server writes an append-only file.
    pub keeps_a_file: bool,
    /// How far the server's clock is ahead of this machine's clock, in milliseconds. The error is at most half of the
    /// time that the call takes.
    pub clock_ahead_ms: i64,
}

/// The reason why the directory cannot be used. The text names the server, and contains no password.
#[derive(Debug, thiserror::Error)]
#[error("{server}: {source}")]
pub struct RedisUnfit {
    /// The server that cannot be used. If the settings are invalid or no server has answered, this text names all
    /// servers of the address.
    pub server: String,
    /// The cause.
    pub source: RedisOpenError,
}

/// Examines the servers, and changes nothing. Fails if a node could not start with these settings.
pub async fn examine(settings: &RedisSettings) -> Result<RedisFound, RedisUnfit> {
    let unfit = |source| RedisUnfit { server: settings.hosts(), source };
    settings.check().map_err(unfit)?;
    let address = Address::parse(&settings.url).map_err(RedisOpenError::BadSettings).map_err(unfit)?;
    let keys = Keys::new(&settings.prefix, settings.partitions);
    let layout = find_layout(settings, &address, &keys).await.map_err(unfit)?;
    let mut found = RedisFound {
        servers: Vec::new(),
        is_encrypted: settings.url.starts_with("rediss"),
        has_data: false,
        facts: None,
        other_prefixes: BTreeSet::new(),
    };
    let mut connections = Vec::new();
    for (server, (info, partitions)) in layout.servers {
        let unfit = |source| RedisUnfit { server: server.to_string(), source };
        let (mut connection, described) = examine_server(settings, &server, info).await.map_err(unfit)?;
        found.servers.push(described);
        found.has_data |= has_meta(&mut connection, settings, &keys).await.map_err(unfit)?;
        if partitions.contains(&facts_mark::PARTITION) {
            found.facts = facts_mark::read(&mut connection, &keys).await.map_err(unfit)?;
        }
        connections.push(connection);
    }
    if !found.has_data {
        for connection in &mut connections {
            found.other_prefixes.extend(prefixes(connection).await);
        }
    }
    Ok(found)
}

/// Asks the servers of the address for the layout, one after another.
async fn find_layout(
    settings: &RedisSettings,
    address: &Address,
    keys: &Keys,
) -> Result<Layout, RedisOpenError> {
    let mut failure = RedisOpenError::BadSettings("the address names no server");
    for seed in &address.seeds {
        match Layout::ask(settings, address, seed, keys).await {
            Ok(layout) => return Ok(layout),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

async fn examine_server(
    settings: &RedisSettings,
    server: &Server,
    info: ConnectionInfo,
) -> Result<(MultiplexedConnection, RedisServerFound), RedisOpenError> {
    let mut connection = connect(settings, info, "connecting").await?;
    let info = info_of(&mut connection).await?;
    run_of(&info)?;
    let before = SystemTime::now();
    let time = redis::cmd("TIME").query_async::<(u64, u64)>(&mut connection).await;
    let (seconds, micros) = time.map_err(RedisOpenError::while_doing("asking for the time"))?;
    let middle = before + before.elapsed().unwrap_or_default() / 2;
    let theirs = Duration::from_secs(seconds) + Duration::from_micros(micros);
    let found =
        described(server, &info, ahead_ms(theirs, middle.duration_since(UNIX_EPOCH).unwrap_or_default()));
    Ok((connection, found))
}

fn ahead_ms(theirs: Duration, ours: Duration) -> i64 {
    let ms = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    ms(theirs).saturating_sub(ms(ours))
}

/// Reads the description that a server gives of itself in `INFO`.
fn described(server: &Server, info: &str, clock_ahead_ms: i64) -> RedisServerFound {
    let number = |name: &str| field(info, name).parse::<u64>().unwrap_or(0);
    let valkey = field(info, "valkey_version");
    let version = match valkey.is_empty() {
        true => format!("Redis {}", field(info, "redis_version")),
        false => format!("Valkey {valkey}"),
    };
    RedisServerFound {
        address: server.to_string(),
        version,
        used_memory: number("used_memory"),
        max_memory: number("maxmemory"),
        replicas: u32::try_from(number("connected_slaves")).unwrap_or(u32::MAX),
        keeps_a_file: field(info, "aof_enabled") == "1",
        clock_ahead_ms,
    }
}

/// The prefixes of the directories that have their description on this server. The result is empty if the user may not
/// use `SCAN`.
async fn prefixes(connection: &mut MultiplexedConnection) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut cursor = 0_u64;
    for _ in 0..SEARCH_STEPS {
        let mut search = redis::cmd("SCAN");
        search.arg(cursor).arg("MATCH").arg("*:meta").arg("COUNT").arg(1_000).arg("TYPE").arg("hash");
        let Ok((next, keys)) = search.query_async::<(u64, Vec<String>)>(connection).await else {
            break;
        };
        found.extend(keys.iter().filter_map(|key| key.strip_suffix(":meta")).map(str::to_owned));
        cursor = next;
        if cursor == 0 {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_read_of_redis_and_of_valkey() {
        let server = Server::of(&Address::parse("redis://:secret@here:1").unwrap().seeds[0]);
        let info = "redis_version:7.0.15\r\nused_memory:1000\r\nmaxmemory:2000\r\nconnected_slaves:1\r\naof_enabled:1\r\n";
        let expected = RedisServerFound {
            address: "here:1".to_owned(),
            version: "Redis 7.0.15".to_owned(),
            used_memory: 1000,
            max_memory: 2000,
            replicas: 1,
            keeps_a_file: true,
            clock_ahead_ms: -7,
        };
        assert_eq!(described(&server, info, -7), expected);
        let valkey =
            described(&server, "redis_version:7.2.4\r\nvalkey_version:8.0.1\r\naof_enabled:0\r\n", 0);
        assert_eq!((&*valkey.version, valkey.keeps_a_file, valkey.max_memory), ("Valkey 8.0.1", false, 0));
    }

    #[test]
    fn a_clock_is_ahead_or_behind() {
        let s = Duration::from_secs;
        assert_eq!((ahead_ms(s(9), s(7)), ahead_ms(s(7), s(9))), (2_000, -2_000));
    }
}
