//! Gives the target `user_sig` to libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| lamplight_fuzz::run("user_sig", data));
