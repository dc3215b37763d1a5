//! Arguments that several commands share: the data folder, the app, the user.

use anyhow::Context;
use clap::Args;
use figment::value::Value;
use lamplight_model::{AppId, UserId};
use lamplight_server::{Config, FactsSettings};
use std::path::PathBuf;

/// Options of every command.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Everywhere")]
pub struct Common {
    /// The data folder of the server [default: lamplight-data] [env: LAMPLIGHT_DATA_DIR]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,

    /// The URL of the database in PostgreSQL that keeps the facts [default: the file facts.db in the data folder]
    ///
    /// The list of processes shows it with its password; LAMPLIGHT_FACTS and the setting `facts` of a file do not.
    #[arg(long, global = true, value_name = "URL")]
    pub facts: Option<String>,

    /// A file with settings, in TOML
    #[arg(long, global = true, value_name = "FILE", env = "LAMPLIGHT_CONFIG")]
    pub config: Option<PathBuf>,

    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
}

impl Common {
    /// Loads the settings. The file overrides the defaults, the environment overrides the file, and the flags override
    /// the environment.
    pub fn settings(&self, mut flags: Vec<(&'static str, Value)>) -> anyhow::Result<Config> {
        if let Some(folder) = &self.data_dir {
            let folder = folder.to_str().context("--data-dir: the path is not UTF-8")?;
            flags.push(("data_dir", folder.into()));
        }
        if let Some(url) = &self.facts {
            flags.push(("facts", url.as_str().into()));
        }
        Config::load(self.config.as_deref(), flags).context("the settings cannot be used")
    }

    /// Returns the settings of the store of the facts, found by the same rules as [`settings`](Self::settings). They
    /// include the data folder.
    pub fn store(&self) -> anyhow::Result<FactsSettings> {
        Ok(self.settings(Vec::new())?.facts_settings())
    }
}

/// The app that a command works on.
#[derive(Args, Debug, Clone, Copy)]
pub struct AppArg {
    /// The app's SDKAppID; may be left out while there is only one app
    #[arg(long, value_name = "ID", value_parser = parse_app)]
    pub app: Option<AppId>,
}

/// Parses an SDKAppID.
pub fn parse_app(text: &str) -> Result<AppId, String> {
    match text.parse() {
        Ok(id) if id > 0 => Ok(AppId(id)),
        Ok(_) | Err(_) => Err("an SDKAppID must be a number from 1 to 4294967295".to_owned()),
    }
}

/// Parses the limit of a list. Refuses 0: an empty list would look as if there were no results.
pub fn parse_limit(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(limit) if limit > 0 => Ok(limit),
        Ok(_) | Err(_) => Err("a limit must be a number of at least 1".to_owned()),
    }
}

/// Parses a `userID`.
pub fn parse_user(text: &str) -> Result<UserId, String> {
    UserId::new(text).map_err(|invalid| invalid.to_string())
}
