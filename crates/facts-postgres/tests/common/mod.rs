//! PostgreSQL servers for tests. Each server is Debian's PostgreSQL in a temporary directory, which contains its
//! socket.

#![allow(dead_code, reason = "each binary of tests has this file, and uses a part of it")]

use lamplight_facts_postgres::{ClusterIdentity, PostgresFacts, PostgresSettings, PostgresUrl};
use std::fs::{File, Permissions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};

/// A PostgreSQL server for tests. A server for a single test runs under a shell. When this value is dropped or the test
/// process ends, the shell reads the end of its input. It then ends the server and removes its directory.
pub struct Server {
    directory: PathBuf,
    options: Vec<String>,
    life: Life,
}

/// The condition on which a server ends.
enum Life {
    /// The server ends with this shell. The input of the shell stays open until this process ends.
    Own(Child),
    /// The server ends when no process holds the shared lock on this file. This process holds it.
    Shared(File),
}

/// The time limit for the start and the end of a server.
const PATIENCE: Duration = Duration::from_secs(120);

impl Server {
    /// Starts a server, and waits until it accepts connections.
    pub async fn start() -> Self {
        Self::start_with(|_| vec!["listen_addresses=".to_owned()]).await
    }

    /// Starts a server. `options` gets the directory of the server, may write files into it, and returns the options.
    pub async fn start_with(options: impl FnOnce(&Path) -> Vec<String>) -> Self {
        let directory = tempfile::Builder::new().prefix("lamplight-postgres-").tempdir();
        let directory = directory.expect("a temporary directory can be made").keep();
        give_away(&directory);
        Self::make(&directory);
        let options = options(&directory);
        let life = Life::Own(Self::run(&directory, &options));
        let server = Self { directory, options, life };
        server.await_connections().await;
        server
    }

    /// Starts a standby, which copies this server and then follows it.
    pub async fn start_standby(&self) -> Self {
        let directory = tempfile::Builder::new().prefix("lamplight-postgres-").tempdir();
        let directory = directory.expect("a temporary directory can be made").keep();
        give_away(&directory);
        let mut copy = as_owner(&binary("pg_basebackup"), &directory);
        copy.args(["--username=lamplight", "--checkpoint=fast", "--no-sync", "--write-recovery-conf"]);
        copy.arg("-h").arg(&self.directory).arg("-D").arg(directory.join("data"));
        let copied = copy.output().expect("pg_basebackup can be started");
        assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
        let options = self.options.clone();
        let life = Life::Own(Self::run(&directory, &options));
        let standby = Self { directory, options, life };
        standby.await_connections().await;
        standby
    }

    /// Makes each further commit wait for a standby.
    pub async fn wait_for_standby(&self) {
        let client = self.connect("postgres").await;
        for sql in ["ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"] {
            client.batch_execute(sql).await.expect("the user may do everything");
        }
        let follows = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        while client.query_one(follows, &[]).await.expect("it can be read").get::<_, i64>(0) != 1 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Makes further commits wait for no standby.
    pub async fn commit_alone(&self) {
        let client = self.connect("postgres").await;
        for sql in ["ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()"] {
            client.batch_execute(sql).await.expect("the user may do everything");
        }
    }

    /// Makes a standby accept writes.
    pub async fn promote(&self) {
        let client = self.connect("postgres").await;
        client.batch_execute("SELECT pg_promote()").await.expect("it is a standby");
        // The copy may have the setting of its primary.
        self.commit_alone().await;
    }

    /// Returns the URL of a database with two hosts: this server and `other`. A client uses the host that accepts
    /// writes.
    pub fn url_with(&self, other: &Self, database: &str) -> String {
        let host = |server: &Self| server.directory.display().to_string().replace('/', "%2F");
        let hosts = format!("{},{}", host(self), host(other));
        format!("postgres://lamplight@{hosts}/{database}?target_session_attrs=read-write")
    }

    /// The server that the test processes share; see [`server`].
    async fn shared() -> Self {
        let user = rustix::process::getuid().as_raw();
        let mut place = DefaultHasher::new();
        env!("CARGO_MANIFEST_DIR").hash(&mut place);
        let name = format!("lamplight-postgres-{user}-{:x}", place.finish());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).expect("a directory can be made");
        give_away(&directory);
        let file = |name: &str| {
            let path = directory.join(name);
            let file = File::options().create(true).truncate(false).write(true).open(&path);
            let file = file.expect("a file can be made");
            // The user under whom the server runs locks the file too. If root runs the tests, this is another user.
            file.set_permissions(Permissions::from_mode(0o666)).expect("it is this user's");
            file
        };
        let (starting, used) = (file("starting"), file("used"));
        starting.lock().expect("a file can be locked");
        used.lock_shared().expect("nobody locks it but while holding the other lock");
        let server =
            Self { directory, options: vec!["listen_addresses=".to_owned()], life: Life::Shared(used) };
        if server.try_connect("postgres").await.is_err() {
            let data = server.directory.join("data");
            if data.exists() {
                // A machine that was switched off, or a server that was killed, may have left this data.
                std::fs::remove_dir_all(data).expect("what is left can be removed");
            }
            Self::make(&server.directory);
            Self::run_for_all(&server.directory, &server.options);
            server.await_connections().await;
        }
        drop(starting);
        server
    }

    /// Creates the files of a server.
    fn make(directory: &Path) {
        let mut initdb = as_owner(&binary("initdb"), directory);
        // This locale does not sort texts by their bytes, so a test fails if a statement lacks its collation.
        initdb.args(["--auth=trust", "--username=lamplight", "--no-sync", "--encoding=UTF8"]);
        initdb.args(["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en", "-D"]);
        let made = initdb.arg(directory.join("data")).output().expect("initdb can be started");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    /// Starts a server that ends after about ten seconds without a user. A background process checks for users. Before
    /// it ends the server, it checks again under the lock that a start also needs. No test can therefore begin to use a
    /// server that is about to end.
    fn run_for_all(directory: &Path, options: &[String]) {
        const SCRIPT: &str = r#"
            program=$1 directory=$2
            shift 2
            "$program" -D "$directory/data" -k "$directory" -c fsync=off -c max_connections=300 "$@" \
                >"$directory/log" 2>&1 &
            server=$!
            idle=0
            while kill -0 $server 2>/dev/null; do
                sleep 2
                if flock -n "$directory/used" true; then idle=$((idle + 1)); else idle=0; fi
                if [ $idle -ge 5 ]; then
                    exec 9<"$directory/starting"
                    flock 9
                    if flock -n "$directory/used" true; then
                        kill -INT $server
                        wait $server
                        rm -rf "$directory/data" "$directory/log"
                        exit
                    fi
                    exec 9<&-
                    idle=0
                fi
            done
        "#;
        let mut guard = as_owner(Path::new("/bin/sh"), directory);
        guard.args(["-c", SCRIPT, "sh"]).arg(binary("postgres")).arg(directory);
        for option in options {
            guard.arg("-c").arg(option);
        }
        // The server outlives this process, so it shares no process group and no files with it.
        guard.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        drop(guard.spawn().expect("a shell can be started"));
    }

    fn run(directory: &Path, options: &[String]) -> Child {
        const SCRIPT: &str = r#"
            program=$1 directory=$2
            shift 2
            "$program" -D "$directory/data" -k "$directory" -c fsync=off -c max_connections=300 "$@" \
                >"$directory/log" 2>&1 &
            server=$!
            cat >/dev/null
            kill -INT $server 2>/dev/null
            wait $server
            rm -rf "$directory"
        "#;
        let mut shell = as_owner(Path::new("/bin/sh"), directory);
        shell.args(["-c", SCRIPT, "sh"]).arg(binary("postgres")).arg(directory);
        for option in options {
            shell.arg("-c").arg(option);
        }
        // The shell has its own process group, so a keyboard interrupt reaches only the tests. Their end then ends
        // the server.
        shell.process_group(0).stdin(Stdio::piped()).spawn().expect("a shell can be started")
    }

    /// Kills the server, so that its unwritten data is lost. Waits until its processes have ended.
    pub async fn crash(&mut self) {
        let file = std::fs::read_to_string(self.directory.join("data/postmaster.pid"));
        let pid = file.expect("a server writes its pid").lines().next().and_then(|line| line.parse().ok());
        let pid = pid.and_then(rustix::process::Pid::from_raw).expect("the first line is the pid");
        let Life::Own(shell) = &mut self.life else { panic!("others use this server") };
        // The shell would tidy up.
        shell.kill().expect("the shell runs until it is told to end");
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("the server runs");
        shell.wait().expect("the shell was killed");
        drop(shell.stdin.take());
        let started = Instant::now();
        while !self.processes().is_empty() {
            assert!(started.elapsed() < PATIENCE, "PostgreSQL does not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // The killed server may stay as a zombie process, which PostgreSQL would take for a running server.
        for left in ["data/postmaster.pid", ".s.PGSQL.5432.lock"] {
            std::fs::remove_file(self.directory.join(left)).expect("the killed server has left it");
        }
    }

    /// Stops the processes of the server (`true`), or lets them continue (`false`). A stopped server answers nothing
    /// and closes no connection.
    pub fn freeze(&self, is_frozen: bool) {
        assert!(matches!(self.life, Life::Own(_)), "others use this server");
        let signal = if is_frozen { rustix::process::Signal::STOP } else { rustix::process::Signal::CONT };
        for process in self.processes() {
            // One of them may have ended meanwhile.
            let _ = rustix::process::kill_process(process, signal);
        }
    }

    /// The processes whose working directory is the server's data directory.
    fn processes(&self) -> Vec<rustix::process::Pid> {
        let data = self.directory.join("data");
        let processes = std::fs::read_dir("/proc").expect("Linux").flatten();
        let of_server = processes
            .filter(|process| std::fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd == data));
        of_server
            .filter_map(|process| process.file_name().to_str()?.parse().ok())
            .filter_map(rustix::process::Pid::from_raw)
            .collect()
    }

    /// Starts the server again with the files that a crash has left.
    pub async fn restart(&mut self) {
        self.life = Life::Own(Self::run(&self.directory, &self.options));
        self.await_connections().await;
    }

    async fn await_connections(&self) {
        let started = Instant::now();
        while self.try_connect("postgres").await.is_err() {
            let log = || std::fs::read_to_string(self.directory.join("log")).unwrap_or_default();
            assert!(started.elapsed() < PATIENCE, "PostgreSQL does not start: {}", log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The URL of the database with this name.
    pub fn url(&self, database: &str) -> String {
        let port = self.options.iter().find_map(|option| option.strip_prefix("port=")).unwrap_or("5432");
        format!("postgres:///{database}?user=lamplight&host={}&port={port}", self.directory.display())
    }

    /// The settings for a cluster's node that uses this database.
    pub fn settings(&self, database: &str) -> PostgresSettings {
        let url = PostgresUrl::new(&self.url(database)).expect("it is a URL");
        let minutes = Duration::from_secs(120);
        // The machine may be busy with other tests.
        let timeouts = PostgresSettings {
            statement_timeout: minutes,
            call_timeout: minutes,
            patience: minutes,
            sharing: Some(ClusterIdentity(7)),
            ..PostgresSettings::new(url)
        };
        PostgresSettings { connections: 8, connect_timeout: minutes, ..timeouts }
    }

    /// Opens a connection for the test itself.
    pub async fn connect(&self, database: &str) -> Client {
        self.try_connect(database).await.expect("the server takes connections")
    }

    async fn try_connect(&self, database: &str) -> Result<Client, tokio_postgres::Error> {
        let (client, connection) = tokio_postgres::connect(&self.url(database), NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Creates an empty database.
    pub async fn create_database(&self) -> Database {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let sql = format!("CREATE DATABASE {name}");
        self.connect("postgres").await.batch_execute(&sql).await.expect("a database can be made");
        Database { name }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Life::Own(shell) = &mut self.life {
            drop(shell.stdin.take());
            drop(shell.wait());
        }
    }
}

/// The server that the tests share. nextest runs each test in its own process. The first process starts the server, and
/// the server ends some seconds after the last process that used it.
pub async fn server() -> &'static Server {
    static SERVER: OnceCell<Server> = OnceCell::const_new();
    SERVER.get_or_init(Server::shared).await
}

/// Creates a new, empty store with its own database.
pub async fn new_store() -> (Arc<PostgresFacts>, Database) {
    let server = server().await;
    let database = server.create_database().await;
    let facts = PostgresFacts::open(&server.settings(database.name())).await;
    (Arc::new(facts.expect("a new database can be opened")), database)
}

/// The database of a test. Dropping the value drops the database.
pub struct Database {
    name: String,
}

impl Database {
    /// The name of the database, as a connection URL contains it.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let name = std::mem::take(&mut self.name);
        // The test's own runtime is busy dropping this.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be made").block_on(async {
                let sql = format!("DROP DATABASE {name} WITH (FORCE)");
                server().await.connect("postgres").await.batch_execute(&sql).await
            })
        });
        dropped.join().expect("it does not panic").expect("a database can be dropped");
    }
}

/// A command that runs as the owner of the directory, because PostgreSQL refuses to run as root.
fn as_owner(program: &Path, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(directory);
    let owner = std::fs::metadata(directory).expect("the directory is there");
    if owner.uid() != rustix::process::getuid().as_raw() {
        command.uid(owner.uid()).gid(owner.gid());
    }
    command
}

/// Gives a directory owned by root to the user of Debian's package.
fn give_away(directory: &Path) {
    if std::fs::metadata(directory).expect("the directory is there").uid() != 0 {
        return;
    }
    let users = std::fs::read_to_string("/etc/passwd").expect("the system has users");
    let entry = users.lines().find(|line| line.starts_with("postgres:"));
    let entry = entry.expect("these tests need a PostgreSQL: Debian's package postgresql");
    let mut numbers = entry.split(':').skip(2).map(|number| number.parse().expect("a number"));
    let (user, group) = (numbers.next(), numbers.next());
    chown(directory, user, group).expect("root gives files away");
}

/// The program of the newest installed PostgreSQL.
fn binary(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .collect();
    versions.sort();
    let (_, newest) = versions.pop().expect("these tests need a PostgreSQL: Debian's package postgresql");
    newest.join("bin").join(name)
}
