//! The claim of a program to a database: one server uses the database alone, or the nodes of one cluster share it.
//!
//! Each connection of a program has an advisory lock that says how the program uses the database. A new connection is
//! checked against the locks of the other connections, and then takes its own lock. A further lock makes the checks
//! exclusive. All open connections therefore belong to one server or to one cluster.

use lamplight_model::FactsMark;

/// The first number of the lock of a program that uses a database alone. The second number identifies the program.
const ALONE: i32 = 76_110;
/// The first number of the lock of a cluster's node. The second number is derived from the cluster's identity.
const CLUSTER: i32 = 76_111;
/// The first number of the lock that distinguishes the nodes of a cluster. The second number identifies the program.
pub(crate) const MEMBER: i32 = 76_112;
/// The first number of the lock that a connection has during its check. The second number is 0.
const CHECK: i32 = 76_113;

/// The SQLSTATEs of failed checks. PostgreSQL itself uses none that begins with these letters.
const BY_SERVER: &str = "LG001";
const BY_CLUSTER: &str = "LG002";
const BY_OTHER_CLUSTER: &str = "LG003";
const EXCHANGED: &str = "LG004";

/// The identity of a cluster. All nodes with the same directory have the same identity. The advisory locks contain 31
/// bits that are derived from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClusterIdentity(pub u64);

impl ClusterIdentity {
    /// The second number of the advisory lock. It depends on every bit of the identity.
    fn lock(self) -> i32 {
        let mixed =
            self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        i32::try_from(mixed >> 33).unwrap_or(0)
    }
}

/// The reason why a database cannot be used: other programs use it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InUse {
    /// A server or a command uses the database alone.
    #[error(
        "another server or command of Lamplight has exclusive use of the database: stop it first, because two servers \
         would not see each other's connections; if its machine was lost, PostgreSQL notices within a minute"
    )]
    ByServer,
    /// The nodes of a cluster use the database. This program wants to use it alone.
    #[error(
        "the nodes of a cluster use the database: a server joins them with the setting `directory`, and a command must \
         be sent to one of them, with `--data-dir` of that node"
    )]
    ByCluster,
    /// The nodes of a cluster with another directory use the database.
    #[error(
        "the nodes of another cluster use the database: all nodes with this database need the same `directory`, \
         `directory_prefix`, `node_lease_ms` and `node_loss_grace_ms`; or use another database"
    )]
    ByOtherCluster,
}

impl InUse {
    /// Returns the reason for an SQLSTATE of a failed check; `None` for other SQLSTATEs.
    pub(crate) fn of_state(state: &str) -> Option<Self> {
        match state {
            BY_SERVER => Some(Self::ByServer),
            BY_CLUSTER => Some(Self::ByCluster),
            BY_OTHER_CLUSTER => Some(Self::ByOtherCluster),
            _ => None,
        }
    }
}

/// The claim of a program to a database. All connections of the program make this claim.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Claim {
    /// A random number that identifies the program, 0 or higher.
    number: i32,
    usage: Usage,
}

/// The way in which a program uses a database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Usage {
    /// The program only examines the database, beside the programs that use it.
    Visit,
    /// The program only reads facts, beside the programs that use the database.
    Read,
    Alone,
    Cluster(ClusterIdentity),
}

impl Claim {
    /// Creates the claim of a node of `cluster`. If `cluster` is `None`, creates the claim of a program that uses the
    /// database alone.
    pub(crate) fn new(cluster: Option<ClusterIdentity>) -> Self {
        let usage = cluster.map_or(Usage::Alone, Usage::Cluster);
        Self { number: rand::random::<i32>() & i32::MAX, usage }
    }

    /// Creates the claim of a program that only examines the database. It takes no lock.
    pub(crate) fn visit() -> Self {
        Self { number: 0, usage: Usage::Visit }
    }

    /// The claim of a program that only reads facts: it takes no lock, and PostgreSQL refuses its writes.
    pub(crate) fn read() -> Self {
        Self { number: 0, usage: Usage::Read }
    }

    /// The number that identifies the program.
    pub(crate) fn number(self) -> i32 {
        self.number
    }

    /// The identity of the program's cluster; `None` for a program that is no node of a cluster.
    pub(crate) fn cluster(self) -> Option<ClusterIdentity> {
        match self.usage {
            Usage::Cluster(cluster) => Some(cluster),
            Usage::Visit | Usage::Read | Usage::Alone => None,
        }
    }

    /// The statement that checks a new connection, and then takes its locks. If other claims exclude this claim, the
    /// statement fails and takes no lock.
    pub(crate) fn statement(self) -> String {
        let Self { number, usage } = self;
        let (conflicting, locks, by_cluster) = match usage {
            Usage::Visit => return String::new(),
            Usage::Read => return "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;".to_owned(),
            Usage::Alone => (
                format!("classid = {ALONE} AND objid <> {number} OR classid = {CLUSTER}"),
                format!("PERFORM pg_advisory_lock_shared({ALONE}, {number});"),
                BY_CLUSTER,
            ),
            Usage::Cluster(cluster) => {
                let cluster = cluster.lock();
                (
                    format!("classid = {ALONE} OR classid = {CLUSTER} AND objid <> {cluster}"),
                    format!(
                        "PERFORM pg_advisory_lock_shared({CLUSTER}, {cluster});
                         PERFORM pg_advisory_lock_shared({MEMBER}, {number});"
                    ),
                    BY_OTHER_CLUSTER,
                )
            }
        };
        format!(
            "DO $claim$
             DECLARE _of oid;
             BEGIN
                 PERFORM pg_advisory_xact_lock({CHECK}, 0);
                 SELECT classid INTO _of FROM pg_locks WHERE {LOCKS} AND ({conflicting}) LIMIT 1;
                 IF _of = {ALONE} THEN RAISE EXCEPTION 'in use' USING ERRCODE = '{BY_SERVER}'; END IF;
                 IF FOUND THEN RAISE EXCEPTION 'in use' USING ERRCODE = '{by_cluster}'; END IF;
                 {locks}
             END $claim$;"
        )
    }
}

/// The condition for advisory locks with two numbers in this database.
const LOCKS: &str = "locktype = 'advisory' AND objsubid = 2 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

/// Returns `true` if this is the SQLSTATE of a failed [`mark_statement`].
pub(crate) fn is_exchanged(state: &str) -> bool {
    state == EXCHANGED
}

/// The statement that fails if the facts lack a change that is part of the mark `known`.
pub(crate) fn mark_statement(known: FactsMark) -> String {
    let (history, count) = (known.history.cast_signed(), known.count.cast_signed());
    format!(
        "DO $mark$
         DECLARE _history bigint; _count bigint;
         BEGIN
             IF to_regclass('mark') IS NOT NULL THEN SELECT history, count INTO _history, _count FROM mark; END IF;
             IF _history IS DISTINCT FROM {history} OR _count < {count} THEN
                 RAISE EXCEPTION 'its mark is % of %, and this server knows {count} of {history}', _count, _history
                 USING ERRCODE = '{EXCHANGED}';
             END IF;
         END $mark$;"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_of_an_identity_counts() {
        for identity in [0, 1, u64::MAX, 0x1234_5678_9abc_def0] {
            let lock = ClusterIdentity(identity).lock();
            assert!(lock >= 0);
            for bit in 0..64 {
                assert_ne!(ClusterIdentity(identity ^ 1 << bit).lock(), lock, "{identity} {bit}");
            }
        }
    }
}
