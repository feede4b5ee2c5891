//! SQLite: the contract of every database, and what is SQLite's own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod audit;
mod backup;
mod busy;
#[path = "../contract/mod.rs"]
mod contract;
mod damage;
mod folder;
mod full;
mod opening;
mod witness;

use folder::Folder;

/// The contract of every database.
mod held {
    use super::*;

    contract::hold!(Folder::new());
}
