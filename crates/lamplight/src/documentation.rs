//! A test that compares the command lines in the documentation with the program's commands.

use crate::commands::Cli;
use clap::Parser;
use clap::error::ErrorKind;
use std::fs;
use std::path::{Path, PathBuf};

/// A command line in the documentation, with its file and line number.
#[derive(Debug, PartialEq)]
struct Line {
    place: String,
    words: Vec<String>,
}

/// Returns the paths of the documentation: the pages at the root of the repository, the READMEs of the packages, and
/// all of `docs/`.
fn pages() -> Vec<PathBuf> {
    fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("an entry of a folder can be read").path();
            if path.is_dir() {
                gather(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut found = Vec::new();
    gather(&root.join("docs"), &mut found);
    found.extend(["README.md", "README.zh-CN.md", "SECURITY.md"].map(|name| root.join(name)));
    found.extend(["chat", "uikit"].map(|name| root.join("web/packages").join(name).join("README.md")));
    found
}

/// Returns the lines in the shell blocks of a page. A line that ends with a backslash is joined with the next line.
fn shell_lines(page: &str) -> Vec<(usize, String)> {
    let (mut found, mut in_block) = (Vec::<(usize, String)>::new(), false);
    let mut goes_on = false;
    for (number, line) in page.lines().enumerate() {
        let line = line.trim();
        if let Some(language) = line.strip_prefix("```") {
            in_block = !in_block && language == "sh";
            continue;
        }
        if !in_block {
            continue;
        }
        let text = line.strip_suffix('\\').unwrap_or(line);
        match found.last_mut() {
            Some((_, last)) if goes_on => *last += text,
            _ => found.push((number + 1, text.to_owned())),
        }
        goes_on = line.ends_with('\\');
    }
    found
}

/// Returns the inline code of a page (text in backticks) that begins with the name of the program.
fn inline_code(page: &str) -> Vec<(usize, String)> {
    let (mut found, mut in_block) = (Vec::new(), false);
    for (number, line) in page.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            let codes = line.split('`').skip(1).step_by(2).filter(|code| code.starts_with("lamplight "));
            found.extend(codes.map(|code| (number + 1, code.to_owned())));
        }
    }
    found
}

/// Returns the words of each `lamplight` command in a line of shell.
fn calls(line: &str) -> Vec<Vec<String>> {
    let mut calls = vec![Vec::new()];
    let (mut word, mut quote, mut began) = (String::new(), None, false);
    let mut chars = line.chars().peekable();
    while let Some(sign) = chars.next() {
        match (quote, sign) {
            // A command in `$(…)` is parsed as a separate command, even within quotation marks.
            (None | Some('"'), '$') if chars.peek() == Some(&'(') => {
                let _ = chars.next();
                let inner: String = chars.by_ref().take_while(|sign| *sign != ')').collect();
                let at = calls.len() - 1;
                calls.splice(at..at, self::calls(&inner));
                (word, began) = (word + "value", true);
            }
            (None, '"' | '\'') => (quote, began) = (Some(sign), true),
            (Some(mark), _) if mark == sign => quote = None,
            (None, '#') if !began => break,
            (None, ' ' | '|' | ';' | '&' | '>' | '<' | '(' | ')') => {
                if began {
                    calls.last_mut().expect("there is always a call").push(std::mem::take(&mut word));
                    began = false;
                }
                if matches!(sign, '>' | '<') {
                    // The file after a redirection is not a word of the command.
                    while chars.next_if(|sign| matches!(sign, ' ' | '>' | '&')).is_some() {}
                    while chars.next_if(|sign| *sign != ' ').is_some() {}
                } else if sign != ' ' {
                    calls.push(Vec::new());
                }
            }
            (_, sign) => {
                word.push(sign);
                began = true;
            }
        }
    }
    if began {
        calls.last_mut().expect("there is always a call").push(word);
    }
    calls.iter().filter_map(|words| ours(words)).collect()
}

/// Returns the words of a command of this program, beginning with the program's name. Leaves out variables before the
/// name. Returns `None` for a command of another program.
fn ours(words: &[String]) -> Option<Vec<String>> {
    let is_setting = |word: &String| {
        word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|sign| sign.is_ascii_uppercase() || sign == '_')
        })
    };
    let call: Vec<_> = words.iter().skip_while(|word| is_setting(word)).cloned().collect();
    let program = call.first()?;
    (program == "lamplight" || program.ends_with("/lamplight")).then_some(call)
}

fn lines_of(find: fn(&str) -> Vec<(usize, String)>) -> Vec<Line> {
    let mut found = Vec::new();
    for path in pages() {
        let page = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for (number, line) in find(&page) {
            let place = format!("{}:{number}: {line}", path.display());
            found.extend(calls(&line).into_iter().map(|words| Line { place: place.clone(), words }));
        }
    }
    found
}

#[test]
fn every_command_line_in_a_block_is_one_that_the_program_takes() {
    let lines = lines_of(shell_lines);
    assert!(lines.len() > 40, "only {} were found", lines.len());
    let refused: Vec<_> = lines
        .iter()
        .filter_map(|Line { place, words }| {
            Cli::try_parse_from(words).err().map(|error| format!("{place}\n{error}"))
        })
        .collect();
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

fn is_placeholder(word: &str) -> bool {
    word.chars().all(|sign| sign.is_ascii_uppercase())
}

/// Checks commands in running text. Such a command may lack arguments, and may have `…` as a value.
#[test]
fn every_command_and_option_in_running_text_exists() {
    let lines = lines_of(inline_code);
    assert!(lines.len() > 40, "only {} were found", lines.len());
    let refused: Vec<_> = lines
        .iter()
        .filter_map(|Line { place, words }| {
            let words = words.iter().filter(|word| !matches!(word.as_str(), "…" | "..."));
            let error = match Cli::try_parse_from(words.clone()).err()? {
                // The name of a subcommand may be a placeholder, as in `lamplight load PART`.
                error if error.kind() == ErrorKind::InvalidSubcommand => {
                    Cli::try_parse_from(words.take_while(|word| !is_placeholder(word))).err()?
                }
                error => error,
            };
            let is_unknown =
                matches!(error.kind(), ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand);
            is_unknown.then(|| format!("{place}\n{error}"))
        })
        .collect();
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn calls_are_found_in_lines_of_shell() {
    for (line, expected) in [
        ("lamplight sig alice", &["lamplight sig alice"][..]),
        ("./target/release/lamplight serve   # a server", &["./target/release/lamplight serve"]),
        ("LAMPLIGHT_CONFIG=a.toml lamplight serve", &["lamplight serve"]),
        ("SIG=$(lamplight sig administrator)", &["lamplight sig administrator"]),
        ("curl -s \"x?sig=$(lamplight sig a)&random=1\" -d '{}'", &["lamplight sig a"]),
        ("lamplight audit --csv > audit.csv", &["lamplight audit --csv"]),
        (
            "lamplight app create --key - < key.txt && lamplight serve",
            &["lamplight app create --key -", "lamplight serve"],
        ),
        ("(cd web && npm ci); cargo build -p lamplight", &[]),
        ("lamplight status set alice \"it's #1\"", &["lamplight status set alice it's #1"]),
    ] {
        let found: Vec<_> = calls(line).iter().map(|words| words.join(" ")).collect();
        assert_eq!(found, expected, "{line}");
    }
}

#[test]
fn blocks_and_running_text_are_told_apart() {
    let page = "Say `lamplight doctor`.\n```sh\nlamplight app set 1 \\\n  --name x\n```\n```json\nlamplight\n```\n`x`";
    assert_eq!(shell_lines(page), [(3, "lamplight app set 1 --name x".to_owned())]);
    assert_eq!(inline_code(page), [(1, "lamplight doctor".to_owned())]);
}
