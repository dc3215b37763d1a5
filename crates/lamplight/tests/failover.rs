//! Tests in which a replica takes over while two servers with clients run. They use a shard of a Redis Cluster, Redis
//! behind a Sentinel, and PostgreSQL. Clients must reconnect by themselves, and no user may be shown as having left.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, clippy::print_stdout, missing_docs)]

mod fleet;
#[path = "../../directory-redis/tests/servers/mod.rs"]
mod redis_servers;

use fleet::party::{
    Party, TRY_AGAIN, custom, is_connected, is_ready, log_out, messages, query, send, told_only_online,
    try_custom, web, within,
};
use fleet::{Device, Server, Times, postgres, statuses, wait_until};
use lamplight_wire::v1::connection_ended::Cause;
use lamplight_wire::v1::{StatusType, UserStatus};
use redis_servers::Cluster;
use std::path::Path;
use std::time::{Duration, Instant};

/// The time within which all statuses have to be right again after a replica has taken over.
const SOON: Duration = Duration::from_secs(30);
/// The lease and the grace of the servers. A failover takes longer than the lease.
const TIMES: Times = Times { lease: Duration::from_millis(1_500), grace: Duration::from_secs(3) };

/// Two servers, `a` and `b`, with the same stores.
struct Site {
    a: Server,
    b: Server,
    _database: Option<postgres::Database>,
}

impl Site {
    async fn start(directory: &str) -> Self {
        let database = postgres::server().await.create_database().await;
        let facts = postgres::server().await.url(database.name());
        Self { _database: Some(database), ..Self::start_on(&facts, directory) }
    }

    fn start_on(facts: &str, directory: &str) -> Self {
        let starting = ["a", "b"].map(|name| Server::start(name, facts, directory, TIMES, Path::new("/")));
        let [a, b] = starting.map(Server::ready);
        let site = Self { a, b, _database: None };
        site.await_both();
        site
    }

    /// Waits until both servers are ready and see each other.
    fn await_both(&self) {
        for server in [&self.a, &self.b] {
            wait_until("the servers are ready", SOON, || is_ready(server));
            wait_until("each server sees the other", SOON, || server.metric("cluster_live_nodes") == 2.0);
        }
    }

    fn stop(self) -> [String; 2] {
        [self.a.stop(), self.b.stop()]
    }
}

/// Further users, whom bob watches. Half of them are at each server.
struct Crowd(Vec<(String, Device)>);

impl Crowd {
    fn of(site: &Site, bob: &mut Device) -> Self {
        const USERS: usize = 12;
        let names: Vec<String> = (0..USERS).map(|n| format!("user{n}")).collect();
        let devices = names.iter().enumerate().map(|(n, name)| {
            let server = if n % 2 == 0 { &site.a } else { &site.b };
            server.folder.ok(&["account", "create", name]);
            (name.clone(), server.client(name, "phone").log_in(server))
        });
        let crowd = Self(devices.collect());
        bob.subscribe(&crowd.names());
        crowd
    }

    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// Lets each user set a custom status. Tries again until the call is acknowledged.
    fn change(&mut self, text: &str) {
        for (name, device) in &mut self.0 {
            wait_until(&format!("a change of {name} is possible"), SOON, || match try_custom(device, text) {
                Ok(()) => true,
                Err(code) => {
                    assert_eq!(code, TRY_AGAIN);
                    false
                }
            });
        }
    }
}

/// Queries the statuses of `users` as bob, until `fits` returns `true` for all of them.
fn await_picture(bob: &mut Device, users: &[&str], fits: impl Fn(&UserStatus) -> bool) {
    let mut picture = Vec::new();
    let started = Instant::now();
    loop {
        picture = query(bob, users).unwrap_or(picture);
        if picture.len() == users.len() && picture.iter().all(&fits) {
            println!("the picture is right after {:?}", started.elapsed());
            return;
        }
        assert!(started.elapsed() < SOON, "{picture:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Ends a server of a store with `kill`, so that a replica takes over. Checks that no client notices this.
async fn nobody_sees_a_failover(site: Site, replicated: impl AsyncFn(), kill: impl FnOnce()) {
    let mut party = Party::of(&site.a, &site.b);
    let mut crowd = Crowd::of(&site, &mut party.bob);
    let franks = site.a.client("frank", "phone");
    crowd.change("before");
    let before = party.picture().unwrap();
    replicated().await;

    kill();
    let lost = Instant::now();
    crowd.change("during");
    println!("changes are possible after {:?}", lost.elapsed());
    await_picture(&mut party.bob, &crowd.names(), |it| {
        it.status_type() == StatusType::Online && it.custom_status == "during"
    });
    for name in crowd.names() {
        party.bob.told(name, "during", |it| it.custom_status == "during");
    }
    let mut after = Vec::new();
    wait_until("what nobody has changed is as it was", SOON, || {
        after = party.picture().unwrap_or_default();
        after.len() == before.len()
    });
    for it in &after {
        let was = custom(&before, &it.user_id);
        assert_eq!((it.status_type, &it.custom_status), (was.status_type, &was.custom_status));
    }
    drop(franks.log_in(&site.b));
    site.await_both();
    // No connection is held any longer. Watchers would now be notified about a connection that was not put back.
    wait_until("the end of the grace", SOON, || {
        lost.elapsed() > TIMES.lease + TIMES.grace + Duration::from_secs(10)
    });
    let Party { alice, bob, carol, .. } = &mut party;
    bob.hears_of(alice, "alice", "at last");
    alice.hears_of(carol, "carol", "a mark");
    party.nobody_was_away();
    told_only_online(&party.bob, &crowd.names());
    crowd.0.iter_mut().for_each(|(_, device)| is_connected(device));
    for log in site.stop() {
        assert!(log.contains("connected to Redis again"), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_in_a_redis_cluster_is_seen_by_nobody() {
    let cluster = Cluster::start(1).await;
    let site = Site::start(&cluster.url()).await;
    // This shard has the register of nodes, too.
    let master = cluster.master_of(cluster.slot(0).await, 0).await;
    let kill = || cluster.servers[master].signal("-KILL");
    nobody_sees_a_failover(site, async || cluster.await_replicas().await, kill).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_behind_a_sentinel_is_seen_by_nobody() {
    let master = redis_servers::Server::start(&["--repl-diskless-sync-delay", "0"]);
    let replica = redis_servers::Server::start(&["--replicaof", &format!("127.0.0.1 {}", master.port)]);
    let sentinel = redis_servers::sentinel_of(&master, 1_000).await;
    let knows = async || sentinel.command::<Vec<redis::Value>>("SENTINEL REPLICAS live").await.len() == 1;
    while !knows().await {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // The first Sentinel of the address does not exist.
    let site = Site::start(&format!("redis+sentinel://127.0.0.1:1,127.0.0.1:{}/live", sentinel.port)).await;
    nobody_sees_a_failover(site, async || replica.await_writes_of(&master).await, || master.signal("-KILL"))
        .await;
}

/// A replica takes over without the last writes of its master. The servers have the acknowledged writes of their own
/// clients in memory, and put them back. They find the other lost writes by comparing the stores.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_outdated_replica_lacks_is_put_back_or_found() {
    let master = redis_servers::Server::start(&["--repl-diskless-sync-delay", "0"]);
    let replica = redis_servers::Server::start(&["--replicaof", &format!("127.0.0.1 {}", master.port)]);
    let sentinel = redis_servers::sentinel_of(&master, 500).await;
    let site = Site::start(&format!("redis+sentinel://127.0.0.1:{}/live", sentinel.port)).await;
    let mut party = Party::of(&site.a, &site.b);
    let [erins, franks, graces] = site.a.create_accounts(["erin", "frank", "grace"]);
    let tabs = web(&site.a, "ida");
    site.a.folder.ok(&["account", "create", "ida"]);
    let (frank, mut grace) = (franks.log_in(&site.a), graces.log_in(&site.a));
    let mut tab_of_erin = web(&site.a, "erin").log_in(&site.a);
    let others = ["erin", "frank", "grace", "ida"];
    party.bob.subscribe(&others);
    replica.await_writes_of(&master).await;
    while sentinel.command::<Vec<redis::Value>>("SENTINEL REPLICAS live").await.len() != 1 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    replica.signal("-STOP");
    let _: u64 = master.command("CLIENT KILL TYPE replica").await;
    // A change, logins, an ended connection, a logout and a subscription that the replica does not get.
    let Party { alice, bob, carol, .. } = &mut party;
    bob.hears_of(alice, "alice", "lost");
    alice.subscribe(&["grace"]);
    let mut erin = erins.log_in(&site.a);
    let mut ida = tabs.log_in(&site.a);
    bob.told_online("ida");
    drop(frank);
    log_out(&mut grace).unwrap();
    bob.told("grace", "UNLOGINED", |it| it.status_type() == StatusType::Unlogined);
    bob.told("frank", "OFFLINE", |it| it.status_type() == StatusType::Offline);
    let before = query(bob, &[&["alice"], &others[..]].concat()).unwrap();
    bob.pushes.clear();
    master.signal("-KILL");
    replica.signal("-CONT");
    let lost = Instant::now();

    // Alice's server has her change in memory, and her client need not repeat it.
    await_picture(bob, &["alice"], |it| it.custom_status == "lost");
    // Erin's record does not have this login. Her client is asked to log in again, as SDKs do by themselves. Ida has no
    // record at all, so hers is made from the facts, and her connection is put back.
    assert_eq!(erin.ended(), Cause::Reconnect);
    let mut erin = erins.resume(&site.b).unwrap();
    await_picture(bob, &["erin", "ida"], |it| it.status_type() == StatusType::Online);
    // No user whose connection has ended is still ONLINE. Carol was not notified about these users.
    await_picture(carol, &["frank", "grace"], |it| it.status_type() != StatusType::Online);
    println!("the picture is right {:?} after the failover", lost.elapsed());
    wait_until("the end of the grace", SOON, || {
        lost.elapsed() > TIMES.lease + TIMES.grace + Duration::from_secs(10)
    });
    bob.hears_of(carol, "carol", "a mark");
    for name in ["alice", "erin", "ida"] {
        let told: Vec<_> = bob.pushes.iter().flat_map(|body| statuses(body, name)).collect();
        assert!(told.iter().all(|it| it.status_type() == StatusType::Online), "{told:?}");
        assert!(told.iter().all(|it| it.version >= custom(&before, name).version), "{told:?}");
    }
    for name in ["frank", "grace"] {
        let told: Vec<_> = bob.pushes.iter().flat_map(|body| statuses(body, name)).collect();
        assert!(told.iter().all(|it| it.status_type() != StatusType::Online), "{told:?}");
    }
    assert_eq!(graces.resume(&site.a).err(), Some(6_208), "her logout holds");
    for device in [&mut erin, &mut tab_of_erin, &mut ida] {
        is_connected(device);
    }
    party.nobody_was_away();
    site.stop();
}

/// The ways in which a PostgreSQL is lost.
#[derive(Clone, Copy)]
enum Loss {
    /// The processes of PostgreSQL are killed, so that connections are refused.
    Killed,
    /// PostgreSQL accepts connections, but does not answer.
    Hanging,
}

/// Checks that a promoted standby is used, and has everything that was acknowledged.
async fn a_standby_takes_over(loss: Loss) {
    let mut primary = postgres::Server::start().await;
    primary.connect("postgres").await.batch_execute("CREATE DATABASE shop").await.unwrap();
    let standby = primary.start_standby().await;
    primary.wait_for_standby().await;
    let redis = redis_servers::Server::start(&[]);
    let site = Site::start_on(&primary.url_with(&standby, "shop"), &redis.url());
    let mut party = Party::of(&site.a, &site.b);
    let [erins, franks, graces] = site.a.create_accounts(["erin", "frank", "grace"]);
    let mut erin = erins.log_in(&site.b);
    drop(franks.log_in(&site.a));
    let Party { alice, bob, carol, .. } = &mut party;
    assert_eq!(send(alice, "bob", "before"), Ok(()));

    match loss {
        Loss::Killed => primary.crash().await,
        Loss::Hanging => primary.freeze(true),
    }
    // Calls that need only live records still succeed, even while no server accepts writes.
    bob.hears_of(alice, "alice", "without facts");
    assert_eq!(query(bob, &["carol"]).unwrap().len(), 1);
    assert_eq!(within(Duration::from_secs(8), "a message", || send(alice, "bob", "no")), Err(TRY_AGAIN));
    assert_eq!(within(Duration::from_secs(8), "a logout", || log_out(&mut erin)), Ok(()));
    wait_until("the servers are not ready", SOON, || !is_ready(&site.a) && !is_ready(&site.b));

    standby.promote().await;
    let promoted = Instant::now();
    wait_until("messages are accepted again", SOON, || send(alice, "bob", "after").is_ok());
    println!("messages are accepted {:?} after the promotion", promoted.elapsed());
    site.await_both();
    println!("the servers are ready {:?} after the promotion", promoted.elapsed());
    for server in [&site.a, &site.b] {
        graces.log_in(server);
        franks.resume(server).unwrap();
    }
    wait_until("the logout is in the facts", SOON, || erins.resume(&site.a).err() == Some(6_208));
    let texts = messages(bob, "alice");
    assert!(texts.contains(&"before".to_owned()) && texts.contains(&"after".to_owned()), "{texts:?}");
    bob.hears_of(alice, "alice", "at last");
    alice.hears_of(carol, "carol", "a mark");
    party.nobody_was_away();
    // A server that starts now finds the standby.
    let url = primary.url_with(&standby, "shop");
    let third = Server::start("c", &url, &redis.url(), TIMES, Path::new("/")).ready();
    drop(graces.log_in(&third));
    third.stop();
    for log in site.stop() {
        assert!(log.contains("PostgreSQL can be used again"), "{log}");
    }
    if let Loss::Hanging = loss {
        primary.freeze(false);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_standby_of_a_killed_postgres_is_used_without_a_restart() {
    a_standby_takes_over(Loss::Killed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_standby_of_a_hanging_postgres_is_used_without_a_restart() {
    a_standby_takes_over(Loss::Hanging).await;
}
