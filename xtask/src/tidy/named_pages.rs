//! Checks that programs refer only to existing pages of the documentation.

use super::File;

/// Checks that every documentation page in a comment or text of a program exists.
pub(super) fn check(file: &File, files: &[File], findings: &mut Vec<String>) {
    let is_program = file.path.starts_with("crates/") && file.path.contains("/src/");
    if !is_program || !file.path.ends_with(".rs") {
        return;
    }
    let in_path = |letter: char| letter.is_ascii_alphanumeric() || "/-_.".contains(letter);
    for (index, line) in file.text.lines().enumerate() {
        for (at, folder) in line.match_indices("docs/") {
            let rest = &line[at + folder.len()..];
            let length = rest.find(|letter| !in_path(letter)).unwrap_or(rest.len());
            let Some((name, _)) = rest[..length].split_once(".md") else { continue };
            // If the path continues to the left, the page is in another folder.
            let is_whole = !line[..at].ends_with(in_path);
            let page = format!("docs/{name}.md");
            if is_whole && files.iter().all(|other| other.path != page) {
                findings.push(format!("{}:{}: there is no `{page}`", file.path, index + 1));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_a_program_names_is_there() {
        for (path, line, expected) in [
            ("crates/a/src/b.rs", "\"docs/other.md says how\"", 0),
            ("crates/a/src/b.rs", "\"docs/gone.md says how\"", 1),
            ("crates/a/src/b.rs", "//! See `docs/how-to/gone.md`, and docs/other.md#part.", 1),
            ("crates/a/src/b.rs", "\"all: docs/gone.md.\"", 1),
            ("crates/a/src/b.rs", "include_str!(\"../../docs/gone.md\")", 0),
            ("crates/a/src/b.rs", "docs/index.html and docs/uikit/", 0),
            ("crates/a/tests/b.rs", "\"docs/gone.md\"", 0),
        ] {
            let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
            let program = file(path, line);
            let mut findings = Vec::new();
            check(&program, &[file("docs/other.md", "")], &mut findings);
            assert_eq!(findings.len(), expected, "{line}: {findings:?}");
        }
    }
}
