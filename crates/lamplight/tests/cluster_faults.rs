//! Tests of faults of Redis and PostgreSQL under two running servers with clients. They check which calls the servers
//! refuse during a fault, and which data they keep. After the fault, all statuses must be right again, even if no
//! client reconnects.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, clippy::print_stdout, missing_docs)]

mod fleet;

use fleet::link::Link;
use fleet::party::{
    Party, TRY_AGAIN, custom, is_ready, log_out, query, subscriptions, try_custom, try_subscribe, within,
};
use fleet::redis_server::RedisServer;
use fleet::{Server, Times, postgres, statuses, wait_until};
use lamplight_wire::v1::connection_ended::Cause;
use lamplight_wire::v1::{Reason, StatusType, UserStatus};
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// The time after the end of a fault within which all statuses must be right again.
const SOON: Duration = Duration::from_secs(30);
/// The longest time in which a server must answer a call during a fault: two timeouts of a call to Redis.
const AT_MOST: Duration = Duration::from_secs(6);
const TIMES: Times = Times { lease: Duration::from_millis(1_500), grace: Duration::from_secs(3) };
/// The address of Redis, which must be the same for all nodes of a cluster. It leads each server to the link in the
/// server's own working directory.
const DIRECTORY: &str = "redis+unix:///proc/self/cwd/redis.sock";
/// The options of a Redis whose data survives a kill.
const ON_DISK: &[&str] = &["--appendonly", "yes", "--appendfsync", "always"];

/// Two servers, `a` and `b`. Each has its own links to the stores.
struct Site {
    a: Server,
    b: Server,
    /// The links to Redis: first that of `a`, then that of `b`.
    to_redis: [Link; 2],
    /// The links to PostgreSQL: first that of `a`, then that of `b`.
    to_facts: [Link; 2],
    redis: RedisServer,
    database: postgres::Database,
}

impl Site {
    async fn start() -> Self {
        Self::start_with(&[], TIMES).await
    }

    async fn start_with(options: &[&str], times: Times) -> Self {
        let database = postgres::server().await.create_database().await;
        let facts = postgres::server().await.url(database.name());
        let redis = RedisServer::start_with(options).await;
        let to_redis = [(); 2].map(|()| Link::by_socket(redis.url().strip_prefix("redis+unix://").unwrap()));
        let to_facts = [(); 2].map(|()| link_to_postgres(&facts));
        let starting = [("a", 0), ("b", 1)].map(|(name, n): (&str, usize)| {
            let facts = through(&to_facts[n], database.name());
            Server::start(name, &facts, DIRECTORY, times, to_redis[n].folder())
        });
        let [a, b] = starting.map(Server::ready);
        for server in [&a, &b] {
            wait_until("each server sees the other", SOON, || server.metric("cluster_live_nodes") == 2.0);
        }
        Self { a, b, to_redis, to_facts, redis, database }
    }

    /// Waits until both servers are ready and see each other.
    fn await_both(&self) {
        for server in [&self.a, &self.b] {
            wait_until("the servers are ready", SOON, || is_ready(server));
            wait_until("each server sees the other", SOON, || server.metric("cluster_live_nodes") == 2.0);
        }
    }

    fn party(&self) -> Party {
        Party::of(&self.a, &self.b)
    }
}

fn socket_of_postgres(url: &str) -> String {
    let (_, host) = url.split_once("host=").unwrap();
    format!("{}/.s.PGSQL.5432", host.split('&').next().unwrap())
}

fn link_to_postgres(url: &str) -> Link {
    Link::by_port(socket_of_postgres(url))
}

fn through(link: &Link, database: &str) -> String {
    format!("postgres://lamplight@127.0.0.1:{}/{database}?sslmode=disable", link.port())
}

/// Checks that no client notices a loss of all data of Redis.
async fn nobody_sees_a_loss(options: &[&str], lose: impl AsyncFnOnce(&mut RedisServer)) {
    let mut site = Site::start_with(options, TIMES).await;
    let mut party = site.party();
    let erins = site.a.client("erin", "phone of erin");
    site.a.folder.ok(&["account", "create", "erin"]);
    let mut erin = erins.log_in(&site.a);
    let before = party.picture().unwrap();

    lose(&mut site.redis).await;
    let lost = Instant::now();
    // From now on, acknowledged calls must not be lost. They are carried out although the user's record lacks the
    // connection.
    wait_until("a logout is accepted", SOON, || match log_out(&mut erin) {
        Ok(()) => true,
        Err(code) => {
            assert_eq!(code, TRY_AGAIN);
            // The logout was refused, but it will be carried out. It has already ended the connection.
            true
        }
    });
    let mut after = Vec::new();
    wait_until("the picture is right again", SOON, || {
        after = party.picture().unwrap_or_default();
        after.len() == 3
            && after.iter().all(|it| {
                let was = custom(&before, &it.user_id);
                (it.status_type, &it.custom_status) == (was.status_type, &was.custom_status)
                    && it.version > was.version
            })
    });
    println!("the picture is right again after {:?}", lost.elapsed());
    site.await_both();
    // The subscription lists are the same, in any order.
    let lists =
        [(&mut party.bob, vec!["alice", "carol", "dora", "wendy"]), (&mut party.alice, vec!["bob", "carol"])];
    for (device, expected) in lists {
        let mut list = Vec::new();
        wait_until("the list is there again", SOON, || {
            list = subscriptions(device).unwrap_or_default();
            list.sort();
            list == expected
        });
    }
    // No connection is held any longer. Watchers would now be notified about a connection that was not put back.
    wait_until("the end of the grace", SOON, || lost.elapsed() > TIMES.grace + Duration::from_secs(2));
    party.nobody_was_told_anything();
    let [bob, alice, carol] = [&mut party.bob, &mut party.alice, &mut party.carol];
    bob.hears_of(alice, "alice", "at last");
    alice.hears_of(carol, "carol", "a mark");
    party.nobody_was_away();
    for status in party.bob.take_told("alice") {
        assert!(status.version > custom(&before, "alice").version, "{status:?}");
    }
    let erin = query(&mut party.bob, &["erin"]).unwrap();
    assert_eq!(custom(&erin, "erin").status_type(), StatusType::Unlogined, "her logout holds");
    assert!(erins.resume(&site.b).is_err(), "her login has ended");
    site.a.stop();
    site.b.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flush_of_redis_logs_nobody_out_and_is_seen_by_nobody() {
    nobody_sees_a_loss(&[], async |redis| _ = redis.command::<String>("FLUSHALL").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_redis_without_its_data_is_seen_by_nobody() {
    nobody_sees_a_loss(&[], async |redis| redis.restart().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_of_redis_with_its_data_is_seen_by_nobody() {
    let mut site = Site::start_with(ON_DISK, TIMES).await;
    let mut party = site.party();
    let before = party.picture().unwrap();
    site.redis.restart().await;
    wait_until("the picture is right again", SOON, || party.picture().is_some_and(|after| after == before));
    wait_until("a change is possible", SOON, || try_custom(&mut party.alice, "again").is_ok());
    party.bob.told("alice", "again", |it| it.custom_status == "again");
    site.await_both();
    party.nobody_was_away();
    site.a.stop();
    site.b.stop();
}

/// Cuts the link of `a` to Redis. Checks that `a` reports it in `/readyz`, and refuses calls at once.
fn cut_off(site: &Site, party: &mut Party, cut: impl FnOnce(&Link)) {
    cut(&site.to_redis[0]);
    wait_until("the server is not ready", SOON, || {
        let page = site.a.page("/readyz");
        page.starts_with("HTTP/1.1 503") && page.contains("Redis has not answered")
    });
    assert_eq!(site.a.metric("cluster_cut_off"), 1.0);
    let a_second = Duration::from_secs(1);
    let alice = &mut party.alice;
    // After some seconds, the adapter gives up the links to Redis. From then on, calls are refused without a wait.
    wait_until("calls are refused at once", AT_MOST, || {
        let began = Instant::now();
        assert_eq!(query(alice, &["carol"]), Err(TRY_AGAIN));
        began.elapsed() < Duration::from_millis(200)
    });
    assert_eq!(within(a_second, "a query", || query(alice, &["carol"])), Err(TRY_AGAIN));
    assert_eq!(within(a_second, "a custom status", || try_custom(alice, "lost")), Err(TRY_AGAIN));
    assert_eq!(within(a_second, "a subscription", || try_subscribe(alice, "dora")), Err(TRY_AGAIN));
    assert_eq!(within(a_second, "a list", || subscriptions(alice)), Err(TRY_AGAIN));
    let login = within(a_second, "a login", || party.doras.resume(&site.a).err());
    assert_eq!(login, Some(TRY_AGAIN));
    assert!(within(a_second, "a heartbeat", || party.alice.is_alive() && party.wendy.is_alive()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_cut_off_for_less_than_the_grace_says_that_it_knows_nothing_and_catches_up() {
    for cut in [Link::silence, Link::close] {
        let times = Times { grace: Duration::from_secs(20), ..TIMES };
        let site = Site::start_with(&[], times).await;
        let mut party = site.party();
        cut_off(&site, &mut party, cut);
        party.carol.set_custom("changed meanwhile");
        site.to_redis[0].restore();
        party.alice.told("carol", "a change", |it| it.custom_status == "changed meanwhile");
        site.await_both();
        let Party { alice, bob, carol, .. } = &mut party;
        bob.hears_of(alice, "alice", "back");
        alice.hears_of(carol, "carol", "a mark");
        let told = alice.pushes.iter().flat_map(|body| statuses(body, "carol"));
        let times = told.filter(|it| it.custom_status == "changed meanwhile").count();
        assert_eq!(times, 1, "{:?}", alice.pushes);
        party.nobody_was_away();
        site.a.stop();
        site.b.stop();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_cut_off_for_longer_than_the_grace_puts_its_connections_back() {
    let site = Site::start().await;
    let mut party = site.party();
    cut_off(&site, &mut party, Link::silence);
    let is_offline = |it: &UserStatus| it.status_type() == StatusType::Offline;
    party.bob.told("alice", "OFFLINE", is_offline);
    party.bob.told("dora", "OFFLINE", is_offline);
    // A login on another phone ends dora's login at the server that is cut off.
    let mut other = site.b.client("dora", "another phone").log_in(&site.b);
    assert!(party.alice.is_alive());
    site.to_redis[0].restore();
    party.bob.told_online("alice");
    site.await_both();
    party.bob.told("wendy", "in a tab", |it| it.status_type() == StatusType::Online);
    let Party { alice, bob, carol, dora, .. } = &mut party;
    bob.hears_of(alice, "alice", "back");
    alice.hears_of(carol, "carol", "a mark");
    let of_alice: Vec<(StatusType, Reason)> = bob
        .pushes
        .iter()
        .flat_map(|body| statuses(body, "alice"))
        .map(|it| (it.status_type(), it.reason()))
        .take(2)
        .collect();
    let told = bob.take_told("alice");
    let off = told.iter().filter(|it| is_offline(it)).count();
    assert_eq!((off, of_alice[0]), (1, (StatusType::Offline, Reason::NodeLost)), "{told:?}");
    assert_eq!(told.len(), 3, "OFFLINE once, ONLINE once, and the mark: {told:?}");
    // The client of the ended login is asked to reconnect, and its next login is then refused with the reason.
    assert_eq!(dora.ended(), Cause::Reconnect);
    assert_eq!(party.doras.resume(&site.a).err(), Some(6_208));
    assert!(other.is_alive() && party.alice.is_alive() && party.wendy.is_alive());
    site.a.stop();
    site.b.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_slow_redis_waits_are_bounded_and_nothing_is_lost() {
    let site = Site::start_with(&[], Times { grace: Duration::from_secs(20), ..TIMES }).await;
    let mut party = site.party();
    let franks = site.a.client("frank", "phone");
    drop(franks.log_in(&site.a));
    let slow = |delay: u64| site.to_redis.iter().for_each(|link| link.delay(Duration::from_millis(delay)));
    slow(500);
    let Party { alice, bob, carol, .. } = &mut party;
    within(AT_MOST, "a query", || query(alice, &["carol"])).unwrap();
    within(AT_MOST, "a custom status", || alice.set_custom("slowly"));
    bob.told("alice", "slowly", |it| it.custom_status == "slowly");
    drop(within(AT_MOST, "a return", || franks.resume(&site.a)).unwrap());
    // The delay is longer than the timeout of a call, so no call is answered in time.
    slow(3_000);
    let asked = Instant::now();
    assert_eq!(within(AT_MOST, "a query", || query(alice, &["carol"])), Err(TRY_AGAIN));
    assert!(within(Duration::from_secs(1), "a heartbeat", || bob.is_alive()));
    assert_eq!(within(AT_MOST, "a custom status", || try_custom(alice, "in doubt")), Err(TRY_AGAIN));
    wait_until("the servers are not ready", SOON, || !is_ready(&site.a) && !is_ready(&site.b));
    println!("not ready after {:?}", asked.elapsed());
    assert!(within(Duration::from_secs(1), "a page", || site.a.page("/healthz").starts_with("HTTP/1.1 200")));
    slow(0);
    site.await_both();
    wait_until("a change is possible", SOON, || try_custom(alice, "quickly").is_ok());
    bob.told("alice", "quickly", |it| it.custom_status == "quickly");
    alice.hears_of(carol, "carol", "a mark");
    party.nobody_was_away();
    site.a.stop();
    site.b.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_full_redis_changes_are_refused_and_reads_go_on() {
    let site = Site::start_with(&[], Times { grace: Duration::from_secs(20), ..TIMES }).await;
    let mut party = site.party();
    let before = party.picture().unwrap();
    let list = subscriptions(&mut party.bob).unwrap();
    assert_eq!(site.redis.command::<String>("CONFIG SET maxmemory 1mb").await, "OK");
    let a_second = Duration::from_secs(1);
    let Party { alice, carol, .. } = &mut party;
    assert_eq!(within(a_second, "a custom status", || try_custom(alice, "too much")), Err(TRY_AGAIN));
    assert_eq!(within(a_second, "a subscription", || try_subscribe(carol, "alice")), Err(TRY_AGAIN));
    assert_eq!(within(a_second, "a login", || party.alices.resume(&site.b).err()), Some(TRY_AGAIN));
    assert_eq!(party.picture().unwrap(), before);
    assert_eq!(subscriptions(&mut party.bob).unwrap(), list);
    assert_eq!(site.redis.command::<String>("CONFIG SET maxmemory 0").await, "OK");
    assert_eq!(party.picture().unwrap(), before);
    let Party { alice, bob, .. } = &mut party;
    bob.hears_of(alice, "alice", "room again");
    site.await_both();
    party.nobody_was_away();
    site.a.stop();
    site.b.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_postgres_connected_clients_go_on_and_logins_are_refused_for_now() {
    let site = Site::start().await;
    let mut party = site.party();
    let [erins, franks, graces] = ["erin", "frank", "grace"].map(|user| site.a.client(user, "phone"));
    let carols = site.a.client("carol", "another phone");
    let mut erin = erins.log_in(&site.b);
    drop(franks.log_in(&site.a));
    site.to_facts.iter().for_each(Link::close);
    let Party { alice, bob, .. } = &mut party;
    // Calls that need only live records still succeed.
    bob.hears_of(alice, "alice", "without facts");
    assert_eq!(query(bob, &["carol"]).unwrap().len(), 1);
    // Every login reads the version of the lists, so even a device that reconnects has to try again.
    assert_eq!(within(AT_MOST, "a return", || franks.resume(&site.b).err()), Some(TRY_AGAIN));
    assert_eq!(within(AT_MOST, "a login", || carols.request(&site.a, false).err()), Some(TRY_AGAIN));
    // A logout takes effect at once, and is written as soon as the store works.
    assert_eq!(within(AT_MOST, "a logout", || log_out(&mut erin)), Ok(()));
    wait_until("the servers are not ready", SOON, || !is_ready(&site.a) && !is_ready(&site.b));

    // The network answers nothing.
    site.to_facts.iter().for_each(|link| {
        link.restore();
        link.silence();
    });
    let waits = Duration::from_secs(8);
    assert_eq!(within(waits, "a login", || carols.request(&site.a, false).err()), Some(TRY_AGAIN));
    bob.hears_of(alice, "alice", "still without facts");

    // Slow answers are answers.
    site.to_facts.iter().for_each(|link| {
        link.close();
        link.restore();
        link.delay(Duration::from_millis(300));
    });
    site.await_both();
    within(waits, "a login", || graces.log_in(&site.a));
    site.to_facts.iter().for_each(Link::restore);
    wait_until("the logout is in the facts", SOON, || erins.resume(&site.a).err() == Some(6_208));
    party.nobody_was_away();
    site.a.stop();
    site.b.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_while_redis_is_away_is_found_lost_afterwards() {
    let mut site = Site::start_with(ON_DISK, TIMES).await;
    let mut party = site.party();
    site.redis.kill();
    let Site { a, b, redis, .. } = &mut site;
    a.running.signal(Signal::KILL);
    wait_until("the other server is not ready", SOON, || !is_ready(b));
    redis.revive().await;
    let back = Instant::now();
    party.bob.told("alice", "OFFLINE", |it| it.status_type() == StatusType::Offline);
    println!("told OFFLINE {:?} after Redis is back", back.elapsed());
    assert!(back.elapsed() < TIMES.lease + TIMES.grace + Duration::from_secs(15));
    wait_until("the lost server is removed", SOON, || b.metric("cluster_nodes") == 1.0);
    let Party { bob, carol, .. } = &mut party;
    bob.hears_of(carol, "carol", "a mark");
    assert_eq!(bob.take_told("alice").len(), 1, "told once");
    site.b.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_stopped_while_redis_is_away_ends_in_time() {
    let site = Site::start_with(&[], Times { grace: Duration::from_secs(10), ..TIMES }).await;
    let mut party = site.party();
    site.to_redis[0].silence();
    wait_until("the server is not ready", SOON, || !is_ready(&site.a));
    let Site { a, b, .. } = site;
    let log = within(Duration::from_secs(12), "the stop", || a.stop());
    assert!(log.contains("could not be held"), "{log}");
    assert_eq!(party.alice.ended(), Cause::Reconnect);
    // A user who moves to another server in time was never shown as away.
    let mut alice = party.alices.resume(&b).unwrap();
    let Party { bob, .. } = &mut party;
    bob.told("wendy", "OFFLINE", |it| it.status_type() != StatusType::Online);
    bob.hears_of(&mut alice, "alice", "moved");
    let told = bob.take_told("alice");
    assert!(told.iter().all(|it| it.status_type() == StatusType::Online), "{told:?}");
    b.stop();
}

/// A running server loses its connections to PostgreSQL, and with them its locks there. Another server of the cluster
/// starts before the first one is connected again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_starts_before_the_others_are_back_at_postgres_is_no_other_cluster() {
    let site = Site::start().await;
    let [alices, bobs] = site.a.create_accounts(["alice", "bob"]);
    let mut alice = alices.log_in(&site.a);
    let Site { a, b, to_redis, to_facts, database, .. } = site;
    b.stop();
    to_facts[0].close();
    wait_until("the first server is not ready", SOON, || !is_ready(&a));
    let c =
        Server::start("c", &through(&to_facts[1], database.name()), DIRECTORY, TIMES, to_redis[1].folder());
    let c = c.ready();
    to_facts[0].restore();
    wait_until("the first server is ready again", SOON, || is_ready(&a));
    let mut bob = bobs.log_in(&a);
    bob.subscribe(&["alice"]);
    bob.hears_of(&mut alice, "alice", "all the time here");
    c.stop();
    a.stop();
}
