//! `lamplight console`: the way into the operators' console in the browser.

use crate::cli::Common;
use crate::node_file::NodeFile;
use crate::output::{json, line};
use anyhow::{Context, bail};
use clap::Subcommand;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, read};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use lamplight_server::{PasswordFile, check_data_folder};
use serde_json::json;
use std::io::{IsTerminal, Read, Write, stderr, stdin};

/// What to do with the console.
#[derive(Subcommand, Debug)]
pub enum ConsoleCommand {
    /// Make a new password for the console and show it; every session ends
    #[command(after_help = "\
Examples:
  lamplight console password
  lamplight console password --set
  lamplight console password --set < password.txt

Works with a running server and without one. Only a salted hash is kept, in `console-password` of the data folder.")]
    Password {
        /// Take the password from the terminal or from stdin instead of making one, 10 to 200 bytes
        #[arg(long)]
        set: bool,
    },
}

/// Does it.
pub async fn run(command: ConsoleCommand, common: &Common) -> anyhow::Result<()> {
    let ConsoleCommand::Password { set } = command;
    let folder = common.folder()?;
    check_data_folder(&folder)?;
    let file = PasswordFile::of(&folder);
    let failed = "the password was not changed";
    let made = if set {
        file.set(&given_password()?).context(failed)?;
        None
    } else {
        Some(file.make().context(failed)?)
    };
    let address = NodeFile::read(&folder)?.map(|node| node.console_url());
    if common.json {
        return json(&json!({ "password": made, "address": address }));
    }
    match made {
        Some(password) => line(format!("The password of the console is now {password}"))?,
        None => line("The password of the console is changed.")?,
    }
    line("Whoever was logged in has to log in again.")?;
    address.map_or(Ok(()), |address| line(format!("The console is at {address}")))
}

/// A password from whoever sits at the terminal, unseen; or the first line of what stdin is.
fn given_password() -> anyhow::Result<String> {
    if stdin().is_terminal() {
        write!(stderr(), "New password: ")?;
        stderr().flush()?;
        enable_raw_mode()?;
        let typed = typed_line();
        disable_raw_mode()?;
        writeln!(stderr())?;
        return typed;
    }
    let mut text = String::new();
    // One byte more than is good, and the end of the line.
    stdin().take(PasswordFile::MOST_BYTES as u64 + 3).read_to_string(&mut text)?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

fn typed_line() -> anyhow::Result<String> {
    let mut text = String::new();
    loop {
        let Event::Key(KeyEvent { code, modifiers, kind: KeyEventKind::Press, .. }) = read()? else {
            continue;
        };
        if code == KeyCode::Enter {
            return Ok(text);
        } else if code == KeyCode::Backspace {
            text.pop();
        } else if let KeyCode::Char(letter) = code {
            if !modifiers.contains(KeyModifiers::CONTROL) {
                // One too many is refused by the file, with the bounds.
                if text.len() <= PasswordFile::MOST_BYTES {
                    text.push(letter);
                }
            } else if letter == 'c' || letter == 'd' {
                bail!("the password was not changed");
            }
        }
    }
}
