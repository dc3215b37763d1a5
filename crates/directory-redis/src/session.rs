//! The connections to one run of a server: one for commands, and one for pushed log batches.

use crate::errors::RedisOpenError;
use crate::keys::Keys;
use crate::settings::RedisSettings;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, IntoConnectionInfo, ProtocolVersion, PushInfo};

/// The format of the keys in `lm:meta`.
const FORMAT: &str = "1";

/// The connections to one run of a server. Cloning it clones the handles.
#[derive(Clone)]
pub(crate) struct Session {
    /// The connection for commands.
    pub(crate) commands: MultiplexedConnection,
    /// The connection for pushes, kept open.
    _pushes: MultiplexedConnection,
    /// The run of the server. A restart or a failover leads to another one.
    pub(crate) run: String,
    /// The number of the session within the directory.
    pub(crate) number: u64,
}

impl Session {
    /// Connects, checks the server, and subscribes to the channels of all partitions. Passes pushes to `heard`, possibly
    /// before this returns.
    pub(crate) async fn open(
        settings: &RedisSettings,
        keys: &Keys,
        number: u64,
        heard: impl Fn(PushInfo) + Send + Sync + 'static,
    ) -> Result<Self, RedisOpenError> {
        let doing = RedisOpenError::while_doing;
        let info = settings.url.as_str().into_connection_info().map_err(doing("reading the address"))?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(settings.timeout))
            .set_response_timeout(Some(settings.timeout));

        let client = Client::open(info.clone()).map_err(doing("reading the address"))?;
        let mut commands = client
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .map_err(doing("connecting"))?;
        let run = check_server(&mut commands).await?;
        check_meta(&mut commands, settings, keys).await?;

        let resp3 = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let client = Client::open(info.set_redis_settings(resp3)).map_err(doing("reading the address"))?;
        let push = move |push: PushInfo| -> Result<(), redis::aio::SendError> {
            heard(push);
            Ok(())
        };
        let mut pushes = client
            .get_multiplexed_async_connection_with_config(&config.set_push_sender(push))
            .await
            .map_err(doing("connecting for the log"))?;
        if check_server(&mut pushes).await? != run {
            return Err(RedisOpenError::OtherServer);
        }
        // One command for each channel, because the channels are of different slots.
        let mut subscribe = redis::pipe();
        for partition in 0..settings.partitions {
            subscribe.cmd("SSUBSCRIBE").arg(keys.channel(partition)).ignore();
        }
        subscribe.exec_async(&mut pushes).await.map_err(doing("subscribing to the log"))?;
        Ok(Self { commands, _pushes: pushes, run, number })
    }
}

/// Checks that the server can be used, and returns its run.
async fn check_server(connection: &mut MultiplexedConnection) -> Result<String, RedisOpenError> {
    let asked = redis::cmd("INFO").query_async::<String>(connection).await;
    run_of(&asked.map_err(RedisOpenError::while_doing("asking which server it is"))?)
}

fn run_of(info: &str) -> Result<String, RedisOpenError> {
    let field = |name: &str| {
        let value = |line: &str| line.strip_prefix(name)?.strip_prefix(':').map(str::to_owned);
        info.lines().find_map(value).unwrap_or_default()
    };
    let version = field("redis_version");
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < 7) {
        return Err(RedisOpenError::TooOld { found: version });
    }
    if field("role") != "master" {
        return Err(RedisOpenError::Replica);
    }
    let policy = field("maxmemory_policy");
    if policy != "noeviction" {
        return Err(RedisOpenError::Evicts { found: policy });
    }
    Ok(format!("{}:{}", field("run_id"), field("master_replid")))
}

/// Compares the layout of the data with the settings; writes it if there is no data.
async fn check_meta(
    connection: &mut MultiplexedConnection,
    settings: &RedisSettings,
    keys: &Keys,
) -> Result<(), RedisOpenError> {
    let own = [("format", FORMAT.to_owned()), ("partitions", settings.partitions.to_string())];
    let mut pipe = redis::pipe();
    for (field, value) in &own {
        pipe.cmd("HSETNX").arg(keys.meta()).arg(field).arg(value).ignore();
    }
    pipe.cmd("HMGET").arg(keys.meta()).arg(own[0].0).arg(own[1].0);
    let asked = pipe.query_async::<(Vec<String>,)>(connection).await;
    let (found,) = asked.map_err(RedisOpenError::while_doing("comparing the layout of the data"))?;
    for ((what, own), found) in own.into_iter().zip(found) {
        if own != found {
            return Err(RedisOpenError::OtherData { what, found, own });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(version: &str, role: &str, policy: &str) -> String {
        format!(
            "# Server\r\nredis_version:{version}\r\nrun_id:abc\r\n# Replication\r\nrole:{role}\r\n\
             master_replid:def\r\nmaxmemory_policy:{policy}\r\n"
        )
    }

    #[test]
    fn a_server_that_would_lose_records_is_refused() {
        assert_eq!(run_of(&info("7.0.15", "master", "noeviction")).unwrap(), "abc:def");
        assert_eq!(run_of(&info("8.1.0", "master", "noeviction")).unwrap(), "abc:def");
        for (version, role, policy, expected) in [
            (
                "6.2.7",
                "master",
                "noeviction",
                "the server is Redis 6.2.7, and 7.0 or later, or Valkey, is needed",
            ),
            ("", "master", "noeviction", "the server is Redis , and 7.0 or later, or Valkey, is needed"),
            ("7.2.4", "slave", "noeviction", "the server is a replica, which accepts no writes"),
            (
                "7.2.4",
                "master",
                "allkeys-lru",
                "the server evicts keys when it is full (maxmemory-policy allkeys-lru): set maxmemory-policy noeviction",
            ),
        ] {
            assert_eq!(run_of(&info(version, role, policy)).unwrap_err().to_string(), expected);
        }
    }
}
