//! The settings of the store that keeps the facts.

use super::Config;
use crate::facts_store::FactsSettings;
use lamplight_facts_postgres::{InvalidUrl, PostgresSettings, PostgresUrl};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The URL of a database, as text. `Debug` hides the URL, because it may contain a password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FactsUrl(String);

impl FactsUrl {
    /// Parses the URL. The error contains no part of the URL, because any part may be the password.
    fn read(&self) -> Result<PostgresUrl, InvalidUrl> {
        PostgresUrl::new(&self.0)
    }
}

impl fmt::Debug for FactsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FactsUrl(…)")
    }
}

impl Config {
    /// Returns the reason why the URL of the facts cannot be used. Returns `None` if the URL can be used or is not set.
    pub(super) fn facts_problem(&self) -> Option<String> {
        self.facts.as_ref()?.read().err().map(|invalid| invalid.to_string())
    }

    /// Returns the settings of the store that keeps the facts.
    pub fn facts_settings(&self) -> FactsSettings {
        // The URL was checked when the settings were read.
        let url = self.facts.as_ref().and_then(|url| url.read().ok());
        let postgres = url.map(|url| PostgresSettings {
            ca: self.facts_ca.clone(),
            connections: self.facts_connections,
            ..PostgresSettings::new(url)
        });
        FactsSettings { data_dir: self.data_dir.clone(), postgres }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_the_facts_is_read_and_never_shown() {
        let load = |text: &str| Config::load(None, vec![("facts", text.into())]);
        let config = load("postgres://app:s3cret@db.example/chat").unwrap();
        let settings = config.facts_settings();
        assert_eq!(settings.postgres.as_ref().unwrap().url.to_string(), "db.example:5432/chat");
        assert!(!format!("{config:?} {settings:?}").contains("s3cret"));
        assert_eq!(Config::default().facts_settings().postgres, None);
        for text in ["s3cret", "postgres://app:s3@cret@db.example/chat", "postgres://app:s3cret@/chat"] {
            let error = load(text).unwrap_err().to_string();
            assert!(error.starts_with("facts: ") && !error.contains("s3"), "{error}");
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        let read = |text: &str| {
            std::fs::write(file.path(), text).unwrap();
            Config::load(Some(file.path()), Vec::new()).unwrap_err().to_string()
        };
        let url = "postgres://app:s3cret@db.example/chat";
        // The error has the position of the mistake, but no line of the file.
        for (text, told) in [
            (format!("workers = 1\nfacts = \"{url}\n"), "line 2"),
            (format!("facts = '{url}\nworkers = 1"), "line 1"),
            (format!("facts = {url}"), "line 1"),
            (format!("facts = \"\"\"{url}\n{url}"), "TOML parse error"),
            (format!("facts \"{url}\""), "line 1"),
            (format!("facts = \"{url}\"\nfacts = \"{url}\""), "line 2"),
            (format!("facts = \"{url}\" workers = 1"), "line 1"),
            (format!("facts = [\"{url}\"]"), "facts (file"),
            (format!("facts = {{ url = \"{url}\" }}"), "facts (file"),
            ("facts = 535353".to_owned(), "must be a text, not a number"),
            (format!("fact = \"{url}\""), "did you mean facts"),
            (format!("[limits]\nfacts = \"{url}\""), "no such setting"),
        ] {
            let error = read(&text);
            assert!(error.contains(told), "{text}: {error}");
            assert!(
                !["s3cret", "db.example", "535353"].iter().any(|part| error.contains(part)),
                "{text}: {error}"
            );
        }
        let error = Config::load(None, vec![("facts_connections", 0usize.into())]).unwrap_err();
        assert_eq!(error.to_string(), "facts_connections: must be from 1 to 1000, not 0");
    }
}
