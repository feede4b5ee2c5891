//! The pipeline: load, step, admit, commit, dispatch.
//!
//! [`Engine`] is sans-I/O: `handle(now, inputs) -> outputs`, the same under the tokio [`shell`] and under a seeded
//! scheduler. An answer becomes an event; the method turns it into a transition; many transitions are committed
//! together; only then are their actions carried out, and what comes back is the next event.

mod claims;
mod config;
mod engine;
mod lane;
pub mod reconcile;
pub mod shell;
mod statements;
mod timers;

pub use config::{Config, Limits, Wiring};
pub use engine::{Comparison, Engine, Input, Output};
