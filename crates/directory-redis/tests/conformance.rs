//! The directory in Redis passes the conformance suite of directories.

#![allow(clippy::unwrap_used, missing_docs)]

mod server;

use lamplight_directory::conformance::Ports;
use lamplight_directory::{NodeEntry, Nodes};
use lamplight_directory_redis::RedisDirectory;
use lamplight_model::{NodeId, Now};
use server::RedisServer;
use std::sync::Arc;

async fn ports(partitions: u16) -> (Ports, RedisServer) {
    let server = RedisServer::start().await;
    let directory = RedisDirectory::open(server.settings(partitions)).await.unwrap();
    (Ports::of(Arc::new(directory)), server)
}

/// A directory that writes packed records, because all nodes of the register read them.
async fn packed(partitions: u16) -> (Ports, RedisServer) {
    let server = RedisServer::start().await;
    let directory = RedisDirectory::open(server.settings(partitions)).await.unwrap();
    let node = NodeEntry { id: NodeId(1), ..NodeEntry::default() };
    directory.join(&node, Now::default()).await.unwrap();
    (Ports::of(Arc::new(directory)), server)
}

mod packed_records {
    async fn make() -> (lamplight_directory::conformance::Ports, super::RedisServer) {
        super::packed(64).await
    }

    lamplight_directory::directory_conformance_tests!(make);
}

mod many_partitions {
    async fn make() -> (lamplight_directory::conformance::Ports, super::RedisServer) {
        super::ports(64).await
    }

    lamplight_directory::directory_conformance_tests!(make);
}

mod one_partition {
    async fn make() -> (lamplight_directory::conformance::Ports, super::RedisServer) {
        super::ports(1).await
    }

    lamplight_directory::directory_conformance_tests!(make);
}

mod nodes {
    use std::sync::Arc;

    async fn make() -> (Arc<dyn lamplight_directory::Nodes>, super::RedisServer) {
        let server = super::RedisServer::start().await;
        (Arc::new(super::RedisDirectory::open(server.settings(4)).await.unwrap()), server)
    }

    lamplight_directory::nodes_conformance_tests!(make);
}

mod limits {
    use std::sync::Arc;

    async fn make() -> (Arc<dyn lamplight_directory::Limits>, super::RedisServer) {
        let server = super::RedisServer::start().await;
        (Arc::new(super::RedisDirectory::open(server.settings(4)).await.unwrap()), server)
    }

    lamplight_directory::limits_conformance_tests!(make);
}
