//! Checks that the modules of a crate have no circular dependencies.
//!
//! The check finds paths that begin with `crate`, `self` or `super`, and follows re-exports. A module counts together
//! with its submodules. A parent and its children may depend on each other. Two siblings may depend on each other in
//! one direction only. Tests are not checked.

use super::File;
use std::collections::{BTreeMap, BTreeSet};

/// A circular dependency that is allowed, with the reason.
pub struct AllowedCircle {
    /// The modules of the circle, each in the form `crate-folder::a::b`, in ascending order.
    pub modules: &'static [&'static str],
    /// The reason.
    pub because: &'static str,
}

/// The circles that are allowed: none.
pub const ALLOWED: &[AllowedCircle] = &[];

/// The path of a module in its crate: the names of the modules from the root to it.
type Module = Vec<String>;

/// Returns the circles that are not allowed, and the exceptions that are no longer needed.
pub fn findings(files: &[File], allowed: &[AllowedCircle]) -> Vec<String> {
    let mut crates: BTreeMap<&str, Crate> = BTreeMap::new();
    for file in files {
        if let Some((name, module)) = place(&file.path) {
            crates.entry(name).or_default().insert(module, &file.text);
        }
    }
    let mut findings = Vec::new();
    let mut found_allowed = BTreeSet::new();
    for (name, krate) in &crates {
        for circle in krate.circles() {
            let modules: Vec<String> =
                circle.iter().map(|module| format!("{name}::{}", module.join("::"))).collect();
            match allowed.iter().position(|one| one.modules == modules) {
                Some(at) => drop(found_allowed.insert(at)),
                None => findings.push(format!(
                    "{}: these modules use each other; let the arrows between them point one way",
                    modules.join(" ↔ ")
                )),
            }
        }
    }
    for (at, one) in allowed.iter().enumerate() {
        if !found_allowed.contains(&at) {
            findings.push(format!(
                "{}: no longer a circle, so it needs no exception ({})",
                one.modules.join(" ↔ "),
                one.because
            ));
        }
    }
    findings
}

/// Returns the crate and the module of a file; `None` for programs, tests and other files.
fn place(path: &str) -> Option<(&str, Module)> {
    let (folder, file) = path.split_once("/src/")?;
    let name = folder.strip_prefix("crates/").unwrap_or(folder);
    let mut module: Module = file.strip_suffix(".rs")?.split('/').map(str::to_owned).collect();
    if name.contains('/') || module[0] == "bin" || module.iter().any(|part| part == "tests") {
        return None;
    }
    let head = module.last().map(String::as_str);
    if head == Some("mod") || (module.len() == 1 && matches!(head, Some("lib" | "main"))) {
        module.pop();
    }
    Some((name, module))
}

/// The modules of a crate, with the paths that each module uses and re-exports.
#[derive(Default)]
struct Crate {
    uses: BTreeMap<Module, Vec<Module>>,
    /// The re-exported names of each module, with their paths from the root of the crate.
    exports: BTreeMap<Module, BTreeMap<String, Module>>,
}

impl Crate {
    fn insert(&mut self, module: Module, text: &str) {
        let code = code_of(text);
        let mut uses = Vec::new();
        let mut exports = BTreeMap::new();
        for path in paths(&code) {
            let (tree, is_export) = (path.tree, path.is_export);
            let mut leaves = Vec::new();
            leaves_of(tree, &mut Vec::new(), &mut leaves);
            for leaf in leaves {
                let Some(from_root) = from_root(&module, &leaf, is_export) else { continue };
                if is_export && let Some(name) = leaf.last() {
                    exports.insert(name.clone(), from_root.clone());
                }
                uses.push(from_root);
            }
        }
        self.uses.entry(module.clone()).or_default().extend(uses);
        self.exports.entry(module).or_default().extend(exports);
    }

    /// Returns the module that defines the item with this path from the root.
    fn resolve(&self, path: &[String]) -> Module {
        let mut path = path.to_vec();
        // The number of re-exports that are followed is limited, because re-exports may be circular.
        for _ in 0..8 {
            let depth =
                (0..=path.len()).rev().find(|depth| self.uses.contains_key(&path[..*depth])).unwrap_or(0);
            let exports = self.exports.get(&path[..depth]);
            match path.get(depth).and_then(|name| exports?.get(name)) {
                Some(further) if *further != path => {
                    path = [further.as_slice(), &path[depth + 1..]].concat();
                }
                Some(_) | None => {
                    path.truncate(depth);
                    break;
                }
            }
        }
        path
    }

    /// Returns the groups of modules that depend on each other, sorted by the paths of the modules.
    fn circles(&self) -> Vec<Vec<Module>> {
        // A dependency between two modules counts as one between the two siblings at which their paths diverge.
        let mut arrows: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for (module, uses) in &self.uses {
            for used in uses.iter().map(|path| self.resolve(path)) {
                let common = module.iter().zip(&used).take_while(|(one, other)| one == other).count();
                if common < module.len().min(used.len()) {
                    let arrow = arrows.entry(module[..=common].to_vec()).or_default();
                    arrow.insert(used[..=common].to_vec());
                }
            }
        }
        let reached: BTreeMap<&Module, BTreeSet<&Module>> =
            arrows.keys().map(|from| (from, reached(&arrows, from))).collect();
        let reaches = |from: &Module, to: &Module| reached.get(from).is_some_and(|all| all.contains(to));
        let mut circles: Vec<Vec<Module>> = Vec::new();
        for module in arrows.keys().filter(|module| reaches(module, module)) {
            let same = |circle: &&mut Vec<Module>| reaches(module, &circle[0]) && reaches(&circle[0], module);
            match circles.iter_mut().find(same) {
                Some(circle) => circle.push(module.clone()),
                None => circles.push(vec![module.clone()]),
            }
        }
        circles
    }
}

/// Returns the modules that a module depends on, directly or indirectly.
fn reached<'a>(arrows: &'a BTreeMap<Module, BTreeSet<Module>>, from: &Module) -> BTreeSet<&'a Module> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&Module> = arrows.get(from).into_iter().flatten().collect();
    while let Some(module) = next.pop() {
        if reached.insert(module) {
            next.extend(arrows.get(module).into_iter().flatten());
        }
    }
    reached
}

/// Converts a path in a module to a path from the crate's root; `None` for another crate.
fn from_root(module: &Module, path: &[String], may_be_relative: bool) -> Option<Module> {
    let (first, rest) = path.split_first()?;
    match first.as_str() {
        "crate" => Some(rest.to_vec()),
        "self" => Some([module.as_slice(), rest].concat()),
        "super" => {
            let supers = path.iter().take_while(|part| *part == "super").count();
            let above = &module[..module.len().saturating_sub(supers)];
            Some([above, &path[supers..]].concat())
        }
        _ if may_be_relative => Some([module.as_slice(), path].concat()),
        _ => None,
    }
}

/// Returns the code without comments, string literals, and the tests at its end.
fn code_of(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut code = String::with_capacity(text.len());
    for line in text.lines() {
        let mut is_quoted = false;
        let mut before = ' ';
        for (at, letter) in line.char_indices() {
            if !is_quoted && line[at..].starts_with("//") {
                break;
            }
            if letter == '"' && before != '\\' && before != '\'' {
                is_quoted = !is_quoted;
            } else if !is_quoted {
                code.push(letter);
            }
            before = letter;
        }
        code.push('\n');
    }
    code
}

/// A place in the code. `tree` begins there with a path or with a tree of paths.
struct Path<'a> {
    tree: &'a str,
    is_export: bool,
}

/// Returns the tree of each `pub use`, and each place where a path begins with `crate`, `self` or `super`. If a path of
/// a `pub use` begins with one of these words, it is found twice.
fn paths(code: &str) -> Vec<Path<'_>> {
    let mut found = Vec::new();
    let is_of_name = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
    let begins = |at: usize| !code[..at].ends_with(is_of_name) && !code[..at].ends_with("::");
    for (at, word) in code.match_indices("use ") {
        let line = code[..at].rsplit(['\n', ';', '}']).next().unwrap_or_default().trim_start();
        if begins(at) && line.starts_with("pub") {
            let tree = code[at + word.len()..].split(';').next().unwrap_or_default();
            found.push(Path { tree, is_export: true });
        }
    }
    for root in ["crate::", "self::", "super::"] {
        for (at, _) in code.match_indices(root).filter(|(at, _)| begins(*at)) {
            found.push(Path { tree: &code[at..], is_export: false });
        }
    }
    found
}

/// Parses a tree of paths, such as `a::{b, c::{d, e as f}}`, at the start of a text. Appends its paths to `leaves`,
/// prefixed with `before`. Returns the rest.
fn leaves_of<'a>(mut text: &'a str, before: &mut Module, leaves: &mut Vec<Module>) -> &'a str {
    let depth = before.len();
    loop {
        text = text.trim_start();
        if let Some(group) = text.strip_prefix('{') {
            text = group;
            while !text.trim_start().is_empty() {
                text = leaves_of(text, before, leaves).trim_start();
                text = text.strip_prefix(',').unwrap_or(text).trim_start();
                if let Some(rest) = text.strip_prefix('}') {
                    text = rest;
                    break;
                }
                if !text.starts_with(|letter: char| letter.is_alphanumeric() || "_{*".contains(letter)) {
                    break;
                }
            }
            break;
        }
        let name =
            text.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default();
        text = &text[name.len()..];
        if name.is_empty() {
            text = text.strip_prefix('*').unwrap_or(text);
            leaves.push(before.clone());
            break;
        }
        // The path `a::{self}` means `a`.
        if name != "self" || before.is_empty() {
            before.push(name.to_owned());
        }
        match text.strip_prefix("::") {
            Some(rest) => text = rest,
            None => {
                leaves.push(before.clone());
                if let Some(renamed) = text.strip_prefix(" as ") {
                    text =
                        renamed.trim_start_matches(|letter: char| letter.is_alphanumeric() || letter == '_');
                }
                break;
            }
        }
    }
    before.truncate(depth);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the findings for files of a crate `a`.
    fn found(files: &[(&str, &str)], allowed: &[AllowedCircle]) -> Vec<String> {
        let file = |(path, text): &(&str, &str)| File {
            path: format!("crates/a/src/{path}"),
            text: (*text).to_owned(),
        };
        findings(&files.iter().map(file).collect::<Vec<_>>(), allowed)
    }

    #[test]
    fn neighbours_that_use_each_other_are_a_circle() {
        for (files, expected) in [
            (&[("b.rs", "use crate::c::C;"), ("c.rs", "use crate::b::B;")][..], Some("a::b ↔ a::c")),
            (&[("b.rs", "use crate::c::C;"), ("c.rs", "fn c() { crate::b::b() }")], Some("a::b ↔ a::c")),
            (&[("b.rs", "use super::c;"), ("c.rs", "use {crate::{d, b::B}};")], Some("a::b ↔ a::c")),
            (
                &[("b.rs", "use crate::{x::{y, z}, c::C as D, d};"), ("c.rs", "use crate::b;")],
                Some("a::b ↔ a::c"),
            ),
            (
                &[("b/c.rs", "use super::d;"), ("b/d.rs", "use super::c::{self, C};")],
                Some("a::b::c ↔ a::b::d"),
            ),
            // A circle of three modules, and a circle of folders whose files form no circle.
            (
                &[("b.rs", "use crate::c;"), ("c.rs", "use crate::d;"), ("d.rs", "use crate::b;")],
                Some("a::b ↔ a::c ↔ a::d"),
            ),
            (
                &[
                    ("b/x.rs", "use crate::c::y;"),
                    ("c/y.rs", ""),
                    ("c.rs", ""),
                    ("c/z.rs", "use crate::b::x;"),
                ],
                Some("a::b ↔ a::c"),
            ),
            // A circle over a name that the root or a folder re-exports.
            (
                &[("lib.rs", "pub use b::{A, B};"), ("b.rs", "use crate::c::C;"), ("c.rs", "use crate::B;")],
                Some("a::b ↔ a::c"),
            ),
            (
                &[
                    ("b/mod.rs", ""),
                    ("b/x.rs", ""),
                    ("c.rs", "pub(crate) use crate::b::x::X;"),
                    ("d.rs", "use crate::c::X;"),
                    ("b/y.rs", "use crate::d;"),
                ],
                Some("a::b ↔ a::d"),
            ),
            // Dependencies in only one direction.
            (&[("b.rs", "use crate::c::C;"), ("c.rs", "use crate::d::D;"), ("d.rs", "")], None),
            // Parents and children.
            (&[("b.rs", "use crate::b::c::C;"), ("b/c.rs", "use super::B;\nuse crate::b::B;")], None),
            // Comments, string literals, tests, other crates, macros, and similar names.
            (&[("b.rs", "use crate::c::C;"), ("c.rs", "// crate::b::B\n/// crate::b")], None),
            (&[("b.rs", "use crate::c::C;"), ("c.rs", "let a = \"crate::b::B\";")], None),
            (&[("b.rs", "use crate::c::C;"), ("c.rs", "#[cfg(test)]\nmod tests { use crate::b; }")], None),
            (&[("b.rs", "use crate::c::C;"), ("c/tests.rs", "use crate::b;"), ("c.rs", "")], None),
            (&[("b.rs", "use crate::c::C;"), ("c.rs", "use other::b::B; use b::B;")], None),
            (&[("b.rs", "use crate::c::C;"), ("c.rs", "$crate::b::B; mycrate::b::B; pub(crate) b;")], None),
            (&[("b.rs", "use crate::c::C;"), ("c.rs", "use crate::bb::B;"), ("bb.rs", "")], None),
            (&[("b.rs", "use crate::c::C;"), ("bin/c.rs", "use crate::b;")], None),
        ] {
            let found = found(files, &[]);
            match expected {
                None => assert_eq!(found, [""; 0], "{files:?}"),
                Some(circle) => assert!(
                    matches!(&found[..], [one] if one.starts_with(&format!("{circle}:"))),
                    "{files:?}\n{found:?}"
                ),
            }
        }
    }

    #[test]
    fn crates_are_apart() {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let files = [file("crates/a/src/b.rs", "use crate::c;"), file("xtask/src/c.rs", "use crate::b;")];
        assert_eq!(findings(&files, &[]), [""; 0]);
    }

    #[test]
    fn a_circle_that_is_allowed_is_needed_or_goes() {
        const ALLOWED: &[AllowedCircle] =
            &[AllowedCircle { modules: &["a::b", "a::c"], because: "they are one" }];
        assert_eq!(found(&[("b.rs", "use crate::c;"), ("c.rs", "use crate::b;")], ALLOWED), [""; 0]);
        let found = found(&[("b.rs", "use crate::c;"), ("c.rs", "")], ALLOWED);
        assert!(matches!(&found[..], [one] if one.contains("no longer a circle")), "{found:?}");
    }
}
