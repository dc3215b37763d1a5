//! Tests that a sender cannot tell whether the recipient hides or is away: neither by the calls to the stores before
//! the sender gets the answer, nor by the time at which the message is pushed.

#![allow(clippy::unwrap_used, missing_docs)]

mod recording;

use lamplight_auth::{Claims, sign};
use lamplight_core::LinkEnd;
use lamplight_directory::InProcessDirectory;
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{
    App, AppId, AppKey, AppSettings, ClientMessageId, ConnectionId, Hook, Lane, Moment, Now, Platform,
    Timestamp, User, UserId, Visibility,
};
use lamplight_service::{By, LoginCall, Service, ThrottleLimits};
use recording::Recording;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use tempfile::TempDir;

const APP: AppId = AppId(1);
const NOW: Now = Now { moment: Moment(1_000_000), wall: Timestamp(1_700_000_000_000) };
const BOB: By = By::Client(ConnectionId::alone(99));

fn user(id: &str) -> User {
    User::new(APP, UserId::new(id).unwrap())
}

struct World {
    service: Service,
    stores: Arc<Recording>,
    app: App,
    _folder: TempDir,
}

impl World {
    /// Bob, and users who are ONLINE, OFFLINE, UNLOGINED (`new`), or hide from everybody.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let facts = SqliteFacts::open(&folder.path().join("facts.db")).unwrap();
        let stores = Recording::new(facts);
        let log = Arc::new(InProcessDirectory::in_memory());
        let (facts, directory) = (Arc::<Recording>::clone(&stores), Arc::<Recording>::clone(&stores));
        let service = Service::new(facts, directory, log, ThrottleLimits::default());
        let keys = vec![AppKey { id: 1, text: "the key of a test".into() }];
        let mut settings = AppSettings::default();
        settings.webhooks.push_url = "https://backend.example/push".into();
        let app = App { id: APP, keys, admins: Vec::new(), settings };
        service.put_app(app.clone()).await.unwrap();
        let world = Self { service, stores, app, _folder: folder };
        world.service.create_account(&user("bob"), NOW).await.unwrap();
        world.service.create_account(&user("new"), NOW).await.unwrap();
        for (n, (who, platform, hides, stays)) in [
            ("online", Platform::IPhone, false, true),
            ("offline", Platform::IPhone, false, false),
            ("hidden", Platform::IPhone, true, true),
            ("hidden, offline", Platform::IPhone, true, false),
            ("hidden, web", Platform::Web, true, true),
        ]
        .into_iter()
        .enumerate()
        {
            let connection = ConnectionId::alone(n as u64 + 1);
            world.log_in(who, platform, connection).await;
            if hides {
                let user = user(who);
                world.service.set_visibility(&user, Visibility::Nobody, By::App, NOW).await.unwrap();
            }
            if !stays {
                world.disconnect(who, connection).await;
            }
        }
        world
    }

    async fn log_in(&self, who: &str, platform: Platform, connection: ConnectionId) {
        let (user_id, issued) = (user(who).id, NOW.wall.as_secs());
        let claims = Claims { user_id, app: APP, issued, expire: 1_000_000, userbuf: None };
        let call = LoginCall {
            app: APP,
            user_id: who,
            user_sig: &sign(&self.app.keys[0], &claims),
            device_id: "device",
            platform,
            resume: false,
            connection,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        self.service.login(&call, NOW).await.unwrap();
    }

    async fn disconnect(&self, who: &str, connection: ConnectionId) {
        self.service.disconnect(&user(who), connection, LinkEnd::Closed, NOW.wall, NOW).await.unwrap();
    }

    /// Sends a message of Bob, and returns the calls to the stores before the answer, and whether it was repeated.
    async fn send(&self, to: &str, id: &str, by: By) -> (Vec<String>, bool) {
        self.stores.take();
        let (to, id) = (user(to).id, ClientMessageId::new(id).unwrap());
        let sent = self.service.send_message(&user("bob"), &to, "hello".into(), id, by, NOW).await;
        (self.stores.take(), sent.unwrap().value.repeated)
    }

    /// The notices that wait, each with its recipient.
    async fn notices(&self) -> Vec<String> {
        let heads = self.service.outbox().heads(Lane { app: APP, hook: Hook::Push }, 100).await.unwrap();
        let show = |undecided| if undecided { "undecided" } else { "certain" };
        heads.iter().map(|it| format!("{}: {}", it.user.id, show(it.content.is_undecided()))).collect()
    }
}

#[tokio::test]
async fn the_calls_before_the_answer_do_not_tell_who_hides_from_who_is_away() {
    let world = World::new().await;
    let away = ["offline", "new", "hidden", "hidden, offline", "hidden, web"];
    for to in away {
        let first = world.send(to, "1", BOB).await;
        assert_eq!(first, (vec!["read".to_owned(), "send_message".to_owned()], false), "{to}");
    }
    // The transaction of each message has added one notice.
    let mut notices = world.notices().await;
    notices.sort_unstable();
    assert_eq!(
        notices,
        [
            "hidden, offline: certain",
            "hidden, web: undecided",
            "hidden: undecided",
            "new: undecided",
            "offline: certain",
        ]
    );
    let repeated = world.send("offline", "1", BOB).await;
    assert_eq!(repeated.0, ["read", "send_message", "lists_states"]);
    for to in away {
        assert_eq!(world.send(to, "1", BOB).await, (repeated.0.clone(), true), "{to}");
    }
    // Bob sees that this user is ONLINE.
    assert_eq!(world.send("online", "1", BOB).await.0, ["read", "send_message", "read"]);
    assert_eq!(world.notices().await.len(), away.len());
}

#[tokio::test]
async fn a_message_of_the_app_has_a_notice_only_for_who_is_offline() {
    let world = World::new().await;
    for to in ["offline", "new", "hidden", "hidden, offline", "hidden, web", "online"] {
        world.send(to, "1", By::App).await;
    }
    let mut notices = world.notices().await;
    notices.sort_unstable();
    assert_eq!(notices, ["hidden, offline: certain", "offline: certain"]);
}

#[tokio::test]
async fn a_message_to_who_hides_is_pushed_when_that_user_has_gone() {
    let world = World::new().await;
    world.send("hidden", "1", BOB).await;
    world.service.push_missed(&user("hidden"), NOW.wall, NOW).await.unwrap();
    assert_eq!(world.notices().await, ["hidden: undecided"]);
    world.disconnect("hidden", ConnectionId::alone(3)).await;
    let added = world.service.outbox().backlog(APP).await.unwrap()[0].waiting;
    assert_eq!(added, 1);
    for _ in 0..2 {
        world.service.push_missed(&user("hidden"), NOW.wall, NOW).await.unwrap();
        let waiting = world.service.outbox().backlog(APP).await.unwrap();
        assert_eq!(waiting.iter().map(|lane| lane.waiting).sum::<u64>(), 2, "pushed once");
    }
}
