//! Generates files that are checked in. The table in `lamplight-model` gives `docs/codes.md` and the codes of the Dart
//! SDK. The protobuf files give `docs/messages.md` and `crates/wire/src/generated`. The server's commands give
//! `docs/openapi.json`. The last of these files can be generated only with a built server, so a test of the server
//! checks it.

use crate::ground::{Ground, output};
use crate::{messages, wire_code};
use anyhow::{Context, Result, bail};
use lamplight_model::Code;
use std::fmt::Write;
use std::fs;
use std::process::ExitCode;

const PAGE: &str = "docs/codes.md";
const DART: &str = "dart/lamplight/lib/src/model/codes.dart";
const OPENAPI: &str = "docs/openapi.json";
const OPENAPI_COMMAND: &str = "run --quiet --locked --package lamplight-server --example openapi";

const HEAD: &str = "\
# Codes

A refusal of the server, to a client or to a backend, has one of these numbers; 0 means success. The SDKs report errors of
their own with 9508 and 9520. A call with a code other than 0 has changed nothing, except that a call with 70500 or 9520 may
have been carried out.

服务端对客户端或业务后台的拒绝应答带有下表中的一个错误码，0 表示成功；9508 与 9520 由 SDK 自身产生。
错误码不为 0 的调用不会产生任何改变，但错误码为 70500 或 9520 的调用可能已被执行。

Made by `cargo xtask codegen` from `crates/model/src/code.rs`; change it there.

| code | name | meaning | 含义 |
|---:|---|---|---|
";

const DART_HEAD: &str = "\
// Made by `cargo xtask codegen` from `crates/model/src/code.rs`; change it
// there.

/// The codes of the contract, with their texts.
abstract final class LamplightCode {
";

const DART_TEXTS: &str = "  \
  /// The meaning of a code, in English.
  static String english(int code) => _texts[code]?.$1 ?? 'unknown code';

  /// The meaning of a code, in Chinese.
  static String chinese(int code) => _texts[code]?.$2 ?? '未知错误码';

  static const _texts = <int, (String, String)>{
";

/// `cargo xtask codegen [--check]`.
pub fn codegen(args: &[&str]) -> Result<ExitCode> {
    let ground = Ground::find()?;
    match args {
        [] => {
            for (file, text) in cheap_files(&ground)? {
                fs::write(ground.path(file), &text).with_context(|| format!("cannot write {file}"))?;
                println!("{file}: {} bytes", text.len());
            }
            let document = output(&mut ground.cargo(OPENAPI_COMMAND))?;
            fs::write(ground.path(OPENAPI), &document).with_context(|| format!("cannot write {OPENAPI}"))?;
            println!("{OPENAPI}: {} bytes", document.len());
        }
        ["--check"] => check(&ground)?,
        _ => bail!("`codegen` takes `--check` or nothing"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Fails if a checked-in file differs from the generated text. The OpenAPI document is not checked here.
pub fn check(ground: &Ground) -> Result<()> {
    for (file, text) in cheap_files(ground)? {
        if fs::read_to_string(ground.path(file)).unwrap_or_default() != text {
            bail!("{file} is not current: run `cargo xtask codegen` and commit it");
        }
    }
    Ok(())
}

/// Returns the paths and texts of the files that can be generated without the server.
fn cheap_files(ground: &Ground) -> Result<[(&'static str, String); 5]> {
    let root = ground.path("");
    let [messages, json] = wire_code::files(&root)?;
    let page_of_messages = (messages::PAGE, messages::page(&root)?);
    Ok([(PAGE, page(Code::ALL)), (DART, dart(Code::ALL)), page_of_messages, messages, json])
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

/// Escapes a text for a cell of a Markdown table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// Returns the table as a Dart class, with a constant for each code, and with the texts.
fn dart(codes: &[Code]) -> String {
    let mut class = DART_HEAD.to_owned();
    for code in codes {
        let name = camel_case(code.name());
        let _ = writeln!(
            class,
            "  /// `{0}`: {1}.\n  static const {name} = {0};\n",
            code.number(),
            code.english()
        );
    }
    class.push_str(DART_TEXTS);
    for code in codes {
        let [english, chinese] = [code.english(), code.chinese()].map(dart_text);
        let _ = writeln!(class, "    {}: (\n      {english},\n      {chinese},\n    ),", code.number());
    }
    class.push_str("  };\n}\n");
    class
}

/// Converts a name such as `NOT_LOGGED_IN` to `notLoggedIn`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_').map(str::to_lowercase);
    let first = words.next().unwrap_or_default();
    words.fold(first, |name, word| {
        let (initial, rest) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
        name + &initial.to_uppercase() + rest
    })
}

/// Returns a text as a string literal of Dart, with special characters escaped.
fn dart_text(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\'', "\\'").replace('$', "\\$");
    format!("'{escaped}'")
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
    fn a_code_is_a_constant_of_dart_with_both_texts() {
        let class = dart(&[Code::NOT_LOGGED_IN, Code::EDITION_NOT_SUPPORTED]);
        assert!(
            class.contains("  /// `6014`: not logged in.\n  static const notLoggedIn = 6014;\n"),
            "{class}"
        );
        assert!(class.contains("    6014: (\n      'not logged in',\n      '未登录',\n    ),\n"), "{class}");
        assert!(class.contains(r"      'the app\'s edition does not"), "{class}");
        assert_eq!(dart_text("$a\\"), r"'\$a\\'");
    }

    #[test]
    fn a_text_cannot_end_its_cell() {
        assert_eq!(cell("a|b"), "a\\|b");
    }
}
