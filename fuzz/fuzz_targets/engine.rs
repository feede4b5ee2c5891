#![no_main]

// The world is what the engine's tests are made of; they use more of it.
#[allow(dead_code, unused_imports)]
#[path = "../../crates/engine/tests/world/mod.rs"]
mod world;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| world::actions(bytes));
