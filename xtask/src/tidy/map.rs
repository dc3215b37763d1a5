//! Checks that every path in ARCHITECTURE.md exists.

use super::File;
use std::collections::BTreeSet;

/// The page whose paths are checked.
pub const MAP: &str = "ARCHITECTURE.md";

/// The folders to which a path on the page may be relative. A path may also be relative to an earlier path of its
/// paragraph.
const BEGINNINGS: [&str; 3] = ["", "crates/", "web/packages/"];

/// The endings of file names. A name without a `/` counts as a file if it has such an ending.
const FILES: [&str; 7] = [".rs", ".ts", ".md", ".toml", ".json", ".proto", ".css"];

/// Returns the paths that do not exist, each in the form `ARCHITECTURE.md:line: what`.
pub fn findings(files: &[File]) -> Vec<String> {
    let Some(page) = files.iter().find(|file| file.path == MAP) else { return Vec::new() };
    let tree = Tree::of(files);
    let mut findings = Vec::new();
    let mut is_list = false;
    // The parent folder of the current list of folders, and the folders that were named so far in the paragraph.
    let mut listed = String::new();
    let mut folders: BTreeSet<String> = BTreeSet::new();
    for (number, line) in page.text.lines().enumerate() {
        let mut missing = |path: &str| findings.push(format!("{MAP}:{}: there is no `{path}`", number + 1));
        if line.starts_with("```") {
            is_list = !is_list;
            listed.clear();
        } else if is_list {
            let name = line.split_whitespace().next().unwrap_or_default();
            if line.starts_with("  ") && !line.starts_with("   ") && !listed.is_empty() {
                let path = format!("{listed}{name}");
                if !tree.has(&path) {
                    missing(&path);
                }
            } else if !line.starts_with(' ') {
                listed.clear();
                if name.ends_with('/') {
                    name.clone_into(&mut listed);
                    if !tree.has(name) {
                        missing(name);
                    }
                }
            }
        } else {
            if line.trim().is_empty() || line.starts_with('|') {
                folders.clear();
            }
            for path in line.split('`').skip(1).step_by(2).filter(|text| is_path(text)) {
                let beginnings = BEGINNINGS.iter().copied().chain(folders.iter().map(String::as_str));
                let found = beginnings.map(|from| format!("{from}{path}")).find(|path| tree.has(path));
                match found {
                    Some(found) => {
                        let found = found.trim_end_matches('/');
                        let parts = found.match_indices('/').map(|(at, _)| found[..=at].to_owned());
                        folders.extend(parts);
                        folders.insert(format!("{found}/"));
                    }
                    None => missing(path),
                }
            }
        }
    }
    findings
}

/// Returns `true` if a text in backticks is the path of a file or a folder.
fn is_path(text: &str) -> bool {
    let letters = text.chars().all(|letter| letter.is_alphanumeric() || "._-/@".contains(letter));
    let is_file = FILES.iter().any(|end| text.ends_with(end));
    letters && !text.starts_with('/') && (text.contains('/') || is_file)
}

/// The files and folders of the repository.
struct Tree<'a> {
    paths: BTreeSet<&'a str>,
}

impl<'a> Tree<'a> {
    fn of(files: &'a [File]) -> Self {
        let mut paths = BTreeSet::new();
        for file in files {
            paths.insert(file.path.as_str());
            paths.extend(file.path.match_indices('/').map(|(at, _)| &file.path[..at]));
        }
        Self { paths }
    }

    fn has(&self, path: &str) -> bool {
        self.paths.contains(path.trim_end_matches('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_of_the_map_leads_somewhere() {
        for (text, missing) in [
            ("`core/src/policy.rs`", None),
            ("`docs/spec.md`, `clippy.toml`, `core/src/presence/`", None),
            ("`chat/src/link.ts`", None),
            ("| it | `core/src/presence.rs`, `policy.rs`; `presence/facts.rs` |", None),
            ("`core/src/presence.rs` and\n`policy.rs`", None),
            ("`service.send_message`, `cargo xtask test`, `/console`, `unsafe`, `presence`", None),
            ("`core/src/gone.rs`", Some("core/src/gone.rs")),
            ("`core/src/gone/`", Some("core/src/gone/")),
            ("`policy.rs`", Some("policy.rs")),
            ("`core/src/presence.rs`\n\n`policy.rs`", Some("policy.rs")),
            ("| `core/src/presence.rs` |\n| `policy.rs` |", Some("policy.rs")),
            ("`chat/src/link.ts`, `policy.rs`", Some("policy.rs")),
            ("```\ncrates/\n  core   rules\n         and more\ndocs/  pages\n```", None),
            ("```\na ─ b\n  core\n```", None),
            ("```\ncrates/\n  gone   rules\n```", Some("crates/gone")),
            ("```\ngone/\n```", Some("gone/")),
        ] {
            let file = |path: &str, text: &str| File { path: path.into(), text: text.into() };
            let tree = [
                "clippy.toml",
                "docs/spec.md",
                "crates/core/src/policy.rs",
                "crates/core/src/presence.rs",
                "crates/core/src/presence/facts.rs",
                "web/packages/chat/src/link.ts",
            ];
            let mut files: Vec<File> = tree.iter().map(|path| file(path, "")).collect();
            files.push(file(MAP, text));
            let found = findings(&files);
            match missing {
                None => assert_eq!(found, [""; 0], "{text}"),
                Some(path) => {
                    let end = format!("there is no `{path}`");
                    assert!(matches!(&found[..], [one] if one.ends_with(&end)), "{text}\n{found:?}");
                }
            }
        }
    }
}
