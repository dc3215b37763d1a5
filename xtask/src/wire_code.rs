//! Generates `crates/wire/src/generated`, the Rust code of the protobuf files. It is checked in, so that users of the
//! crate need not build a protobuf compiler.

use crate::messages::FOLDER;
use anyhow::{Context, Result, anyhow};
use prost::Message as _;
use std::fs;
use std::path::Path;

/// The generated files.
const CODE: [(&str, &str); 2] = [
    ("crates/wire/src/generated/lamplight.v1.rs", "lamplight.v1.rs"),
    ("crates/wire/src/generated/lamplight.v1.serde.rs", "lamplight.v1.serde.rs"),
];

/// The files in the order in which their messages are generated.
const FILES: [&str; 3] =
    ["lamplight/v1/status.proto", "lamplight/v1/chat.proto", "lamplight/v1/client.proto"];

/// The folder below the root in which the generators put their files.
const WORKSHOP: &str = "target/wire-code";

/// Returns the generated files with their texts, from the protobuf files of the repository at `root`: the messages, and
/// their JSON mapping, which is protobuf's own.
pub fn files(root: &Path) -> Result<[(&'static str, String); 2]> {
    let workshop = root.join(WORKSHOP);
    fs::create_dir_all(&workshop).with_context(|| format!("cannot make {}", workshop.display()))?;
    let descriptors =
        protox::compile(FILES, [root.join(FOLDER)]).context("cannot compile the protobuf files")?;
    let encoded = descriptors.encode_to_vec();
    prost_build::Config::new().out_dir(&workshop).compile_fds(descriptors)?;
    pbjson_build::Builder::new()
        .register_descriptors(&encoded)?
        .ignore_unknown_fields()
        .out_dir(&workshop)
        .build(&[".lamplight.v1"])?;
    let [messages, json] = CODE.map(|(file, name)| {
        let text = fs::read_to_string(workshop.join(name)).map_err(|error| anyhow!("{name}: {error}"))?;
        // One of the generators leaves spaces at the ends of lines.
        Ok::<_, anyhow::Error>((file, text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect()))
    });
    Ok([messages?, json?])
}
