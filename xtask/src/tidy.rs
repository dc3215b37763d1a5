//! The rules for the text of the repository. Each rule is one function on files in memory.

mod circles;
mod map;
mod named_pages;

use crate::ground::{Ground, output};
use crate::{dockerfile, fuzz_lock};
use anyhow::{Result, bail};
use circles::ALLOWED;
use std::fs;

/// A text file, with its path relative to the root of the repository.
pub struct File {
    pub path: String,
    pub text: String,
}

/// A file that may be longer than [`LONGEST`], with the reason.
struct Exception {
    path: &'static str,
    because: &'static str,
}

/// The maximum number of lines in a file. A longer file probably has several subjects, and should be split.
const LONGEST: usize = 600;

/// The files that may be longer than [`LONGEST`] lines, all of them generated. Tests must be as short as other code.
const LONG: &[Exception] = &[
    Exception {
        path: "docs/messages.md",
        because: "made from the protobuf files, a section for each message",
    },
    Exception {
        path: "crates/wire/src/generated/lamplight.v1.rs",
        because: "generated from the protobuf files",
    },
    Exception {
        path: "crates/wire/src/generated/lamplight.v1.serde.rs",
        because: "generated from the protobuf files",
    },
];

/// The macros that must not be in finished code.
const UNFINISHED: [&str; 3] = [concat!("todo", "!("), concat!("dbg", "!("), concat!("unimplemented", "!(")];

/// The file that may use a lock of the standard library. Such a lock becomes unusable after a panic. The SDK depends on
/// no other lock.
const LOCK_OF_THE_SDK: &str = "crates/client/src/shared.rs";

/// The absolute paths that exist only on some machines. No file may contain them.
const PLACES: [&str; 3] = [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/")];

/// The hosts of package registries. Files must not name them, because each machine has its own settings.
const REGISTRIES: [&str; 5] = [
    concat!("registry", ".npmjs"),
    concat!("files", ".pythonhosted"),
    concat!("static", ".crates.io"),
    concat!("index", ".crates.io"),
    concat!("deb", ".debian"),
];

/// The words that must not begin a doc comment. A doc comment should begin with a noun phrase or a verb.
const HEADLESS: [&str; 6] = ["What", "Who", "Whose", "Whom", "Whatever", "Whoever"];

/// The folder of the inputs for fuzzers. They are bytes, and are not checked.
const CORPUS: &str = "fuzz/corpus/";

/// Fails if a file breaks a rule. Checks tracked files, and untracked files that git does not ignore.
pub fn check(ground: &Ground) -> Result<()> {
    let listing = output(ground.command("git").args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
        "--deduplicate",
    ]))?;
    let mut files = Vec::new();
    for path in listing.split_terminator('\0').filter(|path| !path.starts_with(CORPUS)) {
        // A file is skipped if it was deleted without a commit. The text of a file that is not UTF-8, such as an image,
        // counts as empty.
        if let Ok(bytes) = fs::read(ground.path(path)) {
            files.push(File { path: path.to_owned(), text: String::from_utf8(bytes).unwrap_or_default() });
        }
    }
    let mut findings = findings(&files, LONG);
    findings.extend(circles::findings(&files, ALLOWED));
    findings.extend(map::findings(&files));
    for finding in &findings {
        eprintln!("{finding}");
    }
    if !findings.is_empty() {
        bail!("{} untidy; the rules are in xtask/src/tidy.rs", findings.len());
    }
    println!("{} files are tidy", files.len());
    Ok(())
}

/// Returns the broken rules, each in the form `path:line: what`.
fn findings(files: &[File], long: &[Exception]) -> Vec<String> {
    let mut findings = Vec::new();
    for file in files {
        lines(file, &mut findings);
        head(file, &mut findings);
        doc_comments(file, &mut findings);
        length(file, long, &mut findings);
        links(file, files, &mut findings);
        named_pages::check(file, files, &mut findings);
    }
    exceptions(files, long, &mut findings);
    two_readmes(files, &mut findings);
    summary(files, &mut findings);
    dockerfile(files, &mut findings);
    guarantees(files, &mut findings);
    fuzz_lock(files, &mut findings);
    findings
}

/// Checks the rules for single lines.
fn lines(file: &File, findings: &mut Vec<String>) {
    let rust = file.path.ends_with(".rs");
    for (index, line) in file.text.split('\n').enumerate() {
        let mut find = |what: String| findings.push(format!("{}:{}: {what}", file.path, index + 1));
        if line.ends_with([' ', '\t', '\r']) {
            find("white space at the end of the line".into());
        }
        if rust && line.contains('\t') {
            find("a tab".into());
        }
        if rust && line.contains(concat!("#[ignore", "]")) {
            find("an ignored test without a reason: `#[ignore = \"…\"]`".into());
        }
        if rust && line.contains(concat!("Poison", "Error")) && file.path != LOCK_OF_THE_SDK {
            find("locks are those of `parking_lot`, which a panic does not poison".into());
        }
        for word in UNFINISHED.iter().filter(|word| rust && line.contains(**word)) {
            find(format!("`{word}…)` must not stay in finished code"));
        }
        for place in PLACES.iter().filter(|place| has_absolute(line, place)) {
            find(format!("`{place}` is a path of a particular machine"));
        }
        for host in REGISTRIES.iter().filter(|host| line.contains(**host)) {
            find(format!("`{host}` is the host of a package registry"));
        }
    }
}

/// Returns `true` if a line contains this absolute path. A part of a longer path or URL does not count.
fn has_absolute(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|before| before.is_alphanumeric() || "._-~}".contains(before))
    })
}

/// Checks that every module begins with a comment that states its purpose.
fn head(file: &File, findings: &mut Vec<String>) {
    // Generated code is included in another module, which has the comment.
    let is_module = file.path.contains("src/") && !file.path.contains("src/generated/");
    if file.path.ends_with(".rs") && is_module && !file.text.starts_with("//!") {
        findings.push(format!("{}:1: no `//!` comment that says what the module is for", file.path));
    }
}

/// Checks that no paragraph of a doc comment begins with one of the words in [`HEADLESS`].
fn doc_comments(file: &File, findings: &mut Vec<String>) {
    let typescript = [".ts", ".tsx"].iter().any(|ending| file.path.ends_with(ending));
    if !typescript && ![".rs", ".dart"].iter().any(|ending| file.path.ends_with(ending)) {
        return;
    }
    // `true` if the next line of a doc comment begins a paragraph.
    let mut begins = true;
    for (index, line) in file.text.lines().enumerate() {
        let line = line.trim_start();
        let text = if typescript {
            begins |= line.starts_with("/**");
            line.strip_prefix("/**").or_else(|| line.strip_prefix('*'))
        } else {
            line.strip_prefix("///").or_else(|| line.strip_prefix("//!"))
        };
        let Some(text) = text.map(str::trim) else {
            begins = true;
            continue;
        };
        let word = text.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
        if begins && HEADLESS.contains(&word) {
            findings.push(format!(
                "{}:{}: a doc comment begins with `{word}`: begin it with a noun phrase or a verb in the third \
                 person, as in \"The users that …\", \"Returns …\"",
                file.path,
                index + 1
            ));
        }
        begins = text.is_empty();
    }
}

fn length(file: &File, long: &[Exception], findings: &mut Vec<String>) {
    let by_hand = [".rs", ".ts", ".js", ".css", ".html", ".py", ".proto", ".md", ".dart"];
    let lines = file.text.lines().count();
    let allowed = long.iter().any(|exception| exception.path == file.path);
    if lines > LONGEST && !allowed && by_hand.iter().any(|ending| file.path.ends_with(ending)) {
        findings.push(format!(
            "{}: {lines} lines, more than {LONGEST}: split the file if it has several subjects",
            file.path
        ));
    }
}

/// Checks that every exception is still needed.
fn exceptions(files: &[File], long: &[Exception], findings: &mut Vec<String>) {
    for exception in long {
        let file = files.iter().find(|file| file.path == exception.path);
        if file.is_none_or(|file| file.text.lines().count() <= LONGEST) {
            findings.push(format!(
                "{}: not longer than {LONGEST} lines, so it needs no exception ({})",
                exception.path, exception.because
            ));
        }
    }
}

/// Checks that every relative link in a Markdown file leads to a file or folder of the repository.
fn links(file: &File, files: &[File], findings: &mut Vec<String>) {
    if !file.path.ends_with(".md") {
        return;
    }
    for (number, line) in prose(&file.text) {
        for (at, opening) in line.match_indices("](") {
            let target = line[at + opening.len()..].split([')', ' ']).next().unwrap_or_default();
            let target = target.trim_start_matches('<').trim_end_matches('>');
            let path = target.split('#').next().unwrap_or_default();
            if path.is_empty() || path.contains(':') {
                continue;
            }
            let leads_to = resolve(&file.path, path);
            let exists = files.iter().any(|other| {
                other.path == leads_to
                    || other.path.starts_with(&format!("{leads_to}/"))
                    || leads_to.is_empty()
            });
            if !exists {
                findings.push(format!("{}:{number}: the link to `{target}` leads nowhere", file.path));
            }
        }
    }
}

/// Returns the path that a link in the file `from` leads to.
fn resolve(from: &str, link: &str) -> String {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let start = if link.starts_with('/') { "" } else { folder };
    let mut parts: Vec<&str> = start.split('/').filter(|part| !part.is_empty()).collect();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// Returns the lines of a Markdown text outside of code blocks, with their line numbers.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((index + 1, line))
    })
}

/// The list of pages of the documentation site.
const SUMMARY: &str = "docs/SUMMARY.md";
/// The paths of decisions begin with this text. The site finds these pages itself, without the list.
const DECISIONS: &str = "docs/decisions/0";

/// The page that has a test for each guarantee.
const GUARANTEES: &str = "docs/guarantees.md";

/// Checks that the summary has every page in `docs/` exactly once. [`links`] checks its links.
fn summary(files: &[File], findings: &mut Vec<String>) {
    let Some(summary) = files.iter().find(|file| file.path == SUMMARY) else {
        if files.iter().any(|file| file.path.starts_with("docs/decisions/")) {
            findings.push(format!("{SUMMARY} does not exist, so the documentation site has no pages"));
        }
        return;
    };
    let listed: Vec<String> = prose(&summary.text)
        .filter_map(|(_, line)| line.strip_prefix("- [")?.split_once("](")?.1.strip_suffix(')'))
        .map(|link| resolve(SUMMARY, link))
        .collect();
    for file in files.iter().filter(|file| file.path.starts_with("docs/") && file.path.ends_with(".md")) {
        let times = listed.iter().filter(|path| **path == file.path).count();
        let by_itself = file.path == SUMMARY || file.path.starts_with(DECISIONS);
        if !by_itself && times != 1 {
            findings.push(format!("{SUMMARY}: lists `{}` {times} times, not once", file.path));
        }
    }
}

/// Checks that every test on the page of guarantees is a file or folder of the repository.
fn guarantees(files: &[File], findings: &mut Vec<String>) {
    let Some(page) = files.iter().find(|file| file.path == GUARANTEES) else { return };
    for (number, line) in prose(&page.text) {
        for named in line.split('`').skip(1).step_by(2).filter(|named| named.starts_with("crates/")) {
            let folder = format!("{named}/");
            if !files.iter().any(|file| file.path == named || file.path.starts_with(&folder)) {
                findings.push(format!("{GUARANTEES}:{number}: there is no `{named}`"));
            }
        }
    }
}

/// Checks the rules for the Dockerfile.
fn dockerfile(files: &[File], findings: &mut Vec<String>) {
    let text = |path: &str| files.iter().find(|file| file.path == path).map(|file| file.text.as_str());
    let Some(dockerfile) = text("Dockerfile") else { return };
    let manifest = text("Cargo.toml").unwrap_or_default();
    let rust_version =
        manifest.lines().find_map(|line| line.strip_prefix("rust-version = \"")?.strip_suffix('"'));
    let exists = |path: &str| files.iter().any(|file| file.path == path);
    let ignored = text(".dockerignore").unwrap_or_default();
    let found = dockerfile::findings(dockerfile, ignored, rust_version.unwrap_or_default(), exists);
    findings.extend(found.into_iter().map(|finding| format!("Dockerfile:{finding}")));
}

/// Checks that the lock file of the fuzz programs has the dependencies of Lamplight's crates.
fn fuzz_lock(files: &[File], findings: &mut Vec<String>) {
    const LOCK: &str = "fuzz/Cargo.lock";
    let text = |path: &str| files.iter().find(|file| file.path == path).map(|file| file.text.as_str());
    let Some(lock) = text(LOCK) else { return };
    let manifest = |name: &str| text(&format!("crates/{}/Cargo.toml", name.strip_prefix("lamplight-")?));
    let update = "run `cargo update --workspace --manifest-path fuzz/Cargo.toml`";
    let found = fuzz_lock::findings(lock, manifest);
    findings.extend(found.into_iter().map(|finding| format!("{LOCK}: {finding}; {update}")));
}

/// Checks that the two README files have headings of the same levels in the same order.
fn two_readmes(files: &[File], findings: &mut Vec<String>) {
    let levels = |path: &str| -> Option<Vec<usize>> {
        let file = files.iter().find(|file| file.path == path)?;
        let hashes = |line: &str| line.chars().take_while(|character| *character == '#').count();
        Some(prose(&file.text).map(|(_, line)| hashes(line)).filter(|level| *level > 0).collect())
    };
    let (english, chinese) = (levels("README.md"), levels("README.zh-CN.md"));
    if english != chinese {
        findings.push(format!(
            "README.md and README.zh-CN.md have different headings, by their levels {} and {}",
            show(english),
            show(chinese)
        ));
    }
}

fn show(levels: Option<Vec<usize>>) -> String {
    levels.map_or("(no file)".into(), |levels| format!("{levels:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.into(), text: text.into() }
    }

    /// Returns the findings for a repository that consists of this file only.
    fn found(path: &str, text: &str) -> Vec<String> {
        findings(&[file(path, text)], &[])
    }

    #[test]
    fn each_rule_finds_what_breaks_it_and_nothing_else() {
        let [todo, dbg, unimplemented] = UNFINISHED;
        let [house, root, workshop] = PLACES;
        for (path, text, expected) in [
            ("a.md", "fine\n".to_owned(), ""),
            ("a.md", "one \n".into(), "a.md:1: white space"),
            ("a.toml", "a = 1\r\n".into(), "a.toml:1: white space"),
            ("a.toml", "a = 1\t\n".into(), "a.toml:1: white space"),
            ("tests/a.rs", "fn a() {\n\t}\n".into(), "tests/a.rs:2: a tab"),
            ("Makefile", "all:\n\techo\n".into(), ""),
            ("tests/a.rs", concat!("#[ignore", "]\n").into(), "tests/a.rs:1: an ignored test"),
            ("tests/a.rs", "#[ignore = \"slow\"]\n".into(), ""),
            ("tests/a.rs", format!("    {todo})\n"), "tests/a.rs:1: `todo"),
            ("tests/a.rs", format!("    {dbg}1)\n"), "tests/a.rs:1: `dbg"),
            ("tests/a.rs", format!("    {unimplemented})\n"), "tests/a.rs:1: `unimplemented"),
            ("a.md", format!("`{todo}` is not allowed\n"), ""),
            ("tests/a.rs", concat!("use std::sync::Poison", "Error;\n").into(), "tests/a.rs:1: locks are"),
            (LOCK_OF_THE_SDK, concat!("//! A noun.\nuse std::sync::Poison", "Error;\n").into(), ""),
            ("a.md", format!("in {house}someone\n"), "a.md:1: `/"),
            ("a.sh", format!("cd {root}\n"), "a.sh:1: `/"),
            ("a.json", format!("\"{workshop}main\"\n"), "a.json:1: `/"),
            ("a.md", format!("see https://example.org{house} and $HOME{workshop}x\n"), ""),
            ("Cargo.lock", "registry+https://github.com/rust-lang/crates.io-index\n".into(), ""),
            (
                "package-lock.json",
                format!("https://{}.org/x\n", REGISTRIES[0]),
                "package-lock.json:1: `registry",
            ),
            ("crates/a/src/b/c.rs", "//! A noun.\n".into(), ""),
            ("crates/a/src/generated/c.rs", "struct A;\n".into(), ""),
            ("crates/a/src/lib.rs", "mod b;\n".into(), "crates/a/src/lib.rs:1: no `//!`"),
            ("crates/a/src/empty.rs", String::new(), "crates/a/src/empty.rs:1: no `//!`"),
            ("crates/a/build.rs", "fn main() {}\n".into(), ""),
            ("a.md", "line\n".repeat(LONGEST), ""),
            ("a.md", "line\n".repeat(LONGEST + 1), "a.md: 601 lines"),
            ("lib/a.dart", "line\n".repeat(LONGEST + 1), "lib/a.dart: 601 lines"),
            ("Cargo.lock", "line\n".repeat(LONGEST + 1), ""),
        ] {
            let found = found(path, &text);
            if expected.is_empty() {
                assert_eq!(found, [""; 0], "{path}: {text}");
            } else {
                assert!(
                    matches!(&found[..], [one] if one.starts_with(expected)),
                    "{path}: {text}\n{found:?}"
                );
            }
        }
    }

    #[test]
    fn a_doc_comment_names_its_subject() {
        for (path, text, expected) in [
            ("tests/a.rs", "/// Returns it.\nfn a() {}\n", None),
            ("tests/a.rs", "/// What it is.\nfn a() {}\n", Some(1)),
            ("tests/a.rs", "//! Who is there.\n", Some(1)),
            ("tests/a.rs", "fn a() {}\n    /// Whoever, it is.\n", Some(2)),
            ("tests/a.rs", "/// The users, and\n/// what they do.\n", None),
            ("tests/a.rs", "/// The users.\n/// Whom they know, they know.\n", None),
            ("tests/a.rs", "/// The users.\n///\n/// Whom they know, they know.\n", Some(3)),
            ("tests/a.rs", "/// Whole numbers.\n", None),
            ("lib/a.dart", "/// What it is.\nint a = 0;\n", Some(1)),
            ("tests/a.rs", "let a = \"/// What\";\n", None),
            ("a.ts", "/** What it is. */\n", Some(1)),
            ("a.tsx", "/**\n * Whose it is.\n */\n", Some(2)),
            ("a.ts", "  /** The users.\n   *\n   * Who they are. */\n", Some(3)),
            ("a.ts", "/** The users and\n * What they do. */\n", None),
            ("a.ts", "/** The users. */\n/** Who they are. */\n", Some(2)),
            ("a.md", "/// What it is.\n", None),
        ] {
            let found = found(path, text);
            match expected {
                None => assert_eq!(found, [""; 0], "{path}: {text}"),
                Some(line) => {
                    let place = format!("{path}:{line}: a doc comment begins with");
                    assert!(matches!(&found[..], [one] if one.starts_with(&place)), "{text}\n{found:?}");
                }
            }
        }
    }

    #[test]
    fn every_registry_is_found() {
        for host in REGISTRIES {
            assert_eq!(found("a.toml", &format!("url = \"https://{host}\"\n")).len(), 1, "{host}");
        }
    }

    #[test]
    fn an_exception_is_needed_or_goes() {
        let long = [Exception { path: "tests/a.rs", because: "a table" }];
        let text = "line\n".repeat(LONGEST + 1);
        assert_eq!(findings(&[file("tests/a.rs", &text)], &long), [""; 0]);
        assert_eq!(findings(&[file("tests/a.rs", "short\n")], &long).len(), 1);
        assert_eq!(findings(&[], &long).len(), 1);
    }

    #[test]
    fn a_link_leads_to_a_file_or_a_folder() {
        for (link, good) in [
            ("other.md", true),
            ("./other.md#part", true),
            ("../README.md", true),
            ("/docs/other.md", true),
            ("../docs", true),
            ("..", true),
            ("#here", true),
            ("https://example.org/x.md", true),
            ("<other.md>", true),
            ("other.md \"a title\"", true),
            ("gone.md", false),
            ("../gone.md#part", false),
            ("README.md", false),
        ] {
            let page = file("docs/page.md", &format!("[a](other.md) and [b]({link})\n"));
            let tree = [page, file("docs/other.md", ""), file("README.md", ""), file("README.zh-CN.md", "")];
            assert_eq!(findings(&tree, &[]).is_empty(), good, "{link}");
        }
        assert_eq!(found("a.md", "```md\n[a](gone.md)\n```\n[b](gone.md)\n").len(), 1);
    }

    #[test]
    fn each_page_of_the_documentation_is_in_the_summary_once() {
        let readmes = || [file("README.md", ""), file("README.zh-CN.md", "")];
        for (summary, expected) in [
            ("- [A](a.md)\n- [B](how-to/b.md)\n- [Root](../README.md)\n", 0),
            ("- [A](a.md)\n", 1),
            ("- [A](a.md)\n- [A](a.md)\n- [B](how-to/b.md)\n", 1),
            ("[A](a.md)\n", 2),
        ] {
            let pages =
                ["docs/a.md", "docs/how-to/b.md", "docs/decisions/0001-c.md"].map(|path| file(path, ""));
            let tree: Vec<_> = readmes().into_iter().chain(pages).chain([file(SUMMARY, summary)]).collect();
            assert_eq!(findings(&tree, &[]).len(), expected, "{summary}");
        }
        let without: Vec<_> = readmes().into_iter().chain([file("docs/decisions/0001-c.md", "")]).collect();
        assert_eq!(findings(&without, &[]).len(), 1);
    }

    #[test]
    fn a_guarantee_names_tests_that_exist() {
        let tests =
            || [file("crates/a/tests/b.rs", "//! B.\n"), file("crates/a/tests/c/main.rs", "//! C.\n")];
        for (named, good) in [
            ("crates/a/tests/b.rs", true),
            ("crates/a/tests/c", true),
            ("cargo xtask attack", true),
            ("crates/a/tests/c.rs", false),
            ("crates/a/tests/d", false),
        ] {
            let page = file(GUARANTEES, &format!("| it | `crates/a/tests/b.rs`, `{named}` |\n"));
            let [b, c] = tests();
            let summary = file(SUMMARY, "- [Guarantees](guarantees.md)\n");
            assert_eq!(findings(&[b, c, page, summary], &[]).is_empty(), good, "{named}");
        }
    }

    #[test]
    fn a_broken_dockerfile_is_a_finding() {
        let manifest = || file("Cargo.toml", "rust-version = \"1.95\"\n");
        let found = findings(&[manifest(), file("Dockerfile", "FROM rust:1.94-slim\n")], &[]).join("\n");
        assert!(found.contains("Dockerfile:1: `rust:1.94-slim` is not Rust 1.95"), "{found}");
        assert!(found.contains("Dockerfile:1: the image has no USER"), "{found}");
    }

    #[test]
    fn the_readmes_have_the_same_headings() {
        let english = || file("README.md", "# A\n## B\n```sh\n# not one\n```\n");
        for (chinese, good) in [("# 甲\n## 乙\n", true), ("# 甲\n", false), ("# 甲\n# 乙\n", false)] {
            assert_eq!(
                findings(&[english(), file("README.zh-CN.md", chinese)], &[]).is_empty(),
                good,
                "{chinese}"
            );
        }
        assert_eq!(findings(&[english()], &[]).len(), 1);
    }
}
