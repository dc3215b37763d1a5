//! Texts of a user that two nodes know differently when the directory loses its records.

use super::*;

/// Two devices of a user are connected to two nodes, and one of the nodes has not heard of the last change before the loss.
/// The record cannot tell which of the two texts is newer. The text of the first connection that is put back stays, unless
/// it is empty, and all nodes are told of it.
#[tokio::test]
async fn of_two_texts_that_two_nodes_know_all_nodes_have_one_after_a_loss() {
    for (text, here_first, expected) in
        [("new", true, "old"), ("new", false, "new"), ("", true, "old"), ("", false, "old")]
    {
        let mut cluster = Cluster::start().await;
        let (phone, mac) = (ConnectionId::new(HERE, 1), ConnectionId::new(THERE, 1));
        let on_phone = log_in(&cluster.here, "ann", "phone", Platform::IPhone, phone, 1).await;
        let on_mac = log_in(&cluster.there, "ann", "mac", Platform::Mac, mac, 1).await;
        cluster.here.set_self_status(&user("ann"), "old", now(2)).await.unwrap();
        let known_here = cluster.status("ann", 2).await.unwrap();
        cluster.there.set_self_status(&user("ann"), text, now(3)).await.unwrap();
        let known_there = cluster.status("ann", 3).await.unwrap();
        cluster.lose(&["ann"], 100);
        cluster.log.take(&mut Vec::new());

        let of_phone = open(&on_phone, "phone", Platform::IPhone, phone, Some(known_here), &[]);
        let of_mac = open(&on_mac, "mac", Platform::Mac, mac, Some(known_there.clone()), &[]);
        let mut put_back = [(&cluster.here, of_phone), (&cluster.there, of_mac)];
        if !here_first {
            put_back.reverse();
        }
        for (node, open) in put_back {
            assert_eq!(node.put_back(&open, LOCAL, now(101)).await.unwrap().outcome, Reasserted::PutBack);
        }
        let status = cluster.status("ann", 102).await.unwrap();
        assert_eq!((status.custom_status.as_str(), status.status_type), (expected, Online), "{text}");
        assert!(status.version > known_there.version);
        let mut entries = Vec::new();
        assert_eq!(cluster.log.take(&mut entries), Heard::All);
        let last = entries.iter().filter_map(|entry| entry.news.status()).next_back().unwrap().0.clone();
        assert_eq!(last, status, "{text}: what the log has told last is what the record has");
    }
}
