//! Kicks and deletions of accounts that a killed node has committed to the facts, and not to the live records.

use super::*;
use lamplight_model::Revoked;
use lamplight_service::RevokedCursor;

impl Cluster {
    /// Carries out the kicks and deletions of the second node at the time `second`, when the node has been silent for
    /// 40 s.
    async fn carry_out_revocations(&self, second: u64) {
        let mut place = RevokedCursor::first(&[lost(false)], now(second));
        while let Some(from) = place {
            place = self.here.carry_out_revocations(from, now(second)).await.unwrap();
        }
    }

    /// Deletes an account in the facts, like a node that is killed before it changes the live record.
    async fn delete_in_facts(&self, name: &str, second: u64) {
        let deleted =
            self.facts.delete_account(user(name), Revoked::new(now(second).wall, [])).await.unwrap();
        assert!(deleted.is_some());
    }

    /// Kicks a user in the facts, like a node that is killed before it changes the live record.
    async fn kick_in_facts(&self, name: &str, second: u64) {
        let through = self.facts.kick(user(name), Revoked::new(now(second).wall, [])).await.unwrap();
        assert!(through.is_some());
    }

    /// Whether the record is that of a deleted account, and how many devices it has.
    async fn recorded(&self, name: &str) -> Option<(bool, usize)> {
        let directory: &dyn Directory = &*self.directory;
        let users = [user(name)];
        let read = directory.read(&users, |_, presence| {
            presence.map(|presence| (presence.is_deleted(), presence.devices().iter().count()))
        });
        read.await.unwrap()[0]
    }
}

fn lost(has_left: bool) -> LostNode {
    let unheard = Duration::from_secs(40);
    LostNode { node: THERE, beat: 7, unheard, is_registered: true, has_left, is_everywhere: false }
}

/// Logs in two devices of each user: a native one, and a Web device whose login the facts do not have.
async fn log_in_all(cluster: &Cluster, names: &[&str], second: u64) {
    for (index, name) in (0..).zip(names) {
        let [phone, tab] = [1, 2].map(|n| ConnectionId::new(HERE, 10 * index + n));
        log_in(&cluster.here, name, "phone", Platform::IPhone, phone, second).await;
        log_in(&cluster.here, name, "tab", Platform::Web, tab, second).await;
    }
}

#[tokio::test]
async fn a_deletion_and_a_kick_that_a_killed_node_has_committed_reach_the_record() {
    let cluster = Cluster::start().await;
    log_in_all(&cluster, &["ann", "bob", "cat"], 50).await;
    cluster.delete_in_facts("ann", 100).await;
    cluster.kick_in_facts("bob", 100).await;
    for name in ["ann", "bob", "cat"] {
        assert_eq!(cluster.recorded(name).await, Some((false, 2)), "{name}");
    }
    cluster.carry_out_revocations(150).await;
    assert_eq!(cluster.recorded("ann").await, Some((true, 0)));
    assert_eq!(cluster.recorded("bob").await, Some((false, 0)));
    assert_eq!(cluster.recorded("cat").await, Some((false, 2)));
    assert_eq!(cluster.status_type("bob", 151).await, Unlogined);
}

#[tokio::test]
async fn logins_after_a_kick_and_records_that_agree_stay() {
    let cluster = Cluster::start().await;
    log_in_all(&cluster, &["ann", "bob", "cat"], 50).await;
    let _ = cluster.here.kick(&user("ann"), now(100)).await.unwrap();
    let _ = cluster.here.delete_account(&user("bob"), now(100)).await.unwrap();
    cluster.delete_in_facts("cat", 100).await;
    // The former account of this user is deleted in the facts only. The login creates it again.
    log_in_all(&cluster, &["ann", "bob", "cat"], 110).await;
    cluster.carry_out_revocations(150).await;
    for name in ["ann", "bob", "cat"] {
        assert_eq!(cluster.recorded(name).await, Some((false, 2)), "{name}");
    }
}

#[tokio::test]
async fn a_deletion_of_long_before_the_loss_or_of_a_node_that_has_left_is_not_compared() {
    let cluster = Cluster::start().await;
    log_in_all(&cluster, &["ann"], 50).await;
    cluster.delete_in_facts("ann", 100).await;
    cluster.carry_out_revocations(1_000).await;
    assert_eq!(cluster.recorded("ann").await, Some((false, 2)), "older than ten minutes before the silence");
    assert_eq!(RevokedCursor::first(&[lost(true)], now(150)), None);
}

/// A deletion of an app, an account without a record, and a damaged record stop nothing.
#[tokio::test]
async fn what_cannot_be_carried_out_delays_no_other_user() {
    let cluster = Cluster::start().await;
    log_in_all(&cluster, &["ann", "bob"], 50).await;
    cluster.facts.create_account(user("zoe"), now(50).wall).await.unwrap();
    for name in ["ann", "bob", "zoe"] {
        cluster.delete_in_facts(name, 100).await;
    }
    cluster.directory.damage(&user("ann"));
    cluster.carry_out_revocations(150).await;
    assert_eq!(cluster.recorded("bob").await, Some((true, 0)));
    assert_eq!(cluster.recorded("zoe").await, None);
}
