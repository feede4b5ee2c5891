//! The engine in a small deterministic world, with the real database.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod actions;
mod alone;
mod claims;
mod clock;
mod commit;
mod conflict;
mod crash;
mod duplicates;
mod lanes;
mod reconcile;
mod recovery;
#[path = "../../../../fuzz/replay.rs"]
mod replay;
mod routes;
mod shell;
mod sweep;
mod switches;
mod timers;
#[path = "../world/mod.rs"]
mod world;
