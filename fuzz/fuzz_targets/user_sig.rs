//! Runs the target `user_sig` under libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lamplight_fuzz::run("user_sig", data));
