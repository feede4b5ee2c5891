//! The network side: its billing, its books, its HTTP, and what goes wrong with it on purpose.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod billing;
mod camara;
mod claims;
mod desk;
mod determinism;
mod faults;
mod malformed;
mod orders;
mod questions;
mod real_hlr;
mod refusals;
mod statement;
mod subscribers;
mod token;
mod town;
mod turns;
