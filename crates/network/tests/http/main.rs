//! Status services over HTTP, each by its profile, against a scripted peer that speaks its dialect.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../contract/mod.rs"]
mod contract;

mod camara;
mod carrier;
mod credentials;
mod dialects;
mod explained;
mod files;
mod guard;
mod peer;
mod states;
