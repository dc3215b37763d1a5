//! Prints the OpenAPI document of the server API. `cargo xtask codegen` keeps it as `docs/openapi.json`.

use std::io::{self, Write};

fn main() -> io::Result<()> {
    io::stdout().write_all(lamplight_server::openapi_document().as_bytes())
}
