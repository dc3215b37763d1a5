//! Logins within the grace after a loss of records.

use super::*;

/// The record is created from the facts when they already contain the login. The record must not take the connection of
/// this login for one that may be put back later, because such a login is not reported.
#[tokio::test]
async fn a_login_within_the_grace_after_a_loss_is_reported_by_the_log() {
    let mut cluster = Cluster::start().await;
    let (ann, again) = (ConnectionId::new(HERE, 1), ConnectionId::new(HERE, 2));
    log_in(&cluster.here, "ann", "phone", Platform::IPhone, ann, 1).await;
    cluster.here.logout(&user("ann"), ann, now(2)).await.unwrap();
    cluster.lose(&["ann"], 100);
    let told = cluster.status("ann", 106).await.unwrap();
    assert_eq!((told.status_type, told.reason), (Unlogined, Reason::None));
    cluster.log.take(&mut Vec::new());

    log_in(&cluster.here, "ann", "phone", Platform::IPhone, again, 110).await;
    let mut entries = Vec::new();
    cluster.log.take(&mut entries);
    let statuses: Vec<&UserStatus> =
        entries.iter().filter_map(|entry| Some(entry.news.status()?.0)).collect();
    let [status] = statuses[..] else { panic!("{entries:?}") };
    assert_eq!((status.status_type, status.reason, status.since), (Online, Reason::Login, now(110).wall));
    assert!(status.version > told.version);
    assert_eq!(*status, cluster.status("ann", 110).await.unwrap());
}
