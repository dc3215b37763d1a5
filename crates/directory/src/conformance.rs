//! The conformance suite, which tests the contract that every adapter of [`Directory`] and [`ChangeLog`] must fulfil.
//!
//! An adapter runs it with [`directory_conformance_tests!`](crate::directory_conformance_tests).

// The name of each function is the rule, so an expectation needs no message.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)]

mod duties;
mod limits;
mod nodes;
mod restrictions;

pub use duties::*;
pub use limits::*;
pub use nodes::*;
pub use restrictions::*;

use crate::{
    ChangeLog, Directory, DirectoryErrorKind, DirectoryStats, Heard, LogEntry, LogReader, Logged, News,
};
use lamplight_core::{Connect, EndCause, Presence, Transition, UserFacts};
use lamplight_model::{
    AppId, AppSettings, ConnectionId, CustomStatus, DeviceId, Moment, Now, Platform, StatusType, Timestamp,
    User, UserId, Version,
};
use std::sync::Arc;
use std::time::Duration;

/// The longest time that an adapter may take to deliver an entry.
const PATIENCE: Duration = Duration::from_secs(5);

/// The two ports of an adapter.
#[derive(Clone)]
pub struct Ports {
    /// The directory.
    pub directory: Arc<dyn Directory>,
    /// The change log.
    pub log: Arc<dyn ChangeLog>,
}

impl Ports {
    /// Creates the pair from an adapter that implements both ports.
    pub fn of<T: Directory + ChangeLog + 'static>(adapter: Arc<T>) -> Self {
        Self { directory: Arc::clone(&adapter) as Arc<dyn Directory>, log: adapter }
    }
}

/// Defines a `#[tokio::test]` for each rule. `make` is an `async fn() -> (Ports, Keep)`. The `Keep` value is dropped
/// when the test ends.
#[macro_export]
macro_rules! directory_conformance_tests {
    ($make:path) => {
        $crate::directory_conformance_tests! { @each $make:
            an_absent_record_is_neither_updated_nor_logged
            a_seed_is_taken_only_where_there_is_no_record
            a_seed_from_facts_that_were_read_in_another_epoch_is_refused
            a_visible_change_is_logged_with_the_status_it_led_to
            an_invisible_change_is_not_logged
            changes_of_a_user_are_logged_in_order
            ended_connections_and_lists_are_logged
            every_reader_hears_everything_from_its_start_on
            a_reader_with_an_interest_hears_the_changes_of_its_users
            updates_of_many_at_once_lose_nothing
            records_are_read_in_the_order_asked
            a_record_is_read_with_the_revision_that_the_log_tells
            a_record_is_due_at_its_deadline_and_not_before
            a_record_that_has_no_deadline_any_more_is_not_due
            a_user_is_due_in_its_own_partition_and_in_no_other
            who_has_session_events_is_listed_in_pages
            a_cursor_of_the_feed_is_kept_as_text
            the_connections_of_a_node_are_those_of_its_devices_now
            records_of_an_app_are_listed_in_pages
            a_removed_record_is_absent
            no_record_is_lost_while_the_epoch_stays
            what_is_appended_is_heard_in_its_order
            revisions_count_the_changes_that_were_kept
            a_change_hands_back_what_it_logged
            session_events_are_told_to_who_follows_them
            the_feed_has_each_user_once_at_the_last_visible_change
            the_feed_has_the_users_of_one_app
            who_waits_on_the_feed_is_woken_by_a_visible_change_and_finds_it
            a_removed_record_leaves_the_feed_and_who_may_have_missed_it_begins_again
            a_snapshot_of_the_feed_comes_to_its_end_after_a_removal
            what_there_is_is_counted
            restrictions_at_their_bounds_are_stored_and_logged
        }
    };
    (@each $make:path: $($rule:ident)*) => {
        $(#[tokio::test]
        async fn $rule() {
            let (ports, _keep) = $make().await;
            $crate::conformance::$rule(ports).await;
        })*
    };
}

/// Checks that a call about a user without a record does not call the closure and logs nothing.
pub async fn an_absent_record_is_neither_updated_nor_logged(ports: Ports) {
    let mut log = ports.follow();
    let never = |_: &mut Presence| -> Transition<()> { panic!("there is no record") };
    assert_eq!(ports.directory.update(&user("a"), now(0), never).await.unwrap(), None);
    assert_eq!(log.heard().await, []);
}

/// Checks that storing a record changes nothing if the user has a record already.
pub async fn a_seed_is_taken_only_where_there_is_no_record(ports: Ports) {
    ports.directory.seed(&user("a"), blank(Version(5)), now(0)).await.unwrap();
    ports.directory.seed(&user("a"), blank(Version(9)), now(0)).await.unwrap();
    let versions = ports.directory.read(&[user("a")], |_, presence| presence.map(Presence::version)).await;
    assert_eq!(versions.unwrap(), [Some(Version(5))]);
}

/// Checks that a record is not stored if it was made from facts that were read in another epoch.
pub async fn a_seed_from_facts_that_were_read_in_another_epoch_is_refused(ports: Ports) {
    let other = Timestamp(ports.directory.epoch().0 + 1);
    let refused = ports.directory.seed_read_in(&user("a"), blank(Version(5)), other, now(0)).await;
    assert_eq!(refused.unwrap_err().kind, DirectoryErrorKind::Contended);
    let there = async || ports.directory.read(&[user("a")], |_, presence| presence.is_some()).await.unwrap();
    assert_eq!(there().await, [false]);
    let present = ports.directory.epoch();
    ports.directory.seed_read_in(&user("a"), blank(Version(5)), present, now(0)).await.unwrap();
    assert_eq!(there().await, [true]);
}

/// Checks that the log contains the status after the change.
pub async fn a_visible_change_is_logged_with_the_status_it_led_to(ports: Ports) {
    let mut log = ports.follow();
    seed(&ports.directory, "a").await;
    connect(&ports.directory, "a", "phone", 1, now(1_000)).await;
    let heard = log.heard().await;
    let [News::Status(status)] = &heard[..] else { panic!("{heard:?}") };
    let show = |user: &User, presence: Option<&Presence>| presence.unwrap().status(&user.id);
    assert_eq!(ports.directory.read(&[user("a")], show).await.unwrap(), std::slice::from_ref(status));
    assert_eq!(status.status_type, StatusType::Online);
}

/// Checks that nothing is logged when a user connects a further device. Others do not see this change.
pub async fn an_invisible_change_is_not_logged(ports: Ports) {
    seed(&ports.directory, "a").await;
    connect(&ports.directory, "a", "phone", 1, now(1)).await;
    let mut log = ports.follow();
    connect(&ports.directory, "a", "tablet", 2, now(2)).await;
    assert_eq!(log.heard().await, []);
}

/// Checks that the versions of a user's changes increase in the log.
pub async fn changes_of_a_user_are_logged_in_order(ports: Ports) {
    seed(&ports.directory, "a").await;
    connect(&ports.directory, "a", "phone", 1, now(1)).await;
    let mut log = ports.follow();
    for n in 0..100 {
        set_custom(&ports.directory, "a", &n.to_string(), now(1)).await;
    }
    let texts: Vec<String> = log.statuses().await.into_iter().map(|(_, custom)| custom).collect();
    assert_eq!(texts, (0..100).map(|n| n.to_string()).collect::<Vec<_>>());
}

/// Checks that the log reports ended connections, and changes of the subscription list.
pub async fn ended_connections_and_lists_are_logged(ports: Ports) {
    seed(&ports.directory, "a").await;
    connect(&ports.directory, "a", "phone", 1, now(1)).await;
    let mut log = ports.follow();
    connect(&ports.directory, "a", "phone", 2, now(2)).await;
    let settings = AppSettings::default();
    let friends = [id("b")];
    ports
        .directory
        .update(&user("a"), now(3), |presence| presence.subscribe(&friends, &settings, now(3).moment))
        .await
        .unwrap();
    ports.directory.update(&user("a"), now(4), |presence| presence.unsubscribe(None)).await.unwrap();
    let ended = lamplight_core::Ended { connection: ConnectionId::alone(1), cause: EndCause::Superseded };
    let list = |subscribed: &[UserId], unsubscribed: &[UserId]| News::Subscriptions {
        subscribed: subscribed.to_vec(),
        unsubscribed: unsubscribed.to_vec(),
    };
    assert_eq!(log.heard().await, [News::Ended(ended), list(&friends, &[]), list(&[], &friends)]);
}

/// Checks that a reader gets all entries from its start on, and no earlier entries.
pub async fn every_reader_hears_everything_from_its_start_on(ports: Ports) {
    seed(&ports.directory, "a").await;
    let mut early = ports.follow();
    connect(&ports.directory, "a", "phone", 1, now(1)).await;
    let mut late = ports.follow();
    set_custom(&ports.directory, "a", "x", now(2)).await;
    late.log.ready().await;
    assert_eq!(early.heard().await.len(), 2);
    assert_eq!(late.heard().await.len(), 1);
}

/// Checks that a reader of [`ChangeLog::follow_interest`] gets the entries about the users in its interest, and the
/// news of apps.
pub async fn a_reader_with_an_interest_hears_the_changes_of_its_users(ports: Ports) {
    let mut log = Ear { log: ports.log.follow_interest(), ..ports.follow() };
    for name in ["a", "b"] {
        seed(&ports.directory, name).await;
        connect(&ports.directory, name, "phone", 1, now(1)).await;
    }
    log.statuses().await;
    let has_interest = log.log.interest().map(|interest| interest.add(&user("a"))).is_some();
    for text in ["x", "y"] {
        set_custom(&ports.directory, "b", text, now(2)).await;
        set_custom(&ports.directory, "a", text, now(2)).await;
    }
    ports.log.append(vec![LogEntry::news(user("b"), News::App(AppId(7)))]).await.unwrap();
    let heard = log.entries().await;
    let texts_of = |name: &str| -> Vec<String> {
        let mut texts = Vec::new();
        for entry in heard.iter().filter(|entry| entry.user == user(name)) {
            if let News::Status(status) = &entry.news {
                texts.push(status.custom_status.as_str().to_owned());
            }
        }
        texts
    };
    assert_eq!(texts_of("a"), ["x", "y"]);
    assert_eq!(texts_of("b").len(), if has_interest { 0 } else { 2 });
    assert!(heard.iter().any(|entry| entry.news == News::App(AppId(7))));
}

/// Checks that each change begins with the result of the previous change, even if many changes are made concurrently.
pub async fn updates_of_many_at_once_lose_nothing(ports: Ports) {
    seed(&ports.directory, "a").await;
    connect(&ports.directory, "a", "phone", 1, now(1)).await;
    let mut log = ports.follow();
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let directory = Arc::clone(&ports.directory);
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
    let told = log.statuses().await;
    assert_eq!(told.len(), 400);
    assert!(told.is_sorted_by(|one, next| one.0 < next.0), "versions rise in the order of the log");
}

/// Checks that records are returned in the order of the given users. A user without a record is returned as `None`.
pub async fn records_are_read_in_the_order_asked(ports: Ports) {
    seed(&ports.directory, "a").await;
    seed(&ports.directory, "c").await;
    let asked = [user("c"), user("b"), user("a")];
    let found =
        ports.directory.read(&asked, |user, presence| (user.id.clone(), presence.is_some())).await.unwrap();
    assert_eq!(found, [(id("c"), true), (id("b"), false), (id("a"), true)]);
}

/// Checks that a read returns the revision of a record. The revision shows which log entries the record already
/// contains.
pub async fn a_record_is_read_with_the_revision_that_the_log_tells(ports: Ports) {
    seed(&ports.directory, "a").await;
    let one = [user("a"), user("b")];
    let read = async || {
        let revs =
            ports.directory.read_revisions(&one, |_, record| record.map(|(_, rev)| rev)).await.unwrap();
        assert_eq!(revs[1], None);
        revs[0].unwrap()
    };
    let before = read().await;
    let rev = connect(&ports.directory, "a", "phone", 1, now(1)).await.rev;
    assert!(before < rev, "{before} and then {rev}");
    assert_eq!(read().await, rev);
    assert_eq!(set_custom(&ports.directory, "a", "", now(2)).await.rev, read().await);
    assert_eq!(set_custom(&ports.directory, "a", "x", now(2)).await.rev, read().await);
}

/// Checks that another record can be stored after a record was removed.
pub async fn a_removed_record_is_absent(ports: Ports) {
    seed(&ports.directory, "a").await;
    ports.directory.remove(&user("a"), now(1)).await.unwrap();
    ports.directory.remove(&user("a"), now(1)).await.unwrap();
    assert_eq!(ports.directory.read(&[user("a")], |_, presence| presence.is_some()).await.unwrap(), [false]);
    seed(&ports.directory, "a").await;
    assert_eq!(ports.directory.read(&[user("a")], |_, presence| presence.is_some()).await.unwrap(), [true]);
}

/// Checks that no record is lost while the epoch stays the same. The server relies on this when it computes the status
/// of a user without a record.
pub async fn no_record_is_lost_while_the_epoch_stays(ports: Ports) {
    let epoch = ports.directory.epoch();
    let names: Vec<String> = (0..1_000).map(|n| format!("user {n}")).collect();
    for name in &names {
        seed(&ports.directory, name).await;
    }
    ports.directory.remove(&user("user 7"), now(1)).await.unwrap();
    let users: Vec<User> = names.iter().map(|name| user(name)).collect();
    let there = ports.directory.read(&users, |_, presence| presence.is_some()).await.unwrap();
    if ports.directory.epoch() == epoch {
        let absent: Vec<usize> = (0..there.len()).filter(|index| !there[*index]).collect();
        assert_eq!(absent, [7]);
    }
}

/// Checks that appended entries are delivered in their order. Such entries are about changes outside of records.
pub async fn what_is_appended_is_heard_in_its_order(ports: Ports) {
    let mut log = ports.follow();
    let news = [News::Friend { friend: id("b"), mutual: true }, News::ListsUnknown, News::App(AppId(1))];
    let entries = news.iter().map(|news| LogEntry::news(user("a"), news.clone()));
    ports.log.append(entries.collect()).await.unwrap();
    log.log.ready().await;
    assert_eq!(log.heard().await, news);
}

/// Checks that each stored change increments the revision by one, and that a call without a change does not. A record
/// that is created again after its removal continues with higher revisions. A log entry contains the revision of its
/// change.
pub async fn revisions_count_the_changes_that_were_kept(ports: Ports) {
    let mut log = ports.follow();
    seed(&ports.directory, "a").await;
    let first = connect(&ports.directory, "a", "phone", 1, now(1)).await.rev;
    let mut revs = Vec::new();
    for text in ["x", "x", "y"] {
        revs.push(set_custom(&ports.directory, "a", text, now(2)).await.rev);
    }
    assert_eq!(revs, [first + 1, first + 1, first + 2]);
    let told: Vec<u64> = log.entries().await.iter().map(|entry| entry.rev).collect();
    assert_eq!(told, [first, first + 1, first + 2]);
    ports.directory.remove(&user("a"), now(3)).await.unwrap();
    seed(&ports.directory, "a").await;
    let again = connect(&ports.directory, "a", "phone", 1, now(4)).await.rev;
    assert!(again > first + 2, "{again}");
}

/// Checks that the caller of a change gets its log entries without waiting for the log.
pub async fn a_change_hands_back_what_it_logged(ports: Ports) {
    let mut log = ports.follow();
    seed(&ports.directory, "a").await;
    let mut logged = connect(&ports.directory, "a", "phone", 1, now(1)).await.entries.to_vec();
    logged.extend(connect(&ports.directory, "a", "phone", 2, now(2)).await.entries);
    logged.extend(set_custom(&ports.directory, "a", "x", now(3)).await.entries);
    let seen = |entry: &Arc<LogEntry>| (entry.user.clone(), entry.rev, entry.news.clone());
    assert_eq!(logged.len(), 3);
    let heard = log.entries().await;
    assert_eq!(heard.iter().map(seen).collect::<Vec<_>>(), logged.iter().map(seen).collect::<Vec<_>>());
    let absent = ports.directory.update_logged(&user("b"), now(4), |_| Transition::quiet(())).await.unwrap();
    assert_eq!(absent, None);
}

/// Checks that a reader of session events gets no other entries, and that other readers get no session events.
pub async fn session_events_are_told_to_who_follows_them(ports: Ports) {
    let (mut log, mut events) = (ports.follow(), ports.log.follow_events());
    seed(&ports.directory, "a").await;
    let mut settings = AppSettings::default();
    settings.webhooks.state_change_url = "https://receiver".to_owned();
    let device = DeviceId::new("phone").unwrap();
    let (platform, connection) = (Platform::IPhone, ConnectionId::alone(1));
    let connect =
        Connect { device: &device, platform, login: 1, born: 0, issued: 1, connection, address: None };
    let act = |presence: &mut Presence| presence.connect(&connect, &settings, now(1));
    ports.directory.update(&user("a"), now(1), act).await.unwrap();
    events.ready().await;
    let mut entries = Vec::new();
    assert_eq!(events.take(&mut entries), Heard::All);
    let told: Vec<_> = entries.iter().map(|entry| (&entry.user, &entry.news)).collect();
    assert_eq!(told, [(&user("a"), &News::Events)]);
    let heard = log.heard().await;
    assert!(matches!(&heard[..], [News::Status(_)]), "{heard:?}");
}

/// Checks the counts of records, users who are ONLINE, and devices by platform. An adapter may need some time to count.
pub async fn what_there_is_is_counted(ports: Ports) {
    seed(&ports.directory, "a").await;
    seed(&ports.directory, "b").await;
    connect(&ports.directory, "a", "phone", 1, now(1)).await;
    let mut devices = [0; Platform::ALL.len()];
    devices[Platform::IPhone as usize - 1] = 1;
    let expected = DirectoryStats { records: 2, online: 1, devices, ..DirectoryStats::default() };
    counts(&ports, &expected).await;
    ports.directory.remove(&user("a"), now(2)).await.unwrap();
    counts(&ports, &DirectoryStats { records: 1, ..DirectoryStats::default() }).await;
}

// Helpers of the rules

async fn counts(ports: &Ports, expected: &DirectoryStats) {
    let counted = async {
        while ports.directory.stats() != *expected {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, counted).await;
    assert!(in_time.is_ok(), "{:?} and not {expected:?}", ports.directory.stats());
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

async fn connect(
    directory: &Arc<dyn Directory>,
    name: &str,
    device: &str,
    connection: u64,
    now: Now,
) -> Logged {
    let (device, settings) = (DeviceId::new(device).unwrap(), AppSettings::default());
    let platform = if device.as_str() == "tablet" { Platform::IPad } else { Platform::IPhone };
    let (login, issued) = (connection, now.wall.as_secs());
    let connection = ConnectionId::alone(connection);
    let connect = Connect { device: &device, platform, login, born: 0, issued, connection, address: None };
    let done = directory
        .update_logged(&user(name), now, |presence| presence.connect(&connect, &settings, now))
        .await;
    done.unwrap().unwrap().1
}

async fn set_custom(directory: &Arc<dyn Directory>, name: &str, text: &str, now: Now) -> Logged {
    let (custom, settings) = (CustomStatus::new(text, 100).unwrap(), AppSettings::default());
    let done = directory
        .update_logged(&user(name), now, |presence| {
            presence.set_custom_status(custom.clone(), None, &settings, now)
        })
        .await;
    let (outcome, logged) = done.unwrap().unwrap();
    assert_eq!(outcome, Ok(()));
    logged
}

/// A reader of the log.
///
/// An adapter may deliver entries late. To get all entries, the reader appends an entry of its own, and reads until it
/// gets that entry. Only entries about one user have an order, so the appended entry is about user `a`, like the tested
/// entries.
struct Ear {
    log: LogReader,
    ports: Ports,
    marks: u32,
}

impl Ports {
    fn follow(&self) -> Ear {
        Ear { log: self.log.follow(), ports: self.clone(), marks: 0 }
    }
}

impl Ear {
    async fn entries(&mut self) -> Vec<Arc<LogEntry>> {
        self.marks += 1;
        let mark = News::App(AppId(u32::MAX - self.marks));
        self.ports.log.append(vec![LogEntry::news(user("a"), mark.clone())]).await.unwrap();
        let mut entries = Vec::new();
        while entries.last().is_none_or(|last: &Arc<LogEntry>| last.news != mark) {
            let ready = tokio::time::timeout(PATIENCE, self.log.ready());
            ready.await.expect("what was appended comes");
            assert_eq!(self.log.take(&mut entries), Heard::All);
        }
        entries.retain(|entry| !matches!(entry.news, News::App(AppId(mark)) if mark > u32::MAX - 1_000));
        entries
    }

    async fn heard(&mut self) -> Vec<News> {
        self.entries().await.iter().map(|entry| entry.news.clone()).collect()
    }

    async fn statuses(&mut self) -> Vec<(Version, String)> {
        let status = |news: News| {
            let (status, _) = news.status()?;
            Some((status.version, status.custom_status.as_str().to_owned()))
        };
        self.heard().await.into_iter().filter_map(status).collect()
    }
}
