//! The proof of Ringback: a seeded world with virtual time that attacks the real engine over a real store, and checkers
//! of the invariants by their number.
//!
//! The code under test is the product's own: [`ringback_core`], [`ringback_engine::Engine`], the reconciliation, the
//! store. Around them stand a network, providers and a claim desk with truths of their own, people, and faults.

pub mod checks;
mod database;
mod desk;
mod fault;
pub mod history;
#[cfg(feature = "mutants")]
pub mod hunt;
pub mod named;
mod network;
mod plan;
mod provider;
mod queue;
mod random;
mod run;
mod story;
mod world;

pub use database::Kind;
pub use fault::Fault;
pub use run::{Found, Outcome, Summary, many, one, per_second, shrunk};
