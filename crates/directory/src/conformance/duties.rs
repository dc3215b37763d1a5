//! Rules about periodic work that is assigned by partition, and about the status feed.

use super::{PATIENCE, Ports, blank, connect, id, now, seed, user};
use crate::{FeedCursor, RecordCursor, RecordFilter};
use futures_util::FutureExt;
use lamplight_core::{Connect, LinkEnd, Presence};
use lamplight_model::{AppId, AppSettings, ConnectionId, DeviceId, Moment, NodeId, Platform, User, Version};
use std::collections::BTreeSet;
use std::time::Duration;

/// Checks that each user is listed in exactly one partition.
pub async fn a_user_is_due_in_its_own_partition_and_in_no_other(ports: Ports) {
    let directory = &ports.directory;
    let (settings, mut users) = (AppSettings::default(), Vec::new());
    for n in 0..20 {
        let name = format!("user {n}");
        seed(directory, &name).await;
        connect(directory, &name, "phone", n, now(1_000)).await;
        let end = |presence: &mut Presence| {
            presence.disconnect(
                ConnectionId::alone(n),
                LinkEnd::Closed,
                now(2_000).wall,
                &settings,
                now(2_000 + n),
            )
        };
        directory.update(&user(&name), now(2_000), end).await.unwrap();
        users.push(user(&name));
    }
    let lapse = Moment(2_000 + 20) + settings.timing.login_retention();
    assert!(directory.partitions() > 0);
    let mut all = Vec::new();
    for partition in 0..directory.partitions() {
        let due = directory.due(partition, lapse, 100).await.unwrap();
        let expected: Vec<User> =
            users.iter().filter(|user| directory.partition_of(user) == partition).cloned().collect();
        assert_eq!(due, expected, "the longest overdue first, in partition {partition}");
        let first = directory.due(partition, lapse, 1).await.unwrap();
        assert_eq!(first, expected[..expected.len().min(1)]);
        all.extend(due);
    }
    assert_eq!(sorted(all), sorted(users));
    assert_eq!(directory.due(directory.partitions(), lapse, 100).await.unwrap(), []);
}

/// Checks that the users with session events are listed in pages, in ascending order.
pub async fn who_has_session_events_is_listed_in_pages(ports: Ports) {
    let directory = &ports.directory;
    let mut settings = AppSettings::default();
    settings.webhooks.state_change_url = "https://receiver".to_owned();
    let mut users = Vec::new();
    for n in 0..10 {
        let name = format!("user {n}");
        seed(directory, &name).await;
        if n % 3 == 0 {
            // These users have no events, because their app does not want events.
            connect(directory, &name, "phone", n, now(1)).await;
            continue;
        }
        let device = DeviceId::new("phone").unwrap();
        let (platform, connection) = (Platform::IPhone, ConnectionId::alone(n));
        let connect = Connect {
            device: &device,
            platform,
            login: 1 + n,
            born: 0,
            issued: 1,
            connection,
            address: None,
        };
        let act = |presence: &mut Presence| presence.connect(&connect, &settings, now(1));
        directory.update(&user(&name), now(1), act).await.unwrap();
        users.push(user(&name));
    }
    assert_eq!(with_events(&ports, 2).await, sorted(users.clone()));
    assert_eq!(with_events(&ports, 100).await, sorted(users.clone()));

    // Users whose events were recorded or whose record was removed are no longer listed.
    let over = |presence: &mut Presence| {
        let last = presence.pending_events().map_or(0, |events| events.last_ordinal());
        presence.events_recorded(last, 0)
    };
    directory.update(&users[0], now(2), over).await.unwrap();
    directory.remove(&users[1], now(2)).await.unwrap();
    assert_eq!(with_events(&ports, 3).await, sorted(users[2..].to_vec()));
}

/// Checks that a record is due at its deadline and not before, and no longer after the deadline was processed.
pub async fn a_record_is_due_at_its_deadline_and_not_before(ports: Ports) {
    let settings = AppSettings::default();
    seed(&ports.directory, "a").await;
    connect(&ports.directory, "a", "phone", 1, now(1_000)).await;
    ports
        .directory
        .update(&user("a"), now(2_000), |presence| {
            presence.disconnect(
                ConnectionId::alone(1),
                LinkEnd::Closed,
                now(2_000).wall,
                &settings,
                now(2_000),
            )
        })
        .await
        .unwrap();
    let lapse = Moment(2_000) + settings.timing.login_retention();
    let before = Moment(lapse.0 - 1);
    assert_eq!(due(&ports, before, 10).await, []);
    assert_eq!(due(&ports, lapse, 10).await, [user("a")]);
    let later = now(2_000).after(settings.timing.login_retention());
    ports.directory.update(&user("a"), later, |presence| presence.expire(&settings, later)).await.unwrap();
    assert_eq!(due(&ports, lapse + Duration::from_secs(1), 10).await, []);
}

/// Checks that the record of a user who comes back is no longer due. A record may have a deadline from its creation on.
pub async fn a_record_that_has_no_deadline_any_more_is_not_due(ports: Ports) {
    let (directory, settings) = (&ports.directory, AppSettings::default());
    seed(directory, "a").await;
    connect(directory, "a", "phone", 1, now(1_000)).await;
    let end = |presence: &mut Presence| {
        let connection = ConnectionId::alone(1);
        presence.disconnect(connection, LinkEnd::Closed, now(2_000).wall, &settings, now(2_000))
    };
    directory.update(&user("a"), now(2_000), end).await.unwrap();
    let lapse = Moment(2_000) + settings.timing.login_retention();
    assert_eq!(due(&ports, lapse, 10).await, [user("a")]);
    let held =
        directory.read(&[user("a")], |_, presence| presence.cloned().unwrap()).await.unwrap().remove(0);
    connect(directory, "a", "phone", 2, now(3_000)).await;
    assert_eq!(due(&ports, lapse, 10).await, []);
    directory.seed(&user("b"), held, now(3_000)).await.unwrap();
    assert_eq!(due(&ports, lapse, 10).await, [user("b")]);
    directory.remove(&user("b"), now(3_000)).await.unwrap();
    assert_eq!(due(&ports, lapse, 10).await, []);
}

/// Checks that the list of a node's connections has its current connections, and no connections of other nodes.
/// Connections that were superseded, closed or logged out are not current.
pub async fn the_connections_of_a_node_are_those_of_its_devices_now(ports: Ports) {
    const USERS: u64 = 300;
    let (directory, settings) = (&ports.directory, AppSettings::default());
    let (here, elsewhere) = (NodeId(7), NodeId(8));
    let enter = async |name: &str, device: &str, connection: ConnectionId| {
        // Each device has another platform, so that no login kicks another.
        let platform = match device {
            "first" => Platform::IPhone,
            "second" => Platform::Mac,
            _ => Platform::Windows,
        };
        let (device, login) = (DeviceId::new(device).unwrap(), connection.local);
        let connect =
            Connect { device: &device, platform, login, born: 0, issued: 1, connection, address: None };
        directory.update(&user(name), now(1), |it| it.connect(&connect, &settings, now(1))).await.unwrap();
    };
    let end = async |name: &str, connection: ConnectionId, logout: bool| {
        let act = |presence: &mut Presence| match logout {
            true => presence.logout(connection, &settings, now(2)).map(drop),
            false => {
                presence.disconnect(connection, LinkEnd::Closed, now(2).wall, &settings, now(2)).map(drop)
            }
        };
        directory.update(&user(name), now(2), act).await.unwrap();
    };
    let mut expected = Vec::new();
    for n in 0..USERS {
        let name = format!("user {n}");
        seed(directory, &name).await;
        let of = |place: u64| ConnectionId::new(here, n * 10 + place);
        enter(&name, "first", of(1)).await;
        enter(&name, "second", of(2)).await;
        enter(&name, "elsewhere", ConnectionId::new(elsewhere, n)).await;
        match n % 4 {
            0 => end(&name, of(1), false).await,
            1 => end(&name, of(1), true).await,
            2 => enter(&name, "first", of(3)).await,
            _ => {}
        }
        let first = [None, None, Some(of(3)), Some(of(1))][n as usize % 4];
        expected.extend([first, Some(of(2))].into_iter().flatten().map(|it| (user(&name), it)));
    }
    assert_eq!(all_connections(&ports, here).await, expected.into_iter().collect());
    assert_eq!(all_connections(&ports, elsewhere).await.len(), USERS as usize);
    assert_eq!(all_connections(&ports, NodeId(9)).await.len(), 0);
}

async fn all_connections(ports: &Ports, node: NodeId) -> BTreeSet<(User, ConnectionId)> {
    let mut found = BTreeSet::new();
    for partition in 0..=ports.directory.partitions() {
        let mut after = None;
        loop {
            let page = ports.directory.connections_of(node, partition, after).await.unwrap();
            for (user, connection) in page.connections {
                assert_eq!(ports.directory.partition_of(&user), partition);
                found.insert((user, connection));
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    found
}

/// Checks that a page lists the users who have changed, and that its cursor is the start of the next page.
pub async fn the_feed_has_each_user_once_at_the_last_visible_change(ports: Ports) {
    for name in ["a", "b", "c"] {
        seed(&ports.directory, name).await;
    }
    let (users, cursor, reset) = follow_feed(&ports, None, 100).await;
    assert_eq!((sorted(users), reset), (vec![user("a"), user("b"), user("c")], true));

    connect(&ports.directory, "b", "phone", 1, now(1)).await;
    connect(&ports.directory, "a", "phone", 2, now(2)).await;
    connect(&ports.directory, "b", "tablet", 3, now(3)).await;
    let (users, end, reset) = follow_feed(&ports, Some(cursor.clone()), 1).await;
    let expected = [user("b"), user("a")];
    // Users of different partitions have no order.
    let has_order = ports.directory.partition_of(&user("a")) == ports.directory.partition_of(&user("b"));
    assert!(!reset);
    assert!(if has_order { users == expected } else { sorted(users) == sorted(expected.to_vec()) });
    assert_eq!(follow_feed(&ports, Some(end.clone()), 1).await, (vec![], end, false));
    // An older cursor is also valid.
    let (users, _, reset) = follow_feed(&ports, Some(cursor), 100).await;
    assert_eq!((sorted(users), reset), (vec![user("a"), user("b")], false));
}

/// Checks that a reader may store a cursor as text.
pub async fn a_cursor_of_the_feed_is_kept_as_text(ports: Ports) {
    seed(&ports.directory, "a").await;
    let (_, cursor, _) = follow_feed(&ports, None, 100).await;
    let kept: FeedCursor = cursor.to_string().parse().unwrap();
    connect(&ports.directory, "a", "phone", 1, now(1)).await;
    let (users, _, reset) = follow_feed(&ports, Some(kept.clone()), 100).await;
    assert_eq!((users, reset), (vec![user("a")], false));
    // A cursor of another epoch, or with another number of partitions, begins a new snapshot.
    let mut places = kept.places().to_vec();
    let other_epoch = FeedCursor::new(kept.epoch().wrapping_add(1), places.clone());
    places.extend([0; 7]);
    for of_no_use in [other_epoch, FeedCursor::new(kept.epoch(), places)] {
        let (users, _, reset) = follow_feed(&ports, Some(of_no_use), 100).await;
        assert_eq!((users, reset), (vec![user("a")], true));
    }
}

/// Checks that the feed of an app does not contain users of other apps.
pub async fn the_feed_has_the_users_of_one_app(ports: Ports) {
    seed(&ports.directory, "a").await;
    let other = User::new(AppId(2), id("a"));
    ports.directory.seed(&other, blank(Version(1)), now(0)).await.unwrap();
    assert_eq!(ports.directory.feed(AppId(2), None, 9).await.unwrap().users, [other]);
    assert_eq!(ports.directory.feed(AppId(3), None, 9).await.unwrap().users, []);
}

/// Checks that a reader misses no change if it begins to wait before it reads a page.
pub async fn who_waits_on_the_feed_is_woken_by_a_visible_change_and_finds_it(ports: Ports) {
    seed(&ports.directory, "a").await;
    let cursor = ports.directory.feed(AppId(1), None, 9).await.unwrap().cursor;
    let mut moved = ports.directory.feed_moved();
    assert!((&mut moved).now_or_never().is_none());
    connect(&ports.directory, "a", "phone", 1, now(1)).await;
    tokio::time::timeout(PATIENCE, &mut moved).await.expect("a visible change wakes the reader");
    assert_eq!(ports.directory.feed(AppId(1), Some(cursor), 9).await.unwrap().users, [user("a")]);
    let mut moved = ports.directory.feed_moved();
    assert!((&mut moved).now_or_never().is_none());
    connect(&ports.directory, "a", "tablet", 2, now(2)).await;
    assert!(moved.now_or_never().is_none(), "a further device is no change");
}

/// Checks that a reader begins a snapshot if it may have missed the removal of a record. A reader whose cursor is after
/// the position of the removed record has missed nothing, and continues.
pub async fn a_removed_record_leaves_the_feed_and_who_may_have_missed_it_begins_again(ports: Ports) {
    let start = ports.directory.feed(AppId(1), None, 9).await.unwrap().cursor;
    seed(&ports.directory, "a").await;
    let after = ports.directory.feed(AppId(1), None, 9).await.unwrap().cursor;
    seed(&ports.directory, "b").await;
    ports.directory.remove(&user("a"), now(1)).await.unwrap();
    let missed = ports.directory.feed(AppId(1), Some(start), 9).await.unwrap();
    assert_eq!((missed.users, missed.reset), (vec![user("b")], true));
    let followed = ports.directory.feed(AppId(1), Some(after), 9).await.unwrap();
    assert_eq!((followed.users, followed.reset), (vec![user("b")], false));
}

/// Checks that a snapshot ends with any page size, even if a record was removed before the snapshot began.
pub async fn a_snapshot_of_the_feed_comes_to_its_end_after_a_removal(ports: Ports) {
    for name in ["a", "b", "c", "gone"] {
        seed(&ports.directory, name).await;
    }
    ports.directory.remove(&user("gone"), now(1)).await.unwrap();
    let snapshot = async {
        let (mut users, mut cursor) = (Vec::new(), None);
        for page in 0..2_000 {
            let next = ports.directory.feed(AppId(1), cursor, 1).await.unwrap();
            assert_eq!(next.reset, page == 0, "page {page} after {users:?}");
            users.extend(next.users);
            if next.finished {
                return users;
            }
            cursor = Some(next.cursor);
        }
        panic!("no end after {users:?}");
    };
    assert_eq!(sorted(snapshot.await), [user("a"), user("b"), user("c")]);
}

async fn due(ports: &Ports, at: Moment, limit: usize) -> Vec<User> {
    let mut all = Vec::new();
    for partition in 0..ports.directory.partitions() {
        all.extend(ports.directory.due(partition, at, limit).await.unwrap());
    }
    all
}

/// Returns all users with session events, read in pages of `limit` users.
async fn with_events(ports: &Ports, limit: usize) -> Vec<User> {
    let mut all = Vec::new();
    for partition in 0..ports.directory.partitions() {
        let mut after: Option<User> = None;
        loop {
            let page = ports.directory.with_events(partition, after.as_ref(), limit).await.unwrap();
            assert!(page.len() <= limit && page.is_sorted());
            assert!(page.iter().all(|user| ports.directory.partition_of(user) == partition));
            after = page.last().cloned().or(after);
            let is_last = page.len() < limit;
            all.extend(page);
            if is_last {
                break;
            }
        }
    }
    sorted(all)
}

/// Reads the feed to its end in pages of `limit` users. Returns each user once, the cursor, and whether a snapshot
/// began.
async fn follow_feed(
    ports: &Ports,
    mut cursor: Option<FeedCursor>,
    limit: usize,
) -> (Vec<User>, FeedCursor, bool) {
    let (mut users, mut reset) = (Vec::new(), None);
    loop {
        let page = ports.directory.feed(AppId(1), cursor, limit).await.unwrap();
        assert!(page.users.len() <= limit);
        users.extend(page.users);
        let first = *reset.get_or_insert(page.reset);
        if page.finished {
            let each_once: BTreeSet<&User> = users.iter().collect();
            assert_eq!(each_once.len(), users.len(), "{users:?}");
            return (users, page.cursor, first);
        }
        cursor = Some(page.cursor);
    }
}

fn sorted(mut users: Vec<User>) -> Vec<User> {
    users.sort();
    users
}

/// Checks that each record is listed once, with any page size. Records of other apps, and records that do not match the
/// filter, are not listed.
pub async fn records_of_an_app_are_listed_in_pages(ports: Ports) {
    let directory = &ports.directory;
    let app = user("a").app;
    let (mut all, mut online, mut on_ipad) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..30 {
        let name = format!("user {n}");
        seed(directory, &name).await;
        all.push(user(&name));
        if n % 2 == 0 {
            let device = if n % 3 == 0 { "tablet" } else { "phone" };
            connect(directory, &name, device, n + 1, now(1)).await;
            online.push(user(&name));
            on_ipad.extend((n % 3 == 0).then(|| user(&name)));
        }
    }
    let other = User::new(AppId(app.0 + 1), id("user 1"));
    directory.seed(&other, blank(Version(1)), now(0)).await.unwrap();

    let pages = async |filter: RecordFilter, limit: usize| -> Vec<User> {
        let mut users = Vec::new();
        let mut after: Option<RecordCursor> = None;
        loop {
            let page = directory.records_of(app, filter, after.as_ref(), limit).await.unwrap();
            assert!(page.users.len() <= limit);
            users.extend(page.users);
            // The cursor is converted to a text and back.
            after = page.next.map(|next| next.to_string().parse().unwrap());
            if after.is_none() {
                return users;
            }
        }
    };
    for limit in [1, 7, 100] {
        assert_eq!(sorted(pages(RecordFilter::All, limit).await), sorted(all.clone()), "{limit}");
        assert_eq!(sorted(pages(RecordFilter::Online { on: None }, limit).await), sorted(online.clone()));
    }
    let ipad = RecordFilter::Online { on: Some(Platform::IPad) };
    assert_eq!(sorted(pages(ipad, 2).await), sorted(on_ipad));
    let mac = RecordFilter::Online { on: Some(Platform::Mac) };
    assert_eq!(pages(mac, 2).await, []);
    // A cursor of another run is accepted and does no harm.
    let stray = RecordCursor::new(u64::MAX, None);
    assert_eq!(directory.records_of(app, ipad, Some(&stray), 2).await.unwrap().users, []);
}
