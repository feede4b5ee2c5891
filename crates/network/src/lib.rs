//! Status channels: how a line's state is asked from the network. Nothing here knows money.
//!
//! A channel answers [`Status::unknown`](ringback_core::Status::unknown) for whatever goes wrong, so a query has no error: K2 by construction.

pub mod alphabet;
mod explain;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
pub mod http;
pub mod osmo;
mod range;
pub mod reading;
pub mod smpp;
pub mod sms;
pub mod texts;

use std::time::Duration;

use async_trait::async_trait;
pub use explain::{Explanation, Tried};
pub use http::Http;
pub use osmo::OsmoHlr;
use ringback_core::{Answer, Msisdn, Service, Status};
pub use smpp::Smpp;
pub use sms::Sms;

/// A way to ask the network for the state of lines.
#[async_trait]
pub trait Channel: Send + Sync {
    /// The channel's name in the configuration.
    fn name(&self) -> &str;

    /// What the channel can see, and where.
    fn capabilities(&self) -> &Capabilities;

    /// Asks for each of at most `batch` lines; one answer for each, in the same order, before the channel's deadline.
    /// Never fails: trouble is `Unknown` with its reason, and one line's trouble is no other's.
    async fn query(&self, lines: &[Msisdn]) -> Vec<Answer>;

    /// Asks for one line, and tells what each rule of the channel's table makes of the answer; nothing where it has none.
    async fn explain(&self, _line: Msisdn) -> Option<Explanation> {
        None
    }

    /// Waits for the next payment that a third party announces; a channel that hears of none waits for ever.
    async fn next_signal(&self) -> Signal {
        std::future::pending().await
    }
}

/// A payment that somebody announced, such as the carrier by SMS (S102): a hint that only brings the next look forward,
/// never a proof of money (S1). A replay is one more hint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal {
    /// The line that it is about.
    pub msisdn: Msisdn,
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
    /// How many lines fit into one query, so that all of them are asked at the same time.
    pub batch: usize,
    /// What one query costs, in words of its own tariff, such as `0.02 EUR`; empty when it is free.
    pub cost: String,
}

impl Capabilities {
    /// What a status is worth from this channel: where a restriction looks like service, *in service* is not known (K2).
    fn believed(&self, status: Status, channel: &str) -> Status {
        match status.service {
            Service::InService if !self.sees_restriction => {
                let reason = format!("{channel} cannot tell a restricted line from one in service");
                Status { service: Service::Unknown(reason), ..status }
            }
            _ => status,
        }
    }
}

/// How long one request may take, so that a batch with a lost reply is answered before its caller gives it up as a whole.
fn deadline_of_one(batch: Duration) -> Duration {
    batch * 4 / 5
}
