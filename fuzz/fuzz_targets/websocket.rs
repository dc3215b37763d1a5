//! Runs the target `websocket` under libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lamplight_fuzz::run("websocket", data));
