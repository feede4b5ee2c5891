//! Status channels: how a line's state is asked from the network. Nothing here knows money.
//!
//! A channel answers [`Status::unknown`] for whatever goes wrong, so a query has no error: K2 by construction.

mod camara;
pub mod osmo;
mod range;

use async_trait::async_trait;
pub use camara::Camara;
pub use osmo::OsmoHlr;
use ringback_core::{Answer, Msisdn};

/// A way to ask the network for the state of lines.
#[async_trait]
pub trait Channel: Send + Sync {
    /// The channel's name in the configuration.
    fn name(&self) -> &str;

    /// What the channel can see, and where.
    fn capabilities(&self) -> &Capabilities;

    /// Asks for each line; one answer for each, in the same order. Never fails: trouble is `Unknown` with its reason.
    async fn query(&self, lines: &[Msisdn]) -> Vec<Answer>;
}

/// What a channel declares about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Prefixes (E.164 digits, no plus) that it is authoritative for; elsewhere "no such subscriber" is unknown.
    pub ranges: Vec<String>,
    /// Whether it can tell a restricted line from one in service.
    pub sees_restriction: bool,
    /// Whether it can tell a phone that is switched off.
    pub sees_reachability: bool,
    /// How many lines fit into one query.
    pub batch: usize,
    /// What one query costs, in words of its own tariff, such as `0.02 EUR`; empty when it is free.
    pub cost: String,
}
