//! Options whose value is a secret. The value `-` reads the secret from stdin, because the process list and the shell's
//! history contain command lines. No error text contains the value.

use anyhow::{Context, bail, ensure};
use std::io::Read;
use std::path::Path;

/// The maximum number of bytes that are read from stdin. The check of each kind of secret has a lower limit.
const MOST_BYTES: usize = 64 * 1024;

/// A reader of the secrets of one command. At most one of them can come from stdin.
#[derive(Default)]
pub struct SecretReader {
    stdin_is_for: Option<&'static str>,
}

impl SecretReader {
    /// Returns the secret of `option`. For the value `-`, the secret is the text on stdin, without the line breaks at
    /// its end.
    pub fn read(&mut self, option: &'static str, given: &str) -> anyhow::Result<String> {
        self.read_from(option, given, std::io::stdin())
    }

    /// Replaces the value of an optional option with its secret, as [`SecretReader::read`] returns it.
    pub fn read_in_place(&mut self, option: &'static str, given: &mut Option<String>) -> anyhow::Result<()> {
        if let Some(text) = given {
            *text = self.read(option, text)?;
        }
        Ok(())
    }

    fn read_from(&mut self, option: &'static str, given: &str, stdin: impl Read) -> anyhow::Result<String> {
        if given != "-" {
            ensure!(
                !is_long_option(given),
                "the value of {option} is missing: another option follows it; a value that begins with two dashes and a \
                 letter can be given by stdin: `{option} - < FILE`"
            );
            let is_file = Path::new(given).metadata().is_ok_and(|about| !about.is_dir());
            ensure!(
                !is_file,
                "{option} takes the text itself, and this is the name of a file; did you mean `{option} - < FILE`?"
            );
            return Ok(given.to_owned());
        }
        if let Some(other) = self.stdin_is_for {
            bail!(
                "{other} and {option} cannot both be read from stdin; give one of them in a command of its own"
            );
        }
        self.stdin_is_for = Some(option);
        let mut text = String::new();
        let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX);
        let read = stdin.take(most.saturating_add(1)).read_to_string(&mut text);
        read.with_context(|| format!("cannot read {option} from stdin"))?;
        ensure!(text.len() <= MOST_BYTES, "{option}: stdin has more than {MOST_BYTES} bytes");
        // An empty text would delete the setting, so it is refused.
        let is_blank = text.chars().all(|letter| letter.is_whitespace() || letter == '\u{feff}');
        ensure!(!is_blank, "{option}: stdin is empty");
        // Editors on Windows put an invisible byte order mark before a text.
        Ok(text.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']).to_owned())
    }
}

/// Returns `true` if a value looks like an option (`--name`). The user has then probably forgotten the value.
fn is_long_option(text: &str) -> bool {
    text.strip_prefix("--").is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(given: &str, stdin: &[u8]) -> Result<String, String> {
        SecretReader::default().read_from("--key", given, stdin).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn a_dash_is_stdin_without_the_line_ends_behind_the_text() {
        let pem = "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----";
        let table = [
            ("plain", "", "plain"),
            (" plain ", "", " plain "),
            ("-", "from stdin\r\n", "from stdin"),
            ("-", "\u{feff}from Windows\r\n", "from Windows"),
            ("-", pem, pem),
            (pem, "", pem),
            ("-dashed", "", "-dashed"),
            ("", "", ""),
        ];
        for (given, stdin, expected) in table {
            assert_eq!(read(given, stdin.as_bytes()), Ok(expected.to_owned()), "{given:?}");
        }
    }

    #[test]
    fn a_refusal_says_why_and_repeats_no_value() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        let long = "x".repeat(MOST_BYTES + 1);
        let table: [(&str, &[u8], &str); 6] = [
            (path, b"", "did you mean `--key - < FILE`?"),
            ("--jwt-issuer", b"", "the value of --key is missing"),
            ("-", b" \n", "stdin is empty"),
            ("-", b"\xef\xbb\xbf\n", "stdin is empty"),
            ("-", long.as_bytes(), "more than 65536 bytes"),
            ("-", &[0xff, 0xfe], "cannot read --key from stdin"),
        ];
        for (given, stdin, why) in table {
            let error = read(given, stdin).unwrap_err();
            assert!(error.contains(why), "{given}: {error}");
            assert!(!error.contains(path) && !error.contains("--jwt-issuer"), "{error}");
        }
    }

    #[test]
    fn only_one_secret_comes_from_stdin() {
        let mut reader = SecretReader::default();
        reader.read_from("--key", "-", &b"one"[..]).unwrap();
        let error = reader.read_from("--jwt-secret", "-", &b"two"[..]).unwrap_err().to_string();
        assert!(error.contains("--key and --jwt-secret cannot both"), "{error}");
    }
}
