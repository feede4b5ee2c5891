#![no_main]

// The binary has no library to call, so its configuration is included.
#[allow(dead_code)]
#[path = "../../crates/ringback/src/config.rs"]
mod config;
#[path = "../../crates/ringback/src/fuzz.rs"]
mod fuzz;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::config(bytes));
