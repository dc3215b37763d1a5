//! The table of the allowed dependencies between Lamplight's crates, and a check of the actual dependencies.
//!
//! Direct and indirect normal dependencies are checked. Dependencies of tests and build scripts are not compiled into
//! the crate.

use crate::ground::{Ground, output};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};

/// The dependencies that one of Lamplight's crates may have.
struct Rule {
    of: &'static str,
    /// The crates of Lamplight on which this crate may depend, directly or indirectly. All others are forbidden.
    ours: &'static [&'static str],
    /// The third-party crates on which this crate must not depend, directly or indirectly.
    never: &'static [Others],
    because: &'static str,
}

/// A group of third-party crates.
struct Others {
    what: &'static str,
    names: &'static [&'static str],
}

const RUNTIME: Others =
    Others { what: "a runtime or its sockets", names: &["tokio", "mio", "socket2", "async-std", "smol"] };
const WEB: Others = Others {
    what: "the web or TLS",
    names: &["axum", "hyper", "tower", "tungstenite", "tokio-tungstenite", "rustls", "tokio-rustls"],
};
const HTTP: Others =
    Others { what: "the web", names: &["axum", "hyper", "tower", "tungstenite", "tokio-tungstenite"] };
const SQL: Others = Others { what: "a database", names: &["rusqlite", "libsqlite3-sys", "tokio-postgres"] };
const REDIS: Others = Others { what: "Redis", names: &["redis", "fred"] };
const CHANCE: Others = Others { what: "randomness", names: &["rand", "rand_core", "getrandom", "fastrand"] };
const CLOCK: Others = Others { what: "a clock", names: &["time", "chrono", "jiff", "quanta"] };
const MESSAGES: Others = Others { what: "messages", names: &["prost", "pbjson"] };
const TELEMETRY: Others =
    Others { what: "a log or metrics", names: &["tracing", "log", "prometheus-client"] };

/// The allowed dependencies of each crate, with the reasons. ARCHITECTURE.md shows them as arrows.
const RULES: &[Rule] = &[
    Rule {
        of: "lamplight-model",
        ours: &[],
        never: &[RUNTIME, WEB, SQL, REDIS, CHANCE, CLOCK, MESSAGES, TELEMETRY],
        because: "it has only values, on which everything else depends",
    },
    Rule {
        of: "lamplight-core",
        ours: &["lamplight-model"],
        never: &[RUNTIME, WEB, SQL, REDIS, CHANCE, CLOCK, MESSAGES, TELEMETRY],
        because: "the rules are pure: same inputs, same outputs, same order",
    },
    Rule {
        of: "lamplight-wire",
        ours: &["lamplight-model"],
        never: &[RUNTIME, WEB, SQL, REDIS, CHANCE, CLOCK],
        because: "it converts bytes and messages; it has no sockets, and does not act on messages",
    },
    Rule {
        of: "lamplight-protocol",
        ours: &["lamplight-model", "lamplight-wire"],
        never: &[RUNTIME, SQL, REDIS, CLOCK],
        because: "it turns bytes into messages; the sockets and TLS they come through are the server's",
    },
    Rule {
        of: "lamplight-auth",
        ours: &["lamplight-model"],
        never: &[RUNTIME, WEB, SQL, REDIS, CHANCE, CLOCK, MESSAGES],
        because: "the present and the bytes of a key are arguments",
    },
    Rule {
        of: "lamplight-facts",
        ours: &["lamplight-model"],
        never: &[RUNTIME, WEB, SQL, REDIS, MESSAGES],
        because: "a port must not depend on its adapters",
    },
    Rule {
        of: "lamplight-facts-sqlite",
        ours: &["lamplight-model", "lamplight-facts"],
        never: &[WEB, REDIS, MESSAGES],
        because: "an adapter depends on its port and its store, and has no rules and no messages",
    },
    Rule {
        of: "lamplight-facts-postgres",
        ours: &["lamplight-model", "lamplight-facts"],
        never: &[HTTP, REDIS, MESSAGES],
        because: "an adapter knows its port and its store, reached over TLS, but no rule and no message",
    },
    Rule {
        of: "lamplight-directory",
        ours: &["lamplight-model", "lamplight-core"],
        never: &[WEB, SQL, REDIS, MESSAGES],
        because: "a directory keeps records and reports changes; it depends on no other store and no messages",
    },
    Rule {
        of: "lamplight-directory-redis",
        ours: &["lamplight-model", "lamplight-core", "lamplight-directory"],
        never: &[SQL, MESSAGES],
        because: "an adapter knows its port and its store, no facts and no message",
    },
    Rule {
        of: "lamplight-service",
        ours: &[
            "lamplight-model",
            "lamplight-core",
            "lamplight-auth",
            "lamplight-facts",
            "lamplight-directory",
        ],
        never: &[WEB, SQL, REDIS, CHANCE, MESSAGES],
        because: "the operations depend on the ports, but not on adapters, sockets or messages",
    },
    Rule {
        of: "lamplight-server",
        ours: &[
            "lamplight-model",
            "lamplight-core",
            "lamplight-wire",
            "lamplight-protocol",
            "lamplight-auth",
            "lamplight-facts",
            "lamplight-facts-sqlite",
            "lamplight-facts-postgres",
            "lamplight-directory",
            "lamplight-directory-redis",
            "lamplight-service",
        ],
        never: &[],
        because: "the shell needs no client, and no crate that measures or tests it",
    },
    Rule {
        of: "lamplight-client",
        ours: &["lamplight-model", "lamplight-wire"],
        never: &[SQL, REDIS],
        because: "a client and a server share only the contract",
    },
    Rule {
        of: "lamplight-testbed",
        ours: &[],
        never: &[RUNTIME, WEB, SQL, REDIS, MESSAGES],
        because: "it starts other programs and speaks to them by their own command lines",
    },
    Rule {
        of: "lamplight-load",
        ours: &[
            "lamplight-model",
            "lamplight-wire",
            "lamplight-auth",
            "lamplight-client",
            "lamplight-testbed",
        ],
        never: &[SQL, REDIS],
        because: "load comes from outside of the server, like that of clients",
    },
    Rule {
        of: "lamplight-attack",
        ours: &[
            "lamplight-model",
            "lamplight-wire",
            "lamplight-auth",
            "lamplight-client",
            "lamplight-testbed",
            "lamplight-load",
        ],
        never: &[SQL, REDIS],
        because: "an attack comes from outside; the server is another process",
    },
    Rule {
        of: "lamplight-peers",
        ours: &["lamplight-model", "lamplight-wire", "lamplight-auth", "lamplight-testbed", "lamplight-load"],
        never: &[SQL, REDIS],
        because: "one generator drives all servers from outside, with codecs of its own",
    },
    Rule {
        of: "lamplight-plots",
        ours: &[],
        never: &[RUNTIME, WEB, SQL, REDIS, CHANCE, CLOCK, MESSAGES, TELEMETRY],
        because: "a plot depends on its report alone",
    },
    Rule {
        of: "lamplight-fuzz",
        ours: &[
            "lamplight-model",
            "lamplight-core",
            "lamplight-wire",
            "lamplight-protocol",
            "lamplight-auth",
            "lamplight-facts",
            "lamplight-facts-sqlite",
            "lamplight-facts-postgres",
            "lamplight-directory",
            "lamplight-directory-redis",
            "lamplight-service",
            "lamplight-server",
        ],
        never: &[],
        because: "it tests everything that reads bytes from outside, up to a whole node",
    },
    Rule {
        of: "lamplight-instructions",
        ours: &[
            "lamplight-model",
            "lamplight-core",
            "lamplight-wire",
            "lamplight-protocol",
            "lamplight-auth",
            "lamplight-facts",
            "lamplight-facts-sqlite",
            "lamplight-directory",
            "lamplight-service",
        ],
        never: &[REDIS],
        because: "it counts functions without sockets, and statements of SQLite alone",
    },
    Rule {
        of: "lamplight-sim",
        ours: &[
            "lamplight-model",
            "lamplight-core",
            "lamplight-auth",
            "lamplight-facts",
            "lamplight-facts-sqlite",
            "lamplight-directory",
            "lamplight-service",
        ],
        never: &[WEB],
        because: "the simulated world has no sockets",
    },
    Rule {
        of: "lamplight",
        ours: &[
            "lamplight-model",
            "lamplight-core",
            "lamplight-wire",
            "lamplight-protocol",
            "lamplight-auth",
            "lamplight-facts",
            "lamplight-facts-sqlite",
            "lamplight-facts-postgres",
            "lamplight-directory",
            "lamplight-directory-redis",
            "lamplight-service",
            "lamplight-server",
            "lamplight-client",
            "lamplight-testbed",
            "lamplight-load",
        ],
        never: &[],
        because: "the binary puts everything together, except what only tests need",
    },
    Rule {
        of: "xtask",
        ours: &["lamplight-model"],
        never: &[RUNTIME, WEB, SQL, REDIS],
        because: "it is compiled first on a new machine, so it has to be small",
    },
];

/// The dependencies that are not followed, as pairs of `from` and `to`. The libraries that verify JWTs depend on a
/// clock and random numbers, but only for functions that `auth` does not call.
const CUT: &[(&str, &str)] =
    &[("lamplight-auth", "jsonwebtoken"), ("lamplight-auth", "ring"), ("lamplight-auth", "signature")];

/// Fails if a crate depends on a forbidden crate, directly or indirectly.
pub fn check(ground: &Ground) -> Result<()> {
    let metadata = output(&mut ground.cargo("metadata --format-version 1 --locked"))?;
    let graph = Graph::read(&serde_json::from_str(&metadata)?)?;
    let findings = findings(&graph, RULES, CUT);
    for finding in &findings {
        eprintln!("{finding}");
    }
    if !findings.is_empty() {
        bail!("{} forbidden; the table and its reasons are in xtask/src/arrows.rs", findings.len());
    }
    println!("{} crates comply with the table", RULES.len());
    Ok(())
}

/// The packages and their normal dependencies. A package is an index into `names`.
#[derive(Default)]
struct Graph {
    names: Vec<String>,
    depends_on: Vec<Vec<usize>>,
    members: Vec<usize>,
}

impl Graph {
    /// Parses the output of `cargo metadata`.
    fn read(metadata: &Value) -> Result<Self> {
        let mut graph = Self::default();
        let mut places = BTreeMap::new();
        for package in list(metadata, "packages")? {
            places.insert(text(package, "id")?, graph.names.len());
            graph.names.push(text(package, "name")?.to_owned());
        }
        let place = |id: &str| places.get(id).copied().with_context(|| format!("no package `{id}`"));
        graph.depends_on = vec![Vec::new(); graph.names.len()];
        for node in list(&metadata["resolve"], "nodes")? {
            let from = place(text(node, "id")?)?;
            for dependency in list(node, "deps")? {
                // The kind of a normal dependency is `null` in this output.
                if list(dependency, "dep_kinds")?.iter().any(|kind| kind["kind"].is_null()) {
                    graph.depends_on[from].push(place(text(dependency, "pkg")?)?);
                }
            }
        }
        for member in list(metadata, "workspace_members")? {
            graph.members.push(place(member.as_str().context("the name of a member is not a string")?)?);
        }
        Ok(graph)
    }

    fn member(&self, name: &str) -> Option<usize> {
        self.members.iter().copied().find(|member| self.names[*member] == name)
    }

    /// Returns the shortest path from `from` to each package that it can reach without the dependencies in `cut`.
    fn ways(&self, from: usize, cut: &[(&str, &str)]) -> BTreeMap<usize, Vec<usize>> {
        let mut ways = BTreeMap::from([(from, vec![from])]);
        let mut queue = VecDeque::from([from]);
        while let Some(at) = queue.pop_front() {
            for next in &self.depends_on[at] {
                let arrow = (self.names[at].as_str(), self.names[*next].as_str());
                if !cut.contains(&arrow) && !ways.contains_key(next) {
                    let way = [ways[&at].as_slice(), &[*next]].concat();
                    ways.insert(*next, way);
                    queue.push_back(*next);
                }
            }
        }
        ways.remove(&from);
        ways
    }
}

fn list<'a>(value: &'a Value, key: &str) -> Result<&'a Vec<Value>> {
    value[key].as_array().with_context(|| format!("cargo metadata: no list `{key}`"))
}

fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str> {
    value[key].as_str().with_context(|| format!("cargo metadata: no string `{key}`"))
}

/// Returns one sentence for each forbidden dependency, each crate without a rule, and each rule without a crate.
fn findings(graph: &Graph, rules: &[Rule], cut: &[(&str, &str)]) -> Vec<String> {
    let mut findings = Vec::new();
    for member in &graph.members {
        let name = &graph.names[*member];
        if !rules.iter().any(|rule| rule.of == name) {
            findings
                .push(format!("{name} is new: add a row for it, with the reason for what it may depend on"));
        }
    }
    for rule in rules {
        let Some(from) = graph.member(rule.of) else {
            findings.push(format!("{} has a row, but is not in the workspace", rule.of));
            continue;
        };
        for (reached, way) in graph.ways(from, cut) {
            let name = graph.names[reached].as_str();
            let kept_out = rule.never.iter().find(|others| others.names.contains(&name));
            let what = if graph.members.contains(&reached) && !rule.ours.contains(&name) {
                name
            } else if let Some(others) = kept_out {
                others.what
            } else {
                continue;
            };
            let way: Vec<&str> = way.iter().map(|place| graph.names[*place].as_str()).collect();
            findings.push(format!(
                "{} must not know {what} ({}): {}",
                rule.of,
                rule.because,
                way.join(" → ")
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TWO_RULES: &[Rule] = &[
        Rule { of: "core", ours: &["model"], never: &[RUNTIME, CHANCE], because: "it is pure" },
        Rule { of: "model", ours: &[], never: &[RUNTIME], because: "it is all values" },
    ];

    /// Makes a graph from lines such as `from: to to`, with these members of the workspace.
    fn graph(members: &[&str], lines: &[&str]) -> Graph {
        let mut graph = Graph::default();
        let mut place = |name: &str| {
            let known = graph.names.iter().position(|known| known == name);
            known.unwrap_or_else(|| {
                graph.names.push(name.to_owned());
                graph.depends_on.push(Vec::new());
                graph.names.len() - 1
            })
        };
        let members = members.iter().map(|name| place(name)).collect();
        let mut edges = Vec::new();
        for line in lines {
            let (from, to) = line.split_once(": ").unwrap();
            edges.extend(to.split(' ').map(|to| (place(from), place(to))));
        }
        for (from, to) in edges {
            graph.depends_on[from].push(to);
        }
        graph.members = members;
        graph
    }

    #[test]
    fn an_arrow_is_forbidden_however_long_it_is() {
        let both = &["core", "model"];
        for (lines, expected) in [
            (&["core: model slab"][..], &[][..]),
            (&["core: tokio"], &["core must not know a runtime or its sockets (it is pure): core → tokio"]),
            (
                &["core: slab", "slab: deep", "deep: getrandom"],
                &["core must not know randomness (it is pure): core → slab → deep → getrandom"],
            ),
            (&["model: core"], &["model must not know core (it is all values): model → core"]),
            (
                &["core: model", "model: mio"],
                &[
                    "core must not know a runtime or its sockets (it is pure): core → model → mio",
                    "model must not know a runtime or its sockets (it is all values): model → mio",
                ],
            ),
            (&["slab: tokio"], &[]),
        ] {
            assert_eq!(findings(&graph(both, lines), TWO_RULES, &[]), expected, "{lines:?}");
        }
    }

    #[test]
    fn behind_a_cut_arrow_nothing_counts() {
        let cut = &[("core", "library")];
        for (lines, count) in [
            (&["core: library", "library: tokio"][..], 0),
            (&["core: library other", "library: deep", "other: deep", "deep: tokio"], 1),
            (&["model: library", "library: tokio"], 1),
        ] {
            let found = findings(&graph(&["core", "model"], lines), TWO_RULES, cut);
            assert_eq!(found.len(), count, "{lines:?}: {found:?}");
        }
    }

    #[test]
    fn the_table_and_the_workspace_name_the_same_crates() {
        let found = findings(&graph(&["core", "model", "adapter"], &[]), TWO_RULES, &[]);
        assert!(matches!(&found[..], [one] if one.starts_with("adapter is new")), "{found:?}");
        let found = findings(&graph(&["core"], &[]), TWO_RULES, &[]);
        assert_eq!(found, ["model has a row, but is not in the workspace"]);
    }

    #[test]
    fn every_row_of_the_table_that_is_broken_is_found() {
        for rule in RULES {
            let members: Vec<&str> = RULES.iter().map(|rule| rule.of).collect();
            let ours = members.iter().filter(|name| **name != rule.of && !rule.ours.contains(name));
            let others = rule.never.iter().flat_map(|others| others.names);
            for forbidden in ours.chain(others) {
                let found = findings(&graph(&members, &[&format!("{}: {forbidden}", rule.of)]), RULES, CUT);
                assert!(!found.is_empty(), "{} → {forbidden}", rule.of);
            }
        }
    }

    #[test]
    fn of_the_metadata_only_normal_dependencies_count() {
        let dependency = |id, kind| json!({ "pkg": id, "dep_kinds": [{ "kind": kind, "target": null }] });
        let package = |name: &str| json!({ "id": format!("path#{name}@1"), "name": name });
        let metadata = json!({
            "packages": [package("core"), package("normal"), package("for-tests"), package("for-builds")],
            "workspace_members": ["path#core@1"],
            "resolve": { "nodes": [
                { "id": "path#core@1", "deps": [
                    dependency("path#normal@1", None),
                    dependency("path#for-tests@1", Some("dev")),
                    dependency("path#for-builds@1", Some("build")),
                ] },
                { "id": "path#normal@1", "deps": [] },
            ] },
        });
        let graph = Graph::read(&metadata).unwrap();
        assert_eq!(graph.depends_on, [vec![1], vec![], vec![], vec![]]);
        assert_eq!(graph.member("core"), Some(0));
        assert_eq!(graph.member("normal"), None);
        assert!(Graph::read(&json!({})).is_err());
    }
}
