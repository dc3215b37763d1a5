//! Facts that never answer: the deadlines of live records go on.

#![allow(clippy::unwrap_used, missing_docs)]

mod recording;

use futures_util::FutureExt;
use lamplight_auth::{Claims, sign};
use lamplight_core::{LinkEnd, Presence};
use lamplight_directory::{Directory, InProcessDirectory};
use lamplight_facts::Facts;
use lamplight_facts_sqlite::SqliteFacts;
use lamplight_model::{
    App, AppId, AppKey, AppSettings, ConnectionId, Moment, Now, Platform, StatusType, Timestamp, User,
    UserId, Visibility,
};
use lamplight_service::{By, Expiring, LoginCall, Service, ThrottleLimits};
use recording::Recording;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

const NOW: Now = Now { moment: Moment(1_000_000), wall: Timestamp(1_700_000_000_000) };
const PHONE: ConnectionId = ConnectionId::alone(1);
const TAB: ConnectionId = ConnectionId::alone(2);

fn user(id: &str) -> User {
    User::new(AppId(1), UserId::new(id).unwrap())
}

fn app(id: u32) -> App {
    let keys = vec![AppKey { id: 1, text: "the key of a test".into() }];
    let mut settings = AppSettings::default();
    settings.timing.linger_web_ms = 5_000;
    App { id: AppId(id), keys, admins: Vec::new(), settings }
}

fn after(millis: u64) -> Now {
    NOW.after(Duration::from_millis(millis))
}

struct World {
    service: Service,
    stores: Arc<Recording>,
    _folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stores = Recording::new(SqliteFacts::open(&folder.path().join("facts.db")).unwrap());
        let log = Arc::new(InProcessDirectory::in_memory());
        let (facts, directory) = (Arc::<Recording>::clone(&stores), Arc::<Recording>::clone(&stores));
        let service = Service::new(facts, directory, log, ThrottleLimits::default());
        service.put_app(app(1)).await.unwrap();
        Self { service, stores, _folder: folder }
    }

    async fn log_in(&self, who: &str, platform: Platform, connection: ConnectionId) {
        let (user_id, issued) = (user(who).id, NOW.wall.as_secs());
        let claims = Claims { user_id, app: AppId(1), issued, expire: 1_000_000, userbuf: None };
        let call = LoginCall {
            app: AppId(1),
            user_id: who,
            user_sig: &sign(&app(1).keys[0], &claims),
            device_id: "device",
            platform,
            resume: false,
            connection,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        };
        self.service.login(&call, NOW).await.unwrap();
    }

    /// The status in the record, which may have a deadline that was not carried out; and the number of ended logins
    /// that the facts have not stored.
    async fn record(&self, who: &str) -> (StatusType, usize) {
        let view = |_: &User, presence: Option<&Presence>| {
            presence.map(|it| (it.status_type(), it.unsettled_ends().count())).unwrap()
        };
        let directory: &dyn Directory = &*self.stores;
        directory.read(&[user(who)], view).await.unwrap().remove(0)
    }

    /// Carries out the due deadlines. Panics if the call waits.
    fn expire(&self, now: Now) -> Expiring {
        self.service.expire_due(10, now).now_or_never().expect("it waits for the facts").unwrap()
    }

    fn calls(&self, name: &str) -> usize {
        self.stores.take().iter().filter(|call| *call == name).count()
    }
}

#[tokio::test]
async fn an_end_that_the_facts_do_not_store_delays_no_deadline_of_others() {
    let world = World::new().await;
    world.log_in("ann", Platform::IPhone, PHONE).await;
    world.log_in("bob", Platform::Web, TAB).await;
    world.service.disconnect(&user("bob"), TAB, LinkEnd::Closed, NOW.wall, NOW).await.unwrap();
    world.stores.hang(true);
    // The client of Ann gives up.
    let ann = user("ann");
    assert!(world.service.logout(&ann, PHONE, NOW).now_or_never().is_none());
    world.calls("");

    assert_eq!(world.expire(after(1_000)), Expiring { looked_at: 1, failed: 0 });
    let mut settling = Box::pin(world.service.settle_due(after(1_000)));
    assert!(settling.as_mut().now_or_never().is_none(), "the facts do not answer");
    assert_eq!(world.record("bob").await.0, StatusType::Online);
    assert_eq!(world.expire(after(5_000)), Expiring { looked_at: 2, failed: 0 });
    assert_ne!(world.record("bob").await.0, StatusType::Online);
    assert_eq!(world.calls("end_logins"), 1, "an end is not stored twice at the same time");

    // The node stops now, or the facts answer again: the record has the end.
    drop(settling);
    world.stores.hang(false);
    assert_eq!(world.record("ann").await, (StatusType::Unlogined, 1));
    world.expire(after(20_000));
    world.service.due_work_waits().await;
    world.service.settle_due(after(20_000)).await;
    assert_eq!(world.record("ann").await, (StatusType::Unlogined, 0));
    assert_eq!(world.stores.logins(ann).await.unwrap(), []);
}

#[tokio::test]
async fn a_hidden_user_who_lapses_delays_no_deadline_of_others() {
    let world = World::new().await;
    let (ann, retention) = (user("ann"), AppSettings::default().timing.login_retention());
    world.log_in("ann", Platform::IPhone, PHONE).await;
    world.service.set_visibility(&ann, Visibility::Nobody, By::App, NOW).await.unwrap();
    world.service.disconnect(&ann, PHONE, LinkEnd::Closed, NOW.wall, NOW).await.unwrap();
    world.stores.hang(true);
    world.expire(NOW.after(retention));
    world.stores.hang(false);
    world.service.settle_due(NOW.after(retention)).await;
    assert_eq!(world.service.retry(NOW.after(retention)).await, 0);
    assert_eq!(world.stores.logins(ann).await.unwrap(), []);
}
