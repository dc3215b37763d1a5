//! The rules for the Dockerfile. Its text is checked, because not every machine that runs the tests has docker.

/// An instruction of a Dockerfile: its line number, its keyword, and its arguments with continued lines joined.
struct Instruction<'a> {
    line: usize,
    word: &'a str,
    rest: String,
}

/// The large, secret or machine-specific paths that must never be copied into an image.
const LEFT_OUT: [&str; 4] = [".git", "target", "lamplight-data", "**/node_modules"];

/// Returns the broken rules, each in the form `line: what`. `exists` returns `true` for a path of the repository;
/// `rust_version` is the version that the workspace needs.
pub fn findings(
    dockerfile: &str,
    dockerignore: &str,
    rust_version: &str,
    exists: impl Fn(&str) -> bool,
) -> Vec<String> {
    let mut findings = Vec::new();
    let instructions = instructions(dockerfile);
    let mut stages: Vec<&str> = Vec::new();
    for Instruction { line, word, rest } in &instructions {
        let mut find = |what: String| findings.push(format!("{line}: {what}"));
        let words: Vec<&str> = rest.split_whitespace().collect();
        match (*word, &words[..]) {
            ("FROM", [image, more @ ..]) => {
                let tag = image.rsplit('/').next().and_then(|name| name.split_once(':')).map(|(_, tag)| tag);
                if tag.is_none_or(|tag| tag == "latest") {
                    find(format!("`{image}` changes over time: give it a tag"));
                }
                let rust = format!("rust:{rust_version}-");
                if image.starts_with("rust:") && !image.starts_with(&rust) {
                    find(format!("`{image}` is not Rust {rust_version}, the version of Cargo.toml"));
                }
                stages.push(if let ["AS", name] = more { name } else { "" });
            }
            ("COPY" | "ADD", words) => {
                let from = words.iter().find_map(|word| word.strip_prefix("--from="));
                if let Some(from) = from.filter(|from| !stages.contains(from)) {
                    find(format!("no earlier stage is called `{from}`"));
                }
                let paths: Vec<_> = words.iter().filter(|word| !word.starts_with("--")).collect();
                let sources = paths.split_last().map_or(&[][..], |(_, sources)| sources);
                for source in sources.iter().filter(|_| from.is_none()) {
                    if **source != "." && !exists(source) {
                        find(format!("there is no `{source}` to copy"));
                    }
                }
            }
            ("HEALTHCHECK" | "ENTRYPOINT", _) if !rest.contains("[\"") => {
                find(format!("{word} needs a shell, which the image does not have: write it as `[\"…\"]`"));
            }
            _ => {}
        }
    }
    let last = instructions.iter().rposition(|it| it.word == "FROM").unwrap_or_default();
    let of_the_image = &instructions[last..];
    let last_of = |word: &str| of_the_image.iter().rfind(|it| it.word == word);
    for word in ["HEALTHCHECK", "ENTRYPOINT", "VOLUME", "EXPOSE", "USER"] {
        if last_of(word).is_none() {
            findings.push(format!("1: the image has no {word}"));
        }
    }
    if let Some(Instruction { line, rest, .. }) = last_of("USER") {
        let user = rest.split(':').next().unwrap_or_default();
        if !user.parse::<u32>().is_ok_and(|number| number > 0) {
            findings.push(format!("{line}: USER `{rest}` is not a number above 0; root is not allowed"));
        }
    }
    for path in LEFT_OUT.iter().filter(|path| !dockerignore.lines().any(|line| line == **path)) {
        findings.push(format!("1: .dockerignore does not exclude `{path}`"));
    }
    findings
}

fn instructions(text: &str) -> Vec<Instruction<'_>> {
    let mut instructions: Vec<Instruction<'_>> = Vec::new();
    let mut goes_on = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (words, continued) = line.strip_suffix('\\').map_or((line, false), |words| (words.trim(), true));
        match instructions.last_mut().filter(|_| goes_on) {
            Some(open) => {
                open.rest.push(' ');
                open.rest.push_str(words);
            }
            None => {
                let (word, rest) = words.split_once(' ').unwrap_or((words, ""));
                instructions.push(Instruction { line: index + 1, word, rest: rest.trim().to_owned() });
            }
        }
        goes_on = continued;
    }
    instructions
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
# A comment.
FROM rust:1.95-slim AS build
COPY . .
RUN make \\
    # in between
    all
FROM gcr.io/distroless/cc:nonroot
COPY --from=build --chown=1:1 /a /b
COPY LICENSE /
EXPOSE 1
VOLUME /b
USER 65532:65532
HEALTHCHECK --interval=10s CMD [\"/a\"]
ENTRYPOINT [\"/a\"]
";

    #[test]
    fn each_rule_finds_what_breaks_it_and_nothing_else() {
        let ignored = LEFT_OUT.join("\n");
        let found =
            |text: &str, ignored: &str| findings(text, ignored, "1.95", |path| path == "LICENSE").join("\n");
        assert_eq!(found(GOOD, &ignored), "");
        for (good, bad, expected) in [
            ("rust:1.95-slim", "rust:1.9-slim", "2: `rust:1.9-slim` is not Rust 1.95"),
            ("cc:nonroot", "cc", "7: `gcr.io/distroless/cc` changes over time"),
            ("cc:nonroot", "cc:latest", "7: `gcr.io/distroless/cc:latest` changes over time"),
            ("--from=build", "--from=built", "8: no earlier stage is called `built`"),
            ("COPY LICENSE", "COPY LICENCE", "9: there is no `LICENCE`"),
            ("EXPOSE 1\n", "", "1: the image has no EXPOSE"),
            ("VOLUME /b\n", "", "1: the image has no VOLUME"),
            ("USER 65532:65532\n", "", "1: the image has no USER"),
            ("USER 65532:65532", "USER 0", "12: USER `0`"),
            ("USER 65532:65532", "USER root", "12: USER `root`"),
            ("HEALTHCHECK --interval=10s CMD [\"/a\"]\n", "", "1: the image has no HEALTHCHECK"),
            ("CMD [\"/a\"]", "CMD /a", "13: HEALTHCHECK needs a shell"),
            ("ENTRYPOINT [\"/a\"]", "ENTRYPOINT /a", "14: ENTRYPOINT needs a shell"),
        ] {
            let found = found(&GOOD.replace(good, bad), &ignored);
            assert!(found.starts_with(expected) && !found.contains('\n'), "{bad}: {found}");
        }
        // The user of an earlier stage is not the user of the image.
        let early = GOOD.replace("USER 65532:65532\n", "").replace("COPY . .", "COPY . .\nUSER 1");
        assert_eq!(found(&early, &ignored), "1: the image has no USER");
        assert_eq!(found(GOOD, &ignored.replace("target", "")), "1: .dockerignore does not exclude `target`");
    }
}
