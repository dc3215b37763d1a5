//! The start of a node: live records that differ from the facts are made consistent with them.

#![allow(clippy::unwrap_used, missing_docs)]

mod world;

use futures_util::future::join_all;
use lamplight_core::Presence;
use lamplight_directory::{Directory, InProcessDirectory};
use lamplight_facts::{EndedLogin, Facts, LoginRecorded, NewLogin, Revoked};
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{
    App, AppId, AppSettings, DeviceId, Moment, Now, Platform, Timestamp, User, UserId, Visibility,
};
use lamplight_service::{By, Service, ThrottleLimits};
use std::sync::Arc;
use std::time::Duration;
use world::{World, ids, user};

/// Starts another service with the facts and the live records of the world, as after a `kill -9`.
async fn start_again(world: &World) {
    let (facts, records) = (Arc::clone(&world.facts), &world.directory);
    let directory = Arc::<InProcessDirectory>::clone(records);
    let log = Arc::<InProcessDirectory>::clone(records);
    let service = Service::new(facts, directory, log, ThrottleLimits::default());
    service.recover(records.users(), records.epoch(), world.now).await.unwrap();
}

/// The live record of a user as a text, and its revision; `None` without a record.
async fn record(directory: &dyn Directory, of: &User) -> Option<(String, u64)> {
    let show = |presence: &Presence| {
        let devices: Vec<String> =
            presence.devices().iter().map(|it| format!(" {} {}", it.id, it.platform)).collect();
        let may_see = |who: &UserId| presence.restrictions().is_none_or(|it| it.may_see(who));
        let hidden: Vec<String> = ids(&["bob"])
            .iter()
            .filter(|who| !may_see(who))
            .map(|who| format!(", hidden from {who}"))
            .collect();
        let revoked = if presence.sigs().has_revoked(1_699_999_999) { ", revoked" } else { "" };
        let lists: Vec<String> =
            presence.subscriptions().iter().map(|it| format!(", watches {it}")).collect();
        let deleted = if presence.is_deleted() { ", deleted" } else { "" };
        let status = presence.status(&of.id);
        let (devices, hidden, lists) = (devices.concat(), hidden.concat(), lists.concat());
        format!("{} {}{devices}{revoked}{hidden}{lists}{deleted}", status.status_type, status.reason)
    };
    let show_with_rev =
        |_: &User, found: Option<(&Presence, u64)>| found.map(|(presence, rev)| (show(presence), rev));
    directory.read_revisions(std::slice::from_ref(of), show_with_rev).await.unwrap().remove(0)
}

fn login(of: &User, device: &str, platform: Platform, at: Timestamp) -> NewLogin {
    let (user, device) = (of.clone(), DeviceId::new(device).unwrap());
    NewLogin { user, device, platform, at, issued: at.as_secs(), durable: true, resume: false }
}

/// Creates a world in which Ann is connected with her phone, Cat watches Ann, and Dan has an account only. `change`
/// changes facts without the live records. Checks Ann's, Cat's and Dan's record after the next start.
async fn check(name: &str, change: impl AsyncFnOnce(&World), expected: [&str; 3]) {
    let mut world = World::of(&["ann", "bob", "cat", "dan"]).await;
    world.log_in("ann").await;
    world.advance(Duration::from_millis(1));
    world.log_in("cat").await;
    world.service.subscribe_for(&user("cat"), &["ann"], world.now).await.unwrap();
    change(&world).await;
    world.advance(Duration::from_secs(5));
    let directory: &dyn Directory = &*world.directory;
    let before = record(directory, &user("ann")).await.unwrap();
    start_again(&world).await;
    let mut found = Vec::new();
    for name in ["ann", "cat", "dan"] {
        found.push(record(directory, &user(name)).await.map_or("-".to_owned(), |(shown, _)| shown));
    }
    assert_eq!(found, expected, "{name}");
    let is_changed = record(directory, &user("ann")).await.is_none_or(|(_, rev)| rev != before.1);
    assert_eq!(is_changed, before.0 != expected[0], "{name}: whether the record is written");
    // The next start finds nothing to do.
    let revisions = async || {
        let users = world.directory.users();
        directory.read_revisions(&users, |user, found| (user.clone(), found.map(|it| it.1))).await.unwrap()
    };
    let all = revisions().await;
    start_again(&world).await;
    assert_eq!(revisions().await, all, "{name}: at the next start");
}

const ANN: &str = "ONLINE login phone iPhone";
const CAT: &str = "ONLINE login phone iPhone, watches ann";

#[tokio::test]
async fn each_difference_from_the_facts_is_mended_at_the_start() {
    let ann = || user("ann");
    check("no difference", async |_| {}, [ANN, CAT, "-"]).await;
    let kick = async |world: &World| {
        let revoked = Revoked::new(Timestamp(1_700_000_000_000), []);
        world.facts.kick(ann(), revoked).await.unwrap().unwrap();
    };
    check("a kick", kick, ["UNLOGINED kicked, revoked", CAT, "-"]).await;
    let revoke = async |world: &World| {
        let revoked = Revoked::new(Timestamp(1_700_000_000_000), []);
        world.facts.revoke_sigs(ann(), revoked).await.unwrap();
    };
    check("a revocation", revoke, ["ONLINE login phone iPhone, revoked", CAT, "-"]).await;
    let end = async |world: &World| {
        let ended = world.facts.logins(ann()).await.unwrap();
        let ended =
            ended.into_iter().map(|it| EndedLogin { device: it.device, login: it.number, mark: None });
        world.facts.end_logins(ann(), ended.collect()).await.unwrap();
    };
    check("the end of a login", end, ["UNLOGINED logout", CAT, "-"]).await;
    let log_in = async |world: &World| {
        let new = login(&ann(), "mac", Platform::Mac, world.now.wall);
        assert!(matches!(world.facts.record_login(new).await.unwrap(), LoginRecorded::Recorded { .. }));
    };
    check("a login of another device", log_in, ["ONLINE login phone iPhone mac Mac", CAT, "-"]).await;
    let log_in = async |world: &World| {
        let new = login(&ann(), "phone", Platform::Android, world.now.wall);
        assert!(matches!(world.facts.record_login(new).await.unwrap(), LoginRecorded::Recorded { .. }));
    };
    check("another login of the device", log_in, ["ONLINE login phone Android", CAT, "-"]).await;
    let log_in = async |world: &World| {
        let new = login(&user("dan"), "mac", Platform::Mac, world.now.wall);
        assert!(matches!(world.facts.record_login(new).await.unwrap(), LoginRecorded::Recorded { .. }));
    };
    check("a login of a user without a record", log_in, [ANN, CAT, "OFFLINE none mac Mac"]).await;
    let delete = async |world: &World| {
        let revoked = Revoked::new(Timestamp(1_700_000_000_000), []);
        world.facts.delete_account(ann(), revoked).await.unwrap().unwrap();
    };
    let cat = "ONLINE login phone iPhone";
    check("a deleted account", delete, ["UNLOGINED deleted, revoked, deleted", cat, "-"]).await;
    let create_again = async |world: &World| {
        delete(world).await;
        assert!(world.facts.create_account(ann(), world.now.wall).await.unwrap().made);
    };
    check("an account that exists again", create_again, ["UNLOGINED kicked, revoked", CAT, "-"]).await;
    let hide = async |world: &World| {
        world.facts.set_visibility(ann(), Visibility::Nobody).await.unwrap().unwrap();
    };
    check("a visibility", hide, ["ONLINE login phone iPhone, hidden from bob", CAT, "-"]).await;
    let show = async |world: &World| {
        world.service.set_visibility(&ann(), Visibility::Nobody, By::App, world.now).await.unwrap();
        world.facts.set_visibility(ann(), Visibility::Everyone).await.unwrap().unwrap();
    };
    check("a former visibility", show, [ANN, CAT, "-"]).await;
    let delete_app = async |world: &World| {
        let other = App { id: AppId(2), ..world.app.clone() };
        world.service.put_app(other).await.unwrap();
        world.facts.begin_app_deletion(AppId(1)).await.unwrap();
    };
    check("a deleted app", delete_app, ["-", "-", "-"]).await;
}

const NOW: Now = Now { moment: Moment(1_000), wall: Timestamp(1_700_000_000_000) };
const USERS: usize = 2_100;

/// The facts are read in pages of 2,000 accounts and of 2,000 logins.
#[tokio::test]
async fn a_start_reads_the_logins_of_all_users_whatever_their_number() {
    let folder = tempfile::tempdir().unwrap();
    let facts = Arc::new(SqliteFacts::open(&folder.path().join("facts.db")).unwrap());
    let settings = AppSettings::default();
    let of = |app: u32, n: usize| User::new(AppId(app), UserId::new(&format!("user {n}")).unwrap());
    for app in [1, 2] {
        let (id, settings) = (AppId(app), settings.clone());
        facts.put_app(App { id, keys: Vec::new(), admins: Vec::new(), settings }).await.unwrap();
        // Each user has an account; every second user has one login, and every third has one more.
        let users = 0..USERS;
        let numbers = |step| users.clone().filter(move |n| n.is_multiple_of(step));
        join_all(users.clone().map(|n| facts.create_account(of(app, n), NOW.wall))).await;
        for (step, device, platform) in [(2, "phone", Platform::IPhone), (3, "mac", Platform::Mac)] {
            let logins =
                numbers(step).map(|n| facts.record_login(login(&of(app, n), device, platform, NOW.wall)));
            let recorded = join_all(logins).await;
            assert!(recorded.iter().all(|it| matches!(it, Ok(LoginRecorded::Recorded { .. }))));
        }
    }
    let directory = Arc::new(InProcessDirectory::in_memory());
    let log = Arc::<InProcessDirectory>::clone(&directory);
    let records: Arc<dyn Directory> = Arc::<InProcessDirectory>::clone(&directory);
    let service = Service::new(facts, Arc::clone(&records), log, ThrottleLimits::default());
    let recovery = service.recover(Vec::new(), NOW.wall, NOW).await.unwrap();
    let with_login = (0..USERS).filter(|n| n % 2 == 0 || n % 3 == 0).count();
    assert_eq!((recovery.apps, recovery.users), (2, 2 * with_login));
    for app in [1, 2] {
        for n in 0..USERS {
            let devices = match (n % 2, n % 3) {
                (0, 0) => Some("OFFLINE none phone iPhone mac Mac"),
                (0, _) => Some("OFFLINE none phone iPhone"),
                (_, 0) => Some("OFFLINE none mac Mac"),
                _ => None,
            };
            let found = record(&*records, &of(app, n)).await.map(|(shown, _)| shown);
            assert_eq!(found.as_deref(), devices, "{n} of app {app}");
        }
    }
}
