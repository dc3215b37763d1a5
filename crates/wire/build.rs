//! Compiles `proto/` of this crate into Rust, with protobuf's own JSON mapping. Needs no `protoc`.

use prost::Message as _;
use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let proto = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("proto");
    let files = ["lamplight/v1/status.proto", "lamplight/v1/chat.proto", "lamplight/v1/client.proto"];
    for file in files {
        println!("cargo::rerun-if-changed={}", proto.join(file).display());
    }

    let descriptors = protox::compile(files, [&proto])?;
    prost_build::Config::new().compile_fds(descriptors.clone())?;

    let encoded = PathBuf::from(env::var("OUT_DIR")?).join("descriptors.bin");
    fs::write(&encoded, descriptors.encode_to_vec())?;
    pbjson_build::Builder::new()
        .register_descriptors(&descriptors.encode_to_vec())?
        .ignore_unknown_fields()
        .build(&[".lamplight.v1"])?;
    Ok(())
}
