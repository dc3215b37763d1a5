//! Generates `crates/wire/src/generated`, the Rust code of the protobuf files. It is checked in, so that users of the
//! crate need no protobuf compiler.

use crate::messages::FOLDER;
use anyhow::{Context, Result, anyhow};
use prost::Message as _;
use std::fs;
use std::path::Path;

/// The generated files, each with the name under which its generator writes it.
const CODE: [(&str, &str); 2] = [
    ("crates/wire/src/generated/lamplight.v1.rs", "lamplight.v1.rs"),
    ("crates/wire/src/generated/lamplight.v1.serde.rs", "lamplight.v1.serde.rs"),
];

/// The protobuf files, in the order of generation.
const FILES: [&str; 3] =
    ["lamplight/v1/status.proto", "lamplight/v1/chat.proto", "lamplight/v1/client.proto"];

/// The folder below the root in which the generators write their files.
const WORKSHOP: &str = "target/wire-code";

/// Returns the paths and texts of the generated files: the messages of the protobuf files, and protobuf's standard JSON
/// mapping for them.
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
