//! The conformance suite: what every adapter of [`Directory`] must do.
//!
//! An adapter runs it with [`directory_conformance_tests!`](crate::directory_conformance_tests).

// Every expectation names its rule by the function it stands in.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)]

use crate::{Directory, DirectoryStats, Heard, LogReader, News};
use futures_util::FutureExt;
use lamplight_core::{Connect, EndCause, LinkEnd, Presence, Transition, UserFacts};
use lamplight_model::{
    AppId, AppSettings, ConnectionId, CustomStatus, DeviceId, Moment, Now, Platform, StatusType, Timestamp,
    User, UserId, Version,
};
use std::sync::Arc;
use std::time::Duration;

/// Makes one `#[tokio::test]` of each rule. `make` is an `async fn() -> (Arc<dyn Directory>, Keep)`; what it keeps
/// lives as long as the test.
#[macro_export]
macro_rules! directory_conformance_tests {
    ($make:path) => {
        $crate::directory_conformance_tests! { @each $make:
            an_absent_record_is_neither_updated_nor_logged
            a_seed_is_taken_only_where_there_is_no_record
            a_visible_change_is_logged_with_the_status_it_led_to
            an_invisible_change_is_not_logged
            changes_of_a_user_are_logged_in_order
            ended_connections_and_lists_are_logged
            every_reader_hears_everything_from_its_start_on
            updates_of_many_at_once_lose_nothing
            records_are_read_in_the_order_asked
            a_record_is_due_at_its_deadline_and_not_before
            a_removed_record_is_absent
            what_is_published_is_heard
            the_feed_has_each_user_once_at_the_last_visible_change
            the_feed_has_the_users_of_one_app
            who_waits_on_the_feed_is_woken_by_a_visible_change_and_finds_it
            a_removed_record_leaves_the_feed_and_who_may_have_missed_it_begins_again
            what_there_is_is_counted
        }
    };
    (@each $make:path: $($rule:ident)*) => {
        $(#[tokio::test]
        async fn $rule() {
            let (directory, _keep) = $make().await;
            $crate::conformance::$rule(directory).await;
        })*
    };
}

/// Nothing is called, nothing is told.
pub async fn an_absent_record_is_neither_updated_nor_logged(directory: Arc<dyn Directory>) {
    let mut log = directory.log();
    let never = |_: &mut Presence| -> Transition<()> { panic!("there is no record") };
    assert_eq!(directory.update(&user("a"), now(0), never).await.unwrap(), None);
    assert_eq!(heard(&mut log), []);
}

/// The second one changes nothing.
pub async fn a_seed_is_taken_only_where_there_is_no_record(directory: Arc<dyn Directory>) {
    directory.seed(&user("a"), blank(Version(5)), now(0)).await.unwrap();
    directory.seed(&user("a"), blank(Version(9)), now(0)).await.unwrap();
    let versions = directory.read(&[user("a")], |_, presence| presence.map(Presence::version)).await;
    assert_eq!(versions.unwrap(), [Some(Version(5))]);
}

/// In the same step.
pub async fn a_visible_change_is_logged_with_the_status_it_led_to(directory: Arc<dyn Directory>) {
    let mut log = directory.log();
    seed(&directory, "a").await;
    connect(&directory, "a", "phone", 1, now(1_000)).await;
    let heard = heard(&mut log);
    let [News::Status(status)] = &heard[..] else { panic!("{heard:?}") };
    let show = |user: &User, presence: Option<&Presence>| presence.unwrap().status(&user.id);
    assert_eq!(directory.read(&[user("a")], show).await.unwrap(), std::slice::from_ref(status));
    assert_eq!(status.status_type, StatusType::Online);
}

/// A further device is nobody's business.
pub async fn an_invisible_change_is_not_logged(directory: Arc<dyn Directory>) {
    seed(&directory, "a").await;
    connect(&directory, "a", "phone", 1, now(1)).await;
    let mut log = directory.log();
    connect(&directory, "a", "tablet", 2, now(2)).await;
    assert_eq!(heard(&mut log), []);
}

/// The versions rise.
pub async fn changes_of_a_user_are_logged_in_order(directory: Arc<dyn Directory>) {
    seed(&directory, "a").await;
    connect(&directory, "a", "phone", 1, now(1)).await;
    let mut log = directory.log();
    for n in 0..100 {
        set_custom(&directory, "a", &n.to_string(), now(1)).await;
    }
    let texts: Vec<String> = statuses(&mut log).into_iter().map(|(_, custom)| custom).collect();
    assert_eq!(texts, (0..100).map(|n| n.to_string()).collect::<Vec<_>>());
}

/// Whoever has the connection must hear that it has ended; whoever has one of the user, what became of the list.
pub async fn ended_connections_and_lists_are_logged(directory: Arc<dyn Directory>) {
    seed(&directory, "a").await;
    connect(&directory, "a", "phone", 1, now(1)).await;
    let mut log = directory.log();
    connect(&directory, "a", "phone", 2, now(2)).await;
    let settings = AppSettings::default();
    let friends = [id("b")];
    directory
        .update(&user("a"), now(3), |presence| presence.subscribe(&friends, &settings, now(3).moment))
        .await
        .unwrap();
    directory.update(&user("a"), now(4), |presence| presence.unsubscribe(None)).await.unwrap();
    let ended = lamplight_core::Ended { connection: ConnectionId(1), cause: EndCause::Superseded };
    let list = |subscribed: &[UserId], unsubscribed: &[UserId]| News::Subscriptions {
        subscribed: subscribed.to_vec(),
        unsubscribed: unsubscribed.to_vec(),
    };
    assert_eq!(heard(&mut log), [News::Ended(ended), list(&friends, &[]), list(&[], &friends)]);
}

/// And nothing from before.
pub async fn every_reader_hears_everything_from_its_start_on(directory: Arc<dyn Directory>) {
    seed(&directory, "a").await;
    let mut early = directory.log();
    connect(&directory, "a", "phone", 1, now(1)).await;
    let mut late = directory.log();
    set_custom(&directory, "a", "x", now(2)).await;
    late.ready().await;
    assert_eq!(heard(&mut early).len(), 2);
    assert_eq!(heard(&mut late).len(), 1);
}

/// Whatever runs beside it, each change starts from the one before.
pub async fn updates_of_many_at_once_lose_nothing(directory: Arc<dyn Directory>) {
    seed(&directory, "a").await;
    connect(&directory, "a", "phone", 1, now(1)).await;
    let mut log = directory.log();
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let directory = Arc::clone(&directory);
            tokio::spawn(async move {
                for n in 0..50 {
                    set_custom(&directory, "a", &format!("{task} {n}"), now(1)).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let told = statuses(&mut log);
    assert_eq!(told.len(), 400);
    assert!(told.is_sorted_by(|one, next| one.0 < next.0), "versions rise in the order of the log");
}

/// With holes where there is no record.
pub async fn records_are_read_in_the_order_asked(directory: Arc<dyn Directory>) {
    seed(&directory, "a").await;
    seed(&directory, "c").await;
    let asked = [user("c"), user("b"), user("a")];
    let found = directory.read(&asked, |user, presence| (user.id.clone(), presence.is_some())).await.unwrap();
    assert_eq!(found, [(id("c"), true), (id("b"), false), (id("a"), true)]);
}

/// And no longer once it has been dealt with.
pub async fn a_record_is_due_at_its_deadline_and_not_before(directory: Arc<dyn Directory>) {
    let settings = AppSettings::default();
    seed(&directory, "a").await;
    connect(&directory, "a", "phone", 1, now(1_000)).await;
    directory
        .update(&user("a"), now(2_000), |presence| {
            presence.disconnect(ConnectionId(1), LinkEnd::Closed, now(2_000).wall, &settings, now(2_000))
        })
        .await
        .unwrap();
    let lapse = Moment(2_000) + settings.timing.login_retention();
    let before = Moment(lapse.0 - 1);
    assert_eq!(directory.due(before, 10).await.unwrap(), []);
    assert_eq!(directory.due(lapse, 10).await.unwrap(), [user("a")]);
    let later = now(2_000).after(settings.timing.login_retention());
    directory.update(&user("a"), later, |presence| presence.expire(&settings, later)).await.unwrap();
    assert_eq!(directory.due(lapse + Duration::from_secs(1), 10).await.unwrap(), []);
}

/// It can be seeded anew.
pub async fn a_removed_record_is_absent(directory: Arc<dyn Directory>) {
    seed(&directory, "a").await;
    directory.remove(&user("a"), now(1)).await.unwrap();
    directory.remove(&user("a"), now(1)).await.unwrap();
    assert_eq!(directory.read(&[user("a")], |_, presence| presence.is_some()).await.unwrap(), [false]);
    seed(&directory, "a").await;
    assert_eq!(directory.read(&[user("a")], |_, presence| presence.is_some()).await.unwrap(), [true]);
}

/// What is no change of a record travels by the same log.
pub async fn what_is_published_is_heard(directory: Arc<dyn Directory>) {
    let mut log = directory.log();
    let news = News::Friend { friend: id("b"), mutual: true };
    directory.publish(&user("a"), news.clone());
    log.ready().await;
    assert_eq!(heard(&mut log), [news]);
}

/// Records, users online, devices by platform.
pub async fn what_there_is_is_counted(directory: Arc<dyn Directory>) {
    seed(&directory, "a").await;
    seed(&directory, "b").await;
    connect(&directory, "a", "phone", 1, now(1)).await;
    let mut devices = [0; Platform::ALL.len()];
    devices[Platform::IPhone as usize - 1] = 1;
    let expected = DirectoryStats { records: 2, online: 1, devices, journal_errors: 0 };
    assert_eq!(directory.stats(), expected);
    directory.remove(&user("a"), now(2)).await.unwrap();
    assert_eq!(directory.stats(), DirectoryStats { records: 1, ..DirectoryStats::default() });
}

// What the rules are written with

/// A page says who changed, and its place is where the next one goes on.
pub async fn the_feed_has_each_user_once_at_the_last_visible_change(directory: Arc<dyn Directory>) {
    for name in ["a", "b", "c"] {
        seed(&directory, name).await;
    }
    let snapshot = directory.feed(AppId(1), None, 100).await.unwrap();
    assert_eq!(snapshot.users, [user("a"), user("b"), user("c")]);
    assert!(snapshot.reset && snapshot.finished);

    connect(&directory, "b", "phone", 1, now(1)).await;
    connect(&directory, "a", "phone", 2, now(2)).await;
    connect(&directory, "b", "tablet", 3, now(3)).await;
    let first = directory.feed(AppId(1), Some(snapshot.place), 1).await.unwrap();
    assert_eq!((first.users, first.reset, first.finished), (vec![user("b")], false, false));
    let second = directory.feed(AppId(1), Some(first.place), 1).await.unwrap();
    assert_eq!((second.users, second.reset, second.finished), (vec![user("a")], false, true));
    let end = directory.feed(AppId(1), Some(second.place), 1).await.unwrap();
    assert_eq!((end.users, end.reset, end.finished), (vec![], false, true));
}

/// And of no other.
pub async fn the_feed_has_the_users_of_one_app(directory: Arc<dyn Directory>) {
    seed(&directory, "a").await;
    let other = User::new(AppId(2), id("a"));
    directory.seed(&other, blank(Version(1)), now(0)).await.unwrap();
    assert_eq!(directory.feed(AppId(2), None, 9).await.unwrap().users, [other]);
    assert_eq!(directory.feed(AppId(3), None, 9).await.unwrap().users, []);
}

/// Polled before the page is read, so that nothing falls between.
pub async fn who_waits_on_the_feed_is_woken_by_a_visible_change_and_finds_it(directory: Arc<dyn Directory>) {
    seed(&directory, "a").await;
    let place = directory.feed(AppId(1), None, 9).await.unwrap().place;
    let mut moved = directory.feed_moved();
    assert!((&mut moved).now_or_never().is_none());
    connect(&directory, "a", "phone", 1, now(1)).await;
    assert!((&mut moved).now_or_never().is_some());
    assert_eq!(directory.feed(AppId(1), Some(place), 9).await.unwrap().users, [user("a")]);
    let mut moved = directory.feed_moved();
    assert!((&mut moved).now_or_never().is_none());
    connect(&directory, "a", "tablet", 2, now(2)).await;
    assert!(moved.now_or_never().is_none(), "a further device is no change");
}

/// Whoever has read up to the removed record has missed nothing.
pub async fn a_removed_record_leaves_the_feed_and_who_may_have_missed_it_begins_again(
    directory: Arc<dyn Directory>,
) {
    let start = directory.feed(AppId(1), None, 9).await.unwrap().place;
    seed(&directory, "a").await;
    let after = directory.feed(AppId(1), None, 9).await.unwrap().place;
    seed(&directory, "b").await;
    directory.remove(&user("a"), now(1)).await.unwrap();
    let missed = directory.feed(AppId(1), Some(start), 9).await.unwrap();
    assert_eq!((missed.users, missed.reset), (vec![user("b")], true));
    let followed = directory.feed(AppId(1), Some(after), 9).await.unwrap();
    assert_eq!((followed.users, followed.reset), (vec![user("b")], false));
}

fn id(text: &str) -> UserId {
    UserId::new(text).unwrap()
}

fn user(text: &str) -> User {
    User::new(AppId(1), id(text))
}

fn now(millis: u64) -> Now {
    Now { moment: Moment(millis), wall: Timestamp(1_700_000_000_000 + millis) }
}

fn blank(version: Version) -> Presence {
    let settings = AppSettings::default();
    Presence::from_facts(UserFacts::default(), version, Timestamp(0), false, &settings, Moment(0))
}

async fn seed(directory: &Arc<dyn Directory>, name: &str) {
    directory.seed(&user(name), blank(Version(1)), now(0)).await.unwrap();
}

async fn connect(directory: &Arc<dyn Directory>, name: &str, device: &str, connection: u64, now: Now) {
    let (device, settings) = (DeviceId::new(device).unwrap(), AppSettings::default());
    let platform = if device.as_str() == "tablet" { Platform::IPad } else { Platform::IPhone };
    let (login, issued) = (connection, now.wall.as_secs());
    let connection = ConnectionId(connection);
    let connect = Connect { device: &device, platform, login, issued, connection, address: None };
    let done =
        directory.update(&user(name), now, |presence| presence.connect(&connect, &settings, now)).await;
    assert!(done.unwrap().is_some());
}

async fn set_custom(directory: &Arc<dyn Directory>, name: &str, text: &str, now: Now) {
    let (custom, settings) = (CustomStatus::new(text, 100).unwrap(), AppSettings::default());
    let done = directory
        .update(&user(name), now, |presence| presence.set_custom_status(custom.clone(), None, &settings, now))
        .await;
    assert_eq!(done.unwrap(), Some(Ok(())));
}

fn heard(log: &mut LogReader) -> Vec<News> {
    let mut entries = Vec::new();
    assert_eq!(log.take(&mut entries), Heard::All);
    entries.iter().map(|entry| entry.news.clone()).collect()
}

fn statuses(log: &mut LogReader) -> Vec<(Version, String)> {
    let status = |news: News| match news {
        News::Status(status) => Some((status.version, status.custom_status.as_str().to_owned())),
        News::Ended(_)
        | News::Subscriptions { .. }
        | News::Friend { .. }
        | News::Lists(_)
        | News::ListsUnknown
        | News::FriendProfile(_)
        | News::App(_)
        | News::Events => None,
    };
    heard(log).into_iter().filter_map(status).collect()
}
