//! The findings about the directory: Redis, which keeps the live records of a cluster.

use super::{Finding, counted, is_local};
use crate::time_text::duration_text;
use lamplight_model::FactsMark;
use lamplight_server::{DirectoryProblem, RedisFound, RedisOpenError, RedisServerFound, compare_facts};
use std::error::Error;

/// The name of the check.
const DIRECTORY: &str = "directory";

/// The least difference of two clocks that causes a warning, in milliseconds. The clocks of two machines with a time
/// service differ by less.
const CLOCKS_DIFFER_MS: u64 = 60_000;

/// The least used percentage of the maximum memory that causes a warning.
const NEARLY_FULL_PERCENT: u64 = 80;

/// Makes the findings about a directory that a node could use: one for each problem, or one finding without a problem.
/// `prefix` is the prefix in the settings.
pub fn directory(found: &RedisFound, prefix: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let remote: Vec<_> =
        found.servers.iter().map(|server| &*server.address).filter(|address| !is_local(address)).collect();
    if !found.is_encrypted && !remote.is_empty() {
        findings.push(Finding::warning(
            DIRECTORY,
            format!("the connection to Redis at {} is not encrypted", remote.join(", ")),
            "write rediss:// in `directory`, with directory_ca if the certificate is not of a public CA; without TLS only \
             on a network that nobody else can read",
        ));
    }
    findings.extend(found.servers.iter().filter_map(clock));
    findings.extend(found.servers.iter().filter_map(memory));
    if !found.has_data && !found.other_prefixes.is_empty() {
        let others: Vec<_> = found.other_prefixes.iter().map(String::as_str).collect();
        findings.push(Finding::warning(
            DIRECTORY,
            format!("Redis has no data with the prefix {prefix}, but has data with {}", others.join(", ")),
            "set directory_prefix as at the other nodes of the cluster; for a new cluster beside another, nothing has to \
             be done",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(DIRECTORY, good(found, prefix)));
    }
    findings
}

/// Makes the finding about a database that does not belong to the live records. Returns `None` if the database belongs
/// to them, or if the directory or the database is empty.
pub fn other_facts(noted: Option<FactsMark>, found: Option<FactsMark>) -> Option<Finding> {
    let error = compare_facts(noted, found?).err()?;
    Some(Finding::wrong(
        DIRECTORY,
        error.to_string(),
        "docs/operations/back-up.md says how to restore a cluster, and how to move it to another database",
    ))
}

/// Makes the finding about a directory that a node could not use.
pub fn unusable_directory(problem: &DirectoryProblem) -> Finding {
    let (told, cure) = match problem {
        DirectoryProblem::File(file) => {
            (file.to_string(), "set it to a file that the user of the server may read")
        }
        DirectoryProblem::Redis(unfit) => (text_of(unfit), cure_of(&unfit.source)),
    };
    Finding::wrong(DIRECTORY, format!("the directory cannot be used: {told}"), cure)
}

/// Returns the text of an error with its causes, each of them once.
fn text_of(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let told = cause.to_string();
        if !text.contains(&told) {
            text = format!("{text}: {told}");
        }
        source = cause.source();
    }
    text
}

fn cure_of(error: &RedisOpenError) -> &'static str {
    match error {
        RedisOpenError::WrongPassword { .. } => {
            "compare user and password in `directory` with requirepass or the ACL of Redis; in the URL, characters other \
             than letters, digits and -._~ are written as % and two hexadecimal digits"
        }
        RedisOpenError::NoPermission { .. } => {
            "give the user of Redis the keys, channels and commands that docs/decisions/0087-live-records-in-redis.md lists"
        }
        RedisOpenError::Replica => {
            "name the master, or Sentinels, or the servers of a Redis Cluster, so that the nodes follow a failover"
        }
        RedisOpenError::Evicts { .. } => {
            "set maxmemory-policy noeviction in redis.conf, and at once with `redis-cli CONFIG SET`"
        }
        RedisOpenError::OtherData { .. } => {
            "another version of Lamplight has written this data: use that version, or another directory_prefix"
        }
        RedisOpenError::Redis { .. } | RedisOpenError::Late => {
            "is Redis running there, and may this machine reach it? A certificate has to be signed by directory_ca, and to \
             name the host; rediss:// needs a port with TLS, redis:// one without"
        }
        RedisOpenError::BadSettings(_)
        | RedisOpenError::NoThread(_)
        | RedisOpenError::TooOld { .. }
        | RedisOpenError::IsSentinel
        | RedisOpenError::UnknownService { .. }
        | RedisOpenError::NoServerForSlot { .. }
        | RedisOpenError::OtherServer => {
            "docs/operations/deployment.md says what Redis needs, and what each error means"
        }
    }
}

fn clock(server: &RedisServerFound) -> Option<Finding> {
    let off = server.clock_ahead_ms.unsigned_abs();
    if off < CLOCKS_DIFFER_MS {
        return None;
    }
    let side = if server.clock_ahead_ms > 0 { "ahead of" } else { "behind" };
    Some(Finding::warning(
        DIRECTORY,
        format!(
            "the clock of Redis at {} is {} {side} that of this machine",
            server.address,
            duration_text(off / 1_000 * 1_000)
        ),
        "set the clock that is wrong, and keep both right with a time service such as chrony",
    ))
}

fn memory(server: &RedisServerFound) -> Option<Finding> {
    let RedisServerFound { address, used_memory, max_memory, .. } = server;
    let is_full =
        *max_memory > 0 && used_memory.saturating_mul(100) >= max_memory.saturating_mul(NEARLY_FULL_PERCENT);
    is_full.then(|| {
        Finding::warning(
            DIRECTORY,
            format!(
                "Redis at {address} uses {} MiB of {} MiB (maxmemory)",
                used_memory >> 20,
                max_memory >> 20
            ),
            "raise maxmemory, or add shards: when it is full, logins and changes are refused",
        )
    })
}

fn good(found: &RedisFound, prefix: &str) -> String {
    let tls = if found.is_encrypted { ", over TLS" } else { "" };
    let data = match found.has_data {
        true => format!("it has data with the prefix {prefix}"),
        false => format!("it has no data with the prefix {prefix} yet"),
    };
    match &*found.servers {
        [server] => format!("{} at {} can be used{tls}; {data}", server.version, server.address),
        servers => {
            let addresses: Vec<_> = servers.iter().map(|server| &*server.address).collect();
            let count = counted(servers.len(), "server");
            format!("{count} of Redis ({}) can be used{tls}; {data}", addresses.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Level;
    use lamplight_server::RedisUnfit;

    fn server(address: &str) -> RedisServerFound {
        RedisServerFound {
            address: address.to_owned(),
            version: "Redis 7.0.15".to_owned(),
            used_memory: 10 << 20,
            max_memory: 0,
            replicas: 0,
            keeps_a_file: false,
            clock_ahead_ms: 20,
        }
    }

    fn found(servers: Vec<RedisServerFound>) -> RedisFound {
        RedisFound { servers, is_encrypted: false, has_data: true, facts: None, other_prefixes: [].into() }
    }

    fn told(found: &RedisFound) -> Vec<(Level, String)> {
        let findings = directory(found, "lm");
        assert!(findings.iter().all(|it| it.cure.is_empty() == (it.level == Level::Ok)), "{findings:?}");
        findings.into_iter().map(|it| (it.level, it.text)).collect()
    }

    #[test]
    fn a_good_directory_is_described() {
        let one = found(vec![server("127.0.0.1:6379")]);
        let text = "Redis 7.0.15 at 127.0.0.1:6379 can be used; it has data with the prefix lm";
        assert_eq!(told(&one), [(Level::Ok, text.to_owned())]);
        let several = RedisFound {
            is_encrypted: true,
            has_data: false,
            ..found(vec![server("10.0.0.1:1"), server("10.0.0.2:1")])
        };
        let text = "2 servers of Redis (10.0.0.1:1, 10.0.0.2:1) can be used, over TLS; it has no data with the prefix lm yet";
        assert_eq!(told(&several), [(Level::Ok, text.to_owned())]);
    }

    #[test]
    fn what_will_trouble_a_cluster_is_a_warning() {
        let here = || server("127.0.0.1:6379");
        for (found, expected) in [
            (found(vec![here(), server("10.0.0.1:6379")]), "Redis at 10.0.0.1:6379 is not encrypted"),
            (found(vec![RedisServerFound { clock_ahead_ms: 60_000, ..here() }]), "is 1m ahead of"),
            (found(vec![RedisServerFound { clock_ahead_ms: -120_000, ..here() }]), "is 2m behind that"),
            (
                found(vec![RedisServerFound { used_memory: 80 << 20, max_memory: 100 << 20, ..here() }]),
                "uses 80 MiB of 100 MiB",
            ),
            (
                RedisFound {
                    has_data: false,
                    other_prefixes: ["shop".to_owned()].into(),
                    ..found(vec![here()])
                },
                "no data with the prefix lm, but has data with shop",
            ),
        ] {
            let findings = told(&found);
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert!(findings[0].0 == Level::Warning && findings[0].1.contains(expected), "{findings:?}");
        }
        let full = RedisServerFound { used_memory: 79 << 20, max_memory: 100 << 20, ..here() };
        let off = RedisServerFound { clock_ahead_ms: -59_999, ..here() };
        assert_eq!(told(&found(vec![full, off]))[0].0, Level::Ok);
    }

    #[test]
    fn a_directory_that_cannot_be_used_is_wrong_and_names_the_server_and_a_cure() {
        for (source, expected, cure) in [
            (
                RedisOpenError::Replica,
                "a:1: the server is a replica, which accepts no writes",
                "name the master",
            ),
            (RedisOpenError::WrongPassword { code: "NOAUTH".into() }, "a:1: Redis refused", "requirepass"),
            (
                RedisOpenError::Evicts { found: "allkeys-lru".into() },
                "(maxmemory-policy allkeys-lru)",
                "CONFIG SET",
            ),
            (RedisOpenError::Late, "a:1: Redis did not answer in time", "is Redis running there"),
        ] {
            let finding =
                unusable_directory(&DirectoryProblem::Redis(RedisUnfit { server: "a:1".into(), source }));
            assert_eq!(finding.level, Level::Wrong);
            assert!(finding.text.contains(expected) && finding.cure.contains(cure), "{finding:?}");
        }
    }

    #[test]
    fn a_database_of_others_is_wrong_and_an_empty_one_is_not() {
        let mark = |history, count| Some(FactsMark { history, count });
        for (noted, found, expected) in [
            (None, mark(1, 1), None),
            (mark(1, 1), None, None),
            (mark(1, 1), mark(1, 2), None),
            (
                mark(1, 2),
                mark(1, 1),
                Some("(its mark is 1 of 1, theirs is 2 of 1), as after restoring a back-up"),
            ),
            (mark(1, 2), mark(2, 2), Some("belong to another database than the one of `facts`")),
        ] {
            let told = other_facts(noted, found);
            assert_eq!(told.is_some(), expected.is_some(), "{told:?}");
            let is_told = |finding: &Finding| finding.text.contains(expected.unwrap_or_default());
            assert!(told.iter().all(|it| it.level == Level::Wrong && is_told(it)), "{told:?}");
        }
    }

    #[test]
    fn a_cause_is_told_once() {
        let error = anyhow::anyhow!("refused").context("refused").context("connecting");
        assert_eq!(text_of(&*Box::<dyn Error>::from(error)), "connecting: refused");
    }
}
