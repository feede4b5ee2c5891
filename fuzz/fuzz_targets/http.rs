#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ringback_network::fuzz::http(bytes));
