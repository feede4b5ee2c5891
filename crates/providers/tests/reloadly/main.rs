//! The connector to Reloadly against a scripted server.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod contract;
mod inquiries;
mod offers;
mod peer;
#[path = "../server/mod.rs"]
mod server;
mod submissions;

use peer::Peer;

#[tokio::test]
async fn reloadly_holds_the_contract() {
    contract::hold(&Peer::start().await).await;
}
