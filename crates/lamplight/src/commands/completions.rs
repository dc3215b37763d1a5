//! `lamplight completions` and `lamplight man`: shell completions and manual pages. Both are generated from clap's
//! definition of the arguments.

use crate::args::Common;
use crate::commands::Cli;
use crate::output::{json, line, text};
use anyhow::{Context, ensure};
use clap::{Args, Command, CommandFactory};
use clap_complete::Shell;
use serde_json::json;
use std::path::PathBuf;

/// Arguments of `lamplight completions`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  mkdir -p ~/.local/share/bash-completion/completions ~/.config/fish/completions
  lamplight completions bash > ~/.local/share/bash-completion/completions/lamplight
  lamplight completions zsh > \"${fpath[1]}/_lamplight\"
  lamplight completions fish > ~/.config/fish/completions/lamplight.fish")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Arguments of `lamplight man`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  lamplight man | man -l -
  lamplight man --dir ~/.local/share/man/man1 && man lamplight-app-create")]
pub struct ManArgs {
    /// Write a page for each command into this folder, which is created if necessary [default: print the first
    /// page]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Prints the completion script for a shell.
pub fn completions(args: &CompletionsArgs) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "lamplight", &mut script);
    text(&String::from_utf8(script)?)
}

/// Prints the manual page of the program, or writes the pages of all commands into a folder.
pub fn man(args: ManArgs, common: &Common) -> anyhow::Result<()> {
    let mut program = Cli::command();
    program.build();
    let Some(folder) = args.dir else {
        let (_, page) = page(&program)?;
        return text(&page);
    };
    let mut pages = Vec::new();
    collect(&program, &mut pages)?;
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    ensure!(folder.is_dir(), "{} is not a folder", folder.display());
    for (name, page) in &pages {
        let path = folder.join(name);
        std::fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if common.json {
        let files: Vec<_> = pages.iter().map(|(name, _)| folder.join(name)).collect();
        return json(&json!({ "files": files }));
    }
    line(format!("{} pages are in {}", pages.len(), folder.display()))
}

/// Appends the manual pages of a command and of its subcommands, each with its file name.
fn collect(command: &Command, pages: &mut Vec<(String, String)>) -> anyhow::Result<()> {
    pages.push(page(command)?);
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        collect(inner, pages)?;
    }
    Ok(())
}

/// Returns the file name and the manual page of a command. `Command::build` must have been called. The file name
/// includes the parent commands.
fn page(command: &Command) -> anyhow::Result<(String, String)> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    let mut bytes = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut bytes)?;
    Ok((format!("{name}.1"), String::from_utf8(bytes)?))
}
