//! Tests of several servers that share a real PostgreSQL and a real Redis. A client can use any server. A server may
//! stop, be killed or join.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, clippy::print_stdout, missing_docs)]

mod fleet;

use fleet::process::Folder;
use fleet::{APP, Device, GRACE, LEASE, PATIENCE, Server, Stores, Times, postgres, statuses, wait_until};
use lamplight_wire::v1;
use lamplight_wire::v1::client_message::Body as Request;
use lamplight_wire::v1::connection_ended::Cause;
use lamplight_wire::v1::server_message::Body;
use lamplight_wire::v1::{Reason, StatusType};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_share_their_stores_are_one_lamplight() {
    let stores = Stores::start().await;
    let [a, b] = stores.serve(["a", "b"]);
    // Both servers have begun with empty stores, and one of them has created the app.
    assert_eq!((a.apps(), b.apps()), (vec![APP.into()], vec![APP.into()]));
    for server in [&a, &b] {
        assert!(server.page("/readyz").starts_with("HTTP/1.1 200"), "{}", server.page("/readyz"));
        wait_until("each server sees the other", PATIENCE, || server.metric("cluster_live_nodes") == 2.0);
        assert!(!server.folder.path().join("live").exists());
    }
    let [alices, bobs] = a.create_accounts(["alice", "bob"]);

    // Clients at one server are notified of a login and a change at the other server.
    let mut bob = bobs.log_in(&b);
    bob.subscribe(&["alice"]);
    let mut alice = alices.log_in(&a);
    bob.told_online("alice");
    bob.hears_of(&mut alice, "alice", "at lunch");

    // Clients at one server are notified of a new friend and of a message at the other server.
    let friend = v1::AddFriendRequest {
        user_id: "bob".to_owned(),
        add_source: "AddSource_Type_Test".to_owned(),
        ..v1::AddFriendRequest::default()
    };
    let answer = alice.ask(Request::AddFriend(friend));
    assert!(matches!(answer, Body::AddFriend(_)), "{answer:?}");
    bob.wait_for("a friend", |body| match body {
        Body::ListsChanged(lists) => {
            lists.friends.iter().any(|friend| friend.user_id == "alice").then_some(())
        }
        _ => None,
    });
    let message = v1::SendMessageRequest {
        to: "bob".to_owned(),
        text: "across".to_owned(),
        client_message_id: "1".to_owned(),
        custom: None,
    };
    let answer = alice.ask(Request::SendMessage(message));
    assert!(matches!(answer, Body::SendMessage(_)), "{answer:?}");
    bob.wait_for("a message", |body| match body {
        Body::ListsChanged(lists) => lists.messages.iter().any(|it| it.text == "across").then_some(()),
        _ => None,
    });

    // If the device connects to the other server, its former connection ends. If another device of the platform logs
    // in, it kicks the device.
    bob.pushes.clear();
    let mut moved = alices.log_in(&b);
    assert_eq!(alice.ended(), Cause::Superseded);
    let mut other = a.client("alice", "another phone").log_in(&a);
    assert_eq!(moved.ended(), Cause::KickedByOtherLogin);
    assert_eq!(alices.resume(&a).err(), Some(6_208));
    bob.hears_of(&mut other, "alice", "here again");
    let told = bob.take_told("alice");
    assert!(told.iter().all(|it| it.status_type == StatusType::Online as i32), "nobody was away: {told:?}");

    // A setting that an operator changes at one server also applies at the other.
    let allowed = |device: &mut Device| {
        let request = v1::SetSelfStatusRequest { custom_status: "x".repeat(101), ..Default::default() };
        matches!(device.ask(Request::SetSelfStatus(request)), Body::SetSelfStatus(_))
    };
    assert!(!allowed(&mut bob));
    a.folder.ok(&["app", "set", "1400000001", "--custom-status-bytes", "200"]);
    let changed = Instant::now();
    wait_until("the setting holds at the other server", PATIENCE, || allowed(&mut bob));
    println!("a setting holds at the other server after {:?}", changed.elapsed());
    assert!(changed.elapsed() < Duration::from_secs(1), "{:?}", changed.elapsed());
    // An app that is created at one server also exists at the other.
    let made = b.folder.answer(&["app", "create", "--name", "second", "--json"]);
    let made = made["app"]["SDKAppID"].as_u64().unwrap();
    wait_until("the app is known at the other server", PATIENCE, || a.apps().contains(&made));
    a.stop();
    b.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_a_server_that_stops_move_and_nobody_sees_it() {
    let stores = Stores::start().await;
    let [a, b] = stores.serve(["a", "b"]);
    let [alices, bobs, carols, doras] = a.create_accounts(["alice", "bob", "carol", "dora"]);
    let (mut bob, mut carol) = (bobs.log_in(&b), carols.log_in(&b));
    bob.subscribe(&["alice", "carol", "dora"]);
    let (mut alice, _dora) = (alices.log_in(&a), doras.log_in(&a));
    bob.told_online("alice");
    bob.told_online("dora");
    bob.pushes.clear();
    let log = a.stop();
    assert!(log.contains("this node has left its cluster"), "{log}");
    assert_eq!(alice.ended(), Cause::Reconnect);
    wait_until("the other server is alone", PATIENCE, || b.metric("cluster_nodes") == 1.0);
    let mut alice = alices.resume(&b).unwrap();
    bob.hears_of(&mut carol, "carol", "a mark");
    // A device that does not come back is gone when the grace is over.
    bob.told("dora", "OFFLINE", |it| it.status_type == StatusType::Offline as i32);
    let of_dora = bob.pushes.iter().flat_map(|body| statuses(body, "dora")).count();
    assert_eq!(of_dora, 1, "{:?}", bob.pushes);
    assert_eq!(bob.take_told("alice"), [], "nobody sees that the client has moved");

    // The client moves to a server that has just joined.
    let [c] = stores.serve(["c"]);
    b.stop();
    assert_eq!(alice.ended(), Cause::Reconnect);
    let (mut bob, mut carol) = (bobs.resume(&c).unwrap(), carols.resume(&c).unwrap());
    let mut alice = alices.resume(&c).unwrap();
    bob.hears_of(&mut carol, "carol", "another mark");
    let told = bob.take_told("alice");
    assert!(told.iter().all(|it| it.status_type == StatusType::Online as i32), "{told:?}");
    assert!(alice.is_alive());
    c.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_of_a_killed_server_are_told_offline_once_unless_they_are_back() {
    let stores = Stores::start().await;
    let [a, b, c] = stores.serve(["a", "b", "c"]);
    let [alices, bobs, carols, doras] = a.create_accounts(["alice", "bob", "carol", "dora"]);
    let (mut bob, mut carol) = (bobs.log_in(&b), carols.log_in(&c));
    bob.subscribe(&["alice", "carol", "dora"]);
    let (_alice, _dora) = (alices.log_in(&a), doras.log_in(&a));
    bob.told_online("alice");
    bob.told_online("dora");
    bob.pushes.clear();
    let killed = Instant::now();
    a.kill();
    // One of the two users comes back before the grace ends, at another server.
    let mut dora = doras.resume(&c).unwrap();
    bob.told("alice", "OFFLINE", |it| it.status_type != StatusType::Online as i32);
    let took = killed.elapsed();
    println!("told OFFLINE {took:?} after the kill, with a lease of {LEASE:?} and a grace of {GRACE:?}");
    assert!(took >= GRACE && took < GRACE + Duration::from_secs(15), "{took:?}");
    // The lost server is taken out of the register when all its connections are ended.
    wait_until("the lost server is removed", PATIENCE, || b.metric("cluster_nodes") == 2.0);
    wait_until("no server is lost", PATIENCE, || c.metric("cluster_lost_nodes") == 0.0);
    bob.hears_of(&mut carol, "carol", "a mark");
    let of_dora = bob.pushes.iter().flat_map(|body| statuses(body, "dora")).count();
    assert_eq!(of_dora, 0, "nobody sees that she was at another server");
    let told = bob.take_told("alice");
    let [once] = &told[..] else { panic!("told once: {told:?}") };
    assert_eq!((once.status_type(), once.reason()), (StatusType::Offline, Reason::NodeLost), "{once:?}");
    assert!(dora.is_alive());
    b.stop();
    c.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_redis_does_not_answer_keep_their_clients_and_say_that_they_know_nothing() {
    let stores = Stores::start().await;
    let [a, b] = stores.serve(["a", "b"]);
    let [alices, bobs] = a.create_accounts(["alice", "bob"]);
    let mut bob = bobs.log_in(&b);
    bob.subscribe(&["alice"]);
    let mut alice = alices.log_in(&a);
    bob.told_online("alice");

    // Only the register is lost: both servers join again, and no client notices.
    bob.pushes.clear();
    stores.redis.command::<u64>("DEL lm:{0}:nodes lm:{0}:beats").await;
    for server in [&a, &b] {
        let has_both = "HLEN lm:{0}:nodes";
        let until = Instant::now() + PATIENCE;
        while stores.redis.command::<u64>(has_both).await != 2 {
            assert!(Instant::now() < until, "the servers do not join again");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        wait_until("each server sees the other", PATIENCE, || server.metric("cluster_live_nodes") == 2.0);
    }
    bob.hears_of(&mut alice, "alice", "still here");
    let told = bob.take_told("alice");
    assert!(told.iter().all(|it| it.status_type == StatusType::Online as i32), "{told:?}");

    // Redis answers nothing for longer than lease and grace, and closes no connection.
    let redis = rustix::process::Pid::from_raw(stores.redis.pid().cast_signed()).unwrap();
    let frozen = Instant::now();
    rustix::process::kill_process(redis, rustix::process::Signal::STOP).unwrap();
    wait_until("the servers are not ready", PATIENCE, || {
        [&a, &b].iter().all(|server| server.page("/readyz").contains("Redis has not answered"))
    });
    let query = Request::GetUserStatus(v1::GetUserStatusRequest { user_ids: vec!["alice".to_owned()] });
    let began = Instant::now();
    let answer = bob.ask(query);
    assert!(matches!(&answer, Body::Refusal(refusal) if refusal.code == 70_500), "{answer:?}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    wait_until("the end of the outage", PATIENCE, || frozen.elapsed() > LEASE + GRACE);
    assert!(alice.is_alive() && bob.is_alive());
    rustix::process::kill_process(redis, rustix::process::Signal::CONT).unwrap();
    for server in [&a, &b] {
        wait_until("the servers are ready", PATIENCE, || server.page("/readyz").starts_with("HTTP/1.1 200"));
        assert_eq!(server.metric("cluster_cut_off"), 0.0);
        assert!(server.metric("cluster_failed_renewals_total") >= 1.0);
    }
    bob.hears_of(&mut alice, "alice", "here all the time");
    let told = bob.take_told("alice");
    assert!(told.iter().all(|it| it.status_type == StatusType::Online as i32), "nobody was away: {told:?}");
    assert!(a.stop().contains("it joins again"));
    b.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_drains_gives_its_clients_to_the_others_and_runs_on() {
    let stores = Stores::start().await;
    let [a, b] = stores.serve(["a", "b"]);
    let [alices, bobs, carols] = a.create_accounts(["alice", "bob", "carol"]);
    let (mut bob, mut carol) = (bobs.log_in(&b), carols.log_in(&b));
    bob.subscribe(&["alice", "carol"]);
    let mut alice = alices.log_in(&a);
    bob.told_online("alice");
    bob.pushes.clear();
    let listed = |server: &Server| {
        let nodes = server.folder.answer(&["node", "list", "--json"]);
        let nodes = nodes.as_array().unwrap().iter();
        let text = |node: &serde_json::Value, field: &str| node[field].as_str().unwrap().to_owned();
        nodes
            .map(|node| (text(node, "name"), text(node, "state"), node["connections"].clone()))
            .collect::<Vec<_>>()
    };
    wait_until("both servers list the connections", PATIENCE, || {
        let expected = [("a".into(), "live".into(), 1.into()), ("b".into(), "live".into(), 2.into())];
        let (mut of_a, mut of_b) = (listed(&a), listed(&b));
        of_a.sort_by(|one, other| one.0.cmp(&other.0));
        of_b.sort_by(|one, other| one.0.cmp(&other.0));
        of_a == expected && of_b == expected
    });
    let refused = |at: &Server, node: &str| {
        let (code, _, error) = at.folder.run(&["node", "drain", node]);
        assert_eq!(code, Some(1), "{error}");
        error
    };
    let unknown = refused(&b, "nobody");
    assert!(unknown.contains("there is no node nobody"), "{unknown}");

    // The request goes to a server other than the one that drains.
    let done = b.folder.ok(&["node", "drain", "a"]);
    assert!(done.contains("is drained; it can be stopped"), "{done}");
    assert_eq!(alice.ended(), Cause::Reconnect);
    assert!(a.page("/readyz").contains("draining"), "{}", a.page("/readyz"));
    assert!(a.page("/readyz").starts_with("HTTP/1.1 503"), "{}", a.page("/readyz"));
    assert!(TcpStream::connect(a.folder.node()["client"].as_str().unwrap()).is_err(), "it takes no clients");
    let mut alice = alices.resume(&b).unwrap();
    bob.hears_of(&mut carol, "carol", "a mark");
    assert_eq!(bob.take_told("alice"), [], "nobody sees that the client has moved");
    assert!(b.folder.ok(&["node", "list"]).contains("DRAINING"));
    // If this server drained too, no server would be left to take the clients.
    let last = refused(&a, "b");
    assert!(last.contains("no other node could take the clients of b"), "{last}");
    // A drained server still answers commands. It has no duty that other nodes would have to wait for.
    assert_eq!(a.apps(), vec![u64::from(APP)]);
    a.stop();
    assert!(alice.is_alive() && bob.is_alive());
    let [c] = stores.serve(["c"]);
    wait_until("another server replaces it", PATIENCE, || b.metric("cluster_live_nodes") == 2.0);
    c.stop();
    b.stop();
}

/// Returns the number of reads that Redis has made from its connections. If a server sends several commands together,
/// Redis reads them in one read.
async fn reads_of(connection: &mut redis::aio::MultiplexedConnection) -> f64 {
    let stats: String = redis::cmd("INFO").arg("stats").query_async(connection).await.unwrap();
    let value = stats.lines().find_map(|line| line.strip_prefix("total_reads_processed:"));
    value.unwrap().trim().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_of_a_known_device_makes_three_round_trips_to_redis() {
    const USERS: usize = 20;
    let stores = Stores::start().await;
    let [a] = stores.serve(["a"]);
    let users: Vec<_> = (0..USERS).map(|n| a.client(&format!("user{n}"), &format!("phone {n}"))).collect();
    let mut devices: Vec<Device> = users.iter().map(|user| user.log_in(&a)).collect();
    a.create_accounts(["ann", "bob", "cat"]);
    devices.iter_mut().for_each(|device| device.subscribe(&["ann", "bob", "cat"]));
    wait_until("the users are ONLINE", PATIENCE, || a.metric("users_online") == USERS as f64);
    drop(devices);
    // The counter is a sum over the live records, so the links of all users are over when it is 0 again.
    wait_until("the users are away", PATIENCE, || a.metric("users_online") == 0.0);

    let mut devices = Vec::new();
    let mut connection = stores.redis.connection().await;
    let (mut before, mut counts) = (reads_of(&mut connection).await, Vec::new());
    for user in &users {
        devices.push(user.log_in(&a));
        // This call waits until Redis has read the commands of the login, so that none is sent together with those of the
        // next login. One of the reads is that of this call.
        let after = reads_of(&mut connection).await;
        counts.push(after - before - 1.0);
        before = after;
    }
    // The other work of the server, for example the renewal of its lease, is in few of the counts.
    counts.sort_unstable_by(f64::total_cmp);
    println!("round trips of the logins: {counts:?}");
    assert!(counts[USERS / 2] <= 3.0, "round trips of the logins: {counts:?}");
    assert_eq!(subscriptions_of(&mut devices[0]), ["ann", "bob", "cat"], "the list came with the login");
    a.stop();
}

fn subscriptions_of(device: &mut Device) -> Vec<String> {
    match device.ask(Request::GetSubscriptions(v1::GetSubscriptionsRequest {})) {
        Body::GetSubscriptions(answer) => answer.user_ids,
        other => panic!("{other:?}"),
    }
}

/// Live records belong to one database. A server refuses to use them with another database. It also refuses a database
/// that lacks changes which the live records contain.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_does_not_belong_to_the_live_records_is_refused() {
    let stores = Stores::start().await;
    let (facts, directory) = (stores.facts.clone(), stores.redis.url());
    let times = Times { lease: LEASE, grace: GRACE };
    let refused = |facts: &str, expected: &str| {
        let (code, log) = Server::start("c", facts, &directory, times, Path::new("/")).running.wait();
        assert!(code == Some(1) && log.contains(expected), "{code:?}: {log}");
        let folder = Folder::new();
        let (lease, grace) = (times.lease.as_millis(), times.grace.as_millis());
        let text = format!("node_lease_ms = {lease}\nnode_loss_grace_ms = {grace}\n");
        let settings = folder.file("lamplight.toml", &text);
        let stores = ["--facts", facts, "--directory", &directory, "--skip-webhooks"];
        let (code, told, _) = folder.run(&[&["doctor", "--config", &settings], &stores[..]].concat());
        assert!(code == Some(1) && told.contains(expected), "{code:?}: {told}");
    };
    let [a] = stores.serve(["a"]);
    let other = postgres::server().await.create_database().await;
    let url = postgres::server().await.url(other.name());
    refused(&url, "belong to another database than the one of `facts`");

    // While the facts change, their mark rises, and the directory notes it.
    let database = postgres::server().await.connect(stores.database.name()).await;
    let count = async || -> i64 { database.query_one("SELECT count FROM mark", &[]).await.unwrap().get(0) };
    database.execute("UPDATE mark SET count = count + 1000", &[]).await.unwrap();
    let before = count().await;
    a.folder.ok(&["account", "create", "alice"]);
    let started = Instant::now();
    loop {
        let noted: String = stores.redis.command("HGET lm:{0}:facts count").await;
        if noted.parse::<i64>().unwrap() > before {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "the mark is not noted: {noted}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(count().await > before);

    // The tables of a back-up are restored while the server runs.
    database.execute("UPDATE mark SET count = count - 1000", &[]).await.unwrap();
    let exchanged = "the database is not the one that this server has used";
    wait_until("the server refuses the back-up", PATIENCE, || a.page("/readyz").contains(exchanged));
    let lacks = "the database lacks changes that the live records in Redis know";
    refused(&facts, lacks);
    a.kill();
    refused(&facts, lacks);
    // After the live records of the former facts were deleted, a server goes on with the back-up.
    let _: String = stores.redis.command("FLUSHALL").await;
    let [b] = stores.serve(["b"]);
    assert_eq!(b.apps(), [u64::from(APP)]);
    b.stop();
}

/// A command with another data folder can read facts while servers run. A command that would change facts fails with an
/// error that says where to run the command.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_without_a_server_reads_the_facts_of_a_running_cluster_and_changes_nothing() {
    let stores = Stores::start().await;
    let [a] = stores.serve(["a"]);
    let _clients = a.create_accounts(["alice", "bob"]);
    // The commands that read need no data folder.
    let folder = Folder::new();
    let run = |arguments: &[&str]| folder.run(&[arguments, &["--facts", &stores.facts]].concat());
    for (arguments, expected) in [
        (&["account", "list"][..], "alice"),
        (&["account", "show", "bob"], "bob"),
        (&["app", "list"], "1400000001"),
        (&["friend", "list", "alice"], ""),
        (&["console", "operator", "list"], "admin"),
        (&["audit"], "account"),
        (&["webhook", "list"], ""),
    ] {
        let (code, output, error) = run(arguments);
        assert!(code == Some(0) && output.contains(expected), "{arguments:?}: {code:?} {output}{error}");
    }
    std::fs::create_dir(folder.path()).unwrap();
    std::fs::copy(a.folder.path().join("facts.postgres"), folder.path().join("facts.postgres")).unwrap();
    for arguments in [&["account", "create", "carol"][..], &["account", "kick", "alice"], &["sig", "alice"]] {
        let (code, output, error) = run(arguments);
        let is_told = error.contains("with `--data-dir` of that node");
        assert!(code == Some(1) && is_told, "{arguments:?}: {code:?} {output}{error}");
    }
    let (_, output, _) = run(&["account", "list"]);
    assert!(!output.contains("carol"), "{output}");
    a.stop();
}
