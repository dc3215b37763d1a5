//! Tests of a node in which a task or a worker ends.

use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn start(folder: &tempfile::TempDir) -> Node {
    let any = "127.0.0.1:0".parse().unwrap();
    let config = Config {
        data_dir: folder.path().to_owned(),
        client_listen: any,
        http_listen: any,
        workers: 2,
        ..Config::default()
    };
    Node::start(config, Clock::default()).await.unwrap()
}

async fn readyz(node: &Node) -> String {
    let mut stream = TcpStream::connect(node.http_address()).await.unwrap();
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn readiness_names_every_part() {
    let folder = tempfile::tempdir().unwrap();
    let node = start(&folder).await;
    let answer = readyz(&node).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\r\n\r\nready\n"), "{answer}");
    for part in ["facts", "journal", "worker 0", "worker 1", "keeper", "chores", "webhooks", "control socket"]
    {
        assert!(answer.contains(&format!("\n{part}: ok\n")), "{part}: {answer}");
    }
    node.stop().await;
}

/// Ends each task of a node in turn, as a bug in the task could.
#[tokio::test]
async fn a_node_of_which_a_task_ends_is_not_ready_and_tells_which() {
    let folder = tempfile::tempdir().unwrap();
    let count = {
        let node = start(&folder).await;
        let count = node.tasks.0.len();
        node.stop().await;
        count
    };
    let mut told = Vec::new();
    for task in 0..count {
        let folder = tempfile::tempdir().unwrap();
        let node = start(&folder).await;
        node.tasks.0[task].abort();
        match tokio::time::timeout(Duration::from_secs(2), node.part_ended()).await {
            Ok(part) => {
                if part != "http" {
                    let answer = readyz(&node).await;
                    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
                    assert!(answer.contains(&format!("\n{part}: ended\n")), "{part}: {answer}");
                }
                told.push(part);
            }
            Err(_) => told.push("nothing that the node needs".to_owned()),
        }
        // The node can still be stopped in an orderly way.
        node.stop().await;
    }
    told.sort();
    let expected = [
        "chores task",
        "comparison of connections",
        "control socket",
        "deletion of apps",
        "deletion of messages",
        "ends of logins",
        "http",
        "keeper task",
        "keys for JWTs",
        "marks of facts",
        "news",
        "nothing that the node needs",
        "probe of facts",
        "retries",
        "webhooks",
        "webhooks",
    ];
    assert_eq!(told, expected);
}

/// Ends a worker, by dropping its command channel.
#[tokio::test]
async fn a_node_of_which_a_worker_ends_is_not_ready_and_tells_which() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = start(&folder).await;
    let (commands, thread) = node.workers.remove(1);
    drop(commands);
    tokio::task::spawn_blocking(|| thread.join().unwrap()).await.unwrap();
    assert!(readyz(&node).await.contains("\nworker 1: ended\n"));
    assert_eq!(node.part_ended().await, "worker 1");
    node.stop().await;
}
