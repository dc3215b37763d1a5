//! Checks that the lock file of the fuzz programs contains the dependencies of Lamplight's crates.
//!
//! The fuzz programs are a separate workspace, which `cargo xtask test` does not build. Without this check, an outdated
//! `fuzz/Cargo.lock` would be noticed only when somebody fuzzes.

/// Returns one sentence for each dependency that is in a crate's manifest but not in the lock file. `manifest_of`
/// returns the manifest of a crate by its name.
pub fn findings<'a>(lock: &str, manifest_of: impl Fn(&str) -> Option<&'a str>) -> Vec<String> {
    let mut findings = Vec::new();
    for package in lock.split("[[package]]\n").skip(1) {
        let Some(name) = package.lines().find_map(|line| value(line, "name = ")) else { continue };
        let Some(manifest) = manifest_of(name) else { continue };
        // If the lock file has several versions of a crate, the version follows the name.
        let locked: Vec<&str> = package
            .lines()
            .filter_map(|line| line.strip_prefix(" \"")?.strip_suffix("\","))
            .map(|dependency| dependency.split(' ').next().unwrap_or_default())
            .collect();
        for dependency in dependencies(manifest).filter(|dependency| !locked.contains(dependency)) {
            findings.push(format!("{name} depends on {dependency}, which is not in the lock file"));
        }
    }
    findings
}

/// Returns the names in the table `[dependencies]` of a manifest.
fn dependencies(manifest: &str) -> impl Iterator<Item = &str> {
    let lines = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    lines
        .take_while(|line| !line.starts_with('['))
        .filter(|line| line.starts_with(|letter: char| letter.is_ascii_alphabetic()))
        .map(|line| line.split(['.', ' ', '=']).next().unwrap_or_default())
}

fn value<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    line.strip_prefix(key)?.strip_prefix('"')?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "\
version = 4

[[package]]
name = \"adler2\"
version = \"2.0.1\"

[[package]]
name = \"ours\"
version = \"0.1.0\"
dependencies = [
 \"base64 0.22.1\",
 \"serde\",
]
";

    #[test]
    fn a_dependency_that_the_lock_file_does_not_know_is_found() {
        let check = |manifest: &str, expected: &[&str]| {
            let found = findings(LOCK, |name| (name == "ours").then_some(manifest));
            assert_eq!(found, expected, "{manifest}");
        };
        check("[package]\nname = \"ours\"\n", &[]);
        check("[dependencies]\n# Why.\nserde.workspace = true\nbase64 = \"0.22\"\n", &[]);
        check("[dependencies]\nserde = { version = \"1\" }\n\n[dev-dependencies]\nproptest = \"1\"\n", &[]);
        check(
            "[features]\nx = []\n\n[dependencies]\nserde.workspace = true\nmemmap2.workspace = true\n",
            &["ours depends on memmap2, which is not in the lock file"],
        );
    }
}
