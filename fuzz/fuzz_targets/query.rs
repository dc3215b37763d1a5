//! Runs the target `query` under libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lamplight_fuzz::run("query", data));
