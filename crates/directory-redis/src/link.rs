//! The two connections to one run of a server: one for commands, and one for pushed log batches.

use crate::address::Server;
use crate::errors::RedisOpenError;
use crate::keys::Keys;
use crate::push_stream::PushStream;
use crate::settings::RedisSettings;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, ProtocolVersion,
    PushInfo, PushKind, RedisError, TlsCertificates, Value,
};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::runtime::Handle;

/// The format of the keys, as the key `lm:meta` has it.
const FORMAT: &str = "1";

/// The two connections to one run of a server.
pub(crate) struct Link {
    pub(crate) server: Server,
    /// The connection for commands. All clones share one connection.
    pub(crate) commands: MultiplexedConnection,
    /// The connection on which log batches are pushed.
    pushes: MultiplexedConnection,
    pub(crate) run: Run,
    /// The number that identifies the link within the directory.
    pub(crate) number: u64,
}

/// Reads the messages that a server pushes on a link.
pub(crate) trait PushReader: Send + Sync + 'static {
    /// Reads a log batch, which was pushed on this channel.
    fn batch(&self, channel: &[u8], message: &[u8]);

    /// Handles any other push, and the end of the connection.
    fn other(&self, kind: &PushKind);
}

/// The run of a server. A restart or a failover begins another run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Run {
    id: String,
    /// The replication id. A server gets a new id when it becomes a master.
    replication: String,
    /// The replication id of the master that the server has replaced.
    former_replication: String,
}

/// The kind of a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    Single,
    Cluster,
    Sentinel,
}

impl Link {
    /// Connects, and checks the server. Passes pushes to `reader`, which runs on `log_runtime`. There are no pushes
    /// before [`Link::subscribe`].
    pub(crate) async fn open(
        settings: &RedisSettings,
        info: ConnectionInfo,
        keys: &Keys,
        number: u64,
        log_runtime: &Handle,
        reader: Arc<dyn PushReader>,
    ) -> Result<Self, RedisOpenError> {
        let server = Server::of(&info);
        let mut commands = connect(settings, info.clone(), "connecting").await?;
        let run = run_of(&info_of(&mut commands).await?)?;
        check_meta(&mut commands, settings, keys).await?;

        let resp3 = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let info = info.set_redis_settings(resp3);
        let (settings, doing) = (settings.clone(), "connecting for the log");
        let opening = log_runtime.spawn(async move { connect_pushes(&settings, info, reader, doing).await });
        // The thread ends with the directory.
        let mut pushes = opening.await.map_err(|_| RedisOpenError::Late)??;
        if run_of(&info_of(&mut pushes).await?)? != run {
            return Err(RedisOpenError::OtherServer);
        }
        Ok(Self { server, commands, pushes, run, number })
    }

    /// Asks the server for its current run. Fails if there is no answer, or if the server is no longer a master.
    pub(crate) async fn present_run(&self) -> Result<Run, RedisOpenError> {
        run_of(&info_of(&mut self.commands.clone()).await?)
    }

    /// Subscribes to the channels of these partitions.
    pub(crate) async fn subscribe(&self, keys: &Keys, partitions: &[u16]) -> Result<(), RedisOpenError> {
        // The client library refuses to send no command.
        if partitions.is_empty() {
            return Ok(());
        }
        // One command for each channel, because the channels are of different slots.
        let mut subscribe = redis::pipe();
        for partition in partitions {
            subscribe.cmd("SSUBSCRIBE").arg(keys.channel(*partition)).ignore();
        }
        let subscribed = subscribe.exec_async(&mut self.pushes.clone()).await;
        subscribed.map_err(RedisOpenError::while_doing("subscribing to the log"))
    }
}

impl Run {
    /// The text that identifies the run. The head of a partition contains the text of the run that last wrote it.
    pub(crate) fn name(&self) -> String {
        format!("{}:{}", self.id, self.replication)
    }

    /// Whether both runs belong to one process. The replication id of a process may change.
    pub(crate) fn is_same_process(&self, other: &Self) -> bool {
        self.id == other.id
    }

    /// Whether this run is of a former replica that has replaced the run `other`. It may lack the last writes of
    /// `other`.
    pub(crate) fn has_replaced(&self, other: &Self) -> bool {
        self.former_replication == other.replication
    }
}

/// Opens the connection for pushes in the current runtime, and reads it there until the connection is dropped.
async fn connect_pushes(
    settings: &RedisSettings,
    info: ConnectionInfo,
    reader: Arc<dyn PushReader>,
    doing: &'static str,
) -> Result<MultiplexedConnection, RedisOpenError> {
    let of_library = Arc::clone(&reader);
    let push = move |info: PushInfo| -> Result<(), redis::aio::SendError> {
        match (&info.kind, &info.data[..]) {
            (PushKind::SMessage, [Value::BulkString(channel), Value::BulkString(message)]) => {
                of_library.batch(channel, message);
            }
            (kind, _) => of_library.other(kind),
        }
        Ok(())
    };
    let config = config_of(settings).set_push_sender(push);
    let failed = RedisOpenError::while_doing(doing);
    let opening = async {
        if let ConnectionAddr::Tcp(host, port) = info.addr() {
            let socket = TcpStream::connect((host.as_str(), *port)).await;
            let socket = socket.map_err(|error| failed(error.into()))?;
            over(socket, &info, config, reader).await.map_err(failed)
        } else if let ConnectionAddr::Unix(path) = info.addr() {
            let socket = UnixStream::connect(path).await.map_err(|error| failed(error.into()))?;
            over(socket, &info, config, reader).await.map_err(failed)
        } else {
            // The library has the certificates.
            connect_by(settings, info, config, doing).await
        }
    };
    match tokio::time::timeout(settings.timeout * 2, opening).await {
        Ok(opened) => opened,
        Err(_) => Err(RedisOpenError::Late),
    }
}

/// Opens a connection over a socket. Log batches are passed to `reader` before the client library sees them.
async fn over(
    socket: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    info: &ConnectionInfo,
    config: AsyncConnectionConfig,
    reader: Arc<dyn PushReader>,
) -> Result<MultiplexedConnection, RedisError> {
    let socket =
        PushStream::new(socket, move |channel: &[u8], message: &[u8]| reader.batch(channel, message));
    let opening = MultiplexedConnection::new_with_config(info.redis_settings(), socket, config);
    let (connection, driver) = opening.await?;
    // The driver ends when all clones of the connection are dropped.
    tokio::spawn(driver);
    Ok(connection)
}

/// Opens a connection whose calls fail after the timeout of the settings.
pub(crate) async fn connect(
    settings: &RedisSettings,
    info: ConnectionInfo,
    doing: &'static str,
) -> Result<MultiplexedConnection, RedisOpenError> {
    connect_by(settings, info, config_of(settings), doing).await
}

fn config_of(settings: &RedisSettings) -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(settings.timeout))
        .set_response_timeout(Some(settings.timeout))
}

async fn connect_by(
    settings: &RedisSettings,
    info: ConnectionInfo,
    config: AsyncConnectionConfig,
    doing: &'static str,
) -> Result<MultiplexedConnection, RedisOpenError> {
    let client = if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
        // Only the first call installs a provider; any provider will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = settings.tls.client.clone();
        let certificates = TlsCertificates {
            client_tls: client.map(|(client_cert, client_key)| ClientTlsConfig { client_cert, client_key }),
            root_cert: settings.tls.authorities.clone(),
        };
        Client::build_with_tls(info, certificates)
    } else {
        Client::open(info)
    };
    let client = client.map_err(RedisOpenError::while_doing("reading the certificates"))?;
    let opening = client.get_multiplexed_async_connection_with_config(&config);
    // The library bounds connecting, but not each step of logging in.
    match tokio::time::timeout(settings.timeout * 2, opening).await {
        Ok(opened) => opened.map_err(RedisOpenError::while_doing(doing)),
        Err(_) => Err(RedisOpenError::Late),
    }
}

/// Asks a server for its description (`INFO`).
pub(crate) async fn info_of(connection: &mut MultiplexedConnection) -> Result<String, RedisOpenError> {
    let asked = redis::cmd("INFO").query_async::<String>(connection).await;
    asked.map_err(RedisOpenError::while_doing("asking for the description of the server"))
}

/// A field of a description; empty if the description does not have it.
pub(crate) fn field(info: &str, name: &str) -> String {
    let value = |line: &str| line.strip_prefix(name)?.strip_prefix(':').map(str::to_owned);
    info.lines().find_map(value).unwrap_or_default()
}

/// The kind of a server, according to its description.
pub(crate) fn mode_of(info: &str) -> Mode {
    // Valkey has another name for the field.
    let modes = ["redis_mode", "server_mode"].map(|name| field(info, name));
    let is = |mode: &str| modes.iter().any(|found| found == mode);
    match () {
        () if is("cluster") => Mode::Cluster,
        () if is("sentinel") => Mode::Sentinel,
        () => Mode::Single,
    }
}

/// Checks that a server can be used, and returns its run.
pub(crate) fn run_of(info: &str) -> Result<Run, RedisOpenError> {
    let field = |name: &str| field(info, name);
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
    Ok(Run {
        id: field("run_id"),
        replication: field("master_replid"),
        former_replication: field("master_replid2"),
    })
}

/// Compares the format and the partition count of the stored data with those of this node. Writes the values of this
/// node if there is no data.
async fn check_meta(
    connection: &mut MultiplexedConnection,
    settings: &RedisSettings,
    keys: &Keys,
) -> Result<(), RedisOpenError> {
    let own = own_meta(settings);
    let mut pipe = redis::pipe();
    for (field, value) in &own {
        pipe.cmd("HSETNX").arg(keys.meta()).arg(field).arg(value).ignore();
    }
    pipe.cmd("HMGET").arg(keys.meta()).arg(own[0].0).arg(own[1].0);
    let asked = pipe.query_async::<(Vec<Option<String>>,)>(connection).await;
    compared_meta(own, asked.map(|(found,)| found)).map(drop)
}

/// Compares the format and the partition count of the stored data with those of this node, and writes nothing. Returns
/// `true` if there is data.
pub(crate) async fn has_meta(
    connection: &mut MultiplexedConnection,
    settings: &RedisSettings,
    keys: &Keys,
) -> Result<bool, RedisOpenError> {
    let own = own_meta(settings);
    let mut ask = redis::cmd("HMGET");
    ask.arg(keys.meta()).arg(own[0].0).arg(own[1].0);
    compared_meta(own, ask.query_async(connection).await)
}

/// The fields of `lm:meta`, with the values of this node.
fn own_meta(settings: &RedisSettings) -> [(&'static str, String); 2] {
    [("format", FORMAT.to_owned()), ("partitions", settings.partitions.to_string())]
}

fn compared_meta(
    own: [(&'static str, String); 2],
    found: Result<Vec<Option<String>>, RedisError>,
) -> Result<bool, RedisOpenError> {
    let found = match found {
        Ok(found) => found,
        // Another server of the Redis Cluster has the layout, and is asked for it.
        Err(error) if error.kind() == redis::ErrorKind::Server(redis::ServerErrorKind::Moved) => {
            return Ok(false);
        }
        Err(error) => {
            return Err(RedisOpenError::while_doing("comparing the layout of the data")(error));
        }
    };
    let mut has_data = false;
    for ((what, own), found) in own.into_iter().zip(found) {
        match found {
            Some(found) if found != own => return Err(RedisOpenError::OtherData { what, found, own }),
            found => has_data |= found.is_some(),
        }
    }
    Ok(has_data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(version: &str, role: &str, policy: &str) -> String {
        format!(
            "# Server\r\nredis_version:{version}\r\nredis_mode:cluster\r\nrun_id:abc\r\n# Replication\r\nrole:{role}\r\n\
             master_replid:def\r\nmaster_replid2:ghi\r\nmaxmemory_policy:{policy}\r\n"
        )
    }

    #[test]
    fn a_server_that_would_lose_records_is_refused() {
        assert_eq!(run_of(&info("7.0.15", "master", "noeviction")).unwrap().name(), "abc:def");
        assert_eq!(run_of(&info("8.1.0", "master", "noeviction")).unwrap().name(), "abc:def");
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

    #[test]
    fn a_description_names_the_mode_and_the_replaced_run() {
        let found = info("7.0.15", "master", "noeviction");
        assert_eq!(mode_of(&found), Mode::Cluster);
        assert_eq!(mode_of("redis_mode:sentinel\r\n"), Mode::Sentinel);
        assert_eq!(mode_of("redis_mode:standalone\r\n"), Mode::Single);
        assert_eq!(mode_of("server_mode:cluster\r\n"), Mode::Cluster);
        assert_eq!(mode_of("server_mode:sentinel\r\n"), Mode::Sentinel);
        assert_eq!(mode_of("server_mode:standalone\r\n"), Mode::Single);
        let run = run_of(&found).unwrap();
        let replaced = Run { replication: "ghi".into(), ..run.clone() };
        assert!(run.has_replaced(&replaced) && !replaced.has_replaced(&run));
    }
}
