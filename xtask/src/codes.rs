//! Files that are generated and checked in: `docs/codes.md`, from the one table of codes in `lamplight-model`, and
//! `docs/openapi.json`, which the server makes from its commands. That the second one is current is a test of the
//! server's: to make it takes the whole server.

use crate::ground::{Ground, output};
use anyhow::{Context, Result, bail};
use lamplight_model::Code;
use std::fmt::Write;
use std::fs;
use std::process::ExitCode;

const PAGE: &str = "docs/codes.md";
const OPENAPI: &str = "docs/openapi.json";
const OPENAPI_COMMAND: &str = "run --quiet --locked --package lamplight-server --example openapi";

const HEAD: &str = "\
# Codes

Every answer of the server, to a client or to a backend, carries one of these numbers. A call that is answered
with a code other than 0 has changed nothing.

服务端对客户端或业务后台的每个应答都带有下表中的一个错误码；错误码不为 0 的调用不会产生任何改变。

Made by `cargo xtask codegen` from `crates/model/src/code.rs`; change it there.

| code | name | meaning | 含义 |
|---:|---|---|---|
";

/// `cargo xtask codegen [--check]`.
pub fn codegen(args: &[&str]) -> Result<ExitCode> {
    let ground = Ground::find()?;
    match args {
        [] => {
            fs::write(ground.path(PAGE), page(Code::ALL)).with_context(|| format!("cannot write {PAGE}"))?;
            println!("{PAGE}: {} codes", Code::ALL.len());
            let document = output(&mut ground.cargo(OPENAPI_COMMAND))?;
            fs::write(ground.path(OPENAPI), &document).with_context(|| format!("cannot write {OPENAPI}"))?;
            println!("{OPENAPI}: {} bytes", document.len());
        }
        ["--check"] => check(&ground)?,
        _ => bail!("`codegen` takes `--check` or nothing"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Fails when the page differs from the table.
pub fn check(ground: &Ground) -> Result<()> {
    let current = fs::read_to_string(ground.path(PAGE)).unwrap_or_default();
    if current != page(Code::ALL) {
        bail!("{PAGE} is not current: run `cargo xtask codegen` and commit it");
    }
    Ok(())
}

fn page(codes: &[Code]) -> String {
    let mut page = HEAD.to_owned();
    for code in codes {
        let _ = writeln!(
            page,
            "| {} | `{}` | {} | {} |",
            code.number(),
            code.name(),
            cell(code.english()),
            cell(code.chinese())
        );
    }
    page
}

/// A text that does not end its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_the_number_the_name_and_both_texts() {
        let page = page(&[Code::OK, Code::NOT_LOGGED_IN]);
        assert!(
            page.ends_with("| 0 | `OK` | ok | 成功 |\n| 6014 | `NOT_LOGGED_IN` | not logged in | 未登录 |\n"),
            "{page}"
        );
    }

    #[test]
    fn a_text_cannot_end_its_cell() {
        assert_eq!(cell("a|b"), "a\\|b");
    }
}
