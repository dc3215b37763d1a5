//! Tests of the access to a server: Sentinels, TLS, passwords, ACL users. An error names the cause, and contains no
//! secret.

#![allow(clippy::unwrap_used, missing_docs)]

mod people;
mod servers;

use lamplight_directory_redis::{RedisDirectory, RedisSettings, RedisTls, examine};
use lamplight_model::FactsMark;
use people::{Node, until, user};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use servers::{Server, sentinel_of, settings};

const PARTITIONS: u16 = 16;

/// The ACL rules of a user with the rights that a node needs, according to `docs/decisions/0087`.
const RULES: &str = "~lm:* &lm:* -@all +info +cluster|slots +cluster|keyslot +hset +hsetnx +hget +hmget +hexists +hdel \
                     +hincrby +hscan +hgetall +zadd +zrem +zscore +zrange +rpush +lindex +ltrim +sadd +srem +sscan \
                     +ssubscribe +spublish +evalsha +eval +script|load +time +pexpire +del +hello";

/// The error of opening a directory, with its causes.
async fn refusal(settings: RedisSettings) -> String {
    let error = RedisDirectory::open(settings).await.err().unwrap();
    let mut text = format!("{error:?}; {error}");
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    assert!(!text.contains("secret"), "{text}");
    text
}

async fn use_it(node: &Node) {
    node.seed("a").await.unwrap();
    node.connect("a", 1).await.unwrap().unwrap();
    let mut ear = node.follow();
    node.set_custom("a", "here").await.unwrap().unwrap();
    ear.until_text("here").await;
    node.directory.feed(user("a").app, None, 9).await.unwrap();
    let partition = node.directory.partition_of(&user("a"));
    node.directory.connections_of(people::NODE, partition, None).await.unwrap();
    let mark = FactsMark { history: 1, count: 2 };
    assert_eq!(node.redis.note_facts(mark).await.unwrap(), mark);
    node.directory.subscribed_to(&[user("b")]).await.unwrap();
    node.directory.remove(&user("a"), people::now(3)).await.unwrap();
}

#[tokio::test]
async fn a_password_is_needed_and_a_wrong_one_is_named() {
    let server = Server::start(&["--requirepass", "secret"]);
    let at = |login: &str| settings(format!("redis://{login}127.0.0.1:{}", server.port), PARTITIONS);
    use_it(&Node::open(at(":secret@")).await).await;
    for login in ["", ":secretly@", "nobody:secret@"] {
        let told = refusal(at(login)).await;
        assert!(told.contains("Redis refused the user and password of its address"), "{login}: {told}");
    }
}

#[tokio::test]
async fn an_acl_user_needs_what_the_documentation_lists() {
    let server = Server::start(&[]);
    let at = |name: &str| settings(format!("redis://{name}:secret@127.0.0.1:{}", server.port), PARTITIONS);
    let _: String = server.command(&format!("ACL SETUSER whole on >secret {RULES}")).await;
    use_it(&Node::open(at("whole")).await).await;
    for (name, rules, expected) in [
        ("deaf", RULES.replace("&lm:*", "resetchannels"), "subscribing to the log"),
        ("elsewhere", RULES.replace("~lm:*", "~other:*"), "comparing the layout of the data"),
        ("blind", RULES.replace("+info", ""), "asking for the description of the server"),
        ("mute", RULES.replace("+script|load", ""), "loading the scripts"),
    ] {
        let _: String = server.command(&format!("ACL SETUSER {name} on >secret {rules}")).await;
        let told = refusal(at(name)).await;
        let lacks = format!("{expected} needs a permission that the user of Redis lacks");
        assert!(told.contains(&lacks), "{name}: {told}");
    }
}

#[tokio::test]
async fn a_replica_and_a_sentinel_are_refused_as_what_they_are() {
    let master = Server::start(&[]);
    let replica = Server::start(&["--replicaof", &format!("127.0.0.1 {}", master.port)]);
    let told = refusal(settings(replica.url(), PARTITIONS)).await;
    assert!(told.contains("the server is a replica, which accepts no writes"), "{told}");
    // With the master among the servers of the address, the master is used.
    let both = format!("redis://127.0.0.1:{},127.0.0.1:{}", replica.port, master.port);
    use_it(&Node::open(settings(both, PARTITIONS)).await).await;
    let sentinel = sentinel_of(&master, 1_000).await;
    let told = refusal(settings(sentinel.url(), PARTITIONS)).await;
    assert!(told.contains("the address must be redis+sentinel://host:port/name"), "{told}");
    let other = format!("redis+sentinel://127.0.0.1:{}/other", sentinel.port);
    let told = refusal(settings(other, PARTITIONS)).await;
    assert!(told.contains("the Sentinels know no server named other"), "{told}");
}

#[tokio::test]
async fn a_node_follows_the_sentinels_to_the_new_master() {
    let mut master = Server::start(&["--repl-diskless-sync-delay", "0"]);
    let replica = Server::start(&["--replicaof", &format!("127.0.0.1 {}", master.port)]);
    let sentinel = sentinel_of(&master, 500).await;
    until("the Sentinel knows the replica", async || {
        let known: String =
            sentinel.command::<Vec<redis::Value>>("SENTINEL REPLICAS live").await.len().to_string();
        known == "1"
    })
    .await;
    // The first Sentinel of the address does not exist.
    let url = format!("redis+sentinel://127.0.0.1:1,127.0.0.1:{}/live", sentinel.port);
    let (one, other) =
        (Node::open(settings(url.clone(), PARTITIONS)).await, Node::open(settings(url, PARTITIONS)).await);
    one.seed("a").await.unwrap();
    one.connect("a", 1).await.unwrap().unwrap();
    until("the replica has the record", async || {
        replica.command::<Vec<String>>("KEYS *:rec:*").await.len() == 1
    })
    .await;
    let (epoch, mut ear) = (one.directory.epoch(), other.follow());
    master.kill();
    until("it serves again", async || matches!(one.set_custom("a", "after").await, Ok(Some(_)))).await;
    ear.until_missed(one.directory.partition_of(&user("a"))).await;
    for node in [&one, &other] {
        until("both have the new epoch", async || node.directory.epoch() > epoch).await;
    }
    one.set_custom("a", "end").await.unwrap().unwrap();
    ear.until_text("end").await;
    let role: Vec<redis::Value> = replica.command("ROLE").await;
    assert_eq!(redis::from_redis_value::<String>(role[0].clone()).unwrap(), "master");
}

#[tokio::test]
async fn tls_asks_for_a_known_authority_and_shows_a_certificate() {
    let (ca, other_ca) = (authority("ours"), authority("another"));
    let folder = tempfile::tempdir().unwrap();
    let (server_cert, server_key) = certificate(&ca);
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    };
    let (cert, key) = (write("cert.pem", &server_cert), write("key.pem", &server_key));
    let authorities = ca.pem().into_bytes();
    let ca_file = write("ca.pem", &authorities);
    let server = Server::start_with_tls(&[
        "--tls-cert-file",
        &cert,
        "--tls-key-file",
        &key,
        "--tls-ca-cert-file",
        &ca_file,
        "--tls-auth-clients",
        "yes",
    ]);
    let at = |scheme: &str, authorities: &[u8], client| RedisSettings {
        tls: RedisTls { authorities: Some(authorities.to_vec()), client },
        ..settings(format!("{scheme}://127.0.0.1:{}", server.port), PARTITIONS)
    };
    let client = Some(certificate(&ca));
    use_it(&Node::open(at("rediss", &authorities, client.clone())).await).await;
    let told = refusal(at("rediss", other_ca.pem().as_bytes(), client.clone())).await;
    assert!(told.contains("UnknownIssuer"), "{told}");
    refusal(at("rediss", &authorities, None)).await;
    refusal(at("redis", &authorities, None)).await;
    let told = refusal(at("rediss", b"no certificate", client)).await;
    assert!(told.contains("the certificates of the authorities are not PEM"), "{told}");
    let told = refusal(at("rediss", &authorities, Some((certificate(&ca).0, b"secret".to_vec())))).await;
    assert!(told.contains("the private key of the client is not PEM"), "{told}");
}

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    // With the same name for issuer and subject, a certificate would look as if it had signed itself.
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate for a server or client on this machine, and the key of the certificate, in PEM.
fn certificate(ca: &Authority) -> (Vec<u8>, Vec<u8>) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, ca).unwrap();
    (certificate.pem().into_bytes(), key.serialize_pem().into_bytes())
}

#[tokio::test]
async fn an_examination_finds_what_a_node_would_and_changes_nothing() {
    let server = Server::start(&["--requirepass", "secret", "--maxmemory", "64mb"]);
    let at = |login: &str| settings(format!("redis://{login}127.0.0.1:{}", server.port), PARTITIONS);
    let whole = at(":secret@");
    let found = examine(&whole).await.unwrap();
    assert!(!found.has_data && found.other_prefixes.is_empty() && !found.is_encrypted, "{found:?}");
    assert!(!examine(&whole).await.unwrap().has_data, "the first one has written nothing");
    let [described] = found.servers.as_slice() else { panic!("{found:?}") };
    assert_eq!(described.address, format!("127.0.0.1:{}", server.port));
    assert_eq!(described.max_memory, 64 << 20);
    assert!(described.used_memory > 0 && described.clock_ahead_ms.abs() < 10_000, "{described:?}");

    drop(Node::open(whole.clone()).await);
    assert!(examine(&whole).await.unwrap().has_data);
    let shop = RedisSettings { prefix: "shop".to_owned(), ..whole.clone() };
    let found = examine(&shop).await.unwrap();
    assert!(!found.has_data && found.other_prefixes.iter().eq(["lm"]), "{found:?}");
    let fewer = RedisSettings { partitions: PARTITIONS / 2, ..whole };
    let told = examine(&fewer).await.unwrap_err().to_string();
    assert!(told.contains("the data in Redis has partitions 16, but this node has 8"), "{told}");
    let told = examine(&at(":wrong@")).await.unwrap_err().to_string();
    assert!(told.starts_with(&format!("127.0.0.1:{}: Redis refused the user", server.port)), "{told}");
}

#[tokio::test]
async fn an_examination_names_the_server_of_a_redis_cluster_that_is_away() {
    let mut cluster = servers::Cluster::start(0).await;
    let at = settings(cluster.servers[0].url(), PARTITIONS);
    assert_eq!(examine(&at).await.unwrap().servers.len(), 3);
    cluster.servers[1].kill();
    let told = examine(&at).await.unwrap_err().to_string();
    assert!(told.starts_with(&format!("127.0.0.1:{}: ", cluster.servers[1].port)), "{told}");
}
