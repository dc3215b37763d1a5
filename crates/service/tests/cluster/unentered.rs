//! Logins that a killed node has recorded in the facts, and that have not entered a live record.

use super::*;
use lamplight_facts::{LoginRecorded, NewLogin};
use lamplight_model::DeviceId;
use lamplight_service::{ComparedCursor, UnenteredCursor};

const PHONE: ConnectionId = ConnectionId::new(HERE, 1);

impl Cluster {
    /// Records a login in the facts, like a node that is killed before the login enters the record.
    async fn record(&self, name: &str, device: &str, second: u64) -> u64 {
        self.record_on(Platform::IPhone, name, device, second).await
    }

    async fn record_on(&self, platform: Platform, name: &str, device: &str, second: u64) -> u64 {
        let login = NewLogin {
            user: user(name),
            device: DeviceId::new(device).unwrap(),
            platform,
            at: now(second).wall,
            issued: now(second).wall.as_secs(),
            durable: !platform.is_web(),
            resume: false,
        };
        match self.facts.record_login(login).await.unwrap() {
            LoginRecorded::Recorded { number, .. } => number,
            refused @ (LoginRecorded::Revoked | LoginRecorded::Ended(_) | LoginRecorded::NoAccount) => {
                panic!("{refused:?}")
            }
        }
    }

    /// Ends the logins that the second node has recorded and that have entered no live record. This happens at the time
    /// `second`, when the second node has been silent for 40 s.
    async fn end_unentered(&self, second: u64) -> usize {
        self.end_unentered_at(&self.here, second).await
    }

    async fn end_unentered_at(&self, node: &Service, second: u64) -> usize {
        let unheard = Duration::from_secs(40);
        let lost = LostNode {
            node: THERE,
            beat: 7,
            unheard,
            is_registered: true,
            has_left: false,
            is_everywhere: false,
        };
        let (mut place, mut ended) = (UnenteredCursor::first(&[lost], now(second)), 0);
        while let Some(from) = place {
            let page = node.end_unentered(from, now(second)).await.unwrap();
            (ended, place) = (ended + page.ended, page.next);
        }
        ended
    }

    /// Whether the record of a user is that of a deleted account.
    async fn is_deleted(&self, name: &str) -> bool {
        let directory: &dyn Directory = &*self.directory;
        let is_deleted =
            |_: &User, presence: Option<&lamplight_core::Presence>| presence.unwrap().is_deleted();
        directory.read(&[user(name)], is_deleted).await.unwrap() == [true]
    }

    /// The logins of a user in the facts: devices with their numbers.
    async fn in_facts(&self, name: &str) -> Vec<(String, u64)> {
        let logins = self.facts.logins(user(name)).await.unwrap();
        logins.into_iter().map(|login| (login.device.to_string(), login.number)).collect()
    }

    /// The logins of a user in the record, with whether the device is connected.
    async fn in_record(&self, name: &str) -> Vec<(String, u64, bool)> {
        let users = [user(name)];
        let directory: &dyn Directory = &*self.directory;
        let read = directory.read(&users, |_, presence| {
            let devices = presence.into_iter().flat_map(lamplight_core::Presence::devices);
            let shown = |it: &lamplight_core::Device| {
                let is_connected = matches!(it.link, lamplight_core::Link::Connected(_));
                (it.id.to_string(), it.login, is_connected)
            };
            devices.map(shown).collect::<Vec<_>>()
        });
        read.await.unwrap().remove(0)
    }
}

#[tokio::test]
async fn a_login_that_a_killed_node_has_recorded_ends_if_its_client_never_returns() {
    let cluster = Cluster::start().await;
    cluster.record("ann", "phone", 100).await;
    // A user with another device, which stays.
    let tablet = log_in(&cluster.here, "bob", "tablet", Platform::IPad, PHONE, 50).await;
    cluster.record("bob", "phone", 100).await;
    assert_eq!(cluster.end_unentered(150).await, 2);
    assert_eq!(cluster.in_facts("ann").await, []);
    assert_eq!(cluster.status_type("ann", 151).await, Unlogined);
    assert_eq!(cluster.in_facts("bob").await, [("tablet".to_owned(), tablet.login)]);
    assert_eq!(cluster.in_record("bob").await, [("tablet".to_owned(), tablet.login, true)]);
    assert_eq!(cluster.end_unentered(151).await, 0);
}

#[tokio::test]
async fn a_device_that_resumed_with_its_earlier_number_gets_that_of_the_facts() {
    let cluster = Cluster::start().await;
    log_in(&cluster.here, "ann", "phone", Platform::IPhone, PHONE, 50).await;
    let number = cluster.record("ann", "phone", 100).await;
    assert_eq!(cluster.end_unentered(150).await, 1);
    assert_eq!(cluster.in_record("ann").await, [("phone".to_owned(), number, true)]);
    assert!(cluster.here.logout(&user("ann"), PHONE, now(151)).await.unwrap());
    assert_eq!(cluster.in_facts("ann").await, []);
}

#[tokio::test]
async fn a_device_that_resumed_with_its_earlier_number_and_logged_out_is_logged_out_in_the_facts() {
    let cluster = Cluster::start().await;
    log_in(&cluster.here, "ann", "phone", Platform::IPhone, PHONE, 50).await;
    let number = cluster.record("ann", "phone", 100).await;
    assert!(cluster.here.logout(&user("ann"), PHONE, now(101)).await.unwrap());
    assert_eq!(cluster.in_facts("ann").await, [("phone".to_owned(), number)]);
    assert_eq!(cluster.end_unentered(150).await, 1);
    assert_eq!(cluster.in_facts("ann").await, []);
}

#[tokio::test]
async fn an_account_that_a_killed_node_has_created_again_is_restored() {
    let cluster = Cluster::start().await;
    log_in(&cluster.here, "ann", "phone", Platform::IPhone, PHONE, 50).await;
    let _ = cluster.here.delete_account(&user("ann"), now(60)).await.unwrap();
    cluster.record("ann", "phone", 100).await;
    assert_eq!(cluster.end_unentered(150).await, 1);
    assert_eq!(cluster.in_facts("ann").await, []);
    assert!(!cluster.is_deleted("ann").await);
}

/// The facts contain no logins of Web devices, so the search for logins that have entered no record does not find this
/// login.
#[tokio::test]
async fn an_account_that_a_web_login_at_a_killed_node_has_created_again_is_restored() {
    let cluster = Cluster::start().await;
    for name in ["ann", "bob"] {
        log_in(&cluster.here, name, "phone", Platform::IPhone, PHONE, 50).await;
        let _ = cluster.here.delete_account(&user(name), now(60)).await.unwrap();
    }
    cluster.record_on(Platform::Web, "ann", "tab", 100).await;
    assert_eq!(cluster.end_unentered(150).await, 0);
    assert!(cluster.is_deleted("ann").await);
    let mut place = Some(ComparedCursor::default());
    while let Some(from) = place {
        place = cluster.here.compare_restrictions(from, now(150)).await.unwrap();
    }
    assert!(!cluster.is_deleted("ann").await);
    assert!(cluster.is_deleted("bob").await);
    assert_eq!(cluster.status_type("ann", 151).await, Unlogined);
}

#[tokio::test]
async fn logins_that_have_entered_or_may_still_enter_stay() {
    let cluster = Cluster::start().await;
    let entered = log_in(&cluster.here, "ann", "phone", Platform::IPhone, PHONE, 100).await;
    // The client of the first still waits.
    cluster.record("bob", "phone", 146).await;
    cluster.record("cat", "phone", 1).await;
    assert_eq!(cluster.end_unentered(150).await, 1);
    assert_eq!(cluster.in_facts("cat").await, []);
    assert_eq!(cluster.in_facts("ann").await, [("phone".to_owned(), entered.login)]);
    assert_eq!(cluster.in_record("ann").await, [("phone".to_owned(), entered.login, true)]);
    assert_eq!(cluster.in_facts("bob").await.len(), 1);
    assert_eq!(cluster.end_unentered(1_000).await, 0, "older than ten minutes before the silence");
    assert_eq!(cluster.in_facts("bob").await.len(), 1);
}

/// After a loss, the record of a connected device is missing until its node puts the connection back.
#[tokio::test]
async fn no_login_from_before_a_loss_of_records_ends() {
    let cluster = Cluster::start().await;
    for name in ["ann", "bob"] {
        let connection = ConnectionId::new(HERE, name.len() as u64);
        log_in(&cluster.here, name, "phone", Platform::IPhone, connection, 100).await;
    }
    cluster.lose(&["ann"], 120);
    assert_eq!(cluster.end_unentered(150).await, 0);
    // The loss comes while the logins are compared.
    cluster.record("cat", "phone", 130).await;
    cluster.directory.lose_at_change(now(150).wall, true);
    assert_eq!(cluster.end_unentered(150).await, 0);
    for name in ["ann", "bob", "cat"] {
        assert_eq!(cluster.in_facts(name).await.len(), 1, "{name}");
    }
}

/// Reads skip a damaged record, so all logins of its user seem to have entered no record.
#[tokio::test]
async fn a_record_that_cannot_be_read_delays_no_login_of_another_user() {
    let cluster = Cluster::start().await;
    for name in ["ann", "bob", "cat"] {
        cluster.record(name, "phone", 100).await;
    }
    cluster.directory.damage(&user("bob"));
    assert_eq!(cluster.end_unentered(150).await, 2);
    for (name, left) in [("ann", 0), ("bob", 1), ("cat", 0)] {
        assert_eq!(cluster.in_facts(name).await.len(), left, "{name}");
    }
}

/// The nodes that run have not noticed a loss, because they began after it. The records that were lost are still being
/// made from the facts.
#[tokio::test]
async fn no_login_from_before_a_loss_ends_if_all_nodes_began_after_the_loss() {
    let cluster = Cluster::start().await;
    log_in(&cluster.here, "ann", "phone", Platform::IPhone, PHONE, 100).await;
    cluster.directory.lose(&[user("ann")], now(120).wall);
    let later = cluster.start_another(3).await;
    cluster.record("bob", "phone", 130).await;
    assert_eq!(cluster.end_unentered_at(&later, 150).await, 1, "a login of the present epoch is compared");
    assert_eq!(cluster.in_facts("ann").await.len(), 1);
    assert_eq!(cluster.in_facts("bob").await, []);
}
