//! The database in memory: the contract of every database.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../contract/mod.rs"]
mod contract;

use contract::Databases;
use ringback_store::{Memory, Store};

/// Databases that live as long as the test.
struct Fresh;

impl Databases for Fresh {
    async fn fresh(&self) -> Box<dyn Store> {
        Box::new(Memory::default())
    }
}

/// The contract of every database.
mod held {
    use super::*;

    contract::hold!(Fresh);
}
