//! The register of nodes in this process: the conformance suite.

use lamplight_directory::{LocalNodes, Nodes};
use std::sync::Arc;

async fn make() -> (Arc<dyn Nodes>, ()) {
    (Arc::new(LocalNodes::default()), ())
}

lamplight_directory::nodes_conformance_tests!(make);
