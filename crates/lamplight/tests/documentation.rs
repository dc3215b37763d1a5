//! The Rust code of the documentation, which is compiled here.

#![allow(clippy::print_stdout, missing_docs, unused_imports, dead_code)]

use lamplight_client::{AppId, Client, Event};
use std::error::Error;

const PAGES: [(&str, &str, usize); 3] = [
    ("README.md", include_str!("../../../README.md"), 1),
    ("README.zh-CN.md", include_str!("../../../README.zh-CN.md"), 1),
    ("docs/sdks.md", include_str!("../../../docs/sdks.md"), 1),
];

async fn of_the_readme(user_sig: String) -> Result<(), Box<dyn Error>> {
    let client = Client::builder("tcp://127.0.0.1:7400").app(AppId(1_400_000_001)).build()?;
    let mut events = client.events();
    client.login("alice", &user_sig).await?;
    client.subscribe_user_status(["bob"]).await?;
    while let Some(event) = events.next().await {
        println!("{event:?}");
    }
    Ok(())
}

async fn of_the_page_about_sdks(user_sig: String) -> Result<(), Box<dyn Error>> {
    use lamplight_client::{AppId, Client, Event};

    let client = Client::builder("tcp://localhost:7400").app(AppId(1_400_000_001)).build()?;
    let mut events = client.events();
    client.login("alice", &user_sig).await?;
    client.subscribe_user_status(["bob"]).await?;
    while let Some(event) = events.next().await {
        if let Event::StatusChanged(statuses) = event {
            for status in statuses {
                println!("{}: {}", status.user_id, status.status_type);
            }
        }
    }
    Ok(())
}

/// Returns the lines of a code block without their indentation, which differs within a function.
fn plain(code: &str) -> String {
    code.lines().map(str::trim).collect::<Vec<_>>().join("\n")
}

fn blocks(page: &str) -> Vec<String> {
    page.split("```rust\n").skip(1).filter_map(|rest| Some(plain(rest.split_once("\n```")?.0))).collect()
}

/// The compiler checks this file, and thereby every Rust block of the pages.
#[test]
fn every_block_of_rust_stands_in_this_file() {
    let compiled = plain(include_str!("documentation.rs"));
    for (name, page, expected) in PAGES {
        let blocks = blocks(page);
        assert_eq!(blocks.len(), expected, "{name}");
        for block in blocks {
            assert!(compiled.contains(&block), "{name} has code that is not compiled here:\n{block}");
        }
    }
}

/// A page with Rust code that is missing in `PAGES` would not be checked.
#[test]
fn no_other_page_has_rust() {
    fn with_rust(folder: &std::path::Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("its entries can be read").path();
            if path.is_dir() {
                with_rust(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "md")
                && std::fs::read_to_string(&path).expect("a page is text").contains("```rust")
            {
                found.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
            }
        }
    }
    let mut found = Vec::new();
    with_rust(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs"), &mut found);
    assert_eq!(found, ["sdks.md"]);
}
