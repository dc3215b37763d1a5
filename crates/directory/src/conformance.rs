//! The conformance suite: what every adapter of [`Directory`](crate::Directory) must do.
