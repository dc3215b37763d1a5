//! Records that the directory has lost, and connections that are put back.

use super::*;

#[tokio::test]
async fn after_a_loss_nobody_connected_is_shown_to_leave_and_who_is_not_put_back_leaves_after_the_grace() {
    let cluster = Cluster::start().await;
    let (ann, bob) = (ConnectionId::new(HERE, 1), ConnectionId::new(HERE, 2));
    let logged_in = log_in(&cluster.here, "ann", "phone", Platform::IPhone, ann, 1).await;
    log_in(&cluster.here, "bob", "phone", Platform::IPhone, bob, 1).await;
    cluster.here.set_self_status(&user("ann"), "busy", now(2)).await.unwrap();
    cluster.here.subscribe_user_status(&user("ann"), &["bob"], now(2)).await.unwrap();
    let told = cluster.status("ann", 3).await.unwrap();

    cluster.lose(&["ann", "bob"], 100);
    assert_eq!(cluster.lost_at(100), Some(100));
    for name in ["ann", "bob"] {
        assert!(is_unknown(&cluster.status(name, 101).await.unwrap_err()), "{name}");
        assert!(is_unknown(&cluster.status(name, 102).await.unwrap_err()), "{name} has a record now");
    }

    let open = open(&logged_in, "phone", Platform::IPhone, ann, Some(told.clone()), &["bob"]);
    assert_eq!(cluster.here.put_back(&open, LOCAL, now(102)).await.unwrap().outcome, Reasserted::PutBack);
    assert_eq!(cluster.here.put_back(&open, LOCAL, now(102)).await.unwrap().outcome, Reasserted::Current);
    let status = cluster.status("ann", 103).await.unwrap();
    assert!(status.version > told.version);
    assert_eq!((&status.custom_status, status.since), (&told.custom_status, told.since));
    let list = cluster.here.get_subscriptions(&user("ann"), now(103)).await.unwrap().0;
    assert_eq!(list, [user("bob").id]);

    for (second, expected) in [(129, Online), (130, Offline)] {
        cluster.here.expire_due(10, now(second)).await.unwrap();
        cluster.there.expire_due(10, now(second)).await.unwrap();
        assert_eq!(cluster.status_type("bob", second).await, expected, "at {second}");
        assert_eq!(cluster.status_type("ann", second).await, Online, "at {second}");
    }
    assert_eq!(cluster.status("bob", 130).await.unwrap().reason, Reason::NodeLost);
}

/// The facts are read before the phone logs in. The record that is made from these facts is stored after the loss.
#[tokio::test]
async fn a_record_made_of_facts_from_before_a_loss_does_not_lack_a_login_that_was_recorded_since() {
    let cluster = Cluster::start().await;
    let (tab, phone) = (ConnectionId::new(HERE, 1), ConnectionId::new(THERE, 1));
    let (reached, release) = cluster.directory.hold_seed();
    let late = log_in(&cluster.here, "ann", "tab", Platform::Web, tab, 1);
    let meanwhile = async {
        reached.await.unwrap();
        let logged_in = log_in(&cluster.there, "ann", "phone", Platform::IPhone, phone, 2).await;
        cluster.lose(&["ann"], 100);
        release.send(()).unwrap();
        logged_in
    };
    let (_, logged_in) = tokio::join!(late, meanwhile);
    let open = open(&logged_in, "phone", Platform::IPhone, phone, None, &[]);
    assert_eq!(cluster.there.put_back(&open, LOCAL, now(101)).await.unwrap().outcome, Reasserted::PutBack);
}

/// A text that is put back keeps its duration. If the duration has passed meanwhile, the text is cleared by one change.
#[tokio::test]
async fn a_text_with_a_duration_is_put_back_and_any_node_clears_it() {
    for (second, is_over) in [(102, false), (162, true)] {
        let cluster = Cluster::start().await;
        let ann = ConnectionId::new(HERE, 1);
        let logged_in = log_in(&cluster.here, "ann", "phone", Platform::IPhone, ann, 1).await;
        let by = By::Client(ann);
        let told = cluster.here.set_custom_status(&user("ann"), "busy", 160, by, now(2)).await.unwrap();
        assert_eq!(told.custom_expires, Some(now(162).wall));
        cluster.lose(&["ann"], 100);
        let open = open(&logged_in, "phone", Platform::IPhone, ann, Some(told.clone()), &[]);
        let put_back = cluster.here.put_back(&open, LOCAL, now(second)).await.unwrap();
        assert_eq!(put_back.outcome, Reasserted::PutBack);
        let status = cluster.status("ann", second).await.unwrap();
        assert!(status.version > told.version);
        assert_eq!(status.custom_expires, told.custom_expires.filter(|_| !is_over));
        assert_eq!(status.reason == Reason::CustomExpired, is_over);
        if !is_over {
            cluster.there.expire_due(10, now(161)).await.unwrap();
            assert_eq!(cluster.status("ann", 161).await.unwrap(), status);
            cluster.there.expire_due(10, now(162)).await.unwrap();
            let after = cluster.status("ann", 162).await.unwrap();
            assert_eq!((after.reason, after.custom_expires), (Reason::CustomExpired, None));
        }
    }
}

/// No duty has run, so nothing has cleared the text. A query, the list of users who are ONLINE and the feed clear it
/// before they answer.
#[tokio::test]
async fn nobody_is_answered_with_a_text_whose_duration_has_passed() {
    for reader in ["query", "online", "feed", "backend"] {
        let mut cluster = Cluster::start().await;
        log_in(&cluster.here, "ann", "phone", Platform::IPhone, ConnectionId::new(HERE, 1), 1).await;
        let set = cluster.here.set_status_for(&user("ann"), "busy", 10, now(2)).await.unwrap();
        let there = &cluster.there;
        let (text, version) = match reader {
            "query" => {
                let status = cluster.status("ann", 12).await.unwrap();
                (status.custom_status, Some(status.version))
            }
            "online" => {
                let page = there.online(AppId(1), None, None, 10, now(12)).await.unwrap();
                let status = page.users[0].status.clone();
                (status.custom_status, Some(status.version))
            }
            "feed" => {
                let feed = there.status_feed(AppId(1), "", 10, now(12)).await.unwrap();
                let status = feed.changes[0].status.clone();
                (status.custom_status, Some(status.version))
            }
            _ => {
                let parts = StateParts { devices: false, custom_status: true };
                let states = there.user_states(&app(1), &[user("ann")], parts, now(12)).await.unwrap();
                (states[0].clone().unwrap().custom_status, None)
            }
        };
        assert!(text.is_empty() && version.is_none_or(|version| version > set.version), "{reader}");
        let mut entries = Vec::new();
        cluster.log.take(&mut entries);
        let told = entries.iter().filter_map(|entry| {
            let News::Status(status) = &entry.news else { return None };
            Some(status.reason)
        });
        assert_eq!(
            told.collect::<Vec<_>>(),
            [Reason::Login, Reason::Custom, Reason::CustomExpired],
            "{reader}"
        );
    }
}

#[tokio::test]
async fn nothing_is_said_of_who_may_be_connected_by_a_web_device_until_nodes_have_put_theirs_back() {
    let cluster = Cluster::start().await;
    let tab = ConnectionId::new(HERE, 1);
    let logged_in = log_in(&cluster.here, "ann", "tab", Platform::Web, tab, 1).await;
    log_in(&cluster.here, "bob", "tab", Platform::Web, ConnectionId::new(HERE, 2), 1).await;
    cluster.lose(&["ann", "bob"], 100);
    assert!(is_unknown(&cluster.status("ann", 101).await.unwrap_err()));
    // A kick of another node creates a record without a login of the Web device, whose connection is still open.
    cluster.here.set_status_for(&user("ann"), "", 0, now(101)).await.ok();
    assert!(is_unknown(&cluster.status("ann", 102).await.unwrap_err()));
    let open = open(&logged_in, "tab", Platform::Web, tab, None, &[]);
    assert_eq!(cluster.here.put_back(&open, LOCAL, now(102)).await.unwrap().outcome, Reasserted::PutBack);
    assert_eq!(cluster.status_type("ann", 102).await, Online);
    cluster.status("bob", 104).await.unwrap_err();
    assert_eq!(cluster.status_type("bob", 105).await, Unlogined);
}

/// A node ignores a loss of records from before its start. If a new cluster starts on old facts, no user is shown as
/// connected.
#[tokio::test]
async fn a_loss_before_the_beginning_of_a_node_holds_nobody() {
    let cluster = Cluster::start().await;
    let ann = ConnectionId::new(HERE, 1);
    log_in(&cluster.here, "ann", "phone", Platform::IPhone, ann, 1).await;
    cluster.lose(&["ann"], 100);
    cluster.there.begin_in_cluster().await.unwrap();
    assert_eq!(cluster.lost_at(101), None);
    assert_eq!(cluster.status_type("ann", 101).await, Offline);
}

/// A node that starts after the loss sees in the register that another node ran before the loss.
#[tokio::test]
async fn a_node_that_begins_after_a_loss_shows_no_user_of_an_older_node_to_leave() {
    let cluster = Cluster::start().await;
    let ann = ConnectionId::new(HERE, 1);
    let logged_in = log_in(&cluster.here, "ann", "phone", Platform::IPhone, ann, 1).await;
    cluster.lose(&["ann"], 100);
    cluster.there.begin_in_cluster().await.unwrap();
    let nodes = LocalNodes::default();
    for (id, second) in [(HERE, 0), (THERE, 101)] {
        let entry = NodeEntry { id, started: now(second).wall, ..NodeEntry::default() };
        nodes.join(&entry, now(101)).await.unwrap();
    }
    let register = nodes.read(now(101)).await.unwrap();
    cluster.there.duties().observe(&register, Moment(0));
    assert_eq!(cluster.lost_at(101), Some(100));
    assert!(is_unknown(&cluster.status("ann", 102).await.unwrap_err()));
    let open = open(&logged_in, "phone", Platform::IPhone, ann, None, &[]);
    assert_eq!(cluster.here.put_back(&open, LOCAL, now(103)).await.unwrap().outcome, Reasserted::PutBack);
    assert_eq!(cluster.status_type("ann", 103).await, Online);
}

/// After a failover, the clock of the store may differ by minutes from the time of the nodes. That time adapts to it
/// slowly.
#[tokio::test]
async fn users_are_unknown_and_held_for_as_long_whatever_the_clock_of_the_store_shows() {
    for clock in [100, 700, 40_000, 10_000] {
        let cluster = Cluster::start().await;
        let (ann, bob) = (ConnectionId::new(HERE, 1), ConnectionId::new(HERE, 2));
        log_in(&cluster.here, "old", "phone", Platform::IPhone, ConnectionId::new(HERE, 3), 1).await;
        log_in(&cluster.here, "ann", "phone", Platform::IPhone, ann, 9_900).await;
        let logged_in = log_in(&cluster.here, "bob", "phone", Platform::IPhone, bob, 9_900).await;
        cluster.here.set_self_status(&user("bob"), "busy", now(9_950)).await.unwrap();
        cluster.here.subscribe_user_status(&user("bob"), &["ann"], now(9_950)).await.unwrap();
        let told = cluster.status("bob", 9_990).await.unwrap();

        cluster.lose_by_clock(&["old", "ann", "bob"], 10_000, clock);
        for second in [10_000, 10_004] {
            assert!(is_unknown(&cluster.status("ann", second).await.unwrap_err()), "{clock} at {second}");
        }
        let open = open(&logged_in, "phone", Platform::IPhone, bob, Some(told.clone()), &["ann"]);
        assert_eq!(
            cluster.here.put_back(&open, LOCAL, now(10_003)).await.unwrap().outcome,
            Reasserted::PutBack
        );
        for second in [10_005, 10_029] {
            cluster.here.expire_due(10, now(second)).await.unwrap();
            for name in ["old", "ann", "bob"] {
                assert_eq!(cluster.status_type(name, second).await, Online, "{clock}: {name} at {second}");
            }
        }
        let bob = cluster.status("bob", 10_029).await.unwrap();
        assert_eq!((&bob.custom_status, bob.since), (&told.custom_status, told.since));
        let list = cluster.here.get_subscriptions(&user("bob"), now(10_029)).await.unwrap().0;
        assert_eq!(list, [user("ann").id], "{clock}");
        cluster.here.expire_due(10, now(10_030)).await.unwrap();
        let ann = cluster.status("ann", 10_030).await.unwrap();
        assert_eq!((ann.status_type, ann.last_seen), (Offline, Some(now(10_000).wall)), "{clock}");
        assert_eq!(cluster.status_type("bob", 10_030).await, Online);
    }
}

/// A user without a login may have had a status with a high version before the loss.
#[tokio::test]
async fn what_is_told_after_a_loss_is_newer_although_the_clock_of_the_store_is_behind() {
    let cluster = Cluster::start().await;
    let tab = ConnectionId::new(HERE, 1);
    log_in(&cluster.here, "ann", "tab", Platform::Web, tab, 900).await;
    cluster.here.set_self_status(&user("ann"), "busy", now(990)).await.unwrap();
    let told = cluster.status("ann", 991).await.unwrap();
    cluster.lose_by_clock(&["ann"], 1_000, 600);
    let after = cluster.status("ann", 1_006).await.unwrap();
    assert_eq!(after.status_type, Unlogined);
    assert!(after.version > told.version);
}

/// A node that begins after a failover compares no clocks with the running nodes, because their entries name their
/// epochs.
#[tokio::test]
async fn a_node_that_begins_after_a_loss_knows_of_older_nodes_by_their_epochs() {
    for (epoch, expected) in [(Some(now(0).wall), Some(100)), (Some(now(100).wall), None), (None, None)] {
        let cluster = Cluster::start().await;
        log_in(&cluster.here, "ann", "phone", Platform::IPhone, ConnectionId::new(HERE, 1), 1).await;
        // The other node has started at second 600 by the former clock, which was ahead of the present one.
        cluster.lose_by_clock(&["ann"], 700, 100);
        cluster.there.begin_in_cluster().await.unwrap();
        let nodes = LocalNodes::default();
        let entry = NodeEntry { id: HERE, started: now(600).wall, epoch, ..NodeEntry::default() };
        let register = nodes.join(&entry, now(101)).await.unwrap();
        cluster.there.duties().observe(&register, Moment(0));
        assert_eq!(cluster.lost_at(101), expected, "{epoch:?}");
    }
}

/// The connection is open, so the user is logged in. The list comes back with the connection. Until then, no call may
/// store another list.
#[tokio::test]
async fn calls_between_a_loss_and_the_put_back_are_to_be_tried_again() {
    for (platform, device, has_record) in [
        (Platform::IPhone, "phone", false),
        (Platform::IPhone, "phone", true),
        (Platform::Web, "tab", false),
        (Platform::Web, "tab", true),
    ] {
        let cluster = Cluster::start().await;
        let connection = ConnectionId::new(HERE, 1);
        log_in(&cluster.here, "bob", "phone", Platform::IPhone, ConnectionId::new(HERE, 2), 1).await;
        let logged_in = log_in(&cluster.here, "ann", device, platform, connection, 1).await;
        cluster.here.subscribe_user_status(&user("ann"), &["bob"], now(2)).await.unwrap();
        cluster.lose(&["ann", "bob"], 100);
        if has_record {
            cluster.here.restore_absent(&[user("ann")], now(101)).await.unwrap();
            // A call of the app creates a record, also without a login in the facts.
            let refused = cluster.there.subscribe_for(&user("ann"), &["bob"], now(101)).await.unwrap_err();
            assert!(is_unknown(&refused), "{refused}");
        }
        let (ann, here) = (user("ann"), &cluster.here);
        let by = By::Client(connection);
        for second in [102, 120] {
            let errors = [
                here.set_custom_status(&ann, "busy", 0, by, now(second)).await.unwrap_err(),
                here.subscribe_user_status(&ann, &["bob"], now(second)).await.unwrap_err(),
                here.unsubscribe_user_status(&ann, &["bob"], now(second)).await.unwrap_err(),
                here.get_subscriptions(&ann, now(second)).await.unwrap_err(),
            ];
            for error in errors {
                assert!(is_unknown(&error), "{platform:?} {has_record} at {second}: {error}");
                assert_eq!(error.refusal().code, Code::INTERNAL);
            }
        }
        let open = open(&logged_in, device, platform, connection, None, &["bob"]);
        assert_eq!(here.put_back(&open, LOCAL, now(121)).await.unwrap().outcome, Reasserted::PutBack);
        here.set_custom_status(&ann, "busy", 0, by, now(121)).await.unwrap();
        assert_eq!(here.get_subscriptions(&ann, now(121)).await.unwrap().0, [user("bob").id]);
    }
}

/// Without a loss, and after the grace, a call without a login is refused with [`Code::NOT_LOGGED_IN`].
#[tokio::test]
async fn a_user_who_is_not_logged_in_is_told_so() {
    let cluster = Cluster::start().await;
    let tab = ConnectionId::new(HERE, 1);
    log_in(&cluster.here, "ann", "tab", Platform::Web, tab, 1).await;
    let code = async |second| {
        let set = cluster.here.set_custom_status(&user("ann"), "x", 0, By::Client(tab), now(second)).await;
        set.map(drop).map_err(|error| error.refusal().code)
    };
    assert_eq!(code(2).await, Ok(()));
    cluster.here.disconnect(&user("ann"), tab, LinkEnd::TimedOut, now(3).wall, now(3)).await.unwrap();
    assert_eq!(code(4).await, Err(Code::NOT_LOGGED_IN));
    cluster.lose(&["ann"], 100);
    assert_eq!(code(129).await, Err(Code::INTERNAL));
    assert_eq!(code(130).await, Err(Code::NOT_LOGGED_IN));
}

/// The last message to the client was the answer to a change. The worker has not read this change in the log yet.
#[tokio::test]
async fn what_was_answered_in_the_moment_of_a_loss_has_an_older_version_than_what_is_put_back() {
    let cluster = Cluster::start().await;
    let ann = ConnectionId::new(HERE, 1);
    let logged_in = log_in(&cluster.here, "ann", "phone", Platform::IPhone, ann, 1).await;
    let told = cluster.status("ann", 2).await.unwrap();
    let answered = cluster.here.set_self_status(&user("ann"), "busy", now(100)).await.unwrap();
    cluster.lose(&["ann"], 100);
    let open = open(&logged_in, "phone", Platform::IPhone, ann, Some(told), &[]);
    assert_eq!(cluster.here.put_back(&open, LOCAL, now(101)).await.unwrap().outcome, Reasserted::PutBack);
    assert!(cluster.status("ann", 102).await.unwrap().version > answered.version);
}

/// Tests two cases. In the first, the account is deleted after the loss. In the second, it is taken off the list before
/// the loss, but the node with the list has not heard of that change.
#[tokio::test]
async fn a_deleted_account_is_taken_off_a_list_that_is_put_back_later() {
    for deleted_at in [101, 99] {
        let cluster = Cluster::start().await;
        let ann = ConnectionId::new(HERE, 1);
        log_in(&cluster.here, "bob", "phone", Platform::IPhone, ConnectionId::new(HERE, 2), 1).await;
        let logged_in = log_in(&cluster.here, "ann", "phone", Platform::IPhone, ann, 1).await;
        cluster.here.subscribe_user_status(&user("ann"), &["bob"], now(2)).await.unwrap();
        let delete = async || {
            let _ = cluster.here.delete_account(&user("bob"), now(deleted_at)).await.unwrap();
            cluster.here.retry(now(deleted_at)).await;
        };
        if deleted_at < 100 {
            delete().await;
        }
        cluster.lose(&["ann", "bob"], 100);
        if deleted_at > 100 {
            delete().await;
        }
        cluster.here.retry(now(102)).await;
        let open = open(&logged_in, "phone", Platform::IPhone, ann, None, &["bob"]);
        assert_eq!(cluster.here.put_back(&open, LOCAL, now(103)).await.unwrap().outcome, Reasserted::PutBack);
        cluster.here.retry(now(130)).await;
        let list = cluster.here.get_subscriptions(&user("ann"), now(131)).await.unwrap().0;
        assert_eq!(list, [], "deleted at {deleted_at}");
    }
}

/// The list is put back in the order in which the worker has added the users.
#[tokio::test]
async fn the_list_comes_back_in_its_order() {
    let cluster = Cluster::start().await;
    let ann = ConnectionId::new(HERE, 1);
    for name in ["zoe", "bob", "mia"] {
        cluster.here.create_account(&user(name), now(1)).await.unwrap();
    }
    let logged_in = log_in(&cluster.here, "ann", "phone", Platform::IPhone, ann, 1).await;
    let mut audience = Audience::<UserStatus>::default();
    let mut effects = Vec::new();
    let watcher = audience.join(Member::new(user("ann"), ann), 0, &mut effects);
    for (names, second) in [(&["zoe"][..], 2), (&["bob", "mia"], 3)] {
        cluster.here.subscribe_user_status(&user("ann"), names, now(second)).await.unwrap();
        let list = cluster.here.watch_list(&user("ann"), ann).await.unwrap().unwrap();
        let heard = audience.lists_heard(watcher).unwrap();
        assert!(audience.set_watch_list(watcher, &list, heard, &mut effects));
    }
    cluster.lose(&["ann"], 100);
    let known: Vec<String> = audience.subscriptions(watcher).map(ToString::to_string).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let open = open(&logged_in, "phone", Platform::IPhone, ann, None, &known);
    assert_eq!(cluster.here.put_back(&open, LOCAL, now(101)).await.unwrap().outcome, Reasserted::PutBack);
    let list = cluster.here.get_subscriptions(&user("ann"), now(102)).await.unwrap().0;
    assert_eq!(list, ["zoe", "bob", "mia"].map(|name| user(name).id));
}

/// Other nodes would end the connection again.
#[tokio::test]
async fn a_node_that_is_cut_off_puts_no_connection_back() {
    let cluster = Cluster::start().await;
    let ann = ConnectionId::new(HERE, 1);
    let logged_in = log_in(&cluster.here, "ann", "phone", Platform::IPhone, ann, 1).await;
    let nodes = LocalNodes::default();
    let entry = NodeEntry { id: HERE, ..NodeEntry::default() };
    let register = nodes.join(&entry, now(1)).await.unwrap();
    cluster.here.duties().observe(&register, Moment(1_000));
    cluster.lose(&["ann"], 100);
    let open = open(&logged_in, "phone", Platform::IPhone, ann, None, &[]);
    let error = cluster.here.put_back(&open, Moment(10_000), now(101)).await.unwrap_err();
    assert!(is_unknown(&error), "{error}");
    cluster.here.duties().observe(&register, Moment(10_000));
    assert_eq!(
        cluster.here.put_back(&open, Moment(18_999), now(102)).await.unwrap().outcome,
        Reasserted::PutBack
    );
}

/// A node puts its connection back late, because the node is cut off or the store is slow. Until then, the record is
/// the one made from the facts, which has no custom status.
#[tokio::test]
async fn a_status_that_is_read_before_a_late_put_back_takes_away_no_custom_status() {
    let cluster = Cluster::start().await;
    let ann = ConnectionId::new(HERE, 1);
    let logged_in = log_in(&cluster.here, "ann", "phone", Platform::IPhone, ann, 1).await;
    let mut audience = Audience::<UserStatus>::default();
    let mut effects = Vec::new();
    let watcher = audience.join(Member::new(user("ann"), ann), 0, &mut effects);
    let list = cluster.here.watch_list(&user("ann"), ann).await.unwrap().unwrap();
    let heard = audience.lists_heard(watcher).unwrap();
    assert!(audience.set_watch_list(watcher, &list, heard, &mut effects));
    cluster.here.set_self_status(&user("ann"), "busy", now(2)).await.unwrap();
    let read = async |audience: &mut Audience<UserStatus>, second| {
        let status = cluster.status("ann", second).await.unwrap();
        let is_kept = audience.is_before_put_back(&user("ann"), &status);
        if !is_kept {
            audience.tell(&user("ann"), &status, None);
        }
        is_kept
    };
    assert!(!read(&mut audience, 3).await);

    cluster.lose(&["ann"], 100);
    audience.count_missed();
    assert!(read(&mut audience, 110).await);
    let told = audience.newest(&user("ann")).cloned();
    let open = open(&logged_in, "phone", Platform::IPhone, ann, told, &[]);
    assert_eq!(cluster.here.put_back(&open, LOCAL, now(111)).await.unwrap().outcome, Reasserted::PutBack);
    assert_eq!(cluster.status("ann", 111).await.unwrap().custom_status.as_str(), "busy");
    assert!(!read(&mut audience, 112).await);
}

#[tokio::test]
async fn a_connection_whose_login_has_ended_is_not_put_back() {
    let cluster = Cluster::start().await;
    let (phone, tab) = (ConnectionId::new(HERE, 1), ConnectionId::new(HERE, 2));
    let on_phone = log_in(&cluster.here, "ann", "phone", Platform::IPhone, phone, 1).await;
    let in_tab = log_in(&cluster.here, "ann", "tab", Platform::Web, tab, 2).await;
    cluster.lose(&["ann"], 100);
    let _ = cluster.there.kick(&user("ann"), now(101)).await.unwrap();
    for open in [
        open(&on_phone, "phone", Platform::IPhone, phone, None, &[]),
        open(&in_tab, "tab", Platform::Web, tab, None, &[]),
    ] {
        assert_eq!(cluster.here.put_back(&open, LOCAL, now(102)).await.unwrap().outcome, Reasserted::Refused);
    }
    let _ = cluster.there.delete_account(&user("ann"), now(103)).await.unwrap();
    cluster.lose(&["ann"], 110);
    let open = open(&on_phone, "phone", Platform::IPhone, phone, None, &[]);
    assert_eq!(cluster.here.put_back(&open, LOCAL, now(111)).await.unwrap().outcome, Reasserted::Refused);
}

#[tokio::test]
async fn the_record_of_every_login_is_rebuilt_after_a_loss() {
    // The clock of the node of a login may have been ahead. A login in progress is left to its operation: the facts
    // have this login, but it may still be taken back.
    for (lost, records) in [(100, 2), (1, 2), (0, 0)] {
        let cluster = Cluster::start().await;
        for (name, local) in [("ann", 1), ("bob", 2)] {
            let connection = ConnectionId::new(HERE, local);
            log_in(&cluster.here, name, "phone", Platform::IPhone, connection, 1).await;
        }
        cluster.lose(&["ann", "bob"], lost);
        assert_eq!(cluster.directory.stats().records, 0);
        let users = cluster.there.users_logged_in(None, 9).await.unwrap();
        assert_eq!(users, [user("ann"), user("bob")]);
        cluster.there.restore_absent(&users, now(101)).await.unwrap();
        assert_eq!(cluster.directory.stats().records, records, "lost at {lost}");
    }
}

/// An audience with the connection of a user, as the worker of this connection has it.
async fn audience_of(cluster: &Cluster, name: &str, connection: ConnectionId) -> Audience<UserStatus> {
    let mut audience = Audience::<UserStatus>::default();
    let mut effects = Vec::new();
    let watcher = audience.join(Member::new(user(name), connection), 0, &mut effects);
    let list = cluster.here.watch_list(&user(name), connection).await.unwrap().unwrap();
    let heard = audience.lists_heard(watcher).unwrap();
    assert!(audience.set_watch_list(watcher, &list, heard, &mut effects));
    audience
}

/// The log entry of the change is lost with the record, so the worker knows the change only from the answer.
#[tokio::test]
async fn what_a_call_was_answered_with_is_put_back_although_the_log_has_not_reported_it() {
    let cluster = Cluster::start().await;
    let (ann, by) = (ConnectionId::new(HERE, 1), By::Client(ConnectionId::new(HERE, 1)));
    let logged_in = log_in(&cluster.here, "ann", "phone", Platform::IPhone, ann, 1).await;
    let mut audience = audience_of(&cluster, "ann", ann).await;
    for (text, is_heard) in [("lunch", true), ("busy", false)] {
        let answered = cluster.here.set_custom_status(&user("ann"), text, 0, by, now(90)).await.unwrap();
        audience.answered_own_change(&user("ann"), &answered);
        if is_heard {
            audience.tell(&user("ann"), &answered, None);
        }
        assert_eq!(audience.ahead_of_newest(&user("ann")).is_none(), is_heard);
    }
    cluster.lose(&["ann"], 100);
    audience.count_missed();
    let told = audience.ahead_of_newest(&user("ann")).cloned();
    let open = open(&logged_in, "phone", Platform::IPhone, ann, told, &[]);
    assert_eq!(cluster.here.put_back(&open, LOCAL, now(101)).await.unwrap().outcome, Reasserted::PutBack);
    let status = cluster.status("ann", 101).await.unwrap();
    assert_eq!(status.custom_status.as_str(), "busy");
    audience.tell(&user("ann"), &status, None);
    assert_eq!(audience.newest(&user("ann")), Some(&status));
    assert_eq!(audience.ahead_of_newest(&user("ann")), None);
}

/// A change of a user who changes fast waits before it is told. The status before this change must not be put back.
#[tokio::test]
async fn a_change_that_waits_because_of_the_rate_is_put_back() {
    let rate = lamplight_core::ConflationRate { changes_per_second: 1, ..Default::default() };
    let mut audience = Audience::<UserStatus>::new(rate, None);
    let ann = ConnectionId::new(HERE, 1);
    audience.join(Member::new(user("ann"), ann), 0, &mut Vec::new());
    let cluster = Cluster::start().await;
    log_in(&cluster.here, "ann", "phone", Platform::IPhone, ann, 1).await;
    for (text, waits) in [("one", false), ("two", true)] {
        let status = cluster.here.set_self_status(&user("ann"), text, now(2)).await.unwrap();
        let entry = Arc::new(LogEntry::news(user("ann"), News::Status(status.clone())));
        assert_eq!(audience.hear(&entry, Moment(2_000), &mut Vec::new()), waits);
        assert_eq!(audience.ahead_of_newest(&user("ann")), waits.then_some(&status));
    }
}

/// When the call returns, the connection may have been put back, although the worker did not know of the change yet.
#[tokio::test]
async fn a_call_is_not_answered_with_success_if_the_directory_has_lost_data_since_it_began() {
    let cluster = Cluster::start().await;
    let ann = ConnectionId::new(HERE, 1);
    let (by, here) = (By::Client(ann), &cluster.here);
    log_in(here, "bob", "phone", Platform::IPhone, ConnectionId::new(HERE, 2), 1).await;
    let logged_in = log_in(here, "ann", "phone", Platform::IPhone, ann, 1).await;
    let mut second = 0;
    for call in ["set", "subscribe", "unsubscribe"] {
        // The record is lost before the change, or after it. The client is connected all the time.
        for before in [true, false] {
            second += 100;
            cluster.directory.lose_at_change(now(second).wall, before);
            let error = match call {
                "set" => here.set_custom_status(&user("ann"), "busy", 0, by, now(second)).await.unwrap_err(),
                "subscribe" => {
                    here.subscribe_user_status(&user("ann"), &["bob"], now(second)).await.unwrap_err()
                }
                _ => here.unsubscribe_user_status(&user("ann"), &["bob"], now(second)).await.unwrap_err(),
            };
            assert!(is_unknown(&error), "{call}, lost before the change: {before}: {error}");
            let open = open(&logged_in, "phone", Platform::IPhone, ann, None, &["bob"]);
            let put_back = here.put_back(&open, LOCAL, now(second + 1)).await.unwrap().outcome;
            assert_eq!(put_back, Reasserted::PutBack);
        }
    }
}

/// A watcher's node may have read the record before the connection was put back.
#[tokio::test]
async fn the_log_reports_a_record_that_is_put_back_whether_or_not_it_looks_different() {
    for text in ["", "busy"] {
        let mut cluster = Cluster::start().await;
        let ann = ConnectionId::new(HERE, 1);
        let logged_in = log_in(&cluster.here, "ann", "phone", Platform::IPhone, ann, 1).await;
        let told = match text {
            "" => cluster.status("ann", 3).await.unwrap(),
            text => cluster.here.set_self_status(&user("ann"), text, now(2)).await.unwrap(),
        };
        cluster.lose(&["ann"], 100);
        let read = cluster.status("ann", 110).await.unwrap();
        cluster.log.take(&mut Vec::new());
        let open = open(&logged_in, "phone", Platform::IPhone, ann, Some(told.clone()), &[]);
        for expected in [1, 0] {
            cluster.here.put_back(&open, LOCAL, now(111)).await.unwrap();
            let mut entries = Vec::new();
            cluster.log.take(&mut entries);
            let is_right = |status: &UserStatus| status.version > read.version && told.is_put_back_as(status);
            let right = entries.iter().filter(|it| matches!(&it.news, News::Status(it) if is_right(it)));
            assert_eq!((right.count(), entries.len()), (expected, expected), "{text:?}: {entries:?}");
        }
    }
}
