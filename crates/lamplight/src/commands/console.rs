//! `lamplight console`: the password of the console, and its operators.

use crate::args::Common;
use crate::node_file::NodeFile;
use crate::operator::{OTHER_ANSWER, Operator};
use crate::output::{json, line, table, utc_or_dash};
use anyhow::{Context, bail};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, read};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use lamplight_server::{ConsoleOperation, ConsoleOutcome, InvalidPassword, OperatorName, PasswordFile, Role};
use serde_json::json;
use std::io::{IsTerminal, Read, Write, stderr, stdin};

/// Commands for the console.
#[derive(Subcommand, Debug)]
pub enum ConsoleCommand {
    /// Set a new random password for `admin` and show it; every session of `admin` ends
    #[command(after_help = "\
Examples:
  lamplight console password
  lamplight console password --set
  lamplight console password --set < password.txt

Works with a running server and without one. Only a salted hash is kept, in `console-password` of the data folder, or with facts in PostgreSQL there.")]
    Password(PasswordArgs),
    /// Manage operators other than `admin`, each with a password and a role
    #[command(subcommand)]
    Operator(OperatorCommand),
}

/// Commands for the operators of the console.
#[derive(Subcommand, Debug)]
pub enum OperatorCommand {
    /// Add an operator; a random password is set and shown once, unless --set is given
    #[command(after_help = "\
Examples:
  lamplight console operator add ann --role viewer
  lamplight console operator add bob --role operator --set

viewer may see everything but secrets and operators; operator may also kick users, set their visibility and \
block lists, test webhooks and handle dead letters; admin may change everything, including the operators.")]
    Add {
        /// The name to log in with: lower-case letters, digits, dots, dashes and underscores
        #[arg(value_name = "NAME", value_parser = OperatorName::new)]
        name: OperatorName,
        /// The role, which decides what the operator may do
        #[arg(long, value_name = "ROLE", value_parser = role())]
        role: Role,
        /// The source of the password.
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// List the operators with their roles
    #[command(after_help = "\
Examples:
  lamplight console operator list
  lamplight console operator list --json")]
    List,
    /// Remove an operator, and end its sessions
    #[command(after_help = "\
Examples:
  lamplight console operator remove ann")]
    Remove {
        /// The name of the operator
        #[arg(value_name = "NAME", value_parser = OperatorName::new)]
        name: OperatorName,
    },
    /// Set a new random password for an operator, and show it; its sessions end
    #[command(after_help = "\
Examples:
  lamplight console operator password ann
  lamplight console operator password ann --set < password.txt")]
    Password {
        /// The name of the operator
        #[arg(value_name = "NAME", value_parser = OperatorName::new)]
        name: OperatorName,
        /// The source of the password.
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Give an operator another role, and end its sessions
    #[command(after_help = "\
Examples:
  lamplight console operator role ann operator")]
    Role {
        /// The name of the operator
        #[arg(value_name = "NAME", value_parser = OperatorName::new)]
        name: OperatorName,
        /// The new role
        #[arg(value_name = "ROLE", value_parser = role())]
        role: Role,
    },
}

/// The source of a password.
#[derive(Args, Debug)]
pub struct PasswordArgs {
    /// Read the password (10 to 200 bytes) from the terminal or from stdin, instead of generating one
    #[arg(long)]
    set: bool,
}

impl PasswordArgs {
    /// Reads the password if `--set` is given; otherwise returns `None`.
    fn given(&self) -> anyhow::Result<Option<String>> {
        if !self.set {
            return Ok(None);
        }
        let given = given_password()?;
        let is_good = (PasswordFile::LEAST_BYTES..=PasswordFile::MOST_BYTES).contains(&given.len());
        if is_good { Ok(Some(given)) } else { Err(InvalidPassword.into()) }
    }
}

fn role() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.map(Role::name)).try_map(|text| text.parse::<Role>())
}

/// Runs the command.
pub async fn run(command: ConsoleCommand, common: &Common) -> anyhow::Result<()> {
    let store = common.store()?;
    let mut door = Operator::open(&store).await?;
    match command {
        ConsoleCommand::Password(password) => {
            let made = set_password(&mut door, OperatorName::admin(), &password).await?;
            let address = NodeFile::read(&store.data_dir)?.and_then(|node| node.console_url());
            if common.json {
                return json(&json!({ "password": made, "address": address }));
            }
            match made {
                Some(password) => line(format!("The password of the console is now {password}"))?,
                None => line("The password of the console was changed.")?,
            }
            line("Everybody who was logged in as admin has to log in again.")?;
            address.map_or(Ok(()), |address| line(format!("The console is at {address}")))
        }
        ConsoleCommand::Operator(command) => operator(&mut door, command, common.json).await,
    }
}

async fn operator(door: &mut Operator, command: OperatorCommand, as_json: bool) -> anyhow::Result<()> {
    match command {
        OperatorCommand::List => {
            let ConsoleOutcome::Operators(operators) = door.console(ConsoleOperation::ListOperators).await?
            else {
                bail!(OTHER_ANSWER)
            };
            if as_json {
                return json(&operators);
            }
            let rows: Vec<_> = operators
                .iter()
                .map(|shown| vec![shown.name.to_string(), shown.role.to_string(), utc_or_dash(shown.created)])
                .collect();
            table(&["NAME", "ROLE", "ADDED"], &rows, "")
        }
        OperatorCommand::Add { name, role, password } => {
            let given = password.given().context("the operator was not added")?;
            let add = ConsoleOperation::AddOperator { name: name.clone(), role, password: given };
            let made = done(door, add).await.context("the operator was not added")?;
            if as_json {
                return json(&json!({ "name": name, "role": role, "password": made }));
            }
            line(format!("{name} was added as {role}"))?;
            made.map_or(Ok(()), |password| line(format!("The password of {name} is {password}")))
        }
        OperatorCommand::Remove { name } => {
            done(door, ConsoleOperation::RemoveOperator { name: name.clone() }).await?;
            if as_json { json(&json!({ "name": name })) } else { line(format!("{name} was removed")) }
        }
        OperatorCommand::Password { name, password } => {
            let made = set_password(door, name.clone(), &password).await?;
            if as_json {
                return json(&json!({ "name": name, "password": made }));
            }
            match made {
                Some(password) => line(format!("The password of {name} is now {password}")),
                None => line(format!("The password of {name} was changed.")),
            }
        }
        OperatorCommand::Role { name, role } => {
            done(door, ConsoleOperation::SetRole { name: name.clone(), role, was: None }).await?;
            if as_json {
                json(&json!({ "name": name, "role": role }))
            } else {
                line(format!("{name} is {role} now, and has to log in again"))
            }
        }
    }
}

async fn set_password(
    door: &mut Operator,
    name: OperatorName,
    password: &PasswordArgs,
) -> anyhow::Result<Option<String>> {
    let failed = "the password was not changed";
    let password = password.given().context(failed)?;
    done(door, ConsoleOperation::SetPassword { name, password }).await.context(failed)
}

/// Executes an operation on the console. Returns the generated password, if there is one.
async fn done(door: &mut Operator, operation: ConsoleOperation) -> anyhow::Result<Option<String>> {
    let ConsoleOutcome::Done { password } = door.console(operation).await? else { bail!(OTHER_ANSWER) };
    Ok(password)
}

/// Reads a password: from the terminal, where it is not echoed, or from the first line of stdin.
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
    // The limit leaves room for one byte more than the longest password, and for the line end.
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
                // One byte beyond the maximum length is kept, so that the check of the length refuses the password.
                if text.len() <= PasswordFile::MOST_BYTES {
                    text.push(letter);
                }
            } else if letter == 'c' || letter == 'd' {
                bail!("the password was not changed");
            }
        }
    }
}
